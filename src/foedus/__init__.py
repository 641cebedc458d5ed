"""foedus: agent-based simulation of alliance cohesion, from scenario files, with evidence.

The public door: :func:`run`, :func:`compare`, :func:`sweep`, :func:`load_scenario`,
:func:`load_result` and the classes they return; :class:`AllianceModel` with its agents for stepping
one world by hand; the record and its calibration. Figures are functions of Axes in
``foedus.views.plots`` and ``foedus.views.comparison_plots``. Everything is imported when it is
first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from foedus.cases.alliance import Alliance
    from foedus.cases.alliance_reader import load_alliance
    from foedus.cases.record import Record, load_record
    from foedus.cases.scenario import Scenario
    from foedus.cases.scenario_format import json_schema
    from foedus.cases.scenario_reader import load_scenario
    from foedus.cases.shipped import shipped_alliances, shipped_scenarios
    from foedus.ensembles.ensemble import replay
    from foedus.errors import (
        AllianceError,
        FoedusError,
        InertScenarioError,
        ParameterError,
        RecordError,
        ResultError,
        ScenarioError,
    )
    from foedus.inference.calibration import calibrate
    from foedus.inference.checks import checks
    from foedus.model.parameters import Parameters
    from foedus.model.specifications import (
        default_parameters,
        drawn_parameters,
        specification,
        specifications,
    )
    from foedus.outcomes.incidence import incidence
    from foedus.outcomes.worth import shipped_hindcast
    from foedus.page.widget import widget
    from foedus.studies.beside import Beside, beside
    from foedus.studies.carrying import Carried, carriers
    from foedus.studies.comparison import Comparison, compare
    from foedus.studies.results import Result, load_result
    from foedus.studies.running import resume, run
    from foedus.studies.sweeping import Sweep, sweep
    from foedus.studies.tracing import trace
    from foedus.studies.verification import verify
    from foedus.views.explain import why
    from foedus.worlds.agents import AllianceModel, MemberState, OutsidePower, Patron
    from foedus.worlds.openings import FromTable, Sampled
    from foedus.worlds.posterior import Posterior, load_posterior, shipped_posterior

_HOMES = {
    "cases.alliance": ("Alliance",),
    "cases.alliance_reader": ("load_alliance",),
    "cases.record": ("Record", "load_record"),
    "cases.scenario": ("Scenario",),
    "cases.scenario_format": ("json_schema",),
    "cases.scenario_reader": ("load_scenario",),
    "cases.shipped": ("shipped_alliances", "shipped_scenarios"),
    "ensembles.ensemble": ("replay",),
    "errors": (
        "AllianceError",
        "FoedusError",
        "InertScenarioError",
        "ParameterError",
        "RecordError",
        "ResultError",
        "ScenarioError",
    ),
    "inference.calibration": ("calibrate",),
    "inference.checks": ("checks",),
    "model.parameters": ("Parameters",),
    "model.specifications": (
        "default_parameters",
        "drawn_parameters",
        "specification",
        "specifications",
    ),
    "outcomes.incidence": ("incidence",),
    "outcomes.worth": ("shipped_hindcast",),
    "page.widget": ("widget",),
    "studies.beside": ("Beside", "beside"),
    "studies.carrying": ("Carried", "carriers"),
    "studies.comparison": ("Comparison", "compare"),
    "studies.results": ("Result", "load_result"),
    "studies.running": ("resume", "run"),
    "studies.sweeping": ("Sweep", "sweep"),
    "studies.tracing": ("trace",),
    "studies.verification": ("verify",),
    "views.explain": ("why",),
    "worlds.agents": ("AllianceModel", "MemberState", "OutsidePower", "Patron"),
    "worlds.openings": ("FromTable", "Sampled"),
    "worlds.posterior": ("Posterior", "load_posterior", "shipped_posterior"),
}
_MODULES = {name: module for module, names in _HOMES.items() for name in names}

__all__ = [
    "Alliance",
    "AllianceError",
    "AllianceModel",
    "Beside",
    "Carried",
    "Comparison",
    "FoedusError",
    "FromTable",
    "InertScenarioError",
    "MemberState",
    "OutsidePower",
    "ParameterError",
    "Parameters",
    "Patron",
    "Posterior",
    "Record",
    "RecordError",
    "Result",
    "ResultError",
    "Sampled",
    "Scenario",
    "ScenarioError",
    "Sweep",
    "beside",
    "calibrate",
    "carriers",
    "checks",
    "compare",
    "default_parameters",
    "drawn_parameters",
    "incidence",
    "json_schema",
    "load_alliance",
    "load_posterior",
    "load_record",
    "load_result",
    "load_scenario",
    "replay",
    "resume",
    "run",
    "shipped_alliances",
    "shipped_hindcast",
    "shipped_posterior",
    "shipped_scenarios",
    "specification",
    "specifications",
    "sweep",
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
