"""The panel beside a record: rates at rest that the rules imply, and the density they are given."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from math import exp, log
from typing import TYPE_CHECKING

import numpy as np
import pytest

from foedus.cases.months import parse_month
from foedus.cases.panel import load_panel
from foedus.cases.record import Record, load_record
from foedus.cases.scenario_reader import load_scenario
from foedus.inference.panel import (
    densities_for,
    members_at_rest,
    panel_densities,
    resting_log_density,
    resting_log_rates,
    return_log_density,
)
from foedus.model.parameters import Parameters
from foedus.model.specifications import specification
from foedus.outcomes.rates import fit

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

RECORD = load_record()
WORLDS = 7


@cache
def drawn() -> dict[str, Floats]:
    """Values of every parameter and of some opening numbers, in a few worlds."""
    generator = np.random.default_rng(3)
    found = {
        name: np.array([float(prior.quantile(u)) for u in generator.uniform(size=WORLDS)])
        for name in Parameters._fields
        if (prior := specification(name).prior) is not None
    }
    for member in RECORD.history.alliance.members:
        found[f"{member}.trust"] = generator.uniform(0.6, 0.9, WORLDS)
        found[f"{member}.affinity"] = generator.uniform(0.5, 0.9, WORLDS)
    return found


def rates(values: dict[str, Floats], record: Record = RECORD) -> tuple[Floats, Floats]:
    found = resting_log_rates(values, record.history)
    assert found is not None
    return found


def test_members_without_a_rift_that_take_part_are_at_rest() -> None:
    assert members_at_rest(RECORD.history.alliance) == RECORD.history.alliance.members
    later = load_scenario("baseline").alliance
    assert "ARM" not in members_at_rest(later), "its trust was higher before its rift"
    assert set(members_at_rest(later)) == set(later.members) - {"ARM"}
    frozen = later.with_values({"KAZ.participation": 1.0, "TJK.vote": 1.0})
    assert set(members_at_rest(frozen)) == {"BLR", "KGZ"}


def test_rates_at_rest_are_those_of_the_rules_in_each_world() -> None:
    values, alliance = drawn(), RECORD.history.alliance
    freeze, _ = rates(values)
    for world in range(WORLDS):
        at = {name: float(value[world]) for name, value in values.items()}
        hazards = []
        for member in alliance.members:
            utility = (
                at["participation_base"]
                + at["participation_trust"] * (at[f"{member}.trust"] - 0.5)
                + at["participation_affinity"] * (at[f"{member}.affinity"] - 0.5)
                - at["participation_hedging"] * alliance.value(f"{member}.outside_option")
            )
            eps = np.linspace(-8.0, 8.0, 4001) * at["disposition_spread"]
            weights = np.exp(-0.5 * (eps / at["disposition_spread"]) ** 2)
            over = np.exp(at["freeze_base"] - at["freeze_slope"] * (utility + eps))
            hazards.append(float((over * weights).sum() / weights.sum()))
        assert exp(freeze[world]) == pytest.approx(np.mean(hazards), rel=1e-6)


@pytest.mark.parametrize(
    ("name", "by", "freeze", "leaving"),
    [
        ("freeze_base", 0.5, 0.5, 0.0),
        ("exit_base", -0.3, 0.0, -0.3),
        ("participation_peers", 1.0, 0.0, 0.0),
        ("exit_limbo", 1.0, 0.0, 0.0),
        ("exit_pressure", 1.0, 0.0, 0.0),
        ("exit_contagion", 1.0, 0.0, 0.0),
    ],
)
def test_levels_shift_the_log_rates_and_what_is_absent_at_rest_does_not(
    name: str, by: float, freeze: float, leaving: float
) -> None:
    before, after = rates(drawn()), rates({**drawn(), name: drawn()[name] + by})
    assert after[0] - before[0] == pytest.approx(np.full(WORLDS, freeze))
    assert after[1] - before[1] == pytest.approx(np.full(WORLDS, leaving))


def test_more_trust_makes_members_at_rest_freeze_and_leave_more_seldom() -> None:
    for member in RECORD.history.alliance.members:
        key = f"{member}.trust"
        before, after = rates(drawn()), rates({**drawn(), key: drawn()[key] + 0.05})
        assert (after[0] < before[0]).all()
        assert (after[1] < before[1]).all()


def test_numbers_that_are_absent_are_as_declared_or_as_the_scenario_fixes_them() -> None:
    name = "freeze_base"
    values = {name: np.array([-4.0, -3.0])}
    declared = {
        **values,
        "freeze_slope": np.full(2, specification("freeze_slope").value),
        "KAZ.trust": np.full(2, RECORD.history.alliance.value("KAZ.trust")),
    }
    assert rates(values)[0].shape == (2,)
    assert (rates(values)[0] == rates(declared)[0]).all()
    slope = specification("freeze_slope").value + 0.1
    fixed = replace(RECORD, history=replace(RECORD.history, parameters={"freeze_slope": slope}))
    again = rates({**values, "freeze_slope": np.full(2, slope)})
    assert (rates(values, fixed)[0] == again[0]).all()


def test_the_density_of_a_world_is_that_of_both_its_rates() -> None:
    values = drawn()
    freeze, leaving = rates(values)
    found = resting_log_density(values, RECORD)
    said = densities_for(RECORD)
    assert found.shape == (WORLDS,)
    assert found == pytest.approx(
        said.freeze.log_density(freeze) + said.leaving.log_density(leaving)
    )


def test_a_rate_far_above_the_panel_counts_for_less_than_one_within_it() -> None:
    level = rates({"freeze_base": np.zeros(1)})[0][0]
    wanted = np.log([0.003, 0.3, 3.0])
    values = {"freeze_base": wanted - level}
    within, above, far = resting_log_density(values, RECORD)
    assert within > above + 2.0 > far + 4.0


def test_as_a_bound_the_panel_lets_calm_worlds_be_and_counts_restless_ones_for_less() -> None:
    values = {"freeze_base": np.array([-40.0, -30.0, 0.0, 3.0])}
    calm, calmer, restless, more = resting_log_density(values, RECORD, bound=True)
    assert calm == pytest.approx(calmer, abs=1e-3)
    assert calm > restless > more
    plain = resting_log_density(values, RECORD)
    assert plain[0] < plain[1], "as a density it also holds that nobody is that calm"


def test_where_nobody_is_at_rest_the_panel_says_nothing() -> None:
    history = RECORD.history
    frozen = history.alliance.with_values(
        {f"{code}.participation": 1.0 for code in history.alliance.members}
    )
    record = replace(RECORD, history=replace(history, alliance=frozen))
    assert (resting_log_density(drawn(), record) == np.zeros(WORLDS)).all()


def test_beside_a_record_the_panel_lacks_its_own_alliance_and_what_came_later() -> None:
    for month in ("2018-12", "2022-06", "2025-11"):
        until = parse_month(month)
        kept = load_panel().counts("freeze", until=until, without="CST/CSTO")
        expected = fit(kept).another()
        found = densities_for(RECORD.until(until)).freeze
        assert (found.densities == expected.densities).all()
    early = densities_for(RECORD.until(parse_month("2018-12"))).freeze.quantile(0.5)
    assert densities_for(RECORD, parse_month("2018-12")).freeze.quantile(0.5) == early
    assert early > densities_for(RECORD).freeze.quantile(0.5), "calm years came after"


def test_the_own_alliance_would_have_raised_what_the_panel_says_of_leaving() -> None:
    until = RECORD.end
    whole, without = (panel_densities(until, name).leaving for name in (None, "CST/CSTO"))
    assert (whole.quantile([0.5, 0.9]) > without.quantile([0.5, 0.9])).all()


def test_the_density_of_a_return_is_highest_near_what_was_counted() -> None:
    logs = np.log([1e-5, 3 / 116, 3.0])
    low, middle, high = return_log_density(logs, RECORD)
    assert middle > low
    assert middle > high
    assert log(0.01) < log(float(densities_for(RECORD).back.quantile(0.5))) < log(0.05)
