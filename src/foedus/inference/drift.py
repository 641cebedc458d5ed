"""Test of the likelihood with particles that start from the truth.

The truth of a synthetic record, its numbers and its luck, is a draw from the posterior of that
record (:mod:`foedus.inference.coverage` makes such records). Moves that leave the posterior as it
is therefore leave the truth's distribution as it is, however slowly they mix: averaged over many
records, nothing that is measured on particles that start at the truth may drift away from it. Where
something does, the likelihood is not that of the worlds that the records were made of. A study of
coverage cannot tell such a fault from a sampler that does not mix; this test can, and it is far
cheaper. The argument is that of Geweke 2004 (Journal of the American Statistical Association
99:799-804).
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from foedus.defaults import CALIBRATION_SEED
from foedus.inference import smc
from foedus.inference.coverage import Synthetic, synthetic, world_seed
from foedus.inference.likelihood import Likelihood, placed
from foedus.worlds.buffers import LANES
from foedus.worlds.engines import compiled_kernel

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    from foedus.cases.record import Record

    Floats = npt.NDArray[np.float64]
    Integers = npt.NDArray[np.int64]

STREAM = 3  # stream of the random numbers that the reference is made of, see smc.uniforms
FIRST = 2**20  # round from which the moves are counted: no luck they propose is that of a record
SCORE = "log-likelihood"  # its name among the rows


@dataclass(frozen=True)
class Drift:
    """How far particles have moved from the truth that they started from.

    Attributes
    ----------
    names
        Names of the numbers that calibration draws.
    numbers
        Mean over the particles minus the truth, both as shares of the prior's probability: shape
        (record, number).
    score
        The same of the log-likelihood: shape (record,).
    """

    names: tuple[str, ...]
    numbers: Floats
    score: Floats

    def rows(self) -> Iterator[dict[str, Any]]:
        """Yield a row for the log-likelihood and for each number: mean over records and its error.

        ``errors`` is the mean in units of its error, which is standard normal without drift.
        """
        moved = np.column_stack([self.score, self.numbers])
        for name, column in zip((SCORE, *self.names), moved.T, strict=True):
            mean, error = float(column.mean()), float(column.std(ddof=1) / np.sqrt(column.size))
            yield {
                "number": name,
                "drift": mean,
                "error": error,
                "errors": mean / error if error > 0.0 else 0.0,
            }


def drift(
    record: Record,
    *,
    records: int = 200,
    rounds: int = 100,
    size: int = LANES,
    seed: int = CALIBRATION_SEED,
    workers: int = 1,
) -> Drift:
    """Move particles that start from the truth of synthetic records.

    Parameters
    ----------
    record
        The real record, whose dates and errors the synthetic ones have; its earlier records too.
    records
        Number of synthetic records.
    rounds
        Moves of each particle.
    size
        Particles for each record.
    workers
        Number of threads; the results do not depend on it.
    """
    made = synthetic(record, records, seed)
    with ThreadPoolExecutor(workers, thread_name_prefix="foedus") as pool:
        found = list(pool.map(lambda k: _moved(made, k, rounds, size, seed), range(records)))
    return Drift(
        made.names, np.array([one for one, _ in found]), np.array([score for _, score in found])
    )


def _moved(made: Synthetic, k: int, rounds: int, size: int, seed: int) -> tuple[Floats, float]:
    """Move particles from the truth of a record; return how far numbers and score went."""
    likelihood, loops = Likelihood(made.records[k], world_seed(seed), 1), compiled_kernel()

    def score(numbers: Floats, luck: Integers, which: Integers) -> Floats:
        anchors = np.full(which.size, made.anchors[k])
        return likelihood.score(placed(likelihood.wanted, numbers, anchors), luck)

    try:
        truth = _at_truth(made, k, size, likelihood.blocks, seed)
        first = truth._replace(score=score(truth.numbers, truth.luck, np.zeros(size, np.int64)))
        population = first
        for _ in range(rounds):
            # "rested" stays at 1, so that the reference stays independent of the particles.
            still = population._replace(rested=1)
            (population,) = smc.advanced([still], score, [seed + k], loops)
    finally:
        likelihood.close()
    moved = population.numbers.mean(axis=1) - made.numbers[:, k]
    return moved, float((population.score - first.score).mean())


def _at_truth(made: Synthetic, k: int, size: int, blocks: int, seed: int) -> smc.Population:
    """Return particles that all have the numbers and the luck of the world of a record."""
    numbers = np.repeat(made.numbers[:, k : k + 1], size, axis=1)
    luck = np.full((blocks, size), k, dtype=np.int64)
    reference = smc.uniforms(seed, STREAM, k, len(numbers), size, compiled_kernel())
    return smc.Population(numbers, luck, np.zeros(size), 1.0, 0.0, FIRST, 1.0, 0.0, 1, reference)
