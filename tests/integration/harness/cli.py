# SPDX-License-Identifier: MIT
"""Runs reactor-cli; its input and its output are bytes."""

import subprocess

from harness.daemon import BIN_DIR

CLI = str(BIN_DIR / "reactor-cli")
MAX_RUN_SECONDS = 30


def cli(server, *args, stdin=b"", **options):
    where = ["--uri", server.uri] if server else []
    return subprocess.run([CLI, *where, *args], input=stdin, capture_output=True,
                          timeout=MAX_RUN_SECONDS, check=False, **options)
