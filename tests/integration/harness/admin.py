# SPDX-License-Identifier: MIT
"""Configurations with an admin listener."""

from harness.daemon import DEFAULT_LISTENER

# A public listener and an admin one, by TCP; and one for HTTP beside them.
OVER_TCP = """
[[listener]]
name = "main"
address = "127.0.0.1:0"
[[listener]]
name = "admin"
role = "admin"
address = "127.0.0.1:0"
"""
WEB = OVER_TCP + """[[listener]]
name = "web"
role = "http"
address = "127.0.0.1:0"
"""


def admin_listener(path, extra=""):
    return f'\n[[listener]]\nname = "admin"\nrole = "admin"\naddress = "unix:{path}"\n{extra}'


def both(path, extra=""):
    """A public listener and an admin one."""
    return DEFAULT_LISTENER + admin_listener(path, extra)
