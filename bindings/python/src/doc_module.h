/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* What help() says about the module and its functions. */

#ifndef PYNP_DOC_MODULE_H
#define PYNP_DOC_MODULE_H

#define DOC_MODULE                                                             \
    "Windows named pipes with one meaning on Linux and Windows: the C part."

#define DOC_E                                                                  \
    "The error numbers by name: E.PIPE_BUSY == 231. They are the Win32\n"      \
    "error numbers, the same on every system, and what PipeError.winerror\n"   \
    "holds."

#define DOC_CREATE                                                             \
    "create($module, /, name, *, mode='byte', read_mode='default', "           \
    "access='duplex', max_instances=255, in_quota=65536, "                     \
    "out_quota=65536, default_timeout=0.05, spin=True, first=False, "          \
    "nowait=False)\n"                                                          \
    "--\n"                                                                     \
    "\n"                                                                       \
    "Make one instance of a pipe and return its server's end.\n"               \
    "\n"                                                                       \
    "It listens at once: a client may open it and write before accept() is\n"  \
    "called. Other instances of the name, in any process, are joined;\n"       \
    "listen() owns its name instead and is what most servers want.\n"          \
    "\n"                                                                       \
    "mode             type of the pipe: 'byte' or 'message'\n"                 \
    "read_mode        how this end reads; 'default' is the pipe's type\n"      \
    "access           'inbound' (this end reads), 'outbound' or 'duplex'\n"    \
    "max_instances    1 to 255, 255 meaning no limit\n"                        \
    "in_quota         unread bytes from clients before their writes wait\n"    \
    "out_quota        unread bytes to a client before our writes wait\n"       \
    "default_timeout  of wait(), in seconds\n"                                 \
    "spin             look again for some microseconds before sleeping\n"      \
    "first            fail if the name exists already\n"                       \
    "nowait           PIPE_NOWAIT: calls on this end never wait\n"             \
    "\n"                                                                       \
    "The first instance decides mode, access, max_instances and\n"             \
    "default_timeout of the pipe.\n"                                           \
    "\n"                                                                       \
    "Raises PipeBusyError when max_instances are there; PipeAccessError\n"     \
    "when first and the name exists, or access differs from the first\n"       \
    "instance's; PipeError for an invalid name or value. Does not wait."

#define DOC_LISTEN                                                             \
    "listen($module, /, name, *, mode='byte', read_mode='default', "           \
    "access='duplex', max_instances=255, in_quota=65536, "                     \
    "out_quota=65536, default_timeout=0.05, spin=True)\n"                      \
    "--\n"                                                                     \
    "\n"                                                                       \
    "Serve a name and return a Server, which hands out a Pipe per client.\n"   \
    "\n"                                                                       \
    "The name is ours alone, and an instance listens at all times while\n"     \
    "max_instances allows. The arguments are those of create().\n"             \
    "\n"                                                                       \
    "Raises PipeAccessError when the name is served already; otherwise as\n"   \
    "create(). Does not wait."

#define DOC_OPEN                                                               \
    "open($module, /, name, *, access='rw', read_mode='default', "             \
    "nowait=False, spin=True)\n"                                               \
    "--\n"                                                                     \
    "\n"                                                                       \
    "Open the client's end of a listening instance, never waiting for one.\n"  \
    "\n"                                                                       \
    "access     'r', 'w', 'rw', '' for queries only, or a sum of READ,\n"      \
    "           WRITE and WRITE_ATTRIBUTES\n"                                  \
    "read_mode  'byte' or 'message'; 'default' is 'byte', as on Windows\n"     \
    "nowait     PIPE_NOWAIT: calls on this end never wait\n"                   \
    "spin       look again for some microseconds before sleeping\n"            \
    "\n"                                                                       \
    "Raises PipeNotFoundError when there is no such pipe; PipeBusyError\n"     \
    "when no instance listens; PipeAccessError when the direction of the\n"    \
    "pipe does not allow the access; ServerNotTrusted when another user\n"     \
    "serves it. connect() waits and is what most clients want."

#define DOC_CONNECT                                                            \
    "connect($module, /, name, timeout=None, *, wait='instance', "             \
    "access='rw', read_mode='default', nowait=False, spin=True)\n"             \
    "--\n"                                                                     \
    "\n"                                                                       \
    "Open the client's end of a pipe, waiting until an instance is free.\n"    \
    "\n"                                                                       \
    "timeout    seconds, None for no limit, 0 to try once\n"                   \
    "wait       'instance': raise PipeNotFoundError at once if there is no\n"  \
    "           such pipe; 'server': wait for that too\n"                      \
    "access     'r', 'w', 'rw', '' for queries only, or a sum of READ,\n"      \
    "           WRITE and WRITE_ATTRIBUTES\n"                                  \
    "read_mode  'byte' or 'message'; 'default' is the pipe's type\n"           \
    "nowait     PIPE_NOWAIT: calls on this end never wait\n"                   \
    "spin       look again for some microseconds before sleeping\n"            \
    "\n"                                                                       \
    "The timeout is for connecting only, see Pipe.timeout for the rest.\n"     \
    "\n"                                                                       \
    "Raises PipeTimeoutError when the time is up; otherwise as open()."

#define DOC_WAIT                                                               \
    "wait($module, /, name, timeout='default')\n"                              \
    "--\n"                                                                     \
    "\n"                                                                       \
    "Wait until an instance of the pipe listens.\n"                            \
    "\n"                                                                       \
    "'default' is the time its server has set. Nothing is reserved: another\n" \
    "client may be faster, and open() then raises PipeBusyError. connect()\n"  \
    "does both.\n"                                                             \
    "\n"                                                                       \
    "Raises PipeNotFoundError when there is no such pipe, at once; and\n"      \
    "PipeTimeoutError."

#define DOC_CALL                                                               \
    "call($module, /, name, data, timeout=None, max_size=None)\n"              \
    "--\n"                                                                     \
    "\n"                                                                       \
    "Connect, send data, return the reply, close: one request to a message\n"  \
    "pipe. timeout covers all of it.\n"                                        \
    "\n"                                                                       \
    "Raises MoreDataError, with .partial, when the reply is longer than\n"     \
    "max_size; otherwise as connect() and Pipe.transact()."

#define DOC_EXISTS                                                             \
    "exists($module, /, name)\n"                                               \
    "--\n"                                                                     \
    "\n"                                                                       \
    "Whether the pipe exists. Uses up no instance; its server notices\n"       \
    "nothing.\n"                                                               \
    "\n"                                                                       \
    "Raises PipeError for an invalid name. Does not wait."

#define DOC_NAMES                                                              \
    "names($module, /, pattern='*')\n"                                         \
    "--\n"                                                                     \
    "\n"                                                                       \
    "The names of the pipes that exist, as their creators wrote them:\n"       \
    "'demo', not the full name. pattern may have * and ?; case does not\n"     \
    "matter. Does not wait."

#define DOC_SELECT                                                             \
    "select($module, /, objects, timeout=None)\n"                              \
    "--\n"                                                                     \
    "\n"                                                                       \
    "Wait until one of several pipes and servers is ready; return a list of\n" \
    "those that are, empty when the time is up.\n"                             \
    "\n"                                                                       \
    "A pipe is ready when a read would not wait, that is for data or at the\n" \
    "end of the conversation; a listening pipe or a server, when accept()\n"   \
    "would not. What is closed is ready, so that its error is seen."

#define DOC_AFTER_FORK                                                         \
    "_after_fork($module, /)\n"                                                \
    "--\n"                                                                     \
    "\n"                                                                       \
    "Note that the calling thread is the main thread now."

#define DOC_SET_INTERRUPT                                                      \
    "_set_interrupt($module, check, /)\n"                                      \
    "--\n"                                                                     \
    "\n"                                                                       \
    "Have check() asked whenever a call of this thread is about to sleep,\n"   \
    "and now and then while it does: true, or an exception, ends the call.\n"  \
    "None takes it away."

#endif
