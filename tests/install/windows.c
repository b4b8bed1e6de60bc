/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* A program for Windows in somebody else's project. */

#include <tchar.h>
#include <windows.h>

int _tmain(void)
{
    BOOL there = WaitNamedPipe(_T("\\\\.\\pipe\\no such pipe"), 1);
    return !there && GetLastError() == ERROR_FILE_NOT_FOUND ? 0 : 1;
}
