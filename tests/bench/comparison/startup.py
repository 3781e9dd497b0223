# SPDX-License-Identifier: MIT
"""How long a server takes to start: until its first reply, and until it says READY=1."""

import pathlib
import socket
import tempfile
import time

import idle
from servers import Server

TELL_READINESS = {"reactord", "redis"}  # by sd_notify(3)
PATIENCE = 10


def until_first_reply(name):
    """Milliseconds from fork to a reply, of a client that tries every 0.1 ms."""
    server = Server(name)
    try:
        began = time.monotonic()
        server.start()
        while True:
            try:
                idle.connect(server).close()
                return 1000 * (time.monotonic() - began)
            except ConnectionRefusedError:
                if time.monotonic() - began > PATIENCE or server.process.poll() is not None:
                    raise SystemExit(f"{name} does not answer within {PATIENCE} s") from None
                time.sleep(0.0001)
    finally:
        server.__exit__()


def until_ready(name):
    """Milliseconds from fork to READY=1; None of a server that does not tell."""
    if name not in TELL_READINESS:
        return None
    with tempfile.TemporaryDirectory(prefix="bench-notify-") as folder, \
            socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        path = pathlib.Path(folder) / "notify"
        manager.bind(str(path))
        manager.settimeout(PATIENCE)
        server = Server(name, notify=path)
        try:
            began = time.monotonic()
            server.start()
            while b"READY=1" not in manager.recv(4096).split(b"\n"):
                pass
            return 1000 * (time.monotonic() - began)
        finally:
            server.__exit__()


def measure_start(name):
    return {"first_reply_ms": until_first_reply(name), "ready_ms": until_ready(name)}
