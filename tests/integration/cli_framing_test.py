# SPDX-License-Identifier: MIT
"""reactor-cli --framing line and raw, against scripted servers without frames."""

import threading
import time

import pexpect
import pytest

from harness.cli import CLI, cli

# --- line

def line_server(peer):
    while (line := peer.line()) is not None:
        peer.send(b"(error) ERR bad number\n" if line == b"bad" else b"<" + line + b">\r\n")


def test_line_framing(serve):
    server = serve(line_server)
    done = cli(server, "--framing", "line", "4.40", "b")
    assert (done.returncode, done.stdout) == (0, b"<4.40 b>\n")
    done = cli(server, "--framing", "line", stdin=b"a \"b\"  c\n\nbad\nlast")
    assert (done.returncode, done.stdout) == (1, b"<a \"b\"  c>\n<last>\n")
    assert done.stderr == b"ERR bad number\n"
    assert cli(server, "--framing", "line", "--json", "x").stdout == b"\"<x>\"\n"


def test_line_framing_prints_further_lines(serve):
    def script(peer):
        peer.line()
        peer.send(b"first\n")
        time.sleep(0.05)
        peer.send(b"second\n\nunfinished")

    done = cli(serve(script), "--framing", "line", "help")
    assert (done.returncode, done.stdout) == (0, b"first\nsecond\n\nunfinished\n")


def test_a_line_cannot_hold_a_line_break(serve):
    assert cli(serve(line_server), "--framing", "line", "a\nb").returncode == 2


# --- raw

def test_raw_with_the_classic_lab_server(serve):
    """Accepts once, receives up to 32 bytes, answers after a while, and closes."""

    def script(peer):
        peer.recv(32)
        time.sleep(1.5)
        peer.send(b"a line that a person typed\n")

    server = serve(script)
    done = cli(server, "--framing", "raw", "hello", "there")
    assert (done.returncode, done.stdout) == (0, b"a line that a person typed\n")
    assert server.received == b"hello there"
    # More than it reads: its close resets the connection behind the answer.
    done = cli(server, "--framing", "raw", "x" * 100)
    assert (done.returncode, done.stdout) == (0, b"a line that a person typed\n")


def test_raw_with_a_server_that_stays(serve):
    def script(peer):
        while peer.recv():
            peer.send(b"5")

    done = cli(serve(script), "--framing", "raw", "4.40")
    assert (done.returncode, done.stdout) == (0, b"5")


def test_raw_with_a_server_that_ignores_the_half_close(serve):
    is_over = threading.Event()

    def script(peer):
        peer.recv()
        peer.send(b"5")
        is_over.wait(60)  # longer than cli() may run

    assert cli(serve(script), "--framing", "raw", "4.40").stdout == b"5"
    is_over.set()


def test_raw_answer_in_two_segments(serve):
    def script(peer):
        peer.recv()
        peer.send(b"one ")
        time.sleep(0.5)
        peer.send(b"two")

    assert cli(serve(script), "--framing", "raw", "x").stdout == b"one two"


def test_raw_does_not_half_close_before_the_answer(serve):
    ended_early = []

    def script(peer):
        peer.recv()
        peer.connection.settimeout(0.7)
        try:
            ended_early.append(peer.recv() == b"")
        except TimeoutError:
            ended_early.append(False)
        peer.send(b"ok")

    assert cli(serve(script), "--framing", "raw", "x").stdout == b"ok"
    assert ended_early == [False]


def test_raw_from_stdin_is_sent_as_it_is_and_half_closed(serve):
    def script(peer):
        peer.wait_for_end()
        peer.send(peer.server.received[::-1])

    data = bytes(range(256)) * 1000
    assert cli(serve(script), "--framing", "raw", stdin=data).stdout == data[::-1]


def test_raw_without_an_answer(serve):
    done = cli(serve(lambda peer: peer.recv()), "--framing", "raw", "x")
    assert done.returncode == 5
    assert b"without an answer" in done.stderr
    done = cli(serve(lambda peer: peer.wait_for_end()), "--framing", "raw", "--timeout", "300ms",
               "x")
    assert done.returncode == 4


@pytest.mark.parametrize("command, stdin", [(["x"], b""), ([], b"x")], ids=["command", "stdin"])
def test_raw_answer_without_end_stops_at_the_timeout(serve, command, stdin):
    def script(peer):
        peer.recv()
        while True:
            peer.send(b"." * 65536)  # there is always more, however slow this machine is

    done = cli(serve(script), "--framing", "raw", "--timeout", "300ms", *command, stdin=stdin)
    assert done.returncode == 4 and done.stdout.startswith(b"..")
    assert b"did not end within 300ms" in done.stderr


def test_raw_on_a_terminal_is_escaped(serve):
    def script(peer):
        peer.recv()
        peer.send(b"caf\xc3")
        time.sleep(0.1)
        peer.send(b"\xa9 \x1b[2J\xff\nlast")

    output = pexpect.run(f"{CLI} --uri {serve(script).uri} --framing raw hi", timeout=30)
    assert output == "caf\u00e9 ".encode() + b"\\x1b[2J\\xff\r\nlast\r\n"
