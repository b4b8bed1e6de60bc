# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the namedpipe authors

"""namedpipe.compat: operations with an OVERLAPPED, their events, their end."""

import pytest

from conftest import Call
from namedpipe.compat import (
    pywintypes,
    win32event,
    win32file,
    win32pipe,
    winerror,
)
from win32_ends import (
    DUPLEX,
    OVERLAPPED,
    PENDING,
    READ_WRITE,
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

STATUS_PENDING = 0x103


@pytest.fixture
def ends(name):
    with connected(name) as both:
        yield both


# ------------------------------------------------------------------- connecting


def test_connect_pends_until_the_client_comes(name):
    """N2: completes with 0 bytes."""
    pipe = create(name, open_mode=DUPLEX | OVERLAPPED)
    operation = overlapped()
    win32event.SetEvent(operation.hEvent)
    assert win32pipe.ConnectNamedPipe(pipe, operation) == PENDING
    assert operation.Internal == STATUS_PENDING
    assert not is_set(operation.hEvent)
    client = open_client(name)
    wait_for(operation.hEvent)
    assert result(pipe, operation) == 0
    assert (operation.Internal, operation.InternalHigh) == (0, 0)
    client.Close()


def test_connect_to_a_client_that_was_there_before(name):
    """N2: 535 is an error with a good meaning, and errors set no event."""
    pipe = create(name, open_mode=DUPLEX | OVERLAPPED)
    client = open_client(name)
    operation = overlapped()
    assert win32pipe.ConnectNamedPipe(pipe, operation) == 535
    assert not is_set(operation.hEvent)
    assert operation.Internal == STATUS_PENDING
    client.Close()


def test_connect_of_a_client_that_has_left_again(name):
    """X6: it came while the operation was pending."""
    pipe = create(name, open_mode=DUPLEX | OVERLAPPED)
    operation = overlapped()
    win32pipe.ConnectNamedPipe(pipe, operation)
    client = open_client(name)
    win32file.WriteFile(client, b"last words")
    client.Close()
    wait_for(operation.hEvent)
    assert result(pipe, operation) == 0
    assert win32file.ReadFile(pipe, 100) == (0, b"last words")


def test_two_connects_end_together(name):
    """O4."""
    pipe = create(name, open_mode=DUPLEX | OVERLAPPED)
    operations = [overlapped(), overlapped()]
    for operation in operations:
        assert win32pipe.ConnectNamedPipe(pipe, operation) == PENDING
    client = open_client(name)
    events = [operation.hEvent for operation in operations]
    assert win32event.WaitForMultipleObjects(events, True, SOON) == 0
    client.Close()


def test_connect_again_after_disconnect(name):
    """O4, D3."""
    pipe = create(name, open_mode=DUPLEX | OVERLAPPED, instances=1)
    operation = overlapped()
    for _ in range(3):
        assert win32pipe.ConnectNamedPipe(pipe, operation) == PENDING
        with open_client(name):
            assert result(pipe, operation) == 0
        win32pipe.DisconnectNamedPipe(pipe)


def test_connect_that_can_never_succeed(name):
    """O4, N6: raised at once, or later by GetOverlappedResult."""
    pipe = create(name, open_mode=DUPLEX | OVERLAPPED)
    operation = overlapped()
    assert win32pipe.ConnectNamedPipe(pipe, operation) == PENDING
    win32pipe.DisconnectNamedPipe(pipe)
    wait_for(operation.hEvent)
    with fails(winerror.ERROR_PIPE_NOT_CONNECTED, "GetOverlappedResult"):
        result(pipe, operation)
    waiting = Call(win32pipe.ConnectNamedPipe, pipe).blocked()
    client = open_client(name, READ_WRITE, OVERLAPPED)
    waiting.result()
    with fails(winerror.ERROR_INVALID_FUNCTION, "ConnectNamedPipe"):
        win32pipe.ConnectNamedPipe(client, overlapped())


# ---------------------------------------------------------------------- reading


def test_a_read_pends_until_there_is_something(ends):
    """I1, I3."""
    server, client = ends
    operation = overlapped()
    buffer = win32file.AllocateReadBuffer(10)
    hr, data = win32file.ReadFile(client, buffer, operation)
    assert hr == PENDING
    assert data is buffer
    with fails(winerror.ERROR_IO_INCOMPLETE, "GetOverlappedResult"):
        win32file.GetOverlappedResult(client, operation, False)
    assert win32file.WriteFile(server, b"hello") == (0, 5)
    assert result(client, operation) == 5
    assert win32pipe.GetOverlappedResult(client, operation, False) == 5
    assert buffer[:5] == b"hello"
    assert (operation.Internal, operation.InternalHigh) == (0, 5)


def test_a_read_of_what_is_there(ends):
    """I1: sets the event, although it is over."""
    server, client = ends
    win32file.WriteFile(server, b"hello")
    operation = overlapped()
    hr, data = win32file.ReadFile(client, 10, operation)
    assert hr == 0
    assert isinstance(data, memoryview)
    assert len(data) == 10
    assert is_set(operation.hEvent)
    assert bytes(data[: result(client, operation)]) == b"hello"


def test_a_read_of_a_part(ends):
    """R4: 234 at once or later, with a count."""
    server, client = ends
    win32file.WriteFile(server, b"message")
    operation = overlapped()
    hr, data = win32file.ReadFile(client, 4, operation)
    assert hr == winerror.ERROR_MORE_DATA
    assert (operation.Internal, operation.InternalHigh) == (0x80000005, 4)
    with fails(winerror.ERROR_MORE_DATA, "GetOverlappedResult"):
        result(client, operation)
    assert win32file.ReadFile(client, 10) == (0, b"age")
    hr, data = win32file.ReadFile(client, 4, operation)
    assert hr == PENDING
    win32file.WriteFile(server, b"message")
    with fails(winerror.ERROR_MORE_DATA, "GetOverlappedResult"):
        result(client, operation)
    assert (bytes(data), operation.InternalHigh) == (b"mess", 4)
    assert win32file.ReadFile(client, 10) == (0, b"age")


def test_reads_end_in_the_order_of_their_calls(ends):
    """R8, WR2: the rest of a message is for the next read."""
    server, client = ends
    reads = []
    for size in (4, 10, 10):
        operation = overlapped()
        hr, data = win32file.ReadFile(client, size, operation)
        assert hr == PENDING
        reads.append((operation, data))
    win32file.WriteFile(server, b"message")
    win32file.WriteFile(server, b"next")
    counts = []
    for operation, _ in reads:
        wait_for(operation.hEvent)
        counts.append(operation.InternalHigh)
    assert counts == [4, 3, 4]
    parts = [bytes(data[:n]) for (_, data), n in zip(reads, counts, strict=True)]
    assert parts == [b"mess", b"age", b"next"]


def test_a_failing_read_raises_at_once_and_sets_nothing(ends):
    """I1, T1."""
    server, client = ends
    server.Close()
    operation = overlapped()
    with fails(winerror.ERROR_BROKEN_PIPE, "ReadFile"):
        win32file.ReadFile(client, 1, operation)
    assert not is_set(operation.hEvent)
    assert (operation.Internal, operation.InternalHigh) == (STATUS_PENDING, 0)
    for wait in (False, True):
        with fails(winerror.ERROR_IO_INCOMPLETE, "GetOverlappedResult"):
            win32file.GetOverlappedResult(client, operation, wait)


@pytest.mark.parametrize(
    ("how", "code"),
    [
        (lambda server: server.Close(), winerror.ERROR_BROKEN_PIPE),
        (win32pipe.DisconnectNamedPipe, winerror.ERROR_PIPE_NOT_CONNECTED),
    ],
)
def test_a_pending_read_fails_with_the_other_end(ends, how, code):
    """X4, D2: the event is set."""
    server, client = ends
    operation = overlapped()
    win32file.ReadFile(client, 1, operation)
    how(server)
    wait_for(operation.hEvent)
    with fails(code, "GetOverlappedResult"):
        result(client, operation)


def test_nowait_ends_have_nothing_pending(ends):
    """R1: 232, also with an OVERLAPPED."""
    _, client = ends
    win32pipe.SetNamedPipeHandleState(client, win32pipe.PIPE_NOWAIT, None, None)
    with fails(winerror.ERROR_NO_DATA, "ReadFile"):
        win32file.ReadFile(client, 1, overlapped())


# ---------------------------------------------------------------------- writing


def test_a_write_pends_until_enough_of_it_is_read(name):
    """WR3: it can be read all that time."""
    server = create(name, open_mode=DUPLEX | OVERLAPPED, out_size=1000)
    client = open_client(name)
    operation = overlapped()
    assert win32file.WriteFile(server, b"x" * 3000, operation) == (PENDING, 0)
    assert win32pipe.PeekNamedPipe(client, 0)[1] == 3000
    win32file.ReadFile(client, 1999)
    assert not is_set(operation.hEvent)
    win32file.ReadFile(client, 1)
    assert result(server, operation) == 3000


def test_a_write_that_fits(ends):
    server, client = ends
    operation = overlapped()
    assert win32file.WriteFile(server, b"fits", operation) == (0, 4)
    assert is_set(operation.hEvent)
    assert result(server, operation) == 4
    assert win32file.ReadFile(client, 10) == (0, b"fits")


def test_writes_are_read_in_the_order_of_their_calls(name):
    """WR4."""
    server = create(name, open_mode=DUPLEX | OVERLAPPED, out_size=10)
    client = open_client(name, message_read=True)
    messages = [bytes([65 + n]) * 20 for n in range(5)]
    operations = []
    for message in messages:
        operations.append(overlapped())
        assert win32file.WriteFile(server, message, operations[-1])[0] == PENDING
    assert win32pipe.PeekNamedPipe(client, 0)[1] == 100
    assert [win32file.ReadFile(client, 20)[1] for _ in messages] == messages
    assert [result(server, operation) for operation in operations] == [20] * 5


def test_reading_and_writing_do_not_wait_for_each_other(ends):
    """I7."""
    server, client = ends
    reading, writing = overlapped(), overlapped()
    win32file.ReadFile(client, 10, reading)
    assert win32file.WriteFile(client, b"x" * 5000, writing)[0] == PENDING
    win32file.WriteFile(server, b"answer")
    assert result(client, reading) == 6
    assert win32file.ReadFile(server, 5000) == (0, b"x" * 5000)
    assert result(client, writing) == 5000


# --------------------------------------------------------------------- transact


def test_a_transaction_pends(ends):
    """TR3, TR5."""
    server, client = ends
    operation = overlapped()
    buffer = win32file.AllocateReadBuffer(100)
    hr, data = win32pipe.TransactNamedPipe(client, b"request", buffer, operation)
    assert hr == PENDING
    assert data is buffer
    assert win32file.ReadFile(server, 100) == (0, b"request")
    win32file.WriteFile(server, b"reply")
    assert bytes(buffer[: result(client, operation)]) == b"reply"


def test_a_transaction_that_fails(ends):
    """TR1, TR3: at once, or through the OVERLAPPED."""
    server, client = ends
    operation = overlapped()
    win32pipe.TransactNamedPipe(client, b"request", 3, operation)
    win32file.WriteFile(server, b"reply")
    with fails(winerror.ERROR_MORE_DATA, "GetOverlappedResult"):
        result(client, operation)
    assert operation.InternalHigh == 3
    assert win32file.ReadFile(client, 10) == (0, b"ly")
    win32pipe.SetNamedPipeHandleState(client, 0, None, None)
    with fails(winerror.ERROR_BAD_PIPE, "TransactNamedPipe"):
        win32pipe.TransactNamedPipe(client, b"request", 3, operation)
    assert not is_set(operation.hEvent)


# ------------------------------------------------------- events and signal state


def test_an_automatic_event_is_taken_by_the_wait_for_the_result(ends):
    server, client = ends
    operation = overlapped(manual=False)
    win32file.ReadFile(client, 10, operation)
    waiting = Call(result, client, operation)
    win32file.WriteFile(server, b"x")
    assert waiting.result() == 1
    win32file.ReadFile(client, 10, operation)
    win32file.WriteFile(server, b"x")
    wait_for(operation.hEvent)
    assert result(client, operation) == 1
    assert not is_set(operation.hEvent)


def test_without_an_event_the_handle_tells(ends):
    """I8: signalled when idle."""
    server, client = ends
    assert is_set(client)
    operation = pywintypes.OVERLAPPED()
    win32file.ReadFile(client, 10, operation)
    assert not is_set(client)
    win32file.WriteFile(server, b"x")
    wait_for(client)
    assert result(client, operation) == 1
    win32file.ReadFile(client, 10, operation)
    win32file.WriteFile(server, b"xy")
    assert result(client, operation) == 2


def test_waiting_for_events_and_pipes(ends):
    server, client = ends
    stop = win32event.CreateEvent(None, True, False, None)
    operation = pywintypes.OVERLAPPED()
    win32file.ReadFile(client, 10, operation)
    things = [stop, client]
    assert win32event.WaitForMultipleObjects(things, False, 0) == 258
    win32file.WriteFile(server, b"x")
    assert win32event.WaitForMultipleObjects(things, False, SOON) == 1
    win32event.SetEvent(stop)
    assert win32event.WaitForMultipleObjects(things, False, SOON) == 0
    assert win32event.WaitForMultipleObjects(things, True, SOON) == 0


def test_what_is_wrong_with_an_overlapped(ends):
    server, client = ends
    operation = overlapped()
    assert result(client, operation) == 0
    win32file.ReadFile(client, 10, operation)
    with fails(winerror.ERROR_INVALID_PARAMETER, "WriteFile"):
        win32file.WriteFile(client, b"x", operation)
    win32file.WriteFile(server, b"x")
    assert result(client, operation) == 1
    operation.hEvent = client
    with fails(winerror.ERROR_INVALID_HANDLE, "ReadFile"):
        win32file.ReadFile(client, 10, operation)
    for function in (win32file.ReadFile, win32file.WriteFile):
        with pytest.raises(TypeError):
            function(client, b"x" if function is win32file.WriteFile else 1, 5)
    with pytest.raises(TypeError):
        win32file.GetOverlappedResult(client, None, True)


def test_a_handle_that_is_not_overlapped_waits(name):
    """Its calls end before they return, and set the event."""
    server = create(name)
    operation = overlapped()
    connect = Call(win32pipe.ConnectNamedPipe, server, operation).blocked()
    client = open_client(name)
    assert connect.result() == 0
    assert is_set(operation.hEvent)
    read = Call(win32file.ReadFile, server, 10, operation).blocked()
    win32file.WriteFile(client, b"data")
    assert read.result()[0] == 0
    assert is_set(operation.hEvent)
    assert result(server, operation) == 4


def test_an_overlapped_handle_waits_without_an_overlapped(name):
    """N4."""
    server = create(name, open_mode=DUPLEX | OVERLAPPED)
    connect = Call(win32pipe.ConnectNamedPipe, server).blocked()
    client = open_client(name, READ_WRITE, OVERLAPPED)
    assert connect.result() == 0
    read = Call(win32file.ReadFile, server, 10).blocked()
    win32file.WriteFile(client, b"data")
    assert read.result() == (0, b"data")
