"""What is measured of each world, against whole worlds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from foedus.cases.months import format_month
from foedus.cases.scenario_format import WEIGHTINGS
from foedus.cases.scenario_reader import load_scenario
from foedus.ensembles import ensemble
from foedus.model import records
from foedus.model.chronicle import Events
from foedus.outcomes.catalogue import (
    ALLIANCE,
    ALLIANCE_OUTCOMES,
    MEMBER_OUTCOMES,
    measured,
    of_alliance,
    of_member,
    value_of,
)
from foedus.worlds.agents import AllianceModel

if TYPE_CHECKING:
    from collections.abc import Callable

    import xarray as xr

    from foedus.ensembles.ensemble import Ensemble
    from foedus.ensembles.gathered import Worlds


@pytest.fixture(scope="module")
def made() -> Ensemble:
    scenario = load_scenario("expulsion", horizon=40, settings=["exit_base=-1.5"])
    return ensemble.run([scenario], "prior", 200, keep_trajectories=True)


@pytest.fixture(scope="module")
def worlds(made: Ensemble) -> Worlds:
    return made.parts[0]


@pytest.fixture(scope="module")
def paths(made: Ensemble) -> xr.Dataset:
    return made.trajectories().isel(scenario=0)


def test_everything_is_measured_once_of_everybody(worlds: Worlds) -> None:
    found = [(one.subject, one.outcome.key) for one in measured(worlds)]
    members = worlds.scenario.alliance.members
    assert len(found) == len(set(found))
    assert len(found) == len(ALLIANCE_OUTCOMES) + len(members) * len(MEMBER_OUTCOMES)
    for one in measured(worlds):
        assert one.values.shape == (worlds.runs,)
        assert np.array_equal(
            one.values, value_of(worlds, one.subject, one.outcome.key), equal_nan=True
        )
        if one.outcome.kind == "chance":
            assert set(np.unique(one.values)) <= {False, True}


def test_what_holds_an_alliance_together_counts_as_better() -> None:
    better = {key: outcome.better for key, outcome in MEMBER_OUTCOMES.items()}
    good = {"active", "takes_part", "thaw", "return_to_summit", "trust", "expectation"}
    assert {name for name, sign in better.items() if sign > 0} == good
    assert {name for name, sign in better.items() if sign == 0} == {"dependence", "new_government"}
    assert better["outside_option"] == better["out"] == -1


def test_every_event_of_the_chronicle_is_measured() -> None:
    assert set(Events._fields) <= set(MEMBER_OUTCOMES)


def test_chances_of_a_member_agree_with_its_last_month(worlds: Worlds, paths: xr.Dataset) -> None:
    last = paths.isel(month=-1)
    inside = last["membership"].values < records.WITHDRAWN
    for place, member in enumerate(worlds.scenario.alliance.members):
        frozen = inside[place] & (last["frozen"].values[place] == 1)
        assert np.array_equal(of_member(worlds, member, "frozen"), frozen)
        assert np.array_equal(of_member(worlds, member, "out"), ~inside[place])
        trust = of_member(worlds, member, "trust")
        assert np.array_equal(np.isnan(trust), ~inside[place])
        there = ~np.isnan(trust)
        assert np.array_equal(trust[there], last["trust"].values[place][there])


def test_the_promise_is_support_over_all_crises_of_all_members(
    worlds: Worlds, paths: xr.Dataset
) -> None:
    crises, support = (float(paths[name].sum()) for name in ("crisis", "support"))
    assert of_alliance(worlds, "crises_answered").mean() == pytest.approx(support / crises)


def test_a_second_follows_the_first_where_two_have_stepped_back(
    worlds: Worlds, paths: xr.Dataset
) -> None:
    left = (paths["membership"].isel(month=-1) >= records.WITHDRAWN).values.sum(axis=0)
    back = (
        ((paths["frozen"] == 1) | (paths["membership"] >= records.WITHDRAWN)).any("month").values
    ).sum(axis=0)
    opening = AllianceModel(worlds.scenario, parameters="prior", collect=False)
    assert [member.frozen for member in opening.members] == [1, 0, 0, 0, 0], (
        "before the first month"
    )
    back += (
        ~((paths["frozen"] == 1) | (paths["membership"] >= records.WITHDRAWN))
        .any("month")
        .sel(member="ARM")
        .values
    )
    for name, number in (("second_leaves", left), ("second_steps_back", back)):
        expected = (number >= 2).sum() / (number >= 1).sum()
        assert of_alliance(worlds, name).mean() == pytest.approx(expected)


def test_headline_cohesion_has_the_weights_of_the_scenario(worlds: Worlds) -> None:
    index = of_alliance(worlds, f"cohesion.{worlds.scenario.weighting}")
    assert np.array_equal(value_of(worlds, ALLIANCE, "cohesion"), index)
    among = of_alliance(worlds, f"cohesion_among_those_who_stay.{worlds.scenario.weighting}")
    found = value_of(worlds, ALLIANCE, "cohesion_among_those_who_stay")
    assert np.array_equal(found, among, equal_nan=True)


@pytest.mark.parametrize("weighting", WEIGHTINGS)
def test_cohesion_among_those_who_stay_is_cohesion_by_membership_world_by_world(
    worlds: Worlds, weighting: str
) -> None:
    membership = of_alliance(worlds, f"components.{weighting}.membership")
    index = of_alliance(worlds, f"cohesion.{weighting}")
    among = of_alliance(worlds, f"cohesion_among_those_who_stay.{weighting}")
    assert 0 < (membership < 1).sum() < worlds.runs, "else there is nothing to tell apart"
    assert np.array_equal(np.isnan(among), membership == 0)
    there = membership > 0
    np.testing.assert_allclose(among[there], index[there] / membership[there], rtol=1e-6)
    assert (among[there] >= index[there]).all()


def test_expelling_a_member_does_not_rank_a_scenario_higher(
    write_scenario: Callable[..., str],
) -> None:
    """In the last month, so that in every world all else is the same."""
    last = load_scenario("baseline", horizon=24)
    decision = f"{{event: decision, date: {format_month(last.end)}, member: ARM, decision: expel}}"
    expelling = load_scenario(write_scenario(f"events: [{decision}]\n"), horizon=24)
    made = ensemble.run([last, expelling], "prior", 60, engine="kernel")
    before, after = made.parts
    expelled = of_member(after, "ARM", "out") & ~of_member(before, "ARM", "out")
    assert expelled.sum() > 40
    for weighting in WEIGHTINGS:
        fall = of_alliance(before, f"cohesion.{weighting}")
        fall = fall - of_alliance(after, f"cohesion.{weighting}")
        assert (fall[expelled] > 0).all()
        assert (fall[~expelled] == 0).all()


def test_counts_and_the_agenda_agree_with_the_last_month(worlds: Worlds, paths: xr.Dataset) -> None:
    last = paths.isel(month=-1)
    inside = last["membership"].values < records.WITHDRAWN
    frozen, suspended = last["frozen"].values == 1, last["suspended"].values == 1
    is_in = last["membership"].values == records.IN
    active = is_in & ~frozen & ~suspended
    assert np.array_equal(of_alliance(worlds, "members_active"), active.sum(axis=0))
    taking_part = (last["takes_part"].values == 1).sum(axis=0)
    assert np.array_equal(of_alliance(worlds, "members_taking_part"), taking_part)
    assert not np.array_equal(active.sum(axis=0), taking_part)
    refused = inside & ~suspended & (last["consented"].values == 0)
    assert np.array_equal(of_alliance(worlds, "narrower_agenda"), refused.any(axis=0))
    assert refused.any(axis=0).sum() > refused.all(axis=0).sum()
