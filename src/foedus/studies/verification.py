"""Verifying a stored result: every checksum, the digest, and a sample of worlds again."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from foedus.defaults import REPLAYED
from foedus.ensembles import store
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
    """What re-reading and replaying a stored result has shown.

    Attributes
    ----------
    pieces, worlds
        Pieces that are whole on disk, and worlds in them.
    replayed
        Worlds that were simulated again, one at a time with Mesa.
    problems
        A sentence for each thing that is wrong; none if the result is what it says.
    """

    pieces: int
    worlds: int
    replayed: int
    problems: tuple[str, ...]


def verify(directory: str | Path, sample: int = REPLAYED) -> Verification:
    """Read a stored result again, check every checksum and the digest, and replay a sample.

    Parameters
    ----------
    sample
        Worlds of each scenario to replay, spread evenly over the runs.

    Raises
    ------
    ResultError
        If the directory holds no result.
    """
    directory = Path(directory)
    _, marker = stored_scenarios(directory)
    there, place = marker["inputs"], store.Directory(directory)
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
        problems += store.altered_files(directory, marker)
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
    """Simulate one world again with Mesa; say in which arrays it differs from the stored one."""
    design = result.ensemble.design
    task = Task(worlds.scenario, result.seed, design, number, 1, "mesa", keep=False)
    return [
        f"World {number} of {worlds.scenario.name} comes out otherwise in '{name}'."
        for name, again in simulate(task).table.items()
        if again[..., 0].tobytes() != worlds.table[name][..., number].tobytes()
    ]
