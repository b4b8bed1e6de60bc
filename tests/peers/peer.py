# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the namedpipe authors

"""A process for tests to drive by lines; peer.lua and peer.c speak the same.

Each line of stdin is VERB ARG..., tokens separated by exactly one space, and is
answered by exactly one line: "ok VALUES..." or "err CODE", where CODE is a
Win32 error number, or "usage" for a line that makes no sense. Bytes are
lower-case hexadecimal, "-" for none; time-outs are milliseconds, "inf" or (for
wait) "default"; handles are small integers this program chooses. A handle that
was closed answers err 6; an argument the binding refuses answers err 87. The
verbs are the functions below, their arguments named as in peer.lua.
"""

import re
import sys
from collections.abc import Callable

import namedpipe
from namedpipe import E, MoreDataError, Pipe, PipeError, Server


class Usage(Exception):
    pass


# Every handle ever given out; None once it is closed.
handles: list[Pipe | Server | None] = []


def number(token: str) -> int:
    if not re.fullmatch("[0-9]+", token) or int(token) > 0xFFFFFFFF:
        raise Usage
    return int(token)


def timeout(token: str) -> float | str | None:
    if token == "inf":
        return None
    return token if token == "default" else number(token) / 1000


def data(token: str) -> bytes:
    if not re.fullmatch("-|([0-9a-f]{2})+", token):
        raise Usage
    return b"" if token == "-" else bytes.fromhex(token)


def word(**words: str) -> Callable[[str], str]:
    def parse(token: str) -> str:
        if token not in words:
            raise Usage
        return words[token]

    return parse


def handle(*kinds: type) -> Callable[[str], Pipe | Server]:
    def parse(token: str) -> Pipe | Server:
        if number(token) >= len(handles):
            raise Usage
        found = handles[number(token)]
        if found is None:
            raise closed_handle()
        if not isinstance(found, kinds):
            raise Usage
        return found

    return parse


def closed_handle() -> PipeError:
    error = PipeError(0, "closed")
    error.winerror = E.INVALID_HANDLE
    return error


# What the letters of a verb's signature stand for.
PARSE = {
    "s": str,
    "u": number,
    "t": timeout,
    "x": data,
    "m": word(default="default", byte="byte", message="message"),
    "a": word(**{"in": "inbound"}, out="outbound", duplex="duplex"),
    "c": word(r="r", w="w", rw="rw", none=""),
    "w": word(instance="instance", server="server"),
    "h": handle(Pipe),
    "v": handle(Server),
    "b": handle(Pipe, Server),
}


def add(made: Pipe | Server) -> int:
    handles.append(made)
    return len(handles) - 1


def hexadecimal(content: bytes) -> str:
    return bytes(content).hex() or "-"


def or_part(receive: Callable[..., bytes], *arguments: object) -> tuple[str, int]:
    try:
        return hexadecimal(receive(*arguments)), 0
    except MoreDataError as error:
        return hexadecimal(error.partial), 1


def create(name, mode, read_mode, access, maximum, in_quota, out_quota, flags):
    return add(
        namedpipe.create(
            name,
            mode=mode,
            read_mode=read_mode,
            access=access,
            max_instances=maximum,
            in_quota=in_quota,
            out_quota=out_quota,
            nowait=bool(flags & namedpipe.FLAG_NOWAIT),
            first=bool(flags & namedpipe.FLAG_FIRST),
        )
    )


def listen(name, mode, maximum):
    return add(namedpipe.listen(name, mode=mode, max_instances=maximum))


def saccept(server, limit):
    return add(server.accept(limit))


def open_(name, access, read_mode):
    return add(namedpipe.open(name, access=access, read_mode=read_mode))


def connect(name, read_mode, limit, wait):
    return add(namedpipe.connect(name, limit, read_mode=read_mode, wait=wait))


def accept(pipe, limit):
    pipe.accept(limit)


def disconnect(pipe):
    pipe.disconnect()


def wait(name, limit):
    namedpipe.wait(name, limit)


def read(pipe, size, limit):
    buffer = bytearray(size)
    got, more = pipe.recv_into(buffer, limit)
    return hexadecimal(buffer[:got]), int(more)


def recv(pipe, limit):
    return hexadecimal(pipe.recv(None, limit))


def write(pipe, content, limit):
    return pipe.send(content, limit)


def fill(pipe, byte, size, limit):
    return pipe.send(bytes([byte & 255]) * size, limit)


def peek(pipe, size):
    found = pipe.peek(size)
    return hexadecimal(found.data), found.available, found.left_in_message


def transact(pipe, content, maximum, limit):
    return or_part(pipe.transact, content, limit, maximum)


def call(name, content, maximum, limit):
    return or_part(namedpipe.call, name, content, limit, maximum)


def flush(pipe, limit):
    pipe.flush(limit)


def state(pipe):
    modes = namedpipe.NOWAIT if pipe.nowait else 0
    if pipe.read_mode == "message":
        modes |= namedpipe.READMODE_MESSAGE
    return getattr(namedpipe, pipe.state.upper()), modes


def setstate(pipe, modes):
    if modes & ~(namedpipe.NOWAIT | namedpipe.READMODE_MESSAGE):
        raise ValueError("unknown mode bits")
    message = modes & namedpipe.READMODE_MESSAGE
    pipe.read_mode = "message" if message else "byte"
    pipe.nowait = bool(modes & namedpipe.NOWAIT)


def info(pipe):
    server_end, mode, _, out_quota, in_quota, maximum = pipe.info
    mode_number = getattr(namedpipe, mode.upper())
    return int(server_end), mode_number, out_quota, in_quota, maximum


def peer(pipe):
    return pipe.peer.pid


def exists(name):
    return int(namedpipe.exists(name))


def close(closed):
    closed.close()
    handles[handles.index(closed)] = None


def leave():
    pass


VERBS = {
    "create": ("smmauuuu", create),
    "listen": ("smu", listen),
    "saccept": ("vt", saccept),
    "open": ("scm", open_),
    "connect": ("smtw", connect),
    "accept": ("ht", accept),
    "disconnect": ("h", disconnect),
    "wait": ("st", wait),
    "read": ("hut", read),
    "recv": ("ht", recv),
    "write": ("hxt", write),
    "fill": ("huut", fill),
    "peek": ("hu", peek),
    "transact": ("hxut", transact),
    "call": ("sxut", call),
    "flush": ("ht", flush),
    "state": ("h", state),
    "setstate": ("hu", setstate),
    "info": ("h", info),
    "peer": ("h", peer),
    "exists": ("s", exists),
    "close": ("b", close),
    "quit": ("", leave),
}


def run(line: str) -> str:
    verb, *tokens = line.split(" ")
    if verb not in VERBS:
        raise Usage
    signature, function = VERBS[verb]
    if len(tokens) != len(signature):
        raise Usage
    arguments = [
        PARSE[letter](token) for letter, token in zip(signature, tokens, strict=True)
    ]
    result = function(*arguments)
    if result is None:
        return "ok"
    values = result if isinstance(result, tuple) else (result,)
    return " ".join(["ok", *map(str, values)])


def answer(line: str) -> str:
    try:
        return run(line)
    except Usage:
        return "err usage"
    except PipeError as error:
        return f"err {int(error.winerror)}"
    except (TypeError, ValueError, OverflowError) as error:
        print("peer.py:", error, file=sys.stderr, flush=True)
        return f"err {int(E.INVALID_PARAMETER)}"


def main() -> None:
    for line in sys.stdin:
        print(answer(line.rstrip("\n")), flush=True)
        if line == "quit\n":
            break
    for made in handles:
        if made is not None:
            made.close()


if __name__ == "__main__":
    main()
