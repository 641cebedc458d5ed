"""An alliance and its numbers: members, outside powers, calendar, rules, all with evidence."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from html import escape
from typing import TYPE_CHECKING, Literal
from zlib import crc32

from foedus.cases.months import format_month, parse_month
from foedus.html import html_table
from foedus.model import records
from foedus.model.draws import address, design_uniform

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from foedus.model.quantities import Evidence, Prior, Quantity


#: Opening numbers: fields of the state that an alliance file gives for each client at each date.
#: They may have a prior, so that they differ between worlds.
GIVEN = (
    "trust",
    "trust_before",
    "expectation",
    "dependence",
    "outside_option",
    "affinity",
    "adversary_ties",
    "threat",
    "delivered",
    "attended",
    "consented",
    "arrears",
    "grievance",
)
#: The three fields of standing. A file gives them as words; the value kept is the place of the word
#: in its row here.
STANDING: dict[str, tuple[str, ...]] = {
    "membership": records.MEMBERSHIP[:1],
    "participation": records.PARTICIPATION,
    "vote": records.VOTE,
}
LONG_IN_OFFICE = 120.0  # months, of a government whose months in office the file does not give


@dataclass(frozen=True)
class AllianceNumber:
    """One number of an alliance, with its evidence and the line where it stands.

    Attributes
    ----------
    key
        Such as ``ARM.trust``.
    quantity
        Its meaning, unit and bounds.
    prior
        None if the number is the same in every world.
    file, line
        Where it stands.
    same_as
        Key of the number that this one equals in every world, or None.
    """

    key: str
    quantity: Quantity
    value: float
    prior: Prior | None
    evidence: Evidence
    file: str
    line: int
    same_as: str | None = None

    @property
    def shown(self) -> str:
        """The value as a reader should see it: a word for a field of standing."""
        words = STANDING.get(self.key.rsplit(".", 1)[-1])
        return words[int(self.value)] if words else f"{self.value:g}"


@dataclass(frozen=True)
class Power:
    """An outside power: a partner that makes offers, or an adversary that threatens.

    Attributes
    ----------
    backers
        States that stand behind it, by name; for information only.
    """

    code: str
    name: str
    role: Literal["partner", "adversary"]
    backers: tuple[str, ...]


@dataclass(frozen=True, repr=False)
class Alliance:
    """An alliance as it stood at one date.

    Attributes
    ----------
    name, title, description, file
        What it is called and where it was read from.
    patron
        Code of the patron.
    members
        Codes of the clients, in the order of the file; the order of every member dimension.
    names
        Full names by code, patron and powers included.
    powers
        The outside powers.
    date
        The month (number) at whose end the states hold.
    numbers
        Every number by key, such as ``ARM.trust``, ``RUS.bandwidth`` or ``rules.notice_months``.
    text
        Content of the file, so that a result can carry it along.
    """

    name: str
    title: str
    description: str
    file: str
    patron: str
    members: tuple[str, ...]
    names: Mapping[str, str]
    powers: tuple[Power, ...]
    date: int
    numbers: Mapping[str, AllianceNumber]
    text: str = field(repr=False)

    def __repr__(self) -> str:
        members = ", ".join(self.members)
        return (
            f"<foedus.Alliance {self.name} in {format_month(self.date)}: {self.patron}; {members}>"
        )

    def _repr_html_(self) -> str:
        return _html(self, GIVEN)

    def value(self, key: str) -> float:
        """Return the value of a number by its key."""
        number = self.numbers[key]
        return self.value(number.same_as) if number.same_as else number.value

    @property
    def partners(self) -> tuple[Power, ...]:
        """Outside powers that make offers to members."""
        return tuple(power for power in self.powers if power.role == "partner")

    @property
    def adversaries(self) -> tuple[Power, ...]:
        """Outside powers that threaten members."""
        return tuple(power for power in self.powers if power.role == "adversary")

    @cached_property
    def attention(self) -> tuple[tuple[float, ...], ...]:
        """Attention of each client (row) to each (column); rows sum to 1, the diagonal is 0."""
        return tuple(
            tuple(
                self.value(f"{one}.attention.{other}")
                if f"{one}.attention.{other}" in self.numbers
                else 0.0
                for other in self.members
            )
            for one in self.members
        )

    @property
    def capabilities(self) -> tuple[float, ...]:
        """Capability of each client: military spending, which can be its weight in cohesion."""
        return tuple(self.value(f"{member}.capability") for member in self.members)

    def powers_with(self, scope: str) -> tuple[str, ...]:
        """Return the codes of those who can pull a lever of a scope: ``partner`` or ``adversary``.

        A client that has a dispute with another can normalise with it as an adversary can.
        """
        if scope == "partner":
            return tuple(power.code for power in self.partners)
        sides = [code for pair in self.disputes for code in pair]
        return (*(power.code for power in self.adversaries), *dict.fromkeys(sides))

    @property
    def disputes(self) -> dict[tuple[str, str], float]:
        """How open each dispute between two clients is, 0 to 1, by their codes."""
        found = (key.split(".") for key in self.numbers if ".dispute." in key)
        return {
            (one, other): self.value(f"{one}.dispute.{other}") for one, _, other in sorted(found)
        }

    def rival(self, member: str) -> str | None:
        """Return the client with which a client has a dispute, or None."""
        for one, other in self.disputes:
            if member in (one, other):
                return other if member == one else one
        return None

    def elections(self, member: str) -> dict[int, tuple[float, float | None]]:
        """Elections and successions that are due in a client, by month (number).

        Each with the chance that the government changes, and the closeness to the patron of the
        government that would follow, or None if none is foreseen.
        """
        due = {}
        for key in self.numbers:
            if key.startswith(f"{member}.election."):
                month = key.rsplit(".", 1)[1]
                successor = f"{member}.successor.{month}"
                foreseen = self.value(successor) if successor in self.numbers else None
                due[parse_month(month)] = (self.value(key), foreseen)
        return due

    def with_values(self, overrides: Mapping[str, float]) -> Alliance:
        """Return the alliance with some numbers fixed at other values."""
        numbers = dict(self.numbers)
        for key, value in overrides.items():
            numbers[key] = replace(numbers[key], value=value, prior=None, same_as=None)
        return replace(self, numbers=numbers)

    def opening(self, member: str, values: Mapping[str, float]) -> records.State:
        """Return the state of a client at the date.

        Parameters
        ----------
        values
            The opening numbers (:data:`GIVEN`) by name: numbers, or arrays with a value for each
            world.
        """
        frozen_months = self.numbers.get(f"{member}.frozen_months")
        tenure = self.numbers.get(f"{member}.tenure")
        derived = {
            "expectation_initial": values["expectation"],
            "dependence_initial": values["dependence"],
            "erosion": 0.0,
            "disposition": 0.0,
            "membership": self.value(f"{member}.membership"),
            "notice_left": 0.0,
            "frozen": self.value(f"{member}.participation"),
            "frozen_months": frozen_months.value if frozen_months else 0.0,
            "suspended": self.value(f"{member}.vote"),
            "patience": 1.0,
            "tenure": tenure.value if tenure else LONG_IN_OFFICE,
        }
        return records.State(**{**derived, **values})

    def default_values(self, member: str) -> dict[str, float]:
        """Return the declared values of :data:`GIVEN` for a client."""
        return {name: self.value(f"{member}.{name}") for name in GIVEN}

    def drawn_values(self, member: str, seed: int, run: int) -> dict[str, float]:
        """Draw the values of :data:`GIVEN` for a client in one run from their priors."""
        return {name: self._drawn(member, name, seed, run) for name in GIVEN}

    def source(self, member: str, name: str) -> tuple[str, AllianceNumber]:
        """Return name and entry of the number from whose prior a number of a client is drawn.

        That is the number itself, unless the file says that it is the same as another number of
        the client (``as: trust``): then it is that other number, and both are equal in every world.
        """
        number = self.numbers[f"{member}.{name}"]
        return (
            self.source(member, number.same_as.split(".")[1]) if number.same_as else (name, number)
        )

    def _drawn(self, member: str, name: str, seed: int, run: int) -> float:
        """Draw a number of a client in one run; without a prior it is as declared."""
        label, number = self.source(member, name)
        if number.prior is None:
            return number.value
        u = design_uniform(seed, run, address(member), crc32(label.encode()))
        return number.prior.quantile(u)


def _html(alliance: Alliance, names: Sequence[str]) -> str:
    """Return an alliance as HTML: what each member starts from, each number with its evidence.

    Parameters
    ----------
    names
        Opening numbers to show.
    """
    rows = []
    for name in names:
        numbers = [alliance.numbers[f"{member}.{name}"] for member in alliance.members]
        cells = [f"{alliance.value(one.key):g} ({one.evidence.kind})" for one in numbers]
        rows.append((name.replace("_", " "), *cells))
    powers = "; ".join(f"{power.name} ({power.role})" for power in alliance.powers)
    head = (
        f"<b>{escape(alliance.title)}</b> ({escape(alliance.name)}), numbers of "
        f"{format_month(alliance.date)}; patron: {escape(alliance.names[alliance.patron])}; "
        f"outside powers: {escape(powers)}"
    )
    header = ("", *(f"{alliance.names[code]} ({code})" for code in alliance.members))
    caption = "Each with the kind of its evidence; foedus.why('ARM.trust') explains one."
    return head + html_table(header, rows, caption)
