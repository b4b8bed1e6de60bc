# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the namedpipe authors

import enum
from collections.abc import Callable, Iterable, Iterator
from types import TracebackType
from typing import IO, Any, Final, Literal, Self, TypeAlias, TypeVar, final, overload

from _typeshed import structseq
from typing_extensions import Buffer

from ._file import PipeIO

_Mode: TypeAlias = Literal["byte", "message", 1, 2]
_ReadMode: TypeAlias = Literal["default", "byte", "message", 0, 1, 2]
_ServerAccess: TypeAlias = Literal["inbound", "outbound", "duplex", 1, 2, 3]
_ClientAccess: TypeAlias = Literal["r", "w", "rw", ""] | int
_Wait: TypeAlias = Literal["instance", "server", 0, 1]
_Timeout: TypeAlias = float | Literal["default"] | None
_TextFile: TypeAlias = Literal["r", "w", "rw", "wr"]
_BinaryFile: TypeAlias = Literal[
    "rb", "br", "wb", "bw", "rwb", "rbw", "wrb", "wbr", "brw", "bwr"
]
_Ready = TypeVar("_Ready", bound=Pipe | Server)

__version__: Final[str]
DEFAULT: Final = "default"

INBOUND: Final = 1
OUTBOUND: Final = 2
DUPLEX: Final = 3
MODE_DEFAULT: Final = 0
BYTE: Final = 1
MESSAGE: Final = 2
READ: Final = 1
WRITE: Final = 2
WRITE_ATTRIBUTES: Final = 256
DISCONNECTED: Final = 1
LISTENING: Final = 2
CONNECTED: Final = 3
CLOSING: Final = 4
NOWAIT: Final = 1
READMODE_MESSAGE: Final = 2
FLAG_NOWAIT: Final = 1
FLAG_NO_SPIN: Final = 4
FLAG_FIRST: Final = 2
WAIT_INSTANCE: Final = 0
WAIT_SERVER: Final = 1
UNLIMITED_INSTANCES: Final = 255
DEFAULT_QUOTA: Final = 65536

class E(enum.IntEnum):
    INVALID_FUNCTION = 1
    FILE_NOT_FOUND = 2
    PATH_NOT_FOUND = 3
    ACCESS_DENIED = 5
    INVALID_HANDLE = 6
    NOT_ENOUGH_MEMORY = 8
    NOT_SUPPORTED = 50
    INVALID_PARAMETER = 87
    BROKEN_PIPE = 109
    SEM_TIMEOUT = 121
    INSUFFICIENT_BUFFER = 122
    INVALID_NAME = 123
    BAD_PATHNAME = 161
    PIPE_LOCAL = 229
    BAD_PIPE = 230
    PIPE_BUSY = 231
    NO_DATA = 232
    PIPE_NOT_CONNECTED = 233
    MORE_DATA = 234
    TIMEOUT = 258
    PIPE_CONNECTED = 535
    PIPE_LISTENING = 536
    OPERATION_ABORTED = 995
    NOT_FOUND = 1168
    REVISION_MISMATCH = 1306
    CANNOT_IMPERSONATE = 1368
    NO_SYSTEM_RESOURCES = 1450
    INTERRUPTED = 0x20000001
    SERVER_NOT_TRUSTED = 0x20000002

class PipeError(OSError):
    winerror: int | None
    partial: bytes
    written: int

class PipeNotFoundError(PipeError, FileNotFoundError): ...
class PipeAccessError(PipeError, PermissionError): ...
class BrokenPipe(PipeError, BrokenPipeError): ...
class PipeTimeoutError(PipeError, TimeoutError): ...
class PipeBusyError(PipeError): ...
class MoreDataError(PipeError): ...
class OperationAborted(PipeError): ...
class ServerNotTrusted(PipeError, PermissionError): ...

@final
class Peek(structseq[Any], tuple[bytes, int, int]):
    __match_args__: Final = ("data", "available", "left_in_message")
    @property
    def data(self) -> bytes: ...
    @property
    def available(self) -> int: ...
    @property
    def left_in_message(self) -> int: ...

@final
class Info(
    structseq[Any],
    tuple[
        bool,
        Literal["byte", "message"],
        Literal["inbound", "outbound", "duplex"],
        int,
        int,
        int,
    ],
):
    __match_args__: Final = (
        "server_end",
        "mode",
        "access",
        "out_quota",
        "in_quota",
        "max_instances",
    )
    @property
    def server_end(self) -> bool: ...
    @property
    def mode(self) -> Literal["byte", "message"]: ...
    @property
    def access(self) -> Literal["inbound", "outbound", "duplex"]: ...
    @property
    def out_quota(self) -> int: ...
    @property
    def in_quota(self) -> int: ...
    @property
    def max_instances(self) -> int: ...

@final
class Peer(structseq[Any], tuple[int, int | None, str]):
    __match_args__: Final = ("pid", "uid", "user")
    @property
    def pid(self) -> int: ...
    @property
    def uid(self) -> int | None: ...
    @property
    def user(self) -> str: ...

@final
class Pipe:
    timeout: float | None
    nowait: bool
    @property
    def read_mode(self) -> Literal["byte", "message"]: ...
    @read_mode.setter
    def read_mode(self, value: _Mode, /) -> None: ...
    @property
    def closed(self) -> bool: ...
    @property
    def path(self) -> str: ...
    @property
    def state(self) -> Literal["disconnected", "listening", "connected", "closing"]: ...
    @property
    def instances(self) -> int: ...
    @property
    def info(self) -> Info: ...
    @property
    def peer(self) -> Peer: ...
    def accept(self, timeout: _Timeout = "default") -> bool: ...
    def disconnect(self) -> None: ...
    def recv(
        self, max_size: int | None = None, timeout: _Timeout = "default"
    ) -> bytes: ...
    def recv_into(
        self, buffer: Buffer, timeout: _Timeout = "default"
    ) -> tuple[int, bool]: ...
    def send(self, data: Buffer, timeout: _Timeout = "default") -> int: ...
    def read(self, n: int | None = -1, timeout: _Timeout = "default") -> bytes: ...
    def readinto(self, buffer: Buffer, timeout: _Timeout = "default") -> int: ...
    def write(self, data: Buffer, timeout: _Timeout = "default") -> int: ...
    def peek(self, n: int = 0) -> Peek: ...
    def transact(
        self,
        data: Buffer,
        timeout: _Timeout = "default",
        max_size: int | None = None,
    ) -> bytes: ...
    def flush(self, timeout: _Timeout = "default") -> None: ...
    def messages(self) -> Iterator[bytes]: ...
    def cancel(self) -> bool: ...
    def fileno(self) -> int: ...
    @overload
    def makefile(
        self,
        mode: _TextFile = "r",
        buffering: int | None = None,
        *,
        encoding: str | None = None,
        errors: str | None = None,
        newline: str | None = None,
    ) -> IO[str]: ...
    @overload
    def makefile(
        self,
        mode: _BinaryFile,
        buffering: Literal[0],
    ) -> PipeIO: ...
    @overload
    def makefile(
        self,
        mode: _BinaryFile,
        buffering: Literal[-1] | None = None,
    ) -> IO[bytes]: ...
    @overload
    def makefile(
        self,
        mode: _BinaryFile,
        buffering: int | None = None,
    ) -> IO[bytes] | PipeIO: ...
    def close(self, linger: float | None = 0) -> None: ...
    def __iter__(self) -> Iterator[bytes]: ...
    def __enter__(self) -> Self: ...
    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        trace: TracebackType | None,
        /,
    ) -> None: ...

@final
class Server:
    @property
    def closed(self) -> bool: ...
    @property
    def path(self) -> str: ...
    def accept(self, timeout: float | None = None) -> Pipe: ...
    def serve(
        self, handler: Callable[[Pipe], object], *, daemon: bool = True
    ) -> None: ...
    def cancel(self) -> bool: ...
    def fileno(self) -> int: ...
    def close(self) -> None: ...
    def __iter__(self) -> Self: ...
    def __next__(self) -> Pipe: ...
    def __enter__(self) -> Self: ...
    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        trace: TracebackType | None,
        /,
    ) -> None: ...

def create(
    name: str,
    *,
    mode: _Mode = "byte",
    read_mode: _ReadMode = "default",
    access: _ServerAccess = "duplex",
    max_instances: int = 255,
    in_quota: int = 65536,
    out_quota: int = 65536,
    default_timeout: float | None = 0.05,
    spin: bool = True,
    first: bool = False,
    nowait: bool = False,
) -> Pipe: ...
def listen(
    name: str,
    *,
    mode: _Mode = "byte",
    read_mode: _ReadMode = "default",
    access: _ServerAccess = "duplex",
    max_instances: int = 255,
    in_quota: int = 65536,
    out_quota: int = 65536,
    default_timeout: float | None = 0.05,
    spin: bool = True,
) -> Server: ...
def open(
    name: str,
    *,
    access: _ClientAccess = "rw",
    read_mode: _ReadMode = "default",
    nowait: bool = False,
    spin: bool = True,
) -> Pipe: ...
def connect(
    name: str,
    timeout: float | None = None,
    *,
    wait: _Wait = "instance",
    access: _ClientAccess = "rw",
    read_mode: _ReadMode = "default",
    nowait: bool = False,
    spin: bool = True,
) -> Pipe: ...
def wait(name: str, timeout: _Timeout = "default") -> None: ...
def call(
    name: str,
    data: Buffer,
    timeout: float | None = None,
    max_size: int | None = None,
) -> bytes: ...
def exists(name: str) -> bool: ...
def names(pattern: str = "*") -> list[str]: ...
def select(objects: Iterable[_Ready], timeout: float | None = None) -> list[_Ready]: ...
def _after_fork() -> None: ...
def _set_interrupt(check: Callable[[], object] | None, /) -> None: ...
