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

from conformance.backend import Gone, Local, Remote
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


# The rule; the verb; what we gave; what Wine gave; None is anything.
WINE: tuple[tuple[str, str, object, object], ...] = (
    ("O4", "disconnect", OK, E.PIPE_LISTENING),
    ("D3", "disconnect", None, E.NOT_SUPPORTED),
    ("F3", "open", E.ACCESS_DENIED, E.PIPE_BUSY),
    ("C13", "set_state", E.ACCESS_DENIED, OK),
    ("C7", "create", E.INVALID_PARAMETER, None),
    # An empty message at the end of what was read as bytes is left there.
    ("R2", "peek", E.BROKEN_PIPE, (OK, b"", 0, 0)),
    ("R2", "read", E.BROKEN_PIPE, (OK, b"")),
    ("R2", "read", E.NO_DATA, (OK, b"")),
    ("R2", "read", E.TIMEOUT, (OK, b"")),
    ("TR1", "transact", E.BAD_PIPE, E.ACCESS_DENIED),
    ("TR2", "transact", E.PIPE_BUSY, None),
    ("C13", "flush", E.ACCESS_DENIED, OK),
    ("FL1", "flush", OK, E.TIMEOUT),
    ("FL3", "flush", E.BROKEN_PIPE, OK),
    ("FL3", "flush", E.OPERATION_ABORTED, OK),
    ("FL3", "flush", E.PIPE_NOT_CONNECTED, OK),
)


# How writes that wait are taken back, and by what rule. There, this is done with
# one after the other: when the first is gone, the next may fit, and is done
# before its turn has come. A write that waits alone is never done.
TAKEN_BACK: dict[Result, str] = {
    E.OPERATION_ABORTED: "I5",
    E.PIPE_NOT_CONNECTED: "D2",
    E.BROKEN_PIPE: "X3",
}


def explained(verb: str, ours: Result, theirs: Result) -> str:
    """The rule in which Wine, or Linux, is known to differ from Windows."""
    if _read_less(verb, ours, theirs):
        return "R2"
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
        self._begun: dict[int, tuple] = {}
        # The handles that a write has just been taken back from.
        self._taken_back: set[object] = set()
        # Whether an end was closed while a write of it waited, and whether a
        # write did not do all, because its end does not wait.
        self._cut_off = False
        self._fell_short = False
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

    def _compare(
        self, verb: str, ours: Result, theirs: Result, behind: bool = False
    ) -> Result:
        self.compared += 1
        here, there = comparable(verb, ours), comparable(verb, theirs)
        if here != there:
            rule = explained(verb, here, there)
            if behind and isinstance(there, tuple):
                rule = TAKEN_BACK.get(here, rule)
            if self._cut_off and verb in ("peek", "read"):
                rule = "X5"  # there, such a write is dropped
            if self._fell_short and verb == "read" and there == (OK, b""):
                rule = "WR7"  # there, it has ended a read of 0 bytes that waited
            assert rule, f"{verb}: {here} here, {there} there"
            self.differences[rule] += 1
            raise Explained(rule)
        return ours

    def _number(self, ours: int, theirs: int) -> int:
        number = next(self._next)
        self.numbers[number] = ours, theirs
        return number

    def _writes(self, handle: object) -> bool:
        return any(
            verb == "write" and self._begun[number][0] == handle
            for number, verb in self.verbs.items()
        )

    def _each(self, arguments: tuple, which: int) -> tuple:
        if not isinstance(arguments[0], int):
            return arguments
        return (self.numbers[arguments[0]][which], *arguments[1:])

    def do(self, verb: str, *arguments: object) -> Result:
        self._taken_back.clear()
        ours = self.ours.do(verb, *self._each(arguments, 0))
        if verb == "close":
            self._cut_off |= self._writes(arguments[0])
        if verb == "set_state" and ours == E.PIPE_BUSY:
            # S2: there it would be set, and take Wine's server down later.
            self.differences["S2"] += 1
            return ours
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
        self._begun[number] = arguments
        self._taken_back.clear()
        return number

    def blocked(self, number: int) -> None:
        """It waits on both systems: there is no known difference in that."""
        ours, theirs = self.numbers[number]
        self.ours.blocked(ours)
        self.theirs.blocked(theirs)

    def result(self, number: int) -> Result:
        ours, theirs = self.numbers.pop(number)
        verb, (handle, *rest) = self.verbs.pop(number), self._begun.pop(number)
        behind = verb == "write" and handle in self._taken_back
        here = self.ours.result(ours)
        try:
            there = self.theirs.result(theirs)
        except Gone:
            raise
        except AssertionError:
            if (verb, here) != ("flush", OK):
                raise
            there = E.TIMEOUT  # FL1: it waits for what was written later, too
        if verb == "write" and here == there and here in TAKEN_BACK:
            self._taken_back.add(handle)
        if verb == "write" and isinstance(here, tuple):
            self._fell_short |= here[1] < len(rest[0])
        return self._compare(verb, here, there, behind)

    def reset(self) -> None:
        self.numbers.clear()
        self.verbs.clear()
        self._begun.clear()
        self._taken_back.clear()
        self._cut_off = self._fell_short = False
        self.ours.reset()
        self.theirs.reset()
