"""Alliances: members, outside powers, calendar and rules, each number with its evidence."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_type_hints
from zlib import crc32

from pydantic import Field

from foedus.cases.documents import Document, KeyPath, read_document
from foedus.cases.months import MONTH_PATTERN, format_month, parse_month
from foedus.cases.shipped import locate, shipped_alliances
from foedus.cases.validation import CODE_PATTERN, Checked, attempt, validate
from foedus.errors import AllianceError, InputError, Problem, nearest
from foedus.model import records
from foedus.model.draws import address, design_uniform
from foedus.model.quantities import EVIDENCE_KINDS, Evidence, Prior, Quantity, Uniform

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

MAX_STATE_AGE = 24  # months between a dated state and a start that may still use it

#: What an alliance file gives for each client at each date, in words of the design.
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
#: The three fields of standing, given as words; a number is the place of the word.
STANDING: dict[str, tuple[str, ...]] = {
    "membership": records.MEMBERSHIP[:1],
    "participation": records.PARTICIPATION,
    "vote": records.VOTE,
}

Code = Annotated[str, Field(pattern=CODE_PATTERN)]
MonthText = Annotated[str, Field(pattern=MONTH_PATTERN)]


def state_quantities() -> dict[str, Quantity]:
    """Meaning, unit and bounds of every field of the state of a member."""
    hints = get_type_hints(records.State, include_extras=True)
    return {name: hints[name].__metadata__[0] for name in records.State._fields}


_QUANTITIES: dict[str, Quantity] = {
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


class _Cited(Checked):
    """Evidence as it stands in an alliance file: one of four kinds, and why."""

    article: str | None = None
    data: str | None = None
    literature: str | None = None
    assumed: str | None = None
    why: str = Field(min_length=1)

    def evidence(self) -> Evidence | None:
        given = [(kind, getattr(self, kind)) for kind in EVIDENCE_KINDS if getattr(self, kind)]
        return Evidence(*given[0], self.why) if len(given) == 1 else None


class _Number(_Cited):
    value: float
    prior: Annotated[list[float], Field(min_length=2, max_length=2)] | None = None


class _Same(_Cited):
    """A number that is the same as another one of the member in every world."""

    same_as: str = Field(alias="as")


class _Attention(_Cited):
    weights: dict[Code, float]


class _Calendar(Checked):
    summit_month: _Number
    dues_month: _Number


class _Rules(Checked):
    notice_months: _Number
    suspension_arrears: _Number
    expulsion_arrears: _Number


class _Power(Checked):
    name: str
    role: Literal["partner", "adversary"]
    backers: list[str] = Field(default_factory=list)
    security_offer: _Number | None = None
    economic_offer: _Number | None = None
    credibility: _Number | None = None
    threatens: dict[Code, _Number] | None = None


class _Member(Checked):
    name: str
    capability: _Number
    attention: _Attention | None = None


class _Patron(Checked):
    name: str


class _AllianceFile(Checked):
    foedus: Literal[1]
    name: str
    title: str
    description: str
    patron: dict[Code, _Patron] = Field(min_length=1, max_length=1)
    members: dict[Code, _Member] = Field(min_length=2, max_length=200)
    powers: dict[Code, _Power]
    calendar: _Calendar
    rules: _Rules
    states: dict[MonthText, dict[Code, dict[str, Any]]] = Field(min_length=1)


@dataclass(frozen=True)
class AllianceNumber:
    """One number of an alliance, with its evidence and the line where it stands.

    Attributes
    ----------
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
    """An outside power: a partner that offers, or an adversary that threatens."""

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
        from foedus.html import alliance_html

        return alliance_html(self, GIVEN)

    def value(self, key: str) -> float:
        """Value of a number by key."""
        number = self.numbers[key]
        return self.value(number.same_as) if number.same_as else number.value

    @property
    def partners(self) -> tuple[Power, ...]:
        """Powers that reach out."""
        return tuple(power for power in self.powers if power.role == "partner")

    @property
    def adversaries(self) -> tuple[Power, ...]:
        """Powers that threaten."""
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
        """Capability of each client."""
        return tuple(self.value(f"{member}.capability") for member in self.members)

    def with_values(self, overrides: Mapping[str, float]) -> Alliance:
        """Return the alliance with some numbers fixed at other values."""
        numbers = dict(self.numbers)
        for key, value in overrides.items():
            numbers[key] = replace(numbers[key], value=value, prior=None, same_as=None)
        return replace(self, numbers=numbers)

    def opening(self, member: str, values: Mapping[str, float]) -> records.State:
        """Return the state of a client at the date, from the values of :data:`GIVEN`."""
        frozen_months = self.numbers.get(f"{member}.frozen_months")
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
        }
        return records.State(**{**derived, **values})

    def default_values(self, member: str) -> dict[str, float]:
        """Return the declared values of :data:`GIVEN` for a client."""
        return {name: self.value(f"{member}.{name}") for name in GIVEN}

    def drawn_values(self, member: str, seed: int, run: int) -> dict[str, float]:
        """Draw the values of :data:`GIVEN` for a client in one run from their priors."""
        return {name: self._drawn(member, name, seed, run) for name in GIVEN}

    def source(self, member: str, name: str) -> tuple[str, AllianceNumber]:
        """Return the number that a number of a client is drawn as, itself or another, by name."""
        number = self.numbers[f"{member}.{name}"]
        return (
            self.source(member, number.same_as.split(".")[1]) if number.same_as else (name, number)
        )

    def _drawn(self, member: str, name: str, seed: int, run: int) -> float:
        label, number = self.source(member, name)
        if number.prior is None:
            return number.value
        u = design_uniform(seed, run, address(member), crc32(label.encode()))
        return number.prior.quantile(u)


def load_alliance(reference: str, start: int | None = None, base: Path | None = None) -> Alliance:
    """Load an alliance by path or shipped name, as it stood before a start month.

    Parameters
    ----------
    reference
        Path of a file, or the bare name of a shipped alliance such as ``csto``.
    start
        First month that will be simulated; the latest date of the file if omitted.
    base
        Directory against which a relative path is read.

    Raises
    ------
    AllianceError
        With every problem of the file: unknown keys, missing evidence, numbers out of bounds.
    """
    found = locate(reference, shipped_alliances(), base)
    if found is None:
        message = f"There is no alliance '{reference}'{nearest(reference, shipped_alliances())}"
        raise AllianceError([Problem(reference, 0, "", message)])
    path, shown = found
    try:
        document = read_document(path, shown)
    except InputError as error:
        raise AllianceError(error.problems) from None
    return _Reader(document).alliance(start)


class _Reader:
    """Turns an alliance document into an :class:`Alliance`, collecting problems on the way."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.problems: list[Problem] = list(document.problems)
        self.numbers: dict[str, AllianceNumber] = {}

    def alliance(self, start: int | None) -> Alliance:
        model, problems = validate(_AllianceFile, self.document)
        self.problems += problems
        if model is None:
            raise AllianceError(self.problems)
        patron = next(iter(model.patron))
        members = tuple(model.members)
        self._codes(patron, members, tuple(model.powers))
        for name in ("summit_month", "dues_month"):
            self._number(("calendar", name), f"calendar.{name}", getattr(model.calendar, name))
        for name in ("notice_months", "suspension_arrears", "expulsion_arrears"):
            self._number(("rules", name), f"rules.{name}", getattr(model.rules, name))
        for code, member in model.members.items():
            here = ("members", code)
            self._number((*here, "capability"), f"{code}.capability", member.capability)
            self._attend(code, member.attention, members)
        for code, power in model.powers.items():
            self._power(code, power, members)
        for code in members:
            self._share_threat(code)
        date = self._choose(list(model.states), start)
        chosen: dict[str, AllianceNumber] = {}
        for text, state in model.states.items():
            numbers = self._states(text, state, patron, members)
            if parse_month(text) == date:
                chosen = numbers
        if self.problems:
            raise AllianceError(self.problems)
        return Alliance(
            name=model.name,
            title=model.title,
            description=model.description,
            file=self.document.file,
            patron=patron,
            members=members,
            names={
                patron: model.patron[patron].name,
                **{code: member.name for code, member in model.members.items()},
                **{code: power.name for code, power in model.powers.items()},
            },
            powers=tuple(
                Power(code, power.name, power.role, tuple(power.backers))
                for code, power in model.powers.items()
            ),
            date=date,
            numbers={**self.numbers, **chosen},
            text=self.document.text,
        )

    def _complain(self, path: KeyPath, message: str) -> None:
        self.problems.append(self.document.problem(path, message))

    def _codes(self, patron: str, members: tuple[str, ...], powers: tuple[str, ...]) -> None:
        if patron in members:
            self._complain(("members", patron), "The patron is listed apart; take it out here.")
        for code in powers:
            if code == patron or code in members:
                self._complain(("powers", code), "An outside power cannot be a member as well.")

    def _number(self, path: KeyPath, key: str, given: _Number) -> AllianceNumber | None:
        name = key.split(".")[-2 if ".attention." in key or ".threatens." in key else -1]
        quantity = _QUANTITIES[name]
        evidence = self._evidence(path, given)
        reasons = [quantity.refusal(given.value)]
        if given.prior is not None and name not in GIVEN:
            reasons.append("This number is the same in every world; take out the prior.")
        elif given.prior is not None:
            low, high = given.prior
            reasons += [quantity.refusal(low), quantity.refusal(high)]
            if not low <= given.value <= high or low == high:
                reasons.append(f"The prior {low:g} to {high:g} must enclose the value.")
        refused = sorted({reason for reason in reasons if reason})
        for reason in refused:
            self._complain(path, reason)
        if refused or evidence is None:
            return None
        number = AllianceNumber(
            key,
            quantity,
            given.value,
            Uniform(*given.prior) if given.prior else None,
            evidence,
            self.document.file,
            self.document.line(path),
        )
        if path[0] != "states":
            self.numbers[key] = number
        return number

    def _evidence(self, path: KeyPath, given: _Cited) -> Evidence | None:
        evidence = given.evidence()
        if evidence is None:
            self._complain(path, f"Give exactly one kind of evidence: {', '.join(EVIDENCE_KINDS)}.")
        return evidence

    def _attend(self, code: str, row: _Attention | None, members: tuple[str, ...]) -> None:
        path = ("members", code, "attention")
        if row is None:
            self._complain(("members", code), "The key 'attention' is missing; add it.")
            return
        for other, weight in row.weights.items():
            if other == code or other not in members:
                self._complain((*path, "weights", other), "Attention goes to the other clients.")
                continue
            cited = {kind: getattr(row, kind) for kind in EVIDENCE_KINDS}
            number = _Number(value=weight, why=row.why, **cited)
            self._number((*path, "weights", other), f"{code}.attention.{other}", number)
        if abs(sum(row.weights.values()) - 1.0) > 1e-9:
            self._complain(path, f"The weights sum to {sum(row.weights.values()):g}, not to 1.")

    def _power(self, code: str, power: _Power, members: tuple[str, ...]) -> None:
        path = ("powers", code)
        offers = ("security_offer", "economic_offer", "credibility")
        wanted, unwanted = (
            (offers, ("threatens",)) if power.role == "partner" else (("threatens",), offers)
        )
        for name in wanted:
            if getattr(power, name) is None:
                self._complain(path, f"The key '{name}' is missing; add it.")
        for name in unwanted:
            if getattr(power, name) is not None:
                self._complain(
                    (*path, name), f"A power with the role {power.role} has no '{name}'."
                )
        for name in offers:
            if (given := getattr(power, name)) is not None:
                self._number((*path, name), f"{code}.{name}", given)
        for member, given in (power.threatens or {}).items():
            if member not in members:
                self._complain((*path, "threatens", member), f"No client{nearest(member, members)}")
            else:
                self._number((*path, "threatens", member), f"{code}.threatens.{member}", given)

    def _share_threat(self, code: str) -> None:
        """Refuse adversaries that together make up more than the whole threat of a member."""
        shares = [n for key, n in self.numbers.items() if key.endswith(f".threatens.{code}")]
        if sum(number.value for number in shares) > 1.0 + 1e-9:
            power = shares[-1].key.split(".")[0]
            message = f"The adversaries of {code} make up more than the whole of its threat."
            self._complain(("powers", power, "threatens", code), message)

    def _states(
        self, text: str, state: dict[str, dict[str, Any]], patron: str, members: tuple[str, ...]
    ) -> dict[str, AllianceNumber]:
        numbers: dict[str, AllianceNumber] = {}
        for code in (patron, *members):
            if code not in state:
                self._complain(("states", text), f"The state of {code} is missing; add it.")
        for code, fields in state.items():
            path = ("states", text, code)
            if code == patron:
                numbers |= self._state(path, fields, ("bandwidth",))
            elif code in members:
                numbers |= self._state(path, fields, _wanted(fields))
            else:
                self._complain(path, f"{code} is no member{nearest(code, (patron, *members))}")
        return numbers

    def _state(
        self, path: KeyPath, fields: dict[str, Any], wanted: tuple[str, ...]
    ) -> dict[str, AllianceNumber]:
        numbers: dict[str, AllianceNumber] = {}
        for name in wanted:
            if name not in fields:
                self._complain(path, f"The key '{name}' is missing; add it.")
        for name, raw in fields.items():
            here = (*path, name)
            if name not in wanted:
                self._complain(here, f"There is no key '{name}' here{nearest(name, wanted)}")
                continue
            if isinstance(raw, dict) and "as" in raw:
                if same := self._same(here, raw, fields):
                    numbers[same.key] = same
                continue
            given = self._placed(here, name, raw) if name in STANDING else raw
            number = attempt(_Number, given)
            if number is None:
                if given is not None:
                    self._complain(here, "Give value, why, and one kind of evidence.")
            elif entry := self._number(here, f"{path[-1]}.{name}", number):
                numbers[entry.key] = entry
        return numbers

    def _same(
        self, path: KeyPath, raw: dict[str, Any], fields: dict[str, Any]
    ) -> AllianceNumber | None:
        """Read a number that is the same as another one of the member."""
        given = attempt(_Same, raw)
        target = attempt(_Number, fields.get(given.same_as)) if given else None
        code, name = str(path[-2]), str(path[-1])
        if given is None or target is None or name not in GIVEN or given.same_as not in GIVEN:
            self._complain(path, "'as' names another number of the member that has a value.")
            return None
        evidence = self._evidence(path, given)
        if evidence is None:
            return None
        return AllianceNumber(
            f"{code}.{name}",
            _QUANTITIES[name],
            target.value,
            Uniform(*target.prior) if target.prior else None,
            evidence,
            self.document.file,
            self.document.line(path),
            f"{code}.{given.same_as}",
        )

    def _placed(self, path: KeyPath, name: str, raw: Any) -> Any:
        """Put the place of a word of standing where the word stands."""
        word = raw.get("value") if isinstance(raw, dict) else None
        if word not in STANDING[name]:
            legal = nearest(str(word), STANDING[name])
            self._complain(path, f"'{word}' is no {name} to start from{legal}")
            return None
        return {**raw, "value": float(STANDING[name].index(word))}

    def _choose(self, dates: list[str], start: int | None) -> int:
        months = sorted(map(parse_month, dates))
        if start is None:
            return months[-1]
        usable = [month for month in months if month < start <= month + MAX_STATE_AGE]
        if not usable:
            shown = ", ".join(map(format_month, months))
            self._complain(
                ("states",),
                f"No state is dated in the {MAX_STATE_AGE} months before a start in "
                f"{format_month(start)}; there are states for {shown}. Start right after one of "
                "them, or add a dated state.",
            )
            return months[-1]
        return usable[-1]


def _wanted(fields: Mapping[str, Any]) -> tuple[str, ...]:
    """Keys of the state of a client; the age of a freeze is asked of frozen members only."""
    participation = fields.get("participation")
    frozen = isinstance(participation, dict) and participation.get("value") == "frozen"
    return (*GIVEN, *STANDING, *(("frozen_months",) if frozen else ()))
