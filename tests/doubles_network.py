"""A line that misbehaves: a TCP proxy before a real server, which passes, delays, drips, swallows or breaks off."""

import asyncio
import contextlib
import socket
import struct
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field


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
    """Listens on a free port of this machine and passes on to the server behind `path`, a socket file."""

    def __init__(self, path: str) -> None:
        self.line = Line()
        self._path = path
        self._loop = asyncio.new_event_loop()
        self._tasks: set[asyncio.Task[None]] = set()
        self._door = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._door.getsockname()[1]
        started = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(started,), name="proxy", daemon=True)
        self._thread.start()
        started.wait(5)

    def hang_up(self) -> None:
        """Break every line there is."""
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(5)

    def close(self) -> None:
        """Break every line and let nobody in any more."""
        if self._thread.is_alive():
            asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(5)
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(5)

    def _run(self, started: threading.Event) -> None:
        serving = self._loop.run_until_complete(asyncio.start_server(self._take, sock=self._door))
        started.set()
        self._loop.run_forever()
        serving.close()
        self._loop.run_until_complete(self._loop.shutdown_asyncgens())
        self._loop.close()

    async def _end(self) -> None:
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _take(self, caller: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.line.calls += 1
        ends = [back]
        try:
            if not self.line.answers:
                await asyncio.Event().wait()
            server, there = await asyncio.open_unix_connection(self._path)
            ends.append(there)
            passing = [asyncio.ensure_future(_pass(caller, there)), asyncio.ensure_future(self._return(server, back))]
            try:
                await asyncio.wait(passing, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for one in passing:
                    one.cancel()
                await asyncio.gather(*passing, return_exceptions=True)
        except asyncio.CancelledError:
            pass
        finally:
            for end in ends:
                end.transport.abort()
            self._tasks.discard(task)

    async def _return(self, server: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        """From the server to the caller, as the line is now."""
        line, passed = self.line, 0
        while data := await server.read(65536):
            passed += len(data)
            if line.swallow_after is not None and passed > line.swallow_after:
                continue
            if line.break_after is not None and passed > line.break_after:
                _reset(back)
                return
            if line.delay:
                await asyncio.sleep(line.delay)
            for piece in [data[i : i + 1] for i in range(len(data))] if line.drip else [data]:
                if line.drip:
                    await asyncio.sleep(line.drip)
                back.write(piece)
                await back.drain()


async def _pass(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    while data := await source.read(65536):
        sink.write(data)
        await sink.drain()


def _reset(end: asyncio.StreamWriter) -> None:
    """Close with a reset, as a crashed host or a strict firewall does."""
    raw = end.get_extra_info("socket")
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    end.transport.abort()


@contextlib.contextmanager
def proxy(path: str) -> Iterator[Proxy]:
    """A proxy before the server behind this socket file, while the block lasts."""
    standing = Proxy(path)
    try:
        yield standing
    finally:
        standing.close()
