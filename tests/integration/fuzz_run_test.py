# SPDX-License-Identifier: MIT
"""tests/fuzz/run: builds a target with clang's libFuzzer, tries it for a second, and tells what came of it."""

import json
import subprocess

import pytest

from harness.daemon import ROOT

RUN = ROOT / "tests/fuzz/run"


def run(*arguments):
    return subprocess.run([RUN, *arguments], capture_output=True, text=True, timeout=110, stdin=subprocess.DEVNULL,
                          check=False)


def test_help_fits_a_screen():
    done = run("--help")
    lines = done.stdout.splitlines()
    assert (done.returncode, done.stderr) == (0, "")
    assert len(lines) <= 24 and max(map(len, lines)) <= 80


@pytest.mark.parametrize("arguments, told", [
    (["nothing"], "there is no target nothing"), (["--seconds", "0"], "--seconds: at least one")])
def test_wrong_usage(arguments, told):
    done = run(*arguments)
    assert done.returncode == 2 and told in done.stderr


def test_every_target_has_a_corpus_and_a_line_of_the_page():
    targets = {path.name.removesuffix("_fuzz.cpp") for path in (ROOT / "tests/fuzz/targets").iterdir()}
    corpora = {path.name for path in (ROOT / "tests/fuzz/corpus").iterdir() if any(path.iterdir())}
    page = (ROOT / "tests/fuzz/README.md").read_text(encoding="utf-8")
    assert targets == corpora
    assert [target for target in targets if f"`{target}`" not in page] == []
    files = [path for path in (ROOT / "tests/fuzz/corpus").rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < 200 << 10


@pytest.mark.long  # clang compiles a library
def test_a_target_is_tried_for_a_second():
    done = run("--seconds", "1", "--json", "traceparent")
    assert (done.returncode, done.stderr) == (0, "")
    [ran] = json.loads(done.stdout)
    assert ran["target"] == "traceparent" and ran["crashes"] == 0
    assert ran["executions"] > 0 and ran["coverage"] > 0
