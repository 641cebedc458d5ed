"""How long a moved lever takes to a redrawn fan: ``python benchmarks/redraw.py``.

The widget with 2,000 worlds, fifteen moves; printed with the time that the figure alone takes.
"""

from __future__ import annotations

import statistics
import time

import foedus
from foedus.sliders import RUNS


def main() -> None:
    """Move a lever again and again and print the median."""
    shown = foedus.widget("baseline")
    slider = shown.sliders["pressure.ARM"]
    taken = []
    for step in range(15):
        started = time.perf_counter()
        slider.value = 0.05 * (step + 1)
        taken.append(time.perf_counter() - started)
    print(
        f"{RUNS:,} worlds redrawn: median {statistics.median(taken):.2f} s, "
        f"slowest {max(taken):.2f} s of {len(taken)} moves"
    )


if __name__ == "__main__":
    main()
