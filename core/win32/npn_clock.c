/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* The one clock of all deadlines. */

#include "win32/npn.h"

#define NS_PER_S 1000000000

/* A write that does not fit can be read until it is taken back, in part too. */
const bool npi_os_tries_unseen = false;

int64_t npi_now(void)
{
    LARGE_INTEGER count, frequency;
    QueryPerformanceCounter(&count);
    QueryPerformanceFrequency(&frequency);
    int64_t seconds = count.QuadPart / frequency.QuadPart;
    int64_t rest = count.QuadPart % frequency.QuadPart;
    return seconds * NS_PER_S + rest * NS_PER_S / frequency.QuadPart;
}
