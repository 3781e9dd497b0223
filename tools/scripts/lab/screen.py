# SPDX-License-Identifier: MIT
"""What the reader sees: explanations, commands, their output, checks, the table at the end.

In colours on a terminal (NO_COLOR turns them off), plain in a pipe. Knows nothing of networks.
"""

import contextlib
import os
import sys
import textwrap

WIDTH = 98
_INDENT = "  "
_STYLES = {"bold": "1", "dim": "2", "red": "1;31", "green": "32", "yellow": "33", "cyan": "36"}


class Screen:
    def __init__(self, stream=sys.stdout):
        self._stream = stream
        self._silent = False
        self._after_command = False  # and nothing came of it yet
        self._coloured = stream.isatty() and not os.environ.get("NO_COLOR")

    def styled(self, style, text):
        return f"\033[{_STYLES[style]}m{text}\033[0m" if self._coloured else text

    @contextlib.contextmanager
    def quiet(self):
        """What is shown meanwhile is not."""
        self._silent = True
        try:
            yield
        finally:
            self._silent = False

    def line(self, text=""):
        self._after_command = False
        if not self._silent:
            print(text, file=self._stream, flush=True)

    def title(self, text):
        self.line()
        self.line(self.styled("bold", text))
        self.line(self.styled("bold", "=" * len(text)))

    def say(self, text):
        """A paragraph. The line ends in it do not matter."""
        self.line()
        self.line(textwrap.fill(" ".join(text.split()), WIDTH))

    def command(self, prompt, command):
        """As in a terminal of that host."""
        first, *rest = command.rstrip("\n").split("\n")
        if not self._after_command:
            self.line()
        self.line(_INDENT + self.styled("green", prompt) + " " + self.styled("bold", first))
        for one in rest:
            self.line(_INDENT + self.styled("bold", one))
        self._after_command = True

    def output(self, text):
        for one in text.rstrip("\n").split("\n") if text.strip("\n") else []:
            self.line(_INDENT + one)

    def check(self, passed, what, seen=""):
        verdict = self.styled("green", "pass") if passed else self.styled("red", "FAIL")
        self.line(f"{_INDENT}{verdict}  {what}")
        for one in str(seen).splitlines() if not passed else []:
            self.line(f"{_INDENT}      seen: {one}")

    def skip(self, why):
        self.line(f"{_INDENT}{self.styled('yellow', 'skip')}  {why}")

    def table(self, rows):
        """Rows of (number, title, passed, failed, skipped, seconds)."""
        wide = max(len(title) for _, title, *_ in rows)
        self.title("What came of it")
        self.line()
        self.line(f"{_INDENT}   {'exercise':<{wide}}  passed  failed  skipped  seconds")
        for number, title, passed, failed, skipped, seconds in rows:
            verdict = self.styled("red", "FAIL") if failed else self.styled("green", "pass")
            self.line(f"{_INDENT}{number}  {title:<{wide}}  {passed:>6}  {failed:>6}  "
                      f"{skipped:>7}  {seconds:>7.1f}  {verdict}")
        self.line()
