/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* One function a verb, one switch over the states: the table of states and
 * calls, cell by cell. */

#include "pipe/npi_state.h"

static int check_data(bool read, uint32_t state)
{
    switch (state) {
    case NP_LISTENING: return NP_PIPE_LISTENING;
    case NP_CONNECTED: return NP_OK;
    case NP_CLOSING: return read ? NP_OK : NP_NO_DATA;
    default: return NP_PIPE_NOT_CONNECTED;
    }
}

static int check_peek(bool server, uint32_t state)
{
    switch (state) {
    case NP_LISTENING: return NP_BAD_PIPE;
    case NP_CONNECTED:
    case NP_CLOSING: return NP_OK;
    default: return server ? NP_BAD_PIPE : NP_PIPE_NOT_CONNECTED;
    }
}

static int check_transact(bool server, uint32_t state)
{
    switch (state) {
    case NP_LISTENING:
    case NP_CLOSING: return NP_BAD_PIPE;
    case NP_CONNECTED: return NP_OK;
    default: return server ? NP_BAD_PIPE : NP_PIPE_NOT_CONNECTED;
    }
}

static int check_query(bool server, uint32_t state)
{
    return server || state != NP_DISCONNECTED ? NP_OK : NP_PIPE_NOT_CONNECTED;
}

static int check_peer(bool server, uint32_t state)
{
    switch (state) {
    case NP_CONNECTED:
    case NP_CLOSING: return NP_OK;
    default: return server ? NP_NOT_FOUND : NP_PIPE_NOT_CONNECTED;
    }
}

int npi_state_check(enum npi_verb verb, bool server, uint32_t state)
{
    switch (verb) {
    case NPI_VERB_READ: return check_data(true, state);
    case NPI_VERB_WRITE: return check_data(false, state);
    case NPI_VERB_PEEK: return check_peek(server, state);
    case NPI_VERB_TRANSACT: return check_transact(server, state);
    case NPI_VERB_FLUSH:
    case NPI_VERB_QUERY: return check_query(server, state);
    case NPI_VERB_PEER: return check_peer(server, state);
    }
    return NP_INVALID_FUNCTION;
}

static uint32_t after_listen(uint32_t state, int *code)
{
    switch (state) {
    case NP_CONNECTED: *code = NP_PIPE_CONNECTED; return state;
    case NP_CLOSING: *code = NP_NO_DATA; return state;
    default: *code = NP_PIPE_LISTENING; return NP_LISTENING;
    }
}

uint32_t npi_state_next(uint32_t state, enum npi_event event, int *code_out)
{
    *code_out = NP_OK;
    switch (event) {
    case NPI_EVENT_CLIENT: return state == NP_LISTENING ? NP_CONNECTED : state;
    case NPI_EVENT_DISCONNECT:
        if (state == NP_DISCONNECTED) {
            *code_out = NP_PIPE_NOT_CONNECTED;
        }
        return NP_DISCONNECTED;
    case NPI_EVENT_PEER_GONE: return state == NP_CONNECTED ? NP_CLOSING : state;
    case NPI_EVENT_LISTEN: return after_listen(state, code_out);
    }
    return state;
}
