# SPDX-License-Identifier: MIT
"""Thousands of clients of all kinds, each of which knows what it has to read: whatever happens to the
server meanwhile, they read that, once and in order, on the connection that they have."""

import resource
import select

from harness.client import Client
from harness import resp

LARGE = b"x" * 60_000


class Kind(Client):
    """`across()` between two restarts, `finish()` at the end. It asks and reads by itself."""

    sizes = {}

    def __init__(self, address, number):
        super().__init__(address, timeout=60, **self.sizes)
        self.number = number
        self.begin()

    def begin(self):
        """What it does first."""

    def across(self):
        """What it does each time."""

    def finish(self):
        self.across()


class Idle(Kind):
    def begin(self):
        self.id = self.call("CLIENT", "ID")

    def finish(self):
        assert self.call("CLIENT", "ID") == self.id


class HalfARequest(Kind):
    """Is never without a request of which a part is sent."""

    def begin(self):
        self.asked = 0
        self.send_half()

    def send_half(self):
        self.text = f"{self.number} asks {self.asked}"
        request = resp.request("ECHO", self.text)
        self.rest = request[len(request) * (self.asked % 7 + 1) // 8:]
        self.send(request[:-len(self.rest)])
        self.asked += 1

    def across(self):
        self.finish()
        self.send_half()

    def finish(self):
        self.send(self.rest)
        assert self.reply() == self.text.encode()


class SlowReader(Kind):
    """Has more to read than both sockets hold."""

    sizes = {"receive_buffer": 4096, "segment": 1000}

    def begin(self):
        self.owed = 0
        self.across()

    def across(self):
        while self.owed < 12:
            self.send(resp.request("ECHO", LARGE + str(self.number).encode()))
            self.owed += 1
        self.read_one()

    def read_one(self):
        assert self.reply() == LARGE + str(self.number).encode()
        self.owed -= 1

    def finish(self):
        while self.owed:
            self.read_one()


class ByHand(Kind):
    """As somebody with netcat."""

    def across(self):
        self.send(f"CEIL {self.number}.40\r\n".encode())
        assert self.read_line().strip() == str(self.number + 1).encode()


class InResp3(Kind):
    def begin(self):
        assert self.call("HELLO", "3")[b"proto"] == 3

    def across(self):
        assert self.call("CLIENT", "GETNAME") is None
        assert self.call("CEIL", f"{self.number}.5") == self.number + 1


class InATransaction(Kind):
    def begin(self):
        assert self.call("MULTI") == "OK"
        self.queued = []

    def across(self):
        self.queued.append(f"{self.number} queues {len(self.queued)}")
        assert self.call("ECHO", self.queued[-1]) == "QUEUED"

    def finish(self):
        assert self.call("EXEC") == [text.encode() for text in self.queued]


class WaitsForAPerson(Kind):
    """An operator answers it at the end, and not before."""

    def begin(self):
        self.request("TEXT", f"{self.number} waits")

    def across(self):
        readable = select.poll()
        readable.register(self.socket, select.POLLIN)
        assert not readable.poll(0), "nobody has answered"

    def finish(self):
        assert self.reply() == f"to {self.number} waits".encode()


class Crowd:
    """`Crowd(address, {Idle: 7000, ...})` connects all of them."""

    def __init__(self, address, sizes):
        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
        self.clients = [kind(address, number) for kind, count in sizes.items() for number in range(count)]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for client in self.clients:
            client.close()

    def across(self):
        for client in self.clients:
            client.across()

    def finish(self):
        for client in self.clients:
            client.finish()
