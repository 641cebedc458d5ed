"""What somebody who waits is shown, and what an interruption says."""

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
    """Say what an interrupted run has kept."""
    try:
        yield
    except InterruptedRun as interruption:
        error = FoedusError(f"{interruption}")
        error.status = ExitStatus.INTERRUPTED
        raise error from None


def notice(sentence: str) -> None:
    """Tell somebody who waits a sentence, beside the output."""
    typer.echo(sentence, err=True)


@contextmanager
def progress_bar(*, quiet: bool) -> Iterator[Callable[[int, int], None] | None]:
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


@contextmanager
def kept_interruption(kept: Path | None) -> Iterator[None]:
    """Say what an interrupted calibration or study has kept, if anything."""
    try:
        yield
    except KeyboardInterrupt:
        text = f"Interrupted; what is done is kept in {kept}: the same command goes on from there."
        error = FoedusError(text if kept else "Interrupted; nothing was written.")
        error.status = ExitStatus.INTERRUPTED
        raise error from None
