"""Handing out worlds: to threads here, or to the workers of a cluster."""

from __future__ import annotations

import os
import signal
import threading
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, Any

from foedus.worlds.engines import Task, is_compiled, simulate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from foedus.worlds.kept import Piece


AHEAD = 2  # pieces handed out for each worker, so that none waits for the next
POLL = 0.05  # seconds between looks at an interrupt
PATIENCE = 0.7  # seconds that interrupted threads are given to finish their batch


# ---------------------------------------------------------------------------------------------
# Simulating


def available_workers() -> int:
    """Processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def simulated(
    tasks: Sequence[Task], workers: int, scheduler: Any, notice: Callable[[str], None]
) -> Iterator[Piece]:
    """Yield pieces as they are simulated, by threads here or by the workers of a cluster."""
    if not tasks:
        return
    if scheduler is not None:
        from foedus.ensembles.cluster import simulated_on_cluster

        yield from simulated_on_cluster(tasks, scheduler)
    else:
        yield from _by_threads(tasks, max(1, min(workers, len(tasks))), notice)


def _by_threads(
    tasks: Sequence[Task], workers: int, notice: Callable[[str], None]
) -> Iterator[Piece]:
    """Simulate in threads, which the compiled kernel lets run side by side.

    When interrupted, yield what has been finished and raise KeyboardInterrupt.
    """
    waiting = iter(tasks)
    with _interrupts() as stop, _pool(workers) as pool:
        if tasks[0].engine == "kernel":
            _compile(tasks[0], stop, notice)

        def hand_out(number: int) -> set[Future[Piece]]:
            return {pool.submit(simulate, task, stop.is_set) for task in islice(waiting, number)}

        try:
            pending = hand_out(workers * AHEAD)
            while pending and not stop.is_set():
                done, pending = wait(pending, POLL, FIRST_COMPLETED)
                pending |= hand_out(len(done))
                yield from (future.result() for future in done)
            if stop.is_set():
                done, _ = wait(pending, PATIENCE)
                yield from (piece for future in done if (piece := future.result()).runs)
                raise KeyboardInterrupt
        finally:
            stop.set()  # whatever ended it, the threads are to end too


@contextmanager
def _pool(workers: int) -> Iterator[ThreadPoolExecutor]:
    pool = ThreadPoolExecutor(workers, thread_name_prefix="foedus")
    try:
        yield pool
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


@contextmanager
def _interrupts() -> Iterator[threading.Event]:
    """Turn Ctrl-C into an event, so that no piece is lost while it is written; a second one raises.

    Outside the main thread signals are somebody else's.
    """
    stop = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return

    def interrupt(*_: Any) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()

    before = signal.getsignal(signal.SIGINT)
    if before is not signal.default_int_handler:  # ignored, or handled by whoever called
        yield stop
        return
    signal.signal(signal.SIGINT, interrupt)
    try:
        yield stop
    finally:
        signal.signal(signal.SIGINT, before)


def _compile(task: Task, stop: threading.Event, notice: Callable[[str], None]) -> None:
    """Have the kernel ready before work is handed out, in a thread that cannot hold up an exit."""
    if not is_compiled():
        notice(
            "Compiling the model for this processor, which takes about 15 seconds the first time."
        )
    failure: list[BaseException] = []

    def warm_up() -> None:
        try:
            simulate(replace(task, runs=1))
        except BaseException as error:  # noqa: BLE001 (raised again below, where it is seen)
            failure.append(error)

    thread = threading.Thread(target=warm_up, daemon=True)
    thread.start()
    while thread.is_alive():
        thread.join(POLL)
        if stop.is_set():
            raise KeyboardInterrupt
    if failure:
        raise failure[0]
