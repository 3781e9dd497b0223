# SPDX-License-Identifier: MIT
"""reactor-cli's prompt at a terminal, against a scripted server."""

import os
import re
import threading
import time

import pexpect
import pytest

from harness.cli import CLI, cli

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
        self.child = pexpect.spawn(CLI, ["--uri", server.uri], env=env, timeout=30,
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


# --- push messages

NEWS = b">2\r\n$4\r\nnews\r\n$5\r\nhello\r\n"


def test_pushes_appear_while_nobody_types(serve, tmp_path):
    tell = threading.Semaphore(0)

    def follow(peer):
        while (words := peer.request()) is not None:
            peer.send(b"+OK\r\n")
            if words[0] == b"follow":
                for _ in range(2):
                    assert tell.acquire(timeout=30)
                    peer.send(NEWS)

    prompt = Prompt(serve(follow), tmp_path)
    assert b"OK" in prompt.ask("follow")
    tell.release()  # at an empty line
    prompt.child.expect("news")
    prompt.child.expect("hello")
    prompt.child.expect(prompt.prompt)
    prompt.child.send("pi")  # into a line that is being typed
    prompt.child.expect("pi")
    tell.release()
    prompt.child.expect("news")
    prompt.child.expect(prompt.prompt + "pi")
    assert b"OK" in prompt.ask("ng")
    prompt.leave()


def test_what_makes_no_sense_is_told_at_once_and_the_next_request_connects_again(serve, tmp_path):
    spoil = threading.Semaphore(0)

    def garble(peer):
        while (words := peer.request()) is not None:
            peer.send(b"+OK\r\n")
            if words[0] == b"spoil":
                assert spoil.acquire(timeout=30)
                peer.send(b"?\r\n")

    prompt = Prompt(serve(garble), tmp_path)
    prompt.child.sendline("spoil")
    prompt.child.expect("OK")
    spoil.release()
    prompt.child.expect("broke the protocol")
    prompt.child.expect("not connected> ")
    assert b"OK" in prompt.ask("ping")
    prompt.leave()


def test_an_answer_that_nobody_asked_for_is_told_with_the_next_request(serve, tmp_path):
    def greet(peer):
        while (words := peer.request()) is not None:
            peer.send(b"+OK\r\n+more\r\n" if words[0] == b"twice" else b"+OK\r\n")

    prompt = Prompt(serve(greet), tmp_path)
    prompt.ask("twice")
    assert b"no request asked for" in prompt.ask("ping")
    assert b"OK" in prompt.ask("ping")
    prompt.leave()
