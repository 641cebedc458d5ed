"""Conditions on governments, from text to scenario."""

from __future__ import annotations

from typing import Any

import pytest

from foedus.cases.given import apply_given, conditions
from foedus.cases.names import own_name
from foedus.cases.scenario_reader import load_scenario
from foedus.errors import ScenarioError

CHANGES = "ARM government changes 2026-06"
STAYS = "ARM government stays 2026-06"


def _forced(scenario: Any, member: str) -> dict[int, float]:
    months = scenario.schedule.scripted[scenario.alliance.members.index(member)]
    found = enumerate(drivers.forced_government for drivers in months)
    return {month: value for month, value in found if value >= 0.0}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (CHANGES, 1.0),
        (STAYS, 0.0),
        ("Armenia government changes in 2026-06", 1.0),
        (" arm  Government  Stays 2026-06 ", 0.0),
    ],
)
def test_a_condition_scripts_the_government_in_its_month_alone(text: str, value: float) -> None:
    scenario = load_scenario("baseline", given=[text])
    assert _forced(scenario, "ARM") == {5: value}
    assert all(not _forced(scenario, code) for code in scenario.alliance.members if code != "ARM")


def test_name_title_events_and_conditions_say_what_is_given() -> None:
    scenario = load_scenario("baseline", given=[CHANGES, "KAZ government stays 2027-03"])
    told = (
        "Armenia gets a new government in 2026-06",
        "Kazakhstan keeps its government in 2027-03",
    )
    assert conditions(scenario) == told
    assert scenario.title.endswith(f", given that {' and that '.join(told)}")
    assert scenario.name == "baseline_arm_new_2026_06_kaz_same_2027_03"
    assert own_name(scenario) == "baseline"
    assert str(scenario.events[-2].origin) == f"--given {CHANGES}"


def test_both_branches_and_the_scenario_have_names_and_fingerprints_of_their_own() -> None:
    three = [load_scenario("baseline", given=given) for given in ([], [CHANGES], [STAYS])]
    assert len({scenario.name for scenario in three}) == 3
    assert len({scenario.fingerprint for scenario in three}) == 3


def test_many_conditions_leave_name_and_title_as_long_as_a_file_may_have_them() -> None:
    given = [f"ARM government stays 2026-{month:02d}" for month in range(1, 13)]
    scenario = load_scenario("baseline", given=given)
    assert len(scenario.name) <= 64
    assert len(scenario.title) <= 200
    assert len(conditions(scenario)) == 12


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("AMR government changes 2026-06", "AMR is no client of this alliance; did you mean 'ARM'"),
        ("RUS government changes 2026-06", "RUS is the patron, whose government is not in the"),
        ("ARM government changes 2036-06", "outside the scenario, which runs from 2026-01 to 2030"),
        ("ARM government changes 2026-6", "'2026-6' is not a month; write YYYY-MM"),
        ("ARM government chnges 2026-06", "it cannot 'chnges'; did you mean 'changes'"),
        ("ARM changes", "Write MEMBER government changes YYYY-MM"),
    ],
)
def test_what_cannot_be_given_is_refused_in_a_sentence(text: str, sentence: str) -> None:
    with pytest.raises(ScenarioError, match="--given") as refused:
        load_scenario("baseline", given=[text])
    assert sentence in str(refused.value)


def test_every_condition_that_cannot_be_given_is_told_at_once() -> None:
    with pytest.raises(ScenarioError) as refused:
        load_scenario("baseline", given=["nonsense", "XYZ government stays 2026-06", CHANGES])
    assert len(refused.value.problems) == 2


def test_a_government_is_given_once() -> None:
    with pytest.raises(ScenarioError, match=f"is already scripted at --given {CHANGES}; keep one"):
        load_scenario("baseline", given=[CHANGES, STAYS])


@pytest.mark.parametrize(
    "event",
    [
        "{event: domestic_change, date: 2026-06, member: ARM, change: 0.3}",
        "{event: decision, date: 2026-05, to: 2026-07, member: ARM, decision: same_government}",
    ],
)
def test_what_the_file_scripts_cannot_be_given_again(event: str, write_scenario: Any) -> None:
    path = write_scenario(f"events:\n  - {event}\n")
    with pytest.raises(ScenarioError, match=r"already scripted at .*mine\.yaml:6"):
        load_scenario(path, given=[CHANGES])
    assert load_scenario(path, given=["ARM government changes 2026-08"]).name.startswith("mine_arm")


def test_what_the_file_scripts_is_a_condition_too(write_scenario: Any) -> None:
    event = "{event: decision, date: 2026-05, to: 2026-07, member: ARM, decision: same_government}"
    scenario = load_scenario(write_scenario(f"events:\n  - {event}\n"))
    assert conditions(scenario) == ("Armenia keeps its government from 2026-05 to 2026-07",)


def test_what_is_impossible_is_not_given() -> None:
    certain = load_scenario("baseline", settings=["ARM.election.2026-06=1"])
    with pytest.raises(ScenarioError, match="cannot stay in 2026-06: its change is certain"):
        apply_given(certain, [STAYS])
    never = load_scenario("baseline", settings=["ARM.election.2026-06=0", "government_rate=0"])
    with pytest.raises(ScenarioError, match="cannot change in 2026-06: government_rate is 0"):
        apply_given(never, [CHANGES])
    assert conditions(apply_given(never, [STAYS])) == ("Armenia keeps its government in 2026-06",)
