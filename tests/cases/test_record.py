"""The record: every observation has its source, and nothing later leaks into what was known."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from foedus.cases.alliance_reader import load_alliance
from foedus.cases.months import format_month, month_of_year, parse_month
from foedus.cases.record import EVENTS, SHARES, load_record
from foedus.cases.shipped import shipped_records
from foedus.errors import RecordError
from foedus.model.quantities import Uniform

if TYPE_CHECKING:
    from pathlib import Path

    from foedus.cases.record import Record


@pytest.fixture(scope="module")
def record() -> Record:
    return load_record()


@pytest.fixture(scope="module")
def calm() -> Record:
    return load_record("csto_2002")


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
    surveys = [item for item in record.select("trust", "ARM") if item.instrument is None]
    trust = [item.value for item in surveys]
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
    assert {c.member for c in other.crises} == {"ARM", "KAZ", "KGZ"}
    assert record.fingerprint != other.fingerprint


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("member: ARM, month: 2018-08", "member: AMR, month: 2018-08", "did you mean 'ARM'"),
        ("month: 2018-08", "month: 2017-08", "lies outside history"),
        ("what: trust", "what: tursty", "is not allowed"),
        ("value: 0.87", "value: 1.87", "less than or equal to 1"),
        ("month: 2018-11, value: 1", "month: 2018-11, value: 0.5", "coded 1 (holds) or 0"),
        ("month: 2022-10, support: 0,", "month: 2022-10,", "scripts no crisis of KGZ in 2022-10"),
        ("instrument: gallup_2021", "instrument: galup_2021", "did you mean 'gallup_2021'"),
        ("published: 2022-02", "published: 2021-02", "before the month it tells of"),
        ("what: trust, member: ARM, month: 2019-05", "what: trust, member: ARM, month: 2018-08",
         "twice"),
    ],
)  # fmt: skip
def test_a_wrong_record_is_refused_with_the_line(
    old: str, new: str, sentence: str, tmp_path: Path
) -> None:
    text = shipped_records()["csto"].read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / "record.yaml"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(RecordError) as caught:
        load_record(str(path))
    assert sentence in str(caught.value)
    assert f"{path}:" in str(caught.value)


# The calm years, instruments, and what the alliance file declares


def test_the_calm_record_is_fitted_along_and_ends_before_the_last_one_begins(
    record: Record, calm: Record
) -> None:
    (earlier,) = record.earlier
    assert earlier.fingerprint == calm.fingerprint
    assert earlier.end < record.history.start
    assert (format_month(calm.history.start), format_month(calm.end)) == ("2002-01", "2017-12")
    assert record.fingerprint != replace(record, earlier=()).fingerprint


def test_in_the_calm_years_one_summit_was_missed_and_nobody_froze_or_left(calm: Record) -> None:
    missed = [item for item in calm.scored if item.what == "attended" and not item.value]
    assert [(item.member, format_month(item.month)) for item in missed] == [("BLR", "2009-11")]
    assert not any(item.value for item in calm.scored if item.what == "frozen")
    assert all(item.value for item in calm.scored if item.what == "remains")
    assert [(c.member, c.date, c.support) for c in calm.crises] == [("KGZ", "2010-06", 0)]
    (other,) = load_record("csto_2002", "other").crises
    assert other.support == 0.25


@pytest.mark.parametrize("month", ["2018-12", "2021-12", "2025-11"])
def test_a_record_that_is_cut_keeps_the_calm_years_and_knows_nothing_later(
    record: Record, month: str
) -> None:
    known = record.until(parse_month(month))
    for one in (known, *known.earlier):
        assert one.end <= parse_month(month)
        assert all(item.known <= parse_month(month) for item in one.fitted)
    assert known.earlier == record.earlier
    assert not known.closing


def test_a_survey_is_not_known_before_it_could_be_published(record: Record) -> None:
    late = [item for item in record.scored if item.known > item.month]
    assert {item.instrument for item in late} == {"gallup_2021", "gallup_2022", "workroom"}
    for item in late:
        assert item not in record.until(item.known - 1).observations
        assert item in record.until(item.known).observations


def test_every_member_has_rows_of_each_year(record: Record) -> None:
    for member in record.history.alliance.members:
        for what in ("attended", "frozen"):
            years = {item.month // 12 for item in record.select(what, member)}
            assert years == set(range(2018, 2026)), (what, member)
        assert len(record.select("consented", member)) >= 7


def test_an_instrument_gives_its_rows_its_error_and_offset_with_evidence(record: Record) -> None:
    for name, instrument in record.instruments.items():
        assert set(instrument.evidence) == {"error", "house"}
        rows = [item for item in record.scored if item.instrument == name]
        assert rows
        assert {(item.error, item.house) for item in rows} == {(instrument.error, instrument.house)}
    assert all(item.house == 0.0 for item in record.scored if item.instrument is None)


def test_what_the_alliance_file_declares_for_the_end_is_fitted_where_no_survey_tells(
    record: Record,
) -> None:
    alliance = load_alliance("csto", record.end + 1)
    declared = {(item.what, item.member): item for item in record.closing}
    for (what, member), item in declared.items():
        prior = alliance.numbers[f"{member}.{what}"].prior
        assert isinstance(prior, Uniform)
        assert item.value == pytest.approx((prior.low + prior.high) / 2)
        assert item.error == pytest.approx((prior.high - prior.low) / 12**0.5)
        assert item.month == record.end
    assert ("affinity", "ARM") in declared
    assert ("trust", "ARM") not in declared, "surveyed in June 2025"
    assert ("outside_option", "ARM") not in declared, "arms imports of March 2025"
    assert not any(item in record.scored for item in record.closing)


def test_a_record_that_ends_without_a_dated_state_has_no_such_rows(calm: Record) -> None:
    assert calm.closing == ()


def test_an_earlier_record_that_does_not_end_in_time_is_refused(tmp_path: Path) -> None:
    text = shipped_records()["csto_2002"].read_text(encoding="utf-8")
    path = tmp_path / "late.yaml"
    path.write_text(
        text.replace("history: history_2002\n", "history: history_2002\nearlier: [csto_2002]\n"),
        encoding="utf-8",
    )
    with pytest.raises(RecordError, match="csto_2002 ends in 2017-12, csto_2002 begins in 2002-01"):
        load_record(str(path))
    last = tmp_path / "last.yaml"
    text = shipped_records()["csto"].read_text(encoding="utf-8")
    last.write_text(text.replace("earlier: [csto_2002]", "earlier: [late.yaml]"), encoding="utf-8")
    with pytest.raises(RecordError, match="is an earlier record itself"):
        load_record(str(last))


def test_an_unknown_record_is_named() -> None:
    with pytest.raises(RecordError, match="There is no shipped record 'nato'"):
        load_record("nato")
