"""The sheet of a figure: text has room, labels do not lie on each other, one drawing is enough."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.figure import Figure
from matplotlib.text import Text

from foedus.cases.scenario_reader import load_scenario
from foedus.cases.shipped import shipped_alliances
from foedus.studies.comparison import compare
from foedus.views import comparison_plots, plots
from foedus.views.panels import End, Rows, as_change, as_mark, label_ends, spread, time_axis
from foedus.views.sheet import SMALL, STYLE, WIDTH, Picture, balanced, sheet, width_of, wrapped

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from matplotlib.axis import Axis

    from foedus.studies.comparison import Comparison


@pytest.fixture(autouse=True)
def style() -> Iterator[None]:
    with mpl.rc_context(STYLE):
        yield


WORDS = st.lists(st.text("aeimW_-", min_size=1, max_size=30), min_size=1, max_size=12)


# ---------------------------------------------------------------------------------------------
# Text


@given(WORDS, st.floats(0.4, 6.0))
def test_no_line_is_wider_than_its_room_and_no_letter_is_lost(
    words: list[str], width: float
) -> None:
    for breaks in (wrapped, balanced):
        text = breaks(" ".join(words), width, 8.0, "normal")
        assert all(width_of(line, 8.0) <= width for line in text.split("\n"))
        assert text.replace("\n", "").replace(" ", "") == "".join(words)


def test_a_long_name_is_broken_behind_a_joint() -> None:
    first, second = wrapped("bandwidth_recovery", width_of("bandwidth_recove")).split("\n")
    assert (first, second) == ("bandwidth_", "recovery")


def test_numbers_are_short() -> None:
    assert [as_mark(x) for x in (0.0, 0.5, 1.0)] == ["0", ".5", "1"]
    assert [as_change(x) for x in (0.0001, -0.0241, 0.3)] == ["0", "-.024", "+.300"]


# ---------------------------------------------------------------------------------------------
# Labels


@given(st.lists(st.floats(0.0, 1.0), min_size=1, max_size=12), st.floats(0.001, 0.08))
def test_labels_are_moved_apart_in_their_order_and_stay_inside(
    places: list[float], gap: float
) -> None:
    found = spread(places, gap, 0.0, 1.0)
    order = np.argsort(places, kind="stable")
    moved = np.array(found)[order]
    assert (np.diff(moved) >= gap - 1e-9).all()
    assert -1e-9 <= moved.min() <= moved.max() <= 1.0 + 1e-9
    wide = np.diff(np.array(places)[order])
    if (wide >= gap).all():
        assert found == pytest.approx(places), "nothing moves without need"


def test_labels_of_equal_values_lie_one_above_another() -> None:
    picture, axes = sheet("T", "S", [1.0])
    axes[0][0].set_ylim(0, 1)
    label_ends(axes[0][0], [End(0.5, str(number)) for number in range(5)])
    assert problems(picture) == []


def test_rows_of_one_quantity_have_the_same_scale() -> None:
    rows = Rows(("A", "B"), -0.2, 0.2, (-0.1, 0.0, 0.1))
    _, axes = sheet("T", "S", [2.0])
    rows.scale(axes[0])
    low, high = axes[0][0].get_ylim()
    assert (low, high) == pytest.approx((rows.base(1) - 0.2, rows.base(0) + 0.2))
    assert rows.base(0) - rows.base(1) > 0.4, "rows do not overlap"


@pytest.mark.parametrize("months", [1, 2, 12, 25, 60, 240, 1200])
@pytest.mark.parametrize("start", ["2026-01", "2025-11"])
def test_any_span_of_months_has_labels_that_do_not_overlap(months: int, start: str) -> None:
    first = np.datetime64(start, "M")
    picture, axes = sheet("T", "S", [1.0], 4)
    span = (first + np.arange(months)).astype("datetime64[ns]")
    time_axis(axes[0][0], span)
    assert axes[0][0].get_xticklabels()
    assert problems(picture) == []


# ---------------------------------------------------------------------------------------------
# Every figure


def hidden_ticks(picture: Figure) -> set[int]:
    """Return the labels of ticks that are not drawn."""
    found: set[int] = set()
    axes: list[Axis] = [axis for ax in picture.axes for axis in (ax.xaxis, ax.yaxis)]
    for axis in axes:
        low, high = sorted(float(end) for end in axis.get_view_interval())
        slack = 1e-6 * (high - low)
        for tick in axis.get_major_ticks():
            drawn = axis.get_visible() and low - slack <= float(tick.get_loc()) <= high + slack
            if not drawn:
                found |= {id(tick.label1), id(tick.label2)}
    return found


def boxes(picture: Figure) -> Iterator[tuple[Text, Any]]:
    picture.canvas.draw()
    hidden = hidden_ticks(picture)
    for text in picture.findobj(Text):
        assert isinstance(text, Text)
        if text.get_visible() and text.get_text().strip() and id(text) not in hidden:
            yield text, text.get_window_extent()


def problems(picture: Figure) -> list[str]:
    """Return what is clipped, lies on something else, or is too small to be read on paper."""
    found, texts = [], list(boxes(picture))
    for place, (text, box) in enumerate(texts):
        if min(box.x0, box.y0) < -0.5 or box.x1 > picture.bbox.x1 + 0.5 or box.y1 > picture.bbox.y1:
            found.append(f"clipped: {text.get_text()}")
        if float(text.get_fontsize()) < SMALL:
            found.append(f"small: {text.get_text()}")
        for other, there in texts[place + 1 :]:
            across = min(box.x1, there.x1) - max(box.x0, there.x0)
            along = min(box.y1, there.y1) - max(box.y0, there.y0)
            if across > 1.5 and along > 0.3 * min(box.height, there.height):
                found.append(f"overlap: {text.get_text()} | {other.get_text()}")
    return found


LONG = "United Kingdom of Great Britain and Northern Ireland and the Isles beyond"


@pytest.fixture(scope="module")
def crowded(tmp_path_factory: pytest.TempPathFactory) -> Comparison:
    """Four scenarios with long names and titles, and a member with a long name."""
    directory = tmp_path_factory.mktemp("crowded")
    text = shipped_alliances()["csto"].read_text(encoding="utf-8")
    text = text.replace("name: Armenia", f"name: {LONG}").replace("\nname: csto", "\nname: crowded")
    (directory / "crowded.yaml").write_text(text, encoding="utf-8")
    items = []
    for number, pressure in enumerate((0.1, 0.9, 0.4, 0.7)):
        path: Path = directory / f"{number}.yaml"
        path.write_text(
            f"foedus: 1\nname: a_scenario_with_a_long_name_{number}\n"
            f"title: A title that goes on for longer than anybody reads {number}\n"
            "alliance: crowded.yaml\nstart: 2026-01\nhorizon: 36\nlevers:\n  pressure:\n"
            f"    ARM: [{{value: {pressure}}}]\n    KAZ: [{{value: {pressure}}}]\n",
            encoding="utf-8",
        )
        items.append(load_scenario(path))
    return compare(*items, runs=60)


def drawn(found: Comparison) -> Iterator[tuple[str, Picture]]:
    for kind in plots.FIGURES:
        yield kind, plots.figure(kind, found.result)
    for kind in comparison_plots.FIGURES:
        yield kind, comparison_plots.figure(kind, found)


def test_nothing_is_clipped_and_nothing_lies_on_anything_else(crowded: Comparison) -> None:
    found = {kind: problems(picture) for kind, picture in drawn(crowded)}
    assert found == {kind: [] for kind in found}


def test_figures_go_on_a_page_of_a4(crowded: Comparison) -> None:
    for kind, picture in drawn(crowded):
        width, height = picture.get_size_inches()
        assert width == pytest.approx(WIDTH), kind
        assert height < 10.3, kind


def test_a_figure_is_drawn_once(crowded: Comparison, monkeypatch: pytest.MonkeyPatch) -> None:
    picture, times = crowded.plot("cohesion"), []
    draw = Figure.draw

    def counted(self: Figure, renderer: Any) -> None:
        times.append(1)
        draw(self, renderer)

    monkeypatch.setattr(Figure, "draw", counted)
    assert picture.content("png").startswith(b"\x89PNG")
    assert len(times) == 1
