# SPDX-License-Identifier: MIT
"""Idle connections: makes thousands of them, and measures what memory they take."""

import contextlib
import resource
import socket
import time

from servers import Server

PING = b"*1\r\n$4\r\nPING\r\n"
# server: (request, its reply), one of each on a connection before it idles.
GREETINGS = {"floor": (PING, PING), "memcached": (b"get x\r\n", b"END\r\n")}


def raise_descriptor_limit(connections):
    """For this process and for the servers that it starts."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    if hard != resource.RLIM_INFINITY and hard < connections + 200:
        raise SystemExit(f"{connections} connections need more than {hard} open files: raise the "
                         "hard limit (ulimit -Hn), or leave out --rows connections memory")


def greet(connection, server):
    request, reply = GREETINGS.get(server, (PING, b"+PONG\r\n"))
    connection.sendall(request)
    received = b""
    while len(received) < len(reply):
        piece = connection.recv(100)
        if not piece:
            raise SystemExit(f"{server} closed a connection: is the limit on open files too low?")
        received += piece
    assert received == reply, received


def connect(server):
    connection = socket.create_connection(("127.0.0.1", server.port), timeout=10)
    greet(connection, server.name.removesuffix("-echo"))
    return connection


def wait_until_quiet(server, seconds=5):
    """Until the server has done what closed and new connections leave behind; bounded, because
    some are never quiet."""
    before, until = server.cpu_nanoseconds(), time.monotonic() + seconds
    while time.monotonic() < until:
        time.sleep(0.05)
        now = server.cpu_nanoseconds()
        if now - before < 250_000:  # half a percent of the time
            return
        before = now


@contextlib.contextmanager
def crowd(server, connections):
    """So many idle connections, closed at the end."""
    with contextlib.ExitStack() as stack:
        for _ in range(connections):
            stack.enter_context(connect(server))
        wait_until_quiet(server)
        yield
    wait_until_quiet(server)


def settled_bytes(server, seconds):
    """The memory once it stops shrinking."""
    least, until = server.memory_bytes("Private_Dirty"), time.monotonic() + seconds
    while time.monotonic() < until:
        time.sleep(0.2)
        least = min(least, server.memory_bytes("Private_Dirty"))
    return least


def measure_memory(name, connections, settle_seconds):
    """User-space memory: at rest, and the growth of Private_Dirty by each idle connection.

    Redis gives idle clients' buffers back after a while, for which it has `settle_seconds`."""
    with Server(name) as server:
        rest = {"resident": server.memory_bytes("Rss"),
                "private": server.memory_bytes("Private_Dirty")}
        for _ in range(100):  # to warm up: what is allocated once is not a connection's
            connect(server).close()
        before = settled_bytes(server, settle_seconds / 4)
        with crowd(server, connections):
            at_once = server.memory_bytes("Private_Dirty")
            after = settled_bytes(server, settle_seconds)
    return {**rest, "connections": connections, "each": (after - before) / connections,
            "each_at_once": (at_once - before) / connections}
