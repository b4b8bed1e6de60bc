/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* Moving bytes between the core and Python's objects.
 *
 * Most messages are short, so the first look goes into a buffer on the stack
 * and the bytes object is made at the right size. What does not fit there stays
 * in the queue until an object of its size has been made; should another thread
 * take it meanwhile, the wait goes on. */

#include "pynp.h"

#define SMALL 4096
/* More than this is not copied under the GIL. */
#define QUICK 65536

typedef int (*reader)(np_pipe *, void *, size_t, size_t *, uint32_t);

static int read_with(reader verb, pynp_state *st, np_pipe *pipe, void *buf,
                     size_t size, size_t *got, uint32_t ms)
{
    if (size <= QUICK) {
        int code = verb(pipe, buf, size, got, 0);
        if (code != NP_TIMEOUT || ms == 0) {
            return code;
        }
    }
    pynp_wait wait;
    pynp_wait_begin(&wait, st);
    int code = verb(pipe, buf, size, got, ms);
    return pynp_wait_end(&wait, code);
}

int pynp_read(pynp_state *st, np_pipe *pipe, void *buf, size_t size,
              size_t *got, uint32_t ms)
{
    return read_with(np_read, st, pipe, buf, size, got, ms);
}

int pynp_write(pynp_state *st, np_pipe *pipe, const void *data, size_t size,
               size_t *put, uint32_t ms)
{
    *put = 0;
    if (size <= QUICK && npi_os_tries_unseen) {
        int code = np_write(pipe, data, size, put, 0);
        if (code != NP_TIMEOUT || ms == 0) {
            return code;
        }
    }
    pynp_wait wait;
    pynp_wait_begin(&wait, st);
    int code = np_write(pipe, data, size, put, ms);
    return pynp_wait_end(&wait, code);
}

/* Passes a code on, with the object that belongs to it. */
static int deliver(int code, const char *data, size_t size, PyObject **data_out)
{
    if (code == NP_OK || code == NP_MORE_DATA) {
        *data_out = PyBytes_FromStringAndSize(data, (Py_ssize_t)size);
        if (!*data_out) {
            return PYNP_RAISED;
        }
    }
    return code;
}

/* What is there, *size bytes, goes into an object of that size, or of max if
 * that is less. A message that is larger than the queue comes while we read it,
 * hence a time-out here too. NP_INSUFFICIENT_BUFFER, with a new *size: another
 * thread has taken what was there, and now there is more. */
static int take_large(pynp_state *st, np_pipe *pipe, size_t max, uint32_t ms,
                      size_t *size, PyObject **data_out)
{
    bool part = *size > max;
    size_t room = part ? max : *size;
    PyObject *data = PyBytes_FromStringAndSize(NULL, (Py_ssize_t)room);
    if (!data) {
        return PYNP_RAISED;
    }
    reader verb = part ? np_read : np_recv;
    char *bytes = PyBytes_AsString(data);
    int code = read_with(verb, st, pipe, bytes, room, size, ms);
    if ((code == NP_OK || code == NP_MORE_DATA) && *size == room) {
        *data_out = data;
        return code;
    }
    code = deliver(code, bytes, *size, data_out);
    Py_DECREF(data);
    return code;
}

int pynp_take(pynp_state *st, np_pipe *pipe, size_t max, uint32_t ms,
              PyObject **data_out)
{
    char small[SMALL];
    size_t size = 0;
    if (max <= SMALL) {
        int code = read_with(np_read, st, pipe, small, max, &size, ms);
        return deliver(code, small, size, data_out);
    }
    npi_deadline deadline = npi_deadline_in(ms);
    int code = read_with(np_recv, st, pipe, small, SMALL, &size, ms);
    if (code != NP_INSUFFICIENT_BUFFER) {
        return deliver(code, small, size, data_out);
    }
    do {
        code = take_large(st, pipe, max, npi_left_ms(deadline), &size,
                          data_out);
    } while (code == NP_INSUFFICIENT_BUFFER);
    return code;
}

int pynp_ask(pynp_state *st, np_pipe *pipe, const Py_buffer *request,
             size_t max, uint32_t ms, PyObject **data_out)
{
    npi_deadline deadline = npi_deadline_in(ms);
    /* Without room for the reply, the reply stays where it is. */
    char nothing;
    size_t size = 0;
    pynp_wait wait;
    pynp_wait_begin(&wait, st);
    int code = np_transact(pipe, request->buf, (size_t)request->len, &nothing,
                           0, &size, ms);
    code = pynp_wait_end(&wait, code);
    if (code == NP_MORE_DATA) {
        return pynp_take(st, pipe, max, npi_left_ms(deadline), data_out);
    }
    return deliver(code, &nothing, 0, data_out);
}

PyObject *pynp_raise_part(pynp_state *st, const char *path, PyObject *part)
{
    pynp_raise(st, NP_MORE_DATA, path);
    pynp_raised_set("partial", part);
    return NULL;
}
