"""The record: every observation has its source, and nothing later leaks into what was known."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from foedus.cases.months import month_of_year, parse_month
from foedus.cases.record import EVENTS, SHARES, load_record
from foedus.errors import RecordError

if TYPE_CHECKING:
    from pathlib import Path

    from foedus.cases.record import Record


@pytest.fixture(scope="module")
def record() -> Record:
    return load_record()


def test_every_observation_has_a_source_a_legal_value_and_an_error(record: Record) -> None:
    for item in record.observations:
        assert item.source
        assert item.what in {**SHARES, **EVENTS}
        assert 0.0 < item.error < 0.5
        assert item.value in (0.0, 1.0) if item.is_event else 0.0 <= item.value <= 1.0


def test_what_has_no_source_is_marked_and_neither_fitted_nor_scored(record: Record) -> None:
    unsourced = {item for item in record.observations if "no row in the record" in item.source}
    assert unsourced
    assert unsourced == set(record.observations) - set(record.scored)


def test_the_record_holds_what_the_design_lists(record: Record) -> None:
    trust = [item.value for item in record.select("trust", "ARM")]
    assert trust == [0.87, 0.88, 0.93, 0.64, 0.50, 0.31, 0.35, 0.43]
    assert [item.value for item in record.select("attended", "ARM")] == [1] * 5 + [0] * 3
    for other in ("BLR", "KAZ", "KGZ", "TJK"):
        assert [item.value for item in record.select("attended", other)] == [1] * 8
    answers = {(c.member, c.date): c.support for c in record.crises}
    assert answers["KAZ", "2022-01"] == 1
    assert answers["ARM", "2022-09"] == answers["ARM", "2023-09"] == 0


def test_summits_count_in_the_alliances_month_of_the_summit(record: Record) -> None:
    summit = int(record.history.alliance.value("calendar.summit_month"))
    for item in record.observations:
        if item.what in ("attended", "consented"):
            assert month_of_year(item.month) == summit


def test_every_driver_of_the_history_names_its_source(record: Record) -> None:
    assert all(item.event.source for item in record.history.script)
    assert all(span.source for spans in record.history.levers.values() for span in spans)


def test_what_was_known_at_a_date_holds_nothing_later(record: Record) -> None:
    month = parse_month("2021-06")
    known = record.until(month)
    assert known.end == month
    assert all(item.month <= month for item in known.observations)
    assert all(parse_month(crisis.date) <= month for crisis in known.crises)
    assert len(known.history.drivers) == month - record.history.start + 1


def test_the_other_coding_differs_where_it_says_so_and_nowhere_else(record: Record) -> None:
    other = load_record(coding="other")
    changed = [
        (one.what, one.month)
        for one, two in zip(record.observations, other.observations, strict=True)
        if one.value != two.value
    ]
    assert ("frozen", parse_month("2023-12")) in changed
    assert len(changed) == 4
    assert {c.member for c in other.crises} == {"ARM", "KAZ"}
    assert record.fingerprint != other.fingerprint


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("member: ARM, month: 2018-08", "member: AMR, month: 2018-08", "did you mean 'ARM'"),
        ("month: 2018-08", "month: 2017-08", "lies outside history"),
        ("what: trust", "what: tursty", "is not allowed"),
        ("value: 0.87", "value: 1.87", "less than or equal to 1"),
        ("month: 2018-11, value: 1", "month: 2018-11, value: 0.5", "coded 1 (holds) or 0"),
        ("month: 2020-09, support", "month: 2020-10, support", "scripts no crisis of ARM"),
        ("what: trust, member: ARM, month: 2019-05", "what: trust, member: ARM, month: 2018-08",
         "twice"),
    ],
)  # fmt: skip
def test_a_wrong_record_is_refused_with_the_line(
    old: str, new: str, sentence: str, tmp_path: Path
) -> None:
    from foedus.cases.shipped import shipped_records

    text = shipped_records()["csto"].read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / "record.yaml"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(RecordError) as caught:
        load_record(str(path))
    assert sentence in str(caught.value)
    assert f"{path}:" in str(caught.value)


def test_an_unknown_record_is_named() -> None:
    with pytest.raises(RecordError, match="There is no shipped record 'nato'"):
        load_record("nato")
