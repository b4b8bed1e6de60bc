/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* A name kept served.
 *
 * A server owns one listening instance, `ready`, and replaces it as soon as a
 * client has come, before the connected one is handed out: the name is never
 * unowned. With max_instances in use there is none for a while; every instance
 * of this server that is closed tries to make one (npi_server_instance_gone),
 * and an accept waits for room that other processes make.
 *
 * Several threads may accept at once. They all wait on the same instance; when
 * its client comes, the one that takes `ready` out under the lock has it, the
 * others wait on the next. The lock covers a few loads and stores only (and
 * entering the instance, so that it cannot go between being read and being
 * entered); nobody sleeps or calls the system in it.
 *
 * The server's memory is counted: its owner, and every instance that would tell
 * it of its end. */

#include <stdlib.h>

#include "np_internal.h"

struct np_server {
    struct npi_name name;
    np_server_opts opts;
    unsigned generation;
    atomic_uint owners;
    atomic_bool closing;
    atomic_uint cancels;   /* np_server_cancel was called so often */
    atomic_uint changes;   /* of ready, cancels and closing */
    atomic_uint gone;      /* instances that were closed; added to under lock */
    atomic_uint accepting; /* calls of np_server_accept that may block */
    atomic_flag lock;
    np_pipe *ready; /* under lock */
    bool making;    /* a thread is making the next one; under lock */
    int group;      /* np_server_get_fd's, or -1; under lock */
};

static void lock(np_server *server)
{
    while (atomic_flag_test_and_set_explicit(&server->lock,
                                             memory_order_acquire)) {
        npi_os_yield();
    }
}

static void unlock(np_server *server)
{
    atomic_flag_clear_explicit(&server->lock, memory_order_release);
}

static bool inherited(const np_server *server)
{
    return server->generation != atomic_load(&npi_generation);
}

static void disown(np_server *server)
{
    if (atomic_fetch_sub(&server->owners, 1) == 1) {
        free(server);
    }
}

/* ------------------------------------------------------- the ready instance */

static void group_change(np_server *server, np_pipe *pipe,
                         void (*change)(int group, int fd))
{
    int fd;
    lock(server);
    int group = server->group;
    unlock(server);
    if (group >= 0 && np_get_fd(pipe, &fd) == NP_OK) {
        change(group, fd);
    }
}

/* Whoever waits for room looks again. */
static void changed(np_server *server)
{
    atomic_fetch_add(&server->changes, 1);
    if (atomic_load(&server->accepting) > 0) {
        npi_os_kick();
    }
}

/* Put a new instance in place; it is what clients find from its creation on, so
 * it must never turn out to be one too many. */
static void publish(np_server *server, np_pipe *pipe)
{
    group_change(server, pipe, npi_os_group_add);
    pipe->lasting = true;
    lock(server);
    bool open = !atomic_load(&server->closing);
    if (open) {
        server->ready = pipe;
    }
    server->making = false;
    unlock(server);
    if (open) {
        /* Once more: the group may have been made in between. */
        group_change(server, pipe, npi_os_group_add);
    } else {
        np_close(pipe);
    }
    changed(server);
}

static int make(np_server *server, np_pipe *before, np_pipe **pipe_out)
{
    np_server_opts opts = server->opts;
    opts.flags &= ~(uint32_t)NP_FLAG_FIRST;
    return before ? npi_os_create_next(before, &opts, pipe_out)
                  : npi_os_create(&server->name, &opts, pipe_out);
}

/* Having been let: the instance that follows `before`, or one that nobody was
 * before (NULL). */
static int make_ready(np_server *server, np_pipe *before)
{
    np_pipe *pipe;
    int code;
    bool again;
    do {
        unsigned gone = atomic_load(&server->gone);
        code = make(server, before, &pipe);
        /* One that goes while we fail for want of room leaves it to us. */
        lock(server);
        again = code == NP_PIPE_BUSY && gone != atomic_load(&server->gone);
        server->making = again || code == NP_OK;
        unlock(server);
    } while (again);
    if (code == NP_OK) {
        publish(server, pipe);
    }
    return code;
}

/* One thread at a time makes an instance. */
static bool may_make(np_server *server)
{
    lock(server);
    bool may = !server->ready && !server->making &&
               !atomic_load(&server->closing);
    server->making |= may;
    unlock(server);
    return may;
}

/* NP_OK: there is an instance, or will be in a moment. */
static int refill(np_server *server)
{
    if (!may_make(server)) {
        npi_os_yield();
        return NP_OK;
    }
    return make_ready(server, NULL);
}

/* The ready instance, entered; NULL when there is none. */
static np_pipe *borrow(np_server *server)
{
    lock(server);
    np_pipe *pipe = server->ready;
    if (pipe && npi_handle_enter(pipe) != NP_OK) {
        pipe = NULL;
    }
    unlock(server);
    return pipe;
}

static bool take(np_server *server, np_pipe *pipe)
{
    lock(server);
    bool mine = server->ready == pipe;
    if (mine) {
        server->ready = NULL;
        server->making = true; /* by hand_out, whatever else happens */
    }
    unlock(server);
    if (mine) {
        group_change(server, pipe, npi_os_group_remove);
    }
    return mine;
}

void npi_server_instance_gone(np_server *server)
{
    if (!atomic_load(&server->closing) && !inherited(server)) {
        lock(server);
        atomic_fetch_add(&server->gone, 1);
        bool wanted = !server->ready;
        unlock(server);
        if (wanted) {
            refill(server); /* no room is no harm: accept tries again */
            npi_detail_clear();
        }
    }
    disown(server);
}

/* ---------------------------------------------------------------- listening */

static np_server *new_server(const struct npi_name *name,
                             const np_server_opts *opts)
{
    np_server *server = calloc(1, sizeof *server);
    if (!server) {
        return NULL;
    }
    server->name = *name;
    server->opts = *opts;
    server->generation = atomic_load(&npi_generation);
    server->group = -1;
    atomic_init(&server->owners, 1);
    atomic_flag_clear(&server->lock);
    return server;
}

int np_listen(const char *name, const np_server_opts *opts,
              np_server **server_out)
{
    struct npi_name parsed;
    np_server_opts all = NP_SERVER_OPTS_INIT;
    np_pipe *pipe;
    if (!server_out) {
        return NP_INVALID_PARAMETER;
    }
    if (opts) {
        all = *opts;
    }
    all.flags |= NP_FLAG_FIRST;
    int code = np_create(name, &all, &pipe);
    if (code == NP_OK) {
        code = npi_name_parse(name, &parsed);
        np_server *server = code ? NULL : new_server(&parsed, &all);
        if (!server) {
            np_close(pipe);
            return code ? code : NP_NOT_ENOUGH_MEMORY;
        }
        pipe->lasting = true;
        server->ready = pipe;
        *server_out = server;
    } else if (code == NP_PIPE_BUSY) {
        code = npi_fail(NP_ACCESS_DENIED, "the name is already served");
    }
    return code;
}

/* ---------------------------------------------------------------- accepting */

static bool is_client(int code)
{
    return code == NP_OK || code == NP_PIPE_CONNECTED || code == NP_NO_DATA;
}

/* One np_server_accept. A cancel is for all that have begun and may block: such
 * a call may have been blocked before, and be looking again just now. */
struct accepting {
    np_server *server;
    npi_deadline deadline;
    bool blocks;
    struct npi_changes cancels;
};

/* No instance of ours: make one, or wait until one can be made. */
static int wait_for_room(struct accepting *call, unsigned seen)
{
    np_server *server = call->server;
    struct npi_changes changes = {&server->changes, seen};
    int code = refill(server);
    if (code != NP_PIPE_BUSY || npi_left(call->deadline) == 0) {
        return code == NP_PIPE_BUSY ? NP_TIMEOUT : code;
    }
    code = npi_os_wait(&server->name, NPI_WAIT_ROOM, &changes, call->deadline);
    return code == NP_SEM_TIMEOUT ? NP_TIMEOUT : code;
}

/* The caller may close the pipe at once; the next instance must be there
 * before, or the name would be nobody's. */
static void hand_out(np_server *server, np_pipe *pipe)
{
    atomic_fetch_add(&server->owners, 1);
    atomic_store(&pipe->home, server);
    npi_os_stir(pipe); /* np_select may be waiting on it for the server */
    if (make_ready(server, pipe) != NP_OK) {
        npi_detail_clear(); /* at its limit; see npi_server_instance_gone */
    }
}

/* One round: NP_OK with a pipe, NP_OK without one (look again), or an error. */
static int accept_once(struct accepting *call, np_pipe **pipe_out)
{
    np_server *server = call->server;
    unsigned seen = atomic_load(&server->changes);
    np_pipe *pipe = borrow(server);
    if (!pipe) {
        return wait_for_room(call, seen);
    }
    int code = pipe->ops->accept(pipe, &call->cancels, call->deadline);
    if (is_client(code)) {
        code = NP_OK;
        if (take(server, pipe)) {
            hand_out(server, pipe);
            *pipe_out = pipe;
        }
    }
    npi_handle_leave(pipe);
    return code;
}

static int accept_one(struct accepting *call, np_pipe **pipe_out)
{
    int code = NP_OK;
    while (code == NP_OK && !*pipe_out) {
        bool ended = atomic_load(&call->server->closing) ||
                     npi_changed(&call->cancels);
        code = ended ? NP_OPERATION_ABORTED : accept_once(call, pipe_out);
    }
    return code;
}

/* Under the lock, so that a cancel ends just those that it has found. */
static struct accepting begin(np_server *server, uint32_t ms)
{
    struct accepting call = {.server = server,
                             .deadline = npi_deadline_in(ms),
                             .blocks = ms > 0,
                             .cancels = {.counter = &server->cancels}};
    atomic_fetch_add(&server->owners, 1);
    lock(server);
    call.cancels.seen = atomic_load(&server->cancels);
    atomic_fetch_add(&server->accepting, call.blocks);
    unlock(server);
    return call;
}

static void end(const struct accepting *call)
{
    atomic_fetch_sub(&call->server->accepting, call->blocks);
    disown(call->server);
}

int np_server_accept(np_server *server, np_pipe **pipe_out, uint32_t ms)
{
    np_pipe *pipe = NULL;
    npi_detail_clear();
    if (!server || !pipe_out) {
        return NP_INVALID_PARAMETER;
    }
    if (inherited(server) || atomic_load(&server->closing)) {
        return NP_INVALID_HANDLE;
    }
    struct accepting call = begin(server, ms);
    int code = accept_one(&call, &pipe);
    end(&call);
    if (code == NP_OK) {
        *pipe_out = pipe;
    }
    return code;
}

int np_server_cancel(np_server *server)
{
    npi_detail_clear();
    if (!server || npi_server_closed(server)) {
        return NP_INVALID_HANDLE;
    }
    lock(server);
    bool any = atomic_load(&server->accepting) > 0;
    atomic_fetch_add(&server->cancels, 1);
    unlock(server);
    np_pipe *pipe = borrow(server);
    if (pipe) {
        any |= pipe->ops->cancel(pipe) == NP_OK;
        npi_handle_leave(pipe);
    }
    changed(server);
    return any ? NP_OK : NP_NOT_FOUND;
}

const char *np_server_path(const np_server *server)
{
    return server ? server->name.path : "";
}

int np_server_get_fd(np_server *server, int *fd_out)
{
    int fresh, fd;
    npi_detail_clear();
    if (!server || !fd_out) {
        return NP_INVALID_PARAMETER;
    }
    if (inherited(server) || atomic_load(&server->closing)) {
        return NP_INVALID_HANDLE;
    }
    int code = npi_os_group_new(&fresh);
    if (code) {
        return code;
    }
    lock(server);
    bool first = server->group < 0 && !atomic_load(&server->closing);
    if (first) {
        server->group = fresh;
    }
    *fd_out = server->group;
    unlock(server);
    if (!first) {
        npi_os_group_free(fresh);
        return NP_OK;
    }
    np_pipe *pipe = borrow(server);
    if (pipe) {
        if (pipe->ops->get_fd(pipe, &fd) == NP_OK) {
            npi_os_group_add(fresh, fd);
        }
        npi_handle_leave(pipe);
    }
    return NP_OK;
}

np_pipe *npi_server_borrow(np_server *server)
{
    np_pipe *pipe = npi_server_closed(server) ? NULL : borrow(server);
    if (!pipe && !npi_server_closed(server) && refill(server) == NP_OK) {
        pipe = borrow(server);
    }
    npi_detail_clear();
    return pipe;
}

bool npi_server_closed(const np_server *server)
{
    return inherited(server) || atomic_load(&server->closing);
}

/* ------------------------------------------------------------------ closing */

void np_server_shutdown(np_server *server)
{
    if (!server || inherited(server) ||
        atomic_exchange(&server->closing, true)) {
        return;
    }
    lock(server);
    np_pipe *pipe = server->ready;
    int group = server->group;
    server->ready = NULL;
    server->group = -1;
    unlock(server);
    np_close(pipe);
    if (group >= 0) {
        npi_os_group_free(group);
    }
    changed(server);
}

void np_server_close(np_server *server)
{
    if (server) {
        np_server_shutdown(server);
        disown(server);
    }
}
