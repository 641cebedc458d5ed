"""Parts of a figure's panels: axes of months and shares, headers, values at the end of lines, rows.

Several rows of one quantity, such as the trust of each member, lie one above another on the same
Axes and so have the same scale.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from foedus.outcomes.finding import index
from foedus.views.colours import INK, PALE, readable
from foedus.views.sheet import EDGE, LINE, QUIET, SMALL, TEXT, WIDTH, height_of, width_of, wrapped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    import numpy.typing as npt
    from matplotlib.axes import Axes

    from foedus.cases.scenario import Scenario
    from foedus.views.sheet import Picture

STEPS = (1, 2, 3, 6, 12, 24, 36, 60, 120, 240, 600, 1200)  # months from one label to the next
ROUND = 60  # from so many months on, years that are labelled are round
LONGEST_NAME = 1.2  # inches of a name at the end of a line
LABEL = 0.38  # inches that the label of a year takes
SHARES = (0.0, 0.5, 1.0)
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def as_mark(value: float) -> str:
    """Write a mark of a scale of shares, as short as can be: ``.5``."""
    return f"{value:g}".removeprefix("0") or "0"


def as_change(value: float) -> str:
    """Write a difference with its sign and three decimals: ``-.024``; ``0`` for none."""
    text = f"{value:+.3f}".replace("0.", ".", 1)
    return "0" if text in ("+.000", "-.000") else text


def as_percent(value: float) -> str:
    """Write a share in percent, without decimals."""
    return f"{100 * value:.0f} %"


# ---------------------------------------------------------------------------------------------
# Axes


def time_axis(ax: Axes, months: npt.NDArray[Any]) -> Axes:
    """Scale the x axis by calendar months or years, with as many labels as there is room for.

    Parameters
    ----------
    months
        Months that are drawn, datetime64.
    """
    inches = ax.get_position().width * ax.figure.get_figwidth()  # type: ignore[union-attr]
    whole = months.astype("datetime64[M]")
    places = whole.astype(int)
    step = next((n for n in STEPS if len(whole) / n <= inches / LABEL), STEPS[-1])
    january = places[places % 12 == 0][:1] if 12 <= step < ROUND else 0
    at = np.flatnonzero((places - january) % step == 0)
    labels = [_month_label(int(places[i]), step, is_first=i == at[0]) for i in at]
    ax.set_xticks(months[at], labels)
    if len(months) > 1:
        ax.set_xlim(months[0], months[-1])
    return ax


def _month_label(place: int, step: int, *, is_first: bool) -> str:
    year, month = 1970 + place // 12, place % 12
    if step >= 12:
        return str(year)
    return f"{MONTHS[month]}\n{year}" if is_first or month == 0 else MONTHS[month]


def share_axis(ax: Axes, months: npt.NDArray[Any], write: Callable[[float], str] = as_mark) -> Axes:
    """Scale the y axis from 0 to 1 and the x axis by calendar months or years."""
    ax.set_ylim(0, 1)
    ax.set_yticks(SHARES, [write(mark) for mark in SHARES])
    return time_axis(ax, months)


@dataclass(frozen=True)
class Rows:
    """Rows one above another on the same Axes, all on one scale.

    Attributes
    ----------
    names
        Names of the rows, the uppermost first.
    low, high
        Ends of the scale.
    marks
        Values of the scale that have a line and a label.
    write
        Writes the label of such a value.
    gap
        Distance between rows, in heights of a row.
    """

    names: tuple[str, ...]
    low: float = 0.0
    high: float = 1.0
    marks: tuple[float, ...] = SHARES
    write: Callable[[float], str] = as_mark
    gap: float = 0.22

    @property
    def step(self) -> float:
        """Distance from one row to the next."""
        return (1.0 + self.gap) * (self.high - self.low)

    def base(self, row: int) -> float:
        """Return where the zero of a row lies on the y axis."""
        return (len(self.names) - 1 - row) * self.step

    def scale(
        self, axes: Sequence[Axes], filled: int | None = None, *, is_labelled: bool = True
    ) -> None:
        """Give Axes side by side the scale of all rows; the first has labels and names.

        Parameters
        ----------
        axes
            They share their y axis.
        filled
            How many rows, from the top, have a scale; all if omitted.
        is_labelled
            Whether the scale has labels at all.
        """
        first, *_ = axes
        bases = [self.base(row) for row in range(len(self.names))]
        first.set_ylim(bases[-1] + self.low, bases[0] + self.high)
        marks = [(base + mark, self.write(mark)) for base in bases[:filled] for mark in self.marks]
        for ax in axes:
            ax.spines["left"].set_visible(False)
            ax.yaxis.set_visible(is_labelled and ax is first)
            places = [place for place, _ in marks]
            across = ax.get_yaxis_transform()  # one collection is drawn faster than many ticks
            ax.hlines(places, 0, 1, PALE, linewidth=0.5, transform=across, zorder=0.5)
        first.set_yticks([place for place, _ in marks], [label for _, label in marks])
        first.tick_params(axis="y", length=0, pad=2)
        first.grid(visible=False, axis="y")
        self._name(first, bases)

    def _name(self, ax: Axes, bases: Sequence[float]) -> None:
        """Write the names of rows at the left edge of the figure."""
        room = ax.get_position().x0 * ax.figure.get_figwidth()  # type: ignore[union-attr]
        for name, base in zip(self.names, bases, strict=True):
            ax.annotate(
                wrapped(name, room - EDGE - 0.32),
                (0.0, base + 0.5 * (self.low + self.high)),
                (-72 * (room - EDGE), 0),
                xycoords=("axes fraction", "data"),
                textcoords="offset points",
                va="center",
                fontsize=TEXT,
                linespacing=LINE,
                annotation_clip=False,
            )


def names_room(names: Sequence[str]) -> float:
    """Return the left margin, in inches, that names of rows and a scale need."""
    widest = max((width_of(word) for name in names for word in name.split()), default=0.0)
    whole = max((width_of(name) for name in names), default=0.0)
    return EDGE + 0.32 + min(1.5, max(widest, min(whole, 1.0)))


# ---------------------------------------------------------------------------------------------
# Headers


def header(scenario: Scenario, width: float) -> tuple[str, str]:
    """Return name and title of a scenario, wrapped to a width in inches."""
    title = "" if scenario.title == scenario.name else scenario.title
    return wrapped(scenario.name, width, TEXT, "bold"), wrapped(title, width, SMALL)


def header_room(scenarios: Sequence[Scenario], width: float) -> float:
    """Return the height in inches that the headers need."""
    names, titles = zip(*(header(scenario, width) for scenario in scenarios), strict=True)
    highest = max(height_of(title, SMALL) for title in titles)
    return 0.15 + max(height_of(name) for name in names) + highest


def head(
    axes: Sequence[Axes],
    scenarios: Sequence[Scenario],
    colours: Mapping[str, str],
    up: float = 4.0,
) -> None:
    """Write name and title of a scenario above each of some Axes, the name in its colour.

    Parameters
    ----------
    up
        Distance from the Axes in points.
    """
    width = axes[0].get_position().width * axes[0].figure.get_figwidth()  # type: ignore[union-attr]
    places = [(ax, 0.0) for ax in axes]
    _head(places, scenarios, colours, width, up)


def head_columns(
    ax: Axes, scenarios: Sequence[Scenario], colours: Mapping[str, str], up: float = 4.0
) -> None:
    """Write name and title of a scenario above each of the columns of one Axes."""
    width = ax.get_position().width * ax.figure.get_figwidth()  # type: ignore[union-attr]
    places = [(ax, place / len(scenarios)) for place in range(len(scenarios))]
    _head(places, scenarios, colours, width / len(scenarios) - 0.06, up)


def _head(
    places: Sequence[tuple[Axes, float]],
    scenarios: Sequence[Scenario],
    colours: Mapping[str, str],
    width: float,
    up: float,
) -> None:
    headers = [header(scenario, width) for scenario in scenarios]
    above = up + 72 * max(height_of(title, SMALL) for _, title in headers)
    where: dict[str, Any] = {
        "xycoords": "axes fraction",
        "textcoords": "offset points",
        "linespacing": LINE,
    }
    for (ax, x), scenario, (name, title) in zip(places, scenarios, headers, strict=True):
        look: dict[str, Any] = {"fontsize": TEXT, "fontweight": "bold", "va": "baseline"}
        ink = readable(colours[scenario.name])
        ax.annotate(name, (x, 1), (0, above + 3), color=ink, **look, **where)
        look = {"fontsize": SMALL, "va": "top", "color": QUIET}
        ax.annotate(title, (x, 1), (0, above), **look, **where)


# ---------------------------------------------------------------------------------------------
# Values at the end of lines


@dataclass(frozen=True)
class End:
    """A label at the right end of a line or band.

    Attributes
    ----------
    place
        Where it belongs on the y axis.
    text
        What it says.
    colour
        Colour of the letters.
    strong
        Whether the letters are bold.
    """

    place: float
    text: str
    colour: str = INK
    strong: bool = False


def spread(places: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Move places apart, as little as can be, until neighbours are a gap apart.

    The sum of the squared moves is least (isotonic regression by pooling adjacent violators).

    Parameters
    ----------
    low, high
        The places stay between these if there is room for all.
    """
    order = sorted(range(len(places)), key=lambda i: places[i])
    pools: list[list[float]] = []  # mean and number of those that move together
    for rank, i in enumerate(order):
        pools.append([places[i] - rank * gap, 1.0])
        while len(pools) > 1 and pools[-2][0] >= pools[-1][0]:
            (one, n), (two, m) = pools[-2], pools[-1]
            pools[-2:] = [[(one * n + two * m) / (n + m), n + m]]
    most = max(low, high - (len(places) - 1) * gap)
    moved = [min(max(mean, low), most) for mean, n in pools for _ in range(int(n))]
    found = [0.0] * len(places)
    for rank, i in enumerate(order):
        found[i] = moved[rank] + rank * gap
    return found


def label_ends(
    ax: Axes, ends: Sequence[End], low: float | None = None, high: float | None = None
) -> None:
    """Write labels at the right edge of Axes, where needed moved so that none lies on another.

    Parameters
    ----------
    low, high
        Part of the y axis that the labels stay in; all of it if omitted.
    """
    bottom, top = ax.get_ylim()
    points = 72 * ax.get_position().height * ax.figure.get_figheight()  # type: ignore[union-attr]
    unit = (top - bottom) / points
    half = 0.5 * SMALL * unit
    limits = (bottom if low is None else low) + half, (top if high is None else high) - half
    places = spread([end.place for end in ends], 1.12 * SMALL * unit, *limits)
    for end, place in zip(ends, places, strict=True):
        ax.annotate(
            end.text,
            (1.0, place),
            (3, 0),
            xycoords=("axes fraction", "data"),
            textcoords="offset points",
            va="center_baseline",
            fontsize=SMALL,
            fontweight="bold" if end.strong else "normal",
            color=readable(end.colour),
            annotation_clip=False,
        )


def label_lines(ax: Axes, lines: Iterable[tuple[str, npt.NDArray[Any], str]]) -> None:
    """Write name and last value of lines at the right edge of Axes.

    Parameters
    ----------
    lines
        Name, values and colour of each; one without any value has no label.
    """
    ends = []
    for name, values, colour in lines:
        present = values[~np.isnan(values)]
        if present.size:
            last = float(present[-1])
            ends.append(End(last, f"{shortened(name)} {index(last)}", colour))
    label_ends(ax, ends)


def shortened(name: str, width: float = LONGEST_NAME) -> str:
    """Cut a name that is wider than so many inches."""
    end = len(name)
    while end > 1 and width_of(name[:end], SMALL) > width:
        end -= 1
    return name if end == len(name) else f"{name[: end - 1].rstrip()}…"


def names_width(names: Iterable[str]) -> float:
    """Return the right margin, in inches, that :func:`label_lines` needs."""
    widths = [width_of(f"{shortened(name)} .00", SMALL) for name in names]
    return 0.12 + max(widths, default=0.0)


# ---------------------------------------------------------------------------------------------
# Key


def _key_columns(labels: Sequence[str], width: float) -> int:
    widest = max(width_of(label, SMALL) for label in labels)
    return max(1, min(len(labels), int((width - 2 * EDGE) / (widest + 0.42))))


def key_room(labels: Sequence[str], width: float = WIDTH) -> float:
    """Return the height in inches that a key below the panels needs."""
    return 0.08 - (-len(labels) // _key_columns(labels, width)) * 0.16


def add_key(picture: Picture, handles: Sequence[Any], labels: Sequence[str]) -> None:
    """Explain colours or signs at the foot of a figure."""
    picture.legend(
        handles,
        labels,
        loc="lower left",
        bbox_to_anchor=(0.0, 0.0),
        ncols=_key_columns(labels, picture.get_figwidth()),
        fontsize=SMALL,
        handlelength=1.6,
        columnspacing=1.4,
        borderaxespad=0.3,
        borderpad=0.2,
    )
