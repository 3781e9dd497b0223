# SPDX-License-Identifier: MIT
"""reactor-cli operator and chat on real terminals and in pipes, against scripted servers.

operator_people_test.py has them with the daemon.
"""

import json
import os
import socket
import subprocess
import threading
import time

import pytest

from harness.daemon import BIN_DIR
from harness.desk import Desk

CLI = str(BIN_DIR / "reactor-cli")
MAX_SECONDS = 30


@pytest.fixture
def desk():
    return Desk()


@pytest.fixture
def operator(serve, tmux, desk):
    """Starts a console on a terminal of its own; waits for its prompt."""

    def start(columns=80, rows=24, ready="nobody waits>", **environment):
        server = serve(desk.script)
        terminal = tmux.run(CLI, "--uri", server.uri, "operator", "--name", "alice",
                            columns=columns, rows=rows, **environment)
        terminal.server = server
        terminal.wait_for(ready)
        return terminal

    return start


def operator_pipe(server, *args, stdin=b""):
    return subprocess.run([CLI, "--uri", server.uri, *args, "operator", "--name", "alice"],
                          input=stdin, capture_output=True, timeout=MAX_SECONDS, check=False)


def chat_pipe(server, *args, stdin=b""):
    return subprocess.run([CLI, "--uri", server.uri, *args, "chat"], input=stdin,
                          capture_output=True, timeout=MAX_SECONDS, check=False)


# --- the operator's terminal ----------------------------------------------------------------------


def test_what_waits_is_shown_at_first_and_enter_answers_the_oldest(operator, desk):
    desk.message(12, "hello there", waited=185_000)
    desk.message(13, "me too", state="finished")
    terminal = operator(ready="2 waiting, Enter answers 12>")
    rows = terminal.screen()
    assert "joined as alice; /help tells what to type" in rows
    assert "12  127.0.0.1:5000  3m05s  hello there" in rows
    assert "13  127.0.0.1:5000  0s  me too (has finished sending, still waits)" in rows
    assert "operators: bob (2 answered)" in rows
    terminal.enter("good morning")
    assert desk.replies.get(timeout=10) == ("REPLY", 12, "good morning")
    terminal.wait_for("12  answered by you")
    terminal.wait_for_line("1 waiting, Enter answers 13>")
    terminal.enter("and you")
    assert desk.replies.get(timeout=10) == ("REPLY", 13, "and you")
    terminal.wait_for_line("nobody waits>")


def test_a_message_leaves_the_half_typed_line_as_it_is(operator, desk):
    terminal = operator()
    desk.message(12, "first")
    terminal.wait_for_line("1 waiting, Enter answers 12>")
    terminal.type("half a li")
    terminal.wait_for_line("1 waiting, Enter answers 12> half a li")
    terminal.press("Left", "Left")
    for number in range(13, 18):
        desk.message(number, f"message {number}")
    rows = terminal.wait_for_line("6 waiting, Enter answers 12> half a li")
    assert [row for row in rows if "  0s  " in row] == [
        "12  127.0.0.1:5000  0s  first"] + [
        f"{number}  127.0.0.1:5000  0s  message {number}" for number in range(13, 18)]
    assert sum("half a li" in row for row in rows) == 1
    column, row = terminal.cursor()
    assert (column, row) == (len("6 waiting, Enter answers 12> half a "), len(rows) - 1)
    terminal.press("End")
    terminal.enter("ne")
    assert desk.replies.get(timeout=10) == ("REPLY", 12, "half a line")


@pytest.mark.parametrize("typed", [
    "x" * 100,                          # several rows
    "wörter " * 12,
    "漢字" * 30,                         # two columns each, that do not fit the last column
    "x" + "漢字" * 30,
    "x" * (41 - len("1 waiting, Enter answers 12> ")),  # to the very edge
], ids=["narrow", "latin", "wide", "odd", "edge"])
@pytest.mark.parametrize("back", [0, 7])
def test_a_line_of_several_rows_stays_whole(operator, desk, typed, back):
    terminal = operator(columns=41, rows=20)
    desk.message(12, "first")
    terminal.wait_for_line("1 waiting, Enter answers 12>")
    terminal.type(typed)

    def shown(rows, prompt):
        return prompt + typed.rstrip() in "".join(rows).replace("12>x", "12> x")

    terminal.wait(lambda rows: shown(rows, "1 waiting, Enter answers 12> "), "the line")
    for _ in range(back):
        terminal.press("Left")
    for number in range(13, 16):
        desk.message(number, "further")
    rows = terminal.wait(lambda rows: shown(rows, "4 waiting, Enter answers 12> "), "the line")
    text = "\n".join(rows)
    assert text.count("0s  further") == 3 and text.count("0s  first") == 1
    assert text.count("Enter answers") == 1, text
    assert "".join(rows).count(typed[:20]) <= max(1, (typed * 2).count(typed[:20]))
    terminal.press("Enter")
    assert desk.replies.get(timeout=10) == ("REPLY", 12, typed)


def test_an_answer_never_goes_to_another_message(operator, desk):
    desk.message(12, "first")
    desk.message(13, "second")
    terminal = operator(ready="2 waiting, Enter answers 12>")
    terminal.type("for twelve")
    terminal.wait_for_line("2 waiting, Enter answers 12> for twelve")
    desk.gone(12, "answered", "bob")
    rows = terminal.wait_for_line("12 is settled, 1 waiting> for twelve")
    assert "12  answered by bob" in rows
    terminal.press("Enter")
    terminal.wait_for("12 was answered by bob; nothing was sent")
    terminal.wait_for_line("12 is settled, 1 waiting> for twelve")
    terminal.press("Enter")
    terminal.press("Home")
    terminal.type("13 ")
    terminal.wait_for_line("1 waiting, Enter answers 13> 13 for twelve")
    terminal.press("Enter")
    assert desk.replies.get(timeout=10) == ("REPLY", 13, "for twelve")
    assert desk.replies.empty()


def test_a_line_begun_while_nobody_waits_answers_nobody(operator, desk):
    terminal = operator()
    terminal.type("early")
    terminal.wait_for_line("nobody waits> early")
    desk.message(12, "first")
    terminal.wait_for_line("1 waiting> early")
    terminal.press("Enter")
    terminal.wait_for("nobody waited when you began to type; nothing was sent")
    terminal.press("C-c")
    terminal.wait_for_line("1 waiting, Enter answers 12>")
    assert desk.replies.empty()


def test_a_pasted_text_answers_one_message(operator, desk):
    for number in (12, 13, 14):
        desk.message(number, "hello")
    terminal = operator(ready="3 waiting, Enter answers 12>")
    terminal.type("first\rsecond\rthird\r")
    terminal.wait_for("; nothing was sent")
    terminal.wait(lambda rows: rows[-1].endswith("> secondthird"), "what was not sent")
    terminal.press("C-c")
    terminal.wait_for_line("2 waiting, Enter answers 13>")
    assert desk.replies.get(timeout=10) == ("REPLY", 12, "first")
    assert desk.replies.empty()


def test_two_that_answer_at_once(operator, desk):
    desk.message(12, "first")
    terminal = operator(ready="Enter answers 12>")
    desk.errors[12] = "ERR message 12 was answered by bob"
    terminal.enter("mine")
    terminal.wait_for("ERR message 12 was answered by bob")
    terminal.wait_for("nothing was sent; the up arrow has your text")
    del desk.waiting[12]
    terminal.wait(lambda rows: rows[-1].strip() in ("nobody waits>", "1 waiting, Enter answers 12>"),
                  "a prompt")
    terminal.press("Up")
    terminal.wait(lambda rows: rows[-1].endswith("> mine"), "the text")


def test_numbers_and_commands(operator, desk):
    for number in (12, 13, 14):
        desk.message(number, f"message {number}")
    terminal = operator(ready="3 waiting, Enter answers 12>")
    terminal.enter("14 to  fourteen")
    assert desk.replies.get(timeout=10) == ("REPLY", 14, "to  fourteen")
    terminal.enter("/reject 13 not here")
    assert desk.replies.get(timeout=10) == ("REJECT", 13, "not here")
    terminal.wait_for("13  rejected by you")
    terminal.enter("99 bottles")
    terminal.wait_for("there is no message 99; to answer 12 with '99 bottles', put a blank in front")
    terminal.press("Home")
    terminal.enter(" ")
    assert desk.replies.get(timeout=10) == ("REPLY", 12, "99 bottles")
    terminal.wait_for_line("nobody waits>")
    terminal.enter("/list")
    terminal.wait_for("operators: bob (2 answered)")
    terminal.enter("/nonsense")
    terminal.wait_for("there is no /nonsense; /help lists what there is.")
    terminal.press("C-c")
    terminal.enter("/help")
    terminal.wait_for("/reject 12 WHY")
    terminal.enter("/quit")
    assert terminal.exit_status() == 0


def test_a_bare_number_is_an_answer_unless_it_is_waiting(operator, desk):
    desk.message(12, "4.40")
    terminal = operator(ready="1 waiting, Enter answers 12>")
    terminal.enter("12")
    terminal.wait_for("'12 TEXT' answers 12; to answer 12 with '12', put a blank in front")
    terminal.press("C-c")
    terminal.enter("5")
    assert desk.replies.get(timeout=10) == ("REPLY", 12, "5")


def test_tab_completes_commands_and_numbers(operator, desk):
    desk.message(112, "a")
    terminal = operator(ready="1 waiting, Enter answers 112>")
    terminal.type("/rej\t1\twhy")
    terminal.wait_for_line("1 waiting> /reject 112 why")
    terminal.press("Enter")
    assert desk.replies.get(timeout=10) == ("REJECT", 112, "why")


def test_every_event_is_told(operator, desk):
    for number in range(1, 8):
        desk.message(number, f"text {number}")
    terminal = operator(ready="7 waiting, Enter answers 1>")
    desk.push("finished", 1)
    desk.gone(2)
    desk.gone(3, "answered", "bob")
    desk.gone(4, "rejected", "bob")
    desk.gone(5, "expired")
    desk.gone(6, "uncertain", "bob")
    desk.push("joined", "carol")
    desk.push("left", "carol")
    desk.push("mode", "template")
    desk.push("of", "the future", "are", "ignored")
    rows = terminal.wait_for("mode template: new messages are answered without an operator")
    for told in ("1  its client has finished sending, and still waits", "2  its client has gone",
                 "3  answered by bob", "4  rejected by bob",
                 "5  expired: its client got the fallback", "carol joined", "carol left"):
        assert told in rows, told
    assert any(row.startswith("6  answered by bob, but its client's connection was reset")
               for row in rows)
    terminal.wait_for_line("2 waiting, Enter answers 1>")


def test_after_dropped_events_it_looks_again(operator, desk):
    desk.message(1, "one")
    desk.message(2, "two")
    terminal = operator(ready="2 waiting, Enter answers 1>")
    del desk.waiting[1]
    desk.waiting[3] = dict(desk.waiting[2], id=3, text="three")
    desk.push("dropped", 5)
    rows = terminal.wait_for_line("2 waiting, Enter answers 2>")
    assert "1  no longer waits" in rows
    assert any(row.startswith("3  ") and row.endswith("three") for row in rows)
    assert any(row.startswith("5 events are missing") for row in rows)


def test_nothing_of_a_client_reaches_the_terminal_as_control(operator, desk):
    terminal = operator(columns=100)
    desk.message(1, "\x1b[2J\x1b]0;owned\x07 grüße 漢字 \u202e\x9b31m", peer="\x1b[31mevil")
    rows = terminal.wait_for("grüße 漢字")
    line = next(row for row in rows if "grüße" in row)
    assert line == (r"1  \x1b[31mevil  0s  \x1b[2J\x1b]0;owned\x07 grüße 漢字 "
                    r"\xe2\x80\xae\xc2\x9b31m")
    desk.message(2, "two\nlines\n3  127.0.0.1:1  0s  forged")
    rows = terminal.wait_for("| 3  127.0.0.1:1  0s  forged")
    assert "    | lines" in rows
    desk.push("joined", "\x1b[5mbob")
    terminal.wait_for(r"\x1b[5mbob joined")


def test_a_long_message_is_shown_in_part_and_whole_on_request(operator, desk):
    desk.message(1, "".join(f"line {number}\n" for number in range(40)))
    terminal = operator(rows=60, ready="1 waiting, Enter answers 1>")
    assert any(row.endswith(" ... (310 bytes; /show 1)") for row in terminal.screen())
    assert not any("line 39" in row for row in terminal.screen())
    terminal.enter("/show 1")
    terminal.wait_for("    | line 39")


def test_colours_and_their_absence(operator, desk):
    desk.message(12, "hello")
    terminal = operator(ready="1 waiting", NO_COLOR="")
    desk.push("joined", "bob")
    terminal.wait_for("bob joined")
    text = "\n".join(terminal.screen(colors=True))
    assert "\x1b[1m12\x1b[0m" in text and "\x1b[2moperators: " in text
    terminal = operator(ready="1 waiting")
    assert "\x1b" not in "\n".join(terminal.screen(colors=True))


@pytest.mark.parametrize("columns", [30, 120])
def test_a_resized_terminal(operator, desk, columns):
    desk.message(12, "hello")
    terminal = operator(columns=60, ready="1 waiting, Enter answers 12>")
    terminal.type("a line that wraps when there are thirty columns")
    terminal.wait(lambda rows: "columns" in rows[-1], "the line")
    terminal.resize(columns, 24)
    desk.message(13, "after the resize")
    rows = terminal.wait(lambda rows: "2 waiting, Enter answers 12> a line that wraps when there "
                         "are thirty columns" in "".join(row.ljust(columns) for row in rows)
                         .replace("  ", " "), "the line")
    assert any(row.endswith("  hello") for row in rows), "a message is never erased"
    assert any("13  127.0.0.1:5000  0s  after" in row for row in rows)
    terminal.press("Enter")
    assert desk.replies.get(timeout=10)[2] == "a line that wraps when there are thirty columns"


def test_a_message_during_a_search_in_the_history(operator, desk):
    desk.message(12, "hello")
    desk.message(13, "hello")
    terminal = operator(ready="2 waiting, Enter answers 12>")
    terminal.enter("12 found again")
    assert desk.replies.get(timeout=10)
    terminal.wait_for_line("1 waiting, Enter answers 13>")
    terminal.press("C-r")
    terminal.type("aga")
    terminal.wait_for_line("bck:aga")
    desk.message(14, "meanwhile")
    rows = terminal.wait(lambda rows: any("meanwhile" in row for row in rows)
                         and rows[-1] == "bck:aga", "the message, and the search")
    assert rows[-2].endswith("> 12 found again")
    assert sum("bck:" in row for row in rows) == 1
    terminal.press("C-c")
    terminal.wait_for_line("2 waiting, Enter answers 13>")


def test_stopped_and_continued(serve, tmux, desk):
    shell = tmux.run("bash", "--norc", "-i", columns=100)
    shell.enter(f"{CLI} --uri {serve(desk.script).uri} operator")
    shell.wait_for_line("nobody waits>")
    shell.type("half")
    shell.wait_for_line("nobody waits> half")
    shell.press("C-z")
    shell.wait_for("Stopped")
    desk.message(12, "meanwhile")
    shell.enter("fg")
    shell.wait_for_line("1 waiting> half")
    shell.wait_for("  0s  meanwhile")
    shell.type(" a line")
    shell.wait_for_line("1 waiting> half a line")
    shell.press("C-c")
    shell.enter("hello")
    assert desk.replies.get(timeout=10) == ("REPLY", 12, "hello")


def test_a_name_that_is_taken_gets_a_number(operator, desk):
    desk.taken_names = {"alice", "alice-2"}
    terminal = operator()
    terminal.wait_for("joined as alice-3;")


def test_the_server_goes_away_and_comes_back(operator, desk):
    desk.message(12, "hello")
    terminal = operator(ready="1 waiting, Enter answers 12>")
    terminal.type("half")
    terminal.wait_for_line("1 waiting, Enter answers 12> half")
    desk.peers.pop().connection.shutdown(socket.SHUT_RDWR)
    terminal.wait_for("closed the connection: it is stopping, or somebody ended it")
    terminal.wait_for_line("not connected> half")
    terminal.press("Enter")
    terminal.wait_for("connected again; nothing was sent: see which messages wait now")
    terminal.wait_for_line("1 waiting> half")
    assert desk.replies.empty()
    terminal.press("C-c")
    terminal.wait_for_line("1 waiting, Enter answers 12>")
    terminal.press("C-d")
    assert terminal.exit_status() == 0


def test_leaving_without_a_server_is_a_failure(operator, desk):
    terminal = operator()
    terminal.server.stop_listening()
    desk.peers.pop().connection.shutdown(socket.SHUT_RDWR)
    terminal.wait_for_line("not connected>")
    terminal.enter("anybody?")
    terminal.wait_for("Connection refused")
    terminal.wait_for_line("not connected> anybody?")
    terminal.press("C-c")
    terminal.wait_for_line("not connected>")
    terminal.press("C-d")
    assert terminal.exit_status() == 3


def test_an_answer_under_way_when_the_server_goes_is_told(operator, desk):
    desk.message(12, "hello")
    terminal = operator(ready="1 waiting, Enter answers 12>")
    desk.hold.clear()
    terminal.enter("lost?")
    terminal.wait_for_line("nobody waits>")
    desk.peers.pop().connection.shutdown(socket.SHUT_RDWR)
    terminal.wait_for("whether the answer to 12 was sent is not known")
    desk.hold.set()


def test_operator_history_stays_in_memory(operator, desk, tmux):
    desk.message(12, "hello")
    terminal = operator(ready="1 waiting, Enter answers 12>")
    terminal.enter("private")
    assert desk.replies.get(timeout=10)
    terminal.wait_for_line("nobody waits>")
    terminal.press("Up")
    terminal.wait_for_line("nobody waits> private")
    terminal.press("C-c")
    terminal.wait_for_line("nobody waits>")
    terminal.press("C-d")
    assert terminal.exit_status() == 0
    assert not [path for path in tmux.home.rglob("*") if path.name == "history"]


# --- the operator in a pipe -----------------------------------------------------------------------


def test_operator_in_a_pipe(serve, desk):
    desk.message(12, "two\nlines", state="finished")
    desk.message(13, "other")
    done = operator_pipe(serve(desk.script), stdin=b"good morning\n13 hi\n/list\n/quit\n")
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.decode().splitlines() == [
        "joined alice", r"message 12 127.0.0.1:5000 finished two\nlines",
        "message 13 127.0.0.1:5000 open other", "answered 12 alice", "answered 13 alice",
        "operator bob 2 0"]
    assert [desk.replies.get(timeout=1)[1:] for _ in range(2)] == [(12, "good morning"), (13, "hi")]


def test_operator_in_a_pipe_as_json(serve, desk):
    desk.message(12, "grüße")
    desk.errors[14] = "ERR there is no message 14"
    done = operator_pipe(serve(desk.script), "--json",
                         stdin=b"12 hi\n/reply 14 late\n99 what\n/list\n/quit\n")
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert events == [
        {"event": "joined", "name": "alice"},
        {"event": "message", "id": 12, "peer": "127.0.0.1:5000", "state": "open", "waiting_ms": 0,
         "bytes": 7, "text": "grüße"},
        {"event": "error", "error": events[2]["error"]},
        {"event": "answered", "id": 12, "by": "alice"},
        {"event": "error", "id": 14, "error": "ERR there is no message 14"},
        {"event": "list", "mode": "operator",
         "operators": [{"name": "bob", "answered": 2, "dropped": 0}], "waiting": []}]
    assert events[2]["error"].startswith("there is no message 99")
    assert (done.returncode, done.stderr) == (1, b"")


def test_operator_with_no_input_watches_until_the_server_closes(serve, desk):
    def script(peer):
        desk.script(peer)

    server = serve(script)
    with subprocess.Popen([CLI, "--uri", server.uri, "operator"], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout.readline().startswith(b"joined ")
        desk.message(1, "hello")
        assert process.stdout.readline() == b"message 1 127.0.0.1:5000 open hello\n"
        desk.gone(1, "expired")
        assert process.stdout.readline() == b"expired 1\n"
        desk.peers.pop().connection.shutdown(socket.SHUT_RDWR)
        assert process.wait(MAX_SECONDS) == 5
        assert b"closed the connection: it is stopping" in process.stderr.read()


def test_operator_ends_with_its_reader(serve, desk):
    done = subprocess.run(
        ["bash", "-c", f"{CLI} --uri {serve(desk.script).uri} operator </dev/null | head -n 1"],
        capture_output=True, timeout=MAX_SECONDS, check=False)
    assert done.stdout.startswith(b"joined ") and done.stderr == b""


def test_operator_where_none_is_wanted(serve):
    def script(peer):
        while (words := peer.request()) is not None:
            peer.send(b"%0\r\n" if words[0] == b"HELLO" else
                      b"-ERR unknown command 'OPERATOR', with args beginning with: 'JOIN'\r\n")

    done = operator_pipe(serve(script))
    assert (done.returncode, done.stdout) == (1, b"")
    assert b"takes no operator: ERR unknown command" in done.stderr
    assert b"name an admin listener with --uri" in done.stderr


def test_operator_that_gets_no_answer(serve, desk):
    desk.message(12, "hello")
    desk.hold.clear()
    done = operator_pipe(serve(desk.script), "--timeout", "300ms", stdin=b"hi\n")
    desk.hold.set()
    assert done.returncode == 4 and b"no answer from" in done.stderr


# --- chat -----------------------------------------------------------------------------------------


def answer_with(answers):
    """A server that answers a TEXT when told to: answers.put(bytes)."""

    def script(peer):
        while peer.request() is not None:
            peer.send(answers.get(timeout=MAX_SECONDS))

    return script


def test_chat_in_a_pipe(serve):
    def script(peer):
        while (words := peer.request()) is not None:
            peer.send(b"-REJECTED no\r\n" if words[1] == b"bad"
                      else b"$%d\r\n<%s>\r\n" % (len(words[1]) + 2, words[1]))

    server = serve(script)
    done = chat_pipe(server, stdin=b"hi\n\n say \"it\"  \nlast")
    assert (done.returncode, done.stdout, done.stderr) == (0, b"<hi>\n< say \"it\"  >\n<last>\n", b"")
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
    assert done.returncode == 5 and b"closed the connection with 2 requests unanswered" in done.stderr


def test_chat_over_line_framing(serve):
    def script(peer):
        while (line := peer.line()) is not None:
            peer.send(b"ERR bad\n" if line == b"bad" else b"<" + line + b">\n")

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


def test_help_of_both_fits_a_screen():
    for word in ("operator", "chat"):
        done = subprocess.run([CLI, word, "--help"], capture_output=True, timeout=MAX_SECONDS,
                              check=True, env={**os.environ})
        lines = done.stdout.decode().splitlines()
        assert lines[0].startswith(f"Usage: reactor-cli {word}")
        assert len(lines) < 24 and max(map(len, lines)) <= 80
