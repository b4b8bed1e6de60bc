# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the namedpipe authors

"""Run everything `./run check` stands for: `checks.py [NAME...]`.

One line a check, "ok" or "FAILED" with what failed below it. Works on what
`./run check` has built. Each check is a function of CHECKS; it returns what is
wrong, nothing meaning ok. CONTRIBUTING.md says what each one is for.
"""

import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build"
RELEASE = BUILD / "release"
TIME_LIMIT = 10 * 60

IGNORED = re.compile(
    r"(^|/)(\.git|build|dist|\w*cache\w*|\.\w+_cache|\.hypothesis|[\w.-]+\.egg-info)/"
)
# Names no comment fits into, or that are the licence itself.
NO_HEAD = {"LICENSE", "py.typed"}
WIN32_HOMES = ("core/include/namedpipe.h", "core/include/namedpipe/win32.h")
# What linkers add to every shared object.
LINKER_SYMBOLS = {"_init", "_fini", "_edata", "_end", "__bss_start", "NP_0"}


def files(*suffixes: str) -> list[str]:
    """Our files, relative to the root; of these suffixes if any are given."""
    found = []
    for path in sorted(ROOT.rglob("*")):
        name = path.relative_to(ROOT).as_posix()
        if IGNORED.search(name + "/") or not path.is_file():
            continue
        if not suffixes or path.suffix in suffixes:
            found.append(name)
    return found


def shell_files() -> list[str]:
    return [
        name
        for name in files()
        if re.match(r"#!/bin/(ba)?sh\b", (ROOT / name).read_text("utf-8", "replace"))
    ]


def run(*command: str, cwd: Path = ROOT) -> str:
    """What is wrong: the output of a command that failed."""
    try:
        process = subprocess.run(
            command,
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=TIME_LIMIT,
            check=False,
        )
    except FileNotFoundError:
        return f"{command[0]} is not installed"
    except subprocess.TimeoutExpired:
        return f"{command[0]} did not end"
    if process.returncode == 0:
        return ""
    return process.stdout or f"exit status {process.returncode}"


def python(*arguments: str) -> str:
    return run(sys.executable, *arguments)


def check_c_format() -> str:
    wrong = run("clang-format", "--dry-run", "-Werror", *files(".c", ".h"))
    # Which files is enough to know: clang-format -i says the rest.
    names = dict.fromkeys(re.findall(r"^(\S+\.[ch]):\d+:\d+: error", wrong, re.M))
    return "clang-format -i " + " ".join(names) if names else wrong


def check_ruff() -> str:
    return python("-m", "ruff", "check", "--output-format=concise", ".") + python(
        "-m", "ruff", "format", "--check", "--diff", "."
    )


def check_lua() -> str:
    return run("luacheck", "--no-cache", "--no-color", "-q", *files(".lua"))


def check_shell() -> str:
    return run("shellcheck", *shell_files())


def check_lengths() -> str:
    return python("tools/lengths.py", *files(".c", ".h", ".py", ".lua", ".sh"))


def check_types() -> str:
    return python("-m", "mypy", "--strict", "-p", "namedpipe")  # as installed


def check_stubs() -> str:
    # It leaves its cache where it runs.
    return run(sys.executable, "-m", "mypy.stubtest", "namedpipe", cwd=BUILD)


def foreign_symbols(library: Path, pattern: str, *options: str) -> Iterator[str]:
    """The symbols of a library that another program would see, and must not."""
    command = ["nm", "--defined-only", *options, str(library)]
    listing = subprocess.run(command, capture_output=True, text=True, check=True)
    for line in listing.stdout.splitlines():
        fields = line.split()
        if len(fields) != 3:
            continue
        name = fields[2].split("@")[0]
        if name not in LINKER_SYMBOLS and not re.fullmatch(pattern, name):
            yield f"{library.name}: {name}\n"


def check_symbols() -> str:
    where = "import namedpipe._core as c; print(c.__file__)"
    core = subprocess.run(
        [sys.executable, "-c", where], capture_output=True, text=True, check=True
    ).stdout.strip()
    shared, archive = RELEASE / "libnamedpipe.so", RELEASE / "libnamedpipe.a"
    spelling = RELEASE / "core" / "spelling" / "libnamedpipe_win32.a"
    lua = RELEASE / "lua" / "namedpipe.so"
    return "".join(
        [
            *foreign_symbols(shared, r"np_\w+", "-D"),
            *foreign_symbols(archive, r"np[ix]?_\w+", "-g"),
            *foreign_symbols(spelling, r"npw_\w+|[A-Zl][A-Za-z]+", "-g"),
            *foreign_symbols(Path(core), r"PyInit__core", "-D"),
            *foreign_symbols(lua, r"luaopen_namedpipe", "-D"),
        ]
    )


def check_win32() -> str:
    """The folder chooses the system; nothing else may ask which one it is."""
    wrong = ""
    for name in files(".c", ".h"):
        if name in WIN32_HOMES or name.startswith("core/win32/"):
            continue
        for number, line in enumerate((ROOT / name).open(encoding="utf-8"), 1):
            if re.search(r"\b_WIN32\b", line):
                wrong += f"{name}:{number}: {line}"
    return wrong


def check_heads() -> str:
    wrong = ""
    for name in files():
        path = ROOT / name
        if path.name in NO_HEAD:
            continue
        text = path.read_text("utf-8", "replace")
        # JSON has no comments; its head stands where its schema lets it.
        head = text if path.suffix == ".json" else "\n".join(text.split("\n")[:6])
        if not re.search(r"SPDX-License-Identifier\W+MIT\b", head) or not re.search(
            r"SPDX-FileCopyrightText\W+the namedpipe authors", head
        ):
            wrong += f"{name}: no SPDX head\n"
    return wrong


def check_header() -> str:
    """The public header alone is C11 and C++, for each compiler there is."""
    warnings = ("-Wall", "-Wextra", "-Wpedantic", "-Wundef", "-Werror")
    include = ("-I", "core/include", "-fsyntax-only")
    wrong = ""
    with tempfile.TemporaryDirectory(prefix="np-header-") as work:
        for suffix, standard, compilers in (
            ("c", "-std=c11", ("gcc", "clang")),
            ("cc", "-std=c++11", ("g++", "clang++")),
        ):
            source = Path(work) / f"alone.{suffix}"
            source.write_text("#include <namedpipe.h>\n")
            for compiler in filter(shutil.which, compilers):
                wrong += run(compiler, standard, *warnings, *include, str(source))
    return wrong


def check_rock() -> str:
    """luarocks builds the module, from the same files as everything else."""
    rockspec = "bindings/lua/namedpipe-scm-1.rockspec"
    listed = set(re.findall(r'"([\w/]+\.c)"', (ROOT / rockspec).read_text("utf-8")))
    here = {n for n in files(".c") if n.startswith(("core/", "bindings/lua/"))}
    # Not for Linux, and not for languages other than C.
    here = {n for n in here if not n.startswith(("core/win32/", "core/spelling/"))}
    wrong = "".join(f"{rockspec}: {name}\n" for name in sorted(listed ^ here))
    with tempfile.TemporaryDirectory(prefix="np-rock-") as work:
        for folder in ("core", "bindings/lua"):
            shutil.copytree(ROOT / folder, Path(work) / folder)
        make = ("luarocks", "--lua-version=5.4", "--tree=tree", "make", rockspec)
        load = ("lua5.4", "-e", 'package.cpath = "tree/lib/lua/5.4/?.so"')
        name = ("-e", 'assert(require("namedpipe").version())')
        return wrong or run(*make, cwd=Path(work)) or run(*load, *name, cwd=Path(work))


def check_readme() -> str:
    return python("tools/snippets.py")


CHECKS: dict[str, Callable[[], str]] = {
    "c-format": check_c_format,
    "ruff": check_ruff,
    "luacheck": check_lua,
    "shellcheck": check_shell,
    "lengths": check_lengths,
    "heads": check_heads,
    "win32": check_win32,
    "header": check_header,
    "symbols": check_symbols,
    "types": check_types,
    "stubs": check_stubs,
    "rock": check_rock,
    "readme": check_readme,
}


def main(names: list[str]) -> int:
    failures = 0
    for name in names or CHECKS:
        began = time.monotonic()
        try:
            wrong = CHECKS[name]()
        except (OSError, subprocess.CalledProcessError) as error:
            wrong = f"{error}\n{getattr(error, 'stderr', '') or ''}"
        seconds = time.monotonic() - began
        print(f"{name:12} {'FAILED' if wrong else 'ok':6} {seconds:5.1f} s")
        if wrong:
            failures += 1
            print("    " + wrong.rstrip().replace("\n", "\n    "))
        sys.stdout.flush()
    print(f"checks: {len(names or CHECKS) - failures} ok, {failures} failed")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
