"""Measure the ensemble engine against a Mesa user's model, a plain loop, and its own floor.

    python benchmarks/run.py [--rounds 7] [--out benchmarks/results.json]

Everything is measured in turn within one session, so that a busy machine is as busy for all; the
table shows medians and their ratios. What is compared, and what came out, is in
docs/performance.md.
"""

from __future__ import annotations

import argparse
import json
import platform
import subprocess
import sys
import time
import warnings
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from mesa_user import AllianceModel as UserModel

from foedus.cases.scenario_reader import load_scenario
from foedus.ensembles import ensemble, workers
from foedus.model.parameters import Parameters
from foedus.worlds import engines
from foedus.worlds.agents import AllianceModel
from foedus.worlds.buffers import LANES
from foedus.worlds.engines import Task, simulate
from foedus.worlds.kept import empty_monthly, kept_fields
from foedus.worlds.openings import PRIOR, opening

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import mesa

SCENARIO = "baseline"
MESA_WORLDS = 300
PLAIN_WORLDS = 6
KERNEL_WORLDS = 32_768
LARGE = 200  # members of the large alliance


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--out", type=Path, default=Path(__file__).with_name("results.json"))
    options = parser.parse_args()
    scenario = load_scenario(SCENARIO)
    steps = scenario.horizon * len(scenario.alliance.members)
    bench = Bench(scenario)
    bench.check_the_user_model()
    timings: dict[str, list[float]] = {}
    for round_ in range(options.rounds + 1):
        for name, (worlds, agents, function) in bench.measures().items():
            begin = time.perf_counter()
            function()
            seconds = time.perf_counter() - begin
            if round_:  # the first warms up
                timings.setdefault(name, []).append(seconds / (worlds * agents))
    medians = {name: median(values) for name, values in timings.items()}
    report = {
        "machine": machine(),
        "scenario": SCENARIO,
        "agent_steps_a_world": steps,
        "rounds": options.rounds,
        "nanoseconds_per_agent_step": {name: 1e9 * value for name, value in medians.items()},
        "ratios": ratios(medians),
        "memory": memory(),
        "start_up_seconds": start_up(options.rounds),
    }
    show(report)
    options.out.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")


class Bench:
    """What is measured: name to worlds, agent-steps a world, and the function."""

    def __init__(self, scenario: Any) -> None:
        self.scenario = scenario
        self.loops = engines.compiled_kernel()
        self.small = Batch(scenario, 6)
        self.large = Batch(scenario, LARGE)

    def measures(self) -> dict[str, Any]:
        months, members = self.scenario.horizon, len(self.scenario.alliance.members)
        steps = months * members
        return {
            "mesa user, 1 process": (MESA_WORLDS, steps, lambda: self.user(1)),
            "mesa user, 2 processes": (MESA_WORLDS, steps, lambda: self.user(2)),
            "mesa user, 2 processes, 1,500 worlds": (
                5 * MESA_WORLDS,
                steps,
                lambda: self.user(2, 5),
            ),
            "mesa user, last month only, 1 process": (
                MESA_WORLDS,
                steps,
                lambda: self.user(1, period=-1),
            ),
            "foedus with Mesa": (PLAIN_WORLDS, steps, self.mesa),
            "plain Python loop": (PLAIN_WORLDS, steps, self.plain),
            "kernel, 1 thread": (KERNEL_WORLDS, steps, lambda: self.kernel(1)),
            "kernel, 2 threads": (2 * KERNEL_WORLDS, steps, lambda: self.kernel(2)),
            "kernel month, 6 members": (LANES, months * 6, self.small.run),
            f"kernel month, {LARGE} members": (LANES, months * LARGE, self.large.run),
            "floor: draws and stores": (LANES, months * 6, self.small.floor),
        }

    def user(self, processes: int, times: int = 1, period: int = 1) -> list[dict[str, Any]]:
        """Run the Mesa user's model and read every month collected, or with -1 the last one."""
        found: list[dict[str, Any]] = mesa.batch_run(
            UserModel,
            {"scenario": [SCENARIO]},
            number_processes=processes,
            iterations=MESA_WORLDS * times,
            max_steps=self.scenario.horizon,
            data_collection_period=period,
            display_progress=False,
        )
        return found

    def mesa(self) -> None:
        simulate(Task(self.scenario, 1, PRIOR, 0, PLAIN_WORLDS, "mesa", keep=False))

    def plain(self) -> None:
        """Run the rules in a loop over Mesa's agents, keeping nothing."""
        for run in range(PLAIN_WORLDS):
            AllianceModel(self.scenario, run=run, collect=False).run_model()

    def kernel(self, threads: int) -> None:
        ensemble.run([self.scenario], runs=KERNEL_WORLDS * threads, workers=threads)

    def check_the_user_model(self) -> None:
        """Refuse to compare with a model that is not the same."""
        rows = self.user(2, 5, period=-1)
        ours = ensemble.run([self.scenario], runs=20_000)
        worst = 0.0
        for code in self.scenario.alliance.members:
            theirs = [row for row in rows if row["code"] == code]
            inside = [row["standing"] not in ("withdrawn", "expelled") for row in theirs]
            worlds = ours.parts[0]
            there = worlds.of("standing", code) < 5
            pairs = (
                ([row["trust"] for row, i in zip(theirs, inside, strict=True) if i],
                 worlds.of("trust", code)[there]),
                ([row["standing"] == "active" for row in theirs],
                 worlds.of("standing", code) == 0),
                ([row["takes_part"] for row in theirs], worlds.of("takes_part", code)),
            )  # fmt: skip
            for one, other in pairs:
                error = np.sqrt(np.var(other) / len(one) + 1e-9)
                worst = max(worst, abs(np.mean(one) - np.mean(other)) / error)
        print(f"the user's model agrees with foedus: largest gap {worst:.1f} standard errors")
        if worst > 4.5:
            sys.exit("The Mesa user's model is not the same model; nothing was measured.")


class Batch:
    """One batch of the kernel for an alliance of any size, and its floor."""

    def __init__(self, scenario: Any, members: int) -> None:
        here = len(scenario.alliance.members)
        places = np.arange(members) % here
        case = engines.case_of(scenario, 1)
        attention = np.full((members, members), 1 / (members - 1))
        np.fill_diagonal(attention, 0.0)
        self.case = case._replace(
            addresses=np.arange(members),
            attention=attention,
            drivers=np.ascontiguousarray(case.drivers[:, places]),
            weights=np.ones((2, members)),
        )
        self.months = scenario.horizon
        self.fields = kept_fields()
        self.bench = engines.bench_for(members)
        self.monthly = empty_monthly(self.months, members, spare=1)
        self.loops = engines.compiled_kernel()
        runs = np.arange(LANES)
        start = opening(PRIOR, scenario, 1, runs, self.loops)
        self.bench.runs[:] = runs
        engines.by_lane(self.bench.parameters)[:] = start.parameters
        self.states = start.states[:, places].swapaxes(0, 1)
        self._floor = compiled_floor()

    def run(self) -> None:
        engines.by_lane(self.bench.states)[:] = self.states
        self.loops.begin(self.fields, self.bench)
        self.loops.simulate(self.case, self.fields, 0, self.months, LANES, self.bench, self.monthly)

    def floor(self) -> None:
        engines.by_lane(self.bench.states)[:] = self.states
        self.loops.begin(self.fields, self.bench)
        self._floor.simulate(
            self.case, self.fields, 0, self.months, LANES, self.bench, self.monthly
        )


def compiled_floor() -> Any:
    """Compile the kernel with rules that do nothing but take in every draw."""
    import floor_rules

    return floor_rules.compiled()


# ---------------------------------------------------------------------------------------------
# What is not speed


MEMORY = """
import sys
from foedus.ensembles import ensemble
from foedus.outcomes import summary as outcomes
from foedus.cases.scenario_reader import load_scenario
made = ensemble.run([load_scenario("baseline")], runs=int(sys.argv[1]))
outcomes.summarise(made)
made.digest
lines = open("/proc/self/status").read().splitlines()
print(next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM")))
"""


def memory() -> dict[str, float]:
    """Peak memory of summaries of 10,000 and of a million worlds."""
    peaks = {}
    for runs in (10_000, 1_000_000):
        command = [sys.executable, "-c", MEMORY, str(runs)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        peaks[runs] = int(done.stdout)
    few, many = peaks[10_000], peaks[1_000_000]
    return {
        "megabytes_at_10000": few / 1e6,
        "megabytes_at_1000000": many / 1e6,
        "bytes_a_world_above_10000": (many - few) / 990_000,
    }


def start_up(rounds: int) -> dict[str, float]:
    """Wall time of commands, warm; the compiler from cold."""
    foedus = [sys.executable, "-m", "foedus"]
    commands = {
        "foedus --help": [*foedus, "--help"],
        "foedus run baseline --runs 1000 --no-figures": [
            *foedus, "run", "baseline", "--runs", "1000", "--no-figures",
        ],
        "foedus run baseline --no-figures (20,000 worlds)": [
            *foedus, "run", "baseline", "--no-figures",
        ],
    }  # fmt: skip
    return {name: median(timed(command) for _ in range(rounds)) for name, command in
            commands.items()} | {"compiling from cold": cold()}  # fmt: skip


def timed(command: list[str], **environment: str) -> float:
    import os

    begin = time.perf_counter()
    env = {**os.environ, **environment}
    subprocess.run(command, capture_output=True, check=True, env=env)
    return time.perf_counter() - begin


def cold() -> float:
    """Seconds that the first run on a machine takes longer than the next."""
    import tempfile

    command = [sys.executable, "-m", "foedus", "run", "baseline", "--runs", "100", "--no-figures"]
    with tempfile.TemporaryDirectory() as cache:
        first = timed(command, XDG_CACHE_HOME=cache)
        return first - timed(command, XDG_CACHE_HOME=cache)


def ratios(medians: dict[str, float]) -> dict[str, float]:
    def over(one: str, other: str) -> float:
        return medians[one] / medians[other]

    return {
        "mesa user / kernel, one process, one thread": over(
            "mesa user, 1 process", "kernel, 1 thread"
        ),
        "mesa user / kernel, two processes, two threads": over(
            "mesa user, 2 processes", "kernel, 2 threads"
        ),
        "mesa user, 1,500 worlds / kernel, two processes, two threads": over(
            "mesa user, 2 processes, 1,500 worlds", "kernel, 2 threads"
        ),
        "mesa user, last month only / kernel, one process, one thread": over(
            "mesa user, last month only, 1 process", "kernel, 1 thread"
        ),
        "plain Python loop / kernel, one thread": over("plain Python loop", "kernel, 1 thread"),
        "kernel, one thread / two threads": over("kernel, 1 thread", "kernel, 2 threads"),
        "kernel / floor": over("kernel month, 6 members", "floor: draws and stores"),
        f"{LARGE} members / 6 members": over(
            f"kernel month, {LARGE} members", "kernel month, 6 members"
        ),
    }


def machine() -> dict[str, Any]:
    name = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    flags = ""
    if info.exists():
        lines = info.read_text(encoding="utf-8").splitlines()
        name = next((x.split(":")[1].strip() for x in lines if x.startswith("model name")), name)
        flags = next((x.split(":")[1] for x in lines if x.startswith("flags")), "")
    level = "AVX-512" if "avx512vl" in flags else "AVX2" if "avx2" in flags else "SSE2"
    return {
        "processor": name,
        "vectors": level,
        "cores": workers.available_workers(),
        "python": platform.python_version(),
        "numba": engines_version("numba"),
        "mesa": engines_version("mesa"),
        "parameters": len(Parameters._fields),
    }


def engines_version(name: str) -> str:
    from importlib.metadata import version

    return version(name)


def show(report: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console(width=100)
    for title in ("machine", "nanoseconds_per_agent_step", "ratios", "memory", "start_up_seconds"):
        table = Table(title=title.replace("_", " "), title_justify="left", show_header=False)
        for name, value in report[title].items():
            shown = f"{value:,.3g}" if isinstance(value, float) and value < 100 else value
            shown = f"{shown:,.0f}" if isinstance(shown, float) else str(shown)
            table.add_row(name, shown)
        console.print(table)


if __name__ == "__main__":
    main()
