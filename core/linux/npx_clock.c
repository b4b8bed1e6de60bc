/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* The one clock of all deadlines. */

#define _GNU_SOURCE 1

#include <time.h>

#include "np_internal.h"

#define NS_PER_S 1000000000

const bool npi_os_tries_unseen = true;

int64_t npi_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * NS_PER_S + now.tv_nsec;
}
