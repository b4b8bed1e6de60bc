# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the namedpipe authors

"""Names: spellings, what is one name and what are two, exists and names."""

import contextlib
import os
from collections.abc import Iterator

import pytest

import namedpipe
from harness import E, Pair, Peer, fails

LONG = "\\\\.\\pipe\\"


@pytest.mark.parametrize(
    "spelling",
    [
        "{}",
        "\\\\.\\pipe\\{}",
        "//./pipe/{}",
        "\\\\.\\PIPE\\{}",
        "/\\.\\Pipe/{}",
        "\\\\?\\pipe\\{}",
        "npipe:////./pipe/{}",
    ],
)
def test_spellings_of_one_name(pair: Pair, spelling: str) -> None:
    """NM1: in every language."""
    pair.server.create(pair.name)
    assert pair.client.exists(spelling.format(pair.name))
    pair.client.wait(spelling.format(pair.name), 0)
    client = pair.client.open(spelling.format(pair.name))
    client.write(b"x")


def test_case_does_not_matter(pair: Pair) -> None:
    """NM1."""
    name = f"Mixed-{pair.name}-cAsE"
    server = pair.server.create(name.upper(), max_instances=2)
    pair.client.create(name.lower(), max_instances=2)
    for spelling in (name, name.upper(), name.lower(), name.swapcase()):
        with fails(E.PIPE_BUSY):
            pair.client.create(spelling, max_instances=2)
    pair.client.open(name.swapcase()).write(b"x")
    assert server.read(1) == (b"x", False)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("\u00e4\u00f6\u00fc", "\u00c4\u00d6\u00dc"),
        ("\u03b1\u03b2\u03c9", "\u0391\u0392\u03a9"),
        ("\u0436\u044f", "\u0416\u042f"),
        ("\u01c6", "\u01c4"),
        ("\uff41", "\uff21"),
    ],
)
def test_case_of_other_alphabets(pair: Pair, one: str, other: str) -> None:
    """NM1, section 0: one to one upper case of the basic plane, no locale."""
    pair.server.create(f"{pair.name}-{one}")
    assert pair.client.exists(f"{pair.name}-{other}")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("stra\u00dfe", "STRASSE"),  # one to one: there is no upper case of it
        ("\u00e4", "a\u0308"),  # no normalisation
        ("\U00010428", "\U00010400"),  # beyond the basic plane
        ("x", "x\\"),
        ("a\\b", "a\\\\b"),
        ("dots", "..\\dots"),
        ("a\\..\\b", "b"),
    ],
)
def test_what_are_two_names(pair: Pair, one: str, other: str) -> None:
    """NM1, NM2: nothing is collapsed, stripped or expanded."""
    pair.server.create(f"{pair.name}{one}")
    assert not pair.client.exists(f"{pair.name}{other}")
    pair.client.create(f"{pair.name}{other}", first=True)


def test_slashes_are_one(pair: Pair) -> None:
    """NM1, section 0."""
    pair.server.create(f"{pair.name}/a\\b/")
    for spelling in ("\\a\\b\\", "/a/b/", "\\a/b/"):
        assert pair.client.exists(pair.name + spelling)


def test_a_flat_table(pair: Pair) -> None:
    """NM3, section 0: a pipe does not stand in the way of longer names."""
    pair.server.create(pair.name)
    pair.client.create(f"{pair.name}\\below", first=True)
    pair.client.open(f"{pair.name}\\below")


@pytest.mark.parametrize(
    "text",
    [
        "<>*?|\":'",
        "..",
        ".",
        "...",
        "%41%",
        "#0123",
        "a.b.c",
        "\x01\x1f\x7f",
        "-rf",
        "~",
    ],
)
def test_any_character_may_be_in_a_name(peer: Peer, name: str, text: str) -> None:
    """NM2: nothing means anything to the file system."""
    for full in (f"{name}{text}", f"{text}{name}"):
        peer.create(full, first=True)
        peer.open(full).write(b"x")
    assert f"{name}{text}" in namedpipe.names()


def test_spaces_and_newlines(name: str) -> None:
    """NM2."""
    for text in (f" {name} ", f"{name}\n", f"\t{name}"):
        with namedpipe.create(text, first=True):
            assert namedpipe.exists(text)
            assert not namedpipe.exists(name)


# ------------------------------------------------------------------------ lengths


@pytest.mark.parametrize("character", ["n", "\u00e4", "\u20ac", "\U0001f600"])
def test_the_longest_name(peer: Peer, name: str, character: str) -> None:
    """NM4: 256 UTF-16 units with the prefix; some characters are two of them."""
    room = 256 - len(LONG) - len(name)
    width = len(character.encode("utf-16-le")) // 2
    longest = name + character * (room // width) + "x" * (room % width)
    server = peer.create(longest)
    peer.open(LONG + longest).write(b"x")
    assert server.read(1) == (b"x", False)
    for call in (peer.create, peer.open, peer.exists, peer.wait):
        with fails(E.INVALID_NAME):
            call(longest + "n")


def test_long_names_that_differ_at_the_end(peer: Peer, name: str) -> None:
    """NM4: also where the file's name is a hash."""
    long = name + "\u20ac" * 200
    peer.create(long + "a", first=True)
    peer.create(long + "b", first=True)
    assert peer.exists(long + "A")
    assert not peer.exists(long + "c")


# ---------------------------------------------------------------------- no names


NO_NAME = ["", "\\\\.\\pipe\\", "\\\\.\\pipe", "//./pipe/", "npipe:////./pipe/"]
NO_PIPE = [
    "\\\\.\\com1",
    "\\\\server\\pipe\\x",
    "/tmp/x",
    "\\x",
    "//./pipex",
    "npipe://x",
]


@pytest.mark.parametrize(
    ("text", "code"),
    [(t, E.INVALID_NAME) for t in NO_NAME] + [(t, E.BAD_PATHNAME) for t in NO_PIPE],
)
def test_what_is_no_name(peer: Peer, text: str, code: int) -> None:
    """NM5, NM7: 123 for an empty name, 161 for the path of something else."""
    for call in (
        lambda: peer.create(text),
        lambda: peer.listen(text),
        lambda: peer.open(text),
        lambda: peer.connect(text, ms=0),
        lambda: peer.wait(text, 0),
        lambda: peer.call(text, b"x", ms=0),
        lambda: peer.exists(text),
    ):
        with fails(code):
            call()


def test_foreign_endpoints_are_not_supported(peer: Peer) -> None:
    """Reserved for later: 50, not a pipe of that name."""
    for text in ("unix:/tmp/x", "dotnet:x", "UNIX:x"):
        with fails(E.NOT_SUPPORTED):
            peer.create(text)


def test_names_python_cannot_pass_on() -> None:
    """NM2: NUL ends strings in C, lone surrogates are no UTF-8."""
    with pytest.raises(ValueError, match="null"):
        namedpipe.create("a\0b")
    with pytest.raises(UnicodeEncodeError):
        namedpipe.create("\ud800")


def test_bytes_that_are_no_utf8(pool, name: str) -> None:
    """NM4: 123."""
    peer = pool["c", "server"]
    peer.process.stdin.write(b"exists \xff\xfe\n")
    assert peer.read_line() == f"err {int(E.INVALID_NAME)}"
    peer.process.stdin.write(b"exists \xed\xa0\x80\n")
    assert peer.read_line() == f"err {int(E.INVALID_NAME)}"


# ----------------------------------------------------------------- exists, names


@contextlib.contextmanager
def pipes_named(*names: str) -> Iterator[list[namedpipe.Pipe]]:
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(namedpipe.create(name)) for name in names]


def test_exists_is_noticed_by_nobody(pair: Pair) -> None:
    """F7, No instance is used up."""
    server = pair.server.create(pair.name, max_instances=1)
    accepting = server.begin.accept(None)
    server.until_blocked()
    for _ in range(5):
        assert pair.client.exists(pair.name)
    server.until_blocked()
    pair.client.open(pair.name)
    accepting.result()
    assert pair.client.exists(pair.name)
    server.close()
    assert not pair.client.exists(pair.name)


def test_names_are_as_their_creators_wrote_them(name: str) -> None:
    """S8, NM1: the case of the first instance is kept for display."""
    spellings = [
        f"{name}-Demo",
        f"{name}-\u00e4\u00d6",
        f"{name}\\a/b",
        f"{name}" + "y" * 200,
    ]
    wanted = [spelling.replace("/", "\\") for spelling in spellings]
    with pipes_named(*spellings, f"{name}-DEMO") as pipes:
        assert sorted(namedpipe.names()) == sorted(wanted)
        assert pipes[0].path == f"{LONG}{name}-Demo"
    assert namedpipe.names() == []


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("*", {"One", "two", "three"}),
        ("t*", {"two", "three"}),
        ("T??", {"two"}),
        ("*E", {"One", "three"}),
        ("*h*e", {"three"}),
        ("\\\\.\\pipe\\t*", {"two", "three"}),
        ("one", {"One"}),
        ("x*", set()),
        ("", set()),
    ],
)
def test_patterns(pattern: str, found: set[str]) -> None:
    """S8: * and ?, whatever the case."""
    with pipes_named("One", "two", "three"):
        assert set(namedpipe.names(pattern)) == found


def test_names_of_other_processes(pair: Pair) -> None:
    """S8: until their last server end is gone."""
    one = pair.server.create(pair.name)
    two = pair.client.create(pair.name)
    pair.server.create(f"{pair.name}-other")
    pair.client.open(pair.name)
    assert set(namedpipe.names()) == {pair.name, f"{pair.name}-other"}
    one.close()
    assert set(namedpipe.names()) == {pair.name, f"{pair.name}-other"}
    two.close()
    assert namedpipe.names() == [f"{pair.name}-other"]


def test_many_names(name: str) -> None:
    """S8: more than one read of a directory gives."""
    wanted = {f"{name}-{i}-{'z' * 100}" for i in range(150)}
    with pipes_named(*wanted):
        assert set(namedpipe.names()) == wanted


@pytest.mark.linux("the runtime directory")
def test_strange_files_are_no_pipes(runtime_directory) -> None:
    """S8: whatever lies in the runtime directory."""
    (runtime_directory / "file").write_text("x")
    (runtime_directory / "EMPTY").mkdir(mode=0o700)
    (runtime_directory / "LINK").symlink_to("/")
    try:
        assert namedpipe.names() == []
        assert not namedpipe.exists("empty")
        with namedpipe.create("real"):
            assert namedpipe.names() == ["real"]
    finally:
        (runtime_directory / "file").unlink()
        (runtime_directory / "LINK").unlink()
        if (runtime_directory / "EMPTY").exists():
            os.rmdir(runtime_directory / "EMPTY")
