# SPDX-License-Identifier: MIT
"""One port, two encodings: each reply speaks the encoding that its request came in."""

import pytest

from harness.resp import BigNumber, Error, Simple, pairs, request


# --- encodings

@pytest.mark.parametrize("line, reply", [
    (b"PING\n", b"PONG\n"),
    (b"PING\r\n", b"PONG\n"),
    (b"ping hello\n", b"hello\n"),
    (b"CEIL 4.40\n", b"5\n"),
    (b"  CEIL \t 4.40  \n", b"5\n"),
    (b"ceil -0.5\n", b"0\n"),
    (b"CEIL 4.00000000000000000000001\n", b"5\n"),
    (b"CEIL 9007199254740993.5\n", b"9007199254740994\n"),
    (b"ECHO ''\n", b"\n"),
])
def test_an_inline_line_gets_a_plain_line(client, line, reply):
    client.send(line).expect(reply).expect_alive()


@pytest.mark.parametrize("words, reply", [
    (("PING",), b"+PONG\r\n"),
    (("PING", "hello"), b"$5\r\nhello\r\n"),
    (("CEIL", "4.40"), b":5\r\n"),
    (("CEIL", "-4.40"), b":-4\r\n"),
    (("CEIL", " 4.40 "), b":5\r\n"),
    (("CEIL", "-.5e0"), b":0\r\n"),
    (("CEIL", "1e3"), b":1000\r\n"),
    (("CEIL", "4."), b":4\r\n"),
    (("ECHO", b"\0\r\n\xff"), b"$4\r\n\0\r\n\xff\r\n"),
    (("TEXT", "hello world"), b"$11\r\nhello world\r\n"),
    (("TEXT", b""), b"$0\r\n\r\n"),
])
def test_an_array_gets_resp2(client, words, reply):
    client.request(*words).expect(reply).expect_alive()


def test_lines_are_plain_until_the_first_array_and_resp_from_then_on(client):
    client.send(b"PING\nCEIL 1.5\r\n" + request("PING") + b"CEIL 1.5\r\nECHO hi\nNOSUCH\n")
    client.expect(b"PONG\n2\n+PONG\r\n:2\r\n$2\r\nhi\r\n")
    assert client.reply().startswith("ERR unknown command 'NOSUCH'")
    client.send(b'ECHO "hi\n')
    assert client.reply() == "ERR Protocol error: unbalanced quotes in request"


def test_an_array_that_is_ignored_is_resp_too(client):
    client.send(b"*0\r\nPING\n").expect(b"+PONG\r\n")


def test_last_words_are_resp_where_the_client_has_spoken_it(daemon):
    one = daemon('[limits]\nmax_inline = "1KiB"\n')
    client = one.connect().send(request("PING")).expect(b"+PONG\r\n").send(b"x" * 2000)
    assert client.read_until_eof() == b"-ERR Protocol error: too big inline request\r\n"


def test_hello_3_in_a_line_changes_nothing_for_lines(client):
    client.send(b"HELLO 3\nPING\n")
    assert client.read_through(b"\n\nPONG\n").startswith(b"server: reactord\n")
    assert isinstance(client.call("CONFIG", "GET", "save"), dict)


def test_resp3_after_hello_3_for_lines_too(client):
    hello = client.call("HELLO", 3)
    assert isinstance(hello, dict) and hello[b"proto"] == 3
    client.send(b"HELLO 3\n")
    assert client.reply()[b"proto"] == 3
    assert isinstance(client.call("INFO", "server"), str), "INFO is a verbatim string in RESP3"
    assert isinstance(client.call("CONFIG", "GET", "save"), dict)
    client.call("HELLO", 2)
    assert isinstance(client.call("CONFIG", "GET", "save"), list)


@pytest.mark.parametrize("real, digits", [
    ("9223372036854775807", 9223372036854775807),
    ("9223372036854775806.5", 9223372036854775807),
    ("9223372036854775807.5", 9223372036854775808),
    ("-9223372036854775808.9", -9223372036854775808),
    ("-9223372036854775809", -9223372036854775809),
    ("1e30", 10**30),
    ("-1e30", -(10**30)),
])
def test_integers_beyond_64_bits(client, real, digits):
    client.send(f"CEIL {real}\n".encode()).expect(f"{digits}\n".encode())
    expected = digits if -2**63 <= digits < 2**63 else str(digits).encode()
    assert client.call("CEIL", real) == expected
    client.call("HELLO", 3)
    assert client.call("CEIL", real) == expected


def test_integers_beyond_64_bits_are_big_numbers_where_a_setting_says_so(daemon):
    client = daemon("[handlers.ceil]\nbig_numbers = true\n").connect()
    assert client.call("CEIL", "1e30") == str(10**30).encode()
    client.call("HELLO", 3)
    big = client.call("CEIL", "1e30")
    assert isinstance(big, BigNumber) and big == 10**30
    assert not isinstance(client.call("CEIL", "4.40"), BigNumber)


def test_a_listener_can_answer_lines_in_resp(shared):
    client = shared.connect("resp")
    client.send(b"PING\r\nCEIL 4.40\r\nTEXT a b\r\nNOSUCH\r\n")
    client.expect(b"+PONG\r\n:5\r\n$3\r\na b\r\n")
    assert client.reply().startswith("ERR unknown command 'NOSUCH'")


# --- plain replies

@pytest.mark.parametrize("line, reply", [
    (rb'ECHO "a\nb"', rb"a\nb"),
    (rb'ECHO "a\r\tb"', rb"a\r\tb"),
    (rb"ECHO 'back\slash'", rb"back\\slash"),
    (rb'ECHO "\x00\x1b[31m"', rb"\x00\x1b[31m"),
    ("ECHO Grüße".encode(), "Grüße".encode()),
    (b"ECHO \xff\xfe", rb"\xff\xfe"),
    ("ECHO a\u202eb".encode(), rb"a\xe2\x80\xaeb"),
    (b"TEXT HELLO world", b"HELLO world"),
    (b'ECHO "ERR no error"', b"ERR no error"),
    (b'ECHO "(error) neither"', rb"\x28error) neither"),
])
def test_a_plain_reply_is_one_safe_line(client, line, reply):
    client.send(line + b"\n").expect(reply + b"\n").expect_alive()


def test_an_error_in_plain_is_a_line_with_a_mark_and_its_code(client):
    client.send(b"NOSUCH\n")
    assert client.read_line().startswith(b"(error) ERR unknown command 'NOSUCH'")
    client.send(b"CEIL four\n")
    assert client.read_line().startswith(b"(error) ERR ")
    client.expect_alive()


def test_nil_in_plain(client):
    client.send(b"CLIENT GETNAME\n").expect(b"(nil)\n")


@pytest.mark.parametrize("command", [b"COMMAND LIST", b"COMMAND DOCS ceil", b"INFO", b"HELP",
                                     b"CONFIG GET *", b"CLIENT LIST", b"HELLO"])
def test_a_long_plain_reply_ends_with_its_only_empty_line(client, command):
    client.send(command + b"\nPING end-of-it\n")
    lines = []
    while not lines or lines[-1] != b"end-of-it":
        lines.append(client.read_line())
    assert lines[-2] == b""
    assert len(lines) > 2 and b"" not in lines[:-2]


# --- inline words

@pytest.mark.parametrize("line, echoed", [
    (rb'ECHO "a b"', b"a b"),
    (rb"ECHO 'a b'", b"a b"),
    (rb'ECHO "\x41\x42"', b"AB"),
    (rb"ECHO '\x41'", rb"\x41"),
    (rb"ECHO 'it\'s'", b"it's"),
    (rb'ECHO "a\"b"', b'a"b'),
    (rb'ECHO ab"c d"', b"abc d"),
    (rb'ECHO ""', b""),
    (rb'"ECHO" x', b"x"),
])
def test_quoting_is_that_of_redis(shared, redis_client, line, echoed):
    ours = shared.connect("resp")
    expected = b"$%d\r\n%s\r\n" % (len(echoed), echoed)
    ours.send(line + b"\r\n").expect(expected)
    redis_client.send(line + b"\r\n").expect(expected)


@pytest.mark.parametrize("line", [b'ECHO "a', b"ECHO 'a", b'ECHO "a"b', b"ECHO 'a'b", b'"'])
def test_unbalanced_quotes_are_an_error(client, line):
    client.send(line + b"\n")
    assert client.read_line() == b"(error) ERR Protocol error: unbalanced quotes in request"


@pytest.mark.parametrize("first", [b"\xff\xfb\x1f\xff\xfb\x20PING", b"PI\xff\xf4\xff\xfd\x06",
                                   b'ECHO "a\xff\xf4\xff\xfd\x06'])
def test_telnets_negotiation_is_told_what_to_choose(client, first):
    """As PuTTY begins in its type Telnet, and Ctrl-C in telnet."""
    client.send(first + b"\r\n")
    told = client.read_line()
    assert told.startswith(b"(error) ERR this is telnet's negotiation") and b"Raw" in told
    client.send(b"PING\r\n")
    assert client.read_line() == b"PONG"


def test_telnets_enter_is_no_argument(client):
    client.send(b"ECHO a\r\0\n")
    assert client.read_line() == b"a"
    client.send(b"\r\0ECHO \xff\xf4\r\n")
    assert client.read_line() == b"\\xff\\xf4"


@pytest.mark.parametrize("line, message", [
    (b"TEXT hello world", b"hello world"),
    (b"TEXT  two  spaces", b" two  spaces"),
    (b"TEXT trailing ", b"trailing "),
    (b'TEXT "quotes stay" \'all\'', b'"quotes stay" \'all\''),
    (b'TEXT say "cheese', b'say "cheese'),
    (b"TEXT ", b""),
    (b"text\ttab", b"tab"),
])
def test_text_takes_the_rest_of_its_line(shared, line, message):
    for end in (b"\n", b"\r\n"):
        shared.connect("resp").send(line + end).expect(b"$%d\r\n%s\r\n" % (len(message), message))


def test_text_over_resp_is_one_argument(client):
    error = client.call("TEXT", "hello", "world")
    assert isinstance(error, Error) and "quote" in str(error)


def test_text_without_a_message_is_an_arity_error(client):
    error = "ERR wrong number of arguments for 'text' command"
    client.send(b"TEXT\n")
    assert client.read_line().decode().startswith("(error) " + error)
    assert client.call("TEXT").startswith(error)


# --- what is ignored

@pytest.mark.parametrize("nothing", [b"\n", b"\r\n", b"\r\n\n\r\n", b"*0\r\n", b"*-1\r\n",
                                     b"*-10\r\n", b"\r\n*0\r\n\n"])
def test_empty_requests_are_ignored(client, nothing):
    client.send(nothing + request("PING") + nothing + b"PING\n").expect(b"+PONG\r\n+PONG\r\n")


# --- the end of input

@pytest.mark.parametrize("sent, replies", [
    (b"CEIL 4.40", b"5\n"),
    (b"PING\nCEIL 4.40", b"PONG\n5\n"),
    (request("PING") + b"PING", b"+PONG\r\n+PONG\r\n"),
    (request("PING") * 3, b"+PONG\r\n" * 3),
    (b"", b""),
    (b"\r\n", b""),
])
def test_a_half_close_gets_every_reply(client, sent, replies):
    client.send(sent).half_close()
    assert client.read_until_eof() == replies


def test_a_half_close_inside_an_array_is_told(client):
    client.send(b"*2\r\n$4\r\nECHO\r\n$5\r\nhel").half_close()
    assert client.read_until_eof().startswith(b"-ERR Protocol error: ")


def test_quit_ends_the_pipeline(client):
    client.send(request("PING") + request("QUIT") + request("PING") + b"PING\n")
    assert client.read_until_eof() == b"+PONG\r\n+OK\r\n"


# --- other protocols

TLS_HELLO = bytes.fromhex("16030100c8010000c40303") + bytes(190)

FOREIGN = {
    "TLS 1.3": (TLS_HELLO, b"\x15\x03"),
    "HTTP GET": (b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", b"HTTP/1.1 400 "),
    "HTTP POST": (b"POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nCEIL 4.4\n",
                  b"HTTP/1.1 400 "),
    "HTTP/2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"HTTP/1.1 400 "),
    "Host line": (b"X-A: b\r\nHost: localhost:12345\r\nCEIL 4.4\r\n", None),
    "SSH": (b"SSH-2.0-OpenSSH_9.2\r\n", None),
    "SMTP": (b"EHLO mail.example.org\r\n", b"554"),
    "PROXY v1": (b"PROXY TCP4 10.0.0.1 10.0.0.2 1234 12345\r\nPING\r\n", b"-ERR "),
    "PROXY v2": (b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c" + bytes(12), None),
    "MQTT": (b"\x10\x10\0\4MQTT\4\2\0\x3c\0\4abcd", None),
    "PostgreSQL": (b"\0\0\0\x10\0\3\0\0user\0me\0\0", None),
}


@pytest.mark.parametrize("name", FOREIGN)
def test_a_foreign_protocol_is_told_and_closed_at_once(shared, name):
    opening, farewell = FOREIGN[name]
    client = shared.connect().send(opening)
    words = client.read_until_eof(limit_seconds=20)
    if farewell is not None:
        assert words.startswith(farewell)
    assert words.count(b"PONG") == 0 and b"\n5\n" not in words, "a smuggled command was run"


def test_a_foreign_protocol_is_recognised_byte_by_byte(shared):
    opening = b"GET / HTTP/1.1\r\n"
    client = shared.connect().send_pieces([opening[i:i + 1] for i in range(len(opening))])
    assert client.read_until_eof(limit_seconds=20).startswith(b"HTTP/1.1 400 ")


@pytest.mark.parametrize("line", [b"GET foo\r\n", b"GETTING warm\n", b"POST\n", b"HELO\n",
                                  b"SSH\n"])
def test_what_only_resembles_another_protocol_is_a_command(client, line):
    client.send(line)
    assert client.read_line().startswith(b"(error) ERR unknown command")
    client.expect_alive()


def test_a_browser_cannot_drive_the_daemon(shared):
    """A cross-protocol form post: the body holds commands, the head gives it away."""
    body = b"\r\n".join([b"CLIENT SETNAME evil", b"TEXT pwned"]) + b"\r\n"
    head = b"POST / HTTP/1.1\r\nHost: 127.0.0.1:12345\r\nContent-Type: text/plain\r\n\r\n"
    shared.connect().send(head + body).read_until_eof(limit_seconds=20)
    assert "pwned" not in shared.log
    clients = shared.connect().call("CLIENT", "LIST")
    assert b"name=evil" not in clients


# --- HELLO

def test_hello_shows_what_clients_look_for(client, redis_client):
    ours, theirs = pairs(client.call("HELLO", 2)), pairs(redis_client.call("HELLO", 2))
    assert list(ours) == list(theirs)
    assert ours[b"server"] and ours[b"role"] == b"master" and ours[b"mode"] == b"standalone"
    assert ours[b"proto"] == 2 and ours[b"modules"] == []
    assert ours[b"id"] == client.call("CLIENT", "ID")


@pytest.mark.parametrize("options", [
    ("4",), ("1",), ("x",), ("3", "NOSUCH"), ("3", "SETNAME"), ("3", "AUTH", "u"),
    ("3", "SETNAME", "new", "NOSUCH"), ("3", "SETNAME", "new", "AUTH", "u", "p"),
    ("3", "SETNAME", "not allowed"),
])
def test_a_bad_hello_changes_nothing(client, redis_client, options):
    client.call("CLIENT", "SETNAME", "old")
    error = client.call("HELLO", *options)
    assert isinstance(error, Error)
    assert str(error) == str(redis_client.call("HELLO", *options))
    assert client.call("CLIENT", "GETNAME") == b"old"
    assert isinstance(client.call("CONFIG", "GET", "save"), list), "still RESP2"


def test_hello_with_every_option(client):
    hello = client.call("HELLO", 3, "AUTH", "default", "", "SETNAME", "me")
    assert isinstance(hello, dict), hello
    assert client.call("CLIENT", "GETNAME") == b"me"


def test_reset_takes_the_connection_back_to_its_beginning(client):
    client.call("HELLO", 3, "SETNAME", "me")
    assert client.call("RESET") == Simple("RESET")
    assert client.call("CLIENT", "GETNAME") is None
    assert isinstance(client.call("CONFIG", "GET", "save"), list)
