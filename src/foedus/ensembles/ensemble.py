"""Many worlds of one or more scenarios, kept as a table of outcomes and monthly statistics.

Every world is known by its address (seed, run): the same address gives the same bits with any
engine, on any machine and in any order, and two scenarios share their luck and their parameters run
by run. Worlds are made in pieces, by threads here or by the workers of a Dask cluster; a store
keeps each piece on disk as it comes, and what it holds is not computed again.
"""

from __future__ import annotations

import json
import os
import signal
import threading
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from hashlib import sha256
from importlib.util import find_spec
from itertools import islice
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from foedus.cases.months import format_month
from foedus.errors import ResultError
from foedus.model import rules
from foedus.model.chronicle import Events
from foedus.model.draws import seed_words
from foedus.outcomes.estimates import INDEPENDENT, Populations
from foedus.worlds.addresses import DEFAULT_SEED
from foedus.worlds.buffers import LANES
from foedus.worlds.engines import Engine, Task, chosen, is_compiled, simulate
from foedus.worlds.kept import (
    BINS,
    LABELS,
    MONTHLY,
    PATHS,
    RECORDED,
    SHARE_UNIT,
    TABLE,
    Kept,
    Piece,
    empty_monthly,
    empty_table,
    event_meanings,
    unit,
)
from foedus.worlds.kernel import Monthly
from foedus.worlds.openings import Design, Numbered, as_design

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    import numpy.typing as npt
    import xarray as xr

    from foedus.cases.scenario import Scenario
    from foedus.worlds.agents import AllianceModel
    from foedus.worlds.kept import Arrays

DEFAULT_RUNS = 20_000
MAX_RUNS = 2**32 - 1
PIECE_STEPS = 5_000_000  # member-months of a piece: under a second of one thread
PATH_STEPS = 300_000  # with whole worlds kept: about 30 MB
MESA_STEPS = 6_000  # a second or two of Mesa
AHEAD = 2  # pieces handed out for each worker, so that none waits for the next
POLL = 0.05  # seconds between looks at an interrupt
PATIENCE = 0.7  # seconds that interrupted threads are given to finish their batch


class Store(Protocol):
    """Where pieces are kept as they come."""

    def pieces(self) -> Iterable[Piece]:
        """Return the whole pieces that are there."""

    def add(self, piece: Piece) -> Piece:
        """Keep a piece; return it as it is to be used from here on."""


class Worlds:
    """The worlds of one scenario, put together from pieces.

    Attributes
    ----------
    table
        Arrays of :data:`~foedus.worlds.kept.TABLE` for all worlds.
    monthly
        Sums over the worlds that are there.
    paths
        Pieces with whole worlds, as they came.
    populations
        How the worlds hang together, for the error of estimates.
    """

    def __init__(
        self, scenario: Scenario, table: Arrays, populations: Populations = INDEPENDENT
    ) -> None:
        self.scenario = scenario
        self.populations = populations
        self.table = table
        self.runs = table["fingerprint"].size
        members = len(scenario.alliance.members)
        self.monthly = empty_monthly(scenario.horizon, members, wide=True)
        self.paths: list[Piece] = []
        self._there = np.zeros(self.runs, dtype=bool)

    def add(self, piece: Piece) -> bool:
        """Add a piece; False if it reaches beyond the worlds wanted or repeats some."""
        if piece.after > self.runs or self._there[piece.first : piece.after].any():
            return False
        self._there[piece.first : piece.after] = True
        for name, array in piece.table.items():
            self.table[name][..., piece.first : piece.after] = array
        for name in Monthly._fields:
            total = getattr(self.monthly, name)
            total += getattr(piece.monthly, name)
        if piece.paths is not None:
            self.paths.append(replace(piece, table={}))
        return True

    def of(self, name: str, member: str) -> npt.NDArray[Any]:
        """Return one member's values of an array of the table, the run last."""
        array = self.table[name]
        return array[..., self.scenario.alliance.members.index(member), :]

    def event(self, name: str, member: str) -> npt.NDArray[Any]:
        """Return the month in which an event first happens to a member, from 1; 0 if never."""
        months: npt.NDArray[Any] = self.of("event_month", member)[Events._fields.index(name)]
        return months

    def month(self, number: int) -> str:
        """Write a month of the scenario, from 1, as ``YYYY-MM``."""
        return format_month(self.scenario.start + number - 1)

    @property
    def there(self) -> int:
        """How many worlds are there."""
        return int(np.count_nonzero(self._there))

    def missing(self, most: int) -> Iterator[tuple[int, int]]:
        """Yield first and number of the worlds that are missing, in pieces of at most so many."""
        edges = np.flatnonzero(np.diff(np.concatenate(([1], self._there, [1])).astype(int)))
        for first, after in edges.reshape(-1, 2).tolist():
            for start in range(first, after, most):
                yield start, min(most, after - start)


def run(
    scenarios: Sequence[Scenario],
    design: Numbered = None,
    runs: int = DEFAULT_RUNS,
    *,
    seed: int = DEFAULT_SEED,
    engine: Engine = "auto",
    keep_trajectories: bool = False,
    workers: int | None = None,
    scheduler: Any = None,
    store: Store | None = None,
    reuse: Iterable[Piece] = (),
    progress: Callable[[int, int], None] | None = None,
    notice: Callable[[str], None] | None = None,
) -> Ensemble:
    """Simulate worlds of every scenario.

    Parameters
    ----------
    scenarios
        Scenarios of the same alliance, start and horizon.
    design
        Where parameters and opening numbers come from, see
        :func:`~foedus.worlds.openings.as_design`.
    runs
        Worlds of each; world number i of every scenario shares its luck and parameters.
    seed
        Seed of every draw, 0 to 2**64 - 1.
    engine
        ``"mesa"``, ``"kernel"``, or ``"auto"``: by the number of worlds. The result is the same.
    keep_trajectories
        Whether to keep whole worlds beside table and statistics.
    workers
        Threads; as many as there are processors if omitted. The result does not depend on it.
    scheduler
        Address of a Dask scheduler, or a ``dask.distributed.Client``, whose workers simulate
        instead of threads.
    store
        Keeps pieces as they come; what it holds already is used.
    reuse
        Pieces of these very scenarios, seed and design, from elsewhere. Where whole worlds are
        kept, those without them are not taken.
    progress
        Called with the number of worlds that are there, those from the store included, and of all.
    notice
        Called with a sentence when there is something to wait for.

    Returns
    -------
    Ensemble
        The worlds put together.

    Raises
    ------
    ResultError
        If the scenarios cannot be put side by side, or a number is out of range.
    """
    check(scenarios, runs, seed)
    chosen_design = as_design(design, scenarios)
    result = _empty(scenarios, chosen_design, runs, seed)
    kept = {part.scenario.name: part for part in result.parts}

    def tell() -> None:
        if progress is not None:
            progress(sum(part.there for part in result.parts), runs * len(scenarios))

    for piece in store.pieces() if store is not None else ():
        if piece.scenario in kept and kept[piece.scenario].add(piece):
            tell()
    for piece in reuse:
        if keep_trajectories and piece.paths is None:
            continue
        known = piece if keep_trajectories else replace(piece, paths=None)
        if piece.scenario in kept and kept[piece.scenario].add(known):
            if store is not None:
                store.add(known)
            tell()
    workers = workers or available_workers()
    used = chosen(engine, runs * len(scenarios))
    tasks = [
        Task(one.scenario, seed, chosen_design, first, count, used, keep_trajectories)
        for one in kept.values()
        for first, count in one.missing(
            _piece_size(one.scenario, runs, workers, used, keep=keep_trajectories)
        )
    ]
    for piece in _simulated(tasks, workers, scheduler, notice or (lambda _: None)):
        kept[piece.scenario].add(store.add(piece) if store is not None else piece)
        tell()
    _refuse_missing(result)
    return result


def stored(
    scenarios: Sequence[Scenario], design: Design, runs: int, seed: int, store: Store
) -> Ensemble:
    """Put together what a store holds.

    Raises
    ------
    ResultError
        If worlds are missing.
    """
    result = _empty(scenarios, design, runs, seed)
    kept = {part.scenario.name: part for part in result.parts}
    for piece in store.pieces():
        kept[piece.scenario].add(piece)
    _refuse_missing(result)
    return result


def populations_of(design: Design) -> Populations:
    """Return how worlds of a design hang together."""
    return Populations(*getattr(design, "populations", INDEPENDENT))


def _refuse_missing(result: Ensemble) -> None:
    if missing := sum(part.runs - part.there for part in result.parts):
        message = f"{missing:,} worlds are missing; foedus run --resume computes them."
        raise ResultError(message)


def _empty(scenarios: Sequence[Scenario], design: Design, runs: int, seed: int) -> Ensemble:
    members = len(scenarios[0].alliance.members)
    tables = empty_table(members, runs, len(scenarios))
    parts = tuple(
        Worlds(scenario, {name: array[i] for name, array in tables.items()}, populations_of(design))
        for i, scenario in enumerate(scenarios)
    )
    return Ensemble(parts, tables, design, seed)


def _piece_size(scenario: Scenario, runs: int, workers: int, engine: Engine, *, keep: bool) -> int:
    """Worlds of a piece: about a second of work, for every worker some, in whole batches."""
    steps = MESA_STEPS if engine == "mesa" else PATH_STEPS if keep else PIECE_STEPS
    worlds = max(1, steps // (scenario.horizon * len(scenario.alliance.members)))
    worlds = min(worlds, -(-runs // workers))
    return worlds if engine == "mesa" else -(-worlds // LANES) * LANES


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
        message = "Name at least one scenario."
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
        for (what, one), two in zip(frame(first).items(), frame(other).values(), strict=True):
            if one != two:
                message = (
                    f"'{first.name}' and '{other.name}' cannot be put side by side: their {what} "
                    f"differ ({one} and {two}). Run them apart, or set --horizon."
                )
                raise ResultError(message)


def frame(scenario: Scenario) -> dict[str, Any]:
    """Return what scenarios share that are put side by side."""
    return {
        "alliances": scenario.alliance.name,
        "members": scenario.alliance.members,
        "starts": format_month(scenario.start),
        "horizons": f"{scenario.horizon} months",
    }


# ---------------------------------------------------------------------------------------------
# Simulating


def available_workers() -> int:
    """Processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _simulated(
    tasks: Sequence[Task], workers: int, scheduler: Any, notice: Callable[[str], None]
) -> Iterator[Piece]:
    if not tasks:
        return
    if scheduler is not None:
        from foedus.ensembles.cluster import simulated_on_cluster

        yield from simulated_on_cluster(tasks, scheduler)
    else:
        yield from _by_threads(tasks, max(1, min(workers, len(tasks))), notice)


def _by_threads(
    tasks: Sequence[Task], workers: int, notice: Callable[[str], None]
) -> Iterator[Piece]:
    """Simulate in threads, which the compiled kernel lets run side by side.

    When interrupted, yield what has been finished and raise KeyboardInterrupt.
    """
    waiting = iter(tasks)
    with _interrupts() as stop, _pool(workers) as pool:
        if tasks[0].engine == "kernel":
            _compile(tasks[0], stop, notice)

        def hand_out(number: int) -> set[Future[Piece]]:
            return {pool.submit(simulate, task, stop.is_set) for task in islice(waiting, number)}

        try:
            pending = hand_out(workers * AHEAD)
            while pending and not stop.is_set():
                done, pending = wait(pending, POLL, FIRST_COMPLETED)
                pending |= hand_out(len(done))
                yield from (future.result() for future in done)
            if stop.is_set():
                done, _ = wait(pending, PATIENCE)
                yield from (piece for future in done if (piece := future.result()).runs)
                raise KeyboardInterrupt
        finally:
            stop.set()  # whatever ended it, the threads are to end too


@contextmanager
def _pool(workers: int) -> Iterator[ThreadPoolExecutor]:
    pool = ThreadPoolExecutor(workers, thread_name_prefix="foedus")
    try:
        yield pool
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


@contextmanager
def _interrupts() -> Iterator[threading.Event]:
    """Turn Ctrl-C into an event, so that no piece is lost while it is written; a second one raises.

    Outside the main thread signals are somebody else's.
    """
    stop = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return

    def interrupt(*_: Any) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()

    before = signal.getsignal(signal.SIGINT)
    if before is not signal.default_int_handler:  # ignored, or handled by whoever called
        yield stop
        return
    signal.signal(signal.SIGINT, interrupt)
    try:
        yield stop
    finally:
        signal.signal(signal.SIGINT, before)


def _compile(task: Task, stop: threading.Event, notice: Callable[[str], None]) -> None:
    """Have the kernel ready before work is handed out, in a thread that cannot hold up an exit."""
    if not is_compiled():
        notice(
            "Compiling the model for this processor, which takes about 15 seconds the first time."
        )
    failure: list[BaseException] = []

    def warm_up() -> None:
        try:
            simulate(replace(task, runs=1))
        except BaseException as error:  # noqa: BLE001 (raised again below, where it is seen)
            failure.append(error)

    thread = threading.Thread(target=warm_up, daemon=True)
    thread.start()
    while thread.is_alive():
        thread.join(POLL)
        if stop.is_set():
            raise KeyboardInterrupt
    if failure:
        raise failure[0]


# ---------------------------------------------------------------------------------------------
# Put together


@dataclass(frozen=True)
class Ensemble:
    """Worlds of one or more scenarios.

    Attributes
    ----------
    parts
        One for each scenario.
    tables
        The tables of all, the scenario first.
    design
        Where their numbers came from.
    seed
        Seed of every draw.
    """

    parts: tuple[Worlds, ...]
    tables: Arrays
    design: Design
    seed: int

    @property
    def scenarios(self) -> tuple[Scenario, ...]:
        """The scenarios, in order."""
        return tuple(part.scenario for part in self.parts)

    @property
    def runs(self) -> int:
        """Worlds of each scenario."""
        return self.parts[0].runs

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the inputs and of the table, world by world in the order of runs.

        The table holds a fingerprint of every bit of every state, so the digest stands for all of
        every world; it is equal on any machine, with any engine, in whatever pieces.
        """
        inputs = digest_inputs(self.scenarios, self.design, self.runs, self.seed)
        total = sha256(json.dumps(inputs).encode())
        for name in sorted(self.tables):
            array = np.ascontiguousarray(self.tables[name])
            total.update(name.encode())
            total.update(array.astype(array.dtype.newbyteorder("<"), copy=False).data)
        return total.hexdigest()

    def dataset(self) -> xr.Dataset:
        """Return table and monthly statistics, labelled.

        Returns
        -------
        xarray.Dataset
            Dimensions scenario, month, member and run (run last), and those of the labels.
        """
        import xarray as xr

        first = self.parts[0].scenario
        variables: dict[str, Any] = {}
        for name, kept in TABLE.items():
            variables[name] = _variable(kept, self.tables[name])
        for name, kept in MONTHLY.items():
            if "power" not in kept.dims and kept.dtype != np.int64:
                sums = np.stack([getattr(part.monthly, name) for part in self.parts])
                variables[f"monthly_{name}"] = _variable(kept, sums)
        variables |= _statistics([part.monthly for part in self.parts])
        for name, names in (("end_state", rules.END_STATES), ("standing", rules.STANDINGS)):
            flags = {"flag_values": list(range(len(names))), "flag_meanings": _flags(names)}
            variables[name][2].update(flags)
        labels = {name: list(values) for name, values in LABELS.items() if name != "power"}
        data = xr.Dataset(
            variables,
            coords={
                **_coordinates(self.scenarios),
                **labels,
                "run": np.arange(self.runs),
                "bin": (np.arange(BINS) + 0.5) / BINS,
                "number": np.arange(len(first.alliance.members) + 1),
            },
            attrs=_attributes(self.scenarios, self.design, self.seed),
        )
        data["event"].attrs["long_name"] = "; ".join(
            f"{name}: {meaning}" for name, meaning in event_meanings().items()
        )
        data["bin"].attrs = {"long_name": "middle of the histogram's bin", "units": "1"}
        return data

    def pieces(self) -> Iterator[Piece]:
        """Yield the worlds as pieces again; the first of a scenario has all its monthly sums."""
        for part in self.parts:
            whole = Piece(part.scenario.name, 0, part.runs, part.table, part.monthly)
            for index, found in enumerate(part.paths or [whole]):
                rows = slice(found.first, found.after)
                table = {name: array[..., rows] for name, array in part.table.items()}
                sums = part.monthly if index == 0 else Monthly(*map(np.zeros_like, part.monthly))
                yield replace(found, table=table, monthly=sums)

    def trajectories(self) -> xr.Dataset:
        """Return whole worlds, dimensions scenario, month, member and run (run last).

        Raises
        ------
        ResultError
            If they were not kept.
        """
        import xarray as xr

        for part in self.parts:
            if sum(piece.runs for piece in part.paths) < part.runs:
                message = (
                    "Whole worlds were not kept; run with --keep trajectories "
                    "(keep='trajectories' in Python), or replay single worlds."
                )
                raise ResultError(message)
        joined = {
            name: _variable(kept, _joined([part.paths for part in self.parts], name))
            for name, kept in PATHS.items()
        }
        coords = {**_coordinates(self.scenarios), "run": np.arange(self.runs)}
        coords |= {name: list(LABELS[name]) for name in ("weighting", "component")}
        return xr.Dataset(joined, coords, _attributes(self.scenarios, self.design, self.seed))


def digest_inputs(
    scenarios: Sequence[Scenario], design: Design, runs: int, seed: int
) -> dict[str, Any]:
    """Return what decides the worlds of a result."""
    return {
        "scenarios": {scenario.name: scenario.fingerprint for scenario in scenarios},
        "parameters": design.fingerprint,
        "seed": str(seed),
        "runs": runs,
    }


def _variable(kept: Kept, values: npt.NDArray[Any]) -> tuple[Any, ...]:
    units = "1" if kept.unit in ("0 or 1", "code", "share", "log-odds") else kept.unit
    return ("scenario", *kept.dims), values, {"long_name": kept.meaning, "units": units}


def _joined(parts: Sequence[Sequence[Piece]], name: str) -> Any:
    """Put the whole worlds of each scenario together.

    What is on disk is read when it is used if Dask is there, else now.
    """
    rows: list[list[Any]] = [
        [(piece.paths or {})[name] for piece in sorted(pieces, key=lambda piece: piece.first)]
        for pieces in parts
    ]
    if all(isinstance(one, np.ndarray) for row in rows for one in row) or not find_spec("dask"):
        return np.stack([np.concatenate([one[...] for one in row], axis=-1) for row in rows])
    from dask import array

    lazy = [[array.from_array(one, chunks=one.shape) for one in row] for row in rows]
    return array.stack([array.concatenate(row, axis=-1) for row in lazy])


def _statistics(parts: Sequence[Monthly]) -> dict[str, Any]:
    """Means and standard deviations from the sums; missing where there is nobody to count."""
    inside = [part.standing[..., : rules.STANDINGS.index("withdrawn")].sum(-1) for part in parts]
    field_units = [np.array([unit(name, power) for name in RECORDED]) for power in (1, 2)]
    means, deviations, signals, cohesion, cohesion_sd, components = [], [], [], [], [], []
    with np.errstate(divide="ignore", invalid="ignore"):
        for part, members in zip(parts, inside, strict=True):
            mean, square = (
                sums / units[:, None, None] / members
                for sums, units in zip(part.sums, field_units, strict=True)
            )
            means.append(mean)
            deviations.append(np.sqrt(np.maximum(0.0, square - mean * mean)))
            signals.append(part.signals / SHARE_UNIT / members)
            mean, square = part.cohesion_sums / SHARE_UNIT / part.with_members
            cohesion.append(mean)
            cohesion_sd.append(np.sqrt(np.maximum(0.0, square - mean * mean)))
            components.append(part.component_sums / SHARE_UNIT / part.with_members)
    by_field, alliance = ("field", "month", "member"), ("weighting", "month")
    among = "over the worlds in which it is a member"
    left = "over the worlds with a member left"

    def made(dims: tuple[str, ...], arrays: list[Any], meaning: str, units: str = "1") -> Any:
        return _variable(Kept(dims, float, meaning, units), np.stack(arrays))

    return {
        "monthly_mean": made(by_field, means, f"mean of a field of the state {among}", "various"),
        "monthly_sd": made(by_field, deviations, f"standard deviation {among}", "various"),
        "monthly_signal": made(("signal", "month", "member"), signals, f"mean of a signal {among}"),
        "monthly_cohesion_mean": made(alliance, cohesion, f"mean cohesion index {left}"),
        "monthly_cohesion_sd": made(alliance, cohesion_sd, f"its standard deviation {left}"),
        "monthly_component_mean": made(
            ("weighting", "component", "month"), components, f"mean component {left}"
        ),
    }


def _flags(names: Sequence[str]) -> str:
    return " ".join(name.replace(", ", "_and_") for name in names)


def _coordinates(scenarios: Sequence[Scenario]) -> dict[str, Any]:
    first = scenarios[0]
    months = [format_month(first.start + i) for i in range(first.horizon)]
    return {
        "scenario": [scenario.name for scenario in scenarios],
        "month": np.array(months, dtype="datetime64[ns]"),
        "member": list(first.alliance.members),
    }


def _attributes(scenarios: Sequence[Scenario], design: Design, seed: int) -> dict[str, Any]:
    alliance = scenarios[0].alliance
    return {
        "Conventions": "CF-1.11",
        "title": "foedus ensemble: " + ", ".join(scenario.name for scenario in scenarios),
        "alliance": alliance.name,
        "alliance_title": alliance.title,
        "member_names": [alliance.names[code] for code in alliance.members],
        "scenario_titles": [scenario.title for scenario in scenarios],
        "headline_weighting": [scenario.weighting for scenario in scenarios],
        "seed": str(seed),
        "parameter_draw": design.name,
        "populations": list(populations_of(design)),
    }


def replay(
    scenario: Scenario,
    run: int,
    seed: int = DEFAULT_SEED,
    design: Numbered = None,
) -> AllianceModel:
    """Return one world again, from its address alone, run to the horizon with its record."""
    from foedus.worlds.agents import AllianceModel

    model = AllianceModel(scenario, seed=seed, run=run, parameters=design)
    model.run_model()
    return model
