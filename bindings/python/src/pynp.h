/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* What the files of namedpipe._core share.
 *
 * OWNERSHIP
 *   module --> state --> heap types, exception classes
 *   Pipe   --> np_pipe    Server --> np_server    MessageIterator --> Pipe
 *   An instance keeps its type alive, the type its module, the module its
 *   state: an instance may therefore hold a plain pointer to the state.
 *   The core's handle is set once, before anybody else sees the object, and
 *   given back when the object's memory is: np_shutdown is what close() does,
 *   so that no thread ever calls into freed memory, with or without a GIL.
 *
 * A VERB is: sort the arguments, try without letting go of the GIL where that
 * is cheap, let go of it and wait, turn the result into an object. */

#ifndef PYNP_H
#define PYNP_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <structmember.h>

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "namedpipe.h"
#include "np_internal.h" /* deadlines, for what must call the core twice */

#if PY_VERSION_HEX < 0x030B0000
#error "namedpipe needs Python 3.11 or later"
#endif

/* ------------------------------------------------------- errors (error.c) */

/* X(class, second base or NULL, docstring). PipeError is the first, being the
 * base of the others. Which code raises which class is said in names.h. */
#define PYNP_CLASSES(X)                                                        \
    X(PipeError, NULL,                                                         \
      "An operation on a pipe failed.\n\n"                                     \
      "winerror  the Win32 error number, the same on every system, see E\n"    \
      "errno     the nearest number of the errno module\n"                     \
      "strerror  what happened\n"                                              \
      "filename  the full name of the pipe, or None\n"                         \
      "partial   bytes that had been read when the call failed\n"              \
      "written   how many bytes the other end had taken when a write failed")  \
    X(PipeNotFoundError, PyExc_FileNotFoundError,                              \
      "There is no pipe of this name (2).")                                    \
    X(PipeAccessError, PyExc_PermissionError,                                  \
      "The direction of the pipe, or its owner, does not allow it (5).")       \
    X(BrokenPipe, PyExc_BrokenPipeError,                                       \
      "The other end is closed (109, 232) or was disconnected (233).")         \
    X(PipeTimeoutError, PyExc_TimeoutError,                                    \
      "A deadline passed (258), or no instance became free in time (121).")    \
    X(PipeBusyError, NULL,                                                     \
      "All instances of the pipe are in use, or the pipe has unread data\n"    \
      "(231).")                                                                \
    X(MoreDataError, NULL,                                                     \
      "The message is longer than the limit the caller set (234). partial\n"   \
      "holds its beginning; the rest can be read.")                            \
    X(OperationAborted, NULL,                                                  \
      "The call was ended by cancel(), or by close() in another thread\n"      \
      "(995).")                                                                \
    X(ServerNotTrusted, PyExc_PermissionError,                                 \
      "The server runs as another user; nothing was sent to it.")

enum pynp_class {
#define PYNP_X(name, base, doc) PYNP_##name,
    PYNP_CLASSES(PYNP_X)
#undef PYNP_X
        PYNP_CLASS_COUNT
};

enum {
#define PYNP_X(name, code, errno_name, class, text) PYNP_CODE_##name,
    NP_ERRORS(PYNP_X)
#undef PYNP_X
        PYNP_CODE_COUNT
};

/* ----------------------------------------------------------- module state */

typedef struct pynp_state {
    /* error.c */
    PyObject *classes[PYNP_CLASS_COUNT];
    int errnos[PYNP_CODE_COUNT];
    /* records.c */
    PyTypeObject *peek_type;
    PyTypeObject *info_type;
    PyTypeObject *peer_type;
    /* pipe.c, messages.c, server.c */
    PyTypeObject *pipe_type;
    PyTypeObject *messages_type;
    PyTypeObject *server_type;
    /* wait.c: the thread signal handlers run in */
    unsigned long main_thread;
    atomic_bool hooked; /* _set_interrupt was called, by whatever thread */
} pynp_state;

static inline pynp_state *pynp_module_state(PyObject *module)
{
    return (pynp_state *)PyModule_GetState(module);
}

/* A "code" that says: a Python exception is set already. */
#define PYNP_RAISED (-1)

int pynp_errors_init(PyObject *module, pynp_state *st);
/* Raises the exception of a code and returns NULL. path is the pipe's, or
 * NULL. */
PyObject *pynp_raise(pynp_state *st, int code, const char *path);
/* The same for a name as the caller wrote it. */
PyObject *pynp_raise_name(pynp_state *st, int code, const char *name);
/* Gives the exception that is set an attribute; takes over value, which may be
 * NULL after a failure. */
void pynp_raised_set(const char *attribute, PyObject *value);

/* ---------------------------------------------------- arguments (args.c) */

/* How a function takes its arguments. The first `positional` of them may be
 * given by position, all by name; the first `required` must be given. */
typedef struct pynp_signature {
    const char *function;
    int required;
    int positional;
    const char *names[12];
} pynp_signature;

/* Sorts the arguments of a call into slots, borrowed; NULL where not given. */
int pynp_sort(const pynp_signature *sig, PyObject *const *args,
              Py_ssize_t count, PyObject *keywords, PyObject **slots);

/* A word a caller may write, or the constant it stands for. */
typedef struct pynp_choice {
    const char *word;
    uint32_t value;
} pynp_choice;

extern const pynp_choice pynp_modes[];
extern const pynp_choice pynp_read_modes[];
extern const pynp_choice pynp_server_access[];
extern const pynp_choice pynp_client_access[];
extern const pynp_choice pynp_waits[];
extern const pynp_choice pynp_states[];

/* The converters leave *out alone where the argument is NULL (not given), and
 * return -1 with an exception set. */
int pynp_choose(const char *what, const pynp_choice *choices, PyObject *arg,
                uint32_t *out);
int pynp_u32(const char *what, PyObject *arg, uint32_t *out);
int pynp_flag(PyObject *arg, uint32_t bit, uint32_t *flags);
int pynp_flag_unless(PyObject *arg, uint32_t bit, uint32_t *flags);
/* None, or -1, leaves *out alone too. */
int pynp_size(const char *what, PyObject *arg, size_t *out);
/* Seconds to milliseconds, rounded up; None is NP_INFINITE, "default" what
 * `standard` says unless that is NULL. */
int pynp_timeout(PyObject *arg, const uint32_t *standard, uint32_t *ms);
PyObject *pynp_seconds(uint32_t ms);
/* UTF-8 that lives as long as arg; NULL with an exception set. */
const char *pynp_text(const char *what, PyObject *arg);
/* The word for a value, as a str. */
PyObject *pynp_word(const pynp_choice *choices, uint32_t value);

#define PYNP_DEFAULT "default"

/* ------------------------------------------------------ waiting (wait.c) */

typedef struct pynp_wait {
    PyThreadState *thread;
    PyObject *hook; /* what this thread gave _set_interrupt, or NULL */
    bool main;
    bool raised;
} pynp_wait;

/* Around a call that may block: lets go of the GIL, and lets Python's signal
 * handlers run while the core waits. */
void pynp_wait_begin(pynp_wait *wait, const pynp_state *st);
/* Returns code, or PYNP_RAISED when a handler raised. */
int pynp_wait_end(pynp_wait *wait, int code);

int pynp_wait_init(pynp_state *st);
PyObject *pynp_after_fork(PyObject *module, PyObject *unused);
PyObject *pynp_set_interrupt(PyObject *module, PyObject *check);

/* ------------------------------------------- reading and writing (take.c) */

/* The next message of a pipe, at most max bytes of it, as a new bytes object;
 * NP_MORE_DATA comes with one too. */
int pynp_take(pynp_state *st, np_pipe *pipe, size_t max, uint32_t ms,
              PyObject **data_out);
/* The same for the reply to a request. */
int pynp_ask(pynp_state *st, np_pipe *pipe, const Py_buffer *request,
             size_t max, uint32_t ms, PyObject **data_out);
/* np_read without a copy of the caller's buffer. */
int pynp_read(pynp_state *st, np_pipe *pipe, void *buf, size_t size,
              size_t *got, uint32_t ms);
int pynp_write(pynp_state *st, np_pipe *pipe, const void *data, size_t size,
               size_t *put, uint32_t ms);
/* The exception for NP_MORE_DATA; takes over the part. */
PyObject *pynp_raise_part(pynp_state *st, const char *path, PyObject *part);

/* -------------------------------------------- instances (pipe.c, server.c) */

typedef struct pynp_pipe {
    pynp_state *st;
    np_pipe *pipe;
    bool server; /* which end */
    atomic_bool closed;
    _Atomic uint32_t timeout; /* for calls that give none */
} pynp_pipe;

typedef struct pynp_pipe_object {
    PyObject ob_base;
    PyObject *weakrefs;
    pynp_pipe data;
} pynp_pipe_object;

typedef struct pynp_server {
    pynp_state *st;
    np_server *server;
    atomic_bool closed;
} pynp_server;

typedef struct pynp_server_object {
    PyObject ob_base;
    PyObject *weakrefs;
    pynp_server data;
} pynp_server_object;

/* The only ways to an instance's data. */
static inline pynp_pipe *pynp_pipe_of(PyObject *self)
{
    return &((pynp_pipe_object *)self)->data;
}

static inline pynp_server *pynp_server_of(PyObject *self)
{
    return &((pynp_server_object *)self)->data;
}

/* An object without a handle yet; the caller acquires one into ->pipe. */
PyObject *pynp_pipe_new(pynp_state *st, bool server);
PyObject *pynp_server_new(pynp_state *st);
/* Raises for a code of a verb on this pipe and returns NULL. */
PyObject *pynp_pipe_fail(pynp_pipe *p, int code);
/* Runs a function of the package's Python part: module.function(self, ...). */
PyObject *pynp_delegate(const char *module, const char *function,
                        PyObject *self, PyObject *args, PyObject *kwargs);
/* __reduce__ of both types: says why not. */
PyObject *pynp_refuse_pickle(PyObject *self, PyObject *unused);
/* Visits the type of an instance that holds no other object. */
int pynp_visit_type(PyObject *self, visitproc visit, void *arg);

extern PyType_Spec pynp_pipe_spec;
extern PyType_Spec pynp_messages_spec;
extern PyType_Spec pynp_server_spec;

/* ---------------------------------------------------- records (records.c) */

int pynp_records_init(PyObject *module, pynp_state *st);
PyObject *pynp_peek_record(pynp_state *st, PyObject *data, size_t available,
                           size_t left);
PyObject *pynp_info_record(pynp_state *st, const np_info *info);
PyObject *pynp_peer_record(pynp_state *st, const np_peer *peer);

/* --------- functions (pipe_io.c, messages.c, open.c, names.c, select.c) */

#define PYNP_FAST(name)                                                        \
    PyObject *name(PyObject *self, PyObject *const *args, Py_ssize_t count,    \
                   PyObject *keywords)

PYNP_FAST(pynp_pipe_accept);
PYNP_FAST(pynp_pipe_recv);
PYNP_FAST(pynp_pipe_recv_into);
PYNP_FAST(pynp_pipe_send);
PYNP_FAST(pynp_pipe_read);
PYNP_FAST(pynp_pipe_readinto);
PYNP_FAST(pynp_pipe_peek);
PYNP_FAST(pynp_pipe_transact);
PYNP_FAST(pynp_pipe_flush);
PyObject *pynp_pipe_disconnect(PyObject *self, PyObject *unused);
PyObject *pynp_pipe_cancel(PyObject *self, PyObject *unused);
PyObject *pynp_pipe_fileno(PyObject *self, PyObject *unused);
PyObject *pynp_messages(PyObject *pipe, PyObject *unused);
PyObject *pynp_messages_iter(PyObject *pipe);

PYNP_FAST(pynp_create);
PYNP_FAST(pynp_listen);
PYNP_FAST(pynp_open);
PYNP_FAST(pynp_connect);
PYNP_FAST(pynp_wait_for);
PYNP_FAST(pynp_call);
PYNP_FAST(pynp_exists);
PYNP_FAST(pynp_names);
PYNP_FAST(pynp_select);

/* A row of a method table. */
#define PYNP_METHOD(name, function, doc)                                       \
    {                                                                          \
        name, (PyCFunction)(void (*)(void))(function),                         \
            METH_FASTCALL | METH_KEYWORDS, doc                                 \
    }

#endif
