"""Options and arguments that several commands have; their defaults are in ``foedus.defaults``."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from foedus import defaults

if TYPE_CHECKING:
    from collections.abc import Callable

_SHORT = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*([kKmM])")
_GROUPED = re.compile(r"[0-9]{1,3}(?:[.,' ][0-9]{3})+")
_FACTORS = {"k": 1_000, "m": 1_000_000}


def count(help: str, *, low: int = 1, high: int | None = None, **more: Any) -> Any:  # noqa: A002
    """Return an option that takes a whole number, and says what to write instead of another text.

    Parameters
    ----------
    low, high
        Bounds; None for no upper one.
    **more
        As for :func:`typer.Option`.
    """
    return typer.Option(help=help, parser=_whole(low, high), metavar="INTEGER", **more)


def decimal(help: str, **more: Any) -> Any:  # noqa: A002
    """Return an option that takes a number, and says how it is written; see :func:`count`."""
    return typer.Option(help=help, parser=_decimal, metavar="NUMBER", **more)


def _decimal(text: str) -> float:
    """Read a number, or refuse it in a sentence."""
    from foedus.cases.validation import written_as

    try:
        return float(text)
    except ValueError:
        message = f"'{text}' is not a number{written_as(text)}."
        raise typer.BadParameter(message) from None


def _whole(low: int, high: int | None) -> Callable[[str], int]:
    """Return a function that reads a whole number within bounds, or refuses it in a sentence."""
    most = "" if high is None else f", up to {high}"

    def read(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            message = f"'{text}' is not a whole number{_meant(text)}."
            raise typer.BadParameter(message) from None
        if value < low or (high is not None and value > high):
            message = f"{value} is out of bounds; give {low} or more{most}."
            raise typer.BadParameter(message)
        return value

    return read


def _meant(text: str) -> str:
    """Say which whole number a text such as ``20k``, ``20.000`` or ``2e4`` may stand for."""
    if match := _SHORT.fullmatch(text):
        value = float(match[1]) * _FACTORS[match[2].lower()]
    elif _GROUPED.fullmatch(text):
        value = float(re.sub("[^0-9]", "", text))
    else:
        try:
            value = float(text)
        except ValueError:
            return ""
    return f"; write {int(value)}" if value.is_integer() else ""


Scenarios = Annotated[
    list[str] | None,
    typer.Argument(help="Scenario files, or bare names of shipped scenarios.", show_default=False),
]
Runs = Annotated[
    int | None,
    count(f"Worlds of each scenario; those of results that are given, else {defaults.RUNS:,}."),
]
Seed = Annotated[
    int | None,
    count(f"Seed of every draw; that of results that are given, else {defaults.SEED}.", low=0),
]
Baseline = Annotated[
    str | None,
    typer.Option(help="Scenario that the others are compared with; the first if omitted."),
]
Horizon = Annotated[
    str | None,
    typer.Option(
        help="Months to simulate instead of the scenario's own, or the last month: 24, 2027-12. To "
        "cut one scenario, and name it so: baseline@24.",
        metavar="MONTHS|YYYY-MM",
    ),
]
Name = Annotated[
    str | None,
    typer.Option(help="Name of the scenario, if there is one only, instead of its own."),
]
Detail = Annotated[
    bool, typer.Option("--detail", help="Print every table instead of the answer alone.")
]
Settings = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        help="Set a lever or number for all months: pressure.ARM=0.6, outreach.EU.ARM=0.8, "
        "trust_loss=0.7, ARM.trust=0.5, policy=adaptive, cohesion.members=capability. "
        "Repeat as needed.",
    ),
]
Given = Annotated[
    list[str] | None,
    typer.Option(
        "--given",
        help="On condition that a government changes or stays in a month: 'ARM government changes "
        "2026-06', 'ARM government stays 2026-06'. Repeat as needed.",
    ),
]
Parameters = Annotated[
    str | None,
    typer.Option(
        help="posterior: worlds go on from the record, the default where foedus brings one; prior: "
        "every number from its prior; default: the declared values; or a file made by foedus "
        "calibrate.",
        show_default=False,
    ),
]
Out = Annotated[
    Path | None,
    typer.Option(
        help="Directory for results and figures. Results grow there: the same command goes on "
        "where it was interrupted, and with more runs computes the new worlds only."
    ),
]
Resume = Annotated[
    Path | None,
    typer.Option(
        help="Go on with the results in a directory, damaged pieces included; with --runs to more "
        "worlds.",
        show_default=False,
    ),
]
Engine = Annotated[
    defaults.Engine,
    typer.Option(help="Mesa one world at a time, or the compiled kernel; by number of worlds."),
]
Keep = Annotated[
    defaults.Keep,
    typer.Option(help="Keep outcomes and monthly statistics, or whole worlds too."),
]
Scheduler = Annotated[
    str | None,
    typer.Option(help="Simulate on a Dask cluster: tcp://host:port.", show_default=False),
]
NoFigures = Annotated[
    bool, typer.Option("--no-figures", help="Write no figures, and of a comparison no brief.")
]
Svg = Annotated[bool, typer.Option("--svg", help="Write figures as SVG too, beside PNG.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors.")]
Overwrite = Annotated[
    bool, typer.Option("--overwrite", help="Replace other foedus results in the directory.")
]
OverwriteFile = Annotated[bool, typer.Option("--overwrite", help="Replace the file.")]
Workers = Annotated[int | None, count("Threads; all processors if omitted.", high=1024)]


# ---------------------------------------------------------------------------------------------
# Record, calibration, hindcast

AllianceName = Annotated[
    str, typer.Argument(help="Record, by the name of its alliance or by path.", show_default=True)
]
Coding = Annotated[
    defaults.Coding, typer.Option(help="Coding of the record, where a second one can be defended.")
]
CalibrationSeed = Annotated[int, count("Seed of every draw.", low=0)]
