"""The scenario file format as pydantic models, derived from the tables of levers and decisions."""

from __future__ import annotations

from types import GenericAlias
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag, create_model

from foedus.cases.alliance_format import MonthText
from foedus.cases.validation import NAME_PATTERN, Checked
from foedus.model.citations import note_line
from foedus.model.cohesion import Cohesion
from foedus.model.levers import DECISIONS, LEVERS, POLICIES, Lever

FORMAT_VERSION = 1
MAX_HORIZON = 600
TITLE_LENGTH = 200
MAX_WEIGHT = 1e6  # of a component of cohesion

#: How members count in cohesion: each alike, or by capability.
WEIGHTINGS = ("equal", "capability")


SourceText = Annotated[
    str | None, Field(min_length=1, max_length=1000, description="what this rests on")
]


def _model(name: str, fields: dict[str, Any], doc: str | None = None) -> type[Checked]:
    """Make a pydantic model from its fields; ``doc`` is its docstring."""
    model: type[Checked] = create_model(name, __base__=Checked, __doc__=doc, **fields)
    return model


def _span_model(lever: Lever) -> type[Checked]:
    """Build the model of one span of a lever, with the lever's bounds."""
    value = Field(ge=lever.low, le=lever.high, description=f"{lever.meaning} ({lever.unit})")
    ramp = Field(0, ge=0, le=MAX_HORIZON, description="months in which the value is reached")
    before = "value at which the ramp begins, if not the one in force before the span"
    fields: dict[str, Any] = {
        "from_": (MonthText | None, Field(None, alias="from", description="first month")),
        "to": (MonthText | None, Field(None, description="last month")),
        "value": (float, value),
        "ramp": (int, ramp),
        "ramp_from": (float | None, Field(None, ge=lever.low, le=lever.high, description=before)),
        "over": (bool, Field(default=False, description="lies over the other spans of the list")),
        "source": (SourceText, None),
    }
    return _model(f"{lever.name.title().replace('_', '')}Span", fields)


SPANS = {lever.name: _span_model(lever) for lever in LEVERS}
#: First item of a list of spans that lie over nothing: what is inherited is taken away.
CLEAR = "clear"
MAX_SPANS = 1000  # in one list


def _kind_of_item(item: Any) -> str:
    """Tell the two kinds of items in a list of spans apart: a word, and a span."""
    return CLEAR if isinstance(item, str) else "span"


def _span_list(lever: Lever) -> Any:
    """Return the type of a list of spans, which ``clear`` may begin."""
    annotated: Any = Annotated  # made here, and so nothing for a type checker to know
    word = annotated[Literal[CLEAR], Tag(CLEAR)]
    span = annotated[SPANS[lever.name], Tag("span")]
    item = annotated[word | span, Discriminator(_kind_of_item)]
    return annotated[GenericAlias(list, (item,)), Field(max_length=MAX_SPANS)]


def _lever_field(lever: Lever) -> tuple[Any, Any]:
    """Return type and description of a lever's entry: its spans, nested by power and member."""
    spans: Any = _span_list(lever)
    by_scope = {
        "patron": spans,
        "member": dict[str, spans],
        "partner": dict[str, dict[str, spans]],
        "adversary": dict[str, dict[str, spans]],
    }
    description = f"{lever.meaning} ({lever.unit}; article {lever.source})"
    return (by_scope[lever.scope] | None, Field(None, description=description))


LeversModel = _model("Levers", {lever.name: _lever_field(lever) for lever in LEVERS})


class _Sourced(Checked):
    source: SourceText = None


class Crisis(_Sourced):
    """A crisis that invokes the treaty; without ``support`` the patron decides."""

    event: Literal["crisis"]
    date: MonthText
    member: str
    support: Annotated[float, Field(ge=0, le=1)] | None = None


class Clash(_Sourced):
    """Fighting between two members, which invokes no treaty."""

    event: Literal["clash"]
    date: MonthText
    member: str
    rival: str


class Confrontation(_Sourced):
    """An open clash between the patron and the partners over a member."""

    event: Literal["confrontation"]
    date: MonthText
    member: str
    severity: float = Field(gt=0, le=1)
    months: int = Field(1, ge=1, le=MAX_HORIZON)


class DomesticChange(_Sourced):
    """A change of government that shifts a member's affinity by so much."""

    event: Literal["domestic_change"]
    date: MonthText
    member: str
    change: float = Field(ge=-1, le=1)


class Statement(_Sourced):
    """A public statement of the patron: below 0 a threat, above 0 an assurance, for one month."""

    event: Literal["statement"]
    date: MonthText
    member: str
    tone: float = Field(ge=-1, le=1)


class ForcedDecision(_Sourced):
    """A decision taken by the scenario instead of the member or the alliance."""

    event: Literal["decision"]
    date: MonthText
    member: str
    decision: Literal[tuple(DECISIONS)]  # type: ignore[valid-type]
    to: MonthText | None = None


Event = Crisis | Clash | Confrontation | DomesticChange | Statement | ForcedDecision
EVENTS: dict[str, type[Event]] = {
    "crisis": Crisis,
    "clash": Clash,
    "confrontation": Confrontation,
    "domestic_change": DomesticChange,
    "statement": Statement,
    "decision": ForcedDecision,
}


CohesionWeights = _model(
    "CohesionWeights",
    {name: (float, Field(1.0, ge=0, le=MAX_WEIGHT)) for name in Cohesion._fields},
    "Weights of the six components in the cohesion index.",
)


class CohesionModel(Checked):
    """How cohesion is summarised."""

    members: Literal[WEIGHTINGS] = Field(  # type: ignore[valid-type]
        default="equal", description="weight of each member"
    )
    weights: CohesionWeights = CohesionWeights()  # type: ignore[valid-type]


class ScenarioFile(Checked):
    """A foedus scenario file."""

    foedus: Literal[1] = Field(description="version of the format")
    name: str = Field(pattern=NAME_PATTERN, description="short name")
    title: str = Field(min_length=1, max_length=TITLE_LENGTH)
    description: str = Field("", max_length=5000, description="what it stands for")
    extends: str | None = Field(None, description="scenario to start from, by name or path")
    alliance: str | None = Field(None, description="alliance, by name or path")
    start: MonthText | None = Field(None, description="first month simulated, YYYY-MM")
    horizon: int | None = Field(None, ge=1, le=MAX_HORIZON, description="months simulated")
    policy: Literal[tuple(POLICIES)] | None = Field(  # type: ignore[valid-type]
        None, description="how the patron adapts its conduct"
    )
    levers: LeversModel | None = Field(None, description="by lever, then whom it addresses")  # type: ignore[valid-type]
    events: list[Annotated[Event, Field(discriminator="event")]] | None = Field(
        None, max_length=1000, description="scripted events"
    )
    parameters: dict[str, float] | None = Field(
        None, description="values of parameters or alliance numbers, fixed in every world"
    )
    cohesion: CohesionModel | None = None
    sources: list[str] | str | None = Field(None, description="free text")


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of scenario files, for editors."""
    schema = ScenarioFile.model_json_schema(by_alias=True)
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = "foedus scenario"
    references = note_line(*(lever.source for lever in LEVERS), *POLICIES.values())
    schema["description"] = f"A scenario file of foedus. {references}"
    return schema
