# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the namedpipe authors

"""A run as tables, in Markdown that also reads well as it is."""

from __future__ import annotations

import re
import statistics
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from cases import CONNECTIONS, KIB, LOOKUPS, MIB, SITUATIONS, Case
from results import Results
from targets import CAUSES, Verdict, judge_all

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
        head = [f"### {self.title}", ""] if self.title else []
        return "\n".join([*head, lines[0], rule + "|", *lines[1:], ""])


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


def milliseconds(case: Case, ns: float) -> float:
    return ns / 1e6


def kibibytes(case: Case, value: float) -> float:
    return value / KIB


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


def clients_text(case: Case) -> str:
    return f"{case.count:,} client{'s' if case.count > 1 else ''}"


def connection_tables(results: Results) -> Iterator[Table]:
    for mode, how in (
        ("select", "by one thread that selects"),
        ("threads", "by a thread each"),
    ):
        yield from grid(
            results,
            f"Thousand requests/s of 64 B, clients served {how}",
            results.cases(mode),
            clients_text,
            thousands,
        )
    yield from grid(
        results,
        "Select where one is ready and the rest are idle: µs for a 64 B round trip",
        results.cases("turns"),
        lambda case: f"{case.count:,} open",
        microseconds,
    )
    yield from grid(
        results,
        "Connect, hear the server's close, close: µs, with others open",
        results.cases("connect"),
        lambda case: f"{case.count:,} open",
        microseconds,
    )
    yield from grid(
        results,
        "Questions about a name of which 254 instances are busy and one is not: µs",
        [case for mode in LOOKUPS for case in results.cases(mode)],
        lambda case: case.mode,
        microseconds,
    )


def spread_text(case: Case) -> str:
    many = CONNECTIONS[case.count]
    return f"{many:,} over {case.count} name{'s' if case.count > 1 else ''}"


def standing_tables(results: Results) -> Iterator[Table]:
    """What connections cost that do nothing."""
    memory = "Memory of an idle connection, both sides, KiB resident"
    for figure, title, convert in (
        ("rss", f"{memory}, what they share counted twice", kibibytes),
        ("pss", f"{memory}, what they share counted once", kibibytes),
        ("ns", "Open so many and use each once, µs for each", microseconds),
    ):
        yield from grid(
            results, title, results.cases("memory"), spread_text, convert, figure
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
    yield from grid(
        results,
        "Import the Python module, ms",
        results.cases("import"),
        lambda case: "import",
        milliseconds,
    )


# What the README shows of it: a peer's row in a few columns.
SUMMARY_PEERS = (
    *(("C", name) for name in ("namedpipe", "stream", "seqpacket", "fifo", "zmq")),
    *(("Python", name) for name in ("namedpipe", "multiprocessing", "stream")),
    *(("Python", name) for name in ("asyncio", "zmq", "iceoryx2")),
    *(("Lua", name) for name in ("namedpipe", "luasocket", "luv")),
)
SUMMARY_COLUMNS: tuple[tuple[str, dict[str, Any], Convert], ...] = (
    ("round trip, µs", {"mode": "rt"}, microseconds),
    ("on one CPU", {"mode": "rt", "situation": "one"}, microseconds),
    ("beside two hogs", {"mode": "rt", "situation": "hogs"}, microseconds),
    ("one way, million/s", {"mode": "ow"}, per_second),
    ("64 KiB one way, GB/s", {"mode": "ow", "size": 64 * KIB}, per_second),
)


def summary(results: Results) -> str:
    """Medians alone."""
    rows = []
    for language, peer in SUMMARY_PEERS:
        cells = []
        for _, question, convert in SUMMARY_COLUMNS:
            case = Case(language, peer, **question)
            known = bool(results.values(case))
            value = convert(case, results.median(case)) if known else 0.0
            cells.append(short(value) if known else NO_FIGURE)
        if set(cells) != {NO_FIGURE}:
            name = f"{language} {peer}"
            rows.append([f"**{name}**" if peer == "namedpipe" else name, *cells])
    return str(Table("", ["", *(head for head, _, _ in SUMMARY_COLUMNS)], rows))


def target_table(verdicts: list[Verdict]) -> Table:
    rows = []
    for one in verdicts:
        measured = NO_FIGURE
        if one.value is not None:
            measured = f"{short(one.value)} ({short(one.least)}…{short(one.most)})"
        rows.append([one.target.what, one.target.text, measured, one.word, one.best])
    heads = ["", "target", "measured (least…most)", "", "best peer"]
    return Table("Targets", heads, rows)


def all_tables(results: Results) -> list[Table]:
    return [
        *message_tables(results),
        *latency_tables(results),
        *connection_tables(results),
        *standing_tables(results),
    ]


def causes(verdicts: list[Verdict]) -> list[str]:
    """Why what is missed is missed."""
    missed = dict.fromkeys(v.target.what for v in verdicts if v.word == "miss")
    return [f"- {what}: {CAUSES[what]}" for what in missed if what in CAUSES]


def facts_text(results: Results) -> str:
    lines = [f"- {name}: {value}" for name, value in results.facts.items()]
    for peer, reason in results.missing.items():
        # Where this machine keeps its files is nobody's business.
        shown = re.sub(r"(?:/[^/\s:]+)+/", "", reason).rstrip(": ")
        lines.append(f"- not (fully) measured: {peer}: {shown}")
    return "\n".join(lines) + "\n"


def whole(results: Results) -> str:
    """All there is to say about a run."""
    verdicts = judge_all(results)
    parts = [
        facts_text(results),
        *map(str, all_tables(results)),
        str(target_table(verdicts)),
        *causes(verdicts),
    ]
    return "\n".join(parts).rstrip() + "\n"
