"""Figures of a comparison: on given Axes, from stored results as from fresh ones, with metadata."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from foedus.cases.scenario_reader import load_scenario
from foedus.errors import ResultError
from foedus.outcomes.differences import gaps
from foedus.studies.comparison import compare
from foedus.studies.tracing import trace
from foedus.views import comparison_plots, timeline

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.axes import Axes

    from foedus.studies.comparison import Comparison


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("compared") / "out"
    compare("baseline", "pressure", runs=60, horizon=14, out=out)
    return out


@pytest.fixture(scope="module")
def found() -> Comparison:
    return compare("baseline", "pressure", runs=60, horizon=14)


@pytest.fixture
def ax() -> Axes:
    return Figure().subplots()


@pytest.mark.parametrize("kind", comparison_plots.FIGURES)
def test_a_stored_comparison_gives_the_picture_of_a_fresh_one(
    found: Comparison, stored: Path, kind: str
) -> None:
    again = compare(stored)
    assert again.plot(kind)._repr_png_() == found.plot(kind)._repr_png_()


def test_axes_come_back_as_they_were_given(found: Comparison, ax: Axes) -> None:
    data, scenarios = found.result.data, found.result.scenarios
    difference = gaps(found.paths, "baseline", "pressure", "trust").sel(member="ARM")
    assert comparison_plots.difference_fan(ax, difference) is ax
    (line,) = [one for one in ax.get_lines() if one.get_label() == "median difference"]
    assert "mean difference" in [one.get_label() for one in ax.get_lines()]
    drawn = np.asarray(line.get_ydata(), dtype=float)
    values = difference.transpose("month", "run").values
    assert ((values <= drawn[:, None]).mean(axis=1) >= 0.5).all()
    assert ((values >= drawn[:, None]).mean(axis=1) >= 0.5).all()
    other = Figure().subplots()
    assert (
        comparison_plots.incidence_curves(other, data, "ARM", "missed_summit", scenarios) is other
    )
    assert len(other.get_lines()) == len(scenarios)
    last = float(np.asarray(other.get_lines()[0].get_ydata())[-1])
    came = data["event_month"].sel(scenario="baseline", member="ARM", event="missed_summit")
    assert last == pytest.approx(float((came > 0).mean()), abs=0.02)
    third = Figure().subplots()
    assert comparison_plots.activity_map(third, data, scenarios) is third
    (attributed, *_) = found.attributions["pressure"]
    fourth = Figure().subplots()
    assert comparison_plots.tornado(fourth, attributed) is fourth
    assert [t.get_text() for t in fourth.get_yticklabels()][-1] == "total"


def test_misspelt_labels_are_sentences(found: Comparison, ax: Axes) -> None:
    data, scenarios = found.result.data, found.result.scenarios
    with pytest.raises(ResultError, match=r"no event 'freez'.*'freeze'"):
        comparison_plots.incidence_curves(ax, data, "ARM", "freez", scenarios)
    with pytest.raises(ResultError, match=r"no member 'ARN'.*'ARM'"):
        comparison_plots.incidence_curves(ax, data, "ARN", "freeze", scenarios)
    with pytest.raises(ResultError, match="no scenario 'restraint'"):
        comparison_plots.activity_map(ax, data, [load_scenario("restraint", horizon=14)])


def test_files_carry_scenarios_and_seed(found: Comparison, stored: Path, tmp_path: Path) -> None:
    for path in sorted((stored / "comparison").glob("*.png")):
        described = Image.open(path).text["Description"]  # type: ignore[attr-defined]
        for scenario in found.result.scenarios:
            assert f"{scenario.name} {scenario.fingerprint}" in described
        assert "seed 1992" in described
    comparison_plots.write_figures(tmp_path, found, svg=True)
    for kind in comparison_plots.FIGURES:
        text = (tmp_path / f"{kind}.svg").read_text(encoding="utf-8")
        assert found.baseline.fingerprint in text
        assert "seed 1992" in text


def test_one_scenario_has_nothing_to_compare() -> None:
    alone = compare("baseline", runs=8, horizon=12)
    with pytest.raises(ResultError, match="nothing to compare"):
        alone.plot("differences")


def test_many_scenarios_are_drawn_on_several_pages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = {name: comparison_plots.FIGURES[name] for name in ("active", "attribution")}
    monkeypatch.setattr(comparison_plots, "FIGURES", few)
    names = ("baseline", "pressure", "restraint", "accounting", "expulsion", "carrot_and_stick")
    many = compare(*names, runs=8, horizon=12)
    written = {path.name for path in comparison_plots.write_figures(tmp_path, many)}
    assert {"active.png", "active_2.png", "attribution_2.png"} <= written


def test_a_timeline_is_written_once_and_says_which_world(tmp_path: Path) -> None:
    told = trace("baseline", "pressure", run=4, horizon=24)
    for suffix in (".png", ".svg", ".pdf"):
        path = timeline.write_timeline(told, tmp_path / f"world{suffix}")
        assert path.stat().st_size > 5_000
    text = (tmp_path / "world.svg").read_text(encoding="utf-8")
    assert text.count(">missed a summit<") == 1, "one legend for both panels"
    assert re.search("baseline [0-9a-f]{64}; seed 1992; run 4", text)
    with pytest.raises(ResultError, match="exists already"):
        timeline.write_timeline(told, tmp_path / "world.png")
    with pytest.raises(ResultError, match=r"ends in \.png, \.svg, \.pdf"):
        timeline.write_timeline(told, tmp_path / "world.jpg")
