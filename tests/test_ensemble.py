from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import numpy as np
import pytest

from foedus import ensemble, rules
from foedus.agents import AllianceModel
from foedus.errors import ResultError
from foedus.parameters import default_parameters
from foedus.scenario_reader import load_scenario

if TYPE_CHECKING:
    import xarray as xr

    from foedus.scenario import Scenario

NAMES = ("pressure", "restraint")


@pytest.fixture(scope="module")
def scenarios() -> list[Scenario]:
    return [load_scenario(name, horizon=24) for name in NAMES]


@pytest.fixture(scope="module")
def data(scenarios: list[Scenario]) -> xr.Dataset:
    return ensemble.run(scenarios, runs=45)


def test_the_dataset_is_labelled_and_has_the_run_last(data: xr.Dataset) -> None:
    assert data["trust"].dims == ("scenario", "month", "member", "run")
    assert list(data["scenario"].values) == list(NAMES)
    assert str(data["month"].values[0])[:7] == "2026-01"
    assert data.sizes == {
        **data.sizes,
        "scenario": 2,
        "month": 24,
        "member": 5,
        "run": 45,
        "component": 6,
        "weighting": 2,
    }
    for variable in data.data_vars.values():
        assert variable.attrs["long_name"]
        assert variable.attrs["units"]


def test_worlds_of_the_dataset_are_those_of_the_model(
    data: xr.Dataset, scenarios: list[Scenario]
) -> None:
    for scenario in scenarios:
        for run in (0, 19, 20, 44):
            model = AllianceModel(scenario, run=run, collect=False)
            month = 0
            while model.running:
                model.step()
                here = data.sel(scenario=scenario.name, run=run).isel(month=month)
                for index, member in enumerate(model.members):
                    for name in ensemble.RECORDED:
                        assert here[name].values[index] == getattr(member.state, name)
                    assert here["crisis"].values[index] == member.signals.crisis
                index_value = here["cohesion"].sel(weighting="equal").item()
                assert index_value == model.cohesion
                month += 1
            end = data["end_state"].sel(scenario=scenario.name, run=run).item()
            assert rules.END_STATES[end] == model.end_state


def test_replaying_a_world_gives_it_again_exactly(
    data: xr.Dataset, scenarios: list[Scenario]
) -> None:
    model = ensemble.replay(scenarios[1], 17)
    stored = data["trust"].sel(scenario="restraint", run=17).values
    table = model.history().pivot_table(index="Step", columns="code", values="trust")
    assert np.array_equal(table[list(data["member"].values)].to_numpy(), stored)


def test_worlds_do_not_depend_on_how_many_are_made_or_in_which_order(
    data: xr.Dataset, scenarios: list[Scenario], monkeypatch: pytest.MonkeyPatch
) -> None:
    fewer = ensemble.run(scenarios, runs=7)
    assert ensemble.digest(fewer) == ensemble.digest(data.isel(run=slice(7)))
    monkeypatch.setattr(ensemble, "CHUNK", 11)
    assert ensemble.digest(ensemble.run(scenarios, runs=45)) == ensemble.digest(data)
    swapped = ensemble.run(scenarios[::-1], runs=45)
    assert ensemble.digest(swapped.sel(scenario=list(NAMES))) == ensemble.digest(data)


def test_worlds_are_identical_in_other_processes(
    data: xr.Dataset, scenarios: list[Scenario]
) -> None:
    assert ensemble.digest(ensemble.run(scenarios, runs=45, workers=2)) == ensemble.digest(data)
    program = (
        "from foedus import ensemble\n"
        "from foedus.scenario_reader import load_scenario\n"
        f"s = [load_scenario(n, horizon=24) for n in {NAMES!r}]\n"
        "print(ensemble.digest(ensemble.run(s, runs=45)))\n"
    )
    command = [sys.executable, "-c", program]
    fresh = subprocess.run(command, capture_output=True, text=True, check=True)
    assert fresh.stdout.strip() == ensemble.digest(data)


def test_the_digest_notices_a_single_changed_bit(data: xr.Dataset) -> None:
    changed = data.copy(deep=True)
    value = changed["trust"].values
    value[0, 3, 2, 1] = np.nextafter(value[0, 3, 2, 1], 2.0)
    assert ensemble.digest(changed) != ensemble.digest(data)


def test_scenarios_share_their_luck_and_parameters_run_by_run(data: xr.Dataset) -> None:
    one, other = (data.sel(scenario=name) for name in NAMES)
    assert np.array_equal(one["parameters"], other["parameters"])
    assert np.array_equal(one["opening"], other["opening"])
    first = (
        one["trust"].sel(member="BLR").isel(month=0),
        other["trust"].sel(member="BLR").isel(month=0),
    )
    assert np.allclose(*first, atol=0.02), "the same shock, but for a month of contagion"


def test_runs_and_seeds_differ(scenarios: list[Scenario], data: xr.Dataset) -> None:
    assert len(np.unique(data["trust"].isel(scenario=0, month=-1, member=0))) == 45
    other = ensemble.run(scenarios, runs=3, seed=0)
    assert ensemble.digest(other) != ensemble.digest(data.isel(run=slice(3)))


def test_parameters_can_be_declared_or_given(scenarios: list[Scenario]) -> None:
    declared = ensemble.run(scenarios[:1], runs=3, parameters="default")
    first = declared["parameters"].isel(run=0)
    assert (declared["parameters"] == first).all()
    assert first.isel(scenario=0).values.tolist() == list(default_parameters())
    own = default_parameters({"contagion": 0.0})
    given = ensemble.run(scenarios[:1], runs=3, parameters=own)
    assert (given["parameters"].sel(parameter="contagion") == 0).all()
    assert given.attrs["parameter_draw"] == "given"


def test_progress_counts_every_world(scenarios: list[Scenario]) -> None:
    seen: list[int] = []
    ensemble.run(scenarios, runs=25, progress=seen.append)
    assert sum(seen) == 50


@pytest.mark.parametrize("runs", [0, -1, 2**32])
def test_a_number_of_runs_out_of_range_is_refused(runs: int, scenarios: list[Scenario]) -> None:
    with pytest.raises(ResultError, match="number of runs must be from 1"):
        ensemble.run(scenarios, runs=runs)


def test_scenarios_that_cannot_stand_side_by_side_are_refused(scenarios: list[Scenario]) -> None:
    with pytest.raises(ResultError, match="their horizons differ"):
        ensemble.run([scenarios[0], load_scenario("restraint")], runs=1)
    with pytest.raises(ResultError, match="Two scenarios are named 'pressure'"):
        ensemble.run([scenarios[0], scenarios[0]], runs=1)
    with pytest.raises(ResultError, match="at least one scenario"):
        ensemble.run([], runs=1)
    with pytest.raises(ResultError, match="The seed -1"):
        ensemble.run(scenarios, runs=1, seed=-1)
