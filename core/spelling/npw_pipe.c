/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* Making, opening and calling pipes by name. */

#include <stdlib.h>
#include <strings.h>

#include "npw.h"

/* ------------------------------------------------------------------ handles */

/* Takes np over. */
static HANDLE pipe_handle(np_pipe *np, bool server, bool overlapped)
{
    struct npw_pipe *pipe = calloc(1, sizeof *pipe);
    if (!pipe) {
        np_close(np);
        npw_fail(NP_NOT_ENOUGH_MEMORY);
        return INVALID_HANDLE_VALUE;
    }
    npw_object_init(&pipe->base, NPW_PIPE);
    pipe->base.signal.set = true; /* C15 */
    pipe->np = np;
    pipe->server = server;
    pipe->overlapped = overlapped;
    for (int i = 0; i < NPW_TURNS; i++) {
        pthread_mutex_init(&pipe->turn[i], NULL);
    }
    HANDLE handle = npw_handle_new(&pipe->base);
    return handle ? handle : INVALID_HANDLE_VALUE;
}

void npw_pipe_closed(struct npw_pipe *pipe)
{
    pthread_mutex_lock(&npw_lock);
    pipe->closed = true;
    pthread_mutex_unlock(&npw_lock);
    np_shutdown(pipe->np);
}

void npw_pipe_free(struct npw_pipe *pipe)
{
    np_close(pipe->np);
    for (int i = 0; i < NPW_TURNS; i++) {
        pthread_mutex_destroy(&pipe->turn[i]);
    }
    free(pipe);
}

/* -------------------------------------------------------------------- names */

static bool is_slash(char c)
{
    return c == '\\' || c == '/';
}

/* Whether a path is \\.\pipe\..., NM1. To the core a bare name is a pipe as
 * well; to Windows it is a file. */
static bool is_pipe(const char *path)
{
    return is_slash(path[0]) && is_slash(path[1]) &&
           (path[2] == '.' || path[2] == '?') && is_slash(path[3]) &&
           strncasecmp(path + 4, "pipe", 4) == 0 &&
           (is_slash(path[8]) || path[8] == '\0');
}

/* NP_OK for a pipe's path. */
static int check_path(const char *path, int otherwise)
{
    if (!path) {
        return NP_PATH_NOT_FOUND;
    }
    return is_pipe(path) ? NP_OK : otherwise;
}

/* A W function is its A function with another text. */
static bool to_utf8(LPCWSTR wide, char **text_out)
{
    *text_out = npw_utf8(wide);
    bool done = *text_out || !wide;
    if (!done) {
        npw_fail(NP_NOT_ENOUGH_MEMORY);
    }
    return done;
}

/* ------------------------------------------------------------ server's side */

#define OPEN_MODES                                                             \
    (PIPE_ACCESS_DUPLEX | FILE_FLAG_FIRST_PIPE_INSTANCE |                      \
     FILE_FLAG_OVERLAPPED | FILE_FLAG_WRITE_THROUGH | WRITE_DAC)
#define PIPE_MODES                                                             \
    (PIPE_TYPE_MESSAGE | PIPE_READMODE_MESSAGE | PIPE_NOWAIT |                 \
     PIPE_REJECT_REMOTE_CLIENTS)

/* C1, C2. The core checks how type and read mode go together (C3, C7). */
static int check_modes(DWORD open_mode, DWORD pipe_mode, DWORD max_instances)
{
    if ((open_mode & ~OPEN_MODES) || !(open_mode & PIPE_ACCESS_DUPLEX) ||
        (pipe_mode & ~PIPE_MODES)) {
        return NP_INVALID_PARAMETER;
    }
    bool possible = max_instances >= 1 &&
                    max_instances <= PIPE_UNLIMITED_INSTANCES;
    return possible ? NP_OK : NP_INVALID_PARAMETER;
}

HANDLE WINAPI CreateNamedPipeA(LPCSTR name, DWORD open_mode, DWORD pipe_mode,
                               DWORD max_instances, DWORD out_size,
                               DWORD in_size, DWORD default_timeout,
                               LPSECURITY_ATTRIBUTES attributes)
{
    np_pipe *np;
    np_server_opts opts = NP_SERVER_OPTS_INIT;
    opts.mode = pipe_mode & PIPE_TYPE_MESSAGE ? NP_MESSAGE : NP_BYTE;
    opts.read_mode = pipe_mode & PIPE_READMODE_MESSAGE ? NP_MESSAGE : NP_BYTE;
    opts.access = open_mode & PIPE_ACCESS_DUPLEX;
    opts.max_instances = max_instances;
    opts.in_quota = in_size;
    opts.out_quota = out_size;
    opts.default_timeout = default_timeout; /* 0 is 50 ms there too (C11) */
    opts.flags = pipe_mode & PIPE_NOWAIT ? NP_FLAG_NOWAIT : 0;
    if (open_mode & FILE_FLAG_FIRST_PIPE_INSTANCE) {
        opts.flags |= NP_FLAG_FIRST;
    }
    int code = check_modes(open_mode, pipe_mode, max_instances);
    if (code == NP_OK) {
        code = check_path(name, NP_INVALID_NAME); /* NM5 */
    }
    if (code == NP_OK) {
        code = npw_check_attributes(attributes, true);
    }
    if (code == NP_OK) {
        code = np_create(name, &opts, &np);
    }
    if (code) {
        npw_fail(code);
        return INVALID_HANDLE_VALUE;
    }
    return pipe_handle(np, true, open_mode & FILE_FLAG_OVERLAPPED);
}

HANDLE WINAPI CreateNamedPipeW(LPCWSTR name, DWORD open_mode, DWORD pipe_mode,
                               DWORD max_instances, DWORD out_size,
                               DWORD in_size, DWORD default_timeout,
                               LPSECURITY_ATTRIBUTES attributes)
{
    char *text;
    HANDLE handle = INVALID_HANDLE_VALUE;
    if (to_utf8(name, &text)) {
        handle = CreateNamedPipeA(text, open_mode, pipe_mode, max_instances,
                                  out_size, in_size, default_timeout,
                                  attributes);
        free(text);
    }
    return handle;
}

/* ------------------------------------------------------------ client's side */

static uint32_t access_of(DWORD wanted)
{
    uint32_t access = 0;
    if (wanted & (GENERIC_READ | GENERIC_ALL | FILE_READ_DATA)) {
        access |= NP_READ;
    }
    if (wanted & (GENERIC_WRITE | GENERIC_ALL | FILE_WRITE_DATA)) {
        access |= NP_WRITE;
    }
    if (wanted & FILE_WRITE_ATTRIBUTES) {
        access |= NP_WRITE_ATTRIBUTES; /* F4 */
    }
    return access;
}

/* F1, F5: share mode and disposition have no effect on a pipe that exists, and
 * the end begins in byte-read mode. */
static int open_pipe(LPCSTR name, DWORD access, np_pipe **np_out)
{
    np_client_opts opts = NP_CLIENT_OPTS_INIT;
    opts.access = access_of(access);
    opts.read_mode = NP_BYTE;
    return np_open(name, &opts, np_out);
}

HANDLE WINAPI CreateFileA(LPCSTR name, DWORD access, DWORD share,
                          LPSECURITY_ATTRIBUTES attributes, DWORD disposition,
                          DWORD flags, HANDLE template_file)
{
    np_pipe *np;
    int code = check_path(name, NP_NOT_SUPPORTED);
    (void)share;
    (void)template_file;
    if (disposition < CREATE_NEW || disposition > TRUNCATE_EXISTING) {
        code = NP_INVALID_PARAMETER;
    }
    if (code == NP_OK) {
        code = npw_check_attributes(attributes, false);
    }
    if (code == NP_OK) {
        code = open_pipe(name, access, &np);
    }
    if (code) {
        npw_fail(code);
        return INVALID_HANDLE_VALUE;
    }
    return pipe_handle(np, false, flags & FILE_FLAG_OVERLAPPED);
}

HANDLE WINAPI CreateFileW(LPCWSTR name, DWORD access, DWORD share,
                          LPSECURITY_ATTRIBUTES attributes, DWORD disposition,
                          DWORD flags, HANDLE template_file)
{
    char *text;
    HANDLE handle = INVALID_HANDLE_VALUE;
    if (to_utf8(name, &text)) {
        handle = CreateFileA(text, access, share, attributes, disposition,
                             flags, template_file);
        free(text);
    }
    return handle;
}

/* A signal of the system does not end it; the deadline stays. */
static int wait_pipe(LPCSTR name, DWORD timeout)
{
    int code = check_path(name, NP_BAD_PATHNAME); /* NM7 */
    if (code == NP_OK && timeout == NMPWAIT_USE_DEFAULT_WAIT) {
        do {
            code = np_wait(name, NP_USE_DEFAULT);
        } while (code == NP_INTERRUPTED);
        return code;
    }
    if (timeout == NP_USE_DEFAULT) {
        timeout = NMPWAIT_WAIT_FOREVER; /* 49 days; the number is taken */
    }
    int64_t deadline = npw_deadline_in(timeout);
    while (code == NP_OK) {
        code = np_wait(name, npw_deadline_left(deadline));
        if (code != NP_INTERRUPTED) {
            break;
        }
        code = NP_OK;
    }
    return code;
}

BOOL WINAPI WaitNamedPipeA(LPCSTR name, DWORD timeout)
{
    return npw_result(wait_pipe(name, timeout));
}

BOOL WINAPI WaitNamedPipeW(LPCWSTR name, DWORD timeout)
{
    char *text;
    BOOL done = FALSE;
    if (to_utf8(name, &text)) {
        done = WaitNamedPipeA(text, timeout);
        free(text);
    }
    return done;
}

/* CL1: whatever is wrong with the first open, one wait and one more open. The
 * time-out is that of the wait alone. */
static int open_to_call(LPCSTR name, DWORD timeout, np_pipe **np_out)
{
    DWORD access = GENERIC_READ | GENERIC_WRITE;
    int code = check_path(name, NP_BAD_PATHNAME);
    if (code) {
        return code;
    }
    code = open_pipe(name, access, np_out);
    if (code) {
        code = wait_pipe(name, timeout);
        if (code == NP_OK) {
            code = open_pipe(name, access, np_out);
        }
    }
    if (code == NP_OK) {
        code = np_set_state(*np_out, NP_READMODE_MESSAGE);
        if (code) {
            np_close(*np_out);
        }
    }
    return code;
}

BOOL WINAPI CallNamedPipeA(LPCSTR name, LPVOID in, DWORD in_size, LPVOID out,
                           DWORD out_size, LPDWORD read, DWORD timeout)
{
    struct npw_pipe pipe = {.server = false};
    struct npw_op op = {.pipe = &pipe,
                        .verb = NPW_TRANSACT,
                        .in = in,
                        .in_size = in_size,
                        .out = out,
                        .out_size = out_size};
    if (!read) {
        return npw_fail(NP_INVALID_PARAMETER);
    }
    *read = 0;
    int code = open_to_call(name, timeout, &pipe.np);
    if (code == NP_OK) {
        npw_op_do(&op);
        np_close(pipe.np);
        *read = (DWORD)op.moved;
        code = op.code;
    }
    return npw_result(code);
}

BOOL WINAPI CallNamedPipeW(LPCWSTR name, LPVOID in, DWORD in_size, LPVOID out,
                           DWORD out_size, LPDWORD read, DWORD timeout)
{
    char *text;
    BOOL done = FALSE;
    if (to_utf8(name, &text)) {
        done = CallNamedPipeA(text, in, in_size, out, out_size, read, timeout);
        free(text);
    }
    return done;
}
