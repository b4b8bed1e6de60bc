# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the namedpipe authors

"""Section 3: what each call gives in each state, cell by cell, for pipes of both
types.

A cell is a code of names.h; OK; WAIT, for a call that waits; or NONE where
there is no such case. "connected" and "data" are the state CONNECTED without and
with data that this end has not read; "closing, data" and "closing" are CLOSING.
S is the server's end, C the client's.
"""

from collections.abc import Callable

import pytest

from conformance.library import OK, Result
from conformance.world import (
    BYTE,
    FLAG_NOWAIT,
    FOREVER,
    MESSAGE,
    READMODE_MESSAGE,
    End,
    World,
    both_types,
    rules,
)
from ground import E

WAIT = "waits"
NONE = None

COLUMNS = (
    "listening S",
    "connected S",
    "connected C",
    "data S",
    "data C",
    "closing, data S",
    "closing, data C",
    "closing S",
    "closing C",
    "disconnected S",
    "disconnected C",
)

# fmt: off
TABLE = {
    #                 LIST  CONNECTED   CONN., DATA CLOSING, D. CLOSING     DISCONN.
    #                 S     S     C     S     C     S     C     S     C     S     C
    "read":          [536,  WAIT, WAIT, OK,   OK,   OK,   OK,   109,  109,  233,  233],
    "read 0 bytes":  [536,  WAIT, WAIT, NONE, NONE, NONE, NONE, 109,  109,  233,  233],
    "write":         [536,  OK,   OK,   OK,   OK,   232,  232,  232,  232,  233,  233],
    "write 0 bytes": [536,  OK,   OK,   OK,   OK,   232,  232,  232,  232,  233,  233],
    "peek":          [230,  OK,   OK,   OK,   OK,   OK,   OK,   109,  109,  230,  233],
    "transact":      [230,  WAIT, WAIT, 231,  231,  230,  230,  230,  230,  230,  233],
    "flush":         [OK,   OK,   OK,   OK,   OK,   OK,   OK,   OK,   OK,   OK,   233],
    "connect":       [WAIT, 535,  1,    535,  1,    232,  1,    232,  1,    WAIT, 1],
    "disconnect":    [OK,   OK,   1,    OK,   1,    OK,   1,    OK,   1,    233,  233],
    "info":          [OK,   OK,   OK,   OK,   OK,   OK,   OK,   OK,   OK,   OK,   233],
    "get state":     [OK,   OK,   OK,   OK,   OK,   OK,   OK,   OK,   OK,   OK,   233],
    "set state":     [OK,   OK,   OK,   OK,   OK,   OK,   OK,   OK,   OK,   OK,   233],
    "peer":          [1168, OK,   OK,   OK,   OK,   OK,   OK,   OK,   OK,   1168, 233],
    "open":          [OK,   231,  231,  231,  231,  231,  2,    231,  2,    231,  231],
    "wait":          [OK,   121,  121,  121,  121,  121,  2,    121,  2,    121,  121],
    "create":        [231,  231,  231,  231,  231,  231,  OK,   231,  OK,   231,  231],
}

# The same for ends that are NOWAIT, where that makes a difference.
NOWAIT_TABLE = {
    "read":          [536,  232,  232,  OK,   OK,   OK,   OK,   109,  109,  233,  233],
    "write":         [536,  OK,   OK,   OK,   OK,   232,  232,  232,  232,  233,  233],
    "write 0 bytes": [536,  OK,   OK,   OK,   OK,   232,  232,  232,  232,  233,  233],
    "peek":          [230,  OK,   OK,   OK,   OK,   OK,   OK,   109,  109,  230,  233],
    "transact":      [230,  WAIT, WAIT, 231,  231,  230,  230,  230,  230,  230,  233],
    "connect":       [536,  535,  1,    535,  1,    232,  1,    232,  1,    536,  1],
}
# fmt: on

RULES = {
    "read": ("R1", "X2"),
    "read 0 bytes": ("R5",),
    "write": ("WR9", "X4"),
    "write 0 bytes": ("WR9",),
    "peek": ("P1",),
    "transact": ("TR1", "TR2"),
    "flush": ("FL2",),
    "connect": ("N1", "N3", "N6"),
    "disconnect": ("D1", "D3"),
    "info": ("S3",),
    "get state": ("S1",),
    "set state": ("S2",),
    "peer": ("S4",),
    "open": ("F1", "O6"),
    "wait": ("WT1", "WT2"),
    "create": ("C4", "O6"),
}

CALLS: dict[str, Callable[[End], Result]] = {
    "read": lambda end: end.read(10, FOREVER),
    "read 0 bytes": lambda end: end.read(0, FOREVER),
    "write": lambda end: end.write(b"x"),
    "write 0 bytes": lambda end: end.write(b""),
    "peek": lambda end: end.peek(10),
    "transact": lambda end: end.transact(b"x", ms=FOREVER),
    "flush": End.flush,
    "connect": lambda end: end.accept(FOREVER),
    "disconnect": End.disconnect,
    "info": End.info,
    "get state": End.state,
    "set state": lambda end: end.set_state(0),
    "peer": End.peer,
}

BY_NAME: dict[str, Callable[[World], Result | End]] = {
    "open": World.open,
    "wait": lambda w: w.wait(0),
    "create": lambda w: w.create(max_instances=1),
}


def cells(table: dict[str, list], mode: int) -> list:
    return [
        pytest.param(
            call, column, cell, id=f"{call}-{column}", marks=rules(*RULES[call])
        )
        for call, row in table.items()
        for column, cell in zip(COLUMNS, row, strict=True)
        if cell is not NONE and not (mode == BYTE and call == "transact")
    ]


def enter(w: World, mode: int, column: str, flags: int = 0) -> End:
    """The end that a column is about, in its state."""
    state, _, side = column.rpartition(" ")
    s = w.create(mode, mode, max_instances=1, flags=flags)
    if state == "listening":
        return s
    c = w.open(read_mode=mode, flags=flags)
    here, there = (s, c) if side == "S" else (c, s)
    if state.endswith("data"):
        assert there.write(b"data") == (OK, 4)
    if state == "disconnected":
        assert s.disconnect() == OK
    elif state.startswith("closing"):
        there.close()
    return here


def check(w: World, end: End, call: str, cell: object) -> None:
    if call in BY_NAME:
        found = BY_NAME[call](w)
    elif cell == WAIT:
        waiting = CALLS[call](end.begin).blocked()
        assert end.cancel() == OK
        assert waiting.result() == E.OPERATION_ABORTED
        return
    else:
        found = CALLS[call](end)
    if isinstance(found, End):
        found = OK
    assert (found[0] if isinstance(found, tuple) else found) == cell


@rules("§3")
@pytest.mark.parametrize(("call", "column", "cell"), cells(TABLE, MESSAGE))
def test_a_message_pipe(w: World, call: str, column: str, cell: object) -> None:
    check(w, enter(w, MESSAGE, column), call, cell)


@rules("§3")
@pytest.mark.parametrize(("call", "column", "cell"), cells(TABLE, BYTE))
def test_a_byte_pipe(w: World, call: str, column: str, cell: object) -> None:
    check(w, enter(w, BYTE, column), call, cell)


@rules("§3")
@pytest.mark.parametrize(("call", "column", "cell"), cells(NOWAIT_TABLE, MESSAGE))
def test_nowait_ends(w: World, call: str, column: str, cell: object) -> None:
    check(w, enter(w, MESSAGE, column, FLAG_NOWAIT), call, cell)


@rules("§3", "TR1")
@both_types
@pytest.mark.parametrize("column", COLUMNS)
def test_transact_without_reading_messages(w: World, mode: int, column: str) -> None:
    end = enter(w, mode, column)
    if column == "disconnected C":
        return  # it cannot be told to read bytes any more
    assert end.set_state(0) == OK
    assert end.transact(b"x") == E.BAD_PIPE


@rules("§3", "TR1")
@both_types
def test_a_disconnect_comes_before_the_mode(w: World, mode: int) -> None:
    server, client = w.ends(mode)
    assert client.set_state(0) == OK
    assert server.disconnect() == OK
    assert client.transact(b"x") == E.PIPE_NOT_CONNECTED
    assert server.transact(b"x") == E.BAD_PIPE


@rules("§3", "S2")
def test_read_modes_are_set_in_each_state(w: World) -> None:
    for column in COLUMNS[:-1]:
        end = enter(w, MESSAGE, column)
        assert end.set_state(READMODE_MESSAGE) == OK
        assert end.state()[2] == READMODE_MESSAGE
        w.server.reset()
        w.client.reset()
