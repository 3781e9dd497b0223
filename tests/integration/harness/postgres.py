# SPDX-License-Identifier: MIT
"""A PostgreSQL of the test's own: a cluster in a temporary folder, reached by a Unix socket alone."""

import contextlib
import os
import pathlib
import pwd
import shutil
import signal
import subprocess
import tempfile

from .client import eventually

BIN = max(pathlib.Path("/usr/lib/postgresql").glob("*/bin"), default=None)


def children_of(pid):
    """Backends have sessions of their own: only their parent tells them."""
    found = []
    for path in pathlib.Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            if int(path.read_text().rpartition(")")[2].split()[1]) == pid:
                found.append(int(path.parent.name))
    return found


def is_running(pid):
    """Not if it waits for nothing but its parent."""
    with contextlib.suppress(OSError):
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    return False


class Postgres:
    """Use the `postgres` fixture, which also ends it."""

    def __init__(self):
        # postgres refuses to run as root, and pytest's folders are root's alone.
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="pg-"))
        self.user = {}
        if os.geteuid() == 0:
            account = pwd.getpwnam("postgres")
            os.chown(self.folder, account.pw_uid, account.pw_gid)
            self.user = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
        self.folder.chmod(0o755)
        self.process = None
        self._run("initdb", "-D", self.folder / "data", "-A", "trust", "-U", "admin", "-E", "UTF8",
                  "--locale=C", "--no-sync")

    def _run(self, program, *arguments, **options):
        done = subprocess.run([BIN / program, *arguments], cwd=self.folder, capture_output=True, text=True,
                              timeout=100, **{**self.user, **options})
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    @property
    def conninfo(self):
        return f"host={self.folder} dbname=postgres user=reader"

    def start(self, *settings):
        with open(self.folder / "log", "ab") as log:
            self.process = subprocess.Popen(
                [BIN / "postgres", "-D", self.folder / "data", "-k", self.folder, "-h", "",
                 "-c", "fsync=off", *(word for each in settings for word in ("-c", each))],
                cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log, **self.user)
        eventually(self._is_ready, what="PostgreSQL is there")

    def _is_ready(self):
        assert self.process.poll() is None, (self.folder / "log").read_text(errors="replace")
        return subprocess.run([BIN / "pg_isready", "-q", "-h", self.folder], timeout=20, check=False).returncode == 0

    def sql(self, text):
        return self._run("psql", "-h", self.folder, "-U", "admin", "-d", "postgres", "-v", "ON_ERROR_STOP=1",
                         "-qAt", "-c", text)

    @contextlib.contextmanager
    def locked(self, table):
        """Whoever reads the table meanwhile waits."""
        with subprocess.Popen([BIN / "psql", "-h", self.folder, "-U", "admin", "-d", "postgres", "-qAt"],
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, **self.user) as session:
            session.stdin.write(f"BEGIN; LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE; SELECT 'locked';\n")
            session.stdin.flush()
            assert session.stdout.readline() == "locked\n"
            yield
            session.stdin.close()
            session.wait(30)

    def hang(self):
        """Until go_on()."""
        # The server first: stopped, it starts no process meanwhile.
        os.kill(self.process.pid, signal.SIGSTOP)
        self._signal_all(signal.SIGSTOP)

    def go_on(self):
        self._signal_all(signal.SIGCONT)

    def _signal_all(self, number):
        for pid in [*children_of(self.process.pid), self.process.pid]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)

    def kill(self):
        if self.process is None:
            return
        self.hang()
        children = children_of(self.process.pid)
        self._signal_all(signal.SIGKILL)
        self.process.wait(30)
        self.process = None
        # None starts in a folder whose memory one of them still has.
        eventually(lambda: not any(map(is_running, children)), what="all of PostgreSQL is gone")

    def end(self):
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)
