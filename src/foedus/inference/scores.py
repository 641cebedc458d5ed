"""Scores of forecasts, and the simple forecasters that a model has to beat.

A forecaster knows the observations up to a month, the origin, and gives the chance of an event or a
normal distribution of a share. Scores are computed by the package scoringrules; lower is better.
"""

from __future__ import annotations

from itertools import pairwise
from math import sqrt
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from foedus.cases.record import Observation

CLIP = 0.02  # least distance of a forecast chance from 0 and from 1
RESAMPLES = 4_000  # bootstrap samples of an interval


class Normal(NamedTuple):
    """A forecast of a share as a normal distribution: its mean and standard deviation."""

    mean: float
    sd: float


# ---------------------------------------------------------------------------------------------
# Scores


def brier(chance: float, happened: float) -> float:
    """Brier score: squared difference between a chance and what happened (1 or 0)."""
    import scoringrules

    return float(scoringrules.brier_score(happened, chance))


def log_score(chance: float, happened: float) -> float:
    """Log score: minus the logarithm of the chance that was given to what happened (1 or 0)."""
    import scoringrules

    return float(scoringrules.log_score(happened, chance))


def crps_of_normal(value: float, forecast: Normal) -> float:
    """Continuous ranked probability score of a normal forecast."""
    import scoringrules

    return float(scoringrules.crps_normal(value, forecast.mean, forecast.sd))


def crps_of_sample(value: float, sample: npt.NDArray[np.float64]) -> float:
    """Continuous ranked probability score of a forecast given as a sample."""
    import scoringrules

    return float(scoringrules.crps_ensemble(value, np.sort(sample), sorted_ensemble=True))


def clipped(chance: float) -> float:
    """Return a chance moved to at least :data:`CLIP` from 0 and from 1."""
    return min(1.0 - CLIP, max(CLIP, chance))


def interval(by_origin: Sequence[Sequence[float]], level: float = 0.9) -> tuple[float, float]:
    """Bootstrap interval of the mean score, resampling whole origins.

    Forecasts from the same origin are not independent, so they are drawn together.

    Parameters
    ----------
    by_origin
        The scores, or differences of scores, of each origin.
    level
        Coverage of the interval.

    Returns
    -------
    tuple of float
        Lower and upper bound; NaN with fewer than two origins.
    """
    groups = [np.asarray(group, dtype=float) for group in by_origin if len(group)]
    if len(groups) < 2:
        return float("nan"), float("nan")
    sums = np.array([group.sum() for group in groups])
    counts = np.array([group.size for group in groups])
    picked = np.random.default_rng(0).integers(len(groups), size=(RESAMPLES, len(groups)))
    means = sums[picked].sum(axis=1) / counts[picked].sum(axis=1)
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


# ---------------------------------------------------------------------------------------------
# Forecasters of an event


def persistence(known: Sequence[Observation], before: float) -> float:
    """Chance of an event that stays as last observed, clipped.

    Parameters
    ----------
    known
        Observations so far.
    before
        Value before the record began (1 or 0), used where there is no observation.
    """
    return clipped(known[-1].value if known else before)


def base_rate(known: Sequence[Observation]) -> float:
    """Chance by Laplace's rule: (k + 1) / (n + 2), where the event held in k of n observations."""
    return (sum(item.value for item in known) + 1.0) / (len(known) + 2.0)


# ---------------------------------------------------------------------------------------------
# Forecasters of a share


def persistent_share(known: Sequence[Observation]) -> Normal:
    """Forecast a share as last observed.

    The variance is the mean square of the changes between successive observations, plus twice the
    variance of an observation's error.
    """
    changes = np.diff([item.value for item in known])
    spread = float(np.mean(changes**2)) if changes.size else 0.0
    return Normal(known[-1].value, sqrt(spread + 2.0 * known[-1].error ** 2))


def linear_trend(known: Sequence[Observation], month: int) -> Normal:
    """Forecast a share by a line fitted to all observations so far, by least squares.

    The standard deviation is the standard error of prediction, with a residual variance no smaller
    than that of an observation's error. With fewer than three observations the forecast is that of
    :func:`persistent_share`.

    Parameters
    ----------
    month
        Month (number) that is forecast.
    """
    if len(known) < 3:
        return persistent_share(known)
    months = np.array([item.month for item in known], dtype=float)
    values = np.array([item.value for item in known])
    slope, level = np.polyfit(months - months.mean(), values, 1)
    residual = values - level - slope * (months - months.mean())
    spread = max(known[-1].error ** 2, float(np.sum(residual**2)) / (len(known) - 2))
    ahead = month - float(months.mean())
    error = spread * (1.0 + 1.0 / len(known) + ahead**2 / float(np.var(months) * len(known)))
    return Normal(min(1.0, max(0.0, level + slope * ahead)), sqrt(error))


def refusal_rule(known: Sequence[Observation], refusals: Sequence[int], ahead: float) -> Normal:
    """Forecast a share as last observed, minus a constant for each crisis without help since.

    The constant is fitted by least squares to the changes between successive observations.

    Parameters
    ----------
    refusals
        Months (numbers) of the crises without help, up to the origin.
    ahead
        Number of crises without help between the last observation and the month that is forecast.
    """
    values = np.array([item.value for item in known])
    counts = np.array(
        [
            sum(one.month < month <= other.month for month in refusals)
            for one, other in pairwise(known)
        ],
        dtype=float,
    )
    changes = np.diff(values)
    constant = -float(counts @ changes) / float(counts @ counts) if counts.any() else 0.0
    residual = changes + constant * counts
    spread = float(np.mean(residual**2)) if residual.size else 0.0
    mean = min(1.0, max(0.0, known[-1].value - constant * ahead))
    return Normal(mean, sqrt(spread + 2.0 * known[-1].error ** 2))
