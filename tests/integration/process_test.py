# SPDX-License-Identifier: MIT
"""The process among others: signals, who asks for a reload, a log that fails, little memory."""

import os
import pathlib
import re
import signal
import subprocess

import pytest

from harness.client import Client, eventually
from harness.daemon import DEFAULT_LISTENER, REACTORD, SANITIZED
from harness.net import run


def reactord(*arguments):
    return run(REACTORD, *arguments)


# --- signals

@pytest.mark.parametrize("number", [signal.SIGALRM, signal.SIGVTALRM,
                                    signal.SIGPROF, signal.SIGIO, signal.SIGPWR, signal.SIGXCPU,
                                    signal.SIGRTMIN + 1, signal.SIGRTMAX])
def test_a_signal_without_a_meaning_is_mentioned_once(daemon, number):
    one = daemon()
    client = one.connect()
    for _ in range(3):
        one.signal(number)
        client.expect_alive()
        one.wait_for_log(r"SIG\S+ means nothing here, and is ignored from now on: ")
    assert one.log.count("means nothing here") == 1
    assert one.running


@pytest.mark.parametrize("number", [signal.SIGPIPE, signal.SIGXFSZ])
def test_a_signal_that_a_system_call_tells_of_is_ignored(daemon, number):
    one = daemon()
    one.signal(number)
    one.connect().expect_alive()
    assert "means nothing" not in one.log


def test_quit_drains_like_term(daemon):
    one = daemon()
    client = one.connect()
    client.expect_alive()
    one.signal(signal.SIGQUIT)
    client.expect_eof()
    assert one.wait() == 0
    assert "stopping on SIGQUIT" in one.log


def test_a_log_beyond_the_limit_of_file_sizes_costs_records_alone(daemon, tmp_path):
    log = tmp_path / "log"
    one = daemon(f'[log]\nlevel = "debug"\ntarget = "{log}"\n', prefix=("prlimit", "--fsize=2000"),
                 stderr=subprocess.PIPE)
    for _ in range(50):
        one.connect().expect_alive()
    eventually(lambda: one.stat("event_log_unwritable") == 1)
    assert one.running and log.stat().st_size == 2000


# --- the log

def test_a_mistake_in_the_file_does_not_keep_the_log_from_being_reopened(daemon, tmp_path):
    log = tmp_path / "log"
    one = daemon(f'[log]\ntarget = "{log}"\n')
    log.rename(tmp_path / "rotated")
    one.write_config("nonsense = 1\n")
    one.signal(signal.SIGHUP)
    eventually(lambda: log.exists() and "not reloaded" in log.read_text())


def test_a_log_folder_that_has_gone_is_told_to_all(daemon, tmp_path):
    folder = tmp_path / "logs"
    folder.mkdir()
    admin = f'[[listener]]\nname = "admin"\nrole = "admin"\naddress = "unix:{tmp_path}/admin"\n'
    one = daemon(f'[log]\ntarget = "{folder}/log"\n' + DEFAULT_LISTENER + admin)
    folder.rename(tmp_path / "gone")
    assert f"cannot write the log {folder}/log" in str(one.connect("admin").call("RELOAD"))
    stderr = one.log_path
    eventually(lambda: f"cannot write the log {folder}/log" in stderr.read_text())
    done = reactord("--reload", one.pid)
    assert done.returncode == 1 and f"cannot write the log {folder}/log" in done.stderr
    one.connect("main").expect_alive()


def test_until_it_serves_errors_are_on_stderr_and_in_the_log(tmp_path):
    config = tmp_path / "reactord.toml"
    config.write_text(f'[log]\ntarget = "{tmp_path}/log"\n'
                      f'[[listener]]\naddress = "unix:{tmp_path}/s"\ngroup = "nosuchgroup"\n')
    done = reactord("--config", config)
    assert done.returncode == 1
    problem = "there is no group 'nosuchgroup'"
    assert problem in done.stderr and problem in (tmp_path / "log").read_text()


def test_a_full_disk_is_told_of_and_what_was_lost(daemon, tmp_path):
    """/dev/full takes nothing, from the first record on."""
    log = tmp_path / "log"
    one = daemon('[log]\ntarget = "/dev/full"\n', expect_listeners=0)
    stderr = one.log_path
    eventually(lambda: "cannot write the log /dev/full: No space left on device; records are lost"
               in stderr.read_text())
    one.reload(f'[log]\ntarget = "{log}"\n' + DEFAULT_LISTENER)
    told = eventually(lambda: re.search(r"the log /dev/full can be written again|"
                                        r"the log \S+ can be written again; (\d+) records were lost",
                                        stderr.read_text()))
    assert told
    eventually(lambda: "records were lost" in log.read_text())


def test_a_line_that_a_full_disk_has_cut_is_ended(daemon, tmp_path):
    """What is written next begins a line of its own."""
    log = tmp_path / "log"
    one = daemon(f'[log]\ntarget = "{log}"\n')
    eventually(lambda: "ready" in log.read_text())
    limit = log.stat().st_size + 60  # of a line of more than 100 bytes
    subprocess.run(["prlimit", f"--pid={one.pid}", f"--fsize={limit}:unlimited"], check=True)
    one.connect().call("TEXT", "cut " + "x" * 100)
    eventually(lambda: one.stat("log_records_dropped") >= 1)
    assert log.stat().st_size == limit and not log.read_text().endswith("\n")
    subprocess.run(["prlimit", f"--pid={one.pid}", "--fsize=unlimited:unlimited"], check=True)
    one.connect().call("TEXT", "whole")
    eventually(lambda: "whole" in log.read_text())
    for line in log.read_text().splitlines():
        assert re.match(r"\d{4}-\d\d-\d\dT", line), line


def test_one_client_does_not_fill_the_log(daemon):
    one = daemon()
    client = one.connect()
    for _ in range(2000):
        client.request("TEXT", "x")
    for _ in range(2000):
        client.reply()
    assert one.stat("event_handler_info") == 2000
    first = one.wait_for_log(r"T(\d\d:\d\d:\d\d)\S+ +info +text: ")
    assert first
    by_second = re.findall(r"T(\d\d:\d\d:\d\d)\S+ +info +text: ", one.log)
    # A second of the limit may lie in two of the clock.
    assert len(by_second) <= 101 * (len(set(by_second)) + 1) < 2000


# --- who asks for a reload

def test_it_says_what_was_applied(daemon):
    one = daemon()
    one.write_config('[server]\nmax_admin_connections = 9\n[deadlines]\nidle = "7s"\n' + DEFAULT_LISTENER)
    done = reactord("--reload", one.pid)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        "applied: deadlines.idle changed from 'off' to '7s'",
        "needs a restart: server.max_admin_connections changed from '16' to '9'"]


def test_it_says_what_the_daemon_refuses(daemon):
    """Without --config it knows nothing of the daemon's own file."""
    one = daemon()
    one.write_config("nonsense = 1\n")
    done = reactord("--reload", one.pid)
    assert done.returncode == 1
    assert "has not reloaded its configuration" in done.stderr and "nonsense" in done.stderr


# --- memory

@pytest.mark.skipif(SANITIZED, reason="a sanitizer's shadow needs more")
def test_no_memory_costs_connections_and_not_the_process(daemon):
    one = daemon(prefix=("prlimit", f"--as={250 << 20}"))
    one.wait_for_log(r"limits.max_buffer_memory lowered from 256MiB to \d+MiB: RLIMIT_AS leaves")
    frame = b"*2\r\n$4\r\nECHO\r\n$16000000\r\n"
    clients = [one.connect() for _ in range(8)]
    for client in clients:
        try:
            client.send(frame + b"x" * 15_000_000)
        except OSError:
            pass
    one.connect().expect_alive()
    assert one.running


@pytest.mark.skipif(SANITIZED, reason="a sanitizer's shadow needs more")
def test_an_allocation_that_fails_closes_its_connection(daemon):
    """The limit is set when it runs, so that it knows of none."""
    one = daemon()
    status = pathlib.Path(f"/proc/{one.pid}/statm").read_text().split()
    used = int(status[0]) * os.sysconf("SC_PAGESIZE")
    subprocess.run(["prlimit", f"--pid={one.pid}", f"--as={used + (24 << 20)}"], check=True)
    clients = [one.connect() for _ in range(4)]
    for client in clients:
        try:
            client.send(b"*2\r\n$4\r\nECHO\r\n$16000000\r\n" + b"x" * 15_000_000)
        except OSError:
            pass
    assert one.stat("event_closed_out_of_memory") > 0
    one.connect().expect_alive()


@pytest.mark.skipif(SANITIZED, reason="a sanitizer's shadow needs more")
@pytest.mark.parametrize("clients, size, limit", [(15, (16 << 20) - 64, 64), (400, 255_000, 16)])
def test_answers_larger_than_their_requests_keep_the_limit_of_memory(daemon, clients, size, limit):
    """Four times the message, unread: the most that the process ever held is the limit, what one turn
    brings, and itself."""
    one = daemon(f'[limits]\nmax_buffer_memory = "{limit}MiB"\n'
                 '[handlers.text]\nreply = "{message}{message}{message}{message}"\n')
    crowd = [one.connect(receive_buffer=4096) for _ in range(clients)]
    for part in (b"*2\r\n$4\r\nTEXT\r\n$%d\r\n" % size + b"x" * size, b"\r\n"):
        for client in crowd:
            try:
                client.send(part)
            except OSError:
                pass  # held the most
    one.connect().expect_alive()
    assert one.stat("event_closed_memory") > 0
    peak = re.search(r"VmHWM:\s+(\d+) kB", pathlib.Path(f"/proc/{one.pid}/status").read_text())
    assert int(peak[1]) << 10 < (limit + 40) << 20


# --- names of clients

def test_a_unix_client_has_one_name(daemon, tmp_path):
    path = tmp_path / "s"
    one = daemon(f'[log]\nlevel = "debug"\n[[listener]]\nname = "a"\naddress = "unix:{path}"\n')
    with Client(str(path)) as client:
        client.expect_alive()
    one.wait_for_log(re.escape(f"unix:{path} closed"))
    assert f"unix:{path} connected" in one.log


def test_the_end_of_a_burst_is_told(daemon):
    """Of what came too often to be logged, also where nothing of the kind follows."""
    one = daemon('[log]\nlevel = "info"\n[deadlines]\nfirst_request = "20ms"\n')
    for _ in range(5):
        one.connect()
    one.wait_for_log(r"\d more of closed_first_request were left out")
