/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* The Win32 spelling: what its files share. It stands on <namedpipe.h> alone.
 *
 *   npw_handle.c      the table behind HANDLE, the life of objects, fork
 *   npw_signal.c      what can be waited on, and waiting
 *   npw_event.c       events
 *   npw_thread.c      threads
 *   npw_pipe.c        making, opening and calling pipes by name
 *   npw_transfer.c    connecting, reading and writing
 *   npw_query.c       states, modes, who is on the other end
 *   npw_overlapped.c  operations that are pending
 *   npw_worker.c      the threads that wait for them
 *   npw_text.c        UTF-16 and UTF-8
 *   npw_last_error.c  GetLastError, and errors as an OVERLAPPED holds them
 *
 * LOCKS. One lock for all, npw_lock: held for a few lines at a time, never
 * over a wait, nor over a call of the core but np_thread_cancel. An operation
 * that is being begun holds its turn (struct npw_pipe) and takes that first. */

#ifndef NPW_H
#define NPW_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "namedpipe.h"
#include "namedpipe/win32.h"

extern pthread_mutex_t npw_lock;

/* ------------------------------------------------------------------ signals */

/* Something that is set or not; under npw_lock. An automatic one is cleared by
 * the wait it ends. */
struct npw_signal {
    bool set;
    bool automatic;
};

/* Both under npw_lock. */
void npw_signal_set(struct npw_signal *signal);
void npw_signal_clear(struct npw_signal *signal);

/* Wait until one of the signals is set, or all are; which, or WAIT_TIMEOUT.
 * Takes npw_lock. */
DWORD npw_signal_wait(struct npw_signal **signals, DWORD count, bool all,
                      DWORD ms);

/* Absolute, monotonic, for npw_deadline_left; INFINITE stays. */
int64_t npw_deadline_in(DWORD ms);
DWORD npw_deadline_left(int64_t deadline);

/* ------------------------------------------------------------------ objects */

enum npw_kind { NPW_PIPE, NPW_EVENT, NPW_THREAD, NPW_ANY };

/* The head of what a HANDLE stands for. */
struct npw_object {
    enum npw_kind kind;
    unsigned owners;     /* under npw_lock: its handle, and who uses it now */
    unsigned generation; /* of the process that made it */
    struct npw_signal signal;
};

/* Which of a pipe's operations are begun one at a time, so that they are served
 * in the order of their calls. */
enum npw_turn { NPW_TURN_READ, NPW_TURN_WRITE, NPW_TURN_CONNECT, NPW_TURNS };

struct npw_pipe {
    struct npw_object base;
    np_pipe *np;
    bool overlapped; /* FILE_FLAG_OVERLAPPED */
    bool server;
    bool closed;          /* under npw_lock: CloseHandle was called */
    atomic_bool has_read; /* since its client came */
    pthread_mutex_t turn[NPW_TURNS];
};

struct npw_event {
    struct npw_object base;
};

struct npw_thread {
    struct npw_object base;
    LPTHREAD_START_ROUTINE start;
    LPVOID argument;
    DWORD id;
    DWORD exit_code; /* under npw_lock */
};

/* Set up the head; the object has one owner, the caller. */
void npw_object_init(struct npw_object *object, enum npw_kind kind);
/* Give the object to a new handle. NULL: it is let go of, and the last error is
 * set. */
HANDLE npw_handle_new(struct npw_object *object);
/* The object of a handle, owned by the caller until npw_let_go. NULL, and
 * ERROR_INVALID_HANDLE is set, if there is none of that kind. */
struct npw_object *npw_object_of(HANDLE handle, enum npw_kind kind);
struct npw_pipe *npw_pipe_of(HANDLE handle);
void npw_let_go(struct npw_object *object);

/* The last owner has let go (npw_pipe.c); the handle was closed. */
void npw_pipe_free(struct npw_pipe *pipe);
void npw_pipe_closed(struct npw_pipe *pipe);

/* ------------------------------------------------------------------- errors */

/* Set the last error; false. */
BOOL npw_fail(int code);
/* 0 is TRUE, anything else is npw_fail's. */
BOOL npw_result(int code);
/* As an OVERLAPPED holds it, and back. */
ULONG_PTR npw_status_of(int code);
int npw_code_of(ULONG_PTR status);
/* What SECURITY_ATTRIBUTES ask for that there is not: NP_OK or
 * NP_NOT_SUPPORTED. A descriptor is looked at where it would have an effect. */
int npw_check_attributes(const SECURITY_ATTRIBUTES *attributes,
                         bool descriptor_matters);

/* --------------------------------------------------------------------- text */

/* A copy in UTF-8 for free(); a lone surrogate becomes what the core refuses.
 * NULL: no memory, or wide was NULL. */
char *npw_utf8(LPCWSTR wide);

/* --------------------------------------------------------------- operations */

enum npw_verb { NPW_READ, NPW_WRITE, NPW_CONNECT, NPW_TRANSACT };

/* One read, write, connect or transact. */
struct npw_op {
    struct npw_pipe *pipe;
    enum npw_verb verb;
    const void *in; /* what is written */
    DWORD in_size;
    void *out; /* where is read to */
    DWORD out_size;
    size_t moved; /* result: bytes */
    int code;     /* result */

    /* Of a pending one; under npw_lock. */
    OVERLAPPED *overlapped;
    struct npw_object *event; /* the OVERLAPPED's, or NULL */
    pthread_t beginner;       /* the thread CancelIo is meant for */
    bool waits;               /* ERROR_IO_PENDING is or will be returned */
    np_thread *worker;        /* who does it, while it is in the core */
    bool cancelled;
    unsigned owners;
    struct npw_signal settled; /* it waits, or is over */
    struct npw_signal over;
    struct npw_op *next;
};

/* The core's call, once; fills code and moved. */
void npw_op_call(struct npw_op *op, uint32_t ms);
/* In this thread, as long as it takes; the signals of the system do not end
 * it. */
void npw_op_do(struct npw_op *op);
/* With an OVERLAPPED: code may be ERROR_IO_PENDING. */
void npw_op_begin(struct npw_op *op, OVERLAPPED *overlapped);
/* For a worker: it takes the operation on; the operation begins to wait, or
 * shall not (true); it is over: tell whoever wants to know, and drop it. */
void npw_op_taken(struct npw_op *op, np_thread *worker);
bool npw_op_waits(struct npw_op *op);
void npw_op_over(struct npw_op *op);
/* The child of a fork: they are the parent's. */
void npw_ops_forget(void);

/* Let a thread do op and call npw_op_over. NP_NO_SYSTEM_RESOURCES. */
int npw_worker_start(struct npw_op *op);
void npw_workers_forget(void);
void npw_waiters_forget(void);

#endif
