# SPDX-License-Identifier: MIT
"""The scripts a developer runs: that each says how it is used, and shows that a build goes on."""

import os
import re
import subprocess

import pexpect
import pytest

from harness.daemon import ROOT

BENCHMARKS = ["tests/bench/start_up", "tests/bench/hog_latency", "tests/bench/generator_cost",
              "tests/bench/admin_when_full"]
SCRIPTS = ["tools/quickstart", "tools/lab", "tools/test", "tools/package", "tests/load/soak",
           *BENCHMARKS]
USAGE = 2


def script(name, *arguments, environment=None):
    return subprocess.run([ROOT / name, *arguments], capture_output=True, text=True, timeout=20,
                          stdin=subprocess.DEVNULL, check=False,
                          env={**os.environ, **(environment or {})})


@pytest.mark.parametrize("name", [*SCRIPTS, "tests/bench/compare", "tests/systemd/run"])
def test_help_fits_a_screen_and_begins_with_an_example(name):
    done = script(name, "--help")
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert len(lines) <= 24 and max(map(len, lines)) <= 110, done.stdout
    if name != "tests/bench/compare":
        assert re.search(rf"^ +{name}", done.stdout, re.M), "an example"
        assert re.search(r"exit status", done.stdout, re.I)


@pytest.mark.parametrize("name", SCRIPTS)
def test_wrong_usage_does_nothing_and_says_where_help_is(name):
    done = script(name, "--nosuch")
    assert (done.returncode, done.stdout) == (USAGE, "")
    assert "--nosuch" in done.stderr and re.search(r"--help|\[-h\]", done.stderr)


@pytest.mark.parametrize("name", BENCHMARKS)
def test_a_benchmark_without_a_build_says_how_to_make_one(name, tmp_path):
    done = script(name, environment={"REACTORD_BIN_DIR": str(tmp_path)})
    assert (done.returncode, done.stdout) == (1, "")
    assert f"in {tmp_path}: build the release (cmake --preset release" in done.stderr


# --- tools/scripts/build.sh

# A build of three steps, as ninja tells of it.
BUILD = """
cmake() {{ case $1 in --build) printf '[1/3] a\\n[2/3] b\\n[3/3] error: c\\n'; return {status} ;; esac; }}
set -euo pipefail
source tools/scripts/build.sh
build_preset release {log} && echo built
"""


def test_a_build_in_a_pipe_is_quiet_and_keeps_its_log(tmp_path):
    log = tmp_path / "build.log"
    done = subprocess.run(["bash", "-c", BUILD.format(status=0, log=log)], cwd=ROOT, text=True,
                          capture_output=True, timeout=20, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "built\n", "")
    assert log.read_text() == "[1/3] a\n[2/3] b\n[3/3] error: c\n"


def test_a_long_build_in_a_pipe_says_how_far_it_is(tmp_path):
    done = subprocess.run(["bash", "-c", BUILD.format(status=0, log=tmp_path / "build.log")], cwd=ROOT,
                          text=True, capture_output=True, timeout=20, check=False,
                          env={**os.environ, "REACTORD_TELL_EVERY_SECONDS": "0"})
    assert done.stderr == "  compiling: [1/3]\n  compiling: [2/3]\n  compiling: [3/3]\n"


@pytest.mark.parametrize("port", ["0", "65536", "x", "", "-1", "080"])
def test_quickstart_takes_ports_alone(port):
    done = script("tools/quickstart", "--port", port)
    assert (done.returncode, done.stdout) == (USAGE, "")
    assert done.stderr == (f"tools/quickstart: --port '{port}': expected 1 to 65535; "
                           "see tools/quickstart --help\n")


def test_a_build_at_a_terminal_shows_how_far_it_is(tmp_path):
    script_text = BUILD.format(status=0, log=tmp_path / "build.log")
    shown = pexpect.spawn("bash", ["-c", script_text], timeout=20, cwd=str(ROOT), encoding="utf-8")
    shown.expect_exact("\r  [1/3] \r  [2/3] \r  [3/3] \r\x1b[Kbuilt")
    shown.expect(pexpect.EOF)


def test_a_build_that_fails_is_told(tmp_path):
    log = tmp_path / "build.log"
    done = subprocess.run(["bash", "-c", BUILD.format(status=1, log=log)], cwd=ROOT, text=True,
                          capture_output=True, timeout=20, check=False)
    assert done.returncode == 1 and "built" not in done.stdout
    assert "error: c" in done.stderr and f"all of it is in {log}" in done.stderr
