# SPDX-License-Identifier: MIT
"""Holds what the daemon's libraries import against what the simulation defines (calls/): a new system call
fails here until it is simulated, or named in calls/harmless.txt with a reason. Nothing of the simulation may
be in the daemon itself.

    imports.py BUILD      a folder with a build of reactord and simulation
"""

import pathlib
import re
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOMS = ("daemon", "config", "protocol")
NOT_OF_THE_DAEMON = ("testing", "development")  # folders of other programs' libraries


def symbols(files, *options):
    output = subprocess.run(["nm", *options, *map(str, files)], capture_output=True, text=True,
                            check=True).stdout
    found = re.findall(r"^[0-9a-f ]{16} ([A-Zuv]) (\S+)$", output, re.M)
    return {(kind, name.split("@")[0]) for kind, name in found}


def names(files, kinds, *options):
    """Of C: names of C++ are the standard library's, which asks the C library itself."""
    return {name for kind, name in symbols(files, *options) if kind in kinds and not name.startswith("_Z")}


def archives(build):
    found = [path for room in ROOMS for path in (build / room).rglob("*.a")
             if not set(path.parts) & set(NOT_OF_THE_DAEMON)]
    if len(found) < 10:
        sys.exit(f"imports.py: {build} has no build of the daemon")
    return found


def of_https_library(build):
    """What the library of HTTP imports, which is linked to the simulation; none where it is left out."""
    linked = subprocess.run(["ldd", build / "bin/simulation"], capture_output=True, text=True, check=True).stdout
    found = re.search(r"libmicrohttpd\S* => (\S+)", linked)
    imported = names([found[1]], "U", "-D", "-u") if found else set()
    return {name for name in imported if not name.startswith("gnutls_")}  # of TLS, which it is not asked for


def harmless():
    """Each name with its reason."""
    lines = [line for line in (HERE / "calls/harmless.txt").read_text(encoding="utf-8").splitlines()
             if line and not line.startswith("#")]
    return {name: reason for reason, names_of in (line.rsplit(": ", 1) for line in lines)
            for name in names_of.split()}


def problems(build):
    libraries = archives(build)
    imported = names(libraries, "U", "-u") - names(libraries, "TDBRVW", "--defined-only")
    imported |= of_https_library(build)
    objects = (build / "tests/simulation").rglob("calls/*.o")
    simulated = names(objects, "T", "--defined-only")
    known = harmless()
    for name in sorted(imported - simulated - set(known)):
        # The compiler's own are no system calls.
        if not re.match(r"__(cxa|asan|ubsan|sanitizer|gcov|builtin|lsan)_?|[A-Z][A-Z0-9a-z]*_", name):  # or OpenSSL's
            yield f"{name} is imported: simulate it in calls/, or name it in calls/harmless.txt"
    for name in sorted(simulated & set(known)):
        yield f"{name} is simulated, and calls/harmless.txt has it, too"
    shipped = names([build / "bin/reactord"], "TW", "--defined-only")
    for name in sorted(shipped & simulated):
        yield f"reactord defines {name}: the seam is in the daemon"
    if not simulated:
        yield "the simulation defines nothing"


def main():
    found = list(problems(pathlib.Path(sys.argv[1])))
    print("\n".join(found) if found else "every import is simulated or harmless")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
