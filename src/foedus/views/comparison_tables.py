"""Tables of a comparison."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

from foedus.html import html_table
from foedus.outcomes.catalogue import (
    ALLIANCE,
    ALLIANCE_OUTCOMES,
    MEMBER_OUTCOMES,
    headlines,
    outcomes_of,
)
from foedus.views.tables import Row, looked_up, number, percent, worth_lines, written

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from foedus.views.subjects import Compared

#: Rows on cohesion where scenarios stand side by side: the label, and the key in a summary.
COHESION_ROWS = {
    "cohesion": "cohesion",
    "cohesion, mean": "mean_cohesion",
    "cohesion among those who stay, mean": "cohesion_among_those_who_stay",
}


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
        for outcome in MEMBER_OUTCOMES.values():
            if outcome.tabled:
                found = [s["members"][member].get(outcome.key) for s in everyone]
                label = f"{names.get(member, member)} {outcome.words}"
                add(label, [written(outcome, estimate) for estimate in found])
    for label, key in COHESION_ROWS.items():
        found = [looked_up(s["alliance"], f"{key}.{s['headline_weighting']}") for s in everyone]
        add(label, [number(estimate, short=True) if estimate else "-" for estimate in found])
    for key, outcome in ALLIANCE_OUTCOMES.items():
        if key.startswith("end_states."):
            estimates = [looked_up(s["alliance"], key) for s in everyone]
            add(outcome.words, [written(outcome, estimate) for estimate in estimates])
    return header, rows


def signed(estimate: dict[str, Any]) -> str:
    """Write a difference with its interval: ``-.12 [-.14, -.10]``, with the sign in front."""
    if estimate["value"] == estimate["low"] == estimate["high"] == 0.0:
        return "0 in all worlds"
    text = number(estimate, short=True)
    is_positive = estimate["value"] is not None and float(text.split()[0]) > 0.0
    return f"+{text}" if is_positive else text


def difference_rows(content: dict[str, Any], names: dict[str, str]) -> Iterator[Row]:
    """Yield (outcome, difference by scenario) of the headline outcomes of a comparison."""
    by_scenario = [
        {(one["subject"], one["outcome"]): one for one in found}
        for found in content["differences"].values()
    ]
    for subject, outcome in by_scenario[0] if by_scenario else ():
        if outcome in headlines(subject):
            cells = [_difference_cell(found[subject, outcome]) for found in by_scenario]
            yield (_who(subject, outcome, names), *cells)


def _difference_cell(one: dict[str, Any]) -> str:
    """Difference with its interval; how often it is better and worse; what pairing has narrowed."""
    lines = [signed(one["difference"])]
    if one["better"] is not None and one["narrowing"] is not None:
        better, worse = (share(one[key]["value"]) for key in ("better", "worse"))
        narrower = min(one["narrowing"], MOST_TOLD)
        much = ">" if narrower < one["narrowing"] else ""
        lines += [f"better {better}, worse {worse}", f"{much}{narrower:.3g} x narrower"]
    return "\n".join(lines)


def share(value: float | None) -> str:
    """Write a share without saying 0 or 100 % of what is merely near it."""
    if value is None:
        return "-"
    if 0.0 < value < 0.01:
        return "<1 %"
    return ">99 %" if 0.99 < value < 1.0 else f"{100 * value:.0f} %"


def _who(subject: str, outcome: str, names: dict[str, str]) -> str:
    words = outcomes_of(subject)[outcome].words
    return words if subject == ALLIANCE else f"{names.get(subject, subject)} {words}"


def parting_rows(content: dict[str, Any], names: dict[str, str]) -> Iterator[Row]:
    """Yield (who, when its conduct parts from the baseline's, by scenario)."""
    found = [one["conduct"] for one in content["partings"].values()]
    for many in zip(*found, strict=True):
        subject = many[0]["subject"]
        cells = [
            f"{one['month']}; never in {percent(one['never'], short=True)}"
            if one["month"]
            else "never"
            for one in many
        ]
        yield ("anybody" if subject == ALLIANCE else names.get(subject, subject), *cells)


def _parted(one: dict[str, Any]) -> str:
    if not one["month"]:
        return "never"
    return f"{one['month']}; never in {percent(one['never'], short=True)}"


def attribution_rows(found: list[dict[str, Any]], names: dict[str, str]) -> Iterator[Row]:
    """Yield a row for each lever and interaction, of the outcomes that differ at all."""
    for one in found:
        if not matters(one["total"]):
            continue
        who = _who(one["subject"], one["outcome"], names)
        yield (who, "total", signed(one["total"]), "")
        for share in one["shares"]:
            yield ("", share["lever"], signed(share["shapley"]), signed(share["alone"]))
        for interaction in one["interactions"]:
            if matters(interaction["dividend"]):
                levers = " x ".join(interaction["levers"])
                yield ("", levers, "", signed(interaction["dividend"]))


def matters(estimate: dict[str, Any]) -> bool:
    """Whether an interval excludes zero by what two decimals can show."""
    low, high = estimate["low"], estimate["high"]
    return low is not None and (low > 0.0 or high < 0.0) and abs(estimate["value"]) >= 0.005


def split_rows(content: dict[str, Any], names: dict[str, str]) -> Iterator[Row]:
    """Yield (outcome, share of its variance that comes from not knowing the numbers)."""
    by_scenario = list(content["spread_from_numbers"].values())
    keys = dict.fromkeys(
        (subject, outcome)
        for found in by_scenario
        for subject, many in found.items()
        for outcome in many
    )
    for subject, outcome in keys:
        cells = []
        for found in by_scenario:
            one = found.get(subject, {}).get(outcome)
            cells.append(percent(one["from_numbers"], short=True) if one else "-")
        yield (_who(subject, outcome, names), *cells)


MOST_TOLD = 100.0  # times that pairing narrows an interval; beyond that nothing differs in fact

DIFFERENCE_CAPTION = (
    "Mean over worlds with its range over the models, or, where there is no more than one, its "
    "Monte Carlo 95 % interval; chances as shares of 1. Better and "
    "worse: share of worlds in which it holds the alliance together better, or worse, than the "
    "baseline does under the same luck; the rest are alike. Narrower: how many times pairing "
    "narrows the interval against as many worlds with a luck of their own. Trust is compared where "
    "it is a member in both."
)
PARTING_CAPTION = (
    "Month by which half of the worlds that part have done so: attendance, documents, dues, freeze "
    "or membership differ."
)
ATTRIBUTION_HEADER: Row = (
    "outcome",
    "lever",
    "its part of the difference (Shapley)",
    "alone; together beyond that",
)
ATTRIBUTION_CAPTION = (
    "Outcomes that differ by .005 or more. The parts sum to the total. Alone: the effect if "
    "nothing else is changed; for several levers, what they do together beyond their smaller sets, "
    "where that is .005 or more. Range over the models, or Monte Carlo 95 %."
)
SPLIT_CAPTION = (
    "The rest is luck. With a posterior the numbers include the past that fits the record and the "
    "state it led to. 95 % interval by the jackknife over draws."
)


def parting_caption(content: dict[str, Any]) -> str:
    """Caption of the table of partings, with the number of worlds."""
    return f"{content['worlds_looked_at_month_by_month']:,} worlds. {PARTING_CAPTION}"


def attribution_caption(content: dict[str, Any]) -> str:
    """Caption of the table of attribution, with the number of worlds."""
    return f"The first {content['worlds_of_each_mix']:,} worlds of each mix. {ATTRIBUTION_CAPTION}"


def comparison_html(comparison: Compared) -> str:
    """Return a comparison as HTML: paired differences, and what they are made of."""
    content, names = comparison.summary, comparison.result.names
    others = tuple(content["differences"])
    title = f"Differences from {comparison.baseline.name}, paired world by world"
    parts = [f"<h4>{escape(title)}</h4>"]
    parts.append(html_table(("outcome", *others), difference_rows(content, names)))
    parts.append(f"<p><small>{escape(DIFFERENCE_CAPTION)}</small></p>")
    for name, found in content["attribution"].items():
        caption = f"What the difference of {name} is made of"
        parts.append(html_table(ATTRIBUTION_HEADER, attribution_rows(found[:4], names), caption))
    first = next(iter(content["scenarios"].values()))
    parts += [f"<p>{escape(line)}</p>" for line in worth_lines(first)]
    parts.append(f"<p><small>{escape(comparison.result.provenance_line)}</small></p>")
    return "".join(parts)
