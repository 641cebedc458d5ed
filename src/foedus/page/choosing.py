"""Inputs of the page: scenarios, levers, files."""

from __future__ import annotations

from base64 import b64decode
from binascii import Error as NotBase64
from math import isfinite
from typing import TYPE_CHECKING, Any

import solara.lab

from foedus.cases.documents import MAX_BYTES, TOO_LARGE
from foedus.errors import FoedusError, Problem
from foedus.model.citations import note_line
from foedus.page import visitor
from foedus.page.choices import WORLDS, Choice
from foedus.page.parts import Note, Refusal
from foedus.page.projected import Projected

if TYPE_CHECKING:
    from collections.abc import Callable

    from foedus.cases.sliders import Slider


# ---------------------------------------------------------------------------------------------
# Choosing


@solara.component
def Scenarios() -> None:
    """Show the tab of scenarios: choices in the side bar, results beside it."""
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
    """Show the card on which scenarios, number of worlds and seed are chosen."""
    now = visitor.choice.value
    with solara.Card("Scenarios"):
        ScenarioSelect()
        text = f"{now.stands.title}. {now.stands.description}"
        Note(" ".join(filter(None, [text, note_line(text)])))
        solara.Select(
            "Compared with (baseline)",
            now.comparable,
            now.baseline,
            lambda name: visitor.choose(baseline=name),
        )
        solara.SelectMultiple(
            "Show as well",
            list(now.beside),
            [name for name in now.comparable if name not in (now.scenario, now.baseline)],
            lambda names: visitor.choose(beside=tuple(names)),
        )
        solara.Select(
            "Worlds of each",
            list(WORLDS),
            now.runs,
            lambda runs: visitor.choose(runs=runs),
        )
        SeedInput()


@solara.component
def ScenarioSelect() -> None:
    """Show the selection of the scenario whose levers are moved and whose world is watched."""
    solara.Select(
        "Scenario",
        visitor.choice.value.names,
        visitor.choice.value.scenario,
        _start_from,
    )


def _start_from(name: str) -> None:
    visitor.choice.value = visitor.choice.value.starting_from(name)
    visitor.problem.value = ""


@solara.component
def SeedInput() -> None:
    """Show the input of the seed of every draw."""
    solara.InputInt("Seed", visitor.choice.value.seed, lambda seed: visitor.choose(seed=seed))


@solara.component
def LeverCard() -> None:
    """Show the card with the levers towards a member."""
    now = visitor.choice.value
    alliance = now.stands.alliance
    with solara.Card("Levers"):
        codes = {alliance.names[code]: code for code in alliance.members}
        solara.Select(
            "Towards",
            list(codes),
            alliance.names[now.member],
            lambda name: visitor.choose(member=codes[name]),
        )
        for slider in now.sliders:
            Lever(slider).key(f"{now.scenario} {slider.key}")
        solara.Button(
            "As it stands",
            icon_name="mdi-undo",
            disabled=not now.values,
            on_click=lambda: visitor.choose(values={}),
        )
        Note(f"A moved lever keeps its value in all months. {moved_levers(now)}")


def moved_levers(now: Choice) -> str:
    """Return a sentence that lists the levers that are moved, with their values."""
    told = ", ".join(f"{key} {value:g}" for key, value in now.values.items())
    return f"Moved: {told}." if told else "None is moved."


@solara.component
def Lever(slider: Slider) -> None:
    """Show the slider of a lever, and the button that explains it."""
    value = visitor.choice.value.values.get(slider.key, slider.nearest)
    mark = " (moved)" if slider.key in visitor.choice.value.values else ""
    with solara.Row(style={"align-items": "center"}, gap="0px"):
        solara.v.Slider(
            label=f"{slider.label}: {value:.2f}{mark}",
            min=slider.low,
            max=slider.high,
            step=slider.step,
            v_model=value,
            on_v_model=lambda value: _move(slider.key, value),
            hide_details=True,
            class_="foedus-lever",
            attributes={"title": slider.meaning},
        )
        solara.Button(
            icon_name="mdi-help-circle-outline",
            icon=True,
            small=True,
            on_click=lambda: visitor.ask(slider.key.split(".")[0]),
            attributes={"aria-label": f"Why {slider.label}?"},
        )


def _move(key: str, value: Any) -> None:
    """Move a lever to a value from the browser; ignore it unless it is a finite number."""
    if isinstance(value, int | float) and isfinite(value):
        visitor.choice.value = visitor.choice.value.moving(key, float(value))


@solara.component_vue("upload.vue")
def Upload(label: str, limit: int, event_hand_over: Callable[[dict[str, Any]], None]) -> None:
    """Show the input of a file (in ``upload.vue``).

    The browser passes the file to ``event_hand_over``, without content if it is larger than
    ``limit`` bytes.
    """


@solara.component
def FileCard() -> None:
    """Show the card that loads a scenario file, and downloads one with the moved levers."""
    now = visitor.choice.value
    with solara.Card("Scenario file"):
        Upload(
            label="Load a scenario file (choose it, or drop it here)",
            limit=MAX_BYTES,
            event_hand_over=_take,
        )
        if visitor.problem.value:
            Refusal(visitor.problem.value)
        solara.FileDownload(
            lambda: visitor.choice.value.text,
            f"{now.current.name}.yaml",
            label=f"Download {now.current.name}.yaml",
        )
        if not now.values:
            Note("No lever is moved: the file is the scenario as it stands, resolved.")


def _take(handed: dict[str, Any]) -> None:
    """Check a file from the browser and choose its scenario, or show what is wrong with it.

    Nothing about ``handed`` is relied on: a browser may send anything.
    """
    file, size, content = str(handed.get("name")), handed.get("size"), handed.get("content")
    try:
        if isinstance(size, int) and size > MAX_BYTES:
            visitor.problem.value = str(Problem(file, 0, "", TOO_LARGE))
        elif not isinstance(content, str):
            visitor.problem.value = f"{file}: The browser could not read this; choose a file."
        else:
            visitor.choice.value = visitor.choice.value.uploading(
                b64decode(content, validate=True), file
            )
            visitor.problem.value = ""
    except FoedusError as error:
        visitor.problem.value = str(error)
    except NotBase64:
        visitor.problem.value = f"{file}: The file did not arrive whole; load it again."
