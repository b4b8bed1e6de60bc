# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the namedpipe authors

from pathlib import Path

import pytest

from conformance.backend import Local
from conformance.library import find


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--sequences", type=int, help="how many the model test tries (default 200)"
    )


@pytest.fixture(scope="session", autouse=True)
def backend(runtime_directory: Path) -> Local:
    """With what the library keeps for the process: that is no leak."""
    local = Local(find())
    name = str(runtime_directory.name)
    local.do("create", name, 1, 0, 3, 1, 0, 0, 50, 0)
    local.do("open", name, 3, 0, 0, 0)
    local.do("wait", name, 1)
    local.reset()
    return local
