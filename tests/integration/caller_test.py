# SPDX-License-Identifier: MIT
"""The tests, and the scripts that they run, do not depend on how their caller set what is inherited."""

import os
import pathlib
import re
import signal
import subprocess

import pytest

from harness.daemon import ROOT

# Something of each kind: a daemon, a terminal, an interrupt, a script, files with rights.
SOME = ["caller_test.py", "start_test.py", "sockets_test.py", "load_shown_test.py",
        "cli_with_daemon_test.py", "scripts_test.py", "-k", "what_a_program or listen_replaces "
        "or prompt_completes or its_mode or an_interrupt_waits or build_that_fails"]


def ignore_signals():
    for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGHUP, signal.SIGTERM, signal.SIGPIPE):
        signal.signal(number, signal.SIG_IGN)


def block_signals():
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT, signal.SIGTERM, signal.SIGALRM])


CALLERS = {
    "a shell's background": ({}, ignore_signals),
    "blocked signals": ({}, block_signals),
    "no standard input": ({}, lambda: os.close(0)),
    "another locale": ({"LANG": "tr_TR.UTF-8", "LC_ALL": "C"}, None),
    "a strict umask": ({}, lambda: os.umask(0o077)),
    "an open umask": ({}, lambda: os.umask(0)),
    "no home": ({"HOME": "/nonexistent"}, None),
    "another terminal": ({"TERM": "linux", "COLUMNS": "20", "LINES": "3", "NO_COLOR": "1"}, None),
}


@pytest.mark.parametrize("name", CALLERS)
def test_the_tests_pass_for_any_caller(name):
    environment, prepare = CALLERS[name]
    had_it = pathlib.Path("/nonexistent").exists()
    done = subprocess.run(["/usr/bin/python3", "-B", "-m", "pytest", "-q", "-x", *SOME],
                          cwd=ROOT / "tests/integration", env={**os.environ, **environment},
                          preexec_fn=prepare, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    assert pathlib.Path("/nonexistent").exists() == had_it


def test_what_a_program_of_a_test_inherits():
    status = subprocess.run(["cat", "/proc/self/status"], capture_output=True, text=True,
                            check=True).stdout
    ours = sum(1 << (number - 1) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP))
    for kind in ("SigIgn", "SigBlk"):
        assert int(re.search(rf"^{kind}:\s+(\w+)", status, re.M)[1], 16) & ours == 0, kind
    assert re.search(r"^Umask:\s+0022", status, re.M)
    assert "LANG" not in os.environ and os.environ["LC_ALL"] == "C.UTF-8"
    assert os.environ["TERM"] == "dumb" and "home-of-tests-" in os.environ["HOME"]


@pytest.mark.parametrize("prepare", [ignore_signals, block_signals])
def test_signals_of_the_caller_are_forgotten(prepare):
    """What a child of the tests then does on SIGINT, whoever has started them."""
    asked = ("import sys; sys.path.insert(0, 'tools/scripts'); from suite import caller; caller.forget_signals();"
             "import subprocess; sys.exit(subprocess.run(['sh', '-c', 'kill -INT $$; exit 7']).returncode + 100)")
    done = subprocess.run(["/usr/bin/python3", "-B", "-c", asked], cwd=ROOT, preexec_fn=prepare, timeout=20,
                          check=False)
    assert done.returncode == 100 - signal.SIGINT
