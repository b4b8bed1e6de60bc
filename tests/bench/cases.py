# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the namedpipe authors

"""What is measured: peers, cases of them, and the plan of a full run.

A quick run measures what targets.py asks for.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

KIB = 1 << 10
MIB = 1 << 20
SIZES = (0, 64, 4 * KIB, 64 * KIB, MIB)
CLIENTS = (1, 8, 64, 255)
MANY_CLIENTS = 1000
OPEN = (0, 1, 10, 100, 1000)
HANDLES = (1, 10, 100, 1000)
BUSY_INSTANCES = 254  # and one that listens
PACES = (100, 1000)  # microseconds between requests

# Both processes on two CPUs, on one CPU, on two CPUs that others keep busy.
SITUATIONS = ("two", "one", "hogs")

# Connections of the mode memory, by the number of names they are spread over.
CONNECTIONS = {1: 200, 100: 10_000}
# Milliseconds of the modes idle and dead.
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
LOOKUPS = ("wait", "exists", "names")
ONE_CLIENT = BOTH | {"lat", "paced"}
MANY_CLIENT = ONE_CLIENT | {"select", "threads", "turns", "connect", "memory"}
OURS_IN_C = MANY_CLIENT | {"idle", "dead", *LOOKUPS}
PYTHON = BOTH | {"lat", "connect"}
IMPORT = frozenset({"import"})


def in_c(name: str, modes: frozenset[str], word: str = "", **limits: int) -> Peer:
    command = f"{{bench}} {word or name} {{mode}} {{size}} {{n}} {{count}}"
    return Peer("C", name, command, modes, **limits)


def in_python(name: str, modes: frozenset[str], **limits: int) -> Peer:
    command = f"{{python}} {{here}}/python_bench.py {name} {{mode}} {{size}} {{n}}"
    return Peer("Python", name, command + " {count}", modes, **limits)


def in_lua(name: str, **limits: int) -> Peer:
    command = f"{{lua}} {{here}}/bench.lua {name} {{mode}} {{size}} {{n}}"
    return Peer("Lua", name, command, BOTH, **limits)


# Streams and Python's recv(0) know no empty message; a packet has to fit a buffer.
PEERS: tuple[Peer, ...] = (
    in_c("namedpipe", OURS_IN_C),
    in_c("namedpipe-bytes", BOTH, smallest=1),
    in_c("stream", MANY_CLIENT, smallest=1),
    in_c("seqpacket", MANY_CLIENT, largest=64 * KIB),
    in_c("fifo", ONE_CLIENT, smallest=1),
    in_c("libuv", ONE_CLIENT, smallest=1),
    in_c("zmq", ONE_CLIENT),
    in_c("nng", ONE_CLIENT),
    in_c("bare ring", BOTH, "ring"),
    in_c("bare ring, 4 MiB", BOTH, "large-ring"),
    in_python("namedpipe", PYTHON | IMPORT),
    in_python("multiprocessing", PYTHON | IMPORT),
    in_python("stream", PYTHON, smallest=1),
    in_python("seqpacket", BOTH, smallest=1, largest=64 * KIB),
    in_python("zmq", BOTH | IMPORT),
    in_python("nng", BOTH, smallest=1),
    in_python("iceoryx2", BOTH, smallest=1),
    in_python("asyncio", BOTH | IMPORT, smallest=1),
    in_python("uvloop", BOTH, smallest=1),
    in_lua("namedpipe"),
    in_lua("luasocket", smallest=1),
    in_lua("luv", smallest=1),
    in_lua("fifo", smallest=1),
)


WINE = "C under Wine"


def under_wine(program: Path) -> tuple[Peer, ...]:
    """Our pipes on Windows, and the calls that they are made of."""
    return tuple(
        Peer(
            WINE,
            name,
            f"{{wine}} {program} {name} {{mode}} {{size}} {{n}}",
            frozenset({"rt"}),
        )
        for name in ("namedpipe", "overlapped")
    )


SOCKETS = (("C", "stream"), ("C", "seqpacket"))
RINGS = ("bare ring", "bare ring, 4 MiB")  # what the hardware can do, by spinning
OURS = tuple(peer for peer in PEERS if peer.name.startswith("namedpipe"))


def sizes(peer: Peer, mode: str, situation: str) -> tuple[int, ...]:
    """All sizes on two CPUs; otherwise only of what matters most."""
    if situation == "two":
        return SIZES if peer in PEERS else (64, 64 * KIB)
    if peer.name in RINGS or peer.language == WINE:
        return ()
    close = peer in OURS or (peer.language, peer.name) in SOCKETS
    if situation == "one" and close:
        return SIZES
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
    counts = {
        "paced": PACES,
        "select": (*CLIENTS, MANY_CLIENTS),
        "threads": CLIENTS,
        "turns": HANDLES,
        "connect": OPEN,
        "memory": tuple(CONNECTIONS),
        "idle": (IDLE_MS,),
        "dead": (IDLE_MS,),
        "import": (0,),
        **dict.fromkeys(LOOKUPS, (BUSY_INSTANCES,)),
    }
    for mode, wanted in counts.items():
        for count in wanted:
            yield Case(*name, mode, count=count)


def full_plan(peers: tuple[Peer, ...]) -> list[Case]:
    cases = []
    for peer in peers:
        for case in (*pairs(peer), *others(peer)):
            fits = peer.smallest <= case.size <= peer.largest
            if case.mode in peer.modes and fits:
                cases.append(case)
    return cases
