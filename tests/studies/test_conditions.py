"""Conditions on governments, from the command to what is stored, compared and briefed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

import foedus
from foedus.cli import app
from foedus.errors import ResultError
from foedus.views.brief import brief
from foedus.views.brief_files import markdown

if TYPE_CHECKING:
    from pathlib import Path

    from foedus.studies.results import Result

CHANGES, STAYS = "ARM government changes 2026-06", "ARM government stays 2026-06"
TOLD = "Armenia gets a new government in 2026-06"
COMMON: dict[str, Any] = {"runs": 30, "horizon": 12, "parameters": "prior"}
OPTIONS = ["--runs", "30", "--horizon", "12", "--parameters", "prior"]


@pytest.fixture(scope="module")
def result() -> Result:
    return foedus.run("baseline", given=[CHANGES], **COMMON)


def test_a_result_says_what_is_given_and_says_so_again_when_loaded(
    result: Result, tmp_path: Path
) -> None:
    result.save(tmp_path / "kept", figures=False)
    for one in (result, foedus.load_result(tmp_path / "kept")):
        (name,) = one.summary
        assert one.summary[name]["title"].endswith(f", given that {TOLD}")
        assert one.provenance["inputs"]["given"] == {name: [TOLD]}
    assert foedus.load_result(tmp_path / "kept").digest == result.digest


def test_nothing_is_said_to_be_given_where_nothing_is() -> None:
    assert "given" not in foedus.run("baseline", **COMMON).provenance["inputs"]


def test_a_brief_says_what_is_given(result: Result) -> None:
    text = markdown(brief(foedus.compare(result), annex=True), "figures")
    assert f"Given: {TOLD}" in text.partition("## ")[0]
    assert f"| given in {result.scenarios[0].name} | {TOLD} |" in text


def test_both_branches_are_compared_with_each_other_under_the_same_luck(result: Result) -> None:
    stays = foedus.run("baseline", given=[STAYS], **COMMON)
    found = foedus.compare(stays, result)
    assert [one.name for one in found.others] == ["baseline_arm_new_2026_06"]
    anybody, *_ = found.partings("baseline_arm_new_2026_06", conduct=False)
    assert (anybody.month, anybody.never.value) == ("2026-06", 0.0)


def test_a_comparison_gives_the_condition_to_every_scenario_and_finds_its_baseline() -> None:
    found = foedus.compare("pressure", "baseline", baseline="baseline", given=[STAYS], **COMMON)
    assert found.baseline.name == "baseline_arm_same_2026_06"
    assert [one.name for one in found.others] == ["pressure_arm_same_2026_06"]


def test_a_result_cannot_be_put_on_condition_afterwards(result: Result) -> None:
    with pytest.raises(ResultError, match="cannot be changed by --set or --given"):
        foedus.compare(result, given=[STAYS])
    scenario = foedus.load_scenario("baseline")
    with pytest.raises(ResultError, match="Settings and conditions apply to scenarios given"):
        foedus.run(scenario, given=[STAYS], **COMMON)


def test_the_commands_take_conditions(
    result: Result, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    out = str(tmp_path / "out")
    assert app.execute(["run", "baseline", "--given", CHANGES, *OPTIONS, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["provenance"]["digest"] == result.digest
    command = ["run", "baseline", "--given", CHANGES, *OPTIONS, "--no-figures", "--out", out]
    assert app.execute(command) == 0
    assert TOLD in " ".join(capsys.readouterr().out.split())
    assert app.execute(["trace", "baseline", "--given", CHANGES, *OPTIONS[2:]]) == 0
    assert "Armenia gets a new government" in capsys.readouterr().out
    assert app.execute(["show", "baseline", "--given", CHANGES]) == 0
    assert f"--given {CHANGES}" in capsys.readouterr().out
    assert app.execute(["run", "--resume", out, "--given", CHANGES]) == 2


def test_a_condition_that_cannot_be_given_ends_the_command(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert app.execute(["compare", "baseline", "--given", "ARM government changes 2040-01"]) == 2
    assert "lies outside the scenario" in capsys.readouterr().err


def test_a_run_prints_what_elections_decide(capsys: pytest.CaptureFixture[str]) -> None:
    assert app.execute(["run", "baseline", *OPTIONS, "--detail"]) == 0
    told = " ".join(capsys.readouterr().out.split())
    assert "Armenia 2026-06 (25 %)" in told or "Armenia has an election or succession" in told
