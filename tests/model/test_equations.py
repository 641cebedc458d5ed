"""The equations of docs/model.md, written a second time with the math module, against the rules."""

from __future__ import annotations

from math import exp, sqrt
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conftest import SHARE, drivers, luck, parameters, signals, states
from foedus.model import cohesion, order, records, rules

if TYPE_CHECKING:
    from foedus.model.draws import Draws
    from foedus.model.parameters import Parameters

NEAR: dict[str, Any] = {"rel": 1e-9, "abs": 1e-12}
FLAGS = st.sampled_from([0.0, 1.0])
ODDS = st.floats(-8.0, 8.0)


def logistic(x: float) -> float:
    return 1 / (1 + exp(-x))


def monthly(hazard: float) -> float:
    return 1 - exp(-hazard / 12)


@given(parameters(), SHARE, SHARE, FLAGS)
def test_mechanism_3_support(p: Parameters, k: float, ties: float, takes_part: float) -> None:
    odds = (
        p.answer_base
        + p.answer_bandwidth * (k - 0.5)
        - p.answer_adversary_ties * ties
        - p.answer_participation * (1 - takes_part)
    )
    assert rules.support_chance(p, k, ties, takes_part) == pytest.approx(logistic(odds), **NEAR)


@given(parameters(), SHARE, SHARE, SHARE)
def test_mechanisms_4_and_5_trust(p: Parameters, tau: float, gain: float, loss: float) -> None:
    own = tau + p.trust_gain * gain * (1 - tau) - p.trust_loss * loss * tau
    seen = tau + p.contagion * (p.trust_gain * gain * (1 - tau) - p.trust_loss * loss * tau)
    assert rules.experienced_trust(p, tau, gain, loss) == pytest.approx(own, **NEAR)
    assert rules.witnessed_trust(p, tau, gain, loss) == pytest.approx(seen, **NEAR)


@given(parameters(), SHARE, SHARE, SHARE)
def test_mechanism_2_fighting_between_members_and_4_what_it_costs(
    p: Parameters, dispute: float, tau: float, before: float
) -> None:
    chance = monthly(p.clash_rate * dispute)
    assert rules.clash_chance(p, dispute) == pytest.approx(chance, **NEAR)
    cost = p.clash_cost * tau
    assert rules.clashed_trust(p, tau, 1.0) == pytest.approx(tau - cost, **NEAR)
    rested = tau + p.trust_recovery * (before - tau) / 12
    assert rules.rested_trust(p, tau, before) == pytest.approx(rested, **NEAR)


@given(parameters(), SHARE, SHARE, st.floats(-6.3, 6.3))
def test_mechanism_15_governments(p: Parameters, chance: float, affinity: float, z: float) -> None:
    kept = (1 - chance) * exp(-p.government_rate / 12)
    assert rules.government_chance(p, chance) == pytest.approx(1 - kept, **NEAR)
    for successor, middle in ((records.FREE, affinity), (chance, chance)):
        expected = min(1.0, max(0.0, middle + p.government_spread * z))
        found = rules.succeeding_affinity(p, affinity, successor, z)
        assert found == pytest.approx(expected, **NEAR)


@given(parameters(), SHARE, st.floats(-6.3, 6.3))
def test_mechanism_4_noise(p: Parameters, tau: float, z: float) -> None:
    expected = tau + p.trust_noise * z / sqrt(12) * tau * (1 - tau)
    assert rules.disturbed_trust(p, tau, z) == pytest.approx(expected, **NEAR)


@given(parameters(), SHARE, SHARE, SHARE)
def test_mechanism_6_expectation(p: Parameters, e: float, support: float, initial: float) -> None:
    revised = e + p.expectation_learning * 0.7 * (support - 1.0 * e)
    assert rules.revised_expectation(p, e, 1.0, support, 0.7) == pytest.approx(revised, **NEAR)
    recovered = e + p.expectation_recovery / 12 * (initial - e)
    assert rules.recovered_expectation(p, e, initial) == pytest.approx(recovered, **NEAR)


@given(parameters(), SHARE, SHARE, SHARE, SHARE)
def test_mechanism_7_pressure_and_restraint(
    p: Parameters, tau: float, conduct: float, before: float, e: float
) -> None:
    pressed = tau - p.pressure_cost * conduct * tau / 12
    assert rules.pressured_trust(p, tau, conduct) == pytest.approx(pressed, **NEAR)
    goal = p.repair_anchor * before + (1 - p.repair_anchor) * e
    repaired = tau + p.repair_rate * conduct * max(0.0, goal - tau) / 12
    assert rules.repaired_trust(p, tau, conduct, before, e) == pytest.approx(repaired, **NEAR)


@given(parameters(), SHARE, SHARE, SHARE, SHARE, SHARE)
def test_mechanism_8_outside_option(
    p: Parameters, h: float, offer: float, lost: float, k: float, clash: float
) -> None:
    believed = p.partner_credibility * offer * (1 - clash)
    growth = (p.hedging_outreach * believed + p.hedging_distrust * lost) * (1 - h)
    growth *= 1 - p.hedging_deterrence * k
    expected = h + (growth - p.hedging_decay * (1 - believed) * h) / 12
    assert rules.hedged_option(p, h, offer, lost, k, clash) == pytest.approx(expected, **NEAR)


@given(parameters(), SHARE, SHARE, SHARE)
def test_mechanism_9_erosion(p: Parameters, z: float, offer: float, clash: float) -> None:
    believed = p.partner_credibility * offer * (1 - clash)
    expected = z + p.dependence_erosion * believed * (1 - z) / 12
    assert rules.eroded_dependence(p, z, offer, clash) == pytest.approx(expected, **NEAR)


@given(parameters(), SHARE, SHARE, SHARE, SHARE, st.floats(-2.0, 2.0))
def test_mechanism_10_readiness(
    p: Parameters, tau: float, affinity: float, h: float, peers: float, eps: float
) -> None:
    expected = (
        p.participation_base
        + p.participation_trust * (tau - 0.5)
        + p.participation_affinity * (affinity - 0.5)
        - p.participation_hedging * h
        + p.participation_peers * (peers - 1)
        + eps
    )
    ready = rules.participation_utility(p, tau, affinity, h, peers, eps)
    assert ready == pytest.approx(expected, **NEAR)


@given(parameters(), ODDS, FLAGS, SHARE, st.integers(0, 240), st.integers(0, 240))
def test_mechanism_10_decisions(
    p: Parameters, v: float, flag: float, n: float, months: int, tenure: int
) -> None:
    assert rules.attendance_chance(v) == pytest.approx(logistic(v), **NEAR)
    consent = logistic(v - p.refusal_margin) if flag else logistic(p.absent_consent)
    assert rules.consent_chance(p, v, flag) == pytest.approx(consent, **NEAR)
    paid = logistic(v + p.dues_margin - p.frozen_default * flag + p.dues_enforcement * n)
    assert rules.payment_chance(p, v, flag, n) == pytest.approx(paid, **NEAR)
    settled = monthly(p.settlement_rate * logistic(v + p.dues_margin))
    assert rules.settlement_chance(p, logistic(v + p.dues_margin)) == pytest.approx(settled, **NEAR)
    window = p.government_window if tenure < 24 else 0
    freezes = p.freeze_base - p.freeze_slope * v + window
    assert rules.freeze_log_hazard(p, v, float(tenure)) == pytest.approx(freezes, **NEAR)
    entrenched = p.thaw_entrenchment * min(months, tenure) / 12
    thaws = p.thaw_base + p.thaw_slope * v - entrenched + window
    found = rules.thaw_log_hazard(p, v, float(months), float(tenure))
    assert found == pytest.approx(thaws, **NEAR)


@given(parameters(), st.sampled_from([0.0, 1.0, 2.0]), SHARE, SHARE, SHARE, SHARE, SHARE, SHARE)
def test_mechanism_11_exit(
    p: Parameters,
    limbo: float,
    h: float,
    e: float,
    d: float,
    tau: float,
    pressure: float,
    gone: float,
) -> None:
    log_hazard = (
        p.exit_base
        + p.exit_limbo * limbo
        + p.exit_hedging * max(0.0, h - e)
        + p.exit_distrust * (1 - 2 * tau)
        - p.exit_dependence * d * (1 + p.exit_pressure * pressure)
        + p.exit_contagion * gone
    )
    found = rules.exit_log_hazard(p, limbo, rules.alternative(h, e), d, tau, pressure, gone)
    assert found == pytest.approx(log_hazard, **NEAR)


@given(parameters(), SHARE, SHARE, SHARE)
def test_mechanism_11_common_luck(p: Parameters, own: float, common: float, u: float) -> None:
    assert rules.exit_luck(p, own, common, u) == (common if u < p.exit_together else own)


@given(parameters(), st.integers(0, 6), SHARE, SHARE)
def test_mechanism_12_the_alliances_answer(
    p: Parameters, arrears: int, grievance: float, n: float
) -> None:
    suspended = monthly(p.suspension_rate * n) if arrears >= 2 else 0.0
    assert rules.suspension_chance(p, float(arrears), 2.0, n) == pytest.approx(suspended, **NEAR)
    case = 1.0 if arrears >= 3 else grievance
    expelled = monthly(p.expulsion_rate * max(0.0, 2 * n - 1) * case)
    chance = rules.expulsion_chance(p, float(arrears), 3.0, grievance, n)
    assert chance == pytest.approx(expelled, **NEAR)


@given(parameters(), SHARE, FLAGS, FLAGS, SHARE, SHARE)
def test_mechanism_13_ledger(
    p: Parameters, g: float, absent: float, default: float, patience: float, pressure: float
) -> None:
    after = g + p.grievance_absence * absent * (1 - g)
    after = after + p.grievance_default * default * (1 - after)
    assert rules.stored_grievance(p, g, absent, default) == pytest.approx(after, **NEAR)
    worn = patience - p.pressure_fatigue * pressure / 12 * patience
    assert rules.worn_patience(p, patience, pressure, 0.0) == pytest.approx(worn, **NEAR)


@given(st.lists(st.tuples(SHARE, st.floats(0.1, 10.0), st.booleans()), min_size=1, max_size=6))
def test_mechanism_14_unity_is_one_minus_twice_the_spread_of_closeness_times_the_share_kept(
    clients: list[tuple[float, float, bool]],
) -> None:
    sums = cohesion.EMPTY_TALLY
    blank = records.State(*([0.0] * len(records.State._fields)))
    for a, weight, left in clients:
        membership = records.WITHDRAWN if left else records.IN
        sums = cohesion.tally(sums, blank._replace(affinity=a, membership=membership), weight)
    total = sum(weight for _, weight, _ in clients)
    kept = sum(weight for _, weight, left in clients if not left) / total
    mean = sum(a * weight for a, weight, _ in clients) / total
    variance = sum(weight * (a - mean) ** 2 for a, weight, _ in clients) / total
    unity = (1 - 2 * sqrt(variance)) * kept
    assert cohesion.cohesion(sums).unity == pytest.approx(unity, abs=1e-6)


# The month as a whole, in the order of docs/model.md section 3


def reference_signals(
    p: Parameters, s: records.State, d: records.Drivers, luck: Draws
) -> dict[str, float]:
    """What befalls a member, written a second time."""
    part = float(s.membership < 2 and not s.frozen and s.attended == 1)
    crisis = 1.0 if d.crisis_scripted else float(luck.crisis < monthly(s.threat * d.threat))
    odds = p.answer_base + p.answer_bandwidth * (d.bandwidth - 0.5)
    odds -= p.answer_adversary_ties * (d.ties_keep * s.adversary_ties + d.ties_set)
    odds -= p.answer_participation * (1 - part)
    support = float(luck.answer < logistic(odds))
    if d.crisis_scripted and d.support_scripted >= 0:
        support = d.support_scripted
    called = d.accounting * s.grievance * max(0.0, 2 * d.bandwidth - 1)
    patience = 0.0 if part else s.patience
    kept = d.pressure * (1 - d.adaptive * (1 - patience))
    dropped = d.pressure * d.adaptive * (1 - patience)
    return {
        "crisis": crisis,
        "support": crisis * support,
        "gain": crisis * support,
        "loss": crisis * max(0.0, s.expectation - support),
        "pressure": max(d.confrontation, kept + called * (1 - kept)),
        "restraint": (d.restraint + dropped * (1 - d.restraint))
        * (1 - called)
        * (1 - d.confrontation),
        "enforcement": d.enforcement + called * (1 - d.enforcement),
        "takes_part": part,
        "member": 1.0,
        "clash": 1.0 if d.clash_scripted else float(luck.clash < monthly(p.clash_rate * d.dispute)),
    }


def reference_month(
    p: Parameters,
    s: records.State,
    d: records.Drivers,
    luck: Draws,
    own: records.Signals,
    seen: records.Signals,
) -> dict[str, float]:
    """A member's month, written a second time."""

    def decide(forced: float, u: float, chance: float) -> float:
        return forced if forced >= 0 else float(u < chance)

    def cut(x: float) -> float:
        return min(1.0, max(0.0, x))

    n = s._asdict()
    kappa = p.contagion
    tau = s.trust
    tau += p.trust_gain * own.gain * (1 - tau) - p.trust_loss * own.loss * tau
    tau -= p.clash_cost * own.clash * tau
    tau += kappa * (p.trust_gain * seen.gain * (1 - tau) - p.trust_loss * seen.loss * tau)
    tau -= p.pressure_cost * own.pressure * tau / 12
    tau -= p.pressure_cost * kappa * seen.pressure * tau / 12
    goal = p.repair_anchor * s.trust_before + (1 - p.repair_anchor) * s.expectation
    tau += p.repair_rate * own.restraint * max(0.0, goal - tau) / 12
    tau += p.trust_recovery * (s.trust_before - tau) / 12
    n["trust"] = tau = cut(tau + p.trust_noise * luck.trust / sqrt(12) * tau * (1 - tau))
    e = cut(s.expectation + p.expectation_learning * (own.support - own.crisis * s.expectation))
    e = cut(e + p.expectation_learning * kappa * (seen.support - seen.crisis * e))
    n["expectation"] = e + p.expectation_recovery / 12 * (s.expectation_initial - e)
    falls = 1 - (1 - d.election) * exp(-p.government_rate / 12)
    changed = decide(d.forced_government, luck.government, falls)
    if d.affinity_change:
        n["affinity"], changed = cut(s.affinity + d.affinity_change), 1.0
    elif changed:
        middle = d.successor if d.successor >= 0 else s.affinity
        n["affinity"] = cut(middle + p.government_spread * luck.successor)
    n["tenure"] = 0.0 if changed else s.tenure + 1
    window = p.government_window * float(n["tenure"] < 24)
    trusting = p.partner_credibility * (1 - d.confrontation)
    offer = trusting * d.partner_security
    pull = p.hedging_outreach * offer + p.hedging_distrust * max(0.0, s.trust_before - tau)
    growth = pull * (1 - s.outside_option) * (1 - p.hedging_deterrence * d.bandwidth)
    decay = p.hedging_decay * (1 - offer) * s.outside_option
    n["outside_option"] = h = cut(s.outside_option + (growth - decay) / 12)
    eaten = p.dependence_erosion * trusting * d.partner_economy * (1 - s.erosion) / 12
    n["erosion"] = s.erosion + eaten
    path = d.dependence_keep * s.dependence_initial + d.dependence_set
    n["dependence"] = dep = cut(path * (1 - n["erosion"]))
    peers = cut(seen.takes_part / seen.member) if seen.member > 0 else 1.0
    v = p.participation_base + p.participation_trust * (tau - 0.5)
    v += p.participation_affinity * (n["affinity"] - 0.5) - p.participation_hedging * h
    v += p.participation_peers * (peers - 1) + s.disposition
    if d.summit:
        attends = logistic(v) * (1 - s.frozen)
        n["attended"] = decide(d.forced_attend, luck.attend, attends)
        consent = logistic(v - p.refusal_margin) if n["attended"] else logistic(p.absent_consent)
        n["consented"] = decide(d.forced_consent, luck.consent, consent)
    default, enforced = 0.0, p.dues_enforcement * own.enforcement
    if d.dues:
        pays = logistic(v + p.dues_margin - p.frozen_default * s.frozen + enforced)
        default = 1 - decide(d.forced_pay, luck.pay, pays)
        n["arrears"] = s.arrears + default
    elif s.arrears > 0 and not s.frozen:
        settles = monthly(p.settlement_rate * logistic(v + p.dues_margin + enforced))
        n["arrears"] = max(0.0, s.arrears - decide(d.forced_pay, luck.settle, settles))
    if s.frozen:
        entrenched = p.thaw_entrenchment * min(s.frozen_months, n["tenure"]) / 12
        log_hazard = p.thaw_base + p.thaw_slope * v - entrenched + window
        free = d.forced_freeze < 0
        thaw = decide(-1 if free else 1 - d.forced_freeze, luck.thaw, monthly(exp(log_hazard)))
        n["frozen"] = 1 - thaw
        n["frozen_months"] = 0.0 if thaw else s.frozen_months + 1
    else:
        freezes = monthly(exp(p.freeze_base - p.freeze_slope * v + window))
        n["frozen"], n["frozen_months"] = decide(d.forced_freeze, luck.freeze, freezes), 0.0
    if s.membership == records.IN:
        log_hazard = p.exit_base + p.exit_limbo * (n["frozen"] + s.suspended)
        log_hazard += p.exit_hedging * max(0.0, h - n["expectation"])
        log_hazard += p.exit_distrust * (1 - 2 * tau)
        log_hazard -= p.exit_dependence * dep * (1 + p.exit_pressure * own.pressure)
        log_hazard += p.exit_contagion * cut(1 - seen.member)
        u = luck.together if luck.shared < p.exit_together else luck.exit
        if decide(d.forced_exit, u, monthly(exp(log_hazard))):
            n["membership"] = records.NOTICE if d.notice_period else records.WITHDRAWN
            n["notice_left"] = d.notice_period
    elif s.notice_left > 1:
        n["notice_left"] = s.notice_left - 1
    else:
        n["membership"], n["notice_left"] = records.WITHDRAWN, 0.0
    allowed = n["arrears"] >= d.suspension_arrears
    suspends = monthly(p.suspension_rate * own.enforcement) if allowed else 0.0
    if d.forced_suspend >= 0:
        n["suspended"] = d.forced_suspend
    elif n["arrears"] <= 0:
        n["suspended"] = 0.0
    elif not s.suspended:
        n["suspended"] = float(luck.suspend < suspends)
    case = 1.0 if n["arrears"] >= d.expulsion_arrears else s.grievance
    expels = monthly(p.expulsion_rate * max(0.0, 2 * own.enforcement - 1) * case)
    if n["membership"] < records.WITHDRAWN and decide(d.forced_expel, luck.expel, expels):
        n["membership"], n["notice_left"] = records.EXPELLED, 0.0
    n["delivered"] = own.support if own.crisis else s.delivered
    absence = d.summit * (1 - n["attended"])
    g = s.grievance + p.grievance_absence * absence * (1 - s.grievance)
    n["grievance"] = g + p.grievance_default * default * (1 - g)
    worn = s.patience - p.pressure_fatigue * own.pressure / 12 * s.patience
    here = s.membership < 2 and not s.frozen and s.attended == 1
    n["patience"] = 1.0 if here else worn
    return n


@settings(max_examples=400)
@given(parameters(), states(), drivers(), luck(), signals())
def test_a_whole_month_is_that_of_the_documentation(
    p: Parameters,
    state: records.State,
    imposed: records.Drivers,
    draws: Draws,
    seen: records.Signals,
) -> None:
    own = order.befall(p, state, imposed, draws)
    assert own._asdict() == pytest.approx(reference_signals(p, state, imposed, draws), **NEAR)
    after = order.transition(p, state, imposed, draws, own, seen)
    expected = reference_month(p, state, imposed, draws, own, seen)
    assert after._asdict() == pytest.approx(expected, **NEAR)
