/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* Error texts, all from the one table, and the per-thread extras: the detail of
 * the last failure and the interrupt function. */

#include <stdarg.h>
#include <stdio.h>

#include "np_internal.h"

static _Thread_local char detail[512];
static _Thread_local struct npi_interrupt interrupt;

static const struct {
    int code;
    const char *name, *text;
} errors[] = {{0, "OK", "success"},
#define NP_X(name, code, errno_name, class, text) {code, #name, text},
              NP_ERRORS(NP_X)
#undef NP_X
};

static size_t find(int code)
{
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) {
        if (errors[i].code == code) {
            return i;
        }
    }
    return SIZE_MAX;
}

const char *np_strerror(int error)
{
    size_t i = find(error);
    return i == SIZE_MAX ? "unknown error" : errors[i].text;
}

const char *np_error_name(int error)
{
    size_t i = find(error);
    return i == SIZE_MAX ? "" : errors[i].name;
}

const char *np_error_detail(void)
{
    return detail;
}

const char *np_version(void)
{
    return NP_VERSION;
}

int npi_fail(int code, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(detail, sizeof detail, format, args);
    va_end(args);
    return code;
}

void npi_detail_clear(void)
{
    detail[0] = '\0';
}

void np_set_interrupt(int (*check)(void *arg), void *arg)
{
    interrupt.check = check;
    interrupt.arg = arg;
}

struct npi_interrupt npi_interrupt_get(void)
{
    return interrupt;
}
