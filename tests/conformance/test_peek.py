# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the namedpipe authors

"""Section 12: PeekNamedPipe."""

import pytest

from conformance.library import OK
from conformance.world import (
    BYTE,
    FLAG_NOWAIT,
    INBOUND,
    MESSAGE,
    OUTBOUND,
    READ,
    WRITE,
    End,
    World,
    both_types,
    rules,
)
from ground import E


def minus(n: int) -> int:
    """0 - n as a DWORD."""
    return -n & 0xFFFFFFFF


@rules("P1")
@both_types
@pytest.mark.parametrize("flags", [0, FLAG_NOWAIT], ids=["wait", "nowait"])
def test_an_empty_pipe(w: World, mode: int, flags: int) -> None:
    s, c = w.ends(mode, flags=flags)
    for end in (s, c):
        assert end.peek(10) == (OK, b"", 0, 0)


@rules("P1")
@both_types
def test_it_takes_nothing(w: World, mode: int) -> None:
    s, c = w.ends(mode)
    s.write(b"abc")
    for _ in range(3):
        assert c.peek(3)[1:3] == (b"abc", 3)
    assert c.read() == (OK, b"abc")


@rules("P1")
@both_types
def test_it_does_not_wait_for_a_read_that_waits(w: World, mode: int) -> None:
    s, c = w.ends(mode)
    reading = c.begin.read().blocked()
    assert c.peek(10) == (OK, b"", 0, 0)
    reading.blocked()
    s.write(b"x")
    assert reading.result() == (OK, b"x")


@rules("P1", "C13", "F2")
def test_it_needs_the_right_to_read(w: World) -> None:
    s, c = w.ends(access=OUTBOUND)
    assert s.peek() == E.ACCESS_DENIED
    assert c.peek() == (OK, b"", 0, 0)
    s.close()
    c.close()
    s, c = w.ends(access=INBOUND)
    assert s.peek() == (OK, b"", 0, 0)
    assert c.peek() == E.ACCESS_DENIED
    s.close()
    s = w.create()
    assert w.open(WRITE).peek() == E.ACCESS_DENIED
    s.disconnect()
    s.accept(0)
    assert w.open(READ).peek() == (OK, b"", 0, 0)


@rules("P2", "P3", "P4")
@pytest.mark.parametrize("read_mode", [BYTE, MESSAGE])
def test_the_first_message_in_either_read_mode(w: World, read_mode: int) -> None:
    s, c = w.ends(MESSAGE, read_mode=read_mode)
    for message in (b"abcd", b"", b"efg"):
        s.write(message)
    assert c.peek(100) == (OK, b"abcd", 7, 0)
    assert c.peek(3) == (OK, b"abc", 7, 1)
    assert c.peek(0) == (OK, b"", 7, 4)


@rules("P2", "P4")
def test_a_byte_pipe_is_looked_at_across_writes(w: World) -> None:
    s, c = w.ends(BYTE)
    for part in (b"abcd", b"efg"):
        s.write(part)
    assert c.peek(100) == (OK, b"abcdefg", 7, minus(7))
    assert c.peek(5) == (OK, b"abcde", 7, minus(5))
    assert c.peek(4) == (OK, b"abcd", 7, minus(4))
    assert c.peek(0) == (OK, b"", 7, 0)


@rules("P3", "R9")
@both_types
def test_what_writers_wait_with_is_counted(w: World, mode: int) -> None:
    s, c = w.ends(mode, out_quota=2)
    writes = [s.begin.write(part).blocked() for part in (b"abcd", b"efg")]
    assert c.peek(2)[1:3] == (b"ab", 7)
    got = b""
    while len(got) < 7:
        got += c.read()[1]
    assert [write.result() for write in writes] == [(OK, 4), (OK, 3)]
    assert c.peek() == (OK, b"", 0, 0)


@rules("P4", "R3")
def test_a_message_that_was_begun(w: World) -> None:
    s, c = w.ends(MESSAGE)
    s.write(b"abcdef")
    s.write(b"gh")
    assert c.read(2) == (E.MORE_DATA, b"ab")
    assert c.peek(3) == (OK, b"cde", 6, 1)
    assert c.peek(9) == (OK, b"cdef", 6, 0)
    assert c.read() == (OK, b"cdef")
    assert c.peek(1) == (OK, b"g", 2, 1)


@rules("P5")
def test_an_empty_message_at_the_front(w: World) -> None:
    s, c = w.ends(MESSAGE)
    s.write(b"")
    assert c.peek(9) == (OK, b"", 0, 0)
    s.write(b"abc")
    assert c.peek(9) == (OK, b"", 3, 0)
    assert c.read() == (OK, b"")
    assert c.peek(9) == (OK, b"abc", 3, 0)


@rules("P5")
def test_a_small_buffer_is_no_error(w: World) -> None:
    s, c = w.ends(MESSAGE)
    s.write(bytes(60_000))
    assert c.peek(1) == (OK, b"\0", 60_000, 59_999)


@rules("T1", "P1")
@both_types
def test_a_failed_peek_leaves_its_outputs_alone(w: World, mode: int) -> None:
    """The backend looks at the outputs of each call that fails."""
    s = w.create(mode)
    c: End | None = None
    assert s.peek(4) == E.BAD_PIPE
    c = w.open()
    c.close()
    assert s.peek(4) == E.BROKEN_PIPE
    s.disconnect()
    assert s.peek(4) == E.BAD_PIPE
    s.accept(0)
    c = w.open()
    s.disconnect()
    assert c.peek(4) == E.PIPE_NOT_CONNECTED
