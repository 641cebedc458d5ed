"""Sliders for the levers of a scenario, and the scenario that moved sliders make."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import yaml

from foedus.cases.overrides import apply_settings
from foedus.cases.scenario_format import FORMAT_VERSION, TITLE_LENGTH
from foedus.cases.scenario_reader import load_scenario
from foedus.cases.shipped import shipped_scenarios
from foedus.model.levers import LEVERS, Lever

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from foedus.cases.scenario import Scenario


MOVED = ", levers moved"  # end of the title of a scenario whose sliders were moved
STEPS = 100  # from the lower bound of a slider to the upper


@dataclass(frozen=True)
class Slider:
    """A slider for one lever towards one member.

    Attributes
    ----------
    key
        As in ``--set``: ``pressure.ARM``, ``outreach.EU.ARM``, ``bandwidth``.
    label
        The lever, and the power if it is that of an outside power, in words.
    low, high
        Bounds.
    value
        The lever's value in the last month of the scenario.
    meaning
        What the lever is.
    """

    key: str
    label: str
    low: float
    high: float
    value: float
    meaning: str

    @property
    def step(self) -> float:
        """The smallest move."""
        return (self.high - self.low) / STEPS

    @property
    def nearest(self) -> float:
        """Its value, rounded to the nearest step."""
        return self.at(self.value)

    def at(self, value: float) -> float:
        """Return a value, cut to the bounds and rounded to the nearest step."""
        steps = round((min(max(value, self.low), self.high) - self.low) / self.step)
        return round(self.low + steps * self.step, 6)


def sliders(scenario: Scenario, member: str) -> tuple[Slider, ...]:
    """Return a slider for every lever that bears on a member, those of the patron included.

    Parameters
    ----------
    member
        Code of a client.
    """
    return tuple(slider for lever in LEVERS for slider in _sliders(scenario, lever, member))


def _sliders(scenario: Scenario, lever: Lever, member: str) -> Iterator[Slider]:
    alliance = scenario.alliance
    powers: dict[str, tuple[str | None, ...]] = {
        "patron": (None,),
        "member": (None,),
        "partner": alliance.powers_with("partner"),
        "adversary": tuple(
            code
            for code in alliance.powers_with("adversary")
            if code not in alliance.members or alliance.rival(member) == code
        ),
    }
    for power in powers[lever.scope]:
        whom = alliance.patron if lever.scope == "patron" else member
        path = (lever.name, power, None if lever.scope == "patron" else member)
        label = lever.name.replace("_", " ")
        yield Slider(
            ".".join(part for part in path if part),
            f"{label}, {alliance.names[power]}" if power else label,
            lever.low,
            lever.high,
            _value(scenario, lever, power, whom),
            lever.meaning,
        )


def _value(scenario: Scenario, lever: Lever, power: str | None, whom: str) -> float:
    """Return the value of a lever in the last month."""
    for span in reversed(scenario.spans((lever.name, power, whom))):
        if span.first <= scenario.end <= span.last:
            return span.value
    if lever.default is not None:
        return lever.default
    return scenario.alliance.value(f"{whom}.{lever.name}")


def moved(scenario: Scenario, values: Mapping[str, float], name: str = "moved") -> Scenario:
    """Return a scenario with some levers set for all months.

    Parameters
    ----------
    values
        Value of each moved lever, by key of its slider.
    name
        Name of the new scenario.

    Raises
    ------
    ScenarioError
        If a value is out of bounds, or there is no such lever.
    """
    settings = [f"{key}={value!r}" for key, value in values.items()]
    changed = apply_settings(scenario, settings, allow_inert=True)
    title = scenario.title[: TITLE_LENGTH - len(MOVED)] + MOVED if values else scenario.title
    return replace(changed, name=name, title=title, parent=None)


def scenario_text(scenario: Scenario, values: Mapping[str, float], name: str) -> str:
    """Return the text of a scenario file in which some levers are moved.

    The file extends the scenario if that is shipped and a lever is moved. Else it holds the whole
    scenario and extends nothing.

    Parameters
    ----------
    values
        Value of each moved lever, by key of its slider.
    name
        Name of the new scenario.

    Raises
    ------
    ScenarioError
        If a value is out of bounds, or there is no such lever.
    """
    changed = moved(scenario, values, name)
    if values and _is_shipped(scenario):
        content = {
            "foedus": FORMAT_VERSION,
            "name": name,
            "title": changed.title,
            "extends": scenario.name,
            "levers": _lever_tree(values),
        }
    else:
        content = changed.resolved()
    return yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=100)


def _is_shipped(scenario: Scenario) -> bool:
    """Whether a scenario imposes the same as the shipped scenario of its name."""
    if scenario.name not in shipped_scenarios():
        return False
    return load_scenario(scenario.name).fingerprint == scenario.fingerprint


def _lever_tree(values: Mapping[str, float]) -> dict[str, Any]:
    """Return levers as a scenario file nests them, each in force in all months."""
    levers: dict[str, Any] = {}
    for key, value in values.items():
        *path, last = key.split(".")
        place = levers
        for part in path:
            place = place.setdefault(part, {})
        place[last] = [{"value": float(value)}]
    return levers
