# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the namedpipe authors

"""Arguments at and beyond their limits: refused with a clear error, or done."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

import namedpipe
from harness import (
    LIMIT,
    ROOT,
    SOON,
    E,
    Pair,
    Peer,
    Pool,
    environment,
    fails,
    lua_command,
    require,
)

# ----------------------------------------------------------------- all languages


@pytest.mark.parametrize(
    "options",
    [
        {"max_instances": 0},
        {"max_instances": 256},
        {"max_instances": 0xFFFFFFFF},
        {"read_mode": "message"},
    ],
)
def test_a_create_that_is_refused_makes_nothing(
    peer: Peer, name: str, options: dict[str, object]
) -> None:
    """C2, C3: 87, and neither a name nor a file is there."""
    with fails(E.INVALID_PARAMETER):
        peer.create(name, **options)
    assert not peer.exists(name)
    assert namedpipe.names() == []


@pytest.mark.parametrize("quota", [1 << 26, 1 << 30, 0xFFFFFFFF])
def test_enormous_quotas(pair: Pair, quota: int) -> None:
    """C12: reported as given; nobody has to have that much memory."""
    server = pair.server.create(pair.name, out_quota=quota, in_quota=quota)
    client = pair.client.open(pair.name)
    assert client.info()[2:4] == (quota, quota)
    server.fill(1, 1 << 20, 0)
    assert client.peek(0)[1] == 1 << 20
    assert client.read(1 << 20)[0] == b"\1" * (1 << 20)


@pytest.mark.parametrize("ms", [0xFFFFFFFD, 0x7FFFFFFF, 0x80000000])
def test_very_long_time_outs(pair: Pair, ms: int) -> None:
    """They are waited for, not wrapped around."""
    server, client = pair.ends()
    reading = client.begin.read(10, ms)
    client.until_blocked()
    server.write(b"x", ms)
    assert reading.result() == (b"x", False)
    pair.server.create(pair.name)
    pair.client.wait(pair.name, ms)
    pair.client.connect(pair.name, ms=ms)


@pytest.mark.parametrize("n", [1 << 20, 100 << 20])
def test_reads_into_far_too_much_room(pair: Pair, n: int) -> None:
    """R2, P5: what is there, not what is asked for."""
    server, client = pair.ends()
    server.write(b"abc")
    assert client.peek(n)[:2] == (b"abc", 3)
    assert client.read(n) == (b"abc", False)


def test_modes_of_no_meaning(pair: Pair) -> None:
    """S2: 87."""
    server, client = pair.ends(mode="message")
    for bits in (4, 8, 0x100, 0xFFFFFFFF):
        for end in (server, client):
            with fails(E.INVALID_PARAMETER):
                end.setstate(bits)


def test_handles_that_never_were(pool: Pool, name: str) -> None:
    """The protocol: no pipe, a server for a pipe, a pipe for a server."""
    for language in ("c", "lua", "py"):
        peer = pool[language, "server"]
        server = peer.listen(f"{name}-{language}")
        pipe = peer.create(f"{name}-{language}-pipe")
        for line in (
            "read 100000 1 0",
            f"read {server.number} 1 0",
            f"saccept {pipe.number} 0",
            "read",
            "nonsense 1 2",
            "",
            f"write {pipe.number} abc 0",
            f"write {pipe.number} 0G 0",
            f"read {pipe.number} -1 0",
            f"read {pipe.number} 1 0 ",
            f"read {pipe.number} 99999999999 0",
            f"create {name} both default duplex 255 0 0 0",
        ):
            peer.send(line)
            assert peer.read_line(asked=line) == "err usage", line
    pool.check()


# ---------------------------------------------------------------------------- C

C_CALLS = r"""
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "namedpipe.h"
#define CHECK(call, code)                                                      \
    do {                                                                       \
        int got = (call);                                                      \
        if (got != (code)) {                                                   \
            printf("%d: %s is %d, not %d\n", __LINE__, #call, got, code);      \
        }                                                                      \
    } while (0)

int main(void)
{
    np_server_opts so = NP_SERVER_OPTS_INIT;
    np_client_opts co = NP_CLIENT_OPTS_INIT;
    np_pipe *pipe = NULL, *client = NULL;
    np_server *server = NULL;
    np_state state;
    char buf[16];
    size_t n = 77;
    int fd;
    CHECK(np_create(NULL, NULL, &pipe), NP_PATH_NOT_FOUND);
    CHECK(np_create("bad", NULL, NULL), NP_INVALID_PARAMETER);
    CHECK(np_open("bad", NULL, NULL), NP_INVALID_PARAMETER);
    so.size = 3;
    CHECK(np_create("bad", &so, &pipe), NP_INVALID_PARAMETER);
    so = (np_server_opts)NP_SERVER_OPTS_INIT;
    so.mode = 7;
    CHECK(np_create("bad", &so, &pipe), NP_INVALID_PARAMETER);
    so = (np_server_opts)NP_SERVER_OPTS_INIT;
    so.access = 0;
    CHECK(np_create("bad", &so, &pipe), NP_INVALID_PARAMETER);
    so.access = 4;
    CHECK(np_create("bad", &so, &pipe), NP_INVALID_PARAMETER);
    so = (np_server_opts)NP_SERVER_OPTS_INIT;
    so.read_mode = 3;
    CHECK(np_create("bad", &so, &pipe), NP_INVALID_PARAMETER);
    so = (np_server_opts)NP_SERVER_OPTS_INIT;
    so.flags = 0x80000000;
    CHECK(np_create("bad", &so, &pipe), NP_INVALID_PARAMETER);
    CHECK(np_listen("bad", &so, &server), NP_INVALID_PARAMETER);
    co.size = 0;
    CHECK(np_open("bad", &co, &client), NP_INVALID_PARAMETER);
    co = (np_client_opts)NP_CLIENT_OPTS_INIT;
    co.access = 4;
    CHECK(np_open("bad", &co, &client), NP_INVALID_PARAMETER);
    co = (np_client_opts)NP_CLIENT_OPTS_INIT;
    co.flags = 2;
    CHECK(np_open("bad", &co, &client), NP_INVALID_PARAMETER);
    co = (np_client_opts)NP_CLIENT_OPTS_INIT;
    co.wait = 2;
    CHECK(np_connect("bad", &co, &client, 0), NP_INVALID_PARAMETER);
    CHECK(np_exists("bad"), NP_FILE_NOT_FOUND);

    CHECK(np_create("bad", NULL, &pipe), NP_OK);
    CHECK(np_open("bad", NULL, &client), NP_OK);
    CHECK(np_accept(pipe, 0), NP_PIPE_CONNECTED);
    CHECK(np_read(pipe, NULL, 5, &n, 0), NP_INVALID_PARAMETER);
    CHECK(np_read(pipe, buf, 5, NULL, 0), NP_INVALID_PARAMETER);
    CHECK(np_recv(pipe, NULL, 5, &n, 0), NP_INVALID_PARAMETER);
    CHECK(np_write(pipe, NULL, 5, &n, 0), NP_INVALID_PARAMETER);
    CHECK(np_write(pipe, "x", (size_t)NP_MAX_MESSAGE + 1, &n, 0),
          NP_INVALID_PARAMETER);
    CHECK(np_write(pipe, "x", 1, NULL, 0), NP_INVALID_PARAMETER);
    CHECK(np_get_state(pipe, NULL), NP_INVALID_PARAMETER);
    CHECK(np_get_info(pipe, NULL), NP_INVALID_PARAMETER);
    CHECK(np_get_peer(pipe, NULL), NP_INVALID_PARAMETER);
    CHECK(np_get_fd(pipe, NULL), NP_INVALID_PARAMETER);
    CHECK(np_set_state(pipe, 0xFF), NP_INVALID_PARAMETER);
    CHECK((int)n, 77); /* outputs are written only on success */
    CHECK(np_read(pipe, NULL, 0, &n, 0), NP_TIMEOUT);
    CHECK(np_write(pipe, NULL, 0, &n, 0), NP_OK);
    CHECK(np_peek(pipe, NULL, 5, NULL, NULL, NULL), NP_OK);

    CHECK(np_read(NULL, buf, 1, &n, 0), NP_INVALID_HANDLE);
    CHECK(np_write(NULL, buf, 1, &n, 0), NP_INVALID_HANDLE);
    CHECK(np_cancel(pipe), NP_NOT_FOUND);
    np_shutdown(pipe);
    np_shutdown(pipe);
    CHECK(np_read(pipe, buf, 1, &n, 0), NP_INVALID_HANDLE);
    CHECK(np_accept(pipe, 0), NP_INVALID_HANDLE);
    CHECK(np_get_state(pipe, &state), NP_INVALID_HANDLE);
    CHECK(np_get_fd(pipe, &fd), NP_INVALID_HANDLE);
    CHECK(np_cancel(pipe), NP_INVALID_HANDLE);
    CHECK(strcmp(np_path(pipe), "\\\\.\\pipe\\bad"), 0);
    np_close(pipe);
    np_close(client);
    np_close(NULL);
    np_shutdown(NULL);
    np_server_close(NULL);
    np_server_shutdown(NULL);
    np_free(NULL);
    CHECK(np_server_accept(NULL, &pipe, 0), NP_INVALID_PARAMETER);
    CHECK(strcmp(np_strerror(12345), "unknown error"), 0);
    CHECK(strcmp(np_error_name(12345), ""), 0);
    CHECK(strcmp(np_error_name(231), "PIPE_BUSY"), 0);
    return 0;
}
"""


def test_c_arguments(tmp_path, pool: Pool) -> None:
    """The header: null pointers, sizes of other versions, unknown values."""
    require("c")
    compiler = os.environ.get("CC", "cc")
    library = next(
        (
            up / "libnamedpipe.a"
            for up in Path(os.environ["NAMEDPIPE_C_PEER"]).parents
            if (up / "libnamedpipe.a").exists()
        ),
        None,
    )
    if not shutil.which(compiler) or library is None:
        pytest.skip("there is no C compiler, or no library beside the C peer")
    source = tmp_path / "calls.c"
    source.write_text(C_CALLS)
    program = tmp_path / "calls"
    include = ROOT / "core" / "include"
    build = [compiler, "-std=c11", "-I", include, source, library, "-pthread"]
    subprocess.run([*build, "-o", program], check=True, timeout=60)
    done = subprocess.run(
        [program], capture_output=True, text=True, timeout=LIMIT, check=False
    )
    assert done.stdout == ""
    assert done.returncode == 0


# -------------------------------------------------------------------------- Lua

LUA_BEGIN = """
local np = require "namedpipe"
local p = assert(np.create("wrong"))
p:settimeout(0)
local c = assert(np.create("wrong2"))
c:close()
"""

LUA_END = """
assert(np.exists("x") == false)
p:close()
"""

LUA_WRONG = [
    "np.create()",
    "np.create({})",
    "np.create('x', 5)",
    "np.create('x', {mode = 'both'})",
    "np.create('x', {mode = true})",
    "np.create('x', {max_instances = 'many'})",
    "np.create('x', {max_instances = -1})",
    "np.create('x', {max_instances = 1.5})",
    "np.create('x', {in_quota = 1 << 40})",
    "np.create('x', {unknown = 1})",
    "np.create('a\\0b')",
    "np.open('x', {access = 'x'})",
    "np.connect('x', {timeout = 'soon'})",
    "np.connect('x', {timeout = -1})",
    "np.connect('x', {wait = 'never'})",
    "np.wait('x', {})",
    "np.call('x')",
    "np.call('x', 5.5, {max = -1})",
    "np.select(5)",
    "np.select({5})",
    "np.select({}, 'x')",
    "p:recv('x')",
    "p:recv(-1)",
    "p:recv(nil, 'x')",
    "p:send()",
    "p:send({})",
    "p:send('x', -1)",
    "p:peek('x')",
    "p:peek(-1)",
    "p:setmode('x')",
    "p:setmode('byte', 1)",
    "p.send(np, 'x')",
    "p.send(nil, 'x')",
    "p.accept(io.stdout)",
    "p:settimeout('x')",
    "c:recv()",
    "c:state()",
]


LUA_TRY = """
local ok, why = pcall(function() return %s end)
if ok or type(why) ~= "string" then print([==[%s]==], ok, why) end
"""


def test_lua_arguments(pool: Pool) -> None:
    """Wrong arguments raise an error that says which; nothing is made."""
    require("lua")
    script = LUA_BEGIN
    script += "".join(f"do {LUA_TRY % (call, call)} end\n" for call in LUA_WRONG)
    script += LUA_END
    done = subprocess.run(
        [lua_command(), "-"],
        input=script,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=LIMIT,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("", "")


# ----------------------------------------------------------------------- Python


def test_a_buffer_that_cannot_be_written(messages) -> None:
    """R3: and the message is still there afterwards."""
    server, client = messages
    server.send(b"x")
    with pytest.raises((TypeError, BufferError)):
        client.recv_into(b"constant")
    assert client.recv(timeout=SOON / 1000) == b"x"
