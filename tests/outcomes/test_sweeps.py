"""What is said of a sweep: what moves most, what moves nothing, and where."""

from __future__ import annotations

from typing import TYPE_CHECKING

from foedus.outcomes.estimates import Estimate
from foedus.outcomes.sweeps import MEASURES, Swept, Track, answer, points, ranked

if TYPE_CHECKING:
    import pytest

NOTHING = (0.0, 0.0, 0.0, 0.0, 0.0)


def estimate(value: float, half: float = 0.002) -> Estimate:
    return Estimate(value, value - half, value + half, "95 %")


def lever(name: str, half: float = 0.002, **gaps: tuple[float, ...]) -> Swept:
    """A lever in whose way outcomes differ by so much from .4, their value at the lower end."""
    tracks = {
        key: Track(
            key,
            tuple(estimate(0.4 + gap) for gap in gaps.get(key, NOTHING)),
            tuple(estimate(gap, half) for gap in gaps.get(key, NOTHING)),
        )
        for key in MEASURES
    }
    return Swept(name, (f"{name}.ARM",), (0.0, 0.25, 0.5, 0.75, 1.0), None, tracks)


RISING = (0.0, 0.05, 0.1, 0.15, 0.2)


def test_the_strongest_lever_is_named_first_with_both_ends() -> None:
    weak = lever("pressure", frozen=(0.0, 0.01, 0.02, 0.03, 0.04))
    strong = lever("restraint", frozen=tuple(-gap for gap in RISING))
    frozen, *_ = answer([weak, strong], "Armenia", "2030-12")
    assert frozen == (
        "Armenia frozen in 2030-12: restraint moves it most, from 40 % at 0 to 20 % at 1 "
        "(-20.0 [-20.2, -19.8]); then pressure +4.0 [+3.8, +4.2]. Restraint acts through "
        "repair_rate and repair_anchor, whose size is assumed: the answer rests on that."
    )
    assert [one.lever for one in ranked([weak, strong], "frozen")] == ["restraint", "pressure"]


def test_less_than_a_point_or_than_the_interval_counts_as_nothing() -> None:
    small = lever("pressure", frozen=(0.0, 0.0, 0.0, 0.0, 0.009))
    unsure = lever("restraint", half=0.06, frozen=(0.0, 0.01, 0.02, 0.04, 0.05))
    assert not small.moves
    assert not unsure.moves
    assert lever("threat", frozen=(0.0, 0.0, 0.0, 0.0, 0.011)).moves
    lines = answer([small, unsure], "Armenia", "2030-12")
    assert "not by a point: pressure, restraint" not in lines[0]
    assert lines[0] == (
        "Armenia frozen in 2030-12: no lever moves it by a point from one end to the other."
    )


def test_a_lever_without_effect_is_named_with_the_rule_that_says_why() -> None:
    (line,) = answer([lever("dependence")], "Armenia", "2030-12")[len(MEASURES) :]
    assert line.startswith("Dependence from 0 to 1 moves none of these by a point: it is no part")


def test_a_lever_without_a_known_reason_is_told_by_its_meaning(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from foedus.outcomes import sweeps

    monkeypatch.setattr(sweeps, "CHANNELS", {})
    (line,) = answer([lever("dependence")], "Armenia", "2030-12")[len(MEASURES) :]
    assert "the member's trade path" in line


def test_a_lever_that_is_idle_over_half_of_its_way_is_told_so() -> None:
    late = lever("enforcement", gone=(0.0, 0.0, 0.0, 0.3, 0.5))
    early = lever("pressure", gone=(0.0, 0.0, 0.2, 0.3, 0.5))
    assert (late.flat, early.flat) == (2, 1)
    lines = answer([late, early], "Armenia", "2030-12")[len(MEASURES) :]
    assert len(lines) == 1
    assert lines[0].startswith("Enforcement from 0 to 0.5 moves none of these by a point: up to")


def test_ends_that_are_alike_do_not_hide_what_differs_between_them() -> None:
    bent = lever("threat", takes_part=(0.0, 0.1, 0.2, 0.1, 0.0))
    assert not bent.moves
    (line,) = answer([bent], "Armenia", "2030-12")[len(MEASURES) :]
    assert "(though takes part differ between)" in line


def test_a_difference_that_rounds_to_nothing_has_no_minus() -> None:
    assert points(Estimate(-0.0001, -0.002, 0.0004, "95 %")) == "+0.0 [-0.2, +0.0]"
