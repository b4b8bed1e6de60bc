/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* The single source of the error codes and constants of namedpipe: the C
 * enums, np_strerror, the Python classes, Lua's np.E and the documentation are
 * all expanded from the two tables below. */

#ifndef NAMEDPIPE_NAMES_H
#define NAMEDPIPE_NAMES_H

/* X(NAME, code, errno name, Python class, text)
 *
 * code   the Win32 error number, the same on every system; our own codes, for
 *        things Win32 has no number for, have bit 29 set as Win32 reserves it
 *        for applications.
 * class  which exception the Python binding raises; PipeError is the base of
 *        all others. */
#define NP_ERRORS(X)                                                           \
    X(INVALID_FUNCTION, 1, EINVAL, PipeError,                                  \
      "this end of the pipe cannot do that")                                   \
    X(FILE_NOT_FOUND, 2, ENOENT, PipeNotFoundError,                            \
      "there is no pipe of this name")                                         \
    X(PATH_NOT_FOUND, 3, ENOENT, PipeNotFoundError, "path not found")          \
    X(ACCESS_DENIED, 5, EACCES, PipeAccessError, "access denied")              \
    X(INVALID_HANDLE, 6, EBADF, PipeError, "the pipe handle is closed")        \
    X(NOT_ENOUGH_MEMORY, 8, ENOMEM, PipeError, "not enough memory")            \
    X(NOT_SUPPORTED, 50, ENOTSUP, PipeError, "not supported")                  \
    X(INVALID_PARAMETER, 87, EINVAL, PipeError, "invalid parameter")           \
    X(BROKEN_PIPE, 109, EPIPE, BrokenPipe,                                     \
      "the other end of the pipe is closed")                                   \
    X(SEM_TIMEOUT, 121, ETIMEDOUT, PipeTimeoutError,                           \
      "no instance became free in time")                                       \
    X(INSUFFICIENT_BUFFER, 122, EMSGSIZE, PipeError, "buffer too small")       \
    X(INVALID_NAME, 123, EINVAL, PipeError, "invalid pipe name")               \
    X(BAD_PATHNAME, 161, EINVAL, PipeError, "the path is not a pipe's")        \
    X(PIPE_LOCAL, 229, EINVAL, PipeError, "the pipe is local")                 \
    X(BAD_PIPE, 230, EINVAL, PipeError,                                        \
      "invalid in this state or mode of the pipe")                             \
    X(PIPE_BUSY, 231, EBUSY, PipeBusyError, "all pipe instances are busy")     \
    X(NO_DATA, 232, EPIPE, BrokenPipe, "the pipe is being closed")             \
    X(PIPE_NOT_CONNECTED, 233, EPIPE, BrokenPipe,                              \
      "no process is on the other end of the pipe")                            \
    X(MORE_DATA, 234, EMSGSIZE, MoreDataError,                                 \
      "the message is longer than the buffer")                                 \
    X(TIMEOUT, 258, ETIMEDOUT, PipeTimeoutError, "the operation timed out")    \
    X(PIPE_CONNECTED, 535, EISCONN, PipeError,                                 \
      "a client is already connected")                                         \
    X(PIPE_LISTENING, 536, EAGAIN, PipeError,                                  \
      "waiting for a client to open the other end")                            \
    X(OPERATION_ABORTED, 995, ECANCELED, OperationAborted,                     \
      "the operation was cancelled or its handle closed")                      \
    X(NOT_FOUND, 1168, ENOENT, PipeError, "not found")                         \
    X(REVISION_MISMATCH, 1306, EPROTO, PipeError,                              \
      "the other side is another, incompatible version of namedpipe")          \
    X(CANNOT_IMPERSONATE, 1368, EPERM, PipeError,                              \
      "cannot impersonate before data was read")                               \
    X(NO_SYSTEM_RESOURCES, 1450, ENFILE, PipeError,                            \
      "out of a system resource")                                              \
    X(INTERRUPTED, 0x20000001, EINTR, PipeError, "interrupted by a signal")    \
    X(SERVER_NOT_TRUSTED, 0x20000002, EPERM, ServerNotTrusted,                 \
      "the server runs as another user")

/* X(NAME, value): the public constants, prefixed NP_ in C and bare elsewhere.
 * Values are Win32's where Win32 has them. */
#define NP_CONSTANTS(X)                                                        \
    /* direction of a pipe, as its server sees it */                           \
    X(INBOUND, 1)                                                              \
    X(OUTBOUND, 2)                                                             \
    X(DUPLEX, 3)                                                               \
    /* type of a pipe, and read mode of an end */                              \
    X(MODE_DEFAULT, 0)                                                         \
    X(BYTE, 1)                                                                 \
    X(MESSAGE, 2)                                                              \
    /* what a client asks for */                                               \
    X(READ, 1)                                                                 \
    X(WRITE, 2)                                                                \
    X(WRITE_ATTRIBUTES, 256)                                                   \
    /* the four states of an instance */                                       \
    X(DISCONNECTED, 1)                                                         \
    X(LISTENING, 2)                                                            \
    X(CONNECTED, 3)                                                            \
    X(CLOSING, 4)                                                              \
    /* bits of np_set_state */                                                 \
    X(NOWAIT, 1)                                                               \
    X(READMODE_MESSAGE, 2)                                                     \
    /* np_server_opts.flags and np_client_opts.flags */                        \
    X(FLAG_NOWAIT, 1)                                                          \
    X(FLAG_FIRST, 2)                                                           \
    X(FLAG_NO_SPIN, 4)                                                         \
    /* np_client_opts.wait */                                                  \
    X(WAIT_INSTANCE, 0)                                                        \
    X(WAIT_SERVER, 1)                                                          \
    /* limits */                                                               \
    X(UNLIMITED_INSTANCES, 255)                                                \
    X(DEFAULT_QUOTA, 65536)

#endif
