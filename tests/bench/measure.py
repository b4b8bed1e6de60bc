# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the namedpipe authors

"""Run the cases of a plan, many times, so that they can be compared.

The speed of a machine drifts, a virtual one's most of all. So the whole plan is
gone through again and again, those that are compared run one right after the
other, in another order each time, and what counts are medians and the ratios
within one repetition.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import elsewhere
from cases import CONNECTIONS, SITUATIONS, WINE, Case, Peer
from results import Results, Sample

HERE = Path(__file__).resolve().parent
RUN_LIMIT = 30.0  # seconds for one sample
MOST = 5_000_000  # operations of one sample
FEWEST = 20
# So many times longer are the samples of modes that look at the rarest of all,
# of those that take few operations of many system calls, and under Wine, where
# all goes through a third process.
LONGER = {"lat": 4, "connect": 4}
LONGER_UNDER_WINE = 8


@dataclass(frozen=True)
class Programs:
    """What stands for {bench}, {python}, {lua} and {wine} in a command."""

    bench: Path
    python: str
    lua: str
    wine: str


class Failed(Exception):
    pass


def cpus() -> list[int]:
    return sorted(os.sched_getaffinity(0))


@contextlib.contextmanager
def situation(name: str, bench: Path) -> Iterator[None]:
    """All processes started within are on these CPUs, in this company."""
    before = cpus()
    os.sched_setaffinity(0, before[:1] if name == "one" else before[:2])
    hogs = []
    try:
        if name == "hogs":
            hogs = [subprocess.Popen([bench, "hog"]) for _ in range(2)]
        yield
    finally:
        for hog in hogs:
            hog.kill()
            hog.wait()
        os.sched_setaffinity(0, before)


def possible() -> tuple[str, ...]:
    """The situations that can be had on this machine."""
    return SITUATIONS if len(cpus()) > 1 else ("one",)


def first_n(case: Case) -> int:
    """How often when nothing is known yet."""
    if case.mode == "connect":
        return 30
    if case.mode in ("select", "threads", "turns"):
        return max(2 * case.count, 100)
    return 50 if case.situation != "two" else 200


def longer(case: Case) -> int:
    return LONGER_UNDER_WINE if case.language == WINE else LONGER.get(case.mode, 1)


def reason(errors: str) -> str:
    """The line that says it, in Python the last one, in Lua the first."""
    lines = [line for line in errors.splitlines() if line.strip()]
    says = [line for line in lines if not line.startswith(("\t", " ", "stack "))]
    return says[-1] if says else "no reason given"


class Bench:
    def __init__(
        self, peers: Iterable[Peer], programs: Programs, seconds: float
    ) -> None:
        self.peers = {(peer.language, peer.name): peer for peer in peers}
        self.programs = programs
        self.seconds = seconds  # for one sample
        self.times: dict[Case, float] = {}  # of one operation, as far as is known
        self.results = Results()
        self.probes: list[float] = []

    def command(self, case: Case, n: int) -> list[str]:
        names = {
            "bench": self.programs.bench,
            "python": self.programs.python,
            "lua": self.programs.lua,
            "wine": self.programs.wine,
            "here": HERE,
            "mode": case.mode,
            "pp": elsewhere.NAMES.get(case.mode, case.mode),
            "size": case.size,
            "n": n,
            "count": case.count,
        }
        words = self.peers[case.key].command.split()
        return [word.format_map(names) for word in words]

    def sample(self, case: Case, n: int) -> Sample:
        try:
            process = subprocess.run(
                self.command(case, n),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=RUN_LIMIT,
                check=False,
            )
        except OSError as error:
            raise Failed(str(error)) from error
        except subprocess.TimeoutExpired as error:
            raise Failed(f"took more than {RUN_LIMIT:g} s") from error
        lines = process.stdout.strip().splitlines()
        if process.returncode == 0 and lines:
            line = lines[-1]
            found = json.loads(line) if line[0] == "{" else elsewhere.read_line(line)
            if found:
                return found
        raise Failed(reason(process.stderr))

    def n(self, case: Case) -> int:
        if case.mode == "memory":
            return CONNECTIONS[case.count]
        if case.mode in ("idle", "dead"):
            return 1
        if case.mode == "import":
            return 5
        if case.mode == "paced":
            return max(FEWEST, int(self.seconds * 1e6 / case.count))
        if case not in self.times:
            return first_n(case)
        seconds = self.seconds * longer(case)
        return max(FEWEST, min(MOST, int(seconds * 1e9 / self.times[case])))

    def measure(self, case: Case) -> Sample | None:
        try:
            sample = self.sample(case, self.n(case))
        except Failed as failed:
            label = self.peers[case.key].label
            what = f"{case.mode} {case.size}, {case.situation}: {failed}"
            self.results.missing.setdefault(label, what)
            # If it was too slow, then less of it next time.
            if case in self.times:
                self.times[case] *= 10
            return None
        if sample.get("ns"):
            self.times[case] = sample["ns"]
        return sample

    def calibrate(self, plan: Sequence[Case]) -> list[Case]:
        """Try each case, twice if need be; those that work."""
        works = []
        for name in possible():
            with situation(name, self.programs.bench):
                for case in plan:
                    if case.situation == name and any(
                        self.measure(case) is not None for _ in range(2)
                    ):
                        works.append(case)
        return works

    def probe(self) -> None:
        """How far the two CPUs are from each other now."""
        command = [str(self.programs.bench), "probe"]
        line = subprocess.run(command, capture_output=True, text=True, check=True)
        self.probes.append(json.loads(line.stdout)["ns"])

    def repetition(self, plan: Sequence[Case], number: int) -> None:
        for name in possible():
            here = [case for case in plan if case.situation == name]
            here.sort(key=lambda case: case.question)
            groups = itertools.groupby(here, key=lambda case: case.question)
            if not here:
                continue
            with situation(name, self.programs.bench):
                for _, group in groups:
                    if name == "two":
                        self.probe()
                    cases = list(group)
                    first = number % len(cases)
                    for case in cases[first:] + cases[:first]:
                        self.results.add(case, self.measure(case))

    def run(self, plan: Sequence[Case], repetitions: int) -> Results:
        say(f"{len(plan)} cases, trying each")
        works = self.calibrate(plan)
        for case in works:  # the order of the plan, for the tables
            self.results.samples[case] = []
        for number in range(repetitions):
            say(f"repetition {number + 1} of {repetitions}, {len(works)} cases")
            self.repetition(works, number)
        return self.results


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
