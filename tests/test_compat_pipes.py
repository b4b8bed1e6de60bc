# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the namedpipe authors

"""namedpipe.compat: calls that wait or do not, without an OVERLAPPED."""

import pytest

from conftest import Call
from namedpipe.compat import win32con, win32file, win32pipe, winerror
from win32_ends import (
    BYTES,
    DUPLEX,
    MESSAGES,
    create,
    fails,
    open_client,
    path,
)

NOWAIT = win32pipe.PIPE_NOWAIT

# -------------------------------------------------------------------- instances


def test_the_server_is_told_that_its_client_was_there_before(name):
    """N1: 535 is returned, not raised."""
    pipe = create(name)
    client = open_client(name)
    assert win32pipe.ConnectNamedPipe(pipe) == winerror.ERROR_PIPE_CONNECTED
    assert win32pipe.ConnectNamedPipe(pipe, None) == winerror.ERROR_PIPE_CONNECTED
    client.Close()


def test_the_server_waits_for_its_client(name):
    """N1."""
    pipe = create(name)
    wait = Call(win32pipe.ConnectNamedPipe, pipe).blocked()
    client = open_client(name)
    assert wait.result() == 0
    client.Close()


def test_connect_raises_what_is_wrong(name):
    """N1, N3, N6."""
    pipe = create(name, pipe_mode=NOWAIT)
    with fails(winerror.ERROR_PIPE_LISTENING, "ConnectNamedPipe"):
        win32pipe.ConnectNamedPipe(pipe)
    client = open_client(name)
    with fails(winerror.ERROR_INVALID_FUNCTION, "ConnectNamedPipe"):
        win32pipe.ConnectNamedPipe(client)
    client.Close()
    with fails(winerror.ERROR_NO_DATA, "ConnectNamedPipe"):
        win32pipe.ConnectNamedPipe(pipe)


def test_an_instance_serves_one_client_after_the_other(name):
    """D1, D3: the client of before gets 233."""
    pipe = create(name, instances=1)
    first = open_client(name)
    win32pipe.ConnectNamedPipe(pipe)
    win32pipe.DisconnectNamedPipe(pipe)
    with fails(winerror.ERROR_PIPE_NOT_CONNECTED, "DisconnectNamedPipe"):
        win32pipe.DisconnectNamedPipe(pipe)
    with fails(winerror.ERROR_PIPE_BUSY, "CreateFile"):
        open_client(name)
    with fails(winerror.ERROR_PIPE_NOT_CONNECTED, "ReadFile"):
        win32file.ReadFile(first, 1)
    wait = Call(win32pipe.ConnectNamedPipe, pipe).blocked()
    second = open_client(name)
    assert wait.result() == 0
    win32file.WriteFile(second, b"second")
    assert win32file.ReadFile(pipe, 10) == (0, b"second")


def test_instances_are_counted(name):
    """C4, C6."""
    pipes = [create(name, instances=2) for _ in range(2)]
    with fails(winerror.ERROR_PIPE_BUSY, "CreateNamedPipe"):
        create(name)
    assert win32pipe.GetNamedPipeHandleState(pipes[0])[1] == 2
    pipes[0].Close()
    with fails(winerror.ERROR_ACCESS_DENIED, "CreateNamedPipe"):
        create(name, open_mode=DUPLEX | win32pipe.FILE_FLAG_FIRST_PIPE_INSTANCE)
    with fails(winerror.ERROR_ACCESS_DENIED, "CreateNamedPipe"):
        create(name, open_mode=win32pipe.PIPE_ACCESS_INBOUND)


@pytest.mark.parametrize(
    "changes",
    [
        {"open_mode": 0},
        {"open_mode": DUPLEX | 0x10},
        {"open_mode": DUPLEX | 0x20000000},
        {"pipe_mode": MESSAGES | 0x10},
        {"pipe_mode": win32pipe.PIPE_READMODE_MESSAGE},
        {"instances": 0},
        {"instances": 256},
        {"instances": -1},
    ],
)
def test_what_create_does_not_know_is_87(name, changes):
    """C1, C2, C3."""
    with fails(winerror.ERROR_INVALID_PARAMETER, "CreateNamedPipe"):
        create(name, **changes)


def test_what_create_knows_without_an_effect(name):
    """C9, C10."""
    create(
        name,
        open_mode=DUPLEX | win32file.FILE_FLAG_WRITE_THROUGH | win32con.WRITE_DAC,
        pipe_mode=MESSAGES | win32pipe.PIPE_REJECT_REMOTE_CLIENTS,
    ).Close()
    with fails(winerror.ERROR_NOT_SUPPORTED, "CreateNamedPipe"):
        create(name, open_mode=DUPLEX | 0x01000000)


def test_names(name):
    r"""NM1, NM5, NM7: to Win32 a pipe begins with \\.\pipe\."""
    with fails(winerror.ERROR_INVALID_NAME, "CreateNamedPipe"):
        win32pipe.CreateNamedPipe(name, 3, 0, 1, 0, 0, 0, None)
    with fails(winerror.ERROR_INVALID_NAME, "CreateNamedPipe"):
        win32pipe.CreateNamedPipe(path(""), 3, 0, 1, 0, 0, 0, None)
    with fails(winerror.ERROR_NOT_SUPPORTED, "CreateNamedPipe"):
        win32pipe.CreateNamedPipe(rf"\\server\pipe\{name}", 3, 0, 1, 0, 0, 0, None)
    with fails(winerror.ERROR_BAD_PATHNAME, "WaitNamedPipe"):
        win32pipe.WaitNamedPipe(name, 0)
    with fails(winerror.ERROR_NOT_SUPPORTED, "CreateFile"):
        win32file.CreateFile("C:\\file.txt", 0, 0, None, 3, 0, None)
    with fails(winerror.ERROR_NOT_SUPPORTED, "CreateFile"):
        win32file.CreateFile(rf"\\server\pipe\{name}", 0, 0, None, 3, 0, None)
    with pytest.raises(TypeError):
        win32pipe.CreateNamedPipe(None, 3, 0, 1, 0, 0, 0, None)
    pipe = create(name, instances=1)
    spelling = f"//./PIPE/{name.upper()}"
    client = win32file.CreateFile(spelling, 0, 0, None, 3, 0, None)
    assert win32pipe.GetNamedPipeInfo(client)[3] == 1
    pipe.Close()
    pipe = create(name)
    win32file.CreateFile(rf"\\?\pipe\{name}", 0, 0, None, 3, 0, None).Close()


# ---------------------------------------------------------------------- clients


def test_what_a_client_may_ask_for(name):
    """F1, F2, F4: rights decide, the rest does not matter to a pipe."""
    pipe = create(name, open_mode=win32pipe.PIPE_ACCESS_OUTBOUND)
    with fails(winerror.ERROR_ACCESS_DENIED, "CreateFile"):
        open_client(name, win32file.GENERIC_WRITE)
    client = win32file.CreateFile(
        path(name),
        win32file.GENERIC_READ,
        win32file.FILE_SHARE_READ | win32file.FILE_SHARE_WRITE,
        None,
        win32file.OPEN_ALWAYS,
        win32file.FILE_ATTRIBUTE_NORMAL
        | win32con.SECURITY_SQOS_PRESENT
        | win32file.SECURITY_IDENTIFICATION,
        0,
    )
    win32file.WriteFile(pipe, b"x")
    assert win32file.ReadFile(client, 5) == (0, b"x")
    with fails(winerror.ERROR_ACCESS_DENIED, "WriteFile"):
        win32file.WriteFile(client, b"x")
    with fails(winerror.ERROR_ACCESS_DENIED, "SetNamedPipeHandleState"):
        win32pipe.SetNamedPipeHandleState(client, 2, None, None)


def test_a_reading_client_may_ask_to_set_its_mode(name):
    """F4: FILE_WRITE_ATTRIBUTES."""
    pipe = create(name, open_mode=win32pipe.PIPE_ACCESS_OUTBOUND)
    client = open_client(name, win32file.GENERIC_READ | 0x100, message_read=True)
    win32file.WriteFile(pipe, b"message")
    assert win32file.ReadFile(client, 3) == (winerror.ERROR_MORE_DATA, b"mes")


@pytest.mark.parametrize(
    ("access", "works"),
    [
        (0, ""),
        (win32con.GENERIC_ALL, "rw"),
        (win32file.FILE_GENERIC_READ, "r"),
        (win32file.FILE_GENERIC_WRITE, "w"),
        (win32file.FILE_ALL_ACCESS, "rw"),
        (0x80000000, "r"),
        (win32file.GENERIC_EXECUTE | win32con.SYNCHRONIZE, ""),
    ],
)
def test_rights_by_other_names(name, access, works):
    """F2, F4."""
    pipe = create(name)
    client = open_client(name, access)
    win32file.WriteFile(pipe, b"x")
    if "r" in works:
        assert win32file.ReadFile(client, 1) == (0, b"x")
    else:
        with fails(winerror.ERROR_ACCESS_DENIED, "ReadFile"):
            win32file.ReadFile(client, 1)
    if "w" in works:
        assert win32file.WriteFile(client, b"x") == (0, 1)
    else:
        with fails(winerror.ERROR_ACCESS_DENIED, "WriteFile"):
            win32file.WriteFile(client, b"x")


def test_what_a_client_cannot_ask_for(name):
    pipe = create(name)
    arguments = [path(name), win32file.GENERIC_READ, 0, None, 3, 0, None]
    for position, value, code in (
        (1, 0x02000000, winerror.ERROR_NOT_SUPPORTED),
        (2, 8, winerror.ERROR_INVALID_PARAMETER),
        (4, 0, winerror.ERROR_INVALID_PARAMETER),
        (4, 6, winerror.ERROR_INVALID_PARAMETER),
        (5, win32file.FILE_FLAG_DELETE_ON_CLOSE, winerror.ERROR_NOT_SUPPORTED),
        (6, pipe, winerror.ERROR_NOT_SUPPORTED),
    ):
        changed = list(arguments)
        changed[position] = value
        with fails(code, "CreateFile"):
            win32file.CreateFile(*changed)
    named = {"FileName": arguments[0], "DesiredAccess": 0, "ShareMode": 0}
    named |= {"SecurityAttributes": None, "CreationDisposition": 3}
    win32file.CreateFileW(**named, FlagsAndAttributes=0).Close()
    with fails(winerror.ERROR_NOT_SUPPORTED, "CreateFile"):
        win32file.CreateFileW(**named, FlagsAndAttributes=0, Transaction=1)


def test_waiting_for_an_instance(name):
    """WT1, WT2, WT4."""
    with fails(winerror.ERROR_FILE_NOT_FOUND, "WaitNamedPipe"):
        win32pipe.WaitNamedPipe(path(name), win32pipe.NMPWAIT_WAIT_FOREVER)
    pipe = create(name, instances=1, timeout=20)
    for timeout in (0, 1, 20, -1, 0xFFFFFFFE):
        win32pipe.WaitNamedPipe(path(name), timeout)
    client = open_client(name)
    for timeout in (win32pipe.NMPWAIT_USE_DEFAULT_WAIT, win32pipe.NMPWAIT_NOWAIT, 20):
        with fails(winerror.ERROR_SEM_TIMEOUT, "WaitNamedPipe"):
            win32pipe.WaitNamedPipe(path(name), timeout)
    wait = Call(win32pipe.WaitNamedPipe, path(name), -1).blocked()
    win32pipe.DisconnectNamedPipe(pipe)
    connect = Call(win32pipe.ConnectNamedPipe, pipe)
    assert wait.result() is None
    client.Close()
    client = open_client(name)
    connect.result()


# ----------------------------------------------------------- reading and writing


def test_a_message_in_parts(name):
    """R3: 234 is returned, not raised."""
    pipe = create(name)
    client = open_client(name, message_read=True)
    assert win32file.WriteFile(pipe, b"message") == (0, 7)
    assert win32file.WriteFile(pipe, b"") == (0, 0)
    assert win32file.ReadFile(client, 4) == (winerror.ERROR_MORE_DATA, b"mess")
    assert win32file.ReadFile(client, 4, None) == (0, b"age")
    assert win32file.ReadFile(client, 4) == (0, b"")
    assert win32file.WriteFile(pipe, b"x") == (0, 1)
    assert win32file.ReadFile(client, 0) == (winerror.ERROR_MORE_DATA, b"")


def test_a_client_reads_bytes_at_first(name):
    """F5, R2."""
    pipe = create(name)
    client = open_client(name)
    for _ in range(3):
        win32file.WriteFile(pipe, b"ab")
    assert win32file.ReadFile(client, 5) == (0, b"ababa")


def test_buffers_of_the_caller(name):
    pipe = create(name)
    client = open_client(name, message_read=True)
    win32file.WriteFile(pipe, memoryview(bytearray(b"from a view")))
    buffer = win32file.AllocateReadBuffer(20)
    assert isinstance(buffer, memoryview)
    assert len(buffer) == 20
    assert win32file.ReadFile(client, buffer) == (0, b"from a view")
    assert buffer[:6] == b"from a"
    assert bytes(buffer[11:]) == b"\0" * 9
    win32file.WriteFile(pipe, b"twenty and one bytes.")
    array = bytearray(20)
    assert win32file.ReadFile(client, array) == (234, b"twenty and one bytes")
    assert array == b"twenty and one bytes"
    with pytest.raises(TypeError):
        win32file.ReadFile(client, b"cannot be written")
    with pytest.raises(TypeError):
        win32file.WriteFile(client, "text")


def test_a_large_message(name):
    """WR5: it is longer than the buffers' size, which is a quota."""
    pipe = create(name)
    client = open_client(name, message_read=True)
    data = bytes(range(256)) * 4096
    write = Call(win32file.WriteFile, pipe, data)
    assert win32file.ReadFile(client, 1_000_000) == (234, data[:1_000_000])
    assert win32file.ReadFile(client, 1_000_000) == (0, data[1_000_000:])
    assert write.result() == (0, len(data))


def test_what_reading_and_writing_raise(name):
    """R1, WR7, WR9, X2, X4."""
    pipe = create(name, pipe_mode=MESSAGES | NOWAIT, out_size=10)
    with fails(winerror.ERROR_PIPE_LISTENING, "ReadFile"):
        win32file.ReadFile(pipe, 1)
    with fails(winerror.ERROR_PIPE_LISTENING, "WriteFile"):
        win32file.WriteFile(pipe, b"")
    client = open_client(name)
    with fails(winerror.ERROR_NO_DATA, "ReadFile"):
        win32file.ReadFile(pipe, 1)
    assert win32file.WriteFile(pipe, b"eleven byte") == (0, 0)
    win32file.WriteFile(client, b"last")
    client.Close()
    assert win32file.ReadFile(pipe, 10) == (0, b"last")
    with fails(winerror.ERROR_BROKEN_PIPE, "ReadFile"):
        win32file.ReadFile(pipe, 1)
    with fails(winerror.ERROR_NO_DATA, "WriteFile"):
        win32file.WriteFile(pipe, b"x")


def test_flushing_waits_for_the_reader(name):
    """FL1, FL2."""
    pipe = create(name)
    client = open_client(name)
    win32file.FlushFileBuffers(pipe)
    win32file.WriteFile(pipe, b"x")
    flush = Call(win32file.FlushFileBuffers, pipe).blocked()
    win32file.ReadFile(client, 1)
    assert flush.result() is None


def test_peeking(name):
    """P1, P2, P3, P5."""
    pipe = create(name)
    client = open_client(name)
    assert win32pipe.PeekNamedPipe(client, 10) == (b"", 0, 0)
    win32file.WriteFile(pipe, b"message")
    win32file.WriteFile(pipe, b"next")
    assert win32pipe.PeekNamedPipe(client, 3) == (b"mes", 11, 4)
    assert win32pipe.PeekNamedPipe(client, 0) == (b"", 11, 7)
    assert win32pipe.PeekNamedPipe(client, 100) == (b"message", 11, 0)
    pipe.Close()
    assert win32file.ReadFile(client, 100) == (0, b"messagenext")
    with fails(winerror.ERROR_BROKEN_PIPE, "PeekNamedPipe"):
        win32pipe.PeekNamedPipe(client, 0)


def test_peeking_into_bytes(name):
    """P2, P4: what is left of no message, as a signed number."""
    pipe = create(name, pipe_mode=BYTES)
    with fails(winerror.ERROR_BAD_PIPE, "PeekNamedPipe"):
        win32pipe.PeekNamedPipe(pipe, 0)
    client = open_client(name)
    win32file.WriteFile(pipe, b"ab")
    win32file.WriteFile(pipe, b"cd")
    assert win32pipe.PeekNamedPipe(client, 3) == (b"abc", 4, -3)
    assert win32pipe.PeekNamedPipe(client, 0) == (b"", 4, 0)
