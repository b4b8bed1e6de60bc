/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* Deadlines: relative milliseconds become absolute once, when a call begins,
 * so that retries after signals and lost races stay exact. */

#include "np_internal.h"

#define NS_PER_MS 1000000

npi_deadline npi_deadline_in(uint32_t ms)
{
    if (ms == NP_INFINITE) {
        return NPI_FOREVER;
    }
    if (ms == 0) {
        return 0; /* long past: try once, without looking at the clock */
    }
    return npi_now() + (int64_t)ms * NS_PER_MS;
}

int64_t npi_left(npi_deadline deadline)
{
    if (deadline == NPI_FOREVER || deadline == 0) {
        return deadline;
    }
    int64_t left = deadline - npi_now();
    return left > 0 ? left : 0;
}

uint32_t npi_left_ms(npi_deadline deadline)
{
    if (deadline == NPI_FOREVER) {
        return NP_INFINITE;
    }
    int64_t ms = (npi_left(deadline) + NS_PER_MS - 1) / NS_PER_MS;
    return ms < NP_INFINITE ? (uint32_t)ms : NP_INFINITE - 2;
}
