# SPDX-License-Identifier: MIT
"""What the command lines of the smaller benchmarks share: help, and programs that must be there."""

import argparse
import pathlib
import shutil
import sys

from servers import BIN_DIR


def parser_of(script, description):
    """Of the script with that file name; help shows its docstring as it is written."""
    parser = argparse.ArgumentParser(prog=f"tests/bench/{pathlib.Path(script).name}",
                                     description=description,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="prints JSON instead of a table")
    return parser


def need(ours=(), debians=()):
    """Ends the script, and says what to do, if one of our programs or of Debian's is missing."""
    if missing := [name for name in ours if shutil.which(BIN_DIR / name) is None]:
        sys.exit(f"there is no {' and no '.join(missing)} in {BIN_DIR}: build the release "
                 "(cmake --preset release && cmake --build --preset release), or name another "
                 "folder in REACTORD_BIN_DIR")
    for program, package in debians:
        if shutil.which(program) is None:
            sys.exit(f"{program} is not installed: apt-get install {package}")
