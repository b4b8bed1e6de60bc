/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* Coming and going of a connection.
 *
 * CLAIMING. The listening socket has room for exactly one client: a connection
 * that is queued in it is the claim on the instance. The server takes it
 * lazily, in whatever call comes next: shut the listener for further clients,
 * accept, close the listener. In that order: a client that came between an
 * accept and a close would be reset though its connect had succeeded. If accept
 * fails for want of a descriptor, the client stays queued in the shut listener
 * and the next call tries again. Where another instance follows at once, it
 * gets the listener instead: npx_next.c.
 *
 * GREETING. An accepted client has said nothing yet. Its hello is read without
 * waiting; until it is complete the instance counts as listening, so a client
 * that is stuck there holds up this instance only, and is dropped after
 * GREET_MS; if it was merely slow, its hello fails and it claims again. One
 * that leaves before its hello never was: the instance listens again.
 *
 * LEAVING. A process that closes says so in shared memory (`closed`) before it
 * shuts the socket down; a process that dies only leaves the socket's end. The
 * survivor looks at these first and at the queue afterwards, so nothing that
 * was published before is missed. The mapping goes when no call of ours can be
 * in it: under link and both lanes. */

#define _GNU_SOURCE 1

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "linux/npx.h"
#include "linux/npx_fork.h"

#define GREET_MS 1000

static void drain(struct npx_hub *hub, int fd, short revents)
{
    struct npx_pipe *h = (struct npx_pipe *)((char *)hub -
                                             offsetof(struct npx_pipe, hub));
    if (atomic_load(&h->state) != NP_CONNECTED) {
        return; /* a listener, or a hello that npx_link_poll reads */
    }
    /* fd may be an older one, even a listener; mute tells. */
    bool ended = (revents & POLLIN) && npx_hello_drain(fd);
    if (ended || (revents & (POLLHUP | POLLERR))) {
        /* Bytes may be left, but they say nothing that is not in memory. */
        npx_hub_mute(hub, fd, &h->gone);
    }
}

static void lane_init(struct npx_lane *lane)
{
    pthread_mutex_init(&lane->lock, NULL);
    npx_account_open(&lane->account);
}

struct npx_pipe *npx_pipe_new(const struct npi_name *name, bool server)
{
    void *memory;
    if (posix_memalign(&memory, 64, sizeof(struct npx_pipe)) != 0) {
        return NULL;
    }
    struct npx_pipe *h = memory;
    *h = (struct npx_pipe){.server = server,
                           .fd = -1,
                           .sock = -1,
                           .next_fd = -1,
                           .next = {.dir_fd = -1, .meta_fd = -1},
                           .slot = {.dir_fd = -1, .meta_fd = -1}};
    npi_handle_init(&h->base, &npx_ops, name);
    pthread_mutex_init(&h->link, NULL);
    lane_init(&h->in);
    lane_init(&h->out);
    npx_hub_init(&h->hub, drain);
    atomic_init(&h->epoll, -1);
    return h;
}

static void discard_fd(const struct npx_pipe *h)
{
    if (h->fd >= 0 && (h->greeting || h->fd == h->sock)) {
        npx_hello_discard(h->fd);
    }
}

static void set_fd(struct npx_pipe *h, int fd)
{
    discard_fd(h);
    npx_watch_fd(h, h->fd, fd);
    h->fd = fd;
    npx_hub_set_fd(&h->hub, fd);
}

/* ------------------------------------------------ the conversation's memory */

/* Which lane is mine to write: clients write lane 0. */
void npx_pipe_attach(struct npx_pipe *h, struct npi_shm *shm, size_t size)
{
    unsigned mine = h->server ? 1 : 0, other = 1 - mine;
    unsigned char *ring[2];
    uint64_t bytes[2] = {npi_ring_size(h->quotas[0]),
                         npi_ring_size(h->quotas[1])};
    uint64_t most[2] = {npi_ring_most(h->quotas[0]),
                        npi_ring_most(h->quotas[1])};
    ring[0] = (unsigned char *)shm + NPI_SHM_HEADER;
    ring[1] = ring[0] + most[0];
    pthread_mutex_lock(&h->in.lock);
    pthread_mutex_lock(&h->out.lock);
    h->shm = shm;
    h->shm_size = size;
    npi_reader_init(&h->reader, &shm->lane[other], ring[other], bytes[other]);
    npi_writer_init(&h->writer, &shm->lane[mine], ring[mine], bytes[mine],
                    h->quotas[mine], h->meta.mode == NP_MESSAGE);
    if (npx_hello_may_grow()) {
        npi_reader_may_grow(&h->reader, most[other]);
        npi_writer_may_grow(&h->writer, most[mine]);
    }
    pthread_mutex_unlock(&h->out.lock);
    pthread_mutex_unlock(&h->in.lock);
}

static void detach(struct npx_pipe *h)
{
    pthread_mutex_lock(&h->in.lock);
    pthread_mutex_lock(&h->out.lock);
    if (h->shm) {
        munmap(h->shm, h->shm_size);
    }
    h->shm = NULL;
    free(h->reader.stash);
    h->reader.stash = NULL;
    h->sock = -1;
    pthread_mutex_unlock(&h->out.lock);
    pthread_mutex_unlock(&h->in.lock);
}

/* ------------------------------------------------------------- server's end */

static int listen_again(struct npx_pipe *h)
{
    int code = NP_OK;
    int fd = npx_next_resume(h);
    if (fd < 0) {
        code = npx_slot_listen(&h->slot, &fd);
    }
    if (code == NP_OK) {
        npx_link_listens(h, fd);
    }
    return code;
}

void npx_link_listens(struct npx_pipe *h, int fd)
{
    atomic_store(&h->accepted, false);
    atomic_store(&h->state, NP_LISTENING);
    set_fd(h, fd);
    h->shut = false;
    h->greeting = false;
    atomic_store(&h->gone, false); /* nobody sets it for the old one now */
}

int npx_link_listen(struct npx_pipe *h)
{
    int code = NP_OK;
    pthread_mutex_lock(&h->link);
    if (atomic_load(&h->state) == NP_DISCONNECTED && h->slot.meta_fd >= 0) {
        code = listen_again(h);
    }
    pthread_mutex_unlock(&h->link);
    return code;
}

static bool somebody_there(int listener)
{
    struct pollfd poll_fd = {.fd = listener, .events = POLLIN};
    return poll(&poll_fd, 1, 0) > 0;
}

static int accept_from(int listener)
{
    npx_fork_hold();
    int sock = NPI_FAULT("accept4")
                   ? -1
                   : npx_fd_keep(accept4(listener, NULL, NULL,
                                         SOCK_CLOEXEC | SOCK_NONBLOCK));
    npx_fork_release();
    return sock;
}

static int accept_failed(struct npx_pipe *h, int error, bool handed_on)
{
    if (handed_on) {
        npx_next_cancel(h);
    }
    if (error != EINVAL && error != EAGAIN && error != ECONNABORTED) {
        return npi_fail(NP_NO_SYSTEM_RESOURCES,
                        "cannot accept the client that waits: errno %d", error);
    }
    /* It was nobody after all. */
    return handed_on ? NP_OK : listen_again(h);
}

static int take_client(struct npx_pipe *h)
{
    bool hand_on = npx_next_prepare(h);
    if (!hand_on) {
        h->shut = true;
        shutdown(h->fd, SHUT_RD);
        NPI_POINT("after-shutdown");
    }
    int sock = accept_from(h->fd);
    if (sock < 0) {
        return accept_failed(h, errno, hand_on);
    }
    NPI_POINT("after-accept");
    h->greet_by = npi_deadline_in(GREET_MS);
    set_fd(h, sock);
    h->greeting = true;
    if (hand_on) {
        npx_next_begin(h);
    } else {
        npx_slot_taken(&h->slot);
    }
    return NP_OK;
}

static int greet(struct npx_pipe *h)
{
    struct npi_shm *shm;
    size_t size;
    int sock = h->fd;
    int code = npx_hello_receive(sock, h->quotas, &shm, &size);
    if (code == NP_OK) {
        code = npx_peer_check(sock, &h->peer_pid, &h->peer_uid);
        if (code) {
            munmap(shm, size);
        }
    }
    if (code == NP_PIPE_LISTENING && npi_left(h->greet_by) > 0) {
        return NP_OK;
    }
    if (code) {
        return listen_again(h);
    }
    npx_hello_refuse_fds(sock); /* not before: the hello brings one */
    npx_pipe_attach(h, shm, size);
    atomic_store(&shm->greeted, 1);
    pthread_mutex_lock(&h->in.lock);
    pthread_mutex_lock(&h->out.lock);
    h->sock = sock;
    pthread_mutex_unlock(&h->out.lock);
    pthread_mutex_unlock(&h->in.lock);
    h->greeting = false;
    atomic_store(&h->state, NP_CONNECTED);
    npx_hub_wake(&h->hub, false);
    return NP_OK;
}

int npx_link_poll(struct npx_pipe *h)
{
    if (!h->server || atomic_load(&h->state) != NP_LISTENING) {
        return NP_OK;
    }
    int code = NP_OK;
    pthread_mutex_lock(&h->link);
    if (atomic_load(&h->state) == NP_LISTENING && h->slot.meta_fd >= 0) {
        if (!h->greeting && somebody_there(h->fd)) {
            code = take_client(h);
        }
        if (code == NP_OK && h->greeting) {
            code = greet(h);
        }
    }
    pthread_mutex_unlock(&h->link);
    return code;
}

/* ---------------------------------------------------------------- both ends */

void npx_link_adopt(struct npx_pipe *h, int sock)
{
    h->sock = sock;
    atomic_store(&h->state, NP_CONNECTED);
    atomic_store(&h->accepted, true);
    set_fd(h, sock);
}

bool npx_peer_gone(struct npx_pipe *h)
{
    return atomic_load_explicit(&h->shm->closed[h->server ? 0 : 1],
                                memory_order_acquire) ||
           atomic_load(&h->gone);
}

static bool looked_at(struct npx_pipe *h, int64_t stamp)
{
    return (h->server || atomic_load(&h->shm->greeted)) &&
           stamp == atomic_load(&h->looked);
}

bool npx_link_looked(struct npx_pipe *h)
{
    return looked_at(h, npx_coarse_now());
}

bool npx_link_look(struct npx_pipe *h)
{
    int64_t stamp = npx_coarse_now();
    if (looked_at(h, stamp)) {
        return false;
    }
    atomic_store(&h->looked, stamp);
    return npx_link_ended(h);
}

bool npx_link_ended(struct npx_pipe *h)
{
    if (h->sock < 0) {
        return false;
    }
    struct pollfd poll_fd = {.fd = h->sock, .events = POLLRDHUP};
    if (poll(&poll_fd, 1, 0) > 0) {
        atomic_store(&h->gone, true);
    }
    return atomic_load(&h->gone);
}

uint32_t npx_state(struct npx_pipe *h)
{
    uint32_t state = atomic_load(&h->state);
    if (state != NP_CONNECTED) {
        return state;
    }
    pthread_mutex_lock(&h->in.lock);
    if (!h->shm) {
        state = NP_DISCONNECTED;
    } else if (!h->server && atomic_load(&h->shm->disconnected)) {
        state = NP_DISCONNECTED;
    } else if (npx_peer_gone(h)) {
        state = NP_CLOSING;
    } else if (h->sock >= 0) {
        struct pollfd poll_fd = {.fd = h->sock, .events = POLLRDHUP};
        state = poll(&poll_fd, 1, 0) > 0 ? NP_CLOSING : NP_CONNECTED;
    }
    pthread_mutex_unlock(&h->in.lock);
    return state;
}

void npx_link_drain(struct npx_pipe *h)
{
    if (h->sock < 0) {
        return;
    }
    if (npx_hello_drain(h->sock)) {
        npx_hub_mute(&h->hub, h->sock, &h->gone);
    }
    npx_hub_wake(&h->hub, false);
}

void npx_link_ring(struct npx_pipe *h)
{
    if (h->sock < 0) {
        return;
    }
    atomic_store_explicit(&h->rang, true, memory_order_relaxed);
    for (int tries = 0; tries < 10; tries++) {
        ssize_t n = send(h->sock, "", 1, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n >= 0 || (errno != ENOBUFS && errno != ENOMEM && errno != EINTR)) {
            /* EAGAIN: the peer has unread bytes and will look. An ended
             * socket says so by itself. */
            return;
        }
        poll(NULL, 0, 1); /* the kernel is short of memory for a moment */
    }
    npx_link_poison(h);
}

void npx_ring_writer(struct npx_pipe *h)
{
    if (h->reader.bell) {
        h->reader.bell = false;
        npx_link_ring(h);
    }
}

void npx_ring_reader(struct npx_pipe *h)
{
    if (h->writer.bell) {
        h->writer.bell = false;
        npx_link_ring(h);
    }
}

void npx_link_poison(struct npx_pipe *h)
{
    atomic_store(&h->gone, true);
    if (h->sock >= 0) {
        shutdown(h->sock, SHUT_RDWR);
    }
    npx_hub_wake(&h->hub, false);
}

/* Under link: end what is connected, so that the peer gets 233 for all. */
static void throw_out(struct npx_pipe *h)
{
    atomic_store_explicit(&h->shm->disconnected, 1, memory_order_release);
    NPI_POINT("disconnect-before-shutdown");
    shutdown(h->sock, SHUT_RDWR);
}

int npx_link_disconnect(struct npx_pipe *h)
{
    int code;
    pthread_mutex_lock(&h->link);
    uint32_t state = atomic_load(&h->state);
    uint32_t next = npi_state_next(state, NPI_EVENT_DISCONNECT, &code);
    if (code == NP_OK) {
        /* First, so that who is woken by the socket's end knows better. */
        atomic_store(&h->state, next);
        atomic_fetch_add(&h->epoch, 1);
        if (state == NP_CONNECTED) {
            throw_out(h);
        } else {
            npx_slot_taken(&h->slot);
        }
        discard_fd(h);
        detach(h); /* before the number may be somebody else's */
        h->greeting = false;
        set_fd(h, -1);
    }
    pthread_mutex_unlock(&h->link);
    return code;
}

/* A write that waits while its end is closed stays for the reader if all of it
 * is in the ring, and so do the empty messages behind it. */
static void leave_last_words(struct npx_pipe *h)
{
    pthread_mutex_lock(&h->out.lock);
    struct npx_op *op = h->out.first;
    if (h->shm && op && op->begun && !op->nowait) {
        struct npi_put *put = op->state;
        npi_put_leave(&h->writer, put);
        if (!put->offered && op->done) {
            op->done(op);
        }
    }
    pthread_mutex_unlock(&h->out.lock);
}

void npx_link_shut(np_pipe *pipe)
{
    struct npx_pipe *h = npx_of(pipe);
    pthread_mutex_lock(&h->link);
    if (h->shm) {
        leave_last_words(h);
        atomic_store_explicit(&h->shm->closed[h->server ? 1 : 0], 1,
                              memory_order_release);
        NPI_POINT("close-before-shutdown");
        shutdown(h->sock, SHUT_RDWR);
    }
    if (h->server) {
        npx_next_drop(h);
        npx_slot_release(&h->slot);
        h->slot = (struct npx_slot){.dir_fd = -1, .meta_fd = -1};
        if (!h->shm) {
            /* A client in the queue learns at once, and what it may have
             * passed with its hello is not closed by us. */
            if (h->fd >= 0 && !h->greeting && somebody_there(h->fd)) {
                take_client(h);
            }
            set_fd(h, -1);
        }
    }
    pthread_mutex_unlock(&h->link);
    npx_hub_wake(&h->hub, true);
}

void npx_link_release(np_pipe *pipe)
{
    struct npx_pipe *h = npx_of(pipe);
    if (h->sock >= 0) {
        npx_hello_empty(h->sock);
    }
    detach(h);
    npx_hub_close(&h->hub);
    npx_fd_close(atomic_load(&h->epoll));
}
