"""Letting the record speak: likelihood-free inference over the priors, in simulated worlds.

A world is scored by how likely the record is given what happened in it: survey shares lie around
the world's with a declared error, events agree but for a declared chance of a wrong coding, and the
patron's answers and the crises themselves have the chance that the model gave them. The patron's
conduct and the crises are as in the record's history. The repair constant c, which no record
identifies, is not inferred: each of its values is calibrated on its own and has an equal part.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from io import BytesIO
from typing import TYPE_CHECKING, Any
from zipfile import BadZipFile

import numpy as np

from foedus.cases.alliance_reader import load_alliance
from foedus.cases.months import format_month
from foedus.defaults import CALIBRATION_DRAWS, CALIBRATION_SEED
from foedus.errors import AllianceError, ResultError, UnfinishedError
from foedus.inference import smc
from foedus.inference.likelihood import STRUCTURAL, Likelihood, placed, target
from foedus.inference.smc import Population
from foedus.model.parameters import specification, specifications
from foedus.worlds.engines import compiled_kernel
from foedus.worlds.files import replace_file
from foedus.worlds.posterior import Posterior, continued, opening_numbers
from foedus.worlds.sources import source_hash

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import numpy.typing as npt

    from foedus.cases.record import Record
    from foedus.cases.scenario import Scenario
    from foedus.model.quantities import Prior

    Floats = npt.NDArray[np.float64]
    Integers = npt.NDArray[np.int64]
ROUNDS = 400  # worlds that are simulated for each particle
SETTLING = 100  # rounds at the posterior itself, at least
KEPT = ("trail", "numbers", "luck")  # what a stage holds beside its populations
APART = 25  # rounds between two samples of the same particles, which the posterior pools
FEWEST = 40  # particles of a population
ISLANDS = 4  # populations for each value of the repair constant
SHIPPED = 1_800  # draws in a posterior file, if there are so many


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
    draws: int = CALIBRATION_DRAWS,
    seed: int = CALIBRATION_SEED,
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
        What is on record; cut it with :meth:`~foedus.Record.until` for an earlier date.
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
