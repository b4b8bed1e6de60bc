# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the namedpipe authors

"""Calls that wait for ever, for tests of what ends them.

As a program, waits.py CALL NAME, it makes one of them: it says "waiting" when
the call waits, and "interrupted" when Ctrl-C has ended it."""

import os
import sys
import threading
from collections.abc import Callable

import namedpipe
import observe


def overfull(pipe: namedpipe.Pipe) -> bytes:
    size = pipe.info.in_quota + 1
    assert observe.may_look(size), "the test needs a pipe with a smaller quota"
    return bytes(size)


def unread(pipe: namedpipe.Pipe) -> namedpipe.Pipe:
    pipe.send(b"unread")
    return pipe


# Of the client's end of a message pipe.
PIPE_CALLS: dict[str, Callable[[namedpipe.Pipe], object]] = {
    "recv": lambda pipe: pipe.recv(),
    "recv_into": lambda pipe: pipe.recv_into(bytearray(10)),
    "read": lambda pipe: pipe.read(),
    "readinto": lambda pipe: pipe.readinto(bytearray(10)),
    "messages": lambda pipe: list(pipe),
    "send": lambda pipe: pipe.send(overfull(pipe)),
    "transact": lambda pipe: pipe.transact(b"?"),
    "flush": lambda pipe: unread(pipe).flush(),
    "close with linger": lambda pipe: unread(pipe).close(linger=None),
    "select": lambda pipe: namedpipe.select([pipe]),
}

# Of a name whose only instance is in use.
NAME_CALLS: dict[str, Callable[[str], object]] = {
    "connect": lambda name: namedpipe.connect(name),
    "connect to a server": lambda name: namedpipe.connect("no" + name, wait="server"),
    "wait": lambda name: namedpipe.wait(name, None),
    "call": lambda name: namedpipe.call(name, b"?"),
}

# Of a name that nobody serves yet.
SERVER_CALLS: dict[str, Callable[[str], object]] = {
    "accept": lambda name: namedpipe.create(name).accept(),
    "accept of a server": lambda name: namedpipe.listen(name).accept(),
    "select a server": lambda name: namedpipe.select([namedpipe.listen(name)]),
    "serve": lambda name: namedpipe.listen(name).serve(print),
}

CALLS = (*PIPE_CALLS, *NAME_CALLS, *SERVER_CALLS)


def wait(key: str, name: str) -> None:
    if key in SERVER_CALLS:
        SERVER_CALLS[key](name)
    quotas = {"in_quota": 100, "out_quota": 100}
    with namedpipe.create(name, mode="message", max_instances=1, **quotas) as server:
        with namedpipe.connect(name) as client:
            server.accept()
            if key in NAME_CALLS:
                NAME_CALLS[key](name)
            PIPE_CALLS[key](client)


def say_when(thread: int) -> None:
    while not observe.is_blocked(os.getpid(), thread):
        pass
    print("waiting", flush=True)


def main(key: str, name: str) -> None:
    watched = threading.get_native_id()
    threading.Thread(target=say_when, args=(watched,), daemon=True).start()
    try:
        wait(key, name)
    except KeyboardInterrupt:
        print("interrupted")


if __name__ == "__main__":
    main(*sys.argv[1:])
