from __future__ import annotations

from typing import TYPE_CHECKING

import mesa
import numpy as np
import pytest

from foedus.cases.scenario_reader import load_scenario
from foedus.cases.shipped import shipped_scenarios
from foedus.errors import ResultError
from foedus.model import cohesion, order, records
from foedus.model.specifications import default_parameters
from foedus.worlds.agents import AllianceModel, MemberState, OutsidePower, Patron

if TYPE_CHECKING:
    from foedus.cases.scenario import Scenario
    from foedus.model.records import Drivers


class Loyal(MemberState):
    """Attends every summit, whatever it thinks of the patron."""

    def decide(self, drivers: Drivers) -> Drivers:
        return drivers._replace(forced_attend=1.0, forced_freeze=0.0)


class Generous(Patron):
    """Always has forces to spare and never presses."""

    def conduct(self, member: MemberState, drivers: Drivers) -> Drivers:
        return drivers._replace(bandwidth=1.0, pressure=0.0)


class Absent(OutsidePower):
    """Does nothing."""

    def reach(self, member: MemberState, drivers: Drivers) -> Drivers:
        return drivers


def test_a_world_is_a_mesa_model_that_runs_to_its_horizon(baseline: Scenario) -> None:
    model = AllianceModel(baseline)
    assert isinstance(model, mesa.Model)
    assert model.month == "2025-12"
    model.step()
    assert model.month == "2026-01"
    model.run_model()
    assert (model.month, model.elapsed, model.running) == ("2030-12", 60, False)
    model.step()
    assert model.elapsed == 60


def test_agents_hold_their_own_state_and_act_under_their_own_names(baseline: Scenario) -> None:
    model = AllianceModel(baseline)
    model.step()
    assert [member.code for member in model.members] == list(baseline.alliance.members)
    armenia = model.members[0]
    assert armenia.name == "Armenia"
    assert armenia.trust == armenia.state.trust
    assert isinstance(model.patron, Patron)
    assert model.patron.bandwidth == 0.3
    efforts = {power.code: power.effort for power in model.powers}
    assert efforts["EU"][0] == 0.5
    assert efforts["AZE"] == (0.4, 0.0, 0.0, 0.0, 0.0)
    with pytest.raises(AttributeError, match="has no attribute 'truts'"):
        _ = armenia.truts


@pytest.mark.parametrize("name", list(shipped_scenarios()))
def test_agents_compose_the_same_drivers_as_the_schedule(name: str) -> None:
    scenario = load_scenario(name)
    model = AllianceModel(scenario, run=1, collect=False)
    for month in range(30):
        model.step()
        for index, member in enumerate(model.members):
            assert member.drivers == model.schedule.drivers(scenario.alliance, index, month)


def test_the_month_is_synchronous(baseline: Scenario) -> None:
    """Whoever is asked first, the result is the same: all endure before anybody responds."""
    model = AllianceModel(baseline, run=4, collect=False)
    mirror = AllianceModel(baseline, run=4, collect=False)
    for _ in range(24):
        model.step()
        mirror.patron.prepare()
        for power in mirror.powers:
            power.prepare()
        for phase in ("endure", "respond", "commit"):
            for member in reversed(mirror.members):
                getattr(member, phase)()
        mirror.elapsed += 1
    assert [m.state for m in model.members] == [m.state for m in mirror.members]


def test_the_record_holds_every_member_and_month(baseline: Scenario) -> None:
    model = AllianceModel(baseline, run=2)
    model.run_model()
    table = model.history()
    assert len(table) == 60 * 5
    last = table[table["Step"] == 60].set_index("code")
    assert last.loc["ARM", "trust"] == model.members[0].state.trust
    assert model.datacollector is not None
    by_month = model.datacollector.get_model_vars_dataframe()
    assert list(by_month["month"])[-1] == "2030-12"
    assert by_month["cohesion"].iloc[-1] == model.cohesion
    assert by_month["end_state"].iloc[-1] in cohesion.END_STATES


def test_a_model_without_a_record_says_so(baseline: Scenario) -> None:
    with pytest.raises(ResultError, match="collect=True"):
        AllianceModel(baseline, collect=False).history()


def test_one_decision_is_overridden_in_a_subclass(baseline: Scenario) -> None:
    plain = AllianceModel(baseline, run=7)
    loyal = AllianceModel(baseline, run=7, member_class={"ARM": Loyal})
    plain.run_model()
    loyal.run_model()
    summits = loyal.history().query("code == 'ARM' and Step % 12 == 11 and membership < 2")
    assert (summits["attended"] == 1).all()
    assert len(summits) > 0
    assert plain.members[0].state != loyal.members[0].state
    assert len(loyal.history()) == 60 * 5, "the record files subclasses with the others"


def test_patron_and_powers_are_overridden_in_subclasses(baseline: Scenario) -> None:
    generous = AllianceModel(baseline, run=7, patron_class=Generous, collect=False)
    alone = AllianceModel(baseline, run=7, power_class=Absent, collect=False)
    generous.step()
    alone.step()
    assert generous.members[0].signals.pressure == 0.0
    assert generous.members[0].drivers.bandwidth == 1.0
    assert alone.members[0].drivers.partner_security == 0.0
    assert alone.members[0].drivers.threat == 1.0


def test_rival_rules_take_the_place_of_the_shipped_ones(baseline: Scenario) -> None:
    class Stubborn:
        befall = staticmethod(order.befall)

        @staticmethod
        def transition(*arguments: object) -> records.State:
            after = order.transition(*arguments)  # type: ignore[arg-type]
            return after._replace(trust=arguments[1].trust)  # type: ignore[attr-defined]

    model = AllianceModel(baseline, run=3, rules=Stubborn(), collect=False)
    before = [member.trust for member in model.members]
    model.run_model()
    assert [member.trust for member in model.members] == before


def test_a_scenario_that_was_not_loaded_is_refused_with_a_sentence() -> None:
    with pytest.raises(ResultError, match=r"foedus.load_scenario\('pressure'\)"):
        AllianceModel("pressure")  # type: ignore[arg-type]


def test_parameters_are_drawn_declared_or_given(baseline: Scenario) -> None:
    drawn = AllianceModel(baseline, run=1)
    assert drawn.parameters == AllianceModel(baseline, run=1).parameters
    assert drawn.parameters != AllianceModel(baseline, run=2).parameters
    assert AllianceModel(baseline, parameters="default").parameters == default_parameters()
    own = default_parameters({"contagion": 0.0})
    assert AllianceModel(baseline, parameters=own).parameters == own
    told = "is none of these: 'prior', 'default', 'posterior'"
    with pytest.raises(ResultError, match=told):
        AllianceModel(baseline, parameters="guess")


def test_overrides_of_a_scenario_hold_in_every_world() -> None:
    scenario = load_scenario("baseline", settings=["trust_loss=0.8", "ARM.trust=0.2"])
    for run in range(5):
        model = AllianceModel(scenario, run=run)
        assert model.parameters.trust_loss == 0.8
        assert model.members[0].trust == 0.2


def test_no_global_or_sequential_generator_is_used(baseline: Scenario) -> None:
    """Neither numpy's global state nor the model's own generators move during a run."""
    model = AllianceModel(baseline, run=1, collect=False)
    np.random.seed(1)  # noqa: NPY002 (the point of the test)
    before = (repr(np.random.get_state()), model.rng.bit_generator.state)  # noqa: NPY002
    shuffled = model.random.getstate()
    model.run_model()
    after = (repr(np.random.get_state()), model.rng.bit_generator.state)  # noqa: NPY002
    assert after == before
    assert model.random.getstate() == shuffled


def test_a_scripted_crisis_on_a_member_that_has_left_is_ignored(write_scenario: object) -> None:
    path = write_scenario(  # type: ignore[operator]
        "events:\n"
        "  - {event: decision, date: 2026-01, member: ARM, decision: expel}\n"
        "  - {event: crisis, date: 2026-03, member: ARM, support: 0}\n"
    )
    model = AllianceModel(load_scenario(path), run=1)
    model.run_model()
    record = model.history().query("code == 'ARM'")
    assert (record["standing"] == "expelled").all()
    assert (record["crisis"] == 0).all()
