# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the namedpipe authors

"""namedpipe.compat: transactions, calls, and what pipes tell about themselves."""

import contextlib
import os

import pytest

import namedpipe
from conftest import Call
from namedpipe.compat import pywintypes, win32file, win32pipe, winerror
from win32_ends import BYTES, create, fails, open_client, path

# ----------------------------------------------------------------- transactions


def echo(pipe) -> None:
    win32pipe.ConnectNamedPipe(pipe)
    win32file.WriteFile(pipe, win32file.ReadFile(pipe, 100)[1].upper())
    win32file.FlushFileBuffers(pipe)
    pipe.Close()


def test_a_transaction(name):
    """TR1, TR3: the result is what ReadFile's is."""
    server = Call(echo, create(name))
    client = open_client(name, message_read=True)
    assert win32pipe.TransactNamedPipe(client, b"foo\0bar", 100) == (0, b"FOO\0BAR")
    server.result()


def test_a_transaction_with_too_little_room(name):
    """TR3."""
    server = Call(echo, create(name))
    client = open_client(name, message_read=True)
    buffer = win32file.AllocateReadBuffer(4)
    answer = win32pipe.TransactNamedPipe(client, bytearray(b"abcdef"), buffer, None)
    assert answer == (winerror.ERROR_MORE_DATA, b"ABCD")
    assert buffer == b"ABCD"
    assert win32file.ReadFile(client, 4) == (0, b"EF")
    server.result()


def test_what_transactions_raise(name):
    """TR1, TR2."""
    pipe = create(name)
    client = open_client(name)
    with fails(winerror.ERROR_BAD_PIPE, "TransactNamedPipe"):
        win32pipe.TransactNamedPipe(client, b"x", 1)
    win32pipe.SetNamedPipeHandleState(client, 2, None, None)
    win32file.WriteFile(pipe, b"unread")
    with fails(winerror.ERROR_PIPE_BUSY, "TransactNamedPipe"):
        win32pipe.TransactNamedPipe(client, b"x", 1)
    with pytest.raises(TypeError):
        win32pipe.TransactNamedPipe(client, b"x", b"y")


def test_a_call(name):
    """CL1."""
    server = Call(echo, create(name))
    assert win32pipe.CallNamedPipe(path(name), b"request", 100, 0) == b"REQUEST"
    server.result()


def test_a_call_waits_for_an_instance(name):
    """CL1: the time-out is for that, not for the reply."""
    pipe = create(name, instances=1)
    first = open_client(name)
    with fails(winerror.ERROR_SEM_TIMEOUT, "CallNamedPipe"):
        win32pipe.CallNamedPipe(path(name), b"x", 1, win32pipe.NMPWAIT_NOWAIT)
    call = Call(win32pipe.CallNamedPipe, path(name), b"x", 1, -1).blocked()
    first.Close()
    win32pipe.DisconnectNamedPipe(pipe)
    echo(pipe)
    assert call.result() == b"X"


def test_what_calls_raise(name):
    """CL1: 2, and 87 for a byte pipe, and 234 for a reply that is too long."""
    with fails(winerror.ERROR_FILE_NOT_FOUND, "CallNamedPipe"):
        win32pipe.CallNamedPipe(path(name), b"x", 1, -1)
    pipe = create(name, pipe_mode=BYTES)
    with fails(winerror.ERROR_INVALID_PARAMETER, "CallNamedPipe"):
        win32pipe.CallNamedPipe(path(name), b"x", 1, 0)
    with fails(winerror.ERROR_NO_DATA, "ConnectNamedPipe"):
        win32pipe.ConnectNamedPipe(pipe)
    pipe.Close()
    server = Call(echo, create(name))
    with fails(winerror.ERROR_MORE_DATA, "CallNamedPipe"):
        win32pipe.CallNamedPipe(path(name), b"request", 3, 0)
    # Flushing fails, unless the caller had left before.
    with contextlib.suppress(pywintypes.error):
        server.result()


# --------------------------------------------------------------- state and info


def test_info(name):
    """S3: sizes as given, on both ends."""
    pipe = create(name, instances=7, out_size=10, in_size=0)
    client = open_client(name)
    assert win32pipe.GetNamedPipeInfo(pipe) == (5, 10, 0, 7)
    assert win32pipe.GetNamedPipeInfo(client) == (4, 10, 0, 7)


def test_state(name):
    """S1, S2, S2b."""
    pipe = create(name)
    client = open_client(name)
    assert win32pipe.GetNamedPipeHandleState(pipe) == (2, 1, None, None, None)
    assert win32pipe.GetNamedPipeHandleState(client) == (0, 1, None, None, None)
    for mode in (1, 3, 2, 0):
        win32pipe.SetNamedPipeHandleState(client, mode, None, None)
        win32pipe.SetNamedPipeHandleState(client, None, None, None)
        assert win32pipe.GetNamedPipeHandleState(client, False)[0] == mode
    assert win32pipe.GetNamedPipeHandleState(pipe)[0] == 2


def test_what_states_raise(name):
    """S1, S2."""
    create_bytes = create(name, pipe_mode=BYTES)
    client = open_client(name)
    for arguments in ((2, None, None), (4, None, None), (0, 1, None), (0, None, 1)):
        with fails(winerror.ERROR_INVALID_PARAMETER, "SetNamedPipeHandleState"):
            win32pipe.SetNamedPipeHandleState(client, *arguments)
    assert win32pipe.GetNamedPipeHandleState(client)[0] == 0
    with pytest.raises(TypeError):
        win32pipe.SetNamedPipeHandleState(client, "message", None, None)
    with fails(winerror.ERROR_INVALID_PARAMETER, "GetNamedPipeHandleState"):
        win32pipe.GetNamedPipeHandleState(client, True)
    create_bytes.Close()


def test_who_is_there(name):
    """S4, S6."""
    pipe = create(name)
    function = "GetNamedPipeHandleState"
    with fails(winerror.ERROR_CANNOT_IMPERSONATE, function):
        win32pipe.GetNamedPipeHandleState(pipe, 0, True)
    with fails(winerror.ERROR_NOT_FOUND, "GetNamedPipeClientProcessId"):
        win32pipe.GetNamedPipeClientProcessId(pipe)
    assert win32pipe.GetNamedPipeServerProcessId(pipe) == os.getpid()
    client = open_client(name)
    win32pipe.ConnectNamedPipe(pipe)
    with namedpipe.create(name) as other, namedpipe.open(name):
        other.accept()
        user = other.peer.user
    with fails(winerror.ERROR_CANNOT_IMPERSONATE, function):
        win32pipe.GetNamedPipeHandleState(pipe, 0, True)
    win32file.WriteFile(client, b"x")
    win32file.ReadFile(pipe, 1)
    assert win32pipe.GetNamedPipeHandleState(pipe, 0, True)[4] == user
    with fails(winerror.ERROR_INVALID_PARAMETER, function):
        win32pipe.GetNamedPipeHandleState(client, 0, True)
    for end in (pipe, client):
        assert win32pipe.GetNamedPipeServerProcessId(end) == os.getpid()
        assert win32pipe.GetNamedPipeClientProcessId(end) == os.getpid()
    win32pipe.DisconnectNamedPipe(pipe)
    with fails(winerror.ERROR_PIPE_NOT_CONNECTED, "GetNamedPipeClientProcessId"):
        win32pipe.GetNamedPipeClientProcessId(client)


def test_the_server_of_an_outbound_pipe(name):
    """C13, S4: it may ask for processes, not for the rest."""
    pipe = create(name, open_mode=win32pipe.PIPE_ACCESS_OUTBOUND)
    client = open_client(name, win32file.GENERIC_READ)
    win32pipe.ConnectNamedPipe(pipe)
    with fails(winerror.ERROR_ACCESS_DENIED, "GetNamedPipeInfo"):
        win32pipe.GetNamedPipeInfo(pipe)
    with fails(winerror.ERROR_ACCESS_DENIED, "PeekNamedPipe"):
        win32pipe.PeekNamedPipe(pipe, 0)
    assert win32pipe.GetNamedPipeClientProcessId(pipe) == os.getpid()
    client.Close()


def test_an_anonymous_pipe():
    """A1: byte type, one instance, both sizes as given, or 4096."""
    reader, writer = win32pipe.CreatePipe(None, 0)
    assert win32pipe.GetNamedPipeInfo(reader) == (1, 4096, 4096, 1)
    assert win32file.WriteFile(writer, b"through") == (0, 7)
    assert win32file.ReadFile(reader, 100) == (0, b"through")
    with fails(winerror.ERROR_ACCESS_DENIED, "WriteFile"):
        win32file.WriteFile(reader, b"x")
    writer.Close()
    with fails(winerror.ERROR_BROKEN_PIPE, "ReadFile"):
        win32file.ReadFile(reader, 100)
    reader, writer = win32pipe.CreatePipe(None, 10)
    assert win32pipe.GetNamedPipeInfo(writer) == (0, 10, 10, 1)
