# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the namedpipe authors

"""Two backends as one: every call is made on both, and the results compared.

What is known to differ ends the sequence, as the two are in different states
from there on; it is counted. Anything else is a failure.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable

from conformance.backend import Local, Remote
from conformance.library import Result
from ground import E

OK = 0

Same = Callable[[str, Result, Result], bool]


class Explained(Exception):
    """The systems differ here, and it is known why."""


def _read_less(verb: str, ours: Result, theirs: Result) -> bool:
    """R2, P2: of a stream, what a waiting write offers comes later here."""
    if not (isinstance(ours, tuple) and isinstance(theirs, tuple)):
        return False
    return verb in ("read", "peek") and theirs[1].startswith(ours[1])


def _was_done(verb: str, ours: Result, theirs: Result) -> bool:
    """I5: there, writes of one end are taken back one after the other. When the
    first is, the next may fit, and is done before its turn has come."""
    ended = ours in (E.OPERATION_ABORTED, E.PIPE_NOT_CONNECTED, E.BROKEN_PIPE)
    return verb == "write" and ended and isinstance(theirs, tuple)


# The rule; the verb; what we gave; what Wine gave; None is anything.
WINE: tuple[tuple[str, str, object, object], ...] = (
    ("O4", "disconnect", OK, E.PIPE_LISTENING),
    ("D3", "disconnect", None, E.NOT_SUPPORTED),
    ("F3", "open", E.ACCESS_DENIED, E.PIPE_BUSY),
    ("C13", "set_state", E.ACCESS_DENIED, OK),
    ("S2", "set_state", E.PIPE_BUSY, OK),
    ("C7", "create", E.INVALID_PARAMETER, None),
    ("TR1", "transact", E.BAD_PIPE, E.ACCESS_DENIED),
    ("TR2", "transact", E.PIPE_BUSY, None),
    ("C13", "flush", E.ACCESS_DENIED, OK),
    ("FL1", "flush", OK, E.TIMEOUT),
    ("FL3", "flush", E.BROKEN_PIPE, OK),
    ("FL3", "flush", E.OPERATION_ABORTED, OK),
    ("FL3", "flush", E.PIPE_NOT_CONNECTED, OK),
    ("X5", "peek", None, E.BROKEN_PIPE),
    ("X5", "read", None, E.BROKEN_PIPE),
)


def explained(verb: str, ours: Result, theirs: Result) -> str:
    """The rule in which Wine, or Linux, is known to differ from Windows."""
    if _read_less(verb, ours, theirs):
        return "R2"
    if _was_done(verb, ours, theirs):
        return "I5"
    if verb == "write" and ours == (OK, 0) and isinstance(theirs, tuple):
        return "WR7"
    if verb == "state" and isinstance(ours, tuple) and isinstance(theirs, tuple):
        # A client of a pipe that has ended, and its name is served again.
        return "O6" if ours[:3] == theirs[:3] and theirs[3] == 0 else ""
    for rule, what, here, there in WINE:
        if verb == what and here in (None, ours) and there in (None, theirs):
            return rule
    return ""


def comparable(verb: str, result: Result) -> Result:
    """Without what cannot be the same: handles, and Wine's limit (C2)."""
    if not isinstance(result, tuple):
        return result
    if verb in ("create", "open"):
        return OK
    return result[:-1] if verb == "info" else result


class Both:
    def __init__(self, ours: Local, theirs: Remote) -> None:
        self.ours = ours
        self.theirs = theirs
        self.numbers: dict[int, tuple[int, int]] = {}
        self.verbs: dict[int, str] = {}
        self.compared = 0
        self.differences: Counter[str] = Counter()
        self._next = itertools.count()

    @property
    def calls(self) -> dict[int, object]:
        """Those of the first that have not ended."""
        pairs = self.numbers.items()
        return {
            number: self.ours.calls[pair[0]]
            for number, pair in pairs
            if number in self.verbs
        }

    def _compare(self, verb: str, ours: Result, theirs: Result) -> Result:
        self.compared += 1
        here, there = comparable(verb, ours), comparable(verb, theirs)
        if here != there:
            rule = explained(verb, here, there)
            assert rule, f"{verb}: {here} here, {there} there"
            self.differences[rule] += 1
            raise Explained(rule)
        return ours

    def _number(self, ours: int, theirs: int) -> int:
        number = next(self._next)
        self.numbers[number] = ours, theirs
        return number

    def _each(self, arguments: tuple, which: int) -> tuple:
        if not isinstance(arguments[0], int):
            return arguments
        return (self.numbers[arguments[0]][which], *arguments[1:])

    def do(self, verb: str, *arguments: object) -> Result:
        ours = self.ours.do(verb, *self._each(arguments, 0))
        theirs = self.theirs.do(verb, *self._each(arguments, 1))
        result = self._compare(verb, ours, theirs)
        if verb in ("create", "open") and isinstance(ours, tuple):
            assert isinstance(theirs, tuple)
            return OK, self._number(ours[1], theirs[1])
        return result

    def begin(self, verb: str, *arguments: object) -> int:
        number = self._number(
            self.ours.begin(verb, *self._each(arguments, 0)),
            self.theirs.begin(verb, *self._each(arguments, 1)),
        )
        self.verbs[number] = verb
        return number

    def blocked(self, number: int) -> None:
        ours, theirs = self.numbers[number]
        self.ours.blocked(ours)
        try:
            self.theirs.blocked(theirs)
        except AssertionError as error:
            # It has a result already; if that is explained, result() says so.
            self.differences[f"{self.verbs[number]} does not wait"] += 1
            raise Explained("it does not wait there") from error

    def result(self, number: int) -> Result:
        ours, theirs = self.numbers.pop(number)
        verb = self.verbs.pop(number)
        return self._compare(verb, self.ours.result(ours), self.theirs.result(theirs))

    def reset(self) -> None:
        self.numbers.clear()
        self.verbs.clear()
        self.ours.reset()
        self.theirs.reset()
