"""Rates from counts: exact intervals, and what the rate of one more alliance may be."""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, lgamma, log, log1p
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import numpy.typing as npt

    from foedus.cases.panel import Count

    Floats = npt.NDArray[np.float64]

TAIL = 0.025  # of an exact 95 % interval, at either end
#: Logs of the mean rate, from one event in 10,000 years to one a year, and of the shape of the
#: rates' distribution over alliances: from 1/4, where their standard deviation is twice their mean,
#: to 55, where alliances hardly differ. All are equally likely before.
LOG_MEANS = np.linspace(-9.2, 0.0, 93)
LOG_SHAPES = np.linspace(log(0.25), 4.0, 28)
LOG_RATES = np.linspace(-32.0, 4.0, 1801)  # logs of the rates at which a distribution is tabulated
LEAST_WEIGHT = 1e-9  # distributions of less weight are left out of a mixture
LEAST = 1e-300  # of a chance whose log is taken
DIGITS = 9  # of a log density, so that machines agree whose exp differs in the last bit


# ---------------------------------------------------------------------------------------------
# Exact intervals


def poisson_interval(events: int, tail: float = TAIL) -> tuple[float, float]:
    """Return the exact interval of a Poisson mean from one count, each tail of so much.

    Source: Garwood 1936, Biometrika 28:437-442.
    """
    low = 0.0 if events == 0 else _mean_with(events - 1, 1.0 - tail)
    return low, _mean_with(events, tail)


def _mean_with(most: int, chance: float) -> float:
    """Return the mean of a Poisson number that is at most so large with a given chance."""

    def cumulative(mean: float) -> float:
        return sum(exp(n * log(mean) - mean - lgamma(n + 1)) for n in range(most + 1))

    return _bisected(cumulative, chance, 20.0 + 5.0 * most)


def binomial_interval(successes: int, trials: int, tail: float = TAIL) -> tuple[float, float]:
    """Return the exact interval of a chance from successes in trials, each tail of so much.

    Source: Clopper and Pearson 1934, Biometrika 26:404-413. With no trials it is all from 0 to 1.
    """
    low = 0.0 if successes == 0 else _chance_with(successes - 1, trials, 1.0 - tail)
    return low, 1.0 if successes == trials else _chance_with(successes, trials, tail)


def _chance_with(most: int, trials: int, chance: float) -> float:
    """Return the chance at which at most so many of the trials succeed with a given chance."""

    def cumulative(p: float) -> float:
        terms = (
            lgamma(trials + 1) - lgamma(n + 1) - lgamma(trials - n + 1)
            + n * log(p) + (trials - n) * log1p(-p)
            for n in range(most + 1)
        )  # fmt: skip
        return sum(map(exp, terms))

    return _bisected(cumulative, chance, 1.0)


def _bisected(falling: Callable[[float], float], value: float, high: float) -> float:
    """Return where a falling function has a value, between 0 and ``high``."""
    low = 0.0
    for _ in range(100):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if falling(middle) > value else (low, middle)
    return low


# ---------------------------------------------------------------------------------------------
# The rate of one more alliance


@dataclass(frozen=True, eq=False)
class Rate:
    """What is known of a rate, as a distribution.

    It is a mixture of gamma distributions, tabulated at :data:`LOG_RATES`.

    Attributes
    ----------
    densities
        Log density of the log of the rate at :data:`LOG_RATES`.
    cumulative
        Chance that the rate is at most so high, at :data:`LOG_RATES`.
    above
        Log of the chance that it is higher, at :data:`LOG_RATES`.
    """

    densities: Floats
    cumulative: Floats
    above: Floats

    def quantile(self, level: npt.ArrayLike) -> Floats:
        """Return the rate below which the true one lies with a chance of ``level``."""
        found: Floats = np.exp(
            np.interp(np.asarray(level, dtype=float), self.cumulative, LOG_RATES)
        )
        return found

    def log_density(self, log_rate: npt.ArrayLike) -> Floats:
        """Return the log of the density of the log of the rate, at logs of rates.

        Between the points of the table and beyond its ends it goes on in straight lines.
        """
        return _looked_up(log_rate, self.densities)

    def log_chance_above(self, log_rate: npt.ArrayLike) -> Floats:
        """Return the log of the chance that the rate is higher, at logs of rates.

        It says how well a rate agrees with this distribution that is only a part of it, where
        nothing is known of the other part.
        """
        return np.minimum(_looked_up(log_rate, self.above), 0.0)


def _looked_up(log_rate: npt.ArrayLike, table: Floats) -> Floats:
    """Return the values of a table at :data:`LOG_RATES`, on straight lines between and beyond."""
    x, step = np.asarray(log_rate, dtype=float), LOG_RATES[1] - LOG_RATES[0]
    inside = np.interp(x, LOG_RATES, table)
    below = np.minimum(x - LOG_RATES[0], 0.0) * (table[1] - table[0]) / step
    over = np.maximum(x - LOG_RATES[-1], 0.0) * (table[-1] - table[-2]) / step
    found: Floats = np.round(inside + below + over, DIGITS)
    return found


@dataclass(frozen=True, eq=False)
class Fit:
    """Rates of several alliances that differ, fitted to counts.

    Events of alliance j are Poisson with rate r_j; the rates are gamma distributed with mean m and
    shape a, whose logarithms have flat priors (:data:`LOG_MEANS`, :data:`LOG_SHAPES`). Where no
    event was ever counted, the low end of what follows is that of the prior.

    Attributes
    ----------
    counts
        By alliance.
    means, shapes, weights
        Grid of m and a, and the posterior chance of each pair: all of the same length.
    """

    counts: Mapping[str, Count]
    means: Floats
    shapes: Floats
    weights: Floats

    def another(self) -> Rate:
        """Return the rate of one more alliance, which may be calmer or more restless than these."""
        return _mixture(self.weights, self.shapes, self.shapes / self.means)

    def of(self, alliance: str) -> Rate:
        """Return the rate of one of the alliances, from its own counts and those of the others."""
        events, years = self.counts[alliance]
        return _mixture(self.weights, self.shapes + events, self.shapes / self.means + years)


def fit(counts: Mapping[str, Count]) -> Fit:
    """Fit rates with an effect of the single alliance to counts by alliance."""
    log_mean, log_shape = (grid.ravel() for grid in np.meshgrid(LOG_MEANS, LOG_SHAPES))
    means, shapes = np.exp(log_mean), np.exp(log_shape)
    scales, logs = shapes / means, np.zeros(means.size)
    for events, years in counts.values():
        logs += _log_gamma(shapes + events) - _log_gamma(shapes)
        logs += shapes * np.log(scales / (scales + years)) - events * np.log(scales + years)
    weights = np.exp(logs - logs.max())
    return Fit(counts, means, shapes, weights / weights.sum())


def _mixture(weights: Floats, shapes: Floats, scales: Floats) -> Rate:
    """Average gamma distributions of a rate, each with a shape and an inverse scale (years)."""
    kept = weights > LEAST_WEIGHT
    a, b = shapes[kept], scales[kept]
    log_weights = np.log(weights[kept] / weights[kept].sum())
    constants = log_weights + a * np.log(b) - _log_gamma(a)
    densities = np.array([_log_of_sum(constants + a * x - b * exp(x)) for x in LOG_RATES.tolist()])
    # Below the table a gamma distribution has the chance (b rate)^a / Gamma(a + 1).
    before = np.exp(log_weights + a * (np.log(b) + LOG_RATES[0]) - _log_gamma(a + 1.0)).sum()
    heights = np.exp(densities)
    steps = 0.5 * (heights[1:] + heights[:-1]) * np.diff(LOG_RATES)
    # Above the table so little is left that it falls like the density there.
    last = heights[-1] / -np.diff(densities)[-1] * (LOG_RATES[1] - LOG_RATES[0])
    above = last + np.concatenate([np.cumsum(steps[::-1])[::-1], [0.0]])
    cumulative = before + np.concatenate([[0.0], np.cumsum(steps)])
    return Rate(densities, cumulative, np.log(np.maximum(above, LEAST)))


def _log_of_sum(logs: Floats) -> float:
    """Log of the sum of what has these logs."""
    top = float(logs.max())
    return top + log(float(np.exp(logs - top).sum()))


def _log_gamma(values: Floats) -> Floats:
    """Log of the gamma function of each value; many values are equal."""
    unique, places = np.unique(values, return_inverse=True)
    return np.array([lgamma(value) for value in unique.tolist()])[places]
