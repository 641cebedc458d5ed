from __future__ import annotations

import subprocess
import sys
import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from foedus.cases.scenario_reader import load_scenario
from foedus.ensembles import ensemble, gathered, workers
from foedus.errors import ResultError
from foedus.model import cohesion, records
from foedus.model.parameters import Parameters
from foedus.model.specifications import default_parameters
from foedus.studies import running
from foedus.worlds.agents import AllianceModel
from foedus.worlds.buffers import LANES
from foedus.worlds.kept import BINS, MONTHLY, RECORDED, SIGNALS, TABLE, WATCHED, empty_table
from foedus.worlds.openings import Sampled

if TYPE_CHECKING:
    import xarray as xr

    from foedus.cases.scenario import Scenario
    from foedus.ensembles.ensemble import Ensemble

NAMES = ("pressure", "restraint")
RUNS = 300


@pytest.fixture(scope="module")
def scenarios() -> list[Scenario]:
    return [load_scenario(name, horizon=24) for name in NAMES]


@pytest.fixture(scope="module")
def worlds(scenarios: list[Scenario]) -> Ensemble:
    return ensemble.run(scenarios, runs=RUNS, keep_trajectories=True)


@pytest.fixture(scope="module")
def data(worlds: Ensemble) -> xr.Dataset:
    return worlds.dataset()


@pytest.fixture(scope="module")
def paths(worlds: Ensemble) -> xr.Dataset:
    return worlds.trajectories()


def test_the_dataset_is_labelled_and_has_the_run_last(data: xr.Dataset, paths: xr.Dataset) -> None:
    assert paths["trust"].dims == ("scenario", "month", "member", "run")
    assert data["trust"].dims == ("scenario", "member", "run")
    assert list(data["scenario"].values) == list(NAMES)
    assert str(data["month"].values[0])[:7] == "2026-01"
    for dataset in (data, paths):
        assert {"scenario": 2, "month": 24, "member": 5, "run": RUNS}.items() <= (
            dataset.sizes.items()
        )
        for variable in dataset.data_vars.values():
            assert variable.attrs["long_name"]
            assert variable.attrs["units"]
            assert "run" not in variable.dims or variable.dims[-1] == "run"


def test_every_array_that_is_kept_is_in_the_dataset(data: xr.Dataset, paths: xr.Dataset) -> None:
    assert set(TABLE) <= set(data.data_vars)
    counts = {name for name, kept in MONTHLY.items() if kept.dtype == np.int32}
    assert {f"monthly_{name}" for name in counts} <= set(data.data_vars)
    assert set(RECORDED) | set(SIGNALS) <= set(paths.data_vars)


def test_worlds_of_the_dataset_are_those_of_the_model(
    data: xr.Dataset, paths: xr.Dataset, scenarios: list[Scenario]
) -> None:
    for scenario in scenarios:
        for run in (0, LANES - 1, LANES, RUNS - 1):
            model = AllianceModel(scenario, run=run, collect=False)
            month = 0
            while model.running:
                model.step()
                here = paths.sel(scenario=scenario.name, run=run).isel(month=month)
                for index, member in enumerate(model.members):
                    for name in RECORDED:
                        stored = here[name].values[index]
                        assert stored == np.float32(getattr(member.state, name))
                    assert here["crisis"].values[index] == member.signals.crisis
                    assert here["takes_part"].values[index] == member.takes_part
                index_value = here["cohesion"].sel(weighting="equal").item()
                assert index_value == np.float32(model.cohesion)
                month += 1
            end = data["end_state"].sel(scenario=scenario.name, run=run).item()
            assert cohesion.END_STATES[end] == model.end_state


def test_monthly_statistics_are_those_of_the_whole_worlds(
    data: xr.Dataset, paths: xr.Dataset
) -> None:
    inside = paths["membership"] < records.WITHDRAWN
    for name in RECORDED:
        values = paths[name].where(inside)
        mean = data["monthly_mean"].sel(field=name)
        assert np.allclose(mean, values.mean("run").values, atol=2e-3, rtol=1e-5)
        if name in WATCHED:
            spread = data["monthly_sd"].sel(field=name)
            assert np.allclose(spread, values.std("run").values, atol=3e-4)
    for name in WATCHED:
        counts = data["monthly_histogram"].sel(watched=name)
        assert (counts.sum("bin") == inside.sum("run")).all()
        edges = np.linspace(0, 1, BINS + 1)
        at = {"scenario": 1, "month": 13, "member": 2}
        by_hand, _ = np.histogram(paths[name].isel(at).where(inside.isel(at)), edges)
        assert np.abs(counts.isel(at).values - by_hand).sum() <= 2, "but for rounding to singles"
    assert np.allclose(
        data["monthly_cohesion_mean"],
        paths["cohesion"].mean("run").transpose(*data["monthly_cohesion_mean"].dims),
        atol=1e-6,
    )
    assert (data["monthly_standing"].sum("standing_name") == RUNS).all()
    assert (data["monthly_end_state"].sum("state_at_end") == RUNS).all()
    assert (data["monthly_number_taking_part"].sum("number") == RUNS).all()
    taking_part = paths["takes_part"].sum("run")
    assert (data["monthly_taking_part"] == taking_part).all()


def test_replaying_a_world_gives_it_again_exactly(
    paths: xr.Dataset, scenarios: list[Scenario]
) -> None:
    model = ensemble.replay(scenarios[1], 17)
    stored = paths["trust"].sel(scenario="restraint", run=17).values
    table = model.history().pivot_table(index="Step", columns="code", values="trust")
    ordered = table[list(paths["member"].values)].to_numpy()
    assert np.array_equal(ordered.astype(np.float32), stored)


def test_worlds_do_not_depend_on_pieces_threads_engine_or_order(
    worlds: Ensemble, scenarios: list[Scenario], monkeypatch: pytest.MonkeyPatch
) -> None:
    def same(**options: Any) -> None:
        again = ensemble.run(scenarios, runs=RUNS, **options)
        assert again.digest == worlds.digest
        for one, other in zip(again.parts, worlds.parts, strict=True):
            for name in one.monthly._fields:
                found, wanted = getattr(one.monthly, name), getattr(other.monthly, name)
                assert np.array_equal(found, wanted), name

    same(workers=1)
    same(workers=3)
    monkeypatch.setattr(ensemble, "PIECE_STEPS", 1)
    same(workers=2)
    same(workers=1)  # more pieces than are handed out at first
    made = workers.simulated

    def backwards(tasks: Any, *rest: Any) -> Any:
        return made(tasks[::-1], *rest)

    monkeypatch.setattr(ensemble, "simulated", backwards)
    same()
    swapped = ensemble.run(scenarios[::-1], runs=RUNS)
    for name, array in swapped.tables.items():
        assert array[::-1].tobytes() == worlds.tables[name].tobytes()


def test_a_piece_that_repeats_worlds_or_reaches_beyond_is_not_added(worlds: Ensemble) -> None:
    whole = next(worlds.pieces())
    part = gathered.Worlds(worlds.scenarios[0], empty_table(5, RUNS))
    assert part.add(whole)
    there = part.there
    assert not part.add(replace(whole.trimmed(10), first=whole.after - 10))
    assert not part.add(replace(whole, first=RUNS))
    assert part.there == there
    assert np.array_equal(part.monthly.standing, whole.monthly.standing)


def test_fewer_worlds_are_the_first_of_more(worlds: Ensemble, scenarios: list[Scenario]) -> None:
    fewer = ensemble.run(scenarios, runs=7, engine="mesa")
    for name, array in fewer.tables.items():
        assert array.tobytes() == worlds.tables[name][..., :7].tobytes(), name
    assert fewer.digest != worlds.digest


def test_a_fresh_process_gives_the_same_digest(worlds: Ensemble) -> None:
    program = (
        "from foedus.ensembles import ensemble\n"
        "from foedus.cases.scenario_reader import load_scenario\n"
        f"s = [load_scenario(n, horizon=24) for n in {NAMES!r}]\n"
        f"print(ensemble.run(s, runs={RUNS}).digest)\n"
    )
    command = [sys.executable, "-c", program]
    fresh = subprocess.run(command, capture_output=True, text=True, check=True)
    assert fresh.stdout.strip() == worlds.digest


@pytest.mark.parametrize("name", list(TABLE))
def test_the_digest_notices_a_single_changed_bit_of_the_table(
    name: str, worlds: Ensemble, scenarios: list[Scenario]
) -> None:
    again = ensemble.run(scenarios, runs=RUNS)
    bytes_ = again.tables[name].reshape(-1)[-1:].view(np.uint8)
    bytes_[0] ^= 1
    assert again.digest != worlds.digest


def test_scenarios_share_their_luck_and_parameters_run_by_run(paths: xr.Dataset) -> None:
    first = paths["trust"].isel(month=0).sel(member="BLR")
    gap = first.sel(scenario=NAMES[0]) - first.sel(scenario=NAMES[1])
    assert np.allclose(gap, 0, atol=0.02), "the same shock, but for a month of contagion"


def test_runs_and_seeds_differ(scenarios: list[Scenario], worlds: Ensemble) -> None:
    assert len(np.unique(worlds.tables["fingerprint"])) == 2 * RUNS
    other = ensemble.run(scenarios, runs=3, seed=0)
    assert other.tables["fingerprint"].tolist() != worlds.tables["fingerprint"][:, :3].tolist()


def test_parameters_can_be_declared_given_or_sampled(scenarios: list[Scenario]) -> None:
    own = default_parameters({"contagion": 0.0})
    given = ensemble.run(scenarios[:1], own, 40)
    assert given.dataset().attrs["parameter_draw"] == "given"
    declared = ensemble.run(scenarios[:1], "default", 40)
    assert declared.digest != given.digest
    rows = np.tile(np.array(own), (40, 1))
    rows[7] = default_parameters()
    sampled = ensemble.run(scenarios[:1], Sampled(rows), 40)
    prints = [one.tables["fingerprint"][0] for one in (given, declared, sampled)]
    assert np.flatnonzero(prints[0] != prints[2]).tolist() == [7]
    assert prints[2][7] == prints[1][7]
    assert sampled.digest == ensemble.run(scenarios[:1], Sampled(rows), 40, engine="mesa").digest


def test_a_design_that_cannot_be_used_is_refused(scenarios: list[Scenario]) -> None:
    rows = np.tile(np.array(default_parameters()), (5, 1))
    with pytest.raises(ResultError, match="has 5 rows; there is none for run"):
        ensemble.run(scenarios[:1], Sampled(rows), 6)
    with pytest.raises(ResultError, match="a column for each"):
        Sampled(rows[:, 1:])
    rows[3, Parameters._fields.index("contagion")] = 7.0
    with pytest.raises(ResultError, match="Design, contagion: 7 is out of bounds"):
        Sampled(rows)
    with pytest.raises(ResultError, match="none of these: 'prior', 'default', 'posterior'"):
        ensemble.run(scenarios[:1], "guess", 6)


def test_progress_counts_every_world(scenarios: list[Scenario]) -> None:
    seen: list[tuple[int, int]] = []
    ensemble.run(scenarios, runs=25, progress=lambda *counts: seen.append(counts))
    assert seen[-1] == (50, 50)
    assert seen == sorted(seen)


def test_whole_worlds_that_were_not_kept_are_asked_for_with_a_remedy() -> None:
    result = running.run("restraint", runs=3, horizon=12)
    with pytest.raises(ResultError, match="--keep trajectories"):
        _ = result.trajectories
    model = result.replay(2)
    assert model.elapsed == 12
    with pytest.raises(ResultError, match="has no scenario 'pressure'; it has restraint"):
        result.replay(2, "pressure")


def test_it_runs_outside_the_main_thread(scenarios: list[Scenario], worlds: Ensemble) -> None:
    found: list[str] = []
    thread = threading.Thread(
        target=lambda: found.append(ensemble.run(scenarios, runs=RUNS).digest)
    )
    thread.start()
    thread.join()
    assert found == [worlds.digest]


@pytest.mark.parametrize("runs", [0, -1, 2**32])
def test_a_number_of_runs_out_of_range_is_refused(runs: int, scenarios: list[Scenario]) -> None:
    with pytest.raises(ResultError, match="number of runs is a whole number from 1"):
        ensemble.run(scenarios, runs=runs)


def test_scenarios_that_cannot_stand_side_by_side_are_refused(scenarios: list[Scenario]) -> None:
    with pytest.raises(ResultError, match="their horizons differ"):
        ensemble.run([scenarios[0], load_scenario("restraint")], runs=1)
    with pytest.raises(ResultError, match="The scenario 'pressure' is named twice"):
        ensemble.run([scenarios[0], scenarios[0]], runs=1)
    with pytest.raises(ResultError, match="at least one scenario"):
        ensemble.run([], runs=1)
    with pytest.raises(ResultError, match="The seed -1"):
        ensemble.run(scenarios, runs=1, seed=-1)
