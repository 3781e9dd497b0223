# SPDX-License-Identifier: MIT
"""The npm packages of the Node clients, in a cache folder: fetched once for each lock file.

    node_packages.py             fetches them where needed; exit status 1 and a line where it cannot
    node_packages.py --folder    names the folder; node_modules is in it
"""

import os
import pathlib
import shutil
import subprocess
import sys

SOURCE = pathlib.Path(__file__).resolve().parents[2] / "tests/integration/node"
CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME", pathlib.Path.home() / ".cache"))
FOLDER = CACHE / "reactord-tests/node"
FETCH = ("npm", "ci", "--no-audit", "--no-fund")
# Node trusts its own list of authorities alone; behind a company's proxy that is not enough.
TRUSTED = {"NODE_EXTRA_CA_CERTS": "/etc/ssl/certs/ca-certificates.crt"}


def fetch(run):
    """True if they are there. `run(*command, directory, seconds, environment)` runs npm, and
    returns whether it succeeded; the environment adds to this one."""
    lock = SOURCE / "package-lock.json"
    installed = FOLDER / "installed-package-lock.json"
    if installed.exists() and installed.read_bytes() == lock.read_bytes():
        return True
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copy(SOURCE / name, FOLDER / name)
    good = run(*FETCH, directory=FOLDER, seconds=300, environment={**TRUSTED, **os.environ})
    if good:
        shutil.copy(lock, installed)
    return good


def run_quietly(*command, directory, seconds, environment):
    """Says why it failed, in npm's own words."""
    try:
        done = subprocess.run(command, cwd=directory, timeout=seconds, env=environment,
                              capture_output=True, text=True, check=False)
    except (OSError, subprocess.TimeoutExpired) as problem:
        print(f"npm could not fetch the Node clients: {problem}", file=sys.stderr)
        return False
    if done.returncode:
        print(f"npm could not fetch the Node clients:\n{done.stderr[-1000:]}", file=sys.stderr)
    return done.returncode == 0


if __name__ == "__main__":
    if sys.argv[1:] == ["--folder"]:
        print(FOLDER)
    else:
        sys.exit(0 if fetch(run_quietly) else 1)
