"""How results and comparisons show themselves in a notebook: the answer first, all else folded."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

from foedus.html import html_table
from foedus.outcomes.summary import plain
from foedus.views import comparison_tables, tables
from foedus.views.brief import answer_blocks, futures_blocks

if TYPE_CHECKING:
    from collections.abc import Iterator

    from foedus.views.subjects import Compared, Projected


def result_html(result: Projected) -> str:
    """Return a result as HTML: the finding, its picture and table, then the long tables, folded."""
    rest = tables.result_html(result.summary, result.names, result.provenance_line)
    return f"{_answer(result)}{_folded('All tables', rest)}"


def comparison_html(comparison: Compared) -> str:
    """Return a comparison as HTML: as a result, with its differences folded."""
    result = comparison.result
    line = f"<p><small>{escape(result.provenance_line)}</small></p>"
    parts = "".join(_differences(comparison))
    return f"{_answer(result)}{_folded('Differences and their causes', parts)}{line}"


def _answer(result: Projected) -> str:
    finding = result.finding
    parts = [f"<h3>{escape(finding.title)}</h3>", f"<p>{escape(' '.join(finding.sentences))}</p>"]
    parts += [
        f"<img src='{block.data_uri}' alt='{escape(block.alt)}' "
        "style='width:100%;max-width:680px;background:#fff'>"
        for block in futures_blocks(result)
    ]
    parts += [html_table(one.header, one.rows, one.caption) for one in answer_blocks(result)]
    return "".join(parts)


def _folded(title: str, content: str) -> str:
    return f"<details><summary>{escape(title)}</summary>{content}</details>"


def _differences(comparison: Compared) -> Iterator[str]:
    """Yield the paired differences, and what they are made of."""
    names, baseline = comparison.result.names, comparison.baseline.name
    found: dict[str, Any] = {"differences": plain(comparison.differences)}
    header = ("outcome", *found["differences"])
    yield f"<h4>{escape(f'Differences from {baseline}, paired world by world')}</h4>"
    rows = comparison_tables.difference_rows(found, names)
    yield html_table(header, rows, comparison_tables.DIFFERENCE_CAPTION)
    for name, shares in plain(comparison.attributions).items():
        title = f"What the difference of {name} is made of"
        parts = comparison_tables.attribution_rows(shares[:4], names)
        yield html_table(comparison_tables.ATTRIBUTION_HEADER, parts, title)
    first = next(iter(comparison.result.summary.values()))
    yield from (f"<p>{escape(line)}</p>" for line in tables.worth_lines(first))
