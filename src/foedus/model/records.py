"""The records of the model: what a member is, what is imposed on it and what befalls it."""

from typing import Annotated, NamedTuple, get_type_hints

from foedus.model.quantities import Quantity

# Membership, the first of the three fields of standing.
IN, NOTICE, WITHDRAWN, EXPELLED = 0.0, 1.0, 2.0, 3.0
MEMBERSHIP = ("in", "notice", "withdrawn", "expelled")
# Participation (frozen: the member's choice) and vote (suspended: the alliance's choice).
PARTICIPATION = ("active", "frozen")
VOTE = ("held", "suspended")

# Standings that exclude each other, from the inside of the alliance outwards.
STANDINGS = (
    "active",
    "suspended",
    "frozen",
    "frozen, suspended",
    "notice",
    "withdrawn",
    "expelled",
)

#: Value of a driver ``forced_...`` that leaves the decision to the member or the alliance; 0 forces
#: it to be no, 1 to be yes.
FREE = -1.0


class State(NamedTuple):
    """One member at the end of a month."""

    trust: Annotated[float, Quantity("trust in the patron and its alliance", "share", 0, 1)]
    trust_before: Annotated[float, Quantity("trust before the rift", "share", 0, 1)]
    expectation: Annotated[float, Quantity("support expected if attacked", "share", 0, 1)]
    expectation_initial: Annotated[
        float,
        Quantity("support expected at the start, to which expectation returns", "share", 0, 1),
    ]
    dependence: Annotated[
        float,
        Quantity("share of the patron's bloc in trade with it and its rival pole", "share", 0, 1),
    ]
    dependence_initial: Annotated[
        float, Quantity("economic dependence at the start", "share", 0, 1)
    ]
    erosion: Annotated[
        float,
        Quantity("share of dependence eaten away by partners' economic offers", "share", 0, 1),
    ]
    outside_option: Annotated[
        float, Quantity("alignment and arms from elsewhere (hedging)", "share", 0, 1)
    ]
    affinity: Annotated[float, Quantity("political closeness to the patron", "share", 0, 1)]
    adversary_ties: Annotated[
        float, Quantity("ties of the patron to the state that threatens the member", "share", 0, 1)
    ]
    threat: Annotated[
        float, Quantity("crises a year that invoke the treaty (casus foederis)", "1/year", 0, 12)
    ]
    delivered: Annotated[float, Quantity("support delivered in the last crisis", "share", 0, 1)]
    disposition: Annotated[
        float, Quantity("lasting difference in readiness to take part", "log-odds", -40, 40)
    ]
    membership: Annotated[
        float, Quantity("membership: 0 in, 1 notice given, 2 withdrawn, 3 expelled", "code", 0, 3)
    ]
    notice_left: Annotated[
        float, Quantity("months until a withdrawal takes effect", "months", 0, 1200)
    ]
    frozen: Annotated[float, Quantity("participation frozen by the member", "0 or 1", 0, 1)]
    frozen_months: Annotated[float, Quantity("age of the freeze", "months", 0, 12000)]
    suspended: Annotated[float, Quantity("vote suspended by the alliance", "0 or 1", 0, 1)]
    attended: Annotated[float, Quantity("attended the last summit", "0 or 1", 0, 1)]
    consented: Annotated[
        float, Quantity("let the documents of the last summit pass", "0 or 1", 0, 1)
    ]
    arrears: Annotated[float, Quantity("years of unpaid dues", "years", 0, 1000)]
    grievance: Annotated[float, Quantity("grievance the patron holds", "share", 0, 1)]
    patience: Annotated[
        float, Quantity("share of its pressure that an adaptive patron keeps up", "share", 0, 1)
    ]
    tenure: Annotated[
        float, Quantity("months since the present government came to office", "months", 0, 12000)
    ]


#: Fields of the state that a world keeps from its opening to its end.
LASTING = (
    "trust_before",
    "expectation_initial",
    "dependence_initial",
    "adversary_ties",
    "threat",
    "disposition",
)


class Drivers(NamedTuple):
    """What the scenario imposes on one member in one month."""

    pressure: float  # 0..1, the patron's, as scripted
    restraint: float  # 0..1, the patron's, as scripted
    enforcement: float  # 0..1, the alliance's
    bandwidth: float  # 0..1, the patron's
    threat: float  # multiplier of crises a year, normalisation included
    partner_security: float  # 0..1, pooled security offers of the partners
    partner_economy: float  # 0..1, pooled economic offers of the partners
    confrontation: float  # 0..1, severity of an open clash between patron and partners
    dependence_keep: float  # the trade path is keep * initial dependence + set
    dependence_set: float
    ties_keep: float  # adversary ties are keep * own value + set
    ties_set: float
    affinity_change: float  # -1..1, domestic change this month
    crisis_scripted: float  # 1 if the scenario scripts a crisis
    support_scripted: float  # support given in it, or FREE: the patron decides
    adaptive: float  # 1 under the adaptive policy
    accounting: float  # 1 under the accounting policy
    summit: float  # 1 in the month of the summit
    dues: float  # 1 in the month in which dues fall due
    notice_period: float  # months
    suspension_arrears: float  # years of arrears that allow suspension
    expulsion_arrears: float  # years of arrears that count as lasting default
    forced_attend: float  # FREE, 0 or 1, as are all that follow
    forced_consent: float
    forced_pay: float
    forced_freeze: float
    forced_exit: float
    forced_suspend: float
    forced_expel: float
    forced_government: float
    election: float  # 0..1, chance of the calendar that the government changes this month
    successor: float  # affinity of the government that would follow, or FREE: about the present one
    pair: float  # number of the dispute with another member (see draws.pair_address), 0 if none
    dispute: float  # 0..1, how open that dispute is
    clash_scripted: float  # 1 if the scenario scripts fighting between the two


class Signals(NamedTuple):
    """What befell a member this month and what the others can see of it.

    What a member sees of all others (``seen`` in the rules) is a record of the same fields: the
    sums of the others' signals, weighted by the attention paid to each.
    """

    crisis: float
    support: float  # crisis x support delivered
    gain: float  # support delivered, which wins trust
    loss: float  # support short of expectation
    pressure: float  # in force, after the patron's policy
    restraint: float
    enforcement: float
    takes_part: float  # standing at the end of last month
    member: float  # 1 for a member, 0 for a former one
    clash: float  # 1 if it fought with another member


#: Signals of a former member, and the sum before any other member is added.
NOTHING_SEEN = Signals(0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)


def is_member(state: State) -> float:
    """Return 1 for a member, one that has given notice included; 0 for a former member."""
    return 1.0 if state.membership < WITHDRAWN else 0.0


def takes_part(state: State) -> float:
    """Return 1 for a member that is not frozen and attended the last summit, else 0."""
    return is_member(state) * (1.0 - state.frozen) * state.attended


def standing(state: State) -> int:
    """Return the place in :data:`STANDINGS` of a member's membership, freeze and vote together."""
    if state.membership > IN:
        return 3 + int(state.membership)
    return int(state.suspended + 2.0 * state.frozen)


def is_paid_up(state: State) -> float:
    """Return 1 for a member without arrears, else 0."""
    return 1.0 if state.arrears <= 0.0 else 0.0


def attend_to(seen: Signals, attention: float, signals: Signals) -> Signals:
    """Add another member's signals to ``seen``, weighted by the attention paid to that member.

    Restraint and enforcement towards others, and fighting between two others, go unnoticed;
    pressure is a quarrel in public (III.1).
    """
    return Signals(
        seen.crisis + attention * signals.crisis,
        seen.support + attention * signals.support,
        seen.gain + attention * signals.gain,
        seen.loss + attention * signals.loss,
        seen.pressure + attention * signals.pressure,
        seen.restraint,
        seen.enforcement,
        seen.takes_part + attention * signals.takes_part,
        seen.member + attention * signals.member,
        seen.clash,
    )


def state_quantities() -> dict[str, Quantity]:
    """Meaning, unit and bounds of every field of the state of a member."""
    hints = get_type_hints(State, include_extras=True)
    return {name: hints[name].__metadata__[0] for name in State._fields}
