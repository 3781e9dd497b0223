# SPDX-License-Identifier: MIT
"""What a daemon is led through while something fails: who comes to it, and what may become of them.

A client has its replies, exact and in order, or sees its connection end, or is not let in. Nobody waits for ever,
and nobody gets bytes that are not his. An honest one, who comes after the fault, is served at every listener.
"""

import collections
import contextlib
import http.client
import re
import signal
import ssl
import time

from harness.admin import admin_listener
from harness.client import eventually
from harness.net import free_port
from harness.resp import request
from harness.scripted import ScriptedServer, echo
from harness.tls import Authority, TlsClient, client_context, tls_listener

SECONDS = 8.0  # one that waits longer has been forgotten

LARGE = b"x" * 3_000_000
CONVERSATIONS = (
    (b"PING\nCEIL 4.40\nTEXT hi\n", b"PONG\n5\n"),
    (request("PING") + request("CEIL", "-0.5"), b"+PONG\r\n:0\r\n"),
    (request("HELLO", "3") + request("PING"), b"%7\r\n"),
    (request("MULTI") + request("ECHO", "a") + request("EXEC"), b"+OK\r\n+QUEUED\r\n*1\r\n$1\r\na\r\n"),
)


class World:
    """What all daemons of a sweep share: certificates, and a server to relay to."""

    def __init__(self, directory):
        self.authority = Authority(directory / "authority")
        self.pair = self.authority.issue("server", ("DNS:localhost",))
        self.context = client_context(self.authority)
        self.backend = ScriptedServer(echo)
        self.asks_backend = True
        self.ended = collections.Counter()  # by daemon: clients who have not had all that they asked for

    def config(self, directory, is_fixed=False):
        """A listener of each kind, so that one scenario meets all of the daemon's rooms; or at ports that another
        process can have, too."""
        text = f"""
[deadlines]
handshake = "3s"
[[relay]]
commands = ["GET"]
backends = ["127.0.0.1:{self.backend.port}"]
[[listener]]
name = "main"
address = "127.0.0.1:0"
[[listener]]
name = "local"
address = "unix:{directory}/local"
[[listener]]
name = "web"
role = "http"
address = "127.0.0.1:0"
""" + admin_listener(directory / "admin", 'mode = "0666"\n') + "\n" + tls_listener(self.pair)
        return re.sub("127.0.0.1:0", lambda _: f"127.0.0.1:{free_port()}", text) if is_fixed else text

    def connect(self, one, listener):
        if listener == "tls":
            return TlsClient(one.address("tls"), self.context, timeout=SECONDS)
        return one.connect(listener, track=False, timeout=SECONDS)

    @contextlib.contextmanager
    def may_end(self, one):
        """What a fault may cost: this one's connection. Not: a wait without end, or wrong bytes."""
        try:
            yield
        except (ConnectionError, EndedEarly, http.client.HTTPException, ssl.SSLError):
            self.ended[one.pid] += 1

    def close(self):
        self.backend.close()


class EndedEarly(Exception):
    """The daemon has closed, perhaps with a reason."""


def _ended():
    raise EndedEarly


def exchange(client, sent, begins):
    """Sends, and reads what must come, or sees the end. An error in its place is an answer, too."""
    client.send(sent)
    got = b""
    while len(got) < len(begins):
        chunk = client.socket.recv(1 << 18)
        if not chunk:
            raise EndedEarly(got)
        got += chunk
    if not got.startswith((begins, b"-")) and b"ERR" not in got:
        raise AssertionError(f"{got[:200]!r} instead of {begins[:200]!r}")
    return got


def talk(world, one, listener):
    for sent, begins in CONVERSATIONS:
        with world.may_end(one), world.connect(one, listener) as client:
            exchange(client, sent, begins)


def echo_of_a_large_one(world, one, listener):
    with world.may_end(one), world.connect(one, listener) as client:
        client.send(request("ECHO", LARGE)[:1_000_000])
        exchange(client, request("ECHO", LARGE)[1_000_000:], b"$3000000\r\n" + LARGE)


def ask_web(world, one, path):
    with world.may_end(one), contextlib.closing(
            http.client.HTTPConnection(*one.address("web"), timeout=SECONDS)) as connection:
        connection.request("GET", path)
        answer = connection.getresponse()
        assert answer.status in (200, 503), answer.status
        answer.read()


def administer(world, one):
    with world.may_end(one), world.connect(one, "admin") as client:
        for words in (("INFO",), ("CLIENT", "LIST"), ("CONFIG", "GET", "*"), ("COMMAND", "DOCS")):
            client.request(*words)
            if not client.socket.recv(1 << 20):
                raise EndedEarly


def leave_badly(world, one):
    with world.may_end(one), world.connect(one, "main") as client:
        client.send(b"PING\n*1\r\n$4\r\n").reset()
    with world.may_end(one), world.connect(one, "main") as client:
        client.send(request("PING") * 50).half_close()
        while client.socket.recv(1 << 18):
            pass
    with world.may_end(one), world.connect(one, "local") as client:
        client.send(b"*x\r\n")
        while client.socket.recv(1 << 18):
            pass


def relayed(world, one):
    with world.may_end(one), world.connect(one, "main") as client:
        exchange(client, request("GET", "key"), b"$3\r\nkey\r\n")


def serve_all(world, one):
    """Everybody comes once."""
    for listener in ("main", "local", "tls"):
        talk(world, one, listener)
        echo_of_a_large_one(world, one, listener)
    leave_badly(world, one)
    relayed(world, one)
    for path in ("/healthz", "/metrics", "/"):
        ask_web(world, one, path)
    administer(world, one)


def counted(world, one, *events):
    """How often one of these was told, to a log that may be gone. The asker is cut off by the fault now and then."""
    def ask():
        with contextlib.suppress(ConnectionError, EndedEarly), world.connect(one, "admin") as client:
            text = exchange(client, request("INFO", "stats"), b"$")
            while not text.endswith(b"\r\n") or len(text) < int(text[1:text.index(b"\r\n")]):
                text += client.socket.recv(1 << 18) or _ended()
            return {name: int(value) for name, value in re.findall(r"^event_(\w+):(\d+)", text.decode(), re.M)}

    found = eventually(ask, SECONDS, what="a reply to INFO")
    return sum(found[event] for event in events)


def a_moment(world, one):
    """For what fails again and again, so that nobody may be let in: some come, and are not waited for."""
    clients = []
    for listener in ("main", "local", "main"):
        with world.may_end(one):
            clients.append(one.connect(listener, track=False, timeout=SECONDS).send(b"PING\n"))
    time.sleep(0.3)
    for client in clients:
        client.close()


def dump(world, one):
    """To a file, by the thread that helps; it is told either way."""
    told = counted(world, one, "dump_written", "dump_failed")
    one.signal(signal.SIGUSR1)
    eventually(lambda: counted(world, one, "dump_written", "dump_failed") > told, SECONDS, what="the dump is told of")


def reload(world, one):
    """One listener comes, another goes; applied as a whole, or not at all, and told either way."""
    told = counted(world, one, "reloaded", "reload_failed")
    has_it = 'name = "new"' in one.config_path.read_text()
    text = world.config(one.directory)
    one.reload(text if has_it else text + '\n[[listener]]\nname = "new"\naddress = "127.0.0.1:0"\n')
    eventually(lambda: counted(world, one, "reloaded", "reload_failed") > told, SECONDS, what="the reload is told of")


def assert_served_soon(world, one, tries=6):
    """Where single faults may still be to come, of threads that had nothing to do so far."""
    for left in reversed(range(tries)):
        try:
            return assert_served(world, one)
        except (AssertionError, OSError, http.client.HTTPException):
            if not left or not one.running:
                raise


def assert_served(world, one):
    """Who comes now has what he asks for, at each listener, at the first try but for a pause of a listener."""
    for listener in ("main", "local", "tls"):
        with world.connect(one, listener) as client:
            client.request("ECHO", "honest").expect(b"$6\r\nhonest\r\n")
    with contextlib.closing(http.client.HTTPConnection(*one.address("web"), timeout=SECONDS)) as connection:
        connection.request("GET", "/healthz")
        assert connection.getresponse().read() == b"ok\n"
    with world.connect(one, "admin") as client:
        assert client.call("PING") == "PONG"
    if not world.asks_backend:
        return
    with world.connect(one, "main") as client:
        assert eventually(lambda: client.call("GET", "key") == b"key", SECONDS, what="the backend is reached again")
