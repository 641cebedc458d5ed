"""Elementary functions from IEEE-754 operations alone, so that every machine gives the same bits.

The C library's ``exp`` and ``log`` differ between platforms and even between processors; these use
only ``+ - * /``, ``sqrt`` and exact operations on bits, which this module defines first.
Polynomials are evaluated in Estrin's order, whose short chains of operations a processor can
overlap. Errors are bounded by tests against mpmath.
"""

from math import frexp, inf, ldexp, sqrt
from struct import pack, unpack

_LOG2_E = 1.4426950408889634
_LN2_HIGH = 0.6931471803691238  # ln 2 rounded to 33 bits, so that k * _LN2_HIGH is exact
_LN2_LOW = 1.9082149292705877e-10
_ROUND = 6755399441055744.0  # 1.5 * 2**52: adding and subtracting it rounds to an integer
_SQRT_HALF = 0.7071067811865476
_EXP_MAX = 709.782712893384
_EXP_MIN = -708.0  # below it the result would be subnormal; it is returned as zero


def split(x: float) -> tuple[float, float]:
    """Split a positive normal number exactly into a mantissa in [1/2, 1) and a power of two."""
    mantissa, power = frexp(x)
    return mantissa, float(power)


def scale(x: float, power: float) -> float:
    """Multiply a normal number by 2 to a whole power, exactly; the result must be normal too."""
    return ldexp(x, int(power))


def bits(x: float) -> int:
    """Return the 64 bits of a number as a signed whole number."""
    result: int = unpack("<q", pack("<d", x))[0]
    return result


def wrapped(x: int) -> int:
    """Reduce a whole number to a signed one of 64 bits, as the machine's arithmetic does."""
    return ((x + 0x8000000000000000) & 0xFFFFFFFFFFFFFFFF) - 0x8000000000000000


def whole(x: float) -> int:
    """Round to the nearest whole number, halves to the even one; ``abs(x)`` below 2**51."""
    return round(x)


def number(word: int) -> float:
    """Return a whole number of 32 bits as a floating-point number, exactly."""
    return float(word)


def exp(x: float) -> float:
    """Exponential function, within 2 units in the last place; 0 below -708, infinite above 709.78.

    Taylor series to degree 13 of the remainder r in x = k ln 2 + r, |r| <= ln 2 / 2.
    """
    if x > _EXP_MAX:
        return inf
    if x < _EXP_MIN:
        return 0.0
    k = (x * _LOG2_E + _ROUND) - _ROUND
    r = (x - k * _LN2_HIGH) - k * _LN2_LOW
    square = r * r
    fourth = square * square
    low = (0.5 + r * (1.0 / 6.0)) + square * (1.0 / 24.0 + r * (1.0 / 120.0))
    middle = (1.0 / 720.0 + r * (1.0 / 5040.0)) + square * (1.0 / 40320.0 + r * (1.0 / 362880.0))
    high = (1.0 / 3628800.0 + r * (1.0 / 39916800.0)) + square * (
        1.0 / 479001600.0 + r * (1.0 / 6227020800.0)
    )
    tail = low + fourth * (middle + fourth * high)
    return scale(1.0 + (r + square * tail), k)


def log(x: float) -> float:
    """Natural logarithm of a positive normal number, within 3 units in the last place.

    Series of 2 artanh(f), f = (m - 1) / (m + 1), for the mantissa m in [sqrt(1/2), sqrt(2)).
    """
    m, power = split(x)
    if m < _SQRT_HALF:
        m = m * 2.0
        power = power - 1.0
    f = (m - 1.0) / (m + 1.0)
    g = f * f
    square = g * g
    fourth = square * square
    low = (1.0 / 3.0 + g * (1.0 / 5.0)) + square * (1.0 / 7.0 + g * (1.0 / 9.0))
    middle = (1.0 / 11.0 + g * (1.0 / 13.0)) + square * (1.0 / 15.0 + g * (1.0 / 17.0))
    high = (1.0 / 19.0 + g * (1.0 / 21.0)) + square * (1.0 / 23.0)
    series = low + fourth * (middle + fourth * high)
    return power * _LN2_HIGH + (2.0 * f + (2.0 * f * g * series + power * _LN2_LOW))


def logistic(x: float) -> float:
    """Logistic function 1 / (1 + exp(-x)): log-odds to a probability."""
    odds = exp(-abs(x))
    return (1.0 if x >= 0.0 else odds) / (1.0 + odds)


def degree_seven(
    x: float,
    c0: float,
    c1: float,
    c2: float,
    c3: float,
    c4: float,
    c5: float,
    c6: float,
    c7: float,
) -> float:
    """Polynomial c0 + c1 x + ... + c7 x^7, in Estrin's order (short chains of operations)."""
    square = x * x
    low = (c0 + x * c1) + square * (c2 + x * c3)
    high = (c4 + x * c5) + square * (c6 + x * c7)
    return low + (square * square) * high


def normal_quantile(u: float) -> float:
    """Standard normal quantile of a probability strictly between 0 and 1.

    Rational approximations PPND16 of algorithm AS 241 (Wichura 1988, Applied Statistics
    37:477-484), relative error about 1e-16.
    """
    q = u - 0.5
    if -0.425 <= q <= 0.425:
        r = 0.180625 - q * q
        top = degree_seven(
            r,
            3.3871328727963666080e0,
            1.3314166789178437745e2,
            1.9715909503065514427e3,
            1.3731693765509461125e4,
            4.5921953931549871457e4,
            6.7265770927008700853e4,
            3.3430575583588128105e4,
            2.5090809287301226727e3,
        )
        base = degree_seven(
            r,
            1.0,
            4.2313330701600911252e1,
            6.8718700749205790830e2,
            5.3941960214247511077e3,
            2.1213794301586595867e4,
            3.9307895800092710610e4,
            2.8729085735721942674e4,
            5.2264952788528545610e3,
        )
        return q * top / base
    r = sqrt(-log(u if q < 0.0 else 1.0 - u))
    if r <= 5.0:
        r = r - 1.6
        top = degree_seven(
            r,
            1.42343711074968357734e0,
            4.63033784615654529590e0,
            5.76949722146069140550e0,
            3.64784832476320460504e0,
            1.27045825245236838258e0,
            2.41780725177450611770e-1,
            2.27238449892691845833e-2,
            7.74545014278341407640e-4,
        )
        base = degree_seven(
            r,
            1.0,
            2.05319162663775882187e0,
            1.67638483018380384940e0,
            6.89767334985100004550e-1,
            1.48103976427480074590e-1,
            1.51986665636164571966e-2,
            5.47593808499534494600e-4,
            1.05075007164441684324e-9,
        )
    else:
        r = r - 5.0
        top = degree_seven(
            r,
            6.65790464350110377720e0,
            5.46378491116411436990e0,
            1.78482653991729133580e0,
            2.96560571828504891230e-1,
            2.65321895265761230930e-2,
            1.24266094738807843860e-3,
            2.71155556874348757815e-5,
            2.01033439929228813265e-7,
        )
        base = degree_seven(
            r,
            1.0,
            5.99832206555887937690e-1,
            1.36929880922735805310e-1,
            1.48753612908506148525e-2,
            7.86869131145613259100e-4,
            1.84631831751005468180e-5,
            1.42151175831644588870e-7,
            2.04426310338993978564e-15,
        )
    x = top / base
    return -x if q < 0.0 else x


MONTH = 1.0 / 12.0  # in years


# ---------------------------------------------------------------------------------------------
# Small helpers


def positive(x: float) -> float:
    """Positive part of a number."""
    return max(0.0, x)


def share(x: float) -> float:
    """Cut a number to the interval from 0 to 1."""
    if x < 0.0:
        return 0.0
    return min(1.0, x)


def monthly_chance(hazard: float) -> float:
    """Chance within a month of an event with a hazard per year: 1 - exp(-hazard / 12)."""
    return 1.0 - exp(-hazard * MONTH)
