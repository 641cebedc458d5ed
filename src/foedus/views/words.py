"""Words for probabilities, always with the number beside them.

The scale is that of the United States intelligence community (Intelligence Community Directive 203,
Analytic Standards, 2015, section D.6.e.2.a), which analysts know; its ranges meet at their bounds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Upper bound of each range and its word.
SCALE: tuple[tuple[float, str], ...] = (
    (0.05, "almost no chance"),
    (0.20, "very unlikely"),
    (0.45, "unlikely"),
    (0.55, "roughly even chance"),
    (0.80, "likely"),
    (0.95, "very likely"),
    (1.00, "almost certain"),
)


def in_words(probability: float) -> str:
    """Return the word for a probability; a bound belongs to the range below it."""
    return next(word for bound, word in SCALE if probability <= bound)


def ranges() -> Iterator[tuple[str, float, float]]:
    """Yield each word with the bounds of its range."""
    low = 0.0
    for high, word in SCALE:
        yield word, low, high
        low = high


def scale_line() -> str:
    """Say which word stands for which range."""
    parts = [f"{word} {100 * low:.0f} to {100 * high:.0f} %" for word, low, high in ranges()]
    return f"Words for probabilities (ICD 203): {', '.join(parts)}."
