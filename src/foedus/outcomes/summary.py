"""From worlds to a summary: every outcome of the catalogue with its error.

Intervals of probabilities and means say how well they are known from so many worlds and draws, see
``estimates.py``; what the parameters leave open is in the probability itself and is shown apart, by
:func:`carriers` and :func:`by_repair_anchor`.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from foedus.cases.months import LAST_MONTH, format_month, month_of_year, parse_month
from foedus.model.chronicle import Events
from foedus.model.specifications import specifications
from foedus.outcomes.base_rates import base_rate_line, freezes
from foedus.outcomes.carriers import Carrying, OpenRange
from foedus.outcomes.catalogue import ACTIVE, ALLIANCE, POOLED, measured, of_alliance
from foedus.outcomes.estimates import (
    Estimate,
    mean,
    probability,
    spread,
    without_range,
)
from foedus.outcomes.evidence import (
    assumed_numbers,
    evidence_count,
    evidence_kinds,
    set_by_hand,
)
from foedus.outcomes.governments import elections
from foedus.outcomes.incidence import Median, incidence
from foedus.outcomes.worth import informed_line, skill_in_short, skill_line
from foedus.worlds.engines import kernel_for
from foedus.worlds.posterior import Posterior

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy.typing as npt

    from foedus.cases.scenario import Scenario
    from foedus.ensembles.ensemble import Ensemble
    from foedus.ensembles.gathered import Worlds
    from foedus.outcomes.catalogue import Form, Outcome, Values
    from foedus.worlds.openings import Design
    from foedus.worlds.populations import Populations


# ---------------------------------------------------------------------------------------------
# Outcomes


@dataclass(frozen=True)
class EventOutcome:
    """When a member's first event of a kind comes, from the start of the scenario.

    Attributes
    ----------
    total
        Probability that it comes by the horizon.
    median
        Month by which it has come in half of all worlds.
    among
        Month by which it has come in half of those worlds in which it comes at all (YYYY-MM), or
        None if it comes in none.
    by
        Probability that it has come by the end of each year.
    """

    total: Estimate
    median: Median
    among: str | None
    by: dict[str, Estimate]


def outcomes(worlds: Worlds, subject: str) -> dict[str, Any]:
    """Estimate every outcome of a member, or of the alliance, in the worlds of one scenario.

    Parameters
    ----------
    worlds
        Of one scenario.
    subject
        Code of a member, or :data:`~foedus.outcomes.catalogue.ALLIANCE`.

    Returns
    -------
    dict
        An :class:`Estimate` for each key of the catalogue; a dotted key such as
        ``end_states.dissolved`` is a key in a dictionary of its family.
    """
    found: dict[str, Any] = {}
    for one in measured(worlds, subject):
        for key, form in one.outcome.lines.items() if one.outcome.summarised else ():
            *families, name = key.split(".")
            place = found
            for family in families:
                place = place.setdefault(family, {})
            place[name] = _estimate(one.outcome, form, one.values, worlds.populations)
    return found


def _estimate(outcome: Outcome, form: Form, values: Values, known: Populations) -> Estimate:
    if outcome.kind == "chance":
        return probability(values, known)
    if form == "mean":
        found = mean(values, known, share=True)
        return without_range(found) if outcome.kind in POOLED else found
    return spread(values.astype(float))


def events(worlds: Worlds, member: str) -> dict[str, EventOutcome]:
    """Estimate when each kind of event first comes to a member."""
    known = (name for name in Events._fields if name in worlds.labels["event"])
    return {name: _event(worlds, member, name) for name in known}


def _event(worlds: Worlds, member: str, name: str) -> EventOutcome:
    found = incidence(worlds, member, name)
    start, horizon = worlds.scenario.start, worlds.scenario.horizon
    ends = [month for month in range(start, start + horizon) if month_of_year(month) == LAST_MONTH]
    months = worlds.event(name, member)
    return EventOutcome(
        total=found.total,
        median=found.median,
        among=_median_month(worlds, months[months > 0]),
        by={format_month(end): found.by(format_month(end)) for end in ends},
    )


def _median_month(worlds: Worlds, months: Values) -> str | None:
    """Month of the median world among some, or None if there is none."""
    if months.size == 0:
        return None
    middle = (months.size - 1) // 2
    return worlds.month(int(np.partition(months, middle)[middle]))


# ---------------------------------------------------------------------------------------------
# Month by month


def quantiles(histogram: npt.NDArray[Any], levels: Sequence[float]) -> npt.NDArray[np.float64]:
    """Quantiles of a share from its histogram.

    Parameters
    ----------
    histogram
        Counts in equal bins from 0 to 1, the bin last.
    levels
        Probabilities.

    Returns
    -------
    numpy.ndarray
        The levels first, then the other dimensions of the histogram; within a bin worlds are taken
        as evenly spread, so the error is less than a bin. NaN where nothing was counted.
    """
    bins = histogram.shape[-1]
    cumulative = np.cumsum(histogram, axis=-1)
    total = cumulative[..., -1]
    found = np.full((len(levels), *total.shape), np.nan)
    for index, level in enumerate(levels):
        rank = level * total
        place = np.minimum((cumulative < rank[..., None]).sum(axis=-1), bins - 1)
        place = np.maximum(place, np.argmax(histogram > 0, axis=-1))
        count = np.take_along_axis(histogram, place[..., None], -1)[..., 0]
        below = np.take_along_axis(cumulative, place[..., None], -1)[..., 0] - count
        with np.errstate(invalid="ignore", divide="ignore"):
            found[index] = np.where(total > 0, (place + (rank - below) / count) / bins, np.nan)
    return found


# ---------------------------------------------------------------------------------------------
# What the result rests on


def by_repair_anchor(
    ensemble: Ensemble, worlds: Worlds, member: str
) -> dict[float, tuple[Estimate, Estimate]]:
    """Outcomes apart for each value of the repair constant c, which no record identifies.

    Returns
    -------
    dict
        By c: probability that the member is active, and its trust, at the horizon. Empty if only
        one value of c was drawn.
    """
    anchor = ensemble.design.parameter(
        worlds.scenario,
        ensemble.seed,
        np.arange(worlds.runs),
        "repair_anchor",
        kernel_for(worlds.runs),
    )
    if not isinstance(anchor, np.ndarray):
        return {}
    values = sorted(set(anchor.tolist()))
    if not 1 < len(values) <= 5:
        return {}
    active = worlds.of("standing", member) == ACTIVE
    trust = worlds.of("trust", member)
    found = {}
    for c in values:
        runs = np.flatnonzero(anchor == c)
        chance = probability(active[runs], worlds.populations, runs)
        found[c] = (chance, spread(trust[runs]))
    return found


def open_ranges(worlds: Worlds, carrying: Carrying) -> dict[str, dict[str, OpenRange]]:
    """Return what is open of the chances and of cohesion, by subject and outcome."""
    told = [one for one in measured(worlds) if one.outcome.told]
    estimates = [_estimate(one.outcome, "mean", one.values, worlds.populations) for one in told]
    found: dict[str, dict[str, OpenRange]] = {}
    opened = carrying.ranges_of(estimates, [one.values for one in told])
    for one, span in zip(told, opened, strict=True):
        found.setdefault(one.subject, {})[one.outcome.key] = span
    return found


def ignored_events(worlds: Worlds) -> dict[str, Estimate]:
    """Share of worlds in which a scripted event found its member gone; only where there are any."""
    scenario, found = worlds.scenario, {}
    for item in scenario.script:
        event = item.event
        passed = parse_month(event.date) - scenario.start  # months before the event
        exits = [worlds.event(name, event.member) for name in ("withdrawal", "expulsion")]
        gone = np.any([(month > 0) & (month <= passed) for month in exits], axis=0)
        estimate = probability(gone, worlds.populations)
        if estimate.value > 0.0:
            found[f"{event.event} {event.member} {event.date}"] = estimate
    return found


def restrained_members(scenario: Scenario) -> list[str]:
    """Members towards which the scenario has the patron show restraint."""
    return [
        member
        for member, months in zip(
            scenario.alliance.members, scenario.schedule.scripted, strict=True
        )
        if any(d.restraint > 0.0 or d.adaptive * d.pressure > 0.0 for d in months)
    ]


SHOWN = 5  # numbers that carry cohesion, at most, in a summary


def models_of(design: Design) -> dict[str, Any]:
    """Return the models that the worlds go on from: names, meanings, weights and their errors.

    Empty where they go on from a single model, or from none.
    """
    models = design.models if isinstance(design, Posterior) else ()
    if sum(not model["left_out"] for model in models) < 2:
        return {}
    keys = ("name", "meaning", "weight", "weight_error", "left_out")
    return {"models": [{key: model[key] for key in keys} for model in models]}


# ---------------------------------------------------------------------------------------------
# The summary


def summarise(ensemble: Ensemble) -> dict[str, Any]:
    """Return every outcome as plain data, ready for JSON; missing numbers are None."""
    return {worlds.scenario.name: _summary(ensemble, worlds) for worlds in ensemble.parts}


def _summary(ensemble: Ensemble, worlds: Worlds) -> dict[str, Any]:
    scenario = worlds.scenario
    members = {
        code: {
            **outcomes(worlds, code),
            "events": events(worlds, code),
            "governments": elections(ensemble, worlds, code),
        }
        for code in scenario.alliance.members
    }
    frozen = freezes(ensemble, worlds)
    design, parameters = ensemble.design, tuple(specifications())
    carrying = Carrying(ensemble, worlds, evidence_kinds(scenario, design))
    found = carrying.of(of_alliance(worlds, "cohesion"), SHOWN)
    return {
        "title": scenario.title,
        "horizon": worlds.month(scenario.horizon),
        "runs": worlds.runs,
        "parameter_draw": ensemble.design.name,
        "headline_weighting": scenario.weighting,
        "members": plain(members),
        "alliance": plain(outcomes(worlds, ALLIANCE)),
        "by_repair_anchor": {
            member: {
                f"{c:g}": {"active": plain(active), "trust": plain(trust)}
                for c, (active, trust) in by_repair_anchor(ensemble, worlds, member).items()
            }
            for member in restrained_members(scenario)
        },
        "ignored_events": plain(ignored_events(worlds)),
        "carriers_of_cohesion": [plain(carrier) for carrier in found],
        "open_ranges": plain(open_ranges(worlds, carrying)),
        "evidence": evidence_count(scenario, design),
        "assumed": assumed_numbers(scenario, design),
        "set_by_hand": set_by_hand(scenario, design),
        **models_of(design),
        "numbers_by_owner": _owners([*scenario.alliance.numbers]),
        "informed": informed_line(
            design,
            parameters,
            tuple(item.name for item in found),
            set_by_hand(scenario, design),
        ),
        "skill_in_short": skill_in_short(scenario.alliance.name, design),
        "skill": skill_line(scenario.alliance.name, design),
        "base_rates": {"line": base_rate_line(frozen), "freezes": plain(frozen)},
    }


def _owners(keys: Sequence[str]) -> dict[str, int]:
    """How many numbers each member, power or table of the alliance has."""
    return dict(Counter(key.split(".")[0] for key in keys))


def plain(value: Any) -> Any:
    """Return dataclasses as dictionaries, tuples as lists, and missing numbers as None.

    A field that is None because it does not apply, as its default says, is left out.
    """
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [plain(item) for item in value]
    if isinstance(value, float | np.floating):
        return float(value) if np.isfinite(value) else None
    if hasattr(value, "__dataclass_fields__"):
        fields = value.__dataclass_fields__.items()
        found = ((name, getattr(value, name), field.default) for name, field in fields)
        return {
            name: plain(own) for name, own, usual in found if own is not None or usual is not None
        }
    return value


_RANGE = ("least", "most", "models")  # keys that only estimates over several models have


def rows(summary: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield every estimate of a summary as one flat row, for a table or CSV."""
    for scenario, content in summary.items():
        more = dict.fromkeys(_RANGE) if "models" in content else {}
        for part in ("members", "alliance", "by_repair_anchor", "ignored_events"):
            for path, estimate in _estimates(content.get(part, {}), ()):
                yield {
                    "scenario": scenario,
                    "subject": part if part != "members" else path[0],
                    "outcome": ".".join(path if part != "members" else path[1:]),
                    "month": content["horizon"],
                    **estimate,
                    **{key: estimate.get(key) for key in more},
                }


def _estimates(value: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    if isinstance(value, dict) and "interval" in value:
        yield path, value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _estimates(item, (*path, str(key)))
