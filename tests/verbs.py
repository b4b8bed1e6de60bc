# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the namedpipe authors

"""The verbs of the protocol, as methods: their arguments and answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ground import SOON

if TYPE_CHECKING:
    from harness import Peer


def _token(value: object) -> str:
    if isinstance(value, bytes | bytearray):
        return value.hex() or "-"
    if value is None:
        return "inf"
    if isinstance(value, End):
        return str(value.number)
    return str(int(value)) if isinstance(value, bool) else str(value)


def _bytes(token: str) -> bytes:
    return b"" if token == "-" else bytes.fromhex(token)


def _nothing(peer: Peer, values: list[str]) -> None:
    assert values == []


def _number(peer: Peer, values: list[str]) -> int:
    (value,) = values
    return int(value)


def _data(peer: Peer, values: list[str]) -> bytes:
    (value,) = values
    return _bytes(value)


def _part(peer: Peer, values: list[str]) -> tuple[bytes, bool]:
    data, more = values
    return _bytes(data), more == "1"


def _numbers(peer: Peer, values: list[str]) -> tuple[int, ...]:
    return tuple(map(int, values))


def _peeked(peer: Peer, values: list[str]) -> tuple[bytes, int, int]:
    data, available, left = values
    return _bytes(data), int(available), int(left)


def _end(peer: Peer, values: list[str]) -> End:
    (value,) = values
    return End(peer, int(value), peer.ask)


# ----------------------------------------------------------------------- verbs


class Verbs:
    """The verbs that need no handle. `self._do` sends a command: it waits for
    the answer, or on .begin returns what will have it."""

    peer: Peer
    _do: Callable

    def create(
        self,
        name,
        mode="byte",
        read_mode="default",
        access="duplex",
        max_instances=255,
        in_quota=65536,
        out_quota=65536,
        first=False,
        nowait=False,
        flags=0,
    ):
        flags |= (1 if nowait else 0) | (2 if first else 0)
        return self._do(
            _end,
            "create",
            name,
            mode,
            read_mode,
            access,
            max_instances,
            in_quota,
            out_quota,
            flags,
        )

    def listen(self, name, mode="byte", max_instances=255):
        return self._do(_end, "listen", name, mode, max_instances)

    def open(self, name, access="rw", read_mode="default"):
        return self._do(_end, "open", name, access, read_mode)

    def connect(self, name, read_mode="default", ms=SOON, wait="instance"):
        return self._do(_end, "connect", name, read_mode, ms, wait)

    def wait(self, name, ms=SOON):
        return self._do(_nothing, "wait", name, ms)

    def call(self, name, data, max_size=1 << 20, ms=SOON):
        return self._do(_part, "call", name, data, max_size, ms)

    def exists(self, name):
        return self._do(lambda p, v: bool(_number(p, v)), "exists", name)


class End:
    """A pipe or server of a peer."""

    def __init__(self, peer: Peer, number: int, do: Callable) -> None:
        self.peer = peer
        self.number = number
        self._do = do

    @property
    def begin(self) -> End:
        """The same, not waiting for answers: each verb returns an Answer."""
        return End(self.peer, self.number, self.peer.start)

    def until_blocked(self) -> None:
        self.peer.until_blocked()

    def accept(self, ms=SOON):
        return self._do(_nothing, "accept", self, ms)

    def saccept(self, ms=SOON):
        return self._do(_end, "saccept", self, ms)

    def disconnect(self):
        return self._do(_nothing, "disconnect", self)

    def read(self, n, ms=SOON):
        return self._do(_part, "read", self, n, ms)

    def recv(self, ms=SOON):
        return self._do(_data, "recv", self, ms)

    def write(self, data, ms=SOON):
        return self._do(_number, "write", self, data, ms)

    def fill(self, byte, n, ms=SOON):
        return self._do(_number, "fill", self, byte, n, ms)

    def peek(self, n=0):
        """Data, available, left in the message."""
        return self._do(_peeked, "peek", self, n)

    def transact(self, data, max_size=1 << 20, ms=SOON):
        return self._do(_part, "transact", self, data, max_size, ms)

    def flush(self, ms=SOON):
        return self._do(_nothing, "flush", self, ms)

    def state(self):
        return self._do(_numbers, "state", self)

    def setstate(self, bits):
        return self._do(_nothing, "setstate", self, bits)

    def info(self):
        """Server's end, mode, out quota, in quota, max instances."""
        return self._do(_numbers, "info", self)

    def pid(self):
        return self._do(_number, "peer", self)

    def close(self):
        return self._do(_nothing, "close", self)
