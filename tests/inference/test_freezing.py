"""Draws held against how often members of other alliances froze."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from foedus.cases.months import parse_month
from foedus.cases.record import Record, load_record
from foedus.inference import freezing
from foedus.inference.hindcast import prior_worlds

if TYPE_CHECKING:
    from foedus.worlds.posterior import Posterior


@pytest.fixture(scope="module")
def record() -> Record:
    return replace(load_record().until(parse_month("2018-12")), earlier=())


@pytest.fixture(scope="module")
def drawn(record: Record) -> Posterior:
    return prior_worlds(record, 120, 3, 1)


def test_a_draw_that_freezes_more_readily_has_the_higher_rate(
    record: Record, drawn: Posterior
) -> None:
    base = drawn.values["freeze_base"]
    low, high = (
        replace(drawn, values=drawn.values | {"freeze_base": base + shift}) for shift in (-3.0, 3.0)
    )
    rates = [freezing.freezing_rates(one, record, 5, 1) for one in (low, high)]
    assert rates[0].shape == (drawn.size,)
    assert (rates[0] > 0.0).all()
    assert rates[0].mean() < 0.5 * rates[1].mean()
    assert (rates[0] <= rates[1] * 1.2).mean() > 0.9


def test_draws_that_freeze_often_are_kept_more_seldom(record: Record, drawn: Posterior) -> None:
    found = freezing.weighed(drawn, record, seed=5, size=None)
    before = freezing.freezing_rates(drawn, record, 5, 1).mean()
    assert freezing.freezing_rates(found, record, 5, 1).mean() < before
    assert found.about["panel_log_evidence"] < 0.0
    kept = {float(value) for value in found.values["trust_loss"]}
    assert kept <= {float(value) for value in drawn.values["trust_loss"]}


def test_the_choice_of_draws_is_the_same_again_and_keeps_draws_whole(
    record: Record, drawn: Posterior
) -> None:
    one, other = (freezing.weighed(drawn, record, seed=5, size=60) for _ in range(2))
    assert one.fingerprint == other.fingerprint
    assert one.size == 60
    places = [
        int(np.flatnonzero(drawn.values["trust_loss"] == value)[0])
        for value in one.values["trust_loss"]
    ]
    assert np.array_equal(one.states, drawn.states[..., places])
    assert np.array_equal(one.luck, drawn.luck[:, places])
