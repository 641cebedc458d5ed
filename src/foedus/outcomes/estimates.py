"""Estimates from simulated worlds, with their Monte Carlo errors.

Worlds of a posterior are not independent: several of them continue the same posterior draw, and the
draws come from a few populations of particles, within which they depend on each other. The
populations were simulated independently of each other. So the standard error of a mean is taken
from the spread of the populations' means (batch means). This is done within each value of the
repair constant, since the values have fixed shares of the worlds. The error is never taken to be
less than that of independent worlds. A probability has Wilson's interval (Wilson 1927) for the
number of independent worlds that would have the same standard error.
"""

from __future__ import annotations

from dataclasses import dataclass
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
    """

    value: float
    low: float
    high: float
    interval: str

    def __str__(self) -> str:
        return f"{self.value:.2f} [{self.low:.2f}, {self.high:.2f}]"


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
    """

    value: Floats
    low: Floats
    high: Floats

    def at(self, month: int) -> Estimate:
        """Return the estimate at the end of a month, counted from 1."""
        value, low, high = (float(row[month]) for row in (self.value, self.low, self.high))
        return Estimate(value, low, high, WILSON)


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
    n, (count, islands) = months.size, populations
    numbers = np.arange(n) if runs is None else runs
    part = numbers % (count * islands)
    place = part * (last + 1) + months
    counts = np.bincount(place, minlength=count * islands * (last + 1))
    hits = counts.reshape(islands, count, last + 1)
    hits[..., 0] = 0
    hits = np.cumsum(hits, axis=-1)
    share = hits.sum(axis=(0, 1)) / n
    sizes = np.bincount(part, minlength=count * islands).reshape(islands, count)
    spread = np.sqrt(share * (1.0 - share) / max(1, n - 1))
    error, z = _error(spread, hits, sizes)
    with np.errstate(divide="ignore", invalid="ignore"):
        size = np.where(error > 0.0, np.minimum(n, share * (1.0 - share) / error**2), n)
    centre = (share + z**2 / (2 * size)) / (1 + z**2 / size)
    half = z / (1 + z**2 / size) * np.sqrt(share * (1 - share) / size + z**2 / (4 * size**2))
    low = np.where(share == 0.0, 0.0, np.maximum(0.0, centre - half))
    high = np.where(share == 1.0, 1.0, np.minimum(1.0, centre + half))
    return Curve(share, low, high)


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
    return Estimate(value, low, high, "95 %")


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
    count, islands = populations
    numbers = np.arange(values.size) if runs is None else runs
    part = numbers % (count * islands)
    sizes = np.bincount(part, minlength=count * islands).reshape(islands, count)
    sums = np.bincount(part, values, minlength=count * islands).reshape(islands, count)
    error, z = _error(independent, sums[..., None], sizes)
    return float(error[0]), float(z[0])


def _error(independent: Floats, sums: Any, sizes: Any) -> tuple[Floats, Floats]:
    """Standard errors of several means, and the quantiles for their 95 % intervals.

    Parameters
    ----------
    independent
        Standard errors that independent worlds would have: shape (mean,).
    sums
        Sums over the worlds of each population: shape (island, value, mean). An island is a
        population within a value of the repair constant.
    sizes
        Numbers of worlds of each population: shape (island, value).
    """
    islands = len(sizes)
    normal = np.full_like(independent, Z95)
    present = (sizes > 0).all(axis=0)
    if islands < 2 or not present.any() or (sizes.any(axis=0) & ~present).any():
        return independent, normal
    means = sums[:, present] / sizes[:, present, None]
    weights = sizes[:, present].sum(axis=0) / sizes.sum()
    error = np.sqrt(weights**2 @ means.var(axis=0, ddof=1) / islands)
    wider = error > independent
    freedom = int(present.sum()) * (islands - 1)
    return np.where(wider, error, independent), np.where(wider, student(freedom), normal)


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
