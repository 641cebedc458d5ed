"""Base rates of history, and projections beside them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foedus.cases.panel import Count, load_panel
from foedus.cases.scenario_reader import load_scenario
from foedus.ensembles import ensemble
from foedus.model import records
from foedus.outcomes.base_rates import base_rate, base_rate_line, freezes
from foedus.outcomes.rates import poisson_interval
from foedus.outcomes.summary import summarise
from foedus.worlds.openings import opening

if TYPE_CHECKING:
    from foedus.ensembles.ensemble import Ensemble

HORIZON = 40


SETTINGS = ["exit_base=-1.5", "freeze_base=0", "freeze_slope=0.4"]  # so that many freeze


@pytest.fixture(scope="module")
def made() -> Ensemble:
    scenario = load_scenario("expulsion", horizon=HORIZON, settings=SETTINGS)
    return ensemble.run([scenario], runs=150, keep_trajectories=True)


@pytest.mark.parametrize(
    ("events", "low", "high"),
    [(0, 0.0, 3.6889), (1, 0.0253, 5.5716), (7, 2.8144, 14.4227), (30, 20.2409, 42.8269)],
)
def test_exact_intervals_of_a_count_are_those_of_garwood(
    events: int, low: float, high: float
) -> None:
    assert poisson_interval(events) == pytest.approx((low, high), abs=2e-4)


def test_the_pooled_rate_is_all_events_over_all_years_and_lies_within_its_intervals() -> None:
    counts = load_panel().counts("freeze")
    found = base_rate(counts)
    assert found.events == sum(count.events for count in counts.values())
    assert found.rate == pytest.approx(found.events / found.years)
    assert found.least < found.low < found.rate < found.high < found.most


@settings(max_examples=15, deadline=None)
@given(st.integers(1, 6), st.floats(30.0, 400.0))
def test_alliances_that_differ_leave_more_open_for_one_more_than_alike_ones(
    events: int, years: float
) -> None:
    alike = base_rate({name: Count(events, years) for name in "abcd"})
    apart = base_rate({"a": Count(4 * events, years), **{n: Count(0, years) for n in "bcd"}})
    assert apart.rate == pytest.approx(alike.rate)
    assert apart.most > alike.most
    assert apart.least < alike.least


def test_the_projected_rate_agrees_with_a_recount_month_by_month(made: Ensemble) -> None:
    paths = made.trajectories().isel(scenario=0)
    found = freezes(made, made.parts[0])
    assert found is not None
    events, months = 0, 0
    start = opening(made.design, made.parts[0].scenario, made.seed, np.arange(made.runs)).states
    opens_frozen = start[records.State._fields.index("frozen")] > 0.0
    assert opens_frozen[0].mean() > 0.8, "Armenia is frozen at the start, but for miscodings"
    members = paths["member"].values
    assert found.members == tuple(members[~opens_frozen.all(axis=1)])
    for place, member in enumerate(paths["member"].values):
        frozen = paths["frozen"].sel(member=member).values
        gone = paths["membership"].sel(member=member).values >= records.WITHDRAWN
        for run in np.flatnonzero(~opens_frozen[place]):
            for month in range(HORIZON):
                months += 1
                if frozen[month, run]:
                    events += 1
                if frozen[month, run] or gone[month, run]:
                    break
    assert events > 20
    assert found.rate == pytest.approx(12.0 * events / months)


def test_the_verdict_follows_the_rate_of_one_more_alliance(made: Ensemble) -> None:
    found = freezes(made, made.parts[0])
    assert found is not None
    past = found.history
    assert "does not bear out" in replace(found, rate=1.01 * past.most).verdict
    assert replace(found, rate=0.99 * past.most).verdict == "History allows that."
    assert replace(found, rate=1.01 * past.least).verdict == "History allows that."
    assert "more seldom" in replace(found, rate=0.99 * past.least).verdict
    assert "more seldom" in replace(found, rate=0.0).verdict


def test_the_line_names_both_rates_and_what_history_was_counted_from(made: Ensemble) -> None:
    line = base_rate_line(freezes(made, made.parts[0]))
    assert "(7 freezes in 1,759 member-years; 95 % .0016 to .0082" in line
    assert next(iter(summarise(made).values()))["base_rates"]["line"] == line


def test_where_everybody_is_frozen_at_the_start_there_is_nothing_to_compare() -> None:
    members = ("ARM", "BLR", "KAZ", "KGZ", "TJK")
    scenario = load_scenario(
        "baseline", horizon=6, settings=[f"{code}.participation=1" for code in members[1:]]
    )
    frozen = ensemble.run([scenario], "prior", 4)
    assert freezes(frozen, frozen.parts[0]) is None
    assert base_rate_line(None) == ""


def test_nobody_freezes_where_freezes_are_ruled_out() -> None:
    scenario = load_scenario(
        "baseline", horizon=24, settings=["freeze_base=-15", "participation_base=8"]
    )
    calm = ensemble.run([scenario], "prior", 40)
    found = freezes(calm, calm.parts[0])
    assert found is not None
    assert found.rate == 0.0
    assert np.isfinite(found.history.most)
