/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* What a program for Windows finds as <windows.h> when this directory is on the
 * include path: named pipes and what belongs to them, nothing else. */

#include "../win32.h"
