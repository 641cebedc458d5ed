"""Levers over time and scripted events, each with the file and line it came from.

The spans of a lever stand in the order in which they are laid: first those of the scenario that is
extended, then those that lie over them. In a month that several cover, the last of them counts.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from foedus.cases.shipped import shown_path

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from foedus.cases.scenario_format import Event

LeverKey = tuple[str, str | None, str]  # lever, power or None, member (or the patron)


def dotted_key(key: LeverKey) -> str:
    """Write where a lever stands in a scenario file: ``levers.pressure.ARM``."""
    return ".".join(["levers", *(part for part in key if part)])


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
    """A span cut to the months of a scenario; ``first`` and ``last`` are month numbers.

    ``over`` says that it lies over spans before it, which it may overlap.
    """

    first: int
    last: int
    value: float
    ramp: int
    ramp_from: float | None
    origin: Origin
    source: str | None = None
    over: bool = False


def dated_spans(spans: Sequence[Span], start: int, end: int) -> tuple[DatedSpan, ...]:
    """Cut spans to the months from ``start`` to ``end``, and part them where they overlap.

    A span that began before the start counts as beginning with it.

    Returns
    -------
    tuple of DatedSpan
        In order of time, and no two overlap. Only where a span covers a part of another one's ramp
        can they not be parted; then they stand in the order in which they are laid, and those that
        may overlap others are marked.
    """
    dated = []
    for span in spans:
        first = start if span.first is None else max(span.first, start)
        last = end if span.last is None else min(span.last, end)
        if first <= last:
            values = (span.value, span.ramp, span.ramp_from)
            dated.append(DatedSpan(first, last, *values, span.origin, span.source))
    laid = [(span, dated[place + 1 :]) for place, span in enumerate(dated)]
    if any(_cuts_ramp(span, over) for span, over in laid):
        return tuple(_marked(dated))
    parts = [part for span, over in laid for part in _parts(span, over)]
    return tuple(sorted(parts, key=lambda span: span.first))


def _cuts_ramp(span: DatedSpan, over: Sequence[DatedSpan]) -> bool:
    """Whether spans over another cover a part of its ramp, or the month before, but not all."""
    if span.ramp <= 1:
        return False
    reached = span.first + span.ramp - 1
    touched = any(one.first <= reached and one.last >= span.first - 1 for one in over)
    return touched and any(part.first < reached for part in _parts(span, over))


def _parts(span: DatedSpan, over: Sequence[DatedSpan]) -> Iterator[DatedSpan]:
    """Yield the parts of a span that the spans over it leave uncovered."""
    first = span.first
    for other in sorted(over, key=lambda one: one.first):
        if other.first > span.last or other.last < first:
            continue
        if other.first > first:
            yield _part(span, first, other.first - 1)
        first = other.last + 1
    if first <= span.last:
        yield _part(span, first, span.last)


def _part(span: DatedSpan, first: int, last: int) -> DatedSpan:
    """Return a part of a span; one that begins later begins when the ramp is over."""
    if first == span.first:
        return span._replace(last=last)
    return span._replace(first=first, last=last, ramp=0, ramp_from=None)


def _marked(laid: Sequence[DatedSpan]) -> Iterator[DatedSpan]:
    """Yield spans in their order, marked from the first that does not follow all before it."""
    over, latest = False, 0
    for span in laid:
        over = over or span.first <= latest
        latest = max(latest, span.last)
        yield span._replace(over=over)


@dataclass(frozen=True)
class ScriptedEvent:
    """An event of the scenario, and the file and line where it stands."""

    event: Event
    origin: Origin = field(compare=False)
