from __future__ import annotations

import pytest

from foedus.cases.months import parse_month
from foedus.cases.scenario_reader import load_scenario
from foedus.errors import ScenarioError


def test_a_lever_is_set_for_all_months_for_one_member_or_all() -> None:
    one = load_scenario("baseline", settings=["pressure.ARM=0.75"])
    assert {month.pressure for month in one.schedule.scripted[0]} == {0.75}
    everybody = load_scenario("baseline", settings=["pressure.all=0.2"])
    assert {m.pressure for member in everybody.schedule.scripted for m in member} == {0.2}


def test_levers_of_powers_and_of_the_patron_are_set_by_their_address() -> None:
    scenario = load_scenario("baseline", settings=["outreach.EU.KAZ=0.9", "bandwidth=0.7"])
    assert set(scenario.schedule.outreach["EU"][2]) == {0.9}
    assert {m.bandwidth for m in scenario.schedule.scripted[0]} == {0.7}
    agreed = load_scenario("baseline", settings=["normalisation.TJK.KGZ=1"])
    assert {m.dispute for m in agreed.schedule.scripted[3]} == {0.0}


def test_parameters_numbers_policy_and_cohesion_are_set() -> None:
    scenario = load_scenario(
        "baseline",
        settings=[
            "trust_loss=0.7",
            "ARM.trust=0.5",
            "policy=adaptive",
            "cohesion.members=capability",
            "cohesion.trust=3",
            "rules.notice_months=0",
            "KGZ.dispute.TJK=0.8",
            "ARM.tenure=3",
        ],
    )
    assert scenario.parameter_values == {"trust_loss": 0.7}
    assert scenario.alliance.value("ARM.trust") == 0.5
    assert scenario.alliance.numbers["ARM.trust"].prior is None
    assert scenario.alliance.disputes == {("KGZ", "TJK"): 0.8}
    assert scenario.alliance.value("ARM.tenure") == 3.0
    assert scenario.policy == "adaptive"
    assert scenario.weighting == "capability"
    assert scenario.weights.trust == 3.0
    assert scenario.schedule.scripted[0][0].notice_period == 0.0
    assert str(scenario.origins["policy"]) == "--set policy=adaptive"


def test_the_chance_of_an_election_is_set_by_its_month() -> None:
    scenario = load_scenario("baseline", settings=["ARM.election.2026-06=0.6"])
    at = scenario.schedule.months.index(parse_month("2026-06"))
    assert scenario.schedule.scripted[0][at].election == 0.6


def test_a_later_setting_goes_before_an_earlier_one() -> None:
    scenario = load_scenario("baseline", settings=["pressure.ARM=0.1", "pressure.ARM=0.2"])
    assert scenario.schedule.scripted[0][0].pressure == 0.2


@pytest.mark.parametrize(
    ("setting", "sentence"),
    [
        ("pressure", "Write NAME=VALUE"),
        ("=1", "Write NAME=VALUE"),
        ("pressure.ARM=", "Write NAME=VALUE"),
        ("pressure.ARM=high", "'high' is not a number."),
        ("pressure.ARM=0,9", "'0,9' is not a number; write 0.9."),
        ("pressure.ARM=90%", "'90%' is not a number; write 0.9."),
        ("pressure.ARM=90", "(share of full pressure). If 90 per cent is meant, write 0.9."),
        (
            "threat.ARM=90",
            "90 is out of bounds; multiplier of the member's crises",
        ),
        ("pressure.ARM=2", "2 is out of bounds"),
        ("pressure.ARM=nan", "nan is not a finite number"),
        ("pressure=0.5", "Write pressure.MEMBER=VALUE; MEMBER may be 'all'."),
        ("pressure.ARX=0.5", "ARX is no client of this alliance; did you mean 'ARM'?"),
        ("outreach.ARM=0.5", "Write outreach.POWER.MEMBER=VALUE"),
        ("outreach.EUU.ARM=0.5", "did you mean 'EU'?"),
        ("normalisation.EU.ARM=0.5", "EU is no adversary"),
        ("normalisation.KAZ.KGZ=0.5", "KAZ is no adversary"),
        ("KGZ.dispute.TJK=2", "2 is out of bounds"),
        ("bandwidth.RUS=0.5", "Write bandwidth=VALUE"),
        ("presure.ARM=0.5", "nothing named 'presure' to set; did you mean 'pressure'?"),
        ("trust_los=0.5", "did you mean 'trust_loss'?"),
        ("ARM.truts=0.5", "did you mean 'ARM.trust'?"),
        ("trust_loss=7", "7 is out of bounds"),
        ("policy=firm", "'firm' is not one of its values"),
        ("cohesion.members=rich", "'rich' is not one of its values"),
        ("cohesion.trst=1", "did you mean 'trust'?"),
        ("cohesion.trust=-1", "A weight goes from 0"),
    ],
)
def test_a_setting_that_cannot_be_applied_is_refused_with_a_sentence(
    setting: str, sentence: str
) -> None:
    with pytest.raises(ScenarioError) as caught:
        load_scenario("baseline", settings=[setting])
    assert sentence in str(caught.value)
    assert str(caught.value).startswith("--set: ")


def test_every_setting_that_is_wrong_is_reported() -> None:
    with pytest.raises(ScenarioError) as caught:
        load_scenario("baseline", settings=["policy=x", "trust_los=1", "pressure.ARM=0.5"])
    assert len(caught.value.problems) == 2
