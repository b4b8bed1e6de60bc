/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* Sockets inside a name's directory, whatever the length of its path. */

#ifndef NPX_SOCKET_H
#define NPX_SOCKET_H

/* A kept, non-blocking stream socket; NP_NO_SYSTEM_RESOURCES. */
int npx_socket_make(int *sock_out);

/* bind() and connect() to "<kind>.<slot>": 0, or the errno; ENAMETOOLONG where
 * /proc is missing and the plain path is too long for an address. meta_fd tells
 * the plain path. */
int npx_socket_bind(int sock, int dir_fd, int meta_fd, char kind,
                    unsigned slot);
int npx_socket_connect(int sock, int dir_fd, int meta_fd, char kind,
                       unsigned slot);

#endif
