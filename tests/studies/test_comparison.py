"""Comparing: what is reused, what is refused, what is resolved, and what is written."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import foedus
from foedus.cases.scenario import Scenario
from foedus.cases.scenario_reader import load_scenario
from foedus.ensembles import workers
from foedus.ensembles.on_disk import COMPARISON
from foedus.errors import ResultError
from foedus.outcomes.attribution import levers_apart
from foedus.outcomes.story import Pair, Trace
from foedus.studies import comparison
from foedus.studies.comparison import compare
from foedus.studies.items import load_item
from foedus.studies.results import Result
from foedus.studies.tracing import trace
from foedus.worlds import engines

if TYPE_CHECKING:
    from pathlib import Path

    from foedus.studies.comparison import Comparison

HORIZON, RUNS = 24, 80


def scenario(name: str, **options: Any) -> Scenario:
    return load_scenario(name, horizon=HORIZON, **options)


@pytest.fixture(scope="module")
def found() -> Comparison:
    return compare("baseline", "pressure", "restraint", runs=RUNS, horizon=HORIZON)


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("stored") / "pressure"
    foedus.run("pressure", runs=RUNS, horizon=HORIZON, out=out, figures=False)
    return out


@pytest.fixture
def simulated(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int, int]]:
    """Record which worlds are simulated."""
    tasks: list[tuple[str, int, int]] = []
    before = engines.simulate

    def watched(task: Any, *rest: Any) -> Any:
        if rest:  # a single world is simulated beforehand to compile the kernel
            tasks.append((task.scenario.name, task.first, task.runs))
        return before(task, *rest)

    monkeypatch.setattr(workers, "simulate", watched)
    return tasks


def digests(result: Result) -> dict[str, Any]:
    return {
        part.scenario.name: part.table["fingerprint"].tolist() for part in result.ensemble.parts
    }


def test_run_and_compare_of_one_scenario_agree_to_the_digit(found: Comparison) -> None:
    for name in ("baseline", "pressure", "restraint"):
        alone = foedus.run(name, runs=RUNS, horizon=HORIZON)
        assert json.dumps(alone.summary[name]) == json.dumps(found.result.summary[name])


def test_a_comparison_of_one_scenario_is_that_scenario(found: Comparison) -> None:
    alone = compare("pressure", runs=RUNS, horizon=HORIZON)
    assert alone.others == ()
    assert alone.differences == {}
    assert alone.result.summary["pressure"] == found.result.summary["pressure"]


def test_only_what_is_missing_is_simulated(
    stored: Path, found: Comparison, simulated: list[tuple[str, int, int]]
) -> None:
    mixed = compare(scenario("baseline"), stored, scenario("restraint"))
    assert {name for name, _, _ in simulated} == {"baseline", "restraint"}
    assert mixed.result.digest == found.result.digest
    assert [s.name for s in mixed.result.scenarios] == ["baseline", "pressure", "restraint"]
    simulated.clear()
    more = compare(stored, scenario("baseline"), runs=RUNS + 30)
    new = sum(count for name, _, count in simulated if name == "pressure")
    assert new == 30
    assert digests(more.result)["pressure"][:RUNS] == digests(found.result)["pressure"]


def test_worlds_of_another_seed_are_not_taken() -> None:
    other = foedus.run(scenario("baseline"), runs=8, seed=7)
    mixed = foedus.run(scenario("baseline"), runs=8, reuse=[other])
    assert mixed.digest == foedus.run(scenario("baseline"), runs=8).digest


def test_a_stored_scenario_named_again_is_taken_once(stored: Path) -> None:
    again = compare(stored, scenario("pressure"), scenario("baseline"), baseline="baseline")
    assert [s.name for s in again.result.scenarios] == ["baseline", "pressure"]


def test_results_in_memory_can_be_compared(found: Comparison) -> None:
    again = compare(found.result, baseline="restraint")
    assert again.baseline.name == "restraint"
    assert set(again.differences) == {"baseline", "pressure"}
    one = found.difference("restraint", "ARM", "trust").difference.value
    assert again.difference("baseline", "ARM", "trust").difference.value == pytest.approx(-one)


def test_what_cannot_be_compared_is_refused(stored: Path, tmp_path: Path) -> None:
    other = tmp_path / "seed"
    foedus.run("baseline", runs=8, horizon=HORIZON, seed=7, out=other, figures=False)
    with pytest.raises(ResultError, match=r"seeds differ \(1992 and 7\)"):
        compare(stored, other)
    prior = tmp_path / "prior"
    foedus.run("baseline", runs=8, horizon=HORIZON, parameters="prior", out=prior, figures=False)
    with pytest.raises(ResultError, match=r"parameters differ \(posterior .* and prior"):
        compare(stored, prior)
    with pytest.raises(ResultError, match="horizons differ"):
        compare(stored, "baseline")
    with pytest.raises(ResultError, match="leave --seed out"):
        compare(stored, seed=7)
    with pytest.raises(ResultError, match="leave --parameters out"):
        compare(stored, parameters="prior")
    namesake = replace(scenario("pressure", settings=["trust_loss=0.7"]), name="pressure")
    with pytest.raises(ResultError, match="named 'pressure', but they differ in trust_loss"):
        compare(stored, namesake)
    with pytest.raises(ResultError, match="baseline 'nobody' is not among"):
        compare(stored, scenario("baseline"), baseline="nobody")
    with pytest.raises(ResultError, match="at least one"):
        compare()


def test_another_alliance_is_refused(tmp_path: Path) -> None:
    text = foedus.load_alliance("csto").text.replace("name: csto", "name: other", 1)
    (tmp_path / "other.yaml").write_text(text, encoding="utf-8")
    mine = tmp_path / "mine.yaml"
    mine.write_text(
        "foedus: 1\nname: mine\ntitle: T\nalliance: ./other.yaml\nstart: 2026-01\nhorizon: 24\n",
        encoding="utf-8",
    )
    with pytest.raises(ResultError, match=r"alliances differ \(csto and other\)"):
        compare(scenario("baseline"), mine, runs=4, parameters="prior")


def test_an_unfinished_result_is_refused_with_what_to_do(stored: Path, tmp_path: Path) -> None:
    marker = json.loads((stored / "foedus.json").read_text())
    cut = tmp_path / "cut"
    cut.mkdir()
    for item in ("scenarios", "chunks"):
        (cut / item).symlink_to(stored / item)
    (cut / "manifest.jsonl").write_text("")
    (cut / "foedus.json").write_text(json.dumps({**marker, "digest": None}))
    (cut / "posterior.npz").write_bytes((stored / "posterior.npz").read_bytes())
    with pytest.raises(ResultError, match="foedus run --resume"):
        compare(cut)


def test_a_name_that_ships_is_the_scenario_even_beside_a_directory_of_that_name(
    monkeypatch: pytest.MonkeyPatch, stored: Path
) -> None:
    monkeypatch.chdir(stored.parent)
    assert isinstance(load_item("pressure"), Scenario)
    assert isinstance(load_item("./pressure"), Result)


# ---------------------------------------------------------------------------------------------
# Resolving


def test_resolving_adds_worlds_until_every_headline_difference_is_known() -> None:
    options: dict[str, Any] = {"horizon": 12, "parameters": "prior"}
    found = compare("baseline", "pressure", runs=40, resolve=0.005, **options)
    assert found.resolution is not None
    assert found.resolution.is_met
    assert found.resolution.runs == found.result.runs > 40
    headline = [d for d in found.differences["pressure"] if d.is_headline]
    assert max(d.half_width for d in headline) == found.resolution.reached <= 0.005
    assert str(found.result.runs) in str(found.resolution).replace(",", "")
    plain = compare("baseline", "pressure", runs=found.result.runs, **options)
    assert plain.result.digest == found.result.digest


def test_resolving_does_not_give_up_on_what_few_worlds_tell() -> None:
    found = compare("baseline", "pressure", runs=500, horizon=60, resolve=0.015, parameters="prior")
    assert found.resolution is not None
    assert found.resolution.is_met


def test_resolving_stops_where_more_worlds_would_not_help(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(comparison, "TRUSTED", 600)
    found = compare("baseline", "pressure", runs=600, horizon=60, resolve=1e-4)
    assert found.resolution is not None
    assert not found.resolution.is_met
    assert "More worlds do not help" in str(found.resolution)
    monkeypatch.setattr(comparison, "MOST_RUNS", 200)
    most = compare("baseline", "pressure", runs=60, horizon=12, parameters="prior", resolve=1e-4)
    assert most.result.runs == 200
    with pytest.raises(ResultError, match="above 0"):
        compare("baseline", "pressure", runs=8, resolve=0.0)


# ---------------------------------------------------------------------------------------------
# Writing


def test_everything_is_written_beside_the_worlds(found: Comparison, tmp_path: Path) -> None:
    out = tmp_path / "out"
    made = compare("baseline", "pressure", runs=RUNS, horizon=HORIZON, out=out)
    names = {path.name for path in (out / COMPARISON).iterdir() if path.name[0] != "."}
    figures = {f"{n}.png" for n in ("active", "attribution", "differences", "incidence")}
    assert names == {"comparison.json", "differences.csv", "brief.html", *figures}
    content = json.loads((out / COMPARISON / "comparison.json").read_text())
    assert content["comparison"] == json.loads(json.dumps(made.summary))
    assert content["provenance"]["digest"] == made.result.digest
    rows = (out / COMPARISON / "differences.csv").read_text().splitlines()
    assert len(rows) == 1 + len(made.differences["pressure"])
    assert foedus.verify(out).problems == ()
    again = compare(out)
    assert again.summary == made.summary
    assert again.result.digest == made.result.digest
    assert found.difference("pressure", "ARM", "trust") == made.difference(
        "pressure", "ARM", "trust"
    )


def test_files_of_others_stay_and_edited_ones_are_kept(tmp_path: Path) -> None:
    out = tmp_path / "out"
    pair: tuple[Any, ...] = ("baseline", "pressure")
    options: dict[str, Any] = {"horizon": 12, "out": out, "figures": False}
    compare(*pair, runs=8, **options)
    place = out / COMPARISON
    (place / "notes.txt").write_text("mine")
    (place / "differences.csv").write_text("edited")
    compare(*pair, runs=8, **options)
    assert (place / "differences.csv").read_text() == "edited", "the same again touches nothing"
    (out / "figures").mkdir()
    (out / "figures" / "own.txt").write_text("mine too")
    for runs in (12, 16):
        compare(*pair, runs=runs, **options)
        assert (place / "notes.txt").read_text() == "mine"
        assert (place / "differences.csv~").read_text() == "edited"
        assert (place / "differences.csv").read_text().startswith("scenario,baseline")
        assert (out / "figures" / "own.txt").read_text() == "mine too"
    assert json.loads((place / "comparison.json").read_text())["provenance"]["inputs"]["runs"] == 16


def test_settings_and_another_order_are_refused_beside_results(
    stored: Path, tmp_path: Path
) -> None:
    with pytest.raises(ResultError, match="cannot be changed by --set"):
        trace(stored, settings=["pressure.ARM=0.6"])
    with pytest.raises(ResultError, match="cannot be changed by --set"):
        compare(stored, "baseline", settings=["pressure.ARM=0.6"])
    out = tmp_path / "out"
    compare("baseline", "pressure", runs=8, horizon=12, out=out, figures=False)
    with pytest.raises(ResultError, match=r"another order \(baseline, pressure\)"):
        compare("pressure", "baseline", runs=8, horizon=12, out=out, figures=False)
    with pytest.raises(ResultError, match="did you mean 'pressure'"):
        compare(stored, baseline="Pressure")
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(ResultError, match="holds no"):
        compare(empty, "baseline")


def test_a_stored_scenario_differs_in_no_lever_that_the_shipped_one_does_not(stored: Path) -> None:
    (kept,) = foedus.load_result(stored).scenarios
    shipped, base = scenario("pressure"), scenario("baseline")
    assert levers_apart(kept, shipped) == ()
    assert levers_apart(base, kept) == levers_apart(base, shipped)


def test_a_comparison_that_no_longer_fits_its_worlds_does_not_stay(tmp_path: Path) -> None:
    out = tmp_path / "out"
    compare("baseline", "pressure", runs=8, horizon=12, out=out, figures=False)
    assert (out / COMPARISON).is_dir()
    foedus.run("baseline", "pressure", runs=12, horizon=12, out=out, figures=False)
    assert not (out / COMPARISON).exists()


def test_the_summary_is_plain_data_without_nan(found: Comparison) -> None:
    text = json.dumps(found.summary, allow_nan=False)
    assert json.loads(text) == json.loads(text)
    frame = found.to_frame()
    assert set(frame["scenario"]) == {"pressure", "restraint"}
    assert "Differences from baseline" in found._repr_html_()
    with pytest.raises(ResultError, match="No difference of 'ARM'"):
        found.difference("pressure", "ARM", "happiness")
    with pytest.raises(ResultError, match="no figure"):
        found.plot("pie")


def test_the_spread_is_split_for_worlds_with_numbers_of_their_own() -> None:
    drawn = compare("baseline", runs=40, horizon=12, parameters="prior")
    share = drawn.splits["baseline"]["alliance"]["cohesion"].from_numbers.value
    assert 0.0 < share < 1.0


# ---------------------------------------------------------------------------------------------
# One world


def test_a_trace_is_the_world_of_the_result(found: Comparison, stored: Path) -> None:
    told = trace(stored, run=3)
    assert isinstance(told, Trace)
    trust = found.result.ensemble.parts[1].of("trust", "ARM")[3]
    assert np.float32(told.history.trust[-1, 0]) == trust
    pair = trace(scenario("baseline"), stored, run=3, members=["ARM"])
    assert isinstance(pair, Pair)
    assert str(trace(stored, run=3, members=["armenia"])) == str(
        trace(stored, run=3, members=["ARM"])
    )
    assert {entry.member for entry in pair.one.entries} <= {"ARM", None}
    assert "here the worlds part" in str(pair)
    assert pair.as_dict()["parted"] == "2026-01"


def test_more_than_two_worlds_side_by_side_are_refused() -> None:
    with pytest.raises(ResultError, match="name one or two"):
        trace("baseline", "pressure", "restraint")
    with pytest.raises(ResultError, match="no member"):
        trace(scenario("baseline"), members=["XXX"])
