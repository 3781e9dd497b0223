# SPDX-License-Identifier: MIT
"""What a run of the tests has left behind outside build/: files in homes and in the work tree, processes."""

import os
import pathlib
import subprocess

from suite.part import ROOT

NOWHERE = pathlib.Path("/nonexistent")  # the home of whoever has none


class Leftovers:
    """Looks before, and tells what is new after."""

    def __init__(self):
        self.callers = pathlib.Path(os.environ.get("HOME") or NOWHERE)
        self.before = {*self._outside(), *self._processes()}

    def _outside(self):
        tree = subprocess.run(["git", "ls-files", "--others", "--exclude-standard"], cwd=ROOT,
                              capture_output=True, text=True,
                              check=False).stdout
        histories = [self.callers / name for name in (".reactor-cli_history", ".local/state/reactord",
                                                      ".local/state/reactor-cli", ".rediscli_history")]
        return {*(f"a file in the work tree: {line}" for line in tree.splitlines()),
                *(f"a history: {path} of {path.stat().st_mtime_ns}" for path in histories
                  if path.exists()),
                *([f"a folder: {NOWHERE}"] if NOWHERE.exists() else [])}

    @staticmethod
    def _processes():
        built = str(ROOT / "build") + os.sep
        for folder in pathlib.Path("/proc").glob("[0-9]*"):
            try:
                program = os.readlink(folder / "exe")
            except OSError:
                continue
            if program.startswith(built) and int(folder.name) != os.getpid():
                yield f"a process: {folder.name} {program}"

    def found(self):
        return sorted({*self._outside(), *self._processes()} - self.before)
