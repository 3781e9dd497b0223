# SPDX-License-Identifier: MIT
"""Writes RESP requests and reads RESP2 and RESP3 replies, keeping their types apart."""


class Simple(str):
    """A simple string: +OK"""


class Error(str):
    """An error reply: -ERR ..."""


class BigNumber(int):
    """A big number of RESP3: (123"""


class Verbatim(str):
    """A verbatim text of RESP3: =15 txt:..."""


class Push(list):
    """Out-of-band data of RESP3: >2"""


def request(*words):
    """A request as an array of bulk strings; words are str, bytes or numbers."""
    raw = [word if isinstance(word, bytes) else str(word).encode() for word in words]
    return b"*%d\r\n" % len(raw) + b"".join(b"$%d\r\n%s\r\n" % (len(w), w) for w in raw)


def read_reply(read_line, read_exact):
    """Reads one reply; `read_line` gives a line without its CRLF, `read_exact` that many bytes."""

    def bulk():
        body = read_exact(int(rest))
        assert read_exact(2) == b"\r\n", "a bulk reply is not followed by CRLF"
        return body

    def items(count):
        return [read_reply(read_line, read_exact) for _ in range(count)]

    line = read_line()
    kind, rest = line[:1], line[1:]
    if kind == b"+":
        return Simple(rest.decode())
    if kind == b"-":
        return Error(rest.decode())
    if kind == b":":
        return int(rest)
    if kind == b"(":
        return BigNumber(rest)
    if kind == b",":
        return float(rest)
    if kind == b"#":
        return {b"t": True, b"f": False}[rest]
    if kind == b"_" or rest == b"-1":
        return None
    if kind == b"$":
        return bulk()
    if kind == b"=":
        return Verbatim(bulk()[4:].decode())
    if kind in (b"*", b"~"):
        return items(int(rest))
    if kind == b">":
        return Push(items(int(rest)))
    if kind == b"%":
        flat = items(2 * int(rest))
        return {freeze(key): value for key, value in zip(flat[::2], flat[1::2])}
    raise AssertionError(f"not a RESP reply: {line[:80]!r}")


def freeze(key):
    return tuple(key) if isinstance(key, list) else key


def pairs(reply):
    """A map reply as a dict, whichever protocol version it came in."""
    if isinstance(reply, dict):
        return reply
    return dict(zip(reply[::2], reply[1::2]))


def shape(reply):
    """The reply's types without its values, to compare two servers."""
    if isinstance(reply, dict):
        return {key: shape(value) for key, value in reply.items()}
    if isinstance(reply, list):
        return [type(reply).__name__] + [shape(item) for item in reply]
    return type(reply).__name__
