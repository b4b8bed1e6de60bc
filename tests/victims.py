# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the namedpipe authors

"""What the tests share in which a process is killed."""

import pytest

import namedpipe
from conftest import Call
from harness import E, fails, outcome

AT_ONCE = 1.0
GONE = {E.BROKEN_PIPE, E.NO_DATA, E.PIPE_NOT_CONNECTED}

VICTIMS = pytest.mark.parametrize("language", ["c", "lua", "py"])
MODES = pytest.mark.parametrize("mode", ["byte", "message"])


def settled(call: Call) -> object:
    """What a blocked call ends with, within a second from now."""
    call.join(AT_ONCE)
    assert not call.is_alive(), "the survivor's call does not end"
    return outcome(call.result)


def clean(name: str) -> None:
    """The next open of the name removes what was left, and all works again."""
    with fails(E.FILE_NOT_FOUND):
        namedpipe.open(name)
    with (
        namedpipe.create(name, mode="message", max_instances=1, first=True) as server,
        namedpipe.connect(name) as client,
    ):
        client.send(b"alive")
        assert server.recv(timeout=10) == b"alive"
