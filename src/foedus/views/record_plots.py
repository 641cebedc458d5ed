"""Figures of a hindcast (forecasts beside what happened) and of a coverage study."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.dates import DateFormatter, YearLocator
from matplotlib.ticker import PercentFormatter

from foedus.cases.months import format_month, parse_month
from foedus.cases.record import EVENTS
from foedus.inference.hindcast import DRIVERS
from foedus.outcomes.estimates import Z90
from foedus.views.colours import AMBER, BLUE, GREY, INK, TEAL, VERMILION
from foedus.views.plots import BANDS, STYLE, Picture
from foedus.worlds.files import replace_file

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.axes import Axes

    from foedus.inference.coverage import Coverage
    from foedus.inference.hindcast import Hindcast

EVENT_ROWS = ("attended", "frozen")
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
    for index, origin in enumerate(hindcast.origins):
        fan = hindcast.fans[origin, drivers]
        first = parse_month(origin) + 1
        months = [_date(month) for month in range(first, first + fan.shape[1])]
        labels = [*(band[0] for band in BANDS), "median over worlds"] if index == 0 else ["_"] * 3
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
    with mpl.rc_context(STYLE):
        picture = Picture(figsize=(7.2, 6.6), layout="constrained")
        FigureCanvasAgg(picture)
        trust, *events = picture.subplots(3, 1, height_ratios=(1.7, 1, 1))
        trust_forecasts(trust, hindcast, drivers, member)
        name = hindcast.record.history.alliance.names[member]
        trust.set_ylabel("Trust in the patron (0 to 1)")
        trust.set_title(f"{name}: trust, forecast from each origin", loc="left")
        trust.legend(fontsize=7.5, loc="lower left", frameon=True, framealpha=1, edgecolor="none")
        for ax, what in zip(events, EVENT_ROWS, strict=True):
            event_forecasts(ax, hindcast, drivers, what, member)
            ax.set_title(f"{name} {EVENTS[what]}: chance given beforehand", loc="left")
            ax.set_ylabel("Chance")
        handles, labels = events[-1].get_legend_handles_labels()
        picture.legend(
            handles,
            labels,
            loc="outside lower left",
            ncols=len(labels),
            fontsize=8,
            alignment="left",
            title=f"Drivers: {DRIVERS[drivers]}; calibrated up to each origin, "
            f"{hindcast.worlds:,} worlds from each; seed {hindcast.seed}",
            title_fontsize=7.5,
        )
        picture.suptitle(
            f"Hindcast of the {hindcast.record.history.alliance.name.upper()}, one case",
            x=0.01,
            ha="left",
            fontweight="bold",
        )
    return picture


def ranks_figure(coverage: Coverage, names: tuple[str, ...]) -> Picture:
    """Histograms of the rank of the true value among posterior draws, one for each number.

    They are flat, within sampling error, if the calibration is right.
    """
    columns = 4
    rows = -(-len(names) // columns)
    bins = 10
    with mpl.rc_context(STYLE):
        picture = Picture(figsize=(7.2, 1.55 * rows + 0.9), layout="constrained")
        FigureCanvasAgg(picture)
        axes = picture.subplots(rows, columns, sharex=True, sharey=True, squeeze=False).ravel()
        expected = coverage.records / bins
        band = 1.96 * np.sqrt(expected * (1 - 1 / bins))
        for ax, name in zip(axes, names, strict=False):
            ranks = coverage.ranks[:, coverage.names.index(name)]
            ax.axhspan(expected - band, expected + band, color=AMBER, alpha=0.25, lw=0)
            ax.hist(ranks, bins=bins, range=(0, 1), color=BLUE, rwidth=0.92)
            ax.axhline(expected, color=VERMILION, lw=0.9)
            ax.set_title(name, fontsize=8, loc="left")
            ax.grid(visible=False, axis="x")
        for ax in axes[len(names) :]:
            ax.set_axis_off()
        picture.supxlabel("Share of posterior draws below the truth", fontsize=8.5)
        picture.supylabel("Synthetic records", fontsize=8.5)
        picture.suptitle(
            f"Rank of the truth in {coverage.records} synthetic records; band: 95 % if all ranks "
            "are alike",
            x=0.01,
            ha="left",
            fontsize=9,
            fontweight="bold",
        )
    return picture


def write(picture: Picture, stem: Path, described: str) -> None:
    """Write a picture as PNG and SVG.

    Parameters
    ----------
    stem
        Path of the files without their suffix.
    described
        What the picture shows, for the files' metadata.
    """
    common = {"Title": picture.get_suptitle(), "Description": described}
    picture.savefig(stem.with_suffix(".png"), dpi=200, metadata={**common, "Software": "foedus"})
    picture.set_layout_engine("none")
    picture.savefig(
        stem.with_suffix(".svg"), metadata={**common, "Creator": "foedus", "Date": None}
    )


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
    write(ranks_figure(found, informed or found.names), directory / "ranks", described)


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
        write(picture, directory / f"hindcast_{drivers}", described)
