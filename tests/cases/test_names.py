"""Names of scenarios that were changed by hand, and scenarios of one name."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foedus.cases.names import own_name, refuse_namesakes
from foedus.cases.no_effect import renaming
from foedus.cases.overrides import settings_of
from foedus.cases.scenario_reader import load_scenario
from foedus.cases.validation import NAME_LENGTH
from foedus.errors import InertScenarioError, ResultError, ScenarioError

if TYPE_CHECKING:
    from foedus.cases.scenario import Scenario

CHANGES = "ARM government changes 2026-06"


def refused(*scenarios: Scenario) -> str:
    with pytest.raises(ResultError) as caught:
        refuse_namesakes(scenarios)
    return str(caught.value)


# What is set


@pytest.mark.parametrize(
    ("settings", "name", "told"),
    [
        (["pressure.ARM=0.6"], "pressure_arm_0_6", "pressure.ARM=0.6"),
        (
            [" trust_loss = .70 ", "policy=adaptive"],
            "trust_loss_0_7_policy_adaptive",
            "trust_loss=0.7 and policy=adaptive",
        ),
        (["pressure.ARM=0.1", "pressure.ARM=0.2"], "pressure_arm_0_2", "pressure.ARM=0.2"),
        ({"ARM.election.2026-06": 0.5}, "arm_election_2026_06_0_5", "ARM.election.2026-06=0.5"),
        ("bandwidth=1", "bandwidth_1", "bandwidth=1"),
    ],
)
def test_name_and_title_say_what_is_set(settings: Any, name: str, told: str) -> None:
    plain, scenario = load_scenario("baseline"), load_scenario("baseline", settings=settings)
    assert scenario.name == f"baseline_{name}"
    assert scenario.title == f"{plain.title}, with {told}"
    assert scenario.lineage == (scenario.name, "baseline")
    assert own_name(scenario) == "baseline"


def test_whatever_is_changed_by_hand_the_scenario_goes_by_its_own_name_too() -> None:
    scenario = load_scenario("baseline@24", settings={"trust_loss": 0.7}, given=[CHANGES])
    assert scenario.name == "baseline_to_2027_12_trust_loss_0_7_arm_new_2026_06"
    assert own_name(scenario) == "baseline"


def test_settings_of_a_value_each_and_texts_mean_the_same() -> None:
    one = load_scenario("baseline", settings={"pressure.ARM": 0.6, "policy": "adaptive"})
    other = load_scenario("baseline", settings=["pressure.ARM=0.6", "policy=adaptive"])
    assert (one.name, one.fingerprint) == (other.name, other.fingerprint)


numbers = st.floats(0.0, 1.0, exclude_min=True).filter(lambda value: value != 0.3)


@given(one=numbers, other=numbers)
def test_two_values_of_a_lever_never_have_one_name(one: float, other: float) -> None:
    first, second = (
        load_scenario("baseline", settings={"pressure.ARM": value}).name for value in (one, other)
    )
    assert (first == second) == (one == other)
    assert len(first) <= NAME_LENGTH


def test_many_settings_are_told_apart_in_a_name_as_long_as_a_file_may_have_it() -> None:
    settings = {f"outreach.{power}.KAZ": 0.9 for power in ("EU", "USA", "FRA", "IND")}
    one = load_scenario("baseline", settings={"pressure.ARM": 0.6, **settings})
    other = load_scenario("baseline", settings={"pressure.ARM": 0.7, **settings})
    assert one.name != other.name
    assert max(len(one.name), len(other.name)) <= NAME_LENGTH


def test_what_is_set_by_hand_includes_the_numbers_that_a_file_fixes(write_scenario: Any) -> None:
    path = write_scenario("parameters: {trust_loss: 0.7, ARM.trust: 0.5}\n")
    assert settings_of(load_scenario(path)) == ("trust_loss=0.7", "ARM.trust=0.5")
    scenario = load_scenario(path, settings=["trust_loss=0.6", "pressure.ARM=0.1"])
    assert settings_of(scenario) == ("trust_loss=0.6", "pressure.ARM=0.1", "ARM.trust=0.5")
    assert settings_of(load_scenario("baseline")) == ()


# Names by hand


def test_a_scenario_is_named_by_hand() -> None:
    scenario = load_scenario("baseline", settings=["pressure.ARM=0.6"], name="harder")
    assert scenario.name == "harder"
    assert scenario.title.endswith(", with pressure.ARM=0.6")


@pytest.mark.parametrize("name", ["", "Harder", "a b", "9", "a" * 65, "pressure", "a\n"])
def test_a_name_that_cannot_be_is_refused(name: str) -> None:
    with pytest.raises(ScenarioError, match=r"^--name: '"):
        load_scenario("baseline", name=name)


# Another name for the same


def test_a_file_may_give_a_scenario_another_name(write_scenario: Any) -> None:
    path = write_scenario("description: As it is called in this study.\n", name="status_quo")
    scenario = load_scenario(path)
    assert scenario.fingerprint == load_scenario("baseline").fingerprint
    assert renaming(scenario) == "'status_quo' sets nothing: it is 'baseline' under another name."
    assert renaming(load_scenario(path, horizon=24)) is not None
    assert renaming(load_scenario(path, settings=["trust_loss=0.7"])) is None
    assert renaming(load_scenario("pressure")) is None


@pytest.mark.parametrize(
    "body",
    [
        "levers: {pressure: {ARM: [{value: 0.3}]}}\n",
        "policy: fixed\n",
        "horizon: 60\n",
        "levers: {normalisation: {TJK: {KGZ: [{value: 0}]}}}\n",
    ],
)
def test_a_file_that_sets_something_in_vain_is_refused_whatever_its_name(
    body: str, write_scenario: Any
) -> None:
    with pytest.raises(InertScenarioError, match="equals 'baseline', which it extends"):
        load_scenario(write_scenario(body))


def test_a_file_without_a_name_of_its_own_that_sets_nothing_is_refused(
    write_scenario: Any,
) -> None:
    with pytest.raises(InertScenarioError, match="it sets nothing else"):
        load_scenario(write_scenario("", name="baseline"))


# One name for two


def test_scenarios_of_one_name_are_refused_with_what_they_differ_in() -> None:
    baseline = load_scenario("baseline")
    assert refused(baseline, baseline) == (
        "The scenario 'baseline' is named twice; leave one of the two out."
    )
    other = load_scenario(
        "baseline",
        settings=["pressure.ARM=0.6", "policy=adaptive", "trust_loss=0.7", "cohesion.trust=2"],
        given=[CHANGES],
    )
    assert refused(load_scenario("pressure"), baseline, replace(other, name="baseline")) == (
        "Two scenarios are named 'baseline', but they differ in policy, pressure.ARM, events, "
        "trust_loss, cohesion. Give one of them another name: by 'name' in its file, or by --name "
        "where it is run alone."
    )
    refuse_namesakes([baseline, other])


# Horizons


@pytest.mark.parametrize("reference", ["baseline@24", "baseline@2027-12"])
def test_a_reference_with_a_horizon_is_named_by_its_last_month(reference: str) -> None:
    scenario = load_scenario(reference)
    assert (scenario.name, scenario.horizon) == ("baseline_to_2027_12", 24)
    assert scenario.title == f"{load_scenario('baseline').title}, to 2027-12"
    assert scenario.fingerprint == load_scenario("baseline", horizon=24).fingerprint


def test_a_file_is_cut_by_a_reference_too_and_its_own_horizon_changes_no_name(
    write_scenario: Any,
) -> None:
    path = write_scenario("policy: adaptive\n")
    assert load_scenario(f"{path}@24").name == "mine_to_2027_12"
    assert load_scenario(f"{path}@60").name == "mine"
    odd = Path(path).rename(Path(path).with_name("odd@24.yaml"))
    assert load_scenario(odd).horizon == 60


@pytest.mark.parametrize("horizon", [24, "24", "2027-12", " 2027-12 "])
def test_a_horizon_is_a_number_of_months_or_the_last_month(horizon: int | str) -> None:
    scenario = load_scenario("baseline", horizon=horizon)
    assert (scenario.name, scenario.horizon) == ("baseline", 24)


@pytest.mark.parametrize(
    ("horizon", "sentence"),
    [
        ("soon", "'soon' is no horizon; write a number of months, such as 24, or the last month"),
        ("2027-13", "'2027-13' is no horizon"),
        ("12.5", "'12.5' is no horizon"),
        (12.0, "A horizon is a whole number of months, or the last month as 'YYYY-MM', not 12.0."),
        ("2025-12", "2025-12 lies before the scenario, which begins in 2026-01."),
        ("2099-01", "A horizon goes from 1 to 600 months, not 877."),
        ("-3", "A horizon goes from 1 to 600 months, not -3."),
    ],
)
def test_what_is_no_horizon_is_refused(horizon: Any, sentence: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        load_scenario("baseline", horizon=horizon)
    assert str(caught.value).startswith(f"--horizon: {sentence}")
    with pytest.raises(ScenarioError) as caught:
        load_scenario(f"baseline@{horizon}")
    assert "horizon" in str(caught.value) or "begins" in str(caught.value)


def test_two_horizons_for_one_scenario_are_refused_unless_they_are_the_same() -> None:
    assert load_scenario("baseline@24", horizon="2027-12").horizon == 24
    with pytest.raises(ScenarioError, match="'baseline@24' has a horizon of its own"):
        load_scenario("baseline@24", horizon=36)
