"""The annex of a brief: every table and figure that its two pages leave out."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from foedus.outcomes.catalogue import ALLIANCE
from foedus.outcomes.summary import plain
from foedus.views import comparison_plots, comparison_tables, plots, tables
from foedus.views.blocks import FigureBlock, Section, Table, Words
from foedus.views.explain import why
from foedus.views.governments import government_lines
from foedus.views.words import in_words, scale_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from foedus.views.subjects import Compared, Projected


FUTURES = "futures"  # the figure of the front page, which the annex does not repeat


def annex(comparison: Compared) -> tuple[Section, ...]:
    """Return the annex of a brief, section by section."""
    return (
        Section("Scenario by scenario", tuple(_scenarios(comparison))),
        Section("Figures", tuple(_figures(comparison))),
        *([Section("Differences", tuple(_differences(comparison)))] if comparison.others else []),
        Section("Outcomes", tuple(_outcomes(comparison))),
        Section("What carries cohesion", tuple(_assumptions(comparison))),
        Section("What it is worth, in full", tuple(_worth(comparison))),
        Section("Inputs, versions and precision", tuple(_provenance(comparison))),
    )


# ---------------------------------------------------------------------------------------------
# Scenario by scenario


def _scenarios(comparison: Compared) -> Iterator[Words]:
    summary = comparison.result.summary
    first, *others = summary
    yield Words(tuple(prospect(comparison.result, first)), "list")
    for other in others:
        lines = (*_change(comparison, other), *_cause(comparison, other))
        yield Words((f"{summary[other]['title']}, beside it:",))
        yield Words(lines, "list")


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


# ---------------------------------------------------------------------------------------------
# Figures and tables


def _figures(comparison: Compared) -> Iterator[FigureBlock]:
    """Yield the figures of a comparison, then those of its result that a brief shows with it."""
    result, others = comparison.result, comparison.others
    for kind, shown in comparison_plots.FIGURES.items() if others else ():
        for number, page in enumerate(plots.pages_of(shown, others), 1):
            draw = partial(comparison_plots.figure, kind, comparison, page)
            yield FigureBlock(plots.page_name(kind, number), shown.caption, draw, shown.caption)
    for kind, shown in plots.FIGURES.items():
        if kind == FUTURES or (others and not shown.compared):
            continue
        for number, page in enumerate(plots.pages_of(shown, result.scenarios), 1):
            draw = partial(plots.figure, kind, result, page)
            yield FigureBlock(plots.page_name(kind, number), shown.caption, draw, shown.caption)


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
