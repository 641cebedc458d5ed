"""Other alliances as evidence: how often their members froze, came back, left, were put out.

The file ``data/panel.yaml`` lists memberships, freezes and other events of alliances led by a
patron, each with its source. From them follow counts of events and of the years in which they
could have happened, for any kind of event, up to any month: a forecast of the past may only use
what had happened by then.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Literal, NamedTuple

from pydantic import Field

from foedus.cases.alliance_format import Code, MonthText  # noqa: TC001 (pydantic reads them)
from foedus.cases.documents import read_document
from foedus.cases.months import parse_month
from foedus.cases.shipped import DATA
from foedus.cases.validation import Checked, validate
from foedus.errors import InputError, ResultError, nearest

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

MONTHS = 12.0  # in a year


class Count(NamedTuple):
    """How often something happened in an alliance, and in how many years it could have."""

    events: int
    years: float


class Kind(NamedTuple):
    """A kind of event, and when a member is at risk of it.

    Attributes
    ----------
    event
        ``freeze``, ``return``, ``leaving``, ``suspension`` or ``expulsion``.
    frozen
        Whether only members that are frozen are at risk (True), or that take part (False); None if
        all are.
    ages
        Ages of the freeze, in years, from and below which it counts.
    meaning
        What is counted, for readers.
    """

    event: str
    frozen: bool | None
    ages: tuple[float, float]
    meaning: str


EVER = (0.0, float("inf"))
#: Everything that is counted. The years are those of members that could have done it: a decision to
#: leave is taken once, and a member that is suspended cannot be suspended again.
KINDS: dict[str, Kind] = {
    "freeze": Kind("freeze", False, EVER, "freezes of members that take part"),
    "return": Kind("return", True, EVER, "returns of frozen members"),
    "return, years 0-2": Kind("return", True, (0.0, 2.0), "returns in years 0 to 2 of a freeze"),
    "return, years 2-6": Kind("return", True, (2.0, 6.0), "returns in years 2 to 6 of a freeze"),
    "return, later": Kind("return", True, (6.0, EVER[1]), "returns after 6 years of a freeze"),
    "leaving": Kind("leaving", None, EVER, "decisions to leave"),
    "leaving, active": Kind("leaving", False, EVER, "decisions to leave of members that take part"),
    "leaving, frozen": Kind("leaving", True, EVER, "decisions to leave of frozen members"),
    "suspension": Kind("suspension", None, EVER, "suspensions"),
    "suspension, frozen": Kind("suspension", True, EVER, "suspensions of frozen members"),
    "expulsion": Kind("expulsion", None, EVER, "expulsions"),
}


# ---------------------------------------------------------------------------------------------
# The file


class _Membership(Checked):
    """States that joined in the same month."""

    members: list[Code] = Field(min_length=1)
    first: MonthText = Field(alias="from")
    last: MonthText | None = Field(None, alias="to")
    end: Literal["exit", "dissolved"] | None = None
    source: str = Field(min_length=1)


class _Freeze(Checked):
    """A time in which a member took no part, and how it ended."""

    member: Code
    first: MonthText = Field(alias="from")
    last: MonthText | None = Field(None, alias="to")
    end: Literal["return", "exit", "dissolved"] | None = None
    source: str = Field(min_length=1)
    end_source: str | None = None


class _Event(Checked):
    """Something that happened to a member, or that it decided, in a month."""

    member: Code
    month: MonthText
    source: str = Field(min_length=1)


class _Alliance(Checked):
    """An alliance of the panel; ``alliance`` names the alliance file that is of the same one."""

    name: str
    alliance: str | None = None
    memberships: list[_Membership] = Field(min_length=1)
    freezes: list[_Freeze]
    leaving: list[_Event]
    suspensions: list[_Event]
    expulsions: list[_Event]


class _PanelFile(Checked):
    """A whole panel file."""

    foedus: Literal[1]
    name: str
    observed_to: MonthText
    alliances: list[_Alliance] = Field(min_length=1)


# ---------------------------------------------------------------------------------------------
# The panel


class Event(NamedTuple):
    """Something that happened in an alliance.

    Attributes
    ----------
    event
        As in :class:`Kind`.
    month
        Month (number).
    frozen
        Whether the member was frozen until then.
    age
        Age of its freeze in months; 0 if it was not frozen.
    """

    alliance: str
    member: str
    event: str
    month: int
    frozen: bool
    age: int
    source: str


class Spell(NamedTuple):
    """A membership, or a time in which a member was frozen: months (numbers) from and to."""

    member: str
    first: int
    last: int


@dataclass(frozen=True)
class PanelAlliance:
    """One alliance of the panel.

    Attributes
    ----------
    file
        Name of the alliance file that is of the same alliance, or None.
    memberships, freezes
        Every membership and freeze, up to the last month observed.
    events
        In the order of time.
    """

    name: str
    file: str | None
    memberships: tuple[Spell, ...]
    freezes: tuple[Spell, ...]
    events: tuple[Event, ...]

    def count(self, kind: Kind, until: int) -> Count:
        """Count events of a kind, and years at risk of it, up to a month (number)."""
        months = sum(
            sum(self._at_risk(kind, spell, month) for month in range(spell.first, spell.last))
            for spell in (_cut(spell, until) for spell in self.memberships)
        )
        events = [
            item
            for item in self.events
            if item.event == kind.event
            and item.month <= until
            and _fits(kind, item.age, frozen=item.frozen)
        ]
        return Count(len(events), months / MONTHS)

    def _at_risk(self, kind: Kind, membership: Spell, month: int) -> bool:
        """Whether a member was at risk of an event from one month to the next."""
        once = kind.event in ("leaving", "suspension")
        if once and any(
            item.event == kind.event
            and item.member == membership.member
            and membership.first <= item.month <= month
            for item in self.events
        ):
            return False
        began = _frozen_since(self.freezes, membership.member, month)
        age = 0 if began is None else month - began
        return _fits(kind, age, frozen=began is not None)


def _cut(spell: Spell, until: int) -> Spell:
    return spell._replace(last=min(spell.last, until))


def _frozen_since(freezes: Sequence[Spell], member: str, month: int) -> int | None:
    """Month in which the freeze began that a member was in from one month to the next, or None."""
    return next(
        (f.first for f in freezes if f.member == member and f.first <= month < f.last), None
    )


def _fits(kind: Kind, age: int, *, frozen: bool) -> bool:
    """Whether a member that is frozen or not counts for a kind; the age of its freeze in months."""
    youngest, oldest = kind.ages
    return kind.frozen in (None, frozen) and youngest <= age / MONTHS < oldest


@dataclass(frozen=True)
class Panel:
    """Alliances led by a patron, and what their members did.

    Attributes
    ----------
    end
        Last month (number) observed.
    """

    end: int
    alliances: tuple[PanelAlliance, ...]

    def counts(
        self,
        kind: str,
        *,
        until: int | None = None,
        without: str | None = None,
        since: int | None = None,
    ) -> dict[str, Count]:
        """Count events of a kind by alliance, with the years in which they could have happened.

        Parameters
        ----------
        kind
            Key of :data:`KINDS`.
        until
            Count only what had happened by this month (number); the last month observed if None.
        without
            Name of an alliance to leave out, so that what it did is not used twice.
        since
            Leave that alliance out only from this month (number) on.

        Returns
        -------
        dict
            Alliances in which the event could not have happened by then are left out.

        Raises
        ------
        ResultError
            If there is no such kind or alliance.
        """
        if kind not in KINDS:
            message = f"The panel does not count '{kind}'{nearest(kind, KINDS)}"
            raise ResultError(message)
        found = {
            alliance.name: alliance.count(KINDS[kind], last)
            for alliance, last in self._cuts(until, without, since)
        }
        return {name: count for name, count in found.items() if count.years > 0.0}

    def together(
        self, *, until: int | None = None, without: str | None = None, since: int | None = None
    ) -> Count:
        """Count decisions to leave in a month in which another member of the alliance took one too.

        Returns
        -------
        Count
            ``years`` is here the number of all decisions to leave. Parameters are those of
            :meth:`counts`.
        """
        months = [
            (alliance.name, item.month)
            for alliance, last in self._cuts(until, without, since)
            for item in alliance.events
            if item.event == "leaving" and item.month <= last
        ]
        return Count(sum(months.count(month) > 1 for month in months), float(len(months)))

    def events(self, *, until: int | None = None, without: str | None = None) -> tuple[Event, ...]:
        """Return events in the order of time, with sources; parameters as of :meth:`counts`."""
        found = [
            item
            for alliance, last in self._cuts(until, without, None)
            for item in alliance.events
            if item.month <= last
        ]
        return tuple(sorted(found, key=lambda item: item.month))

    def name_of(self, file: str) -> str | None:
        """Name in the panel of the alliance of an alliance file; None if it is not in the panel."""
        return next((one.name for one in self.alliances if one.file == file), None)

    def _cuts(
        self, until: int | None, without: str | None, since: int | None
    ) -> Iterator[tuple[PanelAlliance, int]]:
        """Yield alliances that are not left out, each with the last month that counts of it."""
        names = [alliance.name for alliance in self.alliances]
        if without is not None and without not in names:
            message = f"There is no alliance '{without}' in the panel{nearest(without, names)}"
            raise ResultError(message)
        last = self.end if until is None else min(until, self.end)
        for alliance in self.alliances:
            if alliance.name != without:
                yield alliance, last
            elif since is not None:
                yield alliance, min(last, since - 1)


@cache
def load_panel(path: Path = DATA / "panel.yaml") -> Panel:
    """Read the panel that comes with foedus, or another file of its form.

    Raises
    ------
    InputError
        With every problem of the file.
    """
    document = read_document(path)
    model, problems = validate(_PanelFile, document)
    problems = [*document.problems, *problems]
    if model is None or problems:
        raise InputError(problems)
    end = parse_month(model.observed_to)
    alliances = tuple(_alliance(item, end) for item in model.alliances)
    for place, alliance in enumerate(alliances):
        problems += [
            document.problem(("alliances", place), reason) for reason in _refusals(alliance, end)
        ]
    if problems:
        raise InputError(problems)
    return Panel(end, alliances)


def _alliance(item: _Alliance, end: int) -> PanelAlliance:
    """Return an alliance of the file with its spells and events."""
    freezes = tuple(_spell(freeze.member, freeze, end) for freeze in item.freezes)

    def event(name: str, member: str, month: int, source: str) -> Event:
        began = _frozen_since(freezes, member, month - 1)
        age = 0 if began is None else month - began
        return Event(item.name, member, name, month, began is not None, age, source)

    events = [
        event("return", freeze.member, spell.last, freeze.end_source or freeze.source)
        for freeze, spell in zip(item.freezes, freezes, strict=True)
        if freeze.end == "return"
    ]
    events += [
        event(name, one.member, parse_month(one.month), one.source)
        for name, found in (
            ("leaving", item.leaving),
            ("suspension", item.suspensions),
            ("expulsion", item.expulsions),
        )
        for one in found
    ]
    events += [event("freeze", f.member, parse_month(f.first), f.source) for f in item.freezes]
    return PanelAlliance(
        item.name,
        item.alliance,
        tuple(_spell(code, one, end) for one in item.memberships for code in one.members),
        freezes,
        tuple(sorted(events, key=lambda one: one.month)),
    )


def _spell(member: str, item: _Membership | _Freeze, end: int) -> Spell:
    return Spell(member, parse_month(item.first), parse_month(item.last) if item.last else end)


def _refusals(alliance: PanelAlliance, end: int) -> Iterator[str]:
    """Yield a sentence for each spell and event that cannot be."""
    for spell in (*alliance.memberships, *alliance.freezes):
        if not spell.first < spell.last <= end:
            yield (
                f"A spell of {spell.member} must end after it begins, and by the last month "
                "observed; correct 'from' or 'to'."
            )
    for item in alliance.events:
        if not any(
            spell.member == item.member and spell.first < item.month <= spell.last
            for spell in alliance.memberships
        ):
            yield (
                f"{item.member} was no member in the month of its {item.event}; correct the month "
                "or add the membership."
            )
