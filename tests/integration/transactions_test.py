# SPDX-License-Identifier: MIT
"""MULTI ... EXEC and CLIENT REPLY: the same conversations with a real Redis and with reactord."""

import pytest
import redis

from harness.resp import request


def words_of(line):
    return line.split(" ")


def conversation(lines):
    """All requests at once, and QUIT, so that the end of the answer is seen."""
    return b"".join(request(*words_of(line)) for line in lines) + request("QUIT")


def answers(client, lines):
    return client.send(conversation(lines)).half_close().read_until_eof()


# Each is answered by Redis and by reactord with the very same bytes.
REPLY_MODES = [
    ["CLIENT REPLY SKIP", "CLIENT REPLY ON", "PING"],
    ["CLIENT REPLY SKIP", "CLIENT REPLY OFF", "PING", "CLIENT REPLY ON", "PING"],
    ["CLIENT REPLY SKIP", "CLIENT REPLY SKIP", "PING", "PING"],
    ["CLIENT REPLY SKIP", "PING", "PING"],
    ["CLIENT REPLY SKIP", "NOSUCH", "PING"],
    ["CLIENT REPLY SKIP", "ECHO", "PING"],
    ["CLIENT REPLY SKIP", "CLIENT REPLY BAD", "PING"],
    ["CLIENT REPLY SKIP", "CLIENT REPLY", "PING"],
    ["CLIENT REPLY ON", "CLIENT REPLY ON", "CLIENT REPLY SKIP", "PING", "PING"],
    ["CLIENT REPLY OFF", "CLIENT REPLY OFF", "PING", "CLIENT REPLY ON", "PING"],
    ["CLIENT REPLY OFF", "CLIENT REPLY SKIP", "PING", "CLIENT REPLY ON", "PING"],
    ["CLIENT REPLY OFF", "CLIENT REPLY ON", "CLIENT REPLY SKIP", "PING", "PING"],
    ["CLIENT REPLY OFF", "NOSUCH", "ECHO", "CLIENT REPLY ON"],
    ["CLIENT REPLY OFF", "CLIENT REPLY BAD", "CLIENT REPLY", "CLIENT REPLY ON"],
    ["CLIENT REPLY OFF", "HELLO 3", "PING", "CLIENT REPLY ON", "CLIENT GETNAME"],
    ["CLIENT REPLY SKIP", "HELLO 3", "CLIENT GETNAME"],
    ["CLIENT REPLY OFF", "RESET", "PING"],
    ["CLIENT REPLY SKIP", "RESET", "PING"],
    ["CLIENT REPLY SKIP", "QUIT"],
    ["CLIENT REPLY OFF", "QUIT"],
    ["CLIENT REPLY OFF", "QUIT", "CLIENT REPLY ON"],
    ["CLIENT REPLY SKIP", "COMMAND DOCS ping", "PING"],  # a long reply
    ["CLIENT REPLY OFF", "COMMAND DOCS ping", "PING", "CLIENT REPLY ON", "PING"],
    ["CLIENT REPLY SKIP", "MULTI", "PING", "EXEC"],
    ["MULTI", "PING", "CLIENT REPLY ON", "EXEC", "PING"],
]

TRANSACTIONS = [
    ["MULTI", "PING", "ECHO hi", "EXEC", "EXEC"],
    ["multi", "ping", "exec"],
    ["MULTI", "EXEC"],
    ["EXEC"],
    ["DISCARD"],
    ["MULTI", "MULTI", "PING", "EXEC"],
    ["MULTI", "PING", "DISCARD", "EXEC", "PING"],
    ["MULTI", "EXEC", "MULTI", "PING", "EXEC"],
    # what cannot be queued spoils it
    ["MULTI", "NOSUCH a b", "PING", "EXEC", "PING"],
    ["MULTI", "ECHO", "EXEC", "PING"],
    ["MULTI", "ECHO", "DISCARD", "PING", "EXEC"],
    ["MULTI", "CLIENT NOSUCH", "EXEC"],
    ["MULTI", "CLIENT", "EXEC"],
    ["MULTI", "CLIENT REPLY", "EXEC"],
    ["MULTI a"],
    ["EXEC a"],
    ["MULTI", "EXEC a", "EXEC"],
    ["MULTI", "NOSUCH", "EXEC a", "EXEC"],
    ["MULTI", "DISCARD a", "EXEC"],
    ["MULTI", "MULTI a", "EXEC"],
    ["MULTI", "RESET now", "EXEC"],
    # what fails when it is run does not
    ["MULTI", "SELECT x", "PING", "EXEC"],
    ["MULTI", "AUTH bob x", "EXEC", "PING"],
    ["MULTI", "HELLO 9", "EXEC"],
    ["MULTI", "CLIENT SETNAME me", "CLIENT GETNAME", "EXEC"],
    ["MULTI", "CLIENT NOSUCH", "NOSUCH", "EXEC", "MULTI", "PING", "EXEC"],
    # there are no keys here, and none in the Redis that this is played at
    ["WATCH"],
    ["WATCH a b", "MULTI", "PING", "EXEC"],
    ["UNWATCH"],
    ["UNWATCH a"],
    ["MULTI", "WATCH a", "PING", "EXEC"],
    ["MULTI", "WATCH", "EXEC"],
    ["MULTI", "UNWATCH", "EXEC"],
    # what ends it
    ["MULTI", "PING", "QUIT", "EXEC"],
    ["MULTI", "QUIT now", "EXEC"],
    ["MULTI", "PING", "RESET", "EXEC", "PING"],
    ["MULTI", "HELLO 2 SETNAME x", "EXEC a", "CLIENT GETNAME"],
    # the version changes in the middle of the array
    ["MULTI", "CLIENT GETNAME", "HELLO 4", "PING", "EXEC"],
    # silence around it
    ["CLIENT REPLY SKIP", "MULTI", "PING", "EXEC", "PING"],
    ["MULTI", "PING", "CLIENT REPLY SKIP", "DISCARD", "PING"],
    ["CLIENT REPLY OFF", "MULTI", "PING", "EXEC", "CLIENT REPLY ON"],
]

# Where Redis leaves its own client with half an array, or with none, reactord sends all of EXEC's
# reply or nothing: the mode in which EXEC was sent counts, and the new one from then on.
WHOLE_OR_NOTHING = [
    (["MULTI", "CLIENT REPLY SKIP", "PING", "EXEC", "PING", "PING"],
     b"+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n+OK\r\n+PONG\r\n+PONG\r\n+OK\r\n"),
    (["MULTI", "CLIENT REPLY OFF", "PING", "EXEC", "PING", "CLIENT REPLY ON", "PING"],
     b"+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n+OK\r\n+PONG\r\n+OK\r\n+PONG\r\n+OK\r\n"),
    (["CLIENT REPLY OFF", "MULTI", "PING", "CLIENT REPLY ON", "EXEC", "PING"],
     b"+PONG\r\n+OK\r\n"),
]


@pytest.mark.parametrize("lines", REPLY_MODES, ids=" / ".join)
def test_reply_modes_are_those_of_redis(client, redis_client, lines):
    assert answers(client, lines) == answers(redis_client, lines)


@pytest.mark.parametrize("lines", TRANSACTIONS, ids=" / ".join)
def test_transactions_are_those_of_redis(client, redis_client, lines):
    assert answers(client, lines) == answers(redis_client, lines)


@pytest.mark.parametrize("lines, expected", WHOLE_OR_NOTHING, ids=lambda value: " / ".join(value)
                         if isinstance(value, list) else "")
def test_the_reply_of_exec_is_sent_whole_or_not_at_all(client, lines, expected):
    assert answers(client, lines) == expected


def test_a_transaction_is_cut_like_anything_else(shared):
    lines = ["MULTI", "PING", "ECHO hi", "NOSUCH", "EXEC", "MULTI", "CEIL 4.4", "EXEC"]
    whole = answers(shared.connect(), lines)
    data = conversation(lines)
    for cut in range(1, len(data), 7):
        client = shared.connect().send_pieces([data[:cut], data[cut:]])
        assert client.half_close().read_until_eof() == whole


def test_a_transaction_in_lines(client):
    client.send(b"MULTI\nCEIL 4.4\nTEXT  two  spaces\nCLIENT GETNAME\nNOSUCH\nDISCARD\n"
                b"MULTI\nCEIL 4.4\nTEXT  two  spaces\nCLIENT GETNAME\nEXEC\nQUIT\n")
    text = client.read_until_eof().decode()
    assert text.startswith("OK\nQUEUED\nQUEUED\nQUEUED\n")
    assert text.endswith("OK\nOK\nQUEUED\nQUEUED\nQUEUED\n5\n two  spaces\n(nil)\n\nOK\n")


def test_python_pipelines_are_transactions(shared):
    host, port = shared.address("main")
    with redis.Redis(host=host, port=port) as one:
        pipe = one.pipeline()
        pipe.ping()
        pipe.execute_command("CEIL", "4.40")
        pipe.execute_command("TEXT", "hello")
        pipe.client_list()
        seen = pipe.execute()
        assert seen[:3] == [True, 5, b"hello"] and seen[3][0]["cmd"] is not None
        pipe.execute_command("CEIL", "four")
        pipe.ping()
        with pytest.raises(redis.ResponseError):
            pipe.execute()
        pipe.execute_command("CEIL", "four")
        pipe.ping()
        assert isinstance(pipe.execute(raise_on_error=False)[0], redis.ResponseError)
        with one.pipeline() as watching:
            watching.watch("key")
            watching.multi()
            watching.execute_command("CEIL", "1.5")
            assert watching.execute() == [2]
        with pytest.raises(redis.ResponseError):
            one.pipeline().execute_command("NOSUCH").execute()
        assert one.ping()


def test_errors_of_all_kinds_are_counted(daemon):
    one = daemon('[[listener]]\naddress = "127.0.0.1:0"\n[server]\nmax_connections = 2\n')
    with one.connect() as first, one.connect() as second:
        refused = one.connect().read_until_eof()
        assert refused.startswith(b"-ERR max number of clients reached")
        first.send(b"*1\r\n$x\r\n").read_until_eof()
        second.request("NOSUCH")
        second.request("MULTI")
        second.request("NOSUCH")
        second.request("EXEC")
        second.request("INFO", "errorstats")
        second.request("QUIT")
        assert b"errorstat_ERR:count=4\r\nerrorstat_EXECABORT:count=1\r\n" in second.read_until_eof()
