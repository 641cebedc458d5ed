"""The page: what is chosen on the left, what follows in the middle, why on the right.

Every visitor has a kernel of his own, and with it his own of every reactive value here.
"""

from __future__ import annotations

import time
import warnings
from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from dataclasses import dataclass, replace
from functools import partial
from html import escape
from math import isfinite
from typing import TYPE_CHECKING, Any

import solara
import solara.lab

with warnings.catch_warnings():  # solara's on how Mesa uses its hooks
    warnings.filterwarnings("ignore", message=".*ComponentsView")
    from mesa.visualization import SolaraViz
    from mesa.visualization.utils import update_counter

from foedus.cases.documents import MAX_BYTES, TOO_LARGE
from foedus.cases.months import format_month
from foedus.errors import FoedusError, Problem
from foedus.html import html_table
from foedus.page import choices
from foedus.page.choices import USUAL, WORLDS, Choice, Projection, WatchedWorld
from foedus.views import world_plots
from foedus.views.brief import headline, prospect
from foedus.views.comparison_tables import DIFFERENCE_CAPTION
from foedus.views.explain import explained, why
from foedus.views.tables import ALLIANCE_CAPTION, worth_lines

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from foedus.cases.sliders import Slider
    from foedus.views.plots import Picture
    from foedus.worlds.agents import AllianceModel

SCREEN = 110 / choices.DPI["screen"]  # pixels of the page for a pixel of a picture
PAUSE = 0.05  # seconds in which further moves of a lever count as one
CSS = """
.foedus-figure img { max-width: 100%; height: auto; background: white; }
.foedus-grid {
  display: grid; gap: 16px; grid-template-columns: repeat(auto-fit, minmax(min(24rem, 100%), 1fr));
}
.foedus-lever .v-input__slot { flex-wrap: wrap; }
.foedus-lever .v-label { flex: 1 0 100%; }
.foedus-panel table, .foedus-table table { border-collapse: collapse; font-size: 0.9rem; }
.foedus-panel td, .foedus-panel th, .foedus-table td, .foedus-table th {
  border-bottom: 1px solid #dddddd; padding: 3px 8px 3px 0; vertical-align: top;
  white-space: pre-line; overflow-wrap: break-word;
}
.foedus-table th, .foedus-table td { overflow-wrap: normal; padding-right: 16px; }
.foedus-table td:first-child { white-space: nowrap; }
.foedus-problem { white-space: pre-wrap; font-family: monospace; color: #7a0b0b; }
.v-application.theme--dark .foedus-problem { color: #ffb3b3; }
.foedus-command { display: block; white-space: pre-wrap; overflow-wrap: anywhere; }
.foedus-scroll { max-height: 22rem; overflow: auto; }
.foedus-earlier { opacity: 0.8; }
.foedus-note { color: #555555; font-size: 0.85rem; }
.v-application.theme--dark .foedus-note { color: #bbbbbb; }
.v-application.theme--dark .v-app-bar .v-tab { color: white !important; }
@media (max-width: 960px) {  /* the levers lie over the charts, which stay in sight */
  .v-overlay--active .v-overlay__scrim { opacity: 0.12 !important; }
}
:focus-visible { outline: 2px solid #0072B2; outline-offset: 1px; }
"""


choice: solara.Reactive[Choice] = solara.reactive(Choice())  # see begin
asked = solara.reactive("")
panel = solara.reactive(False)
problem = solara.reactive("")
watched: solara.Reactive[WatchedWorld | None] = solara.reactive(None)


def begin(opened: Choice) -> None:
    """Let every visitor begin with a choice."""
    global choice  # noqa: PLW0603 (what a reactive value begins with is given when it is made)
    choice = solara.reactive(opened)


def choose(**changes: Any) -> None:
    """Change what is chosen."""
    choice.value = replace(choice.value, **changes)


def ask(name: str | None) -> None:
    """Open the side panel on a name."""
    asked.value = name or ""
    panel.value = True


@solara.component
def Page() -> None:
    """Show scenarios or one world."""
    tab = solara.use_reactive(0)
    with solara.Div():
        solara.Title("foedus")
        solara.Style(CSS)
        with solara.AppBar():
            solara.Button(
                "Why?", icon_name="mdi-help-circle-outline", text=True, on_click=lambda: ask(None)
            )
            if tab.value == 0:  # Mesa brings one for the other
                solara.lab.ThemeToggle()
            with solara.lab.Tabs(value=tab):
                solara.lab.Tab("Scenarios")
                solara.lab.Tab("One world")
        WhyPanel()
        if tab.value == 0:
            Scenarios()
        else:
            World()


# ---------------------------------------------------------------------------------------------
# Why


@solara.component
def WhyPanel() -> None:
    """Explain a number, a lever or an outcome: value, prior, evidence, and who sets it."""
    with (
        solara.v.NavigationDrawer(
            app=True,
            right=True,
            width=380,
            v_model=panel.value,
            on_v_model=panel.set,
            temporary=True,  # over the page, which stays usable
            stateless=True,
            hide_overlay=True,
            disable_route_watcher=True,
        ),
        solara.Column(classes=["foedus-panel"], style={"padding": "16px"}),
    ):
        with solara.Row(justify="space-between"):
            solara.HTML("h2", "Why?", style="font-size: 1.2rem")
            solara.Button(
                icon_name="mdi-close",
                icon=True,
                on_click=lambda: panel.set(False),
                attributes={"aria-label": "Close"},
            )
        scenario = choice.value.current
        names = explained(scenario.alliance)
        name = asked.value if asked.value in names else None  # another alliance has other names
        solara.v.Autocomplete(
            label="A number, lever or outcome",
            items=names,
            v_model=name,
            on_v_model=lambda name: asked.set(name or ""),
            clearable=True,
            dense=True,
        )
        if name:
            solara.HTML(unsafe_innerHTML=why(name, scenario=scenario)._repr_html_())
        else:
            solara.Text("Ask for a name, such as ARM.trust, trust_loss, pressure or dissolved.")


# ---------------------------------------------------------------------------------------------
# Choosing


@solara.component
def Scenarios() -> None:
    """Show what becomes of the alliance under the scenarios that are chosen."""
    with solara.Div():
        with solara.AppBarTitle():
            solara.Text("foedus: scenarios")
        with solara.Sidebar(), solara.Column(gap="8px"):
            ScenarioCard()
            LeverCard()
            FileCard()
        Projected()


@solara.component
def ScenarioCard() -> None:
    """Choose scenarios and worlds."""
    now = choice.value
    with solara.Card("Scenarios"):
        ScenarioSelect()
        Note(f"{now.stands.title}. {now.stands.description}")
        solara.Select(
            "Compared with (baseline)",
            now.comparable,
            now.baseline,
            lambda name: choose(baseline=name),
        )
        solara.SelectMultiple(
            "Show as well",
            list(now.beside),
            [name for name in now.comparable if name not in (now.scenario, now.baseline)],
            lambda names: choose(beside=tuple(names)),
        )
        solara.Select(
            "Worlds of each",
            list(WORLDS),
            now.runs,
            lambda runs: choose(runs=runs),
        )
        SeedInput()


@solara.component
def ScenarioSelect() -> None:
    """Choose the scenario in which levers are moved and whose world is watched."""
    solara.Select(
        "Scenario",
        choice.value.names,
        choice.value.scenario,
        _start_from,
    )


def _start_from(name: str) -> None:
    choice.value = choice.value.starting_from(name)
    problem.value = ""


@solara.component
def SeedInput() -> None:
    """Choose the seed of every draw."""
    solara.InputInt("Seed", choice.value.seed, lambda seed: choose(seed=seed))


@solara.component
def LeverCard() -> None:
    """Move levers towards a member."""
    now = choice.value
    alliance = now.stands.alliance
    with solara.Card("Levers"):
        codes = {alliance.names[code]: code for code in alliance.members}
        solara.Select(
            "Towards",
            list(codes),
            alliance.names[now.member],
            lambda name: choose(member=codes[name]),
        )
        for knob in now.knobs:
            Lever(knob).key(f"{now.scenario} {knob.key}")
        solara.Button(
            "As it stands",
            icon_name="mdi-undo",
            disabled=not now.values,
            on_click=lambda: choose(values={}),
        )
        Note(f"A moved lever keeps its value in all months. {_moved(now)}")


def _moved(now: Choice) -> str:
    told = ", ".join(f"{key} {value:g}" for key, value in now.values.items())
    return f"Moved: {told}." if told else "None is moved."


@solara.component
def Lever(knob: Slider) -> None:
    """Move one lever, or ask about it."""
    value = choice.value.values.get(knob.key, knob.nearest)
    mark = " (moved)" if knob.key in choice.value.values else ""
    with solara.Row(style={"align-items": "center"}, gap="0px"):
        solara.v.Slider(
            label=f"{knob.label}: {value:.2f}{mark}",
            min=knob.low,
            max=knob.high,
            step=knob.step,
            v_model=value,
            on_v_model=lambda value: _move(knob.key, value),
            hide_details=True,
            class_="foedus-lever",
            attributes={"title": knob.meaning},
        )
        solara.Button(
            icon_name="mdi-help-circle-outline",
            icon=True,
            small=True,
            on_click=lambda: ask(knob.key.split(".")[0]),
            attributes={"aria-label": f"Why {knob.label}?"},
        )


def _move(key: str, value: Any) -> None:
    """Move a lever to what came from the browser, which may send anything."""
    if isinstance(value, int | float) and isfinite(value):
        choice.value = choice.value.moving(key, float(value))


@solara.component_vue("upload.vue")
def Upload(label: str, limit: int, event_hand_over: Callable[[dict[str, Any]], None]) -> None:
    """Hand over a file, unless it is larger than the limit in bytes."""


@solara.component
def FileCard() -> None:
    """Load a scenario file, or keep the one that the levers stand for."""
    now = choice.value
    with solara.Card("Scenario file"):
        Upload(
            label="Load a scenario file (choose it, or drop it here)",
            limit=MAX_BYTES,
            event_hand_over=_take,
        )
        if problem.value:
            Refusal(problem.value)
        solara.FileDownload(
            lambda: choice.value.text,
            f"{now.current.name}.yaml",
            label=f"Download {now.current.name}.yaml",
        )
        if not now.values:
            Note("No lever is moved: the file is the scenario as it stands, resolved.")


def _take(handed: dict[str, Any]) -> None:
    """Check a file that came from the browser, which may send anything."""
    file, size, content = str(handed.get("name")), handed.get("size"), handed.get("content")
    try:
        if isinstance(size, int) and size > MAX_BYTES:
            problem.value = str(Problem(file, 0, "", TOO_LARGE))
        elif not isinstance(content, str):
            problem.value = f"{file}: The browser could not read this; choose a file."
        else:
            choice.value = choice.value.uploading(b64decode(content, validate=True), file)
            problem.value = ""
    except FoedusError as error:
        problem.value = str(error)
    except NotBase64:
        problem.value = f"{file}: The file did not arrive whole; load it again."


# ---------------------------------------------------------------------------------------------
# Many worlds


@dataclass(frozen=True, eq=False)
class Shown:
    """A projection, pictures by name and the finding, those of before until they are ready."""

    projection: Projection
    pictures: dict[str, bytes]
    finding: Finding | None = None


@dataclass(frozen=True)
class Finding:
    """What was found: of which scenario, in a sentence, at length, and what that is worth."""

    title: str
    headline: str
    lines: tuple[str, ...]
    worth: tuple[str, ...]


def _finding(projection: Projection) -> Finding:
    result, current = projection.result, projection.choice.current
    return Finding(
        current.title,
        headline(projection.comparison) if projection.comparison.others else "",
        tuple(prospect(result, current.name)),
        tuple(worth_lines(result.summary[current.name])[:1]),
    )


BANDS = "median of worlds, and the bands that hold half and nine tenths of them"
#: Pictures of a projection in the order in which they are drawn, and what they show in words.
PICTURES: dict[str, tuple[Callable[[Projection], Picture], str]] = {
    "fans": (
        Projection.fans,
        f"By scenario: cohesion above, trust of the chosen member below; {BANDS}",
    ),
    "differences": (
        Projection.gaps,
        f"Differences from the baseline, world by world: cohesion and trust; {BANDS}",
    ),
    "end_states": (
        Projection.end_states,
        "Probability of each end state at the horizon, with 95 % intervals",
    ),
    "standing": (
        Projection.standing,
        "Share of worlds in which each member is active, frozen, suspended or out",
    ),
}


def _stages(projection: Projection, before: Shown | None) -> Iterator[Shown]:
    """Yield what is shown, the fan charts first, each time with more of it in place of before."""
    draws = {
        name: draw
        for name, (draw, _) in PICTURES.items()
        if name != "differences" or projection.comparison.others
    }
    earlier = before.pictures if before else {}
    pictures = {name: earlier[name] for name in draws if name in earlier}
    stage = Shown(projection, pictures, before.finding if before else None)
    for name, draw in draws.items():
        picture = choices.drawn(partial(draw, projection))
        stage = replace(stage, pictures={**stage.pictures, name: picture})
        yield stage
        if name == "fans":
            stage = replace(stage, finding=_finding(projection))
            yield stage


class SupersededError(Exception):
    """Something else was chosen meanwhile."""


@solara.component
def Projected() -> None:
    """Simulate what is chosen, and show what follows, the fan charts first."""
    now = choice.value
    shown: solara.Reactive[Shown | None] = solara.use_reactive(None)
    refused = solara.use_reactive("")
    told = solara.use_reactive("")

    closing = choices.closing()

    def go_on(*_: int) -> None:
        if closing.is_set() or not task.is_current():
            raise SupersededError

    def work() -> None:
        time.sleep(PAUSE)
        before = shown.peek()
        try:
            go_on()
            known = before and before.projection
            projection = choices.project(now, known, notice=told.set, progress=go_on)
            for stage in _stages(projection, before):
                go_on()
                shown.value = stage
            refused.value = told.value = ""
        except FoedusError as error:
            if task.is_current():
                refused.value, told.value = str(error), ""
        except SupersededError:
            pass

    task = solara.lab.use_task(work, dependencies=[now.address], raise_error=False)
    is_current = not (task.pending or task.error or refused.value)
    with solara.Div():
        solara.ProgressLinear(value=task.pending)
        if told.value:
            solara.Info(told.value)
        if task.error:
            Refusal(f"This could not be simulated: {task.exception}")
        if refused.value:
            Refusal(refused.value)
        if shown.value is not None:
            Outcome(shown.value, is_current=is_current)


@solara.component
def Outcome(shown: Shown, *, is_current: bool) -> None:
    """Show a projection: the finding first, then pictures and table, then what it rests on."""
    projection, finding = shown.projection, shown.finding
    classes = ["foedus-current" if is_current else "foedus-earlier"]
    with solara.Column(gap="16px", classes=classes):
        with solara.Card(finding.title if finding else "..."):
            if finding:
                Found(finding)
        for name in PICTURES:
            if name not in shown.pictures:
                continue
            Figure(name, shown.pictures[name], projection)
            if name == "differences":
                Differences(projection)
        with solara.Card("To make it again"):
            solara.v.Html(tag="code", class_="foedus-command", children=[projection.choice.command])
            Note(projection.result.provenance_line)


@solara.component
def Found(finding: Finding) -> None:
    """Say what was found, and what that is worth."""
    with solara.Div():
        if finding.headline:
            solara.v.Html(tag="p", class_="font-weight-bold", children=[finding.headline])
        items = "".join(f"<li>{escape(line)}</li>" for line in finding.lines)
        solara.HTML("ul", items)
        for line in finding.worth:
            Note(line)


@solara.component
def Differences(projection: Projection) -> None:
    """Show the differences that a comparison is judged by."""
    baseline, others = projection.comparison.baseline, projection.comparison.others
    titles = (f"{other.title} ({other.name})" for other in others)
    title = f"Differences from '{baseline.title}' in {format_month(baseline.end)}"
    with solara.Card(title, classes=["foedus-table"]):
        solara.HTML(unsafe_innerHTML=html_table(("outcome", *titles), projection.difference_table))
        Note(DIFFERENCE_CAPTION)


@solara.component
def Note(text: str) -> None:
    """Say something in small print."""
    solara.v.Html(tag="p", class_="foedus-note", children=[text])


@solara.component
def Figure(name: str, picture: bytes, projection: Projection) -> None:
    """Show a picture, and hand it out."""
    draw, meaning = PICTURES[name]
    with solara.Card(classes=["foedus-figure"]):
        Image(picture, meaning)
        if name == "end_states":
            Note(ALLIANCE_CAPTION)
        with solara.Row():
            for form in ("png", "svg"):
                solara.FileDownload(
                    lambda form=form: choices.drawn(partial(draw, projection), form, "file"),
                    f"{projection.choice.current.name}_{name}.{form}",
                    label=f"{name}.{form}",
                )


@solara.component
def Refusal(sentence: str) -> None:
    """Show what is wrong, in the words of the command line."""
    with solara.v.Alert(type="error", dense=True, text=True):
        solara.v.Html(
            tag="div",
            class_="foedus-problem",
            attributes={"role": "alert"},
            children=[sentence],
        )


@solara.component
def Image(picture: bytes, meaning: str) -> None:
    """Show a PNG with words for those who do not see it."""
    source = "data:image/png;base64," + b64encode(picture).decode()
    width = round(int.from_bytes(picture[16:20]) * SCREEN)  # its header holds its width in pixels
    look = {"src": source, "alt": meaning, "width": width}
    solara.v.Html(tag="img", attributes=look)


# ---------------------------------------------------------------------------------------------
# One world


@solara.component
def World() -> None:
    """Watch one world month by month, with the controls of Mesa."""
    now = choice.value
    settled = solara.use_ref(now if not now.world_refusal else replace(now, seed=0, world=0))
    if not now.world_refusal:
        settled.current = now
    chosen = solara.use_memo(lambda: lambda: settled.current, [])
    model = solara.use_memo(lambda: solara.reactive(_resumed(chosen)), [])

    def follow() -> None:
        if model.peek().choice.world_address != chosen().world_address:
            model.value = WatchedWorld(chosen, model.peek().numbers)

    solara.use_effect(follow, [chosen().world_address])
    solara.use_effect(lambda: watched.set(model.peek()), [model.value])
    solara.use_effect(lambda: lambda: model.peek().pause(), [])
    with solara.Div():
        with solara.Sidebar(), solara.Column(gap="16px"):
            WorldCard(model)
        if now.world_refusal:
            Refusal(now.world_refusal)
        SolaraViz(
            model,
            components=[],  # below: Mesa's grid of components has rows of fixed height
            model_params={
                "chosen": chosen,
                "parameters": {
                    "type": "Select",
                    "label": "Where its numbers come from (on Reset)",
                    "values": [USUAL, "prior", "default"],
                    "value": model.peek().numbers,
                },
            },
            name="foedus: one world",
        )
        with solara.Div(classes=["foedus-grid"]):
            WorldFigure(model.value, world_plots.network_figure, "Network of members")
            WorldFigure(model.value, world_plots.path_figure, "Cohesion and trust so far")
            Members(model.value)
            Story(model.value)


def _resumed(chosen: Callable[[], Choice]) -> WatchedWorld:
    """Return the world that was watched last if it is the one chosen, else that one anew."""
    last: WatchedWorld | None = watched.peek()
    if last is None or last.choice.world_address != chosen().world_address:
        return WatchedWorld(chosen)
    last.resume()
    return last


@solara.component
def WorldCard(model: solara.Reactive[WatchedWorld]) -> None:
    """Choose a world, and keep what was seen of it."""
    now, seen = choice.value, model.value
    with solara.Card("World"), solara.Column(gap="8px"):
        ScenarioSelect()
        Note(_moved(now))
        solara.InputInt("Number of the world", now.world, lambda world: choose(world=world))
        SeedInput()
        solara.FileDownload(
            lambda: choices.world_table(model.peek()).to_csv(),
            f"{seen.choice.current.name}_world_{seen.run}.csv",
            label="Download this world so far (CSV)",
        )
        solara.v.Html(
            tag="code",
            class_="foedus-command",
            children=[seen.choice.trace_command(seen.design.name)],
        )
        Note("Once a world has ended, Reset begins anew with what is chosen here.")


@solara.component
def WorldFigure(
    model: WatchedWorld, draw: Callable[[AllianceModel], Picture], meaning: str
) -> None:
    """Show a picture of the world as it stands."""
    update_counter.get()
    standing = "; ".join(f"{member.name} {member.standing}" for member in model.members)
    with solara.Card(classes=["foedus-figure"]):
        Image(model.picture(draw), f"{meaning}, {model.month}: {standing}")


@solara.component
def Members(model: WatchedWorld) -> None:
    """Show how the members stand, as a table."""
    update_counter.get()
    header = ("member", "standing", "trust", "takes part", "arrears (years)")
    with solara.Card(f"Members, {model.month}", classes=["foedus-table"]):
        solara.HTML(unsafe_innerHTML=html_table(header, choices.member_rows(model)))
        Note(f"Cohesion {model.cohesion:.2f}; end state if it ended now: {model.end_state}.")


@solara.component
def Story(model: WatchedWorld) -> None:
    """Tell what happened so far, the latest first."""
    update_counter.get()
    names = model.case.alliance.names
    whole = solara.use_memo(lambda: choices.story_of(model), [model])
    rows = [
        (entry.month, names.get(entry.member or "", ""), entry.text)
        for entry in choices.told(whole, model.month)
    ]
    with solara.Card("What happened", classes=["foedus-table", "foedus-scroll"]):
        solara.HTML(unsafe_innerHTML=html_table(("month", "member", "what"), rows))
