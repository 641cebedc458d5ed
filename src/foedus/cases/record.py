"""What is on record of an alliance: dated observations, each with its error and its source.

The record is what calibration fits and what the hindcast scores. What patron and outside powers did
in its months is a scenario, which the record's file names as its history. A record can name earlier
ones of the same alliance, which calibration fits along with it.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from hashlib import sha256
from math import sqrt
from typing import TYPE_CHECKING, Any

from foedus.cases.alliance_reader import load_alliance
from foedus.cases.documents import find_document
from foedus.cases.months import format_month, parse_month
from foedus.cases.record_format import (
    CLOSING,
    EVENTS,
    SHARES,
    WORDS,
    CrisisEntry,
    InstrumentEntry,
    ObservationEntry,
    RecordFile,
)
from foedus.cases.scenario_format import Clash, Crisis
from foedus.cases.scenario_reader import load_scenario
from foedus.cases.shipped import is_path, shipped_records
from foedus.cases.spans import DEFAULT_ORIGIN, ScriptedEvent
from foedus.cases.validation import validate
from foedus.defaults import ALLIANCE
from foedus.errors import AllianceError, RecordError, nearest
from foedus.model.quantities import EVIDENCE_KINDS, Evidence, Uniform
from foedus.model.records import IN

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from foedus.cases.documents import Document
    from foedus.cases.scenario import Scenario
    from foedus.defaults import Coding
    from foedus.errors import Problem
    from foedus.model.records import State

__all__ = ["EVENTS", "SHARES", "WORDS", "Observation", "Record", "load_record", "observed"]

LAST_YEAR = 12  # months before the end in which a survey makes the alliance file's number needless


@dataclass(frozen=True)
class Observation:
    """One observation of one member.

    Attributes
    ----------
    what
        Key of :data:`~foedus.cases.record_format.WORDS`.
    member, month
        Code of the member, and the month (number) at whose end the observation holds.
    value
        A share, or 1 and 0 for an event that holds or does not.
    error
        Standard deviation of a share; chance of a wrong coding of an event.
    source, why
        Where it is from, and what a reader should know about it.
    scored
        Whether calibration fits it and the hindcast scores it; False where it has no source.
    instrument
        Name of the series that a share was taken from, if it asks another question than the series
        that defines the share: its values then lie off by an offset common to all its rows.
    house
        Standard deviation of that offset; 0 without an instrument.
    published
        Month (number) before whose end nobody could know it; None for ``month``.
    """

    what: str
    member: str
    month: int
    value: float
    error: float
    source: str
    why: str
    scored: bool
    instrument: str | None = None
    house: float = 0.0
    published: int | None = None

    @property
    def known(self) -> int:
        """Month (number) from whose end on it is known."""
        return self.month if self.published is None else self.published

    @property
    def is_event(self) -> bool:
        """Whether it is an event, and not a share."""
        return self.what in EVENTS


@dataclass(frozen=True)
class Instrument:
    """A series of surveys whose question differs from the one that defines the share.

    Attributes
    ----------
    title
        Who asks what.
    error
        Standard deviation of the error of one wave.
    house
        Standard deviation of the constant offset of all its waves, of any member, from the share.
    evidence
        For ``error`` and for ``house``.
    """

    title: str
    error: float
    house: float
    evidence: dict[str, Evidence]


@dataclass(frozen=True)
class Record:
    """Observations of an alliance, and what patron and outside powers did in the same months.

    Attributes
    ----------
    history
        The scenario that sets the levers and events of these months; it ends with the record.
    observations
        All of them, in the order of time.
    coding
        ``main``, or ``other``: the second coding of each observation and crisis that has one.
    errors
        Evidence for the errors, by share and for ``event``.
    instruments
        Series of surveys with a question of their own, by name.
    closing
        What the alliance file declares for the end of the record, as observations: the middle of
        each prior, with the prior's standard deviation as its error. Only numbers of which the
        record has no survey of the last year. Calibration fits them; the hindcast does not score
        them. Empty if the alliance has no state of that month.
    earlier
        Records of the same alliance that end before this one begins and are fitted along with it.
    """

    name: str
    title: str
    history: Scenario
    observations: tuple[Observation, ...]
    coding: Coding
    errors: dict[str, Evidence]
    instruments: dict[str, Instrument] = field(default_factory=dict)
    closing: tuple[Observation, ...] = ()
    earlier: tuple[Record, ...] = ()

    @property
    def end(self) -> int:
        """Last month of the record."""
        return self.history.end

    @property
    def scored(self) -> tuple[Observation, ...]:
        """Observations that are fitted and scored: those with a source."""
        return tuple(item for item in self.observations if item.scored)

    @property
    def fitted(self) -> tuple[Observation, ...]:
        """All that is fitted: the scored observations, and what the alliance file declares."""
        return (*self.scored, *self.closing)

    def until(self, month: int) -> Record:
        """Return the record as it was at the end of a month (number), without what came later.

        Surveys that were not yet published are left out, and so is what the alliance file declares
        for the end. Earlier records end before this one begins, so they stay whole.
        """
        months = month - self.history.start + 1
        return replace(
            self,
            history=replace(self.history, horizon=months),
            observations=tuple(item for item in self.observations if item.known <= month),
            closing=self.closing if month >= self.end else (),
        )

    def select(self, what: str, member: str) -> tuple[Observation, ...]:
        """Return the scored observations of one thing about one member."""
        return tuple(item for item in self.scored if (item.what, item.member) == (what, member))

    @property
    def crises(self) -> tuple[Crisis, ...]:
        """Crises of the history whose answer is on record."""
        events = (item.event for item in self.history.script)
        return tuple(e for e in events if isinstance(e, Crisis) and e.support is not None)

    @property
    def clashes(self) -> tuple[Clash, ...]:
        """Fighting between two members in the history."""
        events = (item.event for item in self.history.script)
        return tuple(event for event in events if isinstance(event, Clash))

    @property
    def disputes(self) -> tuple[tuple[str, str], ...]:
        """Pairs of members that have a dispute with each other."""
        return tuple(self.history.alliance.disputes)

    @property
    def free_history(self) -> Scenario:
        """The history without its scripted crises, fighting and changes of threat.

        Crises then come at random, as often as each member's own threat says, and so does fighting
        between members that have a dispute.
        """
        history = self.history
        events = tuple(
            item for item in history.events if not isinstance(item.event, Crisis | Clash)
        )
        levers = {key: spans for key, spans in history.levers.items() if key[0] != "threat"}
        return replace(history, events=events, levers=levers)

    @property
    def fingerprint(self) -> str:
        """SHA-256 of what decides the likelihood of a world, earlier records included."""
        rows = [
            (
                (item.what, item.member, item.month, item.value.hex(), item.error.hex()),
                (item.instrument, item.house.hex()),
            )
            for item in self.fitted
        ]
        before = [record.fingerprint for record in self.earlier]
        return sha256(repr((self.history.fingerprint, rows, before)).encode()).hexdigest()


def observed(what: str, states: State) -> Any:
    """Return what an observation would have found in simulated states.

    Parameters
    ----------
    what
        Key of :data:`~foedus.cases.record_format.WORDS`.
    states
        A state whose fields are arrays, such as (member, world).

    Returns
    -------
    numpy.ndarray
        Shares, or whether the event holds, in the shape of the fields.
    """
    if what == "paid_up":
        return states.arrears <= 0.0
    if what == "remains":
        return states.membership == IN
    return getattr(states, what)


def load_record(reference: str = ALLIANCE, coding: Coding = "main") -> Record:
    """Load a record by the name of its alliance, or by path.

    Parameters
    ----------
    coding
        ``main``, or ``other``: the second coding of each observation and crisis that has one.

    Raises
    ------
    RecordError
        With every problem of the file.
    """
    return _load(reference, coding, None, is_earlier=False)


def _load(reference: str, coding: Coding, base: Path | None, *, is_earlier: bool) -> Record:
    """Load a record; ``base`` is the directory against which a relative path is read."""
    document, path = find_document(reference, "record", shipped_records(), RecordError, base)
    model, problems = validate(RecordFile, document)
    problems = [*document.problems, *problems]
    if model is None or problems:
        raise RecordError(problems)
    history = load_scenario(
        path.parent / model.history if is_path(model.history) else model.history
    )
    problems += _refused(model, history, document)
    earlier: list[Record] = []
    if is_earlier and model.earlier:
        message = f"{model.name} is an earlier record itself; name all of them in the last one."
        problems.append(document.problem(("earlier",), message))
    elif not problems:
        earlier = [
            _load(name, coding, path.parent, is_earlier=True)
            for name in dict.fromkeys(model.earlier)
        ]
    for index, record in enumerate(earlier):
        if record.end >= history.start:
            message = (
                f"{record.name} ends in {format_month(record.end)}, {model.name} begins in "
                f"{format_month(history.start)}; an earlier record ends before that."
            )
            problems.append(document.problem(("earlier", index), message))
    if problems:
        raise RecordError(problems)
    if coding == "other":
        history = replace(history, events=tuple(_recoded(history, model.crises)))
    observations = sorted((_observation(i, model, coding) for i in model.observations), key=_order)
    return Record(
        model.name,
        model.title,
        history,
        tuple(observations),
        coding,
        {name: _evidence(error) for name, error in model.errors.model_dump().items()},
        {name: _instrument(entry) for name, entry in model.instruments.items()},
        tuple(_closing(history, observations)),
        tuple(earlier),
    )


def _order(item: Observation) -> tuple[int, str, str, str]:
    return (item.month, item.what, item.member, item.instrument or "")


def _refused(model: RecordFile, history: Scenario, document: Document) -> Iterator[Problem]:
    """Yield a problem for each observation and each crisis of a file that cannot be used."""
    taken: set[tuple[str | None, ...]] = set()
    for index, item in enumerate(model.observations):
        address = (item.what, item.member, item.month, item.instrument)
        reason = _refusal(item, history, model.instruments)
        reason = reason or ("This is on record twice." if address in taken else "")
        taken.add(address)
        if reason:
            yield document.problem(("observations", index), reason)
    scripted = {
        (e.event.member, e.event.date) for e in history.script if isinstance(e.event, Crisis)
    }
    for index, crisis in enumerate(model.crises):
        if (crisis.member, crisis.month) not in scripted and crisis.support is None:
            message = (
                f"{history.name} scripts no crisis of {crisis.member} in {crisis.month} to take "
                "out; give 'support' to add one."
            )
            yield document.problem(("crises", index), message)
    yield from _vain_clashes(history, document)


def _vain_clashes(history: Scenario, document: Document) -> Iterator[Problem]:
    """Yield a problem for each fighting between members without an open dispute."""
    disputes = [{*pair} for pair in history.alliance.disputes]
    for item in history.script:
        event = item.event
        if isinstance(event, Clash) and {event.member, event.rival} not in disputes:
            message = (
                f"{history.name} has {event.member} and {event.rival} fight in {event.date}; give "
                "them a 'dispute' in the alliance file, which says how open it is."
            )
            yield document.problem(("history",), message)


def _refusal(
    item: ObservationEntry, history: Scenario, instruments: dict[str, InstrumentEntry]
) -> str | None:
    """Return a sentence that says why an observation cannot be used, or None."""
    month, members = parse_month(item.month), history.alliance.members
    if item.member not in members:
        name = history.alliance.name
        return f"{item.member} is no client of {name}{nearest(item.member, members)}"
    if not history.start <= month <= history.end:
        return (
            f"{item.month} lies outside {history.name}, which runs from "
            f"{format_month(history.start)} to {format_month(history.end)}."
        )
    if item.what in EVENTS and not {item.value, item.other.value if item.other else 0.0} <= {0, 1}:
        return "An event is coded 1 (holds) or 0 (does not)."
    if item.instrument is not None and (item.what in EVENTS or item.instrument not in instruments):
        return (
            f"A share can name an instrument of the file, and '{item.instrument}' of {item.what} "
            f"does not{nearest(item.instrument, instruments)}"
        )
    is_early = item.published is not None and parse_month(item.published) < month
    return f"Published in {item.published}, before the month it tells of." if is_early else None


def _observation(item: ObservationEntry, model: RecordFile, coding: Coding) -> Observation:
    """Return an observation of the file in the coding wanted, with its error."""
    second = item.other if coding == "other" else None
    instrument = model.instruments[item.instrument] if item.instrument else None
    usual = instrument.error if instrument else getattr(model.errors, _kind(item.what))
    return Observation(
        what=item.what,
        member=item.member,
        month=parse_month(item.month),
        value=second.value if second else item.value,
        error=usual.value if item.error is None else item.error,
        source=item.source,
        why=" ".join(filter(None, (item.why, second.why if second else None))),
        scored=item.scored,
        instrument=item.instrument,
        house=instrument.house.value if instrument else 0.0,
        published=parse_month(item.published) if item.published else None,
    )


def _kind(what: str) -> str:
    """Name of the error of an observation that has none of its own."""
    return what if what in SHARES else "event"


def _closing(history: Scenario, observations: list[Observation]) -> Iterator[Observation]:
    """Yield what the alliance file declares for the end of the history, as observations."""
    try:
        alliance = load_alliance(history.alliance_reference, history.end + 1)
    except AllianceError:
        return
    recent = {
        (item.what, item.member)
        for item in observations
        if item.scored and item.month > history.end - LAST_YEAR
    }
    if alliance.date != history.end:
        return
    for member in history.alliance.members:
        for what in CLOSING:
            number = alliance.numbers.get(f"{member}.{what}")
            prior = number.prior if number and not number.same_as else None
            if number is None or not isinstance(prior, Uniform) or (what, member) in recent:
                continue
            yield Observation(
                what=what,
                member=member,
                month=history.end,
                value=prior.quantile(0.5),
                error=(prior.high - prior.low) / sqrt(12.0),
                source=f"{number.key} of the alliance file ({number.evidence.source})",
                why=number.evidence.why,
                scored=True,
            )


def _recoded(history: Scenario, crises: list[CrisisEntry]) -> Iterator[ScriptedEvent]:
    """Yield the history's events with the second coding of its crises, where they have one.

    A second coding can also add a crisis that the history does not script.
    """
    others = {(item.member, item.month): item for item in crises}
    for item in history.events:
        event = item.event
        key = (event.member, event.date)
        other = others.pop(key, None) if isinstance(event, Crisis) else None
        if other is None:
            yield item
        elif other.support is not None and isinstance(event, Crisis):
            yield replace(item, event=event.model_copy(update={"support": other.support}))
    for (member, month), added in others.items():
        crisis = Crisis(event="crisis", date=month, member=member, support=added.support)
        yield ScriptedEvent(crisis, DEFAULT_ORIGIN)


def _instrument(entry: InstrumentEntry) -> Instrument:
    evidence = {name: _evidence(getattr(entry, name).model_dump()) for name in ("error", "house")}
    return Instrument(entry.title, entry.error.value, entry.house.value, evidence)


def _evidence(error: dict[str, Any]) -> Evidence:
    kind, source = next((kind, error[kind]) for kind in EVIDENCE_KINDS if error[kind])
    return Evidence(kind, source, error["why"])
