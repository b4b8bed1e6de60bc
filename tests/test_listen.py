# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the namedpipe authors

"""np_listen and np_server_accept: a name kept served."""

import contextlib

import pytest

import namedpipe
from conftest import Call
from harness import FOREVER, E, Pair, Peer, fails


def test_the_name_is_ours_alone(pair: Pair) -> None:
    """C4: NP_FLAG_FIRST is implied; 5, and 5 at the limit too."""
    pair.server.listen(pair.name, max_instances=1)
    for process in (pair.server, pair.client):
        with fails(E.ACCESS_DENIED):
            process.listen(pair.name)
    with fails(E.PIPE_BUSY):
        pair.client.create(pair.name, first=True)


def test_a_pipe_that_exists_is_not_joined(pair: Pair) -> None:
    """C4: 5."""
    pipe = pair.client.create(pair.name)
    with fails(E.ACCESS_DENIED):
        pair.server.listen(pair.name)
    pipe.close()
    pair.server.listen(pair.name)


@pytest.mark.parametrize("mode", ["byte", "message"])
def test_clients_one_by_one(pair: Pair, mode: str) -> None:
    """O4: each gets a pipe of its own, and they live side by side."""
    server = pair.server.listen(pair.name, mode=mode)
    ends = []
    for _ in range(4):
        client = pair.client.open(pair.name, read_mode=mode)
        ends.append((server.saccept(), client))
    for i, (end, client) in enumerate(ends):
        end.write(b"to %d" % i)
        client.write(b"from %d" % i)
    for i, (end, client) in enumerate(ends):
        assert client.recv() == b"to %d" % i
        assert end.recv() == b"from %d" % i


def test_accept_waits(pair: Pair) -> None:
    """N1."""
    server = pair.server.listen(pair.name)
    accepting = server.begin.saccept(FOREVER)
    server.until_blocked()
    client = pair.client.open(pair.name)
    end = accepting.result()
    end.write(b"hello")
    assert client.recv() == b"hello"


def test_accept_has_a_limit(pair: Pair) -> None:
    """258; the name goes on being served."""
    server = pair.server.listen(pair.name)
    for ms in (0, 30):
        with fails(E.TIMEOUT):
            server.saccept(ms)
    pair.client.open(pair.name)
    server.saccept(0)


def test_an_instance_always_listens(pair: Pair) -> None:
    """Made before the connected one is handed out: there is no gap."""
    server = pair.server.listen(pair.name)
    for _ in range(5):
        pair.client.open(pair.name)
        server.saccept(0)
        pair.client.wait(pair.name, 0)


def test_a_client_that_has_left_is_handed_out(pair: Pair) -> None:
    """X6: what it wrote can be read."""
    server = pair.server.listen(pair.name, mode="message")
    client = pair.client.open(pair.name)
    client.write(b"no time to wait")
    client.close()
    end = server.saccept(0)
    assert end.recv() == b"no time to wait"
    with fails(E.BROKEN_PIPE):
        end.recv()


def test_the_limit_is_kept(pair: Pair) -> None:
    """C2: with all instances in use clients find the pipe busy, until one is
    closed."""
    server = pair.server.listen(pair.name, max_instances=2)
    ends = []
    for _ in range(2):
        client = pair.client.open(pair.name)
        ends.append((server.saccept(), client))
    with fails(E.PIPE_BUSY):
        pair.client.open(pair.name)
    with fails(E.TIMEOUT):
        server.saccept(0)
    connecting = pair.client.begin.connect(pair.name, ms=FOREVER)
    pair.client.until_blocked()
    ends[0][0].close()
    client = connecting.result()
    server.saccept().write(b"third")
    assert client.recv() == b"third"


@pytest.mark.parametrize("limit", [1, 2, 3])
def test_an_accept_waits_for_room(name: str, limit: int, helper: Peer) -> None:
    """C2: closing one of the pipes that were handed out is what it waits for."""
    with (
        namedpipe.listen(name, max_instances=limit) as server,
        contextlib.ExitStack() as stack,
    ):
        for _ in range(limit):
            helper.open(name)
            pipe = stack.enter_context(server.accept(10))
        accepting = Call(server.accept, 20).blocked()
        pipe.close()
        helper.connect(name)
        accepting.result().close()


def test_room_made_by_another_process(name: str, pair: Pair) -> None:
    """C8: others may have joined with create; their instances count."""
    server = pair.server.listen(pair.name, max_instances=2)
    joined = pair.client.create(pair.name)
    pair.client.open(pair.name)
    server.saccept()
    accepting = server.begin.saccept(FOREVER)
    server.until_blocked()
    joined.close()
    pair.client.connect(pair.name)
    accepting.result()


def test_closing_frees_the_name_but_not_the_pipes(pair: Pair) -> None:
    """Pipes that were handed out live on, and keep the name as instances do."""
    server = pair.server.listen(pair.name)
    client = pair.client.open(pair.name)
    end = server.saccept()
    server.close()
    with fails(E.PIPE_BUSY):
        pair.client.open(pair.name)
    end.write(b"still here")
    assert client.recv() == b"still here"
    end.close()
    with fails(E.FILE_NOT_FOUND):
        pair.client.open(pair.name)
    with fails(E.BROKEN_PIPE):
        client.recv()


def test_closing_leaves_a_client_that_was_not_accepted(pair: Pair) -> None:
    """X3: it learns at once."""
    server = pair.server.listen(pair.name)
    client = pair.client.open(pair.name)
    reading = client.begin.read(1, FOREVER)
    client.until_blocked()
    server.close()
    with fails(E.BROKEN_PIPE):
        reading.result()


@pytest.mark.parametrize("how", ["close", "cancel"])
@pytest.mark.parametrize("full", [False, True])
def test_blocked_accepts_end(name: str, how: str, full: bool, helper: Peer) -> None:
    """995, also of those that wait for room."""
    with (
        namedpipe.listen(name, max_instances=1) as server,
        contextlib.ExitStack() as stack,
    ):
        if full:
            helper.open(name)
            stack.enter_context(server.accept(10))
        accepting = [Call(server.accept).blocked() for _ in range(3)]
        getattr(server, how)()
        for call in accepting:
            with fails(E.OPERATION_ABORTED):
                call.result()
        stack.close()
        if how == "cancel":
            helper.connect(name)
            server.accept(10).close()


def test_several_threads_accept(name: str, helper: Peer) -> None:
    """Each client is handed out once."""
    with (
        namedpipe.listen(name, mode="message") as server,
        contextlib.ExitStack() as stack,
    ):
        accepting = [Call(server.accept).blocked() for _ in range(4)]
        for i in range(4):
            helper.connect(name).write(b"%d" % i)
        pipes = [stack.enter_context(call.result()) for call in accepting]
        got = sorted(pipe.recv(timeout=10) for pipe in pipes)
        assert got == [b"0", b"1", b"2", b"3"]


@pytest.mark.parametrize("wrong", [{"max_instances": 0}, {"max_instances": 256}])
def test_wrong_limits(peer: Peer, name: str, wrong: dict[str, int]) -> None:
    """C2: as create."""
    with fails(E.INVALID_PARAMETER):
        peer.listen(name, **wrong)
    assert not peer.exists(name)


def test_a_closed_server(peer: Peer, name: str) -> None:
    """6."""
    server = peer.listen(name)
    server.close()
    with fails(E.INVALID_HANDLE):
        server.saccept(0)
    assert not peer.exists(name)


def test_a_disconnected_pipe_may_listen_by_itself(pair: Pair) -> None:
    """O4: it is an instance like any other."""
    server = pair.server.listen(pair.name, max_instances=1)
    pair.client.open(pair.name)
    end = server.saccept()
    end.disconnect()
    accepting = end.begin.accept(FOREVER)
    end.until_blocked()
    client = pair.client.open(pair.name)
    accepting.result()
    client.write(b"again")
    assert end.recv() == b"again"
