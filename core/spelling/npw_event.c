/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* Events of this process. */

#include <stdlib.h>

#include "npw.h"

static HANDLE create(const SECURITY_ATTRIBUTES *attributes, BOOL manual_reset,
                     BOOL set, bool named)
{
    int code = npw_check_attributes(attributes, false);
    if (code == NP_OK && named) {
        code = NP_NOT_SUPPORTED;
    }
    struct npw_event *event = code ? NULL : malloc(sizeof *event);
    if (!event) {
        npw_fail(code ? code : NP_NOT_ENOUGH_MEMORY);
        return NULL;
    }
    npw_object_init(&event->base, NPW_EVENT);
    event->base.signal.automatic = !manual_reset;
    event->base.signal.set = set != FALSE;
    HANDLE handle = npw_handle_new(&event->base);
    if (handle) {
        npw_fail(NO_ERROR); /* programs look for ERROR_ALREADY_EXISTS */
    }
    return handle;
}

HANDLE WINAPI CreateEventA(LPSECURITY_ATTRIBUTES attributes, BOOL manual_reset,
                           BOOL set, LPCSTR name)
{
    return create(attributes, manual_reset, set, name != NULL);
}

HANDLE WINAPI CreateEventW(LPSECURITY_ATTRIBUTES attributes, BOOL manual_reset,
                           BOOL set, LPCWSTR name)
{
    return create(attributes, manual_reset, set, name != NULL);
}

static BOOL change(HANDLE handle, bool set)
{
    struct npw_object *event = npw_object_of(handle, NPW_EVENT);
    if (!event) {
        return FALSE;
    }
    pthread_mutex_lock(&npw_lock);
    if (set) {
        npw_signal_set(&event->signal);
    } else {
        npw_signal_clear(&event->signal);
    }
    pthread_mutex_unlock(&npw_lock);
    npw_let_go(event);
    return TRUE;
}

BOOL WINAPI SetEvent(HANDLE event)
{
    return change(event, true);
}

BOOL WINAPI ResetEvent(HANDLE event)
{
    return change(event, false);
}
