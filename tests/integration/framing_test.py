# SPDX-License-Identifier: MIT
"""Listeners for clients that know no commands: framing = "line" and "raw"."""

import pytest

from harness.net import program, run


@pytest.mark.parametrize("sent, replies", [
    (b"4.40\n", b"5\n"),
    (b"4.40\r\n", b"5\n"),
    (b" 4.40 \n", b"5\n"),
    (b"4.40\n-4.40\n.4\n", b"5\n-4\n1\n"),
    (b"\n\r\n4.40\n", b"5\n"),
])
def test_each_line_is_the_argument(shared, sent, replies):
    shared.connect("line").send(sent).expect(replies)


def test_an_error_on_a_line_listener_is_a_line(shared):
    client = shared.connect("line").send(b"four\n")
    assert client.read_line().startswith(b"(error) ERR ")
    client.send(b"4.40\n").expect(b"5\n")


def test_a_command_means_nothing_to_a_line_listener(shared):
    client = shared.connect("line-text").send(b"PING\nQUIT\n*1\r\n")
    client.expect(b"PING\nQUIT\n*1\n")


def test_lines_are_verbatim(shared):
    shared.connect("line-text").send(b"  two  spaces \n\"q\"\n").expect(b"  two  spaces \n\"q\"\n")


def test_a_line_reply_is_escaped(shared):
    shared.connect("line-text").send(b"a\x1b[31mb\\\n").expect(b"a\\x1b[31mb\\\\\n")


@pytest.mark.parametrize("end", [b"", b"\n", b"\r\n"])
def test_the_last_line_needs_no_end(shared, end):
    client = shared.connect("line").send(b"1.5\n4.40" + end).half_close()
    assert client.read_until_eof() == b"2\n5\n"


def test_a_line_over_its_limit_closes(shared):
    client = shared.connect("line").send(b"1" * 70_000)
    assert client.read_until_eof() == b"(error) ERR Protocol error: too big inline request\n"


def test_a_raw_client_sends_no_terminator(shared):
    client = shared.connect("raw").send(b"4.40")
    client.expect(b"5").expect_silence()
    client.send(b"-4.40").expect(b"-4")


def test_raw_text_is_the_bytes_themselves(shared):
    for message in (b"hello", b"line\r\n", b"\0\xff\x1b", b"*1\r\n$4\r\nPING\r\n", b"\n"):
        shared.connect("raw-text").send(message).expect(message)


def test_a_large_raw_chunk_comes_back_whole(shared):
    message = bytes(range(256)) * 1024
    shared.connect("raw-text").send(message).expect(message)


def test_a_raw_error_is_readable(shared):
    client = shared.connect("raw").send(b"four").half_close()
    assert client.read_until_eof().startswith(b"ERR ")


def test_a_half_close_on_raw_gets_its_reply(shared):
    client = shared.connect("raw").send(b"4.40").half_close()
    assert client.read_until_eof() == b"5"


def test_http_means_nothing_to_a_raw_listener(shared):
    message = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
    shared.connect("raw-text").send(message).expect(message)


@pytest.mark.parametrize("listener, reply", [("line", "5\n"), ("raw", "5")])
def test_printf_into_nc(shared, listener, reply):
    done = run(program("nc.openbsd"), "-N", "127.0.0.1", shared.address(listener)[1], data="4.40")
    assert (done.returncode, done.stdout) == (0, reply)


def test_a_first_socket_program(shared):
    """What a beginner writes in C: send(msg, strlen(msg)), recv, print."""
    import socket
    with socket.create_connection(shared.address("raw")) as sock:
        sock.send(b"4.40")
        assert sock.recv(100) == b"5"
