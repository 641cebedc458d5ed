"""What carries an outcome: the numbers whose value decides it, and the range that they open."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from foedus.cases.scenario_reader import load_scenario
from foedus.ensembles import ensemble
from foedus.errors import ResultError
from foedus.model.specifications import specifications
from foedus.outcomes import carriers as carriers_module
from foedus.outcomes.carriers import Carrying
from foedus.outcomes.catalogue import ALLIANCE, MEMBER_OUTCOMES, find_outcome
from foedus.outcomes.estimates import Estimate
from foedus.outcomes.evidence import evidence_kinds
from foedus.studies.carrying import carriers
from foedus.studies.running import run
from foedus.worlds import kernel
from foedus.worlds.openings import PRIOR
from foedus.worlds.populations import INDEPENDENT, balanced

if TYPE_CHECKING:
    from foedus.ensembles.ensemble import Ensemble

RUNS = 400


@pytest.fixture(scope="module")
def made() -> Ensemble:
    return ensemble.run([load_scenario("pressure", horizon=6)], "prior", RUNS)


@pytest.fixture(scope="module")
def carrying(made: Ensemble) -> Carrying:
    worlds = made.parts[0]
    return Carrying(made, worlds, evidence_kinds(worlds.scenario, made.design))


@pytest.fixture(scope="module")
def trust_loss(made: Ensemble) -> np.ndarray:
    scenario, runs = made.scenarios[0], np.arange(RUNS)
    drawn = PRIOR.parameter(scenario, made.seed, runs, "trust_loss", kernel)
    return np.asarray(drawn, dtype=float)


def test_the_number_that_decides_is_found_and_no_other(
    carrying: Carrying, trust_loss: np.ndarray
) -> None:
    first, *others = carrying.of(trust_loss * 2.0)
    assert first.name == "trust_loss"
    assert first.kind == specifications()["trust_loss"].evidence.kind
    assert first.low < first.high
    assert first.lower < first.upper
    assert first.difference.value == pytest.approx(first.high - first.low)
    assert others == []


def test_what_does_not_vary_or_hangs_on_luck_alone_has_no_carrier(carrying: Carrying) -> None:
    assert carrying.of(np.full(RUNS, 0.5)) == []
    assert carrying.of(np.random.default_rng(5).random(RUNS)) == []
    assert carrying.of(np.full(RUNS, np.nan)) == []


def test_the_range_of_an_outcome_reaches_to_the_thirds_of_the_number_that_carries_it(
    carrying: Carrying, trust_loss: np.ndarray
) -> None:
    hit = (trust_loss > np.quantile(trust_loss, 0.6)).astype(float)
    estimate = Estimate(float(hit.mean()), 0.35, 0.45, "95 %")
    (opened,) = carrying.ranges_of([estimate], [hit])
    assert opened.least == 0.0
    assert opened.most == pytest.approx(1.0)
    assert opened.numbers == ("trust_loss",)


def test_the_range_is_never_narrower_than_that_over_models_or_the_interval(
    carrying: Carrying,
) -> None:
    values = np.random.default_rng(6).random(RUNS)
    estimates = [
        Estimate(0.5, 0.4, 0.6, "95 %"),
        Estimate(0.5, 0.4, 0.6, "95 %", least=0.2, most=0.7, models=6),
    ]
    narrow = Estimate(0.5, 0.4, 0.6, "95 %", least=0.49, most=0.51, models=6)
    (held,) = carrying.ranges_of([narrow], [values])
    assert (held.least, held.most) == (0.4, 0.6)
    interval, models = carrying.ranges_of(estimates, [values, values])
    assert (interval.least, interval.most, interval.models) == (0.4, 0.6, 0)
    assert (models.least, models.most, models.models) == (0.2, 0.7, 6), "over the models"


def test_the_error_of_a_carrier_holds_how_far_populations_lie_apart() -> None:
    rng = np.random.default_rng(2)
    runs = np.arange(1_200)
    drawn = rng.random(1_200) + 0.5 * rng.normal(size=12)[runs % 12]
    values = 0.3 * rng.normal(size=12)[runs % 12] + rng.normal(size=1_200) * 0.1
    low, high = carriers_module.thirds(drawn)
    alone, together = (
        carriers_module.contrast(low, high, values, populations, runs)
        for populations in (INDEPENDENT, balanced(3, 4))
    )
    assert alone is not None
    assert together is not None
    assert alone[:2] == together[:2]
    assert together[2].high - together[2].low > 2 * (alone[2].high - alone[2].low)


# Asking in words


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("cohesion", (ALLIANCE, "cohesion")),
        ("dissolved", (ALLIANCE, "end_states.dissolved")),
        ("everybody takes part", (ALLIANCE, "end_states.restored")),
        ("ARM out", ("ARM", "out")),
        ("armenia TAKES_PART", ("ARM", "takes_part")),
        ("Belarus vote suspended", ("BLR", "suspended")),
        ("KAZ missed summit", ("KAZ", "missed_summit")),
    ],
)
def test_an_outcome_is_found_by_code_or_name_and_key_or_words(
    text: str, found: tuple[str, str]
) -> None:
    assert find_outcome(text, load_scenario("baseline").alliance) == found


def test_every_outcome_of_a_member_can_be_asked_for() -> None:
    alliance = load_scenario("baseline").alliance
    for key, outcome in MEMBER_OUTCOMES.items():
        assert find_outcome(f"ARM {key}", alliance) == ("ARM", key)
        assert find_outcome(f"Armenia {outcome.words}", alliance) == ("ARM", key)


@pytest.mark.parametrize("text", ["ARM happy", "happy", "XYZ out"])
def test_an_unknown_outcome_is_refused_with_what_there_is(text: str) -> None:
    with pytest.raises(ResultError, match=f"no outcome '{text}'.*ARM active"):
        find_outcome(text, load_scenario("baseline").alliance)


def test_a_ratio_without_a_value_in_a_single_world_is_refused() -> None:
    with pytest.raises(ResultError, match="no value in a single one"):
        find_outcome("second leaves", load_scenario("baseline").alliance)


def test_what_carries_an_outcome_is_told_with_models_and_luck() -> None:
    result = run("baseline", runs=4_000, horizon=24)
    found = carriers(result, "ARM takes part")
    assert found.estimate.value == pytest.approx(
        result.summary["baseline"]["members"]["ARM"]["takes_part"]["value"]
    )
    names = [model["name"] for model in result.summary["baseline"]["models"]]
    assert list(found.models) == [name for name in names if name in found.models]
    assert min(found.models.values()) == pytest.approx(found.estimate.least)
    text = str(found)
    assert text.startswith("Armenia takes part in ")
    assert "Model by model: " in text
    assert found.numbers
    assert all(one.name in text for one in found.numbers)
