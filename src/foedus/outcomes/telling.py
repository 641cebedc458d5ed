"""Watching one world and telling it.

The world is stepped by Mesa and is, to the bit, the one that an ensemble holds at the same address
(seed, run, design). What is told is read off its states, signals and drivers; which events happened
is asked of the chronicle.
"""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise
from math import ceil
from operator import index
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from foedus.cases.months import format_month, month_of_year
from foedus.cases.scenario_format import Confrontation, Crisis, DomesticChange, Statement
from foedus.defaults import SEED
from foedus.errors import ResultError
from foedus.model import records
from foedus.model.chronicle import Events, happened
from foedus.model.draws import seed_words
from foedus.model.levers import DECISIONS, LEVERS, lever_named
from foedus.outcomes.phrases import (
    IMPOSED,
    KINDS,
    LEVER_PHRASES,
    OF_ALLIANCE,
    PHRASES,
    arrears,
    change,
    counted,
    decimal,
    finite,
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


DRIFT = 0.05  # trust or cohesion that has moved so far is told at the end of the year
LAST_RUN = 2**32 - 2


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


def tell(scenario: Scenario, run: int, seed: int = SEED, design: Numbered = None) -> Trace:
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
    return End(format_month(moment.number), moment.end_state, finite(moment.cohesion), standings)


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
    inside = {(format_month(m.number), m.code) for m in moves if records.is_member(m.before)}
    kept = (one for one in entries if one.member is None or (one.month, one.member) in inside)
    members, kinds = [None, *scenario.alliance.members], list(KINDS)

    def order(entry: Entry) -> tuple[str, int, int, int]:
        part = 0 if entry.kind in IMPOSED else 2 if entry.kind in OF_ALLIANCE else 1
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
        "arrears": arrears(after.arrears),
        "crisis": "scripted crisis" if move.drivers.crisis_scripted > 0.0 else "crisis",
        "documents": ", lets its documents pass" if after.consented else "",
        "effective": _effective(after, move.number),
        "expected": decimal(before.expectation),
        "frozen": counted(before.frozen_months + 1.0, "month"),
        "left": counted(after.arrears, "year") if after.arrears > 0.0 else "none",
        "trust": change(before.trust, after.trust),
    }


def _answer(support: float) -> str:
    if support <= 0.0:
        return "no help comes"
    return "help comes" if support >= 1.0 else f"some help comes, {decimal(support)}"


def _effective(state: State, number: int) -> str:
    """Month in which notice takes effect, from the state at the end of a month."""
    if state.membership != records.NOTICE:
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
            if records.is_member(moment.states[place]) and _has_drifted(told, now):
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
            text = end_state_in_words(now.end_state)
            yield Entry(format_month(now.number), None, "end_state", f"now {text}")


def _has_drifted(told: tuple[int, float], now: tuple[int, float]) -> bool:
    return month_of_year(now[0]) == 12 and abs(now[1] - told[1]) >= DRIFT


def _drift(told: tuple[int, float], now: tuple[int, float]) -> str:
    since = "over the year" if now[0] - told[0] == 12 else f"since {format_month(told[0])}"
    return f"{change(told[1], now[1])} {since}"


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
            yield after, f"back to {'its own' if is_own else decimal(lever.default or 0.0)}"


def _is_multiple(lever: Lever) -> bool:
    return lever.unit.startswith("times")


def _span_text(lever: Lever, span: DatedSpan) -> str:
    text = f"{decimal(span.value)}{' times its own' if _is_multiple(lever) else ''}"
    if span.ramp:
        begin = "" if span.ramp_from is None else f", from {decimal(span.ramp_from)}"
        text += f" (reached over {counted(span.ramp, 'month')}{begin})"
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
        months = counted(event.months, "month")
        return f"{patron} and the partners clash over {name} ({decimal(event.severity)}, {months})"
    if isinstance(event, DomesticChange):
        return f"change at home in {name}: affinity to {patron} {signed(event.change)}"
    if isinstance(event, Statement):
        verb = "warns" if event.tone < 0.0 else "assures"
        return f"{patron} {verb} {name} in public ({signed(event.tone)})"
    until = f", until {event.to}" if event.to else ""
    return f"scripted: {name} {DECISIONS[event.decision].meaning}{until}"
