"""Commands on scenario files: check, show, list, new, schema."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from foedus.cli import options
from foedus.cli.printing import console_for_tables, print_table
from foedus.errors import ExitStatus, FoedusError, UnfinishedError

# ---------------------------------------------------------------------------------------------
# Scenario files


def check(
    files: Annotated[
        list[str], typer.Argument(help="Scenario files to check.", show_default=False)
    ],
) -> None:
    """Check scenario files; every problem at once."""
    from foedus.cases.no_effect import inert_statements, renaming
    from foedus.cases.scenario_reader import load_scenario

    failed = False
    for file in files:
        try:
            scenario = load_scenario(file)
        except FoedusError as error:
            typer.echo(f"{error}", err=True)
            failed = True
            continue
        typer.echo(f"{file}: good ({scenario.title})")
        if told := renaming(scenario):
            typer.echo(f"{file}: {told}", err=True)
        for shown, origin in inert_statements(scenario):
            message = f"{origin.exact}: {shown} has no effect: it restates what is inherited."
            typer.echo(message, err=True)
    if failed:
        raise typer.Exit(ExitStatus.BAD_INPUT)


def show(
    scenario: Annotated[str, typer.Argument(help="Scenario file or name.", show_default=False)],
    *,
    settings: options.Settings = None,
    given: options.Given = None,
    horizon: options.Horizon = None,
    plain: Annotated[bool, typer.Option("--plain", help="Tell it in plain words.")] = False,
    name: options.Name = None,
    json: options.AsJson = False,
) -> None:
    """Show a scenario resolved, each value with its origin."""
    from foedus.cases.scenario_reader import load_scenario
    from foedus.cases.writing import show_lines

    loaded = load_scenario(
        scenario,
        settings=settings or (),
        given=given or (),
        horizon=horizon,
        name=name,
        allow_inert=True,
    )
    if json:
        from json import dumps

        typer.echo(dumps(loaded.resolved(), indent=2, ensure_ascii=False))
        return
    if plain:
        from rich.text import Text

        from foedus.views.plan import plan

        console = console_for_tables()
        for line in (f"{loaded.name}: {loaded.title}", *plan(loaded)):
            console.print(Text(line))
        return
    for line in show_lines(loaded):
        typer.echo(line)


def list_() -> None:
    """List the shipped scenarios and alliances."""
    from foedus.cases.alliance_reader import load_alliance
    from foedus.cases.scenario_reader import load_scenario
    from foedus.cases.shipped import shipped_alliances, shipped_scenarios
    from foedus.model.citations import note_line

    rows = []
    for name in shipped_scenarios():
        scenario = load_scenario(name, allow_inert=True)
        rows.append((name, scenario.title, scenario.description))
    console = console_for_tables()
    notes = note_line(*(text for row in rows for text in row))
    print_table(console, "Scenarios", ("name", "title", "stands for"), rows, notes)
    alliances = [(name, load_alliance(name).title) for name in shipped_alliances()]
    print_table(console, "Alliances", ("name", "title"), alliances)


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


def schema() -> None:
    """Print the JSON Schema of scenario files, for editors."""
    from json import dumps

    from foedus.cases.scenario_format import json_schema

    typer.echo(dumps(json_schema(), indent=2, ensure_ascii=False))
