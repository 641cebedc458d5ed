"""foedus: agent-based simulation of alliance cohesion, from scenario files, with evidence.

The public door: :func:`run`, :func:`load_scenario`, :func:`load_alliance`, :func:`load_result` and
the classes they return; :class:`AllianceModel` with its agents for stepping one world by hand.
Everything is imported when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from foedus.agents import AllianceModel, MemberState, OutsidePower, Patron
    from foedus.alliance import Alliance, load_alliance
    from foedus.designs import Sampled
    from foedus.ensemble import replay
    from foedus.errors import (
        AllianceError,
        FoedusError,
        InertScenarioError,
        ParameterError,
        ResultError,
        ScenarioError,
    )
    from foedus.explain import why
    from foedus.parameters import (
        Parameters,
        default_parameters,
        drawn_parameters,
        specification,
        specifications,
    )
    from foedus.results import Result, load_result, resume, run, verify
    from foedus.scenario import Scenario
    from foedus.scenario_format import json_schema
    from foedus.scenario_reader import load_scenario
    from foedus.shipped import shipped_alliances, shipped_scenarios

_HOMES = {
    "agents": ("AllianceModel", "MemberState", "OutsidePower", "Patron"),
    "alliance": ("Alliance", "load_alliance"),
    "comparison": ("Comparison", "compare", "trace"),
    "designs": ("Sampled",),
    "ensemble": ("replay",),
    "errors": (
        "AllianceError",
        "FoedusError",
        "InertScenarioError",
        "ParameterError",
        "ResultError",
        "ScenarioError",
    ),
    "explain": ("why",),
    "parameters": (
        "Parameters",
        "default_parameters",
        "drawn_parameters",
        "specification",
        "specifications",
    ),
    "results": ("Result", "load_result", "resume", "run", "verify"),
    "scenario": ("Scenario",),
    "scenario_reader": ("load_scenario",),
    "scenario_format": ("json_schema",),
    "shipped": ("shipped_alliances", "shipped_scenarios"),
    "sliders": ("widget",),
}
_MODULES = {name: module for module, names in _HOMES.items() for name in names}

__all__ = [
    "Alliance",
    "AllianceError",
    "AllianceModel",
    "Comparison",
    "FoedusError",
    "InertScenarioError",
    "MemberState",
    "OutsidePower",
    "ParameterError",
    "Parameters",
    "Patron",
    "Result",
    "ResultError",
    "Sampled",
    "Scenario",
    "ScenarioError",
    "compare",
    "default_parameters",
    "drawn_parameters",
    "json_schema",
    "load_alliance",
    "load_result",
    "load_scenario",
    "replay",
    "resume",
    "run",
    "shipped_alliances",
    "shipped_scenarios",
    "specification",
    "specifications",
    "trace",
    "verify",
    "why",
    "widget",
]


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        return version("foedus")
    if name not in _MODULES:
        message = f"module 'foedus' has no attribute '{name}'"
        raise AttributeError(message)
    return getattr(import_module(f"foedus.{_MODULES[name]}"), name)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
