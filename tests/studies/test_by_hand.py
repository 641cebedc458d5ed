"""What is set by hand stays visible in results, and whatever an argument is, it is understood."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

import foedus
from foedus.cli import app
from foedus.errors import FoedusError, ResultError

if TYPE_CHECKING:
    from pathlib import Path

QUICK: dict[str, Any] = {"runs": 6, "horizon": 3, "figures": False}


@pytest.fixture(autouse=True)
def in_a_fresh_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_a_scenario_with_a_setting_stands_beside_the_scenario(tmp_path: Path) -> None:
    foedus.run("baseline", settings={"pressure.ARM": 0.6}, out=tmp_path / "set", **QUICK)
    found = foedus.compare(tmp_path / "set", "baseline", baseline="baseline", **QUICK)
    assert [one.name for one in found.result.scenarios] == ["baseline", "baseline_pressure_arm_0_6"]


def test_provenance_lists_what_is_set_also_of_a_result_that_is_loaded_and_gone_on_with(
    tmp_path: Path, write_scenario: Any
) -> None:
    path = write_scenario("parameters: {trust_loss: 0.7}\n")
    made = foedus.run(path, "baseline", settings=["pressure.ARM=0.6"], out=tmp_path / "o", **QUICK)
    listed = {
        "mine_pressure_arm_0_6": ["pressure.ARM=0.6", "trust_loss=0.7"],
        "baseline_pressure_arm_0_6": ["pressure.ARM=0.6"],
    }
    grown = foedus.resume(tmp_path / "o", runs=9, figures=False)
    for result in (made, foedus.load_result(tmp_path / "o"), grown):
        assert result.provenance["inputs"]["set"] == listed
        assert json.loads(result.json())["provenance"]["inputs"]["set"] == listed
    assert json.loads((tmp_path / "o" / "foedus.json").read_text())["inputs"]["set"] == listed


def test_nothing_is_listed_where_nothing_is_set() -> None:
    assert "set" not in foedus.run("baseline", **QUICK).provenance["inputs"]


def test_a_run_is_named_by_hand_and_cut_at_a_month(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["run", "pressure", "--name", "hard_line", "--horizon", "2026-03", "--runs", "4"]
    assert app.execute([*arguments, "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)["provenance"]["inputs"]
    assert list(shown["scenarios"]) == ["hard_line"]
    assert shown["horizon"] == 3
    result = foedus.run("pressure@2026-03", name="hard_line", runs=4)
    assert result.provenance["inputs"]["scenarios"] == shown["scenarios"]


def test_what_another_name_stands_for_is_said(
    write_scenario: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write_scenario("", name="status_quo")
    told = "'status_quo' sets nothing: it is 'baseline' under another name."
    assert app.execute(["check", path]) == 0
    assert told in capsys.readouterr().err
    arguments = ["run", path, "--runs", "4", "--horizon", "3"]
    assert app.execute(arguments) == 0
    assert told in capsys.readouterr().err
    assert app.execute([*arguments, "--quiet"]) == 0
    assert capsys.readouterr().err == ""


def test_a_loaded_scenario_is_not_set_in_silence() -> None:
    case = foedus.load_scenario("baseline", horizon=3)
    by_hand: tuple[dict[str, Any], ...] = (
        {"settings": ["pressure.ARM=0.6"]},
        {"given": ["ARM government stays 2026-03"]},
    )
    for options in by_hand:
        for call in (foedus.run, foedus.compare, foedus.trace):
            with pytest.raises(ResultError, match="load this one with them"):
                call(case, **options)
    assert foedus.compare(case, runs=4, horizon=2).result.frame.horizon == 2


def test_a_result_has_its_horizon_whatever_is_asked_for(tmp_path: Path) -> None:
    foedus.run("baseline", out=tmp_path / "o", **QUICK)
    assert foedus.compare(tmp_path / "o", horizon="2026-03", runs=6).result.runs == 6
    with pytest.raises(ResultError, match="goes to 2026-03, whatever --horizon says"):
        foedus.compare(tmp_path / "o", horizon=2)


# Parameters as people hold them


def test_single_numbers_as_parameters_are_refused_with_what_to_write_instead() -> None:
    with pytest.raises(ResultError) as caught:
        foedus.run("baseline", parameters={"trust_loss": 0.5}, **QUICK)  # type: ignore[arg-type]
    assert "settings={'trust_loss': 0.5}" in str(caught.value)
    assert "parameters=foedus.default_parameters({'trust_loss': 0.5})" in str(caught.value)
    fixed = foedus.run("baseline", settings={"trust_loss": 0.5}, **QUICK)
    assert fixed.scenarios[0].parameter_values == {"trust_loss": 0.5}
    declared = foedus.default_parameters({"trust_loss": 0.5})
    assert foedus.run("baseline", parameters=declared, **QUICK).runs == 6


def test_a_table_with_a_column_for_each_parameter_is_a_design_with_a_row_a_run() -> None:
    table = pd.DataFrame([foedus.drawn_parameters(1992, run) for run in range(6)])
    shuffled = table[table.columns[::-1]]
    one = foedus.run("baseline", parameters=foedus.Sampled(table.to_numpy()), **QUICK)
    other = foedus.run("baseline", parameters=shuffled, **QUICK)
    assert one.digest == other.digest


@pytest.mark.parametrize(
    ("parameters", "sentence"),
    [
        (pd.DataFrame({"trust_loss": [0.3, 0.5]}), "has no column for 54 of 55 parameters"),
        (pd.DataFrame({"trust_los": [0.3]}), "no parameter 'trust_los'; did you mean 'trust_loss'"),
        (np.zeros((2, 3)), "not an object of the class ndarray"),
        (0.5, "not an object of the class float"),
        ("guess", "parameters='guess' is none of these: 'prior', 'default', 'posterior'"),
    ],
)
def test_parameters_in_other_forms_are_refused_in_a_sentence(
    parameters: Any, sentence: str
) -> None:
    with pytest.raises(ResultError) as caught:
        foedus.run("baseline", parameters=parameters, **QUICK)
    assert sentence in str(caught.value)
    with pytest.raises(ResultError):
        foedus.AllianceModel(foedus.load_scenario("baseline", horizon=3), parameters=parameters)


def test_a_parameter_is_not_set_in_two_places_in_silence() -> None:
    given = foedus.default_parameters({"trust_loss": 0.5})
    with pytest.raises(ResultError, match=r"fixes trust_loss at 0\.7, and the parameters that are"):
        foedus.run("baseline", settings={"trust_loss": 0.7}, parameters=given, **QUICK)
    agreed = foedus.run("baseline", settings={"trust_loss": 0.5}, parameters=given, **QUICK)
    assert agreed.runs == 6


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"seed": None}, "The seed is a whole number, such as 1992, not None."),
        ({"seed": "3"}, "The seed is a whole number, such as 1992, not '3'."),
        ({"runs": 10.0}, "The number of runs is a whole number from 1 to"),
        ({"workers": -1}, "workers=-1 is no number of threads"),
        ({"engine": "numba"}, "engine='numba' does not exist; legal names are auto, kernel, mesa."),
        ({"keep": "all"}, "keep='all' does not exist; legal names are summaries, trajectories."),
        ({"horizon": 3.0}, "A horizon is a whole number of months"),
    ],
)
def test_an_argument_that_makes_no_sense_is_refused(options: dict[str, Any], sentence: str) -> None:
    with pytest.raises(FoedusError) as caught:
        foedus.run("baseline", **{**QUICK, **options})
    assert sentence in str(caught.value)


def test_whole_numbers_of_numpy_are_whole_numbers(tmp_path: Path) -> None:
    numbers: dict[str, Any] = {
        name: np.int64(value) for name, value in (("runs", 6), ("seed", 3), ("horizon", 3))
    }
    result = foedus.run("baseline", out=tmp_path / "o", figures=False, **numbers)
    assert result.digest == foedus.run("baseline", runs=6, seed=3, horizon=3).digest


@pytest.mark.parametrize("run", [-1, 6])
def test_a_world_that_a_result_does_not_have_is_not_replayed(run: int) -> None:
    with pytest.raises(ResultError, match="has the worlds 0 to 5, and no world"):
        foedus.run("baseline", **QUICK).replay(run)
