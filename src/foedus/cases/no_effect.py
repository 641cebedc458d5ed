"""Finding settings of a scenario that have no effect, so that none silently equals another."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from foedus.cases.spans import dotted_key
from foedus.errors import InertScenarioError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from foedus.cases.scenario import Scenario
    from foedus.cases.spans import LeverKey, Origin

_SCALARS = ("policy", "start", "horizon", "cohesion")
_COLLECTED = ("levers", "events", "parameters")


def refuse_inert(scenario: Scenario, *, cut: bool = False) -> None:
    """Refuse a scenario whose resolved inputs equal those of the scenario that it extends.

    A scenario that extends none is compared with the bare alliance, in which nothing is set. One
    that sets nothing either is a control, and is not refused. Neither is one that extends another
    and does no more than give it another name.

    Parameters
    ----------
    cut
        Whether the user set the horizon. A shorter one can leave out all that the scenario does;
        the message then says so.

    Raises
    ------
    InertScenarioError
        The message names the lines without effect.
    """
    parent = scenario.parent
    if parent is None or _is_control(scenario) or not _same_inputs(scenario, parent):
        return
    if renaming(scenario):
        return
    within = f" within {scenario.horizon} months" if cut else ""
    against = f"'{parent.name}', which it extends" if parent.lineage else "the bare alliance"
    lines = [f"  {origin.exact}: {shown}" for shown, origin in inert_statements(scenario)]
    named = (
        "\n".join(["; these lines have no effect:", *lines])
        if lines
        else ("; it sets nothing else. Set a lever, an event or a parameter.")
    )
    message = f"The scenario '{scenario.name}' equals {against}{within}{named}"
    raise InertScenarioError(message)


def inert_statements(scenario: Scenario) -> Iterator[tuple[str, Origin]]:
    """Yield each setting of the scenario's own file that has no effect, with where it stands."""
    parent = scenario.parent
    if parent is not None:
        yield from _inert_levers(scenario, parent)
        yield from _inert_events(scenario, parent)
        yield from _inert_parameters(scenario, parent)
        yield from _inert_scalars(scenario, parent)


def renaming(scenario: Scenario) -> str | None:
    """Say that a scenario is another one under a name of its own, if its file sets nothing."""
    parent = scenario.parent
    if parent is None or not parent.lineage or scenario.name == parent.name:
        return None
    kept = all(getattr(scenario, each) == getattr(parent, each) for each in _COLLECTED)
    if not kept or any(scenario.origins.get(k) != parent.origins.get(k) for k in _SCALARS):
        return None
    return f"'{scenario.name}' sets nothing: it is '{parent.name}' under another name."


def _is_control(scenario: Scenario) -> bool:
    """Whether a scenario extends none and sets nothing, to show what the model does by itself."""
    extends = scenario.parent is not None and bool(scenario.parent.lineage)
    return not (extends or scenario.levers or scenario.events or scenario.parameters)


def _same_inputs(one: Scenario, other: Scenario) -> bool:
    return (one.horizon, one.fingerprint) == (other.horizon, other.fingerprint)


def _inert_levers(scenario: Scenario, parent: Scenario) -> Iterator[tuple[str, Origin]]:
    """Yield levers that could be left as in the parent without any change."""
    for key, spans in scenario.levers.items():
        inherited = parent.levers.get(key)
        if not spans or spans is inherited or _closes_a_dispute(scenario, key):
            continue
        levers = {other: value for other, value in scenario.levers.items() if other != key}
        if inherited is not None:
            levers[key] = inherited
        if _same_inputs(replace(scenario, levers=levers), scenario):
            kept = len(inherited or ()) if spans[: len(inherited or ())] == inherited else 0
            own = spans[kept:] or spans
            yield dotted_key(key), own[0].origin


def _closes_a_dispute(scenario: Scenario, key: LeverKey) -> bool:
    """Whether a lever is normalisation between two members that have a dispute.

    It tells how open the dispute is even where the scenario lets nobody fight: a record's
    likelihood takes that from its history.
    """
    return key[0] == "normalisation" and key[1] == scenario.alliance.rival(key[2])


def _inert_events(scenario: Scenario, parent: Scenario) -> Iterator[tuple[str, Origin]]:
    """Yield events, not inherited, that could be left out without any change."""
    for index in range(len(parent.events), len(scenario.events)):
        events = scenario.events[:index] + scenario.events[index + 1 :]
        if _same_inputs(replace(scenario, events=events), scenario):
            item = scenario.events[index]
            yield f"events: {item.event.event}", item.origin


def _inert_parameters(scenario: Scenario, parent: Scenario) -> Iterator[tuple[str, Origin]]:
    """Yield parameters that are set to the value which the parent sets already."""
    for key, value in scenario.parameters.items():
        origin = scenario.origins[f"parameters.{key}"]
        inherited = origin == parent.origins.get(f"parameters.{key}")
        if not inherited and parent.parameters.get(key) == value:
            yield f"parameters.{key}", origin


def _inert_scalars(scenario: Scenario, parent: Scenario) -> Iterator[tuple[str, Origin]]:
    """Yield single values, such as the policy, that could be left as in the parent."""
    if not parent.lineage:  # a first scenario may spell out the defaults
        return
    for name in _SCALARS:
        origin = scenario.origins.get(name)
        if origin is None or origin == parent.origins.get(name):
            continue
        fields = ("weighting", "weights") if name == "cohesion" else (name,)
        restored = replace(scenario, **{each: getattr(parent, each) for each in fields})
        if _same_inputs(restored, scenario):
            yield name, origin
