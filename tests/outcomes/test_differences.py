"""Paired differences: exact where nothing can differ, right where something does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from foedus.cases.scenario_reader import load_scenario
from foedus.ensembles import ensemble
from foedus.errors import ResultError
from foedus.outcomes.catalogue import ALLIANCE
from foedus.outcomes.differences import CONDUCT, differences, gaps, partings

if TYPE_CHECKING:
    import xarray as xr

    from foedus.ensembles.ensemble import Ensemble
    from foedus.outcomes.differences import Difference

CLOSED = ["contagion=0", "participation_peers=0", "exit_contagion=0"]


@pytest.fixture(scope="module")
def made() -> Ensemble:
    scenarios = [load_scenario(name, horizon=36) for name in ("baseline", "pressure")]
    return ensemble.run(scenarios, runs=400, keep_trajectories=True)


@pytest.fixture(scope="module")
def paths(made: Ensemble) -> xr.Dataset:
    return made.trajectories()


def one(found: list[Difference], subject: str, outcome: str) -> Difference:
    (match,) = [d for d in found if (d.subject, d.outcome) == (subject, outcome)]
    return match


@pytest.mark.parametrize("design", ["prior", "default", None])
def test_a_scenario_differs_from_itself_by_exactly_nothing(design: Any) -> None:
    scenario = load_scenario("renewed_war", horizon=30)
    worlds = ensemble.run([scenario], design, 60).parts[0]
    for found in differences(worlds, worlds):
        assert found.difference.value == 0.0 or np.isnan(found.difference.value)
        if not np.isnan(found.difference.value):
            assert (found.difference.low, found.difference.high) == (0.0, 0.0)
        assert found.narrowing is None
        if found.better is not None and found.worse is not None:
            assert (found.better.value, found.worse.value) == (0.0, 0.0) or np.isnan(
                found.better.value
            )


@pytest.mark.parametrize("design", ["prior", None])
def test_a_member_that_a_lever_cannot_reach_shows_exactly_zero(design: Any) -> None:
    scenarios = [load_scenario(n, horizon=36, settings=CLOSED) for n in ("baseline", "pressure")]
    pair = ensemble.run(scenarios, design, 200).parts
    found = differences(*pair)
    assert one(found, "ARM", "trust").difference.value < 0.0
    for d in found:
        if d.subject not in (ALLIANCE, "ARM") and not np.isnan(d.difference.value):
            assert (d.difference.value, d.difference.low, d.difference.high) == (0.0, 0.0, 0.0)


def test_differences_are_those_of_the_worlds_one_by_one(made: Ensemble, paths: xr.Dataset) -> None:
    found = one(differences(*made.parts), "ARM", "trust")
    last = paths.sel(member="ARM").isel(month=-1)
    inside = (last["membership"] < 2).all("scenario")
    trust = last["trust"].astype(float)
    by_hand = (trust.sel(scenario="pressure") - trust.sel(scenario="baseline")).where(inside)
    assert found.difference.value == pytest.approx(float(by_hand.mean()))
    assert found.better is not None
    assert found.worse is not None
    assert found.better.value == pytest.approx(float((by_hand > 0).sum() / inside.sum()))
    assert found.worse.value == pytest.approx(float((by_hand < 0).sum() / inside.sum()))
    assert found.other - found.baseline == pytest.approx(found.difference.value)


def test_worse_means_worse_for_the_alliance_not_less(made: Ensemble) -> None:
    found = differences(*made.parts)
    missed = one(found, "ARM", "missed_summit")
    assert missed.difference.value > 0.0
    assert missed.worse is not None
    assert missed.worse.value > 0.0
    assert one(found, "ARM", "dependence").better is None
    assert one(found, ALLIANCE, "crises_answered").better is None


def test_pairing_narrows_the_interval_by_what_it_says(made: Ensemble, paths: xr.Dataset) -> None:
    found = one(differences(*made.parts), ALLIANCE, "components.equal.trust")
    index = made.parts[0].table["components"]
    place = list(paths["component"].values).index("trust")
    first, second = (p.table["components"][0, place].astype(float) for p in made.parts)
    there = ~np.isnan(first) & ~np.isnan(second)
    unpaired = np.sqrt(first[there].var() + second[there].var())
    paired = (second - first)[there].std()
    assert found.narrowing == pytest.approx(unpaired / paired)
    assert found.narrowing is not None
    assert found.narrowing > 1.5
    assert index.shape[-1] == 400


def test_worlds_part_where_their_conduct_first_differs(paths: xr.Dataset) -> None:
    found = {p.subject: p for p in partings(paths, "baseline", "pressure", conduct=True)}
    conduct = {name: paths[name].sel(member="ARM").values for name in CONDUCT}
    firsts = []
    for run in range(paths.sizes["run"]):
        for month in range(paths.sizes["month"]):
            if any(a[0, month, run] != a[1, month, run] for a in conduct.values()):
                firsts.append(month)
                break
    assert found["ARM"].never.value == pytest.approx(1 - len(firsts) / paths.sizes["run"])
    middle = sorted(firsts)[(len(firsts) - 1) // 2]
    assert found["ARM"].month == str(paths["month"].values[middle])[:7]
    anything = {p.subject: p for p in partings(paths, "baseline", "pressure", conduct=False)}
    assert anything["ARM"].month == "2026-01"
    assert anything[ALLIANCE].never.value <= found[ALLIANCE].never.value


def test_a_scenario_never_parts_from_itself(paths: xr.Dataset) -> None:
    for found in partings(paths, "pressure", "pressure", conduct=False):
        assert found.never.value == 1.0
        assert found.month is None


def test_gaps_are_differences_month_by_month(paths: xr.Dataset) -> None:
    found = gaps(paths, "baseline", "pressure", "trust")
    assert set(found.dims) == {"month", "member", "run"}
    by_hand = paths["trust"].sel(scenario="pressure") - paths["trust"].sel(scenario="baseline")
    assert np.array_equal(found.values, by_hand.values, equal_nan=True)
    with pytest.raises(ResultError, match="no 'trusty'"):
        gaps(paths, "baseline", "pressure", "trusty")
