# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the namedpipe authors

"""What every test in Python gets: a runtime directory of its own, a pipe name
nobody else uses, and a check that it left nothing open behind it."""

import gc
import itertools
import os
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import harness
import namedpipe
import observe
import wine
from harness import poll_until

# Where everything goes that is made in the tree.
os.environ.setdefault(
    "HYPOTHESIS_STORAGE_DIRECTORY",
    str(Path(__file__).parent.parent / "build" / "hypothesis"),
)

# Longer than anything takes that works, shorter than pytest's own limit.
LIMIT = 20.0


def is_blocked(native_id: int | None) -> bool:
    """Whether a thread of this process waits in the core."""
    return native_id is not None and observe.is_blocked(os.getpid(), native_id)


class Call(threading.Thread):
    """A call in another thread: Call(pipe.recv, 10).blocked().result()."""

    def __init__(self, function: Callable[..., object], *arguments: object) -> None:
        super().__init__(daemon=True)
        self.function = function
        self.arguments = arguments
        self.value: object = None
        self.error: BaseException | None = None
        self.start()

    def run(self) -> None:
        try:
            self.value = self.function(*self.arguments)
        except BaseException as error:
            self.error = error

    def blocked(self) -> "Call":
        """Wait until it waits in the core."""
        data = (a for a in self.arguments if isinstance(a, bytes | bytearray))
        assert observe.may_look(sum(map(len, data))), f"at most {observe.LARGE} bytes"
        assert poll_until(lambda: is_blocked(self.native_id)), "it does not block"
        assert self.is_alive(), "it has ended"
        return self

    def result(self) -> object:
        self.join(LIMIT)
        assert not self.is_alive(), "it does not end"
        if self.error:
            raise self.error
        return self.value


def descriptors() -> dict[int, str]:
    # The one that listing them itself used has gone again.
    found = {
        number: target
        for number, target in observe.descriptors(os.getpid()).items()
        if "/proc/" not in target
    }
    # Peers that are started anew after a test that kills belong to the session.
    return {n: target for n, target in found.items() if n not in harness.pool_files}


def fill_thread_locals(name: str) -> None:
    """What the core keeps for a thread or the process is no leak."""
    with namedpipe.create(name, max_instances=1) as pipe:
        with pytest.raises(namedpipe.PipeTimeoutError):
            pipe.accept(timeout=0.001)
        # Enough to be kept, named twice or not.
        namedpipe.select([pipe] * 20, timeout=0)
        with namedpipe.open(name), pytest.raises(namedpipe.PipeTimeoutError):
            namedpipe.connect(name, timeout=0.001)


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "linux(reason): not to be run on Windows")
    config.addinivalue_line("markers", "windows(reason): not to be run on Linux")
    if observe.WINDOWS and wine.is_here():
        wine.start_processes_again()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Both reports tell what runs on one system only, and why."""
    here, elsewhere = "linux", "windows"
    if observe.WINDOWS:
        here, elsewhere = elsewhere, here
        wine.expect_differences(items)
    for item in items:
        for mark in item.iter_markers(here):
            item.user_properties.append(("only", mark.args[0]))
        for mark in item.iter_markers(elsewhere):
            reason = f"{elsewhere.capitalize()} only: {mark.args[0]}"
            item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(scope="session", autouse=True)
def runtime_directory() -> Iterator[Path]:
    # Not below pytest's own directory: socket paths are short.
    directory = Path(tempfile.mkdtemp(prefix="np-test-"))
    before = os.environ.get("NAMEDPIPE_DIR")
    os.environ["NAMEDPIPE_DIR"] = str(directory)
    fill_thread_locals("warm-up")
    yield directory
    if before is None:
        del os.environ["NAMEDPIPE_DIR"]
    else:
        os.environ["NAMEDPIPE_DIR"] = before
    shutil.rmtree(directory)


@pytest.fixture(autouse=True)
def nothing_left(runtime_directory: Path) -> Iterator[None]:
    """No descriptor stays open, no file stays in the runtime directory."""
    open_before = descriptors()
    files_before = set(runtime_directory.iterdir())
    yield
    # Collecting takes longer than most tests, so not without a reason.
    if not descriptors().keys() <= open_before.keys():
        gc.collect()
    # A thread that was joined may still be closing what was its own.
    poll_until(lambda: descriptors().keys() <= open_before.keys())
    left = {n: to for n, to in descriptors().items() if n not in open_before}
    assert not left, "descriptors were left open"
    assert set(runtime_directory.iterdir()) <= files_before, "files were left"


_numbers = itertools.count()


@pytest.fixture
def name() -> str:
    return f"test-{os.getpid()}-{next(_numbers)}"


Ends = tuple[namedpipe.Pipe, namedpipe.Pipe]


def ends(name: str, mode: str, **quotas: int) -> Iterator[Ends]:
    with (
        namedpipe.create(name, mode=mode, **quotas) as server,
        namedpipe.connect(name) as client,
    ):
        server.accept(LIMIT)
        yield server, client


@pytest.fixture
def messages(name: str) -> Iterator[Ends]:
    """The server's and the client's end of a message pipe."""
    yield from ends(name, "message")


@pytest.fixture
def stream(name: str) -> Iterator[Ends]:
    """The server's and the client's end of a byte pipe."""
    yield from ends(name, "byte")


@pytest.fixture(scope="session")
def pool(runtime_directory: Path) -> Iterator[harness.Pool]:
    """Peer processes that serve many tests, see harness.py."""
    made = harness.Pool()
    made.start_all()
    yield made
    made.stop()


def _check_pool(pool: harness.Pool) -> None:
    wrong = pool.check()
    assert not wrong, "; ".join(wrong)


@pytest.fixture(params=harness.PAIRS, ids="-".join)
def pair(
    request: pytest.FixtureRequest, pool: harness.Pool, name: str
) -> Iterator[harness.Pair]:
    """A server and a client process, in every mixture of languages."""
    yield harness.Pair(pool, request.param, name)
    _check_pool(pool)


@pytest.fixture(params=["c", "lua", "py"])
def peer(request: pytest.FixtureRequest, pool: harness.Pool) -> Iterator[harness.Peer]:
    """One process, in every language, for what needs no second one."""
    yield pool[request.param, "server"]
    _check_pool(pool)


@pytest.fixture
def helper(pool: harness.Pool) -> Iterator[harness.Peer]:
    """Another process, of whatever language there is."""
    language = next(lang for lang in ("c", "lua", "py") if not harness.missing(lang))
    yield pool[language, "client"]
    _check_pool(pool)
