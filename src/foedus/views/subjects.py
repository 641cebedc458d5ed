"""What views ask of a result, and of a comparison."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import xarray as xr

    from foedus.cases.scenario import Scenario
    from foedus.outcomes.attribution import Attribution
    from foedus.outcomes.differences import Difference, Parting
    from foedus.views.plots import Picture


class Projected(Protocol):
    """Worlds of some scenarios; a :class:`foedus.Result` is one."""

    @property
    def scenarios(self) -> tuple[Scenario, ...]:
        """The resolved scenarios, in order."""

    @property
    def names(self) -> dict[str, str]:
        """Full names of members, patron and powers by code."""

    @property
    def data(self) -> xr.Dataset:
        """Table of outcomes and monthly statistics."""

    @property
    def summary(self) -> dict[str, Any]:
        """Every outcome with its interval, as plain data by scenario."""

    @property
    def provenance_line(self) -> str:
        """Worlds, months, parameters, seed and digest in one line."""

    def plot(self, kind: str = "cohesion") -> Picture:
        """Draw one of the standard figures."""


class Compared(Protocol):
    """Scenarios under the same luck beside a baseline; a :class:`foedus.Comparison` is one."""

    @property
    def result(self) -> Projected:
        """The worlds of all scenarios, the baseline first."""

    @property
    def baseline(self) -> Scenario:
        """What the others are compared with."""

    @property
    def others(self) -> tuple[Scenario, ...]:
        """The scenarios beside the baseline."""

    @property
    def resolution(self) -> object | None:
        """What it took to know the differences well enough, if that was asked for."""

    @property
    def differences(self) -> Mapping[str, Sequence[Difference]]:
        """Paired differences from the baseline, by scenario."""

    def difference(self, scenario: str, subject: str, outcome: str) -> Difference:
        """Return one difference."""

    @property
    def attributions(self) -> Mapping[str, Sequence[Attribution]]:
        """The differences split among the levers, by scenario."""

    @property
    def mix_runs(self) -> int:
        """Worlds of each mix that an attribution rests on."""

    @property
    def paths(self) -> xr.Dataset:
        """The first worlds month by month."""

    def partings(self, scenario: str, *, conduct: bool = True) -> Sequence[Parting]:
        """When the worlds of a scenario part from the baseline's."""

    @property
    def summary(self) -> dict[str, Any]:
        """Everything as plain data."""

    @property
    def provenance(self) -> dict[str, Any]:
        """What made it, and how to make it again."""
