# SPDX-License-Identifier: MIT
"""The daemon itself is late: stopped, as a frozen container or a suspended machine is. What its
clients have sent and read meanwhile counts before any deadline does."""

import contextlib
import os
import signal
import socket
import time

import pytest

from harness.operators import OPERATOR_CONFIG, Operator
from harness.resp import request

DEADLINES = """
[deadlines]
first_request = "3s"
frame = "3s"
idle = "3s"
write_stall = "3s"
"""
STOPPED_SECONDS = 3.5
# More than one poll of the loop takes from the kernel, all together (event_loop.h).
EACH = 70
LARGE = "x" * 12_000_000  # far beyond what the kernel buffers (tcp_wmem)


@contextlib.contextmanager
def stopped(one):
    """All that is sent meanwhile lies in the daemon's sockets when it goes on."""
    os.kill(one.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(one.pid, signal.SIGCONT)


def read_what_is_there(client):
    """All that the daemon's kernel still had to send."""
    chunks = []
    client.socket.settimeout(0.3)
    try:
        while True:
            chunks.append(client.socket.recv(1 << 18))
    except TimeoutError:
        client.socket.settimeout(client.timeout)
        return b"".join(chunks)


def test_no_deadline_counts_the_time_in_which_the_daemon_was_stopped(daemon):
    one = daemon(DEADLINES)
    fresh = [one.connect() for _ in range(EACH)]
    beginners = [one.connect().send(b"*1\r\n$4\r\nPI") for _ in range(EACH)]
    in_frame = [one.connect().send(b"PING\r\n*2\r\n$4\r\nECHO\r\n$5\r\nhel") for _ in range(EACH)]
    idle = [one.connect() for _ in range(EACH)]
    reader = one.connect(receive_buffer=65536).request("ECHO", LARGE)
    for client in in_frame:
        client.expect(b"PONG\n")
    for client in idle:
        client.expect_alive()
    begin = reader.read_exact(10)
    reader.pending, begin = b"", begin + reader.pending

    with stopped(one):
        for client in [*fresh, *idle]:
            client.send(request("PING"))
        for client in beginners:
            client.send(b"NG\r\n")
        for client in in_frame:
            client.send(b"lo\r\n")
        received = read_what_is_there(reader)
        time.sleep(STOPPED_SECONDS)

    for client in [*fresh, *idle, *beginners]:
        client.expect(b"+PONG\r\n")
    for client in in_frame:
        client.expect(b"$5\r\nhello\r\n")
    reply = b"$12000000\r\n" + LARGE.encode() + b"\r\n"
    received = begin + received
    assert len(received) < len(reply), "the kernel took it all: nothing was tried"
    assert received + reader.read_exact(len(reply) - len(received)) == reply
    ended = {key: int(value) for key, value in one.info("stats").items()
             if key.startswith("event_closed_") and int(value)}
    assert set(ended) <= {"event_closed_by_client"}, ended


def test_an_operators_answer_counts_before_the_time_for_it(daemon):
    one = daemon(OPERATOR_CONFIG + 'operator_timeout = "3s"\n')
    ada = Operator(one, "ada")
    client = one.connect().send(b"TEXT hi\n")
    number = ada.next_push("message")[1]
    with stopped(one):
        ada.client.request("OPERATOR", "REPLY", str(number), "in time")
        time.sleep(STOPPED_SECONDS)
    client.expect(b"in time\n")


def test_who_did_nothing_while_the_daemon_was_stopped_is_still_cut(daemon):
    one = daemon(DEADLINES)
    silent, half, idle = one.connect(), one.connect(), one.connect()
    idle.expect_alive()
    half.send(b"PING\r\n*1\r\n").expect(b"PONG\n")
    with stopped(one):
        half.send(b"$4\r\n")
        time.sleep(STOPPED_SECONDS)
    silent.expect_eof()
    idle.expect_eof()
    assert half.read_until_eof().startswith(b"-ERR timeout")
    stats = one.info("stats")
    assert [stats[f"event_closed_{kind}"] for kind in ("first_request", "frame", "idle")] == ["1"] * 3


def test_a_reply_that_is_cut_off_ends_in_a_reset(daemon):
    """FIN would say that all of it was sent."""
    one = daemon()
    client = one.connect(receive_buffer=4096).request("ECHO", LARGE)
    client.read_exact(10)
    one.signal(signal.SIGTERM)
    one.wait_for_log("stopping on SIGTERM")
    one.signal(signal.SIGTERM)
    with pytest.raises(ConnectionResetError):
        while client.socket.recv(1 << 18):
            pass


def test_who_has_sent_before_he_is_refused_gets_the_reason(daemon):
    """Closing with unread input would make the kernel send RST, which overtakes it."""
    one = daemon("[server]\nmax_connections = 1\n")
    first = one.connect()
    first.expect_alive()
    with stopped(one):
        refused = one.connect().send(request("PING") * 10)
    assert refused.read_until_eof() == b"-ERR max number of clients reached\r\n"


# --- What ends a read early, with more behind it.

UNIX_AND_TCP = """
[[listener]]
name = "tcp"
address = "127.0.0.1:0"

[[listener]]
name = "unix"
address = "unix:{path}"
"""


@pytest.fixture(params=["tcp", "unix"])
def marked(daemon, tmp_path, request):
    """A connection, and its daemon, that can be sent urgent data."""
    one = daemon(UNIX_AND_TCP.format(path=tmp_path / "socket"))
    client = one.connect(request.param).send(b"PING\n").expect(b"PONG\n")
    if request.param == "unix":
        try:
            for each in socket.socketpair():
                with each:
                    each.send(b"x", socket.MSG_OOB)
        except OSError as problem:
            if not isinstance(problem, BrokenPipeError):
                pytest.skip("this kernel has no urgent data on Unix sockets (Linux 5.15)")
    return one, client


def test_urgent_data_is_data_in_its_place(marked):
    one, client = marked
    with stopped(one):
        client.send(b"CEIL 1")
        client.socket.send(b"7", socket.MSG_OOB)
        client.send(b".5\n")
    client.expect(b"18\n")


def test_requests_behind_an_urgent_mark_are_answered(marked):
    one, client = marked
    for _ in range(3):
        with stopped(one):
            client.send(b"CEIL 1.5\n")
            client.socket.send(b"\n", socket.MSG_OOB)
            client.send(b"CEIL 2.5\nCEIL 3.5\nCEIL 4.5\n")
        client.expect(b"2\n3\n4\n5\n")


def test_an_urgent_mark_before_the_end_hides_neither_requests_nor_the_end(marked):
    one, client = marked
    with stopped(one):
        client.socket.send(b"CEIL 1.5\n", socket.MSG_OOB)
        client.send(b"CEIL 2.5\n").half_close()
    assert client.read_until_eof() == b"2\n3\n"


def test_a_descriptor_that_is_passed_ends_no_stream(marked):
    one, client = marked
    if client.socket.family != socket.AF_UNIX:
        pytest.skip("descriptors are passed over Unix sockets")
    with stopped(one), open(os.devnull, "rb") as passed:
        socket.send_fds(client.socket, [b"CEIL 1.5\n"], [passed.fileno()])
        client.send(b"CEIL 2.5\n")
    client.expect(b"2\n3\n")
