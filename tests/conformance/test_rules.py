# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the namedpipe authors

"""rules.py: nothing is left out, and it says what docs/differences.md says."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from conformance.rules import RULES

# Not the mark `linux`: coverage.py collects without the conftest.py above.
pytestmark = pytest.mark.skipif(
    sys.platform == "win32",
    reason="Linux only: it looks at these files, not at the library",
)

HERE = Path(__file__).resolve().parent
DIFFERENCES = HERE.parent.parent / "docs" / "differences.md"


def test_every_rule_has_a_case() -> None:
    script = HERE / "coverage.py"
    run = subprocess.run(
        [sys.executable, str(script)],
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    print(run.stdout)


def test_a_rule_stands_there_once() -> None:
    ids = [rule.id for rule in RULES]
    assert len(ids) == len(set(ids))


def documented(section: str) -> set[str]:
    """The rules that stand in brackets in the tables of a section."""
    text = DIFFERENCES.read_text("utf-8").split(f"\n## {section}")[1].split("\n## ")[0]
    rows = [line for line in text.splitlines() if line.startswith("|")]
    brackets = re.findall(r"\(([A-Z]+\d+[a-z]?(?:, [A-Z]+\d+[a-z]?)*)\)", "".join(rows))
    return {rule for bracket in brackets for rule in bracket.split(", ")}


def test_what_was_decided_is_documented() -> None:
    assert documented("Decided") == {rule.id for rule in RULES if rule.decided}


def test_documented_differences_are_the_rules() -> None:
    ours = {rule.id for rule in RULES if rule.differs or rule.windows}
    assert documented("Differs") | documented("Refused") <= ours
