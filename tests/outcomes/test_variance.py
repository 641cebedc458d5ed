"""What is not known against what is luck: known shares are found again."""

from __future__ import annotations

import numpy as np
import pytest

from foedus.cases.scenario_reader import load_scenario
from foedus.ensembles import ensemble
from foedus.outcomes.variance import crossed, split, splits
from foedus.worlds.engines import compiled_kernel
from foedus.worlds.openings import PRIOR, Crossed, as_design


def values(share: float, sets: int, each: int, seed: int) -> np.ndarray:
    """Worlds whose numbers make up a known share of the variance, set by set."""
    random = np.random.default_rng(seed)
    of_set = random.normal(0.0, np.sqrt(share), sets)
    return np.tile(of_set, each) + random.normal(0.0, np.sqrt(1.0 - share), sets * each)


@pytest.mark.parametrize("share", [0.05, 0.3, 0.8])
def test_a_known_share_is_found_again(share: float) -> None:
    found = split(values(share, 2_000, 10, 3), 2_000)
    assert found is not None
    assert found.from_numbers.value == pytest.approx(share, abs=0.03)
    assert found.from_numbers.low <= share <= found.from_numbers.high


def test_intervals_of_the_share_hold_what_they_say() -> None:
    times, inside, of_events = 1_500, 0, 0
    random = np.random.default_rng(8)
    for seed in range(times):
        found = split(values(0.4, 200, 8, seed), 200)
        assert found is not None
        inside += found.from_numbers.low <= 0.4 <= found.from_numbers.high
        chances = random.choice([0.2, 0.6], 200)  # variance .04 between, .2 x .8 and .6 x .4 within
        found = split((random.random((8, 200)) < chances).ravel(), 200)
        assert found is not None
        of_events += found.from_numbers.low <= 0.04 / 0.24 <= found.from_numbers.high
    assert 0.93 <= inside / times <= 0.97
    assert 0.93 <= of_events / times <= 0.97


def test_all_luck_and_no_luck() -> None:
    luck = split(np.random.default_rng(1).normal(size=20_000), 2_000)
    assert luck is not None
    assert luck.from_numbers.value < 0.02
    numbers = split(np.tile(np.arange(50.0), 20), 50)
    assert numbers is not None
    assert numbers.from_numbers.value == pytest.approx(1.0)


def test_spread_that_hangs_on_one_set_of_numbers_is_not_split() -> None:
    rare = np.zeros(400)
    rare[7] = 1.0
    assert split(rare, 40) is None


def test_missing_worlds_are_left_out_and_too_few_are_not_split() -> None:
    some = values(0.5, 400, 10, 9)
    some[::7] = np.nan
    found = split(some, 400)
    assert found is not None
    assert found.from_numbers.value == pytest.approx(0.5, abs=0.08)
    assert split(np.arange(10.0), 8) is None
    assert split(np.ones(100), 10) is None
    assert split(np.arange(10.0), 1) is None


def test_crossed_worlds_share_numbers_set_by_set_and_not_their_luck() -> None:
    scenario = load_scenario("baseline", horizon=12)
    design, runs = Crossed(PRIOR, 5), np.arange(20)
    loops = compiled_kernel()
    loss = design.parameter(scenario, 1, runs, "trust_loss", loops)
    assert isinstance(loss, np.ndarray)
    assert np.array_equal(loss[:5], loss[5:10])
    assert len(set(loss[:5].tolist())) == 5
    made = ensemble.run([scenario], design, 20).parts[0]
    assert len(set(made.table["fingerprint"].tolist())) == 20


def test_worlds_with_numbers_of_their_own_are_simulated_again_in_sets() -> None:
    scenario = load_scenario("baseline", horizon=12)
    drawn = ensemble.run([scenario], "prior", 40)
    again = crossed(drawn, 30, 4)
    assert (again.runs, again.design.sets) == (120, 30)
    assert "cohesion" in splits(again.parts[0], 30)["alliance"]
    posterior = ensemble.run([scenario], None, 40)
    assert crossed(posterior) is posterior
    assert as_design(None, [scenario]).sets == 1_800
