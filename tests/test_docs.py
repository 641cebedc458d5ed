"""The documentation says what the code says, and what it tells users to type works."""

from __future__ import annotations

import importlib.util
import re
import shlex
from pathlib import Path
from typing import Any

import pytest

from foedus.cases.scenario_reader import load_scenario
from foedus.cases.shipped import shipped_scenarios
from foedus.cli import app
from foedus.model.specifications import specifications

ROOT = Path(__file__).resolve().parents[1]
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
README = (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def tables() -> Any:
    spec = importlib.util.spec_from_file_location("tables", ROOT / "docs" / "tables.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_tables_are_those_of_the_code(path: Path, tables: Any) -> None:
    text = path.read_text(encoding="utf-8")
    assert tables.filled(text) == text, "run: python docs/tables.py"


def test_every_table_stands_somewhere(tables: Any) -> None:
    text = "".join(path.read_text(encoding="utf-8") for path in DOCUMENTS)
    for name in tables.BLOCKS:
        assert f"<!-- {name}: begin -->" in text


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_to_files_that_exist(path: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", path.read_text(encoding="utf-8")):
        if "://" not in target:
            found = path.parent / target
            assert found.exists() or found.with_suffix(".md").exists(), target


def test_the_model_page_names_every_parameter_and_mechanism() -> None:
    text = (ROOT / "docs" / "model.md").read_text(encoding="utf-8")
    for name in specifications():
        assert f"`{name}`" in text


def test_the_calibration_page_walks_every_paragraph_of_the_article() -> None:
    text = (ROOT / "docs" / "calibration.md").read_text(encoding="utf-8")
    counts = {"I": 2, "II": 3, "III": 3, "IV": 6, "V": 2}
    for section, paragraphs in counts.items():
        for number in range(1, paragraphs + 1):
            assert f"| {section}.{number} |" in text


def test_every_shipped_scenario_cites_the_passage_it_stands_for() -> None:
    for name in shipped_scenarios():
        scenario = load_scenario(name)
        is_control = not (scenario.levers or scenario.events)
        assert is_control or re.search(r"\((I|II|III|IV|V)\.\d", scenario.description), name


@pytest.mark.parametrize("document", ["README.md", "docs/scenario-files.md"])
def test_example_scenarios_in_the_documentation_are_good(document: str, tmp_path: Path) -> None:
    text = (ROOT / document).read_text(encoding="utf-8")
    blocks = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
    assert blocks
    for index, block in enumerate(blocks):
        path = tmp_path / f"example{index}.yaml"
        path.write_text(block, encoding="utf-8")
        load_scenario(path)


def test_commands_of_the_documentation_exist() -> None:
    text = "".join(path.read_text(encoding="utf-8") for path in DOCUMENTS)
    named = set(re.findall(r"foedus (run|compare|[a-z]+) ", text))
    known = {command.name for command in app.app.registered_commands}
    known |= {
        command.callback.__name__ for command in app.app.registered_commands if command.callback
    }
    assert {"run", "compare", "check", "show", "new", "why"} <= named & known


def test_the_python_example_of_the_readme_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (block,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    monkeypatch.chdir(tmp_path)
    exec(compile(block.replace("runs=100", "runs=4"), "README.md", "exec"), {})  # noqa: S102
    assert (tmp_path / "out" / "summary.csv").is_file()


def test_the_python_examples_of_comparing_run() -> None:
    text = (ROOT / "docs" / "comparing.md").read_text(encoding="utf-8")
    names: dict[str, Any] = {}
    for block in re.findall(r"```python\n(.*?)```", text, re.DOTALL):
        exec(compile(block.replace("runs=500", "runs=40"), "comparing.md", "exec"), names)  # noqa: S102
    assert names["found"].baseline.name == "baseline"


def test_own_scenario_commands_of_the_readme_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    section = README.split("## Your own scenario")[1].split("```")[0]
    commands = [line.split("#")[0] for line in section.splitlines() if line.startswith("    ")]
    assert len(commands) == 3
    monkeypatch.chdir(tmp_path)
    for command in commands:
        arguments = shlex.split(command)[1:]
        quick = ["--runs", "2", "--no-figures"] if arguments[0] == "run" else []
        assert app.execute([*arguments, *quick]) == 0, command
    assert "foedus report mine" in capsys.readouterr().out


def test_installation_commands_stand_in_the_readme_as_they_were_tried() -> None:
    assert (
        "    python3 -m venv --without-pip .venv && python3 -m pip --python .venv/bin/python "
        "install . && .venv/bin/foedus run pressure restraint western_outreach --out out\n"
    ) in README
    assert (
        "    python3 -m venv --without-pip .venv && python3 -m pip --python .venv/bin/python "
        'install ".[test]" && .venv/bin/python -m pytest\n'
    ) in README
