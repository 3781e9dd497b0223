# SPDX-License-Identifier: MIT
"""What the checks do with the machine that they run in: units, their settings, the journal."""

import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import time

PACKAGES = pathlib.Path("/reactord/packages")
CONFIG = pathlib.Path("/etc/reactord/reactord.toml")
TCP = ("127.0.0.1", 12345)
TCP6 = ("::1", 12345)
UNIX = "/run/reactord/reactord.sock"
DROP_INS = pathlib.Path("/run/systemd/system")
ROOT = pathlib.Path("/usr/lib/reactord/root")
README = pathlib.Path("/usr/share/doc/reactord/systemd.md")  # systemd/README.md, as it is packaged


def run(*command, check=True, seconds=60):
    done = subprocess.run([str(part) for part in command], stdin=subprocess.DEVNULL, text=True,
                          capture_output=True, timeout=seconds, check=False)
    assert not check or done.returncode == 0, \
        f"{' '.join(map(str, command))}: {done.returncode}\n{done.stdout}{done.stderr}"
    return done


def systemctl(*arguments, **options):
    return run("systemctl", "--no-pager", *arguments, **options)


def show(unit, name):
    return systemctl("show", "--value", "--property", name, unit).stdout.strip()


def main_pid(unit="reactord.service"):
    return int(show(unit, "MainPID"))


def is_active(unit="reactord.service"):
    return show(unit, "ActiveState") == "active"


def restarts(unit="reactord.service"):
    return int(show(unit, "NRestarts"))


def kill(number, unit="reactord.service"):
    pid = main_pid(unit)
    os.kill(pid, number)
    return pid


def eventually(condition, seconds=20.0, what=None):
    until = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < until, \
            f"not within {seconds} s: {what() if callable(what) else what or condition}"
        time.sleep(0.02)


def drop_in(unit, text, name="check"):
    """Adds settings to a unit until `remove_drop_ins`."""
    folder = DROP_INS / f"{unit}.d"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.conf").write_text(text, encoding="utf-8")
    systemctl("daemon-reload")


def mount_points():
    """What is in the services' root after the package was installed."""
    listed = run("dpkg", "--listfiles", "reactord").stdout.split()
    return {path for path in listed if path.startswith(f"{ROOT}/")} \
        | {f"{ROOT}/run/systemd/notify", f"{ROOT}/usr/bin/reactord"}


def documented(language):
    """The blocks of that language in the README."""
    return re.findall(rf"^```{language}\n(.*?)^```$", README.read_text(encoding="utf-8"), re.M | re.S)


def remove_drop_ins():
    for folder in DROP_INS.glob("reactord*.d"):
        shutil.rmtree(folder)
    systemctl("daemon-reload")


def journal(*matches, unit="reactord.service", since=None):
    """Records as dicts. Written records only: asks the journal to write first."""
    run("journalctl", "--sync")
    wanted = [*matches, *([f"_SYSTEMD_UNIT={unit}"] if unit else [])]
    # With a cursor we choose ourselves: journalctl leaves out the first match behind a cursor that
    # is of no match itself.
    options = [f"--after-cursor={since}"] if since else wanted
    out = run("journalctl", "-o", "json", "--all", "--no-pager", *options).stdout
    records = [json.loads(line) for line in out.splitlines()]
    fields = dict(match.split("=", 1) for match in wanted)
    return [record for record in records if fields.items() <= record.items()]


def journal_cursor():
    run("journalctl", "--sync")
    out = run("journalctl", "--show-cursor", "-n", "0", "--no-pager").stdout
    return re.search(r"-- cursor: (.*)", out)[1]


def messages(**options):
    return [record["MESSAGE"] for record in journal(**options)]


def stop_everything():
    """All units of ours, however they ended."""
    for process in ("reactord.service", "reactord-standalone.service"):
        pid = main_pid(process)
        if pid:
            os.kill(pid, signal.SIGCONT)
    systemctl("stop", "reactord*.socket", "reactord*.service", check=False)
    systemctl("reset-failed", check=False)
