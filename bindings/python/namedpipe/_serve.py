# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the namedpipe authors

"""Server.serve()."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ._core import Pipe, Server


def _converse(handler: Callable[[Pipe], object], pipe: Pipe) -> None:
    # What handler raises goes to threading.excepthook from here.
    with pipe:
        handler(pipe)


def serve(
    server: Server, handler: Callable[[Pipe], object], *, daemon: bool = True
) -> None:
    if not callable(handler):
        raise TypeError(f"serve() needs something to call, not {handler!r}")
    for pipe in server:
        thread = threading.Thread(
            target=_converse,
            args=(handler, pipe),
            daemon=daemon,
            name=f"namedpipe {server.path}",
        )
        try:
            thread.start()
        except BaseException:
            pipe.close()
            raise
