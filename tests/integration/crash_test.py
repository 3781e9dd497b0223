# SPDX-License-Identifier: MIT
"""What the daemon says when it crashes, and that it ends by the signal all the same."""

import os
import pathlib
import re
import signal
import subprocess

import pytest

from harness.client import PATIENCE
from harness.daemon import BIN_DIR, DEFAULT_LISTENER, SANITIZED

SOURCE = pathlib.Path(__file__).parent / "module_sources/crash.cpp"
SECRET = "hunter2-hunter2"

pytestmark = pytest.mark.skipif(SANITIZED, reason="a sanitizer reports in its own way, and is left to")


@pytest.fixture(scope="module")
def crash(tmp_path_factory):
    path = tmp_path_factory.mktemp("module") / "crash.so"
    subprocess.run(["c++", "-std=c++20", "-O1", "-Wall", "-Wextra", "-Werror", "-Wno-infinite-recursion", "-fPIC",
                    "-fno-optimize-sibling-calls", "-shared", "-fvisibility=hidden", f"-I{BIN_DIR.parent}/include",
                    SOURCE, "-o", path, "-lfmt"], check=True)
    path.chmod(0o755)
    return f'[[module]]\npath = "{path}"\n'


def ended_by(daemon, number):
    assert daemon.process.wait(PATIENCE) == -number, daemon.log


IN_LOOP = [("null", signal.SIGSEGV, r"nothing is mapped at 0x0"),
           ("stack", signal.SIGSEGV, r"(nothing is mapped|no such access is allowed) at 0x[0-9a-f]+"),
           ("divide", signal.SIGFPE, r"a division by zero at 0x[0-9a-f]+"),
           ("illegal", signal.SIGILL, r"at 0x[0-9a-f]+"),
           ("bus", signal.SIGBUS, r"nothing is behind 0x[0-9a-f]+"),
           ("abort", signal.SIGABRT, r"raised by itself")]


@pytest.mark.parametrize("how, number, cause", IN_LOOP, ids=[row[0] for row in IN_LOOP])
def test_a_crash_while_serving_names_the_request_by_lengths(daemon, crash, how, number, cause):
    one = daemon(crash, expected_status=-number)
    one.connect().expect_alive()
    one.connect().request("CRASH", how, SECRET)
    ended_by(one, number)
    said = one.log
    assert re.search(rf"^reactord \S+ crashed: {number.name}, {cause}$", said, re.M), said
    assert re.search(r"^it was serving client 2 of 127\.0\.0\.1, latest command crash; latest request: 3 words, "
                     rf"of 5, {len(how)}, {len(SECRET)} bytes; kept: 0 bytes of input, 0 of output$", said, re.M), said
    assert SECRET not in said
    backtrace = said.partition("backtrace, innermost call first:\n")[2].splitlines()
    assert any("crash.so" in line for line in backtrace), said
    # A stack that is used up shows its innermost calls alone.
    assert how == "stack" or any("reactord(" in line for line in backtrace), said


def test_of_many_words_a_few_lengths_are_told(daemon, crash):
    one = daemon(crash, expected_status=-signal.SIGABRT)
    one.connect().request("CRASH", "abort", *["x"] * 18)
    ended_by(one, signal.SIGABRT)
    assert "20 words, of 5, 5, 1, 1, 1, 1, 1, 1, ... bytes; kept" in one.log, one.log


def test_what_is_sent_to_it_is_told_with_its_sender(daemon):
    one = daemon(expected_status=-signal.SIGSEGV)
    os.kill(one.pid, signal.SIGSEGV)
    ended_by(one, signal.SIGSEGV)
    assert re.search(rf"crashed: SIGSEGV, sent by process {os.getpid()} of user {os.getuid()}\n"
                     r"it was serving nobody\nbacktrace", one.log), one.log


def test_a_handlers_timer_is_named(daemon, crash):
    one = daemon(crash, expected_status=-signal.SIGSEGV)
    assert one.connect().request("CRASH", "timer").read_through(b"\r\n") == b"+OK\r\n"
    ended_by(one, signal.SIGSEGV)
    assert re.search(r"^it was in a timer's callback of the handler crash, command crash, client 1$", one.log,
                     re.M), one.log


@pytest.mark.parametrize("how", ["null", "stack"])
def test_work_beside_the_loop_has_a_report_and_a_stack_for_it(daemon, crash, how):
    one = daemon(crash, expected_status=-signal.SIGSEGV)
    one.connect().request("CRASH", f"beside-{how}")
    ended_by(one, signal.SIGSEGV)
    assert re.search(r"^it was in a thread beside the loop: reactord$", one.log, re.M), one.log
    assert "crash.so" in one.log.partition("backtrace")[2], one.log


def test_the_filter_of_system_calls_lets_the_report_pass(daemon, crash):
    """With no-new-privileges, as in a service."""
    one = daemon(crash, prefix=("setpriv", "--no-new-privs"), expected_status=-signal.SIGSEGV)
    filtered = pathlib.Path(f"/proc/{one.pid}/status").read_text()
    assert re.search(r"^Seccomp:\s+2$", filtered, re.M), filtered
    one.connect().request("CRASH", "null")
    ended_by(one, signal.SIGSEGV)
    assert "it was serving client 1" in one.log and "crash.so" in one.log.partition("backtrace")[2]


def test_without_stderr_it_ends_by_the_signal(daemon, crash, tmp_path):
    log = f'[log]\ntarget = "{tmp_path}/reactord.log"\n{crash}{DEFAULT_LISTENER}'
    one = daemon(log, prefix=("sh", "-c", 'exec "$@" 2>&-', "sh"), expected_status=-signal.SIGSEGV)
    one.connect().request("CRASH", "null")
    ended_by(one, signal.SIGSEGV)
    assert "crashed" not in one.log


def test_a_stderr_that_takes_nothing_does_not_keep_it(daemon, crash, tmp_path):
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    with open(reader, "rb"), open(writer, "wb") as pipe:
        try:
            while True:
                os.write(writer, b"x" * 65536)
        except BlockingIOError:
            pass
        os.set_blocking(writer, True)
        one = daemon(f'[log]\ntarget = "{tmp_path}/reactord.log"\n{crash}{DEFAULT_LISTENER}', stderr=pipe,
                     expected_status=-signal.SIGSEGV)
        one.connect().request("CRASH", "null")
        ended_by(one, signal.SIGSEGV)


def test_lines_for_the_journal_have_a_priority(daemon, crash, tmp_path):
    with open(tmp_path / "journal", "wb") as journal:
        status = os.fstat(journal.fileno())
        one = daemon(f'[log]\ntarget = "{tmp_path}/reactord.log"\n{crash}{DEFAULT_LISTENER}', stderr=journal,
                     expected_status=-signal.SIGABRT,
                     environment={"JOURNAL_STREAM": f"{status.st_dev}:{status.st_ino}"})
        one.connect().request("CRASH", "abort")
        ended_by(one, signal.SIGABRT)
    lines = (tmp_path / "journal").read_text().splitlines()
    assert lines and all(line.startswith("<2>") for line in lines), lines
    assert any("crash.so" in line for line in lines), lines
