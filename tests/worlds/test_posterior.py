"""Projections that continue the worlds of a posterior."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

import foedus
from foedus.cases.scenario_reader import load_scenario
from foedus.errors import ResultError
from foedus.model.records import State
from foedus.studies import running
from foedus.worlds import kernel, openings
from foedus.worlds.agents import AllianceModel
from foedus.worlds.posterior import load_posterior, shipped_posterior

if TYPE_CHECKING:
    from pathlib import Path

    from foedus.worlds.posterior import Posterior


@pytest.fixture(scope="module")
def shipped() -> Posterior:
    found = shipped_posterior()
    assert found is not None
    return found


def test_worlds_go_on_with_the_states_they_had(shipped: Posterior) -> None:
    scenario = load_scenario("baseline")
    runs = np.array([0, 5, shipped.size, shipped.size + 5])
    start = openings.opening(shipped, scenario, 1, runs, kernel)
    assert np.array_equal(start.states[..., :2], shipped.states[..., [0, 5]])
    assert np.array_equal(start.states[..., 2:], start.states[..., :2]), "draws go round"
    assert np.array_equal(start.parameters[:, 2:], start.parameters[:, :2])


def test_the_posterior_is_the_default_where_it_goes_on(shipped: Posterior) -> None:
    baseline, history = load_scenario("baseline"), load_scenario("history")
    assert openings.as_design(None, [baseline]) is shipped
    assert openings.as_design("posterior", [baseline]) is shipped
    assert openings.as_design(None, [history]) is openings.PRIOR
    assert AllianceModel(baseline, run=3).parameters.trust_loss == shipped.values["trust_loss"][3]


def test_a_posterior_that_cannot_go_on_is_refused(shipped: Posterior, tmp_path: Path) -> None:
    with pytest.raises(ResultError, match="stand at the end of 2025-12; 'history' starts"):
        openings.as_design(shipped, [load_scenario("history")])
    text = load_scenario("baseline").alliance.text
    for old, new, sentence in (
        ("name: csto", "name: mine", "The posterior is of 'csto'"),
        ("trust: {value: 0.43, prior", "trust: {value: 0.44, prior", "has other numbers"),
    ):
        (tmp_path / "own.yaml").write_text(text.replace(old, new, 1), encoding="utf-8")
        path = tmp_path / "s.yaml"
        path.write_text(
            "foedus: 1\nname: s\ntitle: T\nalliance: ./own.yaml\nstart: 2026-01\nhorizon: 12\n"
            "levers: {pressure: {ARM: [{value: 0.5}]}}\n",
            encoding="utf-8",
        )
        scenario = load_scenario(path)
        assert openings.as_design(None, [scenario]) is openings.PRIOR
        with pytest.raises(ResultError, match=sentence):
            openings.as_design(shipped, [scenario])
    with pytest.raises(ResultError, match="No posterior comes with foedus for the alliance 'mine'"):
        openings.as_design("posterior", [_named(scenario, "mine")])


def _named(scenario: foedus.Scenario, name: str) -> foedus.Scenario:
    from dataclasses import replace

    return replace(scenario, alliance=replace(scenario.alliance, name=name))


@pytest.mark.parametrize(
    ("setting", "field", "value"),
    [
        ("ARM.trust=0.9", "trust", 0.9),
        ("ARM.dependence=0.2", "dependence_initial", 0.2),
        ("ARM.expectation=0.7", "expectation_initial", 0.7),
        ("ARM.participation=0", "frozen", 0.0),
        ("ARM.arrears=4", "arrears", 4.0),
    ],
)
def test_what_a_scenario_sets_replaces_what_worlds_carry(
    setting: str, field: str, value: float, shipped: Posterior
) -> None:
    scenario = load_scenario("baseline", settings=[setting])
    start = openings.opening(shipped, scenario, 1, np.arange(6), kernel)
    assert (start.states[State._fields.index(field), 0] == value).all()
    other = State._fields.index("outside_option")
    assert np.array_equal(start.states[other], shipped.states[other, :, :6])


def test_lasting_differences_are_drawn_anew_with_another_spread(shipped: Posterior) -> None:
    scenario = load_scenario("baseline", settings=["disposition_spread=0"])
    start = openings.opening(shipped, scenario, 1, np.arange(6), kernel)
    assert (start.states[State._fields.index("disposition")] == 0.0).all()


def test_a_result_keeps_its_posterior_and_loads_again(shipped: Posterior, tmp_path: Path) -> None:
    out = tmp_path / "out"
    made = running.run("restraint", runs=40, horizon=12, out=out, figures=False)
    assert made.ensemble.design is shipped
    again = foedus.load_result(out)
    assert again.digest == made.digest
    assert load_posterior(out / "posterior.npz").fingerprint == shipped.fingerprint
    assert "--parameters posterior.npz" in made.command
    (out / "posterior.npz").unlink()
    with pytest.raises(ResultError, match=r"posterior.npz is missing or was altered"):
        foedus.load_result(out)


def test_the_kernel_and_mesa_agree_on_continued_worlds() -> None:
    options = {"runs": 35, "horizon": 18}
    by_kernel = running.run("pressure", engine="kernel", **options)  # type: ignore[arg-type]
    by_mesa = running.run("pressure", engine="mesa", **options)  # type: ignore[arg-type]
    assert by_kernel.digest == by_mesa.digest


def test_a_file_that_is_no_posterior_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "p.npz"
    for content in (b"", b"PK\x03\x04 cut", b"text"):
        path.write_bytes(content)
        with pytest.raises(ResultError, match="is no posterior made by foedus calibrate"):
            load_posterior(path)
    np.savez(path, other=np.zeros(3))
    with pytest.raises(ResultError, match="is no posterior"):
        load_posterior(path)
    with pytest.raises(ResultError, match="is no posterior"):
        foedus.run("baseline", runs=2, parameters=str(tmp_path / "absent.npz"))


def test_the_summary_says_what_is_informed_and_what_it_is_worth() -> None:
    summary = running.run("restraint", runs=64, horizon=12).summary["restraint"]
    assert "The record informs" in summary["informed"]
    assert "Hindcast of Armenia, one year ahead from 7 year-ends" in summary["skill"]
    assert "One case" in summary["skill"]
    prior = running.run("restraint", runs=64, horizon=12, parameters="prior").summary["restraint"]
    assert prior["informed"] == ""
    assert "persistence" in prior["skill"]
    assert prior["skill"] != summary["skill"]
