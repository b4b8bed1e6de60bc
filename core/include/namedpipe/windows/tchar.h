/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* The <tchar.h> of a program for Windows: _T, and where a TCHAR is a char the
 * names of the C library's functions. There is no C library for 16-bit
 * characters outside Windows, so a UNICODE build gets lstrlen and no more. */

#ifndef NAMEDPIPE_TCHAR_H
#define NAMEDPIPE_TCHAR_H

#include "windows.h"

#define _T(text) TEXT(text)
#define _TEXT(text) TEXT(text)
typedef TCHAR _TCHAR;

#ifdef _UNICODE
#define _tcslen(text) ((size_t)lstrlenW(text))
#else
#include <stdio.h>
#include <stdlib.h>

#define _tmain main
#define _tprintf printf
#define _ftprintf fprintf
#define _sntprintf snprintf
#define _tcslen strlen
#define _tcscmp strcmp
#define _tcscpy strcpy
#define _tcscat strcat
#define _tcschr strchr
#define _ttoi atoi
#endif

#endif
