# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the namedpipe authors

"""A wineserver of one's own, in whose death one takes an interest.

Windows programs start one if there is none, and when it is gone, they end quietly,
with success, or hang. So it is started before them, as a child; and so is what runs
in the background of Windows, as it would hold on to the output of the first program.
"""

import contextlib
import os
import signal
import subprocess
import threading
import time
from pathlib import Path

# Seconds.
LIMIT = 60


class WineServer:
    def __init__(self, prefix: Path) -> None:
        self._prefix = prefix
        self._stopping = False
        self._environment = os.environ | {
            "WINEPREFIX": str(prefix),
            "WINEDLLOVERRIDES": "mscoree,mshtml=",
        }

    def __enter__(self) -> "WineServer":
        self._kill()
        # Out of reach of Ctrl-C, which is for the tests.
        self._process = subprocess.Popen(
            ["wineserver", "--foreground", "--persistent"],
            env=self._environment,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
        threading.Thread(target=self._watch, daemon=True).start()
        deadline = time.monotonic() + LIMIT
        while not self._kill("--kill=0"):
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("Wine's server does not start")
            time.sleep(0.01)
        self._run("wine", "wineboot")
        return self

    def __exit__(self, *_: object) -> None:
        """With it ends what a suite may have left: a hang leaves its processes."""
        self._stopping = True
        self._kill()
        try:
            self._process.wait(LIMIT)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._kill_programs()

    def _watch(self) -> None:
        self._process.wait()
        if not self._stopping:
            self._kill_programs()

    def _kill_programs(self) -> None:
        """Those that do not end with their server."""
        ours = f"\0WINEPREFIX={self._prefix}\0".encode()
        for folder in Path("/proc").glob("[0-9]*"):
            # Some processes are other users', some end meanwhile.
            with contextlib.suppress(OSError):
                if ours in b"\0" + (folder / "environ").read_bytes():
                    os.kill(int(folder.name), signal.SIGKILL)

    def _run(self, *command: str) -> int:
        nothing = subprocess.DEVNULL
        streams = {"stdin": nothing, "stdout": nothing, "stderr": nothing}
        done = subprocess.run(
            command, env=self._environment, check=False, timeout=LIMIT, **streams
        )
        return done.returncode

    def _kill(self, how: str = "--kill") -> bool:
        """Whether there was one to be killed."""
        return self._run("wineserver", how) == 0

    def death(self) -> str:
        """How it ended, or an empty string."""
        status = self._process.poll()
        if status is None:
            return ""
        return signal.Signals(-status).name if status < 0 else f"exit status {status}"
