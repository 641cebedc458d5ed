"""From worlds to the outcomes that analysts name, each with its error.

Probabilities carry Wilson 95 % intervals (Wilson 1927), which say how far the number of worlds
leaves them open; what the parameters leave open is in the probability itself and is shown apart, by
:func:`carriers` and :func:`by_repair_anchor`.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from math import sqrt
from typing import TYPE_CHECKING, Any

import numpy as np

from foedus import rules
from foedus.elementary import normal_quantile
from foedus.months import parse_month
from foedus.parameters import EVIDENCE_KINDS, specifications

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy.typing as npt
    import xarray as xr

    from foedus.scenario import Scenario

Z95 = 1.959963984540054

ACTIVE = rules.STANDINGS.index("active")
WITHDRAWN = rules.STANDINGS.index("withdrawn")  # from here on a member is out


@dataclass(frozen=True)
class Estimate:
    """A number estimated from worlds, with an interval.

    Attributes
    ----------
    value, low, high
        The estimate and its interval.
    interval
        What the interval is: ``Wilson 95 %`` or ``95 %`` (Monte Carlo error), or ``90 % of worlds``
        (spread).
    """

    value: float
    low: float
    high: float
    interval: str

    def __str__(self) -> str:
        return f"{self.value:.2f} [{self.low:.2f}, {self.high:.2f}]"


def probability(hits: npt.NDArray[Any]) -> Estimate:
    """Share of worlds with its Wilson 95 % interval; NaN for no worlds."""
    n = int(hits.size)
    if n == 0:
        return Estimate(float("nan"), 0.0, 1.0, "Wilson 95 %")
    share = float(np.mean(hits))
    centre = (share + Z95**2 / (2 * n)) / (1 + Z95**2 / n)
    half = Z95 / (1 + Z95**2 / n) * sqrt(share * (1 - share) / n + Z95**2 / (4 * n**2))
    low = 0.0 if share == 0.0 else centre - half
    high = 1.0 if share == 1.0 else centre + half
    return Estimate(share, low, high, "Wilson 95 %")


def mean(values: npt.NDArray[Any], *, share: bool = False) -> Estimate:
    """Mean over worlds with its Monte Carlo 95 % interval; worlds without a value are left out.

    The interval of a ``share`` is cut at 0 and 1.
    """
    present = values[~np.isnan(values)]
    if present.size == 0:
        return Estimate(float("nan"), float("nan"), float("nan"), "95 %")
    error = (
        float(np.std(present, ddof=1)) / sqrt(present.size) if present.size > 1 else float("nan")
    )
    value = float(np.mean(present))
    low, high = value - Z95 * error, value + Z95 * error
    if share:
        low, high = max(0.0, low), min(1.0, high)
    return Estimate(value, low, high, "95 %")


def difference(one: npt.NDArray[Any], other: npt.NDArray[Any]) -> Estimate:
    """Mean difference, other minus one, world by world under the same luck (paired)."""
    return mean(other.astype(float) - one.astype(float))


def spread(values: npt.NDArray[Any]) -> Estimate:
    """Median over worlds with the interval that holds 90 % of them; missing ones are left out.

    Each is the value of some world (no interpolation), so counts stay counts.
    """
    present = values[~np.isnan(values)]
    if present.size == 0:
        return Estimate(float("nan"), float("nan"), float("nan"), "90 % of worlds")
    low, median, high = np.quantile(present, [0.05, 0.5, 0.95], method="inverted_cdf")
    return Estimate(float(median), float(low), float(high), "90 % of worlds")


# ---------------------------------------------------------------------------------------------
# Members


def standing(data: xr.Dataset) -> xr.DataArray:
    """Place of each member's standing in :data:`foedus.rules.STANDINGS`, world by world."""
    membership, frozen, suspended = data["membership"], data["frozen"], data["suspended"]
    code = (suspended + 2 * frozen).where(membership == rules.IN, 3 + membership)
    result = code.astype(np.int8)
    result.attrs = {
        "long_name": "standing",
        "units": "1",
        "flag_values": list(range(len(rules.STANDINGS))),
        "flag_meanings": " ".join(name.replace(", ", "_and_") for name in rules.STANDINGS),
    }
    return result


def summits(data: xr.Dataset) -> xr.Dataset:
    """Return the months with a summit."""
    month = int(data.attrs["summit_month"])
    return data.isel(month=np.flatnonzero(data["month"].dt.month.values == month))


@dataclass(frozen=True)
class MemberOutcome:
    """What becomes of one member by the horizon.

    Attributes
    ----------
    active, frozen, suspended, out
        Probabilities at the horizon. Active: a member, not frozen, vote held. Frozen and suspended
        may overlap. Out: withdrawn or expelled.
    takes_part
        Probability of being a member, not frozen, and having attended the last summit.
    misses_summit
        Probability of missing at least one summit while a member.
    first_missed
        Month of the first missed summit in the median world among those with one, or None.
    trust
        Trust at the horizon, median and 90 % of worlds.
    """

    active: Estimate
    frozen: Estimate
    suspended: Estimate
    out: Estimate
    takes_part: Estimate
    misses_summit: Estimate
    first_missed: str | None
    trust: Estimate


def member_outcome(data: xr.Dataset, scenario: str, member: str) -> MemberOutcome:
    """Outcomes of one member in one scenario."""
    worlds = data.sel(scenario=scenario, member=member)
    last = worlds.isel(month=-1)
    code = standing(last).values
    in_alliance = code < WITHDRAWN
    at_summits = summits(worlds)
    there = at_summits["membership"].values < rules.WITHDRAWN
    missed = there & (at_summits["attended"].values == 0)
    any_missed = missed.any(axis=0)
    first = None
    if any_missed.any():
        index = np.sort(missed[:, any_missed].argmax(axis=0))
        median = int(index[(index.size - 1) // 2])
        first = str(at_summits["month"].values[median])[:7]
    return MemberOutcome(
        active=probability(code == ACTIVE),
        frozen=probability(in_alliance & (last["frozen"].values == 1)),
        suspended=probability(in_alliance & (last["suspended"].values == 1)),
        out=probability(~in_alliance),
        takes_part=probability(last["takes_part"].values == 1),
        misses_summit=probability(any_missed),
        first_missed=first,
        trust=spread(last["trust"].where(last["membership"] < rules.WITHDRAWN).values),
    )


# ---------------------------------------------------------------------------------------------
# The alliance


@dataclass(frozen=True)
class AllianceOutcome:
    """What becomes of the alliance by the horizon.

    Attributes
    ----------
    cohesion
        The index, by weighting: median and 90 % of worlds.
    mean_cohesion
        Mean of the index, by weighting, with Monte Carlo error.
    components
        Each component's mean, by weighting, with Monte Carlo error.
    without_members
        Probability that no client is left, so that cohesion is missing.
    end_states
        Probability of each end state.
    taking_part
        Number of clients taking part, median and 90 % of worlds.
    narrower_agenda
        Probability that the documents of the last summit pass without the consent of a member that
        holds its vote (V.2).
    """

    cohesion: dict[str, Estimate]
    mean_cohesion: dict[str, Estimate]
    components: dict[str, dict[str, Estimate]]
    without_members: Estimate
    end_states: dict[str, Estimate]
    taking_part: Estimate
    narrower_agenda: Estimate


def alliance_outcome(data: xr.Dataset, scenario: str) -> AllianceOutcome:
    """Outcomes of the alliance in one scenario."""
    worlds = data.sel(scenario=scenario)
    last = worlds.isel(month=-1)
    weightings = [str(name) for name in data["weighting"].values]
    votes = (last["membership"] < rules.WITHDRAWN) & (last["suspended"] == 0)
    refused = (votes & (last["consented"] == 0)).any(dim="member")
    states = last["end_state"].values
    return AllianceOutcome(
        cohesion={w: spread(last["cohesion"].sel(weighting=w).values) for w in weightings},
        mean_cohesion={
            w: mean(last["cohesion"].sel(weighting=w).values, share=True) for w in weightings
        },
        components={
            w: {
                str(name): mean(
                    last["components"].sel(weighting=w, component=name).values, share=True
                )
                for name in data["component"].values
            }
            for w in weightings
        },
        without_members=probability(np.isnan(last["cohesion"].isel(weighting=0).values)),
        end_states={
            name: probability(states == code) for code, name in enumerate(rules.END_STATES)
        },
        taking_part=spread(last["takes_part"].sum("member").values.astype(float)),
        narrower_agenda=probability(refused.values),
    )


def paired_differences(data: xr.Dataset, baseline: Scenario, other: Scenario) -> dict[str, Any]:
    """Differences of another scenario from a baseline, paired world by world.

    Returns
    -------
    dict
        For ``cohesion`` (mean index at the horizon) and for each member the differences in
        ``active``, ``out`` (chances) and ``trust`` (mean while a member in both).
    """
    pair = [data.sel(scenario=scenario.name).isel(month=-1) for scenario in (baseline, other)]
    result: dict[str, Any] = {
        "cohesion": difference(
            *(last["cohesion"].sel(weighting=baseline.weighting).values for last in pair)
        )
    }
    for member in baseline.alliance.members:
        codes = [standing(last.sel(member=member)).values for last in pair]
        trust = [
            last["trust"].sel(member=member).where(last["membership"].sel(member=member) < 2).values
            for last in pair
        ]
        result[member] = {
            "active": difference(*(code == ACTIVE for code in codes)),
            "out": difference(*(code >= WITHDRAWN for code in codes)),
            "trust": difference(*trust),
        }
    return result


# ---------------------------------------------------------------------------------------------
# What the result rests on


@dataclass(frozen=True)
class Carrier:
    """A number whose value decides an outcome more than chance does.

    Attributes
    ----------
    name
        Parameter, or member and opening number, such as ``trust_loss`` or ``ARM.trust``.
    kind
        Kind of its evidence.
    low, high
        Mean of the outcome in the worlds where the number is in the lowest and in the highest
        third of its draws.
    difference
        High minus low, with its Monte Carlo 95 % interval.
    z
        The difference in standard errors.
    """

    name: str
    kind: str
    low: float
    high: float
    difference: Estimate
    z: float


def carriers(
    data: xr.Dataset, scenario: Scenario, outcome: npt.NDArray[Any], most: int = 5
) -> list[Carrier]:
    """Return the drawn numbers that the outcome depends on most, strongest first.

    Parameters
    ----------
    outcome
        One value a world; missing ones are left out.
    most
        How many at most. A difference counts if it would arise by chance for any of the numbers in
        one case of twenty (Bonferroni).
    """
    present = ~np.isnan(outcome)
    values = outcome[present]
    if values.size < 30:
        return []
    candidates = [
        carrier
        for name, kind, drawn in _drawn(data, scenario)
        if (carrier := _carrier(name, kind, drawn[present], values))
    ]
    threshold = normal_quantile(1.0 - 0.025 / max(1, len(candidates)))
    found = [carrier for carrier in candidates if abs(carrier.z) > threshold]
    return sorted(found, key=lambda item: (-abs(item.z), item.name))[:most]


def _drawn(data: xr.Dataset, scenario: Scenario) -> Iterator[tuple[str, str, npt.NDArray[Any]]]:
    worlds = data.sel(scenario=scenario.name)
    for name, spec in specifications().items():
        yield name, spec.evidence.kind, worlds["parameters"].sel(parameter=name).values
    for member in scenario.alliance.members:
        for given in map(str, data["given"].values):
            number = scenario.alliance.numbers[f"{member}.{given}"]
            if number.same_as:
                continue
            values = worlds["opening"].sel(given=given, member=member).values
            yield number.key, number.evidence.kind, values


def _carrier(
    name: str, kind: str, drawn: npt.NDArray[Any], values: npt.NDArray[Any]
) -> Carrier | None:
    lower, upper = np.quantile(drawn, [1 / 3, 2 / 3])
    low, high = values[drawn <= lower], values[drawn >= upper]
    if lower == upper or min(low.size, high.size) < 5:
        return None
    error = sqrt(np.var(low, ddof=1) / low.size + np.var(high, ddof=1) / high.size)
    difference = float(high.mean() - low.mean())
    if error == 0.0:
        return None
    estimate = Estimate(difference, difference - Z95 * error, difference + Z95 * error, "95 %")
    return Carrier(name, kind, float(low.mean()), float(high.mean()), estimate, difference / error)


def by_repair_anchor(
    data: xr.Dataset, scenario: str, member: str
) -> dict[float, tuple[Estimate, Estimate]]:
    """Outcomes apart for each value of the repair constant c, which no record identifies.

    Returns
    -------
    dict
        By c: probability that the member is active, and its trust, at the horizon. Empty if only
        one value of c was drawn.
    """
    worlds = data.sel(scenario=scenario, member=member).isel(month=-1)
    anchor = data["parameters"].sel(scenario=scenario, parameter="repair_anchor").values
    values = sorted(set(anchor.tolist()))
    if not 1 < len(values) <= 5:
        return {}
    active = standing(worlds).values == ACTIVE
    trust = worlds["trust"].values
    return {c: (probability(active[anchor == c]), spread(trust[anchor == c])) for c in values}


def ignored_events(data: xr.Dataset, scenario: Scenario) -> dict[str, Estimate]:
    """Share of worlds in which a scripted event found its member gone; only where there are any."""
    membership = data["membership"].sel(scenario=scenario.name)
    found = {}
    for item in scenario.script:
        event = item.event
        month = parse_month(event.date) - scenario.start
        before = membership.sel(member=event.member).isel(month=max(0, month - 1)).values
        estimate = probability((before >= rules.WITHDRAWN) & (month > 0))
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


def evidence_count(scenario: Scenario) -> dict[str, int]:
    """How many of the numbers behind a scenario have each kind of evidence."""
    kinds = [spec.evidence.kind for spec in specifications().values()]
    kinds += [number.evidence.kind for number in scenario.alliance.numbers.values()]
    return {kind: kinds.count(kind) for kind in EVIDENCE_KINDS}


def assumed_numbers(scenario: Scenario) -> list[str]:
    """Names of the numbers behind a scenario that are assumed, parameters first."""
    evidence = {name: spec.evidence for name, spec in specifications().items()}
    evidence |= {key: number.evidence for key, number in scenario.alliance.numbers.items()}
    return [name for name, item in evidence.items() if item.kind == "assumed"]


# ---------------------------------------------------------------------------------------------
# The summary


def summarise(data: xr.Dataset, scenarios: Sequence[Scenario]) -> dict[str, Any]:
    """Return every outcome as plain data, ready for JSON; missing numbers are None."""
    summary = {scenario.name: _summary(data, scenario) for scenario in scenarios}
    for scenario in scenarios[1:]:
        differences = _plain(paired_differences(data, scenarios[0], scenario))
        summary[scenario.name]["difference"] = {"from": scenarios[0].name, **differences}
    return summary


def _summary(data: xr.Dataset, scenario: Scenario) -> dict[str, Any]:
    name = scenario.name
    members = {code: member_outcome(data, name, code) for code in scenario.alliance.members}
    alliance = alliance_outcome(data, name)
    index = data["cohesion"].sel(scenario=name, weighting=scenario.weighting).isel(month=-1)
    return {
        "title": scenario.title,
        "horizon": str(data["month"].values[-1])[:7],
        "runs": int(data.sizes["run"]),
        "parameter_draw": data.attrs["parameter_draw"],
        "headline_weighting": scenario.weighting,
        "members": {code: _plain(outcome) for code, outcome in members.items()},
        "alliance": _plain(alliance),
        "by_repair_anchor": {
            member: {
                f"{c:g}": {"active": _plain(active), "trust": _plain(trust)}
                for c, (active, trust) in by_repair_anchor(data, name, member).items()
            }
            for member in restrained_members(scenario)
        },
        "ignored_events": _plain(ignored_events(data, scenario)),
        "carriers_of_cohesion": [
            _plain(carrier) for carrier in carriers(data, scenario, index.values)
        ],
        "evidence": evidence_count(scenario),
        "assumed": assumed_numbers(scenario),
        "numbers_by_owner": _owners([*scenario.alliance.numbers]),
        "calibrated_parameters": 0,
    }


def _owners(keys: Sequence[str]) -> dict[str, int]:
    """How many numbers each member, power or table of the alliance has."""
    return dict(Counter(key.split(".")[0] for key in keys))


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, float | np.floating):
        return None if np.isnan(value) else float(value)
    if hasattr(value, "__dataclass_fields__"):
        return {name: _plain(getattr(value, name)) for name in value.__dataclass_fields__}
    return value


def rows(summary: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield every estimate of a summary as one flat row, for a table or CSV."""
    for scenario, content in summary.items():
        for part in ("members", "alliance", "by_repair_anchor", "ignored_events", "difference"):
            for path, estimate in _estimates(content.get(part, {}), ()):
                yield {
                    "scenario": scenario,
                    "subject": part if part != "members" else path[0],
                    "outcome": ".".join(path if part != "members" else path[1:]),
                    "month": content["horizon"],
                    **estimate,
                }


def _estimates(value: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    if isinstance(value, dict) and "interval" in value:
        yield path, value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _estimates(item, (*path, str(key)))
