"""Figures of a run: functions that draw on matplotlib Axes, and the standard figures made of them.

A figure takes the result that it shows (see :class:`foedus.views.subjects.Projected`) and the
scenarios of its page; functions on Axes take the Dataset. Colours are those of
:mod:`foedus.views.colours`.
"""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Any, Literal

import matplotlib as mpl
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.dates import DateFormatter, YearLocator
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import PercentFormatter

from foedus.errors import ResultError, nearest
from foedus.model.cohesion import END_STATES
from foedus.model.records import STANDINGS
from foedus.outcomes.estimates import probability
from foedus.outcomes.summary import quantiles
from foedus.views.colours import BETTER, STANDING_COLOURS, scenario_colours, scenario_looks
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

STYLE: dict[Any, Any] = {
    "font.size": 8.5,
    "axes.titlesize": 9.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#DDDDDD",
    "grid.linewidth": 0.5,
    "axes.axisbelow": True,
    "legend.frameon": False,
    "svg.hashsalt": "foedus",
    "svg.fonttype": "none",
    "text.parse_math": False,  # a dollar in a title is a dollar
}


class Picture(Figure):
    """A matplotlib Figure that shows itself in a notebook without pyplot."""

    def _repr_png_(self) -> bytes:
        buffer = BytesIO()
        self.savefig(buffer, format="png", dpi=110)
        return buffer.getvalue()


# ---------------------------------------------------------------------------------------------
# On Axes


def fan(
    ax: Axes, months: npt.NDArray[Any], histogram: npt.NDArray[Any], colour: str = BETTER
) -> Axes:
    """Draw the median over worlds, and the bands that hold half and nine tenths of them.

    Parameters
    ----------
    months
        Shape (month,), datetime64.
    histogram
        Shape (month, bin): number of worlds in equal bins of a share from 0 to 1. Worlds without a
        value are in no bin.
    """
    present = histogram.sum(axis=1) > 0
    if not present.any():
        ax.text(0.5, 0.5, "in no world", ha="center", va="center", transform=ax.transAxes)
        return share_axis(ax)
    shown, at = histogram[present], months[present]
    for label, low, high, alpha in BANDS:
        lower, upper = quantiles(shown, [low, high])
        ax.fill_between(at, lower, upper, color=colour, alpha=alpha, linewidth=0, label=label)
    (median,) = quantiles(shown, [0.5])
    ax.plot(at, median, color=colour, linewidth=1.6, label="median over worlds")
    return share_axis(ax)


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


def cohesion_fan(ax: Axes, data: xr.Dataset, scenario: Scenario, colour: str = BETTER) -> Axes:
    """Fan chart of the cohesion index with the scenario's weights."""
    refuse_unknown(data, scenario=scenario.name)
    counts = data["monthly_cohesion"].sel(scenario=scenario.name, weighting=scenario.weighting)
    return fan(ax, data["month"].values, counts.transpose("month", "bin").values, colour)


def trust_fan(ax: Axes, data: xr.Dataset, scenario: str, member: str, colour: str = BETTER) -> Axes:
    """Fan chart of a member's trust, over the worlds in which it still is a member."""
    refuse_unknown(data, scenario=scenario, member=member)
    counts = data["monthly_histogram"].sel(scenario=scenario, member=member, watched="trust")
    return fan(ax, data["month"].values, counts.transpose("month", "bin").values, colour)


def status_river(ax: Axes, data: xr.Dataset, scenario: str, member: str) -> Axes:
    """Share of worlds in each standing over time, as a stack that sums to one."""
    refuse_unknown(data, scenario=scenario, member=member)
    counts = data["monthly_standing"].sel(scenario=scenario, member=member)
    shares = counts.transpose("standing_name", "month").values / data.sizes["run"]
    ax.stackplot(
        data["month"].values,
        shares,
        colors=list(STANDING_COLOURS.values()),
        edgecolor="white",
        linewidth=0.4,
    )
    ax.margins(x=0)
    return share_axis(ax, percent=True)


def whiskers(data: xr.Dataset) -> str:
    """Say what is drawn about a probability: its range over models, or Wilson's interval."""
    models = len(populations_in(data.attrs).names)
    return f"range over {models} models" if models > 1 else "Wilson 95 %"


def end_state_bars(ax: Axes, data: xr.Dataset, scenarios: Sequence[Scenario]) -> Axes:
    """Probability of each end state, with its range over models or Wilson's, side by side."""
    for scenario in scenarios:
        refuse_unknown(data, scenario=scenario.name)
    width, looks = 0.8 / len(scenarios), scenario_looks(scenarios)
    places = np.arange(len(END_STATES))
    for index, scenario in enumerate(scenarios):
        codes = data["end_state"].sel(scenario=scenario.name).values
        known = populations_in(data.attrs)
        states = {name: probability(codes == code, known) for code, name in enumerate(END_STATES)}
        values = np.array([states[name].value for name in END_STATES])
        errors = np.array(
            [
                [states[n].value - states[n].shown[0], states[n].shown[1] - states[n].value]
                for n in END_STATES
            ]
        ).T
        ax.bar(
            places + (index - (len(scenarios) - 1) / 2) * width,
            values,
            width * 0.92,
            yerr=np.clip(errors, 0, None),
            color=looks[scenario.name].colour,
            error_kw={"elinewidth": 0.8, "capsize": 1.8, "ecolor": "#333333"},
            label=scenario.title,
        )
    ax.set_xticks(places, END_STATES)
    ax.set_ylim(0, 1)
    ax.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    ax.grid(visible=False, axis="x")
    return ax


def share_axis(ax: Axes, *, percent: bool = False, years: int = 6) -> Axes:
    """Scale the y axis from 0 to 1 and the x axis by calendar years."""
    ax.set_ylim(0, 1)
    ax.set_yticks([0, 0.25, 0.5, 0.75, 1])
    if percent:
        ax.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    return by_year(ax, years)


def by_year(ax: Axes, years: int = 6) -> Axes:
    """Scale the x axis by calendar years, of which about so many are labelled."""
    low, high = ax.get_xlim()
    step = max(1, round((high - low) / 365.25 / years))
    ax.xaxis.set_major_locator(YearLocator(step))  # type: ignore[no-untyped-call]
    ax.xaxis.set_major_formatter(DateFormatter("%Y"))  # type: ignore[no-untyped-call]
    return ax


# ---------------------------------------------------------------------------------------------
# Standard figures


def cohesion_figure(shown: Projected, scenarios: Sequence[Scenario]) -> Picture:
    """Fan charts of the alliance's cohesion, scenarios side by side on shared axes."""
    data, colours = shown.data, scenario_colours(shown.scenarios)
    count = len(scenarios)
    figure, axes = grid(1, count, width=3.1 if count > 1 else 5.2, height=3.0)
    for ax, scenario in zip(axes[0], scenarios, strict=True):
        cohesion_fan(ax, data, scenario, colours[scenario.name])
        ax.set_title(wrapped(scenario.title, 38 if count > 1 else 70), loc="left")
    weightings = " or ".join(dict.fromkeys(scenario.weighting for scenario in scenarios))
    axes[0][0].set_ylabel(f"Cohesion index ({weightings} weights of members)")
    handles, labels = axes[0][0].get_legend_handles_labels()
    finish(figure, data, f"Cohesion of the alliance: {_alliance(data)}", handles, labels)
    return figure


def trust_figure(shown: Projected, scenarios: Sequence[Scenario]) -> Picture:
    """Fan charts of each member's trust: a row for each member, a column for each scenario."""
    data, colours = shown.data, scenario_colours(shown.scenarios)

    def draw(ax: Axes, scenario: Scenario, member: str) -> Axes:
        return trust_fan(ax, data, scenario.name, member, colours[scenario.name])

    figure, axes = _by_member(shown, scenarios, draw)
    handles, labels = axes[0][0].get_legend_handles_labels()
    finish(figure, data, f"Trust in the patron (0 to 1): {_alliance(data)}", handles, labels)
    return figure


def status_figure(shown: Projected, scenarios: Sequence[Scenario]) -> Picture:
    """Share of worlds in each standing over time, a row for each member."""
    data = shown.data

    def draw(ax: Axes, scenario: Scenario, member: str) -> Axes:
        return status_river(ax, data, scenario.name, member)

    figure, _ = _by_member(shown, scenarios, draw)
    handles = [Patch(facecolor=colour, label=name) for name, colour in STANDING_COLOURS.items()]
    title = f"Standing of each member, share of worlds: {_alliance(data)}"
    finish(figure, data, title, handles, list(STANDINGS))
    return figure


def _by_member(
    shown: Projected,
    scenarios: Sequence[Scenario],
    draw: Callable[[Axes, Scenario, str], Axes],
) -> tuple[Picture, Any]:
    """Draw a panel for each member (row) and scenario (column)."""
    names = {code: shown.names[code] for code in shown.data["member"].values.tolist()}
    figure, axes = grid(len(names), len(scenarios), width=2.9, height=1.35, floor=5.2)
    for row, (member, name) in zip(axes, names.items(), strict=True):
        for ax, scenario in zip(row, scenarios, strict=True):
            draw(ax, scenario, member)
        row[0].set_ylabel(name)
    for ax, scenario in zip(axes[0], scenarios, strict=True):
        ax.set_title(wrapped(scenario.title, 38 if len(scenarios) > 1 else 70), loc="left")
    return figure, axes


def end_state_figure(shown: Projected, scenarios: Sequence[Scenario]) -> Picture:
    """Bars of the end states at the horizon."""
    data = shown.data
    figure, axes = grid(1, 1, width=6.4, height=3.2)
    ax = end_state_bars(axes[0][0], data, scenarios)
    ax.set_ylabel(f"Probability (whiskers: {whiskers(data)})")
    horizon = str(data["month"].values[-1])[:7]
    handles, labels = ax.get_legend_handles_labels()
    finish(figure, data, f"End state in {horizon}: {_alliance(data)}", handles, labels)
    return figure


def member_figure(shown: Projected, member: str) -> Picture:
    """Cohesion of the alliance, and below it the trust of one member, scenarios side by side.

    Raises
    ------
    ResultError
        If there is no such member.
    """
    data, scenarios, colours = shown.data, shown.scenarios, scenario_colours(shown.scenarios)
    refuse_unknown(data, member=member)
    name = shown.names[member]
    with mpl.rc_context(STYLE):
        count = len(scenarios)
        figure, axes = grid(2, count, width=3.1 if count > 1 else 5.2, height=1.9)
        for (upper, lower), scenario in zip(axes.T, scenarios, strict=True):
            cohesion_fan(upper, data, scenario, colours[scenario.name])
            trust_fan(lower, data, scenario.name, member, colours[scenario.name])
            upper.set_title(wrapped(scenario.title, 38 if count > 1 else 70), loc="left")
        axes[0][0].set_ylabel("Cohesion")
        axes[1][0].set_ylabel(f"Trust, {name}")
        handles, labels = axes[0][0].get_legend_handles_labels()
        title = f"Cohesion of the alliance and trust of {name}: {_alliance(data)}"
        finish(figure, data, title, handles, labels)
        return figure


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
    compared
        Whether the brief of a comparison shows it too.
    """

    draw: Callable[[Any, Any], Picture]
    caption: str
    paged: bool = True
    compared: bool = False


#: The figures of a result, in the order in which a brief shows them; a new one is a new entry.
FIGURES: dict[str, StandardFigure] = {
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
        "End state of the alliance at the horizon.",
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
    return [scenarios[i : i + PER_PAGE] for i in range(0, len(scenarios), PER_PAGE)]


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


def write_figures(directory: Path, shown: Projected) -> list[Path]:
    """Write every standard figure as PNG and SVG, with at most PER_PAGE scenarios on a page.

    The files carry the scenarios' fingerprints and the seed in their metadata.
    """
    directory.mkdir(parents=True, exist_ok=True)
    written = []
    for kind, one in FIGURES.items():
        for number, page in enumerate(pages_of(one, shown.scenarios), 1):
            name = page_name(kind, number)
            with mpl.rc_context(STYLE):
                written += save(figure(kind, shown, page), directory / name, shown.data, page)
    return written


def page_name(kind: str, number: int) -> str:
    """Name of a page of a figure: its kind, with a number from the second page on."""
    return kind if number == 1 else f"{kind}_{number}"


def save(
    picture: Picture, stem: Path, data: xr.Dataset, scenarios: Sequence[Scenario]
) -> list[Path]:
    """Write a figure as PNG and SVG, with scenarios, seed and worlds in their metadata.

    Parameters
    ----------
    stem
        Path of the files without their suffix.
    """
    described = "; ".join(f"{s.name} {s.fingerprint}" for s in scenarios)
    described += f"; seed {data.attrs['seed']}; {data.sizes['run']} worlds"
    return save_picture(picture, stem, described)


def save_picture(picture: Picture, stem: Path, described: str) -> list[Path]:
    """Write a figure as PNG and SVG, with its title and a description in their metadata.

    Parameters
    ----------
    stem
        Path of the files without their suffix.
    """
    common = {"Title": picture.get_suptitle(), "Description": described}
    png = {**common, "Software": "foedus"}
    svg = {**common, "Creator": "foedus", "Date": None}
    files = stem.with_suffix(".png"), stem.with_suffix(".svg")
    picture.savefig(files[0], dpi=200, metadata=png, pil_kwargs={"compress_level": 4})
    picture.set_layout_engine("none")  # the layout of the first file serves both
    picture.savefig(files[1], metadata=svg)
    return list(files)


def grid(
    rows: int,
    columns: int,
    *,
    width: float,
    height: float,
    sharex: bool | Literal["row", "col"] = True,
    sharey: bool | Literal["row", "col"] = True,
    floor: float = 0.0,
) -> tuple[Picture, Any]:
    """Return a figure with a grid of Axes.

    Parameters
    ----------
    width, height
        Size of each panel in inches.
    sharex, sharey
        Which panels share an axis, as for matplotlib's ``subplots``.
    floor
        Least width of the figure in inches.

    Returns
    -------
    tuple
        The figure, and an array of Axes: shape (row, column).
    """
    size = (max(floor, width * columns + 0.7), height * rows + 1.25)
    picture = Picture(figsize=size, layout="constrained")
    FigureCanvasAgg(picture)
    axes = picture.subplots(rows, columns, sharex=sharex, sharey=sharey, squeeze=False)
    return picture, axes


def finish(
    picture: Picture,
    data: xr.Dataset,
    title: str,
    handles: list[Any],
    labels: list[str],
    *,
    worlds: int | None = None,
) -> None:
    """Give a figure its title, its legend, and a line on the worlds that it shows.

    Parameters
    ----------
    data
        The result, for the number of its worlds, their numbers' source and the seed.
    handles, labels
        Entries of the legend.
    worlds
        Worlds of a scenario, where these are not all of the result.
    """
    picture.suptitle(title, x=0.01, ha="left", fontweight="bold")
    widest = max(map(len, labels), default=1)
    room = int(picture.get_figwidth() / (0.55 + 0.068 * widest))  # width of an entry in inches
    columns = max(1, min(len(labels), room))
    draw = {
        "posterior": "worlds that go on from the record (posterior)",
        "prior": "parameters drawn from their priors, none calibrated",
        "default": "declared parameter values",
    }.get(data.attrs["parameter_draw"], "given parameter values")
    legend = picture.legend(
        handles,
        labels,
        loc="outside lower left",
        ncols=columns,
        fontsize=8,
        title=f"{worlds or data.sizes['run']:,} worlds a scenario; {draw}; "
        f"seed {data.attrs['seed']}",
        title_fontsize=7.5,
        alignment="left",
    )
    legend.get_title().set_color("#555555")


def _alliance(data: xr.Dataset) -> str:
    return str(data.attrs["alliance"]).upper()


def wrapped(text: str, width: int) -> str:
    """Break a text into lines of at most ``width`` characters."""
    from textwrap import fill

    return fill(text, width)


__all__ = [
    "FIGURES",
    "Picture",
    "cohesion_fan",
    "end_state_bars",
    "fan",
    "figure",
    "member_figure",
    "status_river",
    "trust_fan",
    "write_figures",
]
