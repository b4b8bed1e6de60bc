# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the namedpipe authors

"""A server that serves several clients without threads, as written for Windows:
every wait is an overlapped operation, and WaitForMultipleObjects waits for all.

On Windows, with pywin32:  python pywin32_overlapped.py [NAME [CLIENTS]]
Elsewhere, as it is:       python -m namedpipe.compat pywin32_overlapped.py ...

Answers like pywin32_server.py; its client is pywin32_client.py.
"""

import sys

import pywintypes
import win32event
import win32file
import win32pipe
import winerror

INSTANCES = 3
BUFFER = 65536
GONE = (
    winerror.ERROR_BROKEN_PIPE,
    winerror.ERROR_NO_DATA,
    winerror.ERROR_PIPE_NOT_CONNECTED,
)


class Instance:
    """One instance of the pipe, and the one operation that is going on there."""

    def __init__(self, path):
        self.pipe = win32pipe.CreateNamedPipe(
            path,
            win32pipe.PIPE_ACCESS_DUPLEX | win32file.FILE_FLAG_OVERLAPPED,
            win32pipe.PIPE_TYPE_MESSAGE
            | win32pipe.PIPE_READMODE_MESSAGE
            | win32pipe.PIPE_WAIT,
            INSTANCES,
            BUFFER,
            BUFFER,
            0,
            None,
        )
        self.overlapped = pywintypes.OVERLAPPED()
        self.overlapped.hEvent = win32event.CreateEvent(None, True, False, None)
        self.buffer = win32file.AllocateReadBuffer(BUFFER)
        self.next = self.connect
        self.step()

    def connect(self):
        self.next = self.connected
        hr = win32pipe.ConnectNamedPipe(self.pipe, self.overlapped)
        if hr == winerror.ERROR_PIPE_CONNECTED:
            self.read()

    def connected(self):
        win32file.GetOverlappedResult(self.pipe, self.overlapped, False)
        self.read()

    def read(self):
        self.next = self.answer
        win32file.ReadFile(self.pipe, self.buffer, self.overlapped)

    def answer(self):
        size = win32file.GetOverlappedResult(self.pipe, self.overlapped, False)
        self.next = self.answered
        # It has to live as long as the operation does.
        self.reply = bytes(self.buffer[:size]).upper()
        win32file.WriteFile(self.pipe, self.reply, self.overlapped)

    def answered(self):
        win32file.GetOverlappedResult(self.pipe, self.overlapped, False)
        self.read()

    def step(self):
        """Go on until it has to wait again; returns how many clients have left."""
        left = 0
        while True:
            try:
                self.next()
            except pywintypes.error as problem:
                if problem.winerror not in GONE:
                    raise
                win32pipe.DisconnectNamedPipe(self.pipe)
                self.next = self.connect
                left += 1
            else:
                return left


def main():
    name = sys.argv[1] if len(sys.argv) > 1 else "tutorial"
    clients = float(sys.argv[2] if len(sys.argv) > 2 else "inf")
    instances = [Instance(rf"\\.\pipe\{name}") for _ in range(INSTANCES)]
    events = [instance.overlapped.hEvent for instance in instances]
    print("waiting for clients", flush=True)
    while clients > 0:
        found = win32event.WaitForMultipleObjects(events, False, win32event.INFINITE)
        clients -= instances[found - win32event.WAIT_OBJECT_0].step()
    for instance in instances:
        win32file.CancelIo(instance.pipe)
        instance.pipe.Close()
    print("done", flush=True)


if __name__ == "__main__":
    main()
