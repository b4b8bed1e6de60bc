# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the namedpipe authors

"""Python, Lua and C say the same: constants, error numbers, error texts."""

import json
import re
import subprocess
from pathlib import Path

import pytest

import namedpipe
from harness import (
    CLASSES,
    CONSTANTS,
    LIMIT,
    NAMES_H,
    ROOT,
    TEXTS,
    E,
    environment,
    lua_command,
    require,
)

# What class an error is besides PipeError, by the names of names.h.
BUILTINS = {
    "PipeNotFoundError": FileNotFoundError,
    "PipeAccessError": PermissionError,
    "BrokenPipe": BrokenPipeError,
    "PipeTimeoutError": TimeoutError,
    "ServerNotTrusted": PermissionError,
}


def lua(script: str) -> object:
    """What a Lua script prints, as JSON."""
    require("lua")
    command = [lua_command(), "-e", 'np = require "namedpipe"', "-e", script]
    done = subprocess.run(
        command,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=LIMIT,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


PRINT_INTEGERS = """
local parts = {}
for name, value in pairs(%s) do
  if math.type(value) == "integer" then
    parts[#parts + 1] = ('"%%s": %%d'):format(name, value)
  end
end
print("{" .. table.concat(parts, ", ") .. "}")
"""


def test_the_table_was_read() -> None:
    """The parser of names.h finds every row."""
    assert NAMES_H.count("\n    X(") == len(E) + len(CONSTANTS)
    assert E.PIPE_BUSY == 231
    assert TEXTS[231] == "all pipe instances are busy"
    assert CLASSES[231] == "PipeBusyError"
    assert CONSTANTS["DEFAULT_QUOTA"] == 65536


def test_error_numbers_of_python() -> None:
    """Section 1: namedpipe.E is the table."""
    assert {e.name: e.value for e in namedpipe.E} == {e.name: e.value for e in E}


def test_error_numbers_of_lua() -> None:
    """Section 1: np.E is the table."""
    assert lua(PRINT_INTEGERS % "np.E") == {e.name: e.value for e in E}


def test_constants_of_python() -> None:
    """names.h: all of them, exported, and nothing in capitals besides."""
    capitals = {name for name in namedpipe.__all__ if name.isupper()} - {"E", "DEFAULT"}
    assert {name: getattr(namedpipe, name) for name in capitals} == CONSTANTS


def test_constants_of_lua() -> None:
    """names.h."""
    assert lua(PRINT_INTEGERS % "np") == CONSTANTS


def test_versions() -> None:
    """version.h is the one source."""
    header = (ROOT / "core/include/namedpipe/version.h").read_text()
    assert f'"{namedpipe.__version__}"' in header
    assert lua("print('\"' .. np.version() .. '\"')") == namedpipe.__version__


@pytest.mark.parametrize("code", sorted(set(CLASSES)), ids=lambda code: E(code).name)
def test_classes_of_python(code: int) -> None:
    """Each class the table names exists, and is the builtin's child as well."""
    made = getattr(namedpipe, CLASSES[code])
    assert issubclass(made, namedpipe.PipeError)
    assert issubclass(made, OSError)
    if CLASSES[code] in BUILTINS:
        assert issubclass(made, BUILTINS[CLASSES[code]])


# Errors that are easy to come by: how, in both languages.
PROVOKE = {
    "FILE_NOT_FOUND": ("open", "NAME"),
    "INVALID_NAME": ("open", ""),
    "BAD_PATHNAME": ("open", "/tmp/x"),
    "NOT_SUPPORTED": ("open", "unix:x"),
    "INVALID_PARAMETER": ("create", "NAME", {"max_instances": 0}),
}


PRINT_FAILURE = "print(('[%s, %d]'):format(('%q'):format(m), c))"


def lua_value(value: object) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{k} = {v}" for k, v in value.items()) + "}"
    return json.dumps(value)


@pytest.mark.parametrize("error", PROVOKE)
def test_texts(name: str, error: str) -> None:
    """The same words, with the same details, behind the same canonical name."""
    verb, *arguments = PROVOKE[error]
    arguments = [name if a == "NAME" else a for a in arguments]
    options = arguments.pop() if isinstance(arguments[-1], dict) else {}
    with pytest.raises(namedpipe.PipeError) as caught:
        getattr(namedpipe, verb)(*arguments, **options)
    assert caught.value.winerror == E[error]
    assert type(caught.value).__name__ == CLASSES[E[error]]
    call = ", ".join(map(lua_value, [*arguments, options]))
    message, code = lua(f"local _, m, c = np.{verb}({call}) {PRINT_FAILURE}")
    assert code == E[error]
    assert message == f"{caught.value.filename}: {caught.value.strerror}"
    assert caught.value.strerror.startswith(TEXTS[E[error]])


CONVERSATION = """
local name = "%s"
local texts = {}
local function note(_, message, code)
  texts[#texts + 1] = ("[%%d, %%s]"):format(code, ("%%q"):format(message))
end
local server <close> = assert(np.create(name, {mode = "message", max_instances = 1}))
note(server:recv(nil, 0))
note(server:peek())
note(server:peer())
note(np.create(name))
local client <close> = assert(np.open(name))
note(client:accept(0))
note(client:recv(nil, 0))
note(np.open(name))
note(np.wait(name, 0))
client:setmode("message", true)
note(client:recv())
server:disconnect()
note(client:recv(nil, 0))
note(server:disconnect())
server:accept(0)
local second = assert(np.open(name))
second:close()
note(server:recv(nil, 0))
note(server:accept(0))
print("[" .. table.concat(texts, ", ") .. "]")
"""


def conversation(name: str) -> list[tuple[int, str]]:
    """The same in Python."""
    texts = []

    def note(function, *arguments: object) -> None:
        with pytest.raises(namedpipe.PipeError) as caught:
            function(*arguments)
        error = caught.value
        texts.append((int(error.winerror), f"{error.filename}: {error.strerror}"))

    with namedpipe.create(name, mode="message", max_instances=1) as server:
        note(server.recv, None, 0)
        note(server.peek)
        note(lambda: server.peer)
        note(namedpipe.create, name)
        with namedpipe.open(name) as client:
            note(client.accept, 0)
            note(client.recv, None, 0)
            note(namedpipe.open, name)
            note(namedpipe.wait, name, 0)
            client.read_mode = "message"
            client.nowait = True
            note(client.recv)
            server.disconnect()
            note(client.recv, None, 0)
            note(server.disconnect)
            with pytest.raises(namedpipe.PipeTimeoutError):
                server.accept(0)
        namedpipe.open(name).close()
        note(server.recv, None, 0)
        note(server.accept, 0)
    return texts


def test_texts_of_a_conversation(name: str) -> None:
    """The same numbers and words in both languages, all along."""
    ours = conversation(name)
    theirs = [tuple(item) for item in lua(CONVERSATION % name)]
    assert theirs == ours
    for code, message in ours:
        assert message.endswith(TEXTS[code]) or TEXTS[code] in message


def test_the_peers_speak_one_protocol() -> None:
    """The three programs know the same verbs with the same arguments."""
    peers = ROOT / "tests" / "peers"

    def verbs(file: str, row: str) -> dict[str, str]:
        return dict(re.findall(row, Path(peers / file).read_text(), re.MULTILINE))

    c = verbs("peer.c", r'^    \{"(\w+)", "(\w*)", do_\w+\},$')
    lua_verbs = verbs("peer.lua", r'^  (\w+) = \{"(\w*)", function')
    python = verbs("peer.py", r'^    "(\w+)": \("(\w*)", \w+\),$')
    assert c == lua_verbs == python
