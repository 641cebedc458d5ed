"""Several models: their weights, their shares of the draws, and the range over them."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from foedus.cases.months import format_month, parse_month
from foedus.cases.record import load_record
from foedus.cases.scenario_reader import load_scenario
from foedus.errors import ParameterError, ResultError
from foedus.inference import structures
from foedus.inference.calibration import calibrate, fixing
from foedus.inference.likelihood import STRUCTURAL, Likelihood, placed, target
from foedus.inference.structures import STRUCTURES, Structure, mixed, quotas, weights
from foedus.model.specifications import default_parameters, specifications
from foedus.outcomes import estimates, evidence, summary, worth
from foedus.outcomes.differences import differences
from foedus.studies import comparison, running
from foedus.views import brief, brief_files, explain, tables
from foedus.worlds import kernel
from foedus.worlds.openings import PRIOR, Declared, drawn_numbers, opening
from foedus.worlds.populations import balanced, populations_in
from foedus.worlds.posterior import Posterior, load_posterior, opening_numbers

if TYPE_CHECKING:
    from pathlib import Path

    from foedus.studies.results import Result

ISLANDS = 4
CONSTANTS = (0.0, 0.5, 1.0)
MODELS = (
    Structure("one", "The first."),
    Structure("other", "The second, with a number fixed.", fixed={"trust_recovery": 0.1}),
    Structure("alone", "As the first, without the panel.", panel=False),
    Structure("coded", "As the first, in the other coding.", coding="other"),
)
#: Models of which none draws what the others fix.
FIXING = tuple(
    Structure(name, f"{name}.", fixed={"trust_recovery": value})
    for name, value in (("a", 0.1), ("b", 0.2), ("c", 0.3))
)


def by_hand(seed: int, logs: Any, fixed: dict[str, float], coding: str = "main") -> Posterior:
    """Make a posterior of a single model from draws of the prior, with log evidences as given."""
    scenario, runs = load_scenario("baseline"), np.arange(120)
    anchors = np.array(CONSTANTS)[runs % 3]
    values = {name: drawn for name, _, drawn in drawn_numbers(PRIOR, scenario, seed, runs)}
    values |= {STRUCTURAL: anchors} | {name: np.full(120, value) for name, value in fixed.items()}
    settled = replace(scenario, parameters={**scenario.parameters, **fixed})
    members = scenario.alliance.members
    about = {
        "alliance": scenario.alliance.name,
        "members": list(members),
        "date": format_month(scenario.alliance.date),
        "record": f"record {coding}",
        "coding": coding,
        "earlier": [],
        "draws": 1_000,
        "particles": 480,
        "pooled": 960,
        "populations": [3, ISLANDS],
        "rounds": 400,
        "seed": 1,
        "prior": {},
        "prior_spread": {name: 0.3 for name in values if name not in fixed},
        "effective": dict.fromkeys(values, 50.0),
        "accepted": 0.2,
        "rounds_to_posterior": 10,
        "log_evidence": {f"{c:g}": list(np.broadcast_to(logs, ISLANDS)) for c in CONSTANTS},
        "opening": opening_numbers(scenario.alliance),
    }
    states = opening(PRIOR, settled, seed, runs, kernel).states
    luck = np.zeros((len(members), 120), dtype=np.int64)
    return Posterior(values, states, luck, about)


@pytest.fixture(scope="module")
def several() -> Posterior:
    logs = (-10.0, -10.0 - np.log(3.0), -40.0, -55.0)
    found = [
        by_hand(seed, log, dict(one.fixed), one.coding)
        for seed, (one, log) in enumerate(zip(MODELS, logs, strict=True))
    ]
    return mixed(MODELS, found, size=120)


@pytest.fixture(autouse=True)
def _it_comes_with_foedus(several: Posterior, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (worth, explain):
        monkeypatch.setattr(module, "shipped_posterior", lambda *_: several)


@pytest.fixture(scope="module")
def result(several: Posterior) -> Result:
    scenarios = [load_scenario(name, horizon=24) for name in ("baseline", "pressure")]
    return running.run(*scenarios, runs=720, parameters=several)


# Weights


def test_a_model_with_half_the_evidence_has_half_the_weight() -> None:
    found = weights(MODELS[:2], [-3.0, -3.0 - np.log(2.0)])
    assert found.tolist() == pytest.approx([2 / 3, 1 / 3])


def test_codings_have_equal_parts_whatever_their_evidence() -> None:
    found = weights((MODELS[0], MODELS[1], MODELS[3]), [-500.0, -500.0, 0.0])
    assert found.tolist() == pytest.approx([0.25, 0.25, 0.5])


def test_a_model_without_the_panel_shares_its_siblings_part() -> None:
    for own in (-900.0, 900.0):
        found = weights(MODELS[:3], [0.0, 0.0, own])
        assert found.tolist() == pytest.approx([0.25, 0.5, 0.25])


def test_models_without_the_panel_compare_where_none_has_it() -> None:
    bare = [replace(one, panel=False) for one in MODELS[:2]]
    assert weights(bare, [0.0, np.log(3.0)]).tolist() == pytest.approx([0.25, 0.75])


def test_a_model_without_a_sibling_is_refused() -> None:
    with pytest.raises(
        ResultError, match="'alone' is without the panel, and none with it is alike"
    ):
        weights(MODELS[1:3], [0.0, 0.0])


def test_weights_of_the_models_that_come_with_foedus_sum_to_one() -> None:
    found = weights(STRUCTURES, np.random.default_rng(1).normal(-50.0, 2.0, len(STRUCTURES)))
    assert found.sum() == pytest.approx(1.0)
    assert (found > 0.0).all()


def test_the_models_that_come_with_foedus_are_apart_and_fix_parameters_there_are() -> None:
    told = {(one.coding, one.panel, tuple(one.fixed.items())) for one in STRUCTURES}
    assert len(told) == len(STRUCTURES) == len({one.name for one in STRUCTURES})
    assert all(name in specifications() for one in STRUCTURES for name in one.fixed)


def test_evidence_is_the_mean_of_evidences_and_not_of_their_logarithms() -> None:
    one = by_hand(0, np.log([1.0, 2.0, 3.0, 6.0]), {})
    assert structures.evidence(one) == pytest.approx(np.log(3.0))
    assert structures.evidence(one, without=3) == pytest.approx(np.log(2.0))


def test_the_error_of_weights_is_that_of_the_populations_evidences() -> None:
    """Two models with evidences 1 + x: to first order the weights' error is a quarter of theirs."""
    spread = 1e-3 * np.array([-1.0, 1.0, 0.5, -0.5])
    found = [by_hand(0, np.log(1.0 + spread), {}), by_hand(1, 0.0, {})]
    (error, _) = structures.weight_errors(FIXING[:2], found)
    assert error == pytest.approx(0.25 * spread.std(ddof=1) / 2.0, rel=1e-3)
    alike = structures.weight_errors(FIXING[:2], [found[1], found[1]])
    assert alike.tolist() == pytest.approx([0.0, 0.0])


def test_a_nested_model_has_the_density_of_its_value_among_the_free_ones_draws() -> None:
    """Draws of the prior tell nothing; draws crowded about a value tell for the model with it."""
    free = by_hand(0, 0.0, {})
    assert structures.nested_log_evidence(free, {"trust_recovery": 0.25}) == pytest.approx(
        0.0, abs=0.6
    )
    crowded = replace(free, values=free.values | {"trust_recovery": np.full(120, 0.1)})
    assert structures.nested_log_evidence(crowded, {"trust_recovery": 0.1}) == pytest.approx(
        np.log(10.0)
    )
    assert structures.nested_log_evidence(crowded, {"trust_recovery": 0.4}) < -2.0
    assert weights(MODELS[:2], structures.evidences(MODELS[:2], [crowded, free])).tolist() == (
        pytest.approx([1 / 11, 10 / 11])
    )


# Draws


def test_quotas_are_within_one_draw_of_the_shares_and_sum_to_all() -> None:
    rng = np.random.default_rng(2)
    for _ in range(50):
        shares = rng.dirichlet(np.ones(6))
        found = quotas(shares, 1_801)
        assert found.sum() == 1_801
        assert (np.abs(found - 1_801 * shares) < 1.0).all()
    assert quotas([0.5, 0.3, 0.2], 10).tolist() == [5, 3, 2]


def test_models_have_draws_by_weight_and_one_of_next_to_none_is_left_out() -> None:
    found = [by_hand(k, log, {}) for k, log in enumerate((0.0, 0.0, -6.0))]
    mix = mixed(FIXING, found, size=100)
    assert [one["draws"] for one in mix.models] == [50, 50, 0]
    assert [one["left_out"] for one in mix.models] == [False, False, True]
    assert mix.models[2]["weight"] == pytest.approx(np.exp(-6.0) / (2.0 + np.exp(-6.0)))
    assert mix.populations.names == ("a", "b")


def test_any_leading_part_of_the_draws_has_about_the_shares_of_all(several: Posterior) -> None:
    shares = np.bincount(several.populations.models) / several.size
    for first in (20, 50, 90):
        part = np.bincount(several.populations.models[:first], minlength=4)
        assert (np.abs(part - first * shares) <= 1.5).all()


def test_draws_keep_their_model_constant_and_population(several: Posterior) -> None:
    known = several.populations
    assert [one["draws"] for one in several.models] == np.bincount(known.models).tolist()
    constants = np.array(CONSTANTS)[known.strata % 3]
    assert np.array_equal(several.values[STRUCTURAL], constants)
    assert np.array_equal(known.strata // 3, known.models)
    fixed = several.values["trust_recovery"][known.models == 1]
    assert (fixed == 0.1).all()
    assert several.only("other").size == fixed.size
    with pytest.raises(ResultError, match="no draws of the models none; it has those of one,"):
        several.only("none")


def test_a_number_is_informed_by_the_draws_of_models_that_do_not_fix_it(
    several: Posterior,
) -> None:
    free = several.values["trust_recovery"][several.populations.models != 1]
    assert several.spread_ratio["trust_recovery"] == pytest.approx(free.std() / 0.3)


def test_a_file_holds_the_models_and_an_older_one_still_loads(
    several: Posterior, tmp_path: Path
) -> None:
    several.save(tmp_path / "p.npz")
    again = load_posterior(tmp_path / "p.npz")
    assert again.models == several.models
    assert np.array_equal(again.populations.groups, several.populations.groups)
    single = by_hand(0, 0.0, {})
    single.save(tmp_path / "q.npz")
    known = load_posterior(tmp_path / "q.npz").populations
    assert (known.size, known.have_range) == (12, False)


# Range


def test_the_estimate_is_the_mean_of_the_models_by_their_worlds(several: Posterior) -> None:
    known, runs = several.populations, np.arange(600)
    hits = np.random.default_rng(4).random(600) < 0.2 + 0.1 * known.models[runs % known.size]
    found = estimates.probability(hits, known)
    by_model = [hits[known.models[runs % known.size] == k].mean() for k in range(4)]
    assert (found.least, found.most, found.models) == pytest.approx(
        (min(by_model), max(by_model), 4)
    )
    assert min(by_model) < found.value < max(by_model)
    averaged = estimates.mean(hits.astype(float), known, share=True)
    assert (averaged.least, averaged.most) == pytest.approx((found.least, found.most))


def test_a_single_model_has_the_error_of_equal_parts_and_no_range() -> None:
    one = by_hand(0, 0.0, {})
    mix = mixed(MODELS[:1], [one], size=120)
    hits = np.random.default_rng(5).random(1_200) < np.repeat(np.arange(10) / 10, 120)
    assert estimates.probability(hits, mix.populations) == estimates.probability(
        hits, balanced(3, ISLANDS)
    )
    assert estimates.mean(hits, mix.populations).least is None


def test_a_model_that_says_otherwise_widens_the_range_and_not_the_error(
    several: Posterior,
) -> None:
    known, runs = several.populations, np.arange(6_000)
    of_model = known.models[runs % known.size]
    rng = np.random.default_rng(6)
    apart = (rng.random(6_000) < np.where(of_model == 3, 0.9, 0.1)).astype(float)
    found = estimates.mean(apart, known)
    assert found.least is not None
    assert found.most is not None
    assert found.most - found.least > 0.7
    assert found.high - found.low < 0.05


def test_datasets_tell_the_populations_and_older_ones_do_too(several: Posterior) -> None:
    again = populations_in(several.populations.attributes())
    assert again.names == several.populations.names
    assert np.array_equal(again.groups, several.populations.groups)
    older = populations_in({"populations": [3, 4]})
    assert np.array_equal(older.groups, balanced(3, 4).groups)


# Results


def test_headlines_are_printed_with_their_range_over_the_models(result: Result) -> None:
    content = result.summary["baseline"]
    ends = content["alliance"]["end_states"]
    assert all(one["least"] <= one["value"] <= one["most"] for one in ends.values())
    assert all(one["low"] <= one["value"] <= one["high"] for one in ends.values()), "kept as data"
    for member in content["members"].values():
        for key in ("active", "frozen", "out", "takes_part"):
            assert member[key]["models"] == 4
    active = content["members"]["ARM"]["active"]
    assert tables.percent(active).endswith("over 4 models]")
    assert f"{100 * active['least']:.0f}" in tables.percent(active)
    assert "models" not in content["alliance"]["crises_answered"], "no world has it by itself"
    assert sum(one["weight"] for one in content["models"]) == pytest.approx(1.0)
    first = content["models"][0]
    assert f"one {100 * first['weight']:.0f} %" in tables.models_line(content)
    errors = list(tables.precision_rows(content, result.names))
    assert ("alliance", "end state hollow") in {row[:2] for row in errors}
    assert not any("models" in text for row in errors for text in row)
    json.dumps(result.summary, allow_nan=False)
    keys = {tuple(row) for row in summary.rows(result.summary)}
    assert len(keys) == 1, "all rows of the CSV have the same columns"


def test_differences_have_a_range_over_the_models(result: Result) -> None:
    first, second = result.ensemble.parts
    found = {(one.subject, one.outcome): one for one in differences(first, second)}
    one = found["ARM", "active"].difference
    assert one.models == 4
    assert one.least is not None
    assert one.most is not None
    assert one.least <= one.value <= one.most


def test_the_brief_shows_ranges_first_and_monte_carlo_errors_last(result: Result) -> None:
    made = brief.brief(comparison.Comparison(result), annex=True)
    text = brief_files.markdown(made, "figures")
    assert "each of the 4 models" in text.split("## What was assumed")[0]
    assert "over 4 models]" in text.split("## Figures")[0]
    before, after = text.split("## Inputs, versions and precision")
    assert "How well the estimates are known" in after
    assert "How well the estimates are known" not in before


def test_worlds_of_the_prior_have_no_models() -> None:
    plain = running.run(load_scenario("baseline", horizon=12), runs=40, parameters="prior")
    content = plain.summary["baseline"]
    assert "models" not in content
    assert set(content["members"]["ARM"]["active"]) == {"value", "low", "high", "interval"}
    assert tables.models_line(content) == ""
    assert "record" not in content["evidence"]
    assert {"least", "most", "models"}.isdisjoint(next(summary.rows(plain.summary)))


def test_numbers_that_worlds_take_from_the_record_are_counted_as_such(several: Posterior) -> None:
    scenario = load_scenario("baseline")
    kinds = evidence.evidence_kinds(scenario, several)
    assert kinds["ARM.affinity"] == kinds["KAZ.trust"] == evidence.RECORD
    counts = evidence.evidence_count(scenario, several)
    assert sum(counts.values()) == len(specifications()) + len(scenario.alliance.numbers)
    assert "KAZ.trust" not in evidence.assumed_numbers(scenario, several)


@pytest.mark.parametrize(
    "name", ["trust_loss", "exit_dependence", "ARM.affinity", "EU.credibility"]
)
def test_a_number_set_by_hand_is_neither_informed_nor_assumed(
    several: Posterior, name: str
) -> None:
    scenario = load_scenario("baseline", settings=[f"{name}=0.41"])
    for design in (several, Declared()):
        assert evidence.evidence_kinds(scenario, design)[name] == evidence.BY_HAND
        assert evidence.evidence_count(scenario, design)[evidence.BY_HAND] == 1
        assert name not in evidence.assumed_numbers(scenario, design)
    found = running.run(scenario, runs=40, horizon=12, parameters=several)
    (content,) = found.summary.values()
    assert content["evidence"][evidence.BY_HAND] == 1
    assert f"Set by hand, the same in every world: {name} 0.41" in tables.assumed_line(content)
    assert "1 set by hand" in tables.evidence_line(content)
    assert f"{name} 0.41" in found.provenance_line
    assert found.provenance["inputs"]["set"] == {scenario.name: [f"{name}=0.41"]}
    before, _, after = content["informed"].partition(")")
    assert name not in before.partition("(")[2].split(", ")
    assert (f"{name} is set by hand" in after) == (name in specifications())


def test_parameters_given_in_python_are_set_by_hand_where_they_differ() -> None:
    given = Declared(default_parameters({"contagion": 0.1}))
    assert evidence.set_by_hand(load_scenario("baseline"), given) == {"contagion": 0.1}


def test_why_tells_what_worlds_start_from_and_what_is_declared(several: Posterior) -> None:
    rows = dict(explain.why("ARM.affinity").rows)
    low, middle, high = (several.quantile("ARM.affinity", q, end=True) for q in (0.05, 0.5, 0.95))
    assert rows["value"].startswith(f"{middle:.2f} [{low:.2f}, {high:.2f}] (posterior at the end")
    assert rows["declared"].startswith("0.3 (csto, 2025-12)")
    rows = dict(explain.why("trust_recovery").rows)
    assert rows["value"].endswith("models that fix it: 0.1 in 'other'")
    fixed = load_scenario("baseline", settings=["ARM.affinity=0.5"])
    rows = dict(explain.why("ARM.affinity", scenario=fixed).rows)
    assert "posterior" not in rows["value"]
    assert "fixes it at 0.5" in rows["scenario"]


# Calibrating


def test_a_fixed_number_is_not_drawn_and_stands_in_every_history() -> None:
    record = fixing(load_record(), {"trust_recovery": 0.1})
    assert "trust_recovery" not in target(record.history).names
    histories = [record.history, *(one.history for one in record.earlier)]
    kept = float(np.float32(0.1))  # as a file keeps it
    assert all(one.parameters["trust_recovery"] == kept for one in histories)
    with pytest.raises(ParameterError, match="A model fixes trust_recovery: "):
        fixing(load_record(), {"trust_recovery": 7.0})


def test_evidence_beside_the_record_is_added_with_the_fixed_numbers_known() -> None:
    record = fixing(load_record().until(parse_month("2018-12")), {"trust_recovery": 0.1})
    record = replace(record, earlier=())
    without = Likelihood(record, 1, 1)
    given = Likelihood(record, 1, 1, lambda v: v["trust_loss"] + v["trust_recovery"])
    numbers = np.random.default_rng(1).random((len(given.wanted.names), 5))
    values = placed(given.wanted, numbers, np.zeros(5))
    luck = np.zeros((given.blocks, 5), dtype=np.int64)
    gain = given.score(values, luck) - without.score(values, luck)
    without.close()
    given.close()
    assert gain.tolist() == pytest.approx((values["trust_loss"] + 0.1).tolist())


def test_models_are_calibrated_in_turn_and_go_on_where_they_were_interrupted(
    tmp_path: Path,
) -> None:
    record = replace(load_record().until(parse_month("2018-12")), earlier=())
    models = MODELS[:2]
    told: list[tuple[int, int]] = []

    class StoppedError(Exception):
        pass

    def stop(done: int, total: int) -> None:
        told.append((done, total))
        if done > 0.6 * total:
            raise StoppedError

    options: dict[str, Any] = {"draws": 48_000, "seed": 3, "islands": 1, "size": 60, "workers": 2}
    several = partial(structures.calibrate_models, {"main": record}, models, panel=None)
    kept = tmp_path / "p.npz.part"
    with pytest.raises(StoppedError):
        several(checkpoint=kept, progress=stop, **options)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "p.npz.part.one",
        "p.npz.part.other",
    ]
    found = several(checkpoint=kept, **options)
    assert not list(tmp_path.iterdir())
    assert told == sorted(told)
    assert found.fingerprint == several(**options).fingerprint
    single = calibrate(record, model="one", **options)
    draws = found.only("one").values["trust_loss"]
    assert np.array_equal(draws, single.values["trust_loss"][: draws.size])
    assert (found.only("other").values["trust_recovery"] == np.float32(0.1)).all(), "as in a file"


def test_a_model_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ResultError, match="There is no model 'fre'; did you mean 'free'"):
        structures.structures_named(["fre"])
    assert structures.structures_named() == STRUCTURES
