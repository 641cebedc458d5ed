"""Outcomes against a recount by hand over the same worlds."""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from foedus.cases.scenario_reader import load_scenario
from foedus.ensembles import ensemble
from foedus.model import cohesion, records
from foedus.model.specifications import specifications
from foedus.outcomes import estimates
from foedus.outcomes import summary as summary_module
from foedus.outcomes.catalogue import ALLIANCE, WITHDRAWN
from foedus.outcomes.evidence import assumed_numbers, evidence_count

if TYPE_CHECKING:
    import xarray as xr

    from foedus.cases.scenario import Scenario
    from foedus.ensembles.ensemble import Ensemble
    from foedus.ensembles.gathered import Worlds

RUNS = 60


@pytest.fixture(scope="module")
def scenario() -> Scenario:
    return load_scenario("expulsion", horizon=40, settings=["exit_base=-1.5"])


@pytest.fixture(scope="module")
def made(scenario: Scenario) -> Ensemble:
    return ensemble.run([scenario], "prior", RUNS, keep_trajectories=True)


@pytest.fixture(scope="module")
def worlds(made: Ensemble) -> Worlds:
    return made.parts[0]


@pytest.fixture(scope="module")
def paths(made: Ensemble) -> xr.Dataset:
    return made.trajectories().isel(scenario=0)


@pytest.fixture(scope="module")
def last_month(paths: xr.Dataset) -> list[list[dict[str, Any]]]:
    """The last month of each world as plain dictionaries, one for each member."""
    last = paths.isel(month=-1)
    names = ("membership", "frozen", "suspended", "trust", "takes_part")
    return [
        [{name: last[name].values[m, run] for name in names} for m in range(last.sizes["member"])]
        for run in range(RUNS)
    ]


def test_member_outcomes_agree_with_a_recount(
    worlds: Worlds, scenario: Scenario, last_month: list[list[dict[str, Any]]]
) -> None:
    for m, code in enumerate(scenario.alliance.members):
        outcome = summary_module.outcomes(worlds, code)
        mine = [world[m] for world in last_month]
        inside = [w["membership"] < records.WITHDRAWN for w in mine]
        active = [
            w["membership"] == records.IN and not w["frozen"] and not w["suspended"] for w in mine
        ]
        frozen = [i and w["frozen"] == 1 for i, w in zip(inside, mine, strict=True)]
        trust = sorted(w["trust"] for i, w in zip(inside, mine, strict=True) if i)
        assert outcome["active"].value == np.mean(active)
        assert outcome["frozen"].value == np.mean(frozen)
        assert outcome["out"].value == np.mean([not i for i in inside])
        assert outcome["takes_part"].value == np.mean([w["takes_part"] for w in mine])
        assert outcome["trust"].value == trust[-(-len(trust) // 2) - 1]


def test_some_members_leave_and_some_are_frozen_and_suspended_in_these_worlds(
    worlds: Worlds,
) -> None:
    """Otherwise the recount above would show little."""
    present = set(np.unique(worlds.table["standing"]))
    wanted = ("active", "frozen, suspended", "withdrawn")
    assert {records.STANDINGS.index(name) for name in wanted} <= present


def test_a_member_without_its_vote_is_not_active(worlds: Worlds) -> None:
    changed = copy.deepcopy(worlds)
    for name, value in (("standing", 1), ("frozen", 0), ("suspended", 1)):
        changed.of(name, "BLR")[:] = value
    outcome = summary_module.outcomes(changed, "BLR")
    assert (outcome["active"].value, outcome["suspended"].value, outcome["frozen"].value) == (
        0.0,
        1.0,
        0.0,
    )


def test_first_missed_summit_agrees_with_a_recount(worlds: Worlds, paths: xr.Dataset) -> None:
    outcome = summary_module.events(worlds, "KAZ")["missed_summit"]
    member = paths.sel(member="KAZ")
    months = [str(month)[:7] for month in paths["month"].values]
    firsts = []
    for run in range(RUNS):
        for t, month in enumerate(months):
            here = member.isel(run=run, month=t)
            if month.endswith("-11") and here["membership"] < 2 and here["attended"] == 0:
                firsts.append(month)
                break
    assert outcome.total.value == len(firsts) / RUNS
    assert outcome.among == sorted(firsts)[(len(firsts) - 1) // 2]


def test_months_of_events_agree_with_a_recount(worlds: Worlds, paths: xr.Dataset) -> None:
    changes: dict[str, tuple[str, Any]] = {
        "freeze": ("frozen", lambda before, after: (before == 0) & (after == 1)),
        "thaw": ("frozen", lambda before, after: (before == 1) & (after == 0)),
        "suspension": ("suspended", lambda before, after: (before == 0) & (after == 1)),
        "unpaid_dues": ("arrears", lambda before, after: after > before),
        "withdrawal": ("membership", lambda before, after: (before < 2) & (after == 2)),
        "expulsion": ("membership", lambda before, after: (before < 2) & (after == 3)),
    }
    found = 0
    for name, (field, happens) in changes.items():
        for place, code in enumerate(paths["member"].values):
            values = paths[field].values[:, place]
            happened = happens(values[:-1], values[1:])
            first = np.where(happened.any(axis=0), happened.argmax(axis=0) + 2, 0)
            counted = worlds.event(name, str(code))
            later = counted != 1  # what happens in the first month has no month before it here
            assert np.array_equal(counted[later], first[later]), (name, code)
            found += int((first > 0).sum())
    assert found > 50


def test_notice_comes_before_a_withdrawal_and_is_none_with_an_expulsion(worlds: Worlds) -> None:
    for code in worlds.scenario.alliance.members:
        notice, left = worlds.event("notice", code), worlds.event("withdrawal", code)
        expelled = worlds.event("expulsion", code)
        assert (notice[left > 0] < left[left > 0]).all()
        assert (notice[left > 0] > 0).all()
        assert not ((left > 0) & (expelled > 0)).any()


def test_end_states_sum_to_one_and_agree_with_a_recount(worlds: Worlds) -> None:
    states = summary_module.outcomes(worlds, ALLIANCE)["end_states"]
    assert sum(estimate.value for estimate in states.values()) == pytest.approx(1.0)
    for code, name in enumerate(cohesion.END_STATES):
        assert states[name].value == float((worlds.table["end_state"] == code).mean())


# Month by month


@given(st.lists(st.floats(0.0, 1.0), min_size=1, max_size=60))
def test_quantiles_of_a_histogram_are_those_of_the_values_but_for_a_bin(
    values: list[float],
) -> None:
    histogram, _ = np.histogram(values, np.linspace(0.0, 1.0, 257))
    levels = (0.05, 0.25, 0.5, 0.75, 0.95)
    exact = np.quantile(values, levels, method="inverted_cdf")
    assert np.abs(summary_module.quantiles(histogram, levels) - exact).max() <= 1 / 256 + 1e-12


def test_quantiles_of_nothing_are_missing() -> None:
    found = summary_module.quantiles(np.zeros((3, 8), dtype=int), [0.5])
    assert found.shape == (1, 3)
    assert np.isnan(found).all()


# Estimates


def test_wilson_intervals_cover_their_nominal_share() -> None:
    rng = np.random.default_rng(5)
    for p, n in ((0.05, 100), (0.3, 60), (0.5, 40), (0.9, 200)):
        hits = 0
        for _ in range(2000):
            estimate = estimates.probability(rng.random(n) < p)
            hits += estimate.low <= p <= estimate.high
        assert 0.92 <= hits / 2000 <= 0.98, (p, n)


def test_probabilities_of_nothing_and_everything_have_sane_intervals() -> None:
    never, always = estimates.probability(np.zeros(50)), estimates.probability(np.ones(50))
    assert (never.value, never.low) == (0.0, 0.0)
    assert 0.0 < never.high < 0.1
    assert (always.value, always.high) == (1.0, 1.0)
    assert np.isnan(estimates.probability(np.array([])).value)


def test_means_and_spreads_leave_missing_worlds_out() -> None:
    values = np.array([0.2, np.nan, 0.4, 0.6, np.nan])
    assert estimates.mean(values).value == pytest.approx(0.4)
    assert estimates.spread(values).value == 0.4
    assert estimates.spread(values).low == 0.2
    assert np.isnan(estimates.mean(np.array([np.nan])).value)
    assert np.isnan(estimates.spread(np.array([np.nan])).value)


def test_monte_carlo_error_of_a_mean_is_its_standard_error() -> None:
    values = np.arange(10.0)
    estimate = estimates.mean(values)
    error = np.std(values, ddof=1) / np.sqrt(10)
    assert estimate.high - estimate.value == pytest.approx(1.96 * error, rel=1e-3)


# What carries a result


def test_restraint_is_shown_apart_for_each_value_of_the_repair_constant() -> None:
    scenario = load_scenario("restraint", horizon=24)
    drawn = ensemble.run([scenario], runs=60)
    apart = summary_module.by_repair_anchor(drawn, drawn.parts[0], "ARM")
    assert list(apart) == [0.0, 0.5, 1.0]
    assert summary_module.restrained_members(scenario) == ["ARM"]
    fixed = ensemble.run([scenario], "default", 5)
    assert summary_module.by_repair_anchor(fixed, fixed.parts[0], "ARM") == {}


def test_intervals_of_shares_stay_within_0_and_1() -> None:
    estimate = estimates.mean(np.array([1.0, 1.0, 0.9, 1.0]), share=True)
    assert estimate.high == 1.0


def test_restraint_is_shown_for_those_only_to_whom_it_is_shown() -> None:
    assert summary_module.restrained_members(load_scenario("carrot_and_stick")) == ["ARM"]


# The summary


def test_the_summary_is_plain_data_without_nan(made: Ensemble) -> None:
    summary = summary_module.summarise(made)
    text = json.dumps(summary, allow_nan=False)
    assert json.loads(text) == summary
    rows = list(summary_module.rows(summary))
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
    ignored = summary_module.ignored_events(ensemble.run([scenario], runs=5).parts[0])
    assert {name: estimate.value for name, estimate in ignored.items()} == {
        "crisis ARM 2026-03": 1.0
    }


def test_the_evidence_count_is_that_of_the_numbers_behind_the_scenario(
    scenario: Scenario,
) -> None:
    counts = evidence_count(scenario)
    assert sum(counts.values()) == len(specifications()) + len(scenario.alliance.numbers)
    assumed = assumed_numbers(scenario)
    assert len(assumed) == counts["assumed"]
    assert {"exit_dependence", "KAZ.trust"} <= set(assumed)
    assert "ARM.dependence" not in assumed


def test_cohesion_without_members_is_zero_and_missing_among_those_who_stay() -> None:
    settings = ["exit_base=3", "exit_dependence=0", "rules.notice_months=0", "threat.all=0"]
    scenario = load_scenario("baseline", horizon=30, settings=settings)
    gone = ensemble.run([scenario], runs=10)
    outcome = summary_module.outcomes(gone.parts[0], ALLIANCE)
    nobody = (gone.parts[0].table["standing"] >= WITHDRAWN).all(axis=0)
    assert outcome["without_members"].value == nobody.mean() > 0.5
    table = gone.parts[0].table
    assert np.array_equal((table["cohesion"] == 0.0).all(axis=0), nobody)
    assert np.array_equal(np.isnan(table["cohesion_among_those_who_stay"]).all(axis=0), nobody)
    assert outcome["end_states"]["dissolved"].value > 0.5
    json.dumps(summary_module.summarise(gone), allow_nan=False)
