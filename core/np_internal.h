/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* What the layers of the core share: names, deadlines, the handle's head and
 * THE seam. Above the seam stand np_*.c, which know no system; below it one
 * folder a system, chosen by the build: core/linux or core/win32.
 *
 * Lock order, for the whole library: the language's own lock (GIL; released
 * before a wait) -> link -> lane -> hub -> fork guard. Nothing calls upward,
 * sleeps or enters a language runtime while it holds one of them. */

#ifndef NP_INTERNAL_H
#define NP_INTERNAL_H

#include <stdatomic.h>

#include "namedpipe.h"

/* -------------------------------------------------------------------- names */

/* \\.\pipe\ and 247 more UTF-16 units; each takes at most 3 bytes of UTF-8. */
#define NPI_NAME_UNITS 256
#define NPI_PATH_SIZE (NPI_NAME_UNITS * 3 + 1)
/* A file name: at most 160 bytes escaped, or 64 hexadecimal digits behind a
 * marker. */
#define NPI_FILE_SIZE 164

struct npi_name {
    char path[NPI_PATH_SIZE];   /* \\.\pipe\Demo: as written, for people */
    char folded[NPI_PATH_SIZE]; /* DEMO: what decides whether two are one */
    char file[NPI_FILE_SIZE];   /* the folded name as a file name */
};

/* Parse any spelling of a name. NP_INVALID_NAME: empty, over-long, not UTF-8.
 * NP_BAD_PATHNAME: a path that is no pipe's, such as \\.\com1 or \\host\pipe\x.
 * NP_NOT_SUPPORTED: an endpoint prefix this build does not know. */
int npi_name_parse(const char *text, struct npi_name *name_out);

/* Whether the bare name of a path (behind \\.\pipe\) matches a pattern of * and
 * ?, without regard to case. NULL matches everything. */
bool npi_name_match(const char *pattern, const char *name);

/* The bare name inside name->path. */
const char *npi_name_bare(const struct npi_name *name);

/* ---------------------------------------------------------------- deadlines */

/* Absolute, monotonic, nanoseconds; NPI_FOREVER never comes. */
typedef int64_t npi_deadline;
#define NPI_FOREVER INT64_MAX

npi_deadline npi_deadline_in(uint32_t ms);
/* Nanoseconds that are left, at least 0; NPI_FOREVER for ever. */
int64_t npi_left(npi_deadline deadline);
/* The same as a relative time-out, rounded up. */
uint32_t npi_left_ms(npi_deadline deadline);
int64_t npi_now(void); /* by the system's folder */

/* By the system's folder: whether a write or a flush with no time costs little
 * and nobody sees that it was tried, so that a binding may try before it waits.
 */
extern const bool npi_os_tries_unseen;

/* ------------------------------------------------------------------- errors */

/* Note more about the failure that is being returned, printf's way; returns
 * code, so that callers write: return npi_fail(NP_X, "...", ...). */
int npi_fail(int code, const char *format, ...)
#ifdef __GNUC__
    __attribute__((format(printf, 2, 3)))
#endif
    ;
void npi_detail_clear(void);

/* The calling thread's interrupt function (np_set_interrupt). */
struct npi_interrupt {
    int (*check)(void *arg);
    void *arg;
};
struct npi_interrupt npi_interrupt_get(void);

/* ------------------------------------------------------------------ handles */

struct npi_read {
    void *buf;
    size_t size;
    size_t got; /* out */
    bool whole; /* np_recv: NP_INSUFFICIENT_BUFFER instead of a part */
};

struct npi_write {
    const void *data;
    size_t size;
    size_t put; /* out */
};

/* Something that ends a wait besides: a counter is not what it was. */
struct npi_changes {
    const atomic_uint *counter;
    unsigned seen;
};

static inline bool npi_changed(const struct npi_changes *changes)
{
    return changes && atomic_load(changes->counter) != changes->seen;
}

struct npi_peek {
    void *buf;
    size_t size;
    size_t got;
    size_t avail;
    size_t left; /* of the first message; on byte pipes 0 - got (P4) */
};

/* THE seam: what a transport does for one handle. Each is called with the
 * handle entered, its arguments checked; each returns a code of names.h and
 * waits no longer than its deadline (0 for "try once"). All may run at the same
 * time on one handle. */
struct npi_ops {
    /* np_accept; NP_PIPE_LISTENING is for NOWAIT ends. `cancels` or NULL: see
     * npi_changed; a cancel counts before it wakes who is blocked, so that also
     * who is about to block ends. */
    int (*accept)(np_pipe *pipe, const struct npi_changes *cancels,
                  npi_deadline deadline);
    int (*disconnect)(np_pipe *pipe);
    /* The short way, or NULL: done at once if nothing is in the way, all of it,
     * which is NP_OK. False: nothing was done. The one pair that is called with
     * the handle not entered: they keep `release` out themselves. */
    bool (*read_now)(np_pipe *pipe, struct npi_read *op);
    bool (*write_now)(np_pipe *pipe, struct npi_write *op);
    int (*read)(np_pipe *pipe, struct npi_read *op, npi_deadline deadline);
    int (*write)(np_pipe *pipe, struct npi_write *op, npi_deadline deadline);
    int (*peek)(np_pipe *pipe, struct npi_peek *op);
    int (*transact)(np_pipe *pipe, struct npi_write *request,
                    struct npi_read *reply, npi_deadline deadline);
    int (*flush)(np_pipe *pipe, npi_deadline deadline);
    int (*get_state)(np_pipe *pipe, np_state *state_out);
    int (*set_state)(np_pipe *pipe, uint32_t mode);
    int (*get_info)(np_pipe *pipe, np_info *info_out);
    int (*get_peer)(np_pipe *pipe, np_peer *peer_out);
    int (*get_fd)(np_pipe *pipe, int *fd_out);
    /* End what is blocked with NP_OPERATION_ABORTED; NP_NOT_FOUND if nothing
     * is. */
    int (*cancel)(np_pipe *pipe);
    /* Called once, with calls possibly blocked: free the name, tell the peer,
     * wake everybody. Never blocks. */
    void (*shut)(np_pipe *pipe);
    /* Called once, after shut, when the last call has left: let go of all
     * system resources. The memory goes later, by npi_os_free. */
    void (*release)(np_pipe *pipe);
};

/* The head every transport's handle begins with. */
struct np_pipe {
    const struct npi_ops *ops;
    struct npi_name name;
    unsigned generation; /* of the process that made it, see npi_generation */
    atomic_uint inside;  /* calls inside, and 1 for "not shut" */
    atomic_uint owners;  /* of the memory: np_close's, and the resources' */
    atomic_bool closing; /* np_shutdown has begun */
    _Atomic(np_server *) home; /* to tell when this instance goes, or NULL */
    bool lasting; /* a server's, which makes the next when this is taken */
};

/* Changes in the child of a fork: older handles are dead there. */
extern atomic_uint npi_generation;

void npi_handle_init(np_pipe *pipe, const struct npi_ops *ops,
                     const struct npi_name *name);
/* NP_INVALID_HANDLE when shut or inherited; otherwise inside until leave. */
int npi_handle_enter(np_pipe *pipe);
void npi_handle_leave(np_pipe *pipe);
/* Whether it is this process's, not shut, and has a short way. */
bool npi_handle_short(const np_pipe *pipe);
/* Its memory stays until it is dropped, whoever closes it. */
void npi_handle_keep(np_pipe *pipe);
void npi_handle_drop(np_pipe *pipe);

/* NULL means all defaults; NP_INVALID_PARAMETER. */
int npi_client_opts(const np_client_opts *opts, np_client_opts *all_out);

/* A server learns that an instance of its own has gone (np_server.c). */
void npi_server_instance_gone(np_server *server);
/* For np_select: the instance that listens just now, entered, or NULL. */
np_pipe *npi_server_borrow(np_server *server);
bool npi_server_closed(const np_server *server);

/* ------------------------------------------ the seam, for names and systems */

int npi_os_create(const struct npi_name *name, const np_server_opts *opts,
                  np_pipe **pipe_out);
/* The same, when an instance that is `lasting` was taken: once for each, with
 * the options it was made with. */
int npi_os_create_next(np_pipe *before, const np_server_opts *opts,
                       np_pipe **pipe_out);
/* own_type: NP_MODE_DEFAULT is the pipe's type, not byte (F5). */
int npi_os_open(const struct npi_name *name, const np_client_opts *opts,
                bool own_type, np_pipe **pipe_out);
void npi_os_free(np_pipe *pipe);
int npi_os_exists(const struct npi_name *name);
int npi_os_names(const char *pattern, char **list_out);

/* Wait for something to change about a name. NP_FILE_NOT_FOUND, NP_SEM_TIMEOUT,
 * NP_INTERRUPTED as np_wait. */
enum npi_wait_for {
    NPI_WAIT_LISTENING, /* an instance listens; no pipe: NP_FILE_NOT_FOUND */
    NPI_WAIT_SERVER,    /* an instance listens; no pipe: wait for one */
    NPI_WAIT_ROOM       /* a create may succeed */
};
/* NP_OK also if there were changes. */
int npi_os_wait(const struct npi_name *name, enum npi_wait_for what,
                const struct npi_changes *changes, npi_deadline deadline);
/* Until an instance listens, for the pipe's own default time-out. */
int npi_os_wait_default(const struct npi_name *name);
/* Let everybody in npi_os_wait look at its counter again. */
void npi_os_kick(void);

/* One round of np_select. */
struct npi_selection {
    np_select_item *items;
    /* What the system's folder knows of, or NULL: the items that name a pipe
     * are looked at through it, and their `ready` is set. */
    struct npi_kept *kept;
    /* The others, one by one. */
    size_t n;
    size_t *at;      /* which item */
    np_pipe **pipes; /* entered, or NULL: not to be looked at */
    bool *borrowed;  /* pipes[i] stands for its server */
    uint32_t *ready; /* out */
};

/* What a thread selects again and again may be kept, so that a round costs what
 * is ready and not what is selected. The same for the same items, in their
 * order, as long as the thread asks for no others. */
struct npi_kept *npi_os_kept(const np_select_item *items, size_t n);

/* *count_out are ready; NP_OK with none when one that is borrowed has been
 * handed out, or what was kept is lost: begin another round. */
int npi_os_select(struct npi_selection *selection, size_t *count_out,
                  npi_deadline deadline);
/* Let those who wait on this handle look again. */
void npi_os_stir(np_pipe *pipe);

/* Let another thread run: the wait of the core's two-line critical sections. */
void npi_os_yield(void);

/* A descriptor that is readable when one of others is (an epoll over them). */
int npi_os_group_new(int *fd_out);
void npi_os_group_add(int group, int fd);
void npi_os_group_remove(int group, int fd);
void npi_os_group_free(int group);

/* ------------------------------------------------------------- fault points */

/* Named places where a test makes a call fail or kills the process; nothing in
 * a release build. NPI_POINT("after-publish") is a place to die,
 * NPI_FAULT("accept4") is 0 or the errno to fail with. */
#ifdef NPI_FAULTS
void npi_point(const char *name);
int npi_fault(const char *name);
#define NPI_POINT(name) npi_point(name)
#define NPI_FAULT(name) npi_fault(name)
#else
#define NPI_POINT(name) ((void)0)
#define NPI_FAULT(name) 0
#endif

#endif
