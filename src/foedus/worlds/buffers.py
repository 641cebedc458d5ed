"""Records in lanes: one named tuple for each of many worlds, side by side in a flat buffer.

A record (State, Signals, ...) of all worlds of a batch lies field after field:
``buffer[field * stride + lane]``. :func:`load` and :func:`store` move one world's record out and
in, whatever fields it has; ``compiled.py`` gives both a form that vectorises. Nothing else knows
how a record is laid out, so a new field touches neither them nor the kernel.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

LANES = 256  # worlds abreast: a member's records in all of them stay in the first-level cache
STRIDE = LANES + 8  # from field to field; a power of two would put all fields into few cache sets


def load(record: Any, buffer: npt.NDArray[np.float64], lane: int, stride: int) -> Any:
    """Return the record of one lane; ``record`` is its class."""
    return record(*buffer[lane::stride].tolist())


def first_times(first: Any, happened: Any, month: float) -> Any:
    """Return a record of first months (0: never yet) with those of what happened this month."""
    pairs = zip(first, happened, strict=True)
    return type(first)(*(month if at == 0.0 and now > 0.0 else at for at, now in pairs))


def store(buffer: npt.NDArray[np.float64], lane: int, stride: int, record: Any) -> None:
    """Put a record into its lane."""
    buffer[lane::stride] = record
