"""Results as tables on a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from rich.console import Console
    from rich.table import Table

    from foedus.outcomes.answer import Answer
    from foedus.outcomes.finding import Finding
    from foedus.studies.beside import Beside
    from foedus.studies.carrying import Carried
    from foedus.studies.comparison import Comparison
    from foedus.studies.results import Result
    from foedus.studies.sweeping import Sweep

    TableParts = tuple[str, Sequence[str], Iterable[Sequence[str]], str]


USUAL = 80  # columns when the output goes to a file or a pipe and COLUMNS says nothing
GAP = 2  # columns between those of a table
LABEL = 14  # columns of the first column of an answer


def whereabouts(directory: Path | None) -> str:
    """Return a sentence that says where results were written, and which files there are.

    Parameters
    ----------
    directory
        Directory of the results; None if nothing was written.
    """
    if directory is None:
        return "Nothing was written; add --out DIR to keep results and figures."
    names = sorted(path.name for path in directory.iterdir() if not path.name.startswith("."))
    return f"Results are in {directory}: {', '.join(names)}"


def where_more(result: Result, directory: Path | None, *, figures: bool) -> str:
    """Return the commands and files that tell more than the answer of a run.

    Parameters
    ----------
    directory
        Where the result was written; None if it was not.
    figures
        Whether figures were drawn.
    """
    from foedus.cases.shipped import shipped_scenarios

    name = result.scenarios[0].name
    source = name if name in shipped_scenarios() else directory
    parts = ["--detail", *([f"foedus carriers {source}"] if source else [])]
    if directory is None:
        return " | ".join([*parts, "--out DIR to keep all"])
    parts += [f"foedus report {directory}", f"{directory}{'/figures' if figures else ''}"]
    return " | ".join(parts)


def console_for_tables() -> Console:
    """Return a console as wide as the terminal, or as COLUMNS says, or :data:`USUAL` columns."""
    from os import environ

    from rich.console import Console

    console = Console(highlight=False)
    told = environ.get("COLUMNS", "").isdigit()
    return console if console.is_terminal or told else Console(highlight=False, width=USUAL)


CELL = 17  # columns of a cell beyond which its text is folded
LABEL_CELL = 30


def print_table(
    console: Console,
    title: str,
    header: Sequence[str],
    rows: Iterable[Sequence[str]],
    caption: str = "",
) -> None:
    """Print a table, in blocks of columns where the console is too narrow for all of them.

    Parameters
    ----------
    header, rows
        Texts; the first column, which names the rows, is repeated in every block.
    """
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    kept = [tuple(map(str, row)) for row in rows]
    console.print(Text(title, style="bold"))
    for block in _blocks(header, kept, console.width):
        found = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
        for place in block:
            found.add_column(header[place], overflow="fold")
        for row in kept:
            found.add_row(*(Text(row[place]) for place in block))
        console.print(found)
    if caption:
        console.print(Text(caption, style="dim"))


def _blocks(
    header: Sequence[str], rows: Sequence[Sequence[str]], width: int
) -> Iterator[list[int]]:
    """Yield places of columns that fit side by side, the first column in each block."""
    label, *widths = (
        _wanted([name, *(row[place] for row in rows)], CELL if place else LABEL_CELL)
        for place, name in enumerate(header)
    )
    block, used = [0], label + GAP
    for place, wanted in enumerate(widths, 1):
        if len(block) > 1 and used + wanted > width - GAP:
            yield block
            block, used = [0], label + GAP
        block.append(place)
        used += wanted + GAP
    yield block


def _wanted(texts: Iterable[str], most: int) -> int:
    """Columns that texts need: their longest line, but no more than ``most`` or a longer word."""
    lines = [line for text in texts for line in text.split("\n")]
    word = max((len(word) for line in lines for word in line.split()), default=0)
    return max(word, min(most, max(map(len, lines), default=0)))


def turned(
    header: Sequence[str], rows: Iterable[Sequence[str]]
) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Return a table with rows and columns exchanged, so that it grows in length."""
    first, *rest = zip(header, *rows, strict=True)
    return tuple(first), [tuple(row) for row in rest]


def print_answer(result: Result, console: Console, more: str) -> None:
    """Print the answer of a run: finding, one table, and a line each on what it rests on.

    Parameters
    ----------
    more
        Commands and files that tell more.
    """
    from foedus.views import answer as answers

    made = (
        f"{result.runs:,} worlds each, parameters: {result.ensemble.design.name}, "
        f"seed {result.seed}, digest {result.digest[:12]}"
    )
    lines = (*answers.answer_lines(result), ("Made", made), ("More", more))
    _print_found(result.answer, result.finding, lines, console)


def print_beside(found: Beside, console: Console) -> None:
    """Print results side by side whose worlds share no luck."""
    made = [
        f"{', '.join(one.name for one in result.scenarios)}: {result.provenance_line}"
        for result in found.results
    ]
    lines = [("Note", found.note), *(("Made", line) for line in made)]
    _print_found(found.answer, found.finding, lines, console)


def _print_found(
    found: Answer, finding: Finding, lines: Iterable[tuple[str, str]], console: Console
) -> None:
    """Print a finding, the table of its answer, and lines with a label each."""
    from rich.table import Table
    from rich.text import Text

    from foedus.views import answer as answers

    title = Text(answers.heading(found, finding.title), style="bold")
    console.print(Text.assemble(title, " ", " ".join(finding.sentences)))
    columns = min(len(found.names), answers.SIDE_BY_SIDE)
    room = (console.width - LABEL) // columns
    for part in answers.answer_tables(found, room - GAP):
        console.print()
        console.print(_plain_table(part.header, part.rows))
    console.print(part.caption, style="dim")
    rest = Table.grid(padding=(0, 1))
    for label, line in lines:
        rest.add_row(Text(label, style="bold"), Text(line))
    console.print(rest)


def _plain_table(
    header: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[int] | None = None
) -> Table:
    """Return a table without lines, of which all columns but the first stand at the right.

    ``right`` gives the columns that do, if others.
    """
    from rich.table import Table
    from rich.text import Text

    aside = range(1, len(header)) if right is None else right
    table = Table(box=None, padding=(0, 0, 0, 1), pad_edge=False, header_style="")
    for place, column in enumerate(header):
        table.add_column(column, justify="right" if place in aside else "left", no_wrap=place == 0)
    for row in rows:
        table.add_row(*map(Text, row))
    return table


def run_tables(result: Result, console: Console) -> None:
    """Print the tables of a result, scenario by scenario, with the lines on its worth."""
    for name, summary in result.summary.items():
        console.rule(f"{name}: {summary['title']}", align="left")
        for title, header, rows, caption in _tables_of_run(summary, result.names):
            print_table(console, title, header, rows, caption)
        _print_worth(summary, result.names, console)
    console.print(result.provenance_line)


def _tables_of_run(summary: dict[str, Any], names: dict[str, str]) -> Iterator[TableParts]:
    """Yield the tables of one scenario."""
    from foedus.views import tables

    month = summary["horizon"]
    members = turned(tables.MEMBER_HEADER, tables.member_rows(summary, names))
    yield f"Members in {month}", *members, tables.MEMBER_CAPTION
    events = turned(tables.event_header(summary), tables.event_rows(summary, names))
    yield f"Events by {month}", *events, tables.EVENT_CAPTION
    header = ("alliance", "estimate", "interval")
    yield f"Alliance in {month}", header, tables.alliance_rows(summary), tables.ALLIANCE_CAPTION
    if anchors := list(tables.anchor_rows(summary, names)):
        title = "Restraint, by the repair constant c that no record identifies"
        yield title, tables.ANCHOR_HEADER, anchors, ""
    if carriers := list(tables.carrier_rows(summary)):
        title = "What carries cohesion: its mean where a number is drawn low and high"
        yield title, tables.CARRIER_HEADER, carriers, ""


def _print_worth(summary: dict[str, Any], names: dict[str, str], console: Console) -> None:
    """Print what elections decide, and what a result rests on and is worth."""
    from foedus.views import tables
    from foedus.views.governments import government_lines

    for line in government_lines(summary, names):
        console.print(line)
    for line in tables.worth_lines(summary):
        console.print(line, style="bold")
    console.print(tables.evidence_line(summary), style="italic")
    console.print(tables.assumed_line(summary))


def comparison_tables_of(found: Comparison, console: Console) -> None:
    """Print a comparison: outcomes, differences and their causes, and its worth."""
    from foedus.views import comparison_tables

    result = found.result
    horizon = result.answer.horizon
    header, rows = comparison_tables.comparison(result.summary, result.names)
    caption = (
        "Probabilities and means with their range over the models, or, where there is no more than "
        "one, with Wilson 95 % and Monte Carlo 95 % intervals; trust and cohesion: median and 90 % "
        "of worlds."
    )
    print_table(console, f"Outcomes in {horizon}", header, rows, caption)
    if not found.others:
        console.print("One scenario only: there is nothing to compare it with.", style="bold")
    else:
        for title, columns, lines, caption in _difference_tables(found, horizon):
            print_table(console, title, columns, lines, caption)
        for name, reason in found.unattributed.items():
            console.print(f"Not attributed, {name}: {reason}")
        if found.resolution is not None:
            console.print(str(found.resolution), style="bold")
    _print_worth(next(iter(result.summary.values())), result.names, console)
    console.print(result.provenance_line)


def _difference_tables(found: Comparison, horizon: str) -> Iterator[TableParts]:
    """Yield the tables of differences: paired, partings, attribution, and share of spread.

    Parameters
    ----------
    horizon
        Last month of the worlds, as ``YYYY-MM``.
    """
    from foedus.views import comparison_tables

    content, names = found.summary, found.result.names
    header = ("outcome", *content["differences"])
    title = f"Differences from {found.baseline.name} in {horizon}, paired world by world"
    rows = comparison_tables.difference_rows(content, names)
    yield title, header, rows, comparison_tables.DIFFERENCE_CAPTION
    title = f"Where conduct parts from {found.baseline.name}"
    rows = comparison_tables.parting_rows(content, names)
    yield title, ("who", *header[1:]), rows, comparison_tables.parting_caption(content)
    for name, attributed in content["attribution"].items():
        title = f"What the difference of {name} is made of"
        if parts := list(comparison_tables.attribution_rows(attributed, names)):
            caption = comparison_tables.attribution_caption(content)
            yield title, comparison_tables.ATTRIBUTION_HEADER, parts, caption
    splits = tuple(comparison_tables.split_rows(content, names))
    if splits:
        title = "Share of the spread over worlds that comes from not knowing the numbers"
        scenarios = content["spread_from_numbers"]
        yield title, ("outcome", *scenarios), splits, comparison_tables.SPLIT_CAPTION


def sweep_tables(found: Sweep, console: Console) -> None:
    """Print a sweep: which lever moves what and which moves nothing, then every number."""
    from foedus.views import sweeps

    for line in found.answer:
        console.print(f"- {line}", style="bold")
    header, rows = sweeps.header(found.summary), sweeps.rows(found.summary)
    print_table(console, sweeps.title(found), header, rows, sweeps.CAPTION)
    console.print(found.provenance_line)


def print_carried(found: Carried, console: Console) -> None:
    """Print what carries an outcome: the answer first, then the numbers."""
    from foedus.views import carriers

    first, *rest = carriers.carried_lines(found)
    console.print(first, style="bold")
    for line in rest:
        console.print(line)
    if found.numbers:
        console.print(_plain_table(carriers.HEADER, carriers.carried_rows(found), right=()))
        console.print(carriers.CAPTION, style="dim")
    console.print(found.provenance_line)


def as_json(content: Any) -> str:
    """Return plain data as indented JSON text."""
    from json import dumps

    return dumps(content, indent=2, ensure_ascii=False)
