"""Small pieces of HTML with which objects explain themselves in a notebook."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from foedus.cases.months import format_month, month_of_year

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from foedus.cases.alliance import Alliance
    from foedus.cases.scenario import Scenario
    from foedus.model.quantities import Parameter

WIDTH, LABEL, ROW = 720, 180, 18  # pixels of the timeline of levers


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
    return head + levers_svg(scenario) + html_table(("sets", "when", "value", "from"), rows)


def levers_svg(scenario: Scenario) -> str:
    """Return the levers of a scenario as a small timeline: a row each, the higher the darker."""
    keys = [key for key in scenario.levers if scenario.spans(key)]
    if not keys:
        return ""
    height, step = ROW * (len(keys) + 1), (WIDTH - LABEL) / scenario.horizon
    opening = (
        f"<svg xmlns='http://www.w3.org/2000/svg' role='img' width='{WIDTH}' height='{height}' "
        f"viewBox='0 0 {WIDTH} {height}' font-family='sans-serif' font-size='11'>"
        f"<title>Levers of {escape(scenario.name)} over time</title>"
    )
    parts = [opening]
    for row, key in enumerate(keys):
        y = row * ROW
        label = escape(".".join(part for part in key if part))
        parts.append(f"<text x='0' y='{y + 13}'>{label}</text>")
        for span in scenario.spans(key):
            x = LABEL + (span.first - scenario.start) * step
            width = (span.last - span.first + 1) * step
            shade = 0.15 + 0.75 * min(1.0, span.value)
            parts.append(
                f"<rect x='{x:.1f}' y='{y + 3}' width='{width:.1f}' height='{ROW - 5}' "
                f"fill='#0072B2' fill-opacity='{shade:.2f}' stroke='white'/>"
                f"<text x='{x + 4:.1f}' y='{y + 13}' fill='{'white' if shade > 0.5 else 'black'}'>"
                f"{span.value:g}</text>"
            )
    for month in range(scenario.start, scenario.end + 1):
        if month_of_year(month) == 1:
            x = LABEL + (month - scenario.start) * step
            parts.append(f"<text x='{x:.1f}' y='{height - 5}'>{month // 12}</text>")
    return "".join([*parts, "</svg>"])


def alliance_html(alliance: Alliance, names: Sequence[str]) -> str:
    """Return an alliance as HTML: what each member starts from, each number with its evidence.

    Parameters
    ----------
    names
        Opening numbers to show.
    """
    rows = []
    for name in names:
        numbers = [alliance.numbers[f"{member}.{name}"] for member in alliance.members]
        cells = [f"{alliance.value(one.key):g} ({one.evidence.kind})" for one in numbers]
        rows.append((name.replace("_", " "), *cells))
    powers = "; ".join(f"{power.name} ({power.role})" for power in alliance.powers)
    head = (
        f"<b>{escape(alliance.title)}</b> ({escape(alliance.name)}), numbers of "
        f"{format_month(alliance.date)}; patron: {escape(alliance.names[alliance.patron])}; "
        f"outside powers: {escape(powers)}"
    )
    header = ("", *(f"{alliance.names[code]} ({code})" for code in alliance.members))
    caption = "Each with the kind of its evidence; foedus.why('ARM.trust') explains one."
    return head + html_table(header, rows, caption)


def parameter_html(spec: Parameter) -> str:
    """Return a parameter as HTML: meaning, value, bounds, prior and evidence."""
    rows = (
        ("meaning", spec.meaning),
        ("value", f"{spec.value:g} ({spec.unit})"),
        ("bounds", f"{spec.low:g} to {spec.high:g}"),
        ("prior", str(spec.prior)),
        ("mechanism", f"{spec.mechanism}, written {spec.symbol}"),
        ("evidence", f"{spec.evidence.kind}: {spec.evidence.source}. {spec.evidence.why}"),
    )
    return html_table(("parameter", spec.symbol), rows)
