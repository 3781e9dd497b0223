# SPDX-License-Identifier: MIT
"""An operator at the admin listener: joins, collects pushes apart from replies, answers."""

import select

from .client import PATIENCE, eventually
from .resp import Error, Push, request

OPERATOR_CONFIG = """
[[listener]]
name = "main"
address = "127.0.0.1:0"

[[listener]]
name = "raw"
address = "127.0.0.1:0"
framing = "raw"
handler = "text"

[[listener]]
name = "line"
address = "127.0.0.1:0"
framing = "line"
handler = "text"

[[listener]]
name = "unix"
address = "unix:./public.sock"

[[listener]]
name = "admin"
role = "admin"
address = "unix:./admin.sock"

[handlers.text]
mode = "operator"
"""


# A message and its answer as they are on the wire: the listener, what is sent, what comes.
MESSAGE, ANSWER = " two  blanks", "fine,  thanks"
CONVERSATIONS = [
    ("main", b"TEXT  two  blanks\n", b"fine,  thanks\n"),
    ("main", request("TEXT", MESSAGE), b"$13\r\nfine,  thanks\r\n"),
    ("line", b" two  blanks\n", b"fine,  thanks\n"),
    ("raw", b" two  blanks", b"fine,  thanks"),
    ("unix", b"TEXT  two  blanks\n", b"fine,  thanks\n"),
]


class Operator:
    def __init__(self, daemon, name=None, timeout=PATIENCE):
        self.client = daemon.connect("admin", timeout=timeout)
        self.pushes = []
        self.call("HELLO", "3")
        self.joined = self.call("OPERATOR", "JOIN", *([name] if name else []))
        assert not isinstance(self.joined, Error), self.joined

    def _keep(self, reply):
        assert reply[0] == b"operator", reply
        self.pushes.append([part.decode() if isinstance(part, bytes) else part
                            for part in reply[1:]])

    def call(self, *words):
        """The reply; pushes that come before it are kept."""
        self.client.request(*words)
        while isinstance(reply := self.client.reply(), Push):
            self._keep(reply)
        return reply

    def is_push_there(self, seconds):
        """Whether one has come, or begins to come within that time."""
        return bool(self.pushes or self.client.pending
                    or select.select([self.client.socket], [], [], seconds)[0])

    def next_push(self, event=None):
        """The oldest push, or the oldest of that event; waits for it."""
        while True:
            for push in self.pushes:
                if event is None or push[0] == event:
                    self.pushes.remove(push)
                    return push
            reply = self.client.reply()
            assert isinstance(reply, Push), f"a reply that nobody asked for: {reply!r}"
            self._keep(reply)

    def waiting(self):
        return self.call("OPERATOR", "LIST")[b"waiting"]

    def wait_for(self, count):
        """Until that many messages wait."""
        eventually(lambda: len(self.waiting()) == count, what=f"{count} waiting messages")

    def answer(self, number, text):
        return self.call("OPERATOR", "REPLY", number, text)

    def close(self):
        self.client.close()
