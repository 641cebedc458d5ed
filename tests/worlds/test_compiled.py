"""Machine code: from the functions in memory, kept safely, and never of other rules."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import foedus
from foedus.worlds import engines

TINY = {
    "tiny_rules": "FACTOR = 2.0\n\ndef rule(x):\n    return FACTOR * x\n",
    "tiny_loops": (
        "from tiny_rules import rule\n\n"
        "def total(values):\n"
        "    result = 0.0\n"
        "    for i in range(values.shape[0]):\n"
        "        result += rule(values[i])\n"
        "    return result\n\n"
        "ENTRIES = (total,)\n"
    ),
}

#: Compiles the tiny modules and tells what came out, from where, and under which name.
PROGRAM = """
import json, sys
from pathlib import Path
import numpy as np
import tiny_loops, tiny_rules
from foedus.worlds.compiled import compile_modules, fingerprint
from foedus.worlds.engines import writable
name = fingerprint([tiny_rules], tiny_loops)
made = compile_modules([tiny_rules], tiny_loops, writable(Path(sys.argv[1]) / name))
value = made.total(np.arange(4.0))
print(json.dumps([value, sum(made.total.stats.cache_hits.values()), name]))
"""


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    for name, text in TINY.items():
        (tmp_path / f"{name}.py").write_text(text, encoding="utf-8")
    return tmp_path


def start(tiny: Path, cache: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, cache],
        cwd=tiny,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def finish(process: subprocess.Popen[str]) -> tuple[float, int, str]:
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    value, hits, name = json.loads(out)
    return value, hits, name


def compiled(tiny: Path, cache: str = "cache") -> tuple[float, int, str]:
    return finish(start(tiny, cache))


def test_machine_code_is_kept_and_found_again(tiny: Path) -> None:
    value, hits, name = compiled(tiny)
    assert (value, hits) == (12.0, 0)
    assert compiled(tiny) == (12.0, 1, name)


@pytest.mark.parametrize(
    ("before", "after"), [("FACTOR = 2.0", "FACTOR = 3.0"), ("FACTOR * x", "FACTOR * x + x")]
)
def test_a_changed_rule_or_constant_of_another_module_is_compiled_anew(
    before: str, after: str, tiny: Path
) -> None:
    _, _, name = compiled(tiny)
    path = tiny / "tiny_rules.py"
    stamp = path.stat()
    path.write_text(path.read_text().replace(before, after))
    os.utime(path, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))  # Numba looks at times
    shutil.rmtree(tiny / "__pycache__", ignore_errors=True)
    value, hits, other = compiled(tiny)
    assert (value, hits) == (18.0, 0)
    assert other != name


def test_several_processes_may_compile_at_once(tiny: Path) -> None:
    together = [start(tiny, "cache") for _ in range(3)]
    assert {finish(process)[0] for process in together} == {12.0}
    assert compiled(tiny)[1] == 1


def test_where_nothing_can_be_written_it_is_compiled_each_time(tiny: Path) -> None:
    (tiny / "cache").write_text("a file where the directory should be")
    for _ in range(2):
        assert compiled(tiny)[:2] == (12.0, 0)
    assert [path.name for path in tiny.rglob("*.nb?")] == [], "nor beside the sources"


@pytest.mark.parametrize("kind", ["*.nbi", "*.nbc"])
def test_damaged_machine_code_is_compiled_anew(kind: str, tiny: Path) -> None:
    compiled(tiny)
    for path in (tiny / "cache").rglob(kind):
        path.write_bytes(path.read_bytes()[:-40])
    assert compiled(tiny)[:2] == (12.0, 0)
    assert compiled(tiny)[:2] == (12.0, 1)


def test_old_machine_code_is_cleared_away(tmp_path: Path) -> None:
    for number in range(engines.KEPT_CACHES + 5):
        assert engines.writable(tmp_path / f"{number:02d}") is not None
        os.utime(tmp_path / f"{number:02d}", (number, number))
    assert len(list(tmp_path.iterdir())) == engines.KEPT_CACHES


def test_an_edited_rule_of_the_model_is_the_one_that_runs(tmp_path: Path) -> None:
    """The whole package, copied and edited: the kernel follows the edit as Mesa does."""
    package = Path(foedus.__file__).parent
    shutil.copytree(package, tmp_path / "src" / "foedus", ignore=shutil.ignore_patterns("*.pyc"))
    if not (package / "scenarios").is_dir():
        shutil.copytree(package.parents[1] / "scenarios", tmp_path / "scenarios")
    program = (
        "from foedus.ensembles import ensemble\n"
        "from foedus.cases.scenario_reader import load_scenario\n"
        "s = [load_scenario('pressure', horizon=12)]\n"
        "print(*(ensemble.run(s, runs=2, engine=e).digest for e in ('mesa', 'kernel')))\n"
    )
    environment: dict[str, Any] = {
        **os.environ,
        "PYTHONPATH": str(tmp_path / "src"),
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
    }

    def digests() -> list[str]:
        done = subprocess.run(
            [sys.executable, "-c", program],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.split()

    before = digests()
    assert before[0] == before[1]
    rules = tmp_path / "src" / "foedus" / "model" / "rules.py"
    text = rules.read_text(encoding="utf-8")
    edited = text.replace(
        "trust - p.pressure_cost * pressure", "trust - 0.9 * p.pressure_cost * pressure"
    )
    assert edited != text
    rules.write_text(edited, encoding="utf-8")
    after = digests()
    assert after[0] == after[1]
    assert after[0] != before[0]
