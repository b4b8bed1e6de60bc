# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the namedpipe authors

"""A run as pictures: SVG files, the same bytes for the same figures."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib as mpl
from cases import KIB, SITUATIONS, Case
from matplotlib.figure import Figure
from report import IN_WORDS
from results import Results

HEAD = (
    "<!-- SPDX-License-Identifier: MIT\n"
    "     SPDX-FileCopyrightText: the namedpipe authors -->\n"
)
OURS = "#c2410c"
OTHERS = ("#1f2937", "#1d4ed8", "#0f766e", "#7e22ce", "#94a3b8", "#a16207", "#0891b2")
COLOURS = {"two": "#1d4ed8", "one": "#0f766e", "hogs": "#94a3b8"}


def is_ours(case: Case) -> bool:
    return case.peer.startswith("namedpipe")


def save(figure: Figure, path: Path) -> None:
    figure.tight_layout()
    figure.savefig(path, format="svg", metadata={"Date": None})
    declaration, rest = path.read_text(encoding="utf-8").split("\n", 1)
    path.write_text(f"{declaration}\n{HEAD}{rest}", encoding="utf-8")


def label(case: Case) -> str:
    return f"{case.language} {case.peer}"


def round_trips(results: Results, path: Path) -> None:
    """A bar for each peer and situation; the shorter the better."""
    cases = results.cases("rt", size=64)
    cases.sort(key=lambda case: (case.language, not is_ours(case)))
    names = list(dict.fromkeys(label(case) for case in cases))
    figure = Figure(figsize=(8, 1 + 0.38 * len(names)))
    axes = figure.subplots()
    thickness = 0.8 / len(SITUATIONS)
    for number, situation in enumerate(SITUATIONS):
        here = [case for case in cases if case.situation == situation]
        axes.barh(
            [names.index(label(case)) + (number - 1) * thickness for case in here],
            [results.median(case) / 1e3 for case in here],
            height=thickness,
            color=COLOURS[situation],
            label=IN_WORDS[situation],
        )
    axes.set_yticks(range(len(names)), names)
    for text in axes.get_yticklabels():
        if "namedpipe" in text.get_text():
            text.set_color(OURS)
            text.set_fontweight("bold")
    axes.invert_yaxis()
    axes.set_xscale("log")
    axes.set_xlim(left=0.1)
    axes.set_xlabel("µs for a round trip of 64 bytes (median, logarithmic)")
    axes.legend(fontsize="small")
    save(figure, path)


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
    """A line for each peer, with what lies between the least and the most."""
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
    axes.legend(fontsize="x-small")


def one_way(results: Results, path: Path) -> None:
    figure = Figure(figsize=(11, 4))
    everywhere = results.cases("ow", situation="two")
    for axes, language in zip(
        figure.subplots(1, 3, sharey=True), ("C", "Python", "Lua"), strict=True
    ):
        cases = [c for c in everywhere if c.language == language and c.size > 0]
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
    figure.supylabel("GB/s one way")
    save(figure, path)


def clients(results: Results, path: Path) -> None:
    figure = Figure(figsize=(9, 4))
    titles = {"select": "one thread that selects", "threads": "a thread each"}
    both = figure.subplots(1, 2, sharey=True)
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
        axes.set(xscale="log", title=titles[mode], xlabel="clients")
        axes.set_xticks([1, 8, 64, 255], ["1", "8", "64", "255"])
        axes.minorticks_off()
    both[0].set_ylim(bottom=0)
    figure.supylabel("thousand requests/s of 64 bytes")
    save(figure, path)


def connects(results: Results, path: Path) -> None:
    figure = Figure(figsize=(7, 4))
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
