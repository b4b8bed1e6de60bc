/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* The module namedpipe._core. */

#include "pynp.h"

#include "doc_module.h"

/* An abi3 module is compiled for 3.11 but serves newer Pythons too; what they
 * know more of is therefore decided when the module is loaded. */
#ifndef Py_mod_multiple_interpreters
#define Py_mod_multiple_interpreters 3
#define Py_MOD_PER_INTERPRETER_GIL_SUPPORTED ((void *)2)
#endif
#ifndef Py_mod_gil
#define Py_mod_gil 4
#define Py_MOD_GIL_NOT_USED ((void *)1)
#endif

PyObject *pynp_delegate(const char *module, const char *function,
                        PyObject *self, PyObject *args, PyObject *kwargs)
{
    PyObject *home = PyImport_ImportModule(module);
    PyObject *called = home ? PyObject_GetAttrString(home, function) : NULL;
    PyObject *first = PyTuple_Pack(1, self);
    PyObject *all = first ? PySequence_Concat(first, args) : NULL;
    PyObject *result = called && all ? PyObject_Call(called, all, kwargs)
                                     : NULL;
    Py_XDECREF(home);
    Py_XDECREF(called);
    Py_XDECREF(first);
    Py_XDECREF(all);
    return result;
}

static PyMethodDef functions[] = {
    PYNP_METHOD("create", pynp_create, DOC_CREATE),
    PYNP_METHOD("listen", pynp_listen, DOC_LISTEN),
    PYNP_METHOD("open", pynp_open, DOC_OPEN),
    PYNP_METHOD("connect", pynp_connect, DOC_CONNECT),
    PYNP_METHOD("wait", pynp_wait_for, DOC_WAIT),
    PYNP_METHOD("call", pynp_call, DOC_CALL),
    PYNP_METHOD("exists", pynp_exists, DOC_EXISTS),
    PYNP_METHOD("names", pynp_names, DOC_NAMES),
    PYNP_METHOD("select", pynp_select, DOC_SELECT),
    {"_after_fork", pynp_after_fork, METH_NOARGS, DOC_AFTER_FORK},
    {"_set_interrupt", pynp_set_interrupt, METH_O, DOC_SET_INTERRUPT},
    {NULL, NULL, 0, NULL}};

static int add_constants(PyObject *module)
{
#define NP_X(name, value)                                                      \
    if (PyModule_AddIntConstant(module, #name, value) < 0) {                   \
        return -1;                                                             \
    }
    NP_CONSTANTS(NP_X)
#undef NP_X
    if (PyModule_AddStringConstant(module, "DEFAULT", PYNP_DEFAULT) < 0) {
        return -1;
    }
    return PyModule_AddStringConstant(module, "__version__", np_version());
}

static PyObject *error_numbers(void)
{
    PyObject *list = PyList_New(0);
#define NP_X(name, code, errno_name, class, text)                              \
    if (list) {                                                                \
        PyObject *pair = Py_BuildValue("(sl)", #name, (long)(code));           \
        if (!pair || PyList_Append(list, pair) < 0) {                          \
            Py_CLEAR(list);                                                    \
        }                                                                      \
        Py_XDECREF(pair);                                                      \
    }
    NP_ERRORS(NP_X)
#undef NP_X
    return list;
}

/* E, an enum.IntEnum. */
static int add_errors_enum(PyObject *module)
{
    PyObject *numbers = error_numbers();
    PyObject *home = numbers ? PyImport_ImportModule("enum") : NULL;
    PyObject *made = NULL;
    if (home) {
        made = PyObject_CallMethod(home, "IntEnum", "sO", "E", numbers);
    }
    PyObject *doc = made ? PyUnicode_FromString(DOC_E) : NULL;
    PyObject *where = doc ? PyUnicode_FromString("namedpipe") : NULL;
    int failed = !where || PyObject_SetAttrString(made, "__doc__", doc) < 0 ||
                 PyObject_SetAttrString(made, "__module__", where) < 0 ||
                 PyModule_AddObjectRef(module, "E", made) < 0;
    Py_XDECREF(numbers);
    Py_XDECREF(home);
    Py_XDECREF(made);
    Py_XDECREF(doc);
    Py_XDECREF(where);
    return failed ? -1 : 0;
}

static int add_type(PyObject *module, PyType_Spec *spec, bool public,
                    PyTypeObject **type_out)
{
    *type_out = (PyTypeObject *)PyType_FromModuleAndSpec(module, spec, NULL);
    if (!*type_out) {
        return -1;
    }
    return public ? PyModule_AddType(module, *type_out) : 0;
}

static int module_exec(PyObject *module)
{
    pynp_state *st = pynp_module_state(module);
    if (pynp_errors_init(module, st) < 0 || pynp_records_init(module, st) < 0 ||
        pynp_wait_init(st) < 0 || add_constants(module) < 0 ||
        add_errors_enum(module) < 0 ||
        add_type(module, &pynp_pipe_spec, true, &st->pipe_type) < 0 ||
        add_type(module, &pynp_server_spec, true, &st->server_type) < 0) {
        return -1;
    }
    return add_type(module, &pynp_messages_spec, false, &st->messages_type);
}

static int module_traverse(PyObject *module, visitproc visit, void *arg)
{
    pynp_state *st = pynp_module_state(module);
    if (!st) {
        return 0;
    }
    for (int i = 0; i < PYNP_CLASS_COUNT; i++) {
        Py_VISIT(st->classes[i]);
    }
    Py_VISIT(st->peek_type);
    Py_VISIT(st->info_type);
    Py_VISIT(st->peer_type);
    Py_VISIT(st->pipe_type);
    Py_VISIT(st->messages_type);
    Py_VISIT(st->server_type);
    return 0;
}

static int module_clear(PyObject *module)
{
    pynp_state *st = pynp_module_state(module);
    if (!st) {
        return 0;
    }
    for (int i = 0; i < PYNP_CLASS_COUNT; i++) {
        Py_CLEAR(st->classes[i]);
    }
    Py_CLEAR(st->peek_type);
    Py_CLEAR(st->info_type);
    Py_CLEAR(st->peer_type);
    Py_CLEAR(st->pipe_type);
    Py_CLEAR(st->messages_type);
    Py_CLEAR(st->server_type);
    return 0;
}

static void module_free(void *module)
{
    module_clear(module);
}

#define EXEC (void *)module_exec
#define INTERPRETERS Py_MOD_PER_INTERPRETER_GIL_SUPPORTED

static PyModuleDef_Slot slots_311[] = {{Py_mod_exec, EXEC}, {0, NULL}};
static PyModuleDef_Slot slots_312[] = {
    {Py_mod_exec, EXEC},
    {Py_mod_multiple_interpreters, INTERPRETERS},
    {0, NULL}};
static PyModuleDef_Slot slots_313[] = {
    {Py_mod_exec, EXEC},
    {Py_mod_multiple_interpreters, INTERPRETERS},
    {Py_mod_gil, Py_MOD_GIL_NOT_USED},
    {0, NULL}};

#define DEFINITION(slots)                                                      \
    {                                                                          \
        PyModuleDef_HEAD_INIT, "namedpipe._core", DOC_MODULE,                  \
            sizeof(pynp_state), functions, slots, module_traverse,             \
            module_clear, module_free                                          \
    }

static PyModuleDef module_311 = DEFINITION(slots_311);
static PyModuleDef module_312 = DEFINITION(slots_312);
static PyModuleDef module_313 = DEFINITION(slots_313);

PyMODINIT_FUNC PyInit__core(void);
PyMODINIT_FUNC PyInit__core(void)
{
    if (Py_Version >= 0x030D0000) {
        return PyModuleDef_Init(&module_313);
    }
    return PyModuleDef_Init(Py_Version >= 0x030C0000 ? &module_312
                                                     : &module_311);
}
