# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the namedpipe authors

r"""Which strings name a pipe to Win32: those that begin with \\.\pipe\.

The rest of namedpipe takes "demo" as well; to Win32 that is a file.
"""

import re

from . import _errors

_LOCAL = re.compile(r"[\\/]{2}[.?][\\/]pipe([\\/]|$)", re.IGNORECASE)
_REMOTE = re.compile(r"[\\/]{2}[^\\/]+[\\/]pipe([\\/]|$)", re.IGNORECASE)


def check(name: str, function: str, code: int, text: str) -> str:
    """The name, or error(code, function, text) if it is not one of a pipe."""
    if not isinstance(name, str):
        raise TypeError(f"The object must be a string, not {type(name).__name__}")
    if _LOCAL.match(name):
        return name
    if _REMOTE.match(name):
        what = rf"only local pipes can be used, \\.\pipe\NAME, not {name}"
        raise _errors.unsupported(function, what)
    raise _errors.failure(code, function, f"{text}: {name}")
