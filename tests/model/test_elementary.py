from __future__ import annotations

import math

import mpmath
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from foedus.model import elementary

mpmath.mp.prec = 160


def ulps(computed: float, exact: mpmath.mpf) -> float:
    return float(abs(mpmath.mpf(computed) - exact) / mpmath.mpf(math.ulp(float(exact))))


@given(st.floats(-700.0, 709.0))
@example(0.0)
@example(-0.34657359027997264)
@example(0.34657359027997264)
def test_exp_is_within_two_units_in_the_last_place(x: float) -> None:
    assert ulps(elementary.exp(x), mpmath.exp(x)) <= 2.0


@pytest.mark.parametrize(("x", "value"), [(0.0, 1.0), (-1e308, 0.0), (710.0, math.inf)])
def test_exp_is_exact_at_zero_and_saturates_far_out(x: float, value: float) -> None:
    assert elementary.exp(x) == value


@given(st.floats(1e-300, 1e300))
@example(1.0)
@example(math.nextafter(1.0, 0.0))
@example(0.7071067811865476)
def test_log_is_within_three_units_in_the_last_place(x: float) -> None:
    if x == 1.0:
        assert elementary.log(x) == 0.0
    else:
        assert ulps(elementary.log(x), mpmath.log(x)) <= 3.0


@given(st.floats(-600.0, 600.0))
def test_logistic_is_accurate_and_complementary(x: float) -> None:
    assert ulps(elementary.logistic(x), 1 / (1 + mpmath.exp(-mpmath.mpf(x)))) <= 4.0
    assert elementary.logistic(x) + elementary.logistic(-x) == pytest.approx(1.0, abs=1e-15)


@given(st.floats(-40.0, 40.0), st.floats(-40.0, 40.0))
def test_logistic_rises(x: float, y: float) -> None:
    low, high = sorted((x, y))
    assert elementary.logistic(low) <= elementary.logistic(high) + 1e-16


@given(st.integers(0, 2**32 - 1))
@example(0)
@example(2**32 - 1)
def test_normal_quantile_inverts_the_normal_distribution(word: int) -> None:
    u = (word + 0.5) / 2**32
    x = elementary.normal_quantile(u)
    probability = mpmath.ncdf(x)
    slope = mpmath.npdf(x)
    assert abs(float((probability - mpmath.mpf(u)) / slope)) <= 4e-15 * max(1.0, abs(x))


def test_normal_quantile_is_symmetric() -> None:
    for word in (0, 1, 12345, 2**31 - 1):
        u = (word + 0.5) / 2**32
        assert elementary.normal_quantile(u) == -elementary.normal_quantile(1.0 - u)


@given(st.floats(1e-300, 1e300))
def test_split_and_scale_are_exact_inverses(x: float) -> None:
    mantissa, power = elementary.split(x)
    assert 0.5 <= mantissa < 1.0
    assert elementary.scale(mantissa, power) == x


@given(st.floats(allow_nan=False))
def test_bits_and_wrapping_are_those_of_the_machine(x: float) -> None:
    word = int(np.float64(x).view(np.int64))
    assert elementary.bits(x) == word
    with np.errstate(over="ignore"):
        assert elementary.wrapped(word * 3) == int(np.int64(word) * np.int64(3))


@given(st.floats(-(2.0**50), 2.0**50))
def test_whole_numbers_are_the_nearest_with_halves_to_even(x: float) -> None:
    assert elementary.whole(x) == int(np.rint(x))


def test_bits_are_pinned() -> None:
    """The same bits on every machine: these were computed once and must never change."""
    assert elementary.exp(1.0).hex() == "0x1.5bf0a8b14576ap+1"
    assert elementary.exp(-3.7).hex() == PINNED["exp(-3.7)"]
    assert elementary.log(0.1).hex() == PINNED["log(0.1)"]
    assert elementary.logistic(0.3).hex() == PINNED["logistic(0.3)"]
    assert elementary.normal_quantile(0.001).hex() == PINNED["normal_quantile(0.001)"]


PINNED = {
    "exp(-3.7)": "0x1.9511fc6871044p-6",
    "log(0.1)": "-0x1.26bb1bbb55515p+1",
    "logistic(0.3)": "0x1.261d545e46a8bp-1",
    "normal_quantile(0.001)": "-0x1.8b8cbb7204471p+1",
}
