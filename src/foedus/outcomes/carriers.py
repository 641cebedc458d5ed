"""What carries an outcome: numbers whose value, not luck, decides it, and the range that they open.

Worlds draw their numbers. For each number the worlds in which it is in the lowest third of its
draws are compared with those in which it is in the highest third. A number carries an outcome if
the difference of the means would arise by chance, for any of the numbers, in one case of twenty
(Bonferroni).

A chance that is quoted alone hides what is not known. So it is given with a range: the least and
the most that one of the models says by itself, that holds where a number that carries it is low or
high, or that the interval of the estimate leaves open.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import copysign, inf
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from foedus.model.elementary import normal_quantile
from foedus.model.specifications import specifications
from foedus.outcomes.estimates import Estimate, standard_error
from foedus.worlds.engines import kernel_for
from foedus.worlds.openings import drawn_numbers
from foedus.worlds.posterior import Posterior

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import numpy.typing as npt

    from foedus.ensembles.ensemble import Ensemble
    from foedus.ensembles.gathered import Worlds
    from foedus.worlds.openings import Design
    from foedus.worlds.populations import Populations

    Floats = npt.NDArray[np.float64]
    Flags = npt.NDArray[np.bool_]

FEWEST_WORLDS, FEWEST_OF_A_THIRD = 30, 5  # below these nothing is compared
MOST_WORLDS = 100_000  # the first worlds, which are enough to tell what carries an outcome
WRONG = 0.05  # chance that some number counts as a carrier by luck alone
TRIED = 4  # numbers whose error is computed, for each one that is asked for


@dataclass(frozen=True)
class Carrier:
    """A number whose value decides an outcome more than chance does.

    Attributes
    ----------
    name
        Parameter, or member and opening number, such as ``trust_loss`` or ``ARM.trust``.
    kind
        Kind of its evidence.
    informed
        Whether the record informs it; None for an opening number, and where nothing was calibrated.
    lower, upper
        The number itself: its median in the lowest and in the highest third of its draws.
    low, high
        Mean of the outcome in the worlds of either third.
    difference
        High minus low, with its Monte Carlo 95 % interval.
    z
        The difference in standard errors.
    """

    name: str
    kind: str
    informed: bool | None
    lower: float
    upper: float
    low: float
    high: float
    difference: Estimate
    z: float


@dataclass(frozen=True)
class OpenRange:
    """What is open of an outcome: the least and the most that can be defended.

    Attributes
    ----------
    least, most
        Bounds over the models, over low and high values of each number that carries it, and over
        the estimate's interval.
    models
        How many models there are; 0 for one or none.
    numbers
        Names of the numbers that make it wider than the models do, the strongest first.
    """

    least: float
    most: float
    models: int
    numbers: tuple[str, ...]


class _Numbers(NamedTuple):
    """The drawn numbers of worlds: a row each, with the worlds in which it is low and high."""

    names: tuple[str, ...]
    kinds: tuple[str, ...]
    values: Floats
    low: Flags
    high: Flags


class _Rough(NamedTuple):
    """Numbers compared by thirds: which pass, means (low, high), z of each, and its threshold."""

    passed: list[int]
    means: Floats
    z: Floats
    threshold: float


def _passing(means: Floats, z: Floats, usable: Flags) -> _Rough:
    """Return which of the numbers pass as carriers of an outcome, as far as rough errors tell."""
    threshold = normal_quantile(1.0 - WRONG / 2.0 / max(1, int(usable.sum())))
    passed = np.flatnonzero(usable & (np.abs(z) > threshold))
    return _Rough(passed.tolist(), means, z, threshold)


class Carrying:
    """Finds what carries the outcomes of the worlds of one scenario.

    Parameters
    ----------
    ensemble
        Where the worlds belong; it knows where their numbers came from.
    worlds
        The worlds of one of its scenarios.
    kinds
        Kind of evidence of each number, by name.
    """

    def __init__(self, ensemble: Ensemble, worlds: Worlds, kinds: Mapping[str, str]) -> None:
        self._ensemble, self._worlds, self._kinds = ensemble, worlds, kinds

    @cached_property
    def _numbers(self) -> _Numbers:
        runs = np.arange(min(self._worlds.runs, MOST_WORLDS))
        drawn = drawn_numbers(
            self._ensemble.design,
            self._worlds.scenario,
            self._ensemble.seed,
            runs,
            kernel_for(runs.size),
        )
        kept = [(name, kind, values, *thirds(values)) for name, kind, values in drawn]
        names, kinds, values, low, high = zip(*kept, strict=True) if kept else ((),) * 5
        shape = (len(names), runs.size)
        return _Numbers(
            names,
            kinds,
            np.reshape(np.array(values, dtype=float), shape),
            np.reshape(np.array(low, dtype=bool), shape),
            np.reshape(np.array(high, dtype=bool), shape),
        )

    @cached_property
    def _thirds(self) -> npt.NDArray[np.float32]:
        """1 where a number is low, and where it is high: shape (2, number, world)."""
        return np.stack([self._numbers.low, self._numbers.high]).astype(np.float32)

    def of(self, values: npt.NDArray[np.generic], most: int | None = None) -> list[Carrier]:
        """Return the numbers that an outcome depends on most, strongest first.

        Parameters
        ----------
        values
            The outcome, world by world; NaN where a world has none.
        most
            How many at most; all if omitted.
        """
        (outcome,), (rough,) = self._rough([values])
        tried = sorted(rough.passed, key=lambda place: -abs(rough.z[place]))
        found = self._carriers(tried[: most and TRIED * most], outcome, rough.threshold)
        return sorted(found, key=lambda item: (-abs(item.z), item.name))[:most]

    def ranges_of(
        self, estimates: Sequence[Estimate], values: Sequence[npt.NDArray[np.generic]]
    ) -> list[OpenRange]:
        """Return what is open of some outcomes.

        Parameters
        ----------
        estimates
            The mean of each over the worlds.
        values
            Each outcome, world by world.
        """
        if not estimates:
            return []
        return [
            self._range_of(estimate, outcome, rough)
            for estimate, outcome, rough in zip(estimates, *self._rough(values), strict=True)
        ]

    def _range_of(self, estimate: Estimate, outcome: Floats, rough: _Rough) -> OpenRange:
        least, most = estimate.shown
        outside = (rough.means.min(axis=0) < least) | (rough.means.max(axis=0) > most)
        wider = [place for place in rough.passed if outside[place]]
        found = self._carriers(wider, outcome, rough.threshold)
        known = (least, most, estimate.low, estimate.high)
        bounds = [*known, *(bound for one in found for bound in (one.low, one.high))]
        names = [one.name for one in sorted(found, key=lambda one: -abs(one.difference.value))]
        return OpenRange(min(bounds), max(bounds), estimate.models or 0, tuple(names))

    def _carriers(self, places: Iterable[int], outcome: Floats, threshold: float) -> list[Carrier]:
        """Return those of some numbers that carry an outcome by the exact error."""
        found = (self._carrier(place, outcome) for place in places)
        return [one for one in found if one is not None and abs(one.z) > threshold]

    def _rough(
        self, values: Sequence[npt.NDArray[np.generic]]
    ) -> tuple[list[Floats], list[_Rough]]:
        """Compare thirds of all numbers at once, as if all worlds were independent.

        The exact error is never less, so that every carrier is among those that pass.
        """
        outcomes = [np.asarray(one[:MOST_WORLDS], dtype=float) for one in values]
        there = np.array([~np.isnan(outcome) for outcome in outcomes])
        present = np.where(there, outcomes, 0.0)
        moments = np.stack([there, present, present**2]).astype(np.float32)
        count, total, squares = (self._thirds @ moment.T for moment in moments)
        with np.errstate(divide="ignore", invalid="ignore"):
            means = total / count
            squared_errors = np.maximum(squares / count - means**2, 0.0) / count
            z = (means[1] - means[0]) / np.sqrt(squared_errors.sum(axis=0))
        usable = (count.min(axis=0) >= FEWEST_OF_A_THIRD) & ~np.isnan(z)
        usable &= there.sum(axis=1) >= FEWEST_WORLDS
        return outcomes, [
            _passing(means[:, :, place], z[:, place], usable[:, place])
            for place in range(len(outcomes))
        ]

    def _carrier(self, place: int, outcome: Floats) -> Carrier | None:
        numbers, runs = self._numbers, np.flatnonzero(~np.isnan(outcome))
        low, high = numbers.low[place][runs], numbers.high[place][runs]
        found = contrast(low, high, outcome[runs], self._worlds.populations, runs)
        if found is None:
            return None
        name, drawn = numbers.names[place], numbers.values[place][runs]
        kind = self._kinds.get(name, numbers.kinds[place])
        informed = informed_by_record(self._ensemble.design, name)
        lower, upper = (float(np.median(drawn[third])) for third in (low, high))
        return Carrier(name, kind, informed, lower, upper, *found)


def informed_by_record(design: Design, name: str) -> bool | None:
    """Whether the record informs a number; None for opening numbers and where there is no record.

    Parameters
    ----------
    design
        Where the numbers of the worlds come from.
    name
        Of a parameter, or of a member's opening number.
    """
    if not isinstance(design, Posterior) or name not in specifications():
        return None
    return name in design.informed


def thirds(drawn: Floats) -> tuple[Flags, Flags]:
    """Worlds in which a number is in its lowest and highest third; none where these are alike."""
    lower, upper = np.quantile(drawn, [1 / 3, 2 / 3])
    if lower == upper:
        return np.zeros(drawn.shape, dtype=bool), np.zeros(drawn.shape, dtype=bool)
    return drawn <= lower, drawn >= upper


def contrast(
    low: Flags, high: Flags, values: Floats, populations: Populations, runs: npt.NDArray[np.int64]
) -> tuple[float, float, Estimate, float] | None:
    """Means in two groups of worlds, their difference, and it in errors; None if there is none."""
    means = float(values[low].mean()), float(values[high].mean())
    # Each world's part in the difference of the means, whose mean is none.
    parts = high * (values - means[1]) / high.mean() - low * (values - means[0]) / low.mean()
    error, z = standard_error(parts, populations, runs)
    difference = means[1] - means[0]
    if difference == 0.0:
        return None
    estimate = Estimate(difference, difference - z * error, difference + z * error, "95 %")
    return (*means, estimate, difference / error if error > 0.0 else copysign(inf, difference))
