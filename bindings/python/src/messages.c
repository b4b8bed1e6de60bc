/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* What Pipe.messages() returns: the messages of a pipe until the other end
 * leaves. */

#include "pynp.h"

typedef struct messages_object {
    PyObject ob_base;
    PyObject *pipe;
} messages_object;

static PyObject **pipe_of(PyObject *self)
{
    return &((messages_object *)self)->pipe;
}

PyObject *pynp_messages_iter(PyObject *pipe)
{
    PyObject *self = PyType_GenericAlloc(pynp_pipe_of(pipe)->st->messages_type,
                                         0);
    if (self) {
        *pipe_of(self) = Py_NewRef(pipe);
    }
    return self;
}

PyObject *pynp_messages(PyObject *pipe, PyObject *unused)
{
    (void)unused;
    return pynp_messages_iter(pipe);
}

static PyObject *messages_next(PyObject *self)
{
    pynp_pipe *p = pynp_pipe_of(*pipe_of(self));
    PyObject *data = NULL;
    int code = pynp_take(p->st, p->pipe, PY_SSIZE_T_MAX,
                         atomic_load(&p->timeout), &data);
    if (code == NP_OK) {
        return data;
    }
    /* NULL without an exception ends the iteration. */
    return code == NP_BROKEN_PIPE ? NULL : pynp_pipe_fail(p, code);
}

static int messages_traverse(PyObject *self, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(*pipe_of(self));
    return 0;
}

static void messages_dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    Py_CLEAR(*pipe_of(self));
    PyObject_GC_Del(self);
    Py_DECREF(type);
}

static PyType_Slot messages_slots[] = {{Py_tp_traverse, messages_traverse},
                                       {Py_tp_dealloc, messages_dealloc},
                                       {Py_tp_iter, PyObject_SelfIter},
                                       {Py_tp_iternext, messages_next},
                                       {0, NULL}};

PyType_Spec pynp_messages_spec = {
    .name = "namedpipe._core.MessageIterator",
    .basicsize = (int)sizeof(messages_object),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC |
             Py_TPFLAGS_IMMUTABLETYPE | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .slots = messages_slots};
