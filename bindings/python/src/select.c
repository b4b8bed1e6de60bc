/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* select(): waiting for many pipes and servers. */

#include "pynp.h"

static int to_item(pynp_state *st, PyObject *object, np_select_item *item)
{
    *item = (np_select_item){NULL, NULL, 0};
    if (Py_TYPE(object) == st->pipe_type) {
        item->pipe = pynp_pipe_of(object)->pipe;
    } else if (Py_TYPE(object) == st->server_type) {
        item->server = pynp_server_of(object)->server;
    } else {
        PyErr_Format(PyExc_TypeError,
                     "select() takes pipes and servers, not %R", object);
        return -1;
    }
    return 0;
}

static PyObject *ready_of(PyObject *objects, const np_select_item *items,
                          Py_ssize_t count)
{
    PyObject *list = PyList_New(0);
    for (Py_ssize_t i = 0; list && i < count; i++) {
        if (items[i].ready &&
            PyList_Append(list, PyTuple_GetItem(objects, i)) < 0) {
            Py_CLEAR(list);
        }
    }
    return list;
}

/* The tuple keeps the objects, and so their handles, alive. */
static PyObject *select_among(pynp_state *st, PyObject *objects,
                              np_select_item *items, uint32_t ms)
{
    Py_ssize_t count = PyTuple_Size(objects);
    for (Py_ssize_t i = 0; i < count; i++) {
        if (to_item(st, PyTuple_GetItem(objects, i), &items[i]) < 0) {
            return NULL;
        }
    }
    int code = np_select(items, (size_t)count, NULL, 0);
    if (code == NP_TIMEOUT && ms > 0) {
        pynp_wait wait;
        pynp_wait_begin(&wait, st);
        code = np_select(items, (size_t)count, NULL, ms);
        code = pynp_wait_end(&wait, code);
    }
    if (code == NP_TIMEOUT) {
        return PyList_New(0);
    }
    return code == NP_OK ? ready_of(objects, items, count)
                         : pynp_raise(st, code, NULL);
}

PYNP_FAST(pynp_select)
{
    static const pynp_signature sig = {
        "select", 1, 2, {"objects", "timeout", NULL}};
    pynp_state *st = pynp_module_state(self);
    PyObject *slots[2], *objects;
    uint32_t ms = NP_INFINITE;
    if (pynp_sort(&sig, args, count, keywords, slots) < 0 ||
        pynp_timeout(slots[1], NULL, &ms) < 0 ||
        !(objects = PySequence_Tuple(slots[0]))) {
        return NULL;
    }
    size_t n = (size_t)PyTuple_Size(objects);
    np_select_item *items = PyMem_Malloc((n + 1) * sizeof *items);
    PyObject *ready = items ? select_among(st, objects, items, ms)
                            : PyErr_NoMemory();
    PyMem_Free(items);
    Py_DECREF(objects);
    return ready;
}
