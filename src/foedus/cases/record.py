"""What is on record of an alliance: dated observations, each with its error and its source.

The record is what calibration fits and what the hindcast scores. What patron and outside powers did
in its months is a scenario, which the record's file names as its history.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from hashlib import sha256
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from foedus.cases.alliance_format import Code, MonthText  # noqa: TC001 (pydantic reads them)
from foedus.cases.documents import find_document
from foedus.cases.months import format_month, parse_month
from foedus.cases.scenario_format import Crisis
from foedus.cases.scenario_reader import load_scenario
from foedus.cases.shipped import is_path, shipped_records
from foedus.cases.validation import Checked, validate
from foedus.defaults import ALLIANCE
from foedus.errors import RecordError, nearest
from foedus.model.quantities import EVIDENCE_KINDS, Evidence
from foedus.model.records import IN

if TYPE_CHECKING:
    from collections.abc import Iterator

    from foedus.cases.scenario import Scenario
    from foedus.cases.spans import ScriptedEvent
    from foedus.defaults import Coding
    from foedus.model.records import State

#: Shares that can be observed of a member at the end of a month, each with an error of measurement.
SHARES = {
    "trust": "trust in the patron",
    "expectation": "help expected if attacked",
    "outside_option": "alignment and arms from elsewhere",
}
#: Events that can be observed of a member at the end of a month: each holds (1) or does not (0).
EVENTS = {
    "attended": "attends the summit",
    "consented": "lets the documents of the summit pass",
    "frozen": "has its participation frozen",
    "paid_up": "has no arrears",
    "remains": "has not given notice or left",
}


class _Other(Checked):
    """A second coding of an observation that can be defended, and why."""

    value: float
    why: str


class _Observation(Checked):
    """An observation as the file gives it; see :class:`Observation`."""

    what: Literal[(*SHARES, *EVENTS)]  # type: ignore[valid-type]
    member: Code
    month: MonthText
    value: Annotated[float, Field(ge=0, le=1)]
    source: str = Field(min_length=1)
    why: str | None = None
    scored: bool = True
    other: _Other | None = None


class _Error(Checked):
    """The error of a kind of observation, with its evidence."""

    value: Annotated[float, Field(gt=0, lt=0.5)]
    article: str | None = None
    data: str | None = None
    literature: str | None = None
    assumed: str | None = None
    why: str


class _Errors(Checked):
    """The errors: one for each share, one for all events."""

    trust: _Error
    expectation: _Error
    outside_option: _Error
    event: _Error


class _Crisis(Checked):
    """A second coding of a crisis of the history; without ``support`` it is taken out."""

    member: Code
    month: MonthText
    support: Annotated[float, Field(ge=0, le=1)] | None = None
    why: str


class _RecordFile(Checked):
    """A whole record file; ``history`` names a scenario."""

    foedus: Literal[1]
    name: str
    title: str
    history: str
    errors: _Errors
    observations: list[_Observation] = Field(min_length=1)
    crises: list[_Crisis] = Field(default_factory=list)


@dataclass(frozen=True)
class Observation:
    """One observation of one member.

    Attributes
    ----------
    what
        Key of :data:`SHARES` or :data:`EVENTS`.
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
    """

    what: str
    member: str
    month: int
    value: float
    error: float
    source: str
    why: str
    scored: bool

    @property
    def is_event(self) -> bool:
        """Whether it is an event, and not a share."""
        return self.what in EVENTS


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
    """

    name: str
    title: str
    history: Scenario
    observations: tuple[Observation, ...]
    coding: Coding
    errors: dict[str, Evidence]

    @property
    def end(self) -> int:
        """Last month of the record."""
        return self.history.end

    @property
    def scored(self) -> tuple[Observation, ...]:
        """Observations that are fitted and scored: those with a source."""
        return tuple(item for item in self.observations if item.scored)

    def until(self, month: int) -> Record:
        """Return the record as it was at the end of a month (number), without what came later."""
        months = month - self.history.start + 1
        return replace(
            self,
            history=replace(self.history, horizon=months),
            observations=tuple(item for item in self.observations if item.month <= month),
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
    def free_history(self) -> Scenario:
        """The history without its scripted crises and changes of threat.

        Crises then come at random, as often as each member's own threat says.
        """
        history = self.history
        events = tuple(item for item in history.events if not isinstance(item.event, Crisis))
        levers = {key: spans for key, spans in history.levers.items() if key[0] != "threat"}
        return replace(history, events=events, levers=levers)

    @property
    def fingerprint(self) -> str:
        """SHA-256 of what decides the likelihood of a world: history and scored observations."""
        rows = [
            (item.what, item.member, item.month, item.value.hex(), item.error.hex())
            for item in self.scored
        ]
        return sha256(repr((self.history.fingerprint, rows)).encode()).hexdigest()


def observed(what: str, states: State) -> Any:
    """Return what an observation would have found in simulated states.

    Parameters
    ----------
    what
        Key of :data:`SHARES` or :data:`EVENTS`.
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
    document, path = find_document(reference, "record", shipped_records(), RecordError)
    model, problems = validate(_RecordFile, document)
    problems = [*document.problems, *problems]
    if model is None or problems:
        raise RecordError(problems)
    history = load_scenario(
        path.parent / model.history if is_path(model.history) else model.history
    )
    taken: set[tuple[str, str, str]] = set()
    for index, item in enumerate(model.observations):
        address = (item.what, item.member, item.month)
        reason = _refusal(item, history) or ("This is on record twice." if address in taken else "")
        taken.add(address)
        if reason:
            problems.append(document.problem(("observations", index), reason))
    scripted = {
        (e.event.member, e.event.date) for e in history.script if isinstance(e.event, Crisis)
    }
    for index, crisis in enumerate(model.crises):
        if (crisis.member, crisis.month) not in scripted:
            message = f"{history.name} scripts no crisis of {crisis.member} in {crisis.month}."
            problems.append(document.problem(("crises", index), message))
    if problems:
        raise RecordError(problems)
    if coding == "other":
        history = replace(history, events=tuple(_recoded(history, model.crises)))
    errors = model.errors.model_dump()
    return Record(
        model.name,
        model.title,
        history,
        tuple(sorted((_observation(i, errors, coding) for i in model.observations), key=_order)),
        coding,
        {name: _evidence(error) for name, error in errors.items()},
    )


def _order(item: Observation) -> tuple[int, str, str]:
    return (item.month, item.what, item.member)


def _refusal(item: _Observation, history: Scenario) -> str | None:
    """Return a sentence that says why an observation cannot be used, or None."""
    month, members = parse_month(item.month), history.alliance.members
    if item.member not in members:
        return (
            f"{item.member} is no client of {history.alliance.name}{nearest(item.member, members)}"
        )
    if not history.start <= month <= history.end:
        return (
            f"{item.month} lies outside {history.name}, which runs from "
            f"{format_month(history.start)} to {format_month(history.end)}."
        )
    if item.what in EVENTS and not {item.value, item.other.value if item.other else 0.0} <= {0, 1}:
        return "An event is coded 1 (holds) or 0 (does not)."
    return None


def _observation(item: _Observation, errors: dict[str, Any], coding: Coding) -> Observation:
    """Return an observation of the file in the coding wanted, with its error."""
    second = item.other if coding == "other" else None
    return Observation(
        what=item.what,
        member=item.member,
        month=parse_month(item.month),
        value=second.value if second else item.value,
        error=errors[item.what if item.what in SHARES else "event"]["value"],
        source=item.source,
        why=" ".join(filter(None, (item.why, second.why if second else None))),
        scored=item.scored,
    )


def _recoded(history: Scenario, crises: list[_Crisis]) -> Iterator[ScriptedEvent]:
    """Yield the history's events with the second coding of its crises, where they have one."""
    others = {(item.member, item.month): item for item in crises}
    for item in history.events:
        event = item.event
        other = others.get((event.member, event.date)) if isinstance(event, Crisis) else None
        if other is None:
            yield item
        elif other.support is not None and isinstance(event, Crisis):
            yield replace(item, event=event.model_copy(update={"support": other.support}))


def _evidence(error: dict[str, Any]) -> Evidence:
    kind, source = next((kind, error[kind]) for kind in EVIDENCE_KINDS if error[kind])
    return Evidence(kind, source, error["why"])
