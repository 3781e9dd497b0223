# SPDX-License-Identifier: MIT
"""One address family, or none: hosts that are network namespaces with a loopback of their own.

Their programs are started with their defaults, as on a first day.
"""

import contextlib
import os
import subprocess

import pytest

from harness.cli import CLI
from harness.client import eventually
from harness.daemon import REACTORD, ROOT
from harness.load import LOAD
from harness.net import program

SECONDS = 30
HOSTS = {
    "both": ["ip link set lo up"],
    "IPv4 alone": ["ip link set lo up", "ip addr del ::1/128 dev lo"],
    "IPv6 alone": ["ip link set lo up", "ip addr del 127.0.0.1/8 dev lo"],
    "lo down": [],
}
ADDRESSES = {"both": ["127.0.0.1", "[::1]"], "IPv4 alone": ["127.0.0.1"], "IPv6 alone": ["[::1]"]}

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="a network namespace needs root")


class Host:
    def __init__(self, commands):
        self.holder = subprocess.Popen([program("unshare"), "-n", "sh", "-c",
                                        "echo ready; exec sleep 600"], stdout=subprocess.PIPE)
        assert self.holder.stdout.readline() == b"ready\n"
        for command in commands:
            done = self.run(*command.split())
            assert done.returncode == 0, done.stderr

    def words(self, *command):
        return [program("nsenter"), "-t", str(self.holder.pid), "-n", *map(str, command)]

    def run(self, *command, data=None, seconds=SECONDS):
        return subprocess.run(self.words(*command), input=data, capture_output=True, text=True,
                              timeout=seconds, check=False)

    @contextlib.contextmanager
    def daemon(self, tmp_path, *arguments):
        log = tmp_path / "log"
        with open(log, "wb") as file:
            process = subprocess.Popen(self.words(REACTORD, *arguments), stderr=file,
                                       stdin=subprocess.DEVNULL)
        try:
            eventually(lambda: process.poll() is not None or "ready" in log.read_text()
                       or "listening on" in log.read_text().replace("not listening", ""),
                       SECONDS, what="a daemon")
            yield log
        finally:
            process.terminate()
            assert process.wait(SECONDS) == 0, log.read_text()

    def close(self):
        self.holder.kill()
        self.holder.wait()
        self.holder.stdout.close()


@pytest.fixture
def host():
    hosts = []

    def start(kind):
        hosts.append(Host(HOSTS[kind]))
        return hosts[-1]

    yield start
    for one in hosts:
        one.close()


@pytest.mark.parametrize("config", [(), ("--config", ROOT / "config/reactord.toml")],
                         ids=["defaults", "reactord.toml"])
@pytest.mark.parametrize("kind", ADDRESSES)
def test_the_main_job(host, tmp_path, kind, config):
    """What quickstart shows."""
    one = host(kind)
    with one.daemon(tmp_path, *config) as log:
        assert one.run(CLI, "text", "Hello, reactord!").stdout == "Hello, reactord!\n"
        assert one.run(CLI, "ceil", "4.40").stdout == "5\n"
        assert one.run(CLI, "ceil", "four").returncode == 1
        assert one.run(CLI, data="ceil -0.5\nping\n").stdout == "0\nPONG\n"
        done = one.run(LOAD, "-c", "2", "-n", "100", "ceil")
        assert done.returncode == 0, done.stdout + done.stderr
        assert f"tcp://{ADDRESSES[kind][0]}:12345" in done.stdout
        for address in ADDRESSES[kind]:
            assert one.run(CLI, "--uri", f"tcp://{address}:12345", "ping").stdout == "PONG\n"
        assert log.read_text().count("not listening on") == 2 - len(ADDRESSES[kind])


def test_an_address_that_was_written_alone_must_be_there(host):
    one = host("IPv6 alone")
    done = one.run(REACTORD, "--listen", "127.0.0.1:0")
    assert done.returncode == 1 and "this machine has no such address" in done.stderr
    done = one.run(REACTORD, "--listen", "127.0.0.1:7", "--listen", "[::1]:8")
    assert done.returncode == 1 and "this machine has no such address" in done.stderr


@pytest.mark.parametrize("program_name", [CLI, LOAD], ids=["reactor-cli", "reactor-load"])
def test_without_loopback_it_is_said_what_is_missing(host, program_name):
    # The kernel lets 127.0.0.1 be bound all the same: the daemon starts, and nobody reaches it.
    done = host("lo down").run(program_name, "ping")
    assert done.returncode == 3, done.stderr
    assert "is the loopback interface up? (ip link set lo up)" in done.stderr
    assert "127.0.0.1:12345" in done.stderr and "[::1]:12345" in done.stderr


@pytest.mark.parametrize("program_name", [CLI, LOAD], ids=["reactor-cli", "reactor-load"])
def test_each_address_that_was_tried_is_named(host, program_name):
    done = host("both").run(program_name, "ping")
    assert done.returncode == 3
    assert "cannot connect to 127.0.0.1:12345: Connection refused, nor to [::1]:12345: " \
           "Connection refused; " in done.stderr


@pytest.mark.long
@pytest.mark.release_only
@pytest.mark.parametrize("kind", ["IPv4 alone", "IPv6 alone"])
def test_quickstart(host, kind):
    """All of it: what it builds was built by those who call these tests."""
    done = host(kind).run(ROOT / "tools/quickstart", seconds=300)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "ended cleanly" in done.stdout
    assert f"nc -N {ADDRESSES[kind][0].strip('[]')} 12345\n  Hello from netcat\n  5\n" in done.stdout
