/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* The type Pipe: its life, its looks and its properties. */

#include "pynp.h"

#include <string.h>

#include "doc_pipe.h"

PyObject *pynp_pipe_new(pynp_state *st, bool server)
{
    PyObject *self = PyType_GenericAlloc(st->pipe_type, 0);
    if (self) {
        pynp_pipe *p = pynp_pipe_of(self);
        p->st = st;
        p->server = server;
        atomic_init(&p->closed, false);
        atomic_init(&p->timeout, NP_INFINITE);
    }
    return self;
}

PyObject *pynp_pipe_fail(pynp_pipe *p, int code)
{
    if (code == NP_INVALID_HANDLE && atomic_load(&p->closed)) {
        PyErr_SetString(PyExc_ValueError, "I/O operation on closed pipe");
        return NULL;
    }
    return pynp_raise(p->st, code, p->pipe ? np_path(p->pipe) : NULL);
}

/* ----------------------------------------------------------- end of life */

/* Whether this call is the one that closes. */
static bool shut(pynp_pipe *p)
{
    if (!p->pipe || atomic_exchange(&p->closed, true)) {
        return false;
    }
    np_shutdown(p->pipe);
    return true;
}

static void pipe_finalize(PyObject *self)
{
    pynp_pipe *p = pynp_pipe_of(self);
    if (!p->pipe || atomic_load(&p->closed)) {
        return;
    }
    PyObject *type, *value, *trace;
    PyErr_Fetch(&type, &value, &trace);
    if (PyErr_ResourceWarning(self, 1, "unclosed %R", self) < 0) {
        PyErr_WriteUnraisable(self);
    }
    shut(p);
    PyErr_Restore(type, value, trace);
}

/* The type's deallocation is Python's own, which runs the finaliser; this is
 * its last step, when nobody can get at the object any more. */
static void pipe_free(void *self)
{
    np_close(pynp_pipe_of(self)->pipe);
    PyObject_GC_Del(self);
}

int pynp_visit_type(PyObject *self, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(self));
    return 0;
}

static PyObject *pipe_close(PyObject *self, PyObject *const *args,
                            Py_ssize_t count, PyObject *keywords)
{
    static const pynp_signature sig = {"close", 0, 1, {"linger", NULL}};
    pynp_pipe *p = pynp_pipe_of(self);
    PyObject *slots[1];
    uint32_t ms = 0;
    if (pynp_sort(&sig, args, count, keywords, slots) < 0 ||
        pynp_timeout(slots[0], NULL, &ms) < 0) {
        return NULL;
    }
    int code = NP_OK;
    if (ms > 0 && p->pipe && !atomic_load(&p->closed)) {
        pynp_wait wait;
        pynp_wait_begin(&wait, p->st);
        code = np_flush(p->pipe, ms);
        code = pynp_wait_end(&wait, code);
    }
    shut(p);
    if (code == PYNP_RAISED) {
        return NULL;
    }
    Py_RETURN_NONE;
}

static PyObject *pipe_enter(PyObject *self, PyObject *unused)
{
    (void)unused;
    pynp_pipe *p = pynp_pipe_of(self);
    if (atomic_load(&p->closed)) {
        return pynp_pipe_fail(p, NP_INVALID_HANDLE);
    }
    return Py_NewRef(self);
}

static PyObject *pipe_exit(PyObject *self, PyObject *unused)
{
    (void)unused;
    shut(pynp_pipe_of(self));
    Py_RETURN_NONE;
}

/* -------------------------------------------------------------- its looks */

static PyObject *text_of(const char *utf8)
{
    return PyUnicode_DecodeUTF8(utf8, (Py_ssize_t)strlen(utf8), "replace");
}

static const char *state_word(np_pipe *pipe)
{
    np_state state;
    int code = np_get_state(pipe, &state);
    if (code == NP_PIPE_NOT_CONNECTED) {
        return " disconnected";
    }
    /* An outbound pipe's server may not ask. */
    if (code != NP_OK) {
        return "";
    }
    switch (state.state) {
    case NP_DISCONNECTED: return " disconnected";
    case NP_LISTENING: return " listening";
    case NP_CONNECTED: return " connected";
    default: return " closing";
    }
}

static const char *mode_word(np_pipe *pipe)
{
    np_info info;
    if (np_get_info(pipe, &info) != NP_OK) {
        return "";
    }
    return info.mode == NP_MESSAGE ? " message" : " byte";
}

static PyObject *describe(pynp_pipe *p, PyObject *path)
{
    if (atomic_load(&p->closed)) {
        return PyUnicode_FromFormat("<namedpipe.Pipe '%U' closed>", path);
    }
    return PyUnicode_FromFormat("<namedpipe.Pipe '%U' %s%s%s>", path,
                                p->server ? "server" : "client",
                                state_word(p->pipe), mode_word(p->pipe));
}

static PyObject *pipe_repr(PyObject *self)
{
    pynp_pipe *p = pynp_pipe_of(self);
    if (!p->pipe) {
        return PyUnicode_FromString("<namedpipe.Pipe not open>");
    }
    PyObject *path = text_of(np_path(p->pipe));
    PyObject *text = path ? describe(p, path) : NULL;
    Py_XDECREF(path);
    return text;
}

PyObject *pynp_refuse_pickle(PyObject *self, PyObject *unused)
{
    (void)unused;
    PyErr_Format(PyExc_TypeError,
                 "%R belongs to the process that made it and cannot be "
                 "pickled or copied; send its path and connect to that",
                 self);
    return NULL;
}

/* ------------------------------------------------------------- properties */

static PyObject *get_closed(PyObject *self, void *unused)
{
    (void)unused;
    return PyBool_FromLong(atomic_load(&pynp_pipe_of(self)->closed));
}

static PyObject *get_path(PyObject *self, void *unused)
{
    (void)unused;
    pynp_pipe *p = pynp_pipe_of(self);
    return text_of(p->pipe ? np_path(p->pipe) : "");
}

static PyObject *get_timeout(PyObject *self, void *unused)
{
    (void)unused;
    return pynp_seconds(atomic_load(&pynp_pipe_of(self)->timeout));
}

static int no_delete(PyObject *value)
{
    if (!value) {
        PyErr_SetString(PyExc_AttributeError, "cannot delete this attribute");
        return -1;
    }
    return 0;
}

static int set_timeout(PyObject *self, PyObject *value, void *unused)
{
    (void)unused;
    uint32_t ms = NP_INFINITE;
    if (no_delete(value) < 0 || pynp_timeout(value, NULL, &ms) < 0) {
        return -1;
    }
    atomic_store(&pynp_pipe_of(self)->timeout, ms);
    return 0;
}

static PyObject *get_state(PyObject *self, void *unused)
{
    (void)unused;
    pynp_pipe *p = pynp_pipe_of(self);
    np_state state;
    int code = np_get_state(p->pipe, &state);
    return code == NP_OK ? pynp_word(pynp_states, state.state)
                         : pynp_pipe_fail(p, code);
}

static PyObject *get_instances(PyObject *self, void *unused)
{
    (void)unused;
    pynp_pipe *p = pynp_pipe_of(self);
    np_state state;
    int code = np_get_state(p->pipe, &state);
    return code == NP_OK ? PyLong_FromUnsignedLong(state.instances)
                         : pynp_pipe_fail(p, code);
}

static PyObject *get_read_mode(PyObject *self, void *unused)
{
    (void)unused;
    pynp_pipe *p = pynp_pipe_of(self);
    np_state state;
    int code = np_get_state(p->pipe, &state);
    if (code != NP_OK) {
        return pynp_pipe_fail(p, code);
    }
    return PyUnicode_FromString(state.mode & NP_READMODE_MESSAGE ? "message"
                                                                 : "byte");
}

static PyObject *get_nowait(PyObject *self, void *unused)
{
    (void)unused;
    pynp_pipe *p = pynp_pipe_of(self);
    np_state state;
    int code = np_get_state(p->pipe, &state);
    return code == NP_OK ? PyBool_FromLong((state.mode & NP_NOWAIT) != 0)
                         : pynp_pipe_fail(p, code);
}

static int set_mode_bit(PyObject *self, uint32_t bit, bool on)
{
    pynp_pipe *p = pynp_pipe_of(self);
    np_state state;
    int code = np_get_state(p->pipe, &state);
    if (code == NP_OK) {
        code = np_set_state(p->pipe, on ? state.mode | bit : state.mode & ~bit);
    }
    if (code != NP_OK) {
        pynp_pipe_fail(p, code);
        return -1;
    }
    return 0;
}

static int set_read_mode(PyObject *self, PyObject *value, void *unused)
{
    (void)unused;
    uint32_t mode = 0;
    if (no_delete(value) < 0 ||
        pynp_choose("read_mode", pynp_modes, value, &mode) < 0) {
        return -1;
    }
    return set_mode_bit(self, NP_READMODE_MESSAGE, mode == NP_MESSAGE);
}

static int set_nowait(PyObject *self, PyObject *value, void *unused)
{
    (void)unused;
    uint32_t on = 0;
    if (no_delete(value) < 0 || pynp_flag(value, 1, &on) < 0) {
        return -1;
    }
    return set_mode_bit(self, NP_NOWAIT, on != 0);
}

static PyObject *get_info(PyObject *self, void *unused)
{
    (void)unused;
    pynp_pipe *p = pynp_pipe_of(self);
    np_info info;
    int code = np_get_info(p->pipe, &info);
    return code == NP_OK ? pynp_info_record(p->st, &info)
                         : pynp_pipe_fail(p, code);
}

/* Finding the name of a user may take a while. */
static PyObject *get_peer(PyObject *self, void *unused)
{
    (void)unused;
    pynp_pipe *p = pynp_pipe_of(self);
    np_peer peer;
    pynp_wait wait;
    pynp_wait_begin(&wait, p->st);
    int code = np_get_peer(p->pipe, &peer);
    code = pynp_wait_end(&wait, code);
    return code == NP_OK ? pynp_peer_record(p->st, &peer)
                         : pynp_pipe_fail(p, code);
}

static PyGetSetDef pipe_properties[] = {
    {"closed", get_closed, NULL, DOC_PIPE_CLOSED, NULL},
    {"path", get_path, NULL, DOC_PIPE_PATH, NULL},
    {"timeout", get_timeout, set_timeout, DOC_PIPE_TIMEOUT, NULL},
    {"state", get_state, NULL, DOC_PIPE_STATE, NULL},
    {"instances", get_instances, NULL, DOC_PIPE_INSTANCES, NULL},
    {"read_mode", get_read_mode, set_read_mode, DOC_PIPE_READ_MODE, NULL},
    {"nowait", get_nowait, set_nowait, DOC_PIPE_NOWAIT, NULL},
    {"info", get_info, NULL, DOC_PIPE_INFO, NULL},
    {"peer", get_peer, NULL, DOC_PIPE_PEER, NULL},
    {NULL, NULL, NULL, NULL, NULL}};

/* --------------------------------------------------------------- the type */

static PyObject *pipe_makefile(PyObject *self, PyObject *args, PyObject *kwargs)
{
    return pynp_delegate("namedpipe._file", "makefile", self, args, kwargs);
}

static PyMemberDef pipe_members[] = {{"__weaklistoffset__", T_PYSSIZET,
                                      offsetof(pynp_pipe_object, weakrefs),
                                      READONLY, NULL},
                                     {NULL, 0, 0, 0, NULL}};

static PyMethodDef pipe_methods[] = {
    PYNP_METHOD("accept", pynp_pipe_accept, DOC_PIPE_ACCEPT),
    {"disconnect", pynp_pipe_disconnect, METH_NOARGS, DOC_PIPE_DISCONNECT},
    PYNP_METHOD("recv", pynp_pipe_recv, DOC_PIPE_RECV),
    PYNP_METHOD("recv_into", pynp_pipe_recv_into, DOC_PIPE_RECV_INTO),
    PYNP_METHOD("send", pynp_pipe_send, DOC_PIPE_SEND),
    PYNP_METHOD("read", pynp_pipe_read, DOC_PIPE_READ),
    PYNP_METHOD("readinto", pynp_pipe_readinto, DOC_PIPE_READINTO),
    PYNP_METHOD("write", pynp_pipe_send, DOC_PIPE_WRITE),
    PYNP_METHOD("peek", pynp_pipe_peek, DOC_PIPE_PEEK),
    PYNP_METHOD("transact", pynp_pipe_transact, DOC_PIPE_TRANSACT),
    PYNP_METHOD("flush", pynp_pipe_flush, DOC_PIPE_FLUSH),
    {"messages", pynp_messages, METH_NOARGS, DOC_PIPE_MESSAGES},
    {"cancel", pynp_pipe_cancel, METH_NOARGS, DOC_PIPE_CANCEL},
    {"fileno", pynp_pipe_fileno, METH_NOARGS, DOC_PIPE_FILENO},
    {"makefile", (PyCFunction)(void (*)(void))pipe_makefile,
     METH_VARARGS | METH_KEYWORDS, DOC_PIPE_MAKEFILE},
    PYNP_METHOD("close", pipe_close, DOC_PIPE_CLOSE),
    {"__enter__", pipe_enter, METH_NOARGS, DOC_ENTER},
    {"__exit__", pipe_exit, METH_VARARGS, DOC_EXIT},
    {"__reduce__", pynp_refuse_pickle, METH_NOARGS, DOC_REDUCE},
    {NULL, NULL, 0, NULL}};

static PyType_Slot pipe_slots[] = {
    {Py_tp_doc, (void *)DOC_PIPE},   {Py_tp_traverse, pynp_visit_type},
    {Py_tp_finalize, pipe_finalize}, {Py_tp_free, pipe_free},
    {Py_tp_repr, pipe_repr},         {Py_tp_iter, pynp_messages_iter},
    {Py_tp_methods, pipe_methods},   {Py_tp_members, pipe_members},
    {Py_tp_getset, pipe_properties}, {0, NULL}};

PyType_Spec pynp_pipe_spec = {.name = "namedpipe.Pipe",
                              .basicsize = (int)sizeof(pynp_pipe_object),
                              .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC |
                                       Py_TPFLAGS_IMMUTABLETYPE |
                                       Py_TPFLAGS_DISALLOW_INSTANTIATION,
                              .slots = pipe_slots};
