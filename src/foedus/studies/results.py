"""What comes back of a run: a Result that can be read, plotted, saved and loaded."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from foedus.ensembles import ensemble, on_disk, store
from foedus.errors import ResultError
from foedus.outcomes import attribution
from foedus.outcomes.answer import answer, headline
from foedus.outcomes.carriers import Carrying
from foedus.outcomes.catalogue import value_of
from foedus.outcomes.evidence import evidence_kinds, set_by_hand
from foedus.outcomes.finding import finding
from foedus.outcomes.summary import SHOWN, plain, rows, summarise
from foedus.studies.stored import (
    POSTERIOR_FILE,
    begin,
    inputs,
    marker_of,
    other_digest,
    stored_design,
    stored_scenarios,
)
from foedus.worlds.openings import NAMED, POSTERIOR
from foedus.worlds.posterior import Posterior

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

    from foedus.cases.frame import Frame
    from foedus.cases.scenario import Scenario
    from foedus.defaults import Figures
    from foedus.ensembles.ensemble import Ensemble
    from foedus.ensembles.gathered import Worlds
    from foedus.outcomes.answer import Answer, Line
    from foedus.outcomes.attribution import Attribution
    from foedus.outcomes.carriers import Carrier
    from foedus.outcomes.finding import Finding
    from foedus.views.sheet import Picture
    from foedus.worlds.agents import AllianceModel

CAUSED = 2_000  # worlds of each mix from which the cause of a headline is told


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
    def frame(self) -> Frame:
        """Alliance and months that the scenarios have in common."""
        return self.ensemble.frame

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
        return dict(self.frame.alliance.names)

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

    @cached_property
    def answer(self) -> Answer:
        """What the scenarios lead to, what is open of it, and what differs between them."""
        return answer(self.ensemble, self.summary)

    @property
    def finding(self) -> Finding:
        """The answer in plain words: a title and a few sentences."""
        return finding(self.answer)

    @property
    def headline(self) -> tuple[Line, int]:
        """The outcome that the finding begins with, and the scenario under which it is highest.

        Of a single scenario it is whether the member that is least likely to take part does.
        """
        line = headline(self.answer)
        return line, line.highest

    @cached_property
    def cause(self) -> Attribution | str | None:
        """How the difference that the finding begins with is split among the levers.

        It is a sentence if that cannot be done, and None for a single scenario.
        """
        if len(self.scenarios) == 1:
            return None
        line, _ = self.headline
        low, high = (self.scenarios[place] for place in (line.lowest, line.highest))
        if low is high:
            return None
        if reason := attribution.refusal(low, high):
            return reason
        found = attribution.attribute(
            low, high, design=self.ensemble.design, seed=self.seed, runs=min(CAUSED, self.runs)
        )
        return next((one for one in found if (one.subject, one.outcome) == line.key), found[0])

    def carriers_of(
        self, subject: str, key: str, scenario: str | None = None, most: int = SHOWN
    ) -> list[Carrier]:
        """Return the numbers whose value carries an outcome, strongest first.

        Parameters
        ----------
        subject, key
            Code of a member, or ``alliance``; and an outcome of :mod:`foedus.outcomes.catalogue`.
        scenario
            Name of the scenario; the first if omitted.
        most
            How many at most.

        Raises
        ------
        ResultError
            If there is no such scenario.
        """
        return self.carrying(scenario).of(value_of(self.worlds_of(scenario), subject, key), most)

    def worlds_of(self, scenario: str | None = None) -> Worlds:
        """Return the worlds of one scenario, the first if none is named.

        Raises
        ------
        ResultError
            If there is no such scenario.
        """
        name = self._known(scenario)
        return next(part for part in self.ensemble.parts if part.scenario.name == name)

    def carrying(self, scenario: str | None = None) -> Carrying:
        """Return what finds the numbers that carry the outcomes of a scenario.

        Raises
        ------
        ResultError
            If there is no such scenario.
        """
        worlds = self.worlds_of(scenario)
        kinds = evidence_kinds(worlds.scenario, self.ensemble.design)
        return Carrying(self.ensemble, worlds, kinds)

    def _known(self, scenario: str | None) -> str:
        """Return the name of a scenario of the result, the first if none is given."""
        names = [one.name for one in self.scenarios]
        if scenario is not None and scenario not in names:
            message = f"The result has no scenario '{scenario}'; it has {', '.join(names)}."
            raise ResultError(message)
        return scenario or names[0]

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
            If there is no such scenario or world.
        """
        by_name = {one.name: one for one in self.scenarios}
        name = self._known(scenario)
        if not 0 <= run < self.runs:
            message = f"The result has the worlds 0 to {self.runs - 1:,}, and no world {run}."
            raise ResultError(message)
        return ensemble.replay(by_name[name], run, self.seed, self.ensemble.design)

    def to_frame(self) -> pd.DataFrame:
        """Return every outcome with its interval as a table, one row each."""
        import pandas as pd

        return pd.DataFrame(list(rows(self.summary)))

    def plot(self, kind: str = "futures") -> Picture:
        """Draw one of the standard figures.

        Parameters
        ----------
        kind
            ``futures``, ``cohesion``, ``status``, ``end_states`` or ``trust``.

        Raises
        ------
        ResultError
            If there is no such figure.
        """
        from foedus.views import plots

        return plots.figure(kind, self)

    def save(
        self, directory: str | Path, *, figures: Figures = True, overwrite: bool = False
    ) -> Path:
        """Write everything: worlds, summary, scenarios, provenance and figures.

        ``foedus.run(..., out=directory)`` does the same while the worlds are made.

        Parameters
        ----------
        directory
            Made if it does not exist. A directory that holds anything else is refused.
        figures
            Whether to draw the figures into ``figures/``: as PNG, with ``"svg"`` also as SVG.
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
        keep = "trajectories" if self.ensemble.keeps_trajectories else "summaries"
        wanted = inputs(self.scenarios, self.runs, self.seed, self.ensemble.design, keep)
        on_disk.refuse_foreign(directory, overwrite=overwrite)
        begin(directory, wanted, self.scenarios, self.ensemble.design, overwrite=overwrite)
        with on_disk.held(directory):
            place = store.Pieces(directory)
            for piece in self.ensemble.pieces():
                place.add(piece)
            self.finish(directory, wanted, figures=figures)
        return directory

    def finish(self, directory: Path, wanted: dict[str, Any], *, figures: Figures) -> None:
        """Write summary and figures beside the pieces, and mark the result as complete."""
        marker = {**marker_of(wanted), "digest": self.digest, "reproduce": self.command}
        on_disk.finish(
            directory, marker, lambda place: self._write_outcomes(place, figures=figures)
        )

    def _write_outcomes(self, place: Path, *, figures: Figures) -> None:
        on_disk.write_json(place / "summary.json", self.summary)
        on_disk.write_csv(place / "summary.csv", rows(self.summary))
        if figures:
            self.write_figures(place / on_disk.FIGURES, svg=figures == "svg")

    def write_figures(self, directory: Path, *, svg: bool = False) -> None:
        """Draw the standard figures as PNG into a directory, if wanted as SVG too."""
        from foedus.views import plots

        plots.write_figures(directory, self, svg=svg)

    def json(self) -> str:
        """Return summary and provenance as JSON text."""
        return on_disk.as_text(
            {
                "provenance": self.provenance,
                "finding": plain(self.finding),
                "summary": self.summary,
            }
        )

    @property
    def provenance(self) -> dict[str, Any]:
        """What made it: inputs, versions, digest, and how to make it again."""
        keep = "trajectories" if self.ensemble.keeps_trajectories else "summaries"
        given = inputs(self.scenarios, self.runs, self.seed, self.ensemble.design, keep)
        return {**marker_of(given), "digest": self.digest, "reproduce": self.command}

    @property
    def command(self) -> str:
        """The command that makes this result from a directory it was saved to."""
        design = self.ensemble.design
        if design.name not in (*NAMED, POSTERIOR):
            return "foedus.load_result(DIRECTORY): the design was given in Python"
        draw = POSTERIOR_FILE if isinstance(design, Posterior) else design.name
        files = " ".join(f"scenarios/{scenario.name}.yaml" for scenario in self.scenarios)
        return (
            f"in the directory of the result: foedus run {files} --runs {self.runs} "
            f"--seed {self.seed} --parameters {draw} --out AGAIN"
        )

    def _repr_html_(self) -> str:
        from foedus.views.notebook import result_html

        return result_html(self)

    def __repr__(self) -> str:
        names = ", ".join(scenario.name for scenario in self.scenarios)
        return f"<foedus.Result {names}: {self.provenance_line}>"

    @property
    def provenance_line(self) -> str:
        """One line with worlds, months, parameter draw, seed and digest."""
        return (
            f"{self.runs:,} worlds, {self.frame.span}, "
            f"parameters: {self.ensemble.design.name}, {self._by_hand}seed {self.seed}, "
            f"digest {self.digest[:12]}"
        )

    @property
    def _by_hand(self) -> str:
        """The numbers that were set by hand, for a line; empty if there are none."""
        told = [
            f"{key} {value:g} in {scenario.name}"
            for scenario in self.scenarios
            for key, value in set_by_hand(scenario, self.ensemble.design).items()
        ]
        return f"set by hand: {', '.join(told)}; " if told else ""


def load_result(directory: str | Path) -> Result:
    """Load a saved result; every piece is checked against its checksum, all against the digest.

    Raises
    ------
    ResultError
        If the directory holds none, or one that is not finished, or if what it holds is damaged.
    """
    directory = Path(directory)
    scenarios, marker = stored_scenarios(directory)
    there, place = marker["inputs"], store.Pieces(directory)
    if marker["digest"] is None:
        message = (
            f"{directory} is not finished: {place.progress()} Go on with: "
            f"foedus run --resume {directory}"
        )
        raise ResultError(message)
    design = stored_design(directory, there)
    result = Result(ensemble.stored(scenarios, design, there["runs"], int(there["seed"]), place))
    if result.digest != marker["digest"]:
        raise ResultError(other_digest(directory))
    return result
