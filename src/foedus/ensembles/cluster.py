"""Worlds on a Dask cluster: the same pieces, made by its workers (extra ``cluster``)."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

from foedus.errors import ResultError, UnfinishedError, installing
from foedus.worlds.engines import Task, simulate
from foedus.worlds.sources import is_this_model, source_hash

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from foedus.worlds.kept import Piece

AHEAD = 4  # pieces handed out for each thread of the cluster
LOSSES = 3  # times that a piece is handed out again after Dask gave it up because workers died
WAIT = "30s"  # for the scheduler to answer


def _simulate(task: Task, source: str) -> Piece:
    """Simulate a task on a worker, which must have the same model.

    Parameters
    ----------
    source
        Hash of the model that handed the task out.

    Raises
    ------
    ResultError
        If the worker's model is another.
    """
    if not is_this_model(source):
        message = (
            "A worker of the cluster has another version of foedus: its worlds would be others; "
            "install the same version on all of them."
        )
        raise ResultError(message)
    return simulate(task)


def simulated_on_cluster(tasks: Sequence[Task], scheduler: Any) -> Iterator[Piece]:
    """Simulate tasks on a cluster, in whatever order its workers finish them.

    A worker that dies costs time only: its pieces are simulated by the others.

    Parameters
    ----------
    scheduler
        Address such as ``tcp://10.0.0.1:8786``, or a ``dask.distributed.Client``.

    Raises
    ------
    ResultError
        If the extra is not installed, no scheduler answers, or a worker has another foedus.
    UnfinishedError
        If the cluster is lost.
    """
    try:
        from distributed import Client, as_completed
        from distributed.scheduler import KilledWorker
    except ImportError:
        message = (
            "A Dask cluster needs the package distributed. Install the extra 'cluster', "
            f"{installing('cluster')}"
        )
        raise ResultError(message) from None
    client = scheduler
    if isinstance(scheduler, str):
        try:
            client = Client(scheduler, timeout=WAIT)
        except (OSError, ValueError, TimeoutError) as error:
            message = f"No Dask scheduler answers at {scheduler}: {error}."
            raise ResultError(message) from None
    waiting = deque((task, LOSSES) for task in tasks)
    handed_out: dict[Any, tuple[Task, int]] = {}

    def hand_out() -> Any:
        task, lives = waiting.popleft()
        future = client.submit(_simulate, task, source_hash(), pure=False)
        handed_out[future] = task, lives
        return future

    try:
        threads = sum(client.nthreads().values()) or 1
        done = as_completed([hand_out() for _ in range(min(threads * AHEAD, len(waiting)))])
        for future in done:
            task, lives = handed_out.pop(future)
            try:
                piece: Piece = future.result()
            except KilledWorker as error:
                if lives == 0:
                    message = f"The cluster lost its workers again and again: {error}."
                    raise UnfinishedError(message) from None
                waiting.append((task, lives - 1))
            else:
                yield piece
            if waiting:
                done.add(hand_out())
    finally:
        client.cancel(list(handed_out))
        if isinstance(scheduler, str):
            client.close()
