# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the namedpipe authors

"""Talk to echo_server.py, waiting for it if it is not there yet.

python client.py [NAME]
"""

import sys

import namedpipe

name = sys.argv[1] if len(sys.argv) > 1 else "demo"
try:
    pipe = namedpipe.connect(name, timeout=5.0, wait="server")
except namedpipe.PipeTimeoutError:
    sys.exit(f"nobody serves {name}")
with pipe:
    pipe.timeout = 5.0  # for all that follows
    pipe.send(b"hello")
    print(pipe.recv())

    print(len(pipe.transact(b"x" * 1_000_000)), "bytes in one message")

    pipe.send(b"in small parts")
    buffer = bytearray(4)
    more = True
    while more:
        size, more = pipe.recv_into(buffer)
        print(bytes(buffer[:size]), "and more" if more else "and no more")

print(namedpipe.call(name, b"one request, one reply", timeout=5.0))
