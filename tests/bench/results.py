# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the namedpipe authors

"""The figures of a run: for each case one sample a repetition."""

from __future__ import annotations

import statistics

from cases import Case

Sample = dict[str, float]


class Results:
    def __init__(self) -> None:
        # A repetition that failed is None, so that the others stay in step.
        self.samples: dict[Case, list[Sample | None]] = {}
        self.missing: dict[str, str] = {}  # a peer's label: why

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
