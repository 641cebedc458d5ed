"""The brief: two pages, the finding first, nothing from outside, nothing overwritten."""

from __future__ import annotations

import os
import re
import shutil
from collections import Counter
from copy import deepcopy
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from foedus.cases.alliance_reader import load_alliance
from foedus.cases.scenario_reader import load_scenario
from foedus.cases.shipped import scenario_directory
from foedus.errors import ResultError
from foedus.model.citations import plain_source
from foedus.model.specifications import specifications
from foedus.outcomes.answer import PART
from foedus.outcomes.catalogue import MEMBER_OUTCOMES
from foedus.studies.comparison import Comparison, compare
from foedus.views import brief_files
from foedus.views.blocks import FigureBlock, Table, Words
from foedus.views.brief import Brief, brief
from foedus.views.brief_files import html, markdown, write
from foedus.views.words import SCALE, in_words, scale_line

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

VOID = {"meta", "img", "br", "link"}
REFERENCE = re.compile(r"\b(?:I|II|III|IV|V)\.[1-9]\b")
CHROMIUM = os.environ.get("FOEDUS_CHROMIUM") or shutil.which("chromium")
QUICK: dict[str, Any] = {"runs": 60, "horizon": 12}


class Page(HTMLParser):
    """Text, headings, addresses and balance of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.addresses: list[str] = []
        self.words: list[str] = []
        self.headings: list[str] = []
        self.details: list[dict[str, str | None]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.addresses += [given[k] or "" for k in ("src", "href") if k in given]
        if tag == "img":
            assert given.get("alt")
        if tag == "details":
            self.details.append(given)
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] != "style":
            self.words.append(data)
        if self.open and self.open[-1] in ("h1", "h2"):
            self.headings.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


def shown(made: Brief) -> str:
    """The text of the two pages."""
    return Page(html(made)).text


@pytest.fixture(scope="module")
def found() -> Comparison:
    return compare("baseline", "pressure", "restraint", **QUICK)


@pytest.fixture(scope="module")
def made(found: Comparison) -> Brief:
    return brief(found)


@pytest.fixture(scope="module")
def page(made: Brief) -> str:
    return html(made)


@pytest.fixture(scope="module")
def with_annex(found: Comparison) -> Brief:
    return brief(found, annex=True)


def test_the_page_needs_nothing_from_outside(page: str) -> None:
    parsed = Page(page)
    assert parsed.open == []
    assert parsed.addresses
    for address in parsed.addresses:
        assert address.startswith("data:image/svg+xml;base64,")
    assert "<script" not in page
    assert "@import" not in page
    assert "url(" not in page


# ---------------------------------------------------------------------------------------------
# The two pages


def test_the_first_heading_is_the_finding(found: Comparison, page: str) -> None:
    parsed = Page(page)
    assert parsed.headings[0] == found.finding.title
    for sentence in found.finding.sentences:
        assert sentence in parsed.text
    before, _, _ = parsed.text.partition(parsed.headings[1])
    assert "Collective Security Treaty Organization, December 2026" in before


def test_the_front_page_has_one_picture_and_one_table(made: Brief) -> None:
    kinds = [type(block) for block in made.front]
    assert kinds == [Words, FigureBlock, Table]


def test_the_table_of_the_front_page_is_that_of_the_terminal(
    found: Comparison, made: Brief
) -> None:
    (table,) = (block for block in made.front if isinstance(block, Table))
    names = [one.name for one in found.result.scenarios]
    assert table.header == ("of 100 worlds", *names)
    line = found.result.answer.line("ARM", PART)
    (row,) = (row for row in table.rows if row[0] == "Armenia")
    for place, cell in enumerate(row[1:]):
        assert cell.endswith({"^": "▲", "v": "▼", "": "]"}[line.mark(place)])
    assert MEMBER_OUTCOMES[PART].meaning in table.caption
    assert "fewer than two clients take part" in table.caption


def test_the_back_page_says_what_it_rests_on(found: Comparison, made: Brief) -> None:
    assert [section.title for section in made.back] == [
        "What was assumed",
        "Why",
        "What carries it and would change it",
        "What it is worth",
        "How to make it again",
    ]
    text = shown(made)
    result = found.result
    for scenario in result.scenarios:
        assert f"{scenario.name}: {scenario.title}" in text
    assert "As baseline, but: Russia presses Armenia: .9" in text
    line, place = result.headline
    carriers = result.carriers_of(*line.key, result.answer.names[place])
    assert all(f"{one.name} {one.lower:.2g} to {one.upper:.2g}" in text for one in carriers)
    assert not isinstance(result.cause, str)
    assert result.cause is not None
    assert all(share.lever.replace("_", " ") in text for share in result.cause.shares)
    for words in (
        result.summary["baseline"]["skill_in_short"],
        result.summary["baseline"]["base_rates"]["line"],
        "foedus compare scenarios/baseline.yaml scenarios/pressure.yaml",
        f"digest {result.digest}",
        "seed 1992",
    ):
        assert words in text


def test_no_reader_meets_a_reference_that_nobody_explains(made: Brief) -> None:
    text = shown(made)
    assert not REFERENCE.search(text)
    assert ("The article: " in text) == ("The article;" in text or "The article." in text)


def test_sources_lose_the_paragraphs_that_they_cite_and_nothing_else() -> None:
    numbers = load_alliance("csto").numbers.values()
    sources = [one.evidence.source for one in specifications().values()]
    sources += [one.evidence.source for one in numbers]
    assert any(map(REFERENCE.search, sources))
    for source in sources:
        left = plain_source(source)
        assert not REFERENCE.search(left)
        if not REFERENCE.search(source):
            assert left == source
    assert plain_source("III.1, V.1; IRI polls .31, .43; II.2 (inference)") == "IRI polls .31, .43"


def test_a_run_of_one_scenario_has_a_brief_that_compares_nothing() -> None:
    alone = brief(compare("pressure", **QUICK))
    assert "Why" not in [section.title for section in alone.back]
    parsed = Page(html(alone))
    assert parsed.open == []
    assert "Russia presses Armenia: .9" in parsed.text
    assert "As pressure" not in parsed.text
    assert "▲" not in parsed.text


def test_what_was_set_by_hand_is_on_the_front_page() -> None:
    plain = brief(compare("baseline", "pressure", **QUICK))
    assert not any(block.kind == "note" for block in plain.front)
    changes, settings = ["ARM government changes 2026-06"], ["restraint.ARM=0.2"]
    hand = brief(compare("pressure", "baseline", given=changes, settings=settings, **QUICK))
    (note,) = (block for block in hand.front if isinstance(block, Words) and block.kind == "note")
    (line,) = note.lines
    assert "Armenia gets a new government in 2026-06" in line
    assert "restraint.ARM 0.2" in line


def test_a_long_plan_is_cut_with_the_command_that_tells_it_all(
    found: Comparison, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("foedus.views.brief.PLANNED", 200)
    text = shown(brief(found))
    assert re.search(r"[0-9] more: foedus show baseline --plain\.", text)
    assert "Russia presses Armenia: .3." in text


def test_text_of_a_scenario_is_escaped(tmp_path: Path) -> None:
    path = tmp_path / "odd.yaml"
    path.write_text(
        'foedus: 1\nname: odd\ntitle: "<b>Odd</b> & | sharp"\nextends: baseline\n'
        "levers: {pressure: {ARM: [{value: 0.8}]}}\n",
        encoding="utf-8",
    )
    made = brief(compare(path, **QUICK))
    text = html(made)
    assert "<b>Odd</b>" not in text
    assert "&lt;b&gt;Odd&lt;/b&gt; &amp; | sharp" in text
    assert Page(text).open == []


# ---------------------------------------------------------------------------------------------
# The annex


def test_without_the_annex_nothing_is_computed_for_it(found: Comparison) -> None:
    fresh = Comparison(found.result)
    made = brief(fresh)
    assert made.annex == ()
    html(made)
    computed = vars(fresh).keys() & {"summary", "paths", "attributions", "splits"}
    assert computed == set()


def test_every_figure_is_drawn_once(
    found: Comparison, with_annex: Brief, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: Counter[str] = Counter()

    def image(block: FigureBlock, form: str) -> bytes:
        drawn[block.name] += 1
        return form.encode()

    monkeypatch.setattr(FigureBlock, "image", image)
    html(brief(found))
    assert drawn == {"futures": 1, "worth": 1}
    drawn.clear()
    html(with_annex)
    assert set(drawn.values()) == {1}
    assert {"futures", "worth", "differences", "cohesion", "attribution"} <= drawn.keys()


def test_the_annex_is_folded_and_has_every_other_table(
    found: Comparison, with_annex: Brief
) -> None:
    parsed = Page(html(with_annex))
    assert parsed.open == []
    assert len(parsed.details) == len(with_annex.annex) > 0
    assert not any("open" in attrs for attrs in parsed.details)
    titles = [block.title for block in with_annex.blocks if isinstance(block, Table)]
    for scenario in found.result.scenarios:
        for kind in ("Members", "Events", "Alliance"):
            assert f"{kind}: {scenario.name}, 2026-12" in titles
    assert "Differences from baseline, paired world by world" in titles
    active = found.result.summary["baseline"]["members"]["ARM"]["active"]["value"]
    assert f"Armenia is active: {in_words(active)}" in parsed.text
    for carrier in found.result.summary["baseline"]["carriers_of_cohesion"]:
        assert carrier["name"] in parsed.text
    for name in ("Monte Carlo", "Assumed are", "One case", "ICD 203", "Hindcast of Armenia"):
        assert name in parsed.text


def test_markdown_has_the_same_sections_and_its_figures_beside_it(
    found: Comparison, with_annex: Brief, tmp_path: Path
) -> None:
    path = write(found, tmp_path / "brief.md", "md", annex=True)
    text = path.read_text(encoding="utf-8")
    sections = (*with_annex.back, *with_annex.annex)
    assert re.findall("^# .*$", text, re.MULTILINE) == [f"# {found.finding.title}", "# Annex"]
    headings = [f"## {section.title}" for section in sections]
    assert headings == re.findall("^## .*$", text, re.MULTILINE)
    linked = re.findall(r"\]\((.*?\.png)\)", text)
    assert len(linked) == len(set(linked)) > 2
    for name in linked:
        assert (tmp_path / name).read_bytes().startswith(b"\x89PNG")
    for line in text.splitlines():
        if line.startswith("|"):
            assert line.endswith("|")
    assert markdown(with_annex, "brief_figures") == text


# ---------------------------------------------------------------------------------------------
# On paper, on a phone, in the dark


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    if CHROMIUM is None:
        pytest.skip("no chromium here: install Debian's, or name one in FOEDUS_CHROMIUM")
    sync_api: Any = pytest.importorskip("playwright.sync_api")
    with sync_api.sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield opened
        opened.close()


def printed(browser: Any, text: str) -> int:
    """Return the number of A4 pages, having seen that nothing is wider than the paper.

    A browser that finds something wider prints everything smaller.
    """
    page = browser.new_page(viewport={"width": 688, "height": 1032})  # A4 less margins
    page.set_content(text)
    page.emulate_media(media="print")
    width = page.evaluate("document.documentElement.scrollWidth")
    content = page.pdf(prefer_css_page_size=True)
    page.close()
    assert width <= 688
    return len(re.findall(rb"/Type\s*/Page\b", content))


def wide(directory: Path, members: int, scenarios: int) -> list[Path]:
    """Write scenarios of an alliance with many members, all with long names."""
    source = scenario_directory()
    alliance = yaml.safe_load((source / "alliances" / "csto.yaml").read_text(encoding="utf-8"))
    alliance["title"] = "Organization for Security and Mutual Assistance of Both Hemispheres"
    alliance["name"] = "wide"
    for place in range(members - len(alliance["members"])):
        code = f"X{chr(65 + place)}X"
        alliance["members"][code] = deepcopy(alliance["members"]["BLR"])
        alliance["members"][code]["name"] = f"Confederated Islands of Somewhere {place + 1}"
        for state in alliance["states"].values():
            state[code] = deepcopy(state["BLR"])
    (directory / "wide.yaml").write_text(yaml.safe_dump(alliance, sort_keys=False), "utf-8")
    base = yaml.safe_load((source / "baseline.yaml").read_text(encoding="utf-8"))
    paths = []
    for place in range(scenarios):
        one = {**deepcopy(base), "alliance": "wide.yaml"}
        one["name"] = f"a_long_name_of_scenario_{place + 1}_that_is_used"
        one["title"] = f"{place + 1}: a title that goes on about what may be done next year" * 3
        one["levers"]["pressure"] = {
            code: [{"value": 0.1 + 0.1 * place}] for code in ("ARM", "KGZ", "XAX", "XBX")
        }
        one["levers"]["bandwidth"] = [{"value": 0.2 + 0.1 * place}]
        one["events"] = [
            {"event": "crisis", "date": f"2026-{k + 1:02}", "member": "XCX"} for k in range(6)
        ]
        one["parameters"] = {"trust_loss": round(0.5 + 0.01 * place, 2), "ARM.trust": 0.4}
        path = directory / f"{one['name']}.yaml"
        path.write_text(yaml.safe_dump(one, sort_keys=False), encoding="utf-8")
        paths.append(path)
    return paths


SIX = ("baseline", "accounting", "renewed_war", "null", "kazakhstan_hedges", "choice_of_blocs")


@pytest.mark.parametrize("names", [SIX[:1], SIX[:3], SIX])
def test_it_prints_on_two_pages(browser: Any, names: tuple[str, ...]) -> None:
    made = brief(compare(*names, runs=200))
    assert printed(browser, html(made)) == 2


def test_it_prints_on_two_pages_whatever_the_names(browser: Any, tmp_path: Path) -> None:
    made = brief(compare(*wide(tmp_path, members=14, scenarios=6), runs=60, horizon=24))
    assert printed(browser, html(made)) == 2


def test_the_annex_prints_after_the_two_pages(browser: Any, with_annex: Brief) -> None:
    assert printed(browser, html(with_annex)) > 3


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1200])
def test_nothing_is_cut_on_a_screen_and_figures_lie_on_white(
    browser: Any, page: str, width: int, scheme: str
) -> None:
    tab = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    tab.set_content(page)
    assert tab.evaluate("document.documentElement.scrollWidth") == width
    images = tab.evaluate(
        "[...document.images].map(i => [i.getBoundingClientRect().right, i.complete, "
        "i.naturalWidth, getComputedStyle(i).backgroundColor])"
    )
    assert len(images) == 2
    for right, complete, natural, colour in images:
        assert complete
        assert natural > 0
        assert right <= width
        assert colour == "rgb(255, 255, 255)"
    look = "(e => [getComputedStyle(e).color, getComputedStyle(document.body).backgroundColor])"
    for element in ("body", ".kicker", ".small"):
        ink, paper = (
            luminance(colour)
            for colour in tab.evaluate(f"{look}(document.querySelector('{element}'))")
        )
        assert (paper < 0.1) == (scheme == "dark")
        assert (max(ink, paper) + 0.05) / (min(ink, paper) + 0.05) >= 4.5  # WCAG 2, level AA
    tab.close()


def luminance(colour: str) -> float:
    """Relative luminance of a colour ``rgb(r, g, b)``, as WCAG 2 defines it."""
    parts = [int(part) / 255 for part in re.findall(r"\d+", colour)[:3]]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return sum(w * p for w, p in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


# ---------------------------------------------------------------------------------------------
# In a notebook, and as a file


def test_objects_explain_themselves_in_a_notebook(found: Comparison) -> None:
    alliance = load_alliance("csto")
    texts = {
        "scenario": load_scenario("carrot_and_stick")._repr_html_(),
        "alliance": alliance._repr_html_(),
        "parameter": specifications()["trust_loss"]._repr_html_(),
        "result": found.result._repr_html_(),
        "comparison": found._repr_html_(),
    }
    for name, text in texts.items():
        assert Page(text).open == [], name
    assert "<svg" in texts["scenario"]
    assert "0.8" in texts["scenario"]
    for member in alliance.members:
        assert alliance.names[member] in texts["alliance"]
    assert "(assumed)" in texts["alliance"]
    assert "literature: Slovic 1993" in texts["parameter"]
    for name in ("result", "comparison"):
        order = [found.finding.title, "<img", "<table", "<details>", "</details>"]
        places = [texts[name].index(part) for part in order]
        assert places == sorted(places)


def test_nothing_is_overwritten_unless_it_is_said(
    found: Comparison, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(brief_files, "html", lambda made: f"<p>{made.title}</p>")
    path = tmp_path / "brief.html"
    path.write_text("mine")
    with pytest.raises(ResultError, match=r"exists already.*--overwrite"):
        write(found, path)
    assert path.read_text() == "mine"
    write(found, path, overwrite=True)
    assert found.finding.title in path.read_text()
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
