# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the namedpipe authors

"""python -m namedpipe doctor: what may be wrong with an installation."""

from __future__ import annotations

import os
import platform
import stat
import sys
from collections.abc import Iterator
from importlib import metadata

import namedpipe

from . import _core


def runtime_directory() -> str:
    """Where the pipes of this user are, by the core's rule."""
    if directory := os.environ.get("NAMEDPIPE_DIR"):
        return directory
    if directory := os.environ.get("XDG_RUNTIME_DIR"):
        return os.path.join(directory, "namedpipe")
    return f"/tmp/namedpipe-{os.getuid()}"


def check_owners() -> Iterator[str]:
    """Another project installs a package of the same name."""
    owners = sorted(set(metadata.packages_distributions().get("namedpipe", ())))
    print("distributions  ", ", ".join(owners) or "none (running from a source tree)")
    if len(owners) > 1:
        yield (
            f"the distributions {' and '.join(owners)} share the directory"
            " namedpipe/ and overwrite each other: uninstall all of them, then"
            " install the one you want"
        )


def check_directory() -> Iterator[str]:
    directory = runtime_directory()
    try:
        status = os.lstat(directory)
    except FileNotFoundError:
        print("directory      ", directory, "(will be made when it is needed)")
        return
    except OSError as error:
        print("directory      ", directory)
        yield f"the runtime directory cannot be looked at: {error.strerror}"
        return
    mode = stat.S_IMODE(status.st_mode)
    print("directory      ", directory, f"mode {mode:04o} owner {status.st_uid}")
    if not stat.S_ISDIR(status.st_mode):
        yield f"{directory} is not a directory"
    elif status.st_uid != os.getuid():
        yield f"{directory} belongs to user {status.st_uid}, not to {os.getuid()}"
    elif mode & 0o077:
        yield f"{directory} is open to other users: chmod 700 {directory}"


def report() -> int:
    system = f"{platform.system()} {platform.release()} {platform.machine()}"
    print("namedpipe      ", namedpipe.__version__)
    print("Python         ", platform.python_version(), sys.executable)
    print("system         ", system)
    print("compiled part  ", _core.__file__)
    problems = [*check_owners()]
    if hasattr(os, "getuid"):
        problems += check_directory()
    try:
        print("pipes          ", len(namedpipe.names()))
    except namedpipe.PipeError as error:
        problems.append(str(error))
    for problem in problems:
        print("PROBLEM        ", problem)
    return 1 if problems else 0
