"""The alliance as a whole: cohesion and end states (mechanism 14)."""

from math import nan, sqrt
from typing import Annotated, NamedTuple

from foedus.model.elementary import positive, share
from foedus.model.quantities import Quantity
from foedus.model.records import State, is_member, is_paid_up, takes_part

#: End states and their meanings; the alliance is in the first that applies (V.1, V.2). A member
#: takes part if it is not frozen and attended the last summit.
END_STATE_MEANINGS = {
    "dissolved": "fewer than two clients take part",
    "hollow": "half or more of the members do not take part",
    "smaller": "somebody has left or was expelled",
    "ambivalent": "somebody does not take part",
    "restored": "everybody takes part",
}
END_STATES = tuple(END_STATE_MEANINGS)
DISSOLVED, HOLLOW, SMALLER, AMBIVALENT, RESTORED = 0, 1, 2, 3, 4


class Tally(NamedTuple):
    """Weighted sums over the clients, from which cohesion follows.

    ``clients`` sums the weights of all initial clients, and the two of affinity run over all of
    them; the other fields sum over those who are still members.
    """

    clients: float
    members: float
    taking_part: float
    paid_up: float
    trust: float
    delivered: float
    affinity: float
    affinity_squared: float


class Cohesion(NamedTuple):
    """The six components of cohesion, each from 0 to 1.

    All count over the initial clients: one that has left contributes 0, so that cohesion never
    rises by losing somebody.
    """

    participation: Annotated[
        float, Quantity("share of the initial clients that take part", "share", 0, 1)
    ]
    burden_sharing: Annotated[
        float,
        Quantity("share of the initial clients that are members without arrears", "share", 0, 1),
    ]
    trust: Annotated[
        float,
        Quantity("mean trust in the patron; a client that has left counts 0", "share", 0, 1),
    ]
    credibility: Annotated[
        float,
        Quantity(
            "mean support delivered in the last crises; a client that has left counts 0",
            "share",
            0,
            1,
        ),
    ]
    unity: Annotated[
        float,
        Quantity(
            "one minus the spread (two standard deviations) of political closeness to the patron "
            "over the initial clients, times the share of them kept",
            "share",
            0,
            1,
        ),
    ]
    membership: Annotated[float, Quantity("share of the initial clients kept", "share", 0, 1)]


EMPTY_TALLY = Tally(0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)


# ---------------------------------------------------------------------------------------------
# 14. Cohesion and end states


def tally(sums: Tally, state: State, weight: float) -> Tally:
    """Add one client, with its weight, to the sums.

    A client that has left counts in ``clients`` and, as close to the patron as it was when it left,
    in the sums of affinity.
    """
    member = weight * is_member(state)
    return Tally(
        sums.clients + weight,
        sums.members + member,
        sums.taking_part + member * takes_part(state),
        sums.paid_up + member * is_paid_up(state),
        sums.trust + member * state.trust,
        sums.delivered + member * state.delivered,
        sums.affinity + weight * state.affinity,
        sums.affinity_squared + weight * state.affinity * state.affinity,
    )


def cohesion(sums: Tally) -> Cohesion:
    """Cohesion's six components from the weighted sums over the clients.

    Unity is 1 - 2 sd(affinity), times the share of clients kept: the standard deviation of shares
    is at most one half. The spread is that of all initial clients, whoever has left included. Over
    the members alone it would shrink, and unity rise, when the one that stands apart is lost.
    """
    if sums.members <= 0.0:
        return Cohesion(0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
    kept = sums.members / sums.clients
    mean = sums.affinity / sums.clients
    variance = positive(sums.affinity_squared / sums.clients - mean * mean)
    return Cohesion(
        sums.taking_part / sums.clients,
        sums.paid_up / sums.clients,
        sums.trust / sums.clients,
        sums.delivered / sums.clients,
        share(1.0 - 2.0 * sqrt(variance)) * kept,
        kept,
    )


def cohesion_index(components: Cohesion, weights: Cohesion) -> float:
    """Weighted mean of the components; at least one weight must be positive."""
    total = (
        weights.participation
        + weights.burden_sharing
        + weights.trust
        + weights.credibility
        + weights.unity
        + weights.membership
    )
    return (
        weights.participation * components.participation
        + weights.burden_sharing * components.burden_sharing
        + weights.trust * components.trust
        + weights.credibility * components.credibility
        + weights.unity * components.unity
        + weights.membership * components.membership
    ) / total


def among_those_who_stay(index: float, membership: float) -> float:
    """Return the cohesion index among those who stay; missing (NaN) if nobody is left.

    It is the index with means over the members and ``membership`` counted as 1. As every component
    is such a mean times the share of clients kept (``membership``), it is their quotient.
    """
    return share(index / membership) if membership > 0.0 else nan


def end_state(taking_part: float, members: float, clients: float) -> int:
    """Return the end state of the alliance, as its place in :data:`END_STATES`.

    The arguments are unweighted counts of clients. The first state that applies: dissolved (fewer
    than two take part), hollow (half or more of the members do not take part), smaller (somebody
    has left), ambivalent (somebody does not take part), restored (V.1, V.2).
    """
    if taking_part < 2.0:
        return DISSOLVED
    if 2.0 * (members - taking_part) >= members:
        return HOLLOW
    if members < clients:
        return SMALLER
    if taking_part < members:
        return AMBIVALENT
    return RESTORED
