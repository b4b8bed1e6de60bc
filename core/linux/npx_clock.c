/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* The one clock of all deadlines. */

#define _GNU_SOURCE 1

#include <time.h>

#include "linux/npx.h"

#define NS_PER_S 1000000000

const bool npi_os_tries_unseen = true;

static int64_t read_clock(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * NS_PER_S + now.tv_nsec;
}

int64_t npi_now(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

int64_t npx_coarse_now(void)
{
    return read_clock(CLOCK_MONOTONIC_COARSE);
}
