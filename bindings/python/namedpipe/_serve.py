# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the namedpipe authors

"""Server.serve()."""

from __future__ import annotations

import atexit
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from ._core import Pipe, Server


class _Conversation:
    """A pipe in the hands of a thread, until either ends."""

    running: ClassVar[set[_Conversation]] = set()

    def __init__(self, handler: Callable[[Pipe], object], pipe: Pipe) -> None:
        self._handler = handler
        self._pipe = pipe
        self._closing = threading.Lock()
        self.running.add(self)

    def hold(self) -> None:
        # What the handler raises goes to threading.excepthook from here.
        try:
            self._handler(self._pipe)
        finally:
            self.close()

    def close(self) -> None:
        # Under a lock: who comes second returns when it has really been closed.
        with self._closing:
            self._pipe.close()
        self.running.discard(self)


@atexit.register
def _close_all() -> None:
    """Daemon threads just stop: leave no pipe to be found after the process."""
    for conversation in list(_Conversation.running):
        conversation.close()


def serve(
    server: Server, handler: Callable[[Pipe], object], *, daemon: bool = True
) -> None:
    if not callable(handler):
        raise TypeError(f"serve() needs something to call, not {handler!r}")
    for pipe in server:
        conversation = _Conversation(handler, pipe)
        thread = threading.Thread(
            target=conversation.hold, daemon=daemon, name=f"namedpipe {server.path}"
        )
        try:
            thread.start()
        except BaseException:
            conversation.close()
            raise
