# SPDX-License-Identifier: MIT
"""A scripted stand-in for the daemon's OPERATOR command, for timings that a real one rarely has."""

import queue
import threading


def bulk(text):
    data = text if isinstance(text, bytes) else str(text).encode()
    return b"$%d\r\n%s\r\n" % (len(data), data)


def value(item):
    if isinstance(item, int):
        return b":%d\r\n" % item
    if isinstance(item, dict):
        return b"%%%d\r\n" % len(item) + b"".join(bulk(k) + value(v) for k, v in item.items())
    if isinstance(item, list):
        return b"*%d\r\n" % len(item) + b"".join(value(one) for one in item)
    return bulk(item)


def push(*words):
    return b">%d\r\n" % (len(words) + 1) + bulk("operator") + b"".join(value(w) for w in words)


class Desk:
    """Messages that wait. Errors for REPLY are set beforehand: `desk.errors[12] = "..."`."""

    def __init__(self):
        self.waiting = {}
        self.errors = {}
        self.taken_names = set()
        self.replies = queue.Queue()  # (REPLY or REJECT, id, text)
        self.requests = []
        self.hold = threading.Event()  # answers to REPLY wait for it
        self.hold.set()
        self.peers = []

    def message(self, number, text, state="open", peer="127.0.0.1:5000", waited=0):
        """A new message, pushed to whoever is connected."""
        self.waiting[number] = {"id": number, "peer": peer, "client": 7, "state": state,
                                "waiting_ms": waited, "bytes": len(text.encode()), "text": text}
        self.push("message", number, peer, state, text)

    def gone(self, number, how="gone", *by):
        del self.waiting[number]
        self.errors[number] = f"ERR message {number} was {how}"
        self.push(how, number, *by)

    def push(self, *words):
        for peer in self.peers:
            peer.send(push(*words))

    def script(self, peer):
        while (words := peer.request()) is not None:
            words = [word.decode() for word in words]
            self.requests.append(words)
            if words[0] == "HELLO":
                peer.send(value({"proto": 3}))
            else:
                peer.send(self.answer(peer, words))

    def answer(self, peer, words):
        if words[1] == "JOIN":
            if words[2] in self.taken_names:
                return f"-ERR an operator called {words[2]} is attached\r\n".encode()
            self.peers.append(peer)
            return value({"name": words[2], "mode": "operator", "waiting": 0, "operators": []})
        if words[1] == "LIST" and len(words) > 2:
            one = self.waiting.get(int(words[2]))
            return value(one) if one else b"-ERR there is no such message\r\n"
        if words[1] == "LIST":
            return value({"mode": "operator", "operators": [
                {"name": "bob", "client": 3, "answered": 2, "dropped": 0}],
                "waiting": list(self.waiting.values())})
        assert self.hold.wait(20)
        number = int(words[2])
        if number in self.errors:
            return f"-{self.errors[number]}\r\n".encode()
        self.waiting.pop(number, None)
        self.replies.put((words[1], number, words[3]))
        return b"+OK\r\n"
