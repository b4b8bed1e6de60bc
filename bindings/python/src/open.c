/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* The functions that make a Pipe or a Server. The object comes first, then
 * the core's handle into it: a failure between the two leaks neither. */

#include "pynp.h"

/* Both kinds of server begin with these; create() has two more, and for the
 * client's end there are four in common. */
#define SERVER_NAMES                                                           \
    "name", "mode", "read_mode", "access", "max_instances", "in_quota",        \
        "out_quota", "default_timeout", "spin"
#define SERVER_SLOTS 11
#define CLIENT_NAMES "access", "read_mode", "nowait", "spin"

static int server_options(PyObject **slots, np_server_opts *opts)
{
    if (pynp_choose("mode", pynp_modes, slots[1], &opts->mode) < 0 ||
        pynp_choose("read_mode", pynp_read_modes, slots[2], &opts->read_mode) <
            0 ||
        pynp_choose("access", pynp_server_access, slots[3], &opts->access) <
            0 ||
        pynp_u32("max_instances", slots[4], &opts->max_instances) < 0 ||
        pynp_u32("in_quota", slots[5], &opts->in_quota) < 0 ||
        pynp_u32("out_quota", slots[6], &opts->out_quota) < 0 ||
        pynp_timeout(slots[7], NULL, &opts->default_timeout) < 0) {
        return -1;
    }
    return pynp_flag_unless(slots[8], NP_FLAG_NO_SPIN, &opts->flags);
}

PYNP_FAST(pynp_create)
{
    static const pynp_signature sig = {
        "create", 1, 1, {SERVER_NAMES, "first", "nowait", NULL}};
    pynp_state *st = pynp_module_state(self);
    PyObject *slots[SERVER_SLOTS];
    np_server_opts opts = NP_SERVER_OPTS_INIT;
    const char *name;
    if (pynp_sort(&sig, args, count, keywords, slots) < 0 ||
        !(name = pynp_text("name", slots[0])) ||
        server_options(slots, &opts) < 0 ||
        pynp_flag(slots[9], NP_FLAG_FIRST, &opts.flags) < 0 ||
        pynp_flag(slots[10], NP_FLAG_NOWAIT, &opts.flags) < 0) {
        return NULL;
    }
    PyObject *made = pynp_pipe_new(st, true);
    if (!made) {
        return NULL;
    }
    pynp_wait wait;
    pynp_wait_begin(&wait, st);
    int code = np_create(name, &opts, &pynp_pipe_of(made)->pipe);
    code = pynp_wait_end(&wait, code);
    if (code != NP_OK) {
        Py_DECREF(made);
        return pynp_raise_name(st, code, name);
    }
    return made;
}

PYNP_FAST(pynp_listen)
{
    static const pynp_signature sig = {"listen", 1, 1, {SERVER_NAMES, NULL}};
    pynp_state *st = pynp_module_state(self);
    PyObject *slots[SERVER_SLOTS];
    np_server_opts opts = NP_SERVER_OPTS_INIT;
    const char *name;
    if (pynp_sort(&sig, args, count, keywords, slots) < 0 ||
        !(name = pynp_text("name", slots[0])) ||
        server_options(slots, &opts) < 0) {
        return NULL;
    }
    PyObject *made = pynp_server_new(st);
    if (!made) {
        return NULL;
    }
    pynp_wait wait;
    pynp_wait_begin(&wait, st);
    int code = np_listen(name, &opts, &pynp_server_of(made)->server);
    code = pynp_wait_end(&wait, code);
    if (code != NP_OK) {
        Py_DECREF(made);
        return pynp_raise_name(st, code, name);
    }
    return made;
}

/* A word, or any sum of the constants. */
static int client_access(PyObject *arg, uint32_t *access)
{
    if (arg && PyLong_Check(arg)) {
        return pynp_u32("access", arg, access);
    }
    return pynp_choose("access", pynp_client_access, arg, access);
}

/* The slots of CLIENT_NAMES. */
static int client_options(PyObject **slots, np_client_opts *opts)
{
    if (client_access(slots[0], &opts->access) < 0 ||
        pynp_choose("read_mode", pynp_read_modes, slots[1], &opts->read_mode) <
            0 ||
        pynp_flag(slots[2], NP_FLAG_NOWAIT, &opts->flags) < 0) {
        return -1;
    }
    return pynp_flag_unless(slots[3], NP_FLAG_NO_SPIN, &opts->flags);
}

PYNP_FAST(pynp_open)
{
    static const pynp_signature sig = {
        "open", 1, 1, {"name", CLIENT_NAMES, NULL}};
    pynp_state *st = pynp_module_state(self);
    PyObject *slots[5];
    np_client_opts opts = NP_CLIENT_OPTS_INIT;
    const char *name;
    if (pynp_sort(&sig, args, count, keywords, slots) < 0 ||
        !(name = pynp_text("name", slots[0])) ||
        client_options(slots + 1, &opts) < 0) {
        return NULL;
    }
    PyObject *made = pynp_pipe_new(st, false);
    if (!made) {
        return NULL;
    }
    pynp_wait wait;
    pynp_wait_begin(&wait, st);
    int code = np_open(name, &opts, &pynp_pipe_of(made)->pipe);
    code = pynp_wait_end(&wait, code);
    if (code != NP_OK) {
        Py_DECREF(made);
        return pynp_raise_name(st, code, name);
    }
    return made;
}

PYNP_FAST(pynp_connect)
{
    static const pynp_signature sig = {
        "connect", 1, 2, {"name", "timeout", "wait", CLIENT_NAMES, NULL}};
    pynp_state *st = pynp_module_state(self);
    PyObject *slots[7];
    np_client_opts opts = NP_CLIENT_OPTS_INIT;
    const char *name;
    uint32_t ms = NP_INFINITE;
    if (pynp_sort(&sig, args, count, keywords, slots) < 0 ||
        !(name = pynp_text("name", slots[0])) ||
        pynp_timeout(slots[1], NULL, &ms) < 0 ||
        pynp_choose("wait", pynp_waits, slots[2], &opts.wait) < 0 ||
        client_options(slots + 3, &opts) < 0) {
        return NULL;
    }
    PyObject *made = pynp_pipe_new(st, false);
    if (!made) {
        return NULL;
    }
    pynp_wait wait;
    pynp_wait_begin(&wait, st);
    int code = np_connect(name, &opts, &pynp_pipe_of(made)->pipe, ms);
    code = pynp_wait_end(&wait, code);
    if (code != NP_OK) {
        Py_DECREF(made);
        return pynp_raise_name(st, code, name);
    }
    return made;
}
