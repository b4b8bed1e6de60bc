/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* The named tuples that Pipe.peek(), Pipe.info and Pipe.peer return. */

#include "pynp.h"

static PyStructSequence_Field peek_fields[] = {
    {"data", "bytes of the next read, not taken"},
    {"available", "how many bytes are unread, later messages included"},
    {"left_in_message", "bytes of the first message that are not in data"},
    {NULL, NULL}};
static PyStructSequence_Field info_fields[] = {
    {"server_end", "whether this is the server's end"},
    {"mode", "the type of the pipe: 'byte' or 'message'"},
    {"access", "its direction: 'inbound', 'outbound' or 'duplex'"},
    {"out_quota", "bytes from server to client before a write waits"},
    {"in_quota", "bytes from client to server before a write waits"},
    {"max_instances", "1 to 255, 255 meaning no limit"},
    {NULL, NULL}};
static PyStructSequence_Field peer_fields[] = {
    {"pid", "process id, 0 if it cannot be known; it may have been reused"},
    {"uid", "user id, or None where users have no numbers"},
    {"user", "name of the user, '' if it has none"},
    {NULL, NULL}};

static PyStructSequence_Desc peek_desc = {
    "namedpipe.Peek", "What the next read would get.", peek_fields, 3};
static PyStructSequence_Desc info_desc = {
    "namedpipe.Info", "What a pipe was made with.", info_fields, 6};
static PyStructSequence_Desc peer_desc = {
    "namedpipe.Peer", "Who is on the other end.", peer_fields, 3};

static int add_record(PyObject *module, PyStructSequence_Desc *desc,
                      PyTypeObject **type_out)
{
    *type_out = PyStructSequence_NewType(desc);
    return *type_out ? PyModule_AddType(module, *type_out) : -1;
}

int pynp_records_init(PyObject *module, pynp_state *st)
{
    if (add_record(module, &peek_desc, &st->peek_type) < 0 ||
        add_record(module, &info_desc, &st->info_type) < 0) {
        return -1;
    }
    return add_record(module, &peer_desc, &st->peer_type);
}

/* Takes over the items; one that is NULL has raised already. */
static PyObject *record(PyTypeObject *type, PyObject *const *items,
                        Py_ssize_t count)
{
    PyObject *made = PyStructSequence_New(type);
    bool whole = made != NULL;
    for (Py_ssize_t i = 0; i < count; i++) {
        whole = whole && items[i];
        if (made) {
            PyStructSequence_SetItem(made, i, items[i]);
        } else {
            Py_XDECREF(items[i]);
        }
    }
    if (!whole) {
        Py_CLEAR(made);
    }
    return made;
}

PyObject *pynp_peek_record(pynp_state *st, PyObject *data, size_t available,
                           size_t left)
{
    PyObject *items[] = {data, PyLong_FromSize_t(available),
                         PyLong_FromSize_t(left)};
    return record(st->peek_type, items, 3);
}

PyObject *pynp_info_record(pynp_state *st, const np_info *info)
{
    PyObject *items[] = {PyBool_FromLong(info->server_end != 0),
                         pynp_word(pynp_modes, info->mode),
                         pynp_word(pynp_server_access, info->access),
                         PyLong_FromUnsignedLong(info->out_quota),
                         PyLong_FromUnsignedLong(info->in_quota),
                         PyLong_FromUnsignedLong(info->max_instances)};
    return record(st->info_type, items, 6);
}

PyObject *pynp_peer_record(pynp_state *st, const np_peer *peer)
{
    PyObject *items[] = {PyLong_FromUnsignedLong(peer->pid),
                         peer->uid == UINT32_MAX
                             ? Py_NewRef(Py_None)
                             : PyLong_FromUnsignedLong(peer->uid),
                         PyUnicode_DecodeFSDefault(peer->user)};
    return record(st->peer_type, items, 3);
}
