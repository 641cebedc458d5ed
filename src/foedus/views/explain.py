"""Why a number is what it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from foedus.cases.alliance import GIVEN
from foedus.cases.alliance_reader import load_alliance
from foedus.cases.months import format_month, parse_month
from foedus.defaults import ALLIANCE
from foedus.errors import ParameterError, nearest
from foedus.html import html_table
from foedus.model.cohesion import END_STATE_MEANINGS
from foedus.model.levers import DECISIONS, LEVERS, POLICIES, Lever
from foedus.model.specifications import specifications
from foedus.outcomes.catalogue import ALLIANCE_OUTCOMES, MEMBER_OUTCOMES
from foedus.worlds.posterior import shipped_posterior

if TYPE_CHECKING:
    from foedus.cases.alliance import Alliance
    from foedus.cases.scenario import Scenario
    from foedus.cases.spans import DatedSpan, LeverKey
    from foedus.model.quantities import Parameter
    from foedus.outcomes.catalogue import Outcome
    from foedus.worlds.posterior import Posterior

    Drawn = tuple[Posterior, str]

Rows = tuple[tuple[str, str], ...]

#: Words of the output that are neither numbers of the model nor outcomes of the catalogue.
GLOSSARY: dict[str, str] = {
    "end state": "what becomes of the alliance at the horizon, the first that applies: "
    + "; ".join(f"{name}: {meaning}" for name, meaning in END_STATE_MEANINGS.items()),
    "policy": "how the patron adapts its conduct: " + ", ".join(POLICIES),
}


def outcomes_named(name: str) -> list[tuple[str, Outcome]]:
    """Return (whose, outcome) for each outcome of the catalogue that goes by a name.

    An outcome goes by its key, by its words in tables, and by the last part of a key with dots:
    ``narrower_agenda``, ``narrower agenda``, ``end_states.dissolved``, ``dissolved``.
    """
    return [
        (whose, outcome)
        for whose, outcomes in (("a member", MEMBER_OUTCOMES), ("the alliance", ALLIANCE_OUTCOMES))
        for outcome in outcomes.values()
        if name in _names(outcome)
    ]


def _names(outcome: Outcome) -> tuple[str, ...]:
    last = outcome.key.rpartition(".")[2]
    return tuple(dict.fromkeys((outcome.key, outcome.words, last, last.replace("_", " "))))


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
    """Explain a parameter, a number of the alliance, a lever, a policy, a decision or an outcome.

    Parameters
    ----------
    name
        Such as ``trust_loss``, ``ARM.trust``, ``rules.notice_months``, ``pressure`` or
        ``adaptive``.
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
    rows = _model_rows(name, scenario) or _number_rows(name, chosen, scenario) or _word_rows(name)
    if not rows:
        raise ParameterError(_unknown(name, chosen))
    return Explanation(name, (*rows, *_numbers_of_that_name(name, chosen)))


def _model_rows(name: str, scenario: Scenario | None) -> Rows:
    """Explain a parameter, a lever, a policy or a decision; nothing if it is none."""
    if name in specifications():
        return (*_parameter_rows(name, specifications()[name], scenario), *_set_by(name, scenario))
    for lever in LEVERS:
        if lever.name == name.split(".", maxsplit=1)[0]:
            return (*_lever_rows(lever), *_lever_set_by(lever.name, scenario))
    if name in POLICIES:
        return (("policy", POLICIES[name]),)
    if name in DECISIONS:
        decision = DECISIONS[name]
        when = ("month", f"{decision.only_in or 'any'} month")
        return (("decision", decision.meaning), when, *_word_rows(name))
    return ()


def _word_rows(name: str) -> Rows:
    """Explain a word of the output: an outcome or a term; nothing if it is none."""
    if found := outcomes_named(name):
        return tuple(row for one in found for row in _outcome_rows(*one))
    return (("word", GLOSSARY[name]),) if name in GLOSSARY else ()


def _numbers_of_that_name(name: str, alliance: Alliance) -> Rows:
    """Point from an outcome such as trust to the members' numbers of that name."""
    keys = [key for key in alliance.numbers if key.endswith(f".{name}")]
    return (("numbers", f"ask for one: {', '.join(keys)}"),) if keys else ()


def _unknown(name: str, alliance: Alliance) -> str:
    """Say what to ask for instead of a name that has no single answer."""
    owner = next((code for code, full in alliance.names.items() if name in (code, full)), None)
    if owner:
        own = [key.removeprefix(f"{owner}.") for key in alliance.numbers if key.startswith(owner)]
        return f"{owner} has these numbers; ask for one as '{owner}.{own[0]}': {', '.join(own)}."
    if found := [key for key in alliance.numbers if key.endswith(f".{name}")]:
        return f"'{name}' is a number of each member; ask for one: {', '.join(found)}."
    return f"Nothing is named '{name}'{nearest(name, explained(alliance))}"


def explained(alliance: Alliance) -> list[str]:
    """Return every name that :func:`why` answers."""
    levers = (lever.name for lever in LEVERS)
    outcomes = (*MEMBER_OUTCOMES.values(), *ALLIANCE_OUTCOMES.values())
    named = dict.fromkeys(name for outcome in outcomes for name in _names(outcome))
    return [*levers, *everything(alliance), *POLICIES, *DECISIONS, *named, *GLOSSARY]


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
        ("symbol", f"{spec.symbol}, mechanism {spec.mechanism} of docs/model.md"),
        *_values(name, f"{spec.value:g}", scenario, _posterior_of(name)),
        ("unit", spec.unit),
        ("bounds", f"{spec.low:g} to {spec.high:g}"),
        ("prior", str(spec.prior)),
        ("evidence", f"{spec.evidence.kind}: {spec.evidence.source}"),
        ("why", spec.evidence.why),
        ("informed", _informed(name)),
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
    if drawn is None or (scenario is not None and key in scenario.parameters):
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


def _number_rows(name: str, alliance: Alliance, scenario: Scenario | None) -> Rows:
    """Explain a number of the alliance; nothing if it is none."""
    if name not in alliance.numbers:
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
        ("evidence", f"{evidence.kind}: {evidence.source}"),
        ("why", evidence.why),
        ("stands in", f"{number.file}:{number.line}"),
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


def _outcome_rows(whose: str, outcome: Outcome) -> Rows:
    return (
        ("outcome", f"of {whose}: {outcome.meaning}"),
        ("key", outcome.key),
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
    origin = scenario.origins[f"parameters.{key}"]
    return (("scenario", f"{scenario.name} fixes it at {scenario.parameters[key]:g} ({origin})"),)


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
