"""Sweeping levers: what is moved, what it is moved to, and that nothing else is."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import foedus
from foedus.cases.scenario_reader import load_scenario
from foedus.cases.sliders import sliders
from foedus.errors import ResultError
from foedus.model.levers import LEVERS
from foedus.model.records import STANDINGS
from foedus.outcomes.sweeps import MEASURES
from foedus.views import sweeps

if TYPE_CHECKING:
    from pathlib import Path

    from foedus.studies.sweeping import Sweep

HORIZON, RUNS = 24, 60


@pytest.fixture(scope="module")
def found() -> Sweep:
    return foedus.sweep("baseline", steps=3, runs=RUNS, horizon=HORIZON)


def test_every_lever_goes_from_its_lower_end_to_one_or_to_twice_its_usual_value(
    found: Sweep,
) -> None:
    assert {one.lever for one in found.levers} == {lever.name for lever in LEVERS}
    for one in found.levers:
        assert one.values == ((0.0, 1.0, 2.0) if one.lever == "threat" else (0.0, 0.5, 1.0))
        assert set(one.tracks) == set(MEASURES)


def test_partners_are_moved_together_and_towards_one_member_only(found: Sweep) -> None:
    (outreach,) = (one for one in found.levers if one.lever == "outreach")
    partners = [power.code for power in found.scenario.alliance.partners]
    assert outreach.keys == tuple(f"outreach.{code}.ARM" for code in partners)
    keys = {key for one in found.levers for key in one.keys}
    assert keys == {slider.key for slider in sliders(found.scenario, "ARM")}


def test_each_value_gives_the_worlds_that_the_same_setting_gives(found: Sweep) -> None:
    (pressure,) = (one for one in found.levers if one.lever == "pressure")
    set_by_hand = (
        foedus.run("baseline", runs=RUNS, horizon=HORIZON, settings=["pressure.ARM=1"])
        .data.isel(scenario=0)
        .sel(member="ARM")
    )
    frozen = set_by_hand["frozen"].values == 1
    inside = set_by_hand["standing"].values < STANDINGS.index("withdrawn")
    gone = set_by_hand["standing"].values >= STANDINGS.index("notice")
    assert pressure.tracks["frozen"].at[-1].value == pytest.approx((frozen & inside).mean())
    assert pressure.tracks["gone"].at[-1].value == pytest.approx(gone.mean())


def test_differences_are_paired_and_nothing_at_the_lower_end(found: Sweep) -> None:
    for one in found.levers:
        for track in one.tracks.values():
            assert (track.gaps[0].value, track.gaps[0].low, track.gaps[0].high) == (0.0, 0.0, 0.0)
            change = track.at[-1].value - track.at[0].value
            assert track.change.value == pytest.approx(change, abs=1e-6)


def test_a_lever_left_at_its_own_value_changes_nothing() -> None:
    scenario = load_scenario("baseline", horizon=HORIZON, settings=["pressure.ARM=0.5"])
    middle = foedus.sweep(scenario, levers=["pressure"], steps=3, runs=RUNS).levers[0]
    assert middle.own == 0.5
    alone = foedus.run(scenario, runs=RUNS).ensemble.parts[0]
    for key, measure in MEASURES.items():
        values = measure.values(alone, "ARM").astype(float)
        assert middle.tracks[key].at[1].value == pytest.approx(float(np.nanmean(values)))


def test_another_member_can_be_addressed() -> None:
    found = foedus.sweep(
        "baseline", levers=["pressure"], member="KAZ", steps=2, runs=8, horizon=HORIZON
    )
    assert found.levers[0].keys == ("pressure.KAZ",)
    assert found.answer[0].startswith("Kazakhstan frozen in 2027-12")


def test_what_cannot_be_swept_is_refused_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(ResultError, match=r"no lever 'presure'; did you mean 'pressure'\?"):
        foedus.sweep("baseline", levers=["presure"])
    with pytest.raises(ResultError, match="AZE is no client of this alliance"):
        foedus.sweep("baseline", member="AZE")
    with pytest.raises(ResultError, match="2 or more values of a lever, not 1"):
        foedus.sweep("baseline", steps=1)
    (tmp_path / "file").write_text("")
    with pytest.raises(ResultError, match="is no directory"):
        foedus.sweep("baseline", out=tmp_path / "file")
    with pytest.raises(ResultError, match="load this one with them"):
        foedus.sweep(load_scenario("baseline"), horizon=12)


def test_a_sweep_is_written_whole_and_not_replaced_unasked(tmp_path: Path) -> None:
    out = tmp_path / "out"
    options: dict[str, Any] = {
        "levers": ["restraint"],
        "steps": 2,
        "runs": 8,
        "horizon": HORIZON,
        "out": out,
    }
    made = foedus.sweep("baseline", **options)
    assert {path.name for path in out.iterdir()} == {
        f"sweep.{s}" for s in ("json", "csv", "png", "svg")
    }
    content = json.loads((out / "sweep.json").read_text(encoding="utf-8"))
    assert content == json.loads(made.json())
    assert len(made.to_frame()) == 2 * len(MEASURES)
    with pytest.raises(ResultError, match="holds a sweep already"):
        foedus.sweep("baseline", **options)
    foedus.sweep("baseline", **options, overwrite=True, figures=False)


def test_the_table_has_a_row_for_each_lever_and_outcome(found: Sweep) -> None:
    head, rows = sweeps.header(found.summary), list(sweeps.rows(found.summary))
    assert head == ("lever", "outcome", "lower end", "50 %", "upper end", "change")
    assert len(rows) == len(LEVERS) * len(MEASURES)
    assert {len(row) for row in rows} == {len(head)}
    for one, row in zip(found.levers, rows[:: len(MEASURES)], strict=True):
        assert row[0].startswith(one.words)
        assert (row[-1] == "-") is not one.tracks["frozen"].moves


def test_the_strongest_lever_has_the_first_panel(found: Sweep) -> None:
    picture = found.plot()
    titles = [ax.get_title(loc="left") for ax in picture.axes if ax.axison]
    assert len(titles) == len(LEVERS)
    strongest = max(found.levers, key=lambda one: one.strength)
    assert titles[0].startswith(strongest.words)


def test_outcomes_are_told_apart_without_colour() -> None:
    drawn = [(str(dashes), marker) for _, dashes, marker, _ in sweeps.LINES.values()]
    assert set(sweeps.LINES) == set(MEASURES)
    assert (
        len({dashes for dashes, _ in drawn}) == len({marker for _, marker in drawn}) == len(drawn)
    )


def test_a_notebook_shows_the_answer_first(found: Sweep) -> None:
    html = found._repr_html_()
    assert html.index("Armenia frozen in") < html.index("<table>")
    assert found.command.startswith("foedus sweep baseline --member ARM --runs 60")
