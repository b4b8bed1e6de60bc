# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the namedpipe authors

"""namedpipe.compat: scripts for pywin32 run as they are; install()."""

import contextlib
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

import namedpipe
from conftest import LIMIT
from namedpipe import compat

EXAMPLES = Path(__file__).parent.parent / "bindings" / "python" / "examples"
PYTHON = [sys.executable, "-X", "dev", "-W", "error"]
LONG = "a longer message, in parts " * 8
SERVERS = ["pywin32_server.py", "pywin32_overlapped.py"]


@pytest.fixture(autouse=True)
def own_directory(monkeypatch) -> Iterator[None]:
    """A process that ends in the middle of things may leave files behind."""
    with tempfile.TemporaryDirectory(prefix="np-test-") as directory:
        monkeypatch.setenv("NAMEDPIPE_DIR", directory)
        yield


def start(*words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*PYTHON, *words],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@contextlib.contextmanager
def running(process: subprocess.Popen[str]) -> Iterator[subprocess.Popen[str]]:
    with process:
        try:
            yield process
        finally:
            process.kill()


def script(name: str, *words: str) -> contextlib.AbstractContextManager:
    path = str(EXAMPLES / name)
    return running(start("-m", "namedpipe.compat", path, *words))


def said(process: subprocess.Popen[str]) -> list[str]:
    output = process.communicate(timeout=LIMIT)[0]
    assert process.returncode == 0, output
    return output.splitlines()


# --------------------------------------------------------------------- scripts


@pytest.mark.parametrize("server_script", SERVERS)
def test_a_server_and_its_clients(server_script, name):
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(script(server_script, name, "4"))
        clients = [
            stack.enter_context(script("pywin32_client.py", name, f"client {n}", LONG))
            for n in range(4)
        ]
        for n, client in enumerate(clients):
            assert said(client) == [f"CLIENT {n}", LONG.upper()]
        assert said(server)[-1] == "done"


@pytest.mark.parametrize("server_script", SERVERS)
def test_a_server_with_a_plain_client(server_script, name):
    with script(server_script, name, "2") as server:
        for _ in range(2):
            with namedpipe.connect(name, timeout=LIMIT, wait="server") as pipe:
                pipe.timeout = LIMIT
                for message in (b"hello", b"", b"x" * 5000):
                    assert pipe.transact(message) == message.upper()
        assert said(server)[-1] == "done"


def shout(pipe: namedpipe.Pipe) -> None:
    for message in pipe.messages():
        pipe.send(message.upper())


def test_a_client_with_a_plain_server(name):
    with (
        script("pywin32_client.py", name) as client,
        namedpipe.listen(name, mode="message") as server,
        server.accept(LIMIT) as pipe,
    ):
        shout(pipe)
        assert said(client) == ["HELLO", LONG.upper()]


@pytest.mark.linux("SIGINT")
def test_ctrl_c_ends_a_script_that_waits(name):
    with script("pywin32_overlapped.py", name) as server:
        assert server.stdout is not None
        assert server.stdout.readline() == "waiting for clients\n"
        server.send_signal(signal.SIGINT)
        output = server.communicate(timeout=LIMIT)[0]
        assert output.rstrip().endswith("KeyboardInterrupt")


# ---------------------------------------------------------------------- runner


@pytest.mark.linux("pywin32 itself is there on Windows")
def test_the_runner_shows_a_script_what_it_would_see(tmp_path):
    (tmp_path / "beside.py").write_text("value = 5\n")
    program = tmp_path / "program.py"
    program.write_text(
        "import sys, beside, win32pipe\n"
        "print(__name__, sys.argv[1:], beside.value, sys.argv[0] == __file__)\n"
        "print(win32pipe.__name__)\n"
        "sys.exit(0)\n"
    )
    with running(start("-m", "namedpipe.compat", str(program), "-a", "b")) as process:
        assert said(process) == [
            "__main__ ['-a', 'b'] 5 True",
            "namedpipe.compat.win32pipe",
        ]


@pytest.mark.parametrize("words", [(), ("-x",)])
def test_the_runner_without_a_script(words):
    with running(start("-m", "namedpipe.compat", *words)) as process:
        assert process.communicate(timeout=LIMIT)[0].startswith("usage:")
        assert process.returncode == 1


# --------------------------------------------------------------------- install()


@pytest.fixture
def clean_modules() -> Iterator[None]:
    """Without ours, and again without them."""
    before = dict(sys.modules)
    for name in compat._MODULES:
        sys.modules.pop(name, None)
    yield
    for name in compat._MODULES:
        sys.modules.pop(name, None)
    sys.modules.update({n: m for n, m in before.items() if n in compat._MODULES})


@pytest.mark.linux("pywin32 itself is there on Windows")
def test_installing_makes_the_modules_importable(clean_modules):
    with pytest.raises(ModuleNotFoundError):
        import win32pipe
    assert compat.install() is True
    assert compat.install() is True
    import pywintypes
    import win32api
    import win32con
    import win32event
    import win32file
    import win32pipe
    import winerror

    modules = (pywintypes, win32api, win32con, win32event, win32file, win32pipe)
    for module in (*modules, winerror):
        assert module.__name__.startswith("namedpipe.compat.")
    assert win32pipe is compat.win32pipe


def test_pywin32_is_left_alone(clean_modules, tmp_path, monkeypatch):
    for name in ("win32pipe", "win32file", "pywintypes"):
        (tmp_path / f"{name}.py").write_text("real = True\n")
    monkeypatch.syspath_prepend(tmp_path)
    assert compat.install() is False
    import win32pipe

    assert win32pipe.real
    assert "winerror" not in sys.modules


@pytest.mark.linux("pywin32 itself is there on Windows")
def test_a_module_that_is_neither_is_named(clean_modules, tmp_path, monkeypatch):
    (tmp_path / "win32con.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ImportError, match="a module win32con but no win32pipe"):
        compat.install()
    assert "win32pipe" not in sys.modules
