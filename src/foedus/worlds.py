"""A world's address to its parameters and opening states: what every engine starts from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from foedus import rules
from foedus.draws import OPENING, address, draw, seed_words
from foedus.parameters import Parameters, default_parameters, drawn_parameters

if TYPE_CHECKING:
    from foedus.rules import State
    from foedus.scenario import Scenario

DEFAULT_SEED = 1992  # the Collective Security Treaty was signed in that year


def opening_world(
    scenario: Scenario, seed: int, run: int, parameters: str | Parameters = "prior"
) -> tuple[Parameters, list[State]]:
    """Parameters and opening states of one world.

    Raises
    ------
    ValueError
        If ``parameters`` is a word other than ``prior`` and ``default``.
    """
    alliance = scenario.alliance
    low, high = seed_words(seed)
    if parameters == "prior":
        p = drawn_parameters(seed, run, scenario.parameter_values)
    elif parameters == "default":
        p = default_parameters(scenario.parameter_values)
    elif isinstance(parameters, Parameters):
        p = parameters
    else:
        message = f"parameters='{parameters}' is neither 'prior' nor 'default' nor Parameters."
        raise ValueError(message)
    opening = []
    for code in alliance.members:
        values = (
            alliance.drawn_values(code, seed, run)
            if parameters == "prior"
            else alliance.default_values(code)
        )
        luck = draw(low, high, run, OPENING, address(code))
        state = alliance.opening(code, values)
        opening.append(state._replace(disposition=rules.lasting_difference(p, luck)))
    return p, opening


def member_weights(scenario: Scenario, weighting: str) -> tuple[float, ...]:
    """Weight of each client in cohesion: each alike, or by capability."""
    alliance = scenario.alliance
    return alliance.capabilities if weighting == "capability" else (1.0,) * len(alliance.members)
