"""A summary as tables that a person can read, on a terminal and in a notebook."""

from __future__ import annotations

from collections import Counter
from html import escape
from typing import TYPE_CHECKING, Any

from foedus.notebook import html_table
from foedus.rules import END_STATE_MEANINGS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Row = tuple[str, ...]

MEMBER_HEADER: Row = (
    "member",
    "active",
    "frozen",
    "vote suspended",
    "out",
    "takes part",
    "misses a summit ahead (first)",
    "trust, median [90 %]",
)
CARRIER_HEADER: Row = (
    "number",
    "evidence",
    "in its lowest third",
    "in its highest third",
    "difference [95 %]",
)
ANCHOR_HEADER: Row = ("member", "repair_anchor", "active", "trust, median [90 %]")
ALLIANCE_CAPTION = (
    "End states, the first that applies: "
    + "; ".join(f"{name}: {meaning}" for name, meaning in END_STATE_MEANINGS.items())
    + ". Means run over those who are still members: losing an unwilling one can raise cohesion. "
    "Intervals called Wilson or 95 % are about the number of worlds, not about the parameters."
)


def percent(estimate: dict[str, Any]) -> str:
    """Write a probability with its interval: ``12 % [9, 16]``, or ``12.3 % [11.9, 12.7]``."""
    if estimate["value"] is None:
        return "-"
    digits = 1 if _is_narrow(estimate) else 0
    value, low, high = (f"{100 * estimate[key]:.{digits}f}" for key in ("value", "low", "high"))
    return f"{value} % [{low}, {high}]"


def _is_narrow(estimate: dict[str, Any]) -> bool:
    """Whether the interval would vanish in two decimals."""
    low, high = estimate["low"], estimate["high"]
    return low is not None and high is not None and 0.0 < high - low < 0.02


def number(estimate: dict[str, Any]) -> str:
    """Write a number with its interval: ``.64 [.41, .80]``, or ``.642 [.637, .647]``."""
    if estimate["value"] is None:
        return "-"
    digits = 3 if _is_narrow(estimate) else 2
    zero = f"{0.0:.{digits}f}"
    shown = (
        "?" if estimate[key] is None else f"{estimate[key]:.{digits}f}"
        for key in ("value", "low", "high")
    )
    value, low, high = (zero if text == f"-{zero}" else text for text in shown)
    return f"{value} [{low}, {high}]"


def count(estimate: dict[str, Any]) -> str:
    """Write a count with its interval: ``3 [1, 5]``."""
    return f"{estimate['value']:g} [{estimate['low']:g}, {estimate['high']:g}]"


def member_rows(summary: dict[str, Any], names: dict[str, str]) -> Iterator[Row]:
    """Yield a row for each member of one scenario, under :data:`MEMBER_HEADER`."""
    for code, outcome in summary["members"].items():
        missed = f"{round(100 * outcome['misses_summit']['value'])} %"
        if outcome["first_missed"]:
            missed += f" ({outcome['first_missed']})"
        chances = [percent(outcome[key]) for key in ("active", "frozen", "suspended", "out")]
        yield (
            names.get(code, code),
            *chances,
            percent(outcome["takes_part"]),
            missed,
            number(outcome["trust"]),
        )


def alliance_rows(summary: dict[str, Any]) -> Iterator[Row]:
    """Yield (what, estimate, what the interval is) for the alliance in one scenario."""
    alliance, weighting = summary["alliance"], summary["headline_weighting"]
    yield "cohesion", number(alliance["cohesion"][weighting]), "median, 90 % of worlds"
    yield "cohesion, mean", number(alliance["mean_cohesion"][weighting]), "95 %, number of worlds"
    other = next(name for name in alliance["cohesion"] if name != weighting)
    label = f"cohesion, {other} weights"
    yield label, number(alliance["cohesion"][other]), "median, 90 % of worlds"
    for name, estimate in alliance["components"][weighting].items():
        yield f"  {name.replace('_', ' ')}", number(estimate), "mean, 95 %, number of worlds"
    for name, estimate in alliance["end_states"].items():
        yield f"end state {name}", percent(estimate), "Wilson 95 %"
    yield "clients taking part", count(alliance["taking_part"]), "median, 90 % of worlds"
    narrower = percent(alliance["narrower_agenda"])
    yield "last documents pass without all", narrower, "Wilson 95 %"
    for event, estimate in summary["ignored_events"].items():
        yield f"without effect: {event}", percent(estimate), "worlds where the member had left"
    if alliance["without_members"]["value"]:
        missing = percent(alliance["without_members"])
        yield "no client left (cohesion missing)", missing, "Wilson 95 %"


def carrier_rows(summary: dict[str, Any]) -> Iterator[Row]:
    """Yield the numbers that carry cohesion in one scenario, with what they rest on."""
    for carrier in summary["carriers_of_cohesion"]:
        yield (
            carrier["name"],
            carrier["kind"],
            f"{carrier['low']:.2f}",
            f"{carrier['high']:.2f}",
            number(carrier["difference"]),
        )


def anchor_rows(summary: dict[str, Any], names: dict[str, str]) -> Iterator[Row]:
    """Yield outcomes for each value of the repair constant c."""
    for member, by_anchor in summary["by_repair_anchor"].items():
        for c, outcome in by_anchor.items():
            yield (
                names.get(member, member),
                c,
                percent(outcome["active"]),
                number(outcome["trust"]),
            )


def evidence_line(summary: dict[str, Any]) -> str:
    """Say how many of the numbers behind the result are assumed, and what informed them."""
    counts = summary["evidence"]
    total = sum(counts.values())
    parts = ", ".join(f"{count} {kind}" for kind, count in counts.items())
    draw = {
        "prior": "Every world draws its parameters from their priors; no parameter has been "
        "fitted to the record.",
        "default": "Every world has the declared values, so what the parameters leave open is not "
        "shown.",
    }.get(summary["parameter_draw"], "Every world has the parameters that were given.")
    return f"{total} numbers behind it: {parts}. {draw} 'foedus why NAME' explains each."


def assumed_line(summary: dict[str, Any]) -> str:
    """Name the parameters that are assumed, and count the assumed numbers of each member."""
    names = [name for name in summary["assumed"] if "." not in name]
    owners = Counter(name.split(".")[0] for name in summary["assumed"] if "." in name)
    counts = ", ".join(
        f"{owner} {number} of {summary['numbers_by_owner'][owner]}"
        for owner, number in owners.items()
    )
    return f"Assumed are the parameters {', '.join(names)}; and of the numbers of {counts}."


def comparison(
    summaries: dict[str, dict[str, Any]], names: dict[str, str]
) -> tuple[Row, list[Row]]:
    """Return header and rows with the scenarios side by side."""
    header = ("outcome", *summaries)
    rows: list[Row] = []

    def add(label: str, cells: Sequence[str]) -> None:
        rows.append((label, *cells))

    everyone = list(summaries.values())
    for member in everyone[0]["members"]:
        name = names.get(member, member)
        for key, what in (("active", "active"), ("frozen", "frozen"), ("out", "out")):
            add(f"{name} {what}", [percent(s["members"][member][key]) for s in everyone])
        add(f"{name} trust", [number(s["members"][member]["trust"]) for s in everyone])
    cohesion = [number(s["alliance"]["cohesion"][s["headline_weighting"]]) for s in everyone]
    add("cohesion", cohesion)
    for state in everyone[0]["alliance"]["end_states"]:
        add(f"end state {state}", [percent(s["alliance"]["end_states"][state]) for s in everyone])
    return header, rows


def difference_rows(summaries: dict[str, dict[str, Any]], names: dict[str, str]) -> Iterator[Row]:
    """Yield (outcome, difference by scenario) of every scenario but the first from the first."""
    others = [summary["difference"] for summary in list(summaries.values())[1:]]
    if not others:
        return
    yield ("cohesion, mean", *(number(other["cohesion"]) for other in others))
    for member in next(iter(summaries.values()))["members"]:
        for key in ("active", "out", "trust"):
            cells = [number(other[member][key]) for other in others]
            yield (f"{names.get(member, member)} {key}", *cells)


def result_html(summary: dict[str, Any], names: dict[str, str], provenance: str) -> str:
    """Return a result as HTML: the finding by scenario, and what it rests on."""
    parts = []
    for name, content in summary.items():
        parts.append(f"<h4>{escape(content['title'])} ({escape(name)}, {content['horizon']})</h4>")
        parts.append(html_table(MEMBER_HEADER, member_rows(content, names)))
        header = ("alliance", "estimate", "interval")
        parts.append(html_table(header, alliance_rows(content)))
        parts.append(f"<p><small>{escape(ALLIANCE_CAPTION)}</small></p>")
        if anchors := list(anchor_rows(content, names)):
            caption = "Restraint by the repair constant c, which no record identifies"
            parts.append(html_table(ANCHOR_HEADER, anchors, caption))
        if carriers := list(carrier_rows(content)):
            caption = "What carries cohesion: its mean where a number is drawn low and high"
            parts.append(html_table(CARRIER_HEADER, carriers, caption))
        parts.append(f"<p>{escape(evidence_line(content))}</p>")
        parts.append(f"<p><small>{escape(assumed_line(content))}</small></p>")
    parts.append(f"<p><small>{escape(provenance)}</small></p>")
    return "".join(parts)
