"""What carries an outcome of a scenario: the numbers, the models, and luck."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from foedus.cases.scenario import Scenario
from foedus.outcomes.catalogue import Outcome, find_outcome, outcomes_of, value_of
from foedus.outcomes.estimates import Estimate, by_model, estimated
from foedus.outcomes.summary import plain
from foedus.outcomes.variance import crossed, split
from foedus.studies.items import load_item, refuse_options
from foedus.studies.results import Result
from foedus.studies.running import run

if TYPE_CHECKING:
    from pathlib import Path

    from foedus.outcomes.carriers import Carrier, OpenRange

MOST = 10  # numbers that are told, at most


@dataclass(frozen=True)
class Carried:
    """An outcome of a scenario with all that it hangs on.

    Attributes
    ----------
    scenario, title, horizon
        Name and title of the scenario, and its last month.
    subject, who, outcome
        Code of the member or ``alliance``, its name, and what is measured.
    estimate
        The mean over the worlds.
    opened
        What is open of it.
    models
        What each model says by itself; empty where there are no several models.
    numbers
        The numbers that carry it, strongest first.
    from_numbers
        Share of its variance over worlds that comes from not knowing the numbers and models, the
        rest being luck; None if it does not vary.
    provenance_line
        Worlds, months, parameters, seed and digest.
    """

    scenario: str
    title: str
    horizon: str
    subject: str
    who: str
    outcome: Outcome
    estimate: Estimate
    opened: OpenRange
    models: dict[str, float]
    numbers: tuple[Carrier, ...]
    from_numbers: Estimate | None
    provenance_line: str

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain data for JSON."""
        found: dict[str, Any] = plain(
            {
                **{name: getattr(self, name) for name in ("scenario", "title", "horizon")},
                "subject": self.subject,
                "outcome": self.outcome.key,
                "meaning": self.outcome.meaning,
                "estimate": self.estimate,
                "open_range": asdict(self.opened),
                "models": self.models,
                "numbers": self.numbers,
                "share_of_spread_from_numbers": self.from_numbers,
                "provenance": self.provenance_line,
            }
        )
        return found

    def __str__(self) -> str:
        from foedus.views.carriers import carried_text

        return carried_text(self)

    def _repr_html_(self) -> str:
        from foedus.views.carriers import carried_html

        return carried_html(self)


def carriers(
    item: str | Path | Scenario | Result,
    outcome: str = "cohesion",
    *,
    scenario: str | None = None,
    **options: Any,
) -> Carried:
    """Say what carries an outcome: numbers low and high, each model, and how much is luck.

    Parameters
    ----------
    item
        A scenario by name, file or loaded, which is simulated; or a result, or its directory.
    outcome
        What is asked about: ``cohesion``, ``dissolved``, ``ARM out``, ``Armenia takes part``.
    scenario
        Of a result with several scenarios, the name of the one to look at; the first if omitted.
    **options
        As for :func:`foedus.run`, for what is simulated.

    Raises
    ------
    ResultError
        If there is no such outcome or scenario, the outcome has no value in a single world, or a
        result is given together with what decides a simulation.
    """
    loaded = item if isinstance(item, Result | Scenario) else load_item(item)
    of = loaded.scenarios[0] if isinstance(loaded, Result) else loaded
    refuse_options([loaded] if isinstance(loaded, Result) else [], options)
    subject, key = find_outcome(outcome, of.alliance)
    result = loaded if isinstance(loaded, Result) else run(loaded, **options)
    worlds = result.worlds_of(scenario)
    values, kind = value_of(worlds, subject, key), outcomes_of(subject)[key]
    known = worlds.populations
    estimate = estimated(values, known, chance=kind.kind == "chance")
    carrying = result.carrying(scenario)
    (opened,) = carrying.ranges_of([estimate], [values])
    several = crossed(result.ensemble)
    part = next(one for one in several.parts if one.scenario.name == worlds.scenario.name)
    sets = several.design.sets
    shares = split(value_of(part, subject, key).astype(float), sets) if sets else None
    return Carried(
        worlds.scenario.name,
        worlds.scenario.title,
        worlds.month(worlds.scenario.horizon),
        subject,
        result.names.get(subject, "the alliance"),
        kind,
        estimate,
        opened,
        by_model(values.astype(float), known),
        tuple(carrying.of(values, MOST)),
        shares.from_numbers if shares else None,
        result.provenance_line,
    )
