# SPDX-License-Identifier: MIT
"""Conversations with redis-server: a few thousand, the same ones each time; `tools/test fuzz` has new ones."""

import importlib.machinery
import importlib.util
import re
import sys

import pytest

from harness.daemon import ROOT
from harness.net import run

SCRIPT = ROOT / "tests/fuzz/redis_differential"


def test_the_same_replies():
    done = run(SCRIPT, "--count", "3000", "--seed", "1")
    assert done.returncode == 0, done.stdout + done.stderr
    told = re.fullmatch(r"3000 conversations, (\d+) replies, 0 differences, seed 1\n", done.stdout)
    assert told and int(told[1]) > 9000, done.stdout


@pytest.fixture(scope="module")
def script():
    loader = importlib.machinery.SourceFileLoader("redis_differential", str(SCRIPT))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(loader.name, loader))
    loader.exec_module(module)
    return module


def test_a_server_that_answers_otherwise_is_found(script, monkeypatch, capsys):
    """One that writes replies to lines for people, as reactord does if nothing is said."""
    monkeypatch.setattr(script, "CONFIG", script.CONFIG.replace('inline_replies = "resp"', ""))
    monkeypatch.setattr(sys, "argv", ["redis_differential", "--count", "300", "--seed", "1"])
    assert script.main() == 1
    assert "ours" in capsys.readouterr().out


@pytest.mark.parametrize("ours, theirs, place", [
    (b"+OK\r\n+PONG\r\n", b"+OK\r\n", 1),
    (b"+OK\r\n", b"+OK\r\n+PONG\r\n", 1),
    (b"$2\r\nhi\r\n", b"+hi\r\n", 0),
    (b"*2\r\n:1\r\n+a\r\n", b"*2\r\n:1\r\n+b\r\n", 0),
    (b"+OK\r\n", b"+O", 0),
    (b"-ERR no\r\n", b"-ERR unknown command\r\n", 0),
])
def test_a_difference_is_seen(script, ours, theirs, place):
    talk = script.Talk(1, 1)
    talk.requests = []
    assert script.first_difference(talk, script.split(ours), script.split(theirs))[0] == place


def test_a_conversation_is_the_same_again(script):
    one, two = script.Talk(7, 812), script.Talk(7, 812)
    assert one.requests == two.requests and one.pieces() == two.pieces()
    assert b"".join(script.Talk(7, 812).pieces()) == b"".join(one.requests)
