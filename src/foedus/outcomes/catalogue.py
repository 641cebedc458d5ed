"""The catalogue of outcomes: what is measured of each world, declared once for every use.

One entry declares an outcome whole: its key, its words, its meaning, what kind of number it is,
whether more of it is good for the alliance, where it comes from, and how it is taken from worlds.
Summaries, tables, JSON, comparisons, ``foedus why`` and the documentation derive from these
entries, so that one word means one thing everywhere. A new outcome is a new entry.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from difflib import get_close_matches
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, get_type_hints

import numpy as np

from foedus.cases.scenario_format import WEIGHTINGS
from foedus.errors import NotKeptError, ResultError
from foedus.model.chronicle import event_notes
from foedus.model.cohesion import END_STATE_MEANINGS, END_STATES, Cohesion
from foedus.model.records import STANDINGS, state_quantities
from foedus.outcomes.estimates import ratio
from foedus.outcomes.incidence import EXITS
from foedus.outcomes.phrases import EVENT_WORDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    import numpy.typing as npt

    from foedus.cases.alliance import Alliance
    from foedus.ensembles.gathered import Worlds

    Values = npt.NDArray[Any]

ACTIVE = STANDINGS.index("active")
WITHDRAWN = STANDINGS.index("withdrawn")  # from here on a member is out
ALLIANCE = "alliance"  # the subject of what is measured of all members together

#: What a value is, and with it how it is estimated and written.
#:
#: ``chance``
#:     It is so in a world or not; the mean over worlds is a probability.
#: ``conditional``
#:     A chance among those worlds in which something else holds.
#: ``ratio``
#:     The ratio of two sums over worlds; single values mean nothing.
#: ``mean``
#:     A number, missing in worlds where there is none.
#: ``count``
#:     A whole number of members.
Kind = Literal["chance", "conditional", "ratio", "mean", "count"]
POOLED: tuple[Kind, ...] = ("conditional", "ratio")  # without a value in a single world

#: How the values of many worlds are put in one line: their mean with its Monte Carlo error, or
#: their median with the range that holds 90 % of them.
Form = Literal["mean", "spread"]
_FORMS: dict[Kind, tuple[Form, ...]] = {
    "chance": ("mean",),
    "conditional": ("mean",),
    "ratio": ("mean",),
    "mean": ("spread",),
    "count": ("spread",),
}


@dataclass(frozen=True)
class Outcome:
    """Something that is measured of each world.

    Attributes
    ----------
    key
        Its name in Python, JSON and CSV; a dot parts a family from one of its members, such as
        ``end_states.dissolved``.
    meaning
        In words, as an explanation that follows the name.
    kind
        One of :data:`Kind`.
    better
        1 if more of it holds the alliance together, -1 if it pulls it apart, 0 if neither.
    source
        Where it comes from: section.paragraph of the article, or mechanism of docs/model.md.
    values
        Takes the worlds of a scenario (and, of a member, its code); returns a value a world,
        NaN where there is none.
    label
        Its words where they are not the key's own.
    forms
        How a summary puts it; the kind's usual way if empty. With several, the first has the key
        and the mean has ``mean_`` before it.
    headline
        Whether comparisons are judged by it and split it among levers.
    weighting
        How members are weighted in it, or None where that makes no difference.
    summarised
        Whether it stands in summaries; what only repeats another under a shorter name does not.
    tabled
        Whether it stands in the tables of a run.
    only_if_any
        Whether tables leave it out where it never happens.
    told
        The clause that tells it in an answer, with ``{who}`` for a member's name; empty if answers
        are not told by it. Of what has one, it is computed what is open.
    """

    key: str
    meaning: str
    kind: Kind
    better: int
    source: str
    values: Callable[..., Values]
    label: str = ""
    forms: tuple[Form, ...] = ()
    headline: bool = False
    weighting: str | None = None
    summarised: bool = True
    tabled: bool = True
    only_if_any: bool = False
    told: str = ""

    @property
    def words(self) -> str:
        """Its name in tables and sentences."""
        return self.label or self.key.replace("_", " ")

    @property
    def lines(self) -> dict[str, Form]:
        """Keys under which a summary holds it, each with its form."""
        forms = self.forms or _FORMS[self.kind]
        return {f"mean_{self.key}" if place else self.key: f for place, f in enumerate(forms)}


class Measured(NamedTuple):
    """An outcome of a subject, with a value a world (NaN where there is none)."""

    subject: str
    outcome: Outcome
    values: Values


def _by_key(outcomes: Iterable[Outcome]) -> dict[str, Outcome]:
    return {outcome.key: outcome for outcome in outcomes}


# ---------------------------------------------------------------------------------------------
# Of a member


def _is_inside(worlds: Worlds, member: str) -> Values:
    inside: Values = worlds.of("standing", member) < WITHDRAWN
    return inside


def _is_active(worlds: Worlds, member: str) -> Values:
    active: Values = worlds.of("standing", member) == ACTIVE
    return active


def _is_out(worlds: Worlds, member: str) -> Values:
    return ~_is_inside(worlds, member)


def _is(name: str, worlds: Worlds, member: str) -> Values:
    """Whether a member is something at the horizon, and a member still."""
    holds: Values = _is_inside(worlds, member) & (worlds.of(name, member) == 1)
    return holds


def _happens(name: str, worlds: Worlds, member: str) -> Values:
    happened: Values = worlds.event(name, member) > 0
    return happened


def _while_member(name: str, worlds: Worlds, member: str) -> Values:
    """Return a member's values at the horizon, missing where it has left."""
    values: Values = np.where(
        _is_inside(worlds, member), worlds.of(name, member), np.float32(np.nan)
    )
    return values


def _state(name: str, better: int, source: str, **options: Any) -> Outcome:
    """Declare a field of a member's state at the horizon."""
    meaning = f"{state_quantities()[name].meaning}, at the horizon, while a member"
    return Outcome(name, meaning, "mean", better, source, partial(_while_member, name), **options)


MEMBER_OUTCOMES: dict[str, Outcome] = _by_key(
    (
        Outcome(
            "active",
            "a member, not frozen, that holds its vote, at the horizon",
            "chance",
            1,
            "mechanisms 10 and 12",
            _is_active,
            headline=True,
            told="{who} is active",
        ),
        Outcome(
            "frozen",
            "a member that has frozen its participation (its own choice), at the horizon",
            "chance",
            -1,
            "II.2, mechanism 10",
            partial(_is, "frozen"),
            told="{who} has frozen its participation",
        ),
        Outcome(
            "suspended",
            "a member whose vote the alliance has suspended, at the horizon; may be frozen as well",
            "chance",
            -1,
            "II.1, mechanism 12",
            partial(_is, "suspended"),
            label="vote suspended",
            told="{who} has lost its vote",
        ),
        Outcome(
            "out",
            "withdrawn or expelled, at the horizon",
            "chance",
            -1,
            "mechanisms 11 and 12",
            _is_out,
            headline=True,
            told="{who} is out",
        ),
        Outcome(
            "takes_part",
            "a member, not frozen, that attended the last summit before the horizon",
            "chance",
            1,
            "mechanism 10",
            partial(_is, "takes_part"),
            headline=True,
            told="{who} takes part",
        ),
        _state("trust", 1, "mechanisms 4, 5 and 7", headline=True),
        _state("expectation", 1, "mechanism 6", tabled=False),
        _state("dependence", 0, "III.3, mechanism 9", tabled=False),
        _state("outside_option", -1, "IV.3, mechanism 8", tabled=False),
        *(
            Outcome(
                name,
                f"{note.meaning}, at least once",
                "chance",
                note.better,
                "what a world notes of a member's month",
                partial(_happens, name),
                label=EVENT_WORDS[name],
                tabled=False,
            )
            for name, note in event_notes().items()
        ),
    )
)


# ---------------------------------------------------------------------------------------------
# Of the alliance


def _index(weighting: str, worlds: Worlds) -> Values:
    index: Values = worlds.table["cohesion"][worlds.place("weighting", weighting)]
    return index


def _headline_index(worlds: Worlds) -> Values:
    return _index(worlds.scenario.weighting, worlds)


def _among(weighting: str, worlds: Worlds) -> Values:
    place = worlds.place("weighting", weighting)
    index: Values = worlds.table["cohesion_among_those_who_stay"][place]
    return index


def _headline_among(worlds: Worlds) -> Values:
    return _among(worlds.scenario.weighting, worlds)


def _component(weighting: str, name: str, worlds: Worlds) -> Values:
    place = worlds.place("weighting", weighting), worlds.place("component", name)
    component: Values = worlds.table["components"][place]
    return component


def _has_no_member(worlds: Worlds) -> Values:
    nobody: Values = np.all(worlds.table["standing"] >= WITHDRAWN, axis=0)
    return nobody


def _ends(name: str, worlds: Worlds) -> Values:
    ended: Values = worlds.table["end_state"] == worlds.place("state_at_end", name)
    return ended


def _number(name: str, worlds: Worlds) -> Values:
    members = worlds.scenario.alliance.members
    number: Values = np.sum([of_member(worlds, member, name) for member in members], axis=0)
    return number


def _answered(worlds: Worlds) -> Values:
    total = worlds.table["total"].sum(axis=1)
    return ratio(*(total[worlds.place("totalled", name)] for name in ("support", "crisis")))


def _passes_without_all(worlds: Worlds) -> Values:
    table = worlds.table
    votes = (table["standing"] < WITHDRAWN) & (table["suspended"] == 0)
    refused: Values = (votes & (table["consented"] == 0)).any(axis=0)
    return refused


def _second_follows(names: tuple[str, ...], worlds: Worlds) -> Values:
    """Whether a second member does one of some things, among the worlds in which one does."""
    members = worlds.scenario.alliance.members
    number = np.sum(
        [np.any([of_member(worlds, member, name) for name in names], axis=0) for member in members],
        axis=0,
    )
    return ratio(number >= 2, number >= 1)


#: Who froze at some time, or was frozen from the start, or left.
_STEPPED_BACK = ("frozen", "freeze", "thaw", *EXITS)
_END_STATES_BETTER = {
    "restored": 1,
    "ambivalent": 0,
    "smaller": 0,
    "hollow": -1,
    "dissolved": -1,
}
_END_STATES_TOLD = {
    "restored": "everybody takes part",
    "ambivalent": "most members take part and somebody stays away",
    "smaller": "somebody has left and most of the rest take part",
    "hollow": "half of the members or more stay away",
    "dissolved": "the alliance dissolves",
}
_WEIGHTED = {"equal": "alike", "capability": "by capability"}
_COMPONENTS = {
    name: hint.__metadata__[0].meaning
    for name, hint in get_type_hints(Cohesion, include_extras=True).items()
}

ALLIANCE_OUTCOMES: dict[str, Outcome] = _by_key(
    (
        Outcome(
            "cohesion",
            "cohesion index, members weighted as the scenario says: the weighted mean of "
            f"{', '.join(Cohesion._fields)}. All count over the initial clients: one that has left "
            "contributes 0",
            "mean",
            1,
            "mechanism 14",
            _headline_index,
            headline=True,
            summarised=False,
            told="cohesion ends",
        ),
        Outcome(
            "cohesion_among_those_who_stay",
            "cohesion index, members weighted as the scenario says, among those who stay: means "
            "over the members alone and membership counted as 1, which is cohesion divided by "
            "membership. It can rise by losing an unwilling member",
            "mean",
            0,
            "mechanism 14",
            _headline_among,
            summarised=False,
        ),
        *(
            outcome
            for weighting in WEIGHTINGS
            for outcome in (
                Outcome(
                    f"cohesion.{weighting}",
                    f"cohesion index, members weighted {_WEIGHTED[weighting]}",
                    "mean",
                    1,
                    "mechanism 14",
                    partial(_index, weighting),
                    label=f"cohesion, {weighting} weights",
                    forms=("spread", "mean"),
                    weighting=weighting,
                ),
                Outcome(
                    f"cohesion_among_those_who_stay.{weighting}",
                    "cohesion index among those who stay, missing where nobody is left; members "
                    f"weighted {_WEIGHTED[weighting]}",
                    "mean",
                    0,
                    "mechanism 14",
                    partial(_among, weighting),
                    label=f"cohesion among those who stay, {weighting} weights",
                    forms=("mean",),
                    weighting=weighting,
                ),
            )
        ),
        *(
            Outcome(
                f"components.{weighting}.{name}",
                f"component of cohesion: {meaning}; members weighted {_WEIGHTED[weighting]}",
                "mean",
                1,
                "mechanism 14",
                partial(_component, weighting, name),
                label=f"component {name.replace('_', ' ')}",
                forms=("mean",),
                weighting=weighting,
            )
            for weighting in WEIGHTINGS
            for name, meaning in _COMPONENTS.items()
        ),
        *(
            Outcome(
                f"end_states.{name}",
                f"end state at the horizon: {END_STATE_MEANINGS[name]}",
                "chance",
                _END_STATES_BETTER[name],
                "V.1, V.2",
                partial(_ends, name),
                label=f"end state {name}",
                told=_END_STATES_TOLD[name],
            )
            for name in END_STATES
        ),
        Outcome(
            "members_active",
            "clients that are active at the horizon",
            "count",
            1,
            "mechanisms 10 and 12",
            partial(_number, "active"),
        ),
        Outcome(
            "members_taking_part",
            "clients that take part at the horizon",
            "count",
            1,
            "mechanism 10",
            partial(_number, "takes_part"),
        ),
        Outcome(
            "crises_answered",
            "worth of the alliance's promise: support delivered in crises, over all crises of all "
            "members",
            "ratio",
            1,
            "mechanism 3",
            _answered,
        ),
        Outcome(
            "second_steps_back",
            "a second client freezes or leaves, among the worlds in which one does: what follows "
            "the first, whether because of it or for the same reasons",
            "conditional",
            -1,
            "mechanisms 10 and 11",
            partial(_second_follows, _STEPPED_BACK),
        ),
        Outcome(
            "second_leaves",
            "a second client leaves, among the worlds in which one does",
            "conditional",
            -1,
            "mechanism 11",
            partial(_second_follows, EXITS),
        ),
        Outcome(
            "narrower_agenda",
            "the last documents before the horizon pass without the consent of a member that holds "
            "its vote",
            "chance",
            -1,
            "V.2",
            _passes_without_all,
        ),
        Outcome(
            "without_members",
            "no client is left",
            "chance",
            -1,
            "mechanism 14",
            _has_no_member,
            only_if_any=True,
        ),
    )
)


# ---------------------------------------------------------------------------------------------
# Measuring


def outcomes_of(subject: str) -> dict[str, Outcome]:
    """Return the outcomes that are measured of a member, or of the alliance, by key."""
    return ALLIANCE_OUTCOMES if subject == ALLIANCE else MEMBER_OUTCOMES


def headlines(subject: str) -> tuple[str, ...]:
    """Return the keys of the outcomes that comparisons are judged by."""
    return tuple(key for key, outcome in outcomes_of(subject).items() if outcome.headline)


def find_outcome(text: str, alliance: Alliance) -> tuple[str, str]:
    """Return subject and key of an outcome that is named in words.

    Parameters
    ----------
    text
        Such as ``cohesion``, ``dissolved``, ``ARM out`` or ``Armenia takes part``; in any case,
        with blanks or underscores.

    Raises
    ------
    ResultError
        If there is no such outcome, or it has no value in a single world; the message names the
        most similar ones.
    """
    asked = _folded(text)
    named = {
        f"{_folded(who)} {word}": (code, key)
        for code in alliance.members
        for who in (code, alliance.names[code])
        for word, key in _words_of(MEMBER_OUTCOMES)
    }
    named |= {word: (ALLIANCE, key) for word, key in _words_of(ALLIANCE_OUTCOMES)}
    if asked not in named:
        told = [f"{code} {key}" for code in alliance.members for key in headlines(code)]
        told += ["cohesion", *(key.split(".")[-1] for key in ALLIANCE_OUTCOMES if "end_s" in key)]
        close = get_close_matches(asked, list(named), n=1)
        hint = f"; did you mean '{close[0]}'?" if close else "."
        message = (
            f"There is no outcome '{text}'{hint} Name a member and what becomes of it, or an "
            f"outcome of the alliance, such as {', '.join(told[:2])}, {told[-1]} or cohesion."
        )
        raise ResultError(message)
    subject, key = named[asked]
    if outcomes_of(subject)[key].kind in POOLED:
        message = (
            f"'{text}' is a ratio over all worlds and has no value in a single one, so that it "
            "cannot be traced to the numbers of worlds; ask about another outcome."
        )
        raise ResultError(message)
    return subject, key


def _words_of(outcomes: dict[str, Outcome]) -> Iterator[tuple[str, str]]:
    """Yield every name of each outcome with its key: key, its last part, words and clause."""
    for key, outcome in outcomes.items():
        clause = outcome.told.replace("{who} ", "").replace("is ", "")
        for word in (key.rsplit(".", 1)[-1], clause, outcome.words, key):
            if word:
                yield _folded(word), key


def _folded(text: str) -> str:
    return " ".join(text.replace("_", " ").lower().split())


def of_member(worlds: Worlds, member: str, key: str) -> Values:
    """Return one of :data:`MEMBER_OUTCOMES` of a member, world by world."""
    return MEMBER_OUTCOMES[key].values(worlds, member)


def of_alliance(worlds: Worlds, key: str) -> Values:
    """Return one of :data:`ALLIANCE_OUTCOMES`, world by world."""
    return ALLIANCE_OUTCOMES[key].values(worlds)


def value_of(worlds: Worlds, subject: str, key: str) -> Values:
    """Return one outcome of a member or the alliance, world by world."""
    return of_alliance(worlds, key) if subject == ALLIANCE else of_member(worlds, subject, key)


def measured(worlds: Worlds, *subjects: str) -> Iterator[Measured]:
    """Yield everything that is measured of some subjects in the worlds of a scenario.

    What stored worlds do not hold, having been kept by another version of foedus, is left out.

    Parameters
    ----------
    *subjects
        Members by code, and :data:`ALLIANCE`; all if omitted, the alliance first.
    """
    for subject in subjects or (ALLIANCE, *worlds.scenario.alliance.members):
        for key, outcome in outcomes_of(subject).items():
            with suppress(NotKeptError):
                yield Measured(subject, outcome, value_of(worlds, subject, key))
