"""What each visitor has chosen, asked and watched.

Solara gives each visitor a kernel, and each kernel has its own copy of these values. Other modules
read them through this module, as ``visitor.choice``, because :func:`begin` replaces that object.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import solara.lab

from foedus.page.choices import Choice, WatchedWorld

choice: solara.Reactive[Choice] = solara.reactive(Choice())  # replaced by begin
asked = solara.reactive("")  # name that the side panel explains
panel = solara.reactive(False)  # whether the side panel is open
problem = solara.reactive("")  # what is wrong with the file that was loaded last
watched: solara.Reactive[WatchedWorld | None] = solara.reactive(None)  # world watched last


def begin(opened: Choice) -> None:
    """Set the choice with which the page opens for every visitor."""
    global choice  # noqa: PLW0603 (what a reactive value begins with is given when it is made)
    choice = solara.reactive(opened)


def choose(**changes: Any) -> None:
    """Change fields of the visitor's choice, by name."""
    choice.value = replace(choice.value, **changes)


def ask(name: str | None) -> None:
    """Open the side panel with the explanation of a name; None opens it without one."""
    asked.value = name or ""
    panel.value = True
