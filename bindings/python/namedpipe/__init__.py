# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the namedpipe authors

r"""Windows named pipes, with one meaning on Linux and Windows.

A server keeps a name served and gets a Pipe for each client:

    with namedpipe.listen("demo", mode="message") as server:
        server.serve(lambda pipe: [pipe.send(m) for m in pipe.messages()])

    with namedpipe.connect("demo", timeout=2.0, wait="server") as pipe:
        pipe.send(b"hello")
        print(pipe.recv())

"demo", r"\\.\pipe\demo" and "//./pipe/demo" are the same pipe; upper and lower
case are the same.

Every call that can wait takes a timeout in seconds: None waits without a limit,
0 tries once. Failures are PipeError, an OSError whose winerror is the Win32
number on every system; E has their names. Wrong arguments are TypeError,
ValueError or OverflowError.
"""

import os as _os

try:
    from ._core import (
        BYTE,
        CLOSING,
        CONNECTED,
        DEFAULT,
        DEFAULT_QUOTA,
        DISCONNECTED,
        DUPLEX,
        FLAG_FIRST,
        FLAG_NO_SPIN,
        FLAG_NOWAIT,
        INBOUND,
        LISTENING,
        MESSAGE,
        MODE_DEFAULT,
        NOWAIT,
        OUTBOUND,
        READ,
        READMODE_MESSAGE,
        UNLIMITED_INSTANCES,
        WAIT_INSTANCE,
        WAIT_SERVER,
        WRITE,
        WRITE_ATTRIBUTES,
        BrokenPipe,
        E,
        Info,
        MoreDataError,
        OperationAborted,
        Peek,
        Peer,
        Pipe,
        PipeAccessError,
        PipeBusyError,
        PipeError,
        PipeNotFoundError,
        PipeTimeoutError,
        Server,
        ServerNotTrusted,
        __version__,
        _after_fork,
        call,
        connect,
        create,
        exists,
        listen,
        names,
        open,
        select,
        wait,
    )
except ImportError as _error:
    raise ImportError(
        f"namedpipe cannot load its compiled part, namedpipe._core: {_error}."
        " Reinstall the distribution pynamedpipe; the distribution namedpipe is"
        " another project that installs into the same directory."
    ) from _error

__all__ = [
    "BYTE",
    "CLOSING",
    "CONNECTED",
    "DEFAULT",
    "DEFAULT_QUOTA",
    "DISCONNECTED",
    "DUPLEX",
    "FLAG_FIRST",
    "FLAG_NOWAIT",
    "FLAG_NO_SPIN",
    "INBOUND",
    "LISTENING",
    "MESSAGE",
    "MODE_DEFAULT",
    "NOWAIT",
    "OUTBOUND",
    "READ",
    "READMODE_MESSAGE",
    "UNLIMITED_INSTANCES",
    "WAIT_INSTANCE",
    "WAIT_SERVER",
    "WRITE",
    "WRITE_ATTRIBUTES",
    "BrokenPipe",
    "E",
    "Info",
    "MoreDataError",
    "OperationAborted",
    "Peek",
    "Peer",
    "Pipe",
    "PipeAccessError",
    "PipeBusyError",
    "PipeError",
    "PipeNotFoundError",
    "PipeTimeoutError",
    "Server",
    "ServerNotTrusted",
    "__version__",
    "call",
    "connect",
    "create",
    "exists",
    "listen",
    "names",
    "open",
    "select",
    "wait",
]

# Signal handlers run in the main thread, and the child of a fork has another.
if hasattr(_os, "register_at_fork"):
    _os.register_at_fork(after_in_child=_after_fork)
