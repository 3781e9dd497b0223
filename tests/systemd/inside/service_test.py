# SPDX-License-Identifier: MIT
"""The service that systemd sees: readiness, sockets, watchdog, sandbox."""

import os
import pathlib
import signal
import subprocess

import pytest

import host
from harness.client import Client


MAX_RESIDENT_BYTES = 11 << 20  # of which OpenSSL's libraries, mapped and not used yet, are 1.7


def status_of(pid):
    """/proc/PID/status"""
    lines = pathlib.Path(f"/proc/{pid}/status").read_text().splitlines()
    return dict(line.split(":\t", 1) for line in lines if ":\t" in line)


@pytest.mark.parametrize("address", [host.TCP, host.TCP6, host.UNIX], ids=str)
def test_it_answers_at_every_socket(service, address):
    with Client(address) as client:
        assert client.call("CEIL", "4.40") == 5


def test_start_returns_when_it_is_ready(service):
    host.systemctl("restart", service)
    assert host.is_active()
    assert any(message == "ready" for message in host.messages())
    assert host.show(service, "NotifyAccess") == "main"


def test_the_status_has_live_figures(service):
    host.drop_in(service, "[Service]\nWatchdogSec=1\n")
    host.systemctl("restart", service)
    clients = [Client(host.TCP) for _ in range(3)]
    for client in clients:
        assert client.call("CEIL", "4.40") == 5
    host.eventually(lambda: "3 connections" in host.show(service, "StatusText"),
                    what=lambda: host.show(service, "StatusText"))
    for client in clients:
        client.close()


def test_the_first_client_starts_it(service):
    host.systemctl("stop", service)
    assert not host.is_active()
    with Client(host.TCP, timeout=20) as client:
        assert client.call("CEIL", "4.40") == 5
    assert host.is_active()


def test_a_socket_without_its_listener_is_a_clear_error(service):
    host.CONFIG.write_text('[[listener]]\nname = "other"\naddress = "systemd"\n')
    host.systemctl("restart", service, check=False)
    host.eventually(lambda: any("FileDescriptorName=other" in text for text in host.messages()))


def test_an_endless_loop_is_noticed(service):
    """SIGSTOP: the watchdog kills it, and clients that waited meanwhile are served."""
    assert host.show(service, "WatchdogUSec") == "10s"
    host.drop_in(service, "[Service]\nWatchdogSec=1\n")
    host.systemctl("restart", service)
    hung = host.kill(signal.SIGSTOP)
    with Client(host.TCP, timeout=20) as client:
        assert client.call("CEIL", "4.40") == 5
    assert host.main_pid() not in (0, hung)
    assert host.restarts() == 1
    assert any("watchdog" in text.lower() for text in host.messages(unit="init.scope"))


def test_kill_9(service):
    """It is started again, and who waits in the backlog is served."""
    killed = host.kill(signal.SIGKILL)
    with Client(host.TCP, timeout=20) as client:
        assert client.call("CEIL", "4.40") == 5
    assert host.main_pid() not in (0, killed) and host.is_active()


def test_killed_more_often_than_systemd_would_allow(service):
    for _ in range(7):
        killed = host.eventually(lambda: host.is_active() and host.main_pid())
        host.kill(signal.SIGKILL)
        host.eventually(lambda: host.main_pid() not in (0, killed))
    assert host.is_active("reactord.socket")
    with Client(host.TCP, timeout=20) as client:
        assert client.call("CEIL", "4.40") == 5


ALLOW_LIST = ", ".join(f'"10.{n // 250}.{n % 250}.0/24"' for n in range(1000))


@pytest.mark.parametrize("listener", ["", f"allow = [{ALLOW_LIST}]\n"],
                         ids=["as shipped", "1000 allowed blocks"])
def test_it_is_small_at_rest(service, listener):
    text = host.CONFIG.read_text()
    name = 'name = "default"\n'
    assert name in text
    host.CONFIG.write_text(text.replace(name, name + listener))
    host.systemctl("restart", service)
    resident = 1024 * int(status_of(host.main_pid())["VmRSS"].split()[0])
    print(f"\nresident {resident / (1 << 20):.1f} MiB")
    assert resident <= MAX_RESIDENT_BYTES


# --- the sandbox

def in_namespaces_of(pid, *command):
    return subprocess.run(["nsenter", f"--net=/proc/{pid}/ns/net", *command], text=True,
                          capture_output=True, check=False)


def test_its_network_is_empty(service):
    """And its own: the machine of these checks has no more than a loopback either."""
    assert os.readlink(f"/proc/{host.main_pid()}/ns/net") != os.readlink("/proc/1/ns/net")
    links = in_namespaces_of(host.main_pid(), "ip", "-o", "link").stdout.splitlines()
    assert len(links) == 1 and " lo:" in links[0]


def mounts(pid):
    """Mount point -> options, in the service's own root."""
    lines = pathlib.Path(f"/proc/{pid}/mountinfo").read_text().splitlines()
    return {line.split()[4]: line.split()[5].split(",") for line in lines}


def test_it_can_write_nowhere(service):
    writable = [point for point, options in mounts(host.main_pid()).items() if "rw" in options]
    assert writable in ([], ["/proc"]), "its /proc is its own processes alone"


def test_it_can_execute_nothing_but_itself_and_modules(service):
    executable = {point for point, options in mounts(host.main_pid()).items()
                  if "noexec" not in options and not point.startswith("/run/systemd/")}
    assert executable <= {"/usr/bin/reactord", "/usr/lib/x86_64-linux-gnu",
                          "/usr/lib/aarch64-linux-gnu", "/usr/lib64", "/usr/lib/reactord/modules"}


def test_it_has_no_privileges(service):
    values = status_of(host.main_pid())
    for capabilities in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
        assert int(values[capabilities], 16) == 0
    assert values["NoNewPrivs"] == "1" and values["Seccomp"] == "2"
    assert "0" not in values["Uid"].split()


def test_it_leaves_nothing_in_its_root(service):
    """Every mount point is there beforehand: systemd makes none, so /usr may be read-only."""
    assert {str(path) for path in host.ROOT.rglob("*")} == host.mount_points()
