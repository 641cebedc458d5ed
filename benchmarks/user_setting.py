"""A scenario as the plain numbers that the Mesa user's model takes."""

from __future__ import annotations

from functools import cache
from types import SimpleNamespace
from typing import Any

from foedus.cases.alliance import GIVEN
from foedus.cases.scenario_reader import load_scenario
from foedus.model.specifications import specifications


@cache
def setting_of(scenario_name: str) -> Any:
    """Priors, members, attention, drivers by month and member, and weights of a scenario."""
    scenario = load_scenario(scenario_name)
    alliance = scenario.alliance
    members = {}
    for code in alliance.members:
        numbers: dict[str, Any] = {}
        for name in GIVEN:
            _, number = alliance.source(code, name)
            prior = number.prior
            numbers[name] = (number.value, prior.quantile if prior is not None else None)
        state = alliance.opening(code, alliance.default_values(code))
        for name in ("frozen", "frozen_months", "suspended"):
            numbers[name] = (getattr(state, name), None)
        members[code] = numbers
    months = [
        {
            code: scenario.schedule.drivers(alliance, place, month)
            for place, code in enumerate(alliance.members)
        }
        for month in range(scenario.horizon)
    ]
    attention = {
        code: dict(zip(alliance.members, row, strict=True))
        for code, row in zip(alliance.members, alliance.attention, strict=True)
    }
    return SimpleNamespace(
        priors={name: spec.prior.quantile for name, spec in specifications().items()},
        members=members,
        attention=attention,
        drivers=months,
        weights=tuple(scenario.weights),
    )
