/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* State, modes, information and descriptors of a handle. */

#define _GNU_SOURCE 1

#include <errno.h>
#include <pwd.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "linux/npx.h"
#include "linux/npx_fork.h"
#include "linux/npx_meta.h"

static int check_query(struct npx_pipe *h)
{
    int code = npx_link_poll(h);
    return code ? code
                : npi_state_check(NPI_VERB_QUERY, h->server, npx_state(h));
}

/* C13: an outbound server's handle has no right to read attributes. */
static bool may_query(const struct npx_pipe *h)
{
    return !h->server || (h->access & NP_READ);
}

/* S1: the count that is told ends at 255. */
static uint32_t instances(struct npx_pipe *h)
{
    struct npx_view view;
    uint32_t n = 0;
    if (npx_view_look(&h->base.name, &view) == NP_OK) {
        n = npx_count(view.meta_fd, NP_UNLIMITED_INSTANCES);
        npx_view_close(&view);
    }
    npi_detail_clear();
    return n;
}

int npx_get_state(np_pipe *pipe, np_state *state_out)
{
    struct npx_pipe *h = npx_of(pipe);
    int code = check_query(h);
    if (code == NP_OK && !may_query(h)) {
        code = NP_ACCESS_DENIED;
    }
    if (code == NP_OK) {
        state_out->state = npx_state(h);
        state_out->mode = atomic_load(&h->mode);
        state_out->instances = instances(h);
    }
    return code;
}

static bool somebody_waits(struct npx_lane *lane)
{
    pthread_mutex_lock(&lane->lock);
    bool waits = lane->first != NULL;
    pthread_mutex_unlock(&lane->lock);
    return waits;
}

/* C13, F4: the right to write attributes comes with the right to write. */
int npx_set_state(np_pipe *pipe, uint32_t mode)
{
    struct npx_pipe *h = npx_of(pipe);
    int code = check_query(h);
    if (code) {
        return code;
    }
    if (!(h->access & (NP_WRITE | NP_WRITE_ATTRIBUTES))) {
        return NP_ACCESS_DENIED;
    }
    if ((mode & NP_READMODE_MESSAGE) && h->meta.mode != NP_MESSAGE) {
        return npi_fail(NP_INVALID_PARAMETER,
                        "a byte pipe cannot be read in message mode");
    }
    /* S2: calls that wait have been promised to. */
    if ((mode & NP_NOWAIT) && !(atomic_load(&h->mode) & NP_NOWAIT) &&
        (somebody_waits(&h->in) || somebody_waits(&h->out))) {
        return NP_PIPE_BUSY;
    }
    atomic_store(&h->mode, mode);
    return NP_OK;
}

int npx_get_info(np_pipe *pipe, np_info *info_out)
{
    struct npx_pipe *h = npx_of(pipe);
    int code = check_query(h);
    if (code == NP_OK && !may_query(h)) {
        code = NP_ACCESS_DENIED;
    }
    if (code == NP_OK) {
        *info_out = (np_info){.server_end = h->server,
                              .mode = h->meta.mode,
                              .access = h->meta.access,
                              .out_quota = h->quotas[1],
                              .in_quota = h->quotas[0],
                              .max_instances = h->meta.max_instances};
    }
    return code;
}

int npx_get_peer(np_pipe *pipe, np_peer *peer_out)
{
    struct npx_pipe *h = npx_of(pipe);
    int code = npx_link_poll(h);
    if (code == NP_OK) {
        code = npi_state_check(NPI_VERB_PEER, h->server, npx_state(h));
    }
    if (code) {
        return code;
    }
    char text[2048];
    struct passwd entry, *found = NULL;
    *peer_out = (np_peer){.pid = h->peer_pid, .uid = h->peer_uid};
    if (getpwuid_r(h->peer_uid, &entry, text, sizeof text, &found) == 0 &&
        found) {
        snprintf(peer_out->user, sizeof peer_out->user, "%s", found->pw_name);
    }
    return NP_OK;
}

/* -------------------------------------------------------------- descriptors */

int npi_os_group_new(int *fd_out)
{
    npx_fork_hold();
    int fd = NPI_FAULT("epoll_create1")
                 ? -1
                 : npx_fd_keep(epoll_create1(EPOLL_CLOEXEC));
    npx_fork_release();
    if (fd < 0) {
        return npi_fail(NP_NO_SYSTEM_RESOURCES,
                        "cannot make an epoll descriptor: errno %d", errno);
    }
    *fd_out = fd;
    return NP_OK;
}

void npi_os_group_add(int group, int fd)
{
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
    epoll_ctl(group, EPOLL_CTL_ADD, fd, &event);
}

void npi_os_group_remove(int group, int fd)
{
    struct epoll_event event = {0};
    epoll_ctl(group, EPOLL_CTL_DEL, fd, &event);
}

void npi_os_group_free(int group)
{
    npx_fd_close(group);
}

void npi_os_yield(void)
{
    sched_yield();
}

void npx_watch_fd(struct npx_pipe *h, int from, int to)
{
    int epoll = atomic_load(&h->epoll);
    if (epoll >= 0 && from >= 0) {
        npi_os_group_remove(epoll, from);
    }
    if (epoll >= 0 && to >= 0) {
        npi_os_group_add(epoll, to);
    }
}

/* A private epoll descriptor: whoever polls it cannot read our wake-ups away,
 * and it stays the same when the connection behind it changes. */
int npx_get_fd(np_pipe *pipe, int *fd_out)
{
    struct npx_pipe *h = npx_of(pipe);
    int code = NP_OK;
    pthread_mutex_lock(&h->link);
    int fd = atomic_load(&h->epoll);
    if (fd < 0) {
        code = npi_os_group_new(&fd);
    }
    if (code == NP_OK && atomic_load(&h->epoll) < 0) {
        atomic_store(&h->epoll, fd);
        npx_watch_fd(h, -1, h->fd);
    }
    pthread_mutex_unlock(&h->link);
    if (code == NP_OK) {
        *fd_out = fd;
    }
    return code;
}
