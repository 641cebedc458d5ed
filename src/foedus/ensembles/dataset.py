"""An ensemble as labelled arrays (xarray)."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np

from foedus.cases.frame import shared_frame
from foedus.errors import ResultError
from foedus.model.chronicle import event_notes
from foedus.model.cohesion import END_STATES
from foedus.model.records import STANDINGS
from foedus.worlds.kept import BINS, LABELS, MONTHLY, PATHS, SHARE_UNIT, TABLE, Kept, unit
from foedus.worlds.populations import populations_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt
    import xarray as xr

    from foedus.cases.scenario import Scenario
    from foedus.ensembles.gathered import Worlds
    from foedus.worlds.kept import Arrays, Piece
    from foedus.worlds.kernel import Monthly
    from foedus.worlds.openings import Design


def outcome_dataset(
    parts: Sequence[Worlds], tables: Arrays, design: Design, seed: int
) -> xr.Dataset:
    """Return table and monthly statistics of some scenarios' worlds, labelled.

    Parameters
    ----------
    parts
        The worlds of each scenario.
    tables
        The tables of all scenarios: arrays by name, the scenario as their first dimension.
    design, seed
        Where the worlds' numbers came from, for the attributes.

    Returns
    -------
    xarray.Dataset
        Dimensions scenario, month, member and run (run last), and those of
        :data:`~foedus.worlds.kept.LABELS`.
    """
    import xarray as xr

    scenarios, (first, *_) = [part.scenario for part in parts], parts
    variables: dict[str, Any] = {}
    for name, kept in TABLE.items():
        if name in tables:
            variables[name] = _variable(kept, tables[name])
    for name, kept in MONTHLY.items():
        if "power" not in kept.dims and kept.dtype != np.int64:
            sums = np.stack([getattr(part.monthly, name) for part in parts])
            variables[f"monthly_{name}"] = _variable(kept, sums)
    variables |= _statistics([part.monthly for part in parts], parts[0].labels["field"])
    for name, names in (("end_state", END_STATES), ("standing", STANDINGS)):
        flags = {"flag_values": list(range(len(names))), "flag_meanings": _flags(names)}
        variables[name][2].update(flags)
    labels = {name: list(values) for name, values in first.labels.items() if name != "power"}
    data = xr.Dataset(
        variables,
        coords={
            **_coordinates(scenarios),
            **labels,
            "run": np.arange(first.runs),
            "bin": (np.arange(BINS) + 0.5) / BINS,
            "number": np.arange(len(first.scenario.alliance.members) + 1),
        },
        attrs=_attributes(scenarios, design, seed),
    )
    data["event"].attrs["long_name"] = "; ".join(
        f"{name}: {note.meaning}" for name, note in event_notes().items()
    )
    data["bin"].attrs = {"long_name": "middle of the histogram's bin", "units": "1"}
    return data


def path_dataset(parts: Sequence[Worlds], design: Design, seed: int) -> xr.Dataset:
    """Return whole worlds month by month, labelled: scenario, month, member and run (run last).

    Raises
    ------
    ResultError
        If whole worlds were not kept.
    """
    import xarray as xr

    for part in parts:
        if sum(piece.runs for piece in part.paths) < part.runs:
            message = (
                "Whole worlds were not kept; run with --keep trajectories "
                "(keep='trajectories' in Python), or replay single worlds."
            )
            raise ResultError(message)
    scenarios = [part.scenario for part in parts]
    variables = {
        name: _variable(kept, _joined([part.paths for part in parts], name))
        for name, kept in PATHS.items()
        if all(name in (piece.paths or {}) for part in parts for piece in part.paths)
    }
    coords = {**_coordinates(scenarios), "run": np.arange(next(iter(parts)).runs)}
    coords |= {name: list(LABELS[name]) for name in ("weighting", "component")}
    return xr.Dataset(variables, coords, _attributes(scenarios, design, seed))


def _variable(kept: Kept, values: npt.NDArray[Any]) -> tuple[Any, ...]:
    """Return dimensions, values and attributes of a variable, as xarray takes them."""
    units = "1" if kept.unit in ("0 or 1", "code", "share", "log-odds") else kept.unit
    return ("scenario", *kept.dims), values, {"long_name": kept.meaning, "units": units}


def _joined(parts: Sequence[Sequence[Piece]], name: str) -> Any:
    """Put one array of the whole worlds of each scenario together: the scenario first, run last.

    With Dask installed, arrays on disk are read only when they are used; else they are read now.
    """
    rows: list[list[Any]] = [
        [(piece.paths or {})[name] for piece in sorted(pieces, key=lambda piece: piece.first)]
        for pieces in parts
    ]
    if all(isinstance(one, np.ndarray) for row in rows for one in row) or not find_spec("dask"):
        return np.stack([np.concatenate([one[...] for one in row], axis=-1) for row in rows])
    from dask import array

    lazy = [[array.from_array(one, chunks=one.shape) for one in row] for row in rows]
    return array.stack([array.concatenate(row, axis=-1) for row in lazy])


def _statistics(parts: Sequence[Monthly], fields: Sequence[str]) -> dict[str, Any]:
    """Return means and standard deviations from the sums; NaN where no world counts.

    Parameters
    ----------
    fields
        Names of the fields that are summed, which an earlier version may have kept fewer of.
    """
    inside = [part.standing[..., : STANDINGS.index("withdrawn")].sum(-1) for part in parts]
    field_units = [np.array([unit(name, power) for name in fields]) for power in (1, 2)]
    means, deviations, signals, cohesion, cohesion_sd, components = [], [], [], [], [], []
    with np.errstate(divide="ignore", invalid="ignore"):
        for part, members in zip(parts, inside, strict=True):
            mean, square = (
                sums / units[:, None, None] / members
                for sums, units in zip(part.sums, field_units, strict=True)
            )
            means.append(mean)
            deviations.append(np.sqrt(np.maximum(0.0, square - mean * mean)))
            signals.append(part.signals / SHARE_UNIT / members)
            worlds = part.cohesion.sum(axis=-1)  # by weighting and month
            mean, square = part.cohesion_sums / SHARE_UNIT / worlds
            cohesion.append(mean)
            cohesion_sd.append(np.sqrt(np.maximum(0.0, square - mean * mean)))
            components.append(part.component_sums / SHARE_UNIT / worlds[:, None])
    by_field, alliance = ("field", "month", "member"), ("weighting", "month")
    among = "over the worlds in which it is a member"

    def made(dims: tuple[str, ...], arrays: list[Any], meaning: str, units: str = "1") -> Any:
        return _variable(Kept(dims, float, meaning, units), np.stack(arrays))

    return {
        "monthly_mean": made(by_field, means, f"mean of a field of the state {among}", "various"),
        "monthly_sd": made(by_field, deviations, f"standard deviation {among}", "various"),
        "monthly_signal": made(("signal", "month", "member"), signals, f"mean of a signal {among}"),
        "monthly_cohesion_mean": made(alliance, cohesion, "mean cohesion index"),
        "monthly_cohesion_sd": made(
            alliance, cohesion_sd, "standard deviation of the cohesion index"
        ),
        "monthly_component_mean": made(
            ("weighting", "component", "month"), components, "mean component of cohesion"
        ),
    }


def _flags(names: Sequence[str]) -> str:
    """Return names as the CF conventions write ``flag_meanings``: words apart, without commas."""
    return " ".join(name.replace(", ", "_and_") for name in names)


def _coordinates(scenarios: Sequence[Scenario]) -> dict[str, Any]:
    frame = shared_frame(scenarios)
    return {
        "scenario": [scenario.name for scenario in scenarios],
        "month": np.array(frame.months, dtype="datetime64[ns]"),
        "member": list(frame.alliance.members),
    }


def _attributes(scenarios: Sequence[Scenario], design: Design, seed: int) -> dict[str, Any]:
    alliance = shared_frame(scenarios).alliance
    return {
        "Conventions": "CF-1.11",
        "title": "foedus ensemble: " + ", ".join(scenario.name for scenario in scenarios),
        "alliance": alliance.name,
        "alliance_title": alliance.title,
        "member_names": [alliance.names[code] for code in alliance.members],
        "scenario_titles": [scenario.title for scenario in scenarios],
        "headline_weighting": [scenario.weighting for scenario in scenarios],
        "seed": str(seed),
        "parameter_draw": design.name,
        **populations_of(design).attributes(),
    }
