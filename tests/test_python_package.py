# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the namedpipe authors

"""What setup.py asks for, and that the examples run as they are."""

import runpy
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

import namedpipe
from conftest import LIMIT
from observe import WINDOWS

ROOT = Path(__file__).parent.parent
EXAMPLES = ROOT / "bindings" / "python" / "examples"


def asked_for(monkeypatch, gil_disabled) -> dict:
    """What setup() is called with."""
    setuptools = pytest.importorskip("setuptools")
    asked: dict = {}
    monkeypatch.setattr(setuptools, "setup", asked.update)
    ask = sysconfig.get_config_var
    monkeypatch.setattr(
        sysconfig,
        "get_config_var",
        lambda key: gil_disabled if key == "Py_GIL_DISABLED" else ask(key),
    )
    monkeypatch.chdir(ROOT)
    runpy.run_path("setup.py", run_name="__main__")
    return asked


@pytest.mark.parametrize("gil_disabled", [None, 0, "0"])
def test_one_binary_for_every_python_with_a_gil(monkeypatch, gil_disabled):
    asked = asked_for(monkeypatch, gil_disabled)
    [extension] = asked["ext_modules"]
    assert extension.py_limited_api is True
    assert ("Py_LIMITED_API", "0x030B0000") in extension.define_macros
    assert asked["options"] == {"bdist_wheel": {"py_limited_api": "cp311"}}


@pytest.mark.parametrize("gil_disabled", [1, "1"])
def test_a_free_threaded_python_gets_its_own(monkeypatch, gil_disabled):
    asked = asked_for(monkeypatch, gil_disabled)
    [extension] = asked["ext_modules"]
    assert extension.py_limited_api is False
    assert "Py_LIMITED_API" not in dict(extension.define_macros)
    assert asked["options"] == {}


@pytest.mark.parametrize("system", ["linux", "win32"])
def test_every_source_file_of_the_core_and_the_binding_is_compiled(monkeypatch, system):
    if system == "win32":
        monkeypatch.setenv("NAMEDPIPE_WINDOWS_PYTHON", "/some/python")
    elif WINDOWS:
        pytest.skip("there is no other system to build for")
    [extension] = asked_for(monkeypatch, 0)["ext_modules"]
    expected = {
        path.relative_to(ROOT).as_posix()
        for folder in ("core", "core/pipe", f"core/{system}", "bindings/python/src")
        for path in (ROOT / folder).glob("*.c")
    }
    assert set(extension.sources) == expected


def test_for_windows_it_is_built_with_the_headers_of_a_python_there(monkeypatch):
    monkeypatch.setenv("NAMEDPIPE_WINDOWS_PYTHON", "/some/python")
    asked = asked_for(monkeypatch, 0)
    [extension] = asked["ext_modules"]
    assert "/some/python/include" in extension.include_dirs
    assert "/some/python/libs" in extension.library_dirs
    assert "python3" in extension.libraries
    wheel = {"py_limited_api": "cp311", "plat_name": "win_amd64"}
    assert asked["options"] == {"bdist_wheel": wheel}


def test_there_is_one_version(monkeypatch):
    assert asked_for(monkeypatch, 0)["version"] == namedpipe.__version__


@pytest.fixture
def own_directory(monkeypatch) -> Iterator[None]:
    """A process that ends in the middle of things may leave files behind."""
    with tempfile.TemporaryDirectory(prefix="np-test-") as directory:
        monkeypatch.setenv("NAMEDPIPE_DIR", directory)
        yield


def run_example(name: str, *words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-X", "dev", str(EXAMPLES / name), *words],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@pytest.mark.linux("SIGINT ends the server")
def test_the_example_of_a_server_and_its_client(own_directory, name):
    with (
        run_example("client.py", name) as client,
        run_example("echo_server.py", name) as server,
    ):
        said = client.communicate(timeout=LIMIT)[0].splitlines()
        server.send_signal(2)
        assert server.communicate(timeout=LIMIT)[0].endswith("bye\n")
    assert said == [
        "b'hello'",
        "1000000 bytes in one message",
        "b'in s' and more",
        "b'mall' and more",
        "b' par' and more",
        "b'ts' and no more",
        "b'one request, one reply'",
    ]
    assert (client.returncode, server.returncode) == (0, 0)


def test_the_example_of_lines(own_directory):
    with run_example("lines.py") as process:
        said = process.communicate(timeout=LIMIT)[0]
    assert said == "1 2 3 -> 6\n20 22 -> 42\n-1 -> -1\n"
    assert process.returncode == 0
