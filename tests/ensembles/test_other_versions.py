"""Results that another version of foedus kept: read if they can be, else refused in a sentence."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import foedus
from foedus.cases.scenario_reader import load_scenario
from foedus.ensembles.gathered import Worlds
from foedus.errors import NotKeptError, ResultError
from foedus.outcomes.catalogue import MEMBER_OUTCOMES, Outcome
from foedus.views.annex import prospect
from foedus.views.comparison_tables import comparison
from foedus.views.tables import MEMBER_HEADER, alliance_rows, member_rows, number
from foedus.worlds.kept import LABELS, MONTHLY, TABLE, Kept, empty_table

if TYPE_CHECKING:
    from foedus.studies.results import Result

#: A result that version 0.1.0 wrote: baseline and pressure, 12 worlds of 13 months from the prior.
FIRST_VERSION = Path(__file__).resolve().parents[1] / "data" / "result_0_1_0.zip"
NOVEL = Kept(("member", "run"), np.float32, "something that only one version keeps")


@pytest.fixture
def first_version(tmp_path: Path) -> Path:
    with zipfile.ZipFile(FIRST_VERSION) as archive:
        archive.extractall(tmp_path)
    return tmp_path / "result_0_1_0"


@pytest.fixture
def stored(tmp_path: Path) -> Path:
    foedus.run("baseline", runs=6, horizon=12, parameters="prior", out=tmp_path / "out")
    return tmp_path / "out"


def test_a_result_of_the_first_version_is_read_as_it_was_written(first_version: Path) -> None:
    result = foedus.load_result(first_version)
    assert result.runs == 12
    assert [scenario.name for scenario in result.scenarios] == ["baseline", "pressure"]
    assert 0.0 <= result.summary["pressure"]["members"]["ARM"]["active"]["value"] <= 1.0


def test_a_result_of_the_first_version_is_told_without_what_it_did_not_keep(
    first_version: Path,
) -> None:
    result = foedus.load_result(first_version)
    for name, summary in result.summary.items():
        assert "cohesion_among_those_who_stay" not in summary["alliance"]
        assert not any("who stay" in line for line in (*prospect(result, name), *labels(summary)))
    _, rows = comparison(result.summary, result.names)
    assert ("cohesion among those who stay, mean", "-", "-") in rows
    mean = result.data["monthly_cohesion_mean"].isel(month=-1, weighting=0)
    whole = result.data["cohesion"].isel(weighting=0).mean("run")
    np.testing.assert_allclose(mean, whole, atol=1e-6)


def labels(summary: dict[str, Any]) -> list[str]:
    return [label for label, *_ in alliance_rows(summary)]


def test_cohesion_among_those_who_stay_is_shown_beside_the_mean_of_cohesion(stored: Path) -> None:
    result = foedus.load_result(stored)
    summary = result.summary["baseline"]
    among = number(summary["alliance"]["cohesion_among_those_who_stay"]["equal"])
    whole = number(summary["alliance"]["mean_cohesion"]["equal"])
    shown = {label: text for label, text, _ in alliance_rows(summary)}
    assert shown["cohesion among those who stay, equal weights"] == among
    assert shown["cohesion, equal weights, mean"] == whole
    assert any(
        line.endswith(f"its mean is {whole}, and {among} among those who stay.")
        for line in prospect(result, "baseline")
    )
    _, rows = comparison(result.summary, result.names)
    assert {("cohesion, mean", whole), ("cohesion among those who stay, mean", among)} <= set(rows)
    assert result.data["cohesion_among_those_who_stay"].dims == ("scenario", "weighting", "run")


def novel(worlds: Worlds, member: str) -> np.ndarray:
    return worlds.of("novel", member)


@pytest.fixture
def keeps_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """From here on foedus keeps something more of each world, and measures it."""
    outcome = Outcome("novel", "something novel", "chance", 0, "nowhere", novel)
    monkeypatch.setitem(TABLE, "novel", NOVEL)
    monkeypatch.setitem(MEMBER_OUTCOMES, "novel", outcome)


def test_what_was_not_kept_is_left_out_and_all_else_is_read(
    stored: Path, request: pytest.FixtureRequest
) -> None:
    before = foedus.load_result(stored)
    request.getfixturevalue("keeps_more")
    result: Result = foedus.load_result(stored)
    assert result.digest == before.digest
    assert result.summary == before.summary
    assert "novel" not in result.data
    with pytest.raises(NotKeptError, match="without 'novel'"):
        result.ensemble.parts[0].of("novel", "ARM")
    rows = list(member_rows(result.summary["baseline"], result.names))
    assert all(len(row) == len(MEMBER_HEADER) for row in rows)


def test_a_comparison_takes_no_worlds_that_lack_something_and_simulates_them_anew(
    stored: Path, request: pytest.FixtureRequest
) -> None:
    request.getfixturevalue("keeps_more")
    found = foedus.compare(stored, "pressure", runs=6, horizon=12)
    assert found.difference("pressure", "ARM", "novel").difference.value == 0.0
    assert "novel" in found.result.data


def test_worlds_that_lack_something_are_not_gone_on_with(
    stored: Path, request: pytest.FixtureRequest
) -> None:
    digest = foedus.load_result(stored).digest
    request.getfixturevalue("keeps_more")
    with pytest.raises(ResultError, match="They can be read, but not gone on with"):
        foedus.resume(stored, runs=12)
    with pytest.raises(ResultError, match="Choose another --out"):
        foedus.run("baseline", runs=6, horizon=12, parameters="prior", out=stored)
    assert foedus.load_result(stored).digest == digest


def test_a_result_that_holds_more_is_read_and_verified_and_saved_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as later:
        later.setitem(TABLE, "novel", NOVEL)
        foedus.run("baseline", runs=6, horizon=12, parameters="prior", out=tmp_path / "out")
    result = foedus.load_result(tmp_path / "out")
    assert foedus.verify(tmp_path / "out").problems == ()
    result.save(tmp_path / "again", figures=False)
    assert foedus.load_result(tmp_path / "again").digest == result.digest


def test_other_monthly_sums_are_refused_in_a_sentence(
    stored: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(MONTHLY, "novel", Kept(("month",), np.int32, "a sum of a later version"))
    with pytest.raises(ResultError, match=r"another version .*no monthly sums of 'novel'"):
        foedus.load_result(stored)


def test_other_labels_of_monthly_sums_are_refused_in_a_sentence(
    stored: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(LABELS, "standing_name", (*LABELS["standing_name"], "novel"))
    with pytest.raises(ResultError, match="other labels of 'standing_name'"):
        foedus.load_result(stored)


def test_an_event_that_was_not_noted_is_a_sentence() -> None:
    labels = {**LABELS, "event": LABELS["event"][:-1]}
    worlds = Worlds(load_scenario("baseline"), empty_table(5, 4), labels=labels)
    assert worlds.event(LABELS["event"][0], "ARM").tolist() == [0] * 4
    with pytest.raises(NotKeptError, match=f"without '{LABELS['event'][-1]}'"):
        worlds.event(LABELS["event"][-1], "ARM")


@pytest.mark.parametrize("name", ["fingerprint", "end_state", "trust"])
def test_a_result_that_lacks_what_every_version_kept_is_refused_in_a_sentence(
    name: str, stored: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("foedus.ensembles.store.ALWAYS", (f"{name}_of_old",))
    with pytest.raises(ResultError, match=f"it lacks '{name}_of_old'. Run the scenario again"):
        foedus.load_result(stored)
