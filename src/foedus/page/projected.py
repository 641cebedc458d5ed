"""The part of the page that shows many worlds: results for the chosen scenarios."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from functools import partial
from html import escape
from typing import TYPE_CHECKING

import solara.lab

from foedus.cases.months import format_month
from foedus.errors import FoedusError
from foedus.html import html_table
from foedus.page import choices, visitor
from foedus.page.choices import Projection
from foedus.page.parts import Image, Note, Refusal
from foedus.views.annex import prospect
from foedus.views.comparison_tables import DIFFERENCE_CAPTION
from foedus.views.tables import ALLIANCE_CAPTION, worth_lines

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from foedus.outcomes.finding import Finding
    from foedus.views.sheet import Picture


PAUSE = 0.05  # seconds to wait before simulating, so that quick moves of a lever count as one


# ---------------------------------------------------------------------------------------------
# Many worlds


@dataclass(frozen=True, eq=False)
class Shown:
    """What is shown of a projection.

    Pictures (by name, as PNG) and texts are those of the projection before until the new ones are
    ready.
    """

    projection: Projection
    pictures: dict[str, bytes]
    told: Told | None = None


@dataclass(frozen=True)
class Told:
    """Texts on what was found.

    Attributes
    ----------
    finding
        What the scenarios lead to and how they differ.
    title
        Title of the scenario in which levers are moved.
    lines
        Sentences on it by itself.
    worth
        How well the model has forecast the past.
    """

    finding: Finding
    title: str
    lines: tuple[str, ...]
    worth: tuple[str, ...]


def _told(projection: Projection) -> Told:
    result, current = projection.result, projection.choice.current
    return Told(
        result.finding,
        current.title,
        tuple(prospect(result, current.name)),
        tuple(worth_lines(result.summary[current.name], informed=False)),
    )


FIRST = "fans"  # drawn before all others, because it is what follows a lever
BANDS = "median of worlds, and the bands that hold half and nine tenths of them"
#: Pictures of a projection from top to bottom: by name, the function that draws one, and a text for
#: readers who do not see it.
PICTURES: dict[str, tuple[Callable[[Projection], Picture], str]] = {
    "futures": (
        Projection.futures,
        "A hundred worlds of each scenario as flowers, grouped by what becomes of the alliance",
    ),
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
        "Share of worlds in each end state, and in brackets with what is not known low and high",
    ),
    "standing": (
        Projection.standing,
        "Share of worlds in which each member is active, frozen, suspended or out",
    ),
}


def _stages(projection: Projection, before: Shown | None) -> Iterator[Shown]:
    """Yield what is shown as each picture and the texts get ready, the first picture first.

    What is not ready yet is taken from what was shown before.
    """
    draws = {
        name: draw
        for name, (draw, _) in PICTURES.items()
        if name != "differences" or projection.comparison.others
    }
    earlier = before.pictures if before else {}
    pictures = {name: earlier[name] for name in draws if name in earlier}
    stage = Shown(projection, pictures, before.told if before else None)
    for name in sorted(draws, key=lambda name: name != FIRST):
        picture = choices.drawn(partial(draws[name], projection))
        stage = replace(stage, pictures={**stage.pictures, name: picture})
        yield stage
        if name == FIRST:
            stage = replace(stage, told=_told(projection))
            yield stage


class SupersededError(Exception):
    """Raised to stop a simulation when something else was chosen or the page is closing."""


@solara.component
def Projected() -> None:
    """Simulate the chosen scenarios in the background, and show results as they get ready."""
    now = visitor.choice.value
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
    """Show a projection: the finding, then pictures and table, then the command that makes it.

    ``is_current`` says whether it belongs to what is chosen now; otherwise it is dimmed.
    """
    projection, told = shown.projection, shown.told
    classes = ["foedus-current" if is_current else "foedus-earlier"]
    with solara.Column(gap="16px", classes=classes):
        with solara.Card(told.finding.title if told else "..."):
            if told:
                solara.HTML("ul", _items(told.finding.sentences))
        for name in PICTURES:
            if name not in shown.pictures:
                continue
            Figure(name, shown.pictures[name], projection)
            if name == "futures" and told:
                Details(told)
            if name == "differences":
                Differences(projection)
        with solara.Card("To make it again"):
            solara.v.Html(tag="code", class_="foedus-command", children=[projection.choice.command])
            Note(projection.result.provenance_line)


def _items(sentences: Sequence[str]) -> str:
    return "".join(f"<li>{escape(sentence)}</li>" for sentence in sentences)


@solara.component
def Details(told: Told) -> None:
    """Say more of the scenario in which levers are moved, and how well the past was forecast."""
    with solara.Card(told.title):
        solara.HTML("ul", _items(told.lines))
        for line in told.worth:
            Note(line)


@solara.component
def Differences(projection: Projection) -> None:
    """Show the table of the headline differences from the baseline."""
    baseline, others = projection.comparison.baseline, projection.comparison.others
    titles = (f"{other.title} ({other.name})" for other in others)
    title = f"Differences from '{baseline.title}' in {format_month(baseline.end)}"
    with solara.Card(title, classes=["foedus-table"]):
        solara.HTML(unsafe_innerHTML=html_table(("outcome", *titles), projection.difference_table))
        Note(DIFFERENCE_CAPTION)


@solara.component
def Figure(name: str, picture: bytes, projection: Projection) -> None:
    """Show a picture, with buttons that download it as PNG and SVG."""
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
