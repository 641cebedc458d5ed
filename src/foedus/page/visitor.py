"""What each visitor has chosen, asked and watched.

Each has a kernel of his own, and with it his own of these values.
They are read as ``visitor.choice``: :func:`begin` replaces them.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import solara.lab

from foedus.page.choices import Choice, WatchedWorld

choice: solara.Reactive[Choice] = solara.reactive(Choice())  # see begin
asked = solara.reactive("")
panel = solara.reactive(False)
problem = solara.reactive("")
watched: solara.Reactive[WatchedWorld | None] = solara.reactive(None)


def begin(opened: Choice) -> None:
    """Let every visitor begin with a choice."""
    global choice  # noqa: PLW0603 (what a reactive value begins with is given when it is made)
    choice = solara.reactive(opened)


def choose(**changes: Any) -> None:
    """Change what is chosen."""
    choice.value = replace(choice.value, **changes)


def ask(name: str | None) -> None:
    """Open the side panel on a name."""
    asked.value = name or ""
    panel.value = True
