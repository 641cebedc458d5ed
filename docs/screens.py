"""Take the pictures of docs/exploring.md: ``python docs/screens.py`` (Playwright, chromium)."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

IMAGES = Path(__file__).resolve().parent / "images"
COMMAND = [sys.executable, "-m", "foedus", "explore", "restraint", "--no-browser", "--port", "0"]


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
    from playwright.sync_api import sync_playwright

    path = os.environ.get("FOEDUS_CHROMIUM") or shutil.which("chromium")
    with subprocess.Popen(COMMAND, text=True, stdout=subprocess.PIPE) as process:  # noqa: S603 (ours)
        assert process.stdout is not None
        found = re.search(r"http://localhost:\d+", process.stdout.readline())
        assert found is not None
        with sync_playwright() as playwright:
            chromium = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
            take(found.group(), chromium)
            chromium.close()
        process.terminate()


if __name__ == "__main__":
    main()
