# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the namedpipe authors

"""What namedpipe is to reach, and whether it does.

A target compares one case with others of the same run: repetition by repetition
with the best of them, and the median of these ratios counts. A miss is shown
like a hit, with its cause; nothing fails because of it.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from dataclasses import dataclass

from cases import IDLE_MS, KIB, MIB, WINE, Case
from results import Results


@dataclass(frozen=True)
class Target:
    what: str
    goal: str  # "at most", or "at least" for so many times as fast
    limit: float
    unit: str  # "times the best Unix socket"
    ours: Case
    peers: tuple[Case, ...] = ()  # none: the figure itself is the measure
    figure: str = "ns"
    scale: float = 1.0  # of the figure, to be in that unit

    @property
    def text(self) -> str:
        sign = "≤" if self.goal == "at most" else "≥"
        return f"{sign} {self.limit:g} {self.unit}"


@dataclass(frozen=True)
class Verdict:
    target: Target
    value: float | None = None  # None: not measured
    least: float = 0.0
    most: float = 0.0
    best: str = ""  # the peer

    @property
    def word(self) -> str:
        if self.value is None:
            return "not measured"
        if self.target.goal == "at most":
            hit = self.value <= self.target.limit
        else:
            hit = self.value >= self.target.limit
        return "hit" if hit else "miss"


def at_most(limit: float, unit: str, ours: Case, *names: str, what: str) -> Target:
    return Target(what, "at most", limit, unit, ours, same(ours, *names))


def at_least(limit: float, unit: str, ours: Case, *names: str, what: str) -> Target:
    return Target(what, "at least", limit, unit, ours, same(ours, *names))


def same(ours: Case, *names: str) -> tuple[Case, ...]:
    """The same question to others."""
    return tuple(Case(ours.language, name, *ours.question) for name in names)


def c_round_trips() -> Iterator[Target]:
    def rt(size: int = 64, situation: str = "two") -> Case:
        return Case("C", "namedpipe", "rt", size=size, situation=situation)

    two = "C, 64 B round trip, two CPUs"
    both = ("stream", "seqpacket")
    yield at_most(0.02, "times Unix socket", rt(), *both, what=two)
    yield at_most(1.5, "times bare ring", rt(), "bare ring", what=two)
    for situation, limit, what in (("one", 0.6, "one CPU"), ("hogs", 1, "two hogs")):
        yield at_most(
            limit,
            "times Unix seqpacket",
            rt(situation=situation),
            "seqpacket",
            what=f"C, 64 B round trip, {what}",
        )
    for size, limit, text in (
        (4 * KIB, 0.05, "4 KiB"),
        (64 * KIB, 0.25, "64 KiB"),
        (MIB, 0.33, "1 MiB"),
    ):
        what = f"C, {text} round trip, two CPUs"
        yield at_most(limit, "times Unix stream", rt(size), "stream", what=what)


def c_one_way() -> Iterator[Target]:
    for size, limit, text in (
        (64, 15, "64 B"),
        (4 * KIB, 4, "4 KiB"),
        (64 * KIB, 2, "64 KiB"),
        (MIB, 2, "1 MiB"),
    ):
        ours = Case("C", "namedpipe", "ow", size=size)
        peers = ("stream", "seqpacket") if size < MIB else ("stream",)
        what = f"C, {text} one way"
        yield at_least(limit, "times the best Unix socket", ours, *peers, what=what)
    ours = Case("C", "namedpipe", "ow")
    yield at_least(3.5, "times zmq", ours, "zmq", what="C, 64 B one way")
    yield at_least(6, "times FIFO", ours, "fifo", what="C, 64 B one way")


def python_and_lua() -> Iterator[Target]:
    two = Case("Python", "namedpipe", "rt")
    one = Case("Python", "namedpipe", "rt", situation="one")
    ow = Case("Python", "namedpipe", "ow")
    mp, unit = "multiprocessing", "times multiprocessing.connection"
    yield at_most(0.015, unit, two, mp, what="Python, 64 B round trip, two CPUs")
    yield at_most(
        0.1, "times iceoryx2", two, "iceoryx2", what="Python, 64 B round trip, two CPUs"
    )
    yield at_most(0.35, unit, one, mp, what="Python, 64 B round trip, one CPU")
    yield at_least(25, unit, ow, mp, what="Python, 64 B one way")
    yield at_least(6, "times pyzmq", ow, "zmq", what="Python, 64 B one way")
    others = ("luasocket", "luv")
    unit = "times luasocket and luv"
    lua_two, lua_ow = Case("Lua", "namedpipe", "rt"), Case("Lua", "namedpipe", "ow")
    yield at_most(0.02, unit, lua_two, *others, what="Lua, 64 B round trip, two CPUs")
    yield at_least(12, unit, lua_ow, *others, what="Lua, 64 B one way")


def connecting() -> Iterator[Target]:
    yield at_most(
        1,
        "times multiprocessing.connection",
        Case("Python", "namedpipe", "connect"),
        "multiprocessing",
        what="Python, connect and close",
    )
    for language in ("C", "Python"):
        yield Target(
            f"{language}, connect and close, 1,000 open",
            "at most",
            1.3,
            "times the same with 1 open",
            Case(language, "namedpipe", "connect", count=1000),
            (Case(language, "namedpipe", "connect", count=1),),
        )


def standing() -> Iterator[Target]:
    idle = Case("C", "namedpipe", "idle", count=IDLE_MS)
    dead = Case("C", "namedpipe", "dead", count=IDLE_MS)
    memory = Case("C", "namedpipe", "memory", count=1)
    loading = Case("Python", "namedpipe", "import")
    yield Target(
        "C, blocked reader", "at most", 0.1, "% of a CPU", idle, figure="share"
    )
    # None at all; but to sleep and to read the clock has a price too.
    yield Target("C, peer is dead", "at most", 0.01, "% of a CPU", dead, figure="share")
    yield Target(
        "C, memory of an idle connection, both sides",
        "at most",
        32,
        "KiB resident",
        memory,
        figure="rss",
        scale=1 / KIB,
    )
    yield Target("Python, import namedpipe", "at most", 10, "ms", loading, scale=1e-6)


def on_windows() -> Iterator[Target]:
    yield at_most(
        1.1,
        "times raw overlapped calls",
        Case(WINE, "namedpipe", "rt"),
        "overlapped",
        what="C on Windows, 64 B round trip",
    )


TARGETS = (
    *c_round_trips(),
    *c_one_way(),
    *python_and_lua(),
    *connecting(),
    *standing(),
    *on_windows(),
)

# Why they are missed, if they are; by what they are about.
CAUSES = {
    "C, 64 B round trip, two CPUs": "it wanders between a third of a microsecond and"
    " some: how far apart the two CPUs are changes while it runs, and where something"
    " else runs beside it, the system puts both ends on one of them for a while. To"
    " the bare ring it adds what is checked for each message, see one way",
    "C, 64 KiB round trip, two CPUs": "the bare ring takes as long: what takes the"
    " time is that each byte is copied into one CPU's cache and out of the other's",
    "C, 1 MiB round trip, two CPUs": "the same: see the bare rings",
    "C, 64 B one way": "for each message its lock, the handle's life, modes, quota and"
    " the peer's words are looked at, and it can be read at once: about 260"
    " instructions to write it, 300 to read it (callgrind). zmq hands over many at"
    " once",
    "C, 4 KiB one way": "it wanders, as the bare rings do, between 2 and 20 GB/s: how"
    " far apart the caches of the two CPUs are changes while it runs",
    "C, 64 KiB one way": "the quota of 64 KiB has room for one such message: each"
    " waits until the one before has been read",
    "Lua, 64 B round trip, two CPUs": "as in C",
    "Lua, 64 B one way": "half of the time is the interpreter's, which makes a string"
    " of each message; luasocket reads 8 KiB at once, without messages",
    "Python, connect and close": "a connection is not one object of the kernel:"
    " shared memory is made, sealed, sent, mapped on both sides and unmapped, an"
    " instance is counted and given back, which takes 84 system calls of both sides"
    " together, none of which dominates",
    "C on Windows, 64 B round trip": "chance: both go through Wine's server with each"
    " call, and where the system puts that and the two processes decides. The medians"
    " of eight runs are between 0.77 and 1.49, half of them below 1",
}


def quick_plan() -> list[Case]:
    cases = [case for target in TARGETS for case in (target.ours, *target.peers)]
    return list(dict.fromkeys(cases))


def judge(target: Target, results: Results) -> Verdict:
    if not target.peers:
        values = [v * target.scale for v in results.values(target.ours, target.figure)]
        return verdict(target, values, "")
    measured = [case for case in target.peers if results.values(case)]
    if not measured or not results.values(target.ours):
        return Verdict(target)
    best = min(measured, key=results.median)
    values = []
    for ours, other in results.pairs(target.ours, best):
        values.append(ours / other if target.goal == "at most" else other / ours)
    return verdict(target, values, best.peer if len(measured) > 1 else "")


def verdict(target: Target, values: list[float], best: str) -> Verdict:
    if not values:
        return Verdict(target)
    middle = statistics.median(values)
    return Verdict(target, middle, min(values), max(values), best)


def judge_all(results: Results) -> list[Verdict]:
    return [judge(target, results) for target in TARGETS]


def as_words(one: Verdict) -> dict[str, object]:
    return {
        "what": one.target.what,
        "target": one.target.text,
        "measured": one.value,
        "least": one.least,
        "most": one.most,
        "verdict": one.word,
        "best_peer": one.best,
    }
