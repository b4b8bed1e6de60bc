# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the namedpipe authors

"""What every test here gets: the programs, and no pipe left open in them. In the
end, the table of who has talked to whom."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest

import namedpipe
from foreign.matrix import MODES, ROWS, Row
from foreign.ours import New, Server
from foreign.programs import Programs


@pytest.fixture(scope="session")
def running() -> Iterator[Programs]:
    programs = Programs()
    yield programs
    programs.stop()


@pytest.fixture
def programs(running: Programs) -> Iterator[Programs]:
    yield running
    running.tidy()


@pytest.fixture
def new(programs: Programs) -> New:
    """Ends of pipes in a program: new("pywin32"); those of one kind in the same."""
    return lambda kind="pywin32": programs[kind, "other"].end()


@pytest.fixture
def server(name: str) -> Iterator[Server]:
    """Ours, of two instances at most."""
    with namedpipe.listen(name, mode="message", max_instances=2) as made:
        yield made


# ------------------------------------------------------------------- the table

_run: Counter[Row] = Counter()
_passed: Counter[Row] = Counter()


def _row(item: pytest.Item) -> Row | None:
    parameters = item.callspec.params if hasattr(item, "callspec") else {}
    if "way" in parameters:
        return parameters["way"].row
    return parameters.get("row")


def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo) -> None:
    row = _row(item)
    if row and call.when == "call":
        _run[row] += 1
        _passed[row] += call.excinfo is None


def _line(server: str, client: str) -> str:
    cells = [f"{server + ' <- ' + client:52}"]
    for mode in MODES:
        row = Row(server, client, mode)
        cells.append(f"{_passed[row]}/{_run[row]}" if _run[row] else "-")
    return "{} {:>9} {:>9} {:>9}".format(*cells)


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter,
) -> None:
    if not _run:
        return
    write = terminalreporter.write_line
    terminalreporter.section("foreign programs: passed/run")
    write("{:52} {:>9} {:>9} {:>9}".format("server <- client", *MODES))
    pairs = dict.fromkeys(
        (row.server, row.client) for row in ROWS if not row.is_control()
    )
    for pair in pairs:
        write(_line(*pair))
    controls = [row for row in _run if row.is_control()]
    passed, run = (sum(count[row] for row in controls) for count in (_passed, _run))
    write(f"controls, foreign with foreign: {passed}/{run} in {len(controls)} rows")
