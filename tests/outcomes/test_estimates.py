"""Intervals cover what they say they cover, also where worlds hang together."""

from __future__ import annotations

import numpy as np
import pytest

from foedus.outcomes import estimates
from foedus.worlds.populations import balanced


def test_intervals_cover_where_populations_differ() -> None:
    """Three fixed values, four populations each: chances vary between populations."""
    rng = np.random.default_rng(3)
    base, hits, narrow, trials = np.array([0.2, 0.4, 0.6]), 0, 0, 600
    runs = np.arange(2_400)
    for _ in range(trials):
        chances = np.clip(np.tile(base, 4) + rng.normal(0, 0.05, 12), 0, 1)
        drawn = rng.random(runs.size) < chances[runs % 12]
        known = estimates.probability(drawn, balanced(3, 4))
        naive = estimates.probability(drawn)
        hits += int(known.low <= base.mean() <= known.high)
        narrow += int(naive.low <= base.mean() <= naive.high)
    assert 0.93 <= hits / trials <= 0.99
    assert narrow / trials < 0.9, "the error of independent worlds would be too small"


def test_fixed_parts_do_not_widen_the_interval() -> None:
    rng = np.random.default_rng(4)
    runs = np.arange(2_400)
    values = np.array([0.0, 10.0, 20.0])[runs % 3] + rng.normal(0, 1, runs.size)
    error, _ = estimates.standard_error(values, balanced(3, 4))
    assert error < 0.2 or error == pytest.approx(values.std(ddof=1) / np.sqrt(values.size))


def test_students_quantile_is_that_of_the_tables() -> None:
    for freedom, exact in ((4, 2.776), (9, 2.262), (21, 2.080), (100, 1.984)):
        assert estimates.student(freedom) == pytest.approx(exact, abs=0.01)


def test_a_share_of_none_or_all_has_an_interval_within_0_and_1() -> None:
    known = balanced(3, 4)
    none = estimates.probability(np.zeros(120), known)
    assert none.value == none.low == 0.0
    assert 0.0 < none.high < 0.1
