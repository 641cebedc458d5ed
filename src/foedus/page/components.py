"""The page as a whole: what is chosen on the left, what follows in the middle, why on the right.

Solara gives each visitor a kernel, and each kernel has its own copy of every reactive value.
"""

from __future__ import annotations

import solara
import solara.lab

from foedus.page import visitor
from foedus.page.choosing import Scenarios
from foedus.page.watching import World
from foedus.views.explain import explained, why

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


@solara.component
def Page() -> None:
    """Show the whole page, with a tab for scenarios and a tab for one world."""
    tab = solara.use_reactive(0)
    with solara.Div():
        solara.Title("foedus")
        solara.Style(CSS)
        with solara.AppBar():
            solara.Button(
                "Why?",
                icon_name="mdi-help-circle-outline",
                text=True,
                on_click=lambda: visitor.ask(None),
            )
            if tab.value == 0:  # in the other tab Mesa shows its own
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
    """Show the side panel that explains a number, a lever or an outcome.

    It shows value, prior, evidence, and who sets it.
    """
    with (
        solara.v.NavigationDrawer(
            app=True,
            right=True,
            width=380,
            v_model=visitor.panel.value,
            on_v_model=visitor.panel.set,
            temporary=True,  # lies over the page, which stays usable
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
                on_click=lambda: visitor.panel.set(False),
                attributes={"aria-label": "Close"},
            )
        scenario = visitor.choice.value.current
        names = explained(scenario.alliance)
        name = (
            visitor.asked.value if visitor.asked.value in names else None
        )  # the scenario's alliance may lack a name that was asked for before
        solara.v.Autocomplete(
            label="A number, lever or outcome",
            items=names,
            v_model=name,
            on_v_model=lambda name: visitor.asked.set(name or ""),
            clearable=True,
            dense=True,
        )
        if name:
            solara.HTML(unsafe_innerHTML=why(name, scenario=scenario)._repr_html_())
        else:
            solara.Text("Ask for a name, such as ARM.trust, trust_loss, pressure or dissolved.")
