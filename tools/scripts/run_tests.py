# SPDX-License-Identifier: MIT
"""Runs the parts of the test suite, one line of progress each, and sums up over all runners.

    tools/test              everything but what takes long
    tools/test PART...      these parts; tools/test --list names them
    tools/test --all        everything, with longer fuzzing, churn and noise

Output is kept in build/test-logs, and shown where something failed. The last line is
"N passed, N failed" (and ", N skipped"), in test cases; the exit status is 0 if nothing failed.
"""

import argparse
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass

import node_packages

ROOT = pathlib.Path(__file__).resolve().parents[2]
LOGS = ROOT / "build/test-logs"
INTEGRATION = ROOT / "tests/integration"
JOBS = str(os.cpu_count() or 2)
GRACE_SECONDS = 20

# In their own parts, since they take their time or need other programs.
LOAD = ["load_test.py", "load_liars_test.py", "load_page_test.py"]
OWN_PARTS = ["clients_test.py", "libraries_test.py", "promises_test.py", "docs_test.py",
             "lab_test.py", "soak_test.py", "bench_test.py", *LOAD]


@dataclass
class Count:
    passed: int = 0
    failed: int = 0
    skipped: int = 0

    def __add__(self, other):
        return Count(self.passed + other.passed, self.failed + other.failed,
                     self.skipped + other.skipped)


def end(process):
    """Asks first, so that it can take down what it has set up."""
    process.terminate()
    try:
        process.wait(GRACE_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


class Runner:
    """One part: runs commands, keeps their output in one log, counts test cases."""

    def __init__(self, name, long):
        self.name, self.long = name, long
        self.log_path = LOGS / f"{name}.log"
        self.log = open(self.log_path, "w", encoding="utf-8", errors="replace")
        self.count = Count()
        self.failures = []
        self.not_checked = None  # why the part could not run here

    def run(self, *command, seconds=900, environment=None, directory=ROOT):
        """True if the command ended with 0. Its output goes to the log."""
        self.log.write(f"\n$ {' '.join(map(str, command))}\n")
        self.log.flush()
        if shutil.which(str(command[0])) is None:
            self.log.write(f"{command[0]} is not installed\n")
            return False
        process = subprocess.Popen(list(map(str, command)), cwd=directory, stdout=self.log,
                                   stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                                   env={**os.environ, **(environment or {})})
        try:
            return process.wait(seconds) == 0
        except subprocess.TimeoutExpired:
            self.log.write(f"\nnot finished within {seconds} s\n")
            return False
        finally:
            if process.poll() is None:
                end(process)

    def skip(self, reason):
        """The whole part, because it cannot run here."""
        self.not_checked = f"not checked: {reason}"
        self.count += Count(skipped=1)
        print(f"{'':<12} {self.not_checked}", flush=True)

    def case(self, passed, failure):
        """Counts one test case."""
        self.count += Count(passed=int(passed), failed=int(not passed))
        if not passed:
            self.failures.append(failure)
        return passed

    # --- building

    def build(self, preset):
        return self.run("cmake", "--preset", preset) and self.run(
            "cmake", "--build", "--preset", preset)

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

    def pytest(self, *arguments, bin_dir="build/release/bin", seconds=1200):
        report = LOGS / f"{self.name}.xml"
        report.unlink(missing_ok=True)
        options = ["--long"] if self.long else []
        self.run("/usr/bin/python3", "-B", "-m", "pytest", "-q", "--tb=short", "-rfEs",
                 "--durations=10", f"--junitxml={report}", *options, *arguments, seconds=seconds,
                 directory=INTEGRATION,
                 environment={"REACTORD_BIN_DIR": str(ROOT / bin_dir),
                              "REACTORD_NODE_DIR": str(node_packages.FOLDER),
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


# --- the parts, in the order in which they run

PARTS = {}  # name: function; its docstring says what it checks
LONG_PARTS = {}  # of --all


def a_part(parts, name=None):
    """Declares a part of the test suite, under the function's name if it has no other."""
    def declare(function):
        parts[name or function.__name__] = function
        return function
    return declare


@a_part(PARTS)
def layers(part):
    """the arrows between the folders, as #include lines draw them"""
    part.case(part.run("/usr/bin/python3", "-B", ROOT / "tools/scripts/check_layers.py"),
              "includes against the layers")


@a_part(PARTS, "format")
def formatting(part):
    """clang-format has nothing to change"""
    files = subprocess.run(["git", "ls-files", "*.cpp", "*.c", "*.h"], cwd=ROOT,
                           capture_output=True, text=True, check=False).stdout.split()
    part.case(part.run("clang-format", "--dry-run", "--Werror", *files), "clang-format")


@a_part(PARTS)
def unit(part):
    """unit tests and short fuzzing: release, and with sanitizers"""
    for preset in ("release", "asan"):
        if part.case(part.build(preset), f"build of {preset}"):
            part.ctest(preset)


@a_part(PARTS)
def integration(part):
    """the daemon and reactor-cli from outside, release build"""
    if part.case(part.build("release"), "build of release"):
        part.pytest(*[f"--ignore={name}" for name in OWN_PARTS])


@a_part(PARTS)
def clients(part):
    """redis-cli, netcat, HAProxy and their like; client libraries of ten kinds"""
    part.case(node_packages.fetch(part.run), "npm ci of the Node clients")
    if part.case(part.build("release"), "build of release"):
        part.pytest("clients_test.py", "libraries_test.py")


@a_part(PARTS)
def promises(part):
    """what the daemon promises, at the size it is promised, release build"""
    if part.case(part.build("release"), "build of release"):
        part.pytest("promises_test.py")


@a_part(PARTS)
def load(part):
    """reactor-load: against the daemon, lying servers and a browser, release build"""
    if part.case(part.build("release"), "build of release"):
        part.pytest(*LOAD)


@a_part(PARTS)
def soak(part):
    """every persona beside honest clients: a moment of it, ten minutes with --all, release build"""
    if part.case(part.build("release"), "build of release"):
        part.pytest("soak_test.py")


@a_part(PARTS)
def bench(part):
    """tests/bench/compare: that it measures every server, not how fast they are"""
    if part.case(part.build("release"), "build of release"):
        part.pytest("bench_test.py")


@a_part(PARTS)
def lab(part):
    """tools/lab: two hosts, captured packets, three clients at once; and how it is stopped"""
    finished = part.run(ROOT / "tools/lab", "--keep", LOGS / "lab", seconds=300)
    output = part.log_path.read_text(encoding="utf-8", errors="replace")
    if why := re.search(r"^tools/lab cannot run here: (.*)", output, re.M):
        part.skip(why[1])
        return
    for verdict, what in re.findall(r"^  (pass|FAIL|skip)  (.*)", output, re.M):
        if verdict == "skip":
            part.count += Count(skipped=1)
        else:
            part.case(verdict == "pass", what)
    part.case(finished or bool(part.failures), "tools/lab did not come to its end")
    part.pytest("lab_test.py")


@a_part(PARTS)
def asan(part):
    """the integration tests and promises against the build with sanitizers"""
    if part.case(part.build("asan"), "build of asan"):
        elsewhere = ["clients_test.py", "libraries_test.py", "docs_test.py", "lab_test.py", "bench_test.py"]
        if not part.long:
            elsewhere += LOAD
        part.pytest(*[f"--ignore={name}" for name in elsewhere], bin_dir="build/asan/bin")


@a_part(PARTS)
def compilers(part):
    """clang++ compiles everything, warnings as errors (g++ does in every other part)"""
    configured = part.run("cmake", "-S", ROOT, "-B", ROOT / "build/clang", "-G", "Ninja",
                          "-DCMAKE_CXX_COMPILER=clang++", "-DCMAKE_BUILD_TYPE=Debug")
    part.case(configured and part.run("cmake", "--build", ROOT / "build/clang", "-j", JOBS),
              "clang++ build")


@a_part(PARTS)
def docs(part):
    """every command in the READMEs"""
    if part.case(part.build("release"), "build of release"):
        part.pytest("docs_test.py")


@a_part(LONG_PARTS)
def fuzz(part):
    """longer fuzzing with sanitizers, a new seed each time"""
    if not part.case(part.build("asan"), "build of asan"):
        return
    seed = int(time.time()) % 1_000_000
    for program in sorted((ROOT / "build/asan/bin").glob("*_fuzz")):
        part.case(part.run(program, 1_000_000, seed, seconds=600),
                  f"{program.name} 1000000 {seed}")


@a_part(LONG_PARTS)
def systemd(part):
    """the Debian package on a booted systemd, in systemd-nspawn"""
    sys.path.insert(0, str(ROOT / "tests/systemd"))
    import machine  # pylint: disable=import-outside-toplevel
    if reason := machine.why_not_here():
        part.skip(reason)
        return
    if not part.case(part.run("tools/package", "--twice", seconds=3600),
                     "tools/package: lintian, and two builds with the same bytes"):
        return
    part.run("tests/systemd/run", "-rs", seconds=1800)
    part.count_report(ROOT / "build/test-logs/systemd/junit.xml", "the machine did not boot")
    part.case(part.run("tests/systemd/leaves_nothing_test"),
              "nothing of a machine is left, also after an interruption")


# --- telling

def show_failures(part):
    for failure in part.failures[:20]:
        print(f"    failed: {failure}")
    if len(part.failures) > 20:
        print(f"    ... and {len(part.failures) - 20} more")
    text = part.log_path.read_text(encoding="utf-8", errors="replace").splitlines()
    print(f"    --- the end of {part.log_path.relative_to(ROOT)}")
    for line in text[-40:]:
        print(f"    {line[:200]}")
    print("    ---")


def run_part(name, function, long):
    print(f"{name:<12} {function.__doc__} ...", flush=True)
    began = time.monotonic()
    part = Runner(name, long)
    try:
        function(part)
    except Exception as problem:  # One part that breaks must not keep the others from running.
        part.log.write(f"\n{problem!r}\n")
        part.case(False, repr(problem))
    part.log.close()
    seconds = time.monotonic() - began
    verdict = "FAILED" if part.count.failed else "ok"
    print(f"{'':<12} {verdict}: {part.count.passed} passed, {part.count.failed} failed, "
          f"{part.count.skipped} skipped in {seconds:.0f} s", flush=True)
    if part.count.failed:
        show_failures(part)
    return name, part.count, seconds, part.not_checked


def show_table(results):
    print(f"\n{'part':<12} {'passed':>7} {'failed':>7} {'skipped':>8} {'seconds':>8}")
    for name, count, seconds, _ in results:
        print(f"{name:<12} {count.passed:>7} {count.failed:>7} {count.skipped:>8} {seconds:>8.0f}")
    for name, _, _, not_checked in results:
        if not_checked:
            print(f"\n{name}: {not_checked}")


class Parser(argparse.ArgumentParser):
    """Fails where its help cannot be written; argparse itself ignores that."""

    def _print_message(self, message, file=None):
        (file or sys.stderr).write(message)


def main():
    every = {**PARTS, **LONG_PARTS}
    parser = Parser(prog="tools/test", description=__doc__,
                    formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--all", action="store_true", help="also what takes long")
    parser.add_argument("--list", action="store_true", help="name the parts")
    parser.add_argument("part", nargs="*", metavar="PART", help=f"one of: {', '.join(every)}")
    options = parser.parse_args()
    if unknown := [name for name in options.part if name not in every]:
        parser.error(f"no part {unknown[0]!r}; there are: {', '.join(every)}")
    if options.list:
        for name, function in every.items():
            print(f"{name:<12} {function.__doc__}")
        return 0
    chosen = options.part or (every if options.all else PARTS)
    LOGS.mkdir(parents=True, exist_ok=True)
    for number in (signal.SIGTERM, signal.SIGHUP):  # as an exception: see Runner.run
        signal.signal(number, lambda *_: sys.exit(1))
    results = [run_part(name, every[name], options.all) for name in chosen]
    show_table(results)
    total = sum((count for _, count, _, _ in results), Count())
    print()
    print(f"{total.passed} passed, {total.failed} failed"
          + (f", {total.skipped} skipped" if total.skipped else ""))
    return 1 if total.failed else 0


if __name__ == "__main__":
    sys.exit(main())
