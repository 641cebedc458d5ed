"""What a scenario imposes, and how a new driver leaves the fingerprints of old scenarios alone."""

from __future__ import annotations

import json
from collections import namedtuple
from typing import TYPE_CHECKING, Any

import pytest

from foedus.cases.scenario_reader import load_scenario
from foedus.cases.schedule import IDLE, imposed
from foedus.model.draws import pair_address
from foedus.model.records import FREE, Drivers

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
    told = imposed(scripted)["more drivers"]
    assert {**found["more drivers"], "novel": None} == {**told, "novel": None}
    more = found["more drivers"]["novel"]
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


# Disputes between two members, and their calendars


MEMBERS = ("ARM", "BLR", "KAZ", "KGZ", "TJK")


def openness(*settings: str) -> dict[str, set[float]]:
    """How open the dispute of each member is in the months of the baseline."""
    scenario = load_scenario("baseline", settings=settings)
    rows = zip(MEMBERS, scenario.schedule.scripted, strict=True)
    return {code: {month.dispute for month in months} for code, months in rows}


def test_both_sides_of_a_dispute_have_its_number_and_the_same_path_and_others_none() -> None:
    scripted = load_scenario("history").schedule.scripted
    kyrgyzstan, tajikistan = (scripted[MEMBERS.index(code)] for code in ("KGZ", "TJK"))
    assert [m.dispute for m in kyrgyzstan] == [m.dispute for m in tajikistan]
    assert {m.pair for m in (*kyrgyzstan, *tajikistan)} == {float(pair_address("KGZ", "TJK"))}
    for months in scripted[:3]:
        assert {(m.dispute, m.pair) for m in months} == {(0.0, 0.0)}


def test_a_border_treaty_ends_most_of_the_dispute_in_the_history() -> None:
    history = load_scenario("history", settings=["threat.all=1"])  # which it sets to 0
    months = history.schedule.scripted[MEMBERS.index("KGZ")]
    treaty = 2025 * 12 + 4 - (2018 * 12 + 2)  # April 2025, from February 2018
    assert months[treaty - 1].dispute > 0.0
    assert months[treaty].dispute == pytest.approx(0.25 * months[treaty - 1].dispute)


def test_normalisation_by_either_side_closes_a_dispute_for_both() -> None:
    declared = load_scenario("baseline").alliance.value("KGZ.dispute.TJK")
    assert openness()["KGZ"] == openness()["TJK"] == {declared}
    one, other, both, whole = (
        openness(*settings)
        for settings in (
            ("normalisation.TJK.KGZ=0.6",),
            ("normalisation.KGZ.TJK=0.6",),
            ("normalisation.TJK.KGZ=0.6", "normalisation.KGZ.TJK=0.5"),
            ("normalisation.TJK.all=1",),
        )
    )
    assert one == other
    for found, left in ((one, 0.4), (both, 0.2), (whole, 0.0)):
        (value,) = found["KGZ"] | found["TJK"]
        assert value == pytest.approx(left * declared)


def test_threat_opens_a_dispute_further_only_if_it_is_multiplied_for_both() -> None:
    declared = load_scenario("baseline").alliance.value("KGZ.dispute.TJK")
    assert openness("threat.KGZ=3")["KGZ"] == {declared}
    for setting, factor in (("threat.all=2", 2.0), ("threat.all=0", 0.0)):
        (value,) = openness(setting)["TJK"]
        assert value == pytest.approx(factor * declared)
    assert openness("threat.all=10")["KGZ"] == {1.0}, "a share"


def test_an_election_is_due_in_its_month_with_its_chance_and_successor() -> None:
    scenario = load_scenario("baseline")
    due = [(i, m.election, m.successor) for i, m in enumerate(scenario.schedule.scripted[0])]
    alliance = scenario.alliance
    assert [entry for entry in due if entry[1:] != (0.0, FREE)] == [
        (5, alliance.value("ARM.election.2026-06"), alliance.value("ARM.successor.2026-06"))
    ]
    belarus = [m.successor for m in scenario.schedule.scripted[1]]
    assert set(belarus) == {FREE}, "nobody is foreseen"
    assert scenario.schedule.scripted[1][48].election == alliance.value("BLR.election.2030-01")


def test_the_calendar_of_elections_is_that_of_the_months_whatever_the_start() -> None:
    late = load_scenario("baseline", settings=["ARM.election.2026-06=0.5"])
    assert late.schedule.scripted[0][5].election == 0.5
    history = load_scenario("history").schedule.scripted
    assert not any(month.election for months in history for month in months)
