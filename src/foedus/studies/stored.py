"""What a result's directory holds beside its pieces: inputs, scenarios, parameters."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import yaml

from foedus.cases.frame import shared_frame
from foedus.cases.given import conditions
from foedus.cases.overrides import settings_of
from foedus.cases.scenario_reader import load_scenario
from foedus.ensembles import on_disk, store
from foedus.errors import ResultError
from foedus.model.parameters import Parameters
from foedus.worlds.files import replace_file
from foedus.worlds.openings import NAMED, POSTERIOR, Declared, Design, Sampled
from foedus.worlds.posterior import Posterior, load_posterior
from foedus.worlds.sources import is_this_model, source_hash

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from foedus.cases.scenario import Scenario


DESIGN = "design.npy"  # the numbers of a design that no word stands for
POSTERIOR_FILE = "posterior.npz"
FEWER = "it has more runs"
_OTHER_VERSION = (
    "The worlds in {directory} were kept by another version of foedus, which kept other things of "
    "each. They can be read, but not gone on with. Choose another --out."
)


def begin(
    directory: Path,
    wanted: dict[str, Any],
    scenarios: Sequence[Scenario],
    design: Design,
    *,
    overwrite: bool,
) -> str | None:
    """Make the directory of a result ready; return its digest if it is finished already.

    Raises
    ------
    ResultError
        If it holds something else, or more worlds than are wanted.
    """
    stored = None
    if directory.is_dir() and any(directory.iterdir()):
        on_disk.refuse_foreign(directory, overwrite=True)
        if not overwrite:
            stored = on_disk.read_marker(directory)
    if stored is None:
        on_disk.create(
            directory,
            marker_of(wanted),
            lambda place: write_inputs(place, scenarios, design),
            overwrite=overwrite,
        )
        return None
    there = stored["inputs"]
    if reason := difference(there, wanted):
        if stored["digest"] is None and not store.Pieces(directory).entries():
            return begin(directory, wanted, scenarios, design, overwrite=True)
        if reason is FEWER:
            message = (
                f"{directory} holds {there['runs']:,} runs already, more than {wanted['runs']:,}; "
                "they were left as they are. Name another --out for fewer."
            )
            raise ResultError(message)
        message = (
            f"{directory} holds other results: {reason}. Choose another --out, or replace them "
            "with --overwrite."
        )
        raise ResultError(message)
    if not store.Pieces(directory).is_of_this_version():
        raise ResultError(_OTHER_VERSION.format(directory=directory))
    if there["runs"] == wanted["runs"]:
        digest: str | None = stored["digest"]
        return digest
    with on_disk.held(directory):
        replace_file(
            directory / on_disk.MARKER,
            on_disk.as_text(marker_of(wanted)).encode(),
        )
    return None


def other_digest(directory: Path) -> str:
    """Say that the worlds of a result are not those that were written."""
    return (
        f"The worlds in {directory} are not those that were written (the digest differs). "
        "Run the scenario again into another directory."
    )


def difference(there: dict[str, Any], wanted: dict[str, Any]) -> str | None:
    """Say why stored pieces cannot be part of a wanted result, or return None."""
    words = {
        "scenarios": "the scenarios or what they are made of differ",
        "seed": f"its seed is {there.get('seed')}",
        "parameters": f"its parameters are '{there.get('parameters')}'",
        "design": "its parameters differ",
        "horizon": f"its horizon is {there.get('horizon')} months",
        "keep": f"it keeps {there.get('keep')}",
        "source": "it was computed by another version of the model",
    }
    for name, sentence in words.items():
        if there.get(name) != wanted[name] and not (
            name == "source" and is_this_model(str(there.get(name)))
        ):
            return sentence
    if [*there["scenarios"]] != [*wanted["scenarios"]]:
        return f"its scenarios stand in another order ({', '.join(there['scenarios'])})"
    if there["runs"] > wanted["runs"]:
        return FEWER
    return None


def marker_of(inputs: dict[str, Any]) -> dict[str, Any]:
    """Return the content of the marker of a result that is not finished yet."""
    return {
        "format": on_disk.FORMAT_VERSION,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "digest": None,
        "inputs": inputs,
        "versions": on_disk.versions(),
    }


def inputs(
    scenarios: Sequence[Scenario], runs: int, seed: int, design: Design, keep: str
) -> dict[str, Any]:
    """Return what decides a stored result."""
    told = {"given": conditions, "set": settings_of}
    by_hand = {
        key: {scenario.name: list(of(scenario)) for scenario in scenarios if of(scenario)}
        for key, of in told.items()
    }
    return {
        "scenarios": {scenario.name: scenario.fingerprint for scenario in scenarios},
        **{key: found for key, found in by_hand.items() if found},
        "horizon": shared_frame(scenarios).horizon,
        "runs": runs,
        "seed": str(seed),
        "parameters": design.name,
        "design": design.fingerprint,
        "keep": keep,
        "source": source_hash(),
    }


def write_inputs(place: Path, scenarios: Sequence[Scenario], design: Design) -> None:
    """Write the resolved scenarios and their alliance, so that they can be run from there."""
    directory = place / "scenarios"
    (directory / "alliances").mkdir(parents=True)
    for scenario in scenarios:
        alliance = scenario.alliance
        name = f"alliances/{alliance.name}.yaml"
        (directory / name).write_text(alliance.text, encoding="utf-8")
        content = {**scenario.resolved(), "alliance": name}
        text = yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=100)
        header = f"# Resolved by foedus from '{scenario.name}'; runs from {name} beside it.\n"
        (directory / f"{scenario.name}.yaml").write_text(header + text, encoding="utf-8")
    if isinstance(design, Declared) and design.parameters is not None:
        np.save(place / DESIGN, np.array(design.parameters))
    elif isinstance(design, Sampled):
        np.save(place / DESIGN, design.rows)
    elif isinstance(design, Posterior):
        design.save(place / POSTERIOR_FILE)


def stored_design(directory: Path, there: dict[str, Any]) -> Design:
    """Read the design of a stored result.

    Parameters
    ----------
    there
        The inputs that its marker names.

    Raises
    ------
    ResultError
        If the file of the design is missing or was altered.
    """
    if there["parameters"] in NAMED:
        return NAMED[there["parameters"]]
    name = POSTERIOR_FILE if there["parameters"] == POSTERIOR else DESIGN
    try:
        design = _read_design(directory / name, there["parameters"])
    except (OSError, EOFError, ValueError, TypeError, ResultError):
        design = Declared()
    if design.fingerprint != there["design"]:
        message = (
            f"{directory / name} is missing or was altered: the parameters of the worlds are "
            "lost. Run the scenario again into another directory."
        )
        raise ResultError(message)
    return design


def _read_design(path: Path, name: str) -> Design:
    if name == POSTERIOR:
        return load_posterior(path)
    numbers = np.load(path)
    if numbers.ndim == 1:
        return Declared(Parameters(*numbers.tolist()))
    return Sampled(numbers, name)


def stored_scenarios(directory: Path) -> tuple[tuple[Scenario, ...], dict[str, Any]]:
    """Read the scenarios of a stored result, complete or not, and its marker.

    Raises
    ------
    ResultError
        If the directory holds no result, or its scenarios were altered.
    """
    marker = on_disk.read_marker(directory)
    loaded = []
    for name, fingerprint in marker["inputs"]["scenarios"].items():
        path = directory / "scenarios" / f"{name}.yaml"
        scenario = load_scenario(path, allow_inert=True)
        if scenario.fingerprint != fingerprint:
            message = (
                f"{path} was altered, or this version of foedus reads it otherwise: the worlds "
                "there are of another scenario. Run it into another directory."
            )
            raise ResultError(message)
        settings = marker["inputs"].get("set", {}).get(name, ())
        loaded.append(replace(scenario, settings=tuple(settings)))
    return tuple(loaded), marker
