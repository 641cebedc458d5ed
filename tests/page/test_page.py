"""The page in a real browser: Debian's chromium, driven by Playwright."""

from __future__ import annotations

import csv
import json
import os
import re
import shutil
import signal
from importlib import import_module
from typing import TYPE_CHECKING, Any

import pytest

from foedus.cases.documents import MAX_BYTES
from foedus.cases.months import parse_month
from foedus.cases.scenario_reader import load_scenario
from foedus.cli import app
from foedus.page.serve import elsewhere

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NAMED = os.environ.get("FOEDUS_CHROMIUM")  # whoever names one wants these tests
CHROMIUM = NAMED or shutil.which("chromium")
load = import_module if NAMED else pytest.importorskip
sync_api: Any = load("playwright.sync_api")
WAIT = 60_000  # milliseconds; the first worlds of a machine are compiled first
FIGURE = ".foedus-figure img"
FANS = f"{FIGURE}[alt^='By scenario']"
#: Solara's own, on a misspelling in one of its components.
KNOWN = "Failed to evaluate Vue script and find module.exports"
HEAD = b"foedus: 1\nname: mine\ntitle: Mine\n"
BROKEN = HEAD + b"extends: baseline\nlevers:\n  presure:\n    ARM: [{value: 3}]\n"
GOOD = HEAD + b"extends: pressure\nlevers:\n  bandwidth: [{value: 0.9}]\n"


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with elsewhere() as (url, _):
        yield url


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    if CHROMIUM is None:
        pytest.skip("no chromium here: install Debian's, or name one in FOEDUS_CHROMIUM")
    with sync_api.sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield opened
        opened.close()


class Visitor:
    """Somebody with a browser of his own, who notes what goes wrong in it."""

    def __init__(self, browser: Any, address: str, width: int = 1280, height: int = 900) -> None:
        self.context = browser.new_context(viewport={"width": width, "height": height})
        self.page = self.context.new_page()
        self.page.set_default_timeout(WAIT)
        self.wrong: list[str] = []
        self.page.on("console", self._note)
        self.page.on("pageerror", lambda error: self.wrong.append(str(error)))
        self.page.on("requestfailed", lambda request: self.wrong.append(request.url))
        self.context.route(lambda url: not url.startswith(address), self._refuse)
        self.page.goto(address)
        self.page.wait_for_selector(FANS)

    def _note(self, message: Any) -> None:
        if message.type in ("error", "warning") and KNOWN not in message.text:
            self.wrong.append(message.text)

    def _refuse(self, route: Any) -> None:
        self.wrong.append(f"asked the network for {route.request.url}")
        route.abort()

    def chart(self, image: str = FANS) -> str:
        return str(self.page.locator(image).first.get_attribute("src"))

    def await_another_chart(self, than: str, image: str = FANS) -> None:
        # the picture is away for a moment while another scenario takes its place
        changed = """([image, than]) => {
            const now = document.querySelector(image);
            return now !== null && now.src !== than;
        }"""
        self.page.wait_for_function(changed, arg=[image, than])

    def await_rest(self) -> None:
        """Wait until everything is drawn."""
        self.page.get_by_role("button", name="standing.svg").wait_for()
        self.page.locator(".foedus-current").wait_for()

    def enter(self, label: str, text: str) -> None:
        field = self.page.get_by_label(label)
        field.fill(text)
        field.press("Enter")

    def upload(self, name: str, content: bytes) -> None:
        file = {"name": name, "mimeType": "application/yaml", "buffer": content}
        self.page.locator("input[type=file]").set_input_files(file)

    def download(self, button: str, to: Path) -> Path:
        with self.page.expect_download() as started:
            self.page.get_by_role("button", name=button).click()
        path: Path = to / started.value.suggested_filename
        started.value.save_as(path)
        return path

    def watch(self) -> None:
        self.page.get_by_role("tab", name="One world").click()
        self.page.get_by_text("Members, 2025-12").wait_for()

    def pause(self) -> None:
        """Stop a world that plays, unless it has ended meanwhile on a busy machine."""
        self.page.evaluate(
            """() => [...document.querySelectorAll("button")]
                .find(button => button.innerText.includes("❚❚") && !button.disabled)?.click()"""
        )

    def leave(self) -> None:
        self.context.close()


@pytest.fixture
def visitor(browser: Any, address: str) -> Iterator[Visitor]:
    came = Visitor(browser, address)
    yield came
    came.leave()
    assert came.wrong == []


# ---------------------------------------------------------------------------------------------
# Many worlds


def test_without_a_network_it_shows_the_finding_and_every_picture_with_words(
    visitor: Visitor,
) -> None:
    visitor.await_rest()
    assert visitor.page.title() == "foedus"
    pictures = visitor.page.locator(FIGURE)
    assert pictures.count() == 4  # one scenario alone differs from nothing
    for place in range(pictures.count()):
        assert len(str(pictures.nth(place).get_attribute("alt"))) > 40
    assert "A hundred" in str(pictures.first.get_attribute("alt"))
    text = visitor.page.inner_text("body")
    assert "of 100 worlds under baseline" in text[: text.index("the likeliest end state is")]
    assert "Hindcast of Armenia" in text
    assert "foedus run baseline --runs 2000 --seed 1992" in text


def test_a_lever_moved_by_the_keyboard_changes_the_charts_and_brings_the_differences(
    visitor: Visitor,
) -> None:
    page, before = visitor.page, visitor.chart()
    lever = page.get_by_role("slider", name="pressure")
    assert lever.get_attribute("aria-valuenow") == "0.3"
    lever.focus()
    lever.press("End")
    visitor.await_another_chart(before)
    page.get_by_text("Differences from 'As things stand at the end of 2025'").wait_for()
    page.get_by_text("foedus compare baseline baseline_moved.yaml").wait_for()
    page.get_by_text("under baseline moved").first.wait_for()
    assert page.get_by_text("Moved: pressure.ARM 1.").is_visible()
    assert page.locator(FIGURE).count() >= 2
    after = visitor.chart()
    page.get_by_role("button", name="As it stands").click()
    visitor.await_another_chart(after)
    page.get_by_text("None is moved").wait_for()
    page.get_by_text("foedus run baseline --runs").wait_for()


def test_scenarios_can_be_chosen_and_put_side_by_side(visitor: Visitor) -> None:
    page, before = visitor.page, visitor.chart()
    page.get_by_role("button", name="Scenario", exact=False).first.click()
    page.get_by_role("option", name="restraint", exact=True).click()
    visitor.await_another_chart(before)
    page.get_by_text("foedus compare baseline restraint --runs 2000").wait_for()
    assert page.get_by_role("slider", name="restraint").get_attribute("aria-valuenow") != "0.6"


def test_one_shown_as_well_that_is_chosen_instead_is_what_the_page_speaks_of(
    visitor: Visitor,
) -> None:
    page, before = visitor.page, visitor.chart()
    page.get_by_label("Show as well").click(force=True)
    page.get_by_role("option", name="pressure", exact=True).click()
    page.keyboard.press("Escape")
    visitor.await_another_chart(before)
    visitor.await_rest()
    assert page.get_by_text("(baseline): in 2030-12 the likeliest").is_visible()
    page.get_by_role("button", name="Scenario", exact=False).first.click()
    page.get_by_role("option", name="pressure", exact=True).click()
    page.get_by_text("(pressure): in 2030-12 the likeliest").wait_for()


def test_worlds_seed_and_member_can_be_chosen_and_a_wrong_seed_is_refused_in_both_views(
    visitor: Visitor,
) -> None:
    page = visitor.page
    visitor.await_rest()
    visitor.enter("Seed", "5")
    page.get_by_text("--runs 2000 --seed 5").wait_for()
    visitor.await_rest()
    visitor.enter("Seed", "-1")
    page.get_by_role("alert").get_by_text("The seed -1").wait_for()
    page.get_by_role("tab", name="One world").click()
    page.get_by_text("Members, 2025-12").wait_for()
    page.get_by_role("alert").get_by_text("The seed -1").wait_for()
    visitor.enter("Seed", "6")
    page.get_by_text("foedus trace baseline --run 0 --seed 6").wait_for()
    page.get_by_role("tab", name="Scenarios").click()
    page.get_by_text("--runs 2000 --seed 6").wait_for()
    visitor.await_rest()
    before = visitor.chart()
    page.get_by_role("button", name="Towards").click()
    page.get_by_role("option", name="Belarus").click()
    visitor.await_another_chart(before)
    page.get_by_role("slider", name="pressure").press("End")
    page.get_by_text("Moved: pressure.BLR 1.").wait_for()


def test_a_second_visitor_has_levers_of_his_own(
    visitor: Visitor, browser: Any, address: str
) -> None:
    other = Visitor(browser, address)
    theirs, before = other.chart(), visitor.chart()
    visitor.page.get_by_role("slider", name="pressure").press("Home")
    visitor.await_another_chart(before)
    assert other.chart() == theirs
    assert other.page.get_by_role("slider", name="pressure").get_attribute("aria-valuenow") == "0.3"
    other.page.get_by_role("slider", name="bandwidth").press("End")
    other.await_another_chart(theirs)
    assert other.page.get_by_text("Moved: bandwidth 1.").is_visible()
    assert visitor.page.get_by_text("Moved: pressure.ARM 0.").is_visible()
    other.leave()
    assert other.wrong == []


def test_a_number_can_be_asked_why_in_the_side_panel(visitor: Visitor) -> None:
    page = visitor.page
    page.get_by_role("button", name="Why outreach, France?").press("Enter")
    page.get_by_text("baseline sets outreach.FRA.ARM to 0.5").wait_for()
    box = page.get_by_label("A number, lever or outcome")
    box.fill("trust_loss")
    page.get_by_role("option", name="trust_loss", exact=True).click()
    page.get_by_text("mechanism", exact=False).first.wait_for()
    assert "prior" in page.locator(".foedus-panel").inner_text()
    page.get_by_role("button", name="Close").click()
    page.locator(".foedus-panel").wait_for(state="hidden")


@pytest.mark.parametrize(("width", "height"), [(1280, 800), (820, 1180)])
def test_nothing_has_to_be_scrolled_sideways(
    browser: Any, address: str, width: int, height: int
) -> None:
    came = Visitor(browser, address, width, height)
    came.await_rest()
    wide = came.page.evaluate("document.documentElement.scrollWidth")
    figures = came.page.evaluate(
        "[...document.querySelectorAll('.foedus-figure img')].map(e => e.getBoundingClientRect())"
    )
    came.leave()
    assert wide <= width
    assert all(figure["left"] >= 0 and figure["right"] <= width for figure in figures)
    assert came.wrong == []


# ---------------------------------------------------------------------------------------------
# Files


def test_a_broken_file_is_refused_in_the_words_of_check_and_a_good_one_is_taken(
    visitor: Visitor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    visitor.upload("broken.yaml", BROKEN)
    alert = visitor.page.get_by_role("alert").last
    alert.get_by_text("presure").wait_for()
    monkeypatch.chdir(tmp_path)
    (tmp_path / "broken.yaml").write_bytes(BROKEN)
    assert app.execute(["check", "broken.yaml"]) == 2
    said = capsys.readouterr()
    for sentence in alert.inner_text().strip().splitlines():
        assert sentence in said.out + said.err
    before = visitor.chart()
    visitor.upload("mine.yaml", GOOD)
    visitor.await_another_chart(before)
    visitor.page.get_by_text("foedus compare baseline mine.yaml").wait_for()
    assert visitor.page.get_by_text("presure").count() == 0


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"#" * (MAX_BYTES + 1), "larger than 4 MiB"),
        (bytes(range(256)), "not UTF-8"),
        (b"", "The file is empty"),
        (b"foedus: 1\nname: mine\ntitle: Mine\nextends: /etc/hostname.yaml\n", "another file"),
        (
            b"foedus: 1\nname: pressure\ntitle: Mine\nextends: baseline\npolicy: adaptive\n",
            "shipped scenario",
        ),
        (
            b"foedus: 1\nname: mine\ntitle: Mine\nextends: baseline\npolicy: fixed\n",
            "equals 'baseline'",
        ),
    ],
    ids=["too large", "not text", "empty", "reads this machine", "taken name", "without effect"],
)
def test_a_file_that_cannot_be_taken_is_refused_and_the_page_goes_on(
    visitor: Visitor, content: bytes, sentence: str
) -> None:
    visitor.upload("mine.yaml", content)
    visitor.page.get_by_text(sentence).first.wait_for()
    before = visitor.chart()
    visitor.page.get_by_role("slider", name="pressure").press("End")
    visitor.await_another_chart(before)


def test_the_scenario_that_is_downloaded_is_good_and_what_the_levers_say(
    visitor: Visitor, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = visitor.chart()
    visitor.page.get_by_role("slider", name="pressure").press("End")
    visitor.await_another_chart(before)
    path = visitor.download("Download baseline_moved.yaml", tmp_path)
    assert app.execute(["check", str(path)]) == 0
    capsys.readouterr()
    wanted = load_scenario("baseline", settings=["pressure.ARM=1.0"])
    assert load_scenario(path).fingerprint == wanted.fingerprint


def test_figures_can_be_downloaded(visitor: Visitor, tmp_path: Path) -> None:
    visitor.await_rest()
    png, svg = (visitor.download(f"fans.{form}", tmp_path) for form in ("png", "svg"))
    assert png.name == "baseline_fans.png"
    assert png.read_bytes().startswith(b"\x89PNG")
    assert "<svg" in svg.read_text(encoding="utf-8")


# ---------------------------------------------------------------------------------------------
# One world


def test_twelve_months_played_are_those_that_trace_tells(
    visitor: Visitor, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = visitor.page
    visitor.watch()
    visitor.enter("Number of the world", "7")
    page.get_by_text("foedus trace baseline --run 7 --seed 1992 --parameters posterior").wait_for()
    page.get_by_text("Members, 2025-12").wait_for()
    page.get_by_role("button", name="▶").click()
    page.get_by_text(re.compile(r"Members, 20(26-12|27)")).wait_for()
    page.get_by_role("button", name="❚❚").click()
    page.get_by_role("button", name="▶").wait_for()
    with visitor.download("Download this world", tmp_path).open(encoding="utf-8") as stream:
        seen = list(csv.DictReader(stream))
    command = ["trace", "baseline", "--run", "7", "--seed", "1992", "--json"]
    assert app.execute(command) == 0
    told = json.loads(capsys.readouterr().out)["history"]
    assert len(seen) >= 12
    assert [row["month"] for row in seen] == told["months"][: len(seen)]
    assert [float(row["cohesion"]) for row in seen] == told["cohesion"][: len(seen)]
    for code, trust in told["trust"].items():
        assert [float(row[f"{code}.trust"]) for row in seen] == trust[: len(seen)]
        standing = told["standing"][code][: len(seen)]
        assert [row[f"{code}.standing"] for row in seen] == standing


def test_a_world_is_stepped_told_and_reset(visitor: Visitor) -> None:
    page = visitor.page
    visitor.watch()
    for month in ("2026-01", "2026-02"):
        before = visitor.chart(FIGURE)
        page.get_by_role("button", name="Step", exact=True).click()
        page.get_by_text(f"Members, {month}").wait_for()
        visitor.await_another_chart(before, FIGURE)
    page.get_by_role("button", name="Reset", exact=True).click()
    page.get_by_text("Members, 2025-12").wait_for()
    visitor.enter("Number of the world", "-1")
    page.get_by_text("A world is named by its run").wait_for()


def test_another_world_is_there_at_once_keeps_its_numbers_and_can_be_reset_and_played(
    visitor: Visitor,
) -> None:
    page = visitor.page
    visitor.watch()
    page.get_by_role("button", name="Where its numbers come from").click()
    page.get_by_role("option", name="prior").click()
    page.get_by_role("button", name="Reset", exact=True).click()
    page.get_by_text("--run 0 --seed 1992 --parameters prior").wait_for()
    page.get_by_role("button", name="Step", exact=True).click()
    page.get_by_text("Members, 2026-01").wait_for()
    visitor.enter("Number of the world", "4")
    page.get_by_text("--run 4 --seed 1992 --parameters prior").wait_for()
    page.get_by_text("Members, 2025-12").wait_for()
    page.get_by_role("button", name="▶").click()
    page.get_by_text(re.compile(r"Members, 20(26|27|28)")).wait_for()
    page.get_by_role("button", name="Scenario", exact=False).first.click()
    page.get_by_role("option", name="renewed_war", exact=True).click()
    page.get_by_text("foedus trace renewed_war --run 4").wait_for()
    visitor.pause()
    page.wait_for_timeout(1000)  # a step that is under way still comes
    page.get_by_role("button", name="Reset", exact=True).click()
    page.get_by_text("Members, 2025-12").wait_for()
    page.get_by_text("foedus trace renewed_war --run 4").wait_for()


def test_a_world_that_is_left_is_found_again_where_it_was(visitor: Visitor) -> None:
    page = visitor.page
    visitor.watch()
    for month in ("2026-01", "2026-02"):
        page.get_by_role("button", name="Step", exact=True).click()
        page.get_by_text(f"Members, {month}").wait_for()
    page.get_by_role("tab", name="Scenarios").click()
    visitor.await_rest()
    page.get_by_role("tab", name="One world").click()
    page.get_by_text("Members, 2026-02").wait_for()
    page.get_by_role("button", name="▶").click()
    shown = page.get_by_text(re.compile("Members, 20"))
    page.get_by_text(re.compile(r"Members, 20(27|28)")).wait_for()
    left = shown.inner_text()
    page.get_by_role("tab", name="Scenarios").click()
    visitor.await_rest()
    page.get_by_role("tab", name="One world").click()
    first = shown.inner_text()
    months = [parse_month(text.removeprefix("Members, ")) for text in (left, first)]
    assert 0 <= months[1] - months[0] < 12  # it played no further while nobody looked
    page.wait_for_timeout(1500)
    assert shown.inner_text() == first
    page.get_by_role("button", name="Step", exact=True).click()
    page.wait_for_function("then => !document.body.innerText.includes(then)", arg=first)


def test_worlds_may_be_stepped_by_a_thread_of_their_own(visitor: Visitor) -> None:
    page = visitor.page
    visitor.watch()
    page.get_by_text("Use Threads").click()
    page.wait_for_timeout(1000)  # Mesa asks for the box only when it begins to play
    page.get_by_role("button", name="▶").click()
    page.get_by_text(re.compile(r"Members, 20(28|29|30)")).wait_for()


# ---------------------------------------------------------------------------------------------
# Starting and stopping


def test_it_opens_with_a_file_and_stops_at_once_when_interrupted(
    browser: Any, tmp_path: Path
) -> None:
    path = tmp_path / "mine.yaml"
    path.write_bytes(GOOD)
    with elsewhere(str(path)) as (url, process):
        came = Visitor(browser, url)
        came.page.get_by_text("mine.yaml --runs 2000").wait_for()
        came.watch()
        came.page.get_by_role("button", name="▶").click()
        came.page.get_by_text(re.compile(r"Members, 20(26|27|28)")).wait_for()
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=20) == 0
        assert process.stdout is not None
        assert process.stdout.read().strip() == "Stopped."
        came.leave()


def test_it_stops_without_a_word_too_many_while_it_computes(browser: Any) -> None:
    with elsewhere() as (url, process):
        came = Visitor(browser, url)
        came.page.get_by_role("button", name="Worlds of each").click()
        came.page.get_by_role("option", name="20000").click()
        came.page.wait_for_timeout(150)
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=30) == 0
        assert process.stdout is not None
        assert process.stdout.read().strip() == "Stopped."
        came.leave()
