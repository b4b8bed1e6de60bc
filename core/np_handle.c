/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* The life of a handle.
 *
 * Two counts. `inside` holds the calls that are inside, and one more until the
 * handle is shut: who takes it to 0 lets go of the system resources, so none is
 * ever closed or unmapped under a call. `owners` holds the caller's np_close
 * and the resources: who takes it to 0 frees the memory, so a handle that was
 * shut down answers NP_INVALID_HANDLE until its owner gives it back.
 *
 * A read or a write that need not wait goes a short way, uncounted; how it is
 * kept apart from the release is the transport's to say (np_internal.h).
 *
 * Shutting never waits: it marks the handle, wakes what is blocked and leaves
 * the rest to the last one out. A close by the interrupt function
 * (np_set_interrupt) on the thread that is itself inside a call is therefore
 * harmless. Locks are taken, so a signal's handler must not close.
 *
 * In the child of a fork the counts may belong to threads that do not exist
 * there; the transport has closed the descriptors already, so only memory is
 * given back, by np_close alone. */

#include "np_internal.h"

atomic_uint npi_generation;

void npi_handle_init(np_pipe *pipe, const struct npi_ops *ops,
                     const struct npi_name *name)
{
    pipe->ops = ops;
    pipe->name = *name;
    pipe->generation = atomic_load(&npi_generation);
    atomic_init(&pipe->inside, 1);
    atomic_init(&pipe->owners, 2);
    atomic_init(&pipe->closing, false);
    atomic_init(&pipe->home, NULL);
    pipe->lasting = false;
}

static bool inherited(const np_pipe *pipe)
{
    return pipe->generation !=
           atomic_load_explicit(&npi_generation, memory_order_relaxed);
}

bool npi_handle_short(const np_pipe *pipe)
{
    return pipe && pipe->ops->read_now && !inherited(pipe) &&
           !atomic_load_explicit(&pipe->closing, memory_order_relaxed);
}

void npi_handle_keep(np_pipe *pipe)
{
    atomic_fetch_add(&pipe->owners, 1);
}

void npi_handle_drop(np_pipe *pipe)
{
    if (atomic_fetch_sub(&pipe->owners, 1) == 1) {
        npi_os_free(pipe);
    }
}

int npi_handle_enter(np_pipe *pipe)
{
    npi_detail_clear();
    if (!pipe) {
        return NP_INVALID_HANDLE;
    }
    if (inherited(pipe)) {
        return npi_fail(NP_INVALID_HANDLE,
                        "it was inherited through fork(); open the pipe again "
                        "in this process");
    }
    /* The memory is the caller's until np_close. A count of 0 stays 0: the
     * resources are gone for good. */
    unsigned inside = atomic_load_explicit(&pipe->inside, memory_order_relaxed);
    do {
        if (inside == 0 ||
            atomic_load_explicit(&pipe->closing, memory_order_relaxed)) {
            return NP_INVALID_HANDLE;
        }
    } while (!atomic_compare_exchange_weak(&pipe->inside, &inside, inside + 1));
    return NP_OK;
}

void npi_handle_leave(np_pipe *pipe)
{
    if (inherited(pipe)) {
        return; /* np_close gives back the memory, nothing else is ours */
    }
    if (atomic_fetch_sub(&pipe->inside, 1) == 1) {
        pipe->ops->release(pipe);
        npi_handle_drop(pipe);
    }
}

void np_shutdown(np_pipe *pipe)
{
    if (!pipe || inherited(pipe) || atomic_exchange(&pipe->closing, true)) {
        return;
    }
    pipe->ops->shut(pipe);
    np_server *home = atomic_exchange(&pipe->home, NULL);
    npi_handle_leave(pipe);
    if (home) {
        npi_server_instance_gone(home);
    }
}

void np_close(np_pipe *pipe)
{
    if (!pipe) {
        return;
    }
    if (inherited(pipe)) {
        npi_os_free(pipe);
        return;
    }
    np_shutdown(pipe);
    npi_handle_drop(pipe);
}
