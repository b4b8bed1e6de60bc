# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the namedpipe authors

"""The verbs of namedpipe.h, by ctypes: numbers and bytes go in, the code comes
back, with the outputs in a tuple where there are any.

An output that is written although the call failed is an error here (T1).
"""

import ctypes
import os
import sys
from collections.abc import Callable
from ctypes import byref, c_char_p, c_int, c_size_t, c_uint32, c_void_p
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent.parent

# Win32's numbers. What reads names.h would make the other process start slowly.
OK = 0
INSUFFICIENT_BUFFER = 122
MORE_DATA = 234
# What a write fails with that says all the same how much of it was read.
TAKEN_BACK = (258, 995, 0x20000001)

# Of what a call says besides its code.
Result = int | tuple[Any, ...]

Check = ctypes.CFUNCTYPE(c_int, c_void_p)

# Below build/, where the presets put it.
_BUILT = ["debug/libnamedpipe.so", "release/libnamedpipe.so"]
if sys.platform == "win32":
    _BUILT = ["mingw/libnamedpipe.dll"]

_UNTOUCHED = 0xA5A5A5A5


class ServerOpts(ctypes.Structure):
    _fields_ = [
        (field, c_uint32)
        for field in (
            "size",
            "mode",
            "read_mode",
            "access",
            "max_instances",
            "in_quota",
            "out_quota",
            "default_timeout",
            "flags",
        )
    ]


class ClientOpts(ctypes.Structure):
    _fields_ = [
        (field, c_uint32) for field in ("size", "access", "read_mode", "flags", "wait")
    ]


class State(ctypes.Structure):
    _fields_ = [(field, c_uint32) for field in ("state", "mode", "instances")]


class Info(ctypes.Structure):
    _fields_ = [
        (field, c_uint32)
        for field in (
            "server_end",
            "mode",
            "access",
            "out_quota",
            "in_quota",
            "max_instances",
        )
    ]


class Peer(ctypes.Structure):
    _fields_ = [("pid", c_uint32), ("uid", c_uint32), ("user", ctypes.c_char * 256)]


def find() -> Path:
    """The library to test."""
    named = os.environ.get("NAMEDPIPE_LIBRARY")
    if named:
        return Path(named)
    for file in _BUILT:
        built = ROOT / "build" / file
        if built.exists():
            return built
    raise FileNotFoundError(
        f"there is no build/{_BUILT[0]}: build the target namedpipe, or say in"
        " NAMEDPIPE_LIBRARY where it is"
    )


def _values(record: ctypes.Structure) -> tuple[int, ...]:
    return tuple(getattr(record, field) for field, _ in record._fields_)


def _untouched(*outputs: ctypes._SimpleCData) -> None:
    for output in outputs:
        assert output.value == _UNTOUCHED, "a failed call wrote an output"


class Library:
    """Handles are addresses, as C has them."""

    def __init__(self, path: Path) -> None:
        self._np = ctypes.CDLL(str(path))
        for name in ("np_close", "np_free", "np_set_interrupt"):
            getattr(self._np, name).restype = None
        self._np.np_set_interrupt.argtypes = [Check, c_void_p]
        self._np.np_path.restype = c_char_p

    def set_interrupt(self, check: Callable[[int | None], int]) -> None:
        """`check`, a Check, is asked by each call of this thread that waits."""
        self._np.np_set_interrupt(check, None)

    # Names.

    def create(self, name: str, *values: int) -> Result:
        opts = ServerOpts(ctypes.sizeof(ServerOpts), *values)
        return self._made(self._np.np_create, name.encode(), byref(opts))

    def open(self, name: str, *values: int) -> Result:
        opts = ClientOpts(ctypes.sizeof(ClientOpts), *values)
        return self._made(self._np.np_open, name.encode(), byref(opts))

    def _made(self, function: Callable[..., int], *arguments: object) -> Result:
        pipe = c_void_p(_UNTOUCHED)
        code = function(*arguments, byref(pipe))
        if code != OK:
            _untouched(pipe)
            return code
        return OK, pipe.value

    def wait(self, name: str, ms: int) -> Result:
        return self._np.np_wait(name.encode(), c_uint32(ms))

    def call(self, name: str, data: bytes, size: int, ms: int) -> Result:
        return self._got(self._np.np_call, name.encode(), data, size, ms)

    def exists(self, name: str) -> Result:
        return self._np.np_exists(name.encode())

    def names(self, pattern: str) -> Result:
        found = c_void_p()
        code = self._np.np_names(pattern.encode(), byref(found))
        if code != OK:
            return code
        names, address = [], found.value
        while name := ctypes.string_at(address):
            names.append(name.decode())
            address += len(name) + 1
        self._np.np_free(found)
        return OK, sorted(names)

    # Conversations.

    def accept(self, pipe: int, ms: int) -> Result:
        return self._np.np_accept(c_void_p(pipe), c_uint32(ms))

    def disconnect(self, pipe: int) -> Result:
        return self._np.np_disconnect(c_void_p(pipe))

    def read(self, pipe: int, size: int, ms: int) -> Result:
        buffer, got = ctypes.create_string_buffer(size + 1), c_size_t(_UNTOUCHED)
        code = self._np.np_read(
            c_void_p(pipe), buffer, c_size_t(size), byref(got), c_uint32(ms)
        )
        return self._read_result(code, buffer, got)

    def recv(self, pipe: int, size: int, ms: int) -> Result:
        """As read; with 122 comes how much it takes."""
        buffer, got = ctypes.create_string_buffer(size + 1), c_size_t(_UNTOUCHED)
        code = self._np.np_recv(
            c_void_p(pipe), buffer, c_size_t(size), byref(got), c_uint32(ms)
        )
        if code == INSUFFICIENT_BUFFER:
            return code, got.value
        return self._read_result(code, buffer, got)

    def write(self, pipe: int, data: bytes, ms: int) -> Result:
        result = self.write_counted(pipe, data, ms)
        return result if isinstance(result, int) or not result[0] else result[0]

    def write_counted(self, pipe: int, data: bytes, ms: int) -> Result:
        """As write; also of one that was taken back, how much had been read."""
        put = c_size_t(_UNTOUCHED)
        code = self._np.np_write(
            c_void_p(pipe), data, c_size_t(len(data)), byref(put), c_uint32(ms)
        )
        if code == OK or code in TAKEN_BACK:
            return code, put.value
        _untouched(put)
        return code

    def peek(self, pipe: int, size: int) -> Result:
        buffer = ctypes.create_string_buffer(size + 1)
        got, avail = c_size_t(_UNTOUCHED), c_size_t(_UNTOUCHED)
        left = c_uint32(_UNTOUCHED)
        code = self._np.np_peek(
            c_void_p(pipe),
            buffer,
            c_size_t(size),
            byref(got),
            byref(avail),
            byref(left),
        )
        if code == OK:
            return OK, buffer.raw[: got.value], avail.value, left.value
        _untouched(got, avail, left)
        assert not buffer.raw.strip(b"\0"), "a failed call wrote an output"
        return code

    def transact(self, pipe: int, data: bytes, size: int, ms: int) -> Result:
        return self._got(self._np.np_transact, c_void_p(pipe), data, size, ms)

    def _got(
        self,
        function: Callable[..., int],
        whom: object,
        data: bytes,
        size: int,
        ms: int,
    ) -> Result:
        buffer, got = ctypes.create_string_buffer(size + 1), c_size_t(_UNTOUCHED)
        code = function(
            whom,
            data,
            c_size_t(len(data)),
            buffer,
            c_size_t(size),
            byref(got),
            c_uint32(ms),
        )
        return self._read_result(code, buffer, got)

    def _read_result(
        self, code: int, buffer: ctypes.Array[ctypes.c_char], got: c_size_t
    ) -> Result:
        if code in (OK, MORE_DATA):
            return code, buffer.raw[: got.value]
        _untouched(got)
        return code

    def flush(self, pipe: int, ms: int) -> Result:
        return self._np.np_flush(c_void_p(pipe), c_uint32(ms))

    def cancel(self, pipe: int) -> Result:
        return self._np.np_cancel(c_void_p(pipe))

    def close(self, pipe: int) -> None:
        self._np.np_close(c_void_p(pipe))

    # State, and what is known of the pipe.

    def state(self, pipe: int) -> Result:
        return self._record(self._np.np_get_state, pipe, State())

    def set_state(self, pipe: int, mode: int) -> Result:
        return self._np.np_set_state(c_void_p(pipe), c_uint32(mode))

    def info(self, pipe: int) -> Result:
        return self._record(self._np.np_get_info, pipe, Info())

    def _record(
        self, function: Callable[..., int], pipe: int, record: ctypes.Structure
    ) -> Result:
        code = function(c_void_p(pipe), byref(record))
        assert code == OK or not any(_values(record)), "a failed call wrote an output"
        return (OK, *_values(record)) if code == OK else code

    def peer(self, pipe: int) -> Result:
        record = Peer()
        code = self._np.np_get_peer(c_void_p(pipe), byref(record))
        return (OK, record.pid) if code == OK else code

    def path(self, pipe: int) -> str:
        return self._np.np_path(c_void_p(pipe)).decode()
