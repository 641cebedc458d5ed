"""Results side by side whose worlds share no luck: other seeds, other horizons, other numbers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from foedus.cases.scenario import Scenario
from foedus.ensembles.on_disk import as_text
from foedus.errors import ResultError
from foedus.outcomes.answer import Answer
from foedus.outcomes.answer import beside as joined
from foedus.outcomes.finding import Finding, finding
from foedus.outcomes.summary import plain
from foedus.studies.items import load_item, refuse_options
from foedus.studies.results import Result
from foedus.studies.running import run

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


@dataclass(frozen=True)
class Beside:
    """Results side by side, not paired world by world.

    Attributes
    ----------
    results
        One for each column or several.
    """

    results: tuple[Result, ...]

    @cached_property
    def answer(self) -> Answer:
        """What each result leads to, and how they differ beyond chance."""
        found = joined([result.answer for result in self.results])
        return replace(found, names=_told_apart(found.names, self._marks))

    @property
    def finding(self) -> Finding:
        """The answer in plain words."""
        return finding(self.answer)

    @property
    def reasons(self) -> tuple[str, ...]:
        """What keeps the worlds from sharing their luck."""
        kinds = {
            "seeds": {str(result.seed) for result in self.results},
            "horizons": {result.frame.months[-1] for result in self.results},
            "starts": {result.frame.months[0] for result in self.results},
            "parameters": {result.ensemble.design.fingerprint for result in self.results},
        }
        return tuple(name for name, found in kinds.items() if len(found) > 1)

    @property
    def note(self) -> str:
        """One sentence on what the differences are."""
        kinds = " and ".join(self.reasons) or "worlds"
        return (
            f"Not paired: their {kinds} differ, so that their worlds share no luck and differences "
            "hold chance too."
        )

    @property
    def _marks(self) -> list[str]:
        """What tells each column apart: its last month, or else its seed, or else its digest."""
        marks = [
            (result.frame.months[-1], f"seed {result.seed}", result.digest[:6])
            for result in self.results
            for _ in result.scenarios
        ]
        kinds = zip(*marks, strict=True)
        return list(next(kind for kind in kinds if len({*kind}) > 1 or kind[0] == marks[0][2]))

    def json(self) -> str:
        """Return finding, provenance and summaries as JSON text."""
        return as_text(
            {
                "finding": plain(self.finding),
                "note": self.note,
                "results": [
                    {"provenance": result.provenance, "summary": result.summary}
                    for result in self.results
                ],
            }
        )


def luckless(items: Sequence[Scenario | Result]) -> bool:
    """Whether items cannot share their luck, so that they can only be put side by side unpaired.

    That is so if they are of other months, or results of other seeds or parameters.
    """
    scenarios = [
        scenario
        for item in items
        for scenario in (item.scenarios if isinstance(item, Result) else (item,))
    ]
    spans = {(scenario.alliance.members, scenario.start, scenario.end) for scenario in scenarios}
    results = [item for item in items if isinstance(item, Result)]
    lucks = {(result.seed, result.ensemble.design.fingerprint) for result in results}
    return len(spans) > 1 or len(lucks) > 1


def beside(*items: str | Path | Scenario | Result, **options: Any) -> Beside:
    """Put results or scenarios side by side that do not share their luck.

    Parameters
    ----------
    *items
        Results or their directories; scenarios by name or file, which are simulated one by one.
    **options
        As for :func:`foedus.run`, for what is simulated.

    Raises
    ------
    ResultError
        If their members differ, or a result is given together with what decides a simulation.
    """
    found = [item if isinstance(item, Scenario | Result) else load_item(item) for item in items]
    refuse_options([item for item in found if isinstance(item, Result)], options)
    loaded = [item if isinstance(item, Result) else run(item, **options) for item in found]
    first = loaded[0]
    for other in loaded[1:]:
        if other.frame.alliance.members != first.frame.alliance.members:
            message = (
                f"'{first.scenarios[0].name}' and '{other.scenarios[0].name}' are of other "
                "members, so that nothing of them can stand in one table."
            )
            raise ResultError(message)
    return Beside(tuple(loaded))


def _told_apart(names: tuple[str, ...], marks: list[str]) -> tuple[str, ...]:
    """Return names, with what tells them apart where two are alike."""
    return tuple(
        f"{name} ({mark})" if names.count(name) > 1 else name
        for name, mark in zip(names, marks, strict=True)
    )
