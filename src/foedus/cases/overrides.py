"""Changes to a scenario from the command line, such as ``pressure.ARM=0.6``."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from foedus.cases.names import renamed, setting_suffix
from foedus.cases.scenario import Scenario, parameter_refusal
from foedus.cases.scenario_format import MAX_WEIGHT, WEIGHTINGS
from foedus.cases.spans import LeverKey, Origin, Span
from foedus.cases.validation import per_cent, written_as
from foedus.errors import Problem, ScenarioError, nearest
from foedus.model import cohesion
from foedus.model.levers import LEVERS, POLICIES, Lever
from foedus.model.specifications import specifications

if TYPE_CHECKING:
    from foedus.cases.alliance import Alliance

#: Settings whose value is a word: the field of the scenario and the legal words.
_WORDS = {"policy": ("policy", tuple(POLICIES)), "cohesion.members": ("weighting", WEIGHTINGS)}
_SETTING = re.compile(r"\s*([A-Za-z_][A-Za-z0-9_.-]*)\s*=\s*(\S.*?)\s*")


#: What can be set: ``pressure.ARM=0.6``, or several of these, or values by name.
Settings = str | Sequence[str] | Mapping[str, float | str]


def with_settings(scenario: Scenario, settings: Settings) -> Scenario:
    """Return a scenario with settings applied, and a name and title that say what was set.

    Raises
    ------
    ScenarioError
        With a sentence for every setting that cannot be applied or has no effect.
    """
    changed = apply_settings(scenario, settings)
    own = tuple(setting for setting in changed.settings if setting not in scenario.settings)
    if not own:
        return changed
    *most, last = own
    listed = f"{', '.join(most)} and {last}" if most else last
    return renamed(changed, setting_suffix(own), f", with {listed}")


def apply_settings(
    scenario: Scenario, settings: Settings, *, allow_inert: bool = False
) -> Scenario:
    """Return a scenario with settings applied, one after the other.

    Parameters
    ----------
    settings
        Texts such as ``pressure.ARM=0.6``, ``trust_loss=0.7`` or ``policy=adaptive``, or values by
        name. Of two for the same name the later counts.
    allow_inert
        Whether a setting may have no effect; if not, such a setting is an error.

    Raises
    ------
    ScenarioError
        With a sentence for every setting that cannot be applied.
    """
    problems: list[Problem] = []
    for setting in _texts(settings):
        try:
            changed = _apply_setting(scenario, setting)
        except ValueError as error:
            problems.append(Problem("--set", 0, setting, str(error)))
            continue
        if not allow_inert and changed.fingerprint == scenario.fingerprint:
            message = "This has no effect: the scenario has that value already."
            problems.append(Problem("--set", 0, setting, message))
        scenario = changed
    if problems:
        raise ScenarioError(problems)
    return scenario


def settings_of(scenario: Scenario) -> tuple[str, ...]:
    """Return what is set on the command line or in Python, and the numbers that the file fixes."""
    named = {setting.partition("=")[0] for setting in scenario.settings}
    numbers = scenario.parameters.items()
    fixed = (f"{key}={_canonical(repr(value))}" for key, value in numbers if key not in named)
    return (*scenario.settings, *fixed)


def _texts(settings: Settings) -> Sequence[str]:
    """Return settings as texts, one each."""
    if isinstance(settings, Mapping):
        return [f"{key}={value}" for key, value in settings.items()]
    return [settings] if isinstance(settings, str) else settings


def _apply_setting(scenario: Scenario, setting: str) -> Scenario:
    """Return a scenario with one setting applied; raise ValueError if that is not possible."""
    match = _SETTING.fullmatch(setting)
    if match is None:
        message = "Write NAME=VALUE, for example pressure.ARM=0.6 or trust_loss=0.7."
        raise ValueError(message)
    key, text = match.groups()
    changed = _changed(scenario, key, text, Origin(f"--set {setting}", 0))
    earlier = (one for one in scenario.settings if one.partition("=")[0] != key)
    return replace(changed, settings=(*earlier, f"{key}={_canonical(text)}"))


def _canonical(text: str) -> str:
    """Return a number in one form, so that .6 and 0.60 read alike; a word as it is."""
    try:
        value = float(text)
    except ValueError:
        return text
    return f"{value:g}" if float(f"{value:g}") == value else repr(value)


def _changed(scenario: Scenario, key: str, text: str, origin: Origin) -> Scenario:
    """Return a scenario with one thing set; raise ValueError if that is not possible."""
    if key in _WORDS:
        field, legal = _WORDS[key]
        if text not in legal:
            message = f"'{text}' is not one of its values{nearest(text, legal)}"
            raise ValueError(message)
        origins = {**scenario.origins, key.partition(".")[0]: origin}
        changes: dict[str, Any] = {field: text, "origins": origins}
        return replace(scenario, **changes)
    try:
        value = float(text)
    except ValueError:
        message = f"'{text}' is not a number{written_as(text)}."
        raise ValueError(message) from None
    name, *address = key.split(".")
    if name == "cohesion":
        return _weighted(scenario, ".".join(address), value, origin)
    lever = next((lever for lever in LEVERS if lever.name == name), None)
    if lever is None:
        return _fixed(scenario, key, value, origin)
    if reason := lever.refusal(value):
        raise ValueError(reason + per_cent(value, lever.high))
    span = Span(None, None, value, 0, None, origin)
    keys = _setting_keys(lever, address, scenario.alliance)
    return replace(scenario, levers={**scenario.levers, **dict.fromkeys(keys, (span,))})


def _fixed(scenario: Scenario, key: str, value: float, origin: Origin) -> Scenario:
    """Return the scenario with a parameter or a number of the alliance fixed in every world."""
    name = key.split(".", maxsplit=1)[0]
    known = (*specifications(), *scenario.alliance.names, "rules", "calendar")
    if name not in known:
        legal = (*(lever.name for lever in LEVERS), *specifications(), "policy", "cohesion")
        message = f"There is nothing named '{name}' to set{nearest(name, legal)}"
        raise ValueError(message)
    if reason := parameter_refusal(key, value, scenario.alliance):
        raise ValueError(reason)
    numbers = {key: value} if key in scenario.alliance.numbers else {}
    return replace(
        scenario,
        alliance=scenario.alliance.with_values(numbers),
        parameters={**scenario.parameters, key: value},
        origins={**scenario.origins, f"parameters.{key}": origin},
    )


def _weighted(scenario: Scenario, component: str, value: float, origin: Origin) -> Scenario:
    """Return the scenario with another weight of a component in the cohesion index."""
    legal = cohesion.Cohesion._fields
    if component not in legal:
        message = f"'{component}' is no component of cohesion{nearest(component, legal)}"
        raise ValueError(message)
    if not 0.0 <= value <= MAX_WEIGHT:
        message = f"A weight goes from 0 to {MAX_WEIGHT:g}, not {value:g}."
        raise ValueError(message)
    weights = scenario.weights._replace(**{component: value})
    if sum(weights) <= 0.0:
        message = "At least one component of cohesion needs a weight above 0."
        raise ValueError(message)
    origins = {**scenario.origins, "cohesion": origin}
    return replace(scenario, weights=weights, origins=origins)


def _setting_keys(lever: Lever, address: list[str], alliance: Alliance) -> list[LeverKey]:
    """Return the keys of a lever that a setting addresses; ``all`` stands for every client.

    ``address`` is what follows the lever's name: nothing, the member, or power and member.
    """
    wanted = {"patron": 0, "member": 1, "partner": 2, "adversary": 2}[lever.scope]
    form = ".".join([lever.name, *(["POWER"] if wanted == 2 else []), *(["MEMBER"] * (wanted > 0))])
    if len(address) != wanted:
        message = f"Write {form}=VALUE; MEMBER may be 'all'."
        raise ValueError(message)
    if wanted == 0:
        return [(lever.name, None, alliance.patron)]
    member = address[-1]
    if member != "all" and member not in alliance.members:
        message = f"{member} is no client of this alliance{nearest(member, alliance.members)}"
        raise ValueError(message)
    members = alliance.members if member == "all" else (member,)
    if wanted == 1:
        return [(lever.name, None, one) for one in members]
    codes = alliance.powers_with(lever.scope)
    if address[0] not in codes:
        message = f"{address[0]} is no {lever.scope} of this alliance{nearest(address[0], codes)}"
        raise ValueError(message)
    return [(lever.name, address[0], one) for one in members]
