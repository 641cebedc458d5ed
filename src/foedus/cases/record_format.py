"""The format of record files, as pydantic models: one class for each kind of entry."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from foedus.cases.alliance_format import Code, MonthText  # noqa: TC001 (pydantic reads them)
from foedus.cases.validation import NAME_PATTERN, Checked

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
#: Fields of a member's state that the alliance file can tell of at the end of the record: they have
#: no survey of their own, or none of the last year.
CLOSING = {
    **SHARES,
    "affinity": "political closeness to the patron",
    "grievance": "what the patron holds against the member",
}
#: What every observation is about, in words.
WORDS = {**CLOSING, **EVENTS}


class OtherEntry(Checked):
    """A second coding of an observation that can be defended, and why."""

    value: float
    why: str


class ObservationEntry(Checked):
    """An observation as the file gives it; see :class:`foedus.cases.record.Observation`."""

    what: Literal[(*SHARES, *EVENTS)]  # type: ignore[valid-type]
    member: Code
    month: MonthText
    value: Annotated[float, Field(ge=0, le=1)]
    source: str = Field(min_length=1)
    why: str | None = None
    scored: bool = True
    other: OtherEntry | None = None
    instrument: str | None = None
    error: Annotated[float, Field(gt=0, lt=0.5)] | None = None
    published: MonthText | None = None


class ErrorEntry(Checked):
    """The error of a kind of observation, with its evidence."""

    value: Annotated[float, Field(gt=0, lt=0.5)]
    article: str | None = None
    data: str | None = None
    literature: str | None = None
    assumed: str | None = None
    why: str


class ErrorEntries(Checked):
    """The errors: one for each share, one for all events."""

    trust: ErrorEntry
    expectation: ErrorEntry
    outside_option: ErrorEntry
    event: ErrorEntry


class InstrumentEntry(Checked):
    """A series of surveys with a question of its own.

    See :class:`foedus.cases.record.Instrument`.
    """

    title: str = Field(min_length=1)
    error: ErrorEntry
    house: ErrorEntry


class CrisisEntry(Checked):
    """A second coding of a crisis of the history; without ``support`` it is taken out.

    One that the history does not script is added, with its ``support``.
    """

    member: Code
    month: MonthText
    support: Annotated[float, Field(ge=0, le=1)] | None = None
    why: str


class RecordFile(Checked):
    """A whole record file; ``history`` names a scenario, ``earlier`` other records."""

    foedus: Literal[1]
    name: str
    title: str
    history: str
    earlier: list[str] = Field(default_factory=list)
    errors: ErrorEntries
    instruments: dict[Annotated[str, Field(pattern=NAME_PATTERN)], InstrumentEntry] = Field(
        default_factory=dict
    )
    observations: list[ObservationEntry] = Field(min_length=1)
    crises: list[CrisisEntry] = Field(default_factory=list)
