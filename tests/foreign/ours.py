# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the namedpipe authors

"""Our ends, in this process, of pipes with foreign programs."""

from __future__ import annotations

from collections.abc import Callable

import namedpipe
from foreign.programs import End
from ground import LIMIT

# The fixture `new`.
New = Callable[..., End]
Server = namedpipe.Server


def served(server: Server, client: End, name: str, mode="message") -> namedpipe.Pipe:
    """Our end of a pipe that a foreign client has opened."""
    client.ask("open", name, mode)
    pipe = server.accept(timeout=LIMIT)
    pipe.timeout = LIMIT
    return pipe


def opened(server: End, name: str, mode="message", **options) -> namedpipe.Pipe:
    """Our end of a pipe that a foreign server has made."""
    server.ask("listen", name, mode)
    pipe = namedpipe.open(name, **{"read_mode": mode, **options})
    pipe.timeout = LIMIT
    server.ask("accept")
    return pipe
