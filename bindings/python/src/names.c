/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* The functions that work with a name alone. */

#include "pynp.h"

#include <string.h>

PYNP_FAST(pynp_wait_for)
{
    static const pynp_signature sig = {"wait", 1, 2, {"name", "timeout", NULL}};
    static const uint32_t standard = NP_USE_DEFAULT;
    pynp_state *st = pynp_module_state(self);
    PyObject *slots[2];
    const char *name;
    uint32_t ms = NP_USE_DEFAULT;
    if (pynp_sort(&sig, args, count, keywords, slots) < 0 ||
        !(name = pynp_text("name", slots[0])) ||
        pynp_timeout(slots[1], &standard, &ms) < 0) {
        return NULL;
    }
    pynp_wait wait;
    pynp_wait_begin(&wait, st);
    int code = np_wait(name, ms);
    code = pynp_wait_end(&wait, code);
    if (code != NP_OK) {
        return pynp_raise_name(st, code, name);
    }
    Py_RETURN_NONE;
}

/* np_call, for a reply of any length. */
static int call(pynp_state *st, const char *name, const Py_buffer *request,
                size_t max, uint32_t ms, PyObject **reply_out)
{
    npi_deadline deadline = npi_deadline_in(ms);
    np_pipe *pipe = NULL;
    pynp_wait wait;
    pynp_wait_begin(&wait, st);
    int code = np_connect(name, NULL, &pipe, ms);
    code = pynp_wait_end(&wait, code);
    if (code == NP_OK) {
        code = np_set_state(pipe, NP_READMODE_MESSAGE);
    }
    if (code == NP_OK) {
        code = pynp_ask(st, pipe, request, max, npi_left_ms(deadline),
                        reply_out);
    }
    np_close(pipe);
    return code == NP_TIMEOUT ? NP_SEM_TIMEOUT : code;
}

PYNP_FAST(pynp_call)
{
    static const pynp_signature sig = {
        "call", 2, 4, {"name", "data", "timeout", "max_size", NULL}};
    pynp_state *st = pynp_module_state(self);
    PyObject *slots[4], *reply = NULL;
    Py_buffer view;
    const char *name;
    size_t max = PY_SSIZE_T_MAX;
    uint32_t ms = NP_INFINITE;
    if (pynp_sort(&sig, args, count, keywords, slots) < 0 ||
        !(name = pynp_text("name", slots[0])) ||
        pynp_timeout(slots[2], NULL, &ms) < 0 ||
        pynp_size("max_size", slots[3], &max) < 0 ||
        PyObject_GetBuffer(slots[1], &view, PyBUF_SIMPLE) < 0) {
        return NULL;
    }
    int code = call(st, name, &view, max, ms, &reply);
    PyBuffer_Release(&view);
    if (code == NP_OK) {
        return reply;
    }
    pynp_raise_name(st, code, name);
    if (code == NP_MORE_DATA) {
        pynp_raised_set("partial", reply);
    }
    return NULL;
}

PYNP_FAST(pynp_exists)
{
    static const pynp_signature sig = {"exists", 1, 1, {"name", NULL}};
    pynp_state *st = pynp_module_state(self);
    PyObject *slots[1];
    const char *name;
    if (pynp_sort(&sig, args, count, keywords, slots) < 0 ||
        !(name = pynp_text("name", slots[0]))) {
        return NULL;
    }
    pynp_wait wait;
    pynp_wait_begin(&wait, st);
    int code = np_exists(name);
    code = pynp_wait_end(&wait, code);
    if (code == NP_OK || code == NP_FILE_NOT_FOUND) {
        return PyBool_FromLong(code == NP_OK);
    }
    return pynp_raise_name(st, code, name);
}

static PyObject *list_of(const char *names)
{
    PyObject *list = PyList_New(0);
    while (list && *names) {
        size_t length = strlen(names);
        PyObject *name = PyUnicode_DecodeUTF8(names, (Py_ssize_t)length,
                                              "replace");
        if (!name || PyList_Append(list, name) < 0) {
            Py_CLEAR(list);
        }
        Py_XDECREF(name);
        names += length + 1;
    }
    return list;
}

PYNP_FAST(pynp_names)
{
    static const pynp_signature sig = {"names", 0, 1, {"pattern", NULL}};
    pynp_state *st = pynp_module_state(self);
    PyObject *slots[1];
    const char *pattern = NULL;
    char *names = NULL;
    if (pynp_sort(&sig, args, count, keywords, slots) < 0 ||
        (slots[0] && !(pattern = pynp_text("pattern", slots[0])))) {
        return NULL;
    }
    pynp_wait wait;
    pynp_wait_begin(&wait, st);
    int code = np_names(pattern, &names);
    code = pynp_wait_end(&wait, code);
    if (code != NP_OK) {
        return pynp_raise(st, code, NULL);
    }
    PyObject *list = list_of(names);
    np_free(names);
    return list;
}
