/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* States, modes, who is on the other end. */

#include <string.h>

#include "npw.h"

/* ---------------------------------------------------------- state and modes */

/* The name of the user at the other end, for a server that has read what its
 * client sent (S6). */
static int get_user(struct npw_pipe *pipe, np_peer *peer)
{
    if (!pipe->server) {
        return NP_INVALID_PARAMETER;
    }
    int code = np_get_peer(pipe->np, peer);
    if (code == NP_NOT_FOUND || (code == NP_OK && !pipe->has_read)) {
        return NP_CANNOT_IMPERSONATE;
    }
    return code;
}

/* S1. The two for remote pipes are not there for local ones. */
static int get_state(struct npw_pipe *pipe, LPDWORD state, LPDWORD instances,
                     bool remote)
{
    np_state now;
    if (remote) {
        return NP_INVALID_PARAMETER;
    }
    if (!state && !instances) {
        return NP_OK;
    }
    int code = np_get_state(pipe->np, &now);
    if (code == NP_OK && state) {
        *state = now.mode;
    }
    if (code == NP_OK && instances) {
        *instances = now.instances;
    }
    return code;
}

BOOL WINAPI GetNamedPipeHandleStateA(HANDLE handle, LPDWORD state,
                                     LPDWORD instances, LPDWORD max_collection,
                                     LPDWORD collect_timeout, LPSTR user,
                                     DWORD user_size)
{
    np_peer peer;
    struct npw_pipe *pipe = npw_pipe_of(handle);
    if (!pipe) {
        return FALSE;
    }
    int code = get_state(pipe, state, instances,
                         max_collection || collect_timeout);
    if (code == NP_OK && user) {
        code = get_user(pipe, &peer);
    }
    npw_let_go(&pipe->base);
    if (code == NP_OK && user) {
        size_t size = strlen(peer.user) + 1;
        if (size > user_size) {
            code = NP_INSUFFICIENT_BUFFER;
        } else {
            memcpy(user, peer.user, size);
        }
    }
    return npw_result(code);
}

BOOL WINAPI GetNamedPipeHandleStateW(HANDLE handle, LPDWORD state,
                                     LPDWORD instances, LPDWORD max_collection,
                                     LPDWORD collect_timeout, LPWSTR user,
                                     DWORD user_size)
{
    char text[sizeof((np_peer *)0)->user];
    int size = user_size > INT32_MAX ? INT32_MAX : (int)user_size;
    BOOL done = GetNamedPipeHandleStateA(handle, state, instances,
                                         max_collection, collect_timeout,
                                         user ? text : NULL, sizeof text);
    if (done && user) {
        /* A size of 0 would ask for the length. */
        done = size > 0
                   ? MultiByteToWideChar(CP_UTF8, 0, text, -1, user, size) > 0
                   : npw_fail(NP_INSUFFICIENT_BUFFER);
    }
    return done;
}

BOOL WINAPI SetNamedPipeHandleState(HANDLE handle, LPDWORD mode,
                                    LPDWORD max_collection,
                                    LPDWORD collect_timeout)
{
    int code = NP_OK;
    struct npw_pipe *pipe = npw_pipe_of(handle);
    if (!pipe) {
        return FALSE;
    }
    if (max_collection || collect_timeout) {
        code = NP_INVALID_PARAMETER;
    } else if (mode) {
        code = np_set_state(pipe->np, *mode);
    }
    npw_let_go(&pipe->base);
    return npw_result(code);
}

static void give(LPDWORD to, DWORD value)
{
    if (to) {
        *to = value;
    }
}

BOOL WINAPI GetNamedPipeInfo(HANDLE handle, LPDWORD flags, LPDWORD out_size,
                             LPDWORD in_size, LPDWORD max_instances)
{
    np_info info;
    struct npw_pipe *pipe = npw_pipe_of(handle);
    if (!pipe) {
        return FALSE;
    }
    int code = np_get_info(pipe->np, &info);
    npw_let_go(&pipe->base);
    if (code) {
        return npw_fail(code);
    }
    give(flags,
         (info.server_end ? PIPE_SERVER_END : PIPE_CLIENT_END) |
             (info.mode == NP_MESSAGE ? PIPE_TYPE_MESSAGE : PIPE_TYPE_BYTE));
    give(out_size, info.out_quota);
    give(in_size, info.in_quota);
    give(max_instances, info.max_instances);
    return TRUE;
}

/* ---------------------------------------------------------------------- who */

/* Who made an end never changes; of one's own only the state is asked for. */
static BOOL get_id(HANDLE handle, bool of_server, PULONG id)
{
    np_peer peer = {.pid = 0};
    struct npw_pipe *pipe = npw_pipe_of(handle);
    if (!pipe) {
        return FALSE;
    }
    bool own = pipe->server == of_server;
    int code = own && of_server ? NP_OK : np_get_peer(pipe->np, &peer);
    npw_let_go(&pipe->base);
    if (code == NP_OK && !id) {
        code = NP_INSUFFICIENT_BUFFER; /* S4 */
    }
    if (code == NP_OK && !own && peer.pid == 0) {
        code = NP_NOT_FOUND; /* it cannot be seen from here */
    }
    if (code == NP_OK) {
        *id = own ? GetCurrentProcessId() : peer.pid;
    }
    return npw_result(code);
}

BOOL WINAPI GetNamedPipeClientProcessId(HANDLE pipe, PULONG id)
{
    return get_id(pipe, false, id);
}

BOOL WINAPI GetNamedPipeServerProcessId(HANDLE pipe, PULONG id)
{
    return get_id(pipe, true, id);
}

static BOOL local(HANDLE handle)
{
    struct npw_pipe *pipe = npw_pipe_of(handle);
    if (!pipe) {
        return FALSE;
    }
    npw_let_go(&pipe->base);
    return npw_fail(NP_PIPE_LOCAL);
}

BOOL WINAPI GetNamedPipeClientComputerNameA(HANDLE pipe, LPSTR name, ULONG size)
{
    (void)name;
    (void)size;
    return local(pipe);
}

BOOL WINAPI GetNamedPipeClientComputerNameW(HANDLE pipe, LPWSTR name,
                                            ULONG size)
{
    (void)name;
    (void)size;
    return local(pipe);
}

DWORD WINAPI GetFileType(HANDLE file)
{
    struct npw_pipe *pipe = npw_pipe_of(file);
    if (!pipe) {
        return FILE_TYPE_UNKNOWN;
    }
    npw_let_go(&pipe->base);
    return FILE_TYPE_PIPE;
}
