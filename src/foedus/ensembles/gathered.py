"""The worlds of one scenario, put together from pieces."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from foedus.cases.months import format_month
from foedus.errors import NotKeptError, ResultError
from foedus.worlds.kept import LABELS, Piece, empty_monthly
from foedus.worlds.kernel import Monthly
from foedus.worlds.populations import INDEPENDENT, Populations

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import numpy.typing as npt

    from foedus.cases.scenario import Scenario
    from foedus.worlds.kept import Arrays


def _not_kept(name: str) -> str:
    return (
        f"These worlds were kept by another version of foedus, without '{name}'. Run the scenario "
        "again into another directory to have it."
    )


class Table(dict[str, "npt.NDArray[Any]"]):
    """Arrays by name; to ask for one that is not there is an error in words."""

    def __missing__(self, name: str) -> npt.NDArray[Any]:
        raise NotKeptError(_not_kept(name))


class Worlds:
    """The worlds of one scenario, put together from pieces.

    Attributes
    ----------
    runs
        How many worlds are wanted.
    table
        Arrays of :data:`~foedus.worlds.kept.TABLE` for all worlds.
    monthly
        Sums over the worlds added so far.
    paths
        Pieces with whole worlds, in the order in which they were added.
    populations
        Which worlds depend on each other; the error of estimates takes account of it.
    labels
        Labels of the table's dimensions.
    """

    def __init__(
        self,
        scenario: Scenario,
        table: Arrays,
        populations: Populations = INDEPENDENT,
        labels: Mapping[str, tuple[str, ...]] = LABELS,
    ) -> None:
        self.scenario = scenario
        self.populations = populations
        self.table = Table(table)
        self.labels = labels
        self.runs = table["fingerprint"].size
        members = len(scenario.alliance.members)
        self.monthly = empty_monthly(scenario.horizon, members, wide=True)
        self.paths: list[Piece] = []
        self._there = np.zeros(self.runs, dtype=bool)

    def add(self, piece: Piece) -> bool:
        """Add a piece and return True.

        Return False, and add nothing, if the piece holds a world that is not wanted or was added
        before.
        """
        if piece.after > self.runs or self._there[piece.first : piece.after].any():
            return False
        if piece.table.keys() != self.table.keys() or dict(piece.labels) != dict(self.labels):
            message = (
                f"The pieces of '{piece.scenario}' do not hold the same of each world. Run the "
                "scenario again into another directory."
            )
            raise ResultError(message)
        if not self._there.any():  # an earlier version may have kept sums of fewer fields
            for name in Monthly._fields:
                kept, sums = getattr(self.monthly, name), getattr(piece.monthly, name)
                if kept.shape != sums.shape:
                    alike = np.zeros(sums.shape, dtype=kept.dtype)
                    self.monthly = self.monthly._replace(**{name: alike})
        self._there[piece.first : piece.after] = True
        for name, array in piece.table.items():
            self.table[name][..., piece.first : piece.after] = array
        for name in Monthly._fields:
            total = getattr(self.monthly, name)
            total += getattr(piece.monthly, name)
        if piece.paths is not None:
            self.paths.append(replace(piece, table={}))
        return True

    def of(self, name: str, member: str) -> npt.NDArray[Any]:
        """Return one member's values of an array of the table, the run last."""
        array = self.table[name]
        return array[..., self.scenario.alliance.members.index(member), :]

    def event(self, name: str, member: str) -> npt.NDArray[Any]:
        """Return the month in which an event first happens to a member, from 1; 0 if never."""
        months: npt.NDArray[Any] = self.of("event_month", member)[self.place("event", name)]
        return months

    def place(self, dimension: str, label: str) -> int:
        """Return where a label stands along a dimension of the table.

        Raises
        ------
        NotKeptError
            If the worlds were kept without it.
        """
        labels = self.labels.get(dimension, ())
        if label not in labels:
            raise NotKeptError(_not_kept(label))
        return labels.index(label)

    def month(self, number: int) -> str:
        """Write a month of the scenario, from 1, as ``YYYY-MM``."""
        return format_month(self.scenario.start + number - 1)

    @property
    def there(self) -> int:
        """How many worlds have been added."""
        return int(np.count_nonzero(self._there))

    def missing(self, most: int) -> Iterator[tuple[int, int]]:
        """Yield the worlds that are missing, as (first, number) of pieces of at most ``most``."""
        edges = np.flatnonzero(np.diff(np.concatenate(([1], self._there, [1])).astype(int)))
        for first, after in edges.reshape(-1, 2).tolist():
            for start in range(first, after, most):
                yield start, min(most, after - start)
