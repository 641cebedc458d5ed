"""Comparing scenarios: the same worlds under each, their differences, and the causes of these.

World number i has the same numbers and the same random draws (the same luck) in every scenario.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from functools import cached_property
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from foedus.defaults import RUNS, SEED
from foedus.ensembles import ensemble, on_disk
from foedus.errors import InterruptedRun, ResultError
from foedus.outcomes import attribution
from foedus.outcomes.attribution import Attribution, attribute
from foedus.outcomes.differences import Difference, Parting, differences, partings
from foedus.outcomes.summary import plain
from foedus.outcomes.variance import Split, crossed, splits
from foedus.studies.items import loaded_items, ordered, refuse_incomparable, scenarios_of
from foedus.studies.running import run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import pandas as pd
    import xarray as xr

    from foedus.cases.horizons import Horizon
    from foedus.cases.overrides import Settings
    from foedus.cases.scenario import Scenario
    from foedus.defaults import Figures
    from foedus.outcomes.finding import Finding
    from foedus.studies.results import Result
    from foedus.views.sheet import Picture
    from foedus.worlds.openings import Numbered

    Item = str | Path | Scenario | Result

SAMPLE = 2_000  # worlds whose months are kept, for everything that is compared month by month
MOST_RUNS = 2_000_000  # most worlds of a scenario that the option ``resolve`` goes on to
#: From TRUSTED worlds on, the estimate of the calibration's own error is relied on; below, the
#: number of worlds is multiplied by FIRST_STEPS where that error seems too large.
TRUSTED, FIRST_STEPS = 100_000, 4
STEP = (1.2, 10.0)  # least and largest factor by which the number of worlds grows at a time


@dataclass(frozen=True)
class Resolution:
    """Precision of the headline differences, and the number of worlds that it took.

    Attributes
    ----------
    target
        Half-width of the 95 % intervals that was asked for.
    reached
        Largest half-width of a headline difference in the end.
    widest
        Subject and outcome of the difference that has it.
    runs
        Worlds of each scenario.
    """

    target: float
    reached: float
    widest: tuple[str, str]
    runs: int

    @property
    def is_met(self) -> bool:
        """Whether the intervals of all headline differences are as narrow as was asked for."""
        return self.reached <= self.target

    def __str__(self) -> str:
        who, what = self.widest
        if self.is_met:
            return (
                f"Every headline difference is known to +-{self.target:g} or better: it took "
                f"{self.runs:,} worlds of each scenario (widest: {who} {what}, "
                f"+-{self.reached:.2g})."
            )
        return (
            f"With {self.runs:,} worlds of each scenario {who} {what} is known to "
            f"+-{self.reached:.2g} only, not to +-{self.target:g}. More worlds do not help where "
            "the calibration's own error is wider than that; foedus calibrate with more draws does."
        )


@dataclass(frozen=True)
class Comparison:
    """Scenarios compared with a baseline, world by world under the same luck.

    Attributes
    ----------
    result
        The worlds of all scenarios; the baseline is the first.
    resolution
        The precision that was reached and the worlds that it took; None if no precision was asked
        for.
    """

    result: Result
    resolution: Resolution | None = None

    @property
    def baseline(self) -> Scenario:
        """The scenario that the others are compared with."""
        baseline, *_ = self.result.scenarios
        return baseline

    @property
    def others(self) -> tuple[Scenario, ...]:
        """The other scenarios, which are compared with the baseline."""
        return self.result.scenarios[1:]

    @property
    def finding(self) -> Finding:
        """The answer in plain words: a title and a few sentences."""
        return self.result.finding

    @cached_property
    def differences(self) -> dict[str, list[Difference]]:
        """Paired differences from the baseline in everything that is measured, by scenario."""
        first, *parts = self.result.ensemble.parts
        return {part.scenario.name: differences(first, part) for part in parts}

    def difference(self, scenario: str, subject: str, outcome: str) -> Difference:
        """Return one difference, such as ``("pressure", "ARM", "active")``.

        Parameters
        ----------
        scenario
            Name of the scenario that is compared with the baseline.
        subject
            Code of a member, or ``alliance``.
        outcome
            Name of an outcome, see :mod:`foedus.outcomes.catalogue`.

        Raises
        ------
        ResultError
            If there is no such difference.
        """
        for found in self.differences.get(scenario, []):
            if (found.subject, found.outcome) == (subject, outcome):
                return found
        message = f"No difference of '{subject}' in '{outcome}' under '{scenario}' was taken."
        raise ResultError(message)

    @cached_property
    def paths(self) -> xr.Dataset:
        """Whole histories of the first worlds, month by month.

        They are those of the result if it kept its histories; otherwise the first 2,000 worlds are
        simulated again.
        """
        made = self.result.ensemble
        if made.keeps_trajectories:
            return self.result.trajectories
        few = min(SAMPLE, made.runs)
        return ensemble.run(
            made.scenarios, made.design, few, seed=made.seed, keep_trajectories=True
        ).trajectories()

    def partings(self, scenario: str, *, conduct: bool = True) -> list[Parting]:
        """Return when worlds of a scenario first differ from the same worlds under the baseline.

        There is an entry for any member (the alliance) first, then one for each member.

        Parameters
        ----------
        scenario
            Name of the scenario.
        conduct
            Whether to compare only what members do (attendance, documents, dues, freeze,
            membership), or all that is recorded of them.
        """
        return list(partings(self.paths, self.baseline.name, scenario, conduct=conduct))

    @property
    def mix_runs(self) -> int:
        """Number of worlds of each mix of two scenarios, from which attributions are computed."""
        return min(self.result.runs, attribution.RUNS)

    @cached_property
    def attributions(self) -> dict[str, list[Attribution]]:
        """How the differences are split among the levers, by scenario.

        Scenarios that are not split are in :attr:`unattributed`.
        """
        made = self.result.ensemble
        return {
            other.name: attribute(
                self.baseline,
                other,
                design=made.design,
                seed=made.seed,
                runs=self.mix_runs,
            )
            for other in self.others
            if other.name not in self.unattributed
        }

    @cached_property
    def unattributed(self) -> dict[str, str]:
        """Sentences that say why the differences of some scenarios are not split, by scenario."""
        reasons = {other.name: attribution.refusal(self.baseline, other) for other in self.others}
        return {name: reason for name, reason in reasons.items() if reason}

    @cached_property
    def splits(self) -> dict[str, dict[str, dict[str, Split]]]:
        """Share of the spread over worlds that comes from not knowing the numbers.

        By scenario, subject (alliance or member) and outcome; see
        :mod:`foedus.outcomes.variance`.
        """
        made = crossed(self.result.ensemble)
        sets = made.design.sets
        return {part.scenario.name: splits(part, sets) for part in made.parts if sets}

    @cached_property
    def summary(self) -> dict[str, Any]:
        """All contents of the comparison as plain data."""
        names = [other.name for other in self.others]
        return {
            "baseline": self.baseline.name,
            "finding": plain(self.finding),
            "scenarios": self.result.summary,
            "differences": plain(self.differences),
            "partings": {
                name: {
                    "conduct": plain(self.partings(name)),
                    "anything": plain(self.partings(name, conduct=False)),
                }
                for name in names
            },
            "worlds_looked_at_month_by_month": self.paths.sizes["run"],
            "worlds_of_each_mix": self.mix_runs,
            "attribution": plain(self.attributions),
            "not_attributed": self.unattributed,
            "spread_from_numbers": plain(self.splits),
            "resolution": asdict(self.resolution) if self.resolution else None,
        }

    def rows(self) -> Iterator[dict[str, Any]]:
        """Yield every difference as one flat row, for a table or CSV."""
        for scenario, found in self.differences.items():
            for one in found:
                shares = {
                    f"{name}_{bound}": getattr(estimate, bound) if estimate else None
                    for name, estimate in (("better", one.better), ("worse", one.worse))
                    for bound in ("value", "low", "high")
                }
                yield {
                    "scenario": scenario,
                    "baseline": self.baseline.name,
                    "subject": one.subject,
                    "outcome": one.outcome,
                    "in_baseline": one.baseline,
                    "in_scenario": one.other,
                    "difference": one.difference.value,
                    "low": one.difference.low,
                    "high": one.difference.high,
                    **shares,
                    "narrowing": one.narrowing,
                    "worlds": one.worlds,
                }

    def to_frame(self) -> pd.DataFrame:
        """Return every difference as a table, one row each."""
        import pandas as pd

        return pd.DataFrame(list(self.rows()))

    def plot(self, kind: str = "differences") -> Picture:
        """Draw one of the figures of a comparison or of its result.

        Parameters
        ----------
        kind
            ``differences``, ``incidence``, ``active``, ``attribution``, or a figure of
            :meth:`foedus.Result.plot`.

        Raises
        ------
        ResultError
            If there is no such figure.
        """
        from foedus.views import comparison_plots, plots

        if kind in plots.FIGURES:
            return self.result.plot(kind)
        return comparison_plots.figure(kind, self)

    def json(self) -> str:
        """Return all contents, with provenance, as JSON text."""
        return on_disk.as_text(self._content)

    @property
    def provenance(self) -> dict[str, Any]:
        """Inputs, versions and digest, and the command that reproduces the comparison."""
        return {**self.result.provenance, "reproduce": self.command}

    @property
    def command(self) -> str:
        """The command that makes this comparison again in the directory that it was saved to."""
        return self.result.command.replace("foedus run", "foedus compare", 1)

    def write(self, directory: Path, *, figures: Figures = True) -> Path:
        """Write the files of a comparison into the directory of its result.

        They go to its subdirectory ``comparison``. Files there that foedus did not write stay. A
        file of an earlier comparison that was edited since is kept beside the new one, with a ``~``
        at the end of its name.

        Parameters
        ----------
        directory
            Directory of the result.
        figures
            Whether to write figures and the brief too: as PNG, with ``"svg"`` also as SVG.

        Returns
        -------
        pathlib.Path
            The subdirectory.

        Raises
        ------
        UnfinishedError
            If the files cannot be written.
        """
        target = directory / on_disk.COMPARISON

        def fill(place: Path) -> None:
            on_disk.write_json(place / "comparison.json", self._content)
            on_disk.write_csv(place / "differences.csv", self.rows())
            if figures:
                from foedus.views import brief_files, comparison_plots

                comparison_plots.write_figures(place, self, svg=figures == "svg")
                brief_files.write(self, place / "brief.html")

        if not self._is_written(target, figures=figures):
            on_disk.put(target, fill)
        return target

    @property
    def _content(self) -> dict[str, Any]:
        return {"provenance": self.provenance, "comparison": self.summary}

    def _is_written(self, target: Path, *, figures: Figures) -> bool:
        """Whether a directory holds this comparison already, whether or not it was edited since."""
        try:
            there = json.loads((target / "comparison.json").read_text(encoding="utf-8"))
            digest = there["provenance"]["digest"]
        except (OSError, ValueError, KeyError, TypeError):
            return False
        has_figures = not figures or (target / "brief.html").is_file()
        has_svg = figures != "svg" or on_disk.drawn(target) == "svg"
        return bool(digest == self.result.digest and has_figures and has_svg)

    def __repr__(self) -> str:
        names = ", ".join(other.name for other in self.others)
        return (
            f"<foedus.Comparison {names} with {self.baseline.name}: {self.result.provenance_line}>"
        )

    def _repr_html_(self) -> str:
        from foedus.views.notebook import comparison_html

        return comparison_html(self)


def compare(
    *items: Item,
    baseline: str | None = None,
    runs: int | None = None,
    seed: int | None = None,
    parameters: Numbered = None,
    horizon: Horizon | None = None,
    settings: Settings = (),
    given: Sequence[str] = (),
    resolve: float | None = None,
    out: str | Path | None = None,
    overwrite: bool = False,
    figures: Figures = True,
    allow_inert: bool = False,
    **options: Any,
) -> Comparison:
    """Put scenarios side by side under the same luck.

    Parameters
    ----------
    *items
        Bare names of shipped scenarios, paths of scenario files, loaded scenarios, results, or
        directories of earlier results, in any mix. Only what is missing is simulated.
    baseline
        Name of the scenario that the others are compared with; the first if omitted.
    runs
        Worlds of each scenario. If omitted: as many as the largest of the given results has, or
        20,000 if there is none.
    seed, parameters
        As for :func:`foedus.run`. If results are given, theirs are used and others are refused.
    horizon, settings, given, allow_inert
        As for :func:`foedus.run`; they apply to the scenarios that are not results.
    resolve
        Half-width of a 95 % interval. Worlds are added until the interval of every headline
        difference (cohesion; chance of being active and of being out, and trust, of each member)
        extends no further to either side, or more worlds would not help.
    out, overwrite, figures
        As for :func:`foedus.run`; the files of the comparison go to the subdirectory
        ``comparison``.
    **options
        ``engine``, ``workers``, ``scheduler``, ``progress`` and ``notice`` of :func:`foedus.run`.

    Returns
    -------
    Comparison
        The worlds of all scenarios, with differences, tables and figures.

    Raises
    ------
    ScenarioError, AllianceError, InertScenarioError, ResultError
        If a scenario or a result cannot be used. The message says what is wrong, where, and what to
        do.

    Examples
    --------
    >>> import foedus
    >>> found = foedus.compare("baseline", "pressure", runs=40)
    >>> found.difference("pressure", "ARM", "trust").difference.value < 0
    True
    """
    loaded, results = loaded_items(items, horizon, settings, given, allow_inert=allow_inert)
    scenarios = ordered(scenarios_of(loaded), baseline)
    refuse_incomparable(results, seed, parameters)
    first = results[0] if results else None
    wanted = runs or max((result.runs for result in results), default=RUNS)
    common: dict[str, Any] = {
        **options,
        "seed": first.seed if first else SEED if seed is None else seed,
        "parameters": first.ensemble.design if first else parameters,
        "out": out,
        "overwrite": overwrite,
    }

    def made(count: int, known: Sequence[Result], *, last: bool) -> Comparison:
        return Comparison(
            run(*scenarios, runs=count, reuse=known, figures=figures if last else False, **common)
        )

    try:
        if resolve is None:
            found = made(wanted, results, last=True)
        else:
            found = _resolved(made, wanted, results, resolve)
        if out is not None and found.others:
            found.write(Path(out), figures=figures)
    except InterruptedRun as interruption:
        raise InterruptedRun(_to_repeat(str(interruption))) from None
    except KeyboardInterrupt:
        if out is None:
            raise
        message = f"Interrupted while comparing. The worlds are whole in {out}."
        raise InterruptedRun(_to_repeat(message)) from None
    return found


def _to_repeat(message: str) -> str:
    """Return the message of an interrupted run with the advice to repeat the same command.

    The message of a run names another command (``foedus run``), which would not compare.
    """
    return f"{message.split(' Go on with:', maxsplit=1)[0]} Go on with the same command."


# ---------------------------------------------------------------------------------------------
# Adding worlds until differences are precise enough


def _resolved(
    made: Callable[..., Comparison], runs: int, given: Sequence[Result], target: float
) -> Comparison:
    """Add worlds until every headline difference is precise enough, or more would not help.

    Parameters
    ----------
    made
        Makes a comparison with a number of worlds, taking those that are there already.
    runs
        Worlds of each scenario to begin with.
    given
        Results whose worlds can be taken.
    target
        Half-width of a 95 % interval.

    Raises
    ------
    ResultError
        If the target is not above 0.
    """
    if not target > 0.0:
        message = f"--resolve must be above 0, not {target:g}."
        raise ResultError(message)
    found = made(runs, given, last=False)
    while True:
        widest = _widest(found)
        if widest is None:
            return made(runs, [found.result], last=True)
        more = _runs_for(widest, target, runs)
        if more is None:
            last = made(runs, [found.result], last=True)
            where = (widest.subject, widest.outcome)
            return Comparison(last.result, Resolution(target, widest.half_width, where, runs))
        runs = more
        found = made(runs, [found.result], last=False)


def _widest(found: Comparison) -> Difference | None:
    """Return the headline difference with the widest interval; None if there is none."""
    headline = [one for many in found.differences.values() for one in many if one.is_headline]
    return max(headline, key=lambda one: one.half_width, default=None)


def _runs_for(widest: Difference, target: float, runs: int) -> int | None:
    """Number of worlds to go on to; None if ``runs`` is enough or more would not help.

    It is estimated from the error of the widest difference, of which only the part beyond the
    calibration's own error (``floor``) shrinks with more worlds.
    """
    width = widest.half_width
    if width <= target or runs >= MOST_RUNS:
        return None
    if widest.floor >= target:  # with few worlds the floor is only roughly known
        return None if runs >= TRUSTED else min(TRUSTED, runs * FIRST_STEPS)
    factor = (width**2 - widest.floor**2) / (target**2 - widest.floor**2)
    low, high = STEP
    return min(MOST_RUNS, ceil(runs * min(high, max(low, 1.05 * factor))))
