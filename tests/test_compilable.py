"""The rules are plain Python that Numba can compile as they stand, to the same bits."""

from __future__ import annotations

import inspect
import types
from typing import Any

import pytest

from foedus import draws, elementary, rules
from foedus.agents import AllianceModel
from foedus.parameters import drawn_parameters
from foedus.scenario_reader import load_scenario

numba = pytest.importorskip("numba")
pytestmark = pytest.mark.filterwarnings("ignore::numba.core.errors.NumbaWarning")
NOT_MODEL = {"seed_words", "address", "design_uniform"}


@pytest.fixture(scope="module")
def compiled() -> dict[str, Any]:
    """Clones of the plain functions whose globals are the compiled clones."""
    namespace: dict[str, Any] = {}
    for module in (elementary, draws, rules):
        namespace.update({k: v for k, v in vars(module).items() if not k.startswith("__")})
    for module in (elementary, draws, rules):
        for name, function in list(vars(module).items()):
            own = inspect.isfunction(function) and function.__module__ == module.__name__
            if own and name not in NOT_MODEL:
                clone = types.FunctionType(function.__code__, namespace, name)
                namespace[name] = numba.njit(error_model="numpy")(clone)
    return namespace


def test_a_month_of_every_member_has_the_same_bits_compiled(compiled: dict[str, Any]) -> None:
    scenario = load_scenario("carrot_and_stick")
    for run in range(3):
        p = drawn_parameters(1, run)
        model = AllianceModel(scenario, seed=1, run=run, parameters=p, collect=False)
        for _ in range(14):
            before = [member.state for member in model.members]
            model.step()
            for member, state in zip(model.members, before, strict=True):
                luck = compiled["draw"](1, 0, run, model.elapsed, member.address)
                assert luck == member.draws
                own = compiled["befall"](p, state, member.drivers, luck)
                assert own == member.signals
                seen = rules.NOTHING_SEEN
                attention = scenario.alliance.attention[member.index]
                for other in model.members:
                    weight = attention[other.index]
                    seen = compiled["attend_to"](seen, weight, other.signals)
                after = compiled["transition"](p, state, member.drivers, luck, own, seen)
                assert after == member.state


def test_cohesion_and_end_states_have_the_same_bits_compiled(compiled: dict[str, Any]) -> None:
    model = AllianceModel(load_scenario("renewed_war"), run=5, collect=False)
    model.run_model()
    plain, fast = rules.EMPTY_TALLY, rules.EMPTY_TALLY
    for member in model.members:
        plain = rules.tally(plain, member.state, 1.5)
        fast = compiled["tally"](fast, member.state, 1.5)
    assert plain == fast
    assert rules.cohesion(plain) == compiled["cohesion"](fast)
    weights = rules.Cohesion(1.0, 2.0, 0.0, 1.0, 1.0, 1.0)
    components = rules.cohesion(plain)
    assert rules.cohesion_index(components, weights) == compiled["cohesion_index"](
        components, weights
    )
    counts = (plain.taking_part, plain.members, plain.clients)
    assert rules.end_state(*counts) == compiled["end_state"](*counts)
