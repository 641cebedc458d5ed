"""Nothing that was complete is ever lost: sudden ends, full disks, damaged files, other people."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from foedus.ensembles import ensemble, on_disk, workers
from foedus.ensembles.store import Pieces
from foedus.errors import ResultError, UnfinishedError
from foedus.model.specifications import default_parameters
from foedus.studies import running, verification
from foedus.studies.results import Result, load_result
from foedus.studies.running import resume
from foedus.worlds import sources
from foedus.worlds.buffers import LANES
from foedus.worlds.engines import Task, simulate

RUNS = 5 * LANES + 60  # six pieces of each scenario
NAMES = ("pressure", "restraint")
HORIZON = 14
OPTIONS: dict[str, Any] = {"horizon": HORIZON, "figures": False, "keep": "trajectories"}


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ensemble, "PATH_STEPS", 1)  # so pieces of one batch


@pytest.fixture(scope="module")
def unbroken() -> Result:
    return running.run(*NAMES, runs=RUNS, **OPTIONS)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ensemble, "PATH_STEPS", 1)
        directory = tmp_path_factory.mktemp("finished") / "out"
        running.run(*NAMES, runs=RUNS, out=directory, **OPTIONS)
        return directory


@pytest.fixture
def place(finished: Path, tmp_path: Path) -> Path:
    return shutil.copytree(finished, tmp_path / "out")


def in_a_process(directory: Path, before: str) -> subprocess.CompletedProcess[str]:
    """Run the same into a directory, after some lines that arrange for a failure."""
    program = f"""
import os, signal
from foedus.cli import app
from foedus.ensembles import ensemble, on_disk, store
ensemble.PATH_STEPS = 1
{before}
raise SystemExit(app.execute([
    "run", *{NAMES!r}, "--runs", "{RUNS}", "--horizon", "{HORIZON}", "--keep", "trajectories",
    "--no-figures", "--out", {str(directory)!r},
]))
"""
    return subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )


# Sudden ends


@pytest.mark.parametrize(
    ("point", "times"),
    [
        ("before the piece", 1),
        ("before the piece", 4),
        ("piece written", 3),
        ("piece in place", 3),
        ("half a line", 3),
        ("piece listed", 3),
        ("before the marker", 1),
    ],
)
def test_a_run_that_is_killed_anywhere_goes_on_to_the_same_digest(
    point: str, times: int, unbroken: Result, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = in_a_process(
        tmp_path / "out",
        f"""
left = [{times}]
def sudden_end(point):
    if point == {point!r}:
        left[0] -= 1
        if not left[0]:
            os.kill(os.getpid(), signal.SIGKILL)
on_disk.reached = sudden_end
""",
    )
    assert done.returncode == -signal.SIGKILL
    listed = Pieces(tmp_path / "out").entries()
    whole = len(listed)
    assert whole == {"piece listed": 3, "before the marker": 12}.get(point, times - 1)
    assert all(Pieces(tmp_path / "out").damage(entry) is None for entry in listed)
    with pytest.raises(ResultError, match=r"is not finished: .* worlds are whole there"):
        load_result(tmp_path / "out")
    made: list[int] = []

    def watched(task: Task, *rest: Any) -> Any:
        made.append(task.runs)
        return simulate(task, *rest)

    monkeypatch.setattr(workers, "simulate", watched)
    notices: list[str] = []
    result = resume(tmp_path / "out", figures=False, notice=notices.append)
    assert notices == []
    assert result.digest == unbroken.digest
    assert sum(made) - 1 <= 2 * RUNS - LANES * max(0, whole - 2), "what was whole is not made again"
    assert load_result(tmp_path / "out").digest == unbroken.digest
    left = [path.name for path in (tmp_path / "out").rglob("*.tmp")]
    assert left == []


def test_a_plain_rerun_goes_on_and_a_longer_one_computes_the_new_worlds_only(
    unbroken: Result, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    running.run(*NAMES, runs=300, out=tmp_path / "out", **OPTIONS)
    made: list[tuple[int, int]] = []

    def watched(task: Task, *rest: Any) -> Any:
        made.append((task.first, task.runs))
        return simulate(task, *rest)

    monkeypatch.setattr(workers, "simulate", watched)
    longer = running.run(*NAMES, runs=RUNS, out=tmp_path / "out", **OPTIONS)
    assert longer.digest == unbroken.digest
    assert min(first for first, _ in made) == 300
    assert sum(count for _, count in made[1:]) == 2 * (RUNS - 300), "but for the one to warm up"
    assert longer.summary == unbroken.summary
    for name, array in longer.trajectories.data_vars.items():
        assert array.values.tobytes() == unbroken.trajectories[name].values.tobytes(), name


# A full disk


@pytest.mark.skipif(sys.platform == "win32", reason="resource limits are Unix's")
@pytest.mark.parametrize("most", [3_000, 40_000])
def test_a_full_disk_is_a_sentence_and_loses_nothing(
    most: int, unbroken: Result, tmp_path: Path
) -> None:
    running.run(*NAMES, runs=2 * LANES, out=tmp_path / "out", **OPTIONS)
    before = Pieces(tmp_path / "out").entries()
    done = in_a_process(
        tmp_path / "out",
        f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, ({most}, {most}))",
    )
    assert done.returncode == 1
    assert "could not be written" in done.stderr
    whole = f"{4 * LANES:,} worlds are whole there. Make room, then: foedus run --resume"
    assert whole in done.stderr
    assert "Traceback" not in done.stderr
    assert Pieces(tmp_path / "out").entries() == before
    assert resume(tmp_path / "out", figures=False).digest == unbroken.digest
    assert list((tmp_path / "out").rglob("*.tmp")) == []


@pytest.mark.skipif(sys.platform == "win32", reason="resource limits are Unix's")
def test_a_disk_that_is_full_from_the_start_leaves_nothing(tmp_path: Path) -> None:
    limit = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))"
    done = in_a_process(tmp_path / "out", limit)
    assert done.returncode == 1
    assert "File too large" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_summary_that_cannot_be_written_leaves_the_worlds(
    unbroken: Result, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(on_disk, "write_csv", full)
        with pytest.raises(UnfinishedError, match="All worlds are whole there"):
            running.run(*NAMES, runs=RUNS, out=tmp_path / "out", **OPTIONS)
    monkeypatch.setattr(workers, "simulate", lambda *_: pytest.fail("simulated again"))
    assert resume(tmp_path / "out", figures=False).digest == unbroken.digest


# Damage


def damaged(place: Path, how: str) -> str:
    entry = Pieces(place).entries()[3]
    path = place / entry.file
    content = bytearray(path.read_bytes())
    if how == "missing":
        path.unlink()
        return "is missing"
    if how == "cut short":
        path.write_bytes(content[: len(content) // 2])
        return "bytes instead of"
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    return "was altered"


@pytest.mark.parametrize("how", ["missing", "cut short", "altered"])
def test_a_damaged_piece_is_named_and_computed_again(
    how: str, place: Path, unbroken: Result
) -> None:
    reason = damaged(place, how)
    with pytest.raises(ResultError, match=f"{reason}.* computed again by: foedus run --resume"):
        load_result(place)
    found = verification.verify(place)
    assert len(found.problems) == 1
    assert reason in found.problems[0]
    notices: list[str] = []
    assert resume(place, figures=False, notice=notices.append).digest == unbroken.digest
    assert any(reason in notice and "computed again" in notice for notice in notices)
    assert verification.verify(place, sample=2).problems == ()


def test_a_whole_piece_with_other_worlds_is_caught_by_the_digest(place: Path) -> None:
    """As if somebody had forged piece and checksum."""
    manifest = place / "manifest.jsonl"
    lines = [json.loads(line) for line in manifest.read_text().splitlines()]
    one, other = (
        lines[0],
        next(line for line in lines[1:] if line["scenario"] == lines[0]["scenario"]),
    )
    one["file"], other["file"] = other["file"], one["file"]
    for name in ("size", "sha256"):
        one[name], other[name] = other[name], one[name]
    if one["runs"] != other["runs"]:
        pytest.fail("the two pieces should be of one size")
    manifest.write_text("".join(json.dumps(line) + "\n" for line in lines))
    with pytest.raises(ResultError, match="the digest differs"):
        load_result(place)


def test_a_line_cut_short_does_not_count_and_a_garbled_one_is_named(
    place: Path, unbroken: Result
) -> None:
    manifest = place / "manifest.jsonl"
    text = manifest.read_text()
    manifest.write_text(text[:-20])
    assert len(Pieces(place).entries()) == text.count("\n") - 1
    assert resume(place, figures=False).digest == unbroken.digest
    manifest.write_text("garbled\n" + text)
    with pytest.raises(ResultError, match=r"manifest.jsonl:1 is damaged. Delete the line"):
        load_result(place)


# Other results, other people


def test_pieces_of_another_scenario_seed_or_draw_are_never_mixed_in(place: Path) -> None:
    before = sorted(path.name for path in place.rglob("*"))
    for change, reason in (
        ({"seed": 1}, "its seed is 1992"),
        ({"parameters": "default"}, "its parameters are 'posterior'"),
        ({"parameters": default_parameters()}, "its parameters are 'posterior'"),
        ({"keep": "summaries"}, "it keeps trajectories"),
        ({"horizon": 12}, "the scenarios or what they are made of differ"),
        ({"runs": 10}, f"holds {RUNS:,} runs already, more than 10"),
    ):
        options = {"runs": RUNS, **OPTIONS, **change}
        with pytest.raises(ResultError, match=reason):
            running.run(*NAMES, out=place, **options)
    assert sorted(path.name for path in place.rglob("*")) == before


def test_worlds_of_other_given_parameters_are_not_mixed_in(tmp_path: Path) -> None:
    for contagion, refused in ((0.1, False), (0.2, True)):
        given = default_parameters({"contagion": contagion})
        options: dict[str, Any] = {"runs": 3, "horizon": 3, "figures": False}
        if refused:
            with pytest.raises(ResultError, match="its parameters differ"):
                running.run("pressure", parameters=given, out=tmp_path / "out", **options)
        else:
            running.run("pressure", parameters=given, out=tmp_path / "out", **options)


def test_results_of_another_model_are_not_continued(place: Path) -> None:
    marker = json.loads((place / "foedus.json").read_text())
    marker["inputs"]["source"] = "0" * 64
    (place / "foedus.json").write_text(json.dumps(marker))
    with pytest.raises(ResultError, match="computed by another version of the model"):
        resume(place)
    assert "another version of the model" in verification.verify(place).problems[0]
    assert load_result(place).runs == RUNS, "to read them is no harm"


def test_results_of_the_same_model_under_an_earlier_hash_are_continued(
    place: Path, unbroken: Result, monkeypatch: pytest.MonkeyPatch
) -> None:
    marker = json.loads((place / "foedus.json").read_text())
    marker["inputs"]["source"] = "0" * 64
    (place / "foedus.json").write_text(json.dumps(marker))
    (place / Pieces(place).entries()[3].file).unlink()
    monkeypatch.setattr(sources, "BEFORE", {sources.source_hash(): ("0" * 64,)})
    assert resume(place, figures=False).digest == unbroken.digest
    assert verification.verify(place, sample=2).problems == ()


def test_two_processes_do_not_write_into_one_result(place: Path) -> None:
    with (
        on_disk.held(place),
        pytest.raises(ResultError, match="Another foedus writes into"),
    ):
        resume(place)


def test_pieces_are_zarr_groups_that_any_reader_opens(place: Path, unbroken: Result) -> None:
    import zarr
    from zarr.storage import ZipStore

    entry = Pieces(place).entries()[0]
    with ZipStore(place / entry.file, mode="r") as zipped:
        group = zarr.open_group(zipped, mode="r")
        trust = group["path_trust"]
        assert trust.metadata.dimension_names == ("month", "member", "run")
        assert trust.attrs["long_name"]
        runs = slice(entry.first, entry.first + entry.runs)
        wanted = unbroken.trajectories["trust"].sel(scenario=entry.scenario)[..., runs]
        assert trust[...].tobytes() == wanted.values.tobytes()


def test_stored_trajectories_are_read_when_they_are_used(place: Path, unbroken: Result) -> None:
    lazy = load_result(place).trajectories["trust"]
    assert lazy.chunks is not None
    assert lazy.sel(run=5).values.tobytes() == (
        unbroken.trajectories["trust"].sel(run=5).values.tobytes()
    )


def test_figures_of_fewer_worlds_do_not_stay_beside_more(tmp_path: Path) -> None:
    out = tmp_path / "out"
    running.run("pressure", runs=40, horizon=12, out=out)
    assert (out / "figures").is_dir()
    running.run("pressure", runs=60, horizon=12, out=out, figures=False)
    assert not (out / "figures").exists()


def test_a_directory_in_which_no_world_was_finished_is_in_nobody_s_way(tmp_path: Path) -> None:
    out = tmp_path / "out"
    with pytest.raises(ResultError, match="No Dask scheduler answers"):
        running.run("pressure", runs=40, out=out, scheduler="nonsense")
    result = running.run("restraint", runs=40, horizon=12, out=out, figures=False)
    assert load_result(out).digest == result.digest


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="looks at open files as Linux does")
def test_no_piece_stays_open_however_many_there_are(place: Path) -> None:
    result = load_result(place)
    whole = result.trajectories["trust"].values
    open_files = [os.path.realpath(path) for path in Path("/proc/self/fd").iterdir()]
    assert whole.shape[-1] == RUNS
    assert not [path for path in open_files if path.endswith(".zarr.zip")]


def test_a_manifest_and_pieces_that_were_deleted_are_made_again(
    place: Path, unbroken: Result
) -> None:
    (place / "manifest.jsonl").unlink()
    shutil.rmtree(place / "chunks")
    assert resume(place, figures=False).digest == unbroken.digest


def test_a_result_in_work_is_not_replaced_by_another_process(place: Path) -> None:
    with (
        on_disk.held(place),
        pytest.raises(ResultError, match="Another foedus writes into"),
    ):
        running.run("pressure", runs=3, horizon=3, out=place, overwrite=True)
    assert load_result(place).runs == RUNS
