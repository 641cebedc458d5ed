"""A brief as a file: a single HTML page that contains its figures, or Markdown with them beside it.

On paper the HTML page is two A4 pages, and the annex, if there is one, follows on others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from foedus.errors import ResultError, UnfinishedError
from foedus.views.blocks import FigureBlock, Table
from foedus.views.brief import brief
from foedus.worlds.files import refuse_file, replace_file

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from foedus.defaults import Format
    from foedus.views.blocks import Block, Section
    from foedus.views.brief import Brief
    from foedus.views.subjects import Compared

SUFFIXES: dict[str, tuple[str, ...]] = {"html": (".html", ".htm"), "md": (".md",)}


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
    lines = [f"*{made.kicker}*", "", f"# {made.title}", ""]
    lines += _markdown_blocks(made.front, figures)
    for section in made.back:
        lines += _markdown_section(section, figures)
    if made.annex:
        lines += ["# Annex", ""]
    for section in made.annex:
        lines += _markdown_section(section, figures)
    return "\n".join(lines)


def _markdown_section(section: Section, figures: str) -> Iterator[str]:
    yield from (f"## {section.title}", "")
    yield from _markdown_blocks(section.blocks, figures)


def _markdown_blocks(blocks: Iterable[Block], figures: str) -> Iterator[str]:
    for block in blocks:
        yield from (*_markdown_block(block, figures), "")


def _markdown_block(block: Block, figures: str) -> list[str]:
    if isinstance(block, FigureBlock):
        below = ["", f"*{block.caption}*"] if block.caption else []
        return [f"![{block.alt}]({figures}/{block.name}.png)", *below]
    if isinstance(block, Table):
        rule = ["---"] + ["---:" if block.look == "numbers" else "---"] * (len(block.header) - 1)
        rows = [_markdown_row(row) for row in (block.header, rule, *block.rows)]
        above = [f"**{block.title}**", ""] if block.title else []
        return [*above, *rows, *(["", block.caption] if block.caption else [])]
    if block.kind == "list":
        return [f"- {line}" for line in block.lines]
    if block.kind == "named":
        named = (line.split("\n", 1) for line in block.lines)
        return [text for name, rest in named for text in (f"**{name}**\\", rest, "")][:-1]
    if block.kind == "code":
        return ["```", *block.lines, "```"]
    return [text for line in block.lines for text in (line, "")][:-1]


def _markdown_row(cells: Iterable[str]) -> str:
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
    annex: bool = False,
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
    annex
        As for :func:`foedus.views.brief.brief`.

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
    made = brief(comparison, annex=annex)
    try:
        if form == "html":
            replace_file(path, html(made).encode())
            return path
        beside = _beside(path)
        beside.mkdir(exist_ok=True)
        for block in made.blocks:
            if isinstance(block, FigureBlock):
                replace_file(beside / f"{block.name}.png", block.image("png"))
        replace_file(path, markdown(made, beside.name).encode())
    except OSError as error:
        message = f"{path} cannot be written: {error.strerror or error}."
        raise UnfinishedError(message) from None
    return path
