# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the namedpipe authors

"""The client of pywin32_server.py and pywin32_overlapped.py.

On Windows, with pywin32:  python pywin32_client.py [NAME [MESSAGE...]]
Elsewhere, as it is:       python -m namedpipe.compat pywin32_client.py ...
"""

import sys
import time

import pywintypes
import win32file
import win32pipe
import winerror

PATIENCE = 20  # seconds
NOT_YET = (winerror.ERROR_FILE_NOT_FOUND, winerror.ERROR_PIPE_BUSY)


def connect(path):
    """Open the pipe, waiting while there is none, or none that is free."""
    until = time.monotonic() + PATIENCE
    while True:
        try:
            win32pipe.WaitNamedPipe(path, PATIENCE * 1000)
            return win32file.CreateFile(
                path,
                win32file.GENERIC_READ | win32file.GENERIC_WRITE,
                0,
                None,
                win32file.OPEN_EXISTING,
                0,
                None,
            )
        except pywintypes.error as problem:
            # Another client may be faster between the two calls.
            if problem.winerror not in NOT_YET or time.monotonic() > until:
                raise
        time.sleep(0.01)


def ask(pipe, request):
    win32file.WriteFile(pipe, request)
    hr, reply = win32file.ReadFile(pipe, 64)
    while hr == winerror.ERROR_MORE_DATA:
        hr, part = win32file.ReadFile(pipe, 64)
        reply += part
    return reply


def main():
    name = sys.argv[1] if len(sys.argv) > 1 else "tutorial"
    messages = sys.argv[2:] or ["hello", "a longer message, in parts " * 8]
    pipe = connect(rf"\\.\pipe\{name}")
    win32pipe.SetNamedPipeHandleState(pipe, win32pipe.PIPE_READMODE_MESSAGE, None, None)
    for message in messages:
        print(ask(pipe, message.encode()).decode())
    pipe.Close()


if __name__ == "__main__":
    main()
