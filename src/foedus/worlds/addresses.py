"""A world's address to its parameters and opening states: what every engine starts from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from foedus.model.parameters import Parameters
from foedus.model.rules import State
from foedus.worlds.openings import Numbered, as_design, opening

if TYPE_CHECKING:
    from foedus.cases.scenario import Scenario

DEFAULT_SEED = 1992  # the Collective Security Treaty was signed in that year


def opening_world(
    scenario: Scenario, seed: int, run: int, parameters: Numbered = None
) -> tuple[Parameters, list[State]]:
    """Parameters and opening states of one world.

    Raises
    ------
    ResultError
        If ``parameters`` stands for no design, or for one that cannot open the scenario.
    """
    start = opening(as_design(parameters, [scenario]), scenario, seed, np.array([run]))
    members = start.states[..., 0].T.tolist()
    return Parameters(*start.parameters[:, 0].tolist()), [State(*values) for values in members]


def member_weights(scenario: Scenario, weighting: str) -> tuple[float, ...]:
    """Weight of each client in cohesion: each alike, or by capability."""
    alliance = scenario.alliance
    return alliance.capabilities if weighting == "capability" else (1.0,) * len(alliance.members)
