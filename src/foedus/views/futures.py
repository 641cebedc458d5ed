"""A hundred futures: a hundred worlds of every scenario, each drawn as a flower.

A petal is a client of the alliance, the patron is in the middle. Flowers are grouped by end state,
and there are as many of each kind as its share of all worlds says, see
:mod:`foedus.outcomes.hundred`. Lengths are inches on the sheet.
"""

from __future__ import annotations

from math import ceil, cos, pi, sin
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from matplotlib.collections import PathCollection
from matplotlib.patches import Rectangle, Wedge
from matplotlib.path import Path
from matplotlib.transforms import IdentityTransform

from foedus.cases.months import month_in_words
from foedus.model.cohesion import END_STATE_MEANINGS
from foedus.outcomes.catalogue import ALLIANCE
from foedus.outcomes.finding import of_100, range_of_100
from foedus.outcomes.hundred import AWAY, GONE, HUNDRED, TAKING_PART, Group, hundred
from foedus.views import titles
from foedus.views.colours import INK, STANDING_COLOURS, scenario_colours
from foedus.views.end_states import end_state_figure, in_words
from foedus.views.panels import head, header_room
from foedus.views.sheet import (
    EDGE,
    QUIET,
    SMALL,
    TEXT,
    WIDTH,
    Margins,
    height_of,
    panel_width,
    sheet,
    width_of,
    wrapped,
    write,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import numpy.typing as npt
    from matplotlib.axes import Axes

    from foedus.cases.scenario import Scenario
    from foedus.views.sheet import Picture
    from foedus.views.subjects import Projected

    Points = npt.NDArray[np.float64]

MOST_CLIENTS = 8  # a flower with more petals cannot be read
PER_PAGE = 6  # scenarios side by side
PER_ROW = (5, 8, 10, 15, 20)  # flowers in a row: the first with which a picture is not too tall
TALLEST, SMALLEST = 4.4, 0.08  # height of all groups, and side of the square of a flower
LEFT, ACROSS = 1.2, 0.12  # room for the names of end states, and between scenarios
WIDE_ENOUGH = 1.0  # for a scenario, to say of how many worlds a count is
COUNT, GAP = 0.15, 0.06  # room above a group for its count, and below it
FILLED = 0.43  # radius of a flower beside the side of its square
BED = "#F4F5F7"  # colour behind a group
KEY = 0.23  # radius of the flower that names the petals


class Petal(NamedTuple):
    """How a client is drawn.

    Attributes
    ----------
    words
        What it means.
    length
        Where the petal ends, the radius of the flower being 1; 0 for a dot in its place.
    look
        Options of matplotlib's collections.
    """

    words: str
    length: float
    look: dict[str, Any]


PETALS = {
    TAKING_PART: Petal("takes part", 1.0, {"facecolor": STANDING_COLOURS["active"]}),
    AWAY: Petal(
        "member, but frozen or absent from the last summit",
        0.84,
        {
            "facecolor": STANDING_COLOURS["frozen"],
            "edgecolor": STANDING_COLOURS["suspended"],
            "linewidth": 0.5,
        },
    ),
    GONE: Petal("has left or was expelled", 0.0, {"facecolor": STANDING_COLOURS["expelled"]}),
}
PATRON = Path.circle(radius=0.17)


def futures_figure(
    shown: Projected, scenarios: Sequence[Scenario], *, titled: bool = True
) -> Picture:
    """Draw a hundred worlds of each scenario.

    Of an alliance with more than :data:`MOST_CLIENTS` clients, or of more than :data:`PER_PAGE`
    scenarios, the end states are drawn as bars.

    Parameters
    ----------
    titled
        Whether the finding stands above, as the title.
    """
    if shown.data.sizes["member"] > MOST_CLIENTS or len(scenarios) > PER_PAGE:
        return end_state_figure(shown, scenarios, titled=titled)
    grown = {one.name: hundred(shown.data, one.name) for one in scenarios}
    margins = Margins(left=LEFT, right=EDGE, across=ACROSS, top=0.0, bottom=0.0)
    wide = panel_width(len(scenarios), margins)
    key = _Key.of(shown)
    margins = margins._replace(top=header_room(scenarios, wide), foot=key.height)
    beds = _laid_out(list(grown.values()), wide)
    tall = beds[-1].bottom + GAP
    title = shown.finding.title if titled else ""
    picture, axes = sheet(title, _subtitle(shown), [tall], len(scenarios), margins, sharey=True)
    for ax, scenario in zip(axes[0], scenarios, strict=True):
        ax.set_axis_off()
        ax.set(xlim=(0, wide), ylim=(tall, 0))
        _draw(ax, shown, scenario, grown[scenario.name], beds)
    _name_groups(axes[0][0], beds)
    head(axes[0], scenarios, scenario_colours(shown.scenarios))
    key.draw(picture)
    return picture


def _subtitle(shown: Projected) -> str:
    data = shown.data
    worlds = min(HUNDRED, data.sizes["run"])
    month = month_in_words(str(data["month"].values[-1])[:7])
    return (
        f"Each flower is one of {worlds} simulated worlds in {month}, "
        f"each petal a member of the {shown.answer.short}: dark if it takes part."
    )


# ---------------------------------------------------------------------------------------------
# Groups


class Bed(NamedTuple):
    """Where the flowers of an end state lie.

    Attributes
    ----------
    state
        The end state.
    top, height
        Of the bed.
    per_row
        Number of flowers in a row.
    cell
        Side of the square that a flower takes.
    """

    state: str
    top: float
    height: float
    per_row: int
    cell: float

    @property
    def bottom(self) -> float:
        """Where it ends."""
        return self.top + self.height

    def places(self, flowers: int) -> Points:
        """Return the centres of its flowers: shape (flower, 2)."""
        rows, columns = np.divmod(np.arange(flowers), self.per_row)
        return np.stack([columns + 0.5, rows + 0.5], axis=1) * self.cell + (0.0, self.top)


def _laid_out(grown: Sequence[Mapping[str, Group]], wide: float) -> list[Bed]:
    """Return the beds, from top to bottom, with the largest flowers that leave them low enough."""
    for per_row in PER_ROW:
        if wide / per_row < SMALLEST:
            break
        beds = list(_beds(grown, per_row, wide / per_row))
        if beds[-1].bottom <= TALLEST:
            break
    return beds


def _beds(grown: Sequence[Mapping[str, Group]], per_row: int, cell: float) -> Iterator[Bed]:
    """Yield where each end state lies that a scenario reaches."""
    top = 0.0
    for state in END_STATE_MEANINGS:
        groups = [groups[state] for groups in grown]
        if not any(group.share for group in groups):
            continue
        rows = max(ceil(len(group.chosen) / per_row) for group in groups)
        name, meaning = _state_text(state)
        words = height_of(name, TEXT) + height_of(meaning, SMALL) - COUNT
        bed = Bed(state, top + COUNT, max(rows * cell, words), per_row, cell)
        yield bed
        top = bed.bottom + GAP


def _state_text(state: str) -> tuple[str, str]:
    """Return name and meaning of an end state, wrapped."""
    name, meaning = in_words(state)
    room = LEFT - EDGE - 0.08
    return wrapped(name, room, TEXT, "bold"), wrapped(meaning, room, SMALL)


def _name_groups(ax: Axes, beds: Sequence[Bed]) -> None:
    """Write the end states at the left."""
    for bed in beds:
        name, meaning = _state_text(bed.state)
        top = bed.top - COUNT
        below = write(ax, EDGE - LEFT, top, name, fontweight="bold")
        write(ax, EDGE - LEFT, below, meaning, SMALL, QUIET)


def _draw(
    ax: Axes,
    shown: Projected,
    scenario: Scenario,
    groups: Mapping[str, Group],
    beds: Sequence[Bed],
) -> None:
    """Draw the groups of one scenario."""
    wide, place = ax.get_xlim()[1], shown.answer.names.index(scenario.name)
    for bed in beds:
        ax.add_patch(Rectangle((0, bed.top), wide, bed.height, facecolor=BED))
        opened = shown.answer.line(ALLIANCE, f"end_states.{bed.state}").opened[place]
        look: dict[str, Any] = {"va": "baseline", "fontsize": SMALL}
        above = bed.top - 0.035
        ax.text(0.0, above, _count(groups, bed.state, wide), fontweight="bold", color=INK, **look)
        ax.text(wide, above, range_of_100(opened), ha="right", color=QUIET, **look)
    centres = [bed.places(len(groups[bed.state].chosen)) for bed in beds]
    fates = [groups[bed.state].chosen for bed in beds]
    flowers(ax, np.concatenate(centres), np.concatenate(fates), FILLED * beds[0].cell)


def _count(groups: Mapping[str, Group], state: str, wide: float) -> str:
    """Return how many worlds are in a group: ``26 of 100``, or ``26`` where there is little room.

    A share that a whole number would hide has a decimal.
    """
    worlds = sum(len(group.chosen) for group in groups.values())
    exact = of_100(groups[state].share)
    number = exact if "." in exact and worlds == HUNDRED else str(len(groups[state].chosen))
    return f"{number} of {worlds}" if wide > WIDE_ENOUGH else number


# ---------------------------------------------------------------------------------------------
# Flowers


def flowers(ax: Axes, centres: Points, fates: npt.NDArray[np.int64], radius: float) -> None:
    """Draw flowers, whose petals follow each other clockwise from the top.

    Parameters
    ----------
    centres
        Shape (flower, 2), in the data of the Axes, which are inches.
    fates
        What becomes of each client: shape (flower, client).
    radius
        Of each flower.
    """
    clients = fates.shape[1]
    for fate, petal in PETALS.items():
        for client in range(clients):
            at = centres[fates[:, client] == fate]
            _stamp(ax, _petal(client, clients, petal.length), at, radius, **petal.look)
    _stamp(ax, PATRON, centres, radius, facecolor=INK)


def _stamp(ax: Axes, path: Path, at: Points, radius: float, **look: Any) -> None:
    """Draw the same shape at several places."""
    if not len(at):
        return
    look = {"edgecolor": "none", "transform": IdentityTransform(), **look}
    size = (72.0 * radius) ** 2
    shapes = PathCollection([path], [size], offsets=at, offset_transform=ax.transData, **look)
    ax.add_collection(shapes, autolim=False)


def _petal(client: int, clients: int, length: float) -> Path:
    """Return the shape of a petal in a flower of radius 1, or a dot in its place."""
    middle = 90.0 - 360.0 * client / clients
    if not length:
        x, y = 0.6 * cos(middle * pi / 180.0), 0.6 * sin(middle * pi / 180.0)
        return Path.circle((x, y), 0.13)
    half = min(55.0, 180.0 / clients - 4.0)
    return Wedge((0, 0), length, middle - half, middle + half, width=length - 0.27).get_path()


# ---------------------------------------------------------------------------------------------
# Key


class _Key(NamedTuple):
    """What explains the picture, at its foot.

    Attributes
    ----------
    codes
        Of the clients, clockwise from the top.
    around
        Their names.
    small
        What the worlds are.
    """

    codes: tuple[str, ...]
    around: str
    small: str

    @classmethod
    def of(cls, shown: Projected) -> _Key:
        data = shown.data
        codes = tuple(str(code) for code in data["member"].values)
        names = ", ".join(shown.names[code] for code in codes)
        patron = shown.names[shown.scenarios[0].alliance.patron]
        room = WIDTH - LEFT - EDGE
        return cls(
            codes,
            wrapped(f"Clockwise from the top: {names}; {patron} in the middle.", room),
            wrapped(_small_print(shown), room, SMALL),
        )

    @property
    def height(self) -> float:
        """Height of the foot of the sheet."""
        text = height_of(self.around, TEXT) + height_of(self.small, SMALL) + 0.25
        return 0.1 + max(2 * KEY + 0.34, text)

    def draw(self, picture: Picture) -> None:
        """Draw it at the foot of the sheet."""
        tall = picture.get_figheight()
        ax = picture.add_axes((0.0, 0.0, 1.0, self.height / tall))
        ax.set_axis_off()
        ax.set(xlim=(0, WIDTH), ylim=(self.height, 0))
        self._flower(ax)
        y = write(ax, LEFT, 0.08, self.around) + 0.04
        self._petals(ax, y)
        write(ax, LEFT, y + 0.19, self.small, SMALL, QUIET)

    def _flower(self, ax: Axes) -> None:
        """Draw the flower that names the petals."""
        x, y = 0.5 * LEFT, 0.21 + KEY
        clients = len(self.codes)
        for client, code in enumerate(self.codes):
            shape = _petal(client, clients, 1.0)
            _stamp(ax, shape, np.array([[x, y]]), KEY, facecolor="#D5D9E0")
            angle = pi / 2 - 2 * pi * client / clients
            across = KEY + 0.04 + 0.5 * width_of(code, SMALL) * abs(cos(angle))
            up = KEY + 0.03 + 0.5 * SMALL / 72
            where = x + across * cos(angle), y - up * sin(angle)
            ax.text(*where, code, fontsize=SMALL, ha="center", va="center_baseline", color=INK)
        _stamp(ax, PATRON, np.array([[x, y]]), KEY, facecolor=INK)

    def _petals(self, ax: Axes, y: float) -> None:
        """Say what the looks of petals mean."""
        x, radius = LEFT, 0.15
        for petal in PETALS.values():
            at = np.array([[x + 0.07, y + 0.155]])
            _stamp(ax, _petal(0, 5, petal.length), at, radius, **petal.look)
            write(ax, x + 0.2, y + 0.01, petal.words, SMALL)
            x += 0.2 + width_of(petal.words, SMALL) + 0.2


def _small_print(shown: Projected) -> str:
    """Say what the worlds are, and what they are not."""
    luck = " The same luck in each scenario." if len(shown.scenarios) > 1 else ""
    many = shown.data.sizes["run"] > HUNDRED
    proportion = " A hundred stand for all, rounded so that they add up." if many else ""
    return (
        f"{titles.worlds_line(shown.data)}{proportion}{luck} A world is in the first group that "
        "applies. At the right of each group: what is not known taken low and high. This is what "
        "the model says of one case, not a forecast."
    )
