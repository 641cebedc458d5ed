from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import replace
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from matplotlib.figure import Figure

from foedus.cases.months import format_month, parse_month
from foedus.cases.scenario_reader import load_scenario
from foedus.cases.shipped import shipped_scenarios
from foedus.ensembles import ensemble, gathered
from foedus.errors import ResultError
from foedus.model import cohesion, records
from foedus.model.chronicle import Events
from foedus.model.levers import lever_named
from foedus.outcomes.phrases import IMPOSED, KINDS, PHRASES
from foedus.outcomes.story import WIDTH, Entry, Pair, Trace, parted, side_by_side
from foedus.outcomes.telling import DRIFT, tell
from foedus.views.timeline import HELPED, MARKERS, REFUSED, timeline

if TYPE_CHECKING:
    from collections.abc import Callable

    from matplotlib.axes import Axes

    Writer = Callable[..., str]

SOME = ("renewed_war", "expulsion", "pressure")
RUNS = range(20)
CHANGE = re.compile(r"(\d?\.\d\d) -> (\d?\.\d\d)")


@cache
def traced(name: str, run: int = 17, design: str | None = None) -> Trace:
    return tell(load_scenario(name), run, design=design)


@cache
def by_kernel(name: str) -> gathered.Worlds:
    scenario = load_scenario(name)
    return ensemble.run([scenario], runs=len(RUNS), engine="kernel", workers=1).parts[0]


def written(write: Writer, body: str, *, run: int = 17, name: str = "mine", **kwargs: Any) -> Trace:
    return tell(load_scenario(write(body, name=name)), run, **kwargs)


def texts(told: Trace, kind: str) -> list[tuple[str, str]]:
    return [(entry.month, entry.text) for entry in told.entries if entry.kind == kind]


def months_of(told: Trace, member: str, kind: str) -> list[int]:
    return [
        parse_month(entry.month) - told.scenario.start + 1
        for entry in told.entries
        if (entry.member, entry.kind) == (member, kind)
    ]


def _without_tajikistan(one: Trace) -> Trace:
    alliance = replace(one.scenario.alliance, members=("ARM", "BLR", "KAZ", "KGZ"))
    return replace(one, scenario=replace(one.scenario, alliance=alliance))


def axes() -> Axes:
    return Figure().subplots()


def labels(ax: Axes) -> list[str]:
    legend = ax.get_legend()
    assert legend is not None
    return [text.get_text() for text in legend.get_texts()]


# ---------------------------------------------------------------------------------------------
# The world that is told


@pytest.mark.parametrize("run", [0, 8, 11, 17])
@pytest.mark.parametrize("name", SOME)
def test_the_traced_world_is_the_kernels(name: str, run: int) -> None:
    told, table = traced(name, run), by_kernel(name).table
    assert (told.history.trust[-1].astype(np.float32) == table["trust"][:, run]).all()
    assert (told.history.standing[-1] == table["standing"][:, run]).all()
    assert told.end.end_state == cohesion.END_STATES[table["end_state"][run]]
    assert np.float32(told.history.cohesion[-1]) == table["cohesion"][0, run]


@pytest.mark.parametrize("name", SOME)
def test_every_event_of_the_table_is_told_and_first_in_its_month(name: str) -> None:
    worlds, seen = by_kernel(name), set()
    for run in (0, 8, 11, 17):
        told = traced(name, run)
        for member in told.scenario.alliance.members:
            for event in Events._fields:
                first = int(worlds.event(event, member)[run])
                assert min(months_of(told, member, event), default=0) == first, (run, member, event)
                seen |= {event} if first else set()
    assert "missed_summit" in seen


@pytest.mark.parametrize("name", ["renewed_war", "pressure"])
def test_events_and_crises_are_told_as_often_as_they_happen(name: str) -> None:
    told, totals = traced(name), by_kernel(name).table["total"]
    for place, member in enumerate(told.scenario.alliance.members):
        for event in Events._fields:
            happened = told.history.events[:, place, Events._fields.index(event)]
            assert len(months_of(told, member, event)) == happened.sum()
        crises = months_of(told, member, "crisis")
        assert len(crises) == told.history.crisis[:, place].sum() == totals[0, place, 17]


def test_a_trace_is_the_same_each_time_and_a_run_may_be_numpys(baseline: Any) -> None:
    again = tell(baseline, np.int64(17))  # type: ignore[arg-type]
    assert again.as_dict() == traced("baseline").as_dict()
    assert type(again.run) is int


def test_a_trace_follows_seed_and_design(baseline: Any) -> None:
    usual = traced("baseline")
    assert usual.design.name == "posterior"
    assert tell(baseline, 17, seed=3).entries != usual.entries
    declared = traced("baseline", 17, "default")
    assert declared.design.name == "default"
    assert declared.opening[0].trust == baseline.alliance.value("ARM.trust")


def test_importing_it_draws_in_neither_matplotlib_nor_mesa() -> None:
    code = (
        "import sys, foedus.outcomes.story, foedus.outcomes.telling\n"
        "sys.exit(bool({'matplotlib', 'mesa'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


# ---------------------------------------------------------------------------------------------
# The tables of what can be told


def test_every_event_can_be_told_and_has_a_sign() -> None:
    assert set(Events._fields) < set(KINDS)
    assert set(PHRASES) <= set(KINDS)
    assert set(MARKERS) == {*Events._fields, HELPED, REFUSED}


def test_a_lever_without_a_phrase_is_told_by_its_name() -> None:
    lever = replace(lever_named("pressure"), name="novel", told="")
    assert lever.phrase("Armenia", "Russia") == "novel (Armenia)"
    assert lever_named("adversary_ties").phrase("Armenia", "Russia") == (
        "ties of Russia to the adversary of Armenia"
    )


@pytest.mark.parametrize("name", list(shipped_scenarios()))
def test_every_shipped_scenario_is_told_in_known_kinds_and_in_order(name: str) -> None:
    told = traced(name, 3)
    assert {entry.kind for entry in told.entries} <= set(KINDS)
    months = [entry.month for entry in told.entries]
    assert months == sorted(months)
    begins = format_month(told.scenario.start)
    assert told.end.month == format_month(told.scenario.end)
    if told.scenario.levers:
        assert months[0] == begins
    assert begins <= months[0] <= months[-1] <= told.end.month
    for line in str(told).splitlines():
        assert len(line) <= WIDTH
    for number in re.findall(r"[\d.]*\d", "; ".join(entry.text for entry in told.entries)):
        assert not number.startswith("0.")


def test_an_event_without_a_phrase_is_told_by_its_meaning(
    monkeypatch: pytest.MonkeyPatch, write_scenario: Writer
) -> None:
    monkeypatch.delitem(PHRASES, "missed_summit")
    away = "events: [{event: decision, date: 2026-11, member: KAZ, decision: stay_away}]\n"
    told = written(write_scenario, away)
    assert ("2026-11", "Kazakhstan missed a summit") in texts(told, "missed_summit")


# ---------------------------------------------------------------------------------------------
# The story


def test_the_story_opens_tells_each_month_once_and_ends(baseline: Any) -> None:
    told = traced("baseline", 17, "default")
    lines = str(told).splitlines()
    assert lines[0].startswith("As things stand at the end of 2025 (baseline), run 17, seed 1992: ")
    trust, months = (baseline.alliance.value(f"ARM.{name}") for name in ("trust", "frozen_months"))
    opening = (
        f"opening  Armenia: trust {trust:.2f}, frozen for {months:g} months, 1 year of arrears"
    )
    assert f"{opening}, vote held".replace("0.", ".") in lines
    starts = [line[:7] for line in lines if re.match(r"\d{4}-\d\d  ", line)]
    assert starts == list(dict.fromkeys(entry.month for entry in told.entries))
    ending = next(place for place, line in enumerate(lines) if line.startswith("end  "))
    assert lines[ending].startswith(f"end      the alliance is {told.end.end_state}: ")
    assert lines[-5:] == [f"         {standing}" for standing in told.end.standings]


def test_the_storys_numbers_are_those_of_the_states() -> None:
    for told in (traced("renewed_war"), traced("pressure", 11, "prior")):
        members = told.scenario.alliance.members
        trust = told.history.states[:, :, records.State._fields.index("trust")]
        checked = 0
        for entry in told.entries:
            if entry.kind not in ("crisis", "trust"):
                continue
            found = CHANGE.search(entry.text)
            assert found is not None
            place = members.index(entry.member or "")
            month = parse_month(entry.month) - told.scenario.start + 1
            since = re.search(r"since (\S+)", entry.text)
            before = month - (1 if entry.kind == "crisis" else 12)
            if since:
                before = parse_month(since[1]) - told.scenario.start + 1
            for text, at in zip(found.groups(), (before, month), strict=True):
                assert float(text) == pytest.approx(trust[at, place], abs=0.00501)
            checked += 1
        assert checked > 1
        for standing, state in zip(told.opening, told.history.states[0], strict=True):
            assert standing.trust == state[records.State._fields.index("trust")]


def test_crises_tell_what_was_expected_and_what_came(write_scenario: Writer) -> None:
    crises = "".join(
        f"  - {{event: crisis, date: 2026-0{month}, member: KAZ, support: {support}}}\n"
        for month, support in ((2, 0), (3, 0.5), (4, 1))
    )
    told = written(write_scenario, f"events:\n{crises}")
    place = told.scenario.alliance.members.index("KAZ")
    expectation = told.history.states[:, place, records.State._fields.index("expectation")]
    found = [text for _, text in texts(told, "crisis") if text.startswith("scripted")]
    answers = ("no help comes", "some help comes, .50", "help comes")
    for text, answer, before in zip(found, answers, expectation[1:4], strict=True):
        expected = f"{before:.2f}".removeprefix("0")
        beginning = f"scripted crisis, Kazakhstan appeals: {answer} ({expected} expected), trust "
        assert text.startswith(beginning)


def test_whoever_skips_a_summit_may_let_its_documents_pass(write_scenario: Writer) -> None:
    decisions = ("stay_away", "consent"), ("stay_away", "refuse")
    told = written(
        write_scenario,
        "events:\n"
        + "".join(
            f"  - {{event: decision, date: {year}-11, member: KAZ, decision: {decision}}}\n"
            for year, pair in zip((2026, 2027), decisions, strict=True)
            for decision in pair
        ),
    )
    events = [
        (entry.month, entry.text)
        for entry in told.of("KAZ")
        if entry.kind in Events._fields and entry.month in ("2026-11", "2027-11")
    ]
    assert events == [
        ("2026-11", "Kazakhstan skips the summit, lets its documents pass"),
        ("2027-11", "Kazakhstan skips the summit"),
        ("2027-11", "Kazakhstan refuses the documents of the summit"),
    ]


def test_trust_that_drifts_is_told_in_december_and_no_other_drift_is_left_out() -> None:
    told = traced("pressure")
    trust = told.history.states[:, :, records.State._fields.index("trust")]
    for place, member in enumerate(told.scenario.alliance.members):
        crises, drifts = months_of(told, member, "crisis"), months_of(told, member, "trust")
        last = 0
        for month in range(1, told.scenario.horizon + 1):
            if month in crises:
                last = month
            moved = abs(trust[month, place] - trust[last, place]) >= DRIFT
            assert (month in drifts) == (month % 12 == 0 and moved)
            if month in drifts:
                last = month


def test_levers_are_told_where_they_begin_and_end(write_scenario: Writer) -> None:
    told = written(
        write_scenario,
        "levers:\n"
        "  bandwidth: [{from: 2027-01, to: 2027-06, value: 0.8, ramp: 3}]\n"
        "  pressure:\n"
        "    ARM:\n"
        "      - clear\n"
        "      - {from: 2026-06, to: 2026-08, value: 0.8, ramp: 2, ramp_from: 0.1}\n"
        "      - {from: 2026-09, to: 2026-12, value: 0.5}\n"
        "  threat:\n"
        "    all: [{from: 2028-01, to: 2028-12, value: 2}]\n"
        "  outreach:\n"
        "    EU: {KAZ: [{from: 2027-03, value: 0.6}]}\n"
        "    USA: {KAZ: [{from: 2027-03, value: 0.7}]}\n",
    )
    later = [(month, text) for month, text in texts(told, "lever") if month > "2026-01"]
    assert later == [
        ("2026-06", "pressure on Armenia: .80 (reached over 2 months, from .10)"),
        ("2026-09", "pressure on Armenia: .50"),
        ("2027-01", "bandwidth of Russia: .80 (reached over 3 months)"),
        ("2027-01", "pressure on Armenia: back to .00"),
        ("2027-03", "outreach to Kazakhstan: European Union .60, United States .70"),
        ("2027-07", "bandwidth of Russia: back to its own"),
        ("2028-01", "threat to all members: 2.00 times its own"),
        ("2029-01", "threat to all members: back to its own"),
    ]


def test_what_the_scenario_scripts_is_told(write_scenario: Writer) -> None:
    told = written(
        write_scenario,
        "events:\n"
        "  - {event: crisis, date: 2026-02, member: KAZ, support: 0.5}\n"
        "  - {event: domestic_change, date: 2026-03, member: KAZ, change: -0.1}\n"
        "  - {event: confrontation, date: 2026-04, member: ARM, severity: 0.8, months: 3}\n"
        "  - {event: statement, date: 2026-05, member: ARM, tone: -1}\n"
        "  - {event: statement, date: 2026-06, member: ARM, tone: 0.5}\n"
        "  - {event: decision, date: 2026-07, member: ARM, decision: freeze, to: 2027-03}\n",
    )
    scripted = [e for e in told.entries if e.kind in set(IMPOSED) - {"lever"}]
    assert scripted == [
        Entry(
            "2026-03", "KAZ", "domestic_change",
            "change at home in Kazakhstan: affinity to Russia -.10",
        ),
        Entry(
            "2026-04", "ARM", "confrontation",
            "Russia and the partners clash over Armenia (.80, 3 months)",
        ),
        Entry("2026-05", "ARM", "statement", "Russia warns Armenia in public (-1.00)"),
        Entry("2026-06", "ARM", "statement", "Russia assures Armenia in public (+.50)"),
        Entry(
            "2026-07", "ARM", "decision",
            "scripted: Armenia freezes its participation, or keeps it frozen, until 2027-03",
        ),
    ]  # fmt: skip
    (crisis,) = [text for month, text in texts(told, "crisis") if month == "2026-02"]
    assert crisis.startswith("scripted crisis, Kazakhstan appeals: some help comes, .50 (.")


def test_dues_vote_and_freeze_are_told_both_ways(write_scenario: Writer) -> None:
    told = written(
        write_scenario,
        "parameters: {ARM.arrears: 2}\n"
        "events:\n"
        "  - {event: decision, date: 2026-03, member: ARM, decision: resume, to: 2028-01}\n"
        "  - {event: decision, date: 2026-04, member: ARM, decision: suspend, to: 2026-06}\n"
        "  - {event: decision, date: 2026-07, member: ARM, decision: restore_vote}\n"
        "  - {event: decision, date: 2026-04, member: ARM, decision: pay, to: 2026-05}\n"
        "  - {event: decision, date: 2026-11, member: ARM, decision: attend}\n"
        "  - {event: decision, date: 2026-12, member: ARM, decision: default}\n"
        "  - {event: decision, date: 2027-11, member: ARM, decision: stay_away}\n"
        "  - {event: decision, date: 2028-02, member: ARM, decision: freeze}\n",
        design="default",
    )
    frozen = told.opening[0].frozen_months + 3
    of_armenia = {(entry.month, entry.text) for entry in told.of("ARM")}
    assert ("2026-03", f"Armenia ends its freeze after {frozen} months") in of_armenia
    assert ("2026-04", "Armenia loses its vote") in of_armenia
    assert ("2026-07", "Armenia regains its vote") in of_armenia
    assert ("2026-04", "Armenia pays a year of arrears (1 year left)") in of_armenia
    assert ("2026-05", "Armenia pays a year of arrears (none left)") in of_armenia
    assert ("2026-11", "Armenia returns to the summit") in of_armenia
    assert ("2026-12", "Armenia leaves its dues unpaid (1 year of arrears)") in of_armenia
    assert ("2028-02", "Armenia freezes its participation") in of_armenia
    assert any(m == "2027-11" and t.startswith("Armenia skips the summit") for m, t in of_armenia)


def test_notice_names_the_month_in_which_the_member_leaves(write_scenario: Writer) -> None:
    notice = "events: [{event: decision, date: 2026-03, member: BLR, decision: give_notice}]\n"
    told = written(write_scenario, notice)
    text = "Belarus gives notice of withdrawal (effective 2026-09)"
    assert texts(told, "notice") == [("2026-03", text)]
    assert texts(told, "withdrawal") == [("2026-09", "Belarus leaves")]
    cut = tell(load_scenario(write_scenario(notice), horizon=5), 17)
    assert "notice given, leaves in 2026-09" in str(cut.end.standings[1])


def test_nothing_is_told_of_a_member_that_has_left(write_scenario: Writer) -> None:
    told = written(
        write_scenario,
        "levers: {pressure: {ARM: [{from: 2027-02, value: 0.9}]}}\n"
        "events:\n"
        "  - {event: decision, date: 2026-05, member: ARM, decision: expel}\n"
        "  - {event: crisis, date: 2026-08, member: ARM}\n"
        "  - {event: statement, date: 2027-01, member: ARM, tone: -1}\n",
    )
    of_armenia = [entry for entry in told.entries if "Armenia" in entry.text]
    assert of_armenia[-1] == Entry("2026-05", "ARM", "expulsion", "Armenia is expelled")
    assert "Armenia: expelled" in str(told)
    for run in RUNS:
        other = traced("expulsion", run)
        for entry in other.entries:
            if entry.kind in ("withdrawal", "expulsion"):
                own = [e for e in other.entries if e.member == entry.member]
                assert own[-1] == entry


def test_what_becomes_of_the_alliance_is_told_where_it_changes() -> None:
    told = traced("expulsion", 8)
    inside = told.history.standing < records.STANDINGS.index("withdrawn")
    taking_part = inside * (1.0 - told.history.of("frozen")) * told.history.of("attended")
    states = [
        cohesion.END_STATES[cohesion.end_state(float(part), float(members), 5.0)]
        for part, members in zip(taking_part.sum(1), inside.sum(1), strict=True)
    ]
    changes = texts(told, "end_state")
    for place, (was, now) in enumerate(pairwise(states), 1):
        month = format_month(told.scenario.start + place)
        text = f"now the alliance is {now}: {cohesion.END_STATE_MEANINGS[now]}"
        assert ((month, text) in changes) == (was != now)
    assert changes
    assert told.end.end_state == states[-1]


def test_the_cohesion_that_is_told_is_the_worlds() -> None:
    told = [(one, *entry) for one in map(traced, SOME) for entry in texts(one, "cohesion")]
    assert told
    for one, month, text in told:
        (now,) = one.history.cohesion[one.history.months == np.datetime64(month)]
        assert month.endswith("-12")
        assert float(text.split(" -> ")[1][:3]) == pytest.approx(now, abs=0.00501)


def test_the_cohesion_of_an_alliance_without_members_is_zero(write_scenario: Writer) -> None:
    events = "".join(
        f"  - {{event: decision, date: 2026-02, member: {code}, decision: expel}}\n"
        for code in load_scenario("baseline").alliance.members
    )
    told = written(write_scenario, f"events:\n{events}")
    assert told.end.cohesion == 0.0
    assert str(told.end).endswith("cohesion .00")
    assert json.loads(json.dumps(told.as_dict(), allow_nan=False))["end"]["cohesion"] == 0.0
    assert timeline(axes(), told).get_ylim() == (0, 1)


def test_a_member_sees_its_own_story_and_the_alliances() -> None:
    told = traced("expulsion", 8)
    others = [entry for entry in told.entries if entry.member not in ("ARM", None)]
    assert [*told.of("ARM"), *others] == sorted(told.entries, key=others.__contains__)
    only = told.only("ARM")
    assert only.entries == told.of("ARM")
    assert [standing.member for standing in (*only.opening, *only.end.standings)] == ["ARM"] * 2
    assert str(only).count("trust ") < str(told).count("trust ")
    assert only.history is told.history


def test_a_trace_is_plain_data_and_shows_itself_in_a_notebook() -> None:
    told = traced("renewed_war")
    data = json.loads(json.dumps(told.as_dict(), allow_nan=False))
    assert data["scenario"] == "renewed_war"
    assert data["entries"][0].keys() == {"month", "member", "kind", "text"}
    assert data["history"]["trust"]["ARM"][-1] == told.end.standings[0].trust
    assert data["history"]["standing"]["ARM"][-1] == data["end"]["standings"][0]["standing"]
    assert data["history"]["months"][-1] == data["end"]["month"] == "2030-12"
    page = told._repr_html_()
    assert page.count("<tr>") == 1 + 5 + len(told.entries) + 1 + 5
    assert "scripted crisis, Armenia appeals: " in page
    assert repr(told).startswith("<foedus.Trace Azerbaijan attacks again (renewed_war), run 17")


# ---------------------------------------------------------------------------------------------
# Side by side


def test_a_scenario_never_parts_from_itself() -> None:
    told = traced("baseline")
    assert parted(told, told) is None
    text = side_by_side(told, traced("baseline"))
    assert text.splitlines()[-1].startswith("---- the worlds never part ---")
    assert "here the worlds part" not in text


def test_worlds_part_in_the_month_in_which_a_lever_starts(write_scenario: Writer) -> None:
    one = traced("baseline", 17, "default")
    spans = "{to: 2027-02, value: 0.3}, {from: 2027-03, value: 0.9}"
    body = f"levers: {{pressure: {{ARM: [{spans}]}}}}\n"
    other = written(write_scenario, body, design="default")
    assert parted(one, other) == "2027-03"
    lines = side_by_side(one, other).splitlines()
    (marker,) = [place for place, line in enumerate(lines) if line.startswith("---- ")]
    assert lines[marker].startswith("---- 2027-03: here the worlds part ---")
    assert "pressure on Armenia: .90" in lines[marker + 1].split(" | ")[1]
    before = [line.split(" | ")[1] for line in lines[4:marker] if " | " in line]
    assert set(before) == {"="}
    assert max(map(len, lines)) <= WIDTH


def test_the_story_says_if_states_part_later_or_never(write_scenario: Writer) -> None:
    one = traced("baseline")
    span = "threat: {BLR: [{from: 2026-03, to: 2026-03, value: 1.01}]}"
    other = written(write_scenario, f"levers: {{{span}}}\n")
    assert parted(one, other) is None
    assert "no state of a member ever differs" in side_by_side(one, other)
    decided = "  - {event: decision, date: 2026-01, member: ARM, decision: freeze, to: 2026-12}\n"
    one = written(write_scenario, f"events:\n{decided}")
    decided += "  - {event: decision, date: 2026-03, to: 2026-11, member: ARM, decision: attend}\n"
    other = written(write_scenario, f"events:\n{decided}", name="other")
    assert parted(one, other) == "2026-11"
    words = "---- 2026-03: here the worlds part; states of members first differ in 2026-11 "
    assert words in side_by_side(one, other)


def test_worlds_that_open_differently_part_at_the_opening(write_scenario: Writer) -> None:
    other = written(write_scenario, "parameters: {ARM.trust: 0.9}\n")
    assert parted(traced("baseline"), other) == "2025-12"
    assert "---- opening: here the worlds part ---" in side_by_side(traced("baseline"), other)


def test_worlds_that_differ_in_nothing_told_say_so(write_scenario: Writer) -> None:
    noise = "parameters: {trust_noise: 0.200000001}\n"
    usual = written(write_scenario, "parameters: {trust_noise: 0.2}\n", design="default")
    other = written(write_scenario, noise, name="other", design="default")
    assert parted(usual, other) == "2026-01"
    last = side_by_side(usual, other).splitlines()[-1]
    assert last.startswith("---- told alike; states of members first differ in 2026-01 ")


def test_what_both_tell_of_the_same_stands_in_one_row() -> None:
    text = side_by_side(traced("baseline"), traced("pressure"))
    assert re.search(r"pressure on Armenia: \.30 +\| pressure on Armenia: \.90", text)
    assert re.search(r"\nend +the alliance is \w+: .*\| the alliance is \w+: ", text)


def test_a_pair_prints_shows_itself_and_is_plain_data() -> None:
    pair = Pair(traced("baseline"), traced("pressure"))
    assert str(pair) == side_by_side(pair.one, pair.other)
    data = json.loads(json.dumps(pair.as_dict(), allow_nan=False))
    assert (data["parted"], data["worlds"][1]["scenario"]) == ("2026-01", "pressure")
    page = pair._repr_html_()
    assert "2026-01: here the worlds part" in page
    assert "Back to hard pressure (pressure)" in page
    assert "Run 17, seed 1992" in page
    assert "baseline" in repr(pair)
    alone = Pair(pair.one.only("KAZ"), pair.other.only("KAZ"))
    assert "Armenia" not in str(alone)
    assert alone.as_dict()["parted"] == "2026-01"


@pytest.mark.parametrize(
    ("what", "other", "remedy"),
    [
        ("runs", lambda one: tell(one.scenario, 18), "same run"),
        ("seeds", lambda one: tell(one.scenario, 17, seed=2), "same seed"),
        ("parameters", lambda one: tell(one.scenario, 17, design="prior"), "same design"),
        ("horizons", lambda one: tell(replace(one.scenario, horizon=59), 17), "same horizon"),
        ("starts", lambda _: traced("history"), "Give both one 'start'"),
        ("members", _without_tajikistan, "Trace them apart"),
    ],
)
def test_worlds_that_are_not_the_same_are_refused_side_by_side(
    what: str, other: Callable[[Trace], Trace], remedy: str
) -> None:
    one = traced("baseline")
    for compare in (side_by_side, parted, Pair):
        with pytest.raises(ResultError, match=rf"their {what} differ \(.* and .*\)\. .*{remedy}"):
            compare(one, other(one))


@pytest.mark.parametrize("run", [-1, 2**32, 1.5, "17", None])
def test_a_run_that_is_none_is_refused(run: Any, baseline: Any) -> None:
    with pytest.raises(ResultError, match="named by its run, a whole number from 0 to"):
        tell(baseline, run)


def test_a_seed_a_design_or_a_scenario_that_is_none_is_refused(baseline: Any) -> None:
    with pytest.raises(ResultError, match="seed"):
        tell(baseline, 1, seed=-1)
    with pytest.raises(ResultError, match="is none of these: 'prior'"):
        tell(baseline, 1, design="guess")
    with pytest.raises(ResultError, match=r"foedus.load_scenario\('pressure'\)"):
        tell("pressure", 1)  # type: ignore[arg-type]


def test_an_unknown_member_is_refused_with_the_nearest() -> None:
    told = traced("baseline")
    with pytest.raises(
        ResultError, match="'ARN' is no member of this alliance; did you mean 'ARM'"
    ):
        told.of("ARN")
    with pytest.raises(ResultError, match="'RUS' is no member"):
        timeline(axes(), told, ["RUS"])


# ---------------------------------------------------------------------------------------------
# The timeline


def test_the_timeline_draws_members_and_signs_each_with_one_label(write_scenario: Writer) -> None:
    told = written(
        write_scenario,
        "events:\n"
        "  - {event: crisis, date: 2026-02, member: KAZ, support: 1}\n"
        "  - {event: crisis, date: 2026-03, member: KAZ, support: 0}\n"
        "  - {event: crisis, date: 2026-03, member: BLR, support: 0}\n"
        "  - {event: decision, date: 2026-04, member: KAZ, decision: freeze, to: 2027-01}\n"
        "  - {event: decision, date: 2026-11, member: KAZ, decision: stay_away}\n"
        "  - {event: decision, date: 2027-02, member: KAZ, decision: expel}\n",
    )
    ax = axes()
    assert timeline(ax, told) is ax
    names = [told.scenario.alliance.names[code] for code in told.scenario.alliance.members]
    shown = labels(ax)
    assert shown[:6] == [*names, "frozen (thin)"]
    assert len(set(shown)) == len(shown)
    assert {HELPED, REFUSED} < set(shown)
    assert {KINDS[kind] for kind in ("missed_summit", "freeze", "expulsion")} < set(shown)
    assert ax.get_ylim() == (0, 1)
    assert ax.get_ylabel() == "Trust in Russia"
    assert ax.get_title(loc="left") == "T, run 17"
    ax.figure.canvas.draw()


def test_the_timeline_draws_chosen_members_only_in_their_own_look() -> None:
    told = traced("pressure")
    everybody, one = timeline(axes(), told), timeline(axes(), told, ["KAZ"])
    assert "Kazakhstan" in labels(one)
    assert "Armenia" not in labels(one)
    looks = [
        next(
            (line.get_color(), line.get_linestyle())
            for line in ax.lines
            if line.get_label() == "Kazakhstan"
        )
        for ax in (everybody, one)
    ]
    assert looks[0] == looks[1]


def test_a_line_ends_where_its_member_leaves(write_scenario: Writer) -> None:
    notice = "events: [{event: decision, date: 2026-03, member: BLR, decision: give_notice}]\n"
    told = written(write_scenario, notice)
    ax = timeline(axes(), told, ["BLR"])
    assert KINDS["withdrawal"] in labels(ax)
    lines = [np.asarray(line.get_ydata(), float) for line in ax.lines]
    drawn = np.array([line for line in lines if line.size])
    (month,) = months_of(told, "BLR", "withdrawal")
    assert np.isnan(drawn[:, month - 1 :]).all()
    assert not np.isnan(drawn[:, month - 2]).all()


def test_a_line_is_thin_while_its_member_is_frozen(write_scenario: Writer) -> None:
    decided = "{event: decision, date: 2026-04, to: 2026-06, member: KAZ, decision: freeze}"
    resumed = "{event: decision, date: 2026-07, to: 2030-12, member: KAZ, decision: resume}"
    told = written(write_scenario, f"events: [{decided}, {resumed}]\n")
    ax = timeline(axes(), told, ["KAZ"])
    thick, thin = (np.asarray(line.get_ydata(), float) for line in ax.lines[:2])
    assert ax.lines[0].get_linewidth() > ax.lines[1].get_linewidth()
    assert np.flatnonzero(np.isnan(thick)).tolist() == [3, 4, 5]
    assert np.flatnonzero(~np.isnan(thin)).tolist() == [2, 3, 4, 5, 6]


def test_signs_of_one_month_do_not_hide_each_other(write_scenario: Writer) -> None:
    told = written(
        write_scenario,
        "events:\n"
        "  - {event: decision, date: 2026-11, member: KAZ, decision: stay_away}\n"
        "  - {event: decision, date: 2026-11, member: KAZ, decision: refuse}\n"
        "  - {event: decision, date: 2026-12, member: KAZ, decision: default}\n",
    )
    ax = timeline(axes(), told, ["KAZ"])
    spots = [tuple(spot) for found in ax.collections for spot in np.asarray(found.get_offsets())]
    heights = [height for _, height in spots]
    assert len(set(heights)) == len(heights) >= 3
