# SPDX-License-Identifier: MIT
"""Keys at the prompt, the operator's console and the chat, as five kinds of terminals send them."""

import os
import queue

import pexpect
import pytest

from harness.cli import CLI
from harness.desk import Desk

TERMINALS = ["xterm", "screen", "tmux", "linux", "rxvt"]

# Each is pressed in "one two three" with the cursor behind "two" and followed by X.
END, HOME = "one two threeX", "Xone two three"
WORD_LEFT, WORD_RIGHT = "one Xtwo three", "one two threeX"
NOTHING = "one twoX three"
KEYS = {
    "Left": ("\x1b[D", "one twXo three"), "Left, application mode": ("\x1bOD", "one twXo three"),
    "Right": ("\x1b[C", "one two Xthree"),
    "Control-Left": ("\x1b[1;5D", WORD_LEFT), "Control-Right": ("\x1b[1;5C", WORD_RIGHT),
    "Alt-Left": ("\x1b[1;3D", WORD_LEFT), "Shift-Right": ("\x1b[1;2C", WORD_RIGHT),
    "Control-Left of rxvt": ("\x1bOd", WORD_LEFT), "Alt-Left of rxvt": ("\x1b\x1b[D", WORD_LEFT),
    "Shift-Right of rxvt": ("\x1b[c", WORD_RIGHT),
    "Home": ("\x1b[H", HOME), "Home, application mode": ("\x1bOH", HOME),
    "Home of linux": ("\x1b[1~", HOME), "Home of rxvt": ("\x1b[7~", HOME),
    "End": ("\x1b[F", END), "End, application mode": ("\x1bOF", END),
    "End of linux": ("\x1b[4~", END), "End of rxvt": ("\x1b[8~", END),
    "Delete": ("\x1b[3~", "one twoXthree"), "Control-Delete": ("\x1b[3;5~", "one twoX"),
    "Control-Delete of rxvt": ("\x1b[3^", "one twoX"),
    "Alt-b": ("\x1bb", WORD_LEFT), "Alt-f": ("\x1bf", WORD_RIGHT), "Alt-d": ("\x1bd", "one twoX"),
    "Alt-Backspace": ("\x1b\x7f", "one X three"),
    "Page Up": ("\x1b[5~", NOTHING), "Control-Page Down": ("\x1b[6;5~", NOTHING),
    "Insert": ("\x1b[2~", NOTHING), "F1": ("\x1bOP", NOTHING), "F5": ("\x1b[15~", NOTHING),
    "F1 of linux": ("\x1b[[A", NOTHING), "Shift-Tab": ("\x1b[Z", NOTHING),
    "focus comes": ("\x1b[I", NOTHING), "focus goes": ("\x1b[O", NOTHING),
    "mouse": ("\x1b[M !!", NOTHING), "mouse, SGR": ("\x1b[<0;10;20M", NOTHING),
    "a sequence of no key": ("\x1b[12;34;56z", NOTHING), "a report": ("\x1b[?2004;1$y", NOTHING),
}
BACK_TO_TWO = "\x1b[D" * 6


class Sent(queue.Queue):
    """A server that notes each request and answers +OK."""

    def script(self, peer):
        while (words := peer.request()) is not None:
            if words[0] in (b"HELLO", b"COMMAND"):
                peer.send(b"%0\r\n")
                continue
            self.put([word.decode() for word in words])
            peer.send(b"+OK\r\n")


def send(terminal, bytes_):
    """To the program as they are, whatever tmux calls them."""
    terminal.tmux._run("send-keys", "-t", terminal.name, "-H", *(f"{b:02x}" for b in bytes_))


@pytest.fixture
def sent():
    return Sent()


@pytest.fixture
def prompt(serve, tmux, sent):
    def start(**environment):
        server = serve(sent.script)
        terminal = tmux.run(CLI, "--uri", server.uri, columns=100, **environment)
        terminal.prompt = f"{server.uri.removeprefix('tcp://')}>"
        terminal.wait_for(terminal.prompt)
        return terminal
    return start


@pytest.fixture
def chat(serve, tmux, sent):
    def start(**environment):
        server = serve(sent.script)
        terminal = tmux.run(CLI, "--uri", server.uri, "chat", columns=100, **environment)
        terminal.wait_for(f"{server.uri.removeprefix('tcp://')}>")
        return terminal
    return start


@pytest.fixture
def desk():
    return Desk()


@pytest.fixture
def operator(serve, tmux, desk):
    def start(**environment):
        terminal = tmux.run(CLI, "--uri", serve(desk.script).uri, "operator", "--name", "alice",
                            columns=120, rows=40, **environment)
        terminal.wait_for("nobody waits>")
        return terminal
    return start


def press_each(terminal, took, told):
    """Each key in a line of its own; `took` is how the line arrives."""
    prompt = terminal.screen()[-1]
    for name, (key, line) in KEYS.items():
        terminal.wait_for_line(prompt)    # until then the kernel edits the line
        send(terminal, ("one two three" + BACK_TO_TWO + key + "X\r").encode())
        assert took() == told(line), name


@pytest.mark.parametrize("name", TERMINALS)
def test_keys_at_the_prompt(prompt, sent, name):
    press_each(prompt(TERM=name), lambda: sent.get(timeout=20), str.split)


@pytest.mark.parametrize("name", TERMINALS)
def test_keys_in_the_chat(chat, sent, name):
    press_each(chat(TERM=name), lambda: sent.get(timeout=20)[1], str)


@pytest.mark.parametrize("name", TERMINALS)
def test_keys_at_the_operators_console(operator, desk, name):
    terminal = operator(TERM=name)
    for number, (key_name, (key, line)) in enumerate(KEYS.items(), 1):
        desk.message(number, "hello")
        terminal.wait_for_line(f"1 waiting, Enter answers {number}>")
        send(terminal, ("one two three" + BACK_TO_TWO + key + "X\r").encode())
        assert desk.replies.get(timeout=20) == ("REPLY", number, line), key_name


def test_a_pasted_text_is_one_request(prompt, sent):
    terminal = prompt(TERM="xterm")
    send(terminal, b"\x1b[200~text \"one\rtwo\"\r\x1b[201~")
    terminal.wait_for('two"')
    send(terminal, b"\r")
    assert sent.get(timeout=20) == ["text", "one\ntwo"]
    terminal.wait_for_line(terminal.prompt)
    send(terminal, b"text \x1b[200~a\tb\x1b[D\x01\x1b[201~c\r")
    assert sent.get(timeout=20) == ["text", "a", "b[Dc"]


def test_a_pasted_text_is_one_message_of_the_chat(chat, sent):
    terminal = chat(TERM="xterm")
    send(terminal, b"\x1b[200~one\rtwo\r\x1b[201~")
    terminal.wait_for("two")
    send(terminal, b" and more\r")
    assert sent.get(timeout=20) == ["TEXT", "one\ntwo and more"]


def test_a_pasted_text_is_one_answer_of_the_operator(operator, desk):
    terminal = operator(TERM="xterm")
    desk.message(1, "hello")
    terminal.wait_for_line("1 waiting, Enter answers 1>")
    send(terminal, b"\x1b[200~one\rtwo\r\x1b[201~\r")
    assert desk.replies.get(timeout=20) == ("REPLY", 1, "one\ntwo")


def test_terminals_are_asked_for_whole_pastes_and_left_as_they_were(serve, sent, tmp_path):
    env = {"PATH": os.environ["PATH"], "TERM": "xterm", "HOME": str(tmp_path), "LC_ALL": "C.UTF-8"}
    child = pexpect.spawn(CLI, ["--uri", serve(sent.script).uri], env=env, timeout=20)
    child.expect_exact("\x1b[?2004h")
    child.expect("> ")
    child.send("\x04")
    child.expect_exact("\x1b[?2004l")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0


def test_escape_is_a_key_in_vis_mode(prompt, sent, tmp_path):
    (tmp_path / "home").joinpath(".editrc").write_text("bind -v\n")
    terminal = prompt(TERM="xterm")
    send(terminal, b"ping x")
    terminal.wait_for("ping x")
    send(terminal, b"\x1b")
    terminal.wait(lambda rows: terminal.cursor()[0] == len(rows[-1].rstrip()) - 1, "the cursor back")
    send(terminal, b"rz\r")
    assert sent.get(timeout=20) == ["ping", "z"]


# --- what is read at start

@pytest.mark.parametrize("kind", ["FIFO", "device", "folder", "large"])
def test_a_history_that_cannot_be_read_is_done_without(serve, tmux, sent, tmp_path, kind):
    history = tmp_path / "home/.local/state/reactor-cli/history"
    history.parent.mkdir(parents=True)
    if kind == "FIFO":
        os.mkfifo(history)
    elif kind == "device":
        history.symlink_to("/dev/zero")
    elif kind == "folder":
        history.mkdir()
    else:
        history.write_bytes(b"x" * (5 << 20))
    server = serve(sent.script)
    terminal = tmux.run(CLI, "--uri", server.uri, columns=160)
    terminal.wait_for("no history is kept: ")
    terminal.wait_for(f"{server.uri.removeprefix('tcp://')}>")
    terminal.enter("ping")
    assert sent.get(timeout=20) == ["ping"]


def test_a_configuration_of_the_editor_that_is_a_fifo(prompt, sent, tmp_path):
    os.mkfifo(tmp_path / "home/.editrc")
    terminal = prompt()
    terminal.enter("ping")
    assert sent.get(timeout=20) == ["ping"]
