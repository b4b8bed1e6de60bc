/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* Stands between the core and Windows: what the core asks for is noted, and a
 * test may have the next call of a function fail.
 *
 * The core calls a function of the system's through the variable __imp_NAME,
 * which the import library has otherwise; a program that defines it itself gets
 * all calls. Included by one file of a program. */

#ifndef SEAM_H
#define SEAM_H

#ifndef _WIN32_WINNT
#define _WIN32_WINNT 0x0602
#endif
#define WIN32_LEAN_AND_MEAN 1
#include <windows.h>

#include <aclapi.h>
#include <sddl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>

/* What was asked for, in the order it happened. */
struct seam_call {
    const char *name;
    HANDLE file; /* made, or used */
    DWORD access, flags, mode, disposition;
    PSECURITY_DESCRIPTOR descriptor; /* valid while the core is loaded */
    bool inherit;
};

#define SEAM_CALLS 256
static struct seam_call seam_calls[SEAM_CALLS];
static atomic_uint seam_count;

/* Overlapped operations that were started and have not been seen to end. */
static atomic_int seam_pending;

/* Handles that the core has made and not closed. */
static atomic_int seam_handles;

/* The function that fails when it is called the next time, and how. */
static const char *seam_failing;
static DWORD seam_error;

/* What GetSecurityInfo tells, if anything. */
static PSID seam_owner;
static const char *seam_label; /* as text, of a whole descriptor */

static inline void seam_reset(void)
{
    atomic_store(&seam_count, 0);
    seam_failing = NULL;
    seam_owner = NULL;
    seam_label = NULL;
}

static inline void seam_fail(const char *name, DWORD error)
{
    seam_failing = name;
    seam_error = error;
}

static inline bool seam_fails(const char *name)
{
    if (!seam_failing || strcmp(seam_failing, name) != 0) {
        return false;
    }
    seam_failing = NULL;
    SetLastError(seam_error);
    return true;
}

static inline void seam_note(struct seam_call call)
{
    DWORD error = GetLastError();
    unsigned n = atomic_fetch_add(&seam_count, 1);
    if (n < SEAM_CALLS) {
        seam_calls[n] = call;
    }
    SetLastError(error);
}

/* The first call of a function from there on, or NULL. */
static inline const struct seam_call *seam_find(const char *name, unsigned from)
{
    unsigned n = atomic_load(&seam_count);
    for (unsigned i = from; i < n && i < SEAM_CALLS; i++) {
        if (strcmp(seam_calls[i].name, name) == 0) {
            return &seam_calls[i];
        }
    }
    return NULL;
}

static inline unsigned seam_times(const char *name)
{
    unsigned n = 0;
    const struct seam_call *call = seam_find(name, 0);
    for (; call; n++) {
        call = seam_find(name, (unsigned)(call - seam_calls) + 1);
    }
    return n;
}

/* ------------------------------------------------------------ the functions */

/* real_NAME: the system's own. */
#define SEAM_REAL(library, result, name, ...)                                  \
    typedef result WINAPI seam_type_##name(__VA_ARGS__);                       \
    static seam_type_##name seam_##name;                                       \
    seam_type_##name *__imp_##name = seam_##name;                              \
    static inline seam_type_##name *real_##name(void)                          \
    {                                                                          \
        seam_type_##name *function;                                            \
        FARPROC found = GetProcAddress(GetModuleHandleA(library), #name);      \
        memcpy(&function, &found, sizeof function);                            \
        return function;                                                       \
    }

SEAM_REAL("kernel32", HANDLE, CreateNamedPipeW, LPCWSTR, DWORD, DWORD, DWORD,
          DWORD, DWORD, DWORD, LPSECURITY_ATTRIBUTES)
SEAM_REAL("kernel32", HANDLE, CreateFileW, LPCWSTR, DWORD, DWORD,
          LPSECURITY_ATTRIBUTES, DWORD, DWORD, HANDLE)
SEAM_REAL("kernel32", BOOL, DuplicateHandle, HANDLE, HANDLE, HANDLE, LPHANDLE,
          DWORD, BOOL, DWORD)
SEAM_REAL("kernel32", BOOL, CloseHandle, HANDLE)
SEAM_REAL("kernel32", HANDLE, CreateEventW, LPSECURITY_ATTRIBUTES, BOOL, BOOL,
          LPCWSTR)
SEAM_REAL("kernel32", HANDLE, CreateThread, LPSECURITY_ATTRIBUTES, SIZE_T,
          LPTHREAD_START_ROUTINE, LPVOID, DWORD, LPDWORD)
SEAM_REAL("kernel32", BOOL, ReadFile, HANDLE, LPVOID, DWORD, LPDWORD,
          LPOVERLAPPED)
SEAM_REAL("kernel32", BOOL, WriteFile, HANDLE, LPCVOID, DWORD, LPDWORD,
          LPOVERLAPPED)
SEAM_REAL("kernel32", BOOL, ConnectNamedPipe, HANDLE, LPOVERLAPPED)
SEAM_REAL("kernel32", BOOL, SetNamedPipeHandleState, HANDLE, LPDWORD, LPDWORD,
          LPDWORD)
SEAM_REAL("kernel32", BOOL, TransactNamedPipe, HANDLE, LPVOID, DWORD, LPVOID,
          DWORD, LPDWORD, LPOVERLAPPED)
SEAM_REAL("kernel32", BOOL, CancelIoEx, HANDLE, LPOVERLAPPED)
SEAM_REAL("kernel32", BOOL, PeekNamedPipe, HANDLE, LPVOID, DWORD, LPDWORD,
          LPDWORD, LPDWORD)
SEAM_REAL("kernel32", BOOL, GetOverlappedResult, HANDLE, LPOVERLAPPED, LPDWORD,
          BOOL)
SEAM_REAL("kernel32", DWORD, WaitForMultipleObjects, DWORD, const HANDLE *,
          BOOL, DWORD)
SEAM_REAL("kernel32", HANDLE, OpenProcess, DWORD, BOOL, DWORD)
SEAM_REAL("advapi32", BOOL, OpenProcessToken, HANDLE, DWORD, PHANDLE)
SEAM_REAL("advapi32", DWORD, GetSecurityInfo, HANDLE, SE_OBJECT_TYPE,
          SECURITY_INFORMATION, PSID *, PSID *, PACL *, PACL *,
          PSECURITY_DESCRIPTOR *)

static inline PSECURITY_DESCRIPTOR descriptor_of(LPSECURITY_ATTRIBUTES from)
{
    return from ? from->lpSecurityDescriptor : NULL;
}

static inline HANDLE seam_made(HANDLE made)
{
    if (made && made != INVALID_HANDLE_VALUE) {
        atomic_fetch_add(&seam_handles, 1);
    }
    return made;
}

static HANDLE WINAPI seam_CreateNamedPipeW(LPCWSTR name, DWORD open, DWORD mode,
                                           DWORD most, DWORD out, DWORD in,
                                           DWORD time,
                                           LPSECURITY_ATTRIBUTES attributes)
{
    if (seam_fails("CreateNamedPipeW")) {
        return INVALID_HANDLE_VALUE;
    }
    HANDLE made = real_CreateNamedPipeW()(name, open, mode, most, out, in, time,
                                          attributes);
    seam_note((struct seam_call){.name = "CreateNamedPipeW",
                                 .file = made,
                                 .flags = open,
                                 .mode = mode,
                                 .descriptor = descriptor_of(attributes),
                                 .inherit = attributes &&
                                            attributes->bInheritHandle});
    return seam_made(made);
}

static HANDLE WINAPI seam_CreateFileW(LPCWSTR name, DWORD access, DWORD share,
                                      LPSECURITY_ATTRIBUTES attributes,
                                      DWORD disposition, DWORD flags,
                                      HANDLE template)
{
    HANDLE made = real_CreateFileW()(name, access, share, attributes,
                                     disposition, flags, template);
    seam_note((struct seam_call){.name = "CreateFileW",
                                 .file = made,
                                 .access = access,
                                 .flags = flags,
                                 .disposition = disposition,
                                 .descriptor = descriptor_of(attributes),
                                 .inherit = attributes &&
                                            attributes->bInheritHandle});
    return seam_made(made);
}

static BOOL WINAPI seam_DuplicateHandle(HANDLE source, HANDLE handle,
                                        HANDLE target, LPHANDLE made,
                                        DWORD access, BOOL inherit,
                                        DWORD options)
{
    if (seam_fails("DuplicateHandle")) {
        return FALSE;
    }
    BOOL done = real_DuplicateHandle()(source, handle, target, made, access,
                                       inherit, options);
    seam_note((struct seam_call){.name = "DuplicateHandle",
                                 .file = done ? *made : NULL,
                                 .access = access,
                                 .flags = options,
                                 .inherit = inherit});
    if (done) {
        seam_made(*made);
    }
    return done;
}

static BOOL WINAPI seam_CloseHandle(HANDLE handle)
{
    seam_note((struct seam_call){.name = "CloseHandle", .file = handle});
    atomic_fetch_sub(&seam_handles, 1);
    return real_CloseHandle()(handle);
}

static HANDLE WINAPI seam_CreateEventW(LPSECURITY_ATTRIBUTES attributes,
                                       BOOL manual, BOOL initial, LPCWSTR name)
{
    if (seam_fails(manual ? "CreateEventW manual" : "CreateEventW auto")) {
        return NULL;
    }
    seam_note((struct seam_call){.name = "CreateEventW"});
    return seam_made(real_CreateEventW()(attributes, manual, initial, name));
}

static HANDLE WINAPI seam_CreateThread(LPSECURITY_ATTRIBUTES attributes,
                                       SIZE_T stack,
                                       LPTHREAD_START_ROUTINE function,
                                       LPVOID arg, DWORD flags, LPDWORD id)
{
    if (seam_fails("CreateThread")) {
        return NULL;
    }
    return seam_made(
        real_CreateThread()(attributes, stack, function, arg, flags, id));
}

static HANDLE WINAPI seam_OpenProcess(DWORD access, BOOL inherit, DWORD process)
{
    return seam_made(real_OpenProcess()(access, inherit, process));
}

static BOOL WINAPI seam_OpenProcessToken(HANDLE process, DWORD access,
                                         PHANDLE token)
{
    BOOL done = real_OpenProcessToken()(process, access, token);
    if (done) {
        seam_made(*token);
    }
    return done;
}

/* ------------------------------------------------ operations and their ends */

static void seam_begun(const char *name, HANDLE file, BOOL done)
{
    DWORD error = GetLastError();
    if (done || error == ERROR_IO_PENDING || error == ERROR_MORE_DATA) {
        atomic_fetch_add(&seam_pending, 1);
    }
    seam_note((struct seam_call){.name = name, .file = file});
    SetLastError(error);
}

static BOOL WINAPI seam_ReadFile(HANDLE file, LPVOID buffer, DWORD n,
                                 LPDWORD got, LPOVERLAPPED overlapped)
{
    BOOL done = real_ReadFile()(file, buffer, n, got, overlapped);
    if (overlapped) {
        seam_begun("ReadFile", file, done);
    }
    return done;
}

/* The test itself writes to its standard output. */
static BOOL WINAPI seam_WriteFile(HANDLE file, LPCVOID data, DWORD n,
                                  LPDWORD put, LPOVERLAPPED overlapped)
{
    BOOL done = real_WriteFile()(file, data, n, put, overlapped);
    if (overlapped) {
        seam_begun("WriteFile", file, done);
    }
    return done;
}

static BOOL WINAPI seam_ConnectNamedPipe(HANDLE file, LPOVERLAPPED overlapped)
{
    BOOL done = real_ConnectNamedPipe()(file, overlapped);
    seam_begun("ConnectNamedPipe", file, done);
    return done;
}

static BOOL WINAPI seam_SetNamedPipeHandleState(HANDLE file, LPDWORD mode,
                                                LPDWORD most, LPDWORD time)
{
    seam_note(
        (struct seam_call){.name = "SetNamedPipeHandleState", .file = file});
    if (seam_fails("SetNamedPipeHandleState")) {
        return FALSE;
    }
    return real_SetNamedPipeHandleState()(file, mode, most, time);
}

static BOOL WINAPI seam_TransactNamedPipe(HANDLE file, LPVOID in, DWORD n,
                                          LPVOID out, DWORD m, LPDWORD got,
                                          LPOVERLAPPED overlapped)
{
    BOOL done = real_TransactNamedPipe()(file, in, n, out, m, got, overlapped);
    seam_begun("TransactNamedPipe", file, done);
    return done;
}

static BOOL WINAPI seam_CancelIoEx(HANDLE file, LPOVERLAPPED overlapped)
{
    seam_note((struct seam_call){.name = "CancelIoEx", .file = file});
    return real_CancelIoEx()(file, overlapped);
}

static BOOL WINAPI seam_PeekNamedPipe(HANDLE file, LPVOID buffer, DWORD n,
                                      LPDWORD got, LPDWORD avail, LPDWORD left)
{
    seam_note((struct seam_call){.name = "PeekNamedPipe", .file = file});
    return real_PeekNamedPipe()(file, buffer, n, got, avail, left);
}

static BOOL WINAPI seam_GetOverlappedResult(HANDLE file,
                                            LPOVERLAPPED overlapped,
                                            LPDWORD moved, BOOL wait)
{
    seam_note((struct seam_call){.name = "GetOverlappedResult", .file = file});
    BOOL done = real_GetOverlappedResult()(file, overlapped, moved, wait);
    if (HasOverlappedIoCompleted(overlapped)) {
        atomic_fetch_sub(&seam_pending, 1);
    }
    return done;
}

static DWORD WINAPI seam_WaitForMultipleObjects(DWORD n, const HANDLE *handles,
                                                BOOL all, DWORD ms)
{
    seam_note((struct seam_call){.name = "WaitForMultipleObjects"});
    return seam_fails("WaitForMultipleObjects")
               ? WAIT_FAILED
               : real_WaitForMultipleObjects()(n, handles, all, ms);
}

static DWORD WINAPI seam_GetSecurityInfo(HANDLE handle, SE_OBJECT_TYPE type,
                                         SECURITY_INFORMATION wanted,
                                         PSID *owner, PSID *group, PACL *list,
                                         PACL *audit,
                                         PSECURITY_DESCRIPTOR *descriptor)
{
    seam_note((struct seam_call){.name = "GetSecurityInfo", .file = handle});
    if (seam_fails("GetSecurityInfo")) {
        return GetLastError();
    }
    DWORD error = real_GetSecurityInfo()(handle, type, wanted, owner, group,
                                         list, audit, descriptor);
    if (!error && seam_owner) {
        *owner = seam_owner;
    }
    if (!error && seam_label) {
        /* The old one stays, for the owner stands in it. */
        ConvertStringSecurityDescriptorToSecurityDescriptorA(
            seam_label, SDDL_REVISION_1, descriptor, NULL);
    }
    return error;
}

#endif
