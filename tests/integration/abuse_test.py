# SPDX-License-Identifier: MIT
"""Protocol abuse as one table: bytes, exact reply, stays open or closes.

Each row is also played in every two-way split; long rows in a sample of their splits.
"""

import time
from dataclasses import dataclass

import pytest

from harness.client import eventually, shown
from harness.resp import request

MIB = 1 << 20
STAYS, CLOSES = "stays open", "closes"
MAX_SPLITS = 100


@dataclass(frozen=True)
class Row:
    name: str
    sent: bytes
    reply: bytes
    then: str
    listener: str = "main"


def error(text):
    """A protocol error as an array's sender sees it."""
    return b"-ERR Protocol error: " + text + b"\r\n"


def plain_error(text):
    """The same for the sender of a line."""
    return b"(error) ERR Protocol error: " + text + b"\n"


BAD_COUNT = error(b"invalid multibulk length")
BAD_LENGTH = error(b"invalid bulk length")
TOO_MANY = error(b"invalid multibulk length, more than max_arguments (1048576)")
TOO_BIG = error(b"invalid bulk length, the frame would exceed max_frame (16777216 bytes)")
NO_CRLF = error(b"bulk string not followed by CRLF")
PING = request("PING")

TABLE = [
    # Counts.
    Row("count 0", b"*0\r\n", b"", STAYS),
    Row("count -1", b"*-1\r\n", b"", STAYS),
    Row("count -2^31", b"*-2147483648\r\n", b"", STAYS),
    Row("count over the limit", b"*1048577\r\n", TOO_MANY, CLOSES),
    Row("count 2^31-1", b"*2147483647\r\n", TOO_MANY, CLOSES),
    Row("count 2^31", b"*2147483648\r\n", BAD_COUNT, CLOSES),
    Row("count 2^32", b"*4294967296\r\n", BAD_COUNT, CLOSES),
    Row("count 2^32+1", b"*4294967297\r\n", BAD_COUNT, CLOSES),
    Row("count 2^63-1", b"*9223372036854775807\r\n", BAD_COUNT, CLOSES),
    Row("count 2^63", b"*9223372036854775808\r\n", BAD_COUNT, CLOSES),
    Row("count 2^64+1", b"*18446744073709551617\r\n", BAD_COUNT, CLOSES),
    Row("count with sign", b"*+1\r\n$4\r\nPING\r\n", BAD_COUNT, CLOSES),
    Row("count with blank", b"* 1\r\n$4\r\nPING\r\n", BAD_COUNT, CLOSES),
    Row("count with blank behind", b"*1 \r\n$4\r\nPING\r\n", BAD_COUNT, CLOSES),
    Row("count with leading zero", b"*01\r\n$4\r\nPING\r\n", BAD_COUNT, CLOSES),
    Row("count -0", b"*-0\r\n", BAD_COUNT, CLOSES),
    Row("count hex", b"*0x1\r\n", BAD_COUNT, CLOSES),
    Row("count empty", b"*\r\n", BAD_COUNT, CLOSES),
    Row("count only a sign", b"*-\r\n", BAD_COUNT, CLOSES),
    Row("count a word", b"*abc\r\n", BAD_COUNT, CLOSES),
    Row("count with NUL", b"*1\0\r\n", BAD_COUNT, CLOSES),
    Row("count ended by LF alone", b"*1\n$4\r\nPING\r\n", BAD_COUNT, CLOSES),
    Row("count ended by CR alone", b"*1\r$4\r\nPING\r\n", BAD_COUNT, CLOSES),
    Row("count without end", b"*" + b"1" * 100, error(b"too big mbulk count string"), CLOSES),
    # Lengths.
    Row("length 0", b"*2\r\n$4\r\nECHO\r\n$0\r\n\r\n", b"$0\r\n\r\n", STAYS),
    Row("length -1", b"*1\r\n$-1\r\n", BAD_LENGTH, CLOSES),
    Row("length over the limit", b"*1\r\n$16777216\r\n", TOO_BIG, CLOSES),
    Row("length 2^31-1", b"*1\r\n$2147483647\r\n", TOO_BIG, CLOSES),
    Row("length 2^31", b"*1\r\n$2147483648\r\n", BAD_LENGTH, CLOSES),
    Row("length 2^32", b"*1\r\n$4294967296\r\n", BAD_LENGTH, CLOSES),
    Row("length 2^32+4", b"*1\r\n$4294967300\r\nPING\r\n", BAD_LENGTH, CLOSES),
    Row("length 2^63", b"*1\r\n$9223372036854775808\r\n", BAD_LENGTH, CLOSES),
    Row("length 2^64+4", b"*1\r\n$18446744073709551620\r\nPING\r\n", BAD_LENGTH, CLOSES),
    Row("length with sign", b"*1\r\n$+4\r\nPING\r\n", BAD_LENGTH, CLOSES),
    Row("length with leading zero", b"*1\r\n$04\r\nPING\r\n", BAD_LENGTH, CLOSES),
    Row("length with trailing text", b"*1\r\n$4x\r\nPING\r\n", BAD_LENGTH, CLOSES),
    Row("length empty", b"*1\r\n$\r\nPING\r\n", BAD_LENGTH, CLOSES),
    Row("length a word", b"*1\r\n$four\r\nPING\r\n", BAD_LENGTH, CLOSES),
    Row("length ended by LF alone", b"*1\r\n$4\nPING\r\n", BAD_LENGTH, CLOSES),
    Row("length without end", b"*1\r\n$" + b"1" * 100, error(b"too big bulk count string"), CLOSES),
    # Bulks.
    Row("no $", b"*1\r\nPING\r\n", error(b"expected '$', got 'P'"), CLOSES),
    Row("array in array", b"*1\r\n*1\r\n$4\r\nPING\r\n", error(b"expected '$', got '*'"), CLOSES),
    Row("integer for a bulk", b"*1\r\n:4\r\n", error(b"expected '$', got ':'"), CLOSES),
    Row("line end for a bulk", b"*1\r\n\r\n", error(b"expected '$', got '\\r'"), CLOSES),
    Row("NUL for a bulk", b"*1\r\n\0", error(b"expected '$', got '\\x00'"), CLOSES),
    Row("bulk too long for its length", b"*1\r\n$4\r\nPINGS\r\n", NO_CRLF, CLOSES),
    Row("bulk ended by LF alone", b"*1\r\n$4\r\nPING\nX", NO_CRLF, CLOSES),
    Row("bulk ended by CR and more", b"*1\r\n$4\r\nPING\rX", NO_CRLF, CLOSES),
    Row("a command in a payload does not run",
        b"*2\r\n$4\r\nECHO\r\n$1\r\n" + PING * 2, NO_CRLF, CLOSES),
    Row("good requests before the bad one are answered",
        PING * 3 + b"*x\r\n" + PING, b"+PONG\r\n" * 3 + BAD_COUNT, CLOSES),
    # Bytes.
    Row("NUL in an argument", request("ECHO", b"\0\0"), b"$2\r\n\0\0\r\n", STAYS),
    Row("line ends in an argument", request("ECHO", b"\r\n*1\r\n"), b"$6\r\n\r\n*1\r\n\r\n", STAYS),
    Row("every byte", request("ECHO", bytes(range(256))),
        b"$256\r\n" + bytes(range(256)) + b"\r\n", STAYS),
    Row("NUL in a line", b"ECHO a\0b\n", b"a\\x00b\n", STAYS),
    Row("CR in a line", b"ECHO a\rb\n",
        b"(error) ERR wrong number of arguments for 'echo' command\n", STAYS),
    Row("two CR before LF", b"ECHO a\r\r\n", b"a\n", STAYS),
    Row("empty lines", b"\r\n\n\r\n", b"", STAYS),
    Row("a blank line", b"   \r\n", b"", STAYS),
    # Lines.
    Row("unbalanced quotes", b'ECHO "a\n', plain_error(b"unbalanced quotes in request"), STAYS),
    Row("line at its limit", b"TEXT " + b"a" * (65536 - 5) + b"\r\n", b"a" * (65536 - 5) + b"\n",
        STAYS),
    Row("line over its limit", b"TEXT " + b"a" * (65536 - 4) + b"\n",
        plain_error(b"too big inline request"), CLOSES),
    Row("line without end", b"a" * 65540, plain_error(b"too big inline request"), CLOSES),
    # Commands.
    Row("unknown command", request("NOSUCH", "a"),
        b"-ERR unknown command 'NOSUCH', with args beginning with: 'a' \r\n", STAYS),
    Row("empty command", request(""),
        b"-ERR unknown command '', with args beginning with: \r\n", STAYS),
    Row("one request, one reply",
        PING + request("AUTH", "x") + request("NOSUCH") + request("ECHO") + PING,
        b"+PONG\r\n"
        b"-ERR AUTH <password> called without any password configured for the default user. "
        b"Are you sure your configuration is correct?\r\n"
        b"-ERR unknown command 'NOSUCH', with args beginning with: \r\n"
        b"-ERR wrong number of arguments for 'echo' command\r\n+PONG\r\n", STAYS),
    # Listeners that know no commands.
    Row("lines", b"4.40\r\n-0.5\n\n1e2\n", b"5\n0\n100\n", STAYS, "line"),
    Row("an array to a line listener is no array", b"*1\r\n",
        None, STAYS, "line"),
]


def splits_of(sent):
    step = max(1, -(-len(sent) // MAX_SPLITS))
    return range(1, len(sent), step)


def finish(row, client):
    """What came back for the row, having checked how it ends."""
    if row.then == CLOSES:
        return client.read_until_eof()
    if row.listener == "line":
        return client.send(b"6.5\n").read_through(b"7\n").removesuffix(b"7\n")
    end = b"$5\r\nstays\r\n"
    return client.request("ECHO", "stays").read_through(end).removesuffix(end)


def check(row, reply, how):
    if row.reply is None:
        assert reply.startswith(b"(error) ERR ") and reply.count(b"\n") == 1, f"{how}: {shown(reply)}"
    else:
        assert reply == row.reply, f"{how}: got {shown(reply)}, expected {shown(row.reply)}"


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.name)
def test_whole(shared, row):
    client = shared.connect(row.listener).send(row.sent)
    check(row, finish(row, client), "sent whole")


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.name)
def test_every_two_way_split(shared, row):
    played = [(split, shared.connect(row.listener)) for split in splits_of(row.sent)]
    for split, client in played:
        client.send(row.sent[:split])
    time.sleep(0.01)
    for split, client in played:
        try:
            client.send(row.sent[split:])
        except ConnectionError:
            assert row.then == CLOSES, f"cut at {split}"
        check(row, finish(row, client), f"cut at {split}")
        client.close()


@pytest.mark.parametrize("row", [row for row in TABLE if len(row.sent) < 200],
                         ids=lambda row: row.name)
def test_byte_by_byte(shared, row):
    client = shared.connect(row.listener)
    try:
        client.send_pieces([row.sent[i:i + 1] for i in range(len(row.sent))], pause=0.0003)
    except ConnectionError:
        assert row.then == CLOSES
    check(row, finish(row, client), "byte by byte")


# --- bad input of size

def test_twenty_thousand_arguments(client):
    reply = client.call("ECHO", *["x"] * 20_000)
    assert reply == "ERR wrong number of arguments for 'echo' command"
    client.expect_alive()


def test_a_mebibyte_of_digits(client):
    assert client.call("CEIL", "9" * MIB + ".0").startswith("ERR ")
    assert client.call("CEIL", "0" * (MIB // 2) + "4.40" + "0" * (MIB // 2)) == 5
    assert client.call("CEIL", "0." + "0" * (MIB - 3) + "1") == 1
    client.expect_alive()


@pytest.mark.parametrize("real", ["1e999999999", "1e1000000000", "1e9223372036854775808",
                                  "-1e999999999", "1e" + "9" * 1000])
def test_a_huge_exponent_is_an_error_not_an_allocation(shared, real):
    before = shared.memory_bytes()
    assert shared.connect().call("CEIL", real).startswith("ERR ")
    assert shared.memory_bytes() - before < 2 * MIB


@pytest.mark.parametrize("real, result", [("1e-999999999", 1), ("-1e-999999999", 0),
                                          ("0e999999999", 0), ("1e-" + "9" * 1000, 1)])
def test_a_huge_negative_exponent_has_an_answer(client, real, result):
    assert client.call("CEIL", real) == result


@pytest.mark.parametrize("real", ["", " ", "nan", "inf", "-inf", "0x10", "1_000", "1,5", "1e",
                                  "e1", ".", "+", "-", "--1", "1e1.5", "4 4", "\uff14", "1\0", "\0",
                                  "1e+-1"])
def test_no_number(client, real):
    error_text = client.call("CEIL", real)
    assert error_text.startswith("ERR "), error_text
    assert all(" " <= letter for letter in error_text), "the offending text is escaped"
    assert len(error_text) < 400


def test_the_offending_text_is_shortened(client):
    assert len(client.call("CEIL", "x" * MIB)) < 400


def test_a_megabyte_of_wildcards(shared):
    client = shared.connect()
    before = shared.cpu_seconds()
    assert client.call("CONFIG", "GET", "*?" * (MIB // 2)) == "ERR pattern is too long"
    for pattern in "*?", "*a", "[[":
        assert client.call("CONFIG", "GET", pattern * 8000) == []
    assert shared.cpu_seconds() - before < 5
    client.expect_alive()


def test_ten_thousand_connections_come_and_go(shared):
    descriptors = shared.open_descriptors()
    for _ in range(10_000):
        shared.connect(track=False).close()
    eventually(lambda: shared.open_descriptors() <= descriptors + 1, what="descriptors closed")
    shared.connect().expect_alive()


def test_clients_that_reset_in_mid_reply(shared):
    for _ in range(200):
        client = shared.connect(track=False)
        client.send(request("ECHO", "x" * 10_000) * 20)
        client.read_exact(1)
        client.reset()
    shared.connect().expect_alive()
    eventually(lambda: int(shared.info("clients")["connected_clients"]) <= 3)


def test_clients_that_reset_before_they_are_served(shared):
    for _ in range(500):
        client = shared.connect(track=False)
        client.send(PING)
        client.reset()
    shared.connect().expect_alive()


def test_rubbish_never_harms(shared):
    """Seeded noise; every connection ends or answers, and the daemon goes on."""
    import random
    dice = random.Random(20_240_101)
    alphabet = [b"*", b"$", b"\r\n", b"\n", b"\r", b"-", b"1", b"2", b"0", b"PING", b"ECHO", b'"',
                b"'", b"\\", b"\0", b"\xff", b" ", b"CEIL", b"TEXT", b"4.4", b"HELLO", b"3", b":"]
    for _ in range(500):
        client = shared.connect(track=False)
        client.send(b"".join(dice.choice(alphabet) for _ in range(dice.randrange(1, 40))))
        try:
            client.half_close()
            client.read_until_eof()
        except (OSError, AssertionError) as problem:
            assert "Timeout" not in repr(problem), problem
        client.close()
    shared.connect().expect_alive()
