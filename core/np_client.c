/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* The client's conveniences: waiting for an instance, connecting, calling. */

#include "np_internal.h"

/* What stands in the way of opening now may be over at the next try. */
static bool worth_waiting(int code, uint32_t wait)
{
    return code == NP_PIPE_BUSY ||
           (code == NP_FILE_NOT_FOUND && wait == NP_WAIT_SERVER);
}

static int wait_for(const struct npi_name *name, uint32_t wait,
                    npi_deadline deadline)
{
    enum npi_wait_for what = wait == NP_WAIT_SERVER ? NPI_WAIT_SERVER
                                                    : NPI_WAIT_LISTENING;
    return npi_os_wait(name, what, NULL, deadline);
}

int np_wait(const char *name, uint32_t ms)
{
    struct npi_name parsed;
    npi_detail_clear();
    int code = npi_name_parse(name, &parsed);
    if (code == NP_OK && ms == NP_USE_DEFAULT) {
        return npi_os_wait_default(&parsed);
    }
    return code ? code
                : wait_for(&parsed, NP_WAIT_INSTANCE, npi_deadline_in(ms));
}

/* Open first and wait only if that fails; nothing is reserved by waiting, so a
 * faster client sends us round again. */
static int connect_until(const struct npi_name *name,
                         const np_client_opts *opts, np_pipe **pipe_out,
                         npi_deadline deadline)
{
    for (;;) {
        int code = npi_os_open(name, opts, true, pipe_out);
        if (!worth_waiting(code, opts->wait)) {
            return code;
        }
        if (npi_left(deadline) == 0) {
            return NP_SEM_TIMEOUT;
        }
        code = wait_for(name, opts->wait, deadline);
        if (code) {
            return code;
        }
    }
}

int np_connect(const char *name, const np_client_opts *opts, np_pipe **pipe_out,
               uint32_t ms)
{
    struct npi_name parsed;
    np_client_opts all;
    npi_deadline deadline = npi_deadline_in(ms);
    npi_detail_clear();
    if (!pipe_out) {
        return NP_INVALID_PARAMETER;
    }
    int code = npi_name_parse(name, &parsed);
    if (code == NP_OK) {
        code = npi_client_opts(opts, &all);
    }
    if (code == NP_OK) {
        code = connect_until(&parsed, &all, pipe_out, deadline);
    }
    return code;
}

static int call_on(np_pipe *pipe, struct npi_write *request,
                   struct npi_read *reply, npi_deadline deadline)
{
    int code = np_set_state(pipe, NP_READMODE_MESSAGE);
    if (code == NP_OK) {
        code = np_transact(pipe, request->data, request->size, reply->buf,
                           reply->size, &reply->got, npi_left_ms(deadline));
    }
    return code == NP_TIMEOUT ? NP_SEM_TIMEOUT : code;
}

int np_call(const char *name, const void *in, size_t n, void *out, size_t m,
            size_t *got_out, uint32_t ms)
{
    np_pipe *pipe;
    struct npi_write request = {.data = in, .size = n};
    struct npi_read reply = {.buf = out, .size = m};
    npi_deadline deadline = npi_deadline_in(ms);
    npi_detail_clear();
    if (!got_out || (!in && n > 0) || n > NP_MAX_MESSAGE || (!out && m > 0)) {
        return NP_INVALID_PARAMETER; /* before an instance is used up */
    }
    int code = np_connect(name, NULL, &pipe, ms);
    if (code) {
        return code;
    }
    code = call_on(pipe, &request, &reply, deadline);
    np_close(pipe);
    if (code == NP_OK || code == NP_MORE_DATA) {
        *got_out = reply.got;
    }
    return code;
}
