"""The mechanisms of the model, and the order of the month.

Read from top to bottom like the methods section of a paper. Every rule is a pure function of
numbers; the rules stand under the mechanism that they belong to. :func:`befall` and
:func:`transition` put them in the order of a month, and every engine calls these two. Rates and
hazards are per year and converted here, by :data:`MONTH`. References to the calibrating article
read section.paragraph.

What a member is (:class:`State`) stands in ``records.py``. Mechanism 1 (the levers take this
month's values) is :class:`Drivers`, made by ``cases/schedule.py``.
"""

from math import sqrt

from foedus.model.draws import Draws
from foedus.model.elementary import MONTH, exp, logistic, monthly_chance, positive, share
from foedus.model.parameters import Parameters
from foedus.model.records import (
    EXPELLED,
    FREE,
    IN,
    NOTHING_SEEN,
    NOTICE,
    WITHDRAWN,
    Drivers,
    Signals,
    State,
    is_member,
    takes_part,
)


def decide(forced: float, luck: float, chance: float) -> float:
    """Take a decision: as forced by the scenario, else yes (1) if luck falls below the chance.

    ``forced`` below 0 leaves the decision free; ``luck`` is uniform on (0, 1).
    """
    if forced >= 0.0:
        return forced
    return 1.0 if luck < chance else 0.0


# ---------------------------------------------------------------------------------------------
# 2. Crises


def crisis_chance(threat: float, multiplier: float) -> float:
    """Chance of a crisis in a month, 1 - exp(-lambda m / 12); lambda a year, m the multiplier."""
    return monthly_chance(threat * multiplier)


def normalised_threat(multiplier: float, threatened_share: float, normalisation: float) -> float:
    """Threat multiplier after one adversary has normalised: m (1 - share x normalisation) (IV.4).

    ``threatened_share`` is the share of the member's threat that this adversary makes up.
    """
    return multiplier * (1.0 - threatened_share * normalisation)


# ---------------------------------------------------------------------------------------------
# 3. The patron's answer


def support_chance(
    p: Parameters, bandwidth: float, adversary_ties: float, participation: float
) -> float:
    """Chance that the patron helps: logistic(q0 + qk (k - 1/2) - qv ties - qb (1 - takes part)).

    Source: II.2, IV.2; Morrow 2000 (Annual Review of Political Science 3:63-83) on the costs of
    honouring an alliance.
    """
    return logistic(
        p.answer_base
        + p.answer_bandwidth * (bandwidth - 0.5)
        - p.answer_adversary_ties * adversary_ties
        - p.answer_participation * (1.0 - participation)
    )


def answer_chance(p: Parameters, state: State, drivers: Drivers) -> float:
    """Chance that the patron helps a member this month, whether or not a crisis falls in it."""
    ties = drivers.ties_keep * state.adversary_ties + drivers.ties_set
    return support_chance(p, drivers.bandwidth, ties, takes_part(state))


# ---------------------------------------------------------------------------------------------
# 4.-5. Trust, from experience and by contagion


def experienced_trust(p: Parameters, trust: float, gain: float, loss: float) -> float:
    """Trust after one's own crisis: + alpha+ (delta - e)+ (1 - tau) - alpha- (e - delta)+ tau.

    Source: Slovic 1993 for the asymmetry; Kydd 2005 for trust between states.
    """
    return trust + p.trust_gain * gain * (1.0 - trust) - p.trust_loss * loss * trust


def witnessed_trust(p: Parameters, trust: float, gain: float, loss: float) -> float:
    """Trust after what befell others: the same rule, scaled by kappa.

    ``gain`` and ``loss`` are attention-weighted sums of the victims' surprises. Source: IV.2;
    Crescenzi et al. 2012 on alliance reputation.
    """
    return experienced_trust(p, trust, p.contagion * gain, p.contagion * loss)


def disturbed_trust(p: Parameters, trust: float, shock: float) -> float:
    """Trust after a month of events outside the model: + sigma z / sqrt(12) tau (1 - tau).

    ``shock`` is standard normal; at the bounds trust no longer moves, so it stays in 0..1.
    """
    return trust + p.trust_noise * shock * sqrt(MONTH) * trust * (1.0 - trust)


# ---------------------------------------------------------------------------------------------
# 6. Security expectation


def revised_expectation(
    p: Parameters, expectation: float, crisis: float, support: float, weight: float
) -> float:
    """Expected support moves to what was delivered: e + eta weight (support - crisis e).

    ``crisis`` and ``support`` are the member's own (weight 1) or the attention-weighted sums over
    the others (weight kappa).
    """
    return share(expectation + p.expectation_learning * weight * (support - crisis * expectation))


def recovered_expectation(p: Parameters, expectation: float, initial: float) -> float:
    """Between crises expectation returns to its initial value at rate rho a year."""
    return expectation + p.expectation_recovery * MONTH * (initial - expectation)


# ---------------------------------------------------------------------------------------------
# 7. Pressure and restraint


def pressured_trust(p: Parameters, trust: float, pressure: float) -> float:
    """Trust under a month of pressure: tau - pi pressure tau / 12 (assumed; III.1: it failed).

    Pressure on others is felt in the same way, scaled by kappa.
    """
    return trust - p.pressure_cost * pressure * MONTH * trust


def repaired_trust(
    p: Parameters, trust: float, restraint: float, trust_before: float, expectation: float
) -> float:
    """Trust under a month of restraint: + rr r (c tau0 + (1 - c) e - tau)+ / 12.

    With c = 1 restraint repairs trust up to its level before the rift, with c = 0 only up to the
    support that is expected if attacked; the record does not tell which (III.1, V.1).
    """
    goal = p.repair_anchor * trust_before + (1.0 - p.repair_anchor) * expectation
    return trust + p.repair_rate * restraint * MONTH * positive(goal - trust)


# ---------------------------------------------------------------------------------------------
# 8. Outside option


def pooled_offer(pooled: float, outreach: float, offer: float, credibility: float) -> float:
    """Add one partner's offer to those of the others: 1 - (1 - pooled)(1 - w offer credibility).

    Offers overlap, so the pool saturates at 1. Source: IV.3, IV.4.
    """
    return 1.0 - (1.0 - pooled) * (1.0 - outreach * offer * credibility)


def hedged_option(
    p: Parameters,
    option: float,
    offer: float,
    lost_trust: float,
    bandwidth: float,
    confrontation: float,
) -> float:
    """Outside option after a month.

    dh/dt = (gw W + gt lost trust)(1 - h)(1 - psi k) - gd (1 - W) h, with W the believed offer
    cw x offer x (1 - confrontation) and k the patron's bandwidth: a patron with its hands free can
    punish hedging. Source: III.2, IV.3, IV.4.
    """
    believed = p.partner_credibility * offer * (1.0 - confrontation)
    pull = p.hedging_outreach * believed + p.hedging_distrust * lost_trust
    growth = pull * (1.0 - option) * (1.0 - p.hedging_deterrence * bandwidth)
    decay = p.hedging_decay * (1.0 - believed) * option
    return share(option + (growth - decay) * MONTH)


# ---------------------------------------------------------------------------------------------
# 9. Economic dependence


def eroded_dependence(p: Parameters, erosion: float, offer: float, confrontation: float) -> float:
    """Share of dependence eaten away: + dw x believed offer x (1 - erosion) / 12 (III.3)."""
    believed = p.partner_credibility * offer * (1.0 - confrontation)
    return erosion + p.dependence_erosion * believed * MONTH * (1.0 - erosion)


def traded_dependence(initial: float, keep: float, set_to: float, erosion: float) -> float:
    """Dependence on the scenario's trade path: (keep x initial + set)(1 - erosion) (III.3)."""
    return share((keep * initial + set_to) * (1.0 - erosion))


# ---------------------------------------------------------------------------------------------
# 10. Participation


def participation_utility(
    p: Parameters,
    trust: float,
    affinity: float,
    option: float,
    peers_taking_part: float,
    disposition: float,
) -> float:
    """Readiness to take part, in log-odds.

    V = b0 + bt (tau - 1/2) + ba (affinity - 1/2) - bh h + bp (peers taking part - 1) + eps.
    Economic dependence is not in it: security and economy run on separate tracks (III.3).
    """
    return (
        p.participation_base
        + p.participation_trust * (trust - 0.5)
        + p.participation_affinity * (affinity - 0.5)
        - p.participation_hedging * option
        + p.participation_peers * (peers_taking_part - 1.0)
        + disposition
    )


def peers_taking_part(seen: Signals) -> float:
    """Attention-weighted share of the remaining other clients that take part; 1 if none is left."""
    if seen.member <= 0.0:
        return 1.0
    return share(seen.takes_part / seen.member)


def attendance_chance(utility: float) -> float:
    """Chance that an active member attends the summit: logistic(V)."""
    return logistic(utility)


def consent_chance(p: Parameters, utility: float, attended: float) -> float:
    """Chance that a member lets the documents pass.

    Present, logistic(V - margin): documents are refused before a summit is missed (November 2022).
    Absent, logistic(ma): the absent do not object (I.2; November 2024).
    """
    return logistic(utility - p.refusal_margin if attended > 0.0 else p.absent_consent)


def payment_chance(p: Parameters, utility: float, frozen: float) -> float:
    """Chance that a member pays its dues: logistic(V + margin - frozen default) (II.2)."""
    return logistic(utility + p.dues_margin - p.frozen_default * frozen)


def settlement_chance(p: Parameters, payment: float) -> float:
    """Chance in a month that an active member settles a year of arrears: hazard sd x payment.

    ``payment`` is the chance that it would pay its dues.
    """
    return monthly_chance(p.settlement_rate * payment)


def freeze_log_hazard(p: Parameters, utility: float) -> float:
    """Log of the hazard a year that an active member freezes: f0 - fv V."""
    return p.freeze_base - p.freeze_slope * utility


def thaw_log_hazard(p: Parameters, utility: float, frozen_months: float) -> float:
    """Log of the hazard a year that a frozen member resumes: u0 + uv V - ua age.

    The older the freeze, the rarer its end (II.3); age in years.
    """
    age = frozen_months * MONTH
    return p.thaw_base + p.thaw_slope * utility - p.thaw_entrenchment * age


# ---------------------------------------------------------------------------------------------
# 11. Formal exit


def exit_chance(
    p: Parameters,
    limbo: float,
    option: float,
    dependence: float,
    trust: float,
    pressure: float,
    bandwidth: float,
    gone: float,
) -> float:
    """Chance in a month of giving notice.

    Hazard a year exp(x0 + xf [frozen or suspended] + xh h (1 - d) + xt (1 - 2 tau)
    - xd d (1 + xp p k) + xo gone), with ``gone`` the attention-weighted share of clients that have
    left. Dependence, and pressure that is credible, hold a member in while low trust keeps it away
    (III.3, V.1; that dependence holds a member in the alliance is our inference).
    """
    return monthly_chance(
        exp(
            p.exit_base
            + p.exit_limbo * limbo
            + p.exit_hedging * option * (1.0 - dependence)
            + p.exit_distrust * (1.0 - 2.0 * trust)
            - p.exit_dependence * dependence * (1.0 + p.exit_pressure * pressure * bandwidth)
            + p.exit_contagion * gone
        )
    )


# ---------------------------------------------------------------------------------------------
# 12. The alliance's answer


def suspension_chance(
    p: Parameters, arrears: float, suspension_arrears: float, enforcement: float
) -> float:
    """Chance in a month that arrears cost a member its vote: hazard ss x enforcement (II.1)."""
    if arrears < suspension_arrears:
        return 0.0
    return monthly_chance(p.suspension_rate * enforcement)


def firmness(enforcement: float) -> float:
    """How firm enforcement is: 0 up to one half (acquiescence, III.1), then rising to 1."""
    return positive(2.0 * enforcement - 1.0)


def expulsion_chance(
    p: Parameters, arrears: float, expulsion_arrears: float, grievance: float, enforcement: float
) -> float:
    """Chance in a month of expulsion: hazard se x firmness x case.

    The case is 1 with lasting default, else as large as the grievance. What the grievance is at
    the start reflects that the member offered nothing for the patron's war (IV.5).
    """
    case = 1.0 if arrears >= expulsion_arrears else grievance
    return monthly_chance(p.expulsion_rate * firmness(enforcement) * case)


# ---------------------------------------------------------------------------------------------
# 13. The patron's ledger


def called_in(accounting: float, grievance: float, bandwidth: float) -> float:
    """Share of the stored grievance called in by an accounting patron with forces to spare.

    Nothing up to a bandwidth of one half, all of it at full bandwidth. That partners are called to
    account later is in IV.5 and IV.6; that it waits for bandwidth is our reading.
    """
    return accounting * grievance * positive(2.0 * bandwidth - 1.0)


def conducted_pressure(
    scripted: float, adaptive: float, patience: float, called: float, confrontation: float
) -> float:
    """Pressure in force: what patience leaves of the script, plus the grievances called in.

    It is at least the severity of an open clash (``confrontation``). ``patience`` is 0 towards a
    member that takes part: an adaptive patron presses only the absent.
    """
    kept = scripted * (1.0 - adaptive * (1.0 - patience))
    pressure = kept + called * (1.0 - kept)
    return max(confrontation, pressure)


def conducted_restraint(
    scripted: float,
    pressure: float,
    adaptive: float,
    patience: float,
    called: float,
    confrontation: float,
) -> float:
    """Restraint in force: the script, plus what an adaptive patron drops of pressure (III.1).

    It is reduced by the share of grievance called in and by the severity of an open clash.
    """
    dropped = pressure * adaptive * (1.0 - patience)
    return (scripted + dropped * (1.0 - scripted)) * (1.0 - called) * (1.0 - confrontation)


def conducted_enforcement(scripted: float, called: float) -> float:
    """Enforcement in force: the script and the grievances called in (IV.5, IV.6)."""
    return scripted + called * (1.0 - scripted)


def stored_grievance(p: Parameters, grievance: float, absence: float, default: float) -> float:
    """Grievance after this month's absence and default, each a share of the distance to 1."""
    grievance = grievance + p.grievance_absence * absence * (1.0 - grievance)
    return grievance + p.grievance_default * default * (1.0 - grievance)


def worn_patience(p: Parameters, patience: float, pressure: float, participation: float) -> float:
    """Patience falls while pressure does not bring the member back, and returns when it has."""
    if participation > 0.0:
        return 1.0
    return patience - p.pressure_fatigue * pressure * MONTH * patience


# ---------------------------------------------------------------------------------------------
# The order of the month


def befall(p: Parameters, state: State, drivers: Drivers, draws: Draws) -> Signals:
    """What befalls one member this month: crisis, the patron's answer, the patron's conduct.

    Mechanisms 2, 3 and the policy of 13. Nothing befalls a former member, and the others see
    nothing of it.
    """
    if is_member(state) == 0.0:
        return NOTHING_SEEN
    participation = takes_part(state)
    crisis = decide(
        1.0 if drivers.crisis_scripted > 0.0 else FREE,
        draws.crisis,
        crisis_chance(state.threat, drivers.threat),
    )
    support = decide(
        drivers.support_scripted if drivers.crisis_scripted > 0.0 else FREE,
        draws.answer,
        answer_chance(p, state, drivers),
    )
    called = called_in(drivers.accounting, state.grievance, drivers.bandwidth)
    patience = state.patience * (1.0 - participation)
    return Signals(
        crisis,
        crisis * support,
        crisis * positive(support - state.expectation),
        crisis * positive(state.expectation - support),
        conducted_pressure(
            drivers.pressure, drivers.adaptive, patience, called, drivers.confrontation
        ),
        conducted_restraint(
            drivers.restraint,
            drivers.pressure,
            drivers.adaptive,
            patience,
            called,
            drivers.confrontation,
        ),
        conducted_enforcement(drivers.enforcement, called),
        participation,
        1.0,
    )


def transition(
    p: Parameters, state: State, drivers: Drivers, draws: Draws, own: Signals, seen: Signals
) -> State:
    """One member's month, mechanisms 4 to 13; ``seen`` is the attention-weighted sum of the others.

    Decisions use the others' standing at the end of last month. A former member keeps its state.
    """
    # 4., 5., 7. Trust
    trust = experienced_trust(p, state.trust, own.gain, own.loss)
    trust = witnessed_trust(p, trust, seen.gain, seen.loss)
    trust = pressured_trust(p, trust, own.pressure)
    trust = pressured_trust(p, trust, p.contagion * seen.pressure)
    trust = repaired_trust(p, trust, own.restraint, state.trust_before, state.expectation)
    trust = share(disturbed_trust(p, trust, draws.trust))

    # 6. Expectation
    expectation = revised_expectation(p, state.expectation, own.crisis, own.support, 1.0)
    expectation = revised_expectation(p, expectation, seen.crisis, seen.support, p.contagion)
    expectation = recovered_expectation(p, expectation, state.expectation_initial)

    # 8., 9. Outside option and dependence
    affinity = share(state.affinity + drivers.affinity_change)
    option = hedged_option(
        p,
        state.outside_option,
        drivers.partner_security,
        positive(state.trust_before - trust),
        drivers.bandwidth,
        drivers.confrontation,
    )
    erosion = eroded_dependence(p, state.erosion, drivers.partner_economy, drivers.confrontation)
    dependence = traded_dependence(
        state.dependence_initial, drivers.dependence_keep, drivers.dependence_set, erosion
    )

    # 10. Participation: summit and documents, dues, freeze
    utility = participation_utility(
        p, trust, affinity, option, peers_taking_part(seen), state.disposition
    )
    attended, consented = state.attended, state.consented
    if drivers.summit > 0.0:
        attended = decide(
            drivers.forced_attend,
            draws.attend,
            attendance_chance(utility) * (1.0 - state.frozen),
        )
        consented = decide(
            drivers.forced_consent, draws.consent, consent_chance(p, utility, attended)
        )
    arrears, default = state.arrears, 0.0
    payment = payment_chance(p, utility, state.frozen)
    if drivers.dues > 0.0:
        default = 1.0 - decide(drivers.forced_pay, draws.pay, payment)
        arrears = arrears + default
    elif arrears > 0.0 and state.frozen == 0.0:
        settled = decide(drivers.forced_pay, draws.settle, settlement_chance(p, payment))
        arrears = positive(arrears - settled)
    log_hazard = (
        thaw_log_hazard(p, utility, state.frozen_months)
        if state.frozen > 0.0
        else freeze_log_hazard(p, utility)
    )
    turn = monthly_chance(exp(log_hazard))
    if state.frozen > 0.0:
        resumes = FREE if drivers.forced_freeze < 0.0 else 1.0 - drivers.forced_freeze
        frozen = 1.0 - decide(resumes, draws.thaw, turn)
        frozen_months = (state.frozen_months + 1.0) * frozen
    else:
        frozen = decide(drivers.forced_freeze, draws.freeze, turn)
        frozen_months = 0.0

    # 11. Formal exit
    membership, notice_left = state.membership, state.notice_left
    if membership == IN:
        gone = share(1.0 - seen.member)
        limbo = 1.0 if frozen + state.suspended > 0.0 else 0.0
        leaves = decide(
            drivers.forced_exit,
            draws.exit,
            exit_chance(p, limbo, option, dependence, trust, own.pressure, drivers.bandwidth, gone),
        )
        if leaves > 0.0:
            membership = NOTICE if drivers.notice_period > 0.0 else WITHDRAWN
            notice_left = drivers.notice_period
    elif notice_left > 1.0:
        notice_left = notice_left - 1.0
    else:
        membership, notice_left = WITHDRAWN, 0.0

    # 12. The alliance's answer
    if arrears <= 0.0 and drivers.forced_suspend < 0.0:
        suspended = 0.0
    elif state.suspended > 0.0 and drivers.forced_suspend < 0.0:
        suspended = 1.0
    else:
        suspended = decide(
            drivers.forced_suspend,
            draws.suspend,
            suspension_chance(p, arrears, drivers.suspension_arrears, own.enforcement),
        )
    if membership < WITHDRAWN:
        expelled = decide(
            drivers.forced_expel,
            draws.expel,
            expulsion_chance(
                p, arrears, drivers.expulsion_arrears, state.grievance, own.enforcement
            ),
        )
        if expelled > 0.0:
            membership, notice_left = EXPELLED, 0.0

    # 13. The patron's ledger
    absence = drivers.summit * (1.0 - attended)
    delivered = own.support if own.crisis > 0.0 else state.delivered
    after = State(
        trust=trust,
        trust_before=state.trust_before,
        expectation=expectation,
        expectation_initial=state.expectation_initial,
        dependence=dependence,
        dependence_initial=state.dependence_initial,
        erosion=erosion,
        outside_option=option,
        affinity=affinity,
        adversary_ties=state.adversary_ties,
        threat=state.threat,
        delivered=delivered,
        disposition=state.disposition,
        membership=membership,
        notice_left=notice_left,
        frozen=frozen,
        frozen_months=frozen_months,
        suspended=suspended,
        attended=attended,
        consented=consented,
        arrears=arrears,
        grievance=stored_grievance(p, state.grievance, absence, default),
        patience=worn_patience(p, state.patience, own.pressure, takes_part(state)),
    )
    return after if is_member(state) > 0.0 else state


def lasting_difference(p: Parameters, draws: Draws) -> float:
    """Lasting difference eps of a member in one world, drawn in the opening month: sd x z."""
    return p.disposition_spread * draws.disposition
