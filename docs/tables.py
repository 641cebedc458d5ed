"""Fill the marked blocks of the documentation from the code: ``python docs/tables.py``.

A block stands between ``<!-- NAME: begin -->`` and ``<!-- NAME: end -->``. A test fails when one is
not what this command would write.
"""

from __future__ import annotations

import ast
import json
import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from foedus.cases.alliance_reader import load_alliance
from foedus.cases.months import parse_month
from foedus.cases.panel import load_panel
from foedus.cases.scenario_reader import load_scenario
from foedus.cases.shipped import DATA, shipped_scenarios
from foedus.model.citations import note_line
from foedus.model.levers import DECISIONS, LEVERS, POLICIES
from foedus.model.quantities import EVIDENCE_KINDS
from foedus.model.specifications import specifications
from foedus.outcomes.base_rates import freezing
from foedus.outcomes.catalogue import ALLIANCE_OUTCOMES, MEMBER_OUTCOMES

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

HERE = Path(__file__).resolve().parent
PACKAGE = HERE.parent / "src" / "foedus"
LEAVES = "What everybody may import; they import nothing of foedus."
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


def with_notes(text: str) -> str:
    """Return a text with what its references stand for below it."""
    return "\n\n".join(filter(None, [text, note_line(text)]))


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
    return with_notes(table(header, rows))


def outcomes() -> str:
    """Table of everything that is measured of a world."""
    header = ("outcome", "of", "kind", "better", "meaning", "from")
    rows = [
        (
            f"`{outcome.key}`",
            whose,
            outcome.kind,
            {1: "more", -1: "less", 0: "neither"}[outcome.better],
            outcome.meaning,
            outcome.source,
        )
        for whose, found in (("alliance", ALLIANCE_OUTCOMES), ("member", MEMBER_OUTCOMES))
        for outcome in found.values()
    ]
    return table(header, rows)


def policies() -> str:
    """Table of the patron's policies."""
    rows = [(f"`{name}`", text) for name, text in POLICIES.items()]
    return with_notes(table(("policy", "meaning"), rows))


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
    return with_notes(table(("scenario", "title", "stands for"), rows))


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
            ("missed_summit", f"misses a summit by {horizon}"),
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


def models() -> str:
    """Table of the models in the posterior that comes with foedus."""
    from foedus.views import evidence_tables
    from foedus.worlds.posterior import shipped_posterior

    posterior = shipped_posterior()
    assert posterior is not None
    return table(evidence_tables.MODEL_HEADER, evidence_tables.model_rows(posterior))


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


def five_years() -> str:
    """Scores five years ahead, and where calibration does not beat the uncalibrated prior."""
    from foedus.inference.hindcast import CAPTION_AHEAD, DRIVERS
    from foedus.views import evidence_tables

    if not (HERE / "results" / "hindcast_5_years.json").is_file():
        return "Not made yet: `python docs/evaluate.py hindcast` makes it."
    content = found("hindcast_5_years")
    about = (
        f"From {', '.join(content['origins'])}, up to {content['years']} years ahead; "
        f"{content['draws']:,} worlds to calibrate at each. {CAPTION_AHEAD}"
    )
    parts = [about]
    for drivers, lines in content["verdicts"].items():
        parts.append(f"{DRIVERS[drivers].capitalize()}:")
        rows = evidence_tables.score_rows(content["scores"], drivers)
        parts.append(table(evidence_tables.SCORE_HEADER, rows))
        parts.append("\n".join(f"- {line}" for line in lines))
    return "\n\n".join(filter(None, parts))


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


def layers() -> list[list[str]]:
    """Return the layers of the package from top to bottom, as import-linter holds them."""
    project = tomllib.loads((HERE.parent / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = project["tool"]["importlinter"]["contracts"]
    (layered,) = (contract for contract in contracts if contract["type"] == "layers")
    lines = [[name.strip() for name in line.split("|")] for line in layered["layers"]]
    return [[name.removeprefix("foedus.") for name in line] for line in lines]


def first_line(path: Path) -> str:
    """Return the first line of a module's documentation."""
    return (ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "").splitlines()[0]


def in_short(path: Path) -> str:
    """Return the beginning of that line, up to its first stop."""
    beginning = re.split(r"[:;,.](?= |$)|(?<=\?) | \(", first_line(path))[0].replace("``", "`")
    return beginning if beginning[1:2].isupper() else beginning[:1].lower() + beginning[1:]


def modules_of(room: str) -> list[Path]:
    """Return the modules of a package."""
    return [path for path in sorted((PACKAGE / room).glob("*.py")) if path.stem != "__init__"]


def every_module() -> list[str]:
    """Return the names of all modules in the layers."""
    found: list[str] = []
    for line in layers():
        for name in line:
            modules = modules_of(name) if (PACKAGE / name).is_dir() else []
            found += [f"{name}.{path.stem}" for path in modules] or [name]
    return found


def layout() -> str:
    """What each package holds, in the order of the layers, and the leaves below."""
    rows = []
    for line in layers():
        rooms = [room for room in line if (PACKAGE / room).is_dir()]
        for room in rooms:
            holds = first_line(PACKAGE / room / "__init__.py")
            rows.append((f"**{room}**", holds, listed(modules_of(room))))
        if not rooms and rows:
            leaves = [PACKAGE / f"{leaf}.py" for leaf in line]
            rows.append(("leaves", LEAVES, listed(sorted(leaves))))
    return table(("room", "holds", "modules"), rows)


def listed(modules: Iterable[Path]) -> str:
    """Return modules with what they are, a line each."""
    return "<br>".join(f"`{path.stem}`: {in_short(path)}" for path in modules)


def control() -> str:
    """What becomes of the alliance without any lever, and how often members freeze."""
    from foedus.views.tables import percent

    rows = [
        (
            f"{years} years",
            percent(content["dissolved"]),
            percent(content["everybody takes part"]),
            f"{content['freezes']['rate']:.3f}",
        )
        for years, content in found("control").items()
    ]
    header = ("after", "dissolved", "everybody takes part", "freezes a member-year")
    return table(header, rows)


def sweep() -> str:
    """What each lever moves from one end to the other, the answer first."""
    from foedus.views import sweeps

    content = found("sweep")["sweep"]
    lines = "\n".join(f"- {line}" for line in content["answer"])
    worlds = f"{content['scenario']}, {content['runs']:,} worlds at each value."
    rows = table(sweeps.header(content), sweeps.rows(content))
    return f"{lines}\n\n{rows}\n\n{worlds} {sweeps.CAPTION}"


def rest() -> str:
    """What becomes of the alliance at rest, beside what history allows."""
    from foedus.views import evidence_tables

    return table(evidence_tables.REST_HEADER, evidence_tables.rest_rows(found("rest")))


def history() -> str:
    """Freezes in history, by alliance and pooled."""
    rows = [
        (name, str(count.events), f"{count.years:,.0f}", f"{count.events / count.years:.4f}")
        for name, count in load_panel().counts("freeze").items()
    ]
    pooled = freezing()
    interval = f"{pooled.rate:.4f} [{pooled.low:.4f}, {pooled.high:.4f}]"
    rows.append(("all", str(pooled.events), f"{pooled.years:,.0f}", interval))
    rows.append(("one more alliance", "", "", f"[{pooled.least:.4f}, {pooled.most:.4f}]"))
    return table(("alliance", "freezes", "member-years", "freezes a member-year"), rows)


BLOCKS = {
    "control": control,
    "sweep": sweep,
    "rest": rest,
    "history": history,
    "layout": layout,
    "models": models,
    "informed": informed,
    "checks": checks,
    "scores": lambda: scores_of("hindcast_csto"),
    "fixed": lambda: scores_of("hindcast_2022-06"),
    "five-years": five_years,
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
    "outcomes": outcomes,
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
