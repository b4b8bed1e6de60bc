# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the namedpipe authors

"""_winapi, the calls that Python itself is built on, see talk.py. The variant
"overlapped" has handles for overlapped calls, the other one plain ones."""

import _winapi

import talk

ERROR_MORE_DATA = 234
ERROR_PIPE_CONNECTED = 535
QUOTA = 8192
DUPLEX = _winapi.PIPE_ACCESS_DUPLEX
MESSAGES = _winapi.PIPE_TYPE_MESSAGE | _winapi.PIPE_READMODE_MESSAGE
BOTH_WAYS = _winapi.GENERIC_READ | _winapi.GENERIC_WRITE


class End:
    def __init__(self, variant: str) -> None:
        self.overlapped = variant == "overlapped"
        self.flags = _winapi.FILE_FLAG_OVERLAPPED if self.overlapped else 0
        self.handle: int | None = None

    def listen(self, name: str, mode: str) -> None:
        self.handle = _winapi.CreateNamedPipe(
            talk.path(name),
            DUPLEX | self.flags,
            0 if mode == "byte" else MESSAGES,
            _winapi.PIPE_UNLIMITED_INSTANCES,
            QUOTA,
            QUOTA,
            0,
            _winapi.NULL,
        )

    def accept(self) -> None:
        try:
            if self.overlapped:
                pending = _winapi.ConnectNamedPipe(self.handle, overlapped=True)
                pending.GetOverlappedResult(True)
            else:
                _winapi.ConnectNamedPipe(self.handle)
        except OSError as error:
            if error.winerror != ERROR_PIPE_CONNECTED:
                raise

    def open(self, name: str, mode: str) -> None:
        self.handle = _winapi.CreateFile(
            talk.path(name),
            BOTH_WAYS,
            0,
            _winapi.NULL,
            _winapi.OPEN_EXISTING,
            self.flags,
            _winapi.NULL,
        )
        if mode == "message":
            reads = _winapi.PIPE_READMODE_MESSAGE
            _winapi.SetNamedPipeHandleState(self.handle, reads, None, None)

    def send(self, data: bytes) -> None:
        if self.overlapped:
            pending, _ = _winapi.WriteFile(self.handle, data, overlapped=True)
            written, error = pending.GetOverlappedResult(True)
        else:
            written, error = _winapi.WriteFile(self.handle, data)
        assert (written, error) == (len(data), 0)

    def recv(self, size: int) -> tuple[bytes, bool]:
        if not self.overlapped:
            data, error = _winapi.ReadFile(self.handle, size)
            return data, error == ERROR_MORE_DATA
        pending, _ = _winapi.ReadFile(self.handle, size, overlapped=True)
        _, error = pending.GetOverlappedResult(True)
        return pending.getbuffer(), error == ERROR_MORE_DATA

    def peek(self, size: int) -> tuple[bytes, int, int]:
        return _winapi.PeekNamedPipe(self.handle, size)

    def wait(self, name: str, milliseconds: int) -> None:
        _winapi.WaitNamedPipe(talk.path(name), milliseconds)

    def set_state(self, bits: int) -> None:
        _winapi.SetNamedPipeHandleState(self.handle, bits, None, None)

    def close(self) -> None:
        if self.handle is not None:
            _winapi.CloseHandle(self.handle)


talk.obey(End)
