# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the namedpipe authors

"""Section 3 of the specification: every call in every state, cell by cell.

A cell is what the call gives: OK, or an error. The columns are the server's end
in LISTENING, either end in CONNECTED, either end in CLOSING with unread data and
without, the server's and the client's end in DISCONNECTED.
"""

import pytest

from harness import NOWAIT, E, End, Failure, Pair

OK = "ok"
NONE = None  # no such cell

STATES = (
    "listening S",
    "connected S",
    "connected C",
    "closing S data",
    "closing C data",
    "closing S empty",
    "closing C empty",
    "disconnected S",
    "disconnected C",
)

CALLS = {
    "read": lambda end: end.read(10, 0),
    "read nothing": lambda end: end.read(0, 0),
    "recv": lambda end: end.recv(0),
    "read nowait": lambda end: end.read(10, None),
    "write": lambda end: end.write(b"x", 0),
    "write nothing": lambda end: end.write(b"", 0),
    "peek": lambda end: end.peek(10),
    "transact": lambda end: end.transact(b"x", ms=0),
    "flush": lambda end: end.flush(0),
    "accept": lambda end: end.accept(0),
    "accept nowait": lambda end: end.accept(None),
    "disconnect": End.disconnect,
    "state": End.state,
    "setstate": lambda end: end.setstate(2),
    "info": End.info,
    "peer": End.pid,
    "open": None,  # a new client
    "wait": None,
}

# fmt: off
TABLE = {
    #                listening  connected   closing, data closing, empty disconnected
    #                S          S     C     S     C       S     C        S     C
    "read":          [536,      258,  258,  OK,   OK,     109,  109,     233,  233],
    "read nothing":  [536,      258,  258,  OK,   OK,     109,  109,     233,  233],
    "recv":          [536,      258,  258,  OK,   OK,     109,  109,     233,  233],
    "read nowait":   [536,      232,  232,  OK,   OK,     109,  109,     233,  233],
    "write":         [536,      OK,   OK,   232,  232,    232,  232,     233,  233],
    "write nothing": [536,      OK,   OK,   232,  232,    232,  232,     233,  233],
    "peek":          [230,      OK,   OK,   OK,   OK,     109,  109,     230,  233],
    "transact":      [230,      258,  258,  230,  230,    230,  230,     230,  233],
    "flush":         [OK,       OK,   OK,   OK,   OK,     OK,   OK,      OK,   233],
    "accept":        [258,      OK,   1,    232,  1,      232,  1,       258,  1],
    "accept nowait": [536,      OK,   NONE, 232,  NONE,   232,  NONE,    536,  NONE],
    "disconnect":    [OK,       OK,   1,    OK,   1,      OK,   1,       233,  233],
    "state":         [OK,       OK,   OK,   OK,   OK,     OK,   OK,      OK,   233],
    "setstate":      [OK,       OK,   OK,   OK,   OK,     OK,   OK,      OK,   233],
    "info":          [OK,       OK,   OK,   OK,   OK,     OK,   OK,      OK,   233],
    "peer":          [1168,     OK,   OK,   OK,   OK,     OK,   OK,      1168, 233],
    "open":          [OK,       231,  231,  231,  2,      231,  2,       231,  231],
    "wait":          [OK,       121,  121,  121,  2,      121,  2,       121,  121],
}
# fmt: on

CELLS = [
    pytest.param(state, call, cell, id=f"{call}, {state}")
    for call, cells in TABLE.items()
    for state, cell in zip(STATES, cells, strict=True)
    if cell is not NONE
]


def enter(pair: Pair, state: str) -> End:
    """The end a cell is about, in its state."""
    where, side, *data = state.split(" ")
    server = pair.server.create(pair.name, mode="message", max_instances=1)
    if where == "listening":
        return server
    client = pair.client.open(pair.name, read_mode="message")
    server.accept()
    here, there = (server, client) if side == "S" else (client, server)
    if where == "disconnected":
        server.disconnect()
    elif where == "closing":
        if data == ["data"]:
            there.write(b"data")
        there.close()
    return here


def run(pair: Pair, end: End, call: str) -> object:
    if call.endswith("nowait") and end.state():
        end.setstate(NOWAIT | 2)
    try:
        if call == "open":
            pair.client.open(pair.name)
        elif call == "wait":
            pair.client.wait(pair.name, 0)
        else:
            CALLS[call](end)
    except Failure as failure:
        return failure.winerror
    return OK


@pytest.mark.parametrize(("state", "call", "cell"), CELLS)
def test_cell(pair: Pair, state: str, call: str, cell: object) -> None:
    """Section 3, with R1, WR9, P1, TR1, FL2, N1, N3, N6, D3, S1 to S4, F1."""
    end = enter(pair, state)
    if call == "read nowait" and state == "disconnected C":
        call = "read"  # its modes cannot be set any more
    found = run(pair, end, call)
    wanted = cell if cell == OK else E(cell)
    assert (found if found == OK else E(found)) == wanted
