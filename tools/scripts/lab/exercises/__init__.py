# SPDX-License-Identifier: MIT
"""The six exercises: each file has a TITLE and run(lab)."""
