/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* Fault points, in test builds only (NPI_FAULTS); see np_internal.h.
 *
 *     NPI_KILL_AT=name[:k]         die by SIGKILL at the k-th pass of the point
 *     NPI_FAIL_AT=name[:k[:errno]] fail the k-th call, with that errno
 *
 * k counts from 1; 0 for NPI_FAIL_AT fails every call. */

#include "np_internal.h"

#ifdef NPI_FAULTS

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static atomic_long kill_passes, fail_passes;

/* Whether a variable names this point; *number and *error are its rest. */
static bool named(const char *variable, const char *name, long *number,
                  long *error)
{
    const char *text = getenv(variable);
    size_t length = strlen(name);
    if (!text || strncmp(text, name, length) != 0 ||
        (text[length] != ':' && text[length] != '\0')) {
        return false;
    }
    *number = 1;
    *error = EMFILE;
    if (text[length] == ':') {
        char *end;
        *number = strtol(text + length + 1, &end, 10);
        if (*end == ':') {
            *error = strtol(end + 1, NULL, 10);
        }
    }
    return true;
}

void npi_point(const char *name)
{
    long number, error;
    if (named("NPI_KILL_AT", name, &number, &error) &&
        atomic_fetch_add(&kill_passes, 1) + 1 == number) {
        raise(SIGKILL);
    }
}

int npi_fault(const char *name)
{
    long number, error;
    if (!named("NPI_FAIL_AT", name, &number, &error)) {
        return 0;
    }
    long pass = atomic_fetch_add(&fail_passes, 1) + 1;
    if (number != 0 && pass != number) {
        return 0;
    }
    errno = (int)error;
    return (int)error;
}

#else

/* A translation unit must not be empty. */
typedef int npi_no_faults;

#endif
