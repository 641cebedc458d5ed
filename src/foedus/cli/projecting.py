"""Commands that simulate: run, compare, sweep, trace, explore, report, verify."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from foedus import defaults
from foedus.cli import options
from foedus.cli.printing import (
    as_json,
    comparison_tables_of,
    console_for_tables,
    print_answer,
    print_beside,
    print_carried,
    run_tables,
    sweep_tables,
    where_more,
    whereabouts,
)
from foedus.cli.waiting import interruption, notice, progress_bar
from foedus.errors import ExitStatus, FoedusError, ResultError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


# ---------------------------------------------------------------------------------------------
# Simulating


def run(
    scenarios: options.Scenarios = None,
    *,
    runs: options.Runs = None,
    seed: options.Seed = None,
    horizon: options.Horizon = None,
    settings: options.Settings = None,
    given: options.Given = None,
    name: options.Name = None,
    parameters: options.Parameters = None,
    out: options.Out = None,
    resume: options.Resume = None,
    no_figures: options.NoFigures = False,
    svg: options.Svg = False,
    keep: options.Keep = "summaries",
    detail: options.Detail = False,
    json: options.AsJson = False,
    quiet: options.Quiet = False,
    overwrite: options.Overwrite = False,
    engine: options.Engine = "auto",
    workers: options.Workers = None,
    scheduler: options.Scheduler = None,
) -> None:
    """Project an alliance under one or several scenarios: the answer, with --out also files."""
    from foedus.studies import running

    silent = quiet or json
    common = _common(no_figures, svg, engine, workers, scheduler, quiet)
    told = scenarios or out or horizon or settings or given or name or overwrite
    told = told or seed is not None or parameters is not None or keep != "summaries"
    if resume is not None and told:
        message = (
            "--resume takes scenarios, seed and all else that decides a result from its "
            "directory; leave them out (only --runs may be given, to go on to more worlds)."
        )
        raise FoedusError(message)
    loaded = [] if resume else load_all(scenarios or [], horizon, settings or (), given or ())
    _tell_renaming(loaded, common["notice"])
    with progress_bar(quiet=silent) as progress, interruption():
        if resume is not None:
            result = running.resume(resume, runs=runs, progress=progress, **common)
        else:
            result = running.run(
                *loaded,
                runs=runs or defaults.RUNS,
                seed=defaults.SEED if seed is None else seed,
                parameters=parameters,
                name=name,
                keep=keep,
                out=out,
                overwrite=overwrite,
                progress=progress,
                **common,
            )
    if json:
        typer.echo(result.json(), nl=False)
    elif not quiet:
        place, console = resume or out, console_for_tables()
        if detail:
            run_tables(result, console)
            typer.echo(whereabouts(place))
        else:
            print_answer(result, console, where_more(result, place, figures=not no_figures))


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
    baseline: options.Baseline = None,
    resolve: Annotated[
        float | None,
        options.decimal(
            "Go on with more worlds until the 95 % interval of every headline difference is this "
            "wide to either side: 0.01.",
            show_default=False,
        ),
    ] = None,
    runs: options.Runs = None,
    seed: options.Seed = None,
    horizon: options.Horizon = None,
    settings: options.Settings = None,
    given: options.Given = None,
    parameters: options.Parameters = None,
    out: options.Out = None,
    no_figures: options.NoFigures = False,
    svg: options.Svg = False,
    detail: options.Detail = False,
    json: options.AsJson = False,
    quiet: options.Quiet = False,
    overwrite: options.Overwrite = False,
    engine: options.Engine = "auto",
    workers: options.Workers = None,
    scheduler: options.Scheduler = None,
) -> None:
    """Put scenarios side by side under the same luck: differences, and what they are made of."""
    from foedus.studies import comparison
    from foedus.studies import items as items_module
    from foedus.studies.beside import luckless

    common = _common(no_figures, svg, engine, workers, scheduler, quiet)
    items = load_all(
        scenarios or [], horizon, settings or (), given or (), load=items_module.load_item
    )
    _tell_renaming(items, common["notice"])
    if luckless(items):
        asked = {"runs": runs, "seed": seed, "parameters": parameters, "workers": workers}
        told = {name: value for name, value in asked.items() if value is not None}
        _compare_beside(items, told, json=json, quiet=quiet, unused=(baseline, resolve, out))
        return
    with progress_bar(quiet=quiet or json) as progress, interruption():
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
        console = console_for_tables()
        if detail:
            comparison_tables_of(found, console)
            typer.echo(whereabouts(out))
        else:
            print_answer(
                found.result, console, where_more(found.result, out, figures=not no_figures)
            )
            if found.resolution is not None:
                console.print(str(found.resolution))


def _compare_beside(
    items: Sequence[Any],
    options: dict[str, Any],
    *,
    json: bool,
    quiet: bool,
    unused: tuple[object, ...],
) -> None:
    """Put items side by side whose worlds share no luck.

    Parameters
    ----------
    options
        How the scenarios among them are simulated.
    unused
        Options that stand for nothing here, and are refused if given.
    """
    from foedus.studies.beside import beside

    if any(option is not None for option in unused):
        message = (
            "These results share no luck (their seeds, months or parameters differ), so that they "
            "are put side by side without pairing; leave out --baseline, --resolve and --out."
        )
        raise FoedusError(message)
    with progress_bar(quiet=quiet or json) as progress, interruption():
        found = beside(*items, progress=progress, **options)
    if json:
        typer.echo(found.json(), nl=False)
    elif not quiet:
        print_beside(found, console_for_tables())


def carriers(
    scenario: Annotated[
        str,
        typer.Argument(help="Scenario by name or file, or directory of an earlier result."),
    ] = "baseline",
    *,
    outcome: Annotated[
        str,
        typer.Option(help="What is asked about: cohesion, dissolved, 'ARM out', 'ARM takes part'."),
    ] = "cohesion",
    runs: options.Runs = None,
    seed: options.Seed = None,
    horizon: options.Horizon = None,
    settings: options.Settings = None,
    given: options.Given = None,
    parameters: options.Parameters = None,
    json: options.AsJson = False,
    quiet: options.Quiet = False,
    workers: options.Workers = None,
) -> None:
    """Say what carries an outcome: which numbers, which models, and how much is luck."""
    from foedus.studies import carrying
    from foedus.studies.items import load_item

    (item,) = load_all([scenario], horizon, settings or (), given or (), load=load_item)
    chosen: dict[str, Any] = {"runs": runs, "seed": seed, "parameters": parameters}
    told = {name: value for name, value in chosen.items() if value is not None}
    with progress_bar(quiet=quiet or json) as progress, interruption():
        found = carrying.carriers(item, outcome, progress=progress, workers=workers, **told)
    if json:
        typer.echo(as_json(found.as_dict()))
    elif not quiet:
        print_carried(found, console_for_tables())


def sweep(
    scenario: Annotated[
        str, typer.Argument(help="Scenario in which one lever at a time is moved: name or file.")
    ] = "baseline",
    *,
    lever: Annotated[
        list[str] | None,
        typer.Option(help="Move this lever only; repeat as needed. All if omitted."),
    ] = None,
    member: Annotated[
        str | None,
        typer.Option(help="Code of the member that levers address; the first client if omitted."),
    ] = None,
    steps: Annotated[
        int, options.count("Values of each lever, both ends included.", low=2)
    ] = defaults.STEPS,
    runs: options.Runs = None,
    seed: options.Seed = None,
    horizon: options.Horizon = None,
    settings: options.Settings = None,
    parameters: options.Parameters = None,
    out: Annotated[
        Path | None, typer.Option(help="Directory for the sweep as JSON, CSV and figure.")
    ] = None,
    no_figures: Annotated[bool, typer.Option("--no-figures", help="Draw no figure.")] = False,
    json: options.AsJson = False,
    quiet: options.Quiet = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace the sweep in the directory.")
    ] = False,
    engine: options.Engine = "auto",
    workers: options.Workers = None,
) -> None:
    """Move each lever from one end to the other: which moves what, and which moves nothing."""
    from foedus.studies import sweeping

    with progress_bar(quiet=quiet or json) as progress, interruption():
        found = sweeping.sweep(
            scenario,
            levers=lever or (),
            member=member,
            steps=steps,
            runs=runs or defaults.RUNS,
            seed=defaults.SEED if seed is None else seed,
            parameters=parameters,
            horizon=horizon,
            settings=settings or (),
            out=out,
            overwrite=overwrite,
            figures=not no_figures,
            workers=workers,
            engine=engine,
            progress=progress,
            notice=None if quiet else notice,
        )
    if json:
        typer.echo(found.json(), nl=False)
    elif not quiet:
        sweep_tables(found, console_for_tables())
        typer.echo(whereabouts(out))


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
    run: Annotated[int, options.count("Number of the world.", low=0)] = 0,
    member: Annotated[
        list[str] | None,
        typer.Option(help="Tell of this member only, by code or name; repeat as needed."),
    ] = None,
    seed: options.Seed = None,
    horizon: options.Horizon = None,
    settings: options.Settings = None,
    given: options.Given = None,
    parameters: options.Parameters = None,
    out: Annotated[
        Path | None, typer.Option(help="File (.png, .svg or .pdf) for a timeline of the world.")
    ] = None,
    json: options.AsJson = False,
    overwrite: options.OverwriteFile = False,
) -> None:
    """Tell one world as a dated story, or the same world under two scenarios side by side."""
    from foedus.studies import items as items_module
    from foedus.studies import tracing

    items = load_all(scenarios, horizon, settings or (), given or (), load=items_module.load_item)
    told = tracing.trace(*items, run=run, members=member or (), seed=seed, parameters=parameters)
    if out is not None:
        from foedus.views.timeline import write_timeline

        write_timeline(told, out, overwrite=overwrite)
    typer.echo(as_json(told.as_dict()) if json else str(told))


def explore(
    scenario: Annotated[
        str,
        typer.Argument(help="Scenario file, or bare name of a shipped scenario, to begin with."),
    ] = "baseline",
    *,
    port: Annotated[
        int | None,
        options.count(
            f"Port of the page; {defaults.PORT}, or the next free one, if omitted. 0 takes any.",
            low=0,
            high=65_535,
        ),
    ] = None,
    host: Annotated[
        str, typer.Option(help="Address to serve at; only this machine sees the usual one.")
    ] = defaults.HOST,
    no_browser: Annotated[
        bool, typer.Option("--no-browser", help="Open no browser; say where the page is.")
    ] = False,
) -> None:
    """Explore in a browser: levers, fan charts, one world month by month, and why."""
    from foedus.page import serve

    serve.explore(scenario, host=host, port=port, browser=not no_browser, tell=typer.echo)


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
        defaults.Format | None,
        typer.Option(help="html: one page that needs nothing else; md: with figures beside it."),
    ] = None,
    annex: Annotated[
        bool, typer.Option("--annex", help="Add every other table and figure after the two pages.")
    ] = False,
    baseline: options.Baseline = None,
    overwrite: options.OverwriteFile = False,
    workers: options.Workers = None,
    quiet: options.Quiet = False,
) -> None:
    """Write a brief of two pages: the finding first, then what it rests on and what it is worth."""
    from foedus.studies import comparison
    from foedus.studies import items as items_module
    from foedus.views import brief_files

    form: defaults.Format = format or ("md" if out and out.suffix == ".md" else "html")
    out = out or Path(f"brief.{form}")
    brief_files.refuse(out, form, overwrite=overwrite)
    loaded = load_all(items, None, (), load=items_module.load_item)
    with progress_bar(quiet=quiet) as progress, interruption():
        found = comparison.compare(
            *loaded, baseline=baseline, progress=progress, workers=workers, notice=notice
        )
        brief_files.write(found, out, form, overwrite=overwrite, annex=annex)
    if not quiet:
        typer.echo(f"Brief written: {out}")


def _common(
    no_figures: bool,
    svg: bool,
    engine: defaults.Engine,
    workers: int | None,
    scheduler: str | None,
    quiet: bool,
) -> dict[str, Any]:
    """Return the arguments that the commands run and compare pass to the library in common."""
    if no_figures and svg:
        message = "--svg asks for figures and --no-figures for none; leave one of them out."
        raise ResultError(message)
    return {
        "figures": "svg" if svg else not no_figures,
        "engine": engine,
        "workers": workers,
        "scheduler": scheduler,
        "notice": None if quiet else notice,
    }


def _tell_renaming(items: Sequence[Any], notice: Callable[[str], None] | None) -> None:
    """Say which scenarios are others under a name of their own."""
    from foedus.cases.no_effect import renaming
    from foedus.cases.scenario import Scenario

    for item in items:
        if notice and isinstance(item, Scenario) and (told := renaming(item)):
            notice(told)


def verify(
    directory: Annotated[Path, typer.Argument(help="Directory of a result.", show_default=False)],
    *,
    sample: Annotated[int, options.count("Worlds of each scenario to replay.")] = defaults.REPLAYED,
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


def load_all(
    references: Sequence[str],
    horizon: str | None,
    settings: Sequence[str],
    given: Sequence[str] = (),
    load: Callable[..., Any] | None = None,
) -> list[Any]:
    """Load all scenarios, and report the problems of all of them at once.

    Parameters
    ----------
    references
        Names or paths.
    load
        Function that loads one; :func:`foedus.load_scenario` if omitted.

    Raises
    ------
    FoedusError
        If any cannot be loaded; the message has the problems of each.
    """
    from foedus.cases.scenario_reader import load_scenario

    loaded, sentences = [], []
    for reference in references:
        try:
            item = (load or load_scenario)(
                reference, horizon=horizon, settings=settings, given=given
            )
        except FoedusError as error:
            sentences.append(str(error))
            continue
        loaded.append(item)
    if sentences:
        message = "\n".join(dict.fromkeys(sentences))
        raise FoedusError(message)
    return loaded
