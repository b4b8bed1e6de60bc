/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* GetLastError, and errors as an OVERLAPPED holds them. */

#include <assert.h>

#include "npw.h"

/* Three codes have no ERROR_ name: Windows calls 258 WAIT_TIMEOUT, and two are
 * our own. All others must be what <windows.h> says. */
#define ERROR_TIMEOUT NP_TIMEOUT
#define ERROR_INTERRUPTED NP_INTERRUPTED
#define ERROR_SERVER_NOT_TRUSTED NP_SERVER_NOT_TRUSTED
#define NP_X(name, code, errno_name, class, text)                              \
    static_assert(ERROR_##name == (code), #name " differs from names.h");
NP_ERRORS(NP_X)
#undef NP_X

static_assert(WAIT_TIMEOUT == NP_TIMEOUT, "one number, two names");
static_assert(INFINITE == NP_INFINITE, "time-outs are passed through");
static_assert((int)PIPE_ACCESS_INBOUND == NP_INBOUND &&
                  (int)PIPE_ACCESS_OUTBOUND == NP_OUTBOUND &&
                  (int)PIPE_ACCESS_DUPLEX == NP_DUPLEX,
              "access is passed through");
static_assert((int)PIPE_NOWAIT == NP_NOWAIT &&
                  (int)PIPE_READMODE_MESSAGE == NP_READMODE_MESSAGE,
              "modes are passed through");
static_assert(PIPE_UNLIMITED_INSTANCES == NP_UNLIMITED_INSTANCES,
              "instances are passed through");

static _Thread_local DWORD last_error;

DWORD WINAPI GetLastError(void)
{
    return last_error;
}

VOID WINAPI SetLastError(DWORD code)
{
    last_error = code;
}

BOOL npw_fail(int code)
{
    last_error = (DWORD)code;
    return FALSE;
}

BOOL npw_result(int code)
{
    return code == NP_OK ? TRUE : npw_fail(code);
}

int npw_check_attributes(const SECURITY_ATTRIBUTES *attributes,
                         bool descriptor_matters)
{
    if (!attributes) {
        return NP_OK;
    }
    bool refused = attributes->bInheritHandle ||
                   (descriptor_matters && attributes->lpSecurityDescriptor);
    return refused ? NP_NOT_SUPPORTED : NP_OK;
}

/* What an operation can end with, as the system's own number. */
static const struct {
    int code;
    uint32_t status;
} statuses[] = {
    {NP_OK, 0x00000000},
    {ERROR_IO_PENDING, STATUS_PENDING},
    {NP_MORE_DATA, 0x80000005},
    {NP_INVALID_FUNCTION, 0xC00000AF},
    {NP_ACCESS_DENIED, 0xC0000022},
    {NP_INVALID_HANDLE, 0xC0000008},
    {NP_NOT_ENOUGH_MEMORY, 0xC0000017},
    {NP_INVALID_PARAMETER, 0xC000000D},
    {NP_BROKEN_PIPE, 0xC000014B},
    {NP_BAD_PIPE, 0xC00000AD},
    {NP_PIPE_BUSY, 0xC00000AE},
    {NP_NO_DATA, 0xC00000B1},
    {NP_PIPE_NOT_CONNECTED, 0xC00000B0},
    {NP_PIPE_CONNECTED, 0xC00000B2},
    {NP_PIPE_LISTENING, 0xC00000B3},
    {NP_OPERATION_ABORTED, 0xC0000120},
    {NP_NO_SYSTEM_RESOURCES, 0xC000009A},
};
#define STATUSES (sizeof statuses / sizeof *statuses)

/* A status with facility 7 carries any other code. */
#define CARRIER 0xC0070000u

ULONG_PTR npw_status_of(int code)
{
    for (size_t i = 0; i < STATUSES; i++) {
        if (statuses[i].code == code) {
            return statuses[i].status;
        }
    }
    return CARRIER | (uint32_t)code;
}

int npw_code_of(ULONG_PTR status)
{
    for (size_t i = 0; i < STATUSES; i++) {
        if (statuses[i].status == status) {
            return statuses[i].code;
        }
    }
    return (int)(status & ~(ULONG_PTR)CARRIER);
}
