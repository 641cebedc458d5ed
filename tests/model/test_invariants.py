"""Invariants of the design over paired worlds: each hypothesis example is another prior draw."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foedus.cases.scenario_reader import load_scenario
from foedus.model import records
from foedus.worlds.agents import AllianceModel

if TYPE_CHECKING:
    from pathlib import Path

    from foedus.cases.scenario import Scenario

RUNS = st.integers(0, 2**32 - 1)
DRAWS = st.sampled_from(["prior", "posterior"])
CLOSED = ("contagion=0", "participation_peers=0", "exit_contagion=0")
CRISES = """events:
  - {event: crisis, date: 2026-05, member: ARM, support: 0}
  - {event: crisis, date: 2026-09, member: KGZ, support: 0.4}
  - {event: crisis, date: 2027-03, member: ARM, support: 1}
  - {event: crisis, date: 2027-08, member: TJK, support: 0}
  - {event: crisis, date: 2028-02, member: ARM, support: 0.3}
  - {event: crisis, date: 2028-11, member: ARM, support: 0}
"""


def world(scenario: Scenario, run: int, draw: str = "prior") -> list[list[records.State]]:
    """States of every member in every month."""
    model = AllianceModel(scenario, run=run, parameters=draw, collect=False)
    record = [[member.state for member in model.members]]
    while model.running:
        model.step()
        record.append([member.state for member in model.members])
    return record


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> tuple[Scenario, Scenario]:
    """Pressure and restraint with the same scripted crises, nobody leaving, answers alike."""
    directory = tmp_path_factory.mktemp("pair")
    remain = "".join(
        f"  - {{event: decision, date: 2026-01, to: 2030-12, member: {code}, decision: {what}}}\n"
        for code in ("ARM", "BLR", "KAZ", "KGZ", "TJK")
        for what in ("remain", "spare")
    )

    def load(name: str) -> Scenario:
        path = directory / f"{name}_crises.yaml"
        head = f"foedus: 1\nname: {name}_crises\ntitle: T\nextends: {name}\n"
        path.write_text(head + CRISES + remain, encoding="utf-8")
        return load_scenario(path, settings=["answer_participation=0"])

    return load("pressure"), load("restraint")


# (b)


@pytest.mark.parametrize(
    "fate", ["pressure", "expulsion", "renewed_war", "peace_with_azerbaijan", "western_outreach"]
)
@settings(max_examples=8)
@given(run=RUNS, draw=DRAWS)
def test_without_contagion_the_others_worlds_are_identical_whatever_happens_to_armenia(
    fate: str, run: int, draw: str
) -> None:
    quiet = world(load_scenario("baseline", settings=CLOSED), run, draw)
    stirred = world(load_scenario(fate, settings=CLOSED), run, draw)
    assert [month[1:] for month in quiet] == [month[1:] for month in stirred]


@pytest.mark.parametrize("together", [0.0, 0.5, 1.0])
@settings(max_examples=5)
@given(run=RUNS)
def test_a_common_cause_of_exit_carries_nothing_from_armenia_to_the_others(
    together: float, run: int
) -> None:
    """All share the luck of a month, so that some leave; whether Armenia does changes nothing."""
    exits = (*CLOSED, f"exit_together={together}", "exit_base=-0.5", "clash_rate=2")
    quiet = world(load_scenario("baseline", settings=exits), run)
    stirred = world(load_scenario("expulsion", settings=(*exits, "ARM.trust=0.01")), run)
    assert [month[0] for month in quiet] != [month[0] for month in stirred]
    assert [month[1:] for month in quiet] == [month[1:] for month in stirred]


def test_with_contagion_the_others_feel_what_happens_to_armenia() -> None:
    quiet = world(load_scenario("baseline", settings=["contagion=0.6"]), 3)
    stirred = world(load_scenario("pressure", settings=["contagion=0.6"]), 3)
    assert [month[0] for month in quiet] != [month[0] for month in stirred]
    assert [month[1:] for month in quiet] != [month[1:] for month in stirred]


# (c)


@settings(max_examples=10)
@given(run=RUNS, draw=DRAWS)
def test_the_same_scenario_twice_gives_identical_worlds(run: int, draw: str) -> None:
    once, again = (world(load_scenario("restraint"), run, draw) for _ in range(2))
    assert once == again


@settings(max_examples=10)
@given(run=RUNS, draw=DRAWS)
def test_a_lever_restated_at_its_inherited_value_changes_nothing(
    run: int, draw: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path: Path = tmp_path_factory.mktemp("same") / "same.yaml"
    path.write_text(
        "foedus: 1\nname: same\ntitle: T\nextends: pressure\n"
        "levers: {enforcement: {ARM: [{value: 0.5, ramp: 6}]}, threat: {KAZ: [{value: 1}]}}\n",
        encoding="utf-8",
    )
    restated = load_scenario(path, allow_inert=True)
    assert world(restated, run, draw) == world(load_scenario("pressure"), run, draw)


# (d)


@settings(max_examples=40)
@given(run=RUNS, draw=DRAWS)
def test_restraint_never_ends_below_pressure_in_trust_where_the_answers_coincide(
    run: int, draw: str, pair: tuple[Scenario, Scenario]
) -> None:
    pressed, spared = (np.array([m[0].trust for m in world(s, run, draw)]) for s in pair)
    assert np.all(spared >= pressed - 1e-12)


@pytest.mark.parametrize("draw", ["prior", "posterior"])
def test_restraint_ends_above_pressure_in_mean_trust(draw: str) -> None:
    """Without any restriction: crises and answers as they fall, members free to leave."""
    pressure, restraint = load_scenario("pressure"), load_scenario("restraint")
    gaps = [
        world(restraint, run, draw)[-1][0].trust - world(pressure, run, draw)[-1][0].trust
        for run in range(60)
    ]
    mean, error = np.mean(gaps), np.std(gaps, ddof=1) / np.sqrt(len(gaps))
    assert mean > 3 * error


@settings(max_examples=20)
@given(run=RUNS, draw=DRAWS)
def test_recovered_bandwidth_never_turns_help_into_refusal_in_the_first_crisis(
    run: int, draw: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Up to the first crisis standing hangs on bandwidth through hedging only."""
    answers = []
    for bandwidth in (0.1, 0.9):
        path = tmp_path_factory.mktemp("bandwidth") / "b.yaml"
        path.write_text(
            "foedus: 1\nname: b\ntitle: T\nextends: baseline\n"
            f"levers: {{bandwidth: [{{value: {bandwidth}}}]}}\n"
            "events: [{event: crisis, date: 2026-02, member: KAZ}]\n",
            encoding="utf-8",
        )
        scenario = load_scenario(path, settings=["hedging_deterrence=0"])
        model = AllianceModel(scenario, run=run, parameters=draw, collect=False)
        model.step()
        model.step()
        answers.append(model.members[2].signals.support)
    assert answers[0] <= answers[1]


# (e)


@settings(max_examples=10)
@given(run=RUNS, draw=DRAWS)
def test_membership_never_returns_and_arrears_are_never_negative(run: int, draw: str) -> None:
    record = world(load_scenario("expulsion", settings=["exit_base=0"]), run, draw)
    for before, after in pairwise(record):
        for old, new in zip(before, after, strict=True):
            assert new.arrears >= 0.0
            if old.membership >= records.WITHDRAWN:
                assert new == old
            if old.membership == records.NOTICE:
                assert new.membership != records.IN
