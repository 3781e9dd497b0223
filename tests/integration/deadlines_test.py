# SPDX-License-Identifier: MIT
"""Every deadline: that it ends a connection, why, in what order; never at an exact time."""

import time

import pytest

from harness.client import eventually
from harness.reasons import assert_told, count
from harness.resp import request

LONG = '"60s"'


def test_first_request(daemon):
    one = daemon('[deadlines]\nfirst_request = "200ms"\n')
    silent, busy = one.connect(), one.connect()
    busy.expect_alive()
    silent.expect_eof()
    busy.expect_alive()
    assert_told(one, "first request")


def test_first_request_ends_with_the_end_of_a_request_not_its_start(daemon):
    one = daemon('[deadlines]\nfirst_request = "200ms"\nframe = "60s"\n')
    client = one.connect().send(b"*1\r\n$4\r\nPI")
    words = client.read_until_eof()
    assert words.startswith(b"-ERR "), "part of a request is unanswered: a last line says why"
    assert_told(one, "first request")


def test_frame(daemon):
    one = daemon('[deadlines]\nframe = "200ms"\n')
    client = one.connect()
    client.expect_alive()
    client.send(b"*2\r\n$4\r\nECHO\r\n$5\r\nhel")
    words = client.read_until_eof()
    assert words.startswith(b"-ERR ") and words.endswith(b"\r\n")
    assert_told(one, "frame")


def test_a_trickle_does_not_extend_the_frame(daemon):
    """Slow is not busy."""
    one = daemon('[deadlines]\nframe = "300ms"\n')
    client = one.connect()
    client.expect_alive()
    pieces = request("ECHO", "x" * 2000)
    try:
        for i in range(len(pieces)):
            client.send(pieces[i:i + 1])
            time.sleep(0.01)
        raise AssertionError("the trickle was never cut")
    except ConnectionError:
        pass
    assert_told(one, "frame")


def test_a_line_that_trickles_is_cut_too(daemon):
    one = daemon('[deadlines]\nframe = "200ms"\n')
    client = one.connect().send(b"PING\n").expect(b"PONG\n")
    client.send(b"CEIL 4.")
    assert client.read_until_eof().startswith(b"(error) ERR ")
    assert_told(one, "frame")


def test_each_frame_has_its_own_time(daemon):
    """A connection that sends a frame in two halves, again and again, is not cut."""
    one = daemon('[deadlines]\nframe = "1500ms"\n')
    client = one.connect()
    for _ in range(10):  # together longer than one frame may take
        client.send(b"*1\r\n$4\r\nPI")
        time.sleep(0.2)
        client.send(b"NG\r\n").expect(b"+PONG\r\n")
    assert count(one, "frame") == 0


def test_idle(daemon):
    one = daemon('[deadlines]\nidle = "600ms"\n')
    client = one.connect()
    client.expect_alive()
    client.expect_eof()
    assert_told(one, "idle")


def test_a_request_keeps_a_connection_from_being_idle(daemon):
    one = daemon('[deadlines]\nidle = "1500ms"\n')
    client = one.connect()
    for _ in range(10):  # together longer than it may be idle
        client.expect_alive()
        time.sleep(0.2)
    assert count(one, "idle") == 0


def test_idle_is_off_by_default(daemon):
    one = daemon()
    client = one.connect()
    client.expect_alive()
    time.sleep(0.3)
    client.expect_alive()


def test_those_who_came_first_go_first(daemon):
    one = daemon('[deadlines]\nidle = "300ms"\n')
    clients = []
    for _ in range(3):
        clients.append(one.connect())
        clients[-1].expect_alive()
        time.sleep(0.05)
    ends = []
    for client in clients:
        client.expect_eof()
        ends.append(time.monotonic())
    assert ends == sorted(ends)
    eventually(lambda: count(one, "idle") >= 3)


def test_write_stall(daemon):
    one = daemon('[deadlines]\nwrite_stall = "300ms"\n[limits]\noutput_high_water = "64KiB"\n')
    client = one.connect(receive_buffer=4096)
    client.socket.settimeout(2)  # a busy machine may pause the daemon for a while
    try:
        for _ in range(10_000):
            client.socket.sendall(request("ECHO", "x" * 8000))
    except (TimeoutError, ConnectionError):
        pass
    assert_told(one, "write stall")


def test_a_slow_reader_is_not_stalled(daemon):
    one = daemon('[deadlines]\nwrite_stall = "1500ms"\n[limits]\noutput_high_water = "64KiB"\n')
    client = one.connect(receive_buffer=4096)
    body = "x" * 1_000_000
    client.request("ECHO", body)
    got = 0
    while got < len(body):
        got += len(client.read_exact(50_000))
        time.sleep(0.1)
    assert count(one, "write stall") == 0


def test_a_connection_that_is_owed_nothing_gets_only_its_end(daemon):
    """Stock clients crash on a reply that nobody asked for."""
    one = daemon('[deadlines]\nidle = "1s"\nfirst_request = "1s"\n')
    used, fresh = one.connect(), one.connect()
    used.expect_alive()
    used.expect_eof()
    fresh.expect_eof()


@pytest.mark.parametrize("deadline", ["first_request", "frame", "idle"])
def test_waiting_costs_nothing(daemon, deadline):
    one = daemon(f'[deadlines]\n{deadline} = {LONG}\n')
    clients = [one.connect() for _ in range(50)]
    before = one.cpu_seconds()
    time.sleep(0.5)
    assert one.cpu_seconds() - before < 0.1
    del clients
