/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* The constructors: an instance, a client's end. */

#include "win32/npn.h"

#include <stdlib.h>

void npn_path(const struct npi_name *name, struct npn_path *path_out)
{
    int n = (int)(sizeof path_out->text / sizeof *path_out->text);
    /* Parsed: it is UTF-8 and short enough. */
    MultiByteToWideChar(CP_UTF8, 0, name->path, -1, path_out->text, n);
    for (wchar_t *c = path_out->text; *c; c++) {
        if (*c == L'/') {
            *c = L'\\';
        }
    }
    path_out->text[2] = L'?';
}

static struct npn_pipe *new_pipe(const struct npi_name *name, bool server)
{
    struct npn_pipe *h = calloc(1, sizeof *h);
    if (h) {
        npi_handle_init(&h->base, &npn_ops, name);
        h->file = INVALID_HANDLE_VALUE;
        h->server = server;
    }
    return h;
}

static int is_message_pipe(HANDLE file, bool *messages_out)
{
    struct npn_local local;
    int code = npn_local(file, &local);
    *messages_out = code == NP_OK && local.type != 0;
    return code;
}

/* ------------------------------------------------------------------- server */

/* The type of a pipe that exists is not known before an instance of it is
 * made: then a read mode that follows the type asks for another try. */
static HANDLE create_file(const struct npn_path *path,
                          const np_server_opts *opts, uint32_t type)
{
    SECURITY_ATTRIBUTES attributes;
    uint32_t read = opts->read_mode == NP_MODE_DEFAULT ? type : opts->read_mode;
    DWORD open = opts->access | FILE_FLAG_OVERLAPPED;
    DWORD mode = PIPE_REJECT_REMOTE_CLIENTS;
    if (npn_security(&attributes) != NP_OK) {
        SetLastError(ERROR_ACCESS_DENIED);
        return INVALID_HANDLE_VALUE;
    }
    open |= opts->flags & NP_FLAG_FIRST ? FILE_FLAG_FIRST_PIPE_INSTANCE : 0;
    mode |= opts->flags & NP_FLAG_NOWAIT ? PIPE_NOWAIT : PIPE_WAIT;
    mode |= type == NP_MESSAGE ? PIPE_TYPE_MESSAGE : PIPE_TYPE_BYTE;
    mode |= read == NP_MESSAGE ? PIPE_READMODE_MESSAGE : PIPE_READMODE_BYTE;
    return CreateNamedPipeW(path->text, open, mode, opts->max_instances,
                            opts->out_quota, opts->in_quota,
                            opts->default_timeout, &attributes);
}

/* As the type of the pipe that it was added to. An inbound end may not set its
 * mode (C13): it is made anew. */
static int read_messages(struct npn_pipe *h, const struct npn_path *path,
                         const np_server_opts *opts)
{
    DWORD mode = PIPE_READMODE_MESSAGE;
    mode |= opts->flags & NP_FLAG_NOWAIT ? PIPE_NOWAIT : PIPE_WAIT;
    if (SetNamedPipeHandleState(h->file, &mode, NULL, NULL)) {
        return NP_OK;
    }
    CloseHandle(h->file);
    h->file = create_file(path, opts, NP_MESSAGE);
    return h->file == INVALID_HANDLE_VALUE ? (int)GetLastError() : NP_OK;
}

static int create(struct npn_pipe *h, const np_server_opts *opts)
{
    struct npn_path path;
    bool follows = opts->read_mode == NP_MODE_DEFAULT;
    npn_path(&h->base.name, &path);
    h->file = create_file(&path, opts, opts->mode);
    if (h->file == INVALID_HANDLE_VALUE && follows &&
        opts->mode == NP_MESSAGE && GetLastError() == ERROR_INVALID_PARAMETER) {
        h->file = create_file(&path, opts, NP_BYTE);
    }
    if (h->file == INVALID_HANDLE_VALUE) {
        return (int)GetLastError();
    }
    if (opts->access == NP_OUTBOUND) {
        h->messages = opts->mode == NP_MESSAGE; /* it may not ask (C13) */
        return NP_OK;
    }
    int code = is_message_pipe(h->file, &h->messages);
    if (code == NP_OK && follows && h->messages && opts->mode == NP_BYTE) {
        code = read_messages(h, &path, opts);
    }
    return code;
}

static int hand_over(struct npn_pipe *h, int code, np_pipe **pipe_out)
{
    if (code == NP_OK) {
        *pipe_out = &h->base;
        return NP_OK;
    }
    if (h->file != INVALID_HANDLE_VALUE) {
        CloseHandle(h->file);
    }
    npi_os_free(&h->base);
    return code;
}

int npi_os_create(const struct npi_name *name, const np_server_opts *opts,
                  np_pipe **pipe_out)
{
    struct npn_pipe *h = new_pipe(name, true);
    if (!h) {
        return NP_NOT_ENOUGH_MEMORY;
    }
    h->access = opts->access; /* INBOUND reads, OUTBOUND writes */
    atomic_init(&h->unaccepted, true);
    return hand_over(h, create(h, opts), pipe_out);
}

int npi_os_create_next(np_pipe *before, const np_server_opts *opts,
                       np_pipe **pipe_out)
{
    return npi_os_create(&before->name, opts, pipe_out);
}

/* ------------------------------------------------------------------- client */

#define ALWAYS (FILE_READ_ATTRIBUTES | READ_CONTROL | SYNCHRONIZE)

/* Not GENERIC_WRITE: that includes the right to add instances, which a server
 * that is careful denies. GENERIC_READ has nothing of the kind; in this form
 * Wine compares it with the pipe's direction, as it should (F2). */
static DWORD rights(uint32_t access)
{
    DWORD rights = ALWAYS;
    rights |= access & NP_READ ? GENERIC_READ : 0;
    rights |= access & NP_WRITE ? FILE_WRITE_DATA | FILE_WRITE_ATTRIBUTES : 0;
    rights |= access & NP_WRITE_ATTRIBUTES ? FILE_WRITE_ATTRIBUTES : 0;
    return rights;
}

/* IDENTIFICATION: the server may ask who we are, and cannot act as us. */
static HANDLE open_file(const struct npn_path *path, DWORD wanted)
{
    return CreateFileW(path->text, wanted, 0, NULL, OPEN_EXISTING,
                       FILE_FLAG_OVERLAPPED | SECURITY_SQOS_PRESENT |
                           SECURITY_IDENTIFICATION,
                       NULL);
}

/* Wine lets those in who ask for rights to write one by one (F2). */
static int check_direction(struct npn_pipe *h, uint32_t access)
{
    struct npn_local local;
    int code = npn_local(h->file, &local);
    if (code == NP_OK && ((access & NP_READ && local.configuration == 0) ||
                          (access & NP_WRITE && local.configuration == 1))) {
        code = NP_ACCESS_DENIED;
    }
    h->messages = code == NP_OK && local.type != 0;
    return code;
}

static int set_mode(struct npn_pipe *h, const np_client_opts *opts,
                    bool own_type)
{
    uint32_t read = opts->read_mode;
    if (read == NP_MODE_DEFAULT) {
        read = own_type && h->messages ? NP_MESSAGE : NP_BYTE;
    }
    DWORD mode = read == NP_MESSAGE ? PIPE_READMODE_MESSAGE : 0;
    mode |= opts->flags & NP_FLAG_NOWAIT ? PIPE_NOWAIT : 0;
    if (mode == 0 || SetNamedPipeHandleState(h->file, &mode, NULL, NULL)) {
        return NP_OK;
    }
    return (int)GetLastError();
}

/* The pipe's type is not known before it is open. */
static bool may_set_mode(const np_client_opts *opts, bool own_type)
{
    return opts->read_mode == NP_MESSAGE || opts->flags & NP_FLAG_NOWAIT ||
           (own_type && opts->read_mode == NP_MODE_DEFAULT);
}

/* The right to set the mode was needed only to begin with (F4). */
static int narrow(struct npn_pipe *h, DWORD wanted)
{
    HANDLE narrowed;
    if (!DuplicateHandle(GetCurrentProcess(), h->file, GetCurrentProcess(),
                         &narrowed, wanted, FALSE, 0)) {
        return (int)GetLastError();
    }
    CloseHandle(h->file);
    h->file = narrowed;
    return NP_OK;
}

static int open_end(struct npn_pipe *h, const np_client_opts *opts,
                    bool own_type)
{
    struct npn_path path;
    DWORD wanted = rights(opts->access), first = wanted;
    first |= may_set_mode(opts, own_type) ? FILE_WRITE_ATTRIBUTES : 0;
    npn_path(&h->base.name, &path);
    h->file = open_file(&path, first);
    if (h->file == INVALID_HANDLE_VALUE) {
        return (int)GetLastError();
    }
    int code = npn_check_owner(h->file);
    if (code == NP_OK) {
        code = check_direction(h, opts->access);
    }
    if (code == NP_OK) {
        code = set_mode(h, opts, own_type);
    }
    if (code == NP_OK && first != wanted) {
        code = narrow(h, wanted);
    }
    return code;
}

int npi_os_open(const struct npi_name *name, const np_client_opts *opts,
                bool own_type, np_pipe **pipe_out)
{
    struct npn_pipe *h = new_pipe(name, false);
    if (!h) {
        return NP_NOT_ENOUGH_MEMORY;
    }
    h->access = opts->access;
    return hand_over(h, open_end(h, opts, own_type), pipe_out);
}
