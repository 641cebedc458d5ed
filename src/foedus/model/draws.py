"""Random numbers by address: a pure function of (seed, run, month, member, purpose).

Philox4x32-10 (Salmon, Moraes, Dror and Shaw 2011, SC '11) is keyed by the seed and counts
(run, month, member, block). There is no generator whose state moves on, so a number depends on
nothing but its address: not on the order of runs, the number of workers, or what another scenario
does. Two scenarios therefore share their luck, that is, their random numbers, wherever they do not
differ (common random numbers).
"""

from typing import NamedTuple
from zlib import crc32

from foedus.model.elementary import normal_quantile, number

WORD = 0xFFFFFFFF  # the 32 bits of a word
OPENING = 0  # month number under which lasting differences between worlds are drawn
ALL_MEMBERS = 0  # address of the luck that all members share
DESIGN = WORD  # month number under which parameters are drawn; no simulation lasts so long

_MULTIPLIER_0 = 0xD2511F53
_MULTIPLIER_1 = 0xCD9E8D57
_WEYL_0 = 0x9E3779B9
_WEYL_1 = 0xBB67AE85
_ROUNDS = 10


class Draws(NamedTuple):
    """The luck of one member in one month: one random number for each purpose.

    A number is drawn by the place of its field. New fields are therefore added at the end only:
    those before them keep their numbers.
    """

    trust: float  # standard normal
    crisis: float  # uniform on (0, 1), as are those that follow
    answer: float
    attend: float
    consent: float
    pay: float
    settle: float
    freeze: float
    thaw: float
    exit: float
    suspend: float
    expel: float
    disposition: float  # standard normal; drawn once, in the opening month
    government: float
    successor: float  # standard normal
    clash: float  # the same for both sides of a dispute
    together: float  # the same for all members, as is shared
    shared: float


def philox(c0: int, c1: int, c2: int, c3: int, k0: int, k1: int) -> tuple[int, int, int, int]:
    """Philox4x32-10: four counter words and two key words to four 32-bit words.

    Written so that 64-bit wrap-around and unbounded integers give the same result.
    """
    c0, c1, c2, c3, k0, k1 = c0 & WORD, c1 & WORD, c2 & WORD, c3 & WORD, k0 & WORD, k1 & WORD
    for _ in range(_ROUNDS):
        p0 = _MULTIPLIER_0 * c0
        p1 = _MULTIPLIER_1 * c2
        c0 = ((p1 >> 32) & WORD) ^ c1 ^ k0
        c2 = ((p0 >> 32) & WORD) ^ c3 ^ k1
        c1 = p1 & WORD
        c3 = p0 & WORD
        k0 = (k0 + _WEYL_0) & WORD
        k1 = (k1 + _WEYL_1) & WORD
    return c0, c1, c2, c3


def uniform(word: int) -> float:
    """Map a 32-bit word to the open interval (0, 1): (word + 1/2) / 2**32."""
    return (number(word) + 0.5) * 2.3283064365386963e-10


def draw(seed_low: int, seed_high: int, run: int, month: int, member: int, pair: int) -> Draws:
    """Draw the luck of one member in one month of one run.

    Some of it is common: the two sides of a dispute share the luck of fighting, and all members
    share that of a common cause.

    Parameters
    ----------
    seed_low, seed_high
        The two 32-bit words of the seed, see :func:`seed_words`.
    run
        Number of the world, 0 to 2**32 - 1.
    month
        Months since the start, from 1; 0 is :data:`OPENING`.
    member
        Stable number of the member, see :func:`address`.
    pair
        That of its dispute with another member, see :func:`pair_address`; 0 if it has none.
    """
    a0, a1, a2, a3 = philox(run, month, member, 0, seed_low, seed_high)
    b0, b1, b2, b3 = philox(run, month, member, 1, seed_low, seed_high)
    c0, c1, c2, c3 = philox(run, month, member, 2, seed_low, seed_high)
    d0, d1, d2, _ = philox(run, month, member, 3, seed_low, seed_high)
    e0, _, _, _ = philox(run, month, pair, 4, seed_low, seed_high)
    f0, f1, _, _ = philox(run, month, ALL_MEMBERS, 5, seed_low, seed_high)
    return Draws(
        normal_quantile(uniform(a0)),
        uniform(a1),
        uniform(a2),
        uniform(a3),
        uniform(b0),
        uniform(b1),
        uniform(b2),
        uniform(b3),
        uniform(c0),
        uniform(c1),
        uniform(c2),
        uniform(c3),
        normal_quantile(uniform(d0)),
        uniform(d1),
        normal_quantile(uniform(d2)),
        uniform(e0),
        uniform(f0),
        uniform(f1),
    )


def seed_words(seed: int) -> tuple[int, int]:
    """Split a seed of 0 to 2**64 - 1 into its low and high 32-bit words."""
    if not 0 <= seed < 2**64:
        message = f"The seed {seed} is not a whole number from 0 to 2**64 - 1; choose another."
        raise ValueError(message)
    return seed & WORD, seed >> 32


def address(code: str) -> int:
    """Return the stable number of a member: its code of up to four letters read as bytes.

    It does not depend on the other members, so adding one leaves everybody's luck as it was.
    """
    return int.from_bytes(code.encode("ascii"), "big") & WORD


def pair_address(one: str, other: str) -> int:
    """Return the stable number of a dispute between two members, whichever is named first.

    It does not exceed 32 bits, so that a float holds it exactly.
    """
    return crc32("-".join(sorted((one, other))).encode())


def design_uniform(seed: int, run: int, owner: int, label: int) -> float:
    """Uniform number that decides one parameter (or one member's number) in one run.

    Parameters
    ----------
    seed, run
        As in :func:`draw`.
    owner
        0 for a parameter of the model, else the :func:`address` of the member.
    label
        Stable 32-bit number of the parameter.
    """
    low, high = seed_words(seed)
    return uniform(philox(run, DESIGN, owner, label, low, high)[0])
