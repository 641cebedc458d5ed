"""How long a moved lever takes to a redrawn fan: ``python benchmarks/redraw.py``.

Fifteen moves each, with 2,000 worlds: the widget of a notebook; what the page computes and draws
between a move and its fan charts; and the page as somebody sees it, from the key that moves the
lever to the new picture, in a browser (if Playwright and a chromium are there).
"""

from __future__ import annotations

import shutil
import statistics
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import foedus
from foedus import exploration
from foedus.sliders import RUNS

if TYPE_CHECKING:
    from collections.abc import Callable

MOVES = 15
CHANGED = "than => document.querySelector('.foedus-figure img').src !== than"


def measured(what: str, move: Callable[[int], None], pause: float = 0.0) -> None:
    """Move a lever again and again and print the median."""
    taken = []
    for step in range(MOVES):
        started = time.perf_counter()
        move(step)
        taken.append(time.perf_counter() - started)
        time.sleep(pause)
    print(
        f"{what}, {RUNS:,} worlds: median {statistics.median(taken):.2f} s, "
        f"slowest {max(taken):.2f} s of {MOVES} moves"
    )


def widget() -> None:
    """The widget of a notebook."""
    slider = foedus.widget("baseline").sliders["pressure.ARM"]

    def move(step: int) -> None:
        slider.value = 0.05 * (step + 1)

    measured("widget", move)


def page() -> None:
    """What the page does between a move and its fan charts."""
    known = exploration.project(exploration.opening().moving("pressure.ARM", 0.9))

    def move(step: int) -> None:
        nonlocal known
        known = exploration.project(known.choice.moving("pressure.ARM", 0.05 * (step + 1)), known)
        exploration.drawn(known.fans)

    measured("page without a browser", move)


def browser() -> None:
    """The page in a browser."""
    from playwright.sync_api import sync_playwright

    command = [sys.executable, "-m", "foedus", "explore", "--no-browser", "--port", "0"]
    with subprocess.Popen(command, text=True, stdout=subprocess.PIPE) as process:
        address = process.stdout.readline().split()[4].rstrip(";")
        with sync_playwright() as playwright:
            chromium = playwright.chromium.launch(
                executable_path=shutil.which("chromium"), args=["--no-sandbox"]
            )
            seen = chromium.new_page(viewport={"width": 1280, "height": 900})
            seen.goto(address)
            lever = seen.get_by_role("slider", name="pressure")
            lever.press("Home")
            seen.get_by_text("Differences from").first.wait_for()

            def move(step: int) -> None:
                before = seen.locator(".foedus-figure img").first.get_attribute("src")
                lever.press("PageUp" if step % 8 < 4 else "PageDown")
                seen.wait_for_function(CHANGED, arg=before, polling=10)

            measured("page in a browser", move, pause=2.0)
            chromium.close()
        process.terminate()


def main() -> None:
    """Measure everything that is here."""
    widget()
    page()
    try:
        browser()
    except ImportError:
        print("page in a browser: not measured, Playwright is not installed")


if __name__ == "__main__":
    main()
