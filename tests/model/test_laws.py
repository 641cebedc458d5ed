"""Laws of the mechanisms that let an alliance rest, change its governments, quarrel and part."""

from __future__ import annotations

import math
from itertools import product
from statistics import fmean, stdev
from typing import TYPE_CHECKING

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from conftest import (
    SHARE,
    drivers,
    even_luck,
    luck,
    member,
    parameters,
    quiet,
    seen_nothing,
    signals,
    states,
    step,
)
from foedus.cases.scenario_reader import load_scenario
from foedus.model import order, records, rules
from foedus.model.draws import address, draw, pair_address
from foedus.model.elementary import exp, monthly_chance
from foedus.model.specifications import default_parameters
from foedus.worlds.agents import AllianceModel

if TYPE_CHECKING:
    from foedus.model.draws import Draws
    from foedus.model.parameters import Parameters

P = default_parameters()
CLOSE = 1e-12
MONTHS = st.integers(0, 600).map(float)
RUNS = st.integers(0, 2**32 - 1)
SIDES = ("KGZ", "TJK")  # of the dispute in the shipped alliance
PAIR = pair_address(*SIDES)


# An alliance at rest


@given(parameters(), SHARE, SHARE)
def test_trust_at_rest_returns_to_where_it_stood_before_from_below_and_from_above(
    p: Parameters, trust: float, before: float
) -> None:
    state = member(trust=trust, trust_before=before)
    for _ in range(24):
        after = step(state, quiet(), even_luck(), p)
        low, high = sorted((state.trust, before))
        assert low - CLOSE <= after.trust <= high + CLOSE, "nearer, and never beyond"
        state = after
    left = (1 - p.trust_recovery / 12) ** 24
    assert state.trust - before == pytest.approx((trust - before) * left, abs=1e-9)


@given(parameters(bounds=True), SHARE)
def test_a_member_without_a_rift_rests_where_it_is(p: Parameters, trust: float) -> None:
    state = member(trust=trust, trust_before=trust)
    assert step(state, quiet(), even_luck(), p).trust == pytest.approx(trust, abs=CLOSE)


@given(parameters(bounds=True), states(), drivers(), luck(), signals())
def test_help_given_never_lowers_trust_below_that_of_a_month_without_a_crisis(
    p: Parameters,
    state: records.State,
    imposed: records.Drivers,
    draws: Draws,
    seen: records.Signals,
) -> None:
    at_peace = state._replace(threat=0.0)
    quiet_month = step(at_peace, imposed._replace(crisis_scripted=0.0), draws, p, seen)
    helped = imposed._replace(crisis_scripted=1.0, support_scripted=1.0)
    assert step(at_peace, helped, draws, p, seen).trust >= quiet_month.trust - CLOSE


@given(parameters(bounds=True), states(), drivers(), luck(), signals(), SHARE, SHARE)
def test_more_help_never_leaves_less_trust(
    p: Parameters,
    state: records.State,
    imposed: records.Drivers,
    draws: Draws,
    seen: records.Signals,
    one: float,
    other: float,
) -> None:
    little, much = (
        step(
            state,
            imposed._replace(crisis_scripted=1.0, support_scripted=support),
            draws,
            p,
            seen,
        ).trust
        for support in sorted((one, other))
    )
    assert much >= little - CLOSE


@pytest.mark.parametrize("every", [12, 48])
def test_a_loyal_member_to_whom_the_promise_is_mostly_kept_loses_no_trust_in_twenty_years(
    every: int,
) -> None:
    """Declared values; a crisis every so many months; help comes with a chance."""

    def ends(chance: float) -> list[float]:
        found = []
        for run in range(150):
            state = member(trust=0.8, trust_before=0.8, expectation=0.75, expectation_initial=0.75)
            for month in range(1, 241):
                draws = draw(7, 0, run, month, address("KAZ"), 0)
                crisis = float(month % every == 0)
                help_ = float(draws.answer < chance)
                imposed = quiet(crisis_scripted=crisis, support_scripted=help_, forced_exit=0.0)
                state = step(state, imposed, draws)
            found.append(state.trust)
        return found

    kept = ends(0.9)
    assert fmean(kept) >= 0.8 - 3 * stdev(kept) / math.sqrt(len(kept))
    broken = ends(0.1)
    assert fmean(broken) < 0.8 - 3 * stdev(broken) / math.sqrt(len(broken))


# Fighting between two members


@settings(max_examples=6)
@given(run=RUNS)
def test_fighting_befalls_both_sides_of_a_dispute_in_the_same_months_and_nobody_else(
    run: int,
) -> None:
    scenario = load_scenario(
        "baseline",
        settings=["KGZ.dispute.TJK=1", "clash_rate=4", "exit_base=-20", "expulsion_rate=0"],
    )
    model = AllianceModel(scenario, run=run, parameters="prior", collect=False)
    months: dict[str, list[int]] = {code: [] for code in scenario.alliance.members}
    while model.running:
        model.step()
        for one in model.members:
            months[one.code] += [model.elapsed] * int(one.signals.clash)
    assert months["KGZ"] == months["TJK"]
    assert 5 <= len(months["KGZ"]) <= 35, "4 a year make 17 of 60 months likely"
    assert months["ARM"] == months["BLR"] == months["KAZ"] == []


@given(parameters(), SHARE)
def test_the_rate_of_fighting_is_proportional_to_how_open_the_dispute_is(
    p: Parameters, dispute: float
) -> None:
    def rate(openness: float) -> float:
        return -math.log1p(-rules.clash_chance(p, openness)) * 12

    assert rate(dispute) == pytest.approx(dispute * p.clash_rate, abs=1e-12)
    assert rules.clash_chance(p, 0.0) == 0.0


@pytest.mark.parametrize("dispute", [0.0, 0.25, 1.0])
def test_fighting_comes_as_often_as_its_rate_says(dispute: float) -> None:
    p = P._replace(clash_rate=3.0)
    chance = 1 - math.exp(-3.0 * dispute / 12)
    imposed, n = quiet(dispute=dispute, pair=float(PAIR)), 4000
    count = 0
    for run, month in product(range(n // 40), range(1, 41)):
        draws = draw(7, 0, run, month, address("KGZ"), PAIR)
        count += int(order.befall(p, member(), imposed, draws).clash)
    assert abs(count - n * chance) <= 4 * math.sqrt(n * chance * (1 - chance))


@given(parameters(bounds=True), states(), drivers(), luck(), signals())
def test_fighting_between_members_costs_trust_and_invokes_nothing(
    p: Parameters,
    state: records.State,
    imposed: records.Drivers,
    draws: Draws,
    seen: records.Signals,
) -> None:
    peace = imposed._replace(clash_scripted=0.0, dispute=0.0)
    war = imposed._replace(clash_scripted=1.0)
    own, other = (order.befall(p, state, one, draws) for one in (peace, war))
    assert other == own._replace(clash=1.0)
    quiet_month, fought = (
        order.transition(p, state, one, draws, what, seen)
        for one, what in ((peace, own), (war, other))
    )
    assert fought.trust <= quiet_month.trust + CLOSE
    for name in ("expectation", "delivered", "affinity", "tenure", "dependence"):
        assert getattr(fought, name) == getattr(quiet_month, name), name


def test_fighting_between_two_goes_unnoticed_by_a_third() -> None:
    fight = records.NOTHING_SEEN._replace(member=1.0, takes_part=1.0, clash=1.0)
    assert records.attend_to(records.NOTHING_SEEN, 1.0, fight).clash == 0.0


# Governments


@given(parameters(), states(), drivers(affinity_change=0.0), luck())
def test_a_forced_government_stays_or_goes_whatever_the_luck(
    p: Parameters, state: records.State, imposed: records.Drivers, draws: Draws
) -> None:
    kept = step(state, imposed._replace(forced_government=0.0), draws, p)
    assert (kept.tenure, kept.affinity) == (state.tenure + 1.0, state.affinity)
    fallen = step(state, imposed._replace(forced_government=1.0), draws, p)
    assert fallen.tenure == 0.0


@given(parameters(), states(), drivers(affinity_change=0.0, forced_government=records.FREE), luck())
def test_a_government_changes_by_the_calendar_or_out_of_turn(
    p: Parameters, state: records.State, imposed: records.Drivers, draws: Draws
) -> None:
    chance = 1 - (1 - imposed.election) * math.exp(-p.government_rate / 12)
    assume(abs(draws.government - chance) > 1e-9)
    after = step(state, imposed, draws, p)
    assert (after.tenure == 0.0) == (draws.government < chance)
    certain = step(state, imposed._replace(election=1.0), draws, p)
    assert certain.tenure == 0.0


@given(parameters(), SHARE, st.one_of(st.just(records.FREE), SHARE))
def test_the_affinity_of_a_new_government_is_drawn_about_the_one_foreseen(
    p: Parameters, affinity: float, successor: float
) -> None:
    middle = affinity if successor == records.FREE else successor

    def follows(z: float) -> float:
        imposed = quiet(forced_government=1.0, successor=successor)
        return step(member(affinity=affinity), imposed, even_luck(successor=z), p).affinity

    assert follows(0.0) == middle
    assert follows(1.0) == pytest.approx(min(1.0, middle + p.government_spread))
    assert follows(-1.0) == pytest.approx(max(0.0, middle - p.government_spread))


@given(parameters(), states(), luck(), st.floats(-1.0, 1.0))
def test_a_domestic_change_is_a_change_of_government_that_shifts_affinity_by_so_much(
    p: Parameters, state: records.State, draws: Draws, change: float
) -> None:
    assume(change != 0.0)
    after = step(state, quiet(affinity_change=change), draws, p)
    assert after.tenure == 0.0
    assert after.affinity == min(1.0, max(0.0, state.affinity + change))


@given(parameters(), SHARE, MONTHS, MONTHS, MONTHS)
def test_a_freeze_is_entrenched_by_the_time_that_it_and_the_government_have_in_common(
    p: Parameters, utility: float, common: float, longer: float, later: float
) -> None:
    common, longer, later = common + 24.0, common + 24.0 + longer, common + 24.0 + later

    def hazard(frozen_months: float, tenure: float) -> float:
        return rules.thaw_log_hazard(p, utility, frozen_months, tenure)

    assert hazard(longer, common) == hazard(common, longer) == hazard(common, later)
    assert hazard(longer, later) <= hazard(common, common)
    fresh = hazard(longer, 0.0)
    assert fresh == pytest.approx(hazard(0.0, longer) + p.government_window), "as if just frozen"


@given(parameters(), st.floats(-8.0, 8.0), st.integers(0, 23), st.integers(24, 600))
def test_the_hazards_of_freezing_and_of_resuming_are_higher_in_a_governments_first_two_years(
    p: Parameters, utility: float, young: int, old: int
) -> None:
    hazards = [rules.freeze_log_hazard(p, utility, float(t)) for t in (young, 23, 24, old)]
    assert hazards[0] == hazards[1] == pytest.approx(hazards[2] + p.government_window)
    assert hazards[2] == hazards[3]
    thaws = [rules.thaw_log_hazard(p, utility, 0.0, float(t)) for t in (young, 23, 24, old)]
    assert thaws[0] == thaws[1] == pytest.approx(thaws[2] + p.government_window)
    assert thaws[2] == thaws[3]


def test_a_new_government_may_freeze_in_the_month_in_which_it_comes() -> None:
    p = P._replace(government_window=3.0, participation_affinity=0.0, trust_noise=0.0)
    utility = rules.participation_utility(p, 0.6, 0.6, 0.2, 1.0, 0.0)
    chances = [monthly_chance(exp(rules.freeze_log_hazard(p, utility, t))) for t in (0.0, 60.0)]
    between = even_luck(freeze=math.sqrt(chances[0] * chances[1]))
    at_rest = member(trust_before=0.6)
    calm = p._replace(hedging_decay=0.0, hedging_distrust=0.0)
    assert step(at_rest, quiet(forced_government=1.0), between, calm).frozen == 1.0
    assert step(at_rest, quiet(forced_government=0.0), between, calm).frozen == 0.0


# Formal exit


@pytest.fixture(scope="module")
def leavers() -> dict[float, list[tuple[int, ...]]]:
    """By ``exit_together``: who leaves in the first month, for each of many worlds."""
    found = {}
    for together in (0.15, 0.95):
        scenario = load_scenario(
            "null", horizon=1, settings=[f"exit_together={together}", "exit_base=2.5"]
        )
        worlds = []
        for run in range(500):
            model = AllianceModel(scenario, run=run, parameters="default", collect=False)
            model.step()
            worlds.append(tuple(int(one.membership > records.IN) for one in model.members))
        found[together] = worlds
    return found


def test_a_common_cause_leaves_each_members_chance_of_leaving_as_it_is(
    leavers: dict[float, list[tuple[int, ...]]],
) -> None:
    apart, together = (list(zip(*leavers[c], strict=True)) for c in (0.15, 0.95))
    for one, other in zip(apart, together, strict=True):
        pooled, n = fmean(one + other), len(one)
        assert 0.02 < pooled < 0.98, "else nothing is tested"
        error = math.sqrt(2 * pooled * (1 - pooled) / n)
        assert abs(fmean(one) - fmean(other)) <= 4 * error


def test_a_common_cause_makes_members_leave_together(
    leavers: dict[float, list[tuple[int, ...]]],
) -> None:
    def joint(worlds: list[tuple[int, ...]]) -> list[int]:
        return [int(sum(world) >= 3) for world in worlds]

    apart, together = (joint(leavers[c]) for c in (0.15, 0.95))
    n = len(apart)
    error = math.sqrt(sum(fmean(x) * (1 - fmean(x)) / n for x in (apart, together)))
    assert fmean(together) - fmean(apart) > 3 * error


@given(SHARE, SHARE, SHARE)
def test_without_a_common_cause_ones_own_luck_decides_and_with_nothing_else_the_common_one(
    own: float, common: float, shared: float
) -> None:
    shared = min(shared, 1.0 - 1e-9)
    assert rules.exit_luck(P._replace(exit_together=0.0), own, common, shared) == own
    assert rules.exit_luck(P._replace(exit_together=1.0), own, common, shared) == common


def leaves(p: Parameters, state: records.State, u: float, **imposed: float) -> bool:
    """Whether a member gives notice with this luck."""
    draws = even_luck(exit=u, thaw=1.0 - 1e-9)
    return step(state, quiet(**imposed), draws, p).membership == records.NOTICE


def least_luck(p: Parameters, state: records.State, **imposed: float) -> float:
    """The luck below which a member gives notice: its chance of leaving, found by halving."""
    low, high = 0.0, 1.0
    for _ in range(40):
        middle = (low + high) / 2
        if leaves(p, state, middle, **imposed):
            low = middle
        else:
            high = middle
    return low


def yearly_log(chance: float) -> float:
    return math.log(-math.log1p(-chance) * 12)


@pytest.mark.parametrize("frozen", [0.0, 1.0])
def test_a_lost_vote_raises_the_exit_hazard_of_a_member_whether_it_is_frozen_or_not(
    frozen: float,
) -> None:
    p = P._replace(exit_base=0.0, exit_limbo=1.25)
    state = member(frozen=frozen, arrears=3.0)
    with_vote, without = (
        least_luck(p, state._replace(suspended=suspended), expulsion_arrears=100.0)
        for suspended in (0.0, 1.0)
    )
    assert yearly_log(without) - yearly_log(with_vote) == pytest.approx(1.25, abs=1e-6)


def test_an_outside_option_tempts_only_beyond_what_the_alliance_is_expected_to_give() -> None:
    p = P._replace(exit_base=0.0, hedging_decay=0.0, hedging_distrust=0.0)
    state = member(expectation=0.5, expectation_initial=0.5)
    chances = [
        least_luck(p, state._replace(outside_option=option)) for option in (0.0, 0.3, 0.5, 0.7)
    ]
    assert chances[0] == pytest.approx(chances[1]) == pytest.approx(chances[2])
    excess = yearly_log(chances[3]) - yearly_log(chances[2])
    assert excess == pytest.approx(p.exit_hedging * 0.2, abs=1e-6)


@pytest.mark.parametrize("bandwidth", [0.0, 1.0])
def test_pressure_holds_in_whoever_depends_on_the_patron_with_or_without_forces_to_spare(
    bandwidth: float,
) -> None:
    p = P._replace(exit_base=3.0, pressure_cost=0.0)

    def log_hazard(dependence: float, pressure: float) -> float:
        state = member(dependence_initial=dependence)
        return yearly_log(least_luck(p, state, pressure=pressure, bandwidth=bandwidth))

    held = log_hazard(0.8, 0.0) - log_hazard(0.8, 1.0)
    assert held == pytest.approx(p.exit_dependence * 0.8 * p.exit_pressure, abs=1e-6)
    assert log_hazard(0.0, 1.0) == pytest.approx(log_hazard(0.0, 0.0), abs=1e-6)


# Dues


@given(parameters(bounds=True), st.floats(-10.0, 10.0), st.sampled_from([0.0, 1.0]), SHARE, SHARE)
def test_enforcement_never_lowers_the_chance_of_payment(
    p: Parameters, utility: float, frozen: float, one: float, other: float
) -> None:
    low, high = sorted((one, other))
    assert rules.payment_chance(p, utility, frozen, high) >= rules.payment_chance(
        p, utility, frozen, low
    )


def test_a_vote_at_stake_gets_dues_and_arrears_paid_that_would_else_stay_unpaid() -> None:
    p = P._replace(dues_enforcement=8.0, participation_base=-4.0, settlement_rate=12.0)
    state, draws = member(arrears=1.0), even_luck(suspend=1.0 - 1e-9)
    for month in ({"dues": 1.0}, {}):
        lax, firm = (
            step(state, quiet(**month, enforcement=enforcement), draws, p, seen_nothing())
            for enforcement in (0.0, 0.5)
        )
        assert lax.arrears == firm.arrears + 1.0
