"""Scenarios as text: fully resolved with the origin of each value, and new files to start from."""

from __future__ import annotations

from json import dumps
from typing import TYPE_CHECKING

import yaml

from foedus.cases.months import format_month
from foedus.cases.names import refusal
from foedus.cases.scenario_format import FORMAT_VERSION
from foedus.cases.scenario_reader import load_scenario
from foedus.cases.shipped import reference_from_here, shipped_scenarios
from foedus.cases.spans import DEFAULT_ORIGIN, LeverKey, Origin, dotted_key
from foedus.errors import FoedusError
from foedus.model.citations import notes
from foedus.model.levers import DECISIONS, LEVERS, POLICIES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from foedus.cases.scenario import Scenario


def show_lines(scenario: Scenario) -> Iterator[str]:
    """Yield a scenario as a file that extends nothing, each value with where it came from."""

    def line(text: str, key: str) -> str:
        return _aligned(text, scenario.origins.get(key, DEFAULT_ORIGIN))

    yield f"# {' extends '.join(scenario.lineage)}"
    yield f"foedus: {FORMAT_VERSION}"
    yield f"name: {_scalar(scenario.name)}"
    yield line(f"title: {dumps(scenario.title, ensure_ascii=False)}", "title")
    yield line(f"alliance: {_scalar(reference_from_here(scenario.alliance_reference))}", "alliance")
    yield line(f"start: {format_month(scenario.start)}", "start")
    yield line(f"horizon: {scenario.horizon}", "horizon")
    yield line(f"policy: {scenario.policy}", "policy")
    yield "levers:" if scenario.levers else "levers: {}"
    yield from _lever_lines(scenario)
    yield "events:" if scenario.script else "events: []"
    for item in scenario.script:
        content = item.event.model_dump(exclude_none=True)
        if item.event.source:
            content["source"] = dumps(item.event.source, ensure_ascii=False)
        text = ", ".join(f"{key}: {value}" for key, value in content.items())
        yield _aligned(f"  - {{{text}}}", item.origin)
    yield "parameters:" if scenario.parameters else "parameters: {}"
    for key, value in scenario.parameters.items():
        yield line(f"  {key}: {value!r}", f"parameters.{key}")
    weights = ", ".join(f"{name}: {value:g}" for name, value in scenario.weights._asdict().items())
    yield "cohesion:"
    yield line(f"  members: {scenario.weighting}", "cohesion")
    yield line(f"  weights: {{{weights}}}", "cohesion")
    if any(name in shipped_scenarios() for name in scenario.lineage):
        sources = [span.source for key in scenario.levers for span in scenario.spans(key)]
        sources += [item.event.source for item in scenario.script]
        for label, text in notes(*filter(None, sources)):
            yield f"# {label}: {text}"


def _scalar(text: str) -> str:
    """Write a text for YAML, in quotes where it would be read as something else: ``"null"``."""
    return text if yaml.safe_load(text) == text else dumps(text, ensure_ascii=False)


def _aligned(text: str, origin: Origin) -> str:
    return f"{text:<64} # {origin}"


def _cleared(text: str, origin: Origin | None) -> str:
    return text if origin is None else _aligned(text, origin)


def _lever_lines(scenario: Scenario) -> Iterator[str]:
    shown: tuple[str | None, ...] = ()
    codes = list(scenario.alliance.names)

    def order(key: LeverKey) -> tuple[int, int]:
        return (codes.index(key[1]) if key[1] else -1, codes.index(key[2]))

    for lever in LEVERS:
        for key in sorted((key for key in scenario.levers if key[0] == lever.name), key=order):
            parts = tuple(part for part in key if part)
            path = parts[:1] if lever.scope == "patron" else parts
            spans = scenario.spans(key)
            for depth, part in enumerate(path):
                if shown[: depth + 1] != path[: depth + 1]:
                    text = f"{'  ' * (depth + 1)}{part}:"
                    if depth == len(path) - 1 and not spans:
                        text = _cleared(f"{text} []", scenario.origins.get(dotted_key(key)))
                    yield text
            shown = path
            for span in spans:
                to = f", to: {format_month(span.last)}" if span.last < scenario.end else ""
                ramp = f", ramp: {span.ramp}" if span.ramp else ""
                if span.ramp and span.ramp_from is not None:
                    ramp += f", ramp_from: {span.ramp_from!r}"
                over = ", over: true" if span.over else ""
                source = (
                    f", source: {dumps(span.source, ensure_ascii=False)}" if span.source else ""
                )
                text = (
                    f"{'  ' * (len(path) + 1)}- {{from: {format_month(span.first)}{to}, "
                    f"value: {span.value!r}{ramp}{over}{source}}}"
                )
                yield _aligned(text, span.origin)


def new_scenario(name: str, origin: str, directory: Path) -> str:
    """Return the text of a commented scenario file that extends another.

    Parameters
    ----------
    name
        Name of the new scenario.
    origin
        Shipped name or path of the scenario to extend.
    directory
        Where the file will lie; a path of the scenario to extend is written relative to it.

    Raises
    ------
    FoedusError
        If the name is not legal or is that of a shipped scenario, or if the scenario to extend
        cannot be loaded.
    """
    if reason := refusal(name):
        raise FoedusError(reason)
    parent = load_scenario(origin, allow_inert=True)
    reference = origin
    if origin not in shipped_scenarios():
        reference = _relative(origin, directory)
    member = parent.alliance.members[0]
    partner = parent.alliance.partners[0].code if parent.alliance.partners else "POWER"
    start, end = format_month(parent.start), format_month(parent.end)
    levers = "\n".join(f"#   {lever.name:<15} {lever.meaning}" for lever in LEVERS)
    return f"""\
# yaml-language-server: $schema=foedus.schema.json
# (for editors that complete and check YAML; made by: foedus schema > foedus.schema.json)
foedus: {FORMAT_VERSION}
name: {_scalar(name)}
title: One line that names the question
description: >-
  What this scenario stands for, and on what it rests.
extends: {_scalar(reference)}        # every lever not set here is as in that scenario
# horizon: {parent.horizon}           # months; dates below must lie between {start} and {end}
# policy: {parent.policy}        # {", ".join(POLICIES)}

# Levers (foedus why LEVER explains one):
{levers}
# A span holds from one month to another, both included; 'ramp' is the number of months in which the
# value is reached. Without 'from' it starts with the scenario, without 'to' it lasts to the end.
# Outside its spans a lever is as in the scenario extended; [clear, ...] takes that away first.
levers:
  pressure:
    {member}: [{{from: {start}, value: 0.5, ramp: 6}}]
  # outreach:                 # by power, then member ({", ".join(parent.alliance.members)}, or all)
  #   {partner}: {{{member}: [{{value: 0.7}}]}}
  # bandwidth: [{{value: 0.8, ramp: 12}}]

# Events:
# events:
#   - {{event: crisis, date: {start}, member: {member}}}   # support: 0..1, else the patron decides
#   - {{event: clash, date: {start}, member: {member}, rival: {parent.alliance.members[1]}}}
#   - {{event: confrontation, date: {start}, member: {member}, severity: 0.5, months: 3}}
#   - {{event: domestic_change, date: {start}, member: {member}, change: -0.2}}
#   - {{event: statement, date: {start}, member: {member}, tone: 0.5}}
#   - {{event: decision, date: {start}, member: {member}, decision: remain}}
#   decisions: {", ".join(DECISIONS)}

# Numbers fixed in every world (foedus why NAME explains one):
# parameters: {{trust_loss: 0.7, {member}.trust: 0.5}}

sources: []
"""


def _relative(origin: str, directory: Path) -> str:
    from os.path import relpath
    from pathlib import Path

    text = relpath(Path(origin).resolve(), directory.resolve())
    return text if "/" in text or "\\" in text else f"./{text}"
