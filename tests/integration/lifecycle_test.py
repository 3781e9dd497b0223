# SPDX-License-Identifier: MIT
"""The life of the process: reload, drain, end, and its log."""

import os
import re
import signal
import time

import pytest

from harness.client import eventually, is_refused
from harness.daemon import DEFAULT_LISTENER, SANITIZED
from harness.net import free_port
from harness.reasons import TOLD
from harness.resp import request

STOPPED = 0


# --- SIGHUP

def test_reload_applies_and_keeps_connections(daemon):
    one = daemon('[handlers.text]\nreply = "one {message}"\n')
    client = one.connect()
    assert client.call("TEXT", "x") == b"one x"
    one.reload('[handlers.text]\nreply = "two {message}"\n' + DEFAULT_LISTENER)
    eventually(lambda: client.call("TEXT", "x") == b"two x")


def test_a_bad_file_keeps_the_old_configuration(daemon):
    one = daemon('[handlers.text]\nreply = "one {message}"\n')
    client = one.connect()
    one.reload('[handlers.text]\nreply = 7\n[nosuch]\n')
    one.wait_for_log(r"not reloaded, the old one stays; problems: 2")
    assert re.findall(r"reactord\.toml:(\d):", one.log) == ["2", "3"]   # a line each
    assert client.call("TEXT", "x") == b"one x"
    one.write_config("[[[")
    one.signal(signal.SIGHUP)
    one.wait_for_log(r"reactord\.toml:1:")
    assert client.call("TEXT", "x") == b"one x"
    one.config_path.unlink()
    one.signal(signal.SIGHUP)
    client.expect_alive()


def test_reload_changes_deadlines_and_limits_of_the_living(daemon):
    one = daemon('[deadlines]\nidle = "60s"\n')
    client = one.connect()
    client.expect_alive()
    one.reload('[deadlines]\nidle = "200ms"\n' + DEFAULT_LISTENER)
    client.expect_eof()


def test_reload_names_what_needs_a_restart(daemon):
    one = daemon()
    client = one.connect()
    client.expect_alive()
    one.reload("[server]\nmax_admin_connections = 77\n" + DEFAULT_LISTENER)
    one.wait_for_log(r"server\.max_admin_connections changed from '16' to '77', which takes effect at the next restart")
    client.expect_alive()
    one.connect().expect_alive()


FULL = b"-ERR max number of clients reached\r\n"


def test_reload_changes_how_many_may_connect(daemon):
    one = daemon("[server]\nmax_connections = 2\n")
    first, second = one.connect().expect_alive(), one.connect().expect_alive()
    assert one.connect().read_until_eof() == FULL
    one.reload("[server]\nmax_connections = 3\n" + DEFAULT_LISTENER)
    eventually(lambda: b"maxclients:3\r\n" in first.call("INFO", "clients"), what="the new limit")
    third = one.connect().expect_alive()
    assert one.connect().read_until_eof() == FULL
    one.reload("[server]\nmax_connections = 1\n" + DEFAULT_LISTENER)
    eventually(lambda: b"maxclients:1\r\n" in first.call("INFO", "clients"), what="the new limit")
    for stays in (first, second, third):
        stays.expect_alive()
    first.close()
    second.close()
    assert one.connect().read_until_eof() == FULL
    assert third.call("INFO", "clients").count(b"maxclients:1\r\n") == 1


def test_reload_lets_in_who_waits_for_room(daemon):
    one = daemon('[server]\nmax_connections = 1\nwhen_full = "wait"\n')
    first = one.connect().expect_alive()
    waiting = one.connect().send(b"PING\n")
    one.wait_for_log("new clients wait in the backlog")
    one.reload('[server]\nmax_connections = 2\nwhen_full = "wait"\n' + DEFAULT_LISTENER)
    waiting.expect(b"PONG\n")
    first.expect_alive()


def test_reload_reopens_the_log_file(daemon, tmp_path):
    log = tmp_path / "reactord.log"
    one = daemon(f'[log]\ntarget = "{log}"\n')
    eventually(lambda: log.exists() and "listening" in log.read_text())
    log.rename(tmp_path / "rotated.log")
    one.signal(signal.SIGHUP)
    eventually(log.exists, what="a new log file")
    one.connect().send(b"*x\r\n").read_until_eof()
    eventually(lambda: log.read_text() != "", what="it is written to")


def test_many_reloads_in_a_row(daemon):
    one = daemon()
    client = one.connect()
    for _ in range(100):
        one.signal(signal.SIGHUP)
        client.expect_alive()


def allow_list(entries):
    return ", ".join(f'"10.{n >> 16 & 255}.{n >> 8 & 255}.{n & 255}"' for n in range(entries))


def test_a_reload_of_thousands_of_entries(daemon):
    """They are told shortened, count for whoever comes, and CONFIG GET has them all."""
    one = daemon()
    head = DEFAULT_LISTENER + "allow = ["
    one.reload(head + allow_list(40_000) + ', "127.0.0.1"]\n')
    told = one.wait_for_log(r"listener\.main\.allow changed from '' to '10\.0\.0\.0")
    assert told
    one.wait_for_log("configuration reloaded on SIGHUP")
    client = one.connect()
    client.expect_alive()
    assert len(client.call("CONFIG", "GET", "listener.main.allow")[1]) > 400_000
    one.reload(head + allow_list(40_000) + "]\n")
    eventually(lambda: one.log.count("configuration reloaded on SIGHUP") == 2)
    assert len(max(one.log.splitlines(), key=len)) < 5_000
    assert one.connect().read_until_eof().startswith(b"-DENIED ")
    client.expect_alive()


def test_a_second_signal_ends_a_crowd_at_once(daemon):
    """More than are closed in one turn of the loop; none is answered, each gets its end."""
    one = daemon()
    clients = [one.connect() for _ in range(300)]
    for client in clients:
        client.expect_alive()
        client.send(b"*2\r\n$4\r\nECHO\r\n$9\r\nhalf")
    one.signal(signal.SIGTERM)
    one.wait_for_log("stopping on SIGTERM")
    one.signal(signal.SIGTERM)
    one.wait_for_log("stopped at once by SIGTERM")
    assert one.wait() == STOPPED


# --- the end

@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_with_0(daemon, number):
    one = daemon()
    client = one.connect()
    client.expect_alive()
    one.signal(number)
    client.expect_eof()
    client.close()
    assert one.wait() == STOPPED
    assert is_refused(one.address())


def test_what_was_sent_before_the_signal_is_answered(daemon):
    one = daemon()
    clients = [one.connect() for _ in range(20)]
    for client in clients:
        client.expect_alive()
    for client in clients:
        client.send(request("CEIL", "4.40") * 100)
    one.signal(signal.SIGTERM)
    for client in clients:
        assert client.read_until_eof() == b":5\r\n" * 100
        client.close()
    assert one.wait() == STOPPED


def test_those_in_the_backlog_are_answered_too(daemon):
    """Stopped while they connect, so that nobody has been accepted when the signal comes."""
    one = daemon()
    one.signal(signal.SIGSTOP)
    clients = [one.connect().send(request("CEIL", "4.40")) for _ in range(20)]
    one.signal(signal.SIGTERM)
    one.signal(signal.SIGCONT)
    for client in clients:
        assert client.read_until_eof() == b":5\r\n"
        client.close()
    assert one.wait() == STOPPED


def fill(client):
    """Leaves replies unread until the daemon cannot send."""
    client.socket.settimeout(2)  # a busy machine may pause the daemon for a while
    try:
        for _ in range(2000):
            client.socket.sendall(request("ECHO", "x" * 8000))
    except TimeoutError:
        pass


def test_drain_ends_at_its_deadline(daemon):
    """A reader that does not read cannot hold up the end."""
    one = daemon('[deadlines]\ndrain = "300ms"\n')
    client = one.connect(receive_buffer=4096)
    fill(client)
    one.signal(signal.SIGTERM)
    assert one.wait() == STOPPED
    assert re.search(TOLD["drain expired"].log, one.log)


def test_nobody_comes_in_while_it_drains(daemon, tmp_path):
    """The socket is gone at once, so that a client tries elsewhere and a successor can listen."""
    path = tmp_path / "socket"
    one = daemon('[deadlines]\ndrain = "1h"\n' + DEFAULT_LISTENER +
                 f'[[listener]]\nname = "unix"\naddress = "unix:{path}"\n')
    client = one.connect(receive_buffer=4096)
    fill(client)
    one.signal(signal.SIGTERM)
    eventually(lambda: is_refused(one.address("main")), what="the port is refused")
    eventually(lambda: not path.exists(), what="the socket's file is gone")
    assert one.running, "it drains"
    path.write_text("a successor's")
    one.signal(signal.SIGTERM)
    assert one.wait() == STOPPED
    assert path.exists()


def test_somebody_elses_socket_file_stays(daemon, tmp_path):
    path = tmp_path / "socket"
    one = daemon(f'[[listener]]\nname = "unix"\naddress = "unix:{path}"\n')
    path.rename(tmp_path / "moved")
    path.write_text("not ours")
    one.stop()
    assert path.exists()


def test_what_a_client_sends_during_the_drain_does_not_cost_it_its_replies(daemon):
    one = daemon()
    client = one.connect()
    client.expect_alive()
    one.signal(signal.SIGSTOP)
    client.send(request("CEIL", "4.40"))
    one.signal(signal.SIGTERM)
    one.signal(signal.SIGCONT)
    one.wait_for_log("stopping on SIGTERM")
    for _ in range(10):
        client.send(request("CEIL", "5.40"))
        time.sleep(0.01)
    assert client.read_until_eof() == b":5\r\n"
    client.close()
    assert one.wait() == STOPPED


def test_a_second_signal_ends_at_once(daemon):
    one = daemon('[log]\nlevel = "debug"\n[deadlines]\ndrain = "1h"\n')
    client = one.connect(receive_buffer=4096)
    fill(client)
    one.signal(signal.SIGTERM)
    time.sleep(0.3)
    assert one.running, "it drains"
    one.signal(signal.SIGTERM)
    one.wait()
    one.wait_for_log("closed: stopped at once")


def test_sigpipe_is_ignored(daemon):
    one = daemon()
    one.signal(signal.SIGPIPE)
    one.connect().expect_alive()


# --- the log

def test_a_blocked_log_never_blocks_the_loop(daemon):
    """stderr is a pipe that nobody reads, and it is full."""
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    try:
        while True:
            os.write(writing, b"x" * 65536)
    except BlockingIOError:
        pass
    os.set_blocking(writing, True)
    port = free_port()
    one = daemon(f'[log]\nlevel = "debug"\n[[listener]]\nname = "main"\naddress = "127.0.0.1:{port}"\n', stderr=writing,
                 ready=False,
                 # A sink that stays blocked is given up on at the end, its thread and all.
                 environment={"ASAN_OPTIONS": "detect_leaks=0"})
    os.close(writing)
    one.addresses = [("main", ("127.0.0.1", port))]
    eventually(lambda: not is_refused(one.address()))
    client = one.connect()
    messages = request("TEXT", "x" * 200) * 1000  # each is a log record
    client.send(messages).read_exact(1000 * len("$200\r\n\r\n") + 200_000)
    before = one.memory_bytes()
    for _ in range(20):
        client.send(messages).read_exact(1000 * len("$200\r\n\r\n") + 200_000)
    assert SANITIZED or one.memory_bytes() - before < 2 << 20, "the queue is bounded"
    for _ in range(800):  # more than the queue holds
        one.connect(track=False).close()
    eventually(lambda: one.stat("log_records_dropped") > 100)
    # A drain with the log still blocked must end, too.
    one.close_clients()
    one.signal(signal.SIGTERM)
    assert one.wait() == STOPPED
    os.close(reading)


def test_priorities_for_the_journal_alone(daemon, tmp_path):
    """systemd names the journal's end of stderr in JOURNAL_STREAM (systemd.exec(5)). Where the journal's
    own socket can be reached, records go there instead, which tests/systemd looks at."""
    if os.path.exists("/run/systemd/journal/socket"):
        pytest.skip("there is a journal here")
    assert not daemon().log.startswith("<")
    port = free_port()
    with open(tmp_path / "journal", "wb") as journal:
        status = os.fstat(journal.fileno())
        daemon(f'[[listener]]\nname = "main"\naddress = "127.0.0.1:{port}"\n', ready=False,
               stderr=journal, environment={"JOURNAL_STREAM": f"{status.st_dev}:{status.st_ino}"})
        eventually(lambda: "ready" in (tmp_path / "journal").read_text())
    for line in (tmp_path / "journal").read_text().splitlines():
        assert re.match(r"<[3-7]>\S", line), line


def test_the_log_is_one_safe_line_a_record(daemon):
    one = daemon()
    one.connect().send(b"\x1b]0;title\x07\r\nGET / HTTP/1.1\r\nHost: \x1b[2J\r\n\r\n").half_close()
    time.sleep(0.1)
    assert "\x1b" not in one.log and "\x07" not in one.log


def test_no_log_below_its_level(daemon, tmp_path):
    log = tmp_path / "quiet.log"
    port = free_port()
    one = daemon(f'[log]\nlevel = "error"\ntarget = "{log}"\n'
                 f'[[listener]]\nname = "main"\naddress = "127.0.0.1:{port}"\n', ready=False)
    one.addresses = [("main", ("127.0.0.1", port))]
    eventually(lambda: not is_refused(one.address()))
    one.connect().send(b"*x\r\n").read_until_eof()
    assert "info" not in (log.read_text() if log.exists() else "")
