/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* The exception classes, and the one converter from a code to an exception. */

#include "pynp.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

static const struct {
    int code;
    const char *error; /* its name in the module errno */
    enum pynp_class class;
} codes[] = {
#define NP_X(name, code, errno_name, class, text)                              \
    {code, #errno_name, PYNP_##class},
    NP_ERRORS(NP_X)
#undef NP_X
};

#define CODE_COUNT (sizeof codes / sizeof *codes)

/* OSError's own text begins with errno; the number that is the same on every
 * system says more. */
static PyObject *error_str(PyObject *self, PyObject *unused)
{
    (void)unused;
    PyObject *number = PyObject_GetAttrString(self, "winerror");
    PyObject *text = PyObject_GetAttrString(self, "strerror");
    PyObject *path = PyObject_GetAttrString(self, "filename");
    PyObject *result = NULL;
    if (number && text && path) {
        if (number == Py_None) {
            result = PyObject_CallMethod(PyExc_OSError, "__str__", "O", self);
        } else if (path == Py_None) {
            result = PyUnicode_FromFormat("[WinError %S] %S", number, text);
        } else {
            result = PyUnicode_FromFormat("[WinError %S] %S: %R", number, text,
                                          path);
        }
    }
    Py_XDECREF(number);
    Py_XDECREF(text);
    Py_XDECREF(path);
    return result;
}

static PyMethodDef error_str_def = {
    "__str__", error_str, METH_NOARGS,
    "__str__($self, /)\n--\n\nReturn str(self)."};

static PyObject *base_class(void)
{
    PyObject *dict = Py_BuildValue("{s:O,s:y,s:i}", "winerror", Py_None,
                                   "partial", "", "written", 0);
    if (!dict) {
        return NULL;
    }
    PyObject *class = PyErr_NewExceptionWithDoc("namedpipe.PipeError", NULL,
                                                PyExc_OSError, dict);
    Py_DECREF(dict);
    if (!class) {
        return NULL;
    }
    PyObject *str = PyDescr_NewMethod((PyTypeObject *)class, &error_str_def);
    if (!str || PyObject_SetAttrString(class, "__str__", str) < 0) {
        Py_CLEAR(class);
    }
    Py_XDECREF(str);
    return class;
}

static PyObject *child_class(const char *name, PyObject *parent,
                             PyObject *second)
{
    PyObject *bases = second ? PyTuple_Pack(2, parent, second)
                             : PyTuple_Pack(1, parent);
    if (!bases) {
        return NULL;
    }
    PyObject *class = PyErr_NewExceptionWithDoc(name, NULL, bases, NULL);
    Py_DECREF(bases);
    return class;
}

static int add_class(PyObject *module, pynp_state *st, enum pynp_class index,
                     PyObject *class, const char *name, const char *doc)
{
    if (!class) {
        return -1;
    }
    st->classes[index] = class;
    PyObject *text = PyUnicode_FromString(doc);
    int failed = !text || PyObject_SetAttrString(class, "__doc__", text) < 0 ||
                 PyModule_AddObjectRef(module, name, class) < 0;
    Py_XDECREF(text);
    return failed ? -1 : 0;
}

/* Python has numbers of its own for some of them on Windows. */
static int find_errnos(pynp_state *st)
{
    static_assert(CODE_COUNT == PYNP_CODE_COUNT, "one for each code");
    PyObject *errnos = PyImport_ImportModule("errno");
    for (size_t i = 0; errnos && i < CODE_COUNT; i++) {
        PyObject *number = PyObject_GetAttrString(errnos, codes[i].error);
        st->errnos[i] = number ? (int)PyLong_AsLong(number) : EINVAL;
        Py_XDECREF(number);
        if (PyErr_Occurred()) {
            Py_CLEAR(errnos);
        }
    }
    Py_XDECREF(errnos);
    return errnos ? 0 : -1;
}

int pynp_errors_init(PyObject *module, pynp_state *st)
{
    if (find_errnos(st) < 0) {
        return -1;
    }
#define PYNP_X(name, second, doc)                                              \
    if (add_class(module, st, PYNP_##name,                                     \
                  PYNP_##name == PYNP_PipeError                                \
                      ? base_class()                                           \
                      : child_class("namedpipe." #name,                        \
                                    st->classes[PYNP_PipeError], second),      \
                  #name, doc) < 0) {                                           \
        return -1;                                                             \
    }
    PYNP_CLASSES(PYNP_X)
#undef PYNP_X
    return 0;
}

/* The text of a code, and what more the core has to say about it. */
static PyObject *describe(int code)
{
    const char *detail = np_error_detail();
    PyObject *more = PyUnicode_DecodeUTF8(detail, (Py_ssize_t)strlen(detail),
                                          "replace");
    if (!more) {
        return NULL;
    }
    PyObject *text = PyUnicode_GetLength(more) == 0
                         ? PyUnicode_FromString(np_strerror(code))
                         : PyUnicode_FromFormat("%s: %U", np_strerror(code),
                                                more);
    Py_DECREF(more);
    return text;
}

static PyObject *make(PyObject *class, int error, int code, PyObject *text,
                      const char *path)
{
    PyObject *name = path ? PyUnicode_DecodeUTF8(path, (Py_ssize_t)strlen(path),
                                                 "replace")
                          : Py_NewRef(Py_None);
    PyObject *number = PyLong_FromLong(code);
    PyObject *made = NULL;
    if (name && number) {
        made = PyObject_CallFunction(class, "iOO", error, text, name);
    }
    if (made && PyObject_SetAttrString(made, "winerror", number) < 0) {
        Py_CLEAR(made);
    }
    Py_XDECREF(name);
    Py_XDECREF(number);
    return made;
}

static PyObject *raise_text(pynp_state *st, int code, PyObject *text,
                            const char *path)
{
    int error = EINVAL;
    enum pynp_class class = PYNP_PipeError;
    for (size_t i = 0; i < CODE_COUNT; i++) {
        if (codes[i].code == code) {
            error = st->errnos[i];
            class = codes[i].class;
        }
    }
    /* A call that returns while the interpreter shuts down may find the
     * module's state cleared. */
    PyObject *type = st->classes[class] ? st->classes[class] : PyExc_OSError;
    PyObject *exception = make(type, error, code, text, path);
    if (exception) {
        PyErr_SetObject((PyObject *)Py_TYPE(exception), exception);
        Py_DECREF(exception);
    }
    Py_DECREF(text);
    return NULL;
}

PyObject *pynp_raise(pynp_state *st, int code, const char *path)
{
    if (code == PYNP_RAISED) {
        return NULL;
    }
    PyObject *text = describe(code);
    return text ? raise_text(st, code, text, path) : NULL;
}

PyObject *pynp_raise_name(pynp_state *st, int code, const char *name)
{
    if (code == PYNP_RAISED) {
        return NULL;
    }
    /* In this order: asking for the full name may change the detail. */
    PyObject *text = describe(code);
    char path[1024];
    np_full_name(name, path, sizeof path);
    return text ? raise_text(st, code, text, path) : NULL;
}

void pynp_raised_set(const char *attribute, PyObject *value)
{
    PyObject *type, *exception, *trace;
    PyErr_Fetch(&type, &exception, &trace);
    PyErr_NormalizeException(&type, &exception, &trace);
    if (value && exception) {
        PyObject_SetAttrString(exception, attribute, value);
    }
    Py_XDECREF(value);
    PyErr_Restore(type, exception, trace);
}
