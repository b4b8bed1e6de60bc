# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the namedpipe authors

"""np_call: connect, ask, close."""

import pytest

from harness import CLOSING, FOREVER, E, Pair, Peer, fails, pattern


def test_one_call(pair: Pair) -> None:
    """CL1: the server sees a client that asks and is gone."""
    server = pair.server.create(pair.name, mode="message")
    calling = pair.client.begin.call(pair.name, b"question", ms=FOREVER)
    server.accept()
    assert server.recv() == b"question"
    server.write(b"answer")
    assert calling.result() == (b"answer", False)
    with fails(E.BROKEN_PIPE):
        server.read(1)
    assert server.state()[0] == CLOSING


@pytest.mark.parametrize("size", [0, 1, 5000, 200_000])
def test_calls_of_every_size(pair: Pair, size: int) -> None:
    """TR3: request and reply."""
    server = pair.server.create(pair.name, mode="message")
    calling = pair.client.begin.call(pair.name, pattern(size), ms=FOREVER)
    server.accept()
    assert server.recv() == pattern(size)
    writing = server.begin.write(pattern(size, 1), FOREVER)
    assert calling.result() == (pattern(size, 1), False)
    assert writing.result() == size


def test_no_such_pipe_to_call(peer: Peer, name: str) -> None:
    """CL1: 2."""
    with fails(E.FILE_NOT_FOUND):
        peer.call(name, b"x", ms=FOREVER)


@pytest.mark.parametrize("ms", [0, 30])
def test_a_busy_pipe(pair: Pair, ms: int) -> None:
    """CL1: 121."""
    pair.ends(mode="message", max_instances=1)
    with fails(E.SEM_TIMEOUT):
        pair.client.call(pair.name, b"x", ms=ms)


def test_a_call_waits_for_its_turn(pair: Pair) -> None:
    """CL1: for a free instance, within its one time-out."""
    server, client = pair.ends(mode="message", max_instances=1)
    client.close()
    calling = pair.client.begin.call(pair.name, b"question", ms=FOREVER)
    pair.client.until_blocked()
    server.disconnect()
    server.accept()
    assert server.recv() == b"question"
    server.write(b"answer")
    assert calling.result() == (b"answer", False)


def test_nobody_answers(pair: Pair) -> None:
    """The time-out of a call is 121, wherever it spent it."""
    server = pair.server.create(pair.name, mode="message")
    with fails(E.SEM_TIMEOUT):
        pair.client.call(pair.name, b"question", ms=50)
    with fails(E.NO_DATA):
        server.accept()
    assert server.recv() == b"question"
    with fails(E.BROKEN_PIPE):
        server.recv()


def test_a_byte_pipe_cannot_be_called(pair: Pair) -> None:
    """CL1: 87 after having connected: the server sees a short-lived client."""
    server = pair.server.create(pair.name, mode="byte", max_instances=1)
    with fails(E.INVALID_PARAMETER):
        pair.client.call(pair.name, b"x")
    with fails(E.NO_DATA):
        server.accept()


@pytest.mark.parametrize("room", [0, 4, 5000])
def test_a_reply_that_does_not_fit(pair: Pair, room: int) -> None:
    """CL1: 234 with a full buffer, the rest is lost with the connection."""
    server = pair.server.create(pair.name, mode="message")
    calling = pair.client.begin.call(pair.name, b"question", room, FOREVER)
    server.accept()
    server.recv()
    server.write(pattern(6000))
    assert calling.result() == (pattern(6000)[:room], True)
    with fails(E.BROKEN_PIPE):
        server.read(1)


def test_a_one_way_pipe_cannot_be_called(pair: Pair) -> None:
    """F2: call wants to read and to write."""
    pair.server.create(pair.name, mode="message", access="in")
    with fails(E.ACCESS_DENIED):
        pair.client.call(pair.name, b"x")


def test_the_server_hangs_up(pair: Pair) -> None:
    """D2, X4: what transact would have said."""
    server = pair.server.create(pair.name, mode="message")
    calling = pair.client.begin.call(pair.name, b"question", ms=FOREVER)
    server.accept()
    server.recv()
    pair.client.until_blocked()
    server.disconnect()
    with fails(E.PIPE_NOT_CONNECTED):
        calling.result()
