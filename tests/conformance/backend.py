# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the namedpipe authors

"""What carries verbs out: this process, or another one.

A backend has five methods, and any implementation of named pipes that has them
can be tested: `do` a verb and give its result; `begin` one in a thread of its
own, and then `blocked`, which waits until that one waits, and `result`; and
`reset`, which closes what is open.

That a call waits is learnt from the function of np_set_interrupt: it is asked
when everything is prepared and the wait begins, and every 50 ms of it.
"""

from __future__ import annotations

import ast
import contextlib
import itertools
import os
import queue
import signal
import subprocess
import sys
import threading
from pathlib import Path

from conformance.library import Check, Library, Result

# Seconds after which something that should have happened has not; the calls'
# own time-outs are shorter (world.SOON).
LIMIT = 20.0

TESTS = Path(__file__).resolve().parent.parent


class Call:
    """A verb in a thread of its own."""

    def __init__(self, library: Library, verb: str, arguments: tuple) -> None:
        self.library = library
        self.verb = verb
        self.arguments = arguments
        self.result: Result | None = None
        self.error: BaseException | None = None
        self.asked = threading.Semaphore(0)
        self.slept = False
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self) -> None:
        check = Check(self._ask)
        self.library.set_interrupt(check)
        try:
            self.result = getattr(self.library, self.verb)(*self.arguments)
        except BaseException as error:
            self.error = error
        self.asked.release(2)

    def _ask(self, _: int | None) -> int:
        self.asked.release()
        return 0

    def blocked(self) -> None:
        """The first time it has to begin waiting; later it has to have slept
        over whatever happened meanwhile."""
        asks = 1
        if self.slept:
            asks = 2
            while self.asked.acquire(blocking=False):
                pass
        self.slept = True
        while asks and not self._ended():
            waits = self.asked.acquire(timeout=LIMIT)
            assert waits, f"{self.verb} neither waits nor ends"
            asks -= 1
        assert not self._ended(), f"{self.verb} did not wait: {self.result}"

    def _ended(self) -> bool:
        return self.result is not None or self.error is not None

    def finish(self) -> Result:
        self.thread.join(LIMIT)
        assert not self.thread.is_alive(), f"{self.verb} does not end"
        if self.error:
            raise self.error
        assert self.result is not None
        return self.result


class Local:
    """The library, in this process; handles are small numbers."""

    def __init__(self, path: Path) -> None:
        self.library = Library(path)
        self.handles: dict[int, int] = {}
        self.calls: dict[int, Call] = {}
        self._numbers = itertools.count()

    def do(self, verb: str, *arguments: object) -> Result:
        if verb == "close":
            (number,) = arguments
            self.library.close(self.handles.pop(number))
            return 0
        result = getattr(self.library, verb)(*self._translate(verb, arguments))
        if verb in ("create", "open") and isinstance(result, tuple):
            number = next(self._numbers)
            self.handles[number] = result[1]
            return result[0], number
        return result

    def _translate(self, verb: str, arguments: tuple) -> tuple:
        if not isinstance(arguments[0], int):
            return arguments
        return (self.handles[arguments[0]], *arguments[1:])

    def begin(self, verb: str, *arguments: object) -> int:
        number = next(self._numbers)
        self.calls[number] = Call(self.library, verb, self._translate(verb, arguments))
        return number

    def blocked(self, call: int) -> None:
        self.calls[call].blocked()

    def result(self, call: int) -> Result:
        return self.calls.pop(call).finish()

    def reset(self) -> None:
        for number in list(self.handles):
            self.do("close", number)
        for call in list(self.calls.values()):
            call.thread.join(LIMIT)
        stuck = [call.verb for call in self.calls.values() if call.thread.is_alive()]
        self.calls.clear()
        assert not stuck, f"{stuck} do not end"


class Gone(AssertionError):
    """The other process has ended or hangs: of no use any more."""


class Remote:
    """The same in another process, which is asked line by line; a command may
    start it on another system."""

    def __init__(self, path: Path, command: list[str] | None = None) -> None:
        own = [sys.executable, "-m", "conformance.backend", str(path)]
        self.process = subprocess.Popen(
            command or own,
            cwd=TESTS,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="ascii",
            start_new_session=True,
        )
        self._lines: queue.Queue[str] = queue.Queue()
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    @property
    def pid(self) -> int:
        return self.process.pid

    def _listen(self) -> None:
        for line in self.process.stdout:
            self._lines.put(line)
        self._lines.put("")

    def _request(self, method: str, *arguments: object) -> Result:
        asked = f"{method} {arguments}"
        try:
            print(ascii((method, *arguments)), file=self.process.stdin, flush=True)
            line = self._lines.get(timeout=2 * LIMIT)
        except OSError as error:
            raise Gone(f"the other process has ended before {asked}") from error
        except queue.Empty:
            raise Gone(f"the other process does not answer {asked}") from None
        if not line:
            raise Gone(f"the other process ended at {asked}")
        complaint, result = ast.literal_eval(line)
        assert not complaint, complaint
        return result

    def do(self, verb: str, *arguments: object) -> Result:
        return self._request("do", verb, *arguments)

    def begin(self, verb: str, *arguments: object) -> int:
        return self._request("begin", verb, *arguments)

    def blocked(self, call: int) -> None:
        self._request("blocked", call)

    def result(self, call: int) -> Result:
        return self._request("result", call)

    def reset(self) -> None:
        self._request("reset")

    def kill(self) -> None:
        """With all that the command has started: what holds the other end of
        the pipe keeps the thread here that reads from it, too."""
        if sys.platform == "win32":
            self.process.kill()
        else:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)
        self.process.wait(LIMIT)

    def stop(self) -> None:
        self.kill()
        with contextlib.suppress(OSError):
            self.process.stdin.close()
        self._listener.join(LIMIT)
        assert not self._listener.is_alive(), "something of it is left"
        self.process.stdout.close()


def serve(local: Local) -> None:
    """The other process."""
    for line in sys.stdin:
        method, *arguments = ast.literal_eval(line)
        try:
            answer = ("", getattr(local, method)(*arguments))
        except AssertionError as error:
            answer = (str(error), None)
        print(ascii(answer), flush=True)
    local.reset()


if __name__ == "__main__":
    serve(Local(Path(sys.argv[1])))
