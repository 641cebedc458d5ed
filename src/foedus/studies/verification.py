"""Verifying a stored result: checksums, digest, and a sample of worlds simulated again."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from foedus.defaults import REPLAYED
from foedus.ensembles import on_disk, store
from foedus.studies.results import Result, load_result
from foedus.studies.stored import stored_scenarios
from foedus.worlds.engines import Task, simulate
from foedus.worlds.sources import is_this_model

if TYPE_CHECKING:
    from foedus.ensembles.gathered import Worlds


# ---------------------------------------------------------------------------------------------
# Verifying


@dataclass(frozen=True)
class Verification:
    """Findings of a verification.

    Attributes
    ----------
    pieces, worlds
        Number of pieces (files with some worlds each) that are undamaged, and of worlds in them.
    replayed
        Number of worlds that were simulated again, one at a time with Mesa.
    problems
        A sentence for each problem; empty if there is none.
    """

    pieces: int
    worlds: int
    replayed: int
    problems: tuple[str, ...]


def verify(directory: str | Path, sample: int = REPLAYED) -> Verification:
    """Read a stored result, check every checksum and the digest, and simulate a sample again.

    The sample is simulated only if nothing else is wrong.

    Parameters
    ----------
    directory
        Directory of the result.
    sample
        Number of worlds of each scenario to simulate again, spread evenly over the runs.

    Raises
    ------
    ResultError
        If the directory holds no result.
    """
    directory = Path(directory)
    _, marker = stored_scenarios(directory)
    there, place = marker["inputs"], store.Pieces(directory)
    entries = place.entries()
    problems = [
        f"{directory / entry.file} {reason}."
        for entry in entries
        if (reason := place.damage(entry))
    ]
    if not is_this_model(there["source"]):
        problems.append("It was computed by another version of the model; replays may differ.")
    if marker["digest"] is None:
        problems.append(f"It is not finished: {place.progress()}")
    else:
        problems += on_disk.altered_files(directory, marker)
    replayed = 0
    if not problems:
        result = load_result(directory)
        for worlds in result.ensemble.parts:
            for number in sorted({int(place) for place in np.linspace(0, result.runs - 1, sample)}):
                replayed += 1
                problems += _deviations(result, worlds, number)
    whole = [entry for entry in entries if not place.damage(entry)]
    return Verification(len(whole), sum(entry.runs for entry in whole), replayed, tuple(problems))


def _deviations(result: Result, worlds: Worlds, number: int) -> list[str]:
    """Simulate a world again with Mesa; return a sentence for each array that differs."""
    design = result.ensemble.design
    task = Task(worlds.scenario, result.seed, design, number, 1, "mesa", keep=False)
    return [
        f"World {number} of {worlds.scenario.name} comes out otherwise in '{name}'."
        for name, again in simulate(task).table.items()
        if name in worlds.table
        and again[..., 0].tobytes() != worlds.table[name][..., number].tobytes()
    ]
