# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the namedpipe authors

"""What programs written for pywin32 need to use named pipes here.

Either import the modules from here,

    from namedpipe.compat import pywintypes, win32file, win32pipe, winerror

or let a program find them under their own names:

    import namedpipe.compat
    namedpipe.compat.install()
    import win32file, win32pipe

or run a script as it is: python -m namedpipe.compat script.py [arguments].

Names, parameters, results and errors are pywin32's. What of it cannot be had
raises pywintypes.error(50, ...), or AttributeError, and says what it is; nothing
that was asked for is passed over in silence.
"""

import importlib
import importlib.util
import sys

_MODULES = (
    "pywintypes",
    "win32api",
    "win32con",
    "win32event",
    "win32file",
    "win32pipe",
    "winerror",
)


def install() -> bool:
    """Make the modules importable by their own names, unless pywin32 is here.

    Returns whether `import win32pipe` brings the one of this package.
    """
    own = {name: importlib.import_module(f".{name}", __name__) for name in _MODULES}
    foreign = [name for name in own if sys.modules.get(name) is not own[name]]
    foreign = [name for name in foreign if importlib.util.find_spec(name)]
    if "win32pipe" in foreign:
        return False
    if foreign:
        raise ImportError(
            f"there is a module {foreign[0]} but no win32pipe: it is not pywin32's,"
            " and stands in the way of the one namedpipe.compat brings",
            name=foreign[0],
        )
    sys.modules.update(own)
    return True
