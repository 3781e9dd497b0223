# SPDX-License-Identifier: MIT
"""Configurations with an admin listener."""

from harness.daemon import DEFAULT_LISTENER


def admin_listener(path, extra=""):
    return f'\n[[listener]]\nname = "admin"\nrole = "admin"\naddress = "unix:{path}"\n{extra}'


def both(path, extra=""):
    """A public listener and an admin one."""
    return DEFAULT_LISTENER + admin_listener(path, extra)
