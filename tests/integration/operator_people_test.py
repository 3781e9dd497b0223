# SPDX-License-Identifier: MIT
"""People at terminals: two clients and two operators with one daemon, each on a tmux of its own."""

import socket
import struct
import threading

import pytest

from harness.client import Client
from harness.daemon import BIN_DIR
from harness.net import run
from harness.operators import OPERATOR_CONFIG

CLI = BIN_DIR / "reactor-cli"


@pytest.fixture
def desk(daemon):
    """A daemon whose TEXT is answered by people."""
    one = daemon(OPERATOR_CONFIG)
    one.uri = f"unix:{one.address('admin')}"
    return one


@pytest.fixture
def people(desk, tmux):
    """Seats people at terminals."""

    class People:
        @staticmethod
        def operator(name):
            terminal = tmux.run(CLI, "--uri", desk.uri, "operator", "--name", name, columns=100)
            terminal.wait_for(f"joined as {name}")
            terminal.wait(lambda rows: rows[-1].endswith(">"), "a prompt")
            return terminal

        @staticmethod
        def client(*args, listener="main"):
            host, port = desk.address(listener)
            terminal = tmux.run(CLI, "--port", port, *args, "chat", columns=100)
            terminal.where = f"{host}:{port}"
            terminal.wait_for_line(terminal.where + ">")
            return terminal

    return People


def test_two_clients_and_two_operators(people):
    alice, bob = people.operator("alice"), people.operator("bob")
    alice.wait_for("bob joined")
    first, second = people.client(), people.client()

    alice.type("half a li")
    alice.wait_for_line("nobody waits> half a li")
    first.enter("good morning")
    for operator in (alice, bob):
        operator.wait_for("  0s  good morning")
    alice.wait_for_line("1 waiting> half a li")
    bob.wait_for_line("1 waiting, Enter answers 1>")
    second.type("half a ques")
    bob.enter("good morning to you")
    first.wait_for("good morning to you")
    first.wait_for_line(first.where + ">")
    alice.wait_for("1  answered by bob")
    alice.wait_for_line("nobody waits> half a li")
    second.wait_for_line(second.where + "> half a ques")

    # Both answer the same message: once bob has, it is alice's no more.
    second.enter("tion")
    first.enter("another")
    alice.press("C-c")
    alice.wait_for_line("2 waiting, Enter answers 2>")
    alice.type("it depends")
    alice.wait_for_line("2 waiting, Enter answers 2> it depends")
    bob.enter("3 ask alice")
    first.wait_for("ask alice")
    alice.wait_for_line("1 waiting, Enter answers 2> it depends")
    bob.enter("/reply 2 yes")
    second.wait_for("yes")
    alice.wait_for_line("2 is settled, nobody waits> it depends")
    alice.press("Enter")
    alice.wait_for("2 was answered by bob; nothing was sent, and nobody else waits")
    alice.press("C-c")
    alice.enter("/reply 2 no")
    alice.wait_for("ERR message 2 was answered by bob")
    rows = second.wait_for_line(second.where + ">")
    assert "yes" in rows and "no" not in rows and "it depends" not in rows

    alice.enter("/list")
    alice.wait_for("operators: alice (you, 0 answered), bob (3 answered)")
    bob.press("C-d")
    assert bob.exit_status() == 0
    alice.wait_for("bob left")


def test_several_questions_and_a_rejection(people):
    alice = people.operator("alice")
    client = people.client()
    for question in ("one", "two", "three"):
        client.enter(question)
    client.wait_for_line(f"{client.where}, 3 unanswered>")
    for question, line in (("one", "the first"), ("two", "/reject 2 not today")):
        alice.wait_for(f"  0s  {question}")
        alice.enter(line)
    rows = client.wait_for_line(f"{client.where}, 1 unanswered>")
    shown = [row for row in rows if row.startswith('to "')]
    assert shown == ['to "one": the first', 'to "two": REJECTED not today']
    alice.wait_for_line("1 waiting, Enter answers 3>")
    client.press("C-d")
    client.wait_for_line("1 answer to come>")
    alice.wait_for("3  its client has finished sending, and still waits")
    alice.enter("the last")
    assert client.exit_status() == 0
    assert "the last" in client.screen()


def test_a_client_that_leaves_is_told(desk, people):
    alice = people.operator("alice")
    with Client(desk.address("main")) as client:
        client.request("TEXT", "bye")
        alice.wait_for_line("1 waiting, Enter answers 1>")
        alice.type("one mo")
        client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    alice.wait_for("1  its client has gone")
    alice.wait_for_line("1 is settled, nobody waits> one mo")
    alice.press("C-c")
    alice.enter("/reply 1 too late")
    alice.wait_for("ERR the client of message 1 has gone")


@pytest.mark.parametrize("listener", ["line", "raw"])
def test_chat_over_other_framings(people, listener):
    alice = people.operator("alice")
    client = people.client("--framing", listener, listener=listener)
    for question in ("hello", "again"):
        client.enter(question)
        alice.wait_for(f"  0s  {question}")
        alice.enter(f"{question} yourself")
        client.wait_for(f"{question} yourself")
    client.press("C-d")
    assert client.exit_status() == 0


@pytest.mark.parametrize("listener, framing", [("main", "resp"), ("line", "line"), ("raw", "raw")])
def test_chat_in_a_pipe_gets_a_persons_answers(desk, people, listener, framing):
    alice = people.operator("alice")
    done = []
    asker = threading.Thread(target=lambda: done.append(run(
        CLI, "--port", desk.address(listener)[1], "--framing", framing, "chat", data="hi\n")))
    asker.start()
    alice.wait_for_line("1 waiting, Enter answers 1>")
    alice.enter("answer")
    asker.join(20)
    assert (done[0].returncode, done[0].stdout.strip(), done[0].stderr) == (0, "answer", "")


def test_operators_of_one_name_and_a_daemon_that_stops(desk, people, tmux):
    people.operator("alice")
    second = tmux.run(CLI, "--uri", desk.uri, "operator", "--name", "alice", columns=200)
    second.wait_for("joined as alice-2;")
    second.type("half")
    desk.process.terminate()
    second.wait_for("closed the connection:")
    second.wait_for_line("not connected> half")
    second.press("C-c")
    second.wait_for_line("not connected>")
    second.press("C-d")
    assert second.exit_status() == 5


def test_a_listener_without_the_operators_commands(desk):
    done = run(CLI, "--port", desk.address("main")[1], "operator", data="")
    assert (done.returncode, done.stdout) == (1, "")
    assert "takes no operator: ERR " in done.stderr


def test_operators_subcommands_stay_the_servers(desk):
    done = run(CLI, "--uri", desk.uri, "--json", "operator", "list")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == '["mode","operator","operators",[],"waiting",[]]\n'
