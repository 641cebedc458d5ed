"""The finding of a run in plain words: one sentence as a title, then a few more.

It begins with what differs most between the scenarios for anybody: the alliance or a member. Then
come what is open of that, the fate of the alliance, cohesion beside the spread over worlds, and who
else is concerned. A run of one scenario tells where that leads.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, floor
from typing import TYPE_CHECKING

from foedus.model.cohesion import END_STATE_MEANINGS
from foedus.outcomes.answer import SMALLEST, headline_lines
from foedus.outcomes.catalogue import ALLIANCE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from foedus.outcomes.answer import Answer, Line
    from foedus.outcomes.carriers import OpenRange

OTHERS = 2  # further outcomes that are told, at most


@dataclass(frozen=True)
class Finding:
    """What a run has found.

    Attributes
    ----------
    title
        One sentence, without full stop.
    sentences
        A few more.
    """

    title: str
    sentences: tuple[str, ...]


def finding(answer: Answer) -> Finding:
    """Put an answer into words."""
    if len(answer.names) == 1:
        return Finding(_prospect(answer), tuple(_prospects(answer)))
    first, *others = headline_lines(answer)
    if not _counts(first):
        title = f"No scenario makes a difference that counts by {answer.when}"
        return Finding(title, (*_fate(answer, first), *_cohesion(answer)))
    sentences = (
        *_open(answer, first),
        *_fate(answer, first),
        *_others(answer, first, others),
        *_cohesion(answer),
    )
    return Finding(_contrast(answer, first), sentences)


def called(name: str) -> str:
    """Return the name of a scenario as it is used in sentences."""
    return name.replace("_", " ")


def of_100(share: float) -> str:
    """Write a share as a number of 100 worlds: ``14``, or ``0.4`` where a whole number hides it."""
    hundred = 100.0 * share
    near = 0.0 < hundred < 1.0 or 99.0 < hundred < 100.0
    text = f"{hundred:.{1 if near else 0}f}"
    return {"0.0": "0.1", "100.0": "99.9"}.get(text, text) if near else text


def range_of_100(opened: OpenRange) -> str:
    """Write what is open of a chance as whole numbers of 100 worlds, rounded outwards: ``9-19``."""
    least, most = (round(100.0 * bound, 6) for bound in (opened.least, opened.most))
    return f"{floor(least)}-{ceil(most)}"


def index(value: float) -> str:
    """Write cohesion with two decimals and no zero before the point."""
    return f"{value:.2f}".removeprefix("0")


def clause(answer: Answer, line: Line) -> str:
    """Return the clause that tells an outcome: ``Armenia is active``."""
    return line.outcome.told.format(who=answer.members.get(line.subject, ""))


def _counts(line: Line) -> bool:
    """Whether two scenarios differ surely, and by more than hardly."""
    return line.contrast.is_sure and line.contrast.size >= SMALLEST


def capitalised(text: str) -> str:
    """Return a text with its first letter in upper case, as a sentence begins."""
    return text[:1].upper() + text[1:]


# ---------------------------------------------------------------------------------------------
# Several scenarios


def _contrast(answer: Answer, line: Line) -> str:
    """Say under which scenario an outcome is likeliest and under which least."""
    high, low = (called(answer.names[place]) for place in (line.highest, line.lowest))
    most, least = (of_100(line.values[place]) for place in (line.highest, line.lowest))
    told = capitalised(clause(answer, line))
    return f"{told} in {most} of 100 worlds under {high}, in {least} under {low}"


def _open(answer: Answer, line: Line) -> Iterator[str]:
    """Say what is open of the contrast, how large it is, and where a third scenario stands."""
    high, low = (range_of_100(line.opened[place]) for place in (line.highest, line.lowest))
    if len(answer.names) == 3:
        (between,) = {0, 1, 2} - {line.highest, line.lowest}
        yield f"Under {called(answer.names[between])} it is {of_100(line.values[between])}."
    yield (
        f"With unknowns set low and high: {high} and {low}, a {line.contrast.words} difference "
        "beside the spread of worlds."
    )


def _fate(answer: Answer, told: Line) -> Iterator[str]:
    """Say in how many worlds the alliance dissolves, and in how many everybody takes part."""
    lines = [answer.line(ALLIANCE, f"end_states.{name}") for name in ("dissolved", "restored")]
    parts = [_ranging(answer, line) for line in lines if line.key != told.key]
    yield f"{capitalised('; '.join(parts))}."


def _ranging(answer: Answer, line: Line) -> str:
    """Say between which numbers of 100 worlds a chance lies, and under which scenarios."""
    least, most = (of_100(line.values[place]) for place in (line.lowest, line.highest))
    told = clause(answer, line)
    if least == most:
        return f"{told} in {least} under each of them"
    low, high = (called(answer.names[place]) for place in (line.lowest, line.highest))
    if line.contrast.size < SMALLEST:
        return f"{told} in {least} to {most} under each of them"
    return f"{told} in {least} ({low}) to {most} ({high})"


def _others(answer: Answer, first: Line, others: Sequence[Line]) -> Iterator[str]:
    """Say who else is concerned: members of whom not even the headline has told."""
    told = {first.subject, ALLIANCE}
    kept: list[Line] = []
    for line in others:
        if line.subject not in told and _counts(line):
            kept.append(line)
            told.add(line.subject)
    if not kept:
        rest = [line for line in others if line.subject not in (first.subject, ALLIANCE)]
        most = max((abs(line.contrast.difference.value) for line in rest), default=0.0)
        who = "no other member" if first.subject != ALLIANCE else "no member"
        yield f"{capitalised(who)} moves by more than {of_100(most)}."
        return
    parts = [_ranging(answer, line) for line in kept[:OTHERS]]
    more = len(kept) - len(parts)
    rest_of = f"; {more} more in the table" if more else ""
    yield f"{capitalised('; '.join(parts))}{rest_of}."


def _cohesion(answer: Answer) -> Iterator[str]:
    """Say under which scenario cohesion ends highest and lowest, and how much that is."""
    line = answer.line(ALLIANCE, "cohesion")
    if not line.contrast.is_sure:
        yield "Under which scenario cohesion ends highest cannot be told."
        return
    high, low = (called(answer.names[place]) for place in (line.highest, line.lowest))
    most, least = (index(line.values[place]) for place in (line.highest, line.lowest))
    yield (
        f"Cohesion ends at {least} ({low}) to {most} ({high}), a {line.contrast.words} difference "
        f"(spread {index(line.spread)})."
    )


# ---------------------------------------------------------------------------------------------
# One scenario


def _prospect(answer: Answer) -> str:
    """Say which end is likeliest."""
    lines = [answer.line(ALLIANCE, f"end_states.{name}") for name in END_STATE_MEANINGS]
    likeliest = max(lines, key=lambda line: line.values[0])
    told, share = clause(answer, likeliest), of_100(likeliest.values[0])
    return f"In {share} of 100 worlds under {called(answer.names[0])} {told}"


def _prospects(answer: Answer) -> Iterator[str]:
    """Say what becomes of the alliance, who is least likely to take part, and of cohesion."""
    ends = [answer.line(ALLIANCE, f"end_states.{name}") for name in ("dissolved", "restored")]
    parts = [
        f"{clause(answer, line)} in {of_100(line.values[0])} [{range_of_100(line.opened[0])}]"
        for line in ends
    ]
    yield f"{capitalised(' and '.join(parts))} of 100 worlds."
    ordered = sorted(answer.parts, key=lambda line: line.values[0])
    last, *others = ordered
    told = f"{clause(answer, last)} in {of_100(last.values[0])} [{range_of_100(last.opened[0])}]"
    if others:
        least, most = (of_100(line.values[0]) for line in (others[0], others[-1]))
        between = least if least == most else f"{least} to {most}"
        told += f", the others in {between}"
    yield f"{told}."
    cohesion = answer.line(ALLIANCE, "cohesion")
    opened = cohesion.opened[0]
    yield (
        f"Cohesion ends at {index(cohesion.values[0])} [{index(opened.least)}-"
        f"{index(opened.most)}] on average; worlds spread by {index(cohesion.spread)}."
    )
