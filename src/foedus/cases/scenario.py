"""Resolved scenarios: what they extend is merged in, and every value has its file and line."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np

from foedus.cases.months import format_month, month_of_year, parse_month
from foedus.cases.scenario_format import FORMAT_VERSION, Event
from foedus.cases.schedule import Schedule, compile_schedule, imposed
from foedus.cases.shipped import reference_from_here
from foedus.cases.spans import (
    DatedSpan,
    LeverKey,
    Origin,
    ScriptedEvent,
    Span,
    dated_spans,
)
from foedus.cases.validation import per_cent
from foedus.defaults import HORIZON
from foedus.errors import nearest
from foedus.html import html_table
from foedus.model import cohesion
from foedus.model.citations import note_line
from foedus.model.levers import lever_named
from foedus.model.specifications import specifications

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt

    from foedus.cases.alliance import Alliance


@dataclass(frozen=True, repr=False)
class Scenario:
    """A resolved scenario: the scenario that it extends and all defaults are merged in.

    Attributes
    ----------
    name, title, description, sources
        As in the file.
    alliance
        The alliance as it stood before the start.
    alliance_reference
        Shipped name or path by which the alliance can be loaded again.
    start, horizon
        First month (number) and number of months.
    policy
        One of :data:`foedus.model.levers.POLICIES`.
    levers
        Spans by (lever, power or None, member), in the order in which they are laid: one lies over
        those before it.
    events
        Scripted events, in the order in which they were given.
    parameters
        Values fixed in every world: parameters and alliance numbers by key.
    weighting, weights
        How members count in the cohesion index (``equal`` or ``capability``), and the weights of
        its six components.
    origins
        Where each scalar value and parameter came from.
    lineage
        Names of the scenario and of those it extends, nearest first.
    parent
        The scenario that it extends, or the bare alliance; None for one that was not read as a
        file.
    settings
        What was set by hand, on the command line or in Python, such as ``pressure.ARM=0.6``. It is
        in the other fields already.
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
    settings: tuple[str, ...] = field(default=(), compare=False)

    @property
    def end(self) -> int:
        """Last month (number) simulated."""
        return self.start + self.horizon - 1

    def spans(self, key: LeverKey) -> tuple[DatedSpan, ...]:
        """Spans of a lever in the months of the scenario, in order of time where they can be.

        See :func:`~foedus.cases.spans.dated_spans`.
        """
        return dated_spans(self.levers.get(key, ()), self.start, self.end)

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

    @property
    def by_hand(self) -> dict[str, str]:
        """Numbers that were set by hand (``parameters:``, ``--set``), by key, as text."""
        numbers = self.alliance.numbers
        return {
            key: numbers[key].shown if key in numbers else f"{value:g}"
            for key, value in self.parameters.items()
        }

    @cached_property
    def schedule(self) -> Schedule:
        """The drivers of every member and month."""
        return compile_schedule(self)

    @cached_property
    def drivers(self) -> npt.NDArray[np.float64]:
        """The drivers, outside powers added: shape (month, member, field of Drivers)."""
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
            **imposed(self.schedule.scripted),
            "outreach": self.schedule.outreach,
            "normalisation": self.schedule.normalisation,
            "cohesion": [self.weighting, list(self.weights)],
        }
        return sha256(json.dumps(inputs, sort_keys=True).encode()).hexdigest()

    def resolved(self) -> dict[str, Any]:
        """Return the scenario as a file that extends nothing and can be loaded again.

        An alliance file is named as seen from the working directory.
        """
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
            "alliance": reference_from_here(self.alliance_reference),
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
        """Return a span as a scenario file writes it.

        One that lasts to the end gets no ``to``: a span with ``to`` may not be shorter than its
        ramp.
        """
        written: dict[str, Any] = {"from": format_month(span.first)}
        if span.last < self.end:
            written["to"] = format_month(span.last)
        written["value"] = span.value
        if span.ramp:
            written["ramp"] = span.ramp
        if span.ramp and span.ramp_from is not None:
            written["ramp_from"] = span.ramp_from
        if span.over:
            written["over"] = True
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
        return _html(self)


def bare_scenario(alliance: Alliance, reference: str, start: int) -> Scenario:
    """Return a scenario that sets nothing.

    A scenario file that extends no other is read as an extension of it.

    Parameters
    ----------
    reference
        Shipped name or path of the alliance.
    start
        First month (number).
    """
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
        reason = table[key].refusal(value)
        return reason and reason + per_cent(value, table[key].high)
    number = alliance.numbers.get(key)
    if number is None:
        return f"There is no parameter '{key}'{nearest(key, (*table, *alliance.numbers))}"
    if ".attention." in key:
        return "Attention is a row that sums to 1; change it in an alliance file of your own."
    if number.quantity.unit == "code" and value not in (0.0, 1.0):
        return f"{number.quantity.meaning}; give 0 or 1."
    reason = number.quantity.refusal(value)
    return reason and reason + per_cent(value, number.quantity.high)


WIDTH, LABEL, ROW = 720, 180, 18  # pixels of the timeline of levers


def _html(scenario: Scenario) -> str:
    """Return a scenario as HTML: title, description, levers over time and all that it sets."""
    rows = [
        (
            ".".join(part for part in key if part),
            f"{format_month(span.first)} to {format_month(span.last)}",
            f"{span.value:g}" + (f", over {span.ramp} months" if span.ramp else ""),
            str(span.origin),
        )
        for key in scenario.levers
        for span in scenario.spans(key)
    ]
    rows += [
        (f"{item.event.event} {item.event.member}", item.event.date, "", str(item.origin))
        for item in scenario.script
    ]
    rows += [
        (key, "every world", f"{value:g}", str(scenario.origins.get(f"parameters.{key}", "")))
        for key, value in scenario.parameters.items()
    ]
    span = f"{format_month(scenario.start)} to {format_month(scenario.end)}"
    head = f"<b>{escape(scenario.title)}</b> ({escape(scenario.name)}, {span}, "
    text = " ".join(filter(None, [scenario.description, note_line(scenario.description)]))
    head += f"policy {scenario.policy})<br>{escape(text)}"
    return head + _levers_svg(scenario) + html_table(("sets", "when", "value", "from"), rows)


def _levers_svg(scenario: Scenario) -> str:
    """Return the levers of a scenario as a timeline: a row for each, darker for higher values."""
    keys = [key for key in scenario.levers if scenario.spans(key)]
    if not keys:
        return ""
    height, step = ROW * (len(keys) + 1), (WIDTH - LABEL) / scenario.horizon
    opening = (
        f"<svg xmlns='http://www.w3.org/2000/svg' role='img' width='{WIDTH}' height='{height}' "
        f"viewBox='0 0 {WIDTH} {height}' font-family='sans-serif' font-size='11'>"
        f"<title>Levers of {escape(scenario.name)} over time</title>"
    )
    parts = [opening]
    for row, key in enumerate(keys):
        y = row * ROW
        label = escape(".".join(part for part in key if part))
        parts.append(f"<text x='0' y='{y + 13}'>{label}</text>")
        for span in scenario.spans(key):
            x = LABEL + (span.first - scenario.start) * step
            width = (span.last - span.first + 1) * step
            shade = 0.15 + 0.75 * min(1.0, span.value)
            parts.append(
                f"<rect x='{x:.1f}' y='{y + 3}' width='{width:.1f}' height='{ROW - 5}' "
                f"fill='#0072B2' fill-opacity='{shade:.2f}' stroke='white'/>"
                f"<text x='{x + 4:.1f}' y='{y + 13}' fill='{'white' if shade > 0.5 else 'black'}'>"
                f"{span.value:g}</text>"
            )
    for month in range(scenario.start, scenario.end + 1):
        if month_of_year(month) == 1:
            x = LABEL + (month - scenario.start) * step
            parts.append(f"<text x='{x:.1f}' y='{height - 5}'>{month // 12}</text>")
    return "".join([*parts, "</svg>"])
