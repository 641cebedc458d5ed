"""The hindcast: forecasts know nothing later, and simple forecasters are scored on the same."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from foedus.cases.months import format_month, parse_month
from foedus.cases.record import load_record
from foedus.errors import ResultError
from foedus.inference import hindcast as past
from foedus.inference.coverage import coverage
from foedus.inference.forecasters import targets_of, year_ends
from foedus.inference.likelihood import target
from foedus.outcomes.worth import NONE, shipped_hindcast, skill_line
from foedus.views.record_plots import write_hindcast
from foedus.worlds.openings import PRIOR
from foedus.worlds.posterior import shipped_posterior

if TYPE_CHECKING:
    from pathlib import Path

    from foedus.cases.record import Record
    from foedus.inference.hindcast import Hindcast

ORIGIN = parse_month("2023-12")
SMALL = {"until": ORIGIN, "draws": 48_000, "worlds": 512, "workers": 2}


@pytest.fixture(scope="module")
def record() -> Record:
    return load_record()


@pytest.fixture(scope="module")
def found(record: Record) -> Hindcast:
    return past.hindcast(record, **SMALL)  # type: ignore[arg-type]


def test_only_what_came_after_the_origin_is_forecast(found: Hindcast) -> None:
    assert {item.origin for item in found.forecasts} == {"2023-12"}
    assert all(item.month > item.origin for item in found.forecasts)


def test_the_primary_origins_are_the_year_ends(record: Record) -> None:
    names = [format_month(month) for month in year_ends(record)]
    assert names == [f"{year}-12" for year in range(2018, 2025)]


def test_forecasts_do_not_know_what_happened(record: Record, found: Hindcast) -> None:
    changed = replace(
        record,
        observations=tuple(
            replace(item, value=1.0 - item.value) if item.month > ORIGIN else item
            for item in record.observations
        ),
        closing=tuple(replace(item, value=1.0 - item.value) for item in record.closing),
    )
    again = past.hindcast(changed, **SMALL)  # type: ignore[arg-type]
    for one, other in zip(found.forecasts, again.forecasts, strict=True):
        assert one.mean == other.mean
        assert one.value == pytest.approx(1.0 - other.value)


def test_a_survey_with_a_question_of_its_own_is_fitted_and_not_forecast(record: Record) -> None:
    targets = targets_of(record, parse_month("2021-12"), record.end)
    assert any(item.what == "trust" for item in targets)
    assert all(item.instrument is None for item in targets)
    assert not set(targets) & set(record.closing)


def test_every_forecaster_is_scored_on_the_same_under_each_kind_of_drivers(
    found: Hindcast,
) -> None:
    for drivers in past.DRIVERS:
        for what in ("attended", "frozen", "trust"):
            by_name = {
                name: [(i.member, i.month) for i in found.select(
                    drivers=drivers, what=what, forecaster=name)]
                for name in ("model", "prior", "persistence")
            }  # fmt: skip
            assert by_name["model"]
            assert len({tuple(items) for items in by_name.values()}) == 1


def test_forecasts_of_a_survey_have_the_error_that_surveys_have(found: Hindcast) -> None:
    for item in found.select(drivers="coded", what="trust", forecaster="model"):
        fan = found.fans["2023-12", "coded"][:, parse_month(item.month) - ORIGIN - 1]
        assert item.low is not None
        assert item.high is not None
        assert item.high - item.low > fan[4] - fan[0] + 0.01


def test_persistence_repeats_what_was_last_seen(found: Hindcast) -> None:
    (item,) = found.select(
        drivers="coded", what="attended", forecaster="persistence", member="ARM", month="2024-11"
    )
    assert item.mean == 0.02
    assert item.score == pytest.approx(0.02**2)


def test_the_gain_is_the_forecasters_score_minus_the_models(found: Hindcast) -> None:
    for row in past.table(found, "coded"):
        if row["forecaster"] == "model":
            assert row["gain"] == 0.0
            model = row["score"]
        else:
            assert row["gain"] == pytest.approx(row["score"] - model)


def test_held_levers_stay_and_drawn_ones_move_within_bounds(record: Record) -> None:
    last = record.end
    (held,) = past.scenarios_ahead(record, ORIGIN, last, "held", 1)
    assert not held.events
    assert not held.drivers[:, :, _driver("crisis_scripted")].any()
    assert (held.drivers[:, :, _driver("threat")] > 0).all(), "crises are drawn"
    pressure = held.drivers[:, 0, _driver("pressure")]
    assert np.ptp(pressure) == 0.0
    assert (
        pressure[0] == record.history.drivers[ORIGIN - record.history.start, 0, _driver("pressure")]
    )
    drawn = past.scenarios_ahead(record, ORIGIN, last, "drawn", 1)
    paths = np.array([one.drivers[:, 0, _driver("pressure")] for one in drawn])
    assert len(drawn) == past.PATHS
    assert paths.min() >= 0.0
    assert paths.max() <= 1.0
    assert np.unique(paths[:, -1]).size > 2
    again = past.scenarios_ahead(record, ORIGIN, last, "drawn", 1)
    assert np.array_equal(paths, [one.drivers[:, 0, _driver("pressure")] for one in again])


def _driver(name: str) -> int:
    from foedus.model.records import Drivers

    return Drivers._fields.index(name)


def test_scores_forecasts_and_figures_are_written(found: Hindcast, tmp_path: Path) -> None:
    write_hindcast(found, past.summary(found), tmp_path)
    names = {path.name for path in tmp_path.iterdir()}
    assert {"hindcast.json", "forecasts.csv"} <= names
    assert {f"hindcast_{d}.{e}" for d in past.DRIVERS for e in ("png", "svg")} <= names
    content = json.loads((tmp_path / "hindcast.json").read_text(encoding="utf-8"))
    assert content["origins"] == ["2023-12"]


# What is shipped


def test_the_shipped_scores_are_of_the_shipped_record_and_meet_the_bar(record: Record) -> None:
    shipped = shipped_hindcast()
    assert shipped is not None
    assert shipped["record"] == record.fingerprint
    scores = {(r["drivers"], r["group"], r["forecaster"]): r["score"] for r in shipped["scores"]}
    for group in ("ARM: all events", "all members: all events"):
        assert scores["coded", group, "model"] < scores["coded", group, "persistence"]
    assert scores["coded", "ARM: trust", "model"] < scores["coded", "ARM: trust", "linear trend"]


def test_an_alliance_without_a_hindcast_says_so() -> None:
    posterior = shipped_posterior()
    assert posterior is not None
    assert skill_line("other", posterior) == NONE


def test_the_skill_line_has_brackets_and_says_where_calibration_does_not_beat_the_prior() -> None:
    posterior, shipped = shipped_posterior(), shipped_hindcast()
    assert posterior is not None
    assert shipped is not None
    line = skill_line("csto", posterior)
    rows = {
        (row["group"], row["forecaster"]): row
        for row in shipped["scores"]
        if row["drivers"] == "coded"
    }
    for group, words in (("ARM: all events", "events"), ("ARM: trust", "surveys of trust")):
        own, prior = rows[group, "model"], rows[group, "prior"]
        assert (
            f"{own['score']:.3f} [{own['low']:.3f}, {own['high']:.3f}]".replace("0.", ".") in line
        )
        loses = own["score"] >= prior["score"]
        said = (
            "calibration does not beat" in line and words in line.split("On ")[-1].split("cal")[0]
        )
        assert said == loses
    assert "calibration does not beat" not in skill_line("csto", PRIOR)


def test_the_skill_line_says_where_persistence_does_better() -> None:
    posterior, shipped = shipped_posterior(), shipped_hindcast()
    assert posterior is not None
    assert shipped is not None
    scores = {(r["drivers"], r["group"], r["forecaster"]): r["score"] for r in shipped["scores"]}
    line = skill_line("csto", posterior)
    for name in ("model", "persistence", "coin", "prior"):
        assert f"{scores['coded', 'ARM: all events', name]:.3f}".lstrip("0") in line
    group = "others: attends the summit"
    worse = scores["coded", group, "model"] > scores["coded", group, "persistence"]
    assert ("persistence did better" in line) == worse


# Claims, and synthetic records


def test_claims_f_g_and_i_hold_under_the_shipped_posterior(record: Record) -> None:
    from foedus.inference.claims import evaluate

    posterior = shipped_posterior()
    assert posterior is not None
    found = evaluate(posterior, record, runs=3_600, workers=2)
    assert {claim.letter for claim in found} == {"f", "g", "h", "i"}
    assert all(claim.error > 0.0 for claim in found)
    assert all(claim.holds for claim in found if claim.letter in ("f", "i"))
    held = [claim.holds for claim in found if claim.letter == "g"]
    assert all(held)


def test_synthetic_records_come_with_synthetic_calm_years_only_if_asked_for(
    record: Record, tmp_path: Path
) -> None:
    early, kept = record.until(parse_month("2019-12")), tmp_path / "kept.jsonl"
    found = coverage(early, records=1, draws=48_000, earlier=True, keep=kept)
    assert found.records == 1
    assert found.names == tuple(target(record.history).names)
    with pytest.raises(ResultError, match="of another study"):
        coverage(early, records=1, draws=48_000, keep=kept)


def test_intervals_cover_known_truths_in_a_small_study(record: Record, tmp_path: Path) -> None:
    early, kept = record.until(parse_month("2019-12")), tmp_path / "kept.jsonl"
    found = coverage(early, records=6, draws=48_000, workers=2, keep=kept)
    assert 0.8 < found.inside.mean() < 0.98
    assert 0.4 < found.ranks.mean() < 0.6
    assert found.width.max() < 1.2
    assert found.inside[:, found.names.index("ARM.trust")].sum() >= 4
    assert found.width[:, found.names.index("ARM.trust")].max() < 0.8
    lines = kept.read_text(encoding="utf-8").splitlines()
    kept.write_text("\n".join(lines[:4]) + '\n{"cut', encoding="utf-8")
    again = coverage(early, records=6, draws=48_000, workers=1, keep=kept)
    assert np.array_equal(again.ranks, found.ranks)
    with pytest.raises(ResultError, match="of another study"):
        coverage(early, records=1, draws=48_001, keep=kept)
