# SPDX-License-Identifier: MIT
"""The daemon itself is late: stopped, as a frozen container or a suspended machine is. What its
clients have sent and read meanwhile counts before any deadline does."""

import os
import signal
import time

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
LARGE = "x" * 4_000_000


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

    os.kill(one.pid, signal.SIGSTOP)
    try:
        for client in [*fresh, *idle]:
            client.send(request("PING"))
        for client in beginners:
            client.send(b"NG\r\n")
        for client in in_frame:
            client.send(b"lo\r\n")
        received = read_what_is_there(reader)
        time.sleep(STOPPED_SECONDS)
    finally:
        os.kill(one.pid, signal.SIGCONT)

    for client in [*fresh, *idle, *beginners]:
        client.expect(b"+PONG\r\n")
    for client in in_frame:
        client.expect(b"$5\r\nhello\r\n")
    reply = b"$4000000\r\n" + LARGE.encode() + b"\r\n"
    received = begin + received
    assert len(received) < len(reply), "the kernel took it all: nothing was tried"
    assert received + reader.read_exact(len(reply) - len(received)) == reply
    ended = {key: int(value) for key, value in one.info("stats").items()
             if key.startswith("event_closed_") and int(value)}
    assert set(ended) <= {"event_closed_by_client"}, ended


def test_who_did_nothing_while_the_daemon_was_stopped_is_still_cut(daemon):
    one = daemon(DEADLINES)
    silent, half, idle = one.connect(), one.connect(), one.connect()
    idle.expect_alive()
    half.send(b"PING\r\n*1\r\n").expect(b"PONG\n")
    os.kill(one.pid, signal.SIGSTOP)
    try:
        half.send(b"$4\r\n")
        time.sleep(STOPPED_SECONDS)
    finally:
        os.kill(one.pid, signal.SIGCONT)
    silent.expect_eof()
    idle.expect_eof()
    assert half.read_until_eof().startswith(b"-ERR timeout")
    stats = one.info("stats")
    assert [stats[f"event_closed_{kind}"] for kind in ("first_request", "frame", "idle")] == ["1"] * 3
