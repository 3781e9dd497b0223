# SPDX-License-Identifier: MIT
"""What the daemon promises, at the size it is promised, against the release build."""

import contextlib
import random
import re
import signal
import socket
import threading
import time

import pytest

from harness.client import Client, eventually
from harness.daemon import DEFAULT_LISTENER
from harness.reasons import TOLD, count
from harness.resp import Error, request
from harness.tls import PLAIN, Authority, TlsClient, client_context, tls_listener

PING, PONG = request("PING"), b"+PONG\r\n"
MIB = 1 << 20


# --- Every request received is answered before the connection closes.

def test_100_000_pipelined_pings_then_sigterm(daemon):
    one = daemon()
    client = one.connect()
    client.send(PING * 100_000)
    one.signal(signal.SIGTERM)
    replies = client.read_until_eof()
    assert len(replies) // len(PONG) == 100_000 and replies == PONG * 100_000
    client.close()
    assert one.wait() == 0


def test_a_half_close_after_8_000_pings_of_1_kb(daemon):
    one = daemon()
    client = one.connect()
    body = "x" * 1024
    sender = threading.Thread(
        target=lambda: client.send(request("PING", body) * 8000).half_close())
    sender.start()
    replies = client.read_until_eof(30)
    sender.join()
    assert replies == (b"$1024\r\n" + body.encode() + b"\r\n") * 8000


def test_a_half_close_of_a_client_that_reads_only_afterwards(daemon):
    one = daemon()
    client = one.connect()
    client.send(PING * 100_000).half_close()
    time.sleep(0.1)
    assert client.read_until_eof() == PONG * 100_000


# --- The answer does not depend on how the bytes were cut.

def test_a_line_of_70_kb_whole_and_with_a_pause(shared):
    line = b"TEXT " + b"x" * 70_000 + b"\n"
    answers = []
    for cut in (0, 1, 1000, 60_000, 65_535, 65_536, 65_537, 65_541, 69_999, 70_005):
        client = shared.connect()
        client.send(line[:cut])
        time.sleep(0.02)
        try:
            client.send(line[cut:])
        except ConnectionError:
            pass
        answers.append(client.read_until_eof())
    assert set(answers) == {b"(error) ERR Protocol error: too big inline request\n"}


def test_any_cut_of_a_long_conversation_gives_the_same_bytes(shared):
    dice = random.Random(7)
    conversation = b"".join([
        PING, b"PING\n", request("CEIL", "4.40"), b"CEIL 4.40\r\n", b"\r\n", b"*0\r\n",
        request("ECHO", b"\r\n$3\r\n\0"), b'ECHO "a b"\n', request("HELLO", "3"), b"TEXT  two\n",
        request("CEIL", "1e25"), request("HELLO", "2"), request("NOSUCH"), b"CEIL x\n",
        request("ECHO", "y" * 5000), request("CLIENT", "SETNAME", "a b"), request("QUIT")])

    def play(cuts):
        client = shared.connect()
        edges = [0, *sorted(cuts), len(conversation)]
        client.send_pieces([conversation[a:b] for a, b in zip(edges, edges[1:])], pause=0.0005)
        return client.read_until_eof()

    def without_id(replies):
        return re.sub(rb"\$2\r\nid\r\n:\d+\r\n", b"", replies)

    whole = without_id(play([]))
    for _ in range(100):
        cuts = sorted(dice.randrange(1, len(conversation)) for _ in range(dice.randrange(1, 12)))
        assert without_id(play(cuts)) == whole, cuts


# --- Announcing is not allocating.

@pytest.mark.release_only
@pytest.mark.parametrize("limits, announced", [
    ("", b"*1048576\r\n$16777000\r\n"),
    ('[limits]\nmax_frame = "512MiB"\nmax_arguments = 16777216\nmax_buffer_memory = "1GiB"\n',
     b"*16777216\r\n$536870000\r\n"),
    ("", b"*2147483647\r\n$536870912\r\n"),
])
def test_1_000_announcements_of_what_never_comes(daemon, limits, announced):
    one = daemon(limits)
    with one.connect(track=False) as client:
        client.expect_alive()
    before = one.memory_bytes()
    clients = [one.connect().send(announced) for _ in range(1000)]
    one.connect().expect_alive()
    eventually(lambda: int(one.info("stats")["total_connections_received"]) >= 1000)
    grown = one.memory_bytes() - before
    assert grown < 4 * MIB, f"{grown} bytes for 1000 announcements"
    del clients


@pytest.mark.release_only
def test_memory_follows_the_bytes_received(daemon):
    one = daemon()
    before = one.memory_bytes()
    clients = [one.connect().send(b"*2\r\n$4\r\nECHO\r\n$8000000\r\n" + b"x" * 10_000)
               for _ in range(200)]
    one.connect().expect_alive()
    assert one.memory_bytes() - before < 200 * 10_000 * 3 + MIB
    for client in clients:
        client.close()
    eventually(lambda: one.memory_bytes() - before < 3 * MIB, what="the memory is given back")


# --- One request, one reply, in order.

def test_one_reply_each_whatever_fails(shared):
    requests = [("PING",), ("AUTH", "x"), ("NOSUCH", "x"), ("ECHO",), ("HELLO", "9"),
                ("CEIL", "four"), ("CLIENT", "KILL", "1.2.3.4:5"), ("CLIENT", "NOSUCH"),
                ("SELECT", "7"), ("CONFIG", "SET", "a", "b"), ("AUTH", "u", "p"),
                ("HELLO", "3", "SETNAME", "a b"), ("",), ("TEXT", "a", "b")]
    client = shared.connect()
    pipeline = b""
    for number in range(50):
        for words in requests:
            pipeline += request(*words) + request("ECHO", number)
    client.send(pipeline)
    for number in range(50):
        for words in requests:
            reply = client.reply()
            assert reply == "PONG" or isinstance(reply, Error), (words, reply)
            assert client.reply() == str(number).encode(), words
    client.expect_alive()


# --- Nobody waits for a hog.

HOGS = {
    "COMMAND DOCS": request("COMMAND", "DOCS") * 300,
    "CLIENT LIST": request("CLIENT", "LIST") * 300,
    "INFO everything": request("INFO", "everything") * 1000,
    "CEIL of a MiB": request("CEIL", "9" * MIB + ".5") * 8,
    "CONFIG GET *?": request("CONFIG", "GET", *["*a*a*a*a"] * 32) * 500,
    "ECHO of a MiB": request("ECHO", "x" * MIB) * 30,
    "a deep pipeline": PING * 1_000_000,
    "a line of words": (b"ECHO " + b"a " * 30_000 + b"\n") * 30,
}


@pytest.mark.release_only
@pytest.mark.parametrize("name", HOGS)
def test_nobody_waits_for_a_hog(daemon, name):
    """Others' requests are served between the hog's: bounded work per turn.

    Times are for tests/bench/hog_latency. This counts: who would wait for a whole hog is answered once
    or twice until it is through, however slow the machine.
    """
    one = daemon()
    crowd = [one.connect() for _ in range(500 if name == "CLIENT LIST" else 0)]
    hog, other = one.connect(timeout=60), one.connect()
    other.expect_alive()
    done = threading.Event()

    def read_all():
        hog.request_end = hog.read_until_eof(60)
        done.set()

    reader = threading.Thread(target=read_all)
    reader.start()
    sender = threading.Thread(target=lambda: hog.send(HOGS[name]).half_close())
    sender.start()
    answered = 0
    while not done.is_set():
        other.expect_alive()
        answered += 1
    reader.join()
    sender.join()
    del crowd
    assert answered >= 5


# --- Slow is not busy.

def test_a_hundred_trickling_clients_are_cut(daemon):
    one = daemon('[deadlines]\nframe = "300ms"\nfirst_request = "300ms"\n')
    clients = [one.connect() for _ in range(100)]
    alive = set(clients)
    until = time.monotonic() + 10
    while alive and time.monotonic() < until:
        for client in list(alive):
            try:
                client.send(b"x")
            except ConnectionError:
                alive.discard(client)
        one.connect(track=False).expect_alive().close()
        time.sleep(0.02)
    assert not alive
    assert count(one, "frame") + count(one, "first request") >= 100


# --- A client that never reads holds at most its high-water mark.

@pytest.mark.release_only
def test_a_client_that_never_reads(daemon):
    one = daemon()
    with one.connect(track=False) as client:
        client.expect_alive()
    before = one.memory_bytes()
    clients = [one.connect(receive_buffer=4096) for _ in range(10)]

    def push(client):
        client.socket.settimeout(2)
        try:
            for _ in range(4000):
                client.socket.sendall(request("ECHO", "x" * 16_000))
        except (TimeoutError, ConnectionError):
            pass

    threads = [threading.Thread(target=push, args=(client,)) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    listed = one.connect().call("CLIENT", "LIST").decode()
    held = [int(line.partition(" obl=")[2].split()[0]) for line in listed.splitlines()]
    assert max(held) < 1.5 * MIB, held
    assert one.memory_bytes() - before < 10 * 2.5 * MIB + 2 * MIB


# --- A close has a reason.

def test_every_close_is_counted_once_under_one_name(daemon):
    one = daemon('[log]\nlevel = "debug"\n'
                 '[deadlines]\nidle = "300ms"\nfirst_request = "300ms"\nframe = "300ms"\n' +
                 DEFAULT_LISTENER +
                 '[[listener]]\nname = "admin"\nrole = "admin"\naddress = "127.0.0.1:0"\n')
    with one.connect(track=False) as watcher:
        watcher.expect_alive()

    def closes():
        return {key: int(value) for key, value in one.info("stats").items()
                if key.startswith("event_closed_")}

    def reset():
        client = one.connect(track=False)
        client.expect_alive()
        client.reset()

    def protocol_error():
        one.connect().send(b"*x\r\n").read_until_eof()

    def foreign():
        one.connect().send(b"GET / HTTP/1.1\r\n\r\n").read_until_eof()

    def quit_():
        one.connect().request("QUIT").read_until_eof()

    def killed():
        victim, killer = one.connect(), one.connect("admin", track=False)
        killer.call("CLIENT", "KILL", "ID", victim.call("CLIENT", "ID"))
        victim.expect_eof()
        killer.close()

    def idle():
        one.connect().expect_alive().read_until_eof()

    def finished():
        one.connect().expect_alive().close()

    def first_request():
        one.connect().read_until_eof()

    def frame():
        one.connect().expect_alive().send(b"*1\r\n").read_until_eof()

    for what, act in (("reset", reset), ("protocol error", protocol_error), ("quit", quit_),
                      ("foreign protocol", foreign), ("killed", killed), ("idle", idle),
                      ("first request", first_request), ("frame", frame), ("finished", finished)):
        before, others = count(one, what), sum(closes().values())
        act()
        eventually(lambda: count(one, what) > before, what=what)
        if what != "finished":
            assert count(one, what) == before + 1, what
        one.wait_for_log(TOLD[what].log)
        assert sum(closes().values()) > others
    one.close_clients()

    def adds_up():
        fields = one.info()
        ended = sum(int(value) for key, value in fields.items() if key.startswith("event_closed_"))
        connected = int(fields["connected_clients"]) + int(fields["connected_admin_clients"])
        return ended + connected == int(fields["total_connections_received"])

    eventually(adds_up, what="every close has one reason")


def test_nobody_gets_words_that_answer_nothing(daemon):
    """Killed, idle, or at the end of the daemon: a client that is owed nothing gets only FIN."""
    one = daemon()
    clients = [one.connect() for _ in range(10)]
    for client in clients:
        client.expect_alive()
    one.signal(signal.SIGTERM)
    for client in clients:
        client.expect_eof()
        client.close()
    assert one.wait() == 0


# --- Nobody is kept out by those who never finish a handshake.

HALF_OPEN = 10_000
# What a sanitizer keeps of freed memory counts as the daemon's: the more, the more come and go meanwhile.
LITTLE_FREED_KEPT = {"ASAN_OPTIONS": "quarantine_size_mb=4:thread_local_quarantine_size_kb=64"}


@contextlib.contextmanager
def half_open(address, hellos):
    """Connects without waiting: more come than a backlog holds, as it has room. Each sends a part
    of a ClientHello."""
    sockets = []
    try:
        for _ in range(HALF_OPEN):
            sockets.append(socket.socket())
            sockets[-1].setblocking(False)
            sockets[-1].connect_ex(address)
        for number, one in enumerate(sockets):
            with contextlib.suppress(OSError):  # it waits before the backlog
                one.send(hellos[number % len(hellos)])
        yield
    finally:
        for one in sockets:
            one.close()


def test_10_000_half_open_handshakes(daemon, tmp_path, many_descriptors):
    authority = Authority(tmp_path)
    one = daemon("[server]\nmax_connections = 12_000\n" + PLAIN + tls_listener(
        authority.issue("server", ("DNS:localhost",))), environment=LITTLE_FREED_KEPT)
    plain, before = one.connect("plain"), one.memory_bytes()
    hello = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(400)
    with half_open(one.address("tls"), [b"", hello[:1], hello[:300]]):
        # Those who want no handshake do not notice, and the table is bounded.
        for _ in range(20):
            plain.send(PING * 100).expect(PONG * 100)
            assert int(one.info("clients")["arriving_clients"]) <= 1000
        assert one.memory_bytes() - before < 1000 * 64 * 1024
        # Whoever goes on gets in, behind those who came before.
        with TlsClient(one.address("tls"), client_context(authority), timeout=60) as honest:
            assert honest.call("PING") == "PONG"
    eventually(lambda: int(one.info("clients")["arriving_clients"]) == 0)
    with TlsClient(one.address("tls"), client_context(authority)) as honest:
        assert honest.call("PING") == "PONG"


# --- Long ones.

@pytest.mark.long
def test_100_000_connections_come_and_go(daemon):
    one = daemon('[log]\nlevel = "info"\n')
    with one.connect(track=False) as client:
        client.expect_alive()
    for _ in range(10):
        one.connect(track=False).close()
    before, descriptors = one.memory_bytes(), one.open_descriptors()
    for number in range(100_000):
        with Client(one.address()) as client:
            if number % 10 == 0:
                client.expect_alive()
    eventually(lambda: one.open_descriptors() <= descriptors + 1)
    assert one.memory_bytes() - before < 2 * MIB


@pytest.mark.long
def test_noise_for_half_a_minute(daemon):
    one = daemon()
    dice = random.Random(time.time_ns() % 1_000_000)
    alphabet = [b"*", b"$", b"\r\n", b"\n", b"-1", b"1", b"2", b"4", b"PING", b"ECHO", b'"', b"'",
                b"\\x", b"\0", b"\xff", b" ", b"CEIL ", b"TEXT ", b"HELLO 3\r\n", PING,
                request("ECHO", "x" * 3000), b"GET / ", b"HTTP/1.1\r\n"]
    until = time.monotonic() + 30
    while time.monotonic() < until:
        with Client(one.address()) as client:
            try:
                for _ in range(dice.randrange(1, 5)):
                    client.send(b"".join(dice.choices(alphabet, k=dice.randrange(1, 60))))
                client.half_close()
                client.read_until_eof()
            except (OSError, AssertionError) as problem:
                assert "Timeout" not in repr(problem), problem
    one.connect().expect_alive()
