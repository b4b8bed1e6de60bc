# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the namedpipe authors

"""The extension module and its ABI; everything else is in pyproject.toml."""

import re
import sys
import sysconfig
from pathlib import Path

from setuptools import Extension, setup

VERSION_HEADER = "core/include/namedpipe/version.h"
# The core's folders that this system needs, and the binding. Every C file in
# them belongs to the extension.
FOLDERS = ("core", "core/pipe", "core/linux", "bindings/python/src")
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


# One binary serves every Python from 3.11 on, but a free-threaded Python has no
# stable ABI and gets its own. The variable may be None, a number or a string.
limited = not int(sysconfig.get_config_var("Py_GIL_DISABLED") or 0)
macros = [("_GNU_SOURCE", "1")]
if limited:
    macros.append(("Py_LIMITED_API", "0x030B0000"))

core = Extension(
    "namedpipe._core",
    sources=files("*.c"),
    depends=[*files("*.h"), *files("include/**/*.h"), EXPORTS],
    include_dirs=["core/include", "core"],
    define_macros=macros,
    py_limited_api=limited,
    extra_compile_args=["-std=c11", "-fvisibility=hidden", "-pthread"],
    extra_link_args=["-pthread", f"-Wl,--version-script={EXPORTS}"],
)

setup(
    version=version(),
    ext_modules=[core],
    options={"bdist_wheel": {"py_limited_api": "cp311"}} if limited else {},
)
