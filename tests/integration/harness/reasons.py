# SPDX-License-Identifier: MIT
"""How the daemon tells why it closed, refused or paused: a counter in INFO stats and a log line.

The left side is the tests' own word; a row here is all that changes when the daemon is reworded.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Told:
    counter: str  # key in INFO stats
    log: str  # regular expression of the log line


TOLD = {
    "first request": Told("closed_first_request", r"first_request"),
    "frame": Told("closed_frame", r"reason=frame|deadlines\.frame"),
    "idle": Told("closed_idle", r"reason=idle|deadlines\.idle"),
    "write stall": Told("closed_write_stall", r"write_stall"),
    "drain": Told("closed_drain", r"drain"),
    "buffer memory": Told("closed_buffer_memory", r"buffer_memory"),
    "killed": Told("closed_killed", r"killed"),
    "protocol error": Told("closed_protocol_error", r"protocol_error|[Pp]rotocol error"),
    "foreign protocol": Told("closed_foreign_protocol", r"foreign|HTTP"),
    "quit": Told("closed_quit", r"quit"),
    "client": Told("closed_client", r"client"),
    "reset": Told("closed_reset", r"reset"),
    "refused, full": Told("rejected_connections", r"max_connections"),
    "refused, address": Told("rejected_connections_per_address", r"max_connections_per_address"),
    "refused, not allowed": Told("rejected_connections_not_allowed", r"allow"),
    "accept paused": Told("accept_pauses", r"EMFILE|descriptors|[Tt]oo many open files"),
}


def count(daemon, what):
    return daemon.stat(TOLD[what].counter)


def assert_told(daemon, what, times=1):
    """Counted exactly `times`, and logged."""
    from .client import eventually
    eventually(lambda: count(daemon, what) >= times, what=f"{what} counted {times} times")
    assert count(daemon, what) == times
    daemon.wait_for_log(TOLD[what].log)
