"""The part of the page that shows one world, month by month."""

from __future__ import annotations

import warnings
from dataclasses import replace
from typing import TYPE_CHECKING

import solara.lab

with warnings.catch_warnings():  # Solara warns of the way in which Mesa uses its hooks
    warnings.filterwarnings("ignore", message=".*ComponentsView")
    from mesa.visualization import SolaraViz
    from mesa.visualization.utils import update_counter

from foedus.html import html_table
from foedus.page import choices, visitor
from foedus.page.choices import USUAL, Choice, WatchedWorld
from foedus.page.choosing import ScenarioSelect, SeedInput, moved_levers
from foedus.page.parts import Image, Note, Refusal
from foedus.views import world_plots

if TYPE_CHECKING:
    from collections.abc import Callable

    from foedus.views.sheet import Picture
    from foedus.worlds.agents import AllianceModel


# ---------------------------------------------------------------------------------------------
# One world


@solara.component
def World() -> None:
    """Show one world month by month, with the controls of Mesa (step, play, reset)."""
    now = visitor.choice.value
    settled = solara.use_ref(now if not now.world_refusal else replace(now, seed=0, world=0))
    if not now.world_refusal:
        settled.current = now
    chosen = solara.use_memo(lambda: lambda: settled.current, [])
    model = solara.use_memo(lambda: solara.reactive(_resumed(chosen)), [])

    def follow() -> None:
        if model.peek().choice.world_address != chosen().world_address:
            model.value = WatchedWorld(chosen, model.peek().numbers)

    solara.use_effect(follow, [chosen().world_address])
    solara.use_effect(lambda: visitor.watched.set(model.peek()), [model.value])
    solara.use_effect(lambda: lambda: model.peek().pause(), [])
    with solara.Div():
        with solara.Sidebar(), solara.Column(gap="16px"):
            WorldCard(model)
        if now.world_refusal:
            Refusal(now.world_refusal)
        SolaraViz(
            model,
            components=[],  # they stand below: the rows of Mesa's own grid have a fixed height
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
    """Return the chosen world.

    If it is the one that was watched last, it continues where it was; otherwise it begins anew.
    """
    last: WatchedWorld | None = visitor.watched.peek()
    if last is None or last.choice.world_address != chosen().world_address:
        return WatchedWorld(chosen)
    last.resume()
    return last


@solara.component
def WorldCard(model: solara.Reactive[WatchedWorld]) -> None:
    """Show the card on which a world is chosen, and downloaded as far as it was simulated."""
    now, seen = visitor.choice.value, model.value
    with solara.Card("World"), solara.Column(gap="8px"):
        ScenarioSelect()
        Note(moved_levers(now))
        solara.InputInt("Number of the world", now.world, lambda world: visitor.choose(world=world))
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
    """Show a picture of the world at its present month.

    ``draw`` makes the picture; ``meaning`` names it for readers who do not see it.
    """
    update_counter.get()
    standing = "; ".join(f"{member.name} {member.standing}" for member in model.members)
    with solara.Card(classes=["foedus-figure"]):
        Image(model.picture(draw), f"{meaning}, {model.month}: {standing}")


@solara.component
def Members(model: WatchedWorld) -> None:
    """Show a table of the members' standing and trust at the present month."""
    update_counter.get()
    header = ("member", "standing", "trust", "takes part", "arrears (years)")
    with solara.Card(f"Members, {model.month}", classes=["foedus-table"]):
        solara.HTML(unsafe_innerHTML=html_table(header, choices.member_rows(model)))
        Note(choices.cohesion_line(model))


@solara.component
def Story(model: WatchedWorld) -> None:
    """Show the events of the world up to the present month, the latest first."""
    update_counter.get()
    names = model.case.alliance.names
    whole = solara.use_memo(lambda: choices.story_of(model), [model])
    rows = [
        (entry.month, names.get(entry.member or "", ""), entry.text)
        for entry in choices.told(whole, model.month)
    ]
    with solara.Card("What happened", classes=["foedus-table", "foedus-scroll"]):
        solara.HTML(unsafe_innerHTML=html_table(("month", "member", "what"), rows))
