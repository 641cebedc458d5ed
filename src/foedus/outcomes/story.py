"""One world told as a dated story, and the same world under two scenarios side by side.

Stories are made by :func:`foedus.outcomes.telling.tell`. A world is named by its address: the seed,
the run (number of the world) and the design (where its numbers come from).
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import asdict, dataclass, replace
from difflib import SequenceMatcher
from itertools import zip_longest
from textwrap import wrap
from typing import TYPE_CHECKING, Any, NamedTuple

from foedus.cases.months import format_month
from foedus.errors import ResultError, nearest
from foedus.html import html_table
from foedus.model import records
from foedus.model.cohesion import END_STATE_MEANINGS
from foedus.model.records import State
from foedus.outcomes.phrases import arrears, counted, decimal

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import numpy as np
    import numpy.typing as npt

    from foedus.cases.scenario import Scenario
    from foedus.worlds.openings import Design

WIDTH = 100  # columns of a story

OUT = records.STANDINGS.index("withdrawn")  # from this standing on a member is out


# ---------------------------------------------------------------------------------------------
# What a trace holds


@dataclass(frozen=True)
class Entry:
    """One entry of a story: a thing that happened in a month.

    Attributes
    ----------
    month
        As YYYY-MM.
    member
        Code of the member; None for the alliance.
    kind
        One of :data:`foedus.outcomes.phrases.KINDS`.
    text
        A fragment of a sentence.
    """

    month: str
    member: str | None
    kind: str
    text: str


@dataclass(frozen=True)
class Standing:
    """Where a member stands at the end of a month.

    Attributes
    ----------
    member, name
        Code and full name.
    standing
        One of :data:`foedus.model.records.STANDINGS`.
    trust
        Trust in the patron.
    frozen, frozen_months
        Whether its participation is frozen, and for how many months.
    arrears
        Years of unpaid dues.
    vote
        Whether it holds its vote.
    attended
        Whether it attended the last summit.
    leaves
        Month in which notice that was given takes effect (YYYY-MM), or None.
    """

    member: str
    name: str
    standing: str
    trust: float
    frozen: bool
    frozen_months: int
    arrears: float
    vote: bool
    attended: bool
    leaves: str | None

    @property
    def is_member(self) -> bool:
        """Whether it has neither left nor been expelled."""
        return records.STANDINGS.index(self.standing) < OUT

    @property
    def _participation(self) -> str:
        if not self.frozen:
            return "active"
        return (
            f"frozen for {counted(self.frozen_months, 'month')}"
            if self.frozen_months
            else "just frozen"
        )

    @property
    def words(self) -> str:
        """The standing as a text that can follow the member's name."""
        if not self.is_member:
            return self.standing
        parts = [
            f"trust {decimal(self.trust)}",
            self._participation,
            arrears(self.arrears),
            "vote held" if self.vote else "vote suspended",
        ]
        if not self.attended and not self.frozen:
            parts.append("absent from the last summit")
        if self.leaves:
            parts.append(f"notice given, leaves in {self.leaves}")
        return ", ".join(parts)

    def __str__(self) -> str:
        return f"{self.name}: {self.words}"


@dataclass(frozen=True, eq=False)
class History:
    """A world month by month.

    Attributes
    ----------
    months
        Shape (month,), datetime64[ns].
    states
        Every field of the state of every member, the opening first: shape (month + 1, member,
        field of State).
    standing
        Index in :data:`foedus.model.records.STANDINGS`: shape (month, member).
    cohesion
        Cohesion index with the scenario's weights: shape (month,).
    events
        Whether an event happened in the month: shape (month, member, field of Events).
    crisis, support
        Whether a crisis invoked the treaty, and the help that came (0 to 1): shape (month, member).
    """

    months: npt.NDArray[np.datetime64]
    states: npt.NDArray[np.float64]
    standing: npt.NDArray[np.int8]
    cohesion: npt.NDArray[np.float64]
    events: npt.NDArray[np.bool_]
    crisis: npt.NDArray[np.bool_]
    support: npt.NDArray[np.float64]

    def of(self, name: str) -> npt.NDArray[np.float64]:
        """Return a field of the state at the end of each month: shape (month, member)."""
        return self.states[1:, :, State._fields.index(name)]

    @property
    def trust(self) -> npt.NDArray[np.float64]:
        """Trust in the patron: shape (month, member)."""
        return self.of("trust")

    @property
    def inside(self) -> npt.NDArray[np.bool_]:
        """Whether a member has neither left nor been expelled: shape (month, member)."""
        return self.standing < OUT


@dataclass(frozen=True)
class End:
    """A world at its horizon.

    Attributes
    ----------
    month
        The last one, as YYYY-MM.
    end_state
        One of :data:`foedus.model.cohesion.END_STATES`.
    cohesion
        Cohesion index with the scenario's weights.
    standings
        Where every member stands.
    """

    month: str
    end_state: str
    cohesion: float
    standings: tuple[Standing, ...]

    def __str__(self) -> str:
        return f"{end_state_in_words(self.end_state)}; cohesion {decimal(self.cohesion)}"


@dataclass(frozen=True, eq=False, repr=False)
class Trace:
    """One world as a story.

    Attributes
    ----------
    scenario
        The resolved scenario.
    run, seed, design
        The world's address: number of the world, seed, and where its numbers come from.
    opening
        Where every member stood at the start.
    entries
        What happened, in order.
    history
        The world month by month, as arrays.
    end
        The alliance and its members at the horizon.
    """

    scenario: Scenario
    run: int
    seed: int
    opening: tuple[Standing, ...]
    entries: tuple[Entry, ...]
    history: History
    end: End
    design: Design

    @property
    def title(self) -> str:
        """Scenario, address and first and last month, in one line."""
        scenario = self.scenario
        drawn = {
            "posterior": "goes on from the record (posterior)",
            "prior": "numbers drawn from their priors",
            "default": "declared numbers",
        }.get(self.design.name, "given numbers")
        return (
            f"{scenario.title} ({scenario.name}), run {self.run}, seed {self.seed}: {drawn}; "
            f"{format_month(scenario.start)} to {format_month(scenario.end)}, policy "
            f"{scenario.policy}"
        )

    def of(self, member: str) -> tuple[Entry, ...]:
        """Return the entries about one member and about the alliance.

        Raises
        ------
        ResultError
            If there is no such member.
        """
        (member,) = member_codes([member], self.scenario)
        return tuple(entry for entry in self.entries if entry.member in (member, None))

    def only(self, *members: str) -> Trace:
        """Return the trace with only the entries and standings of some members and the alliance.

        Raises
        ------
        ResultError
            If there is no such member.
        """
        chosen = member_codes(members, self.scenario)

        def standings(found: tuple[Standing, ...]) -> tuple[Standing, ...]:
            return tuple(one for one in found if one.member in chosen)

        return replace(
            self,
            opening=standings(self.opening),
            entries=tuple(one for one in self.entries if one.member in (*chosen, None)),
            end=replace(self.end, standings=standings(self.end.standings)),
        )

    def as_dict(self) -> dict[str, Any]:
        """Return the trace as plain data for JSON."""
        members, history = self.scenario.alliance.members, self.history
        told = {standing.member: members.index(standing.member) for standing in self.opening}
        return {
            "scenario": self.scenario.name,
            "title": self.scenario.title,
            "run": self.run,
            "seed": str(self.seed),
            "parameters": self.design.name,
            "opening": [asdict(standing) for standing in self.opening],
            "entries": [asdict(entry) for entry in self.entries],
            "history": {
                "months": [str(month)[:7] for month in history.months],
                "trust": {code: history.trust[:, place].tolist() for code, place in told.items()},
                "standing": {
                    code: [records.STANDINGS[one] for one in history.standing[:, place].tolist()]
                    for code, place in told.items()
                },
                "cohesion": history.cohesion.tolist(),
            },
            "end": {**asdict(self.end), "standings": [asdict(one) for one in self.end.standings]},
        }

    def __repr__(self) -> str:
        return f"<foedus.Trace {self.title}; {len(self.entries)} entries>"

    def __str__(self) -> str:
        lines = wrap(self.title, WIDTH)
        for label, told in _sections(self).items():
            texts = [line.text for line in told]
            if label in (OPENING, HORIZON):
                lines += ["", *_listed(label, texts), *([""] if label == OPENING else [])]
            else:
                lines += _hanging(label, "; ".join(texts))
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        names = self.scenario.alliance.names
        rows = [(OPENING, one.name, one.words) for one in self.opening]
        rows += [(one.month, names.get(one.member or "", ""), one.text) for one in self.entries]
        rows += [(HORIZON, "", str(self.end))]
        rows += [(HORIZON, one.name, one.words) for one in self.end.standings]
        return html_table(("month", "member", "what"), rows, self.title)


@dataclass(frozen=True)
class Pair:
    """The same world under two scenarios.

    Attributes
    ----------
    one, other
        The two stories.

    Raises
    ------
    ResultError
        If they are not the same world: members, start, horizon, run, seed or design differ.
    """

    one: Trace
    other: Trace

    def __post_init__(self) -> None:
        _refuse_strangers(self.one, self.other)

    def as_dict(self) -> dict[str, Any]:
        """Return both as plain data for JSON, with the month in which a state first differs."""
        worlds = [self.one.as_dict(), self.other.as_dict()]
        return {"parted": parted(self.one, self.other), "worlds": worlds}

    def __str__(self) -> str:
        return side_by_side(self.one, self.other)

    def _repr_html_(self) -> str:
        from html import escape

        return f"<pre>{escape(str(self))}</pre>"


def end_state_in_words(end_state: str) -> str:
    """Return a sentence, without full stop, that names an end state and says what it means."""
    return f"the alliance is {end_state}: {END_STATE_MEANINGS[end_state]}"


# ---------------------------------------------------------------------------------------------
# Text of one story, and of two side by side

OPENING, HORIZON = "opening", "end"  # labels in the column of the months
MARGIN = 2 + len("YYYY-MM")
COLUMN = (WIDTH - MARGIN - 3) // 2
SAME = "="


class _Line(NamedTuple):
    """A line of a story, with what it is about: lines about the same stand side by side."""

    about: tuple[str | None, ...]
    text: str


def _sections(trace: Trace) -> dict[str, list[_Line]]:
    """Return the lines of a story by the label of their section: opening, months, end."""
    sections: dict[str, list[_Line]] = defaultdict(list)
    sections[OPENING] = [_Line((one.member,), str(one)) for one in trace.opening]
    for entry in trace.entries:
        lever = entry.text.partition(":")[0] if entry.kind == "lever" else None
        sections[entry.month].append(_Line((entry.member, entry.kind, lever), entry.text))
    ends = [_Line((one.member,), str(one)) for one in trace.end.standings]
    sections[HORIZON] = [_Line((None,), str(trace.end)), *ends]
    return sections


def _listed(label: str, texts: Sequence[str]) -> Iterator[str]:
    """Yield the wrapped lines of some texts; the label stands in the margin of the first."""
    for place, text in enumerate(texts):
        yield from _hanging("" if place else label, text)


def _hanging(label: str, text: str) -> list[str]:
    """Wrap a text beside a margin that holds its label."""
    begin = f"{label:<{MARGIN}}"
    return wrap(text, WIDTH, initial_indent=begin, subsequent_indent=" " * MARGIN)


def parted(one: Trace, other: Trace) -> str | None:
    """Return the month in which any state of any member first differs between two worlds.

    Returns
    -------
    str or None
        As YYYY-MM; None if no state ever differs. If the states differ at the opening already, it
        is the month before the start.

    Raises
    ------
    ResultError
        If the two are not the same world under two scenarios.
    """
    _refuse_strangers(one, other)
    differs = (one.history.states != other.history.states).any(axis=(1, 2))
    if not differs.any():
        return None
    return format_month(one.scenario.start - 1 + int(differs.argmax()))


def side_by_side(one: Trace, other: Trace) -> str:
    """Write the stories of one world under two scenarios in two columns.

    A line marks the first month in which the two stories differ.

    Raises
    ------
    ResultError
        If the two are not the same world under two scenarios.
    """
    parting = parted(one, other)
    first, second = _sections(one), _sections(other)
    labels = [OPENING, *sorted((first.keys() | second.keys()) - {OPENING, HORIZON}), HORIZON]
    split = next((label for label in labels if first[label] != second[label]), None)
    words = _parting_words(split, parting)
    span = f"{format_month(one.scenario.start)} to {one.end.month}"
    lines = [
        f"Run {one.run}, seed {one.seed}, {span}, under two scenarios ({SAME}: the same)",
        "",
        *_row("", _column_head(one.scenario), _column_head(other.scenario)),
        "-" * WIDTH,
    ]
    for label in labels:
        if label == split:
            lines.append(_marked(words))
        rows = _aligned(first[label], second[label])
        for place, (left, right) in enumerate(rows):
            lines += _row("" if place else label, left, right)
    if split is None:
        lines.append(_marked(words))
    return "\n".join(lines)


def _column_head(scenario: Scenario) -> str:
    return f"{scenario.title} ({scenario.name})"


def _parting_words(label: str | None, parting: str | None) -> str:
    """Return the text of the line that marks where two worlds part.

    Parameters
    ----------
    label
        Section in which the stories first differ; None if they do not.
    parting
        Month in which a state of a member first differs; None if none does.
    """
    states = f"states of members first differ in {parting}"
    if label is None:
        return "the worlds never part" if parting is None else f"told alike; {states}"
    words = f"{label}: here the worlds part"
    if parting is None:
        return f"{words} in what is told; no state of a member ever differs"
    return words if label in (OPENING, parting) else f"{words}; {states}"


def _marked(words: str) -> str:
    return f"---- {words} ".ljust(WIDTH, "-")


def _aligned(one: Sequence[_Line], other: Sequence[_Line]) -> Iterator[tuple[str, str]]:
    """Yield left and right text of each row of a section of two stories.

    Lines about the same stand in one row; the right text is :data:`SAME` where both texts are
    equal. Other lines are paired in their order.
    """
    abouts = [line.about for line in one], [line.about for line in other]
    matcher = SequenceMatcher(None, *abouts, autojunk=False)
    for tag, first, after, begin, end in matcher.get_opcodes():
        mine = [line.text for line in one[first:after]]
        yours = [line.text for line in other[begin:end]]
        for left, right in zip_longest(mine, yours, fillvalue=""):
            yield left, SAME if tag == "equal" and left == right else right


def _row(label: str, left: str, right: str) -> Iterator[str]:
    """Yield the lines of a row of two wrapped cells; the label stands in the margin."""
    cells = zip_longest(_cell(left), _cell(right), fillvalue="")
    for place, (one, other) in enumerate(cells):
        yield f"{'' if place else label:<{MARGIN}}{one:<{COLUMN}} | {other}".rstrip()


def _cell(text: str) -> list[str]:
    return wrap(text, COLUMN, subsequent_indent="  ")


def _refuse_strangers(one: Trace, other: Trace) -> None:
    """Refuse two traces that are not the same world under two scenarios."""
    mine, yours = one.scenario, other.scenario
    designs = [f"{trace.design.name} {trace.design.fingerprint[:12]}" for trace in (one, other)]
    for what, left, right, remedy in (
        ("members", mine.alliance.members, yours.alliance.members, "Trace them apart."),
        ("starts", format_month(mine.start), format_month(yours.start), "Give both one 'start'."),
        ("horizons", one.end.month, other.end.month, "Load both with the same horizon."),
        ("runs", one.run, other.run, "Trace both with the same run."),
        ("seeds", one.seed, other.seed, "Trace both with the same seed."),
        ("parameters", *designs, "Trace both with the same design."),
    ):
        if left != right:
            message = (
                f"'{mine.name}' and '{yours.name}' cannot be put side by side: their {what} "
                f"differ ({left} and {right}). {remedy}"
            )
            raise ResultError(message)


def member_codes(members: Iterable[str], scenario: Scenario) -> list[str]:
    """Return the codes of members that are given by code or name, in upper or lower case.

    Raises
    ------
    ResultError
        If there is no such member.
    """
    alliance, found = scenario.alliance, []
    known = {
        word.lower(): code for code in alliance.members for word in (code, alliance.names[code])
    }
    for member in members:
        if member.lower() not in known:
            message = f"'{member}' is no member of this alliance{nearest(member, alliance.members)}"
            raise ResultError(message)
        found.append(known[member.lower()])
    return found
