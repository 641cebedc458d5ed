"""The kernel and the rules that it is made of need nothing but Python."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from foedus import model

RULES = sorted(path.stem for path in Path(model.__path__[0]).glob("[!_]*.py"))

#: Prints what an import drew in that comes neither with Python nor with foedus.
PROGRAM = """
import sys
before = set(sys.modules)
import {module}
found = {{name.partition(".")[0] for name in set(sys.modules) - before}}
print(*sorted(found - set(sys.stdlib_module_names)))
"""


@pytest.mark.parametrize(
    "module",
    ["foedus.worlds.kernel", "foedus.worlds.buffers", *(f"foedus.model.{name}" for name in RULES)],
)
def test_importing_it_draws_in_nothing_but_python(module: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(module=module)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout.split(), done.stderr) == (["foedus"], "")


def test_the_rules_are_all_looked_at() -> None:
    assert {"rules", "records", "cohesion", "draws", "parameters"} <= set(RULES)
