# SPDX-License-Identifier: MIT
"""What the daemon tells the service manager, and `reactord --reload`; start-up and memory at rest."""

import os
import pathlib
import signal
import socket
import subprocess
import sys
import time

import pytest

from harness.client import eventually, is_refused
from harness.daemon import DEFAULT_LISTENER, REACTORD, run_reactord
from harness.net import free_port

MAX_RESIDENT_BYTES = 11 << 20  # of which OpenSSL's libraries, mapped and not used yet, are 1.7
ALLOW_LIST = "allow = [" + ", ".join(f'"10.{n // 250}.{n % 250}.0/24"' for n in range(1000)) + "]\n"


class Manager:
    """A notify socket, as systemd has one."""

    def __init__(self, path):
        self.path = str(path)
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.path)
        self.socket.settimeout(5)

    def next(self):
        return self.socket.recv(4096).decode()

    def until(self, text):
        """Everything told up to a message that contains the text."""
        told = []
        while not told or text not in told[-1]:
            told.append(self.next())
        return told


@pytest.fixture
def manager(tmp_path):
    manager = Manager(tmp_path / "notify")
    yield manager
    manager.socket.close()


def watched_by(manager, watchdog_usec=None):
    environment = {"NOTIFY_SOCKET": manager.path}
    if watchdog_usec:
        environment["WATCHDOG_USEC"] = str(watchdog_usec)
    return environment


def test_its_whole_life_is_told(daemon, manager):
    one = daemon(environment=watched_by(manager))
    assert manager.next() == "READY=1"
    assert manager.next() == "STATUS=0 connections, 0 requests served"
    one.reload()
    reloading = manager.next()
    assert reloading.startswith("RELOADING=1\nMONOTONIC_USEC=")
    assert manager.next() == "READY=1"
    one.write_config("nonsense = 1\n")
    one.reload()
    assert "not reloaded" in manager.until("STATUS=0 connections, 0 requests served;")[-1]
    one.signal(signal.SIGTERM)
    assert "STOPPING=1" in manager.until("STOPPING=1")
    assert manager.next().startswith("STATUS=stopping: ")


def test_the_watchdog_is_fed_from_the_loop(daemon, manager):
    one = daemon(environment=watched_by(manager, watchdog_usec=100_000))
    for _ in range(3):
        manager.until("WATCHDOG=1")
    one.signal(signal.SIGSTOP)
    manager.socket.settimeout(0.5)
    with pytest.raises(TimeoutError):
        for _ in range(1000):  # what was told before it stopped
            manager.next()
    one.signal(signal.SIGCONT)
    manager.socket.settimeout(5)
    manager.until("WATCHDOG=1")


def test_the_status_has_live_figures(daemon, manager):
    one = daemon(environment=watched_by(manager, watchdog_usec=100_000))
    clients = [one.connect() for _ in range(2)]
    for client in clients:
        client.expect_alive()
    manager.until("STATUS=2 connections, 2 requests served")


def test_a_manager_that_does_not_read_is_not_waited_for(daemon, manager):
    one = daemon(environment=watched_by(manager, watchdog_usec=2_000))
    client = one.connect()
    until = time.monotonic() + 2  # a thousand messages: more than any queue takes
    while time.monotonic() < until:
        client.expect_alive()


def test_a_manager_that_is_gone(daemon, tmp_path):
    one = daemon(environment={"NOTIFY_SOCKET": str(tmp_path / "nobody"), "WATCHDOG_USEC": "10000"})
    one.connect().expect_alive()
    one.reload()
    one.wait_for_log("configuration reloaded")
    one.connect().expect_alive()


def test_a_manager_that_goes_away(daemon, manager):
    """While it is watched and reports."""
    one = daemon(environment=watched_by(manager, watchdog_usec=10_000))
    manager.until("WATCHDOG=1")
    manager.socket.close()
    os.unlink(manager.path)
    client = one.connect()
    for _ in range(100):
        client.expect_alive()
    one.reload()
    one.wait_for_log("configuration reloaded")
    client.expect_alive()


def test_a_full_disk_costs_the_log_alone(daemon):
    port = free_port()
    one = daemon(f'[log]\ntarget = "/dev/full"\n[[listener]]\naddress = "127.0.0.1:{port}"\n',
                 ready=False)
    one.addresses = [("main", ("127.0.0.1", port))]
    eventually(lambda: not is_refused(one.address()))
    client = one.connect()
    for _ in range(1000):
        assert client.call("TEXT", "x") == b"x"
    eventually(lambda: one.stat("log_records_dropped") > 0)


# --- reactord --reload PID

def test_reload_applies_when_it_returns(daemon):
    one = daemon()
    client = one.connect()
    one.write_config('[handlers.text]\nreply = "new {message}"\n' + DEFAULT_LISTENER)
    done = run_reactord("--reload", one.pid, "--config", one.config_path)
    assert (done.returncode, done.stderr) == (0, "")
    eventually(lambda: client.call("TEXT", "x") == b"new x")


@pytest.fixture
def slow_to_tell(tmp_path):
    library = tmp_path / "slow_reloading.so"
    source = pathlib.Path(__file__).parent / "harness/native/slow_reloading.c"
    subprocess.run(["gcc", "-shared", "-fPIC", "-o", library, source], check=True)
    return library


@pytest.mark.release_only  # a sanitizer wants to be the first library
def test_reload_does_not_return_before_the_manager_is_told(daemon, manager, slow_to_tell):
    """Or `systemctl reload` would return before the new settings are in force."""
    one = daemon(environment={"LD_PRELOAD": slow_to_tell, **watched_by(manager)})
    manager.until("STATUS=")
    assert run_reactord("--reload", one.pid, "--config", one.config_path).returncode == 0
    manager.socket.setblocking(False)
    assert manager.next().startswith("RELOADING=1")


def test_a_file_with_a_mistake_is_not_loaded(daemon):
    one = daemon()
    one.write_config("nonsense = 1\n")
    done = run_reactord("--reload", one.pid, "--config", one.config_path)
    assert done.returncode == 78 and "nonsense" in done.stderr
    one.connect().expect_alive()
    assert "not reloaded" not in one.log, "it was not even asked"


@pytest.mark.parametrize("pid, status", [("0", 2), ("-1", 2), ("x", 2), ("12x", 2), ("", 2),
                                         ("99999999999999999999", 2), ("999999999", 1)])
def test_no_such_process(pid, status):
    done = run_reactord("--reload", pid)
    assert done.returncode == status and done.stderr.startswith("reactord: ")
    assert "pgrep" in done.stderr, "what to do"
    if status == 2:
        assert f"--reload '{pid}': expected the number of a process" in done.stderr


def test_another_program_is_not_signalled():
    """SIGHUP would end it: a process id is easily mistaken, or somebody else's by now."""
    with subprocess.Popen(["sleep", "60"]) as other:
        done = run_reactord("--reload", other.pid)
        assert other.poll() is None
        other.terminate()
        assert other.wait(10) == -signal.SIGTERM
    assert done.returncode == 1
    assert f"process {other.pid} is 'sleep', not 'reactord'" in done.stderr
    assert "pgrep" in done.stderr


def test_a_daemon_that_does_not_take_notice(daemon):
    one = daemon()
    one.signal(signal.SIGSTOP)
    done = run_reactord("--reload", one.pid)
    one.signal(signal.SIGCONT)
    assert done.returncode == 1 and "has not looked at its signals" in done.stderr


# --- start-up and memory

def cpu_seconds_until_ready(config, manager):
    """What it was on a CPU for until it was ready (and a bit more)."""
    process = subprocess.Popen([REACTORD, "--config", config], stderr=subprocess.DEVNULL,
                               env={**os.environ, "NOTIFY_SOCKET": manager.path})
    try:
        manager.until("READY=1")
        threads = pathlib.Path(f"/proc/{process.pid}/task").glob("*/schedstat")
        return sum(int(path.read_text().split()[0]) for path in threads) / 1e9
    finally:
        process.terminate()
        process.wait(10)


def cpu_seconds_of_an_empty_script():
    """What python3 is on a CPU for until it has nothing to do: the measure, on a busy machine and a quiet one."""
    process = subprocess.Popen([sys.executable, "-ISc", "pass"])
    _, status, used = os.wait4(process.pid, 0)
    assert status == 0
    return used.ru_utime + used.ru_stime


@pytest.mark.release_only
@pytest.mark.parametrize("extra", ["", ALLOW_LIST], ids=["default", "1000 allowed blocks"])
def test_little_is_done_before_it_is_ready(manager, tmp_path, extra):
    """On the CPU; how long it takes is for tests/bench/start_up."""
    config = tmp_path / "reactord.toml"
    config.write_text(DEFAULT_LISTENER + extra)
    rounds = [(cpu_seconds_until_ready(config, manager), cpu_seconds_of_an_empty_script())
              for _ in range(5)]
    ready, script = map(min, zip(*rounds))
    print(f"ready {1000 * ready:.1f} ms of CPU, an empty script {1000 * script:.1f} ms")
    assert 0 < ready <= 1.5 * script  # 0.6 to 0.9 seen, quiet and beside others


@pytest.mark.release_only
@pytest.mark.parametrize("extra", ["", ALLOW_LIST], ids=["default", "1000 allowed blocks"])
def test_it_is_small_at_rest(daemon, extra):
    one = daemon(DEFAULT_LISTENER + extra)
    status = pathlib.Path(f"/proc/{one.pid}/status").read_text()
    resident = 1024 * int(status.partition("VmRSS:")[2].split()[0])
    print(f"resident {resident / (1 << 20):.1f} MiB")
    assert resident <= MAX_RESIDENT_BYTES
