# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the namedpipe authors

"""Peers that are event loops: asyncio's streams over a Unix socket, and the same
on uvloop. Modes rt and ow, for python_bench.py."""

from __future__ import annotations

import asyncio
import time
from asyncio import StreamReader, StreamWriter
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from python_bench import Figures, Task

LOOPS = ("asyncio", "uvloop")


async def echo(reader: StreamReader, writer: StreamWriter, size: int, n: int) -> None:
    for _ in range(n):
        writer.write(await reader.readexactly(size))
        await writer.drain()


async def ask(
    reader: StreamReader, writer: StreamWriter, message: bytes, n: int
) -> None:
    for _ in range(n):
        writer.write(message)
        await writer.drain()
        await reader.readexactly(len(message))


class Loop:
    def __init__(self, name: str, mode: str) -> None:
        if name == "uvloop":
            import uvloop

            self.run_loop: Callable[[Coroutine[Any, Any, Figures]], Figures]
            self.run_loop = uvloop.run
        else:
            self.run_loop = asyncio.run
        if mode not in ("rt", "ow"):
            raise ValueError(f"not measured with an event loop: {mode}")
        self.mode = mode

    def server(self, task: Task, address: str, ready: Callable[[], None]) -> Figures:
        return self.run_loop(self.serve(task, address, ready))

    def client(self, task: Task, address: str) -> Figures:
        return self.run_loop(self.use(task, address))

    async def serve(
        self, task: Task, address: str, ready: Callable[[], None]
    ) -> Figures:
        done: asyncio.Future[Figures] = asyncio.get_running_loop().create_future()

        async def converse(reader: StreamReader, writer: StreamWriter) -> None:
            done.set_result(await self.answer(task, reader, writer))

        server = await asyncio.start_unix_server(converse, address)
        ready()
        figures = await done
        server.close()
        return figures

    async def answer(
        self, task: Task, reader: StreamReader, writer: StreamWriter
    ) -> Figures:
        await echo(reader, writer, task.size, task.warm_up)
        cpu = time.process_time()
        if self.mode == "rt":
            await echo(reader, writer, task.size, task.n)
        else:
            for _ in range(task.n):
                await reader.readexactly(task.size)
            writer.write(b"k")
            await writer.drain()
        return {"cpu_ns": time.process_time() - cpu}

    async def use(self, task: Task, address: str) -> Figures:
        reader, writer = await asyncio.open_unix_connection(address)
        message = task.message
        await ask(reader, writer, message, task.warm_up)
        cpu = time.process_time()
        began = time.perf_counter()
        if self.mode == "rt":
            await ask(reader, writer, message, task.n)
        else:
            for _ in range(task.n):
                writer.write(message)
                await writer.drain()
            await reader.readexactly(1)
        wall = time.perf_counter() - began
        cpu = time.process_time() - cpu
        writer.close()
        return {"ns": wall, "cpu_ns": cpu}
