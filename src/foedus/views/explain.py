"""Why a number is what it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from foedus.cases.alliance import GIVEN
from foedus.cases.alliance_reader import load_alliance
from foedus.cases.months import format_month, parse_month
from foedus.cases.scenario_reader import load_scenario
from foedus.cases.shipped import shipped_scenarios
from foedus.cases.spans import Origin
from foedus.defaults import ALLIANCE
from foedus.errors import ParameterError, nearest
from foedus.html import html_table
from foedus.model.citations import mechanism_in_words, notes
from foedus.model.levers import DECISIONS, LEVERS, POLICIES, Lever
from foedus.model.specifications import specifications
from foedus.outcomes.catalogue import ALLIANCE_OUTCOMES, MEMBER_OUTCOMES
from foedus.outcomes.evidence import BY_HAND
from foedus.views.glossary import explained_words, folded, word_rows
from foedus.worlds.posterior import shipped_posterior

if TYPE_CHECKING:
    from collections.abc import Iterable

    from foedus.cases.alliance import Alliance
    from foedus.cases.scenario import Scenario
    from foedus.cases.spans import DatedSpan, LeverKey
    from foedus.model.quantities import Evidence, Parameter
    from foedus.outcomes.catalogue import Outcome
    from foedus.views.glossary import Rows
    from foedus.worlds.posterior import Posterior

    Drawn = tuple[Posterior, str]


def outcomes_named(name: str) -> list[tuple[str, Outcome]]:
    """Return (whose, outcome) for each outcome of the catalogue that goes by a name.

    An outcome goes by its key, by its words in tables, and by the last part of a key with dots:
    ``narrower_agenda``, ``narrower agenda``, ``end_states.dissolved``, ``dissolved``.
    """
    wanted = folded(name)
    return [
        (whose, outcome)
        for whose, outcomes in (("a member", MEMBER_OUTCOMES), ("the alliance", ALLIANCE_OUTCOMES))
        for outcome in outcomes.values()
        if wanted in map(folded, _names(outcome))
    ]


def _names(outcome: Outcome) -> tuple[str, ...]:
    """Return the names by which an outcome goes: key, keys of a summary, words, last part of key.

    The last part is no name where it only says how members are weighted.
    """
    last = outcome.key.rpartition(".")[2]
    own = () if last == outcome.weighting else (last,)
    return tuple(dict.fromkeys((outcome.key, *outcome.lines, outcome.words, *own)))


@dataclass(frozen=True)
class Explanation:
    """What a name of the model means, what it is worth, and what that rests on.

    Attributes
    ----------
    name
        The name that was asked about.
    rows
        Pairs of label and text.
    """

    name: str
    rows: tuple[tuple[str, str], ...]

    def __str__(self) -> str:
        width = max(len(label) for label, _ in self.rows)
        lines = [f"{label:<{width}}  {text}" for label, text in self.rows]
        return "\n".join([self.name, *lines])

    def _repr_html_(self) -> str:
        return html_table((self.name, ""), self.rows)


def why(
    name: str,
    *,
    scenario: Scenario | None = None,
    alliance: str | None = None,
    date: str | None = None,
) -> Explanation:
    """Explain any name that the output uses, in every sense that it has.

    That is a parameter, a number of the alliance, a lever, a policy, a decision, an outcome, an
    event, a standing, a model, a scenario, or a word of a table.

    Parameters
    ----------
    name
        Such as ``trust_loss``, ``ARM.trust``, ``pressure``, ``missed summit`` or ``CRPS``; in any
        case, with spaces or underscores. The beginning of keys, such as ``ARM.election``, lists
        them.
    scenario
        Shows what this scenario sets instead, and from which line.
    alliance
        Name or path of the alliance; that of the scenario, else the shipped one.
    date
        Month (YYYY-MM) at which to take the alliance's numbers, its latest date if omitted.

    Raises
    ------
    ParameterError
        If nothing has that name; the nearest is offered.
    """
    chosen = _alliance(scenario, alliance, date)
    rows = (
        *_model_rows(name, scenario),
        *_number_rows(name, chosen, scenario),
        *_outcomes_rows(name),
        *word_rows(name),
        *_scenario_rows(name, scenario),
        *_state_rows(name, chosen),
        *_family_rows(name, chosen),
    )
    if not rows:
        message = f"Nothing is named '{name}'{nearest(name, explained(chosen))}"
        raise ParameterError(message)
    return Explanation(name, (*rows, *_references(rows, chosen)))


def _model_rows(name: str, scenario: Scenario | None) -> Rows:
    """Explain a parameter, a lever, a policy or a decision; nothing if it is none."""
    found: list[tuple[str, str]] = []
    if (key := _named(name, specifications())) is not None:
        found += _parameter_rows(key, specifications()[key], scenario)
        found += _set_by(key, scenario)
    levers = {lever.name: lever for lever in LEVERS}
    if (key := _named(name.split(".", maxsplit=1)[0], levers)) is not None:
        found += (*_lever_rows(levers[key]), *_lever_set_by(key, scenario))
    if (key := _named(name, POLICIES)) is not None:
        found.append(("policy", POLICIES[key]))
    if (key := _named(name, DECISIONS)) is not None:
        decision = DECISIONS[key]
        found.append(("decision", decision.meaning))
        found.append(("month", f"{decision.only_in or 'any'} month"))
    return tuple(found)


def _named(name: str, legal: Iterable[str]) -> str | None:
    """Return the one of some names that is meant, in any case, with spaces or underscores."""
    wanted = folded(name)
    return next((one for one in legal if folded(one) == wanted), None)


def _scenario_rows(name: str, scenario: Scenario | None) -> Rows:
    """Explain the name of a scenario: of that which is given, or of a shipped one."""
    if scenario is None or scenario.name != name:
        if name not in shipped_scenarios():
            return ()
        scenario = load_scenario(name, allow_inert=True)
    text = " ".join(filter(None, [f"{scenario.title}.", scenario.description]))
    return (("scenario", f"{text} In plain words: foedus show {name} --plain"),)


def _state_rows(name: str, alliance: Alliance) -> Rows:
    """Say who a state or union is, by code or name."""
    roles = {power.code: f"an outside {power.role}" for power in alliance.powers}
    roles |= dict.fromkeys(alliance.members, "a client") | {alliance.patron: "the patron"}
    return tuple(
        ("who", f"{full} ({code}), {roles[code]} of the {alliance.title}")
        for code, full in alliance.names.items()
        if folded(name) in (folded(code), folded(full))
    )


def _family_rows(name: str, alliance: Alliance) -> Rows:
    """List the numbers of a member, power or table, or those of a name that several have."""
    codes = {full: code for code, full in alliance.names.items()}
    owner = _named(name, codes)
    asked = (codes[owner] if owner else name).casefold().split(".")
    family = [
        f"{key} {number.shown}"
        for key, number in alliance.numbers.items()
        if (parts := key.casefold().split(".")) != asked and _holds(parts, asked)
    ]
    return (("numbers", f"ask for one: {', '.join(family)}"),) if family else ()


def _holds(parts: list[str], asked: list[str]) -> bool:
    """Whether some parts stand one after the other among the parts of a key."""
    starts = range(len(parts) - len(asked) + 1)
    return any(parts[start : start + len(asked)] == asked for start in starts)


def _references(rows: Rows, alliance: Alliance) -> Rows:
    """Say what the references in an explanation stand for; another alliance may cite otherwise."""
    resolved = ("symbol", "mechanism", "article")
    is_own = alliance.name != ALLIANCE
    skipped = {*resolved, *(("evidence", "why") if is_own else ())}
    return notes(*(text for label, text in rows if label not in skipped))


def explained(alliance: Alliance) -> list[str]:
    """Return every name that :func:`why` answers."""
    levers = (lever.name for lever in LEVERS)
    outcomes = (*MEMBER_OUTCOMES.values(), *ALLIANCE_OUTCOMES.values())
    named = (name for outcome in outcomes for name in _names(outcome))
    names = (*levers, *everything(alliance), *POLICIES, *DECISIONS, *named, *explained_words())
    return list(dict.fromkeys(names))


def everything(alliance: Alliance) -> list[str]:
    """Return every name that :func:`why` answers for numbers of the model."""
    return [*specifications(), *alliance.numbers]


def _alliance(scenario: Scenario | None, reference: str | None, date: str | None) -> Alliance:
    if scenario is not None:
        return scenario.alliance
    try:
        start = None if date is None else parse_month(date) + 1
    except ValueError as error:
        raise ParameterError(str(error)) from None
    return load_alliance(reference or ALLIANCE, start)


def _parameter_rows(name: str, spec: Parameter, scenario: Scenario | None) -> Rows:
    return (
        ("meaning", spec.meaning),
        ("symbol", f"{spec.symbol} in {mechanism_in_words(spec.mechanism)}"),
        *_values(name, f"{spec.value:g}", scenario, _posterior_of(name)),
        ("unit", spec.unit),
        ("bounds", f"{spec.low:g} to {spec.high:g}"),
        ("prior", str(spec.prior)),
        *_evidence_rows(name, spec.evidence, scenario),
        ("informed", _BY_HAND if _is_by_hand(name, scenario) else _informed(name)),
    )


def _values(key: str, declared: str, scenario: Scenario | None, drawn: Drawn | None) -> Rows:
    """Say what worlds start from: the posterior's values where there are any, else the declared.

    Parameters
    ----------
    key
        Name of the number.
    declared
        The declared value, as text.
    drawn
        The posterior that worlds draw it from, with its median and 90 % as text; None for none.
    """
    if scenario is not None and key in scenario.parameters:
        return (("value", f"{scenario.by_hand[key]}, set by hand in {scenario.name}"),)
    if drawn is None:
        return (("value", declared),)
    posterior, text = drawn
    by_value: dict[float, list[str]] = {}
    for model in posterior.models:
        if key in model["fixed"] and not model["left_out"]:
            by_value.setdefault(model["fixed"][key], []).append(f"'{model['name']}'")
    fixed = [f"{value:g} in {' and '.join(names)}" for value, names in by_value.items()]
    more = f"; models that fix it: {', '.join(fixed)}" if fixed else ""
    return (
        ("value", f"{text}{more}"),
        ("declared", f"{declared}; worlds start from it with --parameters default only"),
    )


def _posterior_of(name: str, alliance: str = ALLIANCE) -> Drawn | None:
    """Return the posterior of a parameter, with what it says of it; None if there is none."""
    posterior = shipped_posterior(alliance)
    if posterior is None or name not in posterior.values:
        return None
    return posterior, f"{_quantiles(posterior, name)} (posterior: median, 90 % of draws)"


def _end_of_record(key: str, alliance: Alliance) -> Drawn | None:
    """Return what worlds have of a member's number at the end of the record; None if nothing."""
    posterior = shipped_posterior(alliance.name)
    member, _, name = key.partition(".")
    if posterior is None or member not in posterior.members or name not in GIVEN:
        return None
    if alliance.date != posterior.date:
        return None
    when = format_month(posterior.date)
    text = _quantiles(posterior, key, end=True)
    return posterior, f"{text} (posterior at the end of the record, {when}: median, 90 % of worlds)"


def _quantiles(posterior: Posterior, key: str, *, end: bool = False) -> str:
    low, middle, high = (posterior.quantile(key, level, end=end) for level in (0.05, 0.5, 0.95))
    return f"{middle:.2f} [{low:.2f}, {high:.2f}]"


def _informed(name: str, alliance: str = ALLIANCE) -> str:
    """Say what the record of an alliance tells about a number."""
    posterior = shipped_posterior(alliance)
    if posterior is None or name not in posterior.values:
        return "not calibrated"
    ratio = posterior.spread_ratio.get(name)
    if ratio is None:
        return "no: fixed in every model that was calibrated"
    verdict = "by the record" if name in posterior.informed else "hardly: it stays at its prior"
    return (
        f"{verdict}; posterior {_quantiles(posterior, name)} (median, 90 %), its spread "
        f"{ratio:.2f} of the prior's (record of {alliance} to {format_month(posterior.date)})"
    )


_BY_HAND = "no: it was set by hand, so that the record has no say"


def _is_by_hand(key: str, scenario: Scenario | None) -> bool:
    return scenario is not None and key in scenario.parameters


def _evidence_rows(key: str, evidence: Evidence, scenario: Scenario | None) -> Rows:
    """Say what a number rests on; one that was set by hand rests on whoever set it."""
    told = f"{evidence.kind}: {evidence.source}"
    if scenario is None or key not in scenario.parameters:
        return (("evidence", told), ("why", evidence.why))
    origin = scenario.origins.get(f"parameters.{key}", "in Python")
    return (
        ("evidence", f"{BY_HAND}: {origin}"),
        ("without that", f"{told}. {evidence.why}"),
    )


def _number_rows(asked: str, alliance: Alliance, scenario: Scenario | None) -> Rows:
    """Explain a number of the alliance; nothing if it is none."""
    name = _named(asked, alliance.numbers)
    if name is None:
        return ()
    number = alliance.numbers[name]
    quantity, evidence = number.quantity, number.evidence
    declared = f"{number.shown} ({alliance.name}, {format_month(alliance.date)})"
    return (
        ("meaning", quantity.meaning),
        *_values(name, declared, scenario, _end_of_record(number.key, alliance)),
        ("unit", quantity.unit),
        ("bounds", f"{quantity.low:g} to {quantity.high:g}"),
        ("prior", str(number.prior) if number.prior else "none: the same in every world"),
        *_evidence_rows(name, evidence, scenario),
        ("stands in", str(Origin(number.file, number.line))),
        *_carried(number.key, alliance),
        *_set_by(name, scenario),
    )


def _carried(key: str, alliance: Alliance) -> Rows:
    """Say what the record tells of an opening number from before its end."""
    posterior = shipped_posterior(alliance.name)
    if posterior is None or key not in posterior.values or alliance.date >= posterior.date:
        return ()
    return (("informed", _informed(key, alliance.name)),)


_KINDS = {
    "chance": "share of worlds in which it is so",
    "conditional": "share among those worlds in which it can be so",
    "ratio": "ratio of two sums over all worlds",
    "mean": "a number in each world",
    "count": "a number of members in each world",
}
_BETTER = {
    1: "more of it holds the alliance together",
    -1: "more of it pulls the alliance apart",
    0: "neither good nor bad for the alliance",
}


def _outcomes_rows(name: str) -> Rows:
    """Explain the outcomes of a name; those that differ in weights of members only, in one."""
    alike: dict[tuple[str, str], list[Outcome]] = {}
    for whose, outcome in outcomes_named(name):
        alike.setdefault((whose, outcome.words), []).append(outcome)
    return tuple(row for (whose, _), found in alike.items() for row in _outcome_rows(whose, *found))


def _outcome_rows(whose: str, outcome: Outcome, *others: Outcome) -> Rows:
    keys = ", ".join(other.key for other in others)
    return (
        ("outcome", f"of {whose}: {outcome.meaning}"),
        ("key", f"{outcome.key}; members weighted otherwise: {keys}" if keys else outcome.key),
        ("kind", _KINDS[outcome.kind]),
        ("better", _BETTER[outcome.better]),
        ("from", outcome.source),
    )


def _lever_rows(lever: Lever) -> Rows:
    default = (
        "the member's or patron's own value" if lever.default is None else f"{lever.default:g}"
    )
    return (
        ("lever", lever.meaning),
        (
            "addresses",
            {"patron": "the patron"}.get(lever.scope, f"{lever.scope}, then member")
            if lever.scope != "member"
            else "a member",
        ),
        ("unit", lever.unit),
        ("bounds", f"{lever.low:g} to {lever.high:g}"),
        ("default", default),
        ("source", lever.source),
    )


def _set_by(key: str, scenario: Scenario | None) -> Rows:
    if scenario is None:
        return ()
    if key not in scenario.parameters:
        return (("scenario", f"{scenario.name} does not set it"),)
    origin = scenario.origins.get(f"parameters.{key}", "in Python")
    return (("scenario", f"{scenario.name} fixes it at {scenario.by_hand[key]} ({origin})"),)


def _lever_set_by(name: str, scenario: Scenario | None) -> Rows:
    if scenario is None:
        return ()
    rows = [
        ("scenario", f"{scenario.name} sets {_shown(key)} to {span.value:g}, {_when(span)}")
        for key in scenario.levers
        if key[0] == name
        for span in scenario.spans(key)
    ]
    return tuple(rows) or (("scenario", f"{scenario.name} does not set it"),)


def _shown(key: LeverKey) -> str:
    return ".".join(part for part in key if part)


def _when(span: DatedSpan) -> str:
    return f"{format_month(span.first)} to {format_month(span.last)} ({span.origin})"
