"""Colours and lines: one for each scenario wherever it is drawn, others for standings and members.

Scenarios are ink, blues, oranges, purples and browns, and carry a line style too; standings and end
states go from dark teal (takes part) over lighter colours to sand (gone, dissolved). Within each
set, neighbours differ in lightness, so that pictures stay readable in grey and to the colour-blind.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from zlib import crc32

import numpy as np
from matplotlib.colors import to_hex, to_rgb

from foedus.model.cohesion import END_STATES
from foedus.model.records import STANDINGS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from foedus.cases.alliance import Alliance
    from foedus.cases.scenario import Scenario

INK, GREY, PALE = "#1A1A1A", "#6B6B6B", "#DDDDDD"
BLUE, VERMILION, TEAL, AMBER = "#0067A5", "#D95F02", "#17696A", "#E6AB02"

#: Colours of the scenarios that come with foedus.
SHIPPED: dict[str, str] = {
    "baseline": INK,
    "pressure": VERMILION,
    "restraint": BLUE,
    "western_outreach": "#CC79A7",
    "accounting": "#7B3294",
    "carrot_and_stick": AMBER,
    "expulsion": "#8C3B12",
    "bandwidth_recovery": "#56B4E9",
    "kazakhstan_hedges": "#8A8F2A",
    "peace_with_azerbaijan": "#6C8EBF",
    "renewed_war": "#B2182B",
    "trade_leverage": "#A6761D",
    "choice_of_blocs": "#9E9AC8",
    "null": "#9A9A9A",
    "history": "#4D4D4D",
    "history_2002": "#737373",
}
#: Colours of all other scenarios.
OTHERS = (
    "#3F51B5",
    "#C77C5E",
    "#5C4033",
    "#9575CD",
    "#C2185B",
    "#4A90C4",
    "#A89200",
    "#4A148C",
)
#: Styles of lines, from one with few gaps to one with many.
DASHES: tuple[Any, ...] = ("-", (0, (5, 1.5)), (0, (1.5, 1.2)), (0, (6, 1.5, 1.5, 1.5)))
#: Shapes of points, each with the letter that looks like it.
MARKERS = {
    "o": "●",
    "s": "■",
    "^": "▲",
    "D": "◆",
    "v": "▼",
    "P": "✚",
    "X": "✖",
    "*": "★",
    "<": "◀",
    ">": "▶",
    "p": "⬟",
    "h": "⬢",
}


@dataclass(frozen=True)
class Look:
    """How the lines and points of one scenario look.

    Attributes
    ----------
    colour
        Colour, as ``#RRGGBB``.
    dashes
        Style of its lines, as matplotlib's ``linestyle``.
    marker
        Shape of its points.
    """

    colour: str
    dashes: Any
    marker: str

    @property
    def sign(self) -> str:
        """The shape of its points as a letter."""
        return MARKERS[self.marker]


def scenario_looks(scenarios: Iterable[Scenario]) -> dict[str, Look]:
    """Return how scenarios look, by name.

    The colour comes from the name alone, except where two scenarios that did not come with foedus
    would have the same: then the later one takes the next that is free.

    Parameters
    ----------
    scenarios
        All scenarios of a result, so that every figure of it shows them alike.
    """
    names = list(dict.fromkeys(scenario.name for scenario in scenarios))
    order = [*SHIPPED.values(), *OTHERS]
    looks: dict[str, Look] = {}
    for name in names:
        colour = SHIPPED.get(name) or _free(name, {look.colour for look in looks.values()})
        place = order.index(colour)
        marker = tuple(MARKERS)[place % len(MARKERS)]
        looks[name] = Look(colour, DASHES[place % len(DASHES)], marker)
    return looks


def _free(name: str, taken: set[str]) -> str:
    """Return the colour of a scenario that did not come with foedus."""
    first = crc32(name.encode()) % len(OTHERS)
    own = (*OTHERS[first:], *OTHERS[:first])
    return next((colour for colour in own if colour not in taken), own[0])


def scenario_colours(scenarios: Iterable[Scenario]) -> dict[str, str]:
    """Return the colour of every scenario, by name; see :func:`scenario_looks`."""
    return {name: look.colour for name, look in scenario_looks(scenarios).items()}


def readable(colour: str) -> str:
    """Return a colour as dark as letters on white have to be."""
    parts = np.array(to_rgb(colour))
    light = float(parts @ (0.2126, 0.7152, 0.0722))
    return to_hex(tuple((parts * min(1.0, 0.42 / light)).tolist())) if light else colour


#: Colours of standings: dark for one that takes part, light or sand for one that does not.
STANDING_COLOURS: dict[str, str] = dict(
    zip(
        STANDINGS,
        (TEAL, "#5FA69C", "#AFD6CD", "#DDEFEA", "#D9A54E", "#F3E6C8", "#8A6D46"),
        strict=True,
    )
)
#: Colours of end states, from the worst to the best: the darker, the more take part.
END_STATE_COLOURS: dict[str, str] = dict(
    zip(END_STATES, ("#F3E6C8", "#DDB77A", "#94A17F", "#4F9186", TEAL), strict=True)
)

#: Colours of members' lines in pictures of one world.
MEMBERS = (BLUE, VERMILION, "#7B3294", AMBER, "#CC79A7", "#56B4E9", "#8C3B12", GREY)
MEMBER_DASHES: tuple[Any, ...] = ("-", "--", "-.", ":", (0, (6, 1, 1, 1, 1, 1)))


def member_look(alliance: Alliance, code: str) -> dict[str, Any]:
    """Return colour and dashes of a member's lines, as options of matplotlib's plot.

    They depend on the member's place in the alliance only, so all pictures agree.
    """
    lap, place = divmod(alliance.members.index(code), len(MEMBERS))
    dashes = MEMBER_DASHES[(place + lap) % len(MEMBER_DASHES)]
    return {"color": MEMBERS[place], "linestyle": dashes}
