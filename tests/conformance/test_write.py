# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the namedpipe authors

"""Section 10: WriteFile."""

import pytest

from conformance.library import OK
from conformance.world import (
    BYTE,
    FLAG_NOWAIT,
    FOREVER,
    MESSAGE,
    NOWAIT,
    End,
    World,
    both_types,
    data,
    rules,
)
from ground import E


def drain(end: End) -> bytes:
    """All that can be read now."""
    got = b""
    while end.peek()[2]:
        got += end.read()[1]
    return got


# ----------------------------------------------------------------------- empty writes


@rules("WR1")
def test_no_bytes_are_nothing(w: World) -> None:
    s, c = w.ends(BYTE)
    reading = c.begin.read().blocked()
    assert s.write(b"") == (OK, 0)
    reading.blocked()
    s.write(b"x")
    assert reading.result() == (OK, b"x")
    assert s.write(b"") == (OK, 0)
    assert c.read(ms=0) == E.TIMEOUT


@rules("WR1", "R7")
def test_an_empty_message_is_one(w: World) -> None:
    s, c = w.ends(MESSAGE)
    reads = [c.begin.read().blocked() for _ in range(2)]
    assert s.write(b"") == (OK, 0)
    assert reads[0].result() == (OK, b"")
    reads[1].blocked()
    s.write(b"x")
    assert reads[1].result() == (OK, b"x")
    for message in (b"", b"a", b"", b""):
        s.write(message)
    assert [c.read() for _ in range(4)] == [(OK, m) for m in (b"", b"a", b"", b"")]
    assert c.read(ms=0) == E.TIMEOUT


@rules("WR1", "WR4", "WR6")
@pytest.mark.parametrize("quota", [0, 3])
def test_an_empty_message_needs_no_room(w: World, quota: int) -> None:
    s, c = w.ends(MESSAGE, out_quota=quota)
    s.write(bytes(quota))
    for _ in range(50):
        assert s.write(b"", 0) == (OK, 0)
    assert c.read() == (OK, bytes(quota))
    for _ in range(50 - (quota == 0)):
        assert c.read() == (OK, b"")


# -------------------------------------------------------------- reads that are waiting


@rules("WR2", "R8")
def test_one_write_fills_several_reads(w: World) -> None:
    s, c = w.ends(BYTE)
    reads = [c.begin.read(4).blocked() for _ in range(3)]
    assert s.write(b"abcdef") == (OK, 6)
    assert reads[0].result() == (OK, b"abcd")
    assert reads[1].result() == (OK, b"ef")
    reads[2].blocked()
    s.write(b"g")
    assert reads[2].result() == (OK, b"g")


@rules("WR2", "R2")
@both_types
def test_a_byte_read_on_either_type(w: World, mode: int) -> None:
    s, c = w.ends(mode, read_mode=BYTE)
    reads = [c.begin.read(size).blocked() for size in (2, 3, 10)]
    s.write(b"abcd")
    assert reads[0].result() == (OK, b"ab")
    assert reads[1].result() == (OK, b"cd")
    reads[2].blocked()
    s.write(b"efgh")
    assert reads[2].result() == (OK, b"efgh")


@rules("WR2", "R3", "R8")
def test_the_next_waiting_read_gets_the_rest_of_a_message(w: World) -> None:
    s, c = w.ends(MESSAGE)
    reads = [c.begin.read(size).blocked() for size in (4, 3, 9, 9)]
    assert s.write(b"abcdefgh") == (OK, 8)
    assert reads[0].result() == (E.MORE_DATA, b"abcd")
    assert reads[1].result() == (E.MORE_DATA, b"efg")
    assert reads[2].result() == (OK, b"h")
    reads[3].blocked()
    s.write(b"ij")
    assert reads[3].result() == (OK, b"ij")


@rules("WR2", "WR3")
@both_types
def test_waiting_reads_are_not_charged(w: World, mode: int) -> None:
    s, c = w.ends(mode, out_quota=4)
    reads = [c.begin.read(3).blocked() for _ in range(2)]
    assert s.write(b"0123456789", FOREVER) == (OK, 10)
    assert [read.result()[1] for read in reads] == [b"012", b"345"]
    assert c.peek()[2] == 4
    assert s.write(b"x", 0) == E.TIMEOUT
    assert c.read() == (OK, b"6789")


@rules("WR2", "WR3")
@both_types
def test_one_byte_too_many_beyond_the_waiting_reads(w: World, mode: int) -> None:
    s, c = w.ends(mode, out_quota=4)
    reading = c.begin.read(3).blocked()
    writing = s.begin.write(b"01234567")
    assert reading.result()[1] == b"012"
    writing.blocked()
    assert c.peek()[2] == 5
    assert c.read(1)[1] == b"3"
    assert writing.result() == (OK, 8)
    assert c.read() == (OK, b"4567")


# --------------------------------------------------------------------------- the quota


@rules("WR3")
@both_types
@pytest.mark.parametrize("quota", [1, 10, 512, 4096, 65536])
def test_the_quota_is_exact(w: World, mode: int, quota: int) -> None:
    s, c = w.ends(mode, out_quota=quota)
    assert s.write(data(quota)) == (OK, quota)
    assert s.write(b"x", 0) == E.TIMEOUT
    assert c.peek()[2] == quota
    assert c.read(1)[1] == data(1)
    assert s.write(b"y", 0) == (OK, 1)
    assert s.write(b"z", 0) == E.TIMEOUT
    assert drain(c) == data(quota)[1:] + b"y"


@rules("WR3")
def test_messages_cost_no_more_than_their_bytes(w: World) -> None:
    s, c = w.ends(MESSAGE, out_quota=300)
    for i in range(300):
        assert s.write(bytes([i & 255]), 0) == (OK, 1)
    assert s.write(b"x", 0) == E.TIMEOUT
    assert [c.read()[1] for _ in range(300)] == [bytes([i & 255]) for i in range(300)]


@rules("WR3", "P3", "R9")
@both_types
@pytest.mark.parametrize("quota", [0, 1, 512, 10_000])
def test_a_write_of_quota_and_2000_ends_after_2000_are_read(
    w: World, mode: int, quota: int
) -> None:
    s, c = w.ends(mode, out_quota=quota)
    sent = data(quota + 2000)
    writing = s.begin.write(sent, FOREVER).blocked()
    assert c.peek()[2] == quota + 2000
    got = c.read(1000)[1] + c.read(999)[1]
    assert len(got) == 1999
    writing.blocked()
    assert c.peek()[2] == quota + 1
    got += c.read(1)[1]
    assert writing.result() == (OK, quota + 2000)
    assert got + drain(c) == sent


@rules("WR3")
@both_types
def test_what_was_there_before_counts(w: World, mode: int) -> None:
    s, c = w.ends(mode, out_quota=100)
    assert s.write(bytes(60)) == (OK, 60)
    writing = s.begin.write(data(50)).blocked()
    assert len(c.read(9)[1]) == 9
    writing.blocked()
    assert len(c.read(1)[1]) == 1
    assert writing.result() == (OK, 50)
    assert drain(c) == bytes(50) + data(50)


@rules("WR3", "R9")
@both_types
def test_a_write_that_waits_is_read_whole(w: World, mode: int) -> None:
    s, c = w.ends(mode, out_quota=10)
    sent = data(300_000)
    writing = s.begin.write(sent).blocked()
    assert c.peek(3)[1:3] == (sent[:3], 300_000)
    got = c.read()[1]
    if mode == BYTE:  # it may come in parts: R2, R9 in rules.py
        while len(got) < 300_000:
            got += c.read()[1]
    assert got == sent
    assert writing.result() == (OK, 300_000)


@rules("WR4")
@both_types
def test_writers_wait_in_line(w: World, mode: int) -> None:
    s, c = w.ends(mode, out_quota=4)
    writes = [s.begin.write(bytes([65 + i]) * 5).blocked() for i in range(3)]
    assert c.peek()[2] == 15
    assert c.read(5) == (OK, b"AAAAA")
    assert writes[0].result() == (OK, 5)
    writes[1].blocked()
    assert c.read(5) == (OK, b"BBBBB")
    assert writes[1].result() == (OK, 5)
    assert c.read(5) == (OK, b"CCCCC")
    assert writes[2].result() == (OK, 5)


@rules("WR4")
@both_types
def test_a_small_write_does_not_overtake(w: World, mode: int) -> None:
    s, c = w.ends(mode, out_quota=10)
    large = s.begin.write(b"a" * 12).blocked()
    assert s.write(b"b", 0) == E.TIMEOUT
    small = s.begin.write(b"b").blocked()
    assert c.read(2)[1] == b"aa"
    assert large.result() == (OK, 12)
    small.blocked()
    assert c.read(1)[1] == b"a"
    assert small.result() == (OK, 1)
    assert drain(c) == b"a" * 9 + b"b"


@rules("WR4", "WR1")
def test_an_empty_message_does_not_wait_in_line(w: World) -> None:
    s, c = w.ends(MESSAGE, out_quota=10)
    large = s.begin.write(b"a" * 12).blocked()
    assert s.write(b"", 0) == (OK, 0)
    large.blocked()
    assert c.read() == (OK, b"a" * 12)
    assert c.read() == (OK, b"")
    assert large.result() == (OK, 12)


@rules("WR5")
@both_types
@pytest.mark.parametrize("size", [1, 65535, 65536, 65537, 1_000_000])
def test_a_write_tells_its_full_size(w: World, mode: int, size: int) -> None:
    s, c = w.ends(mode)
    writing = s.begin.write(data(size))
    got = b""
    while len(got) < size:
        got += c.read(300_000)[1]
    assert writing.result() == (OK, size)
    assert got == data(size)


@rules("WR6")
@both_types
def test_a_quota_of_nothing(w: World, mode: int) -> None:
    s, c = w.ends(mode, out_quota=0)
    assert s.write(b"x", 0) == E.TIMEOUT
    assert c.peek()[2] == 0
    writing = s.begin.write(b"abc").blocked()
    assert c.peek(2)[1:3] == (b"ab", 3)
    assert c.read(2)[1] == b"ab"
    writing.blocked()
    assert c.read() == (OK, b"c")
    assert writing.result() == (OK, 3)
    reading = c.begin.read(3).blocked()
    assert s.write(b"def") == (OK, 3)
    assert reading.result() == (OK, b"def")


# ---------------------------------------------------------------------- without waiting

# What waits, and what a write of so much into a quota of 512 then reports.
NOWAIT_WRITES = [
    (BYTE, [], 512, 512),
    (BYTE, [], 513, 0),
    (MESSAGE, [], 512, 512),
    (MESSAGE, [], 513, 0),
    (BYTE, [1], 513, 513),
    (BYTE, [1], 514, 1),
    (MESSAGE, [1], 513, 513),
    (MESSAGE, [1], 514, 0),
    (BYTE, [3, 4], 519, 519),
    (BYTE, [3, 4], 520, 7),
    (MESSAGE, [3, 4], 519, 519),
    (MESSAGE, [3, 4], 520, 0),
    (BYTE, [600], 600, 600),
    (MESSAGE, [600], 600, 600),
]


@rules("WR7", "WR2")
@pytest.mark.parametrize(
    ("mode", "waiting", "size", "put"),
    NOWAIT_WRITES,
    ids=lambda value: str(value).replace(" ", ""),
)
def test_nowait(w: World, mode: int, waiting: list[int], size: int, put: int) -> None:
    s, c = w.ends(mode, out_quota=512, flags=FLAG_NOWAIT)
    reads = [c.begin.read(n).blocked() for n in waiting]
    sent = data(size)
    assert s.write(sent, FOREVER) == (OK, put)
    if put == 0:
        # Nothing is queued, and who waits has not been touched.
        for reading in reads:
            reading.blocked()
        sent = b"m" * sum(waiting)
        for n in waiting:
            assert s.write(b"m" * n) == (OK, n)
    got = b"".join(reading.result()[1] for reading in reads)
    assert got == sent[: sum(waiting)]
    assert drain(c) == (sent[sum(waiting) : put] if put else b"")


@rules("WR7", "WR4")
@both_types
def test_nowait_behind_what_is_there(w: World, mode: int) -> None:
    s, c = w.ends(mode, out_quota=10, flags=FLAG_NOWAIT)
    assert s.write(data(6)) == (OK, 6)
    assert s.write(data(5)) == (OK, 0)
    assert s.write(data(4)) == (OK, 4)
    assert s.write(b"x") == (OK, 0)
    assert s.write(b"") == (OK, 0)
    assert len(c.read(1)[1]) == 1
    assert s.write(b"xy") == (OK, 0)
    assert s.write(b"x") == (OK, 1)


@rules("WR7", "WR6")
def test_nowait_with_a_quota_of_nothing(w: World) -> None:
    s, c = w.ends(BYTE, out_quota=0, flags=FLAG_NOWAIT)
    assert s.write(b"x") == (OK, 0)
    reading = c.begin.read(2).blocked()
    assert s.write(b"xyz") == (OK, 2)
    assert reading.result() == (OK, b"xy")
    assert c.peek()[2] == 0


@rules("WR7", "S2b")
def test_nowait_is_the_writers_mode(w: World) -> None:
    s, c = w.ends(BYTE, in_quota=2, out_quota=2)
    assert c.set_state(NOWAIT) == OK
    assert c.write(b"xyz") == (OK, 0)
    writing = s.begin.write(b"abc").blocked()
    assert c.read() == (OK, b"abc")
    assert writing.result() == (OK, 3)


# ------------------------------------------------------------------------ wrong states


@rules("WR9", "X4")
@both_types
@pytest.mark.parametrize("content", [b"", b"x"])
@pytest.mark.parametrize("flags", [0, FLAG_NOWAIT], ids=["wait", "nowait"])
def test_without_a_partner(w: World, mode: int, content: bytes, flags: int) -> None:
    s = w.create(mode, flags=flags)
    assert s.write(content) == E.PIPE_LISTENING
    w.open().close()
    assert s.write(content) == E.NO_DATA
    s.disconnect()
    assert s.write(content) == E.PIPE_NOT_CONNECTED
