# SPDX-License-Identifier: MIT
"""Draws a conversation as a ladder: the client left, the server right, time downwards."""

from hosts import uri_host
from packets import ACK, FIN, PSH, RST, SYN

_WIDE = 42  # between the two uprights
_TEXT = 34  # characters of a message that are shown


def _end(end):
    return f"{uri_host(end[0])}:{end[1]}"


def text_of(data):
    """Bytes for reading: printable ones as they are, the others escaped, shortened."""
    text = data.decode("utf-8", errors="backslashreplace")
    text = "".join(one if one.isprintable() else one.encode("unicode_escape").decode()
                   for one in text)
    return f'"{text}"' if len(text) <= _TEXT else f'"{text[:_TEXT - 3]}..."'


def bytes_of(count):
    return "1 byte" if count == 1 else f"{count} bytes"


class Ladder:
    def __init__(self, conversation):
        self._conversation = conversation
        self._sent = {"client": 0, "server": 0}  # the number up to which each side has sent
        self._ended = set()  # who has sent FIN
        self._connected = False

    def lines(self):
        one = self._conversation
        began = one.packets[0].seconds
        wide = 15 + _WIDE
        left, right = f"client {_end(one.client)}", f"server {_end(one.server)}"
        heading = f"{'ms':>8}   {left}"
        yield f"{heading:<{max(len(heading) + 2, wide - len(right))}}{right}"
        for packet in one.packets:
            since = 1000 * (packet.seconds - began)
            note = self._note(packet)
            yield f"{since:>8.2f}   |{self._arrow(packet)}|  {note}".rstrip()

    def _arrow(self, packet):
        label = f" {self._label(packet)} "
        if self._conversation.side(packet) == "client":
            return f"--{label}".ljust(_WIDE - 1, "-") + ">"
        return "<" + f"{label}--".rjust(_WIDE - 1, "-")

    def _label(self, packet):
        first = self._conversation.sequence(packet)
        words = [name for name in packet.flag_names if name != "PSH" or packet.flags == PSH]
        if packet.data:
            words.append(f"seq {first}-{first + len(packet.data) - 1}")
        elif not packet.flags & ~ACK == 0:
            words.append(f"seq {first}")
        if packet.has(ACK):
            words.append(f"ack {self._conversation.acknowledged(packet)}")
        return " ".join(words)

    def _note(self, packet):
        side = self._conversation.side(packet)
        other = "server" if side == "client" else "client"
        again = self._is_repeated(packet, side)
        notes = [note for flag, note in (
            (SYN, f"the {side} agrees" if packet.has(ACK) else f"the {side} asks to connect"),
            (RST, self._note_on_reset(side)),
            (FIN, f"the {side} has no more to send")) if packet.has(flag)]
        if packet.data:
            notes.insert(0, f"{text_of(packet.data)} {bytes_of(len(packet.data))}")
        if not notes:
            notes.append(self._note_on_acknowledgement(packet, side, other))
        if packet.has(FIN):
            self._ended.add(side)
        return ("sent again: " if again else "") + "; ".join(notes)

    def _note_on_reset(self, side):
        if side == "server" and not self._conversation.sides_of(SYN) == ["client", "server"]:
            return "nobody listens there"
        return f"the {side} ends it at once"

    def _is_repeated(self, packet, side):
        end = self._conversation.sequence(packet) + packet.length
        again = bool(packet.length) and end <= self._sent[side]
        self._sent[side] = max(self._sent[side], end)
        return again

    def _note_on_acknowledgement(self, packet, side, other):
        acknowledged = self._conversation.acknowledged(packet)
        if not self._connected and acknowledged == 1:
            self._connected = True
            return "connected"
        if other in self._ended and acknowledged == self._sent[other]:
            return f"the {side} has heard of the end"
        if acknowledged > 1:
            return f"received so far: {bytes_of(acknowledged - 1)}"
        return ""


def show_ladder(lab, conversation):
    lab.screen.line()
    lab.screen.output("\n".join(Ladder(conversation).lines()))
    lab.screen.line()
