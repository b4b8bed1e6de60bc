# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the namedpipe authors

"""Making pipes, and everything that only pipes can."""

import itertools as _itertools
import os as _os
from typing import TYPE_CHECKING, Any, Final, Literal

import namedpipe as _namedpipe

from . import _errors, _handles, _names, _overlapped, _security

if TYPE_CHECKING:
    from typing_extensions import Buffer

error = _errors.error

PIPE_ACCESS_INBOUND: Final = 1
PIPE_ACCESS_OUTBOUND: Final = 2
PIPE_ACCESS_DUPLEX: Final = 3
PIPE_WAIT: Final = 0
PIPE_NOWAIT: Final = 1
PIPE_READMODE_BYTE: Final = 0
PIPE_READMODE_MESSAGE: Final = 2
PIPE_TYPE_BYTE: Final = 0
PIPE_TYPE_MESSAGE: Final = 4
PIPE_ACCEPT_REMOTE_CLIENTS: Final = 0
PIPE_REJECT_REMOTE_CLIENTS: Final = 8
PIPE_UNLIMITED_INSTANCES: Final = 255
FILE_FLAG_FIRST_PIPE_INSTANCE: Final = 0x00080000
NMPWAIT_WAIT_FOREVER: Final = -1
NMPWAIT_NOWAIT: Final = 1
NMPWAIT_USE_DEFAULT_WAIT: Final = 0
UNICODE: Final = 1

_OVERLAPPED = 0x40000000
_WRITE_THROUGH = 0x80000000  # of a meaning to remote pipes only
_WRITE_DAC = 0x00040000  # there is no list to write
_SYSTEM_SECURITY = 0x01000000
_OPEN_MODES = (
    PIPE_ACCESS_DUPLEX
    | FILE_FLAG_FIRST_PIPE_INSTANCE
    | _OVERLAPPED
    | _WRITE_THROUGH
    | _WRITE_DAC
)
_PIPE_MODES = (
    PIPE_TYPE_MESSAGE | PIPE_READMODE_MESSAGE | PIPE_NOWAIT | PIPE_REJECT_REMOTE_CLIENTS
)
_ACCESSES: dict[int, Literal["inbound", "outbound", "duplex"]] = {
    PIPE_ACCESS_INBOUND: "inbound",
    PIPE_ACCESS_OUTBOUND: "outbound",
    PIPE_ACCESS_DUPLEX: "duplex",
}
# What CreatePipe makes of no size.
_ANONYMOUS_QUOTA = 4096


def _refuse(function: str, what: str) -> _errors.error:
    return _errors.failure(_errors.INVALID_PARAMETER, function, what)


# ------------------------------------------------------------------- instances


def CreateNamedPipe(
    pipeName: str,
    openMode: int,
    pipeMode: int,
    nMaxInstances: int,
    nOutBufferSize: int,
    nInBufferSize: int,
    nDefaultTimeOut: int,
    sa: _security.PySECURITY_ATTRIBUTES | None,
    /,
) -> _handles.PyHANDLE:
    r"""Make an instance of the pipe \\.\pipe\NAME."""
    function = "CreateNamedPipe"
    text = r"not a name of a pipe, which begins with \\.\pipe" + "\\"
    name = _names.check(pipeName, function, _errors.INVALID_NAME, text)
    _security.check(sa, function)
    _check_modes(openMode & 0xFFFFFFFF, pipeMode)
    if not 1 <= nMaxInstances <= PIPE_UNLIMITED_INSTANCES:
        raise _refuse(function, f"nMaxInstances must be 1 to 255: {nMaxInstances}")
    messages = bool(pipeMode & PIPE_TYPE_MESSAGE)
    try:
        pipe = _namedpipe.create(
            name,
            mode="message" if messages else "byte",
            read_mode="message" if pipeMode & PIPE_READMODE_MESSAGE else "byte",
            access=_ACCESSES[openMode & PIPE_ACCESS_DUPLEX],
            max_instances=nMaxInstances,
            in_quota=nInBufferSize & 0xFFFFFFFF,
            out_quota=nOutBufferSize & 0xFFFFFFFF,
            default_timeout=_handles.seconds(nDefaultTimeOut),
            first=bool(openMode & FILE_FLAG_FIRST_PIPE_INSTANCE),
            nowait=bool(pipeMode & PIPE_NOWAIT),
        )
    except _namedpipe.PipeError as problem:
        raise _errors.translated(problem, function) from None
    return _handles.new(_overlapped.PipeEnd(pipe, bool(openMode & _OVERLAPPED)))


def _check_modes(open_mode: int, pipe_mode: int) -> None:
    function = "CreateNamedPipe"
    if open_mode & _SYSTEM_SECURITY:
        what = "pipes have no access list (ACCESS_SYSTEM_SECURITY)"
        raise _errors.unsupported(function, what)
    if open_mode & ~_OPEN_MODES or not open_mode & PIPE_ACCESS_DUPLEX:
        raise _refuse(function, f"invalid openMode: {open_mode:#x}")
    if pipe_mode & ~_PIPE_MODES:
        raise _refuse(function, f"invalid pipeMode: {pipe_mode:#x}")


def ConnectNamedPipe(
    hPipe: _handles.Handle, overlapped: _overlapped.PyOVERLAPPED | None = None, /
) -> int:
    """Wait for a client: 0, or ERROR_PIPE_CONNECTED if it was there before, or
    ERROR_IO_PENDING."""
    end = _overlapped.find(hPipe, "ConnectNamedPipe")

    def connect(timeout: float | None) -> tuple[int, int]:
        return 0 if end.pipe.accept(timeout) else _errors.PIPE_CONNECTED, 0

    code, _ = _overlapped.start("ConnectNamedPipe", end, connect, overlapped)
    if code == 0 and overlapped is not None and end.overlapped:
        # N2: a call with an OVERLAPPED never succeeds at once.
        code = _errors.IO_PENDING
    return code


def DisconnectNamedPipe(hFile: _handles.Handle, /) -> None:
    end = _overlapped.find(hFile, "DisconnectNamedPipe")
    with end.calling("DisconnectNamedPipe"):
        end.pipe.disconnect()
    end.has_read = False


def CreatePipe(
    sa: _security.PySECURITY_ATTRIBUTES | None, nSize: int, /
) -> tuple[_handles.PyHANDLE, _handles.PyHANDLE]:
    """The reading and the writing end of a pipe that nobody else knows."""
    _security.check(sa, "CreatePipe")
    quota = nSize & 0xFFFFFFFF or _ANONYMOUS_QUOTA
    name = f"anonymous-{_os.getpid()}-{next(_anonymous)}-{_os.urandom(8).hex()}"
    try:
        reader = _namedpipe.create(
            name,
            access="inbound",
            max_instances=1,
            in_quota=quota,
            out_quota=quota,
            first=True,
        )
        read_end = _handles.new(_overlapped.PipeEnd(reader, False))
        writer = _namedpipe.open(name, access="w")
    except _namedpipe.PipeError as problem:
        raise _errors.translated(problem, "CreatePipe") from None
    reader.accept(0)
    return read_end, _handles.new(_overlapped.PipeEnd(writer, False))


_anonymous = _itertools.count(1)


# ------------------------------------------------------------ names as a client


def WaitNamedPipe(pipeName: str, timeout: int, /) -> None:
    """Wait until an instance listens, for milliseconds or NMPWAIT_..."""
    text = "not the path of a pipe"
    name = _names.check(pipeName, "WaitNamedPipe", _errors.BAD_PATHNAME, text)
    _wait(name, timeout, "WaitNamedPipe")


def _wait(name: str, timeout: int, function: str) -> None:
    default = timeout == NMPWAIT_USE_DEFAULT_WAIT
    try:
        _namedpipe.wait(name, "default" if default else _handles.seconds(timeout))
    except _namedpipe.PipeError as problem:
        raise _errors.translated(problem, function) from None


def _open_patiently(name: str, timeout: int) -> _namedpipe.Pipe:
    """CL1: waits once, and then does not mind if another was faster."""
    try:
        return _namedpipe.open(name)
    except _namedpipe.PipeError:
        _wait(name, timeout, "CallNamedPipe")
    try:
        return _namedpipe.open(name)
    except _namedpipe.PipeError as problem:
        raise _errors.translated(problem, "CallNamedPipe") from None


def CallNamedPipe(
    pipeName: str, data: "Buffer", bufSize: int, timeOut: int, /
) -> bytes:
    """Open the pipe, write one message, read one, close it.

    A reply longer than bufSize is error 234. timeOut is for the opening only.
    """
    text = "not the path of a pipe"
    name = _names.check(pipeName, "CallNamedPipe", _errors.BAD_PATHNAME, text)
    request = memoryview(data)
    with _open_patiently(name, timeOut) as pipe:
        try:
            pipe.read_mode = "message"
            return pipe.transact(request, None, bufSize)
        except _namedpipe.PipeError as problem:
            raise _errors.translated(problem, "CallNamedPipe") from None


# ------------------------------------------------------------------ both ends


def TransactNamedPipe(
    hPipe: _handles.Handle,
    writeData: "Buffer",
    buffer: "int | Buffer",
    overlapped: _overlapped.PyOVERLAPPED | None = None,
    /,
) -> tuple[int, Any]:
    """Write one message and read one: (hr, data), as ReadFile has it."""
    end = _overlapped.find(hPipe, "TransactNamedPipe")
    request = memoryview(writeData)
    view = memoryview(bytearray(buffer) if isinstance(buffer, int) else buffer)
    if view.readonly:
        raise TypeError("the buffer of TransactNamedPipe must be writeable")
    room = view.cast("B")

    def transact(timeout: float | None) -> tuple[int, int]:
        code = 0
        try:
            reply = end.pipe.transact(request, timeout, len(room))
        except _namedpipe.MoreDataError as problem:
            code, reply = _errors.MORE_DATA, problem.partial
        room[: len(reply)] = reply
        end.has_read = True
        return code, len(reply)

    # What has sent its request cannot be tried again.
    code, count = _overlapped.start(
        "TransactNamedPipe", end, transact, overlapped, attempt=False
    )
    if overlapped is None:
        return code, bytes(room[:count])
    return code, view if isinstance(buffer, int) else buffer


def PeekNamedPipe(hPipe: _handles.Handle, size: int, /) -> tuple[bytes, int, int]:
    """(data, bytes there are, bytes left of this message)."""
    end = _overlapped.find(hPipe, "PeekNamedPipe")
    with end.calling("PeekNamedPipe"):
        data, available, left = end.pipe.peek(size)
        if end.pipe.info.mode == "byte":
            # P4: no bytes pass for a message without any, as a signed number.
            left = -len(data)
    return data, available, left


def GetNamedPipeInfo(hNamedPipe: _handles.Handle, /) -> tuple[int, int, int, int]:
    """(flags, size of the out buffer, of the in buffer, most instances)."""
    end = _overlapped.find(hNamedPipe, "GetNamedPipeInfo")
    with end.calling("GetNamedPipeInfo"):
        info = end.pipe.info
    flags = 1 if info.server_end else 0
    if info.mode == "message":
        flags |= PIPE_TYPE_MESSAGE
    return flags, info.out_quota, info.in_quota, info.max_instances


def GetNamedPipeHandleState(
    hPipe: _handles.Handle, bGetCollectionData: int = 0, bGetUserName: int = 0, /
) -> tuple[int, int, None, None, str | None]:
    """(PIPE_NOWAIT | PIPE_READMODE_MESSAGE, instances, None, None, user)."""
    function = "GetNamedPipeHandleState"
    end = _overlapped.find(hPipe, function)
    if bGetCollectionData:
        raise _refuse(function, "collection data is for clients of remote pipes")
    with end.calling(function):
        state = PIPE_NOWAIT if end.pipe.nowait else PIPE_WAIT
        if end.pipe.read_mode == "message":
            state |= PIPE_READMODE_MESSAGE
        instances = end.pipe.instances
    user = _user(end, function) if bGetUserName else None
    return state, instances, None, None, user


def _user(end: _overlapped.PipeEnd, function: str) -> str:
    with end.calling(function):
        if not end.pipe.info.server_end:
            raise _refuse(function, "only the server's end knows a user")
        try:
            user = end.pipe.peer.user
        except _namedpipe.PipeError as problem:
            if problem.winerror != _errors.NOT_FOUND:
                raise
        else:
            if end.has_read:
                return user
    text = "nothing of a client was read yet"
    raise _errors.failure(_errors.CANNOT_IMPERSONATE, function, text)


def SetNamedPipeHandleState(
    hPipe: _handles.Handle,
    Mode: int | None,
    MaxCollectionCount: int | None,
    CollectDataTimeout: int | None,
    /,
) -> None:
    function = "SetNamedPipeHandleState"
    end = _overlapped.find(hPipe, function)
    for value in (Mode, MaxCollectionCount, CollectDataTimeout):
        if not isinstance(value, int | None):
            raise TypeError(f"a mode must be None or an integer (got {value!r})")
    if MaxCollectionCount is not None or CollectDataTimeout is not None:
        raise _refuse(function, "collection data is for clients of remote pipes")
    if Mode is None:
        return
    if Mode & ~(PIPE_READMODE_MESSAGE | PIPE_NOWAIT):
        raise _refuse(function, f"invalid Mode: {Mode:#x}")
    with end.calling(function):
        # The one that may fail first.
        end.pipe.read_mode = "message" if Mode & PIPE_READMODE_MESSAGE else "byte"
        end.pipe.nowait = bool(Mode & PIPE_NOWAIT)


def GetNamedPipeClientProcessId(hPipe: _handles.Handle, /) -> int:
    return _process(hPipe, "GetNamedPipeClientProcessId", of_server=False)


def GetNamedPipeServerProcessId(hPipe: _handles.Handle, /) -> int:
    return _process(hPipe, "GetNamedPipeServerProcessId", of_server=True)


def _process(handle: _handles.Handle, function: str, of_server: bool) -> int:
    end = _overlapped.find(handle, function)
    with end.calling(function):
        server_end = _is_server(end.pipe)
        if server_end and of_server:
            return _os.getpid()
        peer = end.pipe.peer.pid
    if not server_end and not of_server:
        return _os.getpid()
    if peer == 0:
        text = "that process cannot be seen from here"
        raise _errors.failure(_errors.NOT_FOUND, function, text)
    return peer


def _is_server(pipe: _namedpipe.Pipe) -> bool:
    try:
        return pipe.info.server_end
    except _namedpipe.PipeAccessError:
        return True  # C13: the server of an outbound pipe may not ask


def GetOverlappedResult(
    hFile: _handles.Handle, overlapped: _overlapped.PyOVERLAPPED, bWait: int, /
) -> int:
    """How many bytes were moved; error 996 if it has not ended."""
    return _overlapped.result(overlapped, bool(bWait))


def __getattr__(name: str) -> Any:
    raise _errors.missing("win32pipe", name)
