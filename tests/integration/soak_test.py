# SPDX-License-Identifier: MIT
"""tests/load/soak: every persona beside honest clients, a moment of it and ten minutes."""

import os
import pathlib
import re
import signal
import subprocess

import pytest

from harness.client import eventually
from harness.daemon import ROOT
from harness.net import run

SOAK = ROOT / "tests/load/soak"


def running(folder):
    """The soak's daemon and load, by the folder that is in their command lines."""
    found = {}
    for process in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        name = os.path.basename(words[0]).decode(errors="replace")
        if name in ("reactord", "reactor-load") and any(str(folder).encode() in w for w in words):
            found[name] = int(process.name)
    return found


@pytest.fixture(name="endless")
def endless_soak(tmp_path):
    """One that goes on until it is ended, once both of its programs run."""
    process = subprocess.Popen([SOAK, "--time", "1h", "--keep", tmp_path], text=True,
                               stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT)
    try:
        eventually(lambda: len(running(tmp_path)) == 2, 30, what="the daemon and the load")
        yield process
    finally:
        process.terminate()
        process.communicate(timeout=60)


def test_a_moment_of_it(tmp_path):
    """Counts: every reply right, every descriptor back, every end of a connection accounted for."""
    done = run(SOAK, "--time", "20s", "--keep", tmp_path, seconds=110)
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"^ok      every reply was right: \d+ \d+", done.stdout, re.M), done.stdout
    assert "FAILED" not in done.stdout
    assert not running(tmp_path)


def test_an_end_from_outside_leaves_nothing_running(endless, tmp_path):
    endless.terminate()
    assert endless.wait(60) == 1
    assert not running(tmp_path)


def test_a_daemon_that_dies_fails_it(endless, tmp_path):
    os.kill(running(tmp_path)["reactord"], signal.SIGKILL)
    output = endless.communicate(timeout=60)[0]
    assert endless.returncode == 1
    assert "soak: the daemon has ended" in output and "Traceback" not in output
    assert not running(tmp_path)


@pytest.mark.long(seconds=900)
@pytest.mark.release_only
def test_ten_minutes_of_it(tmp_path):
    """Judges resident memory, too: what is held after the first minute is held after ten."""
    done = run(SOAK, "--time", "10m", "--keep", tmp_path, seconds=850)
    print(done.stdout)
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"^ok      memory at rest: ", done.stdout, re.M), done.stdout
