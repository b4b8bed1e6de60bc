# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the namedpipe authors

"""What the cases are written in: a name, and the verbs upon it.

A verb gives a code of names.h, or a tuple of the code and what the call wrote:

    read       (OK, data), (MORE_DATA, data)
    write      (OK, size)
    peek       (OK, data, available, left)
    transact   as read; so does call
    state      (OK, state, mode bits, instances)
    info       (OK, server's end, mode, access, out quota, in quota, instances)
    peer       (OK, process id)

create and open give an End, or the code. Time-outs are milliseconds; SOON where
none is given, so that a wait that never ends fails its case. `begin` in front of
a verb begins it in a thread and gives a Waiting.
"""

from __future__ import annotations

import pytest

from conformance.backend import Local, Remote
from conformance.library import Result
from ground import CONSTANTS, E

SOON = 10_000
FOREVER = 0xFFFFFFFF
USE_DEFAULT = 0xFFFFFFFE

MODE_DEFAULT, BYTE, MESSAGE = (
    CONSTANTS[name] for name in ("MODE_DEFAULT", "BYTE", "MESSAGE")
)
INBOUND, OUTBOUND, DUPLEX = (
    CONSTANTS[name] for name in ("INBOUND", "OUTBOUND", "DUPLEX")
)
READ, WRITE, WRITE_ATTRIBUTES = (
    CONSTANTS[name] for name in ("READ", "WRITE", "WRITE_ATTRIBUTES")
)
DISCONNECTED, LISTENING, CONNECTED, CLOSING = (
    CONSTANTS[name] for name in ("DISCONNECTED", "LISTENING", "CONNECTED", "CLOSING")
)
NOWAIT, READMODE_MESSAGE = (CONSTANTS[n] for n in ("NOWAIT", "READMODE_MESSAGE"))
FLAG_NOWAIT, FLAG_FIRST = (CONSTANTS[n] for n in ("FLAG_NOWAIT", "FLAG_FIRST"))

Backend = Local | Remote

rules = pytest.mark.rules
# For cases with a process of their own, which need no second one besides.
one_process = pytest.mark.parametrize("w", ["one process"], indirect=True)
both_types = pytest.mark.parametrize("mode", [BYTE, MESSAGE], ids=["byte", "message"])


def data(size: int) -> bytes:
    """Bytes in which a shift, a swap or a gap shows."""
    return bytes((i * 7 + (i >> 8) * 13) & 255 for i in range(size))


def _named(result: Result) -> Result:
    """With the code's name, for those who read a failed case."""
    if isinstance(result, tuple):
        return (_named(result[0]), *result[1:])
    return E(result) if result in E.__members__.values() else result


class Waiting:
    """A call that was begun."""

    def __init__(self, backend: Backend, number: int) -> None:
        self._backend = backend
        self._number = number

    def blocked(self) -> Waiting:
        """Wait until it waits."""
        self._backend.blocked(self._number)
        return self

    def result(self) -> Result:
        return _named(self._backend.result(self._number))


class End:
    """One end of an instance."""

    def __init__(self, world: World, backend: Backend, number: int) -> None:
        self._world = world
        self.backend = backend
        self._number = number

    def _do(self, verb: str, *arguments: object) -> Result:
        return _named(self.backend.do(verb, self._number, *arguments))

    @property
    def begin(self) -> Begun:
        return Begun(self._world, self.backend, self._number)

    def accept(self, ms: int = SOON) -> Result:
        return self._do("accept", ms)

    def disconnect(self) -> Result:
        return self._do("disconnect")

    def read(self, size: int = 1 << 20, ms: int = SOON) -> Result:
        return self._do("read", size, ms)

    def write(self, content: bytes, ms: int = SOON) -> Result:
        return self._do("write", content, ms)

    def peek(self, size: int = 0) -> Result:
        return self._do("peek", size)

    def transact(self, content: bytes, size: int = 1 << 20, ms: int = SOON) -> Result:
        return self._do("transact", content, size, ms)

    def flush(self, ms: int = SOON) -> Result:
        return self._do("flush", ms)

    def cancel(self) -> Result:
        return self._do("cancel")

    def state(self) -> Result:
        return self._do("state")

    def set_state(self, mode: int) -> Result:
        return self._do("set_state", mode)

    def info(self) -> Result:
        return self._do("info")

    def peer(self) -> Result:
        return self._do("peer")

    def path(self) -> str:
        return self.backend.do("path", self._number)

    def close(self) -> None:
        self.backend.do("close", self._number)


class Begun(End):
    """The same verbs, each of which gives a Waiting."""

    def _do(self, verb: str, *arguments: object) -> Waiting:
        number = self.backend.begin(verb, self._number, *arguments)
        return Waiting(self.backend, number)


class World:
    """A name nobody else uses, and who serves it and calls it."""

    def __init__(self, server: Backend, client: Backend, name: str) -> None:
        self.server = server
        self.client = client
        self.name = name

    def _end(self, backend: Backend, result: Result) -> End | int:
        if isinstance(result, tuple):
            return End(self, backend, result[1])
        return _named(result)

    def create(
        self,
        mode: int = BYTE,
        read_mode: int = MODE_DEFAULT,
        access: int = DUPLEX,
        max_instances: int = 255,
        in_quota: int = 65536,
        out_quota: int = 65536,
        default_timeout: int = 50,
        flags: int = 0,
        name: str | None = None,
        by: Backend | None = None,
    ) -> End | int:
        backend = by or self.server
        made = backend.do(
            "create",
            self.name if name is None else name,
            mode,
            read_mode,
            access,
            max_instances,
            in_quota,
            out_quota,
            default_timeout,
            flags,
        )
        return self._end(backend, made)

    def open(
        self,
        access: int = READ | WRITE,
        read_mode: int = MODE_DEFAULT,
        flags: int = 0,
        name: str | None = None,
        by: Backend | None = None,
    ) -> End | int:
        backend = by or self.client
        named = self.name if name is None else name
        return self._end(
            backend, backend.do("open", named, access, read_mode, flags, 0)
        )

    def ends(
        self, mode: int = BYTE, read_mode: int | None = None, **options: int
    ) -> tuple[End, End]:
        """The two ends of a conversation; the client reads by the pipe's type
        unless told otherwise."""
        server = self.create(mode, **options)
        access = {INBOUND: WRITE, OUTBOUND: READ}.get(options.get("access"), 3)
        if read_mode is None:
            read_mode = mode
        client = self.open(access, read_mode)
        return server, client

    # The client's verbs on the name.

    def wait(self, ms: int = SOON, name: str | None = None) -> Result:
        return _named(self.client.do("wait", name or self.name, ms))

    def begin_wait(self, ms: int = SOON) -> Waiting:
        return Waiting(self.client, self.client.begin("wait", self.name, ms))

    def call(self, content: bytes, size: int = 1 << 20, ms: int = SOON) -> Result:
        return _named(self.client.do("call", self.name, content, size, ms))

    def begin_call(
        self, content: bytes, size: int = 1 << 20, ms: int = SOON
    ) -> Waiting:
        number = self.client.begin("call", self.name, content, size, ms)
        return Waiting(self.client, number)

    def exists(self, name: str | None = None) -> Result:
        return _named(self.client.do("exists", name or self.name))

    def names(self, pattern: str) -> Result:
        return self.client.do("names", pattern)
