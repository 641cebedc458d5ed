"""How long a moved lever takes to a redrawn fan: ``python benchmarks/redraw.py``.

Fifteen moves each, with 2,000 worlds: the widget of a notebook; what the page computes and draws
between a move and its fan charts; and the page as somebody sees it, from the key that moves the
lever to the new fan charts, and to the hundred futures, in a browser (if Playwright and a chromium
are there).
"""

from __future__ import annotations

import os
import shutil
import statistics
import time
from importlib.util import find_spec
from typing import TYPE_CHECKING

import foedus
from foedus.page import choices
from foedus.page.serve import elsewhere
from foedus.page.widget import RUNS

if TYPE_CHECKING:
    from collections.abc import Callable

MOVES = 15
PICTURES = {"fan charts": "By scenario", "a hundred futures": "A hundred"}  # how their alt begins
CHANGED = "([image, than]) => document.querySelector(image).src !== than"


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
    known = choices.project(choices.opening().moving("pressure.ARM", 0.9))

    def move(step: int) -> None:
        nonlocal known
        known = choices.project(known.choice.moving("pressure.ARM", 0.05 * (step + 1)), known)
        choices.drawn(known.fans)

    measured("page without a browser", move)


def browser() -> None:
    """The page in a browser."""
    chromium = os.environ.get("FOEDUS_CHROMIUM") or shutil.which("chromium")
    if chromium is None or find_spec("playwright") is None:
        print("page in a browser: not measured, Playwright or chromium is not there")
        return
    from playwright.sync_api import sync_playwright

    with elsewhere() as (address, _), sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        seen = opened.new_page(viewport={"width": 1280, "height": 900})
        seen.goto(address)
        lever = seen.get_by_role("slider", name="pressure")
        lever.press("Home")
        seen.get_by_text("Differences from").first.wait_for()
        seen.locator(".foedus-current").wait_for()

        for what, alt in PICTURES.items():
            image = f".foedus-figure img[alt^='{alt}']"

            def move(step: int, image: str = image) -> None:
                before = seen.locator(image).get_attribute("src")
                lever.press("PageUp" if step % 8 < 4 else "PageDown")
                seen.wait_for_function(CHANGED, arg=[image, before], polling=10)

            measured(f"page in a browser, {what}", move, pause=2.0)
        opened.close()


def main() -> None:
    """Measure everything that is here."""
    widget()
    page()
    browser()


if __name__ == "__main__":
    main()
