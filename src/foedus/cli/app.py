"""The command line: each command is one call of the library, imported when it is used."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from foedus.errors import ExitStatus, FoedusError, InterruptedRun, UnfinishedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from rich.console import Console

    from foedus.cases.record import Record
    from foedus.studies.comparison import Comparison
    from foedus.studies.results import Result

# Checked against the library's by a test; importing them would be slow.
DEFAULT_RUNS, DEFAULT_SEED = 20_000, 1992
CALIBRATION_DRAWS, CALIBRATION_SEED = 2_000_000, 2018
HINDCAST_DRAWS, COVERAGE_DRAWS = 500_000, 480_000
EXPLORE_HOST, EXPLORE_PORT = "127.0.0.1", 8765
WIDE = 150  # columns when the output goes to a file or a pipe

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # plain help: rich would double the time it takes
    help="Simulate how an alliance holds together, from scenario files, with evidence for every "
    "number.",
    epilog="Exit status: 0 done, 1 could not finish, 2 bad input or usage, 130 interrupted.",
)


class Engine(StrEnum):
    """What simulates the worlds; the result is the same."""

    auto = "auto"
    mesa = "mesa"
    kernel = "kernel"


class Format(StrEnum):
    """What a brief is written as."""

    html = "html"
    md = "md"


class Keep(StrEnum):
    """What is kept of the worlds."""

    summaries = "summaries"
    trajectories = "trajectories"


class Coding(StrEnum):
    """Which coding of the record."""

    main = "main"
    other = "other"


Scenarios = Annotated[
    list[str] | None,
    typer.Argument(help="Scenario files, or bare names of shipped scenarios.", show_default=False),
]
Runs = Annotated[
    int | None,
    typer.Option(help=f"Worlds of each scenario; {DEFAULT_RUNS:,} if omitted.", min=1),
]
Seed = Annotated[int, typer.Option(help="Seed of every draw.", min=0)]
Horizon = Annotated[
    int | None, typer.Option(help="Months to simulate instead of the scenario's.", min=1)
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
Engines = Annotated[
    Engine,
    typer.Option(help="Mesa one world at a time, or the compiled kernel; by number of worlds."),
]
Keeps = Annotated[
    Keep,
    typer.Option(help="Keep outcomes and monthly statistics, or whole worlds too."),
]
Scheduler = Annotated[
    str | None,
    typer.Option(help="Simulate on a Dask cluster: tcp://host:port.", show_default=False),
]
NoFigures = Annotated[
    bool, typer.Option("--no-figures", help="Write no figures, and of a comparison no brief.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors.")]
Overwrite = Annotated[
    bool, typer.Option("--overwrite", help="Replace other foedus results in the directory.")
]
Workers = Annotated[
    int | None, typer.Option(help="Threads; all processors if omitted.", min=1, max=1024)
]


def execute(arguments: Sequence[str]) -> int:
    """Run the command line and return its exit status."""
    command = typer.main.get_command(app)
    try:
        status = command.main(list(arguments), prog_name="foedus", standalone_mode=False)
    except FoedusError as error:
        typer.echo(f"{error}", err=True)
        return error.status
    except KeyboardInterrupt:
        status = ExitStatus.INTERRUPTED
    except MemoryError:
        typer.echo("There is not enough memory for so many worlds; ask for fewer --runs.", err=True)
        return ExitStatus.UNFINISHED
    except Exception as error:
        name = type(error).__name__
        if hasattr(error, "show") and hasattr(error, "exit_code"):
            error.show()
            return int(error.exit_code)
        if name != "Abort":
            raise
        status = ExitStatus.INTERRUPTED
    if status == ExitStatus.INTERRUPTED:
        typer.echo("Interrupted; nothing was written.", err=True)
    return status if isinstance(status, int) else ExitStatus.DONE


# ---------------------------------------------------------------------------------------------
# Simulating


@app.command()
def run(
    scenarios: Scenarios = None,
    *,
    runs: Runs = None,
    seed: Seed = DEFAULT_SEED,
    horizon: Horizon = None,
    settings: Settings = None,
    parameters: Parameters = None,
    out: Out = None,
    resume: Resume = None,
    no_figures: NoFigures = False,
    keep: Keeps = Keep.summaries,
    json: AsJson = False,
    quiet: Quiet = False,
    overwrite: Overwrite = False,
    engine: Engines = Engine.auto,
    workers: Workers = None,
    scheduler: Scheduler = None,
) -> None:
    """Project an alliance: tables, with --out also files."""
    from foedus.studies import running

    silent = quiet or json
    common = _common(no_figures, engine, workers, scheduler, quiet)
    told = scenarios or out or horizon or settings or overwrite
    told = told or seed != DEFAULT_SEED or parameters is not None or keep != Keep.summaries
    if resume is not None and told:
        message = (
            "--resume takes scenarios, seed and all else that decides a result from its "
            "directory; leave them out (only --runs may be given, to go on to more worlds)."
        )
        raise FoedusError(message)
    loaded = [] if resume else _load_all(scenarios or [], horizon, settings or ())
    with _progress(quiet=silent) as progress, _interruption():
        if resume is not None:
            result = running.resume(resume, runs=runs, progress=progress, **common)
        else:
            result = running.run(
                *loaded,
                runs=runs or DEFAULT_RUNS,
                seed=seed,
                parameters=parameters,
                keep=keep.value,
                out=out,
                overwrite=overwrite,
                progress=progress,
                **common,
            )
    if json:
        typer.echo(result.json(), nl=False)
    elif not quiet:
        _run_tables(result, _console())
        typer.echo(_whereabouts(resume or out))


@app.command()
def compare(
    scenarios: Annotated[
        list[str] | None,
        typer.Argument(
            help="Scenario files, bare names of shipped scenarios, or directories of earlier "
            "results, in any mix; only what is missing is simulated.",
            show_default=False,
        ),
    ] = None,
    *,
    baseline: Annotated[
        str | None,
        typer.Option(help="Scenario that the others are compared with; the first if omitted."),
    ] = None,
    resolve: Annotated[
        float | None,
        typer.Option(
            help="Go on with more worlds until the 95 % interval of every headline difference is "
            "this wide to either side: 0.01.",
            show_default=False,
        ),
    ] = None,
    runs: Annotated[
        int | None,
        typer.Option(
            help="Worlds of each scenario; those of the results that are given, else "
            f"{DEFAULT_RUNS:,}.",
            min=1,
        ),
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option(
            help=f"Seed of every draw; that of the results that are given, else {DEFAULT_SEED}.",
            min=0,
        ),
    ] = None,
    horizon: Horizon = None,
    settings: Settings = None,
    parameters: Parameters = None,
    out: Out = None,
    no_figures: NoFigures = False,
    json: AsJson = False,
    quiet: Quiet = False,
    overwrite: Overwrite = False,
    engine: Engines = Engine.auto,
    workers: Workers = None,
    scheduler: Scheduler = None,
) -> None:
    """Put scenarios side by side under the same luck: differences, and what they are made of."""
    from foedus.studies import comparison

    common = _common(no_figures, engine, workers, scheduler, quiet)
    items = _load_all(scenarios or [], horizon, settings or (), load=comparison.load_item)
    with _progress(quiet=quiet or json) as progress, _interruption():
        found = comparison.compare(
            *items,
            baseline=baseline,
            resolve=resolve,
            runs=runs,
            seed=seed,
            parameters=parameters,
            out=out,
            overwrite=overwrite,
            progress=progress,
            **common,
        )
    if json:
        typer.echo(found.json(), nl=False)
    elif not quiet:
        _comparison_tables(found, _console())
        typer.echo(_whereabouts(out))


@app.command()
def trace(
    scenarios: Annotated[
        list[str],
        typer.Argument(
            help="One scenario, or two to put side by side: files, bare names, or the directory of "
            "an earlier result.",
            show_default=False,
        ),
    ],
    *,
    run: Annotated[int, typer.Option(help="Number of the world.", min=0)] = 0,
    member: Annotated[
        list[str] | None,
        typer.Option(help="Tell of this member only, by code or name; repeat as needed."),
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option(help=f"Seed of every draw; that of the result, else {DEFAULT_SEED}.", min=0),
    ] = None,
    horizon: Horizon = None,
    settings: Settings = None,
    parameters: Parameters = None,
    out: Annotated[
        Path | None, typer.Option(help="File (.png, .svg or .pdf) for a timeline of the world.")
    ] = None,
    json: AsJson = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the file.")] = False,
) -> None:
    """Tell one world as a dated story, or the same world under two scenarios side by side."""
    from foedus.studies import comparison

    items = _load_all(scenarios, horizon, settings or (), load=comparison.load_item)
    told = comparison.trace(*items, run=run, members=member or (), seed=seed, parameters=parameters)
    if out is not None:
        from foedus.views.comparison_plots import write_timeline

        write_timeline(told, out, overwrite=overwrite)
    typer.echo(_as_json(told.as_dict()) if json else str(told))


@app.command()
def explore(
    scenario: Annotated[
        str,
        typer.Argument(help="Scenario file, or bare name of a shipped scenario, to begin with."),
    ] = "baseline",
    *,
    port: Annotated[
        int | None,
        typer.Option(
            help=f"Port of the page; {EXPLORE_PORT}, or the next that is free, if omitted. 0 takes "
            "any."
        ),
    ] = None,
    host: Annotated[
        str, typer.Option(help="Address to serve at; only this machine sees the usual one.")
    ] = EXPLORE_HOST,
    no_browser: Annotated[
        bool, typer.Option("--no-browser", help="Open no browser; say where the page is.")
    ] = False,
) -> None:
    """Explore in a browser: levers, fan charts, one world month by month, and why."""
    from foedus.page import serve

    serve.explore(scenario, host=host, port=port, browser=not no_browser, tell=typer.echo)


@app.command()
def report(
    items: Annotated[
        list[str],
        typer.Argument(
            help="Directories of results or comparisons; scenarios by name or file are simulated.",
            show_default=False,
        ),
    ],
    *,
    out: Annotated[
        Path | None,
        typer.Option(help="The file to write; brief.html or brief.md if omitted."),
    ] = None,
    format: Annotated[  # noqa: A002 (the name of the option)
        Format | None,
        typer.Option(help="html: one page that needs nothing else; md: with figures beside it."),
    ] = None,
    baseline: Annotated[
        str | None,
        typer.Option(help="Scenario that the others are compared with; the first if omitted."),
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the file.")] = False,
    workers: Workers = None,
    quiet: Quiet = False,
) -> None:
    """Write a brief: the finding first, then figures, tables, and what it all rests on."""
    from foedus.studies import comparison
    from foedus.views import brief as reports

    form = format or (Format.md if out and out.suffix == ".md" else Format.html)
    out = out or Path(f"brief.{form.value}")
    reports.refuse(out, form.value, overwrite=overwrite)
    loaded = _load_all(items, None, (), load=comparison.load_item)
    with _progress(quiet=quiet) as progress, _interruption():
        found = comparison.compare(
            *loaded, baseline=baseline, progress=progress, workers=workers, notice=_notice
        )
        reports.write(found, out, form.value, overwrite=overwrite)
    if not quiet:
        typer.echo(f"Brief written: {out}")


def _common(
    no_figures: bool, engine: Engine, workers: int | None, scheduler: str | None, quiet: bool
) -> dict[str, Any]:
    """Return what run and compare hand on alike."""
    return {
        "figures": not no_figures,
        "engine": engine.value,
        "workers": workers,
        "scheduler": scheduler,
        "notice": None if quiet else _notice,
    }


@contextmanager
def _interruption() -> Iterator[None]:
    """Say what an interrupted run has kept."""
    try:
        yield
    except InterruptedRun as interruption:
        error = FoedusError(f"{interruption}")
        error.status = ExitStatus.INTERRUPTED
        raise error from None


def _notice(sentence: str) -> None:
    typer.echo(sentence, err=True)


def _whereabouts(directory: Path | None) -> str:
    if directory is None:
        return "Nothing was written; add --out DIR to keep results and figures."
    names = sorted(path.name for path in directory.iterdir() if not path.name.startswith("."))
    return f"Results are in {directory}: {', '.join(names)}"


@app.command()
def verify(
    directory: Annotated[Path, typer.Argument(help="Directory of a result.", show_default=False)],
    *,
    sample: Annotated[int, typer.Option(help="Worlds of each scenario to replay.", min=1)] = 8,
) -> None:
    """Read stored results again, check all sums, and replay a sample."""
    from foedus.studies import verification

    found = verification.verify(directory, sample)
    for problem in found.problems:
        typer.echo(problem, err=True)
    typer.echo(
        f"{directory}: {found.pieces} pieces with {found.worlds:,} worlds are whole; "
        f"{found.replayed} worlds were replayed"
    )
    if found.problems:
        typer.echo(
            f"Damaged or missing pieces are computed again by: foedus run --resume {directory}",
            err=True,
        )
        raise typer.Exit(ExitStatus.UNFINISHED)
    typer.echo("All of it is as it was written, and the sample comes out the same again.")


def _load_all(
    references: Sequence[str],
    horizon: int | None,
    settings: Sequence[str],
    load: Callable[..., Any] | None = None,
) -> list[Any]:
    """Load every scenario, so that the problems of all are reported at once."""
    from foedus.cases.reader import load_scenario

    loaded, sentences = [], []
    for reference in references:
        try:
            loaded.append((load or load_scenario)(reference, horizon=horizon, settings=settings))
        except FoedusError as error:
            sentences.append(str(error))
    if sentences:
        message = "\n".join(dict.fromkeys(sentences))
        raise FoedusError(message)
    return loaded


@contextmanager
def _progress(*, quiet: bool) -> Iterator[Callable[[int, int], None] | None]:
    """Show a bar, where somebody watches, from the first worlds on."""
    if quiet or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
    from rich.progress import TimeRemainingColumn as Remaining

    columns = (TextColumn("working"), BarColumn(), MofNCompleteColumn(), Remaining())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _console() -> Console:
    from rich.console import Console

    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=WIDE)


def _table(title: str, header: Sequence[str], rows: Any, caption: str | None = None) -> Any:
    from rich.table import Table
    from rich.text import Text

    table = Table(title=title, title_justify="left", caption=caption, caption_justify="left")
    for column in header:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*map(Text, row))
    return table


def _run_tables(result: Result, console: Console) -> None:
    from foedus.views import tables

    for name, summary in result.summary.items():
        console.rule(f"{name}: {summary['title']}", align="left")
        member_rows = tables.member_rows(summary, result.names)
        console.print(
            _table(
                f"Members in {summary['horizon']}",
                tables.MEMBER_HEADER,
                member_rows,
                tables.MEMBER_CAPTION,
            )
        )
        console.print(
            _table(
                f"Events by {summary['horizon']}",
                tables.event_header(summary),
                tables.event_rows(summary, result.names),
                tables.EVENT_CAPTION,
            )
        )
        header = ("alliance", "estimate", "interval")
        console.print(
            _table(
                f"Alliance in {summary['horizon']}",
                header,
                tables.alliance_rows(summary),
                tables.ALLIANCE_CAPTION,
            )
        )
        if anchors := list(tables.anchor_rows(summary, result.names)):
            title = "Restraint, by the repair constant c that no record identifies"
            console.print(_table(title, tables.ANCHOR_HEADER, anchors))
        if carriers := list(tables.carrier_rows(summary)):
            title = "What carries cohesion: its mean where a number is drawn low and high"
            console.print(_table(title, tables.CARRIER_HEADER, carriers))
        for line in tables.worth_lines(summary):
            console.print(line, style="bold")
        console.print(tables.evidence_line(summary), style="italic")
        console.print(tables.assumed_line(summary))
    console.print(result.provenance_line)


def _comparison_tables(found: Comparison, console: Console) -> None:
    from foedus.views import comparison_tables, tables

    result = found.result
    if found.others:
        from foedus.views.brief import headline

        console.print(headline(found), style="bold")
    header, rows = comparison_tables.comparison(result.summary, result.names)
    horizon = next(iter(result.summary.values()))["horizon"]
    caption = (
        "Probabilities with Wilson 95 % intervals; trust and cohesion: median and 90 % of worlds."
    )
    console.print(_table(f"Outcomes in {horizon}", header, rows, caption))
    first = next(iter(result.summary.values()))
    if not found.others:
        console.print("One scenario only: there is nothing to compare it with.", style="bold")
    if found.others:
        for table in _difference_tables(found, horizon):
            console.print(table)
        for name, reason in found.unattributed.items():
            console.print(f"Not attributed, {name}: {reason}")
        if found.resolution is not None:
            console.print(str(found.resolution), style="bold")
    for line in tables.worth_lines(first):
        console.print(line, style="bold")
    console.print(tables.evidence_line(first), style="italic")
    console.print(tables.assumed_line(first))
    console.print(result.provenance_line)


def _difference_tables(found: Comparison, horizon: str) -> Iterator[Any]:
    """Yield the tables of a comparison beyond those of its scenarios."""
    from foedus.views import comparison_tables

    content, names = found.summary, found.result.names
    header = ("outcome", *content["differences"])
    title = f"Differences from {found.baseline.name} in {horizon}, paired world by world"
    rows = comparison_tables.difference_rows(content, names)
    yield _table(title, header, rows, comparison_tables.DIFFERENCE_CAPTION)
    title = f"Where conduct parts from {found.baseline.name}"
    rows = comparison_tables.parting_rows(content, names)
    yield _table(title, ("who", *header[1:]), rows, comparison_tables.parting_caption(content))
    for name, attributed in content["attribution"].items():
        title = f"What the difference of {name} is made of"
        if parts := list(comparison_tables.attribution_rows(attributed, names)):
            caption = comparison_tables.attribution_caption(content)
            yield _table(title, comparison_tables.ATTRIBUTION_HEADER, parts, caption)
    splits = tuple(comparison_tables.split_rows(content, names))
    if splits:
        title = "Share of the spread over worlds that comes from not knowing the numbers"
        scenarios = content["spread_from_numbers"]
        yield _table(title, ("outcome", *scenarios), splits, comparison_tables.SPLIT_CAPTION)


# ---------------------------------------------------------------------------------------------
# Record, calibration, hindcast

AllianceName = Annotated[
    str, typer.Argument(help="Record, by the name of its alliance or by path.", show_default=True)
]
CodingOption = Annotated[
    Coding, typer.Option(help="Coding of the record, where a second one can be defended.")
]
CalibrationSeed = Annotated[int, typer.Option(help="Seed of every draw.", min=0)]


@app.command()
def record(
    alliance: AllianceName = "csto",
    *,
    coding: CodingOption = Coding.main,
    json: AsJson = False,
) -> None:
    """Show what is on record: what calibration fits and the hindcast scores."""
    from foedus.cases.record import load_record
    from foedus.views import evidence_tables

    loaded = load_record(alliance, coding.value)
    if json:
        rows = [
            dict(zip(evidence_tables.RECORD_HEADER, row, strict=True))
            for row in evidence_tables.record_rows(loaded)
        ]
        typer.echo(_as_json(rows))
        return
    caption = (
        "Error: standard deviation of a share, chance of a wrong coding of an event. Without a "
        f"source nothing is scored. What drove it: foedus show {loaded.history.name}."
    )
    _console().print(
        _table(
            loaded.title,
            evidence_tables.RECORD_HEADER,
            evidence_tables.record_rows(loaded),
            caption,
        )
    )


@app.command()
def calibrate(
    alliance: AllianceName = "csto",
    *,
    draws: Annotated[
        int | None,
        typer.Option(help=f"Worlds to simulate; {CALIBRATION_DRAWS:,} if omitted.", min=1),
    ] = None,
    until: Annotated[
        str | None, typer.Option(help="Use only what was known at the end of a month, YYYY-MM.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            help="File (.npz) for the posterior. The same command goes on if it was interrupted."
        ),
    ] = None,
    coding: CodingOption = Coding.main,
    seed: CalibrationSeed = CALIBRATION_SEED,
    workers: Workers = None,
    json: AsJson = False,
    quiet: Quiet = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the file.")] = False,
) -> None:
    """Let the record inform the numbers: a posterior to project from, and what it rests on."""
    from foedus.cases.record import load_record
    from foedus.ensembles.workers import available_workers
    from foedus.inference import calibration
    from foedus.inference.checks import checks as compared_with
    from foedus.views import evidence_tables

    loaded = _until(load_record(alliance, coding.value), until)
    checkpoint = _checkpoint(out, overwrite=overwrite)
    threads = workers or available_workers()
    with _progress(quiet=quiet or json) as progress, _kept_interruption(checkpoint):
        posterior = calibration.calibrate(
            loaded,
            draws=draws or calibration.DEFAULT_DRAWS,
            seed=seed,
            workers=threads,
            checkpoint=checkpoint,
            progress=progress,
        )
    if out is not None:
        posterior.save(out)
    if quiet:
        return
    checks = compared_with(loaded, posterior, threads)
    if json:
        informed = [
            dict(zip(evidence_tables.INFORMED_HEADER, row, strict=True))
            for row in evidence_tables.informed_rows(posterior, everything=True)
        ]
        compared = [
            dict(zip(evidence_tables.CHECK_HEADER, row, strict=True))
            for row in evidence_tables.check_rows(checks)
        ]
        about = {k: v for k, v in posterior.about.items() if k not in _BULKY}
        about |= {"size": posterior.size, "fingerprint": posterior.fingerprint}
        typer.echo(_as_json({"about": about, "numbers": informed, "checks": compared}))
        return
    console = _console()
    rows = evidence_tables.informed_rows(posterior)
    caption = (
        "Informed: the posterior's standard deviation is below .85 of the prior's. All others stay "
        "at their prior. Effective draws: from how far populations that never met lie apart."
    )
    console.print(
        _table("Numbers that the record informs", evidence_tables.INFORMED_HEADER, rows, caption)
    )
    caption = (
        "Posterior worlds were chosen to fit; the same numbers with fresh luck are the harder "
        "check. Shares: mean, and predictive interval of a survey."
    )
    rows = evidence_tables.check_rows(checks)
    console.print(_table("Beside the record", evidence_tables.CHECK_HEADER, rows, caption))
    console.print(evidence_tables.calibration_line(posterior))
    typer.echo(
        f"Posterior in {out}: foedus run SCENARIO --parameters {out}"
        if out
        else "Nothing was written; add --out FILE to keep the posterior."
    )


_BULKY = ("opening", "prior", "prior_spread", "effective")


def _checkpoint(out: Path | None, *, overwrite: bool) -> Path | None:
    """Refuse a file that cannot be used; return where progress is kept."""
    if out is None:
        return None
    if out.suffix != ".npz":
        message = f"{out}: a posterior is a file that ends in .npz; name it so."
        raise FoedusError(message)
    if out.exists() and not overwrite:
        message = f"{out} exists already; name another file, or replace it with --overwrite."
        raise FoedusError(message)
    if not out.parent.is_dir():
        message = f"{out.parent} is no directory; make it first."
        raise FoedusError(message)
    return out.with_name(f"{out.name}.part")


@contextmanager
def _kept_interruption(kept: Path | None) -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt:
        text = f"Interrupted; what is done is kept in {kept}: the same command goes on from there."
        error = FoedusError(text if kept else "Interrupted; nothing was written.")
        error.status = ExitStatus.INTERRUPTED
        raise error from None


def _until(loaded: Record, until: str | None) -> Record:
    from foedus.cases.months import format_month, parse_month

    if until is None:
        return loaded
    try:
        month = parse_month(until)
    except ValueError as error:
        message = f"--until: {error}"
        raise FoedusError(message) from None
    first, last = loaded.history.start + 11, loaded.end - 1
    if not first <= month <= last:
        message = (
            f"--until {until}: the record of {loaded.name} allows {format_month(first)} to "
            f"{format_month(last)}."
        )
        raise FoedusError(message)
    return loaded.until(month)


def _make(directory: Path) -> None:
    """Make a directory before anything is computed for it."""
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        message = f"{directory} cannot be made: {error.strerror}."
        raise UnfinishedError(message) from None


def _as_json(content: Any) -> str:
    from json import dumps

    return dumps(content, indent=2, ensure_ascii=False)


@app.command()
def coverage(
    alliance: AllianceName = "csto",
    *,
    records: Annotated[int, typer.Option(help="Synthetic records.", min=1)] = 200,
    draws: Annotated[
        int | None,
        typer.Option(help=f"Worlds to calibrate each; {COVERAGE_DRAWS:,} if omitted.", min=1),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="Directory for ranks and figure; what is done there is not done again."),
    ] = None,
    seed: CalibrationSeed = CALIBRATION_SEED,
    workers: Workers = None,
    json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Calibrate synthetic records whose numbers are known, to see if intervals are right."""
    from foedus.cases.record import load_record
    from foedus.ensembles.workers import available_workers
    from foedus.inference import coverage as study
    from foedus.views import evidence_tables
    from foedus.worlds.posterior import shipped_posterior

    loaded = load_record(alliance)
    kept = None
    if out is not None:
        _make(out)
        kept = out / "coverage.jsonl"
    with _progress(quiet=quiet or json) as progress, _kept_interruption(kept):
        found = study.coverage(
            loaded,
            records=records,
            draws=draws or study.DRAWS,
            seed=seed,
            workers=workers or available_workers(),
            keep=kept,
            progress=progress,
        )
    posterior = shipped_posterior(loaded.history.alliance.name)
    informed = tuple(n for n in posterior.informed if n in found.names) if posterior else None
    content = study.summary(found, draws or study.DRAWS, seed, informed)
    if out is not None:
        from foedus.views.record_plots import write_coverage

        write_coverage(found, content, informed, out)
    if json:
        typer.echo(_as_json(content))
    elif not quiet:
        title = f"Coverage of 90 % intervals in {found.records} synthetic records"
        caption = (
            "Numbers that the real record informs. Width: of the interval, as a share of the "
            f"prior's. Over all {len(found.names)} numbers {found.inside.mean():.3f} of the truths "
            "lie inside."
        )
        rows = evidence_tables.coverage_rows(content["informed"])
        _console().print(_table(title, evidence_tables.COVERAGE_HEADER, rows, caption))


@app.command()
def hindcast(
    alliance: AllianceName = "csto",
    *,
    until: Annotated[
        str | None,
        typer.Option(
            help="One fixed origin, YYYY-MM, instead of one year ahead from each year-end."
        ),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Directory for scores and figures.")] = None,
    draws: Annotated[
        int | None,
        typer.Option(
            help=f"Worlds to calibrate each origin; {HINDCAST_DRAWS:,} if omitted.", min=1
        ),
    ] = None,
    coding: CodingOption = Coding.main,
    seed: CalibrationSeed = CALIBRATION_SEED,
    workers: Workers = None,
    json: AsJson = False,
    quiet: Quiet = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace the hindcast in the directory.")
    ] = False,
) -> None:
    """Forecast the past with what was known then, and score it beside simple forecasters."""
    from foedus.cases.record import load_record
    from foedus.ensembles.workers import available_workers
    from foedus.inference import claims, hindcast
    from foedus.views import evidence_tables

    loaded = load_record(alliance, coding.value)
    origin = None if until is None else _until(loaded, until).end
    threads = workers or available_workers()
    if out is not None:
        _make(out)
        if (out / "hindcast.json").exists() and not overwrite:
            message = f"{out} holds a hindcast already; name another --out, or use --overwrite."
            raise FoedusError(message)
    with _progress(quiet=quiet or json) as progress:
        found = hindcast.hindcast(
            loaded,
            until=origin,
            draws=draws or hindcast.DRAWS,
            seed=seed,
            workers=threads,
            progress=progress,
        )
    content = hindcast.summary(found)
    held = claims.claims(loaded, threads) if until is None else []
    content["claims"] = [vars(claim) | {"holds": claim.holds} for claim in held]
    if out is not None:
        from foedus.views.record_plots import write_hindcast

        write_hindcast(found, content, out)
    if json:
        typer.echo(_as_json(content))
    elif not quiet:
        console = _console()
        for drivers, meaning in hindcast.DRIVERS.items():
            rows = evidence_tables.score_rows(content["scores"], drivers)
            console.print(_table(f"Scores: {meaning}", evidence_tables.SCORE_HEADER, rows))
        console.print(hindcast.CAPTION)
        if held:
            rows = evidence_tables.claim_rows(held)
            title = "Claims under the posterior that comes with foedus (beyond three errors)"
            console.print(_table(title, evidence_tables.CLAIM_HEADER, rows))
        typer.echo(
            f"Forecasts, scores and figures are in {out}"
            if out
            else "Nothing was written; add --out DIR to keep forecasts and figures."
        )


# ---------------------------------------------------------------------------------------------
# Scenario files


@app.command()
def check(
    files: Annotated[
        list[str], typer.Argument(help="Scenario files to check.", show_default=False)
    ],
) -> None:
    """Check scenario files; every problem at once."""
    from foedus.cases.no_effect import inert_statements
    from foedus.cases.reader import load_scenario

    failed = False
    for file in files:
        try:
            scenario = load_scenario(file)
        except FoedusError as error:
            typer.echo(f"{error}", err=True)
            failed = True
            continue
        typer.echo(f"{file}: good ({scenario.title})")
        for shown, origin in inert_statements(scenario):
            typer.echo(f"{origin}: {shown} has no effect: it restates what is inherited.", err=True)
    if failed:
        raise typer.Exit(ExitStatus.BAD_INPUT)


@app.command()
def show(
    scenario: Annotated[str, typer.Argument(help="Scenario file or name.", show_default=False)],
    *,
    settings: Settings = None,
    horizon: Horizon = None,
    json: AsJson = False,
) -> None:
    """Show a scenario resolved, each value with its origin."""
    from foedus.cases.reader import load_scenario
    from foedus.cases.writing import show_lines

    loaded = load_scenario(scenario, settings=settings or (), horizon=horizon, allow_inert=True)
    if json:
        from json import dumps

        typer.echo(dumps(loaded.resolved(), indent=2, ensure_ascii=False))
        return
    for line in show_lines(loaded):
        typer.echo(line)


@app.command("list")
def list_() -> None:
    """List the shipped scenarios and alliances."""
    from foedus.cases.alliance import load_alliance
    from foedus.cases.reader import load_scenario
    from foedus.cases.shipped import shipped_alliances, shipped_scenarios

    rows = []
    for name in shipped_scenarios():
        scenario = load_scenario(name, allow_inert=True)
        rows.append((name, scenario.title, scenario.description))
    console = _console()
    console.print(_table("Scenarios", ("name", "title", "stands for"), rows))
    alliances = [(name, load_alliance(name).title) for name in shipped_alliances()]
    console.print(_table("Alliances", ("name", "title"), alliances))


@app.command()
def new(
    name: Annotated[str, typer.Argument(help="Name of the new scenario.", show_default=False)],
    *,
    origin: Annotated[str, typer.Option("--from", help="Scenario to extend.")] = "baseline",
    out: Annotated[Path | None, typer.Option(help="File to write; NAME.yaml if omitted.")] = None,
) -> None:
    """Write a commented scenario file to start from.

    An existing file is never overwritten.
    """
    from foedus.cases.writing import new_scenario

    path = out or Path(f"{name}.yaml")
    text = new_scenario(name, origin, path.parent)
    try:
        with path.open("x", encoding="utf-8") as stream:
            stream.write(text)
    except FileExistsError:
        message = f"{path} exists already; choose another name or --out."
        raise FoedusError(message) from None
    except OSError as error:
        message = f"{path} cannot be written: {error.strerror}."
        raise UnfinishedError(message) from None
    typer.echo(f"Wrote {path}. Change a lever, then: foedus check {path}")


@app.command()
def why(
    name: Annotated[
        str,
        typer.Argument(
            help="A parameter, number, lever, policy or decision: trust_loss, ARM.trust, pressure.",
            show_default=False,
        ),
    ],
    *,
    scenario: Annotated[
        str | None, typer.Option(help="Show what this scenario sets instead.")
    ] = None,
    alliance: Annotated[str | None, typer.Option(help="Alliance, by name or path.")] = None,
    date: Annotated[
        str | None, typer.Option(help="Month (YYYY-MM) of the alliance's state; the latest.")
    ] = None,
) -> None:
    """Explain a number: value, prior, and its evidence."""
    from rich.text import Text

    from foedus.cases.reader import load_scenario
    from foedus.views.explain import why as explain

    loaded = load_scenario(scenario, allow_inert=True) if scenario else None
    explanation = explain(name, scenario=loaded, alliance=alliance, date=date)
    from rich.table import Table

    table = Table(title=explanation.name, title_justify="left", show_header=False, box=None)
    table.add_column(style="bold", no_wrap=True)
    table.add_column()
    for label, text in explanation.rows:
        table.add_row(label, Text(text))
    _console().print(table)


@app.command()
def schema() -> None:
    """Print the JSON Schema of scenario files, for editors."""
    from json import dumps

    from foedus.cases.format import json_schema

    typer.echo(dumps(json_schema(), indent=2, ensure_ascii=False))


def _version(value: bool) -> None:
    if value:
        from importlib.metadata import version

        typer.echo(f"foedus {version('foedus')}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Print the version."),
    ] = False,
) -> None:
    del version
