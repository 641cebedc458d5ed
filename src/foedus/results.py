"""Running scenarios and what comes back: a Result that can be read, plotted, saved and loaded."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from foedus import ensemble, store
from foedus.ensemble import DEFAULT_RUNS
from foedus.errors import ResultError
from foedus.months import format_month
from foedus.outcomes import rows, summarise
from foedus.scenario import Scenario
from foedus.scenario_reader import load_scenario
from foedus.worlds import DEFAULT_SEED

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import pandas as pd
    import xarray as xr

    from foedus.parameters import Parameters
    from foedus.plots import Picture


def run(
    *scenarios: str | Path | Scenario,
    runs: int = DEFAULT_RUNS,
    seed: int = DEFAULT_SEED,
    parameters: str | Parameters = "prior",
    horizon: int | None = None,
    settings: Sequence[str] = (),
    workers: int = 1,
    progress: Callable[[int], None] | None = None,
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
        ``"prior"``: each world draws its parameters and opening numbers from their priors.
        ``"default"``: the declared values in every world. Or one
        :class:`~foedus.parameters.Parameters` for every world.
    horizon
        Months to simulate instead of each scenario's own.
    settings
        Changes such as ``"pressure.ARM=0.6"``, as with ``foedus run --set``.
    workers
        Processes; see :func:`foedus.ensemble.run`.
    progress
        Called with the number of worlds just finished.
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

    Examples
    --------
    >>> import foedus
    >>> result = foedus.run("pressure", runs=20)
    >>> result.data["trust"].dims
    ('scenario', 'month', 'member', 'run')
    """
    loaded = tuple(
        _prepared(item, horizon, settings, allow_inert=allow_inert) for item in scenarios
    )
    data = ensemble.run(
        loaded, runs=runs, seed=seed, parameters=parameters, workers=workers, progress=progress
    )
    return Result(data, loaded)


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


@dataclass(frozen=True)
class Result:
    """Worlds of one or more scenarios.

    Attributes
    ----------
    data
        xarray Dataset with dimensions scenario, month, member and run.
    scenarios
        The resolved scenarios, in the order of the dimension.
    """

    data: xr.Dataset
    scenarios: tuple[Scenario, ...]

    @property
    def runs(self) -> int:
        """Worlds of each scenario."""
        return int(self.data.sizes["run"])

    @property
    def seed(self) -> int:
        """Seed of every draw."""
        return int(self.data.attrs["seed"])

    @property
    def names(self) -> dict[str, str]:
        """Full names of members, patron and powers by code."""
        return dict(self.scenarios[0].alliance.names)

    @cached_property
    def digest(self) -> str:
        """SHA-256 of every recorded bit of the worlds; equal on any machine."""
        return ensemble.digest(self.data)

    @cached_property
    def summary(self) -> dict[str, Any]:
        """Every outcome with its interval, as plain data by scenario."""
        return summarise(self.data, self.scenarios)

    @property
    def inputs(self) -> dict[str, Any]:
        """What decides the result, see :func:`inputs`."""
        draw = self.data.attrs["parameter_draw"]
        return inputs(self.scenarios, self.runs, self.seed, draw)

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
        from foedus import plots

        return plots.figure(kind, self.data, self.scenarios)

    def save(self, directory: str | Path, *, figures: bool = True, overwrite: bool = False) -> Path:
        """Write everything: Dataset, summary, scenarios, provenance and figures.

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
        """
        directory = Path(directory)
        with store.writing(directory, overwrite=overwrite) as temporary:
            store.write_dataset(temporary, self.data)
            self._write_scenarios(temporary / "scenarios")
            store.write_json(temporary / "summary.json", self.summary)
            store.write_csv(temporary / "summary.csv", rows(self.summary))
            if figures:
                self.write_figures(temporary / "figures")
            store.write_json(temporary / store.MARKER, self.provenance)
        return directory

    def write_figures(self, directory: Path) -> None:
        """Draw the standard figures as PNG and SVG into a directory."""
        from foedus import plots

        plots.write_figures(directory, self.data, self.scenarios)

    @property
    def provenance(self) -> dict[str, Any]:
        """Where the result comes from and how to make it again."""
        return {
            "format": store.FORMAT_VERSION,
            "created": datetime.now(UTC).isoformat(timespec="seconds"),
            "digest": self.digest,
            "inputs": self.inputs,
            "versions": store.versions(),
            "reproduce": self.command,
        }

    @property
    def command(self) -> str:
        """The command that makes this result from a directory it was saved to."""
        files = " ".join(f"scenarios/{scenario.name}.yaml" for scenario in self.scenarios)
        return (
            f"in this directory: foedus run {files} --runs {self.runs} --seed {self.seed} "
            f"--parameters {self.data.attrs['parameter_draw']} --out AGAIN"
        )

    def _write_scenarios(self, directory: Path) -> None:
        """Write the resolved scenarios and their alliance, so that they can be run from there."""
        (directory / "alliances").mkdir(parents=True)
        for scenario in self.scenarios:
            alliance = scenario.alliance
            name = f"alliances/{alliance.name}.yaml"
            (directory / name).write_text(alliance.text, encoding="utf-8")
            content = {**scenario.resolved(), "alliance": name}
            text = yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=100)
            header = f"# Resolved by foedus from '{scenario.name}'; runs from {name} beside it.\n"
            (directory / f"{scenario.name}.yaml").write_text(header + text, encoding="utf-8")

    def _repr_html_(self) -> str:
        from foedus.tables import result_html

        return result_html(self.summary, self.names, self.provenance_line)

    def __repr__(self) -> str:
        names = ", ".join(scenario.name for scenario in self.scenarios)
        return f"<foedus.Result {names}: {self.provenance_line}>"

    @property
    def provenance_line(self) -> str:
        """One line with worlds, months, parameter draw, seed and digest."""
        first = self.scenarios[0]
        return (
            f"{self.runs} worlds, {format_month(first.start)} to {format_month(first.end)}, "
            f"parameters: {self.data.attrs['parameter_draw']}, seed {self.seed}, "
            f"digest {self.digest[:12]}"
        )


def inputs(scenarios: Sequence[Scenario], runs: int, seed: int, parameters: str) -> dict[str, Any]:
    """Return what decides a result: scenarios, runs, seed, parameter draw, and the sources."""
    return {
        "scenarios": {scenario.name: scenario.fingerprint for scenario in scenarios},
        "horizon": scenarios[0].horizon,
        "runs": runs,
        "seed": str(seed),
        "parameters": parameters,
        "source": store.source_hash(),
    }


def load_result(directory: str | Path) -> Result:
    """Load a saved result.

    Raises
    ------
    ResultError
        If the directory holds none, or if what it holds is damaged.
    """
    directory = Path(directory)
    provenance = store.read_provenance(directory)
    data = store.read_dataset(directory)
    if ensemble.digest(data) != provenance["digest"]:
        message = (
            f"The worlds in {directory} are not those that were written (the digest differs): a "
            "file is missing or was altered. Run the scenario again into another directory."
        )
        raise ResultError(message)
    names = [str(name) for name in data["scenario"].to_numpy()]
    scenarios = tuple(
        load_scenario(directory / "scenarios" / f"{name}.yaml", allow_inert=True) for name in names
    )
    return Result(data, scenarios)


def stored_inputs(directory: Path) -> dict[str, Any] | None:
    """Inputs of the result in a directory, or None if there is no readable result."""
    try:
        inputs = store.read_provenance(directory)["inputs"]
    except (ResultError, KeyError):
        return None
    return dict(inputs) if isinstance(inputs, dict) else None


def as_json(result: Result) -> str:
    """Return summary and provenance as JSON text."""
    content = {"provenance": result.provenance, "summary": result.summary}
    return json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False)
