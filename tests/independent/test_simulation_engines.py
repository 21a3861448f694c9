"""One digest, whoever computes the blocks: processes, shards, Ray, and after a kill -9."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path

import pytest

from onearm.errors import InputError
from onearm.pipeline.simulate import Options, load_scenario, merge, simulate
from onearm.sim.address import check_address
from onearm.sim.engine import Job, block_path, do, run
from onearm.sim.plan import Plan
from onearm.sim.tally import Tally
from onearm.sim.truth import truth_of

SCENARIO = Path("studies/tqb2450-ib-02/scenarios/reported.yaml")
TRIALS = 5_000
ONEARM = [sys.executable, "-c", "from onearm.cli import main; main()", "simulate", str(SCENARIO)]


def started(*options, trials=TRIALS):
    return subprocess.Popen(
        [*ONEARM, "--trials", str(trials), "--json", "--quiet", *map(str, options)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def digest_of(process):
    out, err = process.communicate(timeout=240)
    assert process.returncode == 0, err
    found = json.loads(out)
    return found["trials"], found["digest"]


@cache
def expected(trials=TRIALS):
    found = simulate(SCENARIO, Options(trials=trials)).as_json()
    return found["trials"], found["digest"]


def children(pid):
    found = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(child) for child in found]


def command_line(pid):
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return ""


def wait_for(what, seconds=90):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := what():
            return found
        time.sleep(0.02)
    raise AssertionError("nothing came")


def workers_of(process):
    return [pid for pid in children(process.pid) if "spawn_main" in command_line(pid)]


@pytest.mark.slow
def test_two_processes_give_the_digest_of_one():
    assert digest_of(started("--workers", 2)) == expected()


@pytest.mark.slow
def test_shards_in_any_order_merge_to_the_same_digest(tmp_path):
    shards = [1, 2, 3]
    random.Random(3).shuffle(shards)
    for shard in shards:
        simulate(SCENARIO, Options(TRIALS, out=tmp_path / f"{shard}", shard=f"{shard}/3"))
    found = merge(SCENARIO, Options(TRIALS), [tmp_path / "2", tmp_path / "1", tmp_path / "3"])

    assert (found.tally.trials, found.as_json()["digest"]) == expected()


def test_blocks_in_any_order_add_up_to_the_same_tally():
    plan = Plan(load_scenario(SCENARIO).protocol, load_scenario(SCENARIO).scenario)
    job = Job(plan, truth_of(plan, 5000), 2000, "key")
    total = Tally()
    for _, part in run(job, [5, 2, 7, 0, 1, 6, 4, 3]):
        total.add(part)
    other = Tally()
    for block in job.blocks:
        other.add(do(job, block))

    assert (total.digest, total.joint, total.medians) == (other.digest, other.joint, other.medians)


@pytest.mark.slow
def test_a_killed_worker_is_replaced_and_its_blocks_are_done_again(tmp_path):
    process = started("--workers", 2, "--out", tmp_path, trials=20_000)
    blocks = tmp_path / "blocks"
    wait_for(lambda: len(list(blocks.glob("block-*.parquet"))) >= 3)
    os.kill(workers_of(process)[0], signal.SIGKILL)

    assert digest_of(process) == expected(20_000)


@pytest.mark.slow
def test_a_killed_run_goes_on_from_its_finished_blocks(tmp_path):
    process = started("--workers", 2, "--out", tmp_path, trials=20_000)
    blocks = tmp_path / "blocks"
    wait_for(lambda: len(list(blocks.glob("block-*.parquet"))) >= 3)
    workers = workers_of(process)
    process.kill()
    process.communicate()
    wait_for(lambda: all("spawn_main" not in command_line(pid) for pid in workers))
    finished = {path: path.stat().st_mtime_ns for path in blocks.glob("block-*.parquet")}

    assert 3 <= len(finished) < 80
    assert digest_of(started("--out", tmp_path, "--resume", trials=20_000)) == expected(20_000)
    assert all(path.stat().st_mtime_ns == then for path, then in finished.items())


@pytest.fixture
def cluster(monkeypatch):
    """Start a Ray cluster of two workers on loopback, and end it."""
    ray = Path(sys.executable).with_name("ray")
    if not ray.exists():
        if os.environ.get("CI") or os.environ.get("ONEARM_REQUIRE_ALL") == "1":
            pytest.fail("ray is not installed: pip install 'onearm[cluster]'", pytrace=False)
        pytest.skip("ray is not installed")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    folder = Path("/tmp") / f"ray-{port}"
    monkeypatch.setenv("RAY_AUTH_MODE", "disabled")  # loopback; else each start makes a token
    head = subprocess.Popen(
        [ray, "start", "--head", "--block", "--num-cpus=2", f"--port={port}",
         "--include-dashboard=false", f"--temp-dir={folder}",
         "--object-store-memory=200000000", "--disable-usage-stats"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        wait_for(
            lambda: answers(port) and any("raylet" in command_line(p) for p in below(head.pid))
        )
        yield f"127.0.0.1:{port}", head
    finally:
        for pid in [*below(head.pid), head.pid]:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        head.wait()
        shutil.rmtree(folder, ignore_errors=True)


def answers(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def below(pid):
    """Return all processes that a process started, and theirs."""
    try:
        direct = children(pid)
    except OSError:
        return []
    return [one for child in direct for one in (*below(child), child)]


@pytest.mark.slow
def test_ray_with_two_workers_one_of_them_killed_gives_the_same_digest(cluster):
    address, head = cluster
    process = started("--engine", "ray", "--address", address, trials=20_000)
    worker = wait_for(lambda: [p for p in below(head.pid) if "ray::do" in command_line(p)])
    os.kill(worker[0], signal.SIGKILL)

    assert digest_of(process) == expected(20_000)


def test_a_cluster_that_does_not_answer_is_one_line_within_ten_seconds():
    begun = time.monotonic()
    with pytest.raises(InputError, match=r"127\.0\.0\.1:9: no cluster answers there"):
        simulate(SCENARIO, Options(engine="ray", address="127.0.0.1:9", trials=250))

    assert time.monotonic() - begun < 10


def frame(kind, flags, stream, payload):
    size = len(payload).to_bytes(3, "big")
    return size + bytes((kind, flags)) + stream.to_bytes(4, "big") + payload


def fields(of_status, *, is_end=False):
    """Return header fields that answer a call: RFC 7541 has 200 at 8 and 404 at 13."""
    return frame(1, 0x4 | is_end, 1, of_status)


def refusal(status):
    """Return the answer of a gRPC server that refuses a call: fields alone, and the end."""
    return fields(b"\x88\x00\x0bgrpc-status\x02" + status, is_end=True)


GREETING = frame(4, 0, 0, b"")  # the settings that every HTTP/2 server sends first
PAGE = frame(0, 1, 1, b"<html>no such page</html>")
NOT_RAY = {
    "silent": ([], "timed out"),
    "a web server": ([b"HTTP/1.1 400 Bad Request\r\n\r\n"], "it does not speak gRPC"),
    "settings alone": ([GREETING], "timed out"),
    "settings byte by byte": ([GREETING[:1], GREETING[1:5]], "timed out"),
    "gRPC without Ray": ([GREETING, refusal(b"12")], "it is not Ray"),
    "gRPC that hangs up": ([GREETING, frame(7, 0, 0, bytes(8))], "it is not Ray"),
    "a web server of HTTP/2": ([GREETING, fields(b"\x8d"), PAGE], "it is not Ray"),
    "a page of HTTP/2": ([GREETING, fields(b"\x20\x88"), PAGE], "it is not Ray"),
}


@contextmanager
def serving(parts):
    """Answer one caller with these bytes, and keep the line open until the caller hangs up."""

    def answer():
        line = server.accept()[0]
        with line, suppress(ConnectionError):
            for part in parts:
                line.sendall(part)
                time.sleep(0.05)
            while line.recv(4096):
                pass

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=answer)
        thread.start()
        yield f"127.0.0.1:{server.getsockname()[1]}"
        thread.join()


@pytest.mark.parametrize("kind", NOT_RAY)
def test_a_port_that_is_no_cluster_is_one_line_within_ten_seconds(kind):
    parts, why = NOT_RAY[kind]
    begun = time.monotonic()
    with (
        serving(parts) as address,
        pytest.raises(InputError, match=rf"no cluster answers there \({why}\)"),
    ):
        check_address(address)

    assert time.monotonic() - begun < 10


@pytest.mark.parametrize(
    "answer",
    [[refusal(b"16")], [fields(b"\x88"), frame(0, 0, 1, b"\0\0\0\0\x02id")]],
    ids=["asks for a token", "an answer"],
)
def test_a_cluster_that_answers_is_left_to_ray(answer):
    with serving([GREETING, *answer]) as address:
        check_address(address)


def test_a_name_that_is_not_found_in_time_is_one_line(monkeypatch):
    def slow(*about, **more):
        time.sleep(9)
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr("socket.getaddrinfo", slow)
    begun = time.monotonic()
    with pytest.raises(InputError, match=r"cluster\.example:6379: no cluster .* \(timed out\)"):
        check_address("cluster.example:6379")

    assert time.monotonic() - begun < 8


def test_a_name_that_is_none_is_one_line():
    with pytest.raises(InputError, match="it is no host name"):
        check_address("host..name:6379")


@pytest.mark.parametrize(
    "address", ["10.0.0.5", "10.0.0.5:", "host:0", "host:70000", "ray://10.0.0.5:10001", "auto", ""]
)
def test_an_address_is_a_host_and_a_port(address):
    with pytest.raises(InputError, match="must be HOST:PORT of the cluster's head"):
        check_address(address)


def test_a_block_of_another_scenario_is_refused(tmp_path):
    simulate(SCENARIO, Options(500, out=tmp_path))
    with pytest.raises(InputError, match="belongs to another simulation"):
        merge(SCENARIO, Options(500, seed=2), [tmp_path])


def test_a_missing_block_is_named(tmp_path):
    simulate(SCENARIO, Options(1000, out=tmp_path, shard="1/2"))
    with pytest.raises(InputError, match="2 of 4 blocks missing, the first is number 1"):
        merge(SCENARIO, Options(1000), [tmp_path])


def test_a_block_cut_short_is_refused(tmp_path):
    simulate(SCENARIO, Options(250, out=tmp_path))
    path = block_path(tmp_path / "blocks", 0)
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(InputError, match="cannot be read"):
        simulate(SCENARIO, Options(250, out=tmp_path, resume=True))


def test_finished_blocks_are_not_overwritten_unasked(tmp_path):
    simulate(SCENARIO, Options(250, out=tmp_path))
    with pytest.raises(InputError, match="--resume goes on with them"):
        simulate(SCENARIO, Options(250, out=tmp_path))


@pytest.mark.slow
def test_a_full_disk_leaves_finished_blocks_whole(tmp_path, monkeypatch):
    import polars as pl

    write, count = pl.DataFrame.write_parquet, []

    def full(frame, path):
        count.append(path)
        if len(count) > 2:
            path.write_bytes(b"PAR1 half")
            raise OSError(28, "No space left on device")
        write(frame, path)

    monkeypatch.setattr(pl.DataFrame, "write_parquet", full)
    with pytest.raises(InputError, match="No space left on device"):
        simulate(SCENARIO, Options(1000, out=tmp_path))
    monkeypatch.undo()

    assert [path.name for path in sorted((tmp_path / "blocks").iterdir())] == [
        "block-000000.parquet",
        "block-000001.parquet",
    ]
    found = simulate(SCENARIO, Options(1000, out=tmp_path, resume=True))
    assert found.as_json()["digest"] == expected(1000)[1]
