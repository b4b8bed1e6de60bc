# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the namedpipe authors

"""pywin32's win32pipe and win32file, see talk.py. The variant "overlapped" has
handles for overlapped calls, the other one plain ones."""

import pywintypes
import talk
import win32api
import win32con
import win32event
import win32file
import win32pipe
import win32security
import winerror

QUOTA = 8192
TOKEN_USER = win32security.TokenUser
as_text = win32security.ConvertSidToStringSid
MESSAGES = win32pipe.PIPE_TYPE_MESSAGE | win32pipe.PIPE_READMODE_MESSAGE
BOTH_WAYS = win32con.GENERIC_READ | win32con.GENERIC_WRITE


def new_overlapped() -> pywintypes.OVERLAPPED:
    overlapped = pywintypes.OVERLAPPED()
    overlapped.hEvent = win32event.CreateEvent(None, True, False, None)
    return overlapped


class End:
    def __init__(self, variant: str) -> None:
        self.overlapped = variant == "overlapped"
        self.flags = win32con.FILE_FLAG_OVERLAPPED if self.overlapped else 0
        self.handle = None
        self.pending: list[tuple] = []

    def listen(
        self,
        name: str,
        mode: str,
        access: int = win32pipe.PIPE_ACCESS_DUPLEX,
        instances: int = win32pipe.PIPE_UNLIMITED_INSTANCES,
        owner: str = "",
    ) -> None:
        """owner: the one in the security descriptor; the default one if empty."""
        self.handle = win32pipe.CreateNamedPipe(
            talk.path(name),
            access | self.flags,
            0 if mode == "byte" else MESSAGES,
            instances,
            QUOTA,
            QUOTA,
            0,
            owned_by(owner) if owner else None,
        )

    def accept(self) -> None:
        # The errors that are successes are not raised.
        if not self.overlapped:
            code = win32pipe.ConnectNamedPipe(self.handle)
        else:
            overlapped = new_overlapped()
            code = win32pipe.ConnectNamedPipe(self.handle, overlapped)
            if code == winerror.ERROR_IO_PENDING:
                win32file.GetOverlappedResult(self.handle, overlapped, True)

    def open(self, name: str, mode: str, access: int = BOTH_WAYS) -> None:
        self.handle = win32file.CreateFile(
            talk.path(name), access, 0, None, win32con.OPEN_EXISTING, self.flags, None
        )
        if mode == "message":
            self.set_state(win32pipe.PIPE_READMODE_MESSAGE)

    def send(self, data: bytes) -> None:
        if self.overlapped:
            self.begin_send(data)
            written = self.end_send()
        else:
            _, written = win32file.WriteFile(self.handle, data)
        assert written == len(data)

    def recv(self, size: int) -> tuple[bytes, bool]:
        if self.overlapped:
            self.begin_recv(size)
            return self.end_recv()
        code, data = win32file.ReadFile(self.handle, size)
        return bytes(data), code == winerror.ERROR_MORE_DATA

    # Overlapped calls by halves; several may be pending, and end in their order.

    def begin_send(self, data: bytes) -> bool:
        """Whether it is pending."""
        overlapped = new_overlapped()
        code, _ = win32file.WriteFile(self.handle, data, overlapped)
        self.pending.append((overlapped, data))
        return code == winerror.ERROR_IO_PENDING

    def end_send(self) -> int:
        overlapped, _ = self.pending.pop(0)
        return win32file.GetOverlappedResult(self.handle, overlapped, True)

    def begin_recv(self, size: int) -> bool:
        overlapped = new_overlapped()
        buffer = win32file.AllocateReadBuffer(size)
        code, _ = win32file.ReadFile(self.handle, buffer, overlapped)
        self.pending.append((overlapped, buffer))
        return code == winerror.ERROR_IO_PENDING

    def end_recv(self) -> tuple[bytes, bool]:
        overlapped, buffer = self.pending.pop(0)
        try:
            count = win32file.GetOverlappedResult(self.handle, overlapped, True)
        except pywintypes.error as error:
            if error.winerror != winerror.ERROR_MORE_DATA:
                raise
            return bytes(buffer), True
        return bytes(buffer[:count]), False

    def is_pending(self) -> bool:
        event = self.pending[0][0].hEvent
        return win32event.WaitForSingleObject(event, 0) == win32event.WAIT_TIMEOUT

    def cancel(self) -> None:
        win32file.CancelIo(self.handle)

    # The other calls there are for pipes.

    def call(self, name: str, data: bytes, size: int, milliseconds: int) -> bytes:
        return win32pipe.CallNamedPipe(talk.path(name), data, size, milliseconds)

    def transact(self, data: bytes, size: int) -> tuple[bytes, bool]:
        code, reply = win32pipe.TransactNamedPipe(self.handle, data, size, None)
        return bytes(reply), code == winerror.ERROR_MORE_DATA

    def wait(self, name: str, milliseconds: int) -> None:
        win32pipe.WaitNamedPipe(talk.path(name), milliseconds)

    def peek(self, size: int) -> tuple[bytes, int, int]:
        return win32pipe.PeekNamedPipe(self.handle, size)

    def flush(self) -> None:
        win32file.FlushFileBuffers(self.handle)

    def disconnect(self) -> None:
        win32pipe.DisconnectNamedPipe(self.handle)

    def set_state(self, bits: int) -> None:
        win32pipe.SetNamedPipeHandleState(self.handle, bits, None, None)

    def state(self) -> tuple[int, int]:
        """The bits of the mode, and how many instances there are."""
        return win32pipe.GetNamedPipeHandleState(self.handle)[:2]

    def info(self) -> tuple[int, int, int, int]:
        return win32pipe.GetNamedPipeInfo(self.handle)

    def security(self) -> tuple[str, list[tuple[int, int, str]]]:
        """The owner, and of each entry of the DACL its type, rights and user."""
        wanted = (
            win32security.OWNER_SECURITY_INFORMATION
            | win32security.DACL_SECURITY_INFORMATION
        )
        found = win32security.GetSecurityInfo(
            self.handle, win32security.SE_KERNEL_OBJECT, wanted
        )
        dacl = found.GetSecurityDescriptorDacl()
        entries = [dacl.GetAce(n) for n in range(dacl.GetAceCount())]
        return (
            as_text(found.GetSecurityDescriptorOwner()),
            [(kind, rights, as_text(who)) for (kind, _), rights, who in entries],
        )

    def user(self) -> str:
        process = win32api.GetCurrentProcess()
        token = win32security.OpenProcessToken(process, win32con.TOKEN_QUERY)
        return as_text(win32security.GetTokenInformation(token, TOKEN_USER)[0])

    def server_pid(self) -> int:
        return win32pipe.GetNamedPipeServerProcessId(self.handle)

    def client_pid(self) -> int:
        return win32pipe.GetNamedPipeClientProcessId(self.handle)

    def close(self) -> None:
        if self.handle is not None:
            self.handle.Close()


def owned_by(sid: str) -> pywintypes.SECURITY_ATTRIBUTES:
    owner = win32security.ConvertStringSidToSid(sid)
    attributes = win32security.SECURITY_ATTRIBUTES()
    attributes.SECURITY_DESCRIPTOR.SetSecurityDescriptorOwner(owner, False)
    return attributes


talk.obey(End)
