"""A hundred worlds that stand for all are in proportion, whatever the worlds are."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import xarray as xr
from hypothesis import assume, example, given
from hypothesis import strategies as st

from foedus.model.cohesion import END_STATES
from foedus.model.records import STANDINGS
from foedus.outcomes.hundred import (
    AWAY,
    GONE,
    HUNDRED,
    TAKING_PART,
    apportioned,
    chosen,
    hundred,
)

SIZES = st.lists(st.integers(0, 5_000), min_size=1, max_size=6).filter(lambda sizes: sum(sizes) > 0)
FATES = (
    st.integers(1, 8)
    .flatmap(
        lambda clients: st.lists(
            st.lists(
                st.sampled_from([GONE, AWAY, TAKING_PART]), min_size=clients, max_size=clients
            ),
            min_size=1,
            max_size=60,
        )
    )
    .map(np.array)
)


@given(SIZES, st.integers(1, 100))
def test_seats_add_up_and_none_is_off_by_one_or_more(sizes: list[int], seats: int) -> None:
    found = apportioned(sizes, seats, kept=(0, len(sizes) - 1))
    shares = np.array(sizes) * seats / sum(sizes)
    assert found.sum() == seats
    assert (abs(found - shares) < 1.0).all()
    assert not found[np.array(sizes) == 0].any()


@given(SIZES, st.integers(1, 100))
def test_seats_are_the_rounded_shares_where_these_add_up(sizes: list[int], seats: int) -> None:
    rounded = np.rint(np.array(sizes) * seats / sum(sizes))
    assume(rounded.sum() == seats)
    assert (apportioned(sizes, seats) == rounded).all()


@given(SIZES, st.integers(1, 100))
def test_without_groups_to_keep_seats_go_by_largest_remainders(
    sizes: list[int], seats: int
) -> None:
    shares = np.array(sizes) * seats / sum(sizes)
    remainders = shares - np.floor(shares)
    given_one = apportioned(sizes, seats) > np.floor(shares)
    assume(given_one.any() and not given_one.all())
    assert remainders[given_one].min() >= remainders[~given_one].max() - 1e-9


@given(st.tuples(*[st.integers(1, 5_000)] * 5))
@example((264, 274, 94, 364, 4))
def test_best_and_worst_keep_the_share_that_a_finding_tells(sizes: tuple[int, ...]) -> None:
    shares = np.array(sizes) * HUNDRED / sum(sizes)
    rounded = np.rint(shares)
    lacking = HUNDRED - rounded.sum()
    could_give_way = ((shares - rounded)[1:-1] * np.sign(lacking) > 0).sum()
    assume(could_give_way >= abs(lacking))
    found = apportioned(sizes, HUNDRED, kept=(0, 4))
    assert (found[[0, 4]] == rounded[[0, 4]]).all()


@given(FATES, st.data())
def test_every_pattern_is_in_proportion(fates: Any, data: st.DataObject) -> None:
    number = data.draw(st.integers(0, len(fates)))
    found = chosen(fates, number)
    assert found.shape == (number, fates.shape[1])
    for pattern in np.unique(fates, axis=0):
        share = (fates == pattern).all(axis=1).sum() * number / len(fates)
        assert abs((found == pattern).all(axis=1).sum() - share) < 1.0


@given(FATES, st.data())
def test_the_order_of_the_worlds_does_not_matter(fates: Any, data: st.DataObject) -> None:
    number = data.draw(st.integers(0, len(fates)))
    order = data.draw(st.permutations(range(len(fates))))
    assert (chosen(fates, number) == chosen(fates[order], number)).all()


@given(FATES)
def test_worlds_in_which_fewest_take_part_come_first(fates: Any) -> None:
    taking = (chosen(fates, len(fates)) == TAKING_PART).sum(axis=1)
    assert (np.diff(taking) >= 0).all()


def worlds(runs: int, members: int = 5) -> xr.Dataset:
    """Worlds of any kind: some members out, some frozen."""
    luck = np.random.default_rng(runs)
    standing = luck.choice(
        len(STANDINGS), (members, runs), p=[0.6, 0.1, 0.1, 0.05, 0.05, 0.05, 0.05]
    )
    takes_part = (standing < STANDINGS.index("frozen")) & (luck.random((members, runs)) < 0.9)
    dims = ("scenario", "member", "run")
    return xr.Dataset(
        {
            "end_state": (
                ("scenario", "run"),
                luck.choice(4, (1, runs), p=[0.3, 0.004, 0.3, 0.396]),
            ),
            "standing": (dims, standing[None]),
            "takes_part": (dims, takes_part[None].astype(int)),
        },
        {"scenario": ["mine"]},
    )


@pytest.mark.parametrize("runs", [1, 7, 99, 100, 101, 2_000])
def test_a_hundred_worlds_or_all_if_there_are_fewer(runs: int) -> None:
    found = hundred(worlds(runs), "mine")
    assert tuple(found) == END_STATES
    assert sum(len(group.chosen) for group in found.values()) == min(runs, HUNDRED)
    assert sum(group.share for group in found.values()) == pytest.approx(1.0)
    assert len(found["restored"].chosen) == 0


def test_all_worlds_are_shown_as_they_are_where_there_are_a_hundred() -> None:
    data = worlds(HUNDRED)
    drawn = np.concatenate([group.chosen for group in hundred(data, "mine").values()])
    takes_part = data["takes_part"].sel(scenario="mine").sum("run").values
    assert ((drawn == TAKING_PART).sum(axis=0) == takes_part).all()
    gone = (data["standing"].sel(scenario="mine") >= STANDINGS.index("withdrawn")).sum("run").values
    assert ((drawn == GONE).sum(axis=0) == gone).all()


def test_members_are_in_proportion_too() -> None:
    data = worlds(5_000)
    drawn = np.concatenate([group.chosen for group in hundred(data, "mine").values()])
    takes_part = 100.0 * data["takes_part"].sel(scenario="mine").mean("run").values
    assert abs((drawn == TAKING_PART).sum(axis=0) - takes_part).max() <= 4.0
