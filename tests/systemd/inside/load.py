# SPDX-License-Identifier: MIT
"""Clients that ask without a pause, come back when they are closed, and count what befalls them.

They do as Redis' client libraries do: look for the end of the connection before they ask, and ask again
on a new one if it ends before the reply begins, because their request and FIN met on the way.
"""

import collections
import select
import socket
import threading
import time


class Load:
    """`with Load(address, clients) as load:` runs them; `load.counts` tells afterwards."""

    def __init__(self, address, clients=20, command=b"CEIL"):
        self.address = address
        self.clients = clients
        self.command = command
        self.answers = set()
        self.counts = collections.Counter()
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(number,), daemon=True)
                         for number in range(clients)]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._stopping.set()
        for thread in self._threads:
            thread.join(30)
            assert not thread.is_alive(), "a client hangs"

    def answered(self):
        with self._lock:
            return self.counts["answered"]

    def _count(self, what):
        with self._lock:
            self.counts[what] += 1

    def _run(self, number):
        request = 0
        while not self._stopping.is_set():
            family = socket.AF_UNIX if isinstance(self.address, str) else socket.AF_INET
            with socket.socket(family) as connection:
                connection.settimeout(20)
                try:
                    connection.connect(self.address)
                except OSError as problem:
                    self._count(f"connect: {problem}")
                    time.sleep(0.01)
                    continue
                self._count("connections")
                request = self._ask(connection, number, request)

    def _request(self, number, request):
        """What is asked, different each time, and the reply's bytes."""
        if self.command == b"CEIL":
            return b"%d.%d" % (request, number + 1), b":%d\r\n" % (request + 1)
        text = b"message-%d-%d" % (number, request)
        return text, b"$%d\r\n%b\r\n" % (len(text), text)

    def _ask(self, connection, number, request):
        """Until the connection ends: by FIN between requests, if all is well."""
        while not self._stopping.is_set():
            request += 1
            text, wanted = self._request(number, request)
            try:
                if select.select([connection], [], [], 0)[0]:
                    self._count("closed" if not connection.recv(1000) else "reply to nothing")
                    return request - 1
                connection.sendall(b"*2\r\n$4\r\n%b\r\n$%d\r\n%b\r\n"
                                   % (self.command, len(text), text))
                reply = b""
                while len(reply) < len(wanted) and not reply.startswith(b"-"):
                    data = connection.recv(1000)
                    if not data:
                        self._count("asked again" if not reply else "cut reply")
                        return request - 1
                    reply += data
            except OSError as problem:
                self._count(f"{type(problem).__name__}: {problem}")
                return request - 1
            self._count("answered" if reply == wanted else f"wrong reply {reply!r}")
            self.answers.add(text.decode())
        return request

    def errors(self):
        """What no client expects: refusals, resets, cut or wrong replies."""
        expected = ("answered", "connections", "closed", "asked again")
        return {what: count for what, count in self.counts.items() if what not in expected}
