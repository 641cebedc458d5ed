"""Scores of forecasts, and the simple forecasters that a model has to beat.

A forecaster knows the observations up to an origin and says how likely an event is, or gives a
normal distribution for a share. Scores are by scoringrules: lower is better.
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

CLIP = 0.02  # of forecasts that could be certain
RESAMPLES = 4_000


class Normal(NamedTuple):
    """A normal forecast of a share."""

    mean: float
    sd: float


# ---------------------------------------------------------------------------------------------
# Scores


def brier(chance: float, happened: float) -> float:
    """Squared distance of a chance from what happened."""
    import scoringrules

    return float(scoringrules.brier_score(happened, chance))


def log_score(chance: float, happened: float) -> float:
    """Minus the log of the chance given to what happened."""
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
    """Keep a chance away from certainty."""
    return min(1.0 - CLIP, max(CLIP, chance))


def interval(by_origin: Sequence[Sequence[float]], level: float = 0.9) -> tuple[float, float]:
    """Interval of a mean over origins, by bootstrap of whole origins.

    Parameters
    ----------
    by_origin
        The scores, or differences of scores, of each origin.
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
    """As last observed, clipped; as before the record if it never was."""
    return clipped(known[-1].value if known else before)


def base_rate(known: Sequence[Observation]) -> float:
    """Share of the observations so far in which it held, by Laplace's rule (k + 1) / (n + 2)."""
    return (sum(item.value for item in known) + 1.0) / (len(known) + 2.0)


# ---------------------------------------------------------------------------------------------
# Forecasters of a share


def persistent_share(known: Sequence[Observation]) -> Normal:
    """As last observed; as wide as the changes from one observation to the next have been."""
    changes = np.diff([item.value for item in known])
    spread = float(np.mean(changes**2)) if changes.size else 0.0
    return Normal(known[-1].value, sqrt(spread + 2.0 * known[-1].error ** 2))


def linear_trend(known: Sequence[Observation], month: int) -> Normal:
    """Least squares through all observations so far, with the standard error of prediction.

    The residual spread is taken to be at least the observations' error; with fewer than three
    observations there is no trend, and it is as last observed.
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
    """As last observed, minus a constant for each refused crisis in between.

    Parameters
    ----------
    refusals
        Months of the refused crises up to the origin.
    ahead
        Refused crises between the last observation and the month that is forecast.
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
