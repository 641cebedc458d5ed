"""Forecasters of the past: simulated worlds, and simple rules that know the record only.

Also: which months are forecast from, and which observations are forecast.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from foedus.cases.months import format_month, month_of_year, parse_month
from foedus.cases.record import observed
from foedus.errors import ResultError
from foedus.inference import scores
from foedus.model.records import State
from foedus.outcomes.estimates import Z90

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy.typing as npt

    from foedus.cases.record import Observation, Record

    Floats = npt.NDArray[np.float64]
SCORED = ("attended", "consented", "frozen", "paid_up")  # formal exit is scored apart
YEAR = 12  # months
CALM_STEP = 3  # years from an origin of an earlier record to the next, and around each of them


@dataclass(frozen=True)
class Forecast:
    """One forecaster's forecast of one observation, with its scores.

    Attributes
    ----------
    origin, month
        Last month that the forecaster knew, and the month that is forecast, as ``YYYY-MM``.
    drivers
        One of :data:`DRIVERS`. Forecasters that use no drivers are repeated for each.
    forecaster
        ``model`` (calibrated), ``prior`` (uncalibrated), or a simple forecaster of
        :mod:`foedus.inference.scores`.
    what, member, value
        The observation that was forecast.
    mean, low, high
        Chance of the event (``low`` and ``high`` are None), or mean and 90 % interval of a share.
    score, log_score
        Brier score and log score of an event; for a share the continuous ranked probability score
        (CRPS), and None for the log score.
    """

    origin: str
    month: str
    drivers: str
    forecaster: str
    what: str
    member: str
    value: float
    mean: float
    low: float | None
    high: float | None
    score: float
    log_score: float | None

    @property
    def target(self) -> tuple[str, str, str, str]:
        """Origin, month, what and member: the same for every forecaster of an observation."""
        return (self.origin, self.month, self.what, self.member)


def place(record: Record, member: str) -> int:
    """Place (index) of a member among the members of the record's alliance."""
    return record.history.alliance.members.index(member)


# ---------------------------------------------------------------------------------------------
# Months that are forecast from


class Origin(NamedTuple):
    """The last month that a forecaster knows, and how far it forecasts.

    Attributes
    ----------
    record
        The record that is forecast. The earlier ones that it names are known whole.
    month, last
        Month (number) of the origin, and the last month that is forecast.
    """

    record: Record
    month: int
    last: int

    @property
    def known(self) -> Record:
        """What is known at the origin."""
        return self.record.until(self.month)


def year_ends(record: Record) -> tuple[int, ...]:
    """Decembers (month numbers) within the record, before its last month."""
    first = record.history.start
    return tuple(month for month in range(first, record.end) if month_of_year(month) == YEAR)


def origins_of(record: Record, years: int, until: int | None) -> tuple[Origin, ...]:
    """Return the months that a record is forecast from.

    One year ahead, each year-end of the record is an origin, but not of the earlier records. For
    several years ahead see :func:`origins_ahead`.

    Parameters
    ----------
    years
        How many years are forecast from an origin, or as many as are left of the record.
    until
        A single origin (month number), from which the whole rest of the record is forecast.
    """
    if until is not None:
        return (Origin(record, until, record.end),)
    if years > 1:
        return origins_ahead(record, years)
    return tuple(
        Origin(record, month, min(month + YEAR, record.end)) for month in year_ends(record)
    )


def origins_ahead(record: Record, years: int) -> tuple[Origin, ...]:
    """Return the months that several years ahead are forecast from.

    In an earlier record: every third year-end, from the first with three years of it behind, as
    long as three years of it are ahead. Such an origin knows its own record up to then, and those
    that end before that begins. In the record itself: each year-end with all of the years ahead.

    Parameters
    ----------
    years
        How many years are forecast from an origin, or as many as are left of its record.

    Raises
    ------
    ResultError
        If there is no such month.
    """
    found = []
    for one in record.earlier:
        before = tuple(o for o in record.earlier if o.end < one.history.start)
        around = CALM_STEP * YEAR
        fitting = [
            month
            for month in year_ends(one)
            if month - one.history.start + 1 >= around and one.end - month >= around
        ]
        found += [(replace(one, earlier=before), month) for month in fitting[::CALM_STEP]]
    found += [(record, month) for month in year_ends(record) if record.end - month >= years * YEAR]
    if not found:
        message = f"The record of {record.name} has no {years} years to forecast; give fewer years."
        raise ResultError(message)
    return tuple(Origin(one, month, min(month + years * YEAR, one.end)) for one, month in found)


# ---------------------------------------------------------------------------------------------
# Observations that are forecast


def targets_of(record: Record, origin: int, last: int) -> list[Observation]:
    """Observations after the origin to forecast: every survey of trust, and events once a year.

    Of an event that was observed several times in a calendar year the last observation is taken.
    Other shares than trust are left out, and so are surveys whose series asks another question.
    """
    ahead = [
        item for item in record.scored if origin < item.month <= last and item.instrument is None
    ]
    by_year = {(i.what, i.member, i.month // YEAR): i for i in ahead if i.is_event}
    return [
        item
        for item in ahead
        if item.what == "trust" or by_year.get((item.what, item.member, item.month // YEAR)) is item
    ]


# ---------------------------------------------------------------------------------------------
# Forecasts


def model_forecasts(
    name: str,
    drivers: str,
    origin: int,
    targets: Sequence[Observation],
    states: Floats,
    record: Record,
    seed: int,
) -> Iterator[Forecast]:
    """Yield the forecasts that simulated worlds give.

    The chance of an event is its share of the worlds, (k + 1/2) / (n + 1). A survey is forecast by
    the trust in the worlds, each with a random survey error.

    Parameters
    ----------
    name
        Name of the forecaster.
    states
        As from :func:`_ahead`.
    """
    for item in targets:
        then = State(*states[:, item.month - origin - 1, place(record, item.member)])
        seen = np.asarray(observed(item.what, then), dtype=float)
        if item.is_event:
            chance = (float(seen.sum()) + 0.5) / (seen.size + 1.0)
            yield _of_event(name, drivers, origin, item, chance)
        else:
            noise = np.random.default_rng([seed, item.month]).normal(0.0, item.error, seen.size)
            sample = seen + noise
            low, high = np.quantile(sample, [0.05, 0.95])
            score = scores.crps_of_sample(item.value, sample)
            yield _forecast(
                name, drivers, origin, item, float(sample.mean()), float(low), float(high), score
            )


def simple_forecasts(
    known: Record, record: Record, drivers: str, origin: int, targets: Sequence[Observation]
) -> Iterator[Forecast]:
    """Yield the forecasts of the simple forecasters of :mod:`foedus.inference.scores`.

    They use the record up to the origin (``known``) and no model. Under the drivers ``coded`` the
    refusal rule is also told the crises without help after the origin; otherwise it expects them at
    their rate so far.
    """
    refused = [
        parse_month(crisis.date) for crisis in record.crises if (crisis.support or 0.0) < 0.5
    ]
    for item in targets:
        seen = known.select(item.what, item.member)
        so_far = tuple(one for one in seen if one.instrument is None)
        if item.is_event:
            before = float(observed(item.what, _opening_state(known, item.member)))
            chances = {
                "persistence": scores.persistence(so_far, before),
                "base rate": scores.base_rate(so_far),
                "coin": 0.5,
            }
            for name, chance in chances.items():
                yield _of_event(name, drivers, origin, item, chance)
            continue
        if not so_far:
            continue
        own = [
            parse_month(crisis.date)
            for crisis in record.crises
            if crisis.member == item.member and parse_month(crisis.date) in refused
        ]
        past = [month for month in own if month <= origin]
        if drivers == "coded":
            ahead = float(sum(so_far[-1].month < month <= item.month for month in own))
        else:
            rate = len(past) / (origin - known.history.start + 1)
            ahead = sum(so_far[-1].month < month for month in past) + rate * (item.month - origin)
        normals = {
            "persistence": scores.persistent_share(so_far),
            "linear trend": scores.linear_trend(so_far, item.month),
            "refusal rule": scores.refusal_rule(so_far, past, ahead),
        }
        for name, normal in normals.items():
            half = Z90 * normal.sd
            score = scores.crps_of_normal(item.value, normal)
            mean = normal.mean
            yield _forecast(name, drivers, origin, item, mean, mean - half, mean + half, score)


def _opening_state(record: Record, member: str) -> State:
    """Return the state that the alliance file declares for a member before the record begins."""
    alliance = record.history.alliance
    return alliance.opening(member, alliance.default_values(member))


def _of_event(name: str, drivers: str, origin: int, item: Observation, chance: float) -> Forecast:
    """Return the forecast of an event, with its Brier score and log score."""
    score = scores.brier(chance, item.value)
    forecast = _forecast(name, drivers, origin, item, chance, None, None, score)
    return replace(forecast, log_score=scores.log_score(chance, item.value))


def _forecast(
    name: str,
    drivers: str,
    origin: int,
    item: Observation,
    mean: float,
    low: float | None,
    high: float | None,
    score: float,
) -> Forecast:
    return Forecast(
        origin=format_month(origin),
        month=format_month(item.month),
        drivers=drivers,
        forecaster=name,
        what=item.what,
        member=item.member,
        value=item.value,
        mean=mean,
        low=low,
        high=high,
        score=score,
        log_score=None,
    )
