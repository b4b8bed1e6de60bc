# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the namedpipe authors

"""The demo's throughput: 1 MiB messages from one Python to another."""

import random
import sys
import time

import namedpipe

COUNT = 1024
SIZE = 1 << 20


def main() -> None:
    pattern = random.Random(2).randbytes(SIZE)
    with namedpipe.connect("demo", timeout=20.0, wait="server") as pipe:
        pipe.send(b"speed")
        pipe.send(pattern)
        began = time.perf_counter()
        for _ in range(COUNT):
            pipe.send(pattern)
        pipe.send(b"")
        seen = pipe.recv().decode()
        seconds = time.perf_counter() - began
    if seen != str(COUNT):
        sys.exit(f"{seen} of {COUNT} messages arrived unchanged")
    print(f"sent {COUNT} messages of 1 MiB in {seconds:.3f} s, all arrived unchanged")
    print("speed", COUNT * SIZE, f"{seconds:.6f}", flush=True)


if __name__ == "__main__":
    main()
