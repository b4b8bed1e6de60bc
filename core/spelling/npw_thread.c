/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* Threads as handles. */

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "npw.h"

static _Thread_local struct npw_thread *self; /* made by CreateThread */
static _Thread_local DWORD own_id;
static atomic_uint last_id;

DWORD WINAPI GetCurrentThreadId(void)
{
    if (own_id == 0) {
        own_id = atomic_fetch_add(&last_id, 1) + 1;
    }
    return own_id;
}

DWORD WINAPI GetCurrentProcessId(void)
{
    return (DWORD)getpid();
}

/* ------------------------------------------------------------------ running */

static void over(DWORD code)
{
    if (self) {
        struct npw_thread *thread = self;
        self = NULL;
        pthread_mutex_lock(&npw_lock);
        thread->exit_code = code;
        npw_signal_set(&thread->base.signal);
        pthread_mutex_unlock(&npw_lock);
        npw_let_go(&thread->base);
    }
}

static void *run(void *arg)
{
    struct npw_thread *thread = arg;
    self = thread;
    own_id = thread->id;
    over(thread->start(thread->argument));
    return NULL;
}

VOID WINAPI ExitThread(DWORD code)
{
    over(code);
    pthread_exit(NULL);
}

/* ----------------------------------------------------------------- starting */

static int start(struct npw_thread *thread, SIZE_T stack)
{
    pthread_t ignored;
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    if (stack > 0) {
        /* Too small a size is refused, and the default stays. */
        pthread_attr_setstacksize(&attributes, stack);
    }
    thread->base.owners = 2; /* the handle's and the thread's own */
    int error = pthread_create(&ignored, &attributes, run, thread);
    pthread_attr_destroy(&attributes);
    if (error) {
        thread->base.owners = 1;
    }
    return error ? NP_NO_SYSTEM_RESOURCES : NP_OK;
}

HANDLE WINAPI CreateThread(LPSECURITY_ATTRIBUTES attributes, SIZE_T stack,
                           LPTHREAD_START_ROUTINE routine, LPVOID argument,
                           DWORD flags, LPDWORD id)
{
    int code = npw_check_attributes(attributes, false);
    if (code == NP_OK && (flags & CREATE_SUSPENDED)) {
        code = NP_NOT_SUPPORTED;
    }
    if (!routine || (flags & ~(DWORD)(CREATE_SUSPENDED |
                                      STACK_SIZE_PARAM_IS_A_RESERVATION))) {
        code = NP_INVALID_PARAMETER;
    }
    struct npw_thread *thread = code ? NULL : calloc(1, sizeof *thread);
    if (!thread) {
        npw_fail(code ? code : NP_NOT_ENOUGH_MEMORY);
        return NULL;
    }
    npw_object_init(&thread->base, NPW_THREAD);
    thread->start = routine;
    thread->argument = argument;
    thread->exit_code = STILL_ACTIVE;
    DWORD new_id = thread->id = atomic_fetch_add(&last_id, 1) + 1;
    HANDLE handle = npw_handle_new(&thread->base);
    if (!handle) {
        return NULL;
    }
    code = start(thread, stack);
    if (code) {
        CloseHandle(handle);
        npw_fail(code);
        return NULL;
    }
    if (id) {
        *id = new_id;
    }
    return handle;
}

BOOL WINAPI GetExitCodeThread(HANDLE handle, LPDWORD code)
{
    struct npw_object *object = npw_object_of(handle, NPW_THREAD);
    if (!object) {
        return FALSE;
    }
    pthread_mutex_lock(&npw_lock);
    *code = ((struct npw_thread *)object)->exit_code;
    pthread_mutex_unlock(&npw_lock);
    npw_let_go(object);
    return TRUE;
}

/* ----------------------------------------------------------------- sleeping */

VOID WINAPI Sleep(DWORD ms)
{
    int64_t deadline = npw_deadline_in(ms);
    for (DWORD left = ms; left > 0; left = npw_deadline_left(deadline)) {
        struct timespec span = {(time_t)(left / 1000),
                                (long)(left % 1000) * 1000000};
        nanosleep(&span, NULL); /* a signal ends it, the loop goes on */
    }
}
