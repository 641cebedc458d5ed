"""Sequential Monte Carlo for models that can be simulated: from the prior to the posterior in steps.

A particle is a simulated world: its numbers, each uniform on (0, 1) a priori and mapped to its own
prior by whoever simulates, and the luck of each of its years. Its score is the log-likelihood of
what was observed given that world; the observation's declared error is the kernel of approximate
Bayesian computation, so that the sample is from the posterior under that error and not from an
approximation to it (Wilkinson 2013, Statistical Applications in Genetics and Molecular Biology
12:129-141). The population is led from the prior to the posterior by raising the likelihood to
powers from 0 to 1, as fast as its effective size allows, with resampling and a Metropolis move at
each (Del Moral, Doucet and Jasra 2006, Journal of the Royal Statistical Society B 68:411-436; 2012,
Statistics and Computing 22:1009-1020). Moves simulate a new world, as in pseudo-marginal methods.

Every random number is a function of (seed, round, particle, purpose), and no sum depends on how the
simulation is spread over workers, so the sample does not either.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from foedus.draws import seed_words

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]
    Integers = npt.NDArray[np.int64]
    Score = Callable[[Floats, Integers], Floats]

KEEP = 0.7  # share of the effective size that one step towards the posterior may leave
STIR = 1.0  # moves accepted for each particle, on average, before the next step
PATIENCE = 12  # rounds after which the next step is made all the same
STREAM = 0x5EED  # tells this module's random numbers from the worlds'

#: How a move changes the numbers that it has chosen, and with what chance it does so.
STEPS = (("difference", 0.4), ("fresh", 0.3), ("near", 0.3))
CHOSEN = (0.0, 0.02, 0.05, 0.15)  # shares of the numbers that a move changes, beside one
NEAR = (0.02, 0.06, 0.2)  # sizes of a near step
#: What a move does to the luck: a block is one year of one member.
LUCK = (("keep", 0.5), ("one block", 0.2), ("some blocks", 0.2), ("all blocks", 0.02), ("only", 0.08))


class Population(NamedTuple):
    """Particles and how far they have come.

    Attributes
    ----------
    numbers
        Shape (number, particle), each in (0, 1).
    luck
        Shape (block, particle): the world whose luck the particle has in each block, such as a
        year of one member.
    score
        Shape (particle,): log-likelihood.
    power
        Power of the likelihood that they are a sample of, 0 (prior) to 1 (posterior).
    log_evidence
        Log of the mean of the likelihood to that power over the prior, as far as it has come.
    rounds
        Worlds simulated for each particle.
    accepted
        Share of moves accepted in the last round.
    stirred
        Moves accepted for each particle since the last step, on average.
    rested
        Rounds since the last step.
    """

    numbers: Floats
    luck: Integers
    score: Floats
    power: float
    log_evidence: float
    rounds: int
    accepted: float
    stirred: float
    rested: int

    @property
    def size(self) -> int:
        """How many particles."""
        return self.score.size


def drawn(score: Score, numbers: int, blocks: int, size: int, seed: int, loops: Any) -> Population:
    """Return a population from the prior.

    Parameters
    ----------
    score
        Log-likelihood of particles from their numbers (number, particle) and luck (block, particle).
    numbers, blocks, size
        How many numbers and blocks of luck a particle has, and how many particles there are.
    loops
        The kernel's functions, plain or compiled.
    """
    places = _uniforms(seed, 0, numbers, size, loops)
    luck = np.tile(np.arange(size), (blocks, 1))
    return Population(places, luck, score(places, luck), 0.0, 0.0, 1, 1.0, STIR, 0)


def advanced(population: Population, score: Score, seed: int, loops: Any) -> Population:
    """Return the population one round on: nearer to the posterior if it is not there, and moved."""
    count, size = population.numbers.shape
    blocks = population.luck.shape[0]
    uniforms = _uniforms(seed, population.rounds, 2 * count + blocks + 11, size, loops)
    ready = population.stirred >= STIR or population.rested >= PATIENCE
    if population.power < 1.0 and ready:
        population = _nearer(population, float(uniforms[-1, 0]), loops)
    return _moved(population, score, uniforms[:-1], loops)


def effective(weights: Floats) -> float:
    """Effective sample size of weights: (sum w)^2 / sum w^2."""
    return float(_total(weights) ** 2 / _total(weights * weights))


def distinct(population: Population) -> float:
    """Effective number of particles, copies of one counted once: n^2 / sum of copies^2."""
    rows = np.concatenate([population.numbers, population.luck]).T
    _, copies = np.unique(rows, axis=0, return_counts=True)
    return effective(copies.astype(float))


# ---------------------------------------------------------------------------------------------


def _nearer(population: Population, uniform: float, loops: Any) -> Population:
    """Raise the power as far as the effective size allows, and resample."""
    step = _step(population, loops)
    weights, shift = _weights(population.score, step, loops)
    power = 1.0 if step >= 1.0 - population.power else population.power + step
    places = np.searchsorted(
        np.cumsum(weights) / _total(weights),
        (np.arange(population.size) + uniform) / population.size,
    )
    places = np.minimum(places, population.size - 1)
    mean = _total(weights) / population.size
    return population._replace(
        numbers=population.numbers[:, places],
        luck=population.luck[:, places],
        score=population.score[places],
        power=power,
        stirred=0.0,
        rested=0,
        log_evidence=population.log_evidence + shift + float(np.log(mean)),
    )


def _step(population: Population, loops: Any) -> float:
    """Largest rise of the power that leaves the wanted share of the effective size."""
    low, high = 0.0, 1.0 - population.power
    wanted = KEEP * population.size
    if effective(_weights(population.score, high, loops)[0]) >= wanted:
        return high
    for _ in range(50):
        middle = 0.5 * (low + high)
        enough = effective(_weights(population.score, middle, loops)[0]) >= wanted
        low, high = (middle, high) if enough else (low, middle)
    return low


def _weights(score: Floats, step: float, loops: Any) -> tuple[Floats, float]:
    """Weights of a rise of the power, the largest 1, and the log of what they were divided by."""
    shift = step * float(score.max())
    weights = np.empty_like(score)
    loops.exponentials(step * score - shift, weights)
    return weights, shift


def _moved(population: Population, score: Score, uniforms: Floats, loops: Any) -> Population:
    """Move every particle once by a Metropolis step that leaves the present target as it is."""
    count, size = population.numbers.shape
    each, blocks, whole = np.split(uniforms, [2 * count, -10])
    kind = _choice(whole[9], LUCK)
    luck = _other_luck(population, kind, blocks, whole[8])
    numbers = np.where(
        kind == "only", population.numbers, _proposed(population.numbers, each, whole)
    )
    proposed = score(numbers, luck)
    chance = np.empty(size)
    loops.exponentials(np.minimum(0.0, population.power * (proposed - population.score)), chance)
    accepted = whole[7] < chance
    return population._replace(
        numbers=np.where(accepted, numbers, population.numbers),
        luck=np.where(accepted, luck, population.luck),
        score=np.where(accepted, proposed, population.score),
        rounds=population.rounds + 1,
        accepted=float(np.mean(accepted)),
        stirred=population.stirred + float(np.mean(accepted)),
        rested=population.rested + 1,
    )


def _proposed(numbers: Floats, each: Floats, whole: Floats) -> Floats:
    """Change some of the numbers of each particle, symmetrically."""
    count, size = numbers.shape
    share = np.array(CHOSEN)[(whole[0] * len(CHOSEN)).astype(int)]
    chosen = each[:count] < share
    chosen[(whole[1] * count).astype(int), np.arange(size)] = True
    one, other = ((whole[row] * size).astype(int) for row in (2, 3))
    scale = np.where(whole[4] < 0.1, 1.0, 2.38 / np.sqrt(2.0 * chosen.sum(axis=0)))
    jitter = 1e-4 * (each[count:] - 0.5)
    by_step = {
        "difference": numbers + scale * (numbers[:, one] - numbers[:, other]) + jitter,
        "fresh": each[count:],
        "near": numbers
        + np.array(NEAR)[(whole[5] * len(NEAR)).astype(int)] * 2.0 * (each[count:] - 0.5),
    }
    step = _choice(whole[6], STEPS)
    changed = np.select([step == name for name in by_step], list(by_step.values()))
    folded = np.abs(changed) % 2.0  # reflected at 0 and 1
    folded = np.where(folded > 1.0, 2.0 - folded, folded)
    return np.where(chosen, folded, numbers)


def _other_luck(population: Population, kind: Any, each: Floats, one: Floats) -> Integers:
    """Give some blocks of each particle the luck of a world never used before."""
    blocks, size = population.luck.shape
    new = (population.rounds * size + np.arange(size)) % 2**32
    single = np.arange(blocks)[:, None] == (one * blocks).astype(int)
    some = each < 0.1
    changed = (
        (single & ((kind == "one block") | (kind == "only")))
        | (some & ((kind == "some blocks") | (kind == "only")))
        | (kind == "all blocks")
    )
    return np.where(changed, new, population.luck)


def _choice(uniform: Floats, options: tuple[tuple[str, float], ...]) -> Any:
    edges = np.cumsum([chance for _, chance in options])
    names = np.array([name for name, _ in options])
    return names[np.minimum(np.searchsorted(edges, uniform, side="right"), len(options) - 1)]


def _uniforms(seed: int, turn: int, rows: int, size: int, loops: Any) -> Floats:
    """Uniform numbers of one round: shape (rows, particle)."""
    low, high = seed_words(seed)
    out = np.empty((rows, size))
    loops.design_uniforms(
        low, high ^ STREAM, np.arange(size), np.full(rows, turn), np.arange(rows), out
    )
    return out


def _total(values: Floats) -> float:
    """Sum in order, the same on any machine."""
    return float(np.cumsum(values)[-1]) if values.size else 0.0
