/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* What help() says about Server. */

#ifndef PYNP_DOC_SERVER_H
#define PYNP_DOC_SERVER_H

#define DOC_SERVER                                                             \
    "A name that is kept served.\n"                                            \
    "\n"                                                                       \
    "Made by listen(). Gives out a Pipe for each client, by accept(), by\n"    \
    "iteration or to the handler of serve(); these outlive it if need be. A\n" \
    "with statement closes it. After os.fork() it works in the parent only."

#define DOC_SERVER_ACCEPT                                                      \
    "accept($self, /, timeout=None)\n"                                         \
    "--\n"                                                                     \
    "\n"                                                                       \
    "Wait for the next client and return the server's end of its pipe.\n"      \
    "\n"                                                                       \
    "With max_instances in use, waits until one of them is closed first.\n"    \
    "The client may have left again: what it wrote can be read.\n"             \
    "\n"                                                                       \
    "Raises PipeTimeoutError after timeout seconds (None: no limit, 0: try\n"  \
    "once); OperationAborted after close() or cancel()."

#define DOC_SERVER_SERVE                                                       \
    "serve($self, /, handler, *, daemon=True)\n"                               \
    "--\n"                                                                     \
    "\n"                                                                       \
    "Call handler(pipe) in a new thread for each client, until the server\n"   \
    "is closed. The pipe is closed when handler returns.\n"                    \
    "\n"                                                                       \
    "An exception in a handler goes to threading.excepthook and stops\n"       \
    "nothing else. daemon says whether the process may end while handlers\n"   \
    "run."

#define DOC_SERVER_CANCEL                                                      \
    "cancel($self, /)\n"                                                       \
    "--\n"                                                                     \
    "\n"                                                                       \
    "End the accept() calls that are blocked now with OperationAborted.\n"     \
    "Returns whether there were any. Does not wait."

#define DOC_SERVER_FILENO                                                      \
    "fileno($self, /)\n"                                                       \
    "--\n"                                                                     \
    "\n"                                                                       \
    "A descriptor for event loops: it becomes readable when accept() may\n"    \
    "get further, see Pipe.fileno()."

#define DOC_SERVER_CLOSE                                                       \
    "close($self, /)\n"                                                        \
    "--\n"                                                                     \
    "\n"                                                                       \
    "Stop serving the name. Blocked accept() calls raise OperationAborted,\n"  \
    "iteration and serve() end, pipes already given out live on. Does not\n"   \
    "wait."

#define DOC_SERVER_ENTER                                                       \
    "__enter__($self, /)\n"                                                    \
    "--\n"                                                                     \
    "\n"                                                                       \
    "Return self."

#define DOC_SERVER_EXIT                                                        \
    "__exit__($self, /, *exc_info)\n"                                          \
    "--\n"                                                                     \
    "\n"                                                                       \
    "Close the server."

#define DOC_SERVER_REDUCE                                                      \
    "__reduce__($self, /)\n"                                                   \
    "--\n"                                                                     \
    "\n"                                                                       \
    "Refuse to be pickled or copied."

#define DOC_SERVER_CLOSED "Whether close() was called."

#define DOC_SERVER_PATH "The full name, such as \\\\.\\pipe\\demo."

#endif
