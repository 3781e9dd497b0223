# SPDX-License-Identifier: MIT
"""--check-config tries what a start would open: groups, the log, addresses. It disturbs no daemon."""

import os
import socket

import pytest

from harness.daemon import REACTORD
from harness.net import run


@pytest.fixture
def check(tmp_path):
    """Runs --check-config over a file: its exit status, and what it says."""
    path = tmp_path / "checked.toml"

    def run_it(text):
        path.write_text(text, encoding="utf-8")
        done = run(REACTORD, "--check-config", "--config", path)
        return done.returncode, done.stdout + done.stderr
    return run_it


def listener(address, more=""):
    return f'[[listener]]\naddress = "{address}"\n{more}\n'


GOOD = "the configuration is good\n"


def test_a_group_that_does_not_exist(check, tmp_path):
    status, said = check(listener(f"unix:{tmp_path}/s", 'group = "nosuchgroup"'))
    assert status == 1 and "there is no group 'nosuchgroup'" in said
    assert GOOD not in said


def test_a_log_that_cannot_be_written(check, tmp_path):
    status, said = check(f'[log]\ntarget = "{tmp_path}"\n')
    assert status == 1 and f"cannot write the log {tmp_path}: Is a directory; name a file in it" in said
    status, said = check(f'[log]\ntarget = "{tmp_path}/nosuch/log"\n')
    assert status == 1 and "create its folder" in said


def test_nothing_is_created(check, tmp_path):
    assert check(f'[log]\ntarget = "{tmp_path}/log"\n' + listener(f"unix:{tmp_path}/s")) == (0, GOOD)
    assert sorted(os.listdir(tmp_path)) == ["checked.toml"]


def test_an_address_of_another_machine(check):
    status, said = check(listener("192.0.2.1:7000"))
    assert status == 1 and "this machine has no such address" in said


def test_a_port_of_another_program(check):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        status, said = check(listener(f"127.0.0.1:{port}"))
    assert status == 1 and "another program listens there" in said


def test_a_path_with_something_else(check, tmp_path):
    (tmp_path / "s").write_text("somebody's", encoding="utf-8")
    status, said = check(listener(f"unix:{tmp_path}/s"))
    assert status == 1 and "what is there is no socket" in said
    status, said = check(listener(f"unix:{tmp_path}/nosuch/s"))
    assert status == 1 and "create its folder first" in said
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(f"{tmp_path}/other")
        other.listen()
        status, said = check(listener(f"unix:{tmp_path}/other"))
        assert status == 1 and "another program listens there" in said
    assert check(listener(f"unix:{tmp_path}/other")) == (0, GOOD), "nobody's any more"


def test_the_addresses_of_a_daemon_that_runs_are_a_note(check, daemon, tmp_path):
    one = daemon(listener("127.0.0.1:0") + listener(f"unix:{tmp_path}/s")
                 + '[log]\nlevel = "debug"\n')
    port = one.port
    connects = one.log.count(" connected")
    status, said = check(listener(f"127.0.0.1:{port}") + listener(f"unix:{tmp_path}/s"))
    assert status == 0 and said.startswith(GOOD)
    assert f"note: 127.0.0.1:{port} is in use by a reactord that runs" in said
    assert f"note: unix:{tmp_path}/s is in use by a reactord that runs" in said
    assert one.log.count(" connected") == connects
    one.connect().expect_alive()
