# SPDX-License-Identifier: MIT
"""reactor-cli operator in a pipe: what a script sees and says."""

import json
import socket
import subprocess

import pytest

from harness.daemon import BIN_DIR
from harness.desk import Desk

CLI = str(BIN_DIR / "reactor-cli")
MAX_SECONDS = 30


@pytest.fixture
def desk():
    return Desk()


def operator_pipe(server, *args, stdin=b""):
    return subprocess.run([CLI, "--uri", server.uri, *args, "operator", "--name", "alice"],
                          input=stdin, capture_output=True, timeout=MAX_SECONDS, check=False)


def test_operator_in_a_pipe(serve, desk):
    desk.message(12, "two\nlines", state="finished")
    desk.message(13, "other")
    done = operator_pipe(serve(desk.script), stdin=b"good morning\n13 hi\n/list\n/quit\n")
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.decode().splitlines() == [
        "joined alice", r"message 12 127.0.0.1:5000 finished two\nlines",
        "message 13 127.0.0.1:5000 open other", "answered 12 alice", "answered 13 alice",
        "operator bob 2 0"]
    assert [desk.replies.get(timeout=30)[1:] for _ in range(2)] == [(12, "good morning"), (13, "hi")]


def test_operator_in_a_pipe_as_json(serve, desk):
    desk.message(12, "grüße")
    desk.errors[14] = "ERR there is no message 14"
    done = operator_pipe(serve(desk.script), "--json",
                         stdin=b"12 hi\n/reply 14 late\n99 what\n/list\n/quit\n")
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert events == [
        {"event": "joined", "name": "alice"},
        {"event": "message", "id": 12, "peer": "127.0.0.1:5000", "state": "open", "waiting_ms": 0,
         "bytes": 7, "text": "grüße"},
        {"event": "error", "error": events[2]["error"]},
        {"event": "answered", "id": 12, "by": "alice"},
        {"event": "error", "id": 14, "error": "ERR there is no message 14"},
        {"event": "list", "mode": "operator",
         "operators": [{"name": "bob", "answered": 2, "dropped": 0}], "waiting": []}]
    assert events[2]["error"].startswith("there is no message 99")
    assert (done.returncode, done.stderr) == (1, b"")


def test_operator_with_no_input_watches_until_the_server_closes(serve, desk):
    def script(peer):
        desk.script(peer)

    server = serve(script)
    with subprocess.Popen([CLI, "--uri", server.uri, "operator"], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout.readline().startswith(b"joined ")
        desk.message(1, "hello")
        assert process.stdout.readline() == b"message 1 127.0.0.1:5000 open hello\n"
        desk.gone(1, "expired")
        assert process.stdout.readline() == b"expired 1\n"
        desk.peers.pop().connection.shutdown(socket.SHUT_RDWR)
        assert process.wait(MAX_SECONDS) == 5
        assert b"closed the connection: it is stopping" in process.stderr.read()


def test_operator_ends_with_its_reader(serve, desk):
    done = subprocess.run(
        ["bash", "-c", f"{CLI} --uri {serve(desk.script).uri} operator </dev/null | head -n 1"],
        capture_output=True, timeout=MAX_SECONDS, check=False)
    assert done.stdout.startswith(b"joined ") and done.stderr == b""


def test_operator_where_none_is_wanted(serve):
    def script(peer):
        while (words := peer.request()) is not None:
            peer.send(b"%0\r\n" if words[0] == b"HELLO" else
                      b"-ERR unknown command 'OPERATOR', with args beginning with: 'JOIN'\r\n")

    done = operator_pipe(serve(script))
    assert (done.returncode, done.stdout) == (1, b"")
    assert b"takes no operator: ERR unknown command" in done.stderr
    assert b"name an admin listener with --uri" in done.stderr


def test_operator_that_gets_no_answer(serve, desk):
    desk.message(12, "hello")
    desk.hold.clear()
    done = operator_pipe(serve(desk.script), "--timeout", "300ms", stdin=b"hi\n")
    desk.hold.set()
    assert done.returncode == 4 and b"no answer from" in done.stderr
