"""The same model written the way a Mesa user would: frozen, and independent of foedus.

Agents with attributes, ``self.random``, ``math.exp``, a DataCollector at every step, run under
``mesa.batch_run``. It is what the ensemble engine is measured against, so it does not change with
the engine; ``run.py`` checks that its means are those of foedus, within Monte Carlo error.
"""

from __future__ import annotations

from math import exp, sqrt
from types import SimpleNamespace
from typing import Any

import mesa
from user_setting import setting_of


def logistic(x: float) -> float:
    return 1 / (1 + exp(-x)) if x >= 0 else 1 - 1 / (1 + exp(x))


def chance(hazard: float) -> float:
    """Chance within a month of an event with a hazard a year."""
    return 1 - exp(-hazard / 12)


def share(x: float) -> float:
    return min(1.0, max(0.0, x))


class Member(mesa.Agent):
    """A client of the alliance."""

    def __init__(self, model: AllianceModel, code: str, numbers: dict[str, Any]) -> None:
        super().__init__(model)
        self.code = code
        for name, (value, prior) in numbers.items():
            setattr(self, name, value if prior is None else prior(self.random.random()))
        self.expectation_initial = self.expectation
        self.dependence_initial = self.dependence
        self.erosion = 0.0
        self.notice_left = 0
        self.patience = 1.0
        self.out = self.notice = False
        self.expelled = False
        self.disposition = model.p.disposition_spread * self.random.gauss(0, 1)
        self.clear()

    def clear(self) -> None:
        self.crisis = self.support = self.gain = self.loss = 0.0
        self.pressure = self.restraint = self.enforcement = 0.0

    @property
    def takes_part(self) -> bool:
        return not self.out and not self.frozen and bool(self.attended)

    @property
    def standing(self) -> str:
        if self.out:
            return "expelled" if self.expelled else "withdrawn"
        if self.notice:
            return "notice"
        if self.frozen:
            return "frozen, suspended" if self.suspended else "frozen"
        return "suspended" if self.suspended else "active"

    def endure(self) -> None:
        """Crisis, the patron's answer, the patron's conduct."""
        self.clear()
        self.took_part = self.takes_part
        self.was_member = not self.out
        if self.out:
            return
        p, d = self.model.p, self.model.drivers(self)
        if d.crisis_scripted or self.random.random() < chance(self.threat * d.threat):
            self.crisis = 1.0
            if d.crisis_scripted and d.support_scripted >= 0:
                delivered = d.support_scripted
            else:
                ties = d.ties_keep * self.adversary_ties + d.ties_set
                odds = (
                    p.answer_base
                    + p.answer_bandwidth * (d.bandwidth - 0.5)
                    - p.answer_adversary_ties * ties
                    - p.answer_participation * (not self.took_part)
                )
                delivered = 1.0 if self.random.random() < logistic(odds) else 0.0
            self.support = delivered
            self.gain = max(0.0, delivered - self.expectation)
            self.loss = max(0.0, self.expectation - delivered)
        called = d.accounting * self.grievance * max(0.0, 2 * d.bandwidth - 1)
        patience = 0.0 if self.took_part else self.patience
        kept = d.pressure * (1 - d.adaptive * (1 - patience))
        dropped = d.pressure * d.adaptive * (1 - patience)
        self.pressure = max(d.confrontation, kept + called * (1 - kept))
        self.restraint = (
            (d.restraint + dropped * (1 - d.restraint)) * (1 - called) * (1 - d.confrontation)
        )
        self.enforcement = d.enforcement + called * (1 - d.enforcement)

    def respond(self) -> None:
        """Trust, expectation, hedging, dependence, decisions."""
        if not self.was_member:
            return
        p, d = self.model.p, self.model.drivers(self)
        crisis = support = gain = loss = pressure = part = inside = 0.0
        for other, weight in self.model.attention[self.code]:
            crisis += weight * other.crisis
            support += weight * other.support
            gain += weight * other.gain
            loss += weight * other.loss
            pressure += weight * other.pressure
            part += weight * (other.took_part and other.was_member)
            inside += weight * other.was_member
        tau, kappa = self.trust, p.contagion
        tau += p.trust_gain * self.gain * (1 - tau) - p.trust_loss * self.loss * tau
        tau += kappa * (p.trust_gain * gain * (1 - tau) - p.trust_loss * loss * tau)
        tau -= p.pressure_cost * self.pressure * tau / 12
        tau -= p.pressure_cost * kappa * pressure * tau / 12
        goal = p.repair_anchor * self.trust_before + (1 - p.repair_anchor) * self.expectation
        tau += p.repair_rate * self.restraint * max(0.0, goal - tau) / 12
        noise = p.trust_noise * self.random.gauss(0, 1) / sqrt(12)
        self.trust = tau = share(tau + noise * tau * (1 - tau))

        e = self.expectation
        e = share(e + p.expectation_learning * (self.support - self.crisis * e))
        e = share(e + p.expectation_learning * kappa * (support - crisis * e))
        self.expectation = e + p.expectation_recovery / 12 * (self.expectation_initial - e)

        self.affinity = share(self.affinity + d.affinity_change)
        believed = p.partner_credibility * (1 - d.confrontation)
        offer = believed * d.partner_security
        pull = p.hedging_outreach * offer + p.hedging_distrust * max(0.0, self.trust_before - tau)
        h = self.outside_option
        growth = pull * (1 - h) * (1 - p.hedging_deterrence * d.bandwidth)
        decay = p.hedging_decay * (1 - offer) * h
        self.outside_option = h = share(h + (growth - decay) / 12)
        self.erosion += (
            p.dependence_erosion * believed * d.partner_economy * (1 - self.erosion) / 12
        )
        path = d.dependence_keep * self.dependence_initial + d.dependence_set
        self.dependence = share(path * (1 - self.erosion))

        peers = share(part / inside) if inside > 0 else 1.0
        ready = (
            p.participation_base
            + p.participation_trust * (tau - 0.5)
            + p.participation_affinity * (self.affinity - 0.5)
            - p.participation_hedging * h
            + p.participation_peers * (peers - 1)
            + self.disposition
        )
        self.take_part(p, d, ready)
        self.consider_exit(p, d, h, tau)
        self.be_judged(p, d)
        if self.crisis:
            self.delivered = self.support
        absence = d.summit * (1 - self.attended)
        g = self.grievance + p.grievance_absence * absence * (1 - self.grievance)
        self.grievance = g + p.grievance_default * self.defaulted * (1 - g)
        if self.took_part:
            self.patience = 1.0
        else:
            self.patience -= p.pressure_fatigue * self.pressure / 12 * self.patience

    def decide(self, forced: float, likelihood: float) -> float:
        if forced >= 0:
            return forced
        return 1.0 if self.random.random() < likelihood else 0.0

    def take_part(self, p: Any, d: Any, ready: float) -> None:
        if d.summit:
            self.attended = self.decide(d.forced_attend, logistic(ready) * (1 - self.frozen))
            consents = logistic(ready - p.refusal_margin if self.attended else p.absent_consent)
            self.consented = self.decide(d.forced_consent, consents)
        self.defaulted = 0.0
        if d.dues:
            pays = logistic(ready + p.dues_margin - p.frozen_default * self.frozen)
            self.defaulted = 1 - self.decide(d.forced_pay, pays)
            self.arrears += self.defaulted
        elif self.arrears > 0 and not self.frozen:
            settles = chance(p.settlement_rate * logistic(ready + p.dues_margin))
            self.arrears = max(0.0, self.arrears - self.decide(d.forced_pay, settles))
        if self.frozen:
            thaws = chance(
                exp(
                    p.thaw_base
                    + p.thaw_slope * ready
                    - p.thaw_entrenchment * self.frozen_months / 12
                )
            )
            forced = -1 if d.forced_freeze < 0 else 1 - d.forced_freeze
            self.frozen = 1 - self.decide(forced, thaws)
            self.frozen_months = self.frozen_months + 1 if self.frozen else 0
        else:
            freezes = chance(exp(p.freeze_base - p.freeze_slope * ready))
            self.frozen = self.decide(d.forced_freeze, freezes)

    def consider_exit(self, p: Any, d: Any, h: float, tau: float) -> None:
        if not self.notice:
            hazard = exp(
                p.exit_base
                + p.exit_limbo * bool(self.frozen or self.suspended)
                + p.exit_hedging * h * (1 - self.dependence)
                + p.exit_distrust * (1 - 2 * tau)
                - p.exit_dependence
                * self.dependence
                * (1 + p.exit_pressure * self.pressure * d.bandwidth)
                + p.exit_contagion * self.model.gone_around(self)
            )
            if self.decide(d.forced_exit, chance(hazard)):
                self.notice = d.notice_period > 0
                self.out = not self.notice
                self.notice_left = d.notice_period
        elif self.notice_left > 1:
            self.notice_left -= 1
        else:
            self.out, self.notice = True, False

    def be_judged(self, p: Any, d: Any) -> None:
        if d.forced_suspend >= 0:
            self.suspended = d.forced_suspend
        elif self.arrears <= 0:
            self.suspended = 0
        elif not self.suspended and self.arrears >= d.suspension_arrears:
            self.suspended = self.decide(-1, chance(p.suspension_rate * self.enforcement))
        if self.out:
            return
        case = 1.0 if self.arrears >= d.expulsion_arrears else self.grievance
        firm = max(0.0, 2 * self.enforcement - 1)
        if self.decide(d.forced_expel, chance(p.expulsion_rate * firm * case)):
            self.out = self.expelled = True
            self.notice = False


class AllianceModel(mesa.Model):
    """One world; parameters and opening numbers are drawn from their priors.

    Parameters
    ----------
    scenario
        Name of a scenario, see ``user_setting.py``.
    """

    def __init__(self, scenario: str = "", rng: Any = None, **_: Any) -> None:
        super().__init__(rng=rng)
        self.setting = setting = setting_of(scenario)
        self.month = 0
        self.p = SimpleNamespace(
            **{name: prior(self.random.random()) for name, prior in setting.priors.items()}
        )
        self.members = [Member(self, code, numbers) for code, numbers in setting.members.items()]
        by_code = {member.code: member for member in self.members}
        self.attention = {
            code: [(by_code[other], weight) for other, weight in row.items() if weight]
            for code, row in setting.attention.items()
        }
        self.datacollector = mesa.DataCollector(
            model_reporters={"cohesion": lambda model: model.cohesion()},
            agent_reporters={
                "code": "code",
                "trust": "trust",
                "standing": "standing",
                "takes_part": "takes_part",
            },
        )

    def drivers(self, member: Member) -> Any:
        return self.setting.drivers[self.month][member.code]

    def gone_around(self, member: Member) -> float:
        return share(1 - sum(w * other.was_member for other, w in self.attention[member.code]))

    def cohesion(self) -> float:
        inside = [member for member in self.members if not member.out]
        n = len(self.members)
        kept = len(inside) / n
        closeness = [member.affinity for member in self.members]
        mean = sum(closeness) / n
        variance = max(0.0, sum(a * a for a in closeness) / n - mean * mean)
        parts = (
            sum(member.takes_part for member in inside) / n,
            sum(member.arrears <= 0 for member in inside) / n,
            sum(member.trust for member in inside) / n,
            sum(member.delivered for member in inside) / n,
            share(1 - 2 * sqrt(variance)) * kept,
            kept,
        )
        weights = self.setting.weights
        return sum(w * x for w, x in zip(weights, parts, strict=True)) / sum(weights)

    def step(self) -> None:
        for member in self.members:
            member.endure()
        for member in self.members:
            member.respond()
        self.month += 1
        self.datacollector.collect(self)
        self.running = self.month < len(self.setting.drivers)
