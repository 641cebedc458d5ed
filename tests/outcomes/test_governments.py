"""What elections decide: luck against the model, worlds apart against worlds with a condition."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from foedus.cases.scenario_reader import load_scenario
from foedus.ensembles import ensemble
from foedus.model.draws import address, draw, seed_words
from foedus.model.elementary import normal_quantile
from foedus.model.rules import government_chance
from foedus.model.specifications import default_parameters
from foedus.outcomes.governments import changes, elections, luck
from foedus.outcomes.summary import rows, summarise
from foedus.outcomes.telling import tell
from foedus.views.governments import government_lines
from foedus.worlds.engines import kernel_for

if TYPE_CHECKING:
    from foedus.ensembles.ensemble import Ensemble
    from foedus.ensembles.gathered import Worlds
    from foedus.outcomes.governments import Election

RUNS, MONTH = 1200, 5
CHANGES, STAYS = "ARM government changes 2026-06", "ARM government stays 2026-06"


@pytest.fixture(scope="module")
def made() -> Ensemble:
    scenarios = [load_scenario("baseline", given=given) for given in ([], [CHANGES], [STAYS])]
    return ensemble.run(scenarios, "prior", RUNS)


@pytest.fixture(scope="module")
def found(made: Ensemble) -> Election:
    return elections(made, made.parts[0], "ARM")["2026-06"]


def _new(made: Ensemble, worlds: Worlds) -> np.ndarray:
    change, _ = luck(made.seed, worlds.runs, MONTH, "ARM")
    design, runs = made.design, np.arange(worlds.runs)
    loops = kernel_for(worlds.runs)
    rate = design.parameter(worlds.scenario, made.seed, runs, "government_rate", loops)
    return changes(change, 0.25, np.asarray(rate))


def test_the_luck_of_many_worlds_is_that_of_the_model() -> None:
    seed = 2**40 + 7
    change, successor = luck(seed, 50, 11, "KAZ")
    for run in range(50):
        one = draw(*seed_words(seed), run, 12, address("KAZ"), 0)
        assert change[run] == one.government
        assert normal_quantile(float(successor[run])) == one.successor


def test_changes_are_decided_as_the_rule_decides() -> None:
    generator = np.random.default_rng(1)
    rate = generator.uniform(0.0, 12.0, 3000)
    change = generator.uniform(0.0, 1.0, 3000)
    wanted = [
        u < government_chance(default_parameters({"government_rate": r}), 0.3)
        for u, r in zip(change, rate, strict=True)
    ]
    assert changes(change, 0.3, rate).tolist() == wanted
    assert 0.3 < np.mean(wanted) < 0.9


def test_each_world_with_a_change_is_to_the_bit_that_in_which_the_change_is_given(
    made: Ensemble,
) -> None:
    free, changed, stayed = made.parts
    new = _new(made, free)
    assert 0 < new.sum() < RUNS
    marks = [part.table["fingerprint"] for part in (free, changed, stayed)]
    assert (marks[0] == np.where(new, marks[1], marks[2])).all()
    assert (marks[1] != marks[2]).mean() > 0.99


def test_worlds_told_apart_agree_with_those_on_condition(made: Ensemble, found: Election) -> None:
    for branch, part in zip((found.changed, found.stayed), made.parts[1:], strict=True):
        conditional = part.of("takes_part", "ARM").mean()
        error = 3.0 * np.sqrt(conditional * (1.0 - conditional) / branch.worlds)
        assert abs(branch.takes_part.value - conditional) < error
    assert found.difference.low > 0.0


def test_branches_add_up_to_all_worlds(found: Election) -> None:
    assert found.changed.worlds + found.stayed.worlds == found.overall.worlds == RUNS
    share = found.changed.worlds / RUNS
    assert found.comes.value == share
    mixed = share * found.changed.takes_part.value + (1 - share) * found.stayed.takes_part.value
    assert found.overall.takes_part.value == pytest.approx(mixed)
    gap = found.changed.takes_part.value - found.stayed.takes_part.value
    assert found.difference.value == pytest.approx(gap)
    assert found.close is not None
    assert found.distant is not None
    assert found.close.worlds + found.distant.worlds == found.changed.worlds


def test_close_governments_are_those_whose_closeness_exceeds_one_half() -> None:
    scenario = load_scenario("baseline", horizon=6, given=[CHANGES])
    free = load_scenario("baseline", horizon=6)
    made = ensemble.run([free], "prior", 60)
    stories = [tell(scenario, run, made.seed, "prior") for run in range(60)]
    affinity = np.array([story.history.of("affinity")[MONTH, 0] for story in stories])
    found = elections(made, made.parts[0], "ARM")["2026-06"]
    assert found.close is not None
    assert found.close.worlds == (affinity[_new(made, made.parts[0])] > 0.5).sum()


@pytest.mark.parametrize("chance", [0.0, 1.0])
def test_an_election_without_doubt_has_one_branch(chance: float) -> None:
    settings = [f"ARM.election.2026-06={chance}", "government_rate=0"]
    made = ensemble.run([load_scenario("baseline", settings=settings)], "prior", 40)
    found = elections(made, made.parts[0], "ARM")["2026-06"]
    assert found.comes.value == chance
    assert {found.changed.worlds, found.stayed.worlds} == {0, 40}
    assert np.isnan(found.difference.value)
    lines = list(
        government_lines(next(iter(summarise(made).values())), {"ARM": "Armenia"} | _names(made))
    )
    assert f"Armenia 2026-06 ({100 * chance:g} %)" in lines[-1]


def test_a_chance_that_is_set_is_the_chance_and_is_cited() -> None:
    scenario = load_scenario("baseline", settings=["ARM.election.2026-06=0.5"])
    made = ensemble.run([scenario], "prior", 400)
    found = elections(made, made.parts[0], "ARM")["2026-06"]
    assert found.chance == 0.5
    assert 0.4 < found.comes.value < 0.6
    assert (found.evidence, found.source) == ("set by hand", "--set ARM.election.2026-06=0.5")


def test_an_election_that_is_given_decides_nothing_any_more(made: Ensemble) -> None:
    assert elections(made, made.parts[1], "ARM") == {}
    assert [*elections(made, made.parts[1], "KAZ")] == ["2029-11"]


def test_elections_outside_the_months_of_the_scenario_are_left_out() -> None:
    made = ensemble.run([load_scenario("baseline", horizon=5)], "prior", 10)
    assert all(not elections(made, made.parts[0], code) for code in ("ARM", "BLR", "KAZ"))


def test_summary_and_lines_hold_what_was_found(made: Ensemble, found: Election) -> None:
    summary = summarise(made)
    held = summary["baseline"]["members"]["ARM"]["governments"]["2026-06"]
    assert held["changed"]["worlds"] == found.changed.worlds
    outcomes = {row["outcome"]: row["value"] for row in rows({"baseline": summary["baseline"]})}
    assert outcomes["governments.2026-06.stayed.takes_part"] == found.stayed.takes_part.value
    first, *_, last = government_lines(summary["baseline"], _names(made))
    assert first.startswith("Armenia has an election or succession in 2026-06; a new government is")
    assert "25 % (assumed: " in first
    assert "Kazakhstan 2029-11 (80 %)" in f"{first} {last}"


def test_few_worlds_are_said_to_be_few(made: Ensemble) -> None:
    summary = summarise(made)["baseline"]
    summary["members"]["ARM"]["governments"]["2026-06"]["changed"]["worlds"] = 37
    assert "(only 37 worlds)" in next(iter(government_lines(summary, _names(made))))


def test_a_story_tells_in_words_whether_a_government_changes() -> None:
    settings = ["government_rate=0"]
    given = load_scenario("baseline", horizon=8, settings=settings, given=[CHANGES])
    told = [one for one in tell(given, 3, design="prior").of("ARM") if one.kind == "new_government"]
    assert [one.month for one in told] == ["2026-06"]
    assert told[0].text.startswith("Armenia gets a new government, closeness to Russia")
    for chance, kind in ((0.999999, "new_government"), (0.000001, "same_government")):
        scenario = load_scenario(
            "baseline", horizon=8, settings=[f"ARM.election.2026-06={chance}", *settings]
        )
        story = tell(scenario, 3, design="prior")
        (entry,) = (one for one in story.of("ARM") if one.kind.endswith("_government"))
        assert (entry.month, entry.kind) == ("2026-06", kind)
        assert "in the election or succession due" in entry.text


def _names(made: Ensemble) -> dict[str, str]:
    return dict(made.scenarios[0].alliance.names)
