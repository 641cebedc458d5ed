"""What the page shows, without a browser: choices, what follows from them, and how it is served."""

from __future__ import annotations

import socket
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from foedus import cli, comparison, ensemble, exploration, explorer, story
from foedus.errors import FoedusError, InertScenarioError, ResultError, ScenarioError
from foedus.explain import explained, why
from foedus.exploration import Choice, opening, project
from foedus.scenario_reader import load_scenario, read_scenario
from foedus.shipped import shipped_scenarios

if TYPE_CHECKING:
    from pathlib import Path

HEAD = b"foedus: 1\nname: mine\ntitle: Mine\n"
MINE = HEAD + b"extends: pressure\nlevers:\n  bandwidth: [{value: 0.9}]\n"


@pytest.fixture
def few() -> Choice:
    return replace(opening(), runs=60)


# ---------------------------------------------------------------------------------------------
# Choices


def test_it_opens_with_the_baseline_a_shipped_scenario_or_a_file() -> None:
    assert opening().scenario == "baseline"
    assert opening().scenarios == (load_scenario("baseline"),)
    assert opening(load_scenario("pressure")).scenario == "pressure"
    assert opening(load_scenario("pressure")).own == {}
    mine = opening(read_scenario(MINE, "mine.yaml"))
    assert mine.names[0] == mine.scenario == "mine"
    assert [scenario.name for scenario in mine.scenarios] == ["baseline", "mine"]


def test_a_shipped_scenario_with_settings_is_the_users_own() -> None:
    changed = load_scenario("pressure", settings=["pressure.ARM=0.9"])
    assert opening(changed).stands.fingerprint == changed.fingerprint
    assert "pressure.yaml" in opening(changed).command


def test_a_moved_lever_makes_a_scenario_of_its_own_and_put_back_it_does_not(few: Choice) -> None:
    moved = few.moving("pressure.ARM", 0.9)
    assert moved.values == {"pressure.ARM": 0.9}
    assert [scenario.name for scenario in moved.scenarios] == ["baseline", "baseline_moved"]
    wanted = load_scenario("baseline", settings=["pressure.ARM=0.9"])
    assert moved.current.fingerprint == wanted.fingerprint
    assert moved.moving("pressure.ARM", 0.3).values == {}
    assert moved.moving("pressure.ARM", 0.9) is moved


def test_the_echo_of_a_slider_that_cannot_stand_at_the_levers_value_moves_nothing(
    few: Choice,
) -> None:
    for knob in few.knobs:
        assert few.moving(knob.key, knob.nearest) is few
        assert abs(knob.nearest - knob.value) <= 0.5 * knob.step + 1e-9


def test_a_moved_scenario_that_was_kept_can_be_put_beside_one_moved_otherwise(few: Choice) -> None:
    kept = few.moving("pressure.ARM", 0.9)
    back = few.uploading(kept.text.encode(), "baseline_moved.yaml").starting_from("baseline")
    beside = replace(back, beside=("baseline_moved",)).moving("pressure.ARM", 0.1)
    names = [scenario.name for scenario in beside.scenarios]
    assert names == ["baseline", "baseline_moved_moved", "baseline_moved"]
    assert project(beside).difference_table


def test_only_what_can_be_compared_is_offered_and_kept() -> None:
    choice = opening()
    assert "history" in choice.names
    assert "history" not in choice.comparable
    past = replace(choice, beside=("pressure",)).starting_from("history")
    assert (past.baseline, past.beside) == ("history", ())
    assert past.scenarios == (load_scenario("history"),)
    assert replace(choice, beside=("pressure",)).starting_from("pressure").beside == ()


@pytest.mark.parametrize("name", list(shipped_scenarios()))
def test_the_file_of_every_scenario_moved_or_not_gives_the_same_worlds(
    name: str, tmp_path: Path
) -> None:
    choice = opening(load_scenario(name))
    key = choice.knobs[0].key
    moved = choice.moving(key, 0.77)
    for one in (choice, moved):
        path = tmp_path / f"{one.current.name}.yaml"
        path.write_text(one.text, encoding="utf-8")
        assert load_scenario(path).fingerprint == one.current.fingerprint


def test_the_file_of_a_scenario_of_ones_own_stands_by_itself(tmp_path: Path) -> None:
    choice = opening().uploading(MINE, "mine.yaml").moving("pressure.ARM", 0.2)
    path = tmp_path / "mine_moved.yaml"
    path.write_text(choice.text, encoding="utf-8")
    loaded = load_scenario(path)
    assert loaded.fingerprint == choice.current.fingerprint
    assert loaded.parent is not None
    assert loaded.parent.lineage == ()  # the bare alliance


# ---------------------------------------------------------------------------------------------
# Files that are handed over


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"- a list",
        b"foedus: 1\nname: Bad Name\n",
        HEAD + b"extends: baselin\n",
        HEAD + b"extends: baseline\nlevers: {pressure: {ARM: [{value: 7}]}}\n",
        HEAD + b"extends: baseline\n",
        b"\xff\xfe",
        b"a: [",
    ],
)
def test_a_file_handed_over_is_refused_in_the_same_words_as_on_disk(
    content: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.yaml").write_bytes(content)
    with pytest.raises(FoedusError) as on_disk:
        load_scenario("./mine.yaml")
    with pytest.raises((ScenarioError, InertScenarioError)) as handed:
        read_scenario(content, "mine.yaml")
    assert str(handed.value) == str(on_disk.value)


def test_a_good_file_handed_over_is_the_scenario_on_disk(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_bytes(MINE)
    on_disk = load_scenario(tmp_path / "mine.yaml")
    assert read_scenario(MINE, "mine.yaml").fingerprint == on_disk.fingerprint


@pytest.mark.parametrize("key", ["extends", "alliance"])
@pytest.mark.parametrize("reference", ["/etc/passwd.yaml", "../x.yaml", "./mine.yaml"])
def test_a_file_handed_over_cannot_name_files_of_this_machine(key: str, reference: str) -> None:
    content = f"foedus: 1\nname: mine\ntitle: Mine\n{key}: {reference}\n".encode()
    with pytest.raises(ScenarioError, match=rf"mine.yaml:4: {key}: .*is another file"):
        read_scenario(content, "mine.yaml")


def test_a_file_handed_over_may_not_take_the_name_of_a_shipped_scenario() -> None:
    content = MINE.replace(b"name: mine", b"name: restraint")
    with pytest.raises(ResultError, match=r"x.yaml: 'restraint' is the name of a shipped"):
        opening().uploading(content, "x.yaml")
    again = opening().uploading(MINE, "a.yaml").uploading(MINE.replace(b"0.9", b"0.8"), "a.yaml")
    assert again.names.count("mine") == 1
    assert again.stands.drivers[..., 3].max() == 0.8


# ---------------------------------------------------------------------------------------------
# What follows


def test_a_projection_has_the_worlds_of_run_and_the_differences_of_compare(few: Choice) -> None:
    choice = few.moving("restraint.ARM", 1.0)
    found = project(choice)
    wanted = comparison.compare(*choice.scenarios, runs=60)
    assert found.result.digest == wanted.result.digest
    name = choice.current.name
    one, two = (made.difference(name, "ARM", "trust") for made in (found.comparison, wanted))
    assert one == two
    assert [row[0] for row in found.difference_table][:2] == ["cohesion", "Armenia active"]


def test_worlds_that_are_known_are_not_simulated_again(
    few: Choice, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = project(few.moving("pressure.ARM", 0.5))
    simulated: list[str] = []
    engine = ensemble._simulated

    def counted(tasks: Any, *rest: Any) -> Any:
        simulated.extend(task.scenario.name for task in tasks)
        return engine(tasks, *rest)

    monkeypatch.setattr(ensemble, "_simulated", counted)
    again = project(few.moving("pressure.ARM", 0.6), known)
    assert set(simulated) == {"baseline_moved"}
    anew = project(few.moving("pressure.ARM", 0.6))
    assert set(simulated) == {"baseline_moved", "baseline"}
    assert again.result.digest == anew.result.digest
    assert again.result.trajectories.equals(anew.result.trajectories)
    assert again.result.data.equals(anew.result.data)


def test_every_picture_can_be_drawn_as_png_and_svg(few: Choice) -> None:
    found = project(few.moving("pressure.ARM", 0.9))
    for draw in (found.fans, found.gaps, found.end_states, found.standing):
        assert exploration.drawn(draw).startswith(b"\x89PNG")
        assert b"<svg" in exploration.drawn(draw, "svg", "file")


def test_what_cannot_be_simulated_is_refused(few: Choice) -> None:
    with pytest.raises(ResultError, match="seed"):
        project(replace(few, seed=-1))
    with pytest.raises(ResultError, match="from 0 to"):
        replace(few, world=-1).model()


def test_a_world_so_far_is_told_and_tabled_like_its_trace(few: Choice) -> None:
    choice = replace(few, world=17, scenario="renewed_war")
    model = choice.model()
    assert exploration.told(exploration.story_of(model), model.month) == []
    for _ in range(30):
        model.step()
    whole = story.trace(choice.current, run=17)
    told = exploration.told(exploration.story_of(model), model.month)
    assert told[::-1] == [entry for entry in whole.entries if entry.month <= "2028-06"]
    table = exploration.world_table(model)
    assert list(table.index) == [str(month)[:7] for month in whole.history.months[:30]]
    np.testing.assert_array_equal(table["ARM.trust"], whole.history.trust[:30, 0])
    assert [row[0] for row in exploration.member_rows(model)] == [
        "Armenia",
        "Belarus",
        "Kazakhstan",
        "Kyrgyzstan",
        "Tajikistan",
    ]


def test_everything_that_is_offered_can_be_asked_why() -> None:
    scenario = load_scenario("baseline")
    names = explained(scenario.alliance)
    assert len(set(names)) > 100
    for name in names:
        assert why(name, scenario=scenario).rows


# ---------------------------------------------------------------------------------------------
# Serving


def test_a_port_that_is_taken_is_refused_before_anything_is_loaded() -> None:
    with socket.socket() as other:
        other.bind((explorer.HOST, 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(ResultError, match=rf"port {port}: .*Choose another --port"):
            explorer.explore(port=port, browser=False)


def test_where_no_port_is_asked_for_the_next_that_is_free_is_taken(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with socket.socket() as other:
        other.bind((explorer.HOST, 0))
        other.listen()
        monkeypatch.setattr(explorer, "PORT", other.getsockname()[1])
        with explorer.bound(explorer.HOST, None) as found:
            assert found.getsockname()[1] != other.getsockname()[1]


def test_a_host_that_is_none_is_refused() -> None:
    with pytest.raises(ResultError, match=r"nowhere.invalid"):
        explorer.explore(host="nowhere.invalid", browser=False)


def test_a_missing_extra_and_a_wrong_scenario_are_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.execute(["explore", "baselin", "--no-browser"]) == 2
    assert "did you mean 'baseline'" in capsys.readouterr().err
    monkeypatch.setitem(sys.modules, "solara_assets", None)
    assert cli.execute(["explore", "--no-browser", "--port", "0"]) == 2
    assert "foedus[explore]" in capsys.readouterr().err


def test_the_command_line_serves_where_the_library_does() -> None:
    assert cli.EXPLORE_HOST == explorer.HOST
