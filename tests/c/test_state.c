/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* Every cell of the table of states and calls, and every transition. */

#include "check.h"
#include "pipe/npi_state.h"

/* In the order DISCONNECTED, LISTENING, CONNECTED, CLOSING. */
static void row(enum npi_verb verb, bool server, const int want[4])
{
    for (uint32_t state = NP_DISCONNECTED; state <= NP_CLOSING; state++) {
        CHECK_EQ(npi_state_check(verb, server, state),
                 want[state - NP_DISCONNECTED]);
    }
}

#define ROW(verb, server, ...) row(verb, server, (const int[4]){__VA_ARGS__})

static void reading(void)
{
    ROW(NPI_VERB_READ, true, 233, 536, 0, 0);
    ROW(NPI_VERB_READ, false, 233, 536, 0, 0);
}

static void writing(void)
{
    ROW(NPI_VERB_WRITE, true, 233, 536, 0, 232);
    ROW(NPI_VERB_WRITE, false, 233, 536, 0, 232);
}

static void peeking(void)
{
    ROW(NPI_VERB_PEEK, true, 230, 230, 0, 0);
    ROW(NPI_VERB_PEEK, false, 233, 230, 0, 0);
}

static void transacting(void)
{
    ROW(NPI_VERB_TRANSACT, true, 230, 230, 0, 230);
    ROW(NPI_VERB_TRANSACT, false, 233, 230, 0, 230);
}

static void flushing_and_asking(void)
{
    ROW(NPI_VERB_FLUSH, true, 0, 0, 0, 0);
    ROW(NPI_VERB_FLUSH, false, 233, 0, 0, 0);
    ROW(NPI_VERB_QUERY, true, 0, 0, 0, 0);
    ROW(NPI_VERB_QUERY, false, 233, 0, 0, 0);
    ROW(NPI_VERB_PEER, true, 1168, 1168, 0, 0);
    ROW(NPI_VERB_PEER, false, 233, 233, 0, 0);
}

/* A pair of new state and code for each state. */
static void transitions(enum npi_event event, const uint32_t next[4],
                        const int codes[4])
{
    for (uint32_t state = NP_DISCONNECTED; state <= NP_CLOSING; state++) {
        int code = -1;
        CHECK_EQ(npi_state_next(state, event, &code),
                 next[state - NP_DISCONNECTED]);
        CHECK_EQ(code, codes[state - NP_DISCONNECTED]);
    }
}

#define EVENT(event, a, b, c, d, ...)                                          \
    transitions(event, (const uint32_t[4]){a, b, c, d},                        \
                (const int[4]){__VA_ARGS__})

static void events(void)
{
    const uint32_t D = NP_DISCONNECTED, L = NP_LISTENING, C = NP_CONNECTED,
                   X = NP_CLOSING;
    EVENT(NPI_EVENT_CLIENT, D, C, C, X, 0, 0, 0, 0);
    EVENT(NPI_EVENT_DISCONNECT, D, D, D, D, 233, 0, 0, 0);
    EVENT(NPI_EVENT_PEER_GONE, D, L, X, X, 0, 0, 0, 0);
    EVENT(NPI_EVENT_LISTEN, L, L, C, X, 536, 536, 535, 232);
}

int main(void)
{
    RUN(reading);
    RUN(writing);
    RUN(peeking);
    RUN(transacting);
    RUN(flushing_and_asking);
    RUN(events);
    return check_done();
}
