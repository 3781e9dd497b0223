# SPDX-License-Identifier: MIT
"""Runs reactor-load."""

import json

from harness.daemon import BIN_DIR
from harness.net import run

LOAD = str(BIN_DIR / "reactor-load")
RUN_SECONDS = 60


def load(*arguments, seconds=RUN_SECONDS, **options):
    return run(LOAD, *arguments, seconds=seconds, **options)


def against(server, *arguments, **options):
    return load("--port", server.port, *arguments, **options)


def result_of(tmp_path, *arguments):
    """The JSON of a run, and how it ended."""
    path = tmp_path / "result.json"
    done = load(*arguments, "--quiet", "--json", path)
    assert done.returncode in (0, 1), done.stderr
    return json.loads(path.read_text()), done
