"""The sheet on which a figure is drawn: title, panels with fixed margins, labels, and its file.

Every text is measured before anything is drawn, so that all has room and a figure is drawn once. A
sheet is as wide as the text of an A4 page; no letter on it is smaller than 7 points.
"""

from __future__ import annotations

from functools import lru_cache
from io import BytesIO
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import matplotlib as mpl
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import text_to_path

from foedus.views.colours import INK, PALE

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from matplotlib.axes import Axes

WIDTH = 6.7  # inches: 17 cm
EDGE = 0.06  # inches between any text and the edge of the sheet
TITLE, TEXT, SMALL = 10.0, 7.5, 7.0  # sizes of letters in points
LINE = 1.22  # height of a line of text, in sizes of its letters
DPI = 170
HINTED = 1.03  # letters on whole pixels are wider than as they are measured, by so much at most
QUIET = "#555555"  # colour of a subtitle

STYLE: dict[Any, Any] = {
    "font.size": TEXT,
    "axes.titlesize": TEXT,
    "axes.labelsize": TEXT,
    "xtick.labelsize": SMALL,
    "ytick.labelsize": SMALL,
    "legend.fontsize": SMALL,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.linewidth": 0.6,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.major.size": 2.5,
    "ytick.major.size": 2.5,
    "grid.color": PALE,
    "grid.linewidth": 0.5,
    "axes.axisbelow": True,
    "hatch.linewidth": 0.5,
    "legend.frameon": False,
    "svg.hashsalt": "foedus",
    "svg.fonttype": "none",
    "text.hinting": "none",  # a text is as wide as it was measured, at every resolution
    "text.parse_math": False,  # a dollar in a title is a dollar
}


class Picture(Figure):
    """A matplotlib Figure that shows itself in a notebook without pyplot."""

    def content(self, form: str = "png", described: str = "", dpi: float = DPI) -> bytes:
        """Return the picture as the bytes of a file, with a description in its metadata.

        Parameters
        ----------
        form
            ``png``, ``svg`` or ``pdf``.
        described
            What it was made from.
        dpi
            Resolution of a PNG.
        """
        with mpl.rc_context(STYLE):
            return self._content(form, described, dpi)

    def _content(self, form: str, described: str, dpi: float) -> bytes:
        buffer = BytesIO()
        told: dict[str, Any] = {"Title": self.heading, "Description": described}
        if form == "png":
            self.set_dpi(dpi)
            metadata = {**told, "Software": "foedus"}
            # not savefig, which goes through the whole figure once more for its layout
            canvas = FigureCanvasAgg(self)
            canvas.print_png(  # type: ignore[no-untyped-call]
                buffer, metadata=metadata, pil_kwargs={"compress_level": 3}
            )
        elif form == "svg":
            self.savefig(buffer, format=form, metadata={**told, "Creator": "foedus", "Date": None})
        else:
            metadata = {"Title": self.heading, "Subject": described, "CreationDate": None}
            self.savefig(buffer, format=form, metadata=metadata)
        return buffer.getvalue()

    @property
    def heading(self) -> str:
        """The title on one line."""
        return self.get_suptitle().replace("\n", " ")

    def _repr_png_(self) -> bytes:
        return self.content(dpi=110)


# ---------------------------------------------------------------------------------------------
# Text that has room


@lru_cache(maxsize=4096)
def width_of(text: str, size: float = TEXT, weight: str = "normal") -> float:
    """Width of a line of text in inches."""
    font = FontProperties(size=size, weight=weight)
    width, _, _ = text_to_path.get_text_width_height_descent(text, font, ismath=False)
    return HINTED * float(width) / 72.0


def wrapped(text: str, width: float, size: float = TEXT, weight: str = "normal") -> str:
    """Break a text into lines that are at most so many inches wide.

    A word that is wider by itself is broken, after a hyphen or an underscore if it has one.
    """
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".lstrip()
        if width_of(longer, size, weight) <= width:
            lines[-1] = longer
            continue
        rest = word
        while width_of(rest, size, weight) > width and len(rest) > 1:
            end = _end_of_line(rest, width, size, weight)
            lines.append(rest[:end])
            rest = rest[end:]
        lines.append(rest)
    return "\n".join(line for line in lines if line)


def _end_of_line(word: str, width: float, size: float, weight: str) -> int:
    """Return where to break a word that is too wide: behind a joint if there is one."""
    fitting = next(n for n in range(len(word) - 1, 0, -1) if _fits(word[:n], width, size, weight))
    joint = max(word.rfind(sign, 0, fitting) for sign in "_-@") + 1
    return joint or fitting


def balanced(text: str, width: float, size: float, weight: str) -> str:
    """Break a text as :func:`wrapped` does, into as many lines, but of about the same length."""
    found = wrapped(text, width, size, weight)
    lines = found.count("\n")
    while lines:
        width *= 0.97
        narrower = wrapped(text, width, size, weight)
        if narrower.count("\n") > lines:
            break
        found = narrower
    return found


def _fits(start: str, width: float, size: float, weight: str) -> bool:
    return len(start) == 1 or width_of(start, size, weight) <= width


def write(
    ax: Axes, x: float, top: float, text: str, size: float = TEXT, colour: str = INK, **look: Any
) -> float:
    """Write lines downwards from a height, on Axes whose data are inches from their upper edge.

    Every line stands on its own baseline, whatever letters it has.

    Returns
    -------
    float
        Where the next line would begin.
    """
    for line in text.splitlines():
        top += height_of(line, size)
        baseline = top - 0.3 * size / 72.0
        ax.text(x, baseline, line, fontsize=size, color=colour, va="baseline", **look)
    return top


def height_of(text: str, size: float = TEXT) -> float:
    """Height of a text of one or more lines in inches."""
    return (text.count("\n") + 1) * size * LINE / 72.0 if text else 0.0


# ---------------------------------------------------------------------------------------------
# The sheet


class Margins(NamedTuple):
    """Room around the panels of a sheet, in inches.

    Attributes
    ----------
    left, right
        Left of the first column of panels, for names, and right of the last, for values.
    across
        Between columns.
    top, bottom
        Above every row of panels, for their headers, and below it, for the labels of the axis.
    foot
        Below all, for the key.
    """

    left: float = 0.45
    right: float = 0.4
    across: float = 0.4
    top: float = 0.08
    bottom: float = 0.38
    foot: float = 0.0


STANDARD = Margins()


def panel_width(columns: int, margins: Margins, width: float = WIDTH) -> float:
    """Width of each panel in inches."""
    free = width - margins.left - margins.right - (columns - 1) * margins.across
    return free / columns


def sheet(
    title: str,
    subtitle: str,
    heights: Sequence[float],
    columns: int = 1,
    margins: Margins = STANDARD,
    *,
    sharex: bool | Literal["row", "col"] = True,
    sharey: bool | Literal["row", "col"] = "row",
    width: float = WIDTH,
    above: float = 0.0,
) -> tuple[Picture, Any]:
    """Return a figure with title, subtitle and a grid of Axes.

    Parameters
    ----------
    title
        The finding: what the figure says.
    subtitle
        What is drawn: units, months and worlds.
    heights
        Height of the panels of each row in inches.
    columns
        Number of panels side by side.
    margins
        Room around the panels.
    sharex, sharey
        Which panels share an axis, as for matplotlib's ``subplots``.
    width
        Width of the figure in inches.
    above
        Room above the first row of panels for headers, in inches, beside the margin of every row.

    Returns
    -------
    tuple
        The figure, and an array of Axes: shape (row, column).
    """
    room = width - 2 * EDGE
    title, subtitle = balanced(title, room, TITLE, "bold"), wrapped(subtitle, room, TEXT)
    head = EDGE + height_of(title, TITLE) + height_of(subtitle, TEXT) + 0.06 + above
    tall = head + sum(heights) + len(heights) * (margins.top + margins.bottom) + margins.foot
    picture = Picture(figsize=(width, tall))
    FigureCanvasAgg(picture)
    picture.suptitle(
        title,
        x=EDGE / width,
        y=1 - EDGE / tall,
        ha="left",
        va="top",
        fontsize=TITLE,
        fontweight="bold",
        color=INK,
        linespacing=LINE,
    )
    picture.text(
        EDGE / width,
        1 - (EDGE + height_of(title, TITLE)) / tall,
        subtitle,
        ha="left",
        va="top",
        fontsize=TEXT,
        color=QUIET,
        linespacing=LINE,
    )
    wide = panel_width(columns, margins, width)
    axes = picture.subplots(
        len(heights),
        columns,
        sharex=sharex,
        sharey=sharey,
        squeeze=False,
        height_ratios=list(heights),
        gridspec_kw={
            "left": margins.left / width,
            "right": 1 - margins.right / width,
            "top": 1 - (head + margins.top) / tall,
            "bottom": (margins.bottom + margins.foot) / tall,
            "wspace": margins.across / wide,
            "hspace": (margins.top + margins.bottom) * len(heights) / sum(heights),
        },
    )
    return picture, axes


# ---------------------------------------------------------------------------------------------
# Files


def save_picture(picture: Picture, stem: Path, described: str, *, svg: bool = False) -> list[Path]:
    """Write a figure as PNG, and as SVG if wanted, with title and description in its metadata.

    Parameters
    ----------
    stem
        Path of the files without their suffix.
    svg
        Whether to write an SVG file too.
    """
    png = stem.with_suffix(".png")
    png.write_bytes(picture.content("png", described))
    if not svg:
        return [png]
    vector = stem.with_suffix(".svg")
    vector.write_bytes(picture.content("svg", described))
    return [png, vector]
