# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the namedpipe authors

"""One pipe, several threads: who waits, who is woken, what is held."""

import threading
from collections.abc import Iterator

import pytest

import namedpipe
from conftest import LIMIT, Call, Ends, ends
from observe import LARGE


def overfull(pipe: namedpipe.Pipe) -> bytearray:
    """More than the quota, so that sending it waits."""
    return bytearray(pipe.info.in_quota + pipe.info.out_quota + 1)


@pytest.fixture
def messages(name: str) -> Iterator[Ends]:
    yield from ends(name, "message", in_quota=1000, out_quota=1000)


BLOCKED = {
    "recv": lambda pipe: pipe.recv(),
    "recv_into": lambda pipe: pipe.recv_into(bytearray(10)),
    "read": lambda pipe: pipe.read(10),
    "read to the end": lambda pipe: pipe.read(),
    "readinto": lambda pipe: pipe.readinto(bytearray(10)),
    "messages": lambda pipe: list(pipe),
    "send": lambda pipe: pipe.send(overfull(pipe)),
    "transact": lambda pipe: pipe.transact(b"?"),
}


@pytest.mark.parametrize("name_of_call", BLOCKED)
def test_close_in_another_thread_ends_a_blocked_call(messages: Ends, name_of_call):
    _, client = messages
    call = Call(BLOCKED[name_of_call], client).blocked()
    client.close()
    with pytest.raises(namedpipe.OperationAborted) as caught:
        call.result()
    assert caught.value.winerror == namedpipe.E.OPERATION_ABORTED
    assert caught.value.filename == client.path


@pytest.mark.parametrize("name_of_call", BLOCKED)
def test_cancel_ends_a_blocked_call_and_leaves_the_pipe_usable(
    messages: Ends, name_of_call
):
    server, client = messages
    assert client.cancel() is False
    call = Call(BLOCKED[name_of_call], client).blocked()
    assert client.cancel() is True
    with pytest.raises(namedpipe.OperationAborted):
        call.result()
    if name_of_call == "transact":
        assert server.recv() == b"?"
    client.send(b"after")
    assert server.recv() == b"after"


def test_close_ends_a_blocked_flush(messages: Ends):
    _, client = messages
    client.send(b"unread")
    call = Call(client.flush).blocked()
    client.close()
    with pytest.raises(namedpipe.OperationAborted):
        call.result()


def test_close_ends_a_blocked_accept(name):
    pipe = namedpipe.create(name)
    call = Call(pipe.accept).blocked()
    pipe.close()
    with pytest.raises(namedpipe.OperationAborted):
        call.result()


def test_reading_and_writing_do_not_wait_for_each_other(messages: Ends):
    """I7"""
    server, client = messages
    reading = Call(client.recv).blocked()
    client.send(b"to the server")
    assert server.recv() == b"to the server"
    writing = Call(client.send, overfull(client)).blocked()
    server.send(b"to the client")
    assert reading.result() == b"to the client"
    server.recv(timeout=LIMIT)
    writing.result()


def test_other_threads_run_while_one_waits(messages: Ends):
    """Every wait lets go of the GIL; if one did not, this would never end."""
    _, client = messages
    calls = [Call(BLOCKED[key], client) for key in ("recv", "send")]
    for call in calls:
        call.blocked()
    client.close()
    for call in calls:
        with pytest.raises(namedpipe.OperationAborted):
            call.result()


@pytest.mark.parametrize("size", [100, LARGE])
def test_a_buffer_being_sent_cannot_be_resized(name, size):
    with (
        namedpipe.create(name, mode="message", in_quota=10) as server,
        namedpipe.connect(name) as client,
    ):
        data = bytearray(size)
        sending = Call(client.send, data).blocked()
        with pytest.raises(BufferError):
            data.append(1)
        assert server.recv(timeout=LIMIT) == bytes(size)
        assert sending.result() == size
        data.append(1)


def test_a_buffer_being_read_into_cannot_be_resized(messages: Ends):
    server, client = messages
    buffer = bytearray(10)
    reading = Call(server.recv_into, buffer).blocked()
    with pytest.raises(BufferError):
        buffer.clear()
    client.send(b"x")
    assert reading.result() == (1, False)
    buffer.clear()


def test_a_buffer_is_let_go_of_when_the_call_fails(messages: Ends):
    _, client = messages
    data = overfull(client)
    sending = Call(client.send, data).blocked()
    client.close()
    with pytest.raises(namedpipe.OperationAborted):
        sending.result()
    data.clear()


def test_threads_racing_to_close_one_pipe(name):
    """Whoever comes first closes it; nobody calls into freed memory."""
    for _ in range(50):
        server = namedpipe.create(name, mode="message")
        client = namedpipe.connect(name)
        start = threading.Barrier(4)

        def use(pipe=client, start=start) -> None:
            start.wait(LIMIT)
            try:
                while True:
                    pipe.send(b"x", 0)
            except (namedpipe.PipeError, ValueError):
                pass

        def close(pipe=client, start=start) -> None:
            start.wait(LIMIT)
            pipe.close()

        calls = [Call(f) for f in (use, use, close, close)]
        for call in calls:
            call.result()
        assert client.closed
        server.close()
