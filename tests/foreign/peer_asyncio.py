# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the namedpipe authors

"""asyncio's proactor pipes, see talk.py. What they serve is of message type and
read as a stream, as whatever they open."""

import asyncio
import threading
from collections.abc import Coroutine

import talk

LIMIT = 20.0

loop = asyncio.ProactorEventLoop()


def run(coroutine: Coroutine) -> object:
    """Have the loop's thread do it."""
    return asyncio.run_coroutine_threadsafe(coroutine, loop).result(LIMIT)


class End:
    def __init__(self, variant: str) -> None:
        self.servers: list = []
        self.clients: asyncio.Queue = asyncio.Queue()
        self.reader: asyncio.StreamReader | None = None
        self.writer: asyncio.StreamWriter | None = None

    def _protocol(self) -> asyncio.StreamReaderProtocol:
        async def connected(*streams: object) -> None:
            await self.clients.put(streams)

        reader = asyncio.StreamReader(loop=loop)
        return asyncio.StreamReaderProtocol(reader, connected, loop=loop)

    async def _listen(self, name: str) -> None:
        address = talk.path(name)
        self.servers = await loop.start_serving_pipe(self._protocol, address)

    def listen(self, name: str, mode: str) -> None:
        assert mode != "byte"
        run(self._listen(name))

    async def _accept(self) -> None:
        self.reader, self.writer = await self.clients.get()

    def accept(self) -> None:
        run(self._accept())
        self._keep_nothing_back()

    async def _open(self, name: str) -> None:
        await loop.create_pipe_connection(self._protocol, talk.path(name))
        await self._accept()

    def open(self, name: str, mode: str) -> None:
        assert mode != "message"
        run(self._open(name))
        self._keep_nothing_back()

    def _keep_nothing_back(self) -> None:
        """Have drain() wait until everything is written."""
        self.writer.transport.set_write_buffer_limits(0)

    async def _send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    def send(self, data: bytes) -> None:
        run(self._send(data))

    def recv(self, size: int) -> tuple[bytes, bool]:
        data = run(self.reader.read(size))
        if not data:
            raise EOFError
        return data, False

    async def _close(self) -> None:
        if self.writer:
            self.writer.close()
        for server in self.servers:
            server.close()

    def close(self) -> None:
        run(self._close())


threading.Thread(target=loop.run_forever, daemon=True).start()
talk.obey(End)
