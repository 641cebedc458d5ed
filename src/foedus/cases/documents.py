"""Reading YAML as data only, with the line of every key, and refusing what could do harm.

A document is a tree of mappings, lists, strings, numbers, truth values and nulls. Anchors, aliases
and tags are refused, so there is nothing to expand or to execute; so are files that are too large
or nested too deeply. Every problem found is reported, not the first alone.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import yaml

from foedus.cases.shipped import locate
from foedus.errors import InputError, Problem, nearest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

MAX_BYTES = 4 * 1024**2  # an alliance of 200 members, each number with its evidence, has 2 MiB
MAX_DEPTH = 16

TOO_LARGE = f"The file is larger than {MAX_BYTES // 1024**2} MiB; no alliance needs that."
_TOO_DEEP = f"The file is nested more than {MAX_DEPTH} levels deep; no scenario is."

KeyPath = tuple[str | int, ...]

_HINTS = {
    "found character that cannot start any token": ": indent with spaces, not with tabs",
    "mapping values are not allowed in this context": ": put a text that has a colon in quotes",
}

_LOADER: type[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_INTEGER = re.compile(r"[-+]?[0-9]{1,18}")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_SPECIAL = {
    "": None,
    "~": None,
    "null": None,
    "true": True,
    "false": False,
    ".nan": float("nan"),
    ".inf": float("inf"),
    "+.inf": float("inf"),
    "-.inf": float("-inf"),
}


@dataclass
class Document:
    """A YAML file as plain data.

    Attributes
    ----------
    file
        The file as the user named it.
    text
        Its content.
    data
        The mapping at its top.
    lines
        Line of each key and list item, by path.
    problems
        Faults, such as a key that stands twice, in spite of which the file could be read.
    """

    file: str
    text: str = ""
    data: dict[str, Any] = field(default_factory=dict)
    lines: dict[KeyPath, int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def line(self, path: KeyPath) -> int:
        """Line of the nearest enclosing key that stands in the file; 1 if there is none."""
        for length in range(len(path), 0, -1):
            if path[:length] in self.lines:
                return self.lines[path[:length]]
        return 1

    def at(self, path: KeyPath) -> Any:
        """Return what stands at a path; None if nothing does."""
        found: Any = self.data
        for part in path:
            try:
                found = found[part]
            except (KeyError, IndexError, TypeError):
                return None
        return found

    def problem(self, path: KeyPath, message: str) -> Problem:
        """Make a problem that points at a key of this file."""
        return Problem(self.file, self.line(path), dotted(path), message)


def dotted(path: KeyPath) -> str:
    """Write a path as ``levers.pressure.ARM[0].value``."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def read_document(path: Path, shown_as: str | None = None) -> Document:
    """Read a YAML file.

    Parameters
    ----------
    path
        The file.
    shown_as
        How error sentences name it; the path as given if omitted.

    Raises
    ------
    InputError
        If the file cannot be read at all, with a sentence that says why.
    """
    file = shown_as or str(path)
    return parse_document(decoded(_read_bytes(path, file), file), file)


def find_document(
    reference: str,
    kind: str,
    shipped: Mapping[str, Path],
    failure: type[InputError],
    base: Path | None = None,
) -> tuple[Document, Path]:
    """Find a file that is named by its path or, if it is shipped, by its bare name, and read it.

    Parameters
    ----------
    kind
        What it is, for error sentences: scenario, alliance or record.
    shipped
        Shipped files of this kind by bare name.
    failure
        Class of the error to raise.
    base
        Directory against which a relative path is read.

    Returns
    -------
    tuple
        The document and its path.

    Raises
    ------
    InputError
        An error of the class ``failure``: there is no file of that name, or it cannot be read.
    """
    found = locate(reference, shipped, base)
    if found is None:
        message = (
            f"There is no shipped {kind} '{reference}'{nearest(reference, shipped)} A file of your "
            "own is named by its path, such as ./mine.yaml."
        )
        raise failure([Problem(reference, 0, "", message)])
    path, shown = found
    try:
        return read_document(path, shown), path
    except InputError as error:
        raise failure(error.problems) from None


def parse_document(text: str, file: str) -> Document:
    """Parse YAML text that was read from ``file``.

    Raises
    ------
    InputError
        If the text is not YAML, is empty, is not a mapping, or holds something that is refused:
        anchors, aliases, tags, a second document, nesting that is too deep.
    """
    document = Document(file, text)
    try:
        root = _Builder(document, _events(text, file)).build()
    except yaml.MarkedYAMLError as error:
        mark: Any = error.problem_mark or error.context_mark
        said = error.problem or error.context or "cannot be parsed"
        said += _HINTS.get(said, "")
        line = mark.line + 1 if mark is not None else 0
        message = f"This is not valid YAML ({said}); mend the line or the one before it."
        if "nesting depth" in said:  # newer parsers count too
            message = _TOO_DEEP
        raise InputError([Problem(file, line, "", message)]) from None
    except yaml.YAMLError:
        message = "This is not valid YAML: it holds a character that YAML does not allow."
        raise InputError([Problem(file, 0, "", message)]) from None
    if root is None:
        message = "The file is empty; write a mapping of keys, or start from 'foedus new'."
        raise InputError([Problem(file, 0, "", message)])
    if not isinstance(root, dict):
        message = "The file must be a mapping of keys such as 'name:' and 'levers:' at its top."
        raise InputError([Problem(file, 1, "", message)])
    document.data = root
    return document


def decoded(content: bytes, file: str) -> str:
    """Decode the content of a file; ``file`` is its name, for error sentences.

    Raises
    ------
    InputError
        If the content is larger than :data:`MAX_BYTES` or is not UTF-8.
    """
    if len(content) > MAX_BYTES:
        raise InputError([Problem(file, 0, "", TOO_LARGE)])
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        message = "The file is not UTF-8 text; save it with that encoding."
        line = content.count(b"\n", 0, error.start) + 1
        raise InputError([Problem(file, line, "", message)]) from None


def _read_bytes(path: Path, file: str) -> bytes:
    """Read a file, at most one byte more than :data:`MAX_BYTES`: that shows it is too large."""

    def refused(message: str) -> InputError:
        return InputError([Problem(file, 0, "", message)])

    directory, absent = (
        "This is a directory; name a file.",
        "There is no such file; check the path.",
    )
    irregular = "This is not a regular file; name a YAML file."
    try:
        if path.is_dir():
            raise refused(directory)
        if not path.exists():
            raise refused(absent)
        if not path.is_file():
            raise refused(irregular)
        with path.open("rb") as stream:
            return stream.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "the path is not usable"
        message = f"The file cannot be read: {reason}."
        raise refused(message) from None


def _events(text: str, file: str) -> Iterator[Any]:
    """Yield the YAML events, refusing what could do harm before anything is built from it."""
    depth = documents = 0
    events: Iterator[Any] = yaml.parse(text, Loader=_LOADER)
    for event in events:
        line = event.start_mark.line + 1
        if isinstance(event, yaml.DocumentStartEvent):
            documents += 1
            if documents > 1:
                message = "The file holds more than one YAML document; keep the first only."
                raise InputError([Problem(file, line, "", message)])
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            message = "Anchors and aliases (& and *) are not supported; write the value out."
            raise InputError([Problem(file, line, "", message)])
        tag = getattr(event, "tag", None)
        if tag is not None and tag != "!":
            message = f"Tags such as '{tag}' are not supported; write the plain value."
            raise InputError([Problem(file, line, "", message)])
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > MAX_DEPTH:
                raise InputError([Problem(file, line, "", _TOO_DEEP)])
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        yield event


class _Builder:
    """Builds plain data from YAML events, noting lines and repeated keys."""

    def __init__(self, document: Document, events: Iterator[Any]) -> None:
        self.document = document
        self.events = events

    def build(self) -> Any:
        root = None
        for event in self.events:
            if isinstance(event, yaml.ScalarEvent | yaml.CollectionStartEvent):
                root = self._value(event, ())
        return root

    def _value(self, event: Any, path: KeyPath) -> Any:
        if isinstance(event, yaml.MappingStartEvent):
            return self._mapping(path)
        if isinstance(event, yaml.SequenceStartEvent):
            return self._sequence(path)
        return _scalar(event)

    def _mapping(self, path: KeyPath) -> dict[str, Any]:
        result: dict[str, Any] = {}
        while not isinstance(event := next(self.events), yaml.MappingEndEvent):
            key = self._key(event, path)
            here = (*path, key)
            line = event.start_mark.line + 1
            repeated = key in result
            if not repeated:
                self.document.lines[here] = line
            value = self._value(next(self.events), here)
            if repeated:
                first = self.document.lines[here]
                self.document.problems.append(
                    Problem(
                        self.document.file,
                        line,
                        dotted(here),
                        f"The key stands twice (first on line {first}); keep one of them.",
                    )
                )
            else:
                result[key] = value
        return result

    def _key(self, event: Any, path: KeyPath) -> str:
        """Return a key as text; a list of names as a key, ``[ARM, KAZ]``, reads ``ARM, KAZ``."""
        if isinstance(event, yaml.ScalarEvent):
            return str(event.value)
        value = self._value(event, (*path, "?"))
        if isinstance(value, list) and all(isinstance(item, str) for item in value):
            return ", ".join(value)
        message = "A key must be a name or a list of names."
        line = event.start_mark.line + 1
        raise InputError([Problem(self.document.file, line, dotted(path), message)])

    def _sequence(self, path: KeyPath) -> list[Any]:
        result: list[Any] = []
        while not isinstance(event := next(self.events), yaml.SequenceEndEvent):
            here = (*path, len(result))
            self.document.lines[here] = event.start_mark.line + 1
            result.append(self._value(event, here))
        return result


def _scalar(event: Any) -> Any:
    """Return a YAML scalar as null, truth value or number if it is written so, else as text."""
    text = str(event.value)
    if event.style is not None and event.style != "":
        return text
    if text.lower() in _SPECIAL:
        return _SPECIAL[text.lower()]
    if _INTEGER.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text):
        return float(text)
    return text
