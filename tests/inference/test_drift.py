"""The likelihood against the worlds that synthetic records are made of, whatever the sampler does.

Particles that start from the truth may not drift from it on average. With a wrong term they do.
"""

from __future__ import annotations

from dataclasses import replace
from math import log
from typing import TYPE_CHECKING

import numpy as np
import pytest

from foedus.cases.months import parse_month
from foedus.cases.record import load_record
from foedus.inference import likelihood
from foedus.inference.coverage import synthetic, world_seed
from foedus.inference.drift import SCORE, drift
from foedus.inference.likelihood import Likelihood

if TYPE_CHECKING:
    from foedus.cases.record import Record

SEED = 2018


@pytest.fixture(scope="module")
def early() -> Record:
    return replace(load_record(), earlier=()).until(parse_month("2020-12"))


def errors(record: Record) -> dict[str, float]:
    """Drift of the log-likelihood and of each number, in units of its error."""
    found = drift(record, records=60, rounds=8, seed=SEED, workers=2)
    return {row["number"]: row["errors"] for row in found.rows()}


def test_nothing_drifts_from_the_truth(early: Record) -> None:
    found = errors(early)
    assert abs(found[SCORE]) < 3.0
    assert max(map(abs, found.values())) < 4.0


def test_a_wrong_term_of_the_likelihood_shows(
    early: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(likelihood, "log", lambda chance: 0.5 * log(chance))  # events count half
    assert errors(early)[SCORE] < -4.0


def test_the_true_luck_gives_the_world_that_made_the_record(early: Record) -> None:
    made = synthetic(early, 12, SEED)
    away: list[float] = []
    for k, record in enumerate(made.records):
        of_record = Likelihood(record, world_seed(SEED), 1)
        values = {name: row[k : k + 1] for name, row in made.values.items()}
        true = of_record.along(values, np.full((of_record.blocks, 1), k))[:, 0]
        of_record.close()
        wrong = [i.value != t for i, t in zip(record.fitted, true, strict=True) if i.is_event]
        assert np.mean(wrong) < 0.2
        away += [
            (i.value - float(t)) / i.error
            for i, t in zip(record.fitted, true, strict=True)
            if not i.is_event and not i.house
        ]
    assert 0.6 < np.mean(np.square(away)) < 1.4
