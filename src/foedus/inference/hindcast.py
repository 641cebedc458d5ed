"""Forecasts of the past with what was known then, scored beside simple forecasters.

An origin is the last month that a forecaster knows. For each origin the numbers are calibrated on
the record up to it, along with the earlier records that it names, which end before it begins;
surveys not yet published, and what the alliance file declares for the record's end, are left out.
Then worlds are simulated beyond it. Their drivers (levers and scripted events)
are of one of three kinds, which are scored separately: those that came in fact (``coded``); levers
that keep their value at the origin, with crises drawn by the model (``held``); or levers that move
in random steps, with crises drawn by the model (``drawn``).

Changes of government that came are among the drivers ``coded``; under the other two the model draws
them. Several years ahead (:func:`~foedus.inference.forecasters.origins_ahead`) the earlier records
are forecast too, so that forecasts of quiet years are scored beside those of the rift. Only the
drivers :data:`FEW` are scored then.
"""

from __future__ import annotations

from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from foedus.cases.months import format_month
from foedus.cases.record import EVENTS
from foedus.cases.spans import DEFAULT_ORIGIN, Span
from foedus.defaults import AHEAD_DRAWS, CALIBRATION_SEED, HINDCAST_DRAWS
from foedus.inference import scores, smc
from foedus.inference.calibration import calibrate
from foedus.inference.forecasters import (
    SCORED,
    YEAR,
    Forecast,
    model_forecasts,
    origins_of,
    place,
    simple_forecasts,
    targets_of,
)
from foedus.inference.freezing import weighed
from foedus.inference.likelihood import Likelihood, placed
from foedus.inference.panel import bounding
from foedus.model.levers import lever_named
from foedus.model.records import State
from foedus.outcomes.worth import ALL, verdicts
from foedus.worlds.buffers import LANES
from foedus.worlds.engines import compiled_kernel, passed, states_of
from foedus.worlds.openings import Opening, opening
from foedus.worlds.posterior import Posterior, continued

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import numpy.typing as npt

    from foedus.cases.record import Record
    from foedus.cases.scenario import Scenario
    from foedus.inference.forecasters import Origin

    Floats = npt.NDArray[np.float64]

DRIVERS = {
    "coded": "the drivers that came",
    "held": "levers held at the origin, crises drawn",
    "drawn": "levers and crises drawn",
}
FEW = ("coded", "held")  # kinds that are scored several years ahead
WORLDS = 8_192  # simulated beyond each origin, for each kind of drivers
PATHS = 128  # random paths of the levers under "drawn"; each drives an equal part of the worlds
STEP = 0.2  # size of a random step of a lever, as in the coding rule of the history
STREAM = 1  # stream of the random numbers of worlds from the prior, see smc.uniforms


@dataclass(frozen=True)
class Hindcast:
    """Forecasts from one or more origins, with the inputs that they were made from.

    Attributes
    ----------
    forecasts
        One for each origin, kind of drivers, forecaster and observation.
    record
        The record that was forecast; several years ahead those before it too.
    years
        Years forecast from each origin, or as many as were left of its record.
    draws, worlds, seed
        Worlds simulated to calibrate at each origin, worlds simulated beyond it, and the seed.
    fans
        Quantiles (.05, .25, .5, .75, .95) of the member's trust over the model's worlds, by origin
        and kind of drivers, for the figure: shape (quantile, month after the origin) each.
    """

    forecasts: tuple[Forecast, ...]
    record: Record
    draws: int
    worlds: int
    seed: int
    fans: dict[tuple[str, str], Floats]
    years: int = 1

    @property
    def drivers(self) -> tuple[str, ...]:
        """Kinds of drivers that the forecasts were made with."""
        return tuple(dict.fromkeys(item.drivers for item in self.forecasts))

    @property
    def origins(self) -> tuple[str, ...]:
        """Origins in order."""
        return tuple(dict.fromkeys(item.origin for item in self.forecasts))

    def select(self, **wanted: str | Sequence[str]) -> list[Forecast]:
        """Return the forecasts whose fields have the wanted values.

        Parameters
        ----------
        **wanted
            By name of a field of :class:`Forecast`: its value, or several values that it may have.
        """
        return [
            item
            for item in self.forecasts
            if all(
                getattr(item, name) == value
                if isinstance(value, str)
                else getattr(item, name) in value
                for name, value in wanted.items()
            )
        ]

    def rows(self) -> Iterator[dict[str, Any]]:
        """Yield every forecast as a flat row."""
        return (asdict(item) for item in self.forecasts)


def hindcast(
    record: Record,
    *,
    member: str = "ARM",
    years: int = 1,
    until: int | None = None,
    draws: int | None = None,
    worlds: int = WORLDS,
    seed: int = CALIBRATION_SEED,
    workers: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> Hindcast:
    """Forecast each part of a record from the part before it, and score the forecasts.

    Parameters
    ----------
    record
        The observations, and the history with their drivers.
    member
        Code of the member whose quantiles of trust are kept for the figure.
    years
        Years to forecast from each origin. If 1, each December of the record is an origin; for more
        see :func:`~foedus.inference.forecasters.origins_ahead`.
    until
        A single origin (month number) instead, from which the whole rest of the record is forecast.
    draws
        Worlds simulated to calibrate at each origin; if None, :data:`~foedus.defaults.AHEAD_DRAWS`
        several years ahead, else :data:`~foedus.defaults.HINDCAST_DRAWS`.
    worlds
        Worlds simulated beyond each origin under each kind of drivers.
    seed
        Seed of every draw.
    workers
        Number of threads.
    progress
        Called with the number of worlds simulated for calibration and the number of all of these.
    """
    origins = origins_of(record, years, until)
    ahead = years > 1 and until is None
    draws = draws or (AHEAD_DRAWS if ahead else HINDCAST_DRAWS)
    found: list[Forecast] = []
    fans: dict[tuple[str, str], Floats] = {}
    for index, origin in enumerate(origins):

        def tell(done: int, total: int, index: int = index) -> None:
            if progress is not None:
                progress(index * total + done, len(origins) * total)

        informed = informed_worlds(origin.known, draws, seed, workers, tell)
        uninformed = prior_worlds(origin.known, informed.size, seed, workers)
        by_name = {"model": informed, "prior": uninformed}
        for drivers in FEW if ahead else DRIVERS:
            forecasts, trust = _from_origin(origin, drivers, by_name, worlds, seed, workers)
            found += forecasts
            fans[format_month(origin.month), drivers] = np.quantile(
                trust[:, place(origin.record, member)], [0.05, 0.25, 0.5, 0.75, 0.95], axis=-1
            )
    return Hindcast(tuple(found), record, draws, worlds, seed, fans, years)


def _from_origin(
    origin: Origin,
    drivers: str,
    by_name: dict[str, Posterior],
    count: int,
    seed: int,
    workers: int,
) -> tuple[list[Forecast], Floats]:
    """Return every forecaster's forecasts from an origin under one kind of drivers.

    Parameters
    ----------
    by_name
        Worlds at the origin by the name of the forecaster; one of them is ``model``.
    count
        Worlds to simulate beyond the origin for each.

    Returns
    -------
    tuple
        The forecasts, and trust in the model's worlds: shape (month, member, world).
    """
    record, month, last = origin
    targets = targets_of(record, month, last)
    paths = scenarios_ahead(record, month, last, drivers, seed)
    found: list[Forecast] = []
    for name, worlds_then in by_name.items():
        states = _ahead(worlds_then, paths, seed, count, workers, last - month)
        found += model_forecasts(name, drivers, month, targets, states, record, seed)
        if name == "model":
            trust = states[State._fields.index("trust")]
    found += simple_forecasts(origin.known, record, drivers, month, targets)
    return found, trust


def informed_worlds(
    known: Record,
    draws: int,
    seed: int,
    workers: int,
    progress: Callable[[int, int], None] | None = None,
) -> Posterior:
    """Return worlds calibrated on what is known, the panel up to then included.

    Parameters
    ----------
    known
        A record cut at an origin.
    draws
        Worlds to simulate.
    progress
        As for :func:`hindcast`.
    """
    found = calibrate(
        known,
        draws=draws,
        seed=seed,
        workers=workers,
        size=None,
        islands=1,
        prior_term=bounding(known),
        progress=progress,
    )
    return weighed(found, known, seed=seed, size=None, workers=workers)


def prior_worlds(record: Record, count: int, seed: int, workers: int) -> Posterior:
    """Return worlds whose numbers are drawn from the prior, simulated to the end of the record.

    They live through the record's history (its drivers) but are not selected by its observations,
    so that they show what calibration adds.

    Parameters
    ----------
    count
        Number of worlds.
    """
    likelihood = Likelihood(record, seed, workers)
    try:
        wanted = likelihood.wanted
        numbers = smc.uniforms(seed, STREAM, 0, len(wanted.names), count, compiled_kernel())
        anchors = np.array(wanted.structural)[np.arange(count) % len(wanted.structural)]
        values = placed(wanted, numbers, anchors)
        luck = np.tile(np.arange(count), (likelihood.blocks, 1))
        states = continued(likelihood.ends(values, luck))
    finally:
        likelihood.close()
    about = {
        "alliance": record.history.alliance.name,
        "members": list(record.history.alliance.members),
        "date": format_month(record.end),
    }
    return Posterior(values, states, luck, about, name="prior")


# ---------------------------------------------------------------------------------------------
# Drivers beyond the origin


def scenarios_ahead(
    record: Record, origin: int, last: int, drivers: str, seed: int
) -> list[Scenario]:
    """Return the scenarios under which worlds are simulated beyond the origin.

    Each drives an equal part of the worlds. There is one for the drivers ``coded`` and ``held`` and
    :data:`PATHS` for ``drawn``. The last two script no events, and crises come at the members' own
    rates.
    """
    history = record.history
    ahead = replace(history, start=origin + 1, horizon=last - origin)
    if drivers == "coded":
        return [ahead]
    levers = {
        key: (Span(None, None, value, 0, None, DEFAULT_ORIGIN),)
        for key in history.levers
        if key[0] != "threat" and (value := _value(history, key, origin)) is not None
    }
    held = replace(ahead, levers=levers, events=())
    if drivers == "held":
        return [held]
    luck = np.random.default_rng([seed, origin])
    return [
        replace(held, levers={key: _walk(history, key, origin, last, luck) for key in levers})
        for _ in range(PATHS)
    ]


def _value(scenario: Scenario, key: Any, month: int) -> float | None:
    """Value of a lever in a month; None where the alliance file alone decides it."""
    inside = [span for span in scenario.spans(key) if span.first <= month <= span.last]
    return inside[-1].value if inside else lever_named(key[0]).default


def _walk(history: Scenario, key: Any, origin: int, last: int, luck: Any) -> tuple[Span, ...]:
    """Draw a path of a lever beyond the origin: a random walk in steps of :data:`STEP`.

    The walk starts at the lever's value at the origin. In each month a step comes with probability
    1 - exp(-rate / 12); it goes up or down with equal probability, and is cut off at the lever's
    bounds. The rate is (n + 1/2) / (years of the record up to the origin), where n is the number of
    times that the history changed the lever in them.

    Parameters
    ----------
    key
        The lever, with the power and the member that it concerns.
    origin, last
        Month numbers; the path covers the months after ``origin`` up to and including ``last``.
    luck
        NumPy generator of the draws.

    Returns
    -------
    tuple of Span
        The path as spans of constant value.
    """
    steps = sum(history.start < span.first <= origin for span in history.spans(key))
    rate = (steps + 0.5) / ((origin - history.start + 1) / YEAR)
    value = _value(history, key, origin)
    lever = lever_named(key[0])
    value = lever.low if value is None else value
    spans, begin = [], origin + 1
    for month in range(origin + 1, last + 1):
        if luck.random() < 1.0 - np.exp(-rate / YEAR):
            if month > begin:
                spans.append(Span(begin, month - 1, value, 0, None, DEFAULT_ORIGIN))
            change = STEP if luck.random() < 0.5 else -STEP
            value = min(lever.high, max(lever.low, value + change))
            begin = month
    return (*spans, Span(begin, last, value, 0, None, DEFAULT_ORIGIN))


def _ahead(
    worlds: Posterior,
    paths: Sequence[Scenario],
    seed: int,
    count: int,
    workers: int,
    months: int,
) -> Floats:
    """Simulate worlds beyond an origin.

    Parameters
    ----------
    worlds
        Numbers, and states at the origin.
    paths
        Scenarios, each for an equal part of the worlds.
    count
        Number of worlds.
    months
        Number of months to simulate.

    Returns
    -------
    array
        States at the end of each month: shape (field of State, month, member, world).
    """
    each = count // len(paths)
    batches = [
        (scenario, first, min(LANES, (index + 1) * each - first))
        for index, scenario in enumerate(paths)
        for first in range(index * each, (index + 1) * each, LANES)
    ]

    def simulated(batch: tuple[Scenario, int, int]) -> Floats:
        scenario, first, size = batch
        runs = np.arange(first, first + size)
        start = opening(worlds, scenario, seed, runs, compiled_kernel())
        luck = np.broadcast_to(runs, (-(-months // YEAR), len(worlds.members), size))
        steps = passed(scenario, seed, Opening(*start), luck, range(1, months + 1))
        return np.stack([np.array(states_of(bench, size)) for _, bench in steps], axis=1)

    with ThreadPoolExecutor(workers) as pool:
        return np.concatenate(list(pool.map(simulated, batches)), axis=-1)


# ---------------------------------------------------------------------------------------------
# The table of scores


EVENT = ("model", "persistence", "base rate", "coin", "prior")
SHARE = ("model", "persistence", "linear trend", "refusal rule", "prior")


def scored_groups(hindcast: Hindcast, member: str = "ARM") -> dict[str, dict[str, Any]]:
    """Return the groups of forecasts whose scores are averaged, by the group's label.

    Each group says which observations (``what``), which ``member`` or members, and which
    forecasters (``who``) belong to it. One year ahead most are about one member, whose code is
    ``member``; several years ahead they are about all members.
    """
    members = hindcast.record.history.alliance.members
    others = tuple(code for code in members if code != member)
    if hindcast.years > 1:
        return _groups_ahead(members, others, member)
    return {
        f"{member}: all events": {"what": SCORED, "member": member, "who": EVENT},
        **{
            f"{member}: {EVENTS[what]}": {"what": what, "member": member, "who": EVENT}
            for what in SCORED
        },
        "others: attends the summit": {"what": "attended", "member": others, "who": EVENT},
        "all members: all events": {"what": SCORED, "member": members, "who": EVENT},
        "all members: remains": {"what": "remains", "member": members, "who": EVENT},
        f"{member}: trust": {"what": "trust", "member": member, "who": SHARE},
    }


def _groups_ahead(
    members: tuple[str, ...], others: tuple[str, ...], member: str
) -> dict[str, dict[str, Any]]:
    """Return the groups that are scored several years ahead: events of every kind are pooled."""
    pooled = {ALL: members, f"{ALL} but {member}": others, **{code: code for code in members}}
    frozen = {"what": "frozen", "who": EVENT}
    return {
        **{
            label: {"what": tuple(EVENTS), "member": who, "who": EVENT}
            for label, who in pooled.items()
        },
        **{
            f"{ALL}: {words}": {"what": what, "member": members, "who": EVENT}
            for what, words in EVENTS.items()
        },
        f"{ALL} but {member}: {EVENTS['frozen']}": {**frozen, "member": others},
        f"{member}: {EVENTS['frozen']}": {**frozen, "member": member},
        f"{ALL}: trust": {"what": "trust", "member": members, "who": SHARE},
    }


def table(hindcast: Hindcast, drivers: str, member: str = "ARM") -> list[dict[str, Any]]:
    """Return mean scores by group and forecaster, with intervals, under one kind of drivers.

    Parameters
    ----------
    drivers
        One of :data:`DRIVERS`.
    member
        Code of the member that is scored apart from the others.

    Returns
    -------
    list of dict
        ``group``, ``forecaster``, ``forecasts``, ``score`` (Brier or CRPS) with ``low`` and
        ``high``, ``log_score``, and ``gain``: score of the forecaster minus that of the model on
        the same observations (above 0: the model is better) with ``gain_low`` and ``gain_high``.
        Intervals are 90 %, by bootstrap of whole origins.
    """
    found = []
    for group, wanted in scored_groups(hindcast, member).items():
        chosen = {
            name: hindcast.select(
                drivers=drivers, forecaster=name, what=wanted["what"], member=wanted["member"]
            )
            for name in wanted["who"]
        }
        own = {item.target: item.score for item in chosen["model"]}
        for name, items in chosen.items():
            if not items:
                continue
            gains = [item.score - own[item.target] for item in items]
            low, high = scores.interval(_by_origin(items, [item.score for item in items]))
            gain_low, gain_high = scores.interval(_by_origin(items, gains))
            logs = [item.log_score for item in items if item.log_score is not None]
            found.append(
                {
                    "group": group,
                    "forecaster": name,
                    "forecasts": len(items),
                    "score": float(np.mean([item.score for item in items])),
                    "low": low,
                    "high": high,
                    "log_score": float(np.mean(logs)) if logs else None,
                    "gain": float(np.mean(gains)),
                    "gain_low": gain_low,
                    "gain_high": gain_high,
                }
            )
    return found


def _by_origin(items: Sequence[Forecast], values: Sequence[float]) -> list[list[float]]:
    """Return the values of some forecasts in one list for each origin."""
    groups: dict[str, list[float]] = defaultdict(list)
    for item, value in zip(items, values, strict=True):
        groups[item.origin].append(value)
    return list(groups.values())


CAPTION = (
    "Score: Brier of an event, CRPS of trust; lower is better, and so is the log score. Model "
    "better by: score of the forecaster minus the model's, above 0 where the model wins. Brackets: "
    "90 %, by bootstrap of whole origins; with seven origins and one trajectory they are rough. "
    "One case validates little."
)
CAPTION_AHEAD = (
    "Score: Brier of an event, CRPS of trust; lower is better, and so is the log score. Model "
    "better by: score of the forecaster minus the model's, above 0 where the model wins. Without "
    "a kind, events of every kind are pooled. The drivers that came include changes of government. "
    "Brackets: 90 %, by bootstrap of whole origins; the windows overlap, so one event is forecast "
    "from several origins and the brackets are too narrow. One case validates little."
)


def summary(hindcast: Hindcast, member: str = "ARM") -> dict[str, Any]:
    """Return the scores under every kind of drivers, with the hindcast's inputs, as plain data."""
    record = hindcast.record
    rows = [
        {"drivers": drivers, **{k: _plain(v) for k, v in row.items()}}
        for drivers in hindcast.drivers
        for row in table(hindcast, drivers, member)
    ]
    return {
        "alliance": record.history.alliance.name,
        "member": member,
        "name": record.history.alliance.names[member],
        "record": record.fingerprint,
        "coding": record.coding,
        "years": hindcast.years,
        "origins": list(hindcast.origins),
        "draws": hindcast.draws,
        "worlds": hindcast.worlds,
        "seed": hindcast.seed,
        "scores": rows,
        "verdicts": {drivers: verdicts(rows, drivers) for drivers in hindcast.drivers},
    }


def _plain(value: Any) -> Any:
    """Return a value with None in the place of NaN, which JSON cannot hold."""
    return None if isinstance(value, float) and np.isnan(value) else value
