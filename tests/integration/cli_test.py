# SPDX-License-Identifier: MIT
"""reactor-cli, the built program, against scripted servers: friendly, slow, broken and hostile.

Needs no reactord. The program is REACTORD_BIN_DIR/reactor-cli, or build/release/bin's.
"""

import json
import os
import re
import resource
import socket
import subprocess
import time
from pathlib import Path

import pexpect
import pytest

TOP = Path(__file__).resolve().parents[2]
BIN_DIR = Path(os.environ.get("REACTORD_BIN_DIR", TOP / "build/release/bin"))
CLI = str(BIN_DIR / "reactor-cli")
MAX_RUN_SECONDS = 30


def replies(*answers):
    """A script that answers the requests with these bytes, in order, and stays connected."""

    def script(peer):
        for answer in answers:
            if peer.request() is None:
                return
            peer.send(answer)
        peer.wait_for_end()

    return script


def echo(peer):
    """Answers each request with its last word; NOPE is an error."""
    while (words := peer.request()) is not None:
        if words[0].upper() == b"NOPE":
            peer.send(b"-ERR unknown command 'nope'\r\n")
        else:
            peer.send(b"$%d\r\n%s\r\n" % (len(words[-1]), words[-1]))


def cli(server, *args, stdin=b"", **options):
    where = ["--uri", server.uri] if server else []
    return subprocess.run([CLI, *where, *args], input=stdin, capture_output=True,
                          timeout=MAX_RUN_SECONDS, check=False, **options)


def closed_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


# --- one request ----------------------------------------------------------------------------------


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
    for word in ("operator", "chat"):
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


# --- no server, or a bad one ----------------------------------------------------------------------


def test_nobody_listens():
    port = closed_port()
    done = cli(None, "--port", str(port), "ping")
    assert done.returncode == 3
    assert f"cannot connect to 127.0.0.1:{port}: Connection refused".encode() in done.stderr
    assert b"is reactord running" in done.stderr and b"--uri" in done.stderr
    assert cli(None, "--uri", "unix:/nonexistent/socket", "ping").returncode == 3
    assert cli(None, "--host", "no-such-host.invalid", "ping").returncode == 3


def test_a_server_that_never_answers(serve):
    server = serve(lambda peer: peer.wait_for_end())
    begun = time.monotonic()
    done = cli(server, "--timeout", "300ms", "ping")
    assert done.returncode == 4
    assert b"within 300ms" in done.stderr and b"--timeout" in done.stderr
    assert time.monotonic() - begun < 5


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


# --- from standard input --------------------------------------------------------------------------


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


# --- line framing ---------------------------------------------------------------------------------


def line_server(peer):
    while (line := peer.line()) is not None:
        peer.send(b"ERR bad number\n" if line == b"bad" else b"<" + line + b">\r\n")


def test_line_framing(serve):
    server = serve(line_server)
    done = cli(server, "--framing", "line", "4.40", "b")
    assert (done.returncode, done.stdout) == (0, b"<4.40 b>\n")
    done = cli(server, "--framing", "line", stdin=b"a \"b\"  c\n\nbad\nlast")
    assert (done.returncode, done.stdout) == (1, b"<a \"b\"  c>\n<last>\n")
    assert done.stderr == b"ERR bad number\n"
    assert cli(server, "--framing", "line", "--json", "x").stdout == b"\"<x>\"\n"


def test_line_framing_prints_further_lines(serve):
    def script(peer):
        peer.line()
        peer.send(b"first\n")
        time.sleep(0.05)
        peer.send(b"second\n\nunfinished")

    done = cli(serve(script), "--framing", "line", "help")
    assert (done.returncode, done.stdout) == (0, b"first\nsecond\n\nunfinished\n")


def test_a_line_cannot_hold_a_line_break(serve):
    assert cli(serve(line_server), "--framing", "line", "a\nb").returncode == 2


# --- raw ------------------------------------------------------------------------------------------


def test_raw_with_the_classic_lab_server(serve):
    """Accepts once, receives up to 32 bytes, answers after a while, and closes."""

    def script(peer):
        peer.recv(32)
        time.sleep(1.5)
        peer.send(b"a line that a person typed\n")

    server = serve(script)
    done = cli(server, "--framing", "raw", "hello", "there")
    assert (done.returncode, done.stdout) == (0, b"a line that a person typed\n")
    assert server.received == b"hello there"
    # More than it reads: its close resets the connection behind the answer.
    done = cli(server, "--framing", "raw", "x" * 100)
    assert (done.returncode, done.stdout) == (0, b"a line that a person typed\n")


def test_raw_with_a_server_that_stays(serve):
    def script(peer):
        while peer.recv():
            peer.send(b"5")

    begun = time.monotonic()
    done = cli(serve(script), "--framing", "raw", "4.40")
    assert (done.returncode, done.stdout) == (0, b"5")
    assert time.monotonic() - begun < 5


def test_raw_with_a_server_that_ignores_the_half_close(serve):
    def script(peer):
        peer.recv()
        peer.send(b"5")
        time.sleep(4)

    begun = time.monotonic()
    assert cli(serve(script), "--framing", "raw", "4.40").stdout == b"5"
    assert time.monotonic() - begun < 3.5


def test_raw_answer_in_two_segments(serve):
    def script(peer):
        peer.recv()
        peer.send(b"one ")
        time.sleep(0.5)
        peer.send(b"two")

    assert cli(serve(script), "--framing", "raw", "x").stdout == b"one two"


def test_raw_does_not_half_close_before_the_answer(serve):
    ended_early = []

    def script(peer):
        peer.recv()
        peer.connection.settimeout(0.7)
        try:
            ended_early.append(peer.recv() == b"")
        except TimeoutError:
            ended_early.append(False)
        peer.send(b"ok")

    assert cli(serve(script), "--framing", "raw", "x").stdout == b"ok"
    assert ended_early == [False]


def test_raw_from_stdin_is_sent_as_it_is_and_half_closed(serve):
    def script(peer):
        peer.wait_for_end()
        peer.send(peer.server.received[::-1])

    data = bytes(range(256)) * 1000
    assert cli(serve(script), "--framing", "raw", stdin=data).stdout == data[::-1]


def test_raw_without_an_answer(serve):
    done = cli(serve(lambda peer: peer.recv()), "--framing", "raw", "x")
    assert done.returncode == 5
    assert b"without an answer" in done.stderr
    done = cli(serve(lambda peer: peer.wait_for_end()), "--framing", "raw", "--timeout", "300ms",
               "x")
    assert done.returncode == 4


# --- the prompt -----------------------------------------------------------------------------------


DOCS = (b"%3\r\n"
        b"$4\r\nceil\r\n%2\r\n$7\r\nsummary\r\n$9\r\nRounds up\r\n$9\r\narguments\r\n*1\r\n"
        b"%2\r\n$4\r\nname\r\n$4\r\nreal\r\n$4\r\ntype\r\n$6\r\nstring\r\n"
        b"$4\r\ntext\r\n%1\r\n$7\r\nsummary\r\n$16\r\n\x1b]0;owned\x07Echoes\r\n"
        b"$7\r\nev\x1b[2Jl\r\n%0\r\n")


def prompt_server(peer):
    while (words := peer.request()) is not None:
        name = words[0].upper()
        if name == b"HELLO":
            peer.send(b"%1\r\n+proto\r\n:3\r\n")
        elif name == b"COMMAND":
            peer.send(DOCS)
        elif name == b"DROP":
            peer.send(b"$100\r\nhalf")
            return
        elif name == b"NOPE":
            peer.send(b"-ERR \x1b[2Jno\r\n")
        elif name == b"MAP":
            peer.send(b"%2\r\n+a\r\n:1\r\n+long\r\n:2\r\n")
        elif name != b"SILENCE":
            peer.send(b"$%d\r\n%s\r\n" % (len(words[-1]), words[-1]))


class Prompt:
    def __init__(self, server, tmp_path, **environment):
        env = {"PATH": os.environ["PATH"], "TERM": "vt100", "HOME": str(tmp_path),
               "LC_ALL": "C.UTF-8", "NO_COLOR": "1", **environment}
        self.child = pexpect.spawn(CLI, ["--uri", server.uri], env=env, timeout=10,
                                   dimensions=(24, 120))
        self.prompt = re.escape(server.uri.removeprefix("tcp://")) + "> "
        self.child.expect(self.prompt)

    def ask(self, line):
        """The answer to a line, up to the next prompt."""
        self.child.sendline(line)
        self.child.expect("\r\n")
        self.child.expect(self.prompt)
        return self.child.before

    def leave(self):
        self.child.send("\x04")
        self.child.expect(pexpect.EOF)
        self.child.close()
        assert self.child.exitstatus == 0


@pytest.fixture
def prompt(serve, tmp_path):
    prompt = Prompt(serve(prompt_server), tmp_path)
    yield prompt
    prompt.child.close(force=True)


def test_prompt_answers_and_leaves(prompt):
    assert prompt.ask("text \"hello  world\"") == b"hello  world\r\n"
    assert prompt.ask("map") == b"a:    1\r\nlong: 2\r\n"
    assert prompt.ask("") == b""
    prompt.leave()


@pytest.mark.parametrize("word", ["quit", "EXIT"])
def test_prompt_leaves_on_request(prompt, word):
    prompt.child.sendline(word)
    prompt.child.expect(pexpect.EOF)


def test_prompt_completes_and_shows_the_synopsis(prompt):
    prompt.child.send("ce\t")
    prompt.child.expect("il ")
    prompt.child.send("\t")
    prompt.child.expect("ceil real  Rounds up")
    prompt.child.expect(prompt.prompt)
    prompt.child.sendline("4.40")
    prompt.child.expect("\r\n4.40\r\n")
    prompt.child.expect(prompt.prompt)
    prompt.leave()


def test_prompt_help_is_safe_to_show(prompt):
    text = prompt.ask("help")
    assert b"ceil real  Rounds up" in text
    assert b"\\x1b]0;owned\\x07Echoes" in text
    assert b"\x1b" not in text and b"\x07" not in text and b"[2J" not in text
    assert prompt.ask("help ceil") == b"ceil real  Rounds up\r\n"
    assert b"knows no command" in prompt.ask("help nothing")


def test_prompt_escapes_what_a_server_sends(prompt):
    assert prompt.ask("text \"\\x1b[2J\"") == b"\\x1b[2J\r\n"
    assert b"\x1b" not in prompt.ask("nope")


def test_prompt_takes_several_lines(prompt):
    prompt.child.sendline("text 'one")
    prompt.child.expect_exact("... ")
    assert prompt.ask("two'") == b"one\r\ntwo\r\n"
    prompt.child.sendline("text con\\")
    prompt.child.expect_exact("... ")
    assert prompt.ask("tinued") == b"continued\r\n"
    assert b"closing quote" in prompt.ask("text \"a\"b")


def test_prompt_ctrl_c_drops_the_line(prompt):
    prompt.child.send("text dropped")
    prompt.child.expect("dropped")
    prompt.child.send("\x03")
    prompt.child.expect(prompt.prompt)
    prompt.child.sendline("text 'open")
    prompt.child.expect_exact("... ")
    prompt.child.send("\x03")
    prompt.child.expect(prompt.prompt)
    assert prompt.ask("text kept") == b"kept\r\n"
    prompt.leave()


def test_prompt_ctrl_c_ends_a_wait(prompt):
    prompt.child.sendline("silence")
    time.sleep(0.3)
    prompt.child.send("\x03")
    prompt.child.expect("interrupted")
    prompt.child.expect(prompt.prompt)
    assert prompt.ask("text on") == b"on\r\n"


def test_prompt_connects_again(prompt):
    answer = prompt.ask("drop")
    assert b"in the middle of an answer" in answer
    assert b"connected again; the request was not sent again" in answer
    assert prompt.ask("text on") == b"on\r\n"


def test_prompt_says_so_when_the_server_is_gone(serve, tmp_path):
    server = serve(prompt_server)
    prompt = Prompt(server, tmp_path)
    server.stop_listening()
    prompt.child.sendline("drop")
    prompt.child.expect("Connection refused")
    prompt.child.expect("not connected> ")
    prompt.child.sendline("text x")
    prompt.child.expect("Connection refused")
    prompt.child.expect("not connected> ")
    prompt.leave()


def test_prompt_keeps_its_history_without_secrets(serve, tmp_path):
    server = serve(prompt_server)
    prompt = Prompt(server, tmp_path)
    prompt.ask("text remembered")
    prompt.ask("auth secret")
    prompt.leave()
    history = tmp_path / ".local/state/reactor-cli/history"
    assert b"remembered" in history.read_bytes()
    assert b"secret" not in history.read_bytes()
    assert history.stat().st_mode & 0o077 == 0
    prompt = Prompt(server, tmp_path)
    prompt.child.send("\x1b[A")
    prompt.child.expect("text remembered")
    prompt.child.send("\x15")
    prompt.leave()
    prompt = Prompt(server, tmp_path, XDG_STATE_HOME=str(tmp_path / "state"))
    prompt.ask("text elsewhere")
    prompt.leave()
    assert b"elsewhere" in (tmp_path / "state/reactor-cli/history").read_bytes()


def test_colours_on_a_terminal_alone(serve, tmp_path):
    server = serve(prompt_server)
    prompt = Prompt(server, tmp_path, NO_COLOR="")
    assert b"\x1b[36ma:\x1b[0m" in prompt.ask("map")
    prompt.leave()
    assert b"\x1b" not in cli(server, "map").stdout


def test_raw_on_a_terminal_is_escaped(serve):
    def script(peer):
        peer.recv()
        peer.send(b"caf\xc3")
        time.sleep(0.1)
        peer.send(b"\xa9 \x1b[2J\xff\nlast")

    output = pexpect.run(f"{CLI} --uri {serve(script).uri} --framing raw hi", timeout=10)
    assert output == "caf\u00e9 ".encode() + b"\\x1b[2J\\xff\r\nlast\r\n"
