"""Asking for the story of one world, from scenarios or from a result."""

from __future__ import annotations

from typing import TYPE_CHECKING

from foedus.defaults import SEED
from foedus.errors import ResultError
from foedus.outcomes.story import Pair, Trace
from foedus.outcomes.telling import tell as traced
from foedus.studies.items import loaded_items, refuse_incomparable, scenarios_of
from foedus.worlds.openings import as_design

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from foedus.cases.horizons import Horizon
    from foedus.cases.overrides import Settings
    from foedus.cases.scenario import Scenario
    from foedus.studies.results import Result
    from foedus.worlds.openings import Numbered

    Item = str | Path | Scenario | Result
MOST_TRACED = 2  # scenarios side by side


def trace(
    *items: Item,
    run: int = 0,
    members: Sequence[str] = (),
    seed: int | None = None,
    parameters: Numbered = None,
    horizon: Horizon | None = None,
    settings: Settings = (),
    given: Sequence[str] = (),
) -> Trace | Pair:
    """Tell one world as a dated story, or the same world under two scenarios side by side.

    Parameters
    ----------
    *items
        One scenario or two: bare names, paths, loaded scenarios, results, or directories of
        earlier results.
    run
        Number of the world, counted from 0, as in every result of this seed and these parameters.
    members
        Codes of the members to tell of; all if omitted.
    seed, parameters, horizon, settings, given
        As for :func:`compare`.

    Returns
    -------
    Trace or Pair
        The story of one scenario, or of two side by side; ``print`` shows it as text.

    Raises
    ------
    ScenarioError, AllianceError, ResultError
        If a scenario cannot be loaded, there are not one or two of them, or they do not share
        seed and parameters. The message says what is wrong, where, and what to do.

    Examples
    --------
    >>> import foedus
    >>> foedus.trace("baseline", run=17).end.month
    '2030-12'
    """
    loaded, results = loaded_items(items, horizon, settings, given)
    refuse_incomparable(results, seed, parameters)
    scenarios = scenarios_of(loaded)
    if not 1 <= len(scenarios) <= MOST_TRACED:
        message = (
            f"{len(scenarios)} scenarios cannot be traced side by side; name one or two: "
            f"{', '.join(scenario.name for scenario in scenarios) or 'such as baseline'}."
        )
        raise ResultError(message)
    first = results[0] if results else None
    chosen = first.seed if first else SEED if seed is None else seed
    design = first.ensemble.design if first else as_design(parameters, scenarios)
    told = [traced(scenario, run, chosen, design) for scenario in scenarios]
    if members:
        told = [one.only(*members) for one in told]
    return Pair(*told) if len(told) > 1 else told[0]
