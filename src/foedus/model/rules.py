"""The mechanisms of the model.

Read from top to bottom like the methods section of a paper. Every rule is a pure function of
numbers; the rules stand under the mechanism that they belong to. ``order.py`` puts them in the
order of a month. Rates and hazards are per year and converted here, by :data:`MONTH`. References to
the calibrating article read section.paragraph.

What a member is (:class:`State`) stands in ``records.py``. Mechanism 1 (the levers take this
month's values) is :class:`Drivers`, made by ``cases/schedule.py``.
"""

from math import sqrt

from foedus.model.draws import Draws
from foedus.model.elementary import MONTH, logistic, monthly_chance, positive, share
from foedus.model.parameters import Parameters
from foedus.model.records import Drivers, Signals, State, takes_part

NEW_MONTHS = 24.0  # in which a government counts as new


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


def clash_chance(p: Parameters, dispute: float) -> float:
    """Chance in a month that two members fight each other: hazard cr x dispute.

    ``dispute`` is how open the dispute between the two is, after normalisation between them. Such
    fighting has two sides and invokes nothing: the treaty binds nobody to help one member against
    another. Source: CSTO Charter as read in the record; fighting of 2021 and 2022.
    """
    return monthly_chance(p.clash_rate * dispute)


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
# 4.-5. Trust, from experience, in routine and by contagion


def experienced_trust(p: Parameters, trust: float, gain: float, loss: float) -> float:
    """Trust after one's own crisis: + alpha+ delta (1 - tau) - alpha- (e - delta)+ tau.

    Help wins trust even where it was expected, since it confirms the promise; only what falls short
    of expectation loses any. Source: Kydd 2005 for reassurance by costly acts; Slovic 1993 for the
    asymmetry, Poortinga and Pidgeon 2004 for its limits.

    Parameters
    ----------
    gain, loss
        Support delivered (delta), and support short of expectation (e - delta)+.
    """
    return trust + p.trust_gain * gain * (1.0 - trust) - p.trust_loss * loss * trust


def witnessed_trust(p: Parameters, trust: float, gain: float, loss: float) -> float:
    """Trust after what befell others: the same rule, scaled by kappa.

    ``gain`` and ``loss`` are attention-weighted sums of what the victims felt. Source: IV.2;
    Crescenzi et al. 2012 on alliance reputation.
    """
    return experienced_trust(p, trust, p.contagion * gain, p.contagion * loss)


def rested_trust(p: Parameters, trust: float, trust_before: float) -> float:
    """Trust after a month of routine cooperation: + rt (tau0 - tau) / 12.

    It is drawn back to where it stood before a rift, from below and from above, so that an alliance
    in which nothing happens rests where it is.
    """
    return trust + p.trust_recovery * MONTH * (trust_before - trust)


def clashed_trust(p: Parameters, trust: float, clash: float) -> float:
    """Trust after fighting with another member: - cc tau. The alliance kept no peace."""
    return trust - p.clash_cost * clash * trust


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


def lasting_difference(p: Parameters, draws: Draws) -> float:
    """Lasting difference eps of a member in one world, drawn in the opening month: sd x z."""
    return p.disposition_spread * draws.disposition


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


def payment_chance(p: Parameters, utility: float, frozen: float, enforcement: float) -> float:
    """Chance that a member pays its dues: logistic(V + md - mf frozen + me enforcement) (II).

    Enforcement threatens the vote of those who do not pay, which is a reason to pay.
    """
    return logistic(
        utility + p.dues_margin - p.frozen_default * frozen + p.dues_enforcement * enforcement
    )


def settlement_chance(p: Parameters, payment: float) -> float:
    """Chance in a month that an active member settles a year of arrears: hazard sd x payment.

    ``payment`` is the chance that it would pay its dues.
    """
    return monthly_chance(p.settlement_rate * payment)


def freeze_log_hazard(p: Parameters, utility: float, tenure: float) -> float:
    """Log of the hazard a year that an active member freezes: f0 - fv V + gn [new government]."""
    return p.freeze_base - p.freeze_slope * utility + p.government_window * is_new(tenure)


def thaw_log_hazard(p: Parameters, utility: float, frozen_months: float, tenure: float) -> float:
    """Log of the hazard a year that a frozen member resumes: u0 + uv V - ua age + gn [new].

    What entrenches a freeze is the government that keeps it up (II.3): ``age``, in years, is the
    time that the freeze and the present government have in common.
    """
    age = min(frozen_months, tenure) * MONTH
    return (
        p.thaw_base
        + p.thaw_slope * utility
        - p.thaw_entrenchment * age
        + p.government_window * is_new(tenure)
    )


# ---------------------------------------------------------------------------------------------
# 11. Formal exit


def exit_log_hazard(
    p: Parameters,
    limbo: float,
    alternative: float,
    dependence: float,
    trust: float,
    pressure: float,
    gone: float,
) -> float:
    """Log of the hazard a year of giving notice.

    x0 + xf limbo + xh alternative + xt (1 - 2 tau) - xd d (1 + xp p) + xo gone. ``limbo`` counts
    what ties a member less: 1 if frozen, and 1 if its vote is lost. ``alternative`` is by how much
    the outside option exceeds the support that the alliance is still expected to give.
    ``dependence`` (d) holds a member in, the more so while pressure (p) makes it felt; ``gone`` is
    the attention-weighted share of clients that have left. Source: III.2, III.3, V.1 (that
    dependence holds a member in the alliance is our inference).
    """
    return (
        p.exit_base
        + p.exit_limbo * limbo
        + p.exit_hedging * alternative
        + p.exit_distrust * (1.0 - 2.0 * trust)
        - p.exit_dependence * dependence * (1.0 + p.exit_pressure * pressure)
        + p.exit_contagion * gone
    )


def alternative(outside_option: float, expectation: float) -> float:
    """By how much the outside option exceeds the support still expected: (h - e)+ (IV.4)."""
    return positive(outside_option - expectation)


def exit_luck(p: Parameters, own: float, common: float, shared: float) -> float:
    """Luck that decides on exit this month: with chance xc that of all members, else one's own.

    What makes members leave together is a cause that they have in common: a term that runs out, or
    a shock to all. The chance that a single member leaves is the same with and without it.

    Parameters
    ----------
    own, common
        The member's luck and that of all members, uniform on (0, 1).
    shared
        Luck of all members that says which of the two counts, uniform on (0, 1).
    """
    return common if shared < p.exit_together else own


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
# 15. Governments (mechanism 14, cohesion, stands in cohesion.py)


def government_chance(p: Parameters, election: float) -> float:
    """Chance in a month that the government changes: 1 - (1 - election)(1 - irregular) (V.2).

    ``election`` is the chance of the calendar, 0 in a month without election or succession; changes
    between those come at the rate gr.
    """
    return 1.0 - (1.0 - election) * (1.0 - monthly_chance(p.government_rate))


def succeeding_affinity(
    p: Parameters, affinity: float, successor: float, deviation: float
) -> float:
    """Closeness of a new government to the patron: that of the expected successor + gs z, 0 to 1.

    Parameters
    ----------
    affinity
        That of the government before, about which the new one lies if no successor is foreseen.
    successor
        Closeness of the successor that the calendar foresees; below 0 if it foresees none.
    deviation
        z, standard normal.
    """
    middle = successor if successor >= 0.0 else affinity
    return share(middle + p.government_spread * deviation)


def is_new(tenure: float) -> float:
    """1 for a government in its first two years, in which it may freeze or thaw, else 0."""
    return 1.0 if tenure < NEW_MONTHS else 0.0
