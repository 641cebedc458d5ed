"""Spans that lie over the path of the scenario extended, and how they are written down again."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from foedus.cases.months import format_month
from foedus.cases.scenario_format import json_schema
from foedus.cases.scenario_reader import load_scenario
from foedus.cases.writing import show_lines
from foedus.errors import ScenarioError
from foedus.outcomes.telling import tell

if TYPE_CHECKING:
    from pathlib import Path

HORIZON = 24
ALONE = f"foedus: 1\nname: alone\ntitle: T\nstart: 2026-01\nhorizon: {HORIZON}\n"


def pressure(scenario: Any, member: str = "ARM") -> list[float]:
    place = scenario.alliance.members.index(member)
    return [round(month.pressure, 10) for month in scenario.schedule.scripted[place]]


def outcome_of_writing(scenario: Any, path: Path) -> list[Any]:
    """Read a scenario back from its resolved form and from what ``foedus show`` prints."""
    found = []
    for text in (yaml.safe_dump(scenario.resolved()), "\n".join(show_lines(scenario))):
        path.write_text(text, encoding="utf-8")
        found.append(load_scenario(path))
    return found


# Over what is inherited


def test_outside_its_spans_a_child_has_the_path_of_the_scenario_that_it_extends(
    write_scenario: Any,
) -> None:
    body = "levers: {pressure: {ARM: [{from: 2027-01, to: 2027-12, value: 0.8}]}}\n"
    months = pressure(load_scenario(write_scenario(body)))
    assert months == [0.3] * 12 + [0.8] * 12 + [0.3] * 36


def test_a_ramp_begins_at_the_inherited_value_of_the_month_before(write_scenario: Any) -> None:
    body = "levers: {pressure: {ARM: [{from: 2026-03, value: 0.9, ramp: 3}]}}\n"
    assert pressure(load_scenario(write_scenario(body)))[:6] == [0.3, 0.3, 0.5, 0.7, 0.9, 0.9]


def test_a_span_for_all_months_replaces_the_whole_path(write_scenario: Any) -> None:
    body = "levers: {pressure: {ARM: [{value: 0.1}]}}\n"
    scenario = load_scenario(write_scenario(body))
    assert set(pressure(scenario)) == {0.1}
    assert len(scenario.spans(("pressure", None, "ARM"))) == 1


def test_spans_of_several_generations_lie_over_one_another(
    write_scenario: Any, tmp_path: Path
) -> None:
    parent = write_scenario(
        "levers: {pressure: {ARM: [{from: 2026-03, to: 2026-08, value: 0.8}]}}\n", name="parent"
    )
    child = write_scenario(
        "levers: {pressure: {ARM: [{from: 2026-05, to: 2026-06, value: 0}]}}\n",
        name="child",
        head=f"foedus: 1\nname: child\ntitle: T\nextends: {parent}\n",
    )
    scenario = load_scenario(child)
    assert pressure(scenario)[:10] == [0.3, 0.3, 0.8, 0.8, 0, 0, 0.8, 0.8, 0.3, 0.3]
    shown = [line.split("# ")[1] for line in show_lines(scenario) if "{from: 2026-0" in line]
    of_pressure = [where for where in shown if "baseline" not in where]
    assert of_pressure == ["parent.yaml:5", "child.yaml:5", "parent.yaml:5"]
    for read in outcome_of_writing(scenario, tmp_path / "again.yaml"):
        assert read.fingerprint == scenario.fingerprint


def test_what_is_set_for_one_member_lies_over_what_is_set_for_all(write_scenario: Any) -> None:
    body = """levers:
  pressure:
    all: [{value: 0.2}]
    ARM: [{from: 2026-03, to: 2026-04, value: 0.9}]
"""
    scenario = load_scenario(write_scenario(body, head=ALONE))
    assert pressure(scenario)[:6] == [0.2, 0.2, 0.9, 0.9, 0.2, 0.2]
    assert set(pressure(scenario, "KAZ")) == {0.2}


def test_levers_of_powers_and_of_the_patron_lie_over_the_inherited_path_too(
    write_scenario: Any,
) -> None:
    body = """levers:
  outreach: {EU: {ARM: [{from: 2026-07, value: 0.9}]}}
  normalisation: {AZE: {ARM: [{from: 2026-07, value: 1}]}}
"""
    schedule = load_scenario(write_scenario(body)).schedule
    assert schedule.outreach["EU"][0][5:7] == (0.5, 0.9)
    assert schedule.normalisation["AZE"][0][5:7] == (0.4, 1.0)
    parent = write_scenario("levers: {bandwidth: [{value: 0.8}]}\n", name="parent")
    child = write_scenario(
        "levers: {bandwidth: [{from: 2026-07, value: 0.2}]}\n",
        name="child",
        head=f"foedus: 1\nname: child\ntitle: T\nextends: {parent}\n",
    )
    months = load_scenario(child).schedule.scripted[0]
    assert [month.bandwidth for month in months[5:7]] == [0.8, 0.2]


def test_the_parents_value_stands_beyond_the_childs_last_month_when_the_horizon_grows(
    write_scenario: Any,
) -> None:
    body = "levers: {pressure: {ARM: [{from: 2026-02, to: 2026-12, value: 0.8}]}}\n"
    path = write_scenario("horizon: 12\n" + body)
    assert pressure(load_scenario(path, horizon=14))[-4:] == [0.8, 0.8, 0.3, 0.3]


# clear


def test_after_clear_a_lever_has_its_default_outside_the_spans(write_scenario: Any) -> None:
    body = "levers: {pressure: {ARM: [clear, {from: 2027-01, to: 2027-12, value: 0.8}]}}\n"
    months = pressure(load_scenario(write_scenario(body)))
    assert months == [0.0] * 12 + [0.8] * 12 + [0.0] * 36


def test_clear_alone_takes_a_lever_away_and_what_is_shown_reads_back(
    write_scenario: Any, tmp_path: Path
) -> None:
    path = write_scenario("levers:\n  pressure:\n    ARM: [clear]\n")
    scenario = load_scenario(path)
    assert set(pressure(scenario)) == {0.0}
    (line,) = [line for line in show_lines(scenario) if "ARM: []" in line]
    assert line.endswith("# mine.yaml:7")
    for read in outcome_of_writing(scenario, tmp_path / "again.yaml"):
        assert read.fingerprint == scenario.fingerprint


def test_a_ramp_after_clear_still_begins_where_the_scenario_extended_begins(
    write_scenario: Any,
) -> None:
    body = "levers: {pressure: {ARM: [clear, {to: 2026-06, value: 0.9, ramp: 6}]}}\n"
    months = pressure(load_scenario(write_scenario(body)))
    assert months[:8] == [0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.0, 0.0]


@pytest.mark.parametrize(
    ("spans", "sentence"),
    [
        ("pressure: {ARM: []}", "write [clear] to take away what is inherited"),
        ("pressure: {KAZ: [clear]}", "There is nothing to clear"),
        ("pressure: {ARM: [{value: 0.5}, clear]}", "pressure.ARM[1]: The word 'clear' stands"),
        ("pressure: {ARM: [clear, clear]}", "pressure.ARM[1]: The word 'clear' stands first"),
        ("pressure: {ARM: [claer]}", "'claer' is not allowed; choose 'clear'"),
        ("pressure: {ARM: [clear, {value: 2}]}", "pressure.ARM[1].value: This should be less"),
        ("pressure: {ARM: [clear, {valu: 2}]}", "no key 'valu' here; did you mean 'value'?"),
        ("pressure: {ARM: 0.5}", "a list of spans such as [{value: 0.5}]"),
    ],
)
def test_what_takes_nothing_away_or_is_no_span_is_refused(
    spans: str, sentence: str, write_scenario: Any
) -> None:
    path = write_scenario(f"levers:\n  {spans}\n")
    with pytest.raises(ScenarioError) as caught:
        load_scenario(path)
    assert sentence in str(caught.value)
    assert str(caught.value).startswith(f"{path}:6: levers.pressure.")


def test_the_json_schema_knows_clear_and_over() -> None:
    def errors(spans: list[Any]) -> list[Any]:
        document = {"foedus": 1, "name": "a", "title": "T", "levers": {"pressure": {"ARM": spans}}}
        return list(jsonschema.Draft202012Validator(json_schema()).iter_errors(document))

    assert not errors(["clear", {"value": 0.5}, {"from": "2027-01", "value": 0.1, "over": True}])
    assert errors(["claer"])
    assert errors([{"value": 0.5, "over": 1}])


# Written down again


def test_a_ramp_that_is_covered_in_part_goes_on_where_it_would_be(
    write_scenario: Any, tmp_path: Path
) -> None:
    parent = write_scenario("levers: {dependence: {ARM: [{value: 0.45, ramp: 36}]}}\n", name="slow")
    child = write_scenario(
        "levers: {dependence: {ARM: [{from: 2027-01, to: 2027-03, value: 0.9}]}}\n",
        name="child",
        head=f"foedus: 1\nname: child\ntitle: T\nextends: {parent}\n",
    )
    before, scenario = load_scenario(parent), load_scenario(child)
    one, two = before.schedule.scripted[0], scenario.schedule.scripted[0]
    assert [a.dependence_set == b.dependence_set for a, b in zip(one, two, strict=True)] == [
        not 12 <= month < 15 for month in range(60)
    ]
    assert any("over: true" in line for line in show_lines(scenario))
    for read in outcome_of_writing(scenario, tmp_path / "again.yaml"):
        assert read.fingerprint == scenario.fingerprint
    world = str(tell(replace(scenario, horizon=20), run=0))
    assert "back to .45 (reached over 36 months)" in world


months = st.integers(0, HORIZON - 1)
values = st.sampled_from([0.0, 0.1, 0.25, 0.3, 0.7, 1.0])


@st.composite
def layers(draw: Any) -> list[dict[str, Any]]:
    """Draw the spans of one scenario: in order of time, none over another."""
    cuts = sorted(draw(st.sets(months, min_size=2, max_size=6)))
    found = []
    for first, after in zip(cuts[::2], cuts[1::2], strict=False):
        length = after - first
        span: dict[str, Any] = {"value": draw(values)}
        if first or draw(st.booleans()):
            span["from"] = format_month(2026 * 12 + first)
        if after < HORIZON - 1 or draw(st.booleans()):
            span["to"] = format_month(2026 * 12 + after - 1)
        span["ramp"] = draw(st.integers(0, length))
        if draw(st.booleans()):
            span["ramp_from"] = draw(values)
        found.append(span)
    return found


@given(
    lever=st.sampled_from(["pressure", "dependence"]),
    family=st.lists(layers(), min_size=2, max_size=4),
)
def test_laws_of_spans_over_spans(
    lever: str, family: list[list[dict[str, Any]]], tmp_path_factory: Any
) -> None:
    """Outside its own spans each heir equals the one before, and what is written reads back."""
    directory = tmp_path_factory.mktemp("heirs")
    fields = (lever,) if lever == "pressure" else ("dependence_keep", "dependence_set")
    inherited: list[tuple[float, ...]] | None = None
    for place, spans in enumerate(family):
        content: dict[str, Any] = {"foedus": 1, "name": f"heir_{place}", "title": "T"}
        first = {"start": "2026-01", "horizon": HORIZON}
        content |= {"extends": f"./heir_{place - 1}.yaml"} if place else first
        content["levers"] = {lever: {"ARM": spans}}
        path = directory / f"heir_{place}.yaml"
        path.write_text(yaml.safe_dump(content), encoding="utf-8")
        scenario = load_scenario(path, allow_inert=True)
        drivers = scenario.schedule.scripted[0]
        own = [tuple(getattr(month, field) for field in fields) for month in drivers]
        covered = {
            month
            for span in scenario.levers[lever, None, "ARM"][-len(spans) :]
            for month in range(
                0 if span.first is None else span.first - scenario.start,
                HORIZON if span.last is None else span.last - scenario.start + 1,
            )
        }
        for month in range(HORIZON):
            if inherited is not None and month not in covered:
                assert own[month] == inherited[month]
        for read in outcome_of_writing(scenario, directory / "again.yaml"):
            assert read.fingerprint == scenario.fingerprint
        marked = [span.over for span in scenario.spans((lever, None, "ARM"))]
        has_ramps = any(span.get("ramp", 0) > 1 for layer in family for span in layer)
        assert has_ramps or not any(marked)
        inherited = own
