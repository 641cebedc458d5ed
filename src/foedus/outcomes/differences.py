"""Two scenarios under the same luck: differences world by world, and where the worlds part."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import TYPE_CHECKING, Any

import numpy as np

from foedus.errors import ResultError
from foedus.outcomes.catalogue import ALLIANCE, POOLED, Outcome, headlines, measured
from foedus.outcomes.estimates import (
    Estimate,
    mean,
    probability,
    standard_error,
    without_range,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt
    import xarray as xr

    from foedus.ensembles.gathered import Worlds
    from foedus.worlds.populations import Populations

    Values = npt.NDArray[Any]

#: What others see of a member's decisions, as arrays of whole worlds.
CONDUCT = ("attended", "consented", "arrears", "frozen", "membership")


@dataclass(frozen=True)
class Difference:
    """How an outcome of one scenario differs from the baseline's.

    Attributes
    ----------
    subject, outcome
        Who, and the key of what is measured, see :mod:`foedus.outcomes.catalogue`.
    baseline, other
        Means in either, over the worlds that have a value in both.
    difference
        Other minus baseline, paired world by world.
    better, worse
        Share of worlds in which the other holds the alliance together better, or worse, than the
        baseline does under the same luck; None where an outcome is neither good nor bad, or has no
        value in a single world.
    narrowing
        How many times narrower the interval is than that of as many unpaired worlds; None where
        nothing differs.
    floor
        Half-width of the interval that would remain however many worlds were added: the
        calibration's own error. Zero where worlds are independent.
    worlds
        How many have a value in both.
    """

    subject: str
    outcome: str
    baseline: float
    other: float
    difference: Estimate
    better: Estimate | None
    worse: Estimate | None
    narrowing: float | None
    floor: float
    worlds: int

    def __str__(self) -> str:
        text = (
            f"{self.subject} {self.outcome}: {self.baseline:.3f} -> {self.other:.3f}, difference "
            f"{self.difference.value:+.3f} [{self.difference.low:+.3f}, "
            f"{self.difference.high:+.3f}]"
        )
        if self.better is not None and self.worse is not None:
            text += (
                f"; better in {self.better.value:.1%}, worse in {self.worse.value:.1%} of worlds"
            )
        if self.narrowing is not None:
            text += f"; {self.narrowing:.1f} x narrower than unpaired"
        return text

    @property
    def half_width(self) -> float:
        """Half the width of the difference's 95 % interval."""
        return 0.5 * (self.difference.high - self.difference.low)

    @property
    def is_headline(self) -> bool:
        """Whether a comparison is judged by it."""
        return self.outcome in headlines(self.subject)


def differences(baseline: Worlds, other: Worlds) -> list[Difference]:
    """Return the difference in everything that is measured, the alliance first."""
    return [
        _difference(baseline, one.subject, one.outcome, one.values, two.values)
        for one, two in zip(measured(baseline), measured(other), strict=True)
    ]


def _difference(
    worlds: Worlds, subject: str, outcome: Outcome, one: Values, two: Values
) -> Difference:
    first, second = one.astype(float), two.astype(float)
    both = ~np.isnan(first) & ~np.isnan(second)
    gap = np.where(both, second - first, np.nan)
    better = worse = None
    if outcome.better and outcome.kind not in POOLED:
        runs = np.flatnonzero(both)
        signed = outcome.better * gap[runs]
        better, worse = (
            probability(sign * signed > 0.0, worlds.populations, runs) for sign in (1, -1)
        )
    difference = mean(gap, worlds.populations)
    return Difference(
        subject,
        outcome.key,
        _mean(first[both]),
        _mean(second[both]),
        without_range(difference) if outcome.kind in POOLED else difference,
        better,
        worse,
        _narrowing(first[both], second[both]),
        _floor(gap, worlds.populations),
        int(both.sum()),
    )


def _mean(values: Values) -> float:
    return float(values.mean()) if values.size else float("nan")


def _narrowing(one: Values, other: Values) -> float | None:
    """Ratio of the standard errors of unpaired and paired differences of so many worlds."""
    if one.size < 2:
        return None
    paired = float(np.var(other - one))
    return sqrt((float(np.var(one)) + float(np.var(other))) / paired) if paired > 0.0 else None


def _floor(gap: Values, populations: Populations) -> float:
    runs = np.flatnonzero(~np.isnan(gap))
    if runs.size < 2:
        return 0.0
    error, z = standard_error(gap[runs], populations, runs)
    independent, _ = standard_error(gap[runs])
    return z * sqrt(max(0.0, error**2 - independent**2))


# ---------------------------------------------------------------------------------------------
# Where worlds part


@dataclass(frozen=True)
class Parting:
    """When the worlds of two scenarios part.

    Attributes
    ----------
    subject
        A member, or the alliance: any of them.
    never
        Share of worlds that do not part by the horizon.
    month
        ``YYYY-MM`` by which half of those that part have done so; None if none does.
    """

    subject: str
    never: Estimate
    month: str | None


def partings(paths: xr.Dataset, baseline: str, other: str, *, conduct: bool) -> Iterator[Parting]:
    """Yield when the worlds of two scenarios part, for the alliance and each member.

    Parameters
    ----------
    paths
        Whole worlds, as from :attr:`foedus.Result.trajectories`.
    baseline, other
        Names of the scenarios.
    conduct
        Whether to look at what members do (:data:`CONDUCT`) instead of at anything about them.
    """
    names = [str(name) for name in paths.data_vars]
    looked_at = [
        name
        for name in (CONDUCT if conduct else names)
        if paths[name].dims == ("scenario", "month", "member", "run")
    ]
    shape = (paths.sizes["month"], paths.sizes["member"], paths.sizes["run"])
    differ: npt.NDArray[np.bool_] = np.zeros(shape, dtype=bool)
    for name in looked_at:
        one, two = (paths[name].sel(scenario=scenario).values for scenario in (baseline, other))
        np.logical_or(differ, (one != two) & ~(np.isnan(one) & np.isnan(two)), out=differ)
    months = paths["month"].values
    yield _parting(ALLIANCE, np.asarray(differ.any(axis=1)), months)
    for place, member in enumerate(paths["member"].values):
        yield _parting(str(member), differ[:, place], months)


def _parting(subject: str, differ: Values, months: Values) -> Parting:
    parted = np.asarray(differ.any(axis=0))
    first = np.sort(differ.argmax(axis=0)[parted])
    middle = str(months[first[(first.size - 1) // 2]])[:7] if first.size else None
    return Parting(subject, probability(np.logical_not(parted)), middle)


def gaps(paths: xr.Dataset, baseline: str, other: str, name: str) -> xr.DataArray:
    """Return the paired difference of an array of whole worlds, month by month and world by world.

    Raises
    ------
    ResultError
        If there is no such array.
    """
    if name not in paths:
        message = f"There is no '{name}' of whole worlds; there are {', '.join(map(str, paths))}."
        raise ResultError(message)
    found: xr.DataArray = paths[name].sel(scenario=other) - paths[name].sel(scenario=baseline)
    return found
