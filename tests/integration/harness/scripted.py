# SPDX-License-Identifier: MIT
"""Servers that follow a script, for a client under test: friendly, slow, broken and hostile."""

import contextlib
import itertools
import socket
import threading

MAX_SECONDS = 30


class ScriptedServer:
    """Runs `script(connection)` in a thread for each connection, then closes it."""

    def __init__(self, script, unix_path=None):
        self.script = script
        self.received = b""
        self.connections = 0
        self.sockets = []
        self.unix_path = unix_path
        self.threads = []
        if unix_path:
            self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            self.listener.bind(unix_path)
        else:
            self.listener = socket.create_server(("127.0.0.1", 0))
        self.listener.listen(8)
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def port(self):
        return self.listener.getsockname()[1]

    @property
    def uri(self):
        return f"unix:{self.unix_path}" if self.unix_path else f"tcp://127.0.0.1:{self.port}"

    def _accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            self.sockets.append(connection)
            thread = threading.Thread(target=self._serve, args=(connection,), daemon=True)
            thread.start()
            self.threads.append(thread)  # whoever joins it may do so at once

    def _serve(self, connection):
        connection.settimeout(MAX_SECONDS)
        with connection:
            try:
                self.script(Peer(connection, self))
            except OSError:
                pass  # the client may leave whenever it likes

    def stop_listening(self):
        """Nobody new gets in; connections stay."""
        if self.listener.fileno() >= 0:
            self.listener.shutdown(socket.SHUT_RDWR)
            self.listener.close()

    def close_connections(self):
        """Whoever is connected sees the end."""
        for connection in self.sockets:
            with contextlib.suppress(OSError):  # it has left, or its script is over
                connection.shutdown(socket.SHUT_RDWR)

    def close(self):
        self.stop_listening()
        self.close_connections()
        for thread in self.threads:
            thread.join(MAX_SECONDS)


class Peer:
    """What a script sees of a client."""

    def __init__(self, connection, server):
        self.connection = connection
        self.server = server
        self.pending = b""

    def send(self, data):
        self.connection.sendall(data)

    def recv(self, size=65536):
        data = self.connection.recv(size)
        self.server.received += data
        return data

    def _until(self, length=None):
        """A line, or `length` bytes; None at the end of the stream."""
        while (b"\n" not in self.pending) if length is None else (len(self.pending) < length):
            data = self.recv()
            if not data:
                return None
            self.pending += data
        end = self.pending.index(b"\n") + 1 if length is None else length
        taken, self.pending = self.pending[:end], self.pending[end:]
        return taken

    def request(self):
        """The words of one RESP request; None at the end of the stream."""
        header = self._until()
        if header is None:
            return None
        words = []
        for _ in range(int(header[1:])):
            length = int(self._until()[1:])
            words.append(self._until(length + 2)[:-2])
        return words

    def line(self):
        line = self._until()
        return None if line is None else line.rstrip(b"\r\n")

    def wait_for_end(self):
        while self.recv():
            pass


# --- scripts

def replies(*answers):
    """Answers the requests with these bytes, in order, and stays connected."""

    def script(peer):
        for answer in answers:
            if peer.request() is None:
                return
            peer.send(answer)
        peer.wait_for_end()

    return script


def answering(answer, greeting=b""):
    """Answers each request of a connection with what `answer(number, words)` returns; None closes."""

    def script(peer):
        peer.send(greeting)
        for number in itertools.count(1):
            words = peer.request()
            reply = None if words is None else answer(number, words)
            if reply is None:
                return
            peer.send(reply)

    return script


def echo(peer):
    """Answers each request with its last word; NOPE is an error."""
    while (words := peer.request()) is not None:
        if words[0].upper() == b"NOPE":
            peer.send(b"-ERR unknown command 'nope'\r\n")
        else:
            peer.send(b"$%d\r\n%s\r\n" % (len(words[-1]), words[-1]))


def held(go):
    """Answers with the last word, the first request not before `go` is set."""
    def script(peer):
        words = peer.request()
        go.wait(30)
        while words is not None:
            peer.send(b"+%s\r\n" % words[-1])
            words = peer.request()

    return script
