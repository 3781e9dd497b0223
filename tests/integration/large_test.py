# SPDX-License-Identifier: MIT
"""Large requests and their echoes, to readers of every pace: the bytes, their order, the memory."""

import random
import signal
import threading
import time

import pytest

from harness.resp import request

MIB = 1 << 20
DICE = random.Random(11)


def word(count):
    """No two are alike, so that bytes from a wrong place are noticed."""
    return DICE.randbytes(count)


def bulk(text):
    return b"$%d\r\n%s\r\n" % (len(text), text)


def sending(client, data, then=lambda: None):
    """A thread that sends: the daemon takes all of it only while replies are read."""
    def send():
        client.send(data)
        then()
    thread = threading.Thread(target=send, daemon=True)
    thread.start()
    return thread


def read_slowly(client, count):
    """Steps of all sizes, pauses between some of them."""
    parts = []
    while count > 0:
        parts.append(client.read_exact(min(count, DICE.choice((1, 100, 4096, 300_000, 2_000_000)))))
        count -= len(parts[-1])
        if DICE.randrange(4) == 0:
            time.sleep(0.002)
    return b"".join(parts)


def test_slow_readers_of_pipelined_echoes(shared):
    readers = []
    for _ in range(4):
        words = [word(DICE.choice((MIB, MIB, 300_000, 20_000, 16_384, 16_383, 5)))
                 for _ in range(24)]
        client = shared.connect(receive_buffer=DICE.choice((4096, 65_536, 4 * MIB)), timeout=60)
        thread = sending(client, b"".join(request("ECHO", w) for w in words))
        readers.append((client, words, thread))
    for client, words, thread in readers:
        replies = b"".join(bulk(w) for w in words)
        assert read_slowly(client, len(replies)) == replies
        thread.join()
        client.expect_alive()


def test_medium_echoes_between_other_commands(shared):
    client = shared.connect(timeout=60)
    requests, replies = b"", b""
    for _ in range(300):
        text = word(DICE.randrange(10_000, 40_000))
        requests += request("ECHO", text) + b"PING\n" + request("NOSUCH") + request("CEIL", "4.40")
        replies += (bulk(text) + b"+PONG\r\n"  # a line, of a client that speaks RESP
                    b"-ERR unknown command 'NOSUCH', with args beginning with: \r\n:5\r\n")
    thread = sending(client, requests)
    assert read_slowly(client, len(replies)) == replies
    thread.join()


def test_a_large_echo_that_gets_no_reply(shared):
    client = shared.connect(timeout=30)
    silent, loud = word(MIB), word(MIB)
    thread = sending(client, b"".join([
        request("ECHO", loud), request("CLIENT", "REPLY", "SKIP"), request("ECHO", silent),
        request("ECHO", loud), request("CLIENT", "REPLY", "OFF"), request("ECHO", silent),
        request("ECHO", silent), request("CLIENT", "REPLY", "ON"), request("ECHO", loud)]))
    expected = bulk(loud) * 2 + b"+OK\r\n" + bulk(loud)
    assert client.read_exact(len(expected)) == expected
    thread.join()
    client.expect_alive()


@pytest.mark.parametrize("size", [20_000, MIB])
@pytest.mark.parametrize("last, reply", [
    ([request("QUIT"), request("PING")], b"+OK\r\n"),
    ([b"*1\r\n:1\r\n"], b"-ERR Protocol error: expected '$', got ':'\r\n"),
])
def test_the_end_behind_large_echoes(shared, size, last, reply):
    client = shared.connect(receive_buffer=4096, timeout=30)
    words = [word(size) for _ in range(6)]
    expected = b"".join(bulk(w) for w in words) + reply
    thread = sending(client, b"".join(request("ECHO", w) for w in words) + b"".join(last))
    assert read_slowly(client, len(expected)) == expected
    assert client.read_until_eof() == b""
    thread.join()


def test_a_client_that_kills_itself_behind_a_large_echo(shared):
    client = shared.connect("admin", timeout=30)
    number, text = client.call("CLIENT", "ID"), word(MIB)
    thread = sending(client, request("ECHO", text) + request("CLIENT", "KILL", "ID", number,
                                                            "SKIPME", "no"))
    assert client.read_until_eof() == bulk(text) + b":1\r\n"
    thread.join()


def test_a_half_close_behind_a_large_backlog(shared):
    client = shared.connect(receive_buffer=4096, timeout=60)
    words = [word(DICE.choice((MIB, 100_000, 17_000, 10))) for _ in range(30)]
    thread = sending(client, b"".join(request("ECHO", w) for w in words), then=client.half_close)
    expected = b"".join(bulk(w) for w in words)
    assert read_slowly(client, len(expected)) == expected
    assert client.read_until_eof() == b""
    thread.join()


def test_a_stop_in_the_middle_of_large_echoes(daemon):
    """What was received whole is answered; the rest is told."""
    one = daemon()
    client = one.connect(receive_buffer=4096, timeout=30)
    text = word(MIB)
    thread = sending(client, request("ECHO", text) * 3)
    assert client.read_exact(1000) == bulk(text)[:1000]
    one.signal(signal.SIGTERM)
    rest = client.read_until_eof(30)
    told = b"-ERR the server is stopping\r\n"
    whole, tail = divmod(1000 + len(rest.removesuffix(told)), len(bulk(text)))
    assert 1 <= whole <= 3 and tail == 0
    assert rest.removesuffix(told) == (bulk(text) * whole)[1000:]
    client.close()
    thread.join()
    assert one.wait() == 0


def test_resets_in_the_middle_of_large_echoes(shared):
    for _ in range(40):
        client = shared.connect(receive_buffer=DICE.choice((4096, MIB)), timeout=30)
        data = request("ECHO", word(DICE.choice((20_000, 300_000, MIB)))) * 3
        client.send(data[:DICE.randrange(len(data) // 3, len(data) // 2)])
        client.read_exact(DICE.choice((1, 10_000)))
        client.reset()
    shared.connect().expect_alive()


def test_an_unread_echo_costs_its_size(daemon):
    """Its bytes are held once: no second copy of them, and no room that nobody asked for."""
    one = daemon()
    size = 8 * MIB
    client = one.connect(receive_buffer=4096)
    client.send(request("ECHO", word(size)))
    with one.connect() as other:
        other.expect_alive()
        one_line, = [line for line in other.call("CLIENT", "LIST").decode().split("\n")
                     if f":{client.socket.getsockname()[1]} " in line]
    fields = dict(pair.split("=", 1) for pair in one_line.split(" "))
    assert 0 < int(fields["obl"]) <= int(fields["tot-mem"]) <= size + 1024
