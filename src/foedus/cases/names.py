"""Names of scenarios: what is set by hand is part of them, so that no two scenarios share one."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING
from zlib import crc32

from foedus.cases.scenario_format import TITLE_LENGTH
from foedus.cases.shipped import shipped_scenarios
from foedus.cases.spans import DEFAULT_ORIGIN, dotted_key
from foedus.cases.validation import NAME_LENGTH, NAME_PATTERN
from foedus.errors import Problem, ResultError, ScenarioError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from foedus.cases.scenario import Scenario
    from foedus.cases.spans import DatedSpan

_MARK = 9  # length of an underscore and a checksum
_GIVEN = re.compile(r"(_[a-z]{2,4}_(new|same)_[0-9]{4}_[0-9]{2})+$")
_UNTIL = re.compile(r"_to_[0-9]{4}_[0-9]{2}$")


def renamed(scenario: Scenario, suffix: str, told: str) -> Scenario:
    """Return a scenario whose name and title say what was changed.

    Parameters
    ----------
    suffix
        End of the name. A name that gets too long is cut, and ends in a checksum of all of it.
    told
        End of the title.
    """
    name = f"{scenario.name}_{suffix}"
    if len(name) > NAME_LENGTH:
        name = f"{name[: NAME_LENGTH - _MARK]}_{crc32(name.encode()):08x}"
    title = f"{scenario.title}{told}"
    if len(title) > TITLE_LENGTH:
        title = f"{title[: TITLE_LENGTH - 3]}..."
    return replace(scenario, name=name, title=title, lineage=(name, *scenario.lineage))


def named(scenario: Scenario, name: str) -> Scenario:
    """Return a scenario under a name that the user chose.

    Raises
    ------
    ScenarioError
        If that is no name for a scenario, or the name of another one that is shipped.
    """
    if reason := refusal(name):
        raise ScenarioError([Problem("--name", 0, "", reason)])
    return replace(scenario, name=name, lineage=(name, *scenario.lineage))


def only_named(scenarios: Sequence[Scenario], name: str) -> Scenario:
    """Return the only one of some scenarios under a name that the user chose.

    Raises
    ------
    ScenarioError
        If there are several, or that is no name.
    """
    if len(scenarios) != 1:
        message = f"One name is not for {len(scenarios)} scenarios; give each its own in its file."
        raise ScenarioError([Problem("--name", 0, "", message)])
    return named(scenarios[0], name)


def refusal(name: str) -> str | None:
    """Say why a new scenario cannot have a name, or return None."""
    if not re.fullmatch(NAME_PATTERN, name):
        return (
            f"'{name}' is no name for a scenario; use lower-case letters, digits and _, at most "
            f"{NAME_LENGTH}, a letter first."
        )
    if name in shipped_scenarios():
        return f"'{name}' is the name of a shipped scenario; choose another."
    return None


def setting_suffix(settings: Sequence[str]) -> str:
    """Return what settings add to a name: ``pressure_arm_0_6`` for ``pressure.ARM=0.6``."""
    return "_".join(map(_worded, settings))


def _worded(setting: str) -> str:
    key, _, value = setting.partition("=")
    text = f"{key}_{value.replace('-', 'minus_')}"
    return re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")


def own_name(scenario: Scenario) -> str:
    """Return the name of a scenario without what is set, given or cut by hand."""
    name = _GIVEN.sub("", scenario.name)
    for count in range(len(scenario.settings), 0, -1):
        name = name.removesuffix(f"_{setting_suffix(scenario.settings[:count])}")
    return _UNTIL.sub("", name)


def refuse_namesakes(scenarios: Sequence[Scenario]) -> None:
    """Refuse scenarios of one name, and say whether they differ and in what.

    Raises
    ------
    ResultError
        With what to do.
    """
    for place, scenario in enumerate(scenarios):
        for other in scenarios[:place]:
            if other.name == scenario.name:
                raise ResultError(_namesakes(other, scenario))


def _namesakes(one: Scenario, other: Scenario) -> str:
    if one.fingerprint == other.fingerprint:
        return f"The scenario '{one.name}' is named twice; leave one of the two out."
    apart = ", ".join(_differences(one, other)) or "their alliance files"
    return (
        f"Two scenarios are named '{one.name}', but they differ in {apart}. Give one of them "
        "another name: by 'name' in its file, or by --name where it is run alone."
    )


def _differences(one: Scenario, other: Scenario) -> Iterator[str]:
    """Yield the keys at which two scenarios of one frame differ, as a scenario file has them."""
    if one.policy != other.policy:
        yield "policy"
    for key in sorted({*one.levers, *other.levers}, key=dotted_key):
        if list(map(_imposed, one.spans(key))) != list(map(_imposed, other.spans(key))):
            yield dotted_key(key).partition(".")[2]
    if [item.event for item in one.script] != [item.event for item in other.script]:
        yield "events"
    numbers = {**one.parameters, **other.parameters}
    yield from (key for key in numbers if one.parameters.get(key) != other.parameters.get(key))
    if (one.weighting, one.weights) != (other.weighting, other.weights):
        yield "cohesion"


def _imposed(span: DatedSpan) -> DatedSpan:
    """Return a span without what it rests on."""
    return span._replace(origin=DEFAULT_ORIGIN, source=None)
