# SPDX-License-Identifier: MIT
"""Reads captured TCP packets (pcap with Ethernet headers) and sorts them into conversations.

Sequence numbers are relative, as Wireshark and tcpdump show them: each side's SYN has number 0, its
first byte number 1.
"""

import socket
import struct
from dataclasses import dataclass, field

FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16
_NAMES = ((SYN, "SYN"), (FIN, "FIN"), (RST, "RST"), (PSH, "PSH"), (ACK, "ACK"))
_IPV4, _IPV6, _TCP, _ETHERNET = 0x0800, 0x86dd, 6, 1


@dataclass(frozen=True)
class Packet:
    seconds: float
    source: tuple  # (address, port)
    target: tuple
    flags: int
    sequence: int  # as on the wire
    acknowledged: int
    data: bytes

    def has(self, flag):
        return bool(self.flags & flag)

    @property
    def flag_names(self):
        return [name for flag, name in _NAMES if self.flags & flag]

    @property
    def length(self):
        """In the numbering of TCP, where SYN and FIN count as one each."""
        return len(self.data) + self.has(SYN) + self.has(FIN)


def read_pcap(path):
    """All TCP packets of the file. A packet that is not written whole yet is left out."""
    content = path.read_bytes() if path.exists() else b""
    if len(content) < 24:
        return []
    order = "<" if content[:4] == b"\xd4\xc3\xb2\xa1" else ">"
    if struct.unpack_from(order + "I", content, 20)[0] != _ETHERNET:
        raise ValueError(f"{path} has no Ethernet headers")
    packets, at = [], 24
    while at + 16 <= len(content):
        whole, part, length, _ = struct.unpack_from(order + "IIII", content, at)
        frame = content[at + 16:at + 16 + length]
        if len(frame) < length:
            break
        packet = _parse_frame(whole + part / 1e6, frame)
        packets += [packet] if packet else []
        at += 16 + length
    return packets


def _parse_frame(seconds, frame):
    kind = struct.unpack_from("!H", frame, 12)[0]
    ip = frame[14:]
    if kind == _IPV4 and ip[9] == _TCP:
        header, total = 4 * (ip[0] & 15), struct.unpack_from("!H", ip, 2)[0]
        family, ends = socket.AF_INET, (ip[12:16], ip[16:20])
    elif kind == _IPV6 and ip[6] == _TCP:
        header, total = 40, 40 + struct.unpack_from("!H", ip, 4)[0]
        family, ends = socket.AF_INET6, (ip[8:24], ip[24:40])
    else:
        return None
    tcp = ip[header:total]
    source, target, sequence, acknowledged, offset, flags = struct.unpack_from("!HHIIBB", tcp)
    hosts = [socket.inet_ntop(family, end) for end in ends]
    return Packet(seconds, (hosts[0], source), (hosts[1], target), flags & 31, sequence,
                  acknowledged, tcp[4 * (offset >> 4):])


@dataclass
class Conversation:
    """One connection, from its first SYN on."""
    client: tuple  # who sent the first SYN
    server: tuple
    packets: list = field(default_factory=list)
    _first: dict = field(default_factory=dict)  # of each end: its SYN's number

    def add(self, packet):
        if packet.has(SYN):
            self._first.setdefault(packet.source, packet.sequence)
        self.packets.append(packet)

    def sequence(self, packet):
        if packet.source not in self._first:  # refused: it never had a number of its own
            return 0
        return (packet.sequence - self._first[packet.source]) % (1 << 32)

    def acknowledged(self, packet):
        if packet.target not in self._first:
            return 0
        return (packet.acknowledged - self._first[packet.target]) % (1 << 32)

    def _with(self, flag):
        return [packet for packet in self.packets if packet.has(flag)]

    def side(self, packet):
        return "client" if packet.source == self.client else "server"

    def sides_of(self, flag):
        """Who sent a packet with that flag, in order, each side once."""
        return list(dict.fromkeys(self.side(packet) for packet in self._with(flag)))

    def segments(self, side):
        """What carried data, in order; what was sent again is there once."""
        carried = {}
        for packet in self.packets:
            if packet.data and self.side(packet) == side:
                carried.setdefault(self.sequence(packet), packet)
        return list(carried.values())

    def data(self, side):
        """The bytes, in their order, as the other side received them."""
        stream = bytearray()
        for packet in sorted(self.segments(side), key=self.sequence):
            at = self.sequence(packet) - 1
            stream[at:at + len(packet.data)] = packet.data
        return bytes(stream)

    def acknowledged_bytes(self, side):
        """How many bytes of that side's data the other side has acknowledged."""
        most = [self.acknowledged(packet) for packet in self._with(ACK)
                if self.side(packet) != side]
        return max(0, min(max(most, default=0) - 1, len(self.data(side))))

    @property
    def is_reset(self):
        return bool(self._with(RST))

    @property
    def is_over(self):
        """Reset, or both sides have sent FIN and the last of them is acknowledged."""
        if self.is_reset:
            return True
        fins = self._with(FIN)
        if {packet.source for packet in fins} != {self.client, self.server}:
            return False
        return all(self._is_acknowledged(packet) for packet in fins)

    def _is_acknowledged(self, packet):
        end = self.sequence(packet) + packet.length
        return any(self.acknowledged(other) >= end for other in self._with(ACK)
                   if other.source == packet.target)


def conversations(packets):
    """In the order of their first SYN."""
    found = {}
    for packet in packets:
        key = frozenset((packet.source, packet.target))
        opens = packet.has(SYN) and not packet.has(ACK)
        if key not in found and opens:
            found[key] = Conversation(packet.source, packet.target)
        if key in found:
            found[key].add(packet)
    return list(found.values())
