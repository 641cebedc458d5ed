"""Figures of when events come: their cumulative incidence, by member and scenario."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.lines import Line2D

from foedus.outcomes.catalogue import MEMBER_OUTCOMES
from foedus.outcomes.finding import of_100
from foedus.outcomes.incidence import EXITS, first_of
from foedus.views import titles
from foedus.views.colours import scenario_looks
from foedus.views.panels import (
    End,
    Rows,
    add_key,
    as_percent,
    key_room,
    label_ends,
    share_axis,
    time_axis,
)
from foedus.views.plots import refuse_unknown, whiskers
from foedus.views.sheet import TEXT, Margins, Picture, height_of, panel_width, sheet, wrapped
from foedus.worlds.populations import populations_in

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import xarray as xr
    from matplotlib.axes import Axes

    from foedus.cases.scenario import Scenario
    from foedus.views.colours import Look
    from foedus.views.subjects import Compared

#: Events whose incidence is drawn, where they come often enough.
DRAWN = ("missed_summit", "unpaid_dues", "freeze", "thaw", "suspension", "withdrawal", "expulsion")
NEWS = 0.05  # an incidence below this in every scenario is not drawn
MOST_PANELS, ACROSS = 30, 3  # panels of incidence on a page, and side by side


def incidence_curves(
    ax: Axes,
    data: xr.Dataset,
    member: str,
    event: str,
    scenarios: Sequence[Scenario],
    base: float | None = None,
    looks: Mapping[str, Look] | None = None,
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
    base
        Where 0 lies on the y axis, for one of several rows. If omitted, the Axes are scaled from 0
        to 1.
    looks
        How the scenarios look; as among those that are drawn if omitted.

    Raises
    ------
    ResultError
        If the result has no such scenario, member or event.
    """
    months = data["month"].values
    if base is None:
        share_axis(ax, months, as_percent)
    zero, looks = base or 0.0, looks or scenario_looks(scenarios)
    known, ends = populations_in(data.attrs), []
    for scenario in scenarios:
        refuse_unknown(data, scenario=scenario.name, member=member, event=event)
        table = data["event_month"].sel(scenario=scenario.name, member=member)
        causes = dict.fromkeys((event, *EXITS))
        came = {cause: table.sel(event=cause).values for cause in causes}
        curve = first_of(came, months.size, known)[0][event]
        look = looks[scenario.name]
        low, high = (zero + bound[1:] for bound in curve.shown)
        ax.fill_between(months, low, high, color=look.colour, alpha=0.18, linewidth=0, step="post")
        ax.plot(
            months,
            zero + curve.value[1:],
            color=look.colour,
            linestyle=look.dashes,
            linewidth=1.3,
            drawstyle="steps-post",
            label=scenario.name,
        )
        last = float(curve.value[-1])
        ends.append(End(zero + last, f"{of_100(last)} {look.sign}", look.colour))
    label_ends(ax, ends, base, None if base is None else base + 1.0)
    return ax


def incidence_figure(comparison: Compared, others: Sequence[Scenario]) -> Picture:
    """Cumulative incidence of the events in :data:`DRAWN`, where they come often enough."""
    result, scenarios = comparison.result, (comparison.baseline, *others)
    data, looks = result.data, scenario_looks(result.scenarios)
    panels, left_out = _panels_with_news(data, scenarios)
    deep = max(1, -(-len(panels) // ACROSS))
    labels = [scenario.name for scenario in scenarios]
    margins = Margins(top=0.25, foot=key_room(labels))
    wide = panel_width(ACROSS, margins) + margins.right - 0.05
    names = [
        wrapped(f"{result.names[member]} {MEMBER_OUTCOMES[event].words}", wide)
        for member, event in panels
    ]
    header = 0.08 + max((height_of(name) for name in names), default=0.0)
    height = min(0.95, max(0.55, 8.2 / deep))  # of a row with its header
    rows = Rows(("",) * deep, gap=header / (height - header), write=as_percent)
    subtitle = (
        f"First event of its kind by then, worlds of 100, {titles.span(data)}; band: "
        f"{whiskers(data)}. {_left_out(left_out)}{titles.worlds_line(data)}"
    )
    picture, axes = sheet(
        titles.incidence_title(comparison, others, panels),
        subtitle,
        [height * deep - header],
        ACROSS,
        margins._replace(top=header),
        sharey=False,
    )
    time_axis(axes[0][0], data["month"].values)
    for column, ax in enumerate(axes[0]):
        here = panels[column::ACROSS]
        rows.scale([ax], filled=len(here), is_labelled=column == 0)
        for place, (member, event) in enumerate(here):
            base = rows.base(place)
            ax.annotate(
                names[ACROSS * place + column],
                (0.0, base + 1.0),
                (0, 5),
                xycoords=("axes fraction", "data"),
                textcoords="offset points",
                fontsize=TEXT,
                annotation_clip=False,
            )
            incidence_curves(ax, data, member, event, scenarios, base, looks)
    if not panels:
        axes[0][0].text(0.0, 0.5, "none", transform=axes[0][0].transAxes)
    lines = [
        Line2D([], [], color=look.colour, ls=look.dashes, marker=look.marker, markersize=4)
        for look in (looks[name] for name in labels)
    ]
    add_key(picture, lines, labels)
    return picture


def _panels_with_news(
    data: xr.Dataset, scenarios: Sequence[Scenario]
) -> tuple[list[tuple[str, str]], int]:
    """Return (member, event) of the panels that are drawn, and how many others have no news.

    Those in which the scenarios differ most come first; if there are too many, others are left out.
    """
    named = [scenario.name for scenario in scenarios]
    noted = [name for name in DRAWN if name in data["event"]]
    share = (data["event_month"].sel(scenario=named, event=noted) > 0).mean("run")
    found = share.transpose("event", "member", "scenario").values
    apart = {
        (str(member), event): float(np.ptp(found[i, j]))
        for i, event in enumerate(noted)
        for j, member in enumerate(data["member"].values)
        if found[i, j].max() >= NEWS
    }
    panels = sorted(apart, key=lambda panel: -apart[panel])[:MOST_PANELS]
    return panels, found[..., 0].size - len(panels)


def _left_out(panels: int) -> str:
    if not panels:
        return ""
    return (
        f"Left out: {panels} pairs of member and event that come in fewer than "
        f"{100 * NEWS:.0f} of 100 worlds, or differ least. "
    )
