"""Figures of a comparison: functions that draw on matplotlib Axes, and pages made of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.ticker import FuncFormatter, MaxNLocator

from foedus.errors import ResultError, nearest
from foedus.model.records import WITHDRAWN
from foedus.outcomes.catalogue import ACTIVE, ALLIANCE, outcomes_of
from foedus.outcomes.differences import gaps
from foedus.outcomes.estimates import is_narrow, probability
from foedus.views import titles
from foedus.views.colours import (
    BLUE,
    GREY,
    INK,
    STANDING_COLOURS,
    scenario_colours,
)
from foedus.views.incidence_plots import incidence_curves, incidence_figure
from foedus.views.panels import (
    End,
    Rows,
    as_change,
    head,
    head_columns,
    header_room,
    label_ends,
    names_room,
    time_axis,
)
from foedus.views.plots import (
    BANDS,
    StandardFigure,
    described,
    member_names,
    page_name,
    pages_of,
    refuse_unknown,
    row_height,
    whiskers,
    with_headers,
)
from foedus.views.sheet import (
    SMALL,
    STYLE,
    TEXT,
    Margins,
    Picture,
    panel_width,
    save_picture,
    sheet,
    width_of,
    wrapped,
)
from foedus.worlds.populations import populations_in

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import numpy.typing as npt
    import xarray as xr
    from matplotlib.axes import Axes

    from foedus.cases.scenario import Scenario
    from foedus.outcomes.attribution import Attribution
    from foedus.outcomes.estimates import Estimate
    from foedus.views.subjects import Compared

SMALLEST = 0.02  # the scale of a difference reaches at least so far to either side of 0
LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)
MARKS = (0.5, 0.2, 0.1, 0.05, 0.02, 0.01)  # of a scale of differences, to either side of 0
#: From sand over ice to teal, as standings go from gone to active.
ACTIVITY = LinearSegmentedColormap.from_list(
    "activity", [STANDING_COLOURS[name] for name in ("withdrawn", "frozen", "active")]
)


# ---------------------------------------------------------------------------------------------
# On Axes


@dataclass(frozen=True)
class Course:
    """Paired differences over time: their mean, and quantiles over the worlds.

    Attributes
    ----------
    months
        Those in which any world has a difference.
    quantiles
        Shape (5, month): .05, .25, .5, .75 and .95.
    mean
        Shape (month,).
    """

    months: npt.NDArray[Any]
    quantiles: npt.NDArray[Any]
    mean: npt.NDArray[Any]

    @property
    def reach(self) -> float:
        """How far the wider band goes to either side of 0."""
        return float(np.abs(self.quantiles).max(initial=0.0))


def course_of(differences: xr.DataArray) -> Course:
    """Return the course of paired differences: dimensions month and run; NaN is left out.

    Quantiles are differences of some world; there is no interpolation.
    """
    values = differences.transpose("month", "run").values
    present = ~np.isnan(values).all(axis=1)
    ordered, months = np.sort(values[present], axis=1), differences["month"].values[present]
    count = (~np.isnan(ordered)).sum(axis=1)
    places = np.maximum(0, np.ceil(np.outer(count, LEVELS)).astype(int) - 1)
    found = np.take_along_axis(ordered, places, axis=1)
    return Course(months, found.T, np.nansum(ordered, axis=1) / count)


def difference_fan(
    ax: Axes, differences: xr.DataArray | Course, colour: str = BLUE, base: float = 0.0
) -> Axes:
    """Draw the median of paired differences and the bands that hold half and 90 % of them.

    Parameters
    ----------
    differences
        Other scenario minus baseline: dimensions month and run, see
        :func:`foedus.outcomes.differences.gaps`. NaN is left out.
    base
        Where 0 lies on the y axis, for one of several rows.
    """
    course = differences if isinstance(differences, Course) else course_of(differences)
    ax.axhline(base, color=INK, linewidth=0.7)
    if not course.months.size:
        return ax
    around = base + course.quantiles
    for (label, *_, alpha), low, high in zip(BANDS, (0, 1), (4, 3), strict=True):
        ax.fill_between(
            course.months,
            around[low],
            around[high],
            color=colour,
            alpha=alpha,
            linewidth=0,
            label=label,
        )
    ax.plot(course.months, around[2], color=colour, linewidth=1.5, label="median difference")
    mean = base + course.mean
    ax.plot(course.months, mean, color=colour, linewidth=1.1, ls=":", label="mean difference")
    label_ends(ax, [End(float(mean[-1]), as_change(float(course.mean[-1])), colour, strong=True)])
    return ax


def activity_map(ax: Axes, data: xr.Dataset, scenarios: Sequence[Scenario]) -> Axes:
    """Draw a map (member by scenario) of the probability of being active at the horizon."""
    for scenario in scenarios:
        refuse_unknown(data, scenario=scenario.name)
    known = populations_in(data.attrs)
    standing = data["standing"].sel(scenario=[scenario.name for scenario in scenarios])
    found = [
        [probability(column == ACTIVE, known) for column in row]
        for row in standing.transpose("member", "scenario", "run").values
    ]
    shares = np.array([[one.value for one in row] for row in found])
    ax.imshow(shares, cmap=ACTIVITY, vmin=0.0, vmax=1.0, aspect="auto")
    for (row, column), share in np.ndenumerate(shares):
        ink = "white" if share > 0.75 else INK
        value, bounds = _percents(found[row][column])
        where: dict[str, Any] = {"ha": "center", "color": ink}
        ax.text(column, row, value, va="bottom", fontsize=TEXT, fontweight="bold", **where)
        ax.text(column, row, bounds, va="top", fontsize=SMALL, **where)
    ax.set_xticks(range(len(scenarios)), [scenario.name for scenario in scenarios])
    ax.set_yticks(range(data.sizes["member"]), data.attrs["member_names"])
    ax.grid(visible=False)
    ax.tick_params(length=0)
    return ax


def _percents(one: Estimate) -> tuple[str, str]:
    digits = 1 if is_narrow(*one.shown) else 0
    value, low, high = (f"{100 * part:.{digits}f}" for part in (one.value, *one.shown))
    return f"{value} %", f"{low} to {high}" if low != high else ""


def tornado(ax: Axes, attribution: Attribution, colour: str = BLUE) -> Axes:
    """Draw how a difference is split among levers, with the largest part at the top.

    Bars: Shapley values with their ranges over the models (or 95 % intervals), and the total.
    Diamonds: the effect of a lever if no other is changed.
    """
    shares = sorted(attribution.shares, key=lambda share: abs(share.shapley.value))
    total = attribution.total
    rows = [(share.lever.replace("_", " "), share.shapley) for share in shares]
    rows.append(("total", total))
    for place, (name, part) in enumerate(rows):
        shade = GREY if name == "total" else colour
        ax.barh(place, part.value, 0.62, color=shade)
        ax.plot(part.shown, [place, place], color=INK, linewidth=1.2)
    ax.plot(
        [share.alone.value for share in shares],
        range(len(shares)),
        linestyle="none",
        marker="D",
        markersize=4,
        markerfacecolor="white",
        markeredgecolor=INK,
        label="the lever alone",
    )
    ax.axvline(0.0, color=INK, linewidth=0.8)
    for place, (_, part) in enumerate(rows):
        ax.annotate(
            as_change(part.value),
            (1.0, place),
            (3, 0),
            xycoords=("axes fraction", "data"),
            textcoords="offset points",
            va="center_baseline",
            fontsize=SMALL,
            annotation_clip=False,
        )
    ax.set_yticks(range(len(rows)), [name for name, _ in rows])
    ax.grid(visible=False, axis="y")
    ax.margins(x=0.12)
    ax.xaxis.set_major_locator(MaxNLocator(3))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:+.3g}" if x else "0"))
    return ax


# ---------------------------------------------------------------------------------------------
# Figures


def difference_figure(
    comparison: Compared, others: Sequence[Scenario], members: Sequence[str] = ()
) -> Picture:
    """Paired differences of cohesion and of members' trust over time, a column for each scenario.

    Parameters
    ----------
    others
        Scenarios to compare with the baseline.
    members
        Codes of the members to draw; all if empty.
    """
    paths, baseline, result = comparison.paths, comparison.baseline, comparison.result
    members = members or baseline.alliance.members
    colours = scenario_colours(result.scenarios)
    inside = paths.assign(trust=paths["trust"].where(paths["membership"] < WITHDRAWN))
    cohesion, trust = [], []
    for other in others:
        gap = gaps(paths, baseline.name, other.name, "cohesion").sel(weighting=other.weighting)
        cohesion.append([course_of(gap)])
        gap = gaps(inside, baseline.name, other.name, "trust")
        trust.append([course_of(gap.sel(member=member)) for member in members])
    parts = (
        (_difference_rows(("Cohesion",), cohesion), cohesion),
        (_difference_rows([f"Trust of {result.names[m]}" for m in members], trust), trust),
    )
    named = [name for rows, _ in parts for name in rows.names]
    height = row_height(len(named))
    margins = with_headers(Margins(left=names_room(named), bottom=0.12, foot=0.26), others)
    subtitle = (
        f"Other scenario minus {baseline.name}, world by world under the same luck, "
        f"{titles.span(result.data)}; line: median, dotted: mean, with its last value; bands: half "
        "and nine tenths of worlds. All rows of trust have one scale, cohesion has its own. "
        f"{titles.worlds_line(result.data, paths.sizes['run'])}"
    )
    picture, axes = sheet(
        titles.difference_title(comparison, others, _last_means(others, members, cohesion, trust)),
        subtitle,
        [height, height * len(members)],
        len(others),
        margins._replace(top=0.04),
        above=margins.top,
    )
    time_axis(axes[1][0], result.data["month"].values)
    for row, (rows, courses) in zip(axes, parts, strict=True):
        rows.scale(row)
        for ax, other, found in zip(row, others, courses, strict=True):
            for place, course in enumerate(found):
                difference_fan(ax, course, colours[other.name], rows.base(place))
    head(axes[0], others, colours)
    return picture


def _last_means(
    others: Sequence[Scenario],
    members: Sequence[str],
    cohesion: Sequence[Sequence[Course]],
    trust: Sequence[Sequence[Course]],
) -> dict[tuple[str, str], float]:
    """Return the last mean difference that is drawn, by scenario and subject."""
    return {
        (other.name, subject): float(course.mean[-1])
        for other, *columns in zip(others, cohesion, trust, strict=True)
        for subject, course in zip((ALLIANCE, *members), (*columns[0], *columns[1]), strict=True)
        if course.months.size
    }


def _difference_rows(names: Sequence[str], courses: Sequence[Sequence[Course]]) -> Rows:
    """Return rows of differences, on one scale that holds the wider bands of all."""
    reach = max(SMALLEST, *(course.reach for column in courses for course in column))
    mark = next(mark for mark in MARKS if mark <= 0.9 * reach)
    return Rows(tuple(names), -reach, reach, (-mark, 0.0, mark), lambda x: f"{x:+.2g}" if x else "")


def member_difference_figure(comparison: Compared, member: str) -> Picture:
    """Paired differences of cohesion and of one member's trust, a column for each scenario."""
    with mpl.rc_context(STYLE):
        return difference_figure(comparison, comparison.others, [member])


def activity_figure(comparison: Compared, others: Sequence[Scenario]) -> Picture:
    """Map of the probability that each member is active at the horizon, by scenario."""
    result, scenarios = comparison.result, (comparison.baseline, *others)
    data, members = result.data, tuple(member_names(result).values())
    left = names_room(members)
    wide = panel_width(1, Margins(left=left, right=0.06)) / len(scenarios) - 0.06
    margins = Margins(left=left, right=0.06, top=header_room(scenarios, wide), bottom=0.06)
    subtitle = (
        f"Chance to be active in {titles.month_name(data['month'].values[-1])}, below it the "
        f"{whiskers(data)}. {titles.worlds_line(data)}"
    )
    title = titles.activity_title(comparison, others)
    picture, axes = sheet(title, subtitle, [0.36 * len(members)], 1, margins)
    ax = activity_map(axes[0][0], data, scenarios)
    ax.set_yticks(range(len(members)), [wrapped(name, left - 0.12) for name in members])
    ax.set_xticks([])
    for place in np.arange(0.5, len(scenarios) - 1):
        ax.axvline(place, color="white", linewidth=1.5)
    head_columns(ax, scenarios, scenario_colours(result.scenarios))
    return picture


def attribution_figure(comparison: Compared, others: Sequence[Scenario]) -> Picture:
    """Attribution of differences to levers: cohesion, and the member whose trust differs most."""
    result, colours = comparison.result, scenario_colours(comparison.result.scenarios)
    shown = [other for other in others if other.name in comparison.attributions]
    rows = _attributed_rows(comparison, shown)
    found = {
        (other.name, one.subject, one.outcome): one
        for other in shown
        for one in comparison.attributions[other.name]
    }
    levers = [share.lever.replace("_", " ") for one in found.values() for share in one.shares]
    left = max((width_of(lever, SMALL) for lever in levers), default=0.4) + 0.15
    margins = Margins(left=left, across=left + 0.42, right=0.42, bottom=0.24)
    counts = [max((len(found[(o.name, *row)].shares) for o in shown), default=1) for row in rows]
    columns = max(1, len(shown))
    wide = panel_width(columns, margins)
    room = header_room(shown, wide) if shown else 0.1
    subtitle = (
        f"What the difference from {comparison.baseline.name} is made of. Bars: Shapley values, "
        f"with {whiskers(result.data)}; diamonds: the lever alone. "
        f"{titles.worlds_line(result.data, comparison.mix_runs)}"
    )
    picture, axes = sheet(
        titles.attribution_title(comparison, shown),
        subtitle,
        [0.18 * (count + 1) + 0.1 for count in counts],
        columns,
        margins._replace(top=0.2),
        above=room,
        sharex="row",
        sharey=False,
    )
    if not shown:
        axes[0][0].text(
            0.5, 0.5, "nothing to attribute", ha="center", transform=axes[0][0].transAxes
        )
    for line, (subject, outcome) in zip(axes, rows, strict=True):
        for ax, other in zip(line, shown, strict=False):
            tornado(ax, found[(other.name, subject, outcome)], colours[other.name])
        who = "Alliance" if subject == ALLIANCE else result.names[subject]
        what = outcomes_of(subject)[outcome].words
        line[0].annotate(
            f"{who}: {what}",
            (0.0, 1.0),
            (-72 * (left - 0.06), 3),
            xycoords="axes fraction",
            textcoords="offset points",
            fontsize=TEXT,
            annotation_clip=False,
        )
    if shown:
        head(axes[0], shown, colours, up=15)
    return picture


def _attributed_rows(comparison: Compared, shown: Sequence[Scenario]) -> list[tuple[str, str]]:
    """Return (subject, outcome) of the rows of the figure of attribution.

    They are cohesion, and trust and activity of the member whose trust differs most from the
    baseline.
    """
    rows = [(ALLIANCE, "cohesion")]
    moved = [
        (abs(a.total.value), a.subject)
        for other in shown
        for a in comparison.attributions[other.name]
        if a.outcome == "trust"
    ]
    if moved:
        _, most = max(moved)
        rows += [(most, "trust"), (most, "active")]
    return rows


#: The figures of a comparison, in the order in which a brief shows them; a new one is a new entry.
FIGURES: dict[str, StandardFigure] = {
    "active": StandardFigure(
        activity_figure,
        "Chance that each member is active at the horizon, scenario by scenario.",
    ),
    "differences": StandardFigure(
        difference_figure,
        "Paired differences from the baseline, month by month: median and mean, and the bands that "
        "hold half and nine tenths of the worlds; all members have the same scale.",
    ),
    "incidence": StandardFigure(
        incidence_figure,
        "By when the first event of some kinds has come. Leaving forestalls all others.",
    ),
    "attribution": StandardFigure(
        attribution_figure,
        "Which lever makes the difference: Shapley values with ranges over the models (or 95 % "
        "intervals), and the lever alone.",
    ),
}


def figure(kind: str, comparison: Compared, others: Sequence[Scenario] | None = None) -> Picture:
    """Draw one of the figures of a comparison by name.

    Parameters
    ----------
    kind
        A key of :data:`FIGURES`.
    others
        Scenarios to compare with the baseline; all of the comparison if omitted.

    Raises
    ------
    ResultError
        If there is no figure of that name, or nothing to compare.
    """
    if kind not in FIGURES:
        message = f"There is no figure '{kind}'{nearest(kind, FIGURES)}"
        raise ResultError(message)
    if not comparison.others:
        message = "There is one scenario only: nothing to compare it with."
        raise ResultError(message)
    with mpl.rc_context(STYLE):
        return FIGURES[kind].draw(comparison, others or comparison.others)


def write_figures(directory: Path, comparison: Compared, *, svg: bool = False) -> list[Path]:
    """Write every figure as PNG, with at most :data:`PER_PAGE` scenarios on a page.

    The files carry the scenarios' fingerprints and the seed in their metadata.

    Parameters
    ----------
    svg
        Whether to write each as SVG too.
    """
    others, written = comparison.others, []
    for kind, one in FIGURES.items():
        for number, page in enumerate(pages_of(one, others), 1):
            stem = directory / page_name(kind, number)
            told = described(comparison.result.data, (comparison.baseline, *page))
            written += save_picture(figure(kind, comparison, page), stem, told, svg=svg)
    return written


__all__ = [
    "FIGURES",
    "activity_map",
    "difference_fan",
    "figure",
    "incidence_curves",
    "tornado",
    "write_figures",
]
