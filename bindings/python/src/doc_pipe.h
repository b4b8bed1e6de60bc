/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* What help() says about Pipe. */

#ifndef PYNP_DOC_PIPE_H
#define PYNP_DOC_PIPE_H

#define DOC_PIPE                                                               \
    "One end of one instance of a named pipe.\n"                               \
    "\n"                                                                       \
    "Made by create(), open(), connect() and Server.accept(). Every method\n"  \
    "may be called from every thread, also at the same time; reading and\n"    \
    "writing never wait for each other. close() in one thread ends calls\n"    \
    "that are blocked in others with OperationAborted; methods of a closed\n"  \
    "pipe raise ValueError. A with statement closes it; iterating over it\n"   \
    "is iterating over messages().\n"                                          \
    "\n"                                                                       \
    "Methods that wait take a timeout in seconds: None waits without a\n"      \
    "limit, 0 tries once, 'default' stands for the attribute timeout. A\n"     \
    "timeout moves nothing: a message is sent whole or not at all, and\n"      \
    "nothing is lost.\n"                                                       \
    "\n"                                                                       \
    "After os.fork() a pipe works in the parent only."

#define DOC_PIPE_ACCEPT                                                        \
    "accept($self, /, timeout='default')\n"                                    \
    "--\n"                                                                     \
    "\n"                                                                       \
    "Wait until the client of this instance is there. Servers only.\n"         \
    "\n"                                                                       \
    "Returns True after having waited for it, False when it was there\n"       \
    "already. An instance that was disconnected listens again from this\n"     \
    "call on.\n"                                                               \
    "\n"                                                                       \
    "Raises BrokenPipe with winerror 232 when a client came and left (what\n"  \
    "it wrote can be read; disconnect() before accepting the next one),\n"     \
    "with 233 after disconnect() in another thread; PipeTimeoutError;\n"       \
    "PipeError on a client's end, or with winerror 536 on a nowait end\n"      \
    "without a client."

#define DOC_PIPE_DISCONNECT                                                    \
    "disconnect($self, /)\n"                                                   \
    "--\n"                                                                     \
    "\n"                                                                       \
    "Throw the client out. Servers only.\n"                                    \
    "\n"                                                                       \
    "Unread data of both directions is dropped, and calls blocked on either\n" \
    "end raise BrokenPipe: call flush() before to let the client finish\n"     \
    "reading, accept() after to serve the next one.\n"                         \
    "\n"                                                                       \
    "Raises BrokenPipe when disconnected already; PipeError on a client's\n"   \
    "end. Does not wait."

#define DOC_PIPE_RECV                                                          \
    "recv($self, /, max_size=None, timeout='default')\n"                       \
    "--\n"                                                                     \
    "\n"                                                                       \
    "Read one message, whole however long it is, and return it as bytes; on\n" \
    "an end that reads bytes, all that is there. b'' is an empty message,\n"   \
    "never the end.\n"                                                         \
    "\n"                                                                       \
    "Waits until there is something to read.\n"                                \
    "\n"                                                                       \
    "Raises MoreDataError when the message is longer than max_size:\n"         \
    ".partial is its beginning, the rest can be read. BrokenPipe when the\n"   \
    "other end is closed and everything has been read, or after a\n"           \
    "disconnect; PipeTimeoutError; PipeAccessError when this end only\n"       \
    "writes; BrokenPipe with winerror 232 when nothing is there and this\n"    \
    "end is nowait."

#define DOC_PIPE_RECV_INTO                                                     \
    "recv_into($self, /, buffer, timeout='default')\n"                         \
    "--\n"                                                                     \
    "\n"                                                                       \
    "Read into a writable buffer and return (n, more).\n"                      \
    "\n"                                                                       \
    "n bytes were read. more says that the message is longer than the\n"       \
    "buffer; the next read gets its rest. On an end that reads bytes, as\n"    \
    "many as there are and fit are read, and more is False.\n"                 \
    "\n"                                                                       \
    "Waits until there is something to read. Raises as recv()."

#define DOC_PIPE_SEND                                                          \
    "send($self, /, data, timeout='default')\n"                                \
    "--\n"                                                                     \
    "\n"                                                                       \
    "Write data, on a message pipe as one message, which may be empty.\n"      \
    "\n"                                                                       \
    "Returns how many bytes were written: all of them, except that a nowait\n" \
    "end may write less on a byte pipe, and nothing on a message pipe.\n"      \
    "\n"                                                                       \
    "Waits while what is unread, data included, exceeds the quota of this\n"   \
    "direction. The buffer is held meanwhile and must not be resized.\n"       \
    "\n"                                                                       \
    "Raises BrokenPipe when the other end is closed or was disconnected;\n"    \
    "PipeTimeoutError, with the write taken back (.written bytes of it had\n"  \
    "been read by the other end); PipeAccessError when this end only reads."

#define DOC_PIPE_READ                                                          \
    "read($self, /, n=-1, timeout='default')\n"                                \
    "--\n"                                                                     \
    "\n"                                                                       \
    "Read up to n bytes as an unbuffered file does: at least one byte, or\n"   \
    "b'' when the other end is closed and everything has been read. Without\n" \
    "n, everything up to that end.\n"                                          \
    "\n"                                                                       \
    "Bounds of messages do not show. Raises as recv() otherwise; what\n"       \
    "read() had read before it failed is in .partial of the exception."

#define DOC_PIPE_READINTO                                                      \
    "readinto($self, /, buffer, timeout='default')\n"                          \
    "--\n"                                                                     \
    "\n"                                                                       \
    "Read into a writable buffer as an unbuffered file does, and return how\n" \
    "many bytes: 0 when the other end is closed and everything has been\n"     \
    "read.\n"                                                                  \
    "\n"                                                                       \
    "Bounds of messages do not show. Raises as recv() otherwise."

#define DOC_PIPE_WRITE                                                         \
    "write($self, /, data, timeout='default')\n"                               \
    "--\n"                                                                     \
    "\n"                                                                       \
    "The same as send(), by the name files have for it."

#define DOC_PIPE_PEEK                                                          \
    "peek($self, /, n=0)\n"                                                    \
    "--\n"                                                                     \
    "\n"                                                                       \
    "Look at what the next read would get, without taking it.\n"               \
    "\n"                                                                       \
    "Returns a Peek: up to n bytes of data; how many bytes are available,\n"   \
    "later messages included; how many are left_in_message, those that\n"      \
    "belong to the first message and are not in data.\n"                       \
    "\n"                                                                       \
    "Raises BrokenPipe when the other end is closed and nothing is unread,\n"  \
    "or on a client's end after a disconnect; PipeError when not connected.\n" \
    "Does not wait."

#define DOC_PIPE_TRANSACT                                                      \
    "transact($self, /, data, timeout='default', max_size=None)\n"             \
    "--\n"                                                                     \
    "\n"                                                                       \
    "Send a request and return the reply, one message each. Needs a duplex\n"  \
    "message pipe and an end that reads messages. The request is not\n"        \
    "subject to the quota.\n"                                                  \
    "\n"                                                                       \
    "Waits until the reply is there. A timeout leaves the request sent.\n"     \
    "\n"                                                                       \
    "Raises MoreDataError when the reply is longer than max_size: .partial\n"  \
    "is its beginning, the rest can be read. PipeBusyError when there is\n"    \
    "unread data; PipeError with winerror 230 when the pipe cannot do that;\n" \
    "otherwise as send() and recv()."

#define DOC_PIPE_FLUSH                                                         \
    "flush($self, /, timeout='default')\n"                                     \
    "--\n"                                                                     \
    "\n"                                                                       \
    "Wait until the other end has read everything written before this call.\n" \
    "\n"                                                                       \
    "Raises BrokenPipe when it closed first, or was disconnected;\n"           \
    "PipeTimeoutError; PipeAccessError when this end only reads."

#define DOC_PIPE_MESSAGES                                                      \
    "messages($self, /)\n"                                                     \
    "--\n"                                                                     \
    "\n"                                                                       \
    "Iterate over the messages, or what recv() returns on an end that reads\n" \
    "bytes, until the other end has closed and everything has been read.\n"    \
    "\n"                                                                       \
    "Each step waits as long as Pipe.timeout says and raises as recv()\n"      \
    "does, but for winerror 109."

#define DOC_PIPE_CANCEL                                                        \
    "cancel($self, /)\n"                                                       \
    "--\n"                                                                     \
    "\n"                                                                       \
    "End the calls that are blocked on this pipe now with OperationAborted.\n" \
    "The pipe stays usable. Returns whether there were any. Does not wait."

#define DOC_PIPE_FILENO                                                        \
    "fileno($self, /)\n"                                                       \
    "--\n"                                                                     \
    "\n"                                                                       \
    "A descriptor for event loops: it becomes readable when a call may get\n"  \
    "further than before. The pipe keeps it: do not read from it or close\n"   \
    "it.\n"                                                                    \
    "\n"                                                                       \
    "Try with timeout=0, then wait, then try until PipeTimeoutError: what\n"   \
    "arrived between tries is not announced again.\n"                          \
    "\n"                                                                       \
    "Raises PipeError where the system has no such thing. Does not wait."

#define DOC_PIPE_MAKEFILE                                                      \
    "makefile($self, /, mode='r', buffering=None, *, encoding=None, "          \
    "errors=None, newline=None)\n"                                             \
    "--\n"                                                                     \
    "\n"                                                                       \
    "Return a file object over this pipe, as socket.makefile() does.\n"        \
    "\n"                                                                       \
    "mode is 'r', 'w' or 'rw', with 'b' for bytes instead of text. The file\n" \
    "reads and writes with Pipe.timeout; after a timeout in the middle of a\n" \
    "read it raises OSError from then on. Closing the file leaves the pipe\n"  \
    "open."

#define DOC_PIPE_CLOSE                                                         \
    "close($self, /, linger=0)\n"                                              \
    "--\n"                                                                     \
    "\n"                                                                       \
    "Close this end. The other end reads what was written, then finds the\n"   \
    "pipe broken. Calls blocked in other threads raise OperationAborted. A\n"  \
    "pipe that is closed already stays so.\n"                                  \
    "\n"                                                                       \
    "linger is how many seconds to wait for the other end to read\n"           \
    "everything first, None for no limit; that it did not is no error.\n"      \
    "Otherwise does not wait."

#define DOC_ENTER                                                              \
    "__enter__($self, /)\n"                                                    \
    "--\n"                                                                     \
    "\n"                                                                       \
    "Return self."

#define DOC_EXIT                                                               \
    "__exit__($self, /, *exc_info)\n"                                          \
    "--\n"                                                                     \
    "\n"                                                                       \
    "Close this end."

#define DOC_REDUCE                                                             \
    "__reduce__($self, /)\n"                                                   \
    "--\n"                                                                     \
    "\n"                                                                       \
    "Refuse to be pickled or copied."

#define DOC_PIPE_CLOSED "Whether close() was called."

#define DOC_PIPE_PATH                                                          \
    "The full name, such as \\\\.\\pipe\\demo. Works on a closed pipe too."

#define DOC_PIPE_TIMEOUT                                                       \
    "For methods that wait and are given no timeout: seconds, or None,\n"      \
    "which it is at first, for no limit. Settable."

#define DOC_PIPE_STATE                                                         \
    "'disconnected', 'listening', 'connected' or 'closing', the last one\n"    \
    "meaning that the other end is closed."

#define DOC_PIPE_INSTANCES "How many instances the pipe has now."

#define DOC_PIPE_READ_MODE                                                     \
    "How this end reads: 'byte' or 'message'. Settable: a message pipe can\n"  \
    "be read either way."

#define DOC_PIPE_NOWAIT                                                        \
    "Whether calls on this end never wait (PIPE_NOWAIT). Settable. New\n"      \
    "programs use timeout=0 instead."

#define DOC_PIPE_INFO "What the pipe was made with, an Info."

#define DOC_PIPE_PEER                                                          \
    "Who is on the other end, a Peer. Decide by the user: a process id may\n"  \
    "have been reused by the time it is looked at. Raises PipeError with\n"    \
    "winerror 1168 on a server's end without a client."

#endif
