"""What is kept of many worlds: a table with a row a world, and sums over worlds month by month.

A :class:`Piece` holds it for some worlds of one scenario. Pieces come from any engine, in any order
and of any size, and are put together without loss: rows by run, sums by adding whole numbers.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cache
from math import ceil, log2
from typing import TYPE_CHECKING, Any

import numpy as np

from foedus.cases.scenario_format import WEIGHTINGS
from foedus.model import cohesion, records
from foedus.model.chronicle import Events, key
from foedus.model.parameters import Parameters
from foedus.model.records import state_quantities
from foedus.worlds.kernel import Fields, Monthly

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt

    Arrays = dict[str, npt.NDArray[Any]]

BINS = 256  # of a share in a histogram; a quantile read from it is off by less than 0.004

#: Fields of the state that change; the lasting ones are opening numbers.
RECORDED = tuple(name for name in records.State._fields if name not in records.LASTING)
#: Fields of the state kept world by world at the horizon, and month by month in histograms.
WATCHED = ("trust", "expectation", "dependence", "outside_option")
#: What is kept of a month beside the state.
SIGNALS = ("crisis", "support", "pressure", "restraint")
#: Signals summed over the months, world by world.
TOTALS = ("crisis", "support")
COMPONENTS = cohesion.Cohesion._fields

#: Labels of the dimensions that do not depend on the scenario. The dimension ``power`` tells the
#: sum of a quantity from the sum of its squares.
LABELS: dict[str, tuple[str, ...]] = {
    "standing_name": records.STANDINGS,
    "field": RECORDED,
    "watched": WATCHED,
    "signal": SIGNALS,
    "totalled": TOTALS,
    "event": Events._fields,
    "component": COMPONENTS,
    "weighting": WEIGHTINGS,
    "state_at_end": cohesion.END_STATES,
    "power": ("sum", "sum_of_squares"),
}

_SUM_BITS = 24  # a share is summed in units of 2**-24: 2**32 worlds fit 64 bits


@dataclass(frozen=True)
class Kept:
    """What an array that is kept is: its dimensions, type, meaning and unit."""

    dims: tuple[str, ...]
    dtype: Any
    meaning: str
    unit: str = "1"


#: The table: outcomes of each world (``run``), most of them for each member.
TABLE: dict[str, Kept] = {
    "fingerprint": Kept(("run",), np.int64, "fingerprint of every bit of the world's states"),
    "end_state": Kept(("run",), np.int8, "end state at the horizon"),
    "cohesion": Kept(("weighting", "run"), np.float32, "cohesion index at the horizon"),
    "components": Kept(
        ("weighting", "component", "run"), np.float32, "component of cohesion at the horizon"
    ),
    "cohesion_among_those_who_stay": Kept(
        ("weighting", "run"),
        np.float32,
        "cohesion index among those who stay, at the horizon; missing if nobody is left",
    ),
    "standing": Kept(("member", "run"), np.int8, "standing at the horizon"),
    "takes_part": Kept(
        ("member", "run"), np.int8, "is a member, not frozen, and attended the last summit"
    ),
    "frozen": Kept(("member", "run"), np.int8, "participation frozen at the horizon"),
    "suspended": Kept(("member", "run"), np.int8, "vote suspended at the horizon"),
    "consented": Kept(("member", "run"), np.int8, "let the documents of the last summit pass"),
    **{
        name: Kept(("member", "run"), np.float32, f"{quantity.meaning}, at the horizon")
        for name, quantity in state_quantities().items()
        if name in WATCHED
    },
    "event_month": Kept(
        ("event", "member", "run"),
        np.int16,
        "month in which the event first happens, from 1; 0 if never",
        "months",
    ),
    "total": Kept(("totalled", "member", "run"), np.float32, "sum of a signal over all months"),
}

#: What every version has kept of each world; a result may lack whatever came later.
ALWAYS = (
    "fingerprint", "end_state", "cohesion", "components", "standing", "takes_part", "frozen",
    "suspended", "consented", *WATCHED, "event_month", "total",
)  # fmt: skip

#: The sums of :class:`~foedus.worlds.kernel.Monthly`; a client counts while it is a member.
MONTHLY: dict[str, Kept] = {
    "standing": Kept(("month", "member", "standing_name"), np.int32, "worlds in each standing"),
    "taking_part": Kept(("month", "member"), np.int32, "worlds in which the member takes part"),
    "sums": Kept(("power", "field", "month", "member"), np.int64, "sums of the state's fields"),
    "signals": Kept(("signal", "month", "member"), np.int64, "sums of signals"),
    "histogram": Kept(("watched", "month", "member", "bin"), np.int32, "worlds in each bin"),
    "end_state": Kept(
        ("month", "state_at_end"), np.int32, "worlds in each end state if the horizon were now"
    ),
    "number_taking_part": Kept(("month", "number"), np.int32, "worlds in which so many take part"),
    "cohesion": Kept(("weighting", "month", "bin"), np.int32, "worlds in each bin of cohesion"),
    "cohesion_sums": Kept(("power", "weighting", "month"), np.int64, "sums of the cohesion index"),
    "component_sums": Kept(("weighting", "component", "month"), np.int64, "sums of components"),
}

#: Whole worlds, month by month; kept only if the user asks for them.
PATHS: dict[str, Kept] = {
    **{
        name: Kept(("month", "member", "run"), np.float32, quantity.meaning, quantity.unit)
        for name, quantity in state_quantities().items()
        if name in RECORDED
    },
    "crisis": Kept(
        ("month", "member", "run"), np.float32, "crisis that invoked the treaty", "0 or 1"
    ),
    "support": Kept(("month", "member", "run"), np.float32, "support delivered this month"),
    "pressure": Kept(("month", "member", "run"), np.float32, "pressure of the patron in force"),
    "restraint": Kept(("month", "member", "run"), np.float32, "restraint of the patron in force"),
    "takes_part": Kept(("month", "member", "run"), np.float32, TABLE["takes_part"].meaning),
    "cohesion": Kept(("weighting", "month", "run"), np.float32, "cohesion index"),
    "components": Kept(
        ("weighting", "component", "month", "run"), np.float32, "component of cohesion"
    ),
}


@dataclass
class Piece:
    """What is kept of the worlds ``first`` to ``first + runs - 1`` of one scenario.

    Attributes
    ----------
    table
        Arrays of :data:`TABLE` by name, the run last.
    monthly
        Sums over these worlds, see :data:`MONTHLY`.
    paths
        Arrays of :data:`PATHS` by name, the run last; None if whole worlds are not kept.
    labels
        Labels of the dimensions, as in :data:`LABELS`; a stored piece has those of the version of
        foedus that kept it.
    """

    scenario: str
    first: int
    runs: int
    table: Arrays
    monthly: Monthly
    paths: Arrays | None = None
    labels: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: LABELS)

    @property
    def is_of_this_version(self) -> bool:
        """Whether its table has the arrays, types and labels that are kept now."""
        now = {name: np.dtype(kept.dtype) for name, kept in TABLE.items()}
        there = {name: array.dtype for name, array in self.table.items()}
        return there == now and all(self.labels.get(name) == one for name, one in LABELS.items())

    @property
    def after(self) -> int:
        """First run after those of the piece."""
        return self.first + self.runs

    def trimmed(self, runs: int) -> Piece:
        """Return the piece cut to its first worlds.

        The monthly sums stay as they are: they must not count any other world yet.
        """
        table = {name: array[..., :runs] for name, array in self.table.items()}
        paths = self.paths and {name: array[..., :runs] for name, array in self.paths.items()}
        return replace(self, runs=runs, table=table, paths=paths)


def sizes(months: int, members: int, runs: int) -> dict[str, int]:
    """Return the length of every dimension of the arrays kept."""
    return {
        **{name: len(labels) for name, labels in LABELS.items()},
        "month": months,
        "member": members,
        "run": runs,
        "bin": BINS,
        "number": members + 1,
    }


def _empty(kept: Mapping[str, Kept], size: Mapping[str, int], *outer: int) -> Arrays:
    return {
        name: np.zeros([*outer, *(size[dim] for dim in item.dims)], item.dtype)
        for name, item in kept.items()
    }


def empty_table(members: int, runs: int, *outer: int) -> Arrays:
    """Return the arrays of :data:`TABLE`, all zero; ``outer`` are lengths of further dimensions.

    The further dimensions come first.
    """
    return _empty(TABLE, sizes(0, members, runs), *outer)


def table_like(piece: Piece, runs: int, *outer: int) -> Arrays:
    """Return a table with room for worlds like those of a piece, whatever that keeps of them."""
    return {
        name: np.zeros((*outer, *array.shape[:-1], runs), array.dtype)
        for name, array in piece.table.items()
    }


def empty_monthly(months: int, members: int, *, wide: bool = False, spare: int = 0) -> Monthly:
    """Return the sums of :data:`MONTHLY`, all zero.

    Parameters
    ----------
    wide
        Whether to count in 64 bits instead of 32, for many pieces together.
    spare
        Bins added to each histogram, for the kernel's use.
    """
    size = sizes(months, members, 0)
    arrays = _empty(MONTHLY, {**size, "bin": size["bin"] + spare})
    if wide:
        arrays = {name: array.astype(np.int64) for name, array in arrays.items()}
    return Monthly(**arrays)


def without_spare(monthly: Monthly) -> Monthly:
    """Return the sums without the last bin of each histogram, for worlds that do not count.

    Only :func:`foedus.worlds.kernel.count_bins` needs that bin.
    """
    return monthly._replace(
        histogram=monthly.histogram[..., :BINS], cohesion=monthly.cohesion[..., :BINS]
    )


def empty_paths(months: int, members: int, runs: int) -> Arrays:
    """Return the arrays of :data:`PATHS`, all zero."""
    return _empty(PATHS, sizes(months, members, runs))


def kept_fields() -> Fields:
    """Return which fields the kernel sums and counts, as their places in the records."""
    state, signal = records.State._fields, records.Signals._fields
    return Fields(
        watched=np.array([state.index(name) for name in WATCHED]),
        recorded=np.array([state.index(name) for name in RECORDED]),
        units=np.array([[unit(name, power) for name in RECORDED] for power in (1, 2)]),
        signals=np.array([signal.index(name) for name in SIGNALS]),
        totals=np.array([signal.index(name) for name in TOTALS]),
        share_unit=SHARE_UNIT,
        parameters=np.arange(len(Parameters._fields)),
        parameter_keys=np.array([key(name) for name in Parameters._fields]),
        states=np.arange(len(state)),
        state_keys=np.array([key(name) for name in state]),
    )


SHARE_UNIT = 2.0**_SUM_BITS


@cache
def unit(name: str, power: int) -> float:
    """Units per 1 in the sum of a field of the state: coarser where its bounds are wider.

    Parameters
    ----------
    power
        1 for the sum of the field, 2 for the sum of its squares.
    """
    size = max(0, ceil(log2(state_quantities()[name].high)))
    return float(2.0 ** (_SUM_BITS - power * size))
