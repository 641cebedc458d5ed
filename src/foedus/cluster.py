"""The same pieces on the workers of a Dask cluster (extra ``foedus[cluster]``)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from foedus.engines import Task, simulate
from foedus.errors import ResultError, UnfinishedError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from foedus.summaries import Piece

AHEAD = 4  # pieces handed out for each thread of the cluster
LOSSES = 10  # workers that may die over one piece before it is given up
WAIT = "30s"


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
        If the extra is not installed or no scheduler answers.
    UnfinishedError
        If the cluster is lost.
    """
    try:
        import dask
        from distributed import Client, as_completed
        from distributed.scheduler import KilledWorker
    except ImportError:
        message = "A Dask cluster needs the extra: pip install 'foedus[cluster]'."
        raise ResultError(message) from None
    client = scheduler
    if isinstance(scheduler, str):
        try:
            client = Client(scheduler, timeout=WAIT)
        except (OSError, ValueError, TimeoutError) as error:
            message = f"No Dask scheduler answers at {scheduler}: {error}."
            raise ResultError(message) from None
    waiting = iter(tasks)

    def hand_out() -> Any | None:
        task = next(waiting, None)
        return None if task is None else client.submit(simulate, task, pure=False, retries=LOSSES)

    try:
        with dask.config.set({"distributed.scheduler.allowed-failures": LOSSES}):
            threads = sum(client.nthreads().values()) or 1
            first = [future for _ in range(threads * AHEAD) if (future := hand_out()) is not None]
            done = as_completed(first, with_results=False)
            for future in done:
                try:
                    piece: Piece = future.result()
                except KilledWorker as error:
                    message = f"The cluster lost its workers again and again: {error}."
                    raise UnfinishedError(message) from None
                if (following := hand_out()) is not None:
                    done.add(following)
                future.release()
                yield piece
    finally:
        if isinstance(scheduler, str):
            client.close()
