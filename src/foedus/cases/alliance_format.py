"""The format of alliance files."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from foedus.cases.alliance import GIVEN
from foedus.cases.months import MONTH_PATTERN
from foedus.cases.validation import CODE_PATTERN, Checked
from foedus.model.quantities import EVIDENCE_KINDS, Evidence, Quantity
from foedus.model.records import state_quantities

Code = Annotated[str, Field(pattern=CODE_PATTERN)]
MonthText = Annotated[str, Field(pattern=MONTH_PATTERN)]


QUANTITIES: dict[str, Quantity] = {
    **{name: state_quantities()[name] for name in (*GIVEN, "frozen_months")},
    "membership": Quantity("membership: 0 in", "code", 0, 1),
    "participation": Quantity("participation: 0 active, 1 frozen by the member", "code", 0, 1),
    "vote": Quantity("vote: 0 held, 1 suspended by the alliance", "code", 0, 1),
    "capability": Quantity("military spending, as a weight in cohesion", "million US$", 0, 1e7),
    "bandwidth": Quantity("what the patron can spare for its allies", "share", 0, 1),
    "attention": Quantity("share of attention paid to another client", "share", 0, 1),
    "security_offer": Quantity("what a partner can offer in security", "share", 0, 1),
    "economic_offer": Quantity("what a partner can offer in economy", "share", 0, 1),
    "credibility": Quantity(
        "how far a partner's offer is believed, next to the others'", "share", 0, 1
    ),
    "threatens": Quantity("share of the member's threat that an adversary makes up", "share", 0, 1),
    "summit_month": Quantity("month of the yearly summit", "month of the year", 1, 12),
    "dues_month": Quantity("month in which yearly dues fall due", "month of the year", 1, 12),
    "notice_months": Quantity("notice before a withdrawal takes effect", "months", 0, 120),
    "suspension_arrears": Quantity("arrears that allow suspending the vote", "years", 0.5, 100),
    "expulsion_arrears": Quantity("arrears that count as lasting default", "years", 0.5, 100),
}


class CitedEntry(Checked):
    """Evidence as it stands in an alliance file: one of four kinds, and why."""

    article: str | None = None
    data: str | None = None
    literature: str | None = None
    assumed: str | None = None
    why: str = Field(min_length=1)

    def evidence(self) -> Evidence | None:
        """Return the evidence, or None unless exactly one kind is given."""
        given = [(kind, getattr(self, kind)) for kind in EVIDENCE_KINDS if getattr(self, kind)]
        return Evidence(*given[0], self.why) if len(given) == 1 else None


class NumberEntry(CitedEntry):
    """A number of an alliance file, with its evidence and prior."""

    value: float
    prior: Annotated[list[float], Field(min_length=2, max_length=2)] | None = None


class SameEntry(CitedEntry):
    """A number that is the same as another one of the member in every world."""

    same_as: str = Field(alias="as")


class AttentionEntry(CitedEntry):
    """How much a member attends to each of the others, with its evidence."""

    weights: dict[Code, float]


class CalendarEntry(Checked):
    """Months of the year in which something falls due."""

    summit_month: NumberEntry
    dues_month: NumberEntry


class RulesEntry(Checked):
    """What the alliance's treaties lay down."""

    notice_months: NumberEntry
    suspension_arrears: NumberEntry
    expulsion_arrears: NumberEntry


class PowerEntry(Checked):
    """An outside power: what a partner offers, or whom an adversary threatens."""

    name: str
    role: Literal["partner", "adversary"]
    backers: list[str] = Field(default_factory=list)
    security_offer: NumberEntry | None = None
    economic_offer: NumberEntry | None = None
    credibility: NumberEntry | None = None
    threatens: dict[Code, NumberEntry] | None = None


class MemberEntry(Checked):
    """A client of the alliance."""

    name: str
    capability: NumberEntry
    attention: AttentionEntry | None = None


class PatronEntry(Checked):
    """The patron of the alliance."""

    name: str


class AllianceFile(Checked):
    """An alliance file as it is written."""

    foedus: Literal[1]
    name: str
    title: str
    description: str
    patron: dict[Code, PatronEntry] = Field(min_length=1, max_length=1)
    members: dict[Code, MemberEntry] = Field(min_length=2, max_length=200)
    powers: dict[Code, PowerEntry]
    calendar: CalendarEntry
    rules: RulesEntry
    states: dict[MonthText, dict[Code, dict[str, Any]]] = Field(min_length=1)
