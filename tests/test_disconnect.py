# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the namedpipe authors

"""np_disconnect: throwing the client out."""

import pytest

import namedpipe
from conftest import Call
from harness import (
    CLOSING,
    DISCONNECTED,
    FOREVER,
    LISTENING,
    E,
    End,
    Pair,
    fails,
)
from observe import LARGE

MODES = pytest.mark.parametrize("mode", ["byte", "message"])


@MODES
def test_unread_data_is_dropped(pair: Pair, mode: str) -> None:
    """D1, O4: of both directions, even what the client had been sent."""
    server, client = pair.ends(mode=mode, max_instances=1)
    server.write(b"for the client")
    client.write(b"for the server")
    server.disconnect()
    with fails(E.PIPE_NOT_CONNECTED):
        client.read(100, 0)
    with fails(E.PIPE_NOT_CONNECTED):
        server.read(100, 0)
    client.close()
    accepting = server.begin.accept(FOREVER)
    server.until_blocked()
    client = pair.client.open(pair.name)
    accepting.result()
    assert server.peek(0) == client.peek(0) == (b"", 0, 0)


CLIENT_CALLS = {
    "read": lambda end: end.read(10, FOREVER),
    "read nothing": lambda end: end.read(0, FOREVER),
    "recv": lambda end: end.recv(FOREVER),
    "write": lambda end: end.write(b"x", FOREVER),
    "write nothing": lambda end: end.write(b"", FOREVER),
    "peek": lambda end: end.peek(1),
    "transact": lambda end: end.transact(b"x", ms=FOREVER),
    "flush": lambda end: end.flush(FOREVER),
    "state": End.state,
    "setstate": lambda end: end.setstate(2),
    "info": End.info,
    "peer": End.pid,
}


@pytest.mark.parametrize("call", CLIENT_CALLS)
def test_all_the_client_may_do_is_close(pair: Pair, call: str) -> None:
    """D1, section 3: each later call gives 233."""
    server, client = pair.ends(mode="message")
    server.disconnect()
    for _ in range(2):
        with fails(E.PIPE_NOT_CONNECTED):
            CLIENT_CALLS[call](client)
    client.close()


@pytest.mark.parametrize("call", CLIENT_CALLS)
def test_also_after_the_server_has_gone_on(pair: Pair, call: str) -> None:
    """D2: the instance is somebody else's, the old handle is not."""
    server, client = pair.ends(mode="message", max_instances=1)
    server.disconnect()
    accepting = server.begin.accept()
    pair.client.connect(pair.name)
    accepting.result()
    with fails(E.PIPE_NOT_CONNECTED):
        CLIENT_CALLS[call](client)
    server.close()
    with fails(E.PIPE_NOT_CONNECTED):
        CLIENT_CALLS[call](client)


QUOTA = 10_000


def fill_up(end: End) -> None:
    end.fill(0, QUOTA)


BLOCKED = {
    "read": (lambda end: None, lambda begin: begin.read(10, FOREVER)),
    "recv": (lambda end: None, lambda begin: begin.recv(FOREVER)),
    "write": (fill_up, lambda begin: begin.write(b"x", FOREVER)),
    "large write": (lambda end: None, lambda begin: begin.fill(1, LARGE, FOREVER)),
    "flush": (fill_up, lambda begin: begin.flush(FOREVER)),
    "transact": (lambda end: None, lambda begin: begin.transact(b"x", ms=FOREVER)),
}


@pytest.mark.parametrize("call", BLOCKED)
def test_the_clients_blocked_call_ends(pair: Pair, call: str) -> None:
    """D2: 233."""
    server, client = pair.ends(mode="message", in_quota=QUOTA)
    before, begin = BLOCKED[call]
    before(client)
    pending = begin(client.begin)
    client.until_blocked()
    server.disconnect()
    with fails(E.PIPE_NOT_CONNECTED):
        pending.result()


@pytest.mark.parametrize("call", ["recv", "send", "flush", "transact"])
def test_the_servers_own_blocked_calls_end(name: str, call: str) -> None:
    """D2: 233 for all of them, however many there are."""
    with (
        namedpipe.create(name, mode="message", out_quota=0) as server,
        namedpipe.connect(name),
    ):
        data = [] if call in ("recv", "flush") else [b"x" * 10]
        if call == "flush":
            writing = Call(server.send, b"unread").blocked()
        calls = [Call(getattr(server, call), *data).blocked()]
        if call != "transact":
            calls += [Call(getattr(server, call), *data).blocked() for _ in range(2)]
        server.disconnect()
        for blocked in calls:
            with fails(E.PIPE_NOT_CONNECTED):
                blocked.result()
        if call == "flush":
            with fails(E.PIPE_NOT_CONNECTED):
                writing.result()


def test_twice(pair: Pair) -> None:
    """D3: 233."""
    server, _ = pair.ends()
    server.disconnect()
    assert server.state()[0] == DISCONNECTED
    for _ in range(2):
        with fails(E.PIPE_NOT_CONNECTED):
            server.disconnect()


def test_nobody_gets_in_until_the_next_accept(pair: Pair) -> None:
    """D3: 231."""
    server, _ = pair.ends(max_instances=1)
    server.disconnect()
    with fails(E.PIPE_BUSY):
        pair.client.open(pair.name)
    with fails(E.SEM_TIMEOUT):
        pair.client.wait(pair.name, 0)
    assert pair.client.exists(pair.name)
    with fails(E.TIMEOUT):
        server.accept(0)
    assert server.state()[0] == LISTENING
    pair.client.open(pair.name)


def test_a_listening_instance(pair: Pair) -> None:
    """O4, D3: our decision is success; nobody gets in afterwards."""
    server = pair.server.create(pair.name, max_instances=1)
    server.disconnect()
    assert server.state()[0] == DISCONNECTED
    with fails(E.PIPE_BUSY):
        pair.client.open(pair.name)
    with fails(E.TIMEOUT):
        server.accept(0)
    client = pair.client.open(pair.name)
    client.write(b"x")
    assert server.read(1) == (b"x", False)


def test_after_the_client_has_left(pair: Pair) -> None:
    """O4: CLOSING, unread data is dropped."""
    server, client = pair.ends(max_instances=1)
    client.write(b"unread")
    client.close()
    assert server.state()[0] == CLOSING
    server.disconnect()
    with fails(E.PIPE_NOT_CONNECTED):
        server.read(10, 0)


def test_a_client_that_was_not_accepted(pair: Pair) -> None:
    """O4: it is connected all the same, and thrown out."""
    server = pair.server.create(pair.name)
    client = pair.client.open(pair.name)
    client.write(b"hello")
    server.disconnect()
    with fails(E.PIPE_NOT_CONNECTED):
        client.read(1)


def test_not_for_clients(pair: Pair) -> None:
    """Section 3: 1, and 233 once thrown out."""
    server, client = pair.ends()
    with fails(E.INVALID_FUNCTION):
        client.disconnect()
    client.write(b"still here")
    assert server.read(20) == (b"still here", False)
    server.disconnect()
    with fails(E.PIPE_NOT_CONNECTED):
        client.disconnect()


def test_a_client_of_a_closed_server_may_not_either(pair: Pair) -> None:
    """Section 3: 1 in CLOSING as well."""
    server, client = pair.ends()
    server.close()
    with fails(E.INVALID_FUNCTION):
        client.disconnect()


def test_a_flush_before_lets_the_client_read_on(pair: Pair) -> None:
    """D1: as Windows programs do it."""
    server, client = pair.ends(mode="message")
    server.write(b"last words")
    flushing = server.begin.flush(FOREVER)
    server.until_blocked()
    assert client.recv() == b"last words"
    flushing.result()
    server.disconnect()
    with fails(E.PIPE_NOT_CONNECTED):
        client.recv()
