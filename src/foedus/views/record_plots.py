"""Figures of a hindcast (forecasts beside what happened) and of a coverage study."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np
from matplotlib.dates import DateFormatter, YearLocator
from matplotlib.ticker import PercentFormatter

from foedus.cases.months import format_month, parse_month
from foedus.cases.record import EVENTS
from foedus.inference.hindcast import DRIVERS
from foedus.outcomes.estimates import Z90, Z95
from foedus.outcomes.finding import index
from foedus.views.colours import AMBER, BLUE, GREY, INK, TEAL, VERMILION
from foedus.views.panels import add_key, key_room
from foedus.views.plots import BANDS
from foedus.views.sheet import SMALL, STYLE, Margins, Picture, save_picture, sheet
from foedus.worlds.files import replace_file

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.axes import Axes

    from foedus.inference.coverage import Coverage
    from foedus.inference.hindcast import Hindcast

EVENT_ROWS = ("attended", "frozen")
RULES = ("persistence", "base rate")  # forecasters that know no model
MARKERS = {
    "model": ("o", BLUE),
    "prior": ("s", AMBER),
    "persistence": ("v", GREY),
    "base rate": ("^", TEAL),
}


def _date(month: int) -> Any:
    return np.datetime64(format_month(month), "D")


def trust_forecasts(ax: Axes, hindcast: Hindcast, drivers: str, member: str = "ARM") -> Axes:
    """Draw the fan of simulated trust after each origin, and the surveys over it.

    Parameters
    ----------
    drivers
        One of :data:`~foedus.inference.hindcast.DRIVERS`.
    """
    for place, origin in enumerate(hindcast.origins):
        fan = hindcast.fans[origin, drivers]
        first = parse_month(origin) + 1
        months = [_date(month) for month in range(first, first + fan.shape[1])]
        labels = [*(band[0] for band in BANDS), "median over worlds"] if place == 0 else ["_"] * 3
        for (low, high), (*_, alpha), label in zip(((0, 4), (1, 3)), BANDS, labels, strict=False):
            ax.fill_between(
                months, fan[low], fan[high], color=BLUE, alpha=alpha, linewidth=0, label=label
            )
        ax.plot(months, fan[2], color=BLUE, lw=1.4, label=labels[-1])
        ax.axvline(_date(first), color=GREY, lw=0.6, ls=":")
    surveys = [item for item in hindcast.record.select("trust", member) if item.instrument is None]
    ax.errorbar(
        [_date(item.month) for item in surveys],
        [item.value for item in surveys],
        yerr=[Z90 * item.error for item in surveys],
        fmt="o",
        ms=4,
        lw=1,
        capsize=2,
        color=INK,
        mfc="white",
        label="surveys (90 % of their error)",
    )
    ax.set_ylim(0, 1)
    return _years(ax)


def event_forecasts(
    ax: Axes, hindcast: Hindcast, drivers: str, what: str, member: str = "ARM"
) -> Axes:
    """Draw the chances that forecasters gave to an event in each year, and whether it happened.

    Parameters
    ----------
    drivers
        One of :data:`~foedus.inference.hindcast.DRIVERS`.
    what
        One of :data:`~foedus.cases.record.EVENTS`.
    """
    for offset, (name, (marker, colour)) in enumerate(MARKERS.items()):
        items = hindcast.select(drivers=drivers, forecaster=name, what=what, member=member)
        years = [int(item.month[:4]) + (offset - 1.5) * 0.13 for item in items]
        ax.plot(years, [item.mean for item in items], marker, color=colour, ms=5, label=name)
    items = hindcast.select(drivers=drivers, forecaster="model", what=what, member=member)
    years = [int(item.month[:4]) for item in items]
    ax.plot(
        years,
        [item.value for item in items],
        "_",
        color=INK,
        ms=26,
        mew=1.8,
        zorder=1,
        label="what happened",
    )
    for year in years[1:]:
        ax.axvline(year - 0.5, color="#DDDDDD", lw=0.5)
    ax.set_ylim(-0.06, 1.06)
    ax.set_xticks(years)
    ax.grid(visible=False, axis="x")
    ax.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    return ax


def _years(ax: Axes) -> Axes:
    ax.xaxis.set_major_locator(YearLocator())  # type: ignore[no-untyped-call]
    ax.xaxis.set_major_formatter(DateFormatter("%Y"))  # type: ignore[no-untyped-call]
    return ax


def hindcast_figure(hindcast: Hindcast, drivers: str = "coded", member: str = "ARM") -> Picture:
    """Figure of a hindcast: trust with the surveys, and chances of events beside what happened."""
    name = hindcast.record.history.alliance.names[member]
    labels = [*MARKERS, "what happened"]
    subtitle = (
        f"Forecast from each origin on, and what happened; calibrated up to each origin. Drivers: "
        f"{DRIVERS[drivers]}. {hindcast.worlds:,} worlds from each; seed {hindcast.seed}. One case."
    )
    margins = Margins(right=0.1, top=0.25, bottom=0.25, foot=key_room(labels))
    with mpl.rc_context(STYLE):
        picture, axes = sheet(
            hindcast_title(hindcast, drivers, member),
            subtitle,
            [2.3, 1.3, 1.3],
            1,
            margins,
            sharex=False,
        )
        trust, *events = axes[:, 0]
        trust_forecasts(trust, hindcast, drivers, member)
        trust.set_title(f"{name}: trust in the patron (0 to 1)", loc="left")
        trust.legend(loc="lower left", frameon=True, framealpha=1, edgecolor="none")
        for ax, what in zip(events, EVENT_ROWS, strict=True):
            event_forecasts(ax, hindcast, drivers, what, member)
            ax.set_title(f"{name} {EVENTS[what]}: chance given beforehand", loc="left")
        handles, labels = events[-1].get_legend_handles_labels()
        add_key(picture, handles, labels)
    return picture


def hindcast_title(hindcast: Hindcast, drivers: str, member: str) -> str:
    """Say how well the model forecast a member's events, beside the better of two simple rules."""
    errors: dict[str, float] = {}
    for name in ("model", *RULES):
        items = hindcast.select(drivers=drivers, forecaster=name, what=EVENT_ROWS, member=member)
        if items:
            errors[name] = float(np.mean([(item.mean - item.value) ** 2 for item in items]))
    who = hindcast.record.history.alliance.names[member]
    rule = min((name for name in RULES if name in errors), key=errors.__getitem__, default=None)
    if rule is None or "model" not in errors:
        return f"{who}: what was forecast beforehand, and what happened"
    better = "better" if errors["model"] < errors[rule] else "no better"
    return (
        f"{who}'s events were forecast {better} than by the simple rule '{rule}': mean squared "
        f"error {index(errors['model'])}, the rule's {index(errors[rule])}"
    )


def ranks_figure(coverage: Coverage, names: tuple[str, ...]) -> Picture:
    """Histograms of the rank of the true value among posterior draws, one for each number.

    They are flat, within sampling error, if the calibration is right.
    """
    columns, bins = 4, 10
    rows = -(-len(names) // columns)
    expected = coverage.records / bins
    band = Z95 * np.sqrt(expected * (1 - 1 / bins))
    counts = {
        name: np.histogram(coverage.ranks[:, coverage.names.index(name)], bins, (0, 1))[0]
        for name in names
    }
    outside = float(np.mean([np.abs(one - expected) > band for one in counts.values()]))
    title = (
        f"{100 * outside:.0f} % of the columns lie outside the band, where 5 % would if all ranks "
        "were alike"
    )
    subtitle = (
        f"Rank of the truth among posterior draws (share of draws below it) in {coverage.records} "
        "synthetic records; band: 95 % if all ranks are alike."
    )
    with mpl.rc_context(STYLE):
        margins = Margins(right=0.1, across=0.12, top=0.22, bottom=0.1, foot=0.2)
        picture, axes = sheet(title, subtitle, [1.0] * rows, columns, margins, sharey=True)
        for ax, (name, found) in zip(axes.flat, counts.items(), strict=False):
            ax.axhspan(expected - band, expected + band, color=AMBER, alpha=0.25, lw=0)
            ax.stairs(found, np.linspace(0, 1, bins + 1), fill=True, color=BLUE)
            ax.axhline(expected, color=VERMILION, lw=0.9)
            ax.set_title(name, fontsize=SMALL, loc="left")
            ax.grid(visible=False, axis="x")
        for ax in axes.flat[len(names) :]:
            ax.set_axis_off()
    return picture


def write_coverage(
    found: Coverage, content: dict[str, Any], informed: tuple[str, ...] | None, directory: Path
) -> None:
    """Write the results of a coverage study and its figure into a directory.

    Parameters
    ----------
    content
        Plain data as from :func:`foedus.inference.coverage.summary`.
    informed
        Names of the numbers to draw; all if None.
    """
    text = json.dumps(content, indent=2, ensure_ascii=False) + "\n"
    replace_file(directory / "coverage.json", text.encode())
    described = f"{found.records} records of {content['draws']} draws; seed {content['seed']}"
    save_picture(
        ranks_figure(found, informed or found.names), directory / "ranks", described, svg=True
    )


def write_hindcast(hindcast: Hindcast, content: dict[str, Any], directory: Path) -> None:
    """Write every forecast, the scores, and a figure for each kind of drivers, into a directory.

    Several years ahead there is no figure, since forecasts of a year from several origins would lie
    over one another.

    Parameters
    ----------
    content
        Plain data as from :func:`foedus.inference.hindcast.summary`.
    """
    directory.mkdir(parents=True, exist_ok=True)
    text = json.dumps(content, indent=2, ensure_ascii=False) + "\n"
    replace_file(directory / "hindcast.json", text.encode())
    rows = list(hindcast.rows())
    with (directory / "forecasts.csv").open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    described = (
        f"record {hindcast.record.fingerprint}; seed {hindcast.seed}; {hindcast.draws} draws"
    )
    for drivers in hindcast.drivers if hindcast.years == 1 else ():
        picture = hindcast_figure(hindcast, drivers)
        save_picture(picture, directory / f"hindcast_{drivers}", described, svg=True)
