# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the namedpipe authors

"""Which rules have a case: `python tests/conformance/coverage.py`.

Prints one line, and before it what is wrong: a rule without a case, a case of a
rule that there is not, a test that rules.py names and that is not there. Fails if
anything is.
"""

import contextlib
import io
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from conformance.rules import RULES  # noqa: E402


class Cases:
    """A plugin that notes what is collected: node ids, and the rules of each."""

    def __init__(self) -> None:
        self.found: dict[str, set[str]] = {}

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        for item in session.items:
            marks = list(item.iter_markers("rules"))
            if marks:
                # A case is one, whatever the number of processes it runs in.
                case = re.sub(r"(one process|two processes)-?", "", item.nodeid)
                self.found[case] = {rule for mark in marks for rule in mark.args}


def collect() -> dict[str, set[str]]:
    cases, output = Cases(), io.StringIO()
    options = ["--collect-only", "-qq", f"--confcutdir={HERE}"]
    with contextlib.redirect_stdout(output):
        status = pytest.main([*options, str(HERE)], plugins=[cases])
    if status != pytest.ExitCode.OK:
        sys.exit(output.getvalue()[-4000:])
    return cases.found


def is_there(test: str) -> bool:
    """A Python test is run if it is defined, a C test if main runs it too."""
    file, _, name = test.partition("::")
    paths = list(HERE.parent.rglob(file))
    if len(paths) != 1:
        return False
    text = paths[0].read_text("utf-8")
    if file.endswith(".py"):
        return re.search(rf"^def {name}\(", text, re.M) is not None
    defined = re.search(rf"^static void {name}\(void\)$", text, re.M)
    return defined is not None and f"RUN({name});" in text


def complaints(cases: dict[str, set[str]]) -> Iterator[str]:
    known = {rule.id for rule in RULES}
    shown = set().union(*cases.values())
    for case, ids in cases.items():
        for unknown in sorted(ids - known):
            yield f"{case}: there is no rule {unknown}"
    for rule in RULES:
        for test in rule.shown_by:
            if not is_there(test):
                yield f"{rule.id}: there is no test {test}"
        if rule.windows and (rule.id in shown or rule.shown_by):
            yield f"{rule.id}: is called Windows' own and has a case"
        elif not rule.windows and rule.id not in shown and not rule.shown_by:
            yield f"{rule.id}: has no case: {rule.text}"


def main() -> int:
    cases = collect()
    wrong = list(complaints(cases))
    for line in wrong:
        print(line)
    shown = set().union(*cases.values())
    covered = [rule for rule in RULES if rule.id in shown or rule.shown_by]
    windows = [rule for rule in RULES if rule.windows]
    print(
        f"conformance: {len(cases)} cases, {len(covered)} of {len(RULES)} rules"
        f" covered, {len(windows)} only on Windows"
    )
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
