"""What the model has been worth so far, in one line to be shown beside every forecast."""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Any

from foedus.cases.shipped import shipped_file
from foedus.defaults import ALLIANCE
from foedus.worlds.posterior import Posterior, shipped_posterior

if TYPE_CHECKING:
    from foedus.worlds.openings import Design

NONE = "No hindcast is on file for this alliance: nothing tells what such a forecast is worth."


@cache
def shipped_hindcast(alliance: str = ALLIANCE) -> dict[str, Any] | None:
    """Return the scores that come with foedus for an alliance, or None."""
    path = shipped_file(f"hindcast_{alliance}.json")
    return json.loads(path.read_text(encoding="utf-8")) if path else None


def skill_line(alliance: str, design: Design) -> str:
    """Say how the model did on the past, against whom, and that it rests on one case."""
    found = shipped_hindcast(alliance)
    if found is None:
        return NONE
    scores = {(row["drivers"], row["group"], row["forecaster"]): row for row in found["scores"]}
    member = found["member"]
    who = "model" if isinstance(design, Posterior) else "prior"

    def value(group: str, forecaster: str, drivers: str = "coded") -> str:
        return f"{scores[drivers, f'{member}: {group}', forecaster]['score']:.3f}".lstrip("0")

    events = scores["coded", f"{member}: all events", "model"]["forecasts"]
    surveys = scores["coded", f"{member}: trust", "model"]["forecasts"]
    line = (
        f"Hindcast of {found['name']}, one year ahead from {len(found['origins'])} year-ends with "
        f"the drivers that came: Brier {value('all events', who)} over {events} events "
        f"(persistence {value('all events', 'persistence')}, coin {value('all events', 'coin')}"
    )
    if who == "model":
        line += f", uncalibrated prior {value('all events', 'prior')}"
    line += (
        f"), CRPS {value('trust', who)} over {surveys} surveys of trust (linear trend "
        f"{value('trust', 'linear trend')}, refusal rule {value('trust', 'refusal rule')}). "
        f"{_others(scores, who)}One case: it validates little."
    )
    if isinstance(design, Posterior) and design.fingerprint != _shipped_fingerprint(alliance):
        line += (
            " These scores are of the posterior that comes with foedus, not of the one used here."
        )
    return line


def _others(scores: dict[Any, Any], who: str) -> str:
    """Say so where persistence does better for the other members."""
    group = "others: attends the summit"
    own, rival = (scores["coded", group, name]["score"] for name in (who, "persistence"))
    if own <= rival:
        return ""
    return f"For the other members persistence did better ({rival:.3f} against {own:.3f}). "


def _shipped_fingerprint(alliance: str) -> str | None:
    shipped = shipped_posterior(alliance)
    return shipped.fingerprint if shipped else None


def informed_line(design: Design, parameters: tuple[str, ...], carriers: tuple[str, ...]) -> str:
    """Say which of the parameters behind a result the record informs.

    Parameters
    ----------
    parameters
        All parameters of the model.
    carriers
        Numbers that carry the result.
    """
    if not isinstance(design, Posterior):
        return ""
    informed = [name for name in parameters if name in design.informed]
    left = [name for name in carriers if name in parameters and name not in design.informed]
    line = (
        f"The record informs {len(informed)} of the {len(parameters)} parameters "
        f"({', '.join(informed)}); the others stay at their prior"
    )
    return f"{line}, of those that carry cohesion here {', '.join(left)}." if left else f"{line}."
