"""Log-likelihood of records given simulated worlds."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from foedus.cases.alliance import GIVEN
from foedus.cases.months import parse_month
from foedus.cases.record import Record, observed
from foedus.model.elementary import log
from foedus.model.quantities import OneOf, Prior
from foedus.model.records import Drivers
from foedus.model.specifications import specifications
from foedus.worlds.buffers import LANES
from foedus.worlds.engines import compiled_kernel, passed, states_of
from foedus.worlds.openings import PRIOR, FromTable, Opening, opening

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import numpy.typing as npt

    from foedus.cases.record import Observation
    from foedus.cases.scenario import Scenario
    from foedus.worlds.posterior import Numbers

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
    """Log-likelihood of one or more records of an alliance given simulated worlds.

    The last record is the main one, from which projections go on: calibration draws the opening
    numbers of its members. The parameters are the same in all records. Before an earlier record
    the members' opening numbers are drawn from their priors and belong to the world's luck, so that
    they add none to the numbers that calibration draws. The log-likelihood is the sum over the
    records.

    In its methods ``values`` holds the numbers of the worlds by name, shape (world,) each, and
    ``luck`` says which world's random draws each world has in each block: shape (block, world). A
    block is a year of a member in one of the records; the blocks of the main record stand last, and
    they alone decide its states, so that :meth:`ends` and :meth:`along` need no others.

    Parameters
    ----------
    records
        The record, fitted along with the earlier ones that it names; or several records in the
        order of time, fitted without those that they name themselves.
    seed
        Seed of the worlds' draws.
    workers
        Number of threads; results do not depend on it.
    prior_term
        Log-density that the numbers of the worlds have by evidence beside the records, such as the
        panel of other alliances: a function of their values by name, those that the history fixes
        among them. It is added to the log-likelihood.

    Attributes
    ----------
    record
        The main record.
    wanted
        The numbers that calibration draws.
    shapes
        Years (a begun one included) and members of each record.
    """

    def __init__(
        self,
        records: Record | Sequence[Record],
        seed: int,
        workers: int,
        prior_term: Callable[[dict[str, Floats]], Floats] | None = None,
    ) -> None:
        self._prior_term = prior_term
        several = (*records.earlier, records) if isinstance(records, Record) else tuple(records)
        self.record = several[-1]
        self.wanted = target(self.record.history)
        self._readings = [
            _Reading(record, seed_before(seed, len(several) - 1 - place))
            for place, record in enumerate(several)
        ]
        self.shapes = tuple(reading.shape for reading in self._readings)
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="foedus")

    @property
    def blocks(self) -> int:
        """Number of blocks of luck, of all records."""
        return sum(years * members for years, members in self.shapes)

    def close(self) -> None:
        """Shut the threads down."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def score(self, values: dict[str, Floats], luck: Integers) -> Floats:
        """Return the log-likelihood of the records given each world: shape (world,)."""
        total = np.zeros(luck.shape[1])
        for place, reading in enumerate(self._readings):
            total += np.concatenate(list(self._spread(place, reading.judged, values, luck)))
        if self._prior_term is None:
            return total
        fixed = self.record.history.parameters
        given = {name: np.full(total.size, value) for name, value in fixed.items()}
        return total + self._prior_term({**given, **values})

    def ends(self, values: dict[str, Floats], luck: Integers) -> Floats:
        """Return states at the end of the record: shape (field of State, member, world)."""
        last = len(self._readings) - 1
        return np.concatenate(
            list(self._spread(last, self._readings[last].ended, values, luck)), axis=-1
        )

    def along(self, values: dict[str, Floats], luck: Integers) -> Floats:
        """Return the true value, in each world, of each fitted item of the main record.

        The items are those of :attr:`Record.fitted`: shape (item, world).
        """
        last = len(self._readings) - 1
        return np.concatenate(
            list(self._spread(last, self._readings[last].seen, values, luck)), axis=-1
        )

    def _spread(
        self,
        place: int,
        work: Callable[[Opening, Integers], Floats],
        values: dict[str, Floats],
        luck: Integers,
    ) -> Iterator[Floats]:
        """Apply a method of a reading to all worlds, batch by batch, in the threads."""
        years, members = self.shapes[place]
        last = len(luck) - sum(np.prod(shape) for shape in self.shapes[place + 1 :])
        own = luck[last - years * members : last].reshape(years, members, -1)
        reading, worlds = self._readings[place], np.arange(luck.shape[1])
        is_main = place == len(self._readings) - 1
        design = FromTable(values) if is_main else Begun(values, luck=own[0])
        start = opening(
            design, reading.record.history, reading.seed, worlds, compiled_kernel(), own[0]
        )
        batches = [slice(at, at + LANES) for at in range(0, luck.shape[1], LANES)]
        return self._pool.map(
            lambda batch: work(
                Opening(start.parameters[:, batch], start.states[:, :, batch]), own[..., batch]
            ),
            batches,
        )


@dataclass(frozen=True, eq=False, kw_only=True)
class Begun(FromTable):
    """Parameters from a table, and opening numbers drawn from their priors by the worlds' luck.

    Attributes
    ----------
    luck
        Number of the world whose luck each member has in the first year: shape (member, draw).
    seed
        Seed of the draws from the priors; that of the worlds if None.
    """

    values: dict[str, Floats] = field(kw_only=False)
    luck: Integers
    seed: int | None = None

    def given(
        self, scenario: Scenario, seed: int, runs: Integers, member: str, name: str, loops: Any
    ) -> Numbers:
        """Draw an opening number of a member in some worlds."""
        own = self.luck[scenario.alliance.members.index(member)]
        drawn_with = seed if self.seed is None else self.seed
        return PRIOR.given(scenario, drawn_with, own[runs % own.size], member, name, loops)


def seed_before(seed: int, records: int) -> int:
    """Return the seed of the record that stands some records before the main one.

    Each record has its own, so that the same luck means other draws in each.
    """
    return (seed + (records << 48)) % 2**64


class _Reading:
    """A record made ready to be compared with simulated worlds.

    In its methods ``start`` and ``luck`` are as :func:`~foedus.worlds.engines.passed` takes them.
    """

    def __init__(self, record: Record, seed: int) -> None:
        self.record, self.seed = record, seed
        scenario = record.history
        self._members = scenario.alliance.members
        self.shape = (-(-scenario.horizon // 12), len(self._members))
        self._at: dict[int, list[Observation]] = {}
        for item in record.fitted:
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
        self._clashes = [self._clashes_of(one, other) for one, other in record.disputes]
        opening = np.zeros((len(self._members), 1))
        self._exposures = np.concatenate([opening, np.cumsum(threats, axis=0).T], axis=1)
        self._stops = sorted({*self._at, *self._crises, scenario.horizon})

    def _clashes_of(self, one: str, other: str) -> tuple[Floats, float]:
        """How open a dispute was in months of fighting, and in sum over all other months."""
        place = self._members.index(one)
        dispute = self._drivers[:, place, Drivers._fields.index("dispute")]
        fought = [
            parse_month(clash.date) - self.record.history.start
            for clash in self.record.clashes
            if {clash.member, clash.rival} == {one, other}
        ]
        return dispute[fought], float(dispute.sum() - dispute[fought].sum())

    def judged(self, start: Opening, luck: Integers) -> Floats:
        """Return the log-likelihood of the record: shape (world,)."""
        worlds, scenario, loops = luck.shape[-1], self.record.history, compiled_kernel()
        total, chances, offsets = np.zeros(worlds), np.zeros(LANES), Offsets()
        for month, bench in passed(scenario, self.seed, start, luck, self._stops):
            for place, support in self._crises.get(month, ()):
                row, states = self._drivers[month, place], bench.states[place]
                loops.judge_crisis(support, row, bench.parameters, states, chances)
            if month in self._at:
                states_then = states_of(bench, worlds)
                for item in self._at[month]:
                    true = observed(item.what, states_then)[self._members.index(item.member)]
                    if item.house > 0.0:
                        offsets.add(item, true)
                    else:
                        total += _agreement(item, true)
        for place, exposure in enumerate(self._exposures):
            loops.judge_quiet(exposure, bench.first_month[place], bench.states[place], chances)
        for fought, quiet in self._clashes:
            loops.judge_clashes(fought, quiet, bench.parameters, chances)
        total += offsets.agreement()
        return total + chances[:worlds]

    def seen(self, start: Opening, luck: Integers) -> Floats:
        """Return the true value of each fitted item: shape (item, world)."""
        worlds, items = luck.shape[-1], list(self.record.fitted)
        out = np.empty((len(items), worlds))
        for month, bench in passed(self.record.history, self.seed, start, luck, sorted(self._at)):
            states = states_of(bench, worlds)
            for item in self._at[month]:
                values = observed(item.what, states)[self._members.index(item.member)]
                out[items.index(item)] = values
        return out

    def ended(self, start: Opening, luck: Integers) -> Floats:
        """Return states at the end: shape (field of State, member, world)."""
        worlds, scenario = luck.shape[-1], self.record.history
        for _, bench in passed(scenario, self.seed, start, luck, [scenario.horizon]):
            states = np.array(states_of(bench, worlds))
        return states


class Offsets:
    """Log-likelihood of the surveys of instruments, whose constant offset is integrated out.

    The differences r between survey and true value of one instrument, over all months and members,
    are an offset with the standard deviation w, common to all, and an error with the standard
    deviation s of each. With p = 1 / s^2 their log-likelihood is, up to a constant,
    -1/2 (sum p r^2 - w^2 (sum p r)^2 / (1 + w^2 sum p)). The sums are taken while worlds are
    simulated.
    """

    def __init__(self) -> None:
        self._sums: dict[str | None, tuple[float, float, Any, Any]] = {}

    def add(self, item: Observation, seen: Any) -> None:
        """Take in an observation, given the true values in worlds."""
        precision = item.error**-2
        _, all_of_it, linear, square = self._sums.get(item.instrument, (0.0, 0.0, 0.0, 0.0))
        away = item.value - seen
        self._sums[item.instrument] = (
            item.house,
            all_of_it + precision,
            linear + precision * away,
            square + precision * away**2,
        )

    def agreement(self) -> Any:
        """Return the log-likelihood of all observations that were taken in."""
        total: Any = 0.0
        for house, precision, linear, square in self._sums.values():
            total = total - 0.5 * (square - linear**2 / (house**-2 + precision))
        return total


def _agreement(item: Observation, seen: Any) -> Any:
    """Log-likelihood of an observation, up to a constant, given the true values in worlds.

    An event differs from the true value with the chance ``error``; a share is normally distributed
    around it with the standard deviation ``error``.
    """
    if item.is_event:
        return np.where(seen == item.value, log(1.0 - item.error), log(item.error))
    return -0.5 * ((seen - item.value) / item.error) ** 2
