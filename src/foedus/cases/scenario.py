"""Scenarios with everything resolved; every value remembers the file and line it came from."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from foedus.cases.format import FORMAT_VERSION, Event
from foedus.cases.months import format_month, parse_month
from foedus.cases.schedule import Schedule, compile_schedule
from foedus.defaults import HORIZON
from foedus.errors import nearest
from foedus.model import cohesion
from foedus.model.levers import lever_named
from foedus.model.parameters import specifications

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt

    from foedus.cases.alliance import Alliance

LeverKey = tuple[str, str | None, str]  # lever, power or None, member (or the patron)


@dataclass(frozen=True)
class Origin:
    """Where a value stands: a file and a line of it (0 for the command line and for defaults)."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}" if self.line else self.file


DEFAULT_ORIGIN = Origin("default", 0)


@dataclass(frozen=True)
class Span:
    """A lever's value from one month to another, both included, reached over a ramp.

    Attributes
    ----------
    first, last
        Month numbers; None stands for the start and for the end of whatever scenario has the span.
    ramp
        Months in which the value is reached.
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
    """A span as it falls within a scenario."""

    first: int
    last: int
    value: float
    ramp: int
    ramp_from: float | None
    origin: Origin
    source: str | None = None


@dataclass(frozen=True)
class ScriptedEvent:
    """An event of the scenario and where it stands."""

    event: Event
    origin: Origin = field(compare=False)


@dataclass(frozen=True, repr=False)
class Scenario:
    """A scenario with everything resolved.

    Attributes
    ----------
    name, title, description, sources
        As in the file.
    alliance
        The alliance as it stood before the start.
    start, horizon
        First month (number) and number of months.
    policy
        One of :data:`foedus.model.levers.POLICIES`.
    levers
        Spans by (lever, power or None, member).
    events
        Scripted events, in the order in which they were given.
    parameters
        Values fixed in every world: parameters and alliance numbers by key.
    weighting, weights
        How members and components count in the cohesion index.
    origins
        Where each scalar value and parameter came from.
    lineage
        Names of the scenario and of those it extends, nearest first.
    """

    name: str
    title: str
    description: str
    sources: tuple[str, ...]
    alliance: Alliance
    alliance_reference: str
    start: int
    horizon: int
    policy: str
    levers: Mapping[LeverKey, tuple[Span, ...]]
    events: tuple[ScriptedEvent, ...]
    parameters: Mapping[str, float]
    weighting: str
    weights: cohesion.Cohesion
    origins: Mapping[str, Origin]
    lineage: tuple[str, ...]
    parent: Scenario | None = field(default=None, compare=False, repr=False)

    @property
    def end(self) -> int:
        """Last month simulated."""
        return self.start + self.horizon - 1

    def spans(self, key: LeverKey) -> tuple[DatedSpan, ...]:
        """Spans of a lever in order of time, cut to the months of the scenario.

        A span that began before the start counts as beginning with it.
        """
        dated = []
        for span in self.levers.get(key, ()):
            first = self.start if span.first is None else max(span.first, self.start)
            last = self.end if span.last is None else min(span.last, self.end)
            if first <= last:
                values = (span.value, span.ramp, span.ramp_from)
                dated.append(DatedSpan(first, last, *values, span.origin, span.source))
        return tuple(sorted(dated, key=lambda span: span.first))

    @property
    def script(self) -> tuple[ScriptedEvent, ...]:
        """Events that fall within the months of the scenario."""
        return tuple(
            item for item in self.events if self.start <= parse_month(item.event.date) <= self.end
        )

    @property
    def parameter_values(self) -> dict[str, float]:
        """Overrides of the model's parameters."""
        table = specifications()
        return {key: value for key, value in self.parameters.items() if key in table}

    @property
    def alliance_values(self) -> dict[str, float]:
        """Overrides of the alliance's numbers."""
        table = specifications()
        return {key: value for key, value in self.parameters.items() if key not in table}

    @cached_property
    def schedule(self) -> Schedule:
        """The drivers of every member and month."""
        return compile_schedule(self)

    @cached_property
    def drivers(self) -> npt.NDArray[np.float64]:
        """What it imposes, outside powers added: shape (month, member, field of Drivers)."""
        members, months = range(len(self.alliance.members)), range(self.horizon)
        drivers = self.schedule.drivers
        return np.array([[drivers(self.alliance, i, month) for i in members] for month in months])

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of everything that decides the worlds and their summary: the resolved inputs."""
        alliance = {
            key: [number.value.hex(), str(number.prior)]
            for key, number in sorted(self.alliance.numbers.items())
        }
        inputs = {
            "alliance": alliance,
            "members": self.alliance.members,
            "start": self.start,
            "parameters": {key: v.hex() for key, v in sorted(self.parameter_values.items())},
            "drivers": [[list(d) for d in months] for months in self.schedule.scripted],
            "outreach": self.schedule.outreach,
            "normalisation": self.schedule.normalisation,
            "cohesion": [self.weighting, list(self.weights)],
        }
        return sha256(json.dumps(inputs, sort_keys=True).encode()).hexdigest()

    def resolved(self) -> dict[str, Any]:
        """Return the scenario as a file that extends nothing and can be loaded again."""
        levers: dict[str, Any] = {}
        for key in self.levers:
            name, power, member = key
            written = [self._written(span) for span in self.spans(key)]
            scope = lever_named(name).scope
            if scope == "patron":
                levers[name] = written
            elif power is None:
                levers.setdefault(name, {})[member] = written
            else:
                levers.setdefault(name, {}).setdefault(power, {})[member] = written
        return {
            "foedus": FORMAT_VERSION,
            "name": self.name,
            "title": self.title,
            "description": self.description,
            "alliance": self.alliance_reference,
            "start": format_month(self.start),
            "horizon": self.horizon,
            "policy": self.policy,
            "levers": levers,
            "events": [self._written_event(item.event) for item in self.script],
            "parameters": dict(self.parameters),
            "cohesion": {"members": self.weighting, "weights": self.weights._asdict()},
            "sources": list(self.sources),
        }

    def _written(self, span: DatedSpan) -> dict[str, Any]:
        """Write a span; one that lasts to the end has no ``to``, so that its ramp may be longer."""
        written: dict[str, Any] = {"from": format_month(span.first)}
        if span.last < self.end:
            written["to"] = format_month(span.last)
        written["value"] = span.value
        if span.ramp:
            written["ramp"] = span.ramp
        if span.ramp and span.ramp_from is not None:
            written["ramp_from"] = span.ramp_from
        if span.source:
            written["source"] = span.source
        return written

    def _written_event(self, event: Event) -> dict[str, Any]:
        written = event.model_dump(exclude_none=True)
        if "to" in written:
            written["to"] = min(written["to"], format_month(self.end))
        return written

    def __repr__(self) -> str:
        span = f"{format_month(self.start)} to {format_month(self.end)}"
        return f"<foedus.Scenario {self.name}: {self.title}, {span}, policy {self.policy}>"

    def _repr_html_(self) -> str:
        from foedus.html import scenario_html

        return scenario_html(self)


def bare_scenario(alliance: Alliance, reference: str, start: int) -> Scenario:
    """Return a scenario that sets nothing."""
    return Scenario(
        name="bare",
        title="Bare alliance",
        description="",
        sources=(),
        alliance=alliance,
        alliance_reference=reference,
        start=start,
        horizon=HORIZON,
        policy="fixed",
        levers={},
        events=(),
        parameters={},
        weighting="equal",
        weights=cohesion.Cohesion(1.0, 1.0, 1.0, 1.0, 1.0, 1.0),
        origins={},
        lineage=(),
    )


def parameter_refusal(key: str, value: float, alliance: Alliance) -> str | None:
    """Say why a parameter or alliance number cannot be set to a value, or return None."""
    table = specifications()
    if key in table:
        return table[key].refusal(value)
    number = alliance.numbers.get(key)
    if number is None:
        return f"There is no parameter '{key}'{nearest(key, (*table, *alliance.numbers))}"
    if ".attention." in key:
        return "Attention is a row that sums to 1; change it in an alliance file of your own."
    if number.quantity.unit == "code" and value not in (0.0, 1.0):
        return f"{number.quantity.meaning}; give 0 or 1."
    return number.quantity.refusal(value)


def member_weights(scenario: Scenario, weighting: str) -> tuple[float, ...]:
    """Weight of each client in cohesion: each alike, or by capability."""
    alliance = scenario.alliance
    return alliance.capabilities if weighting == "capability" else (1.0,) * len(alliance.members)
