"""Which lever makes how much of a difference between two scenarios.

A mix of two scenarios takes some of the levers in which they differ from the one and the rest from
the other. Every mix is simulated with the same random draws (the same luck). The outcomes of the
mixes are then split in two ways of cooperative game theory, world by world. The dividend of a set
of levers is what it adds beyond its smaller sets (Harsanyi 1963, International Economic Review
4:194-220): for one lever its effect alone, for several their interaction. The dividends of all sets
sum to the difference. The Shapley value of a lever is its effect averaged over all orders in which
the levers can be changed (Shapley 1953): its own dividend and an equal part of the dividend of each
interaction that it is in. The Shapley values of all levers sum to the difference.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np

from foedus.ensembles import ensemble
from foedus.errors import ResultError
from foedus.model.levers import LEVERS
from foedus.outcomes.catalogue import ALLIANCE, headlines, value_of
from foedus.outcomes.estimates import mean

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import numpy.typing as npt

    from foedus.cases.scenario import Scenario
    from foedus.cases.spans import LeverKey
    from foedus.ensembles.gathered import Worlds
    from foedus.outcomes.estimates import Estimate
    from foedus.worlds.openings import Design

    Values = npt.NDArray[Any]

RUNS = 4_000  # worlds of each mix
MOST = 8  # levers that may differ: 2**8 mixes are simulated

#: What scenarios can differ in beside their levers; each of the three counts as one lever.
EVENTS, POLICY, NUMBERS = "events", "policy", "numbers"


@dataclass(frozen=True)
class Share:
    """The part of a difference that one lever contributes.

    Attributes
    ----------
    lever
        Name of a lever, or ``events``, ``policy`` or ``numbers`` where scenarios differ in these.
    shapley
        Its part of the difference (Shapley value). The parts of all levers sum to the difference.
    alone
        Its effect if no other lever is changed.
    """

    lever: str
    shapley: Estimate
    alone: Estimate


@dataclass(frozen=True)
class Interaction:
    """Effect of several levers together beyond the effects of their smaller sets (dividend)."""

    levers: tuple[str, ...]
    dividend: Estimate


@dataclass(frozen=True)
class Attribution:
    """How the difference in one outcome is split.

    Attributes
    ----------
    subject, outcome
        Who, and what is measured, see :mod:`foedus.outcomes.catalogue`.
    total
        Mean difference from the baseline over the worlds that have a value in every mix.
    shares
        One for each lever, in the order of the levers.
    interactions
        One for each set of two levers or more.
    """

    subject: str
    outcome: str
    total: Estimate
    shares: tuple[Share, ...]
    interactions: tuple[Interaction, ...]


# ---------------------------------------------------------------------------------------------
# Mixes of two scenarios


def levers_apart(baseline: Scenario, other: Scenario) -> tuple[str, ...]:
    """Return the names of the levers in which two scenarios differ.

    Levers come in the order of :data:`~foedus.model.levers.LEVERS`, then ``events``, ``policy`` and
    ``numbers`` where the scenarios differ in these.
    """
    keys = {*baseline.levers, *other.levers}
    apart = {key[0] for key in keys if _spans(baseline, key) != _spans(other, key)}
    found = [lever.name for lever in LEVERS if lever.name in apart]
    if _events(baseline) != _events(other):
        found.append(EVENTS)
    if baseline.policy != other.policy:
        found.append(POLICY)
    if baseline.parameters != other.parameters:
        found.append(NUMBERS)
    return tuple(found)


def mixed(baseline: Scenario, other: Scenario, levers: Sequence[str]) -> Scenario:
    """Return the baseline with some levers, or events, policy or numbers, of the other scenario."""
    changed: dict[str, Any] = {
        "name": f"mix of {' and '.join(levers) or 'nothing'}",
        "levers": {
            **{key: spans for key, spans in baseline.levers.items() if key[0] not in levers},
            **{key: spans for key, spans in other.levers.items() if key[0] in levers},
        },
        "parent": None,
    }
    if EVENTS in levers:
        changed["events"] = other.events
    if POLICY in levers:
        changed["policy"] = other.policy
    if NUMBERS in levers:
        changed |= {"parameters": other.parameters, "alliance": other.alliance}
    return replace(baseline, **changed)


def _spans(scenario: Scenario, key: LeverKey) -> list[tuple[Any, ...]]:
    """Return what a lever is set to, without the file and line where that is written."""
    return [(s.first, s.last, s.value, s.ramp, s.ramp_from) for s in scenario.spans(key)]


def _events(scenario: Scenario) -> list[Any]:
    return [item.event for item in scenario.script]


def refusal(baseline: Scenario, other: Scenario) -> str | None:
    """Return a sentence that says why the differences of two scenarios cannot be split, or None."""
    levers = levers_apart(baseline, other)
    if not levers:
        return f"'{baseline.name}' and '{other.name}' differ in nothing: nothing to attribute."
    if len(levers) > MOST:
        return (
            f"'{other.name}' differs from '{baseline.name}' in {len(levers)} things "
            f"({', '.join(levers)}), so that 2**{len(levers)} mixes would have to be simulated; at "
            f"most {MOST} can be told apart. Compare with a scenario that is nearer to it."
        )
    return None


# ---------------------------------------------------------------------------------------------
# Splitting differences


def attribute(
    baseline: Scenario,
    other: Scenario,
    *,
    design: Design,
    seed: int,
    runs: int = RUNS,
    workers: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> list[Attribution]:
    """Split the differences of a scenario from a baseline among the levers that differ.

    Parameters
    ----------
    design
        Where the numbers of the worlds come from.
    seed
        Seed of every draw.
    runs
        Worlds of each mix.
    progress
        Called with the number of worlds simulated and the number of all.

    Returns
    -------
    list of Attribution
        One for cohesion, and for each member's activity, trust and exit.

    Raises
    ------
    ResultError
        If the scenarios do not differ, or differ in more than :data:`MOST` levers.
    """
    levers = levers_apart(baseline, other)
    if reason := refusal(baseline, other):
        raise ResultError(reason)
    made = ensemble.run(
        [mixed(baseline, other, some) for some in _subsets(levers)],
        design,
        runs,
        seed=seed,
        workers=workers,
        progress=progress,
    )
    by_mix = dict(zip(_subsets(levers), made.parts, strict=True))
    return [
        _attribution(subject, name, levers, by_mix)
        for subject in (ALLIANCE, *baseline.alliance.members)
        for name in headlines(subject)
    ]


def _subsets(levers: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """Yield every set of some levers, the empty one first and all of them last."""
    for size in range(len(levers) + 1):
        yield from combinations(levers, size)


def _attribution(
    subject: str,
    name: str,
    levers: tuple[str, ...],
    by_mix: dict[tuple[str, ...], Worlds],
) -> Attribution:
    known = by_mix[()].populations
    values = {mix: value_of(worlds, subject, name).astype(float) for mix, worlds in by_mix.items()}
    # A world counts where every mix has a value, so that all the parts sum to the difference.
    missing = np.isnan(np.sum(list(values.values()), axis=0))
    dividends = {mix: np.where(missing, np.nan, _dividend(mix, values)) for mix in values}
    shapley = {
        lever: np.sum([d / len(mix) for mix, d in dividends.items() if lever in mix], axis=0)
        for lever in levers
    }
    return Attribution(
        subject,
        name,
        mean(np.where(missing, np.nan, values[levers] - values[()]), known),
        tuple(
            Share(lever, mean(shapley[lever], known), mean(dividends[lever,], known))
            for lever in levers
        ),
        tuple(Interaction(mix, mean(d, known)) for mix, d in dividends.items() if len(mix) > 1),
    )


def _dividend(mix: tuple[str, ...], values: dict[tuple[str, ...], Values]) -> Values:
    """Dividend of a set of levers in each world: the alternating sum of values over its subsets."""
    total: Values = np.sum(
        [(-1) ** (len(mix) - len(some)) * values[some] for some in _subsets(mix)], axis=0
    )
    return total
