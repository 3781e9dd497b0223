# SPDX-License-Identifier: MIT
"""tools/lab from outside: it leaves nothing behind, two runs do not meet, its options. (tools/test
lab runs its exercises.)"""

import contextlib
import os
import pathlib
import re
import shutil
import signal
import subprocess
import time

import pytest

from harness.client import eventually
from harness.daemon import ROOT

LAB = str(ROOT / "tools/lab")
LONGEST_SECONDS = 100


def namespaces(pid):
    done = subprocess.run(["ip", "netns", "list"], capture_output=True, text=True, check=True)
    return re.findall(rf"^reactord-lab{pid}-\w+", done.stdout, re.M)


def processes_of(folder):
    """Those that were told of the run's folder."""
    found = []
    for path in pathlib.Path("/proc").glob("[0-9]*/environ"):
        try:
            if folder.encode() in path.read_bytes():
                found.append(path.parent.name)
        except OSError:
            pass
    return found


class Run:
    """tools/lab, under way."""

    def __init__(self, directory, *arguments):
        self.output_path = directory / f"lab-{arguments[0]}.txt"
        with open(self.output_path, "wb") as output:
            self.process = subprocess.Popen(
                [LAB, *arguments], stdout=output, stderr=subprocess.STDOUT, cwd=directory,
                stdin=subprocess.DEVNULL, start_new_session=True,
                preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))

    @property
    def output(self):
        return self.output_path.read_text()

    def wait_for(self, text):
        eventually(lambda: text in self.output or self.process.poll() is not None, 30, text)
        assert text in self.output, self.output

    def folder(self):
        return re.search(r"LAB=([^\s;]+)", self.output)[1]

    def wait(self):
        return self.process.wait(LONGEST_SECONDS)

    def assert_nothing_remains(self):
        assert not namespaces(self.process.pid)
        assert not pathlib.Path(self.folder()).exists()
        assert not processes_of(self.folder())


@pytest.fixture
def lab(tmp_path):
    started = []

    def start(*arguments):
        started.append(Run(tmp_path, *arguments))
        return started[-1]

    yield start
    for one in started:
        if one.process.poll() is None:
            one.process.terminate()
            one.process.wait(30)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("moment", ["pulled-cable", "slow_cable.py"])
def test_it_leaves_nothing_behind_when_it_is_stopped(lab, number, moment):
    one = lab("3")
    one.wait_for(moment) if "slow" not in moment else one.wait_for("a long and bad line")
    assert namespaces(one.process.pid)
    time.sleep(0.3)
    os.killpg(one.process.pid, number)  # as Ctrl-C at a terminal does
    assert one.wait() == 128 + number
    one.assert_nothing_remains()


def test_what_is_started_in_the_moment_of_a_signal_is_ended(tmp_path):
    """The worst moment: the process is there, and nobody has noted it yet."""
    code = """if True:
        import os, pathlib, signal, subprocess, sys
        sys.path.insert(0, sys.argv[1])
        import shell

        class Interrupted(subprocess.Popen):
            def __init__(self, *arguments, **options):
                super().__init__(*arguments, **options)
                print(self.pid, flush=True)
                os.kill(os.getpid(), signal.SIGTERM)

        def stop(*_):
            raise SystemExit(7)

        signal.signal(signal.SIGTERM, stop)
        subprocess.Popen = Interrupted
        one = shell.Shell(pathlib.Path(sys.argv[2]), dict(os.environ))
        try:
            one.start(None, "sleep 1000")
        finally:
            one.end_all()
    """
    done = subprocess.run(["/usr/bin/python3", "-B", "-c", code, ROOT / "tools/scripts/lab", tmp_path],
                          capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 7, done
    assert not pathlib.Path(f"/proc/{int(done.stdout)}").exists()


def test_two_runs_side_by_side(lab):
    both = [lab("2"), lab("5")]
    for one in both:
        assert one.wait() == 0, one.output
        one.assert_nothing_remains()


def test_what_a_killed_run_left_behind_is_removed_by_the_next(lab):
    killed = lab("3")
    killed.wait_for("good-cable")
    os.killpg(killed.process.pid, signal.SIGKILL)
    killed.wait()
    assert namespaces(killed.process.pid) and processes_of(killed.folder())
    assert lab("1").wait() == 0
    killed.assert_nothing_remains()


def test_it_keeps_what_it_is_asked_to_keep(lab, tmp_path):
    one = lab("4", "--keep", "kept")
    assert one.wait() == 0, one.output
    names = {path.name for path in (tmp_path / "kept").iterdir()}
    assert {"4-orderly-ipv4.pcap", "4-reset-by-client.pcap", "4-packets.log",
            "4-packets.toml"} <= names
    shown = subprocess.run(["tcpdump", "-nr", tmp_path / "kept/4-reset-by-client.pcap"],
                           capture_output=True, text=True, check=True).stdout
    assert "Flags [R.]" in shown
    one.assert_nothing_remains()


def test_where_nothing_can_be_kept_it_does_not_begin(tmp_path):
    (tmp_path / "file").touch()
    done = subprocess.run([LAB, "6", "--keep", "file"], capture_output=True, text=True, cwd=tmp_path,
                          timeout=LONGEST_SECONDS, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert re.fullmatch(r"tools/lab: nothing can be kept in \S+/file: .*\n", done.stderr)


def test_it_ends_with_its_reader(tmp_path):
    with subprocess.Popen([LAB, "6"], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True) as process:
        started = [process.stdout.readline() for _ in range(20)]
        process.stdout.close()
        said = process.stderr.read()
        assert (process.wait(LONGEST_SECONDS), said) == (128 + signal.SIGPIPE, "")
    assert not namespaces(process.pid)
    folder = re.search(r"LAB=(\S+);", "".join(started))[1]
    assert not pathlib.Path(folder).exists() and not processes_of(folder)


def shown_commands(output):
    """What stands behind each prompt; a command goes on until its quotes are closed."""
    lines = iter(output.splitlines())
    for line in lines:
        if match := re.match(r"  (#|client\$|server\$) (.*)", line):
            host, command = match[1].rstrip("$"), match[2]
            while command.count("'") % 2:
                command += "\n" + next(lines).removeprefix("  ")
            yield host, command


def typed_by_hand(output):
    """A script of those lines, each in a shell on its host."""
    enter = {"#": "bash"}
    for command, host in re.findall(r"^  (ip netns exec \S+ bash) +# (\w+)\$$", output, re.M):
        enter[host] = command
    script = "set -e\n" + re.search(r"^  (export .*)$", output, re.M)[1] + "\n"
    for host, command in shown_commands(output):
        if command.endswith(" &"):
            command += ("\necho $! > $LAB/pid\n"
                        "until grep -q ' ready$' $LAB/*.log; do sleep 0.05; done")
        script += f"{enter[host]} <<'TYPED'\n{command}\nTYPED\n"
    return script + "kill $(cat $LAB/pid)\n"


def test_what_it_shows_can_be_run_again_by_hand(lab):
    """After it has ended, from its first line on."""
    one = lab("6")
    assert one.wait() == 0, one.output
    folder = pathlib.Path(one.folder())
    try:
        done = subprocess.run(["bash", "-c", typed_by_hand(one.output)], capture_output=True,
                              text=True, cwd=ROOT, timeout=LONGEST_SECONDS, check=False)
        assert done.returncode == 0, done
        last = "9007199254740994\n"
        assert done.stdout.count(last) == one.output.count(f"  {last}") >= 4, done
        assert "'four' is not a decimal number" in done.stderr
    finally:
        with contextlib.suppress(OSError):
            os.kill(int((folder / "pid").read_text()), signal.SIGTERM)
        for name in namespaces(one.process.pid):
            subprocess.run(["ip", "netns", "delete", name], check=True)
        shutil.rmtree(folder, ignore_errors=True)


def test_it_is_plain_in_a_pipe(lab):
    one = lab("6")
    assert one.wait() == 0 and "\033" not in one.output


@pytest.mark.parametrize("arguments", [["7"], ["--keep"], ["--nonsense"]])
def test_wrong_usage(arguments):
    done = subprocess.run([LAB, *arguments], capture_output=True, text=True, timeout=20,
                          check=False)
    assert done.returncode == 2 and "tools/lab --help" in done.stderr


def test_help():
    done = subprocess.run([LAB, "--help"], capture_output=True, text=True, timeout=20, check=True)
    assert "--keep DIR" in done.stdout and done.stderr == ""


def test_who_is_not_root_is_told_so():
    """Where sudo is not there, or would ask: in one line, with the status of what is skipped."""
    done = subprocess.run(["setpriv", "--reuid=65534", "--clear-groups", LAB], capture_output=True,
                          text=True, stdin=subprocess.DEVNULL, timeout=20, check=False)
    assert done.returncode == 77
    assert re.fullmatch(r"tools/lab cannot run here: .*\n", done.stdout) and done.stderr == ""
