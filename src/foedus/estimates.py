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
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy.typing as npt

Z90, Z95 = 1.6448536269514722, 1.959963984540054  # of intervals that hold so many per cent


class Populations(NamedTuple):
    """How worlds hang together: world i is of the value i mod values of the repair constant.

    Attributes
    ----------
    values
        Values that have equal parts.
    islands
        Populations for each; world i is of the population (i // values) mod islands. One where
        every world is independent.
    """

    values: int = 1
    islands: int = 1


INDEPENDENT = Populations()


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
    n = float(hits.size)
    if n == 0:
        return Estimate(float("nan"), 0.0, 1.0, "Wilson 95 %")
    share = float(np.mean(hits))
    error, z = standard_error(np.asarray(hits, dtype=float), populations, runs)
    if error > 0.0:
        n = min(n, share * (1.0 - share) / error**2)
    centre = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    low = 0.0 if share == 0.0 else max(0.0, centre - half)
    high = 1.0 if share == 1.0 else min(1.0, centre + half)
    return Estimate(share, low, high, "Wilson 95 %")


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
    independent = float(np.std(values, ddof=1)) / sqrt(values.size)
    count, islands = populations
    if islands < 2:
        return independent, Z95
    numbers = np.arange(values.size) if runs is None else runs
    part = numbers % (count * islands)
    sizes = np.bincount(part, minlength=count * islands).reshape(islands, count)
    present = (sizes > 0).all(axis=0)
    if not present.any() or (sizes.any(axis=0) & ~present).any():
        return independent, Z95
    sums = np.bincount(part, values, minlength=count * islands).reshape(islands, count)
    means = sums[:, present] / sizes[:, present]
    weights = sizes[:, present].sum(axis=0) / values.size
    error = sqrt(float(weights**2 @ means.var(axis=0, ddof=1)) / islands)
    freedom = int(present.sum()) * (islands - 1)
    return (error, student(freedom)) if error > independent else (independent, Z95)


def student(freedom: float) -> float:
    """Quantile .975 of Student's t (Abramowitz and Stegun 26.7.5), good to .03 from 3 degrees."""
    if freedom == inf:
        return Z95
    z = Z95
    first = (z**3 + z) / 4.0
    second = (5.0 * z**5 + 16.0 * z**3 + 3.0 * z) / 96.0
    third = (3.0 * z**7 + 19.0 * z**5 + 17.0 * z**3 - 15.0 * z) / 384.0
    return z + first / freedom + second / freedom**2 + third / freedom**3
