"""The answer of a run as a short text: finding, one table, a line each on what it rests on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from foedus.cases.given import conditions
from foedus.cases.months import month_in_words
from foedus.cases.overrides import settings_of
from foedus.model.cohesion import END_STATE_MEANINGS
from foedus.outcomes.answer import MARKED, PART
from foedus.outcomes.catalogue import ALLIANCE, MEMBER_OUTCOMES, outcomes_of
from foedus.outcomes.finding import called, capitalised, index, of_100, range_of_100
from foedus.views.governments import decides

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from foedus.cases.scenario import Scenario
    from foedus.outcomes.answer import Answer, Line
    from foedus.outcomes.attribution import Attribution
    from foedus.outcomes.carriers import Carrier
    from foedus.views.subjects import Projected

Row = tuple[str, ...]
SIDE_BY_SIDE = 6  # scenarios in one table
ROOMY = 13  # columns of a cell from which on ranges stand in brackets
MOST_MEMBERS = 6  # rows of members; more are told in one row
CAUSES = 2  # levers or numbers that are named as causes
ALLIANCE_ROWS = {
    "end_states.dissolved": "dissolved",
    "end_states.restored": "all take part",
    "cohesion": "cohesion",
}
#: Of a single scenario: the outcomes of members side by side.
MEMBER_COLUMNS = ("active", "frozen", "suspended", "out", "takes_part")


class AnswerTable(NamedTuple):
    """A table: header, rows and a caption that explains the cells."""

    header: Row
    rows: list[Row]
    caption: str


def answer_tables(answer: Answer, cell: int = ROOMY) -> Iterator[AnswerTable]:
    """Yield the table of an answer, in parts where there are many scenarios.

    Parameters
    ----------
    cell
        Columns of text that a cell may have.
    """
    if len(answer.names) == 1:
        yield _of_one(answer)
        return
    for start in range(0, len(answer.names), SIDE_BY_SIDE):
        yield _of_several(answer, range(start, len(answer.names))[:SIDE_BY_SIDE], cell)


def _of_several(answer: Answer, places: Sequence[int], cell: int) -> AnswerTable:
    rows = [
        (label, *(_cell(answer.line(ALLIANCE, key), place, cell) for place in places))
        for key, label in ALLIANCE_ROWS.items()
    ]
    shown, left = _members(answer)
    rows += [
        (answer.members[line.subject], *(_cell(line, place, cell) for place in places))
        for line in shown
    ]
    if left:
        least, most = (
            [fold(line.values[place] for line in left) for place in places] for fold in (min, max)
        )
        cells = (f"{of_100(a)} to {of_100(b)}" for a, b in zip(least, most, strict=True))
        rows.append((f"{len(left)} others", *cells))
    header = ("of 100 worlds", *(called(answer.names[place]) for place in places))
    return AnswerTable(header, rows, f"{_legend(answer)} {_marks(answer)}")


def _of_one(answer: Answer) -> AnswerTable:
    lines = {line.key: line for line in answer.lines}
    columns = [
        key for key in MEMBER_COLUMNS if any(lines[code, key].values[0] for code in answer.members)
    ]
    shown, left = _members(answer)
    rows = [
        (
            answer.members[line.subject],
            *(_cell(lines[line.subject, key], 0, ROOMY) for key in columns),
        )
        for line in shown
    ]
    if left:
        spans = [
            (min(found), max(found))
            for found in ([lines[line.subject, key].values[0] for line in left] for key in columns)
        ]
        cells = (f"{of_100(least)} to {of_100(most)}" for least, most in spans)
        rows.append((f"{len(left)} others", *cells))
    words = (lines[next(iter(answer.members)), key].outcome.words for key in columns)
    return AnswerTable(("of 100 worlds", *words), rows, _legend(answer))


def _members(answer: Answer) -> tuple[list[Line], list[Line]]:
    """Return the members that have a row of their own, and those that share one.

    Those that differ between scenarios come first, then those that are least likely to take part.
    """
    parts = answer.parts
    if len(parts) <= MOST_MEMBERS:
        return parts, []
    ordered = sorted(parts, key=lambda line: (not line.is_marked, min(line.values)))
    shown = ordered[: MOST_MEMBERS - 1]
    return shown, [line for line in parts if line not in shown]


def _cell(line: Line, place: int, width: int) -> str:
    """Write a value with what is open of it, and its mark.

    An index stands without its range where there is little room.
    """
    opened, roomy = line.opened[place], width >= ROOMY
    if line.outcome.kind == "chance":
        value, span = of_100(line.values[place]), range_of_100(opened)
    else:
        value, span = index(line.values[place]), f"{index(opened.least)}-{index(opened.most)}"
        if not roomy:
            return f"{value} {line.mark(place) or ' '}"
    return f"{value} {f'[{span}]' if roomy else span} {line.mark(place) or ' '}"


def _legend(answer: Answer) -> str:
    """Say what the rows and ranges are."""
    models = max(opened.models for line in answer.lines for opened in line.opened)
    over = f"{models} models, " if models > 1 else ""
    members = "Members: take part, not frozen. " if len(answer.names) > 1 else ""
    return f"{members}Ranges: {over}unknown numbers low and high."


def table_caption(answer: Answer) -> str:
    """Say in full what the rows, the ranges and the marks of the table of an answer are."""
    states = {label: key.removeprefix("end_states.") for key, label in ALLIANCE_ROWS.items()}
    meanings = [
        f"{label}: {END_STATE_MEANINGS[state]}"
        for label, state in states.items()
        if state in END_STATE_MEANINGS
    ]
    models = max(opened.models for line in answer.lines for opened in line.opened)
    over = f"what each of the {models} models says, and " if models > 1 else ""
    part = MEMBER_OUTCOMES[PART].meaning
    rows, marks = f"Takes part: {part}.", ""
    if len(answer.names) > 1:
        rows = (
            f"{capitalised('; '.join(meanings))}; cohesion: an index from 0 to 1; of each member: "
            f"that it takes part ({part})."
        )
        marks = (
            f" ^ v marks what is surely more or less than under {called(answer.names[0])}, by "
            f"{100 * MARKED['chance']:g} worlds ({index(MARKED['mean'])} of cohesion) at least."
        )
    return (
        f"Of 100 worlds, in {answer.when}. {rows} In brackets what is open, least to most: {over}"
        f"what comes out where a number that is not known is low or high.{marks}"
    )


def _marks(answer: Answer) -> str:
    return (
        f"^ v: surely above, below {called(answer.names[0])} "
        f"({100 * MARKED['chance']:g} worlds, {index(MARKED['mean'])})."
    )


# ---------------------------------------------------------------------------------------------
# One line each


def why_line(answer: Answer, line: Line, cause: Attribution | str | None) -> str:
    """Say which levers make the difference that the headline tells.

    Parameters
    ----------
    line
        The outcome of the headline, by which the two scenarios are chosen.
    cause
        How their difference is split among levers, or a sentence that says why it is not.
    """
    if cause is None or isinstance(cause, str):
        return cause or ""
    shares = sorted(cause.shares, key=lambda share: -abs(share.shapley.value))
    high, low = (called(answer.names[place]) for place in (line.highest, line.lowest))
    who = answer.members.get(cause.subject, "cohesion")
    if len(shares) == 1:
        return f"{high} and {low} differ in {lever_words(shares[0].lever)} alone."
    parts = ", ".join(
        f"{lever_words(share.lever)} {cause_part(cause, share.shapley.value)}"
        for share in shares[:CAUSES]
    )
    return f"{who} {cause_part(cause, cause.total.value)} ({high} minus {low}): {parts}."


def lever_words(name: str) -> str:
    """Return the name of a lever as it is used in sentences."""
    return name.replace("_", " ")


def cause_part(cause: Attribution, value: float) -> str:
    """Write a part of a difference: in worlds of 100, or of an index."""
    sign = "-" if value < 0.0 else "+"
    chance = outcomes_of(cause.subject)[cause.outcome].kind == "chance"
    return f"{sign}{of_100(abs(value)) if chance else index(abs(value))}"


def open_line(answer: Answer, line: Line, place: int, carriers: Sequence[Carrier]) -> str:
    """Say which numbers the outcome of the headline hangs on.

    Parameters
    ----------
    line, place
        The outcome, and the scenario.
    carriers
        The numbers that carry it, strongest first.
    """
    if not carriers:
        return ""
    parts = ", ".join(
        f"{one.name} ({of_100(one.low)} to {of_100(one.high)})" for one in carriers[:CAUSES]
    )
    who = answer.members.get(line.subject, "the alliance")
    return f"{who}'s {of_100(line.values[place])} varies with {parts}."


def if_line(answer: Answer, member: str, summary: Mapping[str, Any]) -> str:
    """Say what the first election that matters decides for a member; empty if none does.

    Parameters
    ----------
    member
        Its code.
    summary
        Of the scenario.
    """
    for month, found in summary["members"][member]["governments"].items():
        if decides(found["difference"]):
            new, old = (found[branch]["takes_part"]["value"] for branch in ("changed", "stayed"))
            return (
                f"{answer.members[member]} takes part in {of_100(new)} with a new government in "
                f"{month_in_words(month)} (given {100 * found['chance']:g} %), in {of_100(old)} "
                "without."
            )
    return ""


def worth_line(summary: Mapping[str, Any]) -> str:
    """Say in one sentence what the numbers rest on and what they are worth."""
    counts = summary["evidence"]
    return (
        f"{summary['skill_in_short']}; {counts.get('assumed', 0)} of {sum(counts.values())} "
        "numbers assumed."
    )


def set_line(shown: Projected) -> str:
    """Name what was set by hand, and in which scenarios; empty if nothing was."""
    told = _where(shown, {one.name: list(_by_hand(shown, one)) for one in shown.scenarios})
    return f"By hand, the same in every world: {told}." if told else ""


def given_line(shown: Projected) -> str:
    """Say what is given of governments, and in which scenarios; empty if nothing is."""
    return _where(shown, {one.name: conditions(one) for one in shown.scenarios})


def _by_hand(shown: Projected, scenario: Scenario) -> Iterator[str]:
    """Yield every setting of a scenario, and the numbers that were given in Python."""
    settings = settings_of(scenario)
    yield from (setting.replace("=", " ") for setting in settings)
    known = {setting.partition("=")[0] for setting in settings}
    for key, value in shown.summary[scenario.name]["set_by_hand"].items():
        if key not in known:
            yield f"{key} {value:g}"


def _where(shown: Projected, told: Mapping[str, Sequence[str]]) -> str:
    """Say what holds in which scenarios; nothing of these for what holds in all."""
    having: dict[tuple[str, ...], list[str]] = {}
    for part in dict.fromkeys(part for parts in told.values() for part in parts):
        names = tuple(called(name) for name, parts in told.items() if part in parts)
        having.setdefault(names, []).append(part)
    return "; ".join(
        ", ".join(parts)
        + ("" if len(names) == len(shown.scenarios) else f" in {' and '.join(names)}")
        for names, parts in having.items()
    )


def answer_lines(shown: Projected) -> Iterator[tuple[str, str]]:
    """Yield a label and a line each: why, what is open, worth, provenance.

    Parameters
    ----------
    shown
        A result.
    """
    answer = shown.answer
    line, place = shown.headline
    if why := why_line(answer, line, shown.cause):
        yield "Why", why
    name = answer.names[place]
    if told := open_line(
        answer, line, place, shown.carriers_of(line.subject, line.outcome.key, name)
    ):
        yield "Open", told
    first = next(iter(shown.summary.values()))
    if len(answer.names) == 1 and (told := if_line(answer, line.subject, first)):
        yield "If", told
    if told := given_line(shown):
        yield "Given", told
    if told := set_line(shown):
        yield "Set", told
    yield "Worth", worth_line(first)


def heading(answer: Answer, title: str) -> str:
    """Return the first line: alliance, month and the finding."""
    return f"{answer.short}, {answer.when}: {title}."
