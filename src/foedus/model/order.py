"""The order of the month: the rules put one after another, for one member.

Every engine calls the two functions of this module. First :func:`befall` finds what befalls each
member; then :func:`transition` finds what each member becomes, from that and from what it sees of
the others.
"""

from foedus.model.draws import Draws
from foedus.model.elementary import exp, monthly_chance, positive, share
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
from foedus.model.rules import (
    alternative,
    answer_chance,
    attendance_chance,
    called_in,
    clash_chance,
    clashed_trust,
    conducted_enforcement,
    conducted_pressure,
    conducted_restraint,
    consent_chance,
    crisis_chance,
    decide,
    disturbed_trust,
    eroded_dependence,
    exit_log_hazard,
    exit_luck,
    experienced_trust,
    expulsion_chance,
    freeze_log_hazard,
    government_chance,
    hedged_option,
    participation_utility,
    payment_chance,
    peers_taking_part,
    pressured_trust,
    recovered_expectation,
    repaired_trust,
    rested_trust,
    revised_expectation,
    settlement_chance,
    stored_grievance,
    succeeding_affinity,
    suspension_chance,
    thaw_log_hazard,
    traded_dependence,
    witnessed_trust,
    worn_patience,
)


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
    clash = decide(
        1.0 if drivers.clash_scripted > 0.0 else FREE,
        draws.clash,
        clash_chance(p, drivers.dispute),
    )
    called = called_in(drivers.accounting, state.grievance, drivers.bandwidth)
    patience = state.patience * (1.0 - participation)
    return Signals(
        crisis,
        crisis * support,
        crisis * support,
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
        clash,
    )


def transition(
    p: Parameters, state: State, drivers: Drivers, draws: Draws, own: Signals, seen: Signals
) -> State:
    """One member's month, mechanisms 4 to 15; ``seen`` is the attention-weighted sum of the others.

    Decisions use the others' standing at the end of last month. A former member keeps its state.
    """
    affinity, tenure = governed(p, state, drivers, draws)
    trust = felt(p, state, draws, own, seen)

    # 6. Expectation
    expectation = revised_expectation(p, state.expectation, own.crisis, own.support, 1.0)
    expectation = revised_expectation(p, expectation, seen.crisis, seen.support, p.contagion)
    expectation = recovered_expectation(p, expectation, state.expectation_initial)

    # 8., 9. Outside option and dependence
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

    # 10. Participation
    utility = participation_utility(
        p, trust, affinity, option, peers_taking_part(seen), state.disposition
    )
    attended, consented = at_the_summit(p, state, drivers, draws, utility)
    arrears, default = after_dues(p, state, drivers, draws, utility, own.enforcement)
    frozen = froze(p, state, drivers, draws, utility, tenure)

    # 11., 12. Formal exit and the alliance's answer
    log_hazard = exit_log_hazard(
        p,
        frozen + state.suspended,
        alternative(option, expectation),
        dependence,
        trust,
        own.pressure,
        share(1.0 - seen.member),
    )
    membership, notice_left = after_notice(p, state, drivers, draws, log_hazard)
    suspended = lost_vote(p, state, drivers, draws, arrears, own.enforcement)
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
        frozen_months=(state.frozen_months + 1.0) * frozen * state.frozen,
        suspended=suspended,
        attended=attended,
        consented=consented,
        arrears=arrears,
        grievance=stored_grievance(p, state.grievance, absence, default),
        patience=worn_patience(p, state.patience, own.pressure, takes_part(state)),
        tenure=tenure,
    )
    return after if is_member(state) > 0.0 else state


# ---------------------------------------------------------------------------------------------
# Parts of the month, in the order in which they come


def governed(p: Parameters, state: State, drivers: Drivers, draws: Draws) -> tuple[float, float]:
    """Return affinity and the government's months in office (mechanism 15).

    A scripted change of affinity is a change of government too.
    """
    changed = decide(
        drivers.forced_government, draws.government, government_chance(p, drivers.election)
    )
    affinity = state.affinity
    if drivers.affinity_change != 0.0:
        affinity, changed = share(affinity + drivers.affinity_change), 1.0
    elif changed > 0.0:
        affinity = succeeding_affinity(p, affinity, drivers.successor, draws.successor)
    return affinity, 0.0 if changed > 0.0 else state.tenure + 1.0


def felt(p: Parameters, state: State, draws: Draws, own: Signals, seen: Signals) -> float:
    """Return trust after the month (mechanisms 4, 5 and 7)."""
    trust = experienced_trust(p, state.trust, own.gain, own.loss)
    trust = clashed_trust(p, trust, own.clash)
    trust = witnessed_trust(p, trust, seen.gain, seen.loss)
    trust = pressured_trust(p, trust, own.pressure)
    trust = pressured_trust(p, trust, p.contagion * seen.pressure)
    trust = repaired_trust(p, trust, own.restraint, state.trust_before, state.expectation)
    trust = rested_trust(p, trust, state.trust_before)
    return share(disturbed_trust(p, trust, draws.trust))


def at_the_summit(
    p: Parameters, state: State, drivers: Drivers, draws: Draws, utility: float
) -> tuple[float, float]:
    """Return whether the member attended the last summit and let its documents pass."""
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
    return attended, consented


def after_dues(
    p: Parameters, state: State, drivers: Drivers, draws: Draws, utility: float, enforcement: float
) -> tuple[float, float]:
    """Return years of arrears, and 1 if this month added one."""
    arrears, default = state.arrears, 0.0
    payment = payment_chance(p, utility, state.frozen, enforcement)
    if drivers.dues > 0.0:
        default = 1.0 - decide(drivers.forced_pay, draws.pay, payment)
        arrears = arrears + default
    elif arrears > 0.0 and state.frozen == 0.0:
        settled = decide(drivers.forced_pay, draws.settle, settlement_chance(p, payment))
        arrears = positive(arrears - settled)
    return arrears, default


def froze(
    p: Parameters, state: State, drivers: Drivers, draws: Draws, utility: float, tenure: float
) -> float:
    """Return 1 if the member's participation is frozen at the end of the month, else 0."""
    if state.frozen > 0.0:
        resumes = FREE if drivers.forced_freeze < 0.0 else 1.0 - drivers.forced_freeze
        log_hazard = thaw_log_hazard(p, utility, state.frozen_months, tenure)
        return 1.0 - decide(resumes, draws.thaw, monthly_chance(exp(log_hazard)))
    log_hazard = freeze_log_hazard(p, utility, tenure)
    return decide(drivers.forced_freeze, draws.freeze, monthly_chance(exp(log_hazard)))


def after_notice(
    p: Parameters, state: State, drivers: Drivers, draws: Draws, log_hazard: float
) -> tuple[float, float]:
    """Return membership and the months of notice left (mechanism 11)."""
    membership, notice_left = state.membership, state.notice_left
    if membership == IN:
        leaves = decide(
            drivers.forced_exit,
            exit_luck(p, draws.exit, draws.together, draws.shared),
            monthly_chance(exp(log_hazard)),
        )
        if leaves > 0.0:
            membership = NOTICE if drivers.notice_period > 0.0 else WITHDRAWN
            notice_left = drivers.notice_period
    elif notice_left > 1.0:
        notice_left = notice_left - 1.0
    else:
        membership, notice_left = WITHDRAWN, 0.0
    return membership, notice_left


def lost_vote(
    p: Parameters, state: State, drivers: Drivers, draws: Draws, arrears: float, enforcement: float
) -> float:
    """Return 1 if the member's vote is suspended at the end of the month, else 0 (mechanism 12)."""
    if arrears <= 0.0 and drivers.forced_suspend < 0.0:
        return 0.0
    if state.suspended > 0.0 and drivers.forced_suspend < 0.0:
        return 1.0
    chance = suspension_chance(p, arrears, drivers.suspension_arrears, enforcement)
    return decide(drivers.forced_suspend, draws.suspend, chance)
