from __future__ import annotations

import csv
import json
import os
import shutil
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import xarray as xr

import foedus
from foedus.cases.scenario_reader import load_scenario
from foedus.ensembles import on_disk
from foedus.errors import ResultError, UnfinishedError
from foedus.model.specifications import default_parameters
from foedus.studies import running
from foedus.studies.results import Result, load_result
from foedus.views import plots
from foedus.worlds.openings import Sampled
from foedus.worlds.sources import source_hash

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def result() -> Result:
    return running.run("pressure", "restraint", runs=12, horizon=24)


@pytest.fixture
def saved(result: Result, tmp_path: Path) -> Path:
    return result.save(tmp_path / "out", figures=False)


def test_a_result_is_saved_with_everything_and_loads_again(result: Result, saved: Path) -> None:
    names = {path.name for path in saved.iterdir()}
    assert {name for name in names if not name.startswith(".")} == {
        "chunks", "foedus.json", "manifest.jsonl", "posterior.npz", "scenarios", "summary.csv",
        "summary.json",
    }  # fmt: skip
    again = load_result(saved)
    xr.testing.assert_identical(again.data, result.data)
    assert again.digest == result.digest
    assert again.summary == result.summary
    assert json.loads((saved / "summary.json").read_text()) == result.summary


def test_provenance_holds_inputs_versions_sources_and_the_command(saved: Path) -> None:
    provenance = json.loads((saved / "foedus.json").read_text())
    assert set(provenance["inputs"]) == {
        "scenarios", "horizon", "runs", "seed", "parameters", "design", "keep", "source",
    }  # fmt: skip
    assert provenance["inputs"]["source"] == source_hash()
    assert {"python", "foedus", "mesa", "numba", "numpy"} <= set(provenance["versions"])
    assert provenance["digest"] == load_result(saved).digest
    assert "--seed 1992" in provenance["reproduce"]


def test_the_written_scenarios_reproduce_the_result_far_from_the_original(
    result: Result, saved: Path, tmp_path: Path
) -> None:
    moved = tmp_path / "elsewhere"
    shutil.move(saved, moved)
    files = [moved / "scenarios" / f"{name}.yaml" for name in ("pressure", "restraint")]
    again = running.run(*files, runs=12, allow_inert=True)
    assert again.digest == result.digest


def test_the_table_has_a_row_for_every_estimate(result: Result, saved: Path) -> None:
    frame = result.to_frame()
    with (saved / "summary.csv").open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert len(frame) == len(rows) > 100
    picked = frame.query("scenario == 'pressure' and subject == 'ARM' and outcome == 'out'")
    assert picked["value"].item() == result.summary["pressure"]["members"]["ARM"]["out"]["value"]


def test_other_results_are_never_overwritten_silently(result: Result, saved: Path) -> None:
    before = (saved / "foedus.json").read_text()
    other = running.run("pressure", runs=3, horizon=24)
    with pytest.raises(ResultError, match="holds other results"):
        other.save(saved, figures=False)
    assert (saved / "foedus.json").read_text() == before
    other.save(saved, figures=False, overwrite=True)
    assert load_result(saved).digest == other.digest
    assert [p.name for p in saved.parent.iterdir()] == ["out"], "nothing is left beside it"


def test_a_directory_with_anything_else_is_refused_even_with_overwrite(
    result: Result, tmp_path: Path
) -> None:
    (tmp_path / "thesis.txt").write_text("precious")
    for overwrite in (False, True):
        with pytest.raises(ResultError, match="not empty and holds no foedus result"):
            result.save(tmp_path, figures=False, overwrite=overwrite)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]
    file = tmp_path / "thesis.txt"
    with pytest.raises(ResultError, match="is a file"):
        result.save(file, figures=False)


def test_an_empty_directory_is_used(result: Result, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    assert load_result(result.save(tmp_path / "out", figures=False)).digest == result.digest


def test_a_failure_while_replacing_leaves_what_was_there(
    result: Result, saved: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = sorted(path.name for path in saved.parent.iterdir())

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(on_disk, "write_json", full)
    with pytest.raises(UnfinishedError, match="No space left on device"):
        result.save(saved.parent / "new", figures=False)
    with pytest.raises(UnfinishedError, match="No space left on device"):
        result.save(saved, figures=False, overwrite=True)
    assert sorted(path.name for path in saved.parent.iterdir()) == before
    assert load_result(saved).digest == result.digest


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_place_that_cannot_be_written_is_refused(result: Result, tmp_path: Path) -> None:
    (tmp_path / "locked").mkdir(mode=0o500)
    with pytest.raises(ResultError, match="cannot be written"):
        result.save(tmp_path / "locked" / "out", figures=False)


def test_a_damaged_marker_is_noticed(saved: Path) -> None:
    (saved / "foedus.json").write_text("{")
    with pytest.raises(ResultError, match="is damaged"):
        load_result(saved)
    (saved / "foedus.json").write_text('{"format": 99}')
    with pytest.raises(ResultError, match="has result format 99"):
        load_result(saved)
    (saved / "foedus.json").unlink()
    with pytest.raises(ResultError, match="holds no foedus result"):
        load_result(saved)


def test_an_altered_scenario_is_noticed(saved: Path) -> None:
    path = saved / "scenarios" / "pressure.yaml"
    path.write_text(path.read_text().replace("horizon: 24", "horizon: 23"))
    with pytest.raises(ResultError, match="was altered, or this version"):
        load_result(saved)


@pytest.mark.parametrize("parameters", ["prior", "default", "given", "sampled"])
def test_every_design_is_stored_with_the_result(parameters: str, tmp_path: Path) -> None:
    rows = np.tile(np.array(default_parameters()), (40, 1))
    rows[:, 0] = np.linspace(0.1, 0.2, 40)
    given: dict[str, Any] = {
        "given": default_parameters({"contagion": 0.1}),
        "sampled": Sampled(rows),
    }
    design = given.get(parameters, parameters)
    result = running.run("pressure", runs=40, horizon=12, parameters=design)
    again = load_result(result.save(tmp_path / "out", figures=False))
    assert again.digest == result.digest
    assert again.summary == result.summary
    if (tmp_path / "out" / "design.npy").exists():
        for damage in (b"", None):
            path = tmp_path / "out" / "design.npy"
            path.unlink() if damage is None else path.write_bytes(damage)
            with pytest.raises(ResultError, match=r"design\.npy is missing or was altered"):
                load_result(tmp_path / "out")


def test_a_result_shows_itself_in_a_notebook(result: Result) -> None:
    html = result._repr_html_()
    assert "Back to hard pressure" in html
    assert "Armenia" in html
    assert "repair constant" in html
    assert result.digest[:12] in html
    assert "pressure, restraint" in repr(result)
    assert "levers.pressure" not in html


def test_the_public_door_opens_everything_it_names() -> None:
    assert set(foedus.__all__) <= set(dir(foedus))
    for name in foedus.__all__:
        assert getattr(foedus, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'runn'"):
        _ = foedus.runn


def test_loaded_scenarios_are_run_as_they_are(result: Result) -> None:
    scenario = load_scenario("pressure")
    again = foedus.run(scenario, "restraint", runs=12, horizon=24)
    assert again.digest == result.digest
    with pytest.raises(ResultError, match="Settings and conditions apply to scenarios given"):
        foedus.run(scenario, runs=1, settings=["policy=adaptive"])


def test_figures_carry_fingerprint_and_seed(result: Result, tmp_path: Path) -> None:
    result.write_figures(tmp_path, svg=True)
    names = {path.name for path in tmp_path.iterdir()}
    kinds = tuple(plots.FIGURES)
    assert names == {f"{kind}.{form}" for kind in kinds for form in ("png", "svg")}
    svg = (tmp_path / "cohesion.svg").read_text()
    png = (tmp_path / "cohesion.png").read_bytes()
    for scenario in result.scenarios:
        assert scenario.fingerprint in svg
        assert scenario.fingerprint.encode() in png
    assert "seed 1992" in svg
    again = tmp_path / "again"
    result.write_figures(again, svg=True)
    assert (again / "trust.svg").read_text() == (tmp_path / "trust.svg").read_text()


def test_an_alliance_without_members_does_not_break_the_figures() -> None:
    settings = ["exit_base=3", "exit_dependence=0", "rules.notice_months=0"]
    gone = running.run("baseline", runs=6, horizon=30, settings=settings)
    assert np.isnan(gone.data["cohesion_among_those_who_stay"]).any()
    for kind in plots.FIGURES:
        assert gone.plot(kind)._repr_png_().startswith(b"\x89PNG")


def test_an_unknown_figure_is_refused(result: Result) -> None:
    with pytest.raises(ResultError, match="did you mean 'cohesion'"):
        result.plot("cohesoin")
