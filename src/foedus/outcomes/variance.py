"""How much of the spread of an outcome comes from not knowing the numbers, and how much from luck.

A set of numbers is one value for each parameter and opening number. Worlds with the same set differ
by luck alone, that is by their random draws. So where each set has several worlds, the spread
between sets beyond what luck gives comes from not knowing the numbers (one-way analysis of variance
with random effects: Searle, Casella and McCulloch 1992, Variance Components). With a posterior, a
set is one posterior draw: numbers, and the state at the end of the record that they led to.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, sqrt
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from foedus.ensembles import ensemble
from foedus.outcomes.catalogue import ALLIANCE, headlines, value_of
from foedus.outcomes.estimates import Z95, Estimate
from foedus.worlds.openings import Crossed

if TYPE_CHECKING:
    import numpy.typing as npt

    from foedus.ensembles.ensemble import Ensemble
    from foedus.ensembles.gathered import Worlds

    Floats = npt.NDArray[np.float64]

FEWEST = 2.0  # least number of worlds of each set of numbers, on average
SETS, WORLDS = 500, 16  # sets and worlds of each, simulated where every world has its own numbers
JACKKNIFE = "95 %, jackknife over draws"
ROUNDING = 1e-12  # ratio of spread within sets to that between, below which it counts as none


@dataclass(frozen=True)
class Split:
    """Where the spread of an outcome over worlds comes from.

    Attributes
    ----------
    deviation
        Standard deviation over worlds.
    from_numbers
        Share of its variance that comes from not knowing the numbers; the rest is luck.
    """

    deviation: float
    from_numbers: Estimate


def split(values: npt.NDArray[Any], sets: int) -> Split | None:
    """Split the variance of an outcome between the numbers of worlds and their luck.

    Parameters
    ----------
    values
        The outcome: shape (world,). World i has the set of numbers i mod ``sets``. NaN is left out.
    sets
        Number of sets of numbers.

    Returns
    -------
    Split or None
        None if there is no spread, if there are too few worlds of each set, or if all spread is in
        a single set.
    """
    there = ~np.isnan(values)
    which = np.arange(values.size)[there] % sets
    present = values[there].astype(float)
    sizes = np.bincount(which, minlength=sets).astype(float)
    some = sizes > 0
    if some.sum() < 2 or present.size < FEWEST * some.sum() or present.min() == present.max():
        return None
    centred = present - present.mean()
    groups = _Groups(
        np.ones(int(some.sum())),
        sizes[some],
        np.bincount(which, centred, minlength=sets)[some].astype(float),
        np.bincount(which, centred * centred, minlength=sets)[some].astype(float),
    )
    share = _share(groups)
    return None if share is None else Split(float(present.std(ddof=1)), share)


class _Groups(NamedTuple):
    """Sums over the worlds of each set of numbers: shape (set,) each.

    Attributes
    ----------
    ones
        1 for each set, so that its sum is the number of sets.
    sizes
        Number of worlds.
    sums, squares
        Sum and sum of squares of the outcome.
    """

    ones: Floats
    sizes: Floats
    sums: Floats
    squares: Floats


def _share(groups: _Groups) -> Estimate | None:
    """Share of the variance that lies between groups; None if it depends on a single group.

    The interval is that of the logarithm of the ratio of mean squares, by the jackknife over
    groups, which assumes no normal distribution (Arvesen 1969, Annals of Mathematical Statistics
    40:2076-2100).
    """
    totals = np.array([
        groups.ones.sum(),
        groups.sizes.sum(),
        groups.sums.sum(),
        groups.squares.sum(),
        (groups.sums**2 / groups.sizes).sum(),
        (groups.sizes**2).sum(),
    ])  # fmt: skip
    parts = np.stack([
        groups.ones,
        groups.sizes,
        groups.sums,
        groups.squares,
        groups.sums**2 / groups.sizes,
        groups.sizes**2,
    ])  # fmt: skip
    count = groups.ones.size
    whole, each = _log_ratio(totals[:, None]), _log_ratio(totals[:, None] - parts)
    if np.isposinf(whole).all():
        return Estimate(1.0, 1.0, 1.0, JACKKNIFE)  # worlds of the same set do not differ
    if not np.isfinite(whole).all() or not np.isfinite(each).all():
        return None
    pseudo = count * whole - (count - 1) * each
    half = Z95 * float(pseudo.std(ddof=1)) / sqrt(count)
    size = float((totals[1] - totals[5] / totals[1]) / (count - 1))
    value, low, high = (
        _from_ratio(exp(float(whole[0]) + shift), size) for shift in (0.0, -half, half)
    )
    return Estimate(value, low, high, JACKKNIFE)


def _log_ratio(totals: Floats) -> Floats:
    """Logarithm of the mean square between groups over the mean square within groups.

    ``totals`` holds the six sums of :func:`_share` in its rows, one case in each column.
    """
    number, n, total, squares, of_sums, _ = totals
    within = (squares - of_sums) / (n - number)
    between = (of_sums - total**2 / n) / (number - 1.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        found: Floats = np.log(between / np.where(within > ROUNDING * between, within, 0.0))
    return found


def _from_ratio(ratio: float, size: float) -> float:
    """Share of the variance between groups, from the ratio of mean squares and the mean size."""
    return max(0.0, (ratio - 1.0) / (ratio - 1.0 + size))


def splits(worlds: Worlds, sets: int) -> dict[str, dict[str, Split]]:
    """Split the variance of cohesion, and of each member's activity and trust.

    Parameters
    ----------
    worlds
        Worlds of one scenario; world i has the set of numbers i mod ``sets``.
    sets
        Number of sets of numbers.

    Returns
    -------
    dict
        By subject (the alliance or a member's code) and outcome; outcomes that cannot be split are
        left out.
    """
    found: dict[str, dict[str, Split]] = {}
    for subject in (ALLIANCE, *worlds.scenario.alliance.members):
        for name in headlines(subject):
            one = split(value_of(worlds, subject, name), sets)
            if one is not None:
                found.setdefault(subject, {})[name] = one
    return found


def crossed(made: Ensemble, sets: int = SETS, each: int = WORLDS) -> Ensemble:
    """Simulate the scenarios of an ensemble again, with several worlds for each set of numbers.

    That is done only if every world of the ensemble has its own numbers; otherwise the ensemble is
    returned as it is.

    Parameters
    ----------
    sets, each
        Number of sets of numbers, and of worlds with each set.
    """
    if made.design.sets is not None:
        return made
    design = Crossed(made.design, sets)
    return ensemble.run(made.scenarios, design, sets * each, seed=made.seed)
