"""A sweep of levers as a table and as a figure."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
from matplotlib.ticker import FuncFormatter

from foedus.html import html_table
from foedus.outcomes.estimates import Estimate
from foedus.outcomes.sweeps import MEASURES, points
from foedus.views.colours import GREY, INK, TEAL, VERMILION
from foedus.views.panels import SHARES, add_key, as_mark, key_room
from foedus.views.sheet import (
    LINE,
    STYLE,
    TEXT,
    Margins,
    Picture,
    panel_width,
    save_picture,
    sheet,
    wrapped,
)
from foedus.views.tables import number, percent

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from matplotlib.axes import Axes

    from foedus.outcomes.sweeps import Swept
    from foedus.views.subjects import SweptLevers
    from foedus.views.tables import Row

COLUMNS = 3  # panels side by side
CAPTION = (
    "Each lever is the same in all months, with all else as in the scenario; partners are moved "
    "together. Shares of worlds and means with 95 % intervals, which say how well they are known "
    "from so many worlds. Change: upper minus lower end, in points of a hundred, paired world by "
    "world; - where it is smaller than a point or than its interval. A member that has given "
    "notice can be frozen as well."
)
#: How each outcome is drawn: colour, dashes, marker and whether the marker is filled. Dashes and
#: markers tell them apart without colour.
LINES: dict[str, tuple[str, Any, str, bool]] = {
    "frozen": (INK, "-", "o", True),
    "gone": (VERMILION, (0, (5, 1.5)), "s", True),
    "takes_part": (TEAL, (0, (6, 1.5, 1.5, 1.5)), "^", False),
    "cohesion": (GREY, (0, (1.5, 1.2)), "D", False),
}


# ---------------------------------------------------------------------------------------------
# Table


def title(found: SweptLevers) -> str:
    """Say what a sweep shows."""
    return (
        f"Each lever from one end to the other: {found.name} and the alliance in {found.horizon}, "
        f"all else as in {found.scenario.name}"
    )


def header(content: dict[str, Any]) -> Row:
    """Return the header of :func:`rows`: the ways along a lever as shares of it."""
    steps = len(next(iter(content["levers"].values()))["values"])
    inner = [f"{100 * place / (steps - 1):.0f} %" for place in range(1, steps - 1)]
    return ("lever", "outcome", "lower end", *inner, "upper end", "change")


def rows(content: dict[str, Any]) -> Iterator[Row]:
    """Yield a row for each lever and outcome of a sweep that is given as plain data."""
    for name, lever in content["levers"].items():
        label = f"{name.replace('_', ' ')}, {lever['values'][0]:g} to {lever['values'][-1]:g}"
        for place, (key, track) in enumerate(lever["outcomes"].items()):
            write = percent if MEASURES[key].kind == "chance" else number
            cells = (write(found) for found in track["at"])
            change = points(Estimate(**track["change"])) if track["moves"] else "-"
            yield (label if place == 0 else "", content["outcomes"][key], *cells, change)


def sweep_html(found: SweptLevers) -> str:
    """Return a sweep as HTML: the answer, the table, and what it was made from."""
    content = found.summary
    lines = "".join(f"<li>{escape(line)}</li>" for line in content["answer"])
    table = html_table(header(content), rows(content), title(found))
    small = f"<p><small>{escape(CAPTION)} {escape(found.provenance_line)}</small></p>"
    return f"<ul>{lines}</ul>{table}{small}"


# ---------------------------------------------------------------------------------------------
# Figure


def lever_panel(ax: Axes, one: Swept) -> Axes:
    """Draw what becomes of each outcome along a lever; whiskers are 95 % intervals."""
    for key, track in one.tracks.items():
        colour, dashes, marker, filled = LINES[key]
        values = [found.value for found in track.at]
        errors = [
            [max(0.0, found.value - found.low) for found in track.at],
            [max(0.0, found.high - found.value) for found in track.at],
        ]
        ax.errorbar(
            one.values,
            values,
            yerr=errors,
            color=colour,
            linestyle=dashes,
            linewidth=1.4,
            marker=marker,
            markersize=4.5,
            markerfacecolor=colour if filled else "white",
            elinewidth=0.8,
            capsize=1.8,
            label=MEASURES[key].short,
        )
    if one.own is not None and one.values[0] <= one.own <= one.values[-1]:
        ax.axvline(one.own, color=INK, linewidth=0.7, zorder=0)
    ax.set_ylim(0.0, 1.0)
    ax.set_yticks(SHARES, [as_mark(mark) for mark in SHARES])
    ax.set_xticks(one.values)
    ax.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:.3g}"))
    ax.set_title(f"{one.words}\n{_moved(one)}", loc="left")
    return ax


def _moved(one: Swept) -> str:
    """Say in a few words what a lever moves most."""
    if not one.moves:
        return "moves nothing by a point"
    strongest = max(
        (track for track in one.tracks.values() if track.moves),
        key=lambda track: abs(track.change.value),
    )
    change = 100.0 * strongest.change.value
    name = MEASURES[strongest.outcome].short.removesuffix(" of the alliance (mean)")
    return f"{name} {change:+.0f} points" if abs(change) >= 1.5 else f"{name} {change:+.1f} points"


def figure(found: SweptLevers) -> Picture:
    """Draw a panel for each lever, that which moves most first."""
    ordered = sorted(found.levers, key=lambda one: -one.strength)
    columns = min(COLUMNS, len(ordered))
    lines = -(-len(ordered) // columns)
    labels = [MEASURES[name].short for name in LINES]
    margins = Margins(right=0.1, across=0.3, top=0.3, bottom=0.28, foot=key_room(labels))
    wide = panel_width(columns, margins)
    subtitle = (
        f"Shares of worlds, or index, of {found.name} and the "
        f"{found.scenario.alliance.name.upper()} in {found.horizon} along each lever, all else as "
        f"in {found.scenario.name}; whiskers: 95 % intervals; thin upright line: the scenario's "
        f"own value. {found.provenance_line}."
    )
    with mpl.rc_context(STYLE):
        picture, axes = sheet(
            _finding(ordered[0], found.name),
            subtitle,
            [1.35] * lines,
            columns,
            margins,
            sharex=False,
        )
        for ax in axes.flat[len(ordered) :]:
            ax.set_axis_off()
        for ax, one in zip(axes.flat, ordered, strict=False):
            lever_panel(ax, one)
            words = wrapped(one.words, wide, TEXT).split("\n")[0]
            ax.set_title(f"{words}\n{_moved(one)}", loc="left", linespacing=LINE)
        handles, _ = axes.flat[0].get_legend_handles_labels()
        add_key(picture, handles, labels)
    return picture


def _finding(strongest: Swept, name: str) -> str:
    """Say which lever moves most."""
    if not strongest.moves:
        return f"No lever moves {name} or cohesion by a point"
    return f"The lever {strongest.words} moves most: {_moved(strongest)} from end to end"


def write_figure(found: SweptLevers, stem: Path) -> list[Path]:
    """Write the figure as PNG and SVG.

    Parameters
    ----------
    stem
        Path of the files without their suffix.
    """
    described = f"{found.scenario.name} {found.scenario.fingerprint}; {found.provenance_line}"
    return save_picture(figure(found), stem, described, svg=True)
