/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* A listening socket that is handed on.
 *
 * A server has another instance listen as soon as one is taken. Making that
 * one's socket, naming it and removing it later cost more than all the rest of
 * a connection, so they are done once: an instance that is taken moves to
 * another slot, and leaves its own, with the socket that listens there, to the
 * instance that follows.
 *
 * WHO IS WHERE. The next slot is locked before the client is accepted: from the
 * accept on the socket has room for another client, and that one's instance
 * must exist. Until npi_os_create_next asks for it, the old slot and its socket
 * are h's to look after: given back if h goes, taken again if the client turns
 * out never to have been one.
 *
 * NOBODY IS RESET. The socket is not closed behind an accept, so it need not be
 * shut before. It is shut before it is closed, as any other.
 *
 * Where the server has a limit of instances this is not done: then creating one
 * needs the name's lock, and may fail. All functions: under h->link. */

#define _GNU_SOURCE 1

#include <sys/socket.h>

#include "linux/npx.h"
#include "linux/npx_fork.h"

static const struct npx_slot no_slot = {.dir_fd = -1, .meta_fd = -1};

bool npx_next_prepare(struct npx_pipe *h)
{
    if (!h->base.lasting || atomic_load(&h->base.closing) || h->shut ||
        h->meta.max_instances != NP_UNLIMITED_INSTANCES) {
        return false;
    }
    /* A descriptor of its own: the hub closes the other. */
    int fd = npx_fd_copy(h->fd);
    if (fd >= 0 && npx_slot_beside(&h->slot, &h->next)) {
        h->next_fd = fd;
        return true;
    }
    npx_fd_close(fd);
    return false;
}

void npx_next_cancel(struct npx_pipe *h)
{
    npx_fd_close(h->next_fd);
    h->next_fd = -1;
    npx_slot_release(&h->next);
    h->next = no_slot;
}

void npx_next_begin(struct npx_pipe *h)
{
    struct npx_slot listening = h->slot;
    h->slot = h->next;
    h->next = listening;
    if (!npx_slot_announce(&h->next)) {
        npx_next_drop(h);
    }
}

int npx_next_resume(struct npx_pipe *h)
{
    int fd = h->next_fd;
    if (fd >= 0) {
        npx_slot_release(&h->slot);
        h->slot = h->next;
        h->next = no_slot;
        h->next_fd = -1;
    }
    return fd;
}

int npx_next_take(struct npx_pipe *h, struct npx_slot *slot_out)
{
    int fd = h->next_fd;
    *slot_out = h->next;
    h->next = no_slot;
    h->next_fd = -1;
    return fd;
}

/* A client that is in the queue learns at once; what it may have passed is not
 * closed here. */
void npx_next_drop(struct npx_pipe *h)
{
    if (h->next_fd < 0) {
        return;
    }
    shutdown(h->next_fd, SHUT_RD);
    npx_fork_hold();
    int sock = npx_fd_keep(
        accept4(h->next_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK));
    npx_fork_release();
    if (sock >= 0) {
        npx_hello_discard(sock);
        npx_fd_close(sock);
    }
    npx_next_cancel(h);
}
