"""Outcomes against a recount by hand over the same worlds."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from foedus import ensemble, outcomes, rules
from foedus.parameters import specifications
from foedus.scenario_reader import load_scenario

if TYPE_CHECKING:
    import xarray as xr

    from foedus.scenario import Scenario

RUNS = 60


@pytest.fixture(scope="module")
def scenario() -> Scenario:
    return load_scenario("expulsion", horizon=40, settings=["exit_base=-1.5"])


@pytest.fixture(scope="module")
def data(scenario: Scenario) -> xr.Dataset:
    return ensemble.run([scenario], runs=RUNS)


@pytest.fixture(scope="module")
def worlds(data: xr.Dataset) -> list[list[dict[str, Any]]]:
    """The last month of each world as plain dictionaries, one for each member."""
    last = data.isel(scenario=0, month=-1)
    names = ("membership", "frozen", "suspended", "trust", "takes_part")
    return [
        [{name: last[name].values[m, run] for name in names} for m in range(data.sizes["member"])]
        for run in range(RUNS)
    ]


def test_member_outcomes_agree_with_a_recount(
    data: xr.Dataset, worlds: list[list[dict[str, Any]]]
) -> None:
    for m, code in enumerate(data["member"].values):
        outcome = outcomes.member_outcome(data, "expulsion", str(code))
        mine = [world[m] for world in worlds]
        inside = [w["membership"] < rules.WITHDRAWN for w in mine]
        active = [
            w["membership"] == rules.IN and not w["frozen"] and not w["suspended"] for w in mine
        ]
        frozen = [i and w["frozen"] == 1 for i, w in zip(inside, mine, strict=True)]
        assert outcome.active.value == np.mean(active)
        assert outcome.frozen.value == np.mean(frozen)
        assert outcome.out.value == np.mean([not i for i in inside])
        assert outcome.takes_part.value == np.mean([w["takes_part"] for w in mine])


def test_some_members_leave_and_some_are_frozen_and_suspended_in_these_worlds(
    data: xr.Dataset,
) -> None:
    """Otherwise the recount above would show little."""
    code = outcomes.standing(data).isel(month=-1).values
    present = set(np.unique(code))
    wanted = ("active", "frozen, suspended", "withdrawn")
    assert {rules.STANDINGS.index(name) for name in wanted} <= present


def test_standings_of_the_dataset_are_those_of_the_rules(data: xr.Dataset) -> None:
    code = outcomes.standing(data)
    names = ("membership", "frozen", "suspended")
    blank = rules.State(*([0.0] * len(rules.State._fields)))
    for run in range(RUNS):
        for member in range(5):
            for month in (5, 20, 39):
                at = {"scenario": 0, "month": month, "member": member, "run": run}
                here = {name: float(data[name].isel(at).item()) for name in names}
                assert code.isel(at).item() == rules.standing(blank._replace(**here))


def test_a_member_without_its_vote_is_not_active(data: xr.Dataset) -> None:
    changed = data.copy(deep=True)
    last = {"scenario": "expulsion", "member": "BLR", "month": data["month"][-1]}
    for name, value in (("membership", 0), ("frozen", 0), ("suspended", 1)):
        changed[name].loc[last] = value
    outcome = outcomes.member_outcome(changed, "expulsion", "BLR")
    assert (outcome.active.value, outcome.suspended.value, outcome.frozen.value) == (0.0, 1.0, 0.0)


def test_first_missed_summit_agrees_with_a_recount(data: xr.Dataset) -> None:
    outcome = outcomes.member_outcome(data, "expulsion", "KAZ")
    worlds = data.sel(scenario="expulsion", member="KAZ")
    months = [str(month)[:7] for month in data["month"].values]
    firsts = []
    for run in range(RUNS):
        for t, month in enumerate(months):
            here = worlds.isel(run=run, month=t)
            if month.endswith("-11") and here["membership"] < 2 and here["attended"] == 0:
                firsts.append(month)
                break
    assert outcome.misses_summit.value == len(firsts) / RUNS
    assert outcome.first_missed == sorted(firsts)[(len(firsts) - 1) // 2]


def test_standings_exclude_each_other_and_shares_sum_to_one(data: xr.Dataset) -> None:
    code = outcomes.standing(data)
    assert ((code >= 0) & (code < len(rules.STANDINGS))).all()
    shares = [(code == i).mean("run") for i in range(len(rules.STANDINGS))]
    assert np.allclose(sum(share.values for share in shares), 1.0)


def test_end_states_sum_to_one_and_agree_with_a_recount(data: xr.Dataset) -> None:
    states = outcomes.alliance_outcome(data, "expulsion").end_states
    assert sum(estimate.value for estimate in states.values()) == pytest.approx(1.0)
    for code, name in enumerate(rules.END_STATES):
        assert states[name].value == float((data["end_state"] == code).mean())


def test_summits_are_the_months_of_the_calendar(data: xr.Dataset) -> None:
    months = [str(month)[:7] for month in outcomes.summits(data)["month"].values]
    assert months == ["2026-11", "2027-11", "2028-11"]


# Estimates


def test_wilson_intervals_cover_their_nominal_share() -> None:
    rng = np.random.default_rng(5)
    for p, n in ((0.05, 100), (0.3, 60), (0.5, 40), (0.9, 200)):
        hits = 0
        for _ in range(2000):
            estimate = outcomes.probability(rng.random(n) < p)
            hits += estimate.low <= p <= estimate.high
        assert 0.92 <= hits / 2000 <= 0.98, (p, n)


def test_probabilities_of_nothing_and_everything_have_sane_intervals() -> None:
    never, always = outcomes.probability(np.zeros(50)), outcomes.probability(np.ones(50))
    assert (never.value, never.low) == (0.0, 0.0)
    assert 0.0 < never.high < 0.1
    assert (always.value, always.high) == (1.0, 1.0)
    assert np.isnan(outcomes.probability(np.array([])).value)


def test_means_and_spreads_leave_missing_worlds_out() -> None:
    values = np.array([0.2, np.nan, 0.4, 0.6, np.nan])
    assert outcomes.mean(values).value == pytest.approx(0.4)
    assert outcomes.spread(values).value == 0.4
    assert outcomes.spread(values).low == 0.2
    assert np.isnan(outcomes.mean(np.array([np.nan])).value)
    assert np.isnan(outcomes.spread(np.array([np.nan])).value)


def test_monte_carlo_error_of_a_mean_is_its_standard_error() -> None:
    values = np.arange(10.0)
    estimate = outcomes.mean(values)
    error = np.std(values, ddof=1) / np.sqrt(10)
    assert estimate.high - estimate.value == pytest.approx(1.96 * error, rel=1e-3)


# What carries a result


def test_carriers_find_the_number_that_decides_and_no_other(
    data: xr.Dataset, scenario: Scenario
) -> None:
    drawn = data["parameters"].sel(scenario="expulsion", parameter="trust_loss").values
    found = outcomes.carriers(data, scenario, drawn * 2.0, most=1)
    assert found[0].name == "trust_loss"
    assert found[0].low < found[0].high
    assert found[0].kind == specifications()["trust_loss"].evidence.kind
    assert outcomes.carriers(data, scenario, np.full(RUNS, 0.5)) == []


def test_restraint_is_shown_apart_for_each_value_of_the_repair_constant() -> None:
    scenario = load_scenario("restraint", horizon=24)
    data = ensemble.run([scenario], runs=60)
    apart = outcomes.by_repair_anchor(data, "restraint", "ARM")
    assert list(apart) == [0.0, 0.5, 1.0]
    assert outcomes.restrained_members(scenario) == ["ARM"]
    fixed = ensemble.run([scenario], runs=5, parameters="default")
    assert outcomes.by_repair_anchor(fixed, "restraint", "ARM") == {}


# Differences


def test_paired_differences_are_those_of_the_worlds_and_zero_for_the_same() -> None:
    names = ("pressure", "restraint")
    scenarios = [load_scenario(name, horizon=24) for name in names]
    data = ensemble.run(scenarios, runs=30)
    gaps = outcomes.paired_differences(data, *scenarios)
    last = data["trust"].sel(member="ARM").isel(month=-1)
    inside = (data["membership"].sel(member="ARM").isel(month=-1) < 2).all("scenario")
    by_hand = (last.sel(scenario="restraint") - last.sel(scenario="pressure")).where(inside)
    assert gaps["ARM"]["trust"].value == pytest.approx(float(by_hand.mean()))
    same = outcomes.paired_differences(data, scenarios[0], scenarios[0])
    for member in data["member"].values:
        for estimate in same[str(member)].values():
            assert (estimate.value, estimate.low, estimate.high) == (0.0, 0.0, 0.0)
    unpaired = np.sqrt(sum(np.var(last.sel(scenario=n).values, ddof=1) for n in names) / 30)
    assert gaps["ARM"]["trust"].high - gaps["ARM"]["trust"].low < 2 * 1.96 * unpaired


def test_intervals_of_shares_stay_within_0_and_1() -> None:
    estimate = outcomes.mean(np.array([1.0, 1.0, 0.9, 1.0]), share=True)
    assert estimate.high == 1.0


def test_restraint_is_shown_for_those_only_to_whom_it_is_shown() -> None:
    assert outcomes.restrained_members(load_scenario("carrot_and_stick")) == ["ARM"]


# The summary


def test_the_summary_is_plain_data_without_nan(data: xr.Dataset, scenario: Scenario) -> None:
    summary = outcomes.summarise(data, [scenario])
    text = json.dumps(summary, allow_nan=False)
    assert json.loads(text) == summary
    rows = list(outcomes.rows(summary))
    assert {"scenario", "subject", "outcome", "month", "value", "low", "high", "interval"} == set(
        rows[0]
    )
    subjects = {row["subject"] for row in rows}
    assert {"ARM", "alliance"} <= subjects


def test_events_that_find_their_member_gone_are_counted(write_scenario: Any) -> None:
    path = write_scenario(
        "events:\n"
        "  - {event: decision, date: 2026-02, member: ARM, decision: expel}\n"
        "  - {event: crisis, date: 2026-02, member: ARM}\n"
        "  - {event: crisis, date: 2026-03, member: ARM}\n"
    )
    scenario = load_scenario(path, horizon=6)
    data = ensemble.run([scenario], runs=5)
    ignored = outcomes.ignored_events(data, scenario)
    assert {name: estimate.value for name, estimate in ignored.items()} == {
        "crisis ARM 2026-03": 1.0
    }


def test_the_evidence_count_is_that_of_the_numbers_behind_the_scenario(
    scenario: Scenario,
) -> None:
    counts = outcomes.evidence_count(scenario)
    assert sum(counts.values()) == len(specifications()) + len(scenario.alliance.numbers)
    assumed = outcomes.assumed_numbers(scenario)
    assert len(assumed) == counts["assumed"]
    assert {"answer_base", "KAZ.trust"} <= set(assumed)
    assert "ARM.dependence" not in assumed


def test_cohesion_without_members_is_missing_and_said_so() -> None:
    settings = ["exit_base=3", "exit_dependence=0", "rules.notice_months=0", "threat.all=0"]
    scenario = load_scenario("baseline", horizon=30, settings=settings)
    data = ensemble.run([scenario], runs=10)
    outcome = outcomes.alliance_outcome(data, "baseline")
    assert outcome.without_members.value > 0.5
    assert np.isnan(data["cohesion"].isel(month=-1, weighting=0)).any()
    assert outcome.end_states["dissolved"].value > 0.5
    json.dumps(outcomes.summarise(data, [scenario]), allow_nan=False)
