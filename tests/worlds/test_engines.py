"""Mesa and the kernel, compiled and not, give the same bits for every shipped scenario."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from functools import cache, partial
from itertools import islice, product
from pathlib import Path
from string import ascii_uppercase
from typing import Any

import numpy as np
import pytest
import yaml

from foedus.cases.scenario_reader import load_scenario
from foedus.cases.shipped import shipped_scenarios
from foedus.ensembles import ensemble
from foedus.model.draws import OPENING, address, draw, seed_words
from foedus.model.records import State
from foedus.model.rules import lasting_difference
from foedus.model.specifications import drawn_parameters
from foedus.worlds import engines, kernel
from foedus.worlds.buffers import LANES
from foedus.worlds.engines import Task, simulate
from foedus.worlds.openings import PRIOR, addresses, drawn_numbers, opening

WORLDS = 4
SCENARIOS = Path(__file__).resolve().parents[2] / "scenarios"

#: Prints the digest of every shipped scenario; with fewer lanes where nothing is compiled.
DIGESTS = f"""
import json, os
from foedus.worlds import buffers as lanes
if os.environ.get("NUMBA_DISABLE_JIT") == "1":
    lanes.LANES, lanes.STRIDE = {WORLDS}, {WORLDS}
from foedus.ensembles import ensemble
from foedus.cases.scenario_reader import load_scenario
from foedus.cases.shipped import shipped_scenarios
run = lambda name: ensemble.run([load_scenario(name)], runs={WORLDS}, engine="kernel").digest
print(json.dumps({{name: run(name) for name in shipped_scenarios()}}))
"""


def digests(**environment: str) -> dict[str, str]:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", DIGESTS],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, str] = json.loads(done.stdout)
    return found


@cache
def pieces(name: str) -> Any:
    scenario = load_scenario(name)
    return [
        simulate(Task(scenario, 7, PRIOR, 3, WORLDS, engine, keep=True))
        for engine in ("mesa", "kernel")
    ]


@pytest.mark.parametrize("name", shipped_scenarios())
def test_mesa_and_the_kernel_are_equal_to_the_bit(name: str) -> None:
    mesa, kernel = pieces(name)
    for name_ in mesa.table:
        assert mesa.table[name_].tobytes() == kernel.table[name_].tobytes(), name_
    for name_ in mesa.paths:
        assert mesa.paths[name_].tobytes() == kernel.paths[name_].tobytes(), name_
    for field, one, other in zip(mesa.monthly._fields, mesa.monthly, kernel.monthly, strict=True):
        assert np.array_equal(one, other), field


def test_the_digest_is_that_of_mesa_without_compiling_and_at_every_level_of_the_processor() -> None:
    mesa = {
        name: ensemble.run([load_scenario(name)], runs=WORLDS, engine="mesa").digest
        for name in shipped_scenarios()
    }
    assert digests(NUMBA_DISABLE_JIT="1") == mesa
    for level in ("generic", "x86-64-v3", "x86-64-v4"):
        if runs_here(level):
            assert digests(NUMBA_CPU_NAME=level, NUMBA_CPU_FEATURES="") == mesa, level


def runs_here(level: str) -> bool:
    """Whether this machine can execute code for a level; on others only their own is tested."""
    if not Path("/proc/cpuinfo").exists():
        return level == "generic"
    flags = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    needed = {"x86-64-v3": "avx2", "x86-64-v4": "avx512vl"}
    return level not in needed or needed[level] in flags


def test_a_task_that_is_stopped_ends_with_the_worlds_that_are_finished() -> None:
    scenario = load_scenario("baseline", horizon=12)
    for engine, done in (("kernel", 2 * LANES), ("mesa", 2)):
        asked = iter([False, False, True])
        task = Task(scenario, 7, PRIOR, 0, 1000, engine, keep=True)  # type: ignore[arg-type]
        piece = simulate(task, partial(next, asked))
        assert piece.runs == done
        whole = simulate(Task(scenario, 7, PRIOR, 0, done, "kernel", keep=True))
        for name in whole.table:
            assert piece.table[name].tobytes() == whole.table[name].tobytes()
        assert np.array_equal(piece.monthly.histogram, whole.monthly.histogram)


def test_openings_of_many_worlds_are_those_of_single_ones() -> None:
    """The vectorised design against the scalar draws of parameters and opening numbers."""
    scenario = load_scenario("restraint", settings=["trust_loss=0.7", "KAZ.threat=0.1"])
    alliance, runs = scenario.alliance, np.array([0, 5, 4_000_000_000])
    for loops in (kernel, engines.compiled_kernel()):
        start = opening(PRIOR, scenario, 11, runs, loops)
        for place, run in enumerate(runs.tolist()):
            p = drawn_parameters(11, run, scenario.parameter_values)
            assert tuple(start.parameters[:, place]) == p
            for index, code in enumerate(alliance.members):
                state = alliance.opening(code, alliance.drawn_values(code, 11, run))
                luck = draw(*seed_words(11), run, OPENING, address(code), 0)
                state = state._replace(disposition=lasting_difference(p, luck))
                assert State(*start.states[:, index, place].tolist()) == state


def test_numbers_that_are_the_same_in_all_worlds_are_not_among_the_drawn() -> None:
    scenario = load_scenario("restraint", settings=["trust_loss=0.7"])
    names = [name for name, _, _ in drawn_numbers(PRIOR, scenario, 1, np.arange(3))]
    assert "trust_loss" not in names
    assert {"contagion", "ARM.trust"} <= set(names)
    assert len(set(addresses(scenario).tolist())) == 5


def test_few_worlds_are_left_to_mesa() -> None:
    assert engines.chosen("auto", engines.FEW_WORLDS - 1) == "mesa"
    assert engines.chosen("auto", engines.FEW_WORLDS) == "kernel"
    assert engines.chosen("mesa", 10**6) == "mesa"


def ring(members: int, neighbours: int, directory: Path) -> Path:
    """Write an alliance of any size: the clients of the CSTO again and again, each seeing some.

    Every other one has an open dispute with the next.
    """
    csto = yaml.safe_load((SCENARIOS / "alliances" / "csto.yaml").read_text(encoding="utf-8"))
    codes = ["".join(c) for c in islice(product(ascii_uppercase, repeat=3), members)]
    models = list(csto["members"])
    date = max(csto["states"])
    clients, states = {}, {"RUS": csto["states"][date]["RUS"]}
    for place, code in enumerate(codes):
        model = models[place % len(models)]
        seen = [codes[(place + step) % members] for step in range(1, neighbours + 1)]
        weights = dict.fromkeys(seen, 1 / neighbours)
        attention = {"weights": weights, "assumed": "a test", "why": "Neighbours on a ring."}
        clients[code] = {**csto["members"][model], "name": code, "attention": attention}
        states[code] = {**csto["states"][date][model]}
        states[code].pop("dispute", None)
        if place % 2 == 0 and place + 1 < members:
            number = {"value": 0.9, "assumed": "a test", "why": "So that there is fighting."}
            states[code]["dispute"] = {codes[place + 1]: number}
    powers = {code: power for code, power in csto["powers"].items() if code != "AZE"}
    content = {
        **csto,
        "name": "ring",
        "members": clients,
        "powers": powers,
        "states": {date: states},
    }
    (directory / "ring.yaml").write_text(json.dumps(content, default=str), encoding="utf-8")
    path = directory / "busy.yaml"
    path.write_text(
        "foedus: 1\nname: busy\ntitle: T\ndescription: D\nalliance: ./ring.yaml\n"
        "start: 2026-01\nhorizon: 13\npolicy: fixed\n"
        "levers:\n  pressure: {all: [{value: 0.3}]}\n  threat: {all: [{value: 6}]}\n",
        encoding="utf-8",
    )
    return path


@pytest.mark.parametrize(("members", "neighbours"), [(2, 1), (8, 7), (19, 18), (27, 3)])
def test_alliances_of_any_size_and_attention_are_equal_too(
    members: int, neighbours: int, tmp_path: Path
) -> None:
    scenario = load_scenario(str(ring(members, neighbours, tmp_path)))
    mesa, kernel = (
        ensemble.run([scenario], runs=2, engine=engine).digest for engine in ("mesa", "kernel")
    )
    assert mesa == kernel
