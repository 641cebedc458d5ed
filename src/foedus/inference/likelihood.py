"""Log-likelihood of a record given simulated worlds."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from foedus.cases.alliance import GIVEN
from foedus.cases.months import parse_month
from foedus.cases.record import observed
from foedus.model.elementary import log
from foedus.model.quantities import OneOf, Prior
from foedus.model.records import Drivers
from foedus.model.specifications import specifications
from foedus.worlds.buffers import LANES
from foedus.worlds.engines import compiled_kernel, passed, states_of
from foedus.worlds.openings import FromTable, Opening, opening

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import numpy.typing as npt

    from foedus.cases.record import Observation, Record
    from foedus.cases.scenario import Scenario

    Floats = npt.NDArray[np.float64]
    Integers = npt.NDArray[np.int64]

STRUCTURAL = "repair_anchor"  # name of the repair constant, which is not inferred


class Target(NamedTuple):
    """The numbers that calibration draws: parameters, and opening values of members.

    Attributes
    ----------
    names, priors
        Names and priors of the numbers, in the order in which a particle has them.
    structural
        Values of the repair constant; each is calibrated separately.
    """

    names: tuple[str, ...]
    priors: tuple[Prior, ...]
    structural: tuple[float, ...]


def target(scenario: Scenario) -> Target:
    """Return the numbers to draw: each that has a prior and is not fixed by the scenario.

    The repair constant is not among them; its values are returned apart.
    """
    found: dict[str, Prior] = {
        name: spec.prior
        for name, spec in specifications().items()
        if name not in scenario.parameters
    }
    for member in scenario.alliance.members:
        for name in GIVEN:
            number = scenario.alliance.numbers[f"{member}.{name}"]
            if number.prior is not None and not number.same_as:
                found[number.key] = number.prior
    law = found.pop(STRUCTURAL, None)
    values = law.values if isinstance(law, OneOf) else (scenario.parameters[STRUCTURAL],)
    return Target(tuple(found), tuple(found.values()), values)


def placed(wanted: Target, numbers: Floats, anchors: Floats) -> dict[str, Floats]:
    """Map numbers on (0, 1) to their priors' quantiles.

    Parameters
    ----------
    numbers
        Shape (number, world), each in (0, 1).
    anchors
        Values of the repair constant: shape (world,).

    Returns
    -------
    dict
        Values of every number and of the repair constant, by name: shape (world,) each.
    """
    values = {
        name: np.asarray(prior.quantile(row), dtype=float)
        for name, prior, row in zip(wanted.names, wanted.priors, numbers, strict=True)
    }
    return {**values, STRUCTURAL: anchors}


# ---------------------------------------------------------------------------------------------
# Likelihood


class Likelihood:
    """Log-likelihood of a record given simulated worlds.

    In its methods ``values`` holds the numbers of the worlds by name, shape (world,) each, and
    ``luck`` says which world's random draws each world has in each block: shape (block, world). A
    block is a year of a member.

    Parameters
    ----------
    seed
        Seed of the worlds' draws.
    workers
        Number of threads; results do not depend on it.

    Attributes
    ----------
    record
        The observations, and the history under which worlds are simulated.
    wanted
        The numbers that calibration draws.
    """

    def __init__(self, record: Record, seed: int, workers: int) -> None:
        self.record = record
        self.wanted = target(record.history)
        self._seed = seed
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="foedus")
        scenario = record.history
        self._members = scenario.alliance.members
        self._at: dict[int, list[Observation]] = {}
        for item in record.scored:
            self._at.setdefault(item.month - scenario.start + 1, []).append(item)
        self._crises: dict[int, list[tuple[int, float]]] = {}
        self._drivers = record.free_history.drivers  # (month, member, field)
        threats = self._drivers[:, :, Drivers._fields.index("threat")].copy()
        for crisis in record.crises:
            passed_before = parse_month(crisis.date) - scenario.start
            support = float(crisis.support or 0.0)
            place = self._members.index(crisis.member)
            self._crises.setdefault(passed_before, []).append((place, support))
            threats[passed_before, place] = 0.0
        opening = np.zeros((len(self._members), 1))
        self._exposures = np.concatenate([opening, np.cumsum(threats, axis=0).T], axis=1)
        self._stops = sorted({*self._at, *self._crises, scenario.horizon})

    @property
    def blocks(self) -> tuple[int, int]:
        """Number of years of the record, a begun one included, and of members."""
        return -(-self.record.history.horizon // 12), len(self._members)

    def close(self) -> None:
        """Shut the threads down."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def score(self, values: dict[str, Floats], luck: Integers) -> Floats:
        """Return the log-likelihood of the record given each world: shape (world,)."""
        return np.concatenate(list(self._spread(self._judged, values, luck)))

    def ends(self, values: dict[str, Floats], luck: Integers) -> Floats:
        """Return states at the end of the record: shape (field of State, member, world)."""
        return np.concatenate(list(self._spread(self._last, values, luck)), axis=-1)

    def along(self, values: dict[str, Floats], luck: Integers) -> Floats:
        """Return the true value, in each world, of each scored observation: shape (item, world)."""
        return np.concatenate(list(self._spread(self._seen, values, luck)), axis=-1)

    def _spread(
        self,
        work: Callable[[Opening, Integers], Floats],
        values: dict[str, Floats],
        luck: Integers,
    ) -> Iterator[Floats]:
        by_block = luck.reshape(*self.blocks, -1)
        worlds, design = np.arange(luck.shape[1]), FromTable(values)
        start = opening(
            design, self.record.history, self._seed, worlds, compiled_kernel(), by_block[0]
        )
        batches = [slice(at, at + LANES) for at in range(0, luck.shape[1], LANES)]
        return self._pool.map(
            lambda batch: work(
                Opening(start.parameters[:, batch], start.states[:, :, batch]), by_block[..., batch]
            ),
            batches,
        )

    def _judged(self, start: Opening, luck: Integers) -> Floats:
        worlds, scenario, loops = luck.shape[-1], self.record.history, compiled_kernel()
        total, chances = np.zeros(worlds), np.zeros(LANES)
        for month, bench in passed(scenario, self._seed, start, luck, self._stops):
            for place, support in self._crises.get(month, ()):
                row, states = self._drivers[month, place], bench.states[place]
                loops.judge_crisis(support, row, bench.parameters, states, chances)
            if month in self._at:
                seen = states_of(bench, worlds)
                for item in self._at[month]:
                    place = self._members.index(item.member)
                    total += _agreement(item, observed(item.what, seen)[place])
        for place, exposure in enumerate(self._exposures):
            loops.judge_quiet(exposure, bench.first_month[place], bench.states[place], chances)
        return total + chances[:worlds]

    def _seen(self, start: Opening, luck: Integers) -> Floats:
        worlds, items = luck.shape[-1], list(self.record.scored)
        out = np.empty((len(items), worlds))
        for month, bench in passed(self.record.history, self._seed, start, luck, sorted(self._at)):
            states = states_of(bench, worlds)
            for item in self._at[month]:
                values = observed(item.what, states)[self._members.index(item.member)]
                out[items.index(item)] = values
        return out

    def _last(self, start: Opening, luck: Integers) -> Floats:
        worlds, scenario = luck.shape[-1], self.record.history
        for _, bench in passed(scenario, self._seed, start, luck, [scenario.horizon]):
            states = np.array(states_of(bench, worlds))
        return states


def _agreement(item: Observation, seen: Any) -> Any:
    """Log-likelihood of an observation, up to a constant, given the true values in worlds.

    An event differs from the true value with the chance ``error``; a share is normally distributed
    around it with the standard deviation ``error``.
    """
    if item.is_event:
        return np.where(seen == item.value, log(1.0 - item.error), log(item.error))
    return -0.5 * ((seen - item.value) / item.error) ** 2
