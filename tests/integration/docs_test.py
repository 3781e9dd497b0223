# SPDX-License-Identifier: MIT
"""The READMEs tell the truth: every command in them is run, and every link leads somewhere."""

import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import time

import pexpect
import pytest

from harness.client import is_refused
from harness.daemon import BIN_DIR, ROOT, run_reactord
from harness.net import free_port

DEFAULT_PORT = 12345
READMES = ["README.md", "tests/README.md", "tests/bench/README.md", "tests/fuzz/README.md", "protocol/README.md",
           "daemon/README.md", "daemon/PROMISES.md", "daemon/handlers/README.md", "daemon/handlers/relay/README.md", "systemd/README.md",
           "systemd/haproxy.md", "tools/README.md"]

# Shown, and run in a form that suits a test: shorter, or not inside itself.
INSTEAD = {
    "tools/test": "tools/test --list",
    "tools/test unit ceil": "tools/test --help",  # suite_test.py
    "tools/test mutants listener pending": "tools/test --help",  # mutants_test.py
    "tools/lab": "tools/lab --help",  # tools/test lab
    "cmake --preset asan && cmake --build --preset asan --target unit_tests reactord reactor-cli reactor-load":
        None,  # tools/test unit
    "build/asan/bin/unit_tests --test-case='*inline*'":
        "build/release/bin/unit_tests --test-case='*inline*'",
    "REACTORD_BIN_DIR=../../build/asan/bin /usr/bin/python3 -m pytest -q abuse_test.py":
        "/usr/bin/python3 -m pytest -q abuse_test.py --collect-only",
    "/usr/bin/python3 -m pytest -q --long faults_test.py allocations_test.py":  # tools/test --all
        "/usr/bin/python3 -m pytest -q --long faults_test.py allocations_test.py --collect-only",
    # own_service_test.py; systemd/inside/reactor_new_test.py
    "reactor-new weather": 'tools/reactor-new/reactor-new weather --dir "$TMPDIR/weather"',
    "weather/ci": None,
    "sudo weather/deploy": None,
    "echo WEATHER Ada | nc -N 127.0.0.1 12345": None,
    "tests/fuzz/run": "tests/fuzz/run --help",  # fuzz_run_test.py
    "tests/fuzz/run --seconds 600 config": None,
    "tests/load/soak --time 2h": "tests/load/soak --help",  # tools/test soak
    "tests/bench/compare":
        "env -u REACTORD_BIN_DIR tests/bench/compare --quick --rows depth --servers floor reactord",
    "tests/bench/start_up": "tests/bench/start_up --rounds 3",
    "tests/bench/hog_latency": "tests/bench/hog_latency --seconds 0.3 --only ping",
    "tests/bench/admin_when_full": "tests/bench/admin_when_full --seconds 0.3 --within 5000",
    "tests/bench/relay_cost": "tests/bench/relay_cost --rounds 1 --shorter 50",
    "tests/bench/settings_cost": "tests/bench/settings_cost --rounds 1 --shorter 100",
    "tests/bench/page_cost": "tests/bench/page_cost --rounds 1 --shorter 100",
    "tests/bench/tls_cost": "tests/bench/tls_cost --rounds 1 --shorter 50",
    "tests/bench/generator_cost": "tests/bench/generator_cost --rounds 1 --requests 20000",
    "DESTDIR=/tmp/reactord-root cmake --install build/release":
        'DESTDIR="$TMPDIR/root" cmake --install build/release',
}


# Each goes on until it is ended: test_a_person_answers_as_shown.
CONVERSATION = ["build/release/bin/reactord --config config/lab.toml",
                "build/release/bin/reactor-cli --uri unix:/tmp/reactord-lab.sock operator",
                "build/release/bin/reactor-cli --port 12348 chat"]


def blocks(language):
    """(file, text) of every fenced block of that language."""
    for name in READMES:
        if (ROOT / name).exists():
            text = (ROOT / name).read_text(encoding="utf-8")
            for match in re.finditer(rf"^```{language}\n(.*?)^```$", text, re.M | re.S):
                yield name, match[1]


def shell(command, directory, port=None, seconds=110):
    if port:
        command = command.replace(str(DEFAULT_PORT), str(port))
    return subprocess.run(["bash", "-c", command], cwd=directory, capture_output=True, text=True,
                          timeout=seconds, stdin=subprocess.DEVNULL, check=False)


def shorter_load(command, port, directory):
    """A run of reactor-load against this port, of a second at most, its files elsewhere."""
    command = re.sub(r"(\S*reactor-load) (?!--compare|--keys|--personas)", rf"\1 --port {port} ", command)
    command = re.sub(r"\b(\w+\.(json|html))\b", rf"{directory}/\1", command)
    if "-t " in command:
        return re.sub(r"-t \d+s", "-t 1s", command)
    return command if "-n " in command or "--port" not in command else f"{command} -t 1s"


def succeeded(done):
    """Times depend on the machine: a run of reactor-load may miss those that a page promises. A run
    that was cut to a second may end before all of its clients' turns to start."""
    missed = re.findall(r"^FAILED +(.*)", done.stdout, re.M)
    if done.returncode == 1 and missed:
        return all(re.match(r"(\w[\w ]*: )?(p[0-9.]+|rate|reached|unconnected)\b", threshold)
                   for threshold in missed)
    return done.returncode == 0


def commands(text):
    for line in text.splitlines():
        command = re.sub(r"\s+#.*", "", line).strip()
        if command:
            yield command


@pytest.mark.parametrize("name, block", list(blocks("sh")),
                         ids=lambda value: value.split("\n")[0][:40])
def test_shell_commands_succeed(name, block, tmp_path, monkeypatch, shared):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    directory = ROOT
    for command in commands(block):
        if command.startswith("cd "):
            directory = ROOT / command.removeprefix("cd ")
            continue
        if command.startswith("tools/quickstart") or command in CONVERSATION:
            continue  # below
        command = INSTEAD.get(command, command)
        if command and "reactor-load" in command:
            command = shorter_load(command, shared.port, tmp_path)
        if command:
            done = shell(command, directory)
            assert succeeded(done), f"{name}: {command}\n{done.stdout}{done.stderr}"


def with_default_port(command, port):
    """reactor-cli has the default port built in, where a command does not name it (shell() does)."""
    if str(DEFAULT_PORT) in command:
        return command
    return re.sub(r"(\S*reactor-cli)", rf"\1 --port {port}", command)


@pytest.mark.parametrize("name, block", list(blocks("console")),
                         ids=lambda value: value.split("\n")[0][:40])
def test_sessions_look_as_shown(shared, name, block):
    if name.startswith("protocol"):
        pytest.fail("sessions belong into README.md or daemon/handlers/README.md")
    shown = re.split(r"^\$ ", block, flags=re.M)[1:]
    for command, _, output in (part.partition("\n") for part in shown):
        done = shell(with_default_port(command, shared.port), ROOT, shared.port, 20)
        assert done.stdout + done.stderr == output, f"{name}: $ {command}"


@pytest.mark.parametrize("name, block", list(blocks("python")),
                         ids=lambda value: value.split("\n")[0][:40])
def test_python_prints_what_its_comments_say(shared, name, block):
    if "def test_" in block:
        compile(block, name, "exec")
        return
    source = block.replace(str(DEFAULT_PORT), str(shared.port))
    done = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True,
                          timeout=20, check=False)
    assert done.stdout.split("\n")[:-1] == re.findall(r"print\(.*# (.*)", block), done


@pytest.mark.parametrize("name, block", [both for both in blocks("toml") if both[0] == "README.md"],
                         ids=lambda value: value.split("\n")[0][:40])
def test_configurations_are_good(name, block, tmp_path):
    """Those of the first page; the others' are of handlers that exist in their text alone."""
    if "[handlers.greet]" in block:
        return  # the example of handlers/README.md, which the unit tests build
    path = tmp_path / "reactord.toml"
    # What this machine has.
    path.write_text(block.replace("/run/reactord", str(tmp_path)).replace("10.0.0.5", "127.0.0.2"))
    done = run_reactord("--check-config", "--config", path)
    assert done.returncode == 0, f"{name}: {done.stderr}"


@pytest.mark.parametrize("block", [text for name, text in blocks("toml")
                                   if name == "tools/README.md"])
def test_scenarios_pass(shared, tmp_path, block):
    path = tmp_path / "scenario.toml"
    path.write_text(block)
    done = shell(f"{BIN_DIR}/reactor-load {path} --port {shared.port} -t 3s", ROOT)
    assert succeeded(done), done.stdout + done.stderr


@pytest.mark.skipif(BIN_DIR != ROOT / "build/release/bin", reason="the page names the release")
def test_a_person_answers_as_shown():
    """Three terminals, with the commands and the ports of the page."""
    if not all(is_refused(("127.0.0.1", port)) for port in range(12345, 12349)):
        pytest.skip("a port of config/lab.toml is taken on this machine")
    terminals = []
    try:
        for command, shown in zip(CONVERSATION, ("ready", "nobody waits> ", "> ")):
            terminals.append(pexpect.spawn("bash", ["-c", f"exec {command}"], cwd=ROOT,
                                           timeout=30, encoding="utf-8"))
            terminals[-1].expect(shown)
        _, answers, asks = terminals
        asks.sendline("is anybody there?")
        answers.expect("is anybody there[?].*Enter answers 1> ")
        answers.sendline("yes, I am")
        asks.expect("yes, I am")
    finally:
        for terminal in reversed(terminals):
            terminal.close(force=True)


@pytest.mark.parametrize("name", READMES)
def test_links_lead_somewhere(name):
    text = re.sub(r"```.*?```", "", (ROOT / name).read_text(encoding="utf-8"), flags=re.S)
    for target in re.findall(r"\]\(([^)#:]+)\)", text):
        assert (ROOT / name).parent.joinpath(target).exists(), f"{name} links to {target}"


def test_the_installed_tree_is_complete(tmp_path):
    done = shell(f"DESTDIR={tmp_path} cmake --install build/release", ROOT)
    assert done.returncode == 0, done.stderr
    installed = {path.name for path in pathlib.Path(tmp_path).rglob("*") if path.is_file()}
    assert {"reactord", "reactor-cli", "reactor-load", "reactord.toml", "README.md", "LICENSE"} <= installed


@pytest.mark.skipif(BIN_DIR != ROOT / "build/release/bin", reason="quickstart builds the release")
def test_quickstart():
    """With the default port, where nobody else has it."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = shell(f"tools/quickstart --port {port}", ROOT)
        assert done.returncode == 1 and f"Port {port} on 127.0.0.1 is taken" in done.stderr
        assert re.search(r"tools/quickstart --port \d+$", done.stderr, re.M)
    default = is_refused(("127.0.0.1", DEFAULT_PORT))
    port = DEFAULT_PORT if default else free_port()
    done = shell("tools/quickstart" + ("" if default else f" --port {port}"), ROOT)
    assert done.returncode == 0, done.stdout + done.stderr
    for shown in ("\n  Hello, reactord!\n", "\n  5\n", "\n  0\n", "ERR ", "Hello from netcat"):
        assert shown in done.stdout, done.stdout
    assert is_refused(("127.0.0.1", port)), "it left its daemon running"


@pytest.mark.skipif(BIN_DIR != ROOT / "build/release/bin", reason="quickstart builds the release")
def test_quickstart_at_another_port():
    port = free_port()
    done = shell(f"tools/quickstart --port {port}", ROOT)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"reactor-cli --port {port} ceil 4.40\n  5\n" in done.stdout, done.stdout
    assert "Hello from netcat" in done.stdout
    assert is_refused(("127.0.0.1", port)), "it left its daemon running"


def test_quickstart_leaves_nothing_behind_on_an_interrupt():
    if not is_refused(("127.0.0.1", DEFAULT_PORT)):
        pytest.skip(f"port {DEFAULT_PORT} is taken on this machine")
    process = subprocess.Popen([str(ROOT / "tools/quickstart")], stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, start_new_session=True,
                               preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
    until = time.monotonic() + 60
    while is_refused(("127.0.0.1", DEFAULT_PORT)) and process.poll() is None:
        assert time.monotonic() < until
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGINT)  # what Ctrl-C at a terminal does
    process.communicate(timeout=20)
    assert is_refused(("127.0.0.1", DEFAULT_PORT))
