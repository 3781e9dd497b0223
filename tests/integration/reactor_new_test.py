# SPDX-License-Identifier: MIT
"""reactor-new: what it writes, and what it refuses. own_service_test.py builds what it writes."""

import os
import re
import subprocess

import pytest

from harness.daemon import ROOT

SCRIPT = ROOT / "tools/reactor-new/reactor-new"
TEMPLATES = ROOT / "tools/reactor-new/templates"


def reactor_new(*arguments, directory):
    return subprocess.run([SCRIPT, *map(str, arguments)], cwd=directory, capture_output=True, text=True, timeout=20,
                          stdin=subprocess.DEVNULL, check=False)


def files_in(folder):
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_each_template_is_written_with_the_name(tmp_path):
    done = reactor_new("greet", directory=tmp_path)
    assert done.returncode == 0 and done.stderr == ""
    assert os.listdir(tmp_path) == ["greet"]
    assert files_in(tmp_path / "greet") == {name.removesuffix(".in").replace("NAME", "greet")
                                            for name in files_in(TEMPLATES)}
    for name in files_in(tmp_path / "greet"):
        path = tmp_path / "greet" / name
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"@\w+@", text), name
        assert os.access(path, os.X_OK) == text.startswith("#!"), name
    for said in ("greet/ci", "greet/serve", "greet/deploy", "greet/README.md"):
        assert said in done.stdout and (tmp_path / said).exists()


def test_a_folder_is_named(tmp_path):
    assert reactor_new("greet", "--dir", tmp_path / "deep/er", directory=tmp_path).returncode == 0
    assert (tmp_path / "deep/er/src/greet.cpp").exists()
    (tmp_path / "empty").mkdir()
    assert reactor_new("--dir=empty", "greet", directory=tmp_path).returncode == 0
    assert (tmp_path / "empty/ci").exists()


def test_the_code_is_formatted_and_the_page_names_what_is_there(tmp_path):
    reactor_new("greet", directory=tmp_path)
    sources = sorted((tmp_path / "greet").rglob("*.cpp"))
    assert len(sources) == 3
    done = subprocess.run(["clang-format", f"--style=file:{ROOT}/.clang-format", "--dry-run", "--Werror", *sources],
                          capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    page = (tmp_path / "greet/README.md").read_text(encoding="utf-8")
    for name in re.findall(r"^\| `([^`]+)`", page, re.M):
        assert (tmp_path / "greet" / name).exists()


def test_nothing_is_overwritten(tmp_path):
    (tmp_path / "greet").mkdir()
    (tmp_path / "greet/mine").write_text("mine")
    done = reactor_new("greet", directory=tmp_path)
    assert done.returncode == 1 and "there is something in greet already" in done.stderr
    assert files_in(tmp_path) == {"greet/mine"}
    (tmp_path / "file").write_text("mine")
    assert reactor_new("greet", "--dir", "file", directory=tmp_path).returncode == 1
    assert reactor_new("greet", "--dir", "file/below", directory=tmp_path).returncode == 1
    assert files_in(tmp_path) == {"greet/mine", "file"}


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_place_that_cannot_be_written(tmp_path):
    tmp_path.chmod(0o555)
    done = reactor_new("greet", directory=tmp_path)
    assert done.returncode == 1 and "cannot write" in done.stderr
    tmp_path.chmod(0o755)


@pytest.mark.parametrize("arguments, said", [
    ([], "it needs a name"), (["Greet"], "'Greet'"), (["a1"], "'a1'"), (["a_b"], "'a_b'"), (["../x"], "'../x'"),
    (["a b"], "'a b'"), (["é"], "'é'"), (["x" * 25], "24 letters"), (["ping"], "the name 'ping' is taken"),
    (["test"], "the name 'test' is taken"), (["one", "two"], "one name"), (["--nosuch"], "no '--nosuch'"),
    (["greet", "--dir"], "--dir needs a folder"), (["greet", "--dir="], "no '--dir='"),
])
def test_wrong_usage(tmp_path, arguments, said):
    done = reactor_new(*arguments, directory=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr and "--help" in done.stderr and len(done.stderr.splitlines()) == 1
    assert not any(tmp_path.iterdir())


def test_names_of_reactord_are_taken(shared, tmp_path):
    """A project of such a name would be refused when it is loaded."""
    with shared.connect() as client:
        commands = {name.decode() for name in client.call("COMMAND", "LIST")}
    registry = (ROOT / "daemon/handlers/registry.cpp").read_text(encoding="utf-8")
    handlers = set(re.findall(r"^ +HANDLER\((\w+)\)", registry, re.M))
    assert len(commands) > 20 and len(handlers) > 10
    for name in commands | handlers:
        assert reactor_new(name, directory=tmp_path).returncode == 2, name


def test_help_fits_a_screen(tmp_path):
    done = reactor_new("--help", directory=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert len(lines) <= 24 and max(map(len, lines)) <= 88
    assert re.search(r"^ +reactor-new greet", done.stdout, re.M) and "Exit status" in done.stdout
