# SPDX-License-Identifier: MIT
"""A small Debian that boots: built once by debootstrap and kept in a cache folder, then booted by
systemd-nspawn on a layer in memory, so that each boot begins the same.

Nothing outlives the process that builds or boots it, however that ends: debootstrap and systemd-nspawn are
each the first process of a PID namespace, which dies with us, and all that is in the namespace with it;
mounts are in a namespace too; control groups are in one of ours, which is removed (by the next run, if we
were killed).
"""

import contextlib
import ctypes
import fcntl
import hashlib
import os
import pathlib
import shutil
import signal
import subprocess
import time

SUITE = "bookworm"
MIRROR = "http://deb.debian.org/debian"
# systemd and its journal; what the package needs; what the checks need; what reactord-dev needs and recommends, as
# somebody has it who builds a service there (the machine has no network to fetch it from).
PACKAGES = ["systemd", "systemd-sysv", "dbus", "init-system-helpers", "man-db",
            "libspdlog1.10", "libfmt9", "libtomlplusplus3", "libedit2", "libsystemd0", "libmicrohttpd12",
            "python3", "python3-pytest", "procps", "iproute2", "openssl",
            "libfmt-dev", "libspdlog-dev", "libssl-dev", "libtomlplusplus-dev", "libsystemd-dev",
            "g++", "make", "cmake", "doctest-dev", "netcat-openbsd"]
CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME", pathlib.Path.home() / ".cache"))
FOLDER = CACHE / "reactord-tests/systemd"
NEEDED_PROGRAMS = {"systemd-nspawn": "systemd-container", "debootstrap": "debootstrap"}

BUILD_SECONDS = 900
STOP_SECONDS = 15
PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None, use_errno=True)
# What is started by this has namespaces of its own, and dies with it.
IN_NAMESPACES = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]


def why_not_here():
    """Why no machine can be booted here, or None."""
    if os.geteuid() != 0:
        return "it boots a machine, which takes root"
    for program, package in NEEDED_PROGRAMS.items():
        if shutil.which(program) is None:
            return f"there is no {program} (package {package})"
    if not cgroup_folders() or not all(os.access(folder, os.W_OK) for folder in cgroup_folders()):
        return "there are no control groups to boot a machine in"
    if subprocess.run([*IN_NAMESPACES, "true"], capture_output=True, check=False).returncode != 0:
        return "it boots a machine, and this root may not make namespaces"
    return None


def die_with_parent():
    """For a child before it is executed."""
    os.setsid()
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


# --- the machine's files

def base():
    """The folder with the machine's files; built if it is not there yet."""
    recipe = "\n".join([SUITE, *PACKAGES])
    folder = FOLDER / f"{SUITE}-{hashlib.sha256(recipe.encode()).hexdigest()[:12]}"
    FOLDER.mkdir(parents=True, exist_ok=True)
    with open(FOLDER / "lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            build_base(folder)
    return folder


def build_base(folder):
    """Renamed when it is whole: what is interrupted is begun anew. In namespaces, because debootstrap
    mounts /proc beneath the folder that is then removed."""
    partial = folder.with_suffix(".partial")
    shutil.rmtree(partial, ignore_errors=True)
    print(f"building a minimal Debian in {folder} (once) ...", flush=True)
    command = [*IN_NAMESPACES, "debootstrap", "--variant=minbase", f"--include={','.join(PACKAGES)}", SUITE,
               str(partial), MIRROR]
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=BUILD_SECONDS, check=False, preexec_fn=die_with_parent)
        if done.returncode != 0:
            raise RuntimeError(f"debootstrap failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
        shutil.rmtree(partial / "var/cache/apt/archives", ignore_errors=True)
        (partial / "etc/hostname").write_text("reactord-test\n", encoding="utf-8")
        partial.rename(folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


# --- control groups

def cgroup_folders():
    """Our own control group in each hierarchy in which systemd keeps its units."""
    folders = []
    for line in pathlib.Path("/proc/self/cgroup").read_text(encoding="utf-8").splitlines():
        _, controllers, path = line.split(":", 2)
        roots = {"": ["/sys/fs/cgroup/unified", "/sys/fs/cgroup"],
                 "name=systemd": ["/sys/fs/cgroup/systemd"]}.get(controllers, [])
        for root in roots:
            folder = pathlib.Path(root + path)
            if (folder / "cgroup.procs").exists():
                folders.append(folder)
                break
    return folders


def remove_cgroup(folder):
    """With all that is in it. Groups of processes that are about to end stay busy for a moment."""
    for below in sorted(folder.glob("**/"), reverse=True):
        until = time.monotonic() + 5
        while below.exists():
            try:
                below.rmdir()
            except OSError:
                if time.monotonic() > until:
                    raise
                time.sleep(0.02)


@contextlib.contextmanager
def own_cgroups():
    """New control groups for one machine, as folders."""
    folders = [parent / f"reactord-test-{os.getpid()}" for parent in cgroup_folders()]
    for left in (old for parent in cgroup_folders() for old in parent.glob("reactord-test-*")):
        if not pathlib.Path(f"/proc/{left.name.rpartition('-')[2]}").exists():
            remove_cgroup(left)  # of a run that was killed
    for folder in folders:
        folder.mkdir()
    try:
        yield folders
    finally:
        for folder in folders:
            remove_cgroup(folder)


# --- booting

def nspawn_command(folder, shared, checks):
    binds = [f"--bind{'' if writable else '-ro'}={source}:{target}"
             for source, target, writable in shared]
    wants = [] if checks is None else ["systemd.wants=checks.service"]
    return [*IN_NAMESPACES, "systemd-nspawn", "--quiet", f"--directory={folder}", "--volatile=overlay",
            "--register=no", "--keep-unit", "--private-network", "--console=pipe",
            "--link-journal=no", "--resolv-conf=off", "--timezone=off",
            # For the packet filters of IPAddressDeny=.
            "--system-call-filter=bpf", *binds, f"--setenv=REACTORD_CHECKS={checks or ''}",
            "--boot", "systemd.log_target=journal", *wants]


@contextlib.contextmanager
def booted(shared, checks, console):
    """A booted machine, as a process that ends with it. `shared`: (source, target, writable);
    `checks`: arguments of pytest, or None to run nothing."""
    folder = base()
    with own_cgroups() as cgroups:
        def before_exec():
            die_with_parent()
            for cgroup in cgroups:
                (cgroup / "cgroup.procs").write_text("0", encoding="utf-8")

        process = subprocess.Popen(
            nspawn_command(folder, shared, checks), preexec_fn=before_exec,
            stdin=subprocess.DEVNULL, stdout=console, stderr=subprocess.STDOUT,
            # The hierarchy that current systems have, also where the host still has the old one.
            env={**os.environ, "SYSTEMD_NSPAWN_UNIFIED_HIERARCHY": "1"})
        try:
            yield process
        finally:
            process.kill()
            process.wait(STOP_SECONDS)


def first_process(process):
    """The machine's first process, seen from here."""
    for _ in range(2):
        children = pathlib.Path(f"/proc/{process}/task/{process}/children")
        process = children.read_text(encoding="utf-8").split()[0]
    return process
