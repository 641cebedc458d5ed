"""From scenario documents to resolved scenarios: inheritance, levers, events, numbers."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from foedus.cases.alliance_reader import load_alliance
from foedus.cases.documents import Document, KeyPath, find_document
from foedus.cases.months import format_month, month_of_year, parse_month
from foedus.cases.scenario import Scenario, bare_scenario, parameter_refusal
from foedus.cases.scenario_format import (
    CLEAR,
    EVENTS,
    MAX_HORIZON,
    SPANS,
    Clash,
    CohesionModel,
    Crisis,
    Event,
    ForcedDecision,
    ScenarioFile,
)
from foedus.cases.shipped import locate, shipped_scenarios
from foedus.cases.spans import LeverKey, Origin, ScriptedEvent, Span, dated_spans, dotted_key
from foedus.cases.validation import attempt, validate
from foedus.defaults import ALLIANCE
from foedus.errors import InputError, Problem, ScenarioError, nearest
from foedus.model.cohesion import Cohesion
from foedus.model.levers import DECISIONS, LEVERS, POLICIES, Lever

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from foedus.cases.alliance import Alliance

MAX_LINEAGE = 16  # scenarios that extend one another


def resolve_file(
    reference: str, base: Path | None = None, chain: tuple[Path, ...] = ()
) -> Scenario:
    """Read a scenario file and all that it extends.

    Parameters
    ----------
    reference
        Path, or bare name of a shipped scenario.
    base
        Directory against which a relative path is read.
    chain
        Paths of the files by which it is extended, to find circles.

    Raises
    ------
    ScenarioError
        With every problem of the file and of those that it extends.
    """
    document, path = find_document(reference, "scenario", shipped_scenarios(), ScenarioError, base)
    return Resolver(document, path.resolve(), chain).scenario()


class Resolver:
    """Turns a scenario document into a :class:`Scenario`, collecting problems on the way.

    Parameters
    ----------
    document
        The scenario file as plain data.
    path
        Where it lies; files that it names are looked for beside it.
    chain
        Paths of the files by which it is extended, to find circles.
    """

    def __init__(self, document: Document, path: Path, chain: tuple[Path, ...]) -> None:
        self.document = document
        self.path = path
        self.chain = (*chain, path)
        self.problems: list[Problem] = list(document.problems)
        self.cleared: dict[str, Origin] = {}

    def scenario(self) -> Scenario:
        """Return the resolved scenario; raise ScenarioError with every problem found."""
        model, problems = validate(ScenarioFile, self.document)
        self.problems += problems
        parent = self._parent()
        base = parent or self._from_alliance()
        if base is None:
            raise ScenarioError(self.problems)
        resolved = self._resolve(base, parent)
        if self.problems or model is None:
            raise ScenarioError(self.problems)
        return resolved

    def _complain(self, path: KeyPath, message: str) -> None:
        self.problems.append(self.document.problem(path, message))

    def _origin(self, path: KeyPath) -> Origin:
        return Origin(self.document.file, self.document.line(path))

    def _text(self, key: str) -> str | None:
        value = self.document.data.get(key)
        return value if isinstance(value, str) else None

    def _month(self, key: str) -> int | None:
        text = self._text(key)
        try:
            return parse_month(text) if text else None
        except ValueError:
            return None

    def _parent(self) -> Scenario | None:
        """Load the scenario that this one extends; return None if it extends none."""
        reference = self._text("extends")
        if reference is None:
            return None
        found = locate(reference, shipped_scenarios(), self.path.parent)
        if found is not None and found[0].resolve() in self.chain:
            circle = " extends ".join(path.stem for path in (*self.chain, found[0]))
            self._complain(("extends",), f"The scenarios extend each other in a circle: {circle}.")
        elif len(self.chain) > MAX_LINEAGE:
            self._complain(("extends",), f"More than {MAX_LINEAGE} scenarios extend each other.")
        elif found is None:
            legal = nearest(reference, shipped_scenarios())
            self._complain(("extends",), f"There is no shipped scenario '{reference}'{legal}")
        else:
            try:
                return resolve_file(reference, self.path.parent, self.chain)
            except InputError as error:
                self.problems += error.problems
        raise ScenarioError(self.problems)

    def _from_alliance(self) -> Scenario | None:
        """Return the bare alliance as a scenario, or complain and return None."""
        reference = self._text("alliance") or ALLIANCE
        if self.document.data.get("start") is None:
            message = "The key 'start' is missing; write the first month as YYYY-MM, or extend a "
            self._complain((), message + "scenario that has one, as in 'extends: baseline'.")
        start = self._month("start")
        try:
            alliance = load_alliance(reference, start, self.path.parent)
        except InputError as error:
            self._blame_start(reference, error)
            return None
        return bare_scenario(alliance, self._portable(reference), start or alliance.date + 1)

    def _blame_start(self, reference: str, error: InputError) -> None:
        """Report why an alliance cannot be loaded, at the key ``start`` if that is the reason.

        It is the reason if the alliance can be loaded without a start: then it has no dated state
        shortly before that month.
        """
        try:
            load_alliance(reference, None, self.path.parent)
        except InputError:
            self.problems += error.problems
        else:
            self.problems += [
                self.document.problem(("start",), problem.message) for problem in error.problems
            ]

    def _portable(self, reference: str) -> str:
        """Return a reference by which the alliance is found from any directory: a full path."""
        found = locate(reference, {}, self.path.parent)
        return str(found[0].resolve()) if found else reference

    def _resolve(self, base: Scenario, parent: Scenario | None) -> Scenario:
        """Merge what this file sets into ``base``: the parent, or the bare alliance.

        The other methods take the outcome of the first step as ``frame``: the base with this
        scenario's alliance, start and horizon.
        """
        data = self.document.data
        if parent is not None and "alliance" in data:
            self._complain(
                ("alliance",), "The alliance is that of the scenario extended; take this key out."
            )
        start = self._month("start") or base.start
        alliance = base.alliance
        if parent is not None and start != base.start:
            try:
                alliance = load_alliance(base.alliance_reference, start)
                alliance = alliance.with_values(base.alliance_values)
            except InputError as error:
                self.problems += error.problems
        raw_horizon = data.get("horizon")
        legal = isinstance(raw_horizon, int) and 1 <= raw_horizon <= MAX_HORIZON
        horizon = int(raw_horizon) if legal and raw_horizon is not None else base.horizon
        frame = replace(base, alliance=alliance, start=start, horizon=horizon)
        levers = self._levers(frame)
        events = self._events(frame)
        parameters = self._parameters(frame)
        cohesion = attempt(CohesionModel, data.get("cohesion") or {}) or CohesionModel()
        weights = Cohesion(**cohesion.model_dump()["weights"])
        if sum(weights) <= 0:
            self._complain(("cohesion", "weights"), "At least one weight must be above 0.")
            weights = base.weights
        given_cohesion = "cohesion" in data
        policy = self._text("policy")
        scalars = ("title", "description", "start", "horizon", "policy", "alliance", "cohesion")
        own = {key: self._origin((key,)) for key in scalars if key in data}
        origins = {**base.origins, **own, **self.cleared}
        for key in parameters:
            origins[f"parameters.{key}"] = self._origin(("parameters", key))
        sources = data.get("sources") or ()
        name = self._text("name") or self.path.stem
        return replace(
            frame,
            name=name,
            title=self._text("title") or name,
            description=" ".join((self._text("description") or "").split()),
            sources=(sources,) if isinstance(sources, str) else tuple(map(str, sources)),
            policy=policy if policy in POLICIES else base.policy,
            levers={**base.levers, **levers},
            events=(*base.events, *events),
            parameters={**base.parameters, **parameters},
            alliance=alliance.with_values(
                {k: v for k, v in parameters.items() if k in alliance.numbers}
            ),
            weighting=cohesion.members if given_cohesion else base.weighting,
            weights=weights if given_cohesion else base.weights,
            origins=origins,
            lineage=(name, *base.lineage),
            parent=parent or base,
        )

    # Levers

    def _levers(self, frame: Scenario) -> dict[LeverKey, tuple[Span, ...]]:
        """Read the spans of every lever that this file sets."""
        raw = self.document.data.get("levers")
        result: dict[LeverKey, tuple[Span, ...]] = {}
        for name, content in raw.items() if isinstance(raw, dict) else ():
            lever = next((lever for lever in LEVERS if lever.name == name), None)
            if lever is None:
                continue
            path: KeyPath = ("levers", name)
            if lever.scope == "patron":
                key: LeverKey = (name, None, frame.alliance.patron)
                result |= self._laid(lever, content, path, frame, {key: frame.levers.get(key)})
            elif lever.scope == "member":
                result |= self._by_member(lever, None, content, path, frame)
            else:
                result |= self._by_power(lever, content, path, frame)
        return result

    def _by_power(
        self, lever: Lever, content: Any, path: KeyPath, frame: Scenario
    ) -> dict[LeverKey, tuple[Span, ...]]:
        codes = frame.alliance.powers_with(lever.scope)
        result: dict[LeverKey, tuple[Span, ...]] = {}
        for code, inner in content.items() if isinstance(content, dict) else ():
            if code not in codes:
                message = f"{code} is no {lever.scope} of this alliance{nearest(code, codes)}"
                self._complain((*path, code), message)
                continue
            result |= self._by_member(lever, code, inner, (*path, code), frame)
        return result

    def _by_member(
        self, lever: Lever, power: str | None, content: Any, path: KeyPath, frame: Scenario
    ) -> dict[LeverKey, tuple[Span, ...]]:
        if not isinstance(content, dict):
            return {}
        result: dict[LeverKey, tuple[Span, ...]] = {}
        named: dict[str, str] = {}
        # "all" comes first, so that a member named beside it has its own value.
        for target, raw in sorted(content.items(), key=lambda item: item[0] != "all"):
            here = (*path, target)
            keys: list[LeverKey] = []
            for member in self._targets(target, here, frame.alliance):
                if target != "all" and member in named:
                    message = f"{member} is addressed twice, here and by '{named[member]}'."
                    self._complain(here, message)
                if target != "all":
                    named[member] = target
                keys.append((lever.name, power, member))
            below = {key: result.get(key, frame.levers.get(key)) for key in keys}
            result |= self._laid(lever, raw, here, frame, below)
        return result

    def _laid(
        self,
        lever: Lever,
        raw: Any,
        path: KeyPath,
        frame: Scenario,
        below: Mapping[LeverKey, tuple[Span, ...] | None],
    ) -> dict[LeverKey, tuple[Span, ...]]:
        """Read a list of spans and lay them over those that are there ``below``, key by key.

        After the word ``clear`` they lie over nothing. So each member of ``all`` keeps outside its
        own spans what is set for all, and outside both what the extended scenario sets.
        """
        if not isinstance(raw, list):
            return {}
        clears = raw[:1] == [CLEAR]
        if clears and not any(below.values()):
            self._complain(path, "There is nothing to clear: nothing is inherited here.")
        if not raw and any(below.values()):
            message = f"An empty list changes nothing; write [{CLEAR}] to take away what is "
            self._complain(path, message + "inherited, or leave the key out.")
        for index, item in enumerate(raw[1:], start=1):
            if item == CLEAR:
                self._complain((*path, index), f"The word '{CLEAR}' stands first in its list.")
        if clears:
            self.cleared |= {dotted_key(key): self._origin(path) for key in below}
        spans = self._spans(lever, raw, path, frame)
        return {
            key: (*(() if clears else under or ()), *_continued(spans, under or (), frame))
            for key, under in below.items()
        }

    def _targets(self, target: str, path: KeyPath, alliance: Alliance) -> tuple[str, ...]:
        """Return the clients that a key names: ``all``, a code, or codes between commas."""
        if target == "all":
            return alliance.members
        codes = [code.strip() for code in target.split(",")]
        for code in codes:
            self._member(code, path, alliance)
        return tuple(dict.fromkeys(code for code in codes if code in alliance.members))

    def _member(self, code: str, path: KeyPath, alliance: Alliance) -> bool:
        """Whether a code is that of a client; else complain."""
        if code in alliance.members:
            return True
        if code == alliance.patron:
            message = f"{code} is the patron; name a client: {', '.join(alliance.members)}."
        else:
            legal = nearest(code, alliance.members)
            message = f"{code} is no client of this alliance{legal}"
        self._complain(path, message)
        return False

    def _spans(
        self, lever: Lever, raw: list[Any], path: KeyPath, frame: Scenario
    ) -> tuple[Span, ...]:
        """Read a list of spans: in order of time, then those that lie over others.

        None is returned of a list in which some overlap that should not.
        """
        apart: list[tuple[int, int, Span, KeyPath]] = []
        over: list[Span] = []
        for index, item in enumerate(raw):
            here = (*path, index)
            given = attempt(SPANS[lever.name], item)
            if given is None:
                continue
            content = given.model_dump()
            first = self._date(content["from_"], (*here, "from"), frame, frame.start)
            last = self._date(content["to"], (*here, "to"), frame, frame.end)
            if first is None or last is None:
                continue
            length = last - first + 1
            if length < 1:
                self._complain(here, "The span ends before it begins; swap 'from' and 'to'.")
                continue
            if content["to"] is not None and content["ramp"] > length:
                self._complain(here, f"The ramp is longer than the span of {length} months.")
                continue
            span = Span(
                None if content["from_"] is None else first,
                None if content["to"] is None else last,
                content["value"],
                content["ramp"],
                content["ramp_from"],
                self._origin(here),
                content["source"],
            )
            if content["over"]:
                over.append(span)
            else:
                apart.append((first, last, span, here))
        apart.sort(key=lambda item: item[:2])
        overlap = False
        for (begin, end, one, _), (later, _, _, here) in pairwise(apart):
            if later <= end:
                overlap = True
                message = (
                    f"The span overlaps that of {format_month(begin)} to "
                    f"{format_month(end)} (line {one.origin.line}); part them."
                )
                self._complain(here, message)
        return () if overlap else (*(span for _, _, span, _ in apart), *over)

    def _date(self, text: str | None, path: KeyPath, frame: Scenario, default: int) -> int | None:
        """Return a month within the scenario: ``default`` if no text, None after a complaint."""
        if text is None:
            return default
        month = parse_month(text)
        if frame.start <= month <= frame.end:
            return month
        message = (
            f"{text} lies outside the scenario, which runs from {format_month(frame.start)} to "
            f"{format_month(frame.end)}; change the date, 'start' or 'horizon'."
        )
        self._complain(path, message)
        return None

    # Events

    def _events(self, frame: Scenario) -> tuple[ScriptedEvent, ...]:
        raw = self.document.data.get("events")
        events: list[ScriptedEvent] = []
        for index, item in enumerate(raw if isinstance(raw, list) else ()):
            path: KeyPath = ("events", index)
            kind = item.get("event") if isinstance(item, dict) else None
            model = EVENTS.get(kind) if isinstance(kind, str) else None
            event = attempt(model, item) if model else None
            if event is None:
                continue
            known = self._member(event.member, (*path, "member"), frame.alliance)
            date = self._date(event.date, (*path, "date"), frame, frame.start)
            known = known and self._rival_fits(event, path, frame.alliance)
            if known and date is not None and self._decision_fits(event, path, frame):
                events.append(ScriptedEvent(event, self._origin(path)))
        self._clashes(frame, events)
        return tuple(events)

    def _rival_fits(self, event: Event, path: KeyPath, alliance: Alliance) -> bool:
        """Whether a clash is with another client; else complain."""
        if not isinstance(event, Clash):
            return True
        if event.rival == event.member:
            self._complain((*path, "rival"), f"{event.member} cannot fight itself; name another.")
            return False
        return self._member(event.rival, (*path, "rival"), alliance)

    def _decision_fits(self, event: Event, path: KeyPath, frame: Scenario) -> bool:
        """Whether a forced decision has a month in which it can fall; else complain."""
        if not isinstance(event, ForcedDecision):
            return True
        last = self._date(event.to, (*path, "to"), frame, parse_month(event.date))
        if last is None:
            return False
        if last < parse_month(event.date):
            self._complain(path, "The decision ends before it begins; swap 'date' and 'to'.")
            return False
        only = DECISIONS[event.decision].only_in
        if only is None:
            return True
        month = int(frame.alliance.value(f"calendar.{only}_month"))
        if any(month_of_year(m) == month for m in range(parse_month(event.date), last + 1)):
            return True
        what = "summit" if only == "summit" else "dues"
        self._complain(
            (*path, "date"), f"'{event.decision}' falls in no month with a {what}: that is {month}."
        )
        return False

    def _clashes(self, frame: Scenario, events: Sequence[ScriptedEvent]) -> None:
        """Complain of events that set the same, see :func:`_slots`."""
        taken: dict[tuple[str, str, int], Origin] = {}
        for item in (*frame.events, *events):
            for slot in _slots(item.event):
                if slot in taken:
                    what = f"{slot[1].removeprefix('forced_')} of {slot[0]}"
                    self.problems.append(
                        Problem(
                            item.origin.file,
                            item.origin.line,
                            "events",
                            f"The {what} in {format_month(slot[2])} is already scripted at "
                            f"{taken[slot].exact}; keep one.",
                        )
                    )
                    break
                taken[slot] = item.origin

    # Parameters

    def _parameters(self, frame: Scenario) -> dict[str, float]:
        raw = self.document.data.get("parameters")
        result: dict[str, float] = {}
        for key, value in raw.items() if isinstance(raw, dict) else ():
            if isinstance(value, bool) or not isinstance(value, int | float):
                continue
            reason = parameter_refusal(key, float(value), frame.alliance)
            if reason:
                self._complain(("parameters", key), reason)
            else:
                result[key] = float(value)
        return result


def _continued(spans: tuple[Span, ...], under: Sequence[Span], frame: Scenario) -> tuple[Span, ...]:
    """Return spans; a ramp in the first month begins where the spans ``under`` them begin.

    Such a ramp has no month before it and would begin at the lever's default. If there is a span
    under it in the first month, the ramp begins at the value of that span, or at the beginning of
    that span's own ramp.
    """
    there = reversed(dated_spans(under, frame.start, frame.end))
    inherited = next((span for span in there if span.first == frame.start), None)
    if not spans or inherited is None:
        return spans
    first = spans[0]
    if not first.ramp or first.ramp_from is not None or (first.first or frame.start) > frame.start:
        return spans
    begin = inherited.ramp_from if inherited.ramp else inherited.value
    return (replace(first, ramp_from=begin), *spans[1:])


def _slots(event: Event) -> Iterator[tuple[str, str, int]]:
    """Yield each (member, driver, month) that an event sets and no other event may set as well."""
    month = parse_month(event.date)
    if isinstance(event, Crisis):
        yield event.member, "crisis", month
    elif isinstance(event, Clash):
        yield event.member, "clash", month
        yield event.rival, "clash", month
    elif isinstance(event, ForcedDecision):
        last = parse_month(event.to) if event.to else month
        for covered in range(month, last + 1):
            yield event.member, DECISIONS[event.decision].driver, covered
