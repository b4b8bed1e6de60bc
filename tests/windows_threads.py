# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the namedpipe authors

"""Where the threads of a Windows program are: in which call of the system they
wait, if in any. Their instruction pointers tell, which means something for threads
that wait only. Nothing is stopped for it: a thread that Python, or malloc, waits
for would never go on. For x86-64."""

from __future__ import annotations

import ctypes
import functools
from ctypes import byref, c_char_p, c_int, c_uint32, c_uint64, c_void_p

# What the core waits in: WaitForMultipleObjects, and WaitNamedPipe.
WAIT = b"NtWaitForMultipleObjects"
CONTROL = b"NtFsControlFile"

# A system call in ntdll.dll takes so many bytes of code; the thread returns to
# somewhere in between.
STUB = 32

GET_CONTEXT = 0x8
SNAPSHOT_OF_THREADS = 4
INVALID_HANDLE = c_void_p(-1).value

# struct CONTEXT: its size, and where what is used here stands in it.
CONTEXT = 1232
FLAGS = 0x30
INSTRUCTION_POINTER = 0xF8
CONTROL_REGISTERS = 0x100001


class ThreadEntry(ctypes.Structure):
    _fields_ = [
        (field, c_uint32)
        for field in ("size", "usage", "thread", "pid", "base", "delta", "flags")
    ]


@functools.cache
def _kernel() -> ctypes.WinDLL:
    kernel = ctypes.WinDLL("kernel32")
    for name in ("OpenThread", "CreateToolhelp32Snapshot", "GetProcAddress"):
        getattr(kernel, name).restype = c_void_p
    kernel.GetProcAddress.argtypes = [c_void_p, c_char_p]
    kernel.OpenThread.argtypes = [c_uint32, c_int, c_uint32]
    kernel.CreateToolhelp32Snapshot.argtypes = [c_uint32, c_uint32]
    kernel.CloseHandle.argtypes = [c_void_p]
    for name in ("GetThreadContext", "Thread32First", "Thread32Next"):
        getattr(kernel, name).argtypes = [c_void_p, c_void_p]
    return kernel


@functools.cache
def _address(function: bytes) -> int:
    """It is the same in all processes."""
    ntdll = ctypes.WinDLL("ntdll")
    return _kernel().GetProcAddress(ntdll._handle, function)


def of_process(pid: int) -> list[int]:
    """The threads of a process."""
    found = []
    kernel = _kernel()
    entry = ThreadEntry(ctypes.sizeof(ThreadEntry))
    snapshot = kernel.CreateToolhelp32Snapshot(SNAPSHOT_OF_THREADS, 0)
    assert snapshot != INVALID_HANDLE
    more = kernel.Thread32First(snapshot, byref(entry))
    while more:
        if entry.pid == pid:
            found.append(entry.thread)
        more = kernel.Thread32Next(snapshot, byref(entry))
    kernel.CloseHandle(snapshot)
    return found


def _instruction_pointer(thread: int) -> int:
    """0 if it has ended."""
    kernel = _kernel()
    memory = ctypes.create_string_buffer(CONTEXT + 16)
    context = c_void_p((ctypes.addressof(memory) + 15) & ~15)
    flags = c_uint32.from_address(context.value + FLAGS)
    pointer = c_uint64.from_address(context.value + INSTRUCTION_POINTER)
    flags.value = CONTROL_REGISTERS
    handle = c_void_p(kernel.OpenThread(GET_CONTEXT, 0, thread))
    if not handle:
        return 0
    kernel.GetThreadContext(handle, context)
    kernel.CloseHandle(handle)
    return pointer.value


def is_in(thread: int, function: bytes) -> bool:
    return 0 <= _instruction_pointer(thread) - _address(function) < STUB
