# SPDX-License-Identifier: MIT
"""Every limit: what happens at it, the counter that tells of it, and the log line."""

import resource
import socket
import time

import pytest

from harness.client import Client, eventually
from harness.daemon import SANITIZED
from harness.reasons import TOLD, assert_told, count
from harness.resp import request

MIB = 1 << 20
FULL = b"-ERR max number of clients reached\r\n"


# --- connections

def test_three_clients_and_the_fourth_is_refused(daemon):
    one = daemon('[server]\nmax_connections = 3\nwhen_full = "refuse"\n')
    three = [one.connect() for _ in range(3)]
    for client in three:
        client.expect_alive()
    fourth = one.connect()
    assert fourth.read_until_eof() == FULL
    for client in three:
        client.expect_alive()
    three[0].close()

    def admitted():
        client = one.connect(track=False)
        try:
            return client.request("PING").read_exact(7) == b"+PONG\r\n"
        except (AssertionError, OSError):
            return False
        finally:
            client.close()

    eventually(admitted, what="a place that was freed is given away")
    three[1].close()
    eventually(lambda: count(one, "refused, full") >= 1)
    one.wait_for_log(TOLD["refused, full"].log)


def test_a_refused_client_that_sent_something_still_reads_why(daemon):
    one = daemon('[server]\nmax_connections = 1\n')
    one.connect().expect_alive()
    for _ in range(50):
        refused = one.connect()
        try:
            refused.send(request("PING") * 10)
        except ConnectionError:
            pass
        assert refused.read_exact(len(FULL)) == FULL


def test_three_clients_and_the_fourth_waits(daemon):
    one = daemon('[server]\nmax_connections = 3\nwhen_full = "wait"\n')
    three = [one.connect() for _ in range(3)]
    for client in three:
        client.expect_alive()
    fourth = one.connect().request("ECHO", "fourth").expect_silence(0.2)
    for client in three:
        client.expect_alive()
    three[0].close()
    assert fourth.reply() == b"fourth"
    assert count_without_place(one, three[1:]) == 0


def count_without_place(one, places):
    """Frees a place first: INFO itself needs a connection."""
    places[0].close()
    return count(one, "refused, full")


def test_waiting_clients_come_in_as_others_leave(daemon):
    one = daemon('[server]\nmax_connections = 2\nwhen_full = "wait"\n')
    for number, client in enumerate([one.connect() for _ in range(20)]):
        assert client.call("ECHO", number) == str(number).encode()
        client.close()


def test_a_full_daemon_does_not_spin(daemon):
    for mode in ("refuse", "wait"):
        one = daemon(f'[server]\nmax_connections = 1\nwhen_full = "{mode}"\n')
        one.connect().expect_alive()
        waiting = [one.connect() for _ in range(5)]
        before = one.cpu_seconds()
        time.sleep(0.5)
        assert one.cpu_seconds() - before < 0.2, mode
        del waiting


def test_the_limit_per_address(daemon):
    one = daemon('[server]\nmax_connections_per_address = 2\n')
    two = [one.connect() for _ in range(2)]
    for client in two:
        client.expect_alive()
    assert one.connect().read_until_eof().startswith(b"-ERR ")
    # Another address has its own count.
    other = socket.socket()
    other.bind(("127.0.0.2", 0))
    other.settimeout(5)
    other.connect(one.address())
    other.sendall(b"PING\n")
    assert other.recv(100) == b"PONG\n"
    other.close()
    two[0].close()
    eventually(lambda: _admitted(one), what="the place is free again")
    two[1].close()
    eventually(lambda: count(one, "refused, address") >= 1)
    one.wait_for_log(TOLD["refused, address"].log)


def _admitted(one):
    try:
        with one.connect(track=False) as client:
            return client.call("PING") == "PONG"
    except (AssertionError, OSError):
        return False


def test_allow_lists(daemon):
    one = daemon("""
[[listener]]
name = "here"
address = "127.0.0.1:0"
allow = ["127.0.0.1"]

[[listener]]
name = "elsewhere"
address = "127.0.0.1:0"
allow = ["10.0.0.0/8", "2001:db8::/32"]

[[listener]]
name = "second"
address = "127.0.0.1:0"
allow = ["127.0.0.2/31"]
""")
    one.connect("here").expect_alive()
    with pytest.raises((AssertionError, OSError)):
        one.connect("elsewhere").expect_alive()
    with pytest.raises((AssertionError, OSError)):
        one.connect("second").expect_alive()
    assert_told(one, "refused, not allowed", 2)


def test_an_allow_list_of_ipv6(daemon):
    one = daemon('[[listener]]\nname = "main"\naddress = "[::1]:0"\nallow = ["::1/128"]\n')
    one.connect().expect_alive()


# --- frames

def test_the_frame_limit(daemon):
    one = daemon('[limits]\nmax_frame = "128KiB"\n')
    client = one.connect()
    body = "x" * 131_000
    assert client.call("ECHO", body) == body.encode()
    client.send(b"*2\r\n$4\r\nECHO\r\n$131072\r\n")
    assert client.read_until_eof() == (
        b"-ERR Protocol error: invalid bulk length, the frame would exceed max_frame "
        b"(131072 bytes)\r\n")
    assert_told(one, "protocol error")


def test_a_frame_of_many_small_bulks_is_bounded_too(daemon):
    one = daemon('[limits]\nmax_frame = "128KiB"\n')
    client = one.connect()
    try:
        client.send(b"*1000000\r\n" + b"$1\r\nx\r\n" * 100_000)
    except ConnectionError:
        pass
    assert b"max_frame" in client.read_until_eof()


def test_the_argument_limit(daemon):
    one = daemon("[limits]\nmax_arguments = 100\n")
    client = one.connect()
    client.send(b"ECHO" + b" x" * 100 + b"\n")
    client.expect(b"(error) ERR Protocol error: too many arguments in one line\n").expect_alive()
    assert client.call("ECHO", *["x"] * 99).startswith("ERR wrong number")
    client.send(b"*101\r\n")
    assert b"max_arguments (100)" in client.read_until_eof()


def test_the_inline_limit(daemon):
    one = daemon('[limits]\nmax_inline = "1KiB"\n')
    client = one.connect()
    client.send(b"TEXT " + b"x" * 1019 + b"\n").expect(b"x" * 1019 + b"\n")
    client.send(b"TEXT " + b"x" * 1020 + b"\n")
    assert client.read_until_eof() == b"(error) ERR Protocol error: too big inline request\n"


def test_the_digits_of_ceil(client):
    within = client.call("CEIL", "1e100")
    assert within == b"1" + b"0" * 100
    assert client.call("CEIL", "1e100000000").startswith("ERR ")
    client.expect_alive()


# --- output

def test_a_reader_that_does_not_read_is_not_read(daemon):
    """At the high-water mark the daemon reads no further."""
    one = daemon('[limits]\noutput_high_water = "64KiB"\n')
    client = one.connect(receive_buffer=4096)
    client.socket.settimeout(2)
    sent = 0
    big = request("ECHO", "x" * 8000)
    try:
        while sent < 64 * MIB:
            client.socket.sendall(big)
            sent += len(big)
        raise AssertionError("the daemon took 64 MiB without a reader")
    except TimeoutError:
        pass
    watcher = one.connect()
    unsent = field(one_line(one, client), "obl")
    assert 0 < unsent < 64 * 1024 + 2 * 8100
    watcher.expect_alive()


def test_back_pressure_loses_nothing(daemon):
    one = daemon('[limits]\noutput_high_water = "64KiB"\n')
    client = one.connect(receive_buffer=4096)
    import threading
    pipeline = b"".join(request("ECHO", f"{n:08d}" * 100) for n in range(5000))
    sender = threading.Thread(target=client.send, args=(pipeline,))
    sender.start()
    time.sleep(0.2)
    for n in range(5000):
        assert client.reply() == f"{n:08d}".encode() * 100
    sender.join(10)


def test_one_long_reply_may_exceed_the_mark_by_itself(daemon):
    one = daemon('[limits]\noutput_high_water = "64KiB"\n')
    body = b"x" * MIB
    assert one.connect().call("ECHO", body) == body


# --- memory

def test_the_largest_holder_is_closed_at_the_memory_limit(daemon):
    """Incomplete frames fill the memory; who holds most goes, and the others stay."""
    one = daemon('[limits]\nmax_buffer_memory = "8MiB"\nmax_frame = "4MiB"\n')
    largest = one.connect()
    send_beginning(one, largest, 3_500_000, 4_000_000)
    others = []  # whose buffers, less than twice a frame, stay below the largest's
    while count(one, "buffer memory") == 0:
        assert len(others) < 8, "the memory is full, and nobody was closed"
        others.append(one.connect())
        send_beginning(one, others[-1], 1_200_000, 1_500_000)
    rest = largest.read_until_eof()
    assert rest.startswith(b"-ERR ") and rest.count(b"\r\n") == 1, "part of a request is unanswered"
    assert_told(one, "buffer memory")
    assert all(field(one_line(one, other), "qbuf") > 1_200_000 for other in others)
    for other in others[1:]:  # a whole request and its reply need the room of several halves
        other.close()
    others[0].send(b"x" * 300_000 + b"\r\n")
    assert others[0].reply() == b"x" * 1_500_000


def send_beginning(one, client, some, of_bytes):
    """The first bytes of an ECHO; all of them have come."""
    client.send(b"*2\r\n$4\r\nECHO\r\n$%d\r\n" % of_bytes + b"x" * some)
    eventually(lambda: field(one_line(one, client), "qbuf") > some, what="all of it has come")


def field(line, name):
    """A number from a line of CLIENT LIST."""
    return int(line.partition(f" {name}=")[2].split()[0])


def one_line(one, client):
    """The client's line of CLIENT LIST."""
    host, port = client.socket.getsockname()
    with one.connect(track=False) as watcher:
        lines = watcher.call("CLIENT", "LIST").decode().splitlines()
    return next(line for line in lines if f" addr={host}:{port} " in line)


def test_many_small_holders_are_bounded_together(daemon):
    one = daemon('[limits]\nmax_buffer_memory = "8MiB"\nmax_frame = "1MiB"\n')
    before = one.memory_bytes()
    clients = [one.connect() for _ in range(100)]
    for client in clients:
        try:
            client.send(b"*2\r\n$4\r\nECHO\r\n$1000000\r\n" + b"x" * 400_000)
        except ConnectionError:
            pass
    one.connect().expect_alive()
    eventually(lambda: count(one, "buffer memory") >= 50)
    assert SANITIZED or one.memory_bytes() - before < 24 * MIB


# --- descriptors

@pytest.mark.release_only
def test_memory_that_is_not_needed_any_more_goes_back(daemon):
    """Large holders leave, and small ones between them stay: malloc alone would keep all of it."""
    one = daemon()
    before = one.memory_bytes()
    large, small = [], []
    for _ in range(400):
        large.append(one.connect())
        send_beginning(one, large[-1], 45_000, 50_000)
        small.append(one.connect())
        send_beginning(one, small[-1], 100, 200)
    assert one.memory_bytes() - before > 16 * MIB
    for client in large:
        client.close()
    eventually(lambda: one.memory_bytes() - before < 4 * MIB, 30, what="memory is given back")
    for client in small:
        client.send(b"x" * 100 + b"\r\n").expect(b"$200\r\n" + b"x" * 200 + b"\r\n")


def test_descriptors_run_out(daemon):
    """RLIMIT_NOFILE of 64: max_connections is lowered with a log line, and nothing spins."""
    one = daemon("", prefix=("prlimit", "--nofile=64:64"))
    one.wait_for_log(r"max_connections")
    clients = [one.connect() for _ in range(100)]
    refused = 0
    for client in clients:
        try:
            client.request("ECHO", "still here").expect(b"$10\r\nstill here\r\n")
        except (AssertionError, OSError):
            refused += 1
    assert 20 <= 100 - refused <= 64, f"{100 - refused} served"
    before = one.cpu_seconds()
    time.sleep(0.5)
    assert one.cpu_seconds() - before < 0.2, "a full table spins"
    for client in clients:
        client.close()
    eventually(lambda: _admitted(one), what="served again once there is room")


def test_the_table_of_descriptors_does_not_grow_while_it_serves(daemon):
    """Each time would hold the loop for a grace period of the kernel (FDSize of proc(5))."""
    def table_of(one):
        with open(f"/proc/{one.pid}/status", encoding="ascii") as status:
            return next(int(line.split()[1]) for line in status if line.startswith("FDSize:"))

    assert table_of(daemon("[server]\nmax_connections = 3000\n")) >= 3000
    assert table_of(daemon("", prefix=("prlimit", "--nofile=64:64"))) < 3000


def test_the_system_runs_out_of_descriptors(daemon):
    """accept fails with EMFILE: the listener pauses, counted and logged, and never spins."""
    one = daemon()
    client = one.connect()
    client.expect_alive()
    limits = resource.prlimit(one.pid, resource.RLIMIT_NOFILE)
    resource.prlimit(one.pid, resource.RLIMIT_NOFILE, (one.open_descriptors(), limits[1]))
    waiting = one.connect().request("ECHO", "waited")
    one.wait_for_log(TOLD["accept paused"].log)
    before = one.cpu_seconds()
    waiting.expect_silence(0.5)
    assert one.cpu_seconds() - before < 0.1, "it spins"
    client.expect_alive()
    resource.prlimit(one.pid, resource.RLIMIT_NOFILE, limits)
    assert waiting.reply() == b"waited"
    assert 1 <= count(one, "accept paused") < 50


def test_a_raised_limit_is_used(daemon):
    one = daemon("[server]\nmax_connections = 300\n", prefix=("prlimit", "--nofile=64:4096"))
    clients = [one.connect() for _ in range(200)]
    for client in clients:
        client.expect_alive()


# --- one turn's work

def test_a_deep_pipeline_delays_nobody(daemon):
    """While one connection's 200,000 requests are served, others get their turn."""
    one = daemon()
    hog, other = one.connect(), one.connect()
    other.expect_alive()
    import threading
    drained = threading.Thread(target=lambda: hog.read_exact(200_000 * 7))
    drained.start()
    sender = threading.Thread(target=hog.send, args=(request("PING") * 200_000,))
    sender.start()
    served = 0
    while drained.is_alive() and served < 1000:
        other.expect_alive()
        served += 1
    drained.join(20)
    sender.join(20)
    assert served > 3


def test_a_burst_of_connections_delays_nobody(daemon):
    one = daemon()
    client = one.connect()
    burst = [Client(one.address()) for _ in range(1000)]
    client.expect_alive()
    for late in burst:
        late.expect_alive()
        late.close()
