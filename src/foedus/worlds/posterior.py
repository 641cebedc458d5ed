"""Posterior draws: numbers informed by a record, and the worlds that they led to at its end.

A draw carries its parameters *and* the state of every member at the end of the record, so that a
projection continues the world that fits the record instead of starting one that resembles it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import BadZipFile

import numpy as np

from foedus.cases.alliance import GIVEN, STANDING, Alliance
from foedus.cases.months import format_month, parse_month
from foedus.cases.shipped import shipped_file
from foedus.defaults import ALLIANCE
from foedus.errors import ResultError, UnfinishedError
from foedus.model.parameters import Parameters
from foedus.model.records import State
from foedus.model.specifications import specifications
from foedus.worlds.files import replace_file
from foedus.worlds.populations import Populations, balanced

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt

    from foedus.cases.scenario import Scenario

    Integers = npt.NDArray[np.int64]
    Floats = npt.NDArray[np.float64]
    Numbers = Floats | float


FORMAT_VERSION = 1
INFORMED = 0.85  # ratio of posterior to prior spread below which the record informs a number
#: Fields of the state that an opening number sets, if it sets others than that of its own name.
_OPENED_BY = {
    "expectation": ("expectation", "expectation_initial"),
    "dependence": ("dependence", "dependence_initial", "erosion"),
    "participation": ("frozen",),
    "vote": ("suspended",),
}


@dataclass(frozen=True, eq=False)
class Posterior:
    """Draws from the posterior of an alliance's numbers and worlds.

    Attributes
    ----------
    values
        Drawn numbers by name, such as ``trust_loss`` or ``ARM.trust`` (at the start of the record):
        shape (draw,).
    states
        Shape (field of State, member, draw): the worlds at the end of the record.
    luck
        Shape (block, draw): number of the world whose luck each draw has. A block is one member in
        one year of a record; the members of a year stand together. The blocks of the record stand
        last, after those of the earlier records that were fitted along with it.
    about
        What the draws are of and how they were made, as plain data: ``alliance``, ``members``,
        ``date``, ``opening`` (the alliance's own numbers at that date), ``record`` (fingerprint),
        ``coding``, ``draws``, ``seed``, ``prior`` and ``prior_spread`` (standard deviation) by
        number, and how well the posterior is known: ``populations`` (see the property),
        ``effective`` draws by number, ``accepted`` (share of moves) and ``log_evidence`` by repair
        constant. Where the draws are of several models, ``models`` says of each its ``name``,
        ``meaning``, ``coding``, ``panel``, ``fixed`` numbers, ``weight`` and its ``weight_error``,
        ``log_evidence`` and ``log_evidence_error``, and how many ``draws`` it has here.
    groups
        Shape (3, draw): model, stratum and population of each draw, see
        :class:`~foedus.worlds.populations.Populations`; None for a single model, whose draws go
        round the values of the repair constant and then the populations.
    """

    values: dict[str, Floats]
    states: Floats
    luck: npt.NDArray[np.int64]
    about: dict[str, Any]
    name: str = field(default="posterior")
    groups: Integers | None = None

    @property
    def sets(self) -> int | None:
        """How many sets of numbers there are: one for each draw."""
        return self.size

    @property
    def size(self) -> int:
        """How many draws."""
        return int(self.states.shape[-1])

    @property
    def date(self) -> int:
        """Month (number) at whose end the worlds stand."""
        return parse_month(self.about["date"])

    @property
    def members(self) -> tuple[str, ...]:
        """Codes of the clients."""
        return tuple(self.about["members"])

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of every draw."""
        head = repr((self.about["alliance"], self.about["date"]))
        groups = () if self.groups is None else (self.groups.astype(float),)
        return checksum(head, self.values, self.states, *groups)

    @cached_property
    def spread_ratio(self) -> dict[str, float]:
        """Ratio of posterior to prior standard deviation of every number with a prior.

        Draws of a model that fixes the number do not count.
        """
        prior = self.about["prior_spread"]
        return {
            name: float(values[self._is_free(name)].std() / prior[name])
            for name, values in self.values.items()
            if name in prior
        }

    @cached_property
    def informed(self) -> tuple[str, ...]:
        """Numbers about which the record says something: their spread ratio is below the limit."""
        return tuple(name for name, ratio in self.spread_ratio.items() if ratio < INFORMED)

    @property
    def models(self) -> tuple[dict[str, Any], ...]:
        """What is known of each model that was calibrated, if the draws are of several."""
        return tuple(self.about.get("models", ()))

    def only(self, *names: str) -> Posterior:
        """Return the draws of some of the models.

        Raises
        ------
        ResultError
            If there is no draw of such a model.
        """
        known = self.populations
        chosen = np.isin(known.models, [k for k, name in enumerate(known.names) if name in names])
        if not chosen.any():
            message = (
                f"The posterior has no draws of the models {', '.join(names)}; it has those of "
                f"{', '.join(known.names) or 'a single model'}."
            )
            raise ResultError(message)
        return replace(
            self,
            values={name: column[chosen] for name, column in self.values.items()},
            states=self.states[..., chosen],
            luck=self.luck[:, chosen],
            groups=None if self.groups is None else self.groups[:, chosen],
        )

    def _is_free(self, name: str) -> npt.NDArray[np.bool_]:
        """Whether each draw is of a model that draws a number and does not fix it."""
        fixing = [model["name"] for model in self.models if name in model["fixed"]]
        places = [place for place, own in enumerate(self.populations.names) if own in fixing]
        return (
            np.ones(self.size, dtype=bool)
            if self.groups is None
            else ~np.isin(self.groups[0], places)
        )

    def quantile(self, key: str, level: float, *, end: bool = False) -> float:
        """Return a quantile of a drawn number.

        Parameters
        ----------
        key
            Such as ``trust_loss`` or ``ARM.trust``.
        level
            From 0 to 1.
        end
            Whether to take a field of a member's state at the end of the record instead.
        """
        if end:
            member, name = key.split(".")
            return float(np.quantile(self._field(name, member), level))
        return float(np.quantile(self.values[key], level))

    @cached_property
    def populations(self) -> Populations:
        """Model, stratum and population of each draw.

        For a single model, ``about`` holds the number of values of the repair constant and of
        populations for each: draw i has the value i mod values and belongs to the population
        (i // values) mod populations.
        """
        if self.groups is None:
            values, islands = self.about.get("populations", (1, 1))
            return balanced(int(values), int(islands))
        models, strata, islands = self.groups
        names = (model["name"] for model in self.models if model["draws"])
        return Populations(strata, islands, models, tuple(names))

    # As a design

    def parameter(
        self, scenario: Scenario, seed: int, runs: Integers, name: str, loops: Any
    ) -> Numbers:
        """Return a parameter in some worlds: that of draw i mod ``size`` in world i."""
        del seed, loops
        if name in scenario.parameter_values:
            return scenario.parameter_values[name]
        if name not in self.values:
            return specifications()[name].value
        return self.values[name][runs % self.size]

    def given(
        self, scenario: Scenario, seed: int, runs: Integers, member: str, name: str, loops: Any
    ) -> Numbers:
        """Return a member's number at the end of the record, or as the scenario fixes it."""
        del seed, loops
        if f"{member}.{name}" in scenario.parameters:
            return scenario.parameters[f"{member}.{name}"]
        values = self._field(name, member)[runs % self.size]
        return values if np.ptp(self._field(name, member)) > 0.0 else float(values[0])

    def carried(self, scenario: Scenario, runs: Integers, member: str) -> Mapping[str, Numbers]:
        """Return a member's state at the end of the record, without what the scenario fixes."""
        fixed = [
            key.split(".", 1)[1] for key in scenario.parameters if key.startswith(f"{member}.")
        ]
        left_out = {field for name in fixed for field in _OPENED_BY.get(name, (name,))}
        if "disposition_spread" in scenario.parameters:
            left_out.add("disposition")  # drawn anew with the spread that is asked for
        return {
            name: self._field(name, member)[runs % self.size]
            for name in State._fields
            if name not in left_out
        }

    def refusal(self, scenario: Scenario) -> str | None:
        """Return a sentence that says why the worlds cannot go on under a scenario, or None."""
        alliance = scenario.alliance
        if alliance.name != self.about["alliance"] or alliance.members != self.members:
            return (
                f"The posterior is of '{self.about['alliance']}'; '{scenario.name}' is about "
                f"'{alliance.name}'. Use --parameters prior, or calibrate that alliance."
            )
        if alliance.date != self.date:
            return (
                f"The posterior's worlds stand at the end of {format_month(self.date)}; "
                f"'{scenario.name}' starts from {format_month(alliance.date)}. Use --parameters "
                "prior, or start after the posterior's end."
            )
        own = opening_numbers(alliance)
        if changed := [
            key
            for key, value in self.about["opening"].items()
            if own.get(key) != value and key not in scenario.parameters
        ]:
            return (
                f"The alliance of '{scenario.name}' has other numbers than the one calibrated "
                f"({', '.join(changed[:3])}). Use --parameters prior, or set numbers with --set."
            )
        return None

    def _field(self, name: str, member: str) -> Floats:
        values: Floats = self.states[State._fields.index(name), self.members.index(member)]
        return values

    # On disk

    def save(self, path: str | Path) -> None:
        """Write the draws as one file; numbers are kept in 32 bits.

        Raises
        ------
        UnfinishedError
            If the file cannot be written.
        """
        content = BytesIO()
        groups: dict[str, Any] = {}
        if self.groups is not None:
            groups["groups"] = self.groups.astype("<u2")
        about = json.dumps({"format": FORMAT_VERSION, **self.about}, ensure_ascii=False)
        np.savez_compressed(
            content,
            about=np.array(about),
            names=np.array(list(self.values)),
            values=np.array(list(self.values.values()), dtype="<f4"),
            fields=np.array(State._fields),
            states=self.states.astype("<f4"),
            luck=self.luck.astype("<u4"),
            **groups,
        )
        try:
            replace_file(Path(path), content.getvalue())
        except OSError as error:
            message = f"{path} cannot be written: {error.strerror or error}."
            raise UnfinishedError(message) from None

    def __repr__(self) -> str:
        return (
            f"<foedus.Posterior of {self.about['alliance']} to {format_month(self.date)}: "
            f"{self.size:,} draws, {len(self.informed)} of {len(self.values)} numbers informed>"
        )


def checksum(head: str, values: Mapping[str, Floats], *more: Floats) -> str:
    """Return the SHA-256 of a text, of named columns of numbers, and of more arrays."""
    total = sha256(head.encode())
    for name, column in values.items():
        total.update(name.encode())
        total.update(np.ascontiguousarray(column, "<f8").tobytes())
    for array in more:
        total.update(np.ascontiguousarray(array, "<f8").tobytes())
    return total.hexdigest()


def opening_numbers(alliance: Alliance) -> dict[str, float]:
    """Return what the alliance's file declares of its members at its date: values by key."""
    wanted = (*GIVEN, *STANDING, "frozen_months", "tenure")
    return {
        key: alliance.value(key)
        for member in alliance.members
        for name in wanted
        if (key := f"{member}.{name}") in alliance.numbers
    }


def load_posterior(path: str | Path) -> Posterior:
    """Read draws from a file made by ``foedus calibrate``.

    Raises
    ------
    ResultError
        If the file holds no posterior, or one made by another version of the model.
    """
    path = Path(path)
    try:
        with np.load(BytesIO(path.read_bytes()), allow_pickle=False) as content:
            about = json.loads(str(content["about"]))
            names = [str(name) for name in content["names"]]
            table = content["values"].astype(float)
            fields = tuple(str(name) for name in content["fields"])
            states, luck = content["states"].astype(float), content["luck"].astype(np.int64)
            groups = content["groups"].astype(np.int64) if "groups" in content else None
    except (OSError, ValueError, KeyError, BadZipFile, EOFError) as error:
        message = f"{path} is no posterior made by foedus calibrate ({error})."
        raise ResultError(message) from None
    unknown = [n for n in names if "." not in n and n not in Parameters._fields]
    if about.pop("format", None) != FORMAT_VERSION or fields != State._fields or unknown:
        message = (
            f"{path} was made by another version of the model. Make it again with foedus calibrate."
        )
        raise ResultError(message)
    return Posterior(dict(zip(names, table, strict=True)), states, luck, about, groups=groups)


def shipped_posterior(alliance: str = ALLIANCE) -> Posterior | None:
    """Return the posterior that comes with foedus for an alliance, or None."""
    return _shipped(alliance)


@cache
def _shipped(alliance: str) -> Posterior | None:
    path = shipped_file(f"posterior_{alliance}.npz")
    return load_posterior(path) if path else None


def continued(states: Floats) -> Floats:
    """Return the states at the end of a record, made ready to be continued by a projection.

    Each member's opening dependence (``dependence_initial``) is replaced by its present dependence
    before erosion, dependence / (1 - erosion), or by 1 if that is more. A scenario that sets no
    trade path has dependence = opening dependence x (1 - erosion)
    (:func:`foedus.model.rules.traded_dependence`), so the projection begins at the present
    dependence and not at that of the start of the record. All other fields stay as they are.

    Parameters
    ----------
    states
        Shape (field of State, member, world).

    Returns
    -------
    numpy.ndarray
        A changed copy, of the same shape.
    """
    after = states.copy()
    at = State._fields.index
    kept = 1.0 - states[at("erosion")]
    path = np.where(kept > 0.0, states[at("dependence")] / np.where(kept > 0.0, kept, 1.0), 0.0)
    after[at("dependence_initial")] = np.minimum(1.0, path)
    return after
