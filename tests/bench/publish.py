# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the namedpipe authors

"""A run as a part of the documentation: the tables between two marks in
README.md and docs/performance.md, and the pictures in docs/figures."""

from __future__ import annotations

from pathlib import Path

from report import all_tables, causes, facts_text, summary, target_table
from results import Results
from targets import judge_all

BEGIN = "<!-- measured: ./run bench --publish writes this -->"
END = "<!-- measured: end -->"
PICTURES = {
    "round-trips": "A round trip of 64 bytes",
    "one-way": "One way, by the size of a message",
    "clients": "Many clients",
    "connects": "Connect and close",
}


def put(path: Path, text: str) -> None:
    """Between the marks."""
    before, rest = path.read_text(encoding="utf-8").split(BEGIN + "\n", 1)
    _, after = rest.split(END + "\n", 1)
    whole = f"{before}{BEGIN}\n\n{text.rstrip()}\n\n{END}\n{after}"
    path.write_text(whole, encoding="utf-8")


def details(results: Results, drawn: set[str]) -> str:
    verdicts = judge_all(results)
    parts = [facts_text(results), str(target_table(verdicts)), *causes(verdicts), ""]
    for name, title in PICTURES.items():
        if name in drawn:
            parts.append(f"![{title}](figures/{name}.svg)\n")
    parts += map(str, all_tables(results))
    return "\n".join(parts)


def publish(results: Results, root: Path) -> None:
    import plots  # needs more than Python brings

    figures = root / "docs" / "figures"
    figures.mkdir(exist_ok=True)
    drawn = {path.stem for path in plots.draw(results, figures)}
    put(root / "docs" / "performance.md", details(results, drawn))
    put(root / "README.md", summary(results))
