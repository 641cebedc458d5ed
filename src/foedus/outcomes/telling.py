"""Simulating one world and telling it as a story.

The world is simulated by Mesa. It equals, to the bit, the world that an ensemble holds for the same
seed, run (number of the world) and design (where its numbers come from). The story is made from the
world's states, signals and drivers; the chronicle of the model decides which events happened.
"""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise
from math import ceil
from operator import index
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from foedus.cases.months import format_month, month_of_year
from foedus.cases.scenario_format import Clash, Confrontation, Crisis, DomesticChange, Statement
from foedus.defaults import SEED
from foedus.errors import ResultError
from foedus.model import records
from foedus.model.chronicle import Events, happened
from foedus.model.draws import seed_words
from foedus.model.levers import DECISIONS, LEVERS, lever_named
from foedus.outcomes.phrases import (
    IMPOSED,
    KINDS,
    OF_ALLIANCE,
    PHRASES,
    arrears,
    change,
    counted,
    decimal,
    signed,
)
from foedus.outcomes.story import End, Entry, History, Standing, Trace, end_state_in_words
from foedus.worlds.openings import as_design

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from foedus.cases.scenario import Scenario
    from foedus.cases.scenario_format import ForcedDecision
    from foedus.cases.spans import DatedSpan, LeverKey
    from foedus.model.levers import Lever
    from foedus.model.records import Drivers, Signals, State
    from foedus.worlds.agents import AllianceModel
    from foedus.worlds.openings import Numbered


DRIFT = 0.05  # change of trust or cohesion, since it was last told, that is told in December
LAST_RUN = 2**32 - 2  # largest number of a world


# ---------------------------------------------------------------------------------------------
# Simulating a world


class _Moment(NamedTuple):
    """The alliance at the end of a month.

    Attributes
    ----------
    number
        Number of the month.
    states, drivers, signals
        State of each member at the end of the month; what drove it and what it met in the month.
    cohesion, end_state
        Cohesion index, and the end state if the world ended now.
    """

    number: int
    states: tuple[State, ...]
    drivers: tuple[Drivers, ...]
    signals: tuple[Signals, ...]
    cohesion: float
    end_state: str


class _Move(NamedTuple):
    """One month of one member: its states before and after, its drivers and its signals."""

    number: int
    code: str
    before: State
    after: State
    drivers: Drivers
    signals: Signals


def tell(scenario: Scenario, run: int, seed: int = SEED, design: Numbered = None) -> Trace:
    """Simulate one world and tell it.

    Parameters
    ----------
    scenario
        A resolved scenario.
    run
        Number of the world: counted from 0, as in the results of :func:`foedus.run`.
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
        If run, seed or design are not valid, or the scenario was not loaded.

    Examples
    --------
    >>> import foedus
    >>> from foedus.outcomes.telling import tell
    >>> tell(foedus.load_scenario("baseline"), run=17).end.month
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
    """Check the number and the seed of a world; return the number as an int.

    Raises
    ------
    ResultError
        If ``run`` is no whole number from 0 to :data:`LAST_RUN`, or the seed is not valid.
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
    """Simulate a world to its horizon; return its opening state and every month."""
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
    """Yield the move of every member in every month, month by month."""
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
        standing=np.array([[*map(records.standing, m.states)] for m in later], np.int8),
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
            standing=records.STANDINGS[records.standing(state)],
            trust=state.trust,
            frozen=state.frozen > 0.0,
            frozen_months=int(state.frozen_months),
            arrears=state.arrears,
            vote=state.suspended == 0.0,
            attended=state.attended > 0.0,
            leaves=_effective(state, moment.number) if state.membership == records.NOTICE else None,
        )
        for code, state in members
    )


def _end(scenario: Scenario, moment: _Moment) -> End:
    standings = _standings(scenario, moment)
    return End(format_month(moment.number), moment.end_state, moment.cohesion, standings)


# ---------------------------------------------------------------------------------------------
# Telling what happens


def _told(scenario: Scenario, moments: Sequence[_Moment]) -> tuple[Entry, ...]:
    """Return all entries of a world in order.

    Within a month, what the scenario imposes comes first, then the members, then the alliance.
    Nothing is told of a member after the month in which it left.
    """
    moves = list(_moves(scenario, moments))
    entries = [
        *_lever_entries(scenario),
        *_scripted_entries(scenario),
        *(entry for move in moves for entry in _move_entries(scenario, move)),
        *_trust_entries(scenario, moments),
        *_end_state_entries(moments),
        *_cohesion_entries(moments),
    ]
    inside = {(format_month(m.number), m.code) for m in moves if records.is_member(m.before)}
    kept = (one for one in entries if one.member is None or (one.month, one.member) in inside)
    members, kinds = [None, *scenario.alliance.members], list(KINDS)

    def order(entry: Entry) -> tuple[str, int, int, int]:
        part = 0 if entry.kind in IMPOSED else 2 if entry.kind in OF_ALLIANCE else 1
        return entry.month, part, members.index(entry.member), kinds.index(entry.kind)

    return tuple(sorted(kept, key=order))


def _move_entries(scenario: Scenario, move: _Move) -> Iterator[Entry]:
    """Yield an entry for each thing that happened to a member in a month."""
    before, after = move.before, move.after
    occurred = {
        "crisis": move.signals.crisis > 0.0,
        "payment": after.arrears < before.arrears,
        "vote_regained": after.suspended < before.suspended,
        "same_government": _has_kept_government(move),
    }
    occurred |= {name: value > 0.0 for name, value in _events(move)._asdict().items()}
    names = scenario.alliance.names
    people = {"name": names[move.code], "patron": names[scenario.alliance.patron]}
    details = {**people, **_details(move)}
    for kind in (kind for kind, is_so in occurred.items() if is_so):
        text = PHRASES.get(kind, f"{{name}} {KINDS[kind]}").format_map(details)
        yield Entry(format_month(move.number), move.code, kind, text)


def _events(move: _Move) -> Events:
    return happened(move.before, move.after, move.drivers)


def _details(move: _Move) -> dict[str, str]:
    """Return the texts to put into the placeholders of :data:`~foedus.outcomes.phrases.PHRASES`."""
    before, after = move.before, move.after
    return {
        "affinity": change(before.affinity, after.affinity),
        "answer": _answer(move.signals.support),
        "arrears": arrears(after.arrears),
        "crisis": "scripted crisis" if move.drivers.crisis_scripted > 0.0 else "crisis",
        "documents": ", lets its documents pass" if after.consented else "",
        "effective": _effective(after, move.number),
        "expected": decimal(before.expectation),
        "frozen": counted(before.frozen_months + 1.0, "month"),
        "left": counted(after.arrears, "year") if after.arrears > 0.0 else "none",
        "occasion": _occasion(move.drivers),
        "trust": change(before.trust, after.trust),
    }


def _has_kept_government(move: _Move) -> bool:
    """Whether an election or succession was due in a member and left the government as it was."""
    is_due = move.drivers.election > 0.0 and move.drivers.forced_government < 0.0
    return is_due and records.is_member(move.before) > 0.0 and move.after.tenure > 0.0


def _occasion(drivers: Drivers) -> str:
    """Say on what occasion a government changes: one of the calendar, another, or the scenario's.

    In a month of the calendar a change is put down to it.
    """
    if drivers.forced_government > 0.0 or drivers.affinity_change != 0.0:
        return ""
    return " in the election or succession due" if drivers.election > 0.0 else " out of turn"


def _answer(support: float) -> str:
    """Write how much help came in a crisis, from 0 to 1."""
    if support <= 0.0:
        return "no help comes"
    return "help comes" if support >= 1.0 else f"some help comes, {decimal(support)}"


def _effective(state: State, number: int) -> str:
    """Month in which a notice of withdrawal takes effect, ``YYYY-MM``, or ``at once``.

    Parameters
    ----------
    state
        State of the member at the end of a month.
    number
        Number of that month.
    """
    if state.membership != records.NOTICE:
        return "at once"
    return format_month(number + max(1, ceil(state.notice_left)))


def _trust_entries(scenario: Scenario, moments: Sequence[_Moment]) -> Iterator[Entry]:
    """Yield an entry in December where a member's trust has moved by :data:`DRIFT` or more.

    The move is counted from the last such entry, the member's last crisis, or the opening.
    """
    for place, code in enumerate(scenario.alliance.members):
        told = (moments[0].number, moments[0].states[place].trust)
        for moment in moments[1:]:
            now = (moment.number, moment.states[place].trust)
            if moment.signals[place].crisis > 0.0:
                told = now
            if records.is_member(moment.states[place]) and _has_drifted(told, now):
                name = scenario.alliance.names[code]
                text = PHRASES["trust"].format(name=name, drift=_drift(told, now))
                yield Entry(format_month(moment.number), code, "trust", text)
                told = now


def _cohesion_entries(moments: Sequence[_Moment]) -> Iterator[Entry]:
    """Yield an entry in December where cohesion has moved by :data:`DRIFT` or more.

    The move is counted from the last such entry, or the opening.
    """
    told = (moments[0].number, moments[0].cohesion)
    for moment in moments[1:]:
        now = (moment.number, moment.cohesion)
        if _has_drifted(told, now):
            text = f"cohesion {_drift(told, now)}"
            yield Entry(format_month(moment.number), None, "cohesion", text)
            told = now


def _end_state_entries(moments: Iterable[_Moment]) -> Iterator[Entry]:
    """Yield an entry for each month in which the end state, if the world ended then, changes."""
    for was, now in pairwise(moments):
        if was.end_state != now.end_state:
            text = end_state_in_words(now.end_state)
            yield Entry(format_month(now.number), None, "end_state", f"now {text}")


def _has_drifted(told: tuple[int, float], now: tuple[int, float]) -> bool:
    """Whether it is December and a value has moved by :data:`DRIFT`; both are (month, value)."""
    return month_of_year(now[0]) == 12 and abs(now[1] - told[1]) >= DRIFT


def _drift(told: tuple[int, float], now: tuple[int, float]) -> str:
    since = "over the year" if now[0] - told[0] == 12 else f"since {format_month(told[0])}"
    return f"{change(told[1], now[1])} {since}"


# ---------------------------------------------------------------------------------------------
# Telling what the scenario imposes


def _lever_entries(scenario: Scenario) -> Iterator[Entry]:
    """Yield an entry where the value of a lever begins or ends.

    Where it is the same for all members there is a single entry.
    """
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
    phrase = lever_named(lever).phrase(
        member=names[member] if member else "all members", patron=names[alliance.patron]
    )
    told_of = member if member in alliance.members else None
    return Entry(format_month(month), told_of, "lever", f"{phrase}: {text}")


def _changes(scenario: Scenario, lever: str, member: str) -> dict[int, str]:
    """Return the changes of a lever towards a member, by month; all powers' in one text."""
    changes: dict[int, list[str]] = defaultdict(list)
    powers = [power.code for power in scenario.alliance.powers]
    for power in (None, *powers):
        of_whom = f"{scenario.alliance.names[power]} " if power else ""
        for month, text in _span_changes(scenario, (lever, power, member)):
            changes[month].append(of_whom + text)
    return {month: ", ".join(texts) for month, texts in changes.items()}


def _span_changes(scenario: Scenario, key: LeverKey) -> Iterator[tuple[int, str]]:
    """Yield month and text of each change of a lever.

    A change is the beginning of a span, or the end of a span that no other span follows at once.
    """
    spans, lever = scenario.spans(key), lever_named(key[0])
    followed = {span.first for span in spans}
    for place, span in enumerate(spans):
        yield span.first, _span_text(lever, span)
        after = span.last + 1
        if after <= scenario.end and after not in followed:
            under = [one for one in spans[:place] if one.first <= after <= one.last]
            yield after, f"back to {_span_text(lever, under[-1]) if under else _usual(lever)}"


def _usual(lever: Lever) -> str:
    """What a lever is where nothing sets it."""
    is_own = lever.default is None or _is_multiple(lever)
    return "its own" if is_own else decimal(lever.default or 0.0)


def _is_multiple(lever: Lever) -> bool:
    """Whether a lever multiplies the member's own value, such as the lever ``threat``."""
    return lever.unit.startswith("times")


def _span_text(lever: Lever, span: DatedSpan) -> str:
    text = f"{decimal(span.value)}{' times its own' if _is_multiple(lever) else ''}"
    if span.ramp:
        begin = "" if span.ramp_from is None else f", from {decimal(span.ramp_from)}"
        text += f" (reached over {counted(span.ramp, 'month')}{begin})"
    return text


def _scripted_entries(scenario: Scenario) -> Iterator[Entry]:
    """Yield an entry for each event that the scenario scripts, except crises.

    A crisis is told with its consequences among the entries of its member.
    """
    for item in scenario.script:
        event = item.event
        if not isinstance(event, Crisis):
            yield Entry(event.date, event.member, event.event, _scripted_text(scenario, event))


def _scripted_text(
    scenario: Scenario, event: Clash | Confrontation | DomesticChange | Statement | ForcedDecision
) -> str:
    names = scenario.alliance.names
    patron, name = names[scenario.alliance.patron], names[event.member]
    if isinstance(event, Clash):
        return f"{name} and {names[event.rival]} fight each other"
    if isinstance(event, Confrontation):
        months = counted(event.months, "month")
        return f"{patron} and the partners clash over {name} ({decimal(event.severity)}, {months})"
    if isinstance(event, DomesticChange):
        return f"change at home in {name}: affinity to {patron} {signed(event.change)}"
    if isinstance(event, Statement):
        verb = "warns" if event.tone < 0.0 else "assures"
        return f"{patron} {verb} {name} in public ({signed(event.tone)})"
    until = f", until {event.to}" if event.to else ""
    return f"scripted: {name} {DECISIONS[event.decision].meaning}{until}"
