"""Titles of figures: what was found, and nothing where nothing was."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from foedus.outcomes.catalogue import ALLIANCE
from foedus.outcomes.estimates import Estimate
from foedus.outcomes.finding import index
from foedus.outcomes.phrases import EVENT_WORDS
from foedus.studies.comparison import compare
from foedus.views import incidence_plots, plots, titles
from foedus.views.panels import as_change

if TYPE_CHECKING:
    from pathlib import Path

    from foedus.studies.comparison import Comparison
    from foedus.studies.results import Result


@pytest.fixture(scope="module")
def found() -> Comparison:
    return compare("baseline", "pressure", "restraint", runs=400)


@pytest.fixture(scope="module")
def alike(tmp_path_factory: pytest.TempPathFactory) -> Comparison:
    """Two scenarios that differ in a lever by a trifle."""
    path: Path = tmp_path_factory.mktemp("alike") / "trifle.yaml"
    path.write_text(
        "foedus: 1\nname: trifle\ntitle: Trifle\nextends: baseline\nlevers:\n  pressure:\n"
        "    ARM: [{value: 0.301}]\n",
        encoding="utf-8",
    )
    return compare("baseline", path, runs=400)


def median_at_end(result: Result, name: str) -> str:
    data = result.data
    counts = data["monthly_cohesion"].sel(scenario=name, weighting="equal").isel(month=-1).values
    share = counts.cumsum() / counts.sum()
    return index(float(data["bin"].values[(share >= 0.5).argmax()]))


def test_cohesion_is_told_by_the_scenarios_at_both_ends(found: Comparison) -> None:
    told = found.plot("cohesion").heading
    low, high = (median_at_end(found.result, name) for name in ("pressure", "restraint"))
    assert told == f"Cohesion ends highest under restraint ({high}), lowest under pressure ({low})"


def test_what_hardly_differs_is_not_told_as_a_difference(alike: Comparison) -> None:
    assert "no difference worth telling" in alike.plot("cohesion").heading
    for kind in ("differences", "active", "incidence"):
        assert "anything worth telling" in alike.plot(kind).heading
    assert "No difference in cohesion" in alike.plot("attribution").heading


@pytest.mark.parametrize(
    ("estimate", "told"),
    [
        (Estimate(0.02, 0.01, 0.03, "95 %"), True),
        (Estimate(-0.02, -0.03, -0.01, "95 %"), True),
        (Estimate(0.02, -0.01, 0.05, "95 %"), False),
        (Estimate(0.002, 0.001, 0.003, "95 %"), False),
        (Estimate(0.02, 0.01, 0.03, "95 %", -0.01, 0.05, 3), False),
        (Estimate(0.02, 0.01, 0.03, "95 %", 0.005, 0.05, 3), True),
    ],
)
def test_a_difference_is_told_beyond_error_and_the_range_over_models(
    estimate: Estimate, *, told: bool
) -> None:
    assert titles.is_told(estimate, titles.SMALLEST) is told


def test_numbers_of_a_title_are_those_of_the_figure_and_the_tables(found: Comparison) -> None:
    picture = found.plot("differences")
    drawn = {text.get_text() for ax in picture.axes for text in ax.texts}
    cohesion = found.difference("pressure", ALLIANCE, "cohesion").difference.value
    trust = found.difference("pressure", "ARM", "trust").difference.value
    assert {as_change(cohesion), as_change(trust)} <= drawn
    assert f"cohesion {as_change(cohesion)} under pressure" in picture.heading
    assert f"trust of Armenia {as_change(trust)} under pressure" in picture.heading


def test_the_member_that_stands_apart_is_named(found: Comparison) -> None:
    told = found.plot("status").heading
    assert told.startswith("Armenia is frozen in ")
    assert "nobody else in more than" in told
    assert found.plot("trust").heading.startswith("Trust in Russia ends lowest in Armenia")


def test_incidence_shows_only_what_happens(found: Comparison) -> None:
    picture = found.plot("incidence")
    data = found.result.data
    texts = {text.get_text().replace("\n", " ") for ax in picture.axes for text in ax.texts}
    names, came = found.result.names, (data["event_month"] > 0).mean("run").max("scenario")
    wanted = {
        f"{names[str(member)]} {EVENT_WORDS[event]}"
        for event in incidence_plots.DRAWN
        for member in data["member"].values
        if float(came.sel(event=event, member=member)) >= incidence_plots.NEWS
    }
    assert {text for text in texts if len(text) > 8} == wanted
    left_out = len(incidence_plots.DRAWN) * data.sizes["member"] - len(wanted)
    assert any(
        f"Left out: {left_out} pairs" in text.get_text().replace("\n", " ")
        for text in picture.texts
    )


def test_a_single_scenario_is_told_by_itself(found: Comparison) -> None:
    (first, *_) = found.result.scenarios
    told = plots.figure("cohesion", found.result, [first]).heading
    assert "in nine of ten worlds" in told
    assert median_at_end(found.result, "baseline") in told
