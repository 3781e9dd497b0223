# SPDX-License-Identifier: MIT
"""What a program inherits and its tests must not depend on, set to what they expect, in one place.

A shell starts what is in the background with SIGINT ignored, cron closes descriptors, a hardened login
has another umask: a test that passes at a terminal must pass there too.
"""

import os
import signal

ASKED_TO_END = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)


def forget_signals():
    """Whatever the caller ignored or blocked. SIGINT is KeyboardInterrupt, as Python has it."""
    for number in (*ASKED_TO_END, signal.SIGALRM, signal.SIGCHLD, signal.SIGUSR1, signal.SIGUSR2):
        if signal.getsignal(number) == signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)
    if signal.getsignal(signal.SIGINT) in (signal.SIG_DFL, None):
        signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.pthread_sigmask(signal.SIG_SETMASK, [])


def forget_descriptors():
    """0 to 2 are there, so that no file becomes one of them; nobody types to tests."""
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= 2:
        os.set_inheritable(descriptor, True)
    os.dup2(descriptor, 0)
    os.close(descriptor)


def forget_environment(home):
    """The locale, the terminal and the home, where programs would keep what they remember. What is
    fetched once, such as npm's packages, stays in the caller's cache."""
    os.umask(0o022)
    old_home = os.environ.get("HOME") or "/nonexistent"
    if "XDG_CACHE_HOME" not in os.environ and os.path.isdir(old_home):
        os.environ["XDG_CACHE_HOME"] = os.path.join(old_home, ".cache")
    for name in [name for name in os.environ if name.startswith("LC_") or name in (
            "LANG", "LANGUAGE", "XDG_STATE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "COLUMNS", "LINES",
            "NO_COLOR", "INPUTRC", "EDITRC", "REDISCLI_AUTH")]:
        del os.environ[name]
    os.environ.update(HOME=str(home), LC_ALL="C.UTF-8", TERM="dumb")


def forget(home):
    forget_descriptors()
    forget_signals()
    forget_environment(home)
