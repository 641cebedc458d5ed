"""Scores and simple forecasters against hand calculation."""

from __future__ import annotations

from math import erf, exp, log, pi, sqrt

import numpy as np
import pytest

from foedus.cases.record import Observation
from foedus.inference import scores
from foedus.inference.scores import Normal


def known(*points: tuple[int, float]) -> list[Observation]:
    return [Observation("trust", "ARM", m, v, 0.05, "s", "", scored=True) for m, v in points]


def test_scores_are_those_of_the_textbook() -> None:
    assert scores.brier(0.8, 1.0) == pytest.approx(0.04)
    assert scores.log_score(0.8, 1.0) == pytest.approx(-log(0.8))
    z = (0.6 - 0.5) / 0.1
    cdf, pdf = 0.5 * (1 + erf(z / sqrt(2))), exp(-z * z / 2) / sqrt(2 * pi)
    exact = 0.1 * (z * (2 * cdf - 1) + 2 * pdf - 1 / sqrt(pi))
    assert scores.crps_of_normal(0.6, Normal(0.5, 0.1)) == pytest.approx(exact)
    sample = np.random.default_rng(1).normal(0.5, 0.1, 20_000)
    assert scores.crps_of_sample(0.6, sample) == pytest.approx(exact, abs=2e-3)


def test_persistence_is_clipped_and_falls_back_to_what_was_before() -> None:
    assert scores.persistence(known((1, 1.0), (2, 0.0)), 1.0) == 0.02
    assert scores.persistence([], 1.0) == 0.98


def test_the_base_rate_is_laplaces() -> None:
    assert scores.base_rate(known((1, 1.0), (2, 1.0), (3, 0.0))) == pytest.approx(3 / 5)
    assert scores.base_rate([]) == 0.5


def test_the_linear_trend_goes_on_along_a_line_and_widens() -> None:
    line = known((0, 0.9), (12, 0.8), (24, 0.7), (36, 0.6))
    near, far = scores.linear_trend(line, 48), scores.linear_trend(line, 96)
    assert near.mean == pytest.approx(0.5)
    assert far.mean == pytest.approx(0.1)
    assert far.sd > near.sd > 0.05


def test_the_refusal_rule_learns_its_constant_from_past_refusals() -> None:
    points = known((0, 0.9), (12, 0.9), (24, 0.7), (36, 0.5))
    assert scores.refusal_rule(points, [18, 30], 1.0).mean == pytest.approx(0.3)
    assert scores.refusal_rule(points, [18, 30], 0.0).mean == pytest.approx(0.5)
    assert scores.refusal_rule(points, [], 1.0).mean == pytest.approx(0.5)


def test_the_interval_of_a_mean_is_by_whole_origins() -> None:
    low, high = scores.interval([[0.1, 0.1], [0.3, 0.3], [0.2, 0.2]])
    assert 0.1 <= low < 0.2 < high <= 0.3
    assert np.isnan(scores.interval([[0.1, 0.2]])[0])
