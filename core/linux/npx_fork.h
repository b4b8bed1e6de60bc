/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* Keeping fork() harmless, and the descriptors of this library in one place.
 *
 * A child of fork() inherits every descriptor; connections, slot locks and
 * listeners would live on in it unnoticed. So every descriptor the library
 * makes is noted here in the same critical section that makes it, and the child
 * closes them all before fork() returns in it. It only closes: shutdown(),
 * unlink() and unlocking would reach the parent's objects. Then the generation
 * changes, and all handles answer NP_INVALID_HANDLE.
 *
 * Use:
 *     npx_fork_hold();
 *     fd = npx_fd_keep(socket(...));      never a call that may block
 *     npx_fork_release();
 */

#ifndef NPX_FORK_H
#define NPX_FORK_H

/* No fork() happens between these two. Not recursive; do not block inside. */
void npx_fork_hold(void);
void npx_fork_release(void);

/* Note a descriptor that has just been made; it must have CLOEXEC. Moves it
 * above standard error if it is 0, 1 or 2. Returns it, or -1 with errno set
 * (also for fd == -1, errno unchanged), having closed it. */
int npx_fd_keep(int fd);

/* Another one of the same file, kept; or -1. Takes the hold itself. */
int npx_fd_copy(int fd);

/* Close a kept descriptor; -1 is accepted. Takes the hold itself. errno is
 * preserved. */
void npx_fd_close(int fd);
/* The same where the hold is already taken. */
void npx_fd_close_held(int fd);

#endif
