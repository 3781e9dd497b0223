# SPDX-License-Identifier: MIT
"""What the integration tests are made of: processes, sockets, and what the daemon tells."""
