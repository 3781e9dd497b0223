# SPDX-License-Identifier: MIT
"""Starts reactord with a configuration, finds its ports, watches how it ends."""

import os
import pathlib
import re
import signal
import subprocess
import tomllib

from .client import PATIENCE, Client, eventually

ROOT = pathlib.Path(__file__).resolve().parents[3]
BIN_DIR = pathlib.Path(os.environ.get("REACTORD_BIN_DIR", ROOT / "build/release/bin")).resolve()
REACTORD = BIN_DIR / "reactord"
SANITIZED = not {"asan", "tsan"}.isdisjoint(BIN_DIR.parts)

DEFAULT_LISTENER = '\n[[listener]]\nname = "main"\naddress = "127.0.0.1:0"\n'
_LISTENING = re.compile(r"(?<!not )listening on (unix:\S+|\[[0-9a-fA-F:.]+\]:\d+|[0-9.]+:\d+)")
_SANITIZER = re.compile(r"(Address|Leak|Thread)Sanitizer|runtime error:|UndefinedBehavior")


def wanted_addresses(config_text):
    """(listener name, address) for each address in the file, in its order."""
    wanted = []
    for index, listener in enumerate(tomllib.loads(config_text).get("listener", [])):
        addresses = listener["address"]
        for address in [addresses] if isinstance(addresses, str) else addresses:
            wanted.append((listener.get("name", str(index)), address))
    return wanted


def to_address(text):
    """What socket.connect takes."""
    if text.startswith("unix:"):
        return text.removeprefix("unix:")
    host, _, port = text.rpartition(":")
    return (host.strip("[]"), int(port))


class Daemon:
    """A running reactord. Use the `daemon` fixture, which also ends and judges it."""

    def __init__(self, directory, config="", arguments=(), environment=None, prefix=(),
                 pass_fds=(), ready=True, expect_listeners=None, stderr=None, config_bytes=None):
        if config_bytes is None and "[[listener]]" not in config:
            config += DEFAULT_LISTENER
        self.directory = pathlib.Path(directory)
        self.config_path = self.directory / "reactord.toml"
        self.log_path = self.directory / "stderr.log"
        self.clients = []
        self.addresses = []
        self.killed_by = 0
        self.write_config(config if config_bytes is None else config_bytes)
        self._config = config
        with open(self.log_path, "ab") as log_file:  # a successor may write there, too
            self.process = subprocess.Popen(
                [*prefix, str(REACTORD), "--config", str(self.config_path), *arguments],
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=stderr or log_file,
                env=self._environment(environment or {}), pass_fds=pass_fds, cwd=self.directory)
        self.pid = self.process.pid
        if ready:
            try:
                self._wait_until_ready(expect_listeners)
            except BaseException:
                self.process.kill()
                self.process.wait()
                raise

    # --- starting

    def write_config(self, config):
        """In one step: an earlier reload may be reading it."""
        text = config if isinstance(config, bytes) else config.encode()
        beside = self.config_path.with_name(self.config_path.name + ".new")
        beside.write_bytes(text)
        beside.replace(self.config_path)

    def _environment(self, extra):
        """Sanitizers report to files: a test may have blocked stderr."""
        where = f":log_path={self.directory}/sanitizer"
        options = {name: extra.get(name, "") + where for name in ("ASAN_OPTIONS", "TSAN_OPTIONS", "UBSAN_OPTIONS")}
        return {**os.environ, **extra, **options}

    def _wait_until_ready(self, expect_listeners):
        wanted = [w for w in wanted_addresses(self._config) if w[1] != "systemd"]
        count = len(wanted) if expect_listeners is None else expect_listeners

        def ready():
            if self.process.poll() is not None:
                raise AssertionError(
                    f"reactord ended with {self.process.returncode} at start:\n{self.log}")
            return len(_LISTENING.findall(self.log)) >= count

        eventually(ready, PATIENCE, what=f"{count} listening lines in the log:\n{self.log}")
        self.addresses = self._match(wanted, _LISTENING.findall(self.log))

    @staticmethod
    def _match(wanted, bound):
        """Pairs what the file asks for with what the log says, in order, by host."""
        matched, left = [], list(bound)
        for name, address in wanted:
            host = address if address.startswith("unix:") else address.rpartition(":")[0]
            found = next((text for text in left if text.startswith(host)), None)
            if found:
                left.remove(found)
                matched.append((name, to_address(found)))
        return matched + [("", to_address(text)) for text in left]

    # --- what it says of itself

    @property
    def log(self):
        """stderr so far, and the log file if the configuration names one."""
        text = self.log_path.read_text(errors="replace")
        target = re.search(r'^target = "(?!stderr)([^"]+)"', self._config, re.M)
        if target and (self.directory / target[1]).is_file():
            text += (self.directory / target[1]).read_text(errors="replace")
        return text

    def wait_for_log(self, pattern, seconds=PATIENCE):
        """The first match of the regular expression in the log."""
        return eventually(lambda: re.search(pattern, self.log), seconds,
                          what=f"{pattern!r} in the log:\n{self.log}")

    def info(self, section=None):
        """INFO as a dict of texts. Asks again while there is no room for one more client."""
        def ask():
            with self.connect(track=False) as client:
                try:
                    body = client.call("INFO", *([section] if section else []))
                except (AssertionError, OSError):
                    return None
                return body if isinstance(body, bytes) else None

        body = eventually(ask, PATIENCE, what="a reply to INFO")
        lines = body.decode().split("\r\n") if b"\r\n" in body else body.decode().split("\n")
        return dict(line.split(":", 1) for line in lines if line and not line.startswith("#"))

    def stat(self, name):
        """A number from INFO stats."""
        stats = self.info("stats")
        assert name in stats, f"INFO stats has no {name}: {sorted(stats)}"
        return int(stats[name])

    def memory_bytes(self):
        """Private dirty memory: what the process itself has written to."""
        text = pathlib.Path(f"/proc/{self.pid}/smaps_rollup").read_text()
        return 1024 * int(re.search(r"^Private_Dirty:\s+(\d+) kB", text, re.M)[1])

    def cpu_seconds(self):
        fields = pathlib.Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def open_descriptors(self):
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    # --- talking to it

    def address(self, listener=None):
        for name, address in self.addresses:
            if listener is None or name == listener:
                # A relative path is one in the daemon's own directory.
                return str(self.directory / address) if isinstance(address, str) else address
        raise AssertionError(f"no listener {listener}; there are {self.addresses}")

    @property
    def port(self):
        return self.address()[1]

    def connect(self, listener=None, track=True, **options):
        client = Client(self.address(listener), **options)
        if track:
            self.clients.append(client)
        return client

    # --- ending

    def signal(self, number):
        self.process.send_signal(number)

    def wait(self, seconds=PATIENCE):
        """The exit status."""
        return self.process.wait(seconds)

    def stop(self, seconds=PATIENCE + 5):
        """SIGTERM, and the exit status."""
        if self.process.poll() is None:
            self.signal(signal.SIGTERM)
        return self.wait(seconds)

    def reload(self, config=None):
        if config is not None:
            self.write_config(config)
        self.signal(signal.SIGHUP)

    @property
    def running(self):
        return self.process.poll() is None

    def close_clients(self):
        for client in self.clients:
            client.close()
        self.clients = []

    def assert_clean(self):
        """No sanitizer has spoken."""
        reports = "".join(path.read_text(errors="replace")
                          for path in self.directory.glob("sanitizer.*"))
        assert not reports, f"a sanitizer reported:\n{reports[:6000]}"
        found = _SANITIZER.search(self.log)
        assert not found, f"a sanitizer reported:\n{self.log[-6000:]}"

    def kill(self, number):
        """As a crash ends it."""
        self.signal(number)
        assert self.wait() == -number
        self.killed_by = number

    def finish(self, expected_status=0):
        """Ends it, if it still runs, and judges how it ended."""
        was_running = self.running
        self.close_clients()
        try:
            status = self.stop()
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"SIGTERM did not end the daemon:\n{self.log[-4000:]}") from None
        finally:
            if self.process.stdout:
                self.process.stdout.close()
        self.assert_clean()
        if was_running:
            assert status == expected_status, f"ended with {status}:\n{self.log[-4000:]}"
        else:
            assert status >= 0 or status == -self.killed_by or expected_status in (None, status), \
                f"killed by signal {-status}:\n{self.log[-4000:]}"


def run_reactord(*arguments, directory=None, seconds=PATIENCE, environment=None):
    """Runs reactord to its end: status, stdout, stderr."""
    return subprocess.run([str(REACTORD), *map(str, arguments)], cwd=directory, timeout=seconds,
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
                          errors="replace", env={**os.environ, **(environment or {})})
