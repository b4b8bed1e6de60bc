# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the namedpipe authors

"""A run as tables, in Markdown that also reads well as it is, and as JSON."""

from __future__ import annotations

import platform
import statistics
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from cases import KIB, MIB, SITUATIONS, Case
from results import Results
from targets import Verdict

IN_WORDS = {"two": "two CPUs", "one": "one CPU", "hogs": "two CPUs, two hogs"}
NO_FIGURE = "-"


@dataclass
class Table:
    title: str
    heads: list[str]
    rows: list[list[str]]

    def __str__(self) -> str:
        rows = [self.heads, *self.rows]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = []
        for row in rows:
            first, *rest = (
                cell.rjust(width) for cell, width in zip(row, widths, strict=True)
            )
            lines.append(" | ".join([f"| {first.strip():{widths[0]}}", *rest]) + " |")
        rule = "|".join(
            ["", "-" * (widths[0] + 2), *("-" * (w + 1) + ":" for w in widths[1:])]
        )
        return "\n".join([f"### {self.title}\n", lines[0], rule + "|", *lines[1:], ""])


def short(value: float) -> str:
    """Three digits that count."""
    if value == 0:
        return "0"
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.{1 if abs(value) >= 10 else 2 if abs(value) >= 1 else 3}f}"


def size_text(size: int) -> str:
    if size >= MIB:
        return f"{size // MIB} MiB"
    return f"{size // KIB} KiB" if size >= KIB else f"{size} B"


def cell(values: list[float]) -> str:
    """The median, and how far the repetitions are from each other."""
    if not values:
        return NO_FIGURE
    middle = short(statistics.median(values))
    if len(values) == 1:
        return middle
    return f"{middle} ({short(min(values))}…{short(max(values))})"


Convert = Callable[[Case, float], float]


def microseconds(case: Case, ns: float) -> float:
    return ns / 1e3


def per_second(case: Case, ns: float) -> float:
    """Millions of messages, or GB for those that are more than their head."""
    return case.size / ns if case.size >= 4 * KIB else 1e3 / ns


def thousands(case: Case, ns: float) -> float:
    return 1e6 / ns


def plain(case: Case, value: float) -> float:
    return value


def grid(
    results: Results,
    title: str,
    cases: list[Case],
    column: Callable[[Case], str],
    convert: Convert = plain,
    figure: str = "ns",
) -> Iterator[Table]:
    """One table: a row for each peer. None if there is nothing to show."""
    heads: dict[str, None] = {}
    rows: dict[tuple[str, str], dict[str, str]] = {}
    cases = [case for case in cases if results.values(case, figure)]
    ordered = sorted(cases, key=lambda case: (case.size, case.count))
    for case in ordered:
        heads[column(case)] = None
    for case in cases:
        values = [convert(case, v) for v in results.values(case, figure)]
        rows.setdefault(case.key, {})[column(case)] = cell(values)
    if rows:
        yield Table(
            title,
            ["", *heads],
            [
                [f"{language} {peer}", *(row.get(head, NO_FIGURE) for head in heads)]
                for (language, peer), row in rows.items()
            ],
        )


def message_tables(results: Results) -> Iterator[Table]:
    for situation in SITUATIONS:
        yield from grid(
            results,
            f"Round trip, µs, {IN_WORDS[situation]}",
            results.cases("rt", situation=situation),
            lambda case: size_text(case.size),
            microseconds,
        )
    for situation in SITUATIONS:
        yield from grid(
            results,
            f"One way, million messages/s, from 4 KiB on GB/s, {IN_WORDS[situation]}",
            results.cases("ow", situation=situation),
            lambda case: size_text(case.size),
            per_second,
        )
    for mode, what in (("rt", "round trip"), ("ow", "message one way")):
        yield from grid(
            results,
            f"CPU time of both sides, µs for a {what}, 64 B",
            results.cases(mode, size=64),
            lambda case: IN_WORDS[case.situation],
            microseconds,
            figure="cpu_ns",
        )


def latency_tables(results: Results) -> Iterator[Table]:
    for figure, name in (("p50", "half"), ("p99", "99 %"), ("p999", "99.9 %")):
        yield from grid(
            results,
            f"{name} of the 64 B round trips took at most, µs",
            results.cases("lat"),
            lambda case: IN_WORDS[case.situation],
            microseconds,
            figure=figure,
        )
    paced = results.cases("paced")
    title = "64 B round trip after a pause"
    for figure, what, convert in (
        ("p50", "µs, half of them took at most", microseconds),
        ("p99", "µs, 99 % of them took at most", microseconds),
        ("share", "% of a CPU that the server takes", plain),
    ):
        yield from grid(
            results,
            f"{title}, {what}",
            paced,
            lambda case: f"{case.count} µs",
            convert,
            figure=figure,
        )


def connection_tables(results: Results) -> Iterator[Table]:
    for mode, how in (
        ("select", "by one thread that selects"),
        ("threads", "by a thread each"),
    ):
        yield from grid(
            results,
            f"Thousand requests/s of 64 B, clients served {how}",
            results.cases(mode),
            lambda case: f"{case.count} client{'s' if case.count > 1 else ''}",
            thousands,
        )
    yield from grid(
        results,
        "Connect, hear the server's close, close: µs, with others open",
        results.cases("connect"),
        lambda case: f"{case.count} open",
        microseconds,
    )


def standing_tables(results: Results) -> Iterator[Table]:
    """What connections cost that do nothing."""
    for figure, what in (
        ("pss", "shared memory counted once"),
        ("rss", "counted twice"),
    ):
        yield from grid(
            results,
            f"Memory of a connection, both sides, KiB, {what}",
            results.cases("memory"),
            lambda case: "resident",
            lambda case, value: value / KIB,
            figure=figure,
        )
    for mode, what in (
        ("idle", "a blocked reader"),
        ("dead", "the peer of a dead process"),
    ):
        yield from grid(
            results,
            f"What {what} takes, % of a CPU",
            results.cases(mode),
            lambda case: "CPU",
            figure="share",
        )


def target_table(verdicts: list[Verdict]) -> Table:
    rows = []
    for one in verdicts:
        measured = NO_FIGURE
        if one.value is not None:
            measured = f"{short(one.value)} ({short(one.least)}…{short(one.most)})"
        rows.append([one.target.what, one.target.text, measured, one.word, one.best])
    heads = ["", "target", "measured (least…most)", "", "best peer"]
    return Table("Targets", heads, rows)


def all_tables(results: Results, verdicts: list[Verdict]) -> list[Table]:
    return [
        *message_tables(results),
        *latency_tables(results),
        *connection_tables(results),
        *standing_tables(results),
        target_table(verdicts),
    ]


# --------------------------------------------------------------------- machine


def processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def machine(probes: dict[str, list[float]]) -> dict[str, object]:
    lines = sorted(value for values in probes.values() for value in values)
    return {
        "processor": processor(),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        # What the hardware needs between two CPUs; 0 where it could not be told.
        "cache_line_ns": [lines[0], statistics.median(lines), lines[-1]]
        if lines
        else [],
    }


def as_json(
    results: Results,
    verdicts: list[Verdict],
    probes: dict[str, list[float]],
    repetitions: int,
) -> dict[str, object]:
    cases = []
    for case, samples in results.samples.items():
        figures = sorted({name for sample in samples if sample for name in sample})
        cases.append(
            {
                "language": case.language,
                "peer": case.peer,
                "mode": case.mode,
                "size": case.size,
                "count": case.count,
                "situation": case.situation,
                **{name: results.values(case, name) for name in figures},
            }
        )
    return {
        "machine": machine(probes),
        "repetitions": repetitions,
        "targets": [
            {
                "what": one.target.what,
                "target": one.target.text,
                "measured": one.value,
                "least": one.least,
                "most": one.most,
                "verdict": one.word,
                "best_peer": one.best,
            }
            for one in verdicts
        ],
        "cases": cases,
        "missing": results.missing,
    }
