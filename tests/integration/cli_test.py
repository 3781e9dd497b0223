# SPDX-License-Identifier: MIT
"""reactor-cli, the built program, against scripted servers: friendly, slow, broken and hostile."""

import json
import re
import resource
import socket
import os
import subprocess
import time

import pexpect
import pytest

from harness.cli import CLI, MAX_RUN_SECONDS, cli
from harness.net import free_port
from harness.scripted import echo, replies

# --- one request

def test_one_request_prints_the_bare_value(serve):
    server = serve(replies(b":5\r\n"))
    done = cli(server, "ceil", "4.40")
    assert (done.returncode, done.stdout, done.stderr) == (0, b"5\n", b"")
    assert server.received == b"*2\r\n$4\r\nceil\r\n$4\r\n4.40\r\n"


def test_words_are_sent_as_they_are(serve):
    server = serve(echo)
    done = cli(server, "text", "a \"b\"\n\\ \u00e9")
    assert done.stdout == "a \"b\"\n\\ \u00e9\n".encode()
    assert cli(server, "ceil", "-0.5").stdout == b"-0.5\n"
    assert cli(server, "text", "--help").stdout == b"--help\n"
    assert cli(server, "text", "").stdout == b"\n"


def test_a_unix_socket(serve):
    assert cli(serve(echo, unix=True), "text", "hi").stdout == b"hi\n"


def test_host_and_port_and_names(serve):
    server = serve(echo)
    for host in ("127.0.0.1", "localhost"):
        done = cli(None, "--host", host, "--port", str(server.port), "text", "hi")
        assert (done.returncode, done.stdout) == (0, b"hi\n")


def test_an_error_goes_to_stderr_and_the_exit_code(serve):
    done = cli(serve(echo), "nope")
    assert (done.returncode, done.stdout) == (1, b"")
    assert done.stderr == b"ERR unknown command 'nope'\n"


def test_repeat_asks_again_over_one_connection(serve):
    server = serve(echo)
    begun = time.monotonic()
    done = cli(server, "--repeat", "3", "--interval", "100ms", "text", "hi")
    assert (done.returncode, done.stdout) == (0, b"hi\n" * 3)
    assert server.connections == 1
    assert time.monotonic() - begun >= 0.2


def test_json(serve):
    server = serve(replies(b"%2\r\n+a\r\n*2\r\n:1\r\n_\r\n+b\r\n$1\r\n\xff\r\n"))
    done = cli(server, "--json", "x")
    assert json.loads(done.stdout) == {"a": [1, None], "b": {"base64": "/w=="}}
    done = cli(serve(echo), "--json", "nope")
    assert json.loads(done.stdout) == {"error": "ERR unknown command 'nope'"}
    assert (done.returncode, done.stderr) == (1, b"")


def test_an_answer_in_single_bytes(serve):
    def script(peer):
        peer.request()
        for byte in b"*2\r\n$5\r\nhello\r\n:7\r\n":
            peer.send(bytes([byte]))
            time.sleep(0.002)
        peer.wait_for_end()

    assert cli(serve(script), "x").stdout == b"hello\n7\n"


def test_a_refusal_that_closes_at_once_is_shown(serve):
    def script(peer):
        peer.send(b"-ERR max number of clients reached\r\n")

    done = cli(serve(script), "ping")
    assert done.returncode == 1
    assert done.stderr == b"ERR max number of clients reached\n"


def test_help_and_version():
    done = cli(None, "--help")
    assert done.returncode == 0
    assert b"reactor-cli ceil 4.40" in done.stdout
    lines = done.stdout.decode().splitlines()
    assert len(lines) < 24 and max(map(len, lines)) <= 80
    assert re.fullmatch(rb"reactor-cli \d+\.\d+\.\d+\n", cli(None, "--version").stdout)


def test_help_of_the_conversations():
    for word in ("operator", "chat", "doctor", "top", "upgrade", "--stat"):
        done = subprocess.run([CLI, word, "--help"], capture_output=True, timeout=MAX_RUN_SECONDS,
                              check=True)
        lines = done.stdout.decode().splitlines()
        assert lines[0].startswith(f"Usage: reactor-cli {word}")
        assert len(lines) < 24 and max(map(len, lines)) <= 80


@pytest.mark.parametrize("args, part", [
    (["--timeout", "soon", "ping"], b"500ms, 2s"),
    (["--repeat", "-3", "ping"], b"whole number from 1"),
    (["--port", "99999", "ping"], b"1 to 65535"),
    (["--framing", "smoke", "ping"], b"resp, line or raw"),
    (["--tiemout", "2s", "ping"], b"--tiemout"),
])
def test_usage_errors(args, part):
    done = cli(None, *args)
    assert (done.returncode, done.stdout) == (2, b"")
    assert part in done.stderr


# --- no server, or a bad one

def test_nobody_listens():
    port = free_port()
    done = cli(None, "--port", str(port), "ping")
    assert done.returncode == 3
    assert f"cannot connect to 127.0.0.1:{port}: Connection refused".encode() in done.stderr
    assert b"is reactord running" in done.stderr and b"--uri" in done.stderr
    assert cli(None, "--uri", "unix:/nonexistent/socket", "ping").returncode == 3
    assert cli(None, "--host", "no-such-host.invalid", "ping").returncode == 3


def test_a_server_that_never_answers(serve):
    server = serve(lambda peer: peer.wait_for_end())
    done = cli(server, "--timeout", "300ms", "ping")
    assert done.returncode == 4
    assert b"within 300ms" in done.stderr and b"--timeout" in done.stderr


def test_a_server_that_trickles_for_ever(serve):
    def script(peer):
        peer.send(b"+")
        while True:
            peer.send(b"x")
            time.sleep(0.05)

    assert cli(serve(script), "--timeout", "500ms", "ping").returncode == 4


def reset(peer, data):
    peer.request()
    peer.send(data)
    peer.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")


@pytest.mark.parametrize("answer", [
    b"", b"$10\r\nhalf", b"*2\r\n:1\r\n", b"+O", b"$1\r\na\r",
])
def test_a_close_with_an_answer_owed(serve, answer):
    def script(peer):
        peer.request()
        peer.send(answer)

    done = cli(serve(script), "ping")
    assert (done.returncode, done.stdout) == (5, b"")
    assert b"closed the connection" in done.stderr
    done = cli(serve(lambda peer: reset(peer, answer)), "ping")
    assert done.returncode == 5


@pytest.mark.parametrize("answer", [
    b"*1\r\n" * 100_000,
    b"*9223372036854775808\r\n",
    b"*4294967296\r\n",
    b"%9223372036854775807\r\n",
    b"$9223372036854775808\r\n",
    b"$99999999999999999999999\r\n",
    b"$2147483648\r\n",
    b"$-2\r\n",
    b"$1\r\nab\r\n",
    b"*1\r\n>1\r\n+x\r\n",
    b"HTTP/1.1 400 Bad Request\r\n\r\n",
    b"\x15\x03\x01\x00\x02\x02\x46",
    b"SSH-2.0-OpenSSH_9.2\r\n",
    b"\x00" * 1000,
    b":" + b"9" * 100_000 + b"\r\n",
], ids=lambda answer: repr(answer[:12]))
def test_what_is_no_reply(serve, answer):
    done = cli(serve(replies(answer)), "ping")
    assert (done.returncode, done.stdout) == (5, b"")
    assert b"broke the protocol" in done.stderr
    assert len(done.stderr) < 500
    assert b"\x00" not in done.stderr


@pytest.mark.parametrize("start, endless", [
    (b"-ERR ", b"x" * 65536),
    (b"*?\r\n", b":1\r\n" * 16384),
    (b"*2000000\r\n", b"*2000000\r\n" * 6554),
    (b"", b">0\r\n" * 16384),
], ids=["line", "stream", "nesting", "pushes"])
@pytest.mark.parametrize("from_stdin", [False, True])
def test_an_answer_without_end_is_bounded_in_memory_and_time(serve, start, endless, from_stdin):
    def script(peer):
        peer.request()
        peer.send(start)
        while True:
            peer.send(endless)

    command = [] if from_stdin else ["ping"]
    done = cli(serve(script), "--timeout", "1s", *command, stdin=b"ping\n")
    assert done.returncode in (4, 5)
    max_resident_kib = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    assert max_resident_kib < 1 << 20


def test_replies_nobody_asked_for(serve):
    server = serve(replies(b"+OK\r\n+EVIL\r\n", b"+late\r\n"))
    done = cli(server, "--repeat", "2", "--interval", "50ms", "ping")
    assert (done.returncode, done.stdout) == (5, b"OK\n")
    assert b"no request asked for" in done.stderr
    # The answer that was asked for is good, whatever follows it.
    assert cli(server, "ping").stdout == b"OK\n"


# --- from standard input

def test_lines_are_pipelined_and_answered_in_order(serve):
    stdin = b"text one\n\ntext \"two  words\"\r\nnope\n  text 'th\"ree'\ntext last"
    done = cli(serve(echo), stdin=stdin)
    assert done.returncode == 1
    assert done.stdout == b"one\ntwo  words\nth\"ree\nlast\n"
    assert done.stderr == b"ERR unknown command 'nope'\n"


def test_json_lines_are_one_value_an_answer(serve):
    done = cli(serve(echo), "--json", stdin=b"text a\nnope\ntext \"b\ntext c\n")
    values = [json.loads(line) for line in done.stdout.splitlines()]
    assert values[0] == "a" and values[3] == "c"
    assert values[1] == {"error": "ERR unknown command 'nope'"}
    assert "line 3" in values[2]["error"]
    assert done.returncode == 2


def test_a_bad_line_is_named_and_not_sent(serve):
    server = serve(echo)
    done = cli(server, stdin=b"text a\ntext \"open\ntext b\n")
    assert (done.returncode, done.stdout) == (2, b"a\nb\n")
    assert b"line 2" in done.stderr
    assert b"open" not in server.received


def test_many_requests_with_a_bound_in_flight(serve):
    in_flight = []

    def script(peer):
        # Answers only when the client has stopped sending.
        peer.connection.settimeout(0.3)
        try:
            while peer.recv():
                pass
        except TimeoutError:
            pass
        count = peer.server.received.count(b"*2\r\n")
        in_flight.append(count)
        peer.connection.settimeout(MAX_RUN_SECONDS)
        peer.send(b"+OK\r\n" * count)
        for _ in range(20_000 - count):
            assert peer.request() is not None
            peer.send(b"+OK\r\n")

    done = cli(serve(script), stdin=b"text x\n" * 20_000)
    assert (done.returncode, done.stdout) == (0, b"OK\n" * 20_000)
    assert 100 <= in_flight[0] <= 1000


def test_large_requests_and_answers_do_not_deadlock(serve):
    line = b"text " + b"x" * 300_000 + b"\n"
    done = cli(serve(echo), stdin=line * 40)
    assert done.returncode == 0
    assert len(done.stdout) == 40 * 300_001


def test_answers_come_while_input_stays_open(serve):
    server = serve(echo)
    with subprocess.Popen([CLI, "--uri", server.uri], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE) as process:
        for word in (b"one", b"two"):
            process.stdin.write(b"text " + word + b"\n")
            process.stdin.flush()
            assert process.stdout.readline() == word + b"\n"
        process.stdin.close()
        assert process.wait(MAX_RUN_SECONDS) == 0


def test_a_server_that_leaves_in_the_middle_of_a_batch(serve):
    done = cli(serve(lambda peer: peer.send(b"+OK\r\n") if peer.request() else None),
               stdin=b"a\nb\nc\n")
    assert (done.returncode, done.stdout) == (5, b"OK\n")
    assert b"2 requests unanswered" in done.stderr


def test_a_server_that_stalls_in_the_middle_of_a_batch(serve):
    done = cli(serve(replies(b"+OK\r\n")), "--timeout", "300ms", stdin=b"a\nb\n")
    assert (done.returncode, done.stdout) == (4, b"OK\n")


def test_a_close_after_the_last_answer_is_fine(serve):
    done = cli(serve(lambda peer: peer.send(b"+OK\r\n") if peer.request() else None),
               stdin=b"quit\n")
    assert (done.returncode, done.stdout, done.stderr) == (0, b"OK\n", b"")


def test_empty_input(serve):
    done = cli(serve(echo), stdin=b"\n \n")
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


def test_a_reader_that_leaves_ends_the_client_quietly(serve):
    server = serve(echo)
    done = subprocess.run(
        ["bash", "-c", f"yes 'text hello' | {CLI} --uri {server.uri} | head -n 2"],
        capture_output=True, timeout=MAX_RUN_SECONDS, check=False)
    assert (done.stdout, done.stderr) == (b"hello\nhello\n", b"")


def test_a_full_disk_is_told(serve):
    with open("/dev/full", "wb") as full:
        done = subprocess.run([CLI, "--uri", serve(echo).uri, "text", "x"], stdout=full,
                              stderr=subprocess.PIPE, timeout=MAX_RUN_SECONDS, check=False)
    assert done.returncode == 1
    assert b"No space left on device" in done.stderr


# --- habits of redis-cli

def test_the_last_argument_may_come_from_standard_input(serve):
    done = cli(serve(echo), "-x", "text", stdin=b"a\nb\x00\xff\n")
    assert (done.returncode, done.stdout) == (0, b"a\nb\x00\xff\n\n")


def test_a_password_is_sent_before_the_request(serve):
    def script(peer):
        words = peer.request()
        good = words in ([b"AUTH", b"secret"], [b"AUTH", b"me", b"secret"])
        peer.send(b"+OK\r\n" if good else b"-WRONGPASS no\r\n")
        while peer.request() is not None:
            peer.send(b"+PONG\r\n")

    server = serve(script)
    environment = {"PATH": os.environ["PATH"], "REACTORCLI_AUTH": "secret"}
    assert cli(server, "ping", env=environment).stdout == b"PONG\n"
    assert cli(server, stdin=b"ping\n", env=environment).stdout == b"PONG\n"
    place = server.uri.removeprefix("tcp://")
    assert cli(None, "--uri", f"redis://me:secret@{place}", "ping").stdout == b"PONG\n"
    done = cli(None, "--uri", f"redis://:wrong@{place}", "ping")
    assert done.returncode == 1
    assert b"refused the password of REACTORCLI_AUTH or --uri: WRONGPASS no" in done.stderr


# --- push messages in a pipe

NEWS = b">2\r\n$4\r\nnews\r\n$5\r\nhello\r\n"


def news(peer):
    """Pushes at once, then twice more, and closes."""
    assert peer.request() == [b"HELLO", b"3"]
    peer.send(b"%1\r\n+proto\r\n:3\r\n")
    assert [word.lower() for word in peer.request()] == [b"news", b"follow"]
    peer.send(NEWS + b"+OK\r\n" + NEWS + NEWS)


@pytest.mark.parametrize("arguments, lines", [(["news", "follow"], b""), ([], b"news follow\n")])
def test_pushes_are_printed_as_they_come(serve, arguments, lines):
    done = cli(serve(news), "--push", *arguments, stdin=lines)
    assert done.stdout.split() == [b"news", b"hello", b"OK"] + [b"news", b"hello"] * 2
    assert done.returncode == 5 and b"closed the connection" in done.stderr


def test_pushes_need_resp3(serve):
    done = cli(serve(replies(b"-NOPROTO unsupported protocol version\r\n")), "--push", "ping")
    assert done.returncode == 1 and b"--push needs RESP3" in done.stderr
    done = cli(serve(replies(b"+OK\r\n*2\r\n$4\r\nnews\r\n$1\r\nx\r\n")), "-r", "2", "news", "follow")
    assert done.returncode == 5 and b"push messages need --push" in done.stderr


@pytest.mark.parametrize("columns", [20, 40])
def test_a_narrow_terminal_gets_whole_words(columns):
    shown = pexpect.spawn(CLI, ["--help"], dimensions=(24, columns), timeout=30, encoding="utf-8").read()
    whole = cli(None, "--help").stdout.decode()
    assert shown.split() == whole.split()
    assert all(len(line) <= columns or len(line.split()) == 1 for line in shown.splitlines())
    shown = pexpect.spawn(CLI, ["--port", "70000"], dimensions=(24, columns), timeout=30,
                          encoding="utf-8").read()
    whole = cli(None, "--port", "70000").stderr.decode()
    assert shown.split() == whole.split() and all(len(line) <= columns for line in shown.splitlines())
