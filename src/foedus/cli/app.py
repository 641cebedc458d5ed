"""All commands as one program: each is one call of the library, imported when it is used."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from foedus.cli import evidence, files, projecting
from foedus.errors import ExitStatus, FoedusError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # plain help: rich would double the time it takes
    help="Simulate how an alliance holds together, from scenario files, with evidence for every "
    "number.",
    epilog="Exit status: 0 done, 1 could not finish, 2 bad input or usage, 130 interrupted.",
)


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


#: The commands, in the order in which the help lists them.
COMMANDS: tuple[Callable[..., None], ...] = (
    projecting.run,
    projecting.compare,
    projecting.carriers,
    projecting.sweep,
    projecting.trace,
    projecting.explore,
    projecting.report,
    projecting.verify,
    evidence.record,
    evidence.panel,
    evidence.calibrate,
    evidence.coverage,
    evidence.hindcast,
    files.check,
    files.show,
    files.list_,
    files.new,
    evidence.why,
    files.schema,
)
for _command in COMMANDS:
    app.command(_command.__name__.rstrip("_"))(_command)


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
