"""Servers that speak a database's protocol and mean harm: endless rows, huge ones, drips, silence, wishes for files."""

import socket
import struct
import threading
import time
from collections.abc import Callable
from contextlib import suppress

MARKUP = "<img src=x onerror=alert(1)> ![x](https://evil.example/x) \x1b[31m\x00"


class HostileServer:
    """Takes calls on a port of its own until it is closed. `heard` is all that clients have said."""

    def __init__(self, behaviour: str) -> None:
        self.behaviour, self.heard = behaviour, bytearray()
        self._open = [socket.create_server(("127.0.0.1", 0))]
        self.port: int = self._open[0].getsockname()[1]
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._take)]
        self._threads[0].start()

    def close(self) -> None:
        self._over.set()
        for end in self._open:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        for end in self._open:
            end.close()

    def _take(self) -> None:
        with suppress(OSError):
            while True:
                line = self._open[0].accept()[0]
                self._open.append(line)
                self._threads.append(threading.Thread(target=self._answer, args=(line,)))
                self._threads[-1].start()

    def _answer(self, line: socket.socket) -> None:
        with suppress(OSError, ConnectionError):
            self.talk(line)

    def talk(self, line: socket.socket) -> None:
        """One client's visit."""
        raise ConnectionError

    def hear(self, line: socket.socket, size: int) -> bytes:
        """Exactly so many bytes."""
        said = b""
        while len(said) < size:
            piece = line.recv(size - len(said))
            if not piece:
                raise ConnectionError
            said += piece
        self.heard += said
        return said

    def drip(self, line: socket.socket, message: bytes) -> None:
        """One byte after the other, slowly."""
        for place in range(len(message)):
            if self._over.wait(0.3):
                return
            line.sendall(message[place : place + 1])

    def wait(self) -> None:
        """Say nothing any more."""
        self._over.wait()

    def flood(self, line: socket.socket, piece: bytes) -> None:
        """The same without end."""
        while not self._over.is_set():
            line.sendall(piece)


class HostilePostgres(HostileServer):
    """Signs everybody in."""

    def talk(self, line: socket.socket) -> None:
        (size,) = struct.unpack("!I", self.hear(line, 4))
        start = self.hear(line, size - 4)
        while start[:4] in (struct.pack("!I", 80877103), struct.pack("!I", 80877104)):
            line.sendall(b"N")
            (size,) = struct.unpack("!I", self.hear(line, 4))
            start = self.hear(line, size - 4)
        if self.behaviour == "drips from the start":
            self.drip(line, self._message(b"R", b"\0" * 4) * 100)
        if self.behaviour == "wants the password in the open":
            line.sendall(self._message(b"R", struct.pack("!I", 3)))
            self.hear(line, 1)
        settings = b"".join(
            self._message(b"S", name + b"\0" + value + b"\0")
            for name, value in ((b"server_version", b"16.1"), (b"client_encoding", b"UTF8"))
        )
        line.sendall(self._message(b"R", b"\0" * 4) + settings + self._message(b"K", b"\0" * 8) + self._ready(b"I"))
        if self.behaviour == "falls silent after the sign-in":
            self.wait()
        while True:
            self._statement(line)

    def _statement(self, line: socket.socket) -> None:
        """Everything up to one that wants an answer."""
        kinds = b""
        while not kinds or kinds[-1:] not in b"QSX":
            kinds += self.hear(line, 1)
            (size,) = struct.unpack("!I", self.hear(line, 4))
            self.hear(line, size - 4)
        if kinds == b"Q":
            line.sendall(self._message(b"C", b"BEGIN\0") + self._ready(b"T"))
        elif b"P" in kinds:
            said = self._message(b"1", b"") + self._message(b"t", b"\0\0") + self._columns() + self._ready(b"T")
            line.sendall(said)
        elif b"E" in kinds:
            self._rows(line)

    def _rows(self, line: socket.socket) -> None:
        line.sendall(self._message(b"2", b"") + self._columns())
        row = self._message(b"D", struct.pack("!HI", 1, 1000) + b"x" * 1000)
        if self.behaviour == "endless rows":
            self.flood(line, row * 64)
        elif self.behaviour == "a huge row":
            line.sendall(b"D" + struct.pack("!IHI", 1_000_000_010, 1, 1_000_000_000))
            self.flood(line, b"x" * 65536)
        elif self.behaviour == "drips":
            self.drip(line, row)
        elif self.behaviour == "rambles":
            words = b"SERROR\0C42601\0M" + MARKUP.encode().replace(b"\0", b"\x01") * 20_000 + b"\0\0"
            line.sendall(self._message(b"E", words) + self._ready(b"E"))
        self.wait()

    def _columns(self) -> bytes:
        return self._message(b"T", struct.pack("!H", 1) + b"a\0" + struct.pack("!IHIhih", 0, 0, 25, -1, -1, 0))

    def _ready(self, state: bytes) -> bytes:
        return self._message(b"Z", state)

    @staticmethod
    def _message(kind: bytes, body: bytes) -> bytes:
        return kind + struct.pack("!I", len(body) + 4) + body


class HostileMysql(HostileServer):
    """Signs everybody in, and takes all of its settings."""

    def talk(self, line: socket.socket) -> None:
        greeting = b"\x0a8.0.99\0" + struct.pack("<I", 7) + b"12345678\0" + struct.pack("<HBHH", 0xF7DF, 45, 2, 0x0F)
        greeting += bytes([21]) + b"\0" * 10 + b"123456789012\0mysql_native_password\0"
        if self.behaviour == "drips from the start":
            self.drip(line, self._packet(0, greeting))
        line.sendall(self._packet(0, greeting))
        self._hear_packet(line)
        sequence = 2
        if self.behaviour == "wants the password in the open":
            line.sendall(self._packet(2, b"\xfemysql_clear_password\0"))
            self._hear_packet(line)
            sequence = 4
        line.sendall(self._packet(sequence, b"\0\0\0\x02\0\0\0"))
        if self.behaviour == "falls silent after the sign-in":
            self.wait()
        while True:
            self._command(line, self._hear_packet(line))

    def _command(self, line: socket.socket, said: bytes) -> None:
        kind, text = said[0], said[1:]
        if kind == 0x16:
            line.sendall(self._packet(1, b"\0" + struct.pack("<IHHBH", 1, 1, 0, 0, 0)) + self._columns(2))
        elif kind == 0x03 and text.startswith(b"SELECT @@SESSION"):
            line.sendall(self._packet(1, b"\x01") + self._columns(2) + self._packet(4, b"\0") + self._end(5))
        elif kind == 0x03 and text.startswith((b"SET", b"START", b"ROLLBACK")):
            line.sendall(self._packet(1, b"\0\0\0\x02\0\0\0"))
        elif kind == 0x03:
            self._rows(line)

    def _rows(self, line: socket.socket) -> None:
        if self.behaviour == "wants a file":
            line.sendall(self._packet(1, b"\xfb/etc/passwd"))
            self._hear_packet(line)
            self.wait()
        if self.behaviour == "rambles":
            words = b"\xff" + struct.pack("<H", 1064) + b"#42000" + MARKUP.encode() * 2000
            line.sendall(self._packet(1, words))
            self.wait()
        line.sendall(self._packet(1, b"\x01") + self._columns(2))
        row, number = b"\xfc" + struct.pack("<H", 1000) + b"x" * 1000, 4
        if self.behaviour == "drips":
            self.drip(line, self._packet(number, row))
        elif self.behaviour == "a huge row":
            self._send(line, lambda at: self._packet(at, b"\xfe" + b"x" * (0xFFFFFF - 1), 0xFFFFFF), number)
        elif self.behaviour == "endless rows":
            self._send(line, lambda at: self._packet(at, row), number)
        self.wait()

    def _send(self, line: socket.socket, packet: Callable[[int], bytes], number: int) -> None:
        while not self._over.is_set():
            line.sendall(packet(number % 256))
            number += 1

    def _hear_packet(self, line: socket.socket) -> bytes:
        head = self.hear(line, 4)
        return self.hear(line, int.from_bytes(head[:3], "little"))

    def _columns(self, number: int) -> bytes:
        names = b"".join(bytes([len(name)]) + name for name in (b"def", b"", b"", b"", b"a", b"a"))
        column = names + b"\x0c" + struct.pack("<HIBHB", 45, 1000, 253, 0, 0) + b"\0\0"
        return self._packet(number, column) + self._end(number + 1)

    def _end(self, number: int) -> bytes:
        return self._packet(number, b"\xfe\0\0\x02\0")

    @staticmethod
    def _packet(number: int, body: bytes, size: int | None = None) -> bytes:
        return (len(body) if size is None else size).to_bytes(3, "little") + bytes([number]) + body


def seconds_of(work: Callable[[], object]) -> float:
    """How long it takes."""
    started = time.monotonic()
    work()
    return time.monotonic() - started
