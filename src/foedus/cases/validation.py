"""Checking documents against pydantic models; what fails becomes a sentence."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from foedus.cases.months import MONTH_PATTERN
from foedus.errors import Problem, nearest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from foedus.cases.documents import Document, KeyPath

NAME_LENGTH = 64
NAME_PATTERN = rf"^[a-z][a-z0-9_]{{0,{NAME_LENGTH - 1}}}$"
CODE_PATTERN = r"^[A-Z]{2,4}$"


class Checked(BaseModel):
    """Base of the models of our files: no unknown keys, no guessing of types, no NaN."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)


_WRITTEN = re.compile(r"\s*([-+]?[0-9]+(?:[.,][0-9]+)?)\s*(%?)\s*")

ModelT = TypeVar("ModelT", bound=BaseModel)

_EXPECTED = {
    "float_type": "a number",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "string_type": "text",
    "dict_type": "a mapping of keys",
    "model_type": "a mapping of keys",
    "model_attributes_type": "a mapping of keys",
    "list_type": "a list",
    "tuple_type": "a list",
    "bool_type": "true or false",
}

_FORMS = {
    MONTH_PATTERN: "a month written YYYY-MM, such as 2026-01",
    NAME_PATTERN: "a name of lower-case letters, digits and underscores",
    CODE_PATTERN: "a code of two to four capital letters, such as ARM",
}


def validate(model: type[ModelT], document: Document) -> tuple[ModelT | None, list[Problem]]:
    """Check a whole document; return the model (or None) and all problems of its structure."""
    try:
        return model.model_validate(document.data), []
    except ValidationError as error:
        return None, [_problem(item, model, document) for item in error.errors()]


def attempt(model: type[ModelT], data: Any) -> ModelT | None:
    """Return the model of a part of a document, or None where :func:`validate` has complained."""
    try:
        return model.model_validate(data)
    except ValidationError:
        return None


def _problem(item: Any, model: type[BaseModel], document: Document) -> Problem:
    """Return one of pydantic's errors as a sentence of ours, at the line of its key."""
    path = _known_path(item["loc"], document)
    kind, context, given = item["type"], item.get("ctx", {}), item.get("input")
    if meant := _parted_number(path, document):
        message = f"A decimal number has a point and no comma; write {meant}."
    elif kind == "extra_forbidden":
        legal = _legal_keys(model, item["loc"][:-1])
        message = f"There is no key '{path[-1]}' here{nearest(str(path[-1]), legal)}"
    elif kind == "missing":
        message = f"The key '{item['loc'][-1]}' is missing; add it."
    elif kind == "finite_number":
        message = f"{given} is not a finite number; give an ordinary number."
    elif kind == "list_type" and path[:1] == ("levers",):
        message = f"This must be a list of spans such as [{{value: 0.5}}], not {_shown(given)}."
    elif kind in _EXPECTED:
        message = f"This must be {_EXPECTED[kind]}, not {_shown(given)}{written_as(given)}."
    elif kind in ("literal_error", "enum"):
        message = f"{_shown(given)} is not allowed; choose {context['expected']}."
    elif kind in ("union_tag_invalid", "union_tag_not_found"):
        key = context.get("discriminator", "'kind'")
        legal_tags = context.get("expected_tags") or ", ".join(map(repr, _tags(model, item["loc"])))
        message = f"The key {key} must be one of {legal_tags}."
    elif kind == "string_pattern_mismatch" and context["pattern"] in _FORMS:
        message = f"This must be {_FORMS[context['pattern']]}, not {_shown(given)}."
    else:
        message = f"{item['msg'].replace('Input should', 'This should')}, not {_shown(given)}."
        message += per_cent(given, context.get("le"))
    return document.problem(path, message)


def written_as(text: Any) -> str:
    """Say how a number is written that stands with a comma or a per cent sign: ``; write 0.9``."""
    match = _WRITTEN.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        return ""
    number = float(match[1].replace(",", "."))
    return f"; write {number / 100 if match[2] else number:g}"


def per_cent(value: Any, high: float | None) -> str:
    """Say how a share is written, if a value above its bound of 1 may be one in per cent."""
    if high != 1 or not isinstance(value, int | float) or not 1 < value <= 100:
        return ""
    return f" If {value:g} per cent is meant, write {value / 100:g}."


def _parted_number(path: KeyPath, document: Document) -> str | None:
    """Return what was meant by ``{value: 0,9}``, which YAML reads as a value 0 and a key 9."""
    key, mapping = path[-1] if path else "", document.at(path[:-1])
    if not isinstance(mapping, dict) or not str(key).isdigit() or mapping.get(key, "") is not None:
        return None
    names = list(mapping)
    before = names[names.index(str(key)) - 1]
    return f"{before}: {mapping[before]}.{key}" if isinstance(mapping[before], int) else None


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return "a mapping of keys"
    if isinstance(value, list):
        return "a list"
    if value is None:
        return "nothing"
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _known_path(location: Sequence[str | int], document: Document) -> KeyPath:
    """Drop from a pydantic location what is not a key of the document (the tags of unions)."""
    path: KeyPath = ()
    for index, part in enumerate(location):
        last = index == len(location) - 1
        repeats_tag = bool(path) and path[-1] == part
        if (*path, part) in document.lines or (last and part != "[key]" and not repeats_tag):
            path = (*path, part)
    return path


def _annotations(model: type[BaseModel], location: Sequence[str | int]) -> list[Any]:
    """Return the type annotations that a model has at a location."""
    found: list[Any] = [model]
    for part in location:
        step: list[Any] = []
        for annotation in found:
            for candidate in _models(annotation):
                for name, info in candidate.model_fields.items():
                    if part in (info.alias or name, name):
                        step.append(info.annotation)
        found = step or found
    return found


def _models(annotation: Any) -> list[type[BaseModel]]:
    """Return the models in a type annotation, those inside unions and lists included."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    inner = getattr(annotation, "__args__", ())
    return [model for argument in inner for model in _models(argument)]


def _legal_keys(model: type[BaseModel], location: Sequence[str | int]) -> list[str]:
    """Return the keys that may stand at a location of a model."""
    models = [m for annotation in _annotations(model, location) for m in _models(annotation)]
    tagged = [m for m in models if _tag(m) == (location[-1] if location else None)]
    return sorted(
        {info.alias or name for m in (tagged or models) for name, info in m.model_fields.items()}
    )


def _tags(model: type[BaseModel], location: Sequence[str | int]) -> list[str]:
    """Return the kinds of event that may stand at a location of a model."""
    models = [m for annotation in _annotations(model, location) for m in _models(annotation)]
    return [tag for m in models if (tag := _tag(m))]


def _tag(model: type[BaseModel]) -> str | None:
    """Return the kind of event that a model describes, or None."""
    info = model.model_fields.get("event")
    return str(info.annotation.__args__[0]) if info and info.annotation else None
