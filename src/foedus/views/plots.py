"""Figures of a run: functions that draw on matplotlib Axes, and the standard figures made of them.

A figure takes the result that it shows (see :class:`foedus.views.subjects.Projected`) and the
scenarios of its page; functions on Axes take the Dataset. Colours are those of
:mod:`foedus.views.colours`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np
from matplotlib.collections import PolyCollection
from matplotlib.dates import date2num
from matplotlib.patches import Patch

from foedus.errors import ResultError, nearest
from foedus.model.records import STANDINGS
from foedus.outcomes.finding import index, of_100
from foedus.outcomes.phrases import STANDING_WORDS
from foedus.outcomes.summary import quantiles
from foedus.views import titles
from foedus.views.colours import BLUE, PALE, STANDING_COLOURS, scenario_colours
from foedus.views.end_states import end_state_figure
from foedus.views.futures import PER_PAGE as FUTURES_PER_PAGE
from foedus.views.futures import futures_figure
from foedus.views.panels import (
    End,
    Rows,
    add_key,
    as_percent,
    head,
    header_room,
    key_room,
    label_ends,
    names_room,
    share_axis,
    time_axis,
)
from foedus.views.sheet import STYLE, Margins, Picture, panel_width, save_picture, sheet
from foedus.worlds.populations import populations_in

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    import numpy.typing as npt
    import xarray as xr
    from matplotlib.axes import Axes

    from foedus.cases.scenario import Scenario
    from foedus.views.subjects import Projected

PER_PAGE = 4  # scenarios side by side on one figure
BANDS = (("90 % of worlds", 0.05, 0.95, 0.18), ("50 % of worlds", 0.25, 0.75, 0.38))
BANDS_TOLD = (
    "line: median of worlds; bands: half and nine tenths of them; numbers: their last values"
)
TALL, LOW, PAGE = 0.85, 0.5, 7.4  # heights in inches: of a row, of the lowest, of all rows together
LEAST_SHARE = 0.04  # of a standing whose share is written at the right edge


# ---------------------------------------------------------------------------------------------
# On Axes


def fan(
    ax: Axes,
    months: npt.NDArray[Any],
    histogram: npt.NDArray[Any],
    colour: str = BLUE,
    base: float | None = None,
) -> Axes:
    """Draw the median over worlds, and the bands that hold half and nine tenths of them.

    Parameters
    ----------
    months
        Shape (month,), datetime64.
    histogram
        Shape (month, bin): number of worlds in equal bins of a share from 0 to 1. Worlds without a
        value are in no bin.
    base
        Where 0 lies on the y axis, for one of several :class:`~foedus.views.panels.Rows`. If
        omitted, the Axes are scaled from 0 to 1.
    """
    if base is None:
        share_axis(ax, months)
    zero = base or 0.0
    present = histogram.sum(axis=1) > 0
    if not present.any():
        middle = months[0] + (months[-1] - months[0]) / 2
        ax.text(middle, zero + 0.5, "in no world", ha="center", va="center")
        return ax
    shown, at = histogram[present], months[present]
    for label, low, high, alpha in BANDS:
        lower, upper = zero + quantiles(shown, [low, high])
        ax.fill_between(at, lower, upper, color=colour, alpha=alpha, linewidth=0, label=label)
    (median,) = zero + quantiles(shown, [0.5])
    ax.plot(at, median, color=colour, linewidth=1.5, label="median over worlds")
    low, middle, high = quantiles(shown[-1:], [0.05, 0.5, 0.95])[:, 0].tolist()
    ends = [End(zero + value, index(value), colour) for value in (low, high)]
    ends.append(End(zero + middle, index(middle), colour, strong=True))
    label_ends(ax, ends, zero, zero + 1.0)
    return ax


def refuse_unknown(data: xr.Dataset, **wanted: str) -> None:
    """Check that a dataset has some labels.

    Parameters
    ----------
    **wanted
        By dimension of the dataset: the label that it must have.

    Raises
    ------
    ResultError
        If a label is missing; the message names the most similar one.
    """
    for dimension, label in wanted.items():
        known = [str(value) for value in data[dimension].values]
        if label not in known:
            message = f"The result has no {dimension} '{label}'{nearest(label, known)}"
            raise ResultError(message)


def cohesion_fan(
    ax: Axes,
    data: xr.Dataset,
    scenario: Scenario,
    colour: str = BLUE,
    base: float | None = None,
) -> Axes:
    """Fan chart of the cohesion index with the scenario's weights; ``base`` as for :func:`fan`."""
    refuse_unknown(data, scenario=scenario.name)
    counts = data["monthly_cohesion"].sel(scenario=scenario.name, weighting=scenario.weighting)
    histogram = counts.transpose("month", "bin").values
    return fan(ax, data["month"].values, histogram, colour, base)


def trust_fan(
    ax: Axes,
    data: xr.Dataset,
    scenario: str,
    member: str,
    colour: str = BLUE,
    base: float | None = None,
) -> Axes:
    """Fan chart of a member's trust, over the worlds in which it still is a member.

    ``base`` is as for :func:`fan`.
    """
    refuse_unknown(data, scenario=scenario, member=member)
    counts = data["monthly_histogram"].sel(scenario=scenario, member=member, watched="trust")
    histogram = counts.transpose("month", "bin").values
    return fan(ax, data["month"].values, histogram, colour, base)


def status_river(
    ax: Axes, data: xr.Dataset, scenario: str, member: str, base: float | None = None
) -> Axes:
    """Share of worlds in each standing over time, as a stack that sums to one.

    ``base`` is as for :func:`fan`.
    """
    refuse_unknown(data, scenario=scenario, member=member)
    months = data["month"].values
    counts = data["monthly_standing"].sel(scenario=scenario, member=member)
    shares = counts.transpose("standing_name", "month").values / data.sizes["run"]
    if base is None:
        share_axis(ax, months, as_percent)
    at = date2num(months)  # type: ignore[no-untyped-call]
    lower = np.full(months.size, base or 0.0)
    bands, colours, ends = [], [], []
    for name, row in zip(STANDINGS, shares, strict=True):
        if not row.any():
            continue
        there, back = np.column_stack((at, lower)), np.column_stack((at, lower + row))
        bands.append(np.vstack((there, back[::-1])))
        colours.append(STANDING_COLOURS[name])
        if row[-1] >= LEAST_SHARE:
            middle, text = lower[-1] + 0.5 * row[-1], of_100(row[-1])
            ends.append(End(float(middle), text, strong=name == "active"))
        lower = lower + row
    stack = PolyCollection(bands, facecolors=colours, edgecolors="white", linewidths=0.3)
    ax.add_collection(stack, autolim=False)
    label_ends(ax, ends, base, None if base is None else base + 1.0)
    return ax


def whiskers(data: xr.Dataset) -> str:
    """Say what is drawn about a probability: its range over models, or Wilson's interval."""
    models = len(populations_in(data.attrs).names)
    return f"range over {models} models" if models > 1 else "Wilson 95 %"


# ---------------------------------------------------------------------------------------------
# Standard figures


def cohesion_figure(shown: Projected, scenarios: Sequence[Scenario]) -> Picture:
    """Fan charts of the alliance's cohesion, scenarios side by side on shared axes."""
    data, colours = shown.data, scenario_colours(shown.scenarios)
    weightings = " or ".join(dict.fromkeys(scenario.weighting for scenario in scenarios))
    subtitle = (
        f"Cohesion index of the {titles.alliance_name(data)} (0 to 1, {weightings} weights of "
        f"members), {titles.span(data)}; {BANDS_TOLD}. {titles.worlds_line(data)}"
    )
    margins = with_headers(Margins(), scenarios)
    picture, axes = sheet(
        titles.cohesion_title(shown, scenarios), subtitle, [2.2], len(scenarios), margins
    )
    for ax, scenario in zip(axes[0], scenarios, strict=True):
        cohesion_fan(ax, data, scenario, colours[scenario.name])
    head(axes[0], scenarios, colours)
    return picture


def trust_figure(shown: Projected, scenarios: Sequence[Scenario]) -> Picture:
    """Fan charts of each member's trust: a row for each member, a column for each scenario."""
    data, colours = shown.data, scenario_colours(shown.scenarios)
    patron = shown.names[scenarios[0].alliance.patron]

    members = member_names(shown)
    codes, rows = list(members), Rows(tuple(members.values()))

    def draw(ax: Axes, scenario: Scenario, row: int) -> None:
        colour = colours[scenario.name]
        trust_fan(ax, data, scenario.name, codes[row], colour, rows.base(row))

    subtitle = (
        f"Trust of each member in {patron} (0 to 1) while it is one, {titles.span(data)}; "
        f"{BANDS_TOLD}. {titles.worlds_line(data)}"
    )
    told = titles.trust_title(shown, scenarios), subtitle
    return in_rows(shown, scenarios, rows, draw, told)


def status_figure(shown: Projected, scenarios: Sequence[Scenario]) -> Picture:
    """Share of worlds in each standing over time, a row for each member."""
    data, members = shown.data, member_names(shown)
    codes, rows = list(members), Rows(tuple(members.values()), write=as_percent)

    def draw(ax: Axes, scenario: Scenario, row: int) -> None:
        status_river(ax, data, scenario.name, codes[row], rows.base(row))

    subtitle = (
        f"Share of worlds in which each member has each standing, {titles.span(data)}; numbers: "
        f"worlds of 100 at the end. {titles.worlds_line(data)}"
    )
    there = data["monthly_standing"].any(["scenario", "month", "member"])
    names = [name for name in STANDINGS if bool(there.sel(standing_name=name))]
    handles = [Patch(facecolor=STANDING_COLOURS[name], edgecolor=PALE) for name in names]
    told = titles.status_title(shown, scenarios), subtitle
    words = [STANDING_WORDS[name] for name in names]
    return in_rows(shown, scenarios, rows, draw, told, (handles, words))


def with_headers(margins: Margins, scenarios: Sequence[Scenario]) -> Margins:
    """Return margins with room for the scenarios' names and titles above the panels."""
    wide = panel_width(len(scenarios), margins)
    return margins._replace(top=header_room(scenarios, wide))


def row_height(rows: int) -> float:
    """Return the height in inches of each of so many rows, so that all go on a page."""
    return min(TALL, max(LOW, PAGE / rows))


def in_rows(
    shown: Projected,
    scenarios: Sequence[Scenario],
    rows: Rows,
    draw: Callable[[Axes, Scenario, int], None],
    told: tuple[str, str],
    explained: tuple[Sequence[Any], Sequence[str]] = ((), ()),
) -> Picture:
    """Draw Axes for each scenario, side by side, that hold several rows.

    Parameters
    ----------
    draw
        Draws a row, given by its place.
    told
        Title and subtitle.
    explained
        Handles and labels of the key.
    """
    handles, labels = explained
    foot = key_room(labels) if labels else 0.0
    margins = with_headers(Margins(left=names_room(rows.names), foot=foot), scenarios)
    height = row_height(len(rows.names)) * len(rows.names)
    picture, axes = sheet(*told, [height], len(scenarios), margins)
    time_axis(axes[0][0], shown.data["month"].values)
    rows.scale(axes[0])
    for ax, scenario in zip(axes[0], scenarios, strict=True):
        for row in range(len(rows.names)):
            draw(ax, scenario, row)
    head(axes[0], scenarios, scenario_colours(shown.scenarios))
    if labels:
        add_key(picture, handles, labels)
    return picture


def member_names(shown: Projected) -> dict[str, str]:
    codes = (str(code) for code in shown.data["member"].values)
    return {code: shown.names[code] for code in codes}


def member_figure(shown: Projected, member: str) -> Picture:
    """Cohesion of the alliance, and below it the trust of one member, scenarios side by side.

    Raises
    ------
    ResultError
        If there is no such member.
    """
    data, scenarios, colours = shown.data, shown.scenarios, scenario_colours(shown.scenarios)
    refuse_unknown(data, member=member)
    rows = Rows(("Cohesion", f"Trust of {shown.names[member]}"))

    def draw(ax: Axes, scenario: Scenario, row: int) -> None:
        colour, base = colours[scenario.name], rows.base(row)
        if row == 0:
            cohesion_fan(ax, data, scenario, colour, base)
        else:
            trust_fan(ax, data, scenario.name, member, colour, base)

    subtitle = f"Both from 0 to 1, {titles.span(data)}; {BANDS_TOLD}. {titles.worlds_line(data)}"
    with mpl.rc_context(STYLE):
        return in_rows(
            shown, scenarios, rows, draw, (titles.cohesion_title(shown, scenarios), subtitle)
        )


@dataclass(frozen=True)
class StandardFigure:
    """A figure that is drawn of every result, or of every comparison.

    Attributes
    ----------
    draw
        Takes what it shows (a result, or a comparison) and the scenarios of a page.
    caption
        What it shows, in words, for briefs.
    paged
        Whether there is a page for every few scenarios, instead of one for all.
    per_page
        How many scenarios a page has at most.
    compared
        Whether the brief of a comparison shows it too.
    """

    draw: Callable[[Any, Any], Picture]
    caption: str
    paged: bool = True
    per_page: int = PER_PAGE
    compared: bool = False


#: The figures of a result, in the order in which a brief shows them; a new one is a new entry.
FIGURES: dict[str, StandardFigure] = {
    "futures": StandardFigure(
        futures_figure,
        "A hundred worlds of each scenario in proportion, grouped by what becomes of the alliance; "
        "each petal is a member.",
        per_page=FUTURES_PER_PAGE,
        compared=True,
    ),
    "cohesion": StandardFigure(
        cohesion_figure,
        "Cohesion index over time: median of worlds, and the bands that hold half and nine tenths "
        "of them.",
        compared=True,
    ),
    "status": StandardFigure(
        status_figure,
        "Share of worlds in which each member is active, frozen, suspended or out.",
    ),
    "end_states": StandardFigure(
        end_state_figure,
        "What becomes of the alliance by the horizon: share of worlds, and its range with what is "
        "not known taken low and high.",
        paged=False,
        compared=True,
    ),
    "trust": StandardFigure(
        trust_figure,
        "Trust of each member while it is one: median of worlds and bands.",
    ),
}


def pages_of(one: StandardFigure, scenarios: Sequence[Scenario]) -> list[Sequence[Scenario]]:
    """Return the scenarios of each page of a figure."""
    if not one.paged:
        return [scenarios]
    few = one.per_page
    return [scenarios[i : i + few] for i in range(0, len(scenarios), few)]


def figure(kind: str, shown: Projected, scenarios: Sequence[Scenario] | None = None) -> Picture:
    """Draw one of the standard figures by name.

    Parameters
    ----------
    kind
        A key of :data:`FIGURES`.
    shown
        The result.
    scenarios
        Those of the page; all of the result if omitted.

    Raises
    ------
    ResultError
        If there is no figure of that name.
    """
    if kind not in FIGURES:
        message = f"There is no figure '{kind}'{nearest(kind, FIGURES)}"
        raise ResultError(message)
    with mpl.rc_context(STYLE):
        return FIGURES[kind].draw(shown, scenarios or shown.scenarios)


def write_figures(directory: Path, shown: Projected, *, svg: bool = False) -> list[Path]:
    """Write every standard figure as PNG, with a few scenarios on a page.

    The files carry the scenarios' fingerprints and the seed in their metadata.

    Parameters
    ----------
    svg
        Whether to write each as SVG too.
    """
    directory.mkdir(parents=True, exist_ok=True)
    written = []
    for kind, one in FIGURES.items():
        for number, page in enumerate(pages_of(one, shown.scenarios), 1):
            stem = directory / page_name(kind, number)
            picture = figure(kind, shown, page)
            written += save_picture(picture, stem, described(shown.data, page), svg=svg)
    return written


def page_name(kind: str, number: int) -> str:
    """Name of a page of a figure: its kind, with a number from the second page on."""
    return kind if number == 1 else f"{kind}_{number}"


def described(data: xr.Dataset, scenarios: Sequence[Scenario]) -> str:
    """Say what a figure was made from: the scenarios with their fingerprints, seed and worlds."""
    marks = "; ".join(f"{scenario.name} {scenario.fingerprint}" for scenario in scenarios)
    return f"{marks}; seed {data.attrs['seed']}; {data.sizes['run']} worlds"


__all__ = [
    "FIGURES",
    "Picture",
    "cohesion_fan",
    "fan",
    "figure",
    "member_figure",
    "status_river",
    "trust_fan",
    "write_figures",
]
