"""The answer of a run: what each scenario leads to, what is open of it, and what differs.

Scenarios of a run share their luck, so that differences are taken world by world. A difference is
*sure* if its 95 % interval leaves out 0 and all models agree on its direction. How large it is, is
told by the effect sizes of Cohen (1988, Statistical Power Analysis for the Behavioral Sciences): h
for two chances, the difference of 2 arcsin sqrt(p); d for two means, their difference in standard
deviations of the worlds.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import asin, sqrt
from typing import TYPE_CHECKING, Any

import numpy as np

from foedus.outcomes.carriers import OpenRange
from foedus.outcomes.catalogue import ALLIANCE, Measured, measured
from foedus.outcomes.estimates import Estimate, difference

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt

    from foedus.ensembles.ensemble import Ensemble
    from foedus.outcomes.catalogue import Outcome
    from foedus.worlds.populations import Populations

#: From this size on a difference is called so; below the first it hardly matters.
SIZES = {0.2: "small", 0.5: "medium", 0.8: "large"}
SMALLEST = next(iter(SIZES))
#: Least difference that a table marks: of two chances, and of two means of a share.
MARKED = {"chance": 0.02, "mean": 0.01}
SHORT = 24  # longest title of an alliance that leaves room in a line


@dataclass(frozen=True)
class Gap:
    """The difference of an outcome between two scenarios, world by world.

    Attributes
    ----------
    difference
        Second minus first, with its 95 % interval and its range over the models.
    size
        Its effect size, without sign.
    """

    difference: Estimate
    size: float

    @property
    def is_sure(self) -> bool:
        """Whether chance is ruled out, and the models agree on the direction."""
        found = self.difference
        bounds = (found.low, found.high, *found.shown)
        return all(bound > 0.0 for bound in bounds) or all(bound < 0.0 for bound in bounds)

    @property
    def words(self) -> str:
        """How large it is beside the spread over worlds: ``small``, ``medium`` or ``large``."""
        passed = [word for least, word in SIZES.items() if self.size >= least]
        return passed[-1] if passed else "very small"


@dataclass(frozen=True)
class Line:
    """One outcome under every scenario.

    Attributes
    ----------
    subject, outcome
        Who, and what is measured.
    values
        Its mean under each scenario.
    opened
        What is open of each.
    changes
        Its difference from the first scenario, for each of the others.
    lowest, highest
        Places of the scenarios under which it is lowest and highest.
    contrast
        The difference between these two.
    spread
        Standard deviation over the worlds of a scenario, averaged over scenarios.
    """

    subject: str
    outcome: Outcome
    values: tuple[float, ...]
    opened: tuple[OpenRange, ...]
    changes: tuple[Gap, ...]
    lowest: int
    highest: int
    contrast: Gap
    spread: float

    @property
    def key(self) -> tuple[str, str]:
        """Subject and key of the outcome."""
        return self.subject, self.outcome.key

    def mark(self, place: int) -> str:
        """Return ``^`` or ``v`` if a scenario differs from the first surely and enough, else "".

        Parameters
        ----------
        place
            Of the scenario.
        """
        if place == 0 or not self.changes[place - 1].is_sure:
            return ""
        change = self.changes[place - 1].difference.value
        if abs(change) < MARKED[self.outcome.kind]:
            return ""
        return "^" if change > 0.0 else "v"

    @property
    def is_marked(self) -> bool:
        """Whether some scenario differs from the first surely and enough."""
        return any(self.mark(place) for place in range(len(self.values)))


@dataclass(frozen=True)
class Answer:
    """What a run says, outcome by outcome.

    Attributes
    ----------
    names, titles
        Of the scenarios, in order.
    alliance, short
        Title of the alliance, and a name that leaves room in a line.
    members
        Full names of the clients by code.
    horizon
        Last month, as ``YYYY-MM``.
    worlds
        Number of worlds of each scenario.
    lines
        Every outcome that answers are told by, the alliance first.
    """

    names: tuple[str, ...]
    titles: tuple[str, ...]
    alliance: str
    short: str
    members: Mapping[str, str]
    horizon: str
    worlds: int
    lines: tuple[Line, ...]

    def line(self, subject: str, key: str) -> Line:
        """Return one line, such as ``("ARM", "active")``.

        Raises
        ------
        KeyError
            If there is none.
        """
        return {line.key: line for line in self.lines}[subject, key]


def answer(ensemble: Ensemble, summary: Mapping[str, Any]) -> Answer:
    """Return what a run says.

    Parameters
    ----------
    ensemble
        The worlds of its scenarios.
    summary
        As from :func:`foedus.outcomes.summary.summarise`, for what is open.
    """
    parts = ensemble.parts
    opened = [summary[part.scenario.name]["open_ranges"] for part in parts]
    told = [[one for one in measured(part) if one.outcome.told] for part in parts]
    populations = parts[0].populations
    lines = tuple(
        _line(same, [_opened(by, same[0]) for by in opened], populations)
        for same in zip(*told, strict=True)
    )
    frame = ensemble.frame
    return Answer(
        tuple(scenario.name for scenario in ensemble.scenarios),
        tuple(scenario.title for scenario in ensemble.scenarios),
        title := frame.alliance.title,
        title if len(title) <= SHORT else frame.alliance.name.replace("_", " ").upper(),
        {code: frame.alliance.names[code] for code in frame.alliance.members},
        frame.months[-1],
        ensemble.runs,
        lines,
    )


def _opened(by: Mapping[str, Any], one: Measured) -> OpenRange:
    found = by[one.subject][one.outcome.key]
    return OpenRange(**{**found, "numbers": tuple(found["numbers"])})


def _line(same: Sequence[Measured], opened: Sequence[OpenRange], populations: Populations) -> Line:
    first, outcome = same[0], same[0].outcome
    values = [one.values.astype(float) for one in same]
    means = [float(np.nanmean(one)) if (~np.isnan(one)).any() else float("nan") for one in values]
    lowest, highest = int(np.nanargmin(means)), int(np.nanargmax(means))
    gaps = [_gap(outcome, values[0], one, populations) for one in values[1:]]
    contrast = _gap(outcome, values[lowest], values[highest], populations)
    spread = float(np.mean([np.nanstd(one) for one in values]))
    return Line(
        first.subject,
        outcome,
        tuple(means),
        tuple(opened),
        tuple(gaps),
        lowest,
        highest,
        contrast,
        spread,
    )


def _gap(
    outcome: Outcome,
    one: npt.NDArray[np.float64],
    other: npt.NDArray[np.float64],
    populations: Populations,
) -> Gap:
    found = difference((one, other), populations)
    low, high = float(np.nanmean(one)), float(np.nanmean(other))
    if outcome.kind == "chance":
        return Gap(found, abs(_angle(high) - _angle(low)))
    spread = sqrt((float(np.nanvar(one)) + float(np.nanvar(other))) / 2.0)
    return Gap(found, abs(high - low) / spread if spread > 0.0 else 0.0)


def _angle(chance: float) -> float:
    return 2.0 * asin(sqrt(min(1.0, max(0.0, chance))))


#: Outcomes by which the headline is chosen: the fate of the alliance, and who is in.
_FATES = {(ALLIANCE, "end_states.dissolved"), (ALLIANCE, "end_states.restored")}
_PLACES = ("active", "out")


def headline_lines(found: Answer) -> list[Line]:
    """Return the outcomes from which headlines are chosen, those that differ most first.

    They are whether the alliance dissolves, whether everybody takes part, and whether each member
    is active or out. Those whose largest difference between two scenarios is not sure come last.
    """
    eligible = [
        line
        for line in found.lines
        if line.key in _FATES or (line.subject != ALLIANCE and line.outcome.key in _PLACES)
    ]
    return sorted(eligible, key=lambda line: (not line.contrast.is_sure, -line.contrast.size))


def headline(found: Answer) -> Line:
    """Return the outcome that a finding begins with.

    Of several scenarios it is what differs most between them; of a single one, whether the member
    that is least likely to be active is.
    """
    if len(found.names) == 1:
        active = [line for line in found.lines if line.outcome.key == "active"]
        return min(active, key=lambda line: line.values[0])
    first, *_ = headline_lines(found)
    return first
