"""What elections and successions decide, in sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from foedus.cases.months import month_in_words
from foedus.outcomes.finding import of_100
from foedus.outcomes.governments import FEW
from foedus.views.tables import percent

if TYPE_CHECKING:
    from collections.abc import Iterator


def government_lines(summary: dict[str, Any], names: dict[str, str]) -> Iterator[str]:
    """Yield sentences on each election of the calendar whose outcome matters for the member.

    An election for which so many worlds show no difference in taking part gets none; a last line
    names them all.

    Parameters
    ----------
    summary
        Of one scenario.
    names
        Full names by code.
    """
    idle = []
    for code, outcome in summary["members"].items():
        for month, found in outcome["governments"].items():
            if decides(found["difference"]):
                yield " ".join(_sentences(names[code], code, month, found, summary["horizon"]))
            else:
                idle.append(f"{names[code]} {month} ({100 * found['chance']:g} %)")
    if idle:
        yield (
            "Elections and successions, with the chance of a new government, for which so many "
            f"worlds show no difference in whether the member takes part: {', '.join(idle)}."
        )


GOVERNMENT_HEADER = ("election or succession", "chance", "changed", "stayed")


def government_rows(
    summary: dict[str, Any], names: dict[str, str], most: int
) -> list[tuple[str, ...]]:
    """Return a row for each election that matters for its member, the weightiest first.

    It tells the chance that is given to a new government, and in how many of 100 worlds the member
    takes part at the horizon if there is one, and if not.

    Parameters
    ----------
    summary, names
        As for :func:`government_lines`.
    most
        How many rows at most.
    """
    found = [
        (code, month, one)
        for code, outcome in summary["members"].items()
        for month, one in outcome["governments"].items()
        if decides(one["difference"])
    ]
    found.sort(key=lambda item: -abs(item[2]["difference"]["value"]))
    return [
        (
            f"{names[code]}, {month_in_words(month)}",
            f"{100 * one['chance']:g} % ({one['evidence']})",
            *(of_100(one[branch]["takes_part"]["value"]) for branch in ("changed", "stayed")),
        )
        for code, month, one in found[:most]
    ]


def decides(difference: dict[str, Any]) -> bool:
    """Whether what an election decides is told from nothing.

    Parameters
    ----------
    difference
        In taking part, with its interval, as plain data.
    """
    if difference["value"] is None:
        return False
    return bool(difference["low"] > 0.0 or difference["high"] < 0.0)


def _sentences(
    name: str, code: str, month: str, found: dict[str, Any], horizon: str
) -> Iterator[str]:
    yield (
        f"{name} has an election or succession in {month}; a new government is given "
        f"{100 * found['chance']:g} % ({found['evidence']}: {found['source']}; foedus why "
        f"{code}.election.{month})."
    )
    yield (
        f"If it comes, {name} takes part in {horizon} in {_share(found['changed'])} of "
        f"worlds; if not, in {_share(found['stayed'])}; over all, in {_share(found['overall'])}."
    )
    close, distant = found["close"], found["distant"]
    if close is not None and close["worlds"] and distant["worlds"]:
        share = close["worlds"] / found["changed"]["worlds"]
        yield (
            f"Of the new governments {100 * share:.0f} % are close to the patron (above one half): "
            f"under these it takes part in {_share(close)}, under the others in {_share(distant)}."
        )


def _share(branch: dict[str, Any]) -> str:
    """Write a share of worlds with its interval, and how many there are where they are few."""
    few = f" (only {branch['worlds']} worlds)" if branch["worlds"] < FEW else ""
    return f"{percent(branch['takes_part'])}{few}"
