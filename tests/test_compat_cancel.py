# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the namedpipe authors

"""namedpipe.compat: how operations with an OVERLAPPED end, one or all of them."""

import gc
import subprocess
import sys
import threading

import pytest

from conftest import LIMIT, Call
from namedpipe.compat import win32event, win32file, win32pipe, winerror
from win32_ends import (
    DUPLEX,
    MESSAGES,
    OVERLAPPED,
    PENDING,
    SOON,
    connected,
    create,
    fails,
    is_set,
    open_client,
    overlapped,
    result,
    wait_for,
)


@pytest.fixture
def ends(name):
    with connected(name) as both:
        yield both


# -------------------------------------------------------------------- cancelling


def test_cancelling_ends_what_this_thread_began_there(ends):
    """I4, I5: reads lose nothing, and others keep their places."""
    server, client = ends
    other = overlapped()
    Call(win32file.ReadFile, client, 10, other).result()
    own = [overlapped(), overlapped()]
    for operation in own:
        win32file.ReadFile(client, 10, operation)
    win32file.CancelIo(client)
    for operation in own:
        wait_for(operation.hEvent)
        assert operation.Internal == 0xC0000120
        with fails(winerror.ERROR_OPERATION_ABORTED, "GetOverlappedResult"):
            result(client, operation)
    assert not is_set(other.hEvent)
    win32file.WriteFile(server, b"for the other")
    wait_for(other.hEvent)
    assert other.InternalHigh == 10
    win32file.CancelIo(client)


def test_cancelling_a_write_takes_back_what_was_not_read(name):
    """I5: the message that follows it is whole."""
    server = create(name, open_mode=DUPLEX | OVERLAPPED, out_size=10)
    client = open_client(name, message_read=True)
    cancelled, after = overlapped(), overlapped()
    win32file.WriteFile(server, b"taken back, as it is too long", cancelled)
    Call(win32file.WriteFile, server, b"the message after", after).result()
    assert win32file.ReadFile(client, 5) == (winerror.ERROR_MORE_DATA, b"taken")
    win32file.CancelIo(server)
    wait_for(cancelled.hEvent)
    with fails(winerror.ERROR_OPERATION_ABORTED, "GetOverlappedResult"):
        result(server, cancelled)
    assert win32file.ReadFile(client, 100) == (0, b"the message after")
    assert result(server, after) == 17


def test_cancelling_a_connect_leaves_the_instance_listening(name):
    """N5."""
    pipe = create(name, open_mode=DUPLEX | OVERLAPPED, instances=1)
    operation = overlapped()
    win32pipe.ConnectNamedPipe(pipe, operation)
    win32file.CancelIo(pipe)
    with fails(winerror.ERROR_OPERATION_ABORTED, "GetOverlappedResult"):
        result(pipe, operation)
    client = open_client(name)
    assert win32pipe.ConnectNamedPipe(pipe, operation) == 535
    client.Close()


def test_closing_the_handle_ends_what_is_pending(ends):
    """O4, X4: with 109, as if the other end had closed."""
    _, client = ends
    operation = overlapped()
    win32file.ReadFile(client, 10, operation)
    client.Close()
    wait_for(operation.hEvent)
    with fails(winerror.ERROR_BROKEN_PIPE, "GetOverlappedResult"):
        result(client, operation)


def test_an_operation_outlives_the_names_of_its_parts(ends):
    """Nothing that it needs is collected before it ends."""
    server, client = ends
    operation = overlapped()
    event = operation.hEvent
    win32file.ReadFile(client, 10, operation)
    del operation
    gc.collect()
    win32file.WriteFile(server, b"x")
    wait_for(event)


# ----------------------------------------------------------------- many, the end


def test_many_operations_at_once(name):
    pipes = [create(name, open_mode=DUPLEX | OVERLAPPED) for _ in range(30)]
    operations = [overlapped() for _ in pipes]
    for pipe, operation in zip(pipes, operations, strict=True):
        assert win32pipe.ConnectNamedPipe(pipe, operation) == PENDING
    clients = [open_client(name) for _ in pipes]
    events = [operation.hEvent for operation in operations]
    assert win32event.WaitForMultipleObjects(events, True, SOON) == 0
    for client in clients:
        win32file.WriteFile(client, b"x")
    for pipe, operation in zip(pipes, operations, strict=True):
        win32file.ReadFile(pipe, 1, operation)
    assert win32event.WaitForMultipleObjects(events, True, SOON) == 0


def test_no_thread_stays_behind(ends):
    server, client = ends
    before = threading.active_count()
    operations = [overlapped() for _ in range(5)]
    for operation in operations:
        win32file.ReadFile(client, 10, operation)
    assert threading.active_count() == before + 5
    for operation in operations:
        win32file.WriteFile(server, b"x")
        result(client, operation)
    ours = [t for t in threading.enumerate() if t.name.startswith("namedpipe.compat")]
    for thread in ours:
        thread.join(LIMIT)
    assert threading.active_count() == before


SCRIPT = rf"""
import namedpipe.compat
namedpipe.compat.install()
import pywintypes, win32file, win32pipe
keep = []
for n in range(10):
    pipe = win32pipe.CreateNamedPipe(r"\\.\pipe\exit", 3 | {OVERLAPPED}, {MESSAGES},
                                     255, 0, 0, 0, None)
    client = win32file.CreateFile(r"\\.\pipe\exit", -0x40000000, 0, None, 3,
                                  {OVERLAPPED}, None)
    overlapped = pywintypes.OVERLAPPED(), pywintypes.OVERLAPPED()
    win32file.ReadFile(pipe, 10, overlapped[0])
    win32file.WriteFile(pipe, b"x", overlapped[1])
    keep.append((pipe, client, overlapped))
print("bye")
"""


def test_a_program_may_end_while_operations_are_pending():
    ended = subprocess.run(
        [sys.executable, "-X", "dev", "-W", "error", "-c", SCRIPT],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=LIMIT,
        check=False,
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "bye\n", "")
