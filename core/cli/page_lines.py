"""A page of ours as a program sees it: the line between browser and server, spoken without a browser.

Streamlit's messages are protocol buffers. Of theirs only a few fields matter here, so they are read by number; the
numbers are those of `ForwardMsg` and `BackMsg` in Streamlit 1.67.
"""

import asyncio
import contextlib
import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from websockets.asyncio.client import ClientConnection

_DELTA, _FINISHED, _AUTO_RERUN, _STOP_RERUN = 5, 6, 21, 28  # of ForwardMsg
_NEW_ELEMENT, _EXCEPTION = 3, 8
_RERUN, _STATES, _FRAGMENT, _BY_ITSELF = 11, 2, 5, 6  # of BackMsg and its ClientState
_WIDGET, _ID, _CHAT = 1, 1, 15
_BOX = re.compile(rb"\$\$ID-[0-9a-f]+-ask\.box")
_CANARY = re.compile(rb"canary-[0-9a-f]{12}")
_ENDINGS = {0: True, 1: False, 3: True}  # finished well, broke, a fragment finished well; 2 begins anew at once


def fields(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    """The fields of a protocol buffer: number and value, bytes for what has a length."""
    place = 0
    while place < len(message):
        tag, place = _number(message, place)
        kind = tag & 7
        if kind == 0:
            value, place = _number(message, place)
            yield tag >> 3, value
        elif kind == 2:
            length, place = _number(message, place)
            yield tag >> 3, message[place : place + length]
            place += length
        else:
            size = 8 if kind == 1 else 4
            yield tag >> 3, message[place : place + size]
            place += size


def _number(message: bytes, place: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = message[place]
        place += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, place
        shift += 7


def packed(number: int, value: int | bytes) -> bytes:
    """One field as a protocol buffer has it."""
    if isinstance(value, int):
        return _varint(number << 3) + _varint(value)
    return _varint(number << 3 | 2) + _varint(len(value)) + value


def _varint(value: int) -> bytes:
    out = bytearray()
    while True:
        out.append(value & 127 | (128 if value > 127 else 0))
        value >>= 7
        if not value:
            return bytes(out)


@dataclass
class Page:
    """One open page. `canaries` are all that were seen on it; `broken` counts runs that ended with an error."""

    line: "ClientConnection"
    canaries: set[bytes] = field(default_factory=set)
    frames: int = 0
    broken: int = 0
    box: bytes = b""
    _ended: asyncio.Event = field(default_factory=asyncio.Event)
    _again: dict[bytes, asyncio.Task[None]] = field(default_factory=dict)

    async def listen(self) -> None:
        """Take in what the server sends, until the line ends."""
        async for message in self.line:
            if isinstance(message, str):
                continue
            self.frames += 1
            self.canaries.update(_CANARY.findall(message))
            if found := _BOX.search(message):
                self.box = found[0]
            for number, value in fields(message):
                self._heed(number, value)

    async def run(self, question: str = "", patience: float = 120.0) -> None:
        """Have the page run, with a question typed if there is one; comes back when the run has ended."""
        for task in self._again.values():
            task.cancel()
        self._again.clear()
        self._ended.clear()
        states = b""
        if question and self.box:
            typed = packed(_ID, self.box) + packed(_CHAT, packed(1, question.encode()))
            states = packed(_STATES, packed(_WIDGET, typed))
        await self._send(states)
        await asyncio.wait_for(self._ended.wait(), patience)

    def leave(self) -> None:
        for task in self._again.values():
            task.cancel()

    def _heed(self, number: int, value: int | bytes) -> None:
        if number == _FINISHED and isinstance(value, int) and value in _ENDINGS:
            self.broken += not _ENDINGS[value]
            if value != 3:
                self._ended.set()
        elif number == _DELTA and isinstance(value, bytes):
            shown = dict(fields(value)).get(_NEW_ELEMENT)
            self.broken += isinstance(shown, bytes) and any(inner == _EXCEPTION for inner, _ in fields(shown))
        elif number == _AUTO_RERUN and isinstance(value, bytes):
            self._repeat(value)
        elif number == _STOP_RERUN and isinstance(value, bytes):
            for _, fragment in fields(value):
                if isinstance(fragment, bytes) and fragment in self._again:
                    self._again.pop(fragment).cancel()

    def _repeat(self, wish: bytes) -> None:
        """A fragment wants to run every so many seconds: as the browser does, ask for it."""
        given = dict(fields(wish))
        raw, fragment = given.get(1, b""), given.get(2, b"")
        if not isinstance(raw, bytes) or not isinstance(fragment, bytes) or fragment in self._again:
            return
        seconds = struct.unpack("<f" if len(raw) == 4 else "<d", raw)[0]
        self._again[fragment] = asyncio.ensure_future(self._keep_asking(seconds, fragment))

    async def _keep_asking(self, seconds: float, fragment: bytes) -> None:
        with contextlib.suppress(OSError):
            while True:
                await asyncio.sleep(seconds)
                await self._send(packed(_FRAGMENT, fragment) + packed(_BY_ITSELF, 1))

    async def _send(self, state: bytes) -> None:
        await self.line.send(packed(_RERUN, state))
