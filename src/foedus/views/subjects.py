"""What views ask of a result, and of a comparison.

They let the views work without importing the classes of :mod:`foedus.studies`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import xarray as xr

    from foedus.cases.scenario import Scenario
    from foedus.outcomes.answer import Answer, Line
    from foedus.outcomes.attribution import Attribution
    from foedus.outcomes.carriers import Carrier, OpenRange
    from foedus.outcomes.catalogue import Outcome
    from foedus.outcomes.differences import Difference, Parting
    from foedus.outcomes.estimates import Estimate
    from foedus.outcomes.finding import Finding
    from foedus.outcomes.sweeps import Swept
    from foedus.views.sheet import Picture


class Projected(Protocol):
    """A result: the worlds of some scenarios. :class:`foedus.Result` fulfils it."""

    @property
    def scenarios(self) -> tuple[Scenario, ...]:
        """The resolved scenarios, in order."""

    @property
    def names(self) -> dict[str, str]:
        """Full names of members, patron and powers by code."""

    @property
    def data(self) -> xr.Dataset:
        """Outcomes of every world, and monthly statistics over worlds."""

    @property
    def summary(self) -> dict[str, Any]:
        """Every outcome with its interval, as plain data by scenario."""

    @property
    def answer(self) -> Answer:
        """What the scenarios lead to, what is open of it, and what differs."""

    @property
    def finding(self) -> Finding:
        """The answer in a title and a few sentences."""

    @property
    def headline(self) -> tuple[Line, int]:
        """The outcome that the finding begins with, and the place of a scenario to ask about."""

    @property
    def cause(self) -> Attribution | str | None:
        """How the difference of the headline is split among levers, or why it is not."""

    def carriers_of(self, subject: str, key: str, scenario: str) -> Sequence[Carrier]:
        """Return the numbers that carry an outcome under a scenario, strongest first."""

    @property
    def provenance_line(self) -> str:
        """Worlds, months, parameters, seed and digest in one line."""

    def plot(self, kind: str = "futures") -> Picture:
        """Draw one of the standard figures."""


class Compared(Protocol):
    """A comparison of scenarios with a baseline. :class:`foedus.Comparison` fulfils it."""

    @property
    def result(self) -> Projected:
        """The worlds of all scenarios, the baseline first."""

    @property
    def baseline(self) -> Scenario:
        """The scenario that the others are compared with."""

    @property
    def others(self) -> tuple[Scenario, ...]:
        """The other scenarios, which are compared with the baseline."""

    @property
    def finding(self) -> Finding:
        """The answer in a title and a few sentences."""

    @property
    def resolution(self) -> object | None:
        """Number of worlds that the wanted precision took; None if none was asked for."""

    @property
    def differences(self) -> Mapping[str, Sequence[Difference]]:
        """Paired differences from the baseline, by scenario."""

    def difference(self, scenario: str, subject: str, outcome: str) -> Difference:
        """Return the difference of a scenario in one outcome of a member or the alliance."""

    @property
    def attributions(self) -> Mapping[str, Sequence[Attribution]]:
        """How the differences are split among the levers, by scenario."""

    @property
    def mix_runs(self) -> int:
        """Number of worlds of each mix of two scenarios, from which attributions are computed."""

    @property
    def paths(self) -> xr.Dataset:
        """Whole histories, month by month, of the first worlds."""

    def partings(self, scenario: str, *, conduct: bool = True) -> Sequence[Parting]:
        """Return when worlds of a scenario first differ from the baseline's, by member."""

    @property
    def summary(self) -> dict[str, Any]:
        """All contents of the comparison as plain data."""

    @property
    def provenance(self) -> dict[str, Any]:
        """Inputs, versions and digest, and the command that reproduces the comparison."""


class CarriedOutcome(Protocol):
    """An outcome with what carries it. :class:`foedus.Carried` fulfils it."""

    @property
    def scenario(self) -> str:
        """Name of the scenario."""

    @property
    def horizon(self) -> str:
        """Last month, as ``YYYY-MM``."""

    @property
    def who(self) -> str:
        """Name of the member, or "the alliance"."""

    @property
    def outcome(self) -> Outcome:
        """What is measured."""

    @property
    def estimate(self) -> Estimate:
        """Its mean over the worlds."""

    @property
    def opened(self) -> OpenRange:
        """What is open of it."""

    @property
    def models(self) -> Mapping[str, float]:
        """What each model says by itself."""

    @property
    def numbers(self) -> Sequence[Carrier]:
        """The numbers that carry it, strongest first."""

    @property
    def from_numbers(self) -> Estimate | None:
        """Share of its variance that comes from not knowing numbers and models."""

    @property
    def provenance_line(self) -> str:
        """Worlds, months, parameters, seed and digest in one line."""


class SweptLevers(Protocol):
    """A sweep of levers. :class:`foedus.Sweep` fulfils it."""

    @property
    def scenario(self) -> Scenario:
        """The scenario in which one lever at a time was moved."""

    @property
    def name(self) -> str:
        """Full name of the member."""

    @property
    def horizon(self) -> str:
        """Last month, as ``YYYY-MM``."""

    @property
    def levers(self) -> Sequence[Swept]:
        """Every lever with what it moved."""

    @property
    def summary(self) -> dict[str, Any]:
        """All contents of the sweep as plain data."""

    @property
    def provenance_line(self) -> str:
        """Worlds, months, parameters and seed in one line."""
