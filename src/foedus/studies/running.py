"""Running scenarios: into memory, or into a directory that grows and can be gone on with."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from foedus.cases.names import only_named
from foedus.cases.scenario import Scenario
from foedus.cases.scenario_reader import load_scenario
from foedus.defaults import RUNS, SEED, Engine, Figures, Keep
from foedus.ensembles import ensemble, on_disk, store
from foedus.errors import InterruptedRun, ResultError, nearest
from foedus.studies.items import as_loaded
from foedus.studies.results import Result
from foedus.studies.stored import begin, inputs, other_digest, stored_design, stored_scenarios
from foedus.worlds.openings import Design, Numbered, as_design

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from foedus.cases.horizons import Horizon
    from foedus.cases.overrides import Settings
    from foedus.worlds.kept import Piece


def run(
    *scenarios: str | Path | Scenario,
    runs: int = RUNS,
    seed: int = SEED,
    parameters: Numbered = None,
    horizon: Horizon | None = None,
    settings: Settings = (),
    given: Sequence[str] = (),
    name: str | None = None,
    engine: Engine = "auto",
    keep: Keep = "summaries",
    out: str | Path | None = None,
    overwrite: bool = False,
    figures: Figures = True,
    workers: int | None = None,
    scheduler: Any = None,
    reuse: Sequence[Result] = (),
    progress: Callable[[int, int], None] | None = None,
    notice: Callable[[str], None] | None = None,
    allow_inert: bool = False,
) -> Result:
    """Project what becomes of an alliance under one or more scenarios.

    Parameters
    ----------
    *scenarios
        Bare names of shipped scenarios, paths of scenario files, or loaded scenarios. Names and
        paths may have a horizon of their own, as in ``baseline@24`` or ``baseline@2027-12``.
    runs
        Worlds of each scenario. World number i has the same luck and parameters in every scenario.
    seed
        Seed of every draw, 0 to 2**64 - 1.
    parameters
        ``"posterior"``: each world goes on from one that fits the alliance's record; the default
        where foedus brings such a posterior. ``"prior"``: each world draws its parameters and
        opening numbers from their priors. ``"default"``: the declared values in every world. Or a
        file made by ``foedus calibrate``, one :class:`~foedus.Parameters` for every
        world, a DataFrame with a row a run and a column for each parameter, or a
        :class:`~foedus.worlds.openings.Design`. Single numbers are fixed by ``settings``.
    horizon
        Months to simulate instead of each scenario's own, or the last month as ``"2027-12"``.
    settings
        Changes such as ``"pressure.ARM=0.6"``, as with ``foedus run --set``, or a mapping such as
        ``{"trust_loss": 0.7}``. Name and title of the scenario say what is set.
    given
        Conditions such as ``"ARM government changes 2026-06"``, as with ``foedus run --given``, see
        :mod:`foedus.cases.given`. Name and title of the scenario say what is given.
    name
        Name of the scenario instead of its own, if it is the only one.
    engine
        ``"auto"``, ``"mesa"`` or ``"kernel"``; the result is the same to the bit.
    keep
        ``"summaries"``: a table of outcomes world by world and monthly statistics;
        ``"trajectories"``: whole worlds too.
    out
        Directory in which the result is kept as it grows. What it holds of this very result is
        used, so that an interrupted run goes on and a longer one computes the new worlds only.
    overwrite
        Whether another result in ``out`` may be replaced.
    figures
        Whether to draw the figures into ``out``: as PNG, with ``"svg"`` also as SVG.
    workers
        Threads; all processors if omitted.
    scheduler
        Address of a Dask scheduler or a ``dask.distributed.Client``, to simulate on a cluster.
    reuse
        Results whose worlds are taken where they are the ones wanted.
    progress
        Called with the number of worlds that are there and of all.
    notice
        Called with a sentence when there is something to know while waiting.
    allow_inert
        Whether a scenario may equal what it extends.

    Returns
    -------
    Result
        The worlds as an xarray Dataset in ``.data`` and what follows from them.

    Raises
    ------
    ScenarioError, AllianceError, InertScenarioError, ResultError
        Sentences that say what is wrong, where, and what to do.
    UnfinishedError
        If ``out`` cannot be written; what it holds stays whole.

    Examples
    --------
    >>> import foedus
    >>> result = foedus.run("pressure", runs=20)
    >>> result.data["trust"].dims
    ('scenario', 'member', 'run')
    """
    loaded = tuple(
        _prepared(item, horizon, settings, given, allow_inert=allow_inert) for item in scenarios
    )
    if name is not None:
        loaded = (only_named(loaded, name),)
    ensemble.check(loaded, runs, seed)
    runs, seed = int(runs), int(seed)  # NumPy has whole numbers of its own
    _refuse_words(engine, keep, workers)
    design = as_design(parameters, loaded)

    def simulated(directory: store.Pieces | None) -> Result:
        return Result(
            ensemble.run(
                loaded,
                design,
                runs,
                seed=seed,
                engine=engine,
                keep_trajectories=keep == "trajectories",
                workers=workers,
                scheduler=scheduler,
                store=directory,
                reuse=[
                    piece for other in reuse for piece in _reusable(other, loaded, design, seed)
                ],
                progress=progress,
                notice=notice,
            )
        )

    if out is None:
        return simulated(None)
    directory = Path(out)
    told: list[str] = []

    def tell(sentence: str) -> None:
        told.append(sentence)
        if notice is not None:
            notice(sentence)

    wanted = inputs(loaded, runs, seed, design, keep)
    before = begin(directory, wanted, loaded, design, overwrite=overwrite)
    with on_disk.held(directory):
        place = store.Pieces(directory, complain=tell)
        place.tidy()
        try:
            result = simulated(place)
        except KeyboardInterrupt:
            message = f"Interrupted. {place.progress()} Go on with: foedus run --resume {directory}"
            raise InterruptedRun(message) from None
        if before is not None and result.digest != before:
            raise ResultError(other_digest(directory))
        drawn = on_disk.drawn(directory / on_disk.FIGURES)
        altered = on_disk.altered_files(directory, on_disk.read_marker(directory))
        for sentence in altered:
            tell(f"{sentence} It is written again.")
        kept = False if before is None else drawn
        both: Figures = "svg" if "svg" in (figures, kept) else figures or kept
        if before is None or altered or both != drawn:
            result.finish(directory, wanted, figures=both)
        elif not told:
            tell(f"{directory} already holds this very result; it was left as it is.")
    return result


def _refuse_words(engine: str, keep: str, workers: int | None) -> None:
    """Refuse an engine, a thing to keep or a number of threads that does not exist."""
    for name, word, legal in (
        ("engine", engine, get_args(Engine)),
        ("keep", keep, get_args(Keep)),
    ):
        if word not in legal:
            message = f"{name}='{word}' does not exist{nearest(str(word), legal)}"
            raise ResultError(message)
    if workers is not None and workers < 1:
        message = f"workers={workers} is no number of threads; leave it out for all processors."
        raise ResultError(message)


def _reusable(
    result: Result, scenarios: Sequence[Scenario], design: Design, seed: int
) -> Iterator[Piece]:
    """Yield the pieces of a result that belong to some scenarios."""
    if (result.ensemble.design.fingerprint, result.seed) == (design.fingerprint, seed):
        wanted = {(scenario.name, scenario.fingerprint) for scenario in scenarios}
        names = {s.name for s in result.scenarios if (s.name, s.fingerprint) in wanted}
        yield from (piece for piece in result.ensemble.pieces() if piece.scenario in names)


def _prepared(
    item: str | Path | Scenario,
    horizon: Horizon | None,
    settings: Settings,
    given: Sequence[str],
    *,
    allow_inert: bool,
) -> Scenario:
    if isinstance(item, Scenario):
        return as_loaded(item, horizon, settings, given)
    return load_scenario(
        item, horizon=horizon, settings=settings, given=given, allow_inert=allow_inert
    )


def resume(
    directory: str | Path,
    *,
    runs: int | None = None,
    figures: Figures = True,
    workers: int | None = None,
    scheduler: Any = None,
    engine: Engine = "auto",
    progress: Callable[[int, int], None] | None = None,
    notice: Callable[[str], None] | None = None,
) -> Result:
    """Go on with a stored result that was interrupted, damaged, or is to have more runs.

    Parameters
    ----------
    runs
        Worlds of each scenario; those it was begun with if omitted.

    Raises
    ------
    ResultError
        If the directory holds no result, or one of another model.
    """
    directory = Path(directory)
    scenarios, marker = stored_scenarios(directory)
    there = marker["inputs"]
    return run(
        *scenarios,
        runs=runs or there["runs"],
        seed=int(there["seed"]),
        parameters=stored_design(directory, there),
        keep=there["keep"],
        out=directory,
        figures=figures,
        workers=workers,
        scheduler=scheduler,
        engine=engine,
        progress=progress,
        notice=notice,
        allow_inert=True,
    )
