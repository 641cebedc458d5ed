"""What is written and printed: words that can be asked, references that are explained, no paths."""

from __future__ import annotations

import importlib
import json
import pkgutil
import re
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import foedus.views
from foedus.cases.scenario_reader import load_scenario
from foedus.cases.shipped import scenario_directory, shipped_scenarios
from foedus.cli import app
from foedus.errors import ParameterError, installing
from foedus.inference.hindcast import DRIVERS, EVENT, SHARE
from foedus.inference.structures import STRUCTURES
from foedus.model.chronicle import Events
from foedus.model.citations import ARTICLE, MECHANISMS, notes
from foedus.model.cohesion import END_STATES, Cohesion
from foedus.model.quantities import EVIDENCE_KINDS
from foedus.model.records import STANDINGS
from foedus.outcomes import catalogue
from foedus.outcomes.base_rates import panel_summary
from foedus.outcomes.evidence import BY_HAND, RECORD
from foedus.outcomes.phrases import EVENT_WORDS, KINDS, STANDING_WORDS
from foedus.outcomes.sweeps import MEASURES
from foedus.outcomes.worth import shipped_hindcast
from foedus.studies.comparison import compare
from foedus.studies.sweeping import sweep
from foedus.views import comparison_tables, tables
from foedus.views.explain import why
from foedus.views.glossary import folded
from foedus.views.words import SCALE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from foedus.studies.comparison import Comparison

HERE = Path(__file__).resolve().parents[2]  # where README and docs lie
QUICK = ("--runs", "40", "--horizon", "14", "--workers", "1")
CSTO = load_scenario("baseline").alliance


def foedus_says(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    status = app.execute(arguments)
    captured = capsys.readouterr()
    assert status == 0, captured.err
    return captured.out + captured.err


# ---------------------------------------------------------------------------------------------
# Every word can be asked


@pytest.fixture(scope="module")
def found() -> Comparison:
    """Return a comparison in which a number is set by hand and restraint is shown by anchor."""
    scenarios = [load_scenario(name, horizon=14) for name in ("baseline", "pressure")]
    own = load_scenario("restraint", horizon=14, settings=["trust_loss=0.6"])
    return compare(*scenarios, own, runs=60)


def keys_of(value: Any) -> Iterator[str]:
    """Yield every key of plain data, but names of scenarios, states, numbers, models and months."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield str(key)
            yield from keys_of(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from keys_of(item)


def is_a_name(key: str) -> bool:
    """Whether a key is the name of something that is not foedus's own: a package, a month."""
    others = ("python", "foedus", "mesa", "numba", "numpy", "xarray", "zarr", "NATO", "SEATO",
              "ANZUS", "CST/CSTO", "calendar", "rules")  # fmt: skip
    return key in others or re.fullmatch(r"[0-9.]+|[0-9]{4}-[0-9]{2}", key) is not None


def test_every_key_of_json_can_be_asked_why(found: Comparison) -> None:
    swept = sweep("baseline", runs=40, horizon=6, steps=2, levers=["pressure"])
    contents = (found.summary, found.provenance, swept.summary, panel_summary(), shipped_hindcast())
    keys = {key for content in contents for key in keys_of(content) if not is_a_name(key)}
    assert len(keys) > 150
    unknown = sorted(filter(is_unknown, keys - names_of(found)))
    assert not unknown, f"add to src/foedus/views/glossary.py: {', '.join(unknown)}"


def names_of(found: Comparison) -> set[str]:
    """Return the names of the scenarios of a comparison that are the user's own."""
    return {scenario.name for scenario in found.result.scenarios} - {*shipped_scenarios()}


def is_unknown(name: str) -> bool:
    try:
        return not why(name).rows
    except ParameterError:
        return True


def headers() -> Iterator[str]:
    """Yield the words of every header that a module of the views declares."""
    for info in pkgutil.iter_modules(foedus.views.__path__):
        module = importlib.import_module(f"foedus.views.{info.name}")
        for name, value in vars(module).items():
            if name.endswith("HEADER") and isinstance(value, tuple):
                yield from value


def words() -> Iterator[str]:
    """Yield the words and names of all that the model and the tables declare."""
    outcomes = (*catalogue.MEMBER_OUTCOMES.values(), *catalogue.ALLIANCE_OUTCOMES.values())
    for outcome in outcomes:
        yield from (outcome.key, outcome.words, *outcome.lines)
    for table in (STANDINGS, END_STATES, Cohesion._fields, Events._fields, EVIDENCE_KINDS, KINDS):
        yield from table
    yield from (*EVENT_WORDS.values(), *STANDING_WORDS.values())
    yield from (RECORD, BY_HAND, *DRIVERS, *EVENT, *SHARE, *comparison_tables.COHESION_ROWS)
    yield from (word for _, word in SCALE)
    for model in STRUCTURES:
        yield model.name
    for key, measure in MEASURES.items():
        yield from (key, measure.short)
    yield from shipped_scenarios()
    yield from ("Brier", "CRPS", "log score", "base rates", "Shapley", "Monte Carlo", "Wilson")
    yield from (*CSTO.names, *CSTO.names.values(), "the article")
    yield from (f"mechanism {number}" for number in MECHANISMS)


@pytest.mark.parametrize("source", [headers, words])
def test_every_header_label_and_word_can_be_asked_why(source: Any) -> None:
    asked = dict.fromkeys(filter(None, source()))
    assert len(asked) > 30
    unknown = sorted(filter(is_unknown, asked))
    assert not unknown, f"add to src/foedus/views/glossary.py: {', '.join(unknown)}"


def test_labels_of_the_tables_of_a_run_can_be_asked_why(found: Comparison) -> None:
    asked: dict[str, None] = {}
    for content in found.result.summary.values():
        asked |= dict.fromkeys(tables.event_header(content))
        asked |= dict.fromkeys(label for label, *_ in tables.alliance_rows(content))
    for name, parts in found.summary["attribution"].items():
        shares = (share["lever"] for one in parts for share in one["shares"])
        asked |= dict.fromkeys((*shares, name))
    assert sorted(filter(is_unknown, asked.keys() - names_of(found))) == []


@pytest.mark.parametrize("name", ["missed_summit", "other coding", "ARM.trust", "CRPS", "frozen"])
def test_case_blanks_and_underscores_do_not_matter(name: str) -> None:
    rows = why(name).rows
    for asked in (name.upper(), name.lower(), name.replace("_", " "), name.replace(" ", "_")):
        assert why(asked).rows == rows


def test_the_beginning_of_keys_lists_them() -> None:
    keys = [key for key in CSTO.numbers if key.startswith("ARM.attention.")]
    rows = dict(why("ARM.attention").rows)
    assert all(key in rows["numbers"] for key in keys)
    assert "ARM.election.2026-06 0.25" in dict(why("ARM.election").rows)["numbers"]
    assert "BLR" not in dict(why("ARM.election").rows)["numbers"]
    owned = dict(why("Kazakhstan").rows)["numbers"]
    assert "KAZ.trust 0.7" in owned
    assert " ARM.trust" not in owned


def test_a_number_of_several_members_lists_them() -> None:
    rows = dict(why("affinity").rows)
    assert all(f"{code}.affinity" in rows["numbers"] for code in CSTO.members)


def test_a_name_that_nothing_has_is_refused_with_the_nearest() -> None:
    with pytest.raises(ParameterError, match="did you mean 'hollow'"):
        why("hollo")


def test_a_name_that_means_several_things_is_explained_in_each_sense() -> None:
    labels = [label for label, _ in why("restraint").rows]
    assert {"lever", "scenario"} <= set(labels)
    assert {"outcome", "standing"} <= {label for label, _ in why("frozen").rows}


def test_no_event_has_the_words_of_a_standing_or_of_an_outcome() -> None:
    others = {
        outcome.words
        for key, outcome in catalogue.MEMBER_OUTCOMES.items()
        if key not in Events._fields
    }
    states = {*STANDING_WORDS.values(), *STANDINGS, *others, *END_STATES}
    assert {*EVENT_WORDS} == {*Events._fields}
    assert {*STANDING_WORDS} == {*STANDINGS}
    assert {*map(folded, EVENT_WORDS.values())}.isdisjoint(map(folded, states))


def test_the_answer_of_a_run_names_what_was_set_by_hand(capsys: pytest.CaptureFixture[str]) -> None:
    assert "by hand" not in told(foedus_says(capsys, "run", "baseline", *QUICK)).casefold()
    settings = ("--set", "trust_loss=0.7", "--set", "ARM.election.2026-06=0.5")
    text = told(foedus_says(capsys, "run", "baseline", *QUICK, *settings))
    assert "By hand, the same in every world: trust_loss 0.7, ARM.election.2026-06 0.5." in text


@pytest.mark.parametrize("label", ["Why", "Open", "Set", "Worth", "Made", "More"])
def test_labels_of_the_answer_can_be_asked_why(label: str) -> None:
    assert why(label).rows


# ---------------------------------------------------------------------------------------------
# References are explained


def told(text: str) -> str:
    """Return a printed text in one line, without the frames of tables."""
    return " ".join(re.sub(r"[^\w\s.,;:()'%/-]", " ", re.sub(r'[\\"]', "", text)).split())


@pytest.mark.parametrize(
    "command",
    [
        ("list",),
        ("show", "history"),
        ("show", "baseline", "--plain"),
        ("record",),
        ("schema",),
        ("sweep", "baseline", *QUICK, "--steps", "2", "--no-figures"),
        ("run", "baseline", *QUICK),
        *(("why", name) for name in ("pressure", "trust_loss", "frozen", "adaptive", "accounting")),
    ],
    ids=" ".join,
)
def test_a_reference_is_printed_with_what_it_stands_for(
    capsys: pytest.CaptureFixture[str], command: tuple[str, ...]
) -> None:
    text = told(foedus_says(capsys, *command))
    for label, explained in notes(text):
        number = int(label.removeprefix("mechanism ")) if "mechanism" in label else None
        wanted = ARTICLE if number is None else f"{MECHANISMS[number]} (docs/model.md)"
        assert told(wanted) in text, (label, explained)


def test_mechanisms_are_those_of_the_documentation() -> None:
    page = (HERE / "docs" / "model.md").read_text(encoding="utf-8")
    found = dict(re.findall(r"^### Mechanism ([0-9]+): (.*)$", page, re.MULTILINE))
    assert {int(number): name for number, name in found.items()} == MECHANISMS


def test_the_article_is_cited_as_the_documentation_cites_it() -> None:
    page = (HERE / "docs" / "calibration.md").read_text(encoding="utf-8")
    title = ARTICLE.split('"')[1]
    assert title in " ".join(page.split())


@pytest.mark.parametrize("extra", ["explore", "cluster"])
def test_the_readme_installs_extras_as_the_hints_do(extra: str) -> None:
    page = (HERE / "README.md").read_text(encoding="utf-8")
    assert installing(extra).partition(": ")[2] in page


# ---------------------------------------------------------------------------------------------
# No path of this machine


def readable(path: Path) -> Iterator[tuple[str, bytes]]:
    """Yield name and content of a file, and of each file in an archive."""
    yield str(path), path.read_bytes()
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                yield f"{path}: {name}", archive.read(name)


def test_nothing_that_is_written_or_printed_holds_a_path_of_this_machine(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    away, here = tmp_path / "away", tmp_path / "here"
    away.mkdir()
    here.mkdir()
    monkeypatch.chdir(here)
    alliance = (scenario_directory() / "alliances" / "csto.yaml").read_text(encoding="utf-8")
    (away / "own.yaml").write_text(alliance, encoding="utf-8")
    (away / "parent.yaml").write_text(
        f"foedus: 1\nname: parent\ntitle: Parent\nalliance: {away}/own.yaml\nstart: 2026-01\n"
        "horizon: 14\nlevers: {pressure: {ARM: [{value: 0.3}]}}\nparameters: {trust_loss: 0.6}\n",
        encoding="utf-8",
    )
    (away / "mine.yaml").write_text(
        f"foedus: 1\nname: mine\ntitle: Mine\nextends: {away}/parent.yaml\n"
        "levers: {restraint: {ARM: [{value: 0.9}]}}\nparameters: {ARM.election.2026-06: 0.5}\n"
        "events: [{event: crisis, date: 2026-05, member: ARM}]\n",
        encoding="utf-8",
    )
    parent, mine = str(away / "parent.yaml"), str(away / "mine.yaml")
    run = ("--runs", "40", "--workers", "1")
    commands = (
        ("run", mine, *run, "--out", "out"),
        ("run", mine, *run, "--json"),
        ("compare", parent, mine, *run, "--out", "both"),
        ("compare", parent, mine, *run, "--json"),
        ("report", "out", "--out", "brief.html", "--annex"),
        ("report", "out", "--format", "md", "--out", "brief.md"),
        ("sweep", mine, *run, "--steps", "2", "--lever", "pressure", "--out", "swept"),
        ("trace", mine, "--run", "3", "--json"),
        ("show", mine),
        ("show", mine, "--json"),
        ("show", mine, "--plain"),
        ("why", "trust_loss", "--scenario", mine),
        ("why", "pressure", "--scenario", mine),
        ("why", "ARM.trust", "--scenario", mine),
        ("why", "ARM.election.2026-06", "--scenario", mine),
    )
    for command in commands:
        assert str(tmp_path) not in told(foedus_says(capsys, *command)), command
    html = load_scenario(mine)._repr_html_()
    assert str(tmp_path) not in html
    files = [path for path in here.rglob("*") if path.is_file()]
    assert len(files) > 40
    for path in files:
        for name, content in readable(path):
            assert str(tmp_path).encode() not in content, name


def test_a_resolved_scenario_names_its_alliance_so_that_it_can_be_read_again(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    alliance = (scenario_directory() / "alliances" / "csto.yaml").read_text(encoding="utf-8")
    (tmp_path / "own.yaml").write_text(alliance, encoding="utf-8")
    mine = tmp_path / "mine.yaml"
    mine.write_text(
        "foedus: 1\nname: mine\ntitle: Mine\nalliance: ./own.yaml\nstart: 2026-01\nhorizon: 14\n"
        "levers: {pressure: {ARM: [{value: 0.3}]}}\n",
        encoding="utf-8",
    )
    again = tmp_path / "here" / "again.yaml"
    again.write_text(foedus_says(capsys, "show", str(mine), "--json"), encoding="utf-8")
    assert load_scenario(again).fingerprint == load_scenario(mine).fingerprint
    assert json.loads(again.read_text(encoding="utf-8"))["alliance"] == "../own.yaml"
