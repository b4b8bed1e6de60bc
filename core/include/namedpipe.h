/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* namedpipe - Windows named pipes, with one meaning on Linux and on Windows.
 *
 * GLOSSARY
 *   pipe      what a name stands for: a type (byte or message), a direction, a
 *             limit of instances, a default time-out; fixed by the first
 *             instance, gone with the last server end.
 *   instance  one conversation of a pipe: a server end, at most one client end,
 *             and two queues. It is DISCONNECTED, LISTENING, CONNECTED or
 *             CLOSING.
 *   end       the server's or the client's side of one instance.
 *   handle    an np_pipe: what a program holds of one end. An np_server keeps a
 *             name served and hands out one np_pipe per client.
 *   message   in message mode, the bytes of one write. It may be empty, it is
 *             never cut, joined or lost.
 *   quota     how many unread data bytes one direction holds before a write
 *             waits.
 *
 * NAMES
 *   "demo", "\\.\pipe\demo" and "//./pipe/demo" are the same pipe. Upper and
 *   lower case are the same. "/" and "\" are the same. UTF-8; the full form has
 *   at most 256 UTF-16 units.
 *
 * ARGUMENTS
 *   In this order: the handle; inputs, each length right after its buffer;
 *   outputs, named *_out; the time-out last. Outputs are written only on
 *   success; where an error also writes one, its description says so. Option
 *   structs are filled by their ..._INIT macro; NULL means all defaults.
 *
 * ERRORS
 *   Every function that can fail returns an int: 0, or a Win32 error number,
 *   the same on every system (NP_PIPE_BUSY is 231). The numbers, their names
 *   and texts stand in <namedpipe/names.h>. NP_INVALID_HANDLE from any function
 *   that takes a handle: it has been shut down, or was inherited through
 *   fork(). np_error_detail() tells more about the last failure where there is
 *   more to tell.
 *
 * TIME-OUTS
 *   Relative milliseconds, turned into one absolute deadline on the monotonic
 *   clock when the call begins. NP_INFINITE waits for ever, 0 tries once.
 *   A deadline that passes moves nothing: a message is sent whole or not at
 *   all, and nothing is taken from the queue.
 *
 * WHAT WAKES A BLOCKED CALL
 *   What it waits for; its deadline; the other end's close, disconnect or
 *   death, also by SIGKILL; np_cancel, np_shutdown or np_close on its handle
 *   from any thread (NP_OPERATION_ABORTED); and a signal: then the function of
 *   np_set_interrupt decides, or without one the call ends with
 *   NP_INTERRUPTED, having moved nothing. That function may call anything here;
 *   a signal's handler itself may call nothing, as there are locks.
 *
 * THREADS
 *   Every function may be called from every thread, also on one handle at the
 *   same time. Reads of one handle are served in the order of their calls, and
 *   so are writes; reading and writing never wait for each other. The one thing
 *   the caller must see to: no call may begin on a handle once np_close was
 *   called. np_shutdown exists for programs that cannot promise that.
 *
 * FORK
 *   A handle belongs to the process that made it. In the child of a fork() all
 *   handles answer NP_INVALID_HANDLE and should be given to np_close; the
 *   parent's are not touched by that. Programs started by exec inherit
 *   nothing.
 *
 * CAVEATS
 *   On Linux the two ends share memory, and everything that comes out of it is
 *   checked before it is used: a broken or hostile peer can end its own
 *   conversation and nothing else. A stopped (SIGSTOP) peer is not a dead one:
 *   use deadlines. Killing a writer in the middle of a message makes that
 *   message vanish. Both ends flushing at once, each with data unread, wait for
 *   each other, as on Windows: use a deadline. pthread_cancel is not supported.
 */

#ifndef NAMEDPIPE_H
#define NAMEDPIPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "namedpipe/names.h"
#include "namedpipe/version.h"

#if defined _WIN32 && defined NP_BUILDING_SHARED
#define NP_API __declspec(dllexport)
#elif defined _WIN32 && defined NP_USING_SHARED
#define NP_API __declspec(dllimport)
#elif defined __GNUC__
#define NP_API __attribute__((visibility("default")))
#else
#define NP_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

enum {
    NP_OK = 0,
#define NP_X(name, code, errno_name, class, text) NP_##name = code,
    NP_ERRORS(NP_X)
#undef NP_X
};

enum {
#define NP_X(name, value) NP_##name = value,
    NP_CONSTANTS(NP_X)
#undef NP_X
};

/* Wait without a limit. */
#define NP_INFINITE 0xFFFFFFFFu
/* For np_wait: the pipe's own default time-out (NMPWAIT_USE_DEFAULT_WAIT). */
#define NP_USE_DEFAULT 0xFFFFFFFEu

typedef struct np_pipe np_pipe;
typedef struct np_server np_server;

/* -------------------------------------------------------------- server side */

/* What np_create and np_listen make. The pipe-wide values (mode, access,
 * max_instances, default_timeout) are those of the first instance; a later one
 * must agree in access only, its other values are ignored as Windows does. */
typedef struct np_server_opts {
    uint32_t size;          /* sizeof(np_server_opts) */
    uint32_t mode;          /* NP_BYTE or NP_MESSAGE: the pipe's type */
    uint32_t read_mode;     /* of this end; NP_MODE_DEFAULT: the pipe's type */
    uint32_t access;        /* NP_INBOUND, NP_OUTBOUND or NP_DUPLEX */
    uint32_t max_instances; /* 1 ... 255, 255 meaning no limit */
    uint32_t in_quota;      /* client to server, bytes; 0 is a quota of 0 */
    uint32_t out_quota;     /* server to client, bytes */
    uint32_t default_timeout; /* of np_wait, ms; 0 means 50 */
    uint32_t flags;           /* NP_FLAG_FIRST: fail if the name exists;
                                 NP_FLAG_NOWAIT: PIPE_NOWAIT for this end;
                                 NP_FLAG_NO_SPIN: this end sleeps at once when
                                 it has to wait. Else it may look again for
                                 some microseconds first, which saves a sleep
                                 and a wake-up and costs a few percent of a CPU
                                 at most; NAMEDPIPE_SPIN=0 in the environment
                                 turns that off for a whole program. On Windows
                                 nothing spins. */
} np_server_opts;

#define NP_SERVER_OPTS_INIT                                                    \
    {                                                                          \
        (uint32_t)sizeof(np_server_opts), NP_BYTE, NP_MODE_DEFAULT, NP_DUPLEX, \
            NP_UNLIMITED_INSTANCES, NP_DEFAULT_QUOTA, NP_DEFAULT_QUOTA, 50, 0  \
    }

/* Make one instance of a pipe. It is LISTENING at once: a client may open it
 * and write before np_accept is called.
 *   Mirrors: CreateNamedPipe.
 *   Returns: NP_INVALID_NAME (empty, over-long, or with a NUL);
 *     NP_INVALID_PARAMETER (unknown mode, access or flag, 0 or more than 255
 *     instances, byte type with message read mode); NP_PIPE_BUSY (max_instances
 *     reached); NP_ACCESS_DENIED (NP_FLAG_FIRST and the name exists; the access
 *     differs from the first instance's; the runtime directory is not ours);
 *     NP_REVISION_MISMATCH (the name is served by an incompatible version);
 *     NP_NO_SYSTEM_RESOURCES (no descriptor, no space in the runtime
 *     directory); NP_NOT_ENOUGH_MEMORY.
 *   Blocks: no, but for a bounded wait for another process that is creating an
 *     instance of the same name at this moment.
 *   Ends with: np_close. */
NP_API int np_create(const char *name, const np_server_opts *opts,
                     np_pipe **pipe_out);

/* Wait until the client of this instance is there.
 *   Mirrors: ConnectNamedPipe.
 *   Returns: NP_OK (a client came while waiting); NP_PIPE_CONNECTED (it was
 *     there already: a good connection); NP_NO_DATA (it came and left; what it
 *     wrote can be read); NP_PIPE_LISTENING (NP_NOWAIT end and no client);
 *     NP_TIMEOUT; NP_INVALID_FUNCTION (a client's end);
 *     NP_PIPE_NOT_CONNECTED (np_disconnect by another thread);
 *     NP_NO_SYSTEM_RESOURCES (the client stays queued: call again).
 *   A disconnected instance listens again from this call on.
 *   Blocks: until a client opens the instance. */
NP_API int np_accept(np_pipe *pipe, uint32_t ms);

/* Throw the client out. Unread data of both directions is dropped; calls
 * blocked on either end return NP_PIPE_NOT_CONNECTED. Use np_flush before to
 * let the client finish reading, np_accept after to serve the next one.
 *   Mirrors: DisconnectNamedPipe.
 *   Returns: NP_PIPE_NOT_CONNECTED (already disconnected);
 *     NP_INVALID_FUNCTION (a client's end).
 *   Blocks: no. */
NP_API int np_disconnect(np_pipe *pipe);

/* -------------------------------------------------------------- client side */

typedef struct np_client_opts {
    uint32_t size;      /* sizeof(np_client_opts) */
    uint32_t access;    /* NP_READ, NP_WRITE, both, or 0 (queries only);
                           NP_WRITE_ATTRIBUTES lets one that does not write use
                           np_set_state */
    uint32_t read_mode; /* NP_BYTE, NP_MESSAGE; NP_MODE_DEFAULT: np_open byte,
                           np_connect the pipe's type */
    uint32_t flags;     /* NP_FLAG_NOWAIT, NP_FLAG_NO_SPIN */
    uint32_t wait;      /* np_connect only: NP_WAIT_INSTANCE fails at once when
                           there is no such pipe, NP_WAIT_SERVER waits for it */
} np_client_opts;

#define NP_CLIENT_OPTS_INIT                                                    \
    {                                                                          \
        (uint32_t)sizeof(np_client_opts), (uint32_t)(NP_READ | NP_WRITE),      \
            NP_MODE_DEFAULT, 0, NP_WAIT_INSTANCE                               \
    }

/* Open the client end of a listening instance, never waiting for one. Of
 * several, the one that has listened longest is taken.
 *   Mirrors: CreateFile with OPEN_EXISTING.
 *   Returns: NP_FILE_NOT_FOUND (no such pipe); NP_PIPE_BUSY (no instance is
 *     listening); NP_ACCESS_DENIED (the pipe's direction does not allow the
 *     access asked for; the runtime directory is not ours);
 *     NP_SERVER_NOT_TRUSTED (the server runs as another user, on Windows also:
 *     at a low integrity level; nothing was sent to it); NP_INVALID_NAME;
 *     NP_INVALID_PARAMETER (message read mode on a byte pipe; on Windows an
 *     instance has been used up then);
 *     NP_REVISION_MISMATCH; NP_NO_SYSTEM_RESOURCES.
 *   Blocks: no.
 *   Ends with: np_close. */
NP_API int np_open(const char *name, const np_client_opts *opts,
                   np_pipe **pipe_out);

/* Wait until an instance of the pipe is listening. Nothing is reserved: another
 * client may be faster, np_open then says NP_PIPE_BUSY. np_connect does both.
 *   Mirrors: WaitNamedPipe.
 *   Returns: NP_FILE_NOT_FOUND (no such pipe, or its last instance went while
 *     waiting); NP_SEM_TIMEOUT; NP_INVALID_NAME.
 *   Blocks: until an instance listens. ms may be NP_USE_DEFAULT: the time-out
 *     the pipe's first instance was created with. */
NP_API int np_wait(const char *name, uint32_t ms);

/* Open, waiting for a free instance (or for the server, see opts->wait) and
 * trying again when another client was faster, until one deadline.
 *   Mirrors: the loop around CreateFile and WaitNamedPipe.
 *   Returns: as np_open, but NP_SEM_TIMEOUT when no instance became free, or
 *     with NP_WAIT_SERVER no server appeared, in time.
 *   Blocks: until connected.
 *   Ends with: np_close. */
NP_API int np_connect(const char *name, const np_client_opts *opts,
                      np_pipe **pipe_out, uint32_t ms);

/* --------------------------------------------------------------- both sides */

/* Read. A byte-read end takes what is there, up to n bytes, across the bounds
 * of writes; a message-read end takes one message or as much of it as fits.
 *   Mirrors: ReadFile.
 *   Returns: NP_OK; *got_out = 0 with n > 0 means an empty message, never the
 *     end. NP_MORE_DATA: the message is longer, *got_out bytes were read, the
 *     rest is for the next read. NP_BROKEN_PIPE: the other end is closed and
 *     everything has been read. NP_PIPE_NOT_CONNECTED: disconnected.
 *     NP_PIPE_LISTENING: no client yet. NP_NO_DATA: NP_NOWAIT end, nothing
 *     there. NP_TIMEOUT. NP_ACCESS_DENIED: not this end's direction.
 *   Blocks: until there is something to read. n = 0 waits for that too and
 *     takes nothing but an empty message. */
NP_API int np_read(np_pipe *pipe, void *buf, size_t n, size_t *got_out,
                   uint32_t ms);

/* Read, but take nothing that does not fit: on a message-read end one whole
 * message, on a byte-read end all that is there.
 *   Returns: as np_read, but NP_INSUFFICIENT_BUFFER instead of a part: nothing
 *     was taken and *got_out says how many bytes a buffer must hold (the next
 *     call may find a longer message if another thread takes this one).
 *   Blocks: as np_read. */
NP_API int np_recv(np_pipe *pipe, void *buf, size_t n, size_t *got_out,
                   uint32_t ms);

/* Write n bytes: in message mode one message, which may be empty.
 *   Mirrors: WriteFile.
 *   Returns: NP_OK with *put_out = n (a byte-mode NP_NOWAIT end may write
 *     less, a message-mode one nothing, and that is success too). NP_NO_DATA:
 *     the other end is closed. NP_PIPE_NOT_CONNECTED: disconnected.
 *     NP_PIPE_LISTENING: no client yet. NP_TIMEOUT, NP_OPERATION_ABORTED,
 *     NP_INTERRUPTED: the write has been taken back; *put_out is also written
 *     then: what of it the other end had already read (in message mode through
 *     reads with small buffers, otherwise 0; 0 also after np_shutdown here,
 *     which may leave the write to the reader; always 0 on Windows, which does
 *     not tell). NP_BROKEN_PIPE: the other end closed while the write waited.
 *     NP_ACCESS_DENIED: not this end's direction. NP_INVALID_PARAMETER: more
 *     than NP_MAX_MESSAGE bytes.
 *   Blocks: while what is unread, this write included, exceeds the quota. It is
 *     visible to the reader all that time. */
NP_API int np_write(np_pipe *pipe, const void *buf, size_t n, size_t *put_out,
                    uint32_t ms);

/* The longest write. */
#define NP_MAX_MESSAGE 0x7FFFFFFFu

/* Look at what the next read would get, without taking it. On a pipe of message
 * type that is the first message, whatever the read mode.
 *   Mirrors: PeekNamedPipe.
 *   got_out    bytes copied to buf, or NULL
 *   avail_out  all unread bytes, later messages included, or NULL
 *   left_out   what of the first message was not copied, or NULL; on a byte
 *              pipe 0 - *got_out, as Windows has it
 *   Returns: NP_BROKEN_PIPE (other end closed, nothing unread); NP_BAD_PIPE
 *     (listening, or disconnected on the server's end); NP_PIPE_NOT_CONNECTED
 *     (disconnected, client's end); NP_ACCESS_DENIED (this end cannot read).
 *   Blocks: no. */
NP_API int np_peek(np_pipe *pipe, void *buf, size_t n, size_t *got_out,
                   size_t *avail_out, uint32_t *left_out);

/* Write one message and read one, as one call: a request and its reply. The
 * request is not subject to the quota.
 *   Mirrors: TransactNamedPipe.
 *   Returns: NP_BAD_PIPE (not a duplex message pipe, not in message-read mode,
 *     or not connected); NP_PIPE_BUSY (there is unread data); NP_MORE_DATA (the
 *     reply is longer than m, the rest can be read); NP_TIMEOUT (the request
 *     stays sent); otherwise as np_write and np_read.
 *   Blocks: until the reply is there. */
NP_API int np_transact(np_pipe *pipe, const void *in, size_t n, void *out,
                       size_t m, size_t *got_out, uint32_t ms);

/* Connect, np_transact, close.
 *   Mirrors: CallNamedPipe.
 *   Returns: NP_INVALID_PARAMETER (a byte pipe); NP_MORE_DATA (the reply is
 *     longer than m; its rest is lost with the connection); otherwise as
 *     np_connect with NP_WAIT_INSTANCE and np_transact.
 *   Blocks: until the reply is there; ms covers all of it. */
NP_API int np_call(const char *name, const void *in, size_t n, void *out,
                   size_t m, size_t *got_out, uint32_t ms);

/* Wait until the other end has read everything written before this call.
 *   Mirrors: FlushFileBuffers.
 *   Returns: NP_BROKEN_PIPE (it closed first); NP_PIPE_NOT_CONNECTED;
 *     NP_TIMEOUT; NP_ACCESS_DENIED (this end cannot write).
 *   Blocks: until the peer has read, or at once when nothing is unread. */
NP_API int np_flush(np_pipe *pipe, uint32_t ms);

/* End every call that is blocked on this handle now with
 * NP_OPERATION_ABORTED. The handle stays usable.
 *   Mirrors: CancelIoEx(handle, NULL).
 *   Returns: NP_NOT_FOUND (nothing was blocked).
 *   Blocks: no. */
NP_API int np_cancel(np_pipe *pipe);

/* Close this end: the other end reads what was written (also a write that
 * waits, if all of it is in the queue), then gets NP_BROKEN_PIPE. Blocked calls
 * on this handle end with NP_OPERATION_ABORTED; calls that begin later get
 * NP_INVALID_HANDLE. The memory stays until np_close, which must still be
 * called. NULL is accepted.
 *   Blocks: no. */
NP_API void np_shutdown(np_pipe *pipe);

/* np_shutdown, and give the handle back: no call on it may begin from here on.
 * Calls that are blocked end first; the last one frees. NULL is accepted.
 *   Mirrors: CloseHandle.
 *   Blocks: no. */
NP_API void np_close(np_pipe *pipe);

/* ---------------------------------------------------------- state and modes */

typedef struct np_state {
    uint32_t state;     /* NP_DISCONNECTED, LISTENING, CONNECTED or CLOSING */
    uint32_t mode;      /* bits: NP_NOWAIT, NP_READMODE_MESSAGE */
    uint32_t instances; /* of the pipe, now */
} np_state;

/* Mirrors: GetNamedPipeHandleState (mode, instances), and the state besides.
 *   Returns: NP_PIPE_NOT_CONNECTED (a client's end after disconnect);
 *     NP_ACCESS_DENIED (the server's end of an outbound pipe).
 *   Blocks: no. */
NP_API int np_get_state(np_pipe *pipe, np_state *state_out);

/* Set the mode bits NP_NOWAIT and NP_READMODE_MESSAGE of this end; the other
 * end's are its own.
 *   Mirrors: SetNamedPipeHandleState.
 *   Returns: NP_INVALID_PARAMETER (another bit; message read mode on a byte
 *     pipe); NP_ACCESS_DENIED (a read-only client's end, or the server's end of
 *     an inbound pipe); NP_PIPE_BUSY (NP_NOWAIT, and calls of this end are
 *     waiting); NP_PIPE_NOT_CONNECTED (a client's end after disconnect).
 *   Blocks: no. */
NP_API int np_set_state(np_pipe *pipe, uint32_t mode);

typedef struct np_info {
    uint32_t server_end;    /* 1 on the server's end, else 0 */
    uint32_t mode;          /* the pipe's type: NP_BYTE or NP_MESSAGE */
    uint32_t access;        /* the pipe's direction: NP_INBOUND, ... */
    uint32_t out_quota;     /* server to client, as created; on both ends */
    uint32_t in_quota;      /* client to server */
    uint32_t max_instances; /* of the pipe */
} np_info;

/* Mirrors: GetNamedPipeInfo.
 *   Returns: NP_PIPE_NOT_CONNECTED (a client's end after disconnect);
 *     NP_ACCESS_DENIED (the server's end of an outbound pipe).
 *   Blocks: no. */
NP_API int np_get_info(np_pipe *pipe, np_info *info_out);

typedef struct np_peer {
    uint32_t pid;   /* 0: not known, or not visible from here */
    uint32_t uid;   /* the user; UINT32_MAX on Windows */
    char user[256]; /* its name, "" if it has none */
} np_peer;

/* Who is on the other end. Decide by the user: a process id may have been
 * reused by the time it is looked at.
 *   Mirrors: GetNamedPipeClientProcessId, GetNamedPipeServerProcessId.
 *   Returns: NP_NOT_FOUND (server's end without a client);
 *     NP_PIPE_NOT_CONNECTED (a client's end after disconnect).
 *   Blocks: no. */
NP_API int np_get_peer(np_pipe *pipe, np_peer *peer_out);

/* The canonical name, \\.\pipe\demo, in the case the caller wrote. Valid until
 * np_close. */
NP_API const char *np_path(const np_pipe *pipe);

/* A descriptor for event loops: it becomes readable (poll, epoll, select) when
 * a call may get further than before. The handle keeps it: do not read from it
 * or close it. Try first (time-out 0), then wait, then try until NP_TIMEOUT:
 * what arrived before np_get_fd or between tries is not announced again.
 *   Returns: NP_NO_SYSTEM_RESOURCES; NP_NOT_SUPPORTED on Windows.
 *   Blocks: no. */
NP_API int np_get_fd(np_pipe *pipe, int *fd_out);

/* -------------------------------------------------------- names, in general */

/* Whether the pipe exists. Consumes no instance, is not seen by the server.
 *   Returns: NP_OK; NP_FILE_NOT_FOUND; NP_INVALID_NAME; NP_ACCESS_DENIED (the
 *     runtime directory is not ours).
 *   Blocks: no. */
NP_API int np_exists(const char *name);

/* The names of the pipes that exist, as their creators wrote them, without the
 * \\.\pipe\ in front; *list_out is NUL-terminated strings one after the other,
 * ended by an empty one, for np_free. pattern has * and ?, NULL means "*"; case
 * does not matter.
 *   Mirrors: FindFirstFile("\\.\pipe\*").
 *   Returns: NP_NOT_ENOUGH_MEMORY; NP_ACCESS_DENIED; NP_NO_SYSTEM_RESOURCES.
 *   Blocks: no. */
NP_API int np_names(const char *pattern, char **list_out);
NP_API void np_free(void *p);

/* The canonical form of a name, for messages: writes at most n bytes, always
 * terminated, and returns NP_INVALID_NAME for what is no name (then buf holds
 * the name as it is, shortened to n bytes). */
NP_API int np_full_name(const char *name, char *buf, size_t n);

/* ------------------------------------------------------- a name kept served */

/* Serve a name: NP_FLAG_FIRST is implied, so that nobody else's pipe is joined,
 * and one instance is always kept listening while max_instances allows, made
 * before the previous one is handed out.
 *   Returns: as np_create. NP_ACCESS_DENIED: the name is already served.
 *   Blocks: as np_create.
 *   Ends with: np_server_close. */
NP_API int np_listen(const char *name, const np_server_opts *opts,
                     np_server **server_out);

/* Wait for the next client; *pipe_out is connected (the client may already have
 * left again: its data can be read) and outlives the server if need be.
 *   Returns: NP_TIMEOUT; NP_OPERATION_ABORTED (np_server_close or
 *     np_server_cancel); as np_accept.
 *   Blocks: until a client comes; with max_instances in use, until one of them
 *     is closed first.
 *   Ends with: np_close on *pipe_out. */
NP_API int np_server_accept(np_server *server, np_pipe **pipe_out, uint32_t ms);

/* End the np_server_accept calls that are blocked now, or about to.
 *   Returns: NP_NOT_FOUND (none was).  Blocks: no. */
NP_API int np_server_cancel(np_server *server);

NP_API const char *np_server_path(const np_server *server);

/* As np_get_fd: readable when np_server_accept may get further. */
NP_API int np_server_get_fd(np_server *server, int *fd_out);

/* Stop serving the name: the listening instance goes, blocked accepts end with
 * NP_OPERATION_ABORTED, pipes already handed out live on. np_server_shutdown
 * leaves the memory to np_server_close, as np_shutdown does. NULL is
 * accepted.
 *   Blocks: no. */
NP_API void np_server_shutdown(np_server *server);
NP_API void np_server_close(np_server *server);

/* --------------------------------------------------------- waiting for many */

/* One of pipe and server is set, the other NULL. */
typedef struct np_select_item {
    np_pipe *pipe;
    np_server *server;
    uint32_t ready; /* written by np_select: 1 or 0 */
} np_select_item;

/* Wait until one of several handles is ready: a pipe when a read would not wait
 * (data, or the end of the conversation), a listening pipe or a server when an
 * accept would not wait. A closed handle is ready, so that its error is seen.
 * Of 16 handles and more that a thread selects again, in the same order, those
 * where nothing happened cost nothing on Linux; to know them again, it keeps
 * the memory (nothing else) of those that are closed until it selects others.
 *   Mirrors: WaitForMultipleObjects.
 *   ready_out  how many items have ready = 1; may be NULL
 *   Returns: NP_TIMEOUT; NP_INVALID_PARAMETER (an item with both or neither
 *     set); NP_INTERRUPTED; NP_NOT_ENOUGH_MEMORY.
 *   Blocks: until one is ready. n = 0 waits for the deadline. */
NP_API int np_select(np_select_item *items, size_t n, size_t *ready_out,
                     uint32_t ms);

/* ----------------------------------------------------- signals and runtimes */

/* Set, for the calling thread, the function to call when a wait was
 * interrupted by a signal, before a wait begins, and every 50 ms of waiting
 * (a signal may have been handled by another thread). It returns 0 to go on
 * waiting, anything else to end the call with NP_INTERRUPTED. No lock is held
 * while it runs; it may call back into this library. NULL, the initial state:
 * the first signal ends the call. */
NP_API void np_set_interrupt(int (*check)(void *arg), void *arg);

/* A thread, as np_thread_cancel knows it. */
typedef struct np_thread np_thread;

/* The calling thread; valid until it ends.
 *   Returns: NP_NO_SYSTEM_RESOURCES.  Blocks: no. */
NP_API int np_thread_self(np_thread **thread_out);

/* End the call that thread is blocked in with NP_OPERATION_ABORTED, and no
 * other call on the same handle. It holds until that thread calls
 * np_thread_clear: calls that it begins before then try once and do not wait,
 * so a cancel that comes a moment too early is not lost.
 *   Mirrors: CancelSynchronousIo.
 *   Blocks: no. */
NP_API void np_thread_cancel(np_thread *thread);
NP_API void np_thread_clear(void);

/* -------------------------------------------------------- texts and version */

/* What a code means, one sentence without a full stop; "unknown error" for an
 * unknown one. Never NULL; valid for ever. */
NP_API const char *np_strerror(int error);

/* "PIPE_BUSY" for 231; "" for an unknown code. */
NP_API const char *np_error_name(int error);

/* More about the last failure on this thread, such as which directory is owned
 * by whom, or "". Valid until the thread's next call. */
NP_API const char *np_error_detail(void);

/* NP_VERSION of the library in use. */
NP_API const char *np_version(void);

#ifdef __cplusplus
}
#endif

#endif
