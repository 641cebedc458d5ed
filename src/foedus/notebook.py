"""Small pieces of HTML with which objects explain themselves in a notebook."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from foedus.months import format_month

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from foedus.scenario import Scenario


def html_table(header: Sequence[str], rows: Iterable[Sequence[str]], caption: str = "") -> str:
    """Return an HTML table of escaped text."""
    head = "".join(f"<th style='text-align:left'>{escape(cell)}</th>" for cell in header)
    body = "".join(
        "<tr>" + "".join(f"<td style='text-align:left'>{escape(c)}</td>" for c in row) + "</tr>"
        for row in rows
    )
    title = f"<caption style='text-align:left'>{escape(caption)}</caption>" if caption else ""
    return f"<table>{title}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def scenario_html(scenario: Scenario) -> str:
    """Return a scenario as HTML: what it stands for and what it sets."""
    rows = [
        (
            ".".join(part for part in key if part),
            f"{format_month(span.first)} to {format_month(span.last)}",
            f"{span.value:g}" + (f", over {span.ramp} months" if span.ramp else ""),
            str(span.origin),
        )
        for key in scenario.levers
        for span in scenario.spans(key)
    ]
    rows += [
        (f"{item.event.event} {item.event.member}", item.event.date, "", str(item.origin))
        for item in scenario.script
    ]
    rows += [
        (key, "every world", f"{value:g}", str(scenario.origins.get(f"parameters.{key}", "")))
        for key, value in scenario.parameters.items()
    ]
    span = f"{format_month(scenario.start)} to {format_month(scenario.end)}"
    head = f"<b>{escape(scenario.title)}</b> ({escape(scenario.name)}, {span}, "
    head += f"policy {scenario.policy})<br>{escape(scenario.description)}"
    return head + html_table(("sets", "when", "value", "from"), rows)
