"""Take the pictures of docs/exploring.md: ``python docs/screens.py`` (Playwright, chromium)."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

from foedus.page.serve import elsewhere

IMAGES = Path(__file__).resolve().parent / "images"


def take(address: str, chromium: Any) -> None:
    """Move a lever and ask why; then play a world."""
    page = chromium.new_page(viewport={"width": 1600, "height": 1000})
    page.goto(address)
    page.get_by_role("slider", name="outreach, European Union").press("End")
    page.get_by_text("outreach.EU.ARM 1").wait_for()
    page.get_by_role("button", name="Why restraint?").click()
    page.get_by_role("button", name="standing.svg").wait_for()
    page.wait_for_timeout(1500)
    page.screenshot(path=IMAGES / "explore.png")
    page.get_by_role("button", name="Close").click()
    page.get_by_role("tab", name="One world").click()
    page.get_by_role("button", name="▶").click()
    page.get_by_text(re.compile("Members, 2028")).wait_for()
    page.get_by_role("button", name="❚❚").click()
    page.wait_for_timeout(1500)
    page.screenshot(path=IMAGES / "explore_world.png")


def main() -> None:
    """Start the page, take the pictures, stop it."""
    path = os.environ.get("FOEDUS_CHROMIUM") or shutil.which("chromium")
    with elsewhere("restraint") as (address, _), sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        take(address, chromium)
        chromium.close()


if __name__ == "__main__":
    main()
