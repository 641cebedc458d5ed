"""Titles of figures, which state what was found, and their subtitles, which say what is drawn.

A title tells a difference between scenarios only if it is of the size that a figure can show, and
neither its 95 % interval nor its range over the models includes 0.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from foedus.cases.months import month_in_words
from foedus.model.records import STANDINGS
from foedus.outcomes.attribution import EVENTS, NUMBERS
from foedus.outcomes.catalogue import ACTIVE, ALLIANCE
from foedus.outcomes.estimates import difference
from foedus.outcomes.finding import called, index, of_100
from foedus.outcomes.phrases import EVENT_WORDS
from foedus.outcomes.summary import quantiles
from foedus.views.panels import as_change
from foedus.worlds.populations import populations_in

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import numpy.typing as npt
    import xarray as xr

    from foedus.cases.scenario import Scenario
    from foedus.outcomes.estimates import Estimate
    from foedus.views.subjects import Compared, Projected

SMALLEST = 0.01  # least difference of an index that a title tells
FEWEST = 0.02  # least difference of a probability that a title tells
APART = 0.05  # by so much a member stands apart from all others
#: Ways of not being active, each with the standings that count as it.
AWAY = {
    "frozen": ("frozen", "frozen, suspended"),
    "without a vote": ("suspended",),
    "giving notice": ("notice",),
    "out": ("withdrawn", "expelled"),
}


# ---------------------------------------------------------------------------------------------
# Words


def is_told(found: Estimate, least: float) -> bool:
    """Whether a difference is worth telling."""
    bounds = (found.low, found.high, *found.shown)
    one_sided = all(bound > 0.0 for bound in bounds) or all(bound < 0.0 for bound in bounds)
    return one_sided and abs(found.value) >= least


def month_name(month: Any) -> str:
    """Write a month of a dataset: ``December 2030``."""
    return month_in_words(str(month)[:7])


def span(data: xr.Dataset) -> str:
    """Write first and last month of a result."""
    months = data["month"].values
    return f"{month_name(months[0])} to {month_name(months[-1])}"


def worlds_line(data: xr.Dataset, worlds: int | None = None) -> str:
    """Say how many worlds a figure shows, where their numbers come from, and the seed.

    Parameters
    ----------
    worlds
        Worlds of a scenario, where these are not all of the result.
    """
    draw = {
        "posterior": "that go on from the record",
        "prior": "with parameters drawn from their priors, not calibrated",
        "default": "with declared parameter values",
    }.get(data.attrs["parameter_draw"], "with given parameter values")
    count = worlds or data.sizes["run"]
    return f"{count:,} worlds of each scenario, {draw}; seed {data.attrs['seed']}."


def alliance_name(data: xr.Dataset) -> str:
    """Short name of the alliance."""
    return str(data.attrs["alliance"]).upper()


def _between(values: Iterable[float], write: Any = index) -> str:
    found = list(values)
    low, high = write(min(found)), write(max(found))
    return low if low == high else f"{low} to {high}"


# ---------------------------------------------------------------------------------------------
# Of a result


def cohesion_title(shown: Projected, scenarios: Sequence[Scenario]) -> str:
    """Say under which scenario cohesion ends highest and lowest."""
    data = shown.data
    ends = {scenario.name: _last_quantiles(_cohesion(data, scenario)) for scenario in scenarios}
    if len(scenarios) == 1:
        (low, median, high) = next(iter(ends.values()))
        return (
            f"Cohesion of the {alliance_name(data)} ends at {index(median)}, "
            f"between {index(low)} and {index(high)} in nine of ten worlds"
        )
    by_median = sorted(scenarios, key=lambda scenario: ends[scenario.name][1])
    worst, best = by_median[0], by_median[-1]
    pair = [
        data["cohesion"].sel(scenario=one.name, weighting=one.weighting).values
        for one in (worst, best)
    ]
    found = difference(pair, populations_in(data.attrs))
    medians = [ends[scenario.name][1] for scenario in by_median]
    if is_told(found, SMALLEST) and medians[-1] - medians[0] >= SMALLEST and found.value > 0.0:
        return (
            f"Cohesion ends highest under {called(best.name)} ({index(medians[-1])}), "
            f"lowest under {called(worst.name)} ({index(medians[0])})"
        )
    return f"Cohesion ends at {_between(medians)} in all scenarios: no difference worth telling"


def _cohesion(data: xr.Dataset, scenario: Scenario) -> npt.NDArray[Any]:
    counts = data["monthly_cohesion"].sel(scenario=scenario.name, weighting=scenario.weighting)
    return counts.isel(month=-1).values


def _last_quantiles(counts: npt.NDArray[Any]) -> tuple[float, float, float]:
    low, median, high = quantiles(counts[None, :], [0.05, 0.5, 0.95])[:, 0]
    return float(low), float(median), float(high)


def status_title(shown: Projected, scenarios: Sequence[Scenario]) -> str:
    """Say which member stands apart at the horizon, and how."""
    data = shown.data
    standing = data["standing"].sel(scenario=[scenario.name for scenario in scenarios])
    codes = standing.transpose("member", "scenario", "run").values
    members = [shown.names[str(code)] for code in data["member"].values]
    active = (codes == ACTIVE).mean(axis=-1)
    least = int(active.mean(axis=-1).argmin())
    ways = {
        way: np.isin(codes, [STANDINGS.index(name) for name in names]).mean(axis=-1)
        for way, names in AWAY.items()
    }
    way = max(ways, key=lambda one: float(ways[one][least].mean()))
    own, others = ways[way][least], np.delete(ways[way], least, axis=0)
    when = f"in {month_name(data['month'].values[-1])}"
    told = f"{members[least]} is {way} in {_between(own, of_100)} of 100 worlds"
    if others.size and own.min() >= others.max() + APART:
        return f"{told} {when}, nobody else in more than {of_100(others.max())}"
    if others.size == 0:
        return f"{told} {when}"
    every = _between(active.ravel(), of_100)
    return f"Members are active in {every} of 100 worlds {when}; none stands apart"


def trust_title(shown: Projected, scenarios: Sequence[Scenario]) -> str:
    """Say in which member trust ends lowest and highest."""
    data = shown.data
    ends: dict[str, list[float]] = {}
    for code in data["member"].values:
        rows = [
            data["monthly_histogram"]
            .sel(scenario=scenario.name, member=code, watched="trust")
            .isel(month=-1)
            .values
            for scenario in scenarios
        ]
        if found := [_last_quantiles(row)[1] for row in rows if row.sum() > 0]:
            ends[shown.names[str(code)]] = found
    patron = shown.names[scenarios[0].alliance.patron]
    if not ends:
        return f"Nobody is left whose trust in {patron} could be told"
    ordered = sorted(ends, key=lambda name: float(np.mean(ends[name])))
    low, high = ordered[0], ordered[-1]
    if len(ordered) > 1 and max(ends[low]) < min(min(ends[n]) for n in ordered[1:]):
        return (
            f"Trust in {patron} ends lowest in {low} ({_between(ends[low])}), "
            f"highest in {high} ({_between(ends[high])})"
        )
    all_ends = [value for values in ends.values() for value in values]
    return f"Trust in {patron} ends at {_between(all_ends)}; no member stands apart as the lowest"


# ---------------------------------------------------------------------------------------------
# Of a comparison


class Told(NamedTuple):
    """A difference from the baseline that is worth telling."""

    size: float
    scenario: str
    subject: str
    found: Any


def _told(
    comparison: Compared,
    others: Sequence[Scenario],
    wanted: Iterable[tuple[str, str]],
    least: float,
) -> list[Told]:
    """Return the differences in (subject, outcome) that are worth telling, the largest first."""
    found = []
    for subject, outcome in wanted:
        for other in others:
            one = comparison.difference(other.name, subject, outcome)
            if is_told(one.difference, least):
                found.append(Told(abs(one.difference.value), other.name, subject, one))
    return sorted(found, key=lambda told: -told.size)


def difference_title(
    comparison: Compared, others: Sequence[Scenario], drawn: Mapping[tuple[str, str], float]
) -> str:
    """Say where trust differs most from the baseline, and what becomes of cohesion.

    Parameters
    ----------
    drawn
        Last mean differences in cohesion (of the alliance) and trust (of members), by scenario and
        subject.
    """
    names = comparison.result.names
    members = dict.fromkeys(subject for _, subject in drawn if subject != ALLIANCE)
    cohesion = _told(comparison, others, [(ALLIANCE, "cohesion")], SMALLEST)
    trust = _told(comparison, others, [(member, "trust") for member in members], SMALLEST)
    parts = [
        f"{what} {as_change(drawn[told[0].scenario, told[0].subject])} "
        f"under {called(told[0].scenario)}"
        for what, told in (
            ("cohesion", cohesion),
            (f"trust of {names[trust[0].subject]}" if trust else "", trust),
        )
        if told
    ]
    baseline = called(comparison.baseline.name)
    if not parts:
        return f"Neither cohesion nor trust differs from {baseline} by anything worth telling"
    return f"Largest differences from {baseline}: {', '.join(parts)}"


def activity_title(comparison: Compared, others: Sequence[Scenario]) -> str:
    """Say whose chance to be active the scenarios change most."""
    members = comparison.baseline.alliance.members
    told = _told(comparison, others, [(member, "active") for member in members], FEWEST)
    if not told:
        return "No scenario changes a member's chance to be active by anything worth telling"
    return _moved(comparison, told[0], "is active")


def incidence_title(
    comparison: Compared, others: Sequence[Scenario], panels: Sequence[tuple[str, str]]
) -> str:
    """Say which event of which member the scenarios make more or less likely."""
    told = _told(comparison, others, panels, FEWEST)
    if not told:
        return "No scenario changes the chance of an event by anything worth telling"
    return _moved(comparison, told[0], EVENT_WORDS[told[0].found.outcome])


def _moved(comparison: Compared, told: Told, what: str) -> str:
    return (
        f"{comparison.result.names[told.subject]} {what} in {of_100(told.found.baseline)} of 100 "
        f"worlds under {called(comparison.baseline.name)}, {of_100(told.found.other)} "
        f"under {called(told.scenario)}"
    )


def attribution_title(comparison: Compared, shown: Sequence[Scenario]) -> str:
    """Say which lever makes most of the largest difference in cohesion."""
    cohesion = [
        (other.name, one)
        for other in shown
        for one in comparison.attributions[other.name]
        if one.outcome == "cohesion" and is_told(one.total, SMALLEST)
    ]
    if not cohesion:
        return "No difference in cohesion is large enough to be split among levers"
    name, found = max(cohesion, key=lambda pair: abs(pair[1].total.value))
    largest = max(found.shares, key=lambda part: abs(part.shapley.value))
    from_what = largest.lever.replace("_", " ")
    if largest.lever not in (EVENTS, NUMBERS):
        from_what = f"the lever {from_what}"
    total = f"{as_change(found.total.value)} in cohesion under {called(name)}"
    if len(found.shares) == 1:
        return f"The whole {total} comes from {from_what}"
    return f"Of the {total}, {as_change(largest.shapley.value)} comes from {from_what}"
