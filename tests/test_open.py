# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the namedpipe authors

"""np_open: which instance a client gets, with which rights and modes."""

import pytest

from harness import (
    CONNECTED,
    FOREVER,
    LISTENING,
    READMODE_MESSAGE,
    E,
    Pair,
    Peer,
    fails,
)

# Milliseconds: a read that is to find something at once, on the right pipe.
SHORT = 2000


def test_no_such_pipe(peer: Peer, name: str) -> None:
    """F1: 2."""
    with fails(E.FILE_NOT_FOUND):
        peer.open(name)


def test_a_busy_pipe_is_refused_at_once(pair: Pair) -> None:
    """F1: open never waits; 231 when no instance listens."""
    pair.ends(max_instances=1)
    with fails(E.PIPE_BUSY):
        pair.client.open(pair.name)
    with fails(E.PIPE_BUSY):
        pair.server.open(pair.name)


def test_open_connects_both_ends(pair: Pair) -> None:
    """O4."""
    server, client = pair.ends()
    assert server.state()[0] == CONNECTED
    assert client.state()[0] == CONNECTED


# ------------------------------------------------------------------------- rights

ALLOWED = {
    "in": {"w", "none"},
    "out": {"r", "none"},
    "duplex": {"r", "w", "rw", "none"},
}


@pytest.mark.parametrize("access", ["none", "r", "w", "rw"])
@pytest.mark.parametrize("direction", ["in", "out", "duplex"])
def test_access_must_suit_the_direction(
    pair: Pair, direction: str, access: str
) -> None:
    """F2: else 5, and no instance is used up."""
    server = pair.server.create(pair.name, access=direction, max_instances=1)
    if access in ALLOWED[direction]:
        pair.client.open(pair.name, access)
    else:
        with fails(E.ACCESS_DENIED):
            pair.client.open(pair.name, access)
        if direction != "out":  # C13: an outbound server may not ask
            assert server.state()[0] == LISTENING
        pair.client.open(pair.name, "none")


def test_no_access_uses_up_an_instance(pair: Pair) -> None:
    """F2: access 0 is always allowed and is a client like any other."""
    server = pair.server.create(pair.name, max_instances=1)
    client = pair.client.open(pair.name, "none")
    server.accept()
    with fails(E.PIPE_BUSY):
        pair.client.open(pair.name)
    assert client.info()[0] == 0
    for verb in (
        lambda: client.read(1, 0),
        lambda: client.write(b"x", 0),
        lambda: client.peek(1),
        lambda: client.flush(0),
        lambda: client.setstate(0),
    ):
        with fails(E.ACCESS_DENIED):
            verb()
    client.close()
    with fails(E.BROKEN_PIPE):
        server.read(1)


@pytest.mark.parametrize(("direction", "access"), [("in", "r"), ("out", "w")])
def test_wrong_access_wins_over_busy(pair: Pair, direction: str, access: str) -> None:
    """F3."""
    pair.server.create(pair.name, access=direction, max_instances=1)
    pair.client.open(pair.name, "none")
    with fails(E.ACCESS_DENIED):
        pair.client.open(pair.name, access)
    with fails(E.PIPE_BUSY):
        pair.client.open(pair.name, "none")


def test_a_reading_client_asks_but_changes_nothing(pair: Pair) -> None:
    """F4: info comes with any access, the right to set modes with writing."""
    pair.server.create(pair.name, mode="message")
    pair.server.create(pair.name)
    reader = pair.client.open(pair.name, "r")
    writer = pair.client.open(pair.name, "w")
    assert reader.info()[0] == 0
    assert reader.state() == (CONNECTED, 0)
    with fails(E.ACCESS_DENIED):
        reader.setstate(READMODE_MESSAGE)
    writer.setstate(READMODE_MESSAGE)
    assert writer.state() == (CONNECTED, READMODE_MESSAGE)


# -------------------------------------------------------------------------- modes


@pytest.mark.parametrize("nowait", [False, True])
@pytest.mark.parametrize("mode", ["byte", "message"])
def test_a_client_begins_with_byte_reads_and_waiting(
    pair: Pair, mode: str, nowait: bool
) -> None:
    """F5: whatever the server's modes are."""
    pair.server.create(pair.name, mode=mode, nowait=nowait)
    assert pair.client.open(pair.name).state() == (CONNECTED, 0)


def test_a_client_may_ask_for_message_reads(pair: Pair) -> None:
    """F5, S2: open's shorthand for setting the mode afterwards."""
    pair.server.create(pair.name, mode="message")
    client = pair.client.open(pair.name, read_mode="message")
    assert client.state() == (CONNECTED, READMODE_MESSAGE)


def test_message_reads_of_a_byte_pipe(pair: Pair) -> None:
    """S2: 87, and no instance is used up."""
    pair.server.create(pair.name, mode="byte", max_instances=1)
    with fails(E.INVALID_PARAMETER):
        pair.client.open(pair.name, read_mode="message")
    pair.client.open(pair.name)


# ---------------------------------------------------------------- which instance


def test_the_instance_that_has_listened_longest(pair: Pair) -> None:
    """F6: in the order of creation, over processes."""
    ends = [process.create(pair.name) for process in (pair.server, pair.client) * 3]
    for i, end in enumerate(ends):
        pair.client.open(pair.name).write(b"%d" % i)
        assert end.read(10, SHORT) == (b"%d" % i, False)


def test_listening_again_goes_to_the_end_of_the_line(pair: Pair) -> None:
    """F6: what counts is when an instance began to listen, not its creation."""
    first, second, third = (pair.server.create(pair.name) for _ in range(3))
    pair.client.open(pair.name).close()
    first.disconnect()
    with fails(E.TIMEOUT):
        first.accept(0)
    for end in (second, third, first):
        pair.client.open(pair.name).write(b"x")
        assert end.read(10, SHORT) == (b"x", False)


def test_a_pending_accept_gives_no_priority(pair: Pair) -> None:
    """F6."""
    oldest = pair.server.create(pair.name)
    other = pair.client.create(pair.name)
    accepting = other.begin.accept(FOREVER)
    other.until_blocked()
    pair.server.open(pair.name).write(b"x")
    assert oldest.read(10, SHORT) == (b"x", False)
    other.until_blocked()
    pair.server.open(pair.name)
    accepting.result()


def test_a_disconnected_instance_is_not_connected_to(pair: Pair) -> None:
    """D3: 231 until an accept re-arms it."""
    server, _ = pair.ends(max_instances=1)
    server.disconnect()
    with fails(E.PIPE_BUSY):
        pair.client.open(pair.name)
    accepting = server.begin.accept()
    server.until_blocked()
    pair.client.open(pair.name)
    accepting.result()


def test_an_instance_whose_client_left_is_not_connected_to(pair: Pair) -> None:
    """Section 3: 231 in CLOSING, as long as the server lives."""
    _, client = pair.ends(max_instances=1)
    client.close()
    with fails(E.PIPE_BUSY):
        pair.client.open(pair.name)


def test_every_listening_instance_is_found(pair: Pair) -> None:
    """F1: BUSY is only said when it is true."""
    ends = [pair.server.create(pair.name) for _ in range(20)]
    clients = [pair.client.open(pair.name) for _ in range(20)]
    with fails(E.PIPE_BUSY):
        pair.client.open(pair.name)
    for i in range(0, 20, 3):
        ends[i].close()
    with fails(E.PIPE_BUSY):
        pair.client.open(pair.name)
    for i in range(1, 20, 3):
        ends[i].disconnect()
        with fails(E.TIMEOUT):
            ends[i].accept(0)
    for _ in range(1, 20, 3):
        clients.append(pair.client.open(pair.name))
    with fails(E.PIPE_BUSY):
        pair.client.open(pair.name)
