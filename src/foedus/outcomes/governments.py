"""What elections and successions decide: outcomes apart for a new government and for the old one.

Whether a government changes depends on luck, on the calendar and on ``government_rate``, and on
nothing else (see :mod:`foedus.cases.given`). The luck of a world is known from its address, so the
worlds of a run are told apart by that luck itself. Each world with a change equals, to the bit, the
same world of a run in which the change is given.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from foedus.cases.months import format_month
from foedus.model.draws import address, philox, seed_words
from foedus.model.elementary import normal_quantile
from foedus.model.records import FREE
from foedus.model.rules import government_chance
from foedus.model.specifications import default_parameters
from foedus.outcomes.catalogue import MEMBER_OUTCOMES
from foedus.outcomes.estimates import Estimate, probability, standard_error
from foedus.outcomes.evidence import BY_HAND
from foedus.worlds.engines import kernel_for

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    from foedus.cases.scenario import Scenario
    from foedus.ensembles.ensemble import Ensemble
    from foedus.ensembles.gathered import Worlds

    Values = npt.NDArray[Any]
    Flags = npt.NDArray[np.bool_]

CLOSE = 0.5  # closeness to the patron above which a government is called close to it
FEW = 100  # worlds below which an estimate is said to rest on few


@dataclass(frozen=True)
class Branch:
    """How likely a member takes part at the horizon among some of the worlds.

    Attributes
    ----------
    worlds
        Number of these worlds.
    takes_part
        Share of them in which the member takes part at the horizon.
    """

    worlds: int
    takes_part: Estimate


@dataclass(frozen=True)
class Election:
    """An election or succession of the calendar, and what becomes of the member after either end.

    Attributes
    ----------
    chance
        Chance of a new government that the calendar or the user gives.
    evidence, source
        Kind of evidence of this chance, and where it stands.
    comes
        Share of worlds with a new government in that month.
    changed, stayed, overall
        Worlds with a new government in that month, without, and all.
    difference
        Share of worlds in which the member takes part, with a new government minus without; its
        interval holds the Monte Carlo error. NaN where a branch has no worlds.
    close, distant
        Worlds whose new government is closer to the patron than :data:`CLOSE`, and whose is not;
        None where the calendar does not foresee who would follow.
    """

    chance: float
    evidence: str
    source: str
    comes: Estimate
    changed: Branch
    stayed: Branch
    overall: Branch
    difference: Estimate
    close: Branch | None
    distant: Branch | None


def elections(ensemble: Ensemble, worlds: Worlds, member: str) -> dict[str, Election]:
    """Return what each election of a member decides, by month (``YYYY-MM``).

    Those in the calendar of the alliance within the months of the scenario; without those whose
    outcome the scenario scripts.

    Parameters
    ----------
    ensemble
        Where the worlds belong; it knows their seed and numbers.
    worlds
        Of one scenario.
    """
    return {
        format_month(worlds.scenario.start + month): _election(ensemble, worlds, member, month)
        for month in _due(worlds.scenario, member)
    }


def _due(scenario: Scenario, member: str) -> Iterator[int]:
    """Yield the months, from 0, in which luck decides on an election of a member."""
    drivers = scenario.schedule.scripted[scenario.alliance.members.index(member)]
    for number in sorted(scenario.alliance.elections(member)):
        month = number - scenario.start
        if 0 <= month < scenario.horizon:
            now = drivers[month]
            if now.forced_government == FREE and now.affinity_change == 0.0:
                yield month


def _election(ensemble: Ensemble, worlds: Worlds, member: str, month: int) -> Election:
    scenario = worlds.scenario
    change, successor = luck(ensemble.seed, worlds.runs, month, member)
    chance, foreseen = scenario.alliance.elections(member)[scenario.start + month]
    new = changes(change, chance, _parameter(ensemble, worlds, "government_rate"))
    close = None
    if foreseen is not None:
        spread = _parameter(ensemble, worlds, "government_spread")
        close = _is_close(successor, foreseen, spread, new)
    evidence, source = _origin(
        scenario, f"{member}.election.{format_month(scenario.start + month)}"
    )
    return Election(
        chance=chance,
        evidence=evidence,
        source=source,
        comes=probability(new, worlds.populations),
        changed=_branch(worlds, member, new),
        stayed=_branch(worlds, member, ~new),
        overall=_branch(worlds, member, np.ones_like(new)),
        difference=_difference(worlds, member, new),
        close=None if close is None else _branch(worlds, member, new & close),
        distant=None if close is None else _branch(worlds, member, new & ~close),
    )


def luck(seed: int, runs: int, month: int, member: str) -> tuple[Values, Values]:
    """Return the luck that decides on a member's government in a month, world by world.

    Parameters
    ----------
    runs
        Number of worlds.
    month
        Months since the start, from 0.

    Returns
    -------
    tuple
        The draws ``government`` and ``successor`` of :class:`~foedus.model.draws.Draws` as uniform
        numbers, shape (world,); of the second, a rule uses the normal quantile.
    """
    low, high = seed_words(seed)
    numbers: Any = np.arange(runs, dtype=np.uint64)
    _, change, successor, _ = philox(numbers, month + 1, address(member), 3, low, high)
    return _uniform(change), _uniform(successor)


def _uniform(words: Any) -> Values:
    values: Values = (words.astype(float) + 0.5) * 2.0**-32
    return values


def changes(change: Values, chance: float, rate: Values) -> Flags:
    """Return whether the government changes in each world.

    Parameters
    ----------
    change
        Luck of each world, see :func:`luck`.
    chance
        Chance that the calendar gives.
    rate
        ``government_rate`` of each world.
    """
    rule = default_parameters()

    def exact(number: float) -> float:
        return government_chance(rule._replace(government_rate=number), chance)

    least, most = exact(float(rate.min())), exact(float(rate.max()))
    new: Flags = change < least
    for world in np.flatnonzero((change >= least) & (change < most)):
        new[world] = change[world] < exact(float(rate[world]))
    return new


def _is_close(successor: Values, foreseen: float, spread: Values, new: Flags) -> Flags:
    """Return whether the new government of a world is close to the patron; False without one."""
    close = np.zeros_like(new)
    for world in np.flatnonzero(new):
        deviation = normal_quantile(float(successor[world]))
        close[world] = foreseen + float(spread[world]) * deviation > CLOSE
    return close


def _parameter(ensemble: Ensemble, worlds: Worlds, name: str) -> Values:
    """Return a parameter in each world."""
    runs = np.arange(worlds.runs)
    loops = kernel_for(worlds.runs)
    found = ensemble.design.parameter(worlds.scenario, ensemble.seed, runs, name, loops)
    return np.broadcast_to(np.asarray(found, dtype=float), runs.shape)


def _taking_part(worlds: Worlds, member: str) -> Values:
    return MEMBER_OUTCOMES["takes_part"].values(worlds, member)


def _branch(worlds: Worlds, member: str, among: Flags) -> Branch:
    runs = np.flatnonzero(among)
    hits = _taking_part(worlds, member)[runs]
    return Branch(runs.size, probability(hits, worlds.populations, runs))


def _difference(worlds: Worlds, member: str, new: Flags) -> Estimate:
    """Return by how much oftener the member takes part with a new government than without."""
    part = _taking_part(worlds, member).astype(float)
    if new.all() or not new.any():
        return Estimate(float("nan"), float("nan"), float("nan"), "95 %")
    means = float(part[new].mean()), float(part[~new].mean())
    # Each world's contribution to the error of the difference; their mean is none.
    parts = new * (part - means[0]) / new.mean() - ~new * (part - means[1]) / (~new).mean()
    error, z = standard_error(parts, worlds.populations)
    difference = means[0] - means[1]
    return Estimate(difference, difference - z * error, difference + z * error, "95 %")


def _origin(scenario: Scenario, key: str) -> tuple[str, str]:
    """Return kind of evidence and source of a number of the calendar."""
    if key in scenario.parameters:
        return BY_HAND, str(scenario.origins.get(f"parameters.{key}", "the scenario"))
    number = scenario.alliance.numbers[key]
    return number.evidence.kind, number.evidence.source
