"""Reading alliance files: a checked Alliance, or every problem at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from foedus.cases.alliance import GIVEN, STANDING, Alliance, AllianceNumber, Power
from foedus.cases.alliance_format import (
    QUANTITIES,
    AllianceFile,
    AttentionEntry,
    CitedEntry,
    MemberEntry,
    NumberEntry,
    PowerEntry,
    SameEntry,
)
from foedus.cases.documents import Document, KeyPath, find_document
from foedus.cases.months import format_month, parse_month
from foedus.cases.shipped import shipped_alliances
from foedus.cases.validation import attempt, validate
from foedus.errors import AllianceError, Problem, nearest
from foedus.model.quantities import EVIDENCE_KINDS, Evidence, Uniform

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


MAX_STATE_AGE = 24  # months between a dated state and a start that may still use it


def load_alliance(reference: str, start: int | None = None, base: Path | None = None) -> Alliance:
    """Load an alliance by path or shipped name, as it stood before a start month.

    Parameters
    ----------
    reference
        Path of a file, or the bare name of a shipped alliance such as ``csto``.
    start
        First month (number) that will be simulated. The alliance is as in the latest dated state
        of the file before it, which may be up to :data:`MAX_STATE_AGE` months old. If omitted, as
        in the latest state of all.
    base
        Directory against which a relative path is read.

    Raises
    ------
    AllianceError
        With every problem of the file: unknown keys, missing evidence, numbers out of bounds, no
        dated state before the start.
    """
    document, _ = find_document(reference, "alliance", shipped_alliances(), AllianceError, base)
    return _Reader(document).alliance(start)


class _Reader:
    """Turns an alliance document into an :class:`Alliance`, collecting problems on the way."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.problems: list[Problem] = list(document.problems)
        self.numbers: dict[str, AllianceNumber] = {}

    def alliance(self, start: int | None) -> Alliance:
        """Return the alliance; raise AllianceError with every problem found."""
        model, problems = validate(AllianceFile, self.document)
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
            self._elections(code, member)
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

    def _number(self, path: KeyPath, key: str, given: NumberEntry) -> AllianceNumber | None:
        """Check a number and return it, or complain and return None.

        A number outside the dated states is also kept in ``self.numbers``.
        """
        name = next((part for part in key.split(".")[1:-1] if part in QUANTITIES), "")
        name = name or key.rsplit(".", 1)[-1]
        quantity = QUANTITIES[name]
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

    def _evidence(self, path: KeyPath, given: CitedEntry) -> Evidence | None:
        evidence = given.evidence()
        if evidence is None:
            self._complain(path, f"Give exactly one kind of evidence: {', '.join(EVIDENCE_KINDS)}.")
        return evidence

    def _attend(self, code: str, row: AttentionEntry | None, members: tuple[str, ...]) -> None:
        """Read the attention that a client pays to the others; it must sum to 1."""
        path = ("members", code, "attention")
        if row is None:
            self._complain(("members", code), "The key 'attention' is missing; add it.")
            return
        for other, weight in row.weights.items():
            if other == code or other not in members:
                self._complain((*path, "weights", other), "Attention goes to the other clients.")
                continue
            cited = {kind: getattr(row, kind) for kind in EVIDENCE_KINDS}
            number = NumberEntry(value=weight, why=row.why, **cited)
            self._number((*path, "weights", other), f"{code}.attention.{other}", number)
        if abs(sum(row.weights.values()) - 1.0) > 1e-9:
            self._complain(path, f"The weights sum to {sum(row.weights.values()):g}, not to 1.")

    def _elections(self, code: str, member: MemberEntry) -> None:
        """Read the elections and successions that are due in a client."""
        for month, due in member.elections.items():
            path = ("members", code, "elections", month)
            self._number((*path, "election"), f"{code}.election.{month}", due.election)
            if due.successor is not None:
                self._number((*path, "successor"), f"{code}.successor.{month}", due.successor)

    def _power(self, code: str, power: PowerEntry, members: tuple[str, ...]) -> None:
        """Read the numbers of an outside power; which it has depends on its role."""
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
                own = {name: raw for name, raw in fields.items() if name != "dispute"}
                numbers |= self._state(path, own, _wanted(fields), ("tenure",))
                if "dispute" in fields:
                    numbers |= self._disputes(path, fields["dispute"], members)
            else:
                self._complain(path, f"{code} is no member{nearest(code, (patron, *members))}")
        self._one_dispute_each(text, [key.split(".")[::2] for key in numbers if ".dispute." in key])
        return numbers

    def _one_dispute_each(self, text: str, disputes: Sequence[Sequence[str]]) -> None:
        """Refuse a dispute that stands at both sides, and a client with disputes with two others.

        ``disputes`` holds the client at which each stands and its rival.
        """
        rivals: dict[str, str] = {}
        for code, rival in disputes:
            path = ("states", text, code, "dispute", rival)
            if rivals.get(code) == rival:
                self._complain(path, f"This dispute stands at {rival} already; take it out here.")
            elif taken := [side for side in (code, rival) if side in rivals]:
                one = taken[0]
                message = f"{one} has a dispute with {rivals[one]} already; a client has only one."
                self._complain(path, message)
            else:
                rivals[code], rivals[rival] = rival, code

    def _disputes(
        self, path: KeyPath, given: Any, members: tuple[str, ...]
    ) -> dict[str, AllianceNumber]:
        """Read the dispute of a client with another; it stands at one of the two only."""
        numbers: dict[str, AllianceNumber] = {}
        code, here = str(path[-1]), (*path, "dispute")
        if not isinstance(given, dict):
            self._complain(here, "Name the other client, as in '{KGZ: {value: 0.5, ...}}'.")
            return numbers
        for other, raw in given.items():
            number = attempt(NumberEntry, raw)
            if other == code or other not in members:
                self._complain((*here, other), f"A dispute is with another client, not {other}.")
            elif number is None:
                self._complain((*here, other), "Give value, why, and one kind of evidence.")
            elif entry := self._number((*here, other), f"{code}.dispute.{other}", number):
                numbers[entry.key] = entry
        return numbers

    def _state(
        self,
        path: KeyPath,
        fields: dict[str, Any],
        wanted: tuple[str, ...],
        optional: tuple[str, ...] = (),
    ) -> dict[str, AllianceNumber]:
        numbers: dict[str, AllianceNumber] = {}
        for name in wanted:
            if name not in fields:
                self._complain(path, f"The key '{name}' is missing; add it.")
        for name, raw in fields.items():
            here = (*path, name)
            if name not in (*wanted, *optional):
                self._complain(here, f"There is no key '{name}' here{nearest(name, wanted)}")
                continue
            if isinstance(raw, dict) and "as" in raw:
                if same := self._same(here, raw, fields):
                    numbers[same.key] = same
                continue
            given = self._placed(here, name, raw) if name in STANDING else raw
            number = attempt(NumberEntry, given)
            if number is None:
                if given is not None:
                    self._complain(here, "Give value, why, and one kind of evidence.")
            elif entry := self._number(here, f"{path[-1]}.{name}", number):
                numbers[entry.key] = entry
        return numbers

    def _same(
        self, path: KeyPath, raw: dict[str, Any], fields: dict[str, Any]
    ) -> AllianceNumber | None:
        """Read a number that equals another number of the member, or complain and return None."""
        given = attempt(SameEntry, raw)
        target = attempt(NumberEntry, fields.get(given.same_as)) if given else None
        code, name = str(path[-2]), str(path[-1])
        if given is None or target is None or name not in GIVEN or given.same_as not in GIVEN:
            self._complain(path, "'as' names another number of the member that has a value.")
            return None
        evidence = self._evidence(path, given)
        if evidence is None:
            return None
        return AllianceNumber(
            f"{code}.{name}",
            QUANTITIES[name],
            target.value,
            Uniform(*target.prior) if target.prior else None,
            evidence,
            self.document.file,
            self.document.line(path),
            f"{code}.{given.same_as}",
        )

    def _placed(self, path: KeyPath, name: str, raw: Any) -> Any:
        """Return an entry of standing with its word replaced by the word's place in its row.

        The rows are those of :data:`STANDING`. Complain and return None if it is no such word.
        """
        word = raw.get("value") if isinstance(raw, dict) else None
        if word not in STANDING[name]:
            legal = nearest(str(word), STANDING[name])
            self._complain(path, f"'{word}' is no {name} to start from{legal}")
            return None
        return {**raw, "value": float(STANDING[name].index(word))}

    def _choose(self, dates: list[str], start: int | None) -> int:
        """Return the date of the state that a start may use, see :func:`load_alliance`."""
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
    """Return the keys that a client's state must have; only a frozen one has ``frozen_months``."""
    participation = fields.get("participation")
    frozen = isinstance(participation, dict) and participation.get("value") == "frozen"
    return (*GIVEN, *STANDING, *(("frozen_months",) if frozen else ()))
