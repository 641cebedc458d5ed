"""Many worlds of one or more scenarios, kept as a table of outcomes and monthly statistics.

Every world is known by its address (seed, run): the same address gives the same bits with any
engine, on any machine and in any order, and two scenarios share their luck and their parameters run
by run. Worlds are made in pieces, by threads here or by the workers of a Dask cluster; a store
keeps each piece on disk as it comes, and what it holds is not computed again.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from functools import cached_property
from hashlib import sha256
from itertools import chain
from operator import index
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from foedus.cases.frame import Frame, shared_frame
from foedus.cases.names import refuse_namesakes
from foedus.defaults import RUNS, SEED, Engine
from foedus.ensembles.dataset import outcome_dataset, path_dataset
from foedus.ensembles.gathered import Worlds
from foedus.ensembles.workers import available_workers, simulated
from foedus.errors import ResultError
from foedus.model.draws import seed_words
from foedus.worlds.buffers import LANES
from foedus.worlds.engines import Task, chosen
from foedus.worlds.kept import LABELS, Piece, empty_table, table_like
from foedus.worlds.kernel import Monthly
from foedus.worlds.openings import Design, Numbered, as_design
from foedus.worlds.populations import populations_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    import xarray as xr

    from foedus.cases.scenario import Scenario
    from foedus.worlds.agents import AllianceModel
    from foedus.worlds.kept import Arrays
MAX_RUNS = 2**32 - 1
PIECE_STEPS = 5_000_000  # member-months of a piece: under a second of one thread
PATH_STEPS = 300_000  # with whole worlds kept: about 30 MB
MESA_STEPS = 6_000  # a second or two of Mesa


class Store(Protocol):
    """Where pieces are kept as soon as they are simulated."""

    def pieces(self) -> Iterable[Piece]:
        """Return the pieces that are complete in the store."""

    def add(self, piece: Piece) -> Piece:
        """Keep a piece; return it, with its whole worlds in the store instead of in memory."""


def run(
    scenarios: Sequence[Scenario],
    design: Numbered = None,
    runs: int = RUNS,
    *,
    seed: int = SEED,
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
        Whether to keep whole worlds, month by month, beside table and statistics.
    workers
        Threads; as many as there are processors if omitted. The result does not depend on it.
    scheduler
        Address of a Dask scheduler, or a ``dask.distributed.Client``, whose workers simulate
        instead of threads.
    store
        Keeps pieces as soon as they are simulated; those it holds already are used.
    reuse
        Pieces that were simulated before with the same scenarios, seed and design, to be used as
        well. With ``keep_trajectories``, pieces without whole worlds are not used.
    progress
        Called with the number of worlds finished, those from the store included, and that of all
        worlds wanted.
    notice
        Called with a sentence when there is something to wait for.

    Returns
    -------
    Ensemble
        The worlds put together.

    Raises
    ------
    ResultError
        If the scenarios differ in alliance, members, start or horizon or have equal names, or a
        number is out of range.
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
        if not piece.is_of_this_version or (keep_trajectories and piece.paths is None):
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
    for piece in simulated(tasks, workers, scheduler, notice or (lambda _: None)):
        kept[piece.scenario].add(store.add(piece) if store is not None else piece)
        tell()
    _refuse_missing(result)
    return result


def stored(
    scenarios: Sequence[Scenario], design: Design, runs: int, seed: int, store: Store
) -> Ensemble:
    """Return the ensemble that a store holds, without simulating anything.

    Raises
    ------
    ResultError
        If worlds are missing in the store.
    """
    pieces = iter(store.pieces())
    first = next(pieces, None)
    result = _empty(scenarios, design, runs, seed, first)
    kept = {part.scenario.name: part for part in result.parts}
    for piece in chain([first] if first else [], pieces):
        kept[piece.scenario].add(piece)
    _refuse_missing(result)
    return result


def _refuse_missing(result: Ensemble) -> None:
    if missing := sum(part.runs - part.there for part in result.parts):
        message = f"{missing:,} worlds are missing; foedus run --resume computes them."
        raise ResultError(message)


def _empty(
    scenarios: Sequence[Scenario], design: Design, runs: int, seed: int, like: Piece | None = None
) -> Ensemble:
    """Make room for worlds, with the arrays that are kept now or those of a piece."""
    members = len(shared_frame(scenarios).alliance.members)
    tables = (
        empty_table(members, runs, len(scenarios))
        if like is None
        else table_like(like, runs, len(scenarios))
    )
    parts = tuple(
        Worlds(
            scenario,
            {name: array[i] for name, array in tables.items()},
            populations_of(design),
            LABELS if like is None else like.labels,
        )
        for i, scenario in enumerate(scenarios)
    )
    return Ensemble(parts, tables, design, seed)


def _piece_size(scenario: Scenario, runs: int, workers: int, engine: Engine, *, keep: bool) -> int:
    """Return how many worlds a piece has.

    About a second of work, few enough that every worker has a piece, and with the kernel a multiple
    of :data:`~foedus.worlds.buffers.LANES`.
    """
    steps = MESA_STEPS if engine == "mesa" else PATH_STEPS if keep else PIECE_STEPS
    worlds = max(1, steps // (scenario.horizon * len(scenario.alliance.members)))
    worlds = min(worlds, -(-runs // workers))
    return worlds if engine == "mesa" else -(-worlds // LANES) * LANES


def check(scenarios: Sequence[Scenario], runs: int, seed: int) -> None:
    """Refuse what :func:`run` cannot simulate.

    Raises
    ------
    ResultError
        If the scenarios differ in alliance, members, start or horizon or have equal names, or a
        number is out of range.
    """
    try:
        seed_words(index(seed))
    except TypeError:
        message = f"The seed is a whole number, such as {SEED}, not {seed!r}."
        raise ResultError(message) from None
    except ValueError as error:
        raise ResultError(str(error)) from None
    if not scenarios:
        message = "Name at least one scenario."
        raise ResultError(message)
    try:
        fits = 1 <= index(runs) <= MAX_RUNS
    except TypeError:
        fits = False
    if not fits:
        message = f"The number of runs is a whole number from 1 to {MAX_RUNS}, not {runs!r}."
        raise ResultError(message)
    shared_frame(scenarios)
    refuse_namesakes(scenarios)


# ---------------------------------------------------------------------------------------------
# Put together


@dataclass(frozen=True)
class Ensemble:
    """Worlds of one or more scenarios.

    Attributes
    ----------
    parts
        The worlds of each scenario.
    tables
        The tables of all scenarios: arrays by name, the scenario as their first dimension.
    design
        Where the worlds' parameters and opening numbers came from.
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
    def frame(self) -> Frame:
        """Alliance and months that the scenarios have in common."""
        return shared_frame(self.scenarios)

    @property
    def runs(self) -> int:
        """Worlds of each scenario."""
        return next(iter(self.parts)).runs

    @property
    def keeps_trajectories(self) -> bool:
        """Whether whole worlds are there."""
        return all(part.paths for part in self.parts)

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the inputs and of the table, world by world in the order of runs.

        The table holds a fingerprint of every bit of every state, so the digest stands for all of
        every world. It is equal on any machine, with any engine, and however the work was shared
        out.
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
            Dimensions scenario, month, member and run (run last), and those of
            :data:`~foedus.worlds.kept.LABELS`.
        """
        return outcome_dataset(self.parts, self.tables, self.design, self.seed)

    def pieces(self) -> Iterator[Piece]:
        """Yield the worlds as pieces, such as :func:`run` takes to reuse them.

        Monthly sums cannot be parted again: those of all worlds of a scenario go with its first
        piece, and the sums of its other pieces are zero.
        """
        for part in self.parts:
            whole = Piece(
                part.scenario.name, 0, part.runs, part.table, part.monthly, labels=part.labels
            )
            for place, found in enumerate(part.paths or [whole]):
                rows = slice(found.first, found.after)
                table = {name: array[..., rows] for name, array in part.table.items()}
                sums = part.monthly if place == 0 else Monthly(*map(np.zeros_like, part.monthly))
                yield replace(found, table=table, monthly=sums)

    def trajectories(self) -> xr.Dataset:
        """Return whole worlds, dimensions scenario, month, member and run (run last).

        Raises
        ------
        ResultError
            If whole worlds were not kept.
        """
        return path_dataset(self.parts, self.design, self.seed)


def digest_inputs(
    scenarios: Sequence[Scenario], design: Design, runs: int, seed: int
) -> dict[str, Any]:
    """Return the inputs that decide the worlds of a result, as plain data for its digest."""
    return {
        "scenarios": {scenario.name: scenario.fingerprint for scenario in scenarios},
        "parameters": design.fingerprint,
        "seed": str(seed),
        "runs": runs,
    }


def replay(
    scenario: Scenario,
    run: int,
    seed: int = SEED,
    design: Numbered = None,
) -> AllianceModel:
    """Simulate one world again with Mesa, to the horizon, with a record of every month.

    Parameters
    ----------
    run, seed, design
        The address of the world: its number, and the seed and design of the ensemble.
    """
    from foedus.worlds.agents import AllianceModel

    model = AllianceModel(scenario, seed=seed, run=run, parameters=design)
    model.run_model()
    return model
