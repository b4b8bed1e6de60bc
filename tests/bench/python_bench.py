# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the namedpipe authors

"""One measurement in Python, between two processes: what bench.c is in C.

    python_bench.py TRANSPORT MODE SIZE N [COUNT]

Prints one line of JSON. The modes are bench.c's rt, lat, ow and connect, and
import: how long a new process takes to import the transport's module.
"""

from __future__ import annotations

import itertools
import json
import mmap
import os
import signal
import statistics
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass

import event_loops
import transports
from transports import End, Listener, Transport

LONGEST_RUN = 60  # seconds, whatever goes wrong


@dataclass(frozen=True)
class Task:
    size: int
    n: int
    count: int

    @property
    def warm_up(self) -> int:
        return max(self.n // 20, 10)

    @property
    def message(self) -> bytes:
        return b"x" * self.size


Figures = dict[str, float]


def echo(end: End, times: int) -> None:
    send, receive = end.send, end.receive
    for _ in range(times):
        send(receive())


def ask(end: End, message: bytes, times: int) -> None:
    send, receive = end.send, end.receive
    for _ in range(times):
        send(message)
        receive()


def echo_server(task: Task, listener: Listener) -> Figures:
    end = listener.accept()
    echo(end, task.warm_up)
    cpu = time.process_time()
    echo(end, task.n)
    return {"cpu_ns": time.process_time() - cpu}


def rt_client(task: Task, transport: Transport, address: str) -> Figures:
    end = transport.connect(address)
    ask(end, task.message, task.warm_up)
    cpu = time.process_time()
    began = time.perf_counter()
    ask(end, task.message, task.n)
    wall = time.perf_counter() - began
    return {"ns": wall, "cpu_ns": time.process_time() - cpu}


def percentiles(times: list[int]) -> Figures:
    """In ns, and so not to be divided by anything."""
    times.sort()
    last = len(times) - 1
    return {
        "p50": times[len(times) // 2],
        "p99": times[last - len(times) // 100],
        "p999": times[last - len(times) // 1000],
    }


def lat_client(task: Task, transport: Transport, address: str) -> Figures:
    end = transport.connect(address)
    send, receive, clock = end.send, end.receive, time.perf_counter_ns
    message = task.message
    ask(end, message, task.warm_up)
    ends = [clock()]
    for _ in range(task.n):
        send(message)
        receive()
        ends.append(clock())
    times = [after - before for before, after in itertools.pairwise(ends)]
    return {"ns": (ends[-1] - ends[0]) / 1e9, **percentiles(times)}


def ow_server(task: Task, listener: Listener) -> Figures:
    end = listener.accept()
    echo(end, task.warm_up)
    receive = end.receive
    cpu = time.process_time()
    for _ in range(task.n):
        receive()
    end.send(task.message)
    return {"cpu_ns": time.process_time() - cpu}


def ow_client(task: Task, transport: Transport, address: str) -> Figures:
    end = transport.connect(address)
    ask(end, task.message, task.warm_up)
    send, message = end.send, task.message
    cpu = time.process_time()
    began = time.perf_counter()
    for _ in range(task.n):
        send(message)
    end.receive()
    wall = time.perf_counter() - began
    return {"ns": wall, "cpu_ns": time.process_time() - cpu}


def connect_server(task: Task, listener: Listener) -> Figures:
    held = [listener.accept() for _ in range(task.count)]
    for _ in range(task.warm_up + task.n):
        listener.accept().close()
    del held
    return {}


def come_and_go(transport: Transport, address: str, times: int) -> None:
    for _ in range(times):
        end = transport.connect(address)
        end.await_end()
        end.close()


def connect_client(task: Task, transport: Transport, address: str) -> Figures:
    held = [transport.connect(address) for _ in range(task.count)]
    come_and_go(transport, address, task.warm_up)
    began = time.perf_counter()
    come_and_go(transport, address, task.n)
    wall = time.perf_counter() - began
    for end in held:
        end.close()
    return {"ns": wall}


Server = Callable[[Task, Listener], Figures]
Client = Callable[[Task, Transport, str], Figures]

MODES: dict[str, tuple[Server, Client]] = {
    "rt": (echo_server, rt_client),
    "lat": (echo_server, lat_client),
    "ow": (ow_server, ow_client),
    "connect": (connect_server, connect_client),
}


class Blocking:
    """Both sides of a transport whose calls block."""

    def __init__(self, transport: Transport, mode: str) -> None:
        self.transport = transport
        self.serve, self.ask = MODES[mode]

    def server(self, task: Task, address: str, ready: Callable[[], None]) -> Figures:
        listener = self.transport.listen(address)
        ready()
        return self.serve(task, listener)

    def client(self, task: Task, address: str) -> Figures:
        return self.ask(task, self.transport, address)


def run(sides: Blocking | event_loops.Loop, task: Task, address: str) -> Figures:
    """The server in a child; it stays until the client has all it wanted."""
    ready_read, ready_write = os.pipe()
    done_read, done_write = os.pipe()
    shared = mmap.mmap(-1, 8)
    child = os.fork()
    if child == 0:
        status = 1
        try:
            signal.alarm(LONGEST_RUN)
            os.close(done_write)
            figures = sides.server(task, address, lambda: os.close(ready_write))
            struct.pack_into("d", shared, 0, figures.get("cpu_ns", 0.0))
            os.read(done_read, 1)
            status = 0
        finally:
            os._exit(status)
    os.close(ready_write)
    os.read(ready_read, 1)
    figures = sides.client(task, address)
    os.close(done_write)
    _, status = os.waitpid(child, 0)
    if status:
        raise OSError(f"the server ended with status {status}")
    if "cpu_ns" in figures:
        figures["cpu_ns"] += struct.unpack_from("d", shared)[0]
    for name in {"ns", "cpu_ns"} & figures.keys():
        figures[name] *= 1e9 / task.n
    return figures


MODULES = {
    "namedpipe": "namedpipe",
    "multiprocessing": "multiprocessing.connection",
    "zmq": "zmq",
    "asyncio": "asyncio",
}
IMPORT = """
import time
began = time.perf_counter_ns()
import {module}
print(time.perf_counter_ns() - began)
"""


def import_time(module: str, n: int) -> Figures:
    command = [sys.executable, "-c", IMPORT.format(module=module)]
    # As users have it: compiled, where pip has put it.
    ours = {"PYTHONPYCACHEPREFIX", "PYTHONDONTWRITEBYTECODE"}
    theirs = {name: value for name, value in os.environ.items() if name not in ours}
    times = []
    for _ in range(1 + n):
        times.append(int(subprocess.check_output(command, env=theirs)))
    return {"ns": statistics.median(times[1:])}  # the first may compile


def main() -> None:
    name, mode = sys.argv[1:3]
    task = Task(*map(int, (*sys.argv[3:], "0")[:3]))
    signal.alarm(LONGEST_RUN)
    if mode == "import":
        print(json.dumps(import_time(MODULES[name], task.n)))
        return
    sides: Blocking | event_loops.Loop
    if name in event_loops.LOOPS:
        sides = event_loops.Loop(name, mode)
    else:
        sides = Blocking(transports.TRANSPORTS[name](task.size), mode)
    with tempfile.TemporaryDirectory() as directory:
        address = os.path.join(directory, f"b{os.getpid()}")
        figures = run(sides, task, address)
    print(json.dumps(figures))
    sys.stdout.flush()
    os._exit(0)  # what is still open is of no interest, and may want to linger


if __name__ == "__main__":
    main()
