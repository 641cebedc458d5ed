"""The brief: one file, the finding first, nothing from outside, nothing overwritten."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import pytest

from foedus.cases.alliance_reader import load_alliance
from foedus.cases.scenario_reader import load_scenario
from foedus.errors import ResultError
from foedus.model.specifications import specifications
from foedus.studies.comparison import compare
from foedus.views import brief as brief_module
from foedus.views.brief import Brief, brief, html, markdown, write
from foedus.views.words import SCALE, in_words, scale_line

if TYPE_CHECKING:
    from pathlib import Path

    from foedus.studies.comparison import Comparison

VOID = {"meta", "img", "br", "link"}


class Page(HTMLParser):
    """Text, addresses and balance of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.addresses: list[str] = []
        self.words: list[str] = []
        self.ids: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.addresses += [given[k] or "" for k in ("src", "href") if k in given]
        self.ids += [given["id"] or ""] if "id" in given else []
        if tag == "img":
            assert given.get("alt")
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)


@pytest.fixture(scope="module")
def found() -> Comparison:
    return compare("baseline", "pressure", "restraint", runs=60, horizon=12)


@pytest.fixture(scope="module")
def made(found: Comparison) -> Brief:
    return brief(found)


@pytest.fixture(scope="module")
def page(made: Brief) -> str:
    return html(made)


def test_the_page_needs_nothing_from_outside(page: str) -> None:
    parsed = Page(page)
    assert parsed.open == []
    for address in parsed.addresses:
        assert address.startswith(("data:image/svg+xml;base64,", "#"))
    assert {a[1:] for a in parsed.addresses if a.startswith("#")} <= set(parsed.ids)
    assert "<script" not in page
    assert "@import" not in page
    assert "url(" not in page


def test_the_finding_comes_first_with_words_and_numbers(found: Comparison, made: Brief) -> None:
    first = made.sections[0]
    assert first.title == "What was found"
    text = " ".join(line for block in first.blocks for line in getattr(block, "lines", ()))
    active = found.result.summary["baseline"]["members"]["ARM"]["active"]["value"]
    assert f"Armenia is active: {in_words(active)}" in text
    cohesion = found.difference("restraint", "alliance", "cohesion").difference.value
    assert f"{cohesion:+.3f}" in text
    assert "better in" in text
    assert "Hindcast of Armenia" in text


def test_it_says_on_what_it_rests_and_how_to_make_it_again(found: Comparison, page: str) -> None:
    text = " ".join(Page(page).words)
    for carrier in found.result.summary["baseline"]["carriers_of_cohesion"]:
        assert carrier["name"] in text
    assert found.result.digest in text
    assert "foedus compare scenarios/baseline.yaml scenarios/pressure.yaml" in text
    for name in ("Monte Carlo", "Assumed are", "One case", "ICD 203", "Shapley"):
        assert name in text


def test_text_of_a_scenario_is_escaped(write_scenario: object, tmp_path: Path) -> None:
    path = tmp_path / "odd.yaml"
    path.write_text(
        'foedus: 1\nname: odd\ntitle: "<b>Odd</b> & | sharp"\nextends: baseline\n'
        "levers: {pressure: {ARM: [{value: 0.8}]}}\n",
        encoding="utf-8",
    )
    made = brief(compare(path, runs=40, horizon=12))
    text = html(made)
    assert "<b>Odd</b>" not in text
    assert "&lt;b&gt;Odd&lt;/b&gt; &amp; | sharp" in text
    assert Page(text).open == []


def test_a_run_alone_has_a_brief_without_differences(tmp_path: Path) -> None:
    made = brief(compare("pressure", runs=60, horizon=12))
    assert "Differences" not in [section.title for section in made.sections]
    assert Page(html(made)).open == []


def test_markdown_has_the_same_sections_and_its_figures_beside_it(
    found: Comparison, made: Brief, tmp_path: Path
) -> None:
    path = write(found, tmp_path / "brief.md", "md")
    text = path.read_text(encoding="utf-8")
    headings = [f"## {section.title}" for section in made.sections]
    assert headings == re.findall("^## .*$", text, re.MULTILINE)
    linked = re.findall(r"\]\((.*?\.png)\)", text)
    assert linked
    for name in linked:
        assert (tmp_path / name).read_bytes().startswith(b"\x89PNG")
    for line in text.splitlines():
        if line.startswith("|"):
            assert line.endswith("|")
    assert markdown(made, "brief_figures") == text


def test_objects_explain_themselves_in_a_notebook(found: Comparison) -> None:
    alliance = load_alliance("csto")
    shown = {
        "scenario": load_scenario("carrot_and_stick")._repr_html_(),
        "alliance": alliance._repr_html_(),
        "parameter": specifications()["trust_loss"]._repr_html_(),
        "result": found.result._repr_html_(),
        "comparison": found._repr_html_(),
    }
    for name, text in shown.items():
        assert Page(text).open == [], name
    assert "<svg" in shown["scenario"]
    assert "0.8" in shown["scenario"]
    for member in alliance.members:
        assert alliance.names[member] in shown["alliance"]
    assert "(assumed)" in shown["alliance"]
    assert "literature: Slovic 1993" in shown["parameter"]
    assert shown["result"].index("likeliest end state") < shown["result"].index("<table")
    assert "data:image/svg+xml" in shown["result"]


def test_nothing_is_overwritten_unless_it_is_said(
    found: Comparison, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(brief_module, "html", lambda made: f"<p>{made.sections[0].title}</p>")
    path = tmp_path / "brief.html"
    path.write_text("mine")
    with pytest.raises(ResultError, match=r"exists already.*--overwrite"):
        write(found, path)
    assert path.read_text() == "mine"
    write(found, path, overwrite=True)
    assert "What was found" in path.read_text()
    with pytest.raises(ResultError, match=r"ends in \.html or \.htm"):
        write(found, tmp_path / "brief.pdf")
    (tmp_path / "own_figures").mkdir()
    with pytest.raises(ResultError, match="where the figures go"):
        write(found, tmp_path / "own.md", "md")
    with pytest.raises(ResultError, match="is no directory"):
        write(found, tmp_path / "nowhere" / "brief.html")
    (tmp_path / "odd.html").mkdir()
    with pytest.raises(ResultError, match="is a directory"):
        write(found, tmp_path / "odd.html", overwrite=True)


def test_words_for_probabilities_cover_all_of_them_in_order() -> None:
    bounds = [bound for bound, _ in SCALE]
    assert bounds == sorted(bounds)
    assert bounds[-1] == 1.0
    assert [in_words(p) for p in (0.0, 0.05, 0.051, 0.5, 0.8, 0.81, 1.0)] == [
        "almost no chance",
        "almost no chance",
        "very unlikely",
        "roughly even chance",
        "likely",
        "very likely",
        "almost certain",
    ]
    assert all(word in scale_line() for _, word in SCALE)
