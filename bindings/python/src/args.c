/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* From Python's arguments to the core's. */

#include "pynp.h"

#include <string.h>

const pynp_choice pynp_modes[] = {
    {"byte", NP_BYTE}, {"message", NP_MESSAGE}, {NULL, 0}};
const pynp_choice pynp_read_modes[] = {{"default", NP_MODE_DEFAULT},
                                       {"byte", NP_BYTE},
                                       {"message", NP_MESSAGE},
                                       {NULL, 0}};
const pynp_choice pynp_server_access[] = {{"inbound", NP_INBOUND},
                                          {"outbound", NP_OUTBOUND},
                                          {"duplex", NP_DUPLEX},
                                          {NULL, 0}};
const pynp_choice pynp_client_access[] = {{"r", NP_READ},
                                          {"w", NP_WRITE},
                                          {"rw", NP_READ | NP_WRITE},
                                          {"", 0},
                                          {NULL, 0}};
const pynp_choice pynp_waits[] = {
    {"instance", NP_WAIT_INSTANCE}, {"server", NP_WAIT_SERVER}, {NULL, 0}};
const pynp_choice pynp_states[] = {{"disconnected", NP_DISCONNECTED},
                                   {"listening", NP_LISTENING},
                                   {"connected", NP_CONNECTED},
                                   {"closing", NP_CLOSING},
                                   {NULL, 0}};

static int count_names(const pynp_signature *sig)
{
    int n = 0;
    while (sig->names[n]) {
        n++;
    }
    return n;
}

static int sort_keyword(const pynp_signature *sig, PyObject *keyword,
                        PyObject *value, PyObject **slots)
{
    for (int i = 0; sig->names[i]; i++) {
        if (PyUnicode_CompareWithASCIIString(keyword, sig->names[i]) != 0) {
            continue;
        }
        if (slots[i]) {
            PyErr_Format(PyExc_TypeError,
                         "%s() got multiple values for argument '%U'",
                         sig->function, keyword);
            return -1;
        }
        slots[i] = value;
        return 0;
    }
    PyErr_Format(PyExc_TypeError,
                 "%s() got an unexpected keyword argument '%U'", sig->function,
                 keyword);
    return -1;
}

int pynp_sort(const pynp_signature *sig, PyObject *const *args,
              Py_ssize_t count, PyObject *keywords, PyObject **slots)
{
    int names = count_names(sig);
    if (count > sig->positional) {
        PyErr_Format(PyExc_TypeError,
                     "%s() takes at most %d positional argument%s (%zd given)",
                     sig->function, sig->positional,
                     sig->positional == 1 ? "" : "s", count);
        return -1;
    }
    for (int i = 0; i < names; i++) {
        slots[i] = i < count ? args[i] : NULL;
    }
    Py_ssize_t named = keywords ? PyTuple_Size(keywords) : 0;
    for (Py_ssize_t i = 0; i < named; i++) {
        if (sort_keyword(sig, PyTuple_GetItem(keywords, i), args[count + i],
                         slots) < 0) {
            return -1;
        }
    }
    for (int i = 0; i < sig->required; i++) {
        if (!slots[i]) {
            PyErr_Format(PyExc_TypeError, "%s() missing required argument '%s'",
                         sig->function, sig->names[i]);
            return -1;
        }
    }
    return 0;
}

static int refuse_choice(PyObject *class, const char *what,
                         const pynp_choice *choices, PyObject *arg)
{
    char words[96] = "";
    for (const pynp_choice *c = choices; c->word; c++) {
        strcat(words, c == choices ? "'" : c[1].word ? ", '" : " or '");
        strcat(words, c->word);
        strcat(words, "'");
    }
    PyErr_Format(class, "%s must be %s, not %R", what, words, arg);
    return -1;
}

int pynp_choose(const char *what, const pynp_choice *choices, PyObject *arg,
                uint32_t *out)
{
    if (!arg) {
        return 0;
    }
    bool word = PyUnicode_Check(arg);
    if (!word && !PyLong_Check(arg)) {
        return refuse_choice(PyExc_TypeError, what, choices, arg);
    }
    int overflow;
    long number = word ? 0 : PyLong_AsLongAndOverflow(arg, &overflow);
    for (const pynp_choice *c = choices; c->word; c++) {
        if (word ? PyUnicode_CompareWithASCIIString(arg, c->word) == 0
                 : number == (long)c->value) {
            *out = c->value;
            return 0;
        }
    }
    return refuse_choice(PyExc_ValueError, what, choices, arg);
}

int pynp_u32(const char *what, PyObject *arg, uint32_t *out)
{
    if (!arg) {
        return 0;
    }
    PyObject *number = PyNumber_Index(arg);
    if (!number) {
        return -1;
    }
    int overflow;
    long long value = PyLong_AsLongLongAndOverflow(number, &overflow);
    Py_DECREF(number);
    if (overflow || value < 0 || value > UINT32_MAX) {
        PyErr_Format(PyExc_OverflowError, "%s must be 0 to 4294967295, not %R",
                     what, arg);
        return -1;
    }
    *out = (uint32_t)value;
    return 0;
}

int pynp_flag(PyObject *arg, uint32_t bit, uint32_t *flags)
{
    int truth = arg ? PyObject_IsTrue(arg) : 0;
    if (truth > 0) {
        *flags |= bit;
    }
    return truth < 0 ? -1 : 0;
}

int pynp_flag_unless(PyObject *arg, uint32_t bit, uint32_t *flags)
{
    int truth = arg ? PyObject_IsTrue(arg) : 1;
    if (truth == 0) {
        *flags |= bit;
    }
    return truth < 0 ? -1 : 0;
}

int pynp_size(const char *what, PyObject *arg, size_t *out)
{
    if (!arg || arg == Py_None) {
        return 0;
    }
    Py_ssize_t value = PyNumber_AsSsize_t(arg, PyExc_OverflowError);
    if (value == -1) {
        return PyErr_Occurred() ? -1 : 0;
    }
    if (value < 0) {
        PyErr_Format(PyExc_ValueError, "%s must not be negative", what);
        return -1;
    }
    *out = (size_t)value;
    return 0;
}

int pynp_timeout(PyObject *arg, const uint32_t *standard, uint32_t *ms)
{
    if (!arg) {
        return 0;
    }
    if (arg == Py_None) {
        *ms = NP_INFINITE;
        return 0;
    }
    if (standard && PyUnicode_Check(arg) &&
        PyUnicode_CompareWithASCIIString(arg, PYNP_DEFAULT) == 0) {
        *ms = *standard;
        return 0;
    }
    double seconds = PyFloat_AsDouble(arg);
    if (seconds == -1.0 && PyErr_Occurred()) {
        return -1;
    }
    if (!(seconds >= 0)) {
        PyErr_SetString(PyExc_ValueError,
                        "timeout must be a number of seconds, 0 or more, or "
                        "None to wait without a limit");
        return -1;
    }
    double exact = seconds * 1000;
    /* The two highest values mean NP_INFINITE and NP_USE_DEFAULT. */
    if (exact > NP_USE_DEFAULT - 1) {
        PyErr_SetString(PyExc_OverflowError,
                        "timeout is too large; use None to wait without a "
                        "limit");
        return -1;
    }
    *ms = (uint32_t)exact;
    *ms += *ms < exact;
    return 0;
}

PyObject *pynp_seconds(uint32_t ms)
{
    return ms == NP_INFINITE ? Py_NewRef(Py_None)
                             : PyFloat_FromDouble(ms / 1000.0);
}

const char *pynp_text(const char *what, PyObject *arg)
{
    if (!PyUnicode_Check(arg)) {
        PyErr_Format(PyExc_TypeError, "%s must be str, not %R", what,
                     (PyObject *)Py_TYPE(arg));
        return NULL;
    }
    Py_ssize_t length;
    const char *text = PyUnicode_AsUTF8AndSize(arg, &length);
    if (text && strlen(text) != (size_t)length) {
        PyErr_Format(PyExc_ValueError, "%s contains a null character", what);
        return NULL;
    }
    return text;
}

PyObject *pynp_word(const pynp_choice *choices, uint32_t value)
{
    while (choices->word && choices->value != value) {
        choices++;
    }
    return PyUnicode_FromString(choices->word ? choices->word : "unknown");
}
