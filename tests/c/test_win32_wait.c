/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the namedpipe authors */

/* Events, threads, and waiting for them and for pipes. */

#include <sched.h>

#include "win32_ends.h"

/* ------------------------------------------------------------------- events */

static void an_automatic_event_ends_one_wait(void)
{
    HANDLE event = CreateEventA(NULL, FALSE, TRUE, NULL);
    CHECK_EQ(GetLastError(), ERROR_SUCCESS);
    CHECK_EQ(WaitForSingleObject(event, 0), WAIT_OBJECT_0);
    CHECK_EQ(WaitForSingleObject(event, 0), WAIT_TIMEOUT);
    CHECK(SetEvent(event));
    CHECK(SetEvent(event));
    CHECK_EQ(WaitForSingleObject(event, INFINITE), WAIT_OBJECT_0);
    CHECK_EQ(WaitForSingleObject(event, 1), WAIT_TIMEOUT);
    CloseHandle(event);
}

static void a_manual_event_stays_set(void)
{
    HANDLE event = CreateEventW(NULL, TRUE, FALSE, NULL);
    CHECK_EQ(WaitForSingleObject(event, 0), WAIT_TIMEOUT);
    CHECK(SetEvent(event));
    CHECK_EQ(WaitForSingleObject(event, 0), WAIT_OBJECT_0);
    CHECK_EQ(WaitForSingleObject(event, 0), WAIT_OBJECT_0);
    CHECK(ResetEvent(event));
    CHECK_EQ(WaitForSingleObject(event, 0), WAIT_TIMEOUT);
    CloseHandle(event);
}

static void events_have_no_names(void)
{
    SetLastError(0);
    CHECK(CreateEventA(NULL, FALSE, FALSE, "Global\\demo") == NULL);
    CHECK_EQ(GetLastError(), ERROR_NOT_SUPPORTED);
    CHECK(CreateEventW(NULL, FALSE, FALSE, u"demo") == NULL);
    CHECK_EQ(GetLastError(), ERROR_NOT_SUPPORTED);
}

/* ------------------------------------------------------------------ several */

static void any_of_several_is_the_first_that_is_set(void)
{
    HANDLE events[3];
    for (int i = 0; i < 3; i++) {
        events[i] = CreateEventA(NULL, FALSE, i > 0, NULL);
    }
    CHECK_EQ(WaitForMultipleObjects(3, events, FALSE, 0), WAIT_OBJECT_0 + 1);
    CHECK_EQ(WaitForMultipleObjects(3, events, FALSE, 0), WAIT_OBJECT_0 + 2);
    CHECK_EQ(WaitForMultipleObjects(3, events, FALSE, 0), WAIT_TIMEOUT);
    for (int i = 0; i < 3; i++) {
        CloseHandle(events[i]);
    }
}

static void all_of_several_are_taken_together_or_not(void)
{
    HANDLE events[] = {CreateEventA(NULL, FALSE, TRUE, NULL),
                       CreateEventA(NULL, FALSE, FALSE, NULL)};
    CHECK_EQ(WaitForMultipleObjects(2, events, TRUE, 1), WAIT_TIMEOUT);
    CHECK_EQ(WaitForSingleObject(events[0], 0), WAIT_OBJECT_0);
    SetEvent(events[0]);
    SetEvent(events[1]);
    CHECK_EQ(WaitForMultipleObjects(2, events, TRUE, 1), WAIT_OBJECT_0);
    CHECK_EQ(WaitForSingleObject(events[0], 0), WAIT_TIMEOUT);
    CHECK_EQ(WaitForSingleObject(events[1], 0), WAIT_TIMEOUT);
    CloseHandle(events[0]);
    CloseHandle(events[1]);
}

static void waits_for_what_is_not_there_fail(void)
{
    HANDLE event = CreateEventA(NULL, TRUE, TRUE, NULL);
    HANDLE twice[] = {event, event};
    HANDLE wrong[] = {event, NULL};
    HANDLE many[MAXIMUM_WAIT_OBJECTS + 1];
    for (int i = 0; i <= MAXIMUM_WAIT_OBJECTS; i++) {
        many[i] = event;
    }
    CHECK_EQ(WaitForMultipleObjects(0, twice, FALSE, 0), WAIT_FAILED);
    CHECK_EQ(GetLastError(), ERROR_INVALID_PARAMETER);
    CHECK_EQ(WaitForMultipleObjects(2, twice, TRUE, 0), WAIT_FAILED);
    CHECK_EQ(GetLastError(), ERROR_INVALID_PARAMETER);
    CHECK_EQ(WaitForMultipleObjects(2, twice, FALSE, 0), WAIT_OBJECT_0);
    CHECK_EQ(WaitForMultipleObjects(MAXIMUM_WAIT_OBJECTS, many, FALSE, 0),
             WAIT_OBJECT_0);
    CHECK_EQ(WaitForMultipleObjects(MAXIMUM_WAIT_OBJECTS + 1, many, FALSE, 0),
             WAIT_FAILED);
    CHECK_EQ(WaitForMultipleObjects(2, wrong, FALSE, 0), WAIT_FAILED);
    CHECK_EQ(GetLastError(), ERROR_INVALID_HANDLE);
    CloseHandle(event);
    CHECK_EQ(WaitForSingleObject(event, 0), WAIT_FAILED);
    CHECK_EQ(GetLastError(), ERROR_INVALID_HANDLE);
}

/* ------------------------------------------------------------------ threads */

static DWORD WINAPI wait_for(LPVOID event)
{
    return WaitForSingleObject(event, SOON);
}

static void one_set_of_an_automatic_event_releases_one_thread(void)
{
    HANDLE event = CreateEventA(NULL, FALSE, FALSE, NULL);
    HANDLE threads[] = {begin(wait_for, event), begin(wait_for, event)};
    SetEvent(event);
    DWORD first = WaitForMultipleObjects(2, threads, FALSE, SOON);
    CHECK(first <= 1);
    HANDLE other = threads[1 - first];
    CHECK_EQ(WaitForSingleObject(other, 20), WAIT_TIMEOUT);
    SetEvent(event);
    CHECK_EQ(end(threads[first]), WAIT_OBJECT_0);
    CHECK_EQ(end(other), WAIT_OBJECT_0);
    CloseHandle(event);
}

static DWORD WINAPI wait_for_second(LPVOID events)
{
    HANDLE *both = events;
    SetEvent(both[0]);
    return WaitForSingleObject(both[1], SOON);
}

/* Waits that were there when an event was set are over. */
static void a_set_that_is_cleared_at_once_has_released(void)
{
    HANDLE events[] = {CreateEventA(NULL, FALSE, FALSE, NULL),
                       CreateEventA(NULL, TRUE, FALSE, NULL)};
    HANDLE thread = begin(wait_for_second, events);
    WaitForSingleObject(events[0], SOON);
    while (WaitForSingleObject(thread, 1) == WAIT_TIMEOUT) {
        SetEvent(events[1]); /* until it was waiting when this came */
        ResetEvent(events[1]);
    }
    CHECK_EQ(end(thread), WAIT_OBJECT_0);
    CloseHandle(events[0]);
    CloseHandle(events[1]);
}

static DWORD WINAPI leave(LPVOID code)
{
    ExitThread(*(DWORD *)code);
    return 0;
}

static DWORD WINAPI tell_id(LPVOID unused)
{
    (void)unused;
    return GetCurrentThreadId();
}

static void a_thread_is_set_when_it_has_ended(void)
{
    DWORD id = 0, code = 0, wanted = 42;
    HANDLE event = CreateEventA(NULL, FALSE, FALSE, NULL);
    HANDLE thread = begin(wait_for, event);
    CHECK_EQ(WaitForSingleObject(thread, 1), WAIT_TIMEOUT);
    CHECK(GetExitCodeThread(thread, &code));
    CHECK_EQ(code, STILL_ACTIVE);
    SetEvent(event);
    CHECK_EQ(end(thread), WAIT_OBJECT_0);
    CloseHandle(event);
    CHECK_EQ(end(begin(leave, &wanted)), 42);
    thread = CreateThread(NULL, 1 << 20, tell_id, NULL,
                          STACK_SIZE_PARAM_IS_A_RESERVATION, &id);
    CHECK_EQ(end(thread), id);
    CHECK(id != GetCurrentThreadId());
}

static void a_thread_cannot_begin_suspended(void)
{
    SetLastError(0);
    CHECK(CreateThread(NULL, 0, tell_id, NULL, CREATE_SUSPENDED, NULL) == NULL);
    CHECK_EQ(GetLastError(), ERROR_NOT_SUPPORTED);
    CHECK(CreateThread(NULL, 0, NULL, NULL, 0, NULL) == NULL);
    CHECK_EQ(GetLastError(), ERROR_INVALID_PARAMETER);
}

static DWORD WINAPI close_it(LPVOID event)
{
    return CloseHandle(event) ? 0 : GetLastError();
}

/* As on Windows the object lives as long as somebody waits for it. */
static void a_handle_may_be_closed_while_it_is_waited_for(void)
{
    HANDLE event = CreateEventA(NULL, FALSE, FALSE, NULL);
    HANDLE thread = begin(close_it, event);
    DWORD result = WaitForSingleObject(event, 20);
    CHECK(result == WAIT_TIMEOUT || result == WAIT_FAILED);
    CHECK_EQ(end(thread), 0);
}

/* -------------------------------------------------------------------- pipes */

/* C15, I8 */
static void a_pipe_is_set_when_it_has_nothing_to_do(void)
{
    char byte;
    DWORD n;
    HANDLE server = create(PIPE_ACCESS_DUPLEX, BYTES, 100);
    CHECK_EQ(WaitForSingleObject(server, 0), WAIT_OBJECT_0);
    HANDLE client = open_end(0, 0);
    CHECK_EQ(WaitForSingleObject(client, 0), WAIT_OBJECT_0);
    put(client, "x");
    CHECK(ReadFile(server, &byte, 1, &n, NULL));
    CHECK_EQ(WaitForSingleObject(server, 0), WAIT_OBJECT_0);
    CHECK(DisconnectNamedPipe(server));
    CHECK_EQ(WaitForSingleObject(server, 0), WAIT_TIMEOUT);
    CloseHandle(client);
    CloseHandle(server);
}

static void sleep_takes_its_time(void)
{
    Sleep(0);
    HANDLE never = CreateEventA(NULL, FALSE, FALSE, NULL);
    Sleep(2);
    CHECK_EQ(WaitForSingleObject(never, 2), WAIT_TIMEOUT);
    CloseHandle(never);
}

int main(void)
{
    check_dir();
    RUN(an_automatic_event_ends_one_wait);
    RUN(a_manual_event_stays_set);
    RUN(events_have_no_names);
    RUN(any_of_several_is_the_first_that_is_set);
    RUN(all_of_several_are_taken_together_or_not);
    RUN(waits_for_what_is_not_there_fail);
    RUN(one_set_of_an_automatic_event_releases_one_thread);
    RUN(a_set_that_is_cleared_at_once_has_released);
    RUN(a_thread_is_set_when_it_has_ended);
    RUN(a_thread_cannot_begin_suspended);
    RUN(a_handle_may_be_closed_while_it_is_waited_for);
    RUN(a_pipe_is_set_when_it_has_nothing_to_do);
    RUN(sleep_takes_its_time);
    return check_done();
}
