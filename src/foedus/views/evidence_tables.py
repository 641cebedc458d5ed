"""Tables of the evidence: a record, a calibration, a hindcast, a study of coverage.

Each function yields the rows, as tuples of text, that belong under one of the headers here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from foedus.cases.months import format_month
from foedus.cases.record import EVENTS, WORDS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from foedus.cases.record import Observation, Record
    from foedus.inference.checks import Check
    from foedus.inference.claims import Claim
    from foedus.views.tables import Row
    from foedus.worlds.posterior import Posterior


# ---------------------------------------------------------------------------------------------
# Headers and rows

RECORD_HEADER: Row = ("month", "member", "what", "value", "error", "scored", "source")
INFORMED_HEADER: Row = (
    "number",
    "prior",
    "posterior, median [90 %]",
    "spread, posterior / prior",
    "informed",
    "effective draws",
)
MODEL_HEADER: Row = ("model", "what it holds", "log evidence", "weight", "draws here")
MODEL_CAPTION = (
    "Codings have equal parts; within one, models are weighted by evidence, and a model without "
    "the panel, whose evidence is of less data, shares its sibling's part. After +-: Monte Carlo "
    "error, by the jackknife over populations. A model with less than 1 % is left out of the range."
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
REST_HEADER: Row = (
    "simulated",
    "counted",
    "model [95 %, Monte Carlo]",
    "error",
    "worlds",
    "held against",
    "holds",
)
COVERAGE_HEADER: Row = (
    "number",
    "in the 90 % interval",
    "width / prior's",
    "mean rank",
)
PANEL_HEADER: Row = (
    "what",
    "events",
    "years at risk",
    "a year",
    "exact 95 %",
    "one more alliance, 95 %",
    "by alliance",
)
PANEL_EVENT_HEADER: Row = ("month", "alliance", "member", "event", "source")


def shown(what: str, value: float) -> str:
    """Write the value of an observation: yes or no for an event, two decimals for a share."""
    return ("no", "yes")[int(value)] if what in EVENTS else f"{value:.2f}"


def record_rows(record: Record) -> Iterator[Row]:
    """Yield a row for each observation, under :data:`RECORD_HEADER`.

    What the alliance file declares for the end of the record stands last.
    """
    for item in (*record.observations, *record.closing):
        yield (
            format_month(item.month),
            item.member,
            WORDS[item.what],
            shown(item.what, item.value),
            _error(record, item),
            ("fitted" if item in record.closing else "yes") if item.scored else "no",
            f"{item.source}. {item.why}" if item.why else item.source,
        )


def _error(record: Record, item: Observation) -> str:
    """Write the error of an observation, with the offset and the title of its instrument."""
    if item.instrument is None:
        return f"{item.error:.2g}"
    title = record.instruments[item.instrument].title
    return f"{item.error:.2g}, offset {item.house:.2g} ({title})"


def informed_rows(posterior: Posterior, *, everything: bool = False) -> Iterator[Row]:
    """Yield a row for each number that the record informs, under :data:`INFORMED_HEADER`.

    Parameters
    ----------
    everything
        Whether to yield a row for every drawn number, informed or not.
    """
    for name, values in posterior.values.items():
        ratio = posterior.spread_ratio.get(name)
        if name not in posterior.informed and not everything:
            continue
        low, middle, high = np.quantile(values, [0.05, 0.5, 0.95])
        effective = posterior.about["effective"].get(name)
        yield (
            name,
            posterior.about["prior"].get(name, ""),
            f"{middle:.2f} [{low:.2f}, {high:.2f}]",
            "fixed" if ratio is None else f"{ratio:.2f}",
            "yes" if name in posterior.informed else "no",
            f"{effective:.0f}" if effective else "fixed parts",
        )


def model_rows(posterior: Posterior) -> Iterator[Row]:
    """Yield a row for each model that was calibrated, under :data:`MODEL_HEADER`."""
    for model in posterior.models:
        error = model["weight_error"]
        after = "" if error is None else f" +- {100 * error:.0f}"
        yield (
            model["name"],
            model["meaning"],
            f"{model['log_evidence']:.1f}",
            f"{100 * model['weight']:.0f}{after} %",
            "left out" if model["left_out"] else str(model["draws"]),
        )


def check_rows(checks: Sequence[Check]) -> Iterator[Row]:
    """Yield a row for each observation beside the posterior, under :data:`CHECK_HEADER`."""
    for check in checks:
        item = check.item
        again = f"{check.again:.2f}"
        if check.low is not None and check.high is not None:
            again += f" [{check.low:.2f}, {check.high:.2f}]"
        yield (
            format_month(item.month),
            item.member,
            WORDS[item.what] + (f" ({item.instrument})" if item.instrument else ""),
            shown(item.what, item.value),
            f"{check.kept:.2f}",
            again,
            {True: "yes", False: "no", None: "-"}[check.is_inside],
        )


def calibration_line(posterior: Posterior) -> str:
    """Return a line on how a posterior was computed, with the log evidence by repair constant."""
    about = posterior.about
    informed = len(posterior.informed)
    found = about.get("log_evidence")
    told = _by_constant(found) if found else "Each repair constant has an equal part in each model."
    return (
        f"{about['particles']:,} particles ({about['pooled']:,} pooled over the last rounds, "
        f"{posterior.size:,} kept) after {about['rounds']} "
        f"rounds ({about['rounds_to_posterior']} to the posterior, {about['accepted']:.0%} of "
        f"moves accepted at it); {informed} of {len(posterior.values)} numbers informed; seed "
        f"{about['seed']}; fingerprint {posterior.fingerprint[:12]}. {told}"
    )


def _by_constant(found: dict[str, list[float]]) -> str:
    """Say what the log evidence is by repair constant."""
    evidence = "; ".join(
        f"{anchor}: {np.mean(values):.1f} (populations {min(values):.1f} to {max(values):.1f})"
        for anchor, values in found.items()
    )
    return (
        f"Log evidence by repair constant, {evidence}: it is not inferred, each value has an equal "
        "part."
    )


def score_rows(scores: Sequence[dict[str, Any]], drivers: str) -> Iterator[Row]:
    """Yield a row for each score under one kind of drivers, under :data:`SCORE_HEADER`.

    Parameters
    ----------
    scores
        Rows of :func:`foedus.inference.hindcast.summary`.
    drivers
        One of :data:`foedus.inference.hindcast.DRIVERS`.
    """
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
    """Yield a row for each claim, under :data:`CLAIM_HEADER`."""
    for claim in claims:
        yield (
            claim.letter,
            claim.text,
            f"{claim.value:+.4f}",
            f"{claim.error:.4f}",
            "yes" if claim.holds else "NO",
        )


def coverage_rows(rows: Sequence[dict[str, Any]]) -> Iterator[Row]:
    """Yield a row for each number of a coverage study, under :data:`COVERAGE_HEADER`."""
    for row in rows:
        yield (
            row["number"],
            f"{row['coverage']:.3f} (+- {row['error']:.3f})",
            f"{row['width']:.2f}",
            f"{row['mean_rank']:.2f}",
        )


# ---------------------------------------------------------------------------------------------
# The panel of other alliances


def panel_lines(content: dict[str, Any]) -> Iterator[str]:
    """Yield sentences on the panel, the answer first.

    Parameters
    ----------
    content
        Made by :func:`foedus.outcomes.base_rates.panel_summary`.
    """
    rates, together = content["rates"], content["together"]
    if freezes := rates.get("freeze"):
        yield f"In alliances led by a patron, freezes of members that took part: {_once(freezes)}."
    if returns := rates.get("return"):
        early = sum(rates[kind]["events"] for kind in _EARLY if kind in rates)
        yield f"Returns of frozen members: {_once(returns)}; in the first six years: {early}."
    if leaving := rates.get("leaving"):
        yield f"Decisions to leave: {_once(leaving)}."
    if together["decisions"]:
        low, high = together["interval"]
        yield (
            f"Taken in a month in which another member of the alliance decided to leave: "
            f"{together['joint']} of {together['decisions']} (exact 95 % of the share: {low:.0%} "
            f"to {high:.0%})."
        )
    yield (
        f"Suspensions: {rates['suspension']['events']}; expulsions: "
        f"{rates['expulsion']['events']}, in {rates['expulsion']['years']:,.0f} member-years."
    )


_EARLY = ("return, years 0-2", "return, years 2-6")


def _once(rate: dict[str, Any]) -> str:
    """Say how often something happened: ``once in 251 years (7 in 1,759; 95 % ...)``."""
    low, high = (f"{1.0 / end:,.0f}" if end else "" for end in rate["interval"])
    counted = f"{rate['events']} in {rate['years']:,.0f} years"
    if not rate["events"]:
        return f"none ({counted}; 95 %: at most once in {high})"
    return (
        f"once in {1.0 / rate['rate']:,.0f} years of a member ({counted}; 95 %: once in {high} to "
        f"once in {low}; in one more alliance up to once in {1.0 / rate['another'][1]:,.0f})"
    )


def panel_rows(content: dict[str, Any]) -> Iterator[Row]:
    """Yield a row for each kind of event, under :data:`PANEL_HEADER`."""
    for rate in content["rates"].values():
        yield (
            rate["meaning"],
            str(rate["events"]),
            f"{rate['years']:,.0f}",
            f"{rate['rate']:.2g}",
            _range(rate["interval"]),
            _range(rate["another"]) if rate["another"] else "-",
            ", ".join(
                f"{name} {count['events']} in {count['years']:,.0f}"
                for name, count in rate["alliances"].items()
            ),
        )


def _range(ends: Sequence[float]) -> str:
    return f"{ends[0]:.2g} to {ends[1]:.2g}"


def panel_event_rows(content: dict[str, Any]) -> Iterator[Row]:
    """Yield a row for each event, under :data:`PANEL_EVENT_HEADER`."""
    for one in content["events"]:
        event = (
            f"{one['event']}, frozen for {one['age'] / 12:.1f} years"
            if one["age"]
            else one["event"]
        )
        yield (one["month"], one["alliance"], one["member"], event, one["source"])


def rest_rows(content: Sequence[dict[str, Any]]) -> Iterator[Row]:
    """Yield the findings of :func:`foedus.inference.rest.rest`, given as plain data."""
    before = None
    for one in content:
        least, most = one["least"], one["most"]
        if least is None and most is None:
            limit = ""
        elif least is None:
            limit = f"at most {most:g}"
        elif most is None:
            limit = f"at least {least:g}"
        else:
            limit = f"{least:.4f} to {most:.4f}"
        source = f" ({one['against']})" if limit else ""
        value = "-"
        if one["value"] is not None:
            value = "{value:.4f} [{low:.4f}, {high:.4f}]".format(**one)
        yield (
            one["group"] if one["group"] != before else "",
            one["what"],
            value,
            "-" if one["error"] is None else f"{one['error']:.4f}",
            f"{one['worlds']:,}",
            limit + source,
            {True: "yes", False: "**no**", None: ""}[one["holds"]],
        )
        before = one["group"]
