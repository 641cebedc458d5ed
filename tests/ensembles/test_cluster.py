"""A real scheduler with real workers on this machine, one of which dies on the way."""

from __future__ import annotations

import re
import subprocess
import sys
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from distributed.scheduler import KilledWorker

from foedus.cases.scenario_reader import load_scenario
from foedus.ensembles import ensemble
from foedus.ensembles.cluster import LOSSES, simulated_on_cluster
from foedus.errors import ResultError, UnfinishedError, installing
from foedus.worlds import sources
from foedus.worlds.engines import Task
from foedus.worlds.openings import PRIOR
from foedus.worlds.sources import source_hash

if TYPE_CHECKING:
    from collections.abc import Callable

RUNS = 2_000

#: Two worker processes; one is killed after the third piece, while it has work.
PROGRAM = f"""
import os, signal
from distributed import Client, LocalCluster
from foedus.ensembles import ensemble
from foedus.cases.scenario_reader import load_scenario

if __name__ == "__main__":
    scenario = load_scenario("pressure")
    ensemble.PIECE_STEPS = 1
    with LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, host="127.0.0.1", dashboard_address=None
    ) as cluster:
        victim = next(iter(cluster.workers.values())).pid
        progress = []

        def killing(done, total):
            progress.append(done)
            if len(progress) == 3:
                os.kill(victim, signal.SIGKILL)

        by_address = ensemble.run(
            [scenario], runs={RUNS}, scheduler=cluster.scheduler_address, progress=killing
        )
        assert progress[-1] == {RUNS}, progress
        with Client(cluster) as client:
            by_client = ensemble.run([scenario], runs={RUNS}, scheduler=client)
            assert client.status == "running", "the client is the caller's to close"
        print(by_address.digest, by_client.digest)
"""


def test_a_cluster_gives_the_same_digest_though_a_worker_dies() -> None:
    here = ensemble.run([load_scenario("pressure")], runs=RUNS).digest
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == [here, here]


def test_a_scheduler_that_does_not_answer_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("foedus.ensembles.cluster.WAIT", "1s")
    with pytest.raises(ResultError, match=r"No Dask scheduler answers at tcp://127\.0\.0\.1:1"):
        list(simulated_on_cluster([], "tcp://127.0.0.1:1"))
    with pytest.raises(ResultError, match="No Dask scheduler answers at nonsense"):
        list(simulated_on_cluster([], "nonsense"))


def test_without_the_extra_the_remedy_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ResultError, match=re.escape(installing("cluster"))):
        list(simulated_on_cluster([], "tcp://127.0.0.1:1"))


class Future:
    """Stands in for Dask's."""

    def __init__(self, result: Callable[[], Any]) -> None:
        self.result = result


class Cluster:
    """Stands in for a client whose workers die over every piece a number of times."""

    def __init__(self, deaths: int) -> None:
        self.left = dict.fromkeys(range(0, 6, 2), deaths)

    def nthreads(self) -> dict[str, int]:
        return {"worker": 1}

    def submit(self, function: Any, task: Task, source: str, *, pure: bool) -> Future:
        lost: Any = ("piece", SimpleNamespace(address="worker"), 3)

        def result() -> Any:
            if self.left[task.first]:
                self.left[task.first] -= 1
                raise KilledWorker(*lost)
            return function(task, source)

        return Future(result)

    def cancel(self, futures: list[Any]) -> None:
        self.cancelled = len(futures)


class Stranger(Cluster):
    """Stands in for a client whose workers find another model on their side than was asked for."""

    def submit(self, function: Any, task: Task, source: str, *, pure: bool) -> Future:
        return super().submit(function, task, source[::-1], pure=pure)


class InTurn(list[Any]):
    """Stands in for ``as_completed``: one after the other, with those added on the way."""

    add = list.append


def test_a_worker_with_another_model_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("distributed.as_completed", InTurn)
    tasks = [Task(load_scenario("baseline", horizon=3), 1, PRIOR, 0, 1, "mesa", keep=False)]
    (piece,) = simulated_on_cluster(tasks, Cluster(deaths=0))
    assert piece.runs == 1
    with pytest.raises(ResultError, match="has another version of foedus"):
        list(simulated_on_cluster(tasks, Stranger(deaths=0)))
    monkeypatch.setattr(sources, "BEFORE", {source_hash(): (source_hash()[::-1],)})
    assert len(list(simulated_on_cluster(tasks, Stranger(deaths=0)))) == 1, "the same model"


@pytest.mark.parametrize("deaths", [0, LOSSES, LOSSES + 1])
def test_a_piece_is_handed_out_again_while_its_workers_die_but_not_for_ever(
    deaths: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("distributed.as_completed", InTurn)
    scenario = load_scenario("baseline", horizon=3)
    tasks = [Task(scenario, 1, PRIOR, first, 2, "mesa", keep=False) for first in (0, 2, 4)]
    made = simulated_on_cluster(tasks, Cluster(deaths))
    if deaths > LOSSES:
        with pytest.raises(UnfinishedError, match="lost its workers again and again"):
            list(made)
    else:
        assert sorted(piece.first for piece in made) == [0, 2, 4]
