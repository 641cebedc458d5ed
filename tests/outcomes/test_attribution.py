"""Attribution: parts that sum to the whole, and the two definitions written a second time."""

from __future__ import annotations

from itertools import combinations, permutations
from typing import TYPE_CHECKING

import numpy as np
import pytest

from foedus.cases.scenario_reader import load_scenario
from foedus.ensembles import ensemble
from foedus.errors import ResultError
from foedus.outcomes import attribution
from foedus.outcomes.attribution import attribute, levers_apart, mixed
from foedus.outcomes.catalogue import ALLIANCE, value_of
from foedus.worlds.openings import PRIOR

if TYPE_CHECKING:
    from foedus.cases.scenario import Scenario
    from foedus.outcomes.attribution import Attribution

HORIZON, RUNS, SEED = 24, 300, 7


def scenario(name: str, *settings: str) -> Scenario:
    return load_scenario(name, horizon=HORIZON, settings=list(settings))


@pytest.fixture(scope="module")
def found() -> list[Attribution]:
    pair = scenario("baseline"), scenario("pressure")
    return attribute(*pair, design=PRIOR, seed=SEED, runs=RUNS)


def test_the_parts_sum_to_the_difference(found: list[Attribution]) -> None:
    assert {a.subject for a in found} >= {ALLIANCE, "ARM"}
    for a in found:
        shapley = sum(share.shapley.value for share in a.shares)
        dividends = sum(share.alone.value for share in a.shares)
        dividends += sum(one.dividend.value for one in a.interactions)
        assert shapley == pytest.approx(a.total.value, abs=1e-9)
        assert dividends == pytest.approx(a.total.value, abs=1e-9)
        assert len(a.interactions) == 2 ** len(a.shares) - len(a.shares) - 1


def test_a_shapley_value_is_the_effect_averaged_over_all_orders(found: list[Attribution]) -> None:
    base, other = scenario("baseline"), scenario("pressure")
    levers = levers_apart(base, other)
    assert levers == ("pressure", "restraint", "enforcement")
    worth = {}
    for size in range(len(levers) + 1):
        for some in combinations(levers, size):
            worlds = ensemble.run([mixed(base, other, some)], PRIOR, RUNS, seed=SEED).parts[0]
            worth[frozenset(some)] = float(np.mean(value_of(worlds, "ARM", "active")))
    (wanted,) = [a for a in found if (a.subject, a.outcome) == ("ARM", "active")]
    for share in wanted.shares:
        gains = []
        for order in permutations(levers):
            before = frozenset(order[: order.index(share.lever)])
            gains.append(worth[before | {share.lever}] - worth[before])
        assert share.shapley.value == pytest.approx(np.mean(gains), abs=1e-9)
        alone = worth[frozenset([share.lever])] - worth[frozenset()]
        assert share.alone.value == pytest.approx(alone, abs=1e-9)


def test_all_levers_mixed_in_give_the_other_scenario_and_none_the_baseline() -> None:
    for name in ("pressure", "western_outreach", "renewed_war", "accounting", "carrot_and_stick"):
        base, other = scenario("baseline"), scenario(name, "trust_loss=0.6", "ARM.trust=0.5")
        levers = levers_apart(base, other)
        assert "numbers" in levers
        assert mixed(base, other, levers).fingerprint == other.fingerprint
        assert mixed(base, other, ()).fingerprint == base.fingerprint


def test_events_policy_and_numbers_are_told_apart_from_levers() -> None:
    base = scenario("baseline")
    assert "events" in levers_apart(base, scenario("renewed_war"))
    assert "policy" in levers_apart(base, scenario("accounting"))
    assert levers_apart(base, scenario("baseline", "trust_loss=0.6")) == ("numbers",)


def test_a_lever_without_effect_gets_exactly_nothing() -> None:
    closed = ("contagion=0", "participation_peers=0", "exit_contagion=0")
    pair = scenario("baseline", *closed), scenario("pressure", *closed)
    for a in attribute(*pair, design=PRIOR, seed=SEED, runs=60):
        if a.subject not in (ALLIANCE, "ARM"):
            assert a.total.value == 0.0
            assert all(share.shapley.value == 0.0 for share in a.shares)


def test_nothing_and_too_much_to_attribute_are_sentences(monkeypatch: pytest.MonkeyPatch) -> None:
    base = scenario("baseline")
    with pytest.raises(ResultError, match="differ in nothing"):
        attribute(base, base, design=PRIOR, seed=SEED)
    monkeypatch.setattr(attribution, "MOST", 2)
    with pytest.raises(ResultError, match=r"pressure, restraint, enforcement.*at most 2"):
        attribute(base, scenario("pressure"), design=PRIOR, seed=SEED)
