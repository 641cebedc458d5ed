"""How the worlds of a task are simulated: one by one with Mesa, or abreast by the kernel.

:func:`simulate` takes a task (some worlds of a scenario) and returns a piece (what is kept of
them), which is the same to the bit with either engine.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from functools import cache
from shutil import rmtree
from typing import TYPE_CHECKING, Any

import numpy as np
import platformdirs

from foedus.cases.scenario_format import WEIGHTINGS
from foedus.model import chronicle, cohesion, draws, elementary, order, records, rules
from foedus.model.chronicle import FIRST, Events, absorbed, bin_of, counted, happened, key, stirred
from foedus.model.cohesion import Tally
from foedus.model.draws import seed_words
from foedus.model.parameters import Parameters
from foedus.model.records import Signals, State
from foedus.worlds import kernel
from foedus.worlds.buffers import LANES, STRIDE
from foedus.worlds.kept import (
    BINS,
    COMPONENTS,
    RECORDED,
    SHARE_UNIT,
    SIGNALS,
    TOTALS,
    WATCHED,
    Piece,
    empty_monthly,
    empty_paths,
    empty_table,
    kept_fields,
    unit,
    without_spare,
)
from foedus.worlds.kernel import Bench, Case, Monthly
from foedus.worlds.openings import Design, Opening, addresses, member_weights, opening

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path
    from types import SimpleNamespace

    import numpy.typing as npt

    from foedus.cases.scenario import Scenario
    from foedus.defaults import Engine
    from foedus.worlds.agents import AllianceModel, MemberState
    from foedus.worlds.kept import Arrays
FEW_WORLDS = 30  # below this number Mesa is done before the compiled kernel is loaded
BLOCK = 16 * LANES  # worlds whose opening is drawn at a time
#: Fields of the state whose values at the horizon the table keeps.
HORIZON = (*WATCHED, "frozen", "suspended", "consented")
KEPT_CACHES = 8  # versions of the compiled kernel kept on disk


@dataclass(frozen=True)
class Task:
    """Some worlds of one scenario that are to be simulated.

    Attributes
    ----------
    design
        Where their parameters and opening numbers come from.
    first, runs
        Number of the first world, and how many there are.
    keep
        Whether to keep whole worlds, month by month.
    """

    scenario: Scenario
    seed: int
    design: Design
    first: int
    runs: int
    engine: Engine
    keep: bool


def _never() -> bool:
    return False


def simulate(task: Task, stop: Callable[[], bool] = _never) -> Piece:
    """Simulate the worlds of a task.

    Parameters
    ----------
    stop
        Called before each batch of worlds (with Mesa before each world). Once it returns True, no
        more are simulated and the piece holds those that are finished.
    """
    by = _by_mesa if task.engine == "mesa" else _by_kernel
    return by(task, stop)


def chosen(engine: Engine, worlds: int) -> Engine:
    """Return the engine for a number of worlds: the one named, or for ``auto`` the faster one."""
    if engine != "auto":
        return engine
    return "mesa" if worlds < FEW_WORLDS else "kernel"


# ---------------------------------------------------------------------------------------------
# The kernel, compiled

#: Modules whose functions are compiled into the kernel's loops.
PLAIN = (elementary, draws, records, rules, order, cohesion, chronicle)


@cache
def compiled_kernel() -> SimpleNamespace:
    """Return the kernel's functions as machine code, compiled now or read from the user's cache."""
    from foedus.worlds.compiled import compile_modules

    return compile_modules(PLAIN, kernel, writable(kernel_cache()))


def kernel_for(worlds: int) -> Any:
    """Return the kernel's functions: plain Python for few worlds, else compiled."""
    return kernel if worlds < FEW_WORLDS else compiled_kernel()


def is_compiled() -> bool:
    """Whether machine code of the present model for this machine is in the user's cache."""
    return any(kernel_cache().glob("*.simulate-*.nbc"))


def kernel_cache() -> Path:
    """Directory for machine code of the functions in memory on this machine.

    Its name is made of all that decides the code: the functions as Python holds them (not their
    files, which may have changed since), the versions and the processor. So machine code of other
    rules lies elsewhere and is never used.
    """
    from foedus.worlds.compiled import fingerprint

    name = fingerprint(PLAIN, kernel)[:24]
    return platformdirs.user_cache_path("foedus") / "kernel" / name


def writable(directory: Path) -> Path | None:
    """Return the directory, made if need be, or None if it cannot be written.

    When it is made, the oldest of its neighbours are deleted, so that :data:`KEPT_CACHES` others
    stay.
    """
    try:
        if not directory.is_dir():
            directory.mkdir(parents=True)
            others = sorted(directory.parent.iterdir(), key=lambda path: path.stat().st_mtime)
            for old in others[:-KEPT_CACHES]:
                rmtree(old, ignore_errors=True)
        with tempfile.TemporaryFile(dir=directory):
            pass
    except OSError:
        return None
    return directory


# ---------------------------------------------------------------------------------------------
# By the kernel: batches of worlds side by side


def case_of(scenario: Scenario, seed: int) -> Case:
    """Return what all worlds of a scenario share, as the arrays that the kernel takes."""
    low, high = seed_words(seed)
    return Case(
        seed_low=low,
        seed_high=high,
        addresses=addresses(scenario),
        attention=np.array(scenario.alliance.attention),
        drivers=scenario.drivers,
        weights=np.array([member_weights(scenario, weighting) for weighting in WEIGHTINGS]),
        index_weights=np.array(scenario.weights),
    )


def bench_for(members: int) -> Bench:
    """Return empty buffers for one batch of :data:`LANES` worlds of an alliance of some size."""

    def room(*shape: int) -> Any:
        return np.zeros((*shape[:-1], shape[-1] * STRIDE))

    weightings, components = len(WEIGHTINGS), len(COMPONENTS)
    return Bench(
        runs=np.zeros(LANES, np.int64),
        parameters=room(len(Parameters._fields)),
        states=room(members, len(State._fields)),
        signals=room(members, len(Signals._fields)),
        seen=room(members, len(Signals._fields)),
        inside=np.zeros(LANES),
        places=np.zeros(LANES, np.int64),
        first_month=room(members, len(Events._fields)),
        totals=room(members, len(TOTALS)),
        tallies=room(weightings, len(Tally._fields)),
        components=room(weightings, components),
        cohesion=np.zeros((weightings, LANES)),
        standing=np.zeros((members, LANES), np.int8),
        takes_part=np.zeros((members, LANES), np.int8),
        end_state=np.zeros(LANES, np.int8),
        fingerprint=np.zeros(LANES, np.int64),
    )


def by_lane(buffer: Any) -> Any:
    """Return a view of a buffer in the shape (..., field, lane)."""
    return buffer.reshape(*buffer.shape[:-1], -1, STRIDE)[..., :LANES]


def _by_kernel(task: Task, stop: Callable[[], bool]) -> Piece:
    """Simulate a task with the kernel, see :func:`simulate`."""
    loops = compiled_kernel()
    scenario = task.scenario
    case = case_of(scenario, task.seed)
    months, members = case.drivers.shape[:2]
    fields, bench = kept_fields(), bench_for(members)
    monthly = empty_monthly(months, members, spare=1)
    table = empty_table(members, task.runs)
    paths = empty_paths(months, members, task.runs) if task.keep else None
    piece = Piece(scenario.name, task.first, task.runs, table, without_spare(monthly), paths)
    for at in range(0, task.runs, LANES):
        if stop():
            return piece.trimmed(at)
        if at % BLOCK == 0:
            runs = np.arange(task.first + at, task.first + min(at + BLOCK, task.runs))
            start = opening(task.design, scenario, task.seed, runs, loops)
        worlds = min(LANES, task.runs - at)
        lanes = np.minimum(at % BLOCK + np.arange(LANES), len(runs) - 1)
        bench.runs[:] = runs[lanes]
        by_lane(bench.parameters)[:] = start.parameters[:, lanes]
        by_lane(bench.states)[:] = start.states[:, :, lanes].swapaxes(0, 1)
        loops.begin(fields, bench)
        if paths is None:
            loops.simulate(case, fields, 0, months, worlds, bench, monthly)
        else:
            for month in range(months):
                loops.simulate(case, fields, month, month + 1, worlds, bench, monthly)
                _keep_month(bench, month, slice(at, at + worlds), paths)
        _keep_rows(bench, slice(at, at + worlds), table)
    return piece


def _keep_rows(bench: Bench, rows: slice, table: Arrays) -> None:
    """Write the outcomes of a batch of worlds into their rows of the table."""
    worlds = rows.stop - rows.start
    states = by_lane(bench.states)[..., :worlds]
    table["fingerprint"][rows] = bench.fingerprint[:worlds]
    table["end_state"][rows] = bench.end_state[:worlds]
    table["cohesion"][:, rows] = bench.cohesion[:, :worlds]
    table["components"][..., rows] = by_lane(bench.components)[..., :worlds]
    table["cohesion_among_those_who_stay"][:, rows] = _among_those_who_stay(bench)[:, :worlds]
    table["standing"][:, rows] = bench.standing[:, :worlds]
    table["takes_part"][:, rows] = bench.takes_part[:, :worlds]
    table["event_month"][..., rows] = by_lane(bench.first_month)[..., :worlds].swapaxes(0, 1)
    table["total"][..., rows] = by_lane(bench.totals)[..., :worlds].swapaxes(0, 1)
    by_field = State(*states.swapaxes(0, 1))
    for name in HORIZON:
        table[name][:, rows] = getattr(by_field, name)


def _among_those_who_stay(bench: Bench) -> npt.NDArray[np.float64]:
    """Return what the rule of that name gives in all lanes: shape (weighting, lane)."""
    membership = by_lane(bench.components)[:, COMPONENTS.index("membership")]
    found = np.full(membership.shape, np.nan)
    np.divide(bench.cohesion, membership, out=found, where=membership > 0.0)
    return np.minimum(found, 1.0)


def _keep_month(bench: Bench, month: int, rows: slice, paths: Arrays) -> None:
    """Write the states and signals of one month of a batch into the whole worlds."""
    worlds = rows.stop - rows.start
    states = State(*by_lane(bench.states)[..., :worlds].swapaxes(0, 1))
    signals = Signals(*by_lane(bench.signals)[..., :worlds].swapaxes(0, 1))
    for name in RECORDED:
        paths[name][month, :, rows] = getattr(states, name)
    for name in SIGNALS:
        paths[name][month, :, rows] = getattr(signals, name)
    paths["takes_part"][month, :, rows] = bench.takes_part[:, :worlds]
    paths["cohesion"][:, month, rows] = bench.cohesion[:, :worlds]
    paths["components"][:, :, month, rows] = by_lane(bench.components)[..., :worlds]


def passed(
    scenario: Scenario,
    seed: int,
    start: Opening,
    luck: npt.NDArray[np.int64],
    stops: Sequence[int],
) -> Iterator[tuple[int, Bench]]:
    """Simulate up to :data:`LANES` worlds and stop after some months, to look at their states.

    Parameters
    ----------
    start
        Parameters and opening states of the worlds.
    luck
        Shape (year, member, world): the number of the world whose luck each has in each year of
        twelve months from the start.
    stops
        Numbers of months passed, in increasing order, at which to stop; 0 is the opening.

    Yields
    ------
    tuple
        The months passed, and the buffers with the states then. The buffers are always the same
        ones: read them before the next step.
    """
    loops, case = compiled_kernel(), case_of(scenario, seed)
    bench = bench_for(case.drivers.shape[1])
    worlds = start.states.shape[-1]
    lanes = np.minimum(np.arange(LANES), worlds - 1)
    by_lane(bench.parameters)[:] = start.parameters[:, lanes]
    by_lane(bench.states)[:] = start.states[:, :, lanes].swapaxes(0, 1)
    at = 0
    for stop in stops:
        while at < stop:
            year = at // 12
            until = min(stop, 12 * (year + 1))
            loops.live(case, at, until, np.ascontiguousarray(luck[year][:, lanes]), bench)
            at = until
        yield stop, bench


def states_of(bench: Bench, worlds: int) -> State:
    """Return the states in a batch's buffers, as a record of arrays (member, world)."""
    return State(*by_lane(bench.states)[..., :worlds].swapaxes(0, 1))


def signals_of(bench: Bench, worlds: int) -> Signals:
    """Return what befell the members in the last month, as a record of arrays (member, world)."""
    return Signals(*by_lane(bench.signals)[..., :worlds].swapaxes(0, 1))


# ---------------------------------------------------------------------------------------------
# By Mesa: one world after the other


def _by_mesa(task: Task, stop: Callable[[], bool]) -> Piece:
    """Simulate a task with Mesa, see :func:`simulate`."""
    from foedus.worlds.agents import AllianceModel

    scenario = task.scenario
    months, members = scenario.horizon, len(scenario.alliance.members)
    paths = empty_paths(months, members, task.runs) if task.keep else None
    piece = Piece(
        scenario.name,
        task.first,
        task.runs,
        empty_table(members, task.runs),
        empty_monthly(months, members),
        paths,
    )
    for row in range(task.runs):
        if stop():
            return piece.trimmed(row)
        model = AllianceModel(
            scenario,
            seed=task.seed,
            run=task.first + row,
            parameters=task.design,
            collect=False,
        )
        _keep_world(model, row, piece)
    return piece


def _keep_world(model: AllianceModel, row: int, piece: Piece) -> None:
    """Run one Mesa world and write into the piece what the kernel would write of it."""
    table = piece.table
    fingerprint = _absorb(FIRST, Parameters._fields, model.parameters)
    for member in model.members:
        fingerprint = _absorb(fingerprint, State._fields, member.state)
    while model.running:
        month = model.elapsed
        before = [member.state for member in model.members]
        model.step()
        for place, member in enumerate(model.members):
            changed = tuple(getattr(member.state, name) for name in RECORDED)
            fingerprint = _absorb(fingerprint, RECORDED, changed)
            events = happened(before[place], member.state, member.drivers)
            for index, event in enumerate(events):
                if event and not table["event_month"][index, place, row]:
                    table["event_month"][index, place, row] = month + 1
            for index, name in enumerate(TOTALS):
                table["total"][index, place, row] += getattr(member.signals, name)
            _sum_member(member, month, place, piece.monthly)
        _keep_alliance(model, month, row, piece)
        if piece.paths is not None:
            _keep_path(model, month, row, piece.paths)
    table["fingerprint"][row] = fingerprint
    for place, member in enumerate(model.members):
        table["standing"][place, row] = records.standing(member.state)
        table["takes_part"][place, row] = records.takes_part(member.state)
        for name in HORIZON:
            table[name][place, row] = getattr(member.state, name)


def _absorb(fingerprint: int, names: tuple[str, ...], record: tuple[float, ...]) -> int:
    """Return a fingerprint with a whole record added."""
    for name, value in zip(names, record, strict=True):
        fingerprint = absorbed(fingerprint, value, key(name))
    return stirred(fingerprint)


def _sum_member(member: MemberState, month: int, place: int, monthly: Monthly) -> None:
    """Add one member's month to the sums over worlds."""
    state, signals = member.state, member.signals
    monthly.standing[month, place, records.standing(state)] += 1
    monthly.taking_part[month, place] += int(records.takes_part(state))
    if not records.is_member(state):
        return
    for index, name in enumerate(RECORDED):
        value = getattr(state, name)
        monthly.sums[0, index, month, place] += counted(value, unit(name, 1))
        monthly.sums[1, index, month, place] += counted(value * value, unit(name, 2))
    for index, name in enumerate(WATCHED):
        monthly.histogram[index, month, place, bin_of(getattr(state, name), BINS)] += 1
    for index, name in enumerate(SIGNALS):
        monthly.signals[index, month, place] += counted(getattr(signals, name), SHARE_UNIT)


def _keep_alliance(model: AllianceModel, month: int, row: int, piece: Piece) -> None:
    """Write the alliance's month into table and whole world, and add it to the sums."""
    monthly, scenario = piece.monthly, model.case
    tallies = []
    for w, weighting in enumerate(WEIGHTINGS):
        sums = cohesion.EMPTY_TALLY
        for member, weight in zip(model.members, member_weights(scenario, weighting), strict=True):
            sums = cohesion.tally(sums, member.state, weight)
        tallies.append(sums)
        components = cohesion.cohesion(sums)
        index = cohesion.cohesion_index(components, scenario.weights)
        piece.table["cohesion"][w, row] = index
        piece.table["components"][w, :, row] = components
        among = cohesion.among_those_who_stay(index, components.membership)
        piece.table["cohesion_among_those_who_stay"][w, row] = among
        if piece.paths is not None:
            piece.paths["cohesion"][w, month, row] = index
            piece.paths["components"][w, :, month, row] = components
        monthly.cohesion[w, month, bin_of(index, BINS)] += 1
        monthly.cohesion_sums[0, w, month] += counted(index, SHARE_UNIT)
        monthly.cohesion_sums[1, w, month] += counted(index * index, SHARE_UNIT)
        for c, value in enumerate(components):
            monthly.component_sums[w, c, month] += counted(value, SHARE_UNIT)
    plain = tallies[0]
    end = cohesion.end_state(plain.taking_part, plain.members, plain.clients)
    piece.table["end_state"][row] = end
    monthly.end_state[month, end] += 1
    monthly.number_taking_part[month, int(plain.taking_part)] += 1


def _keep_path(model: AllianceModel, month: int, row: int, paths: Arrays) -> None:
    """Write the members' states and signals of one month into the whole world."""
    for place, member in enumerate(model.members):
        for name in RECORDED:
            paths[name][month, place, row] = getattr(member.state, name)
        for name in SIGNALS:
            paths[name][month, place, row] = getattr(member.signals, name)
        paths["takes_part"][month, place, row] = records.takes_part(member.state)
