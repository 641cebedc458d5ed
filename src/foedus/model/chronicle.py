"""What is noted of a world: its events by month, and a fingerprint of every bit of its states.

Pure functions of numbers like the rules, and compiled with them.
"""

from __future__ import annotations

from functools import cache
from hashlib import sha256
from typing import TYPE_CHECKING, Annotated, NamedTuple

from foedus.model.draws import WORD
from foedus.model.elementary import bits, whole, wrapped
from foedus.model.records import EXPELLED, IN, NOTICE, WITHDRAWN, is_member

if TYPE_CHECKING:
    from foedus.model.records import Drivers, State


class Events(NamedTuple):
    """What an analyst notes of a member's month: 1 where it happened, else 0."""

    missed_summit: Annotated[float, "missed a summit"]
    refused_documents: Annotated[float, "did not let the documents of a summit pass"]
    unpaid_dues: Annotated[float, "left a year's dues unpaid"]
    freeze: Annotated[float, "froze its participation"]
    thaw: Annotated[float, "ended a freeze"]
    return_to_summit: Annotated[float, "attended a summit after having missed the last one"]
    suspension: Annotated[float, "lost its vote"]
    notice: Annotated[float, "gave notice of withdrawal"]
    withdrawal: Annotated[float, "left, its notice having run out"]
    expulsion: Annotated[float, "was expelled"]


def happened(before: State, after: State, drivers: Drivers) -> Events:
    """Events of one member's month, from its states at the end of the last and of this month."""
    was, stayed = is_member(before), is_member(after)
    summit = drivers.summit * stayed
    return Events(
        missed_summit=summit * (1.0 - after.attended),
        refused_documents=summit * (1.0 - after.consented),
        unpaid_dues=was if after.arrears > before.arrears else 0.0,
        freeze=was * (1.0 - before.frozen) * after.frozen,
        thaw=was * before.frozen * (1.0 - after.frozen),
        return_to_summit=summit * (1.0 - before.attended) * after.attended,
        suspension=was * (1.0 - before.suspended) * after.suspended,
        notice=1.0 if before.membership == IN and NOTICE <= after.membership <= WITHDRAWN else 0.0,
        withdrawal=was if after.membership == WITHDRAWN else 0.0,
        expulsion=was if after.membership == EXPELLED else 0.0,
    )


# ---------------------------------------------------------------------------------------------
# Fingerprint


FIRST = 0x6C62272E07BB0142  # any odd 63-bit start does


def absorbed(fingerprint: int, x: float, key: int) -> int:
    """Add one number to a fingerprint: the product of the two halves of its keyed bits.

    The sum of such products is the universal hash NH (Black, Halevi, Krawczyk, Krovetz and Rogaway
    1999, CRYPTO '99): two records that differ anywhere meet in one case of 2**32.
    """
    keyed = bits(x) ^ key
    return wrapped(fingerprint + (keyed & WORD) * ((keyed >> 32) & WORD))


def stirred(fingerprint: int) -> int:
    """Close a record, so that the order of records counts."""
    return wrapped((fingerprint ^ ((fingerprint >> 32) & WORD)) * 0x5851F42D4C957F2D)


@cache
def key(name: str) -> int:
    """Return the key of a field: 64 bits of its name's SHA-256, signed."""
    return int.from_bytes(sha256(name.encode()).digest()[:8], "little", signed=True)


# ---------------------------------------------------------------------------------------------
# Exact statistics


def counted(x: float, unit: float) -> int:
    """Return a number in whole units, so that sums over worlds do not depend on their order."""
    return whole(x * unit)


def bin_of(x: float, bins: int) -> int:
    """Bin of a share in a histogram of equal bins from 0 to 1: the one whose middle is nearest."""
    return min(max(whole(x * bins - 0.5), 0), bins - 1)
