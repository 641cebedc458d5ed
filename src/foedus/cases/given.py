"""Results on condition that a government changes, or stays: ``ARM government changes 2026-06``.

Whether a government changes in a month is decided by luck alone (``governed`` in
``model/order.py``). The chance comes from the calendar of elections and successions and from the
parameter ``government_rate``; it depends on no state of the member or of the alliance, and the luck
is used for nothing else. So the worlds in which the government happens to change are, but for that,
like all others, and each of them is to the bit the world that has the change scripted. Therefore
the chance of an outcome, given the change, is its chance in a run in which the decision
``new_government`` is scripted in that month, and given that the government stays, in a run with
``same_government``. Such a run is better than picking worlds out of another: all of its worlds
count.

One thing differs. Where ``government_rate`` is drawn world by world, a change makes a high rate
likelier, while a scripted change leaves the draws as they are. In a month of the calendar, whose
own chance is much larger, this makes no difference that could be seen.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from foedus.cases.months import format_month, parse_month
from foedus.cases.names import renamed
from foedus.cases.scenario_format import DomesticChange, ForcedDecision
from foedus.cases.spans import Origin, ScriptedEvent
from foedus.errors import Problem, ScenarioError, nearest

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from foedus.cases.alliance import Alliance
    from foedus.cases.scenario import Scenario

OPTION = "--given"
#: What can be given, with the decision that is scripted for it.
BRANCHES = {"changes": "new_government", "stays": "same_government"}
_TOLD = {"new_government": "gets a new government", "same_government": "keeps its government"}
_SUFFIX = {"new_government": "new", "same_government": "same"}
_FORM = re.compile(r"\s*(\S.*?)\s+government\s+(\S+)\s+(?:in\s+)?(\S+)\s*", re.IGNORECASE)


def apply_given(scenario: Scenario, given: Sequence[str]) -> Scenario:
    """Return a scenario on condition that governments change or stay in some months.

    The condition is scripted as a decision, see the module for why that is the same. Name and title
    say what is given, so that both branches can be compared with each other and with the scenario.

    Parameters
    ----------
    given
        Texts such as ``ARM government changes 2026-06`` or ``ARM government stays 2026-06``; a
        member by its code or name.

    Raises
    ------
    ScenarioError
        With a sentence for every text that cannot be given.
    """
    problems: list[Problem] = []
    for text in (given,) if isinstance(given, str) else given:
        try:
            scenario = _on_condition(scenario, text)
        except ValueError as error:
            problems.append(Problem(OPTION, 0, text, str(error)))
    if problems:
        raise ScenarioError(problems)
    return scenario


def conditions(scenario: Scenario) -> tuple[str, ...]:
    """Return what is given of governments in a scenario, such as ``Armenia keeps its government``.

    That includes what its file scripts, which is a condition as well.
    """
    return tuple(
        _told(scenario.alliance, item.event)
        for item in scenario.script
        if isinstance(item.event, ForcedDecision) and item.event.decision in _TOLD
    )


def _on_condition(scenario: Scenario, text: str) -> Scenario:
    """Return a scenario with one condition; raise ValueError if it cannot be given."""
    event = _read(scenario, text)
    if reason := _refusal(scenario, event):
        raise ValueError(reason)
    scripted = ScriptedEvent(event, Origin(f"{OPTION} {text}", 0))
    suffix = f"{event.member}_{_SUFFIX[event.decision]}_{event.date.replace('-', '_')}".lower()
    joint = " and that " if conditions(scenario) else ", given that "
    changed = replace(scenario, events=(*scenario.events, scripted))
    return renamed(changed, suffix, f"{joint}{_told(scenario.alliance, event)}")


def _read(scenario: Scenario, text: str) -> ForcedDecision:
    """Read a condition; raise ValueError if it is none, or not of this scenario."""
    match = _FORM.fullmatch(text)
    if match is None:
        message = "Write MEMBER government changes YYYY-MM, or stays instead of changes."
        raise ValueError(message)
    who, branch, month = match.groups()
    if branch.lower() not in BRANCHES:
        message = f"A government changes or stays; it cannot '{branch}'{nearest(branch, BRANCHES)}"
        raise ValueError(message)
    number = parse_month(month)
    if not scenario.start <= number <= scenario.end:
        message = (
            f"{month} lies outside the scenario, which runs from {format_month(scenario.start)} to "
            f"{format_month(scenario.end)}; give a month within it, or a longer --horizon."
        )
        raise ValueError(message)
    return ForcedDecision(
        event="decision",
        date=month,
        member=_member(scenario.alliance, who),
        decision=BRANCHES[branch.lower()],
        source=f"condition of the run: {text.strip()}"[:1000],
    )


def _member(alliance: Alliance, who: str) -> str:
    """Return the code of a client that is given by code or name; raise ValueError if none."""
    for code in alliance.members:
        if who.lower() in (code.lower(), alliance.names[code].lower()):
            return code
    if who in (alliance.patron, alliance.names[alliance.patron]):
        message = f"{who} is the patron, whose government is not in the model; name a client: "
        raise ValueError(message + f"{', '.join(alliance.members)}.")
    message = f"{who} is no client of this alliance{nearest(who, alliance.members)}"
    raise ValueError(message)


def _refusal(scenario: Scenario, event: ForcedDecision) -> str | None:
    """Say why a condition cannot be given: it is scripted already, or impossible; else None."""
    month, member = parse_month(event.date), event.member
    for item in scenario.events:
        if (member, month) in _governments(item):
            return (
                f"The government of {member} in {event.date} is already scripted at "
                f"{item.origin.exact}; keep one."
            )
    chance, _ = scenario.alliance.elections(member).get(month, (0.0, None))
    if event.decision == "same_government" and chance >= 1.0:
        return (
            f"The government of {member} cannot stay in {event.date}: its change is certain there. "
            f"Lower that first, as in --set {member}.election.{event.date}=0.5."
        )
    if event.decision == "new_government" and chance <= 0.0 and _is_impossible(scenario):
        return (
            f"The government of {member} cannot change in {event.date}: government_rate is 0, and "
            "no election or succession that could change it falls in that month."
        )
    return None


def _is_impossible(scenario: Scenario) -> bool:
    """Whether governments cannot change outside the calendar."""
    return scenario.parameters.get("government_rate") == 0.0


def _governments(item: ScriptedEvent) -> Iterator[tuple[str, int]]:
    """Yield each (member, month) in which an event decides on the government."""
    event = item.event
    month = parse_month(event.date)
    if isinstance(event, DomesticChange):
        yield event.member, month
    elif isinstance(event, ForcedDecision) and event.decision in _TOLD:
        last = parse_month(event.to) if event.to else month
        yield from ((event.member, covered) for covered in range(month, last + 1))


def _told(alliance: Alliance, event: ForcedDecision) -> str:
    when = f"in {event.date}" if event.to is None else f"from {event.date} to {event.to}"
    return f"{alliance.names[event.member]} {_TOLD[event.decision]} {when}"
