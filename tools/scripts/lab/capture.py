# SPDX-License-Identifier: MIT
"""Captures packets with tcpdump on one interface of one host, into a file that is kept."""

import signal

from packets import conversations, read_pcap


class Capture:
    """Runs from its construction to stop(). All of it can be read meanwhile."""

    def __init__(self, lab, host, interface, name, what="tcp"):
        self._lab = lab
        self._where = f"{interface} of {host}"
        self.path = lab.folder / f"{name}.pcap"
        # -Z root: else tcpdump becomes a user who may not write there.
        self._process = lab.start(
            host, f"tcpdump -i {interface} -Z root -U --immediate-mode -w $LAB/{name}.pcap "
            f"'{what}'", f"{name}.tcpdump.log")
        lab.until(lambda: "listening on" in self._process.output, f"tcpdump on {self._where}")

    def packets(self):
        return read_pcap(self.path)

    def conversations(self):
        return conversations(self.packets())

    def wait_for(self, condition, what):
        """Until `condition(conversations)` holds: the kernel may be a moment late."""
        return self._lab.until(lambda: condition(self.conversations()),
                               f"{what} in the capture of {self._where}")

    def finished(self, count=1):
        """The conversations, once that many are over."""
        self.wait_for(lambda found: sum(one.is_over for one in found) >= count,
                      f"the end of {count} conversation(s)")
        return self.conversations()

    def stop(self):
        """Returns the conversations."""
        self._process.stop(signal.SIGINT)
        return self.conversations()
