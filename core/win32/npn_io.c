/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* One operation, from its start to its real end.
 *
 * Every handle is opened FILE_FLAG_OVERLAPPED, so that operations of one end do
 * not wait for each other. The buffer and the OVERLAPPED belong to the kernel
 * until the operation has ended; they are the caller's and on the stack here,
 * therefore nothing returns before that, also not after a cancel: a cancel may
 * come too late, and then the operation's own result counts. */

#include "win32/npn.h"

/* Wait for a pending operation: NP_OK when it has ended. */
static int wait_for(struct npn_pipe *h, struct npn_events *events,
                    const struct npi_changes *cancels, npi_deadline deadline)
{
    struct npn_call call;
    int code = NPN_LOOK;
    if (deadline == 0) {
        return NP_TIMEOUT;
    }
    npn_join(&h->hub, &call, events);
    if (atomic_load(&h->base.closing) || npi_changed(cancels)) {
        code = NP_OPERATION_ABORTED; /* V1 */
    }
    while (code == NPN_LOOK) {
        code = npn_sleep(&call, 1, events->io, deadline);
    }
    npn_leave(&call);
    return code;
}

static int end_of(struct npn_pipe *h, OVERLAPPED *overlapped, int waited,
                  DWORD *n_out)
{
    if (waited) {
        CancelIoEx(h->file, overlapped);
    }
    if (GetOverlappedResult(h->file, overlapped, n_out, TRUE)) {
        return NP_OK;
    }
    DWORD error = GetLastError();
    return error == ERROR_OPERATION_ABORTED && waited ? waited : (int)error;
}

int npn_io(struct npn_pipe *h, npn_start *start, void *arg, DWORD *n_out,
           const struct npi_changes *cancels, npi_deadline deadline)
{
    struct npn_events *events = npn_events_take();
    *n_out = 0;
    if (!events) {
        return NP_NO_SYSTEM_RESOURCES;
    }
    OVERLAPPED overlapped = {.hEvent = events->io};
    DWORD error = start(h->file, arg, &overlapped);
    int code = (int)error;
    if (error == 0 || error == ERROR_MORE_DATA) {
        code = end_of(h, &overlapped, NP_OK, n_out);
    } else if (error == ERROR_IO_PENDING) {
        int waited = wait_for(h, events, cancels, deadline);
        code = end_of(h, &overlapped, waited, n_out);
    }
    npn_events_give(events);
    return code;
}

/* ------------------------------------------------- what takes no OVERLAPPED */

/* What "try once" allows the thread to begin and end in. */
#define ONCE_MS 20

struct task {
    DWORD (*run)(void *arg);
    void *arg;
    DWORD error;
};

static DWORD WINAPI perform(void *arg)
{
    struct task *task = arg;
    task->error = task->run(task->arg);
    return 0;
}

/* The cancel may come before the thread has got into its call, hence again. */
static void give_up(HANDLE thread)
{
    do {
        CancelSynchronousIo(thread);
    } while (WaitForSingleObject(thread, 1) == WAIT_TIMEOUT);
}

static int await_thread(struct npn_hub *hub, const atomic_bool *closing,
                        HANDLE thread, struct npn_events *events,
                        npi_deadline deadline)
{
    struct npn_call call;
    int code = NPN_LOOK;
    npn_join(hub, &call, events);
    if (closing && atomic_load(closing)) {
        code = NP_OPERATION_ABORTED; /* V1 */
    }
    while (code == NPN_LOOK) {
        code = npn_sleep(&call, 1, thread, deadline);
    }
    npn_leave(&call);
    return code;
}

int npn_blocking(struct npn_hub *hub, const atomic_bool *closing,
                 DWORD (*run)(void *arg), void *arg, npi_deadline deadline)
{
    struct task task = {.run = run, .arg = arg};
    struct npn_events *events = npn_events_take();
    if (!events) {
        return NP_NO_SYSTEM_RESOURCES;
    }
    deadline = deadline ? deadline : npi_deadline_in(ONCE_MS);
    HANDLE thread = CreateThread(NULL, 65536, perform, &task,
                                 STACK_SIZE_PARAM_IS_A_RESERVATION, NULL);
    int code = NP_NO_SYSTEM_RESOURCES;
    if (thread) {
        code = await_thread(hub, closing, thread, events, deadline);
        if (code) {
            give_up(thread);
        }
        CloseHandle(thread);
        if (code == NP_OK || task.error != ERROR_OPERATION_ABORTED) {
            code = (int)task.error; /* the cancel came too late */
        }
    }
    npn_events_give(events);
    return code;
}
