# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the namedpipe authors

"""python -m namedpipe bench: how fast this machine is, with namedpipe and with
what Python brings.

The other side is a process of its own. Each repetition measures both, one right
after the other: their speed together may drift, what counts is how many times
one is as fast as the other.
"""

from __future__ import annotations

import contextlib
import json
import multiprocessing
import os
import signal
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from multiprocessing import connection
from typing import Any, NamedTuple

import namedpipe

KIB = 1024
FIRST_COUNT = 20  # while nothing is known yet
MOST = 2_000_000
START_LIMIT = 30.0  # seconds for a process to start


class End(NamedTuple):
    """One side of a connection."""

    send: Callable[[bytes], object]
    receive: Callable[[], bytes]
    close: Callable[[], object]


class Listener(NamedTuple):
    address: Any
    accept: Callable[[], End]
    close: Callable[[], object]


def listen_namedpipe() -> Listener:
    name = f"bench-{os.getpid()}"
    server = namedpipe.listen(name, mode="message")
    return Listener(name, lambda: pipe_end(server.accept()), server.close)


def connect_namedpipe(address: Any) -> End:
    return pipe_end(namedpipe.connect(address))


def pipe_end(pipe: namedpipe.Pipe) -> End:
    return End(pipe.send, pipe.recv, pipe.close)


def listen_multiprocessing() -> Listener:
    listener = connection.Listener()
    return Listener(
        listener.address, lambda: connection_end(listener.accept()), listener.close
    )


def connect_multiprocessing(address: Any) -> End:
    return connection_end(connection.Client(address))


def connection_end(one: Any) -> End:
    return End(one.send_bytes, one.recv_bytes, one.close)


PEERS: dict[str, tuple[Callable[[], Listener], Callable[[Any], End]]] = {
    "namedpipe": (listen_namedpipe, connect_namedpipe),
    "multiprocessing.connection": (listen_multiprocessing, connect_multiprocessing),
}

# ------------------------------------------------------------ the other process


def serve(peer: str, parent: Any) -> None:
    """Do what the first message of each connection says."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent sees to it,
    signal.signal(signal.SIGTERM, leave)  # like this
    listener = PEERS[peer][0]()
    parent.send(listener.address)
    parent.close()
    verb = ""
    while verb != "end":
        end = listener.accept()
        verb, number = end.receive().decode().split()
        obey(listener, end, verb, int(number))
        # A farewell: what is closed too early may be lost.
        with contextlib.suppress(EOFError, OSError):
            end.receive()
        end.close()
    listener.close()


def leave(*_: object) -> None:
    """End as a Python program does, which clears away what it made."""
    sys.exit()


def obey(listener: Listener, end: End, verb: str, count: int) -> None:
    send, receive = end.send, end.receive
    if verb == "echo":
        for _ in range(count):
            send(receive())
    elif verb == "take":
        for _ in range(count):
            receive()
        send(b"taken")
    elif verb == "meet":
        for _ in range(count):
            listener.accept().close()


# ------------------------------------------------------------------ measurements


class Other:
    """The other process, while it serves one peer."""

    def __init__(self, peer: str) -> None:
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe(duplex=False)
        self.process = context.Process(target=serve, args=(peer, theirs), daemon=True)
        self.process.start()
        theirs.close()
        with ours:
            if not ours.poll(START_LIMIT):
                raise TimeoutError("the other process does not start")
            try:
                self.address = ours.recv()
            except EOFError:
                raise OSError("the other process has failed") from None
        self.connect_to = PEERS[peer][1]

    def connect(self) -> End:
        return self.connect_to(self.address)

    def begin(self, verb: str, count: int) -> End:
        end = self.connect()
        end.send(f"{verb} {count}".encode())
        return end

    def stop(self) -> None:
        self.begin("end", 0).close()
        self.process.join(START_LIMIT)

    def end(self) -> None:
        """Whatever it does."""
        self.process.terminate()
        self.process.join(START_LIMIT)
        self.process.kill()


def round_trips(other: Other, size: int, count: int) -> float:
    """Seconds for so many."""
    end = other.begin("echo", count)
    send, receive, message = end.send, end.receive, b"x" * size
    began = time.perf_counter()
    for _ in range(count):
        send(message)
        receive()
    seconds = time.perf_counter() - began
    end.close()
    return seconds


def one_way(other: Other, size: int, count: int) -> float:
    end = other.begin("take", count)
    send, message = end.send, b"x" * size
    began = time.perf_counter()
    for _ in range(count):
        send(message)
    end.receive()
    seconds = time.perf_counter() - began
    end.close()
    return seconds


def connects(other: Other, size: int, count: int) -> float:
    """Connect, hear that the other side has closed, close."""
    first = other.begin("meet", count)
    began = time.perf_counter()
    for _ in range(count):
        end = other.connect()
        with contextlib.suppress(EOFError, OSError):
            end.receive()
        end.close()
    seconds = time.perf_counter() - began
    first.close()
    return seconds


class Measure(NamedTuple):
    name: str
    function: Callable[[Other, int, int], float]
    size: int = 0


MEASURES = (
    Measure("round trip, 64 B", round_trips, 64),
    Measure("round trip, 64 KiB", round_trips, 64 * KIB),
    Measure("one way, 64 B", one_way, 64),
    Measure("one way, 64 KiB", one_way, 64 * KIB),
    Measure("connect and close", connects),
)


def run(seconds: float, repetitions: int) -> dict[str, dict[str, list[float]]]:
    """For each measure and peer, in each repetition: microseconds."""
    times: dict[str, dict[str, list[float]]] = {
        measure.name: {peer: [] for peer in PEERS} for measure in MEASURES
    }
    with contextlib.ExitStack() as stack:
        others = {peer: stack.enter_context(running(peer)) for peer in PEERS}
        for measure in MEASURES:
            counts = {
                peer: enough(other, measure, seconds) for peer, other in others.items()
            }
            for _ in range(repetitions):
                for peer, other in others.items():
                    took = measure.function(other, measure.size, counts[peer])
                    times[measure.name][peer].append(took / counts[peer] * 1e6)
    return times


@contextlib.contextmanager
def running(peer: str) -> Iterator[Other]:
    other = Other(peer)
    try:
        yield other
        other.stop()
    finally:
        other.end()


def enough(other: Other, measure: Measure, seconds: float) -> int:
    """How many of them take about so long."""
    took = measure.function(other, measure.size, FIRST_COUNT)
    return int(max(FIRST_COUNT, min(MOST, seconds * FIRST_COUNT / took)))


# ------------------------------------------------------------------------ output


def short(value: float) -> str:
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


def spread(values: list[float], unit: str) -> str:
    middle, least, most = statistics.median(values), min(values), max(values)
    return f"{short(middle)} {unit} ({short(least)}..{short(most)})"


def report(seconds: float, repetitions: int, as_json: bool) -> int:
    times = run(seconds, repetitions)
    if as_json:
        print(json.dumps({"unit": "microseconds", "measures": times}))
        return 0
    print(f"{'':20}", *(f"{peer:>29}" for peer in PEERS), f"{'times as fast':>24}")
    for name, of in times.items():
        ours, theirs = of.values()
        ratios = [there / here for here, there in zip(ours, theirs, strict=True)]
        cells = [spread(ours, "us"), spread(theirs, "us")]
        ratio = spread(ratios, "x")
        print(f"{name:20}", *(f"{cell:>29}" for cell in cells), f"{ratio:>24}")
    print(f"medians of {repetitions} (least..most), one operation")
    return 0
