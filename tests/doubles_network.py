"""A line that misbehaves: a TCP proxy before a real server, which passes, delays, drips, swallows or breaks off."""

import contextlib
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

Reach = Callable[[], socket.socket]


@dataclass
class Line:
    """How the line behaves now; a test changes it between two questions.

    `swallow_after` and `break_after` count bytes from the server; None is never. `drip` sends one byte in so many
    seconds. `answers` False takes a caller in and says nothing.
    """

    answers: bool = True
    delay: float = 0.0
    drip: float = 0.0
    swallow_after: int | None = None
    break_after: int | None = None
    calls: int = field(default=0, init=False)


class Proxy:
    """Listens on a free port of this machine and passes on to what `reach` connects to."""

    def __init__(self, reach: Reach) -> None:
        self.line = Line()
        self._reach = reach
        self._door = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._door.getsockname()[1]
        self._open: list[socket.socket] = []
        self._closing = threading.Event()
        threading.Thread(target=self._let_in, daemon=True).start()

    def hang_up(self) -> None:
        """Break every line there is."""
        for end in self._open:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
                end.close()
        self._open.clear()

    def close(self) -> None:
        self._closing.set()
        self._door.close()
        self.hang_up()

    def _let_in(self) -> None:
        while not self._closing.is_set():
            try:
                caller, _ = self._door.accept()
            except OSError:
                return
            self.line.calls += 1
            self._open.append(caller)
            if not self.line.answers:
                continue
            server = self._reach()
            self._open.append(server)
            threading.Thread(target=self._pass, args=(caller, server, None), daemon=True).start()
            threading.Thread(target=self._pass, args=(server, caller, self.line), daemon=True).start()

    def _pass(self, source: socket.socket, sink: socket.socket, line: Line | None) -> None:
        passed = 0
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                passed += len(data)
                if line is not None:
                    if line.swallow_after is not None and passed > line.swallow_after:
                        continue
                    if line.break_after is not None and passed > line.break_after:
                        reset(sink)
                        break
                    self._wait(line.delay)
                    if line.drip:
                        for place in range(len(data)):
                            self._wait(line.drip)
                            sink.sendall(data[place : place + 1])
                        continue
                sink.sendall(data)
        for end in (source, sink):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def _wait(self, seconds: float) -> None:
        if seconds and self._closing.wait(seconds):
            raise OSError("closed")


def reset(end: socket.socket) -> None:
    """Close with a reset, as a crashed host or a strict firewall does."""
    end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    end.close()


def over_socket(path: str) -> Reach:
    """Reaches a server by its socket file."""

    def reach() -> socket.socket:
        line = socket.socket(socket.AF_UNIX)
        line.connect(path)
        return line

    return reach


@contextlib.contextmanager
def proxy(reach: Reach) -> Iterator[Proxy]:
    standing = Proxy(reach)
    try:
        yield standing
    finally:
        standing.close()
