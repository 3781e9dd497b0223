# SPDX-License-Identifier: MIT
"""What an exercise has in hand: the screen, the two hosts, commands on them, checks, daemons."""

import os
import re

import hosts
from shell import LabFailure, until

BIN = f"build/{os.environ.get('REACTORD_PRESET', 'release')}/bin"  # tools/test names another build


class Lab:
    def __init__(self, screen, shell, folder):
        self.screen, self._shell, self.folder = screen, shell, folder
        self.passed = self.failed = self.skipped = 0
        self._hosts_shown = False
        self.until = until

    # --- the hosts

    def prepare_hosts(self):
        """New ones for each exercise, so that none finds what another has left."""
        if self._hosts_shown:
            self.say("The two hosts are made anew, with the commands of the first time.")
            with self.screen.quiet():
                hosts.make_hosts(self)
        else:
            self.say("The two hosts, with a cable between them:")
            hosts.make_hosts(self)
        self._hosts_shown = True

    def clear_up(self):
        """Ends all processes and removes the hosts."""
        self._shell.end_all()
        hosts.remove_hosts()

    # --- telling

    def say(self, text):
        self.screen.say(text)

    def check(self, what, passed, seen=""):
        """One thing that must be so. `seen` is shown if it is not."""
        self.screen.check(passed, what, seen)
        self.passed += bool(passed)
        self.failed += not passed

    def skip(self, why):
        """One thing that could not be checked here."""
        self.screen.skip(why)
        self.skipped += 1

    # --- commands, shown and run

    @staticmethod
    def _prompt(host):
        return f"{host}$" if host else "#"

    @staticmethod
    def _namespace(host):
        return hosts.namespace(host) if host else None

    def on(self, host, command, seconds=20.0):
        """Runs it to its end."""
        self.screen.command(self._prompt(host), command)
        done = self._shell.run(self._namespace(host), command, seconds)
        self.screen.output(done.output)
        return done

    def start(self, host, command, output_name=None):
        """Leaves it running."""
        self.screen.command(self._prompt(host), f"{command} &")
        return self._shell.start(self._namespace(host), command, output_name)

    def open_terminal(self, host, command, output_name=None):
        """Leaves it running, for somebody to type at it."""
        self.screen.command(self._prompt(host), f"{command}    # in a terminal of its own")
        return self._shell.start(self._namespace(host), command, output_name)

    def show_output(self, of, output):
        """Of a command that was left running."""
        self.screen.line()
        self.screen.output(f"[{of}]")
        self.screen.output(output)

    # --- daemons

    def configure(self, name, *edits):
        """A configuration file made from config/lab.toml by sed."""
        own_socket = "s|/tmp/reactord-lab.sock|$LAB/admin.sock|"
        script = "; ".join([own_socket, *edits])
        self.on("server", f'sed "{script}" config/lab.toml > $LAB/{name}.toml')

    def daemon(self, name):
        """Starts the daemon with that configuration."""
        return Daemon(self, name)


class Daemon:
    """reactord on the host `server`; its log is the file $LAB/NAME.log."""

    def __init__(self, lab, name):
        self._lab, self.name = lab, name
        self._mark = 0
        self._log_path = lab.folder / f"{name}.log"
        self._process = lab.start("server",
                                  f"reactord --config $LAB/{name}.toml 2> $LAB/{name}.log")
        lab.until(lambda: re.search(r" ready$", self.log, re.M) or not self._process.running,
                  "the daemon")
        if not self._process.running:
            raise LabFailure(f"the daemon did not start:\n{self.log}")

    @property
    def log(self):
        return self._log_path.read_text(errors="replace") if self._log_path.exists() else ""

    def mark(self):
        """From here on the log is new: wait_for_log() and show_log() look there."""
        self._mark = len(self.log)

    @property
    def new_log(self):
        return self.log[self._mark:]

    def wait_for_log(self, pattern, times=1, seconds=30.0):
        """The last of that many matches."""
        def found():
            return list(re.finditer(pattern, self.new_log, re.M))[:times]
        self._lab.until(lambda: len(found()) == times, f"{pattern!r} in the daemon's log", seconds)
        return found()[-1]

    def show_log(self, *words):
        """The lines with one of these words."""
        self._lab.on("server", f"grep -E '{'|'.join(words)}' $LAB/{self.name}.log")

    def stop(self):
        status = self._process.stop().status
        self._lab.check("SIGTERM ended the daemon with exit status 0", status == 0,
                        f"{status}\n{self.log[-2000:]}")
