# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the namedpipe authors

"""Section 4: names."""

import pytest

from conformance.library import OK
from conformance.world import World, rules
from ground import E

PREFIX = "\\\\.\\pipe\\"


@rules("NM1")
@pytest.mark.parametrize(
    "spelling",
    [
        "{}",
        "\\\\.\\pipe\\{}",
        "\\\\.\\PIPE\\{}",
        "\\\\.\\PiPe\\{}",
        "//./pipe/{}",
        "\\\\?\\pipe\\{}",
    ],
)
def test_spellings_of_one_name(w: World, spelling: str) -> None:
    s = w.create()
    assert w.wait(0, spelling.format(w.name)) == OK
    c = w.open(name=spelling.format(w.name))
    c.write(b"x")
    assert s.read() == (OK, b"x")


@rules("NM1")
@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("abc", "ABC"),
        ("\u00e4\u00f1", "\u00c4\u00d1"),
        ("\u03b1\u03c9", "\u0391\u03a9"),
        ("\u0436", "\u0416"),
    ],
)
def test_case_does_not_matter(w: World, one: str, other: str) -> None:
    w.create(name=f"{w.name}-{one}", max_instances=1)
    assert w.create(name=f"{w.name}-{other}", max_instances=1) == E.PIPE_BUSY
    assert w.exists(f"{w.name}-{other}") == OK


@rules("NM1", "S8")
def test_case_is_kept_for_display(w: World) -> None:
    s = w.create(name=f"{w.name}-MixedCase")
    assert s.path() == f"{PREFIX}{w.name}-MixedCase"
    assert w.names(f"{w.name}-mixedcase") == (OK, [f"{w.name}-MixedCase"])


@rules("NM1")
def test_slashes_are_backslashes(w: World) -> None:
    w.create(name=f"{w.name}/a\\b")
    assert w.exists(f"{w.name}\\a/b") == OK
    assert w.exists(f"//./pipe/{w.name}/a/b") == OK
    # Also behind \\?\, where Windows has two names: docs/differences.md.
    assert w.exists(f"\\\\?\\pipe\\{w.name}/a/b") == OK


@rules("NM2")
@pytest.mark.parametrize("text", ['<>*?|":', "a b", "%", "~", ".", "..", "\u20ac"])
def test_any_character_may_be_in_a_name(w: World, text: str) -> None:
    name = f"{w.name}{text}"
    s = w.create(name=name)
    c = w.open(name=PREFIX + name)
    c.write(b"x")
    assert s.read() == (OK, b"x")
    assert w.exists() == E.FILE_NOT_FOUND


@rules("NM2")
@pytest.mark.parametrize(
    ("one", "other"), [("x", "x\\"), ("a\\..\\t", "t"), ("a\\.\\b", "a\\b")]
)
def test_backslashes_and_dots_are_not_collapsed(w: World, one: str, other: str) -> None:
    w.create(name=f"{w.name}{one}")
    assert w.exists(f"{w.name}{other}") == E.FILE_NOT_FOUND
    assert w.wait(0, f"{w.name}{one}") == OK


@rules("NM3")
def test_a_name_does_not_stand_in_the_way_of_longer_ones(w: World) -> None:
    w.create()
    below = w.create(name=f"{w.name}\\below")
    c = w.open(name=f"{w.name}\\below")
    c.write(b"x")
    assert below.read() == (OK, b"x")


@rules("NM4")
def test_the_longest_name(w: World) -> None:
    longest = w.name + "n" * (256 - len(PREFIX) - len(w.name))
    s = w.create(name=longest)
    c = w.open(name=longest)
    c.write(b"x")
    assert s.read() == (OK, b"x")
    for name in (longest + "n", "n" * 1000):
        assert w.create(name=name) == E.INVALID_NAME
        assert w.open(name=name) == E.INVALID_NAME
        assert w.wait(0, name) == E.INVALID_NAME


@rules("NM5")
@pytest.mark.parametrize("name", ["", "\\\\.\\pipe\\", "\\\\.\\pipe", "//./pipe/"])
def test_no_name(w: World, name: str) -> None:
    assert w.create(name=name) == E.INVALID_NAME


@rules("NM5")
def test_pipes_are_made_on_this_machine_only(w: World) -> None:
    assert isinstance(w.create(name=f"\\\\server\\pipe\\{w.name}"), E)


@rules("NM6")
def test_local_is_part_of_the_name(w: World) -> None:
    w.create(name=f"LOCAL\\{w.name}")
    assert w.exists(f"{PREFIX}local\\{w.name}") == OK
    assert w.exists() == E.FILE_NOT_FOUND


@rules("NM7")
def test_waiting_for_what_is_no_pipe(w: World) -> None:
    assert w.wait(0) == E.FILE_NOT_FOUND
    assert w.wait(0, "\\\\.\\mailslot\\x") == E.BAD_PATHNAME
