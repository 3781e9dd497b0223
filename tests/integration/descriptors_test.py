# SPDX-License-Identifier: MIT
"""Programs that are started without standard input, output or error, or cannot write them."""

import json
import os
import subprocess

import pytest

from harness.cli import CLI
from harness.client import eventually
from harness.daemon import REACTORD, ROOT
from harness.load import LOAD

SECONDS = 30
CLOSED = {"input": "<&-", "output": ">&-", "error": "2>&-", "input and output": "<&- >&-",
          "all": "<&- >&- 2>&-"}


def closing(redirections):
    """Words in front of a program that start it without these descriptors."""
    return ("sh", "-c", f'exec "$@" {redirections}', "sh")


def run_without(redirections, *command):
    return subprocess.run([*closing(redirections), *map(str, command)], stdin=subprocess.DEVNULL,
                          capture_output=True, timeout=SECONDS, check=False)


def run_into_full(*command, data=b""):
    with open("/dev/full", "wb") as full:
        return subprocess.run([str(word) for word in command], input=data, stdout=full,
                              stderr=subprocess.PIPE, timeout=SECONDS, check=False)


# --- the daemon

@pytest.mark.parametrize("redirections", CLOSED.values(), ids=CLOSED)
def test_the_daemon_keeps_its_sockets_out_of_the_standard_descriptors(daemon, tmp_path, redirections):
    one = daemon(f'[log]\ntarget = "{tmp_path}/reactord.log"\n', prefix=closing(redirections))
    standard = [os.readlink(f"/proc/{one.pid}/fd/{fd}") for fd in range(3)]
    assert not any("socket:" in name or "anon_inode:" in name for name in standard), standard
    assert one.connect().send(b"CEIL 4.40\n").expect(b"5\n")


def test_the_daemon_serves_where_its_log_is_a_closed_standard_error(daemon):
    one = daemon('[log]\nlevel = "debug"\n[[listener]]\naddress = "unix:one.sock"\n',
                 prefix=closing("2>&-"), ready=False)
    path = one.directory / "one.sock"

    def answer():
        return subprocess.run([CLI, "--uri", f"unix:{path}", "ceil", "4.40"], capture_output=True,
                              timeout=SECONDS, check=False).stdout

    eventually(lambda: answer() == b"5\n", SECONDS, what="an answer")
    assert [answer() for _ in range(3)] == [b"5\n"] * 3    # its log went nowhere else


@pytest.mark.parametrize("arguments", [("--help",), ("--version",), ("--print-config",),
                                       ("--check-config", "--listen", "127.0.0.1:0")],
                         ids=" ".join)
def test_the_daemon_says_what_it_could_not_print(arguments):
    full = run_into_full(REACTORD, *arguments)
    assert full.returncode == 1
    assert full.stderr == b"reactord: cannot write the output: No space left on device\n"
    closed = run_without(">&-", REACTORD, *arguments)
    assert closed.returncode == 1
    assert closed.stderr == b"reactord: cannot write the output: Bad file descriptor\n"


# --- the client

@pytest.mark.parametrize("redirections", ["<&-", "<&- 2>&-"])
def test_the_client_without_input_has_no_requests(shared, redirections):
    done = run_without(redirections, CLI, "--port", shared.port)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


@pytest.mark.parametrize("redirections", ["2>&-", "<&- 2>&-"])
def test_the_client_without_standard_error_answers(shared, redirections):
    done = run_without(redirections, CLI, "--port", shared.port, "ceil", "4.40")
    assert (done.returncode, done.stdout) == (0, b"5\n")


def test_the_client_says_that_its_output_is_closed(shared):
    done = run_without(">&-", CLI, "--port", shared.port, "ping")
    assert done.returncode == 1
    assert done.stderr == b"reactor-cli: cannot write the output: Bad file descriptor\n"
    assert run_without("<&- >&- 2>&-", CLI, "--port", shared.port, "ping").returncode == 1


@pytest.mark.parametrize("arguments", [("--help",), ("--version",), ("operator", "--help"),
                                       ("chat", "--help")], ids=" ".join)
def test_the_client_says_what_it_could_not_print(arguments):
    done = run_into_full(CLI, *arguments)
    assert done.returncode == 1 and b"No space left on device" in done.stderr


@pytest.mark.parametrize("arguments", [("ping",), ("--json", "ping"), (), ("--framing", "raw")],
                         ids=" ".join)
def test_the_client_says_what_answer_it_could_not_write(shared, arguments):
    port = shared.address("raw" if "raw" in arguments else None)[1]
    done = run_into_full(CLI, "--port", port, *arguments, data=b"ping\n")
    assert done.returncode == 1 and b"No space left on device" in done.stderr


# --- the load generator

def a_run(shared, *arguments):
    return [LOAD, "--port", shared.port, "-c", "2", "-n", "100", *arguments, "ping"]


@pytest.mark.parametrize("redirections", ["<&-", "2>&-", "<&- 2>&-"])
def test_the_load_generator_needs_its_output_alone(shared, redirections):
    done = run_without(redirections, *a_run(shared))
    assert done.returncode == 0 and b"PING" in done.stdout


def test_the_load_generator_says_that_its_output_is_closed(shared):
    done = run_without(">&-", *a_run(shared))
    assert done.returncode == 1
    assert done.stderr == b"reactor-load: cannot write the output: Bad file descriptor\n"
    assert run_without("<&- >&- 2>&-", *a_run(shared)).returncode == 1


@pytest.mark.parametrize("arguments", [(), ("--quiet",), ("--json", "-"), ("--html", "-")],
                         ids=" ".join)
def test_the_load_generator_says_what_it_could_not_print(shared, arguments):
    done = run_into_full(*a_run(shared, *arguments))
    assert done.returncode == 1
    assert done.stderr == b"reactor-load: cannot write the output: No space left on device\n"


@pytest.mark.parametrize("option", ["--help", "--version", "--keys", "--generators", "--personas"])
def test_the_load_generator_says_what_page_it_could_not_print(option):
    done = run_into_full(LOAD, option)
    assert done.returncode == 1 and b"No space left on device" in done.stderr


def test_the_load_generator_says_what_file_it_could_not_write(shared, tmp_path):
    kept = tmp_path / "kept"
    for full, other in (("--json", "--html"), ("--html", "--json")):
        done = subprocess.run([str(word) for word in a_run(shared, full, "/dev/full", other, kept)],
                              capture_output=True, timeout=SECONDS, check=False)
        assert done.returncode == 1
        assert done.stderr == b"reactor-load: cannot write /dev/full: No space left on device\n"
        assert kept.stat().st_size > 0     # what could be kept was
    assert json.loads(kept.read_text())    # the last one is JSON


def test_a_comparison_that_cannot_be_printed(shared, tmp_path):
    result = tmp_path / "result.json"
    subprocess.run([str(word) for word in a_run(shared, "--json", result)], check=True,
                   stdout=subprocess.DEVNULL, timeout=SECONDS)
    done = run_into_full(LOAD, "--compare", result, result)
    assert done.returncode == 1 and b"No space left on device" in done.stderr


# --- scripts of developers

@pytest.mark.parametrize("command", [("tools/test", "--list"), ("tools/test", "--help"),
                                     ("tools/lab", "--help"), ("tools/lab", "--list"),
                                     ("tools/quickstart", "--help"), ("tools/package", "--help")],
                         ids=" ".join)
def test_a_script_that_cannot_print_fails(command):
    script, *arguments = command
    done = run_into_full(ROOT / script, *arguments)
    assert done.returncode != 0 and done.stderr, done
