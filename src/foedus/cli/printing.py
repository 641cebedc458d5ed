"""Results as tables on a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from rich.console import Console

    from foedus.studies.carrying import Carried
    from foedus.studies.comparison import Comparison
    from foedus.studies.results import Result
    from foedus.studies.sweeping import Sweep


USUAL = 80  # columns when the output goes to a file or a pipe and COLUMNS says nothing
LABEL, GAP = 22, 2  # columns of the first column of an answer, and between its columns
NARROW_LABEL = 14


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
    parts = ["--detail", f"foedus carriers {result.scenarios[0].name}"]
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


def table(title: str, header: Sequence[str], rows: Any, caption: str | None = None) -> Any:
    """Return a table for a rich console.

    Parameters
    ----------
    rows
        Iterable of rows; each has a text for each column of the header.
    """
    table = Table(title=title, title_justify="left", caption=caption, caption_justify="left")
    for column in header:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*map(Text, row))
    return table


def print_answer(result: Result, console: Console, more: str) -> None:
    """Print the answer of a run: finding, one table, and a line each on what it rests on.

    Parameters
    ----------
    more
        Commands and files that tell more.
    """
    from foedus.views import answer as answers

    found, finding = result.answer, result.finding
    title = Text(answers.heading(found, finding.title), style="bold")
    console.print(Text.assemble(title, " ", " ".join(finding.sentences)))
    columns = min(len(found.names), answers.SIDE_BY_SIDE)
    room = (console.width - NARROW_LABEL) // columns
    for part in answers.answer_tables(found, room - GAP):
        console.print()
        console.print(_plain_table(part.header, part.rows))
    console.print(part.caption, style="dim")
    rest = Table.grid(padding=(0, 1))
    made = (
        f"{result.runs:,} worlds each, parameters: {result.ensemble.design.name}, "
        f"seed {result.seed}, digest {result.digest[:12]}"
    )
    for label, line in (*answers.answer_lines(result), ("Made", made), ("More", more)):
        rest.add_row(Text(label, style="bold"), Text(line))
    console.print(rest)


def _plain_table(
    header: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[int] | None = None
) -> Table:
    """Return a table without lines, of which all columns but the first stand at the right.

    ``right`` gives the columns that do, if others.
    """
    aside = range(1, len(header)) if right is None else right
    table = Table(box=None, padding=(0, 0, 0, 1), pad_edge=False, header_style="")
    for place, column in enumerate(header):
        table.add_column(column, justify="right" if place in aside else "left", no_wrap=place == 0)
    for row in rows:
        table.add_row(*map(Text, row))
    return table


def run_tables(result: Result, console: Console) -> None:
    """Print the tables of a result, scenario by scenario, with the lines on its worth."""
    from foedus.views import tables
    from foedus.views.governments import government_lines

    for name, summary in result.summary.items():
        console.rule(f"{name}: {summary['title']}", align="left")
        member_rows = tables.member_rows(summary, result.names)
        console.print(
            table(
                f"Members in {summary['horizon']}",
                tables.MEMBER_HEADER,
                member_rows,
                tables.MEMBER_CAPTION,
            )
        )
        console.print(
            table(
                f"Events by {summary['horizon']}",
                tables.event_header(summary),
                tables.event_rows(summary, result.names),
                tables.EVENT_CAPTION,
            )
        )
        header = ("alliance", "estimate", "interval")
        console.print(
            table(
                f"Alliance in {summary['horizon']}",
                header,
                tables.alliance_rows(summary),
                tables.ALLIANCE_CAPTION,
            )
        )
        if anchors := list(tables.anchor_rows(summary, result.names)):
            title = "Restraint, by the repair constant c that no record identifies"
            console.print(table(title, tables.ANCHOR_HEADER, anchors))
        if carriers := list(tables.carrier_rows(summary)):
            title = "What carries cohesion: its mean where a number is drawn low and high"
            console.print(table(title, tables.CARRIER_HEADER, carriers))
        for line in government_lines(summary, result.names):
            console.print(line)
        for line in tables.worth_lines(summary):
            console.print(line, style="bold")
        console.print(tables.evidence_line(summary), style="italic")
        console.print(tables.assumed_line(summary))
    console.print(result.provenance_line)


def comparison_tables_of(found: Comparison, console: Console) -> None:
    """Print a comparison: headline, outcomes, differences and their causes, and its worth."""
    from foedus.views import comparison_tables, tables

    result = found.result
    if found.others:
        from foedus.views.brief import headline

        console.print(headline(found), style="bold")
    header, rows = comparison_tables.comparison(result.summary, result.names)
    horizon = next(iter(result.summary.values()))["horizon"]
    caption = (
        "Probabilities and means with their range over the models, or, where there is no more than "
        "one, with Wilson 95 % and Monte Carlo 95 % intervals; trust and cohesion: median and 90 % "
        "of worlds."
    )
    console.print(table(f"Outcomes in {horizon}", header, rows, caption))
    first = next(iter(result.summary.values()))
    if not found.others:
        console.print("One scenario only: there is nothing to compare it with.", style="bold")
    if found.others:
        for part in _difference_tables(found, horizon):
            console.print(part)
        for name, reason in found.unattributed.items():
            console.print(f"Not attributed, {name}: {reason}")
        if found.resolution is not None:
            console.print(str(found.resolution), style="bold")
    for line in tables.worth_lines(first):
        console.print(line, style="bold")
    console.print(tables.evidence_line(first), style="italic")
    console.print(tables.assumed_line(first))
    console.print(result.provenance_line)


def _difference_tables(found: Comparison, horizon: str) -> Iterator[Any]:
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
    yield table(title, header, rows, comparison_tables.DIFFERENCE_CAPTION)
    title = f"Where conduct parts from {found.baseline.name}"
    rows = comparison_tables.parting_rows(content, names)
    yield table(title, ("who", *header[1:]), rows, comparison_tables.parting_caption(content))
    for name, attributed in content["attribution"].items():
        title = f"What the difference of {name} is made of"
        if parts := list(comparison_tables.attribution_rows(attributed, names)):
            caption = comparison_tables.attribution_caption(content)
            yield table(title, comparison_tables.ATTRIBUTION_HEADER, parts, caption)
    splits = tuple(comparison_tables.split_rows(content, names))
    if splits:
        title = "Share of the spread over worlds that comes from not knowing the numbers"
        scenarios = content["spread_from_numbers"]
        yield table(title, ("outcome", *scenarios), splits, comparison_tables.SPLIT_CAPTION)


def sweep_tables(found: Sweep, console: Console) -> None:
    """Print a sweep: which lever moves what and which moves nothing, then every number."""
    from foedus.views import sweeps

    for line in found.answer:
        console.print(f"- {line}", style="bold")
    title = sweeps.title(found)
    header = sweeps.header(found.summary)
    rows = sweeps.rows(found.summary)
    console.print(table(title, header, rows, sweeps.CAPTION))
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
