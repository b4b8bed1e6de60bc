# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the namedpipe authors

"""np_close: what the other end notices, and what one's own calls do."""

import pytest

import namedpipe
from conftest import Call
from harness import (
    CLOSING,
    FOREVER,
    E,
    End,
    Pair,
    Peer,
    fails,
    pattern,
    require,
    spawn,
)

MODES = pytest.mark.parametrize("mode", ["byte", "message"])
SIDES = pytest.mark.parametrize("closes", ["server", "client"])


def sides(pair: Pair, closes: str, **options) -> tuple[End, End]:
    """Who closes, and who stays."""
    server, client = pair.ends(**options)
    return (server, client) if closes == "server" else (client, server)


@SIDES
@MODES
def test_what_was_written_stays_readable(pair: Pair, mode: str, closes: str) -> None:
    """X2: in order and with bounds, then 109, again and again."""
    gone, here = sides(pair, closes, mode=mode)
    for part in (b"one", b"two", b"three"):
        gone.write(part)
    gone.close()
    if mode == "message":
        assert here.read(2) == (b"on", True)
        assert here.read(2) == (b"e", False)
        assert [here.recv(), here.recv()] == [b"two", b"three"]
    else:
        assert here.read(100) == (b"onetwothree", False)
    for _ in range(2):
        with fails(E.BROKEN_PIPE):
            here.read(10)


@SIDES
def test_the_survivor_is_closing(pair: Pair, closes: str) -> None:
    """O4: with and without unread data."""
    gone, here = sides(pair, closes)
    gone.write(b"x")
    gone.close()
    assert here.state()[0] == CLOSING
    here.read(1)
    assert here.state()[0] == CLOSING


@SIDES
@MODES
def test_a_read_that_waits_ends(pair: Pair, mode: str, closes: str) -> None:
    """X4: 109."""
    gone, here = sides(pair, closes, mode=mode)
    reading = here.begin.read(10, FOREVER)
    here.until_blocked()
    gone.close()
    with fails(E.BROKEN_PIPE):
        reading.result()


@SIDES
def test_a_write_that_waits_ends(pair: Pair, closes: str) -> None:
    """X3: 109; and a later one gives 232."""
    gone, here = sides(pair, closes, in_quota=0, out_quota=0)
    writing = here.begin.write(b"nobody reads", FOREVER)
    here.until_blocked()
    gone.close()
    with fails(E.BROKEN_PIPE):
        writing.result()
    with fails(E.NO_DATA):
        here.write(b"x")


@SIDES
def test_writes_after_the_close(pair: Pair, closes: str) -> None:
    """X4: 232, not 109, as often as one tries."""
    gone, here = sides(pair, closes)
    gone.close()
    for data in (b"x", b"", b"y"):
        with fails(E.NO_DATA):
            here.write(data)


@SIDES
def test_what_the_closing_end_had_not_read_is_gone(pair: Pair, closes: str) -> None:
    """X3: the writer has no part in it any more."""
    gone, here = sides(pair, closes)
    here.write(b"unread")
    gone.close()
    here.flush(0)
    with fails(E.BROKEN_PIPE):
        here.read(1)


@MODES
def test_written_and_closed_before_the_accept(pair: Pair, mode: str) -> None:
    """X6: the data is there."""
    server = pair.server.create(pair.name, mode=mode)
    client = pair.client.open(pair.name)
    client.write(pattern(5000))
    client.close()
    assert server.read(5000) == (pattern(5000), False)
    with fails(E.BROKEN_PIPE):
        server.read(1)


@pytest.mark.parametrize("language", ["c", "lua", "py"])
@pytest.mark.parametrize("side", ["server", "client"])
def test_the_end_of_a_process_closes(
    language: str, side: str, helper: Peer, name: str
) -> None:
    """X1: what it wrote can be read."""
    require(language)
    with spawn(language) as leaving:
        makers = (leaving, helper) if side == "server" else (helper, leaving)
        server = makers[0].create(name, mode="message")
        client = makers[1].open(name, read_mode="message")
        gone, here = (server, client) if side == "server" else (client, server)
        gone.write(b"last words")
        leaving.quit()
        assert here.recv() == b"last words"
        with fails(E.BROKEN_PIPE):
            here.recv()


@MODES
def test_a_write_that_waits_when_its_end_is_closed(name: str, mode: str) -> None:
    """X5: the reader still gets it; the write itself was cut off, 995."""
    with namedpipe.create(name, mode=mode, out_quota=10) as server:
        client = namedpipe.connect(name)
        with client:
            writing = Call(server.send, pattern(1000)).blocked()
            server.close()
            with fails(E.OPERATION_ABORTED):
                writing.result()
            assert client.recv(timeout=5) == pattern(1000)
            with fails(E.BROKEN_PIPE):
                client.recv(timeout=5)


# -------------------------------------------------------------- one's own handle


def test_a_closed_handle(peer: Peer, name: str) -> None:
    """6, for every call, and only the pipe that was closed."""
    first, second = peer.create(name), peer.create(name)
    first.close()
    for call in (
        lambda: first.read(1, 0),
        lambda: first.write(b"x", 0),
        lambda: first.accept(0),
        first.disconnect,
        first.info,
    ):
        with fails(E.INVALID_HANDLE):
            call()
    assert second.info()[0] == 1


def test_python_says_what_is_closed(name: str) -> None:
    """As files do: ValueError; closing twice is fine."""
    pipe = namedpipe.create(name)
    pipe.close()
    pipe.close()
    assert pipe.closed
    with pytest.raises(ValueError, match="closed"):
        pipe.recv(timeout=0)
    with pytest.raises(ValueError, match="closed"):
        pipe.send(b"x", timeout=0)


OWN = {
    "recv": (),
    "send": (b"x" * 100,),
    "flush": (),
    "transact": (b"x",),
    "read": (10,),
}


@pytest.mark.parametrize("call", OWN)
def test_closing_ends_ones_own_blocked_calls(name: str, call: str) -> None:
    """X1, I6: 995 in every thread; the other end sees the close."""
    with namedpipe.create(name, mode="message") as server:
        client = namedpipe.connect(name)
        if call == "send":
            client.send(b"y" * 65536)
        if call == "flush":
            client.send(b"unread")
        function = getattr(client, call)
        count = 1 if call == "transact" else 3
        calls = [Call(function, *OWN[call]).blocked() for _ in range(count)]
        client.close()
        for blocked in calls:
            with fails(E.OPERATION_ABORTED):
                blocked.result()
        while True:
            try:
                server.recv(timeout=5)
            except namedpipe.BrokenPipe as error:
                assert error.winerror == E.BROKEN_PIPE
                break


def test_closing_ends_a_pending_accept(name: str) -> None:
    """O4: 995 by our decision, as for every call on a handle that is closed."""
    server = namedpipe.create(name)
    accepting = [Call(server.accept).blocked() for _ in range(2)]
    server.close()
    for call in accepting:
        with fails(E.OPERATION_ABORTED):
            call.result()
    assert not namedpipe.exists(name)


def test_a_client_in_the_queue_learns_at_once(pair: Pair) -> None:
    """X3: connected, never accepted, and the server closes."""
    server = pair.server.create(pair.name)
    client = pair.client.open(pair.name)
    reading = client.begin.read(10, FOREVER)
    client.until_blocked()
    server.close()
    with fails(E.BROKEN_PIPE):
        reading.result()
    with fails(E.NO_DATA):
        client.write(b"x")


def test_linger_lets_the_reader_finish(name: str) -> None:
    """FL1, X2: close(linger) flushes first."""
    with namedpipe.create(name, mode="message") as server:
        client = namedpipe.connect(name)
        client.send(b"read me")
        closing = Call(client.close, 10).blocked()
        assert server.recv() == b"read me"
        closing.result()
        with fails(E.BROKEN_PIPE):
            server.recv()


@MODES
def test_a_large_write_read_to_its_end_has_succeeded(pair: Pair, mode: str) -> None:
    """WR3: enough was read, whatever the reader does next."""
    server, client = pair.ends(mode=mode, out_quota=100)
    writing = server.begin.fill(1, 200_000, FOREVER)
    got = 0
    while got < 200_000:
        got += len(client.read(200_000)[0])
    client.close()
    assert writing.result() == 200_000
