/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* The four states of an instance, and what each verb may do in them. Pure. */

#ifndef NPI_STATE_H
#define NPI_STATE_H

#include <stdbool.h>

#include "namedpipe.h"

enum npi_verb {
    NPI_VERB_READ,
    NPI_VERB_WRITE,
    NPI_VERB_PEEK,
    NPI_VERB_TRANSACT,
    NPI_VERB_FLUSH,
    NPI_VERB_QUERY, /* np_get_state, np_set_state, np_get_info */
    NPI_VERB_PEER
};

/* What a verb answers in a state: NP_OK means go on (in CLOSING the queue
 * decides between data and NP_BROKEN_PIPE). */
int npi_state_check(enum npi_verb verb, bool server, uint32_t state);

enum npi_event {
    NPI_EVENT_CLIENT,     /* a client has opened the instance */
    NPI_EVENT_DISCONNECT, /* DisconnectNamedPipe */
    NPI_EVENT_PEER_GONE,  /* the other end is closed */
    NPI_EVENT_LISTEN      /* ConnectNamedPipe */
};

/* The state after an event on the server's end, and in *code_out what the verb
 * that caused it answers; for NPI_EVENT_LISTEN NP_PIPE_LISTENING means: wait
 * now. An event that cannot happen in a state leaves it. */
uint32_t npi_state_next(uint32_t state, enum npi_event event, int *code_out);

#endif
