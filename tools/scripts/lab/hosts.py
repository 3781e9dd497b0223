# SPDX-License-Identifier: MIT
"""Two hosts that are network namespaces of this machine, and the cable between them.

Their names carry the id of the process that made them: two runs do not meet, and what a killed run
left behind is known for what it is. Inside, names and addresses are always the same.
"""

import contextlib
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile

from shell import LabFailure

HOSTS = ("client", "server")
ADDRESSES = {  # blocks for documentation (RFC 5737, RFC 3849): no real machine has these
    "client": ("198.51.100.1", "2001:db8::1"),
    "server": ("198.51.100.2", "2001:db8::2"),
}
DELAY_MS = 40
LOSS_PERCENT = 3
_PREFIX = "reactord-lab"


def namespace(host):
    return f"{_PREFIX}{os.getpid()}-{host}"


def address(host, version=4):
    return ADDRESSES[host][0 if version == 4 else 1]


def uri_host(text):
    """An address as it stands before ":port"."""
    return f"[{text}]" if ":" in text else text


def _namespaces():
    done = subprocess.run(["ip", "netns", "list"], capture_output=True, text=True, check=False)
    return [line.split()[0] for line in done.stdout.splitlines() if line.strip()]


def _remove(names):
    for name in names:
        subprocess.run(["ip", "netns", "delete", name], capture_output=True, check=False)


def remove_hosts():
    """Those of this run. A namespace takes its interfaces with it."""
    _remove(name for name in _namespaces() if name.startswith(f"{_PREFIX}{os.getpid()}-"))


def new_folder():
    return pathlib.Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}."))


def remove_abandoned():
    """What runs that were killed have left behind: processes, hosts, folders."""
    for name in filter(_is_abandoned, _namespaces()):
        inside = subprocess.run(["ip", "netns", "pids", name], capture_output=True, text=True,
                                check=False).stdout.split()
        for pid in inside:
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(pid), signal.SIGKILL)
        _remove([name])
    for folder in pathlib.Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        if _is_abandoned(folder.name) and folder.stat().st_uid == os.geteuid():
            shutil.rmtree(folder, ignore_errors=True)


def _is_abandoned(name):
    made_by = re.match(rf"{_PREFIX}(\d+)[-.]", name)
    return made_by and not pathlib.Path(f"/proc/{made_by[1]}").exists()


def problem_with_namespaces():
    """Why no host can be made here, or ""."""
    done = subprocess.run(["ip", "netns", "add", namespace("probe")], capture_output=True,
                          text=True, check=False)
    _remove([namespace("probe")])
    return done.stderr.strip() if done.returncode else ""


def kernel_has_netem():
    """Tried on a host of its own, because trying is the only sure way to know."""
    name = namespace("probe")
    try:
        for command in (["ip", "netns", "add", name],
                        ["tc", "-n", name, "qdisc", "add", "dev", "lo", "root", "netem"]):
            if subprocess.run(command, capture_output=True, check=False).returncode:
                return False
        return True
    finally:
        _remove([name])


def _plug_in(host, link="eth0"):
    ipv4, ipv6 = ADDRESSES[host]
    # nodad: there is nobody else with that address, so nobody has to wait for an objection.
    return (f"ip address add {ipv4}/24 dev {link} && "
            f"ip address add {ipv6}/64 dev {link} nodad && ip link set {link} up")


def make_hosts(lab):
    """The two hosts with a cable between them: a veth pair, one end in each."""
    client, server = namespace("client"), namespace("server")
    _must(lab, None, f"ip netns add {client}")
    _must(lab, None, f"ip netns add {server}")
    _must(lab, None,
          f"ip link add eth0 netns {client} type veth peer name eth0 netns {server}")
    for host in HOSTS:
        # An address outlives the cable: IPv6 forgets its own otherwise.
        _must(lab, host, "sysctl -qw net.ipv6.conf.all.keep_addr_on_down=1; ip link set lo up")
        _must(lab, host, _plug_in(host))
    _wait_for_carrier(lab)


def _wait_for_carrier(lab):
    """Until the kernel has noticed at both ends that there is a cable."""
    for host in HOSTS:
        lab.until(lambda name=namespace(host): " UP " in subprocess.run(
            ["ip", "-n", name, "-brief", "link", "show", "eth0"], capture_output=True, text=True,
            check=False).stdout, "the cable")


def slow_down(lab):
    """Delay and loss, in each direction."""
    if kernel_has_netem():
        for host in HOSTS:
            _must(lab, host, "tc qdisc add dev eth0 root netem "
                             f"delay {DELAY_MS}ms loss {LOSS_PERCENT}%")
        return
    lab.say("""The kernel of this machine has no netem (CONFIG_NET_SCH_NETEM). So a third host is
            put between the two: a cable with a small program in it that carries every frame from
            one end to the other, with the same delay and loss.""")
    _lay_slow_cable(lab)


def _lay_slow_cable(lab):
    cable = namespace("cable")
    _must(lab, None, f"ip netns add {cable}")
    _must(lab, "client", "ip link delete eth0")
    for host in HOSTS:
        _must(lab, None, f"ip link add eth0 netns {namespace(host)} "
                         f"type veth peer name {host} netns {cable}")
        _must(lab, host, _plug_in(host))
    _must(lab, "cable", "ip link set client up && ip link set server up")
    process = lab.start("cable", "/usr/bin/python3 -B tools/scripts/lab/slow_cable.py "
                        f"--delay {DELAY_MS} --loss {LOSS_PERCENT} client server", "cable.log")
    lab.until(lambda: "carrying" in process.output or not process.running, "the slow cable")
    _wait_for_carrier(lab)
    if not process.running:
        raise LabFailure(f"the slow cable broke: {process.output}")


def _must(lab, host, command):
    done = lab.on(host, command)
    if done.status:
        raise LabFailure(f"status {done.status} from: {command}")
