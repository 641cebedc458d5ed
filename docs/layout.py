"""Draw how the code is laid out: ``python docs/layout.py`` (Grimp, from the ``dev`` extra).

The rooms stand in the order of the layers that import-linter holds them to, and the lines are the
package's own imports. The table beside the picture is written by ``docs/tables.py``.
"""

from __future__ import annotations

from collections import Counter
from io import BytesIO
from itertools import accumulate, pairwise
from math import sqrt
from pathlib import Path
from textwrap import wrap
from typing import TYPE_CHECKING, Any, NamedTuple

import grimp
import matplotlib as mpl
from matplotlib.figure import Figure
from matplotlib.patches import Circle, Polygon, Rectangle
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from tables import LEAVES, PACKAGE, every_module, first_line, in_short, layers, modules_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

PICTURE = Path(__file__).resolve().parent / "images" / "layout.png"
TITLE = "The rooms of foedus: imports go down, never up"
KEY = (
    "A line gathers the imports of the room that it leads down to, and is the thicker the more "
    "there are. The number where a room joins it says how often\na module of that room imports "
    "one from there, annotations included."
)
STYLE: dict[Any, Any] = {"font.family": "DejaVu Sans", "text.color": "#111111"}
DOTS = 200  # an inch; a unit below is a hundredth of an inch
WIDTH, MARGIN, HEAD, FOOT = 1000, 12, 52, 62
BOX, GAP = 596, 13  # width of a box, and the gap between two
NAME, LETTERS = 106, 74  # room for the heading of a box, and letters in a line of modules
LINE, PAD = 17, 9  # height of a line of text, and margin above and below
LANE, FIRST = 33, 34  # between two lines that lead down, and from the boxes to the first
RIVER, ROAD = "#9a9a9a", "#c4c4c4"


class Box(NamedTuple):
    """A layer: its names, lines of text (the first ``told`` say what it holds), and its top."""

    names: tuple[str, ...]
    heading: str
    lines: tuple[str, ...]
    told: int
    top: float

    @property
    def height(self) -> float:
        """Height, from the lines of text."""
        return LINE * len(self.lines) + 2 * PAD

    @property
    def middle(self) -> float:
        """Distance of its middle from the top."""
        return self.top + self.height / 2


def imports() -> Counter[tuple[str, str]]:
    """Count the imports from one top-level name of the package to another."""
    graph = grimp.build_graph("foedus", cache_dir=None)
    pairs = (
        (one.split(".")[1], other.split(".")[1])
        for one in graph.modules - {"foedus"}
        for other in graph.find_modules_directly_imported_by(one) - {"foedus"}
    )
    return Counter((one, other) for one, other in pairs if one != other)


def boxes() -> list[Box]:
    """Return a box for each layer, from top to bottom."""
    found: list[Box] = []
    top = float(HEAD)
    for names in layers():
        if (PACKAGE / names[0]).is_dir():
            told, modules = first_line(PACKAGE / names[0] / "__init__.py"), modules_of(names[0])
        elif found:
            told, modules = LEAVES, sorted(PACKAGE / f"{name}.py" for name in names)
        else:  # the entry
            told, modules = f"{in_short(PACKAGE / f'{names[0]}.py').replace('`', '')}.", []
        heading = names[0] if len(names) == 1 else "leaves"
        holds = wrap(told[:1].upper() + told[1:], LETTERS)
        lines = (*holds, *in_lines([path.stem for path in modules]))
        found.append(Box(tuple(names), heading, lines, len(holds), top))
        top += found[-1].height + GAP
    return found


def in_lines(modules: Sequence[str]) -> list[str]:
    """Write modules in as few lines as they need, and those as short as may be."""
    fewest = len(filled(modules, LETTERS))
    wider = (filled(modules, letters) for letters in range(LETTERS + 1))
    return next(lines for lines in wider if len(lines) <= fewest)


def filled(modules: Sequence[str], letters: int) -> list[str]:
    """Write modules in lines of so many letters, or of one module that is longer."""
    lines: list[str] = []
    for name in modules:
        longer = f"{lines[-1]}   {name}" if lines else name
        if lines and len(longer) <= letters:
            lines[-1] = longer
        else:
            lines.append(name)
    return lines


def total(counted: Counter[tuple[str, str]], one: Box, other: Box) -> int:
    """Count the imports from one layer to another."""
    return sum(counted[name, its] for name in one.names for its in other.names)


def draw(ax: Axes, stack: Sequence[Box], counted: Counter[tuple[str, str]]) -> None:
    """Draw the boxes, and for each a line down to it that gathers the imports of it."""
    edge = MARGIN + BOX
    lanes = {box.names: edge + FIRST + LANE * place for place, box in enumerate(stack[1:])}
    for box in stack:
        below = [lanes[other.names] for other in stack[1:] if total(counted, box, other)]
        if below and box != stack[-1]:
            ax.plot([edge, max(below)], [box.middle] * 2, color=ROAD, lw=0.9, zorder=1)
    for place, box in enumerate(stack):
        found = [(other.middle, total(counted, other, box)) for other in stack[:place]]
        joined = [(height, number) for height, number in found if number]
        if joined:
            lead(ax, lanes[box.names], edge, box.top + PAD + 4, joined)
        write(ax, box)


def lead(
    ax: Axes, lane: float, edge: float, level: float, joined: Sequence[tuple[float, int]]
) -> None:
    """Draw the line that gathers the imports of a room, from the first room that has any."""
    sums = [*accumulate(number for _, number in joined)]
    stops = [*(height for height, _ in joined), level]
    for (start, stop), gathered in zip(pairwise(stops), sums, strict=True):
        half = thickness(gathered) / 2
        ax.add_patch(Rectangle((lane - half, start), 2 * half, stop - start, color=RIVER, lw=0))
    half = thickness(sums[-1]) / 2
    ax.add_patch(
        Rectangle((edge + 9, level - half), lane + half - edge - 9, 2 * half, color=RIVER, lw=0)
    )
    tip = [(edge + 1, level), (edge + 11, level - half - 4), (edge + 11, level + half + 4)]
    ax.add_patch(Polygon(tip, color=RIVER, lw=0))
    for height, number in joined:
        radius = 8.5 + 0.9 * sqrt(number)
        ax.add_patch(
            Circle((lane, height), radius, facecolor="white", edgecolor="#333333", lw=0.9, zorder=3)
        )
        ax.text(lane, height, f"{number}", ha="center", va="center_baseline", size=7.8, zorder=4)


def thickness(number: int) -> float:
    """Return how thick the line of so many imports is."""
    return 1.2 + 0.085 * number


def write(ax: Axes, box: Box) -> None:
    """Write a box."""
    ax.add_patch(
        Rectangle(
            (MARGIN, box.top), BOX, box.height, facecolor="#f4f4f4", edgecolor="#444444", lw=0.8
        )
    )
    ax.text(
        MARGIN + 10, box.top + PAD + LINE / 2, box.heading, weight="bold", size=9.6,
        va="center_baseline",
    )  # fmt: skip
    for number, line in enumerate(box.lines):
        ax.text(
            MARGIN + NAME,
            box.top + PAD + LINE * (number + 0.5),
            line,
            size=8.4,
            style="italic" if number < box.told else "normal",
            va="center_baseline",
        )


def main() -> None:
    """Draw the picture."""
    stack, drawn = boxes(), BytesIO()
    height = stack[-1].top + stack[-1].height + FOOT
    with mpl.rc_context(STYLE):
        figure = Figure((WIDTH / 100, height / 100))
        ax = figure.add_axes((0, 0, 1, 1))
        ax.set(xlim=(0, WIDTH), ylim=(height, 0), aspect="equal")
        ax.axis("off")
        ax.text(MARGIN, HEAD / 2, TITLE, size=13, weight="bold", va="center_baseline")
        draw(ax, stack, imports())
        ax.text(MARGIN, height - FOOT / 2, KEY, size=8.4, va="center", linespacing=1.5)
        figure.savefig(drawn, dpi=DOTS, facecolor="white")
    shown = PngInfo()  # so that a test finds what the picture lacks
    shown.add_text("Modules", " ".join(every_module()))
    Image.open(drawn).convert("L").quantize(16).save(PICTURE, optimize=True, pnginfo=shown)


if __name__ == "__main__":
    main()
