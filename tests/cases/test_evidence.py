"""No number without evidence, none that no rule reads, none that makes no difference."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256
from typing import TYPE_CHECKING, Any, cast

import pytest

from foedus.cases.alliance_reader import load_alliance
from foedus.cases.months import parse_month
from foedus.cases.scenario_reader import load_scenario
from foedus.ensembles import ensemble
from foedus.model import cohesion, order, records, rules
from foedus.model.draws import Draws
from foedus.model.parameters import Parameters
from foedus.model.quantities import EVIDENCE_KINDS
from foedus.model.specifications import specifications
from foedus.views.explain import everything, why
from foedus.worlds import kernel
from foedus.worlds.agents import AllianceModel

if TYPE_CHECKING:
    from foedus.cases.scenario import Scenario

CSTO = load_alliance("csto")
CSTO_2018 = load_alliance("csto", parse_month("2018-02"))
CSTO_2001 = load_alliance("csto", parse_month("2002-01"))


# Evidence


@pytest.mark.parametrize(
    "alliance", [CSTO, CSTO_2018, CSTO_2001], ids=["2025-12", "2018-01", "2001-12"]
)
def test_every_number_of_the_alliance_has_evidence_and_lies_in_its_bounds(alliance: Any) -> None:
    for number in alliance.numbers.values():
        assert number.evidence.kind in EVIDENCE_KINDS
        assert len(number.evidence.source) >= 3, number.key
        assert len(number.evidence.why) >= 8, number.key
        assert number.quantity.refusal(number.value) is None, number.key
        assert number.line > 0


@pytest.mark.parametrize("name", everything(CSTO))
def test_why_answers_for_every_number_of_the_model(name: str) -> None:
    rows = dict(why(name).rows)
    assert {"meaning", "value", "unit", "bounds", "prior", "evidence", "why"} <= set(rows)
    assert all(rows.values())
    assert rows["evidence"].split(":")[0] in EVIDENCE_KINDS


# Read by a rule


class Recorder:
    """Stands in for a record and notes which of its fields are read."""

    def __init__(self, record: Any) -> None:
        self.record = record
        self.read: set[str] = set()

    def __getattr__(self, name: str) -> Any:
        self.read.add(name)
        return getattr(self.record, name)


def test_every_parameter_state_driver_draw_and_signal_is_read_by_a_rule() -> None:
    """Static: the fields that the compiled code of the rules loads as attributes."""
    loaded: set[str] = set()
    loaded |= set(kernel.endure.__code__.co_names)  # whose luck a dispute has is read there
    for module in (rules, order, cohesion):
        for function in vars(module).values():
            if getattr(function, "__module__", None) == module.__name__ and hasattr(
                function, "__code__"
            ):
                loaded |= set(function.__code__.co_names)
    results = {"dependence"}  # made anew each month from the trade path and its initial value
    for record in (Parameters, records.State, records.Drivers, Draws, *SUMS):
        assert set(record._fields) - results <= loaded, set(record._fields) - loaded


def test_the_month_reads_every_parameter_of_its_mechanisms() -> None:
    """Dynamic: running worlds through every branch, each parameter is asked for."""
    recorder = Recorder(None)
    for name in ("carrot_and_stick", "accounting", "expulsion"):
        scenario = load_scenario(name)
        for run in range(6):
            model = AllianceModel(scenario, run=run, collect=False)
            recorder.record = model.parameters
            model.parameters = cast("Parameters", recorder)
            model.run_model()
    read = recorder.read & set(Parameters._fields)
    assert set(Parameters._fields) - read == {"disposition_spread"}, "drawn at the opening"


# Makes a difference


@pytest.fixture(scope="module")
def stirred(tmp_path_factory: pytest.TempPathFactory) -> list[Scenario]:
    """Scenarios in which every mechanism is at work, one for each policy."""
    directory = tmp_path_factory.mktemp("stirred")
    scenarios = []
    for policy in ("fixed", "adaptive", "accounting"):
        path = directory / f"{policy}.yaml"
        path.write_text(STIRRED.replace("POLICY", policy), encoding="utf-8")
        scenarios.append(load_scenario(path))
    return scenarios


STIRRED = """
foedus: 1
name: stirred_POLICY
title: Everything at work
extends: baseline
policy: POLICY
levers:
  pressure: {ARM: [{value: 0.5}], KAZ: [{value: 0.4}]}
  restraint: {all: [{value: 0.5}]}
  enforcement: {all: [{value: 0.9}]}
  bandwidth: [{from: 2027-01, value: 0.8}]
  threat: {all: [{value: 4}]}
  outreach:
    EU: {all: [{value: 0.7}]}
    USA: {all: [{value: 0.5}]}
    FRA: {all: [{value: 0.5}]}
    IND: {all: [{value: 0.5}]}
events:
  - {event: decision, date: 2026-01, member: BLR, decision: freeze}
  - {event: crisis, date: 2026-03, member: ARM}
  - {event: crisis, date: 2026-04, member: BLR}
  - {event: crisis, date: 2026-05, member: KAZ, support: 1}
  - {event: crisis, date: 2026-06, member: KGZ}
  - {event: crisis, date: 2026-07, member: TJK}
  - {event: decision, date: 2026-10, member: KGZ, decision: freeze}
  - {event: decision, date: 2026-11, member: ARM, decision: resume}
  - {event: decision, date: 2026-12, member: KAZ, decision: default}
  - {event: decision, date: 2028-02, member: TJK, decision: give_notice}
parameters: {BLR.arrears: 1, KAZ.arrears: 1, KGZ.arrears: 1, TJK.arrears: 1}  # so that votes count
"""
RUNS = 6
SUMS = (records.Signals, cohesion.Tally, cohesion.Cohesion)


def worlds_digest(scenario: Scenario) -> str:
    """Digest of what the worlds do, without the fingerprint, which holds the inputs too."""
    worlds = ensemble.run([scenario], "prior", RUNS, engine="kernel", keep_trajectories=True)
    total = sha256()
    for array in worlds.trajectories().data_vars.values():
        total.update(array.values.tobytes())
    return total.hexdigest()


@pytest.fixture(scope="module")
def reference(stirred: list[Scenario]) -> list[str]:
    return [worlds_digest(scenario) for scenario in stirred]


def fixed(scenario: Scenario, key: str, value: float) -> Scenario:
    if key in scenario.alliance.numbers:
        return replace(scenario, alliance=scenario.alliance.with_values({key: value}))
    return replace(scenario, parameters={**scenario.parameters, key: value})


@pytest.mark.parametrize("name", Parameters._fields)
def test_moving_a_parameter_to_its_bound_changes_the_worlds(
    name: str, stirred: list[Scenario], reference: list[str]
) -> None:
    spec = specifications()[name]
    assert any(
        worlds_digest(fixed(scenario, name, bound)) != before
        for scenario, before in zip(stirred, reference, strict=True)
        for bound in (spec.low, spec.high)
    )


@pytest.mark.parametrize("key", list(CSTO.numbers))
def test_moving_a_number_of_the_alliance_to_its_bound_changes_the_worlds(
    key: str, stirred: list[Scenario], reference: list[str]
) -> None:
    number = CSTO.numbers[key]
    bounds = [number.quantity.high, number.quantity.low]
    assert any(
        worlds_digest(fixed(scenario, key, bound)) != before
        for scenario, before in zip(stirred, reference, strict=True)
        for bound in bounds
        if bound != number.value
    )
