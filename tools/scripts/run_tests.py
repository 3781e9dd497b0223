# SPDX-License-Identifier: MIT
"""Runs the test suite, a line as each part ends, and sums up over all runners.

    tools/test              what is quick: one build, with sanitizers; parts that wait run beside others
    tools/test PART...      these parts; tools/test --list names them
    tools/test unit FILTER  builds and runs the unit tests with FILTER in their name, without sanitizers
    tools/test coverage     lines and branches that the unit tests reach, by folder
    tools/test sim --hours N     the daemon in a simulated kernel, with new seeds, for so long
    tools/test mutants [FILTER]  small edits that tests must notice, of files with FILTER in their name
    tools/test --all        everything, with longer fuzzing, churn and noise; parts follow one another

Output is kept in build/test-logs, and shown where something failed. The last line is
"N passed, N failed" (and ", N skipped"), in test cases; the exit status is 0 if nothing failed.
"""

import argparse
import os
import resource
import signal
import subprocess
import sys
import tempfile
import threading
import time

from suite import caller
from suite.building import Builds, Screen
from suite.leftovers import Leftovers
from suite.part import LOGS, ROOT, RUNNING, Count, Part
from suite.parts import LONG, ON_REQUEST, SHORT

# Parts of the short run, side by side: most of them wait. The last lane's time is compiling.
LANES = [["integration", "lab"], ["load", "clients"], ["promises", "faults", "soak"], ["layers", "format", "unit"]]
# Of --all one part follows another, but that the ten minutes of soak wait while others compile, and fuzz: what
# has deadlines of its own (docs, bench) has the machine to itself.
ALL_STAGES = [[["layers", "format", "integration", "clients", "promises", "faults", "load", "lab"]],
              [["soak"], ["unit", "seeds", "compilers"], ["fuzz"]],
              [["docs", "bench", "asan", "systemd"]]]
ABOUT = {False: "about nine minutes on two cores, less after the first time",
         True: "about an hour on two cores"}
EVERY = {**SHORT, **LONG, **ON_REQUEST}
FILTERED = ("unit", "mutants")  # alone, these take words that choose some of them


def show_failures(part, say):
    for failure in part.failures[:20]:
        say(f"    failed: {failure}")
    if len(part.failures) > 20:
        say(f"    ... and {len(part.failures) - 20} more")
    text = part.log_path.read_text(encoding="utf-8", errors="replace").splitlines()
    say("\n".join([f"    --- the end of {part.log_path.relative_to(ROOT)}",
                   *(f"    {line[:200]}" for line in text[-40:]), "    ---"]))
    say(f"    again:  tools/test {'--all ' if part.long else ''}{' '.join([part.name, *part.words])}")


class Suite:
    """Runs the parts that were chosen, and keeps what came of them."""

    def __init__(self, chosen, long, words=(), hours=0.0):
        self.chosen, self.long, self.words, self.hours = chosen, long, list(words), hours
        self.screen = Screen()
        self.builds = Builds(self.screen)
        self.results = {}

    def announce(self):
        say = self.screen.line
        about = f", {ABOUT[self.long]}" if set(self.chosen) >= set(SHORT) else ""
        say(f"Compiles what is needed, then runs: {', '.join(self.chosen)}{about}.")
        say("Logs are in build/test-logs.\n")

    def run_part(self, name):
        began = time.monotonic()
        part = Part(name, self.long, self.builds, self.screen.line)
        part.words = self.words
        part.hours = self.hours
        try:
            EVERY[name](part)
        except Exception as problem:  # One part that breaks must not keep the others from running.
            part.log.write(f"\n{problem!r}\n")
            part.case(False, repr(problem))
        part.log.close()
        seconds = time.monotonic() - began
        self.results[name] = (part.count, seconds, part.not_checked)
        verdict = "FAILED" if part.count.failed else "ok"
        self.screen.line(f"{name:<12} {verdict}: {part.count.passed} passed, {part.count.failed} failed, "
                         f"{part.count.skipped} skipped in {seconds:.0f} s: {EVERY[name].__doc__}")
        if part.count.failed:
            show_failures(part, self.screen.line)

    def run(self, stages):
        """Stages one after another, the lanes of each side by side, the parts of each in order."""
        threads = []
        try:
            for lanes in stages:
                threads = [threading.Thread(target=self.follow, args=[lane]) for lane in lanes]
                for thread in threads:
                    thread.start()
                for thread in threads:
                    thread.join()
        finally:
            RUNNING.end_all()
            for thread in threads:
                thread.join()

    def follow(self, lane):
        for name in lane:
            if not RUNNING.is_over:
                self.run_part(name)

    def table(self):
        say = self.screen.line
        say(f"\n{'part':<12} {'passed':>7} {'failed':>7} {'skipped':>8} {'seconds':>8}")
        shown = [(name, *self.results[name]) for name in [*self.chosen, "leftovers"] if name in self.results]
        for name, count, seconds, _ in shown:
            say(f"{name:<12} {count.passed:>7} {count.failed:>7} {count.skipped:>8} {seconds:>8.0f}")
        for name, _, _, not_checked in shown:
            if not_checked:
                say(f"\n{name}: {not_checked}")

    def total(self):
        return sum((count for count, _, _ in self.results.values()), Count())

    def look_for_leftovers(self, leftovers):
        """One test over the whole run."""
        problems = leftovers.found()
        self.results["leftovers"] = (Count(int(not problems), int(bool(problems))), 0, None)
        for problem in problems:
            self.screen.line(f"leftovers    FAILED: {problem}")


def unit_tests_of(words):
    """The short way from a saved file to its tests: the plain debug build, and only what it needs."""
    folder = ROOT / "build/debug"
    configure = [] if (folder / "build.ninja").exists() else [["cmake", "--preset", "debug"]]
    for command in [*configure, ["cmake", "--build", folder, "--target", "unit_tests"]]:
        done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, check=False)
        if done.returncode:
            print(done.stdout[-8000:])
            return 1
    wanted = ",".join(f"*{word}*" for word in words)
    options = [f"--test-case={wanted}"] if not all(_is_file(word) for word in words) else [
        f"--source-file={wanted}"]
    return subprocess.run([folder / "bin/unit_tests", *options], cwd=ROOT, check=False).returncode


def _is_file(word):
    return any((ROOT / "tests/unit").glob(f"*/{word}_test.cpp"))


class Parser(argparse.ArgumentParser):
    """Fails where its help cannot be written; argparse itself ignores that."""

    def _print_message(self, message, file=None):
        (file or sys.stderr).write(message)


def options_from(words):
    parser = Parser(prog="tools/test", description=__doc__,
                    formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--all", action="store_true", help="also what takes long")
    parser.add_argument("--hours", type=float, default=0.0, metavar="N", help="of new seeds, with the part sim")
    parser.add_argument("--list", action="store_true", help="name the parts")
    parser.add_argument("part", nargs="*", metavar="PART", help="one of those of --list")
    options = parser.parse_args(words)
    options.filter = options.part[1:] if options.part and options.part[0] in FILTERED else []
    if any(word in EVERY for word in options.filter):
        options.filter = []
    if options.filter:
        options.part = options.part[:1]
    if unknown := [name for name in options.part if name not in EVERY]:
        parser.error(f"no part {unknown[0]!r}; there are: {', '.join(EVERY)}")
    return options


def stages_of(options, chosen):
    if options.part:
        return [[chosen]]
    return ALL_STAGES if options.all else [LANES]


def main():
    options = options_from(sys.argv[1:])
    if options.list:
        for name, function in EVERY.items():
            print(f"{name:<12} {function.__doc__}")
        return 0
    LOGS.mkdir(parents=True, exist_ok=True)
    leftovers = Leftovers()
    with tempfile.TemporaryDirectory(prefix="home-", dir=LOGS) as home:
        caller.forget(home)
        for number in (signal.SIGTERM, signal.SIGHUP):  # as an exception: see Part.run
            signal.signal(number, lambda *_: sys.exit(1))
        if options.filter and options.part == ["unit"]:
            return unit_tests_of(options.filter)
        chosen = options.part or [*SHORT, *(LONG if options.all else [])]
        suite = Suite(chosen, options.all, options.filter, options.hours)
        suite.announce()
        try:
            suite.run(stages_of(options, chosen))
        except KeyboardInterrupt:
            suite.screen.line("interrupted")
            return 130
        suite.look_for_leftovers(leftovers)
    suite.table()
    total = suite.total()
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(f"\n{used.ru_utime + used.ru_stime:.0f} s of processor time")
    print(f"{total.passed} passed, {total.failed} failed"
          + (f", {total.skipped} skipped" if total.skipped else ""))
    return 1 if total.failed else 0


if __name__ == "__main__":
    sys.exit(main())
