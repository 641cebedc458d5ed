"""Whether the calibrated alliance can stay at rest, beside what history allows.

Worlds are simulated under a posterior from three openings: the end of its record, the loyal
alliance with which the record begins, and the record itself with fresh luck. What happens in them
is counted month by month, every freeze and return and not only the first, and put beside limits
that were set before the model was changed to meet them, and beside a small panel of alliances led
by a patron (NATO, SEATO, ANZUS, CST/CSTO).
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from foedus.cases.overrides import apply_settings
from foedus.cases.scenario import bare_scenario
from foedus.cases.scenario_reader import load_scenario
from foedus.defaults import SEED
from foedus.inference.likelihood import Begun, seed_before
from foedus.model.cohesion import DISSOLVED, RESTORED, end_state
from foedus.model.records import EXPELLED, IN, NOTICE, WITHDRAWN, Drivers, State
from foedus.outcomes.estimates import mean, probability, ratio, standard_error
from foedus.outcomes.rates import binomial_interval, poisson_interval
from foedus.worlds.buffers import LANES
from foedus.worlds.engines import compiled_kernel, passed, states_of
from foedus.worlds.openings import FromTable, Opening, opening

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    import numpy.typing as npt

    from foedus.cases.record import Record
    from foedus.cases.scenario import Scenario
    from foedus.worlds.openings import Design
    from foedus.worlds.populations import Populations
    from foedus.worlds.posterior import Posterior

    Floats = npt.NDArray[np.float64]

WORLDS = 18_000  # of each kind; a multiple of the posterior's draws, so that each counts alike
YEAR = 12
NULL_YEARS, LOYAL_YEARS, CALM_YEARS = 30, 18, 16  # the five clients have 80 member-years in 16
LOYAL_BANDWIDTH = 0.8
#: Ages of a freeze: bounds of each class in months, from the first to before the second.
AGES: dict[str, tuple[float, float]] = {
    "0 to 2 years": (0.0, 24.0),
    "2 to 6 years": (24.0, 72.0),
    "over 6 years": (72.0, np.inf),
}
#: Returns and frozen years in the panel, by the age of the freeze (France and NATO 1966-2009,
#: Greece 1974-80, Spain 1982-96; SEATO: France, Pakistan; ANZUS: New Zealand; CSTO: Uzbekistan,
#: Armenia). Dates by ATOP 4.01 (Leeds, Ritter, Mitchell and Long 2002, International Interactions
#: 28:237-260) and public pages.
RETURNS: dict[str, tuple[int, float]] = {
    "0 to 2 years": (0, 13.8),
    "2 to 6 years": (0, 21.5),
    "over 6 years": (3, 86.0),
}
#: Decisions to leave that fell in a month with another member's, and all decisions, in the panel:
#: Azerbaijan, Georgia and Uzbekistan in April 1999; Pakistan in November 1972, Uzbekistan in 2012.
JOINT = (3, 5)
FREEZES_ALLOWED = (0.0016, 0.02)  # a member-year, by the panel with an effect of the alliance


# ---------------------------------------------------------------------------------------------
# Counting


class Counts(NamedTuple):
    """What happened in some worlds, counted over their months.

    The first fields have the shape (member, world), the next (age of the freeze, member, world),
    the last (world,).
    """

    freezes: Floats
    missed: Floats  # summits
    refused: Floats  # documents of summits
    exits: Floats  # decisions to leave, and expulsions
    active_months: Floats  # as a member that is not frozen, at the beginning of the month
    frozen_months: Floats  # as a member that is frozen, by the age of the freeze
    thaws: Floats
    decisions: Floats  # to leave: the first of notice and withdrawal without notice
    joint: Floats  # those in a month with another member's
    months_with_one: Floats  # months with a decision to leave
    months_with_more: Floats  # months with two or more
    end_state: Floats  # at the end, as its place in END_STATES


def counted(scenario: Scenario, months: Iterable[Any]) -> Counts:
    """Count what happened in some worlds.

    Parameters
    ----------
    scenario
        What was imposed on them; it says in which months there is a summit.
    months
        The states (:class:`~foedus.model.records.State`) at the opening and at the end of each
        month, two or more, as arrays (member, world).
    """
    summit = scenario.drivers[:, :, Drivers._fields.index("summit")]
    sums: dict[str, Any] = dict.fromkeys(Counts._fields[:-1], 0.0)
    last: Any = None
    for month, (before, after) in enumerate(pairwise(months)):
        for name, number in _of_month(before, after, summit[month]).items():
            sums[name] = sums[name] + number
        last = after
    return Counts(**sums, end_state=_ends(last))


def _of_month(before: Any, after: Any, summit: Floats) -> dict[str, Any]:
    """Return what a month adds to each of the counts.

    Parameters
    ----------
    summit
        Whether there is a summit, for each member.
    """
    was, stays = before.membership < WITHDRAWN, after.membership < WITHDRAWN
    frozen = was & (before.frozen > 0.0)
    age = np.stack(
        [
            (before.frozen_months >= low) & (before.frozen_months < high)
            for low, high in AGES.values()
        ]
    )
    meets = stays & (summit > 0.0)[:, None]
    leaves = (before.membership == IN) & (after.membership >= NOTICE)
    leaves &= after.membership <= WITHDRAWN
    number = leaves.sum(axis=0)
    return {
        "freezes": was & ~frozen & (after.frozen > 0.0),
        "missed": meets & (after.attended == 0.0),
        "refused": meets & (after.consented == 0.0),
        "exits": leaves | (was & (after.membership == EXPELLED)),
        "active_months": was & ~frozen,
        "frozen_months": age & frozen,
        "thaws": age & frozen & (after.frozen == 0.0),
        "decisions": number,
        "joint": np.where(number > 1, number, 0),
        "months_with_one": number > 0,
        "months_with_more": number > 1,
    }


def _ends(states: Any) -> Floats:
    """Return the end state of each world, as its place in END_STATES."""
    member = states.membership < WITHDRAWN
    taking_part = (member & (states.frozen == 0.0) & (states.attended > 0.0)).sum(axis=0)
    pairs = zip(taking_part.tolist(), member.sum(axis=0).tolist(), strict=True)
    return np.array([float(end_state(taking, here, len(member))) for taking, here in pairs])


def simulated(
    scenario: Scenario, design: Design, worlds: int, seed: int = SEED, workers: int = 1
) -> Counts:
    """Simulate worlds of a scenario and count what happens in them.

    Parameters
    ----------
    design
        Where their parameters and opening numbers come from.
    """

    def batch(first: int) -> Counts:
        runs = np.arange(first, min(first + LANES, worlds))
        return counted(scenario, lived(scenario, design, runs, seed))

    with ThreadPoolExecutor(workers) as pool:
        parts = list(pool.map(batch, range(0, worlds, LANES)))
    return Counts(*(np.concatenate(column, axis=-1) for column in zip(*parts, strict=True)))


def lived(
    scenario: Scenario, design: Design, runs: npt.NDArray[np.int64], seed: int
) -> Iterator[State]:
    """Yield the states of some worlds at the opening and at the end of each month."""
    start = opening(design, scenario, seed, runs, compiled_kernel())
    years, members = -(-scenario.horizon // YEAR), len(scenario.alliance.members)
    luck = np.broadcast_to(runs, (years, members, runs.size))
    for _, bench in passed(scenario, seed, Opening(*start), luck, range(scenario.horizon + 1)):
        fields: Any = map(np.array, states_of(bench, runs.size))  # copies: the buffers change
        yield State(*fields)


# ---------------------------------------------------------------------------------------------
# Where worlds begin


def loyal(record: Record, years: int = LOYAL_YEARS) -> Scenario:
    """Return the opening of a record with a patron that can spare much, and no other lever.

    Nothing of what came is in it: crises come at the members' own rates.
    """
    history = record.history
    bare = bare_scenario(history.alliance, history.alliance_reference, history.start)
    calm = apply_settings(bare, [f"bandwidth={LOYAL_BANDWIDTH}"], allow_inert=True)
    return replace(calm, name="loyal", horizon=YEAR * years)


def reopened(posterior: Posterior) -> FromTable:
    """Return the posterior's parameters and its opening numbers at the start of the record.

    Worlds begin there anew, with fresh luck.
    """
    return FromTable(posterior.values, name="posterior, at the start of the record")


def _begun(posterior: Posterior, record: Record, place: int) -> Design:
    """Return the posterior's parameters and opening numbers before an earlier record.

    Those opening numbers belong to the luck of the posterior's draws, whose first blocks are those
    of the earlier records; the luck of all that follows is fresh.

    Parameters
    ----------
    place
        That of the record among the earlier ones, of the same record.
    """
    shapes = [
        (-(-one.history.horizon // YEAR), len(one.history.alliance.members))
        for one in record.earlier
    ]
    first = sum(years * members for years, members in shapes[:place])
    own = posterior.luck[first : first + shapes[place][1]]
    seed = seed_before(posterior.about["seed"], len(shapes) - place)
    return Begun(posterior.values, luck=own, seed=seed)


# ---------------------------------------------------------------------------------------------
# Findings


@dataclass(frozen=True)
class Finding:
    """A number that the model implies, beside what it is held against.

    Attributes
    ----------
    group, what
        What was simulated, and what was counted in it.
    value, low, high, error
        The number, its Monte Carlo 95 % interval and standard error.
    worlds
        How many were simulated.
    least, most
        What it is held against; None for no bound.
    against
        Where these come from.
    """

    group: str
    what: str
    value: float
    low: float
    high: float
    error: float
    worlds: int
    least: float | None
    most: float | None
    against: str

    @property
    def holds(self) -> bool | None:
        """Whether the number lies within what it is held against; None if against nothing."""
        if np.isnan(self.value) or (self.least is None and self.most is None):
            return None
        least = -np.inf if self.least is None else self.least
        return bool(least <= self.value <= (np.inf if self.most is None else self.most))

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain data; a number that does not exist is None."""
        content = asdict(self) | {"holds": self.holds}
        return {
            key: None if isinstance(value, float) and np.isnan(value) else value
            for key, value in content.items()
        }


@dataclass(frozen=True)
class _Reporter:
    """Makes the findings of one group of worlds."""

    group: str
    known: Populations
    worlds: int
    against: str = "limit set beforehand"

    def __call__(
        self,
        what: str,
        values: npt.NDArray[Any],
        least: float | None = None,
        most: float | None = None,
        against: str | None = None,
    ) -> Finding:
        """Return the mean of a value a world, or the chance of what is so or not, as a finding."""
        is_chance = values.dtype == bool
        found = probability(values, self.known) if is_chance else mean(values, self.known)
        numbers = values.astype(float)
        missing = bool(np.isnan(numbers).any())
        error = float("nan") if missing else standard_error(numbers, self.known)[0]
        source = (against or self.against) if (least, most) != (None, None) else ""
        return Finding(
            self.group,
            what,
            found.value,
            found.low,
            found.high,
            error,
            self.worlds,
            least,
            most,
            source,
        )


def rest(
    record: Record,
    posterior: Posterior,
    *,
    worlds: int = WORLDS,
    seed: int = SEED,
    workers: int = 1,
    member: str = "ARM",
    progress: Callable[[int, int], None] | None = None,
) -> list[Finding]:
    """Simulate the alliance at rest, and put what happens beside what history allows.

    Parameters
    ----------
    record
        The record that the posterior was calibrated on.
    posterior
        Numbers, and worlds at the end of the record.
    worlds
        Worlds of each of the four kinds.
    seed
        Seed of every draw, other than that of the calibration.
    workers
        Threads.
    member
        The member in a rift, which some findings leave out.
    progress
        Called with the number of kinds that are done, and of all.
    """
    members = record.history.alliance.members
    others = [place for place, code in enumerate(members) if code != member]
    again = reopened(posterior)
    parts: tuple[tuple[Scenario, Design, Callable[[Counts, Populations], list[Finding]]], ...] = (
        (
            replace(load_scenario("null"), horizon=YEAR * NULL_YEARS),
            posterior,
            lambda counts, known: [*_at_rest(counts, known), *_returns(counts, known)],
        ),
        (loyal(record), again, _loyal),
        (loyal(record, CALM_YEARS), again, _loyal_years),
        *(
            (one.history, _begun(posterior, record, place), _calm)
            for place, one in enumerate(record.earlier)
        ),
        (record.history, again, lambda counts, known: _backcast(counts, known, others)),
        (
            load_scenario("baseline"),
            posterior,
            lambda counts, known: _projected(counts, known, others),
        ),
    )
    found: list[Finding] = []
    for done, (scenario, design, report) in enumerate(parts):
        counts = simulated(scenario, design, worlds, seed, workers)
        found += report(counts, posterior.populations)
        if progress is not None:
            progress(done + 1, len(parts))
    return found


def _at_rest(counts: Counts, known: Populations) -> list[Finding]:
    report = _Reporter(f"no lever, {NULL_YEARS} years", known, counts.end_state.size)
    return [
        report("dissolved", counts.end_state == DISSOLVED, most=0.10),
        report("everybody takes part", counts.end_state == RESTORED),
    ]


def _loyal(counts: Counts, known: Populations) -> list[Finding]:
    report = _Reporter(f"loyal opening, {LOYAL_YEARS} years", known, counts.end_state.size)
    return [
        report("dissolved", counts.end_state == DISSOLVED, most=0.03),
        report("everybody takes part", counts.end_state == RESTORED, least=0.30),
    ]


def _loyal_years(counts: Counts, known: Populations) -> list[Finding]:
    years = CALM_YEARS * len(counts.freezes)
    report = _Reporter(f"loyal opening, {years} member-years", known, counts.end_state.size)
    return [
        report("freezes", counts.freezes.sum(axis=0)),
        report("missed summits", counts.missed.sum(axis=0)),
        report("exits", counts.exits.sum(axis=0)),
    ]


def _calm(counts: Counts, known: Populations) -> list[Finding]:
    report = _Reporter("the calm record again, fresh luck", known, counts.end_state.size)
    return [
        report("freezes", counts.freezes.sum(axis=0), most=0.5),
        report("missed summits", counts.missed.sum(axis=0), most=4.0),
        report("exits", counts.exits.sum(axis=0), most=0.3),
    ]


def _backcast(counts: Counts, known: Populations, others: Sequence[int]) -> list[Finding]:
    group = "the record again, fresh luck: the other clients"
    report = _Reporter(group, known, counts.end_state.size)
    return [
        report("refused documents", counts.refused[others].sum(axis=0), most=2.0),
        report("missed summits", counts.missed[others].sum(axis=0), most=1.5),
        report("freezes", counts.freezes[others].sum(axis=0), most=0.3),
    ]


def _projected(counts: Counts, known: Populations, others: Sequence[int]) -> list[Finding]:
    report = _Reporter("baseline to the horizon: the other clients", known, counts.end_state.size)
    freezes = counts.freezes[others].sum(axis=0)
    years = counts.active_months[others].sum(axis=0) / YEAR
    least, most = FREEZES_ALLOWED
    return [
        report("freezes an active member-year", ratio(freezes, years), least, most, "panel"),
    ]


def _returns(counts: Counts, known: Populations) -> list[Finding]:
    report = _Reporter(f"no lever, {NULL_YEARS} years: all clients", known, counts.end_state.size)
    found = []
    for place, (age, (events, years)) in enumerate(RETURNS.items()):
        low, high = poisson_interval(events)
        exposure = counts.frozen_months[place].sum(axis=0) / YEAR
        thaws = counts.thaws[place].sum(axis=0)
        found += [
            report(
                f"returns a frozen year, freeze aged {age}",
                ratio(thaws, exposure),
                low / years,
                high / years,
                f"panel: {events} in {years:g} years, exact 95 %",
            ),
            report(f"frozen years a world, freeze aged {age}", exposure),
        ]
    some, all_ = JOINT
    low, high = binomial_interval(some, all_)
    against = f"panel: {some} of {all_}, exact 95 %"
    share = ratio(counts.joint, counts.decisions)
    more = ratio(counts.months_with_more, counts.months_with_one)
    return [
        *found,
        report("decisions to leave that are joint, share", share, low, high, against),
        report("decisions to leave, a world", counts.decisions),
        report("months with two or more such decisions, a world", counts.months_with_more),
        report("months with two or more, share of those with any", more),
    ]
