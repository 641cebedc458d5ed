"""The answer of a run: what each scenario leads to, what is open of it, and what differs.

Scenarios of a run share their luck, so that differences are taken world by world. A difference is
*sure* if its 95 % interval leaves out 0 and all models agree on its direction. How large it is, is
told by the effect sizes of Cohen (1988, Statistical Power Analysis for the Behavioral Sciences): h
for two chances, the difference of 2 arcsin sqrt(p); d for two means, their difference in standard
deviations of the worlds.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import asin, hypot, sqrt
from typing import TYPE_CHECKING, Any

import numpy as np

from foedus.cases.months import month_in_words
from foedus.outcomes.carriers import OpenRange
from foedus.outcomes.catalogue import ALLIANCE, Measured, measured
from foedus.outcomes.estimates import Estimate, difference, estimated

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from foedus.ensembles.ensemble import Ensemble
    from foedus.outcomes.catalogue import Outcome
    from foedus.worlds.populations import Populations

#: From this size on a difference is called so; below the first it hardly matters.
SIZES = {0.2: "small", 0.5: "medium", 0.8: "large"}
SMALLEST = next(iter(SIZES))
PART = "takes_part"  # the outcome by which answers tell where a member stands
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
    estimates
        Its mean under each scenario.
    opened
        What is open of each.
    changes
        Its difference from the first scenario, for each of the others.
    lowest, highest
        Places of the scenarios under which it is lowest and highest.
    contrast
        The difference between these two.
    spreads
        Its standard deviation over the worlds of each scenario.
    """

    subject: str
    outcome: Outcome
    estimates: tuple[Estimate, ...]
    opened: tuple[OpenRange, ...]
    changes: tuple[Gap, ...]
    lowest: int
    highest: int
    contrast: Gap
    spreads: tuple[float, ...]

    @property
    def values(self) -> tuple[float, ...]:
        """Its mean under each scenario."""
        return tuple(estimate.value for estimate in self.estimates)

    @property
    def spread(self) -> float:
        """Its standard deviation over the worlds of a scenario, averaged over scenarios."""
        return float(np.mean(self.spreads))

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
    horizons
        Last month of each scenario, as ``YYYY-MM``.
    lines
        Every outcome that answers are told by, the alliance first.
    """

    names: tuple[str, ...]
    titles: tuple[str, ...]
    alliance: str
    short: str
    members: Mapping[str, str]
    horizons: tuple[str, ...]
    lines: tuple[Line, ...]

    @property
    def horizon(self) -> str:
        """Last month of the first scenario, as ``YYYY-MM``."""
        return self.horizons[0]

    @property
    def when(self) -> str:
        """Last month of all scenarios in words; first and last of them where they differ."""
        ends = sorted({*self.horizons})
        return " to ".join(month_in_words(end) for end in ends[:: max(1, len(ends) - 1)])

    @property
    def parts(self) -> list[Line]:
        """Whether each member takes part, in the order of the members."""
        return [self.line(code, PART) for code in self.members]

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
        (frame.months[-1],) * len(parts),
        lines,
    )


def beside(answers: Sequence[Answer]) -> Answer:
    """Put the answers of several runs side by side, whose worlds share no luck.

    Differences are then those of independent samples: the squares of their errors add up, so that
    only large ones are sure.

    Parameters
    ----------
    answers
        At least one; all of the same members.
    """
    first = answers[0]
    return Answer(
        tuple(name for one in answers for name in one.names),
        tuple(title for one in answers for title in one.titles),
        first.alliance,
        first.short,
        first.members,
        tuple(horizon for one in answers for horizon in one.horizons),
        tuple(_unpaired(same) for same in zip(*(one.lines for one in answers), strict=True)),
    )


def _unpaired(same: Sequence[Line]) -> Line:
    estimates = [estimate for line in same for estimate in line.estimates]
    opened = [opened for line in same for opened in line.opened]
    spreads = [spread for line in same for spread in line.spreads]
    outcome = same[0].outcome

    def gap(one: int, other: int) -> Gap:
        value = estimates[other].value - estimates[one].value
        half = hypot(
            *(0.5 * (estimates[place].high - estimates[place].low) for place in (one, other))
        )
        found = Estimate(value, value - half, value + half, "95 %")
        return Gap(found, _size(outcome, *_ends(estimates, spreads, one, other)))

    return _assembled(same[0].subject, outcome, estimates, opened, spreads, gap)


def _opened(by: Mapping[str, Any], one: Measured) -> OpenRange:
    found = by[one.subject][one.outcome.key]
    return OpenRange(**{**found, "numbers": tuple(found["numbers"])})


def _line(same: Sequence[Measured], opened: Sequence[OpenRange], populations: Populations) -> Line:
    first, outcome = same[0], same[0].outcome
    values = [one.values.astype(float) for one in same]
    is_chance = outcome.kind == "chance"
    estimates = [estimated(one, populations, chance=is_chance) for one in values]
    spreads = [float(np.nanstd(one)) for one in values]

    def gap(one: int, other: int) -> Gap:
        found = difference((values[one], values[other]), populations)
        return Gap(found, _size(outcome, *_ends(estimates, spreads, one, other)))

    return _assembled(first.subject, outcome, estimates, opened, spreads, gap)


def _assembled(
    subject: str,
    outcome: Outcome,
    estimates: Sequence[Estimate],
    opened: Sequence[OpenRange],
    spreads: Sequence[float],
    gap: Callable[[int, int], Gap],
) -> Line:
    """Put a line together; ``gap`` takes the places of two scenarios."""
    means = [estimate.value for estimate in estimates]
    lowest, highest = int(np.nanargmin(means)), int(np.nanargmax(means))
    return Line(
        subject,
        outcome,
        tuple(estimates),
        tuple(opened),
        tuple(gap(0, place) for place in range(1, len(means))),
        lowest,
        highest,
        gap(lowest, highest),
        tuple(spreads),
    )


def _ends(
    estimates: Sequence[Estimate], spreads: Sequence[float], one: int, other: int
) -> tuple[float, float, float, float]:
    return estimates[one].value, estimates[other].value, spreads[one], spreads[other]


def _size(outcome: Outcome, one: float, other: float, spread: float, others: float) -> float:
    """Effect size of the difference of two chances, or of two means with their spreads."""
    if outcome.kind == "chance":
        return abs(_angle(other) - _angle(one))
    pooled = sqrt((spread**2 + others**2) / 2.0)
    return abs(other - one) / pooled if pooled > 0.0 else 0.0


def _angle(chance: float) -> float:
    return 2.0 * asin(sqrt(min(1.0, max(0.0, chance))))


#: Outcomes by which the headline is chosen: the fate of the alliance, and who is in.
_FATES = {(ALLIANCE, "end_states.dissolved"), (ALLIANCE, "end_states.restored")}
_PLACES = (PART, "out")


def headline_lines(found: Answer) -> list[Line]:
    """Return the outcomes from which headlines are chosen, those that differ most first.

    They are whether the alliance dissolves, whether everybody takes part, and whether each member
    takes part or is out. Those whose largest difference between two scenarios is not sure come
    last.
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
    that is least likely to take part does.
    """
    if len(found.names) == 1:
        return min(found.parts, key=lambda line: line.values[0])
    first, *_ = headline_lines(found)
    return first
