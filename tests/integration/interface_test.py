# SPDX-License-Identifier: MIT
"""The installed interface is the recorded one (tools/scripts/interface.py). Runs no program of ours."""

import shutil
import subprocess
import sys

import pytest

from harness.daemon import ROOT

sys.path.insert(0, str(ROOT / "tools/scripts"))
import interface  # noqa: E402


def test_the_installed_interface_is_the_recorded_one():
    assert interface.difference(ROOT) == ""


@pytest.fixture
def tree(tmp_path):
    """What the comparison reads, to be changed; recorded as it is."""
    for path in ["CMakeLists.txt", interface.LISTED_IN, *interface.public_headers(ROOT)]:
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / path, tmp_path / path)
    (tmp_path / interface.RECORDS).mkdir(parents=True)
    interface.main(["--accept"], tmp_path)
    return tmp_path


def edit(tree, path, old, new):
    text = (tree / path).read_text(encoding="utf-8")
    assert text.count(old) == 1
    (tree / path).write_text(text.replace(old, new), encoding="utf-8")


@pytest.mark.parametrize("old, new", [
    ("class Handler {", "// What answers.\nclass Handler {"),
    ("class Handler {", "/* What\n answers; */ class   Handler\n{"),
    ("virtual void stop() {}", "virtual void\n  stop() {}"),
])
def test_how_it_is_written_does_not_matter(tree, old, new):
    edit(tree, "daemon/interface/handler.h", old, new)
    assert interface.difference(tree) == ""


@pytest.mark.parametrize("path, old, new, told", [
    ("daemon/interface/handler.h", "virtual void stop() {}", "virtual void stop() {}\nvirtual void pause() {}",
     "+virtual void pause() {}"),
    ("daemon/interface/handler.h", "  quit,  ", "  leave,\n  quit,  ", "leave"),
    ("config/schema.h", "Apply apply = Apply::restart;", "Apply apply = Apply::reload;",
     "-Apply apply = Apply::restart;"),
    (interface.LISTED_IN, "  daemon/interface/session.h\n", "", "-== daemon/interface/session.h"),
])
def test_a_change_is_told_with_what_to_do(tree, path, old, new, told):
    edit(tree, path, old, new)
    said = interface.difference(tree)
    assert told in said
    for part in ("raise REACTORD_MODULE_INTERFACE in daemon/interface/module.h", "changelog",
                 "tools/scripts/interface.py --accept", "tests/interface/"):
        assert part in said
    assert interface.main(["--accept"], tree) == 0
    assert interface.difference(tree) == ""


def test_a_next_version_has_a_record_of_its_own(tree):
    last = interface.last_record(tree)
    released = last.read_text(encoding="utf-8")
    edit(tree, "CMakeLists.txt", f"VERSION {last.stem}.", "VERSION 99.0.")
    assert interface.difference(tree) == "", "nothing has changed since the last release"
    edit(tree, "daemon/interface/handler.h", "virtual void stop() {}", "virtual void halt() {}")
    assert interface.main(["--accept"], tree) == 0
    assert last.read_text(encoding="utf-8") == released and interface.last_record(tree).name == "99.0.txt"


def test_its_usage():
    script = ROOT / "tools/scripts/interface.py"
    said = subprocess.run([script, "--help"], capture_output=True, text=True, check=False)
    assert said.returncode == 0 and "--accept" in said.stdout
    said = subprocess.run([script, "--nosuch"], capture_output=True, text=True, check=False)
    assert said.returncode == 2 and "--help" in said.stderr
