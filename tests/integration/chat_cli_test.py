# SPDX-License-Identifier: MIT
"""reactor-cli chat on real terminals and in pipes, against scripted servers."""

import socket
import subprocess
import threading
import time

import pytest

from harness.daemon import BIN_DIR

CLI = str(BIN_DIR / "reactor-cli")
MAX_SECONDS = 30


def chat_pipe(server, *args, stdin=b""):
    return subprocess.run([CLI, "--uri", server.uri, *args, "chat"], input=stdin,
                          capture_output=True, timeout=MAX_SECONDS, check=False)


def test_chat_in_a_pipe(serve):
    def script(peer):
        while (words := peer.request()) is not None:
            peer.send(b"-REJECTED no\r\n" if words[1] == b"bad"
                      else b"$%d\r\n<%s>\r\n" % (len(words[1]) + 2, words[1]))

    server = serve(script)
    done = chat_pipe(server, stdin=b"hi\n\n say \"it\"  \nlast")
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout == b"<hi>\n< say \"it\"  >\n<last>\n"
    done = chat_pipe(server, stdin=b"hi\nbad\nlast\n")
    assert (done.returncode, done.stdout) == (1, b"<hi>\n<last>\n")
    assert done.stderr == b"REJECTED no\n"
    assert chat_pipe(server, "--json", stdin=b"hi\nbad\n").stdout == (
        b'"<hi>"\n{"error":"REJECTED no"}\n')
    assert chat_pipe(server, stdin=b"").returncode == 0


def test_chat_waits_for_a_person(serve):
    def script(peer):
        words = peer.request()
        time.sleep(0.5)
        peer.send(b"+late %s\r\n" % words[1])

    assert chat_pipe(serve(script), stdin=b"hi\n").stdout == b"late hi\n"
    silent = serve(lambda peer: peer.wait_for_end())
    done = chat_pipe(silent, "--timeout", "300ms", stdin=b"hi\n")
    assert done.returncode == 4 and b"within 300ms" in done.stderr


def test_chat_with_an_answer_owed_at_the_end(serve):
    done = chat_pipe(serve(lambda peer: peer.request()), stdin=b"hi\nyou\n")
    assert done.returncode == 5
    assert b"closed the connection with 2 requests unanswered" in done.stderr


def test_chat_over_line_framing(serve):
    def script(peer):
        while (line := peer.line()) is not None:
            peer.send(b"(error) ERR bad\n" if line == b"bad" else b"<" + line + b">\n")

    done = chat_pipe(serve(script), "--framing", "line", stdin=b"text \"a\"\nbad\nb\n")
    assert (done.returncode, done.stdout, done.stderr) == (1, b"<text \"a\">\n<b>\n", b"ERR bad\n")


def test_chat_over_raw_framing_sends_a_line_when_the_last_was_answered(serve):
    def script(peer):
        while data := peer.recv():
            peer.send(b"<" + data + b">")

    done = chat_pipe(serve(script), "--framing", "raw", stdin=b"one\ntwo\n")
    assert (done.returncode, done.stdout, done.stderr) == (0, b"<one>\n<two>\n", b"")


@pytest.fixture
def chat(serve, tmux):
    def start(script, *args, **options):
        server = serve(script)
        terminal = tmux.run(CLI, "--uri", server.uri, *args, "chat", **options)
        terminal.server = server
        terminal.name_shown = server.uri.removeprefix("tcp://")
        terminal.wait_for_line(terminal.name_shown + ">")
        return terminal

    return start


def delayed(lines):
    """A server of lines that answers when it is told to."""

    def script(peer):
        lines.peers.append(peer)
        while (words := peer.request()) is not None:
            lines.received.append(words[1].decode())
        lines.over.wait(MAX_SECONDS)  # the client may still wait for answers

    return script


class Lines:
    def __init__(self):
        self.peers, self.received = [], []
        self.over = threading.Event()

    def answer(self, text):
        self.peers[-1].send(text)


@pytest.fixture
def lines():
    one = Lines()
    yield one
    one.over.set()


def test_chat_on_a_terminal(chat, lines):
    terminal = chat(delayed(lines))
    where = terminal.name_shown
    terminal.enter("how are you")
    terminal.wait_for_line(f"{where}, 1 unanswered>")
    terminal.enter("are you there")
    terminal.wait_for_line(f"{where}, 2 unanswered>")
    terminal.type("half a li")
    terminal.wait_for_line(f"{where}, 2 unanswered> half a li")
    lines.answer(b"$4\r\nfine\r\n")
    rows = terminal.wait_for_line(f"{where}, 1 unanswered> half a li")
    assert 'to "how are you": fine' in rows
    lines.answer(b"-REJECTED ask elsewhere\r\n")
    rows = terminal.wait_for_line(f"{where}> half a li")
    assert "REJECTED ask elsewhere" in rows
    terminal.enter("ne")
    terminal.wait_for_line(f"{where}, 1 unanswered>")
    terminal.press("C-d")
    terminal.wait_for("nothing more is sent; waiting for 1 answer (Ctrl-D again leaves at once)")
    terminal.wait_for_line("1 answer to come>")
    lines.answer(b"$3\r\nbye\r\n")
    assert terminal.exit_status() == 0
    assert "bye" in terminal.screen()
    assert lines.received == ["how are you", "are you there", "half a line"]


@pytest.mark.parametrize("key", ["C-d", "C-c"])
def test_chat_leaves_at_once_on_request(chat, lines, key):
    terminal = chat(delayed(lines))
    terminal.enter("hello")
    terminal.wait_for("1 unanswered>")
    terminal.press("C-d")
    terminal.wait_for_line("1 answer to come>")
    terminal.press(key)
    assert terminal.exit_status() == 0


def test_chat_escapes_what_comes(chat, lines):
    terminal = chat(delayed(lines))
    terminal.enter("hello")
    terminal.wait_for("1 unanswered>")
    lines.answer(b"$9\r\n\x1b[2J\nline\r\n")
    rows = terminal.wait_for_line(f"{terminal.name_shown}>")
    assert r"\x1b[2J" in rows and "line" in rows


def test_chat_connects_again(chat, lines):
    terminal = chat(delayed(lines))
    terminal.enter("hello")
    terminal.wait_for("1 unanswered>")
    lines.peers[0].connection.shutdown(socket.SHUT_RDWR)
    terminal.wait_for("closed the connection with 1 request unanswered")
    terminal.wait_for_line("not connected>")
    terminal.enter("again")
    terminal.wait_for("connected again")
    terminal.wait_for("1 unanswered>")
    lines.answer(b"+yes\r\n")
    terminal.wait_for("yes")


def test_chat_shows_why_it_is_refused(serve, tmux):
    server = serve(lambda peer: peer.send(b"-ERR max number of clients reached\r\n"))
    terminal = tmux.run(CLI, "--uri", server.uri, "chat", columns=100)
    terminal.wait_for("ERR max number of clients reached")
    terminal.wait_for("closed the connection; the next line connects again")
    assert chat_pipe(server, stdin=b"hi\n").stderr == b"ERR max number of clients reached\n"
