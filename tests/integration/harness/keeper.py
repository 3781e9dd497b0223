# SPDX-License-Identifier: MIT
"""A service manager with a store of descriptors, as systemd has one, and starts with what is in it."""

import array
import contextlib
import os
import socket
import sys
import threading

# Takes descriptor numbers, moves them to 3, 4, ... and becomes the daemon, as systemd does.
LAUNCHER = """
import os, sys
names, fds, command = sys.argv[1], [int(fd) for fd in sys.argv[2].split(",")], sys.argv[3:]
for target, fd in enumerate([os.dup(fd) for fd in fds], start=3):
    if fd != target:
        os.dup2(fd, target)
    os.set_inheritable(target, True)
os.environ.update(LISTEN_FDS=str(len(fds)), LISTEN_PID=str(os.getpid()), LISTEN_FDNAMES=names)
os.execv(command[0], command)
"""

MAX_FDS = 8


def launcher(fds):
    """What starts the daemon with these (name, descriptor) pairs."""
    names = ":".join(name for name, _ in fds)
    return (sys.executable, "-c", LAUNCHER, names, ",".join(str(fd) for _, fd in fds))


class Keeper:
    """Reads what is told at once; keeps at most `most` descriptors, and throws away what is more."""

    def __init__(self, path, most=4):
        self.path = str(path)
        self.most = most
        self.stored = {}  # name -> descriptor
        self.told = []
        self._reading = threading.Lock()
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.path)
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    @property
    def environment(self):
        return {"NOTIFY_SOCKET": self.path}

    def _read(self):
        while True:
            try:
                data, control, _, _ = self.socket.recvmsg(4096, socket.CMSG_SPACE(MAX_FDS * 4))
            except OSError:
                return
            if data == b"STOP":
                return
            fds = array.array("i")
            for _, _, content in control:
                fds.frombytes(content)
            with self._reading:
                self._take(data.decode(), list(fds))

    def _take(self, text, fds):
        self.told.append(text)
        words = dict(line.split("=", 1) for line in text.split("\n") if "=" in line)
        name = words.get("FDNAME")
        if "FDSTORE" in words and len(self.stored) < self.most:
            self.stored[name] = fds.pop()
        elif "FDSTOREREMOVE" in words and name in self.stored:
            os.close(self.stored.pop(name))
        for fd in fds:  # of a barrier, or what there is no room for
            os.close(fd)

    @contextlib.contextmanager
    def deaf(self):
        """Reads nothing meanwhile, and all of it afterwards."""
        with self._reading:
            yield

    def names(self):
        return sorted(self.stored)

    def successor(self):
        """Of what is stored: what starts a daemon with it. As systemd, it keeps them meanwhile."""
        return {"prefix": launcher(list(self.stored.items())), "environment": self.environment,
                "pass_fds": tuple(self.stored.values())} if self.stored else {
                    "environment": self.environment}

    def close(self):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as end:
            end.sendto(b"STOP", self.path)
        self._thread.join(5)
        self.socket.close()
        for fd in self.stored.values():
            os.close(fd)
