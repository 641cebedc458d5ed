"""What a scenario imposes month by month: the drivers of the model, for every member."""

from __future__ import annotations

from dataclasses import dataclass
from operator import attrgetter
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol

from foedus.cases.months import month_of_year, parse_month
from foedus.cases.scenario_format import Clash, Confrontation, Crisis, DomesticChange, Statement
from foedus.model import records, rules
from foedus.model.draws import pair_address
from foedus.model.levers import DECISIONS, LEVERS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from foedus.cases.alliance import Alliance, Power
    from foedus.cases.spans import DatedSpan, LeverKey, ScriptedEvent


class Script(Protocol):
    """What a schedule is made from: the part of a :class:`~foedus.Scenario` that it needs."""

    @property
    def alliance(self) -> Alliance:
        """The alliance as it stood before the start."""

    @property
    def start(self) -> int:
        """First month (number)."""

    @property
    def horizon(self) -> int:
        """Number of months."""

    @property
    def policy(self) -> str:
        """Policy of the patron."""

    def spans(self, key: LeverKey) -> tuple[DatedSpan, ...]:
        """Return the spans of a lever, cut to the months of the scenario."""

    @property
    def script(self) -> tuple[ScriptedEvent, ...]:
        """Events within these months."""


@dataclass(frozen=True)
class Schedule:
    """What a scenario imposes, month by month.

    Attributes
    ----------
    months
        Month numbers, from the first to the last.
    scripted
        ``scripted[member][month]``: the drivers before the outside powers are added.
    outreach, normalisation
        ``[power][member][month]``: conduct of the partners and of the adversaries, 0 to 1.
    """

    months: tuple[int, ...]
    scripted: tuple[tuple[records.Drivers, ...], ...]
    outreach: Mapping[str, tuple[tuple[float, ...], ...]]
    normalisation: Mapping[str, tuple[tuple[float, ...], ...]]

    def effort(self, power: str, member: int, month: int) -> float:
        """Outreach or normalisation of a power towards a member in a month, by index."""
        paths = self.outreach[power] if power in self.outreach else self.normalisation[power]
        return paths[member][month]

    def drivers(self, alliance: Alliance, member: int, month: int) -> records.Drivers:
        """Drivers of a member in a month, by index, with the outside powers added one by one."""
        drivers = self.scripted[member][month]
        for power in alliance.powers:
            effort = self.effort(power.code, member, month)
            drivers = with_power(drivers, alliance, power, alliance.members[member], effort)
        return drivers


def compile_schedule(scenario: Script) -> Schedule:
    """Turn a scenario's levers, policy and events into the drivers of every member and month."""
    alliance = scenario.alliance
    months = tuple(range(scenario.start, scenario.start + scenario.horizon))
    by_event = _event_drivers(scenario)
    constant = {
        "adaptive": float(scenario.policy == "adaptive"),
        "accounting": float(scenario.policy == "accounting"),
        "notice_period": alliance.value("rules.notice_months"),
        "suspension_arrears": alliance.value("rules.suspension_arrears"),
        "expulsion_arrears": alliance.value("rules.expulsion_arrears"),
    }
    summit = alliance.value("calendar.summit_month")
    dues = alliance.value("calendar.dues_month")
    bandwidth = _path(
        scenario,
        ("bandwidth", None, alliance.patron),
        alliance.value(f"{alliance.patron}.bandwidth"),
    )
    disputes = _disputes(scenario)
    scripted = []
    for member in alliance.members:
        pair, dispute = disputes.get(member, (0.0, [0.0] * scenario.horizon))
        due = alliance.elections(member)
        paths = {
            lever.name: _path(scenario, (lever.name, None, member), lever.default)
            for lever in LEVERS
            if lever.scope == "member" and lever.default is not None
        }
        for name, prefix in (("dependence", "dependence"), ("adversary_ties", "ties")):
            key: LeverKey = (name, None, member)
            paths[f"{prefix}_keep"] = _path(scenario, key, 1.0, spans_at=0.0)
            paths[f"{prefix}_set"] = _path(scenario, key, 0.0)
        row = []
        for index, month in enumerate(months):
            values = {
                **IDLE,
                **constant,
                **{name: path[index] for name, path in paths.items()},
                "bandwidth": bandwidth[index],
                "pair": pair,
                "dispute": dispute[index],
                **_election(due.get(month)),
                "summit": float(month_of_year(month) == summit),
                "dues": float(month_of_year(month) == dues),
            }
            for driver, value in by_event.get((member, month), ()):
                values[driver] = _joined(driver, values[driver], value)
            row.append(records.Drivers(**values))
        scripted.append(tuple(row))
    return Schedule(
        months,
        tuple(scripted),
        {power.code: _power_paths(scenario, "outreach", power.code) for power in alliance.partners},
        {
            power.code: _power_paths(scenario, "normalisation", power.code)
            for power in alliance.adversaries
        },
    )


def with_power(
    drivers: records.Drivers, alliance: Alliance, power: Power, member: str, effort: float
) -> records.Drivers:
    """Add one outside power's outreach (partner) or normalisation (adversary) to the drivers.

    Parameters
    ----------
    drivers
        Of one member in one month, with the powers added so far.
    power
        An outside power of the alliance.
    member
        Code of the member.
    effort
        The power's conduct towards the member this month, 0 to 1.
    """
    numbers = alliance.numbers
    if power.role == "adversary":
        threatens = numbers.get(f"{power.code}.threatens.{member}")
        threatened = threatens.value if threatens else 0.0
        threat = rules.normalised_threat(drivers.threat, threatened, effort)
        return drivers._replace(threat=threat)
    credibility = numbers[f"{power.code}.credibility"].value
    security = numbers[f"{power.code}.security_offer"].value
    economy = numbers[f"{power.code}.economic_offer"].value
    return drivers._replace(
        partner_security=rules.pooled_offer(
            drivers.partner_security, effort, security, credibility
        ),
        partner_economy=rules.pooled_offer(drivers.partner_economy, effort, economy, credibility),
    )


#: Value of each driver where a scenario does not set it, before the outside powers are added.
IDLE: dict[str, float] = {
    **dict.fromkeys(records.Drivers._fields, 0.0),
    **{decision.driver: records.FREE for decision in DECISIONS.values()},
    "support_scripted": records.FREE,
    "successor": records.FREE,
    **{
        lever.name: lever.default
        for lever in LEVERS
        if lever.scope == "member" and lever.default is not None
    },
}

#: The drivers of version 0.1. Every fingerprint holds them, in this order and whether they are used
#: or not, so that results and posteriors of that version keep theirs (docs/decisions/0016).
_BY_PLACE = (
    "pressure", "restraint", "enforcement", "bandwidth", "threat", "partner_security",
    "partner_economy", "confrontation", "dependence_keep", "dependence_set", "ties_keep",
    "ties_set", "affinity_change", "crisis_scripted", "support_scripted", "adaptive",
    "accounting", "summit", "dues", "notice_period", "suspension_arrears", "expulsion_arrears",
    "forced_attend", "forced_consent", "forced_pay", "forced_freeze", "forced_exit",
    "forced_suspend", "forced_expel",
)  # fmt: skip


def imposed(
    scripted: Sequence[Sequence[Any]], idle: Mapping[str, float] = MappingProxyType(IDLE)
) -> dict[str, Any]:
    """Return drivers as plain data, of which the fingerprint of a scenario is made.

    A driver that was added to the model after version 0.1 is left out where no member uses it, so
    that a new driver leaves the fingerprints of all other scenarios as they were.

    Parameters
    ----------
    scripted
        ``[member][month]``: named tuples of drivers.
    idle
        Value of each driver where it is not used.

    Returns
    -------
    dict
        ``drivers``: those of version 0.1, in their order, by member and month. If a later driver is
        used, also ``more drivers``: its values by name, member and month.
    """
    first = attrgetter(*_BY_PLACE)
    later = sorted(set(scripted[0][0]._fields) - set(_BY_PLACE))
    more = {
        name: [[getattr(drivers, name) for drivers in months] for months in scripted]
        for name in later
        if any(getattr(drivers, name) != idle[name] for months in scripted for drivers in months)
    }
    found: dict[str, Any] = {"drivers": [[first(d) for d in months] for months in scripted]}
    return {**found, "more drivers": more} if more else found


def _joined(driver: str, standing: float, value: float) -> float:
    """Return the value of a driver that levers and earlier events set to ``standing``.

    An event adds ``value``: the larger one counts for pressure, restraint and confrontation, the
    sum for changes of affinity, and else the event's value.
    """
    if driver in ("pressure", "restraint", "confrontation"):
        return max(standing, value)
    if driver == "affinity_change":
        return standing + value
    return value


def _election(due: tuple[float, float | None] | None) -> dict[str, float]:
    """Drivers of a month in which an election or succession is due; none if none is."""
    if due is None:
        return {}
    chance, successor = due
    return {"election": chance, "successor": records.FREE if successor is None else successor}


def _disputes(scenario: Script) -> dict[str, tuple[float, list[float]]]:
    """By member: number of its dispute with another, and how open it is month by month.

    Normalisation by either side closes it, and where the scenario multiplies the threat to both,
    the lower of the two multipliers counts.
    """
    found = {}
    for (one, other), value in scenario.alliance.disputes.items():
        keys: tuple[LeverKey, ...] = (
            ("normalisation", one, other),
            ("normalisation", other, one),
        )
        first, second = (_path(scenario, key, 0.0) for key in keys)
        threats = [_path(scenario, ("threat", None, side), 1.0) for side in (one, other)]
        path = [
            min(1.0, value * (1.0 - a) * (1.0 - b) * min(c, d))
            for a, b, c, d in zip(first, second, *threats, strict=True)
        ]
        for side in (one, other):
            found[side] = (float(pair_address(one, other)), path)
    return found


def _power_paths(scenario: Script, lever: str, power: str) -> tuple[tuple[float, ...], ...]:
    return tuple(
        _path(scenario, (lever, power, member), 0.0) for member in scenario.alliance.members
    )


def _path(
    scenario: Script, key: LeverKey, default: float, spans_at: float | None = None
) -> tuple[float, ...]:
    """Value of a lever in each month: the default, the spans, and the ramps into them.

    With ``spans_at`` every span counts as that value instead of its own.
    """
    values = [default] * scenario.horizon
    for span in scenario.spans(key):
        begin = span.first - scenario.start
        goal = span.value if spans_at is None else spans_at
        before = values[begin - 1] if begin > 0 else default
        if span.ramp_from is not None:
            before = span.ramp_from if spans_at is None else spans_at
        for step in range(1, span.last - span.first + 2):
            done = step / span.ramp if step < span.ramp else 1.0
            values[begin + step - 1] = goal if done == 1.0 else before + (goal - before) * done
    return tuple(values)


def _event_drivers(scenario: Script) -> dict[tuple[str, int], list[tuple[str, float]]]:
    """Drivers that events set, by member and month."""
    result: dict[tuple[str, int], list[tuple[str, float]]] = {}

    def put(member: str, month: int, driver: str, value: float) -> None:
        result.setdefault((member, month), []).append((driver, value))

    for item in scenario.script:
        event = item.event
        month = parse_month(event.date)
        if isinstance(event, Crisis):
            put(event.member, month, "crisis_scripted", 1.0)
            support = records.FREE if event.support is None else event.support
            put(event.member, month, "support_scripted", support)
        elif isinstance(event, Clash):
            put(event.member, month, "clash_scripted", 1.0)
            put(event.rival, month, "clash_scripted", 1.0)
        elif isinstance(event, Confrontation):
            for covered in range(month, month + event.months):
                put(event.member, covered, "confrontation", event.severity)
        elif isinstance(event, DomesticChange):
            put(event.member, month, "affinity_change", event.change)
        elif isinstance(event, Statement):
            driver = "pressure" if event.tone < 0 else "restraint"
            put(event.member, month, driver, abs(event.tone))
        else:
            decision = DECISIONS[event.decision]
            last = parse_month(event.to) if event.to else month
            for covered in range(month, last + 1):
                put(event.member, covered, decision.driver, decision.value)
    return result
