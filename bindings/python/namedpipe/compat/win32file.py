# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the namedpipe authors

"""Opening pipes, reading and writing."""

from typing import TYPE_CHECKING, Any, Final

import namedpipe as _namedpipe

from . import _errors, _handles, _names, _overlapped, _security

if TYPE_CHECKING:
    from typing_extensions import Buffer

error = _errors.error
OVERLAPPED = _overlapped.PyOVERLAPPED

INVALID_HANDLE_VALUE: Final = -1
UNICODE: Final = 1

GENERIC_READ: Final = -0x80000000
GENERIC_WRITE: Final = 0x40000000
GENERIC_EXECUTE: Final = 0x20000000
FILE_ALL_ACCESS: Final = 0x1F01FF
FILE_GENERIC_READ: Final = 0x120089
FILE_GENERIC_WRITE: Final = 0x120116

FILE_SHARE_READ: Final = 1
FILE_SHARE_WRITE: Final = 2
FILE_SHARE_DELETE: Final = 4

CREATE_NEW: Final = 1
CREATE_ALWAYS: Final = 2
OPEN_EXISTING: Final = 3
OPEN_ALWAYS: Final = 4
TRUNCATE_EXISTING: Final = 5

FILE_ATTRIBUTE_READONLY: Final = 0x01
FILE_ATTRIBUTE_HIDDEN: Final = 0x02
FILE_ATTRIBUTE_SYSTEM: Final = 0x04
FILE_ATTRIBUTE_DIRECTORY: Final = 0x10
FILE_ATTRIBUTE_ARCHIVE: Final = 0x20
FILE_ATTRIBUTE_NORMAL: Final = 0x80
FILE_ATTRIBUTE_TEMPORARY: Final = 0x0100

FILE_FLAG_WRITE_THROUGH: Final = -0x80000000
FILE_FLAG_OVERLAPPED: Final = 0x40000000
FILE_FLAG_NO_BUFFERING: Final = 0x20000000
FILE_FLAG_RANDOM_ACCESS: Final = 0x10000000
FILE_FLAG_SEQUENTIAL_SCAN: Final = 0x08000000
FILE_FLAG_DELETE_ON_CLOSE: Final = 0x04000000
FILE_FLAG_BACKUP_SEMANTICS: Final = 0x02000000
FILE_FLAG_POSIX_SEMANTICS: Final = 0x01000000

SECURITY_ANONYMOUS: Final = 0x000000
SECURITY_IDENTIFICATION: Final = 0x010000
SECURITY_IMPERSONATION: Final = 0x020000
SECURITY_DELEGATION: Final = 0x030000
SECURITY_CONTEXT_TRACKING: Final = 0x040000
SECURITY_EFFECTIVE_ONLY: Final = 0x080000

FILE_TYPE_UNKNOWN: Final = 0
FILE_TYPE_DISK: Final = 1
FILE_TYPE_CHAR: Final = 2
FILE_TYPE_PIPE: Final = 3

# Rights to ask for: generic, or those of NT itself. Standard rights, extended
# attributes and the right to make instances are of no use with these functions,
# and so can be had.
_READS = 0x80000000 | 0x10000000 | 0x0001
_WRITES = 0x40000000 | 0x10000000 | 0x0002
_WRITE_ATTRIBUTES = 0x0100
_HARMLESS = 0x20000000 | 0x001F0000 | 0x00FC
_RIGHTS = _READS | _WRITES | _WRITE_ATTRIBUTES | _HARMLESS


def _access(rights: int) -> int:
    rights &= 0xFFFFFFFF
    if rights & ~_RIGHTS:
        what = f"desiredAccess has bits unknown here: {rights & ~_RIGHTS:#x}"
        raise _errors.unsupported("CreateFile", what)
    return (
        (_namedpipe.READ if rights & _READS else 0)
        | (_namedpipe.WRITE if rights & _WRITES else 0)
        | (_namedpipe.WRITE_ATTRIBUTES if rights & _WRITE_ATTRIBUTES else 0)
    )


def _refuse(parameter: str) -> _errors.error:
    text = f"invalid parameter: {parameter}"
    return _errors.failure(_errors.INVALID_PARAMETER, "CreateFile", text)


def CreateFile(
    fileName: str,
    desiredAccess: int,
    shareMode: int,
    attributes: _security.PySECURITY_ATTRIBUTES | None,
    CreationDisposition: int,
    flagsAndAttributes: int,
    hTemplateFile: _handles.Handle,
    /,
) -> _handles.PyHANDLE:
    """Open the client's end of a pipe.

    shareMode and CreationDisposition mean nothing to a pipe, nor do attributes,
    hints about caching, and how far the server may impersonate its client.
    """
    what = "only named pipes can be opened"
    code = _errors.NOT_SUPPORTED
    name = _names.check(fileName, "CreateFile", code, f"namedpipe.compat: {what}")
    access = _access(desiredAccess)
    _security.check(attributes, "CreateFile")
    if shareMode & 0xFFFFFFFF & ~7:
        raise _refuse("shareMode")
    if not CREATE_NEW <= CreationDisposition <= TRUNCATE_EXISTING:
        raise _refuse("CreationDisposition")
    if flagsAndAttributes & FILE_FLAG_DELETE_ON_CLOSE:
        what = "a pipe cannot be opened with FILE_FLAG_DELETE_ON_CLOSE"
        raise _errors.unsupported("CreateFile", what)
    if hTemplateFile:
        raise _errors.unsupported("CreateFile", "a pipe has no hTemplateFile")
    try:
        pipe = _namedpipe.open(name, access=access)
    except _namedpipe.PipeError as problem:
        raise _errors.translated(problem, "CreateFile") from None
    overlapped = bool(flagsAndAttributes & FILE_FLAG_OVERLAPPED)
    return _handles.new(_overlapped.PipeEnd(pipe, overlapped))


def CreateFileW(
    FileName: str,
    DesiredAccess: int,
    ShareMode: int,
    SecurityAttributes: _security.PySECURITY_ATTRIBUTES | None,
    CreationDisposition: int,
    FlagsAndAttributes: int,
    TemplateFile: _handles.Handle = None,
    Transaction: None = None,
    MiniVersion: None = None,
    ExtendedParameter: None = None,
) -> _handles.PyHANDLE:
    """CreateFile with names for its parameters."""
    if Transaction or MiniVersion or ExtendedParameter:
        raise _errors.unsupported("CreateFile", "there are no transactions")
    return CreateFile(
        FileName,
        DesiredAccess,
        ShareMode,
        SecurityAttributes,
        CreationDisposition,
        FlagsAndAttributes,
        TemplateFile,
    )


def AllocateReadBuffer(bufSize: int, /) -> memoryview:
    return memoryview(bytearray(bufSize))


def _target(buffer: "int | Buffer") -> memoryview:
    """Where to read to, as bytes that can be written."""
    if isinstance(buffer, int):
        return AllocateReadBuffer(buffer)
    view = memoryview(buffer)
    if view.readonly:
        raise TypeError("Second param must be an integer or writeable buffer object")
    return view.cast("B")


def ReadFile(
    hFile: _handles.Handle,
    buffer: "int | Buffer",
    overlapped: _overlapped.PyOVERLAPPED | None = None,
    /,
) -> tuple[int, Any]:
    """(hr, data); hr is 0, ERROR_MORE_DATA or ERROR_IO_PENDING.

    With an OVERLAPPED, data is the buffer, a new one if only a size is given.
    """
    end = _overlapped.find(hFile, "ReadFile")
    view = _target(buffer)

    def read(timeout: float | None) -> tuple[int, int]:
        count, more = end.pipe.recv_into(view, timeout)
        end.has_read = True
        return _errors.MORE_DATA if more else 0, count

    code, count = _overlapped.start("ReadFile", end, read, overlapped)
    if overlapped is None:
        return code, bytes(view[:count])
    return code, view if isinstance(buffer, int) else buffer


def WriteFile(
    hFile: _handles.Handle,
    data: "Buffer",
    ol: _overlapped.PyOVERLAPPED | None = None,
    /,
) -> tuple[int, int]:
    """(code, how many bytes were written); code is 0 or ERROR_IO_PENDING."""
    end = _overlapped.find(hFile, "WriteFile")
    view = memoryview(data)

    def write(timeout: float | None) -> tuple[int, int]:
        return 0, end.pipe.send(view, timeout)

    return _overlapped.start("WriteFile", end, write, ol)


def FlushFileBuffers(hFile: _handles.Handle, /) -> None:
    """Wait until the other end has read everything."""
    end = _overlapped.find(hFile, "FlushFileBuffers")
    with end.calling("FlushFileBuffers"):
        end.pipe.flush(None)


def GetOverlappedResult(
    hFile: _handles.Handle, overlapped: _overlapped.PyOVERLAPPED, bWait: int, /
) -> int:
    """How many bytes were moved; error 996 if it has not ended."""
    return _overlapped.result(overlapped, bool(bWait))


def CancelIo(handle: _handles.Handle, /) -> None:
    """End what this thread has pending on the handle with error 995."""
    _overlapped.cancel(_overlapped.find(handle, "CancelIo"))


def GetFileType(hFile: _handles.Handle, /) -> int:
    _overlapped.find(hFile, "GetFileType")
    return FILE_TYPE_PIPE


def CloseHandle(handle: _handles.Handle, /) -> None:
    _handles.close(handle)


def __getattr__(name: str) -> Any:
    raise _errors.missing("win32file", name)
