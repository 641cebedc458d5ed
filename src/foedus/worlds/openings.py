"""Where worlds begin: the designs that parameters and opening numbers come from.

A design gives the parameters and opening numbers of any worlds, by their run numbers. What it gives
for one world does not depend on which others are asked for. The function
:func:`~foedus.model.specifications.drawn_parameters` draws the same parameters for a single world.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol
from zlib import crc32

import numpy as np

from foedus.cases.alliance import GIVEN
from foedus.cases.frame import shared_frame
from foedus.defaults import ALLIANCE
from foedus.errors import ResultError, nearest
from foedus.model.draws import address, seed_words
from foedus.model.parameters import Parameters
from foedus.model.quantities import OneOf, Prior
from foedus.model.records import State
from foedus.model.specifications import specification
from foedus.worlds import kernel
from foedus.worlds.posterior import Posterior, checksum, load_posterior, shipped_posterior

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from foedus.cases.scenario import Scenario
    from foedus.worlds.posterior import Floats, Integers, Numbers


class Opening(NamedTuple):
    """What some worlds start from: parameters, and states of the members."""

    parameters: Floats  # (parameter, run)
    states: Floats  # (field of State, member, run)


class Design(Protocol):
    """What an ensemble asks of a design.

    In the methods, ``runs`` are the numbers of the worlds that are asked for, and ``loops`` are the
    kernel's functions, plain or compiled, which draw random numbers.
    """

    @property
    def name(self) -> str:
        """Word for it in tables and files."""

    @property
    def fingerprint(self) -> str:
        """Text that differs between designs whose numbers differ."""

    @property
    def sets(self) -> int | None:
        """How many sets of numbers there are; world i has the set i mod ``sets``.

        None if every world has its own.
        """

    def parameter(
        self, scenario: Scenario, seed: int, runs: Integers, name: str, loops: Any
    ) -> Numbers:
        """Return a parameter in some worlds; one number if it is the same in all."""

    def given(
        self, scenario: Scenario, seed: int, runs: Integers, member: str, name: str, loops: Any
    ) -> Numbers:
        """Return an opening number of a member in some worlds; one number if the same in all."""

    def carried(self, scenario: Scenario, runs: Integers, member: str) -> Mapping[str, Numbers]:
        """Return fields of a member's state that come from before the start, by name.

        They replace those of the opening state. Only worlds that were simulated up to the start,
        such as those of a posterior, have any.
        """

    def refusal(self, scenario: Scenario) -> str | None:
        """Return a sentence that says why the design cannot be used for a scenario, or None."""


class Table(Protocol):
    """A table of parameters, such as a DataFrame: a row a run, a column a parameter."""

    @property
    def columns(self) -> Any:
        """Names of the parameters."""

    def __getitem__(self, names: Any) -> Any:
        """Return some of the columns."""


class _Fresh:
    """Base of the designs whose worlds begin with the scenario, so that they suit any scenario."""

    def carried(self, scenario: Scenario, runs: Integers, member: str) -> Mapping[str, Numbers]:
        """Return nothing: these worlds have no past."""
        del scenario, runs, member
        return {}

    def refusal(self, scenario: Scenario) -> str | None:
        """Return None."""
        del scenario
        return None


def _contradiction(scenario: Scenario, values: Mapping[str, Floats]) -> str | None:
    """Say that a scenario fixes a parameter at another value than is given for it, or None."""
    for name, fixed in scenario.parameter_values.items():
        if name in values and (values[name] != fixed).any():
            return (
                f"'{scenario.name}' fixes {name} at {fixed:g}, and the parameters that are given "
                "say otherwise; give it in one of the two places."
            )
    return None


@dataclass(frozen=True)
class FromPrior(_Fresh):
    """Every parameter and opening number is drawn from its prior, unless the scenario fixes it."""

    name: str = "prior"
    fingerprint: str = "prior"
    sets: int | None = None

    def parameter(
        self, scenario: Scenario, seed: int, runs: Integers, name: str, loops: Any
    ) -> Numbers:
        """Draw a parameter."""
        overrides = scenario.parameter_values
        if name in overrides:
            return overrides[name]
        return _drawn(specification(name).prior, seed, runs, 0, name, loops)

    def given(
        self, scenario: Scenario, seed: int, runs: Integers, member: str, name: str, loops: Any
    ) -> Numbers:
        """Draw an opening number."""
        label, number = scenario.alliance.source(member, name)
        if number.prior is None:
            return number.value
        return _drawn(number.prior, seed, runs, address(member), label, loops)


@dataclass(frozen=True)
class Declared(_Fresh):
    """The declared value of every number, or given parameters and declared opening numbers.

    Attributes
    ----------
    parameters
        Used as they are in every world; None for the declared ones with the scenario's overrides.
    """

    parameters: Parameters | None = None
    sets: int | None = 1

    @property
    def name(self) -> str:
        """Word for it in tables and files."""
        return "default" if self.parameters is None else "given"

    @property
    def fingerprint(self) -> str:
        """What tells it from any other design."""
        if self.parameters is None:
            return "default"
        return json.dumps([value.hex() for value in self.parameters])

    def parameter(
        self, scenario: Scenario, seed: int, runs: Integers, name: str, loops: Any
    ) -> Numbers:
        """Return the declared or given value."""
        del seed, runs, loops
        if self.parameters is not None:
            return float(getattr(self.parameters, name))
        return scenario.parameter_values.get(name, specification(name).value)

    def given(
        self, scenario: Scenario, seed: int, runs: Integers, member: str, name: str, loops: Any
    ) -> Numbers:
        """Return the declared value."""
        del seed, runs, loops
        return scenario.alliance.value(f"{member}.{name}")

    def refusal(self, scenario: Scenario) -> str | None:
        """Return a sentence if the scenario fixes a parameter at another value than is given."""
        given = {} if self.parameters is None else self.parameters._asdict()
        return _contradiction(scenario, {name: np.array(value) for name, value in given.items()})


@dataclass(frozen=True, eq=False)
class Sampled(_Fresh):
    """A table of parameters with a row for each run, such as a design for sensitivity analysis.

    Opening numbers are as declared.

    Attributes
    ----------
    rows
        Shape (run, parameter), the parameters in the order of :class:`~foedus.Parameters`.

    Raises
    ------
    ResultError
        If the table has another shape, or a number is out of its bounds.
    """

    rows: Floats
    name: str = "sampled"

    def __post_init__(self) -> None:
        rows = np.asarray(self.rows, dtype=float)
        if rows.ndim != 2 or rows.shape[1] != len(Parameters._fields) or not len(rows):
            message = (
                f"A design needs a row a run and a column for each of the "
                f"{len(Parameters._fields)} parameters, not the shape {rows.shape}."
            )
            raise ResultError(message)
        for name, column in zip(Parameters._fields, rows.T, strict=True):
            for value in (column.min(), column.max()):
                if reason := specification(name).refusal(float(value)):
                    message = f"Design, {name}: {reason}"
                    raise ResultError(message)
        object.__setattr__(self, "rows", rows)

    @property
    def sets(self) -> int | None:
        """How many sets of numbers there are."""
        return len(self.rows)

    @property
    def fingerprint(self) -> str:
        """What tells it from any other design."""
        return sha256(np.ascontiguousarray(self.rows, "<f8").tobytes()).hexdigest()

    def parameter(
        self, scenario: Scenario, seed: int, runs: Integers, name: str, loops: Any
    ) -> Numbers:
        """Return the parameter's column at the runs' rows."""
        del scenario, seed, loops
        if runs.max() >= len(self.rows):
            message = f"The design has {len(self.rows)} rows; there is none for run {runs.max()}."
            raise ResultError(message)
        column: Floats = self.rows[runs, Parameters._fields.index(name)]
        return column

    given = Declared.given

    def refusal(self, scenario: Scenario) -> str | None:
        """Return a sentence if the scenario fixes a parameter at another value than the table."""
        columns = dict(zip(Parameters._fields, self.rows.T, strict=True))
        return _contradiction(scenario, columns)


@dataclass(frozen=True, eq=False)
class FromTable(_Fresh):
    """Draws of some parameters and opening numbers; world i has draw i mod ``size``.

    Calibration uses it for worlds that begin with the history of the record.

    Attributes
    ----------
    values
        Shape (draw,), by name, such as ``trust_loss`` or ``ARM.trust``; all other numbers are as
        declared.
    """

    values: dict[str, Floats]
    name: str = "table"

    @cached_property
    def fingerprint(self) -> str:
        """What tells it from any other design."""
        return checksum("", self.values)

    @property
    def size(self) -> int:
        """How many draws."""
        return int(next(iter(self.values.values())).size)

    @property
    def sets(self) -> int | None:
        """How many sets of numbers there are."""
        return self.size

    parameter = Posterior.parameter

    def given(
        self, scenario: Scenario, seed: int, runs: Integers, member: str, name: str, loops: Any
    ) -> Numbers:
        """Return an opening number of a member in some worlds."""
        del seed, loops
        label, number = scenario.alliance.source(member, name)
        values = self.values.get(f"{member}.{label}")
        return number.value if values is None else values[runs % self.size]


@dataclass(frozen=True)
class Crossed:
    """A design with few sets of numbers, each used in many worlds with different luck.

    From such worlds the effect of unknown numbers can be told from that of chance. World i has the
    numbers that world i mod ``sets`` has under another design.

    Attributes
    ----------
    design
        The other design.
    sets
        How many sets of numbers; None if every world has its own.
    """

    design: Design
    sets: int | None

    @property
    def name(self) -> str:
        """Word for it in tables and files."""
        return f"{self.design.name}, crossed"

    @property
    def fingerprint(self) -> str:
        """What tells it from any other design."""
        return f"{self.design.fingerprint} crossed {self.sets}"

    def parameter(
        self, scenario: Scenario, seed: int, runs: Integers, name: str, loops: Any
    ) -> Numbers:
        """Return a parameter in some worlds."""
        return self.design.parameter(scenario, seed, self._set(runs), name, loops)

    def given(
        self, scenario: Scenario, seed: int, runs: Integers, member: str, name: str, loops: Any
    ) -> Numbers:
        """Return an opening number of a member in some worlds."""
        return self.design.given(scenario, seed, self._set(runs), member, name, loops)

    def carried(self, scenario: Scenario, runs: Integers, member: str) -> Mapping[str, Numbers]:
        """Return fields of a member's state that come from before the start, by name."""
        return self.design.carried(scenario, self._set(runs), member)

    def refusal(self, scenario: Scenario) -> str | None:
        """Return a sentence that says why the design cannot be used for a scenario, or None."""
        return self.design.refusal(scenario)

    def _set(self, runs: Integers) -> Integers:
        return runs if self.sets is None else runs % self.sets


PRIOR, DECLARED = FromPrior(), Declared()
NAMED: dict[str, Design] = {"prior": PRIOR, "default": DECLARED}
POSTERIOR = "posterior"
#: What :func:`as_design` takes.
Numbered = str | Path | Parameters | Table | Design | None
_WAYS = (
    "'prior', 'default', 'posterior', a file (.npz) made by foedus calibrate, Parameters, a "
    "DataFrame with a column for each parameter, or a design"
)


def as_design(parameters: Numbered, scenarios: Sequence[Scenario] = ()) -> Design:
    """Return the design that a word, a file or parameters stand for.

    Parameters
    ----------
    parameters
        ``"prior"``, ``"default"``, ``"posterior"`` (that of the scenarios' alliance), a file made
        by ``foedus calibrate``, :class:`~foedus.Parameters`, a DataFrame with a row a run and a
        column a parameter, or a design. None takes the
        posterior that comes with foedus if it can be used for every scenario, else the prior.
    scenarios
        The scenarios for which it is to be used.

    Raises
    ------
    ResultError
        If a word stands for no design, or the design cannot be used for one of the scenarios.
    """
    if parameters is None:
        return _usual(scenarios)
    design = _design(parameters, scenarios)
    for scenario in scenarios:
        if reason := design.refusal(scenario):
            raise ResultError(reason)
    return design


def _alliance(scenarios: Sequence[Scenario]) -> str:
    """Name of the alliance of some scenarios; the usual one for none."""
    return shared_frame(scenarios).alliance.name if scenarios else ALLIANCE


def _usual(scenarios: Sequence[Scenario]) -> Design:
    """Return the design that is used if the user names none."""
    if not scenarios:
        return PRIOR
    posterior = shipped_posterior(_alliance(scenarios))
    fits = posterior is not None and not any(map(posterior.refusal, scenarios))
    return posterior if posterior is not None and fits else PRIOR


def _design(
    parameters: str | Path | Parameters | Table | Design, scenarios: Sequence[Scenario]
) -> Design:
    if isinstance(parameters, Parameters):
        return Declared(parameters)
    if isinstance(parameters, Path) or (
        isinstance(parameters, str) and parameters.endswith(".npz")
    ):
        return load_posterior(str(parameters))
    if isinstance(parameters, Mapping):
        raise ResultError(_single_numbers(parameters))
    if not isinstance(parameters, str):
        return _given(parameters)
    if parameters in NAMED:
        return NAMED[parameters]
    if parameters != POSTERIOR:
        message = f"parameters='{parameters}' is none of these: {_WAYS}."
        raise ResultError(message)
    alliance = _alliance(scenarios)
    posterior = shipped_posterior(alliance)
    if posterior is None:
        message = (
            f"No posterior comes with foedus for the alliance '{alliance}'. Use --parameters "
            "prior, or make one with foedus calibrate."
        )
        raise ResultError(message)
    return posterior


def _given(parameters: Table | Design) -> Design:
    """Return a table as a design, and a design as it is."""
    if hasattr(parameters, "columns"):
        return _from_columns(parameters)
    if hasattr(parameters, "refusal"):
        return parameters
    message = (
        f"parameters takes {_WAYS}, not an object of the class {type(parameters).__name__}. For an "
        "array with a row a run, make it foedus.Sampled(array)."
    )
    raise ResultError(message)


def _single_numbers(parameters: Mapping[str, Any]) -> str:
    """Say how some numbers are fixed while all others come from where they usually do."""
    given = dict(parameters)
    return (
        f"parameters says where all numbers of the worlds come from. To fix some in every world, "
        f"write settings={given!r}; for the declared values of all others, write "
        f"parameters=foedus.default_parameters({given!r})."
    )


def _from_columns(table: Any) -> Sampled:
    """Return a table of parameters, such as a DataFrame, as a design: a row a run."""
    columns = list(map(str, table.columns))
    unknown = [name for name in columns if name not in Parameters._fields]
    missing = [name for name in Parameters._fields if name not in columns]
    if unknown:
        message = f"There is no parameter '{unknown[0]}'{nearest(unknown[0], Parameters._fields)}"
        raise ResultError(message)
    if missing:
        message = (
            f"The table has no column for {len(missing)} of {len(Parameters._fields)} parameters, "
            f"such as {', '.join(missing[:3])}. Begin with a row a run of foedus.drawn_parameters "
            "or foedus.default_parameters, and change columns of that."
        )
        raise ResultError(message)
    return Sampled(table[list(Parameters._fields)].to_numpy())


def opening(
    design: Design,
    scenario: Scenario,
    seed: int,
    runs: Integers,
    loops: Any = kernel,
    luck: Integers | None = None,
) -> Opening:
    """Return parameters and opening states of some worlds.

    Parameters
    ----------
    runs
        Numbers of the worlds.
    luck
        Shape (member, run): number of the world whose luck each member has; its own if omitted.
    loops
        The kernel's functions, plain or compiled.
    """
    alliance, count = scenario.alliance, len(runs)
    parameters = np.empty((len(Parameters._fields), count))
    for row, name in zip(parameters, Parameters._fields, strict=True):
        row[:] = design.parameter(scenario, seed, runs, name, loops)
    states = np.empty((len(State._fields), len(alliance.members), count))
    for place, member in enumerate(alliance.members):
        values: dict[str, Any] = {
            name: design.given(scenario, seed, runs, member, name, loops) for name in GIVEN
        }
        for field, value in enumerate(alliance.opening(member, values)):
            states[field, place] = value
    low, high = seed_words(seed)
    loops.lasting_differences(
        low,
        high,
        np.tile(runs, (len(alliance.members), 1)) if luck is None else luck,
        addresses(scenario),
        parameters,
        states[State._fields.index("disposition")],
    )
    for place, member in enumerate(alliance.members):
        for name, carried in design.carried(scenario, runs, member).items():
            states[State._fields.index(name), place] = carried
    return Opening(parameters, states)


def drawn_numbers(
    design: Design, scenario: Scenario, seed: int, runs: Integers, loops: Any = kernel
) -> Iterator[tuple[str, str, Floats]]:
    """Yield name, kind of evidence and values of each number that differs between worlds."""
    for name in Parameters._fields:
        values = design.parameter(scenario, seed, runs, name, loops)
        if isinstance(values, np.ndarray):
            yield name, specification(name).evidence.kind, values
    for member in scenario.alliance.members:
        for name in GIVEN:
            number = scenario.alliance.numbers[f"{member}.{name}"]
            values = design.given(scenario, seed, runs, member, name, loops)
            if isinstance(values, np.ndarray) and not number.same_as:
                yield number.key, number.evidence.kind, values


def addresses(scenario: Scenario) -> Integers:
    """Return the stable numbers of the members, see :func:`foedus.model.draws.address`."""
    return np.array([address(code) for code in scenario.alliance.members])


def _drawn(prior: Prior, seed: int, runs: Integers, owner: int, name: str, loops: Any) -> Floats:
    """Draw a number from its prior in some worlds; ``owner`` is as in ``draws.design_uniform``."""
    low, high = seed_words(seed)
    out = np.empty((1, len(runs)))
    labels = np.array([crc32(name.encode())])
    loops.design_uniforms(low, high, runs, np.array([owner]), labels, out)
    if isinstance(prior, OneOf):
        places = np.minimum((out[0] * len(prior.values)).astype(int), len(prior.values) - 1)
        chosen: Floats = np.array(prior.values)[places]
        return chosen
    values: Any = out[0]
    return np.asarray(prior.quantile(values), dtype=float)  # its arithmetic serves arrays too


def opening_world(
    scenario: Scenario, seed: int, run: int, parameters: Numbered = None
) -> tuple[Parameters, list[State]]:
    """Return parameters and opening states of one world.

    Raises
    ------
    ResultError
        If ``parameters`` stands for no design, or for one that cannot be used for the scenario.
    """
    start = opening(as_design(parameters, [scenario]), scenario, seed, np.array([run]))
    members = start.states[..., 0].T.tolist()
    return Parameters(*start.parameters[:, 0].tolist()), [State(*values) for values in members]


def member_weights(scenario: Scenario, weighting: str) -> tuple[float, ...]:
    """Weight of each client in cohesion: 1 for ``equal``, its capability for ``capability``."""
    alliance = scenario.alliance
    return alliance.capabilities if weighting == "capability" else (1.0,) * len(alliance.members)
