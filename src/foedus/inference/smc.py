"""Sequential Monte Carlo: from prior to posterior in steps, for models that can be simulated.

A particle is a simulated world. It has numbers, each uniform on (0, 1) a priori, which the caller's
score function maps to their own priors; and it has luck, that is the random draws of the world, in
blocks such as a year of one member. Its score is the log-likelihood of the observations given that
world. The observations' declared error is the kernel of approximate Bayesian computation, so that
the sample is from the posterior under that error and not from an approximation to it (Wilkinson
2013, Statistical Applications in Genetics and Molecular Biology 12:129-141).

A population is a set of particles. It is led from the prior to the posterior by raising the
likelihood to powers from 0 to 1, in steps as large as its effective sample size allows, with
resampling at each step and Metropolis moves between the steps (Del Moral, Doucet and Jasra 2006,
Journal of the Royal Statistical Society B 68:411-436; 2012, Statistics and Computing 22:1009-1020).
Each move simulates a new world, as in pseudo-marginal methods. Some moves go along the difference
of two other particles (ter Braak 2006, Statistics and Computing 16:239-249).

Every random number is a function of seed, round, particle and purpose, and every sum is taken in a
fixed order. So the sample does not depend on how the simulation is spread over workers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from foedus.model.draws import seed_words

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]
    Integers = npt.NDArray[np.int64]
    Score = Callable[[Floats, Integers, Integers], Floats]

KEEP = 0.9  # least effective sample size after a step, as a share of the particles
STIR = 2.0  # moves accepted for each particle, on average, before the next step
RENEWED = 25  # rounds after which the reference, whose differences moves use, is renewed
PATIENCE = 12  # rounds after which the next step is made even with fewer accepted moves
STREAM = 0x5EED  # stream of the sampler's random numbers, see uniforms

#: Kinds of change of a particle's numbers: name, probability, and the shares of the numbers that
#: may change, of which one is drawn. One number changes in any case.
STEPS = (
    ("difference", 0.6, (0.1, 0.3, 1.0)),
    ("near", 0.25, (0.05, 0.2, 0.5)),
    ("fresh", 0.15, (0.0, 0.05)),
)
TELLING = 12  # numbers that observations constrain, roughly: the step is scaled for no more
NEAR = (0.03, 0.1)  # sizes of the steps of kind "near"
#: What a move does to the luck: name and probability. A block is one year of one member. "keep"
#: leaves all blocks; "only" changes one or some of them and leaves the numbers as they are.
LUCK = (
    ("keep", 0.6),
    ("one block", 0.1),
    ("some blocks", 0.1),
    ("all blocks", 0.02),
    ("only", 0.18),
)


class Population(NamedTuple):
    """A set of particles on its way from the prior to the posterior.

    Attributes
    ----------
    numbers
        Shape (number, particle), each in (0, 1).
    luck
        Shape (block, particle): the number of the world whose random draws the particle has in
        each block, such as a year of one member.
    score
        Shape (particle,): log-likelihood.
    power
        The particles are a sample of prior times likelihood to this power: 0 is the prior, 1 the
        posterior.
    log_evidence
        Estimate of the logarithm of the prior mean of the likelihood to that power; at power 1 it
        is the log-evidence.
    rounds
        Rounds done, each with one world simulated for each particle.
    accepted
        Share of moves accepted in the last round.
    stirred
        Moves accepted for each particle since the last step, on average.
    rested
        Rounds since the last step.
    reference
        The numbers as they were some rounds ago. Moves go along differences of its columns: those
        of the present population would depend on where the moving particle is.
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
    reference: Floats

    @property
    def size(self) -> int:
        """Number of particles."""
        return self.score.size


def drawn(
    score: Score, numbers: int, blocks: int, size: int, seeds: Sequence[int], loops: Any
) -> tuple[Population, ...]:
    """Draw populations from the prior, one for each seed.

    Parameters
    ----------
    score
        Function that returns the log-likelihood of particles, shape (particle,), from their numbers
        (number, particle), their luck (block, particle) and the index of each one's population
        (particle,).
    numbers, blocks, size
        Count of numbers and of blocks of luck of a particle, and of particles of a population.
    loops
        The kernel's functions, plain or compiled.
    """
    places = [uniforms(seed, STREAM, 0, numbers, size, loops) for seed in seeds]
    lucks = [np.tile(np.arange(size) + k * size, (blocks, 1)) for k in range(len(seeds))]
    scores = _scored(score, places, lucks)
    return tuple(
        Population(numbers, luck, found, 0.0, 0.0, 1, 1.0, STIR, 0, numbers)
        for numbers, luck, found in zip(places, lucks, scores, strict=True)
    )


def advanced(
    populations: Sequence[Population], score: Score, seeds: Sequence[int], loops: Any
) -> tuple[Population, ...]:
    """Do one round: step the populations that are ready towards the posterior, and move all.

    A population is ready when enough moves were accepted since its last step (:data:`STIR`), or
    after enough rounds (:data:`PATIENCE`).

    Parameters
    ----------
    populations, seeds
        As :func:`drawn` or this function returned them, with the seeds they were drawn with.
    score, loops
        As for :func:`drawn`.
    """
    moves = [
        _proposal(population, seed, k, len(populations), loops)
        for k, (population, seed) in enumerate(zip(populations, seeds, strict=True))
    ]
    scores = _scored(score, [move.numbers for move in moves], [move.luck for move in moves])
    return tuple(_settled(move, found, loops) for move, found in zip(moves, scores, strict=True))


def _scored(score: Score, numbers: Sequence[Floats], lucks: Sequence[Integers]) -> Sequence[Floats]:
    """Score the particles of all populations in one call; return the scores by population."""
    sizes = [found.shape[1] for found in numbers]
    which = np.repeat(np.arange(len(sizes)), sizes)
    found = score(np.concatenate(numbers, axis=1), np.concatenate(lucks, axis=1), which)
    return np.split(found, np.cumsum(sizes)[:-1])


def effective(weights: Floats) -> float:
    """Effective sample size of weights: (sum w)^2 / sum w^2."""
    return float(_total(weights) ** 2 / _total(weights * weights))


def effective_size(draws: Sequence[Floats]) -> float:
    """Effective number of draws, estimated from the spread of independent populations' means.

    Parameters
    ----------
    draws
        Values of one number in each population: shape (particle,) each.

    Returns
    -------
    float
        At most the number of draws; exactly that for a single population.

    Notes
    -----
    It is the variance of a draw divided by the variance of the overall mean, which is estimated
    from the spread of the populations' means. With few populations it is rough.
    """
    means = np.array([float(values.mean()) for values in draws])
    total = float(sum(values.size for values in draws))
    error = float(means.var(ddof=1)) / means.size if means.size > 1 else 0.0
    pooled = float(np.concatenate(draws).var())
    return total if error == 0.0 else min(total, pooled / error)


# ---------------------------------------------------------------------------------------------


def _nearer(population: Population, uniform: float, loops: Any) -> Population:
    """Raise the power as far as :data:`KEEP` allows, and resample (systematically).

    ``uniform`` is the one random number in [0, 1) that the resampling needs.
    """
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
    """Largest rise of the power that keeps the effective sample size, found by bisection."""
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
    """Importance weights of a rise of the power by ``step``.

    Returns the weights, scaled so that the largest is 1, and the logarithm of the scale.
    """
    shift = step * float(score.max())
    weights = np.empty_like(score)
    loops.exponentials(step * score - shift, weights)
    return weights, shift


class _Move(NamedTuple):
    """The numbers and luck that a round proposes to the particles of a population."""

    population: Population
    numbers: Floats
    luck: Integers
    uniforms: Floats  # random numbers that decide on acceptance, shape (particle,)


def _proposal(population: Population, seed: int, part: int, parts: int, loops: Any) -> _Move:
    """Step a population towards the posterior if it is ready, and propose a move of each particle.

    ``part`` is the index of the population among ``parts``; with it the worlds whose luck is
    proposed have numbers that no other particle or round uses.
    """
    count, size = population.numbers.shape
    blocks = population.luck.shape[0]
    luck_of_round = uniforms(seed, STREAM, population.rounds, 2 * count + blocks + 11, size, loops)
    ready = population.stirred >= STIR or population.rested >= PATIENCE
    if population.power < 1.0 and ready:
        population = _nearer(population, float(luck_of_round[-1, 0]), loops)
    if population.rested % RENEWED == 0:
        population = population._replace(reference=population.numbers)
    each, each_block, whole = np.split(luck_of_round[:-1], [2 * count, -10])
    kind = _choice(whole[9], LUCK)
    new = ((population.rounds * parts + part) * size + np.arange(size)) % 2**32
    luck = _other_luck(population.luck, new, kind, each_block, whole[8])
    moved = _proposed(population.numbers, population.reference, each, whole)
    numbers = np.where(kind == "only", population.numbers, moved)
    return _Move(population, numbers, luck, whole[7])


def _settled(move: _Move, proposed: Floats, loops: Any) -> Population:
    """Accept or refuse each move by the Metropolis rule, which leaves the target unchanged.

    The target is the prior times the likelihood to the present power; ``proposed`` holds the scores
    of the proposed particles.
    """
    population = move.population
    chance = np.empty(population.size)
    gain = population.power * (proposed - population.score)
    loops.exponentials(np.minimum(0.0, gain), chance)
    accepted = move.uniforms < chance
    share = float(np.mean(accepted))
    return population._replace(
        numbers=np.where(accepted, move.numbers, population.numbers),
        luck=np.where(accepted, move.luck, population.luck),
        score=np.where(accepted, proposed, population.score),
        rounds=population.rounds + 1,
        accepted=share,
        stirred=population.stirred + share,
        rested=population.rested + 1,
    )


def _proposed(numbers: Floats, reference: Floats, each: Floats, whole: Floats) -> Floats:
    """Propose new numbers: some of each particle's numbers, by one of the kinds in :data:`STEPS`.

    The proposal is symmetric, so that the Metropolis rule needs no correction.

    Parameters
    ----------
    numbers, reference
        Shape (number, particle), see :class:`Population`.
    each
        Uniform random numbers for each number: shape (2 x number, particle).
    whole
        Uniform random numbers for each particle as a whole: shape (purpose, particle).
    """
    count, size = numbers.shape
    step = _choice(whole[6], STEPS)
    shares = {name: np.array(options) for name, _, options in STEPS}
    share = np.select(
        [step == name for name in shares],
        [options[(whole[0] * options.size).astype(int)] for options in shares.values()],
    )
    chosen = each[:count] < share
    chosen[(whole[1] * count).astype(int), np.arange(size)] = True
    one, other = ((whole[row] * size).astype(int) for row in (2, 3))
    scale = 2.38 / np.sqrt(2.0 * np.minimum(chosen.sum(axis=0), TELLING)) * (0.25 + 0.75 * whole[4])
    jitter = 1e-4 * (each[count:] - 0.5)
    along = numbers + scale * (reference[:, one] - reference[:, other]) + jitter
    near = np.array(NEAR)[(whole[5] * len(NEAR)).astype(int)]
    about = np.abs(numbers + near * 2.0 * (each[count:] - 0.5))
    changed = np.select(
        [step == "difference", step == "near"],
        # The interval's ends are joined (modulo 1): reflecting some numbers of a joint step at the
        # ends would make the proposal asymmetric.
        [along % 1.0, np.where(about > 1.0, 2.0 - about, about)],
        each[count:],
    )
    return np.where(chosen, changed, numbers)


def _other_luck(luck: Integers, new: Integers, kind: Any, each: Floats, one: Floats) -> Integers:
    """Propose new luck: some blocks of each particle get the draws of a world not used before.

    Parameters
    ----------
    luck
        Shape (block, particle).
    new
        Number of a new world for each particle.
    kind
        Name from :data:`LUCK` for each particle.
    each, one
        Uniform random numbers that choose some blocks, shape (block, particle), and a single block,
        shape (particle,).
    """
    blocks = luck.shape[0]
    single = np.arange(blocks)[:, None] == (one * blocks).astype(int)
    some = each < 0.1
    changed = (
        (single & ((kind == "one block") | (kind == "only")))
        | (some & ((kind == "some blocks") | (kind == "only")))
        | (kind == "all blocks")
    )
    return np.where(changed, new, luck)


def _choice(uniform: Floats, options: Sequence[tuple[Any, ...]]) -> Any:
    """Return the name of an option for each uniform number.

    Each option begins with its name and its probability; these sum to 1.
    """
    edges = np.cumsum([option[1] for option in options])
    names = np.array([option[0] for option in options])
    return names[np.minimum(np.searchsorted(edges, uniform, side="right"), len(options) - 1)]


def uniforms(seed: int, stream: int, turn: int, rows: int, size: int, loops: Any) -> Floats:
    """Return uniform random numbers on (0, 1): shape (rows, size).

    Each depends on seed, stream, turn, row and column only, and not on how many others are asked
    for.

    Parameters
    ----------
    stream
        Number of the use that is made of them; the worlds themselves have stream 0.
    turn
        Number of the round.
    loops
        The kernel's functions, plain or compiled.
    """
    low, high = seed_words(seed)
    out = np.empty((rows, size))
    loops.design_uniforms(
        low, high ^ stream, np.arange(size), np.full(rows, turn), np.arange(rows), out
    )
    return out


def _total(values: Floats) -> float:
    """Sum of values in their order, which gives the same bits on any machine."""
    return float(np.cumsum(values)[-1]) if values.size else 0.0
