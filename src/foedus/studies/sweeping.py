"""Sweeping levers: each from one end to the other, with all else as in a scenario."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from foedus.cases.months import format_month
from foedus.cases.scenario import Scenario
from foedus.cases.scenario_reader import load_scenario
from foedus.cases.sliders import Slider, moved, sliders
from foedus.defaults import RUNS, SEED, STEPS
from foedus.ensembles import ensemble, on_disk
from foedus.errors import ResultError, UnfinishedError, nearest
from foedus.model.citations import note_line
from foedus.model.levers import LEVERS, lever_named
from foedus.outcomes.summary import plain
from foedus.outcomes.sweeps import MEASURES, Swept, answer, swept
from foedus.worlds.openings import as_design
from foedus.worlds.sources import source_hash

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import pandas as pd

    from foedus.cases.horizons import Horizon
    from foedus.cases.overrides import Settings
    from foedus.defaults import Engine
    from foedus.views.sheet import Picture
    from foedus.worlds.openings import Design, Numbered

JSON_FILE, CSV_FILE, FIGURE = "sweep.json", "sweep.csv", "sweep"  # in the directory of a sweep


@dataclass(frozen=True)
class Sweep:
    """What became of a member and the alliance along each of some levers.

    Attributes
    ----------
    scenario
        The scenario in which one lever at a time was moved.
    member
        Code of the member.
    levers
        Every lever with what it moved, in the order of :data:`foedus.model.levers.LEVERS`.
    runs, seed
        Worlds at each value of a lever, and the seed of every draw. World i has the same luck and
        numbers at every value.
    design
        Where the numbers of the worlds came from.
    """

    scenario: Scenario
    member: str
    levers: tuple[Swept, ...]
    runs: int
    seed: int
    design: Design

    @property
    def name(self) -> str:
        """Full name of the member."""
        return self.scenario.alliance.names[self.member]

    @property
    def horizon(self) -> str:
        """Last month, as ``YYYY-MM``."""
        return format_month(self.scenario.end)

    @cached_property
    def answer(self) -> list[str]:
        """Sentences: which lever moves what most, and which move nothing and why."""
        lines = answer(self.levers, self.name, self.horizon)
        return [*lines, *filter(None, [note_line(*lines)])]

    def rows(self) -> Iterator[dict[str, Any]]:
        """Yield every estimate as one flat row, for a table or CSV."""
        for one in self.levers:
            for key, track in one.tracks.items():
                for value, found in zip(one.values, track.at, strict=True):
                    yield {
                        "lever": one.lever,
                        "value": value,
                        "outcome": key,
                        "estimate": found.value,
                        "low": found.low,
                        "high": found.high,
                    }

    def to_frame(self) -> pd.DataFrame:
        """Return every estimate as a table, one row each."""
        import pandas as pd

        return pd.DataFrame(list(self.rows()))

    @cached_property
    def summary(self) -> dict[str, Any]:
        """All contents as plain data; lever by lever with what moves, and the answer first."""
        return {
            "answer": self.answer,
            "scenario": self.scenario.name,
            "member": self.member,
            "member_name": self.name,
            "horizon": self.horizon,
            "runs": self.runs,
            "outcomes": {
                key: measure.words.format(member=self.name) for key, measure in MEASURES.items()
            },
            "levers": {
                one.lever: {
                    "keys": list(one.keys),
                    "values": list(one.values),
                    "own": one.own,
                    "moves": one.moves,
                    "outcomes": {
                        key: {**plain(track), "change": plain(track.change), "moves": track.moves}
                        for key, track in one.tracks.items()
                    },
                }
                for one in self.levers
            },
        }

    @property
    def provenance(self) -> dict[str, Any]:
        """Inputs and versions, and the command that makes the sweep again."""
        return {
            "inputs": {
                "scenario": self.scenario.name,
                "fingerprint": self.scenario.fingerprint,
                "horizon": self.scenario.horizon,
                "runs": self.runs,
                "seed": self.seed,
                "parameters": self.design.name,
                "source": source_hash(),
            },
            "versions": on_disk.versions(),
            "reproduce": self.command,
        }

    @property
    def command(self) -> str:
        """The command that makes this sweep, if the scenario is given as it is here."""
        chosen = "".join(f" --lever {one.lever}" for one in self.levers)
        chosen = "" if len(self.levers) == len(LEVERS) else chosen
        return (
            f"foedus sweep {self.scenario.name}{chosen} --member {self.member} --runs {self.runs} "
            f"--seed {self.seed} --horizon {self.scenario.horizon} "
            f"--parameters {self.design.name}"
        )

    @property
    def provenance_line(self) -> str:
        """One line with worlds, months, parameter draw and seed."""
        return (
            f"{self.runs:,} worlds at each value, {format_month(self.scenario.start)} to "
            f"{self.horizon}, parameters: {self.design.name}, seed {self.seed}"
        )

    def plot(self) -> Picture:
        """Draw a panel for each lever, the strongest first."""
        from foedus.views.sweeps import figure

        return figure(self)

    def json(self) -> str:
        """Return all contents, with provenance, as JSON text."""
        return on_disk.as_text(self._content)

    def write(self, directory: Path, *, figures: bool = True) -> Path:
        """Write JSON, CSV and figure into a directory, which is made if need be.

        Raises
        ------
        UnfinishedError
            If the files cannot be written.
        """
        try:
            directory.mkdir(parents=True, exist_ok=True)
            on_disk.write_json(directory / JSON_FILE, self._content)
            on_disk.write_csv(directory / CSV_FILE, self.rows())
            if figures:
                from foedus.views.sweeps import write_figure

                write_figure(self, directory / FIGURE)
        except OSError as error:
            message = f"{directory} cannot be written: {error.strerror or error}."
            raise UnfinishedError(message) from None
        return directory

    @property
    def _content(self) -> dict[str, Any]:
        return {"provenance": self.provenance, "sweep": self.summary}

    def __repr__(self) -> str:
        names = ", ".join(one.lever for one in self.levers)
        return f"<foedus.Sweep of {names} in {self.scenario.name}: {self.provenance_line}>"

    def _repr_html_(self) -> str:
        from foedus.views.sweeps import sweep_html

        return sweep_html(self)


def sweep(
    scenario: str | Path | Scenario = "baseline",
    *,
    levers: Sequence[str] = (),
    member: str | None = None,
    steps: int = STEPS,
    runs: int = RUNS,
    seed: int = SEED,
    parameters: Numbered = None,
    horizon: Horizon | None = None,
    settings: Settings = (),
    out: str | Path | None = None,
    overwrite: bool = False,
    figures: bool = True,
    workers: int | None = None,
    engine: Engine = "auto",
    progress: Callable[[int, int], None] | None = None,
    notice: Callable[[str], None] | None = None,
) -> Sweep:
    """Move each lever from one end to the other, with all else as in a scenario.

    The lever is the same in all months. Those of several partners (or adversaries) towards the
    member are moved together. A lever that multiplies, such as ``threat``, goes to twice its usual
    value.

    Parameters
    ----------
    scenario
        Bare name of a shipped scenario, path of a scenario file, or a loaded scenario.
    levers
        Names of the levers; all if empty.
    member
        Code of the member that they address; the first client of the alliance if omitted.
    steps
        Number of values, evenly spaced, both ends included.
    runs
        Worlds at each value; world i has the same luck and numbers at every value.
    seed, parameters, horizon, settings, workers, engine, progress, notice
        As for :func:`foedus.run`.
    out
        Directory for JSON, CSV and figure.
    overwrite
        Whether a sweep in ``out`` may be replaced.
    figures
        Whether to draw the figure into ``out``.

    Returns
    -------
    Sweep
        The answer in ``.answer``, numbers in ``.levers``.

    Raises
    ------
    ScenarioError, AllianceError, ResultError
        If the scenario cannot be used, or there is no such lever or member, or ``out`` holds a
        sweep already.
    UnfinishedError
        If ``out`` cannot be written.

    Examples
    --------
    >>> import foedus
    >>> found = foedus.sweep("baseline", levers=["pressure"], steps=2, runs=40)
    >>> found.levers[0].values
    (0.0, 1.0)
    """
    loaded = _loaded(scenario, horizon, settings)
    who = _member(loaded, member)
    groups = _groups(loaded, who, levers)
    if steps < 2:
        message = f"A sweep needs 2 or more values of a lever, not {steps}."
        raise ResultError(message)
    directory = None if out is None else _free(Path(out), overwrite=overwrite)
    design = as_design(parameters, [loaded])
    done = []
    for place, (name, group) in enumerate(groups.items()):

        def tell(here: int, total: int, place: int = place) -> None:
            if progress is not None:
                progress(place * total + here, len(groups) * total)

        values = _values(name, steps)
        cases = [
            moved(loaded, {one.key: value for one in group}, f"{name}_{index}")
            for index, value in enumerate(values)
        ]
        made = ensemble.run(
            cases,
            design,
            runs,
            seed=seed,
            engine=engine,
            workers=workers,
            progress=tell,
            notice=notice,
        )
        own = {one.value for one in group}
        keys = [one.key for one in group]
        shared = own.pop() if len(own) == 1 else None
        done.append(swept(name, keys, values, shared, made.parts, who))
    found = Sweep(loaded, who, tuple(done), runs, seed, design)
    if directory is not None:
        found.write(directory, figures=figures)
    return found


def _loaded(
    scenario: str | Path | Scenario, horizon: Horizon | None, settings: Settings
) -> Scenario:
    if not isinstance(scenario, Scenario):
        return load_scenario(scenario, horizon=horizon, settings=settings, allow_inert=True)
    if settings or horizon is not None:
        message = "Settings and horizon apply to a scenario given by name; load this one with them."
        raise ResultError(message)
    return scenario


def _member(scenario: Scenario, member: str | None) -> str:
    members = scenario.alliance.members
    if member is None:
        return members[0]
    if member not in members:
        message = f"{member} is no client of this alliance{nearest(member, members)}"
        raise ResultError(message)
    return member


def _groups(
    scenario: Scenario, member: str, wanted: Sequence[str]
) -> dict[str, tuple[Slider, ...]]:
    """Return what is moved together, by lever, in the order of the table of levers."""
    known = [lever.name for lever in LEVERS]
    for name in wanted:
        if name not in known:
            message = f"There is no lever '{name}'{nearest(name, known)}"
            raise ResultError(message)
    found: dict[str, tuple[Slider, ...]] = {}
    for slider in sliders(scenario, member):
        name = slider.key.split(".", maxsplit=1)[0]
        if not wanted or name in wanted:
            found[name] = (*found.get(name, ()), slider)
    return found


def _values(name: str, steps: int) -> tuple[float, ...]:
    """Return the values of a lever: evenly spaced from its lower bound to its upper.

    The upper bound of a share is 1. A lever whose bound is higher multiplies something; it goes to
    twice its usual value.
    """
    lever = lever_named(name)
    high = lever.high if lever.high <= 1.0 else min(lever.high, 2.0 * (lever.default or 1.0))
    return tuple(np.linspace(lever.low, high, steps).tolist())


def _free(directory: Path, *, overwrite: bool) -> Path:
    """Return a directory; raise ResultError if it holds a sweep that must not be replaced."""
    if (directory / JSON_FILE).exists() and not overwrite:
        message = (
            f"{directory} holds a sweep already; name another --out, or replace it with "
            "--overwrite."
        )
        raise ResultError(message)
    if directory.exists() and not directory.is_dir():
        message = f"{directory} is no directory; name another --out."
        raise ResultError(message)
    return directory
