"""The rules one by one, and the invariants that hold for any parameters within their bounds."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conftest import (
    NORMAL,
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
from foedus.model import cohesion, order, records, rules
from foedus.model.draws import Draws
from foedus.model.records import state_quantities
from foedus.model.specifications import default_parameters

if TYPE_CHECKING:
    from foedus.model.parameters import Parameters

P = default_parameters()
CLOSE = 1e-12
DECIDED = [name for name in Draws._fields if name not in NORMAL]


# Bounds (invariant e)


@given(parameters(bounds=True), states(), drivers(), luck(), signals())
def test_every_field_of_the_state_stays_in_its_bounds(
    p: Parameters,
    state: records.State,
    imposed: records.Drivers,
    draws: Draws,
    seen: records.Signals,
) -> None:
    own = order.befall(p, state, imposed, draws)
    after = order.transition(p, state, imposed, draws, own, seen)
    for name, quantity in state_quantities().items():
        value = getattr(after, name)
        assert math.isfinite(value), name
        assert quantity.low <= value, (name, value)
        if quantity.unit not in ("months", "years", "1/year", "log-odds"):
            assert value <= quantity.high, (name, value)
        if quantity.unit == "0 or 1":
            assert value in (0.0, 1.0), name
    assert after.membership in (records.IN, records.NOTICE, records.WITHDRAWN, records.EXPELLED)


@given(parameters(bounds=True), states(), drivers(), luck())
def test_every_signal_is_a_share(
    p: Parameters, state: records.State, imposed: records.Drivers, draws: Draws
) -> None:
    own = order.befall(p, state, imposed, draws)
    assert all(0.0 <= value <= 1.0 for value in own)
    assert own.gain + own.loss <= 1.0, "help wins, and only what falls short of it loses"


@given(
    parameters(bounds=True),
    states(),
    st.sampled_from([records.WITHDRAWN, records.EXPELLED]),
    drivers(),
    luck(),
    signals(),
)
def test_whoever_has_left_never_returns_and_gets_and_shows_nothing(
    p: Parameters,
    state: records.State,
    left: float,
    imposed: records.Drivers,
    draws: Draws,
    seen: records.Signals,
) -> None:
    gone = state._replace(membership=left)
    own = order.befall(p, gone, imposed, draws)
    assert own == records.NOTHING_SEEN
    assert order.transition(p, gone, imposed, draws, own, seen) == gone


@given(parameters(bounds=True), states(), drivers(), luck(), signals())
def test_lasting_fields_never_change_and_all_others_can(
    p: Parameters,
    state: records.State,
    imposed: records.Drivers,
    draws: Draws,
    seen: records.Signals,
) -> None:
    own = order.befall(p, state, imposed, draws)
    after = order.transition(p, state, imposed, draws, own, seen)
    for name in records.LASTING:
        assert getattr(after, name) == getattr(state, name)


# Crises, answers and trust (invariant a)


@given(parameters(), states(frozen=0.0, attended=1.0), SHARE, luck())
def test_help_given_raises_the_trust_of_victim_and_watchers(
    p: Parameters, state: records.State, attention: float, draws: Draws
) -> None:
    imposed = quiet(crisis_scripted=1.0, support_scripted=1.0)
    own = order.befall(p, state, imposed, draws)
    victim = rules.experienced_trust(p, state.trust, own.gain, own.loss)
    watcher = rules.witnessed_trust(p, state.trust, attention * own.gain, attention * own.loss)
    assert victim >= state.trust
    assert watcher >= state.trust
    assert abs(watcher - state.trust) <= abs(victim - state.trust) + CLOSE
    if p.trust_gain * (1 - state.trust) > 1e-9:  # even where help was expected
        assert victim > state.trust


@given(parameters(), states(), SHARE)
def test_help_refused_lowers_trust_while_something_was_expected_and_less_for_watchers(
    p: Parameters, state: records.State, attention: float
) -> None:
    victim = rules.experienced_trust(p, state.trust, 0.0, state.expectation)
    watcher = rules.witnessed_trust(p, state.trust, 0.0, attention * state.expectation)
    assert victim <= state.trust
    assert watcher <= state.trust
    assert abs(watcher - state.trust) <= abs(victim - state.trust) + CLOSE
    if p.trust_loss * state.expectation * state.trust > 1e-9:
        assert victim < state.trust


@given(parameters(), SHARE)
def test_help_refused_costs_no_trust_when_nothing_was_expected(p: Parameters, trust: float) -> None:
    assert rules.experienced_trust(p, trust, 0.0, 0.0) == trust


def test_a_scripted_crisis_befalls_and_its_support_is_delivered() -> None:
    state, draws = member(expectation=0.4), even_luck()
    imposed = quiet(crisis_scripted=1.0, support_scripted=0.0)
    refused = order.befall(P, state, imposed, draws)
    assert (refused.crisis, refused.support, refused.loss) == (1.0, 0.0, 0.4)
    helped = order.befall(P, state, imposed._replace(support_scripted=1.0), draws)
    assert (helped.support, helped.gain, helped.loss) == (1.0, 1.0, 0.0)
    half = order.befall(P, state, imposed._replace(support_scripted=0.25), draws)
    assert (half.support, half.gain) == (0.25, 0.25)
    assert half.loss == pytest.approx(0.15)


def test_an_unscripted_crisis_is_answered_by_the_patrons_own_decision() -> None:
    state, imposed = member(), quiet(crisis_scripted=1.0, bandwidth=0.5)
    chance = rules.support_chance(P, 0.5, state.adversary_ties, 1.0)
    below = order.befall(P, state, imposed, even_luck(answer=chance - 1e-9))
    above = order.befall(P, state, imposed, even_luck(answer=chance + 1e-9))
    assert (below.support, above.support) == (1.0, 0.0)


@given(st.floats(0.0, 12.0), st.floats(0.0, 10.0))
def test_crisis_chance_is_that_of_a_poisson_process(threat: float, multiplier: float) -> None:
    exact = -math.expm1(-threat * multiplier / 12)
    assert rules.crisis_chance(threat, multiplier) == pytest.approx(exact, abs=1e-14)


@given(parameters(bounds=True), SHARE, SHARE, SHARE, SHARE)
def test_recovered_bandwidth_never_lowers_the_chance_of_support(
    p: Parameters, one: float, other: float, ties: float, participation: float
) -> None:
    low, high = sorted((one, other))
    scarce = rules.support_chance(p, low, ties, participation)
    assert rules.support_chance(p, high, ties, participation) >= scarce


@given(parameters(bounds=True), SHARE, SHARE, SHARE)
def test_adversary_ties_and_absence_never_raise_the_chance_of_support(
    p: Parameters, bandwidth: float, one: float, other: float
) -> None:
    low, high = sorted((one, other))
    assert rules.support_chance(p, bandwidth, high, 1.0) <= rules.support_chance(
        p, bandwidth, low, 1.0
    )
    assert rules.support_chance(p, bandwidth, one, 0.0) <= rules.support_chance(
        p, bandwidth, one, 1.0
    )


def test_expectation_moves_to_what_was_delivered_and_returns_between_crises() -> None:
    lowered = rules.revised_expectation(P, 0.4, 1.0, 0.0, 1.0)
    assert lowered == pytest.approx(0.4 * (1 - P.expectation_learning))
    assert rules.revised_expectation(P, 0.4, 1.0, 1.0, 1.0) > 0.4
    assert rules.revised_expectation(P, 0.4, 0.0, 0.0, 1.0) == 0.4
    assert lowered < rules.recovered_expectation(P, lowered, 0.4) < 0.4


# Conduct of the patron


@given(parameters(), SHARE, SHARE)
def test_pressure_costs_trust_and_none_costs_none(
    p: Parameters, trust: float, pressure: float
) -> None:
    assert rules.pressured_trust(p, trust, pressure) <= trust
    assert rules.pressured_trust(p, trust, 0.0) == trust


@given(parameters(), SHARE, SHARE, SHARE, SHARE)
def test_restraint_never_lowers_trust_and_never_heals_beyond_its_goal(
    p: Parameters, trust: float, restraint: float, before: float, expectation: float
) -> None:
    repaired = rules.repaired_trust(p, trust, restraint, before, expectation)
    goal = p.repair_anchor * before + (1 - p.repair_anchor) * expectation
    assert repaired >= trust
    assert repaired <= max(trust, goal) + CLOSE


def test_the_repair_constant_decides_what_restraint_can_heal_to() -> None:
    only_promise = P._replace(repair_anchor=0.0)
    alone = P._replace(repair_anchor=1.0)
    assert rules.repaired_trust(only_promise, 0.4, 1.0, 0.9, 0.2) == 0.4
    assert rules.repaired_trust(alone, 0.4, 1.0, 0.9, 0.2) > 0.4


def test_an_adaptive_patron_drops_pressure_that_does_not_bring_a_member_back() -> None:
    patience = 1.0
    for _ in range(24):
        patience = rules.worn_patience(P, patience, 1.0, 0.0)
    assert patience < 0.2
    kept = rules.conducted_pressure(0.8, 1.0, patience, 0.0, 0.0)
    assert kept == pytest.approx(0.8 * patience)
    dropped = rules.conducted_restraint(0.0, 0.8, 1.0, patience, 0.0, 0.0)
    assert dropped == pytest.approx(0.8 - kept)
    assert rules.conducted_pressure(0.8, 0.0, patience, 0.0, 0.0) == 0.8
    assert rules.worn_patience(P, patience, 1.0, 1.0) == 1.0


def test_an_accounting_patron_calls_grievances_in_only_with_forces_to_spare() -> None:
    assert rules.called_in(1.0, 0.6, 0.5) == 0.0
    assert rules.called_in(1.0, 0.6, 1.0) == 0.6
    assert rules.called_in(0.0, 0.6, 1.0) == 0.0
    assert rules.conducted_pressure(0.1, 0.0, 1.0, 0.6, 0.0) == pytest.approx(0.64)
    assert rules.conducted_restraint(0.8, 0.1, 0.0, 1.0, 0.6, 0.0) == pytest.approx(0.32)
    assert rules.conducted_enforcement(0.2, 0.6) == pytest.approx(0.68)


def test_grievance_grows_with_absence_and_default_and_stays_a_share() -> None:
    once = rules.stored_grievance(P, 0.5, 1.0, 0.0)
    assert once == pytest.approx(0.5 + P.grievance_absence * 0.5)
    assert rules.stored_grievance(P, 0.5, 1.0, 1.0) > once
    assert rules.stored_grievance(P, 1.0, 1.0, 1.0) == 1.0


# Outside option and dependence


def test_outreach_grows_the_outside_option_and_confrontation_and_bandwidth_hold_it_back() -> None:
    def grown(offer: float, bandwidth: float, clash: float) -> float:
        return rules.hedged_option(P, 0.3, offer, 0.2, bandwidth, clash)

    assert grown(0.8, 0.3, 0.0) > grown(0.0, 0.3, 0.0)
    assert grown(0.8, 0.3, 1.0) < grown(0.8, 0.3, 0.0)
    assert grown(0.8, 0.9, 0.0) < grown(0.8, 0.3, 0.0)
    assert rules.hedged_option(P, 0.3, 0.0, 0.0, 0.3, 0.0) < 0.3


def test_offers_of_partners_pool_without_exceeding_one() -> None:
    pooled = 0.0
    for _ in range(50):
        larger = rules.pooled_offer(pooled, 0.9, 0.8, 0.7)
        assert pooled <= larger <= 1.0
        pooled = larger
    assert rules.pooled_offer(0.0, 1.0, 0.5, 0.4) == pytest.approx(0.2)


def test_dependence_follows_the_trade_path_and_is_eaten_away_slowly() -> None:
    assert rules.traded_dependence(0.8, 1.0, 0.0, 0.0) == 0.8
    assert rules.traded_dependence(0.8, 0.0, 0.6, 0.0) == 0.6
    erosion = 0.0
    for _ in range(12):
        erosion = rules.eroded_dependence(P, erosion, 1.0, 0.0)
    assert 0.0 < erosion <= P.dependence_erosion
    assert rules.traded_dependence(0.8, 1.0, 0.0, erosion) == pytest.approx(0.8 * (1 - erosion))


def test_normalisation_removes_the_threat_that_the_adversary_makes_up() -> None:
    assert rules.normalised_threat(2.0, 0.75, 1.0) == pytest.approx(0.5)
    assert rules.normalised_threat(2.0, 0.0, 1.0) == 2.0


# Participation


@given(parameters(bounds=True), SHARE, SHARE, SHARE, SHARE, SHARE)
def test_readiness_rises_with_trust_and_falls_with_the_outside_option(
    p: Parameters, one: float, other: float, affinity: float, option: float, peers: float
) -> None:
    low, high = sorted((one, other))

    def ready(trust: float, outside: float) -> float:
        return rules.participation_utility(p, trust, affinity, outside, peers, 0.0)

    assert ready(high, option) >= ready(low, option)
    assert ready(option, high) <= ready(option, low)


def test_dependence_does_not_enter_participation() -> None:
    imposed, draws = quiet(summit=1.0, dues=1.0), even_luck()
    seen = seen_nothing()
    rich, poor = member(dependence_initial=0.9), member(dependence_initial=0.1)
    one = order.transition(P, rich, imposed, draws, order.befall(P, rich, imposed, draws), seen)
    two = order.transition(P, poor, imposed, draws, order.befall(P, poor, imposed, draws), seen)
    assert one.dependence != two.dependence
    same = ("trust", "outside_option", "attended", "consented", "arrears", "frozen")
    assert all(getattr(one, name) == getattr(two, name) for name in same)


@given(parameters(), st.floats(-10.0, 10.0))
def test_documents_are_refused_before_a_summit_is_missed_and_dues_stop_last(
    p: Parameters, utility: float
) -> None:
    attend = rules.attendance_chance(utility)
    assert rules.consent_chance(p, utility, 1.0) <= attend
    assert rules.payment_chance(p, utility, 0.0, 0.0) >= attend


def test_peers_are_counted_among_those_who_remain() -> None:
    seen = records.NOTHING_SEEN._replace(member=0.5, takes_part=0.5)
    assert rules.peers_taking_part(seen) == 1.0
    assert rules.peers_taking_part(records.NOTHING_SEEN) == 1.0
    assert rules.peers_taking_part(seen._replace(takes_part=0.2)) == pytest.approx(0.4)


def test_a_frozen_member_does_not_attend() -> None:
    state = member(frozen=1.0, trust=1.0)
    after = step(state, quiet(summit=1.0), even_luck(attend=1e-9, thaw=1.0 - 1e-9))
    assert after.attended == 0.0
    assert records.takes_part(after) == 0.0


def test_a_thaw_gets_rarer_with_the_age_of_the_freeze() -> None:
    p = P._replace(thaw_entrenchment=0.5)
    hazards = [rules.thaw_log_hazard(p, 0.5, months, 600.0) for months in (0.0, 12.0, 48.0)]
    assert hazards[0] > hazards[1] > hazards[2]


def test_the_age_of_a_freeze_counts_months_and_ends_with_it() -> None:
    frozen = member(frozen=1.0, frozen_months=5.0)
    assert step(frozen, quiet(), even_luck(thaw=1.0 - 1e-9)).frozen_months == 6.0
    thawed = step(frozen, quiet(forced_freeze=0.0), even_luck())
    assert (thawed.frozen, thawed.frozen_months) == (0.0, 0.0)


def test_unpaid_dues_make_arrears_and_one_payment_settles_one_year() -> None:
    due = quiet(dues=1.0)
    unpaid = step(member(arrears=1.0), due._replace(forced_pay=0.0), even_luck())
    assert unpaid.arrears == 2.0
    assert step(member(arrears=1.0), due._replace(forced_pay=1.0), even_luck()).arrears == 1.0
    settled = step(member(arrears=2.0), quiet(forced_pay=1.0), even_luck())
    assert settled.arrears == 1.0
    still = step(member(arrears=2.0, frozen=1.0), quiet(forced_pay=1.0), even_luck(thaw=0.9999))
    assert still.arrears == 2.0


@given(parameters(bounds=True), SHARE, SHARE, SHARE, SHARE, SHARE)
def test_dependence_and_pressure_that_makes_it_felt_hold_a_member_in(
    p: Parameters, excess: float, one: float, other: float, trust: float, pressure: float
) -> None:
    low, high = sorted((one, other))

    def hazard(dependence: float, force: float) -> float:
        return rules.exit_log_hazard(p, 1.0, excess, dependence, trust, force, 0.0)

    assert hazard(high, pressure) <= hazard(low, pressure)
    assert hazard(one, pressure) <= hazard(one, 0.0)
    assert hazard(0.0, pressure) == hazard(0.0, 0.0), "nothing to make felt"


@given(parameters(bounds=True), SHARE, SHARE, SHARE)
def test_an_outside_option_tempts_a_member_only_as_far_as_it_exceeds_what_is_still_expected(
    p: Parameters, one: float, other: float, expectation: float
) -> None:
    low, high = sorted((one, other))

    def hazard(option: float) -> float:
        excess = rules.alternative(option, expectation)
        return rules.exit_log_hazard(p, 0.0, excess, 0.5, 0.5, 0.0, 0.0)

    assert hazard(high) >= hazard(low)
    if high <= expectation:
        assert hazard(high) == hazard(low) == hazard(0.0)
    if p.exit_hedging * (high - max(low, expectation)) > 1e-6:
        assert hazard(high) > hazard(low)


def test_pressure_in_force_holds_a_dependent_member_in() -> None:
    state = member(dependence_initial=0.9, frozen=1.0, trust=0.5)
    p = P._replace(exit_base=2.0, exit_dependence=4.0, exit_pressure=2.0, pressure_cost=0.0)
    seen, luck_at = seen_nothing(), even_luck(thaw=0.9999, exit=0.05)

    def leaves(pressure: float) -> bool:
        imposed = quiet(pressure=pressure, bandwidth=0.0, notice_period=6.0)
        own = order.befall(p, state, imposed, luck_at)
        after = order.transition(p, state, imposed, luck_at, own, seen)
        return after.membership == records.NOTICE

    assert leaves(0.0)
    assert not leaves(1.0)


def test_notice_runs_its_months_before_a_member_is_out() -> None:
    state = step(member(), quiet(forced_exit=1.0, notice_period=3.0), even_luck())
    assert (state.membership, state.notice_left) == (records.NOTICE, 3.0)
    standings = []
    for _ in range(3):
        state = step(state, quiet(notice_period=3.0), even_luck())
        standings.append(state.membership)
    assert standings == [records.NOTICE, records.NOTICE, records.WITHDRAWN]


def test_without_a_notice_period_withdrawal_is_immediate() -> None:
    state = step(member(), quiet(forced_exit=1.0, notice_period=0.0), even_luck())
    assert state.membership == records.WITHDRAWN


# The alliance's answer


def test_the_vote_is_suspended_only_for_arrears_and_returns_when_they_are_paid() -> None:
    firm = quiet(enforcement=1.0, suspension_arrears=2.0)
    lucky = even_luck(suspend=1e-9)
    assert step(member(arrears=1.0), firm, lucky).suspended == 0.0
    suspended = step(member(arrears=2.0), firm, lucky)
    assert suspended.suspended == 1.0
    assert step(suspended, quiet(), even_luck(settle=0.9999)).suspended == 1.0
    paid = step(suspended._replace(arrears=1.0), quiet(forced_pay=1.0), even_luck())
    assert (paid.arrears, paid.suspended) == (0.0, 0.0)


def test_a_member_can_be_frozen_and_suspended_at_once() -> None:
    state = member(frozen=1.0, arrears=3.0, grievance=0.0)
    firm = quiet(enforcement=0.5, suspension_arrears=2.0)
    after = step(state, firm, even_luck(suspend=1e-9, thaw=0.9999))
    assert (after.frozen, after.suspended, after.membership) == (1.0, 1.0, records.IN)


def test_nobody_is_expelled_while_the_alliance_acquiesces() -> None:
    for enforcement in (0.0, 0.3, 0.5):
        assert rules.expulsion_chance(P, 10.0, 3.0, 1.0, enforcement) == 0.0
    assert rules.expulsion_chance(P, 10.0, 3.0, 0.0, 1.0) > 0.0
    assert rules.expulsion_chance(P, 0.0, 3.0, 0.0, 1.0) == 0.0
    assert rules.expulsion_chance(P, 0.0, 3.0, 0.7, 1.0) > 0.0


@pytest.mark.parametrize(
    ("forced", "field", "value"),
    [
        ({"forced_attend": 0.0, "summit": 1.0}, "attended", 0.0),
        ({"forced_attend": 1.0, "summit": 1.0}, "attended", 1.0),
        ({"forced_consent": 0.0, "summit": 1.0}, "consented", 0.0),
        ({"forced_consent": 1.0, "summit": 1.0}, "consented", 1.0),
        ({"forced_freeze": 1.0}, "frozen", 1.0),
        ({"forced_freeze": 0.0}, "frozen", 0.0),
        ({"forced_suspend": 1.0}, "suspended", 1.0),
        ({"forced_suspend": 0.0}, "suspended", 0.0),
        ({"forced_expel": 1.0}, "membership", records.EXPELLED),
        ({"forced_exit": 1.0}, "membership", records.NOTICE),
        ({"forced_exit": 0.0}, "membership", records.IN),
        ({"forced_government": 1.0}, "tenure", 0.0),
        ({"forced_government": 0.0}, "tenure", 61.0),
    ],
)
def test_forced_decisions_are_taken_whatever_the_luck(
    forced: dict[str, float], field: str, value: float
) -> None:
    for u in (1e-9, 1.0 - 1e-9):
        after = step(member(), quiet(**forced), even_luck(**dict.fromkeys(DECIDED, u)))
        assert getattr(after, field) == value


# Cohesion and end states


ONES = cohesion.Cohesion(1.0, 1.0, 1.0, 1.0, 1.0, 1.0)
WEIGHTED = st.tuples(states(), st.floats(0.01, 100.0))
WEIGHTS = st.tuples(*[st.floats(0.0, 10.0)] * 6).filter(lambda w: sum(w) > 0.01)


def components_of(*members: tuple[records.State, float]) -> cohesion.Cohesion:
    sums = cohesion.EMPTY_TALLY
    for state, weight in members:
        sums = cohesion.tally(sums, state, weight)
    return cohesion.cohesion(sums)


def index_of(members: list[tuple[records.State, float]], weights: cohesion.Cohesion) -> float:
    return cohesion.cohesion_index(components_of(*members), weights)


def test_cohesion_of_a_perfect_alliance_is_one_and_of_none_is_zero() -> None:
    perfect = member(trust=1.0, delivered=1.0, affinity=0.3)
    assert components_of(*[(perfect, 1.0)] * 3) == pytest.approx((1.0,) * 6)
    gone = components_of((perfect._replace(membership=records.EXPELLED), 1.0))
    assert gone == (0.0,) * 6
    assert math.isnan(cohesion.among_those_who_stay(cohesion.cohesion_index(gone, ONES), 0.0))


def test_a_client_that_has_left_contributes_nothing_to_any_component() -> None:
    stays = member(trust=0.8, delivered=0.5)
    gone = member(trust=1.0, delivered=1.0, membership=records.WITHDRAWN)
    assert components_of((stays, 1.0), (gone, 1.0)) == (0.5, 0.5, 0.4, 0.25, 0.5, 0.5)


@given(st.lists(WEIGHTED, min_size=1, max_size=6))
def test_components_of_cohesion_are_shares(members: list[tuple[records.State, float]]) -> None:
    components = components_of(*members)
    assert all(-CLOSE <= value <= 1.0 + CLOSE for value in components)
    index = cohesion.cohesion_index(components, ONES)
    assert min(components) - CLOSE <= index <= max(components) + CLOSE
    only_trust = cohesion.Cohesion(0.0, 0.0, 2.0, 0.0, 0.0, 0.0)
    assert cohesion.cohesion_index(components, only_trust) == pytest.approx(components.trust)


@given(st.lists(WEIGHTED, min_size=1, max_size=6), WEIGHTS, st.integers(0, 5))
def test_losing_a_member_never_raises_cohesion_with_all_else_the_same(
    members: list[tuple[records.State, float]], weights: tuple[float, ...], place: int
) -> None:
    weighed = cohesion.Cohesion(*weights)
    state, weight = members[place % len(members)]
    smaller = list(members)
    for way in (records.WITHDRAWN, records.EXPELLED):
        smaller[place % len(members)] = (state._replace(membership=way), weight)
        assert index_of(smaller, weighed) <= index_of(members, weighed) + CLOSE
        fewer = zip(components_of(*smaller), components_of(*members), strict=True)
        assert all(after <= before + CLOSE for after, before in fewer)


def test_losing_the_one_that_stands_apart_does_not_count_as_unity() -> None:
    loyal, unwilling = member(affinity=1.0), member(affinity=0.0)
    before = components_of(*[(loyal, 1.0)] * 4, (unwilling, 1.0))
    gone = unwilling._replace(membership=records.EXPELLED)
    after = components_of(*[(loyal, 1.0)] * 4, (gone, 1.0))
    assert before.unity == pytest.approx(0.2)
    assert after.unity == pytest.approx(0.2 * 0.8)


@given(st.lists(WEIGHTED, min_size=1, max_size=6), WEIGHTS)
def test_cohesion_among_those_who_stay_has_means_over_them_and_all_of_membership(
    members: list[tuple[records.State, float]], weights: tuple[float, ...]
) -> None:
    components = components_of(*members)
    index = cohesion.cohesion_index(components, cohesion.Cohesion(*weights))
    found = cohesion.among_those_who_stay(index, components.membership)
    staying = [(s, w) for s, w in members if records.is_member(s)]
    assert math.isnan(found) == (not staying)
    if staying:
        size = sum(w for _, w in staying)
        everybody = [(s._replace(membership=records.IN), w) for s, w in members]
        means = cohesion.Cohesion(
            sum(w * records.takes_part(s) for s, w in staying) / size,
            sum(w * records.is_paid_up(s) for s, w in staying) / size,
            sum(w * s.trust for s, w in staying) / size,
            sum(w * s.delivered for s, w in staying) / size,
            components_of(*everybody).unity,
            1.0,
        )
        by_hand = cohesion.cohesion_index(means, cohesion.Cohesion(*weights))
        assert found == pytest.approx(by_hand, abs=1e-9)
        assert index <= found <= 1.0


@given(
    st.lists(WEIGHTED, min_size=1, max_size=6).flatmap(
        lambda members: st.tuples(st.just(members), st.permutations(members))
    )
)
def test_the_order_of_the_clients_makes_no_difference_to_cohesion(
    orders: tuple[list[tuple[records.State, float]], list[tuple[records.State, float]]],
) -> None:
    one, other = orders
    assert components_of(*one) == pytest.approx(components_of(*other), abs=1e-6)


@given(st.lists(WEIGHTED, min_size=1, max_size=6), SHARE)
def test_outside_options_do_not_enter_cohesion(
    members: list[tuple[records.State, float]], option: float
) -> None:
    hedged = [(state._replace(outside_option=option), weight) for state, weight in members]
    assert components_of(*hedged) == components_of(*members)


@pytest.mark.parametrize(
    ("taking_part", "members", "clients", "name"),
    [
        (1, 5, 5, "dissolved"),
        (0, 0, 5, "dissolved"),
        (2, 4, 5, "hollow"),
        (2, 5, 5, "hollow"),
        (3, 4, 5, "smaller"),
        (4, 4, 5, "smaller"),
        (4, 5, 5, "ambivalent"),
        (5, 5, 5, "restored"),
    ],
)
def test_the_first_end_state_that_applies_is_given(
    taking_part: int, members: int, clients: int, name: str
) -> None:
    code = cohesion.end_state(float(taking_part), float(members), float(clients))
    assert cohesion.END_STATES[code] == name
