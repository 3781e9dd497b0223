# SPDX-License-Identifier: MIT
"""The person at the server, whose part the lab plays: at the operator's console, which tells of each
message, and typing the answers."""

import re

SOCKET = "$LAB/admin.sock"
NAME = "teacher"


class Person:
    """Attached to the daemon from construction to leave()."""

    def __init__(self, lab):
        self._lab = lab
        lab.say("""Somebody sits at the server, attached to the daemon's admin socket. Messages appear
                there as they come, and what is typed goes to their clients. (This lab types into it
                through a pipe. At a terminal it has a prompt, and Enter answers the oldest.)""")
        self._terminal = lab.open_terminal(
            "server", f"reactor-cli --uri unix:{SOCKET} operator --name {NAME}")
        self._seen = 0
        self.reads(f"joined {NAME}")

    def reads(self, pattern):
        """Waits for the line at the terminal, shows it and what came before it, and returns its
        match."""
        def found():
            return re.search(rf"^{pattern}.*\n", self._terminal.output[self._seen:], re.M)
        match = self._lab.until(found, f"{pattern!r} at the terminal of {NAME}")
        self._lab.show_output(NAME, self._terminal.output[self._seen:self._seen + match.end()])
        self._seen += match.end()
        return match

    def reads_message(self, text):
        """Its number."""
        return int(self.reads(rf"message (\d+) \S+ \w+ {re.escape(text)}$")[1])

    def answers(self, number, text):
        self._types(f"{number} {text}")
        self.reads(f"answered {number} {NAME}")

    def leave(self):
        self._types("/quit")
        self._terminal.wait()

    def _types(self, line):
        self._lab.screen.line()
        self._lab.screen.output(f"({NAME} types: {line})")
        self._terminal.type(f"{line}\n")


def converse(lab, person, host, command, message, answer):
    """A client says `message`, the person answers. Returns how the client ended."""
    client = lab.start(host, command)
    number = person.reads_message(message)
    person.answers(number, answer)
    done = client.wait()
    lab.show_output("the client", done.output)
    lab.check("the client has the person's answer", done.output == answer + "\n", done.output)
    return done
