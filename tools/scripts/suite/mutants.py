# SPDX-License-Identifier: MIT
"""Whether tests hold what they should: plays the small edits of tests/mutants.toml, one at a time, and
tells which of them no test notices. The edits are made in a copy of the tree, never in the tree itself.
"""

import contextlib
import pathlib
import re
import shlex
import subprocess
import time
import tomllib
from dataclasses import dataclass

from suite.building import JOBS, PROGRAMS
from suite.part import ROOT

LIST = "tests/mutants.toml"
UNIT_TESTS = "unit tests"
COMPILER = "compiler"  # a static_assert, for instance
FUZZ = "fuzz "  # and the name of a target
BUILD_SECONDS = 1800  # the first one compiles everything
FUZZED_INPUTS = 20_000  # as in the part `unit`
TEST_SECONDS = 300  # an edit that makes a test hang is noticed, too


@dataclass(frozen=True)
class Mutant:
    """One edit. `noticed_by` is UNIT_TESTS, COMPILER, FUZZ, or what pytest is given in tests/integration."""
    file: str
    text: str
    replacement: str
    breaks: str
    noticed_by: str = UNIT_TESTS

    def __str__(self):
        shown = [re.sub(r"\s+", " ", text).strip() for text in (self.text, self.replacement)]
        return f"{self.file}: {shown[0]} -> {shown[1] or 'removed'}"

    @property
    def fuzz_target(self):
        """Which is to find it, or ''."""
        return self.noticed_by.removeprefix(FUZZ) if self.noticed_by.startswith(FUZZ) else ""

    def problem(self, root):
        """Why this edit cannot be made, or ''."""
        path = root / self.file
        times = path.read_text(encoding="utf-8").count(self.text) if path.is_file() else 0
        if times != 1:
            return f"{LIST}: {self.text!r} stands {times} times in {self.file}, not once: mend the row"
        if self.text == self.replacement:
            return f"{LIST}: the replacement of {self.text!r} in {self.file} changes nothing"
        if self.fuzz_target:
            is_one = (root / f"tests/fuzz/targets/{self.fuzz_target}_fuzz.cpp").exists()
            return "" if is_one else f"{LIST}: there is no fuzz target {self.fuzz_target!r}"
        first = self.noticed_by.split()[0]
        is_pytest = self.noticed_by not in (UNIT_TESTS, COMPILER)
        if is_pytest and not (root / "tests/integration" / first).exists():
            return f"{LIST}: {self.noticed_by!r} is neither {UNIT_TESTS!r}, {COMPILER!r} nor a file of " \
                   "tests/integration"
        return ""


def listed(root=None):
    """Every row."""
    files = tomllib.loads(((root or ROOT) / LIST).read_text(encoding="utf-8"))
    return [Mutant(file, *edit) for file, edits in files.items() for edit in edits]


class Copy:
    """The tree as it is now, with changes that are not committed, in build/mutants. It stays from run to
    run: what has not changed keeps its time, and is not compiled again."""

    def __init__(self, root):
        self.root, self.tree = root, root / "build/mutants/tree"

    def refresh(self):
        names = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
                               cwd=self.root, capture_output=True, text=True, check=True).stdout.split("\0")
        wanted = {name for name in names if name and (self.root / name).is_file()}
        for name in wanted:
            self._take(name)
        for path in list(self.tree.rglob("*")):
            name = path.relative_to(self.tree)
            if name.parts[0] != "build" and path.is_file() and str(name) not in wanted:
                path.unlink()

    def _take(self, name):
        source, target = self.root / name, self.tree / name
        content = source.read_bytes()
        if target.is_file() and target.read_bytes() == content:
            return
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
        target.chmod(source.stat().st_mode)

    @contextlib.contextmanager
    def edited(self, mutant):
        """What was there comes back, whatever becomes of the tree meanwhile."""
        path = self.tree / mutant.file
        before = path.read_text(encoding="utf-8")
        path.write_text(before.replace(mutant.text, mutant.replacement), encoding="utf-8")
        try:
            yield
        finally:
            path.write_text(before, encoding="utf-8")


class Player:
    """Builds the copy and asks those who should notice."""

    def __init__(self, part):
        self.part, self.copy = part, Copy(ROOT)
        self.passes_unchanged = {}  # by who should notice

    def prepare(self):
        self.copy.refresh()
        return (self.copy.tree / "build/debug/build.ninja").exists() or \
            self._run("cmake", "--preset", "debug")

    def verdict(self, mutant):
        """What became of it, and whether that is as it should be."""
        if not self._passes_unchanged(mutant):
            return f"not played: {mutant.noticed_by} fail without any edit", False
        with self.copy.edited(mutant):
            if not self._build(mutant):
                return ("caught", True) if mutant.noticed_by == COMPILER else \
                    ("not played: it does not compile", False)
            return ("SURVIVES", False) if self._test(mutant) else ("caught", True)

    def _passes_unchanged(self, mutant):
        by = mutant.noticed_by
        if by not in self.passes_unchanged:
            self.passes_unchanged[by] = self._build(mutant) and self._test(mutant)
        return self.passes_unchanged[by]

    def _build(self, mutant):
        targets = ["unit_tests"] if mutant.noticed_by in (UNIT_TESTS, COMPILER) else PROGRAMS
        if mutant.fuzz_target:
            targets = [f"{mutant.fuzz_target}_fuzz"]
        return self._run("cmake", "--build", "build/debug", "-j", JOBS, "--target", *targets,
                         seconds=BUILD_SECONDS)

    def _test(self, mutant):
        by, target = mutant.noticed_by, mutant.fuzz_target
        if by == COMPILER:
            return True
        binaries = self.copy.tree / "build/debug/bin"
        if target:
            return self._run(binaries / f"{target}_fuzz", FUZZED_INPUTS, 1,
                             self.copy.tree / "tests/fuzz/corpus" / target, seconds=TEST_SECONDS)
        if by == UNIT_TESTS:
            return self._run(binaries / "unit_tests", "--abort-after=1", seconds=TEST_SECONDS)
        return self._run("/usr/bin/python3", "-B", "-m", "pytest", "-q", "-x", "--tb=short", *shlex.split(by),
                         directory=self.copy.tree / "tests/integration", seconds=TEST_SECONDS,
                         environment={"REACTORD_BIN_DIR": str(binaries), "REACTORD_PRESET": "debug"})

    def _run(self, *command, directory=None, **options):
        return self.part.run(*command, directory=directory or self.copy.tree, **options)


def chosen(words, rows):
    """Those of files with one of the words in their name."""
    return [row for row in rows
            if not words or any(word in pathlib.PurePath(row.file).name for word in words)]


def play(part):
    """All of the list, or those of files with one of the part's words in their name."""
    rows = chosen(part.words, listed())
    if not rows:
        part.case(False, f"no row of {LIST} is about a file with {' or '.join(part.words)} in its name")
        return
    for problem in filter(None, (row.problem(ROOT) for row in rows)):
        part.case(False, problem)
    standing = [row for row in rows if not row.problem(ROOT)]
    player = Player(part)
    part.say(f"  {len(standing)} edits in build/mutants, which is compiled first where it is new: minutes")
    if not player.prepare():
        part.case(False, "the copy in build/mutants could not be configured")
        return
    for number, row in enumerate(standing, 1):
        part.log.write(f"\n=== {row}\n")
        began = time.monotonic()
        verdict, good = player.verdict(row)
        seconds = time.monotonic() - began
        part.say(f"  {number} of {len(standing)}: {verdict} in {seconds:.0f} s: {row}")
        part.case(good, f"{verdict}: {row}: {row.breaks}")
