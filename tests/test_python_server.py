# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the namedpipe authors

"""Server and select()."""

import select
import threading

import pytest

import namedpipe
from conftest import LIMIT, Call, Ends


def test_accept_gives_the_servers_end(name):
    with namedpipe.listen(name, mode="message", max_instances=2) as server:
        with namedpipe.connect(name) as client, server.accept() as pipe:
            assert pipe.info == (True, "message", "duplex", 65536, 65536, 2)
            client.send(b"x")
            assert pipe.recv() == b"x"


def test_accept_times_out(name):
    with namedpipe.listen(name) as server:
        for seconds in (0, 0.001):
            with pytest.raises(namedpipe.PipeTimeoutError) as caught:
                server.accept(seconds)
            assert caught.value.winerror == namedpipe.E.TIMEOUT
            assert caught.value.filename == server.path


def test_accept_waits_for_room(name):
    with namedpipe.listen(name, max_instances=1) as server:
        with namedpipe.connect(name), server.accept(LIMIT):
            accepting = Call(server.accept).blocked()
        with namedpipe.connect(name, LIMIT), accepting.result() as pipe:
            assert pipe.state == "connected"


def test_a_name_is_served_once(name):
    with namedpipe.listen(name) as server:
        with pytest.raises(PermissionError) as caught:
            namedpipe.listen(name)
        assert caught.value.filename == server.path


def test_close_ends_a_blocked_accept(name):
    server = namedpipe.listen(name)
    accepting = Call(server.accept).blocked()
    server.close()
    with pytest.raises(namedpipe.OperationAborted):
        accepting.result()
    assert server.closed
    assert not namedpipe.exists(name)


def test_accept_after_close_raises_what_it_raises_during_it(name):
    """Which of the two it is, is chance."""
    server = namedpipe.listen(name)
    server.close()
    server.close()
    with pytest.raises(namedpipe.OperationAborted):
        server.accept()
    assert list(server) == []
    for call in (server.fileno, server.cancel, server.__enter__):
        with pytest.raises(ValueError, match="closed server"):
            call()


def test_cancel_ends_accept_only(name):
    with namedpipe.listen(name) as server:
        assert server.cancel() is False
        accepting = Call(server.accept).blocked()
        assert server.cancel() is True
        with pytest.raises(namedpipe.OperationAborted):
            accepting.result()
        with namedpipe.connect(name), server.accept(LIMIT) as pipe:
            assert not pipe.closed


def test_iteration_ends_when_the_server_is_closed(name):
    server = namedpipe.listen(name, mode="message")
    iterating = Call(lambda: [pipe.close() for pipe in server])
    for _ in range(3):
        with namedpipe.connect(name, LIMIT) as client:
            assert client.read(timeout=LIMIT) == b""
    iterating.blocked()
    server.close()
    assert iterating.result() == [None] * 3


def test_cancel_does_not_end_an_iteration_in_silence(name):
    with namedpipe.listen(name) as server:
        iterating = Call(lambda: list(server)).blocked()
        server.cancel()
        with pytest.raises(namedpipe.OperationAborted):
            iterating.result()


def test_pipes_outlive_their_server(name):
    with namedpipe.listen(name, mode="message") as server:
        client = namedpipe.connect(name)
        pipe = server.accept()
    with client, pipe:
        client.send(b"x")
        assert pipe.recv() == b"x"


def test_serve_runs_a_thread_for_each_client(name):
    together = threading.Barrier(3)
    seen: list[namedpipe.Pipe] = []

    def handler(pipe: namedpipe.Pipe) -> None:
        seen.append(pipe)
        together.wait(LIMIT)
        for message in pipe.messages():
            pipe.send(message.upper())

    with namedpipe.listen(name, mode="message") as server:
        serving = Call(server.serve, handler)
        clients = [namedpipe.connect(name, LIMIT) for _ in range(2)]
        together.wait(LIMIT)
        for client in clients:
            with client:
                assert client.transact(b"abc", LIMIT) == b"ABC"
        server.close()
        assert serving.result() is None
    for thread in threading.enumerate():
        if thread.name.startswith("namedpipe "):
            thread.join(LIMIT)
    assert [pipe.closed for pipe in seen] == [True, True]


def test_a_handler_that_fails_is_reported_and_stops_nothing(name, monkeypatch):
    reported = []
    monkeypatch.setattr(
        threading, "excepthook", lambda entry: reported.append(entry.exc_type)
    )

    def handler(pipe: namedpipe.Pipe) -> None:
        if pipe.recv() == b"fail":
            raise LookupError
        pipe.send(b"fine")

    with namedpipe.listen(name, mode="message") as server:
        serving = Call(server.serve, handler)
        with namedpipe.connect(name, LIMIT) as client:
            client.send(b"fail")
            assert client.read(timeout=LIMIT) == b""  # it closes the pipe
        assert namedpipe.call(name, b"work", LIMIT) == b"fine"
        server.close()
        serving.result()
    for thread in threading.enumerate():
        if thread.name.startswith("namedpipe "):
            thread.join(LIMIT)
    assert reported == [LookupError]


def test_serve_takes_functions_only(name):
    with namedpipe.listen(name) as server:
        with pytest.raises(TypeError, match="needs something to call, not 3"):
            server.serve(3)
        with pytest.raises(TypeError):
            server.serve(print, threads=3)


@pytest.mark.linux("descriptors of pipes")
def test_fileno_of_a_server_can_be_waited_for(name):
    with namedpipe.listen(name) as server:
        poll = select.poll()
        poll.register(server.fileno(), select.POLLIN)
        with pytest.raises(namedpipe.PipeTimeoutError):
            server.accept(0)
        with namedpipe.connect(name):
            assert poll.poll(LIMIT * 1000)
            server.accept(0).close()


# ---------------------------------------------------------------------- select


def test_select_returns_what_is_ready(messages: Ends, name):
    pipe, client = messages
    with namedpipe.listen(name + "s") as server:
        assert namedpipe.select([server, pipe, client], 0) == []
        assert namedpipe.select([server, pipe, client], 0.001) == []
        client.send(b"x")
        assert namedpipe.select([server, pipe, client]) == [pipe]
        with namedpipe.connect(name + "s"):
            assert namedpipe.select((server, pipe, client)) == [server, pipe]
            server.accept().close()
        pipe.recv()
        client.close()
        assert namedpipe.select({pipe}) == [pipe]
        assert namedpipe.select([pipe, client]) == [pipe, client]


def test_select_waits(messages: Ends):
    server, client = messages
    selecting = Call(namedpipe.select, [server, client]).blocked()
    server.send(b"x")
    assert selecting.result() == [client]


def test_a_list_that_changes_meanwhile_does_not_matter(messages: Ends):
    server, client = messages
    objects = [server, client]
    selecting = Call(namedpipe.select, objects).blocked()
    objects.clear()
    server.send(b"x")
    assert selecting.result() == [client]


def test_a_listening_pipe_is_ready_when_its_client_is_there(name):
    with namedpipe.create(name) as pipe:
        assert namedpipe.select([pipe], 0) == []
        with namedpipe.connect(name):
            assert namedpipe.select([pipe], LIMIT) == [pipe]


def test_close_ends_a_blocked_select(messages: Ends):
    server, client = messages
    selecting = Call(namedpipe.select, [server, client]).blocked()
    client.close()
    assert client in selecting.result()


def test_select_takes_pipes_and_servers_only(messages: Ends):
    assert namedpipe.select([], 0) == []
    with pytest.raises(TypeError, match="takes pipes and servers, not 3"):
        namedpipe.select([messages[0], 3], 0)
    with pytest.raises(TypeError):
        namedpipe.select(messages[0].path.encode(), 0)
    with pytest.raises(TypeError):
        namedpipe.select(3)
