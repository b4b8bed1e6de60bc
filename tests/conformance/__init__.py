# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the namedpipe authors

"""The rules of Windows' named pipes, case by case, against any implementation.

A case is a short script of raw verbs that names the rules it shows:

    @rules("WR3", "R9")
    def test_a_write_over_the_quota_can_be_read_at_once(w):
        s, c = w.ends(MESSAGE, out_quota=3)
        writing = s.begin.write(b"12345").blocked()
        assert c.read(9) == (OK, b"12345")
        assert writing.result() == (OK, 5)

`w` is a World (world.py): one name, a server and a client. A verb gives its
Win32 code, and together with the code what it wrote if it wrote something. Each
case runs twice, with both ends in one process and in two.

What the verbs go to is a backend (backend.py): the C library of this tree, or of
$NAMEDPIPE_LIBRARY. Nothing here needs a POSIX system: on Windows the same files
run with pytest --confcutdir=tests/conformance tests/conformance.

rules.py has a line for each rule; coverage.py says which have no case.
"""
