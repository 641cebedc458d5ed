"""What a scenario imposes, and how a new driver leaves the fingerprints of old scenarios alone."""

from __future__ import annotations

import json
from collections import namedtuple
from typing import TYPE_CHECKING, Any

import pytest

from foedus.cases.scenario_reader import load_scenario
from foedus.cases.schedule import IDLE, imposed
from foedus.model.records import Drivers

if TYPE_CHECKING:
    from collections.abc import Sequence

QUIET = 0.25  # of the novel driver, where it does nothing
KNOWN = {**IDLE, "novel": QUIET}
LAST = len(Drivers._fields)
PLACES = (0, 7, LAST)
RECORD: Any = namedtuple  # noqa: PYI024 (with fields that no type checker knows)


@pytest.fixture(scope="module")
def scripted() -> Sequence[Sequence[Drivers]]:
    return load_scenario("accounting", horizon=14).schedule.scripted


def with_novel(
    scripted: Sequence[Sequence[Drivers]], used: dict[tuple[int, int], float], place: int = LAST
) -> list[list[Any]]:
    """Return the drivers with one more, which stands somewhere and is used by some."""
    fields = (*Drivers._fields[:place], "novel", *Drivers._fields[place:])
    record = RECORD("record", fields)
    return [
        [
            record(**drivers._asdict(), novel=used.get((member, month), QUIET))
            for month, drivers in enumerate(months)
        ]
        for member, months in enumerate(scripted)
    ]


def as_written(content: dict[str, Any]) -> str:
    """Return what goes into a fingerprint."""
    return json.dumps(content, sort_keys=True)


def test_every_driver_has_a_value_at_which_it_is_idle() -> None:
    assert set(IDLE) == set(Drivers._fields)


@pytest.mark.parametrize("place", PLACES)
def test_a_novel_driver_that_is_idle_for_everybody_changes_nothing(
    place: int, scripted: Sequence[Sequence[Drivers]]
) -> None:
    novel = imposed(with_novel(scripted, {}, place), KNOWN)
    assert as_written(novel) == as_written(imposed(scripted))


@pytest.mark.parametrize("place", PLACES)
def test_a_novel_driver_that_is_used_once_is_told_wherever_it_stands(
    place: int, scripted: Sequence[Sequence[Drivers]]
) -> None:
    used = {(2, 5): 0.75}
    found = imposed(with_novel(scripted, used, place), KNOWN)
    assert found["drivers"] == imposed(scripted)["drivers"]
    more = found["more drivers"]["novel"]
    assert [*found["more drivers"]] == ["novel"]
    assert more[2][5] == 0.75
    assert sum(value != QUIET for months in more for value in months) == 1
    assert as_written(found) == as_written(imposed(with_novel(scripted, used), KNOWN))


def test_who_uses_a_novel_driver_when_and_how_much_is_told_apart(
    scripted: Sequence[Sequence[Drivers]],
) -> None:
    uses: list[dict[tuple[int, int], float]] = [
        {},
        {(2, 5): 0.75},
        {(2, 5): 0.5},
        {(2, 6): 0.75},
        {(3, 5): 0.75},
        {(2, 5): 0.75, (3, 5): 0.75},
        {(0, 0): 0.0},
    ]
    found = {as_written(imposed(with_novel(scripted, used), KNOWN)) for used in uses}
    assert len(found) == len(uses)


def test_the_order_in_which_drivers_stand_changes_nothing(
    scripted: Sequence[Sequence[Drivers]],
) -> None:
    record = RECORD("record", Drivers._fields[::-1])
    turned = [[record(**drivers._asdict()) for drivers in months] for months in scripted]
    assert as_written(imposed(turned)) == as_written(imposed(scripted))
