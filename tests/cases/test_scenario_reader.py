from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jsonschema
import pytest
import yaml

from foedus.cases.months import parse_month
from foedus.cases.scenario_format import json_schema
from foedus.cases.scenario_reader import load_scenario
from foedus.cases.shipped import shipped_scenarios
from foedus.cases.writing import new_scenario, show_lines
from foedus.errors import InertScenarioError, ScenarioError

if TYPE_CHECKING:
    from pathlib import Path

ALONE = "foedus: 1\nname: alone\ntitle: T\nstart: 2026-01\n"


def problems(path: str, **options: Any) -> list[str]:
    with pytest.raises(ScenarioError) as caught:
        load_scenario(path, **options)
    return str(caught.value).splitlines()


def one_problem(path: str) -> str:
    (sentence,) = problems(path)
    return sentence


# What is read


def test_a_span_holds_between_its_months_and_ramps_up(write_scenario: Any) -> None:
    path = write_scenario(
        "levers: {pressure: {ARM: [{from: 2026-03, to: 2026-08, value: 0.8, ramp: 4}]}}\n",
        head=ALONE,
    )
    drivers = load_scenario(path).schedule.scripted[0]
    shown = [round(month.pressure, 10) for month in drivers[:10]]
    assert shown == [0.0, 0.0, 0.2, 0.4, 0.6, 0.8, 0.8, 0.8, 0.0, 0.0]


def test_a_ramp_starts_from_the_span_before(write_scenario: Any) -> None:
    body = (
        "levers: {pressure: {ARM: [{to: 2026-02, value: 0.4}, {from: 2026-03, value: 0.8, "
        "ramp: 2}]}}\n"
    )
    drivers = load_scenario(write_scenario(body, head=ALONE)).schedule.scripted[0]
    shown = [round(month.pressure, 10) for month in drivers[:5]]
    assert shown == [0.4, 0.4, 0.6, 0.8, 0.8]


def test_a_ramp_at_the_start_continues_from_the_scenario_extended(write_scenario: Any) -> None:
    body = "levers: {pressure: {ARM: [{value: 0.9, ramp: 6}]}}\n"
    months = load_scenario(write_scenario(body)).schedule.scripted[0]
    shown = [round(month.pressure, 10) for month in months[:7]]
    assert shown == [0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.9]
    body = "levers: {pressure: {ARM: [{value: 0.9, ramp: 6, ramp_from: 0}]}}\n"
    months = load_scenario(write_scenario(body, name="other")).schedule.scripted[0]
    assert round(months[0].pressure, 10) == 0.15


def test_outreach_steps_up_from_where_the_baseline_leaves_it() -> None:
    baseline, reached = load_scenario("baseline"), load_scenario("western_outreach")
    for power, paths in reached.schedule.outreach.items():
        before = baseline.schedule.outreach[power][0][0]
        assert all(value >= before for value in paths[0])


def test_a_list_of_members_and_all_address_several_and_a_name_goes_before_all(
    write_scenario: Any,
) -> None:
    body = """levers:
  pressure:
    all: [{value: 0.1}]
    [ARM, KAZ]: [{value: 0.5}]
"""
    schedule = load_scenario(write_scenario(body, head=ALONE)).schedule
    assert [member[0].pressure for member in schedule.scripted] == [0.5, 0.1, 0.5, 0.1, 0.1]


def test_dependence_is_the_members_own_until_a_span_sets_a_path(write_scenario: Any) -> None:
    body = "levers: {dependence: {ARM: [{from: 2026-03, value: 0.6, ramp: 2}]}}\n"
    months = load_scenario(write_scenario(body, head=ALONE)).schedule.scripted[0]
    paths = [(m.dependence_keep, m.dependence_set) for m in months[:5]]
    assert paths == [(1.0, 0.0), (1.0, 0.0), (0.5, 0.3), (0.0, 0.6), (0.0, 0.6)]


def test_a_child_replaces_what_it_sets_and_keeps_the_rest(write_scenario: Any) -> None:
    path = write_scenario("levers: {pressure: {ARM: [{value: 0.7}]}}\n")
    child, parent = load_scenario(path), load_scenario("baseline")
    assert child.spans(("pressure", None, "ARM"))[0].value == 0.7
    assert child.levers["restraint", None, "ARM"] == parent.levers["restraint", None, "ARM"]
    assert child.lineage == ("mine", "baseline")
    assert child.parent == parent


def test_events_become_drivers_of_their_month(write_scenario: Any) -> None:
    body = """events:
  - {event: crisis, date: 2026-02, member: ARM, support: 0.5}
  - {event: crisis, date: 2026-03, member: ARM}
  - {event: confrontation, date: 2026-04, member: ARM, severity: 0.6, months: 2}
  - {event: domestic_change, date: 2026-05, member: ARM, change: -0.2}
  - {event: domestic_change, date: 2026-05, member: ARM, change: -0.1}
  - {event: statement, date: 2026-06, member: ARM, tone: -0.9}
  - {event: statement, date: 2026-07, member: ARM, tone: 0.4}
  - {event: decision, date: 2026-11, member: ARM, decision: attend}
  - {event: decision, date: 2026-01, to: 2026-03, member: ARM, decision: remain}
  - {event: decision, date: 2026-04, member: ARM, decision: new_government}
  - {event: decision, date: 2026-05, member: ARM, decision: same_government}
  - {event: clash, date: 2026-08, member: BLR, rival: ARM}
"""
    months = load_scenario(write_scenario(body, head=ALONE)).schedule.scripted[0]
    assert (months[1].crisis_scripted, months[1].support_scripted) == (1.0, 0.5)
    assert (months[2].crisis_scripted, months[2].support_scripted) == (1.0, -1.0)
    assert [m.confrontation for m in months[2:6]] == [0.0, 0.6, 0.6, 0.0]
    assert months[4].affinity_change == pytest.approx(-0.3)
    assert (months[5].pressure, months[6].restraint) == (0.9, 0.4)
    assert (months[10].forced_attend, months[9].forced_attend) == (1.0, -1.0)
    assert [m.forced_exit for m in months[:4]] == [0.0, 0.0, 0.0, -1.0]
    assert [m.forced_government for m in months[2:6]] == [-1.0, 1.0, 0.0, -1.0]


def test_a_scripted_clash_befalls_the_two_sides_in_its_month_and_nobody_else(
    write_scenario: Any,
) -> None:
    body = "events: [{event: clash, date: 2026-03, member: ARM, rival: KAZ}]\n"
    scripted = load_scenario(write_scenario(body, head=ALONE)).schedule.scripted
    found = {
        (code, index)
        for code, months in zip(("ARM", "BLR", "KAZ", "KGZ", "TJK"), scripted, strict=True)
        for index, month in enumerate(months)
        if month.clash_scripted
    }
    assert found == {("ARM", 2), ("KAZ", 2)}
    assert not any(month.crisis_scripted for months in scripted for month in months)


def test_summits_and_dues_fall_in_their_months() -> None:
    months = load_scenario("baseline").schedule.scripted[0]
    assert [i for i, m in enumerate(months[:24]) if m.summit] == [10, 22]
    assert [i for i, m in enumerate(months[:24]) if m.dues] == [11, 23]


def test_the_state_of_2018_serves_scenarios_that_start_after_it(write_scenario: Any) -> None:
    head = ALONE.replace("2026-01", "2018-02")
    scenario = load_scenario(write_scenario("levers: {threat: {ARM: [{value: 2}]}}\n", head=head))
    assert scenario.alliance.date == parse_month("2018-01")
    assert scenario.alliance.value("ARM.trust") == 0.8


@pytest.mark.parametrize("name", list(shipped_scenarios()))
def test_a_resolved_scenario_loads_again_to_the_same_inputs(name: str, tmp_path: Path) -> None:
    scenario = load_scenario(name, settings=["trust_loss=0.123456789", "ARM.trust=0.4"])
    path = tmp_path / f"{name}.yaml"
    path.write_text(yaml.safe_dump(scenario.resolved()), encoding="utf-8")
    assert load_scenario(path).fingerprint == scenario.fingerprint
    path.write_text("\n".join(show_lines(scenario)), encoding="utf-8")
    assert load_scenario(path).fingerprint == scenario.fingerprint


def test_events_and_levers_between_two_members_survive_being_written_and_read_again(
    write_scenario: Any, tmp_path: Path
) -> None:
    body = """levers: {normalisation: {TJK: {KGZ: [{from: 2026-06, value: 0.5, ramp: 6}]}}}
events:
  - {event: clash, date: 2026-03, member: KGZ, rival: TJK, source: A test.}
  - {event: decision, date: 2026-04, to: 2027-04, member: KGZ, decision: same_government}
parameters: {KGZ.dispute.TJK: 0.9, ARM.election.2026-06: 0.5, BLR.tenure: 3, clash_rate: 1}
"""
    scenario = load_scenario(write_scenario(body))
    assert scenario.alliance.disputes == {("KGZ", "TJK"): 0.9}
    path = tmp_path / "again.yaml"
    path.write_text(yaml.safe_dump(scenario.resolved()), encoding="utf-8")
    assert load_scenario(path).fingerprint == scenario.fingerprint
    path.write_text("\n".join(show_lines(scenario)), encoding="utf-8")
    assert load_scenario(path).fingerprint == scenario.fingerprint


def test_a_new_file_shows_how_to_script_a_clash_and_loads_with_it(tmp_path: Path) -> None:
    text = new_scenario("mine", "baseline", tmp_path)
    (line,) = (line for line in text.splitlines() if "event: clash" in line)
    assert "new_government" in text
    assert "same_government" in text
    path = tmp_path / "mine.yaml"
    path.write_text(f"{text}\nevents:\n{line.removeprefix('#')}\n", encoding="utf-8")
    (item,) = load_scenario(path).script[-1:]
    assert (item.event.event, item.event.member) == ("clash", "ARM")


# What is refused


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ("horizn: 3\n", ":5: horizn: There is no key 'horizn' here; did you mean 'horizon'?"),
        ("horizon: 0\n", ":5: horizon: This should be greater than or equal to 1, not 0."),
        ("horizon: 120000\n", "less than or equal to 600, not 120000."),
        ("horizon: 1.5\n", "horizon: This must be a whole number, not 1.5."),
        ("horizon: true\n", "horizon: This must be a whole number, not True."),
        ("policy: firm\n", "choose 'fixed', 'adaptive' or 'accounting'."),
        ("start: 2026-13\n", "must be a month written YYYY-MM, such as 2026-01, not '2026-13'."),
        ("alliance: csto\n", "The alliance is that of the scenario extended"),
        ("levers: 3\n", "levers: This must be a mapping of keys, not 3."),
        ("levers: {pressure: 3}\n", "levers.pressure: This must be a mapping of keys, not 3."),
        ("levers: {presure: {}}\n", "no key 'presure' here; did you mean 'pressure'?"),
        ("levers: {pressure: {ARX: []}}\n", "ARX is no client of this alliance; did you mean"),
        ("levers: {pressure: {RUS: []}}\n", "RUS is the patron; name a client"),
        ("levers: {pressure: {arm: []}}\n", "did you mean 'ARM'?"),
        ("levers: {outreach: {EUU: {ARM: []}}}\n", "EUU is no partner of this alliance"),
        ("levers: {outreach: {AZE: {ARM: []}}}\n", "AZE is no partner"),
        ("levers: {normalisation: {EU: {ARM: []}}}\n", "EU is no adversary"),
        ("levers: {bandwidth: {RUS: []}}\n", "levers.bandwidth: This must be a list"),
        ("levers: {pressure: {ARM: [{value: 1.2}]}}\n", "less than or equal to 1, not 1.2."),
        (
            "levers: {pressure: {ARM: [{value: 90}]}}\n",
            "equal to 1, not 90. If 90 per cent is meant, write 0.9.",
        ),
        ("levers: {pressure: {ARM: [{value: 90 %}]}}\n", "not '90 %'; write 0.9."),
        ("levers:\n  pressure:\n    ARM:\n    - value: 0,9\n", "not '0,9'; write 0.9."),
        (
            "levers: {pressure: {ARM: [{value: 0,9, from: 2027-01}]}}\n",
            ".9: A decimal number has a point and no comma; write value: 0.9.",
        ),
        (
            "levers: {pressure: {ARM: [{value: 1, ramp: 6, ramp_from: 0,25}]}}\n",
            "A decimal number has a point and no comma; write ramp_from: 0.25.",
        ),
        ("parameters: {trust_loss: 0,7}\n", "no comma; write trust_loss: 0.7."),
        ("parameters: {ARM.trust: 50}\n", "(share). If 50 per cent is meant, write 0.5."),
        ("levers: {pressure: {ARM: [{value: -1}]}}\n", "greater than or equal to 0, not -1."),
        ("levers: {pressure: {ARM: [{value: .nan}]}}\n", "nan is not a finite number"),
        ("levers: {pressure: {ARM: [{value: .inf}]}}\n", "not a finite number"),
        ("levers: {pressure: {ARM: [{value: high}]}}\n", "must be a number, not 'high'."),
        ("levers: {pressure: {ARM: [{value: true}]}}\n", "must be a number, not True."),
        ("levers: {pressure: {ARM: [{}]}}\n", "The key 'value' is missing; add it."),
        ("levers: {pressure: {ARM: 0.5}}\n", "a list of spans such as [{value: 0.5}], not 0.5."),
        ("levers: {pressure: {ARM: [{value: 1, rampp: 2}]}}\n", "did you mean 'ramp'?"),
        ("levers: {pressure: {ARM: [{value: 1, from: 2025-01}]}}\n", "2025-01 lies outside"),
        ("levers: {pressure: {ARM: [{value: 1, to: 2031-01}]}}\n", "2031-01 lies outside"),
        (
            "levers: {pressure: {ARM: [{value: 1, from: 2027-01, to: 2026-01}]}}\n",
            "ends before it begins",
        ),
        (
            "levers: {pressure: {ARM: [{value: 1, to: 2026-02, ramp: 3}]}}\n",
            "The ramp is longer than the span of 2 months.",
        ),
        (
            "levers: {pressure: {ARM: [{value: 1, to: 2026-05}, {value: 0, from: 2026-05}]}}\n",
            "overlaps that of 2026-01 to 2026-05",
        ),
        ("levers: {pressure: {[ARM, KAZ]: [], ARM: []}}\n", "ARM is addressed twice"),
        ("events: [{event: crisis, date: 2026-01}]\n", "The key 'member' is missing"),
        (
            "events: [{event: crysis, date: 2026-01}]\n",
            "must be one of 'crisis', 'clash', 'confront",
        ),
        ("events: [{date: 2026-01}]\n", "The key 'event' must be one of 'crisis'"),
        ("events: [crisis]\n", "events[0]"),
        (
            "events: [{event: crisis, date: 2026-01, member: GEO}]\n",
            "GEO is no client of this alliance",
        ),
        ("events: [{event: crisis, date: 2031-01, member: ARM}]\n", "2031-01 lies outside"),
        ("events: [{event: crisis, date: 2026-01, member: ARM, suport: 1}]\n", "'support'?"),
        (
            "events: [{event: decision, date: 2026-10, member: ARM, decision: attend}]\n",
            "'attend' falls in no month with a summit: that is 11.",
        ),
        (
            "events: [{event: decision, date: 2026-10, member: ARM, decision: atend}]\n",
            "choose 'attend', 'stay_away'",
        ),
        (
            "events:\n  - {event: crisis, date: 2026-02, member: ARM, support: 1}\n"
            "  - {event: crisis, date: 2026-02, member: ARM, support: 0}\n",
            "The crisis of ARM in 2026-02 is already scripted",
        ),
        (
            "events:\n  - {event: decision, date: 2026-02, to: 2026-04, member: ARM, "
            "decision: freeze}\n  - {event: decision, date: 2026-03, member: ARM, "
            "decision: resume}\n",
            "The freeze of ARM in 2026-03 is already scripted",
        ),
        (
            "events: [{event: clash, date: 2026-02, member: KGZ}]\n",
            "The key 'rival' is missing; add it.",
        ),
        (
            "events: [{event: clash, date: 2026-02, member: KGZ, rival: UZB}]\n",
            ":5: events[0].rival: UZB is no client of this alliance",
        ),
        (
            "events: [{event: clash, date: 2026-02, member: KGZ, rival: RUS}]\n",
            "RUS is the patron; name a client",
        ),
        (
            "events: [{event: clash, date: 2026-02, member: KGZ, rival: KGZ}]\n",
            ":5: events[0].rival: KGZ cannot fight itself; name another.",
        ),
        (
            "events:\n  - {event: clash, date: 2026-02, member: KGZ, rival: TJK}\n"
            "  - {event: clash, date: 2026-02, member: TJK, rival: KGZ}\n",
            ":7: events: The clash of TJK in 2026-02 is already scripted",
        ),
        (
            "events:\n  - {event: clash, date: 2026-02, member: KGZ, rival: TJK}\n"
            "  - {event: clash, date: 2026-02, member: KAZ, rival: TJK}\n",
            ":7: events: The clash of TJK in 2026-02 is already scripted",
        ),
        (
            "events:\n  - {event: decision, date: 2026-02, to: 2026-04, member: ARM, "
            "decision: same_government}\n  - {event: decision, date: 2026-03, member: ARM, "
            "decision: new_government}\n",
            "The government of ARM in 2026-03 is already scripted",
        ),
        ("levers: {normalisation: {KAZ: {ARM: []}}}\n", "KAZ is no adversary of this alliance"),
        ("parameters: {KGZ.dispute.TJK: 2}\n", "2 is out of bounds; how open a dispute"),
        ("parameters: {TJK.dispute.KGZ: 0}\n", "did you mean 'KGZ.dispute.TJK'?"),
        ("parameters: {ARM.election.2026-06: 2}\n", "2 is out of bounds; chance that an elect"),
        ("parameters: {trust_los: 1}\n", "no parameter 'trust_los'; did you mean 'trust_loss'?"),
        ("parameters: {trust_loss: 2}\n", "2 is out of bounds; trust lost by help below"),
        ("parameters: {ARM.trust: -1}\n", "-1 is out of bounds; trust in the patron"),
        ("parameters: {ARM.truts: 0.5}\n", "did you mean 'ARM.trust'?"),
        ("parameters: {ARM.attention.KAZ: 0.5}\n", "Attention is a row that sums to 1"),
        ("parameters: {ARM.participation: 0.5}\n", "give 0 or 1."),
        ("cohesion: {weights: {trst: 1}}\n", "did you mean 'trust'?"),
        (
            "cohesion: {weights: {participation: 0, burden_sharing: 0, trust: 0, credibility: 0, "
            "unity: 0, membership: 0}}\n",
            "At least one weight must be above 0.",
        ),
        ("extends: baseline\n", "The key stands twice (first on line 4)"),
        ("sources: {a: b}\n", "sources"),
    ],
)
def test_bad_input_is_refused_with_file_line_key_and_remedy(
    body: str, sentence: str, write_scenario: Any
) -> None:
    path = write_scenario(body)
    shown = "\n".join(problems(path))
    assert sentence in shown
    assert shown.startswith(f"{path}:")


def test_all_problems_of_a_file_are_reported_at_once(write_scenario: Any) -> None:
    body = """horizn: 3
levers:
  pressure: {ARX: [{value: 2}]}
  outreach: {EUU: {}}
events: [{event: crisis, date: 2040-01, member: ARM}]
parameters: {trust_los: 1}
"""
    shown = problems(write_scenario(body))
    assert len(shown) == 6
    assert [int(line.split(":")[1]) for line in shown] == [5, 7, 7, 8, 9, 10]


def test_a_scenario_alone_needs_a_start(write_scenario: Any) -> None:
    path = write_scenario("levers: {threat: {ARM: [{value: 2}]}}\n", head=ALONE[:-15])
    assert "The key 'start' is missing" in "\n".join(problems(path))


def test_a_start_without_a_dated_state_is_refused(write_scenario: Any) -> None:
    path = write_scenario("", head=ALONE.replace("2026-01", "2023-01"))
    sentence = one_problem(path)
    assert "there are states for 2001-12, 2018-01, 2025-12" in sentence
    assert sentence.startswith(f"{path}:4: start:")


def test_circular_inheritance_is_refused_with_the_circle(tmp_path: Path) -> None:
    for name, other in (("a", "b"), ("b", "a")):
        (tmp_path / f"{name}.yaml").write_text(
            f"foedus: 1\nname: {name}\ntitle: T\nextends: ./{other}.yaml\n"
        )
    assert "in a circle: a extends b extends a." in one_problem(str(tmp_path / "a.yaml"))


def test_a_chain_that_is_too_long_is_refused(tmp_path: Path) -> None:
    for i in range(20):
        parent = "baseline" if i == 0 else f"./s{i - 1}.yaml"
        (tmp_path / f"s{i}.yaml").write_text(
            f"foedus: 1\nname: s{i}\ntitle: T\nextends: {parent}\n"
            f"levers: {{pressure: {{ARM: [{{value: {0.01 * i + 0.01:.2f}}}]}}}}\n"
        )
    assert load_scenario(tmp_path / "s10.yaml").lineage[-1] == "baseline"
    assert "More than 16 scenarios" in one_problem(str(tmp_path / "s19.yaml"))


def test_problems_of_a_parent_name_the_parents_file(tmp_path: Path) -> None:
    (tmp_path / "p.yaml").write_text("foedus: 1\nname: p\ntitle: T\nextends: baseline\nx: 1\n")
    (tmp_path / "c.yaml").write_text("foedus: 1\nname: c\ntitle: T\nextends: ./p.yaml\ny: 1\n")
    shown = problems(str(tmp_path / "c.yaml"))
    assert any("p.yaml:5" in line for line in shown)
    assert any("c.yaml:5" in line for line in shown)


def test_a_misspelt_shipped_name_is_refused_with_the_nearest() -> None:
    assert "did you mean 'pressure'?" in one_problem("presure")


@pytest.mark.parametrize("horizon", [0, -1, 601, 120_000])
def test_a_horizon_out_of_range_is_refused(horizon: int) -> None:
    with pytest.raises(ScenarioError, match="A horizon goes from 1 to 600 months"):
        load_scenario("baseline", horizon=horizon)


def test_a_shorter_horizon_cuts_inherited_spans() -> None:
    scenario = load_scenario("renewed_war", horizon=3)
    assert len(scenario.schedule.months) == 3
    assert all(len(member) == 3 for member in scenario.schedule.scripted)


# Scenarios without effect


def test_a_scenario_equal_to_its_parent_is_refused_and_names_its_inert_lines(
    write_scenario: Any,
) -> None:
    path = write_scenario(
        "policy: fixed\nlevers:\n  pressure: {ARM: [{value: 0.3}]}\n  threat: {KAZ: [{value: 1}]}\n"
    )
    with pytest.raises(InertScenarioError) as caught:
        load_scenario(path)
    shown = str(caught.value)
    assert "equals 'baseline', which it extends" in shown
    assert f"{path}:7: levers.pressure.ARM" in shown
    assert f"{path}:8: levers.threat.KAZ" in shown
    assert f"{path}:5: policy" in shown
    assert load_scenario(path, allow_inert=True).name == "mine"


def test_a_scenario_equal_to_the_bare_alliance_is_refused(write_scenario: Any) -> None:
    with pytest.raises(InertScenarioError, match="equals the bare alliance"):
        load_scenario(write_scenario("levers: {pressure: {ARM: [{value: 0}]}}\n", head=ALONE))


def test_a_scenario_that_sets_nothing_is_a_control_and_one_that_extends_it_is_not(
    write_scenario: Any,
) -> None:
    control = load_scenario(write_scenario("", head=ALONE, name="control"))
    assert control.fingerprint == load_scenario("null", horizon=control.horizon).fingerprint
    with pytest.raises(InertScenarioError, match="equals 'null', which it extends"):
        load_scenario(write_scenario("policy: fixed\n", head=ALONE + 'extends: "null"\n'))


@pytest.mark.parametrize("name", ["null", "true", "off"])
def test_a_new_file_quotes_names_that_yaml_reads_as_something_else(
    name: str, tmp_path: Path
) -> None:
    path = tmp_path / f"{name}x.yaml"
    text = new_scenario(f"{name}_mine", "null", tmp_path)
    path.write_text(text.replace(f"name: {name}_mine", f'name: "{name}"'), encoding="utf-8")
    loaded = load_scenario(path)
    assert loaded.lineage == (name, "null")
    path.write_text("\n".join(show_lines(loaded)), encoding="utf-8")
    assert load_scenario(path).name == name


# The schema


@pytest.mark.parametrize("name", list(shipped_scenarios()))
def test_shipped_scenarios_satisfy_the_json_schema(name: str) -> None:
    schema = json_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    content = yaml.safe_load(shipped_scenarios()[name].read_text(encoding="utf-8"))
    jsonschema.validate(content, schema)


def test_the_schema_refuses_what_the_reader_refuses() -> None:
    schema = json_schema()
    good = {"foedus": 1, "name": "a", "title": "T", "extends": "baseline"}
    jsonschema.validate(good, schema)
    clash = {"event": "clash", "date": "2026-02", "member": "KGZ", "rival": "TJK"}
    normal = {"levers": {"normalisation": {"TJK": {"KGZ": [{"value": 1}]}}}}
    jsonschema.validate({**good, **normal, "events": [clash]}, schema)
    del clash["rival"]
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**good, "events": [clash]}, schema)
    for bad in ({"horizn": 3}, {"horizon": 0}, {"levers": {"pressure": {"ARM": [{"value": 2}]}}}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate({**good, **bad}, schema)


def test_open_spans_follow_the_horizon_and_ramps_keep_their_pace(write_scenario: Any) -> None:
    path = write_scenario(
        "levers: {pressure: {ARM: [{value: 0.8, ramp: 8}]}, threat: {ARM: [{to: 2026-06, "
        "value: 2}]}}\n",
        head=ALONE,
    )
    longer, shorter = load_scenario(path, horizon=90), load_scenario(path, horizon=4)
    assert longer.schedule.scripted[0][89].pressure == 0.8
    assert [m.threat for m in longer.schedule.scripted[0][4:8]] == [2.0, 2.0, 1.0, 1.0]
    assert [m.pressure for m in shorter.schedule.scripted[0]] == [
        m.pressure for m in longer.schedule.scripted[0][:4]
    ]


def test_a_resolved_scenario_with_a_shorter_horizon_loads_again(tmp_path: Path) -> None:
    for name in ("renewed_war", "carrot_and_stick", "trade_leverage"):
        scenario = load_scenario(name, horizon=13)
        path = tmp_path / f"{name}.yaml"
        path.write_text(yaml.safe_dump(scenario.resolved()), encoding="utf-8")
        assert load_scenario(path).fingerprint == scenario.fingerprint
        path.write_text("\n".join(show_lines(scenario)), encoding="utf-8")
        assert load_scenario(path).fingerprint == scenario.fingerprint


def test_a_later_start_keeps_what_still_applies(write_scenario: Any) -> None:
    scenario = load_scenario(write_scenario("start: 2026-12\nhorizon: 24\n", name="late"))
    assert scenario.schedule.months[0] == parse_month("2026-12")
    assert {m.restraint for m in scenario.schedule.scripted[0]} == {0.6}
