"""One world told as a dated story, and two worlds side by side.

The world is stepped by Mesa and is, to the bit, the one that an ensemble holds at the same address
(seed, run, design). What is told is read off its states, signals and drivers; which events happened
is asked of the chronicle.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import asdict, dataclass, replace
from difflib import SequenceMatcher
from itertools import pairwise, zip_longest
from math import ceil, isfinite
from operator import index
from textwrap import wrap
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from foedus.cases.format import EVENTS, Confrontation, Crisis, DomesticChange, Statement
from foedus.cases.months import format_month, month_of_year
from foedus.errors import ResultError, nearest
from foedus.html import html_table
from foedus.model import rules
from foedus.model.chronicle import Events, happened
from foedus.model.draws import seed_words
from foedus.model.levers import DECISIONS, LEVERS, lever_named
from foedus.model.rules import Drivers, Signals, State
from foedus.worlds.addresses import DEFAULT_SEED
from foedus.worlds.kept import event_meanings
from foedus.worlds.openings import as_design

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import numpy.typing as npt
    from matplotlib.axes import Axes

    from foedus.cases.alliance import Alliance
    from foedus.cases.format import ForcedDecision
    from foedus.cases.scenario import DatedSpan, LeverKey, Scenario
    from foedus.model.levers import Lever
    from foedus.worlds.agents import AllianceModel
    from foedus.worlds.openings import Design, Numbered

WIDTH = 100  # columns of a story
DRIFT = 0.05  # trust or cohesion that has moved so far is told at the end of the year
LAST_RUN = 2**32 - 2

#: What the scenario imposes: told first in a month.
IMPOSED: dict[str, str] = {
    "lever": "a lever of the scenario begins or ends",
    **{name: (model.__doc__ or "").strip() for name, model in EVENTS.items() if model != Crisis},
}
#: How it is told what happens to a member, in this order; an event of the chronicle that is not
#: listed is told by its meaning.
PHRASES: dict[str, str] = {
    "crisis": "{crisis}, {name} appeals: {answer} ({expected} expected), trust {trust}",
    "return_to_summit": "{name} returns to the summit",
    "missed_summit": "{name} skips the summit{documents}",
    "refused_documents": "{name} refuses the documents of the summit",
    "unpaid_dues": "{name} leaves its dues unpaid ({arrears})",
    "payment": "{name} pays a year of arrears ({left} left)",
    "thaw": "{name} ends its freeze after {frozen}",
    "freeze": "{name} freezes its participation",
    "suspension": "{name} loses its vote",
    "vote_regained": "{name} regains its vote",
    "trust": "trust of {name} {drift}",
    "notice": "{name} gives notice of withdrawal (effective {effective})",
    "withdrawal": "{name} leaves",
    "expulsion": "{name} is expelled",
}
#: What becomes of the alliance: told last in a month.
ALLIANCE: dict[str, str] = {
    "end_state": "the end state if the horizon were now has changed",
    "cohesion": "the cohesion index has moved",
}
_MEANINGS: dict[str, str] = {
    **event_meanings(),
    "crisis": "was in a crisis that invokes the treaty",
    "payment": "paid a year of arrears",
    "vote_regained": "regained its vote",
    "trust": "its trust has moved",
}
#: Every kind of entry and what it means, in the order in which a month is told. Those of what
#: happens to a member are the events of the chronicle and what the chronicle does not note.
KINDS: dict[str, str] = {
    **IMPOSED,
    **{name: _MEANINGS[name] for name in (*PHRASES, *_MEANINGS)},
    **ALLIANCE,
}

#: How levers are told; one that is not listed is told by its name.
LEVER_PHRASES: dict[str, str] = {
    "pressure": "pressure on {member}",
    "restraint": "restraint towards {member}",
    "enforcement": "enforcement of the rules on {member}",
    "bandwidth": "bandwidth of {member}",
    "threat": "threat to {member}",
    "normalisation": "normalisation with {member}",
    "outreach": "outreach to {member}",
    "dependence": "dependence of {member} by trade",
    "adversary_ties": "ties of {patron} to the adversary of {member}",
}

HELPED, REFUSED = "crisis, help came", "crisis, no help came"
#: Shapes in a timeline, by what they stand for: crises and events of the chronicle.
MARKERS: dict[str, str] = {
    HELPED: "P",
    REFUSED: "X",
    "return_to_summit": "^",
    "missed_summit": "v",
    "refused_documents": ">",
    "unpaid_dues": "o",
    "thaw": "D",
    "freeze": "s",
    "suspension": "<",
    "notice": "h",
    "withdrawal": "*",
    "expulsion": "p",
}
DASHES: tuple[Any, ...] = ("-", "--", "-.", ":", (0, (6, 1, 1, 1, 1, 1)))
STACK, LEVELS, CROWDED = 0.04, 5, 2  # shift of a sign so few months after another, up to a level

OUT = rules.STANDINGS.index("withdrawn")  # the first of the standings outside the alliance


# ---------------------------------------------------------------------------------------------
# What a trace holds


@dataclass(frozen=True)
class Entry:
    """One thing that is told.

    Attributes
    ----------
    month
        As YYYY-MM.
    member
        Code of the member; None for the alliance.
    kind
        One of :data:`KINDS`.
    text
        A fragment of a sentence.
    """

    month: str
    member: str | None
    kind: str
    text: str


@dataclass(frozen=True)
class Standing:
    """Where a member stands at the end of a month.

    Attributes
    ----------
    member, name
        Code and full name.
    standing
        One of :data:`foedus.model.rules.STANDINGS`.
    trust
        Trust in the patron.
    frozen, frozen_months
        Whether its participation is frozen, and for how long.
    arrears
        Years of unpaid dues.
    vote
        Whether it holds its vote.
    attended
        Whether it attended the last summit.
    leaves
        Month in which notice that was given takes effect (YYYY-MM), or None.
    """

    member: str
    name: str
    standing: str
    trust: float
    frozen: bool
    frozen_months: int
    arrears: float
    vote: bool
    attended: bool
    leaves: str | None

    @property
    def is_member(self) -> bool:
        """Whether it has neither left nor been expelled."""
        return rules.STANDINGS.index(self.standing) < OUT

    @property
    def _participation(self) -> str:
        if not self.frozen:
            return "active"
        return (
            f"frozen for {_counted(self.frozen_months, 'month')}"
            if self.frozen_months
            else "just frozen"
        )

    @property
    def words(self) -> str:
        """All of it in words that follow the name."""
        if not self.is_member:
            return self.standing
        parts = [
            f"trust {_number(self.trust)}",
            self._participation,
            _arrears(self.arrears),
            "vote held" if self.vote else "vote suspended",
        ]
        if not self.attended and not self.frozen:
            parts.append("absent from the last summit")
        if self.leaves:
            parts.append(f"notice given, leaves in {self.leaves}")
        return ", ".join(parts)

    def __str__(self) -> str:
        return f"{self.name}: {self.words}"


@dataclass(frozen=True, eq=False)
class History:
    """A world month by month.

    Attributes
    ----------
    months
        Shape (month,), datetime64[ns].
    states
        Every field of the state of every member, the opening first: shape (month + 1, member,
        field of State).
    standing
        Places in :data:`foedus.model.rules.STANDINGS`: shape (month, member).
    cohesion
        The index with the scenario's weights; NaN without a member left: shape (month,).
    events
        Whether an event happened: shape (month, member, field of Events).
    crisis, support
        Whether a crisis invoked the treaty, and the help that came: shape (month, member).
    """

    months: npt.NDArray[np.datetime64]
    states: npt.NDArray[np.float64]
    standing: npt.NDArray[np.int8]
    cohesion: npt.NDArray[np.float64]
    events: npt.NDArray[np.bool_]
    crisis: npt.NDArray[np.bool_]
    support: npt.NDArray[np.float64]

    def of(self, name: str) -> npt.NDArray[np.float64]:
        """Return a field of the state at the end of each month: shape (month, member)."""
        return self.states[1:, :, State._fields.index(name)]

    @property
    def trust(self) -> npt.NDArray[np.float64]:
        """Trust in the patron: shape (month, member)."""
        return self.of("trust")

    @property
    def inside(self) -> npt.NDArray[np.bool_]:
        """Whether a member has neither left nor been expelled: shape (month, member)."""
        return self.standing < OUT


@dataclass(frozen=True)
class End:
    """A world at its horizon.

    Attributes
    ----------
    month
        The last one, as YYYY-MM.
    end_state
        One of :data:`foedus.model.rules.END_STATES`.
    cohesion
        The index with the scenario's weights; None without a member left.
    standings
        Where every member stands.
    """

    month: str
    end_state: str
    cohesion: float | None
    standings: tuple[Standing, ...]

    def __str__(self) -> str:
        cohesion = "missing (no member is left)"
        if self.cohesion is not None:
            cohesion = _number(self.cohesion)
        return f"{_in_words(self.end_state)}; cohesion {cohesion}"


@dataclass(frozen=True, eq=False, repr=False)
class Trace:
    """One world as a story.

    Attributes
    ----------
    scenario
        The resolved scenario.
    run, seed, design
        The world's address.
    opening
        Where every member stood at the start.
    entries
        What is told, in order.
    history
        The world month by month, as arrays.
    end
        Where it ended.
    """

    scenario: Scenario
    run: int
    seed: int
    opening: tuple[Standing, ...]
    entries: tuple[Entry, ...]
    history: History
    end: End
    design: Design

    @property
    def title(self) -> str:
        """Scenario, address and months in a line."""
        scenario = self.scenario
        drawn = {
            "posterior": "goes on from the record (posterior)",
            "prior": "numbers drawn from their priors",
            "default": "declared numbers",
        }.get(self.design.name, "given numbers")
        return (
            f"{scenario.title} ({scenario.name}), run {self.run}, seed {self.seed}: {drawn}; "
            f"{format_month(scenario.start)} to {format_month(scenario.end)}, policy "
            f"{scenario.policy}"
        )

    def of(self, member: str) -> tuple[Entry, ...]:
        """Return what is told of one member and of the alliance.

        Raises
        ------
        ResultError
            If there is no such member.
        """
        (member,) = _codes([member], self.scenario)
        return tuple(entry for entry in self.entries if entry.member in (member, None))

    def only(self, *members: str) -> Trace:
        """Return the trace with what is told of some members and of the alliance.

        Raises
        ------
        ResultError
            If there is no such member.
        """
        chosen = _codes(members, self.scenario)

        def standings(found: tuple[Standing, ...]) -> tuple[Standing, ...]:
            return tuple(one for one in found if one.member in chosen)

        return replace(
            self,
            opening=standings(self.opening),
            entries=tuple(one for one in self.entries if one.member in (*chosen, None)),
            end=replace(self.end, standings=standings(self.end.standings)),
        )

    def as_dict(self) -> dict[str, Any]:
        """Return the trace as plain data for JSON."""
        members, history = self.scenario.alliance.members, self.history
        told = {standing.member: members.index(standing.member) for standing in self.opening}
        return {
            "scenario": self.scenario.name,
            "title": self.scenario.title,
            "run": self.run,
            "seed": str(self.seed),
            "parameters": self.design.name,
            "opening": [asdict(standing) for standing in self.opening],
            "entries": [asdict(entry) for entry in self.entries],
            "history": {
                "months": [str(month)[:7] for month in history.months],
                "trust": {code: history.trust[:, place].tolist() for code, place in told.items()},
                "standing": {
                    code: [rules.STANDINGS[one] for one in history.standing[:, place].tolist()]
                    for code, place in told.items()
                },
                "cohesion": [_finite(value) for value in history.cohesion.tolist()],
            },
            "end": {**asdict(self.end), "standings": [asdict(one) for one in self.end.standings]},
        }

    def __repr__(self) -> str:
        return f"<foedus.Trace {self.title}; {len(self.entries)} entries>"

    def __str__(self) -> str:
        lines = wrap(self.title, WIDTH)
        for label, told in _sections(self).items():
            texts = [line.text for line in told]
            if label in (OPENING, HORIZON):
                lines += ["", *_listed(label, texts), *([""] if label == OPENING else [])]
            else:
                lines += _hanging(label, "; ".join(texts))
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        names = self.scenario.alliance.names
        rows = [(OPENING, one.name, one.words) for one in self.opening]
        rows += [(one.month, names.get(one.member or "", ""), one.text) for one in self.entries]
        rows += [(HORIZON, "", str(self.end))]
        rows += [(HORIZON, one.name, one.words) for one in self.end.standings]
        return html_table(("month", "member", "what"), rows, self.title)


@dataclass(frozen=True)
class Pair:
    """The same world under two scenarios.

    Attributes
    ----------
    one, other
        The two stories.

    Raises
    ------
    ResultError
        If they are not the same world.
    """

    one: Trace
    other: Trace

    def __post_init__(self) -> None:
        _refuse_strangers(self.one, self.other)

    def as_dict(self) -> dict[str, Any]:
        """Return both as plain data, with the month in which they part."""
        worlds = [self.one.as_dict(), self.other.as_dict()]
        return {"parted": parted(self.one, self.other), "worlds": worlds}

    def __str__(self) -> str:
        return side_by_side(self.one, self.other)

    def _repr_html_(self) -> str:
        from html import escape

        return f"<pre>{escape(str(self))}</pre>"


# ---------------------------------------------------------------------------------------------
# Watching a world


class _Moment(NamedTuple):
    """The alliance at the end of a month, with what befell the members in it."""

    number: int
    states: tuple[State, ...]
    drivers: tuple[Drivers, ...]
    signals: tuple[Signals, ...]
    cohesion: float
    end_state: str


class _Move(NamedTuple):
    """One member's month."""

    number: int
    code: str
    before: State
    after: State
    drivers: Drivers
    signals: Signals


def trace(scenario: Scenario, run: int, seed: int = DEFAULT_SEED, design: Numbered = None) -> Trace:
    """Simulate one world and tell it.

    Parameters
    ----------
    scenario
        A resolved scenario.
    run
        Number of the world; it is the one that :func:`foedus.run` has at this place.
    seed
        Seed of every draw, 0 to 2**64 - 1.
    design
        Where parameters and opening numbers come from, see
        :func:`~foedus.worlds.openings.as_design`.

    Returns
    -------
    Trace
        The story, with the history that it tells.

    Raises
    ------
    ResultError
        If run, seed or design are none, or the scenario was not loaded.

    Examples
    --------
    >>> import foedus
    >>> from foedus.outcomes.story import trace
    >>> trace(foedus.load_scenario("baseline"), run=17).end.month
    '2030-12'
    """
    from foedus.worlds.agents import AllianceModel

    run = checked_address(run, seed)
    model = AllianceModel(scenario, seed=seed, run=run, parameters=design, collect=False)
    moments = _watched(model)
    return Trace(
        scenario=scenario,
        run=run,
        seed=seed,
        opening=_standings(scenario, moments[0]),
        entries=_told(scenario, moments),
        history=_history(scenario, moments),
        end=_end(scenario, moments[-1]),
        design=as_design(design, [scenario]),
    )


def checked_address(run: int, seed: int) -> int:
    """Return the number of a world.

    Raises
    ------
    ResultError
        If there is no such world, or no such seed.
    """
    try:
        seed_words(seed)
        number = index(run)
    except ValueError as error:
        raise ResultError(str(error)) from None
    except TypeError:
        number = -1
    if not 0 <= number <= LAST_RUN:
        message = f"A world is named by its run, a whole number from 0 to {LAST_RUN}, not {run!r}."
        raise ResultError(message)
    return number


def _watched(model: AllianceModel) -> list[_Moment]:
    """Step a world to its horizon and note every month, the opening first."""
    moments = [_moment(model)]
    while model.running:
        model.step()
        moments.append(_moment(model))
    return moments


def _moment(model: AllianceModel) -> _Moment:
    members = model.members
    return _Moment(
        model.case.start + model.elapsed - 1,
        tuple(member.state for member in members),
        tuple(member.drivers for member in members),
        tuple(member.signals for member in members),
        model.cohesion,
        model.end_state,
    )


def _moves(scenario: Scenario, moments: Sequence[_Moment]) -> Iterator[_Move]:
    """Yield every member's months, month by month."""
    for was, now in pairwise(moments):
        for place, code in enumerate(scenario.alliance.members):
            before, after = was.states[place], now.states[place]
            yield _Move(now.number, code, before, after, now.drivers[place], now.signals[place])


def _history(scenario: Scenario, moments: Sequence[_Moment]) -> History:
    later = moments[1:]
    shape = (len(later), len(scenario.alliance.members), len(Events._fields))
    events = [_events(move) for move in _moves(scenario, moments)]
    signals = [[(own.crisis, own.support) for own in moment.signals] for moment in later]
    return History(
        months=np.array([format_month(moment.number) for moment in later], "datetime64[ns]"),
        states=np.array([moment.states for moment in moments]),
        standing=np.array([[*map(rules.standing, m.states)] for m in later], np.int8),
        cohesion=np.array([moment.cohesion for moment in later]),
        events=np.array(events).reshape(shape) > 0.0,
        crisis=np.array(signals)[..., 0] > 0.0,
        support=np.array(signals)[..., 1],
    )


def _standings(scenario: Scenario, moment: _Moment) -> tuple[Standing, ...]:
    members = zip(scenario.alliance.members, moment.states, strict=True)
    return tuple(
        Standing(
            member=code,
            name=scenario.alliance.names[code],
            standing=rules.STANDINGS[rules.standing(state)],
            trust=state.trust,
            frozen=state.frozen > 0.0,
            frozen_months=int(state.frozen_months),
            arrears=state.arrears,
            vote=state.suspended == 0.0,
            attended=state.attended > 0.0,
            leaves=_effective(state, moment.number) if state.membership == rules.NOTICE else None,
        )
        for code, state in members
    )


def _end(scenario: Scenario, moment: _Moment) -> End:
    standings = _standings(scenario, moment)
    return End(format_month(moment.number), moment.end_state, _finite(moment.cohesion), standings)


# ---------------------------------------------------------------------------------------------
# Telling it


def _told(scenario: Scenario, moments: Sequence[_Moment]) -> tuple[Entry, ...]:
    """Tell a world in order; nothing is told of a member after the month in which it left."""
    moves = list(_moves(scenario, moments))
    entries = [
        *_lever_entries(scenario),
        *_scripted_entries(scenario),
        *(entry for move in moves for entry in _move_entries(scenario, move)),
        *_trust_entries(scenario, moments),
        *_end_state_entries(moments),
        *_cohesion_entries(moments),
    ]
    inside = {(format_month(m.number), m.code) for m in moves if rules.is_member(m.before)}
    kept = (one for one in entries if one.member is None or (one.month, one.member) in inside)
    members, kinds = [None, *scenario.alliance.members], list(KINDS)

    def order(entry: Entry) -> tuple[str, int, int, int]:
        part = 0 if entry.kind in IMPOSED else 2 if entry.kind in ALLIANCE else 1
        return entry.month, part, members.index(entry.member), kinds.index(entry.kind)

    return tuple(sorted(kept, key=order))


def _move_entries(scenario: Scenario, move: _Move) -> Iterator[Entry]:
    """Tell what a member's month brought."""
    before, after = move.before, move.after
    occurred = {
        "crisis": move.signals.crisis > 0.0,
        "payment": after.arrears < before.arrears,
        "vote_regained": after.suspended < before.suspended,
    }
    occurred |= {name: value > 0.0 for name, value in _events(move)._asdict().items()}
    details = {"name": scenario.alliance.names[move.code], **_details(move)}
    for kind in (kind for kind, is_so in occurred.items() if is_so):
        text = PHRASES.get(kind, f"{{name}} {KINDS[kind]}").format_map(details)
        yield Entry(format_month(move.number), move.code, kind, text)


def _events(move: _Move) -> Events:
    return happened(move.before, move.after, move.drivers)


def _details(move: _Move) -> dict[str, str]:
    """Say what phrases may want to know of a member's month."""
    before, after = move.before, move.after
    return {
        "answer": _answer(move.signals.support),
        "arrears": _arrears(after.arrears),
        "crisis": "scripted crisis" if move.drivers.crisis_scripted > 0.0 else "crisis",
        "documents": ", lets its documents pass" if after.consented else "",
        "effective": _effective(after, move.number),
        "expected": _number(before.expectation),
        "frozen": _counted(before.frozen_months + 1.0, "month"),
        "left": _counted(after.arrears, "year") if after.arrears > 0.0 else "none",
        "trust": _change(before.trust, after.trust),
    }


def _answer(support: float) -> str:
    if support <= 0.0:
        return "no help comes"
    return "help comes" if support >= 1.0 else f"some help comes, {_number(support)}"


def _effective(state: State, number: int) -> str:
    """Month in which notice takes effect, from the state at the end of a month."""
    if state.membership != rules.NOTICE:
        return "at once"
    return format_month(number + max(1, ceil(state.notice_left)))


def _trust_entries(scenario: Scenario, moments: Sequence[_Moment]) -> Iterator[Entry]:
    """Tell trust that has drifted since it was last told."""
    for place, code in enumerate(scenario.alliance.members):
        told = (moments[0].number, moments[0].states[place].trust)
        for moment in moments[1:]:
            now = (moment.number, moment.states[place].trust)
            if moment.signals[place].crisis > 0.0:
                told = now
            if rules.is_member(moment.states[place]) and _has_drifted(told, now):
                name = scenario.alliance.names[code]
                text = PHRASES["trust"].format(name=name, drift=_drift(told, now))
                yield Entry(format_month(moment.number), code, "trust", text)
                told = now


def _cohesion_entries(moments: Sequence[_Moment]) -> Iterator[Entry]:
    """Tell cohesion that has drifted since it was last told."""
    told = (moments[0].number, moments[0].cohesion)
    for moment in moments[1:]:
        now = (moment.number, moment.cohesion)
        if _has_drifted(told, now):
            text = f"cohesion {_drift(told, now)}"
            yield Entry(format_month(moment.number), None, "cohesion", text)
            told = now


def _end_state_entries(moments: Iterable[_Moment]) -> Iterator[Entry]:
    """Tell when the alliance would end in another state than before."""
    for was, now in pairwise(moments):
        if was.end_state != now.end_state:
            text = _in_words(now.end_state)
            yield Entry(format_month(now.number), None, "end_state", f"now {text}")


def _in_words(end_state: str) -> str:
    return f"the alliance is {end_state}: {rules.END_STATE_MEANINGS[end_state]}"


def _has_drifted(told: tuple[int, float], now: tuple[int, float]) -> bool:
    return month_of_year(now[0]) == 12 and abs(now[1] - told[1]) >= DRIFT


def _drift(told: tuple[int, float], now: tuple[int, float]) -> str:
    since = "over the year" if now[0] - told[0] == 12 else f"since {format_month(told[0])}"
    return f"{_change(told[1], now[1])} {since}"


# ---------------------------------------------------------------------------------------------
# Telling what the scenario imposes


def _lever_entries(scenario: Scenario) -> Iterator[Entry]:
    """Tell levers where they begin or end; what is set alike for all members in one entry."""
    alliance = scenario.alliance
    for lever in LEVERS:
        by_change: dict[tuple[int, str], list[str]] = defaultdict(list)
        for member in (alliance.patron, *alliance.members):
            for month, text in _changes(scenario, lever.name, member).items():
                by_change[month, text].append(member)
        for (month, text), members in by_change.items():
            everybody = tuple(members) == alliance.members
            for addressed in [None] if everybody else members:
                yield _lever_entry(scenario, lever.name, addressed, month, text)


def _lever_entry(
    scenario: Scenario, lever: str, member: str | None, month: int, text: str
) -> Entry:
    names, alliance = scenario.alliance.names, scenario.alliance
    phrase = LEVER_PHRASES.get(lever, f"{lever} ({{member}})").format(
        member=names[member] if member else "all members", patron=names[alliance.patron]
    )
    told_of = member if member in alliance.members else None
    return Entry(format_month(month), told_of, "lever", f"{phrase}: {text}")


def _changes(scenario: Scenario, lever: str, member: str) -> dict[int, str]:
    """Changes of a lever that addresses a member, of all powers, by month."""
    changes: dict[int, list[str]] = defaultdict(list)
    powers = [power.code for power in scenario.alliance.powers]
    for power in (None, *powers):
        of_whom = f"{scenario.alliance.names[power]} " if power else ""
        for month, text in _span_changes(scenario, (lever, power, member)):
            changes[month].append(of_whom + text)
    return {month: ", ".join(texts) for month, texts in changes.items()}


def _span_changes(scenario: Scenario, key: LeverKey) -> Iterator[tuple[int, str]]:
    """Yield where the spans of a lever begin, and where one ends that no other follows."""
    spans, lever = scenario.spans(key), lever_named(key[0])
    followed = {span.first for span in spans}
    for span in spans:
        yield span.first, _span_text(lever, span)
        after = span.last + 1
        if after <= scenario.end and after not in followed:
            is_own = lever.default is None or _is_multiple(lever)
            yield after, f"back to {'its own' if is_own else _number(lever.default or 0.0)}"


def _is_multiple(lever: Lever) -> bool:
    return lever.unit.startswith("times")


def _span_text(lever: Lever, span: DatedSpan) -> str:
    text = f"{_number(span.value)}{' times its own' if _is_multiple(lever) else ''}"
    if span.ramp:
        begin = "" if span.ramp_from is None else f", from {_number(span.ramp_from)}"
        text += f" (reached over {_counted(span.ramp, 'month')}{begin})"
    return text


def _scripted_entries(scenario: Scenario) -> Iterator[Entry]:
    """Tell what the scenario scripts; its crises are told with what comes of them."""
    for item in scenario.script:
        event = item.event
        if not isinstance(event, Crisis):
            yield Entry(event.date, event.member, event.event, _scripted_text(scenario, event))


def _scripted_text(
    scenario: Scenario, event: Confrontation | DomesticChange | Statement | ForcedDecision
) -> str:
    names = scenario.alliance.names
    patron, name = names[scenario.alliance.patron], names[event.member]
    if isinstance(event, Confrontation):
        months = _counted(event.months, "month")
        return f"{patron} and the partners clash over {name} ({_number(event.severity)}, {months})"
    if isinstance(event, DomesticChange):
        return f"change at home in {name}: affinity to {patron} {_signed(event.change)}"
    if isinstance(event, Statement):
        verb = "warns" if event.tone < 0.0 else "assures"
        return f"{patron} {verb} {name} in public ({_signed(event.tone)})"
    until = f", until {event.to}" if event.to else ""
    return f"scripted: {name} {DECISIONS[event.decision].meaning}{until}"


# ---------------------------------------------------------------------------------------------
# Words


def _number(x: float) -> str:
    """Write a number with two decimals and no zero before the point: ``.43``."""
    return re.sub(r"^(-?)0\.", r"\1.", f"{x:z.2f}")


def _signed(x: float) -> str:
    return _number(x) if x < 0.0 else f"+{_number(x)}"


def _change(before: float, after: float) -> str:
    return f"{_number(before)} -> {_number(after)}"


def _counted(count: float, noun: str) -> str:
    return f"{count:g} {noun}{'' if count == 1 else 's'}"


def _arrears(years: float) -> str:
    return f"{_counted(years, 'year')} of arrears" if years > 0.0 else "no arrears"


def _finite(x: float) -> float | None:
    return x if isfinite(x) else None


# ---------------------------------------------------------------------------------------------
# Story and stories

OPENING, HORIZON = "opening", "end"  # labels in the column of the months
MARGIN = 2 + len("YYYY-MM")
COLUMN = (WIDTH - MARGIN - 3) // 2
SAME = "="


class _Line(NamedTuple):
    """A text and what it is about, so that two stories can be laid side by side."""

    about: tuple[str | None, ...]
    text: str


def _sections(trace: Trace) -> dict[str, list[_Line]]:
    """What is told, by month, between opening and end."""
    sections: dict[str, list[_Line]] = defaultdict(list)
    sections[OPENING] = [_Line((one.member,), str(one)) for one in trace.opening]
    for entry in trace.entries:
        lever = entry.text.partition(":")[0] if entry.kind == "lever" else None
        sections[entry.month].append(_Line((entry.member, entry.kind, lever), entry.text))
    ends = [_Line((one.member,), str(one)) for one in trace.end.standings]
    sections[HORIZON] = [_Line((None,), str(trace.end)), *ends]
    return sections


def _listed(label: str, texts: Sequence[str]) -> Iterator[str]:
    for place, text in enumerate(texts):
        yield from _hanging("" if place else label, text)


def _hanging(label: str, text: str) -> list[str]:
    begin = f"{label:<{MARGIN}}"
    return wrap(text, WIDTH, initial_indent=begin, subsequent_indent=" " * MARGIN)


def parted(one: Trace, other: Trace) -> str | None:
    """Return the month in which any state of any member first differs between two worlds.

    The opening counts as the month before the start.

    Returns
    -------
    str or None
        As YYYY-MM; None if no state ever differs.

    Raises
    ------
    ResultError
        If the two are not the same world under two scenarios.
    """
    _refuse_strangers(one, other)
    differs = (one.history.states != other.history.states).any(axis=(1, 2))
    if not differs.any():
        return None
    return format_month(one.scenario.start - 1 + int(differs.argmax()))


def side_by_side(one: Trace, other: Trace) -> str:
    """Tell one world under two scenarios in two columns, and where they part.

    Raises
    ------
    ResultError
        If the two are not the same world under two scenarios.
    """
    parting = parted(one, other)
    first, second = _sections(one), _sections(other)
    labels = [OPENING, *sorted((first.keys() | second.keys()) - {OPENING, HORIZON}), HORIZON]
    split = next((label for label in labels if first[label] != second[label]), None)
    words = _parting_words(split, parting)
    span = f"{format_month(one.scenario.start)} to {one.end.month}"
    lines = [
        f"Run {one.run}, seed {one.seed}, {span}, under two scenarios ({SAME}: the same)",
        "",
        *_row("", _column_head(one.scenario), _column_head(other.scenario)),
        "-" * WIDTH,
    ]
    for label in labels:
        if label == split:
            lines.append(_marked(words))
        rows = _aligned(first[label], second[label])
        for place, (left, right) in enumerate(rows):
            lines += _row("" if place else label, left, right)
    if split is None:
        lines.append(_marked(words))
    return "\n".join(lines)


def _column_head(scenario: Scenario) -> str:
    return f"{scenario.title} ({scenario.name})"


def _parting_words(label: str | None, parting: str | None) -> str:
    """Say where two worlds part: in what is told (the label), and in the members' states."""
    states = f"states of members first differ in {parting}"
    if label is None:
        return "the worlds never part" if parting is None else f"told alike; {states}"
    words = f"{label}: here the worlds part"
    if parting is None:
        return f"{words} in what is told; no state of a member ever differs"
    return words if label in (OPENING, parting) else f"{words}; {states}"


def _marked(words: str) -> str:
    return f"---- {words} ".ljust(WIDTH, "-")


def _aligned(one: Sequence[_Line], other: Sequence[_Line]) -> Iterator[tuple[str, str]]:
    """Pair what is told of the same, then the rest in order."""
    abouts = [line.about for line in one], [line.about for line in other]
    matcher = SequenceMatcher(None, *abouts, autojunk=False)
    for tag, first, after, begin, end in matcher.get_opcodes():
        mine = [line.text for line in one[first:after]]
        yours = [line.text for line in other[begin:end]]
        for left, right in zip_longest(mine, yours, fillvalue=""):
            yield left, SAME if tag == "equal" and left == right else right


def _row(label: str, left: str, right: str) -> Iterator[str]:
    cells = zip_longest(_cell(left), _cell(right), fillvalue="")
    for place, (one, other) in enumerate(cells):
        yield f"{'' if place else label:<{MARGIN}}{one:<{COLUMN}} | {other}".rstrip()


def _cell(text: str) -> list[str]:
    return wrap(text, COLUMN, subsequent_indent="  ")


def _refuse_strangers(one: Trace, other: Trace) -> None:
    """Refuse two traces that are not the same world under two scenarios."""
    mine, yours = one.scenario, other.scenario
    designs = [f"{trace.design.name} {trace.design.fingerprint[:12]}" for trace in (one, other)]
    for what, left, right, remedy in (
        ("members", mine.alliance.members, yours.alliance.members, "Trace them apart."),
        ("starts", format_month(mine.start), format_month(yours.start), "Give both one 'start'."),
        ("horizons", one.end.month, other.end.month, "Load both with the same horizon."),
        ("runs", one.run, other.run, "Trace both with the same run."),
        ("seeds", one.seed, other.seed, "Trace both with the same seed."),
        ("parameters", *designs, "Trace both with the same design."),
    ):
        if left != right:
            message = (
                f"'{mine.name}' and '{yours.name}' cannot be put side by side: their {what} "
                f"differ ({left} and {right}). {remedy}"
            )
            raise ResultError(message)


def _codes(members: Iterable[str], scenario: Scenario) -> list[str]:
    """Return the codes of members given by code or name, in any case."""
    alliance, found = scenario.alliance, []
    known = {
        word.lower(): code for code in alliance.members for word in (code, alliance.names[code])
    }
    for member in members:
        if member.lower() not in known:
            message = f"'{member}' is no member of this alliance{nearest(member, alliance.members)}"
            raise ResultError(message)
        found.append(known[member.lower()])
    return found


# ---------------------------------------------------------------------------------------------
# The timeline


def timeline(ax: Axes, trace: Trace, members: Sequence[str] | None = None) -> Axes:
    """Draw the trust of members over time, with what happened to them.

    Lines are thin while a member is frozen and end when it leaves; events stand on the line of
    their member, one above the other where they fall in one month.

    Parameters
    ----------
    ax
        Axes to draw on.
    trace
        A world.
    members
        Codes of the members to draw; those of the trace if omitted.

    Returns
    -------
    Axes
        Those given.

    Raises
    ------
    ResultError
        If there is no such member.
    """
    from foedus.views.plots import share_axis

    scenario = trace.scenario
    chosen = _codes(members or [standing.member for standing in trace.opening], scenario)
    places = [scenario.alliance.members.index(code) for code in chosen]
    for code in chosen:
        _draw_trust(ax, trace, code)
    if (trace.history.of("frozen") * trace.history.inside)[:, places].any():
        ax.plot([], [], linewidth=0.8, color="black", label="frozen (thin)")
    _draw_signs(ax, trace, chosen)
    ax.set_ylabel(f"Trust in {scenario.alliance.names[scenario.alliance.patron]}")
    ax.set_title(f"{scenario.title}, run {trace.run}", loc="left")
    ax.legend(
        loc="upper left",
        bbox_to_anchor=(0.0, -0.1),
        ncols=2,
        fontsize="small",
        frameon=False,
        handlelength=3.2,
    )
    ax.margins(x=0.02)
    return share_axis(ax)


def look(alliance: Alliance, code: str) -> dict[str, Any]:
    """Return colour and dashes of a member, the same in every picture of one world."""
    from foedus.views.plots import SERIES

    lap, place = divmod(alliance.members.index(code), len(SERIES))
    return {"color": SERIES[place], "linestyle": DASHES[(place + lap) % len(DASHES)]}


def _draw_trust(ax: Axes, trace: Trace, code: str) -> None:
    """Draw the trust of a member: thin from the first to the last month of a freeze."""
    history, place = trace.history, trace.scenario.alliance.members.index(code)
    trust = np.where(history.inside[:, place], history.trust[:, place], np.nan)
    frozen = history.of("frozen")[:, place] > 0.0
    beside = frozen | np.append(frozen[1:], False) | np.append(False, frozen[:-1])
    name, drawn = trace.scenario.alliance.names[code], look(trace.scenario.alliance, code)
    ax.plot(history.months, np.where(frozen, np.nan, trust), linewidth=1.8, label=name, **drawn)
    ax.plot(history.months, np.where(beside, trust, np.nan), linewidth=0.8, **drawn)


def _draw_signs(ax: Axes, trace: Trace, members: Sequence[str]) -> None:
    """Draw every sign that occurs, with one label for each."""
    places: dict[str, list[tuple[Any, float, str]]] = defaultdict(list)
    for code in members:
        colour = look(trace.scenario.alliance, code)["color"]
        for sign, month, height in _signs(trace, code):
            places[sign].append((month, height, colour))
    for sign, marker in MARKERS.items():
        if found := places[sign]:
            months, heights, colours = zip(*found, strict=True)
            shape: dict[str, Any] = {"marker": marker, "edgecolors": "black", "linewidths": 0.8}
            size = 80 if marker == "*" else 30  # a star fills least of its square
            ax.scatter(months, heights, size, list(colours), zorder=3, **shape)
            ax.scatter([], [], size, "white", label=KINDS.get(sign, sign), **shape)


def _signs(trace: Trace, code: str) -> Iterator[tuple[str, Any, float]]:
    """Yield what happened to a member as sign, month and height, shifted where it is crowded."""
    history, place = trace.history, trace.scenario.alliance.members.index(code)
    last, crowd = -1 - CROWDED, 0
    for month, at in enumerate(history.months):
        trust = float(history.trust[month, place])
        for sign in _signs_of_month(history, month, place):
            crowd = (crowd + 1) % LEVELS if month - last <= CROWDED else 0
            last = month
            yield sign, at, trust + crowd * (STACK if trust < 0.7 else -STACK)


def _signs_of_month(history: History, month: int, place: int) -> list[str]:
    happening = dict(zip(Events._fields, history.events[month, place].tolist(), strict=True))
    was_helped = bool(history.support[month, place] > 0.0)
    happening[HELPED] = bool(history.crisis[month, place]) and was_helped
    happening[REFUSED] = bool(history.crisis[month, place]) and not was_helped
    return [sign for sign in MARKERS if happening[sign]]
