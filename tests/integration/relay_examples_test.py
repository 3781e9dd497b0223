# SPDX-License-Identifier: MIT
"""The services of tools/examples/relay behind a daemon with the configuration that stands beside them."""

import contextlib
import re
import subprocess

from harness.client import eventually
from harness.daemon import ROOT

EXAMPLES = ROOT / "tools/examples/relay"


@contextlib.contextmanager
def running(program, path):
    process = subprocess.Popen([EXAMPLES / program, path], stdin=subprocess.DEVNULL)
    try:
        eventually(path.exists)
        yield process
    finally:
        process.kill()
        process.wait()


def configuration(directory):
    text = (EXAMPLES / "reactord.toml").read_text(encoding="utf-8")
    return text.replace("/run/", f"{directory}/").replace("127.0.0.1:12345", "127.0.0.1:0")


def test_two_services_behind_one_port(daemon, tmp_path):
    with running("service.py", tmp_path / "reverse.sock"), running("service.js", tmp_path / "repeat.sock"):
        one = daemon(configuration(tmp_path))
        client, person = one.connect(), one.connect()
        eventually(lambda: client.call("REVERSE", "drawer") == b"reward")
        eventually(lambda: client.call("REPEAT", 3, "ha") == b"hahaha")
        person.send(b"REVERSE drawer\nREPEAT 2 'ho '\nREPEAT\n")
        assert [person.read_line() for _ in range(3)] == [b"reward", b"ho ho ", b"(error) ERR try REPEAT times text"]


def test_a_service_that_crashes_costs_an_error_and_is_found_again(daemon, tmp_path):
    path = tmp_path / "reverse.sock"
    one = daemon(configuration(tmp_path))
    client = one.connect()
    with running("service.py", path) as service:
        eventually(lambda: client.call("REVERSE", "drawer") == b"reward")
        service.kill()
        service.wait()
        assert eventually(lambda: re.match("RELAY", str(client.call("REVERSE", "drawer"))))
        client.expect_alive()
    path.unlink(missing_ok=True)
    with running("service.py", path):
        eventually(lambda: client.call("REVERSE", "drawer") == b"reward")


def test_redis_as_it_is(daemon, redis_address):
    host, port = redis_address
    one = daemon(f'[[relay]]\ncommands = ["*"]\nbackends = ["{host}:{port}"]\n')
    old, new = one.connect(), one.connect()
    new.call("HELLO", 3)
    assert eventually(lambda: old.call("SET", "relay:a", "1")) == "OK"
    assert old.call("INCR", "relay:a") == 2
    assert old.call("HSET", "relay:h", "field", "value") in (0, 1)
    assert old.call("HGETALL", "relay:h") == [b"field", b"value"]
    assert new.call("HGETALL", "relay:h") == {b"field": b"value"}
    assert old.call("LPUSH", "relay:a", "x").startswith("WRONGTYPE")
    assert new.call("GET", "relay:none") is None
    assert old.call("DEL", "relay:a", "relay:h") == 2
