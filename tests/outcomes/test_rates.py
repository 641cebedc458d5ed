"""Rates from counts: exact intervals and the rate of one more alliance."""

from __future__ import annotations

from math import comb

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foedus.cases.panel import Count, load_panel
from foedus.outcomes.rates import LOG_RATES, Rate, binomial_interval, fit, poisson_interval

COUNTS = load_panel().counts("freeze")
LEVELS = np.array([0.025, 0.1, 0.5, 0.9, 0.975])


def mass(rate: Rate, low: float, high: float) -> float:
    x = np.linspace(low, high, 40_001)
    return float(np.trapezoid(np.exp(rate.log_density(x)), x))


@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"),
    [(0, 0, 0.0, 1.0), (0, 5, 0.0, 0.5218), (3, 5, 0.1466, 0.9473), (5, 5, 0.4782, 1.0)],
)
def test_exact_intervals_of_a_share_are_those_of_clopper_and_pearson(
    successes: int, trials: int, low: float, high: float
) -> None:
    assert binomial_interval(successes, trials) == pytest.approx((low, high), abs=1e-4)


@given(st.integers(1, 30), st.data())
def test_the_tails_of_the_exact_interval_of_a_share_are_as_declared(
    trials: int, data: st.DataObject
) -> None:
    successes = data.draw(st.integers(0, trials))
    low, high = binomial_interval(successes, trials, 0.05)

    def chance(p: float, numbers: range) -> float:
        return sum(comb(trials, n) * p**n * (1.0 - p) ** (trials - n) for n in numbers)

    assert low <= successes / trials <= high
    if low > 0.0:
        assert chance(low, range(successes, trials + 1)) == pytest.approx(0.05)
    if high < 1.0:
        assert chance(high, range(successes + 1)) == pytest.approx(0.05)


@pytest.mark.parametrize("kind", ["freeze", "return", "leaving"])
def test_the_density_integrates_to_one(kind: str) -> None:
    for found in (fit(load_panel().counts(kind)).another(), fit(COUNTS).of("NATO")):
        below = found.cumulative[0]
        assert below < 1e-3
        assert below + mass(found, LOG_RATES[0], LOG_RATES[-1]) == pytest.approx(1.0, abs=1e-3)


def test_quantiles_and_density_are_of_one_distribution() -> None:
    found = fit(COUNTS).another()
    quantiles = np.log(found.quantile(LEVELS))
    for level, end in zip(LEVELS, quantiles, strict=True):
        assert mass(found, LOG_RATES[0], float(end)) == pytest.approx(level, abs=1e-3)


def test_the_chance_that_a_rate_is_higher_is_what_lies_above_it_and_falls() -> None:
    found = fit(COUNTS).another()
    x = np.log(found.quantile(LEVELS))
    assert np.exp(found.log_chance_above(x)) == pytest.approx(1.0 - LEVELS, abs=2e-3)
    everywhere = found.log_chance_above(np.linspace(-60.0, 9.0, 20_001))
    assert np.isfinite(everywhere).all()
    assert (np.diff(everywhere) <= 0.0).all()
    assert everywhere[0] == pytest.approx(0.0, abs=1e-3)


def test_quantiles_agree_with_draws_from_the_mixture() -> None:
    found = fit(COUNTS)
    generator = np.random.default_rng(1)
    chosen = generator.choice(found.weights.size, 200_000, p=found.weights)
    shapes, means = found.shapes[chosen], found.means[chosen]
    drawn = generator.gamma(shapes, means / shapes)
    assert found.another().quantile(LEVELS) == pytest.approx(np.quantile(drawn, LEVELS), rel=0.04)


def test_the_density_goes_on_smoothly_between_and_beyond_its_table() -> None:
    x = np.linspace(LOG_RATES[0] - 5.0, LOG_RATES[-1] + 1.0, 20_001)
    density = fit(COUNTS).another().log_density(x)
    assert density.shape == x.shape
    assert np.isfinite(density).all()
    bend = np.abs(np.diff(np.diff(density)))
    assert bend.max() < 0.02 * np.abs(np.diff(density)).max()
    peak = int(density.argmax())
    assert (np.diff(density[:peak]) >= -1e-8).all()
    assert (np.diff(density[peak:]) <= 1e-8).all()


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 5), st.floats(30.0, 500.0), st.floats(1.2, 5.0))
def test_more_years_without_more_events_lower_the_rate(
    events: int, years: float, times: float
) -> None:
    less, more = (
        fit({"a": Count(events, years * factor), "b": Count(1, 100.0 * factor)})
        for factor in (1.0, times)
    )
    assert (more.another().quantile(LEVELS) < less.another().quantile(LEVELS)).all()
    assert (more.of("a").quantile(LEVELS) < less.of("a").quantile(LEVELS)).all()
    assert poisson_interval(events)[1] / (years * times) < poisson_interval(events)[1] / years


def test_one_more_alliance_is_more_uncertain_than_the_pooled_rate_or_one_that_was_counted() -> None:
    found = fit(COUNTS)
    least, most = found.another().quantile([0.025, 0.975])
    years = sum(count.years for count in COUNTS.values())
    low, high = (end / years for end in poisson_interval(7))
    assert least < low < high < most
    low, high = found.of("NATO").quantile([0.025, 0.975])
    assert least < low < high < most


def test_what_one_alliance_did_moves_its_own_rate_most() -> None:
    counts = {**COUNTS, "restless": Count(12, 100.0)}
    before, after = fit(COUNTS), fit(counts)
    middle = [
        rate.quantile(0.5) for rate in (before.another(), after.another(), after.of("restless"))
    ]
    assert middle == sorted(middle)
