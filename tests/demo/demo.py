# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the namedpipe authors

"""What `./run demo` shows: pipes between processes in three languages.

Starts the programs beside this file, each in a process of its own, and prints
what they say behind who they are. Exit status 0 means that every byte was
right; a program that finds a wrong one ends with another status.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import namedpipe

HERE = Path(__file__).resolve().parent
TIME_LIMIT = 120


class Program:
    """A process whose lines are printed as they come."""

    def __init__(self, who: str, *command: str) -> None:
        self.who = who
        self.facts: dict[str, list[str]] = {}
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
        )
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            first, *words = line.split() or [""]
            if first in ("tally", "speed"):  # for us
                self.facts[first] = words
            else:
                print(f"  {self.who:14} {line}", end="", flush=True)

    def finish(self) -> bool:
        """Whether it ended well."""
        try:
            status = self.process.wait(TIME_LIMIT)
        except subprocess.TimeoutExpired:
            self.process.kill()
            status = "none, it did not end"
            self.process.wait()
        self.reader.join()
        if status != 0:
            print(f"  {self.who:14} FAILED, exit status {status}", flush=True)
        return status == 0


class Demo:
    def __init__(self, c_client: str) -> None:
        self.c_client = c_client
        self.programs: list[Program] = []

    def start(self, who: str, *command: str) -> Program:
        program = Program(who, *command)
        self.programs.append(program)
        return program

    def python(self, who: str, script: str, *arguments: str) -> Program:
        return self.start(who, sys.executable, str(HERE / script), *arguments)

    def lua(self, who: str, script: str, *arguments: str) -> Program:
        return self.start(who, "lua5.4", str(HERE / script), *arguments)

    # The stages give the programs whose facts count, none if one has failed.

    def three_clients(self) -> list[Program]:
        print("\nPython serves; Lua, Python and C are clients at the same time")
        # The clients come first: they wait for the server to appear.
        clients = [
            self.lua("Lua client", "client.lua", "demo"),
            self.python("Python client", "client.py", "demo"),
            self.start("C client", self.c_client, "demo"),
        ]
        self.python("Python server", "server.py")
        ended = [client.finish() for client in clients]
        return clients if all(ended) else []

    def speed(self) -> list[Program]:
        print("\nAs fast as it goes, from one Python to another")
        sender = self.python("Python client", "speed.py")
        if not sender.finish():
            return []
        namedpipe.call("demo", b"?quit", timeout=20.0)
        server = self.programs[3]
        return [sender] if server.finish() else []

    def lua_server(self) -> list[Program]:
        print("\nLua serves, Python is the client")
        client = self.python("Python client", "client.py", "demo-lua")
        server = self.lua("Lua server", "server.lua", "demo-lua")
        return [client] if client.finish() & server.finish() else []

    def run(self) -> bool:
        print(f"namedpipe {namedpipe.__version__}, {os.cpu_count()} processors")
        done: list[Program] = []
        try:
            for stage in (self.three_clients, self.speed, self.lua_server):
                well = stage()
                if not well:
                    return False
                done += well
        except namedpipe.PipeError as error:
            print(f"  demo           FAILED, {error}")
            return False
        finally:
            for program in self.programs:
                program.process.kill()
        self.verdict(done)
        return True

    def verdict(self, programs: list[Program]) -> None:
        tallies = [p.facts["tally"] for p in programs if "tally" in p.facts]
        messages = sum(int(words[0]) for words in tallies)
        size = sum(int(words[1]) for words in tallies) / 1e6
        [speed] = [p.facts["speed"] for p in programs if "speed" in p.facts]
        moved, seconds = map(float, speed)
        print(
            f"\ndemo: ok, {messages} messages and {size:.1f} MB there and back,"
            f" every byte right; throughput {moved / seconds / 1e9:.2f} GB/s"
        )


def main() -> int:
    parser = argparse.ArgumentParser(description="the demo of namedpipe")
    parser.add_argument("--c-client", required=True, help="the compiled client.c")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="np-demo-") as directory:
        os.environ["NAMEDPIPE_DIR"] = directory
        if Demo(arguments.c_client).run():
            return 0
    print("\ndemo: FAILED, see above")
    return 1


if __name__ == "__main__":
    sys.exit(main())
