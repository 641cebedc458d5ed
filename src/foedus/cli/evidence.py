"""Commands on the evidence: record, panel, calibrate, coverage, hindcast, why."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from foedus import defaults
from foedus.cli import options
from foedus.cli.printing import as_json, console_for_tables, print_table
from foedus.cli.waiting import kept_interruption, progress_bar
from foedus.errors import FoedusError, UnfinishedError

if TYPE_CHECKING:
    from foedus.cases.record import Record


def record(
    alliance: options.AllianceName = defaults.ALLIANCE,
    *,
    coding: options.Coding = "main",
    json: options.AsJson = False,
) -> None:
    """Show what is on record: what calibration fits and the hindcast scores."""
    from foedus.cases.record import load_record
    from foedus.model.citations import note_line
    from foedus.views import evidence_tables

    loaded = load_record(alliance, coding)
    if json:
        rows = [
            dict(zip(evidence_tables.RECORD_HEADER, row, strict=True))
            for row in evidence_tables.record_rows(loaded)
        ]
        typer.echo(as_json(rows))
        return
    caption = (
        "Error: standard deviation of a share, chance of a wrong coding of an event; offset: of "
        "all surveys of a series that asks another question. Without a source nothing is scored; "
        "what the alliance file declares for the end is fitted, not scored. What drove it: foedus "
        f"show {loaded.history.name}."
    )
    if loaded.earlier:
        earlier = ", ".join(f"foedus record {one.name}" for one in loaded.earlier)
        caption += f" Fitted along with it: {earlier}."
    shown = list(evidence_tables.record_rows(loaded))
    caption = f"{caption} {note_line(*(text for row in shown for text in row))}"
    print_table(console_for_tables(), loaded.title, evidence_tables.RECORD_HEADER, shown, caption)


def panel(
    *,
    until: Annotated[
        str | None, typer.Option(help="Count only what had happened by a month, YYYY-MM.")
    ] = None,
    without: Annotated[
        str | None, typer.Option(help="Leave an alliance out, such as csto or NATO.")
    ] = None,
    json: options.AsJson = False,
) -> None:
    """Show how often members of other alliances froze, came back, left, were put out."""
    from foedus.cases.months import parse_month
    from foedus.cases.panel import load_panel
    from foedus.outcomes.base_rates import panel_summary
    from foedus.views import evidence_tables

    try:
        month = None if until is None else parse_month(until)
    except ValueError as error:
        message = f"--until: {error}"
        raise FoedusError(message) from None
    if without is not None:
        without = load_panel().name_of(without.lower()) or without
    content = panel_summary(month, without)
    if not content["rates"]:
        message = f"--until {until}: no alliance of the panel existed by then; give a later month."
        raise FoedusError(message)
    if json:
        typer.echo(as_json(content))
        return
    console = console_for_tables()
    for line in evidence_tables.panel_lines(content):
        console.print(line, style="bold")
    caption = (
        "Exact: of the pooled rate. One more alliance: it may be calmer or more restless than "
        "these, which so few events tell little of. A freeze is wider here than in the model."
    )
    title = f"Members of alliances led by a patron, to {content['until']}"
    rows = evidence_tables.panel_rows(content)
    print_table(console, title, evidence_tables.PANEL_HEADER, rows, caption)
    rows = evidence_tables.panel_event_rows(content)
    print_table(console, "Events", evidence_tables.PANEL_EVENT_HEADER, rows)


def calibrate(
    alliance: options.AllianceName = defaults.ALLIANCE,
    *,
    draws: Annotated[
        int | None,
        options.count(
            f"Worlds to simulate for each model; {defaults.CALIBRATION_DRAWS:,} if omitted."
        ),
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
    model: Annotated[
        list[str] | None,
        typer.Option(
            help="Calibrate this model only, such as 'free' or 'other coding'; repeat as needed. "
            "All models if omitted, weighted by evidence."
        ),
    ] = None,
    seed: options.CalibrationSeed = defaults.CALIBRATION_SEED,
    workers: options.Workers = None,
    json: options.AsJson = False,
    quiet: options.Quiet = False,
    overwrite: options.OverwriteFile = False,
) -> None:
    """Let the record inform the numbers: a posterior to project from, and what it rests on."""
    from foedus import defaults
    from foedus.cases.record import load_record
    from foedus.ensembles.workers import available_workers
    from foedus.inference import structures
    from foedus.inference.checks import checks as compared_with
    from foedus.views import evidence_tables

    wanted = structures.structures_named(model or ())
    records = {
        coding: _until(load_record(alliance, coding), until)
        for coding in dict.fromkeys(one.coding for one in wanted)
    }
    checkpoint = _checkpoint(out, overwrite=overwrite)
    kept = checkpoint and checkpoint.with_name(f"{checkpoint.name}.*")
    threads = workers or available_workers()
    with progress_bar(quiet=quiet or json) as progress, kept_interruption(kept):
        posterior = structures.calibrate_models(
            records,
            wanted,
            draws=draws or defaults.CALIBRATION_DRAWS,
            seed=seed,
            workers=threads,
            checkpoint=checkpoint,
            progress=progress,
        )
    if out is not None:
        posterior.save(out)
    if quiet:
        return
    main = next(iter(records))
    checks = compared_with(records[main], structures.of_coding(posterior, main), threads)
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
        typer.echo(as_json({"about": about, "numbers": informed, "checks": compared}))
        return
    console = console_for_tables()
    if posterior.models:
        rows = evidence_tables.model_rows(posterior)
        caption = evidence_tables.MODEL_CAPTION
        print_table(console, "Models", evidence_tables.MODEL_HEADER, rows, caption)
    rows = evidence_tables.informed_rows(posterior)
    caption = (
        "Informed: the posterior's standard deviation is below .85 of the prior's. All others stay "
        "at their prior. Effective draws: from how far populations that never met lie apart."
    )
    title = "Numbers that the record informs"
    print_table(console, title, evidence_tables.INFORMED_HEADER, rows, caption)
    caption = (
        f"Record in its {main} coding. Posterior worlds were chosen to fit; the same numbers with "
        "fresh luck are the harder check. Shares: mean, and predictive interval of a survey."
    )
    rows = evidence_tables.check_rows(checks)
    print_table(console, "Beside the record", evidence_tables.CHECK_HEADER, rows, caption)
    console.print(evidence_tables.calibration_line(posterior))
    typer.echo(
        f"Posterior in {out}: foedus run SCENARIO --parameters {out}"
        if out
        else "Nothing was written; add --out FILE to keep the posterior."
    )


_BULKY = ("opening", "prior", "prior_spread", "effective")


def _checkpoint(out: Path | None, *, overwrite: bool) -> Path | None:
    """Check the file for a posterior; return the file in which progress is saved.

    Parameters
    ----------
    out
        The file; None if nothing is to be written.

    Raises
    ------
    FoedusError
        If it does not end in ``.npz``, if it exists and must not be replaced, or if its directory
        does not exist.
    """
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


def _until(loaded: Record, until: str | None) -> Record:
    """Return a record cut after a month, which must leave a year before and a month after it.

    Raises
    ------
    FoedusError
        If the month is not valid or outside of that range.
    """
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
    """Make a directory, so that a failure is reported before a long computation."""
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        message = f"{directory} cannot be made: {error.strerror}."
        raise UnfinishedError(message) from None


def coverage(
    alliance: options.AllianceName = defaults.ALLIANCE,
    *,
    records: Annotated[int, options.count("Synthetic records.")] = defaults.COVERAGE_RECORDS,
    draws: Annotated[
        int | None,
        options.count(f"Worlds to calibrate each; {defaults.COVERAGE_DRAWS:,} if omitted."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="Directory for ranks and figure; what is done there is not done again."),
    ] = None,
    seed: options.CalibrationSeed = defaults.CALIBRATION_SEED,
    workers: options.Workers = None,
    json: options.AsJson = False,
    quiet: options.Quiet = False,
) -> None:
    """Calibrate synthetic records whose numbers are known, to see if intervals are right."""
    from foedus import defaults
    from foedus.cases.record import load_record
    from foedus.ensembles.workers import available_workers
    from foedus.inference import coverage
    from foedus.views import evidence_tables
    from foedus.worlds.posterior import shipped_posterior

    loaded = load_record(alliance)
    kept = None
    if out is not None:
        _make(out)
        kept = out / "coverage.jsonl"
    with progress_bar(quiet=quiet or json) as progress, kept_interruption(kept):
        found = coverage.coverage(
            loaded,
            records=records,
            draws=draws or defaults.COVERAGE_DRAWS,
            seed=seed,
            workers=workers or available_workers(),
            keep=kept,
            progress=progress,
        )
    posterior = shipped_posterior(loaded.history.alliance.name)
    informed = tuple(n for n in posterior.informed if n in found.names) if posterior else None
    content = coverage.summary(found, draws or defaults.COVERAGE_DRAWS, seed, informed)
    if out is not None:
        from foedus.views.record_plots import write_coverage

        write_coverage(found, content, informed, out)
    if json:
        typer.echo(as_json(content))
    elif not quiet:
        title = f"Coverage of 90 % intervals in {found.records} synthetic records"
        caption = (
            "Numbers that the real record informs. Width: of the interval, as a share of the "
            f"prior's. Over all {len(found.names)} numbers {found.inside.mean():.3f} of the truths "
            "lie inside."
        )
        rows = evidence_tables.coverage_rows(content["informed"])
        console = console_for_tables()
        print_table(console, title, evidence_tables.COVERAGE_HEADER, rows, caption)


def hindcast(
    alliance: options.AllianceName = defaults.ALLIANCE,
    *,
    years: Annotated[
        int,
        options.count(
            "Years ahead. With more than 1 earlier records are forecast too, from every third "
            "year-end, and all members are scored."
        ),
    ] = 1,
    until: Annotated[
        str | None,
        typer.Option(
            help="One fixed origin, YYYY-MM, instead of one year ahead from each year-end."
        ),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Directory for scores and figures.")] = None,
    draws: Annotated[
        int | None,
        options.count(
            f"Worlds to calibrate each origin; {defaults.HINDCAST_DRAWS:,} if omitted, "
            f"{defaults.AHEAD_DRAWS:,} with more than one year ahead."
        ),
    ] = None,
    coding: options.Coding = "main",
    seed: options.CalibrationSeed = defaults.CALIBRATION_SEED,
    workers: options.Workers = None,
    json: options.AsJson = False,
    quiet: options.Quiet = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace the hindcast in the directory.")
    ] = False,
) -> None:
    """Forecast the past with what was known then, and score it beside simple forecasters."""
    from foedus.cases.record import load_record
    from foedus.ensembles.workers import available_workers
    from foedus.inference import claims, hindcast
    from foedus.views import evidence_tables

    if until is not None and years > 1:
        message = (
            f"--until {until} forecasts the whole rest of the record, however many years that is; "
            "leave out --until or --years."
        )
        raise FoedusError(message)
    loaded = load_record(alliance, coding)
    origin = None if until is None else _until(loaded, until).end
    threads = workers or available_workers()
    if out is not None:
        _make(out)
        if (out / "hindcast.json").exists() and not overwrite:
            message = f"{out} holds a hindcast already; name another --out, or use --overwrite."
            raise FoedusError(message)
    with progress_bar(quiet=quiet or json) as progress:
        found = hindcast.hindcast(
            loaded,
            years=years,
            until=origin,
            draws=draws,
            seed=seed,
            workers=threads,
            progress=progress,
        )
    content = hindcast.summary(found)
    held = claims.claims(loaded, threads) if until is None and years == 1 else []
    content["claims"] = [vars(claim) | {"holds": claim.holds} for claim in held]
    if out is not None:
        from foedus.views.record_plots import write_hindcast

        write_hindcast(found, content, out)
    if json:
        typer.echo(as_json(content))
    elif not quiet:
        console = console_for_tables()
        for drivers in found.drivers:
            rows = evidence_tables.score_rows(content["scores"], drivers)
            title = f"Scores: {hindcast.DRIVERS[drivers]}"
            print_table(console, title, evidence_tables.SCORE_HEADER, rows)
            for verdict in content["verdicts"][drivers]:
                console.print(verdict)
        console.print(hindcast.CAPTION if years == 1 else hindcast.CAPTION_AHEAD)
        if held:
            rows = evidence_tables.claim_rows(held)
            title = "Claims under the posterior that comes with foedus (beyond three errors)"
            print_table(console, title, evidence_tables.CLAIM_HEADER, rows)
        kept = "forecasts, scores and figures" if years == 1 else "forecasts and scores"
        typer.echo(
            f"{kept.capitalize()} are in {out}"
            if out
            else f"Nothing was written; add --out DIR to keep {kept}."
        )


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

    from foedus.cases.scenario_reader import load_scenario
    from foedus.views.explain import why as explain

    loaded = load_scenario(scenario, allow_inert=True) if scenario else None
    explanation = explain(name, scenario=loaded, alliance=alliance, date=date)
    from rich.table import Table

    table = Table(title=explanation.name, title_justify="left", show_header=False, box=None)
    table.add_column(style="bold", no_wrap=True)
    table.add_column()
    for label, text in explanation.rows:
        table.add_row(label, Text(text))
    console_for_tables().print(table)
