"""Colours: one for each scenario, told apart in grey and by the colour-blind."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations, pairwise
from typing import TYPE_CHECKING

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.colors import to_rgb

from foedus.cases.scenario_reader import load_scenario
from foedus.cases.shipped import shipped_scenarios
from foedus.views.colours import (
    END_STATE_COLOURS,
    OTHERS,
    SHIPPED,
    STANDING_COLOURS,
    readable,
    scenario_colours,
    scenario_looks,
)

if TYPE_CHECKING:
    from foedus.cases.scenario import Scenario

# Machado, Oliveira and Fernandes 2009: deuteranopia, on linear RGB
DEUTERANOPIA = np.array(
    [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ]
)
TO_XYZ = np.array(
    [
        [0.4124564, 0.3575761, 0.1804375],
        [0.2126729, 0.7151522, 0.0721750],
        [0.0193339, 0.1191920, 0.9503041],
    ]
)


BASELINE = load_scenario("baseline")


def named(*names: str) -> list[Scenario]:
    return [replace(BASELINE, name=name) for name in names]


def linear(colour: str) -> np.ndarray:
    parts = np.array(to_rgb(colour))
    return np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)


def lab(light: np.ndarray) -> np.ndarray:
    x, y, z = TO_XYZ @ np.clip(light, 0.0, 1.0) / (0.95047, 1.0, 1.08883)
    f = [t ** (1 / 3) if t > 0.008856 else 7.787 * t + 16 / 116 for t in (x, y, z)]
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def lightness(colour: str) -> float:
    return float(lab(linear(colour))[0])


def apart(one: str, other: str, *, blind: bool = False) -> float:
    seen = DEUTERANOPIA if blind else np.eye(3)
    return float(np.linalg.norm(lab(seen @ linear(one)) - lab(seen @ linear(other))))


def test_every_shipped_scenario_has_a_colour_of_its_own() -> None:
    assert set(SHIPPED) == set(shipped_scenarios())
    every = [*SHIPPED.values(), *OTHERS]
    assert len(set(every)) == len(every)
    assert lightness(SHIPPED["baseline"]) < 15


@given(st.lists(st.sampled_from(sorted(SHIPPED)), unique=True, min_size=1))
def test_a_shipped_scenario_has_the_same_colour_whatever_else_is_shown(names: list[str]) -> None:
    colours = scenario_colours(named(*names))
    assert colours == {name: SHIPPED[name] for name in names}


@given(st.lists(st.text("abc_", min_size=1, max_size=6), unique=True, min_size=1, max_size=8))
def test_other_scenarios_differ_from_each_other_and_from_the_shipped_ones(names: list[str]) -> None:
    looks = scenario_looks(named(*names))
    assert len({look.colour for look in looks.values()}) == len(names)
    assert not {look.colour for look in looks.values()} & set(SHIPPED.values())
    first = scenario_colours(named(names[0]))
    assert first[names[0]] == looks[names[0]].colour, "the same alone as in company"


def test_the_most_used_scenarios_are_told_apart_by_the_colour_blind_and_without_colour() -> None:
    names = ("baseline", "pressure", "restraint", "western_outreach")
    looks = scenario_looks(named(*names))
    for one, other in combinations(looks.values(), 2):
        assert apart(one.colour, other.colour) > 25
        assert apart(one.colour, other.colour, blind=True) > 20
        assert one.dashes != other.dashes
        assert one.marker != other.marker


def test_neighbouring_standings_and_end_states_differ_in_lightness() -> None:
    for colours in (STANDING_COLOURS, END_STATE_COLOURS):
        for one, other in pairwise(colours.values()):
            assert abs(lightness(one) - lightness(other)) > 8
            assert apart(one, other, blind=True) > 8


def test_letters_are_dark_enough_to_be_read_on_white() -> None:
    for colour in (*SHIPPED.values(), *OTHERS):
        assert lightness(readable(colour)) < 65
