# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the namedpipe authors

"""np_accept: waiting for the client of an instance, once or again and again."""

import pytest

import namedpipe
from conftest import Call
from harness import (
    CLOSING,
    CONNECTED,
    FOREVER,
    LISTENING,
    NOWAIT,
    E,
    Pair,
    Peer,
    fails,
)


def test_waits_for_the_client(pair: Pair) -> None:
    """N1."""
    server = pair.server.create(pair.name)
    accepting = server.begin.accept(FOREVER)
    server.until_blocked()
    client = pair.client.open(pair.name)
    accepting.result()
    server.write(b"welcome")
    assert client.read(20) == (b"welcome", False)


def test_a_client_that_is_there_already(pair: Pair) -> None:
    """N1: 535 is a good connection, and stays one however often one asks."""
    server = pair.server.create(pair.name)
    client = pair.client.open(pair.name)
    client.write(b"first")
    for _ in range(3):
        server.accept(0)
    assert server.read(20) == (b"first", False)


def test_python_tells_waiting_from_not_waiting(name: str) -> None:
    """N1: True after a wait, False for 535."""
    with namedpipe.create(name) as server:
        accepting = Call(server.accept, 10).blocked()
        with namedpipe.open(name):
            assert accepting.result() is True
            assert server.accept(0) is False


def test_a_client_that_has_left_already(pair: Pair) -> None:
    """N1, X6: 232, yet what it wrote can be read."""
    server = pair.server.create(pair.name, mode="message")
    client = pair.client.open(pair.name)
    client.write(b"one")
    client.write(b"")
    client.write(b"two")
    client.close()
    with fails(E.NO_DATA):
        server.accept()
    assert server.state()[0] == CLOSING
    assert [server.recv() for _ in range(3)] == [b"one", b"", b"two"]
    with fails(E.BROKEN_PIPE):
        server.read(1)
    with fails(E.NO_DATA):
        server.accept()


def test_the_deadline_leaves_the_instance_listening(pair: Pair) -> None:
    """N5: giving up waiting takes the instance away from nobody."""
    server = pair.server.create(pair.name, max_instances=1)
    for ms in (0, 30):
        with fails(E.TIMEOUT):
            server.accept(ms)
    assert server.state()[0] == LISTENING
    pair.client.open(pair.name)
    server.accept(0)


def test_cancel_leaves_the_instance_listening(name: str, helper: Peer) -> None:
    """N5: 995."""
    with namedpipe.create(name) as server:
        accepting = Call(server.accept).blocked()
        assert server.cancel()
        with fails(E.OPERATION_ABORTED):
            accepting.result()
        assert server.state == "listening"
        helper.open(name)
        server.accept(10)


def test_two_accepts_of_one_instance_both_succeed(name: str, helper: Peer) -> None:
    """O4."""
    with namedpipe.create(name) as server:
        accepting = [Call(server.accept).blocked() for _ in range(2)]
        helper.open(name)
        assert [call.result() for call in accepting] == [True, True]


def test_disconnect_ends_a_pending_accept(name: str) -> None:
    """O4: disconnect succeeds while listening, the accept fails 233."""
    with namedpipe.create(name) as server:
        accepting = [Call(server.accept).blocked() for _ in range(2)]
        server.disconnect()
        for call in accepting:
            with fails(E.PIPE_NOT_CONNECTED):
                call.result()
        assert server.state == "disconnected"


def test_nowait_never_waits(pair: Pair) -> None:
    """N3: 536 without a client, 535 with one, 232 after it left."""
    server = pair.server.create(pair.name, nowait=True)
    with fails(E.PIPE_LISTENING):
        server.accept(FOREVER)
    client = pair.client.open(pair.name)
    server.accept(FOREVER)
    assert server.state() == (CONNECTED, NOWAIT)
    client.close()
    with fails(E.NO_DATA):
        server.accept(FOREVER)


def test_nowait_listens_again_and_says_536(pair: Pair) -> None:
    """N3, O4: after a disconnect accept re-arms the instance, and fails."""
    server = pair.server.create(pair.name, nowait=True, max_instances=1)
    pair.client.open(pair.name)
    server.disconnect()
    with fails(E.PIPE_LISTENING):
        server.accept(FOREVER)
    assert server.state()[0] == LISTENING
    pair.client.open(pair.name)
    server.accept(FOREVER)


def test_a_client_end_accepts_nothing(pair: Pair) -> None:
    """N6: 1, whatever state it is in."""
    server, client = pair.ends()
    with fails(E.INVALID_FUNCTION):
        client.accept(0)
    server.close()
    with fails(E.INVALID_FUNCTION):
        client.accept(0)


def test_a_disconnected_client_end_accepts_nothing(pair: Pair) -> None:
    """N6: section 3 has 1 for it in DISCONNECTED too."""
    server, client = pair.ends()
    server.disconnect()
    with fails(E.INVALID_FUNCTION):
        client.accept(0)


@pytest.mark.parametrize("mode", ["byte", "message"])
def test_serves_one_client_after_the_other(pair: Pair, mode: str) -> None:
    """O4: disconnect and accept; nothing of one conversation gets into the next."""
    server = pair.server.create(pair.name, mode=mode, max_instances=1)
    for i in range(5):
        text = b"client %d" % i
        connecting = pair.client.begin.connect(pair.name)
        server.accept()
        client = connecting.result()
        client.write(text)
        assert server.read(100) == (text, False)
        client.write(b"unread")
        server.write(b"unread")
        server.disconnect()
        client.close()


def test_accept_waits_again_after_a_disconnect(pair: Pair) -> None:
    """O4: DISCONNECTED, accept: LISTENING."""
    server, client = pair.ends(max_instances=1)
    client.close()
    server.disconnect()
    accepting = server.begin.accept(FOREVER)
    server.until_blocked()
    pair.client.wait(pair.name, 0)
    pair.client.open(pair.name)
    accepting.result()


def test_reading_accepts(pair: Pair) -> None:
    """O4: who reads without an accept is served as well."""
    server = pair.server.create(pair.name)
    with fails(E.PIPE_LISTENING):
        server.read(10, 0)
    pair.client.open(pair.name).write(b"hello")
    assert server.read(10) == (b"hello", False)


@pytest.mark.linux("the sockets of the Linux transport")
def test_a_connection_without_a_hello_is_no_client(name: str, helper: Peer) -> None:
    """Its open never returned, so it never was there."""
    import socket

    with namedpipe.create(name, max_instances=1) as server:
        accepting = Call(server.accept).blocked()
        with socket.socket(socket.AF_UNIX) as stranger:
            stranger.connect(listener_path())
        accepting.blocked()
        client = helper.connect(name)
        assert accepting.result() is True
        client.write(b"real")
        assert server.recv(timeout=10) == b"real"


def listener_path() -> str:
    import os
    from pathlib import Path

    (path,) = Path(os.environ["NAMEDPIPE_DIR"]).glob("*/i.0")
    return str(path)
