# SPDX-License-Identifier: MIT
"""reactor-cli operator on a real terminal, against a scripted desk.

operator_people_test.py has it with the daemon, operator_pipe_test.py in a pipe.
"""

import socket

import pytest

from harness.daemon import BIN_DIR
from harness.desk import Desk

CLI = str(BIN_DIR / "reactor-cli")


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


def test_what_waits_is_shown_at_first_and_enter_answers_the_oldest(operator, desk):
    desk.message(12, "hello there", waited=185_000)
    desk.message(13, "me too", state="finished")
    terminal = operator(ready="2 waiting, Enter answers 12 (3 min)>")
    rows = terminal.screen()
    assert "joined as alice; /help tells what to type" in rows
    assert "12  127.0.0.1:5000  3m05s  hello there" in rows
    assert "13  127.0.0.1:5000  0s  me too (has finished sending, still waits)" in rows
    assert "operators: bob (2 answered)" in rows
    terminal.enter("good morning")
    assert desk.replies.get(timeout=30) == ("REPLY", 12, "good morning")
    terminal.wait_for("12  answered by you")
    terminal.wait_for_line("1 waiting, Enter answers 13>")
    terminal.enter("and you")
    assert desk.replies.get(timeout=30) == ("REPLY", 13, "and you")
    terminal.wait_for_line("nobody waits>")


def test_of_many_that_wait_a_screen_is_shown_and_the_others_in_their_turn(operator, desk):
    for number in range(1, 25):
        desk.message(number, f"text {number}")
    terminal = operator(rows=60, ready="24 waiting, Enter answers 1>")
    rows = terminal.screen()
    assert "20  127.0.0.1:5000  0s  text 20" in rows
    assert "... and 4 more, each shown when its turn comes" in rows
    assert not any("text 21" in row for row in rows)
    for number in range(1, 21):
        terminal.wait_for_line(f"{25 - number} waiting, Enter answers {number}>")
        terminal.enter("answer")
    rows = terminal.wait_for("21  127.0.0.1:5000  0s  text 21")
    assert not any("text 22" in row for row in rows)
    terminal.type("23 half")
    terminal.wait_for("23  127.0.0.1:5000  0s  text 23")
    terminal.wait_for_line("4 waiting, Enter answers 23> 23 half")
    terminal.press("C-c")
    terminal.enter("/list")
    rows = terminal.wait_for("22  127.0.0.1:5000  0s  text 22")
    terminal.enter("21 answer")
    terminal.enter("22 answer")
    terminal.wait_for_line("2 waiting, Enter answers 23>")
    assert sum("text 23" in row for row in terminal.screen()) == 2  # in its turn, and in the list


def test_what_is_typed_right_behind_ctrl_c_is_the_next_line(operator):
    terminal = operator()
    for number in range(20):
        terminal.press(*"dropped", "C-c", *f"kept-{number}")  # in one write to the terminal
        terminal.wait_for_line(f"nobody waits> kept-{number}")


def test_the_prompts_waiting_time_goes_on_by_itself(operator, desk):
    desk.message(12, "hello", waited=58_000)
    terminal = operator(ready="1 waiting, Enter answers 12>")
    terminal.type("half")
    terminal.wait_for_line("1 waiting, Enter answers 12> half")
    terminal.wait_for_line("1 waiting, Enter answers 12 (1 min)> half")


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
    assert desk.replies.get(timeout=30) == ("REPLY", 12, "half a line")


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
    terminal.press("Enter")
    assert desk.replies.get(timeout=30) == ("REPLY", 12, typed)


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
    assert desk.replies.get(timeout=30) == ("REPLY", 13, "for twelve")
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
    assert desk.replies.get(timeout=30) == ("REPLY", 12, "first")
    assert desk.replies.empty()


def test_two_that_answer_at_once(operator, desk):
    desk.message(12, "first")
    terminal = operator(ready="Enter answers 12>")
    desk.errors[12] = "ERR message 12 was answered by bob"
    terminal.enter("mine")
    terminal.wait_for("ERR message 12 was answered by bob")
    terminal.wait_for("nothing was sent; the up arrow has your text")
    del desk.waiting[12]
    terminal.wait(lambda rows: rows[-1].endswith(">"), "a prompt")
    terminal.press("Up")
    terminal.wait(lambda rows: rows[-1].endswith("> mine"), "the text")


def test_numbers_and_commands(operator, desk):
    for number in (12, 13, 14):
        desk.message(number, f"message {number}")
    terminal = operator(ready="3 waiting, Enter answers 12>")
    terminal.enter("14 to  fourteen")
    assert desk.replies.get(timeout=30) == ("REPLY", 14, "to  fourteen")
    terminal.enter("/reject 13 not here")
    assert desk.replies.get(timeout=30) == ("REJECT", 13, "not here")
    terminal.wait_for("13  rejected by you")
    terminal.enter("99 bottles")
    terminal.wait_for("there is no message 99; to answer 12 with '99 bottles', put a blank in")
    terminal.press("Home")
    terminal.enter(" ")
    assert desk.replies.get(timeout=30) == ("REPLY", 12, "99 bottles")
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
    assert desk.replies.get(timeout=30) == ("REPLY", 12, "5")


def test_tab_completes_commands_and_numbers(operator, desk):
    desk.message(112, "a")
    terminal = operator(ready="1 waiting, Enter answers 112>")
    terminal.type("/rej\t1\twhy")
    terminal.wait_for_line("1 waiting> /reject 112 why")
    terminal.press("Enter")
    assert desk.replies.get(timeout=30) == ("REJECT", 112, "why")


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
    assert desk.replies.get(timeout=30)[2] == "a line that wraps when there are thirty columns"


def test_a_message_during_a_search_in_the_history(operator, desk):
    desk.message(12, "hello")
    desk.message(13, "hello")
    terminal = operator(ready="2 waiting, Enter answers 12>")
    terminal.enter("12 found again")
    assert desk.replies.get(timeout=30)
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
    assert desk.replies.get(timeout=30) == ("REPLY", 12, "hello")


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
    assert desk.replies.get(timeout=30)
    terminal.wait_for_line("nobody waits>")
    terminal.press("Up")
    terminal.wait_for_line("nobody waits> private")
    terminal.press("C-c")
    terminal.wait_for_line("nobody waits>")
    terminal.press("C-d")
    assert terminal.exit_status() == 0
    assert not [path for path in tmux.home.rglob("*") if path.name == "history"]
