"""The panel of other alliances: what is counted, up to a month, and what a file may say."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from foedus.cases.months import parse_month
from foedus.cases.panel import KINDS, load_panel
from foedus.cases.shipped import DATA
from foedus.errors import InputError, ResultError

if TYPE_CHECKING:
    from pathlib import Path

PANEL = load_panel()
CSTO = "CST/CSTO"


def total(kind: str, until: str | None = None, without: str | None = None) -> tuple[int, float]:
    month = None if until is None else parse_month(until)
    counts = PANEL.counts(kind, until=month, without=without).values()
    return sum(count.events for count in counts), sum(count.years for count in counts)


@pytest.mark.parametrize(
    ("kind", "events", "years"),
    [
        ("freeze", 7, 1758.7),
        ("return", 3, 121.3),
        ("leaving", 5, 1878.5),
        ("suspension, frozen", 1, 82.1),
        ("expulsion", 0, 1880.0),
    ],
)
def test_the_counts_are_those_of_the_coded_months(kind: str, events: int, years: float) -> None:
    assert total(kind) == pytest.approx((events, years), abs=0.05)


def test_every_year_of_a_member_is_active_or_frozen_and_every_frozen_year_has_one_age() -> None:
    assert total("freeze")[1] + total("return")[1] == pytest.approx(total("expulsion")[1])
    for whole, parts in (
        ("return", ("return, years 0-2", "return, years 2-6", "return, later")),
        ("leaving", ("leaving, active", "leaving, frozen")),
    ):
        events, years = zip(*map(total, parts), strict=True)
        assert (sum(events), sum(years)) == pytest.approx(total(whole))


def test_all_returns_came_after_six_years() -> None:
    assert total("return, later")[0] == 3
    assert total("return, years 0-2")[0] == total("return, years 2-6")[0] == 0


@pytest.mark.parametrize("kind", KINDS)
def test_counts_grow_with_the_month_up_to_which_they_are_known(kind: str) -> None:
    ends = ["1955-01", "1975-01", "1999-03", "1999-04", "2012-06", "2018-12", "2025-11", "2040-01"]
    found = [total(kind, end) for end in ends]
    assert found == sorted(found)
    assert found[-1] == found[-2] == total(kind)


def test_what_came_after_a_month_is_not_known_by_it() -> None:
    assert total("freeze", "2024-01")[0] == 6, "Armenia froze in February 2024"
    assert total("freeze", "2024-02")[0] == 7
    assert total("return", "2009-03")[0] == 2, "France came back in April 2009"
    assert all(item.month <= parse_month("1999-03") for item in PANEL.events(until=23990))
    at_first, later = (total("expulsion", month)[1] for month in ("2000-01", "2001-01"))
    members = 18 + 2 + 5
    assert later - at_first == pytest.approx(members), "a year of each member in between"


def test_an_alliance_that_did_not_exist_yet_is_not_counted() -> None:
    assert list(PANEL.counts("freeze", until=parse_month("1950-01"))) == ["NATO"]
    assert PANEL.counts("freeze", until=parse_month("1949-04")) == {}
    assert CSTO not in PANEL.counts("freeze", until=parse_month("1992-05"))


def test_an_alliance_can_be_left_out_whole_or_from_a_month_on() -> None:
    whole = PANEL.counts("leaving")
    without = PANEL.counts("leaving", without=CSTO)
    assert without == {name: count for name, count in whole.items() if name != CSTO}
    month = parse_month("2002-01")
    cut = PANEL.counts("leaving", without=CSTO, since=month)
    assert cut[CSTO] == PANEL.counts("leaving", until=month - 1)[CSTO]
    assert cut["NATO"] == whole["NATO"]
    assert {item.alliance for item in PANEL.events(without=CSTO)} == {"NATO", "SEATO", "ANZUS"}


def test_three_of_five_decisions_to_leave_were_taken_together() -> None:
    assert PANEL.together() == (3, 5)
    assert PANEL.together(until=parse_month("1999-03")) == (0, 1)
    assert PANEL.together(without=CSTO) == (0, 1)


def test_every_event_has_a_source() -> None:
    assert len(PANEL.events()) == 7 + 3 + 5 + 1
    assert all(item.source for item in PANEL.events())


def test_the_alliance_of_a_file_is_found_in_the_panel() -> None:
    assert PANEL.name_of("csto") == CSTO
    assert PANEL.name_of("elsewhere") is None


def test_unknown_kinds_and_alliances_are_refused_with_the_names_there_are() -> None:
    with pytest.raises(ResultError, match="did you mean 'freeze'"):
        PANEL.counts("freezes")
    with pytest.raises(ResultError, match="no alliance 'Nato' in the panel; did you mean 'NATO'"):
        PANEL.counts("freeze", without="Nato")


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        (
            "{member: ARM, from: 2024-02,",
            "{member: ARM, from: 2026-02,",
            "must end after it begins",
        ),
        (
            "{member: PAK, month: 1972-11,",
            "{member: PAK, month: 1952-11,",
            "no member in the month",
        ),
        ("observed_to: 2025-11", "observed_to: late", "YYYY-MM"),
        ("    suspensions: []\n", "", "'suspensions' is missing"),
    ],
)
def test_a_wrong_file_is_refused_in_a_sentence(
    tmp_path: Path, old: str, new: str, sentence: str
) -> None:
    text = (DATA / "panel.yaml").read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / "panel.yaml"
    path.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(InputError, match=sentence):
        load_panel(path)
