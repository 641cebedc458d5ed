"""How often members of alliances stepped back in history, as a yardstick for projections.

The counts are of alliances led by a patron (NATO, SEATO, ANZUS and CST/CSTO, from each treaty to
November 2025): months at risk from ATOP 4.01 (Leeds, Ritter, Mitchell and Long 2002, International
Interactions 28:237-260), events coded from public pages. A freeze is counted where a member stayed
in the treaty and by its own decision took no part in the organisation or its military structure for
more than one meeting. That is wider than a freeze of the model, so the historical rates are rather
too high than too low; quiet freezes may be missing.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, lgamma, log
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from foedus.model.records import State
from foedus.outcomes.incidence import EXITS
from foedus.worlds.engines import kernel_for
from foedus.worlds.openings import opening

if TYPE_CHECKING:
    import numpy.typing as npt

    from foedus.ensembles.ensemble import Ensemble
    from foedus.ensembles.gathered import Worlds

    Floats = npt.NDArray[np.float64]

MONTHS = 12.0  # in a year


class Count(NamedTuple):
    """How often something happened in an alliance, and in how many member-years at risk."""

    events: int
    years: float


#: Freezes, and years in which members took part, by alliance. NATO: France 1966, Greece 1974, Spain
#: 1982; SEATO: France 1965; ANZUS: New Zealand 1985; CSTO: Uzbekistan 2009, Armenia 2024.
FREEZES: dict[str, Count] = {
    "NATO": Count(3, 1323.9),
    "SEATO": Count(1, 143.5),
    "ANZUS": Count(1, 106.4),
    "CST/CSTO": Count(2, 184.8),
}


@dataclass(frozen=True)
class BaseRate:
    """A rate a member-year in history.

    Attributes
    ----------
    events, years
        What it is counted from.
    low, high
        Exact 95 % interval of the pooled rate (Garwood 1936, Biometrika 28:437-442).
    least, most
        95 % of the rate of one more alliance, which may be calmer or more restless than these.
    """

    events: int
    years: float
    low: float
    high: float
    least: float
    most: float

    @property
    def rate(self) -> float:
        """Events a member-year."""
        return self.events / self.years


def base_rate(counts: dict[str, Count]) -> BaseRate:
    """Pool the counts of several alliances, with an effect of the single alliance.

    Events of alliance j are Poisson with rate r_j; the rates are gamma distributed with mean m and
    shape a, whose logarithms have flat priors over a wide grid. ``least`` and ``most`` are the
    quantiles of a rate drawn anew from that distribution, over the posterior of m and a.
    """
    events = sum(count.events for count in counts.values())
    years = sum(count.years for count in counts.values())
    least, most = _another(list(counts.values()))
    low, high = poisson_interval(events)
    return BaseRate(events, years, low / years, high / years, least, most)


def poisson_interval(events: int, tail: float = 0.025) -> tuple[float, float]:
    """Return the exact interval of a Poisson mean from one count, each tail of so much."""
    low = 0.0 if events == 0 else _mean_with(events - 1, 1.0 - tail)
    return low, _mean_with(events, tail)


def _mean_with(most: int, chance: float) -> float:
    """Return the mean of a Poisson number that is at most so large with a given chance."""
    low, high = 0.0, 20.0 + 5.0 * most
    for _ in range(100):
        mean = 0.5 * (low + high)
        terms = (exp(n * log(mean) - mean - lgamma(n + 1)) for n in range(most + 1))
        low, high = (mean, high) if sum(terms) > chance else (low, mean)
    return low


def _another(counts: list[Count]) -> tuple[float, float]:
    """Return the 2.5 and 97.5 % points of the rate of one more alliance."""
    means, shapes = np.exp(np.linspace(-9.2, -1.2, 161)), np.exp(np.linspace(-3.0, 4.0, 71))
    mean, shape = (grid.ravel() for grid in np.meshgrid(means, shapes))
    logs = np.zeros(mean.size)
    gamma = {value: lgamma(value) for value in set(shapes.tolist())}
    for events, years in counts:
        rest = np.array([lgamma(a + events) - gamma[a] for a in shape.tolist()])
        scale = shape / mean
        logs += rest + shape * np.log(scale / (scale + years)) - events * np.log(scale + years)
    weights = np.exp(logs - logs.max())
    generator = np.random.default_rng(0)  # of a fixed table: the same numbers every time
    chosen = generator.choice(mean.size, 100_000, p=weights / weights.sum())
    rates = generator.gamma(shape[chosen], mean[chosen] / shape[chosen])
    least, most = np.quantile(rates, [0.025, 0.975])
    return float(least), float(most)


# ---------------------------------------------------------------------------------------------
# Projections beside it


@dataclass(frozen=True)
class Projected:
    """How often members freeze in a projection, beside history.

    Attributes
    ----------
    members
        Codes of the members that are not frozen at the start of some world; such worlds only count.
    rate
        First freezes a member-year in which the member took part until then.
    history
        The base rate.
    """

    members: tuple[str, ...]
    rate: float
    history: BaseRate

    @property
    def verdict(self) -> str:
        """Say whether history bears out the projection, in one sentence."""
        if self.rate > self.history.most:
            times = self.rate / self.history.rate
            return (
                f"That is {times:.0f} times as often: history does not bear out what is projected "
                "for them, nor for the alliance as a whole."
            )
        if self.rate < self.history.least:
            return "That is more seldom than history lets expect."
        return "History allows that."


def freezes(ensemble: Ensemble, worlds: Worlds) -> Projected | None:
    """Compare the freezes of members that are not frozen at the start with history.

    Parameters
    ----------
    ensemble
        Where the worlds belong; its design tells who is frozen at the start of each.

    Returns
    -------
    Projected or None
        None if every member is frozen at the start of every world.
    """
    scenario, runs = worlds.scenario, np.arange(worlds.runs)
    start = opening(ensemble.design, scenario, ensemble.seed, runs, kernel_for(worlds.runs))
    free = start.states[State._fields.index("frozen")] == 0.0
    events = years = 0.0
    for place, member in enumerate(scenario.alliance.members):
        months = [worlds.event(name, member)[free[place]] for name in ("freeze", *EXITS)]
        ends = np.stack(months).astype(int)
        last = np.where(ends > 0, ends, scenario.horizon).min(axis=0)
        events += float(((ends[0] > 0) & (ends[0] == last)).sum())
        years += float(last.sum()) / MONTHS
    members = tuple(np.array(scenario.alliance.members)[free.any(axis=1)].tolist())
    return Projected(members, events / years, base_rate(FREEZES)) if members else None


def base_rate_line(found: Projected | None) -> str:
    """Say how often members freeze in a projection and in history; empty where none could."""
    if found is None:
        return ""
    past = found.history
    return (
        f"Base rates: members that are not frozen at the start freeze {_short(found.rate)} times a "
        f"member-year here. In alliances led by a patron they did {_short(past.rate)} times "
        f"({past.events} freezes in {past.years:,.0f} member-years; 95 % {_short(past.low)} to "
        f"{_short(past.high)}, in one more alliance {_short(past.least)} to {_short(past.most)}). "
        f"{found.verdict}"
    )


def _short(rate: float) -> str:
    """Write a rate with two digits and no zero before the point: ``.0040``."""
    digits = max(2, 1 - int(np.floor(np.log10(rate)))) if rate > 0.0 else 1
    return f"{rate:.{digits}f}".removeprefix("0")
