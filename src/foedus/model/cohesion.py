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

    ``clients`` sums the weights of all initial clients; the other fields sum over those who are
    still members.
    """

    clients: float
    members: float
    taking_part: float
    paid_up: float
    trust: float
    delivered: float
    outside: float
    outside_squared: float


class Cohesion(NamedTuple):
    """The six components of cohesion, each from 0 to 1 and missing (NaN) with no member left."""

    participation: Annotated[float, Quantity("share of members taking part", "share", 0, 1)]
    burden_sharing: Annotated[float, Quantity("share of members without arrears", "share", 0, 1)]
    trust: Annotated[float, Quantity("mean trust in the patron", "share", 0, 1)]
    credibility: Annotated[
        float, Quantity("mean support delivered in the members' last crises", "share", 0, 1)
    ]
    unity: Annotated[float, Quantity("one minus the spread of outside options", "share", 0, 1)]
    membership: Annotated[float, Quantity("share of the initial clients kept", "share", 0, 1)]


EMPTY_TALLY = Tally(0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)


# ---------------------------------------------------------------------------------------------
# 14. Cohesion and end states


def tally(sums: Tally, state: State, weight: float) -> Tally:
    """Add one client, with its weight, to the sums.

    A client that has left counts in ``clients`` only, so that means are those of the members.
    """
    member = weight * is_member(state)
    return Tally(
        sums.clients + weight,
        sums.members + member,
        sums.taking_part + member * takes_part(state),
        sums.paid_up + member * is_paid_up(state),
        sums.trust + member * state.trust,
        sums.delivered + member * state.delivered,
        sums.outside + member * state.outside_option,
        sums.outside_squared + member * state.outside_option * state.outside_option,
    )


def cohesion(sums: Tally) -> Cohesion:
    """Cohesion's six components from the weighted sums over the clients.

    Unity is 1 - 2 sd(h): the standard deviation of shares is at most one half.
    """
    if sums.members <= 0.0:
        return Cohesion(nan, nan, nan, nan, nan, nan)
    mean = sums.outside / sums.members
    variance = positive(sums.outside_squared / sums.members - mean * mean)
    return Cohesion(
        sums.taking_part / sums.members,
        sums.paid_up / sums.members,
        sums.trust / sums.members,
        sums.delivered / sums.members,
        share(1.0 - 2.0 * sqrt(variance)),
        sums.members / sums.clients,
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
