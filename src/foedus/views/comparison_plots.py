"""Figures of a comparison: functions that draw on matplotlib Axes, and pages made of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import matplotlib as mpl
import numpy as np
from matplotlib.ticker import FuncFormatter, MaxNLocator

from foedus.errors import ResultError, nearest
from foedus.outcomes.catalogue import ACTIVE, ALLIANCE, MEMBER_OUTCOMES, outcomes_of
from foedus.outcomes.differences import gaps
from foedus.outcomes.estimates import is_narrow, probability
from foedus.outcomes.incidence import EXITS, first_of
from foedus.views.plots import (
    BANDS,
    BLACK,
    BLUE,
    GREY,
    SERIES,
    STYLE,
    VERMILION,
    Picture,
    StandardFigure,
    by_year,
    finish,
    grid,
    page_name,
    pages_of,
    refuse_unknown,
    save,
    share_axis,
    whiskers,
    wrapped,
)
from foedus.worlds.populations import populations_in

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import xarray as xr
    from matplotlib.axes import Axes

    from foedus.cases.scenario import Scenario
    from foedus.outcomes.attribution import Attribution
    from foedus.outcomes.estimates import Estimate
    from foedus.views.subjects import Compared
DASHES = ("-", (0, (5, 1.5)), (0, (1.5, 1.2)), (0, (6, 1.5, 1.5, 1.5)))
SMALL = 0.05  # the axis of a difference reaches at least so far to either side of 0
#: Events whose incidence is drawn, if they come in any world.
DRAWN = ("missed_summit", "unpaid_dues", "freeze", "thaw", "suspension", "withdrawal", "expulsion")


# ---------------------------------------------------------------------------------------------
# On Axes


def difference_fan(ax: Axes, differences: xr.DataArray, colour: str = BLUE) -> Axes:
    """Draw the median of paired differences and the bands that hold half and 90 % of them.

    Parameters
    ----------
    differences
        Other scenario minus baseline: dimensions month and run, see
        :func:`foedus.outcomes.differences.gaps`. NaN is left out.
    """
    values = differences.transpose("month", "run").values
    present = ~np.isnan(values).all(axis=1)
    at, shown = differences["month"].values[present], values[present]
    for label, low, high, alpha in BANDS:
        lower, upper = np.nanquantile(shown, [low, high], axis=1)
        ax.fill_between(at, lower, upper, color=colour, alpha=alpha, linewidth=0, label=label)
    ax.plot(at, np.nanmedian(shown, axis=1), color=colour, linewidth=1.6, label="median difference")
    mean = np.nanmean(shown, axis=1)
    ax.plot(at, mean, color=colour, linewidth=1.2, linestyle=":", label="mean difference")
    ax.axhline(0.0, color=BLACK, linewidth=0.8)
    return by_year(ax)


def incidence_curves(
    ax: Axes, data: xr.Dataset, member: str, event: str, scenarios: Sequence[Scenario]
) -> Axes:
    """Draw the cumulative incidence of an event of a member, a line for each scenario.

    The incidence in a month is the share of worlds in which the event has come by then; the band is
    its range over the models, or its 95 % interval where there is no more than one. Leaving the
    alliance is a competing event: after it nothing else comes.

    Parameters
    ----------
    data
        The result, see :attr:`foedus.Result.data`.
    member, event
        Code of the member, and name of an event of the chronicle.

    Raises
    ------
    ResultError
        If the result has no such scenario, member or event.
    """
    months = data["month"].values
    known = populations_in(data.attrs)
    for place, scenario in enumerate(scenarios):
        refuse_unknown(data, scenario=scenario.name, member=member, event=event)
        table = data["event_month"].sel(scenario=scenario.name, member=member)
        causes = dict.fromkeys((event, *EXITS))
        came = {cause: table.sel(event=cause).values for cause in causes}
        curve = first_of(came, months.size, known)[0][event]
        colour = SERIES[place % len(SERIES)]
        low, high = curve.shown
        ax.fill_between(
            months,
            low[1:],
            high[1:],
            color=colour,
            alpha=0.22,
            linewidth=0,
            step="post",
        )
        ax.plot(
            months,
            curve.value[1:],
            color=colour,
            linestyle=DASHES[place % len(DASHES)],
            linewidth=1.4,
            drawstyle="steps-post",
            label=scenario.title,
        )
    return share_axis(ax, percent=True, years=3)


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
    ax.imshow(shares, cmap="cividis", vmin=0.0, vmax=1.0, aspect="auto")
    for (row, column), share in np.ndenumerate(shares):
        one = found[row][column]
        ax.text(
            column,
            row,
            _percent(one),
            ha="center",
            va="center",
            fontsize=8,
            color="white" if share < 0.5 else BLACK,
        )
    titles = [wrapped(scenario.title, 18) for scenario in scenarios]
    ax.set_xticks(range(len(scenarios)), titles)
    ax.set_yticks(range(data.sizes["member"]), data.attrs["member_names"])
    ax.grid(visible=False)
    ax.tick_params(length=0)
    return ax


def _percent(one: Estimate) -> str:
    digits = 1 if is_narrow(*one.shown) else 0
    value, low, high = (f"{100 * part:.{digits}f}" for part in (one.value, *one.shown))
    return f"{value} %\n[{low}, {high}]"


def tornado(ax: Axes, attribution: Attribution) -> Axes:
    """Draw how a difference is split among levers, with the largest part at the top.

    Bars: Shapley values with their ranges over the models (or 95 % intervals), and the total.
    Diamonds: the effect of a lever if no other is changed.
    """
    shares = sorted(attribution.shares, key=lambda share: abs(share.shapley.value))
    total = attribution.total
    rows = [(share.lever.replace("_", " "), share.shapley) for share in shares]
    rows.append(("total", total))
    for place, (name, part) in enumerate(rows):
        shade = GREY if name == "total" else VERMILION if part.value < 0 else BLUE
        ax.barh(place, part.value, 0.62, color=shade)
        ax.plot(part.shown, [place, place], color=BLACK, linewidth=0.9)
    ax.plot(
        [share.alone.value for share in shares],
        range(len(shares)),
        linestyle="none",
        marker="D",
        markersize=4,
        markerfacecolor="white",
        markeredgecolor=BLACK,
        label="the lever alone",
    )
    ax.axvline(0.0, color=BLACK, linewidth=0.8)
    ax.set_yticks(range(len(rows)), [name for name, _ in rows])
    ax.grid(visible=False, axis="y")
    ax.margins(x=0.12)
    ax.xaxis.set_major_locator(MaxNLocator(4))
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
    paths, baseline = comparison.paths, comparison.baseline
    names = comparison.result.names
    members = members or baseline.alliance.members
    figure, axes = grid(
        len(members) + 1, len(others), width=2.9, height=1.35, sharey="row", floor=5.2
    )
    for column, other in zip(axes.T, others, strict=True):
        cohesion = gaps(paths, baseline.name, other.name, "cohesion")
        difference_fan(column[0], cohesion.sel(weighting=other.weighting))
        trust = gaps(paths, baseline.name, other.name, "trust")
        for ax, member in zip(column[1:], members, strict=True):
            difference_fan(ax, trust.sel(member=member))
        column[0].set_title(wrapped(other.title, 38 if len(others) > 1 else 60), loc="left")
    for row in axes:
        low, high = row[0].get_ylim()
        row[0].set_ylim(min(low, -SMALL), max(high, SMALL))
    axes[0][0].set_ylabel("Cohesion")
    for row, member in zip(axes[1:], members, strict=True):
        row[0].set_ylabel(f"Trust,\n{names[member]}")
    handles, labels = axes[1][0].get_legend_handles_labels()
    title = f"Difference from '{baseline.title}', world by world"
    finish(figure, comparison.result.data, title, handles, labels, worlds=paths.sizes["run"])
    return figure


def member_difference_figure(comparison: Compared, member: str) -> Picture:
    """Paired differences of cohesion and of one member's trust, a column for each scenario."""
    with mpl.rc_context(STYLE):
        return difference_figure(comparison, comparison.others, [member])


def incidence_figure(comparison: Compared, others: Sequence[Scenario]) -> Picture:
    """Cumulative incidence of the events in :data:`DRAWN`, for each member and all scenarios."""
    data, scenarios = comparison.result.data, (comparison.baseline, *others)
    came = (data["event_month"] > 0).any(["scenario", "member", "run"])
    noted = [name for name in DRAWN if name in came["event"]]
    events = [name for name in noted if bool(came.sel(event=name))] or noted[:1]
    members = [str(code) for code in data["member"].values]
    figure, axes = grid(len(members), len(events), width=1.9, height=1.35)
    for row, member in zip(axes, members, strict=True):
        for ax, event in zip(row, events, strict=True):
            incidence_curves(ax, data, member, event, scenarios)
        row[0].set_ylabel(comparison.result.names[member])
    for ax, event in zip(axes[0], events, strict=True):
        ax.set_title(MEMBER_OUTCOMES[event].words, loc="left")
    handles, labels = axes[0][0].get_legend_handles_labels()
    title = "First event of its kind since the start, share of worlds by month"
    title += f" (band: {whiskers(data)})"
    finish(figure, data, title, handles, labels)
    return figure


def activity_figure(comparison: Compared, others: Sequence[Scenario]) -> Picture:
    """Map of the probability that each member is active at the horizon, by scenario."""
    data, scenarios = comparison.result.data, (comparison.baseline, *others)
    figure, axes = grid(1, 1, width=1.5 + 1.3 * len(scenarios), height=0.62 * data.sizes["member"])
    activity_map(axes[0][0], data, scenarios)
    horizon = str(data["month"].values[-1])[:7]
    finish(figure, data, f"Active in {horizon}, with {whiskers(data)}", [], [])
    return figure


def attribution_figure(comparison: Compared, others: Sequence[Scenario]) -> Picture:
    """Attribution of differences to levers: cohesion, and the member whose trust differs most."""
    shown = [other for other in others if other.name in comparison.attributions]
    rows = _attributed_rows(comparison, shown)
    figure, axes = grid(
        len(rows), max(1, len(shown)), width=3.4, height=1.5, sharex="row", sharey=False, floor=5.2
    )
    if not shown:
        axes[0][0].text(
            0.5, 0.5, "nothing to attribute", ha="center", transform=axes[0][0].transAxes
        )
    for column, other in zip(axes.T, shown, strict=False):
        found = {(a.subject, a.outcome): a for a in comparison.attributions[other.name]}
        for ax, row in zip(column, rows, strict=True):
            tornado(ax, found[row])
            ax.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:+.3g}" if x else "0"))
        column[0].set_title(wrapped(other.title, 38), loc="left")
    for ax, (subject, outcome) in zip(axes[:, 0], rows, strict=True):
        who = "Alliance" if subject == ALLIANCE else comparison.result.names[subject]
        ax.set_ylabel(f"{who}:\n{outcomes_of(subject)[outcome].words}")
    handles, labels = axes[0][0].get_legend_handles_labels()
    title = f"What the difference from '{comparison.baseline.title}' is made of"
    finish(figure, comparison.result.data, title, handles, labels, worlds=comparison.mix_runs)
    return figure


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
        "hold half and nine tenths of the worlds; each row has its own scale.",
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


def write_figures(directory: Path, comparison: Compared) -> list[Path]:
    """Write every figure as PNG and SVG, with at most :data:`PER_PAGE` scenarios on a page.

    The files carry the scenarios' fingerprints and the seed in their metadata.
    """
    others, written = comparison.others, []
    for kind, shown_as in FIGURES.items():
        for number, page in enumerate(pages_of(shown_as, others), 1):
            name = page_name(kind, number)
            with mpl.rc_context(STYLE):
                picture = figure(kind, comparison, page)
                shown = (comparison.baseline, *page)
                written += save(picture, directory / name, comparison.result.data, shown)
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
