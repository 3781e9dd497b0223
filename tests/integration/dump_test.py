# SPDX-License-Identifier: MIT
"""All that there is to tell of the daemon's state, as JSON: DEBUG DUMP, and SIGUSR1 into a file."""

import json
import os
import signal
import stat

import pytest

from harness.client import eventually
from harness.daemon import DEFAULT_LISTENER

ADMIN = '\n[[listener]]\nname = "admin"\nrole = "admin"\naddress = "unix:admin.sock"\n'
BOTH = DEFAULT_LISTENER + ADMIN
SECRET = "hunter2-hunter2"


def dumped(daemon):
    with daemon.connect("admin", track=False) as admin:
        return json.loads(admin.call("DEBUG", "DUMP"))


def file_in(folder, age=1):
    return folder / f"reactord-dump.{age}.json"


def line_of(dump, client):
    return next((one for one in dump["connections"] if one["client"] == client), {})


def test_a_dump_has_everything_and_nobodys_messages(daemon):
    one = daemon(f'[log]\nlevel = "debug"\n{BOTH}')
    client = one.connect("main")
    number = client.call("CLIENT", "ID")
    assert client.call("TEXT", SECRET)
    client.send(b"*2\r\n$4\r\nECHO\r\n$500\r\n" + SECRET.encode())
    eventually(lambda: line_of(dumped(one), number).get("input_bytes"), what="a part of a frame")
    dump = dumped(one)
    assert set(dump) == {"reactord", "commit", "pid", "begun_ms", "why", "draining", "info", "tables", "deadlines",
                         "connections", "event_counts", "latest_events", "ended_ms"}
    assert dump["pid"] == one.pid and dump["why"].startswith("DEBUG DUMP by unix:")
    assert dump["tables"]["clients"] == 1 and dump["tables"]["admins"] == 1
    assert dump["info"]["clients"]["connected_clients"] == "1"
    assert dump["event_counts"]["connected"] >= 2
    line = line_of(dump, number)
    assert (line["state"], line["kept"], line["command"]) == ("open", "part_of_frame", "text")
    assert line["input_bytes"] == len(b"*2\r\n$4\r\nECHO\r\n$500\r\n") + len(SECRET)
    assert line["input_deadline"]["kind"] == "frame" and 0 < line["input_deadline"]["left_ms"] <= 30_000
    events = [event["text"] for event in dump["latest_events"]]
    assert "ready" in events and any("a message of" in text for text in events), events
    one.wait_for_log(SECRET)
    assert SECRET not in json.dumps(dump)


def test_any_names_make_valid_json(daemon):
    one = daemon(f'[log]\nlevel = "debug"\n{BOTH}')
    client = one.connect("main")
    number = client.call("CLIENT", "ID")
    for name in ('"\\', "</script>", "\u00fc\u2028".encode(), b"\xff\xfe\xc0\x80", "{[,:]}"):
        assert client.call("CLIENT", "SETNAME", name) is not None
        client.request(b"\xff\"\\\x01", name).read_line(b"\r\n")
        assert line_of(dumped(one), number)["state"] == "open"
    assert line_of(dumped(one), number)["name"] == "{[,:]}"


def test_a_reply_that_is_to_come_is_told(daemon):
    one = daemon(f'[handlers.text]\nmode = "operator"\n{BOTH}')
    person = one.connect("admin")
    person.call("HELLO", "3")
    person.call("OPERATOR", "JOIN", "ann")
    client = one.connect("main")
    number = client.call("CLIENT", "ID")
    client.request("TEXT", SECRET)
    eventually(lambda: line_of(dumped(one), number).get("owed_replies"), what="a pending request")
    dump = dumped(one)
    assert line_of(dump, number)["state"] in ("pending", "overlapping")
    assert line_of(dump, number)["owed_replies"] == 1 and dump["tables"]["replies_to_come"] >= 1
    assert SECRET not in json.dumps(dump)


def test_two_dumps_are_written_at_a_time(daemon):
    """All are asked for before one begins."""
    one = daemon(BOTH)
    admins = [one.connect("admin") for _ in range(3)]
    for admin in admins:
        admin.expect_alive()
    os.kill(one.pid, signal.SIGSTOP)
    for admin in admins:
        admin.request("DEBUG", "DUMP")
    os.kill(one.pid, signal.SIGCONT)
    replies = [admin.reply() for admin in admins]
    refused = [reply for reply in replies if not isinstance(reply, bytes)]
    assert len(refused) == 1 and "too many dumps are being written at once" in str(refused[0]), refused
    dumped(one)


# --- a signal, and a file

@pytest.fixture
def place(tmp_path):
    folder = tmp_path / "logs"
    folder.mkdir()
    return folder


def test_a_signal_writes_it_to_a_file(daemon, place):
    one = daemon(BOTH, environment={"LOGS_DIRECTORY": str(place)})
    number = one.connect("main").call("CLIENT", "ID")
    one.signal(signal.SIGUSR1)
    told = one.wait_for_log(r"info .*wrote (\S+), (\d+) bytes of the daemon's state: SIGUSR1")
    assert told[1] == str(file_in(place)) and int(told[2]) == file_in(place).stat().st_size
    assert stat.S_IMODE(file_in(place).stat().st_mode) == 0o600
    dump = json.loads(file_in(place).read_text())
    assert dump["why"] == "SIGUSR1" and line_of(dump, number)["peer"].startswith("127.0.0.1:")
    assert os.listdir(place) == [file_in(place).name]


def test_the_newest_eight_are_kept(daemon, place):
    one = daemon(BOTH, environment={"STATE_DIRECTORY": f"{place}:/elsewhere"})
    for number in range(1, 11):
        one.signal(signal.SIGUSR1)
        eventually(lambda: one.log.count("bytes of the daemon's state") == number, what=f"dump {number}")
    assert sorted(os.listdir(place)) == [file_in(place, age).name for age in range(1, 9)]
    begun = [json.loads(file_in(place, age).read_text())["begun_ms"] for age in range(1, 9)]
    assert begun == sorted(begun, reverse=True)


def test_a_storm_of_signals_is_a_few_dumps(daemon, place):
    one = daemon(BOTH, environment={"LOGS_DIRECTORY": str(place)})
    client = one.connect("main")
    for _ in range(300):
        one.signal(signal.SIGUSR1)
        client.expect_alive()
    one.wait_for_log(r"bytes of the daemon's state")
    assert len(os.listdir(place)) <= 9


@pytest.mark.parametrize("folder, problem", [("/nonexistent", "No such file or directory"),
                                             ("/proc", "(No such file or directory|Permission denied)")])
def test_where_it_cannot_be_written_the_log_says_why(daemon, folder, problem):
    one = daemon(BOTH, environment={"LOGS_DIRECTORY": folder})
    one.signal(signal.SIGUSR1)
    one.wait_for_log(rf"error .*cannot write {folder}/reactord-dump.1.json: {problem}; reactor-cli --admin debug dump")
    one.connect("main").expect_alive()


def test_a_stop_does_not_wait_for_it(daemon, place):
    one = daemon(BOTH, environment={"LOGS_DIRECTORY": str(place)})
    one.signal(signal.SIGUSR1)
    assert one.stop() == 0
