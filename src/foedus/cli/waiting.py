"""What is shown to somebody who waits or interrupts."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

from foedus.errors import ExitStatus, FoedusError, InterruptedRun

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@contextmanager
def interruption() -> Iterator[None]:
    """Turn an interrupted run into an error with its exit status and message.

    The message of the run says what has been saved.
    """
    try:
        yield
    except InterruptedRun as interruption:
        error = FoedusError(f"{interruption}")
        error.status = ExitStatus.INTERRUPTED
        raise error from None


def notice(sentence: str) -> None:
    """Print a sentence to standard error."""
    typer.echo(sentence, err=True)


@contextmanager
def progress_bar(*, quiet: bool) -> Iterator[Callable[[int, int], None] | None]:
    """Show a progress bar on a terminal; yield the function that moves it.

    The function takes the number done and the number of all. It is None, and no bar is shown, if
    ``quiet`` or if standard error is no terminal.
    """
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


@contextmanager
def kept_interruption(kept: Path | None) -> Iterator[None]:
    """Turn Ctrl-C into an error whose message says where progress is saved.

    Parameters
    ----------
    kept
        File with the progress so far; None if nothing is saved.
    """
    try:
        yield
    except KeyboardInterrupt:
        text = f"Interrupted; what is done is kept in {kept}: the same command goes on from there."
        error = FoedusError(text if kept else "Interrupted; nothing was written.")
        error.status = ExitStatus.INTERRUPTED
        raise error from None
