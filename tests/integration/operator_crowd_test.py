# SPDX-License-Identifier: MIT
"""A thousand waiting requests, three operators, clients that come and go: one reply each."""

import random
import threading

from harness.client import eventually
from harness.operators import OPERATOR_CONFIG, Operator
from harness.resp import Error

WAITING = 1000  # connections, each with one message on the desk and two more behind it
EACH = 3
PASSERS = 300  # clients that come meanwhile and leave before, while or after they are answered


class Worker(threading.Thread):
    """An operator that answers what it has seen in random order, until told to stop."""

    def __init__(self, desk, name):
        super().__init__(daemon=True)
        self.operator = Operator(desk, name, timeout=60)
        self.dice = random.Random(name)
        self.known = [message[b"id"] for message in self.operator.waiting()]
        self.late, self.gone, self.answered, self.problems = 0, 0, 0, []
        self.is_over = threading.Event()

    def run(self):
        try:
            while not self.is_over.is_set():
                self.take_pushes()
                if self.known:
                    self.answer_one()
        except Exception as problem:  # told in the test's own thread
            self.problems.append(repr(problem))

    def take_pushes(self):
        if not self.known and not self.operator.pushes:
            if not self.operator.is_push_there(0.2):
                return
            self.operator.pushes.append(self.operator.next_push())
        for event, number, *_ in self.operator.pushes:
            if event == "message":
                self.known.append(number)
            elif event in ("answered", "gone") and number in self.known:
                self.known.remove(number)
        self.operator.pushes.clear()

    def answer_one(self):
        number = self.known.pop(self.dice.randrange(len(self.known)))
        reply = self.operator.call("OPERATOR", "LIST", number)
        if not isinstance(reply, Error):
            reply = self.operator.answer(number, b"re " + reply[b"text"])
        if reply == "OK":
            self.answered += 1
        elif "was answered by" in reply:
            self.late += 1
        elif "has gone" in reply:
            self.gone += 1
        else:
            self.problems.append(reply)


def come_and_go(desk, dice):
    """Clients that leave in every way; those that wait for their answer must get it."""
    for number in range(PASSERS):
        client = desk.connect(track=False, timeout=60)
        client.send(b"TEXT passer %d\n" % number)
        way = dice.randrange(4)
        if way == 0:
            client.reset()
        elif way == 1:
            client.close()
        elif way == 2:
            assert client.half_close().read_until_eof() == b"re passer %d\n" % number
            client.close()
        else:
            client.expect(b"re passer %d\n" % number)
            client.reset()


def test_a_thousand_waiting_requests_get_one_reply_each(daemon):
    desk = daemon(OPERATOR_CONFIG + "operator_max_waiting = 2000\n")
    first = Operator(desk, "first")
    clients = [desk.connect(timeout=60) for _ in range(WAITING)]
    for index, client in enumerate(clients):
        client.send(b"".join(b"TEXT %d.%d\n" % (index, turn) for turn in range(EACH)))
    first.wait_for(WAITING)
    workers = [Worker(desk, name) for name in ("ada", "bob", "eve")]
    first.close()
    for worker in workers:
        worker.start()
    come_and_go(desk, random.Random(1))
    for index, client in enumerate(clients):
        client.expect(b"".join(b"re %d.%d\n" % (index, turn) for turn in range(EACH)))
        client.half_close().expect_eof()
    last = Operator(desk, "last")
    last.wait_for(0)
    for worker in workers:
        worker.is_over.set()
        worker.join(30)
    assert [worker.problems for worker in workers] == [[], [], []]
    answered = sum(worker.answered for worker in workers)
    assert WAITING * EACH + PASSERS // 4 < answered <= WAITING * EACH + PASSERS
    eventually(lambda: int(desk.info("clients")["connected_clients"]) <= 5, what="all gone")
