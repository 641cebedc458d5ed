"""Letting the record speak: likelihood-free inference over the priors, in simulated worlds.

A world is scored by how likely the record is given what happened in it: survey shares lie around
the world's with a declared error, events agree but for a declared chance of a wrong coding, and the
patron's answers and the crises themselves have the chance that the model gave them. The patron's
conduct and the crises are as in the record's history. The repair constant c, which no record
identifies, is not inferred: each of its values is calibrated on its own and has an equal part.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from io import BytesIO
from typing import TYPE_CHECKING, Any, NamedTuple
from zipfile import BadZipFile

import numpy as np

from foedus.cases.alliance import GIVEN, load_alliance
from foedus.cases.months import format_month, parse_month
from foedus.cases.record import observed
from foedus.errors import AllianceError, ResultError, UnfinishedError
from foedus.inference import smc
from foedus.inference.smc import Population
from foedus.model.elementary import log
from foedus.model.parameters import OneOf, Prior, specification, specifications
from foedus.model.rules import Drivers, State
from foedus.worlds.buffers import LANES
from foedus.worlds.engines import compiled_kernel, passed, states_of
from foedus.worlds.files import replace_file
from foedus.worlds.openings import FromTable, Opening, opening
from foedus.worlds.posterior import Posterior, opening_numbers
from foedus.worlds.sources import source_hash

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import numpy.typing as npt

    from foedus.cases.record import Observation, Record
    from foedus.cases.scenario import Scenario

    Floats = npt.NDArray[np.float64]
    Integers = npt.NDArray[np.int64]

STRUCTURAL = "repair_anchor"
DEFAULT_DRAWS = 2_000_000
DEFAULT_SEED = 2018
ROUNDS = 400  # worlds that are simulated for each particle
SETTLING = 100  # rounds at the posterior itself, at least
KEPT = ("trail", "numbers", "luck")  # what a stage holds beside its populations
APART = 25  # rounds between two samples of the same particles, which the posterior pools
FEWEST = 40  # particles of a population
ISLANDS = 4  # populations for each value of the repair constant
SHIPPED = 1_800  # draws in a posterior file, if there are so many


class Target(NamedTuple):
    """The numbers that calibration draws, in the order of a particle's."""

    names: tuple[str, ...]
    priors: tuple[Prior, ...]
    structural: tuple[float, ...]  # values of the repair constant that are calibrated apart


def target(scenario: Scenario) -> Target:
    """Return what is drawn for a scenario: every number with a prior that it does not fix."""
    found: dict[str, Prior] = {
        name: spec.prior
        for name, spec in specifications().items()
        if name not in scenario.parameters
    }
    for member in scenario.alliance.members:
        for name in GIVEN:
            number = scenario.alliance.numbers[f"{member}.{name}"]
            if number.prior is not None and not number.same_as:
                found[number.key] = number.prior
    law = found.pop(STRUCTURAL, None)
    values = law.values if isinstance(law, OneOf) else (scenario.parameters[STRUCTURAL],)
    return Target(tuple(found), tuple(found.values()), values)


def placed(wanted: Target, numbers: Floats, anchors: Floats) -> dict[str, Floats]:
    """Map numbers on (0, 1) to their priors, beside given values of the repair constant."""
    values = {
        name: np.asarray(prior.quantile(row), dtype=float)
        for name, prior, row in zip(wanted.names, wanted.priors, numbers, strict=True)
    }
    return {**values, STRUCTURAL: anchors}


# ---------------------------------------------------------------------------------------------
# What a world is worth


class Likelihood:
    """Log-likelihood of a record in simulated worlds.

    Attributes
    ----------
    record
        What is on record.
    wanted
        The numbers of a particle.
    """

    def __init__(self, record: Record, seed: int, workers: int) -> None:
        self.record = record
        self.wanted = target(record.history)
        self._seed = seed
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="foedus")
        scenario = record.history
        self._members = scenario.alliance.members
        self._at: dict[int, list[Observation]] = {}
        for item in record.scored:
            self._at.setdefault(item.month - scenario.start + 1, []).append(item)
        self._crises: dict[int, list[tuple[int, float]]] = {}
        self._drivers = record.free_history.drivers  # (month, member, field)
        threats = self._drivers[:, :, Drivers._fields.index("threat")].copy()
        for crisis in record.crises:
            passed_before = parse_month(crisis.date) - scenario.start
            support = float(crisis.support or 0.0)
            place = self._members.index(crisis.member)
            self._crises.setdefault(passed_before, []).append((place, support))
            threats[passed_before, place] = 0.0
        opening = np.zeros((len(self._members), 1))
        self._exposures = np.concatenate([opening, np.cumsum(threats, axis=0).T], axis=1)
        self._stops = sorted({*self._at, *self._crises, scenario.horizon})

    @property
    def blocks(self) -> tuple[int, int]:
        """Blocks of luck: years of the record, begun ones included, and members."""
        return -(-self.record.history.horizon // 12), len(self._members)

    def close(self) -> None:
        """Let the threads go."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def score(self, values: dict[str, Floats], luck: Integers) -> Floats:
        """Return the log-likelihood of worlds with some numbers and luck: shape (world,)."""
        return np.concatenate(list(self._spread(self._judged, values, luck)))

    def ends(self, values: dict[str, Floats], luck: Integers) -> Floats:
        """Return the states at the end of the record: shape (field of State, member, world)."""
        return np.concatenate(list(self._spread(self._last, values, luck)), axis=-1)

    def along(self, values: dict[str, Floats], luck: Integers) -> Floats:
        """Return what there was to observe, for each scored observation: shape (item, world)."""
        return np.concatenate(list(self._spread(self._seen, values, luck)), axis=-1)

    def _spread(
        self,
        work: Callable[[Opening, Integers], Floats],
        values: dict[str, Floats],
        luck: Integers,
    ) -> Iterator[Floats]:
        by_block = luck.reshape(*self.blocks, -1)
        worlds, design = np.arange(luck.shape[1]), FromTable(values)
        start = opening(
            design, self.record.history, self._seed, worlds, compiled_kernel(), by_block[0]
        )
        batches = [slice(at, at + LANES) for at in range(0, luck.shape[1], LANES)]
        return self._pool.map(
            lambda batch: work(
                Opening(start.parameters[:, batch], start.states[:, :, batch]), by_block[..., batch]
            ),
            batches,
        )

    def _judged(self, start: Opening, luck: Integers) -> Floats:
        worlds, scenario, loops = luck.shape[-1], self.record.history, compiled_kernel()
        total, chances = np.zeros(worlds), np.zeros(LANES)
        for month, bench in passed(scenario, self._seed, start, luck, self._stops):
            for place, support in self._crises.get(month, ()):
                row, states = self._drivers[month, place], bench.states[place]
                loops.judge_crisis(support, row, bench.parameters, states, chances)
            if month in self._at:
                seen = states_of(bench, worlds)
                for item in self._at[month]:
                    place = self._members.index(item.member)
                    total += _agreement(item, observed(item.what, seen)[place])
        for place, exposure in enumerate(self._exposures):
            loops.judge_quiet(exposure, bench.first_month[place], bench.states[place], chances)
        return total + chances[:worlds]

    def _seen(self, start: Opening, luck: Integers) -> Floats:
        worlds, items = luck.shape[-1], list(self.record.scored)
        out = np.empty((len(items), worlds))
        for month, bench in passed(self.record.history, self._seed, start, luck, sorted(self._at)):
            states = states_of(bench, worlds)
            for item in self._at[month]:
                values = observed(item.what, states)[self._members.index(item.member)]
                out[items.index(item)] = values
        return out

    def _last(self, start: Opening, luck: Integers) -> Floats:
        worlds, scenario = luck.shape[-1], self.record.history
        for _, bench in passed(scenario, self._seed, start, luck, [scenario.horizon]):
            states = np.array(states_of(bench, worlds))
        return states


def _agreement(item: Observation, seen: Any) -> Any:
    """Log-likelihood of an observation, up to a constant, where this was to be observed."""
    if item.is_event:
        return np.where(seen == item.value, log(1.0 - item.error), log(item.error))
    return -0.5 * ((seen - item.value) / item.error) ** 2


# ---------------------------------------------------------------------------------------------
# Calibrating


@dataclass(frozen=True)
class Stage:
    """How far a calibration has come.

    Attributes
    ----------
    populations
        For each value of the repair constant in turn, some that never meet; none before the first
        round.
    trail
        Power, acceptance and log-evidence of each population after each round: (round, population,
        3).
    numbers, luck
        The particles of each population at some rounds near the end, side by side: (population,
        number or block, draw).
    """

    populations: tuple[Population, ...]
    trail: Floats
    numbers: Floats
    luck: Integers

    @property
    def rounds(self) -> int:
        """Rounds done."""
        return len(self.trail)

    @property
    def rounds_left(self) -> int:
        """Rounds to do until all populations have long been at the posterior, so far as known."""
        settled = int((self.trail[:, :, 0] == 1.0).all(axis=1).sum())
        return max(ROUNDS - self.rounds, SETTLING - settled)

    @property
    def is_pooled(self) -> bool:
        """Whether the posterior takes the particles as they are now."""
        return self.rounds_left < SETTLING and self.rounds_left % APART == 0


def calibrate(
    record: Record,
    *,
    draws: int = DEFAULT_DRAWS,
    seed: int = DEFAULT_SEED,
    workers: int = 1,
    size: int | None = SHIPPED,
    islands: int = ISLANDS,
    checkpoint: Path | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Posterior:
    """Draw from the posterior of the numbers and worlds of an alliance, given a record.

    Parameters
    ----------
    record
        What is on record; cut it with :meth:`~foedus.record.Record.until` for an earlier date.
    draws
        Worlds to simulate, about.
    seed
        Seed of every draw.
    workers
        Threads; the posterior does not depend on it.
    size
        Draws of the posterior at most; all particles if None.
    islands
        Populations for each value of the repair constant; how far they lie apart tells the error.
    checkpoint
        File that keeps what is done after each round, so that the same call goes on from there. It
        is removed at the end.
    progress
        Called with the number of worlds simulated and of all.

    Returns
    -------
    Posterior
        Equally weighted draws; each value of the repair constant has an equal part.

    Raises
    ------
    ResultError
        If ``draws`` is too small, or the checkpoint belongs to another calibration.
    UnfinishedError
        If the checkpoint cannot be written.
    """
    wanted = target(record.history)
    parts = len(wanted.structural) * islands
    count = draws // (ROUNDS * parts)
    if count < FEWEST:
        message = f"{draws} draws are too few; give at least {FEWEST * ROUNDS * parts:,}."
        raise ResultError(message)
    key = f"{record.fingerprint} {draws} {seed} {islands} {source_hash()}"
    likelihood = Likelihood(record, seed, workers)
    try:
        stage = _load_stage(checkpoint, key) or _unbegun(likelihood, parts)
        while stage.rounds_left > 0:
            stage = _on(stage, likelihood, count, islands, seed)
            if checkpoint is not None:
                _save_stage(checkpoint, key, stage)
            if progress is not None:
                progress(min(stage.rounds, ROUNDS) * count * parts, ROUNDS * count * parts)
        posterior = _posterior(stage, likelihood, draws, seed, size)
    finally:
        likelihood.close()
    if checkpoint is not None:
        checkpoint.unlink(missing_ok=True)
    return posterior


def _unbegun(likelihood: Likelihood, parts: int) -> Stage:
    numbers, blocks = len(likelihood.wanted.names), int(np.prod(likelihood.blocks))
    none = np.empty((parts, blocks, 0), dtype=np.int64)
    return Stage((), np.empty((0, parts, 3)), np.empty((parts, numbers, 0)), none)


def _on(stage: Stage, likelihood: Likelihood, count: int, islands: int, seed: int) -> Stage:
    """Do one round of all populations."""
    wanted, loops = likelihood.wanted, compiled_kernel()
    anchors = np.repeat(wanted.structural, islands)
    seeds = [(seed + part) % 2**64 for part in range(anchors.size)]

    def score(numbers: Floats, luck: Integers, which: Integers) -> Floats:
        return likelihood.score(placed(wanted, numbers, anchors[which]), luck)

    if not stage.populations:
        blocks = int(np.prod(likelihood.blocks))
        found = smc.drawn(score, len(wanted.names), blocks, count, seeds, loops)
    else:
        found = smc.advanced(stage.populations, score, seeds, loops)
    marks = [(p.power, p.accepted, p.log_evidence) for p in found]
    after = replace(stage, populations=found, trail=np.concatenate([stage.trail, [marks]]))
    if not after.is_pooled:
        return after
    numbers, luck = (np.stack([p.numbers for p in found]), np.stack([p.luck for p in found]))
    return replace(
        after,
        numbers=np.concatenate([stage.numbers, numbers], axis=-1),
        luck=np.concatenate([stage.luck, luck], axis=-1),
    )


def _posterior(
    stage: Stage, likelihood: Likelihood, draws: int, seed: int, size: int | None
) -> Posterior:
    """Take draws of every population in turn, with the worlds that they led to."""
    record, wanted, history = likelihood.record, likelihood.wanted, likelihood.record.history
    populations, parts = stage.populations, len(stage.populations)
    count, islands = stage.numbers.shape[-1], parts // len(wanted.structural)
    each = count if size is None else min(count, -(-size // parts))
    chosen = _shuffled(count, seed)[:each]
    # The repair constant changes fastest, then the island: any number of draws is balanced.
    order = np.arange(parts).reshape(-1, islands).T.ravel()
    anchors = np.repeat(wanted.structural, islands)[order]

    def interleaved(rows: Any) -> Any:
        taken = [rows[k][:, chosen] for k in order.tolist()]
        return np.stack(taken, axis=-1).reshape(len(rows[0]), -1)

    numbers, luck = interleaved(stage.numbers), interleaved(stage.luck)
    values = {
        name: _in_32_bits(name, row, history)
        for name, row in placed(wanted, numbers, np.tile(anchors, each)).items()
    }
    states = continued(likelihood.ends(values, luck)).astype(np.float32).astype(float)
    about = {
        "alliance": history.alliance.name,
        "members": list(history.alliance.members),
        "date": format_month(history.end),
        "record": record.fingerprint,
        "coding": record.coding,
        "draws": draws,
        "particles": populations[0].size * parts,
        "pooled": count * parts,
        "populations": [len(wanted.structural), islands],
        "rounds": stage.rounds,
        "seed": seed,
        "prior": {
            name: str(prior).replace("uniform on ", "")
            for name, prior in zip(wanted.names, wanted.priors, strict=True)
        },
        "prior_spread": {
            name: _spread_of(prior)
            for name, prior in (
                *zip(wanted.names, wanted.priors, strict=True),
                (STRUCTURAL, specification(STRUCTURAL).prior),
            )
        },
        "effective": {
            name: smc.effective_size(list(stage.numbers[:, row]))
            for row, name in enumerate(wanted.names)
        },
        "accepted": float(np.mean(stage.trail[-SETTLING:, :, 1])),
        "rounds_to_posterior": int((stage.trail[:, :, 0] < 1.0).any(axis=1).sum()) + 1,
        "log_evidence": {
            f"{anchor:g}": [
                population.log_evidence for population in populations[first : first + islands]
            ]
            for anchor, first in zip(wanted.structural, range(0, parts, islands), strict=True)
        },
        "opening": _opening_after(record),
    }
    return Posterior(values, states, luck, about)


def continued(states: Floats) -> Floats:
    """Let worlds go on: what they depend on now is what their trade path starts from.

    Parameters
    ----------
    states
        Shape (field of State, member, world).
    """
    after = states.copy()
    at = State._fields.index
    kept = 1.0 - states[at("erosion")]
    path = np.where(kept > 0.0, states[at("dependence")] / np.where(kept > 0.0, kept, 1.0), 0.0)
    after[at("dependence_initial")] = np.minimum(1.0, path)
    return after


def _opening_after(record: Record) -> dict[str, float]:
    """The alliance's own numbers after the record, which a projection's alliance must share."""
    try:
        alliance = load_alliance(record.history.alliance_reference, record.end + 1)
    except AllianceError:
        return {}
    return opening_numbers(alliance) if alliance.date == record.end else {}


def _in_32_bits(name: str, values: Floats, history: Scenario) -> Floats:
    """Round to what a file keeps, within bounds."""
    spec = specifications().get(name) or history.alliance.numbers[name].quantity
    rounded: Floats = np.clip(values.astype(np.float32).astype(float), spec.low, spec.high)
    return rounded


def _spread_of(prior: Prior) -> float:
    """Standard deviation of a prior."""
    values = np.array([prior.quantile((k + 0.5) / 3000) for k in range(3000)])
    return float(values.std())


def _shuffled(count: int, seed: int) -> Integers:
    """Return the places 0 to count - 1 in an order without a pattern."""
    (order,) = smc.uniforms(seed, smc.STREAM, 0, 1, count, compiled_kernel())
    return np.argsort(order, kind="stable")


# ---------------------------------------------------------------------------------------------
# What is kept while it runs


def _save_stage(path: Path, key: str, stage: Stage) -> None:
    arrays: dict[str, Any] = {"key": np.array(key)}
    arrays |= {f"stage_{name}": getattr(stage, name) for name in KEPT}
    for name in Population._fields:
        arrays[name] = np.stack([getattr(population, name) for population in stage.populations])
    content = BytesIO()
    np.savez(content, **arrays)
    try:
        replace_file(path, content.getvalue())
    except OSError as error:
        message = f"{path} cannot be written: {error.strerror or error}."
        raise UnfinishedError(message) from None


def _load_stage(path: Path | None, key: str) -> Stage | None:
    """Return what an interrupted calibration has kept.

    Raises
    ------
    ResultError
        If the file belongs to another calibration.
    """
    if path is None or not path.exists():
        return None
    try:
        with np.load(BytesIO(path.read_bytes()), allow_pickle=False) as content:
            found = {name: content[name] for name in content.files}
    except (OSError, ValueError, BadZipFile, EOFError):
        found = {}
    if str(found.get("key")) != key:
        message = (
            f"{path} was kept by another calibration (other draws, seed, record or model). Give "
            "the same options to go on with it, or delete it."
        )
        raise ResultError(message)
    rows = zip(*(found[name] for name in Population._fields), strict=True)
    populations = tuple(
        Population(*(value if value.ndim else value.item() for value in row)) for row in rows
    )
    return Stage(populations, *(found[f"stage_{name}"] for name in KEPT))


# ---------------------------------------------------------------------------------------------
# Checking against the record


@dataclass(frozen=True)
class Check:
    """An observation beside what the posterior says of it.

    Attributes
    ----------
    item
        What is on record.
    kept
        Mean over the posterior's own worlds, which were chosen to fit the record.
    again, low, high
        Mean and 90 % predictive interval over the same numbers with fresh luck, of a survey with
        the error that surveys have; an event has no interval.
    """

    item: Observation
    kept: float
    again: float
    low: float | None
    high: float | None

    @property
    def is_inside(self) -> bool | None:
        """Whether a share lies in the predictive interval; None for an event."""
        if self.low is None or self.high is None:
            return None
        return self.low <= self.item.value <= self.high


def checks(record: Record, posterior: Posterior, workers: int = 1) -> list[Check]:
    """Put a posterior beside the record that it was fitted to.

    Parameters
    ----------
    posterior
        Of the same record.
    """
    seed = int(posterior.about["seed"])
    likelihood = Likelihood(record, seed, workers)
    try:
        fresh = np.tile(np.arange(posterior.size) + 2**31, (posterior.luck.shape[0], 1))
        kept = likelihood.along(posterior.values, posterior.luck)
        again = likelihood.along(posterior.values, fresh)
    finally:
        likelihood.close()
    noise = np.random.default_rng(seed)
    found = []
    for item, own, other in zip(record.scored, kept, again, strict=True):
        low = high = None
        if not item.is_event:
            seen = other + noise.normal(0.0, item.error, other.size)
            low, high = (float(value) for value in np.quantile(seen, [0.05, 0.95]))
        found.append(Check(item, float(own.mean()), float(other.mean()), low, high))
    return found
