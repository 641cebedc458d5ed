"""What is noted of a world: its events by month, and a fingerprint of every bit of its states.

A fingerprint is a 64-bit hash of every bit of a world's parameters and states: two engines that
give the same fingerprint simulated the same world. The functions are pure functions of numbers,
like the rules, and are compiled together with them.
"""

from __future__ import annotations

from functools import cache
from hashlib import sha256
from typing import TYPE_CHECKING, Annotated, NamedTuple, get_type_hints

from foedus.model.draws import WORD
from foedus.model.elementary import bits, whole, wrapped
from foedus.model.records import EXPELLED, IN, NOTICE, WITHDRAWN, is_member

if TYPE_CHECKING:
    from foedus.model.records import Drivers, State


class Note(NamedTuple):
    """What an event is, and whether it is good for the alliance.

    Attributes
    ----------
    meaning
        In words that follow the member's name.
    better
        1 if it holds the alliance together, -1 if it pulls it apart, 0 if neither.
    """

    meaning: str
    better: int


class Events(NamedTuple):
    """What happened to one member in one month: 1 for each event that happened, else 0.

    The annotation of a field is a :class:`Note`: what it means, and whether it is good.
    """

    missed_summit: Annotated[float, Note("missed a summit", better=-1)]
    refused_documents: Annotated[
        float, Note("did not let the documents of a summit pass", better=-1)
    ]
    unpaid_dues: Annotated[float, Note("left a year's dues unpaid", better=-1)]
    freeze: Annotated[float, Note("froze its participation", better=-1)]
    thaw: Annotated[float, Note("ended a freeze", better=1)]
    return_to_summit: Annotated[
        float, Note("attended a summit after having missed the last one", better=1)
    ]
    suspension: Annotated[float, Note("lost its vote", better=-1)]
    notice: Annotated[float, Note("gave notice of withdrawal", better=-1)]
    withdrawal: Annotated[float, Note("left, its notice having run out", better=-1)]
    expulsion: Annotated[float, Note("was expelled", better=-1)]
    new_government: Annotated[float, Note("got a new government", better=0)]


@cache
def event_notes() -> dict[str, Note]:
    """Return what is noted of each event, by its name."""
    hints = get_type_hints(Events, include_extras=True)
    return {name: hints[name].__metadata__[0] for name in Events._fields}


def happened(before: State, after: State, drivers: Drivers) -> Events:
    """Return the events of one member's month.

    Parameters
    ----------
    before, after
        The member at the end of last month and of this month.
    drivers
        What the scenario imposes on it this month.
    """
    was, stayed = is_member(before), is_member(after)
    summit = drivers.summit * stayed
    unpaid = was if after.arrears > before.arrears else 0.0
    notice = 1.0 if before.membership == IN and NOTICE <= after.membership <= WITHDRAWN else 0.0
    withdrawal = was if after.membership == WITHDRAWN else 0.0
    expulsion = was if after.membership == EXPELLED else 0.0
    new_government = was if after.tenure <= 0.0 else 0.0
    return Events(
        missed_summit=summit * (1.0 - after.attended),
        refused_documents=summit * (1.0 - after.consented),
        unpaid_dues=unpaid,
        freeze=was * (1.0 - before.frozen) * after.frozen,
        thaw=was * before.frozen * (1.0 - after.frozen),
        return_to_summit=summit * (1.0 - before.attended) * after.attended,
        suspension=was * (1.0 - before.suspended) * after.suspended,
        notice=notice,
        withdrawal=withdrawal,
        expulsion=expulsion,
        new_government=new_government,
    )


# ---------------------------------------------------------------------------------------------
# Fingerprint


FIRST = 0x6C62272E07BB0142  # start of every fingerprint; any odd 63-bit number would do


def absorbed(fingerprint: int, x: float, key: int) -> int:
    """Add one number of a record to a fingerprint.

    The 64 bits of the number are combined with the key (exclusive or); the product of the two
    halves of the outcome is added. The sum of such products is the universal hash NH (Black,
    Halevi, Krawczyk, Krovetz and Rogaway 1999, CRYPTO '99): two records that differ anywhere have
    the same sum in one case of 2**32.

    Parameters
    ----------
    fingerprint
        The fingerprint so far.
    x
        The number to add.
    key
        Key of its field, see :func:`key`.
    """
    keyed = bits(x) ^ key
    return wrapped(fingerprint + (keyed & WORD) * ((keyed >> 32) & WORD))


def stirred(fingerprint: int) -> int:
    """Mix the bits of a fingerprint after all numbers of a record were added.

    :func:`absorbed` only adds, and a sum does not depend on the order of its terms. With this step
    after each record, the fingerprint depends on the order of the records (members and months).
    """
    return wrapped((fingerprint ^ ((fingerprint >> 32) & WORD)) * 0x5851F42D4C957F2D)


@cache
def key(name: str) -> int:
    """Return the key of a field for :func:`absorbed`: 64 bits of its name's SHA-256, signed.

    It depends on the field's name only, so that a field may take another place in its record.
    """
    return int.from_bytes(sha256(name.encode()).digest()[:8], "little", signed=True)


# ---------------------------------------------------------------------------------------------
# Exact statistics


def counted(x: float, unit: float) -> int:
    """Return a number in whole units, so that sums over worlds do not depend on their order.

    Parameters
    ----------
    unit
        Units per 1.
    """
    return whole(x * unit)


def bin_of(x: float, bins: int) -> int:
    """Bin of a share in a histogram of equal bins from 0 to 1: the one whose middle is nearest."""
    return min(max(whole(x * bins - 0.5), 0), bins - 1)
