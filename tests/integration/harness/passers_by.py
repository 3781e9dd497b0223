# SPDX-License-Identifier: MIT
"""Clients that connect, ask and leave, again and again, while a test does something to the daemon."""

import threading

from harness.client import eventually


class PassersBy:
    """`with PassersBy(one, ("main", "local")) as passers_by:`; at the end nobody may have had a problem."""

    def __init__(self, one, listeners):
        self.one = one
        self.served = dict.fromkeys(listeners, 0)
        self.problems = []
        self._stopping = threading.Event()
        self._threads = [threading.Thread(target=self._come_and_go, args=(listener,)) for listener in listeners]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *failure):
        self._stopping.set()
        for thread in self._threads:
            thread.join()
        assert failure[0] or not self.problems, self.problems

    def wait_for_more(self, before):
        """Somebody is served at each listener beyond `before`, a copy of `served`."""
        eventually(lambda: all(self.served[name] > before[name] for name in self.served))

    def _come_and_go(self, listener):
        while not self._stopping.is_set():
            try:
                with self.one.connect(listener, track=False) as client:
                    assert client.call("CEIL", "4.40") == 5
                    self.served[listener] += 1
            except (AssertionError, OSError) as problem:
                self.problems.append((listener, problem))
