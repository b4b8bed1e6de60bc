/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* The type Server. Its life is that of Pipe, see pipe.c. */

#include "pynp.h"

#include <string.h>

#include "doc_server.h"

PyObject *pynp_server_new(pynp_state *st)
{
    PyObject *self = PyType_GenericAlloc(st->server_type, 0);
    if (self) {
        pynp_server *s = pynp_server_of(self);
        s->st = st;
        atomic_init(&s->closed, false);
    }
    return self;
}

static PyObject *fail(pynp_server *s, int code)
{
    if (code == NP_INVALID_HANDLE && atomic_load(&s->closed)) {
        PyErr_SetString(PyExc_ValueError, "operation on closed server");
        return NULL;
    }
    return pynp_raise(s->st, code,
                      s->server ? np_server_path(s->server) : NULL);
}

static void shut(pynp_server *s)
{
    if (s->server && !atomic_exchange(&s->closed, true)) {
        np_server_shutdown(s->server);
    }
}

static void server_finalize(PyObject *self)
{
    pynp_server *s = pynp_server_of(self);
    if (!s->server || atomic_load(&s->closed)) {
        return;
    }
    PyObject *type, *value, *trace;
    PyErr_Fetch(&type, &value, &trace);
    if (PyErr_ResourceWarning(self, 1, "unclosed %R", self) < 0) {
        PyErr_WriteUnraisable(self);
    }
    shut(s);
    PyErr_Restore(type, value, trace);
}

static void server_free(void *self)
{
    np_server_close(pynp_server_of(self)->server);
    PyObject_GC_Del(self);
}

/* ------------------------------------------------------------------ verbs */

/* A code, with an open pipe for NP_OK. */
static int accept_pipe(pynp_server *s, uint32_t ms, PyObject **pipe_out)
{
    PyObject *pipe = pynp_pipe_new(s->st, true);
    if (!pipe) {
        return PYNP_RAISED;
    }
    np_pipe **acquired = &pynp_pipe_of(pipe)->pipe;
    int code = np_server_accept(s->server, acquired, 0);
    if (code == NP_TIMEOUT && ms > 0) {
        pynp_wait wait;
        pynp_wait_begin(&wait, s->st);
        code = np_server_accept(s->server, acquired, ms);
        code = pynp_wait_end(&wait, code);
    }
    if (code == NP_OK) {
        *pipe_out = pipe;
    } else {
        Py_DECREF(pipe);
    }
    /* Whether close() came before the call or during it is chance. */
    return code == NP_INVALID_HANDLE && atomic_load(&s->closed)
               ? NP_OPERATION_ABORTED
               : code;
}

static PyObject *server_accept(PyObject *self, PyObject *const *args,
                               Py_ssize_t count, PyObject *keywords)
{
    static const pynp_signature sig = {"accept", 0, 1, {"timeout", NULL}};
    pynp_server *s = pynp_server_of(self);
    PyObject *slots[1], *pipe = NULL;
    uint32_t ms = NP_INFINITE;
    if (pynp_sort(&sig, args, count, keywords, slots) < 0 ||
        pynp_timeout(slots[0], NULL, &ms) < 0) {
        return NULL;
    }
    int code = accept_pipe(s, ms, &pipe);
    return code == NP_OK ? pipe : fail(s, code);
}

static PyObject *server_next(PyObject *self)
{
    pynp_server *s = pynp_server_of(self);
    PyObject *pipe = NULL;
    int code = accept_pipe(s, NP_INFINITE, &pipe);
    if (code == NP_OK) {
        return pipe;
    }
    bool ended = code == NP_OPERATION_ABORTED && atomic_load(&s->closed);
    return ended ? NULL : fail(s, code);
}

static PyObject *server_serve(PyObject *self, PyObject *args, PyObject *kwargs)
{
    return pynp_delegate("namedpipe._serve", "serve", self, args, kwargs);
}

static PyObject *server_cancel(PyObject *self, PyObject *unused)
{
    (void)unused;
    pynp_server *s = pynp_server_of(self);
    int code = np_server_cancel(s->server);
    if (code == NP_OK || code == NP_NOT_FOUND) {
        return PyBool_FromLong(code == NP_OK);
    }
    return fail(s, code);
}

static PyObject *server_fileno(PyObject *self, PyObject *unused)
{
    (void)unused;
    pynp_server *s = pynp_server_of(self);
    int fd;
    int code = np_server_get_fd(s->server, &fd);
    return code == NP_OK ? PyLong_FromLong(fd) : fail(s, code);
}

static PyObject *server_close(PyObject *self, PyObject *unused)
{
    (void)unused;
    shut(pynp_server_of(self));
    Py_RETURN_NONE;
}

static PyObject *server_enter(PyObject *self, PyObject *unused)
{
    (void)unused;
    pynp_server *s = pynp_server_of(self);
    if (atomic_load(&s->closed)) {
        return fail(s, NP_INVALID_HANDLE);
    }
    return Py_NewRef(self);
}

/* -------------------------------------------------------------- the type */

static PyObject *get_closed(PyObject *self, void *unused)
{
    (void)unused;
    return PyBool_FromLong(atomic_load(&pynp_server_of(self)->closed));
}

static PyObject *get_path(PyObject *self, void *unused)
{
    (void)unused;
    pynp_server *s = pynp_server_of(self);
    const char *path = s->server ? np_server_path(s->server) : "";
    return PyUnicode_DecodeUTF8(path, (Py_ssize_t)strlen(path), "replace");
}

static PyObject *server_repr(PyObject *self)
{
    PyObject *path = get_path(self, NULL);
    if (!path) {
        return NULL;
    }
    bool closed = atomic_load(&pynp_server_of(self)->closed);
    PyObject *text = PyUnicode_FromFormat("<namedpipe.Server '%U' %s>", path,
                                          closed ? "closed" : "listening");
    Py_DECREF(path);
    return text;
}

static PyGetSetDef server_properties[] = {
    {"closed", get_closed, NULL, DOC_SERVER_CLOSED, NULL},
    {"path", get_path, NULL, DOC_SERVER_PATH, NULL},
    {NULL, NULL, NULL, NULL, NULL}};

static PyMemberDef server_members[] = {{"__weaklistoffset__", T_PYSSIZET,
                                        offsetof(pynp_server_object, weakrefs),
                                        READONLY, NULL},
                                       {NULL, 0, 0, 0, NULL}};

static PyMethodDef server_methods[] = {
    PYNP_METHOD("accept", server_accept, DOC_SERVER_ACCEPT),
    {"serve", (PyCFunction)(void (*)(void))server_serve,
     METH_VARARGS | METH_KEYWORDS, DOC_SERVER_SERVE},
    {"cancel", server_cancel, METH_NOARGS, DOC_SERVER_CANCEL},
    {"fileno", server_fileno, METH_NOARGS, DOC_SERVER_FILENO},
    {"close", server_close, METH_NOARGS, DOC_SERVER_CLOSE},
    {"__enter__", server_enter, METH_NOARGS, DOC_SERVER_ENTER},
    {"__exit__", server_close, METH_VARARGS, DOC_SERVER_EXIT},
    {"__reduce__", pynp_refuse_pickle, METH_NOARGS, DOC_SERVER_REDUCE},
    {NULL, NULL, 0, NULL}};

static PyType_Slot server_slots[] = {{Py_tp_doc, (void *)DOC_SERVER},
                                     {Py_tp_traverse, pynp_visit_type},
                                     {Py_tp_finalize, server_finalize},
                                     {Py_tp_free, server_free},
                                     {Py_tp_repr, server_repr},
                                     {Py_tp_iter, PyObject_SelfIter},
                                     {Py_tp_iternext, server_next},
                                     {Py_tp_methods, server_methods},
                                     {Py_tp_members, server_members},
                                     {Py_tp_getset, server_properties},
                                     {0, NULL}};

PyType_Spec pynp_server_spec = {
    .name = "namedpipe.Server",
    .basicsize = (int)sizeof(pynp_server_object),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC |
             Py_TPFLAGS_IMMUTABLETYPE | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .slots = server_slots};
