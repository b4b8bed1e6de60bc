# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the namedpipe authors

"""namedpipe.compat: handles, events, waiting, errors, and what is refused."""

import gc
import threading

import pytest

from conftest import Call, poll_until
from namedpipe.compat import (
    _handles,
    pywintypes,
    win32api,
    win32con,
    win32event,
    win32file,
    win32pipe,
    winerror,
)
from win32_ends import SOON, create, fails, is_set, open_client, path

# --------------------------------------------------------------------- handles


def test_a_handle_is_a_number_that_closes(name):
    pipe = create(name)
    assert isinstance(pipe, pywintypes.HANDLEType)
    assert int(pipe) == pipe.handle > 0
    assert pipe
    assert pipe == int(pipe)
    assert int(pipe) == pipe
    assert pipe is not None
    assert hash(pipe) == hash(int(pipe))
    assert repr(pipe) == str(pipe) == f"<PyHANDLE:{int(pipe)}>"
    pipe.Close()
    assert not pipe
    assert int(pipe) == 0
    pipe.Close()
    pipe.close()
    win32file.CloseHandle(pipe)


def test_a_handle_closes_when_it_is_collected(name):
    """X1: the name goes with its last handle."""
    pipe = create(name)
    client = open_client(name)
    del pipe
    gc.collect()
    with fails(winerror.ERROR_FILE_NOT_FOUND, "CreateFile"):
        open_client(name)
    with fails(winerror.ERROR_BROKEN_PIPE, "ReadFile"):
        win32file.ReadFile(client, 1)


def test_a_handle_closes_at_the_end_of_a_block(name):
    with create(name) as pipe:
        assert win32file.GetFileType(pipe) == win32file.FILE_TYPE_PIPE
    assert not pipe
    with fails(winerror.ERROR_FILE_NOT_FOUND, "WaitNamedPipe"):
        win32pipe.WaitNamedPipe(path(name), 0)


def test_a_number_is_as_good_as_a_handle(name):
    """Detach leaves the number to its caller."""
    number = create(name).Detach()
    gc.collect()
    assert isinstance(number, int)
    client = open_client(name)
    win32file.WriteFile(int(client), b"x")
    assert win32file.ReadFile(number, 10) == (0, b"x")
    win32api.CloseHandle(number)
    with fails(winerror.ERROR_INVALID_HANDLE, "CloseHandle"):
        win32api.CloseHandle(number)
    with fails(winerror.ERROR_INVALID_HANDLE, "ReadFile"):
        win32file.ReadFile(number, 10)


def test_a_handle_closed_behind_its_objects_back():
    event = win32event.CreateEvent(None, 0, 0, None)
    win32api.CloseHandle(int(event))
    with fails(winerror.ERROR_INVALID_HANDLE, "CloseHandle"):
        event.Close()
    event.Close()
    event = win32event.CreateEvent(None, 0, 0, None)
    win32api.CloseHandle(int(event))
    del event
    gc.collect()


def test_handles_of_another_kind(name):
    pipe = create(name)
    event = win32event.CreateEvent(None, 0, 0, None)
    with fails(winerror.ERROR_INVALID_HANDLE, "ReadFile"):
        win32file.ReadFile(event, 1)
    with fails(winerror.ERROR_INVALID_HANDLE, "SetEvent"):
        win32event.SetEvent(pipe)
    with fails(winerror.ERROR_INVALID_HANDLE, "FlushFileBuffers"):
        win32file.FlushFileBuffers(None)
    with fails(winerror.ERROR_INVALID_HANDLE, "WaitForSingleObject"):
        win32event.WaitForSingleObject(win32file.INVALID_HANDLE_VALUE, 0)
    with pytest.raises(TypeError):
        win32file.ReadFile("pipe", 1)


def test_handles_can_be_made_of_numbers():
    assert pywintypes.HANDLE(1) == pywintypes.HANDLE(pywintypes.HANDLE(1)) == 1
    assert pywintypes.HANDLE(1) != 2
    assert pywintypes.HANDLE(1) is not None
    assert {"a": pywintypes.HANDLE(1)}["a"] == 1
    assert not pywintypes.HANDLE(0)
    assert not pywintypes.HANDLE()
    for wrong in ("foo", ()):
        with pytest.raises(TypeError):
            pywintypes.HANDLE(wrong)


# ---------------------------------------------------------------------- events


def test_a_manual_event_stays_set():
    event = win32event.CreateEvent(None, True, False, None)
    assert not is_set(event)
    win32event.SetEvent(event)
    assert is_set(event)
    assert is_set(event)
    win32event.ResetEvent(event)
    assert not is_set(event)


def test_a_wait_resets_an_automatic_event():
    event = win32event.CreateEvent(None, False, True, None)
    assert is_set(event)
    assert not is_set(event)
    win32event.SetEvent(event)
    win32event.SetEvent(event)
    assert is_set(event)
    assert not is_set(event)


def test_an_automatic_event_releases_one_thread():
    event = win32event.CreateEvent(None, False, False, None)
    waits = [Call(win32event.WaitForSingleObject, event, SOON) for _ in range(2)]
    win32event.SetEvent(event)
    waits[0].join(0.01)
    while all(wait.is_alive() for wait in waits):
        waits[0].join(0.01)
        waits[1].join(0.01)
    assert sum(wait.is_alive() for wait in waits) == 1
    win32event.SetEvent(event)
    assert [wait.result() for wait in waits] == [0, 0]


def test_a_wait_does_not_miss_an_event_that_is_reset_at_once():
    for manual in (True, False):
        event = win32event.CreateEvent(None, manual, False, None)
        wait = Call(win32event.WaitForSingleObject, event, SOON)
        assert poll_until(lambda: _handles._waits)
        win32event.SetEvent(event)
        win32event.ResetEvent(event)
        assert wait.result() == win32event.WAIT_OBJECT_0
        assert not is_set(event)


def test_a_wait_has_an_end():
    event = win32event.CreateEvent(None, True, False, None)
    assert win32event.WaitForSingleObject(event, 10) == win32event.WAIT_TIMEOUT
    assert win32event.WaitForMultipleObjects([event] * 2, 0, 10) == 258
    assert win32event.WaitForSingleObjectEx(event, 0, True) == win32event.WAIT_TIMEOUT


def test_a_wait_without_an_end():
    event = win32event.CreateEvent(None, True, False, None)
    wait = Call(win32event.WaitForSingleObject, event, win32event.INFINITE)
    win32event.SetEvent(event)
    assert wait.result() == win32event.WAIT_OBJECT_0


def test_the_first_of_several_events_that_are_set():
    events = [win32event.CreateEvent(None, False, False, None) for _ in range(3)]
    win32event.SetEvent(events[2])
    win32event.SetEvent(events[1])
    assert win32event.WaitForMultipleObjects(tuple(events), False, SOON) == 1
    assert win32event.WaitForMultipleObjects(events, False, SOON) == 2
    assert win32event.WaitForMultipleObjects(events, False, 0) == 258


def test_waiting_for_all_takes_all_or_nothing():
    events = [win32event.CreateEvent(None, False, False, None) for _ in range(2)]
    win32event.SetEvent(events[0])
    assert win32event.WaitForMultipleObjects(events, True, 10) == 258
    wait = Call(win32event.WaitForMultipleObjectsEx, events, True, SOON, False)
    win32event.SetEvent(events[1])
    assert wait.result() == win32event.WAIT_OBJECT_0
    assert not is_set(events[0])
    assert not is_set(events[1])


def test_how_many_handles_can_be_waited_for():
    event = win32event.CreateEvent(None, True, True, None)
    most = win32event.MAXIMUM_WAIT_OBJECTS
    assert win32event.WaitForMultipleObjects([event] * most, True, 0) == 0
    for count in (0, most + 1):
        with fails(winerror.ERROR_INVALID_PARAMETER, "WaitForMultipleObjects"):
            win32event.WaitForMultipleObjects([event] * count, False, 0)


# ---------------------------------------------------------------------- errors


def test_the_error_has_three_parts():
    assert pywintypes.error.__bases__ == (Exception,)
    assert win32pipe.error is win32file.error is win32api.error is pywintypes.error
    problem = pywintypes.error(2, "CreateFile", "no such pipe")
    assert (problem.winerror, problem.funcname) == (2, "CreateFile")
    assert problem.strerror == "no such pipe"
    assert problem.args[0] == problem.winerror
    assert str(problem) == "(2, 'CreateFile', 'no such pipe')"
    assert pywintypes.error().winerror is None
    assert pywintypes.error("foo").winerror == "foo"
    assert pywintypes.error("foo").strerror is None
    assert len(pywintypes.error(1, 2, 3, 4).args) == 4


def test_the_last_error_is_each_threads_own(name):
    with fails(winerror.ERROR_FILE_NOT_FOUND, "WaitNamedPipe"):
        win32pipe.WaitNamedPipe(path(name), 0)
    assert win32api.GetLastError() == winerror.ERROR_FILE_NOT_FOUND
    assert Call(win32api.GetLastError).result() == 0
    win32api.SetLastError(0)
    assert win32api.GetLastError() == 0


def test_a_handle_closed_by_another_thread_during_a_call(name):
    """I6: closing ends what is blocked there."""
    pipe = create(name)
    client = open_client(name)
    read = Call(win32file.ReadFile, int(pipe), 1).blocked()
    pipe.Close()
    with fails(winerror.ERROR_OPERATION_ABORTED, "ReadFile"):
        read.result()
    client.Close()


# ---------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    ("module", "missing"),
    [
        (win32file, "CreateIoCompletionPort"),
        (win32pipe, "FdCreatePipe"),
        (win32event, "CreateMutex"),
        (win32api, "GetProcAddress"),
        (win32con, "WM_QUIT"),
        (winerror, "E_FAIL"),
        (pywintypes, "ACL"),
    ],
)
def test_what_there_is_not_is_named(module, missing):
    short = module.__name__.rpartition(".")[2]
    with pytest.raises(AttributeError, match=rf"has no {short}\.{missing}"):
        getattr(module, missing)


def test_named_events_are_refused():
    with fails(winerror.ERROR_NOT_SUPPORTED, "CreateEvent"):
        win32event.CreateEvent(None, 0, 0, "Global\\stop")


def test_security_that_changes_nothing_is_accepted(name):
    """A null list does not open the pipe to others, either."""
    attributes = pywintypes.SECURITY_ATTRIBUTES()
    attributes.Initialize()
    attributes.SetSecurityDescriptorDacl(1, None, 0)
    descriptor = pywintypes.SECURITY_DESCRIPTOR()
    descriptor.SetSecurityDescriptorDacl(0, None, 0)
    for descriptor_or_none in (attributes.SECURITY_DESCRIPTOR, descriptor, None):
        attributes.SECURITY_DESCRIPTOR = descriptor_or_none
        win32pipe.CreateNamedPipe(path(name), 3, 0, 1, 0, 0, 0, attributes).Close()
    assert descriptor.IsValid()
    win32event.CreateEvent(attributes, 0, 0, None).Close()


def test_security_that_would_change_something_is_refused(name):
    attributes = pywintypes.SECURITY_ATTRIBUTES()
    with fails(winerror.ERROR_NOT_SUPPORTED, "SetSecurityDescriptorDacl"):
        attributes.SetSecurityDescriptorDacl(1, object(), 0)
    for verb in ("Owner", "Group", "Sacl"):
        function = f"SetSecurityDescriptor{verb}"
        with fails(winerror.ERROR_NOT_SUPPORTED, function):
            getattr(attributes, function)(object(), False)
    attributes.bInheritHandle = True
    with fails(winerror.ERROR_NOT_SUPPORTED, "CreateNamedPipe"):
        win32pipe.CreateNamedPipe(path(name), 3, 0, 1, 0, 0, 0, attributes)
    with fails(winerror.ERROR_NOT_SUPPORTED, "CreateEvent"):
        win32event.CreateEvent(attributes, 0, 0, None)
    with fails(winerror.ERROR_NOT_SUPPORTED, "CreatePipe"):
        win32pipe.CreatePipe(attributes, 0)
    attributes = pywintypes.SECURITY_ATTRIBUTES()
    attributes.SECURITY_DESCRIPTOR = object()
    with fails(winerror.ERROR_NOT_SUPPORTED, "CreateNamedPipe"):
        win32pipe.CreateNamedPipe(path(name), 3, 0, 1, 0, 0, 0, attributes)
    with pytest.raises(TypeError):
        win32pipe.CreateNamedPipe(path(name), 3, 0, 1, 0, 0, 0, object())


# ------------------------------------------------------------------------ others


def test_who_we_are():
    assert win32api.GetCurrentProcessId() > 0
    assert win32api.GetCurrentThreadId() == threading.get_native_id()
    assert win32api.Sleep(1) == 0


def test_an_overlapped_compares_by_contents():
    one, other = pywintypes.OVERLAPPED(), pywintypes.OVERLAPPED()
    assert one == other
    assert {one: 1}[one] == 1
    assert one != 1
    other.hEvent = 1
    assert one != other
    other.hEvent = pywintypes.HANDLE(0)
    assert one == other
    assert win32file.OVERLAPPED is pywintypes.OVERLAPPED is pywintypes.OVERLAPPEDType
    assert isinstance(one, pywintypes.OVERLAPPEDType)
