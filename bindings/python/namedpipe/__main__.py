# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the namedpipe authors

"""The command line: python -m namedpipe list|exists|cat|call|serve|doctor|bench.

Exit status: 0 all went well, 1 an error, 2 wrong usage, 3 there is no such
pipe, 4 the pipe is busy or the time is up.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import threading
import time
from collections.abc import Iterator
from typing import BinaryIO, Literal

import namedpipe

# _serve is imported here so that no signal can interrupt its first use.
from . import _doctor, _serve  # noqa: F401

NOT_FOUND = 3
BUSY = 4

ACCESSES: tuple[Literal["rw", "r", "w"], ...] = ("rw", "r", "w")

# What a read of standard input takes at most.
CHUNK = 65536


def write_all(file: BinaryIO, data: bytes) -> None:
    file.write(data)
    file.flush()


def list_pipes(arguments: argparse.Namespace) -> int:
    names = sorted(namedpipe.names(arguments.pattern))
    if arguments.json:
        print(json.dumps(names))
    else:
        for name in names:
            print(name)
    return 0


def exists(arguments: argparse.Namespace) -> int:
    return 0 if namedpipe.exists(arguments.name) else NOT_FOUND


def connect_any(arguments: argparse.Namespace) -> tuple[namedpipe.Pipe, str]:
    """Connect with as much access as the direction of the pipe allows."""
    wait: Literal["server", "instance"] = "server" if arguments.wait else "instance"
    denied: namedpipe.PipeAccessError | None = None
    for access in ACCESSES:
        try:
            pipe = namedpipe.connect(
                arguments.name, arguments.timeout, wait=wait, access=access
            )
        except namedpipe.PipeAccessError as error:
            denied = denied or error
        else:
            return pipe, access
    assert denied
    raise denied


def input_pieces(pipe: namedpipe.Pipe) -> Iterator[bytes]:
    """Standard input as what is written: lines to a pipe of messages."""
    # Not sys.stdin: Python stops with an error if a thread reads that at its end.
    with open(sys.stdin.fileno(), "rb", closefd=False) as source:
        if pipe.info.mode == "message":
            yield from source
        else:
            while data := source.read1(CHUNK):
                yield data


def copy_input(pipe: namedpipe.Pipe, after: float | None) -> None:
    """Standard input into the pipe, then wait for the reader and leave."""
    try:
        for data in input_pieces(pipe):
            pipe.send(data)
        pipe.flush()
        if after is not None:
            time.sleep(after)
            pipe.close()
    except (namedpipe.PipeError, ValueError):
        pass  # the reading side has it too, and says so


def copy_output(pipe: namedpipe.Pipe) -> None:
    try:
        for data in pipe.messages():
            write_all(sys.stdout.buffer, data)
    except (namedpipe.OperationAborted, ValueError):
        pass  # closed after standard input had ended


def cat(arguments: argparse.Namespace) -> int:
    pipe, access = connect_any(arguments)
    with pipe:
        if access == "w":
            for data in input_pieces(pipe):
                pipe.send(data)
            pipe.flush()
            return 0
        if access == "rw":
            threading.Thread(
                target=copy_input, args=(pipe, arguments.quit_after), daemon=True
            ).start()
        copy_output(pipe)
    return 0


def call(arguments: argparse.Namespace) -> int:
    if arguments.data is None:
        data = sys.stdin.buffer.read()
    else:
        data = os.fsencode(arguments.data)
    write_all(
        sys.stdout.buffer, namedpipe.call(arguments.name, data, arguments.timeout)
    )
    return 0


def serve(arguments: argparse.Namespace) -> int:
    lock = threading.Lock()

    def converse(pipe: namedpipe.Pipe) -> None:
        try:
            for data in pipe.messages():
                with lock:
                    write_all(sys.stdout.buffer, data)
                if arguments.echo:
                    pipe.send(data)
        except namedpipe.BrokenPipe:
            pass  # it left before it had its answer
        if arguments.once:
            server.close()

    with namedpipe.listen(
        arguments.name, mode=arguments.mode, max_instances=arguments.max_instances
    ) as server:
        print(f"serving {server.path}", file=sys.stderr, flush=True)
        server.serve(converse)
    return 0


def doctor(arguments: argparse.Namespace) -> int:
    return _doctor.report()


def bench(arguments: argparse.Namespace) -> int:
    from . import _bench  # not needed, and so not loaded, otherwise

    return _bench.report(arguments.seconds, arguments.repetitions, arguments.json)


def seconds(text: str) -> float:
    value = float(text)
    if not value >= 0:
        raise argparse.ArgumentTypeError("must not be negative")
    return value


def count(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return value


def add_connecting(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--timeout",
        type=seconds,
        metavar="SECONDS",
        help="how long to wait for a free instance; for ever if not given",
    )


def parser() -> argparse.ArgumentParser:
    main = argparse.ArgumentParser(
        prog="namedpipe",
        description="Look at named pipes and talk to them.",
        epilog="Exit status: 1 an error, 2 wrong usage, 3 no such pipe, 4 busy.",
    )
    version = f"namedpipe {namedpipe.__version__}"
    main.add_argument("--version", action="version", version=version)
    verbs = main.add_subparsers(required=True, metavar="COMMAND")

    command = verbs.add_parser("list", help="the names of the pipes there are")
    command.add_argument("pattern", nargs="?", default="*", metavar="PATTERN")
    command.add_argument("--json", action="store_true", help="as a JSON array")
    command.set_defaults(run=list_pipes)

    command = verbs.add_parser("exists", help="exit status 0 or 3")
    command.add_argument("name", metavar="NAME")
    command.set_defaults(run=exists)

    add_cat(verbs.add_parser("cat", help="standard input and output over a pipe"))

    command = verbs.add_parser("call", help="one request, one reply")
    command.add_argument("name", metavar="NAME")
    command.add_argument(
        "data", nargs="?", metavar="DATA", help="standard input if not given"
    )
    add_connecting(command)
    command.set_defaults(run=call)
    add_serve(verbs.add_parser("serve", help="serve a name, print what clients send"))

    command = verbs.add_parser("doctor", help="check this installation")
    command.set_defaults(run=doctor)
    add_bench(verbs.add_parser("bench", help="measure how fast pipes are here"))
    return main


def add_cat(command: argparse.ArgumentParser) -> None:
    command.description = (
        "Standard input to a pipe, the pipe to standard output, until the server"
        " leaves. On a message pipe each line is one message."
    )
    command.add_argument("name", metavar="NAME")
    add_connecting(command)
    command.add_argument(
        "--wait", action="store_true", help="wait for the server to appear too"
    )
    command.add_argument(
        "-q",
        "--quit-after",
        type=seconds,
        metavar="SECONDS",
        help="leave so long after the end of standard input",
    )
    command.set_defaults(run=cat)


def add_serve(command: argparse.ArgumentParser) -> None:
    command.add_argument("name", metavar="NAME")
    command.add_argument("--mode", choices=("byte", "message"), default="byte")
    command.add_argument(
        "--max-instances", type=int, default=namedpipe.UNLIMITED_INSTANCES, metavar="N"
    )
    command.add_argument("--echo", action="store_true", help="send it back as well")
    command.add_argument("--once", action="store_true", help="end after one client")
    command.set_defaults(run=serve)


def add_bench(command: argparse.ArgumentParser) -> None:
    command.description = (
        "Measure pipes between two processes, beside multiprocessing.connection."
    )
    command.add_argument(
        "--seconds", type=seconds, default=0.15, metavar="S", help="a sample; 0.15"
    )
    command.add_argument(
        "--repetitions", type=count, default=5, metavar="N", help="at least 1; 5"
    )
    command.add_argument("--json", action="store_true", help="all figures, as JSON")
    command.set_defaults(run=bench)


def main(words: list[str] | None = None) -> int:
    arguments = parser().parse_args(words)
    try:
        status: int = arguments.run(arguments)
    except namedpipe.PipeError as error:
        print(f"namedpipe: {error}", file=sys.stderr)
        if isinstance(error, namedpipe.PipeNotFoundError):
            return NOT_FOUND
        busy = (namedpipe.PipeBusyError, namedpipe.PipeTimeoutError)
        return BUSY if isinstance(error, busy) else 1
    except (OSError, ValueError) as error:
        print(f"namedpipe: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return status


if __name__ == "__main__":
    sys.exit(main())
