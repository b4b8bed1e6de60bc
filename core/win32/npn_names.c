/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* Questions about names, which connect to nothing, and waiting for one. */

#include "win32/npn.h"

#include <stdlib.h>
#include <string.h>

/* WaitNamedPipe cannot be cancelled: it is called for so long at a time. */
#define SLICE_MS 50
/* Windows does not tell when a pipe appears or goes; look so often. */
#define LOOK_MS 10

/* Wine's word for a pipe that went while somebody waited for it (WT2). */
#define HANDLES_CLOSED 676

/* ---------------------------------------------------------------- questions */

static DWORD ask(const struct npi_name *name, DWORD ms)
{
    struct npn_path path;
    npn_path(name, &path);
    if (WaitNamedPipeW(path.text, ms)) {
        return 0;
    }
    DWORD error = GetLastError();
    return error == HANDLES_CLOSED ? ERROR_FILE_NOT_FOUND : error;
}

/* Asking whether an instance listens takes none. */
int npi_os_exists(const struct npi_name *name)
{
    DWORD error = ask(name, 1);
    return error == ERROR_SEM_TIMEOUT ? NP_OK : (int)error;
}

struct list {
    char *text;
    size_t length, size;
};

static bool append(struct list *list, const char *name)
{
    size_t n = strlen(name) + 1;
    if (n + 1 > list->size - list->length) {
        size_t size = (list->size + n + 1) * 2;
        char *text = realloc(list->text, size);
        if (!text) {
            return false;
        }
        list->text = text;
        list->size = size;
    }
    memcpy(list->text + list->length, name, n);
    list->length += n;
    list->text[list->length] = '\0'; /* the empty string that ends the list */
    return true;
}

static bool append_found(struct list *list, const char *pattern,
                         const wchar_t *found)
{
    char name[NPI_PATH_SIZE];
    if (!WideCharToMultiByte(CP_UTF8, 0, found, -1, name, sizeof name, NULL,
                             NULL) ||
        !npi_name_match(pattern, name)) {
        return true;
    }
    return append(list, name);
}

static int search(const char *pattern, struct list *list)
{
    WIN32_FIND_DATAW found;
    HANDLE search = FindFirstFileW(L"\\\\.\\pipe\\*", &found);
    if (search == INVALID_HANDLE_VALUE) {
        DWORD error = GetLastError();
        return error == ERROR_NO_MORE_FILES
                   ? NP_OK
                   : npi_fail(NP_NOT_SUPPORTED,
                              "the system does not list its pipes: error %lu",
                              error);
    }
    bool kept = true;
    do {
        kept = append_found(list, pattern, found.cFileName);
    } while (kept && FindNextFileW(search, &found));
    DWORD error = kept ? GetLastError() : ERROR_NOT_ENOUGH_MEMORY;
    FindClose(search);
    return error == ERROR_NO_MORE_FILES ? NP_OK : (int)error;
}

int npi_os_names(const char *pattern, char **list_out)
{
    struct list list = {.text = calloc(1, 1), .size = 1};
    int code = list.text ? search(pattern, &list) : NP_NOT_ENOUGH_MEMORY;
    if (code) {
        free(list.text);
        return code;
    }
    *list_out = list.text;
    return NP_OK;
}

/* ------------------------------------------------------------------ waiting */

/* All who wait for a name, so that they can be made to look at a counter. */
static struct npn_hub waiting = {.lock = SRWLOCK_INIT};

void npi_os_kick(void)
{
    npn_wake(&waiting, false);
}

static npi_deadline soon(npi_deadline deadline)
{
    npi_deadline next = npi_deadline_in(LOOK_MS);
    return deadline < next ? deadline : next;
}

/* A look at the name that may take a slice; NPN_LOOK: not yet. */
static int look(const struct npi_name *name, enum npi_wait_for what,
                npi_deadline deadline, bool *nap)
{
    *nap = what == NPI_WAIT_ROOM;
    if (*nap) {
        return NPN_LOOK;
    }
    uint32_t ms = npi_left_ms(deadline);
    DWORD error = ask(name, ms < 1 ? 1 : ms < SLICE_MS ? ms : SLICE_MS);
    if (error == ERROR_SEM_TIMEOUT) {
        return NPN_LOOK;
    }
    if (error == ERROR_FILE_NOT_FOUND && what == NPI_WAIT_SERVER) {
        *nap = true;
        return NPN_LOOK;
    }
    return (int)error;
}

static int wait_as(const struct npi_name *name, enum npi_wait_for what,
                   const struct npi_changes *changes, npi_deadline deadline,
                   struct npn_call *call)
{
    bool nap;
    for (bool first = true;; first = false) {
        int code = look(name, what, deadline, &nap);
        if (code != NPN_LOOK) {
            return code;
        }
        if (npi_changed(changes)) {
            return NP_OK;
        }
        if (what == NPI_WAIT_ROOM && !first) {
            return NP_OK; /* the caller tries */
        }
        if (npi_left(deadline) == 0) {
            return NP_SEM_TIMEOUT;
        }
        /* Also without a nap: somebody may want to end us. */
        code = npn_sleep(call, 1, NULL, nap ? soon(deadline) : 0);
        if (code != NP_TIMEOUT && code != NPN_LOOK) {
            return code;
        }
    }
}

int npi_os_wait(const struct npi_name *name, enum npi_wait_for what,
                const struct npi_changes *changes, npi_deadline deadline)
{
    struct npn_call call;
    struct npn_events *events = npn_events_take();
    if (!events) {
        return NP_NO_SYSTEM_RESOURCES;
    }
    npn_join(&waiting, &call, events);
    int code = wait_as(name, what, changes, deadline, &call);
    npn_leave(&call);
    npn_events_give(events);
    return code;
}

static DWORD ask_default(void *arg)
{
    return ask(arg, NMPWAIT_USE_DEFAULT_WAIT);
}

/* Only the system knows the pipe's own time-out. */
int npi_os_wait_default(const struct npi_name *name)
{
    struct npi_name copy = *name;
    return npn_blocking(&waiting, NULL, ask_default, &copy, NPI_FOREVER);
}
