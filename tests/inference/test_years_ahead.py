"""The hindcast several years ahead: its origins, what they know, its groups and its sentences."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from foedus.cases.months import format_month, parse_month
from foedus.cases.record import load_record
from foedus.errors import ResultError
from foedus.inference import hindcast as past
from foedus.inference.forecasters import Origin, origins_of, simple_forecasts, targets_of
from foedus.inference.panel import densities_for, resting_log_rates
from foedus.outcomes import worth
from foedus.worlds.openings import PRIOR
from foedus.worlds.posterior import shipped_posterior

if TYPE_CHECKING:
    from foedus.cases.record import Record
    from foedus.inference.hindcast import Hindcast
    from foedus.worlds.posterior import Posterior

YEARS = 5
OTHERS = "all members but ARM"


@pytest.fixture(scope="module")
def record() -> Record:
    return load_record()


@pytest.fixture(scope="module")
def origins(record: Record) -> tuple[Origin, ...]:
    return origins_of(record, YEARS, None)


def not_calibrated(known: Record, draws: int, seed: int, workers: int, tell: Any) -> Posterior:
    """Return worlds of the prior in the place of calibrated ones."""
    tell(draws, draws)
    return past.prior_worlds(known, 120, seed, workers)


@pytest.fixture(scope="module")
def found(record: Record) -> Hindcast:
    """A hindcast whose model is the prior."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(past, "informed_worlds", not_calibrated)
        return past.hindcast(record, years=YEARS, worlds=256, workers=2)


@pytest.fixture(scope="module")
def content(found: Hindcast) -> dict[str, Any]:
    return past.summary(found)


# ---------------------------------------------------------------------------------------------
# Origins


def test_calm_years_are_forecast_from_every_third_year_end_and_later_ones_with_all_years_ahead(
    origins: tuple[Origin, ...],
) -> None:
    named = [(one.record.name, format_month(one.month), format_month(one.last)) for one in origins]
    assert named == [
        ("csto_2002", "2004-12", "2009-12"),
        ("csto_2002", "2007-12", "2012-12"),
        ("csto_2002", "2010-12", "2015-12"),
        ("csto_2002", "2013-12", "2017-12"),
        ("csto", "2018-12", "2023-12"),
        ("csto", "2019-12", "2024-12"),
        ("csto", "2020-12", "2025-12"),
    ]


def test_fewer_years_leave_room_for_later_origins(record: Record) -> None:
    last = [format_month(origins_of(record, years, None)[-1].month) for years in (2, 3, 7)]
    assert last == ["2023-12", "2022-12", "2018-12"]


def test_a_record_without_room_for_the_years_is_refused(record: Record) -> None:
    with pytest.raises(ResultError, match="no 9 years to forecast; give fewer years"):
        origins_of(replace(record, earlier=()), 9, None)


def test_one_year_ahead_leaves_the_calm_years_to_calibration(record: Record) -> None:
    assert {one.record.name for one in origins_of(record, 1, None)} == {"csto"}


# ---------------------------------------------------------------------------------------------
# What is known at an origin


def test_nothing_after_an_origin_is_known_there(
    record: Record, origins: tuple[Origin, ...]
) -> None:
    for one in origins:
        known = one.known
        assert known.end == one.month
        assert all(item.known <= one.month for item in known.fitted)
        assert all(before.end < known.history.start for before in known.earlier)
        assert [before.name for before in known.earlier] == (
            ["csto_2002"] if one.record.name == record.name else []
        )


def test_what_came_after_an_origin_changes_neither_calibration_nor_simple_forecasts(
    origins: tuple[Origin, ...],
) -> None:
    for one in origins:
        changed = replace(
            one.record,
            observations=tuple(
                replace(item, value=1.0 - item.value) if item.known > one.month else item
                for item in one.record.observations
            ),
        )
        other = one._replace(record=changed)
        assert other.known.fingerprint == one.known.fingerprint
        means = [
            [
                item.mean
                for item in simple_forecasts(
                    it.known, it.record, "held", it.month, targets_of(it.record, it.month, it.last)
                )
            ]
            for it in (one, other)
        ]
        assert means[0]
        assert means[0] == means[1]


def test_calibration_at_an_origin_uses_the_panel_up_to_then(
    origins: tuple[Origin, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    cut: dict[int, dict[str, Any]] = {}

    def calibrate(known: Record, **options: Any) -> Record:
        cut[known.end] = options
        return known

    def weighed(_: Any, known: Record, **options: Any) -> Record:
        return known

    monkeypatch.setattr(past, "calibrate", calibrate)
    monkeypatch.setattr(past, "weighed", weighed)
    values = {"exit_base": np.array([-7.0, -5.0, -3.0])}
    said = []
    for one in origins:
        past.informed_worlds(one.known, 48_000, 1, 1)
        told = cut[one.month]["prior_term"](values)
        rates = resting_log_rates(values, one.record.history)
        assert rates is not None
        up_to_then = densities_for(one.record.until(one.month)).leaving
        assert np.array_equal(told, up_to_then.log_chance_above(rates.leaving))
        assert up_to_then == densities_for(one.record, one.month).leaving
        said.append(densities_for(one.record.until(one.month)))
        assert said[-1] != densities_for(one.record), "the panel has gone on since"
    assert len(set(said)) == len(origins)


def test_changes_of_government_that_came_are_known_to_coded_drivers_only(
    origins: tuple[Origin, ...],
) -> None:
    calm, month, last = next(one for one in origins if format_month(one.month) == "2007-12")

    def governments(drivers: str) -> set[str]:
        (ahead,) = past.scenarios_ahead(calm, month, last, drivers, 1)
        return {
            f"{item.event.member} {item.event.date}"
            for item in ahead.events
            if item.event.event == "decision" and parse_month(item.event.date) > month
        }

    assert {"ARM 2008-04", "KGZ 2010-04"} <= governments("coded")
    assert governments("held") == set()


# ---------------------------------------------------------------------------------------------
# Forecasts, groups and scores


def test_every_member_is_forecast_within_the_window_of_each_origin(
    found: Hindcast, origins: tuple[Origin, ...]
) -> None:
    assert found.drivers == past.FEW
    assert found.origins == tuple(format_month(one.month) for one in origins)
    for one in origins:
        items = found.select(origin=format_month(one.month), forecaster="model")
        assert {item.member for item in items} == set(one.record.history.alliance.members)
        assert all(one.month < parse_month(item.month) <= one.last for item in items)


def test_the_draws_of_a_calibration_are_fewer_several_years_ahead(found: Hindcast) -> None:
    from foedus.defaults import AHEAD_DRAWS, HINDCAST_DRAWS

    assert found.draws == AHEAD_DRAWS < HINDCAST_DRAWS


def test_pooled_forecasts_are_those_of_the_members_and_those_of_the_kinds(
    content: dict[str, Any],
) -> None:
    count = {
        row["group"]: row["forecasts"]
        for row in content["scores"]
        if (row["drivers"], row["forecaster"]) == ("coded", "model")
    }
    members = ("ARM", "BLR", "KAZ", "KGZ", "TJK")
    kinds = [n for group, n in count.items() if group.startswith("all members: ")]
    assert count["all members"] == sum(count[code] for code in members)
    assert count["all members"] == sum(kinds) - count["all members: trust"]
    assert count[OTHERS] == count["all members"] - count["ARM"]


def test_brackets_contain_the_score_and_the_gain(content: dict[str, Any]) -> None:
    bracketed = [row for row in content["scores"] if row["low"] is not None]
    assert len(bracketed) > 100
    slack = 1e-12
    for row in bracketed:
        assert row["low"] - slack <= row["score"] <= row["high"] + slack, row
        assert row["gain_low"] - slack <= row["gain"] <= row["gain_high"] + slack, row


def test_a_forecaster_that_lacks_some_forecasts_is_compared_on_those_it_has(
    found: Hindcast,
) -> None:
    few = tuple(
        item
        for item in found.forecasts
        if not (item.forecaster == "linear trend" and item.origin == "2018-12")
    )
    (row,) = (
        row
        for row in past.table(replace(found, forecasts=few), "coded")
        if row["forecaster"] == "linear trend"
    )
    wanted = {"drivers": "coded", "what": "trust", "origin": ("2019-12", "2020-12")}
    own, rival = (
        [item.score for item in found.select(forecaster=name, **wanted)]
        for name in ("model", "linear trend")
    )
    assert row["forecasts"] == len(rival)
    assert row["gain"] == pytest.approx(np.mean(rival) - np.mean(own))


# ---------------------------------------------------------------------------------------------
# Sentences


def test_a_group_in_which_the_model_equals_the_prior_says_so(content: dict[str, Any]) -> None:
    for drivers, lines in content["verdicts"].items():
        groups = {row["group"] for row in content["scores"] if row["drivers"] == drivers}
        assert {line.split(": calibration does not beat")[0] for line in lines} == groups


def row(group: str, gain: float, low: float | None, high: float | None) -> dict[str, Any]:
    return {
        "drivers": "coded",
        "group": group,
        "forecaster": "prior",
        "score": 0.1,
        "gain": gain,
        "gain_low": low,
        "gain_high": high,
    }


def test_calibration_beats_the_prior_only_where_the_whole_bracket_lies_above_0() -> None:
    rows = [
        row("better", 0.02, 0.01, 0.03),
        row("open", 0.02, -0.01, 0.03),
        row("worse", -0.02, -0.03, -0.01),
        row("alone", 0.02, None, None),
        row("other drivers", -0.02, -0.03, -0.01) | {"drivers": "held"},
        row("other forecaster", -0.02, -0.03, -0.01) | {"forecaster": "coin"},
    ]
    assert worth.verdicts(rows, "coded") == [
        "open: calibration does not beat the uncalibrated prior (gain +0.020 [-0.010, +0.030]).",
        "worse: calibration does not beat the uncalibrated prior (gain -0.020 [-0.030, -0.010]).",
        "alone: one origin cannot tell whether calibration beats the uncalibrated prior (gain "
        "+0.020).",
    ]


def test_the_skill_line_tells_of_the_other_members_years_ahead_if_they_were_scored(
    content: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    posterior, shipped = shipped_posterior(), worth.shipped_hindcast()
    assert posterior is not None
    assert shipped is not None
    old = {name: value for name, value in shipped.items() if name != "five_years"}
    monkeypatch.setattr(worth, "shipped_hindcast", lambda _: old)
    without = worth.skill_line("csto", posterior)
    assert "years ahead, for the other members" not in without
    new = worth.with_years_ahead(old, content)
    monkeypatch.setattr(worth, "shipped_hindcast", lambda _: new)
    line = worth.skill_line("csto", posterior)
    own, prior = (
        next(
            row
            for row in content["scores"]
            if (row["drivers"], row["group"], row["forecaster"]) == ("coded", OTHERS, name)
        )
        for name in ("model", "prior")
    )
    numbers = [f"{value:.3f}".lstrip("0") for value in (own["score"], own["low"], own["high"])]
    said = "Brier {} [{}, {}]".format(*numbers)
    assert f"Up to 5 years ahead, for the other members: {said}, uncalibrated prior" in line
    assert f"{prior['score']:.3f}".lstrip("0") in line
    assert "no more than chance" in line, "here the model is the prior"
    assert "No gain beyond chance for all members together and for Armenia. " in line
    uncalibrated = worth.skill_line("csto", PRIOR)
    assert f"for the other members: {said}. " in uncalibrated


def test_the_skill_line_is_silent_on_a_lack_of_gain_where_there_is_a_gain(
    content: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    posterior, shipped = shipped_posterior(), worth.shipped_hindcast()
    assert posterior is not None
    assert shipped is not None
    better = {"gain": 0.02, "gain_low": 0.01, "gain_high": 0.03}
    gained = {**content, "scores": [one | better for one in content["scores"]]}
    new = worth.with_years_ahead(shipped, gained)
    monkeypatch.setattr(worth, "shipped_hindcast", lambda _: new)
    line = worth.skill_line("csto", posterior)
    assert "(gain +0.020 [+0.010, +0.030]). " in line
    assert "beyond chance" not in line


def test_what_is_shipped_of_years_ahead_is_pooled_and_with_the_drivers_that_came(
    content: dict[str, Any],
) -> None:
    kept = worth.with_years_ahead({"member": "ARM"}, content)["five_years"]
    assert kept["origins"] == content["origins"]
    assert kept["years"] == YEARS
    assert {row["group"] for row in kept["scores"]} == {"all members", OTHERS, "ARM"}
    assert {row["drivers"] for row in kept["scores"]} == {"coded"}
