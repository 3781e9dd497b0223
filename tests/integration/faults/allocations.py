# SPDX-License-Identifier: MIT
"""Lets the k-th allocation of a daemon fail, once or from there on, while it starts or while it runs."""

import mmap
import os
import pathlib
import struct
import subprocess
import threading

SOURCE = pathlib.Path(__file__).parent / "failing_malloc.c"


def build(directory):
    """The library to preload."""
    path = pathlib.Path(directory) / "failing_malloc.so"
    subprocess.run(["cc", "-O1", "-Wall", "-Wextra", "-Werror", "-fPIC", "-shared", SOURCE, "-o", path], check=True)
    return path


class Allocations:
    """Of one daemon, which is started with `environment`."""

    def __init__(self, library, path):
        self.path = pathlib.Path(path)
        self.path.write_bytes(bytes(32))
        file = os.open(self.path, os.O_RDWR)
        self._shared = mmap.mmap(file, 32)
        os.close(file)
        self.environment = {"LD_PRELOAD": str(library), "FAILING_MALLOC": str(self.path)}

    def _put(self, place, value):
        struct.pack_into("q", self._shared, 8 * place, value)

    def _get(self, place):
        return struct.unpack_from("q", self._shared, 8 * place)[0]

    def fail(self, nth, goes_on=False):
        self._put(2, 0)
        self._put(1, int(goes_on))
        self._put(0, nth)

    def heal(self):
        """How many have failed."""
        self._put(0, 0)
        self._put(1, 0)
        return self._get(2)

    def healed_in(self, seconds):
        """By a timer, which the caller cancels in the end."""
        timer = threading.Timer(seconds, self.heal)
        timer.start()
        return timer

    @property
    def made(self):
        return self._get(3)

    def close(self):
        self._shared.close()
