"""Estimates from simulated worlds, with their Monte Carlo errors.

Worlds of a posterior are not independent: several of them continue the same posterior draw, and the
draws come from a few populations of particles, within which they depend on each other. The
populations were simulated independently of each other. So the standard error of a mean is taken
from the spread of the populations' means (batch means). This is done within each value of the
repair constant, since the values have fixed shares of the worlds. The error is never taken to be
less than that of independent worlds. A probability has Wilson's interval (Wilson 1927) for the
number of independent worlds that would have the same standard error.

Where the worlds come from several models (structures and codings that can each be defended), an
estimate also has its range over them: the least and the most that one of the models says by itself.
The estimate over all worlds is their mean, weighted by the share of the worlds that each has.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import inf, sqrt
from typing import TYPE_CHECKING, Any

import numpy as np

from foedus.worlds.populations import INDEPENDENT, Populations

if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

Z90, Z95 = 1.6448536269514722, 1.959963984540054  # half-widths of normal 90 and 95 % intervals
WILSON = "Wilson 95 %"


@dataclass(frozen=True)
class Estimate:
    """A number estimated from worlds, with an interval.

    Attributes
    ----------
    value, low, high
        The estimate and its interval.
    interval
        What the interval is: ``Wilson 95 %`` or ``95 %`` (Monte Carlo error), or ``90 % of worlds``
        (spread).
    least, most
        The least and the most that one of the models says by itself; None where the worlds come
        from a single model or from none.
    models
        How many models that range is over.
    """

    value: float
    low: float
    high: float
    interval: str
    least: float | None = None
    most: float | None = None
    models: int | None = None

    def __str__(self) -> str:
        return f"{self.value:.2f} [{self.low:.2f}, {self.high:.2f}]"

    @property
    def shown(self) -> tuple[float, float]:
        """The bounds to be shown with the estimate: the range over models, else the interval."""
        if self.least is None or self.most is None:
            return self.low, self.high
        return self.least, self.most


def without_range(estimate: Estimate) -> Estimate:
    """Return an estimate without its range over models, where no model has one by itself."""
    return replace(estimate, least=None, most=None, models=None)


def is_narrow(low: float, high: float) -> bool:
    """Whether an interval is so narrow (below .02) that another decimal has to be shown."""
    return 0.0 < high - low < 0.02


def probability(
    hits: npt.NDArray[Any],
    populations: Populations = INDEPENDENT,
    runs: npt.NDArray[np.int64] | None = None,
) -> Estimate:
    """Share of worlds with its Wilson 95 % interval; NaN for no worlds.

    Parameters
    ----------
    hits
        Whether the event holds in each world: shape (world,).
    populations
        Which worlds depend on each other, see :class:`~foedus.worlds.populations.Populations`.
    runs
        Number of each world: shape (world,); counted from 0 if omitted.
    """
    if hits.size == 0:
        return Estimate(float("nan"), 0.0, 1.0, WILSON)
    curve = shares_by(np.where(hits, 1, 0), 1, populations, runs)
    return curve.at(1)


@dataclass(frozen=True)
class Curve:
    """Shares of worlds by the end of each month, with Wilson's 95 % interval.

    Attributes
    ----------
    value, low, high
        Shape (months + 1,): entry 0 is before the first month, where the share is 0; entry k is at
        the end of month k.
    by_model
        Shape (model, months + 1): the share that each model says by itself; no row where there are
        no several models.
    """

    value: Floats
    low: Floats
    high: Floats
    by_model: Floats

    @property
    def shown(self) -> tuple[Floats, Floats]:
        """The bounds to be shown with the curve: the range over models, else the interval."""
        if len(self.by_model) < 2:
            return self.low, self.high
        return self.by_model.min(axis=0), self.by_model.max(axis=0)

    def at(self, month: int) -> Estimate:
        """Return the estimate at the end of a month, counted from 1."""
        value, low, high = (float(row[month]) for row in (self.value, self.low, self.high))
        return _ranged(Estimate(value, low, high, WILSON), self.by_model[:, month])


def shares_by(
    months: npt.NDArray[Any],
    last: int,
    populations: Populations = INDEPENDENT,
    runs: npt.NDArray[np.int64] | None = None,
) -> Curve:
    """Share of worlds in which something has happened by the end of each month.

    Parameters
    ----------
    months
        Shape (world,): the month in which it happens, from 1; 0 if never. At least one world.
    last
        Last month.
    populations, runs
        As for :func:`probability`.
    """
    n, groups = months.size, populations.group_strata.size
    part = _parts(np.arange(n) if runs is None else runs, populations)
    counts = np.bincount(part * (last + 1) + months, minlength=groups * (last + 1))
    hits = counts.reshape(groups, last + 1)
    hits[:, 0] = 0
    hits = np.cumsum(hits, axis=-1)
    share = hits.sum(axis=0) / n
    sizes = np.bincount(part, minlength=groups)
    spread = np.sqrt(share * (1.0 - share) / max(1, n - 1))
    error, z = _error(spread, hits, sizes, populations.group_strata)
    with np.errstate(divide="ignore", invalid="ignore"):
        size = np.where(error > 0.0, np.minimum(n, share * (1.0 - share) / error**2), n)
    centre = (share + z**2 / (2 * size)) / (1 + z**2 / size)
    half = z / (1 + z**2 / size) * np.sqrt(share * (1 - share) / size + z**2 / (4 * size**2))
    low = np.where(share == 0.0, 0.0, np.maximum(0.0, centre - half))
    high = np.where(share == 1.0, 1.0, np.minimum(1.0, centre + half))
    return Curve(share, low, high, _by_model(hits, sizes, populations))


def mean(
    values: npt.NDArray[Any], populations: Populations = INDEPENDENT, *, share: bool = False
) -> Estimate:
    """Mean over worlds with its Monte Carlo 95 % interval.

    Parameters
    ----------
    values
        Shape (world,); NaN where a world has no value, and is left out.
    populations
        As for :func:`probability`.
    share
        Whether the values are shares, whose interval is cut at 0 and 1.
    """
    runs = np.flatnonzero(~np.isnan(values))
    present = values[runs].astype(float, copy=False)
    if present.size == 0:
        return Estimate(float("nan"), float("nan"), float("nan"), "95 %")
    error, z = standard_error(present, populations, runs)
    value = float(np.mean(present))
    low, high = value - z * error, value + z * error
    if share:
        low, high = max(0.0, low), min(1.0, high)
    found = Estimate(value, low, high, "95 %")
    if not populations.have_range:
        return found
    sums, sizes = _sums(present, populations, runs)
    return _ranged(found, _by_model(sums, sizes, populations)[:, 0])


def estimated(values: npt.NDArray[Any], populations: Populations, *, chance: bool) -> Estimate:
    """Return the probability that values are true, or the mean of numbers.

    Parameters
    ----------
    values
        Shape (world,).
    populations
        As for :func:`probability`.
    chance
        Whether the values are true or false.
    """
    return probability(values, populations) if chance else mean(values.astype(float), populations)


def by_model(values: npt.NDArray[Any], populations: Populations) -> dict[str, float]:
    """Return the mean over the worlds of each model, by its name; empty without several models.

    Parameters
    ----------
    values
        Shape (world,); NaN where a world has no value, and is left out.
    populations
        As for :func:`probability`.
    """
    if not populations.have_range:
        return {}
    runs = np.flatnonzero(~np.isnan(values))
    models = populations.models[runs % populations.size]
    return {
        name: float(np.mean(values[runs][models == place]))
        for place, name in enumerate(populations.names)
        if (models == place).any()
    }


def difference(
    pair: Iterable[npt.NDArray[Any]], populations: Populations = INDEPENDENT
) -> Estimate:
    """Mean of the paired difference, second minus first, with its interval.

    The two arrays, shape (world,) each, hold the same worlds under two scenarios.
    """
    one, other = pair
    return mean(other.astype(float) - one.astype(float), populations)


def ratio(part: npt.NDArray[Any], whole: npt.NDArray[Any]) -> Floats:
    """Return a value for each world, such that their mean is the ratio of two sums over worlds.

    Each value is the ratio plus the world's first-order contribution to the ratio's error (delta
    method). So the standard error of their mean is that of the ratio, and functions such as
    :func:`mean` can be used. All values are NaN if the sum of ``whole`` is 0.

    Parameters
    ----------
    part, whole
        Numerator and denominator in each world: shape (world,).
    """
    part, whole = part.astype(float), whole.astype(float)
    total = float(whole.sum())
    if total == 0.0:
        return np.full(whole.shape, np.nan)
    found = float(part.sum()) / total
    return found + (part - found * whole) / (total / whole.size)


def spread(values: npt.NDArray[Any]) -> Estimate:
    """Median over worlds, with the interval that holds 90 % of the worlds; NaN is left out.

    All three are values of some world (there is no interpolation), so counts stay whole numbers.
    """
    present = values[~np.isnan(values)]
    if present.size == 0:
        return Estimate(float("nan"), float("nan"), float("nan"), "90 % of worlds")
    low, median, high = np.quantile(present, [0.05, 0.5, 0.95], method="inverted_cdf")
    return Estimate(float(median), float(low), float(high), "90 % of worlds")


def standard_error(
    values: npt.NDArray[Any],
    populations: Populations = INDEPENDENT,
    runs: npt.NDArray[np.int64] | None = None,
) -> tuple[float, float]:
    """Standard error of a mean over worlds, and the quantile for its 95 % interval.

    Parameters
    ----------
    values
        Shape (world,), without NaN.
    populations, runs
        As for :func:`probability`.

    Returns
    -------
    tuple of float
        The error, NaN for a single world; and the number of errors to either side that the interval
        extends. It is Student's quantile where the error is estimated from the populations' means,
        and the normal one else.
    """
    if values.size < 2:
        return float("nan"), Z95
    independent = np.array([np.std(values, ddof=1) / sqrt(values.size)])
    sums, sizes = _sums(values, populations, np.arange(values.size) if runs is None else runs)
    error, z = _error(independent, sums, sizes, populations.group_strata)
    return float(error[0]), float(z[0])


def _parts(runs: npt.NDArray[np.int64], populations: Populations) -> npt.NDArray[np.int64]:
    """Population of each world, given the worlds' numbers."""
    return populations.groups[runs % populations.size]


def _sums(
    values: Floats, populations: Populations, runs: npt.NDArray[np.int64]
) -> tuple[Floats, npt.NDArray[np.int64]]:
    """Sum over the worlds of each population, shape (population, 1), and how many there are."""
    part, groups = _parts(runs, populations), populations.group_strata.size
    sums = np.bincount(part, values, minlength=groups)[:, None]
    return sums.astype(float), np.bincount(part, minlength=groups).astype(np.int64)


def _by_model(sums: Any, sizes: Any, populations: Populations) -> Floats:
    """Mean in the worlds of each model that has any: shape (model, mean); no row without models."""
    if not populations.have_range:
        return np.empty((0, sums.shape[1]))
    models = np.arange(len(populations.names))
    belongs = populations.group_models == models[:, None]
    worlds = belongs @ sizes
    there = worlds > 0
    found: Floats = (belongs @ sums)[there] / worlds[there, None]
    return found


def _ranged(estimate: Estimate, by_model: Floats) -> Estimate:
    """Return an estimate with its range over models, if there are several."""
    if by_model.size < 2:
        return estimate
    least, most = float(by_model.min()), float(by_model.max())
    return replace(estimate, least=least, most=most, models=int(by_model.size))


def _error(
    independent: Floats, sums: Any, sizes: Any, strata: npt.NDArray[np.int64]
) -> tuple[Floats, Floats]:
    """Standard errors of several means, and the quantiles for their 95 % intervals.

    Strata have fixed shares of the worlds, so the squared errors of their means add up. A stratum
    with a single population, or with a population that has no world here, contributes what
    independent worlds would.

    Parameters
    ----------
    independent
        Standard errors that independent worlds would have: shape (mean,).
    sums
        Sums over the worlds of each population: shape (population, mean).
    sizes, strata
        Numbers of worlds of each population, and the stratum that it belongs to.
    """
    _, which = np.unique(strata, return_inverse=True)
    belongs = np.zeros((int(which.max()) + 1, strata.size))
    belongs[which, np.arange(strata.size)] = 1.0
    counts, worlds = belongs.sum(axis=1), belongs @ sizes
    known = (counts >= 2) & (belongs @ (sizes > 0) == counts)
    weights = (worlds / worlds.sum())[:, None]
    means = sums / np.maximum(sizes, 1)[:, None]
    middles = (belongs @ means) / counts[:, None]
    spreads = belongs @ (means - middles[which]) ** 2 / np.maximum(counts - 1, 1)[:, None]
    parts = np.where(
        known[:, None], weights**2 * spreads / counts[:, None], weights * independent**2
    )
    square, freedom = parts.sum(axis=0), float((counts - 1.0)[known].sum())
    error = np.sqrt(square)
    wider = (error > independent) & (freedom > 0)
    normal = np.full_like(independent, Z95)
    quantile = student(freedom) if freedom else Z95
    return np.where(wider, error, independent), np.where(wider, quantile, normal)


def student(freedom: float) -> float:
    """Quantile .975 of Student's t distribution with some degrees of freedom.

    By the expansion of Abramowitz and Stegun 26.7.5, which is off by less than .03 from 3 degrees
    of freedom on.
    """
    if freedom == inf:
        return Z95
    z = Z95
    first = (z**3 + z) / 4.0
    second = (5.0 * z**5 + 16.0 * z**3 + 3.0 * z) / 96.0
    third = (3.0 * z**7 + 19.0 * z**5 + 17.0 * z**3 - 15.0 * z) / 384.0
    return z + first / freedom + second / freedom**2 + third / freedom**3
