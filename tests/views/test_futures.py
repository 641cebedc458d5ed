"""A hundred futures and the end states show every world they should, and all their words."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import combinations
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.collections import PathCollection
from matplotlib.colors import to_rgba
from matplotlib.patches import Rectangle
from matplotlib.text import Text

from foedus.cases.shipped import shipped_scenarios
from foedus.model.cohesion import END_STATE_MEANINGS
from foedus.outcomes.finding import Finding, of_100
from foedus.outcomes.hundred import AWAY, GONE, HUNDRED, TAKING_PART, hundred
from foedus.studies.running import run
from foedus.views import plots
from foedus.views.colours import END_STATE_COLOURS
from foedus.views.futures import PATRON, PER_PAGE, PER_ROW, PETALS
from foedus.views.sheet import SMALL, STYLE, WIDTH

if TYPE_CHECKING:
    import xarray as xr

    from foedus.cases.scenario import Scenario
    from foedus.outcomes.answer import Answer
    from foedus.studies.results import Result
    from foedus.views.sheet import Picture

NAMES = (
    "United Kingdom of Great Britain and Northern Ireland",
    "Federal Republic of Germany",
    "Bosnia and Herzegovina",
)
LONG = (
    "Grievances that were stored for years are called in all at once, while nobody who could "
    "have answered them is left to do so"
)


@dataclass(frozen=True)
class Shown:
    """A result of which members, names and texts are changed."""

    data: xr.Dataset
    scenarios: tuple[Scenario, ...]
    names: dict[str, str]
    answer: Answer
    finding: Finding


@pytest.fixture(scope="module")
def result() -> Result:
    names = [name for name in sorted(shipped_scenarios()) if not name.startswith("history")]
    return run(*names[: PER_PAGE + 1], runs=120, horizon=18, allow_inert=True)


def shown(result: Result, scenarios: int = 3, members: int = 5, *, long: bool = False) -> Any:
    """Of a result, show some scenarios, with any number of members."""
    clients = result.data.sizes["member"]
    codes = [f"M{chr(65 + place)}{'XY' * long}" for place in range(members)]
    data = result.data.isel(member=[place % clients for place in range(members)])
    names = {
        code: NAMES[place % 3] if long else f"Land {place}" for place, code in enumerate(codes)
    }
    chosen = result.scenarios[:scenarios]
    finding = result.finding
    if long:
        chosen = tuple(replace(one, title=LONG) for one in chosen)
        finding = Finding(f"{LONG}: {LONG}", ())
    data = data.sel(scenario=[one.name for one in chosen]).assign_coords(member=codes)
    return Shown(data, chosen, {**result.names, **names}, result.answer, finding)


def texts_of(picture: Picture) -> list[Text]:
    return [text for text in picture.findobj(Text) if text.get_text().strip()]


def words_of(picture: Picture) -> str:
    return " ".join(text.get_text().replace("\n", " ") for text in texts_of(picture))


def drawn(kind: str, one: Any) -> Picture:
    return plots.figure(kind, one)


def petals(ax: Any, fate: int) -> int:
    """How many petals of a look are drawn."""
    colour = to_rgba(PETALS[fate].look["facecolor"])
    return sum(
        np.shape(shapes.get_offsets())[0]
        for shapes in ax.findobj(PathCollection)
        if tuple(shapes.get_facecolor()[0]) == colour
    )


@pytest.mark.parametrize("scenarios", [1, 2, 3, PER_PAGE])
def test_a_hundred_flowers_stand_for_the_worlds_of_every_scenario(
    result: Result, scenarios: int
) -> None:
    one = shown(result, scenarios)
    picture = drawn("futures", one)
    axes = picture.axes[:scenarios]
    for ax, scenario in zip(axes, one.scenarios, strict=True):
        groups = hundred(one.data, scenario.name)
        fates = np.concatenate([group.chosen for group in groups.values()])
        patrons = [each for each in ax.findobj(PathCollection) if each.get_paths()[0] is PATRON]
        assert [np.shape(each.get_offsets())[0] for each in patrons] == [HUNDRED]
        for fate in (TAKING_PART, AWAY, GONE):
            assert petals(ax, fate) == (fates == fate).sum()
        counts = [
            text.get_text().split()[0] for text in ax.texts if text.get_fontweight() == "bold"
        ]
        for group in groups.values():
            number = of_100(group.share) if "." in of_100(group.share) else len(group.chosen)
            assert not group.share or str(number) in counts


@pytest.mark.parametrize("kind", ["futures", "end_states"])
@pytest.mark.parametrize("long", [False, True], ids=["short", "long"])
@pytest.mark.parametrize(
    ("scenarios", "members"), [(1, 2), (2, 5), (3, 8), (6, 5), (6, 8), (7, 14)]
)
def test_every_word_is_legible_inside_the_picture_and_on_no_other(
    result: Result, kind: str, scenarios: int, members: int, *, long: bool
) -> None:
    picture = drawn(kind, shown(result, scenarios, members, long=long))
    picture.set_dpi(110)
    whole = picture.bbox.padded(0.5)
    renderer = picture.canvas.get_renderer()  # type: ignore[attr-defined]
    with mpl.rc_context(STYLE):
        boxes = {text: text.get_window_extent(renderer) for text in texts_of(picture)}
    assert picture.get_figwidth() <= WIDTH
    assert min(float(text.get_fontsize()) for text in boxes) >= SMALL >= 7.0
    for text, box in boxes.items():
        assert whole.containsx(box.x0), text.get_text()
        assert whole.containsx(box.x1), text.get_text()
        assert whole.containsy(box.y0), text.get_text()
        assert whole.containsy(box.y1), text.get_text()
    for (one, box), (other, beside) in combinations(boxes.items(), 2):
        across = min(box.x1, beside.x1) - max(box.x0, beside.x0)
        up = min(box.y1, beside.y1) - max(box.y0, beside.y0)
        assert min(across, up) < 2.0, (one.get_text(), other.get_text())


@pytest.mark.parametrize("kind", ["futures", "end_states"])
def test_the_title_is_the_finding_whole(result: Result, kind: str) -> None:
    for long in (False, True):
        one = shown(result, long=long)
        assert drawn(kind, one).heading == one.finding.title


def test_the_picture_says_what_it_is_and_what_it_is_not(result: Result) -> None:
    words = words_of(drawn("futures", shown(result, members=4)))
    for said in (
        "Land 0, Land 1, Land 2, Land 3; Russia in the middle",
        "120 worlds of each scenario",
        "A hundred stand for all",
        "The same luck",
        "seed 1992",
        "not a forecast",
        *(petal.words for petal in PETALS.values()),
    ):
        assert said in words
    assert "restored" not in words
    assert "everybody takes part" in words


def test_end_states_that_no_scenario_reaches_are_left_out(result: Result) -> None:
    one = shown(result)
    states = one.data["end_state"]
    never = replace(one, data=one.data.assign(end_state=states.where(states != 1, 3)))
    assert "hollow" in words_of(drawn("futures", one))
    assert "hollow" not in words_of(drawn("futures", never))


def test_fewer_worlds_than_a_hundred_are_drawn_one_by_one() -> None:
    few = run("baseline", runs=7, horizon=6)
    words = words_of(few.plot("futures"))
    assert "one of 7 simulated worlds" in words
    assert " of 7 " in words
    assert "stand for all" not in words


@pytest.mark.parametrize(("scenarios", "members"), [(3, 14), (PER_PAGE + 1, 5)])
def test_what_flowers_cannot_show_is_drawn_as_bars(
    result: Result, scenarios: int, members: int
) -> None:
    one = shown(result, scenarios, members)
    assert not drawn("futures", one).findobj(PathCollection)
    assert drawn("futures", one).content() == drawn("end_states", one).content()


def test_pages_of_flowers_have_as_many_scenarios_as_go_side_by_side(result: Result) -> None:
    pages = plots.pages_of(plots.FIGURES["futures"], result.scenarios)
    assert [len(page) for page in pages] == [PER_PAGE, 1]


def test_rows_of_flowers_are_never_so_many_that_a_page_is_too_low(result: Result) -> None:
    for scenarios in range(1, PER_PAGE + 1):
        assert drawn("futures", shown(result, scenarios, 8, long=True)).get_figheight() < 9.0
    assert sorted(PER_ROW) == list(PER_ROW)


def test_bars_of_end_states_fill_the_whole_in_order(result: Result) -> None:
    one = shown(result)
    (ax,) = drawn("end_states", one).axes
    bars = [bar for bar in ax.patches if isinstance(bar, Rectangle) and bar.get_clip_on()]
    assert len(bars) == len(one.scenarios) * len(END_STATE_MEANINGS)
    for place, scenario in enumerate(one.scenarios):
        own = bars[place * len(END_STATE_MEANINGS) :][: len(END_STATE_MEANINGS)]
        codes = one.data["end_state"].sel(scenario=scenario.name).values
        start = 0.0
        for code, (bar, colour) in enumerate(zip(own, END_STATE_COLOURS.values(), strict=True)):
            assert bar.get_x() == pytest.approx(start)
            assert bar.get_width() / ax.get_xlim()[1] == pytest.approx((codes == code).mean())
            assert bar.get_facecolor() == to_rgba(colour)
            start += bar.get_width()
        assert start == pytest.approx(ax.get_xlim()[1])


def test_colours_of_end_states_go_from_light_to_dark() -> None:
    light = [np.dot(to_rgba(one)[:3], (0.299, 0.587, 0.114)) for one in END_STATE_COLOURS.values()]
    assert (np.diff(light) < -0.08).all()


def test_petals_are_told_apart_without_colour() -> None:
    takes_part, away, gone = (PETALS[fate] for fate in (TAKING_PART, AWAY, GONE))
    assert len({petal.length for petal in PETALS.values()}) == 3
    light = [
        np.dot(to_rgba(petal.look["facecolor"])[:3], (0.299, 0.587, 0.114))
        for petal in (takes_part, away)
    ]
    assert light[1] - light[0] > 0.3
    assert gone.length == 0.0
    assert takes_part.length > away.length > 0.5


def test_it_is_what_a_result_draws_first(result: Result) -> None:
    assert next(iter(plots.FIGURES)) == "futures"
    assert result.plot().heading == result.finding.title
