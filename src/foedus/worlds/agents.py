"""The alliance as Mesa agents: one world, to watch, to step and to subclass.

:class:`MemberState`, :class:`Patron` and :class:`OutsidePower` hold their own state and act through
the rules. To change one decision, subclass an agent and override :meth:`MemberState.decide`,
:meth:`Patron.conduct` or :meth:`OutsidePower.reach`; to change a mechanism, hand the model another
object with ``befall`` and ``transition`` in place of :mod:`foedus.model.order`.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any, Protocol

with warnings.catch_warnings():  # Mesa's progress bar asks for ipywidgets, which we do not use
    warnings.filterwarnings("ignore", message="IProgress not found")
    import mesa

from foedus.cases.months import format_month
from foedus.cases.schedule import with_power
from foedus.defaults import SEED
from foedus.errors import ResultError
from foedus.model import cohesion, order, records
from foedus.model import records as records_module
from foedus.model.draws import OPENING, Draws, address, draw, seed_words
from foedus.model.records import Drivers, Signals, State
from foedus.worlds.openings import as_design, member_weights, opening_world

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from foedus.cases.alliance import Power
    from foedus.cases.scenario import Scenario
    from foedus.model.parameters import Parameters
    from foedus.worlds.openings import Numbered


class Rules(Protocol):
    """What the model asks of a set of rules: the two functions that order a month."""

    def befall(self, p: Parameters, state: State, drivers: Drivers, draws: Draws, /) -> Signals:
        """Return what befalls a member this month."""

    def transition(
        self,
        p: Parameters,
        state: State,
        drivers: Drivers,
        draws: Draws,
        own: Signals,
        seen: Signals,
        /,
    ) -> State:
        """Return the member at the end of the month."""


class Client(mesa.Agent):
    """Base of all member agents.

    Mesa's DataCollector keeps records by type of agent; by this type it finds the members of all
    subclasses.
    """


class MemberState(Client):
    """A client of the alliance.

    Attributes
    ----------
    code, name
        Such as ``ARM`` and Armenia.
    state
        The member at the end of last month; its fields can be read off the agent
        (``agent.trust``).
    signals
        What befell the member this month.
    """

    model: AllianceModel

    def __init__(self, model: AllianceModel, code: str, state: State) -> None:
        super().__init__(model)
        self.code = code
        self.name = model.case.alliance.names[code]
        self.address = address(code)
        self.index = model.case.alliance.members.index(code)
        self.state = state
        self.signals: Signals = records.NOTHING_SEEN
        self.drivers: Drivers = model.schedule.scripted[self.index][0]
        self.draws: Draws = self._draw(OPENING)
        self._next = state

    def __getattr__(self, name: str) -> float:
        if name in State._fields and "state" in self.__dict__:
            value: float = getattr(self.state, name)
            return value
        message = f"'{type(self).__name__}' has no attribute '{name}'"
        raise AttributeError(message)

    @property
    def takes_part(self) -> bool:
        """Whether it is a member, is not frozen, and attended the last summit."""
        return records.takes_part(self.state) > 0.0

    @property
    def standing(self) -> str:
        """Standing in words, one of :data:`foedus.model.records.STANDINGS`."""
        return records.STANDINGS[records.standing(self.state)]

    def decide(self, drivers: Drivers) -> Drivers:
        """Return the drivers under which the member acts this month.

        Here they are returned unchanged, so that the rules decide. Override the method to take a
        decision: set any of the ``forced_...`` drivers.
        """
        return drivers

    def endure(self) -> None:
        """First half of the month: find what befalls this member (``signals``)."""
        model = self.model
        drivers = model.schedule.scripted[self.index][model.elapsed]
        for power in model.powers:
            drivers = power.reach(self, drivers)
        self.drivers = self.decide(model.patron.conduct(self, drivers))
        self.draws = self._draw(model.elapsed + 1)
        self.signals = model.rules.befall(model.parameters, self.state, self.drivers, self.draws)

    def respond(self) -> None:
        """Second half: find the member's next state, from what befell it and the others.

        The state itself changes in :meth:`commit`, once all members have responded.
        """
        seen = records.NOTHING_SEEN
        attention = self.model.case.alliance.attention[self.index]
        for other in self.model.members:
            seen = records_module.attend_to(seen, attention[other.index], other.signals)
        self._next = self.model.rules.transition(
            self.model.parameters, self.state, self.drivers, self.draws, self.signals, seen
        )

    def commit(self) -> None:
        """End of the month: take the next state, after all members have responded."""
        self.state = self._next

    def _draw(self, month: int) -> Draws:
        low, high = seed_words(self.model.seed_)
        return draw(low, high, self.model.run, month, self.address, int(self.drivers.pair))


class Patron(mesa.Agent):
    """The state that guarantees the others.

    Attributes
    ----------
    code, name
        Such as ``RUS`` and Russia.
    bandwidth
        What it can spare for its allies this month, 0 to 1.
    """

    model: AllianceModel

    def __init__(self, model: AllianceModel) -> None:
        super().__init__(model)
        self.code = model.case.alliance.patron
        self.name = model.case.alliance.names[self.code]
        self.bandwidth = model.schedule.scripted[0][0].bandwidth

    def prepare(self) -> None:
        """Take this month's bandwidth from the scenario."""
        self.bandwidth = self.model.schedule.scripted[0][self.model.elapsed].bandwidth

    def conduct(self, member: MemberState, drivers: Drivers) -> Drivers:
        """Return a member's drivers with the patron's conduct towards it.

        Here only the bandwidth is set. Override the method to change pressure, restraint or
        enforcement.
        """
        del member
        return drivers._replace(bandwidth=self.bandwidth)


class OutsidePower(mesa.Agent):
    """A partner that reaches out to members, or an adversary that threatens them.

    Attributes
    ----------
    power
        As in the alliance file.
    code, name, role
        Of the power.
    effort
        This month's outreach (partner) or normalisation (adversary) by member index, 0 to 1.
    """

    model: AllianceModel

    def __init__(self, model: AllianceModel, power: Power) -> None:
        super().__init__(model)
        self.power = power
        self.code = power.code
        self.name = power.name
        self.role = power.role
        self.backers = power.backers
        self.effort: tuple[float, ...] = ()

    def prepare(self) -> None:
        """Take this month's effort from the scenario."""
        schedule, month = self.model.schedule, self.model.elapsed
        members = range(len(self.model.members))
        self.effort = tuple(schedule.effort(self.code, member, month) for member in members)

    def reach(self, member: MemberState, drivers: Drivers) -> Drivers:
        """Add this power's conduct towards one member to its drivers."""
        alliance = self.model.case.alliance
        return with_power(drivers, alliance, self.power, member.code, self.effort[member.index])


class AllianceModel(mesa.Model):
    """One world of a scenario, month by month.

    Parameters
    ----------
    scenario
        A resolved scenario.
    seed
        Seed of every draw, 0 to 2**64 - 1.
    run
        Number of the world; with the seed it is the world's address.
    parameters
        ``"prior"`` draws the parameters and opening numbers of this world from their priors,
        ``"default"`` takes the declared values, a :class:`~foedus.Parameters` is used
        as it is (with declared opening numbers), and a
        :class:`~foedus.worlds.openings.Design` gives both. None takes the posterior that comes with
        foedus if it fits the scenario, else the prior.
    collect
        Whether to keep a record of every month in ``datacollector``.
    rules
        Module or object whose ``befall`` and ``transition`` order a month.
    member_class, patron_class, power_class
        Classes of the agents; a mapping gives a class to single members by code.

    Attributes
    ----------
    case
        The scenario (Mesa keeps ``scenario`` for a class of its own).
    members, patron, powers
        The agents.
    elapsed
        Months simulated so far.
    design
        Where parameters and opening numbers come from.
    """

    def __init__(
        self,
        scenario: Scenario,
        *,
        seed: int = SEED,
        run: int = 0,
        parameters: Numbered = None,
        collect: bool = True,
        rules: Rules = order,
        member_class: type[MemberState] | Mapping[str, type[MemberState]] = MemberState,
        patron_class: type[Patron] = Patron,
        power_class: type[OutsidePower] = OutsidePower,
    ) -> None:
        if isinstance(scenario, str):
            message = f"Load the scenario first: foedus.load_scenario({scenario!r})."
            raise ResultError(message)
        super().__init__(rng=seed)
        self.case = scenario
        self.schedule = scenario.schedule
        self.seed_ = seed
        self.run = run
        self.rules = rules
        self.elapsed = 0
        self.design = as_design(parameters, [scenario])
        self.parameters, opening = opening_world(scenario, seed, run, self.design)
        self.patron = patron_class(self)
        self.powers = [power_class(self, power) for power in scenario.alliance.powers]
        self.members: list[MemberState] = []
        for code, state in zip(scenario.alliance.members, opening, strict=True):
            by_code = member_class if not isinstance(member_class, type) else {code: member_class}
            self.members.append(by_code.get(code, MemberState)(self, code, state))
        self.running = True
        self.datacollector = _collector() if collect else None

    @property
    def month(self) -> str:
        """The month simulated last, as YYYY-MM; the one before the start at first."""
        return format_month(self.case.start + self.elapsed - 1)

    @property
    def cohesion_components(self) -> cohesion.Cohesion:
        """The six components of cohesion, members weighted as the scenario says."""
        weights = member_weights(self.case, self.case.weighting)
        sums = cohesion.EMPTY_TALLY
        for member, weight in zip(self.members, weights, strict=True):
            sums = cohesion.tally(sums, member.state, weight)
        return cohesion.cohesion(sums)

    @property
    def cohesion(self) -> float:
        """The cohesion index with the scenario's weights."""
        return cohesion.cohesion_index(self.cohesion_components, self.case.weights)

    @property
    def cohesion_among_those_who_stay(self) -> float:
        """The cohesion index with means over the members alone; NaN if nobody is left."""
        return cohesion.among_those_who_stay(self.cohesion, self.cohesion_components.membership)

    @property
    def end_state(self) -> str:
        """The end state that the alliance would have if the simulation ended this month."""
        sums = cohesion.EMPTY_TALLY
        for member in self.members:
            sums = cohesion.tally(sums, member.state, 1.0)
        return cohesion.END_STATES[cohesion.end_state(sums.taking_part, sums.members, sums.clients)]

    def step(self) -> None:
        """Simulate one month: all endure, all respond, all commit."""
        if self.elapsed >= self.case.horizon:
            self.running = False
            return
        self.patron.prepare()
        for power in self.powers:
            power.prepare()
        for member in self.members:
            member.endure()
        for member in self.members:
            member.respond()
        for member in self.members:
            member.commit()
        self.elapsed += 1
        self.running = self.elapsed < self.case.horizon
        if self.datacollector is not None:
            self.datacollector.collect(self)

    def run_model(self) -> None:
        """Simulate to the horizon."""
        while self.running:
            self.step()

    def history(self) -> pd.DataFrame:
        """Return the record so far: a row for each member and month.

        Columns: the months passed, code, standing, whether the member takes part, whether it had a
        crisis, and every field of its state.

        Raises
        ------
        ResultError
            If the model was made with ``collect=False``.
        """
        table: pd.DataFrame = self._record.get_agenttype_vars_dataframe(Client)
        return table.reset_index().drop(columns="AgentID")

    def alliance_history(self) -> pd.DataFrame:
        """Return the record of the alliance, a row a month so far.

        Columns by month (YYYY-MM): cohesion (index, 0 to 1), how many take part, and the end state
        if the simulation ended then.

        Raises
        ------
        ResultError
            If the model was made with ``collect=False``.
        """
        table: pd.DataFrame = self._record.get_model_vars_dataframe()
        return table.set_index("month")

    @property
    def _record(self) -> mesa.DataCollector:
        if self.datacollector is None:
            message = "This model keeps no record; make it with collect=True."
            raise ResultError(message)
        return self.datacollector


def _collector() -> mesa.DataCollector:
    def of_state(name: str) -> Any:
        return lambda member: getattr(member.state, name)

    return mesa.DataCollector(
        model_reporters={
            "month": "month",
            "cohesion": "cohesion",
            "taking_part": lambda model: sum(member.takes_part for member in model.members),
            "end_state": "end_state",
        },
        agenttype_reporters={
            Client: {
                "code": "code",
                "standing": "standing",
                "takes_part": "takes_part",
                "crisis": lambda member: member.signals.crisis,
                **{name: of_state(name) for name in State._fields},
            }
        },
    )
