# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the namedpipe authors

"""A server as it is written for Windows: answers each message in upper case.

On Windows, with pywin32:  python pywin32_server.py [NAME [CLIENTS]]
Elsewhere, as it is:       python -m namedpipe.compat pywin32_server.py ...

Ends after so many clients, if a number is given. Its client is
pywin32_client.py.
"""

import sys
import threading

import pywintypes
import win32file
import win32pipe
import winerror

BUFFER = 512


def read_message(pipe):
    """One message, in as many parts as the buffer makes of it."""
    hr, data = win32file.ReadFile(pipe, BUFFER)
    while hr == winerror.ERROR_MORE_DATA:
        hr, part = win32file.ReadFile(pipe, BUFFER)
        data += part
    return data


def serve(pipe):
    try:
        while True:
            request = read_message(pipe)
            win32file.WriteFile(pipe, request.upper())
            win32file.FlushFileBuffers(pipe)
    except pywintypes.error as problem:
        if problem.winerror not in (winerror.ERROR_BROKEN_PIPE, winerror.ERROR_NO_DATA):
            print("error:", problem, flush=True)
    finally:
        win32pipe.DisconnectNamedPipe(pipe)
        win32file.CloseHandle(pipe)


def main():
    name = sys.argv[1] if len(sys.argv) > 1 else "tutorial"
    clients = int(sys.argv[2]) if len(sys.argv) > 2 else -1
    threads = []
    while clients != 0:
        clients -= 1
        pipe = win32pipe.CreateNamedPipe(
            rf"\\.\pipe\{name}",
            win32pipe.PIPE_ACCESS_DUPLEX,
            win32pipe.PIPE_TYPE_MESSAGE
            | win32pipe.PIPE_READMODE_MESSAGE
            | win32pipe.PIPE_WAIT,
            win32pipe.PIPE_UNLIMITED_INSTANCES,
            65536,
            65536,
            0,
            None,
        )
        print("waiting for a client", flush=True)
        hr = win32pipe.ConnectNamedPipe(pipe, None)
        if hr not in (0, winerror.ERROR_PIPE_CONNECTED):
            sys.exit(f"ConnectNamedPipe returned {hr}")
        thread = threading.Thread(target=serve, args=(pipe,))
        thread.start()
        threads.append(thread)
    for thread in threads:
        thread.join()
    print("done", flush=True)


if __name__ == "__main__":
    main()
