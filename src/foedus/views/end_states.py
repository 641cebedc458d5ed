"""End states at the horizon: one stacked bar for each scenario, from dissolved to all taking part.

Lengths are inches on the sheet.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from matplotlib.colors import to_rgb
from matplotlib.patches import Rectangle

from foedus.cases.months import month_in_words
from foedus.model.cohesion import END_STATE_MEANINGS
from foedus.outcomes.catalogue import ALLIANCE
from foedus.outcomes.finding import of_100, range_of_100
from foedus.views.colours import END_STATE_COLOURS, INK, readable, scenario_colours
from foedus.views.panels import header
from foedus.views.sheet import (
    EDGE,
    QUIET,
    SMALL,
    TEXT,
    WIDTH,
    Margins,
    height_of,
    sheet,
    width_of,
    wrapped,
    write,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.axes import Axes

    from foedus.cases.scenario import Scenario
    from foedus.outcomes.answer import Line
    from foedus.views.sheet import Picture
    from foedus.views.subjects import Projected

LEFT = 1.7  # room for the names of scenarios
BAR, TABLE, GAP = 0.2, 0.16, 0.1  # heights of a bar and of the numbers below it, and room after
SWATCH = 0.09  # side of the square that shows a colour


def in_words(state: str) -> tuple[str, str]:
    """Return how pictures call an end state, and what it means if its name does not say so."""
    meaning = END_STATE_MEANINGS[state]
    return (meaning, "") if state == "restored" else (state, meaning)


def end_state_figure(shown: Projected, scenarios: Sequence[Scenario]) -> Picture:
    """Draw how the worlds of each scenario are split among the end states at the horizon."""
    lines = {
        state: shown.answer.line(ALLIANCE, f"end_states.{state}") for state in END_STATE_MEANINGS
    }
    column = (WIDTH - LEFT - EDGE) / len(lines)
    top = _heading_room(column)
    room = LEFT - EDGE - 0.1
    headers = [header(one, room) for one in scenarios]
    heights = [
        max(BAR + TABLE, height_of(name) + height_of(title, SMALL)) + GAP for name, title in headers
    ]
    month = month_in_words(str(shown.data["month"].values[-1])[:7])
    subtitle = (
        f"What becomes of the {shown.answer.short} by {month}, in worlds of 100. In brackets: "
        "what is not known taken low and high."
    )
    margins = Margins(LEFT, EDGE, 0.0, top, 0.0)
    picture, axes = sheet(shown.finding.title, subtitle, [sum(heights)], 1, margins)
    ax = axes[0][0]
    ax.set_axis_off()
    ax.set(xlim=(0.0, WIDTH - LEFT - EDGE), ylim=(sum(heights), 0.0))
    colours, y = scenario_colours(shown.scenarios), 0.0
    _headings(ax, column, top)
    for scenario, (name, title), height in zip(scenarios, headers, heights, strict=True):
        colour = readable(colours[scenario.name])
        below = write(ax, EDGE - LEFT, y, name, fontweight="bold", colour=colour)
        write(ax, EDGE - LEFT, below, title, SMALL, QUIET)
        _stack(ax, lines, shown.answer.names.index(scenario.name), y, column)
        y += height
    return picture


def _heading_room(column: float) -> float:
    words = (_heading(state, column) for state in END_STATE_MEANINGS)
    return 0.1 + max(height_of(name) + height_of(meaning, SMALL) for name, meaning in words)


def _heading(state: str, column: float) -> tuple[str, str]:
    name, meaning = in_words(state)
    room = column - SWATCH - 0.14
    return wrapped(name, room, TEXT, "bold"), wrapped(meaning, room, SMALL)


def _headings(ax: Axes, column: float, top: float) -> None:
    """Name the end states above the columns of numbers, each beside its colour."""
    for place, state in enumerate(END_STATE_MEANINGS):
        name, meaning = _heading(state, column)
        x, y = place * column, 0.02 - top
        ax.add_patch(
            Rectangle(
                (x, y + 0.02), SWATCH, SWATCH, facecolor=END_STATE_COLOURS[state], clip_on=False
            )
        )
        x += SWATCH + 0.05
        write(ax, x, write(ax, x, y, name, fontweight="bold"), meaning, SMALL, QUIET)


def _stack(ax: Axes, lines: Mapping[str, Line], scenario: int, y: float, column: float) -> None:
    """Draw the bar of one scenario, and its numbers below."""
    whole, start = ax.get_xlim()[1], 0.0
    for place, (state, line) in enumerate(lines.items()):
        share, colour = line.values[scenario], END_STATE_COLOURS[state]
        part = share * whole
        ax.barh(y, part, BAR, start, align="edge", color=colour, edgecolor="white", linewidth=0.6)
        told = of_100(share)
        if width_of(told, TEXT, "bold") + 0.06 <= part:
            at = start + part / 2, y + BAR / 2
            look: dict[str, Any] = {"ha": "center", "va": "center_baseline", "fontweight": "bold"}
            ax.text(*at, told, fontsize=TEXT, color=_ink_on(colour), **look)
        start += part
        below = y + BAR + 0.02
        left = place * column + SWATCH + 0.05
        write(ax, left, below, told, SMALL)
        opened = f"[{range_of_100(line.opened[scenario])}]"
        left += width_of(told, SMALL) + 0.05
        write(ax, left, below, opened, SMALL, QUIET)


def _ink_on(colour: str) -> str:
    """Return the colour of letters that can be read on another colour."""
    red, green, blue = to_rgb(colour)
    return "white" if 0.2126 * red + 0.7152 * green + 0.0722 * blue < 0.45 else INK
