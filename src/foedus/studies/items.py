"""What can be compared: scenarios by name, by file or loaded, and results.

An item is a scenario, given by its name, its file or loaded; or a result, given by its directory or
loaded.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from foedus.cases.horizons import with_horizon
from foedus.cases.names import own_name
from foedus.cases.scenario import Scenario
from foedus.cases.scenario_reader import load_scenario
from foedus.cases.shipped import shipped_scenarios
from foedus.errors import ResultError, nearest
from foedus.studies.results import Result, load_result
from foedus.worlds.openings import as_design

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from foedus.cases.horizons import Horizon
    from foedus.cases.overrides import Settings
    from foedus.worlds.openings import Numbered

    Item = str | Path | Scenario | Result


def loaded_items(
    items: Sequence[Item],
    horizon: Horizon | None,
    settings: Settings,
    given: Sequence[str] = (),
    *,
    allow_inert: bool = False,
) -> tuple[list[Scenario | Result], list[Result]]:
    """Load all items.

    Parameters
    ----------
    horizon, settings, given, allow_inert
        As for :func:`foedus.load_scenario`; for the items that are loaded as scenarios.

    Returns
    -------
    tuple of list
        All items, and the results among them.

    Raises
    ------
    ResultError
        If settings or conditions come together with a result, which they cannot change.
    """
    loaded: list[Scenario | Result] = []
    for item in items:
        if isinstance(item, Scenario):
            loaded.append(as_loaded(item, horizon, settings, given))
        elif isinstance(item, Result):
            loaded.append(item)
        else:
            loaded.append(
                load_item(
                    item, horizon=horizon, settings=settings, given=given, allow_inert=allow_inert
                )
            )
    results = [item for item in loaded if isinstance(item, Result)]
    if results and (settings or given):
        raise ResultError(_unchangeable(_called(results[0])))
    return loaded, results


def as_loaded(
    scenario: Scenario, horizon: Horizon | None, settings: Settings, given: Sequence[str]
) -> Scenario:
    """Return a scenario that was loaded already, with another horizon if one is asked for.

    Raises
    ------
    ResultError
        If something is to be set or given, which would have to be done when it is loaded.
    """
    if settings or given:
        message = (
            "Settings and conditions apply to scenarios given by name; load this one with them."
        )
        raise ResultError(message)
    return scenario if horizon is None else with_horizon(scenario, horizon)


def load_item(
    item: str | Path,
    *,
    horizon: Horizon | None = None,
    settings: Settings = (),
    given: Sequence[str] = (),
    allow_inert: bool = False,
) -> Scenario | Result:
    """Load an item: a scenario by its name or path, or a result by its directory.

    A name of a shipped scenario is a scenario even if there is a directory of that name.
    """
    if str(item) not in shipped_scenarios() and Path(item).is_dir():
        if settings or given:
            raise ResultError(_unchangeable(str(item)))
        result = load_result(item)
        if horizon is not None:
            _refuse_other_horizon(result, str(item), horizon)
        return result
    return load_scenario(
        item, horizon=horizon, settings=settings, given=given, allow_inert=allow_inert
    )


def scenarios_of(items: Sequence[Scenario | Result]) -> list[Scenario]:
    """Return the scenarios of all items in order.

    Where results are involved, a scenario that occurs again with the same name and fingerprint is
    left out. Different scenarios of the same name are kept here and refused when they are run.
    """
    found: list[Scenario] = []
    for item in items:
        for scenario in item.scenarios if isinstance(item, Result) else (item,):
            known = [(one.name, one.fingerprint) for one in found]
            is_stored = isinstance(item, Result) or any(isinstance(one, Result) for one in items)
            if not is_stored or (scenario.name, scenario.fingerprint) not in known:
                found.append(scenario)
    return found


def ordered(scenarios: Sequence[Scenario], baseline: str | None) -> list[Scenario]:
    """Return the scenarios with the baseline first.

    Parameters
    ----------
    baseline
        Name of the baseline, or the path of its file; None leaves the order as it is.

    Raises
    ------
    ResultError
        If it is not among the scenarios.
    """
    if baseline is None:
        return list(scenarios)
    names = [scenario.name for scenario in scenarios]
    name = baseline if baseline in names else Path(baseline).stem
    if name not in names:  # one that is changed by hand goes by its own name too
        name = next((one.name for one in scenarios if own_name(one) == name), name)
    if name not in names:
        message = f"The baseline '{baseline}' is not among the scenarios{nearest(name, names)}"
        raise ResultError(message)
    return sorted(scenarios, key=lambda scenario: scenario.name != name)


def refuse_incomparable(given: Sequence[Result], seed: int | None, parameters: Numbered) -> None:
    """Check that results can be compared with each other and with what is asked for.

    Worlds can be compared one by one only if they have the same random draws and numbers.

    Parameters
    ----------
    given
        The results.
    seed, parameters
        What is asked for; None if nothing is.

    Raises
    ------
    ResultError
        If seeds or parameters differ.
    """
    if not given:
        return
    first = given[0]
    for other in given[1:]:
        for what, one, two in (
            ("seeds", first.seed, other.seed),
            ("parameters", *_told_apart(first, other)),
        ):
            if one != two:
                message = (
                    f"The results of '{_called(first)}' and '{_called(other)}' "
                    f"cannot be compared: their {what} differ ({one} and {two}), so that their "
                    "worlds do not share their luck. Name the scenarios instead of one of them."
                )
                raise ResultError(message)
    if seed not in (None, first.seed):
        message = (
            f"The result of '{_called(first)}' has seed {first.seed}; leave --seed out, "
            "or name the scenarios instead."
        )
        raise ResultError(message)
    if parameters is not None:
        design = as_design(parameters, first.scenarios)
        if design.fingerprint != first.ensemble.design.fingerprint:
            message = (
                f"The result of '{_called(first)}' has other parameters than those asked "
                "for; leave --parameters out, or name the scenarios instead."
            )
            raise ResultError(message)


def refuse_options(results: Sequence[Result], options: Mapping[str, object]) -> None:
    """Refuse options that decide a simulation where nothing but results is given.

    Parameters
    ----------
    options
        As for :func:`foedus.run`; those that do not decide a result are let through.

    Raises
    ------
    ResultError
        If one of them is given.
    """
    told = [name for name in ("runs", "seed", "parameters") if options.get(name) is not None]
    if results and told:
        message = (
            f"The result of '{_called(results[0])}' is there already, so that "
            f"{' and '.join(f'--{name}' for name in told)} cannot change it; leave that out, or "
            "name the scenario instead."
        )
        raise ResultError(message)


def _called(result: Result) -> str:
    """Name a result by its first scenario."""
    return next(iter(result.scenarios)).name


def _refuse_other_horizon(result: Result, called: str, horizon: Horizon) -> None:
    """Refuse another horizon than a result has, which would be left out of account."""
    frame = result.frame
    if with_horizon(next(iter(result.scenarios)), horizon).horizon != frame.horizon:
        message = (
            f"The result '{called}' goes to {frame.months[-1]}, whatever --horizon says; leave "
            "that out, or name the scenarios instead of results."
        )
        raise ResultError(message)


def _unchangeable(result: str) -> str:
    """Return the refusal of settings and conditions that come together with a result."""
    return (
        f"The result '{result}' cannot be changed by --set or --given; leave these out, or name "
        "the scenarios instead of results."
    )


def _told_apart(first: Result, other: Result) -> tuple[str, str]:
    """Return names of two results' designs, with part of the fingerprints where these differ."""
    one, two = first.ensemble.design, other.ensemble.design
    if one.fingerprint == two.fingerprint:
        return one.name, one.name
    return f"{one.name} {one.fingerprint[:8]}", f"{two.name} {two.fingerprint[:8]}"
