"""A hundred worlds in proportion: which of many worlds a picture shows that draws each of them.

Worlds are grouped by the end state of the alliance. Groups are shared out by largest remainders, so
that they add up to a hundred. Within a group the worlds are put in order of who takes part, and
every so manieth is chosen: then each pattern of who takes part is in proportion too. Nothing is
drawn by lot, and the order in which the worlds come does not matter.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from foedus.model.cohesion import END_STATES
from foedus.model.records import STANDINGS

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt
    import xarray as xr

    Integers = npt.NDArray[np.int64]

HUNDRED = 100
#: What becomes of a client in a world.
GONE, AWAY, TAKING_PART = 0, 1, 2
_LEFT = STANDINGS.index("withdrawn")  # standings from here on are outside the alliance


class Group(NamedTuple):
    """The worlds of one end state.

    Attributes
    ----------
    share
        Share of all worlds.
    chosen
        What becomes of each client (``GONE``, ``AWAY`` or ``TAKING_PART``) in the worlds that stand
        for them, those in which fewest take part first: shape (world, member).
    """

    share: float
    chosen: Integers


def hundred(data: xr.Dataset, scenario: str) -> dict[str, Group]:
    """Choose a hundred worlds of a scenario, or all if there are fewer.

    The best and the worst end state keep their rounded share where that is possible, because
    findings tell them.

    Parameters
    ----------
    data
        As of a result.
    scenario
        Name of the scenario.

    Returns
    -------
    dict
        The group of every end state, in the order of :data:`~foedus.model.cohesion.END_STATES`.
    """
    worlds = data[["end_state", "standing", "takes_part"]].sel(scenario=scenario)
    gone = worlds["standing"].transpose("run", "member").values >= _LEFT
    takes_part = worlds["takes_part"].transpose("run", "member").values > 0
    fates = np.where(gone, GONE, np.where(takes_part, TAKING_PART, AWAY))
    states = worlds["end_state"].values
    sizes = np.bincount(states, minlength=len(END_STATES))
    seats = apportioned(sizes, min(HUNDRED, states.size), kept=(0, len(END_STATES) - 1))
    return {
        name: Group(float(np.mean(states == code)), chosen(fates[states == code], int(seats[code])))
        for code, name in enumerate(END_STATES)
    }


def apportioned(sizes: Sequence[int] | Integers, seats: int, kept: Sequence[int] = ()) -> Integers:
    """Share out seats in proportion to the sizes of groups, by the method of largest remainders.

    Every group has its share rounded, up or down. Where the shares rounded to the nearest do not
    add up, those give way that were rounded by most.

    Parameters
    ----------
    sizes
        How many worlds are in each group; at least one in all.
    seats
        How many are shared out.
    kept
        Places of groups that give way last.
    """
    shares = np.asarray(sizes) * seats / np.sum(sizes)
    found = np.rint(shares).astype(np.int64)
    lacking = seats - int(found.sum())
    owed = (shares - found) * np.sign(lacking)  # positive where rounding went the other way
    order = np.lexsort((-owed, np.isin(np.arange(found.size), kept), owed <= 0.0))
    found[order[: abs(lacking)]] += np.sign(lacking)
    return found


def chosen(fates: Integers, number: int) -> Integers:
    """Choose worlds so that every pattern is in proportion: systematic sampling in sorted order.

    Each pattern is chosen as often as its share says, rounded up or down.

    Parameters
    ----------
    fates
        What becomes of each client in each world: shape (world, member).
    number
        How many worlds to choose.

    Returns
    -------
    numpy.ndarray
        The patterns chosen, those in which fewest take part first: shape (number, member).
    """
    patterns, counts = np.unique(fates, axis=0, return_counts=True)
    taking, members = (patterns == TAKING_PART).sum(axis=1), (patterns != GONE).sum(axis=1)
    order = np.lexsort((*patterns.T[::-1], members, taking))
    places = (2 * np.arange(number) + 1) * len(fates) // (2 * max(1, number))
    found: Integers = patterns[order][np.searchsorted(counts[order].cumsum(), places, "right")]
    return found
