"""A scenario in plain words: what the patron and the outside powers do, what befalls the members.

The numbers are read off the schedule that drives the worlds, so that what is told is what was
simulated.
"""

from __future__ import annotations

from dataclasses import replace
from math import isclose
from typing import TYPE_CHECKING, NamedTuple

from foedus.cases.months import format_month, month_in_words
from foedus.cases.scenario_format import (
    Clash,
    Confrontation,
    Crisis,
    DomesticChange,
    ForcedDecision,
    Statement,
)
from foedus.model.citations import without_references
from foedus.model.cohesion import Cohesion
from foedus.model.levers import DECISIONS, LEVERS, POLICIES, lever_named
from foedus.model.specifications import specification
from foedus.outcomes.phrases import counted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from foedus.cases.alliance import Alliance
    from foedus.cases.scenario import Scenario
    from foedus.cases.scenario_format import Event
    from foedus.cases.schedule import Schedule
    from foedus.cases.spans import LeverKey

    Path = tuple[float, ...]

MOST_STEPS = 4  # a lever that changes more often is told by its ends and the number of changes
MOST_EVENTS = 6  # more events than this are counted, and only the first are told
_GOVERNMENTS = {
    "new_government": "gets a new government",
    "same_government": "keeps its government",
}
#: What is done under each lever, told of whom it addresses. Of an outside power there is a verb for
#: one and a verb for several.
_DOES: dict[str, str] = {
    "pressure": "{patron} presses {member}",
    "restraint": "{patron} shows restraint towards {member}",
    "enforcement": "The alliance enforces its rules on {member}",
    "bandwidth": "What {patron} can spare for its allies",
    "threat": "Crises of {member}",
    "normalisation": "{power} {normalises} relations with {member}",
    "outreach": "{power} {reaches} out to {member}",
    "dependence": "Share of the bloc of {patron} in the trade of {member} with it and its rival",
    "adversary_ties": "Ties of {patron} to the state that threatens {member}",
}
#: Ends of names of states and unions that have "the" before them.
_WITH_ARTICLE = ("Union", "States", "Kingdom", "Emirates", "Republic", "Federation")
_VERBS = {"normalises": ("normalises", "normalise"), "reaches": ("reaches", "reach")}


def plan(scenario: Scenario) -> tuple[str, ...]:
    """Tell a scenario in plain words, a sentence each.

    What the scenario sets itself comes first, then what happens, what is given and what was set by
    hand; then what it has from the scenario that it extends; last what is as the alliance file has
    it.

    Parameters
    ----------
    scenario
        Any scenario. One that was read back from a result extends nothing, and is told whole.
    """
    own, inherited = _levers(scenario)
    return (
        _frame(scenario),
        *(f"{line}." for line in own),
        *_policy(scenario),
        *_events(scenario),
        *_by_hand(scenario),
        *_weights(scenario),
        *_inherited(scenario, inherited),
        _left(scenario),
    )


def _month(month: int) -> str:
    return month_in_words(format_month(month))


def _frame(scenario: Scenario) -> str:
    alliance = scenario.alliance
    return (
        f"{alliance.title}, {_month(scenario.start)} to {_month(scenario.end)}, "
        f"from where it stood at the end of {_month(alliance.date)}. Numbers go from 0 "
        "(not at all) to 1 (in full)."
    )


# ---------------------------------------------------------------------------------------------
# A path as steps


class Step(NamedTuple):
    """A value that holds from one month to another, both included.

    Attributes
    ----------
    first, last
        Places in the path.
    value
        The value in the last month.
    before
        The value from which it is reached.
    ramp
        Months, from ``first`` on, in which it is reached in equal strides; 1 if at once.
    """

    first: int
    last: int
    value: float
    before: float
    ramp: int = 1

    @property
    def stride(self) -> float:
        """Change from month to month of the ramp."""
        return (self.value - self.before) / self.ramp


def steps(path: Path) -> tuple[Step, ...]:
    """Return a path, a value a month, as the steps in which it goes."""
    found: list[Step] = []
    for place, value in enumerate(path):
        last = found[-1] if found else Step(0, 0, value, value)
        if not found or (value != last.value and not _goes_on(found, value)):
            found.append(Step(place, place, value, last.value))
        elif value == last.value:
            found[-1] = last._replace(last=place)
        else:
            found[-1] = last._replace(last=place, value=value, ramp=last.ramp + 1)
    return _from_the_start(found)


def _goes_on(found: Sequence[Step], value: float) -> bool:
    """Whether a value goes on with the ramp of the last step, which has not ended yet."""
    last = found[-1]
    is_ramp = len(found) > 1 and last.last - last.first + 1 == last.ramp
    return is_ramp and isclose(value - last.value, last.stride, rel_tol=1e-6, abs_tol=1e-9)


def _from_the_start(found: list[Step]) -> tuple[Step, ...]:
    """Return steps with a ramp that begins in the first month as one step, not as two."""
    if len(found) < 2 or found[0].last > 0 or found[1].ramp == 1:
        return tuple(found)
    first, second, *others = found
    begin = first.value - second.stride
    if begin < -1e-9:
        return tuple(found)
    return (second._replace(first=0, before=begin, ramp=second.ramp + 1), *others)


# ---------------------------------------------------------------------------------------------
# Levers


def _levers(scenario: Scenario) -> tuple[list[str], list[str]]:
    """Tell the levers that the scenario sets itself, and those it has from what it extends."""
    alliance, paths = scenario.alliance, _paths(scenario)
    if scenario.parent is not None:
        frame = {"start": scenario.start, "horizon": scenario.horizon, "alliance": alliance}
        before = _paths(replace(scenario.parent, **frame), paths)  # type: ignore[arg-type]
    else:
        before = {key: _idle(alliance, key) * len(path) for key, path in paths.items()}
    own = {key: path for key, path in paths.items() if path != before[key]}
    inherited = {
        key: path
        for key, path in paths.items()
        if key not in own and set(path) != {*_idle(alliance, key)}
    }
    return list(_told(scenario, own)), list(_told(scenario, inherited))


def _paths(scenario: Scenario, keys: Iterable[LeverKey] | None = None) -> dict[LeverKey, Path]:
    """Return the value month by month of each lever that is set, as the schedule has it."""
    schedule = replace(scenario, events=()).schedule  # without what events add for a month
    wanted = scenario.levers if keys is None else keys
    return {key: _path(scenario.alliance, schedule, key) for key in wanted}


def _path(alliance: Alliance, schedule: Schedule, key: LeverKey) -> Path:
    name, power, member = key
    if name == "bandwidth":
        return tuple(drivers.bandwidth for drivers in schedule.scripted[0])
    place = alliance.members.index(member)
    if power is not None and power not in alliance.members:
        return {**schedule.outreach, **schedule.normalisation}[power][place]
    months = schedule.scripted[place]
    if name in _KEPT:
        own, kept = alliance.value(f"{member}.{name}"), _KEPT[name]
        return tuple(
            getattr(one, f"{kept}_keep") * own + getattr(one, f"{kept}_set") for one in months
        )
    driver = "dispute" if power else name  # normalisation between two members closes their dispute
    return tuple(getattr(one, driver) for one in months)


#: Levers whose own value is kept or set, with the beginning of the names of their drivers.
_KEPT = {"dependence": "dependence", "adversary_ties": "ties"}


def _idle(alliance: Alliance, key: LeverKey) -> Path:
    """Return a lever's value where it is not set, as a path of one month."""
    name, power, member = key
    if power in alliance.members:
        pairs = ((power, member), (member, power))
        return (max(alliance.disputes.get(pair, 0.0) for pair in pairs),)
    default = lever_named(name).default
    return (alliance.value(f"{member}.{name}") if default is None else default,)


def _told(scenario: Scenario, paths: dict[LeverKey, Path]) -> Iterator[str]:
    """Tell some levers; those of the same path towards the same members, or by the same, in one."""
    alliance = scenario.alliance
    for lever in LEVERS:
        alike: dict[Path, dict[str, tuple[str | None, ...]]] = {}
        for (name, power, member), path in paths.items():
            if name == lever.name:
                by_member = alike.setdefault(path, {})
                by_member[member] = (*by_member.get(member, ()), power)
        for path, by_member in alike.items():
            groups: dict[tuple[str | None, ...], list[str]] = {}
            for member, powers in by_member.items():
                groups.setdefault(powers, []).append(member)
            for powers, members in groups.items():
                who = _who(alliance, lever.name, powers, members)
                course = _course(path, scenario.start, _scale(lever.name, powers, alliance))
                keys = [(lever.name, power, member) for power in powers for member in members]
                yield f"{who}: {course}{_on_command(scenario, keys)}"


def _who(
    alliance: Alliance, lever: str, powers: tuple[str | None, ...], members: Sequence[str]
) -> str:
    """Say who does what to whom under a lever."""
    names = {code: _with_article(name) for code, name in alliance.names.items()}
    acting = [names[power] for power in powers if power is not None]
    whom = [names[code] for code in members]
    if _is_dispute(lever, powers, alliance):
        return f"The dispute of {listed(sorted([*acting, *whom]))}"
    everybody = len(members) == len(alliance.members) > 2
    text = _DOES[lever].format(
        patron=names[alliance.patron],
        power=listed(acting),
        member="every client" if everybody else listed(whom),
        **{verb: forms[len(acting) > 1] for verb, forms in _VERBS.items()},
    )
    return text[:1].upper() + text[1:]


def _is_dispute(lever: str, powers: Iterable[str | None], alliance: Alliance) -> bool:
    """Whether a lever is normalisation between two members, which closes their dispute."""
    return lever == "normalisation" and any(power in alliance.members for power in powers)


def _with_article(name: str) -> str:
    return f"the {name}" if name.endswith(_WITH_ARTICLE) else name


def _on_command(scenario: Scenario, keys: Iterable[LeverKey]) -> str:
    """Say that levers were set on the command line, if they were."""
    spans = (span for key in keys for span in scenario.levers.get(key, ()))
    is_set = any(span.origin.file.startswith("--set") for span in spans)
    return " (set on the command line)" if is_set else ""


def listed(words: Sequence[str]) -> str:
    """Write words as a list: ``Armenia, Belarus and Kazakhstan``."""
    return " and ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))


class Scale(NamedTuple):
    """Words for 0 and 1 on the scale of a lever, and what follows any other value."""

    none: str = "not at all"
    full: str = "in full"
    unit: str = ""

    def told(self, value: float) -> str:
        """Write a value."""
        if value in (0.0, 1.0):
            return (self.none, self.full)[int(value)]
        return f"{number(value)} {self.unit}".rstrip()


_SHARE = Scale()
_SCALES = {
    "threat": Scale("none but those told here", "as the alliance file has them", "times as many"),
    "dependence": Scale("0", "1"),
    "adversary_ties": Scale("none", "the closest"),
    "bandwidth": Scale("nothing", "all"),
}


def _scale(lever: str, powers: Iterable[str | None], alliance: Alliance) -> Scale:
    if _is_dispute(lever, powers, alliance):
        return Scale("settled", "wide open")
    return _SCALES.get(lever, _SHARE)


def _course(path: Path, start: int, scale: Scale) -> str:
    """Tell a path: ``.8 until June 2026; not at all from July 2026 on``."""
    found = steps(path)
    if len(found) > MOST_STEPS:
        least, most, last = (scale.told(value) for value in (min(path), max(path), path[-1]))
        return f"changes {len(found) - 1} times between {least} and {most}, at the end {last}"
    return "; ".join(_step(step, start, len(path), scale) for step in found)


def _step(step: Step, start: int, horizon: int, scale: Scale) -> str:
    text = f"{scale.told(step.value)}{_when(step, start, horizon)}"
    if step.ramp == 1:
        return text
    way = "rising" if step.value > step.before else "falling"
    return f"{text}, {way} from {number(step.before)} over the first {step.ramp} months"


def _when(step: Step, start: int, horizon: int) -> str:
    first, last = _month(start + step.first), _month(start + step.last)
    is_last = step.last == horizon - 1
    if step.first == 0:
        return "" if is_last else f" until {last}"
    if is_last:
        return f" from {first} on"
    return f" in {first}" if first == last else f" from {first} to {last}"


def number(value: float) -> str:
    """Write a number in at most two decimals, without a zero before the point: ``.85``."""
    text = f"{round(value, 2) + 0.0:g}" if abs(value) >= 0.005 else f"{value + 0.0:.1g}"
    return text.replace("0.", ".", 1) if text.lstrip("-").startswith("0.") else text


# ---------------------------------------------------------------------------------------------
# Policy, events, numbers, and what is left


def _policy(scenario: Scenario) -> Iterator[str]:
    if scenario.policy != "fixed":
        patron = scenario.alliance.names[scenario.alliance.patron]
        yield f"{patron} adapts: {without_references(POLICIES[scenario.policy])}."


def _events(scenario: Scenario) -> Iterator[str]:
    script = sorted(
        scenario.script, key=lambda item: (_is_of_government(item.event), item.event.date)
    )
    for item in script[:MOST_EVENTS]:
        event = item.event
        given = "Given, " if _is_of_government(event) else ""
        told = _event(scenario.alliance, event)
        yield f"{given}{month_in_words(event.date)}: {told}."
    if len(script) > MOST_EVENTS:
        yield f"{len(script) - MOST_EVENTS} more events follow; foedus show lists them."


def _is_of_government(event: Event) -> bool:
    return isinstance(event, ForcedDecision) and event.decision in _GOVERNMENTS


def _event(alliance: Alliance, event: Event) -> str:
    """Tell an event, without its month."""
    member, patron = alliance.names[event.member], alliance.names[alliance.patron]
    if isinstance(event, Crisis):
        helps = f"{patron} decides how far it helps"
        if event.support is not None:
            helps = f"{patron} helps {_SHARE.told(event.support)}"
        return f"{member} is in a crisis and invokes the treaty; {helps}"
    if isinstance(event, Clash):
        return f"{member} and {alliance.names[event.rival]} fight each other"
    if isinstance(event, Confrontation):
        told = f"{patron} and the partners clash openly over {member}"
        return f"{told}, {_SHARE.told(event.severity)}, for {counted(event.months, 'month')}"
    return _word(event, member, patron)


def _word(event: DomesticChange | Statement | ForcedDecision, member: str, patron: str) -> str:
    """Tell an event that is no fighting."""
    if isinstance(event, DomesticChange):
        way = "closer to" if event.change > 0 else "further from"
        return f"a new government in {member} is {number(abs(event.change))} {way} {patron}"
    if isinstance(event, Statement):
        way = "threatens" if event.tone < 0 else "assures"
        return f"{patron} {way} {member} in public for a month, {_SHARE.told(abs(event.tone))}"
    until = f", until {month_in_words(event.to)}" if event.to else ""
    if event.decision in _GOVERNMENTS:
        return f"{member} {_GOVERNMENTS[event.decision]}{until}"
    return f"{member} {DECISIONS[event.decision].meaning}, whatever the luck{until}"


def _by_hand(scenario: Scenario) -> Iterator[str]:
    if scenario.parameters:
        told = "; ".join(
            f"{key} {value} ({_meaning(scenario, key)})" for key, value in scenario.by_hand.items()
        )
        yield f"Set by hand, the same in every world: {told}."


def _meaning(scenario: Scenario, key: str) -> str:
    numbers = scenario.alliance.numbers
    return numbers[key].quantity.meaning if key in numbers else specification(key).meaning


def _weights(scenario: Scenario) -> Iterator[str]:
    if scenario.weighting == "capability":
        yield "In cohesion each client counts by its capability."
    if len(set(scenario.weights)) > 1:
        told = ", ".join(
            f"{name.replace('_', ' ')} {number(weight)}"
            for name, weight in zip(Cohesion._fields, scenario.weights, strict=True)
        )
        yield f"Weights in cohesion: {told}."


def _inherited(scenario: Scenario, told: Sequence[str]) -> Iterator[str]:
    if scenario.parent is not None and told:
        lines = (
            line.replace("The ", "the ", 1) if line.startswith("The ") else line for line in told
        )
        yield f"As in {scenario.parent.name}: {'; '.join(lines)}."


def _left(scenario: Scenario) -> str:
    """Say what is as the alliance file has it."""
    alliance = scenario.alliance
    patron, touched = alliance.names[alliance.patron], {key[0] for key in scenario.levers}
    spared = _SCALES["bandwidth"].told(alliance.value(f"{alliance.patron}.bandwidth"))
    left = {
        "bandwidth": f"what {patron} can spare for its allies ({spared})",
        "threat": "how often crises come",
        "dependence": "trade",
        "adversary_ties": f"ties of {patron} to the states that threaten members",
    }
    told = [text for lever, text in left.items() if lever not in touched]
    done = "Nothing else is done" if touched or scenario.script else "Nothing is done"
    left_alone = listed([*told, "when elections are due"])
    return f"{done} to anybody; as the alliance file has it: {left_alone}."
