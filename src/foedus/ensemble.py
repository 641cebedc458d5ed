"""Many worlds of one or more scenarios, as one labelled Dataset.

Every world is known by its address (seed, run): the same address gives the same bits in any process
and any order, and two scenarios share their luck and their parameters run by run.
"""

from __future__ import annotations

import os
import signal
import threading
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from multiprocessing import get_context
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from foedus import rules
from foedus.agents import AllianceModel
from foedus.alliance import GIVEN, state_quantities
from foedus.draws import seed_words
from foedus.errors import ResultError
from foedus.months import format_month
from foedus.parameters import Parameters, specifications
from foedus.scenario_format import WEIGHTINGS
from foedus.worlds import DEFAULT_SEED, member_weights

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import numpy.typing as npt

    from foedus.scenario import Scenario

DEFAULT_RUNS = 300
MAX_RUNS = 2**32 - 1
CHUNK = 20  # worlds handed to a worker at a time

#: Fields of the state that are recorded every month; the lasting ones are recorded once.
RECORDED = tuple(name for name in rules.State._fields if name not in rules.LASTING)
#: What is recorded of a month beside the state.
SIGNALS = ("crisis", "support", "pressure", "restraint")
COMPONENTS = rules.Cohesion._fields


@dataclass(frozen=True)
class Task:
    """Some worlds of one scenario."""

    scenario: Scenario
    seed: int
    first: int
    runs: int
    parameters: str | Parameters


Block = dict[str, "npt.NDArray[Any]"]


def run(
    scenarios: Sequence[Scenario],
    *,
    runs: int = DEFAULT_RUNS,
    seed: int = DEFAULT_SEED,
    parameters: str | Parameters = "prior",
    workers: int = 1,
    progress: Callable[[int], None] | None = None,
) -> xr.Dataset:
    """Simulate worlds of every scenario.

    Parameters
    ----------
    scenarios
        Scenarios of the same alliance, start and horizon.
    runs
        Worlds of each; world number i of every scenario shares its luck and parameters.
    seed
        Seed of every draw, 0 to 2**64 - 1.
    parameters
        ``"prior"``, ``"default"``, or :class:`~foedus.parameters.Parameters` for every world.
    workers
        Processes; the result does not depend on it. With more than one, a script must guard its
        entry with ``if __name__ == "__main__"``, as everywhere with Python's processes.
    progress
        Called with the number of worlds just finished.

    Returns
    -------
    xarray.Dataset
        Dimensions scenario, month, member and run (run last).

    Raises
    ------
    ResultError
        If the scenarios cannot be put side by side, or a number is out of range.
    """
    check(scenarios, runs, seed)
    tasks = [
        Task(scenario, seed, first, min(CHUNK, runs - first), parameters)
        for scenario in scenarios
        for first in range(0, runs, CHUNK)
    ]
    blocks: dict[int, Block] = {}
    for index, block in _simulated(tasks, workers):
        blocks[index] = block
        if progress is not None:
            progress(tasks[index].runs)
    per_scenario = len(tasks) // len(scenarios)
    joined = [
        _joined([blocks[i] for i in range(s * per_scenario, (s + 1) * per_scenario)])
        for s in range(len(scenarios))
    ]
    return _dataset(scenarios, joined, runs, seed, parameters)


def digest(data: xr.Dataset) -> str:
    """SHA-256 of every recorded bit of the worlds, in the order of scenarios, months and runs."""
    total = sha256()
    for name in sorted(map(str, data.data_vars)):
        if data[name].dtype.kind in "fiu":
            total.update(name.encode())
            array = np.ascontiguousarray(data[name].values)
            total.update(array.astype(array.dtype.newbyteorder("<"), copy=False).tobytes())
    return total.hexdigest()


def check(scenarios: Sequence[Scenario], runs: int, seed: int) -> None:
    """Refuse what :func:`run` cannot simulate.

    Raises
    ------
    ResultError
        If the scenarios cannot be put side by side, or a number is out of range.
    """
    try:
        seed_words(seed)
    except ValueError as error:
        raise ResultError(str(error)) from None
    if not scenarios:
        message = "Name at least one scenario to run."
        raise ResultError(message)
    if not isinstance(runs, int) or not 1 <= runs <= MAX_RUNS:
        message = f"The number of runs must be from 1 to {MAX_RUNS}, not {runs}."
        raise ResultError(message)
    names = [scenario.name for scenario in scenarios]
    if repeated := sorted({name for name in names if names.count(name) > 1}):
        message = f"Two scenarios are named '{repeated[0]}'; give one of them another 'name'."
        raise ResultError(message)
    first = scenarios[0]
    for other in scenarios[1:]:
        for what, one, two in (
            ("alliances", first.alliance.name, other.alliance.name),
            ("members", first.alliance.members, other.alliance.members),
            ("starts", format_month(first.start), format_month(other.start)),
            ("horizons", f"{first.horizon} months", f"{other.horizon} months"),
        ):
            if one != two:
                message = (
                    f"'{first.name}' and '{other.name}' cannot be put side by side: their {what} "
                    f"differ ({one} and {two}). Run them apart, or set --horizon."
                )
                raise ResultError(message)


# ---------------------------------------------------------------------------------------------
# Simulating


def _simulated(tasks: Sequence[Task], workers: int) -> Iterator[tuple[int, Block]]:
    workers = max(1, min(workers, len(tasks)))
    if workers == 1:
        for index, task in enumerate(tasks):
            yield index, simulate(task)
        return
    with _pool(workers) as pool:
        with _interrupts_held():
            pending = {pool.submit(simulate, task): index for index, task in enumerate(tasks)}
        while pending:
            done, _ = wait(pending, return_when=FIRST_COMPLETED)
            for future in done:
                yield pending.pop(future), future.result()


@contextmanager
def _pool(workers: int) -> Iterator[ProcessPoolExecutor]:
    """Processes that leave Ctrl-C to their parent and are stopped with it."""
    pool = ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=_ignore_sigint)
    try:
        yield pool
    except BaseException:
        for process in list((pool._processes or {}).values()):  # noqa: SLF001 (no public way)
            process.terminate()
        pool.shutdown(wait=False, cancel_futures=True)
        raise
    else:
        pool.shutdown()


def _ignore_sigint() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)


@contextmanager
def _interrupts_held() -> Iterator[None]:
    """Hold Ctrl-C while workers start, so that they are deaf to it from their first step."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def available_workers() -> int:
    """Processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def simulate(task: Task) -> Block:
    """Simulate the worlds of a task; every array has the run last."""
    scenario = task.scenario
    months, members = scenario.horizon, len(scenario.alliance.members)
    weights = [member_weights(scenario, weighting) for weighting in WEIGHTINGS]
    block: Block = {
        "states": np.empty((len(RECORDED), months, members, task.runs)),
        "signals": np.empty((len(SIGNALS), months, members, task.runs)),
        "takes_part": np.empty((months, members, task.runs)),
        "components": np.empty((len(WEIGHTINGS), len(COMPONENTS), months, task.runs)),
        "cohesion": np.empty((len(WEIGHTINGS), months, task.runs)),
        "end_state": np.empty(task.runs, dtype=np.int8),
        "lasting": np.empty((len(rules.LASTING), members, task.runs)),
        "opening": np.empty((len(GIVEN), members, task.runs)),
        "parameters": np.empty((len(Parameters._fields), task.runs)),
    }
    recorded = [rules.State._fields.index(name) for name in RECORDED]
    signals = [rules.Signals._fields.index(name) for name in SIGNALS]
    for index in range(task.runs):
        model = AllianceModel(
            scenario,
            seed=task.seed,
            run=task.first + index,
            parameters=task.parameters,
            collect=False,
        )
        block["parameters"][:, index] = model.parameters
        for m, member in enumerate(model.members):
            for f, name in enumerate(GIVEN):
                block["opening"][f, m, index] = getattr(member.state, name)
            for f, name in enumerate(rules.LASTING):
                block["lasting"][f, m, index] = getattr(member.state, name)
        while model.running:
            month = model.elapsed
            model.step()
            for m, member in enumerate(model.members):
                state, seen = member.state, member.signals
                block["states"][:, month, m, index] = [state[i] for i in recorded]
                block["signals"][:, month, m, index] = [seen[i] for i in signals]
                block["takes_part"][month, m, index] = rules.takes_part(state)
            for w, weight in enumerate(weights):
                sums = rules.EMPTY_TALLY
                for member, one in zip(model.members, weight, strict=True):
                    sums = rules.tally(sums, member.state, one)
                components = rules.cohesion(sums)
                block["components"][w, :, month, index] = components
                block["cohesion"][w, month, index] = rules.cohesion_index(
                    components, scenario.weights
                )
        block["end_state"][index] = rules.END_STATES.index(model.end_state)
    return block


# ---------------------------------------------------------------------------------------------
# The Dataset


def _joined(blocks: Sequence[Block]) -> Block:
    return {name: np.concatenate([block[name] for block in blocks], axis=-1) for name in blocks[0]}


def _dataset(
    scenarios: Sequence[Scenario],
    joined: Sequence[Block],
    runs: int,
    seed: int,
    parameters: str | Parameters,
) -> xr.Dataset:
    first = scenarios[0]
    alliance = first.alliance
    stacked = {name: np.stack([block[name] for block in joined]) for name in joined[0]}
    quantities = state_quantities()
    world = ("scenario", "month", "member", "run")
    variables: dict[str, Any] = {}

    def add(name: str, dims: tuple[str, ...], values: Any, long_name: str, unit: str) -> None:
        flag = unit in ("0 or 1", "code")
        cast = values.astype(np.int8) if flag else values
        attributes = {"long_name": long_name, "units": "1" if flag or unit == "share" else unit}
        variables[name] = (dims, cast, attributes)

    for index, name in enumerate(RECORDED):
        quantity = quantities[name]
        add(name, world, stacked["states"][:, index], quantity.meaning, quantity.unit)
    for index, name in enumerate(rules.LASTING):
        quantity = quantities[name]
        dims = ("scenario", "member", "run")
        add(name, dims, stacked["lasting"][:, index], quantity.meaning, quantity.unit)
    meanings = {
        "crisis": ("crisis that invoked the treaty this month", "0 or 1"),
        "support": ("support delivered this month", "share"),
        "pressure": ("pressure of the patron in force", "share"),
        "restraint": ("restraint of the patron in force", "share"),
    }
    for index, name in enumerate(SIGNALS):
        add(name, world, stacked["signals"][:, index], *meanings[name])
    add(
        "takes_part",
        world,
        stacked["takes_part"],
        "is a member, not frozen, and attended the last summit",
        "0 or 1",
    )
    component = ("scenario", "weighting", "component", "month", "run")
    add("components", component, stacked["components"], "component of cohesion", "share")
    index_dims = ("scenario", "weighting", "month", "run")
    add(
        "cohesion",
        index_dims,
        stacked["cohesion"],
        "cohesion index, the weighted mean of its components",
        "share",
    )
    add("end_state", ("scenario", "run"), stacked["end_state"], "end state at the horizon", "code")
    variables["end_state"][2]["flag_values"] = list(range(len(rules.END_STATES)))
    variables["end_state"][2]["flag_meanings"] = " ".join(rules.END_STATES)
    add(
        "parameters",
        ("scenario", "parameter", "run"),
        stacked["parameters"],
        "parameters of the world",
        "various",
    )
    add(
        "opening",
        ("scenario", "given", "member", "run"),
        stacked["opening"],
        "opening numbers of the members",
        "various",
    )
    months = [format_month(first.start + i) for i in range(first.horizon)]
    return xr.Dataset(
        variables,
        coords={
            "scenario": [scenario.name for scenario in scenarios],
            "month": np.array(months, dtype="datetime64[ns]"),
            "member": list(alliance.members),
            "run": np.arange(runs),
            "component": list(COMPONENTS),
            "weighting": list(WEIGHTINGS),
            "parameter": list(specifications()),
            "given": list(GIVEN),
        },
        attrs={
            "Conventions": "CF-1.11",
            "title": "foedus ensemble: " + ", ".join(scenario.name for scenario in scenarios),
            "alliance": alliance.name,
            "alliance_title": alliance.title,
            "member_names": [alliance.names[code] for code in alliance.members],
            "scenario_titles": [scenario.title for scenario in scenarios],
            "headline_weighting": [scenario.weighting for scenario in scenarios],
            "summit_month": int(alliance.value("calendar.summit_month")),
            "seed": str(seed),
            "parameter_draw": parameters if isinstance(parameters, str) else "given",
        },
    )


def replay(
    scenario: Scenario, run: int, seed: int = DEFAULT_SEED, parameters: str | Parameters = "prior"
) -> AllianceModel:
    """Return one world again, from its address alone, run to the horizon with its record."""
    model = AllianceModel(scenario, seed=seed, run=run, parameters=parameters)
    model.run_model()
    return model
