# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the namedpipe authors

"""The calls that only some foreign programs have, each against our library in
this process: pywin32's (nearly all there are for pipes), and what is peculiar to
_winapi, multiprocessing and asyncio."""

from __future__ import annotations

import pickle

import pytest

import namedpipe
from conftest import Call
from foreign.ours import New, Server, opened, served
from ground import LIMIT, E, fails
from harness import pattern

pytestmark = pytest.mark.windows("foreign programs use the system's own pipes")

SERVES_BOTH_WAYS = 3


# ---------------------------------------------------------- CallNamedPipe, and ours


def test_pywin32_calls_our_server(new: New, server: Server, name: str) -> None:
    """CL1: open, message read mode, transact and close in one."""
    caller = new()
    for size in (1, 0, 64, 4096):
        request, reply = pattern(size, 1), pattern(size, 2)
        caller.start("call", name, request, 4096, 5000)
        with server.accept(timeout=LIMIT) as pipe:
            assert pipe.recv(timeout=LIMIT) == request
            pipe.send(reply, timeout=LIMIT)
            assert caller.finish() == reply
            with fails(E.BROKEN_PIPE):
                pipe.recv(timeout=LIMIT)


def test_pywin32_calls_with_a_buffer_too_small(
    new: New, server: Server, name: str
) -> None:
    """CL1: 234, and the rest is lost with the connection."""
    caller = new()
    caller.start("call", name, b"long", 4, 5000)
    with server.accept(timeout=LIMIT) as pipe:
        assert pipe.recv(timeout=LIMIT) == b"long"
        pipe.send(b"longer", timeout=LIMIT)
        with fails(E.MORE_DATA):
            caller.finish()


def test_pywin32_calls_what_is_not_there_or_busy(
    new: New, server: Server, name: str
) -> None:
    """CL1: 2 and 121."""
    caller = new()
    with fails(E.FILE_NOT_FOUND):
        caller.ask("call", f"{name}-not", b"x", 10, 50)
    with namedpipe.open(name), server.accept(timeout=LIMIT):
        with namedpipe.open(name), server.accept(timeout=LIMIT):
            with fails(E.SEM_TIMEOUT):
                caller.ask("call", name, b"x", 10, 50)


def test_we_call_a_pywin32_server(new: New, name: str) -> None:
    replier = new()
    replier.ask("listen", name, "message")
    call = Call(namedpipe.call, name, b"request", LIMIT)
    replier.ask("accept")
    assert replier.ask("recv", 100) == (b"request", False)
    replier.ask("send", b"reply")
    assert call.result() == b"reply"


# -------------------------------------------------------------------- transactions


def test_pywin32_transacts_with_our_server(new: New, server: Server, name: str) -> None:
    """TR1, TR3: a reply that is too long can be read on."""
    client = new()
    with served(server, client, name) as pipe:
        client.start("transact", b"request", 100)
        assert pipe.recv() == b"request"
        pipe.send(b"reply")
        assert client.finish() == (b"reply", False)
        client.start("transact", b"", 2)
        assert pipe.recv() == b""
        pipe.send(b"long")
        assert client.finish() == (b"lo", True)
        assert client.ask("recv", 100) == (b"ng", False)
        pipe.send(b"unread")
        with fails(E.PIPE_BUSY):
            client.ask("transact", b"request", 100)


def test_we_transact_with_a_pywin32_server(new: New, name: str) -> None:
    server = new()
    with opened(server, name) as pipe:
        call = Call(pipe.transact, b"request")
        assert server.ask("recv", 100) == (b"request", False)
        server.ask("send", b"")
        assert call.result() == b""
        server.ask("send", b"unread")
        with fails(E.PIPE_BUSY):
            pipe.transact(b"request")


def test_either_end_may_transact(new: New, server: Server, name: str) -> None:
    """TR1."""
    client = new()
    with served(server, client, name) as pipe:
        call = Call(pipe.transact, b"request")
        assert client.ask("recv", 100) == (b"request", False)
        client.ask("send", b"reply")
        assert call.result() == b"reply"


def test_pywin32_cannot_transact_on_our_byte_pipe(new: New, name: str) -> None:
    """TR1."""
    client = new()
    with namedpipe.listen(name) as server, served(server, client, name, "byte"):
        with fails(E.BAD_PIPE):
            client.ask("transact", b"request", 100)


# ---------------------------------------------------------------- waiting, instances


@pytest.mark.parametrize("kind", ["pywin32", "winapi"])
def test_a_foreign_program_waits_for_our_server(
    new: New, server: Server, name: str, kind: str
) -> None:
    """WT1, WT2, WT4: a wait takes no instance."""
    client = new(kind)
    with fails(E.FILE_NOT_FOUND):
        client.ask("wait", f"{name}-not", 10)
    for _ in range(3):
        client.ask("wait", name, 1000)
    with namedpipe.open(name), server.accept(timeout=LIMIT):
        with namedpipe.open(name), server.accept(timeout=LIMIT):
            with fails(E.SEM_TIMEOUT):
                client.ask("wait", name, 10)
            with fails(E.PIPE_BUSY):
                client.ask("open", name, "message")
            client.start("wait", name, 10_000)
        again = Call(server.accept, LIMIT)
        client.finish()
        client.ask("open", name, "message")
        again.result().close()


def test_we_wait_for_a_foreign_server(new: New, name: str) -> None:
    """WT2, WT3."""
    with fails(E.FILE_NOT_FOUND):
        namedpipe.wait(name, timeout=1)
    server, client = new(), new()
    call = Call(lambda: namedpipe.connect(name, LIMIT, wait="server"))
    server.ask("listen", name, "message", SERVES_BOTH_WAYS, 1)
    with call.result():
        with fails(E.SEM_TIMEOUT):
            namedpipe.wait(name, timeout=0.01)
        with fails(E.PIPE_BUSY):
            namedpipe.open(name)
        with fails(E.PIPE_BUSY):
            client.ask("open", name, "message")


@pytest.mark.parametrize(
    "kind", ["pywin32", "winapi-overlapped", "multiprocessing", "asyncio"]
)
def test_our_server_has_many_foreign_clients_at_once(
    new: New, name: str, kind: str
) -> None:
    mode = "mixed" if kind == "asyncio" else "message"
    clients = [new(kind) for _ in range(12)]
    with namedpipe.listen(name, mode="message") as server:
        pipes = [served(server, client, name, mode) for client in clients]
        for n, client in enumerate(clients):
            client.ask("send", b"%d" % n)
        for n, pipe in enumerate(pipes):
            assert namedpipe.select(pipes[n:], LIMIT)[0] is pipe
            assert pipe.recv() == b"%d" % n
            pipe.send(b"%d!" % n)
            pipe.close()
        for n, client in enumerate(clients):
            assert client.ask("recv", 100) == (b"%d!" % n, False)


def test_a_foreign_instance_of_our_pipe(new: New, name: str) -> None:
    """C8: instances may be added by every program of the same user."""
    other, client = new(), new()
    with namedpipe.create(name, mode="message") as pipe:
        other.ask("listen", name, "message")
        assert pipe.instances == 2
        # The one that has listened longest is taken first (F6).
        client.ask("open", name, "message")
        assert pipe.accept(LIMIT) is not None
        with namedpipe.connect(name, LIMIT) as ours:
            other.ask("accept")
            ours.send(b"to the other")
            assert other.ask("recv", 100) == (b"to the other", False)
        client.ask("send", b"to us")
        assert pipe.recv(timeout=LIMIT) == b"to us"


def test_our_instance_of_a_foreign_pipe(new: New, name: str) -> None:
    """C6, C8."""
    other, client = new(), new()
    other.ask("listen", name, "message", SERVES_BOTH_WAYS, 2)
    with namedpipe.create(name, mode="message") as pipe:
        with fails(E.PIPE_BUSY):
            namedpipe.create(name, mode="message")
        with namedpipe.open(name, read_mode="message"):
            client.ask("open", name, "message")
            pipe.accept(LIMIT)
            client.ask("send", b"to us")
            assert pipe.recv(timeout=LIMIT) == b"to us"


# ------------------------------------------------------------------------- flush


def test_our_flush_waits_for_a_foreign_reader(
    new: New, server: Server, name: str
) -> None:
    """FL1."""
    client = new()
    with served(server, client, name) as pipe:
        pipe.send(b"unread")
        with fails(E.TIMEOUT):
            pipe.flush(timeout=0.05)
        flush = Call(pipe.flush)
        flush.blocked()
        assert client.ask("recv", 100) == (b"unread", False)
        flush.result()


def test_a_foreign_flush_waits_for_us(new: New, server: Server, name: str) -> None:
    """FL1, FL3."""
    client = new()
    with served(server, client, name) as pipe:
        client.ask("send", b"unread")
        client.start("flush")
        assert pipe.recv() == b"unread"
        client.finish()
        client.ask("send", b"never read")
        client.start("flush")
        pipe.disconnect()
        with fails(E.PIPE_NOT_CONNECTED):
            client.finish()


# -------------------------------------------------------------- overlapped calls


def test_pending_reads_are_served_in_their_order(
    new: New, server: Server, name: str
) -> None:
    """R8, I1."""
    client = new("pywin32-overlapped")
    with served(server, client, name) as pipe:
        assert client.ask("begin_recv", 100)
        assert client.ask("begin_recv", 2)
        assert client.ask("begin_recv", 100)
        pipe.send(b"one")
        pipe.send(b"two, in parts")
        assert client.ask("end_recv") == (b"one", False)
        assert client.ask("end_recv") == (b"tw", True)
        assert client.ask("end_recv") == (b"o, in parts", False)


def test_a_pending_foreign_read_is_cancelled(
    new: New, server: Server, name: str
) -> None:
    """I4, I5: nothing is lost."""
    client = new("pywin32-overlapped")
    with served(server, client, name) as pipe:
        assert client.ask("begin_recv", 100)
        client.ask("cancel")
        with fails(E.OPERATION_ABORTED):
            client.ask("end_recv")
        pipe.send(b"later")
        assert client.ask("recv", 100) == (b"later", False)


def test_a_pending_foreign_write_waits_for_us(new: New, name: str) -> None:
    """WR3, WR4: it is all visible, and pending until its rest fits."""
    client = new("pywin32-overlapped")
    data = pattern(3000)
    with namedpipe.create(name, in_quota=1000, mode="byte") as pipe:
        client.ask("open", name, "byte")
        pipe.accept(LIMIT)
        assert client.ask("begin_send", data)
        assert pipe.peek().available == 3000
        assert pipe.read(1999, timeout=LIMIT) == data[:1999]
        assert client.ask("is_pending")
        assert pipe.read(1, timeout=LIMIT) == data[1999:2000]
        assert client.ask("end_send") == 3000
        assert pipe.recv(timeout=LIMIT) == data[2000:]


def test_a_cancelled_foreign_write_is_not_read(
    new: New, server: Server, name: str
) -> None:
    """I5: the part of a message that was read is all there will be of it."""
    client = new("pywin32-overlapped")
    with served(server, client, name) as pipe:
        assert client.ask("begin_send", pattern(100_000))
        assert pipe.recv_into(bytearray(1000)) == (1000, True)
        client.ask("cancel")
        with fails(E.OPERATION_ABORTED):
            client.ask("end_send")
        client.ask("send", b"next")
        assert pipe.recv() == b"next"


def test_a_foreign_program_reads_and_writes_at_once(
    new: New, server: Server, name: str
) -> None:
    """Both directions are over their quota, and neither waits for the other."""
    client = new("pywin32-overlapped")
    there, back = pattern(300_000, 1), pattern(300_000, 2)
    with served(server, client, name) as pipe:
        assert client.ask("begin_recv", len(back))
        assert client.ask("begin_send", there)
        sending = Call(pipe.send, back)
        assert pipe.recv() == there
        sending.result()
        assert client.ask("end_recv") == (back, False)
        assert client.ask("end_send") == len(there)


# --------------------------------------------------------------- early and late


def test_a_foreign_client_that_has_left_already_is_read(
    new: New, server: Server, name: str
) -> None:
    """X2, X6, N1."""
    client = new()
    client.ask("open", name, "message")
    client.ask("send", b"goodbye")
    client.close()
    with server.accept(timeout=LIMIT) as pipe:
        assert list(pipe.messages()) == [b"goodbye"]


def test_we_leave_before_a_foreign_server_accepts(new: New, name: str) -> None:
    """X6, N1: it gets 232 and our message."""
    server = new()
    server.ask("listen", name, "message")
    with namedpipe.open(name) as pipe:
        pipe.send(b"goodbye")
    with fails(E.NO_DATA):
        server.ask("accept")
    assert server.ask("recv", 100) == (b"goodbye", False)


def test_a_foreign_server_disconnects_and_serves_again(new: New, name: str) -> None:
    """D2, D3."""
    server = new()
    with opened(server, name) as pipe:
        reading = Call(pipe.recv)
        reading.blocked()
        server.ask("disconnect")
        with fails(E.PIPE_NOT_CONNECTED):
            reading.result()
        with fails(E.PIPE_NOT_CONNECTED):
            pipe.send(b"x")
    with fails(E.PIPE_BUSY):
        namedpipe.open(name)
    server.start("accept")
    with namedpipe.connect(name, LIMIT) as pipe:
        server.finish()
        pipe.send(b"again")
        assert server.ask("recv", 100) == (b"again", False)


# ------------------------------------------------- multiprocessing and asyncio


OBJECTS = [None, 7, "text", {"a": [1, 2.5, (b"bytes",)]}, "x" * 100_000]


def test_multiprocessing_s_objects_arrive(new: New, server: Server, name: str) -> None:
    """What its send() sends is one message with a pickle."""
    client = new("multiprocessing")
    with served(server, client, name) as pipe:
        for value in OBJECTS:
            client.start("send_object", value)
            assert pickle.loads(pipe.recv()) == value
            client.finish()
            client.start("recv_object")
            pipe.send(pickle.dumps(value))
            assert client.finish() == value


def test_multiprocessing_polls(new: New, server: Server, name: str) -> None:
    """Its poll() is a read of no bytes, or of an empty message (R5)."""
    client = new("multiprocessing")
    with served(server, client, name) as pipe:
        assert client.ask("poll", 0.01) is False
        client.start("poll", LIMIT)
        pipe.send(b"")
        assert client.finish() is True
        assert client.ask("recv", 100) == (b"", False)
        client.start("poll", LIMIT)
        pipe.send(b"later")
        assert client.finish() is True
        assert client.ask("recv", 100) == (b"later", False)


def test_asyncio_waits_while_our_server_is_busy(
    new: New, server: Server, name: str
) -> None:
    """It tries again and again by itself while all instances are busy."""
    client = new("asyncio")
    with namedpipe.open(name), server.accept(timeout=LIMIT):
        with namedpipe.open(name), server.accept(timeout=LIMIT):
            client.start("open", name, "mixed")
        with server.accept(timeout=LIMIT) as pipe:
            client.finish()
            client.ask("send", b"hello")
            assert pipe.recv(timeout=LIMIT) == b"hello"
