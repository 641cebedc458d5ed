"""Levers over time and scripted events, each with the file and line it came from."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from foedus.cases.shipped import shown_path

if TYPE_CHECKING:
    from foedus.cases.scenario_format import Event

LeverKey = tuple[str, str | None, str]  # lever, power or None, member (or the patron)


@dataclass(frozen=True)
class Origin:
    """Where a value stands: a file and a line of it (0 for the command line and for defaults).

    As text it names the file as :func:`~foedus.cases.shipped.shown_path` does; sentences of refusal
    name it ``exact``, as the user did.
    """

    file: str
    line: int

    def __str__(self) -> str:
        return f"{shown_path(self.file)}:{self.line}" if self.line else self.file

    @property
    def exact(self) -> str:
        """File and line, the file as the user named it."""
        return f"{self.file}:{self.line}" if self.line else self.file


DEFAULT_ORIGIN = Origin("default", 0)


@dataclass(frozen=True)
class Span:
    """A lever's value from one month to another, both included, reached over a ramp.

    Attributes
    ----------
    first, last
        Month numbers. None stands for the first and for the last month of the scenario, also of
        one that extends the scenario and has another horizon.
    ramp
        Number of months in which the value is reached.
    ramp_from
        Value at which the ramp begins; None for that of the month before, or the lever's default.
    """

    first: int | None
    last: int | None
    value: float
    ramp: int
    ramp_from: float | None
    origin: Origin = field(compare=False)
    source: str | None = field(default=None, compare=False)


class DatedSpan(NamedTuple):
    """A span cut to the months of a scenario; ``first`` and ``last`` are month numbers."""

    first: int
    last: int
    value: float
    ramp: int
    ramp_from: float | None
    origin: Origin
    source: str | None = None


@dataclass(frozen=True)
class ScriptedEvent:
    """An event of the scenario, and the file and line where it stands."""

    event: Event
    origin: Origin = field(compare=False)
