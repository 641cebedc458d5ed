"""A summary as tables that a person can read, on a terminal and in a notebook."""

from __future__ import annotations

from collections import Counter
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np

from foedus.cases.months import format_month
from foedus.cases.record import EVENTS, SHARES
from foedus.html import html_table
from foedus.model.rules import END_STATE_MEANINGS
from foedus.outcomes.catalogue import ALLIANCE
from foedus.outcomes.differences import HEADLINE, MEMBER
from foedus.outcomes.estimates import is_narrow

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from foedus.cases.record import Record
    from foedus.inference.calibration import Check
    from foedus.inference.claims import Claim
    from foedus.studies.comparison import Comparison
    from foedus.worlds.posterior import Posterior

Row = tuple[str, ...]

MEMBER_HEADER: Row = (
    "member",
    "active",
    "frozen",
    "vote suspended",
    "out",
    "takes part",
    "trust, median [90 %]",
)
CARRIER_HEADER: Row = (
    "number",
    "evidence",
    "informed by the record",
    "in its lowest third",
    "in its highest third",
    "difference [95 %]",
)
ANCHOR_HEADER: Row = ("member", "repair_anchor", "active", "trust, median [90 %]")
ALLIANCE_CAPTION = (
    "End states, the first that applies: "
    + "; ".join(f"{name}: {meaning}" for name, meaning in END_STATE_MEANINGS.items())
    + ". Means run over those who are still members: losing an unwilling one can raise cohesion. "
    "Intervals called Wilson or 95 % say how well an estimate is known from so many worlds and "
    "draws; what the parameters leave open is in the estimate itself."
)


MEMBER_CAPTION = (
    "Share of worlds with its Wilson 95 % interval, the calibration's own error included. Frozen "
    "and suspended may overlap. Trust: of the worlds in which it is a member."
)
EVENT_CAPTION = (
    "First event of its kind since the start: share of worlds by the horizon (Wilson 95 %), and "
    "the month by which half of all worlds have it, if they do, with its 95 % interval where that "
    "is wider than the month. Leaving forestalls all others."
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
    return low is not None and high is not None and is_narrow(low, high)


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
        chances = [percent(outcome[key]) for key in ("active", "frozen", "suspended", "out")]
        yield (
            names.get(code, code),
            *chances,
            percent(outcome["takes_part"]),
            number(outcome["trust"]),
        )


def alliance_rows(summary: dict[str, Any]) -> Iterator[Row]:
    """Yield (what, estimate, what the interval is) for the alliance in one scenario."""
    alliance, weighting = summary["alliance"], summary["headline_weighting"]
    yield "cohesion", number(alliance["cohesion"][weighting]), "median, 90 % of worlds"
    yield "cohesion, mean", number(alliance["mean_cohesion"][weighting]), "95 %, Monte Carlo"
    other = next(name for name in alliance["cohesion"] if name != weighting)
    label = f"cohesion, {other} weights"
    yield label, number(alliance["cohesion"][other]), "median, 90 % of worlds"
    for name, estimate in alliance["components"][weighting].items():
        yield f"  {name.replace('_', ' ')}", number(estimate), "mean, 95 %, Monte Carlo"
    for name, estimate in alliance["end_states"].items():
        yield f"end state {name}", percent(estimate), "Wilson 95 %"
    yield "clients active", count(alliance["active"]), "median, 90 % of worlds"
    yield "clients taking part", count(alliance["taking_part"]), "median, 90 % of worlds"
    yield (
        "support in a crisis, all members",
        number(alliance["crises_answered"]),
        "95 %, Monte Carlo",
    )
    second = percent(alliance["second_steps_back"])
    yield "a second freezes or leaves, if one does", second, "95 %, Monte Carlo"
    yield "a second leaves, if one does", percent(alliance["second_leaves"]), "95 %, Monte Carlo"
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
            {True: "yes", False: "no", None: "-"}[carrier["informed"]],
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
        "posterior": "Every world goes on from one that fits the record.",
        "prior": "Every world draws its parameters from their priors; no parameter has been "
        "fitted to the record.",
        "default": "Every world has the declared values, so what the parameters leave open is not "
        "shown.",
    }.get(summary["parameter_draw"], "Every world has the parameters that were given.")
    return f"{total} numbers behind it: {parts}. {draw} 'foedus why NAME' explains each."


def worth_lines(summary: dict[str, Any]) -> list[str]:
    """Say what the model is worth, and what the record has informed."""
    return [line for line in (summary["skill"], summary["informed"]) if line]


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


def event_header(summary: dict[str, Any]) -> Row:
    """Return the header of :func:`event_rows`: the events that come in some world."""
    return ("member", *(event.replace("_", " ") for event in _events(summary)))


def event_rows(summary: dict[str, Any], names: dict[str, str]) -> Iterator[Row]:
    """Yield a row for each member: how likely each event is, and when half of worlds have it."""
    for code, outcome in summary["members"].items():
        cells = []
        for event in _events(summary):
            found = outcome["events"][event]
            cells.append(f"{percent(found['total'])}\n{_median(found['median'])}")
        yield (names.get(code, code), *cells)


def _events(summary: dict[str, Any]) -> list[str]:
    members = summary["members"].values()
    return [
        event
        for event in next(iter(members))["events"]
        if any(outcome["events"][event]["total"]["value"] for outcome in members)
    ]


def _median(median: dict[str, Any]) -> str:
    """Write the month by which half of all worlds have an event, with its interval."""
    if median["value"] is None:
        return ""
    low, high = (median[bound] or "later" for bound in ("low", "high"))
    return median["value"] if low == high else f"{median['value']} [{low}, {high}]"


def signed(estimate: dict[str, Any]) -> str:
    """Write a difference with its interval: ``-.12 [-.14, -.10]``, with the sign in front."""
    if estimate["value"] == estimate["low"] == estimate["high"] == 0.0:
        return "0 in all worlds"
    text = number(estimate)
    is_positive = estimate["value"] is not None and float(text.split()[0]) > 0.0
    return f"+{text}" if is_positive else text


def difference_rows(content: dict[str, Any], names: dict[str, str]) -> Iterator[Row]:
    """Yield (outcome, difference by scenario) of the headline outcomes of a comparison."""
    by_scenario = [
        {(one["subject"], one["outcome"]): one for one in found}
        for found in content["differences"].values()
    ]
    for subject, outcome in by_scenario[0] if by_scenario else ():
        if outcome in HEADLINE[subject if subject == ALLIANCE else MEMBER]:
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
    return outcome if subject == ALLIANCE else f"{names.get(subject, subject)} {outcome}"


def parting_rows(content: dict[str, Any], names: dict[str, str]) -> Iterator[Row]:
    """Yield (who, when its conduct parts from the baseline's, by scenario)."""
    found = [one["conduct"] for one in content["partings"].values()]
    for many in zip(*found, strict=True):
        subject = many[0]["subject"]
        cells = [
            f"{one['month']}; never in {percent(one['never'])}" if one["month"] else "never"
            for one in many
        ]
        yield ("anybody" if subject == ALLIANCE else names.get(subject, subject), *cells)


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
            cells.append(percent(one["from_numbers"]) if one else "-")
        yield (_who(subject, outcome, names), *cells)


MOST_TOLD = 100.0  # times that pairing narrows an interval; beyond that nothing differs in fact

DIFFERENCE_CAPTION = (
    "Mean over worlds with its Monte Carlo 95 % interval; chances as shares of 1. Better and "
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
    "where that is .005 or more. Monte Carlo 95 %."
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


def comparison_html(comparison: Comparison) -> str:
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


# ---------------------------------------------------------------------------------------------
# Record, calibration, hindcast

RECORD_HEADER: Row = ("month", "member", "what", "value", "error", "scored", "source")
INFORMED_HEADER: Row = (
    "number",
    "prior",
    "posterior, median [90 %]",
    "spread, posterior / prior",
    "informed",
    "effective draws",
)
CHECK_HEADER: Row = (
    "month",
    "member",
    "what",
    "on record",
    "posterior worlds",
    "same numbers, fresh luck [90 %]",
    "inside",
)
SCORE_HEADER: Row = (
    "scored",
    "forecaster",
    "n",
    "score [90 %]",
    "log score",
    "model better by [90 %]",
)
CLAIM_HEADER: Row = ("claim", "above 0 if it holds", "value", "Monte Carlo error", "holds")
COVERAGE_HEADER: Row = (
    "number",
    "in the 90 % interval",
    "width / prior's",
    "mean rank",
)


def shown(what: str, value: float) -> str:
    """Write an observation: yes or no for an event, a share else."""
    return ("no", "yes")[int(value)] if what in EVENTS else f"{value:.2f}"


def record_rows(record: Record) -> Iterator[Row]:
    """Yield a row for each observation, under :data:`RECORD_HEADER`."""
    for item in record.observations:
        yield (
            format_month(item.month),
            item.member,
            {**SHARES, **EVENTS}[item.what],
            shown(item.what, item.value),
            f"{item.error:g}",
            "yes" if item.scored else "no",
            f"{item.source}. {item.why}" if item.why else item.source,
        )


def informed_rows(posterior: Posterior, *, everything: bool = False) -> Iterator[Row]:
    """Yield a row for each number that the record informs, or for all."""
    for name, values in posterior.values.items():
        ratio = posterior.spread_ratio[name]
        if name not in posterior.informed and not everything:
            continue
        low, middle, high = np.quantile(values, [0.05, 0.5, 0.95])
        effective = posterior.about["effective"].get(name)
        yield (
            name,
            posterior.about["prior"].get(name, ""),
            f"{middle:.2f} [{low:.2f}, {high:.2f}]",
            f"{ratio:.2f}",
            "yes" if name in posterior.informed else "no",
            f"{effective:.0f}" if effective else "fixed parts",
        )


def check_rows(checks: Sequence[Check]) -> Iterator[Row]:
    """Yield a row for each observation beside the posterior."""
    for check in checks:
        item = check.item
        again = f"{check.again:.2f}"
        if check.low is not None and check.high is not None:
            again += f" [{check.low:.2f}, {check.high:.2f}]"
        yield (
            format_month(item.month),
            item.member,
            {**SHARES, **EVENTS}[item.what],
            shown(item.what, item.value),
            f"{check.kept:.2f}",
            again,
            {True: "yes", False: "no", None: "-"}[check.is_inside],
        )


def calibration_line(posterior: Posterior) -> str:
    """Say how the posterior was found, and how well the repair constant is told apart."""
    about = posterior.about
    informed = len(posterior.informed)
    evidence = "; ".join(
        f"{anchor}: {np.mean(values):.1f} (populations {min(values):.1f} to {max(values):.1f})"
        for anchor, values in about["log_evidence"].items()
    )
    return (
        f"{about['particles']:,} particles ({about['pooled']:,} pooled over the last rounds, "
        f"{posterior.size:,} kept) after {about['rounds']} "
        f"rounds ({about['rounds_to_posterior']} to the posterior, {about['accepted']:.0%} of "
        f"moves accepted at it); {informed} of {len(posterior.values)} numbers informed; seed "
        f"{about['seed']}; fingerprint {posterior.fingerprint[:12]}. Log evidence by repair "
        f"constant, {evidence}: it is not inferred, each value has an equal part."
    )


def score_rows(scores: Sequence[dict[str, Any]], drivers: str) -> Iterator[Row]:
    """Yield the scores under one kind of drivers; the model's own gain is left out."""
    for row in scores:
        if row["drivers"] != drivers:
            continue
        own = row["forecaster"] == "model"
        yield (
            row["group"],
            row["forecaster"],
            str(row["forecasts"]),
            f"{row['score']:.3f}{_bracket(row['low'], row['high'], '.3f')}",
            "-" if row["log_score"] is None else f"{row['log_score']:.2f}",
            ""
            if own
            else f"{row['gain']:+.3f}{_bracket(row['gain_low'], row['gain_high'], '+.3f')}",
        )


def _bracket(low: float | None, high: float | None, form: str) -> str:
    if low is None or high is None:
        return ""
    return f" [{low:{form}}, {high:{form}}]"


def claim_rows(claims: Sequence[Claim]) -> Iterator[Row]:
    """Yield a row for each claim."""
    for claim in claims:
        yield (
            claim.letter,
            claim.text,
            f"{claim.value:+.4f}",
            f"{claim.error:.4f}",
            "yes" if claim.holds else "NO",
        )


def coverage_rows(rows: Sequence[dict[str, Any]]) -> Iterator[Row]:
    """Yield a row for each number of a study of coverage."""
    for row in rows:
        yield (
            row["number"],
            f"{row['coverage']:.3f} (+- {row['error']:.3f})",
            f"{row['width']:.2f}",
            f"{row['mean_rank']:.2f}",
        )


def result_html(summary: dict[str, Any], names: dict[str, str], provenance: str) -> str:
    """Return a result as HTML: the finding by scenario, and what it rests on."""
    parts = []
    for name, content in summary.items():
        parts.append(f"<h4>{escape(content['title'])} ({escape(name)}, {content['horizon']})</h4>")
        parts.append(html_table(MEMBER_HEADER, member_rows(content, names)))
        parts.append(html_table(event_header(content), event_rows(content, names), EVENT_CAPTION))
        header = ("alliance", "estimate", "interval")
        parts.append(html_table(header, alliance_rows(content)))
        parts.append(f"<p><small>{escape(ALLIANCE_CAPTION)}</small></p>")
        if anchors := list(anchor_rows(content, names)):
            caption = "Restraint by the repair constant c, which no record identifies"
            parts.append(html_table(ANCHOR_HEADER, anchors, caption))
        if carriers := list(carrier_rows(content)):
            caption = "What carries cohesion: its mean where a number is drawn low and high"
            parts.append(html_table(CARRIER_HEADER, carriers, caption))
        parts += [f"<p>{escape(line)}</p>" for line in worth_lines(content)]
        parts.append(f"<p>{escape(evidence_line(content))}</p>")
        parts.append(f"<p><small>{escape(assumed_line(content))}</small></p>")
    parts.append(f"<p><small>{escape(provenance)}</small></p>")
    return "".join(parts)
