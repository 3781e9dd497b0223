# SPDX-License-Identifier: MIT
"""The probes for perf and bpftrace: their notes in the binary, and the scripts that use them.

Where the kernel lets nobody attach, the test says what it could not run.
"""

import os
import re
import shutil
import signal
import subprocess
import time

import pytest

from harness.daemon import REACTORD, ROOT
from harness.net import program

SCRIPTS = sorted((ROOT / "tools/probes").glob("*.bt"))
HEADER = (ROOT / "daemon/probes/probes.h").read_text(encoding="utf-8")
DECLARED = {name: int(count) for name, count in
            re.findall(r"REACTORD_PROBE_\((\w+),\s+(\d),\s+\(", HEADER)}
ATTACH_SECONDS = 60  # more than it takes where other programs are being probed


def notes():
    """[(provider, name, [arguments])], as the binary has them."""
    text = subprocess.run([program("readelf"), "--notes", "--wide", REACTORD], capture_output=True, text=True,
                          check=True).stdout
    found = re.findall(r"Provider: (\S+)\n\s+Name: (\S+)\n.*\n\s+Arguments: ?(.*)", text)
    return [(provider, name, arguments.split()) for provider, name, arguments in found]


def test_the_binary_has_each_probe_with_its_arguments():
    ours = [note for note in notes() if note[0] == "reactord"]
    assert {name for _, name, _ in ours} == set(DECLARED)
    for _, name, arguments in ours:
        assert len(arguments) == DECLARED[name], (name, arguments)
        assert all(re.fullmatch(r"-?[1248]@\S+", each) for each in arguments), (name, arguments)


def test_the_header_says_what_each_argument_is():
    told = dict(re.findall(r"^//   (\w+)\((.*?)\)  ", HEADER, re.M))
    assert {name: words.count(",") + 1 for name, words in told.items()} == DECLARED


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_a_script_uses_probes_and_arguments_that_there_are(script):
    blocks = re.findall(r"^usdt::reactord:(\w+)\n(.*?)^}", script.read_text(encoding="utf-8"), re.M | re.S)
    assert blocks
    for name, body in blocks:
        used = [int(number) for number in re.findall(r"\barg(\d)\b", body)]
        assert max(used, default=0) < DECLARED[name], name


# --- attached

def why_not_attached():
    """What keeps bpftrace from attaching to anything here, or ""."""
    bpftrace = shutil.which("bpftrace", path=f"{os.environ['PATH']}:/usr/sbin:/usr/bin")
    if bpftrace is None:
        return "there is no bpftrace here"
    if os.geteuid() != 0:
        return "only root can attach probes"
    if not os.path.exists("/sys/bus/event_source/devices/uprobe"):
        return "this kernel has no uprobes"
    done = subprocess.run([bpftrace, "-e", "BEGIN { exit(); }"], capture_output=True, text=True, check=False,
                          timeout=60)
    return "" if done.returncode == 0 else f"this kernel allows no eBPF: {done.stderr.strip()[-200:]}"


@pytest.fixture(scope="module")
def attachable():
    if problem := why_not_attached():
        pytest.skip(f"{problem}: notes were read, and nothing was attached")


def shown_by(daemon, out, *arguments, until):
    """What a script shows of a daemon that answers PING again and again."""
    with open(out, "wb") as file:
        tracer = subprocess.Popen(["bpftrace", "-B", "line", "-p", str(daemon.pid), *map(str, arguments)],
                                  stdout=file, stderr=subprocess.STDOUT)
    ends = time.monotonic() + ATTACH_SECONDS
    with daemon.connect(track=False) as client:
        while time.monotonic() < ends and tracer.poll() is None and not until(out.read_text()):
            assert client.call("PING")
            time.sleep(0.02)
    tracer.send_signal(signal.SIGINT)
    try:
        tracer.wait(60)
    except subprocess.TimeoutExpired:  # It has been seen to hang at its end; what it has shown is what counts.
        tracer.kill()
        tracer.wait()
    return out.read_text()


def test_slow_turns_tells_of_turns(daemon, tmp_path, attachable):
    one = daemon("")
    line = re.compile(r"^\d\d:\d\d:\d\d \d+ us: \d+ events, 1 calls, 7 bytes sent; longest: ping of client \d+, ",
                      re.M)
    shown = shown_by(one, tmp_path / "shown", ROOT / "tools/probes/slow_turns.bt", 1, until=line.search)
    assert line.search(shown), shown
    assert "WARNING" not in shown


def test_command_latency_has_a_histogram_for_each_command(daemon, tmp_path, attachable):
    one = daemon("")
    # It shows all at its end: the other script's lines say when both are attached.
    both = tmp_path / "both.bt"
    turns = "usdt::reactord:turn_end { @turns = @turns + 1; if (@turns == 20) { printf(\"seen\\n\"); } }\n"
    both.write_text((ROOT / "tools/probes/command_latency.bt").read_text() + turns)
    shown = shown_by(one, tmp_path / "shown", both, until=re.compile("^seen", re.M).search)
    assert re.search(r"^@usec\[ping\]: \n\[.*[)\]] +\d+ \|@", shown, re.M), shown
    assert "WARNING" not in shown
