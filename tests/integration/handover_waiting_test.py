# SPDX-License-Identifier: MIT
"""Messages that wait for a person go on with their clients: the same message, in the next process."""

import signal

import pytest

from harness.client import eventually
from harness.operators import ANSWER, CONVERSATIONS, OPERATOR_CONFIG, Operator
from harness.resp import request
from harness.tls import Authority, TlsClient, client_context, tls_listener

SURVIVE = '[server]\nsurvive = "restart"\n'
FALLBACK = "ERR no operator answered; try again later"


@pytest.fixture
def desk(daemon, keeper):
    """A daemon, and `restart(config)`, after which its place is taken by the next."""
    class Desk:
        def __init__(self):
            self.process = daemon(SURVIVE + OPERATOR_CONFIG, environment=keeper.environment)

        def restart(self, config=""):
            self.process.signal(signal.SIGUSR2)
            assert self.process.wait() == 0, self.process.log
            self.process = daemon(SURVIVE + OPERATOR_CONFIG + config, **keeper.successor())

        def connect(self, *arguments, **options):
            return self.process.connect(*arguments, **options)

    return Desk()


def told(operator):
    return operator.next_push("message")


@pytest.mark.parametrize("listener, sent, expected", CONVERSATIONS)
def test_it_is_answered_in_the_next_process(desk, listener, sent, expected):
    ada = Operator(desk, "ada")
    client = desk.connect(listener).send(sent)
    _, number, peer, state, text = told(ada)
    before = ada.waiting()[0]
    for _ in range(2):
        desk.restart()
        after = ada.waiting()[0]
        assert [after[name] for name in (b"id", b"peer", b"text")] == \
            [before[name] for name in (b"id", b"peer", b"text")] == \
            [number, peer.encode(), text.encode()] and state == "open"
    assert ada.answer(number, ANSWER) == "OK"
    client.expect(expected)
    assert not ada.pushes, "nobody has come or gone, and nothing has expired"
    desk.connect().send(b"TEXT another\n")
    assert told(ada)[1] > number


def test_what_was_sent_behind_it_waits_too(desk):
    ada = Operator(desk, "ada")
    client = desk.connect().send(request("TEXT", "hi") + request("PING"))
    number = told(ada)[1]
    desk.restart()
    assert ada.answer(number, "fine") == "OK"
    client.expect(b"$4\r\nfine\r\n+PONG\r\n")


def test_who_has_sent_all_it_will_still_waits(desk):
    ada = Operator(desk, "ada")
    client = desk.connect("raw").send(b"last words").half_close()
    _, number, _, state, _ = told(ada)
    if state == "open":
        assert ada.next_push("finished") == ["finished", number]
    desk.restart()
    assert ada.answer(number, "heard") == "OK"
    assert client.read_until_eof() == b"heard"
    assert not ada.pushes


def test_it_expires_when_it_would_have(desk):
    ada = Operator(desk, "ada")
    desk.process.reload(SURVIVE + OPERATOR_CONFIG + 'operator_timeout = "2s"\n')
    desk.process.wait_for_log("configuration reloaded")
    client = desk.connect().send(b"TEXT soon\n")
    number = told(ada)[1]
    desk.restart()
    # By the next configuration it would wait for longer.
    assert ada.next_push("expired") == ["expired", number]
    assert FALLBACK.encode() in client.read_line()


def test_who_cannot_go_on_gets_the_fallback(daemon, keeper, tmp_path):
    """Over TLS."""
    authority = Authority(tmp_path / "authority")
    server = authority.issue("server", ("DNS:localhost", "IP:127.0.0.1"))
    config = SURVIVE + OPERATOR_CONFIG + tls_listener(server)
    one = daemon(config, environment=keeper.environment)
    ada = Operator(one, "ada")
    plain = one.connect().send(b"TEXT plain\n")
    told(ada)
    tls = TlsClient(one.address("tls"), client_context(authority))
    tls.send(b"TEXT secret\n")
    told(ada)
    one.signal(signal.SIGUSR2)
    assert FALLBACK.encode() in tls.read_until_eof()
    assert one.wait() == 0, one.log
    daemon(config, **keeper.successor())
    assert ada.next_push("expired") == ["expired", 2]
    assert ada.answer(1, "still here") == "OK"
    assert plain.read_line() == b"still here"


def test_a_restart_that_is_called_off_answers_all(desk, keeper):
    """Nobody goes on, so that those who were to are answered as at any stop."""
    ada = Operator(desk, "ada")
    client = desk.connect().send(b"TEXT hi\n")
    told(ada)
    keeper.most = 0
    desk.process.signal(signal.SIGUSR2)
    assert FALLBACK.encode() in client.read_until_eof()
    assert desk.process.wait() == 0


def test_hundreds_of_them(desk):
    ada = Operator(desk, "ada")
    clients = [desk.connect().send(b"TEXT %d\n" % n) for n in range(300)]
    ada.wait_for(300)
    desk.restart()
    assert len(ada.waiting()) == 300
    for message in ada.waiting():
        assert ada.answer(message[b"id"], b"to " + message[b"text"]) == "OK"
    for n, client in enumerate(clients):
        assert client.read_line() == b"to %d" % n
    eventually(lambda: desk.process.info("clients")["blocked_clients"] == "0")
