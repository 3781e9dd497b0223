# SPDX-License-Identifier: MIT
"""Text for scdoc(5), the source of manual pages."""

import re


def escaped(text):
    """The same words, with nothing in them that scdoc would take for formatting."""
    return re.sub(r"([\\*_`#<>\[\]~+^])", r"\\\1", text)
