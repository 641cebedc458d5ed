"""Reading scenario files: a checked, fully resolved Scenario, or every problem at once."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from foedus.cases.alliance_reader import load_alliance
from foedus.cases.documents import Document, KeyPath, decoded, find_document, parse_document
from foedus.cases.given import apply_given
from foedus.cases.months import format_month, month_of_year, parse_month
from foedus.cases.no_effect import refuse_inert
from foedus.cases.overrides import apply_settings
from foedus.cases.scenario import Scenario, bare_scenario, parameter_refusal
from foedus.cases.scenario_format import (
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
from foedus.cases.shipped import is_path, locate, shipped_scenarios
from foedus.cases.spans import LeverKey, Origin, ScriptedEvent, Span
from foedus.cases.validation import attempt, validate
from foedus.defaults import ALLIANCE
from foedus.errors import InputError, Problem, ScenarioError, nearest
from foedus.model.cohesion import Cohesion
from foedus.model.levers import DECISIONS, LEVERS, POLICIES, Lever

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from foedus.cases.alliance import Alliance
MAX_LINEAGE = 16  # scenarios that extend one another


def load_scenario(
    reference: str | Path,
    *,
    horizon: int | None = None,
    settings: Sequence[str] = (),
    given: Sequence[str] = (),
    allow_inert: bool = False,
) -> Scenario:
    """Load a scenario by path or shipped name.

    Parameters
    ----------
    reference
        Path of a scenario file, or the bare name of a shipped one.
    horizon
        Months to simulate instead of the scenario's own.
    settings
        Changes such as ``pressure.ARM=0.6``, ``trust_loss=0.7``, ``ARM.trust=0.5`` or
        ``policy=adaptive``, applied to the whole horizon.
    given
        What is given of governments, such as ``ARM government changes 2026-06``, see
        :mod:`foedus.cases.given`.
    allow_inert
        Whether a scenario may equal what it extends.

    Returns
    -------
    Scenario
        Resolved: it holds all that a simulation needs, and no file is read again.

    Raises
    ------
    ScenarioError
        With every problem of the file, or of the settings, or of what is given.
    AllianceError
        If its alliance cannot be loaded.
    InertScenarioError
        If the scenario changes nothing; the message names the lines without effect.
    """
    scenario = _load(str(reference), None, ())
    if not allow_inert:
        refuse_inert(scenario)
    if horizon is not None:
        if not 1 <= horizon <= MAX_HORIZON:
            message = f"A horizon goes from 1 to {MAX_HORIZON} months, not {horizon}."
            raise ScenarioError([Problem("--horizon", 0, "", message)])
        origins = {**scenario.origins, "horizon": Origin("--horizon", 0)}
        parent = scenario.parent and replace(scenario.parent, horizon=horizon)
        scenario = replace(scenario, horizon=horizon, origins=origins, parent=parent)
        if not allow_inert:
            refuse_inert(scenario, cut=True)
    if settings:
        scenario = apply_settings(scenario, settings)
    return apply_given(scenario, given)


def read_scenario(content: bytes, file: str) -> Scenario:
    """Read a scenario from the content of an uploaded file.

    Unlike a file on disk it may name no other files, so that nobody reads this machine's files by
    an upload.

    Parameters
    ----------
    content
        The bytes of the file.
    file
        Its name, for error sentences, and as the scenario's name if it gives none.

    Raises
    ------
    ScenarioError
        With every problem of the file; it may extend shipped scenarios only.
    InertScenarioError
        If the scenario changes nothing; the message names the lines without effect.
    """
    try:
        document = parse_document(decoded(content, file), file)
    except InputError as error:
        raise ScenarioError(error.problems) from None
    for key in ("extends", "alliance"):
        reference = document.data.get(key)
        if isinstance(reference, str) and is_path(reference):
            message = (
                f"'{reference}' is another file, and this one came alone; use the bare name of "
                f"what is shipped, or start with the file on disk: foedus explore ./{file}"
            )
            raise ScenarioError([document.problem((key,), message)])
    scenario = _Reader(document, Path(file), ()).scenario()
    refuse_inert(scenario)
    return scenario


def _load(reference: str, base: Path | None, chain: tuple[Path, ...]) -> Scenario:
    document, path = find_document(reference, "scenario", shipped_scenarios(), ScenarioError, base)
    return _Reader(document, path.resolve(), chain).scenario()


class _Reader:
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
                return _load(reference, self.path.parent, self.chain)
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
        origins = {**base.origins, **own}
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
                if isinstance(content, list):
                    key: LeverKey = (name, None, frame.alliance.patron)
                    spans = self._spans(lever, content, path, frame)
                    result[key] = _continued(spans, key, frame)
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
            members = self._targets(target, here, frame.alliance)
            spans = self._spans(lever, raw, here, frame) if isinstance(raw, list) else ()
            for member in members:
                if target != "all" and member in named:
                    message = f"{member} is addressed twice, here and by '{named[member]}'."
                    self._complain(here, message)
                if target != "all":
                    named[member] = target
                key = (lever.name, power, member)
                result[key] = _continued(spans, key, frame)
        return result

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
        spans: list[tuple[int, int, Span, KeyPath]] = []
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
            spans.append((first, last, span, here))
        spans.sort(key=lambda item: item[:2])
        for (begin, end, one, _), (later, _, _, here) in pairwise(spans):
            if later <= end:
                message = (
                    f"The span overlaps that of {format_month(begin)} to "
                    f"{format_month(end)} (line {one.origin.line}); part them."
                )
                self._complain(here, message)
        return tuple(span for _, _, span, _ in spans)

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


def _continued(spans: tuple[Span, ...], key: LeverKey, frame: Scenario) -> tuple[Span, ...]:
    """Return a lever's spans; a ramp in the first month begins where the extended scenario begins.

    Such a ramp has no month before it and would begin at the lever's default. If the extended
    scenario has a span in the first month, the ramp begins at the value of that span, or at the
    beginning of that span's own ramp.
    """
    inherited = next((s for s in frame.spans(key) if s.first == frame.start), None)
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
