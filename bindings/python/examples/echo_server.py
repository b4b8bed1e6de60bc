# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the namedpipe authors

"""Send every message back to the client it came from. Ends with Ctrl-C.

python echo_server.py [NAME]
"""

import sys

import namedpipe


def echo(pipe: namedpipe.Pipe) -> None:
    print("connected:", pipe.peer)
    for message in pipe.messages():  # ends when the client leaves
        pipe.send(message)


name = sys.argv[1] if len(sys.argv) > 1 else "demo"
with namedpipe.listen(name, mode="message", max_instances=8) as server:
    print("serving", server.path, flush=True)
    try:
        server.serve(echo)  # a thread for each client
    except KeyboardInterrupt:
        print("bye")
