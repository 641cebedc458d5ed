"""The alliance at rest: what is counted month by month, and what it is held against."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from foedus.cases.months import parse_month
from foedus.cases.record import load_record
from foedus.cases.scenario_reader import load_scenario
from foedus.defaults import SEED
from foedus.inference.rest import (
    AGES,
    Counts,
    Finding,
    counted,
    lived,
    loyal,
    reopened,
    rest,
    simulated,
)
from foedus.model.cohesion import DISSOLVED, END_STATES
from foedus.model.records import EXPELLED, IN, NOTICE, WITHDRAWN, State
from foedus.views import evidence_tables
from foedus.worlds.openings import PRIOR, opening_world

if TYPE_CHECKING:
    from foedus.cases.record import Record
    from foedus.cases.scenario import Scenario

WORLDS, HORIZON = 300, 60


@pytest.fixture(scope="module")
def record() -> Record:
    return load_record()


@pytest.fixture(scope="module")
def null() -> Scenario:
    return load_scenario("null", horizon=HORIZON)


@pytest.fixture(scope="module")
def counts(null: Scenario) -> Counts:
    return simulated(null, PRIOR, WORLDS, workers=2)


def states(scenario: Scenario, **fields: Any) -> State:
    """A state of all members in one world, with some fields by member."""
    _, opened = opening_world(scenario, 0, 0, "default")
    columns: Any = [np.array(column)[:, None] for column in zip(*opened, strict=True)]
    wanted: Any = {name: np.array(values, float)[:, None] for name, values in fields.items()}
    return State(*columns)._replace(**wanted)


def test_every_month_of_a_member_is_either_active_or_frozen_at_some_age(
    null: Scenario, counts: Counts
) -> None:
    frozen = counts.frozen_months.sum(axis=0)
    months = counts.active_months + frozen
    stays = (counts.exits == 0) & (months > 0)
    assert (months <= HORIZON).all()
    assert (months[stays] == HORIZON).all()
    assert (counts.thaws <= counts.frozen_months).all()
    assert len(null.alliance.members) == len(months)


def test_as_many_freezes_are_open_at_the_end_as_began_and_did_not_end(
    null: Scenario, counts: Counts
) -> None:
    starts = list(lived(null, PRIOR, np.arange(WORLDS)[:200], SEED))
    few = counted(null, starts)
    open_at = [np.asarray(one.frozen) for one in (starts[0], starts[-1])]
    assert (open_at[1] - open_at[0] == few.freezes - few.thaws.sum(axis=0)).all()
    assert (few.freezes == counts.freezes[:, :200]).all()


def test_joint_decisions_are_decisions_and_come_in_months_of_two_or_more(counts: Counts) -> None:
    assert (counts.joint <= counts.decisions).all()
    assert (counts.months_with_more <= counts.months_with_one).all()
    assert (counts.joint >= 2 * counts.months_with_more).all()
    assert (
        counts.decisions - counts.joint == counts.months_with_one - counts.months_with_more
    ).all()
    assert set(np.unique(counts.end_state)) <= set(range(len(END_STATES)))


def test_a_month_is_counted_by_hand(null: Scenario) -> None:
    november = null.schedule.scripted[0].index(
        next(month for month in null.schedule.scripted[0] if month.summit)
    )
    scenario = replace(null, start=null.start + november, horizon=1)
    active = [0, 0, 0, 0, 0]
    before = states(
        scenario,
        frozen=[1, 0, 1, 0, 0],
        frozen_months=[30, 0, 80, 0, 0],
        membership=[IN, IN, IN, IN, WITHDRAWN],
    )
    after = states(
        scenario,
        frozen=[0, 1, 1, 0, 0],
        membership=[IN, NOTICE, WITHDRAWN, EXPELLED, WITHDRAWN],
        attended=[1, 0, 0, 0, 0],
        consented=[0, 1, 0, 0, 0],
    )
    found = counted(scenario, [before, after])
    assert found.freezes[:, 0].tolist() == [0, 1, 0, 0, 0]
    assert found.missed[:, 0].tolist() == [0, 1, 0, 0, 0]
    assert found.refused[:, 0].tolist() == [1, 0, 0, 0, 0]
    assert found.exits[:, 0].tolist() == [0, 1, 1, 1, 0]
    assert found.active_months[:, 0].tolist() == [0, 1, 0, 1, 0]
    assert found.frozen_months[..., 0].tolist() == [active, [1, 0, 0, 0, 0], [0, 0, 1, 0, 0]]
    assert found.thaws[..., 0].tolist() == [active, [1, 0, 0, 0, 0], active]
    assert (found.decisions[0], found.joint[0]) == (2, 2)
    assert (found.months_with_one[0], found.months_with_more[0]) == (1, 1)
    assert found.end_state[0] == DISSOLVED


def test_worlds_do_not_depend_on_how_they_are_shared_out(null: Scenario, counts: Counts) -> None:
    again = simulated(null, PRIOR, WORLDS, workers=1)
    for one, other in zip(counts, again, strict=True):
        assert (one == other).all()


def test_the_loyal_opening_is_that_of_the_record_with_nothing_that_came_after(
    record: Record,
) -> None:
    scenario = loyal(record, years=2)
    assert scenario.start == parse_month("2018-02")
    assert (scenario.horizon, scenario.events) == (24, ())
    assert [key[0] for key in scenario.levers] == ["bandwidth"]
    assert {month.bandwidth for month in scenario.schedule.scripted[0]} == {0.8}


def test_worlds_begin_anew_with_the_posteriors_own_opening(record: Record) -> None:
    from foedus.worlds.posterior import shipped_posterior

    posterior = shipped_posterior()
    assert posterior is not None
    runs = np.arange(5)
    design = reopened(posterior)
    trust = design.given(record.history, 0, runs, "ARM", "trust", None)
    assert np.asarray(trust).tolist() == posterior.values["ARM.trust"][:5].tolist()
    assert not design.carried(record.history, runs, "ARM")


def test_every_finding_has_worlds_an_error_and_what_it_is_held_against(record: Record) -> None:
    from foedus.worlds.posterior import shipped_posterior

    posterior = shipped_posterior()
    assert posterior is not None
    done: list[tuple[int, int]] = []
    found = rest(record, posterior, worlds=36, progress=lambda *how: done.append(how))
    assert done[-1][0] == done[-1][1] == len(done)
    for one in found:
        assert one.worlds == 36
        assert np.isnan(one.value) or one.value >= 0.0
        assert bool(one.against) is ((one.least, one.most) != (None, None))
        if "share" in one.what or "dissolved" in one.what:
            assert np.isnan(one.value) or 0.0 <= one.value <= 1.0
    rows = list(evidence_tables.rest_rows([one.as_dict() for one in found]))
    assert {len(row) for row in rows} == {len(evidence_tables.REST_HEADER)}
    assert sum("frozen year," in one.what for one in found) == len(AGES)


def test_a_finding_holds_within_its_bounds_and_without_any_says_nothing() -> None:
    def finding(value: float, least: float | None, most: float | None) -> Finding:
        return Finding("g", "w", value, value, value, 0.0, 1, least, most, "")

    assert finding(0.1, None, 0.1).holds is True
    assert finding(0.2, None, 0.1).holds is False
    assert finding(0.2, 0.3, None).holds is False
    assert finding(0.2, None, None).holds is None
    assert finding(float("nan"), None, 1.0).as_dict()["value"] is None
