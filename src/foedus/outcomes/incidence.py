"""When events come: cumulative incidence with competing events.

The cumulative incidence of an event in a month is the probability that the event has come by then
and that none of its competing events came before it. Every world is simulated to the horizon, so
nothing is censored, and the cumulative incidence is a plain share of worlds (the estimator of Aalen
and Johansen 1978, Scandinavian Journal of Statistics 5:141-150, equals this share without
censoring).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from foedus.cases.months import format_month, parse_month
from foedus.errors import ResultError, nearest
from foedus.model.chronicle import Events
from foedus.outcomes.estimates import Curve, shares_by
from foedus.worlds.populations import INDEPENDENT

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt

    from foedus.ensembles.gathered import Worlds
    from foedus.outcomes.estimates import Estimate
    from foedus.worlds.populations import Populations

EXITS = ("withdrawal", "expulsion")  # after either no other event can come to a member


@dataclass(frozen=True)
class Median:
    """Month by which an event has come in half of all worlds.

    Attributes
    ----------
    value
        ``YYYY-MM``; None if the event comes in fewer than half of the worlds by the horizon.
    low, high
        Months in which the upper and the lower bound of the incidence's 95 % interval reach one
        half (Brookmeyer and Crowley 1982, Biometrics 38:29-41); None if they do not by the horizon.
    """

    value: str | None
    low: str | None
    high: str | None


@dataclass(frozen=True)
class Incidence:
    """Cumulative incidence of an event of a member and of the events that compete with it.

    Attributes
    ----------
    member
        Code of the member.
    start
        First month of the worlds, as a number.
    causes
        Cumulative incidence by event. In each world only the first of these events counts.
    free
        Share of worlds in which none of them has come yet; with the causes it sums to one.
    """

    member: str
    start: int
    causes: dict[str, Curve] = field(repr=False)
    free: Curve = field(repr=False)

    @property
    def event(self) -> str:
        """Name of the event that was asked for; the other causes compete with it."""
        return next(iter(self.causes))

    def by(self, month: str, event: str | None = None) -> Estimate:
        """Return the probability that an event has come first by the end of a month.

        Parameters
        ----------
        month
            ``YYYY-MM``.
        event
            One of the causes; the event that was asked for if omitted.

        Raises
        ------
        ResultError
            If the month is outside of the simulated months, or the event is none of the causes.
        """
        event = event or self.event
        if event not in self.causes:
            message = f"'{event}' is not among what was asked for{nearest(event, self.causes)}"
            raise ResultError(message)
        last = self.start + self.free.value.size - 2
        try:
            passed = parse_month(month) - self.start + 1
        except ValueError as error:
            raise ResultError(str(error)) from None
        if not 1 <= passed < self.free.value.size:
            message = (
                f"{month} is outside of the worlds, which run from {format_month(self.start)} to "
                f"{format_month(last)}."
            )
            raise ResultError(message)
        return self.causes[event].at(passed)

    @property
    def total(self) -> Estimate:
        """Probability that the event that was asked for comes first by the horizon."""
        return self.causes[self.event].at(self.free.value.size - 1)

    @property
    def median(self) -> Median:
        """Month by which the event that was asked for has come in half of all worlds."""
        curve = self.causes[self.event]
        return Median(*(self._half(row) for row in (curve.value, curve.high, curve.low)))

    def _half(self, shares: npt.NDArray[np.float64]) -> str | None:
        """Month in which a curve reaches one half, as ``YYYY-MM``; None if it does not."""
        reached = np.flatnonzero(shares >= 0.5)
        return format_month(self.start + int(reached[0]) - 1) if reached.size else None


def incidence(worlds: Worlds, member: str, event: str, *others: str) -> Incidence:
    """Cumulative incidence of a member's first event of a kind, from the start of the scenario.

    Parameters
    ----------
    worlds
        Worlds of one scenario.
    member
        Code of the member.
    event
        Name of a field of :class:`~foedus.model.chronicle.Events`.
    *others
        Competing events: where one of them comes first, ``event`` does not count any more. Leaving
        the alliance (:data:`EXITS`) is always among them.

    Returns
    -------
    Incidence
        Where two of the events come in the same month, the one named first counts.

    Raises
    ------
    ResultError
        If there is no such member or event.
    """
    wanted = tuple(dict.fromkeys((event, *others, *EXITS)))
    for cause in wanted:
        if cause not in Events._fields:
            message = f"There is no event '{cause}'{nearest(cause, Events._fields)}"
            raise ResultError(message)
    members = worlds.scenario.alliance.members
    if member not in members:
        message = f"'{member}' is no member{nearest(member, members)}"
        raise ResultError(message)
    months = {cause: worlds.event(cause, member) for cause in wanted}
    causes, free = first_of(months, worlds.scenario.horizon, worlds.populations)
    return Incidence(member, worlds.scenario.start, causes, free)


def first_of(
    months: Mapping[str, npt.NDArray[Any]], last: int, known: Populations = INDEPENDENT
) -> tuple[dict[str, Curve], Curve]:
    """Cumulative incidence of competing events, of which the first counts in each world.

    Parameters
    ----------
    months
        By event, its month in each world, counted from 1; 0 if it never comes: shape (world,).
    last
        Last month.
    known
        Which worlds depend on each other, see :class:`~foedus.worlds.populations.Populations`.

    Returns
    -------
    tuple
        The cumulative incidence by event, and the share of worlds in which none has come yet.
    """
    together = np.stack(list(months.values())).astype(np.int64)
    when = np.where(together > 0, together, last + 1)
    first, which = when.min(axis=0), when.argmin(axis=0)
    came = first <= last
    curves = {
        cause: shares_by(np.where(came & (which == place), first, 0), last, known)
        for place, cause in enumerate(months)
    }
    some = shares_by(np.where(came, first, 0), last, known)
    return curves, Curve(1.0 - some.value, 1.0 - some.high, 1.0 - some.low, 1.0 - some.by_model)
