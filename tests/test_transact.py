# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the namedpipe authors

"""np_transact: a request and its reply as one call."""

import pytest

from conftest import Call
from harness import FOREVER, NOWAIT, READMODE_MESSAGE, E, Pair, fails, pattern


def test_request_and_reply(pair: Pair) -> None:
    """TR1."""
    server, client = pair.ends(mode="message")
    asking = client.begin.transact(b"question", ms=FOREVER)
    assert server.recv() == b"question"
    client.until_blocked()
    server.write(b"answer")
    assert asking.result() == (b"answer", False)


def test_the_server_may_ask(pair: Pair) -> None:
    """TR1: either end."""
    server, client = pair.ends(mode="message")
    asking = server.begin.transact(b"who are you", ms=FOREVER)
    assert client.recv() == b"who are you"
    client.write(b"nobody")
    assert asking.result() == (b"nobody", False)


def test_requests_one_after_the_other(pair: Pair) -> None:
    """TR3: also empty ones, with empty replies."""
    server, client = pair.ends(mode="message")
    for request, reply in ((b"a", b""), (b"", b"b"), (b"", b""), (b"cc", b"dd")):
        asking = client.begin.transact(request, ms=FOREVER)
        assert server.recv() == request
        server.write(reply)
        assert asking.result() == (reply, False)


def test_the_request_does_not_wait_for_the_quota(pair: Pair) -> None:
    """TR3: it is sent although nobody reads, and may be of any size."""
    server, client = pair.ends(mode="message", in_quota=0)
    with fails(E.TIMEOUT):
        client.transact(pattern(3000), ms=0)
    asking = client.begin.transact(pattern(2000, 1), ms=FOREVER)
    client.until_blocked()
    assert server.recv() == pattern(3000)
    assert server.recv() == pattern(2000, 1)
    server.write(b"done")
    assert asking.result() == (b"done", False)


def test_a_request_larger_than_the_ring(pair: Pair) -> None:
    """TR3."""
    server, client = pair.ends(mode="message", in_quota=0)
    asking = client.begin.transact(pattern(200_000), ms=FOREVER)
    assert server.recv() == pattern(200_000)
    writing = server.begin.write(pattern(300_000), FOREVER)
    assert asking.result() == (pattern(300_000), False)
    assert writing.result() == 300_000


def test_a_read_that_waits_takes_the_request(pair: Pair) -> None:
    """TR3."""
    server, client = pair.ends(mode="message", in_quota=0)
    reading = server.begin.recv(FOREVER)
    server.until_blocked()
    asking = client.begin.transact(b"request", ms=FOREVER)
    assert reading.result() == b"request"
    server.write(b"reply")
    assert asking.result() == (b"reply", False)


@pytest.mark.parametrize("size", [10, 5000, 10_000])
def test_a_reply_that_does_not_fit(pair: Pair, size: int) -> None:
    """TR3: 234 with a full buffer, the rest is readable."""
    server, client = pair.ends(mode="message")
    asking = client.begin.transact(b"request", size - 3, FOREVER)
    server.recv()
    server.write(pattern(size))
    assert asking.result() == (pattern(size)[:-3], True)
    assert client.recv() == pattern(size)[-3:]


def test_a_reply_of_which_nothing_fits(pair: Pair) -> None:
    """TR3, R5."""
    server, client = pair.ends(mode="message")
    asking = client.begin.transact(b"request", 0, FOREVER)
    server.recv()
    server.write(b"reply")
    assert asking.result() == (b"", True)
    assert client.recv() == b"reply"


def test_unread_data_is_in_the_way(pair: Pair) -> None:
    """TR2: 231, and the request is not sent; an empty message counts."""
    server, client = pair.ends(mode="message")
    for unread in (b"early", b""):
        server.write(unread)
        with fails(E.PIPE_BUSY):
            client.transact(b"request", ms=0)
        assert server.peek(0)[1] == 0
        assert client.recv() == unread


def test_a_read_that_waits_is_in_the_way(messages) -> None:
    """TR2: 231."""
    server, client = messages
    reading = Call(client.recv).blocked()
    with fails(E.PIPE_BUSY):
        client.transact(b"request", 0)
    server.send(b"x")
    assert reading.result() == b"x"


@pytest.mark.parametrize("ms", [0, 30])
def test_a_deadline_leaves_the_request_sent(pair: Pair, ms: int) -> None:
    """TR4: it ends only the wait; the reply can be read later."""
    server, client = pair.ends(mode="message")
    with fails(E.TIMEOUT):
        client.transact(b"request", ms=ms)
    assert server.recv() == b"request"
    server.write(b"late reply")
    assert client.recv() == b"late reply"


def test_cancel_leaves_the_request_sent(messages) -> None:
    """TR4: 995."""
    server, client = messages
    asking = Call(client.transact, b"request").blocked()
    assert client.cancel()
    with fails(E.OPERATION_ABORTED):
        asking.result()
    assert server.recv(timeout=0) == b"request"


def test_nowait_does_not_apply(pair: Pair) -> None:
    """TR4: it waits for the reply all the same."""
    server, client = pair.ends(mode="message", in_quota=0)
    client.setstate(NOWAIT | READMODE_MESSAGE)
    asking = client.begin.transact(b"request", ms=FOREVER)
    client.until_blocked()
    assert server.recv() == b"request"
    client.until_blocked()
    server.write(b"reply")
    assert asking.result() == (b"reply", False)


# ----------------------------------------------------------------- where it cannot


def test_not_on_a_byte_pipe(pair: Pair) -> None:
    """TR1: 230."""
    server, client = pair.ends(mode="byte")
    for end in (server, client):
        with fails(E.BAD_PIPE):
            end.transact(b"x", ms=0)
    assert server.peek(0)[1] == client.peek(0)[1] == 0


def test_not_on_an_end_that_reads_bytes(pair: Pair) -> None:
    """TR1: 230, and this end's mode alone decides."""
    server, client = pair.ends(mode="message", read_mode="byte")
    with fails(E.BAD_PIPE):
        client.transact(b"x", ms=0)
    asking = server.begin.transact(b"x", ms=FOREVER)
    assert client.read(10) == (b"x", False)
    client.write(b"y")
    assert asking.result() == (b"y", False)


@pytest.mark.parametrize("access", ["in", "out"])
def test_not_on_a_one_way_pipe(pair: Pair, access: str) -> None:
    """TR1: duplex only, else 230."""
    server = pair.server.create(pair.name, mode="message", access=access)
    client = pair.client.open(pair.name, "w" if access == "in" else "r")
    for end in (server, client):
        with fails(E.BAD_PIPE):
            end.transact(b"x", ms=0)


@pytest.mark.parametrize("access", ["r", "w"])
def test_not_with_half_the_rights(pair: Pair, access: str) -> None:
    """F2: a client that may only read, or only write, is denied: 5."""
    pair.server.create(pair.name, mode="message")
    client = pair.client.open(pair.name, access, "message")
    with fails(E.ACCESS_DENIED):
        client.transact(b"x", ms=0)


def test_states(pair: Pair) -> None:
    """Section 3: 230 listening, closing and disconnected; 233 for a client that
    was thrown out."""
    server = pair.server.create(pair.name, mode="message")
    with fails(E.BAD_PIPE):
        server.transact(b"x", ms=0)
    client = pair.client.open(pair.name, read_mode="message")
    client.close()
    with fails(E.BAD_PIPE):
        server.transact(b"x", ms=0)
    server.disconnect()
    with fails(E.BAD_PIPE):
        server.transact(b"x", ms=0)
    with fails(E.TIMEOUT):
        server.accept(0)
    client = pair.client.open(pair.name, read_mode="message")
    server.disconnect()
    with fails(E.PIPE_NOT_CONNECTED):
        client.transact(b"x", ms=0)


def test_the_partner_leaves_instead_of_answering(pair: Pair) -> None:
    """X4, D2: 109 after a close, 233 after a disconnect."""
    server, client = pair.ends(mode="message")
    asking = client.begin.transact(b"request", ms=FOREVER)
    server.recv()
    client.until_blocked()
    server.disconnect()
    with fails(E.PIPE_NOT_CONNECTED):
        asking.result()
    client.close()
    with fails(E.TIMEOUT):
        server.accept(0)
    client = pair.client.open(pair.name, read_mode="message")
    asking = client.begin.transact(b"request", ms=FOREVER)
    server.recv()
    client.until_blocked()
    server.close()
    with fails(E.BROKEN_PIPE):
        asking.result()
