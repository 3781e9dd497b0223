# SPDX-License-Identifier: MIT
"""The person at the server, whose part is played by the lab."""


def converse(lab, host, command, message):
    """Runs a client that says `message` at port 12345. Returns how it ended, and the answer."""
    return lab.on(host, command), message
