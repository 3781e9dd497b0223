# SPDX-License-Identifier: MIT
"""Stands between a client and the daemon, and records what each sends to the other."""

import io
import re
import socket
import threading

from .resp import read_reply

# The end of ECHO cut, which cuts its connection, once: to see how the client comes back.
CUT = b"\r\n$3\r\ncut\r\n"


class Recorder:
    """Listens on a port of its own; use it as a context."""

    def __init__(self, target):
        self.target = target
        self.connections = []  # [bytes from the client, bytes from the daemon] of each
        self.was_cut = False
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.sockets = [self.listener]
        self.threads = []

    def __enter__(self):
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        """The client has ended: what it sent last is still under way."""
        for thread in self.threads:
            thread.join(5)
        for one in self.sockets:
            close(one)

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            server = socket.create_connection(self.target)
            self.sockets += [client, server]
            record = [b"", b""]
            self.connections.append(record)
            for which, source, sink in ((0, client, server), (1, server, client)):
                thread = threading.Thread(target=self._copy, args=(record, which, source, sink),
                                          daemon=True)
                thread.start()
                self.threads.append(thread)

    def _copy(self, record, which, source, sink):
        while True:
            try:
                data = source.recv(1 << 16)
                record[which] += data
                if which == 0 and not self.was_cut and CUT in record[0]:
                    self.was_cut = True
                    close(source)
                    close(sink)
                    return
                if data:
                    sink.sendall(data)
                else:
                    sink.shutdown(socket.SHUT_WR)
                    return
            except OSError:
                return

    def requests(self):
        """For each connection, in the order in which they were opened: lists of words."""
        return [parse_requests(sent) for sent, _ in self.connections]

    def errors(self):
        """The error replies."""
        return [error.decode() for _, received in self.connections
                for error in re.findall(rb"(?:^|\r\n)-([^\r]*)", received)]


def close(one):
    """Tells the other side, too, where another thread still waits for this socket."""
    try:
        one.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
    one.close()


def parse_requests(data):
    stream = io.BytesIO(data)

    def read_line():
        line = stream.readline()
        if not line.endswith(b"\r\n"):
            raise EOFError
        return line[:-2]

    found = []
    try:
        while True:
            words = read_reply(read_line, stream.read)
            found.append([word.decode() for word in words])
    except EOFError:
        return found
