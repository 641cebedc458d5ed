"""The picture of how well the past was forecast."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest

from foedus.outcomes.worth import shipped_hindcast
from foedus.views.worth_plots import FORECASTERS, worth_figure


@pytest.fixture
def found() -> dict[str, Any]:
    shipped = shipped_hindcast()
    assert shipped is not None
    return deepcopy(shipped)


def said(found: dict[str, Any]) -> str:
    return worth_figure(found).heading


def all_scores(found: dict[str, Any]) -> list[dict[str, Any]]:
    return [*found["scores"], *found["five_years"]["scores"]]


def test_the_title_says_better_only_of_what_is_surely_beaten_everywhere(
    found: dict[str, Any],
) -> None:
    prior = FORECASTERS["prior"]
    assert f"not {prior}" in said(found)
    for row in all_scores(found):
        row["gain_low"] = 0.01
    assert said(found).endswith(f"beats {' and '.join(list(FORECASTERS.values())[1:])}")
    found["five_years"]["scores"] = [
        {**row, "gain_low": -0.01} for row in found["five_years"]["scores"]
    ]
    assert "beats no simpler forecast" in said(found)


def test_it_shows_the_score_of_every_forecaster_that_it_names(found: dict[str, Any]) -> None:
    one, *_ = axes = worth_figure(found).axes
    assert len(axes) == 2
    assert [label.get_text() for label in one.get_yticklabels()] == list(FORECASTERS.values())
    scores = {
        row["forecaster"]: row["score"]
        for row in found["scores"]
        if (row["drivers"], row["group"]) == ("coded", "ARM: all events")
    }
    written = {text.get_text() for text in one.texts}
    assert written == {f"{scores[name]:.3f}".removeprefix("0") for name in FORECASTERS}


def test_it_does_without_scores_of_several_years_ahead(found: dict[str, Any]) -> None:
    del found["five_years"]
    assert len(worth_figure(found).axes) == 1
