# SPDX-License-Identifier: MIT
"""The sandbox, tried from inside: not one connection gets out, and the service goes on serving."""

import pathlib
import re
import socket

import pytest

import host
from harness.client import Client

PROBE = "/usr/bin/python3.11 -B /reactord/tests/systemd/inside/probe.py"

# Python needs its own files and a few more system calls; nothing else of the sandbox is changed.
ROOM_FOR_PYTHON = """
BindReadOnlyPaths=/usr/bin/python3.11 /usr/lib/python3.11 /reactord/tests
ExecPaths=+/usr/bin/python3.11
SystemCallFilter=getdents64 dup pipe2 lstat lseek
"""


MOUNT_POINTS = ["usr/bin/python3.11", "usr/lib/python3.11", "reactord/tests", "reactord",
                "usr/bin/grep"]


@pytest.fixture
def room(service):
    """Takes away what systemd makes in the service's root for the probe."""
    yield
    host.stop_everything()
    for path in (host.ROOT / name for name in MOUNT_POINTS):
        if path.is_dir():
            path.rmdir()
        else:
            path.unlink(missing_ok=True)


@pytest.fixture
def goal():
    """What the probe wants to reach: it listens on the machine's own loopback."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(0)
        yield listening


def reached(goal):
    try:
        goal.accept()[0].close()
        return True
    except BlockingIOError:
        return False


def probe(cursor):
    """What the probe printed."""
    def lines():
        texts = [record["MESSAGE"] for record in host.journal(since=cursor)]
        return texts if "probed" in texts else None
    found = host.eventually(lines, what=lambda: host.run("journalctl", "-n", "40").stdout)
    return [text for text in found if text.startswith(("held", "ESCAPED"))]


@pytest.mark.parametrize("unit, most", [("reactord.service", 0.1), ("reactord@1.service", 0.1),
                                        ("reactord-standalone.service", 0.9)])
def test_exposure_as_installed(package, unit, most):
    told = host.run("systemd-analyze", "security", "--no-pager", unit).stdout
    assert float(re.search(r"Overall exposure level for \S+: ([0-9.]+)", told)[1]) <= most, told


def test_the_goal_can_be_reached_from_outside(goal):
    with Client(goal.getsockname()):
        assert reached(goal)


def test_no_connection_gets_out_while_it_serves(service, room, goal):
    cursor = host.journal_cursor()
    host.drop_in(service, f"[Service]\n{ROOM_FOR_PYTHON}"
                          f"ExecStartPost={PROBE} {goal.getsockname()[1]}\n")
    host.systemctl("restart", service)
    results = probe(cursor)
    assert len(results) > 10 and not [text for text in results if "ESCAPED" in text], results
    assert not reached(goal)
    with Client(host.TCP) as client:
        assert client.call("CEIL", "4.40") == 5


def test_passed_sockets_are_no_way_out(service, room, goal):
    """The probe in the daemon's place, with its listening sockets. (That they cannot be connected by
    sending either is the daemon's own lock, daemon/limits/seccomp_filter.h, which has a test of its own.)"""
    cursor = host.journal_cursor()
    host.drop_in(service, f"[Service]\n{ROOM_FOR_PYTHON}Type=exec\nRestart=no\n"
                          f"ExecStart=\nExecStart={PROBE} {goal.getsockname()[1]}\n")
    host.systemctl("restart", service)
    results = probe(cursor)
    assert any("passed socket 3" in text for text in results), results
    assert not [text for text in results if "ESCAPED" in text], results
    assert not reached(goal)


def test_the_daemon_has_locked_itself_in(service, room):
    """One filter more than what systemd gives every process of the unit."""
    cursor = host.journal_cursor()
    host.drop_in(service, "[Service]\n" + ROOM_FOR_PYTHON + "BindReadOnlyPaths=/usr/bin/grep\n"
                          "ExecPaths=+/usr/bin/grep\n"
                          "ExecStartPost=/usr/bin/grep Seccomp_filters /proc/self/status\n")
    host.systemctl("restart", service)
    def told():
        texts = [record["MESSAGE"] for record in host.journal(since=cursor)]
        return [text for text in texts if text.startswith("Seccomp_filters")]
    given = int(host.eventually(told)[0].split()[1])
    status = pathlib.Path(f"/proc/{host.main_pid()}/status").read_text()
    assert int(status.partition("Seccomp_filters:")[2].split()[0]) == given + 1
