"""A brief on a run or a comparison: two pages, the finding first, and an annex if it is wanted.

The front page has the finding, a picture of a hundred worlds and one table. The back page has what
was assumed, why it came out so, what carries it, what it is worth, and how to make it again.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from textwrap import shorten
from typing import TYPE_CHECKING

import matplotlib as mpl

from foedus.model.citations import note_line, plain_source
from foedus.model.specifications import specifications
from foedus.outcomes.catalogue import outcomes_of
from foedus.outcomes.evidence import RECORD
from foedus.outcomes.finding import called, clause, index, of_100, range_of_100
from foedus.outcomes.worth import shipped_hindcast
from foedus.views import tables
from foedus.views.annex import FUTURES
from foedus.views.annex import annex as annex_of
from foedus.views.answer import (
    answer_tables,
    cause_part,
    given_line,
    lever_words,
    set_line,
    table_caption,
)
from foedus.views.blocks import FigureBlock, Section, Table, Words
from foedus.views.futures import futures_figure
from foedus.views.governments import GOVERNMENT_HEADER, government_rows
from foedus.views.plan import plans
from foedus.views.plots import FIGURES, page_name, pages_of
from foedus.views.sheet import STYLE
from foedus.views.worth_plots import worth_figure

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from foedus.cases.scenario import Scenario
    from foedus.outcomes.answer import Answer, Line
    from foedus.outcomes.attribution import Attribution
    from foedus.outcomes.carriers import Carrier
    from foedus.outcomes.estimates import Estimate
    from foedus.views.blocks import Block
    from foedus.views.sheet import Picture
    from foedus.views.subjects import Compared, Projected

PLANNED = 1_900  # characters in which all scenarios are told
TITLED, SOURCE, MEANING = 90, 80, 110  # of a title, of the source of a number, of its meaning
BY_HAND = 500  # of what was set by hand
ELECTIONS = 3  # elections that are told, at most
WHY_HEADER = ("lever", "its part", "alone")
NUMBER_HEADER = ("number", "outcome")
ARROWS = {"^": "▲", "v": "▼"}


@dataclass(frozen=True)
class Brief:
    """The contents of a brief.

    Attributes
    ----------
    kicker
        Which alliance, and by when.
    title
        The finding.
    front, back
        The two pages.
    annex
        Sections with everything else; empty if it is not wanted.
    """

    kicker: str
    title: str
    front: tuple[Block, ...] = field(repr=False)
    back: tuple[Section, ...] = field(repr=False)
    annex: tuple[Section, ...] = field(default=(), repr=False)

    @property
    def flows(self) -> bool:
        """Whether the front is more than a page: it has several pictures or tables."""
        return len([block for block in self.front if isinstance(block, FigureBlock)]) > 1

    @property
    def blocks(self) -> Iterator[Block]:
        """All tables, figures and texts, in order."""
        yield from self.front
        for section in (*self.back, *self.annex):
            yield from section.blocks


def brief(comparison: Compared, *, annex: bool = False) -> Brief:
    """Make the brief of a comparison. A run is a comparison of a single scenario.

    Parameters
    ----------
    annex
        Whether to add every other table and figure.
    """
    result = comparison.result
    answer = result.answer
    carriers = tuple(_carriers(result))
    back = {
        "What was assumed": tuple(_assumed(result)),
        "Why": tuple(_why(result)),
        "What carries it and would change it": carriers,
        "What it is worth": tuple(_worth(result)),
        "How to make it again": tuple(_again(comparison, _references(carriers))),
    }
    return Brief(
        f"{answer.alliance}, {answer.when}",
        result.finding.title,
        tuple(_front(result)),
        tuple(Section(title, blocks) for title, blocks in back.items() if blocks),
        annex_of(comparison) if annex else (),
    )


def _references(blocks: Sequence[Block]) -> str:
    """Say what the references in some tables stand for; empty if there are none."""
    rows = (row for one in blocks if isinstance(one, Table) for row in one.rows)
    return note_line(*(cell for row in rows for cell in row))


# ---------------------------------------------------------------------------------------------
# The front page


def _front(result: Projected) -> Iterator[Block]:
    yield Words((" ".join(result.finding.sentences),))
    given = given_line(result)
    if told := " ".join(filter(None, [given and f"Given: {given}.", set_line(result)])):
        text = shorten(told, BY_HAND, placeholder=" … (foedus show tells the rest)")
        yield Words((text,), "note")
    yield from futures_blocks(result)
    yield from answer_blocks(result)


def futures_blocks(result: Projected) -> Iterator[FigureBlock]:
    """Yield the picture of a hundred worlds, without the finding as its title."""
    shown = FIGURES[FUTURES]
    for number, page in enumerate(pages_of(shown, result.scenarios), 1):
        draw = partial(_futures, result, page)
        yield FigureBlock(page_name(FUTURES, number), shown.caption, draw)


def _futures(result: Projected, page: Sequence[Scenario]) -> Picture:
    with mpl.rc_context(STYLE):
        return futures_figure(result, page, titled=False)


def answer_blocks(result: Projected) -> Iterator[Table]:
    """Yield the table of the answer, with a caption that explains its cells."""
    answer = result.answer
    caption = _with_arrows(table_caption(answer))
    *parts, last = answer_tables(answer)
    for part in (*parts, last):
        rows = tuple(tuple(_with_arrow(cell) for cell in row) for row in part.rows)
        yield Table("", part.header, rows, caption if part is last else "", "numbers")


def _with_arrow(cell: str) -> str:
    """Return a cell with an arrow as its mark."""
    text = cell.rstrip()
    return f"{text[:-1]}{ARROWS[text[-1]]}" if text[-2:-1] == " " and text[-1] in ARROWS else text


def _with_arrows(text: str) -> str:
    for mark, arrow in ARROWS.items():
        text = text.replace(f"{mark} ", f"{arrow} ")
    return text


# ---------------------------------------------------------------------------------------------
# The back page


def _assumed(result: Projected) -> Iterator[Block]:
    first, *_ = scenarios = result.scenarios
    told, common = plans(scenarios)
    whole = sum(len(line) for lines in told.values() for line in lines)
    room = whole if whole <= PLANNED else PLANNED // len(scenarios)
    lines = []
    for one in scenarios:
        otherwise = "" if one is first else f"As {called(first.name)}, but: "
        text = _planned(one.name, told[one.name], room) or "nothing is done."
        title = shorten(one.title, TITLED, placeholder=" …")
        lines.append(f"{called(one.name)}: {title}\n{_upper(f'{otherwise}{text}')}")
    yield Words(tuple(lines), "named")
    yield Words((" ".join(common),), "small")


def _planned(name: str, lines: Sequence[str], room: int) -> str:
    """Return the first of the lines that tell a scenario, as many as have room."""
    kept = _kept(lines, room)
    left = len(lines) - len(kept)
    return " ".join([*kept, *([f"{left} more: foedus show {name} --plain."] if left else [])])


def _kept(lines: Sequence[str], room: int) -> list[str]:
    """Return the first lines, as many as have room."""
    kept: list[str] = []
    for line in lines:
        if sum(map(len, kept)) + len(line) > room:
            break
        kept.append(line)
    return kept


def _why(result: Projected) -> Iterator[Block]:
    """Yield which levers make the difference that the title tells."""
    cause, answer = result.cause, result.answer
    if cause is None:
        return
    if isinstance(cause, str):
        yield Words((cause,))
        return
    line, _ = result.headline
    high, low = (called(answer.names[place]) for place in (line.highest, line.lowest))
    who = answer.members.get(cause.subject, answer.short)
    what = outcomes_of(cause.subject)[cause.outcome]
    unit = "in worlds of 100" if what.kind == "chance" else "from 0 to 1"
    shares = sorted(cause.shares, key=lambda share: -abs(share.shapley.value))
    rows = [
        (lever_words(one.lever), _part(cause, one.shapley), _part(cause, one.alone))
        for one in shares
    ]
    yield Table(
        f"{who}, {what.words}: {high} less {low}, {unit}",
        WHY_HEADER,
        (*rows, ("all together", _part(cause, cause.total), "")),
        "Shapley values: the parts sum to the whole. In brackets least to most over the models, or "
        "the 95 % interval.",
        "numbers",
    )


def _part(cause: Attribution, estimate: Estimate) -> str:
    """Write a part of a difference with its range."""
    low, high = (cause_part(cause, bound) for bound in estimate.shown)
    return f"{cause_part(cause, estimate.value)} [{low} to {high}]"


def _carriers(result: Projected) -> Iterator[Block]:
    """Yield the numbers that the outcome of the title hangs on, and what elections decide."""
    answer, (line, place) = result.answer, result.headline
    name = answer.names[place]
    found = result.carriers_of(*line.key, name)
    yield Words((_told(answer, line, place, some=bool(found)),))
    if found:
        of = result.scenarios[place]
        rows = [
            (_number(one, of), f"{_value(line, one.low)} to {_value(line, one.high)}")
            for one in found
        ]
        yield Table("", NUMBER_HEADER, tuple(rows), look="named")
    if elections := government_rows(result.summary[name], result.names, ELECTIONS):
        title = f"Takes part, by whether the government changed: of 100 worlds, {called(name)}"
        yield Table(title, GOVERNMENT_HEADER, tuple(elections), look="numbers")


def _told(answer: Answer, line: Line, place: int, *, some: bool) -> str:
    """Say what is asked about: the outcome of the title under one scenario."""
    told = clause(answer, line)
    known = f"{_value(line, line.values[place])} [{range_of_100(line.opened[place])}] of 100 worlds"
    rest = (
        "That hangs on these numbers: each from the middle of the lowest third of its draws to "
        "that of the highest."
        if some
        else "No number moves that by more than chance does."
    )
    return f"{_upper(told)} in {known} under {called(answer.names[place])}. {rest}"


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:]


def _value(line: Line, value: float) -> str:
    return of_100(value) if line.outcome.kind == "chance" else index(value)


def _number(one: Carrier, scenario: Scenario) -> str:
    """Tell a number: name and range, what it is, and what it rests on."""
    name = f"{one.name} {one.lower:.2g} to {one.upper:.2g}"
    parts = (_meaning(one, scenario), _source(one, scenario))
    return f"{name}\n{' '.join(part if part.endswith('…') else f'{part}.' for part in parts)}"


def _meaning(one: Carrier, scenario: Scenario) -> str:
    """Say in words what a number is, and whose."""
    if one.name in specifications():
        text = specifications()[one.name].meaning
    else:
        owner, meaning = one.name.partition(".")[0], scenario.alliance.numbers[one.name].quantity
        text = f"{scenario.alliance.names[owner]}: {meaning.meaning}"
    return _upper(shorten(text, MEANING, placeholder=" …"))


def _source(one: Carrier, scenario: Scenario) -> str:
    """Say what a number rests on, and where that is from."""
    if one.kind == RECORD:
        return "Inferred from the record"
    known = (specifications().get(one.name) or scenario.alliance.numbers[one.name]).evidence
    kind = "The article" if one.kind == "article" else _upper(one.kind)
    source = shorten(plain_source(known.source), SOURCE, placeholder=" …")
    told = f"{kind}: {source}" if source else kind
    return told if one.informed is not False else f"{told}; the record does not inform it"


def _worth(result: Projected) -> Iterator[Block]:
    first = next(iter(result.summary.values()))
    lines = [f"{first['skill_in_short']}.", first["base_rates"]["line"]]
    yield Words((*filter(None, lines), tables.evidence_line(first)))
    if (found := shipped_hindcast(result.scenarios[0].alliance.name)) is not None:
        alt = "Brier scores of the model and of simpler forecasters on the past"
        yield FigureBlock("worth", alt, partial(worth_figure, found))


def _again(comparison: Compared, references: str) -> Iterator[Block]:
    """Yield the command, what else makes the result again to the bit, and what was referred to."""
    made = comparison.provenance
    inputs = made["inputs"]
    versions = ", ".join(f"{name} {number}" for name, number in made["versions"].items())
    yield Words((made["reproduce"],), "code")
    line = (
        f"{inputs['runs']:,} worlds of each scenario, parameters: {inputs['parameters']}, seed "
        f"{inputs['seed']}; made with {versions}; digest {made['digest']}. Every other table and "
        "figure: foedus report DIRECTORY --annex."
    )
    yield Words(tuple(filter(None, (line, references))), "small")
