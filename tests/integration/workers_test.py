# SPDX-License-Identifier: MIT
"""Work that handlers offload: beside the loop, bounded, and waited for at the end."""

import pathlib
import signal
import subprocess

import pytest

from harness.client import eventually
from harness.daemon import BIN_DIR

SOURCE = pathlib.Path(__file__).parent / "module_sources/slow.cpp"


@pytest.fixture(scope="module")
def slow(tmp_path_factory):
    path = tmp_path_factory.mktemp("module") / "slow.so"
    subprocess.run(["c++", "-std=c++20", "-Wall", "-Wextra", "-Werror", "-fPIC", "-shared", "-fvisibility=hidden",
                    f"-I{BIN_DIR.parent}/include", SOURCE, "-o", path, "-lfmt"], check=True)
    path.chmod(0o755)
    return f'[[module]]\npath = "{path}"\n'


def threads(daemon):
    return len(list(pathlib.Path(f"/proc/{daemon.pid}/task").iterdir()))


def workers(daemon):
    return {name.removeprefix("worker_"): int(value) for name, value in daemon.info("workers").items()}


def test_nothing_of_it_is_there_before_the_first_work(daemon, slow):
    one = daemon(slow)
    client = one.connect()
    client.call("PING")
    before = threads(one), one.open_descriptors()
    assert client.call("SLOW", "1") == 1
    assert (threads(one), one.open_descriptors()) == (before[0] + 1, before[1] + 1)
    assert client.call("SLOW", "1") == 1
    assert threads(one) == before[0] + 1


def test_others_are_answered_meanwhile(daemon, slow):
    one = daemon(slow + '[deadlines]\ndrain = "50ms"\n')
    waiting = [one.connect().request("HANG") for _ in range(3)]
    eventually(lambda: workers(one)["running"] == 3)
    other = one.connect()
    assert other.call("PING") == "PONG" and other.call("SLOW", "0") == 0
    for client in waiting:
        client.expect_silence(0.01)


def test_a_crowd_is_served_in_order_and_the_rest_is_told_busy(daemon, slow):
    one = daemon(slow + "[server]\nworkers = 2\nmax_offloaded = 8\n")
    clients = [one.connect() for _ in range(50)]
    for client in clients:
        client.request("SLOW", "20")
    replies = [client.reply() for client in clients]
    busy = [reply for reply in replies if str(reply).startswith("BUSY ")]
    assert replies.count(20) + len(busy) == 50
    assert replies.count(20) >= 8 and busy
    after = workers(one)
    assert after["threads"] == 2 and after["refused"] == len(busy) and after["done"] == replies.count(20)
    assert after["worked_usec"] >= 20_000 * replies.count(20)


def test_a_stop_waits_for_work_and_answers(daemon, slow):
    one = daemon(slow)
    client = one.connect().request("SLOW", "500")
    eventually(lambda: workers(one)["running"] == 1)
    one.signal(signal.SIGTERM)
    assert client.reply() == 500
    client.expect_eof()
    assert one.wait() == 0


def test_a_stop_waits_for_work_whose_client_has_gone(daemon, slow):
    one = daemon(slow)
    client = one.connect().request("SLOW", "500")
    eventually(lambda: workers(one)["running"] == 1)
    client.reset()
    one.signal(signal.SIGTERM)
    assert one.wait() == 0
    assert "did not end" not in one.log


@pytest.mark.parametrize("signals", [1, 2])
def test_work_that_hangs_does_not_keep_the_process(daemon, slow, signals):
    """By deadlines.drain, or by a second signal before it."""
    path = "reactord.sock"
    one = daemon(slow + f'[deadlines]\ndrain = "{"200ms" if signals == 1 else "1h"}"\n'
                        f'[[listener]]\naddress = "unix:{path}"\n')
    client = one.connect().request("HANG")
    eventually(lambda: workers(one)["running"] == 1)
    one.signal(signal.SIGTERM)
    if signals == 2:
        one.wait_for_log("stopping on SIGTERM")
        one.signal(signal.SIGTERM)
    else:
        assert str(client.reply()).startswith("ERR the server has stopped before the reply was ready")
    assert one.wait() == 0
    assert "1 pieces of handlers' offloaded work did not end" in one.log
    assert not (one.directory / path).exists()
