# SPDX-License-Identifier: MIT
"""10,000 connections of all kinds outlive restarts and upgrades, and nobody reads anything else than without."""

import json
import os
import pathlib
import re
import signal
import subprocess
import time

import pytest

import host
from crowd import ByHand, Crowd, HalfARequest, Idle, InATransaction, InResp3, SlowReader, WaitsForAPerson
from harness.client import Client
from harness.operators import Operator

RESTARTS = 20
UPGRADES = 5
KILLS = 20
AT_REST = 9000
BUSY = 500
RESULT = "/tmp/crowd.json"
SIZES = {Idle: 6800, HalfARequest: 1000, SlowReader: 200, ByHand: 400, InResp3: 400, InATransaction: 200,
         WaitsForAPerson: 200}
CONFIG = """[server]
survive = "restart"
[deadlines]
first_request = "1h"
idle = "1h"
frame = "1h"
write_stall = "1h"
"""


def start_with(service, config):
    host.CONFIG.write_text(config + host.CONFIG.read_text())
    host.systemctl("restart", service)


@pytest.fixture
def crowded(service):
    host.CONFIG.write_text(host.CONFIG.read_text() + '[handlers.text]\nmode = "operator"\n')
    start_with(service, CONFIG)
    yield service
    host.run("dpkg", "--install", "--force-downgrade", host.PACKAGES / "reactord.deb")


class Desk:
    """Where an Operator connects."""

    @staticmethod
    def connect(_listener, timeout):
        return Client("/run/reactord/admin.sock", timeout=timeout)


def answer_all(operator):
    for message in operator.waiting():
        assert operator.answer(message[b"id"], b"to " + message[b"text"]) == "OK"


class Busy:
    """reactor-load at depth 16, until it is told to end."""

    def __enter__(self):
        self.process = subprocess.Popen(
            ["reactor-load", "-c", str(BUSY), "-d", "16", "-r", "20000", "-t", "30m", "--json", RESULT, "ceil"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()

    def result(self):
        self.process.send_signal(signal.SIGINT)
        self.process.wait(60)
        return json.loads(pathlib.Path(RESULT).read_text())


def connected():
    """Beside who asks."""
    return int(re.search(r"connected_clients:(\d+)", host.run("reactor-cli", "info").stdout)[1]) - 1


def went_on_after_a_crash():
    last = host.journal("REACTORD_EVENT=kept_taken_over")[-1]
    return [int(last[f"REACTORD_{name}"]) for name in ("COUNT", "IN_WORK", "LOST")]


def went_on():
    records = host.journal("REACTORD_EVENT=taken_over")
    return int(records[-1]["REACTORD_COUNT"]), int(records[-1]["REACTORD_LOST"])


def assert_they_are_what_they_say():
    """The server holds what is half sent, and what is not read."""
    listed = host.run("reactor-cli", "--admin", "client", "list").stdout
    assert len(re.findall(r" qbuf=[1-9]", listed)) >= SIZES[HalfARequest]
    assert len(re.findall(r" obl=[1-9]", listed)) >= SIZES[SlowReader]


def held_by(pid):
    """Descriptors, and KiB in memory."""
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    memory = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS:"))
    return len(os.listdir(f"/proc/{pid}/fd")), memory


def test_all_kinds_through_restarts_and_upgrades(crowded):
    everybody = sum(SIZES.values()) + BUSY
    steps = [lambda: host.systemctl("restart", crowded)] * RESTARTS
    packages = [host.PACKAGES / "reactord-next.deb", host.PACKAGES / "reactord.deb"]
    steps += [lambda each=packages[n % 2]: host.run("dpkg", "--install", "--force-downgrade", each)
              for n in range(UPGRADES)]
    held, pids = [], set()
    operator = Operator(Desk, "ada")
    with Crowd(host.TCP, SIZES) as crowd, Busy() as busy:
        host.eventually(lambda: connected() == everybody, what=connected)
        assert_they_are_what_they_say()
        for step in steps:
            step()
            pids.add(host.main_pid())
            assert went_on() == (everybody + 1, 0), "and the operator"
            crowd.across()
            held.append(held_by(host.main_pid()))
        result = busy.result()
        answer_all(operator)
        crowd.finish()
    assert len(pids) == RESTARTS + UPGRADES
    group = result["groups"][0]
    assert result["errors"] == 0 and group["connects"] == BUSY, result
    print(f"\n{everybody} connections, {len(steps)} restarts: pauses {group['pauses']}, descriptors and KiB {held}")
    assert max(fds for fds, _ in held) - min(fds for fds, _ in held) <= 8
    assert held[-1][1] < 1.5 * held[0][1]


def test_20_kills_beside_thousands_at_rest(service):
    start_with(service, CONFIG.replace('"restart"', '"crash"'))
    with Crowd(host.TCP, {Idle: AT_REST}) as crowd:
        time.sleep(4)  # older than a second, and kept in the seconds after it: no figure tells
        for _ in range(KILLS):
            before = host.kill(signal.SIGKILL)
            host.eventually(lambda: host.main_pid() not in (0, before) and host.is_active(), what="another process")
            assert went_on_after_a_crash() == [AT_REST, 0, 0]
        crowd.finish()
