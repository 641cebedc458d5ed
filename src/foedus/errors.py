"""The errors of foedus: sentences that say what is wrong, where, and what to do."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from enum import IntEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


class ExitStatus(IntEnum):
    """Exit status of the command line."""

    DONE = 0
    UNFINISHED = 1
    BAD_INPUT = 2
    INTERRUPTED = 130


MANY_NAMES = 20  # more legal names than this are not listed in a sentence


class FoedusError(Exception):
    """The root of every error that foedus raises on purpose.

    Attributes
    ----------
    status
        Exit status of the command line when this error ends a command.
    """

    status = ExitStatus.BAD_INPUT


class ParameterError(FoedusError):
    """A parameter is unknown, out of its bounds, or lacks evidence."""


class ResultError(FoedusError):
    """A result cannot be read, written or combined as asked."""


class NotKeptError(ResultError):
    """A stored result does not hold something that this version of foedus keeps of each world."""


class UnfinishedError(ResultError):
    """The input was right, but the machine could not finish the work (a full disk, for example)."""

    status = ExitStatus.UNFINISHED


class InterruptedRun(KeyboardInterrupt):
    """The user interrupted a run; the message says which worlds are kept and how to go on."""


class InertScenarioError(FoedusError):
    """A scenario imposes the same as the scenario that it extends."""


@dataclass(frozen=True, order=True)
class Problem:
    """One thing that is wrong in a file.

    Attributes
    ----------
    file
        The file as the user named it, or a description such as ``--set``.
    line
        Line number from 1; 0 when the whole file is meant.
    key
        Dotted path of the key, empty when the whole file is meant.
    message
        A sentence with what is wrong and what to do.
    """

    file: str
    line: int
    key: str
    message: str

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}" if self.line else self.file
        return f"{where}: {self.key}: {self.message}" if self.key else f"{where}: {self.message}"


class InputError(FoedusError):
    """A file that the user wrote cannot be used; the error carries every problem found in it.

    Attributes
    ----------
    problems
        Every problem once, sorted by file and line.
    """

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = sorted(set(problems))
        super().__init__("\n".join(map(str, self.problems)))

    def __reduce__(self) -> tuple[type[InputError], tuple[list[Problem]]]:
        return (type(self), (self.problems,))


class ScenarioError(InputError):
    """A scenario file is wrong."""


class AllianceError(InputError):
    """An alliance file is wrong."""


class RecordError(InputError):
    """A record file (dated observations of an alliance) is wrong."""


def installing(extra: str) -> str:
    """Return the end of an error sentence about packages that an extra of foedus brings.

    foedus is on no registry, so that an extra is installed from the checkout, as the README does.
    """
    command = f'python3 -m pip --python .venv/bin/python install ".[{extra}]"'
    return f"in the directory with foedus's README: {command}"


def nearest(name: str, legal: Iterable[str]) -> str:
    """Return the end of an error sentence about a name that is not legal.

    Parameters
    ----------
    name
        The name that the user wrote.
    legal
        The names that may stand there.

    Returns
    -------
    str
        ``; did you mean 'x'?`` if a legal name is similar, else the list of legal names, or a full
        stop if there are none or more than :data:`MANY_NAMES`.
    """
    names = sorted(legal)
    folded = {candidate.casefold(): candidate for candidate in names}
    close = [folded[name.casefold()]] if name.casefold() in folded else []
    close = close or get_close_matches(name, names, n=1, cutoff=0.6)
    if not close:
        close = [folded[hit] for hit in get_close_matches(name.casefold(), folded, n=1, cutoff=0.6)]
    if close:
        return f"; did you mean '{close[0]}'?"
    if not names or len(names) > MANY_NAMES:
        return "."
    return f"; legal names are {', '.join(names)}."
