# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the namedpipe authors

"""What is measured: peers, cases of them, and the plan of a full run.

A quick run measures what targets.py asks for.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

KIB = 1 << 10
MIB = 1 << 20
SIZES = (0, 64, 4 * KIB, 64 * KIB, MIB)
CLIENTS = (1, 8, 64, 255)
OPEN = (0, 1, 10, 100, 1000)
PACES = (100, 1000)  # microseconds between requests

# Both processes on two CPUs, on one CPU, on two CPUs that others keep busy.
SITUATIONS = ("two", "one", "hogs")

# Connections of the mode memory, milliseconds of the modes idle and dead.
MEMORY_N = 200
IDLE_MS = 1000


@dataclass(frozen=True)
class Peer:
    """A transport in a language. The command has {mode}, {size}, {n}, {count};
    {pp} is what programs from elsewhere call the modes rt and ow."""

    language: str
    name: str
    command: str
    modes: frozenset[str]
    smallest: int = 0
    largest: int = MIB

    @property
    def label(self) -> str:
        return f"{self.language} {self.name}"


@dataclass(frozen=True)
class Case:
    language: str
    peer: str
    mode: str
    size: int = 64
    count: int = 0
    situation: str = "two"

    @property
    def key(self) -> tuple[str, str]:
        return self.language, self.peer

    @property
    def question(self) -> tuple[str, int, int, str]:
        """Equal for those that are compared with each other."""
        return self.mode, self.size, self.count, self.situation


BOTH = frozenset({"rt", "ow"})
PYTHON = BOTH | {"lat", "connect"}
ONE_C = BOTH | {"lat", "paced"}
ALL_C = ONE_C | {"select", "threads", "connect", "memory", "idle", "dead"}


def in_c(name: str, modes: frozenset[str], **limits: int) -> Peer:
    command = f"{{bench}} {name} {{mode}} {{size}} {{n}} {{count}}"
    return Peer("C", name, command, modes, **limits)


def in_python(name: str, modes: frozenset[str], **limits: int) -> Peer:
    command = f"{{python}} {{here}}/python_bench.py {name} {{mode}} {{size}} {{n}}"
    return Peer("Python", name, command + " {count}", modes, **limits)


def in_lua(name: str, **limits: int) -> Peer:
    command = f"{{lua}} {{here}}/bench.lua {name} {{mode}} {{size}} {{n}}"
    return Peer("Lua", name, command, BOTH, **limits)


# Streams and Python's recv(0) know no empty message; a packet has to fit a buffer.
PEERS = (
    in_c("namedpipe", ALL_C),
    in_c("namedpipe-bytes", BOTH, smallest=1),
    in_c("stream", ALL_C, smallest=1),
    in_c("seqpacket", ALL_C, largest=64 * KIB),
    in_c("fifo", ONE_C, smallest=1),
    in_c("zmq", ONE_C),
    in_c("nng", ONE_C),
    in_python("namedpipe", PYTHON),
    in_python("multiprocessing", PYTHON),
    in_python("stream", PYTHON, smallest=1),
    in_python("seqpacket", BOTH, smallest=1, largest=64 * KIB),
    in_python("zmq", BOTH),
    in_python("nng", BOTH, smallest=1),
    in_python("iceoryx2", BOTH, smallest=1),
    in_python("asyncio", BOTH, smallest=1),
    in_python("uvloop", BOTH, smallest=1),
    in_lua("namedpipe"),
    in_lua("luasocket", smallest=1),
    in_lua("luv", smallest=1),
    in_lua("fifo", smallest=1),
)

SOCKETS = (("C", "stream"), ("C", "seqpacket"))
RINGS = ("bare ring", "bare ring, 4 MiB")  # what the hardware can do
OURS = tuple(peer for peer in PEERS if peer.name.startswith("namedpipe"))


def sizes(peer: Peer, mode: str, situation: str) -> tuple[int, ...]:
    """All sizes on two CPUs; otherwise only of what matters most."""
    close = peer in OURS or (peer.language, peer.name) in SOCKETS
    if situation == "two":
        return SIZES if peer in PEERS or peer.name in RINGS else (64, 64 * KIB)
    if situation == "one":
        return SIZES if close else (64,)
    return (64,) if close or mode == "rt" else ()


def pairs(peer: Peer) -> Iterator[Case]:
    name = peer.language, peer.name
    for mode in ("rt", "ow"):
        for situation in SITUATIONS:
            for size in sizes(peer, mode, situation):
                yield Case(*name, mode, size=size, situation=situation)


def others(peer: Peer) -> Iterator[Case]:
    name = peer.language, peer.name
    for situation in SITUATIONS:
        yield Case(*name, "lat", situation=situation)
    for pace in PACES:
        yield Case(*name, "paced", count=pace)
    for mode in ("select", "threads"):
        for clients in CLIENTS:
            yield Case(*name, mode, count=clients)
    for already in OPEN:
        yield Case(*name, "connect", count=already)
    yield Case(*name, "memory")
    yield Case(*name, "idle", count=IDLE_MS)
    yield Case(*name, "dead", count=IDLE_MS)


def full_plan(peers: tuple[Peer, ...]) -> list[Case]:
    cases = []
    for peer in peers:
        for case in (*pairs(peer), *others(peer)):
            fits = peer.smallest <= case.size <= peer.largest
            if case.mode in peer.modes and fits:
                cases.append(case)
    return cases
