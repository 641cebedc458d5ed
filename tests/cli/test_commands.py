"""The command line as its users meet it: output, exit status, and what is left on disk."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from foedus.cases.shipped import shipped_scenarios
from foedus.cli import app
from foedus.ensembles import ensemble, workers
from foedus.ensembles.store import Pieces
from foedus.errors import ResultError
from foedus.studies.results import load_result
from foedus.views import plots

if TYPE_CHECKING:
    from collections.abc import Iterator

QUICK = ["--runs", "4", "--horizon", "14", "--workers", "1"]


@pytest.fixture(autouse=True)
def in_a_fresh_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def foedus(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    status = app.execute(arguments)
    captured = capsys.readouterr()
    return status, captured.out, captured.err


def test_run_prints_the_answer_first_and_what_it_rests_on(
    capsys: pytest.CaptureFixture[str],
) -> None:
    status, out, err = foedus(capsys, "run", "pressure", *QUICK)
    assert (status, err) == (0, "")
    assert out.startswith("CSTO, February 2027: ")
    for word in ("Armenia", "Tajikistan", "active", "dissolves", "Cohesion ends at"):
        assert word in out
    for word in ("One case", "assumed", "seed 1992", "--detail", "--out DIR"):
        assert word in out


@pytest.mark.parametrize(
    "names",
    [
        ["pressure", "restraint", "western_outreach"],
        ["baseline"],
        [
            *("baseline", "pressure", "restraint", "western_outreach"),
            *("renewed_war", "choice_of_blocs"),
        ],
    ],
)
@pytest.mark.parametrize("command", ["run", "compare"])
def test_an_answer_has_at_most_25_lines_of_80_columns(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    names: list[str],
    command: str,
) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    few = ("--runs", "400", "--horizon", "2030-12", "--workers", "1", "--quiet")
    status, _, err = foedus(capsys, "run", *names, *few, "--out", "out", "--no-figures")
    assert (status, err) == (0, "")
    status, out, err = foedus(
        capsys,
        command,
        *([] if command == "run" else ["out"]),
        *(["--resume", "out"] if command == "run" else []),
        "--no-figures",
    )
    assert status == 0
    lines = out.splitlines()
    assert len(lines) <= 25
    assert max(map(len, lines)) <= 80


def test_columns_are_honoured_when_piped(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    widths = {}
    for columns in ("80", "120"):
        monkeypatch.setenv("COLUMNS", columns)
        _, out, _ = foedus(capsys, "run", "pressure", *QUICK, "--detail")
        widths[columns] = max(map(len, out.splitlines()))
    assert widths["80"] <= 80 < widths["120"] <= 120


def test_detail_prints_every_table_within_80_columns(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    status, out, err = foedus(capsys, "run", "pressure", *QUICK, "--detail")
    assert (status, err) == (0, "")
    assert max(map(len, out.splitlines())) <= 80
    for word in ("Armenia", "Tajikistan", "active", "frozen", "vote suspended", "out"):
        assert word in out
    for word in ("cohesion", "end state dissolved", "Wilson 95 %", "assumed", "seed 1992"):
        assert word in out
    text = " ".join(out.split())
    assert "goes on from one that fits the record" in text
    assert "One case: it validates little." in text
    assert "The record informs" in text
    assert "Nothing was written; add --out DIR" in text


def test_results_of_other_seeds_and_horizons_stand_side_by_side_unpaired(
    capsys: pytest.CaptureFixture[str],
) -> None:
    one = ("--runs", "40", "--horizon", "14", "--no-figures", "--quiet", "--workers", "1")
    other = ("--runs", "40", "--horizon", "20", "--no-figures", "--quiet", "--workers", "1")
    foedus(capsys, "run", "baseline", *one, "--out", "one")
    foedus(capsys, "run", "baseline", *other, "--seed", "5", "--out", "other")
    status, out, err = foedus(capsys, "compare", "one", "other")
    assert (status, err) == (0, "")
    text = " ".join(out.split())
    assert "Not paired: their seeds and horizons differ" in text
    assert "(2027-02)" in text
    status, out, err = foedus(capsys, "compare", "one", "other", "--json")
    assert len(json.loads(out)["results"]) == 2
    status, _, err = foedus(capsys, "compare", "one", "other", "--seed", "5")
    assert status == 2
    assert "--seed cannot change it" in err
    status, _, err = foedus(capsys, "carriers", "one", "--runs", "50")
    assert status == 2
    assert "--runs cannot change it" in err
    status, _, err = foedus(capsys, "compare", "one", "other", "--out", "x")
    assert status == 2
    assert "leave out --baseline, --resolve and --out" in err


def test_two_horizons_of_a_scenario_stand_side_by_side_with_so_many_worlds(
    capsys: pytest.CaptureFixture[str],
) -> None:
    few = ("--runs", "40", "--workers", "1")
    status, out, err = foedus(capsys, "compare", "baseline@14", "baseline@2027-06", *few)
    assert (status, err) == (0, "")
    text = " ".join(out.split())
    assert text.count(": 40 worlds, 2026-01 to ") == 2
    assert "their horizons differ" in text


def test_carriers_are_told_of_any_outcome(capsys: pytest.CaptureFixture[str]) -> None:
    few = ("--runs", "800", "--horizon", "24", "--workers", "1")
    status, out, err = foedus(capsys, "carriers", "baseline", "--outcome", "ARM out", *few)
    assert (status, err) == (0, "")
    assert out.startswith("Armenia is out in ")
    assert "Model by model: " in out
    asked = ("carriers", "baseline", "--outcome", "Armenia takes part", *few, "--json")
    status, out, err = foedus(capsys, *asked)
    found = json.loads(out)
    assert (found["subject"], found["outcome"]) == ("ARM", "takes_part")
    status, _, err = foedus(capsys, "carriers", "baseline", "--outcome", "ARM happy")
    assert status == 2
    assert "There is no outcome 'ARM happy'" in err


def test_run_writes_results_figures_and_provenance(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    status, out, _ = foedus(capsys, "run", "pressure", "restraint", *QUICK, "--out", "out")
    assert status == 0
    assert "out/figures" in out
    kinds = tuple(plots.FIGURES)
    there = (path.name for path in (tmp_path / "out" / "figures").iterdir())
    figures = {name for name in there if not name.startswith(".")}
    assert figures == {f"{kind}.png" for kind in kinds}
    result = load_result(tmp_path / "out")
    assert [scenario.name for scenario in result.scenarios] == ["pressure", "restraint"]
    assert result.digest[:12] in out


def test_the_same_run_again_is_read_and_left_as_it_is(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = ["run", "restraint", *QUICK, "--out", "out", "--no-figures"]
    _, first, _ = foedus(capsys, *command)
    stamp = (tmp_path / "out" / "foedus.json").read_text()
    monkeypatch.setattr(workers, "simulate", lambda *_: pytest.fail("simulated again"))
    status, second, err = foedus(capsys, *command)
    assert status == 0
    assert err == "out already holds this very result; it was left as it is.\n"
    assert first == second
    assert (tmp_path / "out" / "foedus.json").read_text() == stamp
    status, third, _ = foedus(capsys, *command[:-1])
    assert "out/figures" in third
    assert (tmp_path / "out" / "figures" / "trust.png").is_file()
    assert foedus(capsys, *command[:-1], "--svg")[0] == 0
    assert (tmp_path / "out" / "figures" / "trust.svg").is_file()
    status, _, err = foedus(capsys, *command[:-1])
    assert (status, err) == (0, "out already holds this very result; it was left as it is.\n")
    assert (tmp_path / "out" / "figures" / "trust.svg").is_file()


def test_svg_without_figures_is_a_contradiction(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = foedus(capsys, "run", "restraint", *QUICK, "--no-figures", "--svg")
    assert (status, out) == (2, "")
    assert "leave one of them out" in err


def test_a_directory_with_other_results_is_refused_before_anything_is_simulated(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    foedus(capsys, "run", "restraint", *QUICK, "--out", "out", "--no-figures")
    stamp = (tmp_path / "out" / "foedus.json").read_text()
    with monkeypatch.context() as patch:
        patch.setattr(workers, "simulate", lambda *_: pytest.fail("simulated"))
        status, out, err = foedus(capsys, "run", "pressure", *QUICK, "--out", "out")
    assert (status, out) == (2, "")
    assert "out holds other results: the scenarios or what they are made of differ" in err
    assert (tmp_path / "out" / "foedus.json").read_text() == stamp
    status, _, _ = foedus(
        capsys, "run", "pressure", *QUICK, "--out", "out", "--no-figures", "--overwrite"
    )
    assert status == 0
    assert load_result(tmp_path / "out").scenarios[0].name == "pressure"


def test_json_is_all_that_is_printed_and_quiet_prints_nothing(
    capsys: pytest.CaptureFixture[str],
) -> None:
    status, out, err = foedus(capsys, "run", "baseline", *QUICK, "--json")
    assert (status, err) == (0, "")
    content = json.loads(out)
    assert set(content) == {"provenance", "finding", "summary"}
    assert content["summary"]["baseline"]["runs"] == 4
    assert foedus(capsys, "run", "baseline", *QUICK, "--quiet") == (0, "", "")


def test_settings_horizon_seed_and_parameters_take_effect(
    capsys: pytest.CaptureFixture[str],
) -> None:
    def digest(*options: str) -> str:
        _, out, _ = foedus(capsys, "run", "baseline", *QUICK, "--json", *options)
        return str(json.loads(out)["provenance"]["digest"])

    plain = digest()
    assert plain == digest()
    assert plain != digest("--seed", "0")
    assert plain != digest("--set", "pressure.ARM=0.9")
    assert plain != digest("--parameters", "default")
    assert digest("--seed", "0") == digest("--seed", "0", "--workers", "2")


def test_compare_puts_scenarios_side_by_side(capsys: pytest.CaptureFixture[str]) -> None:
    few = ("--runs", "60", "--horizon", "14")
    status, out, _ = foedus(capsys, "compare", "pressure", "restraint", *few, "--detail")
    assert status == 0
    header = next(line for line in out.splitlines() if "outcome" in line)
    assert header.index("pressure") < header.index("restraint")
    assert "Armenia active" in out
    assert "end state restored" in out
    text = " ".join(out.split())
    assert "Differences from pressure in 2027-02, paired world by world" in text
    assert "Where conduct parts from pressure" in text
    assert "What the difference of restraint is made of" in text
    assert "Share of the spread over worlds" not in text, "too few worlds of each draw"


def test_compare_takes_earlier_results_and_names_its_baseline(
    capsys: pytest.CaptureFixture[str],
) -> None:
    foedus(capsys, "run", "pressure", *QUICK, "--out", "mine", "--no-figures", "--quiet")
    given = ("compare", "mine", "restraint", "--horizon", "14", "--baseline", "restraint", "--json")
    status, out, err = foedus(capsys, *given)
    assert (status, err) == (0, "")
    content = json.loads(out)
    assert content["comparison"]["baseline"] == "restraint"
    assert content["provenance"]["inputs"]["runs"] == 4
    status, _, err = foedus(capsys, "compare", "mine", "--seed", "5")
    assert status == 2
    assert "leave --seed out" in err
    changed = ("mine", "restraint", "--horizon", "14", "--set", "pressure.ARM=0.5")
    for command in ("compare", "trace"):
        status, _, err = foedus(capsys, command, *changed)
        assert status == 2
        assert "'mine' cannot be changed by --set" in err


def test_compare_says_what_resolving_took(capsys: pytest.CaptureFixture[str]) -> None:
    options = ("--runs", "40", "--horizon", "12", "--parameters", "prior", "--resolve", "0.2")
    status, out, _ = foedus(capsys, "compare", "baseline", "pressure", *options)
    assert status == 0
    assert "Every headline difference is known to +-0.2 or better" in " ".join(out.split())


def test_trace_tells_one_world_or_two_and_draws_them(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = foedus(capsys, "trace", "pressure", "--run", "3", "--horizon", "14")
    assert status == 0
    assert out.startswith("Back to hard pressure (pressure), run 3, seed 1992")
    assert "2026-11" in out
    two = ("trace", "baseline", "pressure", "--horizon", "14", "--member", "ARM")
    status, out, _ = foedus(capsys, *two, "--out", "world.svg")
    assert status == 0
    assert "here the worlds part" in out
    assert "Kazakhstan skips" not in out
    status, _, err = foedus(capsys, *two, "--out", "world.svg")
    assert status == 2
    assert "exists already" in err
    _, out, _ = foedus(capsys, *two, "--json")
    assert json.loads(out)["parted"] == "2026-01"
    status, _, err = foedus(capsys, "trace", "baseline", "--member", "ARN")
    assert status == 2
    assert "did you mean 'ARM'" in err


def test_report_writes_a_brief_of_what_is_there(capsys: pytest.CaptureFixture[str]) -> None:
    foedus(capsys, "run", "pressure", *QUICK, "--out", "mine", "--no-figures", "--quiet")
    status, out, _ = foedus(capsys, "report", "mine", "--out", "brief.md")
    assert status == 0
    assert "Brief written: brief.md" in out
    text = Path("brief.md").read_text(encoding="utf-8")
    assert "## What was assumed" in text
    assert "# Annex" not in text
    foedus(capsys, "report", "mine", "--out", "brief.md", "--annex", "--overwrite")
    assert "# Annex" in Path("brief.md").read_text(encoding="utf-8")
    status, _, err = foedus(capsys, "report", "mine", "--out", "brief.md")
    assert status == 2
    assert "exists already" in err
    status, _, err = foedus(capsys, "report", "nothing", "--out", "other.html")
    assert status == 2
    assert "nothing" in err


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["run"], "Name at least one scenario"),
        (["run", "presure"], "did you mean 'pressure'?"),
        (["run", "./absent.yaml"], "absent.yaml: There is no such file"),
        (["run", "pressure", "--runs", "0"], "--runs"),
        (["run", "pressure", "--runs", "many"], "--runs': 'many' is not a whole number."),
        (["run", "pressure", "--runs", "20k"], "'20k' is not a whole number; write 20000."),
        (["run", "pressure", "--runs", "1.5M"], "'1.5M' is not a whole number; write 1500000."),
        (["run", "pressure", "--runs", "20.000"], "'20.000' is not a whole number; write 20000."),
        (["run", "pressure", "--runs", "2e4"], "'2e4' is not a whole number; write 20000."),
        (["run", "pressure", "--workers", "2000"], "give 1 or more, up to 1024."),
        (["compare", "pressure", "--resolve", "0,01"], "'0,01' is not a number; write 0.01."),
        (["run", "pressure", "--horizon", "soon"], "'soon' is no horizon; write a number of mon"),
        (["run", "pressure", "--horizon", "2025-06"], "2025-06 lies before the scenario"),
        (["run", "pressure@soon"], "pressure@soon: 'soon' is no horizon"),
        (["run", "pressure@24", "--horizon", "36"], "'pressure@24' has a horizon of its own"),
        (["run", "pressure", "pressure@24"], "horizons differ (60 months and 24 months). End both"),
        (["run", "pressure", "--name", "Hard line"], "'Hard line' is no name for a scenario"),
        (["run", "pressure", "--name", "baseline"], "is the name of a shipped scenario"),
        (["run", "pressure", "restraint", "--name", "x"], "One name is not for 2 scenarios"),
        (["run", "pressure", "--seed", "-1"], "--seed"),
        (["run", "pressure", "--seed", str(2**64)], "The seed 18446744073709551616"),
        (["run", "pressure", "--horizon", "9999"], "A horizon goes from 1 to 600 months"),
        (["run", "pressure", "--set", "presure.ARM=1"], "did you mean 'pressure'?"),
        (["run", "pressure", "--parameters", "guess"], "guess"),
        (["run", "history", "--parameters", "posterior"], "stand at the end of 2025-12"),
        (["run", "pressure", "pressure"], "The scenario 'pressure' is named twice; leave one"),
        (["run", "pressure", "--outt", "x"], "--outt"),
        (["run", "bandwidth_recovery", "--horizon", "6"], "equals 'baseline'"),
        (["run", "pressure", "--set", "threat.ARM=1"], "This has no effect"),
        (["run", "pressure", "--set", "pressure.ARM=0,9"], "'0,9' is not a number; write 0.9."),
        (["run", "pressure", "--set", "pressure.ARM=90"], "If 90 per cent is meant, write 0.9."),
        (["run", "pressure", "--set", "trust_loss=70"], "If 70 per cent is meant, write 0.7."),
        (["run", "pressure", "--set", "pressure.ARM=90 %"], "'90 %' is not a number; write 0.9."),
        (["new", "restraint"], "is the name of a shipped scenario"),
        (["check", "absent.yaml"], "There is no such file"),
        (["show", "presure"], "did you mean 'pressure'?"),
        (["why", "trust_los"], "did you mean 'trust_loss'?"),
        (["why", "ARM.trust", "--date", "yesterday"], "'yesterday' is not a month"),
        (["why", "ARM.trust", "--date", "2031-01"], "there are states for"),
        (["why", "ARM.trust", "--alliance", "cst"], "did you mean 'csto'?"),
        (["new", "Bad Name"], "is no name for a scenario"),
        (["new", "mine", "--from", "basline"], "did you mean 'baseline'?"),
        (["explode"], "No such command 'explode'"),
    ],
)
def test_bad_input_and_usage_exit_with_2_and_a_sentence_and_write_nothing(
    arguments: list[str],
    sentence: str,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    if arguments[0] == "run":
        arguments = [*arguments, "--out", "out"]
    status, out, err = foedus(capsys, *arguments)
    assert status == 2
    assert out == ""
    assert sentence in " ".join(err.split())
    assert "Traceback" not in err
    assert list(tmp_path.iterdir()) == []


def test_a_place_where_nothing_can_be_written_is_refused_before_simulating(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ensemble, "run", lambda *_, **__: pytest.fail("simulated"))
    status, out, err = foedus(capsys, "run", "pressure", *QUICK, "--out", "/proc/foedus")
    assert (status, out) == (2, "")
    assert "/proc/foedus cannot be written" in err


def test_problems_of_all_scenarios_are_reported_before_any_is_run(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "a.yaml").write_text("foedus: 1\nname: a\ntitle: T\nextends: baseline\nx: 1\n")
    status, _, err = foedus(capsys, "run", "./a.yaml", "presure", *QUICK, "--out", "out")
    assert status == 2
    assert "a.yaml:5: x:" in err
    assert "'presure'" in err
    assert not (tmp_path / "out").exists()


def test_a_scenario_without_effect_is_refused_and_names_its_lines(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "a.yaml").write_text(
        "foedus: 1\nname: a\ntitle: T\nextends: baseline\n"
        "levers: {pressure: {ARM: [{value: 0.3}]}}\n"
    )
    for command in ("run", "check"):
        status, _, err = foedus(capsys, command, "./a.yaml")
        assert status == 2
        assert "a.yaml:5: levers.pressure.ARM" in err


def test_check_accepts_every_shipped_scenario_and_mentions_single_inert_lines(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    status, out, err = foedus(capsys, "check", *shipped_scenarios())
    assert (status, err) == (0, "")
    assert out.count(": good") == len(shipped_scenarios())
    (tmp_path / "a.yaml").write_text(
        "foedus: 1\nname: a\ntitle: T\nextends: baseline\nlevers:\n"
        "  pressure: {ARM: [{value: 0.3}]}\n  threat: {ARM: [{value: 2}]}\n"
    )
    status, out, err = foedus(capsys, "check", "./a.yaml")
    assert status == 0
    assert "a.yaml:6: levers.pressure.ARM has no effect" in err


def test_new_writes_a_file_that_check_accepts_and_never_overwrites(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert foedus(capsys, "new", "mine")[0] == 0
    assert foedus(capsys, "check", "mine.yaml")[0] == 0
    (tmp_path / "mine.yaml").write_text("precious")
    status, _, err = foedus(capsys, "new", "mine")
    assert status == 2
    assert "exists already" in err
    assert (tmp_path / "mine.yaml").read_text() == "precious"
    assert foedus(capsys, "new", "other", "--from", "restraint", "--out", "sub.yaml")[0] == 0
    assert foedus(capsys, "new", "third", "--from", "./sub.yaml")[0] == 0
    assert "extends: ./sub.yaml" in (tmp_path / "third.yaml").read_text()
    status, _, err = foedus(capsys, "new", "far", "--out", "no/such/far.yaml")
    assert (status, "cannot be written" in err) == (1, True)


def test_show_tells_where_each_value_came_from(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = foedus(capsys, "show", "pressure", "--set", "trust_loss=0.7")
    assert status == 0
    lines = {line.split("#")[0].strip(): line.split("#")[-1].strip() for line in out.splitlines()}
    assert lines["trust_loss: 0.7"] == "--set trust_loss=0.7"
    assert any(origin.startswith("scenarios/baseline.yaml:") for origin in lines.values())
    assert any(origin.startswith("scenarios/pressure.yaml:") for origin in lines.values())
    _, out, _ = foedus(capsys, "show", "baseline", "--set", "ARM.election.2026-06=0.5")
    assert "ARM.election.2026-06: 0.5" in out
    _, out, _ = foedus(capsys, "show", "history")
    (clash,) = (line for line in out.splitlines() if "date: 2021-04, member: KGZ" in line)
    assert "event: clash" in clash
    assert "rival: TJK" in clash
    assert "scenarios/history.yaml:" in clash
    assert "decision: same_government" in out
    _, out, _ = foedus(capsys, "show", "pressure", "--json")
    assert json.loads(out)["name"] == "pressure"


def test_a_posterior_or_hindcast_that_is_there_is_refused_before_anything_is_computed(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    there = tmp_path / "p.npz"
    there.write_bytes(b"mine")
    (tmp_path / "hindcast.json").write_text("{}", encoding="utf-8")
    (tmp_path / "file").write_text("", encoding="utf-8")
    for arguments, sentence in (
        (["calibrate", "--out", str(there)], "exists already"),
        (["calibrate", "--out", str(tmp_path / "p.zip")], "ends in .npz"),
        (["calibrate", "--out", str(tmp_path / "no" / "p.npz")], "is no directory"),
        (["calibrate", "--until", "2018-03"], "allows 2019-01 to 2025-11"),
        (["calibrate", "--until", "soon"], "'soon' is not a month"),
        (["calibrate", "nato"], "There is no shipped record 'nato'"),
        (["hindcast", "--out", str(tmp_path)], "holds a hindcast already"),
        (["hindcast", "--out", str(tmp_path / "file" / "x")], "cannot be made"),
        (["hindcast", "--years", "5", "--until", "2022-06"], "leave out --until or --years"),
    ):
        status, _, err = foedus(capsys, *arguments)
        assert status in (1, 2)
        assert sentence in err
    assert there.read_bytes() == b"mine"


def test_the_record_is_shown_with_its_sources(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = foedus(capsys, "record", "--json")
    assert status == 0
    rows = json.loads(out)
    assert all(row["source"] for row in rows)
    assert {row["scored"] for row in rows} == {"yes", "no", "fitted"}
    _, other, _ = foedus(capsys, "record", "--coding", "other", "--json")
    assert json.loads(other) != rows


def test_why_explains_numbers_levers_and_overrides(capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = foedus(capsys, "why", "ARM.trust")
    for word in ("0.43", "IRI survey", "0.35 to 0.5", "csto.yaml:"):
        assert word in out
    assert "posterior at the end of the record, 2025-12" in out
    _, out, _ = foedus(capsys, "why", "ARM.trust", "--date", "2018-01")
    assert "0.6 to 0.98" in out
    assert "by the record; posterior" in out
    _, out, _ = foedus(capsys, "why", "pressure", "--scenario", "pressure")
    assert "pressure sets pressure.ARM to 0.9" in out
    _, out, _ = foedus(capsys, "why", "ARM.election.2026-06")
    assert "changes the government" in out
    assert "csto.yaml:" in out
    _, out, _ = foedus(capsys, "why", "exit_together")
    assert "common to all members" in " ".join(out.split())
    names = ("adaptive", "freeze", "rules.notice_months", "EU.credibility", "outreach",
             "new_government", "same_government", "KGZ.dispute.TJK", "ARM.successor.2026-06",
             "BLR.tenure", "clash_rate", "government_window")  # fmt: skip
    outcomes = ("dissolved", "hollow", "cohesion", "unity", "active", "takes part", "policy")
    for name in (*names, *outcomes, "pressure.ARM", "outreach.EU.ARM"):
        assert foedus(capsys, "why", name)[0] == 0


def test_results_go_on_and_are_verified(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert foedus(capsys, "run", "restraint", *QUICK, "--out", "out", "--no-figures")[0] == 0
    more = ("--runs", "150", "--no-figures")
    status, longer, _ = foedus(capsys, "run", "--resume", "out", *more)
    assert status == 0
    _, whole, _ = foedus(capsys, "run", "restraint", *QUICK[2:], *more)
    assert longer.splitlines()[:-1] == whole.splitlines()[:-1]
    status, out, err = foedus(capsys, "verify", "out", "--sample", "3")
    assert (status, err) == (0, "")
    assert "pieces with 150 worlds are whole; 3 worlds were replayed" in out
    next((tmp_path / "out" / "chunks").iterdir()).unlink()
    status, out, err = foedus(capsys, "verify", "out")
    assert status == 1
    assert "is missing." in err
    assert "computed again by: foedus run --resume out" in err
    status, again, err = foedus(capsys, "run", "--resume", "out", "--no-figures")
    assert (status, again) == (0, longer)
    assert "is missing; its" in err
    status, _, err = foedus(capsys, "run", "baseline", "--resume", "out")
    assert (status, "--resume takes scenarios" in err) == (2, True)
    for option in (("--seed", "5"), ("--set", "pressure.ARM=0.1"), ("--horizon", "12")):
        status, _, err = foedus(capsys, "run", "--resume", "out", *option)
        assert (status, "leave them out" in err) == (2, True)
    (tmp_path / "out" / "summary.json").write_text("x")
    status, _, err = foedus(capsys, "verify", "out")
    assert (status, "summary.json was altered" in err) == (1, True)
    status, _, err = foedus(capsys, "run", "--resume", "out", "--no-figures")
    assert (status, "It is written again." in err) == (0, True)
    assert "already holds" not in err
    assert foedus(capsys, "verify", "out")[0] == 0
    status, _, err = foedus(capsys, "run", "--resume", "nowhere")
    assert (status, "nowhere holds no foedus result" in err) == (2, True)
    status, _, err = foedus(capsys, "run", "--resume", "out", "--runs", "3")
    assert (status, "holds 150 runs already, more than 3" in err) == (2, True)


def test_list_schema_and_version(capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = foedus(capsys, "list")
    assert all(name in out for name in (*shipped_scenarios(), "csto"))
    _, out, _ = foedus(capsys, "schema")
    assert json.loads(out)["title"] == "foedus scenario"
    status, out, _ = foedus(capsys, "--version")
    assert status == 0
    assert out.startswith("foedus ")


# As a process


#: Restores Ctrl-C, which is switched off when the tests themselves run in the background.
PROGRAM = """
import os, signal
signal.signal(signal.SIGINT, signal.default_int_handler)
os.close({ready})
from foedus.__main__ import main
main()
"""


@contextmanager
def started(*arguments: str, cwd: Path) -> Iterator[subprocess.Popen[str]]:
    """Start the command in a process group of its own, which is gone afterwards."""
    listening, ready = os.pipe()
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM.format(ready=ready), *arguments],
        pass_fds=[ready],
        cwd=cwd,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    os.close(ready)
    os.read(listening, 1)  # ends when the program can be interrupted
    os.close(listening)
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def test_help_is_quick_because_heavy_imports_are_lazy(tmp_path: Path) -> None:
    program = (
        "import sys; from foedus.cli import app; app.execute(['--help']); "
        "heavy = {'mesa', 'numpy', 'xarray', 'pandas', 'matplotlib', 'pydantic', 'zarr', 'yaml'}; "
        "sys.exit(len(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=False)
    assert done.returncode == 0


@pytest.mark.parametrize("arguments", [["--help"], ["run", "--help"], ["calibrate", "--help"]])
def test_help_imports_no_room_of_the_library_and_nothing_heavy(arguments: list[str]) -> None:
    program = (
        "import sys\n"
        "from contextlib import suppress\n"
        "from foedus.__main__ import main\n"
        f"sys.argv[1:] = {arguments}\n"
        "with suppress(SystemExit):\n"
        "    main()\n"
        "print('\\n'.join(sys.modules), file=sys.stderr)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert "Usage: foedus" in done.stdout
    drawn_in = {name.split(".")[0] for name in done.stderr.split()}
    assert "typer" in drawn_in
    heavy = {"numpy", "numba", "mesa", "xarray", "pandas", "matplotlib", "zarr", "yaml", "rich"}
    assert drawn_in & heavy == set()
    rooms = {name.split(".")[1] for name in done.stderr.split() if name.startswith("foedus.")}
    assert rooms <= {"__main__", "cli", "defaults", "errors"}


@pytest.mark.parametrize("engine", ["kernel", "mesa"])
def test_an_interrupt_ends_at_once_with_130_and_keeps_what_is_done(
    engine: str, tmp_path: Path
) -> None:
    arguments = ("run", "baseline", "--runs", "400000", "--engine", engine, "--out", "out")
    with started(*arguments, cwd=tmp_path) as process:
        manifest = tmp_path / "out" / "manifest.jsonl"
        while not manifest.exists() or not manifest.read_text():
            assert process.poll() is None, "it ended before it kept anything"
            time.sleep(0.02)
        time.sleep(0.2)
        os.killpg(process.pid, signal.SIGINT)
        sent = time.monotonic()
        out, err = process.communicate(timeout=60)
    assert time.monotonic() - sent < 3.0, "a second on a machine with nothing else to do"
    assert process.returncode == 130
    assert out == ""
    kept = sum(entry.runs for entry in Pieces(tmp_path / "out").entries())
    assert kept > 0
    assert f"Interrupted. {kept:,} worlds are whole there." in err
    assert "Go on with: foedus run --resume out" in err
    with pytest.raises(ResultError, match=f"is not finished: {kept:,} worlds are whole there"):
        load_result(tmp_path / "out")


@pytest.mark.parametrize("moment", [0.2, 1.0])
def test_an_interrupt_before_anything_is_done_leaves_nothing(moment: float, tmp_path: Path) -> None:
    with started("run", "baseline", "--runs", "400000", cwd=tmp_path) as process:
        time.sleep(moment)
        os.killpg(process.pid, signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert (out, err.splitlines()[-1:]) in [
        ("", ["Interrupted; nothing was written."]), ("", []),
    ]  # fmt: skip
    assert list(tmp_path.iterdir()) == []


def test_a_reader_that_goes_away_is_no_traceback(tmp_path: Path) -> None:
    with started("show", "baseline", cwd=tmp_path) as process:
        assert process.stdout is not None
        process.stdout.close()
        assert process.stderr is not None
        assert "Traceback" not in process.stderr.read()
        process.wait(timeout=60)
        process.stdout = None


def test_panel_answers_first_and_names_every_source(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = foedus(capsys, "panel")
    assert (status, err) == (0, "")
    text = " ".join(out.split())
    assert text.startswith("In alliances led by a patron, freezes of members that took part: once")
    assert "3 of 5 (exact 95 % of the share: 15% to 95%)" in text
    for word in (
        "1972-11",
        "PAK",
        "FRUS 1969-1976",
        "returns in years 0 to 2",
        "CST/CSTO",
    ):
        assert word in text


def test_panel_as_json_is_cut_at_a_month_and_leaves_an_alliance_out(
    capsys: pytest.CaptureFixture[str],
) -> None:
    _, out, _ = foedus(capsys, "panel", "--until", "2018-12", "--without", "csto", "--json")
    content = json.loads(out)
    assert content["until"] == "2018-12"
    assert content["without"] == "CST/CSTO"
    freeze = content["rates"]["freeze"]
    assert freeze["events"] == 5
    assert set(freeze["alliances"]) == {"NATO", "SEATO", "ANZUS"}
    low, high = freeze["interval"]
    assert freeze["another"][0] < low < freeze["rate"] < high < freeze["another"][1]
    assert content["rates"]["expulsion"]["another"] is None
    assert all(event["month"] <= "2018-12" for event in content["events"])


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--until", "2018"], "'2018' is not a month"),
        (["--until", "1940-01"], "no alliance of the panel existed by then"),
        (["--without", "NATOO"], "did you mean 'NATO'"),
    ],
)
def test_panel_refuses_what_it_cannot_count(
    capsys: pytest.CaptureFixture[str], options: list[str], sentence: str
) -> None:
    status, out, err = foedus(capsys, "panel", *options)
    assert (status, out) == (2, "")
    assert sentence in err


def test_a_sweep_answers_first_and_prints_json_alone(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    quick = [*QUICK, "--steps", "2", "--lever", "pressure", "--lever", "enforcement"]
    status, out, err = foedus(capsys, "sweep", *quick, "--out", "swept")
    assert (status, err) == (0, "")
    assert out.startswith("- Armenia frozen in 2027-02: ")
    assert "Results are in swept: sweep.csv, sweep.json, sweep.png, sweep.svg" in out
    status, out, _ = foedus(capsys, "sweep", *quick, "--json")
    content = json.loads(out)
    assert list(content["sweep"]["levers"]) == ["pressure", "enforcement"]
    assert content == json.loads((tmp_path / "swept" / "sweep.json").read_text(encoding="utf-8"))
    status, out, err = foedus(capsys, "sweep", *quick, "--out", "swept")
    assert (status, out) == (2, "")
    assert "swept holds a sweep already" in err
