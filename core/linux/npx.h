/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* One end of a pipe on Linux: its parts and the layers' interfaces.
 *
 *   npx_link.c   coming and going: listen, claim, hello, disconnect, close
 *   npx_next.c   a listening socket handed on to the next instance
 *   npx_hello.c  what the two sides exchange first, and the gates it must pass
 *   npx_op.c     one blocked call: its turn, its wake-up, its end
 *   npx_spin.c   whether to look a little longer before sleeping
 *   npx_pipe.c   the verbs that move data
 *   npx_short.c  the short way of reads and writes that need not wait
 *   npx_look.c   the verbs that look at the queues
 *   npx_query.c  state, modes, information, descriptors
 *   npx_open.c   the constructors, accept
 *   npx_select.c waiting for several
 *   npx_set.c    what a thread selects again and again; npx_kept.c: which
 *
 * LOCKS. link: the life of the connection (state, shm, descriptors) changes
 * under it. lane: one direction; its queue end, and who waits in which order.
 * The mapping is taken away under link and both lanes, so either protects it.
 * Order: link, lane in, lane out, hub. */

#ifndef NPX_H
#define NPX_H

#include "linux/npx_registry.h"
#include "linux/npx_wait.h"
#include "np_internal.h"
#include "pipe/npi_queue.h"
#include "pipe/npi_state.h"

struct npx_op;

/* What a waiting end has to spend on spinning; npx_spin.c. */
struct npx_account {
    int64_t balance, last; /* ns */
    unsigned losses, skip;
};

struct npx_lane {
    pthread_mutex_t lock;
    struct npx_op *first, *last; /* blocked calls in the order they came */
    uint64_t
        bytes; /* reads: room in their buffers; writes: data behind first */
    struct npx_account account;
};

struct npx_pipe {
    struct np_pipe base;
    bool server;
    bool spins;            /* not NP_FLAG_NO_SPIN */
    uint32_t access;       /* NP_READ, NP_WRITE of this end */
    struct npx_meta meta;  /* of the pipe */
    uint32_t quotas[2];    /* in, out */
    _Atomic uint32_t mode; /* NP_NOWAIT, NP_READMODE_MESSAGE */

    pthread_mutex_t link;
    struct npx_slot slot; /* server's end */
    struct npx_slot next; /* of the instance that follows, while next_fd >= 0 */
    int next_fd;          /* and what it listens on */
    bool shut;            /* the listener takes nobody any more */
    atomic_bool greeting; /* accepted; the hello has not come yet */
    npi_deadline greet_by;
    atomic_uint state;    /* CLOSING is derived, see npx_state */
    atomic_uint epoch;    /* changes when a conversation ends */
    atomic_bool accepted; /* somebody knows of the client */
    atomic_bool gone;     /* the socket has ended */
    int fd;               /* listener or connection; hub closes it */
    int sock;             /* the connection alone; under the lanes */
    uint32_t peer_pid, peer_uid;

    struct npi_shm *shm; /* this conversation's, or NULL */
    size_t shm_size;
    struct npx_lane in, out;
    struct npi_reader reader; /* under in.lock */
    struct npi_writer writer; /* under out.lock */
    _Atomic int64_t looked;   /* at the socket, coarse clock */
    atomic_bool rang;         /* the peer had to be woken since the last spin */
    atomic_uint stream;       /* messages read since we wrote, up to a limit */

    struct npx_hub hub;
    atomic_int epoll; /* np_get_fd's, or -1 */
};

static inline struct npx_pipe *npx_of(np_pipe *pipe)
{
    return (struct npx_pipe *)pipe;
}

/* --------------------------------------------------------------- npx_link.c */

/* What the world has done since the last look: on a listening end, take the
 * client that has come. NP_OK, or NP_NO_SYSTEM_RESOURCES. */
int npx_link_poll(struct npx_pipe *h);
/* The state, CLOSING included. */
uint32_t npx_state(struct npx_pipe *h);
/* Whether the other end is closed or dead. What it published before is visible
 * to who looks at the queues afterwards. */
bool npx_peer_gone(struct npx_pipe *h);
/* Listen again after a disconnect. */
int npx_link_listen(struct npx_pipe *h);
/* It does, on this descriptor; under link, or before anybody has the handle. */
void npx_link_listens(struct npx_pipe *h, int fd);
/* End the conversation: blocked calls see another epoch. */
int npx_link_disconnect(struct npx_pipe *h);
/* The peer broke the rules: its conversation is over. */
void npx_link_poison(struct npx_pipe *h);
/* Stores into memory reach it whether or not anybody lives there: ask the
 * socket now and then (always, while the server has not taken us yet). True: it
 * has ended. Under a lane's lock. */
bool npx_link_look(struct npx_pipe *h);
/* Whether it would not ask. */
bool npx_link_looked(struct npx_pipe *h);
/* The same, asking now. */
bool npx_link_ended(struct npx_pipe *h);
/* For those who poll our descriptor instead of sleeping here: take off what has
 * been announced; under a lane's lock. */
void npx_link_drain(struct npx_pipe *h);
/* Whether this is another process than the one that made the handle: a signal
 * handler forked while we waited. Then no lock may be touched. */
bool npx_forked(const struct npx_pipe *h);
/* Wake the peer; under a lane's lock. The others: if a queue end says so. */
void npx_link_ring(struct npx_pipe *h);
void npx_ring_writer(struct npx_pipe *h);
void npx_ring_reader(struct npx_pipe *h);
void npx_link_shut(np_pipe *pipe);
void npx_link_release(np_pipe *pipe);
/* The connection of a client's end. */
void npx_link_adopt(struct npx_pipe *h, int sock);

/* --------------------------------------------------------------- npx_next.c */

/* Before an accept: whether the listener can be left to another instance. Then
 * one of these follows: */
bool npx_next_prepare(struct npx_pipe *h);
/* there was nobody to accept; */
void npx_next_cancel(struct npx_pipe *h);
/* the client is there: h is in another slot, and the listener goes on. */
void npx_next_begin(struct npx_pipe *h);
/* Afterwards: the listener is h's again, its slot too; -1: there is none. */
int npx_next_resume(struct npx_pipe *h);
/* It is the next instance's; or -1. */
int npx_next_take(struct npx_pipe *h, struct npx_slot *slot_out);
/* There will be no next instance. */
void npx_next_drop(struct npx_pipe *h);

/* -------------------------------------------------------------- npx_hello.c */

/* Make the shared memory of a connection and send it with the hello. */
int npx_hello_send(int sock, const uint32_t quotas[2], struct npi_shm **shm_out,
                   size_t *size_out);
/* Receive it: NP_OK; NP_PIPE_LISTENING (not there yet); NP_BROKEN_PIPE (the
 * client left or did not pass the gates). */
int npx_hello_receive(int sock, const uint32_t quotas[2],
                      struct npi_shm **shm_out, size_t *size_out);
/* Whether the rings may use more memory than they need; the same answer in all
 * processes of a system. */
bool npx_hello_may_grow(void);
/* Take wake-ups off a socket: true when it has ended. Descriptors that come
 * with them are closed, and end it. */
bool npx_hello_drain(int sock);
/* Before a connection is closed: nothing more can be sent to it, and what a
 * stranger has passed is closed elsewhere, as that may take as long as he
 * likes. */
void npx_hello_discard(int sock);
/* The same, of one that was shut down. */
void npx_hello_empty(int sock);
/* No descriptors from here on, where the kernel can refuse them. */
void npx_hello_refuse_fds(int sock);

/* ----------------------------------------------------------------- npx_op.c */

/* Returned by a step that cannot get further. */
#define NPX_AGAIN (-1)

/* A call that may block. step, arm, ready and stop run under the lane's lock,
 * for the first of the lane only (all for an op that is not ordered). */
struct npx_op {
    struct npx_pipe *h;
    struct npx_lane *lane;
    bool ordered; /* waits for its turn in the lane */
    bool nowait;  /* answers now: deadline 0, or a NOWAIT end */
    unsigned epoch;
    uint64_t size; /* counted in lane->bytes while it waits */
    bool begun;    /* has been first */
    bool waited;   /* has been told to wait */
    bool spun;     /* in vain, just now */
    unsigned owed; /* empty messages to write when it is done (WR4) */
    int (*step)(struct npx_op *op);
    void (*arm)(struct npx_op *op);
    bool (*ready)(struct npx_op *op); /* worth a step; reads only memory */
    /* Give up with a code; may find that it was done after all. */
    int (*stop)(struct npx_op *op, int code);
    void (*counted)(struct npx_op *op); /* lane->bytes has changed */
    /* Instead of waiting behind `last`: a code, or NPX_AGAIN. May be NULL. */
    int (*pass)(struct npx_op *op, struct npx_op *last);
    void (*done)(struct npx_op *op); /* its turn is over; may be NULL */
    void *state;
    struct npx_op *next;
    struct npx_waiter waiter;
};

/* An op of a conversation as it stands now; the caller fills in the rest. */
struct npx_op npx_op_new(struct npx_pipe *h, struct npx_lane *lane,
                         npi_deadline deadline);

int npx_op_run(struct npx_op *op, npi_deadline deadline);

/* Whether the conversation the op began in still is: NP_OK or what it
 * answers. */
int npx_op_check(const struct npx_op *op, enum npi_verb verb);

/* --------------------------------------------------------------- npx_spin.c */

void npx_account_open(struct npx_account *account);
/* Whether looking again at once is allowed at all. */
bool npx_may_spin(const struct npx_pipe *h);
/* Look for a moment whether op->ready; under the lane's lock. */
bool npx_spin(struct npx_op *op);
/* The same for a call that nobody can cancel yet: it takes no longer than
 * looking does. Says in op->spun if it was that one, and in vain. */
bool npx_spin_first(struct npx_op *op);
/* A reader has caught up: leave the queue alone for an instant, if what it
 * reads is a stream. False: it is not. Under in.lock. */
bool npx_gather(struct npx_pipe *h);
/* It has read a message; has waited for another in vain; has written one. */
void npx_streams(struct npx_pipe *h);
void npx_streams_less(struct npx_pipe *h);
void npx_streams_not(struct npx_pipe *h);

/* ------------------------------------------------------------- npx_clock.c */

/* It ticks every few milliseconds and costs nearly nothing. */
int64_t npx_coarse_now(void);

/* ------------------------------------------------------------- npx_short.c */

bool npx_read_now(np_pipe *pipe, struct npi_read *op);
bool npx_write_now(np_pipe *pipe, struct npi_write *op);

/* -------------------------------------- npx_pipe.c, npx_look.c, npx_query.c */

int npx_read(np_pipe *pipe, struct npi_read *op, npi_deadline deadline);
int npx_write(np_pipe *pipe, struct npi_write *op, npi_deadline deadline);
int npx_peek(np_pipe *pipe, struct npi_peek *op);
int npx_transact(np_pipe *pipe, struct npi_write *request,
                 struct npi_read *reply, npi_deadline deadline);
int npx_flush(np_pipe *pipe, npi_deadline deadline);
void npx_write_arm(struct npx_op *op);
bool npx_write_ready(struct npx_op *op);
/* Whether a read (or, on a listening end, an accept) would not wait. */
enum npx_how {
    NPX_LOOK,   /* ask the system about the peer now and then, as a read does */
    NPX_GLANCE, /* only see what memory says */
    NPX_ARM     /* the same, and make sure to be told when that changes */
};
bool npx_ready(struct npx_pipe *h, enum npx_how how);

int npx_get_state(np_pipe *pipe, np_state *state_out);
int npx_set_state(np_pipe *pipe, uint32_t mode);
int npx_get_info(np_pipe *pipe, np_info *info_out);
int npx_get_peer(np_pipe *pipe, np_peer *peer_out);
int npx_get_fd(np_pipe *pipe, int *fd_out);
/* The hub's descriptor has changed from one to another: tell the epoll. */
void npx_watch_fd(struct npx_pipe *h, int from, int to);

/* Until when a client that has come may take to say hello, if before the
 * deadline. */
npi_deadline npx_greet_by(struct npx_pipe *h, npi_deadline deadline);

/* The constructors: a handle with nothing acquired yet, or NULL. */
extern const struct npi_ops npx_ops;
struct npx_pipe *npx_pipe_new(const struct npi_name *name, bool server);
void npx_pipe_attach(struct npx_pipe *h, struct npi_shm *shm, size_t size);

#endif
