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
    "first request": Told("event_closed_first_request",
                          r"closed: no request within deadlines\.first_request"),
    "frame": Told("event_closed_frame",
                  r"closed: request not complete within deadlines\.frame"),
    "idle": Told("event_closed_idle", r"closed: idle for deadlines\.idle"),
    "write stall": Told("event_closed_write_stall",
                        r"closed: took no reply for deadlines\.write_stall"),
    "buffer memory": Told("event_closed_memory", r"held the most of limits\.max_buffer_memory"),
    "drain expired": Told("event_closed_drain_expired", r"deadlines\.drain expired"),
    "killed": Told("event_closed_killed", r"closed: CLIENT KILL"),
    "protocol error": Told("event_closed_protocol_error", r"closed: .*Protocol error"),
    "foreign protocol": Told("event_closed_foreign", r"closed: it speaks "),
    # At level debug, since they are how connections end every day.
    "quit": Told("event_closed_quit", r"closed: QUIT"),
    "finished": Told("event_closed_by_client", r"closed: finished by the client"),
    "cut off": Told("event_closed_cut_off", r"closed: its input ended without TLS' close_notify"),
    "reset": Told("event_closed_reset", r" lost: "),
    "refused, full": Told("event_refused_full", r"refused .*: max_connections reached"),
    "refused, admins full": Told("event_refused_admin_full",
                                 r"refused .*: max_admin_connections reached"),
    "waiting": Told("event_waiting_full", r"max_connections reached: new clients wait"),
    "refused, address": Told("event_refused_per_address",
                             r"refused .*: max_connections_per_address reached"),
    "refused, not allowed": Told("event_refused_not_allowed",
                                 r"refused .*: not in the listener's allow"),
    "refused, before login": Told("event_refused_before_login",
                                  r"refused .*: too many wait to log in"),
    "user gone": Told("event_closed_user_gone", r"closed: its user "),
    "refused, draining": Told("event_refused_draining", r"refused .*: DRAIN ON"),
    "refused, no proxy": Told("event_refused_proxy_sender",
                              r"refused .*: not in the listener's proxy list"),
    "refused, no header": Told("event_refused_proxy_header", r"refused .*: PROXY header: there is"),
    "refused, late": Told("event_refused_late", r"refused .*: no whole .* within deadlines\.handshake"),
    "lost on its way": Told("event_refused_lost", r" lost on its way in: "),
    "waiting for headers": Told("event_waiting_handshakes", r"max_handshakes reached: new clients"),
    "over a limit": Told("event_closed_limit", r"closed: LIMIT too many "),
    "slowed": Told("event_limit_slowed", r"requests of .* wait because of the limit "),
    "refused, limit": Told("event_refused_limit", r"refused .*: limit .*: LIMIT too many "),
    "plain text": Told("event_refused_plain_text", r"refused .*: it speaks .* at a TLS listener"),
    "accept paused": Told("event_accept_exhausted", r"cannot accept: "),
}


def count(daemon, what):
    return daemon.stat(TOLD[what].counter)


def assert_told(daemon, what, times=1):
    """Counted exactly `times`, and logged."""
    from .client import eventually
    eventually(lambda: count(daemon, what) >= times, what=f"{what} counted {times} times")
    assert count(daemon, what) == times
    daemon.wait_for_log(TOLD[what].log)
