/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* Named pipes in the Win32 spelling.
 *
 * A program that was written for Windows and keeps to the calls below compiles
 * unedited: on Windows this file is <windows.h>; elsewhere link namedpipe_win32
 * and put include/namedpipe/windows on the include path, so that the program
 * finds its <windows.h> (and <tchar.h>) there.
 *
 * What each call does is what Microsoft documents for it, with these limits
 * outside Windows:
 *   - A DWORD has 32 bits, a WCHAR 16 (it is char16_t): TEXT("x") is u"x" in a
 *     UNICODE build. L"x" is another type unless the compiler is told
 *     -fshort-wchar. The A functions take UTF-8.
 *   - CreateFile opens pipes only; anything else is ERROR_NOT_SUPPORTED.
 *   - Security descriptors, inheritable handles, named events and suspended
 *     threads are ERROR_NOT_SUPPORTED, not ignored. What a security descriptor
 *     would say is decided by namedpipe: a pipe is its user's.
 *   - Handles belong to the process that made them, also after fork().
 *   - A handle made without FILE_FLAG_OVERLAPPED does not serialise its calls:
 *     one thread may write while another waits in ReadFile.
 *   - An overlapped operation outlives the thread that began it. There are no
 *     completion ports and no completion routines.
 *   - A thread that calls these functions leaves np_set_interrupt to them: a
 *     signal ends none of them, as there are no signals on Windows.
 * A call of this table that is not here does not compile; that is meant. */

#ifndef NAMEDPIPE_WIN32_H
#define NAMEDPIPE_WIN32_H

#ifdef _WIN32
#include <windows.h>
#else

#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <uchar.h>

#ifdef __cplusplus
extern "C" {
#endif

/* -------------------------------------------------------------------- types */

#define VOID void
#define WINAPI
#define CALLBACK
#define APIENTRY

typedef int BOOL, *PBOOL, *LPBOOL;
typedef unsigned char BYTE, *PBYTE, *LPBYTE, UCHAR;
typedef uint16_t WORD, *PWORD, *LPWORD, USHORT;
typedef uint32_t DWORD, *PDWORD, *LPDWORD, ULONG, *PULONG;
typedef int INT;
typedef unsigned int UINT;
typedef int32_t LONG, *PLONG;
typedef int64_t LONGLONG;
typedef uint64_t ULONGLONG, DWORD64;
typedef uintptr_t ULONG_PTR, UINT_PTR, DWORD_PTR;
typedef intptr_t LONG_PTR, INT_PTR;
typedef size_t SIZE_T;
typedef void *PVOID, *LPVOID;
typedef const void *LPCVOID;
typedef PVOID HANDLE, *PHANDLE, *LPHANDLE;
typedef char CHAR, *PSTR, *LPSTR;
typedef const char *PCSTR, *LPCSTR;
typedef char16_t WCHAR, *PWSTR, *LPWSTR;
typedef const WCHAR *PCWSTR, *LPCWSTR;

#ifdef UNICODE
typedef WCHAR TCHAR, *PTSTR, *LPTSTR;
typedef LPCWSTR PCTSTR, LPCTSTR;
#define NPW_TEXT(text) u##text
#else
typedef CHAR TCHAR, *PTSTR, *LPTSTR;
typedef LPCSTR PCTSTR, LPCTSTR;
#define NPW_TEXT(text) text
#endif
#define TEXT(text) NPW_TEXT(text)

#ifndef TRUE
#define TRUE 1
#define FALSE 0
#endif

#define INVALID_HANDLE_VALUE ((HANDLE)(LONG_PTR)-1)
#define INFINITE 0xFFFFFFFFu

#define ZeroMemory(to, n) ((void)memset((to), 0, (n)))
#define CopyMemory(to, from, n) ((void)memcpy((to), (from), (n)))

typedef struct _SECURITY_ATTRIBUTES {
    DWORD nLength;
    LPVOID lpSecurityDescriptor; /* NULL */
    BOOL bInheritHandle;         /* FALSE */
} SECURITY_ATTRIBUTES, *PSECURITY_ATTRIBUTES, *LPSECURITY_ATTRIBUTES;

/* Belongs to the operation from the call that begins it until it is completed;
 * of its fields only hEvent is for the program. */
typedef struct _OVERLAPPED {
    ULONG_PTR Internal;     /* an NTSTATUS, STATUS_PENDING while it waits */
    ULONG_PTR InternalHigh; /* bytes moved */
    union {
        struct {
            DWORD Offset;
            DWORD OffsetHigh;
        };
        PVOID Pointer;
    };
    HANDLE hEvent; /* set when it completes; NULL: the pipe's handle is */
} OVERLAPPED, *LPOVERLAPPED;

typedef DWORD(WINAPI *LPTHREAD_START_ROUTINE)(LPVOID);

/* ---------------------------------------------------------------- constants */

/* Access to a file; with a pipe also FILE_WRITE_ATTRIBUTES, which lets a client
 * that only reads call SetNamedPipeHandleState. */
#define GENERIC_READ 0x80000000u
#define GENERIC_WRITE 0x40000000u
#define GENERIC_EXECUTE 0x20000000u
#define GENERIC_ALL 0x10000000u
#define FILE_READ_DATA 0x0001u
#define FILE_WRITE_DATA 0x0002u
#define FILE_CREATE_PIPE_INSTANCE 0x0004u
#define FILE_READ_ATTRIBUTES 0x0080u
#define FILE_WRITE_ATTRIBUTES 0x0100u
#define READ_CONTROL 0x00020000u
#define WRITE_DAC 0x00040000u
#define WRITE_OWNER 0x00080000u
#define SYNCHRONIZE 0x00100000u

/* Without effect on a pipe. */
#define FILE_SHARE_READ 0x1u
#define FILE_SHARE_WRITE 0x2u
#define FILE_SHARE_DELETE 0x4u

#define CREATE_NEW 1
#define CREATE_ALWAYS 2
#define OPEN_EXISTING 3
#define OPEN_ALWAYS 4
#define TRUNCATE_EXISTING 5

#define FILE_ATTRIBUTE_NORMAL 0x00000080u
#define FILE_FLAG_WRITE_THROUGH 0x80000000u
#define FILE_FLAG_OVERLAPPED 0x40000000u
#define FILE_FLAG_NO_BUFFERING 0x20000000u
#define FILE_FLAG_FIRST_PIPE_INSTANCE 0x00080000u

/* Accepted; there is no impersonation. */
#define SECURITY_ANONYMOUS 0x00000000u
#define SECURITY_IDENTIFICATION 0x00010000u
#define SECURITY_IMPERSONATION 0x00020000u
#define SECURITY_DELEGATION 0x00030000u
#define SECURITY_CONTEXT_TRACKING 0x00040000u
#define SECURITY_EFFECTIVE_ONLY 0x00080000u
#define SECURITY_SQOS_PRESENT 0x00100000u
#define SECURITY_VALID_SQOS_FLAGS 0x001F0000u

#define PIPE_ACCESS_INBOUND 0x1u
#define PIPE_ACCESS_OUTBOUND 0x2u
#define PIPE_ACCESS_DUPLEX 0x3u

#define PIPE_WAIT 0x0u
#define PIPE_NOWAIT 0x1u
#define PIPE_READMODE_BYTE 0x0u
#define PIPE_READMODE_MESSAGE 0x2u
#define PIPE_TYPE_BYTE 0x0u
#define PIPE_TYPE_MESSAGE 0x4u
#define PIPE_ACCEPT_REMOTE_CLIENTS 0x0u
#define PIPE_REJECT_REMOTE_CLIENTS 0x8u
#define PIPE_CLIENT_END 0x0u
#define PIPE_SERVER_END 0x1u
#define PIPE_UNLIMITED_INSTANCES 255

#define NMPWAIT_USE_DEFAULT_WAIT 0x00000000u
#define NMPWAIT_NOWAIT 0x00000001u
#define NMPWAIT_WAIT_FOREVER 0xFFFFFFFFu

#define FILE_TYPE_UNKNOWN 0x0u
#define FILE_TYPE_PIPE 0x3u

#define STATUS_WAIT_0 0x00000000u
#define STATUS_PENDING 0x00000103u
#define STILL_ACTIVE STATUS_PENDING
#define WAIT_OBJECT_0 STATUS_WAIT_0
#define WAIT_TIMEOUT 258u
#define WAIT_FAILED 0xFFFFFFFFu
#define MAXIMUM_WAIT_OBJECTS 64

#define STACK_SIZE_PARAM_IS_A_RESERVATION 0x00010000u
#define CREATE_SUSPENDED 0x00000004u

#define CP_ACP 0u
#define CP_UTF8 65001u
#define MB_PRECOMPOSED 0x1u
#define MB_ERR_INVALID_CHARS 0x8u
#define WC_ERR_INVALID_CHARS 0x80u

/* The numbers stand in <namedpipe/names.h> as well; the library does not
 * compile where the two differ. */
#define NO_ERROR 0
#define ERROR_SUCCESS 0
#define ERROR_INVALID_FUNCTION 1
#define ERROR_FILE_NOT_FOUND 2
#define ERROR_PATH_NOT_FOUND 3
#define ERROR_ACCESS_DENIED 5
#define ERROR_INVALID_HANDLE 6
#define ERROR_NOT_ENOUGH_MEMORY 8
#define ERROR_NOT_SUPPORTED 50
#define ERROR_INVALID_PARAMETER 87
#define ERROR_BROKEN_PIPE 109
#define ERROR_SEM_TIMEOUT 121
#define ERROR_INSUFFICIENT_BUFFER 122
#define ERROR_INVALID_NAME 123
#define ERROR_BAD_PATHNAME 161
#define ERROR_ALREADY_EXISTS 183
#define ERROR_PIPE_LOCAL 229
#define ERROR_BAD_PIPE 230
#define ERROR_PIPE_BUSY 231
#define ERROR_NO_DATA 232
#define ERROR_PIPE_NOT_CONNECTED 233
#define ERROR_MORE_DATA 234
#define ERROR_PIPE_CONNECTED 535
#define ERROR_PIPE_LISTENING 536
#define ERROR_OPERATION_ABORTED 995
#define ERROR_IO_INCOMPLETE 996
#define ERROR_IO_PENDING 997
#define ERROR_NOACCESS 998
#define ERROR_NO_UNICODE_TRANSLATION 1113
#define ERROR_NOT_FOUND 1168
#define ERROR_REVISION_MISMATCH 1306
#define ERROR_CANNOT_IMPERSONATE 1368
#define ERROR_NO_SYSTEM_RESOURCES 1450

/* -------------------------------------------------------------------- pipes */

HANDLE WINAPI CreateNamedPipeA(LPCSTR name, DWORD open_mode, DWORD pipe_mode,
                               DWORD max_instances, DWORD out_size,
                               DWORD in_size, DWORD default_timeout,
                               LPSECURITY_ATTRIBUTES attributes);
HANDLE WINAPI CreateNamedPipeW(LPCWSTR name, DWORD open_mode, DWORD pipe_mode,
                               DWORD max_instances, DWORD out_size,
                               DWORD in_size, DWORD default_timeout,
                               LPSECURITY_ATTRIBUTES attributes);
BOOL WINAPI ConnectNamedPipe(HANDLE pipe, LPOVERLAPPED overlapped);
BOOL WINAPI DisconnectNamedPipe(HANDLE pipe);

HANDLE WINAPI CreateFileA(LPCSTR name, DWORD access, DWORD share,
                          LPSECURITY_ATTRIBUTES attributes, DWORD disposition,
                          DWORD flags, HANDLE template_file);
HANDLE WINAPI CreateFileW(LPCWSTR name, DWORD access, DWORD share,
                          LPSECURITY_ATTRIBUTES attributes, DWORD disposition,
                          DWORD flags, HANDLE template_file);
BOOL WINAPI WaitNamedPipeA(LPCSTR name, DWORD timeout);
BOOL WINAPI WaitNamedPipeW(LPCWSTR name, DWORD timeout);
BOOL WINAPI CallNamedPipeA(LPCSTR name, LPVOID in, DWORD in_size, LPVOID out,
                           DWORD out_size, LPDWORD read, DWORD timeout);
BOOL WINAPI CallNamedPipeW(LPCWSTR name, LPVOID in, DWORD in_size, LPVOID out,
                           DWORD out_size, LPDWORD read, DWORD timeout);

BOOL WINAPI ReadFile(HANDLE pipe, LPVOID buffer, DWORD size, LPDWORD read,
                     LPOVERLAPPED overlapped);
BOOL WINAPI WriteFile(HANDLE pipe, LPCVOID buffer, DWORD size, LPDWORD written,
                      LPOVERLAPPED overlapped);
BOOL WINAPI TransactNamedPipe(HANDLE pipe, LPVOID in, DWORD in_size, LPVOID out,
                              DWORD out_size, LPDWORD read,
                              LPOVERLAPPED overlapped);
BOOL WINAPI PeekNamedPipe(HANDLE pipe, LPVOID buffer, DWORD size, LPDWORD read,
                          LPDWORD available, LPDWORD left);
BOOL WINAPI FlushFileBuffers(HANDLE pipe);

/* The last two of each pair are for remote pipes: NULL. The user's name is the
 * client's, for a server that has read from it. */
BOOL WINAPI GetNamedPipeHandleStateA(HANDLE pipe, LPDWORD state,
                                     LPDWORD instances, LPDWORD max_collection,
                                     LPDWORD collect_timeout, LPSTR user,
                                     DWORD user_size);
BOOL WINAPI GetNamedPipeHandleStateW(HANDLE pipe, LPDWORD state,
                                     LPDWORD instances, LPDWORD max_collection,
                                     LPDWORD collect_timeout, LPWSTR user,
                                     DWORD user_size);
BOOL WINAPI SetNamedPipeHandleState(HANDLE pipe, LPDWORD mode,
                                    LPDWORD max_collection,
                                    LPDWORD collect_timeout);
BOOL WINAPI GetNamedPipeInfo(HANDLE pipe, LPDWORD flags, LPDWORD out_size,
                             LPDWORD in_size, LPDWORD max_instances);
BOOL WINAPI GetNamedPipeClientProcessId(HANDLE pipe, PULONG id);
BOOL WINAPI GetNamedPipeServerProcessId(HANDLE pipe, PULONG id);
/* Clients are local: always ERROR_PIPE_LOCAL. */
BOOL WINAPI GetNamedPipeClientComputerNameA(HANDLE pipe, LPSTR name,
                                            ULONG size);
BOOL WINAPI GetNamedPipeClientComputerNameW(HANDLE pipe, LPWSTR name,
                                            ULONG size);
DWORD WINAPI GetFileType(HANDLE file);

/* ---------------------------------------------------------- handles, errors */

/* Pending operations of a pipe end with ERROR_BROKEN_PIPE. */
BOOL WINAPI CloseHandle(HANDLE handle);
DWORD WINAPI GetLastError(void);
VOID WINAPI SetLastError(DWORD code);

/* ---------------------------------------------------- overlapped operations */

BOOL WINAPI GetOverlappedResult(HANDLE pipe, LPOVERLAPPED overlapped,
                                LPDWORD moved, BOOL wait);
BOOL WINAPI GetOverlappedResultEx(HANDLE pipe, LPOVERLAPPED overlapped,
                                  LPDWORD moved, DWORD ms, BOOL alertable);
BOOL WINAPI CancelIo(HANDLE pipe);
BOOL WINAPI CancelIoEx(HANDLE pipe, LPOVERLAPPED overlapped);
/* What the macro on Windows reads is written by another thread here. */
BOOL WINAPI npw_has_completed(const OVERLAPPED *overlapped);
#define HasOverlappedIoCompleted(overlapped) npw_has_completed(overlapped)

/* ------------------------------------------------- events, threads, waiting */

HANDLE WINAPI CreateEventA(LPSECURITY_ATTRIBUTES attributes, BOOL manual_reset,
                           BOOL set, LPCSTR name);
HANDLE WINAPI CreateEventW(LPSECURITY_ATTRIBUTES attributes, BOOL manual_reset,
                           BOOL set, LPCWSTR name);
BOOL WINAPI SetEvent(HANDLE event);
BOOL WINAPI ResetEvent(HANDLE event);

HANDLE WINAPI CreateThread(LPSECURITY_ATTRIBUTES attributes, SIZE_T stack,
                           LPTHREAD_START_ROUTINE start, LPVOID argument,
                           DWORD flags, LPDWORD id);
VOID WINAPI ExitThread(DWORD code);
BOOL WINAPI GetExitCodeThread(HANDLE thread, LPDWORD code);
DWORD WINAPI GetCurrentThreadId(void);
DWORD WINAPI GetCurrentProcessId(void);
VOID WINAPI Sleep(DWORD ms);

/* On events, threads and pipes. */
DWORD WINAPI WaitForSingleObject(HANDLE handle, DWORD ms);
DWORD WINAPI WaitForMultipleObjects(DWORD count, const HANDLE *handles,
                                    BOOL all, DWORD ms);

/* --------------------------------------------------------------------- text */

/* CP_ACP is UTF-8. */
int WINAPI MultiByteToWideChar(UINT code_page, DWORD flags, LPCSTR text,
                               int length, LPWSTR wide, int size);
int WINAPI WideCharToMultiByte(UINT code_page, DWORD flags, LPCWSTR wide,
                               int length, LPSTR text, int size,
                               LPCSTR fallback, LPBOOL used_fallback);
int WINAPI lstrlenA(LPCSTR text);
int WINAPI lstrlenW(LPCWSTR text);

#ifdef UNICODE
#define CallNamedPipe CallNamedPipeW
#define CreateEvent CreateEventW
#define CreateFile CreateFileW
#define CreateNamedPipe CreateNamedPipeW
#define GetNamedPipeClientComputerName GetNamedPipeClientComputerNameW
#define GetNamedPipeHandleState GetNamedPipeHandleStateW
#define WaitNamedPipe WaitNamedPipeW
#define lstrlen lstrlenW
#else
#define CallNamedPipe CallNamedPipeA
#define CreateEvent CreateEventA
#define CreateFile CreateFileA
#define CreateNamedPipe CreateNamedPipeA
#define GetNamedPipeClientComputerName GetNamedPipeClientComputerNameA
#define GetNamedPipeHandleState GetNamedPipeHandleStateA
#define WaitNamedPipe WaitNamedPipeA
#define lstrlen lstrlenA
#endif

#ifdef __cplusplus
}
#endif

#endif
#endif
