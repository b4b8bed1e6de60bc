# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the namedpipe authors

"""What the programs of this folder speak: peer_*.py, driven by programs.py.

    python peer_PROGRAM.py [VARIANT]

Each line of stdin is a Python tuple, (END, VERB, ARGUMENT...), and is answered by
one line: ("ok", VALUE); ("err", CODE) with the Win32 error number; or ("eof",)
where the peer's interface has no number for the end of a conversation. END is a
number of the driver's choice; the first line that has it makes that end. The
verbs that all programs have:

    listen(name, mode)    make a pipe; "byte", or "message" or "mixed" for a
                          message pipe
    accept()              wait for its client
    open(name, mode)      be the client; with "message" it reads messages
    send(data)            write, and wait until it is written
    recv(size)            read once: (data, whether the message is longer); what
                          knows whole messages only, or streams, has size its way
    close()

The others are described where they are.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable

# What both sides of an authenticated conversation know.
AUTHKEY = b"a key that both have"


def path(name: str) -> str:
    return rf"\\.\pipe\{name}"


def _answer(function: Callable, arguments: list) -> tuple:
    try:
        return ("ok", function(*arguments))
    except EOFError:
        return ("eof",)
    # Not all of pywin32's errors are OSErrors.
    except Exception as error:
        code = getattr(error, "winerror", None)
        if code is None:
            raise
        return ("err", int(code))


def obey(make: Callable[[str], object]) -> None:
    """Do what stdin says; make(variant) makes an end."""
    variant = "".join(sys.argv[1:])
    ends: dict[int, object] = {}
    for line in sys.stdin.buffer:
        number, verb, *arguments = ast.literal_eval(line.decode())
        if number not in ends:
            ends[number] = make(variant)
        answer = _answer(getattr(ends[number], verb), arguments)
        if verb == "close":
            del ends[number]
        sys.stdout.buffer.write(repr(answer).encode() + b"\n")
        sys.stdout.buffer.flush()
