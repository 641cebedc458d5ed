"""A brief on a run or a comparison: findings, their assumptions, and how to reproduce them.

A brief is a list of sections, and a section a list of blocks (tables, figures, texts). It is
written as a single HTML page that contains its figures, or as Markdown with its figures in a
directory beside it.
"""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass, field
from functools import partial
from html import escape
from typing import TYPE_CHECKING, Any, Literal

from foedus.cases.frame import shared_frame
from foedus.errors import ResultError, UnfinishedError
from foedus.outcomes.catalogue import ALLIANCE
from foedus.outcomes.summary import plain
from foedus.views import comparison_plots, comparison_tables, plots, tables
from foedus.views.explain import why
from foedus.views.governments import government_lines
from foedus.views.words import in_words, scale_line
from foedus.worlds.files import refuse_file, replace_file

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from foedus.defaults import Format
    from foedus.views.plots import StandardFigure
    from foedus.views.sheet import Picture
    from foedus.views.subjects import Compared, Projected
Row = tuple[str, ...]
SUFFIXES: dict[str, tuple[str, ...]] = {"html": (".html", ".htm"), "md": (".md",)}


@dataclass(frozen=True)
class Table:
    """A table with a title above and a caption below."""

    title: str
    header: Row
    rows: tuple[Row, ...]
    caption: str = ""
    kind: str = "table"


@dataclass(frozen=True)
class FigureBlock:
    """A figure with its caption.

    Attributes
    ----------
    name
        Name of the figure's file, without suffix.
    draw
        Draws the figure; called only if the picture is needed.
    drawn
        A file of this figure that exists already and is read instead; None if there is none.
    """

    name: str
    caption: str
    draw: Callable[[], Picture]
    drawn: Path | None = None
    kind: str = "figure"

    def image(self, form: str) -> bytes:
        """Return the picture as the bytes of a file: ``png`` or ``svg``."""
        if self.drawn is not None and self.drawn.suffix == f".{form}":
            return self.drawn.read_bytes()
        return self.draw().content(form)

    @property
    def data_uri(self) -> str:
        """The picture as a data URI, which an HTML page can contain."""
        form = "png" if self.drawn is not None and self.drawn.suffix == ".png" else "svg"
        kind = "png" if form == "png" else "svg+xml"
        return f"data:image/{kind};base64,{b64encode(self.image(form)).decode()}"


@dataclass(frozen=True)
class Words:
    """Lines of text: paragraphs, a list, small print or code."""

    lines: tuple[str, ...]
    kind: Literal["paragraphs", "list", "small", "code"] = "paragraphs"


@dataclass(frozen=True)
class Section:
    """A heading and the blocks under it."""

    title: str
    blocks: tuple[Table | FigureBlock | Words, ...]


@dataclass(frozen=True)
class Brief:
    """The contents of a brief.

    Attributes
    ----------
    title, subtitle
        Headings of the whole brief.
    sections
        Sections in order; the finding is the first.
    """

    title: str
    subtitle: str
    sections: tuple[Section, ...] = field(repr=False)


def brief(comparison: Compared, drawn: Sequence[Path] = ()) -> Brief:
    """Make the brief of a comparison. A run is a comparison of a single scenario.

    Parameters
    ----------
    drawn
        Directories with figures that were drawn already from this comparison and its result; they
        are read instead of being drawn again.
    """
    result = comparison.result
    frame = shared_frame(result.scenarios)
    sections = (
        Section("What was found", tuple(_finding(comparison))),
        Section("Figures", tuple(_figures(comparison, drawn))),
        *([Section("Differences", tuple(_differences(comparison)))] if comparison.others else []),
        Section("Outcomes", tuple(_outcomes(comparison))),
        Section("What carries the result", tuple(_assumptions(comparison))),
        Section("What it is worth", tuple(_worth(comparison))),
        Section("How it was made, and how to make it again", tuple(_provenance(comparison))),
    )
    names = ", ".join(scenario.title for scenario in result.scenarios)
    return Brief(f"{frame.alliance.title}, {frame.span}", names, sections)


# ---------------------------------------------------------------------------------------------
# The finding


def _finding(comparison: Compared) -> Iterator[Words]:
    summary = comparison.result.summary
    first, *others = summary
    if others:
        yield Words((headline(comparison),))
    yield Words(tuple(prospect(comparison.result, first)), "list")
    for other in others:
        lines = (*_change(comparison, other), *_cause(comparison, other))
        yield Words((f"{summary[other]['title']}, beside it:",))
        yield Words(lines, "list")
    yield Words(tuple(tables.worth_lines(summary[first], informed=False)), "small")


def headline(comparison: Compared) -> str:
    """Return a sentence on which scenarios end with the highest and the lowest cohesion."""
    found = {
        name: comparison.difference(name, ALLIANCE, "cohesion") for name in comparison.differences
    }
    titles = {scenario.name: scenario.title for scenario in comparison.result.scenarios}
    gains = {name: one.difference.value for name, one in found.items()}
    best, worst = max(gains, key=lambda name: gains[name]), min(gains, key=lambda name: gains[name])
    base = comparison.baseline.title

    def told(name: str) -> str:
        return f"'{titles[name]}' ({comparison_tables.signed(_as_dict(found[name].difference))})"

    if len(found) == 1:
        only = found[best].difference
        if only.low <= 0.0 <= only.high:
            return (
                f"So many worlds do not tell cohesion under {told(best)} from that under '{base}'."
            )
        way = "higher" if only.value > 0.0 else "lower"
        low, high = only.shown
        apart = " The models disagree on the direction." if low < 0.0 < high else ""
        return f"Cohesion ends {way} under {told(best)} than under '{base}'.{apart}"
    if gains[best] <= 0.0:
        return (
            f"None of the scenarios leaves the alliance more cohesive than '{base}'; the least is "
            f"lost under {told(best)}, the most under {told(worst)}."
        )
    if gains[worst] >= 0.0:
        return (
            f"All scenarios leave the alliance as cohesive as '{base}' or more; the most is won "
            f"under {told(best)}."
        )
    return (
        f"Beside '{base}', the alliance ends most cohesive under {told(best)} and least under "
        f"{told(worst)}."
    )


def prospect(result: Projected, name: str) -> Iterator[str]:
    """Yield sentences on one scenario by itself.

    They tell end state, cohesion, each member's chances, and what elections decide.

    Parameters
    ----------
    name
        Name of the scenario.
    """
    content, names = result.summary[name], result.names
    states = content["alliance"]["end_states"]
    likeliest = max(states, key=lambda state: states[state]["value"])
    yield (
        f"{content['title']} ({name}): in {content['horizon']} the likeliest end state is "
        f"'{likeliest}' (in {tables.percent(states[likeliest])} of worlds)."
    )
    yield _cohesion_line(content)
    for code, outcome in content["members"].items():
        yield (
            f"{names[code]} is active: {_chance(outcome['active'])}; frozen: "
            f"{_chance(outcome['frozen'])}; out: {_chance(outcome['out'])}."
        )
    yield from government_lines(content, names)


def _cohesion_line(content: dict[str, Any]) -> str:
    """Say where cohesion ends; its mean, beside the mean among those who stay, comes last."""
    alliance, weighting = content["alliance"], content["headline_weighting"]
    median = tables.number(alliance["cohesion"][weighting])
    text = f"Cohesion ends at {median} (median, 90 % of worlds)"
    among = tables.looked_up(alliance, f"cohesion_among_those_who_stay.{weighting}")
    if among is None or among["value"] is None:
        return f"{text}."
    whole = tables.number(alliance["mean_cohesion"][weighting])
    return f"{text}; its mean is {whole}, and {tables.number(among)} among those who stay."


def _change(comparison: Compared, name: str) -> Iterator[str]:
    """Yield sentences on how a scenario differs from the baseline.

    Cohesion comes first, then the members whose chance of being active differs, the largest
    difference first.
    """
    found = comparison.differences[name]
    cohesion = comparison.difference(name, ALLIANCE, "cohesion")
    yield f"Cohesion: {_difference(cohesion)}."
    active = [
        one
        for one in found
        if one.outcome == "active" and comparison_tables.matters(_as_dict(one.difference))
    ]
    for one in sorted(active, key=lambda one: -abs(one.difference.value)):
        who = comparison.result.names[one.subject]
        now, before = in_words(one.other), in_words(one.baseline)
        words = f"{now} in either" if now == before else f"{now} instead of {before}"
        yield (
            f"{who} is active in {100 * one.other:.1f} % of worlds instead of "
            f"{100 * one.baseline:.1f} % ({words}): {_difference(one)}."
        )
    if not active:
        yield "No member's chance of being active differs by .005 or more."


def _cause(comparison: Compared, name: str) -> Iterator[str]:
    """Yield sentences on the causes of a difference.

    They name the lever with the largest part of the difference in cohesion, and the month by which
    members first act otherwise than under the baseline.
    """
    for one in comparison.attributions.get(name, []):
        if (one.subject, one.outcome) == (ALLIANCE, "cohesion") and len(one.shares) > 1:
            most = max(one.shares, key=lambda share: abs(share.shapley.value))
            part = comparison_tables.signed(_as_dict(most.shapley))
            yield f"The lever that makes most of the difference in cohesion: {most.lever}, {part}."
    anybody = next(iter(comparison.partings(name)))
    if anybody.month is None:
        yield "No member ever acts otherwise than under the baseline."
    else:
        share = 100 * (1.0 - anybody.never.value)
        yield (
            f"Some member comes to act otherwise than under the baseline in {share:.0f} % of "
            f"worlds, in half of these by {anybody.month}."
        )


def _chance(estimate: dict[str, Any]) -> str:
    return f"{in_words(estimate['value'])}, {tables.percent(estimate)}"


def _difference(one: Any) -> str:
    text = comparison_tables.signed(_as_dict(one.difference))
    if one.better is None or one.worse is None:
        return text
    better, worse = (comparison_tables.share(part.value) for part in (one.better, one.worse))
    return f"{text}, better in {better} and worse in {worse} of worlds under the same luck"


def _as_dict(estimate: Any) -> dict[str, Any]:
    found: dict[str, Any] = plain(estimate)
    return found


def result_html(result: Projected) -> str:
    """Return a result as HTML for a notebook: the finding, a small figure, then the tables."""
    found = "".join(
        f"<li>{escape(line)}</li>" for name in result.summary for line in prospect(result, name)
    )
    figure = FigureBlock(
        "cohesion", plots.FIGURES["cohesion"].caption, partial(result.plot, "cohesion")
    )
    image = f"<img src='{figure.data_uri}' alt='{figure.caption}' style='max-width:720px'>"
    rest = tables.result_html(result.summary, result.names, result.provenance_line)
    return f"<ul>{found}</ul>{image}{rest}"


# ---------------------------------------------------------------------------------------------
# Figures and tables


def _figures(comparison: Compared, drawn: Sequence[Path]) -> Iterator[FigureBlock]:
    result = comparison.result
    compared = comparison_plots.FIGURES if comparison.others else {}
    own = {k: one for k, one in plots.FIGURES.items() if one.compared or not comparison.others}
    for kind, shown in compared.items():
        for number, page in enumerate(plots.pages_of(shown, comparison.others), 1):
            draw = partial(comparison_plots.figure, kind, comparison, page)
            yield _figure(plots.page_name(kind, number), shown, draw, drawn)
    for kind, shown in own.items():
        for number, page in enumerate(plots.pages_of(shown, result.scenarios), 1):
            draw = partial(plots.figure, kind, result, page)
            yield _figure(plots.page_name(kind, number), shown, draw, drawn)


def _figure(
    name: str, shown: StandardFigure, draw: Callable[[], Picture], drawn: Sequence[Path]
) -> FigureBlock:
    """Return a figure, read from where it has been drawn already if it was."""
    found = (place / f"{name}.{form}" for form in ("svg", "png") for place in drawn)
    there = next((path for path in found if path.is_file()), None)
    return FigureBlock(name, shown.caption, draw, there)


def _differences(comparison: Compared) -> Iterator[Table | Words]:
    content, names = comparison.summary, comparison.result.names
    others = tuple(content["differences"])
    title = f"Differences from {comparison.baseline.name}, paired world by world"
    rows = tuple(comparison_tables.difference_rows(content, names))
    yield Table(title, ("outcome", *others), rows, comparison_tables.DIFFERENCE_CAPTION)
    rows = tuple(comparison_tables.parting_rows(content, names))
    title = f"Where conduct parts from {comparison.baseline.name}"
    yield Table(title, ("who", *others), rows, comparison_tables.parting_caption(content))
    for name, found in content["attribution"].items():
        if rows := tuple(comparison_tables.attribution_rows(found, names)):
            title = f"What the difference of {name} is made of"
            caption = comparison_tables.attribution_caption(content)
            yield Table(title, comparison_tables.ATTRIBUTION_HEADER, rows, caption)
    for name, reason in content["not_attributed"].items():
        yield Words((f"Not attributed, {name}: {reason}",))
    if comparison.resolution is not None:
        yield Words((str(comparison.resolution),))


def _outcomes(comparison: Compared) -> Iterator[Table]:
    summary, names = comparison.result.summary, comparison.result.names
    for name, content in summary.items():
        when = f"{name}, {content['horizon']}"
        rows = tuple(tables.member_rows(content, names))
        yield Table(f"Members: {when}", tables.MEMBER_HEADER, rows, tables.MEMBER_CAPTION)
        rows = tuple(tables.event_rows(content, names))
        header = tables.event_header(content)
        yield Table(f"Events: {when}", header, rows, tables.EVENT_CAPTION)
        rows = tuple(tables.alliance_rows(content))
        header = ("alliance", "estimate", "interval")
        yield Table(f"Alliance: {when}", header, rows)
        if rows := tuple(tables.anchor_rows(content, names)):
            title = f"Restraint by the repair constant c, which no record identifies: {name}"
            yield Table(title, tables.ANCHOR_HEADER, rows)
    splits = {"spread_from_numbers": comparison.summary["spread_from_numbers"]}
    if rows := tuple(comparison_tables.split_rows(splits, names)):
        title = "Share of the spread over worlds that comes from not knowing the numbers"
        yield Table(
            title,
            ("outcome", *splits["spread_from_numbers"]),
            rows,
            comparison_tables.SPLIT_CAPTION,
        )


# ---------------------------------------------------------------------------------------------
# Assumptions, worth and provenance


def _assumptions(comparison: Compared) -> Iterator[Table | Words]:
    summary = comparison.result.summary
    intro = (
        "Numbers whose value moves cohesion by more than chance does; the first table of each "
        "scenario says by how much, the others why they are what they are."
    )
    yield Words((intro,))
    names: dict[str, None] = {}
    for name, content in summary.items():
        if rows := tuple(tables.carrier_rows(content)):
            title = f"Mean cohesion where a number is drawn low and high: {name}"
            yield Table(title, tables.CARRIER_HEADER, rows)
        names |= dict.fromkeys(carrier["name"] for carrier in content["carriers_of_cohesion"])
    for name in names:
        yield Table(name, ("", ""), why(name, scenario=comparison.baseline).rows)
    first = next(iter(summary.values()))
    yield Words((tables.evidence_line(first), tables.assumed_line(first)), "small")


def _worth(comparison: Compared) -> Iterator[Words]:
    first = next(iter(comparison.result.summary.values()))
    yield Words(tuple(tables.worth_lines(first)))
    yield Words((tables.ALLIANCE_CAPTION, scale_line()), "small")


def _provenance(comparison: Compared) -> Iterator[Table | Words]:
    given, nested = comparison.provenance, ("scenarios", "given", "set")
    inputs, versions = given["inputs"], given["versions"]
    rows = [(name, str(value)) for name, value in inputs.items() if name not in nested]
    rows += [(f"scenario {name}", mark) for name, mark in inputs["scenarios"].items()]
    rows += [
        (f"given in {name}", "; ".join(told)) for name, told in inputs.get("given", {}).items()
    ]
    rows += [
        (f"set by hand in {name}", ", ".join(found))
        for name, found in inputs.get("set", {}).items()
    ]
    rows += [("digest", given["digest"]), ("made with", _listed(versions))]
    yield Table("Inputs", ("what", "value"), tuple(rows))
    result = comparison.result
    for name, content in result.summary.items():
        if errors := tuple(tables.precision_rows(content, result.names)):
            title = f"How well the estimates are known from so many worlds and draws: {name}"
            yield Table(title, tables.PRECISION_HEADER, errors)
    yield Words((given["reproduce"],), "code")


def _listed(versions: dict[str, str]) -> str:
    return ", ".join(f"{name} {number}" for name, number in versions.items())


# ---------------------------------------------------------------------------------------------
# Writing


def html(made: Brief) -> str:
    """Return a brief as a single HTML page, with its figures in it."""
    from jinja2 import Environment, PackageLoader

    environment = Environment(
        loader=PackageLoader("foedus.views"), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    return environment.get_template("brief.html").render(brief=made)


def markdown(made: Brief, figures: str) -> str:
    """Return a brief as Markdown.

    Parameters
    ----------
    figures
        Name of the directory, beside the file, that holds the figures.
    """
    lines = [f"# {made.title}", "", made.subtitle, ""]
    for section in made.sections:
        lines += [f"## {section.title}", ""]
        for block in section.blocks:
            lines += [*_markdown_block(block, figures), ""]
    return "\n".join(lines)


def _markdown_block(block: Table | FigureBlock | Words, figures: str) -> list[str]:
    if isinstance(block, FigureBlock):
        return [f"![{block.caption}]({figures}/{block.name}.png)", "", f"*{block.caption}*"]
    if isinstance(block, Table):
        rule = ["---"] * len(block.header)
        rows = [_markdown_row(row) for row in (block.header, rule, *block.rows)]
        return [f"**{block.title}**", "", *rows, *(["", block.caption] if block.caption else [])]
    if block.kind == "list":
        return [f"- {line}" for line in block.lines]
    if block.kind == "code":
        return ["```", *block.lines, "```"]
    return [text for line in block.lines for text in (line, "")][:-1]


def _markdown_row(cells: Any) -> str:
    return "| " + " | ".join(c.replace("|", "\\|").replace("\n", "<br>") for c in cells) + " |"


def refuse(path: Path, form: Format, *, overwrite: bool) -> None:
    """Check, before anything is computed, that a brief can be written to a file.

    Raises
    ------
    ResultError
        If the file's suffix does not fit the form, or the file or the directory of its figures
        exists and must not be replaced.
    """
    if path.suffix not in SUFFIXES[form]:
        message = (
            f"{path}: a brief in {form} is a file that ends in {' or '.join(SUFFIXES[form])}; name "
            "it so, or choose another --format."
        )
        raise ResultError(message)
    refuse_file(path, overwrite=overwrite)
    if form == "md" and _beside(path).exists() and not overwrite:
        message = (
            f"{_beside(path)} exists already, where the figures go; name another file, or replace "
            "them with --overwrite."
        )
        raise ResultError(message)


def _beside(path: Path) -> Path:
    return path.with_name(f"{path.stem}_figures")


def write(
    comparison: Compared,
    path: Path,
    form: Format = "html",
    *,
    overwrite: bool = False,
    drawn: Sequence[Path] = (),
) -> Path:
    """Write the brief of a comparison or run.

    Parameters
    ----------
    path
        The file to write. Figures of a Markdown brief go to a directory beside it.
    form
        ``html`` or ``md``.
    overwrite
        Whether an existing file may be replaced.
    drawn
        As for :func:`brief`.

    Returns
    -------
    pathlib.Path
        The file.

    Raises
    ------
    ResultError
        If the file exists already, or its directory does not.
    UnfinishedError
        If a file cannot be written.
    """
    refuse(path, form, overwrite=overwrite)
    made = brief(comparison, drawn)
    try:
        if form == "html":
            replace_file(path, html(made).encode())
            return path
        beside = _beside(path)
        beside.mkdir(exist_ok=True)
        for section in made.sections:
            for block in section.blocks:
                if isinstance(block, FigureBlock):
                    replace_file(beside / f"{block.name}.png", block.image("png"))
        replace_file(path, markdown(made, beside.name).encode())
    except OSError as error:
        message = f"{path} cannot be written: {error.strerror or error}."
        raise UnfinishedError(message) from None
    return path
