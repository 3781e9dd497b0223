# SPDX-License-Identifier: MIT
"""TEXT answered by a person: waiting, answering once, leaving clients, reload and stop."""

import signal
import socket
import threading

import pytest

from harness.client import eventually
from harness.net import program, run
from harness.operators import ANSWER, CONVERSATIONS, MESSAGE, OPERATOR_CONFIG, Operator
from harness.resp import Error, Push, request

FALLBACK = b"(error) ERR no operator answered; try again later\n"


@pytest.fixture
def desk(daemon):
    return daemon(OPERATOR_CONFIG)


def message_of(operator, text):
    push = operator.next_push("message")
    assert push[-1] == text
    return push[1]


# --- a message and its answer

def test_without_an_operator_the_fallback_comes_at_once(desk):
    assert desk.connect().send(b"TEXT hi\n").read_line() + b"\n" == FALLBACK
    assert desk.connect("line").send(b"hi\n").read_line() + b"\n" == FALLBACK
    raw = desk.connect("raw").send(b"hi").half_close()
    assert raw.read_until_eof() == b"ERR no operator answered; try again later"


@pytest.mark.parametrize("listener, sent, expected", CONVERSATIONS)
def test_a_person_answers(desk, listener, sent, expected):
    ada = Operator(desk, "ada")
    client = desk.connect(listener).send(sent)
    number = message_of(ada, MESSAGE)
    assert ada.answer(number, ANSWER) == "OK"
    client.expect(expected)


def test_an_operator_on_netcat(desk):
    ada = desk.connect("admin").send(b"OPERATOR JOIN ada\n")
    joined = [ada.read_line() for _ in range(6)]
    assert joined[:3] == [b"name: ada", b"mode: operator", b"waiting: 0"]
    client = desk.connect().send(b"TEXT hi there\n")
    line = ada.read_line()
    peer = "%s:%d" % client.socket.getsockname()
    assert line == f"operator message 1 {peer} open hi there".encode()
    ada.send(b"OPERATOR REPLY 1   indented  answer\n")
    assert ada.read_line() == b"OK"
    client.expect(b"  indented  answer\n")


def test_an_operator_stays_in_resp3(desk):
    """Arrays between replies would be taken for replies; Redis sends them."""
    ada = Operator(desk, "ada")
    assert str(ada.call("HELLO", 2)).startswith("ERR messages are pushed to this connection")
    client = desk.connect().send(b"TEXT hi\n")
    assert ada.answer(message_of(ada, "hi"), "still here") == "OK"
    client.expect(b"still here\n")
    assert ada.call("OPERATOR", "LEAVE") == "OK"
    assert isinstance(ada.call("HELLO", 2), list)


def test_reset_ends_an_operators_stay_and_resp3(desk):
    ada = Operator(desk, "ada")
    assert ada.call("RESET") == "RESET"
    desk.connect().send(b"TEXT hi\n").expect(FALLBACK)
    assert ada.call("OPERATOR", "LIST")[:2] == [b"mode", b"operator"]


def test_pushes_speak_as_the_replies_around_them(desk):
    """Asked for in a line, they are RESP from the first array on."""
    ada = desk.connect("admin").send(b"OPERATOR JOIN ada\n")
    ada.read_through(b"\n\n")
    ada.request("HELLO", 3)
    assert isinstance(ada.reply(), dict)
    desk.connect().send(b"TEXT hi\n")
    push = ada.reply()
    assert isinstance(push, Push) and push[-1] == b"hi"


def test_a_half_closing_client_gets_its_answer(desk):
    """printf 'TEXT hi\\n' | nc -N: a FIN is no farewell."""
    ada = Operator(desk, "ada")
    host, port = desk.address("main")
    answers = []
    netcat = threading.Thread(target=lambda: answers.append(
        run(program("nc"), "-N", host, port, data="TEXT hi\n").stdout))
    netcat.start()
    push = ada.next_push("message")
    if push[3] == "open":
        assert ada.next_push("finished") == ["finished", push[1]]
    assert ada.waiting()[0][b"state"] == b"finished"
    assert ada.answer(push[1], "hello nc") == "OK"
    netcat.join()
    assert answers == ["hello nc\n"]


def test_requests_behind_a_waiting_one_keep_their_order(desk):
    ada = Operator(desk, "ada")
    client = desk.connect().send(b"PING\nTEXT one\nCEIL 4.40\nTEXT two\nPING\n")
    client.expect(b"PONG\n")
    ada.answer(message_of(ada, "one"), "first")
    client.expect(b"first\n5\n")
    ada.answer(message_of(ada, "two"), "second")
    client.expect(b"second\nPONG\n")


def test_a_message_is_answered_once(desk):
    ada, bob = Operator(desk, "ada"), Operator(desk, "bob")
    client = desk.connect().send(b"TEXT hi\n")
    number = message_of(ada, "hi")
    assert message_of(bob, "hi") == number
    assert bob.answer(number, "from bob") == "OK"
    assert ada.next_push("answered") == ["answered", number, "bob"]
    late = ada.answer(number, "from ada")
    assert isinstance(late, Error) and late == f"ERR message {number} was answered by bob"
    client.expect(b"from bob\n")
    client.send(b"PING\n").expect(b"PONG\n")


def test_a_rejection_is_an_error(desk):
    ada = Operator(desk, "ada")
    client = desk.connect().send(b"TEXT hi\n")
    assert ada.call("OPERATOR", "REJECT", message_of(ada, "hi"), "not today") == "OK"
    client.expect(b"(error) REJECTED not today\n")


def test_a_script_answers_without_joining(desk):
    ada = Operator(desk, "ada")
    client = desk.connect().send(b"TEXT hi\n")
    number = message_of(ada, "hi")
    script = desk.connect("admin").send(b"OPERATOR REPLY %d from a script\n" % number)
    script.expect(b"OK\n")
    client.expect(b"from a script\n")
    assert ada.next_push("answered")[2].startswith("client ")


def test_time_brings_the_fallback(daemon):
    desk = daemon(OPERATOR_CONFIG + 'operator_timeout = "200ms"\n'
                  'operator_fallback = "{peer}: nobody read your {bytes} bytes"\n')
    ada = Operator(desk, "ada")
    client = desk.connect().send(b"TEXT hi\n")
    number = message_of(ada, "hi")
    assert client.read_line().endswith(b": nobody read your 2 bytes")
    assert ada.next_push("expired") == ["expired", number]
    assert "has expired" in ada.answer(number, "late")


def test_the_queue_is_bounded(daemon):
    desk = daemon(OPERATOR_CONFIG + "operator_max_waiting = 3\n")
    ada = Operator(desk, "ada")
    clients = [desk.connect().send(b"TEXT %d\n" % i) for i in range(3)]
    ada.wait_for(3)
    assert desk.connect().send(b"TEXT more\n").read_line() + b"\n" == FALLBACK
    assert desk.connect().send(b"TEXT " + b"x" * 65_000 + b"\n").read_line() + b"\n" == FALLBACK
    for client in clients:
        ada.answer(message_of(ada, str(clients.index(client))), "done")
        client.expect(b"done\n")
    long = desk.connect().request("TEXT", "x" * 65_537).reply()
    assert isinstance(long, Error) and "at most 65536 bytes, not 65537" in long


# --- clients that leave

def test_a_reset_takes_the_message_off_the_desk(desk):
    ada = Operator(desk, "ada")
    client = desk.connect(track=False).send(b"TEXT hi\n")
    number = message_of(ada, "hi")
    client.reset()
    assert ada.next_push("gone") == ["gone", number]
    assert ada.answer(number, "too late") == f"ERR the client of message {number} has gone"
    assert ada.waiting() == []


def test_an_answer_to_a_closed_client_is_uncertain(desk):
    """close() sends FIN as a half-close does; only the answer finds out, by the reset it meets."""
    ada, bob = Operator(desk, "ada"), Operator(desk, "bob")
    client = desk.connect(track=False).send(b"TEXT hi\n")
    number = message_of(ada, "hi")
    client.close()
    assert ada.next_push("finished") == ["finished", number]
    assert ada.answer(number, "are you there?") == "OK"
    assert ada.next_push("uncertain") == ["uncertain", number, "ada"]
    assert bob.next_push("uncertain") == ["uncertain", number, "ada"]
    desk.wait_for_log(f"message {number} was answered by ada, but its client was lost")


@pytest.mark.parametrize("listener", ["main", "unix"])
def test_an_answer_that_is_never_read_is_uncertain(desk, listener):
    ada = Operator(desk, "ada")
    client = desk.connect(listener, track=False).send(b"TEXT hi\n")
    number = message_of(ada, "hi")
    assert ada.answer(number, "unread") == "OK"
    client.socket.recv(1, socket.MSG_PEEK)  # it has come, and stays unread
    client.reset()
    assert ada.next_push("uncertain") == ["uncertain", number, "ada"]


@pytest.mark.parametrize("listener", ["main", "unix"])
def test_an_answer_that_arrived_is_not_uncertain(desk, listener):
    ada = Operator(desk, "ada")
    patient = desk.connect(listener).send(b"TEXT one\n").half_close()
    ada.answer(message_of(ada, "one"), "first")
    assert patient.read_until_eof() == b"first\n"
    patient.close()
    talkative = desk.connect(listener, track=False).send(b"TEXT two\n")
    ada.answer(message_of(ada, "two"), "second")
    talkative.expect(b"second\n").send(b"PING\n").expect(b"PONG\n")
    talkative.reset()
    eventually(lambda: int(desk.info("clients")["connected_clients"]) <= 2, what="both gone")
    ada.call("PING")
    assert not [push for push in ada.pushes if push[0] == "uncertain"]


# --- operators

def test_operators_see_each_other(desk):
    ada = Operator(desk, "ada")
    assert ada.joined[b"operators"] == [b"ada"]
    bob = Operator(desk, "bob")
    assert bob.joined[b"operators"] == [b"ada", b"bob"]
    assert ada.next_push() == ["joined", "bob"]
    again = desk.connect("admin").send(b"OPERATOR JOIN bob\n").read_line()
    assert again == b"(error) ERR an operator called bob is attached: join under another name"
    bob.close()
    assert ada.next_push() == ["left", "bob"]
    assert ada.call("OPERATOR", "LEAVE") == "OK"
    assert desk.connect().send(b"TEXT hi\n").read_line() + b"\n" == FALLBACK


def test_reset_ends_an_operators_stay(desk):
    ada, bob = Operator(desk, "ada"), Operator(desk, "bob")
    assert bob.call("RESET") == "RESET"
    assert ada.next_push("left") == ["left", "bob"]
    desk.connect().send(b"TEXT hi\n")
    assert message_of(ada, "hi") == 1
    bob.client.expect_alive()  # and no push before its reply


def test_messages_outlast_their_operators(desk):
    ada = Operator(desk, "ada")
    client = desk.connect().send(b"TEXT hi\n")
    number = message_of(ada, "hi")
    ada.close()
    bob = Operator(desk, "bob")
    assert bob.joined[b"waiting"] == 1
    assert bob.waiting()[0][b"text"] == b"hi"
    assert bob.answer(number, "from bob") == "OK"
    client.expect(b"from bob\n")


def test_a_slow_operator_is_bounded_and_told_what_it_missed(daemon):
    desk = daemon('[limits]\noutput_high_water = "64KiB"\n' + OPERATOR_CONFIG)
    slow, quick = Operator(desk, "slow"), Operator(desk, "quick")
    text = "x" * 60_000
    sent = 0
    while not quick.call("OPERATOR", "LIST")[b"operators"][0][b"dropped"]:
        desk.connect().request("TEXT", text)
        quick.next_push("message")
        sent += 1
        assert sent < 200, "the kernel holds more than was thought"
    missed = quick.call("OPERATOR", "LIST")[b"operators"][0][b"dropped"]
    for _ in range(sent - missed):
        slow.next_push("message")
    slow.pushes.clear()  # that quick has joined
    assert slow.next_push() == ["dropped", missed]  # though nothing else happens
    desk.connect().send(b"TEXT end\n")
    assert slow.next_push()[-1] == "end"
    assert len(slow.waiting()) == sent + 1


def test_a_joined_operator_may_idle(daemon):
    desk = daemon('[deadlines]\nidle = "200ms"\n' + OPERATOR_CONFIG)
    ada = Operator(desk, "ada")
    idle = desk.connect().send(b"PING\n").expect(b"PONG\n")
    idle.expect_eof()  # the deadline runs, but not for ada
    client = desk.connect().send(b"TEXT hi\n")
    ada.answer(message_of(ada, "hi"), "still here")
    client.expect(b"still here\n")


def test_operator_is_unknown_to_the_public(desk):
    client = desk.connect()
    assert client.call("OPERATOR", "LIST").startswith("ERR unknown command 'OPERATOR'")
    assert b"OPERATOR" not in client.call("HELP")


# --- reload and stop

def test_a_reload_changes_the_mode_and_keeps_what_waits(desk):
    ada = Operator(desk, "ada")
    client = desk.connect().send(b"TEXT waits\n")
    number = message_of(ada, "waits")
    desk.reload(OPERATOR_CONFIG.replace('mode = "operator"', 'mode = "template"'))
    assert ada.next_push() == ["mode", "template"]
    desk.connect().send(b"TEXT echo\n").expect(b"echo\n")
    assert ada.answer(number, "as before") == "OK"
    client.expect(b"as before\n")
    desk.reload(OPERATOR_CONFIG)
    assert ada.next_push() == ["mode", "operator"]


def test_sigterm_gives_the_fallback_to_what_waits(desk):
    ada = Operator(desk, "ada")
    clients = [desk.connect().send(b"TEXT one\nTEXT two\nPING\n") for _ in range(5)]
    ada.wait_for(5)
    desk.signal(signal.SIGTERM)
    for client in clients:
        assert client.read_until_eof() == FALLBACK + FALLBACK + b"PONG\n"
        client.close()
    ada.next_push("expired")
    ada.close()
    assert desk.wait() == 0
