"""Runs the blocks of a simulation: here, on the processes of this machine, or on a Ray cluster.

Takes a job (plan, truth, where finished blocks are kept) and yields the tally
of each block as it is done, in any order. A finished block is a Parquet file,
written beside its place and then renamed, so that it is whole or not there; a
run that is resumed reads the finished ones. A block whose worker was lost is
done again. Knows nothing of what is counted.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import sys
import threading
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import redirect_stdout, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from onearm.errors import InputError
from onearm.sim.plan import Plan
from onearm.sim.tally import Tally, tally
from onearm.sim.trials import BLOCK, Columns, run_block
from onearm.sim.truth import Truth

Engine = Literal["processes", "ray"]
ENGINES = ("processes", "ray")
MOST_LOST = 20  # workers, before a run gives up: something kills each of them


@dataclass(frozen=True)
class Job:
    """What is to be done for each block; ``key`` names protocol, scenario and seed."""

    plan: Plan
    truth: Truth
    trials: int
    key: str
    folder: Path | None = None

    def size(self, block: int) -> int:
        """Return the number of trials of a block; the last one may be smaller."""
        return min(BLOCK, self.trials - block * BLOCK)

    @property
    def blocks(self) -> range:
        """All blocks."""
        return range(-(-self.trials // BLOCK))


def block_path(folder: Path, block: int) -> Path:
    """Return where a finished block is kept."""
    return folder / f"block-{block:06}.parquet"


def do(job: Job, block: int) -> Tally:
    """Do one block: read it where it is finished, compute and keep it otherwise."""
    path = None if job.folder is None else block_path(job.folder, block)
    if path is not None and path.exists():
        columns = read_block(path, job.key, job.size(block))
    else:
        columns = run_block(job.plan, block, job.size(block))
        if path is not None:
            write_block(path, columns, job.key, block)
    return tally(columns, block, job.plan, job.truth)


def write_block(path: Path, columns: Columns, key: str, block: int) -> None:
    """Write the trials of a block, a row each; the file is whole or not there."""
    import polars as pl

    trials = len(columns["success"])
    first = {
        "job": pl.Series([key] * trials),
        "trial": np.arange(trials, dtype=np.int64) + block * BLOCK,
    }
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        pl.DataFrame(first | columns).write_parquet(part)
        os.replace(part, path)
    except (OSError, pl.exceptions.PolarsError) as error:
        with suppress(OSError):
            part.unlink()
        why = error.strerror if isinstance(error, OSError) and error.strerror else error
        raise InputError(f"{path}: the block could not be written ({why})") from None


def read_block(path: Path, key: str, trials: int) -> Columns:
    """Read a finished block back, or raise an error that says what is wrong with it."""
    import polars as pl

    try:
        found = pl.read_parquet(path)
    except (OSError, pl.exceptions.PolarsError):
        raise InputError(f"{path}: must be a block of a simulation; it cannot be read") from None
    if found.columns[:1] != ["job"] or set(found["job"]) != {key}:
        raise InputError(
            f"{path}: belongs to another simulation: protocol, scenario, seed or options differ"
        )
    if len(found) != trials:
        raise InputError(f"{path}: must hold {trials} trials; got {len(found)}")
    return {name: found[name].to_numpy() for name in found.columns[2:]}


def run(
    job: Job,
    blocks: Sequence[int],
    *,
    engine: Engine = "processes",
    workers: int = 1,
    address: str | None = None,
) -> Iterator[tuple[int, Tally]]:
    """Yield each block with its tally, as it is done.

    Raises
    ------
    InputError
        If the cluster does not answer, workers are lost again and again, or a
        finished block is of another simulation.
    """
    if engine == "ray":
        yield from _on_ray(job, blocks, address)
    elif workers == 1:
        for block in blocks:
            yield block, do(job, block)
    else:
        yield from _on_processes(job, blocks, workers)


_JOB: Job | None = None


def _take(job: Job) -> None:
    """Keep the job in a worker process, so that it is sent once and not with every block."""
    global _JOB
    _JOB = job
    threading.Thread(target=_leave_with_parent, daemon=True).start()


def _leave_with_parent() -> None:
    """End a worker whose driver was killed, which nobody else would end."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _do(block: int) -> Tally:
    assert _JOB is not None  # the worker was started with it
    return do(_JOB, block)


def _on_processes(job: Job, blocks: Sequence[int], workers: int) -> Iterator[tuple[int, Tally]]:
    left, lost = list(blocks), 0
    context = multiprocessing.get_context("spawn")
    while left:
        with ProcessPoolExecutor(
            workers, mp_context=context, initializer=_take, initargs=(job,)
        ) as pool:
            try:
                for block, found in _submitted(pool, left, 4 * workers):
                    yield block, found
                    left.remove(block)
            except BrokenProcessPool:
                lost += 1
                if lost > MOST_LOST:
                    raise InputError(
                        f"{lost} worker processes were lost; the last blocks begin with {left[0]}"
                    ) from None
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise


def _submitted(
    pool: ProcessPoolExecutor, blocks: Iterable[int], most: int
) -> Iterator[tuple[int, Tally]]:
    """Yield blocks as they are done; only some wait at a time, so that memory does not grow."""
    waiting: dict[Future[Tally], int] = {}
    coming = iter(list(blocks))
    while True:
        for block in coming:
            waiting[pool.submit(_do, block)] = block
            if len(waiting) >= most:
                break
        if not waiting:
            return
        done, _ = wait(waiting, return_when=FIRST_COMPLETED)
        for future in done:
            yield waiting.pop(future), future.result()


def _on_ray(job: Job, blocks: Sequence[int], address: str | None) -> Iterator[tuple[int, Tally]]:
    try:
        import ray
    except ImportError:
        raise InputError("--engine ray needs ray: pip install 'onearm[cluster]'") from None
    is_ours = not ray.is_initialized()
    with redirect_stdout(sys.stderr):  # where Ray says that a worker was lost
        if is_ours:
            _connect(ray, address)
        try:
            yield from _by_ray(ray, job, blocks)
        finally:
            if is_ours:
                ray.shutdown()


def _by_ray(ray: Any, job: Job, blocks: Sequence[int]) -> Iterator[tuple[int, Tally]]:
    remote = ray.remote(max_retries=MOST_LOST)(do)
    shared, coming = ray.put(job), iter(blocks)
    waiting: dict[Any, int] = {}
    most = 4 * max(1, int(ray.cluster_resources().get("CPU", 1)))
    while True:
        for block in coming:
            waiting[remote.remote(shared, block)] = block
            if len(waiting) >= most:
                break
        if not waiting:
            return
        done, _ = ray.wait(list(waiting), num_returns=1)
        for reference in done:
            yield waiting.pop(reference), _got(ray, reference)


def _connect(ray: Any, address: str | None) -> None:
    try:
        ray.init(
            address=address,
            log_to_driver=False,
            logging_level=logging.ERROR,
            include_dashboard=None if address else False,
        )
    except (ConnectionError, RuntimeError, ray.exceptions.RayError) as error:
        why = " ".join(str(error).split())
        where = (
            "no Ray cluster can be started here"
            if address is None
            else (f"--address {address}: no Ray cluster can be used there")
        )
        raise InputError(f"{where} ({why})") from None


def _got(ray: Any, reference: Any) -> Tally:
    try:
        found = ray.get(reference)
    except ray.exceptions.RayTaskError as error:
        raise error.cause if isinstance(error.cause, InputError) else error from None
    assert isinstance(found, Tally)
    return found
