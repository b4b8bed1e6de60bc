/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* Waiting without the GIL, and signals while doing so.
 *
 * The core asks check_signals before it sleeps, when a signal woke it, and
 * every now and then. Python runs signal handlers in the main thread of the
 * main interpreter only, so everywhere else the answer is a cheap "go on". A
 * handler may itself call a pipe: that inner call takes the core's hook away
 * when it is done, hence the outer one sets its own again.
 *
 * A thread may have a function of its own asked as well (_set_interrupt); that
 * is how namedpipe.compat ends one call of several that wait on a pipe. */

#include "pynp.h"

#define HOOK "namedpipe._core._set_interrupt"

PyObject *pynp_set_interrupt(PyObject *module, PyObject *check)
{
    atomic_store(&pynp_module_state(module)->hooked, true);
    PyObject *dict = PyThreadState_GetDict();
    if (!dict || PyDict_SetItemString(dict, HOOK, check) < 0) {
        return PyErr_Occurred() ? NULL : PyErr_NoMemory();
    }
    Py_RETURN_NONE;
}

static PyObject *hook_of_thread(const pynp_state *st)
{
    if (!atomic_load_explicit(&st->hooked, memory_order_relaxed)) {
        return NULL;
    }
    PyObject *dict = PyThreadState_GetDict();
    PyObject *hook = dict ? PyDict_GetItemString(dict, HOOK) : NULL;
    return hook == Py_None ? NULL : Py_XNewRef(hook);
}

/* Whether the wait shall end; an exception ends it too. */
static bool ask(pynp_wait *wait)
{
    wait->raised = wait->main && PyErr_CheckSignals() != 0;
    if (wait->raised || !wait->hook) {
        return wait->raised;
    }
    PyObject *answer = PyObject_CallNoArgs(wait->hook);
    int stop = answer ? PyObject_IsTrue(answer) : -1;
    Py_XDECREF(answer);
    wait->raised = stop < 0;
    return stop != 0;
}

static int check_signals(void *arg)
{
    pynp_wait *wait = arg;
    if (wait->raised || (!wait->main && !wait->hook)) {
        return wait->raised;
    }
    PyEval_RestoreThread(wait->thread);
    bool stop = ask(wait);
    wait->thread = PyEval_SaveThread();
    np_set_interrupt(check_signals, wait);
    return stop;
}

void pynp_wait_begin(pynp_wait *wait, const pynp_state *st)
{
    wait->main = PyThread_get_thread_ident() == st->main_thread;
    wait->raised = false;
    wait->hook = hook_of_thread(st);
    np_set_interrupt(check_signals, wait);
    wait->thread = PyEval_SaveThread();
}

int pynp_wait_end(pynp_wait *wait, int code)
{
    PyEval_RestoreThread(wait->thread);
    np_set_interrupt(NULL, NULL);
    Py_CLEAR(wait->hook);
    return wait->raised ? PYNP_RAISED : code;
}

int pynp_wait_init(pynp_state *st)
{
    PyObject *threading = PyImport_ImportModule("threading");
    if (!threading) {
        return -1;
    }
    PyObject *thread = PyObject_CallMethod(threading, "main_thread", NULL);
    Py_DECREF(threading);
    PyObject *ident = thread ? PyObject_GetAttrString(thread, "ident") : NULL;
    Py_XDECREF(thread);
    if (!ident) {
        return -1;
    }
    st->main_thread = PyLong_AsUnsignedLong(ident);
    Py_DECREF(ident);
    return PyErr_Occurred() ? -1 : 0;
}

/* The thread that forked is the child's main thread. */
PyObject *pynp_after_fork(PyObject *module, PyObject *unused)
{
    (void)unused;
    pynp_module_state(module)->main_thread = PyThread_get_thread_ident();
    Py_RETURN_NONE;
}
