/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* The verbs of Pipe. */

#include "pynp.h"

/* A time-out argument; not given, or "default", it is the pipe's own. */
static int timeout_of(pynp_pipe *p, PyObject *arg, uint32_t *ms)
{
    *ms = atomic_load(&p->timeout);
    uint32_t standard = *ms;
    return pynp_timeout(arg, &standard, ms);
}

/* ------------------------------------------------------ coming and going */

PyObject *pynp_pipe_accept(PyObject *self, PyObject *const *args,
                           Py_ssize_t count, PyObject *keywords)
{
    static const pynp_signature sig = {"accept", 0, 1, {"timeout", NULL}};
    pynp_pipe *p = pynp_pipe_of(self);
    PyObject *slots[1];
    uint32_t ms;
    if (pynp_sort(&sig, args, count, keywords, slots) < 0 ||
        timeout_of(p, slots[0], &ms) < 0) {
        return NULL;
    }
    int code = np_accept(p->pipe, 0);
    if (code == NP_TIMEOUT && ms > 0) {
        pynp_wait wait;
        pynp_wait_begin(&wait, p->st);
        code = np_accept(p->pipe, ms);
        code = pynp_wait_end(&wait, code);
        /* It was not there when this method was called. */
        code = code == NP_PIPE_CONNECTED ? NP_OK : code;
    }
    if (code == NP_OK || code == NP_PIPE_CONNECTED) {
        return PyBool_FromLong(code == NP_OK);
    }
    return pynp_pipe_fail(p, code);
}

static PyObject *none_or_fail(pynp_pipe *p, int code)
{
    return code == NP_OK ? Py_NewRef(Py_None) : pynp_pipe_fail(p, code);
}

PyObject *pynp_pipe_disconnect(PyObject *self, PyObject *unused)
{
    (void)unused;
    pynp_pipe *p = pynp_pipe_of(self);
    return none_or_fail(p, np_disconnect(p->pipe));
}

PyObject *pynp_pipe_cancel(PyObject *self, PyObject *unused)
{
    (void)unused;
    pynp_pipe *p = pynp_pipe_of(self);
    int code = np_cancel(p->pipe);
    if (code == NP_OK || code == NP_NOT_FOUND) {
        return PyBool_FromLong(code == NP_OK);
    }
    return pynp_pipe_fail(p, code);
}

PyObject *pynp_pipe_fileno(PyObject *self, PyObject *unused)
{
    (void)unused;
    pynp_pipe *p = pynp_pipe_of(self);
    int fd;
    int code = np_get_fd(p->pipe, &fd);
    return code == NP_OK ? PyLong_FromLong(fd) : pynp_pipe_fail(p, code);
}

/* ---------------------------------------------------------------- reading */

PyObject *pynp_pipe_recv(PyObject *self, PyObject *const *args,
                         Py_ssize_t count, PyObject *keywords)
{
    static const pynp_signature sig = {
        "recv", 0, 2, {"max_size", "timeout", NULL}};
    pynp_pipe *p = pynp_pipe_of(self);
    PyObject *slots[2], *data = NULL;
    size_t max = PY_SSIZE_T_MAX;
    uint32_t ms;
    if (pynp_sort(&sig, args, count, keywords, slots) < 0 ||
        pynp_size("max_size", slots[0], &max) < 0 ||
        timeout_of(p, slots[1], &ms) < 0) {
        return NULL;
    }
    int code = pynp_take(p->st, p->pipe, max, ms, &data);
    if (code == NP_OK) {
        return data;
    }
    if (code == NP_MORE_DATA) {
        return pynp_raise_part(p->st, np_path(p->pipe), data);
    }
    return pynp_pipe_fail(p, code);
}

PyObject *pynp_pipe_recv_into(PyObject *self, PyObject *const *args,
                              Py_ssize_t count, PyObject *keywords)
{
    static const pynp_signature sig = {
        "recv_into", 1, 2, {"buffer", "timeout", NULL}};
    pynp_pipe *p = pynp_pipe_of(self);
    PyObject *slots[2];
    Py_buffer view;
    uint32_t ms;
    if (pynp_sort(&sig, args, count, keywords, slots) < 0 ||
        timeout_of(p, slots[1], &ms) < 0 ||
        PyObject_GetBuffer(slots[0], &view, PyBUF_WRITABLE) < 0) {
        return NULL;
    }
    size_t got = 0;
    int code = pynp_read(p->st, p->pipe, view.buf, (size_t)view.len, &got, ms);
    PyBuffer_Release(&view);
    if (code == NP_OK || code == NP_MORE_DATA) {
        return Py_BuildValue("nO", (Py_ssize_t)got,
                             code == NP_OK ? Py_False : Py_True);
    }
    return pynp_pipe_fail(p, code);
}

/* Everything up to the end, in pieces that are joined; what was read before a
 * failure goes into its exception. */
static PyObject *read_all(pynp_pipe *p, uint32_t ms)
{
    npi_deadline deadline = npi_deadline_in(ms);
    PyObject *pieces = PyList_New(0);
    PyObject *empty = PyBytes_FromStringAndSize(NULL, 0);
    int code = pieces && empty ? NP_OK : PYNP_RAISED;
    while (code == NP_OK) {
        PyObject *data = NULL;
        code = pynp_take(p->st, p->pipe, PY_SSIZE_T_MAX, npi_left_ms(deadline),
                         &data);
        if (code == NP_OK && PyList_Append(pieces, data) < 0) {
            code = PYNP_RAISED;
        }
        Py_XDECREF(data);
    }
    PyObject *whole = NULL;
    if (code != PYNP_RAISED) {
        whole = PyObject_CallMethod(empty, "join", "O", pieces);
    }
    Py_XDECREF(pieces);
    Py_XDECREF(empty);
    if (code != NP_BROKEN_PIPE && whole) {
        pynp_pipe_fail(p, code);
        pynp_raised_set("partial", whole);
        return NULL;
    }
    return whole;
}

/* For read() and readinto(): no bytes mean the end, so messages without bytes
 * are passed over. */
static PyObject *read_some(pynp_pipe *p, size_t max, uint32_t ms)
{
    npi_deadline deadline = npi_deadline_in(ms);
    for (;;) {
        PyObject *data = NULL;
        int code = pynp_take(p->st, p->pipe, max, npi_left_ms(deadline), &data);
        if (code == NP_BROKEN_PIPE) {
            return PyBytes_FromStringAndSize(NULL, 0);
        }
        if (code != NP_OK && code != NP_MORE_DATA) {
            return pynp_pipe_fail(p, code);
        }
        if (PyBytes_Size(data) > 0) {
            return data;
        }
        Py_DECREF(data);
    }
}

PyObject *pynp_pipe_read(PyObject *self, PyObject *const *args,
                         Py_ssize_t count, PyObject *keywords)
{
    static const pynp_signature sig = {"read", 0, 2, {"n", "timeout", NULL}};
    pynp_pipe *p = pynp_pipe_of(self);
    PyObject *slots[2];
    size_t max = SIZE_MAX;
    uint32_t ms;
    if (pynp_sort(&sig, args, count, keywords, slots) < 0 ||
        pynp_size("n", slots[0], &max) < 0 ||
        timeout_of(p, slots[1], &ms) < 0) {
        return NULL;
    }
    if (atomic_load(&p->closed)) {
        return pynp_pipe_fail(p, NP_INVALID_HANDLE);
    }
    if (max == 0) {
        return PyBytes_FromStringAndSize(NULL, 0);
    }
    return max == SIZE_MAX ? read_all(p, ms) : read_some(p, max, ms);
}

PyObject *pynp_pipe_readinto(PyObject *self, PyObject *const *args,
                             Py_ssize_t count, PyObject *keywords)
{
    static const pynp_signature sig = {
        "readinto", 1, 2, {"buffer", "timeout", NULL}};
    pynp_pipe *p = pynp_pipe_of(self);
    PyObject *slots[2];
    Py_buffer view;
    uint32_t ms;
    if (pynp_sort(&sig, args, count, keywords, slots) < 0 ||
        timeout_of(p, slots[1], &ms) < 0 ||
        PyObject_GetBuffer(slots[0], &view, PyBUF_WRITABLE) < 0) {
        return NULL;
    }
    size_t got = 0;
    int code = atomic_load(&p->closed) ? NP_INVALID_HANDLE : NP_OK;
    npi_deadline deadline = npi_deadline_in(ms);
    while (code == NP_OK && got == 0 && view.len > 0) {
        code = pynp_read(p->st, p->pipe, view.buf, (size_t)view.len, &got,
                         npi_left_ms(deadline));
    }
    PyBuffer_Release(&view);
    if (code == NP_OK || code == NP_MORE_DATA || code == NP_BROKEN_PIPE) {
        return PyLong_FromSize_t(code == NP_BROKEN_PIPE ? 0 : got);
    }
    return pynp_pipe_fail(p, code);
}

PyObject *pynp_pipe_peek(PyObject *self, PyObject *const *args,
                         Py_ssize_t count, PyObject *keywords)
{
    static const pynp_signature sig = {"peek", 0, 1, {"n", NULL}};
    pynp_pipe *p = pynp_pipe_of(self);
    PyObject *slots[1];
    size_t n = 0, got = 0, available = 0;
    uint32_t left = 0;
    if (pynp_sort(&sig, args, count, keywords, slots) < 0 ||
        pynp_size("n", slots[0], &n) < 0) {
        return NULL;
    }
    int code = np_peek(p->pipe, NULL, 0, NULL, &available, &left);
    if (code != NP_OK) {
        return pynp_pipe_fail(p, code);
    }
    n = n < available ? n : available;
    PyObject *data = PyBytes_FromStringAndSize(NULL, (Py_ssize_t)n);
    if (data && n > 0) {
        char *bytes = PyBytes_AsString(data);
        code = np_peek(p->pipe, bytes, n, &got, &available, &left);
        if (code != NP_OK) {
            Py_DECREF(data);
            return pynp_pipe_fail(p, code);
        }
        if (got < n) {
            PyObject *whole = data;
            data = PyBytes_FromStringAndSize(bytes, (Py_ssize_t)got);
            Py_DECREF(whole);
        }
    }
    /* Windows says 0 - got on a byte pipe, as no message is that long. */
    return pynp_peek_record(p->st, data, available,
                            left > NP_MAX_MESSAGE ? 0 : left);
}

/* ---------------------------------------------------------------- writing */

PyObject *pynp_pipe_send(PyObject *self, PyObject *const *args,
                         Py_ssize_t count, PyObject *keywords)
{
    static const pynp_signature sig = {"send", 1, 2, {"data", "timeout", NULL}};
    pynp_pipe *p = pynp_pipe_of(self);
    PyObject *slots[2];
    Py_buffer view;
    uint32_t ms;
    if (pynp_sort(&sig, args, count, keywords, slots) < 0 ||
        timeout_of(p, slots[1], &ms) < 0 ||
        PyObject_GetBuffer(slots[0], &view, PyBUF_SIMPLE) < 0) {
        return NULL;
    }
    size_t put;
    int code = pynp_write(p->st, p->pipe, view.buf, (size_t)view.len, &put, ms);
    PyBuffer_Release(&view);
    if (code == NP_OK) {
        return PyLong_FromSize_t(put);
    }
    pynp_pipe_fail(p, code);
    if (put > 0 && code != PYNP_RAISED) {
        pynp_raised_set("written", PyLong_FromSize_t(put));
    }
    return NULL;
}

PyObject *pynp_pipe_transact(PyObject *self, PyObject *const *args,
                             Py_ssize_t count, PyObject *keywords)
{
    static const pynp_signature sig = {
        "transact", 1, 3, {"data", "timeout", "max_size", NULL}};
    pynp_pipe *p = pynp_pipe_of(self);
    PyObject *slots[3], *data = NULL;
    Py_buffer view;
    size_t max = PY_SSIZE_T_MAX;
    uint32_t ms;
    if (pynp_sort(&sig, args, count, keywords, slots) < 0 ||
        timeout_of(p, slots[1], &ms) < 0 ||
        pynp_size("max_size", slots[2], &max) < 0 ||
        PyObject_GetBuffer(slots[0], &view, PyBUF_SIMPLE) < 0) {
        return NULL;
    }
    int code = pynp_ask(p->st, p->pipe, &view, max, ms, &data);
    PyBuffer_Release(&view);
    if (code == NP_OK) {
        return data;
    }
    if (code == NP_MORE_DATA) {
        return pynp_raise_part(p->st, np_path(p->pipe), data);
    }
    return pynp_pipe_fail(p, code);
}

PyObject *pynp_pipe_flush(PyObject *self, PyObject *const *args,
                          Py_ssize_t count, PyObject *keywords)
{
    static const pynp_signature sig = {"flush", 0, 1, {"timeout", NULL}};
    pynp_pipe *p = pynp_pipe_of(self);
    PyObject *slots[1];
    uint32_t ms;
    if (pynp_sort(&sig, args, count, keywords, slots) < 0 ||
        timeout_of(p, slots[0], &ms) < 0) {
        return NULL;
    }
    int code = npi_os_tries_unseen ? np_flush(p->pipe, 0) : NP_TIMEOUT;
    if (code == NP_TIMEOUT && (ms > 0 || !npi_os_tries_unseen)) {
        pynp_wait wait;
        pynp_wait_begin(&wait, p->st);
        code = np_flush(p->pipe, ms);
        code = pynp_wait_end(&wait, code);
    }
    return none_or_fail(p, code);
}
