"""Fill the marked blocks of the documentation from the code: ``python docs/tables.py``.

A block stands between ``<!-- NAME: begin -->`` and ``<!-- NAME: end -->``. A test fails when one is
not what this command would write.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from foedus.cases.alliance_reader import load_alliance
from foedus.cases.months import parse_month
from foedus.cases.scenario_reader import load_scenario
from foedus.cases.shipped import DATA, shipped_scenarios
from foedus.model.levers import DECISIONS, LEVERS, POLICIES
from foedus.model.parameters import specifications
from foedus.model.quantities import EVIDENCE_KINDS

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


def priors() -> str:
    """What the priors alone imply, beside the declared values."""
    import foedus
    from foedus.views.tables import percent

    drawn, declared = (
        foedus.run("baseline", parameters=parameters).summary["baseline"]
        for parameters in ("prior", "default")
    )
    names = load_alliance("csto").names
    horizon = drawn["horizon"]
    rows = [
        (
            f"{names[code]} {label}",
            percent(drawn["members"][code][outcome]),
            percent(declared["members"][code][outcome]),
        )
        for outcome, label in (
            ("frozen", f"frozen in {horizon}"),
            ("misses_summit", f"misses a summit by {horizon}"),
        )
        for code in drawn["members"]
    ]
    rows += [
        (f"end state {name}", percent(here), percent(declared["alliance"]["end_states"][name]))
        for name, here in drawn["alliance"]["end_states"].items()
    ]
    return table(("outcome", "drawn from the priors", "declared values"), rows)


def benchmark() -> dict[str, Any]:
    """Return what benchmarks/run.py wrote."""
    path = HERE.parent / "benchmarks" / "results.json"
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content


def significant(value: float) -> str:
    """Write a number with three significant figures."""
    return f"{float(f'{value:.3g}'):,}" if value < 100 else f"{float(f'{value:.3g}'):,.0f}"


def timings() -> str:
    """Nanoseconds for an agent-step."""
    found = benchmark()["nanoseconds_per_agent_step"]
    rows = [(name, significant(value)) for name, value in found.items()]
    return table(("what", "nanoseconds an agent-step"), rows)


def ratios() -> str:
    """Ratios of the timings."""
    rows = [(name, significant(value)) for name, value in benchmark()["ratios"].items()]
    return table(("ratio", "times"), rows)


def footprint() -> str:
    """Memory and start-up."""
    found = benchmark()
    rows = [(name.replace("_", " "), significant(value)) for name, value in found["memory"].items()]
    rows += [(f"seconds: {name}", significant(v)) for name, v in found["start_up_seconds"].items()]
    return table(("what", "number"), rows)


def machine() -> str:
    """Where it was measured."""
    rows = [(name, str(value)) for name, value in benchmark()["machine"].items()]
    return table(("machine", ""), rows)


def found(name: str) -> Any:
    """Return what docs/evaluate.py wrote, or what comes with foedus."""
    path = HERE / "results" / f"{name}.json"
    if not path.is_file():
        path = DATA / f"{name}.json"
    return json.loads(path.read_text(encoding="utf-8"))


def informed() -> str:
    """Numbers that the record informs."""
    from foedus.views import evidence_tables

    rows = [row for row in found("calibration")["numbers"] if row["informed"] == "yes"]
    return table(evidence_tables.INFORMED_HEADER, [tuple(row.values()) for row in rows])


def checks() -> str:
    """What the posterior says of Armenia's record."""
    rows = [
        tuple(row.values())
        for row in found("calibration")["checks"]
        if row["member"] == "ARM" and not row["what"].startswith("has not given")
    ]
    header = ("month", "member", "what", "on record", "posterior worlds", "fresh luck", "inside")
    return table(header, rows)


def scores_of(name: str) -> str:
    """Return the main scores of a hindcast under each kind of drivers."""
    from foedus.inference.hindcast import DRIVERS

    content = found(name)["scores"]
    groups = list(dict.fromkeys(row["group"] for row in content))
    rows = []
    for group in groups:
        for who in dict.fromkeys(row["forecaster"] for row in content if row["group"] == group):
            cells = [
                f"{row['score']:.3f}"
                for drivers in DRIVERS
                for row in content
                if (row["drivers"], row["group"], row["forecaster"]) == (drivers, group, who)
            ]
            number = next(row["forecasts"] for row in content if row["group"] == group)
            rows.append((group, str(number), who, *cells))
    return table(("scored", "n", "forecaster", *DRIVERS.values()), rows)


def gains() -> str:
    """By how much the model beats the others with the drivers that came."""
    rows = [
        (
            row["group"],
            row["forecaster"],
            f"{row['gain']:+.3f}",
            "-"
            if row["gain_low"] is None
            else f"{row['gain_low']:+.3f} to {row['gain_high']:+.3f}",
        )
        for row in found("hindcast_csto")["scores"]
        if row["drivers"] == "coded"
        and row["forecaster"] != "model"
        and row["group"] in ("ARM: all events", "all members: all events", "ARM: trust")
    ]
    return table(("scored", "against", "model better by", "90 %"), rows)


def claims() -> str:
    """Claims under the shipped posterior."""
    rows = [
        (
            claim["letter"],
            claim["text"],
            f"{claim['value']:+.4f}",
            f"{claim['error']:.4f}",
            "yes" if claim["holds"] else "**no**",
        )
        for claim in found("hindcast_csto")["claims"]
    ]
    return table(("claim", "above 0 if it holds", "value", "error", "holds"), rows)


def covered() -> str:
    """Coverage of known truths."""
    from foedus.views import evidence_tables

    content = found("coverage")
    rows = [*evidence_tables.coverage_rows(content["informed"])]
    rows.append(
        (f"all {content['all']['numbers']} numbers", f"{content['all']['coverage']:.3f}", "", "")
    )
    return table(evidence_tables.COVERAGE_HEADER, rows)


def codings() -> str:
    """Projections from the two codings of the record."""
    from foedus.views.tables import number

    content = found("codings")
    rows = [
        (scenario, outcome, number(estimate), number(content["other"][scenario][outcome]))
        for scenario, outcomes in content["main"].items()
        for outcome, estimate in outcomes.items()
    ]
    return table(("scenario", "outcome in 2030-12", "main coding", "other coding"), rows)


BLOCKS = {
    "informed": informed,
    "checks": checks,
    "scores": lambda: scores_of("hindcast_csto"),
    "fixed": lambda: scores_of("hindcast_2022-06"),
    "gains": gains,
    "claims": claims,
    "covered": covered,
    "codings": codings,
    "priors": priors,
    "timings": timings,
    "ratios": ratios,
    "footprint": footprint,
    "machine": machine,
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
