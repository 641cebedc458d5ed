"""Sliders for levers in a notebook, with fan charts that are redrawn when a slider is moved."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import matplotlib as mpl

from foedus.cases.scenario import Scenario
from foedus.cases.scenario_reader import load_scenario
from foedus.cases.sliders import moved, scenario_text, sliders
from foedus.errors import FoedusError, ResultError, installing
from foedus.studies.running import run
from foedus.views.colours import GREY
from foedus.views.plots import cohesion_fan, trust_fan
from foedus.views.sheet import STYLE, Margins, sheet
from foedus.views.titles import cohesion_title, span
from foedus.worlds.files import refuse_file, replace_file

if TYPE_CHECKING:
    from foedus.studies.results import Result
    from foedus.worlds.openings import Numbered

RUNS = 2_000  # worlds for each redrawing
CAPTION = (
    "Fans: median of worlds, and the bands that hold half and nine tenths of them, under the moved "
    "levers; dashed: the mean as the scenario stands. The same luck in both."
)


class Widget:
    """Sliders for the levers that concern a member, with fan charts of the moved scenario.

    Parameters
    ----------
    runs
        Worlds for each redrawing.
    parameters
        As for :func:`foedus.run`.

    Attributes
    ----------
    scenario
        The scenario whose levers are moved.
    member
        Code of the member that the levers concern.
    box
        The ipywidgets box that a notebook shows.
    sliders
        Sliders by key of the lever, such as ``pressure.ARM``.
    """

    def __init__(self, scenario: Scenario, member: str, runs: int, parameters: Numbered) -> None:
        widgets = _ipywidgets()
        self.scenario, self.member = scenario, member
        self._runs, self._parameters = runs, parameters
        self._levers = {lever.key: lever for lever in sliders(scenario, member)}
        self._stands = run(scenario, runs=runs, parameters=parameters)
        style = {"description_width": "11rem"}
        self.sliders = {
            key: widgets.FloatSlider(
                value=lever.value,
                min=lever.low,
                max=lever.high,
                step=lever.step,
                description=lever.label,
                tooltip=lever.meaning,
                continuous_update=False,
                readout_format=".2f",
                style=style,
                layout=widgets.Layout(width="26rem"),
            )
            for key, lever in self._levers.items()
        }
        for slider in self.sliders.values():
            slider.observe(self._redraw, names="value")
        self.reset = widgets.Button(description="As it stands", tooltip="Put all levers back")
        self.reset.on_click(self._reset)
        self.file = widgets.Text(value="mine.yaml", description="File", style=style)
        self.write = widgets.Button(description="Write scenario file")
        self.write.on_click(self._write)
        self.picture = widgets.Image(format="png")
        self.message = widgets.HTML()
        self.box = widgets.HBox(
            [
                widgets.VBox([*self.sliders.values(), self.reset, self.file, self.write]),
                widgets.VBox([self.picture, self.message]),
            ]
        )
        self._redraw()

    @property
    def values(self) -> dict[str, float]:
        """Values of the levers that have been moved, by key."""
        return {
            key: slider.value
            for key, slider in self.sliders.items()
            if slider.value != self._levers[key].value
        }

    @property
    def moved(self) -> Scenario:
        """The scenario with the levers at the values of the sliders."""
        return moved(self.scenario, self.values)

    def text(self, name: str) -> str:
        """Return the text of a scenario file with the levers at the values of the sliders."""
        return scenario_text(self.scenario, self.values, name)

    def _repr_mimebundle_(self, **options: Any) -> Any:
        return self.box._repr_mimebundle_(**options)

    def _redraw(self, change: Any = None) -> None:
        del change
        result = run(self.moved, runs=self._runs, parameters=self._parameters)
        self.picture.value = _drawn(result, self._stands, self.member)
        told = ", ".join(f"{key} {value:g}" for key, value in self.values.items())
        self.message.value = (
            f"<small>{escape(CAPTION)} {result.provenance_line}. "
            f"{escape('Moved: ' + told if told else 'Nothing is moved.')}</small>"
        )

    def _reset(self, button: Any) -> None:
        del button
        for key, slider in self.sliders.items():
            slider.value = self._levers[key].value

    def _write(self, button: Any) -> None:
        del button
        try:
            path = self.save(self.file.value)
            self.message.value = f"Written: {escape(str(path))}"
        except FoedusError as error:
            self.message.value = f"<b>{escape(str(error))}</b>"

    def save(self, path: str | Path) -> Path:
        """Write the scenario file.

        Raises
        ------
        ResultError
            If no lever is moved, the file exists, or its name does not end in ``.yaml``.
        """
        path = Path(path)
        if not self.values:
            message = "Nothing is moved yet; move a lever, and save then."
            raise ResultError(message)
        if path.suffix != ".yaml":
            message = f"{path}: a scenario file ends in .yaml; name it so."
            raise ResultError(message)
        refuse_file(path, overwrite=False)
        replace_file(path, self.text(path.stem).encode())
        return path


def widget(
    scenario: str | Path | Scenario = "baseline",
    member: str | None = None,
    *,
    runs: int = RUNS,
    parameters: Numbered = None,
) -> Widget:
    """Show sliders for the levers of a scenario, with fan charts redrawn when one is moved.

    Parameters
    ----------
    scenario
        Bare name, path, or loaded scenario.
    member
        Code of the member that the levers concern; the first if omitted.
    runs
        Worlds for each redrawing.
    parameters
        As for :func:`foedus.run`.

    Raises
    ------
    ResultError
        If ipywidgets is not installed, or there is no such member.
    """
    loaded = scenario if isinstance(scenario, Scenario) else load_scenario(scenario)
    chosen = member or loaded.alliance.members[0]
    if chosen not in loaded.alliance.members:
        members = ", ".join(loaded.alliance.members)
        message = f"'{chosen}' is no member of this alliance; it has {members}."
        raise ResultError(message)
    return Widget(loaded, chosen, runs, parameters)


def _ipywidgets() -> Any:
    try:
        import ipywidgets
    except ImportError:
        message = (
            f"The widget needs ipywidgets. Install the extra 'explore', {installing('explore')}; "
            "then start the notebook again."
        )
        raise ResultError(message) from None
    return ipywidgets


def _drawn(result: Result, stands: Result, member: str) -> bytes:
    """Draw cohesion and a member's trust as a PNG.

    Fans show the worlds under the moved levers (``result``); a dashed line shows the mean of the
    scenario before any lever was moved (``stands``).
    """
    (scenario,), (before,) = result.scenarios, stands.scenarios
    subtitle = f"Both from 0 to 1, {span(result.data)}; grey: mean before any lever was moved."
    with mpl.rc_context(STYLE):
        title = cohesion_title(result, result.scenarios)
        picture, axes = sheet(title, subtitle, [2.2], 2, Margins(top=0.25), sharey=True)
        left, right = axes[0]
        cohesion_fan(left, result.data, scenario)
        trust_fan(right, result.data, scenario.name, member)
        mean = stands.data["monthly_cohesion_mean"].sel(
            scenario=before.name, weighting=before.weighting
        )
        trust = stands.data["monthly_mean"].sel(scenario=before.name, field="trust", member=member)
        for ax, line in ((left, mean), (right, trust)):
            ax.plot(line["month"].values, line.values, "--", color=GREY)
        left.set_title("Cohesion", loc="left")
        right.set_title(f"Trust of {result.names[member]}", loc="left")
    return picture.content(dpi=110)
