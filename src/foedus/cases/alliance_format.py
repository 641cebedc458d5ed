"""The format of alliance files, as pydantic models: one class for each kind of entry."""

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


#: Meaning, unit and bounds of every number of an alliance file, by its key there.
QUANTITIES: dict[str, Quantity] = {
    **{name: state_quantities()[name] for name in (*GIVEN, "frozen_months")},
    "membership": Quantity("membership: 0 in", "code", 0, 1),
    "participation": Quantity("participation: 0 active, 1 frozen by the member", "code", 0, 1),
    "vote": Quantity("vote: 0 held, 1 suspended by the alliance", "code", 0, 1),
    "tenure": state_quantities()["tenure"],
    "dispute": Quantity("how open a dispute between two members is", "share", 0, 1),
    "election": Quantity(
        "chance that an election or succession changes the government", "share", 0, 1
    ),
    "successor": Quantity(
        "political closeness to the patron of the government that would follow", "share", 0, 1
    ),
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
        """Return the evidence, or None unless exactly one of the four kinds is given."""
        given = [(kind, getattr(self, kind)) for kind in EVIDENCE_KINDS if getattr(self, kind)]
        return Evidence(*given[0], self.why) if len(given) == 1 else None


class NumberEntry(CitedEntry):
    """A number with its evidence; ``prior`` holds the ends of a uniform prior, if it has one."""

    value: float
    prior: Annotated[list[float], Field(min_length=2, max_length=2)] | None = None


class SameEntry(CitedEntry):
    """A number that equals another number of the member in every world (``as: trust``)."""

    same_as: str = Field(alias="as")


class AttentionEntry(CitedEntry):
    """The attention that a client pays to each other client, by code; the weights sum to 1."""

    weights: dict[Code, float]


class CalendarEntry(Checked):
    """The months of the year (1 to 12) in which the summit is held and dues fall due."""

    summit_month: NumberEntry
    dues_month: NumberEntry


class RulesEntry(Checked):
    """The alliance's rules: months of notice, arrears that allow suspension and expulsion."""

    notice_months: NumberEntry
    suspension_arrears: NumberEntry
    expulsion_arrears: NumberEntry


class PowerEntry(Checked):
    """An outside power: a partner with its offers, or an adversary with those whom it threatens.

    ``threatens`` gives, by code of a member, the share of its threat that the adversary makes up.
    """

    name: str
    role: Literal["partner", "adversary"]
    backers: list[str] = Field(default_factory=list)
    security_offer: NumberEntry | None = None
    economic_offer: NumberEntry | None = None
    credibility: NumberEntry | None = None
    threatens: dict[Code, NumberEntry] | None = None


class ElectionEntry(Checked):
    """An election or succession: chance of a new government, and its closeness to the patron.

    Without ``successor`` a new government would lie about the one before.
    """

    election: NumberEntry
    successor: NumberEntry | None = None


class MemberEntry(Checked):
    """What is the same of a client at every date: name, capability, attention to the others.

    ``elections`` holds those that are due, by month.
    """

    name: str
    capability: NumberEntry
    attention: AttentionEntry | None = None
    elections: dict[MonthText, ElectionEntry] = Field(default_factory=dict)


class PatronEntry(Checked):
    """The patron's name; its bandwidth stands among the dated states."""

    name: str


class AllianceFile(Checked):
    """A whole alliance file.

    ``states`` gives, by month and then by code, the numbers of the patron and of every client at
    the end of that month. They are checked one by one in :mod:`foedus.cases.alliance_reader`.
    """

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
