# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the namedpipe authors

"""The extension module and its ABI; everything else is in pyproject.toml.

On Linux this builds for Windows, with mingw-w64, if NAMEDPIPE_WINDOWS_PYTHON
names a folder with the include and libs of a CPython for Windows:

    NAMEDPIPE_WINDOWS_PYTHON=build/wine/python pip wheel .

Building on Windows itself has not been tried.
"""

import os
import re
import sys
import sysconfig
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

VERSION_HEADER = "core/include/namedpipe/version.h"
WINDOWS_PYTHON = os.environ.get("NAMEDPIPE_WINDOWS_PYTHON")
WINDOWS = bool(WINDOWS_PYTHON) or sys.platform == "win32"
SYSTEM = "core/win32" if WINDOWS else "core/linux"
# The core's folders that this system needs, and the binding. Every C file in
# them belongs to the extension.
FOLDERS = ("core", "core/pipe", SYSTEM, "bindings/python/src")
EXPORTS = "bindings/python/exports.map"


def version() -> str:
    text = Path(VERSION_HEADER).read_text(encoding="utf-8")
    match = re.search(r'^#define NP_VERSION "([^"]+)"$', text, re.MULTILINE)
    if not match:
        sys.exit(f"no NP_VERSION in {VERSION_HEADER}")
    return match[1]


def files(pattern: str) -> list[str]:
    return sorted(
        path.as_posix() for folder in FOLDERS for path in Path(folder).glob(pattern)
    )


class BuildForWindows(build_ext):
    """Compiles for Windows and names the module as there, on another system."""

    def build_extensions(self) -> None:
        # Nothing of the Python that runs this: not its flags, not its headers.
        self.compiler.set_executables(
            compiler_so="x86_64-w64-mingw32-gcc -O3 -DNDEBUG -Wall",
            linker_so="x86_64-w64-mingw32-gcc -shared -static-libgcc",
        )
        self.compiler.set_include_dirs([])
        self.compiler.set_library_dirs([])
        super().build_extensions()

    def get_ext_filename(self, fullname: str) -> str:
        return fullname.replace(".", "/") + ".pyd"


# One binary serves every Python from 3.11 on, but a free-threaded Python has no
# stable ABI and gets its own. The variable may be None, a number or a string.
limited = not int(sysconfig.get_config_var("Py_GIL_DISABLED") or 0)

core = Extension(
    "namedpipe._core",
    sources=files("*.c"),
    depends=[*files("*.h"), *files("include/**/*.h"), EXPORTS],
    include_dirs=["core/include", "core"],
    define_macros=[("Py_LIMITED_API", "0x030B0000")] if limited else [],
    py_limited_api=limited,
    extra_compile_args=["-std=c11", "-fvisibility=hidden"],
)
if WINDOWS:
    # Else printf would be that of the oldest Microsoft runtime.
    core.define_macros.append(("__USE_MINGW_ANSI_STDIO", "1"))
    core.libraries += ["advapi32", "ntdll"]
else:
    core.define_macros.append(("_GNU_SOURCE", "1"))
    core.extra_compile_args.append("-pthread")
    core.extra_link_args += ["-pthread", f"-Wl,--version-script={EXPORTS}"]
    # Python's own flags ask for debug information, five times the code.
    core.extra_compile_args.append("-g0")
    core.extra_link_args.append("-Wl,-s")
    if "clang" not in os.environ.get("CC", sysconfig.get_config_var("CC") or ""):
        # As CMakeLists.txt does; clang would want another linker for it.
        core.extra_compile_args.append("-flto")
        core.extra_link_args.append("-flto")

options = {"py_limited_api": "cp311"} if limited else {}
commands = {}
if WINDOWS_PYTHON:
    core.include_dirs.append(f"{WINDOWS_PYTHON}/include")
    core.library_dirs.append(f"{WINDOWS_PYTHON}/libs")
    core.libraries.append("python3")
    options["plat_name"] = "win_amd64"
    commands["build_ext"] = BuildForWindows

setup(
    version=version(),
    ext_modules=[core],
    cmdclass=commands,
    options={"bdist_wheel": options} if options else {},
)
