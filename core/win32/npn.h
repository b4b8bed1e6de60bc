/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* One end of a pipe on Windows ("n" for native): its parts and the files'
 * interfaces.
 *
 *   npn_wait.c      the one place that sleeps: hubs, calls, threads
 *   npn_io.c        one overlapped operation, from its start to its real end
 *   npn_read.c      reading, peeking, transacting
 *   npn_turn.c      who may take data, and what had to be taken early
 *   npn_pipe.c      the other verbs of a connection, and the handle's life
 *   npn_select.c    waiting for one of many
 *   npn_query.c     state, modes, information, the peer
 *   npn_open.c      the constructors
 *   npn_security.c  who may connect, and whom we connect to
 *   npn_names.c     questions about names, waiting for one
 *
 * The kernel's pipes have the meaning this library promises, so these files
 * add only what Win32 lacks: deadlines, a cancel for every call, and reads that
 * take nothing they cannot hand over whole.
 *
 * LOCKS. hub.lock: who is blocked. reads.lock: the order of reads, the stash
 * and the probe. Neither is held across a call that may wait, or the other. */

#ifndef NPN_H
#define NPN_H

#ifndef _WIN32_WINNT
#define _WIN32_WINNT 0x0602
#endif
#define WIN32_LEAN_AND_MEAN 1
#include <windows.h>

#include "np_internal.h"

struct npn_pipe;

/* --------------------------------------------------------------- npn_wait.c */

/* Two events of a blocked call, lent from a pool. */
struct npn_events {
    HANDLE io;   /* manual-reset: what it waits for has happened */
    HANDLE wake; /* auto-reset: look again */
    struct npn_events *next;
};

/* Where blocked calls can be found by those who end or stir them. */
struct npn_hub {
    SRWLOCK lock;
    struct npn_call *first;
};

/* A blocked call, on its thread's stack. */
struct npn_call {
    struct npn_hub *hub;
    struct npn_call *prev, *next; /* under hub->lock */
    bool cancelled;               /* under hub->lock */
    struct npn_events *events;
};

/* NULL with a detail noted. `wake` may be set from its last use, which makes a
 * sleep look once in vain. */
struct npn_events *npn_events_take(void);
void npn_events_give(struct npn_events *events);

/* From here on a cancel finds the call; what was done before must be looked at
 * afterwards. */
void npn_join(struct npn_hub *hub, struct npn_call *call,
              struct npn_events *events);
void npn_leave(struct npn_call *call);
/* Make all calls look again, or end them; returns how many there were. */
unsigned npn_wake(struct npn_hub *hub, bool cancel);

/* Returned by a sleep that ended for no reason of its own. */
#define NPN_LOOK (-1)

/* Sleep until `io` (NULL: nothing) is signalled, NP_OK; or NPN_LOOK, when
 * somebody woke us; or NP_TIMEOUT, NP_INTERRUPTED, NP_OPERATION_ABORTED. */
int npn_sleep(struct npn_call *calls, size_t n, HANDLE io,
              npi_deadline deadline);

/* ----------------------------------------------------------------- npn_io.c */

/* Start an operation; what GetLastError says, or 0. */
typedef DWORD npn_start(HANDLE file, void *arg, OVERLAPPED *overlapped);

/* Run one operation to its end. *n_out: the bytes it moved (0 on most errors).
 * NP_TIMEOUT, NP_INTERRUPTED, NP_OPERATION_ABORTED: it has been cancelled,
 * also by `cancels` (npi_changed) before it began to wait. */
int npn_io(struct npn_pipe *h, npn_start *start, void *arg, DWORD *n_out,
           const struct npi_changes *cancels, npi_deadline deadline);

/* Run a function that blocks and takes no OVERLAPPED on a thread of its own,
 * so that it can be given up; it has ended when this returns. */
int npn_blocking(struct npn_hub *hub, const atomic_bool *closing,
                 DWORD (*run)(void *arg), void *arg, npi_deadline deadline);

/* --------------------------------------------------------------- npn_turn.c */

/* A read that waits for its turn, or has it. */
struct npn_turn {
    struct npn_turn *next;
    bool alone;  /* may not overlap with another read */
    HANDLE wake; /* set when the turns have changed */
};

/* What had to be taken from the kernel before the caller could have it. */
struct npn_stash {
    char *data;
    size_t at, end;
    bool full; /* there is something, be it an empty message */
    bool more; /* the message's rest is still in the kernel */
};

/* A select's operation on one end, and its place among the others'. */
struct npn_probe {
    OVERLAPPED overlapped;
    HANDLE event; /* set when it is worth looking again */
    struct npn_probe *next;
    unsigned pushers; /* who wait for its end */
    char byte;        /* somewhere to read 0 bytes to */
};

struct npn_reads {
    SRWLOCK lock;
    struct npn_turn *first; /* in the order they came */
    unsigned holders;       /* while there are any, no probe runs */
    struct npn_probe *probes;
    struct npn_probe *running; /* in the kernel, or its result not collected */
    struct npn_stash stash;
    unsigned conversation; /* counts disconnects */
};

/* Between these two, no probe of a select is in the kernel. */
void npn_hold(struct npn_pipe *h);
void npn_unhold(struct npn_pipe *h);

/* From `join` to `leave`, `event` is set when it is worth looking again. */
void npn_probe_join(struct npn_pipe *h, struct npn_probe *probe, HANDLE event);
/* How it ended; or NPN_LOOK: it runs, or may not run now. It is started if
 * there is nothing against it; `signals`: the event is to tell of its end. */
int npn_probe_look(struct npn_pipe *h, struct npn_probe *probe, bool signals,
                   bool *started);
bool npn_probe_runs(struct npn_pipe *h, struct npn_probe *probe);
void npn_probe_leave(struct npn_pipe *h, struct npn_probe *probe);

/* Queue for a turn, which holds the data too; true if it has come already. */
bool npn_turn_take(struct npn_pipe *h, struct npn_turn *turn);
void npn_turn_leave(struct npn_pipe *h, struct npn_turn *turn);
bool npn_my_turn(struct npn_reads *reads, struct npn_turn *turn);

bool npn_stash_full(struct npn_reads *reads);
unsigned npn_conversation(struct npn_reads *reads);
/* Keep what was read, by who is alone; false without memory, or if its
 * conversation has been ended. */
bool npn_stash_put(struct npn_reads *reads, unsigned conversation,
                   const void *data, size_t n, bool more);
/* Move up to n bytes out; false if there is no stash. */
bool npn_stash_take(struct npn_reads *reads, void *buf, size_t n, size_t *got);
void npn_stash_drop(struct npn_reads *reads);
/* Drop it, and what is on its way there: the conversation has ended. */
void npn_stash_end(struct npn_reads *reads);

/* --------------------------------------------------------------- npn_read.c */

int npn_read(np_pipe *pipe, struct npi_read *op, npi_deadline deadline);
int npn_peek(np_pipe *pipe, struct npi_peek *op);
int npn_transact(np_pipe *pipe, struct npi_write *request,
                 struct npi_read *reply, npi_deadline deadline);

/* ----------------------------------------------------------------- the rest */

struct npn_pipe {
    struct np_pipe base;
    HANDLE file;
    bool server;
    bool messages; /* the pipe's type */
    uint32_t access;
    atomic_bool unaccepted; /* nobody has been told of the client yet */
    struct npn_hub hub;
    struct npn_reads reads;
};

static inline struct npn_pipe *npn_of(np_pipe *pipe)
{
    return (struct npn_pipe *)pipe;
}

/* The kernel's name of a pipe: with \\?\ in front, so that nothing in it is
 * taken for a path (NM2). */
struct npn_path {
    wchar_t text[NPI_NAME_UNITS + 1];
};
void npn_path(const struct npi_name *name, struct npn_path *path_out);

extern const struct npi_ops npn_ops;

/* npn_query.c. What the kernel tells about one end: FILE_PIPE_LOCAL_INFORMATION
 * of the driver kit. */
struct npn_local {
    ULONG type, configuration, max_instances, instances;
    ULONG in_quota, readable, out_quota, writable;
    ULONG state, end;
};
int npn_local(HANDLE file, struct npn_local *local_out);
bool npn_reads_messages(struct npn_pipe *h);
int npn_get_state(np_pipe *pipe, np_state *state_out);
int npn_set_state(np_pipe *pipe, uint32_t mode);
int npn_get_info(np_pipe *pipe, np_info *info_out);
int npn_get_peer(np_pipe *pipe, np_peer *peer_out);

/* npn_security.c. For a new instance: the current user and SYSTEM alone, nobody
 * from the network, not inherited. */
int npn_security(SECURITY_ATTRIBUTES *attributes_out);
/* NP_OK if the pipe is the current user's, an administrator's or the
 * system's; NP_SERVER_NOT_TRUSTED. */
int npn_check_owner(HANDLE file);

#endif
