"""What the references in texts stand for: the article, by section and paragraph, and mechanisms.

Sources of numbers, levers and outcomes are short, such as ``II.2`` or ``mechanism 10``. Whoever
prints them adds what :func:`notes` says, so that no reader meets a reference that nobody explains.
"""

from __future__ import annotations

import re

#: The article that the model and its first alliance start from.
ARTICLE = (
    "\"Armenia's Absence from the CSTO Summit: Cracks in the Alliance and New Realities in "
    'Eurasian Geopolitics" (Times Tengri, on the Bishkek summit of 27 November 2025)'
)
#: Where each claim of the article is listed, with what became of it.
CLAIMS = "docs/calibration.md"
#: Mechanisms of the model by number, as in docs/model.md and ``rules.py``.
MECHANISMS: dict[int, str] = {
    1: "levers",
    2: "crises, and fighting between members",
    3: "the patron's answer",
    4: "trust from experience and in routine",
    5: "contagion",
    6: "security expectation",
    7: "pressure and restraint",
    8: "outside option",
    9: "economic dependence",
    10: "participation",
    11: "formal exit",
    12: "the alliance's answer",
    13: "the patron's ledger and policies",
    14: "cohesion and end states",
    15: "governments",
}

_PARAGRAPH = r"\b(?:I|II|III|IV|V)\.[1-9]\b"
_CITED = re.compile(_PARAGRAPH)
_ARTICLE = re.compile(rf"{_PARAGRAPH}|\b[Tt]he article\b|^article\b")
_MECHANISM = re.compile(r"\bmechanisms? ([0-9]+(?:(?:, | and )[0-9]+)*)")
_BRACKETS = re.compile(rf" \({_PARAGRAPH}(?:, {_PARAGRAPH})*\)")
_ALONE = re.compile(rf"(?:^|, ){_PARAGRAPH}(?: \([a-z]+\))?(?=,|$)")
_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth")


def notes(*texts: str) -> tuple[tuple[str, str], ...]:
    """Return what the references in some texts stand for: pairs of label and sentence.

    Parameters
    ----------
    *texts
        Written by foedus; what a user wrote may cite something else.
    """
    found: list[tuple[str, str]] = []
    if any(map(_ARTICLE.search, texts)):
        found.append(("the article", f"{ARTICLE}{_example(texts)}; {CLAIMS} has it claim by claim"))
    cited = (match for text in texts for match in _MECHANISM.findall(text))
    numbers = sorted({int(number) for match in cited for number in re.findall("[0-9]+", match)})
    found += [
        (f"mechanism {number}", f"{MECHANISMS[number]} (docs/model.md)")
        for number in numbers
        if number in MECHANISMS
    ]
    return tuple(found)


def note_line(*texts: str) -> str:
    """Return what the references in some texts stand for as one line; empty if there are none."""
    found = notes(*texts)
    return " ".join(f"{label[:1].upper()}{label[1:]}: {text}." for label, text in found)


def mechanism_in_words(number: int) -> str:
    """Write a mechanism with its name: ``mechanism 10, participation (docs/model.md)``."""
    return f"mechanism {number}, {MECHANISMS[number]} (docs/model.md)"


def without_references(text: str) -> str:
    """Return a text without the references to the article that stand in brackets of their own."""
    return _BRACKETS.sub("", text)


def plain_source(text: str) -> str:
    """Return the parts of a source that say something by themselves, without paragraphs cited."""
    parts = (_ALONE.sub("", part).strip(", ") for part in text.split("; "))
    return "; ".join(filter(None, parts))


def _example(texts: tuple[str, ...]) -> str:
    """Say how a paragraph is cited, by the first that is."""
    cited = next((match[0] for text in texts for match in _CITED.finditer(text)), None)
    if cited is None:
        return ""
    section, paragraph = cited.split(".")
    return f"; {cited} is its section {section}, {_ORDINALS[int(paragraph) - 1]} paragraph"
