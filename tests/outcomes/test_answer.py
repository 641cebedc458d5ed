"""The answer of a run: what differs, what is open, and the words for it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from foedus.outcomes import answer as answers
from foedus.outcomes.answer import Gap
from foedus.outcomes.carriers import OpenRange
from foedus.outcomes.catalogue import ALLIANCE
from foedus.outcomes.estimates import Estimate
from foedus.outcomes.finding import finding, index, of_100, range_of_100
from foedus.studies.running import run

if TYPE_CHECKING:
    from foedus.studies.results import Result

SHARE = st.floats(0.0, 1.0)
RUNS = 300


@pytest.fixture(scope="module")
def result() -> Result:
    return run("pressure", "restraint", runs=RUNS, horizon=60)


@pytest.fixture(scope="module")
def alone() -> Result:
    return run("restraint", runs=RUNS, horizon=60)


# Numbers as they are written


@given(SHARE)
def test_a_number_of_100_worlds_is_right_to_the_last_digit_and_hides_no_chance(
    share: float,
) -> None:
    text = of_100(share)
    assert abs(float(text) - 100.0 * share) <= 0.5
    assert (text == "0") == (share == 0.0)
    assert (text == "100") == (share == 1.0)


@given(SHARE, SHARE)
def test_a_range_of_100_worlds_holds_what_it_stands_for(one: float, other: float) -> None:
    opened = OpenRange(min(one, other), max(one, other), 0, ())
    least, most = map(int, range_of_100(opened).split("-"))
    assert least <= 100.0 * opened.least + 1e-6
    assert most >= 100.0 * opened.most - 1e-6
    assert 0 <= least <= most <= 100


def test_an_index_is_written_without_zero_before_the_point() -> None:
    assert index(0.714) == ".71"
    assert index(1.0) == "1.00"


# Differences


def _gap(low: float, high: float, least: float | None = None, most: float | None = None) -> Gap:
    value = (low + high) / 2.0
    return Gap(Estimate(value, low, high, "95 %", least, most), 0.3)


def test_a_difference_is_sure_only_if_chance_and_every_model_agree_on_its_direction() -> None:
    assert _gap(0.1, 0.2).is_sure
    assert _gap(-0.2, -0.1, -0.3, -0.01).is_sure
    assert not _gap(-0.1, 0.2).is_sure
    assert not _gap(0.1, 0.2, -0.01, 0.3).is_sure
    assert not _gap(0.0, 0.0).is_sure


@given(st.floats(0.0, 3.0))
def test_the_size_of_a_difference_is_told_by_the_thresholds_of_cohen(size: float) -> None:
    words = replace(_gap(0.1, 0.2), size=size).words
    passed = sum(size >= least for least in (0.2, 0.5, 0.8))
    assert words == ("very small", "small", "medium", "large")[passed]


def test_a_line_holds_the_mean_and_the_paired_difference_of_every_scenario(
    result: Result,
) -> None:
    line = result.answer.line("ARM", "active")
    one, other = ((part.of("standing", "ARM") == 0).astype(float) for part in result.ensemble.parts)
    assert line.values == (one.mean(), other.mean())
    (change,) = line.changes
    assert change.difference.value == pytest.approx((other - one).mean())
    angles = [2.0 * np.arcsin(np.sqrt(values.mean())) for values in (one, other)]
    assert change.size == pytest.approx(abs(angles[1] - angles[0]))
    assert line.contrast.difference.value >= 0.0
    for opened, value in zip(line.opened, line.values, strict=True):
        assert opened.least <= value <= opened.most


def test_marks_point_the_way_of_a_sure_difference_and_spare_the_first_scenario(
    result: Result,
) -> None:
    marks = {line.key: [line.mark(place) for place in (0, 1)] for line in result.answer.lines}
    assert all(first == "" for first, _ in marks.values())
    assert marks["ARM", "takes_part"][1] == "^"
    for line in result.answer.lines:
        least = answers.MARKED[line.outcome.kind]
        if line.mark(1):
            assert line.changes[0].is_sure
            assert abs(line.changes[0].difference.value) >= least


def test_the_headline_is_what_differs_most_for_anybody(result: Result) -> None:
    first, *others = answers.headline_lines(result.answer)
    assert first.contrast.is_sure
    sure = [line for line in others if line.contrast.is_sure]
    assert all(line.contrast.size <= first.contrast.size for line in sure)
    assert {line.subject for line in (first, *others)} == {ALLIANCE, *result.answer.members}


# The finding


def test_the_finding_begins_with_the_headline_and_its_numbers(result: Result) -> None:
    found, line = finding(result.answer), answers.headline(result.answer)
    most, least = (of_100(line.values[place]) for place in (line.highest, line.lowest))
    assert f"in {most} of 100 worlds under " in found.title
    assert f"in {least} under " in found.title
    assert len(found.title) <= 90
    assert not found.title.endswith(".")
    assert all(text.endswith(".") for text in found.sentences)
    assert any("Cohesion ends" in text for text in found.sentences)


def test_a_member_that_differs_is_told_even_if_cohesion_hardly_does(result: Result) -> None:
    """Once a finding told of cohesion alone, and left out that another member's place changed."""
    answer = result.answer
    line = answer.line("TJK", "takes_part")
    sure = Gap(Estimate(0.3, 0.25, 0.35, "95 %"), 0.6)
    estimates = tuple(Estimate(value, value, value, "95 %") for value in (0.55, 0.85))
    moved = replace(line, estimates=estimates, lowest=0, highest=1, changes=(sure,), contrast=sure)
    lines = tuple(moved if one.key == line.key else one for one in answer.lines)
    told = finding(replace(answer, lines=lines))
    assert "Tajikistan takes part in 55 (pressure) to 85 (restraint)" in " ".join(told.sentences)


def test_scenarios_that_do_not_differ_are_said_not_to() -> None:
    same = run("pressure", "restraint", runs=40, horizon=1)
    assert "No scenario makes a difference that counts" in same.finding.title
    assert "under each of them" in " ".join(same.finding.sentences)


def test_the_finding_of_a_single_scenario_tells_the_likeliest_end_and_the_least_active_member(
    alone: Result,
) -> None:
    found = alone.finding
    states = [line for line in alone.answer.lines if line.outcome.key.startswith("end_states.")]
    likeliest = max(states, key=lambda line: line.values[0])
    assert found.title.startswith(
        f"In {of_100(likeliest.values[0])} of 100 worlds under restraint "
    )
    assert any(text.startswith("Armenia takes part in") for text in found.sentences)
    assert alone.cause is None


def test_the_cause_of_a_headline_sums_to_its_difference(result: Result) -> None:
    cause = result.cause
    assert not isinstance(cause, str)
    assert cause is not None
    total = sum(share.shapley.value for share in cause.shares)
    assert total == pytest.approx(cause.total.value)
    assert (cause.subject, cause.outcome) == result.headline[0].key


# Side by side without pairing


def test_differences_of_results_without_common_luck_add_up_the_squares_of_their_errors(
    result: Result,
) -> None:
    paired = result.answer.line("ARM", "takes_part")
    apart = answers.beside(
        [run(name, runs=RUNS, horizon=60).answer for name in result.answer.names]
    )
    line = apart.line("ARM", "takes_part")
    assert line.values == paired.values
    (gap,) = line.changes
    width, other = (one.high - one.low for one in line.estimates)
    assert gap.difference.high - gap.difference.low == pytest.approx(np.hypot(width, other))
    assert gap.size == pytest.approx(paired.changes[0].size)
