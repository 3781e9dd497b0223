# SPDX-License-Identifier: MIT
"""What tools/lab makes of captured packets: conversations, what was sent again, the ladder."""

import socket
import struct
import sys

import pytest

from harness.daemon import ROOT

sys.path.insert(0, str(ROOT / "tools/scripts/lab"))
from ladder import Ladder, text_of  # noqa: E402
from packets import ACK, FIN, PSH, RST, SYN, conversations, read_pcap  # noqa: E402

PORTS = {"client": 40000, "server": 12345}
ADDRESSES = {4: {"client": "198.51.100.1", "server": "198.51.100.2"},
             6: {"client": "2001:db8::1", "server": "2001:db8::2"}}
FIRST = {"client": 0xfffffffe, "server": 7000}  # the client's numbers wrap around


def frame(side, flags, relative, acknowledged=0, data=b"", version=4):
    """An Ethernet frame with TCP in it, padded as short ones are."""
    other = "server" if side == "client" else "client"
    tcp = struct.pack("!HHIIBBHHH", PORTS[side], PORTS[other],
                      (FIRST[side] + relative) % (1 << 32),
                      (FIRST[other] + acknowledged) % (1 << 32), 5 << 4, flags, 1000, 0, 0) + data
    family = socket.AF_INET if version == 4 else socket.AF_INET6
    ends = b"".join(socket.inet_pton(family, ADDRESSES[version][end]) for end in (side, other))
    if version == 4:
        ip = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(tcp), 0, 0, 64, 6, 0) + ends
    else:
        ip = struct.pack("!IHBB", 6 << 28, len(tcp), 6, 64) + ends
    kind = 0x0800 if version == 4 else 0x86dd
    return (bytes(12) + struct.pack("!H", kind) + ip + tcp).ljust(60, b"\0")


def write_pcap(path, frames):
    with open(path, "wb") as file:
        file.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 262144, 1))
        for index, one in enumerate(frames):
            file.write(struct.pack("<IIII", 1000, index * 1000, len(one), len(one)) + one)


HANDSHAKE = [("client", SYN, 0), ("server", SYN | ACK, 0, 1), ("client", ACK, 1, 1)]
QUESTION = ("client", PSH | ACK, 1, 1, b"4.40")
ANSWER = ("server", PSH | ACK, 1, 5, b"5")
GOODBYE = [("client", FIN | ACK, 5, 2), ("server", FIN | ACK, 2, 6), ("client", ACK, 6, 3)]


def conversation(tmp_path, *packets, version=4):
    path = tmp_path / "some.pcap"
    write_pcap(path, [frame(*one, version=version) for one in packets])
    found = conversations(read_pcap(path))
    assert len(found) == 1
    return found[0]


@pytest.mark.parametrize("version", [4, 6])
def test_a_whole_conversation(tmp_path, version):
    one = conversation(tmp_path, *HANDSHAKE, QUESTION, ANSWER, *GOODBYE, version=version)
    assert one.client == (ADDRESSES[version]["client"], PORTS["client"])
    assert one.sides_of(SYN) == one.sides_of(FIN) == ["client", "server"]
    assert (one.data("client"), one.data("server")) == (b"4.40", b"5")
    assert one.acknowledged_bytes("client") == 4 and one.acknowledged_bytes("server") == 1
    assert one.is_over and not one.is_reset


def test_it_is_over_with_the_last_acknowledgement(tmp_path):
    packets = [*HANDSHAKE, QUESTION, ANSWER, *GOODBYE]
    for count in range(1, len(packets)):
        assert not conversation(tmp_path, *packets[:count]).is_over


def test_a_reset_is_the_end(tmp_path):
    one = conversation(tmp_path, *HANDSHAKE, QUESTION, ("server", RST | ACK, 1, 5))
    assert one.is_over and one.is_reset and one.sides_of(RST) == ["server"]
    assert one.sides_of(FIN) == []


def test_what_is_not_acknowledged_is_not_counted(tmp_path):
    later = ("client", PSH | ACK, 5, 2, b"more")
    one = conversation(tmp_path, *HANDSHAKE, QUESTION, ANSWER, later)
    assert one.data("client") == b"4.40more" and one.acknowledged_bytes("client") == 4


def test_what_is_sent_again_is_one_segment(tmp_path):
    one = conversation(tmp_path, *HANDSHAKE, QUESTION, QUESTION, ANSWER, *GOODBYE)
    assert len(one.segments("client")) == 1 and one.data("client") == b"4.40"
    assert sum("sent again" in line for line in Ladder(one).lines()) == 1


def test_a_file_that_is_being_written(tmp_path):
    path = tmp_path / "some.pcap"
    assert read_pcap(path) == []
    write_pcap(path, [frame(*one) for one in HANDSHAKE])
    whole = path.read_bytes()
    for cut in range(len(whole)):
        path.write_bytes(whole[:cut])
        assert len(read_pcap(path)) < len(HANDSHAKE)


def test_the_ladder(tmp_path):
    one = conversation(tmp_path, *HANDSHAKE, QUESTION, ANSWER, *GOODBYE)
    heading, *lines = Ladder(one).lines()
    assert "client 198.51.100.1:40000" in heading and "server 198.51.100.2:12345" in heading
    expected = ["asks to connect", "agrees", "connected", '"4.40" 4 bytes', '"5" 1 byte',
                "the client has no more", "the server has no more", "has heard of the end"]
    assert len(lines) == len(expected)
    for line, note in zip(lines, expected):
        assert note in line, line
    assert "seq 1-4 ack 1" in lines[3] and "3.00" in lines[3] and "-->|" in lines[3]
    assert "|<--" in lines[4]


def test_a_refusal(tmp_path):
    one = conversation(tmp_path, ("client", SYN, 0), ("server", RST | ACK, 0, 1))
    assert "nobody listens there" in list(Ladder(one).lines())[2]


@pytest.mark.parametrize("data, shown", [
    (b"4.40\n", '"4.40\\n"'), ("grüße".encode(), '"grüße"'), (b"\x1b[31m", '"\\x1b[31m"'),
    (b"\xff", '"\\xff"'), (b"x" * 100, '"' + "x" * 31 + '..."')])
def test_bytes_are_safe_to_read(data, shown):
    assert text_of(data) == shown
