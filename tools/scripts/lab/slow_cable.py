# SPDX-License-Identifier: MIT
"""A cable with delay and loss, for kernels without netem: slow_cable.py [OPTION...] ONE OTHER

Carries every Ethernet frame that comes in at one interface out at the other, and back. Of the
frames with IP in them it loses some; ARP and neighbour discovery always arrive, because a host
gives up on an address after three questions.
"""

import argparse
import collections
import random
import select
import socket
import struct
import sys
import time

ETH_P_ALL = 3
SOL_PACKET, PACKET_VNET_HDR, PACKET_IGNORE_OUTGOING = 263, 15, 23  # <linux/if_packet.h>
VNET_HEADER_BYTES = 10  # struct virtio_net_hdr
LARGEST_BYTES = VNET_HEADER_BYTES + (1 << 16) + 64
MAX_UNDER_WAY = 10_000
IPV4, IPV6, TCP, UDP = 0x0800, 0x86dd, 6, 17


def end_of_cable(interface):
    end = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
    # The kernel leaves checksums and the cutting into segments to the hardware. With this header
    # it says what it has left, and takes it back.
    end.setsockopt(SOL_PACKET, PACKET_VNET_HDR, 1)
    end.setsockopt(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1)
    end.bind((interface, 0))
    end.setblocking(False)
    return end


def may_be_lost(frame):
    """TCP and UDP: what has somebody who sends it again."""
    ethernet = frame[VNET_HEADER_BYTES:]
    kind = struct.unpack_from("!H", ethernet, 12)[0]
    if kind == IPV4:
        return ethernet[14 + 9] in (TCP, UDP)
    return kind == IPV6 and ethernet[14 + 6] in (TCP, UDP)


class Cable:
    def __init__(self, one, other, delay_seconds, loss, seed):
        self._far = {one: other, other: one}
        self._delay, self._loss = delay_seconds, loss
        self._random = random.Random(seed)
        self._under_way = collections.deque()  # (due, end, frame); one delay, so in order of time

    def carry_forever(self):
        while True:
            due = self._under_way[0][0] if self._under_way else None
            patience = None if due is None else max(0.0, due - time.monotonic())
            readable, _, _ = select.select(list(self._far), [], [], patience)
            for near in readable:
                self._take(near)
            self._deliver()

    def _take(self, near):
        try:
            frame = near.recv(LARGEST_BYTES)
        except OSError:  # the interface went down
            return
        lost = may_be_lost(frame) and self._random.random() < self._loss
        if not lost and len(self._under_way) < MAX_UNDER_WAY:
            self._under_way.append((time.monotonic() + self._delay, self._far[near], frame))

    def _deliver(self):
        while self._under_way and self._under_way[0][0] <= time.monotonic():
            _, end, frame = self._under_way.popleft()
            try:
                end.send(frame)
            except OSError:  # unplugged, or its queue is full: lost, as on any cable
                pass


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--delay", type=float, default=40, help="milliseconds, each way")
    parser.add_argument("--loss", type=float, default=3, help="per cent, each way")
    parser.add_argument("--seed", type=int, default=1, help="of the chance that loses frames")
    parser.add_argument("one")
    parser.add_argument("other")
    options = parser.parse_args()
    cable = Cable(end_of_cable(options.one), end_of_cable(options.other), options.delay / 1000,
                  options.loss / 100, options.seed)
    print(f"carrying frames between {options.one} and {options.other}", flush=True)
    cable.carry_forever()


if __name__ == "__main__":
    sys.exit(main())
