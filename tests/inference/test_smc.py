"""The sampler against posteriors that are known exactly."""

from __future__ import annotations

from math import log, pi, sqrt
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from foedus.inference import smc
from foedus.worlds import kernel
from foedus.worlds.engines import compiled_kernel

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]
    Integers = npt.NDArray[np.int64]

SEEDS = tuple(range(1, 25))
NUMBERS, BLOCKS, SIZE = 12, 5, 250


def luck_of(luck: Integers) -> Floats:
    """A uniform number for each world's luck."""
    out = np.empty((1, luck.size))
    compiled_kernel().design_uniforms(5, 6, luck, np.zeros(1, int), np.zeros(1, int), out)
    uniform: Floats = out[0]
    return uniform


def score(numbers: Floats, luck: Integers, which: Integers) -> Floats:
    """The sum of two numbers is observed to be 1.1 (+- .05), and an event of chance x to happen."""
    del which
    happened = luck_of(luck[0]) < numbers[1]
    near = -0.5 * ((numbers[0] + numbers[2] - 1.1) / 0.05) ** 2
    total: Floats = near + np.where(happened, log(0.98), log(0.02))
    return total


def sampled(rounds: int = 160) -> tuple[smc.Population, ...]:
    loops = compiled_kernel()
    found = smc.drawn(score, NUMBERS, BLOCKS, SIZE, SEEDS, loops)
    for _ in range(rounds):
        found = smc.advanced(found, score, SEEDS, loops)
    return found


@pytest.fixture(scope="module")
def populations() -> tuple[smc.Population, ...]:
    return sampled()


def close(populations: tuple[smc.Population, ...], values: Any, expected: float) -> None:
    """The mean over populations is as expected, within five of its standard errors."""
    means = np.array([float(np.mean(values(p.numbers))) for p in populations])
    assert abs(means.mean() - expected) < 5 * means.std(ddof=1) / sqrt(means.size)


def test_all_populations_reach_the_posterior(populations: tuple[smc.Population, ...]) -> None:
    assert {p.power for p in populations} == {1.0}
    assert all(p.rounds == 161 for p in populations)


def test_moments_are_those_of_the_exact_posterior(populations: tuple[smc.Population, ...]) -> None:
    grid = np.linspace(-1, 1, 20_001)  # the sum minus one has a triangular prior
    density = np.exp(-0.5 * ((grid - 0.1) / 0.05) ** 2) * (1 - np.abs(grid))
    mean = float((grid * density).sum() / density.sum())
    variance = float(((grid - mean) ** 2 * density).sum() / density.sum())
    close(populations, lambda x: x[0] + x[2] - 1, mean)
    close(populations, lambda x: (x[0] + x[2] - 1 - mean) ** 2, variance)
    close(populations, lambda x: x[1], (0.98 / 3 + 0.02 * (1 / 2 - 1 / 3)) / 0.5)


def test_numbers_that_nothing_tells_about_stay_at_their_prior(
    populations: tuple[smc.Population, ...],
) -> None:
    for row in range(3, NUMBERS):
        close(populations, lambda x, row=row: x[row], 0.5)
        close(populations, lambda x, row=row: (x[row] - 0.5) ** 2, 1 / 12)


def test_the_evidence_is_the_mean_likelihood_over_the_prior(
    populations: tuple[smc.Population, ...],
) -> None:
    found = np.exp([p.log_evidence for p in populations])
    exact = 0.05 * sqrt(2 * pi) * 0.9 * 0.5
    assert abs(found.mean() - exact) < 4 * found.std(ddof=1) / sqrt(found.size)


def test_luck_agrees_with_what_was_observed(populations: tuple[smc.Population, ...]) -> None:
    shares = [float(np.mean(luck_of(p.luck[0]) < p.numbers[1])) for p in populations]
    expected = 0.98 * 0.5 / (0.98 * 0.5 + 0.02 * 0.5)
    assert np.mean(shares) == pytest.approx(expected, abs=0.02)


def test_every_particle_keeps_its_own_score_through_resampling_and_moves() -> None:
    loops = compiled_kernel()
    found = smc.drawn(score, NUMBERS, BLOCKS, 60, SEEDS[:2], loops)
    for _ in range(12):
        found = smc.advanced(found, score, SEEDS[:2], loops)
        for k, population in enumerate(found):
            again = score(population.numbers, population.luck, np.full(60, k))
            assert np.array_equal(again, population.score)
    assert max(population.power for population in found) > 0.0


def test_numbers_stay_between_0_and_1(populations: tuple[smc.Population, ...]) -> None:
    assert all(((p.numbers >= 0) & (p.numbers <= 1)).all() for p in populations)


def test_the_same_seeds_give_the_same_particles_plain_or_compiled() -> None:
    one = smc.drawn(score, NUMBERS, BLOCKS, 20, SEEDS[:2], compiled_kernel())
    other = smc.drawn(score, NUMBERS, BLOCKS, 20, SEEDS[:2], kernel)
    for _ in range(6):
        one = smc.advanced(one, score, SEEDS[:2], compiled_kernel())
        other = smc.advanced(other, score, SEEDS[:2], kernel)
    for a, b in zip(one, other, strict=True):
        assert np.array_equal(a.numbers, b.numbers)
        assert np.array_equal(a.luck, b.luck)
        assert a.log_evidence == b.log_evidence


@given(st.lists(st.floats(0.0, 1.0), min_size=1, max_size=50).filter(lambda w: max(w) > 1e-6))
def test_the_effective_size_lies_between_one_and_all(weights: list[float]) -> None:
    size = smc.effective(np.array(weights))
    assert 1 - 1e-9 <= size <= len(weights) + 1e-9


def test_populations_that_lie_apart_have_few_effective_draws() -> None:
    rng = np.random.default_rng(1)
    same = [rng.normal(0, 1, 500) for _ in range(8)]
    apart = [values + shift for values, shift in zip(same, rng.normal(0, 1, 8), strict=True)]
    assert smc.effective_size(same) > 1_000
    assert smc.effective_size(apart) < 50
