"""Picture of how well the past was forecast, beside simpler forecasters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import matplotlib as mpl

from foedus.outcomes.worth import beats
from foedus.views.colours import BLUE, GREY, INK
from foedus.views.panels import as_mark
from foedus.views.sheet import SMALL, STYLE, TEXT, Margins, Picture, sheet

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from matplotlib.axes import Axes

    Scores = Mapping[str, Mapping[str, Any]]  # by forecaster

#: Forecasters that are shown, with what they are called.
FORECASTERS = {
    "model": "the model",
    "prior": "itself uncalibrated",
    "persistence": "'as it was'",
    "coin": "a coin",
}
ROW = 0.135  # inches from one forecaster to the next
NARROW = 3.4  # inches: half of an A4 page


class _Panel(NamedTuple):
    """What was forecast, and the score of each forecaster."""

    title: str
    scores: Scores


def worth_figure(found: Mapping[str, Any]) -> Picture:
    """Draw the Brier scores of the hindcast, one year and several years ahead.

    Parameters
    ----------
    found
        Hindcast scores as from :func:`foedus.outcomes.worth.shipped_hindcast`.
    """
    panels = list(_panels(found))
    with mpl.rc_context(STYLE):
        subtitle = (
            "Brier score, 0 is best; lines: 90 % over the years forecast from. Wars and what "
            "outside powers did were known."
        )
        rows = [ROW * len(FORECASTERS)] * len(panels)
        margins = Margins(left=1.2, right=0.4, top=0.22, bottom=0.04, foot=0.24)
        picture, axes = sheet(
            _title(found["name"], panels), subtitle, rows, 1, margins, width=NARROW
        )
        for ax, panel in zip(axes[:, 0], panels, strict=True):
            _draw(ax, panel, is_last=panel is panels[-1])
        most = max(row["high"] or row["score"] for one in panels for row in one.scores.values())
        axes[-1][0].set_xlim(0.0, 1.05 * most)
    return picture


def _panels(found: Mapping[str, Any]) -> Iterator[_Panel]:
    member, ahead = found["member"], found.get("five_years")
    yield _panel("One year ahead", found["scores"], f"{member}: all events")
    if ahead is not None:
        yield _panel(f"Up to {ahead['years']} years ahead", ahead["scores"], member)


def _panel(title: str, scores: Sequence[Mapping[str, Any]], group: str) -> _Panel:
    rows = {
        row["forecaster"]: row
        for row in scores
        if (row["drivers"], row["group"]) == ("coded", group) and row["forecaster"] in FORECASTERS
    }
    return _Panel(f"{title}, {rows['model']['forecasts']} events", rows)


def _title(name: str, panels: Sequence[_Panel]) -> str:
    """Say whom the model surely beats on every panel, and whether calibration helps."""
    beaten = [
        words
        for forecaster, words in FORECASTERS.items()
        if forecaster != "model" and all(beats(one.scores[forecaster]) for one in panels)
    ]
    who = " and ".join(beaten) or "no simpler forecast"
    prior = FORECASTERS["prior"]
    return (
        f"{name}'s past: the model surely beats {who}{'' if prior in beaten else f', not {prior}'}"
    )


def _draw(ax: Axes, panel: _Panel, *, is_last: bool) -> None:
    """Draw a row for each forecaster, the model at the top."""
    ax.set_title(panel.title, loc="left", fontsize=TEXT, fontweight="bold", color=INK)
    for place, forecaster in enumerate(FORECASTERS):
        row = panel.scores[forecaster]
        colour = BLUE if forecaster == "model" else GREY
        if row["low"] is not None:
            ax.plot([row["low"], row["high"]], [place, place], color=colour, linewidth=1.4)
        ax.plot(row["score"], place, "o", color=colour, markersize=4)
        ax.annotate(
            f"{row['score']:.3f}".removeprefix("0"),
            (1.0, place),
            (3, 0),
            xycoords=("axes fraction", "data"),
            textcoords="offset points",
            va="center_baseline",
            fontsize=SMALL,
            fontweight="bold" if forecaster == "model" else "normal",
        )
    ax.set_yticks(range(len(FORECASTERS)), FORECASTERS.values())
    ax.set_ylim(len(FORECASTERS) - 0.4, -0.6)
    ax.grid(visible=False, axis="y")
    ax.spines["left"].set_visible(False)
    ax.tick_params(length=0, labelbottom=is_last)
    ax.xaxis.set_major_formatter(lambda x, _: as_mark(round(x, 2)))
