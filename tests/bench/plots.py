# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the namedpipe authors

"""A run as pictures: SVG files, the same bytes for the same figures."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib as mpl
from cases import KIB, RINGS, SITUATIONS, Case
from matplotlib.figure import Figure
from report import IN_WORDS
from results import Results

HEAD = (
    "<!-- SPDX-License-Identifier: MIT\n"
    "     SPDX-FileCopyrightText: the namedpipe authors -->\n"
)
OURS = "#c2410c"
OTHERS = (
    *("#1f2937", "#1d4ed8", "#0f766e", "#7e22ce", "#94a3b8"),
    *("#a16207", "#0891b2", "#db2777", "#65a30d"),
)
COLOURS = {"two": "#1d4ed8", "one": "#0f766e", "hogs": "#b45309"}
MARKERS = {"two": "o", "one": "s", "hogs": "D"}
LANGUAGES = ("C", "Rust", "Python", "Lua")


def is_ours(case: Case) -> bool:
    return case.peer.startswith("namedpipe")


def save(figure: Figure, path: Path, top: float = 1.0) -> None:
    figure.tight_layout(rect=(0, 0, 1, top))
    figure.savefig(path, format="svg", metadata={"Date": None})
    declaration, rest = path.read_text(encoding="utf-8").split("\n", 1)
    path.write_text(f"{declaration}\n{HEAD}{rest}", encoding="utf-8")


def label(case: Case) -> str:
    return f"{case.language} {case.peer}"


def plain_numbers(axis: Any) -> None:
    axis.set_major_formatter(lambda value, _: f"{value:,g}")


def round_trips(results: Results, path: Path) -> None:
    """A row for each peer, a dot for each situation, with what lies between the
    least and the most; the further left the better."""
    cases = [c for c in results.cases("rt", size=64) if c.language in LANGUAGES]
    cases.sort(key=lambda case: (LANGUAGES.index(case.language), not is_ours(case)))
    names = list(dict.fromkeys(label(case) for case in cases))
    figure = Figure(figsize=(8, 1 + 0.21 * len(names)))
    axes = figure.subplots()
    for situation in reversed(SITUATIONS):
        here = [case for case in cases if case.situation == situation]
        rows = [names.index(label(case)) for case in here]
        axes.hlines(
            rows,
            [min(results.values(case)) / 1e3 for case in here],
            [max(results.values(case)) / 1e3 for case in here],
            color=COLOURS[situation],
            alpha=0.35,
            linewidth=4,
        )
        axes.plot(
            [results.median(case) / 1e3 for case in here],
            rows,
            MARKERS[situation],
            color=COLOURS[situation],
            label=IN_WORDS[situation],
        )
    axes.set_yticks(range(len(names)), names)
    for row, text in enumerate(axes.get_yticklabels()):
        if "namedpipe" in text.get_text():
            text.set_color(OURS)
            text.set_fontweight("bold")
            axes.axhspan(row - 0.5, row + 0.5, color=OURS, alpha=0.08, linewidth=0)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.set_xscale("log")
    plain_numbers(axes.xaxis)
    axes.grid(axis="x", alpha=0.3)
    axes.set_xlabel("µs for a round trip of 64 bytes: median, least to most")
    handles, texts = axes.get_legend_handles_labels()
    figure.legend(handles[::-1], texts[::-1], ncols=len(texts), loc="upper center")
    save(figure, path, top=1 - 0.35 / figure.get_figheight())


def style(case: Case, first_language: str) -> str:
    other = case.peer == "namedpipe-bytes" or case.language != first_language
    return "--" if other else "-"


def lines(
    axes: Any,
    results: Results,
    cases: list[Case],
    x: Callable[[Case], float],
    y: Callable[[Case], float],
) -> None:
    """A line of medians for each peer."""
    names = list(dict.fromkeys(label(case) for case in cases))
    first_language = cases[0].language
    colours = iter(OTHERS * len(names))
    for name in names:
        here = sorted((case for case in cases if label(case) == name), key=x)
        ours = is_ours(here[0])
        axes.plot(
            [x(case) for case in here],
            [y(case) for case in here],
            marker="o" if ours else ".",
            linewidth=2.5 if ours else 1.2,
            color=OURS if ours else next(colours),
            linestyle=style(here[0], first_language),
            label=name,
        )
    axes.grid(alpha=0.3)
    axes.legend(
        fontsize="x-small", loc="upper center", bbox_to_anchor=(0.5, -0.13), ncols=2
    )


def one_way(results: Results, path: Path) -> None:
    figure = Figure(figsize=(11, 5))
    everywhere = [
        case
        for case in results.cases("ow", situation="two")
        if case.size > 0 and case.peer not in RINGS
    ]
    for axes, language in zip(
        figure.subplots(1, 3, sharey=True), ("C", "Python", "Lua"), strict=True
    ):
        cases = [case for case in everywhere if case.language == language]
        if not cases:
            continue
        lines(
            axes,
            results,
            cases,
            lambda case: case.size,
            lambda case: case.size / results.median(case),
        )
        axes.set(xscale="log", yscale="log", title=language)
        axes.set_xlabel("bytes in a message")
        axes.set_xticks(
            [64, 4 * KIB, 64 * KIB, 1 << 20], ["64", "4 Ki", "64 Ki", "1 Mi"]
        )
        axes.minorticks_off()
        plain_numbers(axes.yaxis)
    figure.supylabel("GB/s one way")
    save(figure, path)


def clients(results: Results, path: Path) -> None:
    figure = Figure(figsize=(9, 4.3))
    titles = {"select": "one thread that selects", "threads": "a thread each"}
    both = figure.subplots(1, 2, sharex=True, sharey=True)
    for axes, mode in zip(both, titles, strict=True):
        cases = results.cases(mode)
        if not cases:
            continue
        lines(
            axes,
            results,
            cases,
            lambda case: case.count,
            lambda case: 1e6 / results.median(case),
        )
        axes.set(xscale="log", title=titles[mode], xlabel="clients", xlim=(0.8, 1600))
        axes.set_xticks([1, 8, 64, 255, 1000], ["1", "8", "64", "255", "1,000"])
        axes.minorticks_off()
    both[0].set_ylim(bottom=0)
    figure.supylabel("thousand requests/s of 64 bytes")
    save(figure, path)


def connects(results: Results, path: Path) -> None:
    figure = Figure(figsize=(7, 4.5))
    axes = figure.subplots()
    lines(
        axes,
        results,
        results.cases("connect"),
        lambda case: case.count,
        lambda case: results.median(case) / 1e3,
    )
    axes.set_xscale("symlog", linthresh=1)
    axes.set_yscale("log")
    axes.set_xticks([0, 1, 10, 100, 1000], ["0", "1", "10", "100", "1,000"])
    plain_numbers(axes.yaxis)
    axes.set_xlabel("other connections open")
    axes.set_ylabel("µs to connect and close")
    save(figure, path)


def draw(results: Results, directory: Path) -> list[Path]:
    """Those for which there are figures."""
    mpl.rcParams.update(
        {"svg.hashsalt": "namedpipe", "svg.fonttype": "none", "font.size": 9}
    )
    drawn = []
    for mode, name, plot in (
        ("rt", "round-trips.svg", round_trips),
        ("ow", "one-way.svg", one_way),
        ("select", "clients.svg", clients),
        ("connect", "connects.svg", connects),
    ):
        if results.cases(mode):
            plot(results, directory / name)
            drawn.append(directory / name)
    return drawn
