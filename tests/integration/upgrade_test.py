# SPDX-License-Identifier: MIT
"""reactor-cli upgrade: another process in the daemon's place, started as it was."""

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys

import pytest

from harness.admin import admin_listener
from harness.cli import CLI
from harness.client import eventually
from harness.daemon import REACTORD
from harness.net import free_port


@pytest.fixture
def config(tmp_path):
    return admin_listener(tmp_path / "admin") + f'\n[[listener]]\nname = "main"\naddress = "127.0.0.1:{free_port()}"\n'


@pytest.fixture
def upgrade(tmp_path):
    """Whoever it starts is ended with the test."""
    started = []

    def run(*arguments, at=tmp_path / "admin"):
        done = subprocess.run([CLI, "upgrade", "--uri", f"unix:{at}", *arguments], stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=120, check=False)
        named = re.search(r'\(process (\d+)\) serves in place|"after":{"process":(\d+)', done.stdout)
        if named:
            started.append(int(named[1] or named[2]))
        return done

    yield run
    for process in started:
        end(process)


def end(process):
    """It is nobody's child that we could wait for; a later one may have taken over from it."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(process, signal.SIGTERM)
    eventually(lambda: has_ended(process))


def has_ended(process):
    try:
        with open(f"/proc/{process}/stat", encoding="utf-8") as stat:
            return stat.read().rsplit(")", 1)[1].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


def test_another_process_serves(daemon, config, upgrade):
    one = daemon(config, environment={"LEFT": "as it was"})
    client = one.connect("main")
    number = client.call("CLIENT", "ID")
    done = upgrade()
    assert done.returncode == 0, done
    assert one.wait() == 0, one.log
    assert client.call("CLIENT", "ID") == number
    told = re.fullmatch(r"reactord (\S+) \(process (\d+)\) serves in place of (\S+) \(process (\d+)\): \d+ clients\n",
                        done.stdout)
    assert told and int(told[4]) == one.pid and told[1] == told[3], done.stdout
    process = int(told[2])
    with open(f"/proc/{process}/environ", "rb") as environment:
        assert b"LEFT=as it was" in environment.read().split(b"\0")
    assert os.readlink(f"/proc/{process}/cwd") == str(one.directory)
    assert os.getsid(process) != os.getsid(0)
    # It writes where the one before wrote. Whoever has asked for it may be connected still.
    one.wait_for_log(r"\d connections go on in process")
    one.wait_for_log(r"\d connections go on from the process before; 0 could not")


def test_again_and_again(daemon, config, upgrade):
    """--take-over is not handed down."""
    one = daemon(config)
    client = one.connect("main")
    before = one.pid
    for _ in range(3):
        told = json.loads(upgrade("--json").stdout)
        assert told["before"]["process"] == before
        before = told["after"]["process"]
        client.expect_alive()
    with open(f"/proc/{before}/cmdline", "rb") as line:
        assert line.read().count(b"--take-over") == 1


def test_the_program_that_is_there_now(daemon, config, upgrade, tmp_path):
    """The file was replaced, as a package does."""
    program = tmp_path / "reactord"
    shutil.copy(REACTORD, program)
    launch = "import os, sys; os.execv(sys.argv[1], [sys.argv[1], *sys.argv[3:]])"
    one = daemon(config, prefix=(sys.executable, "-c", launch, str(program)))
    shutil.copy(REACTORD, tmp_path / "new")
    os.replace(tmp_path / "new", program)
    done = upgrade()
    assert done.returncode == 0, done
    process = int(re.search(r"process (\d+)\) serves", done.stdout)[1])
    assert os.readlink(f"/proc/{process}/exe") == str(program)
    assert one.wait() == 0


def test_a_bad_configuration_is_told_and_nothing_happens(daemon, config, upgrade):
    one = daemon(config)
    client = one.connect("main")
    one.write_config(config + "nonsense = 1\n")
    done = upgrade()
    assert done.returncode == 1 and done.stdout == ""
    assert "nonsense" in done.stderr
    assert "not upgraded, and nobody was lost" in done.stderr and "--check-config ends with 78" in done.stderr
    client.expect_alive()
    assert "HANDOVER" not in one.log


def test_a_process_that_cannot_start(daemon, config, upgrade, tmp_path):
    program = tmp_path / "reactord"
    shutil.copy(REACTORD, program)
    launch = "import os, sys; os.execv(sys.argv[1], [sys.argv[1], *sys.argv[3:]])"
    one = daemon(config, prefix=(sys.executable, "-c", launch, str(program)))
    client = one.connect("main")
    program.unlink()
    program.write_text('#!/bin/sh\ncase $* in *--check-config*) exit 0 ;; esac\nexit 7\n', encoding="utf-8")
    program.chmod(0o755)
    done = upgrade()
    assert done.returncode == 1, done
    assert "the new process has ended with 7; why is in the log" in done.stderr
    client.expect_alive()


def test_a_link_leads_to_the_next_release(daemon, config, upgrade, tmp_path):
    for release in ("v1", "v2"):
        (tmp_path / release).mkdir()
        shutil.copy(REACTORD, tmp_path / release / "reactord")
    (tmp_path / "current").symlink_to("v1")
    launch = "import os, sys; os.execv(sys.argv[1], [sys.argv[1], *sys.argv[3:]])"
    one = daemon(config, prefix=(sys.executable, "-c", launch, str(tmp_path / "current/reactord")))
    (tmp_path / "current").unlink()
    (tmp_path / "current").symlink_to("v2")
    done = upgrade()
    assert done.returncode == 0, done
    process = int(re.search(r"process (\d+)\) serves", done.stdout)[1])
    assert os.readlink(f"/proc/{process}/exe") == str(tmp_path / "v2/reactord")
    assert one.wait() == 0


def test_it_may_do_what_the_other_one_may(daemon, config, upgrade):
    launch = ("import os, resource, sys; os.umask(0o27); resource.setrlimit(resource.RLIMIT_NOFILE, (700, 800));"
              "os.execv(sys.argv[1], sys.argv[1:])")
    daemon(config, prefix=(sys.executable, "-c", launch), environment={}, expected_status=0)
    told = json.loads(upgrade("--json").stdout)
    process = told["after"]["process"]
    with open(f"/proc/{process}/status", encoding="utf-8") as status:
        assert "Umask:\t0027" in status.read()
    with open(f"/proc/{process}/limits", encoding="utf-8") as limits:
        assert re.search(r"Max open files +800 +800 ", limits.read())


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")
def test_nothing_of_somebody_else_is_run(daemon, config, upgrade, tmp_path):
    launch = "import os, sys; os.setgid(65534); os.setuid(65534); os.execv(sys.argv[1], sys.argv[1:])"
    for folder in (tmp_path, *tmp_path.parents[:-1]):
        folder.chmod(folder.stat().st_mode | 0o111)
    tmp_path.chmod(0o777)
    one = daemon(config, prefix=(sys.executable, "-c", launch))
    done = upgrade()
    assert done.returncode == 1
    assert f"process {one.pid} runs as user 65534, and so must its successor" in done.stderr
    assert "HANDOVER" not in one.log


def test_who_says_that_it_is_another_process(serve, tmp_path):
    """Its program would be run."""
    info = b"reactord_version:0.2.0\r\nprocess_id:%d\r\nconnected_clients:1\r\n" % os.getppid()
    serve(lambda peer: peer.request() and peer.send(b"$%d\r\n%s\r\n" % (len(info), info)),
          unix=str(tmp_path / "liar"))
    done = subprocess.run([CLI, "upgrade", "--uri", f"unix:{tmp_path}/liar"], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert f"process {os.getppid()} is not who serves at" in done.stderr


def test_it_takes_a_unix_socket(daemon):
    one = daemon()
    done = subprocess.run([CLI, "upgrade", "--port", str(one.port)], stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert "upgrade takes the Unix socket of an admin listener: --admin, or --uri unix:PATH" in done.stderr


def test_nobody_there(upgrade):
    assert upgrade().returncode == 3
