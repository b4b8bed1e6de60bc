# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the namedpipe authors

"""Run the code blocks of README.md as a reader would: `snippets.py`.

A block of Python, Lua or C names its file in its first line ("# server.py").
Each client runs against each server, in processes of their own; a client must
succeed and print what its comment "prints: ..." says. Other files run alone.
Works on what `./run check` has built; the environment is the caller's.
"""

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
LIBRARY = ROOT / "build" / "release"
TIME_LIMIT = 30

BLOCK = re.compile(r"^```(python|lua|c)\n(.*?)^```$", re.M | re.S)
FILE_NAME = re.compile(r"\b\w+\.(?:py|lua|c)\b")
PRINTS = re.compile(r"prints: (.*?)(?: \*/)?$", re.M)


class Snippet(NamedTuple):
    name: str
    command: list[str]
    prints: str

    @property
    def role(self) -> str:
        return self.name.split(".")[0]


def compile_c(path: Path) -> str:
    program = path.with_suffix("")
    subprocess.run(
        [
            *[os.environ.get("CC", "cc"), "-std=c11", "-Wall", "-Wextra", "-Werror"],
            *["-I", ROOT / "core" / "include", "-o", program, path],
            *["-L", LIBRARY, "-lnamedpipe", f"-Wl,-rpath,{LIBRARY}"],
        ],
        check=True,
    )
    return str(program)


def start(path: Path) -> list[str]:
    """The command that runs a file."""
    match path.suffix:
        case ".py":
            return [sys.executable, "-W", "error", str(path)]
        case ".lua":
            return ["lua5.4", str(path)]
        case _:
            return [compile_c(path)]


def extract(work: Path) -> list[Snippet]:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    snippets = []
    for _, code in BLOCK.findall(text):
        name = FILE_NAME.search(code.splitlines()[0])
        if not name:
            raise SystemExit(f"a block does not name its file:\n{code}")
        path = work / name[0]
        path.write_text(code, encoding="utf-8")
        prints = PRINTS.search(code)
        snippets.append(Snippet(path.name, start(path), prints[1] if prints else ""))
    return snippets


def run_client(client: Snippet) -> str:
    """What is wrong with it, or nothing."""
    try:
        process = subprocess.run(
            client.command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=TIME_LIMIT,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"not finished after {TIME_LIMIT} s"
    if process.returncode:
        return f"exit status {process.returncode}\n{process.stderr}"
    if client.prints and process.stdout.strip() != client.prints:
        return f"printed {process.stdout!r} instead of {client.prints!r}"
    return ""


def run_pair(server: Snippet, clients: list[Snippet]) -> int:
    failures = 0
    with (
        tempfile.TemporaryDirectory(prefix="np-readme-") as directory,
        tempfile.TemporaryFile("w+") as output,
    ):
        os.environ["NAMEDPIPE_DIR"] = directory
        process = subprocess.Popen(
            server.command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        for client in clients:
            wrong = run_client(client)
            print(f"{client.name} with {server.name}: {wrong or 'ok'}")
            failures += bool(wrong)
        if process.poll() is not None:
            failures += 1
            print(f"{server.name} ended with {process.returncode}")
        process.kill()
        process.wait()
        if failures:
            output.seek(0)
            print(output.read())
    return failures


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="np-readme-") as work:
        snippets = extract(Path(work))
        servers = [s for s in snippets if s.role == "server"]
        clients = [s for s in snippets if s.role == "client"]
        failures = 0 if servers and clients else 1
        for server in servers:
            failures += run_pair(server, clients)
        for snippet in snippets:
            if snippet.role not in ("server", "client"):
                wrong = run_client(snippet)
                print(f"{snippet.name}: {wrong or 'ok'}")
                failures += bool(wrong)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
