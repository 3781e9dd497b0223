#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""REVERSE text, behind reactord's relay: service.py PATH-OF-A-UNIX-SOCKET"""
import os
import socketserver
import sys


def read_words(stream):
    """One request: an array of bulk strings. No words: the end."""
    count = int(stream.readline()[1:] or 0)
    return [stream.read(int(stream.readline()[1:]) + 2)[:-2] for _ in range(count)]


class Service(socketserver.StreamRequestHandler):
    def handle(self):
        while words := read_words(self.rfile):
            if words[0].upper() == b"REVERSE" and len(words) == 2:
                self.wfile.write(b"$%d\r\n%s\r\n" % (len(words[1]), words[1][::-1]))
            else:  # PING among them: any answer tells that the service lives
                self.wfile.write(b"-ERR try REVERSE text\r\n")


if os.path.exists(sys.argv[1]):
    os.unlink(sys.argv[1])
socketserver.ThreadingUnixStreamServer(sys.argv[1], Service).serve_forever()
