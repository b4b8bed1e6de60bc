# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the namedpipe authors

"""Hold files and functions to their limits: `lengths.py FILE...`.

Functions: not over 60 lines, named when over 40. Files: not over 500 lines.
C: not over 80 columns. A C function is what its brace in the first column says,
so the code must be formatted. Exits with 1 when a limit is passed.
"""

import ast
import statistics
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

FUNCTION_STOP = 60
FUNCTION_AIM = 40
FILE_STOP = 500
COLUMNS = 80
# The manuals of C and of Lua: most of each is comment, and it stays one file.
LONG_FILES = {"namedpipe.h", "namedpipe.lua"}


class Function(NamedTuple):
    path: Path
    line: int
    name: str
    length: int

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.name}: {self.length} lines"


def signature_start(lines: list[str], brace: int) -> int:
    """The first line of the signature that ends above a brace."""
    start = brace
    while start > 0:
        above = lines[start - 1].strip()
        if not above or above.startswith("#") or above.endswith((";", "}", "*/")):
            break
        start -= 1
    return start


def c_functions(path: Path, lines: list[str]) -> Iterator[Function]:
    brace = 0
    for number, line in enumerate(lines):
        if line == "{":
            brace = number
        elif line == "}" and brace:
            start = signature_start(lines, brace)
            signature = " ".join(lines[start:brace])
            name = signature.split("(")[0].split()[-1].lstrip("*")
            yield Function(path, start + 1, name, number - start + 1)
            brace = 0


def python_functions(path: Path, lines: list[str]) -> Iterator[Function]:
    for node in ast.walk(ast.parse("\n".join(lines))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            yield Function(path, node.lineno, node.name, length)


def columns(line: str) -> int:
    return len(line.expandtabs(8))


def too_long(path: Path, lines: list[str]) -> Iterator[str]:
    if len(lines) > FILE_STOP and path.name not in LONG_FILES:
        yield f"{path}: {len(lines)} lines, {FILE_STOP} allowed"
    if path.suffix in (".c", ".h"):
        for number, line in enumerate(lines, 1):
            if columns(line) > COLUMNS:
                yield f"{path}:{number}: {columns(line)} columns"


def report(language: str, functions: list[Function]) -> None:
    if not functions:
        return
    lengths = sorted(f.length for f in functions)
    longest = max(functions, key=lambda f: f.length)
    print(
        f"{language}: {len(lengths)} functions, median"
        f" {statistics.median(lengths):g} lines, 90 % up to"
        f" {lengths[len(lengths) * 9 // 10]}, longest {longest.name}"
        f" {longest.length}"
    )
    for function in functions:
        if FUNCTION_AIM < function.length <= FUNCTION_STOP:
            print(f"  long: {function}")


def main(names: list[str]) -> int:
    faults: list[str] = []
    found: dict[str, list[Function]] = {"C": [], "Python": []}
    for path in map(Path, names):
        lines = path.read_text(encoding="utf-8").splitlines()
        faults += too_long(path, lines)
        if path.suffix in (".c", ".h"):
            found["C"] += c_functions(path, lines)
        elif path.suffix == ".py":
            found["Python"] += python_functions(path, lines)
    for language, functions in found.items():
        report(language, functions)
        faults += [str(f) for f in functions if f.length > FUNCTION_STOP]
    print(*faults, sep="\n", end="\n" if faults else "")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
