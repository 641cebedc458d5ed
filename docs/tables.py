"""Fill the marked blocks of the documentation from the code: ``python docs/tables.py``.

A block stands between ``<!-- NAME: begin -->`` and ``<!-- NAME: end -->``. A test fails when one is
not what this command would write.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from foedus.alliance import load_alliance
from foedus.levers import DECISIONS, LEVERS, POLICIES
from foedus.months import parse_month
from foedus.parameters import EVIDENCE_KINDS, specifications
from foedus.scenario_reader import load_scenario
from foedus.shipped import shipped_scenarios

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

HERE = Path(__file__).resolve().parent
ADDRESSES = {
    "patron": "`LEVER: [spans]`",
    "member": "`LEVER: {MEMBER: [spans]}`",
    "partner": "`LEVER: {PARTNER: {MEMBER: [spans]}}`",
    "adversary": "`LEVER: {ADVERSARY: {MEMBER: [spans]}}`",
}


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def parameters() -> str:
    """Table of every parameter."""
    header = ("parameter", "symbol", "mech.", "value", "prior", "unit", "evidence", "meaning")
    rows = [
        (
            f"`{name}`",
            spec.symbol,
            str(spec.mechanism),
            f"{spec.value:g}",
            str(spec.prior).replace("uniform on ", ""),
            spec.unit,
            f"{spec.evidence.kind}: {spec.evidence.source}",
            spec.meaning,
        )
        for name, spec in specifications().items()
    ]
    return table(header, rows)


def levers() -> str:
    """Table of every lever."""
    header = ("lever", "written", "bounds", "default", "unit", "meaning", "source")
    rows = [
        (
            f"`{lever.name}`",
            ADDRESSES[lever.scope],
            f"{lever.low:g} to {lever.high:g}",
            "own value" if lever.default is None else f"{lever.default:g}",
            lever.unit,
            lever.meaning,
            lever.source,
        )
        for lever in LEVERS
    ]
    return table(header, rows)


def policies() -> str:
    """Table of the patron's policies."""
    return table(("policy", "meaning"), [(f"`{name}`", text) for name, text in POLICIES.items()])


def decisions() -> str:
    """Table of the decisions a scenario can force."""
    rows = [
        (f"`{name}`", decision.meaning, f"{decision.only_in} months" if decision.only_in else "any")
        for name, decision in DECISIONS.items()
    ]
    return table(("decision", "meaning", "when"), rows)


def scenarios() -> str:
    """Table of the shipped scenarios."""
    rows = []
    for name in shipped_scenarios():
        scenario = load_scenario(name)
        rows.append((f"`{name}`", scenario.title, scenario.description))
    return table(("scenario", "title", "stands for"), rows)


def evidence() -> str:
    """Count of the numbers by kind of evidence."""
    groups = {"parameters": [spec.evidence.kind for spec in specifications().values()]}
    for date in ("2018-02", None):
        alliance = load_alliance("csto", parse_month(date) if date else None)
        kinds = [number.evidence.kind for number in alliance.numbers.values()]
        groups[f"CSTO, {'January 2018' if date else 'December 2025'}"] = kinds
    rows = [
        (group, *(str(kinds.count(kind)) for kind in EVIDENCE_KINDS), str(len(kinds)))
        for group, kinds in groups.items()
    ]
    return table(("numbers", *EVIDENCE_KINDS, "all"), rows)


BLOCKS = {
    "parameters": parameters,
    "levers": levers,
    "policies": policies,
    "decisions": decisions,
    "scenarios": scenarios,
    "evidence": evidence,
}


def filled(text: str) -> str:
    """Return a document with its blocks filled."""
    for name, block in BLOCKS.items():
        begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
        pattern = re.compile(re.escape(begin) + ".*?" + re.escape(end), re.DOTALL)
        if pattern.search(text):
            content = f"{begin}\n\n{block()}\n\n{end}"
            text = pattern.sub(content.replace("\\", "\\\\"), text)
    return text


def documents() -> list[Path]:
    """Return the documents that may hold blocks."""
    return [*sorted(HERE.glob("*.md")), HERE.parent / "README.md"]


if __name__ == "__main__":
    for path in documents():
        path.write_text(filled(path.read_text(encoding="utf-8")), encoding="utf-8")
