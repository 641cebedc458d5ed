"""Running scenarios and what comes back: a Result that can be read, plotted, saved and loaded."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import yaml

from foedus.cases.months import format_month
from foedus.cases.reader import load_scenario
from foedus.cases.scenario import Scenario
from foedus.ensembles import ensemble, store
from foedus.ensembles.ensemble import DEFAULT_RUNS, Ensemble
from foedus.errors import InterruptedRun, ResultError
from foedus.model.parameters import Parameters
from foedus.outcomes.summary import rows, summarise
from foedus.worlds.addresses import DEFAULT_SEED
from foedus.worlds.engines import Task, simulate
from foedus.worlds.files import replace_file
from foedus.worlds.openings import NAMED, POSTERIOR, Declared, Design, Numbered, Sampled, as_design
from foedus.worlds.posterior import Posterior, load_posterior
from foedus.worlds.sources import source_hash

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import pandas as pd
    import xarray as xr

    from foedus.ensembles.ensemble import Worlds
    from foedus.views.plots import Picture
    from foedus.worlds.agents import AllianceModel
    from foedus.worlds.engines import Engine
    from foedus.worlds.kept import Piece

Keep = Literal["summaries", "trajectories"]
DESIGN = "design.npy"  # the numbers of a design that no word stands for
POSTERIOR_FILE = "posterior.npz"
FEWER = "it has more runs"
SAMPLE = 8  # worlds of each scenario that are replayed to verify a result


def run(
    *scenarios: str | Path | Scenario,
    runs: int = DEFAULT_RUNS,
    seed: int = DEFAULT_SEED,
    parameters: Numbered = None,
    horizon: int | None = None,
    settings: Sequence[str] = (),
    engine: Engine = "auto",
    keep: Keep = "summaries",
    out: str | Path | None = None,
    overwrite: bool = False,
    figures: bool = True,
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
        Bare names of shipped scenarios, paths of scenario files, or loaded scenarios.
    runs
        Worlds of each scenario. World number i has the same luck and parameters in every scenario.
    seed
        Seed of every draw, 0 to 2**64 - 1.
    parameters
        ``"posterior"``: each world goes on from one that fits the alliance's record; the default
        where foedus brings such a posterior. ``"prior"``: each world draws its parameters and
        opening numbers from their priors. ``"default"``: the declared values in every world. Or a
        file made by ``foedus calibrate``, one :class:`~foedus.Parameters` for every
        world, or a :class:`~foedus.worlds.openings.Design`.
    horizon
        Months to simulate instead of each scenario's own.
    settings
        Changes such as ``"pressure.ARM=0.6"``, as with ``foedus run --set``.
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
        Whether to draw the figures into ``out``.
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
        _prepared(item, horizon, settings, allow_inert=allow_inert) for item in scenarios
    )
    ensemble.check(loaded, runs, seed)
    design = as_design(parameters, loaded)

    def simulated(directory: store.Directory | None) -> Result:
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

    if keep not in ("summaries", "trajectories"):
        message = f"keep='{keep}' is neither 'summaries' nor 'trajectories'."
        raise ResultError(message)
    if out is None:
        return simulated(None)
    directory = Path(out)
    told: list[str] = []

    def tell(sentence: str) -> None:
        told.append(sentence)
        if notice is not None:
            notice(sentence)

    wanted = inputs(loaded, runs, seed, design, keep)
    before = _begin(directory, wanted, loaded, design, overwrite=overwrite)
    with store.held(directory):
        place = store.Directory(directory, complain=tell)
        place.tidy()
        try:
            result = simulated(place)
        except KeyboardInterrupt:
            message = f"Interrupted. {place.progress()} Go on with: foedus run --resume {directory}"
            raise InterruptedRun(message) from None
        if before is not None and result.digest != before:
            raise ResultError(_other_digest(directory))
        drawn = (directory / store.FIGURES).is_dir()
        altered = store.altered_files(directory, store.read_marker(directory))
        for sentence in altered:
            tell(f"{sentence} It is written again.")
        if before is None or altered or (figures and not drawn):
            result.finish(directory, wanted, figures=figures or (drawn and before is not None))
        elif not told:
            tell(f"{directory} already holds this very result; it was left as it is.")
    return result


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
    horizon: int | None,
    settings: Sequence[str],
    *,
    allow_inert: bool,
) -> Scenario:
    if isinstance(item, Scenario):
        if settings:
            message = "Settings apply to scenarios given by name; load this one with settings."
            raise ResultError(message)
        return item if horizon is None else replace(item, horizon=horizon)
    return load_scenario(item, horizon=horizon, settings=settings, allow_inert=allow_inert)


def _begin(
    directory: Path,
    wanted: dict[str, Any],
    scenarios: Sequence[Scenario],
    design: Design,
    *,
    overwrite: bool,
) -> str | None:
    """Make the directory of a result ready; return its digest if it is finished already.

    Raises
    ------
    ResultError
        If it holds something else, or more worlds than are wanted.
    """
    stored = None
    if directory.is_dir() and any(directory.iterdir()):
        store.refuse_foreign(directory, overwrite=True)
        if not overwrite:
            stored = store.read_marker(directory)
    if stored is None:
        store.create(
            directory,
            _marker(wanted),
            lambda place: _write_inputs(place, scenarios, design),
            overwrite=overwrite,
        )
        return None
    there = stored["inputs"]
    if reason := _difference(there, wanted):
        if stored["digest"] is None and not store.Directory(directory).entries():
            return _begin(directory, wanted, scenarios, design, overwrite=True)
        if reason is FEWER:
            message = (
                f"{directory} holds {there['runs']:,} runs already, more than {wanted['runs']:,}; "
                "they were left as they are. Name another --out for fewer."
            )
            raise ResultError(message)
        message = (
            f"{directory} holds other results: {reason}. Choose another --out, or replace them "
            "with --overwrite."
        )
        raise ResultError(message)
    if there["runs"] == wanted["runs"]:
        digest: str | None = stored["digest"]
        return digest
    with store.held(directory):
        replace_file(directory / store.MARKER, store.as_text(_marker(wanted)).encode())
    return None


def _other_digest(directory: Path) -> str:
    return (
        f"The worlds in {directory} are not those that were written (the digest differs). "
        "Run the scenario again into another directory."
    )


def _difference(there: dict[str, Any], wanted: dict[str, Any]) -> str | None:
    """Say why stored pieces cannot be part of a wanted result, or return None."""
    words = {
        "scenarios": "the scenarios or what they are made of differ",
        "seed": f"its seed is {there.get('seed')}",
        "parameters": f"its parameters are '{there.get('parameters')}'",
        "design": "its parameters differ",
        "horizon": f"its horizon is {there.get('horizon')} months",
        "keep": f"it keeps {there.get('keep')}",
        "source": "it was computed by another version of the model",
    }
    for name, sentence in words.items():
        if there.get(name) != wanted[name]:
            return sentence
    if [*there["scenarios"]] != [*wanted["scenarios"]]:
        return f"its scenarios stand in another order ({', '.join(there['scenarios'])})"
    if there["runs"] > wanted["runs"]:
        return FEWER
    return None


def _marker(inputs: dict[str, Any]) -> dict[str, Any]:
    return {
        "format": store.FORMAT_VERSION,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "digest": None,
        "inputs": inputs,
        "versions": store.versions(),
    }


def inputs(
    scenarios: Sequence[Scenario], runs: int, seed: int, design: Design, keep: str
) -> dict[str, Any]:
    """Return what decides a stored result."""
    return {
        "scenarios": {scenario.name: scenario.fingerprint for scenario in scenarios},
        "horizon": scenarios[0].horizon,
        "runs": runs,
        "seed": str(seed),
        "parameters": design.name,
        "design": design.fingerprint,
        "keep": keep,
        "source": source_hash(),
    }


@dataclass(frozen=True)
class Result:
    """Worlds of one or more scenarios.

    Attributes
    ----------
    ensemble
        Table and statistics as they were put together.
    """

    ensemble: Ensemble

    @property
    def scenarios(self) -> tuple[Scenario, ...]:
        """The resolved scenarios, in the order of the dimension."""
        return self.ensemble.scenarios

    @property
    def runs(self) -> int:
        """Worlds of each scenario."""
        return self.ensemble.runs

    @property
    def seed(self) -> int:
        """Seed of every draw."""
        return self.ensemble.seed

    @property
    def names(self) -> dict[str, str]:
        """Full names of members, patron and powers by code."""
        return dict(self.scenarios[0].alliance.names)

    @cached_property
    def data(self) -> xr.Dataset:
        """Table of outcomes and monthly statistics: dimensions scenario, month, member, run."""
        return self.ensemble.dataset()

    @cached_property
    def trajectories(self) -> xr.Dataset:
        """Whole worlds, with the same dimensions.

        Raises
        ------
        ResultError
            If they were not kept.
        """
        return self.ensemble.trajectories()

    @property
    def digest(self) -> str:
        """SHA-256 of inputs and table, which holds a fingerprint of every bit of every state."""
        return self.ensemble.digest

    @cached_property
    def summary(self) -> dict[str, Any]:
        """Every outcome with its interval, as plain data by scenario."""
        return summarise(self.ensemble)

    def replay(self, run: int, scenario: str | None = None) -> AllianceModel:
        """Return one world again, from its address, as a Mesa model with its record.

        Parameters
        ----------
        run
            Number of the world.
        scenario
            Name of the scenario; the first if omitted.

        Raises
        ------
        ResultError
            If there is no such scenario.
        """
        by_name = {one.name: one for one in self.scenarios}
        name = scenario or self.scenarios[0].name
        if name not in by_name:
            message = f"The result has no scenario '{name}'; it has {', '.join(by_name)}."
            raise ResultError(message)
        return ensemble.replay(by_name[name], run, self.seed, self.ensemble.design)

    def to_frame(self) -> pd.DataFrame:
        """Return every outcome with its interval as a table, one row each."""
        import pandas as pd

        return pd.DataFrame(list(rows(self.summary)))

    def plot(self, kind: str = "cohesion") -> Picture:
        """Draw one of the standard figures.

        Parameters
        ----------
        kind
            ``cohesion``, ``trust``, ``status`` or ``end_states``.

        Raises
        ------
        ResultError
            If there is no such figure.
        """
        from foedus.views import plots

        return plots.figure(kind, self.data, self.scenarios)

    def save(self, directory: str | Path, *, figures: bool = True, overwrite: bool = False) -> Path:
        """Write everything: worlds, summary, scenarios, provenance and figures.

        ``foedus.run(..., out=directory)`` does the same while the worlds are made.

        Parameters
        ----------
        directory
            Made if it does not exist. A directory that holds anything else is refused.
        figures
            Whether to draw the figures as PNG and SVG into ``figures/``.
        overwrite
            Whether other results in the directory may be replaced.

        Returns
        -------
        pathlib.Path
            The directory.

        Raises
        ------
        ResultError
            If the directory cannot be used; nothing is written then.
        UnfinishedError
            If writing fails on the way; what is whole by then stays.
        """
        directory = Path(directory)
        keep = "trajectories" if self.ensemble.parts[0].paths else "summaries"
        wanted = inputs(self.scenarios, self.runs, self.seed, self.ensemble.design, keep)
        store.refuse_foreign(directory, overwrite=overwrite)
        _begin(directory, wanted, self.scenarios, self.ensemble.design, overwrite=overwrite)
        with store.held(directory):
            place = store.Directory(directory)
            for piece in self.ensemble.pieces():
                place.add(piece)
            self.finish(directory, wanted, figures=figures)
        return directory

    def finish(self, directory: Path, wanted: dict[str, Any], *, figures: bool) -> None:
        """Write summary and figures beside the pieces, and mark the result as complete."""
        marker = {**_marker(wanted), "digest": self.digest, "reproduce": self.command}
        store.finish(directory, marker, lambda place: self._write_outcomes(place, figures=figures))

    def _write_outcomes(self, place: Path, *, figures: bool) -> None:
        store.write_json(place / "summary.json", self.summary)
        store.write_csv(place / "summary.csv", rows(self.summary))
        if figures:
            self.write_figures(place / "figures")

    def write_figures(self, directory: Path) -> None:
        """Draw the standard figures as PNG and SVG into a directory."""
        from foedus.views import plots

        plots.write_figures(directory, self.data, self.scenarios)

    def json(self) -> str:
        """Return summary and provenance as JSON text."""
        return store.as_text({"provenance": self.provenance, "summary": self.summary})

    @property
    def provenance(self) -> dict[str, Any]:
        """What made it: inputs, versions, digest, and how to make it again."""
        keep = "trajectories" if self.ensemble.parts[0].paths else "summaries"
        given = inputs(self.scenarios, self.runs, self.seed, self.ensemble.design, keep)
        return {**_marker(given), "digest": self.digest, "reproduce": self.command}

    @property
    def command(self) -> str:
        """The command that makes this result from a directory it was saved to."""
        design = self.ensemble.design
        if design.name not in (*NAMED, POSTERIOR):
            return "foedus.load_result(DIRECTORY): the design was given in Python"
        draw = POSTERIOR_FILE if isinstance(design, Posterior) else design.name
        files = " ".join(f"scenarios/{scenario.name}.yaml" for scenario in self.scenarios)
        return (
            f"in this directory: foedus run {files} --runs {self.runs} --seed {self.seed} "
            f"--parameters {draw} --out AGAIN"
        )

    def _repr_html_(self) -> str:
        from foedus.views.brief import result_html

        return result_html(self)

    def __repr__(self) -> str:
        names = ", ".join(scenario.name for scenario in self.scenarios)
        return f"<foedus.Result {names}: {self.provenance_line}>"

    @property
    def provenance_line(self) -> str:
        """One line with worlds, months, parameter draw, seed and digest."""
        first = self.scenarios[0]
        return (
            f"{self.runs:,} worlds, {format_month(first.start)} to {format_month(first.end)}, "
            f"parameters: {self.ensemble.design.name}, seed {self.seed}, "
            f"digest {self.digest[:12]}"
        )


def _write_inputs(place: Path, scenarios: Sequence[Scenario], design: Design) -> None:
    """Write the resolved scenarios and their alliance, so that they can be run from there."""
    directory = place / "scenarios"
    (directory / "alliances").mkdir(parents=True)
    for scenario in scenarios:
        alliance = scenario.alliance
        name = f"alliances/{alliance.name}.yaml"
        (directory / name).write_text(alliance.text, encoding="utf-8")
        content = {**scenario.resolved(), "alliance": name}
        text = yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=100)
        header = f"# Resolved by foedus from '{scenario.name}'; runs from {name} beside it.\n"
        (directory / f"{scenario.name}.yaml").write_text(header + text, encoding="utf-8")
    if isinstance(design, Declared) and design.parameters is not None:
        np.save(place / DESIGN, np.array(design.parameters))
    elif isinstance(design, Sampled):
        np.save(place / DESIGN, design.rows)
    elif isinstance(design, Posterior):
        design.save(place / POSTERIOR_FILE)


def _stored_design(directory: Path, there: dict[str, Any]) -> Design:
    if there["parameters"] in NAMED:
        return NAMED[there["parameters"]]
    name = POSTERIOR_FILE if there["parameters"] == POSTERIOR else DESIGN
    try:
        design = _read_design(directory / name, there["parameters"])
    except (OSError, EOFError, ValueError, TypeError, ResultError):
        design = Declared()
    if design.fingerprint != there["design"]:
        message = (
            f"{directory / name} is missing or was altered: the parameters of the worlds are "
            "lost. Run the scenario again into another directory."
        )
        raise ResultError(message)
    return design


def _read_design(path: Path, name: str) -> Design:
    if name == POSTERIOR:
        return load_posterior(path)
    numbers = np.load(path)
    if numbers.ndim == 1:
        return Declared(Parameters(*numbers.tolist()))
    return Sampled(numbers, name)


def stored_scenarios(directory: Path) -> tuple[tuple[Scenario, ...], dict[str, Any]]:
    """Read the scenarios of a stored result, complete or not, and its marker.

    Raises
    ------
    ResultError
        If the directory holds no result, or its scenarios were altered.
    """
    marker = store.read_marker(directory)
    loaded = []
    for name, fingerprint in marker["inputs"]["scenarios"].items():
        path = directory / "scenarios" / f"{name}.yaml"
        scenario = load_scenario(path, allow_inert=True)
        if scenario.fingerprint != fingerprint:
            message = (
                f"{path} was altered, or this version of foedus reads it otherwise: the worlds "
                "there are of another scenario. Run it into another directory."
            )
            raise ResultError(message)
        loaded.append(scenario)
    return tuple(loaded), marker


def load_result(directory: str | Path) -> Result:
    """Load a saved result; every piece is checked against its checksum, all against the digest.

    Raises
    ------
    ResultError
        If the directory holds none, or one that is not finished, or if what it holds is damaged.
    """
    directory = Path(directory)
    scenarios, marker = stored_scenarios(directory)
    there, place = marker["inputs"], store.Directory(directory)
    if marker["digest"] is None:
        message = (
            f"{directory} is not finished: {place.progress()} Go on with: "
            f"foedus run --resume {directory}"
        )
        raise ResultError(message)
    design = _stored_design(directory, there)
    result = Result(ensemble.stored(scenarios, design, there["runs"], int(there["seed"]), place))
    if result.digest != marker["digest"]:
        raise ResultError(_other_digest(directory))
    return result


def resume(
    directory: str | Path,
    *,
    runs: int | None = None,
    figures: bool = True,
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
        parameters=_stored_design(directory, there),
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


# ---------------------------------------------------------------------------------------------
# Verifying


@dataclass(frozen=True)
class Verification:
    """What re-reading and replaying a stored result has shown.

    Attributes
    ----------
    pieces, worlds
        Pieces that are whole on disk, and worlds in them.
    replayed
        Worlds that were simulated again, one at a time with Mesa.
    problems
        A sentence for each thing that is wrong; none if the result is what it says.
    """

    pieces: int
    worlds: int
    replayed: int
    problems: tuple[str, ...]


def verify(directory: str | Path, sample: int = SAMPLE) -> Verification:
    """Read a stored result again, check every checksum and the digest, and replay a sample.

    Parameters
    ----------
    sample
        Worlds of each scenario to replay, spread evenly over the runs.

    Raises
    ------
    ResultError
        If the directory holds no result.
    """
    directory = Path(directory)
    _, marker = stored_scenarios(directory)
    there, place = marker["inputs"], store.Directory(directory)
    entries = place.entries()
    problems = [
        f"{directory / entry.file} {reason}."
        for entry in entries
        if (reason := place.damage(entry))
    ]
    if there["source"] != source_hash():
        problems.append("It was computed by another version of the model; replays may differ.")
    if marker["digest"] is None:
        problems.append(f"It is not finished: {place.progress()}")
    else:
        problems += store.altered_files(directory, marker)
    replayed = 0
    if not problems:
        result = load_result(directory)
        for worlds in result.ensemble.parts:
            for number in sorted({int(place) for place in np.linspace(0, result.runs - 1, sample)}):
                replayed += 1
                problems += _deviations(result, worlds, number)
    whole = [entry for entry in entries if not place.damage(entry)]
    return Verification(len(whole), sum(entry.runs for entry in whole), replayed, tuple(problems))


def _deviations(result: Result, worlds: Worlds, number: int) -> list[str]:
    """Simulate one world again with Mesa; say in which arrays it differs from the stored one."""
    design = result.ensemble.design
    task = Task(worlds.scenario, result.seed, design, number, 1, "mesa", keep=False)
    return [
        f"World {number} of {worlds.scenario.name} comes out otherwise in '{name}'."
        for name, again in simulate(task).table.items()
        if again[..., 0].tobytes() != worlds.table[name][..., number].tobytes()
    ]
