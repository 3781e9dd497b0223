# SPDX-License-Identifier: MIT
"""Shows how far a run is: one line on a terminal, a line every ten seconds in a pipe."""

import sys
import time

SECONDS_BETWEEN_LINES = 10


class Progress:
    def __init__(self, steps, stream=sys.stderr):
        self.steps, self.stream = steps, stream
        self.done = 0
        self.began = self.shown = time.monotonic()

    def step(self, what):
        """Says what begins now."""
        now, terminal = time.monotonic(), self.stream.isatty()
        if terminal or self.done == 0 or now - self.shown >= SECONDS_BETWEEN_LINES:
            end = "" if terminal else "\n"
            self.stream.write(("\r\x1b[K" if terminal else "") + self._line(what, now) + end)
            self.stream.flush()
            self.shown = now
        self.done += 1

    def _line(self, what, now):
        left = ""
        if self.done:
            seconds = (now - self.began) / self.done * (self.steps - self.done)
            left = f", about {int(seconds) // 60}:{int(seconds) % 60:02} left"
        return f"{100 * self.done // self.steps:3}%{left}  {what}"[:100]

    def end(self):
        if self.stream.isatty():
            self.stream.write("\r\x1b[K")
        taken = int(time.monotonic() - self.began)
        self.stream.write(f"measured in {taken // 60}:{taken % 60:02} minutes\n")
        self.stream.flush()
