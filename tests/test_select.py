# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the namedpipe authors

"""np_select, and descriptors for event loops, as Python has them."""

import contextlib
import os
import select as os_select

import pytest

import namedpipe
from conftest import Call
from harness import E, Peer, fails, is_blocked, poll_until, spawn


def test_data_makes_a_pipe_ready(name: str, helper: Peer) -> None:
    """A read would not wait."""
    with namedpipe.create(name, mode="message") as server:
        client = helper.open(name)
        server.accept(10)
        assert namedpipe.select([server], 0) == []
        client.write(b"x")
        assert namedpipe.select([server], 10) == [server]
        assert namedpipe.select([server], 0) == [server]
        server.recv(timeout=0)
        assert namedpipe.select([server], 0) == []


def test_an_empty_message_makes_a_pipe_ready(messages) -> None:
    """R7: there is something to read, if only of no bytes."""
    server, client = messages
    server.send(b"")
    assert namedpipe.select([client], 0) == [client]


def test_a_write_that_waits_makes_the_reader_ready(name: str, helper: Peer) -> None:
    """R9."""
    with namedpipe.create(name, in_quota=0) as server:
        client = helper.open(name)
        writing = client.begin.write(b"over quota", None)
        helper.until_blocked()
        assert namedpipe.select([server], 0) == [server]
        assert server.recv() == b"over quota"
        assert writing.result() == 10


@pytest.mark.parametrize("how", ["close", "disconnect"])
def test_the_end_makes_a_pipe_ready(name: str, how: str, helper: Peer) -> None:
    """X4, D2: the error is there to be seen."""
    server = helper.create(name)
    with namedpipe.open(name) as client:
        selecting = Call(namedpipe.select, [client]).blocked()
        getattr(server, how)()
        assert selecting.result() == [client]
        with fails(E.BROKEN_PIPE if how == "close" else E.PIPE_NOT_CONNECTED):
            client.recv(timeout=0)


def test_a_killed_peer_makes_a_pipe_ready(name: str) -> None:
    """X1."""
    with spawn("py") as victim, namedpipe.create(name) as server:
        victim.open(name)
        server.accept(10)
        selecting = Call(namedpipe.select, [server]).blocked()
        victim.kill()
        assert selecting.result() == [server]


def test_a_client_makes_a_listening_pipe_ready(name: str, helper: Peer) -> None:
    """N1: accept would not wait."""
    with namedpipe.create(name) as server:
        selecting = Call(namedpipe.select, [server]).blocked()
        helper.open(name)
        assert selecting.result() == [server]
        server.accept(0)


def test_a_client_makes_a_server_ready(name: str, helper: Peer) -> None:
    """And the next one again."""
    with namedpipe.listen(name) as server:
        for _ in range(3):
            selecting = Call(namedpipe.select, [server]).blocked()
            helper.connect(name)
            assert selecting.result() == [server]
            server.accept(0).close()
            assert namedpipe.select([server], 0) == []


def test_one_of_many(name: str, helper: Peer) -> None:
    """All that are ready, in the order they were given."""
    with (
        namedpipe.listen(name, mode="message") as server,
        contextlib.ExitStack() as stack,
    ):
        clients, pipes = [], []
        for _ in range(30):
            clients.append(helper.connect(name))
            pipes.append(stack.enter_context(server.accept(10)))
        assert namedpipe.select([*pipes, server], 0) == []
        selecting = Call(namedpipe.select, [*pipes, server]).blocked()
        clients[17].write(b"17")
        assert selecting.result() == [pipes[17]]
        clients[3].write(b"3")
        helper.open(name)
        assert poll_until(lambda: len(namedpipe.select([server, *pipes], 0)) == 3)
        ready = namedpipe.select([server, *reversed(pipes)], 0)
        assert ready == [server, pipes[17], pipes[3]]


def test_an_echo_server_without_threads(name: str, helper: Peer) -> None:
    """What select is for."""
    with (
        namedpipe.listen(name, mode="message") as server,
        contextlib.ExitStack() as stack,
    ):
        live = [server]
        connecting = [helper.begin.connect(name, "message") for _ in range(3)]
        ends, writes = [], []
        answered = 0
        while answered < 3:
            for ready in namedpipe.select(live, 20):
                if ready is server:
                    live.append(stack.enter_context(server.accept(0)))
                    ends.append(connecting[len(ends)].result())
                    writes.append(ends[-1].begin.write(b"%d" % len(ends)))
                else:
                    ready.send(ready.recv(timeout=0))
                    answered += 1
        assert [write.result() for write in writes] == [1, 1, 1]
        assert [end.recv() for end in ends] == [b"1", b"2", b"3"]


def test_nothing_to_wait_for() -> None:
    """n = 0 waits for the deadline."""
    assert namedpipe.select([], 0) == []
    assert namedpipe.select([], 0.02) == []


def test_a_closed_handle_is_ready(messages) -> None:
    """So that its error is seen."""
    server, client = messages
    client.close()
    assert namedpipe.select([client], 10) == [client]
    assert namedpipe.select([server, client], 10) == [server, client]


def test_closing_ends_a_select(messages) -> None:
    """By another thread, of one among several."""
    server, client = messages
    selecting = Call(namedpipe.select, [server, client]).blocked()
    client.close()
    assert client in selecting.result()


def test_two_threads_select_the_same(messages) -> None:
    """Both see it."""
    server, client = messages
    selecting = [Call(namedpipe.select, [client]).blocked() for _ in range(3)]
    server.send(b"x")
    assert [call.result() for call in selecting] == [[client]] * 3


def test_a_select_does_not_disturb_a_read(messages) -> None:
    """Nobody's wake-up is eaten."""
    server, client = messages
    reading = Call(client.recv).blocked()
    selecting = Call(namedpipe.select, [client, server], 20).blocked()
    for i in range(20):
        server.send(b"%d" % i)
        assert reading.result() == b"%d" % i
        reading = Call(client.recv).blocked()
    client.send(b"up")
    assert server in selecting.result()
    server.send(b"end")
    assert reading.result() == b"end"


@pytest.mark.parametrize("wrong", [None, 1, "x", object()])
def test_other_objects_cannot_be_selected(wrong: object) -> None:
    """Wrong arguments are TypeError."""
    with pytest.raises(TypeError):
        namedpipe.select([wrong], 0)


# -------------------------------------------------------------------- descriptors


def wait_for(descriptor: int, seconds: float = 10) -> bool:
    poll = os_select.poll()
    poll.register(descriptor, os_select.POLLIN)
    return bool(poll.poll(seconds * 1000))


def test_a_descriptor_announces_data(name: str, helper: Peer) -> None:
    """Try, then wait, then try until it would wait."""
    with namedpipe.create(name, mode="message") as server:
        client = helper.open(name)
        server.accept(10)
        descriptor = server.fileno()
        for i in range(5):
            with fails(E.TIMEOUT):
                server.recv(timeout=0)
            client.write(b"%d" % i)
            assert wait_for(descriptor)
            assert server.recv(timeout=0) == b"%d" % i


def test_a_descriptor_announces_the_client(name: str, helper: Peer) -> None:
    """Of a listening pipe, and the same one announces its data then."""
    with namedpipe.create(name) as server:
        descriptor = server.fileno()
        with fails(E.TIMEOUT):
            server.accept(0)
        client = helper.open(name)
        assert wait_for(descriptor)
        server.accept(0)
        with fails(E.TIMEOUT):
            server.recv(timeout=0)
        client.write(b"x")
        assert wait_for(descriptor)
        assert server.fileno() == descriptor
        assert server.recv(timeout=0) == b"x"


def test_a_descriptor_announces_room(name: str, helper: Peer) -> None:
    """For a write that would have waited."""
    with namedpipe.create(name, out_quota=10) as server:
        client = helper.open(name)
        server.accept(10)
        descriptor = server.fileno()
        server.send(b"x" * 10, 0)
        with fails(E.TIMEOUT):
            server.send(b"y", 0)
        client.read(10)
        assert wait_for(descriptor)
        server.send(b"y", 0)


def test_a_descriptor_announces_the_end(name: str, helper: Peer) -> None:
    """X4."""
    with namedpipe.create(name) as server:
        client = helper.open(name)
        server.accept(10)
        descriptor = server.fileno()
        with fails(E.TIMEOUT):
            server.recv(timeout=0)
        client.close()
        assert wait_for(descriptor)
        with fails(E.BROKEN_PIPE):
            server.recv(timeout=0)


def test_a_servers_descriptor(name: str, helper: Peer) -> None:
    """One for all instances it will ever listen with."""
    with namedpipe.listen(name) as server:
        descriptor = server.fileno()
        for _ in range(3):
            with fails(E.TIMEOUT):
                server.accept(0)
            helper.open(name)
            assert wait_for(descriptor)
            server.accept(0).close()
        assert server.fileno() == descriptor


def test_a_blocked_read_and_the_descriptor(messages) -> None:
    """Who polls takes nobody's wake-up away."""
    server, client = messages
    descriptor = client.fileno()
    reading = Call(client.recv).blocked()
    assert not wait_for(descriptor, 0)
    server.send(b"x")
    assert reading.result() == b"x"


def test_threads_wait_while_the_main_thread_polls(name: str, helper: Peer) -> None:
    """An accept in another thread, an event loop in this one."""
    with namedpipe.listen(name) as server, namedpipe.create(name + "2") as other:
        accepting = Call(server.accept).blocked()
        assert accepting.native_id
        helper.open(name + "2")
        assert wait_for(other.fileno())
        assert is_blocked(os.getpid(), accepting.native_id)
        helper.open(name)
        accepting.result().close()
