"""Records in lanes: one named tuple for each of many worlds, side by side in a flat buffer.

A lane is the place of one world in a batch. A record (State, Signals, ...) of all worlds of a batch
lies field after field: ``buffer[field * stride + lane]``. :func:`load` and :func:`store` move one
world's record out and in, whatever fields it has, so that a new field changes neither them nor the
kernel; ``compiled.py`` gives both a form that vectorises.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

LANES = 256  # worlds of a batch: a member's records in all of them fit in the first-level cache
STRIDE = LANES + 8  # from field to field; a power of two would put all fields into few cache sets


def load(record: Any, buffer: npt.NDArray[np.float64], lane: int, stride: int) -> Any:
    """Return the record of one lane; ``record`` is its class."""
    return record(*buffer[lane::stride].tolist())


def first_times(first: Any, happened: Any, month: float) -> Any:
    """Return in which month each event first happened, once one more month has passed.

    Parameters
    ----------
    first
        The months so far, from 1; 0 for an event that has not happened yet.
    happened
        1 for each event that happened this month, else 0.
    month
        Number of this month, from 1.
    """
    pairs = zip(first, happened, strict=True)
    return type(first)(*(month if at == 0.0 and now > 0.0 else at for at, now in pairs))


def store(buffer: npt.NDArray[np.float64], lane: int, stride: int, record: Any) -> None:
    """Write a record into its lane."""
    buffer[lane::stride] = record
