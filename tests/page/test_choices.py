"""What the page shows, without a browser: choices, what follows from them, and how it is served."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
import time
from dataclasses import replace
from functools import partial
from threading import Thread
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from foedus import defaults
from foedus.cases.scenario_reader import load_scenario, read_scenario
from foedus.cases.shipped import shipped_scenarios
from foedus.cli import app
from foedus.ensembles import ensemble, workers
from foedus.errors import FoedusError, InertScenarioError, ResultError, ScenarioError, installing
from foedus.model.records import EXPELLED, Drivers
from foedus.outcomes import telling
from foedus.outcomes.summary import quantiles
from foedus.page import choices, serve
from foedus.page.choices import Choice, WatchedWorld, cohesion_line, opening, project
from foedus.studies import comparison
from foedus.studies.results import load_result
from foedus.studies.running import run
from foedus.studies.verification import verify
from foedus.views import comparison_plots, timeline, world_plots
from foedus.views.colours import STANDING_COLOURS
from foedus.views.explain import explained, why
from foedus.worlds.agents import AllianceModel

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HEAD = b"foedus: 1\nname: mine\ntitle: Mine\n"
MINE = HEAD + b"extends: pressure\nlevers:\n  bandwidth: [{value: 0.9}]\n"


@pytest.fixture
def few() -> Choice:
    return replace(opening(), runs=60)


def watched(choice: Choice) -> WatchedWorld:
    return WatchedWorld(lambda: choice)


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
    assert f"{changed.name}.yaml" in opening(changed).command


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
    for slider in few.sliders:
        assert few.moving(slider.key, slider.nearest) is few
        assert abs(slider.nearest - slider.value) <= 0.5 * slider.step + 1e-9


def test_a_moved_scenario_that_was_kept_can_be_put_beside_one_moved_otherwise(few: Choice) -> None:
    kept = few.moving("pressure.ARM", 0.9)
    back = few.uploading(kept.text.encode(), "baseline_moved.yaml").starting_from("baseline")
    beside = replace(back, beside=("baseline_moved",)).moving("pressure.ARM", 0.1)
    names = [scenario.name for scenario in beside.scenarios]
    assert names == ["baseline", "baseline_moved2", "baseline_moved"]
    assert project(beside).difference_table


def test_another_scenario_keeps_member_and_baseline_where_they_go_with_it(few: Choice) -> None:
    chosen = replace(few, member="BLR", baseline="restraint").starting_from("pressure")
    assert (chosen.member, chosen.baseline) == ("BLR", "restraint")


def test_a_browser_cannot_move_a_lever_out_of_its_bounds(few: Choice) -> None:
    assert few.moving("pressure.ARM", 7.0).values == {"pressure.ARM": 1.0}
    assert few.moving("pressure.ARM", -7.0).values == {"pressure.ARM": 0.0}


def test_choices_that_show_something_else_have_another_address(few: Choice) -> None:
    beside = replace(few, beside=("pressure",))
    renamed = MINE.replace(b"title: Mine", b"title: Other")
    others = [
        few,
        beside,
        beside.starting_from("pressure"),
        replace(few, member="BLR"),
        replace(few, runs=61),
        replace(few, seed=2),
        few.moving("pressure.ARM", 0.9),
        few.uploading(MINE, "mine.yaml"),
        few.uploading(renamed, "mine.yaml"),
    ]
    assert len({str(choice.address) for choice in others}) == len(others)
    assert few.address == replace(few, world=3).address


def test_commands_make_the_same_worlds(few: Choice) -> None:
    moved = few.moving("pressure.ARM", 0.9)
    assert few.command == "foedus run baseline --runs 60 --seed 1992"
    assert moved.command == "foedus compare baseline baseline_moved.yaml --runs 60 --seed 1992"
    wanted = "foedus trace baseline --run 3 --seed 1992 --parameters prior"
    assert replace(few, world=3).trace_command("prior") == wanted


def test_long_names_and_titles_leave_room_to_say_that_levers_are_moved(tmp_path: Path) -> None:
    name, title = "m" * 64, "T" * 200
    content = MINE.replace(b"name: mine", f"name: {name}".encode())
    content = content.replace(b"title: Mine", f"title: {title}".encode())
    choice = opening().uploading(content, "x.yaml").moving("pressure.ARM", 0.2)
    path = tmp_path / "x.yaml"
    path.write_text(choice.text, encoding="utf-8")
    assert load_scenario(path).fingerprint == choice.current.fingerprint


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
    key = choice.sliders[0].key
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
        HEAD + b"extends: baseline\npolicy: fixed\n",
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
    assert again.stands.drivers[..., Drivers._fields.index("bandwidth")].max() == 0.8


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
    engine = workers.simulated

    def counted(tasks: Any, *rest: Any) -> Any:
        simulated.extend(task.scenario.name for task in tasks)
        return engine(tasks, *rest)

    monkeypatch.setattr(ensemble, "simulated", counted)
    again = project(few.moving("pressure.ARM", 0.6), known)
    assert set(simulated) == {"baseline_moved"}
    anew = project(few.moving("pressure.ARM", 0.6))
    assert set(simulated) == {"baseline_moved", "baseline"}
    assert again.result.digest == anew.result.digest
    assert again.result.trajectories.equals(anew.result.trajectories)
    assert again.result.data.equals(anew.result.data)


def test_another_member_needs_no_new_worlds(few: Choice, monkeypatch: pytest.MonkeyPatch) -> None:
    known = project(few)
    monkeypatch.setattr(
        ensemble, "simulated", lambda tasks, *_: pytest.fail("anew") if tasks else ()
    )
    assert project(replace(few, member="BLR"), known).choice.member == "BLR"


def test_whole_worlds_are_kept_of_few_worlds_only(
    few: Choice, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert project(few).result.ensemble.parts[0].paths
    monkeypatch.setattr(choices, "SAMPLE", 59)
    assert not project(few).result.ensemble.parts[0].paths


def test_what_progress_raises_ends_the_work(few: Choice) -> None:
    def stop(*_: int) -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        project(few, progress=stop)


def test_whole_worlds_that_are_known_can_be_kept_in_a_directory(
    few: Choice, tmp_path: Path
) -> None:
    known = project(few).result
    run("baseline", runs=60, keep="trajectories", reuse=[known], out=tmp_path / "out")
    run("baseline", runs=60, keep="trajectories", out=tmp_path / "anew")
    stored, anew = load_result(tmp_path / "out"), load_result(tmp_path / "anew")
    assert stored.digest == anew.digest
    assert stored.trajectories.equals(anew.trajectories)
    assert stored.data.equals(anew.data)
    assert verify(tmp_path / "out").problems == ()


def test_pictures_show_the_scenarios_and_the_member_that_were_chosen(few: Choice) -> None:
    found = project(replace(few, member="KAZ").moving("pressure.KAZ", 0.9))
    medians = [
        np.asarray(line.get_ydata(), float)
        for axes in found.fans().axes
        for line in axes.lines
        if line.get_label() == "median over worlds"
    ]
    assert len(medians) == 4, "cohesion above trust, for each scenario"
    data = found.result.data
    for median, name in zip(medians[1::2], ("baseline", "baseline_moved"), strict=True):
        counts = data["monthly_histogram"].sel(scenario=name, member="KAZ", watched="trust")
        (wanted,) = quantiles(counts.transpose("month", "bin").values, [0.5])
        np.testing.assert_allclose(median, wanted)
    assert not np.array_equal(medians[1], medians[3])
    texts = [text.get_text() for axes in found.gaps().axes for text in axes.texts]
    assert {"Cohesion", "Trust of\nKazakhstan"} <= set(texts)


def test_every_picture_can_be_drawn_as_png_and_svg(few: Choice) -> None:
    found = project(few.moving("pressure.ARM", 0.9))
    for draw in (found.futures, found.fans, found.gaps, found.end_states, found.standing):
        assert choices.drawn(draw).startswith(b"\x89PNG")
        assert b"<svg" in choices.drawn(draw, "svg", "file")


def test_a_dollar_in_a_title_is_a_dollar_in_every_picture(few: Choice) -> None:
    content = MINE.replace(b"title: Mine", b"title: Aid $x_1^$ up")
    found = project(few.uploading(content, "x.yaml"))
    told = telling.tell(found.choice.current, run=0)
    draws = [found.futures, found.fans, found.gaps, found.end_states, found.standing]
    titled = [kind for kind in comparison_plots.FIGURES if kind != "incidence"]
    draws += [partial(found.comparison.plot, kind) for kind in titled]
    draws += [partial(timeline.timeline_figure, told)]
    for draw in draws:
        assert b"Aid $x_1^$ up" in choices.drawn(draw, "svg")


def test_what_cannot_be_simulated_is_refused(few: Choice) -> None:
    with pytest.raises(ResultError, match="seed"):
        project(replace(few, seed=-1))
    for world, seed in ((-1, 1), (2**32, 1), (0, -1), (0, 2**64)):
        with pytest.raises(ResultError, match="from 0 to"):
            watched(replace(few, world=world, seed=seed))


def test_a_world_so_far_is_told_and_tabled_like_its_trace(few: Choice) -> None:
    choice = replace(few, world=17, scenario="renewed_war")
    model = watched(choice)
    assert choices.told(choices.story_of(model), model.month) == []
    for _ in range(30):
        model.step()
    whole = telling.tell(choice.current, run=17)
    told = choices.told(choices.story_of(model), model.month)
    assert told[::-1] == [entry for entry in whole.entries if entry.month <= "2028-06"]
    table = choices.world_table(model)
    assert list(table.index) == [str(month)[:7] for month in whole.history.months[:30]]
    np.testing.assert_array_equal(table["ARM.trust"], whole.history.trust[:30, 0])
    assert [row[0] for row in choices.member_rows(model)] == [
        "Armenia",
        "Belarus",
        "Kazakhstan",
        "Kyrgyzstan",
        "Tajikistan",
    ]


def test_a_world_can_be_looked_at_while_another_thread_steps_it(few: Choice) -> None:
    model = watched(few)
    stepping = Thread(target=model.run_model)
    stepping.start()
    while stepping.is_alive():
        table = choices.world_table(model)
        assert len(table) <= 60
        assert not table.isna().any().any()
        assert model.picture(world_plots.path_figure).startswith(b"\x89PNG")
        assert len(choices.member_rows(model)) == 5
    assert len(choices.world_table(model)) == 60


def test_worlds_play_as_long_as_the_page_is_served(few: Choice) -> None:
    before = watched(few)
    with choices.serving():
        during = watched(few)
        during.step()
    during.step()
    assert (during.elapsed, during.running) == (1, False)
    for other in (before, watched(few)):
        other.step()
        assert (other.elapsed, other.running) == (1, True)


def test_the_network_shows_standing_trust_and_who_takes_part() -> None:
    model = watched(opening())
    ax = world_plots.network(Figure().subplots(), model)
    assert len(ax.lines) == 5
    dashed = [line.get_linestyle() != "-" for line in ax.lines]
    assert dashed == [not member.takes_part for member in model.members]
    widths = [line.get_linewidth() for line in ax.lines]
    assert np.argsort(widths).tolist() == np.argsort([m.dependence for m in model.members]).tolist()
    rings = [to_hex(np.asarray(dots.get_edgecolor())[0]) for dots in ax.collections[:5]]
    assert rings == [STANDING_COLOURS[m.standing].lower() for m in model.members]
    armenia = model.members[0]
    label = f"Armenia\n{armenia.standing}, trust {armenia.trust:.2f}"
    assert label in [text.get_text() for text in ax.texts]


def test_who_has_left_has_no_link_to_the_patron_and_no_line_of_trust_any_more() -> None:
    for number in range(200):
        model = AllianceModel(load_scenario("pressure"), run=number)
        model.run_model()
        standings = model.history().pivot_table(
            index="Step", columns="code", values="standing", aggfunc="first"
        )
        left = standings["ARM"].isin(["withdrawn", "expelled"])
        if left.any():
            break
    else:
        pytest.fail("nobody left in 200 worlds")
    outside = [one.code for one in model.members if one.standing in ("withdrawn", "expelled")]
    assert len(world_plots.network(Figure().subplots(), model).lines) == 5 - len(outside)
    lines = {line.get_label(): line for line in world_plots.path(Figure().subplots(), model).lines}
    trust = np.asarray(lines["trust of Armenia"].get_ydata(), dtype=float)
    np.testing.assert_array_equal(np.isnan(trust), left.to_numpy())
    cohesion = np.asarray(lines["cohesion of the alliance"].get_ydata(), dtype=float)
    np.testing.assert_array_equal(cohesion, model.alliance_history()["cohesion"])


def test_a_world_tells_its_cohesion_and_that_among_those_who_stay() -> None:
    model = watched(opening())
    assert f"Cohesion {model.cohesion:.2f}, {model.cohesion:.2f} among those who" in cohesion_line(
        model
    ), "nobody has left yet"
    for gone, member in enumerate(model.members, 1):
        member.state = member.state._replace(membership=EXPELLED)
        if gone < len(model.members):
            among = model.cohesion / (1 - gone / len(model.members))
            assert f"{among:.2f} among those who stay; end" in cohesion_line(model)
    assert cohesion_line(model).startswith("Cohesion 0.00, nobody stays; ")


def test_everything_that_is_offered_can_be_asked_why() -> None:
    scenario = load_scenario("baseline")
    names = explained(scenario.alliance)
    assert len(set(names)) > 100
    for name in names:
        assert why(name, scenario=scenario).rows


# ---------------------------------------------------------------------------------------------
# Serving


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.create_server((defaults.HOST, 0)) as other:
        yield other.getsockname()[1]


def test_a_port_that_is_taken_is_refused_before_the_page_is_loaded(
    taken: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serve, "served", pytest.fail)
    with pytest.raises(ResultError, match=rf"port {taken}: .*Choose another --port"):
        serve.explore(port=taken, browser=False)


def test_where_no_port_is_asked_for_the_next_that_is_free_is_taken(
    taken: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serve, "PORT", taken)
    with serve.bound(defaults.HOST, None) as found:
        assert taken < found.getsockname()[1] < taken + serve.TRIED


@pytest.mark.parametrize(
    ("host", "port"), [("nowhere.invalid", 0), ("x" * 70, 0), ("127.0.0.1", 70_000)]
)
def test_a_place_that_is_none_is_refused(host: str, port: int) -> None:
    with pytest.raises(ResultError, match=rf"cannot be served at {host}, port {port}"):
        serve.explore(host=host, port=port, browser=False)


@pytest.mark.parametrize(
    ("host", "wanted"),
    [("127.0.0.1", "localhost"), ("0.0.0.0", "localhost"), ("127.0.0.2", "127.0.0.2")],  # noqa: S104
)
def test_the_address_is_one_that_a_browser_here_can_open(host: str, wanted: str) -> None:
    with serve.bound(host, 0) as found:
        port = found.getsockname()[1]
        assert serve.address(found) == f"http://{wanted}:{port}"


@pytest.mark.parametrize(
    ("host", "origin", "local", "own"),
    [
        (b"localhost:8765", None, True, True),
        (b"localhost:8765", b"http://localhost:8765", True, True),
        (b"127.0.0.1:8765", b"http://127.0.0.1:8765", True, True),
        (b"[::1]:8765", None, True, True),
        (b"localhost:8765", b"http://localhost:8000", True, False),
        (b"localhost:8765", b"http://evil.example", True, False),
        (b"evil.example:8765", b"http://evil.example:8765", True, False),
        (b"evil.example", None, True, False),
        (b"", None, True, False),
        (b"office.example:8765", b"http://office.example:8765", False, True),
        (b"office.example:8765", b"http://evil.example", False, False),
    ],
)
def test_what_other_sites_ask_of_the_page_is_refused(
    host: bytes, origin: bytes | None, *, local: bool, own: bool
) -> None:
    asked: list[str] = []
    sent: list[Any] = []

    async def page(scope: Any, receive: Any, send: Any) -> None:
        asked.append(scope["type"])

    async def send(message: Any) -> None:
        sent.append(message)

    headers = [(b"host", host), *([(b"origin", origin)] if origin else [])]
    guarded = serve.OwnPage(page, local=local)
    for kind in ("http", "websocket"):
        asyncio.run(guarded({"type": kind, "headers": headers}, page, send))  # type: ignore[arg-type]
    assert asked == (["http", "websocket"] if own else [])
    refusals = [message.get("status", message.get("code")) for message in sent]
    assert refusals == ([] if own else [403, None, 1008])


def test_work_that_is_under_way_is_waited_for() -> None:
    work = Thread(target=time.sleep, args=(0.3,))
    work.start()
    serve.await_work()
    assert not work.is_alive()


def test_solara_reports_to_nobody_and_forgets_visitors_who_are_gone() -> None:
    script = (
        "from foedus.page import choices, serve\n"
        "with serve.bound('127.0.0.1', 0) as s, serve.served(choices.opening(), s):\n"
        "    from solara.server import app, settings\n"
        "    assert not settings.telemetry.mixpanel_enable\n"
        "    assert settings.kernel.cull_timeout == serve.FORGOTTEN\n"
        "with serve.bound('127.0.0.1', 0) as s, serve.served(choices.opening(), s):\n"
        "    print('twice')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert done.stdout == "twice\n", done.stderr


def test_a_missing_extra_and_a_wrong_scenario_are_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert app.execute(["explore", "baselin", "--no-browser"]) == 2
    assert "did you mean 'baseline'" in capsys.readouterr().err
    monkeypatch.setitem(sys.modules, "solara_assets", None)
    assert app.execute(["explore", "--no-browser", "--port", "0"]) == 2
    assert installing("explore") in capsys.readouterr().err
