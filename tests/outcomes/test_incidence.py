"""Cumulative incidence: against a recount, and whether the intervals hold what they say."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from foedus.cases.scenario_reader import load_scenario
from foedus.ensembles import ensemble
from foedus.errors import ResultError
from foedus.model.chronicle import Events
from foedus.outcomes import estimates
from foedus.outcomes.estimates import ratio, shares_by
from foedus.outcomes.incidence import EXITS, Incidence, first_of, incidence
from foedus.worlds.populations import balanced

if TYPE_CHECKING:
    from foedus.ensembles.gathered import Worlds

LAST = 24
MONTHS = arrays(
    np.int64, st.tuples(st.integers(1, 3), st.integers(1, 40)), elements=st.integers(0, LAST)
)


@pytest.fixture(scope="module")
def worlds() -> Worlds:
    scenario = load_scenario("expulsion", horizon=40, settings=["exit_base=-1.5"])
    return ensemble.run([scenario], "prior", 400, engine="kernel").parts[0]


@given(MONTHS)
def test_causes_and_the_event_free_share_sum_to_one_in_every_month(months: np.ndarray) -> None:
    named = {f"cause {k}": row for k, row in enumerate(months)}
    causes, free = first_of(named, LAST)
    total = sum((curve.value for curve in causes.values()), free.value)
    assert total == pytest.approx(np.ones(LAST + 1), abs=1e-12)
    for curve in (*causes.values(), free):
        assert (curve.low <= curve.value + 1e-12).all()
        assert (curve.value <= curve.high + 1e-12).all()
        assert ((curve.low >= 0) & (curve.high <= 1)).all()
    for curve in causes.values():
        assert (np.diff(curve.value) >= 0).all()
        assert curve.value[0] == 0.0


@given(MONTHS)
def test_of_two_causes_in_one_month_the_one_named_first_counts(months: np.ndarray) -> None:
    causes, _ = first_of({f"cause {k}": row for k, row in enumerate(months)}, LAST)
    for run in range(months.shape[1]):
        came = [(month, k) for k, month in enumerate(months[:, run]) if month]
        for k in range(len(months)):
            alone, _ = first_of({f"cause {j}": row[[run]] for j, row in enumerate(months)}, LAST)
            assert alone[f"cause {k}"].value[-1] == float(bool(came) and min(came)[1] == k)
    assert set(causes) == {f"cause {k}" for k in range(len(months))}


@pytest.mark.parametrize("event", Events._fields)
def test_incidence_agrees_with_a_recount_world_by_world(worlds: Worlds, event: str) -> None:
    for member in worlds.scenario.alliance.members:
        found = incidence(worlds, member, event)
        for month in (1, 11, 12, 24, 40):
            hits = exits = 0
            for run in range(worlds.runs):
                own = worlds.event(event, member)[run]
                left = [worlds.event(name, member)[run] for name in EXITS if name != event]
                before = [m for m in left if 0 < m <= month and (own == 0 or m < own)]
                hits += bool(0 < own <= month and not [m for m in left if 0 < m < own])
                exits += bool(before)
            when = worlds.month(month)
            assert found.by(when).value == hits / worlds.runs
            others = sum(found.by(when, name).value for name in EXITS if name != event)
            assert others == pytest.approx(exits / worlds.runs)


def test_something_leaves_and_something_freezes_in_these_worlds(worlds: Worlds) -> None:
    """Otherwise the recount above would show little."""
    for event in ("withdrawal", "expulsion", "freeze", "missed_summit"):
        assert (worlds.event(event, "ARM") > 0).any(), event


def test_the_median_is_the_month_by_which_half_of_all_worlds_have_it(worlds: Worlds) -> None:
    found = incidence(worlds, "ARM", "missed_summit")
    months = np.where(
        worlds.event("missed_summit", "ARM") > 0, worlds.event("missed_summit", "ARM"), 999
    )
    middle = np.sort(months)[(worlds.runs - 1) // 2]
    assert found.median.value == worlds.month(int(middle))
    assert found.median.low is not None
    assert found.median.low <= found.median.value
    rare = incidence(worlds, "BLR", "expulsion")
    assert rare.median.value is None
    assert rare.total.value < 0.5


def test_the_interval_of_a_median_lies_around_it() -> None:
    months = np.arange(60) % LAST + 1
    causes, free = first_of({"missed_summit": months}, LAST)
    median = Incidence("ARM", 24_000, causes, free).median
    assert median.low is not None
    assert median.value is not None
    assert median.high is not None
    assert median.low < median.value < median.high


def test_what_cannot_be_asked_for_is_refused_with_a_sentence(worlds: Worlds) -> None:
    with pytest.raises(ResultError, match=r"no event 'freez'.*freeze"):
        incidence(worlds, "ARM", "freez")
    with pytest.raises(ResultError, match="no member"):
        incidence(worlds, "ARN", "freeze")
    found = incidence(worlds, "ARM", "freeze")
    with pytest.raises(ResultError, match="2026-01 to 2029-04"):
        found.by("2031-01")
    with pytest.raises(ResultError, match="write YYYY-MM"):
        found.by("soon")
    with pytest.raises(ResultError, match="not among"):
        found.by("2027-01", "thaw")


# ---------------------------------------------------------------------------------------------
# What intervals hold, by simulation: nominal 95 % is to cover 93 to 97 %

TIMES = 4_000


@pytest.mark.parametrize(("share", "size"), [(0.5, 200), (0.1, 400), (0.02, 2_000), (0.9, 1_000)])
def test_wilson_intervals_of_shares_hold_what_they_say(share: float, size: int) -> None:
    random = np.random.default_rng(size)
    inside = 0
    for _ in range(TIMES):
        months = np.where(random.random(size) < share, 1, 0)
        found = shares_by(months, 1).at(1)
        inside += found.low <= share <= found.high
    assert 0.93 <= inside / TIMES <= 0.97


def test_intervals_over_populations_hold_what_they_say() -> None:
    """Worlds of one population lean the same way, as those of a posterior do."""
    random = np.random.default_rng(12)
    known, size, inside = balanced(3, 4), 1_200, {"share": 0, "mean": 0}
    part = np.arange(size) % 12
    for _ in range(TIMES):
        lean = random.normal(0.0, 0.05, 12)[part]
        hits = random.random(size) < np.clip(0.4 + lean, 0.0, 1.0)
        found = shares_by(np.where(hits, 1, 0), 1, known).at(1)
        inside["share"] += found.low <= 0.4 <= found.high
        about = estimates.mean(2.0 + lean + random.normal(0.0, 0.5, size), known)
        inside["mean"] += about.low <= 2.0 <= about.high
    for count in inside.values():
        assert 0.93 <= count / TIMES <= 0.97


def test_intervals_of_paired_differences_and_of_ratios_hold_what_they_say() -> None:
    random = np.random.default_rng(5)
    size, difference, of_ratio = 300, 0, 0
    for _ in range(TIMES):
        luck = random.normal(0.0, 1.0, size)
        gap = (luck + 0.2 + random.normal(0.0, 0.3, size)) - luck
        found = estimates.mean(gap)
        difference += found.low <= 0.2 <= found.high
        crises = random.poisson(1.5, size)
        answered = estimates.mean(ratio(random.binomial(crises, 0.3), crises))
        of_ratio += answered.low <= 0.3 <= answered.high
    assert 0.93 <= difference / TIMES <= 0.97
    assert 0.93 <= of_ratio / TIMES <= 0.97


def test_a_ratio_is_that_of_the_sums() -> None:
    part, whole = np.array([1.0, 0.0, 2.0]), np.array([2.0, 1.0, 2.0])
    assert ratio(part, whole).mean() == pytest.approx(3.0 / 5.0)
    assert np.isnan(ratio(part, np.zeros(3))).all()
