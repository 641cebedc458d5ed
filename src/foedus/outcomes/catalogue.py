"""What is measured of each world: the outcomes that analysts name, one value a world.

Every table, comparison and attribution takes its outcomes from here, so that the same word means
the same thing everywhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, get_type_hints

import numpy as np

from foedus.cases.scenario_format import WEIGHTINGS
from foedus.model import cohesion, records
from foedus.model.chronicle import Events
from foedus.outcomes.estimates import ratio
from foedus.outcomes.incidence import EXITS
from foedus.worlds.kept import TOTALS, WATCHED, event_meanings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import numpy.typing as npt

    from foedus.ensembles.gathered import Worlds

    Values = npt.NDArray[Any]

ACTIVE = records.STANDINGS.index("active")
WITHDRAWN = records.STANDINGS.index("withdrawn")  # from here on a member is out
ALLIANCE = "alliance"  # the subject of what is measured of all members together

Kind = Literal["chance", "mean", "ratio"]


@dataclass(frozen=True)
class Measure:
    """Something that is measured of each world.

    Attributes
    ----------
    name
        Such as ``active`` or ``cohesion``.
    kind
        ``chance``: it is so or not, and its mean is a probability. ``mean``: a number, missing
        where there is none. ``ratio``: the mean is the ratio of two sums over worlds and single
        values mean nothing.
    better
        1 if more of it holds the alliance together, -1 if it pulls it apart, 0 if neither.
    meaning
        In words.
    """

    name: str
    kind: Kind
    better: int
    meaning: str


class Measured(NamedTuple):
    """A measure of a subject, with a value a world (NaN where there is none)."""

    subject: str
    measure: Measure
    values: Values


# ---------------------------------------------------------------------------------------------
# Of a member


def _is_inside(worlds: Worlds, member: str) -> Values:
    inside: Values = worlds.of("standing", member) < WITHDRAWN
    return inside


def _while_member(worlds: Worlds, name: str, member: str) -> Values:
    """Return a member's values at the horizon, missing where it has left."""
    values: Values = np.where(
        _is_inside(worlds, member), worlds.of(name, member), np.float32(np.nan)
    )
    return values


#: Standing at the horizon: what it means and whether it is good for the alliance.
_STANDING: dict[str, tuple[int, str, Callable[[Worlds, str], Values]]] = {
    "active": (
        1,
        "a member, not frozen, that holds its vote",
        lambda w, m: w.of("standing", m) == ACTIVE,
    ),
    "frozen": (
        -1,
        "has frozen its participation",
        lambda w, m: _is_inside(w, m) & (w.of("frozen", m) == 1),
    ),
    "suspended": (
        -1,
        "has lost its vote",
        lambda w, m: _is_inside(w, m) & (w.of("suspended", m) == 1),
    ),
    "out": (-1, "withdrawn or expelled", lambda w, m: ~_is_inside(w, m)),
    "takes_part": (
        1,
        "a member, not frozen, that attended the last summit",
        lambda w, m: w.of("takes_part", m) == 1,
    ),
}
_GOOD_EVENTS = ("thaw", "return_to_summit")
_GOOD_STATES = {"trust": 1, "expectation": 1, "dependence": 0, "outside_option": -1}

MEMBER_MEASURES: dict[str, Measure] = {
    **{
        name: Measure(name, "chance", better, f"{meaning}, at the horizon")
        for name, (better, meaning, _) in _STANDING.items()
    },
    **{
        name: Measure(
            name, "chance", 1 if name in _GOOD_EVENTS else -1, f"{event_meanings()[name]}, at all"
        )
        for name in Events._fields
    },
    **{
        name: Measure(
            name,
            "mean",
            _GOOD_STATES[name],
            f"{get_type_hints(records.State, include_extras=True)[name].__metadata__[0].meaning}, "
            "at the horizon, while a member",
        )
        for name in WATCHED
    },
}


def of_member(worlds: Worlds, member: str, name: str) -> Values:
    """Return one of :data:`MEMBER_MEASURES` of a member, world by world."""
    if name in _STANDING:
        return _STANDING[name][2](worlds, member)
    if name in Events._fields:
        happened: Values = worlds.event(name, member) > 0
        return happened
    return _while_member(worlds, name, member)


# ---------------------------------------------------------------------------------------------
# Of the alliance


def _headline(worlds: Worlds) -> Values:
    return _index(worlds.scenario.weighting, worlds)


def _index(weighting: str, worlds: Worlds) -> Values:
    index: Values = worlds.table["cohesion"][WEIGHTINGS.index(weighting)]
    return index


def _component(name: str, worlds: Worlds) -> Values:
    weighting = WEIGHTINGS.index(worlds.scenario.weighting)
    component: Values = worlds.table["components"][weighting, cohesion.Cohesion._fields.index(name)]
    return component


def _number(name: str, worlds: Worlds) -> Values:
    members = worlds.scenario.alliance.members
    number: Values = np.sum([of_member(worlds, member, name) for member in members], axis=0)
    return number


def _promise(worlds: Worlds) -> Values:
    total = worlds.table["total"].sum(axis=1)
    return ratio(*(total[TOTALS.index(name)] for name in ("support", "crisis")))


def _ended(code: int, worlds: Worlds) -> Values:
    ended: Values = worlds.table["end_state"] == code
    return ended


def _refused(worlds: Worlds) -> Values:
    table = worlds.table
    votes = (table["standing"] < WITHDRAWN) & (table["suspended"] == 0)
    refused: Values = (votes & (table["consented"] == 0)).any(axis=0)
    return refused


def _follows(names: tuple[str, ...], worlds: Worlds) -> Values:
    """Whether a second member does one of some things, of the worlds in which one does."""
    members = worlds.scenario.alliance.members
    number = np.sum(
        [np.any([of_member(worlds, member, name) for name in names], axis=0) for member in members],
        axis=0,
    )
    return ratio(number >= 2, number >= 1)


#: Whoever froze at some time, or was frozen from the start, or left.
_STEPPED_BACK = ("frozen", "freeze", "thaw", *EXITS)
_END_STATES = {"restored": 1, "ambivalent": 0, "smaller": 0, "hollow": -1, "dissolved": -1}

_ALLIANCE: dict[str, tuple[Kind, int, str, Callable[[Worlds], Values]]] = {
    "cohesion": (
        "mean",
        1,
        "cohesion index, members weighted as the scenario says",
        _headline,
    ),
    **{
        f"cohesion, {weighting} weights": (
            "mean",
            1,
            f"cohesion index, members weighted by {weighting}",
            partial(_index, weighting),
        )
        for weighting in WEIGHTINGS
    },
    **{
        f"component {name}": (
            "mean",
            1,
            f"component of cohesion: {name.replace('_', ' ')}",
            partial(_component, name),
        )
        for name in cohesion.Cohesion._fields
    },
    **{
        f"end state {name}": (
            "chance",
            _END_STATES[name],
            cohesion.END_STATE_MEANINGS[name],
            partial(_ended, code),
        )
        for code, name in enumerate(cohesion.END_STATES)
    },
    "members active": ("mean", 1, "clients active", partial(_number, "active")),
    "members taking part": ("mean", 1, "clients taking part", partial(_number, "takes_part")),
    "narrower agenda": (
        "chance",
        -1,
        "the last documents pass without a member that holds its vote",
        _refused,
    ),
    "crises answered": ("ratio", 1, "support delivered in a crisis, of 1", _promise),
    "second steps back": (
        "ratio",
        -1,
        "a second member is or was frozen or leaves, where one does",
        partial(_follows, _STEPPED_BACK),
    ),
    "second leaves": (
        "ratio",
        -1,
        "a second member leaves, where one does",
        partial(_follows, EXITS),
    ),
}

ALLIANCE_MEASURES: dict[str, Measure] = {
    name: Measure(name, kind, better, meaning)
    for name, (kind, better, meaning, _) in _ALLIANCE.items()
}


def of_alliance(worlds: Worlds, name: str) -> Values:
    """Return one of :data:`ALLIANCE_MEASURES`, world by world."""
    return _ALLIANCE[name][3](worlds)


def measured(worlds: Worlds) -> Iterator[Measured]:
    """Yield everything that is measured of the worlds of a scenario, the alliance first."""
    for name, measure in ALLIANCE_MEASURES.items():
        yield Measured(ALLIANCE, measure, of_alliance(worlds, name))
    for member in worlds.scenario.alliance.members:
        for name, measure in MEMBER_MEASURES.items():
            yield Measured(member, measure, of_member(worlds, member, name))


def value_of(worlds: Worlds, subject: str, name: str) -> Values:
    """Return one measure of a member or the alliance, world by world."""
    return of_alliance(worlds, name) if subject == ALLIANCE else of_member(worlds, subject, name)
