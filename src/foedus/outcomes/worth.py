"""How well the model has forecast the past, in one line to be shown beside every forecast."""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Any

from foedus.cases.shipped import shipped_file
from foedus.defaults import ALLIANCE
from foedus.worlds.posterior import Posterior, shipped_posterior

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Mapping, Sequence

    from foedus.worlds.openings import Design

ALL = "all members"  # label of a group of scores
BEHIND = "calibration does not beat the uncalibrated prior"
UNKNOWN = "one origin cannot tell whether calibration beats the uncalibrated prior"
NONE = "No hindcast is on file for this alliance: nothing tells what such a forecast is worth."


@cache
def shipped_hindcast(alliance: str = ALLIANCE) -> dict[str, Any] | None:
    """Return the hindcast scores that are shipped with foedus for an alliance, or None."""
    path = shipped_file(f"hindcast_{alliance}.json")
    return json.loads(path.read_text(encoding="utf-8")) if path else None


def skill_line(alliance: str, design: Design) -> str:
    """Return a line with the model's hindcast scores beside those of the simple forecasters.

    It also says that the scores rest on one case.

    Parameters
    ----------
    alliance
        Name of the alliance.
    design
        Where the numbers of the worlds come from: a posterior is given the scores of the calibrated
        model, anything else those of the prior.
    """
    found = shipped_hindcast(alliance)
    if found is None:
        return NONE
    scores = {(row["drivers"], row["group"], row["forecaster"]): row for row in found["scores"]}
    member = found["member"]
    who = "model" if isinstance(design, Posterior) else "prior"

    def row(group: str, forecaster: str) -> dict[str, Any]:
        found: dict[str, Any] = scores["coded", f"{member}: {group}", forecaster]
        return found

    def value(group: str, forecaster: str) -> str:
        return _three(row(group, forecaster)["score"])

    def bracketed(group: str) -> str:
        own = row(group, who)
        return f"{_three(own['score'])} [{_three(own['low'])}, {_three(own['high'])}]"

    events, surveys = (row(group, "model")["forecasts"] for group in ("all events", "trust"))
    line = (
        f"Hindcast of {found['name']}, one year ahead from {len(found['origins'])} year-ends with "
        f"the drivers that came: Brier {bracketed('all events')} over {events} events "
        f"(persistence {value('all events', 'persistence')}, coin {value('all events', 'coin')}"
    )
    if who == "model":
        line += f", uncalibrated prior {value('all events', 'prior')}"
    line += (
        f"), CRPS {bracketed('trust')} over {surveys} surveys of trust (linear trend "
        f"{value('trust', 'linear trend')}, refusal rule {value('trust', 'refusal rule')}). "
        "Brackets: 90 %, by bootstrap over year-ends. "
    )
    groups = {"all events": "events", "trust": "surveys of trust"}
    lost = [
        words
        for group, words in groups.items()
        if who == "model" and row(group, "model")["score"] >= row(group, "prior")["score"]
    ]
    if lost:
        line += f"On {' and '.join(lost)} calibration does not beat the uncalibrated prior. "
    line += f"{_others(scores, who)}{_years_ahead(found, who)}One case: it validates little."
    if isinstance(design, Posterior) and design.fingerprint != _shipped_fingerprint(alliance):
        line += (
            " These scores are of the posterior that comes with foedus, not of the one used here."
        )
    return line


def skill_in_short(alliance: str, design: Design) -> str:
    """Return one sentence, without full stop, on the model's hindcast.

    Parameters
    ----------
    alliance, design
        As for :func:`skill_line`.
    """
    found = shipped_hindcast(alliance)
    if found is None:
        return NONE.removesuffix(".")
    who = "model" if isinstance(design, Posterior) else "prior"
    rows = {
        row["forecaster"]: row
        for row in found["scores"]
        if (row["drivers"], row["group"]) == ("coded", f"{found['member']}: all events")
    }
    own, prior = rows[who], rows["prior"]
    line = (
        f"One case: Brier score {_three(own['score'])} on {own['forecasts']} past events of "
        f"{found['name']} (a coin {_three(rows['coin']['score'])}, best 0)"
    )
    if who == "prior":
        return line
    return f"{line}, {'' if beats(prior) else 'not surely '}better than uncalibrated"


def _three(score: float) -> str:
    """Write a score with three decimals and no zero before the point."""
    return f"{score:.3f}".removeprefix("0")


def _others(scores: dict[Any, Any], who: str) -> str:
    """Return a sentence if persistence did better than the model for the other members, else ""."""
    group = "others: attends the summit"
    own, rival = (scores["coded", group, name]["score"] for name in (who, "persistence"))
    if own <= rival:
        return ""
    return f"For the other members persistence did better ({rival:.3f} against {own:.3f}). "


def _years_ahead(found: dict[str, Any], who: str) -> str:
    """Return what is known of forecasts several years ahead, or "" if none were scored.

    It gives the score of the other members, and says for whom else calibration does not help.
    """
    ahead = found.get("five_years")
    if ahead is None:
        return ""
    group = f"{ALL} but {found['member']}"
    rows = {row["forecaster"]: row for row in ahead["scores"] if row["group"] == group}
    own, prior = rows[who], rows["prior"]
    line = (
        f"Up to {ahead['years']} years ahead, for the other members: Brier {_three(own['score'])}"
        f"{_bracket(own['low'], own['high'])}"
    )
    if who != "model":
        return f"{line}. "
    gain = f"gain {prior['gain']:+.3f}{_signed(prior)}"
    chance = "" if beats(prior) else ", no more than chance"
    line += f", uncalibrated prior {_three(prior['score'])} ({gain}{chance}). "
    names = {ALL: "all members together", found["member"]: found["name"]}
    kept = {row["group"]: row for row in ahead["scores"] if row["forecaster"] == "prior"}
    behind = [f"for {words}" for name, words in names.items() if not beats(kept[name])]
    return f"{line}No gain beyond chance {' and '.join(behind)}. " if behind else line


def _bracket(low: float | None, high: float | None) -> str:
    return "" if low is None or high is None else f" [{_three(low)}, {_three(high)}]"


# ---------------------------------------------------------------------------------------------
# Whether calibration helps


def beats(row: Mapping[str, Any]) -> bool:
    """Whether the model beats a forecaster by more than chance.

    Parameters
    ----------
    row
        A row of hindcast scores; its bracket of the gain over the forecaster must lie above 0.
    """
    low = row["gain_low"]
    return low is not None and low > 0.0


def verdicts(scores: Iterable[Mapping[str, Any]], drivers: str) -> list[str]:
    """Return a sentence for each group in which calibration does not beat the uncalibrated prior.

    With one origin there is no bracket, and the sentence says that it cannot be told.

    Parameters
    ----------
    scores
        Rows of hindcast scores, as plain data.
    drivers
        The kind of drivers that is looked at.
    """
    return [
        f"{row['group']}: {UNKNOWN if row['gain_low'] is None else BEHIND} "
        f"(gain {row['gain']:+.3f}{_signed(row)})."
        for row in scores
        if (row["drivers"], row["forecaster"]) == (drivers, "prior") and not beats(row)
    ]


def _signed(row: Mapping[str, Any]) -> str:
    """Return the bracket of a gain, or "" if there is none."""
    low, high = row["gain_low"], row["gain_high"]
    return "" if low is None else f" [{low:+.3f}, {high:+.3f}]"


def with_years_ahead(found: dict[str, Any], ahead: Mapping[str, Any]) -> dict[str, Any]:
    """Return hindcast scores to ship, with the pooled ones of several years ahead beside them.

    Parameters
    ----------
    found
        Scores one year ahead, as plain data.
    ahead
        Scores several years ahead of the same record, as plain data.
    """
    groups = (ALL, f"{ALL} but {found['member']}", found["member"])
    rows = [row for row in ahead["scores"] if row["drivers"] == "coded" and row["group"] in groups]
    about = {
        name: ahead[name] for name in ("years", "record", "origins", "draws", "worlds", "seed")
    }
    return {**found, "five_years": {**about, "scores": rows}}


def _shipped_fingerprint(alliance: str) -> str | None:
    shipped = shipped_posterior(alliance)
    return shipped.fingerprint if shipped else None


def informed_line(
    design: Design,
    parameters: tuple[str, ...],
    carriers: tuple[str, ...],
    by_hand: Container[str] = (),
) -> str:
    """Return a line that says which parameters of a result the record informs.

    Parameters
    ----------
    design
        Where the numbers come from; empty text if it is no posterior.
    parameters
        Names of all parameters of the model.
    carriers
        Names of the numbers whose value moves cohesion by more than chance does.
    by_hand
        Names of the numbers that were set by hand, on which the record has no say.
    """
    if not isinstance(design, Posterior):
        return ""
    fixed = [name for name in parameters if name in by_hand]
    informed = [name for name in parameters if name in design.informed and name not in fixed]
    left = [name for name in carriers if name in parameters and name not in design.informed]
    line = (
        f"The record informs {len(informed)} of the {len(parameters)} parameters "
        f"({', '.join(informed)}); "
    )
    line += f"{', '.join(fixed)} {_is(fixed)} set by hand; " if fixed else ""
    line += "the others stay at their prior"
    return f"{line}, of those that carry cohesion here {', '.join(left)}." if left else f"{line}."


def _is(names: Sequence[str]) -> str:
    return "is" if len(names) == 1 else "are"
