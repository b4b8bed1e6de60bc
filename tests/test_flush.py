# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the namedpipe authors

"""np_flush: until the other end has read it."""

import pytest

import namedpipe
from conftest import Call
from harness import FOREVER, NOWAIT, E, Pair, fails

MODES = pytest.mark.parametrize("mode", ["byte", "message"])


@MODES
def test_flush_waits_until_all_is_read(pair: Pair, mode: str) -> None:
    """FL1."""
    server, client = pair.ends(mode=mode)
    server.write(b"abc")
    server.write(b"def")
    flushing = server.begin.flush(FOREVER)
    server.until_blocked()
    assert client.read(5, 0)[0] in (b"abc", b"abcde")
    server.until_blocked()
    client.read(5, 0)
    flushing.result()


@MODES
def test_flush_of_nothing(pair: Pair, mode: str) -> None:
    """FL2: at once, and reading the other way has nothing to do with it."""
    server, client = pair.ends(mode=mode)
    client.write(b"unread")
    for _ in range(2):
        server.flush(0)
    server.write(b"x")
    client.read(1)
    server.flush(0)


def test_flush_while_the_peer_waits_for_data(pair: Pair) -> None:
    """FL2."""
    server, client = pair.ends()
    reading = client.begin.read(10, FOREVER)
    client.until_blocked()
    server.flush(0)
    server.write(b"x")
    server.flush()
    assert reading.result() == (b"x", False)


@pytest.mark.parametrize("ms", [0, 30])
def test_flush_has_a_limit(pair: Pair, ms: int) -> None:
    """258, and nothing is lost by it."""
    server, client = pair.ends()
    server.write(b"abc")
    with fails(E.TIMEOUT):
        server.flush(ms)
    assert client.read(10) == (b"abc", False)


def test_flush_waits_for_an_empty_message_too(pair: Pair) -> None:
    """FL1, WR1: it is something that was queued."""
    server, client = pair.ends(mode="message")
    server.write(b"")
    flushing = server.begin.flush(FOREVER)
    server.until_blocked()
    assert client.recv() == b""
    flushing.result()


def test_flush_of_half_a_message(pair: Pair) -> None:
    """FL1: everything is more than a part."""
    server, client = pair.ends(mode="message")
    server.write(b"abcdef")
    flushing = server.begin.flush(FOREVER)
    server.until_blocked()
    assert client.read(5) == (b"abcde", True)
    server.until_blocked()
    assert client.read(5) == (b"f", False)
    flushing.result()


def test_what_is_written_later_does_not_delay_it(messages) -> None:
    """FL1: our decision is the marker, not the empty queue."""
    server, client = messages
    server.send(b"before")
    # Ample, and short for Wine, which waits in vain.
    flushing = Call(server.flush, 4.0).blocked()
    server.send(b"after")
    assert client.recv() == b"before"
    flushing.result()
    assert client.recv() == b"after"


def test_a_flush_waits_for_a_write_that_waits(name: str) -> None:
    """FL1: what another thread's blocked write has queued is before it."""
    with (
        namedpipe.create(name, mode="message", out_quota=0) as server,
        namedpipe.connect(name) as client,
    ):
        writing = Call(server.send, b"over quota").blocked()
        flushing = Call(server.flush).blocked()
        assert client.recv() == b"over quota"
        assert writing.result() == 10
        flushing.result()


def test_a_write_that_gives_up_lets_the_flush_go(name: str) -> None:
    """FL2: cancelled writes that empty the queue release it."""
    with (
        namedpipe.create(name, mode="message", out_quota=0) as server,
        namedpipe.connect(name),
    ):
        writing = Call(server.send, b"over quota", 0.5).blocked()
        flushing = Call(server.flush).blocked()
        with fails(E.TIMEOUT):
            writing.result()
        flushing.result()


def test_the_reader_leaves(pair: Pair) -> None:
    """FL3, X3: 109."""
    server, client = pair.ends()
    server.write(b"abc")
    flushing = server.begin.flush(FOREVER)
    server.until_blocked()
    client.close()
    with fails(E.BROKEN_PIPE):
        flushing.result()


def test_the_server_throws_the_reader_out(messages) -> None:
    """FL3: 233 for the flush of the server's own other thread."""
    server, _ = messages
    server.send(b"abc")
    flushing = Call(server.flush).blocked()
    server.disconnect()
    with fails(E.PIPE_NOT_CONNECTED):
        flushing.result()


def test_the_writer_is_thrown_out(pair: Pair) -> None:
    """FL3: 233 for the client's."""
    server, client = pair.ends()
    client.write(b"abc")
    flushing = client.begin.flush(FOREVER)
    client.until_blocked()
    server.disconnect()
    with fails(E.PIPE_NOT_CONNECTED):
        flushing.result()


def test_both_ends_wait_for_each_other(pair: Pair) -> None:
    """FL3: as on Windows; a deadline is what ends it."""
    server, client = pair.ends()
    server.write(b"unread")
    client.write(b"unread")
    flushing = server.begin.flush(FOREVER)
    server.until_blocked()
    with fails(E.TIMEOUT):
        client.flush(50)
    assert client.read(10) == (b"unread", False)
    flushing.result()
    assert server.read(10) == (b"unread", False)


def test_nowait_does_not_apply(pair: Pair) -> None:
    """FL3: it waits all the same."""
    server, client = pair.ends()
    server.setstate(NOWAIT)
    server.write(b"x")
    flushing = server.begin.flush(FOREVER)
    server.until_blocked()
    client.read(1)
    flushing.result()


def test_states(pair: Pair) -> None:
    """Section 3: fine in every state, as nothing is queued; 233 for a client
    that was thrown out."""
    server = pair.server.create(pair.name)
    server.flush(0)
    client = pair.client.open(pair.name)
    server.write(b"lost with its reader")
    client.close()
    server.flush(0)
    server.disconnect()
    server.flush(0)
    with fails(E.TIMEOUT):
        server.accept(0)
    client = pair.client.open(pair.name)
    server.disconnect()
    with fails(E.PIPE_NOT_CONNECTED):
        client.flush(0)
    with fails(E.TIMEOUT):
        server.accept(0)
    client = pair.client.open(pair.name)
    client.write(b"lost with its reader")
    server.close()
    client.flush(0)


@pytest.mark.parametrize("mode", ["byte", "message"])
def test_read_to_the_end_and_closed(pair: Pair, mode: str) -> None:
    """FL1: everything was read before the reader left: that is success."""
    server, client = pair.ends(mode=mode)
    server.write(b"abc")
    flushing = server.begin.flush(FOREVER)
    server.until_blocked()
    reading, closing = client.begin.read(10), client.begin.close()
    assert reading.result() == (b"abc", False)
    closing.result()
    flushing.result()
