# SPDX-License-Identifier: MIT
"""A TCP or Unix client that hides nothing: it sends bytes, and reads bytes until a bounded time."""

import contextlib
import fcntl
import socket
import struct
import termios
import time

from . import resp

# Until something that must come has come: only a failure waits for so long. A busy machine takes seconds
# for what an idle one does at once.
PATIENCE = 30.0


def shown(data, limit=300):
    """Bytes for a failure message: shortened in the middle."""
    if len(data) <= limit:
        return repr(data)
    return f"{data[:limit // 2]!r} ... {data[-limit // 2:]!r} ({len(data)} bytes)"


class Client:
    """Every read ends within `timeout` seconds, by data, end of input or a failed test."""

    def __init__(self, address, timeout=PATIENCE, receive_buffer=None, segment=None):
        """Both sizes in bytes; a server has a send buffer for some of the segments that we take."""
        family = socket.AF_UNIX if isinstance(address, str) else (
            socket.AF_INET6 if ":" in address[0] else socket.AF_INET)
        self.socket = socket.socket(family, socket.SOCK_STREAM)
        self.socket.settimeout(timeout)
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        if segment:
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, segment)
        self.socket.connect(address)
        if family != socket.AF_UNIX:
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.timeout = timeout
        self.pending = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    # --- sending

    def send(self, data):
        self.socket.sendall(data)
        return self

    def send_pieces(self, pieces, pause=0.001):
        """Sends each piece by itself, with a pause that lets the daemon read it alone."""
        for piece in pieces:
            self.socket.sendall(piece)
            time.sleep(pause)
        return self

    def request(self, *words):
        return self.send(resp.request(*words))

    def half_close(self):
        self.socket.shutdown(socket.SHUT_WR)
        return self

    def unsent_bytes(self):
        """What the daemon's kernel has not acknowledged yet (SIOCOUTQ)."""
        return struct.unpack("i", fcntl.ioctl(self.socket, termios.TIOCOUTQ, b"\0" * 4))[0]

    # --- receiving

    def _receive(self):
        """Appends what has come to `pending`; False at end of input."""
        data = self.socket.recv(1 << 18)
        self.pending += data
        return bool(data)

    def read_exact(self, count):
        chunks, have = [self.pending], len(self.pending)
        while have < count:
            try:
                data = self.socket.recv(1 << 18)
            except (TimeoutError, ConnectionError) as problem:
                raise AssertionError(f"{problem!r} after {have} of {count} bytes: "
                                     f"{shown(b''.join(chunks))}") from None
            if not data:
                raise AssertionError(f"closed after {have} of {count} bytes: "
                                     f"{shown(b''.join(chunks))}")
            chunks.append(data)
            have += len(data)
        everything = b"".join(chunks)
        self.pending = everything[count:]
        return everything[:count]

    def read_through(self, end):
        """Everything up to bytes that are `end`, and that the stream pauses after."""
        chunks = [self.pending]
        while not b"".join(chunks[-2:]).endswith(end):
            try:
                data = self.socket.recv(1 << 18)
            except (TimeoutError, ConnectionError) as problem:
                raise AssertionError(f"{problem!r} after {shown(b''.join(chunks))}") from None
            if not data:
                raise AssertionError(f"closed after {shown(b''.join(chunks))}")
            chunks.append(data)
        self.pending = b""
        return b"".join(chunks)

    def read_line(self, end=b"\n"):
        """One line, without its end."""
        while end not in self.pending:
            try:
                more = self._receive()
            except (TimeoutError, ConnectionError) as problem:
                raise AssertionError(f"{problem!r} in a line: {shown(self.pending)}") from None
            if not more:
                raise AssertionError(f"closed in a line: {shown(self.pending)}")
        line, _, self.pending = self.pending.partition(end)
        return line

    def read_until_eof(self, limit_seconds=None):
        """All bytes until the daemon's FIN. A reset is a failure: it may have cost replies."""
        chunks = [self.pending]
        self.pending = b""
        until = time.monotonic() + (limit_seconds or self.timeout)
        while True:
            try:
                data = self.socket.recv(1 << 18)
            except (TimeoutError, ConnectionError) as problem:
                raise AssertionError(
                    f"{problem!r} instead of the end, after {shown(b''.join(chunks))}") from None
            if not data:
                return b"".join(chunks)
            chunks.append(data)
            assert time.monotonic() < until, f"no end; so far {shown(b''.join(chunks))}"

    def reply(self):
        """The next RESP reply, as Python data."""
        return resp.read_reply(lambda: self.read_line(b"\r\n"), self.read_exact)

    def call(self, *words):
        return self.request(*words).reply()

    # --- expectations

    def expect(self, expected):
        got = self.read_exact(len(expected))
        assert got == expected, f"got {shown(got)}, expected {shown(expected)}"
        return self

    def expect_eof(self):
        rest = self.read_until_eof()
        assert rest == b"", f"expected only the end, got {shown(rest)}"

    def expect_silence(self, seconds=0.05):
        """Nothing comes and nothing ends for a moment."""
        self.socket.settimeout(seconds)
        try:
            data = self.socket.recv(1000)
            raise AssertionError(f"expected silence, got {data!r}")
        except TimeoutError:
            pass
        finally:
            self.socket.settimeout(self.timeout)
        return self

    def expect_alive(self):
        """The connection is open and at the start of a request."""
        return self.request("ECHO", "still here").expect(b"$10\r\nstill here\r\n")

    # --- ending

    def close(self):
        self.socket.close()

    def reset(self):
        """Ends with RST instead of FIN."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()


def is_refused(address):
    """Whether nobody listens there."""
    with contextlib.suppress(OSError), Client(address, timeout=2):
        return False
    return True


def eventually(condition, seconds=PATIENCE, what=None):
    """Waits until `condition()` is true and returns its value; fails after `seconds`."""
    until = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < until, f"not within {seconds} s: {what or condition}"
        time.sleep(0.005)
