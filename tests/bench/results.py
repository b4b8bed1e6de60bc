# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the namedpipe authors

"""The figures of a run: for each case one sample a repetition. They are kept as
JSON, from which everything that is shown can be made again."""

from __future__ import annotations

import dataclasses
import json
import statistics
from pathlib import Path
from typing import Any

from cases import Case

Sample = dict[str, float]


class Results:
    def __init__(self) -> None:
        # A repetition that failed is None, so that the others stay in step.
        self.samples: dict[Case, list[Sample | None]] = {}
        self.missing: dict[str, str] = {}  # a peer's label: why
        self.facts: dict[str, Any] = {}  # about the machine and the run

    def add(self, case: Case, sample: Sample | None) -> None:
        self.samples.setdefault(case, []).append(sample)

    def values(self, case: Case, figure: str = "ns") -> list[float]:
        samples = self.samples.get(case, [])
        return [s[figure] for s in samples if s is not None and figure in s]

    def median(self, case: Case, figure: str = "ns") -> float:
        return statistics.median(self.values(case, figure))

    def pairs(self, one: Case, other: Case) -> list[tuple[float, float]]:
        """Times of the same repetitions."""
        both = zip(self.samples.get(one, []), self.samples.get(other, []), strict=False)
        return [(a["ns"], b["ns"]) for a, b in both if a and b]

    def cases(self, mode: str, **wanted: object) -> list[Case]:
        """Those of a mode that have figures, in the order of the plan."""
        return [
            case
            for case in self.samples
            if case.mode == mode
            and all(getattr(case, name) == value for name, value in wanted.items())
            and any(sample is not None for sample in self.samples[case])
        ]

    def save(self, path: Path, verdicts: list[dict[str, Any]]) -> None:
        """With what was found about the targets, for who reads the file."""
        cases = [
            {**dataclasses.asdict(case), "samples": samples}
            for case, samples in self.samples.items()
        ]
        whole = {
            "facts": self.facts,
            "targets": verdicts,
            "missing": self.missing,
            "cases": cases,
        }
        path.write_text(json.dumps(whole, indent=1) + "\n", encoding="utf-8")


def load(path: Path) -> Results:
    whole = json.loads(path.read_text(encoding="utf-8"))
    results = Results()
    results.facts = whole["facts"]
    results.missing = whole["missing"]
    for words in whole["cases"]:
        samples = words.pop("samples")
        results.samples[Case(**words)] = samples
    return results
