/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* Making handles: an instance, a client's end; accepting. */

#define _GNU_SOURCE 1

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "linux/npx.h"
#include "linux/npx_fork.h"

void npi_os_free(np_pipe *pipe)
{
    struct npx_pipe *h = npx_of(pipe);
    if (!npx_forked(h)) {
        npx_hub_deinit(&h->hub); /* a set may have stood there */
        pthread_mutex_destroy(&h->in.lock);
        pthread_mutex_destroy(&h->out.lock);
        pthread_mutex_destroy(&h->link);
    }
    free(h);
}

/* A handle nobody has seen yet. */
static void discard(struct npx_pipe *h)
{
    npx_link_shut(&h->base);
    npx_link_release(&h->base);
    npi_os_free(&h->base);
}

/* ------------------------------------------------------------------- server */

static uint32_t read_mode(uint32_t wanted, uint32_t type, uint32_t fallback)
{
    uint32_t mode = wanted == NP_MODE_DEFAULT ? fallback : wanted;
    return mode == NP_MESSAGE && type == NP_MESSAGE ? NP_READMODE_MESSAGE : 0;
}

/* C7: a later instance of a byte pipe cannot read messages whatever it says. */
static int set_up_instance(struct npx_pipe *h, const np_server_opts *opts)
{
    if (opts->read_mode == NP_MESSAGE && h->meta.mode == NP_BYTE) {
        return npi_fail(NP_INVALID_PARAMETER,
                        "the pipe is a byte pipe; its first instance decides");
    }
    uint32_t bits = read_mode(opts->read_mode, h->meta.mode, h->meta.mode);
    bits |= opts->flags & NP_FLAG_NOWAIT ? NP_NOWAIT : 0;
    atomic_store(&h->mode, bits);
    h->spins = !(opts->flags & NP_FLAG_NO_SPIN);
    h->access = h->meta.access; /* INBOUND reads, OUTBOUND writes */
    h->quotas[0] = opts->in_quota;
    h->quotas[1] = opts->out_quota;
    atomic_store(&h->state, NP_DISCONNECTED);
    return NP_OK;
}

int npi_os_create(const struct npi_name *name, const np_server_opts *opts,
                  np_pipe **pipe_out)
{
    struct npx_pipe *h = npx_pipe_new(name, true);
    if (!h) {
        return NP_NOT_ENOUGH_MEMORY;
    }
    int code = npx_slot_take(name, opts, &h->slot, &h->meta);
    if (code == NP_OK) {
        code = set_up_instance(h, opts);
    }
    if (code == NP_OK) {
        code = npx_link_listen(h);
    }
    if (code) {
        discard(h);
        return code;
    }
    *pipe_out = &h->base;
    return NP_OK;
}

int npi_os_create_next(np_pipe *before, const np_server_opts *opts,
                       np_pipe **pipe_out)
{
    struct npx_slot slot;
    struct npx_pipe *from = npx_of(before);
    struct npx_pipe *h = npx_pipe_new(&before->name, true);
    pthread_mutex_lock(&from->link);
    if (!h) {
        npx_next_drop(from);
    }
    int fd = npx_next_take(from, &slot);
    pthread_mutex_unlock(&from->link);
    if (!h) {
        return NP_NOT_ENOUGH_MEMORY;
    }
    if (fd < 0) {
        discard(h);
        return npi_os_create(&before->name, opts, pipe_out);
    }
    h->slot = slot;
    h->meta = from->meta;
    set_up_instance(h, opts); /* cannot fail, as it did not for `before` */
    npx_link_listens(h, fd);
    *pipe_out = &h->base;
    return NP_OK;
}

/* ------------------------------------------------------------------- client */

/* F2, F3: the rights are checked before anything is claimed. */
static int check_access(const struct npx_view *view, const np_client_opts *opts)
{
    uint32_t allowed = NP_WRITE_ATTRIBUTES;
    if (view->meta.access & NP_OUTBOUND) {
        allowed |= NP_READ;
    }
    if (view->meta.access & NP_INBOUND) {
        allowed |= NP_WRITE;
    }
    if (opts->access & ~allowed) {
        return npi_fail(NP_ACCESS_DENIED, "the pipe's clients may %s only",
                        allowed & NP_READ ? "read" : "write");
    }
    if (opts->read_mode == NP_MESSAGE && view->meta.mode == NP_BYTE) {
        return npi_fail(NP_INVALID_PARAMETER,
                        "a byte pipe cannot be read in message mode");
    }
    return NP_OK;
}

/* One claim and its hello. NP_BROKEN_PIPE: the server went in between. */
static int claim_once(struct npx_pipe *h, const struct npx_view *view)
{
    struct npx_claim claim;
    struct npi_shm *shm;
    size_t size;
    int code = npx_view_claim(view, &claim);
    if (code) {
        return code;
    }
    npx_hello_refuse_fds(claim.sock);
    code = npx_hello_send(claim.sock, claim.quotas, &shm, &size);
    if (code) {
        npx_fd_close(claim.sock);
        return code;
    }
    memcpy(h->quotas, claim.quotas, sizeof h->quotas);
    h->peer_pid = claim.pid;
    h->peer_uid = claim.uid;
    npx_pipe_attach(h, shm, size);
    npx_link_adopt(h, claim.sock);
    return NP_OK;
}

#define CLAIM_TRIES 16

static int open_view(struct npx_pipe *h, const struct npx_view *view,
                     const np_client_opts *opts, bool own_type)
{
    int code = check_access(view, opts);
    if (code) {
        return code;
    }
    h->meta = view->meta;
    h->access = opts->access;
    h->spins = !(opts->flags & NP_FLAG_NO_SPIN);
    uint32_t bits = read_mode(opts->read_mode, h->meta.mode,
                              own_type ? h->meta.mode : NP_BYTE);
    bits |= opts->flags & NP_FLAG_NOWAIT ? NP_NOWAIT : 0;
    atomic_store(&h->mode, bits);
    int tries = CLAIM_TRIES;
    do {
        code = claim_once(h, view);
    } while (code == NP_BROKEN_PIPE && --tries > 0);
    return code == NP_BROKEN_PIPE ? NP_PIPE_BUSY : code;
}

int npi_os_open(const struct npi_name *name, const np_client_opts *opts,
                bool own_type, np_pipe **pipe_out)
{
    struct npx_view view;
    int code = npx_view_open(name, &view);
    if (code) {
        return code;
    }
    struct npx_pipe *h = npx_pipe_new(name, false);
    code = h ? open_view(h, &view, opts, own_type) : NP_NOT_ENOUGH_MEMORY;
    npx_view_close(&view);
    if (code) {
        if (h) {
            discard(h);
        }
        return code;
    }
    *pipe_out = &h->base;
    return NP_OK;
}

/* ------------------------------------------------------------------- accept */

/* Whether the client is there: NPX_AGAIN to go on waiting. `waited`: somebody
 * was waiting when it came, which makes it NP_OK. */
static int look_for_client(struct npx_pipe *h, bool waited, unsigned epoch)
{
    int code = npx_link_poll(h);
    if (code) {
        return code;
    }
    if (epoch != atomic_load(&h->epoch)) {
        return NP_PIPE_NOT_CONNECTED;
    }
    npi_state_next(npx_state(h), NPI_EVENT_LISTEN, &code);
    if (code == NP_PIPE_LISTENING) {
        return NPX_AGAIN;
    }
    atomic_store(&h->accepted, true);
    return waited ? NP_OK : code;
}

static npi_deadline until(const struct npx_pipe *h, npi_deadline deadline)
{
    return h->greeting && h->greet_by < deadline ? h->greet_by : deadline;
}

npi_deadline npx_greet_by(struct npx_pipe *h, npi_deadline deadline)
{
    if (h->server && atomic_load(&h->state) == NP_LISTENING) {
        pthread_mutex_lock(&h->link);
        deadline = until(h, deadline);
        pthread_mutex_unlock(&h->link);
    }
    return deadline;
}

#define HELLO_NS 20000

/* Who has connected is just making its hello, which takes less than falling
 * asleep and being woken, if it runs at the same time as we. Once a connection,
 * and not for long: it may be a stranger who never sends one. Where that was in
 * vain it is tried again only now and then. */
static int await_hello(struct npx_pipe *h, unsigned epoch)
{
    static atomic_uint vain; /* a hint */
    npi_deadline until = npi_now() + HELLO_NS;
    int code = look_for_client(h, true, epoch);
    if (code != NPX_AGAIN || !h->greeting || !npx_may_spin(h) ||
        atomic_fetch_add(&vain, 1) % 16 > 1) {
        return code;
    }
    do {
        code = look_for_client(h, true, epoch);
    } while (code == NPX_AGAIN && h->greeting && npi_left(until) > 0);
    if (code != NPX_AGAIN) {
        atomic_store(&vain, 0);
    }
    return code;
}

static int wait_for_client(struct npx_pipe *h, unsigned epoch,
                           const struct npi_changes *cancels,
                           npi_deadline deadline)
{
    struct npx_waiter waiter;
    bool greeting = false;
    int code = npx_hub_join(&h->hub, &waiter);
    if (code) {
        return code;
    }
    if (atomic_load(&h->base.closing) || npi_changed(cancels)) {
        code = NP_OPERATION_ABORTED;
    }
    while (code == NP_OK) {
        code = greeting ? look_for_client(h, true, epoch)
                        : await_hello(h, epoch);
        if (code != NPX_AGAIN) {
            break;
        }
        pthread_mutex_lock(&h->link);
        greeting = h->greeting;
        npi_deadline next = until(h, deadline);
        pthread_mutex_unlock(&h->link);
        code = npx_hub_sleep(&waiter, next);
        if (npx_forked(h)) {
            return NP_INVALID_HANDLE;
        }
        if (code == NP_TIMEOUT && next != deadline) {
            code = NP_OK; /* only the greeting's time is up */
        }
    }
    npx_hub_leave(&waiter);
    return code;
}

static int accept_client(np_pipe *pipe, const struct npi_changes *cancels,
                         npi_deadline deadline)
{
    struct npx_pipe *h = npx_of(pipe);
    if (!h->server) {
        return NP_INVALID_FUNCTION;
    }
    int code = npx_link_listen(h);
    if (code) {
        return code;
    }
    unsigned epoch = atomic_load(&h->epoch);
    code = look_for_client(h, false, epoch);
    if (code != NPX_AGAIN) {
        return code;
    }
    if (atomic_load(&h->mode) & NP_NOWAIT) {
        return NP_PIPE_LISTENING;
    }
    return deadline == 0 ? NP_TIMEOUT
                         : wait_for_client(h, epoch, cancels, deadline);
}

static int disconnect(np_pipe *pipe)
{
    struct npx_pipe *h = npx_of(pipe);
    if (!h->server) {
        return npx_state(h) == NP_DISCONNECTED ? NP_PIPE_NOT_CONNECTED
                                               : NP_INVALID_FUNCTION;
    }
    int code = npx_link_poll(h);
    return code ? code : npx_link_disconnect(h);
}

static int cancel(np_pipe *pipe)
{
    return npx_hub_wake(&npx_of(pipe)->hub, true) > 0 ? NP_OK : NP_NOT_FOUND;
}

const struct npi_ops npx_ops = {
    .accept = accept_client,
    .disconnect = disconnect,
    .read_now = npx_read_now,
    .write_now = npx_write_now,
    .read = npx_read,
    .write = npx_write,
    .peek = npx_peek,
    .transact = npx_transact,
    .flush = npx_flush,
    .get_state = npx_get_state,
    .set_state = npx_set_state,
    .get_info = npx_get_info,
    .get_peer = npx_get_peer,
    .get_fd = npx_get_fd,
    .cancel = cancel,
    .shut = npx_link_shut,
    .release = npx_link_release,
};
