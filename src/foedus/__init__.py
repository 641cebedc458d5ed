"""foedus: agent-based simulation of alliance cohesion, from scenario files, with evidence.

The public door: :func:`run`, :func:`load_scenario`, :func:`load_alliance`, :func:`load_result` and
the classes they return; :class:`AllianceModel` with its agents for stepping one world by hand.
Everything is imported when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from foedus.cases.alliance import Alliance, load_alliance
    from foedus.cases.format import json_schema
    from foedus.cases.reader import load_scenario
    from foedus.cases.scenario import Scenario
    from foedus.cases.shipped import shipped_alliances, shipped_scenarios
    from foedus.ensembles.ensemble import replay
    from foedus.errors import (
        AllianceError,
        FoedusError,
        InertScenarioError,
        ParameterError,
        ResultError,
        ScenarioError,
    )
    from foedus.model.parameters import (
        Parameters,
        default_parameters,
        drawn_parameters,
        specification,
        specifications,
    )
    from foedus.studies.results import Result, load_result
    from foedus.studies.running import resume, run
    from foedus.studies.verification import verify
    from foedus.views.explain import why
    from foedus.worlds.agents import AllianceModel, MemberState, OutsidePower, Patron
    from foedus.worlds.openings import Sampled

_HOMES = {
    "worlds.agents": ("AllianceModel", "MemberState", "OutsidePower", "Patron"),
    "cases.alliance": ("Alliance", "load_alliance"),
    "studies.comparison": ("Comparison", "compare", "trace"),
    "worlds.openings": ("Sampled",),
    "ensembles.ensemble": ("replay",),
    "errors": (
        "AllianceError",
        "FoedusError",
        "InertScenarioError",
        "ParameterError",
        "ResultError",
        "ScenarioError",
    ),
    "views.explain": ("why",),
    "model.parameters": (
        "Parameters",
        "default_parameters",
        "drawn_parameters",
        "specification",
        "specifications",
    ),
    "studies.results": ("Result", "load_result", "resume", "run", "verify"),
    "cases.scenario": ("Scenario",),
    "cases.reader": ("load_scenario",),
    "cases.format": ("json_schema",),
    "cases.shipped": ("shipped_alliances", "shipped_scenarios"),
    "page.widget": ("widget",),
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
