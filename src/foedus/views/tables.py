"""A run's summary as tables, for a terminal and for a notebook."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from functools import reduce
from html import escape
from operator import getitem
from typing import TYPE_CHECKING, Any

from foedus.html import html_table
from foedus.model.cohesion import END_STATE_MEANINGS
from foedus.outcomes.catalogue import ALLIANCE_OUTCOMES, MEMBER_OUTCOMES, POOLED
from foedus.outcomes.estimates import WILSON, is_narrow

if TYPE_CHECKING:
    from collections.abc import Iterator

    from foedus.outcomes.catalogue import Form, Outcome


Row = tuple[str, ...]

_TABLED = tuple(outcome for outcome in MEMBER_OUTCOMES.values() if outcome.tabled)
_SPREAD_HEADER = ", median [90 %]"
MEMBER_HEADER: Row = (
    "member",
    *(outcome.words + ("" if outcome.kind == "chance" else _SPREAD_HEADER) for outcome in _TABLED),
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
    + ". Cohesion counts over the initial clients: one that has left contributes nothing. Among "
    "those who stay, it is taken over the members alone, so that losing an unwilling one can raise "
    "it. A range over models is the least and the most that one of them says. Intervals called "
    "Wilson or 95 % say how well an estimate is known from so many worlds and draws; what the "
    "parameters leave open is in the estimate itself."
)


MEMBER_CAPTION = (
    "Share of worlds with its range over the models, or, where there is no more than one, its "
    "Wilson 95 % interval, the calibration's own error included. Frozen and suspended may overlap. "
    "Trust: of the worlds in which it is a member."
)
EVENT_CAPTION = (
    "First event of its kind since the start: share of worlds by the horizon (range over the "
    "models, or Wilson 95 %), and the month by which half of all worlds have it, if they do, with "
    "its 95 % interval where that is wider than the month. Leaving forestalls all others."
)


def percent(estimate: dict[str, Any], *, short: bool = False) -> str:
    """Write a probability with its range over models, or else with its interval.

    Such as ``20 % [8-27 over 6 models]``, if ``short`` without the count of models; ``12 % [9,
    16]``, or ``12.3 % [11.9, 12.7]``.
    """
    if estimate["value"] is None:
        return "-"
    if estimate.get("models"):
        digits = 1 if is_narrow(estimate["least"], estimate["most"]) else 0
        value, least, most = (
            f"{100 * estimate[key]:.{digits}f}" for key in ("value", "least", "most")
        )
        over = "" if short else f" over {estimate['models']} models"
        return f"{value} % [{least}-{most}{over}]"
    digits = 1 if _is_narrow(estimate) else 0
    value, low, high = (f"{100 * estimate[key]:.{digits}f}" for key in ("value", "low", "high"))
    return f"{value} % [{low}, {high}]"


def _is_narrow(estimate: dict[str, Any]) -> bool:
    """Whether the interval would vanish in two decimals."""
    low, high = estimate["low"], estimate["high"]
    return low is not None and high is not None and is_narrow(low, high)


def number(estimate: dict[str, Any], *, short: bool = False) -> str:
    """Write a number with its range over models, or else with its interval.

    Such as ``.64 [.55 to .70 over 6 models]``, if ``short`` without the count of models; ``.64
    [.41, .80]``, or ``.642 [.637, .647]``.
    """
    if estimate["value"] is None:
        return "-"
    models = estimate.get("models")
    bounds = ("least", "most") if models else ("low", "high")
    low, high = (estimate[bound] for bound in bounds)
    digits = 3 if low is not None and high is not None and is_narrow(low, high) else 2
    zero = f"{0.0:.{digits}f}"
    shown = ("?" if n is None else f"{n:.{digits}f}" for n in (estimate["value"], low, high))
    value, low, high = (zero if text == f"-{zero}" else text for text in shown)
    over = "" if short else f" over {models} models"
    between = f"{low} to {high}{over}" if models else f"{low}, {high}"
    return f"{value} [{between}]"


def count(estimate: dict[str, Any]) -> str:
    """Write a count with its interval: ``3 [1, 5]``."""
    return f"{estimate['value']:g} [{estimate['low']:g}, {estimate['high']:g}]"


def written(outcome: Outcome, estimate: dict[str, Any] | None) -> str:
    """Write an estimate of an outcome for a table, as its kind is written; - for none."""
    if estimate is None:
        return "-"
    if outcome.kind == "count":
        return count(estimate)
    write = percent if outcome.kind in ("chance", "conditional") else number
    return write(estimate, short=True)


def member_rows(summary: dict[str, Any], names: dict[str, str]) -> Iterator[Row]:
    """Yield a row for each member of one scenario, under :data:`MEMBER_HEADER`."""
    for code, found in summary["members"].items():
        cells = (written(outcome, found.get(outcome.key)) for outcome in _TABLED)
        yield (names.get(code, code), *cells)


def alliance_rows(summary: dict[str, Any]) -> Iterator[Row]:
    """Yield (what, estimate, what the interval is) for the alliance in one scenario.

    Components of cohesion are those of the scenario's own weighting.
    """
    alliance, weighting = summary["alliance"], summary["headline_weighting"]
    for outcome in ALLIANCE_OUTCOMES.values():
        if not outcome.summarised:
            continue
        is_other = outcome.weighting not in (None, weighting)
        if is_other and outcome.forms == ("mean",):
            continue
        for key, form in outcome.lines.items():
            estimate = looked_up(alliance, key)
            never = estimate is None or (outcome.only_if_any and not estimate["value"])
            if not never and not (is_other and form == "mean"):
                label = outcome.words if key == outcome.key else f"{outcome.words}, mean"
                interval = _interval(outcome, form)
                if models := (estimate or {}).get("models"):
                    mean = "" if outcome.kind == "chance" else "mean, "
                    interval = f"{mean}range over {models} models"
                yield label, written(outcome, estimate), interval
    for event, estimate in summary["ignored_events"].items():
        yield f"without effect: {event}", percent(estimate), "worlds where the member had left"


def _interval(outcome: Outcome, form: Form) -> str:
    if outcome.kind == "chance":
        return WILSON
    if form == "spread":
        return "median, 90 % of worlds"
    return "95 %, Monte Carlo" if outcome.kind in POOLED else "mean, 95 %, Monte Carlo"


def looked_up(found: dict[str, Any], key: str) -> Any:
    """Return what a summary holds under a key such as ``end_states.hollow``; None if nothing."""
    with suppress(KeyError):
        return reduce(getitem, key.split("."), found)
    return None


def carrier_rows(summary: dict[str, Any]) -> Iterator[Row]:
    """Yield the numbers that carry cohesion in one scenario, with what they rest on."""
    for carrier in summary["carriers_of_cohesion"]:
        yield (
            carrier["name"],
            carrier["kind"],
            {True: "yes", False: "no", None: "-"}[carrier["informed"]],
            f"{carrier['low']:.2f}",
            f"{carrier['high']:.2f}",
            number(carrier["difference"], short=True),
        )


def anchor_rows(summary: dict[str, Any], names: dict[str, str]) -> Iterator[Row]:
    """Yield outcomes for each value of the repair constant c."""
    for member, by_anchor in summary["by_repair_anchor"].items():
        for c, outcome in by_anchor.items():
            yield (
                names.get(member, member),
                c,
                percent(outcome["active"], short=True),
                number(outcome["trust"], short=True),
            )


def evidence_line(summary: dict[str, Any]) -> str:
    """Say how many of the numbers behind the result are assumed, and what informed them."""
    counts = summary["evidence"]
    total = sum(counts.values())
    words = {"record": "inferred from the record"}
    parts = ", ".join(f"{count} {words.get(kind, kind)}" for kind, count in counts.items())
    draw = {
        "posterior": "Every world goes on from one that fits the record.",
        "prior": "Every world draws its parameters from their priors; no parameter has been "
        "fitted to the record.",
        "default": "Every world has the declared values, so what the parameters leave open is not "
        "shown.",
    }.get(summary["parameter_draw"], "Every world has the parameters that were given.")
    return f"{total} numbers behind it: {parts}. {draw} 'foedus why NAME' explains each."


def worth_lines(summary: dict[str, Any], *, informed: bool = True) -> list[str]:
    """Say what the model is worth on the past and beside history, and what the record informs.

    Parameters
    ----------
    informed
        Whether to say which parameters the record informs.
    """
    lines = [models_line(summary), summary["skill"], summary["base_rates"]["line"]]
    lines += [summary["informed"]] if informed else []
    return [line for line in lines if line]


def models_line(summary: dict[str, Any]) -> str:
    """Say which models the worlds go on from, with their weights; empty text for a single one."""
    models = summary.get("models", ())
    kept = [model for model in models if not model["left_out"]]
    out = [f"'{model['name']}'" for model in models if model["left_out"]]
    told = "; ".join(f"{model['name']} {_weight(model)}" for model in kept)
    line = f"Models, weighted by evidence: {told}." if kept else ""
    less = f" Left out, with less than 1 %: {', '.join(out)}." if out else ""
    return line + less


def _weight(model: dict[str, Any]) -> str:
    """Write the weight of a model with its Monte Carlo error."""
    error = model["weight_error"]
    return f"{100 * model['weight']:.0f} %" + ("" if error is None else f" +- {100 * error:.0f}")


PRECISION_HEADER: Row = ("who", "outcome", "estimate [95 %, Monte Carlo]")


def precision_rows(summary: dict[str, Any], names: dict[str, str]) -> Iterator[Row]:
    """Yield the headline estimates whose range over models is shown elsewhere, with their errors.

    Nothing is yielded for a single model, whose errors stand beside its estimates.
    """
    for code, found in summary["members"].items():
        for outcome in MEMBER_OUTCOMES.values():
            if outcome.tabled and (found.get(outcome.key) or {}).get("models"):
                text = written(outcome, _of_luck(found[outcome.key]))
                yield (names.get(code, code), outcome.words, text)
    for outcome in ALLIANCE_OUTCOMES.values():
        for key in outcome.lines:
            estimate = looked_up(summary["alliance"], key)
            if estimate and estimate.get("models"):
                yield ("alliance", outcome.words, written(outcome, _of_luck(estimate)))


def _of_luck(estimate: dict[str, Any]) -> dict[str, Any]:
    """Return an estimate without its range over models."""
    return {**estimate, "models": None}


def assumed_line(summary: dict[str, Any]) -> str:
    """Name the parameters that are assumed, and count the assumed numbers of each member.

    What was set by hand is named after them.
    """
    names = [name for name in summary["assumed"] if "." not in name]
    owners = Counter(name.split(".")[0] for name in summary["assumed"] if "." in name)
    counts = ", ".join(
        f"{owner} {number} of {summary['numbers_by_owner'][owner]}"
        for owner, number in owners.items()
    )
    line = f"Assumed are the parameters {', '.join(names)}; and of the numbers of {counts}."
    return " ".join(filter(None, [line, by_hand_line(summary)]))


def by_hand_line(summary: dict[str, Any]) -> str:
    """Name the numbers that were set by hand, with their values; empty text if there are none."""
    told = ", ".join(f"{name} {value:g}" for name, value in summary["set_by_hand"].items())
    return f"Set by hand, the same in every world: {told}." if told else ""


def event_header(summary: dict[str, Any]) -> Row:
    """Return the header of :func:`event_rows`: the events that come in some world."""
    return ("member", *(MEMBER_OUTCOMES[event].words for event in _events(summary)))


def event_rows(summary: dict[str, Any], names: dict[str, str]) -> Iterator[Row]:
    """Yield a row for each member: how likely each event is, and when half of worlds have it."""
    for code, outcome in summary["members"].items():
        cells = []
        for event in _events(summary):
            found = outcome["events"][event]
            cells.append(f"{percent(found['total'], short=True)}\n{_median(found['median'])}")
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
