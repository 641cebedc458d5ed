"""What other alliances say of members at rest, as densities of rates that the model implies.

The model has no parameter that is a rate of freezing: the rate follows from several parameters and
from how a member stands. So the panel of other alliances cannot be the prior of a parameter. It is
evidence on a derived quantity: for each world the rate is computed from its numbers, and the
density that the panel gives to the log of this rate is one factor of the likelihood. It is used
once, however many records there are, and multiplies the priors of the parameters: together they are
the prior.

The rate is that of a year at rest: of members of the record's alliance that have no rift with the
patron and take part, as they stand at the opening, with all their peers taking part, no pressure
and nobody gone. A rift, an election or a departure adds to it in simulated worlds, while the
panel's years are of all members, with a rift or not. So a rate at rest is a part of the panel's
rate. Two readings can be defended: that the part is the whole (the density of the rate), or that
nothing is known of the rest (the chance that the whole is at least as high: a bound from above).

The panel is cut at the last month of the record, so that a forecast of the past uses only what had
happened by then. The record's own alliance is left out, because its record is in the likelihood.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from foedus.cases.alliance import GIVEN, LONG_IN_OFFICE
from foedus.cases.panel import load_panel
from foedus.model import rules
from foedus.model.parameters import Parameters
from foedus.model.specifications import specification
from foedus.outcomes.rates import fit

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import numpy.typing as npt

    from foedus.cases.alliance import Alliance
    from foedus.cases.record import Record
    from foedus.cases.scenario import Scenario
    from foedus.model.records import State
    from foedus.outcomes.rates import Rate

    Floats = npt.NDArray[np.float64]

PEERS = 1.0  # share of the other clients that take part, at rest


class Densities(NamedTuple):
    """What the panel says of rates a year of one more alliance.

    Attributes
    ----------
    freeze
        Freezes of a member that takes part.
    leaving
        Decisions to leave of a member that takes part.
    back
        Returns of a frozen member.
    """

    freeze: Rate
    leaving: Rate
    back: Rate


@cache
def panel_densities(until: int, without: str | None) -> Densities:
    """Return what the panel said of rates by the end of a month.

    Parameters
    ----------
    until
        Month (number).
    without
        Name in the panel of the alliance that is left out, or None.
    """
    panel = load_panel()
    return Densities(
        *(
            fit(panel.counts(kind, until=until, without=without)).another()
            for kind in ("freeze", "leaving, active", "return")
        )
    )


def densities_for(record: Record, until: int | None = None) -> Densities:
    """Return what the panel says beside a record, without the record's alliance.

    Parameters
    ----------
    until
        Last month (number) of the panel that is used; that of the record if None.
    """
    own = load_panel().name_of(record.history.alliance.name)
    return panel_densities(record.end if until is None else until, own)


def resting_log_density(
    values: Mapping[str, Floats],
    record: Record,
    until: int | None = None,
    *,
    bound: bool = False,
) -> Floats:
    """Return the log density that the panel gives to the rates at rest of each world.

    It is the sum of two: of the log of the mean rate of freezing, and of the log of the mean rate
    of deciding to leave. Where there are several records, give it one of them: it is one factor of
    the likelihood, not one for each record.

    Parameters
    ----------
    values
        Numbers of the worlds by name, shape (world,): parameters such as ``freeze_base``, and
        opening numbers such as ``KAZ.trust``. Those that are absent are as declared.
    record
        Its alliance tells which members are at rest at the opening.
    until
        Last month (number) of the panel that is used; that of the record if None. With several
        records it is the last month of the latest.
    bound
        Whether the panel only bounds the rates from above.

    Returns
    -------
    numpy.ndarray
        Shape (world,); zeros if no member is at rest.
    """
    found = resting_log_rates(values, record.history)
    if found is None:
        return np.zeros(_worlds(values))
    densities = densities_for(record, until)
    parts = ((densities.freeze, found.freeze), (densities.leaving, found.leaving))
    return sum(
        (rate.log_chance_above(at) if bound else rate.log_density(at) for rate, at in parts),
        start=np.zeros(_worlds(values)),
    )


def bounding(record: Record) -> Callable[[Mapping[str, Floats]], Floats]:
    """Return what the panel, up to the end of a record, says of how members at rest leave.

    Rates in the panel are upper readings, since members with a rift are counted too; so it says no
    more than that members at rest decide to leave more seldom. It is one factor of the likelihood.
    What the panel says of freezing is taken in afterwards, by
    :func:`foedus.inference.freezing.weighed`, since it depends on how members come to stand.
    """

    def told(values: Mapping[str, Floats]) -> Floats:
        found = resting_log_rates(values, record.history)
        if found is None:
            return np.zeros(_worlds(values))
        return densities_for(record).leaving.log_chance_above(found.leaving)

    return told


def return_log_density(
    log_rates: npt.ArrayLike, record: Record, until: int | None = None
) -> Floats:
    """Return the log density that the panel gives to logs of a rate of return of frozen members.

    The rate is that of all years of a freeze together; of returns by the age of a freeze see
    ``foedus panel``. Parameters are those of :func:`resting_log_density`.
    """
    return densities_for(record, until).back.log_density(log_rates)


# ---------------------------------------------------------------------------------------------
# Rates at rest, from the rules


class RestingRates(NamedTuple):
    """Logs of rates a year, in the mean over the members at rest: shape (world,) each."""

    freeze: Floats
    leaving: Floats


def members_at_rest(alliance: Alliance) -> tuple[str, ...]:
    """Return the clients without a rift that take part.

    There is no rift where the file says that trust before the rift is trust (``as: trust``).
    """
    return tuple(
        member
        for member in alliance.members
        if alliance.source(member, "trust_before")[0] == "trust"
        and alliance.value(f"{member}.participation") == 0.0
        and alliance.value(f"{member}.membership") == 0.0
        and alliance.value(f"{member}.vote") == 0.0
    )


def resting_log_rates(values: Mapping[str, Floats], scenario: Scenario) -> RestingRates | None:
    """Return logs of the mean rates of freezing and of leaving of members at rest.

    Parameters
    ----------
    values
        As for :func:`resting_log_density`.
    scenario
        Gives the alliance, and parameters that it fixes.

    Returns
    -------
    RestingRates or None
        None if no member is at rest.
    """
    members, worlds = members_at_rest(scenario.alliance), _worlds(values)
    if not members:
        return None
    p = _parameters(values, scenario)
    states = [_opening(values, scenario.alliance, member) for member in members]
    freeze, leaving = (
        _log_of_mean([np.broadcast_to(rule(p, state), worlds) for state in states])
        for rule in (freeze_log_hazard_at_rest, leaving_log_hazard_at_rest)
    )
    return RestingRates(freeze, leaving)


def freeze_log_hazard_at_rest(p: Parameters, state: State) -> Floats:
    """Log of the rate a year at which a member at rest freezes, over all lasting differences.

    The rule is log-linear in the readiness to take part, and the lasting difference eps in it is
    normal with mean 0; so the mean rate is exp((fv sd)^2 / 2) times the rate at eps = 0.

    Parameters
    ----------
    p, state
        Fields are numbers or arrays.
    """
    utility = rules.participation_utility(
        p, state.trust, state.affinity, state.outside_option, PEERS, 0.0
    )
    spread = p.freeze_slope * p.disposition_spread
    return np.asarray(rules.freeze_log_hazard(p, utility, LONG_IN_OFFICE) + 0.5 * spread * spread)


def leaving_log_hazard_at_rest(p: Parameters, state: State) -> Floats:
    """Log of the rate a year at which a member at rest decides to leave.

    The rule of formal exit, mechanism 11, without limbo, pressure and anybody gone.

    Parameters
    ----------
    p, state
        Fields are numbers or arrays.
    """
    option = np.maximum(state.outside_option - state.expectation, 0.0)
    return np.asarray(
        rules.exit_log_hazard(p, 0.0, option, state.dependence, state.trust, 0.0, 0.0)
    )


def _log_of_mean(logs: list[Floats]) -> Floats:
    """Log of the mean of what has these logs, over the list."""
    found: Floats = np.logaddexp.reduce(np.stack(logs)) - np.log(len(logs))
    return found


def _worlds(values: Mapping[str, Floats]) -> tuple[int, ...]:
    return np.broadcast_shapes(*(np.shape(value) for value in values.values()))


def _parameters(values: Mapping[str, Floats], scenario: Scenario) -> Parameters:
    """Return the parameters of the worlds: as given, else as the scenario or the table has them."""
    fixed = scenario.parameter_values
    found: dict[str, Floats] = {
        name: np.asarray(values.get(name, fixed.get(name, specification(name).value)))
        for name in Parameters._fields
    }
    return Parameters(**found)  # type: ignore[arg-type]  # the rules used here are arithmetic


def _opening(values: Mapping[str, Floats], alliance: Alliance, member: str) -> State:
    """Return the opening state of a member in the worlds."""
    found: dict[str, Floats] = {}
    for name in GIVEN:
        label, number = alliance.source(member, name)
        found[name] = np.asarray(values.get(f"{member}.{label}", number.value))
    return alliance.opening(member, found)  # type: ignore[arg-type]  # numbers or arrays
