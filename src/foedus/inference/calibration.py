"""From a record to a posterior by simulating draws of the numbers.

A world is one simulated run. Its numbers are the parameters of the model and the opening values of
the members; its luck is all its random draws. A record is a list of dated observations.

The likelihood of the model cannot be written down, so worlds are simulated and each is scored by
how likely the record is given what happened in it. A survey share is normally distributed around
the share in the world, with a declared error; a series that asks another question may lie off by a
constant, which is integrated out. An event agrees with the world except for a declared chance of a
wrong coding. The crises of the record and the patron's answers to them count with the chance that
the model gave them; in the simulation they are imposed as the record's history has them, and so is
all other conduct of the patron. Of several records the log-likelihoods are summed. The repair
constant c, which no record identifies, is not inferred: each of its values is calibrated separately
and has an equal part of the draws.
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
from foedus.errors import AllianceError, ParameterError, ResultError, UnfinishedError
from foedus.inference import smc
from foedus.inference.likelihood import STRUCTURAL, Likelihood, placed, target
from foedus.inference.smc import Population
from foedus.model.specifications import specification, specifications
from foedus.worlds.engines import compiled_kernel
from foedus.worlds.files import replace_file
from foedus.worlds.posterior import Posterior, continued, opening_numbers
from foedus.worlds.sources import source_hash

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    import numpy.typing as npt

    from foedus.cases.record import Record
    from foedus.cases.scenario import Scenario
    from foedus.model.quantities import Prior

    Floats = npt.NDArray[np.float64]
    Integers = npt.NDArray[np.int64]
ROUNDS = 400  # worlds that are simulated for each particle
SETTLING = 100  # least number of rounds after the full likelihood (power 1) has been reached
KEPT = ("trail", "numbers", "luck")  # fields of a Stage, beside its populations, in a checkpoint
APART = 25  # rounds between two samples of the same particles that the posterior pools
FEWEST = 40  # least number of particles of a population
ISLANDS = 4  # populations for each value of the repair constant
SHIPPED = 1_800  # most draws in a posterior file


# ---------------------------------------------------------------------------------------------
# Calibrating


@dataclass(frozen=True)
class Stage:
    """State of a calibration after some rounds.

    Attributes
    ----------
    populations
        Groups of particles that are simulated independently of each other: several for each value
        of the repair constant, in the order of the values. Empty before the first round.
    trail
        Power of the likelihood, share of accepted moves and log-evidence of each population after
        each round: shape (round, population, 3).
    numbers, luck
        Samples that the posterior is made of: the particles of each population, pooled over some
        rounds near the end. Shapes (population, number, draw) and (population, block, draw); a
        block is a year of a member in one of the records, the main record's last.
    """

    populations: tuple[Population, ...]
    trail: Floats
    numbers: Floats
    luck: Integers

    @property
    def rounds(self) -> int:
        """Number of rounds done."""
        return len(self.trail)

    @property
    def rounds_left(self) -> int:
        """Number of rounds still to do, as far as is known now.

        There are at least :data:`ROUNDS` in all, and at least :data:`SETTLING` after all
        populations have reached the full likelihood (power 1).
        """
        settled = int((self.trail[:, :, 0] == 1.0).all(axis=1).sum())
        return max(ROUNDS - self.rounds, SETTLING - settled)

    @property
    def is_pooled(self) -> bool:
        """Whether the particles, as they are now, go into the posterior."""
        return self.rounds_left < SETTLING and self.rounds_left % APART == 0


def calibrate(
    record: Record,
    *,
    draws: int = CALIBRATION_DRAWS,
    seed: int = CALIBRATION_SEED,
    workers: int = 1,
    size: int | None = SHIPPED,
    islands: int = ISLANDS,
    model: str = "",
    fixed: Mapping[str, float] | None = None,
    prior_term: Callable[[dict[str, Floats]], Floats] | None = None,
    checkpoint: Path | None = None,
    keep: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> Posterior:
    """Draw from the posterior of the numbers and worlds of an alliance, given a record.

    Parameters
    ----------
    record
        Observations to fit, along with the earlier records that it names; cut it with
        :meth:`~foedus.cases.record.Record.until` for an earlier date.
    draws
        Approximate number of worlds to simulate.
    seed
        Seed of every draw.
    workers
        Number of threads; the posterior does not depend on it.
    size
        Largest number of posterior draws; all pooled particles if None.
    islands
        Populations for each value of the repair constant. They are independent of each other, so
        the spread of their means estimates the Monte Carlo error.
    model
        Name of the model, see :mod:`foedus.inference.structures`; it tells checkpoints apart.
    fixed
        Numbers that the model fixes instead of drawing them, by name.
    prior_term
        As for :class:`~foedus.inference.likelihood.Likelihood`.
    checkpoint
        File in which the state is saved after each round, so that the same call continues after an
        interruption. It is removed at the end.
    keep
        Whether to leave the checkpoint where it is at the end.
    progress
        Called with the number of worlds simulated and the number of all.

    Returns
    -------
    Posterior
        Equally weighted draws; each value of the repair constant has an equal part.

    Raises
    ------
    ResultError
        If ``draws`` is too small, or the checkpoint is of a calibration with other inputs.
    UnfinishedError
        If the checkpoint cannot be written.
    """
    fixed = dict(fixed or {})
    record = fixing(record, fixed)
    wanted = target(record.history)
    parts = len(wanted.structural) * islands
    count = draws // (ROUNDS * parts)
    if count < FEWEST:
        message = f"{draws} draws are too few; give at least {FEWEST * ROUNDS * parts:,}."
        raise ResultError(message)
    key = f"{model} {record.fingerprint} {draws} {seed} {islands} {source_hash()}"
    likelihood = Likelihood(record, seed, workers, prior_term)
    try:
        stage = _load_stage(checkpoint, key) or _unbegun(likelihood, parts)
        while stage.rounds_left > 0:
            stage = _on(stage, likelihood, count, islands, seed)
            if checkpoint is not None:
                _save_stage(checkpoint, key, stage)
            if progress is not None:
                progress(min(stage.rounds, ROUNDS) * count * parts, ROUNDS * count * parts)
        found = _posterior(stage, likelihood, draws, seed, size)
    finally:
        likelihood.close()
    if checkpoint is not None and not keep:
        checkpoint.unlink(missing_ok=True)
    constants = {
        name: _in_32_bits(name, np.full(found.size, value), record.history)
        for name, value in fixed.items()
    }
    about = found.about | ({"model": model} if model else {})
    return replace(found, values=found.values | constants, about=about)


def fixing(record: Record, fixed: Mapping[str, float]) -> Record:
    """Return a record whose histories fix some numbers, so that they are not drawn.

    Raises
    ------
    ParameterError
        If one is no parameter of the model, or out of its bounds.
    """
    for name, value in fixed.items():
        if reason := specification(name).refusal(value):
            message = f"A model fixes {name}: {reason}"
            raise ParameterError(message)
    history = record.history
    kept = {name: float(np.float32(value)) for name, value in fixed.items()}  # as a file keeps it
    return replace(
        record,
        history=replace(history, parameters={**history.parameters, **kept}),
        earlier=tuple(fixing(one, fixed) for one in record.earlier),
    )


def _unbegun(likelihood: Likelihood, parts: int) -> Stage:
    numbers, blocks = len(likelihood.wanted.names), likelihood.blocks
    none = np.empty((parts, blocks, 0), dtype=np.int64)
    return Stage((), np.empty((0, parts, 3)), np.empty((parts, numbers, 0)), none)


def _on(stage: Stage, likelihood: Likelihood, count: int, islands: int, seed: int) -> Stage:
    """Do one round of all populations; pool the particles where :attr:`Stage.is_pooled` says so."""
    wanted, loops = likelihood.wanted, compiled_kernel()
    anchors = np.repeat(wanted.structural, islands)
    seeds = [(seed + part) % 2**64 for part in range(anchors.size)]

    def score(numbers: Floats, luck: Integers, which: Integers) -> Floats:
        return likelihood.score(placed(wanted, numbers, anchors[which]), luck)

    if not stage.populations:
        found = smc.drawn(score, len(wanted.names), likelihood.blocks, count, seeds, loops)
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
    """Make the posterior from the pooled particles.

    Draws are taken from all populations in turn, so that any leading part of them is balanced. Each
    draw is simulated once more for the states of its members at the end of the record.
    """
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
        "earlier": [one.name for one in record.earlier],
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
    """Opening numbers that the alliance file declares for the end of the record.

    A projection from the posterior is refused where its alliance file declares others. Empty if the
    alliance has no state dated at the end of the record.
    """
    try:
        alliance = load_alliance(record.history.alliance_reference, record.end + 1)
    except AllianceError:
        return {}
    return opening_numbers(alliance) if alliance.date == record.end else {}


def _in_32_bits(name: str, values: Floats, history: Scenario) -> Floats:
    """Round draws of a number to 32-bit floats, as a posterior file keeps them, in its bounds."""
    spec = specifications().get(name) or history.alliance.numbers[name].quantity
    rounded: Floats = np.clip(values.astype(np.float32).astype(float), spec.low, spec.high)
    return rounded


def _spread_of(prior: Prior) -> float:
    """Standard deviation of a prior, from 3,000 of its quantiles."""
    values = np.array([prior.quantile((k + 0.5) / 3000) for k in range(3000)])
    return float(values.std())


def _shuffled(count: int, seed: int) -> Integers:
    """Return the integers 0 to count - 1 in a pseudo-random order that the seed decides."""
    (order,) = smc.uniforms(seed, smc.STREAM, 0, 1, count, compiled_kernel())
    return np.argsort(order, kind="stable")


# ---------------------------------------------------------------------------------------------
# Checkpoints


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
    """Read the state of an interrupted calibration from its checkpoint; None if there is none.

    Parameters
    ----------
    key
        Text made of all inputs of the calibration.

    Raises
    ------
    ResultError
        If the file was written by a calibration with another key.
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
