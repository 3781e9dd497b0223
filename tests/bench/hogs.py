# SPDX-License-Identifier: MIT
"""What costs a server much: done by a client, by an operator, by an administrator.

Each is a Hog: what it needs in the configuration, how it prepares, and what it does, from threads of
its own, until `over` is set. Nothing here measures.
"""

import contextlib
import dataclasses
import os
import pathlib
import re
import resource
import selectors
import signal
import socket
import threading
import time
from typing import Callable

from servers import MOST_CONNECTIONS, Server

KIB, MIB = 1 << 10, 1 << 20
PING, PONG = b"*1\r\n$4\r\nPING\r\n", b"+PONG\r\n"
CROWD = 1000
HELLO = b"*2\r\n$5\r\nHELLO\r\n$1\r\n3\r\n"


def request(*words):
    raw = [word if isinstance(word, bytes) else str(word).encode() for word in words]
    return b"*%d\r\n" % len(raw) + b"".join(b"$%d\r\n%s\r\n" % (len(w), w) for w in raw)


def many():
    """As many connections as this process and the server may have, up to 10,000."""
    return min(10_000, resource.getrlimit(resource.RLIMIT_NOFILE)[0] - 200)


# The hogs are many threads: on the server's own processor each wake-up would count as its turn.
_CPUS = sorted(os.sched_getaffinity(0))
SERVER_CPUS, HOG_CPUS = ({_CPUS[-1]}, set(_CPUS[:-1])) if len(_CPUS) > 1 else (set(_CPUS), set(_CPUS))


class HoggedServer(Server):
    """A server with an admin socket, perhaps one for HTTP, and what a hog wants in its configuration."""

    def __init__(self, name, settings="", web=False):
        super().__init__(name, cpus=SERVER_CPUS)
        self.admin_socket = pathlib.Path(self.directory.name) / "admin.sock"
        self.web_socket = pathlib.Path(self.directory.name) / "web.sock"
        self.settings = settings
        self.web = web

    def configuration(self):
        text = super().configuration().replace('"warning"', '"info"') + (
            f'\n[[listener]]\nname = "admin"\nrole = "admin"\naddress = "unix:{self.admin_socket}"\n')
        if self.web:
            text += f'[[listener]]\nname = "web"\nrole = "http"\naddress = "unix:{self.web_socket}"\n'
        for table, lines in sections(self.settings):
            text = text.replace(f"[{table}]\n", f"[{table}]\n{lines}", 1) if f"[{table}]\n" in text \
                else f"[{table}]\n{lines}\n" + text
        return text

    def rewrite(self, settings):
        self.settings = settings
        path = pathlib.Path(self.directory.name) / "reactord.toml"
        path.write_text(self.configuration())

    def connect(self):
        connection = socket.create_connection(("127.0.0.1", self.port), timeout=60)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection

    def connect_admin(self):
        return self._connect_unix(self.admin_socket)

    def connect_web(self):
        return self._connect_unix(self.web_socket)

    @staticmethod
    def _connect_unix(path):
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(60)
        connection.connect(str(path))
        return connection

    def output(self):
        return (pathlib.Path(self.directory.name) / "output").read_text(errors="replace")


def sections(settings):
    """("limits", "max_frame = 1\\n") of each table of a piece of TOML."""
    parts = re.split(r"^\[(.+)\]\n", settings, flags=re.M)
    return list(zip(parts[1::2], parts[2::2]))


@dataclasses.dataclass
class Hog:
    name: str
    who: str
    act: Callable  # (server, over, stack): starts its threads and returns, or does its work
    settings: str = ""
    crowd: int = 0
    redis: bool = False
    ends_server: bool = False
    web: bool = False


# --- how a client hogs


def pump(connections, pipeline, over):
    """Sends the pipeline on all of them, again and again, and reads whatever comes."""
    selector = selectors.DefaultSelector()
    sent = {}
    for one in connections:
        one.setblocking(False)
        sent[one] = 0
        selector.register(one, selectors.EVENT_READ | selectors.EVENT_WRITE)
    view = memoryview(pipeline)
    while not over.is_set() and selector.get_map():
        for key, events in selector.select(0.1):
            one = key.fileobj
            try:
                if events & selectors.EVENT_READ and not one.recv(4 * MIB):
                    selector.unregister(one)
                    continue
                if events & selectors.EVENT_WRITE:
                    sent[one] = (sent[one] + one.send(view[sent[one]:])) % len(pipeline)
            except BlockingIOError:
                pass
            except OSError:
                selector.unregister(one)


def in_thread(over, stack, work, *arguments):
    thread = threading.Thread(target=work, args=arguments, daemon=True)
    thread.start()
    stack.callback(thread.join, 30)
    stack.callback(over.set)


def pipelines(pipeline, connections=1, admin=False):
    def act(server, over, stack):
        open_one = server.connect_admin if admin else server.connect
        opened = [stack.enter_context(open_one()) for _ in range(connections)]
        in_thread(over, stack, pump, opened, pipeline, over)
    return act


def crowd_of(server, stack, size, first=PING):
    """Connections that have sent something, a hundred at a time so that the backlog holds them."""
    crowd = []
    for _ in range(size):
        crowd.append(stack.enter_context(server.connect()))
        if first:
            crowd[-1].sendall(first)
        if first == PING and len(crowd) % 100 == 0:
            for one in crowd[-100:]:
                one.recv(100)
    return crowd


def come_and_go(server, over, stack):
    def work():
        while not over.is_set():
            with contextlib.ExitStack() as some:
                crowd_of(server, some, many() // 4)
    in_thread(over, stack, work)


def all_expire(server, over, stack):
    """None of them sends a request: deadlines.first_request ends all within a moment."""
    crowd_of(server, stack, many(), b"")


def half_frames(server, over, stack):
    crowd_of(server, stack, many(), b"*2\r\n$4\r\nECHO\r\n$100000\r\n" + b"x" * 4000)
    admin_does(lambda _: (server.rewrite('[limits]\nmax_buffer_memory = "64KiB"\n'),
                          os.kill(server.process.pid, signal.SIGHUP)), 1)(server, over, stack)


def slow_readers(server, over, stack):
    """256 MiB of replies that nobody reads; then they go, and the memory is returned."""
    with contextlib.ExitStack() as readers:
        for _ in range(240):
            one = readers.enter_context(server.connect())
            one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            one.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                one.send(request("ECHO", "x" * (900 * KIB)) * 5)
        time.sleep(1)
    time.sleep(11)  # two windows of heap_trimmer.h


# --- how those hog who watch

SCRAPE = b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n"


def scrapers(server, over, stack):
    """Each asks for the metrics without a pause."""
    opened = [stack.enter_context(server.connect_web()) for _ in range(100)]
    in_thread(over, stack, pump, opened, SCRAPE, over)


def slow_watchers(server, over, stack):
    """They read a little, now and then, of what two hogs have run."""
    opened = [stack.enter_context(server.connect_admin()) for _ in range(50)]
    for one in opened:
        one.sendall(request("MONITOR"))

    def read_slowly():
        while not over.wait(0.01):
            for one in opened:
                with contextlib.suppress(BlockingIOError):
                    one.recv(1000, socket.MSG_DONTWAIT)
    in_thread(over, stack, read_slowly)
    pipelines(PING * 1000, 2)(server, over, stack)


# --- how an operator hogs


def desk(server, over, stack, messages=10_000):
    operator = stack.enter_context(server.connect_admin())
    operator.sendall(HELLO + request("OPERATOR", "JOIN", "ann"))
    in_thread(over, stack, pump, [operator], PING, over)
    time.sleep(0.2)
    crowd_of(server, stack, min(messages, many() - 50), request("TEXT", "m" * 900))
    time.sleep(1)


def operator_list(server, over, stack):
    desk(server, over, stack)
    pipelines(request("OPERATOR", "LIST"), admin=True)(server, over, stack)


def desk_then_end(server, over, stack):
    desk(server, over, stack)
    server.process.send_signal(signal.SIGTERM)


# --- how an administrator hogs


def admin_does(do, every):
    def act(server, over, stack):
        def work():
            while not over.is_set():
                do(server)
                over.wait(every)
        in_thread(over, stack, work)
    return act


def hang_up(server):
    with contextlib.suppress(OSError):
        os.kill(server.process.pid, signal.SIGHUP)


def kill_all(server, over, stack):
    crowd_of(server, stack, many())
    admin = stack.enter_context(server.connect_admin())
    admin.sendall(request("CLIENT", "KILL", "TYPE", "normal", "MAXAGE", "1"))


def dump_all(server, over, stack):
    crowd_of(server, stack, many())
    pipelines(request("DEBUG", "DUMP") * 20, admin=True)(server, over, stack)


def terminate(server, over, stack):
    crowd_of(server, stack, many())
    server.process.send_signal(signal.SIGTERM)


def change_back_and_forth(first, second):
    """Reloads that touch every connection."""
    def act(server, over, stack):
        crowd_of(server, stack, many())
        state = [first, second]

        def change(one):
            state.reverse()
            one.rewrite(state[0])
            hang_up(one)
        admin_does(change, 0.3)(server, over, stack)
    return act


def allow_list(entries):
    blocks = ", ".join(f'"10.{n >> 8 & 255}.{n & 255}.0/24"' for n in range(entries))
    return f'[[listener]]\nallow = ["127.0.0.0/8", {blocks}]\n'


DOCS_OF_256 = request("COMMAND", "DOCS", *["client"] * 256)
STARS = request("CONFIG", "GET", *["*a*a*a*a"] * 32)
FOUR_TIMES = '[handlers.text]\nreply = "{message}{message}{message}{message}"\n'
PERSON = '[handlers.text]\nmode = "operator"\noperator_max_waiting = 10000\n'

HOGS = [
    Hog("nothing", "", lambda *_: None, redis=True),
    Hog("PING pipelined", "client", pipelines(PING * 10_000), redis=True),
    Hog("PING pipelined, 50 connections", "client", pipelines(PING * 1000, 50), redis=True),
    Hog("empty lines, 50 connections", "client", pipelines(b"\n" * 100_000, 50)),
    Hog("*-1, 50 connections", "client", pipelines(b"*-1\r\n" * 20_000, 50)),
    Hog("ECHO of 1 MiB", "client", pipelines(request("ECHO", "x" * MIB)), redis=True),
    Hog("ECHO of 16 MiB", "client", pipelines(request("ECHO", "x" * (16 * MIB - 100)))),
    Hog("TEXT of 200 KiB, four times in the template", "client",
        pipelines(request("TEXT", "x" * (200 * KIB))), FOUR_TIMES),
    Hog("CEIL of 1 MiB", "client", pipelines(request("CEIL", "0." + "0" * MIB + "1"))),
    Hog("a line of 30,000 words", "client", pipelines(b"ECHO " + b"a " * 30_000 + b"\n")),
    Hog("INFO everything, 10 connections", "client", pipelines(request("INFO", "everything") * 50, 10),
        redis=True),
    Hog("HELP, 10 connections", "client", pipelines(request("HELP") * 50, 10)),
    Hog("COMMAND DOCS, 10 connections", "client", pipelines(request("COMMAND", "DOCS") * 50, 10),
        redis=True),
    Hog("COMMAND DOCS of 256 names, 400 connections", "client", pipelines(DOCS_OF_256, 400)),
    Hog("COMMAND LIST FILTERBY, 10 connections", "client",
        pipelines(request("COMMAND", "LIST", "FILTERBY", "PATTERN", "*a*a*a*") * 100, 10)),
    Hog("CLIENT LIST", "client", pipelines(request("CLIENT", "LIST") * 20), crowd=CROWD, redis=True),
    Hog("CLIENT LIST of 1,000 who have gone", "client",
        pipelines(request("CLIENT", "LIST", "ID", *range(10**6, 10**6 + 1000)) * 5), crowd=CROWD),
    Hog("CONFIG GET *?*?", "client", pipelines(request("CONFIG", "GET", "*?" * (8 * KIB)) * 20)),
    Hog("CONFIG GET of 32 times *a*a*a*a, 10 connections", "client", pipelines(STARS * 20, 10)),
    Hog("thousands connect, ask once and go", "client", come_and_go),
    Hog("thousands expire at once", "client", all_expire, '[deadlines]\nfirst_request = "4s"\n'),
    Hog("thousands of half frames, evicted", "client", half_frames,
        '[limits]\nmax_buffer_memory = "2GiB"\n'),
    Hog("256 MiB unread, then returned", "client", slow_readers),
    Hog("100 scrapers without a pause", "scraper", scrapers,
        "[server]\nmax_http_connections = 110\n", web=True),
    Hog("MONITOR by 50 slow readers, PING pipelined", "administrator", slow_watchers,
        "[server]\nmax_admin_connections = 60\n"),
    Hog("OPERATOR LIST of thousands", "operator", operator_list, PERSON),
    Hog("stop with thousands of messages waiting", "operator", desk_then_end, PERSON,
        ends_server=True),
    Hog("CLIENT KILL of thousands", "administrator", kill_all),
    Hog("DEBUG DUMP with thousands connected", "administrator", dump_all),
    Hog("RELOAD pipelined", "administrator", pipelines(request("RELOAD") * 100, admin=True)),
    Hog("SIGHUP without a pause", "administrator", admin_does(hang_up, 0.0002)),
    Hog("SIGHUP without a pause, 1,000 allow entries", "administrator", admin_does(hang_up, 0.0002),
        allow_list(1000)),
    Hog("reload with 40,000 allow entries", "administrator", admin_does(hang_up, 0.5),
        allow_list(40_000)),
    Hog("reload of deadlines beside thousands", "administrator", change_back_and_forth(
        '[deadlines]\nidle = "1h"\nwrite_stall = "30s"\n',
        '[deadlines]\nidle = "2h"\nwrite_stall = "40s"\n')),
    Hog("SIGTERM with thousands connected", "administrator", terminate, ends_server=True),
]
assert MOST_CONNECTIONS > 10_000
