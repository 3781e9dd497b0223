# SPDX-License-Identifier: MIT
"""log.format: each line is for a parser, whatever clients send, and a reload changes it."""

import json
import re

import pytest
from harness.client import eventually
from harness.daemon import DEFAULT_LISTENER

HOSTILE = [b'"}\n{"level":"error"}', b"\xff\x00\x1b[2J\\", b"a=b \"c\" d=\xe2\x80\xae", bytes(range(256))]
_PAIR = re.compile(r'([a-z_]+)=(?:"((?:[^"\\]|\\["\\])*)"|([^ ="\\]+))(?: |$)')


def from_logfmt(line):
    """The pairs of a line that consists of nothing else."""
    pairs, at = {}, 0
    while at < len(line):
        match = _PAIR.match(line, at)
        assert match, f"no pair at {line[at:]!r}"
        name, quoted, plain = match.groups()
        assert name not in pairs
        pairs[name] = plain if quoted is None else re.sub(r"\\(.)", r"\1", quoted)
        at = match.end()
    return pairs


def provoke(one):
    """Records with what clients send in them."""
    for message in HOSTILE:
        one.connect().call("TEXT", message)
    one.connect().send(b"GET / HTTP/1.1\r\nHost: \x1b\"\r\n\r\n").read_until_eof()
    one.connect().send(b"*\x1b\"\xff\r\n").read_until_eof()


def check(records):
    by_event = {}
    for record in records:
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", record["time"])
        assert record["level"] in ("debug", "info", "warning", "error")
        assert re.fullmatch("[0-9a-f]{32}", record["message_id"])
        by_event.setdefault(record["reactord_event"], []).append(record)
    assert len(by_event["handler_info"]) == len(HOSTILE)
    for record in by_event["handler_info"]:
        assert record["message"].startswith("text: ") and record["reactord_handler"] == "text"
        assert record["reactord_host"] == "127.0.0.1"
    assert by_event["closed_foreign"][0]["reactord_close_reason"] == "foreign"
    assert "starting" in by_event and "stopped" in by_event


@pytest.mark.parametrize("form, parse", [("json", json.loads), ("logfmt", from_logfmt)])
def test_every_line_is_for_a_parser(daemon, form, parse):
    one = daemon(f'[log]\nlevel = "debug"\nformat = "{form}"\n[handlers.text]\nlog_level = "info"\n')
    provoke(one)
    one.stop()
    check([parse(line) for line in one.log.splitlines()])


def test_a_reload_changes_the_form_of_file_and_stderr(daemon, tmp_path):
    log = tmp_path / "reactord.log"
    head = f'[log]\ntarget = "{log}"\n'
    one = daemon(head)
    one.reload(head + 'format = "json"\n' + DEFAULT_LISTENER)
    eventually(lambda: "configuration reloaded" in log.read_text())
    last = json.loads(log.read_text().splitlines()[-1])
    assert last["message"] == "configuration reloaded on SIGHUP"
    assert last["reactord_event"] == "reloaded"
    one.reload(head + 'format = "jsn"\n' + DEFAULT_LISTENER)
    eventually(lambda: "reload_failed" in one.log_path.read_text())
    refused = [json.loads(line) for line in one.log_path.read_text().splitlines()]
    assert [record["reactord_event"] for record in refused] == ["config_problem", "reload_failed"]
    assert "did you mean 'json'" in refused[0]["message"]
