"""Options and arguments that several commands have; their defaults are in ``foedus.defaults``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from foedus import defaults

Scenarios = Annotated[
    list[str] | None,
    typer.Argument(help="Scenario files, or bare names of shipped scenarios.", show_default=False),
]
Runs = Annotated[
    int | None,
    typer.Option(
        help=f"Worlds of each scenario; those of results that are given, else {defaults.RUNS:,}.",
        min=1,
    ),
]
Seed = Annotated[
    int | None,
    typer.Option(
        help=f"Seed of every draw; that of results that are given, else {defaults.SEED}.", min=0
    ),
]
Baseline = Annotated[
    str | None,
    typer.Option(help="Scenario that the others are compared with; the first if omitted."),
]
Horizon = Annotated[
    int | None, typer.Option(help="Months to simulate instead of the scenario's.", min=1)
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
Workers = Annotated[
    int | None, typer.Option(help="Threads; all processors if omitted.", min=1, max=1024)
]


# ---------------------------------------------------------------------------------------------
# Record, calibration, hindcast

AllianceName = Annotated[
    str, typer.Argument(help="Record, by the name of its alliance or by path.", show_default=True)
]
Coding = Annotated[
    defaults.Coding, typer.Option(help="Coding of the record, where a second one can be defended.")
]
CalibrationSeed = Annotated[int, typer.Option(help="Seed of every draw.", min=0)]
