from __future__ import annotations

import math
from string import ascii_uppercase

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from conftest import NORMAL
from foedus.model import draws

WORDS = st.integers(0, 2**32 - 1)

# Known-answer vectors published with Random123 (philox4x32, 10 rounds): counter, key, output.
VECTORS = [
    ((0, 0, 0, 0), (0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
    (
        (0xFFFFFFFF,) * 4,
        (0xFFFFFFFF,) * 2,
        (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD),
    ),
    (
        (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
        (0xA4093822, 0x299F31D0),
        (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
    ),
]


@pytest.mark.parametrize(("counter", "key", "output"), VECTORS)
def test_philox_gives_the_published_vectors(
    counter: tuple[int, int, int, int], key: tuple[int, int], output: tuple[int, ...]
) -> None:
    assert draws.philox(*counter, *key) == output


def test_purposes_are_append_only() -> None:
    """The place of a field is its address: reordering would change every world ever published."""
    assert draws.Draws._fields[:18] == (
        "trust",
        "crisis",
        "answer",
        "attend",
        "consent",
        "pay",
        "settle",
        "freeze",
        "thaw",
        "exit",
        "suspend",
        "expel",
        "disposition",
        "government",
        "successor",
        "clash",
        "together",
        "shared",
    )


@given(WORDS, WORDS, WORDS, WORDS, WORDS, WORDS)
def test_a_draw_is_a_function_of_its_address_alone(
    low: int, high: int, run: int, month: int, member: int, pair: int
) -> None:
    first = draws.draw(low, high, run, month, member, pair)
    draws.draw(low, high, run ^ 1, month, member, pair)
    assert draws.draw(low, high, run, month, member, pair) == first
    for name, value in first._asdict().items():
        assert abs(value) < 6.5 if name in NORMAL else 0.0 < value < 1.0, name


@given(WORDS, WORDS, WORDS, WORDS, WORDS, WORDS)
def test_every_part_of_the_address_matters(
    low: int, high: int, run: int, month: int, member: int, pair: int
) -> None:
    here = draws.draw(low, high, run, month, member, pair)
    for address in (
        (low ^ 1, high, run, month, member, pair),
        (low, high ^ 1, run, month, member, pair),
        (low, high, run ^ 1, month, member, pair),
        (low, high, run, month ^ 1, member, pair),
    ):
        there = draws.draw(*address)
        assert all(a != b for a, b in zip(here, there, strict=True)), "no purpose stands still"


@given(WORDS, WORDS, WORDS, WORDS, WORDS, WORDS)
def test_the_luck_of_fighting_is_the_pairs_that_of_a_common_cause_everybodys_the_rest_ones_own(
    low: int, high: int, run: int, month: int, member: int, pair: int
) -> None:
    here = draws.draw(low, high, run, month, member, pair)
    other = draws.draw(low, high, run, month, member ^ 1, pair)
    same = {n for n, a, b in zip(here._fields, here, other, strict=True) if a == b}
    assert same == {"clash", "together", "shared"}
    elsewhere = draws.draw(low, high, run, month, member, pair ^ 1)
    moved = {n for n, a, b in zip(here._fields, here, elsewhere, strict=True) if a != b}
    assert moved == {"clash"}


CODES = st.text(ascii_uppercase, min_size=2, max_size=4)


@given(CODES, CODES)
def test_a_dispute_has_one_number_whichever_side_is_named_first(one: str, other: str) -> None:
    assume(one != other)
    number = draws.pair_address(one, other)
    assert number == draws.pair_address(other, one)
    assert 0 < number <= draws.WORD
    assert int(float(number)) == number


def test_draws_have_the_stated_distributions() -> None:
    sample = [draws.draw(7, 0, run, month, 65, 66) for run in range(60) for month in range(60)]
    n = len(sample)
    for field, values in zip(draws.Draws._fields, zip(*sample, strict=True), strict=True):
        mean = sum(values) / n
        variance = sum((value - mean) ** 2 for value in values) / (n - 1)
        centre, spread = (0.0, 1.0) if field in NORMAL else (0.5, 1 / 12)
        assert abs(mean - centre) < 5 * math.sqrt(spread / n), field
        assert abs(variance - spread) < 0.1 * spread, field


def test_purposes_are_independent_of_each_other() -> None:
    sample = [draws.draw(7, 0, run, 3, 65, 66) for run in range(3000)]
    columns = list(zip(*sample, strict=True))
    centred = [[v - sum(column) / len(column) for v in column] for column in columns]
    for i, one in enumerate(centred):
        for other in centred[:i]:
            top = sum(a * b for a, b in zip(one, other, strict=True))
            base = math.sqrt(sum(a * a for a in one) * sum(b * b for b in other))
            assert abs(top / base) < 5 / math.sqrt(3000)


def test_members_have_stable_and_distinct_addresses() -> None:
    codes = ["ARM", "BLR", "KAZ", "KGZ", "TJK", "AB", "ABCD"]
    assert len({draws.address(code) for code in codes}) == len(codes)
    assert draws.address("ARM") == 0x41524D


@pytest.mark.parametrize("seed", [-1, 2**64])
def test_a_seed_out_of_range_is_refused_with_a_sentence(seed: int) -> None:
    with pytest.raises(ValueError, match="not a whole number from 0 to"):
        draws.seed_words(seed)


def test_zero_is_a_seed_like_any_other() -> None:
    assert draws.seed_words(0) == (0, 0)
    assert draws.seed_words(2**64 - 1) == (draws.WORD, draws.WORD)


def test_design_draws_do_not_touch_the_luck_of_the_months() -> None:
    here = draws.design_uniform(5, 3, 0, 99)
    assert draws.design_uniform(5, 3, 0, 99) == here
    assert draws.design_uniform(5, 4, 0, 99) != here
    assert draws.design_uniform(5, 3, 1, 99) != here
    assert draws.design_uniform(5, 3, 0, 98) != here
