# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the namedpipe authors

"""A byte-mode pipe as a text file: a server that adds up, and its client.

python lines.py
"""

import threading

import namedpipe


def add(pipe: namedpipe.Pipe) -> None:
    with pipe.makefile("rw", encoding="utf-8") as file:
        for line in file:
            print(sum(map(int, line.split())), file=file, flush=True)


with namedpipe.listen("sums") as server:
    threading.Thread(target=server.serve, args=(add,), daemon=True).start()
    with (
        namedpipe.connect("sums", timeout=5.0) as pipe,
        pipe.makefile("rw", encoding="utf-8") as file,
    ):
        for numbers in ("1 2 3", "20 22", "-1"):
            print(numbers, file=file, flush=True)
            print(numbers, "->", file.readline().rstrip())
