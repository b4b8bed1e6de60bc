# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the namedpipe authors

"""The Python client of the demo: client.py PIPE."""

import random
import sys
import time
import zlib

import namedpipe

COUNT = 200
SIZES = (0, 1, 13, 64, 127, 239, 240, 1000, 4096, 65535, 65536, 65537)
LARGEST = 1 << 20
IN_PARTS = 7
BLOCK = random.Random(1).randbytes(LARGEST + COUNT)


def say(text: str) -> None:
    print(text, flush=True)


def message(i: int) -> bytes:
    size = LARGEST if i % 50 == 49 else SIZES[i % len(SIZES)]
    return BLOCK[i : i + size]


def receive_in_parts(pipe: namedpipe.Pipe) -> bytes:
    """A buffer that is too small gets a part, and hears that there is more."""
    buffer = bytearray(4)
    size, more = pipe.recv_into(buffer)
    if (size, more) != (4, True):
        sys.exit(f"4 bytes of a longer message gave {size} bytes, more: {more}")
    rest = pipe.recv()
    say(f"read one message as {size} bytes, more to come, and {len(rest)} bytes")
    return bytes(buffer) + rest


def exchange(pipe: namedpipe.Pipe) -> str:
    """Send messages, compare what comes back; the tally the server must have."""
    total = crc = 0
    for i in range(COUNT):
        sent = message(i)
        pipe.send(sent)
        back = receive_in_parts(pipe) if i == IN_PARTS else pipe.recv()
        if back != sent:
            sys.exit(f"message {i} of {len(sent)} bytes came back changed")
        total += len(sent)
        crc = zlib.crc32(sent, crc)
    return f"{COUNT} {total} {crc:08x}"


def main(name: str) -> None:
    began = time.monotonic()
    with namedpipe.connect(name, timeout=20.0, wait="server") as pipe:
        waited = time.monotonic() - began
        say(f"connected after {waited:.2f} s to process {pipe.peer.pid}")
        pipe.send(b"python")
        tally = exchange(pipe)
    say(f"sent {COUNT} messages of 0 bytes to 1 MiB, all came back unchanged")
    answer = namedpipe.call(name, b"?python", timeout=20.0).decode()
    if answer != tally:
        sys.exit(f"the server has seen {answer!r}, sent was {tally!r}")
    say("tally " + tally)


if __name__ == "__main__":
    main(sys.argv[1])
