# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the namedpipe authors

"""Section 5: CreateNamedPipe."""

import time

import pytest

from conformance.library import OK
from conformance.world import (
    BYTE,
    DUPLEX,
    FLAG_FIRST,
    FLAG_NOWAIT,
    INBOUND,
    MESSAGE,
    MODE_DEFAULT,
    OUTBOUND,
    READ,
    READMODE_MESSAGE,
    USE_DEFAULT,
    WRITE,
    End,
    World,
    both_types,
    rules,
)
from ground import E


@rules("C1")
@pytest.mark.parametrize(
    "wrong",
    [
        {"access": 0},
        {"access": 4},
        {"mode": 0},
        {"mode": 3},
        {"read_mode": 3},
        {"flags": 8},
        {"flags": 0x80000000},
    ],
    ids=str,
)
def test_modes_and_flags_that_are_none(w: World, wrong: dict[str, int]) -> None:
    assert w.create(**wrong) == E.INVALID_PARAMETER
    assert w.exists() == E.FILE_NOT_FOUND


@rules("C2")
@pytest.mark.parametrize("number", [0, 256, 0xFFFFFFFF])
def test_an_impossible_number_of_instances(w: World, number: int) -> None:
    assert w.create(max_instances=number) == E.INVALID_PARAMETER


@rules("C2")
@pytest.mark.parametrize("number", [1, 2, 254])
def test_the_number_of_instances_is_a_limit(w: World, number: int) -> None:
    made = [w.create(max_instances=number) for _ in range(number)]
    assert w.create(max_instances=number) == E.PIPE_BUSY
    assert made[-1].info()[6] == number
    assert made[0].state()[3] == number


@rules("C2", "S1")
def test_255_is_no_limit(w: World) -> None:
    made = [w.create(max_instances=255) for _ in range(256)]
    assert all(isinstance(end, End) for end in made)
    assert made[0].info()[6] == 255
    assert made[0].state()[3] == 255


@rules("C3")
def test_bytes_have_no_messages_to_read(w: World) -> None:
    assert w.create(BYTE, MESSAGE) == E.INVALID_PARAMETER


@rules("C4", "C5")
def test_first_means_first(w: World) -> None:
    s = w.create(flags=FLAG_FIRST)
    assert w.create(flags=FLAG_FIRST) == E.ACCESS_DENIED
    assert isinstance(w.create(), End)
    s.close()
    assert w.create(flags=FLAG_FIRST) == E.ACCESS_DENIED


@rules("C4")
def test_what_is_wrong_first(w: World) -> None:
    w.create(max_instances=1, access=INBOUND)
    for flags in (0, FLAG_FIRST):
        assert w.create(access=OUTBOUND, flags=flags) == E.PIPE_BUSY


@rules("C4", "C6")
@pytest.mark.parametrize("first", [INBOUND, OUTBOUND, DUPLEX])
def test_another_direction_is_refused(w: World, first: int) -> None:
    w.create(access=first)
    for access in (INBOUND, OUTBOUND, DUPLEX):
        made = w.create(access=access)
        assert isinstance(made, End) if access == first else made == E.ACCESS_DENIED


@rules("C6")
@pytest.mark.parametrize(
    "other",
    [
        {"mode": BYTE},
        {"max_instances": 1},
        {"max_instances": 200},
        {"in_quota": 0, "out_quota": 1},
        {"default_timeout": 1},
        {"read_mode": BYTE},
        {"flags": FLAG_NOWAIT},
    ],
    ids=str,
)
def test_other_differences_are_accepted(w: World, other: dict[str, int]) -> None:
    first = {"mode": MESSAGE, "max_instances": 3, "default_timeout": 1000}
    w.create(**first)
    second = w.create(**{**first, **other})
    assert second.info()[2] == MESSAGE
    assert second.info()[6] == 3
    w.create(**{**first, **other})
    assert w.create(**{**first, **other}) == E.PIPE_BUSY


@rules("C7")
@both_types
def test_a_later_instance_has_the_pipes_type(w: World, mode: int) -> None:
    w.create(mode)
    second = w.create(3 - mode)
    assert second.info()[2] == mode
    assert second.state()[2] == (READMODE_MESSAGE if mode == MESSAGE else 0)


@rules("C7")
def test_a_later_instance_cannot_read_messages_of_bytes(w: World) -> None:
    w.create(BYTE)
    assert w.create(MESSAGE, MESSAGE) == E.INVALID_PARAMETER
    assert w.create(MESSAGE, MODE_DEFAULT).state()[2] == 0


@rules("C8", "C4")
def test_instances_of_several_processes_are_one_pipe(w: World) -> None:
    first = w.create(MESSAGE, max_instances=2, by=w.server)
    second = w.create(max_instances=2, by=w.client)
    assert first.state()[3] == second.state()[3] == 2
    assert w.create(by=w.server) == w.create(by=w.client) == E.PIPE_BUSY
    for client, server in ((w.open(by=w.server), first), (w.open(by=w.client), second)):
        client.write(b"x")
        assert server.read() == (OK, b"x")
    first.close()
    assert second.state()[3] == 1


@rules("C11", "WT4")
def test_the_default_time_out_is_50_ms(w: World) -> None:
    """Only that it is not shorter: a machine may be slow."""
    w.ends(max_instances=1, default_timeout=0)
    began = time.monotonic()
    assert w.wait(USE_DEFAULT) == E.SEM_TIMEOUT
    assert time.monotonic() - began >= 0.045


@rules("C11", "O3", "WT4")
def test_the_default_time_out_is_the_first_instances(w: World) -> None:
    first = w.create(default_timeout=200)
    w.create(default_timeout=1)
    w.open()
    w.open()
    first.close()
    began = time.monotonic()
    assert w.wait(USE_DEFAULT) == E.SEM_TIMEOUT
    assert time.monotonic() - began >= 0.195


@rules("C12", "S3")
@pytest.mark.parametrize("size", [0, 1, 10, 0xF000, 1 << 20])
def test_sizes_are_told_as_given(w: World, size: int) -> None:
    s, c = w.ends(MESSAGE, in_quota=size, out_quota=size + 1, max_instances=5)
    assert s.info() == (OK, 1, MESSAGE, DUPLEX, size + 1, size, 5)
    assert c.info() == (OK, 0, MESSAGE, DUPLEX, size + 1, size, 5)


@rules("C13")
def test_a_server_that_only_writes(w: World) -> None:
    s, c = w.ends(access=OUTBOUND)
    assert s.read(ms=0) == E.ACCESS_DENIED
    assert s.read(0, ms=0) == E.ACCESS_DENIED
    assert s.peek() == E.ACCESS_DENIED
    assert s.info() == E.ACCESS_DENIED
    assert s.state() == E.ACCESS_DENIED
    assert s.set_state(0) == OK
    assert s.write(b"x") == (OK, 1)
    assert c.read() == (OK, b"x")
    assert s.flush() == OK


@rules("C13")
def test_a_server_that_only_reads(w: World) -> None:
    s, c = w.ends(access=INBOUND)
    assert s.write(b"x") == E.ACCESS_DENIED
    assert s.write(b"") == E.ACCESS_DENIED
    assert s.set_state(0) == E.ACCESS_DENIED
    assert s.flush() == E.ACCESS_DENIED
    assert s.info()[0] == s.state()[0] == OK
    assert c.write(b"x") == (OK, 1)
    assert s.peek(9) == (OK, b"x", 1, 0xFFFFFFFF)
    assert s.read() == (OK, b"x")


@rules("C13")
@pytest.mark.parametrize("access", [INBOUND, OUTBOUND])
def test_a_right_that_is_missing_is_told_in_each_state(w: World, access: int) -> None:
    def ask() -> int:
        return s.read(ms=0) if access == OUTBOUND else s.write(b"x", 0)

    s = w.create(access=access)
    found = [ask()]
    c = w.open(READ if access == OUTBOUND else WRITE)
    found.append(ask())
    c.close()
    found.append(ask())
    s.disconnect()
    found.append(ask())
    assert found == [E.ACCESS_DENIED] * 4


@rules("C15")
def test_what_fails_makes_nothing(w: World) -> None:
    s = w.create(max_instances=1)
    for _ in range(300):
        assert w.create() == E.PIPE_BUSY
    assert s.state()[3] == 1
