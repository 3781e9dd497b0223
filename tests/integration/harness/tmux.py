# SPDX-License-Identifier: MIT
"""Programs on real terminals: each in a tmux of its own, whose screen can be read."""

import itertools
import os
import shlex
import subprocess
import time

from .net import program

_numbers = itertools.count()


class Tmux:
    """A tmux server of this test alone. Ends with it, and whatever runs in it."""

    def __init__(self, home):
        self.label = f"reactord-test-{os.getpid()}-{next(_numbers)}"
        self.home = home
        self.terminals = 0

    def _run(self, *arguments):
        done = subprocess.run([program("tmux"), "-u", "-f", "/dev/null", "-L", self.label,
                               *arguments], capture_output=True, text=True, timeout=20, check=False,
                              env={"PATH": os.environ["PATH"], "HOME": str(self.home),
                                   "LC_ALL": "C.UTF-8", "TERM": "xterm"})
        assert done.returncode == 0, f"tmux {arguments}: {done.stderr}"
        return done.stdout

    def run(self, *command, columns=80, rows=24, **environment):
        """Starts a program on a terminal of this size."""
        name = f"terminal{self.terminals}"
        self.terminals += 1
        environment = {"NO_COLOR": "1", **environment}
        words = ["env", *(f"{key}={value}" for key, value in environment.items()),
                 *(str(word) for word in command)]
        status = self.home / f"{name}.status"
        line = f"{shlex.join(words)}; echo $? > {shlex.quote(str(status))}; sleep 30"
        self._run("new-session", "-d", "-s", name, "-x", str(columns), "-y", str(rows), line)
        return Terminal(self, name, status)

    def close(self):
        subprocess.run([program("tmux"), "-L", self.label, "kill-server"], capture_output=True,
                       timeout=20, check=False)


class Terminal:
    """One program's terminal. Every wait is bounded."""

    def __init__(self, tmux, name, status, patience=20):
        self.tmux = tmux
        self.name = name
        self.status = status
        self.patience = patience

    def type(self, text):
        """Keys as they are, without Enter."""
        self.tmux._run("send-keys", "-t", self.name, "-l", "--", text)

    def press(self, *keys):
        """Keys by tmux's names: Enter, C-d, Up."""
        self.tmux._run("send-keys", "-t", self.name, *keys)

    def enter(self, text):
        self.type(text)
        self.press("Enter")

    def resize(self, columns, rows):
        self.tmux._run("resize-window", "-t", self.name, "-x", str(columns), "-y", str(rows))

    def screen(self, colors=False):
        """The rows, without the empty ones at the end."""
        text = self.tmux._run("capture-pane", "-t", self.name, "-p", *(["-e"] if colors else []))
        return text.rstrip("\n").split("\n")

    def cursor(self):
        """(column, row), from 0."""
        text = self.tmux._run("display-message", "-t", self.name, "-p", "#{cursor_x} #{cursor_y}")
        column, row = text.split()
        return int(column), int(row)

    def wait(self, condition, what):
        """Until condition(rows) holds; returns the rows."""
        end = time.monotonic() + self.patience
        while True:
            over = self.has_ended() or time.monotonic() > end  # nothing comes after either
            rows = self.screen()
            if condition(rows):
                return rows
            assert not over, f"{what}: not on the screen:\n" + "\n".join(rows)
            time.sleep(0.02)

    def wait_for(self, text):
        """Until some row holds the text."""
        return self.wait(lambda rows: any(text in row for row in rows), repr(text))

    def wait_for_line(self, text):
        """Until the last row is this one: the prompt and what is typed."""
        return self.wait(lambda rows: rows[-1].rstrip() == text.rstrip(), f"last row {text!r}")

    def has_ended(self):
        return self.status.exists() and self.status.read_text() != ""

    def exit_status(self):
        end = time.monotonic() + self.patience
        while not self.has_ended():
            assert time.monotonic() < end, "still runs:\n" + "\n".join(self.screen())
            time.sleep(0.02)
        return int(self.status.read_text())
