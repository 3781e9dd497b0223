# SPDX-License-Identifier: MIT
"""One part of the test suite: it runs commands, keeps their output in one log, counts test cases."""

import os
import pathlib
import re
import shlex
import shutil
import signal
import subprocess
import threading
import time
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass

import node_packages

ROOT = pathlib.Path(__file__).resolve().parents[3]
LOGS = ROOT / "build/test-logs"
INTEGRATION = ROOT / "tests/integration"
GRACE_SECONDS = 20


@dataclass
class Count:
    passed: int = 0
    failed: int = 0
    skipped: int = 0

    def __add__(self, other):
        return Count(self.passed + other.passed, self.failed + other.failed,
                     self.skipped + other.skipped)


def end(process):
    """Asks first, so that it can take down what it has set up; then whoever is left of its group, as
    ninja behind cmake, which takes its compilers along."""
    process.terminate()
    try:
        process.wait(GRACE_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    until = time.monotonic() + GRACE_SECONDS
    while _send(process.pid, signal.SIGTERM) and time.monotonic() < until:
        time.sleep(0.1)
    _send(process.pid, signal.SIGKILL)


def _send(group, number):
    """Whether there was anybody."""
    try:
        os.killpg(group, number)
    except ProcessLookupError:
        return False
    return True


class Running:
    """The processes of all parts, to end them with the suite."""

    def __init__(self):
        self.lock = threading.Lock()
        self.processes = set()
        self.is_over = False

    def start(self, *arguments, **options):
        with self.lock:
            if self.is_over:
                raise InterruptedError("the suite was interrupted")
            process = subprocess.Popen(*arguments, process_group=0, **options)
            self.processes.add(process)
            return process

    def forget(self, process):
        with self.lock:
            self.processes.discard(process)

    def end_all(self):
        with self.lock:
            self.is_over = True
            left = list(self.processes)
        for process in left:
            process.terminate()
        for process in left:
            end(process)


RUNNING = Running()


class Part:
    """See above. `preset` is the build that it looks at."""

    def __init__(self, name, long, builds, say):
        self.name, self.long, self.builds, self.say = name, long, builds, say
        self.preset = "release" if long else "asan"
        self.log_path = LOGS / f"{name}.log"
        self.log = open(self.log_path, "w", encoding="utf-8", errors="replace")
        self.count = Count()
        self.failures = []
        self.cpu_seconds = 0.0
        self.words = []  # a filter, of the parts that take one
        self.hours = 0.0  # that the simulation was asked for
        self.not_checked = None  # why the part could not run here

    def run(self, *command, seconds=900, environment=None, directory=ROOT):
        """True if the command ended with 0. Its output goes to the log."""
        words = [str(word) for word in command]
        self.log.write(f"\n$ {shlex.join(words)}\n")
        self.log.flush()
        if shutil.which(words[0]) is None:
            self.log.write(f"{words[0]} is not installed\n")
            return False
        process = RUNNING.start(words, cwd=directory, stdout=self.log, stderr=subprocess.STDOUT,
                                stdin=subprocess.DEVNULL, env={**os.environ, **(environment or {})})
        try:
            return process.wait(seconds) == 0
        except subprocess.TimeoutExpired:
            self.log.write(f"\nnot finished within {seconds} s\n")
            return False
        finally:
            if process.poll() is None:
                end(process)
            RUNNING.forget(process)

    def count_skipped(self):
        self.count += Count(skipped=1)

    def skip(self, reason):
        """The whole part, because it cannot run here."""
        self.not_checked = f"not checked: {reason}"
        self.count += Count(skipped=1)
        self.say(f"{self.name:<12} {self.not_checked}")

    def case(self, passed, failure):
        """Counts one test case."""
        self.count += Count(passed=int(passed), failed=int(not passed))
        if not passed:
            self.failures.append(failure)
        return passed

    def built(self, preset, stage="programs"):
        """Waits for that build, which parts share. A build that failed is shown once, as its own part."""
        if self.builds.wait(preset, stage):
            return True
        self.log.write(self.builds.what_failed(preset))
        return self.case(False, f"no build of {preset}: see build/test-logs/build-{preset}.log")

    # --- runners of test cases

    def ctest(self, preset, *options):
        """Counts doctest's cases where a program has them, else one a program."""
        report = LOGS / f"{self.name}-{preset}.xml"
        report.unlink(missing_ok=True)
        succeeded = self.run(
            "ctest", "--preset", preset, "--output-junit", report, "--output-on-failure",
            "--test-output-size-passed", "1000000", "--test-output-size-failed", "1000000",
            *options)
        if not report.exists():
            self.case(False, f"ctest of {preset} did not run")
            return
        for case in ElementTree.parse(report).iter("testcase"):
            self._count_program(case, preset)
        if not succeeded and not self.failures:
            self.case(False, f"ctest of {preset}")

    def _count_program(self, case, preset):
        output = case.findtext("system-out") or ""
        name = f"{case.get('name')} ({preset})"
        summary = re.search(r"\[doctest\] test cases: *(\d+) *\| *(\d+) passed *\| *(\d+) failed"
                            r"(?: *\| *(\d+) skipped)?", output)
        good = case.get("status") == "run"
        if not summary:
            self.case(good, name)
            return
        _, passed, failed, skipped = (int(number or 0) for number in summary.groups())
        self.count += Count(passed, failed, skipped)
        self.failures += re.findall(r"^TEST CASE: +(.*)", output, re.M) if failed else []
        if not good and not failed:
            self.case(False, name)

    def pytest(self, *arguments, preset=None, seconds=1200, workers=0):
        """`workers`: this many processes share the files of tests, which wait more than they work."""
        report = LOGS / f"{self.name}.xml"
        report.unlink(missing_ok=True)
        preset = preset or self.preset
        options = ["--long"] if self.long else []
        options += [f"--numprocesses={workers}", "--dist=loadfile"] if workers else []
        self.run("/usr/bin/python3", "-B", "-m", "pytest", "-q", "--tb=short", "-rfEs",
                 "--durations=10", f"--junitxml={report}", *options, *arguments, seconds=seconds,
                 directory=INTEGRATION,
                 environment={"REACTORD_BIN_DIR": str(ROOT / f"build/{preset}/bin"),
                              "REACTORD_NODE_DIR": str(node_packages.FOLDER),
                              "REACTORD_PRESET": preset,
                              "PYTHONDONTWRITEBYTECODE": "1"})
        self.count_report(report, "pytest did not finish")

    def count_report(self, report, otherwise):
        """Counts the test cases of pytest's report; a missing one is a failure, called `otherwise`."""
        if not report.exists():
            self.case(False, otherwise)
            return
        kinds = {}  # a test that fails, and fails again when it is torn down, is there twice
        for case in ElementTree.parse(report).iter("testcase"):
            name = f"{case.get('classname')}::{case.get('name')}"
            kinds.setdefault(name, set()).update(child.tag for child in case)
        for name, found in kinds.items():
            if "skipped" in found:
                self.count += Count(skipped=1)
            else:
                self.case(not found & {"failure", "error"}, name)
