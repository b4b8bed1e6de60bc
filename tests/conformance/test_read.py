# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the namedpipe authors

"""Section 11: ReadFile."""

import pytest

from conformance.library import OK
from conformance.world import (
    BYTE,
    FLAG_NOWAIT,
    FOREVER,
    MESSAGE,
    READMODE_MESSAGE,
    World,
    both_types,
    data,
    rules,
)
from ground import E

# -------------------------------------------------------------------------------- empty


@rules("R1")
@both_types
def test_an_empty_pipe_is_waited_for(w: World, mode: int) -> None:
    s, c = w.ends(mode)
    for reader, writer in ((s, c), (c, s)):
        assert reader.read(ms=0) == E.TIMEOUT
        reading = reader.begin.read(10, FOREVER).blocked()
        writer.write(b"x")
        assert reading.result() == (OK, b"x")


@rules("R1")
@both_types
@pytest.mark.parametrize("size", [0, 10])
def test_a_nowait_end_finds_nothing(w: World, mode: int, size: int) -> None:
    s, c = w.ends(mode, flags=FLAG_NOWAIT)
    for _ in range(2):
        assert s.read(size, FOREVER) == E.NO_DATA
    c.write(b"x")
    assert s.read() == (OK, b"x")
    assert s.read() == E.NO_DATA


# ---------------------------------------------------------------------------- as bytes


@rules("R2")
@both_types
def test_bytes_are_joined_over_writes(w: World, mode: int) -> None:
    s, c = w.ends(mode, read_mode=BYTE)
    for part in (b"ab", b"cde", b"f"):
        s.write(part)
    assert c.read(4) == (OK, b"abcd")
    assert c.read(10) == (OK, b"ef")
    assert c.read(10, 0) == E.TIMEOUT


@rules("R2")
@both_types
def test_a_byte_read_never_waits_to_be_filled(w: World, mode: int) -> None:
    s, c = w.ends(mode, read_mode=BYTE)
    s.write(b"abc")
    assert c.read(100, FOREVER) == (OK, b"abc")
    reading = c.begin.read(100).blocked()
    s.write(b"d")
    assert reading.result() == (OK, b"d")


# Messages, then what byte-reads of 4 get.
EMPTY_MESSAGES = [
    ([b""], [b""]),
    ([b"", b""], [b""]),
    ([b"a", b"", b"b"], [b"ab"]),
    ([b"", b"ab"], [b"ab"]),
    ([b"", b"", b"ab", b"", b""], [b"ab"]),
    ([b"a", b""], [b"a"]),
    ([b"abcd", b""], [b"abcd", b""]),
    ([b"abcd", b"", b"e"], [b"abcd", b"e"]),
]


@rules("R2", "R7")
@pytest.mark.parametrize(("messages", "got"), EMPTY_MESSAGES)
def test_empty_messages_read_as_bytes(
    w: World, messages: list[bytes], got: list[bytes]
) -> None:
    s, c = w.ends(MESSAGE, read_mode=BYTE)
    for message in messages:
        s.write(message)
    for part in got:
        assert c.read(4) == (OK, part)
    assert c.read(4, 0) == E.TIMEOUT


# ------------------------------------------------------------------------- as messages


@rules("R3")
def test_one_message_at_a_time(w: World) -> None:
    s, c = w.ends(MESSAGE)
    for message in (b"one", b"two"):
        s.write(message)
    assert c.read(100) == (OK, b"one")
    assert c.read(3) == (OK, b"two")


@rules("R3", "R4")
def test_a_long_message_comes_in_parts(w: World) -> None:
    s, c = w.ends(MESSAGE)
    s.write(b"abcdefgh")
    s.write(b"next")
    assert c.read(3) == (E.MORE_DATA, b"abc")
    assert c.read(3) == (E.MORE_DATA, b"def")
    assert c.read(3) == (OK, b"gh")
    assert c.read(3) == (E.MORE_DATA, b"nex")
    assert c.read(1) == (OK, b"t")


@rules("R3", "R4")
def test_the_rest_of_a_message_is_for_any_thread(w: World) -> None:
    s, c = w.ends(MESSAGE)
    s.write(b"abcdef")
    assert c.begin.read(2).result() == (E.MORE_DATA, b"ab")
    assert c.read(2) == (E.MORE_DATA, b"cd")
    assert c.begin.read(2).result() == (OK, b"ef")


@rules("R4", "R3")
def test_a_read_that_waited_gets_a_part_as_well(w: World) -> None:
    s, c = w.ends(MESSAGE)
    reading = c.begin.read(3).blocked()
    s.write(b"abcdef")
    assert reading.result() == (E.MORE_DATA, b"abc")
    assert c.read(3) == (OK, b"def")


@rules("R7", "WR1")
def test_nothing_read_is_an_empty_message_never_the_end(w: World) -> None:
    s, c = w.ends(MESSAGE)
    s.write(b"")
    assert c.read(FOREVER >> 16) == (OK, b"")
    s.write(b"")
    s.close()
    assert c.read() == (OK, b"")
    assert c.read() == E.BROKEN_PIPE


# ------------------------------------------------------------------------ reads of none


@rules("R5", "R1")
@both_types
def test_a_read_of_nothing_waits_for_data(w: World, mode: int) -> None:
    s, c = w.ends(mode)
    assert c.read(0, 0) == E.TIMEOUT
    reading = c.begin.read(0).blocked()
    s.write(b"abc")
    assert reading.result() == (OK if mode == BYTE else E.MORE_DATA, b"")
    assert c.peek()[2] == 3
    assert c.read(0) == (OK if mode == BYTE else E.MORE_DATA, b"")
    assert c.read(10) == (OK, b"abc")


@rules("R5")
def test_a_read_of_nothing_as_bytes_of_messages(w: World) -> None:
    s, c = w.ends(MESSAGE, read_mode=BYTE)
    reading = c.begin.read(0).blocked()
    s.write(b"abc")
    assert reading.result() == (OK, b"")
    assert c.read(0) == (OK, b"")
    assert c.read() == (OK, b"abc")


@rules("R5", "R7")
def test_a_read_of_nothing_takes_an_empty_message(w: World) -> None:
    s, c = w.ends(MESSAGE)
    s.write(b"")
    s.write(b"x")
    assert c.read(0) == (OK, b"")
    assert c.read() == (OK, b"x")
    reading = c.begin.read(0).blocked()
    s.write(b"")
    assert reading.result() == (OK, b"")
    assert c.read(ms=0) == E.TIMEOUT


@rules("R5", "WR2", "R8")
@both_types
def test_the_read_behind_a_read_of_nothing(w: World, mode: int) -> None:
    s, c = w.ends(mode)
    reads = [c.begin.read(size).blocked() for size in (0, 10)]
    s.write(b"abc")
    assert reads[0].result() == (OK if mode == BYTE else E.MORE_DATA, b"")
    assert reads[1].result() == (OK, b"abc")


# --------------------------------------------------------------------- and other modes


@rules("R6", "S2")
def test_a_change_of_mode_within_a_message(w: World) -> None:
    s, c = w.ends(MESSAGE)
    for message in (b"abcdef", b"ghi", b"jkl"):
        s.write(message)
    assert c.read(2) == (E.MORE_DATA, b"ab")
    assert c.set_state(0) == OK
    assert c.read(1) == (OK, b"c")
    assert c.read(4) == (OK, b"defg")
    assert c.set_state(READMODE_MESSAGE) == OK
    assert c.read(1) == (E.MORE_DATA, b"h")
    assert c.read(9) == (OK, b"i")
    assert c.read(9) == (OK, b"jkl")


@rules("R8")
@both_types
def test_reads_are_served_in_their_order(w: World, mode: int) -> None:
    s, c = w.ends(mode)
    reads = [c.begin.read(1).blocked() for _ in range(5)]
    for i, reading in enumerate(reads):
        s.write(bytes([i]))
        assert reading.result() == (OK, bytes([i]))


@rules("R9", "P3")
@both_types
def test_what_writers_wait_with_is_read_too(w: World, mode: int) -> None:
    s, c = w.ends(mode, out_quota=3)
    writes = [s.begin.write(part).blocked() for part in (b"abcd", b"efg")]
    assert c.peek()[2] == 7
    if mode == BYTE:  # it may come in parts: R2, R9 in rules.py
        got = b""
        while len(got) < 7:
            got += c.read()[1]
        assert got == b"abcdefg"
    else:
        assert [c.read(), c.read()] == [(OK, b"abcd"), (OK, b"efg")]
    assert [write.result() for write in writes] == [(OK, 4), (OK, 3)]


@rules("R9", "WR3")
def test_one_large_read_of_one_large_write(w: World) -> None:
    s, c = w.ends(MESSAGE, out_quota=100)
    sent = data(200_000)
    reading = c.begin.read(200_000).blocked()
    assert s.write(sent, FOREVER) == (OK, 200_000)
    assert reading.result() == (OK, sent)
