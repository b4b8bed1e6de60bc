# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the namedpipe authors

"""Run a script that imports pywin32's modules, as it is.

python -m namedpipe.compat SCRIPT [ARGUMENT...]
"""

import os
import runpy
import sys

from . import install


def main() -> None:
    if len(sys.argv) < 2 or sys.argv[1].startswith("-"):
        sys.exit("usage: python -m namedpipe.compat SCRIPT [ARGUMENT...]")
    install()
    # The script sees what it would see if it had been run directly.
    del sys.argv[0]
    script = sys.argv[0]
    if not sys.flags.safe_path:
        sys.path[0] = os.path.dirname(os.path.abspath(script))
    runpy.run_path(script, run_name="__main__")


if __name__ == "__main__":
    main()
