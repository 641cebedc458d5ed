"""Test of the calibration on synthetic records whose true numbers are known.

A synthetic record is made in three steps. Numbers are drawn from their priors. A world is simulated
with them, in which the model itself draws the crises and the patron's answers. That world is
observed at the dates of the real record, with the errors that the real record declares. Each
synthetic record is then calibrated as the real one is. If the calibration is right, the rank of the
true value among the posterior draws is uniformly distributed (Talts et al. 2018, arXiv:1804.06788;
Cook, Gelman and Rubin 2006, Journal of Computational and Graphical Statistics 15:675-692), and the
90 % interval holds the true value in nine of ten synthetic records.
"""

from __future__ import annotations

import json
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, replace
from multiprocessing import get_context
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from foedus.cases.months import format_month
from foedus.cases.record import Record, observed
from foedus.cases.scenario_format import Clash, Crisis
from foedus.cases.spans import DEFAULT_ORIGIN, ScriptedEvent
from foedus.defaults import CALIBRATION_SEED, COVERAGE_DRAWS
from foedus.errors import ResultError
from foedus.inference import smc
from foedus.inference.calibration import calibrate
from foedus.inference.likelihood import Begun, placed, seed_before, target
from foedus.worlds.buffers import LANES
from foedus.worlds.engines import compiled_kernel, passed, signals_of, states_of
from foedus.worlds.openings import FromTable, opening
from foedus.worlds.sources import is_this_model, source_hash

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import numpy.typing as npt

    from foedus.cases.record import Observation

    Floats = npt.NDArray[np.float64]
    Integers = npt.NDArray[np.int64]

LEVEL = 0.9  # nominal coverage of the intervals that are tested
WIDE = (0.05, 0.95)  # quantiles that bound them
STREAM = 2  # stream of the random numbers that draw the true values, see smc.uniforms


@dataclass(frozen=True)
class Coverage:
    """Results of the calibration of synthetic records.

    Attributes
    ----------
    names
        Names of the numbers that calibration draws.
    ranks
        Share of posterior draws below the true value: shape (record, number).
    inside
        Whether the true value lies in the posterior's 90 % interval: shape (record, number).
    width
        Width of that interval, divided by the width of the prior's: shape (record, number).
    """

    names: tuple[str, ...]
    ranks: Floats
    inside: npt.NDArray[np.bool_]
    width: Floats

    @property
    def records(self) -> int:
        """Number of synthetic records."""
        return len(self.ranks)

    def rows(self, chosen: tuple[str, ...] | None = None) -> Iterator[dict[str, Any]]:
        """Yield a row for each number: coverage, its standard error, mean width and mean rank.

        Parameters
        ----------
        chosen
            Names of the numbers to yield; all if None.
        """
        for k, name in enumerate(self.names):
            if chosen is None or name in chosen:
                share = float(self.inside[:, k].mean())
                yield {
                    "number": name,
                    "coverage": share,
                    "error": float(np.sqrt(LEVEL * (1 - LEVEL) / self.records)),
                    "width": float(self.width[:, k].mean()),
                    "mean_rank": float(self.ranks[:, k].mean()),
                }


def summary(
    found: Coverage, draws: int, seed: int, informed: tuple[str, ...] | None
) -> dict[str, Any]:
    """Return the results of a coverage study as plain data.

    Parameters
    ----------
    draws, seed
        As they were given to :func:`coverage`.
    informed
        Names of the numbers to show one by one; all if None.
    """
    return {
        "records": found.records,
        "draws": draws,
        "seed": seed,
        "informed": list(found.rows(informed)),
        "all": {"coverage": float(found.inside.mean()), "numbers": len(found.names)},
    }


def coverage(
    record: Record,
    *,
    records: int = 200,
    draws: int = COVERAGE_DRAWS,
    seed: int = CALIBRATION_SEED,
    workers: int = 1,
    earlier: bool = False,
    keep: Path | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Coverage:
    """Calibrate synthetic records that have the dates and errors of a real one.

    The earlier records that the real one names are left out unless asked for: simulating them too
    takes about three times as long, and the method is tested as well without them.

    Parameters
    ----------
    record
        The real record.
    records
        Number of synthetic records.
    draws
        Worlds simulated to calibrate each synthetic record.
    workers
        Number of processes; the results do not depend on it.
    earlier
        Whether to make synthetic records of the earlier records as well, and fit them along.
    keep
        File to which the result of each record is appended. Results that it holds already are not
        computed again.
    progress
        Called with the number of records done and the number of all.

    Raises
    ------
    ResultError
        If ``keep`` holds results of a study with other inputs.
    """
    record = record if earlier else replace(record, earlier=())
    made = synthetic(record, records, seed)
    truths = made.values
    key = {
        "model": source_hash(),
        "record": record.fingerprint,
        "records": records,
        "draws": draws,
        "seed": seed,
    }
    done = _read(keep, key)
    names = made.names
    wanted = {
        index: ({name: float(truths[name][index]) for name in names}, one, draws, seed + index)
        for index, one in enumerate(made.records)
        if index not in done
    }
    for index, found in _calibrated(wanted, workers):
        done[index] = {**key, "index": index, **found}
        if keep is not None:
            with keep.open("a", encoding="utf-8") as stream:
                stream.write(json.dumps(done[index]) + "\n")
        if progress is not None:
            progress(len(done), records)
    lines = [done[index] for index in range(records)]
    priors = target(record.history).priors
    ranges = np.array([law.quantile(WIDE[1]) - law.quantile(WIDE[0]) for law in priors])
    low, high = (np.array([line[side] for line in lines]) for side in ("low", "high"))
    truth = np.array([[truths[name][k] for name in names] for k in range(records)])
    return Coverage(
        names,
        np.array([line["rank"] for line in lines]),
        (low <= truth) & (truth <= high),
        (high - low) / ranges,
    )


def _calibrated(
    wanted: dict[int, tuple[dict[str, float], Record, int, int]], workers: int
) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield the index and the results of each synthetic record as soon as it is calibrated.

    ``wanted`` holds the arguments of :func:`_against` by index. With several workers each record is
    calibrated in a process of a pool, and the order is that in which they end.
    """
    if workers == 1 or len(wanted) < 2:
        yield from ((index, _against(*task)) for index, task in wanted.items())
        return
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        waiting = {pool.submit(_against, *task): index for index, task in wanted.items()}
        try:
            for done in as_completed(waiting):
                yield waiting[done], done.result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _against(truth: dict[str, float], record: Record, draws: int, seed: int) -> dict[str, Any]:
    """Calibrate a synthetic record and compare the posterior with the true numbers.

    Returns lists with one entry for each number: rank of the true value, lower and upper bound of
    the posterior's 90 % interval.
    """
    values = calibrate(record, draws=draws, seed=seed, size=None, islands=1).values
    names = list(truth)
    intervals = [np.quantile(values[name], WIDE) for name in names]
    return {
        "rank": [float(np.mean(values[name] < truth[name])) for name in names],
        "low": [float(low) for low, _ in intervals],
        "high": [float(high) for _, high in intervals],
    }


def _read(path: Path | None, key: dict[str, Any]) -> dict[int, dict[str, Any]]:
    if path is None or not path.exists():
        return {}
    found: dict[int, dict[str, Any]] = {}
    for text in path.read_text(encoding="utf-8").splitlines():
        try:
            line = json.loads(text)
        except ValueError:  # an interruption cut this line short
            continue
        same_model = is_this_model(str(line.get("model")))
        if not same_model or any(line.get(k) != value for k, value in key.items() if k != "model"):
            message = f"{path} is of another study (other draws, seed or records); name another."
            raise ResultError(message)
        found[line["index"]] = line
    return found


class Synthetic(NamedTuple):
    """Synthetic records and the truth of each.

    The world of record i has number i: the draws of a :class:`Likelihood` with :func:`world_seed`
    and with luck i in every block are those that made the record.

    Attributes
    ----------
    names
        Names of the numbers that calibration draws.
    numbers
        The true numbers as a particle has them, each in (0, 1): shape (number, record).
    anchors
        The repair constant of each record's world: shape (record,).
    values
        The true numbers and the repair constant by name: shape (record,) each.
    records
        The records.
    """

    names: tuple[str, ...]
    numbers: Floats
    anchors: Floats
    values: dict[str, Floats]
    records: list[Record]


def synthetic(record: Record, count: int, seed: int) -> Synthetic:
    """Draw true numbers from their priors, and a synthetic record for each set of them."""
    wanted = target(record.history)
    rows = len(wanted.names)
    uniform = smc.uniforms(seed, STREAM, 1, rows + 1, count, compiled_kernel())
    structural = np.array(wanted.structural)
    anchors = structural[(uniform[-1] * structural.size).astype(int)]
    values = placed(wanted, uniform[:-1], anchors)
    records: list[Record] = []
    for first in range(0, count, LANES):
        some = {name: row[first : first + LANES] for name, row in values.items()}
        records += _with_earlier(record, some, seed, first)
    return Synthetic(wanted.names, uniform[:-1], anchors, values, records)


def world_seed(seed: int) -> int:
    """Return the seed of the worlds that synthetic records are made of.

    It is not that of their calibration, which would then come upon the true luck.
    """
    return seed + 1


def _with_earlier(record: Record, values: dict[str, Floats], seed: int, first: int) -> list[Record]:
    """Make a synthetic record for each set of numbers, with its earlier ones.

    ``seed`` and ``first`` are as for :func:`_records`.
    """
    worlds = np.arange(first, first + len(next(iter(values.values()))))
    count = len(record.earlier)
    before = []
    for place, one in enumerate(record.earlier):
        luck = np.tile(worlds, (len(one.history.alliance.members), 1))
        own = seed_before(seed, count - place)
        before.append(_records(one, Begun(values, luck=luck), own, worlds))
    last = _records(record, FromTable(values), seed, worlds)
    return [replace(main, earlier=found) for main, *found in zip(last, *before, strict=True)]


def _records(record: Record, design: FromTable, seed: int, worlds: Integers) -> list[Record]:
    """Simulate some worlds, and make a synthetic record of each.

    The record holds the crises of the world, the patron's answers, and its observations with a
    random error each; those of an instrument also have a random offset, common to all.

    Parameters
    ----------
    design
        Its draw i is that of the i-th of the worlds.
    worlds
        Numbers of the worlds, which decide their random draws.
    """
    history, free = record.history, record.free_history
    members, kept = history.alliance.members, free.events
    count = len(worlds)
    runs = np.arange(count)
    own = np.tile(worlds, (len(members), 1))
    start = opening(design, free, world_seed(seed), runs, compiled_kernel(), own)
    luck = np.broadcast_to(worlds, (-(-free.horizon // 12), len(members), count))
    noise = np.random.default_rng([seed, int(worlds[0])])
    houses = {item.instrument: item.house for item in record.fitted if item.house > 0.0}
    offsets = {name: noise.normal(0.0, house, count) for name, house in houses.items()}
    events: list[list[ScriptedEvent]] = [[] for _ in runs]
    seen: list[list[Observation]] = [[] for _ in runs]
    at: dict[int, list[Observation]] = {}
    for item in record.fitted:
        at.setdefault(item.month - free.start + 1, []).append(item)
    for month, bench in passed(free, world_seed(seed), start, luck, range(1, free.horizon + 1)):
        signals, states = signals_of(bench, count), states_of(bench, count)
        crisis, support = np.asarray(signals.crisis), np.asarray(signals.support)
        for place, world in np.argwhere(crisis > 0.0):
            event = Crisis(
                event="crisis",
                date=format_month(free.start + month - 1),
                member=members[place],
                support=float(support[place, world]),
            )
            events[world].append(ScriptedEvent(event, DEFAULT_ORIGIN))
        for one, other in record.disputes:
            sides = [members.index(one), members.index(other)]  # one may have left
            fought = np.asarray(signals.clash)[sides].max(axis=0) > 0.0
            for world in np.flatnonzero(fought):
                clash = Clash(
                    event="clash",
                    date=format_month(free.start + month - 1),
                    member=one,
                    rival=other,
                )
                events[world].append(ScriptedEvent(clash, DEFAULT_ORIGIN))
        for item in at.get(month, ()):
            true = np.asarray(observed(item.what, states)[members.index(item.member)], dtype=float)
            if item.is_event:
                values_seen = np.abs(true - (noise.random(count) < item.error))
            else:
                values_seen = true + noise.normal(0.0, item.error, count)
                values_seen += offsets.get(item.instrument, 0.0)
            for world in runs:
                seen[world].append(replace(item, value=float(values_seen[world])))
    closing = {(item.what, item.member, item.month) for item in record.closing}
    return [
        replace(
            record,
            history=replace(history, events=(*kept, *events[world])),
            observations=tuple(i for i in seen[world] if _address(i) not in closing),
            closing=tuple(i for i in seen[world] if _address(i) in closing),
        )
        for world in runs
    ]


def _address(item: Observation) -> tuple[str, str, int]:
    return (item.what, item.member, item.month)
