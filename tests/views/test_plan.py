"""A scenario in plain words: what is told is what drives the worlds."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foedus.cases.scenario_reader import load_scenario
from foedus.cases.shipped import shipped_scenarios
from foedus.model.citations import notes
from foedus.views.plan import number, plan, plans, steps

if TYPE_CHECKING:
    from pathlib import Path

    from foedus.cases.scenario import Scenario

VALUES = st.integers(0, 20).map(lambda twentieths: twentieths / 20)


def rebuilt(path: tuple[float, ...]) -> list[float]:
    """Return a path again from its steps."""
    values: list[float] = []
    for step in steps(path):
        assert step.first == len(values)
        for place in range(step.last - step.first + 1):
            done = min(1.0, (place + 1) / step.ramp)
            values.append(step.before + (step.value - step.before) * done)
    return values


@given(st.lists(VALUES, min_size=1, max_size=40))
def test_steps_give_every_path_again(values: list[float]) -> None:
    assert rebuilt(tuple(values)) == pytest.approx(values, abs=1e-9)


@given(VALUES, VALUES, st.integers(3, 12), st.sampled_from([0, 2, 9]), st.integers(2, 12))
def test_a_ramp_is_told_as_one_step(
    before: float, goal: float, ramp: int, wait: int, rest: int
) -> None:
    rise = [before + (goal - before) * (month + 1) / ramp for month in range(ramp)]
    path = (*[before] * wait, *rise[:-1], *[goal] * rest)
    last = steps(path)[-1]
    assert last.value == goal
    if goal != before:
        assert (last.ramp, last.first) == (ramp, wait)
        assert last.before == pytest.approx(before)


def written(directory: Path, text: str) -> Scenario:
    path = directory / "mine.yaml"
    head = "foedus: 1\nname: mine\ntitle: Mine\nextends: baseline\n"
    path.write_text(head + text, encoding="utf-8")
    return load_scenario(path)


def test_levers_are_told_with_dates_values_and_ramps(tmp_path: Path) -> None:
    scenario = written(
        tmp_path,
        "levers:\n  pressure:\n    ARM:\n"
        "      - {from: 2027-01, to: 2027-12, value: 0.8, ramp: 3}\n"
        "      - {from: 2028-01, value: 0}\n",
    )
    told = plan(scenario)
    line = next(line for line in told if line.startswith("Russia presses Armenia"))
    assert ".8 from January 2027 to December 2027" in line
    assert "over the first 3 months; not at all from January 2028 on." in line


def test_what_is_inherited_is_told_apart_and_named_by_where_it_is_from() -> None:
    told = plan(load_scenario("pressure"))
    own = [line for line in told if line.startswith(("Russia", "The alliance"))]
    inherited = next(line for line in told if line.startswith("As in baseline: "))
    assert len(own) == 3
    assert "outreach" not in " ".join(own)
    assert "reach out to Armenia: .5" in inherited
    assert "presses" not in inherited


def test_a_statement_is_an_event_and_not_part_of_the_lever(tmp_path: Path) -> None:
    events = "events: [{event: statement, date: 2027-05, member: ARM, tone: -1}]\n"
    told = plan(written(tmp_path, events))
    assert "May 2027: Russia threatens Armenia in public for a month, in full." in told
    assert "Russia presses Armenia: .3;" in next(line for line in told if "As in" in line)


def test_numbers_set_by_hand_and_conditions_are_told() -> None:
    settings, condition = (
        ["trust_loss=0.7", "ARM.participation=0"],
        "ARM government changes 2026-06",
    )
    told = plan(load_scenario("baseline", settings=settings, given=[condition]))
    line = next(line for line in told if line.startswith("Set by hand"))
    assert "trust_loss 0.7 (trust lost by help below expectation)" in line
    assert "ARM.participation active" in line
    assert "Given, June 2026: Armenia gets a new government." in told


def test_what_the_command_line_sets_is_said_to_be_set_there() -> None:
    told = plan(load_scenario("pressure", settings=["threat.BLR=2"]))
    assert "Crises of Belarus: 2 times as many (set on the command line)." in told


@pytest.mark.parametrize("name", shipped_scenarios())
def test_every_lever_that_does_something_is_told(name: str) -> None:
    scenario = load_scenario(name)
    for key in scenario.levers:
        less = {other: spans for other, spans in scenario.levers.items() if other != key}
        without = replace(scenario, levers=less)
        if without.fingerprint != scenario.fingerprint:
            assert plan(without) != plan(scenario), key


@pytest.mark.parametrize("name", shipped_scenarios())
def test_a_plan_is_short_and_has_no_reference_that_needs_explaining(name: str) -> None:
    told = plan(load_scenario(name))
    assert len(told) <= 25
    assert notes(*told) == ()
    assert all(line.endswith(".") and not line[0].islower() for line in told)


@given(st.floats(-10, 10))
def test_numbers_have_two_decimals_at_most_and_no_zero_before_the_point(value: float) -> None:
    text = number(value)
    assert float(text) == pytest.approx(value, abs=0.006)
    assert not text.lstrip("-").startswith("0.")


# ---------------------------------------------------------------------------------------------
# Side by side


@pytest.mark.parametrize("name", shipped_scenarios())
def test_a_scenario_beside_itself_has_nothing_to_tell(name: str) -> None:
    scenario = load_scenario(name)
    again = replace(scenario, name="again")
    told = plans([scenario, again]).told
    assert told["again"] == ()
    _, *whole, _ = plan(replace(scenario, parent=None))
    assert told[name] == tuple(whole)


@pytest.mark.parametrize(("first", "other"), [("baseline", "pressure"), ("null", "baseline")])
def test_beside_another_a_scenario_tells_what_differs(first: str, other: str) -> None:
    one, two = load_scenario(first), load_scenario(other)
    alone = plan(replace(two, parent=None))
    shared = set(plan(replace(one, parent=None))) & set(alone)
    told = plans([one, two]).told[other]
    assert set(alone[1:-1]) - shared <= set(told)
    assert not shared & set(told)


def test_what_the_other_leaves_out_is_told_as_not_done() -> None:
    war, peace = load_scenario("renewed_war"), load_scenario("baseline")
    told = plans([war, peace]).told["baseline"]
    assert any(line.startswith("Not so: September 2026: Armenia is in a crisis") for line in told)
    nothing = plans([peace, load_scenario("null")]).told["null"]
    assert "Russia presses Armenia: not at all." in nothing


def test_what_nobody_touches_is_told_once_for_all() -> None:
    common = plans([load_scenario("baseline"), load_scenario("accounting")]).common
    assert len(common) == 2
    assert "what Russia can spare" not in common[1]
    assert "how often crises come" in common[1]
