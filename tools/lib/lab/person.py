# SPDX-License-Identifier: MIT
"""The person at the server, whose part the lab plays: attached to the admin socket, told of each
message, and answering it."""

import re

SOCKET = "$LAB/admin.sock"
NAME = "teacher"


class Person:
    """Attached to the daemon from construction to leave()."""

    def __init__(self, lab):
        self._lab = lab
        lab.say(f"""Somebody sits at the server, attached to the daemon's admin socket by
                netcat, and types OPERATOR JOIN {NAME}. ("reactor-cli operator" is the
                comfortable way.)""")
        self._terminal = lab.open_terminal("server", f"nc -U {SOCKET}")
        self._terminal.type(f"OPERATOR JOIN {NAME}\n")
        lab.until(lambda: "\n\n" in self._terminal.output, "the answer to OPERATOR JOIN")
        lab.show_output(NAME, self._terminal.output)
        self._seen = len(self._terminal.output)

    def reads(self, pattern):
        """Waits for the line at the terminal, shows it and what came before it, and returns its
        match."""
        def found():
            return re.search(rf"^operator {pattern}.*\n", self._terminal.output[self._seen:], re.M)
        match = self._lab.until(found, f"{pattern!r} at the terminal of {NAME}")
        self._lab.show_output(NAME, self._terminal.output[self._seen:self._seen + match.end()])
        self._seen += match.end()
        return match

    def reads_message(self, text):
        """Its number."""
        return int(self.reads(rf"message (\d+) \S+ \w+ {re.escape(text)}$")[1])

    def answers(self, number, text):
        return self._lab.on("server",
                            f"reactor-cli --uri unix:{SOCKET} operator reply {number} '{text}'")

    def leave(self):
        self._terminal.end()


def converse(lab, person, host, command, message, answer):
    """A client says `message`, the person answers. Returns how the client ended."""
    client = lab.start(host, command)
    number = person.reads_message(message)
    person.answers(number, answer)
    done = client.wait()
    lab.show_output("the client", done.output)
    lab.check("the client has the person's answer", done.output == answer + "\n", done.output)
    return done
