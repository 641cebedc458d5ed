"""How often members of alliances stepped back in history, as a yardstick for projections.

The counts are of alliances led by a patron (:mod:`foedus.cases.panel`). A freeze is counted there
where a member stayed in the treaty and by its own decision took no part in the organisation or its
military structure for more than one meeting. That is wider than a freeze of the model, so the
historical rates are rather too high than too low; quiet freezes may be missing.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from foedus.cases.months import format_month
from foedus.cases.panel import KINDS, MONTHS, load_panel
from foedus.model.records import State
from foedus.outcomes.incidence import EXITS
from foedus.outcomes.rates import binomial_interval, fit, poisson_interval
from foedus.worlds.engines import kernel_for
from foedus.worlds.openings import opening

if TYPE_CHECKING:
    from collections.abc import Mapping

    from foedus.cases.panel import Count
    from foedus.ensembles.ensemble import Ensemble
    from foedus.ensembles.gathered import Worlds


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


def base_rate(counts: Mapping[str, Count]) -> BaseRate:
    """Pool the counts of several alliances, with an effect of the single alliance.

    ``least`` and ``most`` are quantiles of the rate of one more alliance, see
    :class:`~foedus.outcomes.rates.Fit`.
    """
    events = sum(count.events for count in counts.values())
    years = sum(count.years for count in counts.values())
    least, most = fit(counts).another().quantile([0.025, 0.975]).tolist()
    low, high = poisson_interval(events)
    return BaseRate(events, years, low / years, high / years, least, most)


@cache
def freezing() -> BaseRate:
    """Return how often members that took part froze, in all alliances of the panel."""
    return base_rate(load_panel().counts("freeze"))


def panel_summary(until: int | None = None, without: str | None = None) -> dict[str, Any]:
    """Return counts and rates of the panel as plain data.

    Parameters
    ----------
    until
        Last month (number) that counts; the last one observed if None.
    without
        Name of an alliance to leave out.

    Returns
    -------
    dict
        ``rates`` by kind of event, ``together`` on decisions to leave in the same month, and
        ``events`` with their sources. Intervals hold 95 %; ``another``, that of one more alliance,
        is None where no event was counted.
    """
    panel = load_panel()
    rates = {}
    for name, kind in KINDS.items():
        counts = panel.counts(name, until=until, without=without)
        if not counts:
            continue
        found = base_rate(counts)
        rates[name] = {
            "meaning": kind.meaning,
            "events": found.events,
            "years": found.years,
            "rate": found.rate,
            "interval": [found.low, found.high],
            "another": [found.least, found.most] if found.events else None,
            "alliances": {alliance: count._asdict() for alliance, count in counts.items()},
        }
    joint, decisions = panel.together(until=until, without=without)
    events = panel.events(until=until, without=without)
    return {
        "until": format_month(panel.end if until is None else min(until, panel.end)),
        "without": without,
        "rates": rates,
        "together": {
            "joint": joint,
            "decisions": int(decisions),
            "interval": list(binomial_interval(joint, int(decisions))),
        },
        "events": [one._asdict() | {"month": format_month(one.month)} for one in events],
    }


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
    return Projected(members, events / years, freezing()) if members else None


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
