# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the namedpipe authors

"""Where a run was made, and of what: figures mean little without."""

from __future__ import annotations

import io
import os
import platform
import statistics
import time
import zipfile
from importlib import metadata
from pathlib import Path

NOT_IN_WHEELS = {"INSTALLER", "REQUESTED", "direct_url.json"}


def processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def distance(probes: list[float]) -> str:
    """Of the two CPUs; the probe says 0 where it could not tell."""
    known = sorted(ns for ns in probes if ns)
    if not known:
        return "not known"
    return f"{statistics.median(known):.0f} ns ({known[0]:.0f}…{known[-1]:.0f})"


def package() -> str:
    """The size of the installed Python package, and as a wheel, which is a zip
    file of the same files."""
    try:
        files = metadata.files("pynamedpipe") or []
    except metadata.PackageNotFoundError:
        return "not installed"
    total = 0
    wheel = io.BytesIO()
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in files:
            # What installing adds: scripts, compiled modules, notes.
            if {"..", "__pycache__"} & set(file.parts) or file.name in NOT_IN_WHEELS:
                continue
            data = file.read_binary()
            total += len(data)
            archive.writestr(str(file), data)
    kib = len(wheel.getvalue()) / 1024
    return f"{kib:.0f} KiB as a wheel, {total / 1024:.0f} KiB installed"


def facts() -> dict[str, str]:
    """Before anything is measured."""
    return {
        "date": time.strftime("%Y-%m-%d", time.gmtime()),
        "processor": f"{processor()}, {len(os.sched_getaffinity(0))} CPUs",
        "load before": f"{os.getloadavg()[0]:.2f}",
        "system": f"{platform.system()} {platform.release()}",
        "Python": platform.python_version(),
        "Python package": package(),
    }
