# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the namedpipe authors

"""np_write: the quota, waiting, and taking a write back."""

import pytest

import namedpipe
from conftest import Call
from harness import FOREVER, NOWAIT, E, End, Pair, fails, pattern
from observe import LARGE

MODES = pytest.mark.parametrize("mode", ["byte", "message"])


def drain(end: End) -> bytes:
    """All that is there now."""
    got = b""
    while end.peek(0)[1]:
        got += end.read(1 << 20, 0)[0]
    return got


# ------------------------------------------------------------------ empty writes


def test_writing_nothing_to_a_stream_does_nothing(pair: Pair) -> None:
    """WR1: a read that waits goes on waiting."""
    server, client = pair.ends(mode="byte")
    reading = client.begin.read(10, FOREVER)
    client.until_blocked()
    assert server.write(b"") == 0
    client.until_blocked()
    server.write(b"x")
    assert reading.result() == (b"x", False)
    server.write(b"")
    assert client.peek(0) == (b"", 0, 0)


def test_an_empty_message_is_a_message(pair: Pair) -> None:
    """WR1: it is queued, and wakes one read with 0 bytes."""
    server, client = pair.ends(mode="message")
    reading = client.begin.read(10, FOREVER)
    client.until_blocked()
    assert server.write(b"", 0) == 0
    assert reading.result() == (b"", False)
    server.write(b"", 0)
    server.write(b"a", 0)
    assert client.read(10) == (b"", False)
    assert client.read(10) == (b"a", False)


def test_an_empty_message_never_waits(pair: Pair) -> None:
    """WR1: also with the quota used up, or of 0."""
    server, client = pair.ends(mode="message", out_quota=5, in_quota=0)
    server.write(b"12345", 0)
    writes = [end.begin.write(b"", 0) for end in (server, client) * 20]
    assert [write.result() for write in writes] == [0] * 40
    assert client.recv() == b"12345"
    reads = [end.begin.recv() for end in (server, client) * 20]
    assert [read.result() for read in reads] == [b""] * 40


# ------------------------------------------------------------ reads that are waiting


@MODES
def test_a_waiting_read_is_served_past_the_quota(pair: Pair, mode: str) -> None:
    """WR2: what a read takes is not charged."""
    server, client = pair.ends(mode=mode, out_quota=0)
    reading = client.begin.read(5, FOREVER)
    client.until_blocked()
    assert server.write(b"12345") == 5
    assert reading.result() == (b"12345", False)


def test_one_write_fills_several_byte_reads(stream) -> None:
    """WR2: and each read completes with what one write gives."""
    server, client = stream
    reads = [Call(client.recv, 4).blocked() for _ in range(3)]
    server.send(b"abcdef")
    assert reads[0].result() == b"abcd"
    assert reads[1].result() == b"ef"
    reads[2].blocked()
    server.send(b"g")
    assert reads[2].result() == b"g"


def test_a_message_goes_on_in_the_next_waiting_read(messages) -> None:
    """WR2: a read that is too small completes 234, the next has the rest."""
    server, client = messages
    buffers = [bytearray(4), bytearray(3), bytearray(9)]
    reads = [Call(client.recv_into, buffer).blocked() for buffer in buffers]
    server.send(b"abcdefgh")
    server.send(b"ij")
    assert [read.result() for read in reads] == [(4, True), (3, True), (1, False)]
    assert b"".join(buffers).startswith(b"abcdefgh")
    assert client.recv() == b"ij"


# ---------------------------------------------------------------------- the quota


@MODES
@pytest.mark.parametrize("quota", [1, 10, 512, 4096, 65536])
def test_the_quota_is_exact(pair: Pair, mode: str, quota: int) -> None:
    """WR3: what fits completes now; one byte more does not, and no record of
    it costs anything."""
    server, client = pair.ends(mode=mode, out_quota=quota)
    assert server.fill(1, quota, 0) == quota
    with fails(E.TIMEOUT):
        server.fill(2, 1, 0)
    assert client.peek(0)[1] == quota
    assert client.read(1, 0) == (b"\1", mode == "message" and quota > 1)
    assert server.fill(3, 1, 0) == 1
    with fails(E.TIMEOUT):
        server.fill(4, 1, 0)


def test_many_small_messages_fit_the_quota(pair: Pair) -> None:
    """WR3: no per-message overhead."""
    server, client = pair.ends(mode="message", out_quota=300)
    sent = [bytes([i & 255]) for i in range(300)]
    writes = [server.begin.write(message, 0) for message in sent]
    assert [write.result() for write in writes] == [1] * 300
    with fails(E.TIMEOUT):
        server.write(b"x", 0)
    reads = [client.begin.recv() for _ in sent]
    assert [read.result() for read in reads] == sent


@MODES
@pytest.mark.parametrize("quota", [0, 1, 512, 10_000])
def test_an_over_quota_write_waits_exactly_long_enough(
    pair: Pair, mode: str, quota: int
) -> None:
    """WR3: a write of quota + 2000 completes after 2000 bytes are read."""
    server, client = pair.ends(mode=mode, out_quota=quota)
    data = pattern(quota + 2000)
    writing = server.begin.write(data, FOREVER)
    server.until_blocked()
    assert client.peek(0)[1] == len(data)
    got = client.read(1000)[0] + client.read(999)[0]
    assert len(got) == 1999
    assert client.peek(0)[1] == quota + 1
    server.until_blocked()
    got += client.read(1)[0]
    assert writing.result() == len(data)
    assert got + drain(client) == data


@MODES
def test_what_was_there_before_counts(pair: Pair, mode: str) -> None:
    """WR3: the write is pending until its own unread rest fits."""
    server, client = pair.ends(mode=mode, out_quota=100)
    assert server.fill(1, 60, 0) == 60
    writing = server.begin.fill(2, 50, FOREVER)
    server.until_blocked()
    assert client.read(9)[0] == b"\1" * 9
    server.until_blocked()
    assert client.read(1)[0] == b"\1"
    assert writing.result() == 50
    assert len(drain(client)) == 100


@MODES
def test_a_quota_of_nothing(pair: Pair, mode: str) -> None:
    """WR6: every write that is not empty pends until it is read."""
    server, client = pair.ends(mode=mode, out_quota=0)
    with fails(E.TIMEOUT):
        server.write(b"x", 0)
    for i in range(3):
        writing = server.begin.fill(i, 3, FOREVER)
        server.until_blocked()
        assert client.read(3) == (bytes([i]) * 3, False)
        assert writing.result() == 3


def test_the_directions_have_quotas_of_their_own(pair: Pair) -> None:
    """O2."""
    server, client = pair.ends(out_quota=10, in_quota=20)
    assert server.fill(1, 10, 0) == 10
    assert client.fill(2, 20, 0) == 20
    with fails(E.TIMEOUT):
        server.write(b"x", 0)
    with fails(E.TIMEOUT):
        client.write(b"x", 0)
    assert server.read(100) == (b"\2" * 20, False)
    with fails(E.TIMEOUT):
        server.write(b"x", 0)
    assert client.fill(2, 20, 0) == 20


@MODES
def test_a_write_reports_its_full_size(pair: Pair, mode: str) -> None:
    """WR5."""
    server, client = pair.ends(mode=mode, out_quota=1000)
    for size in (1, 999):
        assert server.fill(0, size) == size
    writing = server.begin.fill(0, LARGE, FOREVER)
    server.until_blocked()
    total = 1000 + LARGE
    while total:
        total -= len(client.read(1 << 20)[0])
    assert writing.result() == LARGE


# ------------------------------------------------------------------- one by one


def test_writers_wait_in_line(name: str) -> None:
    """WR4: in the order of their calls."""
    with (
        namedpipe.create(name, mode="message", out_quota=4) as server,
        namedpipe.connect(name) as client,
    ):
        writes = [Call(server.send, bytes([i]) * 5).blocked() for i in range(4)]
        assert client.peek(0).available == 20
        for i in range(4):
            assert client.recv() == bytes([i]) * 5
        assert [write.result() for write in writes] == [5] * 4


@pytest.mark.parametrize("mode", ["byte", "message"])
def test_a_small_write_does_not_overtake(name: str, mode: str) -> None:
    """WR4: a write that waits has taken all that was free."""
    with (
        namedpipe.create(name, mode=mode, out_quota=10) as server,
        namedpipe.connect(name) as client,
    ):
        waiting = Call(server.send, b"a" * 12).blocked()
        with fails(E.TIMEOUT):
            server.send(b"b", 0)
        with fails(E.TIMEOUT):
            server.send(b"b", 0.03)
        assert client.recv(2) if mode == "byte" else client.recv_into(bytearray(2))
        assert waiting.result() == 12
        with fails(E.TIMEOUT):
            server.send(b"b", 0)


def test_an_empty_message_does_not_wait_in_line(name: str) -> None:
    """WR4: the exception: behind a write that waits it is queued at once."""
    with (
        namedpipe.create(name, mode="message", out_quota=10) as server,
        namedpipe.connect(name) as client,
    ):
        waiting = Call(server.send, b"a" * 12).blocked()
        assert server.send(b"", 0) == 0
        waiting.blocked()
        assert client.recv() == b"a" * 12
        assert client.recv(timeout=10) == b""
        assert waiting.result() == 12


def test_reading_and_writing_do_not_wait_for_each_other(pair: Pair) -> None:
    """I7: never serialised; here each end is blocked in both at once."""
    with (
        namedpipe.create(pair.name, out_quota=0, in_quota=0) as server,
        namedpipe.connect(pair.name) as client,
    ):
        reads = [Call(end.recv).blocked() for end in (server, client)]
        assert server.send(b"down") == 4
        assert client.send(b"up") == 2
        assert [read.result() for read in reads] == [b"up", b"down"]


# ----------------------------------------------------------------------- NOWAIT


def test_nowait_in_message_mode_writes_all_or_nothing(pair: Pair) -> None:
    """WR7: success with 0 bytes, nothing queued."""
    server, client = pair.ends(mode="message", out_quota=512)
    server.setstate(NOWAIT | 2)
    assert server.fill(1, 513, FOREVER) == 0
    assert client.peek(0)[1] == 0
    assert server.fill(1, 512, FOREVER) == 512
    assert server.fill(1, 1, FOREVER) == 0
    assert server.write(b"", FOREVER) == 0
    assert client.recv() == b"\1" * 512
    assert client.recv() == b""


def test_nowait_in_byte_mode_leaves_the_queue_alone(pair: Pair) -> None:
    """WR7: 513 into 512 free is 0, not 512."""
    server, client = pair.ends(mode="byte", out_quota=512)
    server.setstate(NOWAIT)
    assert server.fill(1, 513, FOREVER) == 0
    assert client.peek(0)[1] == 0
    assert server.fill(1, 512, FOREVER) == 512


@pytest.mark.parametrize(
    ("mode", "size", "put"),
    [("byte", 513, 513), ("byte", 514, 1), ("message", 514, 0)],
)
def test_nowait_with_a_read_waiting(pair: Pair, mode: str, size: int, put: int) -> None:
    """WR7: a waiting read of 1 lets 513 through a quota of 512; of 514 a stream
    gives it the one byte, a message is not written at all."""
    server, client = pair.ends(mode=mode, out_quota=512)
    server.setstate(NOWAIT | (2 if mode == "message" else 0))
    reading = client.begin.read(1, FOREVER)
    client.until_blocked()
    assert server.fill(9, size, FOREVER) == put
    if put == 0:
        client.until_blocked()
        assert server.fill(9, 1, FOREVER) == 1
    assert reading.result()[0] == b"\t"
    assert client.peek(0)[1] == max(0, put - 1)


def test_nowait_message_513_past_a_waiting_read(pair: Pair) -> None:
    """WR7, WR2: in message mode too the read's share is not charged."""
    server, client = pair.ends(mode="message", out_quota=512)
    server.setstate(NOWAIT | 2)
    reading = client.begin.read(1, FOREVER)
    client.until_blocked()
    assert server.fill(9, 513, FOREVER) == 513
    assert reading.result() == (b"\t", True)
    assert client.recv() == b"\t" * 512


# ---------------------------------------------------------------------- deadlines


@MODES
@pytest.mark.parametrize("ms", [0, 1, 40])
def test_a_write_that_times_out_moves_nothing(pair: Pair, mode: str, ms: int) -> None:
    """258: a message is sent whole or not at all; a stream is not fed a part."""
    server, client = pair.ends(mode=mode, out_quota=10)
    server.write(b"before", 0)
    with fails(E.TIMEOUT):
        server.write(pattern(100), ms)
    assert client.peek(0)[1] == 6
    assert server.write(b"next", 0) == 4
    assert client.recv() == (b"before" if mode == "message" else b"beforenext")


@MODES
def test_a_large_write_that_times_out_moves_nothing(pair: Pair, mode: str) -> None:
    """The same for what does not fit the ring."""
    server, client = pair.ends(mode=mode, out_quota=100)
    with fails(E.TIMEOUT):
        server.fill(1, 1 << 20, 30)
    assert client.peek(0)[1] == 0
    with fails(E.TIMEOUT):
        client.read(1, 0)
    server.write(b"small")
    assert client.recv() == b"small"


def test_a_write_seen_by_peek_can_still_be_taken_back(pair: Pair) -> None:
    """R9: visible while it waits, gone when its time is up."""
    server, client = pair.ends(mode="message", out_quota=10)
    writing = server.begin.write(pattern(50), 1000)
    server.until_blocked()
    assert client.peek(4) == (pattern(50)[:4], 50, 46)
    with fails(E.TIMEOUT):
        writing.result()
    assert client.peek(4) == (b"", 0, 0)
    with fails(E.TIMEOUT):
        client.read(1, 0)


def test_a_message_half_read_and_taken_back(pair: Pair) -> None:
    """I5: its unread rest is removed; the next message follows."""
    server, client = pair.ends(mode="message", out_quota=0)
    writing = server.begin.write(b"abcdefgh", 1000)
    server.until_blocked()
    assert client.read(3) == (b"abc", True)
    with fails(E.TIMEOUT):
        writing.result()
    with fails(E.TIMEOUT):
        client.read(10, 0)
    reading = client.begin.recv(FOREVER)
    client.until_blocked()
    server.write(b"next")
    assert reading.result() == b"next"


@pytest.mark.parametrize(("mode", "written"), [("byte", 3), ("message", 3)])
def test_python_tells_how_much_was_read(name: str, mode: str, written: int) -> None:
    """I5: what had been read of the write that was taken back."""
    with (
        namedpipe.create(name, mode=mode, out_quota=0) as server,
        namedpipe.connect(name) as client,
    ):
        with pytest.raises(namedpipe.PipeTimeoutError) as caught:
            server.send(b"nobody reads", 0.02)
        assert caught.value.written == 0
        writing = Call(server.send, b"abcdefgh", 1.0).blocked()
        assert client.recv_into(bytearray(3))[0] == 3
        with pytest.raises(namedpipe.PipeTimeoutError) as caught:
            writing.result()
        assert caught.value.written == written


def test_cancel_takes_back_every_write_that_waits(name: str) -> None:
    """I5: 995, and the handle stays usable."""
    with (
        namedpipe.create(name, mode="message", out_quota=2) as server,
        namedpipe.connect(name) as client,
    ):
        writes = [Call(server.send, b"long one").blocked() for _ in range(3)]
        assert server.cancel()
        for write in writes:
            with fails(E.OPERATION_ABORTED):
                write.result()
        assert not server.cancel()
        server.send(b"ok", 0)
        assert client.recv(timeout=0) == b"ok"


# -------------------------------------------------------------------- wrong states


@MODES
@pytest.mark.parametrize("data", [b"", b"x"])
def test_writes_without_a_partner(pair: Pair, mode: str, data: bytes) -> None:
    """WR9, X4: 536 listening, 232 closing, 233 disconnected; also 0 bytes."""
    listening = pair.server.create(pair.name, mode=mode)
    with fails(E.PIPE_LISTENING):
        listening.write(data, 0)
    client = pair.client.open(pair.name)
    client.close()
    with fails(E.NO_DATA):
        listening.write(data, 0)
    listening.disconnect()
    with fails(E.PIPE_NOT_CONNECTED):
        listening.write(data, 0)


@MODES
@pytest.mark.parametrize("data", [b"", b"x"])
def test_a_client_writes_without_a_partner(pair: Pair, mode: str, data: bytes) -> None:
    """WR9, X4: 233 after a disconnect, 232 after a close."""
    server, client = pair.ends(mode=mode)
    server.disconnect()
    with fails(E.PIPE_NOT_CONNECTED):
        client.write(data, 0)
    client.close()
    with fails(E.TIMEOUT):
        server.accept(0)
    client = pair.client.open(pair.name)
    server.close()
    with fails(E.NO_DATA):
        client.write(data, 0)
