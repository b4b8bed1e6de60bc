/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* The verbs of a connection that are the kernel's as they are, and the end of a
 * handle: what is blocked is cancelled, and the last call to leave closes the
 * file, so that no call ever works on a number that is somebody else's by now.
 * The other end sees the close at that moment. */

#include "win32/npn.h"

#include <stdlib.h>

/* ---------------------------------------------------------------- accepting */

static DWORD start_connect(HANDLE file, void *unused, OVERLAPPED *overlapped)
{
    (void)unused;
    return ConnectNamedPipe(file, overlapped) ? 0 : GetLastError();
}

static int accept_client(np_pipe *pipe, const struct npi_changes *cancels,
                         npi_deadline deadline)
{
    DWORD unused;
    struct npn_pipe *h = npn_of(pipe);
    int code = npn_io(h, start_connect, NULL, &unused, cancels, deadline);
    if (code == NP_OK || code == NP_PIPE_CONNECTED || code == NP_NO_DATA) {
        atomic_store(&h->unaccepted, false);
    }
    return code;
}

static int disconnect(np_pipe *pipe)
{
    struct npn_pipe *h = npn_of(pipe);
    npn_hold(h); /* what a probe has taken is dropped too */
    int code = DisconnectNamedPipe(h->file) ? NP_OK : (int)GetLastError();
    if (code == NP_OK) {
        npn_stash_end(&h->reads);
        atomic_store(&h->unaccepted, true);
    }
    npn_unhold(h);
    return code;
}

/* ------------------------------------------------------------------ writing */

static DWORD start_write(HANDLE file, void *arg, OVERLAPPED *overlapped)
{
    struct npi_write *op = arg; /* at most NP_MAX_MESSAGE bytes */
    return WriteFile(file, op->data, (DWORD)op->size, NULL, overlapped)
               ? 0
               : GetLastError();
}

static int write_pipe(np_pipe *pipe, struct npi_write *op,
                      npi_deadline deadline)
{
    DWORD put = 0;
    int code = npn_io(npn_of(pipe), start_write, op, &put, NULL, deadline);
    op->put = put;
    return code;
}

static DWORD flush_file(void *arg)
{
    return FlushFileBuffers((HANDLE)arg) ? 0 : GetLastError();
}

/* It blocks even on overlapped handles (FL2). */
static int flush(np_pipe *pipe, npi_deadline deadline)
{
    struct npn_pipe *h = npn_of(pipe);
    return npn_blocking(&h->hub, &h->base.closing, flush_file, h->file,
                        deadline);
}

/* --------------------------------------------------------------- the handle */

static int get_fd(np_pipe *pipe, int *fd_out)
{
    (void)pipe;
    (void)fd_out;
    return npi_fail(NP_NOT_SUPPORTED, "Windows has no descriptors to poll; use "
                                      "np_select");
}

static int cancel(np_pipe *pipe)
{
    return npn_wake(&npn_of(pipe)->hub, true) > 0 ? NP_OK : NP_NOT_FOUND;
}

static void shut(np_pipe *pipe)
{
    npn_wake(&npn_of(pipe)->hub, true);
}

static void release(np_pipe *pipe)
{
    struct npn_pipe *h = npn_of(pipe);
    CloseHandle(h->file);
    h->file = INVALID_HANDLE_VALUE;
    npn_stash_drop(&h->reads);
}

const struct npi_ops npn_ops = {
    .accept = accept_client,
    .disconnect = disconnect,
    .read = npn_read,
    .write = write_pipe,
    .peek = npn_peek,
    .transact = npn_transact,
    .flush = flush,
    .get_state = npn_get_state,
    .set_state = npn_set_state,
    .get_info = npn_get_info,
    .get_peer = npn_get_peer,
    .get_fd = get_fd,
    .cancel = cancel,
    .shut = shut,
    .release = release,
};

void npi_os_free(np_pipe *pipe)
{
    free(pipe);
}

void npi_os_stir(np_pipe *pipe)
{
    npn_wake(&npn_of(pipe)->hub, false);
}

void npi_os_yield(void)
{
    SwitchToThread();
}

/* ---------------------------------------------------- groups of descriptors */

int npi_os_group_new(int *fd_out)
{
    return get_fd(NULL, fd_out);
}

void npi_os_group_add(int group, int fd)
{
    (void)group;
    (void)fd;
}

void npi_os_group_remove(int group, int fd)
{
    (void)group;
    (void)fd;
}

void npi_os_group_free(int group)
{
    (void)group;
}
