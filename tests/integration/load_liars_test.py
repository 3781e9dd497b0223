# SPDX-License-Identifier: MIT
"""reactor-load against servers that lie, are late, or go: each fails the run, and is shown."""

import re
import time

import pytest

from harness.load import against, result_of
from harness.scripted import answering


def pong(_number, _words):
    return b"+PONG\r\n"


def assert_failed(done, kind, *shown):
    assert done.returncode == 1, done.stdout + done.stderr
    assert re.search(rf"^  {kind}: group '\w+', client 1, connection \d+", done.stdout, re.M), \
        done.stdout
    for text in shown:
        assert text in done.stdout, done.stdout


def test_a_server_that_answers_rightly_passes(serve):
    server = serve(answering(pong))
    done = against(server, "-c", 3, "-n", 300, "ping")
    assert done.returncode == 0, done.stdout
    assert re.search(r"^  PING +300 ", done.stdout, re.M)


def test_a_wrong_reply_fails_the_run(serve):
    def answer(number, _words):
        return b":5\r\n" if number != 7 else b":4\r\n"

    server = serve(answering(answer))
    done = against(server, "-c", 1, "-n", 20, "CEIL", "4.40")
    assert_failed(done, "wrong reply", "request 7 on it", "CEIL\\r\\n$4\\r\\n4.40",
                  "expected  the integer 5", "got       ':4\\r\\n'",
                  "FAILED  wrong == 0: 1")
    assert re.search(r"^  CEIL +20 ", done.stdout, re.M)  # the others are counted


def test_a_single_wrong_byte_in_a_long_echo_fails_the_run(serve):
    def answer(number, words):
        body = bytearray(words[1])
        if number == 3:
            body[70_000] ^= 1
        return b"$%d\r\n%s\r\n" % (len(body), body)

    server = serve(answering(answer))
    done = against(server, "-c", 1, "-n", 5, "ECHO", "{bytes:100000}")
    assert_failed(done, "wrong reply", "request 3 on it", "the 100000 bytes that were sent")


@pytest.mark.parametrize("protocol", ["resp", "line"])
def test_a_reply_without_end_is_one_failure(serve, protocol):
    def script(peer):
        peer.recv()
        peer.send(b"+")
        while True:
            peer.send(b"x" * (1 << 20))

    server = serve(script)
    done = against(server, "-c", 1, "-n", 1, "--protocol", protocol, "ping")
    assert_failed(done, "not a reply", "'+xxxx")
    assert done.stdout.count("  not a reply: ") == 1


def test_a_missing_reply_fails_the_run(serve):
    server = serve(answering(lambda number, _: b"+PONG\r\n" if number < 5 else None))
    done = against(server, "-c", 1, "-d", 3, "-n", 9, "ping")
    assert_failed(done, "missing reply", "request 5 on it", "the server closed, with 2 replies")


def test_a_surplus_reply_fails_the_run(serve):
    server = serve(answering(lambda n, _: b"+PONG\r\n" * (2 if n == 4 else 1)))
    done = against(server, "-c", 1, "-n", 10, "ping")
    assert done.returncode == 1
    assert "surplus reply: group 'PING', client 1, connection 1" in done.stdout
    assert "expected  nothing more: every request was answered" in done.stdout


def test_a_surplus_reply_at_the_very_end_fails_the_run(serve):
    server = serve(answering(lambda n, _: b"+PONG\r\n+PO" if n == 10 else b"+PONG\r\n"))
    done = against(server, "-c", 1, "-n", 10, "ping")
    assert done.returncode == 1, done.stdout


def test_a_greeting_that_nobody_asked_for_is_wrong(serve):
    server = serve(answering(pong, greeting=b"+HELLO\r\n"))
    done = against(server, "-c", 1, "-n", 3, "ping")
    assert done.returncode == 1
    assert "'+HELLO\\r\\n'" in done.stdout


def test_a_reply_before_the_request_is_sent_whole_does_not_end_the_generator(serve):
    def deaf(peer):
        while peer.line() is not None:  # the value is left unread
            time.sleep(0.5)  # the generator goes on meanwhile
            peer.send(b"-ERR too long\r\n")

    done = against(serve(deaf), "-c", 1, "-n", 3, "-t", "3s", "--expect", "error:ERR too long*",
                   "ECHO", "{bytes:16MiB}")  # more than the kernel takes
    assert done.returncode in (0, 1), done.stderr
    assert re.search(r"^  ECHO +[123] ", done.stdout, re.M), done.stdout + done.stderr


def test_what_is_no_reply_fails_the_run(serve):
    server = serve(answering(lambda *_: b"HTTP/1.1 400 Bad Request\r\n\r\n"))
    done = against(server, "-c", 1, "-n", 1, "ping")
    assert_failed(done, "not a reply", "HTTP/1.1 400")


def test_a_slow_reply_fails_the_run(serve, tmp_path):
    def answer(number, _words):
        if number == 3:
            time.sleep(1.5)
        return b"+PONG\r\n"

    scenario = tmp_path / "slow.toml"
    scenario.write_text('[run]\ntimeout = "500ms"\n[[group]]\nname = "g"\nloops = 5\n'
                        'steps = [{ send = "PING" }]\n')
    server = serve(answering(answer))
    done = against(server, scenario)
    assert_failed(done, "no reply in time", "request 3 on it", "nothing for 500 ms")


def test_a_server_that_does_not_close_fails_who_waits_for_it(serve, tmp_path):
    scenario = tmp_path / "close.toml"
    scenario.write_text('[[group]]\nname = "g"\nloops = 1\n'
                        'steps = [{ send = "PING" }, { await_close = "200ms" }]\n')
    server = serve(answering(pong))
    done = against(server, scenario)
    assert_failed(done, "not closed in time")


def test_latency_counts_from_the_planned_time(serve, tmp_path):
    """One pause of the server delays all that were due meanwhile: no coordinated omission."""
    def answer(number, _words):
        if number == 20:
            time.sleep(1)
        return b"+PONG\r\n"

    server = serve(answering(answer))
    result, done = result_of(tmp_path, "--port", server.port, "-c", 1, "-r", 100, "-n", 200,
                             "ping")
    assert done.returncode == 0, done.stdout
    # A second at 100 a second: of the 200 requests, 100 were due meanwhile, and had to wait.
    assert result["latency"]["p90"] > 200e6, result["latency"]
    assert result["held_back"] > 50
    closed, _ = result_of(tmp_path, "--port", server.port, "-c", 1, "-n", 200, "ping")
    assert closed["latency"]["p90"] < 200e6, closed["latency"]
