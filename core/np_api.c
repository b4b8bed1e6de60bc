/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* The raw verbs: arguments are checked, the deadline is taken, the handle is
 * entered, the transport does it, the handle is left. */

#include <stdlib.h>

#include "np_internal.h"

#define CLIENT_FLAGS ((uint32_t)(NP_FLAG_NOWAIT | NP_FLAG_NO_SPIN))
#define SERVER_FLAGS (CLIENT_FLAGS | NP_FLAG_FIRST)

/* ------------------------------------------------------------------ options */

static int check_modes(uint32_t mode, uint32_t read_mode)
{
    if (mode != NP_BYTE && mode != NP_MESSAGE) {
        return npi_fail(NP_INVALID_PARAMETER,
                        "mode must be NP_BYTE or NP_MESSAGE");
    }
    if (read_mode > NP_MESSAGE) {
        return npi_fail(NP_INVALID_PARAMETER,
                        "read_mode must be NP_MODE_DEFAULT, NP_BYTE or "
                        "NP_MESSAGE");
    }
    if (mode == NP_BYTE && read_mode == NP_MESSAGE) {
        return npi_fail(NP_INVALID_PARAMETER,
                        "a byte pipe cannot be read in message mode");
    }
    return NP_OK;
}

static int check_server_opts(const np_server_opts *opts)
{
    if (opts->size != sizeof *opts) {
        return npi_fail(NP_INVALID_PARAMETER,
                        "np_server_opts.size is not that of this version");
    }
    if (opts->access < NP_INBOUND || opts->access > NP_DUPLEX) {
        return npi_fail(NP_INVALID_PARAMETER,
                        "access must be NP_INBOUND, NP_OUTBOUND or NP_DUPLEX");
    }
    if (opts->max_instances < 1 || opts->max_instances > 255) {
        return npi_fail(NP_INVALID_PARAMETER,
                        "max_instances must be 1 to 255, not %u",
                        (unsigned)opts->max_instances);
    }
    if (opts->flags & ~SERVER_FLAGS) {
        return npi_fail(NP_INVALID_PARAMETER, "unknown flag");
    }
    return check_modes(opts->mode, opts->read_mode);
}

int np_create(const char *name, const np_server_opts *opts, np_pipe **pipe_out)
{
    struct npi_name parsed;
    np_server_opts all = NP_SERVER_OPTS_INIT;
    npi_detail_clear();
    if (!pipe_out) {
        return NP_INVALID_PARAMETER;
    }
    int code = npi_name_parse(name, &parsed);
    if (code == NP_OK && opts) {
        code = check_server_opts(opts);
        all = *opts;
    }
    if (all.default_timeout == 0) {
        all.default_timeout = 50;
    }
    return code ? code : npi_os_create(&parsed, &all, pipe_out);
}

static int check_client_opts(const np_client_opts *opts)
{
    if (opts->size != sizeof *opts) {
        return npi_fail(NP_INVALID_PARAMETER,
                        "np_client_opts.size is not that of this version");
    }
    if (opts->access & ~(uint32_t)(NP_READ | NP_WRITE | NP_WRITE_ATTRIBUTES)) {
        return npi_fail(NP_INVALID_PARAMETER,
                        "access must be of NP_READ, NP_WRITE and "
                        "NP_WRITE_ATTRIBUTES");
    }
    if (opts->wait > NP_WAIT_SERVER) {
        return npi_fail(NP_INVALID_PARAMETER,
                        "wait must be NP_WAIT_INSTANCE or NP_WAIT_SERVER");
    }
    if (opts->flags & ~CLIENT_FLAGS) {
        return npi_fail(NP_INVALID_PARAMETER, "unknown flag");
    }
    return check_modes(NP_MESSAGE, opts->read_mode);
}

int npi_client_opts(const np_client_opts *opts, np_client_opts *all_out)
{
    np_client_opts all = NP_CLIENT_OPTS_INIT;
    *all_out = opts ? *opts : all;
    return opts ? check_client_opts(opts) : NP_OK;
}

int np_open(const char *name, const np_client_opts *opts, np_pipe **pipe_out)
{
    struct npi_name parsed;
    np_client_opts all;
    npi_detail_clear();
    if (!pipe_out) {
        return NP_INVALID_PARAMETER;
    }
    int code = npi_name_parse(name, &parsed);
    if (code == NP_OK) {
        code = npi_client_opts(opts, &all);
    }
    return code ? code : npi_os_open(&parsed, &all, false, pipe_out);
}

/* ------------------------------------------------------------- server's end */

int np_accept(np_pipe *pipe, uint32_t ms)
{
    npi_deadline deadline = npi_deadline_in(ms);
    int code = npi_handle_enter(pipe);
    if (code == NP_OK) {
        code = pipe->ops->accept(pipe, NULL, deadline);
        npi_handle_leave(pipe);
    }
    return code;
}

int np_disconnect(np_pipe *pipe)
{
    int code = npi_handle_enter(pipe);
    if (code == NP_OK) {
        code = pipe->ops->disconnect(pipe);
        npi_handle_leave(pipe);
    }
    return code;
}

/* --------------------------------------------------------------------- data */

static int read_with(np_pipe *pipe, struct npi_read *read, size_t *got_out,
                     uint32_t ms)
{
    if (!got_out || (!read->buf && read->size > 0)) {
        return NP_INVALID_PARAMETER;
    }
    if (npi_handle_short(pipe) && pipe->ops->read_now(pipe, read)) {
        *got_out = read->got;
        return NP_OK;
    }
    npi_deadline deadline = npi_deadline_in(ms);
    int code = npi_handle_enter(pipe);
    if (code) {
        return code;
    }
    code = pipe->ops->read(pipe, read, deadline);
    npi_handle_leave(pipe);
    if (code == NP_OK || code == NP_MORE_DATA ||
        code == NP_INSUFFICIENT_BUFFER) {
        *got_out = read->got;
    }
    return code;
}

int np_read(np_pipe *pipe, void *buf, size_t n, size_t *got_out, uint32_t ms)
{
    struct npi_read read = {.buf = buf, .size = n};
    return read_with(pipe, &read, got_out, ms);
}

int np_recv(np_pipe *pipe, void *buf, size_t n, size_t *got_out, uint32_t ms)
{
    struct npi_read read = {.buf = buf, .size = n, .whole = true};
    return read_with(pipe, &read, got_out, ms);
}

static bool writable(const void *data, size_t n)
{
    return (data || n == 0) && n <= NP_MAX_MESSAGE;
}

int np_write(np_pipe *pipe, const void *buf, size_t n, size_t *put_out,
             uint32_t ms)
{
    struct npi_write write = {.data = buf, .size = n};
    if (!put_out || !writable(buf, n)) {
        return NP_INVALID_PARAMETER;
    }
    if (npi_handle_short(pipe) && pipe->ops->write_now(pipe, &write)) {
        *put_out = write.put;
        return NP_OK;
    }
    npi_deadline deadline = npi_deadline_in(ms);
    int code = npi_handle_enter(pipe);
    if (code) {
        return code;
    }
    code = pipe->ops->write(pipe, &write, deadline);
    npi_handle_leave(pipe);
    if (code == NP_OK || code == NP_TIMEOUT || code == NP_INTERRUPTED ||
        code == NP_OPERATION_ABORTED) {
        *put_out = write.put;
    }
    return code;
}

int np_peek(np_pipe *pipe, void *buf, size_t n, size_t *got_out,
            size_t *avail_out, uint32_t *left_out)
{
    struct npi_peek peek = {.buf = buf, .size = buf ? n : 0};
    int code = npi_handle_enter(pipe);
    if (code) {
        return code;
    }
    code = pipe->ops->peek(pipe, &peek);
    npi_handle_leave(pipe);
    if (code) {
        return code;
    }
    if (got_out) {
        *got_out = peek.got;
    }
    if (avail_out) {
        *avail_out = peek.avail;
    }
    if (left_out) {
        *left_out = (uint32_t)peek.left; /* P4: modulo 2^32 on byte pipes */
    }
    return NP_OK;
}

int np_transact(np_pipe *pipe, const void *in, size_t n, void *out, size_t m,
                size_t *got_out, uint32_t ms)
{
    struct npi_write request = {.data = in, .size = n};
    struct npi_read reply = {.buf = out, .size = m};
    if (!got_out || !writable(in, n) || (!out && m > 0)) {
        return NP_INVALID_PARAMETER;
    }
    npi_deadline deadline = npi_deadline_in(ms);
    int code = npi_handle_enter(pipe);
    if (code) {
        return code;
    }
    code = pipe->ops->transact(pipe, &request, &reply, deadline);
    npi_handle_leave(pipe);
    if (code == NP_OK || code == NP_MORE_DATA) {
        *got_out = reply.got;
    }
    return code;
}

int np_flush(np_pipe *pipe, uint32_t ms)
{
    npi_deadline deadline = npi_deadline_in(ms);
    int code = npi_handle_enter(pipe);
    if (code == NP_OK) {
        code = pipe->ops->flush(pipe, deadline);
        npi_handle_leave(pipe);
    }
    return code;
}

int np_cancel(np_pipe *pipe)
{
    int code = npi_handle_enter(pipe);
    if (code == NP_OK) {
        code = pipe->ops->cancel(pipe);
        npi_handle_leave(pipe);
    }
    return code;
}

/* ------------------------------------------------------------------ queries */

int np_get_state(np_pipe *pipe, np_state *state_out)
{
    np_state state;
    int code = state_out ? npi_handle_enter(pipe) : NP_INVALID_PARAMETER;
    if (code == NP_OK) {
        code = pipe->ops->get_state(pipe, &state);
        npi_handle_leave(pipe);
        if (code == NP_OK) {
            *state_out = state;
        }
    }
    return code;
}

int np_set_state(np_pipe *pipe, uint32_t mode)
{
    if (mode & ~(uint32_t)(NP_NOWAIT | NP_READMODE_MESSAGE)) {
        return npi_fail(NP_INVALID_PARAMETER, "unknown mode bit");
    }
    int code = npi_handle_enter(pipe);
    if (code == NP_OK) {
        code = pipe->ops->set_state(pipe, mode);
        npi_handle_leave(pipe);
    }
    return code;
}

int np_get_info(np_pipe *pipe, np_info *info_out)
{
    int code = info_out ? npi_handle_enter(pipe) : NP_INVALID_PARAMETER;
    if (code == NP_OK) {
        code = pipe->ops->get_info(pipe, info_out);
        npi_handle_leave(pipe);
    }
    return code;
}

int np_get_peer(np_pipe *pipe, np_peer *peer_out)
{
    int code = peer_out ? npi_handle_enter(pipe) : NP_INVALID_PARAMETER;
    if (code == NP_OK) {
        code = pipe->ops->get_peer(pipe, peer_out);
        npi_handle_leave(pipe);
    }
    return code;
}

int np_get_fd(np_pipe *pipe, int *fd_out)
{
    int code = fd_out ? npi_handle_enter(pipe) : NP_INVALID_PARAMETER;
    if (code == NP_OK) {
        code = pipe->ops->get_fd(pipe, fd_out);
        npi_handle_leave(pipe);
    }
    return code;
}

const char *np_path(const np_pipe *pipe)
{
    return pipe ? pipe->name.path : "";
}

/* -------------------------------------------------------------------- names */

int np_exists(const char *name)
{
    struct npi_name parsed;
    npi_detail_clear();
    int code = npi_name_parse(name, &parsed);
    return code ? code : npi_os_exists(&parsed);
}

int np_names(const char *pattern, char **list_out)
{
    npi_detail_clear();
    return list_out ? npi_os_names(pattern, list_out) : NP_INVALID_PARAMETER;
}

void np_free(void *p)
{
    free(p);
}
