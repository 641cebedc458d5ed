"""The widget: levers that move, a picture that follows, and a scenario file that is good."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

import foedus
from foedus.cases.scenario_reader import load_scenario
from foedus.cases.sliders import moved, scenario_text, sliders
from foedus.errors import ResultError, ScenarioError
from foedus.model.levers import LEVERS
from foedus.page import widget

if TYPE_CHECKING:
    from pathlib import Path

    from foedus.page.widget import Widget


@pytest.fixture
def shown() -> Widget:
    return widget.widget("baseline", runs=60)


def test_the_package_offers_it_as_a_function_however_often_it_is_asked_for() -> None:
    assert callable(foedus.widget)
    assert foedus.widget is widget.widget


def test_every_lever_has_a_slider_at_the_value_that_is_in_force() -> None:
    scenario = load_scenario("baseline")
    found = {slider.key: slider for slider in sliders(scenario, "ARM")}
    assert {key.split(".")[0] for key in found} == {lever.name for lever in LEVERS}
    assert found["pressure.ARM"].value == 0.3
    assert found["outreach.EU.ARM"].value == 0.5
    assert found["dependence.ARM"].value == scenario.alliance.value("ARM.dependence")
    assert found["bandwidth"].value == scenario.alliance.value("RUS.bandwidth")
    assert {slider.key: slider for slider in sliders(scenario, "BLR")}["pressure.BLR"].value == 0.0


def test_sliders_at_their_values_change_nothing_and_moved_ones_do() -> None:
    scenario = load_scenario("baseline")
    still = {slider.key: slider.value for slider in sliders(scenario, "ARM")[:1]}
    assert moved(scenario, still).fingerprint == scenario.fingerprint
    other = moved(scenario, {"pressure.ARM": 0.9})
    assert other.fingerprint == load_scenario("baseline", settings=["pressure.ARM=0.9"]).fingerprint
    with pytest.raises(ScenarioError):
        moved(scenario, {"pressure.ARM": 2.0})


def test_the_text_of_moved_sliders_is_a_good_scenario_of_the_same_worlds(tmp_path: Path) -> None:
    scenario = load_scenario("baseline")
    values = {"pressure.ARM": 0.8, "outreach.EU.ARM": 0.1, "bandwidth": 0.7}
    path = tmp_path / "mine.yaml"
    path.write_text(scenario_text(scenario, values, "mine"), encoding="utf-8")
    assert load_scenario(path).fingerprint == moved(scenario, values).fingerprint


def test_moving_a_slider_redraws_and_putting_it_back_gives_the_first_picture(shown: Widget) -> None:
    first = bytes(shown.picture.value)
    assert first.startswith(b"\x89PNG")
    assert shown.values == {}
    shown.sliders["pressure.ARM"].value = 0.9
    assert bytes(shown.picture.value) != first
    assert "pressure.ARM 0.9" in shown.message.value
    shown.reset.click()
    assert shown.values == {}
    assert bytes(shown.picture.value) == first


def test_the_button_writes_a_file_that_check_accepts_and_never_overwrites(
    shown: Widget, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    shown.write.click()
    assert "Nothing is moved" in shown.message.value
    shown.sliders["restraint.ARM"].value = 0.9
    shown.write.click()
    assert "Written: mine.yaml" in shown.message.value
    assert load_scenario(tmp_path / "mine.yaml").fingerprint == shown.moved.fingerprint
    shown.write.click()
    assert "exists already" in shown.message.value
    with pytest.raises(ResultError, match=r"ends in \.yaml"):
        shown.save(tmp_path / "mine.txt")


def test_it_shows_itself_and_says_what_it_needs(
    shown: Widget, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "application/vnd.jupyter.widget-view+json" in shown._repr_mimebundle_()
    with pytest.raises(ResultError, match=r"'XXX' is no member.*ARM"):
        foedus.widget("baseline", "XXX")
    monkeypatch.setitem(sys.modules, "ipywidgets", None)
    with pytest.raises(ResultError, match=r"Install the extra 'explore'"):
        foedus.widget("baseline")
