# SPDX-License-Identifier: MIT
"""What somebody would try who has taken reactord over: run inside its sandbox, it tries each way out and
prints a line for it, "held: ..." or "ESCAPED: ...". Arguments: the port to reach on 127.0.0.1.
"""

import ctypes
import os
import socket
import sys

PORT = int(sys.argv[1])
IO_URING_SETUP = 425       # could make system calls behind the filter's back
AF_VSOCK = 40
GOALS = {socket.AF_INET: ("127.0.0.1", PORT), socket.AF_INET6: ("::1", PORT),
         socket.AF_UNIX: "/run/systemd/journal/stdout"}


def attempt(what, action):
    try:
        action()
        print(f"ESCAPED: {what}", flush=True)
    except OSError as problem:
        print(f"held: {what}: {problem}", flush=True)


def connect(family, address):
    with socket.socket(family, socket.SOCK_STREAM) as way:
        way.settimeout(2)
        way.connect(address)


def connect_passed(fd):
    """The passed sockets are the host network's: a listening one could be turned round."""
    with socket.socket(fileno=os.dup(fd)) as way:
        way.settimeout(2)
        way.connect(GOALS[way.family])


def call(number):
    result = ctypes.CDLL(None, use_errno=True).syscall(number, 1, None)
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


attempt("TCP", lambda: connect(socket.AF_INET, ("127.0.0.1", PORT)))
attempt("TCP over IPv6", lambda: connect(socket.AF_INET6, ("::1", PORT)))
attempt("a Unix socket of another service",
        lambda: connect(socket.AF_UNIX, "/run/systemd/journal/stdout"))
for name, family, kind in [("UDP", socket.AF_INET, socket.SOCK_DGRAM),
                           ("netlink", socket.AF_NETLINK, socket.SOCK_RAW),
                           ("packets", socket.AF_PACKET, socket.SOCK_RAW),
                           ("the hypervisor", AF_VSOCK, socket.SOCK_STREAM)]:
    attempt(name, lambda family=family, kind=kind: socket.socket(family, kind))
attempt("io_uring", lambda: call(IO_URING_SETUP))
for path in ("/x", "/tmp/x", "/run/x", "/dev/shm/x", "/etc/reactord/x"):
    attempt(f"write {path}", lambda path=path: os.close(os.open(path, os.O_CREAT | os.O_WRONLY)))
attempt("a shell", lambda: os.stat("/bin/sh"))
for fd in range(3, 3 + int(os.environ.get("LISTEN_FDS", "0"))):
    attempt(f"connect passed socket {fd}", lambda fd=fd: connect_passed(fd))
print("probed", flush=True)
