# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the namedpipe authors

"""A World for each case, and the count in the end."""

import itertools
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

# Also where the conftest.py above is not loaded.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from conformance.backend import Local, Remote
from conformance.library import find
from conformance.world import World
from ground import E

_numbers = itertools.count()


@pytest.fixture(scope="session", autouse=True)
def own_directory() -> Iterator[None]:
    """Where the pipes are; the conftest.py above may have said it already."""
    if "NAMEDPIPE_DIR" in os.environ:
        yield
        return
    os.environ["NAMEDPIPE_DIR"] = directory = tempfile.mkdtemp(prefix="np-")
    yield
    del os.environ["NAMEDPIPE_DIR"]
    shutil.rmtree(directory)


def _warm_up(backend: Local) -> None:
    """What the library makes once and keeps is no leak of the first case."""
    world = World(backend, backend, f"warm-up-{os.getpid()}")
    server = world.create(max_instances=1)
    assert server.accept(1) == E.TIMEOUT
    client = world.open()
    assert world.wait(1) == E.SEM_TIMEOUT
    client.close()
    server.close()


@pytest.fixture(scope="session")
def here(own_directory: None) -> Local:
    backend = Local(find())
    _warm_up(backend)
    return backend


class Others:
    """The other process; another one after a case that left it unusable."""

    def __init__(self) -> None:
        self.backend: Remote | None = None

    def get(self) -> Remote:
        if self.backend is None:
            self.backend = Remote(find())
        return self.backend

    def reset(self) -> None:
        if self.backend is None:
            return
        try:
            self.backend.reset()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        if self.backend is not None:
            self.backend.stop()
            self.backend = None


@pytest.fixture(scope="session")
def others(own_directory: None) -> Iterator[Others]:
    made = Others()
    made.get()
    yield made
    made.stop()


@pytest.fixture(params=["one process", "two processes"])
def w(request: pytest.FixtureRequest, here: Local, others: Others) -> Iterator[World]:
    client = here if request.param == "one process" else others.get()
    yield World(here, client, f"case-{os.getpid()}-{next(_numbers)}")
    here.reset()
    others.reset()


@pytest.fixture
def victim(own_directory: None) -> Iterator[Remote]:
    """A process to be killed."""
    made = Remote(find())
    yield made
    made.stop()
