# SPDX-License-Identifier: MIT
"""tools/test mutants: that its list does not rot, and that it tells survivors from what was caught."""

import os
import re
import subprocess
import sys

import pytest

import run_tests  # of tools/scripts: conftest.py
from harness.daemon import ROOT
from suite import mutants, part

# A "build" copies a.sh as the test program, unless it says that it cannot be compiled.
CMAKE = """#!/bin/sh
mkdir -p build/debug/bin && touch build/debug/build.ninja
[ "$1" = --build ] || exit 0
! grep -q 'no such thing' a.sh && cp a.sh build/debug/bin/unit_tests && chmod +x build/debug/bin/unit_tests
"""
PROGRAM = "#!/bin/sh\nlimit=4 spare=1\n[ $limit = 4 ]\n"
DECLARED = r"constexpr [^(]* k(Max\w+|\w+Per(Turn|Slice))\b *(=|\{)"


def test_every_edit_can_still_be_made():
    assert not [problem for row in mutants.listed() if (problem := row.problem(ROOT))]


def test_every_edit_for_the_simulation_can_still_be_made():
    done = subprocess.run([sys.executable, "-B", ROOT / "tests/simulation/mutants.py", "--check"],
                          capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_every_limit_has_an_edit():
    """A limit without a test that fails without it is a number in the code; this much can be asked cheaply."""
    found = subprocess.run(["git", "grep", "-hnE", DECLARED, "--", "daemon/*.h", "daemon/*.cpp", "protocol"],
                           cwd=ROOT, capture_output=True, text=True, check=True).stdout
    edited = {name for row in mutants.listed() for name in re.findall(r"\bk[A-Z]\w+", row.text)}
    missing = {re.search(r"\bk(Max\w+|\w+Per(Turn|Slice))\b", line)[0] for line in found.splitlines()} - edited
    assert not missing, f"no row of {mutants.LIST} edits these"


@pytest.fixture
def play(tmp_path, monkeypatch):
    """Plays a list in a tree whose only file is a.sh, and returns the part and the lines it said."""
    tree = tmp_path / "tree"
    (tree / "tests/integration").mkdir(parents=True)
    (tree / "a.sh").write_text(PROGRAM)
    (tree / ".gitignore").write_text("/build/\n")
    subprocess.run(["git", "init", "-q", tree], check=True)
    cmake = tmp_path / "bin/cmake"
    cmake.parent.mkdir()
    cmake.write_text(CMAKE)
    cmake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{cmake.parent}:{os.environ['PATH']}")
    monkeypatch.setattr(part, "LOGS", tmp_path)
    monkeypatch.setattr(mutants, "ROOT", tree)

    def start(*rows, words=()):
        (tree / mutants.LIST).write_text('"a.sh" = [' + ", ".join(str(list(row)) for row in rows) + "]\n")
        said = []
        one = part.Part("mutants", False, None, said.append)
        one.words = list(words)
        mutants.play(one)
        one.log.close()
        return one, said

    start.tree = tree
    return start


def test_a_survivor_fails_and_is_named_and_a_noticed_edit_passes(play):
    one, said = play(["limit=4", "limit=5", "a limit"], ["spare=1", "spare=2", "a spare"])
    assert (one.count.passed, one.count.failed) == (1, 1)
    assert re.match(r"  1 of 2: caught in \d+ s: a.sh: limit=4 -> limit=5", said[1])
    assert re.match(r"  2 of 2: SURVIVES in \d+ s: a.sh: spare=1 -> spare=2", said[2])
    assert one.failures == ["SURVIVES: a.sh: spare=1 -> spare=2: a spare"]


def test_the_tree_itself_is_never_edited(play):
    def state():
        return {path: (path.read_text(), path.stat().st_mtime_ns) for path in play.tree.glob("*.sh")}

    before = state()
    play(["limit=4", "limit=5", "a limit"])
    assert state() == before
    assert (play.tree / "build/mutants/tree/a.sh").read_text() == PROGRAM


def test_a_row_that_no_longer_stands_is_an_error_that_names_it(play):
    one, _ = play(["limit=7", "limit=5", "a limit"], ["limit=4", "limit=5", "a limit"])
    assert one.failures == ["tests/mutants.toml: 'limit=7' stands 0 times in a.sh, not once: mend the row"]
    assert one.count.passed == 1


def test_an_edit_that_does_not_compile_was_caught_by_nobody_but_the_compiler(play):
    edit = ["spare=1", "no such thing", "a spare"]
    one, _ = play(edit, [*edit, "compiler"])
    assert one.failures == ["not played: it does not compile: a.sh: spare=1 -> no such thing: a spare"]
    assert one.count.passed == 1


def test_tests_that_fail_anyway_notice_nothing(play):
    (play.tree / "a.sh").write_text("#!/bin/sh\nlimit=4\nfalse\n")
    one, _ = play(["limit=4", "limit=5", "a limit"])
    assert one.failures[0].startswith("not played: unit tests fail without any edit: a.sh")


def test_pytest_can_be_who_notices(play):
    test = play.tree / "tests/integration/limit_test.py"
    test.write_text("import pathlib\n\ndef test_limit():\n"
                    "    assert 'spare=1' in pathlib.Path('../../a.sh').read_text()\n")
    one, _ = play(["spare=1", "spare=2", "a spare", "limit_test.py -k limit"])
    assert one.count.passed == 1, one.failures


def test_a_fuzz_target_can_be_who_notices(play):
    target = play.tree / "tests/fuzz/targets/spare_fuzz.cpp"
    edit = ["limit=4", "limit=5", "a limit", "fuzz spare"]
    one, _ = play(edit)
    assert one.failures == ["tests/mutants.toml: there is no fuzz target 'spare'"]
    target.parent.mkdir(parents=True)
    target.touch()
    cmake = CMAKE.replace("bin/unit_tests", "bin/spare_fuzz")
    (play.tree.parent / "bin/cmake").write_text(cmake)
    one, _ = play(edit)
    assert one.count.passed == 1, one.failures


def test_each_fuzz_target_has_an_edit_that_it_finds():
    targets = {path.name.removesuffix("_fuzz.cpp") for path in (ROOT / "tests/fuzz/targets").iterdir()}
    assert targets == {row.fuzz_target for row in mutants.listed()} - {""}


def test_words_choose_by_the_names_of_files(play):
    one, _ = play(["limit=4", "limit=5", "a limit"], words=["b.sh"])
    assert one.failures == ["no row of tests/mutants.toml is about a file with b.sh in its name"]
    one, _ = play(["limit=4", "limit=5", "a limit"], words=["b.sh", "a"])
    assert one.count.passed == 1


def test_it_runs_on_request_alone():
    assert "mutants" in run_tests.ON_REQUEST and "mutants" not in {**run_tests.SHORT, **run_tests.LONG}
