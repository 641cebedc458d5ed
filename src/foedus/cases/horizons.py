"""How far a scenario is simulated: ``24`` months, or up to a month, ``2027-12``."""

from __future__ import annotations

import re
from dataclasses import replace
from operator import index
from pathlib import Path
from typing import TYPE_CHECKING

from foedus.cases.months import format_month, parse_month
from foedus.cases.names import renamed
from foedus.cases.scenario_format import MAX_HORIZON
from foedus.cases.shipped import is_path, shipped_scenarios
from foedus.cases.spans import Origin
from foedus.errors import Problem, ScenarioError

if TYPE_CHECKING:
    from foedus.cases.scenario import Scenario

#: A number of months, or the last month as ``YYYY-MM``.
Horizon = int | str

OPTION = "--horizon"
MARK = "@"  # between a scenario and a horizon that goes with its name, as in baseline@24
_COUNT = re.compile(r"[-+]?[0-9]+")


def with_horizon(scenario: Scenario, horizon: Horizon, origin: str = OPTION) -> Scenario:
    """Return a scenario, and the one that it extends, with another horizon.

    Raises
    ------
    ScenarioError
        If that is no horizon, or one out of bounds.
    """
    try:
        months = _months(horizon, scenario.start)
    except ValueError as error:
        raise ScenarioError([Problem(origin, 0, "", str(error))]) from None

    def cut(one: Scenario, parent: Scenario | None) -> Scenario:
        origins = {**one.origins, "horizon": Origin(origin, 0)}
        return replace(one, horizon=months, origins=origins, parent=parent)

    parent = scenario.parent
    return cut(scenario, cut(parent, parent.parent) if parent else None)


def until(scenario: Scenario, horizon: Horizon, origin: str) -> Scenario:
    """Return a scenario with another horizon, and a name and title that say its last month."""
    cut = with_horizon(scenario, horizon, origin)
    if cut.horizon == scenario.horizon:
        return scenario
    last = format_month(cut.end)
    return renamed(cut, f"to_{last.replace('-', '_')}", f", to {last}")


def parted(reference: str) -> tuple[str, str | None]:
    """Part ``baseline@24`` into scenario and horizon; the latter is None if none is named."""
    name, mark, horizon = reference.rpartition(MARK)
    is_scenario = name in shipped_scenarios() or name.endswith((".yaml", ".yml"))
    if not mark or not is_scenario or (is_path(reference) and Path(reference).exists()):
        return reference, None
    return name, horizon


def _months(horizon: Horizon, start: int) -> int:
    """Return a horizon as a number of months; raise ValueError if it is none."""
    text = str(horizon).strip()
    if isinstance(horizon, str) and not _COUNT.fullmatch(text):
        try:
            months = parse_month(text) - start + 1
        except ValueError:
            message = (
                f"'{text}' is no horizon; write a number of months, such as 24, or the last month "
                "as YYYY-MM, such as 2027-12."
            )
            raise ValueError(message) from None
        if months < 1:
            message = f"{text} lies before the scenario, which begins in {format_month(start)}."
            raise ValueError(message)
    else:
        try:
            months = int(text) if isinstance(horizon, str) else index(horizon)
        except TypeError:
            message = (
                f"A horizon is a whole number of months, or the last month as 'YYYY-MM', not "
                f"{horizon!r}."
            )
            raise ValueError(message) from None
    if not 1 <= months <= MAX_HORIZON:
        message = f"A horizon goes from 1 to {MAX_HORIZON} months, not {months}."
        raise ValueError(message)
    return months
