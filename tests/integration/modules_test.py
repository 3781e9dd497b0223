# SPDX-License-Identifier: MIT
"""Handlers in shared objects: [[module]]. What is loaded serves; what is refused is named, with the reason."""

import os
import pathlib
import re
import shutil
import subprocess

import pytest

from harness.client import eventually
from harness.daemon import BIN_DIR, REACTORD
from harness.net import run

SOURCE = pathlib.Path(__file__).parent / "module_sources/greet.cpp"
HEADERS = BIN_DIR.parent / "include"


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """Compiles the module, once for each variant of it."""
    folder = tmp_path_factory.mktemp("modules")
    compiler = ["c++", "-std=c++20", "-O0", "-Wall", "-Wextra", "-Werror", "-fPIC", "-fvisibility=hidden",
                f"-I{HEADERS}"]
    # What all include is parsed once.
    common = folder / "common.h"
    common.write_text("".join(re.findall("^#include .*\n", SOURCE.read_text(encoding="utf-8"), re.M)),
                      encoding="utf-8")
    subprocess.run([*compiler, "-x", "c++-header", common, "-o", f"{common}.gch"], check=True)

    def build(variant=None):
        path = folder / f"{variant or 'greet'}.so"
        if not path.exists():
            define = [f"-D{variant}"] if variant else []
            subprocess.run([*compiler, "-shared", "-include", common, *define, SOURCE, "-o", path, "-lfmt"],
                           check=True)
            path.chmod(0o755)
        return path
    return build


def module(path, more=""):
    return f'[[module]]\npath = "{path}"\n{more}'


class Both:
    """What --check-config says, and a start: a text is in it that is in both."""

    def __init__(self, *said):
        self.said = said

    def __contains__(self, text):
        return all(text in each for each in self.said)

    def __repr__(self):
        return "\n---\n".join(self.said)


@pytest.fixture
def refusal(tmp_path):
    """What a daemon with that configuration says; it does not start."""
    def of(text, environment=None):
        path = tmp_path / "refused.toml"
        path.write_text('[[listener]]\naddress = "127.0.0.1:0"\n' + text, encoding="utf-8")
        said = []
        for arguments in (["--check-config"], []):
            done = run(REACTORD, *arguments, "--config", path,
                       environment={**os.environ, **(environment or {})})
            assert done.returncode in (1, 78) and "configuration is good" not in done.stdout
            said.append(done.stderr)
        return Both(*said)
    return of


def test_a_module_serves(daemon, built):
    one = daemon(module(built(), '[handlers.greet]\ngreeting = "good morning"\n'))
    client = one.connect()
    client.send(b"GREET Ada\n")
    assert client.read_line() == b"good morning, Ada"
    client.send(b"HELP GREET\n")
    assert b"Says hello" in client.read_line()
    client = one.connect()
    client.send(b"CONFIG GET module.*\n")
    assert client.read_line() == f"module.1.path: {built()}".encode()


def test_its_settings_are_checked_printed_and_reloaded(daemon, built, tmp_path, refusal):
    said = refusal(module(built(), "[handlers.greet]\ngreting = 1\n"))
    assert "unknown key 'greting' in [handlers.greet]; did you mean 'greeting'?" in said
    path = tmp_path / "printed.toml"
    path.write_text(module(built(), '[handlers.greet]\ngreeting = "hi"\n'), encoding="utf-8")
    printed = run(REACTORD, "--print-config", "--config", path).stdout
    assert "[[module]]\n" in printed and f'path = "{built()}"' in printed and 'greeting = "hi"' in printed
    one = daemon(module(built()))
    one.reload(one.config_path.read_text(encoding="utf-8") + '[handlers.greet]\ngreeting = "good evening"\n')
    client = one.connect()

    def is_applied():
        client.send(b"GREET Ada\n")
        return client.read_line() == b"good evening, Ada"
    eventually(is_applied)


def test_a_path_begins_at_the_configuration(daemon, built, tmp_path):
    shutil.copy(built(), tmp_path / "copied.so")
    client = daemon(module("../copied.so")).connect()
    client.send(b"GREET\n")
    assert client.read_line() == b"hello, stranger"


def test_another_module_waits_for_a_restart(daemon, built):
    one = daemon(module(built()))
    one.reload('[[listener]]\nname = "main"\naddress = "127.0.0.1:0"\n')
    eventually(lambda: re.search(rf"module changed from '{re.escape(str(built()))}' to 'no module'.*restart", one.log),
               what=lambda: one.log)
    client = one.connect()
    client.send(b"GREET\n")
    assert client.read_line() == b"hello, stranger"


def patched(built, tmp_path, old, new):
    copy = tmp_path / "patched.so"
    content = built().read_bytes()
    assert content.count(old) >= 1 and len(old) == len(new)
    copy.write_bytes(content.replace(old, new))
    return copy


def test_one_of_another_compiler_or_interface(built, tmp_path, refusal):
    stamp = b"reactord-2 "
    said = refusal(module(patched(built, tmp_path, stamp, b"reactord-9 ")))
    assert "was built for 'reactord-9 " in said and "this daemon is 'reactord-2 " in said
    assert f"module {tmp_path}/patched.so: " in said
    assert "build it anew" in said
    said = refusal(module(patched(built, tmp_path, b" libstdc++-", b" libstdc--+")))
    assert "libstdc--+" in said


def test_no_code_of_a_refused_module_runs(daemon, built, tmp_path, refusal):
    mark = tmp_path / "mark"
    path = built("LEAVES_A_MARK")
    foreign = tmp_path / "foreign.so"
    foreign.write_bytes(path.read_bytes().replace(b"reactord-2 ", b"reactord-9 "))
    open_to_others = tmp_path / "open.so"
    shutil.copy(path, open_to_others)
    open_to_others.chmod(0o777)
    for refused in (foreign, open_to_others):
        assert f"module {refused}: " in refusal(module(refused), environment={"MARK": str(mark)})
        assert not mark.exists()
    daemon(module(path), environment={"MARK": str(mark)})
    assert mark.exists(), "nothing was tried"


def test_one_that_others_can_write(built, tmp_path, refusal):
    copy = tmp_path / "open.so"
    shutil.copy(built(), copy)
    copy.chmod(0o757)
    assert "can be written by others (mode 0757): chmod go-w it" in refusal(module(copy))
    copy.chmod(0o775)
    assert "can be written by others" in refusal(module(copy))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_one_of_another_user(built, tmp_path, refusal):
    copy = tmp_path / "given.so"
    shutil.copy(built(), copy)
    os.chown(copy, 12345, 12345)
    assert "belongs to user 12345, who is neither root nor the daemon's own" in refusal(module(copy))


def test_what_is_no_module(built, tmp_path, refusal):
    assert "cannot open it: No such file or directory" in refusal(module(tmp_path / "nosuch.so"))
    assert "is no regular file" in refusal(module(tmp_path))
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    assert "is no regular file" in refusal(module(fifo))
    text = tmp_path / "text.so"
    text.write_text("no ELF at all\n" * 10)
    assert "is no reactord module: it is not a shared object of 64 bits" in refusal(module(text))
    libc = next(path for path in pathlib.Path("/lib").rglob("libm.so.6") if path.is_file())
    assert "it has no REACTORD_MODULE(...)" in refusal(module(libc.resolve()))


@pytest.mark.parametrize("bytes_left", [1, 63, 64, 1000, -1])
def test_one_that_is_cut_off(built, tmp_path, refusal, bytes_left):
    cut = tmp_path / "cut.so"
    cut.write_bytes(built().read_bytes()[:bytes_left])
    assert "is no reactord module: it is " in refusal(module(cut))


def test_a_name_that_is_taken(built, tmp_path, refusal):
    said = refusal(module(built("TAKES_PING")))
    assert "command 'ping': the handler" in said and "declares it, too" in said
    assert "TAKES_PING.so" in said
    copy = tmp_path / "again.so"
    shutil.copy(built(), copy)
    said = refusal(module(built()) + module(copy))
    assert f"module {copy}: its handler 'greet' has the name of one of module {built()}" in said


@pytest.mark.parametrize("variant, reason", [
    ("LACKS_SYMBOL", "undefined symbol: _Z15nobody_has_thisv"),
    ("THROWS_WHEN_MADE", "handler 'greet': its constructor threw: made on purpose"),
    ("THROWS_WHEN_INITIALISED", "threw while it was loaded: initialised on purpose"),
    ("THROWS_WHEN_LOADED", "threw while it was loaded: loaded on purpose"),
    ("HAS_NO_HANDLER", "has no handlers"),
])
def test_one_that_cannot_be_used(built, refusal, variant, reason):
    said = refusal(module(built(variant)))
    assert reason in said and f"{variant}.so" in said


def test_the_configuration_of_modules(refusal):
    assert "[[module]] needs a path" in refusal("[[module]]\n")
    assert "expected [[module]] in double brackets" in refusal('[module]\npath = "x"\n')
    assert "there are more than 64 modules" in refusal('[[module]]\npath = "/nosuch"\n' * 65)
