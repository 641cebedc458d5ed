"""Estimates from worlds, with how well they are known.

Worlds of a posterior are not independent: several go on from the same draw, and draws of one
population of the calibration share its history. Then the error of a mean is taken from how far the
means of the populations lie apart, which never met (batch means), within each value of the repair
constant, whose values have fixed parts; it is never taken to be less than that of independent
worlds. Probabilities have Wilson's interval (Wilson 1927) for so many independent worlds as would
have that error.
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

Z90, Z95 = 1.6448536269514722, 1.959963984540054  # of intervals that hold so many per cent
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
    """Whether an interval would vanish in two decimals, so that one more is shown."""
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
        Whether it is so, world by world.
    populations
        How the worlds hang together.
    runs
        Their numbers; from 0 if omitted.
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
        Shape (months + 1,): from before the first month, where the share is 0, to the last.
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
    """Mean over worlds with its Monte Carlo 95 % interval; worlds without a value are left out.

    The interval of a ``share`` is cut at 0 and 1.
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
    """Mean difference, second minus first, world by world under the same luck (paired)."""
    one, other = pair
    return mean(other.astype(float) - one.astype(float), populations)


def ratio(part: npt.NDArray[Any], whole: npt.NDArray[Any]) -> Floats:
    """Return values whose mean is the ratio of two sums, and whose error is the ratio's.

    That is the ratio and each world's part in its error, to first order (delta method). NaN
    everywhere if the whole is nothing.
    """
    part, whole = part.astype(float), whole.astype(float)
    total = float(whole.sum())
    if total == 0.0:
        return np.full(whole.shape, np.nan)
    found = float(part.sum()) / total
    return found + (part - found * whole) / (total / whole.size)


def spread(values: npt.NDArray[Any]) -> Estimate:
    """Median over worlds with the interval that holds 90 % of them; missing ones are left out.

    Each is the value of some world (no interpolation), so counts stay counts.
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

    Returns
    -------
    tuple of float
        NaN for the error of a single world; the quantile is Student's where the error is from few
        populations.
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
    """Standard errors and the quantiles for their 95 % intervals.

    Parameters
    ----------
    independent
        Those that independent worlds would have: shape (mean,).
    sums
        Sums over the worlds of each population: shape (island, value, mean).
    sizes
        Numbers of worlds, of shape (island, value).
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
    """Quantile .975 of Student's t (Abramowitz and Stegun 26.7.5), good to .03 from 3 degrees."""
    if freedom == inf:
        return Z95
    z = Z95
    first = (z**3 + z) / 4.0
    second = (5.0 * z**5 + 16.0 * z**3 + 3.0 * z) / 96.0
    third = (3.0 * z**7 + 19.0 * z**5 + 17.0 * z**3 - 15.0 * z) / 384.0
    return z + first / freedom + second / freedom**2 + third / freedom**3
